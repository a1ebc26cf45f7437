"""The interface's sentences: the catalogues ``locale/<language>.po``, looked up by key, and how dates and lists are said."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from gettext import c2py
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.lists import format_list
from babel.messages.pofile import read_po

from flows.source import Problem

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("nl", "en")


class Sentences:
    """Every sentence in one language. A key that the catalogue lacks is a defect and raises ``KeyError``."""

    def __init__(self, language: str, said: Mapping[str, tuple[str, ...]], plural: Callable[[int], int]) -> None:
        """``said``: by key the sentence, or its forms in the order of ``plural``."""
        self.language, self._said, self._plural = language, said, plural

    def t(self, key: str, **values: Any) -> str:
        """The sentence of ``key``, its placeholders filled."""
        text = self._said[key][0]
        return text.format_map(values) if values else text

    def tn(self, key: str, count: int, **values: Any) -> str:
        """The sentence of ``key`` for ``count`` things; ``{count}`` may stand in it."""
        return self._said[key][self._plural(count)].format_map({"count": count, **values})

    def has(self, key: str) -> bool:
        return key in self._said

    def moment(self, at: datetime, zone: ZoneInfo, now: datetime | None = None) -> str:
        """A time as people say it, in the organisation's zone: today only the hour, otherwise day and hour."""
        local = at.astimezone(zone)
        if now is not None and now.astimezone(zone).date() == local.date():
            return self.t("time.today", time=format_time(local, "HH:mm", locale=self.language))
        return format_datetime(local, "EEE d MMM HH:mm", locale=self.language)

    def day(self, day: date) -> str:
        return format_date(day, "d MMMM y", locale=self.language)

    def nth(self, number: int) -> str:
        """``1ste``, ``2de``, ``8ste``; ``1st``, ``2nd``."""
        if self.language == "nl":
            return f"{number}{'ste' if number in (1, 8) or number >= 20 else 'de'}"
        ends = {1: "st", 2: "nd", 3: "rd"}
        return f"{number}{ends.get(number % 10, 'th') if number % 100 not in (11, 12, 13) else 'th'}"

    def and_(self, items: Iterable[str]) -> str:
        """``an, bert en lies``."""
        return format_list(list(items), locale=self.language)


def problem(found: Problem, language: str) -> str:
    """What is wrong in a file, as one line with its place."""
    return f"{found.file}:{found.line}: {mistake(found, language)}"


def mistake(found: Problem, language: str) -> str:
    """What is wrong, and what would be right."""
    known = _dutch_problems() if language == "nl" else {}
    what, right = (known.get(text, text).format_map(found.values) for text in (found.said, found.mend))
    return f"{what} → {right}" if right else what


@lru_cache(maxsize=1)
def _dutch_problems() -> Mapping[str, str]:
    with (LOCALE / "problems.nl.po").open("rb") as source:
        return {str(entry.id): str(entry.string) for entry in read_po(source, locale="nl") if entry.id and entry.string}


@lru_cache(maxsize=4)
def sentences(language: str) -> Sentences:
    """The catalogue of ``language``; Dutch for a language that has none."""
    if language not in LANGUAGES:
        language = "nl"
    with (LOCALE / f"{language}.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    said: dict[str, tuple[str, ...]] = {}
    for entry in catalogue:
        texts = (entry.string or "",) if entry.string is None or isinstance(entry.string, str) else tuple(entry.string)
        if entry.id and all(texts):
            said[entry.id if isinstance(entry.id, str) else entry.id[0]] = texts
    return Sentences(language, said, c2py(catalogue.plural_expr))
