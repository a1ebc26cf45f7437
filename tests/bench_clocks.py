"""A tick over ten thousand open cases and fifty thousand clocks, on both databases: a part of `make bench`."""

import asyncio
import gc
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, insert, text

from adapters.database import open_store
from bot import clocks as ringing
from bot.organisation import load_organisation
from bot.ports import Store
from bot.pseudonyms import Keys
from bot.settings import SAMPLE
from bot.tables import cases, clocks
from bot.work import House, Work
from flows.platforms import load_platforms
from tests.journeys.chat import Chat, talking
from tests.servers import running_postgres

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
TIMES = 50


def measure(quick: bool) -> dict[str, Any]:
    """Milliseconds of a tick in which nothing is due, and of reading who is who for one event, the median of many; bytes that a closed
    case leaves in memory."""
    count = 1_000 if quick else 10_000
    figures = asyncio.run(_measure(count)) | {"open_cases": count, "clocks": 5 * count}
    return figures | {"bytes_a_closed_case": asyncio.run(_memory(10 if quick else 60))}


async def _measure(count: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder, running_postgres() as server:
        organisation, tree = load_organisation(SAMPLE)
        house = House(organisation, tree, Keys.load(Path(folder) / "secret.key"), ("local",), load_platforms())
        for backend, url in (("sqlite", f"sqlite:///{folder}/clocks.db"), ("postgresql", server.new_database())):
            store = await open_store(url)
            await _fill(store, house, count)
            figures[f"{backend}_tick_ms"] = await _timed(store, partial(ringing.due, now=NOW))
            figures[f"{backend}_who_is_who_ms"] = await _timed(store, lambda conn: Work(conn, house, NOW).organisation)
            await store.close()
    return figures


async def _memory(count: int) -> int:
    """What a whole bot remembers of each case that was opened, told of and closed again, once what it keeps at hand is full."""
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder:
        async with talking(f"sqlite:///{folder}/antenne.db", Path(folder)) as chat:
            await _closed(chat, 40)
            tracemalloc.start()
            await _closed(chat, 10)
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            await _closed(chat, count)
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    return max(0, after - before) // count


async def _closed(chat: Chat, count: int) -> None:
    for number in range(count):
        an = chat.person("an")
        await an.paste(f"Sterkte allemaal {number} {chat.now}")
        for label in ("Neutraal", "Medeleven"):
            await an.press(label)
        await chat.pass_time(seconds=16)


async def _fill(store: Store, house: House, count: int) -> None:
    """So many open cases, as many closed ones, and five clocks for each open one, none of them due."""
    case = {
        "moderator": "an", "pasted_by": "an", "opened": NOW, "changed": NOW, "closed": None, "purge_on": None, "department": None,
        "outcome": None, "link_key": None, "text_key": None, "tree_version": house.tree.version,
        "policy_version": house.organisation.policy.version, "chain": "", "length": 0, "state": "{}",
    }  # fmt: skip
    rows = [case | {"id": number, "phase": "advised" if number <= count else "closed"} for number in range(1, 2 * count + 1)]
    rings = [
        {"case_id": number, "kind": kind, "name": name, "due": NOW + timedelta(minutes=1 + number % 40_000)}
        for number in range(1, count + 1)
        for kind, name in (("term", "case"), ("term", "hide"), ("late", "case"), ("wait", "1"), ("wait", "2"))
    ]

    def write(conn: Connection) -> None:
        for begin in range(0, len(rows), 5_000):
            conn.execute(insert(cases), rows[begin : begin + 5_000])
        for begin in range(0, len(rings), 5_000):
            conn.execute(insert(clocks), rings[begin : begin + 5_000])

    await store.write(write)
    await store.write(lambda conn: conn.execute(text("ANALYZE")).close())


async def _timed(store: Store, work: Any) -> float:
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await store.read(work)
        taken.append((time.perf_counter() - began) * 1000)
    return round(median(taken), 3)
