"""The conversation in a terminal: cards as lines with numbers in front, what is typed or pasted as events.

`controls` numbers what can be pressed and `render` draws a card, both pure; `Talk` is the loop around them.
No logic of the bot's own: who may do what, and what follows, is decided behind `Antenne.handle`.
"""

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Protocol, assert_never
from uuid import uuid4

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.table import Table as Grid
from rich.text import Text as Line

from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Chart,
    Checklist,
    Copy,
    Facts,
    Field,
    Form,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
    Tone,
)
from bot.commands import COMMANDS
from bot.comment_text import clean, cut
from bot.events import Actor, Answer, Commanded, Image, Incoming, Pasted, Pressed, Replied, Submitted
from bot.ports import NotTaken, Pictures, StoreUnavailable
from bot.presses import Press
from bot.sentences import Sentences, sentences

if TYPE_CHECKING:
    from bot.antenne import Antenne
    from bot.inbox import Channel, Shown
    from bot.organisation import Organisation

LONG = 4000  # characters of one quote on the screen; the case keeps all of it
MOST_FILES = 10
MOST_BYTES = 10 * 2**20  # of one picture; what looks at it refuses more
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


# --- what can be pressed, and under which number -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Control:
    """Something on the screen to press. `key`: what to type for it; `place`: card, block, item, extra.

    Neither a `press` nor `options` (of a select): it cannot be pressed now, and `why` says so.
    """

    key: str
    label: str
    place: tuple[int, ...]
    press: Press | None = None
    options: tuple[tuple[str, Press], ...] = ()
    asks: str = ""
    why: str = ""


def controls(cards: Sequence[Card]) -> tuple[Control, ...]:
    """All that can be pressed on `cards`, numbered 1, 2, … from top to bottom; 3a, 3b beside line 3."""
    found: list[Control] = []
    number = 0
    for at, card in enumerate(cards):
        for index, block in enumerate(card.body):
            for control in _pressable(block, (at, index)):
                if not control.key:
                    number += 1
                found.append(replace(control, key=f"{number}{control.key}"))
    return tuple(found)


def _pressable(block: Block, place: tuple[int, int]) -> Iterator[Control]:  # noqa: C901 - one case for each block of the vocabulary
    """The block's controls; the extras of an item have their letter as key, others none yet."""
    match block:
        case Buttons():
            for nth, button in enumerate(block.buttons):
                yield Control("", button.label, (*place, nth), button.press, asks=button.asks)
        case Checklist():
            letters = _letters(block)
            for nth, item in enumerate(block.items):
                if item.mark is not None or item.more:
                    yield Control("", item.text, (*place, nth), item.mark, why=item.note)
                for extra, button in enumerate(item.more):
                    here, letter = (*place, nth, extra), letters[button.label]
                    yield Control(letter, button.label, here, button.press, asks=button.asks)
        case Toggles():
            for nth, (label, _, press) in enumerate(block.items):
                yield Control("", label, (*place, nth), press)
        case Select():
            yield Control("", block.label, (*place, 0), options=block.options)
        case Table():
            for nth, row in enumerate(block.rows):
                for at, cell in enumerate(row):
                    if isinstance(cell, Button):
                        yield Control("", cell.label, (*place, nth, at), cell.press, asks=cell.asks)
        case Text() | Quote() | Copy() | Facts() | Chart() | Picture():
            pass
        case _:
            assert_never(block)


def _letters(block: Checklist) -> dict[str, str]:
    """One letter for each thing that can be done beside ticking, the same on every line."""
    labels = dict.fromkeys(button.label for item in block.items for button in item.more)
    return dict(zip(labels, ascii_lowercase, strict=False))


def matching(found: Iterable[Control], typed: str) -> tuple[Control, ...]:
    """What `typed` can mean: one number, or every control and option with that label."""
    word = _fold(typed)
    by_label: dict[Press | str, Control] = {}
    for control in found:
        if control.key == word.rstrip(".)"):
            return (control,)
        if _fold(control.label) == word:
            by_label.setdefault(control.press or control.key, control)
        for label, press in control.options:
            if _fold(label) == word:
                by_label.setdefault(press, replace(control, label=label, press=press, options=()))
    return tuple(by_label.values())


