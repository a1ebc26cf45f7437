"""Cards and forms as Adaptive Cards 1.5. Pure; whatever goes in, what comes out is within Teams' limits.

Every word stands in a ``RichTextBlock``'s ``TextRun``, in which nothing is parsed; only whom *we* mention stands in a ``TextBlock``. A
person's own words lose the signs that make a client see a link. What does not fit is cut, and says so.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, assert_never, get_args

import orjson

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
    Item,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
)
from bot.comment_text import clean, cut, excerpt
from bot.presses import (
    Press,
    ThreadPress,
    asks,
    pack,
)

Json = dict[str, Any]
Translate = Callable[..., str]

CARD = "application/vnd.microsoft.card.adaptive"
LARGEST = 76_000  # bytes of a card as UTF-16; Teams takes about 100 kB of a whole message
SMALLER = 20_000  # the same, once Teams has said that a message was too large
ROW, SHORT = 6, 22  # buttons in a row; answers stand beneath each other unless all are this short
WIDTH, AROUND = 58, 5  # characters of a row, and what a button takes around its own
TITLE, OPTION, LINES, COLUMNS = 56, 200, 300, 12  # a longer title is wider than a card: it stands above its button
SHORT_TEXT = 120  # characters of words that are worth remembering
PLAIN_DATA = "press"  # the key under which a button carries its press

_SHADE = {"danger": "attention", "warning": "warning", "success": "good", "info": "accent", "neutral": "emphasis"}
_STATE = {"open": "☐", "done": "☑", "waived": "☒", "blocked": "⛔"}
_STYLE = {"primary": "positive", "danger": "destructive"}
_TEXT: dict[str, Json] = {"plain": {}, "strong": {"weight": "Bolder"}, "hint": {"isSubtle": True, "size": "Small"},
                          "question": {"weight": "Bolder", "size": "Medium"}}  # fmt: skip
_THREAD: tuple[type[Press], ...] = get_args(ThreadPress)
# What is drawn less and less of, until it fits: characters of one text, buttons, rows of facts.
_STEPS = ((40_000, 400, 400), (12_000, 200, 200), (4_000, 150, 100), (1_500, 120, 60), (500, 90, 40), (150, 50, 20), (40, 20, 10))


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody of the organisation who is told: their object id and their name in its file."""

    id: str
    name: str


# --- words -------------------------------------------------------------------------------------------------

_TAG = re.compile(r"<(?=\s*/?\s*at\b)", re.IGNORECASE)
_SCHEME = re.compile(
    r"(?i):(?=//)|(?<=mailto):|(?<=tel):|(?<=sms):|(?<=script):|(?<=data):|(?<=file):|(?<=ms-\w{3}):|(?<=msteams):"
)
_SITE = re.compile(
    r"(?i)(?<=[\w-])\.(?=(?:[a-z]{2}|com|org|net|info|biz|xyz|top|online|site|app|dev|shop|gov|edu|example|link|click)\b)"
)
_FRONT = re.compile(r"(?i)(?<=www)\.")
_MARKED = re.compile(r"[\\<>*_~`\[\]#|]")


def inert(text: str) -> str:
    """Words of which nothing can become a mention."""
    return _TAG.sub("‹", clean(text))


@lru_cache(maxsize=4096)
def _short(text: str) -> str:
    """As `inert`: labels and sentences of ours come again and again."""
    return inert(text)


def defanged(text: str) -> str:
    """A person's own words, in which no client finds a link; every character can still be read."""
    text = _SCHEME.sub("[:]", inert(text))
    return _FRONT.sub("[.]", _SITE.sub("[.]", text))


def line(text: str) -> str:
    """Words of ours where Teams would parse them, as in a notification: no mention, no mark-up, one line."""
    return _MARKED.sub("", excerpt(clean(text), 250))


# --- cards -------------------------------------------------------------------------------------------------


def card(
    shown: Card,
    t: Translate,
    mentions: Sequence[Mention] = (),
    *,
    under: bool = False,
    largest: int = LARGEST,
    charts: Mapping[Chart, str] = MappingProxyType({}),
) -> Json:
    """The card of a message. ``under``: nobody's words arrive beneath it by themselves, so it has a box to answer in where that
    makes sense. ``charts``: those that are drawn, as the address of a picture; of the others only the words are shown."""
    known: dict[str, str] = {}
    longest, most, rows = _STEPS[0]
    left = dict(charts)
    while left:  # a picture less costs nobody a word: what it shows stands beside it
        drawn = _Pen(t, longest, most, rows, charts=left, known=known).card(shown, mentions, under=under)
        if size(drawn) <= largest:
            return drawn
        left.popitem()
    for longest, most, rows in _STEPS:
        drawn = _Pen(t, longest, most, rows, known=known).card(shown, mentions, under=under)
        if size(drawn) <= largest:
            return drawn
    return _Pen(t, 40, 8, 4, blocks=40).card(shown, mentions, under=False)


