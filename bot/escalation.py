"""Escalation threads: who is told of a case, what they do there, and what comes back to the moderator."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Row, bindparam, or_, select

from bot import clocks, faq, faq_gaps, objections, pictures, reminders, signals, strikes
from bot.case import Case, Decision, Settled, advice, decision, intake_ticks, load_case, outcomes, save, situation, standing
from bot.comment_text import clean, cut, excerpt, is_blank
from bot.events import Answer, Conversation, Edited, Replied
from bot.masking import mask
from bot.outbox import again, message_at, message_of, say
from bot.presses import AnswerFromFaq, AskInfo, CloseThread, Decide, Forward, Take, ThreadPress, UndoDecision
from bot.roster import Recipient, holds_role, may, recipient
from bot.tables import messages, replies, threads
from bot.work import SETTLE, Refused, Work
from flows.effects import Advise, DropImages, Effect, Escalate, Measure, OpenDeadline
from flows.tree import Disposition, Role
from flows.walk import DEPARTMENTAL, advise, consequences, hours, main_measure, measures

LONGEST_REPLY = 20_000  # characters of a colleague's message that are kept
FORWARD_TO: tuple[Role, ...] = (
    "antenna", "department_head", "communications_lead", "equal_opportunities", "moderation_team", "dpo", "safety_policy",
    "complaints_officer",
)  # fmt: skip
REMOVING: frozenset[Measure] = frozenset({"hide", "delete", "block", "close_comments"})
_THREADS = select(threads).where(threads.c.case_id == bindparam("number")).order_by(threads.c.id)
_NEW_THREAD = threads.insert()


def follow(work: Work, case: Case) -> Case:
    """Bring pictures, threads, terms and the settling in line with what the case now advises.

    New roles are told after the 15 seconds; roles no longer told are cancelled before, retracted after (not once somebody
    decided: a decision does not untell those who were told).
    """
    advised = advice(work, case)
    effects: tuple[Effect, ...] = consequences(advised, situation(work, case)) if advised else ()
    _follow_threads(work, case, effects, retract=decision(case) is None)
    if advised is None:
        clocks.stop(work, case.number, "settle", "term", "late")
        signals.withdraw(work, case.number)
        faq_gaps.close_case(work, case.number)
        return case.with_state(terms={}, lengths={})
    if any(isinstance(effect, DropImages) for effect in effects):
        case = pictures.forget(work, case)
    clocks.start(work, case.number, "settle", "case", work.now + SETTLE)
    return _follow_terms(work, case, advised, effects)


def _follow_threads(work: Work, case: Case, effects: Iterable[Effect], *, retract: bool) -> None:
    wanted: dict[tuple[Role, str], Recipient] = {}
    for effect in effects:
        if isinstance(effect, Escalate) and effect.at_once:
            department = (case.state.department or "") if effect.role in DEPARTMENTAL else ""
            wanted[(effect.role, department)] = recipient(
                work.organisation, work.house.platforms, effect.role, department or None
            )
    known = {(row.role, row.department): row for row in _threads(work, case.number)}
    for (role, department), told in wanted.items():
        row = known.get((role, department))
        if row is None:
            _new_thread(work, case, role, department, told, work.now + SETTLE, by_hand=False)
        elif row.phase == "retracted":
            _set(work, row.id, phase="waiting", due=work.now + SETTLE)
    for key, row in known.items():
        if key in wanted:
            continue
        if row.phase == "waiting" and row.message_id is None:
            work.conn.execute(threads.delete().where(threads.c.id == row.id))
        elif row.phase == "waiting":
            _set(work, row.id, phase="retracted")
        elif retract and row.phase in ("open", "taken", "decided") and not row.by_hand:
            _set(work, row.id, phase="retracted")
            reminders.answered(work, case, row.id)
            _note(work, row, "retracted")
            again(work, case.number, "thread")


def _follow_terms(work: Work, case: Case, advised: Advise, effects: Iterable[Effect]) -> Case:
    """A term that goes on keeps its beginning; one whose length changed begins at the case's opening of it anew."""
    terms: dict[str, datetime] = {}
    lengths: dict[str, str] = {}
    kinds = {todo.id: todo.kind for todo in advised.steps}
    for effect in effects:
        if not isinstance(effect, OpenDeadline):
            continue
        length = f"{effect.deadline.clock}:{hours(effect.deadline, case.policy)}:{case.state.house_rule or ''}"
        lengths[effect.name] = length
        if case.state.lengths.get(effect.name) == length:
            terms[effect.name] = case.state.terms[effect.name]
            continue
        terms[effect.name] = due = clocks.due_at(work, case, effect.deadline, work.now)
        remind = reminders.term_at(work, case, effect.deadline, kinds.get(effect.name), due)
        clocks.start(work, case.number, "term", effect.name, remind)
    gone = case.state.terms.keys() - terms.keys()
    if gone:
        clocks.stop(work, case.number, "term", "late", names=gone)
    return case.with_state(terms=terms, lengths=lengths)


