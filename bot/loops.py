"""The loop closes: what an antenna did about a topic, and whether fewer people wrote about it since."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from bot import topics
from bot.chance import WEEKS, Change, change
from bot.presses import CloseLoop
from bot.tables import loops, signals
from bot.tables import topics as topic_table
from bot.topics import Known
from bot.work import Refused, Work

OPEN = frozenset({"seen", "website", "faq"})  # choices after which the topic is watched
DONE = frozenset({"website", "faq"})  # of those, the ones that should help


@dataclass(frozen=True, slots=True)
class Loop:
    """How a topic stands: the last choice about it, of ``times`` in all."""

    topic: int
    choice: str
    week: str
    at: datetime
    by: str
    times: int

    @property
    def open(self) -> bool:
        return self.choice in OPEN


def standing(work: Work, have: Known, ids: Iterable[int] | None = None) -> Mapping[int, Loop]:
    """The loop of each topic of which somebody ever said something; of ``ids`` and what went into them."""
    query = select(loops).order_by(loops.c.id)
    if ids is not None:
        query = query.where(loops.c.topic_id.in_([one for number in ids for one in have.ids(number)]))
    found: dict[int, Loop] = {}
    for row in work.conn.execute(query):
        topic = have.get(row.topic_id)
        if topic is not None:
            times = found[topic.id].times + 1 if topic.id in found else 1
            found[topic.id] = Loop(topic.id, row.choice, row.week, row.at, row.by, times)
    return found


def say(work: Work, press: CloseLoop) -> Loop:
    """The antenna says what happens with a topic; of two at once the first counts, the second sees it. Raises ``Refused``."""
    topic = topics.topic(work, press.topic)
    list(work.conn.execute(select(topic_table.c.id).where(topic_table.c.id == topic.id).with_for_update()))
    have = topics.known(work)
    known = standing(work, have, [topic.id]).get(topic.id)
    if known is not None and known.times != press.loops:
        raise Refused("refused.loop_before", who=known.by, when=known.at)
    week = work.organisation.calendar.iso_week(work.now)
    work.conn.execute(loops.insert().values(topic_id=topic.id, choice=press.choice, week=week, at=work.now, by=work.who))
    return Loop(topic.id, press.choice, week, work.now, work.who, press.loops + 1)


def effect(loop: Loop, weeks: Sequence[str], counts: Sequence[int]) -> Change | None:
    """How the topic's weekly count changed since the week of what was done; that week itself belongs to neither side.

    ``weeks`` and ``counts``: whole weeks, oldest first.
    """
    before = [count for week, count in zip(weeks, counts, strict=True) if week < loop.week][-WEEKS:]
    after = [count for week, count in zip(weeks, counts, strict=True) if week > loop.week]
    return change(before, after) if loop.choice in DONE else None


def counts(work: Work, have: Known, weeks: Sequence[str], ids: Iterable[int]) -> Mapping[int, tuple[int, ...]]:
    """Signals of each topic in each of ``weeks``, praise left out: nobody wants less of that."""
    wanted = [one for number in ids for one in have.ids(number)]
    rows = work.conn.execute(
        select(signals.c.topic_id, signals.c.week, func.count().label("times"))
        .where(signals.c.topic_id.in_(wanted), signals.c.week.in_(list(weeks)), signals.c.kind != "praise")
        .group_by(signals.c.topic_id, signals.c.week)
    )
    place = {week: at for at, week in enumerate(weeks)}
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(have.root[row.topic_id], [0] * len(weeks))[place[row.week]] += row.times
    return {number: tuple(values) for number, values in found.items()}


def weeks_until(work: Work, last: str, first: str) -> tuple[str, ...]:
    """The weeks from eight before ``first`` to ``last``, at most two years of them."""
    calendar = work.organisation.calendar
    found = [last]
    oldest = calendar.week_bounds(first)[0] - timedelta(weeks=WEEKS)
    while calendar.week_bounds(found[0])[0] > oldest and len(found) < 104:
        found.insert(0, calendar.iso_week(calendar.week_bounds(found[0])[0] - timedelta(days=1)))
    return tuple(found)