def dialog(form: Form, t: Translate, wrong: str = "") -> Json:
    """A form as the card of a dialog. ``wrong``: why it was not taken."""
    for longest, _, _ in _STEPS:
        drawn = _Pen(t, longest, 0, 0).dialog(form, wrong)
        if size(drawn) <= LARGEST:
            return drawn
    return _Pen(t, 40, 0, 0, blocks=40).dialog(replace(form, fields=tuple(map(_fewer, form.fields))), wrong)


def note(text: str, t: Translate) -> Json:
    """A card that only says something."""
    return card(Card("", (Text(text),)), t)


def opening(form: Form, t: Translate) -> Json:
    """A card with the button that opens a form: a message cannot open a dialog by itself."""
    made = card(Card("", (Text(t("teams.open_form")), Buttons((Button(form.title, form.press, "primary"),)))), t)
    for row in made["body"]:
        for action in row.get("actions") or ():  # whatever the press is, here it asks
            action |= {"type": "Action.Submit", "data": {PLAIN_DATA: pack(form.press), "msteams": {"type": "task/fetch"}}}
            for name in ("verb", "fallback"):
                action.pop(name, None)
    return made


def message(drawn: Json, notice: str, t: Translate) -> Json:
    """The activity that shows a card; its summary is what a notification says."""
    return {
        "type": "message",
        "summary": line(notice) or t("teams.notice"),
        "attachments": [{"contentType": CARD, "content": drawn}],
    }


def size(value: object) -> int:
    """Bytes as Teams counts them."""
    return len(orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode().encode("utf-16-le"))


def _fewer(one: Field) -> Field:
    return replace(one, options=one.options[:30], hint="", value=cut(one.value, 200)[0])