def _nearly(found: Iterable[Control], typed: str) -> Control | None:
    """The control whose label was probably meant: a slip of the finger must not become a case."""
    if "\n" in typed or len(typed) > 60:
        return None
    labels = {_fold(control.label): control for control in found}
    close = get_close_matches(_fold(typed), labels, n=1, cutoff=0.8)
    return labels[close[0]] if close else None


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


# --- the renderer ------------------------------------------------------------------------------------------


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
            return _quote(block, wording)
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
            rows = _numbered()
            for nth, (label, on, _) in enumerate(block.items):
                rows.add_row(_key(keys[*place, nth]), Line(_MARKS["done" if on else "open"]), inert(label))
            return Group(inert(block.label, "dim"), rows)
        case Picture():
            alt = wording.t("terminal.picture", alt=block.alt, number=block.evidence)
            return Line.assemble("   ", inert(f"▣ {alt}", "dim"))
        case Buttons():
            return _buttons(block, keys, place)
        case Select():
            chosen = block.options[block.chosen][0] if block.chosen is not None else wording.t("terminal.choose")
            row = Line.assemble(_key(keys[*place, 0].rjust(4)), "  ", inert(block.label), ": ", inert(chosen, "bold"), " ▾")
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
                cells.append(Line.assemble(_key(f"[{keys[*place, nth, at]}]"), " ", inert(cell.label)))
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


def _quote(quote: Quote, wording: Sentences) -> RenderableType:
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
    shown, shortened = cut(clean(text), LONG)
    line = inert(shown, style)
    if shortened:
        line.append(f"\n{wording.t('terminal.cut', count=len(text) - len(shown))}", "dim")
    return line


def _checklist(
    block: Checklist, keys: Mapping[tuple[int, ...], str], place: tuple[int, int], wording: Sentences
) -> RenderableType:
    rows = _numbered()
    for nth, item in enumerate(block.items):
        text = inert(item.text, "dim" if item.state in ("done", "waived") else "")
        if item.note:
            text = Line.assemble(text, "  ", inert(item.note, "dim italic"))
        rows.add_row(_key(keys.get((*place, nth), "")), Line(_MARKS[item.state]), text)
    if not any(item.more for item in block.items):
        return rows
    first = next(keys[*place, nth] for nth, item in enumerate(block.items) if item.more)
    beside = [Line(wording.t("terminal.beside", example=f"{first}a"), "dim")]
    for label, letter in _letters(block).items():
        lines = [keys[*place, nth] for nth, item in enumerate(block.items) if label in map(_label_of, item.more)]
        some = f" ({', '.join(lines)})" if len(lines) < sum(bool(item.more) for item in block.items) else ""
        beside.append(Line.assemble(_key(letter), " ", inert(label, "dim"), Line(some, "dim")))
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
    labelled = [(_key(keys[*place, nth]), inert(button.label, styles[button.style])) for nth, button in enumerate(block.buttons)]
    if block.numbered:
        rows = _numbered()
        for key, label in labelled:
            rows.add_row(key, label)
        return rows
    return Padding(_Flow([Line.assemble(key, " ", label) for key, label in labelled]), (0, 0, 0, 2))


def _numbered() -> Grid:
    rows = Grid.grid(padding=(0, 2, 0, 0))
    rows.add_column(justify="right", min_width=4, no_wrap=True)
    return rows


def _key(key: str) -> Line:
    return Line(key, "bold cyan")


# --- asking ------------------------------------------------------------------------------------------------


class Ask(Protocol):
    """Where a typed or pasted answer comes from."""

    async def __call__(self, prompt: str, default: str = "") -> str | None:
        """What was entered, which may be several lines; `None` when nothing more will come."""
        ...

    async def aside(self, say: Callable[[], None]) -> None:
        """Print something while a question stands open."""
        ...


