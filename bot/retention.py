"""How long things are kept (domain §7): what is due to be erased, erasing it, and one author's data to give out or to erase.

Erasing leaves the anonymous statistics, and the timeline's digests: its chain still holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import Table, func, or_, select

from bot import clocks
from bot import signals as signal_log
from bot.case import advice, load_case, outcomes, save
from bot.outbox import again
from bot.strikes import one_person
from bot.tables import (
    aliases,
    cases,
    comments,
    evidence,
    faq,
    faq_gaps,
    masks,
    messages,
    objections,
    passes,
    private_flags,
    replies,
    reports,
    signals,
    strikes,
    timeline,
)
from bot.work import Refused, Work

LOOSE = timedelta(days=1)  # how long an upload that never came in a case is kept

# What a case's rows become when its content is erased. A table of cases that stands in neither list is a defect (a test says so).
EMPTIED: Mapping[Table, Mapping[str, Any]] = {
    comments: {"text": "", "link": "", "post": "", "handle": "", "author": None, "posted": "", "signal": None},
    replies: {"text": "", "deleted": True},
    timeline: {"text": None, "salt": None},
    objections: {"text": "", "reason": None, "standing": None},
    reports: {"reference": "", "answer": None},
    faq: {"case_id": None},
    faq_gaps: {"case_id": None},
}
REMOVED: tuple[Table, ...] = (private_flags, passes, aliases)
KEPT = frozenset(
    {"evidence", "signals", "threads", "messages", "clocks", "strikes"}
)  # by hand below, or only ids, codes and times


@dataclass(frozen=True, slots=True)
class Due:
    """What may be erased today, by class. ``cases``: closed ones whose term is over."""

    cases: tuple[int, ...]
    uploads: int
    signals: int
    strikes: int

    @property
    def nothing(self) -> bool:
        return not (self.cases or self.uploads or self.signals or self.strikes)


def due(work: Work) -> Due:
    """What the retention policy lets go of."""
    today = work.now.astimezone(work.organisation.calendar.zone).date().isoformat()
    over = cases.c.phase == "closed", cases.c.purged.is_(None), cases.c.purge_on <= today
    numbers = work.conn.execute(select(cases.c.id).where(*over).order_by(cases.c.id)).scalars()

    def count(table: Table, *which: Any) -> int:
        return int(work.conn.execute(select(func.count()).select_from(table).where(*which)).scalar_one())

    return Due(tuple(numbers), count(evidence, *_loose(work)), count(signals, *_old(work)), count(strikes, *_expired(work)))


def sweep(work: Work) -> None:
    """Erase what belongs to no case: forgotten uploads, old signals, strikes that expired."""
    work.conn.execute(evidence.delete().where(*_loose(work)))
    work.conn.execute(signals.delete().where(*_old(work)))
    work.conn.execute(strikes.delete().where(*_expired(work)))


def erase(work: Work, number: int, why: str) -> None:
    """Erase the content of a closed case: words, names, pictures, typed reasons. ``why``: ``term`` or ``subject``."""
    case = load_case(work, number)
    if case.open:
        raise Refused("refused.still_open", number=number)
    if case.purged is not None:
        return
    pictures = select(evidence.c.id).where(evidence.c.case_id == number)
    work.conn.execute(masks.delete().where(masks.c.evidence_id.in_(pictures)))
    work.conn.execute(evidence.delete().where(evidence.c.case_id == number))
    for table in REMOVED:
        work.conn.execute(table.delete().where(table.c.case_id == number))
    for table, values in EMPTIED.items():
        work.conn.execute(table.update().where(table.c.case_id == number).values(**values))
    signal_log.release(work, number)
    work.conn.execute(cases.update().where(cases.c.id == number).values(text_key=None, link_key=None, purged=work.now))
    clocks.stop(work, number)
    clocks.stop(work, number, "report")
    state = case.state
    items = {name: item.model_copy(update={"note": ""}) for name, item in state.items.items()}
    decisions = tuple(item.model_copy(update={"reason": ""}) for item in state.decisions)
    case = case.with_state(items=items, decisions=decisions, replies={}, pictures=0)
    save(work, case, "purged", {"why": why})
    # What stands in chats is shown anew without its words, as far as a platform still lets us.
    again(work, number, *work.conn.execute(select(messages.c.kind).where(messages.c.case_id == number).distinct()).scalars())


def _loose(work: Work) -> tuple[Any, ...]:
    return evidence.c.case_id.is_(None), evidence.c.at < work.now - LOOSE


def _old(work: Work) -> tuple[Any, ...]:
    return (signals.c.at < work.now - relativedelta(months=work.organisation.policy.retention.signal_months),)


def _expired(work: Work) -> tuple[Any, ...]:
    return (strikes.c.expires <= work.now,)


# --- one author's data -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subject:
    """The cases of one author, by what can be done with them; ``strikes``: how many.

    ``linked``: those of them under another name, which somebody said is the same person's.
    """

    authors: tuple[str, ...]
    erasable: tuple[int, ...]
    open: tuple[int, ...]
    evidence: tuple[int, ...]  # of what may be criminal, kept until its term is over
    strikes: int
    linked: tuple[int, ...] = ()


def subject(work: Work, platform: str, handle: str, *, alone: bool = False) -> Subject:
    """What is kept about the author with this handle, under every version of the key, and unless ``alone`` under the other names
    that somebody said are theirs. Raises ``Refused`` for an empty handle."""
    try:
        own = work.house.keys.all_versions(platform, handle)
    except ValueError:
        raise Refused("refused.no_handle") from None
    authors = own if alone else tuple(sorted(one_person(work, set(own))))
    rows = work.conn.execute(
        select(comments.c.case_id, comments.c.author).where(comments.c.author.in_(authors)).order_by(comments.c.case_id)
    ).all()
    found = [load_case(work, row.case_id, lock=False) for row in rows]
    count = work.conn.execute(select(func.count()).select_from(strikes).where(strikes.c.author.in_(authors))).scalar_one()
    closed = [case for case in found if not case.open]
    proof = tuple(case.number for case in closed if (advised := advice(work, case)) is not None and advised.criminal)
    return Subject(
        authors,
        tuple(case.number for case in closed if case.number not in proof),
        tuple(case.number for case in found if case.open),
        proof,
        int(count),
        tuple(row.case_id for row in rows if row.author not in own),
    )


def export(work: Work, found: Subject) -> dict[str, Any]:
    """Everything about an author as data: what they wrote, what was done with it, strikes. No colleague's name, no other author's."""
    numbers = sorted({*found.erasable, *found.open, *found.evidence})
    given = []
    for number in numbers:
        case = load_case(work, number, lock=False)
        pictures = work.conn.execute(select(evidence.c.id, evidence.c.at, evidence.c.sha256).where(evidence.c.case_id == number))
        told = work.conn.execute(select(reports.c.body, reports.c.on_day).where(reports.c.case_id == number))
        said = work.conn.execute(select(objections.c.text).where(objections.c.case_id == number).order_by(objections.c.id))
        given.append(
            {
                "case": number, "other_name": number in found.linked,
                "opened": case.opened.isoformat(), "closed": case.closed.isoformat() if case.closed else None,
                "text": case.text, "link": case.link, "post": case.post, "posted": case.posted, "handle": case.handle,
                "place": case.state.place, "platform": case.state.platform, "outcomes": list(outcomes(case)),
                "screenshots": [{"number": row.id, "kept": row.at.isoformat(), "sha256": row.sha256} for row in pictures],
                "reported": [{"body": row.body, "on": row.on_day} for row in told], "kept_until": case.purge_on,
                "objections": list(said.scalars()),
            }
        )  # fmt: skip
    rows = work.conn.execute(
        select(strikes.c.case_id, strikes.c.at, strikes.c.expires)
        .where(strikes.c.author.in_(found.authors))
        .order_by(strikes.c.id)
    )
    warned = [{"case": row.case_id, "at": row.at.isoformat(), "expires": row.expires.isoformat()} for row in rows]
    return {"cases": given, "strikes": warned}


def forget_strikes(work: Work, found: Subject) -> None:
    """Erase an author's strikes, and what ties them to other names."""
    tied = or_(aliases.c.one.in_(found.authors), aliases.c.other.in_(found.authors))
    work.conn.execute(aliases.delete().where(tied))
    work.conn.execute(strikes.delete().where(strikes.c.author.in_(found.authors)))