def settle(work: Work, case: Case) -> Case:
    """The 15 seconds are over: open the waiting threads, which does the telling lines, and write the signals."""
    advised = advice(work, case)
    if advised is None or not case.open:
        return case
    opened: list[str] = []
    roles: set[str] = set()  # told now or before: their lines need no hand
    for row in _threads(work, case.number):
        if row.phase == "waiting":
            _open(work, case, row, row.conversation)
            opened.append(f"{row.role}:{row.department}" if row.department else row.role)
        if row.phase != "retracted":
            roles.add(row.role)
    signals.log(work, case, advised.signals)
    if "faq_candidate" in advised.records and case.state.faq_used is None and not case.state.faq_hits:
        faq_gaps.note_case(work, case)
    items = dict(case.state.items)
    for todo in advised.steps:
        if todo.kind in ("escalate", "pass_on") and todo.role in roles and not todo.optional and todo.id not in items:
            items[todo.id] = Settled(how="done", by="", at=work.now, reason="told")
    if not opened and items == case.state.items:
        return case
    case = case.with_state(items=items)
    again(work, case.number, "case")
    return save(work, case, "told", {"roles": opened})


def press(work: Work, thread_press: ThreadPress, values: dict[str, str] | None) -> Answer | None:
    """A button in a thread. Without ``values`` a button that needs words asks for them: the desk shows the form (``None``)."""
    row = _thread(work, thread_press.thread)
    case = strikes.fresh(work, load_case(work, row.case_id))
    row = _thread(work, thread_press.thread)  # again, behind the case's lock: somebody may just have changed it
    _must(work, case, row, thread_press)
    if not case.open:
        raise Refused("refused.case_closed", number=case.number, when=case.closed)
    match thread_press:
        case Take():
            return _take(work, case, row)
        case CloseThread():
            _set(work, row.id, phase="closed")
            reminders.answered(work, case, row.id)
            _note(work, row, "thread_closed")
            save(work, case, "thread_closed", {"thread": row.id})
            again(work, case.number, "thread", "case")
            return Answer(note="note.thread_closed")
        case Decide() | UndoDecision():
            if thread_press.decisions != len(case.state.decisions):
                last = case.state.decisions[-1] if case.state.decisions else None
                key = "refused.undone_before" if last and last.undoes else "refused.decided_before"
                raise Refused(key, who=last.by, when=last.at) if last else Refused("refused.stale")
            if values is None:
                return None
            return _decide(work, case, row, values) if isinstance(thread_press, Decide) else _undo(work, case, row, values)
        case AskInfo():
            return None if values is None else _ask(work, case, row, values)
        case Forward():
            return None if values is None else _forward(work, case, row, values)


