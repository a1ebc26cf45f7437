"""`kill -9` at any moment, hundreds of times: no answered step is lost, no event acted on twice, no message shown twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from bot import showing
from bot.case import chain_holds, load_case
from bot.tables import cases, comments, events, lanes, messages, threads, timeline
from bot.work import Work
from tests.journeys.killed_bot import BETWEEN, Life, digest, lines
from tests.servers import PostgresServer
from tests.strict_chat import START, TO_A_THREAD, Clock, bot_on

ROOT = Path(__file__).parents[2]


@contextmanager
def nursery() -> Iterator["subprocess.Popen[str]"]:
    """The program that starts a bot for each line (killed_bot.py)."""
    command = [sys.executable, "-m", "tests.journeys.killed_bot"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: "subprocess.Popen[str]") -> int:
    """The next number that the program says: a process id, or how that process ended."""
    assert process.stdout is not None
    return int(process.stdout.readline())


def begin(process: "subprocess.Popen[str]", life: Life) -> int:
    """Start a bot; its process id."""
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(life)) + "\n")
    return said(process)


def size(path: Path) -> int:
    """How many bytes were written to a file so far."""
    return path.stat().st_size if path.exists() else 0


def wait_for(path: Path, since: int, word: bytes, times: int) -> None:
    """Until a word was written so often since the file had this size; a minute at most."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if size(path) > since:
            with path.open("rb") as file:
                file.seek(since)
                if file.read().count(word) >= times:
                    return
        time.sleep(0.002)


def kill_often(url: str, folder: Path, times: int) -> None:
    """Kill bot after bot: while it starts, while people work, while messages are sent. Then let one finish what is left."""
    chance = random.Random(times)
    journal, platform = folder / "journal", folder / "platform"
    with nursery() as process:
        for number in range(1, times + 1):
            answers, messages_shown = size(journal), size(platform)
            bot = begin(process, Life(url, str(folder), number))
            match number % 5:
                case 0:
                    time.sleep(chance.uniform(0.0, 0.08))
                case 1 | 2:
                    wait_for(journal, answers, b'"answered"', chance.randint(1, 8))
                case _:
                    wait_for(platform, messages_shown, b'"what"', chance.randint(1, 4))
            time.sleep(chance.uniform(0.0, 0.01))
            os.kill(bot, signal.SIGKILL)
            assert said(process) == signal.SIGKILL, "it ended by itself"
        begin(process, Life(url, str(folder), times + 1, finish=True))
        assert said(process) == 0


async def check(url: str, folder: Path, times: int) -> dict[str, int]:
    """Everything that must hold when the dust has settled; how much of it there was."""
    delivered = {line["id"]: line["kind"] for line in lines(folder / "journal") if line["what"] == "deliver"}
    answered = {line["id"]: line for line in lines(folder / "journal") if line["what"] == "answered"}
    wire = list(lines(folder / "platform"))
    async with bot_on(url, folder, {}, Clock(START + (times + 3) * BETWEEN)) as antenne:

        def look(conn: Connection) -> None:
            work = Work(conn, antenne.house, antenne.clock())
            kept = {identifier.removeprefix("slack:") for identifier in conn.execute(select(events.c.id)).scalars()}
            log: dict[int, list[str]] = defaultdict(list)
            for row in conn.execute(select(timeline.c.case_id, timeline.c.what).order_by(timeline.c.case_id, timeline.c.number)):
                log[row.case_id].append(row.what)
            _steps(delivered, answered, kept, log, work)
            _messages(wire, work)
            assert conn.execute(select(lanes).where(lanes.c.token.is_not(None))).all() == []

        await antenne.store.read(look)
    return {
        "steps": len(answered),
        "recognised": sum(line["what"] == "recognised" for line in wire),
        "shown": sum(line["what"] == "post" for line in wire),
    }


def _steps(
    delivered: dict[str, str], answered: dict[str, dict[str, Any]], kept: set[str], log: dict[int, list[str]], work: Work
) -> None:
    assert answered.keys() == delivered.keys() == kept, "an answered step is lost, or one that was delivered again is"
    numbers = list(work.conn.execute(select(cases.c.id)).scalars())
    assert len(numbers) == len(list(work.conn.execute(select(comments.c.case_id)))) == len(log)
    assert len(numbers) == sum(kind == "pasted" for kind in delivered.values()), "an event was acted on twice"
    assert sum(entry == "answered" for entries in log.values() for entry in entries) == sum(
        kind == "pressed" for kind in delivered.values()
    )
    told = dict.fromkeys(work.conn.execute(select(threads.c.case_id)).scalars())
    for number in numbers:
        assert chain_holds(work, number)
        path = load_case(work, number, lock=False).state.walks[0].path
        assert tuple(choice for _, choice in path) == TO_A_THREAD[: len(path)]
        assert log[number].count("answered") == len(path)
        assert (len(path) == len(TO_A_THREAD)) == (number in told), "half a step"
    for line in answered.values():
        assert not line["refused"]
        assert line["case"] is None or line["case"] in log


def _messages(wire: list[dict[str, Any]], work: Work) -> None:
    posts = [line["message"] for line in wire if line["what"] == "post"]
    assert len(posts) == len(set(posts)), "a message stands there twice"
    lanes_seen: dict[str, list[int]] = defaultdict(list)
    newest: dict[int, str] = {}
    for line in wire:
        if line["what"] == "post":
            lanes_seen[line["lane"]].append(line["message"])
        newest[line["message"]] = line["says"]
    for numbers in lanes_seen.values():
        assert all(one < other for one, other in pairwise(numbers)), "out of order within a conversation"
    rows = work.conn.execute(select(messages)).all()
    assert {row.id for row in rows} == newest.keys(), "a wish that was never fulfilled"
    for row in rows:
        assert row.shown == row.wanted
        assert row.remote == f"m{row.id}"
        rendered = showing.message(work, row)
        assert rendered is not None
        assert newest[row.id] == digest(rendered[0]), "what stands there is not what should"


async def test_two_hundred_kills_on_sqlite(tmp_path: Path) -> None:
    """A bot on an SQLite file is killed two hundred times; what its people and the platform saw, the database knows."""
    url = f"sqlite:///{tmp_path}/antenne.db"
    kill_often(url, tmp_path, 200)
    seen = await check(url, tmp_path, 200)
    assert seen["steps"] > 1000
    assert seen["shown"] > 300
    assert seen["recognised"] > 0, "no kill came between showing a message and marking it"


async def test_kills_on_postgresql(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """The same on PostgreSQL, twenty-five times."""
    url = postgres_server.new_database()
    kill_often(url, tmp_path, 25)
    seen = await check(url, tmp_path, 25)
    assert seen["steps"] > 100