class Keyboard:
    """A person at a terminal: editing, history, and pasting of several lines at once."""

    def __init__(self) -> None:
        from prompt_toolkit import PromptSession

        self._session: PromptSession[str] = PromptSession()

    async def __call__(self, prompt: str, default: str = "") -> str | None:
        try:
            return await self._session.prompt_async(prompt, default=default)
        except KeyboardInterrupt:  # Ctrl-C leaves a form, and an empty line as it is
            return CANCEL
        except EOFError:
            return None

    async def aside(self, say: Callable[[], None]) -> None:
        from prompt_toolkit.application import run_in_terminal

        await run_in_terminal(say)


class Lines:
    """A script or a pipe: a line is an answer; lines between two lines of three quotation marks are one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._ended = False
        loop = asyncio.get_running_loop()

        def read() -> None:  # a thread of its own, so that leaving never waits for a line that does not come
            for line in sys.stdin:
                loop.call_soon_threadsafe(self._lines.put_nowait, line.rstrip("\r\n"))
            loop.call_soon_threadsafe(self._lines.put_nowait, None)

        threading.Thread(target=read, daemon=True).start()

    async def __call__(self, prompt: str, default: str = "") -> str | None:
        line = await self._next()
        if line is not None and line.strip() == FENCE:
            gathered: list[str] = []
            while (line := await self._next()) is not None and line.strip() != FENCE:
                gathered.append(line)
            line = "\n".join(gathered)
        self._console.print(Line.assemble(Line(prompt, "bold"), inert(line or "")), soft_wrap=True)
        return line or (line if line is None else default)

    async def aside(self, say: Callable[[], None]) -> None:
        say()

    async def _next(self) -> str | None:
        line = None if self._ended else await self._lines.get()
        self._ended = line is None
        return line


ANNOUNCED = 5  # announcements that stay on the screen until they are opened; /kanalen counts them all
CANCEL, CLEAR, FENCE = ".", "-", '"""'
BOT_COMMANDS = frozenset(name for command in COMMANDS for name in command.names if " " not in name)


# --- the conversation --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Thread:
    """A message that was opened: what is typed now is a reply to it."""

    conversation: str
    title: str
    message: int


Entry = tuple[str, Callable[[], Awaitable[None]]]  # a line of a menu, and what choosing it does


