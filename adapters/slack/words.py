"""Words as Slack takes them: runs of words, measured and cut to what fits, and the rich text that they become. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bot.comment_text import clean, cut, excerpt

Json = dict[str, Any]
Translate = Callable[..., str]

TOTAL = 9_000  # characters of all words and values of a message; Slack refuses some 13,200 as it counts them
COPY_LEAVES = 60  # of those, what every other run of words keeps before a text to copy is cut
ONE_TEXT = 3_000  # characters of one run of words, or of one input
JOINER = "\u2060"  # has no width; behind a sign it keeps Slack from reading one
_MEANS = re.compile(r"([*_~`@#]|:(?=[^ ])|[.](?=\w))")  # of emphasis, names, emoji names and addresses


@dataclass(frozen=True, slots=True)
class Drawn:
    """Blocks, and in ``rest`` the words that found no room in them."""

    blocks: list[Json]
    rest: str = ""


@dataclass(slots=True)
class Words:
    """One run of words before it is measured. ``quote``: a citizen's or colleague's; ``copy``: to be copied exactly."""

    text: str
    style: str = ""  # bold, italic
    kind: str = "plain"  # plain, quote, copy
    users: tuple[str, ...] = ()
    glue: bool = False  # goes on where the words before it stopped
    apart: bool = False  # begins something else: an empty line stands before it


def inert(text: str) -> str:
    """Words where Slack would parse them: no ping, no link, no emoji, nothing bold, one line."""
    line = _MEANS.sub(r"\1" + JOINER, excerpt(clean(text), 250))
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fit(words: list[Words], room: int, mark: str) -> list[str]:
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


def _cut(words: list[Words], room: int, mark: str) -> list[str]:
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


def weight(part: Words | Json) -> int:
    """The characters of a control that Slack may count: all its words and values."""
    return sum(map(len, _strings(part)))


def _strings(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        yield from chain.from_iterable(_strings(value) for value in part.values())
    elif isinstance(part, list):
        yield from chain.from_iterable(map(_strings, part))


def rich_elements(words: list[Words]) -> Iterator[Json]:
    """Runs of words as the parts of one ``rich_text`` block."""
    section: list[Json] = []
    for one in words:
        if one.users:
            section += [item for user in one.users for item in ({"type": "user", "user_id": user}, rich_words(" "))]
            continue
        if not one.text:
            continue
        if one.kind == "plain":
            if section and not one.glue:
                section.append(rich_words("\n\n" if one.apart else "\n"))
            section.append(rich_words(one.text, one.style))
            continue
        if section:
            yield rich_section(section)
            section = []
        sort = "rich_text_quote" if one.kind == "quote" else "rich_text_preformatted"
        yield {"type": sort, "elements": [rich_words(one.text)]}
    if section:
        yield rich_section(section)


def rich_text(elements: list[Json]) -> Json:
    """The block."""
    return {"type": "rich_text", "elements": elements}


def rich_section(elements: list[Json]) -> Json:
    """A part of it."""
    return {"type": "rich_text_section", "elements": elements}


def rich_words(text: str, style: str = "") -> Json:
    """Words in a part, which Slack never parses. ``style``: bold or italic."""
    return {"type": "text", "text": text} | ({"style": {style: True}} if style else {})


def plain_text(text: str, limit: int) -> Json:
    """Words on a control: Slack parses nothing in them, and no ``:name:`` becomes a picture."""
    said = excerpt(clean(text), limit) or "–"
    return {"type": "plain_text", "text": said} | ({"emoji": False} if ":" in said else {})


def slices(text: str) -> list[str]:
    """``text`` in pieces that each fit one input; together they are the text again."""
    pieces, left = [], clean(text)
    while len(left) > ONE_TEXT:
        piece, _ = cut(left, ONE_TEXT)
        pieces.append(piece or left[:ONE_TEXT])
        left = left[len(pieces[-1]) :]
    return [*pieces, left]
