"""Cards, forms and pages as HTML. Pure: no request, no clock, no bot. Everything passes Jinja's autoescape; nothing is marked safe
here but what a template of ours made."""

import json
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from math import isfinite
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import quote

from babel.dates import format_date, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.cards import (
    Block,
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
from bot.presses import pack

Translate = Callable[..., str]

# Control characters that no page should hold: they are shown nowhere and confuse what reads the page aloud.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
MOST_OF_CHART = 20_000  # characters of a chart in an address, unpacked
LONG_QUOTE = 900  # characters; a longer one is folded, so that the buttons stay near


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a card stands, for the forms in it: whose page, which page to come back to, which message in which version.

    ``nonce`` makes one rendering's events unique; ``csrf`` proves that the page was ours.
    """

    person: str
    csrf: str
    nonce: str
    back: str
    message: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the list of conversations. ``newest``: the number of its last message, for the unread mark."""

    title: str
    path: str
    channel: bool
    newest: int
    current: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the page shows it: its card as HTML, and the colleague whose words it passes on, if it does.

    ``thread``: the path of its thread, empty inside that thread.
    """

    id: int
    version: int
    html: Markup
    by: str
    titled: bool
    at: datetime
    thread: str = ""
    replies: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What every page of one person holds. ``here``: the path of this page; ``phone``: what a telephone shows of it."""

    title: str
    organisation: str
    person: str
    name: str
    roles: tuple[str, ...]
    language: str
    csrf: str
    nonce: str
    here: str
    places: tuple[Place, ...] = ()
    phone: str = "start"
    note: str = ""
    refused: bool = False
    private: tuple[Card, ...] = ()
    typed: str = ""

    def spot(self, message: int = 0, version: int = 0) -> Spot:
        return Spot(self.person, self.csrf, self.nonce, self.here, message, version)


@dataclass(frozen=True, slots=True)
class Day:
    """The messages of one day, with its heading."""

    heading: str
    messages: tuple[Message, ...] = field(default=())


def kind(block: Block) -> str:
    """The macro that shows a block."""
    match block:
        case Text():
            return "text"
        case Quote():
            return "quote"
        case Copy():
            return "copy"
        case Facts():
            return "facts"
        case Table():
            return "table"
        case Chart():
            return "chart"
        case Checklist():
            return "checklist"
        case Toggles():
            return "toggles"
        case Picture():
            return "picture"
        case Buttons():
            return "buttons"
        case Select():
            return "select"
        case _:
            assert_never(block)


def speaker(card: Card) -> str:
    """The colleague whose words a card without a title passes on; empty for the bot's own."""
    first = card.body[0] if card.body and not card.title else None
    return first.by if isinstance(first, Quote) else ""


def chart_code(chart: Chart) -> str:
    """The numbers and labels of a chart as they stand in the address of its picture: it holds no words of a person."""
    said = json.dumps([chart.title, chart.labels, chart.series, chart.kind], ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(zlib.compress(said.encode("utf-8", "replace"), 9)).decode().rstrip("=")


def chart_of(code: str) -> Chart:
    """The chart of an address; raises ValueError for what is none."""
    try:
        unpacker = zlib.decompressobj()
        said = unpacker.decompress(urlsafe_b64decode(code + "=" * (-len(code) % 4)), MOST_OF_CHART)
        if not unpacker.eof:
            raise ValueError("too large")
        title, labels, series, kind = json.loads(said)
        assert kind in ("lines", "bars")
        rows = tuple((str(name), tuple(float(value) for value in values)) for name, values in series)
        assert all(len(values) == len(labels) for _, values in rows)
        assert all(isfinite(value) for _, values in rows for value in values)
        return Chart(str(title), "", tuple(map(str, labels)), rows, kind)
    except (zlib.error, AssertionError, TypeError, ValueError, RecursionError):
        raise ValueError("no chart") from None


def plain(text: str) -> str:
    """``text`` without the control characters that HTML has no place for; line breaks stay."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n"))


def initials(name: str) -> str:
    """At most two letters for a portrait."""
    words = [word for word in name.split() if word[0].isalpha()]
    return "".join(word[0] for word in ((words[0], words[-1]) if len(words) > 1 else words)).upper() or "?"


def conversation_path(person: str, address: str, thread: int = 0) -> str:
    """The page of a local conversation: ``an`` or ``#communicatie``; with ``thread`` the page beside it."""
    sort, name = ("kanaal", address[1:]) if address.startswith("#") else ("gesprek", address)
    return f"/als/{person}/{sort}/{quote(name, safe='')}" + (f"/draad/{thread}" if thread else "")


def day_heading(day: date, today: date, language: str, say: Translate) -> str:
    """A day as people say it: today, yesterday, or its name and date."""
    if day == today:
        return say("day.today")
    if day == today - timedelta(days=1):
        return say("day.yesterday")
    return format_date(day, "EEEE d MMMM" if day.year == today.year else "d MMMM y", locale=language)


class Renderer:
    """Turns cards and pages into HTML. ``assets``: the address of each file of ours; ``say``: the sentences of one language."""

    def __init__(self, assets: Mapping[str, str]) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(kind=kind, pack=pack, chart_code=chart_code, plain=plain, initials=initials)
        self._environment.globals.update(kind=kind, speaker=speaker, assets=assets, LONG_QUOTE=LONG_QUOTE)

    def card(self, card: Card, spot: Spot, say: Translate, prefix: str = "") -> Markup:
        """A card as an HTML fragment, with one form for all that can be pressed on it. ``prefix`` keeps two copies' ids apart."""
        return Markup(self._macro("card")(card, spot, say, prefix))  # noqa: S704  # made by our own autoescaping template

    def private(self, cards: tuple[Card, ...], spot: Spot, say: Translate) -> Markup:
        """Cards that only this person sees now, in their frame."""
        return Markup(self._macro("private")(cards, spot, say))  # noqa: S704  # made by our own autoescaping template

    def form(self, form: Form, spot: Spot, key: str, say: Translate, *, note: str = "") -> Markup:
        """A form as a fragment, for the dialog and for the page without JavaScript. ``key`` recalls it when it is refused."""
        return Markup(self._macro("form", "form.html")(form, spot, key, say, note))  # noqa: S704  # made by our own autoescaping template

    def page(self, template: str, page: Page, say: Translate, **values: Any) -> str:
        """A whole page from ``templates/``."""
        return self._environment.get_template(template).render(page=page, t=say, **values)

    def bare(self, template: str, say: Translate, **values: Any) -> str:
        """A page of nobody: the choice of a person, or what went wrong."""
        return self._environment.get_template(template).render(t=say, **values)

    def _macro(self, name: str, template: str = "card.html") -> Callable[..., str]:
        macro: Callable[..., str] = getattr(self._environment.get_template(template).module, name)
        return macro


def days(messages: tuple[Message, ...], zone: tzinfo, today: date, language: str, say: Translate) -> tuple[Day, ...]:
    """The messages under the days on which they were written, in the organisation's time zone."""
    found: dict[date, list[Message]] = {}
    for message in messages:
        found.setdefault(message.at.astimezone(zone).date(), []).append(message)
    return tuple(Day(day_heading(day, today, language, say), tuple(items)) for day, items in found.items())


def clock(at: datetime, zone: tzinfo, language: str) -> str:
    """The time of day, such as 14:05."""
    return format_time(at.astimezone(zone), "HH:mm", locale=language)
