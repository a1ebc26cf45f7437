"""Terms and appointments: when each is due on its clock, kept in the store, rung once.

The heart rings ``settle`` (the 15 seconds in which an escalation can be cancelled) and keeps ``term`` for showing.
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

Kind = Literal["settle", "term"]

_DUE = (
    select(clocks.c.id, clocks.c.case_id, clocks.c.kind, clocks.c.name)
    .where(clocks.c.phase == "running", clocks.c.kind == "settle", clocks.c.due <= bindparam("now"))
    .order_by(clocks.c.due, clocks.c.id)
    .limit(50)
)
_NEXT = select(clocks.c.due).where(clocks.c.phase == "running", clocks.c.kind == "settle").order_by(clocks.c.due).limit(1)
_RING = (
    clocks.update()
    .where(clocks.c.id == bindparam("clock"), clocks.c.phase == "running", clocks.c.due <= bindparam("now"))
    .values(phase="rung")
)


def due_at(work: Work, case: Case, deadline: Deadline, since: datetime) -> datetime:
    """When ``deadline`` ends if it begins at ``since``: elapsed hours, or working days in the organisation's calendar.

    The waiting time to edit a comment is the house rule's own where it has one.
    """
    length = hours(deadline, case.policy)
    if length is None:
        return since
    rule = work.organisation.house_rules.get(case.state.house_rule or "")
    if deadline.setting == "waiting_hours" and rule is not None and rule.waiting_hours is not None:
        length = rule.waiting_hours
    calendar = work.organisation.calendar
    return calendar.elapsed(since, length) if deadline.clock == "elapsed" else calendar.working_hours_span(since, length)


def start(work: Work, case: int, kind: Kind, name: str, due: datetime) -> None:
    """Start a clock, or set the one of this name anew."""
    row = {"case_id": case, "kind": kind, "name": name, "due": due, "phase": "running"}
    work.conn.execute(_start(work.conn.dialect.name), row)
    work.said = True  # whoever sleeps until the next clock must look again


@cache
def _start(dialect: str) -> Insert:
    insert = upsert(dialect, clocks)
    again = {"due": insert.excluded.due, "phase": insert.excluded.phase}
    statement: Insert = insert.on_conflict_do_update(index_elements=["case_id", "kind", "name"], set_=again)
    return statement


def stop(work: Work, case: int, kind: Kind | None = None, names: Iterable[str] | None = None) -> int:
    """Stop the running clocks of a case; of one kind, of some names, or all. Returns how many ran."""
    query = clocks.update().where(clocks.c.case_id == case, clocks.c.phase == "running")
    if kind is not None:
        query = query.where(clocks.c.kind == kind)
    if names is not None:
        query = query.where(clocks.c.name.in_(list(names)))
    return work.conn.execute(query.values(phase="stopped")).rowcount


def due(conn: Connection, now: datetime) -> tuple[Sequence[Any], datetime | None]:
    """The clocks that must ring now, and when the next one will."""
    rows: Sequence[Any] = conn.execute(_DUE, {"now": now}).all()
    if rows:
        return rows, now
    following: datetime | None = conn.execute(_NEXT).scalar_one_or_none()
    return rows, following


def ring(work: Work, clock: int) -> bool:
    """Mark a clock as rung; ``False`` when it was stopped, set anew, or rung by another process."""
    return work.conn.execute(_RING, {"clock": clock, "now": work.now}).rowcount == 1
