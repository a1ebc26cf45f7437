"""The outcome card's checklist and facts: tick, waive, all done, the ticks that are facts, the selects, the reply texts."""

from sqlalchemy import bindparam, select

from bot.case import (
    Case,
    Proposed,
    Settled,
    advice,
    blocked_by_evidence,
    decision,
    first_person,
    needs_department,
    needs_two,
    save,
)
from bot.comment_text import clean, cut, is_blank
from bot.escalation import follow
from bot.organisation import Organisation
from bot.outbox import again, message_of, say
from bot.presses import AllDone, Choose, Disagree, EditReply, NoStrike, SetFlag, SetForm, Tick, Waive
from bot.roster import direct, holds_role, recipient
from bot.tables import insert_new, private_flags
from bot.work import Refused, Work
from flows.effects import Advise, Todo
from flows.tree import PRIVATE_FLAGS, StepKind

# What "all done" never ticks: each of these cannot be undone, or promises something to an authority.
ONE_BY_ONE: frozenset[StepKind] = frozenset({"delete", "block", "report_platform", "report_body"})
TELLING: frozenset[StepKind] = frozenset({"escalate", "pass_on"})
LONGEST_REASON = 500
LONGEST_TEXT = 8_000

_CONFIDENTIAL = select(private_flags.c.flag).where(
    private_flags.c.case_id == bindparam("number"), private_flags.c.flag == "colleague_targeted"
)
_PRIVATE = select(private_flags.c.flag).where(
    private_flags.c.case_id == bindparam("number"), private_flags.c.person == bindparam("reader")
)


def tick(work: Work, case: Case, press: Tick) -> Case:
    """Tick one line, or take the tick back. A deletion waits for the evidence."""
    advised = _advised(work, case)
    todo = _todo(advised, press.item)
    if not press.done:
        if press.item not in case.state.items:
            return case
        items = {name: item for name, item in case.state.items.items() if name != press.item}
        case = _unproposed(case, press.item)
        if todo.kind == "evidence" and any(
            other.id in items and other.kind in ("delete", "block") and items[other.id].how == "done" for other in advised.steps
        ):
            raise Refused("refused.deleted_already")
        return _kept(work, case.with_state(items=items), "unticked", todo)
    if press.item in case.state.items:
        return case
    if blocked_by_evidence(case, advised, todo):
        raise Refused("refused.evidence_first")
    if todo.kind in TELLING and not todo.to_publisher and needs_department(advised, case):
        raise Refused("refused.department_first")
    if needs_two(todo):
        return _by_two(work, case, todo)
    done = Settled(how="done", by=work.who, at=work.now)
    return _kept(work, case.with_state(items={**case.state.items, todo.id: done}), "done", todo)


def _by_two(work: Work, case: Case, todo: Todo) -> Case:
    """The first person proposes; another one, who may, confirms. Nobody is both."""
    first = first_person(case, todo)
    if first is None:
        case = case.with_state(proposed={**case.state.proposed, todo.id: Proposed(by=work.who, at=work.now)})
        told = recipient(work.organisation, work.house.platforms, todo.by, case.state.department)
        if message_of(work, case.number, "second") is None:
            say(work, told.conversation, "second", case=case.number)
        return _kept(work, case, "proposed", todo)
    if first == work.who:
        raise Refused("refused.second_person")
    if not may_confirm(work, case, todo):
        raise Refused("refused.not_second", who=first)
    done = Settled(how="done", by=work.who, at=work.now, first=first)
    return _kept(work, _unproposed(case.with_state(items={**case.state.items, todo.id: done}), todo.id), "done", todo)


def may_confirm(work: Work, case: Case, todo: Todo) -> bool:
    """Whether this person may be the second: who stands for the line's role, or the lead; what a role holder decided, the moderator."""
    standing = decision(case)
    if standing is not None and standing.measure == todo.kind and work.who == case.moderator:
        return True
    return any(
        holds_role(work.organisation, work.who, role, case.state.department or "") for role in (todo.by, "communications_lead")
    )


def disagree(work: Work, case: Case, press: Disagree, values: dict[str, str] | None) -> Case | None:
    """The second person says no, with a reason: nothing is done, and the moderator hears why. ``None``: the reason must be asked for."""
    todo = _todo(_advised(work, case), press.item)
    proposal = case.state.proposed.get(press.item)
    if proposal is None or press.item in case.state.items:
        raise Refused("refused.stale")
    if proposal.by == work.who or not may_confirm(work, case, todo):
        raise Refused("refused.not_second", who=proposal.by)
    if values is None:
        return None
    note, _ = cut(clean(values.get("reason", "")), LONGEST_REASON)
    if is_blank(note):
        raise Refused("refused.no_reason")
    case = _kept(work, _unproposed(case, press.item), "disagreed", todo, "typed", note)
    card = message_of(work, case.number, "case")
    if card is not None:
        lane = direct(work.organisation, work.house.platforms, proposal.by)
        say(work, lane, "thread_note", case=case.number, parent=card.id, what="disagreed", who=work.who)
    return case


def _unproposed(case: Case, item: str) -> Case:
    return case.with_state(proposed={name: known for name, known in case.state.proposed.items() if name != item})


def all_done(work: Work, case: Case, press: AllDone) -> Case:
    """Tick every line that is left, save those that are ticked one by one, those of others, and telling nobody knows whom."""
    advised = _advised(work, case)
    never = ONE_BY_ONE | (TELLING if needs_department(advised, case) else frozenset())
    items = dict(case.state.items)
    for todo in advised.steps:
        if todo.id not in items and todo.kind not in never and todo.by == "moderator":
            items[todo.id] = Settled(how="done", by=work.who, at=work.now)
    ticked = sorted(items.keys() - case.state.items.keys())
    if not ticked:
        return case
    kinds = sorted(todo.kind for todo in advised.steps if todo.id in ticked)
    case = save(work, case.with_state(items=items), "all_done", {"items": ticked, "kinds": kinds})
    again(work, case.number, "case")
    return case