class Talk:
    """One terminal, as one person at a time."""

    def __init__(self, antenne: "Antenne", pictures: Pictures, person: str, ask: Ask, console: Console, *, redraws: bool) -> None:
        """`redraws`: whether the screen is cleared so that a card changes in place."""
        self._antenne, self._pictures = antenne, pictures
        self._ask, self._console, self._redraws = ask, console, redraws
        self._commands: Mapping[str, Callable[[str], Awaitable[bool]]] = {
            "als": self._become, "as": self._become,
            "kanalen": self._channels, "channels": self._channels,
            "kaart": self._card, "card": self._card,
            "terug": self._back, "back": self._back,
            "hulp": self._help, "help": self._help,
            "stop": self._stop, "exit": self._stop, "quit": self._stop,
        }  # fmt: skip
        self._waiting = ""  # a command that was typed where something else was asked
        self._busy = asyncio.Lock()  # news waits until what is typed has been answered
        self._sit_down(person)

    def _sit_down(self, person: str) -> None:
        self.person = person
        self._wording = sentences(self._antenne.organisation.people[person].language)
        self.cards: tuple[Card, ...] = ()
        self._before: tuple[Card, ...] = ()
        self._menu: tuple[Entry, ...] = ()
        self._thread: Thread | None = None
        self._standing: int | None = None  # the message that shows the same card as the screen
        self._seen: dict[int, int] = {}  # message → the version that this person has seen
        self._newest: dict[str, int] = {}  # conversation → its newest message
        self._unread: dict[str, dict[int, str]] = {}  # conversation → its messages not opened, and how each was announced

    async def run(self, asked: Callable[[], None] = lambda: None) -> None:
        """Greet, then answer what is typed until the end. `asked`: called once the first question is put."""
        await self._greet()
        asyncio.get_running_loop().call_soon(asked)  # the question is put in this very turn of the loop
        watch = asyncio.create_task(self._watch())
        try:
            while (line := await self._ask(self._prompt())) is not None:
                async with self._busy:
                    if not await self._answer_safely(line):
                        break
        finally:
            watch.cancel()

    async def take(self, line: str) -> bool:
        """Answer one entry; `False` when it says to stop."""
        text = line.strip()
        if not text or text == CANCEL:
            if not text and any(self._unread.values()):
                await self._open_newest()
            return True
        word, _, rest = text.partition(" ")
        if word.casefold() == "/moderate" or text.casefold().startswith("/moderate\n"):
            await self._handle(Commanded(id=_event(), actor=self._actor, text=text[len("/moderate") :].strip()))
            return True
        if word.startswith("/") and word[1:].isalpha():
            command = self._commands.get(word[1:].casefold())
            if command is not None:
                return await command(rest.strip())
            if word[1:].casefold() in BOT_COMMANDS:
                await self._handle(Commanded(id=_event(), actor=self._actor, text=text[1:]))
                return True
            self._note(self._wording.t("terminal.no_command", typed=word), refused=True)
            return True
        if self._menu and text.rstrip(".)").isdecimal():
            number = int(text.rstrip(".)"))
            if 1 <= number <= len(self._menu):
                await self._menu[number - 1][1]()
            else:
                self._note(self._wording.t("terminal.no_number", typed=text), refused=True)
            return True
        await self._press_or_say(line)
        return True

    # what is typed

    async def _press_or_say(self, line: str) -> None:
        text = line.strip()
        meant = matching(controls(self.cards), text) if not self._menu else ()
        if len(meant) == 1:
            await self._press(meant[0])
        elif meant:
            keys = ", ".join(control.key for control in meant)
            self._note(self._wording.t("terminal.several", keys=keys), refused=True)
        elif len(text) <= 4 and text[0].isdecimal() and text.rstrip(".)").isalnum():
            self._note(self._wording.t("terminal.no_number", typed=text), refused=True)
        elif self._thread is not None:
            await self._reply(self._thread, line)
        elif (near := _nearly(controls(self.cards), text)) is not None:
            self._note(self._wording.t("terminal.nearly", number=near.key, label=near.label), refused=True)
        elif len(text.split()) == 1 and self._is_command(f"/{text}"):  # a newcomer's "help", or a citizen's: not for us to guess
            self._note(self._wording.t("terminal.bare_command", typed=text), refused=True)
        else:
            self._menu = ()
            await self._handle(Pasted(id=_event(), actor=self._actor, text=line))

    def _is_command(self, typed: str) -> bool:
        """Whether this is a command and nothing else could be meant: one line, its first word one that is known."""
        word = typed.strip().partition(" ")[0].casefold()
        known = word[1:] in self._commands or word[1:] in BOT_COMMANDS or word == "/moderate"
        return word.startswith("/") and known and "\n" not in typed.strip()

    async def _in_form(self, prompt: str, default: str = "") -> str | None:
        """What is entered where one thing is asked; a command leaves it, and is done next."""
        typed = await self._ask(prompt, default)
        if typed is not None and self._is_command(typed):
            self._waiting = typed.strip()
            return CANCEL
        return typed

    async def _reply(self, thread: Thread, text: str) -> None:
        event = Replied(
            id=_event(),
            actor=self._actor,
            conversation=thread.conversation,
            remote=str(thread.message),
            text=text,
        )
        answer = await self._antenne.handle(event)
        await self._antenne.work()
        self.cards = await self._thread_cards(thread)
        self._draw(answer.note or self._wording.t("terminal.reply_here"), refused=answer.refused)

    async def _press(self, control: Control) -> None:
        press = control.press
        if control.options:
            press = await self._choose(control)
            if press is None:
                self._draw()
                return
        if press is None:
            self._note(control.why or self._wording.t("terminal.not_now"), refused=True)
            return
        if control.asks and not await self._sure(control.asks):
            self._draw()
            return
        await self._handle(Pressed(id=_event(), actor=self._actor, press=press))

    async def _choose(self, control: Control) -> Press | None:
        self._say(inert(control.label, "bold"))
        chosen = await self._pick([label for label, _ in control.options])
        return None if chosen is None else control.options[chosen][1]

    async def _pick(self, labels: Sequence[str]) -> int | None:
        """The index of the label that was chosen by number or by name; `None` for none of them."""
        rows = _numbered()
        for number, label in enumerate(labels, 1):
            rows.add_row(_key(str(number)), inert(label))
        self._say(rows)
        while True:
            typed = (await self._in_form(self._wording.t("terminal.pick")) or CANCEL).strip()
            if typed in ("", CANCEL):
                return None
            folded = [_fold(label) for label in labels]
            if _fold(typed) in folded:
                return folded.index(_fold(typed))
            number = int(typed.rstrip(".)")) if typed.rstrip(".)").isdecimal() else 0
            if 1 <= number <= len(labels):
                return number - 1
            self._say(inert(self._wording.t("terminal.no_number", typed=typed), "red"))

    async def _sure(self, question: str) -> bool:
        typed = await self._ask(f"{question} {self._wording.t('terminal.yes_no')} ")
        return (typed or "").strip().casefold() in ("j", "ja", "y", "yes")

    async def _handle(self, event: Incoming) -> None:
        await self._show(await self._antenne.handle(event))

    async def _show(self, answer: Answer) -> None:
        while True:
            cards = (answer.card,) if answer.card is not None else answer.cards
            if cards:
                self._look_at(cards)
                if answer.cards:
                    self._standing = await self._same_message()
            self._draw(answer.note, refused=answer.refused)
            if answer.form is None:
                return
            submitted = await self._fill(answer.form)
            if submitted is None:
                self._draw(self._wording.t("terminal.left_form"))
                return
            answer = await self._antenne.handle(submitted)

    def _look_at(self, cards: tuple[Card, ...]) -> None:
        if self._thread is None:
            self._before = self.cards
        self._menu, self.cards, self._standing = (), cards, None

    # forms

    async def _fill(self, form: Form) -> Submitted | None:
        """Ask field by field; `None` when the form was left."""
        self._say(Rule(inert(form.title, "bold"), characters="─", style="dim", align="left"))
        for block in form.intro:
            self._say(_quote(block, self._wording) if isinstance(block, Quote) else inert(block.text))
        self._say(inert(self._wording.t("terminal.form_hint"), "dim"))
        values: dict[str, str] = {}
        images: list[Image] = []
        for field in form.fields:
            if field.kind == "files":
                kept = await self._files(field)
                if kept is None:
                    return None
                images += kept
                continue
            value = await self._value(field)
            if value is None:
                return None
            values[field.name] = value
        return Submitted(id=_event(), actor=self._actor, press=form.press, values=values, images=tuple(images))

    async def _value(self, field: Field) -> str | None:
        while True:
            value = await self._chosen(field) if field.kind == "choice" else await self._typed(field)
            if value is None or value or not field.required:
                return value
            self._say(inert(self._wording.t("terminal.required"), "red"))

    async def _typed(self, field: Field) -> str | None:
        if field.hint:
            self._say(inert(field.hint, "dim"))
        default = field.value if self._redraws else ""
        if field.value and not default:
            self._say(Line.assemble(inert(field.label), ": ", inert(field.value, "italic")))
        while True:
            typed = await self._in_form(f"{clean(field.label)}{' *' if field.required else ''}: ", default)
            if typed is None or typed.strip() == CANCEL:
                return None
            if len(typed) > field.limit:
                self._say(inert(self._wording.t("terminal.too_long", limit=field.limit), "red"))
                continue
            if typed.strip() == CLEAR:
                return ""
            return typed if typed.strip() or default else field.value

    async def _chosen(self, field: Field) -> str | None:
        """The value of one option; empty keeps what is chosen already."""
        values = [value for value, _ in field.options]
        labels = [label for _, label in field.options]
        rows = _numbered()
        heads = dict.fromkeys(range(len(labels)), "") | dict(enumerate(field.groups))
        for number, (value, label) in enumerate(field.options, 1):
            if heads[number - 1] != (heads[number - 2] if number > 1 else ""):
                rows.add_row("", inert(heads[number - 1], "dim"))
            rows.add_row(_key(str(number)), inert(label, "bold" if value == field.value else ""))
        if field.hint:
            self._say(inert(field.hint, "dim"))
        self._say(rows)
        now = labels[values.index(field.value)] if field.value in values else ""
        prompt = f"{clean(field.label)}{' *' if field.required else ''}{f' [{clean(now)}]' if now else ''}: "
        while True:
            typed = await self._in_form(prompt)
            if typed is None or typed.strip() == CANCEL:
                return None
            word = typed.strip()
            if not word or word == CLEAR:
                return "" if word else field.value
            folded = [_fold(label) for label in labels]
            if _fold(word) in folded:
                return values[folded.index(_fold(word))]
            if word in values:
                return word
            if word.isdecimal() and 1 <= int(word) <= len(values):
                return values[int(word) - 1]
            self._say(inert(self._wording.t("terminal.no_number", typed=word), "red"))

    async def _files(self, field: Field) -> list[Image] | None:
        """Pictures from this machine, one path at a time until an empty line."""
        kept: list[Image] = []
        while len(kept) < MOST_FILES:
            typed = await self._in_form(f"{clean(field.label)} ({self._wording.t('terminal.path')}): ")
            if typed is None or typed.strip() == CANCEL:
                return None
            if not typed.strip():
                break
            try:
                content = await asyncio.to_thread(_read, typed.strip().strip("'\""))
            except (OSError, ValueError):
                self._say(inert(self._wording.t("terminal.no_file"), "red"))
                continue
            looked = await self._pictures.look(content)
            if isinstance(looked, NotTaken):
                self._say(inert(self._wording.t(looked.key), "red"))
                continue
            if looked.unread_key:
                self._say(inert(self._wording.t(looked.unread_key), "yellow"))
            kept.append(Image(evidence=await self._antenne.keep_picture(self.person, content, looked.media, looked.text)))
        return kept

    # the commands of the terminal itself

    async def _become(self, typed: str) -> bool:
        found = people_named(self._antenne.organisation, typed)
        if len(found) == 1:
            self._sit_down(found[0])
            await self._greet()
            return True
        people = self._antenne.organisation.people
        rows = Grid.grid(padding=(0, 2))
        for person in found or people:
            rows.add_row(Line(person, "bold cyan"), inert(people[person].name))
        key = "terminal.who" if found or not typed else "terminal.nobody"
        self._note(self._wording.t(key, typed=typed))
        self._say(rows)
        return True

    async def _channels(self, _: str) -> bool:
        found = await self._antenne.channels(self.person)
        self._menu = tuple((self._channel_line(channel), partial(self._messages, channel)) for channel in found)
        self._thread = None
        self._draw()
        return True

    def _channel_line(self, channel: "Channel") -> str:
        parts = [self._title(channel)]
        if channel.last is not None:
            parts.append(self._when(channel.last))
        if fresh := len(self._unread.get(channel.conversation, ())):
            parts.append(self._wording.t("terminal.unread", count=fresh))
        return " · ".join(parts)

    def _title(self, channel: "Channel") -> str:
        return self._wording.t("terminal.direct") if channel.private else channel.title

    async def _messages(self, channel: "Channel") -> None:
        shown = await self._antenne.read(self.person, channel.conversation)
        roots = [message for message in shown if message.parent is None]
        entries: list[Entry] = []
        for root in roots:
            answers = sum(message.parent == root.message for message in shown)
            line = f"{self._when(root.at)}  {root.card.title or root.card.notice}"
            if answers:
                line += f" · {self._wording.t('terminal.answers', count=answers)}"
            thread = Thread(channel.conversation, self._title(channel), root.message)
            entries.append((line, partial(self._open, thread)))
        if entries:
            self._menu = tuple(entries)
        self._draw("" if entries else self._wording.t("terminal.silence"))

    async def _open(self, thread: Thread) -> None:
        """Show a message with what was written under it; typing now answers there."""
        if self._thread is None:
            self._before = self.cards
        self._menu, self._thread = (), thread
        self.cards = await self._thread_cards(thread)
        self._draw(self._wording.t("terminal.reply_here"))

    async def _open_newest(self) -> None:
        """Show the newest message that was announced and not opened yet."""
        newest, conversation = max((message, place) for place, messages in self._unread.items() for message in messages)
        channel = next(item for item in await self._antenne.channels(self.person) if item.conversation == conversation)
        shown = {item.message: item for item in await self._antenne.read(self.person, conversation)}
        if newest in shown:
            await self._open(Thread(conversation, self._title(channel), shown[newest].parent or newest))
        else:  # further back than what is read at once
            await self._messages(channel)

    async def _thread_cards(self, thread: Thread) -> tuple[Card, ...]:
        """The thread's message and what was written under it, which are then no longer new."""
        cards: list[Card] = []
        for shown in await self._antenne.read(self.person, thread.conversation):
            if thread.message in (shown.message, shown.parent):
                self._seen[shown.message] = shown.version
                self._unread.get(thread.conversation, {}).pop(shown.message, None)
                cards.append(shown.card)
        return tuple(cards)

    async def _card(self, _: str) -> bool:
        self._menu = ()
        self._draw()
        return True

    async def _back(self, _: str) -> bool:
        if not self._menu:
            self.cards, self._before = self._before, self.cards
        self._menu, self._thread = (), None
        self._draw()
        return True

    async def _help(self, _: str) -> bool:
        self._say(inert(self._wording.t("terminal.help")))
        return True

    async def _stop(self, _: str) -> bool:
        return False

    async def _same_message(self) -> int | None:
        """The message that shows the card on the screen: when it changes, the screen does."""
        for channel in await self._antenne.channels(self.person):
            for shown in await self._antenne.read(self.person, channel.conversation):
                if shown.card in self.cards:
                    return shown.message
        return None

    # news

    async def _watch(self) -> None:
        """At every change: announce what is new for this person, between two entries."""
        while True:
            await self._antenne.wakeups.wait("live", 5.0)
            async with self._busy:
                try:
                    say = await self._news()
                except StoreUnavailable:
                    continue
                if say is not None:
                    await self._ask.aside(say)

    async def _news(self) -> Callable[[], None] | None:
        """What to print about messages that are new or changed since they were last seen, if any are."""
        fresh: list[str] = []
        changed = False
        for channel in await self._antenne.channels(self.person):
            if not self._worth_reading(channel):
                continue
            for shown in await self._antenne.read(self.person, channel.conversation):
                known = self._seen.get(shown.message)
                if known == shown.version:
                    continue
                self._seen[shown.message] = shown.version
                if shown.card in self.cards:
                    self._standing = shown.message
                elif self._standing == shown.message or self._is_open(shown):
                    changed = True
                    self.cards = (shown.card,)
                elif known is None:
                    line = f"● {self._title(channel)}: {shown.card.notice or shown.card.title}"
                    fresh.append(line)
                    self._unread.setdefault(channel.conversation, {})[shown.message] = line
        if changed and self._thread is not None:
            self.cards = await self._thread_cards(self._thread)
        return (lambda: self._announce(fresh, changed=changed)) if fresh or changed else None

    def _announce(self, fresh: Sequence[str], *, changed: bool) -> None:
        if changed and not self._menu:
            self._draw(self._wording.t("terminal.changed"))
            if self._redraws:
                return  # what is new stands beneath the card already
        self._tell(fresh)

    def _tell(self, announced: Sequence[str]) -> None:
        for line in announced:
            self._say(inert(line, "yellow"))
        if announced:
            self._say(inert(self._wording.t("terminal.open_them"), "dim"))

    def _worth_reading(self, channel: "Channel") -> bool:
        """Whether something in it is new, or may be a change of what is on the screen."""
        before, self._newest[channel.conversation] = (
            self._newest.get(channel.conversation),
            channel.newest,
        )
        on_screen = self._thread is not None and self._thread.conversation == channel.conversation
        return channel.private or on_screen or before != channel.newest

    def _is_open(self, shown: "Shown") -> bool:
        return self._thread is not None and self._thread.message in (shown.message, shown.parent)

    async def _mark_all_seen(self) -> None:
        for channel in await self._antenne.channels(self.person):
            self._newest[channel.conversation] = channel.newest
            for shown in await self._antenne.read(self.person, channel.conversation):
                self._seen[shown.message] = shown.version

    async def _settle(self) -> None:
        """In a script: send what can be sent and tell what is new before the next line is read."""
        if not self._redraws:
            await self._antenne.work()
            if say := await self._news():
                say()

    # the screen

    async def _greet(self) -> None:
        overview = await self._antenne.overview(self.person)
        await self._mark_all_seen()
        self.cards = (overview,)
        self._draw(self._wording.t("terminal.greeting"))

    async def _answer_safely(self, line: str) -> bool:
        try:
            goes_on = await self.take(line)
            while goes_on and self._waiting:
                line, self._waiting = self._waiting, ""
                goes_on = await self.take(line)
            if goes_on:
                await self._settle()
            return goes_on
        except StoreUnavailable:
            self._note(self._wording.t("terminal.database"), refused=True)
            return True

    def _draw(self, note: str = "", *, refused: bool = False) -> None:
        """The whole screen anew: who is here, the card or the menu, and what there is to say about it."""
        if self._redraws:
            self._console.clear()
        people = self._antenne.organisation.people
        town, name = inert(self._antenne.organisation.name, "dim"), inert(people[self.person].name, "bold")
        who = Line.assemble(town, " · ", name)
        self._say(Line.assemble(who, "  ", inert(self._wording.t("terminal.keys"), "dim")))
        if self._menu:
            rows = _numbered()
            for number, (label, _) in enumerate(self._menu, 1):
                rows.add_row(_key(str(number)), inert(label))
            self._say(rows)
        else:
            self._say(render(self.cards, controls(self.cards), self._wording))
            if self._redraws:  # the screen was cleared, and with it what was announced
                unread = [(message, line) for lines in self._unread.values() for message, line in lines.items()]
                self._tell([line for _, line in sorted(unread)[-ANNOUNCED:]])
        if note:
            self._note(note, refused=refused)

    def _note(self, note: str, *, refused: bool = False) -> None:
        self._say(inert(note, "red" if refused else "green"))

    def _say(self, what: RenderableType) -> None:
        self._console.print(what)

    def _prompt(self) -> str:
        name = clean(self._antenne.organisation.people[self.person].name)
        return f"{name}{f' · {clean(self._thread.title)}' if self._thread else ''} › "

    def _when(self, at: datetime) -> str:
        return at.astimezone(self._antenne.organisation.calendar.zone).strftime("%d/%m %H:%M")

    @property
    def _actor(self) -> Actor:
        return Actor(platform="local", address=self.person)


def people_named(organisation: "Organisation", typed: str) -> list[str]:
    """The ids of whom `typed` can mean: an id or a name, or the beginning of one of its words."""
    word = _fold(typed)
    people = organisation.people
    if not word:
        return []
    exact = [name for name, person in people.items() if word in (name, _fold(person.name))]
    return exact or [
        name
        for name, person in people.items()
        if any(part.startswith(word) for part in (name, _fold(person.name), *_fold(person.name).split()))
    ]


def _event() -> str:
    return f"local:{uuid4().hex}"


def _read(path: str) -> bytes:
    """A file's bytes, as many as are needed to see that it is too large for a picture."""
    with Path(path).expanduser().open("rb") as file:
        return file.read(MOST_BYTES + 1)


async def talk(antenne: "Antenne", pictures: Pictures, person: str, asked: Callable[[], None]) -> None:
    """The conversation on this terminal as `person`, until its end; `asked` is called once the first question stands there."""
    live = sys.stdin.isatty() and sys.stdout.isatty()
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=False)
    for stream in (sys.stdin, sys.stdout):  # a wrong byte is shown as such, never an error
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    ask: Ask = Keyboard() if live else Lines(console)
    await Talk(antenne, pictures, person, ask, console, redraws=live).run(asked)
