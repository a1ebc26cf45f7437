"""The interface's sentences: the catalogues ``locale/<language>.po``, looked up by key, and how dates and lists are said."""

import io
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("nl", "en")


class Sentences:
    """Every sentence in one language. A key that the catalogue lacks is a defect and raises ``KeyError``."""

    def __init__(self, language: str, catalogue: GNUTranslations) -> None:
        self.language, self._catalogue = language, catalogue

    def t(self, key: str, **values: Any) -> str:
        """The sentence of ``key``, its placeholders filled."""
        text = self._catalogue.gettext(key)
        if text == key:
            raise KeyError(key)
        return text.format_map(values) if values else text

    def tn(self, key: str, count: int, **values: Any) -> str:
        """The sentence of ``key`` for ``count`` things; ``{count}`` may stand in it."""
        text = self._catalogue.ngettext(key, key, count)
        if text == key:
            raise KeyError(key)
        return text.format_map({"count": count, **values})

    def has(self, key: str) -> bool:
        return self._catalogue.gettext(key) != key

    def moment(self, at: datetime, zone: ZoneInfo, now: datetime | None = None) -> str:
        """A time as people say it, in the organisation's zone: today only the hour, otherwise day and hour."""
        local = at.astimezone(zone)
        if now is not None and now.astimezone(zone).date() == local.date():
            return self.t("time.today", time=format_time(local, "HH:mm", locale=self.language))
        return format_datetime(local, "EEE d MMM HH:mm", locale=self.language)

    def day(self, day: date) -> str:
        return format_date(day, "d MMMM y", locale=self.language)

    def and_(self, items: Iterable[str]) -> str:
        """``an, bert en lies``."""
        return format_list(list(items), locale=self.language)


@lru_cache(maxsize=4)
def sentences(language: str) -> Sentences:
    """The catalogue of ``language``; Dutch for a language that has none."""
    if language not in LANGUAGES:
        language = "nl"
    compiled = io.BytesIO()
    with (LOCALE / f"{language}.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return Sentences(language, GNUTranslations(compiled))
