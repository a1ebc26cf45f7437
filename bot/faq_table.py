"""FAQ entries as rows of a table, for import and export: what each column means, which rows are good, and what they change.

Files and their formats are the adapter's; here a row is column names with text.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Final, Literal

from sqlalchemy import Row, bindparam, select

from bot.comment_text import clean, fingerprint
from bot.faq import STATUSES, Content, Status, checked, content, owner_of, past, touch
from bot.organisation import Organisation
from bot.tables import faq, faq_history
from bot.work import Refused, Work

Column = Literal[
    "question", "answer", "department", "tags", "language", "valid_until", "status", "answer_formal", "both", "links", "valid_from", "owner"
]  # fmt: skip
COLUMNS: Final[tuple[Column, ...]] = ("question", "answer", "department", "tags", "language", "valid_until", "status")
MORE: Final[tuple[Column, ...]] = ("answer_formal", "both", "links", "valid_from", "owner")  # what only a full export holds
NEEDED: Final[tuple[Column, ...]] = ("question", "answer")

_NAMES: Final[Mapping[Column, str]] = {
    "question": "question vraag",
    "answer": "answer antwoord je-vorm antwoord_je antwoord_je-vorm",
    "department": "department dienst afdeling",
    "tags": "tags tag trefwoorden labels andere_woorden synoniemen",
    "language": "language taal",
    "valid_until": "valid_until geldig_tot geldig_tot_en_met einddatum",
    "status": "status toestand",
    "answer_formal": "answer_formal formal u-vorm antwoord_u antwoord_u-vorm antwoord_in_u-vorm",
    "both": "both past_voor_beide je_en_u",
    "links": "links link",
    "valid_from": "valid_from geldig_vanaf begindatum",
    "owner": "owner eigenaar bijgehouden_door",
}
_BY_NAME: Final[Mapping[str, Column]] = {name: column for column, names in _NAMES.items() for name in names.split()}
_STATUS_NAMES: Final[Mapping[str, Status]] = {
    **{status: status for status in STATUSES},
    "voorstel": "proposed", "voorgesteld": "proposed", "goedgekeurd": "approved", "na te kijken": "review", "te herzien": "review",
    "to review": "review", "ingetrokken": "retired", "niet bewaard": "retired", "dropped": "retired",
}  # fmt: skip
_YES: Final = frozenset({"yes", "ja", "y", "j", "true", "waar", "x", "1"})
# What a spreadsheet may take for a formula; a text that begins so gets an apostrophe before it, and loses one coming back.
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r]")
_AT_ONCE = 500  # rows in one statement


def column_of(name: str) -> Column | None:
    """The column that a heading names, in Dutch or English, however it is written."""
    word = re.sub(r"[\s_]+", "_", re.sub(r"[()?*:]", "", clean(name)).strip().casefold())
    return _BY_NAME.get(word)


def guarded(text: str) -> str:
    """A text as a spreadsheet may hold it without computing it."""
    return f"'{text}" if _FORMULA.match(text) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


# --- rows in -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that was not taken in, and why: a key of the catalogue with its values. ``row`` counts as the spreadsheet does."""

    row: int
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Good:
    """A row as an entry. ``given``: the columns that the table has; what the others say stays as it is in a known entry."""

    row: int
    said: Content
    status: Status | None
    given: frozenset[Column]
    known_department: bool
    key: tuple[str, str]  # by what an entry is recognised, beside its department


