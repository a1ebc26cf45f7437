"""What must still be said, and saying it: one lane per conversation, leased by a row, sent outside any transaction.

A row of ``messages`` is a wish; it is fulfilled when ``shown`` reaches ``wanted``. It holds references only and is rendered when sent,
so that a newer update replaces an older one. Only this file sends.
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
from sqlalchemy import Connection, Row, bindparam, func, or_, select, update

from bot.cards import Card
from bot.events import Conversation, Outgoing
from bot.ports import Chat, Store, StoreUnavailable, Undeliverable, Wakeups
from bot.tables import insert_new, lanes, messages
from bot.work import Work

LEASE = timedelta(seconds=60)
BATCH = 20
RETRY = (2.0, 5.0, 15.0, 60.0, 300.0)  # seconds to wait after a failure that may pass

log = structlog.get_logger()

_SAY = messages.insert()
_AGAIN = (
    messages.update()
    .where(messages.c.case_id == bindparam("number"), messages.c.kind.in_(bindparam("kinds", expanding=True)))
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
    work.conn.execute(_AGAIN, {"number": case, "kinds": list(kinds)})


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
    """A message as it must be sent now."""

    id: int
    wanted: int
    remote: str | None
    parent: str | None
    attempts: int
    card: Card
    mentions: tuple[str, ...]
    written: datetime


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
        at_once: int = 8,
    ) -> None:
        self._store, self._chats, self._render, self._wakeups, self._clock = store, chats, render, wakeups, clock
        self._room = asyncio.Semaphore(at_once)

    async def work(self) -> datetime | None:
        """Send everything that can be sent now; returns when the next waiting lane may go on, if one waits."""
        while True:
            now = self._clock()
            found, waiting = await self._store.read(partial(_lanes_due, now=now))
            mine = [lane for lane in found if lane.partition(":")[0] in self._chats]
            if not mine:
                return waiting
            sent = await asyncio.gather(*(self._lane(lane) for lane in mine))
            if not any(sent):
                return waiting or now + timedelta(seconds=1)

    async def _lane(self, lane: str) -> bool:
        """Send one lane's batch; ``False`` when another process has it."""
        async with self._room:
            token, now = secrets.token_hex(8), self._clock()
            if not await self._store.write(lambda conn: _lease(conn, lane, token, now)):
                return False
            not_before: datetime | None = None
            try:
                batch = await self._store.read(lambda conn: self._batch(conn, lane))
                for due in batch:
                    not_before = await self._send(lane, due)
                    if not_before is not None:
                        break
            finally:
                await self._store.write(lambda conn: _release(conn, lane, token, not_before))
            await self._wakeups.poke("live")
            return True

    def _batch(self, conn: Connection, lane: str) -> list[_Due]:
        parent = messages.alias()
        rows = conn.execute(
            select(messages, parent.c.remote.label("parent_remote"))
            .outerjoin(parent, parent.c.id == messages.c.parent_id)
            .where(messages.c.lane == lane, messages.c.wanted > messages.c.shown)
            .order_by(messages.c.id)
            .limit(BATCH)
        ).all()
        batch = []
        for row in rows:
            rendered = self._render(conn, row, self._clock())
            card, mentions = rendered if rendered is not None else (Card(""), ())
            batch.append(_Due(row.id, row.wanted, row.remote, row.parent_remote, row.attempts, card, mentions, row.written))
        return batch

    async def _send(self, lane: str, due: _Due) -> datetime | None:
        """Send one message and mark it; returns until when the lane must rest, after a failure that may pass."""
        conversation = Conversation.parse(lane)
        chat = self._chats[conversation.platform]
        outgoing = Outgoing(due.id, conversation, due.card, due.parent, due.mentions, due.written)
        try:
            if due.remote is None:
                remote = await chat.post(outgoing)
            else:
                remote = await chat.update(outgoing, due.remote)
        except Undeliverable as problem:
            why, later = problem.why, problem.later
            log.warning("undeliverable", message=due.id, platform=conversation.platform, why=why)
            await self._store.write(lambda conn: _mark(conn, due, due.remote, due.wanted if later is None else None, why))
            if later is None:
                return None
            wait = max(later, RETRY[min(due.attempts, len(RETRY) - 1)] if why != "rate" else 0.0)
            return self._clock() + timedelta(seconds=wait)
        await self._store.write(lambda conn: _mark(conn, due, remote, due.wanted, None))
        return None

    async def run(self) -> None:
        """Send until cancelled: at every wake-up, when a waiting lane's time comes, and every few seconds in any case."""
        while True:
            rest = 2.0
            try:
                waiting = await self.work()
                if waiting is not None:
                    rest = min(rest, max(0.05, (waiting - self._clock()).total_seconds()))
            except StoreUnavailable as trouble:
                log.error("database", reason=trouble.reason)
            await self._wakeups.wait("outbox", rest)


def _lanes_due(conn: Connection, now: datetime) -> tuple[list[str], datetime | None]:
    """Lanes with something to say that nobody sends, and the first moment at which a resting one may go on."""
    due = select(messages.c.lane).where(messages.c.wanted > messages.c.shown).distinct().subquery()
    rows = conn.execute(
        select(due.c.lane, lanes.c.leased_until, lanes.c.not_before).outerjoin(lanes, lanes.c.lane == due.c.lane)
    ).all()
    free, waiting = [], []
    for row in rows:
        until = max((at for at in (row.leased_until, row.not_before) if at is not None), default=None)
        if until is None or until <= now:
            free.append(row.lane)
        else:
            waiting.append(until)
    return free, min(waiting, default=None)


def _lease(conn: Connection, lane: str, token: str, now: datetime) -> bool:
    taken = conn.execute(
        update(lanes)
        .where(
            lanes.c.lane == lane,
            or_(lanes.c.leased_until.is_(None), lanes.c.leased_until <= now),
            or_(lanes.c.not_before.is_(None), lanes.c.not_before <= now),
        )
        .values(token=token, leased_until=now + LEASE, not_before=None)
    ).rowcount
    if taken:
        return True
    if conn.execute(select(func.count()).select_from(lanes).where(lanes.c.lane == lane)).scalar_one():
        return False
    return insert_new(conn, lanes, lane=lane, token=token, leased_until=now + LEASE, not_before=None)


def _release(conn: Connection, lane: str, token: str, not_before: datetime | None) -> None:
    conn.execute(
        update(lanes)
        .where(lanes.c.lane == lane, lanes.c.token == token)
        .values(token=None, leased_until=None, not_before=not_before)
    )


def _mark(conn: Connection, due: _Due, remote: str | None, shown: int | None, problem: str | None) -> None:
    values: dict[str, Any] = {"remote": remote, "problem": problem, "attempts": 0 if problem is None else due.attempts + 1}
    if shown is not None:
        values["shown"] = shown
    conn.execute(update(messages).where(messages.c.id == due.id).values(**values))