def replied(work: Work, event: Replied) -> Answer:
    """Somebody wrote beneath a message of ours: from a thread to the moderator, from the moderator's card to the thread."""
    message = message_at(work, event.conversation, event.remote)
    if message is None or message.case_id is None:
        return Answer()
    if message.kind not in ("thread", "case") and message.parent_id is not None:
        message = work.conn.execute(select(messages).where(messages.c.id == message.parent_id)).one()
    text = _words(event.text)
    case = load_case(work, message.case_id)
    if message.kind == "thread":
        row = _thread(work, message.ref)
        inside = bool(work.who) and may(work.organisation, work.who, "see", standing(work, case))
        number = _keep(work, case, row.id, text, event, outside=not inside)
        _echo(work, event, message, number, case)
        if not inside:
            save(work, case, "outside_reply", {"thread": row.id, "reply": number})
            return Answer(note="refused.outside", refused=True)
        _to_thread(work, row, number, but=message.id)
        _to_moderator(work, case, number)
        reminders.answered(work, case, row.id)
        case = save(work, case, "reply", {"thread": row.id, "reply": number})
        _propose_faq(work, case, row, text)
        return Answer()
    if message.kind == "objection":
        return _objection(work, case, message, text, event)
    if message.kind == "case" and not (work.who and may(work.organisation, work.who, "see", standing(work, case))):
        number = _keep(work, case, None, text, event, outside=True)  # beneath a card in the moderators' channel
        _echo(work, event, message, number, case)
        save(work, case, "outside_reply", {"reply": number})
        return Answer(note="refused.outside", refused=True)
    if message.kind != "case" or case.moderator != work.who:
        raise Refused("refused.not_yours", who=case.moderator or "")
    rows = _asking(work, case.number)
    if not rows:
        return _to_reviewer(work, case, message, text, event)
    number = _keep(work, case, rows[0].id, text, event, outside=False)
    _echo(work, event, message, number, case)
    for row in rows:
        _to_thread(work, row, number)
    save(work, case, "reply", {"thread": rows[0].id, "reply": number})
    return Answer(note="note.passed_on")


def _objection(work: Work, case: Case, message: Row[Any], text: str, event: Replied) -> Answer:
    """Who looks at an objection asks the moderator."""
    row = objections.one(work, message.ref)
    if row is None or work.who != row.reviewer:
        raise Refused("refused.not_told")
    number = _keep(work, case, None, text, event, outside=False)
    _echo(work, event, message, number, case)
    _to_moderator(work, case, number)
    save(work, case, "reply", {"objection": row.id, "reply": number})
    return Answer(note="note.passed_on")


def _to_reviewer(work: Work, case: Case, message: Row[Any], text: str, event: Replied) -> Answer:
    """The moderator answers who looks at an objection, when no thread asks."""
    row = objections.of_case(work, case.number)
    head = message_of(work, case.number, "objection") if row is not None and row.decided is None else None
    if row is None or head is None:
        raise Refused("refused.no_thread")
    number = _keep(work, case, None, text, event, outside=False)
    _echo(work, event, message, number, case)
    say(work, Conversation.parse(head.lane), "reply", case=case.number, ref=number, parent=head.id)
    save(work, case, "reply", {"objection": row.id, "reply": number})
    return Answer(note="note.passed_on")


def answer_from_faq(work: Work, press: AnswerFromFaq) -> Answer:
    """The antenna answers with an entry that is there: the moderator gets it as the reply, and it is in their text for the citizen."""
    row = _thread(work, press.thread)
    case = load_case(work, row.case_id)
    if not (holds_role(work.organisation, work.who, row.role, row.department) or may(work.organisation, work.who, "decide")):
        raise Refused("refused.not_told")
    if not case.open:
        raise Refused("refused.case_closed", number=case.number, when=case.closed)
    if row.phase not in ("open", "taken", "decided"):
        raise Refused("refused.retracted" if row.phase == "retracted" else "refused.thread_closed")
    known = faq.entry(work, press.entry)
    if not faq.is_offered(work, known):
        raise Refused("refused.not_approved")
    if case.state.faq_used == press.entry:
        return Answer(note="note.answer_from_faq")
    number = _keep(work, case, row.id, known.answer, None, outside=False)
    say(work, Conversation.parse(row.conversation), "reply", case=case.number, ref=number, parent=row.message_id)
    _to_moderator(work, case, number)
    faq.used(work, press.entry)
    save(work, case.with_state(faq_used=press.entry), "faq_used", {"entry": press.entry, "thread": row.id})
    again(work, case.number, "case", "thread")
    return Answer(note="note.answer_from_faq")


def edited(work: Work, event: Edited) -> Answer:
    """A reply was changed or deleted where it was written: its copies follow, marked as such."""
    row = work.conn.execute(select(replies).where(replies.c.remote == f"{event.conversation}|{event.own}")).first()
    if row is None:
        return Answer()
    values: dict[str, Any] = {"deleted": True, "text": ""} if event.text is None else {"edited": True, "text": _words(event.text)}
    work.conn.execute(replies.update().where(replies.c.id == row.id).values(**values))
    case = load_case(work, row.case_id)
    save(work, case, "reply_deleted" if event.text is None else "reply_edited", {"reply": row.id})
    work.said = True
    work.conn.execute(
        messages.update()
        .where(messages.c.case_id == row.case_id, messages.c.kind == "reply", messages.c.ref == row.id)
        .values(wanted=messages.c.wanted + 1)
    )
    return Answer()


