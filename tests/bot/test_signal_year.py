"""A year of simulated signals with three planted problems: each is warned of and stands in its digest, and little else does."""

import random
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert, select

from bot import alarm, digest, topics
from bot.antenne import Antenne
from bot.chance import ALARM
from bot.tables import alerts, signals
from bot.work import Work
from tests.bot.test_chance import spread
from tests.journeys.chat import talking

START = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday
WEEKS, SEED = 52, "a year in Torenbeek"
# What goes wrong: the week in which it begins, and how many write about it in that week and the two after it.
PLANTED = {
    ("mobiliteit", "fietspad"): (20, (14, 12, 6)),
    ("milieu", "vuilkar"): (31, (19, 9, 7)),
    ("vrije_tijd", "zwembad"): (44, (11, 15, 3)),
}


def counts(have: topics.Known) -> dict[int, list[int]]:
    """How often each topic is spoken of, week by week: people write together, so counts spread half again as wide as Poisson's."""
    chance = random.Random(SEED)
    found = {}
    for number, topic in have.topics.items():
        usual = chance.choice((0.2, 0.5, 1.0, 2.0))
        found[number] = [spread(usual, 1.5, chance) for _ in range(WEEKS)]
        begins, more = PLANTED.get((topic.department, topic.name), (0, ()))
        for week, count in enumerate(more, begins):
            found[number][week] += count
    return found


async def test_three_problems_are_seen_in_time(tmp_path: Path) -> None:
    """Each in the week in which it begins, in the warning and in the digest; the rest stays below the stated rate."""
    alone = {"policy": {"signal_threshold": {"count": 1000, "days": 7}}}  # the policy's threshold is not what is tested here
    async with talking(f"sqlite:///{tmp_path}/a.db", tmp_path, changes=alone) as chat:
        antenne = chat.antenne
        have = await antenne.store.read(lambda conn: topics.known(Work(conn, antenne.house, START)))
        weekly = counts(have)
        calendar, risen = antenne.organisation.calendar, set()
        for week in range(WEEKS):
            monday = START + timedelta(weeks=week)
            name = calendar.iso_week(monday)
            rows = [
                {
                    "topic_id": number,
                    "week": name,
                    "department": have.topics[number].department,
                    "at": monday + timedelta(hours=nth % 90),
                }
                for number, each in weekly.items()
                for nth in range(each[week])
            ]
            risen |= await antenne.store.write(
                partial(a_week, antenne=antenne, now=monday + timedelta(days=6), rows=rows, week=name)
            )
        warned = await antenne.store.read(lambda conn: conn.execute(select(alerts.c.topic_id, alerts.c.week)).all())
        planted = {
            (number, calendar.iso_week(START + timedelta(weeks=PLANTED[where][0])))
            for number, topic in have.topics.items()
            if (where := (topic.department, topic.name)) in PLANTED
        }
        assert planted <= {tuple(row) for row in warned}
        assert planted <= risen
        problems = {number for number, _ in planted}
        stated = round(2 * ALARM * WEEKS)  # twice what is expected of a year
        assert len({row for row in warned if row.topic_id not in problems}) <= stated
        assert len({one for one in risen if one[0] not in problems}) <= stated


def a_week(conn: Connection, antenne: Antenne, now: datetime, rows: list[dict[str, object]], week: str) -> set[tuple[int, str]]:
    """A week's signals, its warning, and the topics that its digests call a rise."""
    rest = {
        "case_id": None, "kind": "complaint", "sentiment": "negative", "place": "own", "platform": "facebook", "ground": "",
        "comes_back": False, "answered": False, "text": "", "by": "an",
    }  # fmt: skip
    if rows:
        conn.execute(insert(signals), [row | rest for row in rows])
    alarm.sweep(conn, antenne.house, now)
    work = Work(conn, antenne.house, now)
    found = [digest.of(work, week, name) for name in antenne.organisation.departments]
    return {(topic.id, week) for one in found for topic in one.topics if topic.rise}
