"""The weekly digest of a department: when it is due, what stands in it, and sending it once.

When is pure: the moment is passed in. What is counted from the signals, which are masked and without names.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from bot.outbox import say
from bot.roster import recipient
from bot.tables import digests, insert_new, signals, versions
from bot.work import House, Work
from bot.working_time import Calendar
from flows.policy import Digest as Settings
from flows.policy import Policy

TEXTS = 5  # signals of a kind whose text stands in the digest; the rest is counted

_DAYS: tuple[str, ...] = get_args(Settings.model_fields["day"].annotation)
_DAY = timedelta(days=1)


# --- when ---


def due_of(week: str, policy: Policy, calendar: Calendar) -> datetime:
    """When the digest of ISO ``week`` is due: the policy's day and time in the days after it, and never before it has ended.

    The time zone is the policy's where that names one, else the organisation's.
    """
    wanted = policy.digest
    _, end = calendar.week_bounds(week)
    zone = ZoneInfo(wanted.timezone) if "timezone" in wanted.model_fields_set else calendar.zone
    monday = end.astimezone(calendar.zone).date()
    day = monday + _DAYS.index(wanted.day) * _DAY
    return max(end, datetime.combine(day, wanted.time, zone).astimezone(UTC))


def last_due(now: datetime, policy: Policy, calendar: Calendar) -> tuple[datetime, str]:
    """The newest digest that is due at ``now``: since when, and of which ISO week."""
    week = _before(calendar.iso_week(now), calendar)
    while (due := due_of(week, policy, calendar)) > now:
        week = _before(week, calendar)
    return due, week


def next_due(now: datetime, policy: Policy, calendar: Calendar) -> tuple[datetime, str]:
    """The first digest that is due later than ``now``."""
    _, week = last_due(now, policy, calendar)
    week = calendar.iso_week(calendar.week_bounds(week)[1])
    return due_of(week, policy, calendar), week


def _before(week: str, calendar: Calendar) -> str:
    return calendar.iso_week(calendar.week_bounds(week)[0] - _DAY)


# --- what ---


@dataclass(frozen=True, slots=True)
class Topic:
    """How often a topic was spoken of in the week and in the one before; ``name`` is empty for what has none."""

    name: str
    count: int
    before: int


@dataclass(frozen=True, slots=True)
class Some:
    """How many signals there are of a kind, and the masked texts of the oldest: those that people waited for longest."""

    count: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """The week of a department. ``topics``: most spoken of first; ``questions`` counts all, ``unanswered`` those still open."""

    week: str
    department: str
    monday: date
    count: int
    before: int
    topics: tuple[Topic, ...]
    questions: int
    unanswered: Some
    misinformation: Some
    praise: Some

    @property
    def sunday(self) -> date:
        return self.monday + 6 * _DAY


_COUNTS = (
    select(signals.c.week, signals.c.topic, signals.c.kind, signals.c.answered, func.count().label("times"))
    .where(signals.c.week.in_(bindparam("weeks", expanding=True)), signals.c.department == bindparam("department"))
    .group_by(signals.c.week, signals.c.topic, signals.c.kind, signals.c.answered)
)
# By moment: an order that no index has, or PostgreSQL would look for the week through all that was ever written.
_TEXTS = (
    select(signals.c.text)
    .where(
        signals.c.week == bindparam("week"),
        signals.c.department == bindparam("department"),
        signals.c.kind == bindparam("kind"),
        signals.c.answered.in_(bindparam("answered", expanding=True)),
    )
    .order_by(signals.c.at, signals.c.id)
    .limit(TEXTS)
)


def of(work: Work, week: str, department: str) -> Digest:
    """The digest of an ISO week for a department, as it stands now. ValueError for a week that does not exist."""
    calendar = work.organisation.calendar
    start, _ = calendar.week_bounds(week)
    rows = work.conn.execute(_COUNTS, {"weeks": [week, _before(week, calendar)], "department": department}).all()
    mine = [row for row in rows if row.week == week]
    counts: dict[str, list[int]] = {}
    for row in rows:
        counts.setdefault(row.topic, [0, 0])[row.week != week] += row.times
    topics = sorted(
        (Topic(name, *both) for name, both in counts.items()), key=lambda item: (-item.count, -item.before, item.name)
    )

    def some(kind: str, *answered: bool) -> Some:
        count = sum(row.times for row in mine if row.kind == kind and row.answered in answered)
        values = {"week": week, "department": department, "kind": kind, "answered": answered}
        return Some(count, tuple(work.conn.execute(_TEXTS, values).scalars()) if count else ())

    return Digest(
        week=week,
        department=department,
        monday=start.astimezone(calendar.zone).date(),
        count=sum(row.times for row in mine),
        before=sum(row.times for row in rows) - sum(row.times for row in mine),
        topics=tuple(topics),
        questions=sum(row.times for row in mine if row.kind == "question"),
        unanswered=some("question", False),
        misinformation=some("misinformation", False, True),
        praise=some("praise", False, True),
    )


# --- sending ---


def send(conn: Connection, house: House, now: datetime) -> None:
    """Queue the newest digest that is due, once for each department, whoever else does so too.

    With it the communications lead is reminded, week after week, of a policy whose review date has passed. A week that
    was due before this bot ever ran is not its own to tell.
    """
    work = Work(conn, house, now)
    organisation = work.organisation
    due, week = last_due(now, organisation.policy, organisation.calendar)
    began: datetime | None = conn.execute(select(func.min(versions.c.at))).scalar_one_or_none()
    if began is None or began > due:
        return
    approved = organisation.policy.approved
    today = now.astimezone(organisation.calendar.zone).date()
    if approved and approved.review_on <= today and insert_new(conn, digests, week=week, department="", at=now):
        lead = recipient(organisation, house.platforms, "communications_lead", None)
        say(work, lead.conversation, "review")
    for department in organisation.departments:
        if not insert_new(conn, digests, week=week, department=department, at=now):
            continue
        told = recipient(organisation, house.platforms, "antenna", department)
        message = say(work, told.conversation, "digest", week=week, department=department)
        conn.execute(
            digests.update().where(digests.c.week == week, digests.c.department == department).values(message_id=message)
        )
