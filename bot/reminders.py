"""What ringing means: the next in line is asked for a thread that nobody took up, a term is said to a person.

Each is a message and a line in the timeline; nothing here acts on a comment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, bindparam, or_, select

from bot import clocks
from bot.case import Case, advice, left, save
from bot.clocks import Kind
from bot.events import Conversation
from bot.outbox import again, message_of, say
from bot.roster import Rung, direct, holds_role, line, on_call, recipient, stand_in
from bot.tables import calls, messages, threads
from bot.work import Work
from flows.effects import Advise, Todo
from flows.tree import Deadline, Role, StepKind

# Lines that are done once their term has passed; every other line before it ends.
AFTERWARDS: frozenset[StepKind] = frozenset({"hide", "delete", "close_comments", "monitor"})
_ANSWERS: frozenset[StepKind] = frozenset({"public_answer", "private_message", "like"})

_HEADS = (
    select(messages.c.id, messages.c.lane)
    .where(
        messages.c.case_id == bindparam("number"), messages.c.kind == "thread", messages.c.ref == bindparam("about"),
        or_(messages.c.problem.is_(None), messages.c.delivered.is_not(None)),
    )
    .order_by(messages.c.id)
)  # fmt: skip
_LEAD: tuple[Role, str] = ("communications_lead", "")
_CALLS = select(calls).where(calls.c.thread_id == bindparam("about"), calls.c.what != "told").order_by(calls.c.id)

What = Literal["reminder", "deputy", "head", "lead", "team", "again", "released", "changed"]


# --- a thread that nobody took up ---


@dataclass(frozen=True, slots=True)
class _Next:
    """What is done next for a waiting thread: remind its people, ask a rung of the line, or say it again."""

    what: What
    rung: Rung | None = None


def opened(work: Work, case: Case, thread: int, role: Role, department: str, conversation: str) -> None:
    """The thread stands and waits for somebody. Holders who have no channel each have it in their own messages; what must be known
    now is also said where the role is on call."""
    work.conn.execute(calls.delete().where(calls.c.thread_id == thread))  # told anew: who was asked before is asked anew
    platforms = work.house.platforms
    told = recipient(work.organisation, platforms, role, department or None)
    places = [direct(work.organisation, platforms, person) for person in told.people]
    if told.conversation not in places:
        places = []
    if _urgent(work, case):
        places += on_call(work.organisation, platforms, told.role, department)  # also of a role that it fell back on
    known = {conversation, *(head.lane for head in heads(work, case.number, thread))}
    for place in dict.fromkeys(places):
        if str(place) not in known:
            head = say(work, place, "thread", case=case.number, ref=thread)
            _called(work, thread, 0, "told", role, department, str(place), head)
    clocks.start(work, case.number, "wait", str(thread), _length(work, case, work.now))


def answered(work: Work, case: Case, thread: int | None = None) -> None:
    """Somebody took ``thread`` up, wrote in it, or it ended; without one, somebody decided the case: nobody else is asked."""
    clocks.stop(work, case.number, "wait", names=None if thread is None else [str(thread)])


def asked(work: Work, thread: int) -> list[tuple[Role, str]]:
    """The roles that were asked beside the thread's own; whoever holds one of them may act in it."""
    query = select(calls.c.role, calls.c.department).where(calls.c.thread_id == thread)
    return [(row.role, row.department) for row in work.conn.execute(query)]


def asked_of(work: Work, threads: Sequence[int]) -> Mapping[int, list[tuple[Role, str]]]:
    """The same of many threads at once."""
    found: dict[int, list[tuple[Role, str]]] = {}
    for row in work.conn.execute(
        select(calls.c.thread_id, calls.c.role, calls.c.department).where(calls.c.thread_id.in_(threads))
    ):
        found.setdefault(row.thread_id, []).append((row.role, row.department))
    return found


def released(work: Work, case: Case, thread: int) -> None:
    """Whoever took the thread up is no longer there for it: it waits again, and its role as it now stands is asked at once."""
    row = work.conn.execute(select(threads).where(threads.c.id == thread)).one()
    if not case.open:
        return
    work.conn.execute(threads.update().where(threads.c.id == thread).values(phase="open", taken_by=None))
    work.conn.execute(calls.delete().where(calls.c.thread_id == thread))
    _ask(work, case, row, _Next("released"), 1)
    again(work, case.number, "thread", "case")
    clocks.start(work, case.number, "wait", str(thread), _length(work, case, work.now))


def _changed(work: Work, case: Case, thread: int) -> None:
    """The thread's role has other people now: they are asked, unless somebody who still may has taken it up."""
    row = work.conn.execute(select(threads).where(threads.c.id == thread)).first()
    if row is None or row.phase not in ("open", "taken"):
        return
    if row.phase == "taken":
        if not any(holds_role(work.organisation, row.taken_by, *role) for role in [(row.role, row.department), _LEAD]):
            released(work, case, thread)
        return
    done = list(work.conn.execute(_CALLS, {"about": thread}).all())
    _ask(work, case, row, _Next("changed"), 1 + max((call.rung for call in done), default=0))


