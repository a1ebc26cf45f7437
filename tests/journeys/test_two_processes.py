"""Two real processes serve one organisation on a real PostgreSQL and a real Redis, and nothing is lost or doubled."""

import asyncio
import itertools
import json
import os
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import Connection, select
from sqlalchemy.engine import make_url

from adapters.database import open_store
from bot import tables
from bot.case import chain_holds
from bot.events import Actor, Incoming, Pasted, Pressed
from bot.organisation import load_organisation
from bot.presses import Answer, Take
from bot.pseudonyms import Keys
from bot.work import House, Work
from flows.platforms import load_platforms
from tests.journeys.chat import START, organisation_in
from tests.servers import running_redis

ROOT = Path(__file__).resolve().parents[2]
CASES = 24
WALK = ("negatief", "haat", "twijfel")
SETTLED, LEASED = 16, 61  # seconds: after the time for "Terug"; after the lease of a lane whose sender is gone

ON_SLACK = {
    "people": {name: {"addresses": {"slack": f"U_{name.upper()}"}} for name in ("an", "karim", "sofie", "tom")},
    "roles": {"communications_lead": {"channel": {"slack": "C_LEAD"}}},
}


class Platform:
    """A chat that keeps what it was told and refuses what no correct bot sends: an unknown message, a wrong place, another order."""

    def __init__(self) -> None:
        self.shown: dict[int, str] = {}  # message id -> its title now
        self.lanes: dict[int, str] = {}
        self.repeats: list[int] = []  # posts of a message that stood here already
        self.wrong: list[str] = []
        self._asked = itertools.count(1)
        self._last: dict[str, int] = defaultdict(int)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One process at the other end, until it is gone."""
        try:
            async for line in reader:
                asked = json.loads(line)
                answer = {"n": asked["n"], "remote": None if next(self._asked) % 60 == 0 else self._show(asked)}
                await asyncio.sleep(0.001)  # so that one can be killed between our showing and its marking
                writer.write(json.dumps(answer).encode() + b"\n")
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _show(self, asked: dict[str, Any]) -> str:
        number, lane, remote = asked["id"], asked["lane"], asked["remote"]
        if asked["parent"] is not None and self.lanes.get(int(asked["parent"].removeprefix("r"))) != lane:
            self.wrong.append(f"{number}: beneath an unknown message")
        if remote is not None and (remote != f"r{number}" or self.lanes.get(number) != lane):
            self.wrong.append(f"{number}: an update of an unknown message")
        if remote is None and number in self.shown:
            self.repeats.append(number)
        elif remote is None:
            if number < self._last[lane]:
                self.wrong.append(f"{number}: out of order")
            self._last[lane] = number
        self.shown[number], self.lanes[number] = asked["title"], lane
        return f"r{number}"


class Gone(Exception):
    """The process died before it answered."""


class Process:
    """One running bot."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {0: asyncio.get_running_loop().create_future()}
        self._reading = asyncio.create_task(self._read())
        self.started = self._waiting[0]

    async def _read(self) -> None:
        assert self._process.stdout is not None  # it is piped
        async for line in self._process.stdout:
            answer = json.loads(line)
            self._waiting.pop(answer["n"]).set_result(answer)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Gone())

    async def ask(self, **what: Any) -> dict[str, Any]:
        """Send one line and wait for its answer. Raises Gone."""
        assert self._process.stdin is not None  # it is piped
        if self._reading.done():
            raise Gone
        number = next(self._numbers)
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps({"n": number} | what).encode() + b"\n")
        answer: dict[str, Any] = await answered
        return answer

    async def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()
        await self._process.wait()
        await self._reading

    async def stop(self) -> str:
        """Let it end by itself; what it wrote in its log."""
        assert self._process.stdin is not None  # they are piped
        assert self._process.stderr is not None
        if self._process.returncode is None:
            self._process.stdin.close()
        log, _ = await asyncio.gather(self._process.stderr.read(), self._process.wait())
        await self._reading
        return log.decode()