class Reader:
    """Turns rows of one organisation's table into entries, one by one."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation

    @cached_property
    def _departments(self) -> Mapping[str, str]:
        items = self.organisation.departments.items()
        return {word.casefold(): name for name, item in items for word in (name, *item.name.values())}

    @cached_property
    def _people(self) -> Mapping[str, str]:
        return {word.casefold(): name for name, person in self.organisation.people.items() for word in (name, person.name)}

    def read(self, row: int, cells: Mapping[Column, str]) -> Good | Wrong:
        """One row; ``cells``: what it has by column, of the columns that the table has."""
        given = {column: _unguarded(clean(text)) for column, text in cells.items()}
        try:
            status = self._status(given.get("status", ""))
            department = self._departments.get(given.get("department", "").casefold(), given.get("department", ""))
            said = checked(
                {
                    "question": given.get("question", ""),
                    "answer": given.get("answer", ""),
                    "formal": given.get("answer_formal", ""),
                    "both": given.get("both", "").casefold() in _YES,
                    "department": department,
                    "tags": given.get("tags", ""),
                    "language": given.get("language", ""),
                    "links": given.get("links", ""),
                    "valid_from": given.get("valid_from", ""),
                    "valid_until": given.get("valid_until", ""),
                    "owner": self._person(given.get("owner", "")),
                }
            )
        except Refused as refused:
            return Wrong(row, refused.key, refused.values)
        known = not department or department in self.organisation.departments
        return Good(row, said, status, frozenset(given), known, (fingerprint(said.question), said.language))

    def _status(self, text: str) -> Status | None:
        if not text:
            return None
        status = _STATUS_NAMES.get(" ".join(text.replace("_", " ").split()).casefold())
        if status is None:
            raise Refused("refused.no_status", statuses=", ".join(STATUSES))
        return status

    def _person(self, text: str) -> str:
        if text and text.casefold() not in self._people:
            raise Refused("refused.no_owner")
        return self._people[text.casefold()] if text else ""

    def near(self, department: str) -> str:
        """The departments that somebody may have meant."""
        near = get_close_matches(department.casefold(), list(self._departments), n=1, cutoff=0.6)
        return ", ".join([self._departments[near[0]]] if near else self.organisation.departments)


# --- what they change --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Plan:
    """What a table does to the store: new entries, changed ones with what they become, how many stay, and rows that do not go in."""

    new: list[tuple[Content, Status]] = field(default_factory=list)
    changed: list[tuple[Row[Any], Content, Status]] = field(default_factory=list)
    same: int = 0
    wrong: list[Wrong] = field(default_factory=list)


def plan(work: Work, rows: Sequence[Good]) -> Plan:
    """Compare rows with the store. An entry is recognised by its question and language, and of several by its department.

    A row that is what stands there already changes nothing; one whose question stood in the table before is wrong.
    """
    known: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in work.conn.execute(select(faq).order_by(faq.c.id)):
        known[(fingerprint(row.question), row.language)].append(row)
    found = Plan()
    claimed: set[int] = set()
    before: dict[tuple[str, str, str], int] = {}
    reader = Reader(work.organisation)
    later: list[Good] = []
    for good in rows:  # first those that are there as they are: a table that was exported says each entry once, however alike
        twin = next(
            (row for row in known[good.key] if row.id not in claimed and _becomes(row, good) == (content(row), row.status)), None
        )
        if twin is None:
            later.append(good)
            continue
        claimed.add(twin.id)
        before.setdefault((*good.key, twin.department), good.row)
        found.same += 1
    for good in later:
        rivals = [row for row in known[good.key] if row.id not in claimed]
        named = "department" in good.given
        twin = next(
            (row for row in rivals if not named or row.department == good.said.department),
            rivals[0] if len(rivals) == 1 else None,
        )
        place = (*good.key, good.said.department if named or twin is None else twin.department)
        if place in before:
            found.wrong.append(Wrong(good.row, "import.twice", {"row": before[place]}))
            continue
        if not good.known_department and (twin is None or twin.department != good.said.department):
            found.wrong.append(
                Wrong(
                    good.row,
                    "import.department",
                    {"department": good.said.department, "known": reader.near(good.said.department)},
                )
            )
            continue
        before[place] = good.row
        if twin is None:
            owner = good.said.owner or owner_of(work.organisation, good.said.department)
            found.new.append((good.said.model_copy(update={"owner": owner}), good.status or "proposed"))
        else:
            claimed.add(twin.id)
            found.changed.append((twin, *_becomes(twin, good)))
    found.wrong.sort(key=lambda wrong: wrong.row)
    return found


def _becomes(row: Row[Any], good: Good) -> tuple[Content, Status]:
    """What an entry becomes by a row: columns that the table lacks stay as they are."""
    said, known = good.said, content(row)
    kept = {name: getattr(known, name) for column, name in _FIELDS.items() if column not in good.given}
    if not said.owner:
        kept["owner"] = known.owner
    if "answer_formal" in good.given and said.formal:
        kept["both"] = False
    return said.model_copy(update=kept), good.status or row.status


_FIELDS: Final[Mapping[Column, str]] = {
    "department": "department", "tags": "tags", "language": "language", "valid_until": "valid_until", "answer_formal": "formal",
    "both": "both", "links": "links", "valid_from": "valid_from", "owner": "owner",
}  # fmt: skip


def take_in(work: Work, rows: Sequence[Good]) -> Plan:
    """Put rows into the store, all of them or, when anything fails, none; returns what was done."""
    touch(work.conn)  # locks: two imports at once take turns, and the second finds what the first brought
    found = plan(work, rows)
    for begin in range(0, len(found.new), _AT_ONCE):
        some = found.new[begin : begin + _AT_ONCE]
        fresh = [said.columns() | _first(work, status) for said, status in some]
        insert = faq.insert().returning(faq.c.id, sort_by_parameter_order=True)
        numbers = work.conn.execute(insert, fresh).scalars().all()
        pasts = [past(work, number, 1, said, status, "imported") for number, (said, status) in zip(numbers, some, strict=True)]
        work.conn.execute(faq_history.insert(), pasts)
    for begin in range(0, len(found.changed), _AT_ONCE):
        rows_now = found.changed[begin : begin + _AT_ONCE]
        becoming = [
            said.columns() | _first(work, status) | {"version": row.version + 1, "used": row.used, "number": row.id}
            for row, said, status in rows_now
        ]
        columns: dict[str, Any] = {name: bindparam(name) for name in becoming[0] if name != "number"}
        work.conn.execute(faq.update().where(faq.c.id == bindparam("number")).values(columns), becoming)
        pasts = [past(work, row.id, row.version + 1, said, status, "imported") for row, said, status in rows_now]
        work.conn.execute(faq_history.insert(), pasts)
    return found


def _first(work: Work, status: Status) -> dict[str, Any]:
    return {
        "version": 1,
        "status": status,
        "changed": work.now,
        "changed_by": work.who,
        "looked_at": work.now,
        "review": "imported" if status == "review" else "",
        "used": 0,
    }


# --- rows out ----------------------------------------------------------------------------------------------


def given_out(work: Work, *, full: bool) -> Iterator[dict[Column, str]]:
    """Every entry as a row, safe to open in a spreadsheet, by its number. ``full``: with the columns that only a full table has."""
    columns: Iterable[Column] = (*COLUMNS, *MORE) if full else COLUMNS
    for row in work.conn.execute(select(faq).order_by(faq.c.id)):
        cells: dict[Column, str] = {
            "question": row.question,
            "answer": row.answer,
            "department": row.department,
            "tags": ", ".join(filter(None, row.tags.split(","))),
            "language": row.language,
            "valid_until": row.valid_until or "",
            "status": row.status,
            "answer_formal": row.answer_formal,
            "both": "yes" if row.both else "no",
            "links": row.links,
            "valid_from": row.valid_from or "",
            "owner": row.owner,
        }
        yield {column: guarded(cells[column]) for column in columns}


__all__ = ["COLUMNS", "MORE", "NEEDED", "Column", "Good", "Plan", "Reader", "Wrong", "column_of", "given_out", "plan", "take_in"]
