"""Signals as a table for other programs: the columns, CSV and JSON. A cell never begins as a formula does."""

import csv
import json
from collections.abc import Sequence
from dataclasses import fields
from io import StringIO

from bot.signals import Found

COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Found) if field.name != "case")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def rows(found: Sequence[Found]) -> list[list[str | int]]:
    """A row for each signal, in the order of ``COLUMNS``, without the case: an export outlives it."""
    return [[_cell(getattr(item, name)) for name in COLUMNS] for item in found]


def _cell(value: str | int | bool) -> str | int:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return harmless(value) if isinstance(value, str) else value


def harmless(text: str) -> str:
    """``text`` as a spreadsheet takes it for words: an apostrophe before what it would compute."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def as_csv(found: Sequence[Found]) -> str:
    """With a line of headings; separated by commas."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows(found))
    return out.getvalue()


def as_json(found: Sequence[Found]) -> str:
    """A list of objects; nothing is computed there, so the words stand as they are."""
    objects = [{name: getattr(item, name) for name in COLUMNS} for item in found]
    return json.dumps(objects, ensure_ascii=False, indent=2)
