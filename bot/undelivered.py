"""A message that its platform will never take as it is: where the question goes instead, and who is told what to repair."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, and_, or_, select

from bot import objections, reminders
from bot.case import load_case
from bot.events import Conversation
from bot.outbox import message_of, say
from bot.roster import direct, holders, line, recipient
from bot.tables import messages, threads
from bot.work import Work

TOLD = (
    "channel_gone",
    "not_member",
    "person_gone",
    "blocked",
    "nobody_there",
)  # what has a sentence of its own; anything else is a defect of ours


# What asks somebody something outside a thread: undelivered it goes to the communications lead, so that nothing falls silent.
ASKING = frozenset({"found", "second", "reminder", "review", "crisis", "crisis_report", "stand_in"})


def reroute(work: Work, number: int, why: str) -> None:
    """Message ``number`` failed for good. A thread goes on with the next of: its people, the communications lead, the local chat."""
    row = work.conn.execute(select(messages).where(messages.c.id == number)).one()
    if why not in TOLD:
        return
    if row.case_id is None:
        if row.kind in ASKING:
            _elsewhere(work, row)
        return
    head = row if row.kind == "thread" or row.parent_id is None else _message(work, row.parent_id)
    if head.kind == "thread":
        _move(work, head, why)
    elif head.kind == "case":
        _own_card(work, head, why)
    elif head.kind == "objection":
        objections.unreached(work, head)
    elif head.kind in ASKING:
        _elsewhere(work, head)


def _move(work: Work, head: Row[Any], why: str) -> None:
    thread = work.conn.execute(select(threads).where(threads.c.id == head.ref)).first()
    if thread is None or thread.phase in ("retracted", "closed"):
        return
    if thread.message_id != head.id:
        reminders.unreached(work, head)
        return
    tried = set(
        work.conn.execute(select(messages.c.lane).where(messages.c.kind == "moved", messages.c.ref == thread.id)).scalars()
    )
    place = next((to for to in _places(work, thread) if str(to) not in tried | {head.lane}), None)
    if place is None:
        return
    case = load_case(work, head.case_id)
    tried_here = say(work, Conversation.parse(head.lane), "moved", case=case.number, ref=thread.id)
    work.conn.execute(messages.update().where(messages.c.id == tried_here).values(shown=1, problem=why))
    work.conn.execute(messages.update().where(or_(messages.c.id == head.id, _beneath(head.id))).values(**_anew(str(place))))
    work.conn.execute(threads.update().where(threads.c.id == thread.id).values(conversation=str(place)))
    told = {"what": f"undelivered_{why}", "role": thread.role, "department": thread.department, "who": _person_at(work, place)}
    say(work, place, "thread_note", case=case.number, ref=thread.id, parent=head.id, **told)
    card = message_of(work, case.number, "case")
    if card is not None:
        say(work, Conversation.parse(card.lane), "thread_note", case=case.number, parent=card.id, **told)


def _elsewhere(work: Work, row: Row[Any]) -> None:
    """Move a message to the communications lead: to their own messages, then to the local chat; each place once."""
    places = [str(place) for place in dict.fromkeys(_places_of_lead(work))]
    following = places[places.index(row.lane) + 1 :] if row.lane in places else places
    if not following:
        return
    values = _anew(following[0])
    work.conn.execute(messages.update().where(or_(messages.c.id == row.id, _beneath(row.id))).values(**values))
    work.said = True
    if row.case_id is not None:
        say(work, Conversation.parse(following[0]), "thread_note", case=row.case_id, parent=row.id, what="elsewhere")


def _anew(lane: str) -> dict[str, Any]:
    """A message that was never said, in another conversation."""
    return {"lane": lane, "shown": 0, "wanted": 1, "remote": None, "delivered": None, "problem": None, "attempts": 0}


def _beneath(message: int) -> Any:
    """What should stand beneath a message and was not said."""
    unsaid = or_(messages.c.remote.is_(None), messages.c.problem.is_not(None))
    return and_(messages.c.parent_id == message, unsaid)


def _places(work: Work, thread: Row[Any]) -> Iterator[Conversation]:
    """Where a thread may go: first to those who were meant, then to the next in line."""
    platforms = work.house.platforms
    for person in recipient(work.organisation, platforms, thread.role, thread.department or None).people:
        yield direct(work.organisation, platforms, person)
    for rung in line(work.organisation, platforms, thread.role, thread.department):
        yield from rung.conversations
    leads = holders(work.organisation, "communications_lead")
    for person in leads:
        yield direct(work.organisation, platforms, person)
    for person in leads:
        yield Conversation("local", person)


def _own_card(work: Work, card: Row[Any], why: str) -> None:
    """A card that finds no place in the moderators' channel goes to its moderator, with what there is to repair."""
    case = load_case(work, card.case_id)
    keeper = case.moderator if case.moderator in work.organisation.people else None
    own = direct(work.organisation, work.house.platforms, keeper) if keeper is not None else None
    if own is None or str(own) == card.lane:
        _tell_lead(work, card, why)
        return
    work.conn.execute(messages.update().where(or_(messages.c.id == card.id, _beneath(card.id))).values(**_anew(str(own))))
    what, who = f"undelivered_{why}", keeper or ""
    say(work, own, "thread_note", case=case.number, parent=card.id, what=what, role="moderator", department="", who=who)


def _tell_lead(work: Work, card: Row[Any], why: str) -> None:
    """A moderator's own card cannot reach them: the communications lead hears whose case is left alone."""
    case = load_case(work, card.case_id)
    lead = next((to for to in _places_of_lead(work) if str(to) != card.lane), None)
    known = message_of(work, case.number, "unreached")
    if lead is None or known is not None:
        return
    say(work, lead, "unreached", case=case.number, what=f"unreached_{why}", who=case.moderator or "")


def _places_of_lead(work: Work) -> Iterator[Conversation]:
    for person in holders(work.organisation, "communications_lead"):
        yield direct(work.organisation, work.house.platforms, person)
        yield Conversation("local", person)


def _message(work: Work, number: int) -> Row[Any]:
    return work.conn.execute(select(messages).where(messages.c.id == number)).one()


def _person_at(work: Work, place: Conversation) -> str:
    return work.organisation.by_address.get((place.platform, place.address), "")
