"""A card as text for the terminal. Pure; no text can steer the screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.table import Table as Grid
from rich.text import Text as Line

from adapters.terminal.controls import Control, letters
from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Chart,
    Checklist,
    Copy,
    Facts,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
    Tone,
)
from bot.comment_text import clean, cut
from bot.sentences import Sentences

LONG = 4000  # characters of one quote on the screen; the case keeps all of it
_TONES: Mapping[Tone, str] = {
    "neutral": "cyan",
    "danger": "red",
    "warning": "yellow",
    "success": "green",
    "info": "blue",
}
_COLUMNS = "·▁▂▃▄▅▆▇█"
_MARKS: Mapping[str, str] = {"open": "☐", "done": "☑", "waived": "–", "blocked": "⊘"}
_STYLES: Mapping[str, str] = {"plain": "", "strong": "bold", "hint": "dim", "question": "bold"}


def inert(text: str, style: str = "") -> Line:
    """The text as it may stand on a terminal: no escape code, no steering sign, no markup is obeyed."""
    return Line(clean(text), style=style)


def render(cards: Sequence[Card], found: Sequence[Control], wording: Sentences) -> RenderableType:
    """The cards under each other, each control with its key in front; `found` is `controls(cards)`."""
    keys = {control.place: control.key for control in found}
    parts: list[RenderableType] = []
    for at, card in enumerate(cards):
        colour = _TONES[card.tone]
        if card.title:
            title = inert(card.title, f"bold {colour}")
            parts.append(Rule(title, characters="━", style=colour, align="left"))
        before: Block | None = None
        for index, block in enumerate(card.body):
            if before is not None and not _belongs(before, block):
                parts.append("")
            parts.append(_block(block, keys, (at, index), wording))
            before = block
    return Group(*parts)


def _belongs(before: Block, block: Block) -> bool:
    """Whether two blocks stand together, without an empty line between."""
    if isinstance(before, Text):
        answers = isinstance(block, Buttons) and block.numbered
        return answers or isinstance(block, Checklist) or (isinstance(block, Text) and block.style != "question")
    return isinstance(before, Select | Picture | Quote) and isinstance(block, type(before))


def _block(  # noqa: C901 - one case for each block of the vocabulary
    block: Block,
    keys: Mapping[tuple[int, ...], str],
    place: tuple[int, int],
    wording: Sentences,
) -> RenderableType:
    match block:
        case Text():
            return inert(block.text, _STYLES[block.style])
        case Quote():
            return quoted(block, wording)
        case Copy():
            top = Rule(inert(block.title, "bold"), characters="┄", style="dim", align="left")
            return Group(top, inert(block.text), Rule(characters="┄", style="dim"))
        case Facts():
            rows = Grid.grid(padding=(0, 2))
            for label, value in block.rows:
                shown = _short(value.text, wording, "italic") if isinstance(value, Quote) else inert(value)
                rows.add_row(inert(label, "dim"), shown)
            return rows
        case Table():
            return _table(block, keys, place, wording)
        case Chart():
            return _chart(block)
        case Checklist():
            return _checklist(block, keys, place, wording)
        case Toggles():
            rows = numbered()
            for nth, (label, on, _) in enumerate(block.items):
                rows.add_row(key_of(keys[*place, nth]), Line(_MARKS["done" if on else "open"]), inert(label))
            return Group(inert(block.label, "dim"), rows)
        case Picture():
            alt = wording.t("terminal.picture", alt=block.alt, number=block.evidence)
            return Line.assemble("   ", inert(f"▣ {alt}", "dim"))
        case Buttons():
            return _buttons(block, keys, place)
        case Select():
            chosen = block.options[block.chosen][0] if block.chosen is not None else wording.t("terminal.choose")
            row = Line.assemble(key_of(keys[*place, 0].rjust(4)), "  ", inert(block.label), ": ", inert(chosen, "bold"), " ▾")
            hint = [Padding(inert(block.hint, "dim"), (0, 0, 0, 6), expand=False)] if block.hint else []
            return Group(row, *hint)
        case _:
            assert_never(block)


def _table(block: Table, keys: Mapping[tuple[int, ...], str], place: tuple[int, int], wording: Sentences) -> RenderableType:
    rows = Grid(
        title=inert(block.caption, "bold") if block.caption else None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    for name in block.head:
        rows.add_column(inert(name, "dim"))
    for nth, row in enumerate(block.rows):
        cells: list[RenderableType] = []
        for at, cell in enumerate(row):
            if isinstance(cell, Button):
                cells.append(Line.assemble(key_of(f"[{keys[*place, nth, at]}]"), " ", inert(cell.label)))
            else:
                cells.append(_short(cell.text, wording, "italic") if isinstance(cell, Quote) else inert(cell))
        rows.add_row(*cells)
    return rows


def _chart(block: Chart) -> RenderableType:
    """Each series as a row of columns of eight heights, all against the same top; the words beneath say the same."""
    top = max((value for _, values in block.series for value in values), default=0) or 1
    rows = Grid.grid(padding=(0, 2))
    for label, values in block.series:
        columns = "".join(_COLUMNS[min(round(value / top * 8), 8)] for value in values)
        rows.add_row(inert(label, "dim"), Line(columns), inert(f"{values[-1]:g}") if values else Line())
    return Group(inert(block.title, "bold"), rows, inert(block.alt, "dim"))


def quoted(quote: Quote, wording: Sentences) -> RenderableType:
    """A person's own words behind a bar on every line, so that they are never taken for ours."""
    lines: list[RenderableType] = [_short(quote.text, wording, "italic")]
    if quote.by:
        lines.append(inert(f"— {quote.by}", "dim"))
    return _Barred(Group(*lines))


