"""The one card vocabulary: what the bot shows, said without a platform. Adapters render it; nobody adds to it in passing.

A citizen's words are always a ``Quote`` and renderers make them inert; ``Text`` is ours.
"""

from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from bot.presses import Press

Tone = Literal["neutral", "danger", "warning", "success", "info"]


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence of ours. ``hint`` is small print."""

    text: str
    style: Literal["plain", "strong", "hint", "question"] = "plain"


@dataclass(frozen=True, slots=True)
class Quote:
    """A person's own words from outside the product: a citizen's comment, handle or link. Never parsed, never formatted."""

    text: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """A text to be copied to the citizen, exactly as it stands; ``title`` says where it goes.

    ``opens``: the text is an address of ours, which may be opened by its title.
    """

    title: str
    text: str
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Label and value pairs; a value from outside is a ``Quote``."""

    rows: tuple[tuple[str, str | Quote], ...]


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    press: Press
    style: Literal["plain", "primary", "danger"] = "plain"
    asks: str = ""  # a question to confirm first


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings. A cell is ours, a person's words from outside (``Quote``), or something to press whose label it shows:
    a number that opens what stands behind it. A row has as many cells as there are headings."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | Quote | Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers to be drawn as a picture; who cannot see it reads ``alt``. Every series has a value for each label.

    ``lines``: over time, the last point is now; ``bars``: side by side. Drawing is ``ports.Charts``'s; a ``Table`` with the same
    numbers stands beside it.
    """

    title: str
    alt: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    kind: Literal["lines", "bars"] = "lines"


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a checklist. ``mark``: what ticking says; ``more``: what else can be done with it (waive, edit the reply)."""

    text: str
    state: Literal["open", "done", "waived", "blocked"]
    note: str = ""
    mark: Press | None = None
    more: tuple[Button, ...] = ()
    urgent: bool = False  # a matter of safety: before everything else


@dataclass(frozen=True, slots=True)
class Checklist:
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Toggles:
    """Ticks that are facts, not work: label, whether on, and what pressing says."""

    label: str
    items: tuple[tuple[str, bool, Press], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture by its evidence number; ``alt`` describes it."""

    evidence: int
    alt: str


@dataclass(frozen=True, slots=True)
class Buttons:
    """Buttons of one kind, in order. ``numbered`` ones are answers to the question above."""

    buttons: tuple[Button, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    """One of several; choosing says the option's own press."""

    label: str
    options: tuple[tuple[str, Press], ...]
    chosen: int | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A question in a form. ``options``: (value, label) pairs of a choice; ``groups``: for each option the heading it stands under,
    headings together; ``limit`` in characters."""

    name: str
    label: str
    kind: Literal["line", "text", "choice", "files", "moment"] = "line"
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    hint: str = ""
    limit: int = 3000
    groups: tuple[str, ...] = ()

    @property
    def grouped(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """The options under their headings; all under an empty one when there are none."""
        heads = self.groups or ("",) * len(self.options)
        rows = groupby(zip(heads, self.options, strict=True), key=lambda row: row[0])
        return tuple((head, tuple(option for _, option in found)) for head, found in rows)


Block = Text | Quote | Copy | Facts | Table | Chart | Checklist | Toggles | Picture | Buttons | Select


@dataclass(frozen=True, slots=True)
class Card:
    """``notice`` is the line for a push message: it never holds a citizen's words."""

    title: str
    body: tuple[Block, ...] = ()
    tone: Tone = "neutral"
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """Asked in a dialog; submitting says ``press`` with the values."""

    title: str
    press: Press
    fields: tuple[Field, ...] = field(default=())
    submit: str = ""
    intro: tuple[Text | Quote, ...] = ()
