"""Reports to bodies outside (police, Unia, the platform …): to whom a case may go, what was reported, what came of it."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select

from bot import clocks
from bot.case import Case, Settled, advice, outcomes, save, standing
from bot.comment_text import clean, cut, is_blank
from bot.outbox import again, say
from bot.presses import BodyAnswered, Reported
from bot.roster import direct, may
from bot.tables import reports
from bot.work import Refused, Work
from flows.authorities import Authority
from flows.effects import Advise

LONGEST_REFERENCE, LONGEST_ANSWER = 200, 2_000
_REPORTS = select(reports).where(reports.c.case_id == bindparam("number")).order_by(reports.c.id)
_KINDS = frozenset({"report_body", "report_platform"})


def concerns(advised: Advise | None) -> bool:
    """Whether the case may be reported outside: then its card offers where, and the dossier."""
    return advised is not None and (
        any(todo.kind in _KINDS for todo in advised.steps) or bool({"report", "evidence"} & set(advised.records))
    )


def bodies(work: Work, case: Case) -> tuple[tuple[str, Authority], ...]:
    """(situation, body) pairs: first the bodies that the card's own steps name, then the others of the table."""
    advised = advice(work, case)
    pairs = work.house.authorities.where(case.tree, outcomes(case), case.state.ground)
    found = {body: situation for situation, body in pairs}
    named = [todo.body for todo in advised.steps if todo.body is not None] if advised else []
    first: dict[Authority, str] = {body: found.get(body, "step") for body in named}
    return tuple((situation, body) for body, situation in {**first, **found}.items())


def of(work: Work, case: int) -> list[Row[Any]]:
    """The reports of a case, oldest first."""
    return list(work.conn.execute(_REPORTS, {"number": case}).all())


def may_note(work: Work, case: Case) -> bool:
    """Who has the case or was told of it: they are who reports, also after the case is closed."""
    return case.purged is None and may(work.organisation, work.who, "see_originals", standing(work, case))


def reported(work: Work, case: Case, press: Reported, values: dict[str, str] | None) -> Case | None:
    """Note a report; ticks the card's line for that body and asks for news later. ``None``: the facts must be asked for."""
    if values is None:
        return None
    body = values.get("body", press.body)
    known = {name for _, name in bodies(work, case) if name != "none"}
    if body not in known:
        raise Refused("refused.choose_body")
    day = _day(work, values.get("on", ""))
    reference = cut(clean(values.get("reference", "")).replace("\n", " "), LONGEST_REFERENCE)[0]
    row = {"case_id": case.number, "body": body, "on_day": day.isoformat(), "by": work.who, "at": work.now}
    key = work.conn.execute(reports.insert().values(**row, reference=reference)).inserted_primary_key
    assert key is not None  # every insert of one row has one
    number = int(key[0])
    office = work.house.authorities.bodies[body]
    if office.remind_days is not None:
        clocks.start(work, case.number, "report", str(number), work.now + timedelta(days=office.remind_days))
    case = save(work, _ticked(work, case, body), "reported", {"body": body, "report": number, "on": day.isoformat()}, reference)
    again(work, case.number, "case", "thread")
    return case


def answered(work: Work, case: Case, press: BodyAnswered, values: dict[str, str] | None) -> Case | None:
    """Note what the body said; nobody is reminded any more. ``None``: the answer must be asked for."""
    row = next((row for row in of(work, case.number) if row.id == press.report), None)
    if row is None:
        raise Refused("refused.stale")
    if values is None:
        return None
    answer = cut(clean(values.get("answer", "")), LONGEST_ANSWER)[0]
    if is_blank(answer):
        raise Refused("refused.no_reason")
    work.conn.execute(reports.update().where(reports.c.id == row.id).values(answer=answer, answered=work.now))
    clocks.stop(work, case.number, "report", names=[str(row.id)])
    case = save(work, case, "body_answered", {"body": row.body, "report": row.id}, answer)
    again(work, case.number, "case", "thread")
    return case


def remind(work: Work, case: Case, report: int) -> None:
    """The body has been silent for as long as it usually takes: its moderator, or who noted it, is asked to look."""
    row = next((row for row in of(work, case.number) if row.id == report), None)
    if row is None or row.answer is not None:
        return
    who = case.moderator or row.by
    if who not in work.organisation.people:
        who = work.organisation.roles["communications_lead"].holders[0]
    say(work, direct(work.organisation, work.house.platforms, who), "note", case=case.number, what="report_due", body=row.body)
    save(work, case, "report_due", {"body": row.body, "report": report})


def _ticked(work: Work, case: Case, body: str) -> Case:
    advised = advice(work, case)
    if advised is None or not case.open:
        return case
    kind = "report_platform" if body == "platform" else "report_body"
    todo = next(
        (todo for todo in advised.steps if todo.kind == kind and todo.body in (None, body) and todo.id not in case.state.items),
        None,
    )
    if todo is None:
        return case
    done = Settled(how="done", by=work.who, at=work.now, reason="reported")
    return case.with_state(items={**case.state.items, todo.id: done})


def _day(work: Work, typed: str) -> date:
    """The day that was typed, today when none was; never one that is still to come."""
    today = work.now.astimezone(work.organisation.calendar.zone).date()
    if is_blank(typed):
        return today
    written = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", typed.strip())  # as people write it: 3/12/2026
    try:
        day = date(int(written[3]), int(written[2]), int(written[1])) if written else datetime.fromisoformat(typed.strip()).date()
    except ValueError:
        raise Refused("refused.no_day") from None
    if day > today:
        raise Refused("refused.no_day")
    return day
