"""What a person sees in the local chat: their conversations, and the messages in one. The store's messages are the chat's own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from bot import showing
from bot.cards import Card
from bot.case import load_case, standing
from bot.presses import LARGEST_ID
from bot.roster import channels_of, may
from bot.tables import evidence, messages
from bot.work import Refused, Work

MOST = 200  # messages shown of one conversation, the newest


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation of one person. ``last``: when something was last said in it."""

    conversation: str
    title: str
    private: bool
    last: datetime | None
    newest: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it looks now. ``version`` rises with each change; ``parent``: the message it stands beneath.

    ``replies``: how many stand beneath it.
    """

    message: int
    parent: int | None
    card: Card
    at: datetime
    version: int
    replies: int = 0


def channels(work: Work) -> tuple[Channel, ...]:
    """My direct messages first, then the channels I am in."""
    lanes = [f"local:{work.who}", *(f"local:{name}" for name in channels_of(work.organisation, work.who))]
    rows = {
        row.lane: row
        for row in work.conn.execute(
            select(messages.c.lane, func.max(messages.c.written).label("last"), func.max(messages.c.id).label("newest"))
            .where(messages.c.lane.in_(lanes), messages.c.shown > 0)
            .group_by(messages.c.lane)
        )
    }
    name = work.organisation.people[work.who].name
    found = []
    for lane in lanes:
        row = rows.get(lane)
        private = not lane.startswith("local:#")
        title = name if private else lane.removeprefix("local:")
        found.append(Channel(lane, title, private, row.last if row else None, row.newest if row else 0))
    return tuple(found)


def read(work: Work, conversation: str) -> tuple[Shown, ...]:
    """The newest messages of a conversation that I am in, oldest first, those in threads among them."""
    return _shown(work, conversation, MOST)


def page(work: Work, conversation: str, limit: int, before: int | None = None) -> tuple[Shown, ...]:
    """The newest ``limit`` messages that stand beneath none, of those older than ``before``; each with its number of replies."""
    older = [messages.c.id < min(before, LARGEST_ID)] if before is not None else []
    return _shown(work, conversation, limit, messages.c.parent_id.is_(None), *older)


def thread(work: Work, conversation: str, top: int) -> tuple[Shown, ...]:
    """A message and what stands beneath it; nothing when it is not there."""
    if top > LARGEST_ID:
        return ()
    found = _shown(work, conversation, MOST, or_(messages.c.id == top, messages.c.parent_id == top))
    if found and found[0].message != top:  # a thread of more than that begins with its message all the same
        found = (*_shown(work, conversation, 1, messages.c.id == top), *found)
    return found if found and found[0].message == top else ()


def _shown(work: Work, conversation: str, limit: int, *which: ColumnElement[bool]) -> tuple[Shown, ...]:
    mine = {f"local:{work.who}", *(f"local:{name}" for name in channels_of(work.organisation, work.who))}
    if conversation not in mine:
        raise Refused("refused.not_in_channel")
    here = (messages.c.lane == conversation, messages.c.shown > 0)
    rows = work.conn.execute(select(messages).where(*here, *which).order_by(messages.c.id.desc()).limit(limit)).all()
    beneath = work.conn.execute(
        select(messages.c.parent_id, func.count().label("replies"))
        .where(*here, messages.c.parent_id.in_([row.id for row in rows]))
        .group_by(messages.c.parent_id)
    )
    replies: dict[int, int] = {row.parent_id: row.replies for row in beneath}
    found = []
    for row in reversed(rows):
        rendered = showing.message(work, row)
        if rendered is not None:
            found.append(Shown(row.id, row.parent_id, rendered[0], row.written, row.wanted, replies.get(row.id, 0)))
    return tuple(found)


def card(work: Work, number: int) -> Card | None:
    """The card of a case, for its moderator; ``None`` otherwise."""
    try:
        case = load_case(work, number, lock=False)
    except Refused:
        return None
    return showing.card(work, case, work.who) if case.moderator == work.who else None


def picture(work: Work, number: int) -> tuple[str, bytes] | None:
    """A stored picture and its media type, for who may see originals of its case; ``None`` otherwise."""
    row = work.conn.execute(select(evidence).where(evidence.c.id == number)).first() if number <= LARGEST_ID else None
    if row is None:
        return None
    if row.case_id is None:
        return (row.media, row.content) if row.by == work.who else None
    case = load_case(work, row.case_id, lock=False)
    return (row.media, row.content) if may(work.organisation, work.who, "see_originals", standing(work, case)) else None
