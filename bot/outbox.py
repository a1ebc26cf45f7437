"""What must still be said, and saying it: one lane per conversation, leased by a row, sent outside any transaction.

A row of ``messages`` is a wish; it is fulfilled when ``shown`` reaches ``wanted``. It holds references only and is rendered when sent,
so that a newer update replaces an older one. Only this file sends. The local chats read the rows themselves: theirs are only marked.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Integer, Row, String, bindparam, cast, func, or_, select

from bot.cards import Card
from bot.events import Conversation, Outgoing
from bot.ports import Chat, Store, StoreUnavailable, Undeliverable, Wakeups
from bot.tables import Moment, insert_new, lanes, messages
from bot.work import Work

LEASE = timedelta(seconds=60)  # longer than any chat waits for its platform; each message that was sent begins it anew
BATCH, MARKED = 20, 500  # messages that are sent to one lane before another has its turn, that are marked as read here at once
LOCAL = "local:"  # how the lanes begin that people read in the store itself
AT_ONCE = 64  # lanes that one process sends to at the same time
RETRY = (2.0, 5.0, 15.0, 60.0, 300.0)  # seconds to wait after a failure that may pass

log = structlog.get_logger()

_SAY = messages.insert()
_AGAIN = (
    messages.update()
    .where(messages.c.case_id == bindparam("number"), messages.c.kind == bindparam("about"))
    .values(wanted=messages.c.wanted + 1)
)


def say(
    work: Work,
    conversation: Conversation,
    kind: str,
    *,
    case: int | None = None,
    ref: int | None = None,
    parent: int | None = None,
    **args: str | int,
) -> int:
    """Queue a message; returns its number. ``args`` are codes, never text."""
    work.said = True
    row = {
        "lane": str(conversation),
        "parent_id": parent,
        "kind": kind,
        "case_id": case,
        "ref": ref,
        "args": json.dumps(args, sort_keys=True),
        "wanted": 1,
        "shown": 0,
        "written": work.now,
        "delivered": None,
        "remote": None,
        "problem": None,
        "attempts": 0,
    }
    key = work.conn.execute(_SAY, row).inserted_primary_key
    assert key is not None  # every insert of one row has one
    return int(key[0])


def again(work: Work, case: int, *kinds: str) -> None:
    """Have every message of ``kinds`` about ``case`` shown anew."""
    work.said = True
    for kind in kinds:
        work.conn.execute(_AGAIN, {"number": case, "about": kind})


def message_at(work: Work, conversation: str, remote: str) -> Row[Any] | None:
    """The message of ours that the platform knows as ``remote``."""
    return work.conn.execute(select(messages).where(messages.c.lane == conversation, messages.c.remote == remote)).first()


def message_of(work: Work, case: int, kind: str, ref: int | None = None) -> Row[Any] | None:
    """The newest message of ``kind`` about ``case``."""
    query = select(messages).where(messages.c.case_id == case, messages.c.kind == kind)
    if ref is not None:
        query = query.where(messages.c.ref == ref)
    return work.conn.execute(query.order_by(messages.c.id.desc()).limit(1)).first()


@dataclass(frozen=True, slots=True)
class _Due:
    """A message as it must be sent now; without ``card`` what it showed is gone."""

    id: int
    wanted: int
    remote: str | None
    parent: str | None
    attempts: int
    card: Card | None
    mentions: tuple[str, ...]
    written: datetime


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came of a message. ``shown``: the version that stands there now, ``None`` when it must be tried again."""

    remote: str | None
    shown: int | None
    problem: str | None = None
    not_before: datetime | None = None


Render = Callable[[Connection, Row[Any], datetime], tuple[Card, tuple[str, ...]] | None]


