"""The running bot: desk, store, sender and clocks together, as every chat adapter uses it."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Row, select

from bot import alarm, clocks, commands, digest, faq_index, inbox, moderation, showing, topics, undelivered
from bot import faq as shared_faq
from bot.cards import Card
from bot.desk import Desk
from bot.events import Answer, Commanded, Incoming, Pasted, Submitted
from bot.faq_search import Hit
from bot.inbox import Channel, Shown
from bot.metrics import Measured, Metrics, doubles, waiting
from bot.organisation import Organisation
from bot.outbox import Sender
from bot.ports import Chat, Store, StoreUnavailable, Wakeups
from bot.roster import person_of
from bot.wording import Wording, language_of
from bot.work import FIRST, House, Refused, Work, remember_versions

T = TypeVar("T")
REST = 2.0  # seconds between two looks at the store when nothing calls for one
GATHER, MOST_GATHER = 0.02, 0.2  # seconds after a call in which what else comes is looked at with it: the longer, the busier
log = structlog.get_logger()


class Antenne:
    """One organisation's bot. Any number of processes may run one on the same database."""

    def __init__(
        self, house: House, store: Store, wakeups: Wakeups, chats: Mapping[str, Chat], clock: Callable[[], datetime]
    ) -> None:
        self.house, self.store, self.wakeups, self.chats, self.clock = house, store, wakeups, chats, clock
        self.desk = Desk(house)
        self.metrics = Metrics()
        self.sender = Sender(store, chats, self._render, wakeups, clock, self._reroute, self.metrics.count)
        self._faq_lock, self._indexing = asyncio.Lock(), set[asyncio.Task[None]]()
        self._review_at = FIRST  # when to look for entries of the FAQ that must be looked at again
        self._sweep_at = FIRST  # when to look at all topics: at once, then every hour
        self._digest_at = FIRST  # when to look whether a digest must be sent: at once, then when the next one is due

    @property
    def organisation(self) -> Organisation:
        """The organisation as this process last saw it: to show. What somebody may do is looked up anew in each event."""
        return self.house.directory.last(self.house.organisation)

    async def prepare(self, sample_faq: Path | None = None) -> None:
        """Keep today's tree and policy; fill an empty FAQ with the sample's entries."""
        now = self.clock()

        def work(conn: Connection) -> None:
            remember_versions(conn, self.house, now)
            topics.plant(Work(conn, self.house, now))
            if sample_faq is not None:
                shared_faq.seed(Work(conn, self.house, now), sample_faq, self.organisation.departments)

        await self.store.write(work)

    async def handle(self, event: Incoming, *, draw: bool = True) -> Answer:
        """Act on one event. Never raises for what people do: a refusal and a database in trouble are answers too.

        An adapter whose cards only change by the outbox asks for none here (``draw``).
        """
        answer = await self._handled(event, draw=draw)
        result = "refused" if answer.refused and answer.kept == "now" else answer.kept
        self.metrics.count("events", event.actor.platform, type(event).__name__.lower(), result)
        return answer

    async def _handled(self, event: Incoming, *, draw: bool) -> Answer:
        now = self.clock()
        try:
            searched = (
                commands.searches_faq(event.text) if isinstance(event, Commanded) else isinstance(event, Pasted | Submitted)
            )
            if searched:
                await self.learn_faq(all_of_it=isinstance(event, Commanded))
            answer, said = await self.store.write(lambda conn: self.desk.handle(conn, event, now, draw=draw))
        except Refused as refused:
            return Answer(note=self._refusal(event, refused), refused=True)
        except StoreUnavailable as trouble:
            self._trouble(trouble)
            return Answer(note=self._words(event).t(f"trouble.{trouble.reason}"), refused=True, kept="not")
        if said:
            await self.wakeups.poke("outbox")
        return answer

    async def keep_picture(self, by: str, content: bytes, media: str, read_text: str) -> int:
        """Store a picture untouched, with its SHA-256 and time; returns its evidence number."""
        digest, now = hashlib.sha256(content).hexdigest(), self.clock()
        return await self.store.write(
            lambda conn: moderation.keep_picture(Work(conn, self.house, now, by), media, digest, content, read_text)
        )

    async def learn_faq(self, *, all_of_it: bool = True) -> None:
        """Bring the search index in step with the store, never in its writer. Unless ``all_of_it``, many changes at once are
        indexed behind the scenes, and what was known before is searched until then."""
        index = self.desk.index
        changes = await self.store.read(index.changes)
        if changes is None:
            return
        if not (all_of_it or changes.few):
            if not self._indexing:
                task = asyncio.create_task(self._learn_behind())
                self._indexing.add(task)
                task.add_done_callback(self._indexing.discard)
            return
        async with self._faq_lock:  # one at a time: who waited has perhaps nothing left to do
            changes = await self.store.read(index.changes)
            if changes is not None:
                await asyncio.to_thread(index.take, changes)

    async def _learn_behind(self) -> None:
        try:
            await self.learn_faq()
        except StoreUnavailable as trouble:
            self._trouble(trouble)

    async def search_faq(self, query: str, limit: int) -> list[tuple[Hit, Row[Any]]]:
        """What the FAQ has for a question, best first, approved or not."""
        await self.learn_faq()
        return await self._read("", lambda work: faq_index.search(work, self.desk.index, query, limit))

    async def overview(self, person: str) -> Card:
        """My open cases, what waits for me, terms."""
        return await self._read(person, showing.overview)

    async def channels(self, person: str) -> tuple[Channel, ...]:
        """The local conversations of a person."""
        return await self._read(person, inbox.channels)

    async def read(self, person: str, conversation: str) -> tuple[Shown, ...]:
        """The messages of a local conversation; nothing of one that the person is not in."""
        return await self._seen(person, lambda work: inbox.read(work, conversation))

    async def page(self, person: str, conversation: str, limit: int, before: int | None = None) -> tuple[Shown, ...]:
        """Its newest ``limit`` messages outside threads, of those older than ``before``."""
        return await self._seen(person, lambda work: inbox.page(work, conversation, limit, before))

    async def thread(self, person: str, conversation: str, top: int) -> tuple[Shown, ...]:
        """A message of it and what stands beneath."""
        return await self._seen(person, lambda work: inbox.thread(work, conversation, top))

    async def card(self, person: str, case: int) -> Card | None:
        """The card of a case as it stands in this person's own messages; ``None`` for somebody else's case."""
        return await self._read(person, lambda work: inbox.card(work, case))

    async def picture(self, person: str, evidence: int) -> tuple[str, bytes] | None:
        """Media type and bytes of a picture that the person may see."""
        return await self._read(person, lambda work: inbox.picture(work, evidence))

    async def measured(self, patience: float) -> list[Measured]:
        """What this process counted, and what waits in the database, unless that does not answer within ``patience`` seconds."""
        found = [*self.metrics.counted(), *doubles(self.chats)]
        now = self.clock()
        try:
            async with asyncio.timeout(patience):
                backlog = await self.store.read(partial(waiting, now=now, platforms=self.house.platforms))
        except (StoreUnavailable, TimeoutError):
            return [*found, Measured("database_up", {}, 0)]
        return [*found, Measured("database_up", {}, 1), *backlog]

    async def check(self) -> None:
        """Read from the database; raises ``StoreUnavailable``."""
        await self.store.read(lambda conn: conn.execute(select(1)).scalar_one())

    async def work(self) -> datetime:
        """Ring what is due and send what can be sent; returns when there is something to do next, as far as is known."""
        while (following := await self._ring()) <= self.clock():
            pass
        return _first(following, await self.sender.work())

    async def run(self) -> None:
        """Work until cancelled: at every wake-up, when the next clock is due, and every few seconds in any case."""
        try:
            while True:
                began = monotonic()
                rest = min([await self._safely(part) for part in (self._ring, self.sender.begin)])
                took = monotonic() - began
                await self.wakeups.wait("outbox", rest)
                await self._safely(partial(self.learn_faq, all_of_it=False))  # here, since the start waits for no index
                await asyncio.sleep(min(max(GATHER, 4 * took), MOST_GATHER))  # a fifth of the time at most is the sender's
        finally:
            await self.sender.stop()

    async def _safely(self, part: Callable[[], Awaitable[datetime | None]]) -> float:
        """Do one part of the work; returns the seconds until it should be done again. What goes wrong in it stops nothing else."""
        try:
            following = await part()
        except StoreUnavailable as trouble:
            self._trouble(trouble)
        except Exception as problem:  # noqa: BLE001 - a bot that no longer tells anybody anything is worse than a defect
            log.error("work", error=type(problem).__name__)  # its text may quote a citizen
        else:
            if following is not None:
                return min(REST, max(0.02, (following - self.clock()).total_seconds()))
        return REST

    async def close(self) -> None:
        for task in self._indexing:
            task.cancel()
        await self.store.close()

    def _trouble(self, trouble: StoreUnavailable) -> None:
        log.error("database", reason=trouble.reason)
        self.metrics.count("database_trouble", trouble.reason)

    async def _ring(self) -> datetime:
        """Ring the clocks that are due, the first of them if they are many, and send the digest; returns when to look again."""
        now = self.clock()
        due, following = await self.store.read(partial(clocks.due, now=now))
        rings = (self.store.write(partial(self.desk.ring, clock=row.id, case=row.case_id, now=now)) for row in due)
        await asyncio.gather(*rings)
        if now >= self._sweep_at:
            await self.store.write(partial(alarm.sweep, house=self.house, now=now))
            self._sweep_at = now + alarm.EVERY
        if now >= self._digest_at:
            await self.store.write(partial(digest.send, house=self.house, now=now))
            self._digest_at = digest.next_of_all(now, self.organisation.policy, self.organisation.calendar)
        if now >= self._review_at:
            while await self.store.write(partial(shared_faq.send_for_review, house=self.house, now=now)):
                pass
            self._review_at = shared_faq.next_review(now, self.organisation)
        return _first(min(self._digest_at, self._review_at, self._sweep_at), following)

    async def _read(self, person: str, view: Callable[[Work], T]) -> T:
        now = self.clock()
        return await self.store.read(lambda conn: view(Work(conn, self.house, now, person)))

    async def _seen(self, person: str, view: Callable[[Work], tuple[Shown, ...]]) -> tuple[Shown, ...]:
        try:
            return await self._read(person, view)
        except Refused:
            return ()

    def _render(self, conn: Connection, row: Row[tuple[object, ...]], now: datetime) -> tuple[Card, tuple[str, ...]] | None:
        return showing.message(Work(conn, self.house, now), row)

    def _reroute(self, conn: Connection, message: int, why: str, now: datetime) -> None:
        undelivered.reroute(Work(conn, self.house, now), message, why)

    def _words(self, event: Incoming) -> Wording:
        person = person_of(self.organisation, event.actor)
        return Wording(self.organisation, language_of(self.organisation, person), self.clock())

    def _refusal(self, event: Incoming, refused: Refused) -> str:
        """The sentence of a refusal, names and times said as people say them."""
        return self.refusal(self._words(event), refused)

    def refusal(self, words: Wording, refused: Refused) -> str:
        """The sentence of a refusal in somebody's language."""
        values = dict(refused.values)
        if "who" in values:
            values["who"] = words.name(str(values["who"])) if values["who"] else words.t("person.somebody")
        if isinstance(values.get("when"), datetime):
            values["when"] = words.moment(values["when"])
        values |= {name: words.s.day(value) for name, value in values.items() if type(value) is date}
        return words.t(refused.key, **values)


def _first(known: datetime, other: datetime | None) -> datetime:
    return known if other is None else min(known, other)
