"""Speaking with a whole real bot as its users do: people paste, press by label, fill in forms, write under messages and read.

What a chat platform does to carry that is behind `Driver`; here is the one of the local chat. Nothing is tested here.
"""

import re
import shutil
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar
from uuid import uuid4

import yaml
from pydantic import SecretStr
from sqlalchemy import Connection

from adapters.main import running
from bot.antenne import Antenne
from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Chart,
    Checklist,
    Copy,
    Facts,
    Form,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
)
from bot.events import Actor, Answer, Commanded, Edited, Image, Pasted, Pressed, Replied, Submitted
from bot.settings import SAMPLE, Settings
from flows.source import read
from flows.tree import TREES
from tests.servers import tables_at

T = TypeVar("T")
# A picture of eight by eight white points: real, with nothing to read in it.
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQAAAADsdIMmAAAADUlEQVR42mP4z8SADAEPcQEOdvOI0AAAAABJRU5ErkJggg==")
START = datetime(2026, 11, 17, 9, 0, tzinfo=UTC)  # a Tuesday, ten in the morning in Brussels


# --- what a person sees ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Control:
    """Something to press. ``within``: the checklist line, select or table row that it belongs to; ``handle`` is the driver's own."""

    label: str
    kind: Literal["button", "option", "toggle", "line", "cell"]
    handle: Any
    within: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a checklist."""

    text: str
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A card as it is read: words by their kind, and everything that can be pressed."""

    title: str
    tone: str
    says: tuple[str, ...]
    quotes: tuple[str, ...]
    copies: tuple[tuple[str, str], ...]
    facts: Mapping[str, str]
    lines: tuple[Line, ...]
    toggles: Mapping[str, bool]
    chosen: Mapping[str, str]
    controls: tuple[Control, ...]
    text: str
    rows: tuple[tuple[str, ...], ...] = ()  # of its tables
    drawn_from: Card | None = None  # where the driver has it

    @property
    def number(self) -> int | None:
        """The case that the card is about."""
        found = re.match(r"(?:Zaak|Case) (\d+)", self.title)
        return int(found[1]) if found else None

    def labels(self, kind: str = "button") -> list[str]:
        """The labels of one kind of control, in order."""
        return [control.label for control in self.controls if control.kind == kind]

    def line(self, part: str) -> Line:
        """The one checklist line that holds ``part``."""
        found = [line for line in self.lines if part in line.text]
        assert len(found) == 1, f"{len(found)} lines hold {part!r}: {[line.text for line in self.lines]}"
        return found[0]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Question:
    """A field of an open form."""

    name: str
    label: str
    value: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """An open form."""

    title: str
    fields: tuple[Question, ...]
    handle: Any
    text: str
    drawn_from: Form | None = None  # where the driver has it


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a person can see; ``handle`` is the driver's own name for it, ``under`` that of the message above it.

    ``conversation`` ends with ``:an`` for An's direct messages and with ``#communicatie`` for that channel.
    """

    conversation: str
    sheet: Sheet
    handle: Any
    under: Any = None

    @property
    def place(self) -> str:
        """Where it stands and what it is called."""
        return f"{self.conversation} {self.sheet.title}"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back at once."""

    note: str = ""
    refused: bool = False
    form: Asked | None = None
    card: Sheet | None = None
    cards: tuple[Sheet, ...] = ()


class Driver(Protocol):
    """How one platform carries what a person does, and what it then shows them."""

    async def keep(self, person: str, picture: bytes) -> int: ...
    async def paste(self, person: str, text: str, link: str, pictures: Sequence[int]) -> Heard: ...
    async def command(self, person: str, text: str) -> Heard: ...
    async def press(self, person: str, control: Control) -> Heard: ...
    async def submit(self, person: str, form: Asked, values: Mapping[str, str], pictures: Sequence[int]) -> Heard: ...
    async def reply(self, person: str, message: Message, text: str, own: str) -> Heard: ...
    async def edit(self, person: str, message: Message, own: str, text: str | None) -> Heard: ...
    async def inbox(self, person: str, conversation: str) -> list[Message]: ...
    async def work(self) -> None: ...


# --- the local chat ----------------------------------------------------------------------------------------