class Sender:
    """Sends what is due, lane by lane. Any number of processes may run one: a lane is leased by one of them at a time."""

    def __init__(
        self,
        store: Store,
        chats: Mapping[str, Chat],
        render: Render,
        wakeups: Wakeups,
        clock: Callable[[], datetime],
        failed: Callable[[Connection, int, str, datetime], None] = lambda *_: None,
        count: Callable[..., None] = lambda *_: None,
    ) -> None:
        self._store, self._chats, self._render, self._wakeups, self._clock = store, chats, render, wakeups, clock
        self._failed = failed  # told of a message that was given up, in the transaction that marks it
        self._count = count  # of what was sent and what failed
        self._room = asyncio.Semaphore(AT_ONCE)
        self._sending: dict[str, asyncio.Task[None]] = {}

    async def begin(self) -> datetime | None:
        """Mark what is read here, and begin to send every other lane that is due, without waiting for any. Returns when the next
        resting lane may go on, if one rests. Raises ``StoreUnavailable``, also for a lane that was begun before."""
        for lane, task in list(self._sending.items()):
            if task.done():
                self._sending.pop(lane).result()
        found, resting = await self._store.read(partial(_lanes_due, now=self._clock()))
        if any(lane.startswith(LOCAL) for lane in found):
            now = self._clock()
            while await self._store.write(partial(_mark_local, now=now)) == MARKED:
                pass  # there are more
            await self._wakeups.poke("live")
        for lane in found:
            if lane not in self._sending and lane.partition(":")[0] in self._chats:
                self._sending[lane] = asyncio.create_task(self._lane(lane))
        return resting

    async def work(self) -> datetime | None:
        """Send until nothing is left that can be sent now; returns when the next resting lane may go on, if one rests."""
        while True:
            resting = await self.begin()
            if not self._sending:
                return resting
            await asyncio.wait(self._sending.values(), return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Break off what is being sent; its lanes are given back."""
        for task in self._sending.values():
            task.cancel()
        await asyncio.gather(*self._sending.values(), return_exceptions=True)
        self._sending.clear()

    async def _lane(self, lane: str) -> None:
        """Send one lane's batch, unless another process has the lane. What goes wrong with it stays in it."""
        async with self._room:
            token, now = secrets.token_hex(8), self._clock()
            if not await self._store.write(lambda conn: _lease(conn, lane, token, now)):
                return
            not_before: datetime | None = None
            ours = True
            try:
                ours = not await self._send_batch(lane, token)
            except StoreUnavailable:
                raise
            except Exception as problem:  # noqa: BLE001 - a defect in one card or chat must not silence the other lanes
                log.error("lane", platform=lane.partition(":")[0], error=type(problem).__name__)  # its text may quote a citizen
                self._count("failures", lane.partition(":")[0], "defect")
                not_before = self._clock() + timedelta(seconds=RETRY[-1])
            finally:
                if ours:
                    await self._store.write(lambda conn: _release(conn, lane, token, not_before))
        await self._wakeups.poke("outbox")  # there may be more than one batch

    async def _send_batch(self, lane: str, token: str) -> bool:
        """Send in order, until a failure that may pass. Whether the lane is no longer ours: given back with its last message, or lost."""
        batch = await self._store.read(partial(self._batch, lane=lane))
        for due in batch:
            sent = await self._send(lane, due)
            last = due is batch[-1] or sent.not_before is not None
            if not await self._store.write(partial(self._mark, due=due, sent=sent, lane=lane, token=token, last=last)) or last:
                return True  # the end; or too slow: another process has the lane, and goes on
        return False

    def _mark(self, conn: Connection, due: _Due, sent: _Sent, lane: str, token: str, last: bool) -> bool:
        """Keep what came of a message, and the lane for the next one or not at all; whether it was still ours."""
        marked = _mark(conn, due, sent, lane, self._clock())
        if marked and sent.problem is not None and sent.shown is not None:
            self._failed(conn, due.id, sent.problem, self._clock())
        mine = {"on": lane, "mine": token}
        if last:
            return conn.execute(_GIVE_BACK, {**mine, "rests": sent.not_before}).rowcount == 1
        return conn.execute(_KEEP, {**mine, "until": self._clock() + LEASE}).rowcount == 1

    def _batch(self, conn: Connection, lane: str) -> list[_Due]:
        batch = []
        for row in conn.execute(_BATCH, {"on": lane}).all():
            card, mentions = self._render(conn, row, self._clock()) or (None, ())
            batch.append(_Due(row.id, row.wanted, row.remote, row.parent_remote, row.attempts, card, mentions, row.written))
        return batch

    async def _send(self, lane: str, due: _Due) -> _Sent:
        """Say one message on its platform; what came of it."""
        conversation = Conversation.parse(lane)
        chat = self._chats[conversation.platform]
        outgoing = Outgoing(due.id, conversation, due.card or Card(""), due.parent, due.mentions, due.written)
        try:
            if due.remote is None and due.card is None:  # gone before it was ever said
                return _Sent(None, due.wanted)
            name = await (chat.post(outgoing) if due.remote is None else chat.update(outgoing, due.remote))
            self._count("sent", conversation.platform)
            return _Sent(name, due.wanted)
        except Undeliverable as problem:
            self._count("failures", conversation.platform, problem.why)
            tell = log.debug if problem.why == "rate" else log.warning  # waiting one's turn is no trouble
            tell("undeliverable", message=due.id, platform=conversation.platform, why=problem.why)
            if problem.later is None:
                return _Sent(due.remote, due.wanted, problem.why)
            usual = RETRY[min(due.attempts, len(RETRY) - 1)] if problem.why != "rate" else 0.0
            return _Sent(due.remote, None, problem.why, self._clock() + timedelta(seconds=max(problem.later, usual)))


# From each lane in the index of what is due to the next: as many steps as lanes, however many messages wait in one of them.
_DUE = messages.c.wanted > messages.c.shown
_HOP = select(func.min(messages.c.lane).label("lane")).where(_DUE).cte("hop", recursive=True)
_HOPS = _HOP.union_all(
    select(select(func.min(messages.c.lane)).where(_DUE, messages.c.lane > _HOP.c.lane).scalar_subquery()).where(
        _HOP.c.lane.is_not(None)
    )
)
LANES_DUE = (
    select(_HOPS.c.lane, lanes.c.leased_until.label("leased"), lanes.c.not_before.label("rests"))
    .select_from(_HOPS.outerjoin(lanes, lanes.c.lane == _HOPS.c.lane))
    .where(_HOPS.c.lane.is_not(None))
)
_BACKLOG = (
    select(
        messages.c.lane, func.count().label("number"), func.max(lanes.c.not_before).label("rests"),
        func.min(messages.c.written).filter(messages.c.delivered.is_(None)).label("oldest"),
    )
    .select_from(messages.outerjoin(lanes, lanes.c.lane == messages.c.lane))
    .where(_DUE)
    .group_by(messages.c.lane)
)  # fmt: skip
_PARENT = messages.alias()
_BATCH = (
    select(messages, _PARENT.c.remote.label("parent_remote"))
    .outerjoin(_PARENT, _PARENT.c.id == messages.c.parent_id)
    .where(messages.c.lane == bindparam("on"), _DUE)
    .order_by(messages.c.id)
    .limit(BATCH)
)
# A row that is being changed is passed over: who changes it will wake a sender. So this never waits for a desk, nor a desk long for it.
# In the order of the index of what is due, and not all at once: else PostgreSQL, which thinks that a third is due, reads the whole table.
_UNSEEN = (
    select(messages.c.id).where(_DUE, messages.c.lane.startswith(LOCAL)).order_by(messages.c.lane, messages.c.id).limit(MARKED)
)
_MARK_LOCAL = (
    messages.update()
    .where(messages.c.id.in_(_UNSEEN.with_for_update(skip_locked=True)))
    .values(
        shown=messages.c.wanted, remote=cast(messages.c.id, String),
        delivered=func.coalesce(messages.c.delivered, bindparam("now", type_=Moment)),
    )
)  # fmt: skip
_TAKE = (
    lanes.update()
    .where(
        lanes.c.lane == bindparam("on"),
        or_(lanes.c.leased_until.is_(None), lanes.c.leased_until <= bindparam("now")),
        or_(lanes.c.not_before.is_(None), lanes.c.not_before <= bindparam("now")),
    )
    .values(token=bindparam("mine"), leased_until=bindparam("until"), not_before=None)
)
_OURS = lanes.update().where(lanes.c.lane == bindparam("on"), lanes.c.token == bindparam("mine"))
_KEEP = _OURS.values(leased_until=bindparam("until"))
_GIVE_BACK = _OURS.values(token=None, leased_until=None, not_before=bindparam("rests"))
_MARK = (
    messages.update()
    .where(messages.c.id == bindparam("number"), messages.c.lane == bindparam("on"))
    .values(
        remote=bindparam("remote"), shown=func.coalesce(bindparam("shown", type_=Integer), messages.c.shown),
        problem=bindparam("problem"), attempts=bindparam("attempts"),
        delivered=func.coalesce(messages.c.delivered, bindparam("stands", type_=Moment)),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is still to be said on one platform. ``waiting``: lanes that rest; ``oldest``: seconds since what nobody saw was written."""

    platform: str
    messages: int
    lanes: int
    waiting: int
    oldest: float


def backlog(conn: Connection, now: datetime) -> list[Backlog]:
    """Every platform with something still to be said."""
    found: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(_BACKLOG):
        found.setdefault(row.lane.partition(":")[0], []).append(row)
    return [
        Backlog(
            platform, sum(row.number for row in rows), len(rows), sum(row.rests is not None and row.rests > now for row in rows),
            max((now - row.oldest).total_seconds() if row.oldest is not None else 0.0 for row in rows),
        )
        for platform, rows in sorted(found.items())
    ]  # fmt: skip


def _lanes_due(conn: Connection, now: datetime) -> tuple[list[str], datetime | None]:
    """Lanes with something to say that nobody sends, and the first moment at which a resting one may go on."""
    free, resting = [], []
    for row in conn.execute(LANES_DUE):
        until = max((at for at in (row.leased, row.rests) if at is not None), default=None)
        if until is None or until <= now:
            free.append(row.lane)
        else:
            resting.append(until)
    return free, min(resting, default=None)


def _mark_local(conn: Connection, now: datetime) -> int:
    """What people read in the store itself is shown as soon as it stands there; returns how many messages that were."""
    return conn.execute(_MARK_LOCAL, {"now": now}).rowcount


def _lease(conn: Connection, lane: str, token: str, now: datetime) -> bool:
    """Take the lane, unless somebody has it or it rests."""
    row = {"token": token, "leased_until": now + LEASE, "not_before": None}
    if conn.execute(_TAKE, {"on": lane, "mine": token, "now": now, "until": now + LEASE}).rowcount:
        return True
    return insert_new(conn, lanes, lane=lane, **row)


def _release(conn: Connection, lane: str, token: str, not_before: datetime | None) -> None:
    conn.execute(_GIVE_BACK, {"on": lane, "mine": token, "rests": not_before})


def _mark(conn: Connection, due: _Due, sent: _Sent, lane: str, now: datetime) -> bool:
    """Keep what came of a message; ``False`` when it was moved to another lane meanwhile, where it is to be said anew."""
    attempts = 0 if sent.problem is None else due.attempts + (sent.problem != "rate")
    stands = now if sent.remote is not None and sent.problem is None else None
    row = {"remote": sent.remote, "shown": sent.shown, "problem": sent.problem, "attempts": attempts, "stands": stands}
    return conn.execute(_MARK, {"number": due.id, "on": lane, **row}).rowcount == 1