def waive(work: Work, case: Case, press: Waive, values: dict[str, str] | None) -> Case | None:
    """Leave a line out, with a ready or typed reason; ``None``: the reason must be asked for."""
    advised = _advised(work, case)
    todo = _todo(advised, press.item)
    if press.item in case.state.items:
        return case
    if press.reason is not None:
        how = Settled(how="waived", by=work.who, at=work.now, reason=press.reason)
        return _kept(work, case.with_state(items={**case.state.items, todo.id: how}), "waived", todo, press.reason)
    if values is None:
        return None
    note, _ = cut(clean(values.get("reason", "")), LONGEST_REASON)
    if is_blank(note):
        raise Refused("refused.no_reason")
    how = Settled(how="waived", by=work.who, at=work.now, reason="typed", note=note)
    return _kept(work, case.with_state(items={**case.state.items, todo.id: how}), "waived", todo, "typed", note)


def set_flag(work: Work, case: Case, press: SetFlag) -> Case:
    """A tick that is a fact. The private ones are kept apart, for this person only, and leave no trace in the case."""
    if press.flag not in _advised(work, case).flags:
        raise Refused("refused.stale")
    if press.flag in PRIVATE_FLAGS:
        row = {"case_id": case.number, "person": work.who, "flag": press.flag}
        if press.on:
            insert_new(work.conn, private_flags, **row)
        else:
            flags = private_flags.c
            work.conn.execute(
                private_flags.delete().where(flags.case_id == case.number, flags.person == work.who, flags.flag == press.flag)
            )
        again(work, case.number, "case", *(["thread"] if press.flag == "colleague_targeted" else []))
        return case
    flags_now = case.state.flags | {press.flag} if press.on else case.state.flags - {press.flag}
    if flags_now == case.state.flags:
        return case
    case = follow(work, case.with_state(flags=flags_now))
    case = save(work, case, "flag", {"flag": press.flag, "on": press.on})
    again(work, case.number, "case", "thread")
    return case


def confidential(work: Work, case: Case) -> bool:
    """Whether something runs beside the case that is nobody else's business; not what, nor about whom."""
    return case.open and work.conn.execute(_CONFIDENTIAL, {"number": case.number}).first() is not None


def private(work: Work, case: Case, person: str) -> frozenset[str]:
    """The private flags that ``person`` set on the case."""
    return frozenset(work.conn.execute(_PRIVATE, {"number": case.number, "reader": person}).scalars())


def choose(work: Work, case: Case, press: Choose) -> Case:
    """Department, ground or house rule of the case."""
    value = press.value or None
    if press.what not in _advised(work, case).asks or (
        value is not None and value not in options(work.organisation, case, press.what)
    ):
        raise Refused("refused.stale")
    if getattr(case.state, press.what) == value:
        return case
    case = follow(work, case.with_state(**{press.what: value}))
    case = save(work, case, "chose", {"what": press.what, "value": value or ""})
    again(work, case.number, "case", "thread")
    return case


def options(organisation: Organisation, case: Case, what: str) -> tuple[str, ...]:
    """The ids that a select offers."""
    match what:
        case "department":
            return tuple(organisation.departments)
        case "ground":
            return tuple(case.tree.structure.grounds)
        case _:
            return tuple(organisation.house_rules)


def edit_reply(work: Work, case: Case, press: EditReply, values: dict[str, str] | None) -> Case | None:
    """The moderator's own words in place of the proposed reply; empty goes back to the proposal. ``None``: ask for them."""
    todo = _todo(_advised(work, case), press.item)
    if values is None:
        return None
    text, _ = cut(clean(values.get("text", "")), LONGEST_TEXT)
    replies = {name: reply for name, reply in case.state.replies.items() if name != todo.id}
    if not is_blank(text):
        replies[todo.id] = text
    return _kept(work, case.with_state(replies=replies), "reply_text", todo)


def set_form(work: Work, case: Case, press: SetForm) -> Case:
    """Whether the replies say je or u."""
    if case.state.formal == press.formal:
        return case
    case = save(work, case.with_state(formal=press.formal), "form", {"formal": press.formal})
    again(work, case.number, "case")
    return case


def no_strike(work: Work, case: Case, press: NoStrike) -> Case:
    """Waive the strike where the outcome lets one be waived."""
    if _advised(work, case).strike != "waivable":
        raise Refused("refused.stale")
    if case.state.no_strike == press.on:
        return case
    case = save(work, case.with_state(no_strike=press.on), "no_strike", {"on": press.on})
    again(work, case.number, "case")
    return case


def may_settle(organisation: Organisation, person: str, case: Case, todo: Todo) -> bool:
    """The moderator settles every line; a line of somebody else's, they too."""
    others = todo.by != "moderator" and holds_role(organisation, person, todo.by, case.state.department or "")
    return person == case.moderator or others


def _advised(work: Work, case: Case) -> Advise:
    advised = advice(work, case)
    if advised is None:
        raise Refused("refused.stale")
    return advised


def _todo(advised: Advise, item: str) -> Todo:
    todo = next((todo for todo in advised.steps if todo.id == item), None)
    if todo is None:
        raise Refused("refused.stale")
    return todo


def _kept(work: Work, case: Case, what: str, todo: Todo, reason: str = "", text: str | None = None) -> Case:
    codes = {"item": todo.id, "kind": todo.kind} | ({"reason": reason} if reason else {})
    case = save(work, case, what, codes, text)
    again(work, case.number, "case", "second")
    return case
