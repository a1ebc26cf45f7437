"""What was decided, to give out on request (openness of government): codes and days of cases, no words, no author, no colleague."""

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from bot.case import advice, load_case, outcomes
from bot.reports import of
from bot.tables import cases
from bot.work import Work


def decisions(work: Work, first: date, last: date) -> list[dict[str, Any]]:
    """Every case opened from ``first`` to ``last`` that came to an outcome. Typed reasons stay out: they may quote somebody."""
    zone = work.organisation.calendar.zone
    begin = datetime.combine(first, time(), zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)
    numbers = work.conn.execute(
        select(cases.c.id).where(cases.c.opened >= begin, cases.c.opened < end).order_by(cases.c.id)
    ).scalars()
    return [row for number in numbers if (row := _row(work, number))]


def _row(work: Work, number: int) -> dict[str, Any]:
    case = load_case(work, number, lock=False)
    advised = advice(work, case)
    if advised is None:
        return {}
    zone, items = work.organisation.calendar.zone, case.state.items
    done = dict.fromkeys(todo.kind for todo in advised.steps if todo.id in items and items[todo.id].how == "done")
    return {
        "case": number,
        "opened": case.opened.astimezone(zone).date().isoformat(),
        "closed": case.closed.astimezone(zone).date().isoformat() if case.closed else "",
        "place": case.state.place,
        "platform": case.state.platform,
        "outcomes": list(outcomes(case)),
        "disposition": advised.disposition,
        "ground": case.state.ground or "",
        "house_rule": case.state.house_rule or "",
        "decided_by_a_colleague": bool(case.state.decisions),
        "done": list(done),
        "reported_to": list(dict.fromkeys(row.body for row in of(work, number))),
        "tree": f"{case.tree.name} {case.tree_version}",
        "policy": case.policy_version,
    }
