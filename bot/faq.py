"""The shared FAQ: entries in the store, a search index derived from them, proposals that an antenna approves."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, select

from bot.comment_text import clean, is_blank
from bot.faq_search import Entry, Hit, Index
from bot.masking import mask
from bot.presses import ApproveFaq, EditFaq, RetireFaq
from bot.tables import faq, insert_new, versions
from bot.work import Refused, Work
from flows.source import Problem, SourceProblems, read

LEAST, LEAST_OF_BEST = 0.2, 0.5  # a hit below this, or below this part of the best one, only distracts


@dataclass(slots=True)
class FaqIndex:
    """The index of approved entries, rebuilt when their number or newest change differs from what it was built from."""

    state: tuple[object, ...] = ()
    index: Index | None = None

    def fresh(self, conn: Connection) -> Index:
        """The index over what is approved now."""
        state = tuple(conn.execute(_STATE).one())
        if self.index is None or state != self.state:
            rows = conn.execute(select(faq).where(faq.c.status == "approved").order_by(faq.c.id)).all()
            self.index = Index([Entry(str(row.id), row.question, row.answer, tuple(row.tags.split(","))) for row in rows])
            self.state = state
        return self.index


_STATE = select(func.count(), func.sum(faq.c.version), func.max(faq.c.changed)).where(faq.c.status == "approved")


def search(work: Work, index: FaqIndex, query: str, limit: int = 5) -> list[tuple[Hit, Row[Any]]]:
    """The approved entries that fit ``query``, best first, with why."""
    found = index.fresh(work.conn).search(query, limit)
    least = max(LEAST, LEAST_OF_BEST * max((hit.score for hit in found), default=0.0))
    hits = [hit for hit in found if hit.score >= least]
    rows = {str(row.id): row for row in work.conn.execute(select(faq).where(faq.c.id.in_([int(hit.id) for hit in hits])))}
    return [(hit, rows[hit.id]) for hit in hits if hit.id in rows]


def suggestion(work: Work, index: FaqIndex, text: str) -> int | None:
    """The one approved entry that surely fits a comment, or ``None``."""
    hit = index.fresh(work.conn).fits(text[:2000])
    return int(hit.id) if hit is not None else None


def entry(work: Work, number: int) -> Row[Any]:
    """Entry ``number``; raises ``Refused`` when there is none."""
    row = work.conn.execute(select(faq).where(faq.c.id == number)).first()
    if row is None:
        raise Refused("refused.no_entry")
    return row


def propose(work: Work, question: str, answer: str, department: str, case: int | None) -> int:
    """A proposed entry, masked; returns its number. Nobody is offered it before an antenna approves it."""
    return _insert(work, mask(clean(question)), mask(clean(answer)), department, case, "proposed")


def proposal_of(work: Work, case: int) -> Row[Any] | None:
    """The entry that came from ``case``."""
    return work.conn.execute(select(faq).where(faq.c.case_id == case).order_by(faq.c.id).limit(1)).first()


def change(work: Work, number: int, version: int, **values: str) -> int:
    """Change an entry that is still at ``version``; returns its new one. Raises ``Refused`` when somebody else was first."""
    changed = work.conn.execute(
        faq.update()
        .where(faq.c.id == number, faq.c.version == version)
        .values(version=version + 1, changed=work.now, changed_by=work.who, **values)
    ).rowcount
    if not changed:
        row = entry(work, number)
        raise Refused("refused.entry_changed", who=row.changed_by, when=row.changed)
    return version + 1


def press(work: Work, on: ApproveFaq | EditFaq | RetireFaq, values: dict[str, str]) -> None:
    """What an antenna does with an entry. Editing an approved one keeps it approved: who edits it approves it."""
    match on:
        case ApproveFaq():
            change(work, on.entry, on.version, status="approved")
        case RetireFaq():
            change(work, on.entry, on.version, status="retired")
        case EditFaq():
            question, answer = clean(values.get("question", "")), clean(values.get("answer", ""))
            if is_blank(question) or is_blank(answer):
                raise Refused("refused.no_words")
            formal = clean(values.get("formal", ""))
            change(work, on.entry, on.version, question=mask(question), answer=answer, answer_formal=formal)


def used(work: Work, number: int) -> None:
    """Count one use."""
    work.conn.execute(faq.update().where(faq.c.id == number).values(used=faq.c.used + 1))


def seed(work: Work, path: Path, departments: Iterable[str]) -> int:
    """The sample's entries into an empty FAQ, as approved; returns how many. Raises ``SourceProblems`` for a broken file."""
    if not path.is_file() or work.conn.execute(select(func.count()).select_from(faq)).scalar_one():
        return 0
    source = read(path)
    known = set(departments)
    problems: list[Problem] = []
    rows = source.values if isinstance(source.values, list) else []
    for index, row in enumerate(rows):
        if not isinstance(row, dict) or not {"question", "answer"} <= row.keys() <= {
            "question",
            "answer",
            "formal",
            "department",
            "tags",
        }:
            problems.append(source.problem("an entry has question and answer; formal, department and tags if wanted", index))
        elif row.get("department", "") not in known | {""}:
            problems.append(
                source.problem(f"there is no department {row['department']!r}", index, right=", ".join(sorted(known)))
            )
    if problems:
        raise SourceProblems(problems)
    if not insert_new(work.conn, versions, kind="faq", version="sample", at=work.now, content=""):
        return 0  # another process that starts at this moment has them
    for row in rows:
        tags = ",".join(row.get("tags", []))
        _insert(work, row["question"], row["answer"], row.get("department", ""), None, "approved", row.get("formal", ""), tags)
    return len(rows)


def _insert(
    work: Work, question: str, answer: str, department: str, case: int | None, status: str, formal: str = "", tags: str = ""
) -> int:
    key = work.conn.execute(
        faq.insert().values(
            version=1,
            status=status,
            question=question,
            answer=answer,
            answer_formal=formal,
            department=department,
            tags=tags,
            case_id=case,
            changed=work.now,
            changed_by=work.who,
            used=0,
        )
    ).inserted_primary_key
    assert key is not None  # every insert of one row has one
    return int(key[0])
