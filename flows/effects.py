"""What a walk asks for: said as data, done by others. Nothing here acts."""

from dataclasses import dataclass
from typing import Literal

from flows.tree import Ask as AskFor
from flows.tree import Body, Deadline, Disposition, Flag, Phase, Record, Role, SignalKind, StepKind


@dataclass(frozen=True, slots=True)
class Todo:
    """One line of the checklist. ``id`` is stable within a case; ``outcome`` and ``word`` find its words.

    ``replies``: ids of the reply templates it carries. ``by``: who does it; only ``moderator`` lines are the moderator's own.
    ``to_publisher``: in a crisis, in the place of every answer: pass it on to who may speak.
    """

    id: str
    word: str
    outcome: str
    kind: StepKind
    phase: Phase
    by: Role = "moderator"
    body: Body | None = None
    role: Role | None = None
    replies: tuple[str, ...] = ()
    after: Deadline | None = None
    optional: bool = False
    instead_of_hide: bool = False
    to_publisher: bool = False


# What is done with a comment, as whoever decides names it.
Measure = Literal["leave", "answer", "hide", "delete", "block", "close_comments", "report"]


@dataclass(frozen=True, slots=True)
class Ask:
    """Put this question. ``choices`` are the ids offered in this situation, in order."""

    question: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advise:
    """The walk (or all walks of the case together) ended: what to do, whom to tell, by when, what to keep.

    ``threads``: those of ``tells`` who hear of it in a thread now; the others read it in the digest.
    """

    outcomes: tuple[str, ...]
    disposition: Disposition
    steps: tuple[Todo, ...]
    tells: tuple[Role, ...]
    threads: tuple[Role, ...]
    deadline: Deadline | None
    records: tuple[Record, ...]
    asks: tuple[AskFor, ...]
    flags: tuple[Flag, ...]
    signals: tuple[SignalKind, ...]
    strike: Literal["never", "waivable", "always"]
    image: Literal["keep", "mask", "drop"]
    house_rule: str | None
    criminal: bool
    closes_itself: bool
    decides: bool


@dataclass(frozen=True, slots=True)
class Escalate:
    """Open a thread with whoever holds ``role``. ``at_once`` is false while a fact is missing that says which holder."""

    role: Role
    at_once: bool


@dataclass(frozen=True, slots=True)
class LogSignal:
    kind: SignalKind


@dataclass(frozen=True, slots=True)
class OpenDeadline:
    """Keep this term for the case; ``name`` is ``case`` or the id of the checklist line that it belongs to."""

    name: str
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class RecordStrike:
    """A strike for the author when the case closes, unless the moderator waives it (``waivable``)."""

    waivable: bool


@dataclass(frozen=True, slots=True)
class DropImages:
    """No picture of this case may be kept: link, time and handle are the evidence."""


Effect = Ask | Advise | Escalate | LogSignal | OpenDeadline | RecordStrike | DropImages
