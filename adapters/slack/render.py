"""Cards as Block Kit. Pure; whatever goes in, what comes out is within Slack's limits.

Every word on a card stands in a ``rich_text`` text element, which Slack never parses, or on a control as plain text without emoji names.
What does not fit goes into ``rest``, to be sent as a file beneath the message.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, starmap
from typing import assert_never

from adapters.slack.events import packed
from adapters.slack.words import (
    ONE_TEXT,
    TOTAL,
    Drawn,
    Json,
    Translate,
    Words,
    fit,
    inert,
    plain_text,
    rich_elements,
    rich_section,
    rich_text,
    rich_words,
    slices,
    weight,
)  # fmt: skip
from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Chart,
    Checklist,
    Copy,
    Facts,
    Item,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
)
from bot.comment_text import clean
from bot.presses import CasePress, Press, Waive

MESSAGE_BLOCKS = 50
FRAME = 50  # characters of the total that go to the names around one run of words
WORDS_AT_LEAST = 1_500  # of those, what words get when the controls take much
LABEL, OPTION, VALUE, OPTIONS, OVERFLOW, ROW = 75, 75, 150, 100, 5, 25
FEW = 8  # options that stand on the message itself
HEADER, HINT = 150, 150
RESTS = 2  # runs of words in one message that only goes on
TABLE_ROWS, TABLE_COLUMNS, TABLE = 100, 20, 3_500  # rows, columns, and characters of the one table that stands as such
FACTS = 40  # rows shown of one table; the rest is in the file

_TONE = {"danger": "🔴 ", "warning": "🟠 ", "success": "🟢 ", "info": "🔵 ", "neutral": ""}
_STATE = {"open": "☐", "done": "☑", "waived": "☒", "blocked": "⛔"}


def message(card: Card, t: Translate, mentions: Sequence[str] = (), *, most: int = MESSAGE_BLOCKS, table: bool = True) -> Drawn:
    """A card as the blocks of a message. ``mentions``: user ids that are told; ``table``: whether one may stand in it as such."""
    parts = list(_parts(card, t, mentions, table=table))
    controls = _controls(parts)
    if controls > TOTAL - WORDS_AT_LEAST:  # the ready reasons to leave a line out can be typed as well
        parts = list(_parts(replace(card, body=tuple(map(_without_reasons, card.body))), t, mentions))
        parts = _fewer_controls(parts, TOTAL - WORDS_AT_LEAST)
        controls = _controls(parts)
    words = [part for part in parts if isinstance(part, Words)]
    room = TOTAL - controls - 100
    over = words[max(10, room // (2 * FRAME)) :]  # more runs of words than there is room for: they go into the file
    rest = [one.text for one in over]
    for one in over:
        one.text = ""
    words = words[: len(words) - len(over)]
    rest = [*fit(words, room - FRAME * len(words), t("slack.cut")), *rest]
    blocks = list(_blocks(parts))
    if len(blocks) > most:
        blocks = _merged(blocks, most)
    return Drawn(blocks or [rich_text([rich_section([rich_words("–")])])], "\n\n———\n\n".join(text for text in rest if text))


def several(cards: Iterable[Card], t: Translate, note: str = "") -> list[Drawn]:
    """An answer for one person only: a sentence and cards, each of them a message; what finds no room on a card goes on in the next,
    since nothing can be laid beneath a message that one person sees."""
    drawn = [Drawn([rich_text([rich_section([rich_words(clean(note)[:ONE_TEXT])])])])] if note else []
    for card in cards:
        shown = message(card, t, table=False)
        drawn += [Drawn(shown.blocks), *_rest(shown.rest)]
    return drawn


def _rest(text: str) -> Iterator[Drawn]:
    """Words that found no room, as messages of their own."""
    pieces = slices(text) if text else []
    for start in range(0, len(pieces), RESTS):
        yield Drawn([rich_text([rich_section([rich_words(piece)])]) for piece in pieces[start : start + RESTS] if piece])


def fallback(card: Card, t: Translate) -> str:
    """The line of a push message: ours, and nothing in it means anything to Slack."""
    return inert(card.notice) or inert(t("slack.notice"))


# --- from a card to words and controls ---------------------------------------------------------------------


def _parts(card: Card, t: Translate, mentions: Sequence[str], *, table: bool = False) -> Iterator[Words | Json]:
    """``table``: whether the first table stands as one; Slack takes one in a message and none elsewhere."""
    if card.title:
        yield {"type": "header", "text": plain_text(_TONE[card.tone] + card.title, HEADER)}
    if mentions:
        yield Words("", users=tuple(mentions))
    numbers = iter(range(10_000))
    facts = False
    for block in card.body:
        drawn = _drawn_table(block) if table and isinstance(block, Table) else None
        if drawn is not None and isinstance(block, Table):
            table = False
            yield from [Words(block.caption, "bold", apart=True)] if block.caption else []
            yield drawn
            yield from _openings(block, numbers)
            continue
        for part in _part(block, t, numbers):
            if facts and isinstance(part, Words):
                part.apart = True
            facts = False
            yield part
        facts = isinstance(block, Facts)


def _part(block: Block, t: Translate, numbers: Iterator[int]) -> Iterator[Words | Json]:  # noqa: C901 - one case for each block of the vocabulary
    match block:
        case Text():
            style = {"strong": "bold", "question": "bold", "hint": "italic", "plain": ""}[block.style]
            yield Words(block.text, style, apart=style == "bold")
        case Quote():
            yield from _quote(block)
        case Copy():
            yield Words(block.title, "bold", apart=True)
            yield Words(block.text, kind="copy")
        case Facts():
            yield from _facts(block)
        case Table():
            yield from _table(block, numbers)
        case Chart():
            yield Words(block.title, "bold", apart=True)
            yield Words(block.alt, "italic")
        case Checklist():
            for item in block.items:
                yield from _item(item, t, numbers)
        case Toggles():
            yield Words(block.label, "bold", apart=True)
            yield from _row(
                [_button(Button(f"{'☑' if on else '☐'} {label}", press), next(numbers)) for label, on, press in block.items]
            )
        case Picture():
            yield Words(t("slack.picture", alt=block.alt), "italic")
        case Buttons():
            yield from _buttons(block, numbers)
        case Select():
            yield from _select(block, numbers)
        case _:
            assert_never(block)


def _quote(block: Quote) -> Iterator[Words]:
    if block.by:
        yield Words(f"{block.by}:", "bold")
    yield Words(block.text, kind="quote")


def _facts(block: Facts) -> Iterator[Words]:
    """The last rows of a long table; those before them as one text, which is the first to be cut."""
    if len(block.rows) > FACTS:
        rows = [(label, value.text if isinstance(value, Quote) else value) for label, value in block.rows[:-FACTS]]
        yield Words("\n".join(f"{label}: {value}" if label else value for label, value in rows))
    for label, value in block.rows[-FACTS:]:
        said = value.text if isinstance(value, Quote) else value
        if label:
            yield Words(f"{label}: ", "bold")
        yield Words(said, glue=bool(label))


def _table(block: Table, numbers: Iterator[int]) -> Iterator[Words | Json]:
    """A line for each row, its cells after their headings; what can be pressed in it under one select, by row and heading."""
    if block.caption:
        yield Words(block.caption, "bold", apart=True)
    lines: list[tuple[str, str]] = []
    for said in map(_cells, block.rows):
        told = [f"{name} {text}" for name, text in zip(block.head[1:], said[1:], strict=False) if text]
        lines.append((said[0] if said else "", " · ".join(told)))
    yield from _facts(Facts(tuple(lines)))
    yield from _openings(block, numbers)


def _cells(row: Sequence[str | Quote | Button]) -> list[str]:
    return [cell.label if isinstance(cell, Button) else cell.text if isinstance(cell, Quote) else cell for cell in row]


def _drawn_table(block: Table) -> Json | None:
    """A table as Slack draws one, its numbers to the right; ``None`` when it is too large for a message with other words."""
    rows = [[clean(text) or "–" for text in said] for said in (list(block.head), *map(_cells, block.rows))]
    fits = 2 <= len(rows) <= TABLE_ROWS and 1 <= len(block.head) <= TABLE_COLUMNS
    if not fits or any(len(row) != len(block.head) for row in rows):
        return None
    numbers = [all(re.fullmatch(r"[\d.,%+–-]+", row[at]) for row in rows[1:]) for at in range(len(block.head))]
    made: Json = {
        "type": "table",
        "column_settings": [{"align": "right"} if number else {"is_wrapped": True} for number in numbers],
        "rows": [
            [rich_text([rich_section([rich_words(text, "" if at else "bold")])]) for text in row] for at, row in enumerate(rows)
        ],
    }
    return made if weight(made) <= TABLE else None


def _openings(block: Table, numbers: Iterator[int]) -> Iterator[Json]:
    """What can be pressed in a table, under one select."""
    options: dict[Press, str] = {}
    for row in block.rows:
        said = _cells(row)
        for at, cell in enumerate(row):
            if isinstance(cell, Button):
                where = f"{said[0]} · {block.head[at]}" if at else block.head[0]
                options.setdefault(cell.press, f"{where}: {cell.label}")
    if options:
        yield from _row(list(_selects(Select(block.caption, tuple((label, press) for press, label in options.items())), numbers)))


def _item(item: Item, t: Translate, numbers: Iterator[int]) -> Iterator[Words | Json]:
    yield Words(f"{_STATE[item.state]} {item.text}", "" if item.state in ("open", "blocked") else "italic")
    if item.note:
        yield Words(f"    {item.note}", "italic")
    controls = []
    if item.mark is not None:
        key = "slack.tick" if item.state in ("open", "blocked") else "slack.untick"
        controls.append(_button(Button(t(key), item.mark), next(numbers)))
    if more := [one for one in item.more if len(packed(one.press)) <= VALUE]:
        options = [_option(one.label, one.press) for one in more[:OVERFLOW]]
        controls.append({"type": "overflow", "action_id": f"a{next(numbers)}", "options": options})
    yield from _row(controls)


def _buttons(block: Buttons, numbers: Iterator[int]) -> Iterator[Words | Json]:
    """A label that is too long for a button stands above it in full."""
    labels = [f"{number}. {one.label}" if block.numbered else one.label for number, one in enumerate(block.buttons, 1)]
    yield from (Words(label) for label in labels if len(label) > LABEL)
    yield from _row([_button(one, next(numbers), label) for one, label in zip(block.buttons, labels, strict=True)])


def _select(block: Select, numbers: Iterator[int]) -> Iterator[Words | Json]:
    yield Words(block.label, "bold", apart=True)
    if block.hint:
        yield Words(block.hint, "italic")
    yield from _row(list(_selects(block, numbers)))


def _selects(block: Select, numbers: Iterator[int]) -> Iterator[Json]:
    """Few options stand on the message; many, of one case, are asked for when somebody opens the menu: they weigh too much."""
    if len(block.options) > FEW and isinstance(block.options[0][1], CasePress):
        select: Json = {
            "type": "external_select", "action_id": f"a{next(numbers)}|{packed(block.options[0][1])}", "min_query_length": 0,
            "placeholder": plain_text(block.label, HINT),
        }  # fmt: skip
        if block.chosen is not None and block.chosen < len(block.options):
            select["initial_option"] = _option(*block.options[block.chosen])
        yield select
        return
    offered = [one for one in block.options if len(packed(one[1])) <= VALUE]  # by names longer than any that are given
    for start in range(0, len(offered), OPTIONS):
        options = list(starmap(_option, offered[start : start + OPTIONS]))
        select = {
            "type": "static_select",
            "action_id": f"a{next(numbers)}",
            "placeholder": plain_text(block.label, HINT),
            "options": options,
        }
        chosen = _option(*block.options[block.chosen]) if block.chosen is not None and block.chosen < len(block.options) else None
        if chosen in options:
            select["initial_option"] = chosen
        yield select


def _option(label: str, press: Press) -> Json:
    return {"text": plain_text(label, OPTION), "value": packed(press)}


def menu(card: Card, first: Press, typed: str) -> list[Json]:
    """The options of the select on ``card`` that begins with ``first``, of those that hold what was ``typed``."""
    for block in card.body:
        if isinstance(block, Select) and block.options and block.options[0][1] == first:
            found = [one for one in block.options if typed.casefold() in one[0].casefold()]
            return list(starmap(_option, found[:OPTIONS]))
    return []


def _button(button: Button, number: int, label: str = "") -> Json:
    made: Json = {
        "type": "button",
        "action_id": f"a{number}",
        "text": plain_text(label or button.label, LABEL),
        "value": packed(button.press),
    }
    if button.style != "plain":
        made["style"] = button.style
    if button.asks:
        made["confirm"] = {
            "title": plain_text(label or button.label, 100),
            "text": plain_text(button.asks, 300),
            "confirm": plain_text("OK", 30),
            "deny": plain_text("×", 30),
        }
    return made


def _row(controls: list[Json]) -> Iterator[Json]:
    for start in range(0, len(controls), ROW):
        yield {"type": "actions", "elements": controls[start : start + ROW]}


def _controls(parts: Iterable[Words | Json]) -> int:
    return sum(weight(part) for part in parts if isinstance(part, dict))


def _without_reasons(block: Block) -> Block:
    if not isinstance(block, Checklist):
        return block
    items = (
        replace(item, more=tuple(one for one in item.more if not (isinstance(one.press, Waive) and one.press.reason)))
        for item in block.items
    )
    return Checklist(tuple(items))


def _fewer_controls(parts: list[Words | Json], room: int) -> list[Words | Json]:
    """Without the heaviest, until the others fit; with the cards there are, all do."""
    over = _controls(parts) - room
    gone: set[int] = set()
    for index in sorted(range(len(parts)), key=lambda at: -weight(parts[at])):
        if over <= 0:
            break
        over -= weight(parts[index])
        gone.add(index)
    return [part for index, part in enumerate(parts) if index not in gone]


def _blocks(parts: Sequence[Words | Json]) -> Iterator[Json]:
    """Words that follow each other share one block; rows of single buttons share rows."""
    for is_words, run in groupby(parts, lambda part: isinstance(part, Words)):
        if is_words:
            elements = list(rich_elements([part for part in run if isinstance(part, Words)]))
            if elements:
                yield rich_text(elements)
        else:
            yield from _joined([part for part in run if isinstance(part, dict)])


def _joined(controls: list[Json]) -> Iterator[Json]:
    row: list[Json] = []
    for part in controls:
        lone = part["type"] == "actions" and len(part["elements"]) == 1
        if row and not (lone and len(row) < ROW):
            yield {"type": "actions", "elements": row}
            row = []
        if lone:
            row = [*row, *part["elements"]]
        else:
            yield part
    if row:
        yield {"type": "actions", "elements": row}


def _merged(blocks: list[Json], most: int) -> list[Json]:
    """Too many blocks: words first, then the controls together, as many as there is room for."""
    words = [element for block in blocks if block["type"] == "rich_text" for element in block["elements"]]
    heads = [block for block in blocks if block["type"] == "header"]
    controls = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    tables = [block for block in blocks if block["type"] == "table"]
    rows = list(_row(controls))[: most - len(heads) - len(tables) - 1]
    return [*heads, rich_text(words), *tables, *rows]