class LocalDriver:
    """Terminal and web page: events go straight in, messages are read from the store."""

    def __init__(self, antenne: Antenne) -> None:
        self.antenne = antenne
        self._run, self._ids = uuid4().hex[:8], count(1)

    def _event(self, person: str) -> dict[str, Any]:
        return {"id": f"{self._run}.{next(self._ids)}", "actor": Actor(platform="local", address=person)}

    async def keep(self, person: str, picture: bytes) -> int:
        return await self.antenne.keep_picture(person, picture, "image/png", "")

    async def paste(self, person: str, text: str, link: str, pictures: Sequence[int]) -> Heard:
        images = tuple(Image(evidence=number) for number in pictures)
        return heard(await self.antenne.handle(Pasted(**self._event(person), text=text, link=link, images=images)))

    async def command(self, person: str, text: str) -> Heard:
        return heard(await self.antenne.handle(Commanded(**self._event(person), text=text)))

    async def press(self, person: str, control: Control) -> Heard:
        return heard(await self.antenne.handle(Pressed(**self._event(person), press=control.handle)))

    async def submit(self, person: str, form: Asked, values: Mapping[str, str], pictures: Sequence[int]) -> Heard:
        images = tuple(Image(evidence=number) for number in pictures)
        event = Submitted(**self._event(person), press=form.handle, values=dict(values), images=images)
        return heard(await self.antenne.handle(event))

    async def reply(self, person: str, message: Message, text: str, own: str) -> Heard:
        event = Replied(**self._event(person), conversation=message.conversation, remote=str(message.handle), text=text, own=own)
        return heard(await self.antenne.handle(event))

    async def edit(self, person: str, message: Message, own: str, text: str | None) -> Heard:
        event = Edited(**self._event(person), conversation=message.conversation, own=own, text=text)
        return heard(await self.antenne.handle(event))

    async def inbox(self, person: str, conversation: str) -> list[Message]:
        found = []
        for channel in await self.antenne.channels(person):
            if conversation not in channel.conversation:
                continue
            shown = await self.antenne.read(person, channel.conversation)
            found += [Message(channel.conversation, sheet(item.card), item.message, item.parent) for item in shown]
        return found

    async def work(self) -> None:
        await self.antenne.work()


def heard(answer: Answer) -> Heard:
    """An answer of the bot as its reader gets it."""
    form = None
    if answer.form is not None:
        fields = tuple(Question(item.name, item.label, item.value, item.options) for item in answer.form.fields)
        form = Asked(answer.form.title, fields, answer.form.press, dump_form(answer.form), answer.form)
    card = sheet(answer.card) if answer.card is not None else None
    return Heard(answer.note, answer.refused, form, card, tuple(map(sheet, answer.cards)))


def sheet(card: Card) -> Sheet:  # noqa: C901 - one case for each block of the vocabulary
    """A card of the one vocabulary as it is read."""
    says: list[str] = []
    quotes: list[str] = []
    copies: list[tuple[str, str]] = []
    facts: dict[str, str] = {}
    lines: list[Line] = []
    toggles: dict[str, bool] = {}
    chosen: dict[str, str] = {}
    table: list[tuple[str, ...]] = []
    for block in card.body:
        match block:
            case Text():
                says.append(block.text)
            case Quote():
                quotes.append(block.text)
            case Copy():
                copies.append((block.title, block.text))
            case Facts():
                facts |= {name: value.text if isinstance(value, Quote) else value for name, value in block.rows}
                quotes += [value.text for _, value in block.rows if isinstance(value, Quote)]
            case Table():
                table += [tuple(map(cell_text, row)) for row in block.rows]
                quotes += [cell.text for row in block.rows for cell in row if isinstance(cell, Quote)]
            case Chart():
                says.append(f"{block.title}. {block.alt}")
            case Checklist():
                lines += [Line(item.text, item.state, item.note) for item in block.items]
            case Toggles():
                toggles |= {label: on for label, on, _ in block.items}
            case Select():
                chosen |= {block.label: block.options[block.chosen][0]} if block.chosen is not None else {}
                says += [block.hint] if block.hint else []
            case Picture():
                says.append(block.alt)
            case Buttons():
                pass
    controls = tuple(control for block in card.body for control in controls_on(block))
    read = (tuple(says), tuple(quotes), tuple(copies), facts, tuple(lines), toggles, chosen, controls, dump(card), tuple(table))
    return Sheet(card.title, card.tone, *read, drawn_from=card)


def cell_text(cell: str | Quote | Button) -> str:
    """What a cell of a table says."""
    return cell if isinstance(cell, str) else cell.text if isinstance(cell, Quote) else cell.label