@dataclass(slots=True)
class _Pen:
    """Draws one card within what it may use. ``longest``: characters of one text; ``most``: buttons; ``rows``: of facts."""

    t: Translate
    longest: int
    most: int
    rows: int
    blocks: int = 400
    charts: Mapping[Chart, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)  # words that were made inert
    _used: int = field(default=0)
    _number: int = field(default=0)

    def card(self, shown: Card, mentions: Sequence[Mention], *, under: bool) -> Json:
        body: list[Json] = []
        if shown.title:
            title = _rich([_run(_one_line(self._fit(shown.title)), weight="Bolder", size="Medium")])
            body.append({"type": "Container", "id": "title", "style": _SHADE[shown.tone], "bleed": True, "items": [title]})
        names = [(who, f"<at>{_MARKED.sub('', who.name).strip() or who.id}</at>") for who in mentions]
        if names:
            words = ", ".join(name for _, name in names)
            body.append({"type": "TextBlock", "id": "mentions", "text": words, "wrap": True})
        for block in shown.body[: self.blocks]:
            body += self._block(block)
        if under and _can_be_answered(shown):
            body.append(self._answer())
        made = _root(body or [_rich([_run("–")])])
        made["fallbackText"] = line(shown.notice) or self.t("teams.notice")
        if names:
            entities = [{"type": "mention", "text": name, "mentioned": {"id": who.id, "name": who.name}} for who, name in names]
            made["msteams"]["entities"] = entities
        return made

    def dialog(self, form: Form, wrong: str) -> Json:
        body: list[Json] = []
        if wrong:
            body.append(self._lines(wrong, id="wrong", color="Attention", weight="Bolder"))
        for part in form.intro:
            body += self._block(part)
        for item in form.fields[:60]:
            body += self._input(item)
        send = {
            "type": "Action.Submit",
            "title": self._label(form.submit or self.t("teams.send")),
            "data": {PLAIN_DATA: pack(form.press)},
        }
        return _root(body) | {"actions": [send]}

    # --- blocks --------------------------------------------------------------------------------------------

    def _block(self, block: Block) -> Iterator[Json]:  # noqa: C901 - one case for each block of the vocabulary
        match block:
            case Text():
                how = _TEXT[block.style]
                if block.text:
                    yield self._lines(block.text, id=self._id(f"text.{block.style}"), **how)
            case Quote():
                yield self._quote(block)
            case Copy():
                head = self._lines(block.title, id=self._id("copytitle"), weight="Bolder")
                words = self._lines(block.text, id=self._id("copy"))
                yield {"type": "Container", "style": "accent", "items": [head, words]}
            case Facts():
                yield from self._facts(block)
            case Table():
                yield from self._table(block)
            case Chart():
                yield self._lines(block.title, id=self._id("charttitle"), weight="Bolder")
                if block in self.charts:
                    alt = excerpt(self._inert(block.alt), 1_000)
                    yield {"type": "Image", "id": self._id("chart"), "url": self.charts[block], "altText": alt, "size": "Stretch"}
                yield self._lines(block.alt, id=self._id("chartalt"), isSubtle=True, size="Small")
            case Checklist():
                for item in block.items:
                    yield from self._item(item)
            case Toggles():
                yield self._lines(block.label, id=self._id("toggles"), weight="Bolder")
                shown = [Button(f"{'☑' if on else '☐'} {label}", press) for label, on, press in block.items]
                yield from self._rows([self._button(one) for one in self._room(shown)])
            case Picture():
                yield self._lines(self.t("teams.picture", alt=block.alt), id=self._id(f"picture.{block.evidence}"), isSubtle=True)
            case Buttons():
                yield from self._buttons(block)
            case Select():
                yield from self._select(block)
            case _:
                assert_never(block)

    def _quote(self, block: Quote) -> Json:
        items = [self._lines(f"{self._inert(block.by)}:", weight="Bolder", size="Small")] if block.by else []
        items.append(self._lines(defanged(block.text) or "–", id=self._id("quote"), italic=True))
        return {"type": "Container", "style": "emphasis", "items": items}

    def _facts(self, block: Facts) -> Iterator[Json]:
        if len(block.rows) > self.rows:
            yield self._lines(self.t("teams.rows_cut", count=len(block.rows) - self.rows), id=self._id("hint"), isSubtle=True)
        for label, value in block.rows[-self.rows :]:
            words = defanged(value.text) if isinstance(value, Quote) else self._inert(value)
            runs = [_run(f"{_one_line(self._inert(label))}: ", weight="Bolder")] if self._inert(label) else []
            runs.append(_run(_one_line(self._cut(words)) or "–"))
            sort = "factquote" if isinstance(value, Quote) else "fact"
            yield _rich(runs) | {"id": self._id(sort), "spacing": "Small"}

    def _table(self, block: Table) -> Iterator[Json]:
        if block.caption:
            yield self._lines(block.caption, id=self._id("tabletitle"), weight="Bolder")
        head = block.head[:COLUMNS]
        if not head:
            return
        rows = [[self._cell(name, weight="Bolder") for name in head]]
        for row in block.rows[: self.rows]:
            cells = (*row, *[""] * len(head))[: len(head)]
            rows.append([self._cell(one) for one in cells])
        made: Json = {"type": "Table", "id": self._id("table"), "gridStyle": "default", "verticalCellContentAlignment": "Center"}
        made["columns"] = [{"width": 2 if at == 0 else 1} for at in range(len(head))]
        made["rows"] = [{"type": "TableRow", "cells": [{"type": "TableCell", "items": [one]} for one in row]} for row in rows]
        yield made
        if len(block.rows) > self.rows:
            yield self._lines(self.t("teams.rows_cut", count=len(block.rows) - self.rows), id=self._id("hint"), isSubtle=True)

    def _cell(self, cell: str | Quote | Button, **how: Any) -> Json:
        if isinstance(cell, Button):
            found = self._room([cell])
            if found:
                return {"type": "ActionSet", "actions": [self._button(cell)]}
            return _rich([_run(self._label(cell.label))])
        words = defanged(cell.text) if isinstance(cell, Quote) else self._inert(cell)
        made = _rich([_run(_one_line(self._cut(words)) or "–", **how)])
        return made | {"id": self._id("cellquote")} if isinstance(cell, Quote) else made

    def _item(self, item: Item) -> Iterator[Json]:
        settled = item.state in ("done", "waived")
        words = [self._lines(f"{_STATE[item.state]} {item.text}", isSubtle=settled)]
        if item.note:
            words.append(self._lines(item.note, id=self._id("itemnote"), isSubtle=True, size="Small"))
        actions = []
        if item.mark is not None:
            key = "teams.tick" if item.state in ("open", "blocked") else "teams.untick"
            actions += [self._button(one) for one in self._room([Button(self.t(key), item.mark)])]
        actions += [self._button(one) | {"mode": "secondary"} for one in self._room(item.more)]
        columns: list[Json] = [{"type": "Column", "width": "stretch", "verticalContentAlignment": "Center", "items": words}]
        if actions:
            columns.append({"type": "Column", "width": "auto", "items": [{"type": "ActionSet", "actions": actions}]})
        yield {"type": "ColumnSet", "id": self._id(f"item.{item.state}"), "spacing": "Small", "columns": columns}

    def _buttons(self, block: Buttons) -> Iterator[Json]:
        shown = self._room(block.buttons)
        labels = [f"{number}. {one.label}" if block.numbered else one.label for number, one in enumerate(shown, 1)]
        for label in labels:
            if len(label) > TITLE:  # too long for a button: in full above it
                yield self._lines(label, id=self._id("label"))
        each = block.numbered and any(len(label) > SHORT for label in labels)
        rows = list(self._rows([self._button(one, label) for one, label in zip(shown, labels, strict=True)], each=each))
        yield from ([rows[0] | {"id": self._id("buttons")}, *rows[1:]] if rows else [])

    def _select(self, block: Select) -> Iterator[Json]:
        name = self._id("select")
        choices = [{"title": self._option(label), "value": pack(press)} for label, press in self._room(block.options)]
        if not choices:
            return
        asked: Json = {"type": "Input.ChoiceSet", "id": name, "label": self._option(block.label), "choices": choices}
        asked["placeholder"] = self.t("teams.choose")
        if block.chosen is not None and 0 <= block.chosen < len(choices):
            asked["value"] = choices[block.chosen]["value"]
        column: Json = {"type": "Column", "width": "stretch", "items": [asked]}
        data = {"select": name}
        save = _execute(self._label(self.t("teams.choose_this")), data, inputs=True)
        save_column: Json = {"type": "Column", "width": "auto", "verticalContentAlignment": "Bottom",
                             "items": [{"type": "ActionSet", "actions": [save]}]}  # fmt: skip
        yield {"type": "ColumnSet", "columns": [column, save_column]}
        if block.hint:
            yield self._lines(block.hint, id=self._id("selecthint"), isSubtle=True, size="Small")

    def _answer(self) -> Json:
        """A box to answer beneath a message, where Teams has none, or passes on nothing of what is written there."""
        box = {"type": "Input.Text", "id": "reply", "label": self.t("teams.reply_label"), "isMultiline": True, "isRequired": True,
               "maxLength": 20_000, "errorMessage": self.t("teams.required")}  # fmt: skip
        inner = {"type": "AdaptiveCard", "body": [box],
                 "actions": [_execute(self.t("teams.reply_send"), {"write": "reply"}, inputs=True)]}  # fmt: skip
        shown = {"type": "Action.ShowCard", "title": self.t("teams.reply"), "card": inner}
        return {"type": "ActionSet", "id": "answer", "actions": [shown]}

    # --- controls ------------------------------------------------------------------------------------------

    def _button(self, button: Button, label: str = "") -> Json:
        title = self._label(label or button.label)
        data: Json = {PLAIN_DATA: pack(button.press)}
        if asks(button.press):  # only a Submit can open a dialog
            made: Json = {"type": "Action.Submit", "title": title, "data": data | {"msteams": {"type": "task/fetch"}},
                          "associatedInputs": "none"}  # fmt: skip
        else:
            made = _execute(title, data)
        if button.style != "plain":
            made["style"] = _STYLE[button.style]
        if button.asks and made["type"] == "Action.Execute":
            inner = {"type": "AdaptiveCard", "body": [self._lines(button.asks)], "actions": [made]}
            asked: Json = {"type": "Action.ShowCard", "title": title, "card": inner}
            return asked | ({"style": made["style"]} if "style" in made else {})
        return made

    def _room(self, items: Sequence[Any]) -> Sequence[Any]:
        """As many of these as may still be drawn."""
        left = items[: max(0, self.most - self._used)]
        self._used += len(left)
        return left

    @staticmethod
    def _rows(actions: list[Json], *, each: bool = False) -> Iterator[Json]:
        """Rows that fit the width of a card: Teams cuts off what does not. ``each``: one beneath the other."""
        row: list[Json] = []
        for action in actions:
            wide = sum(len(one["title"]) + AROUND for one in [*row, action])
            if row and (each or wide > WIDTH or len(row) == ROW):
                yield {"type": "ActionSet", "spacing": "Small", "actions": row}
                row = []
            row.append(action)
        if row:
            yield {"type": "ActionSet", "spacing": "Small", "actions": row}

    # --- inputs --------------------------------------------------------------------------------------------

    def _input(self, item: Field) -> Iterator[Json]:
        made: Json = {"id": f"v.{item.name}", "label": self._option(item.label)}
        if item.required:  # a client marks it by itself
            made |= {"isRequired": True, "errorMessage": self.t("teams.required")}
        value = cut(clean(item.value), min(self.longest, 60_000))[0]
        match item.kind:
            case "choice":
                choices = [{"title": self._option(label), "value": value} for value, label in item.options if value]
                if not choices:
                    return
                nothing = next((label for value, label in item.options if not value), "")  # Teams keeps no choice without a value
                said = self._option(nothing) if nothing else self.t("teams.choose")
                made |= {"type": "Input.ChoiceSet", "choices": choices, "placeholder": said}
                if any(choice["value"] == item.value for choice in choices):
                    made["value"] = item.value
            case "files":  # a dialog of Teams takes no files
                words = f"{item.label}: {self.t('teams.files')}"
                yield self._lines(words, id=f"files.{item.name}", isSubtle=True, size="Small")
                return
            case "line" | "moment" | "text":
                made |= {"type": "Input.Text", "maxLength": max(1, item.limit), "value": value}
                if item.kind == "text":
                    made["isMultiline"] = True
                elif item.kind == "moment":
                    made["placeholder"] = self.t("teams.moment")
            case _:
                assert_never(item.kind)
        yield made
        if item.hint:
            yield self._lines(item.hint, id=self._id("hint"), isSubtle=True, size="Small")

    # --- words ---------------------------------------------------------------------------------------------

    def _lines(self, text: str, *, id: str = "", **how: Any) -> Json:  # noqa: A002 - the name in Adaptive Cards
        """Words over several lines, each a block: a run shows no line feed."""
        parts = self._fit(text).split("\n")
        if len(parts) > LINES:
            parts = [*parts[: LINES - 1], " ".join(parts[LINES - 1 :])]
        rows = [_rich([_run(part or " ", **how)]) for part in parts]
        if len(rows) == 1:
            return rows[0] | ({"id": id} if id else {})
        for row in rows[1:]:
            row["spacing"] = "None"
        return {"type": "Container", "items": rows} | ({"id": id} if id else {})

    def _inert(self, text: str) -> str:
        if len(text) <= SHORT_TEXT:
            return _short(text)
        found = self.known.get(text)
        if found is None:
            found = self.known[text] = inert(text)
        return found

    def _fit(self, text: str) -> str:
        return self._cut(self._inert(text)) or "–"

    def _cut(self, text: str) -> str:
        short, was_cut = cut(text, self.longest)
        if not was_cut:
            return short
        return f"{short.rstrip()}…" + (f" {self.t('teams.cut')}" if self.longest > 100 else "")

    def _label(self, text: str) -> str:
        return excerpt(self._inert(text), TITLE) or "–"

    def _option(self, text: str) -> str:
        return excerpt(self._inert(text), min(OPTION, max(self.longest, 40))) or "–"

    def _id(self, kind: str) -> str:
        """What an element is, with a number that makes it one of its kind on the card."""
        self._number += 1
        return f"{kind}.{self._number}"


def _can_be_answered(shown: Card) -> bool:
    """A thread's own card, or somebody's words that were passed on."""
    pressed = (one.press for part in shown.body if isinstance(part, Buttons) for one in part.buttons)
    return any(isinstance(press, _THREAD) for press in pressed) or (
        not shown.title and any(isinstance(part, Quote) for part in shown.body)
    )


def _execute(title: str, data: Json, *, inputs: bool = False) -> Json:
    """A button that asks the bot and gets the new card back; an older client sends the same as a message."""
    shared: Json = {"title": title, "data": data, "associatedInputs": "auto" if inputs else "none"}
    return {"type": "Action.Execute", "verb": "press", **shared, "fallback": {"type": "Action.Submit", **shared}}


def _one_line(text: str) -> str:
    """A run shows no line feed."""
    return " ".join(text.split("\n"))


def _root(body: list[Json]) -> Json:
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "body": body,
        "msteams": {"width": "Full"},
    }


def _rich(runs: list[Json]) -> Json:
    return {"type": "RichTextBlock", "inlines": runs}


def _run(text: str, **how: Any) -> Json:
    return {"type": "TextRun", "text": text} | {name: value for name, value in how.items() if value}