class Two:
    """The two processes and what is between them and the test."""

    def __init__(self, start: Callable[[], Awaitable[Process]]) -> None:
        self._start = start
        self.processes: list[Process] = []
        self._chance = random.Random(47)
        self._numbers = itertools.count()
        self._ahead = 0
        self.sent: set[str] = set()

    async def start(self) -> Process:
        """One more process, its clock as far ahead as the others'."""
        process = await self._start()
        self.processes.append(process)
        await process.ask(later=self._ahead)
        return process

    async def later(self, seconds: int) -> None:
        """Everybody's clock jumps."""
        self._ahead += seconds
        await asyncio.gather(*(process.ask(later=seconds) for process in self.processes))

    async def handle(self, event: Callable[[str], Incoming]) -> dict[str, Any]:
        """Deliver as a platform does: to one of them, now and then to both at once, and again when no answer came."""
        name = f"e{next(self._numbers)}"
        made = event(name).model_dump(mode="json")
        self.sent.add(f"local:{name}")
        while True:
            both = self._chance.random() < 0.15
            chosen = self._chance.sample(self.processes, k=2 if both and len(self.processes) > 1 else 1)
            answers = await asyncio.gather(*(process.ask(event=made) for process in chosen), return_exceptions=True)
            found = [answer for answer in answers if isinstance(answer, dict)]
            if found:
                if found[0]["refused"]:
                    self.sent.discard(f"local:{name}")  # nothing is kept of what was refused
                return max(found, key=lambda answer: answer["case"] is not None)
            assert all(isinstance(answer, Gone) for answer in answers), answers


@asynccontextmanager
async def two(folder: Path, platform: Platform, environment: dict[str, str]) -> AsyncIterator[Two]:
    """Two bots, started; at the end stopped, with nothing unexpected in their logs."""
    with tempfile.TemporaryDirectory(prefix="antenne-two-") as short:  # the name of a socket must be short
        server = await asyncio.start_unix_server(platform.serve, f"{short}/platform")
        ahead = str((START - datetime.now(UTC)).total_seconds())

        async def start() -> Process:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.journeys.bot_process",
                f"{short}/platform",
                ahead,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            made = Process(process)
            try:
                await made.started
            except Gone:
                pytest.fail(await made.stop(), pytrace=False)
            return made

        both = Two(start)
        await asyncio.gather(both.start(), both.start())
        everyone = [*both.processes]
        yield both
        for process in {*everyone, *both.processes}:
            log = await process.stop()
            assert "Traceback" not in log, log
        server.close()
        await server.wait_closed()


async def walked(both: Two, moderator: str, text: str, number_of: Callable[[str], Awaitable[int]]) -> int:
    """Paste, and answer three questions; the case's number."""
    who = Actor(platform="local", address=moderator)
    answer = await both.handle(lambda name: Pasted(id=name, actor=who, text=text))
    case = answer["case"] or await number_of(text)  # no number: it was kept, but its process died before it could say so
    for step, choice in enumerate(WALK):
        press = Answer(case=case, walk=0, step=step, choice=choice)
        answer = await both.handle(lambda name, press=press: Pressed(id=name, actor=who, press=press))  # type: ignore[misc]  # a default binds it
        assert not answer["refused"], answer
    return int(case)


async def taken(both: Two, thread: int) -> list[bool]:
    """The lead and her deputy take a thread in the same moment; who was refused."""
    people = [Actor(platform="local", address=name) for name in ("sofie", "tom")]
    answers = await asyncio.gather(
        *(both.handle(lambda name, who=who: Pressed(id=name, actor=who, press=Take(thread=thread))) for who in people)  # type: ignore[misc]  # as above
    )
    return [answer["refused"] for answer in answers]


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = 120.0) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - it asks other processes, who set no event here
            await asyncio.sleep(0.05)