def controls_on(block: Block) -> list[Control]:
    """Everything on one block that can be pressed."""
    found: list[Control] = []
    match block:
        case Checklist():
            for item in block.items:
                found += [Control(item.text, "line", item.mark)] if item.mark is not None else []
                found += [Control(more.label, "button", more.press, item.text) for more in item.more]
        case Toggles():
            found = [Control(label, "toggle", press, block.label) for label, _, press in block.items]
        case Buttons():
            found = [Control(button.label, "button", button.press) for button in block.buttons]
        case Table():
            rows = [(cell_text(row[0]), cell) for row in block.rows for cell in row]
            found = [Control(cell.label, "cell", cell.press, within) for within, cell in rows if isinstance(cell, Button)]
        case Select():
            found = [Control(label, "option", press, block.label) for label, press in block.options]
        case _:
            pass
    return found


def dump(card: Card) -> str:  # noqa: C901 - one case for each block of the vocabulary
    """A card as plain text, each block marked by its kind: what the approved files hold."""
    out = [f"= {card.title} [{card.tone}]"]
    for block in card.body:
        match block:
            case Text():
                mark = {"plain": "", "strong": "** ", "hint": "· ", "question": "? "}[block.style]
                out.append(mark + block.text)
            case Quote():
                out += [f"> {line}" for line in block.text.split("\n")] + ([f"> — {block.by}"] if block.by else [])
            case Copy():
                out += [f"[copy] {block.title}:", *(f"    {line}" for line in block.text.split("\n"))]
            case Facts():
                out += [f"{name}: {'> ' + value.text if isinstance(value, Quote) else value}" for name, value in block.rows]
            case Table():
                out += [f"[table] {block.caption}", "    " + " | ".join(block.head)]
                for row in block.rows:
                    out.append(
                        "    " + " | ".join(f"<{cell.label}>" if isinstance(cell, Button) else cell_text(cell) for cell in row)
                    )
            case Chart():
                out.append(f"[chart] {block.title}. {block.alt}")
            case Checklist():
                marks = {"open": "[ ]", "done": "[x]", "waived": "[-]", "blocked": "[!]"}
                for item in block.items:
                    out.append(f"{marks[item.state]} {item.text}" + (f" ({item.note})" if item.note else ""))
                    out += [f"      <{' | '.join(more.label for more in item.more)}>"] if item.more else []
            case Toggles():
                out += [block.label, *(f"    {'(x)' if on else '( )'} {label}" for label, on, _ in block.items)]
            case Buttons():
                out.append(" ".join(f"<{button.label}>" for button in block.buttons))
            case Select():
                picked = "" if block.chosen is None else f" = {block.options[block.chosen][0]}"
                out.append(f"{block.label}{picked} {{{' | '.join(label for label, _ in block.options)}}}")
                out += [f"· {block.hint}"] if block.hint else []
            case Picture():
                out.append(f"[picture] {block.alt}")
    return "\n".join(out) + "\n"


def dump_form(form: Form) -> str:
    """A form as plain text."""
    out = [f"= {form.title} [form]"]
    out += [f"> {item.text}" if isinstance(item, Quote) else item.text for item in form.intro]
    for item in form.fields:
        picked = f" = {item.value}" if item.value else ""
        out.append(f"{item.label} ({item.kind}{', required' if item.required else ''}){picked}")
        out += [f"    {{{' | '.join(label for _, label in item.options)}}}"] if item.options else []
    return "\n".join([*out, f"<{form.submit}>"]) + "\n"


# --- people ------------------------------------------------------------------------------------------------


class NotThere(AssertionError):
    """What should be pressed, filled in or answered is not in sight."""


