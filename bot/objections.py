"""An objection of a citizen to what was done: kept with the case, looked at by somebody else than who decided, answered.

It waits for a person, so it has a clock: who looks at it is reminded, then the next one who may look at it is asked instead.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from bot import clocks
from bot.case import Case, advice, load_case, outcomes, save, situation
from bot.comment_text import clean, cut, is_blank
from bot.events import Answer, Conversation
from bot.outbox import again, message_of, say
from bot.presses import Review
from bot.roster import deputies_of, direct, holders, holds_role, present
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
_STANDING = select(objections).where(objections.c.standing.is_not(None)).order_by(objections.c.id)
_LANES = select(messages.c.lane).where(messages.c.kind == "objection", messages.c.ref == bindparam("number"))


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
    """Who looks at an objection: the first who may and had no hand in it; who is there today before who is away."""
    able = _able(work, case, advised)
    return able[0] if able else None


def _able(work: Work, case: Case, advised: Advise | None) -> tuple[str, ...]:
    """Everybody who may look at it, who is there today or stands in first."""
    involved = deciders(case, advised)
    here: list[str] = []
    away: list[str] = []
    for role in REVIEWERS:
        department = (case.state.department or "") if role == "department_head" else ""
        people = (*holders(work.organisation, role, department), *deputies_of(work.organisation, role, department))
        there = present(work.organisation, people)
        here += there
        away += [person for person in people if person not in there]
    return tuple(person for person in dict.fromkeys((*here, *away)) if person not in involved)


def of_case(work: Work, number: int) -> Row[Any] | None:
    """The newest objection in a case."""
    return work.conn.execute(_OF_CASE, {"number": number}).first()


def one(work: Work, number: int) -> Row[Any] | None:
    """Objection ``number``."""
    return work.conn.execute(_ONE, {"number": number}).first()


def waiting(work: Work) -> list[Row[Any]]:
    """The objections that wait for whoever asks, the oldest first."""
    return list(work.conn.execute(_STANDING.where(objections.c.reviewer == work.who)))


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
    clocks.start(work, case.number, "objection", f"{made.id}.0", _due(work, case, 0, work.now))
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
    if work.who not in _able(work, case, advised):  # their role ended since they were asked
        raise Refused("refused.no_reviewer_any_more")
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
    clocks.stop(work, case.number, "objection")
    what = "objection_upheld" if press.upheld else "objection_changed"
    case = save(work, case, what, {"objection": row.id, "measure": measure}, reason)
    if measure in ("leave", "answer"):  # what may stand is no ground for a warning
        case = undo_for(work, case, reason)
    if case.moderator is not None and case.moderator in work.organisation.people:
        say(work, direct(work.organisation, work.house.platforms, case.moderator), "objected", case=case.number, ref=row.id)
    _show(work, row.id)
    again(work, case.number, "case")
    return Answer(note="note.reviewed")


def ring(work: Work, case: Case, name: str) -> None:
    """Its clock rang: remind who looks at it, ask the next one, and when there is nobody else say it again, so often as policy says.

    ``name``: the objection, and how often its present reviewer was asked before.
    """
    number, _, before = name.partition(".")
    row, times = one(work, int(number)), int(before)
    if row is None or row.decided is not None or case.purged is not None:
        return
    following, gone = _following(work, case, row)
    head = message_of(work, case.number, "objection", row.id)
    if not gone and not times and head is not None and head.problem is None:
        due = _due(work, case, 0, work.now if head.delivered is None else min(head.delivered, work.now))
        if due > work.now:  # it counts from when it stood there
            clocks.start(work, case.number, "objection", name, due)
            return
    if following is not None and (gone or times):
        _pass_on(work, case, row, following)
    elif times <= case.policy.reminders.repeat:
        _note(work, case, row, "objection_again" if times else "objection_reminder", row.reviewer)
        save(work, case, "objection_due", {"objection": row.id})
        clocks.start(work, case.number, "objection", f"{row.id}.{times + 1}", _due(work, case, times + 1, work.now))


def unreached(work: Work, message: Row[Any]) -> None:
    """Who was asked cannot be reached: the next one is asked at once, or the same person where they surely can read it."""
    row = one(work, message.ref)
    if row is None or row.decided is not None or message.lane != str(_place(work, row)):
        return
    case, here = load_case(work, row.case_id), Conversation("local", row.reviewer)
    following, _ = _following(work, case, row)
    if following is not None:
        _pass_on(work, case, row, following)
    elif message.lane != str(here):
        say(work, here, "objection", case=case.number, ref=row.id)


def hand_on(work: Work) -> None:
    """The directory changed: an objection with somebody who may no longer look at it, or is away, goes on now."""
    for row in work.conn.execute(_STANDING).all():
        following, gone = _following(work, load_case(work, row.case_id, lock=False), row)
        if gone and following is not None:
            clocks.stop(work, row.case_id, "objection")
            clocks.start(work, row.case_id, "objection", f"{row.id}.0", work.now)


def _following(work: Work, case: Case, row: Row[Any]) -> tuple[str | None, bool]:
    """Who may look at it and was not asked yet; and whether who has it may no longer, or is away."""
    able = _able(work, case, advice(work, case))
    lanes = set(work.conn.execute(_LANES, {"number": row.id}).scalars())
    fresh = (person for person in able if str(direct(work.organisation, work.house.platforms, person)) not in lanes)
    return next(fresh, None), row.reviewer not in able or row.reviewer in work.organisation.away


def _pass_on(work: Work, case: Case, row: Row[Any], who: str) -> None:
    """Somebody else looks at it from now on; the one before, the moderator and the timeline are told."""
    _note(work, case, row, "objection_passed", who)
    work.conn.execute(objections.update().where(objections.c.id == row.id).values(reviewer=who))
    say(work, direct(work.organisation, work.house.platforms, who), "objection", case=case.number, ref=row.id)
    _show(work, row.id)
    save(work, case, "objection_passed", {"objection": row.id, "reviewer": who})
    clocks.stop(work, case.number, "objection")
    clocks.start(work, case.number, "objection", f"{row.id}.0", _due(work, case, 0, work.now))
    again(work, case.number, "case")


def _note(work: Work, case: Case, row: Row[Any], what: str, who: str) -> None:
    """A sentence beneath the objection, and, save for the first reminder, beneath the moderator's card."""
    heads = [message_of(work, case.number, "objection", row.id)]
    if what != "objection_reminder":
        heads.append(message_of(work, case.number, "case"))
    for head in heads:
        if head is not None:
            to = who if head.lane == str(_place(work, row)) else ""
            place = Conversation.parse(head.lane)
            say(work, place, "thread_note", case=case.number, parent=head.id, what=what, who=who, to=to)


def _place(work: Work, row: Row[Any]) -> Conversation:
    known = row.reviewer in work.organisation.people
    return direct(work.organisation, work.house.platforms, row.reviewer) if known else Conversation("local", row.reviewer)


def _due(work: Work, case: Case, times: int, since: datetime) -> datetime:
    """As long as a citizen waits for an answer, then a working day each time; in office hours."""
    calendar = work.organisation.calendar
    return calendar.office_hours_next(calendar.working_days(since, case.policy.response.answer if times == 0 else 1))


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