def end(work: Work, case: Case) -> None:
    """The case is closed: its threads end with it."""
    for row in _threads(work, case.number):
        if row.phase == "waiting":
            work.conn.execute(threads.delete().where(threads.c.id == row.id))
        elif row.phase in ("open", "taken", "decided"):
            _set(work, row.id, phase="closed")
            _note(work, row, "case_closed")
    again(work, case.number, "thread")


def case_of(work: Work, thread: int) -> Case:
    """The case that a thread is about."""
    return load_case(work, _thread(work, thread).case_id, lock=False)


def told(work: Work, case: int) -> list[Row[Any]]:
    """The threads of a case, in the order in which they were made."""
    return _threads(work, case)


def _threads(work: Work, case: int) -> list[Row[Any]]:
    return list(work.conn.execute(_THREADS, {"number": case}).all())


def _thread(work: Work, number: int) -> Row[Any]:
    row = work.conn.execute(select(threads).where(threads.c.id == number)).first()
    if row is None:
        raise Refused("refused.no_thread")
    return row


def _new_thread(work: Work, case: Case, role: Role, department: str, to: Recipient, due: datetime, *, by_hand: bool) -> int:
    """A thread that is still to open, at ``due`` or at once by the caller."""
    row = {"case_id": case.number, "role": role, "department": department, "conversation": str(to.conversation)}
    key = work.conn.execute(_NEW_THREAD, row | {"phase": "waiting", "due": due, "by_hand": by_hand}).inserted_primary_key
    assert key is not None  # every insert of one row has one
    return int(key[0])


def _set(work: Work, thread: int, **values: Any) -> None:
    work.conn.execute(threads.update().where(threads.c.id == thread).values(**values))


def _must(work: Work, case: Case, row: Row[Any], thread_press: ThreadPress) -> None:
    """The access table for a press in a thread: those who were told act on it; only those who may decide decide."""
    asked = [(row.role, row.department), *reminders.asked(work, row.id)]
    here = any(holds_role(work.organisation, work.who, role, department) for role, department in asked)
    lead = holds_role(work.organisation, work.who, "communications_lead")
    if isinstance(thread_press, Decide | UndoDecision) and not may(work.organisation, work.who, "decide", standing(work, case)):
        raise Refused("refused.may_not_decide")
    if not (here or lead):
        raise Refused("refused.not_told")
    if row.phase == "retracted":
        raise Refused("refused.retracted")
    if row.phase == "closed":
        raise Refused("refused.thread_closed")


def _open(work: Work, case: Case, row: Row[Any], conversation: str) -> None:
    message = row.message_id
    if message is None:
        message = say(work, Conversation.parse(conversation), "thread", case=case.number, ref=row.id)
    else:
        again(work, case.number, "thread")
    _set(work, row.id, phase="open", opened=work.now, message_id=message)
    reminders.opened(work, case, row.id, row.role, row.department, conversation)


def _note(work: Work, row: Row[Any], what: str, **args: str) -> None:
    """A sentence of the bot in a thread, wherever it stands."""
    for head in reminders.heads(work, row.case_id, row.id):
        say(
            work, Conversation.parse(head.lane), "thread_note", case=row.case_id, ref=row.id, parent=head.id,
            what=what, who=work.who, **args,
        )  # fmt: skip


def _take(work: Work, case: Case, row: Row[Any]) -> Answer:
    if row.taken_by == work.who:
        return Answer(note="note.yours_already")
    if row.taken_by is not None:
        raise Refused("refused.taken_before", who=row.taken_by)
    _set(work, row.id, taken_by=work.who, phase="taken" if row.phase == "open" else row.phase)
    reminders.answered(work, case, row.id)
    _note(work, row, "taken")
    save(work, case, "taken", {"thread": row.id})
    again(work, case.number, "thread", "case")
    return Answer(note="note.taken")