class Person:
    """Somebody of the organisation at their chat. ``note``: the last sentence for them alone; ``card``: what they work on."""

    def __init__(self, chat: "Chat", name: str) -> None:
        self.chat, self.name = chat, name
        self.note, self.refused = "", False
        self.form: Asked | None = None
        self.shown: tuple[Sheet, ...] = ()
        self._card: Sheet | None = None

    @property
    def card(self) -> Sheet:
        """The card being worked on, as it looks now."""
        assert self._card is not None, f"{self.name} works on nothing; the last note was {self.note!r}"
        return self._card

    @property
    def case(self) -> int:
        """The number of the case being worked on."""
        assert self.card.number is not None
        return self.card.number

    async def paste(self, text: str = "", *, link: str = "", pictures: Sequence[bytes] = ()) -> Heard:
        """Paste a comment."""
        kept = [await self.chat.driver.keep(self.name, item) for item in pictures]
        return await self._did(await self.chat.driver.paste(self.name, text, link, kept))

    async def command(self, text: str) -> Heard:
        """Type ``/moderate <text>``."""
        return await self._did(await self.chat.driver.command(self.name, text))

    async def press(self, label: str, *, on: str = "") -> Heard:
        """Press what bears ``label``: on the card being worked on, else on what was shown last, else in a message in sight.

        ``on``: a part of the checklist line or select that it belongs to, or of the message's place and title. A line may be
        named by a part.
        """
        control = await self._find(label, on)
        return await self._did(await self.chat.driver.press(self.name, control))

    async def fill(self, values: Mapping[str, str], *, pictures: Sequence[bytes] = ()) -> Heard:
        """Submit the open form: fields by label or name, choices by label or value; what is not named stays as it was."""
        form = self.form
        if form is None:
            raise NotThere(f"no form is open for {self.name}; the last note was {self.note!r}")
        filled = {item.name: item.value for item in form.fields}
        for key, value in values.items():
            item = next((item for item in form.fields if key in (item.label, item.name)), None)
            if item is None:
                raise NotThere(f"{form.title!r} has no field {key!r}; it has {[item.label for item in form.fields]}")
            filled[item.name] = next((option for option, label in item.options if value == label), value)
        kept = [await self.chat.driver.keep(self.name, item) for item in pictures]
        self.form = None
        return await self._did(await self.chat.driver.submit(self.name, form, filled, kept))

    async def reply(self, text: str, *, under: str, own: str = "") -> Heard:
        """Write under the newest message in sight whose place and title, or else words, hold ``under``."""
        return await self._did(await self.chat.driver.reply(self.name, await self.message(under), text, own))

    async def edit(self, text: str | None, *, under: str, own: str) -> Heard:
        """Change, or with ``None`` delete, what was written before as ``own``."""
        return await self._did(await self.chat.driver.edit(self.name, await self.message(under), own, text))

    async def inbox(self, conversation: str = "") -> list[Sheet]:
        """What can be read, oldest first: everywhere, or in one conversation such as ``#communicatie``."""
        return [item.sheet for item in await self.messages(conversation)]

    async def messages(self, conversation: str = "") -> list[Message]:
        """As `inbox`, with where each stands."""
        return await self.chat.driver.inbox(self.name, conversation)

    async def message(self, part: str) -> Message:
        """The newest message that is under none and whose place and title, or else words, hold ``part``."""
        seen = [item for item in await self.messages() if item.under is None]
        found = [item for item in seen if part in item.place] or [item for item in seen if part in item.sheet.text]
        if not found:
            raise NotThere(f"{self.name} sees no message with {part!r}, only {[item.place for item in seen]}")
        return found[-1]

    async def sees(self, part: str) -> Sheet:
        """The newest card in sight, also in a thread, whose place and title, or else words, hold ``part``."""
        seen = await self.messages()
        found = [item for item in seen if part in item.place] or [item for item in seen if part in item.sheet.text]
        if not found:
            raise NotThere(f"{self.name} sees nothing with {part!r}, only {[item.place for item in seen]}")
        return found[-1].sheet

    async def look(self) -> None:
        """See the card being worked on as it is now."""
        if self._card is None or self._card.number is None:
            return
        mine = [item.sheet for item in await self.messages(f":{self.name}") if item.under is None]
        self._card = next((item for item in mine if item.number == self._card.number), self._card)

    async def _find(self, label: str, on: str) -> Control:
        seen: list[tuple[str, Sequence[Control]]] = []
        if self._card is not None:
            seen.append((self._card.title, self._card.controls))
        seen += [(item.title, item.controls) for item in self.shown]
        found = self._pick(seen, label, on)
        if found is None:
            messages = [(item.place, item.sheet.controls) for item in reversed(await self.messages())]
            found = self._pick(messages, label, on)
            seen += messages
        if found is None:
            there = [f"{title}: {[control.label for control in controls]}" for title, controls in seen if controls]
            where = f" on {on!r}" if on else ""
            raise NotThere(f"{self.name} sees no {label!r}{where}; there is\n" + "\n".join(there))
        return found

    def _pick(self, seen: Sequence[tuple[str, Sequence[Control]]], label: str, on: str) -> Control | None:
        for title, controls in seen:
            near = [item for item in controls if not on or on in item.within or on in title]
            found = [item for item in near if item.label == label]
            found = found or [item for item in near if item.kind == "line" and label in item.label]
            if len(found) > 1 and len({item.within for item in found}) > 1:
                raise NotThere(f"{label!r} stands on several: {[item.within or title for item in found]}")
            if found:
                return found[0]
        return None

    async def _did(self, heard: Heard) -> Heard:
        self.note, self.refused, self.form = heard.note, heard.refused, heard.form
        self.shown = heard.cards
        if heard.card is not None:
            self._card = heard.card
        await self.chat.work()
        return heard


