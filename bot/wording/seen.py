"""What a card may show to its reader, as loaded for it. No sentences."""

from dataclasses import dataclass
from typing import Any

from bot.case import Case
from bot.topics import Suggestion, Topic
from bot.work import Crisis
from flows.authorities import Authorities
from flows.effects import Advise
from flows.platforms import Capabilities
from flows.tree import Role, StepKind


@dataclass(frozen=True, slots=True)
class Offer:
    """An approved entry of the FAQ, its answer in the form that this citizen is addressed in; ``lacks_formal``: there is only je."""

    entry: int
    question: str
    answer: str
    lacks_formal: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One thread of a case, as far as a card says something about it."""

    thread: int
    role: Role
    department: str
    phase: str
    taken_by: str | None


@dataclass(frozen=True, slots=True)
class SignalSeen:
    """What a case would add to the signals: its masked words, the topics it may be about, all of its department, the one it has."""

    text: str
    suggestions: tuple[Suggestion, ...]
    topics: tuple[Topic, ...]
    topic: int


@dataclass(frozen=True, slots=True)
class CrisisSeen:
    """The crisis that is on, as far as a card says something about it. ``publishers``: who speaks; ``touches``: the case shown does;
    ``held``: whoever has the case shown may not answer."""

    crisis: Crisis
    publishers: tuple[str, ...]
    touches: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything a case's card may show to its reader. ``private``: the reader's own private flags; ``pictures``: evidence numbers."""

    case: Case
    advised: Advise | None
    situation: Any
    told: tuple[Told, ...] = ()
    private: frozenset[str] = frozenset()
    pictures: tuple[int, ...] = ()
    faq: tuple[Offer, ...] = ()
    faq_used: Offer | None = None
    same_as: tuple[int, tuple[str, ...]] | None = None  # number and outcomes of the case before
    handle: bool = False
    moderators: tuple[str, ...] = ()
    capabilities: Capabilities | None = None
    crisis: CrisisSeen | None = None
    reports: tuple[Any, ...] = ()  # rows of what was reported outside
    may_report: bool = False  # whether the case may be reported, and by this reader
    authorities: Authorities | None = None
    confidential: bool = False  # something runs beside the case that is nobody else's business
    restrictions: tuple[StepKind, ...] = ()  # what was done in a closed case
    objection: Any = None  # the row of the newest objection to a closed case
    strike: Any = None  # the row of the strike that a closed case gave
    links: tuple[tuple[int, int], ...] = ()  # of the author with that of another case: the link, the case
    signal: SignalSeen | None = None
    shared: bool = False  # the card stands where others read it too: what is its moderator's alone is left out