def _decide(work: Work, case: Case, row: Row[Any], values: dict[str, str]) -> Answer:
    outcome, reason = values.get("outcome", ""), _words(values.get("reason", ""))
    if outcome not in case.tree.outcomes or case.tree.outcomes[outcome].decides:
        raise Refused("refused.choose_outcome")
    made = Decision(by=work.who, at=work.now, reason=reason, thread=row.id, outcome=outcome)
    measure, rule = _measure(work, case, made, values.get("measure", "")), values.get("rule", "")
    if rule and rule not in work.organisation.house_rules:
        raise Refused("refused.stale")
    before, what = outcomes(case), {"measure": measure, "rule": rule, "as_usual": not values.get("measure")}
    case = case.with_state(decisions=(*case.state.decisions, made.model_copy(update=what)))
    if rule:
        case = case.with_state(house_rule=rule)
    advised = advice(work, case)
    if case.state.house_rule is None and advised is not None and advised.house_rule in work.organisation.house_rules:
        case = case.with_state(house_rule=advised.house_rule)
    if not rule and measure in REMOVING and advised is not None and "house_rule" in advised.asks:
        rule = case.state.house_rule or ""  # what takes a comment away rests on a rule, and the decision names it
        case = case.with_state(decisions=(*case.state.decisions[:-1], made.model_copy(update=what | {"rule": rule})))
    case = follow(work, intake_ticks(work, case))
    codes = {"outcome": outcome, "before": list(before), "thread": row.id, "measure": measure, "rule": rule}
    case = save(work, case, "decided", codes, reason)
    _set(work, row.id, phase="decided", taken_by=row.taken_by or work.who)
    reminders.answered(work, case)
    _note(work, row, "decided", outcome=outcome)
    _tell_moderator(work, case, "decided", outcome=outcome)
    again(work, case.number, "thread", "case", "second")
    return Answer(note="note.decided")


def _measure(work: Work, case: Case, made: Decision, chosen: str) -> Measure:
    """The measure chosen, or the one that the outcome comes down to by itself."""
    facts = situation(work, case)
    if not chosen:
        return main_measure(advise(case.tree, case.policy, facts, (made.outcome,)))
    possible = measures(case.tree, case.policy, facts, (made.outcome,))
    found = next((measure for measure in possible if measure == chosen), None)
    if found is None and chosen == "block":
        raise Refused("refused.block_too_early", count=case.state.earlier_strikes, most=case.policy.strikes.block_at)
    if found is None:
        raise Refused("refused.measure_not_here")
    return found


def _undo(work: Work, case: Case, row: Row[Any], values: dict[str, str]) -> Answer:
    """Take the decision that stands back; the one before it counts again, or what the moderator answered."""
    standing = decision(case)
    if standing is None:
        raise Refused("refused.stale")
    reason = _words(values.get("reason", ""))
    undone = Decision(by=work.who, at=work.now, reason=reason, thread=row.id, undoes=True)
    case = case.with_state(decisions=(*case.state.decisions, undone))
    case = follow(work, intake_ticks(work, case))
    case = save(work, case, "undecided", {"outcome": standing.outcome, "thread": row.id}, reason)
    _set(work, row.id, phase="taken", taken_by=row.taken_by or work.who)
    _note(work, row, "undecided", outcome=standing.outcome)
    _tell_moderator(work, case, "undecided", outcome=standing.outcome)
    again(work, case.number, "thread", "case", "second")
    return Answer(note="note.undecided")


def by_disposition(work: Work, case: Case) -> tuple[tuple[Disposition, tuple[str, ...]], ...]:
    """The outcomes that can be decided, under what each comes down to here."""
    facts = situation(work, case)
    found: dict[Disposition, list[str]] = {}
    for name, end in case.tree.outcomes.items():
        if not end.decides:
            found.setdefault(advise(case.tree, case.policy, facts, (name,)).disposition, []).append(name)
    return tuple((be, tuple(found[be])) for be in get_args(Disposition) if be in found)


def measures_here(work: Work, case: Case) -> tuple[Measure, ...]:
    """The measures that can be taken on this comment, whatever it turns out to be."""
    return measures(case.tree, case.policy, situation(work, case), tuple(case.tree.outcomes))


def _ask(work: Work, case: Case, row: Row[Any], values: dict[str, str]) -> Answer:
    text = _words(values.get("text", ""))
    number = _keep(work, case, row.id, text, None, outside=False)
    _to_thread(work, row, number)
    _to_moderator(work, case, number)
    reminders.answered(work, case, row.id)
    save(work, case, "asked", {"thread": row.id, "reply": number})
    return Answer(note="note.asked")


