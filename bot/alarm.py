"""Early warning: a topic that reaches the policy's threshold, or rises beyond chance, is told to its antenna, once.

Looked at when a signal is written, and every hour for all topics together, so that nothing that came at the same moment is missed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot import topics
from bot.chance import WEEKS, is_rise
from bot.outbox import say
from bot.roster import recipient
from bot.tables import alerts, insert_new, signals, versions
from bot.work import House, Work

QUIET = timedelta(days=28)  # in which a topic is told again only when it rises to the double
EVERY = timedelta(hours=1)


def look(work: Work, have: topics.Known, topic: int | None) -> None:
    """After a signal: is its topic one to warn of?"""
    at = have.get(topic)
    if at is None or at.department not in work.organisation.departments:
        return
    ids = have.ids(at.id)
    _judge(work, have, {at.id: _recent(work, have, ids).get(at.id, 0)}, weekly(work, have, at))


def sweep(conn: Connection, house: House, now: datetime) -> None:
    """Every hour: all topics of the organisation."""
    work = Work(conn, house, now)
    have = topics.known(work)
    _judge(work, have, _recent(work, have, have.topics), weekly(work, have))


def weekly(work: Work, have: topics.Known, only: topics.Topic | None = None) -> Mapping[int, tuple[int, ...]]:
    """Signals of each topic in the weeks that this one is compared with, and last in this one so far. Weeks before the first signal
    of the organisation, or before the bot ran, are left out."""
    weeks = comparable(work, work.organisation.calendar.iso_week(work.now))
    # In the order of the index that counts these weeks alone; to leave out what has no topic would go through all weeks there ever were.
    keys = (signals.c.week, signals.c.department, signals.c.topic_id)
    query = select(*keys, func.count().label("times")).where(signals.c.week.in_(weeks)).group_by(*keys)
    if only is not None:
        query = query.where(signals.c.department == only.department, signals.c.topic_id.in_(have.ids(only.id)))
    place = {week: at for at, week in enumerate(weeks)}
    found: dict[int, list[int]] = {}
    for row in work.conn.execute(query):
        topic = have.get(row.topic_id)
        if topic is not None:
            found.setdefault(topic.id, [0] * len(weeks))[place[row.week]] += row.times
    return {number: tuple(counts) for number, counts in found.items()}


def comparable(work: Work, week: str) -> tuple[str, ...]:
    """The eight weeks before ``week`` as far as signals were written in them at all, and ``week`` itself, oldest first."""
    calendar = work.organisation.calendar
    weeks = [week]
    for _ in range(WEEKS):
        weeks.insert(0, calendar.iso_week(calendar.week_bounds(weeks[0])[0] - timedelta(days=1)))
    since = first_week(work) or week
    return tuple(one for one in weeks if one > since or one == week)  # the first week may not have been a whole one


def first_week(work: Work) -> str:
    """The week of the organisation's first signal, or in which the bot began; empty before both."""
    first: str | None = work.conn.execute(select(func.min(signals.c.week))).scalar_one_or_none()
    began: datetime | None = work.conn.execute(select(func.min(versions.c.at))).scalar_one_or_none()
    return min(filter(None, (first, work.organisation.calendar.iso_week(began) if began else None)), default="")


def _recent(work: Work, have: topics.Known, ids: Iterable[int]) -> dict[int, int]:
    """Signals of each topic within the days of the policy's threshold."""
    since = work.now - timedelta(days=work.organisation.policy.signal_threshold.days)
    query = (
        select(signals.c.topic_id, func.count().label("times"))
        .where(signals.c.topic_id.in_(list(ids)), signals.c.at > since)
        .group_by(signals.c.topic_id)
    )
    found: dict[int, int] = {}
    for row in work.conn.execute(query):
        topic = have.get(row.topic_id)
        if topic is not None:
            found[topic.id] = found.get(topic.id, 0) + row.times
    return found


def _judge(work: Work, have: topics.Known, recent: Mapping[int, int], weeks: Mapping[int, tuple[int, ...]]) -> None:
    """Every topic of the organisation is one chance for a false alarm, whether it was spoken of or not."""
    looked_at = sum(number == end for number, end in have.root.items())
    threshold = work.organisation.policy.signal_threshold
    wanted: dict[int, tuple[str, int]] = {}
    for number, count in recent.items():
        if count >= threshold.count:
            wanted[number] = ("threshold", count)
    for number, counts in weeks.items():
        if is_rise(counts[-1], counts[:-1], looked_at):
            wanted[number] = ("rise", counts[-1])
    told = _told(work, have, wanted.keys())
    for number, (why, count) in wanted.items():
        topic = have.topics[number]
        quiet = number in told and (why == "threshold" or count < 2 * told[number])
        if topic.department in work.organisation.departments and not quiet:
            _tell(work, topic, why, count, weeks.get(number, (0,)))


def _told(work: Work, have: topics.Known, numbers: Iterable[int]) -> dict[int, int]:
    """The largest count of which the antenna was warned lately, by topic."""
    ids = [one for number in numbers for one in have.ids(number)]
    rows = work.conn.execute(
        select(alerts.c.topic_id, alerts.c.count.label("times")).where(alerts.c.topic_id.in_(ids), alerts.c.at > work.now - QUIET)
    )
    found: dict[int, int] = {}
    for row in rows:
        root = have.root[row.topic_id]
        found[root] = max(found.get(root, 0), row.times)
    return found


def _tell(work: Work, topic: topics.Topic, why: str, count: int, weeks: tuple[int, ...]) -> None:
    week = work.organisation.calendar.iso_week(work.now)
    if not insert_new(work.conn, alerts, topic_id=topic.id, week=week, at=work.now, why=why, count=count):
        return
    told = recipient(work.organisation, work.house.platforms, "antenna", topic.department)
    before = weeks[:-1]
    usual = round(sum(before) / len(before), 1) if before else 0.0
    days = work.organisation.policy.signal_threshold.days
    say(work, told.conversation, "warning", ref=topic.id, week=week, why=why, count=count, days=days, usual=str(usual))