def heads(work: Work, case: int, thread: int) -> list[Row[Any]]:
    """Every message that shows the thread's card, the first of them being where it was opened: what is said in it is said beneath each."""
    rows: Sequence[Any] = work.conn.execute(_HEADS, {"number": case, "about": thread}).all()
    return list(rows)


def unreached(work: Work, message: Row[Any]) -> None:
    """The one who was asked cannot be reached: the next in line is asked at once."""
    query = select(calls.c.thread_id).where(calls.c.message_id == message.id, calls.c.what != "told")
    thread = work.conn.execute(query).scalar_one_or_none()
    if thread is not None:
        clocks.start(work, message.case_id, "wait", str(thread), work.now)


def _wait(work: Work, case: Case, number: int) -> None:
    """Ask the next one, unless the last who was asked has not had the time that the policy gives, from when it was delivered."""
    thread = work.conn.execute(select(threads).where(threads.c.id == number)).first()
    if thread is None or thread.phase != "open":
        return
    done = list(work.conn.execute(_CALLS, {"about": number}).all())
    following = _following(work, case, thread, done)
    if following is None:
        return
    last = work.conn.execute(select(messages).where(messages.c.id == (done[-1] if done else thread).message_id)).one()
    if last.delivered is not None or last.problem is None or last.shown < last.wanted:
        since = work.now if last.delivered is None else min(last.delivered, work.now)
        due = _due(work, case, following, since)
        if due > work.now:
            clocks.start(work, case.number, "wait", str(number), due)
            return
    _ask(work, case, thread, following, 1 + max((call.rung for call in done), default=0))
    done = list(work.conn.execute(_CALLS, {"about": number}).all())
    later = _following(work, case, thread, done)
    if later is not None:
        clocks.start(work, case.number, "wait", str(number), _due(work, case, later, work.now))


def _following(work: Work, case: Case, thread: Row[Any], done: list[Row[Any]]) -> _Next | None:
    """What comes next, or ``None`` once it was said often enough. Who was asked before, or has nobody to ask, is passed over."""
    tried = {call.what for call in done}
    if "reminder" not in tried:
        return _Next("reminder")
    asked = {thread.conversation, *(call.conversation for call in done)}
    for rung in line(work.organisation, work.house.platforms, thread.role, thread.department):
        if rung.name not in tried and any(str(place) not in asked for place in rung.conversations):
            return _Next(rung.name, rung)
    if sum(call.what == "again" for call in done) < case.policy.reminders.repeat:
        return _Next("again")
    return None


def _ask(work: Work, case: Case, thread: Row[Any], following: _Next, number: int) -> None:
    rung, what = following.rung, following.what
    told = recipient(work.organisation, work.house.platforms, thread.role, thread.department or None)
    role, department, people = (
        (rung.role, rung.department, rung.people) if rung else (thread.role, thread.department, told.people)
    )
    places = rung.conversations if rung else (told.conversation,) if what in ("reminder", "released", "changed") else ()
    known = heads(work, case.number, thread.id)
    new = [place for place in places if str(place) not in {head.lane for head in known}]
    for place in new:
        head = say(work, place, "thread", case=case.number, ref=thread.id)
        _called(work, thread.id, number, what, role, department, str(place), head)
    args = {"what": f"wait_{what}", "role": thread.role, "department": thread.department}
    args |= {"asked": role, "of": department, "to": ",".join(people)}
    notes = {
        head.id: say(work, Conversation.parse(head.lane), "thread_note", case=case.number, ref=thread.id, parent=head.id, **args)
        for head in heads(work, case.number, thread.id)
    }
    if not new:  # said where it stands already
        note = notes.get(thread.message_id) or next(iter(notes.values()), thread.message_id)
        _called(work, thread.id, number, what, role, department, thread.conversation, note)
    card = message_of(work, case.number, "case")
    if card is not None:
        say(work, Conversation.parse(card.lane), "thread_note", case=case.number, parent=card.id, **args)
    save(
        work, case, "called", {"thread": thread.id, "what": what, "role": role, "department": department, "people": list(people)}
    )


def _called(work: Work, thread: int, rung: int, what: str, role: str, department: str, conversation: str, message: int) -> None:
    row = {"thread_id": thread, "rung": rung, "what": what, "role": role, "department": department}
    work.conn.execute(calls.insert().values(**row, conversation=conversation, message_id=message))


def _due(work: Work, case: Case, following: _Next, since: datetime) -> datetime:
    """When it is time for what follows: once everybody was asked, once a working day."""
    if following.what != "again":
        return _length(work, case, since)
    calendar = work.organisation.calendar
    opening = calendar.office_hours_next(since)
    return opening if opening > since else calendar.office_hours_next(calendar.working_days(since, 1))


def _urgent(work: Work, case: Case) -> bool:
    advised = advice(work, case)
    return advised is not None and advised.deadline is not None and advised.deadline.clock == "now"


def _length(work: Work, case: Case, since: datetime) -> datetime:
    """Until when somebody has time to take up what was said at ``since``."""
    wanted = case.policy.reminders
    if _urgent(work, case):
        return since + timedelta(minutes=wanted.now)
    return work.organisation.calendar.office_hours_span(since, wanted.others)