class Chat:
    """A running bot, its clock and its people."""

    def __init__(self, antenne: Antenne, clock: list[datetime], driver: Driver | None = None) -> None:
        self.antenne, self._clock = antenne, clock
        self.driver: Driver = driver or LocalDriver(antenne)
        self._people: dict[str, Person] = {}

    @property
    def now(self) -> datetime:
        return self._clock[0]

    def person(self, name: str) -> Person:
        """Somebody of the organisation, by id; the same one each time."""
        return self._people.setdefault(name, Person(self, name))

    async def work(self) -> None:
        """Let the bot do all that is due now, and everybody look at their card again."""
        await self.driver.work()
        for person in self._people.values():
            await person.look()

    def set_time(self, at: datetime) -> None:
        """Move the clock without letting the bot work."""
        self._clock[0] = at

    async def pass_time(self, **length: float) -> None:
        """Move the clock, as `timedelta` says it, and let the bot work."""
        self._clock[0] += timedelta(**length)
        await self.work()

    async def stored(self, work: Callable[[Connection], T]) -> T:
        """What the database holds."""
        return await self.antenne.store.read(work)


# --- a bot to speak with -----------------------------------------------------------------------------------


def merged(known: Any, changes: Any) -> Any:
    """``known`` with ``changes`` laid over it, mapping by mapping; ``None`` takes a name away."""
    if not (isinstance(known, dict) and isinstance(changes, dict)):
        return changes
    gone = {name for name, value in changes.items() if value is None}
    kept = {name: value for name, value in known.items() if name not in gone}
    return kept | {name: merged(known.get(name), value) for name, value in changes.items() if name not in gone}


def organisation_in(folder: Path, changes: Mapping[str, Any], tree: Callable[[str], str] | None = None) -> Path:
    """Torenbeek with ``changes``, its FAQ beside it; with ``tree``, its own copy of the default tree, every file through ``tree``."""
    folder.mkdir(parents=True, exist_ok=True)
    values = merged(read(SAMPLE).values, dict(changes))
    path = folder / SAMPLE.name
    path.write_text(yaml.dump(values, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False), encoding="utf-8")
    shutil.copy(SAMPLE.with_name("faq.yaml"), folder)
    if tree is not None:
        (folder / "lokaal-bestuur").mkdir(exist_ok=True)
        for file in (TREES / "lokaal-bestuur").glob("*.yaml"):
            (folder / "lokaal-bestuur" / file.name).write_text(tree(file.read_text(encoding="utf-8")), encoding="utf-8")
    return path


@asynccontextmanager
async def talking(
    url: str,
    folder: Path,
    *,
    changes: Mapping[str, Any] | None = None,
    tree: Callable[[str], str] | None = None,
    at: datetime = START,
    driver: Callable[[Antenne], Driver] = LocalDriver,
) -> AsyncIterator[Chat]:
    """The whole bot on the database ``url``, with a clock that stands still until `Chat.pass_time`. Keys lie in ``folder``.

    A SQLite file that is not there yet comes with its tables.
    """
    if url.startswith("sqlite:"):
        tables_at(Path(url.removeprefix("sqlite:///")))
    path = SAMPLE
    if changes or tree:
        path = organisation_in(folder / f"organisation-{uuid4().hex}", changes or {}, tree)
    settings = Settings(organisation=path, database_url=SecretStr(url), secret_key_file=folder / "secret.key")
    clock = [at]
    async with running(settings, clock=lambda: clock[0]) as antenne:
        yield Chat(antenne, clock, driver(antenne))


def speaks(name: str, language: str) -> dict[str, Any]:
    """The change that gives a person another language."""
    return {"people": {name: {"language": language}}}


ENGLISH = {"people": {name: {"language": "en"} for name in ("an", "karim", "sofie", "lies", "joris", "tom")}}

__all__ = [
    "ENGLISH", "PNG", "START", "Asked", "Chat", "Control", "Driver", "Heard", "Line", "LocalDriver", "Message", "NotThere", "Person",
    "Question", "Sheet", "controls_on", "dump", "dump_form", "heard", "merged", "organisation_in", "sheet", "speaks", "talking",
]  # fmt: skip
