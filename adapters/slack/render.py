"""Cards and forms as Block Kit. Pure; whatever goes in, what comes out is within Slack's limits.

Every word on a card stands in a ``rich_text`` text element, which Slack never parses, or on a control as plain text without emoji names.
What does not fit goes into ``rest``, to be sent as a file beneath the message.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, starmap
from typing import Any, assert_never

from adapters.slack.events import packed
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
from bot.presses import CasePress, Press, Waive

Json = dict[str, Any]
Translate = Callable[..., str]

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
TOTAL = 9_000  # characters of all words and values of a message; Slack refuses some 13,200 as it counts them
FRAME = 50  # of those, what goes to the names around one run of words
COPY_LEAVES = 60  # of those, what every other run of words keeps before a text to copy is cut
WORDS_AT_LEAST = 1_500  # of those, what words get when the controls take much
ONE_TEXT = 3_000
LABEL, OPTION, VALUE, OPTIONS, OVERFLOW, ROW = 75, 75, 150, 100, 5, 25
FEW = 8  # options that stand on the message itself
TITLE, HEADER, HINT, INPUT = 24, 150, 150, 3_000
RESTS = 2  # pieces of that length in one message that only goes on
PARTS = 9  # inputs that one long text may go over
TABLE_ROWS, TABLE_COLUMNS, TABLE = 100, 20, 3_500  # rows, columns, and characters of the one table that stands as such
FACTS = 40  # rows shown of one table; the rest is in the file
FILES = ("png", "jpg", "jpeg", "webp", "gif")

JOINER = "\u2060"  # has no width; behind a sign it keeps Slack from reading one
_MEANS = re.compile(r"([*_~`@#]|:(?=[^ ])|[.](?=\w))")  # of emphasis, names, emoji names and addresses
_TONE = {"danger": "🔴 ", "warning": "🟠 ", "success": "🟢 ", "info": "🔵 ", "neutral": ""}
_STATE = {"open": "☐", "done": "☑", "waived": "☒", "blocked": "⛔"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """Blocks, and in ``rest`` the words that found no room in them."""

    blocks: list[Json]
    rest: str = ""


@dataclass(slots=True)
class _Words:
    """One run of words before it is measured. ``quote``: a citizen's or colleague's; ``copy``: to be copied exactly."""

    text: str
    style: str = ""  # bold, italic
    kind: str = "plain"  # plain, quote, copy
    users: tuple[str, ...] = ()
    glue: bool = False  # goes on where the words before it stopped
    apart: bool = False  # begins something else: an empty line stands before it


def message(card: Card, t: Translate, mentions: Sequence[str] = (), *, most: int = MESSAGE_BLOCKS, table: bool = True) -> Drawn:
    """A card as the blocks of a message. ``mentions``: user ids that are told; ``table``: whether one may stand in it as such."""
    parts = list(_parts(card, t, mentions, table=table))
    controls = _controls(parts)
    if controls > TOTAL - WORDS_AT_LEAST:  # the ready reasons to leave a line out can be typed as well
        parts = list(_parts(replace(card, body=tuple(map(_without_reasons, card.body))), t, mentions))
        parts = _fewer_controls(parts, TOTAL - WORDS_AT_LEAST)
        controls = _controls(parts)
    words = [part for part in parts if isinstance(part, _Words)]
    room = TOTAL - controls - 100
    over = words[max(10, room // (2 * FRAME)) :]  # more runs of words than there is room for: they go into the file
    rest = [one.text for one in over]
    for one in over:
        one.text = ""
    words = words[: len(words) - len(over)]
    rest = [*_fit(words, room - FRAME * len(words), t("slack.cut")), *rest]
    blocks = list(_blocks(parts))
    if len(blocks) > most:
        blocks = _merged(blocks, most)
    return Drawn(blocks or [_rich([_section([_text("–")])])], "\n\n———\n\n".join(text for text in rest if text))


def several(cards: Iterable[Card], t: Translate, note: str = "") -> list[Drawn]:
    """An answer for one person only: a sentence and cards, each of them a message; what finds no room on a card goes on in the next,
    since nothing can be laid beneath a message that one person sees."""
    drawn = [Drawn([_rich([_section([_text(clean(note)[:ONE_TEXT])])])])] if note else []
    for card in cards:
        shown = message(card, t, table=False)
        drawn += [Drawn(shown.blocks), *_rest(shown.rest)]
    return drawn


def _rest(text: str) -> Iterator[Drawn]:
    """Words that found no room, as messages of their own."""
    pieces = _slices(text) if text else []
    for start in range(0, len(pieces), RESTS):
        yield Drawn([_rich([_section([_text(piece)])]) for piece in pieces[start : start + RESTS] if piece])


def fallback(card: Card, t: Translate) -> str:
    """The line of a push message: ours, and nothing in it means anything to Slack."""
    return inert(card.notice) or inert(t("slack.notice"))


def inert(text: str) -> str:
    """Words where Slack would parse them: no ping, no link, no emoji, nothing bold, one line."""
    line = _MEANS.sub(r"\1" + JOINER, excerpt(clean(text), 250))
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# --- from a card to words and controls ---------------------------------------------------------------------


def _parts(card: Card, t: Translate, mentions: Sequence[str], *, table: bool = False) -> Iterator[_Words | Json]:
    """``table``: whether the first table stands as one; Slack takes one in a message and none elsewhere."""
    if card.title:
        yield {"type": "header", "text": _plain(_TONE[card.tone] + card.title, HEADER)}
    if mentions:
        yield _Words("", users=tuple(mentions))
    numbers = iter(range(10_000))
    facts = False
    for block in card.body:
        drawn = _drawn_table(block) if table and isinstance(block, Table) else None
        if drawn is not None and isinstance(block, Table):
            table = False
            yield from [_Words(block.caption, "bold", apart=True)] if block.caption else []
            yield drawn
            yield from _openings(block, numbers)
            continue
        for part in _part(block, t, numbers):
            if facts and isinstance(part, _Words):
                part.apart = True
            facts = False
            yield part
        facts = isinstance(block, Facts)


def _part(block: Block, t: Translate, numbers: Iterator[int]) -> Iterator[_Words | Json]:  # noqa: C901 - one case for each block of the vocabulary
    match block:
        case Text():
            style = {"strong": "bold", "question": "bold", "hint": "italic", "plain": ""}[block.style]
            yield _Words(block.text, style, apart=style == "bold")
        case Quote():
            yield from _quote(block)
        case Copy():
            yield _Words(block.title, "bold", apart=True)
            yield _Words(block.text, kind="copy")
        case Facts():
            yield from _facts(block)
        case Table():
            yield from _table(block, numbers)
        case Chart():
            yield _Words(block.title, "bold", apart=True)
            yield _Words(block.alt, "italic")
        case Checklist():
            for item in block.items:
                yield from _item(item, t, numbers)
        case Toggles():
            yield _Words(block.label, "bold", apart=True)
            yield from _row(
                [_button(Button(f"{'☑' if on else '☐'} {label}", press), next(numbers)) for label, on, press in block.items]
            )
        case Picture():
            yield _Words(t("slack.picture", alt=block.alt), "italic")
        case Buttons():
            yield from _buttons(block, numbers)
        case Select():
            yield from _select(block, numbers)
        case _:
            assert_never(block)


def _quote(block: Quote) -> Iterator[_Words]:
    if block.by:
        yield _Words(f"{block.by}:", "bold")
    yield _Words(block.text, kind="quote")


def _facts(block: Facts) -> Iterator[_Words]:
    """The last rows of a long table; those before them as one text, which is the first to be cut."""
    if len(block.rows) > FACTS:
        rows = [(label, value.text if isinstance(value, Quote) else value) for label, value in block.rows[:-FACTS]]
        yield _Words("\n".join(f"{label}: {value}" if label else value for label, value in rows))
    for label, value in block.rows[-FACTS:]:
        said = value.text if isinstance(value, Quote) else value
        if label:
            yield _Words(f"{label}: ", "bold")
        yield _Words(said, glue=bool(label))


def _table(block: Table, numbers: Iterator[int]) -> Iterator[_Words | Json]:
    """A line for each row, its cells after their headings; what can be pressed in it under one select, by row and heading."""
    if block.caption:
        yield _Words(block.caption, "bold", apart=True)
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
        "rows": [[_rich([_section([_text(text, "" if at else "bold")])]) for text in row] for at, row in enumerate(rows)],
    }
    return made if _weight(made) <= TABLE else None


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


def _item(item: Item, t: Translate, numbers: Iterator[int]) -> Iterator[_Words | Json]:
    yield _Words(f"{_STATE[item.state]} {item.text}", "" if item.state in ("open", "blocked") else "italic")
    if item.note:
        yield _Words(f"    {item.note}", "italic")
    controls = []
    if item.mark is not None:
        key = "slack.tick" if item.state in ("open", "blocked") else "slack.untick"
        controls.append(_button(Button(t(key), item.mark), next(numbers)))
    if item.more:
        options = [_option(one.label, one.press) for one in item.more[:OVERFLOW]]
        controls.append({"type": "overflow", "action_id": f"a{next(numbers)}", "options": options})
    yield from _row(controls)


def _buttons(block: Buttons, numbers: Iterator[int]) -> Iterator[_Words | Json]:
    """A label that is too long for a button stands above it in full."""
    labels = [f"{number}. {one.label}" if block.numbered else one.label for number, one in enumerate(block.buttons, 1)]
    yield from (_Words(label) for label in labels if len(label) > LABEL)
    yield from _row([_button(one, next(numbers), label) for one, label in zip(block.buttons, labels, strict=True)])


def _select(block: Select, numbers: Iterator[int]) -> Iterator[_Words | Json]:
    yield _Words(block.label, "bold", apart=True)
    if block.hint:
        yield _Words(block.hint, "italic")
    yield from _row(list(_selects(block, numbers)))


def _selects(block: Select, numbers: Iterator[int]) -> Iterator[Json]:
    """Few options stand on the message; many, of one case, are asked for when somebody opens the menu: they weigh too much."""
    if len(block.options) > FEW and isinstance(block.options[0][1], CasePress):
        select: Json = {
            "type": "external_select", "action_id": f"a{next(numbers)}|{packed(block.options[0][1])}", "min_query_length": 0,
            "placeholder": _plain(block.label, HINT),
        }  # fmt: skip
        if block.chosen is not None and block.chosen < len(block.options):
            select["initial_option"] = _option(*block.options[block.chosen])
        yield select
        return
    for start in range(0, len(block.options), OPTIONS):
        options = list(starmap(_option, block.options[start : start + OPTIONS]))
        select = {
            "type": "static_select",
            "action_id": f"a{next(numbers)}",
            "placeholder": _plain(block.label, HINT),
            "options": options,
        }
        if block.chosen is not None and 0 <= block.chosen - start < len(options):
            select["initial_option"] = options[block.chosen - start]
        yield select


def _option(label: str, press: Press) -> Json:
    return {"text": _plain(label, OPTION), "value": packed(press)}


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
        "text": _plain(label or button.label, LABEL),
        "value": packed(button.press),
    }
    if button.style != "plain":
        made["style"] = button.style
    if button.asks:
        made["confirm"] = {
            "title": _plain(label or button.label, 100),
            "text": _plain(button.asks, 300),
            "confirm": _plain("OK", 30),
            "deny": _plain("×", 30),
        }
    return made


def _row(controls: list[Json]) -> Iterator[Json]:
    for start in range(0, len(controls), ROW):
        yield {"type": "actions", "elements": controls[start : start + ROW]}


# --- fitting -----------------------------------------------------------------------------------------------


def _fit(words: list[_Words], room: int, mark: str) -> list[str]:
    """Cut the longest words until all fit in ``room``; returns in full those that were cut. A text to copy is cut last: in a file
    it would have to be looked for."""
    for one in words:
        one.text = clean(one.text) if one.kind != "plain" else clean(one.text) + (" " if one.text.endswith(" ") else "")
    copies = [one for one in words if one.kind == "copy"]
    others = [one for one in words if one.kind != "copy"]
    whole = sum(len(one.text) for one in copies)
    if whole > room - COPY_LEAVES * len(others):
        return _cut(words, room, mark)
    return [*_cut(copies, whole, mark), *_cut(others, room - whole, mark)]


def _cut(words: list[_Words], room: int, mark: str) -> list[str]:
    lengths = sorted(len(one.text) for one in words)
    most, left = ONE_TEXT, room
    for index, length in enumerate(lengths):
        share = left // (len(lengths) - index)
        if length > share:
            most = min(most, max(share, 1))
            break
        left -= length
    rest = []
    for one in words:
        short, was_cut = cut(one.text, most)
        if was_cut:
            rest.append(one.text)
            one.text = _marked(short, mark, most)
    return rest


def _marked(short: str, mark: str, most: int) -> str:
    """Words that were cut, saying so."""
    return cut(short, max(1, most - len(mark) - 2))[0].rstrip() + f"… {mark}" if most > len(mark) + 40 else short


def _controls(parts: Iterable[_Words | Json]) -> int:
    return sum(_weight(part) for part in parts if isinstance(part, dict))


def _without_reasons(block: Block) -> Block:
    if not isinstance(block, Checklist):
        return block
    items = (
        replace(item, more=tuple(one for one in item.more if not (isinstance(one.press, Waive) and one.press.reason)))
        for item in block.items
    )
    return Checklist(tuple(items))


def _fewer_controls(parts: list[_Words | Json], room: int) -> list[_Words | Json]:
    """Without the heaviest, until the others fit; with the cards there are, all do."""
    over = _controls(parts) - room
    gone: set[int] = set()
    for index in sorted(range(len(parts)), key=lambda at: -_weight(parts[at])):
        if over <= 0:
            break
        over -= _weight(parts[index])
        gone.add(index)
    return [part for index, part in enumerate(parts) if index not in gone]


def _weight(part: _Words | Json) -> int:
    """The characters of a control that Slack may count: all its words and values."""
    return sum(map(len, _strings(part)))


def _strings(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        yield from chain.from_iterable(_strings(value) for value in part.values())
    elif isinstance(part, list):
        yield from chain.from_iterable(map(_strings, part))


def _blocks(parts: Sequence[_Words | Json]) -> Iterator[Json]:
    """Words that follow each other share one block; rows of single buttons share rows."""
    for is_words, run in groupby(parts, lambda part: isinstance(part, _Words)):
        if is_words:
            elements = list(_elements([part for part in run if isinstance(part, _Words)]))
            if elements:
                yield _rich(elements)
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


def _elements(words: list[_Words]) -> Iterator[Json]:
    section: list[Json] = []
    for one in words:
        if one.users:
            section += [item for user in one.users for item in ({"type": "user", "user_id": user}, _text(" "))]
            continue
        if not one.text:
            continue
        if one.kind == "plain":
            if section and not one.glue:
                section.append(_text("\n\n" if one.apart else "\n"))
            section.append(_text(one.text, one.style))
            continue
        if section:
            yield _section(section)
            section = []
        sort = "rich_text_quote" if one.kind == "quote" else "rich_text_preformatted"
        yield {"type": sort, "elements": [_text(one.text)]}
    if section:
        yield _section(section)


def _merged(blocks: list[Json], most: int) -> list[Json]:
    """Too many blocks: words first, then the controls together, as many as there is room for."""
    words = [element for block in blocks if block["type"] == "rich_text" for element in block["elements"]]
    heads = [block for block in blocks if block["type"] == "header"]
    controls = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    tables = [block for block in blocks if block["type"] == "table"]
    rows = list(_row(controls))[: most - len(heads) - len(tables) - 1]
    return [*heads, _rich(words), *tables, *rows]


def _rich(elements: list[Json]) -> Json:
    return {"type": "rich_text", "elements": elements}


def _section(elements: list[Json]) -> Json:
    return {"type": "rich_text_section", "elements": elements}


def _text(text: str, style: str = "") -> Json:
    return {"type": "text", "text": text} | ({"style": {style: True}} if style else {})


def _plain(text: str, limit: int) -> Json:
    """Words on a control: Slack parses nothing in them, and no ``:name:`` becomes a picture."""
    said = excerpt(clean(text), limit) or "–"
    return {"type": "plain_text", "text": said} | ({"emoji": False} if ":" in said else {})


# --- dialogs -----------------------------------------------------------------------------------------------


def dialog(form: Form, t: Translate) -> Json:
    """A form as a modal. A text longer than one input goes over several, to be put together again."""
    blocks: list[Json] = []
    if form.intro:
        said = [_Words(part.text, kind="quote" if isinstance(part, Quote) else "plain") for part in form.intro]
        _fit(said, TOTAL, t("slack.cut"))
        elements = list(_elements(said))
        blocks += [_rich(elements)] if elements else []
    for field in form.fields:
        blocks += _inputs(field, t)
    return _view(form.title, t, blocks[:VIEW_BLOCKS], submit=form.submit or t("slack.send"), press=packed(form.press))


def said(title: str, drawn: Sequence[Drawn], t: Translate) -> Json:
    """A modal that only says something."""
    blocks = [block for one in drawn for block in one.blocks][:VIEW_BLOCKS]
    return _view(title, t, blocks or [_rich([_section([_text(t("slack.done"))])])])


def again(view: Mapping[str, Any], note: str, t: Translate) -> Json:
    """A dialog that was sent back, as it was with what was typed in it, beneath why it is shown again."""
    typed = {
        (block, name): element
        for block, elements in ((view.get("state") or {}).get("values") or {}).items()
        for name, element in elements.items()
    }
    blocks = [_rich([_section([_text(clean(note)[:ONE_TEXT] or t("slack.notice"), "bold")])])]
    for block in view.get("blocks") or ():
        if block.get("type") != "input":
            continue
        element = {name: value for name, value in block["element"].items() if not name.startswith("initial_")}
        state = typed.get((block["block_id"], element["action_id"]), {})
        offered = element.get("options") or [one for group in element.get("option_groups") or () for one in group["options"]]
        value = (state.get("selected_option") or {}).get("value")
        chosen = next((one for one in offered if one["value"] == value), None)
        element |= {"initial_option": chosen} if chosen else {}
        element |= {"initial_value": state["value"]} if state.get("value") else {}
        named = {"type": "input", "block_id": f"{block['block_id']}.again", "element": element}  # else Slack shows what it showed
        blocks.append(named | {name: block[name] for name in ("label", "hint", "optional") if name in block})
    submit, press = (view.get("submit") or {}).get("text") or t("slack.send"), str(view.get("private_metadata") or "")
    return _view((view.get("title") or {}).get("text") or t("slack.app"), t, blocks[:VIEW_BLOCKS], submit=submit, press=press)


def loading(t: Translate) -> Json:
    """What opens at once, before anything was looked up."""
    return _view(t("slack.app"), t, [_rich([_section([_text(t("slack.loading"))])])])


def _view(title: str, t: Translate, blocks: list[Json], *, submit: str = "", press: str = "") -> Json:
    view: Json = {
        "type": "modal",
        "callback_id": "form" if press else "said",
        "title": _plain(title, TITLE),
        "close": _plain(t("slack.close"), TITLE),
        "blocks": blocks,
    }
    if press:
        view |= {"submit": _plain(submit, TITLE), "private_metadata": press}
    return view


def _inputs(field: Field, t: Translate) -> Iterator[Json]:
    match field.kind:
        case "choice":
            options = [
                {"text": _plain(label, OPTION), "value": value} for value, label in field.options if value and len(value) <= VALUE
            ]
            if not options:
                return
            element: Json = {"type": "static_select", "action_id": "v"}
            if any(field.groups) and len(options) <= OPTIONS:
                known = {option["value"]: option for option in options}
                heads = [(head, [known[value] for value, _ in found if value in known]) for head, found in field.grouped]
                element["option_groups"] = [
                    {"label": _plain(head or "·", OPTION), "options": found} for head, found in heads if found
                ]
            elif len(options) > OPTIONS:
                chunks = [options[start : start + OPTIONS] for start in range(0, len(options), OPTIONS)][:OPTIONS]
                element["option_groups"] = [
                    {"label": _plain(f"{index * OPTIONS + 1}–{index * OPTIONS + len(chunk)}", OPTION), "options": chunk}
                    for index, chunk in enumerate(chunks)
                ]
            else:
                element["options"] = options
            chosen = next((option for option in options if option["value"] == field.value), None)
            if chosen is not None:
                element["initial_option"] = chosen
            yield _input(field, element, field.value if chosen is not None else "")
        case "files":
            yield _input(field, {"type": "file_input", "action_id": "v", "filetypes": list(FILES), "max_files": 10})
        case "line" | "moment":
            yield _input(field, _typed(field, field.value, multiline=False))
        case "text":
            first, *more = _slices(field.value)
            if len(more) >= PARTS:  # cut here, it would come back cut; left out, it stays as it is
                yield _rich([_section([_text(f"{clean(field.label)}: ", "bold"), _text(t("slack.too_long_here"))])])
                return
            yield _input(field, _typed(field, first, multiline=True))
            for index, text in enumerate(more, 2):
                yield _input(field, _typed(field, text, multiline=True), str(index))
        case _:
            assert_never(field.kind)


def _typed(field: Field, value: str, *, multiline: bool) -> Json:
    limit = max(1, min(field.limit, INPUT))
    element: Json = {"type": "plain_text_input", "action_id": "v", "multiline": multiline, "max_length": limit}
    words, _ = cut(clean(value) if not multiline else value, limit)
    return element | ({"initial_value": words} if words else {})


def _slices(text: str) -> list[str]:
    """``text`` in pieces that each fit one input; together they are the text again."""
    pieces, left = [], clean(text)
    while len(left) > INPUT:
        piece, _ = cut(left, INPUT)
        pieces.append(piece or left[:INPUT])
        left = left[len(pieces[-1]) :]
    return [*pieces, left]


def _input(field: Field, element: Json, part: str = "") -> Json:
    """``part``: which piece of a long text, or what is chosen beforehand: Slack keeps what an input of the same name showed before,
    so that another choice needs another name to be seen when a dialog is filled."""
    more = part and element["type"] == "plain_text_input"
    block: Json = {
        "type": "input",
        "block_id": f"{field.name}.{part}" if part else field.name,
        "label": _plain(f"{field.label} ({part})" if more else field.label, 2_000),
        "element": element,
        "optional": not field.required or bool(more),
    }
    return block | ({"hint": _plain(field.hint, 2_000)} if field.hint and not more else {})
