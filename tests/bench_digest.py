"""The weekly digest over a million signals and the early warning over 500 topics, on both databases: a part of `make bench`."""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
from sqlalchemy import Connection, insert, literal, select, text

from adapters.database import open_store
from bot import alarm, digest, topics
from bot.organisation import load_organisation
from bot.ports import Store
from bot.pseudonyms import Keys
from bot.settings import SAMPLE
from bot.tables import signals
from bot.tables import topics as topic_table
from bot.work import House, Work
from flows.platforms import load_platforms
from tests.servers import running_postgres

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
WEEK = "2026-W47"
KINDS = ("question", "complaint", "report", "misinformation", "hate", "praise", "other")
AIM, AIM_WARNING = 1.0, 100.0  # seconds; milliseconds
TOPICS = 500  # that are looked at for an early warning


def measure(quick: bool) -> dict[str, Any]:
    """Seconds for a digest, with the signals over five years and with all of them in the two weeks compared; ms for the warning."""
    count = 50_000 if quick else 1_000_000
    return asyncio.run(_measure(count)) | {"signals": count, "warned_topics": TOPICS}


async def _measure(count: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder, running_postgres() as server:
        organisation, tree = load_organisation(SAMPLE)
        house = House(organisation, tree, Keys.load(Path(folder) / "secret.key"), ("local",), load_platforms())
        for spread, weeks in (("five_years", 260), ("two_weeks", 2)):
            for backend, url in (("sqlite", f"sqlite:///{folder}/{spread}.db"), ("postgresql", server.new_database())):
                store = await open_store(url)
                await _fill(store, house, count, weeks)
                if backend == "postgresql":
                    await _vacuum(url)
                for audience in (next(iter(organisation.departments)), digest.MANAGEMENT):
                    name = "department" if audience != digest.MANAGEMENT else audience
                    figures[f"{backend}_{spread}_{name}_seconds"] = round(await _timed(store, house, audience), 4)
                await store.close()
        for backend, url in (("sqlite", f"sqlite:///{folder}/topics.db"), ("postgresql", server.new_database())):
            store = await open_store(url)
            await _fill(store, house, count // 20, 9, TOPICS)
            figures[f"{backend}_warning_ms"] = round(await _warned(store, house), 1)
            await store.close()
    return figures


async def _fill(store: Store, house: House, count: int, weeks: int, more: int = 0) -> None:
    """As many signals, evenly over the weeks before `NOW`, departments, topics (so many beside the organisation's) and kinds."""
    calendar = house.organisation.calendar
    departments = house.organisation.departments

    def plant(conn: Connection) -> topics.Known:
        work = Work(conn, house, NOW)
        topics.plant(work)
        names = list(departments)
        fresh = [{"department": names[n % len(names)], "name": f"onderwerp {n}"} for n in range(more)]
        if fresh:
            conn.execute(insert(topic_table), fresh)
        return topics.known(work)

    have = await store.write(plant)
    numbers = {name: [topic.id for topic in have.of(name)] for name in departments}
    rows = [
        {
            "case_id": None,
            "at": NOW - timedelta(days=1, weeks=index % weeks),
            "week": calendar.iso_week(NOW - timedelta(days=1, weeks=index % weeks)),
            "department": (name := list(departments)[(index // weeks) % len(departments)]),
            "topic_id": (None, *numbers[name])[(index // 7) % (len(numbers[name]) + 1)],
            "kind": KINDS[(index // 3) % len(KINDS)],
            "sentiment": "neutral",
            "place": "own",
            "platform": "facebook",
            "ground": "",
            "comes_back": False,
            "answered": index % 5 < 2,
            "text": f"Wanneer komt dat nu eens in orde? Bel [telefoonnummer] voor zaak {index}",
            "by": "an",
        }
        for index in range(min(count, 10_000))
    ]

    def write(conn: Connection) -> None:
        conn.execute(insert(signals), rows)
        columns = [column for column in signals.c if column.name != "id"]
        for _ in range(count // len(rows) - 1):
            conn.execute(signals.insert().from_select(columns, select(*columns).where(signals.c.id <= literal(len(rows)))))

    await store.write(write)
    await store.write(lambda conn: conn.execute(text("ANALYZE")).close())


async def _vacuum(url: str) -> None:
    """What PostgreSQL does by itself some seconds after so many rows: see the migration that asks it to."""
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM (ANALYZE) signals")
    await connection.close()


async def _timed(store: Store, house: House, audience: str) -> float:
    """Seconds for a digest, the median of five."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        assert await store.read(partial(_count, house=house, department=audience))
        taken.append(time.perf_counter() - began)
    return median(taken)


async def _warned(store: Store, house: House) -> float:
    """Milliseconds in which all topics are looked at for a rise, the slowest of five hours, after one that told of nearly all of them."""
    taken = []
    for hour in range(6):
        began = time.perf_counter()
        await store.write(partial(alarm.sweep, house=house, now=NOW - timedelta(days=1) + timedelta(hours=hour)))
        taken.append(time.perf_counter() - began)
    return max(taken[1:]) * 1000


def _count(conn: Connection, house: House, department: str) -> int:
    return digest.of(Work(conn, house, NOW), WEEK, department).count
