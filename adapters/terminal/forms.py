"""A form on the terminal: its fields one by one, pictures by their path."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from rich.console import RenderableType
from rich.rule import Rule
from rich.text import Text as Line

from adapters.terminal.asking import CANCEL, CLEAR
from adapters.terminal.controls import fold
from adapters.terminal.render import inert, key_of, numbered, quoted
from bot.cards import (
    Field,
    Form,
    Quote,
)
from bot.comment_text import clean
from bot.events import Actor, Image, Submitted
from bot.ports import NotTaken, Pictures
from bot.sentences import Sentences

if TYPE_CHECKING:
    from bot.antenne import Antenne


MOST_FILES = 10
MOST_BYTES = 10 * 2**20  # of one picture; what looks at it refuses more
Asks = Callable[..., Awaitable[str | None]]  # (prompt, default)
Say = Callable[[RenderableType], None]


class Forms:
    """Asks a form's fields one by one, for one person."""

    def __init__(
        self, antenne: "Antenne", pictures: Pictures, person: str, wording: Sentences, ask: Asks, say: Say, *, redraws: bool
    ) -> None:
        """`ask` gives back CANCEL for whoever wants to leave the form."""
        self._antenne, self._pictures, self._person = antenne, pictures, person
        self._wording, self._ask, self._say, self._redraws = wording, ask, say, redraws

    async def fill(self, form: Form) -> Submitted | None:
        """Ask field by field; `None` when the form was left."""
        self._say(Rule(inert(form.title, "bold"), characters="─", style="dim", align="left"))
        for block in form.intro:
            self._say(quoted(block, self._wording) if isinstance(block, Quote) else inert(block.text))
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
        actor = Actor(platform="local", address=self._person)
        return Submitted(id=event_id(), actor=actor, press=form.press, values=values, images=tuple(images))

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
            typed = await self._ask(f"{clean(field.label)}{' *' if field.required else ''}: ", default)
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
        rows = numbered()
        heads = dict.fromkeys(range(len(labels)), "") | dict(enumerate(field.groups))
        for number, (value, label) in enumerate(field.options, 1):
            if heads[number - 1] != (heads[number - 2] if number > 1 else ""):
                rows.add_row("", inert(heads[number - 1], "dim"))
            rows.add_row(key_of(str(number)), inert(label, "bold" if value == field.value else ""))
        if field.hint:
            self._say(inert(field.hint, "dim"))
        self._say(rows)
        now = labels[values.index(field.value)] if field.value in values else ""
        prompt = f"{clean(field.label)}{' *' if field.required else ''}{f' [{clean(now)}]' if now else ''}: "
        while True:
            typed = await self._ask(prompt)
            if typed is None or typed.strip() == CANCEL:
                return None
            word = typed.strip()
            if not word or word == CLEAR:
                return "" if word else field.value
            folded = [fold(label) for label in labels]
            if fold(word) in folded:
                return values[folded.index(fold(word))]
            if word in values:
                return word
            if word.isdecimal() and 1 <= int(word) <= len(values):
                return values[int(word) - 1]
            self._say(inert(self._wording.t("terminal.no_number", typed=word), "red"))

    async def _files(self, field: Field) -> list[Image] | None:
        """Pictures from this machine, one path at a time until an empty line."""
        kept: list[Image] = []
        while len(kept) < MOST_FILES:
            typed = await self._ask(f"{clean(field.label)} ({self._wording.t('terminal.path')}): ")
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
            kept.append(Image(evidence=await self._antenne.keep_picture(self._person, content, looked.media, looked.text)))
        return kept


def event_id() -> str:
    """A new id for what happens here."""
    return f"local:{uuid4().hex}"


def _read(path: str) -> bytes:
    """A file's bytes, as many as are needed to see that it is too large for a picture."""
    with Path(path).expanduser().open("rb") as file:
        return file.read(MOST_BYTES + 1)