# --- terms ---


def term_at(work: Work, case: Case, deadline: Deadline, kind: StepKind | None, due: datetime) -> datetime:
    """When the moderator is reminded of a term: in office hours, before its end or after it as its line asks; now is always."""
    calendar = work.organisation.calendar
    if deadline.clock == "now":
        return work.now + timedelta(minutes=case.policy.reminders.now)
    ahead = calendar.office_hours_before(due, case.policy.reminders.ahead)
    return ahead if ahead > work.now and not _afterwards(deadline, kind) else calendar.office_hours_next(due)


def _afterwards(deadline: Deadline, kind: StepKind | None) -> bool:
    return kind in AFTERWARDS if kind is not None else deadline.clock == "elapsed"


def _term(work: Work, case: Case, name: str, *, late: bool) -> None:
    """A term ends, or ended: its moderator hears what is left to do, and the communications lead once it is late."""
    advised = advice(work, case)
    due = case.state.terms.get(name)
    if advised is None or due is None:
        return
    todo = next((item for item in advised.steps if item.id == name), None)
    deadline = todo.after if todo is not None else advised.deadline
    if deadline is None or not _owed(case, advised, name, todo):
        return
    what = f"{'late' if late else 'term'}_{_said(deadline, todo)}"
    card = message_of(work, case.number, "case")
    keeper = stand_in(work.organisation, case.moderator) if case.moderator in work.organisation.people else None
    if late or card is None or keeper is None:
        lead = recipient(work.organisation, work.house.platforms, "communications_lead", None)
        say(work, lead.conversation, "reminder", case=case.number, what=what, term=name)
    elif keeper != case.moderator:
        place = direct(work.organisation, work.house.platforms, keeper)
        say(work, place, "reminder", case=case.number, what=what, term=name)
    else:
        say(work, Conversation.parse(card.lane), "thread_note", case=case.number, parent=card.id, what=what, term=name)
    if not late:
        clocks.start(work, case.number, "late", name, _late_at(work, case, deadline, due))
    save(work, case, "reminded", {"term": name, "late": late})


def _late_at(work: Work, case: Case, deadline: Deadline, due: datetime) -> datetime:
    if deadline.clock == "now":
        return work.now + timedelta(minutes=case.policy.reminders.now)
    opening = work.organisation.calendar.office_hours_next(due)
    return opening if opening > work.now else _length(work, case, work.now)


def _owed(case: Case, advised: Advise, name: str, todo: Todo | None) -> bool:
    """Whether the term still asks for something. The case's own is kept by an answer; what must happen now, by everything before it."""
    if todo is not None:
        return todo.id not in case.state.items and not todo.optional
    lines = left(advised, case)
    if name != "case" or advised.deadline is None:
        return False
    match advised.deadline.clock:
        case "now":
            return any(line.phase != "answer" for line in lines)
        case "working":
            kept = {line.id for line in advised.steps if line.kind in _ANSWERS and line.id in case.state.items}
            return bool(lines) and not kept
        case "elapsed":  # where a line has this very term, that line's own reminder says it
            return bool(lines) and not any(case.state.terms.get(line.id) == case.state.terms["case"] for line in lines)


def _said(deadline: Deadline, todo: Todo | None) -> str:
    """The sentence of a term, by what it asks for."""
    if todo is None:
        return {"now": "now", "working": "acknowledge", "elapsed": "look"}[deadline.clock]
    return todo.kind if todo.kind in AFTERWARDS else "answer"


# --- a case that a colleague handed in ---


def handed_in(work: Work, case: Case) -> None:
    """Nobody took the case yet: the moderation team is reminded, and then the communications lead hears of it."""
    due = work.organisation.calendar.office_hours_span(work.now, case.policy.reminders.others)
    clocks.start(work, case.number, "term", "found", due)


def _found(work: Work, case: Case, *, late: bool) -> None:
    if case.moderator is not None:
        return
    card = message_of(work, case.number, "found")
    if late or card is None:
        lead = recipient(work.organisation, work.house.platforms, "communications_lead", None)
        say(work, lead.conversation, "reminder", case=case.number, what="late_found", term="found")
    else:
        team = ",".join(recipient(work.organisation, work.house.platforms, "moderation_team", None).people)
        place = Conversation.parse(card.lane)
        say(work, place, "thread_note", case=case.number, parent=card.id, what="term_found", term="found", to=team)
        due = work.organisation.calendar.office_hours_span(work.now, case.policy.reminders.others)
        clocks.start(work, case.number, "late", "found", due)
    save(work, case, "reminded", {"term": "found", "late": late})


def ring(work: Work, case: Case, kind: Kind, name: str) -> None:
    """A clock of ``case`` rang."""
    if not case.open:
        return
    if kind == "wait":
        _wait(work, case, int(name))
    elif kind == "changed":
        _changed(work, case, int(name))
    elif name == "found":
        _found(work, case, late=kind == "late")
    else:
        _term(work, case, name, late=kind == "late")
