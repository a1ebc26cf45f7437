"""Terms and appointments: when each is due on its clock, kept in the store, rung once. What ringing means is elsewhere.

A clock is a row; whoever deletes it rings it. ``settle``: the 15 seconds in which an escalation can be cancelled; ``term`` and
``late``: a term of a case, for its moderator and for the communications lead; ``wait``: a thread that nobody took up;
``changed``: one whose role has other people now; ``away``: the first day of somebody's absence; ``report``: a body outside that
did not answer yet; ``objection``: a citizen's, that nobody answered yet.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, Insert, bindparam, select

from bot.case import Case
from bot.tables import clocks, upsert
from bot.work import Work
from flows.tree import Deadline
from flows.walk import hours

Kind = Literal["settle", "term", "late", "wait", "changed", "away", "report", "objection"]

_COLUMNS = (clocks.c.id, clocks.c.case_id, clocks.c.kind, clocks.c.name)
_DUE = select(*_COLUMNS).where(clocks.c.due <= bindparam("now")).order_by(clocks.c.due, clocks.c.id).limit(50)
_NEXT = select(clocks.c.due).order_by(clocks.c.due).limit(1)
_RING = clocks.delete().where(clocks.c.id == bindparam("clock"), clocks.c.due <= bindparam("now")).returning(*_COLUMNS)


def due_at(work: Work, case: Case, deadline: Deadline, since: datetime) -> datetime:
    """When ``deadline`` ends if it begins at ``since``: elapsed hours, or working days in the organisation's calendar.

    The waiting time to edit a comment is the house rule's own where it has one.
    """
    length = hours(deadline, case.policy)
    if length is None:
        return since
    if deadline.setting == "waiting_hours":
        length = work.organisation.waiting_hours(case.state.house_rule, case.policy)
    calendar = work.organisation.calendar
    return calendar.elapsed(since, length) if deadline.clock == "elapsed" else calendar.working_hours_span(since, length)


def start(work: Work, case: int | None, kind: Kind, name: str, due: datetime) -> None:
    """Start a clock, or set the one of this name anew."""
    row = {"case_id": case, "kind": kind, "name": name, "due": due}
    work.conn.execute(_start(work.conn.dialect.name), row)
    work.said = True  # whoever sleeps until the next clock must look again


@cache
def _start(dialect: str) -> Insert:
    insert = upsert(dialect, clocks)
    again = {"due": insert.excluded.due}
    statement: Insert = insert.on_conflict_do_update(index_elements=["case_id", "kind", "name"], set_=again)
    return statement


def stop(work: Work, case: int, *kinds: Kind, names: Iterable[str] | None = None) -> int:
    """Stop the clocks of a case; of some kinds, of some names, or all but ``report``, which outlives it. Returns how many ran."""
    query = clocks.delete().where(clocks.c.case_id == case)
    query = query.where(clocks.c.kind.in_(kinds) if kinds else clocks.c.kind != "report")
    if names is not None:
        query = query.where(clocks.c.name.in_(list(names)))
    return work.conn.execute(query).rowcount


def due(conn: Connection, now: datetime) -> tuple[Sequence[Any], datetime | None]:
    """The clocks that must ring now, and when the next one will."""
    rows: Sequence[Any] = conn.execute(_DUE, {"now": now}).all()
    if rows:
        return rows, now
    following: datetime | None = conn.execute(_NEXT).scalar_one_or_none()
    return rows, following


def ring(work: Work, clock: int) -> Any | None:
    """Take a clock that is due off the wall; ``None`` when it was stopped, set anew, or rung by another process."""
    return work.conn.execute(_RING, {"clock": clock, "now": work.now}).first()