@pytest.mark.needs("redis-server")
async def test_two_processes_lose_and_double_nothing(postgres_url: str, tmp_path: Path) -> None:
    """Presses go to either; Redis is emptied and stopped, one process is killed and started again, all in the middle of it."""
    organisation = organisation_in(tmp_path / "town", ON_SLACK)
    platform = Platform()
    with ExitStack() as servers:
        redis = servers.enter_context(ExitStack())
        redis_url = redis.enter_context(running_redis())
        environment = {
            "ANTENNE_ORGANISATION": str(organisation),
            "ANTENNE_DATABASE_URL": postgres_url,
            "ANTENNE_REDIS_URL": redis_url,
            "ANTENNE_SECRET_KEY_FILE": str(tmp_path / "secret.key"),
            "ANTENNE_LOG_LEVEL": "warning",
        }
        store = await open_store(postgres_url)

        async def number_of(text: str) -> int:
            query = select(tables.comments.c.case_id).where(tables.comments.c.text == text)
            return await store.read(lambda conn: int(conn.execute(query).scalar_one()))

        async def unshown() -> int:
            waiting = tables.messages.c.wanted > tables.messages.c.shown
            return await store.read(lambda conn: len(conn.execute(select(tables.messages.c.id).where(waiting)).all()))

        async def quiet() -> bool:
            return not await unshown()

        async def listeners() -> int:
            async with Redis.from_url(redis_url) as client:
                return int((await client.pubsub_numsub("antenne"))[0][1])

        async with two(tmp_path, platform, environment) as both:
            work = [
                asyncio.create_task(walked(both, ("an", "karim")[index % 2], f"Bericht {index}: foei!", number_of))
                for index in range(CASES)
            ]

            async def part(done: float) -> bool:
                return len(both.sent) >= done * CASES * (1 + len(WALK))

            await eventually(lambda: part(0.4))
            assert await listeners() == 2
            async with Redis.from_url(redis_url) as client:
                await client.flushall()
            await eventually(lambda: part(0.6))
            redis.close()
            await eventually(lambda: part(0.8))
            assert not platform.repeats
            victim = both.processes.pop()
            await victim.kill()
            await asyncio.gather(*work)
            await asyncio.sleep(0.5)  # what can be sent is sent; the dead process's lanes wait for their lease to end
            await both.later(LEASED)
            await eventually(quiet)
            repeated = list(platform.repeats)

            servers.enter_context(running_redis(make_url(redis_url).port or 0))
            await both.start()
            await eventually(lambda: _is(listeners, 2))
            rows = await store.read(lambda conn: conn.execute(select(tables.threads)).all())
            assert [row.phase for row in rows] == ["open"] * CASES
            for refused in await asyncio.gather(*(taken(both, row.id) for row in rows)):
                assert sorted(refused) == [False, True]
            await eventually(quiet)
            await both.later(SETTLED)
            await eventually(quiet)

        assert not platform.wrong
        assert platform.repeats == repeated, "a message was posted twice though nobody had died"
        assert len(repeated) <= len(ON_SLACK["people"]) + 1, "at most the message that each lane was at when its sender died"
        await _nothing_lost_or_doubled(store.read, organisation, tmp_path / "secret.key", platform, both.sent)
        await store.close()


async def _is(number: Callable[[], Awaitable[int]], wanted: int) -> bool:
    try:
        return await number() == wanted
    except OSError:
        return False


async def _nothing_lost_or_doubled(
    read: Callable[[Callable[[Connection], None]], Awaitable[None]],
    organisation: Path,
    key: Path,
    platform: Platform,
    sent: set[str],
) -> None:
    """Every event once, every step once in every case, every message once where it belongs."""
    town, tree = load_organisation(organisation)
    house = House(town, tree, Keys.load(key), ("slack", "local"), load_platforms())

    def look(conn: Connection) -> None:
        assert set(conn.execute(select(tables.events.c.id)).scalars()) == sent
        cases = list(conn.execute(select(tables.cases)).all())
        assert len(cases) == CASES
        for case in cases:
            entries = (
                select(tables.timeline.c.what).where(tables.timeline.c.case_id == case.id).order_by(tables.timeline.c.number)
            )
            assert list(conn.execute(entries).scalars()) == ["opened", *["answered"] * len(WALK), "told", "taken"]
            assert chain_holds(Work(conn, house, case.opened), case.id)
        threads = conn.execute(select(tables.threads)).all()
        assert Counter((row.case_id, row.role) for row in threads) == Counter((case.id, "communications_lead") for case in cases)
        assert {row.taken_by for row in threads} <= {"sofie", "tom"}
        messages = conn.execute(select(tables.messages)).all()
        kinds = Counter((row.case_id, row.kind) for row in messages)
        assert {kind for _, kind in kinds} >= {"case", "thread"}
        assert all(kinds[(case.id, kind)] == 1 for case in cases for kind in ("case", "thread"))
        assert all(row.wanted == row.shown and row.problem is None for row in messages)
        posted = {row.id: (row.lane, row.remote) for row in messages if row.lane.startswith("slack:")}
        assert posted == {number: (lane, f"r{number}") for number, lane in platform.lanes.items()}
        # The database began on the journeys' day: what week has ended since then was told as well, once.
        digests = [(row.lane, row.args) for row in messages if row.kind == "digest"]
        assert len(digests) == len({*digests})

    await read(look)