def _forward(work: Work, case: Case, row: Row[Any], values: dict[str, str]) -> Answer:
    role, _, department = values.get("to", "").partition(":")
    chosen = next((known for known in FORWARD_TO if known == role), None)
    if chosen is None or (chosen in DEPARTMENTAL) != (department in work.organisation.departments):
        raise Refused("refused.choose_role")
    new = recipient(work.organisation, work.house.platforms, chosen, department or None)
    existing = next((item for item in _threads(work, case.number) if (item.role, item.department) == (role, department)), None)
    if existing is not None and existing.phase in ("open", "taken", "decided"):
        raise Refused("refused.told_already")
    thread = _new_thread(work, case, chosen, department, new, work.now, by_hand=True) if existing is None else existing.id
    _open(work, case, existing or _thread(work, thread), str(new.conversation))
    reminders.answered(work, case, row.id)
    if not is_blank(values.get("text", "")):
        number = _keep(work, case, thread, _words(values["text"]), None, outside=False)
        _to_thread(work, _thread(work, thread), number)
    _note(work, row, "forwarded", role=role, department=department)
    save(work, case, "forwarded", {"thread": row.id, "to": thread, "role": role, "department": department})
    again(work, case.number, "case")
    return Answer(note="note.forwarded")


def _words(text: str) -> str:
    text, _ = cut(clean(text), LONGEST_REPLY)
    if is_blank(text):
        raise Refused("refused.no_words")
    return text


def _keep(work: Work, case: Case, thread: int | None, text: str, event: Replied | None, *, outside: bool) -> int:
    remote = f"{event.conversation}|{event.own}" if event is not None and event.own else ""
    key = work.conn.execute(
        replies.insert().values(
            case_id=case.number,
            thread_id=thread,
            by=work.who or (event.actor.address[:60] if event else ""),
            outside=outside,
            at=work.now,
            remote=remote,
            text=text,
            edited=False,
            deleted=False,
        )
    ).inserted_primary_key
    assert key is not None  # every insert of one row has one
    return int(key[0])


def _echo(work: Work, event: Replied, message: Row[Any], number: int, case: Case) -> None:
    """Show a reply where it was written, on a platform that keeps no messages of its own."""
    if not event.own:
        say(work, Conversation.parse(event.conversation), "reply", case=case.number, ref=number, parent=message.id)


def _to_moderator(work: Work, case: Case, number: int) -> None:
    card = message_of(work, case.number, "case")
    if card is not None and case.moderator is not None and case.moderator != work.who:
        say(work, Conversation.parse(card.lane), "reply", case=case.number, ref=number, parent=card.id)


def _tell_moderator(work: Work, case: Case, what: str, outcome: str) -> None:
    card = message_of(work, case.number, "case")
    if card is not None:
        say(
            work,
            Conversation.parse(card.lane),
            "thread_note",
            case=case.number,
            parent=card.id,
            what=what,
            who=work.who,
            outcome=outcome,
        )


def _to_thread(work: Work, row: Row[Any], number: int, *, but: int | None = None) -> None:
    """Show a reply wherever the thread stands, save beneath the message ``but``."""
    for head in reminders.heads(work, row.case_id, row.id):
        if head.id != but:
            say(work, Conversation.parse(head.lane), "reply", case=row.case_id, ref=number, parent=head.id)


def _asking(work: Work, case: int) -> list[Row[Any]]:
    """The thread that wrote last, or all open ones when none wrote."""
    live = [row for row in _threads(work, case) if row.phase in ("open", "taken", "decided")]
    last = work.conn.execute(
        select(replies.c.thread_id)
        .where(replies.c.case_id == case, or_(replies.c.by != work.who, replies.c.outside))
        .order_by(replies.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return [row for row in live if row.id == last] or live


def _propose_faq(work: Work, case: Case, row: Row[Any], text: str) -> None:
    """The antenna answered a question that nobody could: keep it as a proposed entry, to be approved in the thread."""
    advised = advice(work, case)
    antenna = row.role == "antenna" and holds_role(work.organisation, work.who, "antenna", row.department)
    if advised is None or "faq_candidate" not in advised.records or not antenna or faq.proposal_of(work, case.number) is not None:
        return
    question = excerpt(mask(case.text), 300)
    if is_blank(question):
        return  # a picture nobody could read is no question
    number = faq.propose(work, question, text, row.department, case.number)
    say(work, Conversation.parse(row.conversation), "faq", case=case.number, ref=number, parent=row.message_id)
