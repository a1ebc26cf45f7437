"""Questions for which the FAQ had nothing: kept masked, grouped by what they share, for who can write the answer."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from bot.case import Case
from bot.comment_text import clean, excerpt, is_blank
from bot.faq_search import meanings
from bot.masking import mask
from bot.roster import departments_of, holds_role
from bot.tables import faq_gaps, insert_new
from bot.work import Work

LONGEST = 300  # characters of a masked question that are kept
MOST = 1000  # open questions that are grouped, the newest
ALIKE = 0.5  # share of two questions' meanings that must be the same


@dataclass(frozen=True, slots=True)
class Asked:
    """One question without an answer, masked."""

    number: int
    text: str
    department: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions that are about the same, the newest first, and the words by which they are; never a citizen's own text unmasked."""

    questions: tuple[Asked, ...]
    shared: tuple[str, ...]
    department: str

    @property
    def count(self) -> int:
        return len(self.questions)


def note(work: Work, text: str, department: str) -> int | None:
    """Somebody searched for this and found nothing; returns the number of what is kept of it, if anything."""
    words = excerpt(mask(clean(text)), LONGEST)
    if is_blank(words) or not meanings(words):
        return None
    department = department or work.organisation.department_for(words) or ""
    row = {"case_id": None, "at": work.now, "department": department, "text": words, "open": True}
    key = work.conn.execute(faq_gaps.insert().values(row)).inserted_primary_key
    assert key is not None  # every insert of one row has one
    return int(key[0])


def note_case(work: Work, case: Case) -> None:
    """A question nobody could answer from the FAQ, asked of a department; once for each case."""
    words = excerpt(mask(case.text), LONGEST)
    if not is_blank(words) and meanings(words):
        row = {"at": work.now, "department": case.state.department or "", "text": words, "open": True}
        insert_new(work.conn, faq_gaps, case_id=case.number, **row)


def close_case(work: Work, case: int) -> None:
    """The question of a case got its answer, or is no longer asked."""
    work.conn.execute(faq_gaps.update().where(faq_gaps.c.case_id == case).values(open=False))


def open_ones(work: Work, since: datetime | None = None) -> tuple[Asked, ...]:
    """The questions that still have no answer, newest first; of some time on if wanted."""
    query = select(faq_gaps).where(faq_gaps.c.open.is_(True)).order_by(faq_gaps.c.id.desc()).limit(MOST)
    if since is not None:
        query = query.where(faq_gaps.c.at >= since)
    return tuple(map(_asked, work.conn.execute(query)))


def one(work: Work, number: int) -> Asked | None:
    """A question that still has no answer."""
    row = work.conn.execute(select(faq_gaps).where(faq_gaps.c.id == number, faq_gaps.c.open.is_(True))).first()
    return _asked(row) if row is not None else None


def _asked(row: Row[Any]) -> Asked:
    return Asked(row.id, row.text, row.department, row.at)


def close(work: Work, number: int) -> int:
    """The question got its answer, or needs none: it and those about the same; returns how many."""
    questions = open_ones(work)
    mine = next((gap for gap in grouped(questions) if any(item.number == number for item in gap.questions)), None)
    if mine is None:
        return 0
    numbers = [item.number for item in mine.questions]
    return work.conn.execute(faq_gaps.update().where(faq_gaps.c.id.in_(numbers)).values(open=False)).rowcount


def seen_by(work: Work) -> tuple[Gap, ...]:
    """The gaps of the departments that this person answers for, and those of no department; all for the communications lead."""
    lead = holds_role(work.organisation, work.who, "communications_lead")
    mine = departments_of(work.organisation, work.who)
    known = work.organisation.departments
    gaps = grouped(open_ones(work))
    return tuple(gap for gap in gaps if lead or gap.department in mine or (mine and gap.department not in known))


def grouped(questions: Sequence[Asked]) -> tuple[Gap, ...]:
    """Near-duplicates together, the most asked first. Pure.

    Two are about the same when half of what they mean, rare words counting more, is shared; one joins the group whose first
    question is most like it.
    """
    means = {item.number: meanings(item.text) for item in questions}
    common = Counter(mark for found in means.values() for mark in found)
    leaders: dict[str, list[int]] = defaultdict(list)
    groups: dict[int, list[Asked]] = {}
    for item in sorted(questions, key=lambda item: item.number):
        mine = means[item.number]
        near = Counter(leader for mark in mine for leader in leaders[mark])
        best, most = None, 0.0
        for leader in near:
            share = _share(mine, means[leader], common)
            if share > most:
                best, most = leader, share
        if best is not None and most >= ALIKE:
            groups[best].append(item)
            continue
        groups[item.number] = [item]
        for mark in mine:
            leaders[mark].append(item.number)
    found = [_gap(items, [means[item.number] for item in items]) for items in groups.values()]
    return tuple(sorted(found, key=lambda gap: (-gap.count, -gap.questions[0].number)))


def _share(one: Iterable[str], other: Iterable[str], common: Counter[str]) -> float:
    mine, theirs = set(one), set(other)
    weight = {mark: 1 / (1 + common[mark] ** 0.5) for mark in mine | theirs}
    smaller = min(sum(weight[mark] for mark in side) for side in (mine, theirs))
    larger = max(sum(weight[mark] for mark in side) for side in (mine, theirs))
    both = sum(weight[mark] for mark in mine & theirs)
    return both / ((smaller + larger) / 2) if larger else 0.0


def _gap(items: list[Asked], means: "list[dict[str, str]]") -> Gap:
    shared = [means[0][mark] for mark in means[0] if all(mark in other for other in means)] if len(items) > 1 else []
    department = Counter(item.department for item in items if item.department).most_common(1)
    newest = tuple(sorted(items, key=lambda item: -item.number))
    return Gap(newest, tuple(dict.fromkeys(shared)), department[0][0] if department else "")
