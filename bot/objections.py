"""An objection of a citizen to what was done: kept with the case, looked at by somebody else than who decided, answered."""

from typing import Any

from sqlalchemy import Row, bindparam, select

from bot.case import Case, advice, load_case, outcomes, save, situation
from bot.comment_text import clean, cut, is_blank
from bot.events import Answer
from bot.outbox import again, say
from bot.presses import Review
from bot.roster import deputies_of, direct, holders, holds_role
from bot.strikes import undo_for
from bot.tables import insert_new, messages, objections
from bot.work import Refused, Work
from flows.effects import Advise, Measure
from flows.tree import Role, StepKind
from flows.walk import measures

LONGEST = 5_000
LONGEST_REASON = 2_000
RESTRICTING: tuple[StepKind, ...] = ("hide", "delete", "block", "close_comments")
REVIEWERS: tuple[Role, ...] = ("communications_lead", "department_head", "moderation_team", "dpo")
SOFTER: tuple[Measure, ...] = ("leave", "answer", "hide", "close_comments")  # what a review may change it to

_OF_CASE = select(objections).where(objections.c.case_id == bindparam("number")).order_by(objections.c.id.desc()).limit(1)
_ONE = select(objections).where(objections.c.id == bindparam("number"))


def restrictions(case: Case, advised: Advise | None) -> tuple[StepKind, ...]:
    """What was done to the comment or its author, in the order of `RESTRICTING`."""
    items = case.state.items
    done = {todo.kind for todo in advised.steps if todo.id in items and items[todo.id].how == "done"} if advised else set()
    return tuple(kind for kind in RESTRICTING if kind in done)


def deciders(case: Case, advised: Advise | None) -> frozenset[str]:
    """Everybody who had a hand in what was done: the moderator, who decided, who proposed and who confirmed."""
    people = {case.moderator or "", *(made.by for made in case.state.decisions)}
    for todo in advised.steps if advised else ():
        settled = case.state.items.get(todo.id)
        if settled is not None and todo.kind in RESTRICTING:
            people |= {settled.by, settled.first}
    return frozenset(people - {""})


def reviewer(work: Work, case: Case, advised: Advise | None) -> str | None:
    """Who looks at an objection: the first who may, and had no hand in it."""
    involved = deciders(case, advised)
    for role in REVIEWERS:
        department = (case.state.department or "") if role == "department_head" else ""
        people = (*holders(work.organisation, role, department), *deputies_of(work.organisation, role, department))
        found = next((person for person in people if person not in involved), None)
        if found is not None:
            return found
    return None


def of_case(work: Work, number: int) -> Row[Any] | None:
    """The newest objection in a case."""
    return work.conn.execute(_OF_CASE, {"number": number}).first()


def one(work: Work, number: int) -> Row[Any] | None:
    """Objection ``number``."""
    return work.conn.execute(_ONE, {"number": number}).first()


def register(work: Work, case: Case, values: dict[str, str]) -> Case:
    """Keep a citizen's objection, and ask somebody who had no hand in it."""
    advised = advice(work, case)
    if case.open or not restrictions(case, advised):
        raise Refused("refused.nothing_to_object")
    text, _ = cut(clean(values.get("text", "")), LONGEST)
    if is_blank(text):
        raise Refused("refused.no_words")
    who = reviewer(work, case, advised)
    if who is None:
        raise Refused("refused.no_reviewer")
    row = {"case_id": case.number, "standing": case.number, "at": work.now, "by": work.who, "text": text, "reviewer": who}
    if not insert_new(work.conn, objections, **row):
        raise Refused("refused.objection_waits")
    made = of_case(work, case.number)
    assert made is not None  # just inserted
    say(work, direct(work.organisation, work.house.platforms, who), "objection", case=case.number, ref=made.id)
    case = save(work, case, "objection", {"objection": made.id, "reviewer": who})
    again(work, case.number, "case")
    return case


def review(work: Work, press: Review, values: dict[str, str] | None) -> Answer | None:
    """The reviewer upholds what was done or changes it, with a reason. ``None``: the words must be asked for."""
    row = one(work, press.objection)
    if row is None:
        raise Refused("refused.stale")
    case = load_case(work, row.case_id)
    row = one(work, press.objection)  # again, behind the case's lock
    assert row is not None  # objections are not deleted while their case stands
    advised = advice(work, case)
    if work.who in deciders(case, advised):
        raise Refused("refused.own_decision")
    if work.who != row.reviewer and not holds_role(work.organisation, work.who, "communications_lead"):
        raise Refused("refused.not_reviewer", who=row.reviewer)
    if row.decided is not None:
        raise Refused("refused.reviewed_before", who=row.decided_by, when=row.decided)
    if values is None:
        return None
    reason, _ = cut(clean(values.get("reason", "")), LONGEST_REASON)
    if is_blank(reason):
        raise Refused("refused.no_reason")
    measure = "" if press.upheld else _measure(work, case, values.get("measure", ""))
    result = {"decided": work.now, "decided_by": work.who, "measure": measure, "reason": reason, "standing": None}
    work.conn.execute(objections.update().where(objections.c.id == row.id).values(**result))
    what = "objection_upheld" if press.upheld else "objection_changed"
    case = save(work, case, what, {"objection": row.id, "measure": measure}, reason)
    if measure in ("leave", "answer"):  # what may stand is no ground for a warning
        case = undo_for(work, case, reason)
    if case.moderator is not None and case.moderator in work.organisation.people:
        say(work, direct(work.organisation, work.house.platforms, case.moderator), "objected", case=case.number, ref=row.id)
    _show(work, row.id)
    again(work, case.number, "case")
    return Answer(note="note.reviewed")


def possible(work: Work, case: Case) -> tuple[Measure, ...]:
    """What a review may change it to, in this place and on this platform."""
    facts = situation(work, case)
    return tuple(name for name in measures(case.tree, case.policy, facts, outcomes(case)) if name in SOFTER)


def _measure(work: Work, case: Case, chosen: str) -> str:
    found = next((name for name in possible(work, case) if name == chosen), None)
    if found is None:
        raise Refused("refused.choose_measure")
    return found


def _show(work: Work, number: int) -> None:
    work.said = True
    work.conn.execute(
        messages.update().where(messages.c.kind == "objection", messages.c.ref == number).values(wanted=messages.c.wanted + 1)
    )