@dataclass(frozen=True, slots=True)
class _Barred:
    """What it holds, with a bar before each line however it wraps."""

    inside: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrow = options.update(width=max(options.max_width - 3, 1))
        for line in console.render_lines(self.inside, narrow, pad=False):
            yield Segment(" ▌ ", Style(color="bright_black"))
            yield from line
            yield Segment.line()


def _short(text: str, wording: Sentences, style: str) -> Line:
    shown, was_cut = cut(clean(text), LONG)
    line = inert(shown, style)
    if was_cut:
        line.append(f"\n{wording.t('terminal.cut', count=len(text) - len(shown))}", "dim")
    return line


def _checklist(
    block: Checklist, keys: Mapping[tuple[int, ...], str], place: tuple[int, int], wording: Sentences
) -> RenderableType:
    rows = numbered()
    for nth, item in enumerate(block.items):
        text = inert(item.text, "dim" if item.state in ("done", "waived") else "")
        if item.note:
            text = Line.assemble(text, "  ", inert(item.note, "dim italic"))
        rows.add_row(key_of(keys.get((*place, nth), "")), Line(_MARKS[item.state]), text)
    if not any(item.more for item in block.items):
        return rows
    first = next(keys[*place, nth] for nth, item in enumerate(block.items) if item.more)
    beside = [Line(wording.t("terminal.beside", example=f"{first}a"), "dim")]
    for label, letter in letters(block).items():
        lines = [keys[*place, nth] for nth, item in enumerate(block.items) if label in map(_label_of, item.more)]
        some = f" ({', '.join(lines)})" if len(lines) < sum(bool(item.more) for item in block.items) else ""
        beside.append(Line.assemble(key_of(letter), " ", inert(label, "dim"), Line(some, "dim")))
    return Group(rows, Padding(_Flow(beside), (0, 0, 0, 6)))


def _label_of(button: Button) -> str:
    return button.label


@dataclass(frozen=True, slots=True)
class _Flow:
    """Pieces next to each other, on as many lines as the width asks; no piece is broken that fits on one."""

    pieces: Sequence[Line]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        row: list[Line] = []
        for piece in self.pieces:
            wide = sum(part.cell_len + 3 for part in row) + piece.cell_len
            if row and wide > options.max_width:
                yield Line("   ").join(row)
                row = []
            row.append(piece)
        yield Line("   ").join(row)


def _buttons(block: Buttons, keys: Mapping[tuple[int, ...], str], place: tuple[int, int]) -> RenderableType:
    styles = {"plain": "", "primary": "bold", "danger": "red"}
    labelled = [
        (key_of(keys[*place, nth]), inert(button.label, styles[button.style])) for nth, button in enumerate(block.buttons)
    ]
    if block.numbered:
        rows = numbered()
        for key, label in labelled:
            rows.add_row(key, label)
        return rows
    return Padding(_Flow([Line.assemble(key, " ", label) for key, label in labelled]), (0, 0, 0, 2))


def numbered() -> Grid:
    """Rows that begin with what to type for them."""
    rows = Grid.grid(padding=(0, 2, 0, 0))
    rows.add_column(justify="right", min_width=4, no_wrap=True)
    return rows


def key_of(key: str) -> Line:
    """What to type, as it stands in front."""
    return Line(key, "bold cyan")
