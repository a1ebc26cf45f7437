"""The weekly digest over a million signals, on both databases: a part of `make bench`."""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, insert, literal, select, text

from adapters.database import open_store
from bot import digest, topics
from bot.organisation import load_organisation
from bot.ports import Store
from bot.pseudonyms import Keys
from bot.settings import SAMPLE
from bot.tables import signals
from bot.work import House, Work
from flows.platforms import load_platforms
from tests.servers import running_postgres

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
WEEK = "2026-W47"
KINDS = ("question", "complaint", "report", "misinformation", "hate", "praise", "other")
AIM = 1.0  # seconds


def measure(quick: bool) -> dict[str, Any]:
    """Seconds for one department's digest: with the signals over five years, and with all of them in the two weeks compared."""
    count = 50_000 if quick else 1_000_000
    return asyncio.run(_measure(count)) | {"signals": count, "aim_seconds": AIM}


async def _measure(count: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder, running_postgres() as server:
        organisation, tree = load_organisation(SAMPLE)
        house = House(organisation, tree, Keys.load(Path(folder) / "secret.key"), ("local",), load_platforms())
        for spread, weeks in (("five_years", 260), ("two_weeks", 2)):
            for backend, url in (("sqlite", f"sqlite:///{folder}/{spread}.db"), ("postgresql", server.new_database())):
                store = await open_store(url)
                await _fill(store, house, count, weeks)
                figures[f"{backend}_{spread}_seconds"] = round(await _timed(store, house), 4)
                await store.close()
    return figures


async def _fill(store: Store, house: House, count: int, weeks: int) -> None:
    """As many signals, evenly over the weeks before `NOW`, departments, topics and kinds."""
    calendar = house.organisation.calendar
    departments = house.organisation.departments

    def plant(conn: Connection) -> topics.Known:
        work = Work(conn, house, NOW)
        topics.plant(work)
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


async def _timed(store: Store, house: House) -> float:
    """Seconds for a digest, the median over the departments, each twice."""
    taken = []
    for department in [*house.organisation.departments] * 2:
        work = partial(_count, house=house, department=department)
        began = time.perf_counter()
        assert await store.read(work)
        taken.append(time.perf_counter() - began)
    return median(taken)


def _count(conn: Connection, house: House, department: str) -> int:
    return digest.of(Work(conn, house, NOW), WEEK, department).count
