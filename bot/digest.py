"""The weekly digest of a department, the management team or equal opportunities: when it is due, what stands in it, sending it once.

When is pure: the moment is passed in. What is counted from the signals, which are without names, and from the terms of cases.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from re import fullmatch
from statistics import median
from typing import Any, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, func, select, union

from bot import alarm, loops, topics
from bot.case import advice, load_case
from bot.chance import Change, is_rise
from bot.events import Conversation
from bot.loops import Loop
from bot.organisation import Organisation
from bot.outbox import say
from bot.roster import direct, holders, recipient
from bot.tables import WITH_WORDS, cases, digests, faq, insert_new, signals, versions
from bot.tables import topics as topic_table
from bot.work import House, Work
from bot.working_time import Calendar
from flows.policy import Digest as Settings
from flows.policy import Overview, Part, Policy
from flows.tree import SignalKind

TEXTS = 5  # signals of a kind whose text stands in the digest; the rest is counted
LATE = timedelta(days=1)  # after which a digest says that it is late
MISSED = 8  # weeks at most that are told to have been missed
MOST_CASES = 3_000  # of one week, whose answering times are looked at
MANAGEMENT, EQUAL = "management", "equal_opportunities"
AT_ONCE = timedelta(minutes=5)  # a term shorter than this is "now" and says nothing of answering

_DAYS: tuple[str, ...] = get_args(Settings.model_fields["day"].annotation)
_DAY = timedelta(days=1)


# --- when ---


def due_of(week: str, policy: Policy, calendar: Calendar, audience: str = "") -> datetime:
    """When the digest of ISO ``week`` is due: the policy's day and time in the days after it, and never before it has ended.

    An ``audience`` may have a day and a time of its own. The time zone is the policy's where that names one, else the organisation's.
    """
    wanted, own = policy.digest, policy.digest.per.get(audience, Overview())
    _, end = calendar.week_bounds(week)
    zone = ZoneInfo(wanted.timezone) if "timezone" in wanted.model_fields_set else calendar.zone
    monday = end.astimezone(calendar.zone).date()
    day = monday + _DAYS.index(own.day or wanted.day) * _DAY
    return max(end, datetime.combine(day, own.time or wanted.time, zone).astimezone(UTC))


def last_due(now: datetime, policy: Policy, calendar: Calendar, audience: str = "") -> tuple[datetime, str]:
    """The newest digest that is due at ``now``: since when, and of which ISO week."""
    week = _before(calendar.iso_week(now), calendar)
    while (due := due_of(week, policy, calendar, audience)) > now:
        week = _before(week, calendar)
    return due, week


def next_due(now: datetime, policy: Policy, calendar: Calendar, audience: str = "") -> tuple[datetime, str]:
    """The first digest that is due later than ``now``."""
    _, week = last_due(now, policy, calendar, audience)
    week = calendar.iso_week(calendar.week_bounds(week)[1])
    return due_of(week, policy, calendar, audience), week


def next_of_all(now: datetime, policy: Policy, calendar: Calendar) -> datetime:
    """When the first digest of anybody is due."""
    return min(next_due(now, policy, calendar, audience)[0] for audience in ("", *policy.digest.per))


def is_week(text: str, calendar: Calendar) -> bool:
    """Whether a word is an ISO week such as 2026-W47."""
    if not fullmatch(r"\d{4}-[Ww]\d{2}", text):
        return False
    try:
        calendar.week_bounds(text.upper())
    except ValueError:
        return False
    return True


def _before(week: str, calendar: Calendar) -> str:
    return calendar.iso_week(calendar.week_bounds(week)[0] - _DAY)


# --- for whom ---


def everybody(organisation: Organisation) -> tuple[str, ...]:
    """Everybody of whom there is a digest: the departments, the management team and equal opportunities."""
    return (*organisation.departments, MANAGEMENT, EQUAL)


def gone(work: Work) -> tuple[str, ...]:
    """Departments that had a digest or a topic once and are no more."""
    had = union(select(digests.c.department).where(digests.c.department != ""), select(topic_table.c.department))
    return tuple(sorted(set(work.conn.execute(had).scalars()).difference(everybody(work.organisation))))


def audiences(organisation: Organisation) -> tuple[str, ...]:
    """Those to whom the policy sends theirs."""
    return tuple(name for name in everybody(organisation) if settings_of(organisation, name).send)


def settings_of(organisation: Organisation, audience: str) -> Overview:
    """How the digest of ``audience`` is wanted, with what all have in common."""
    common = organisation.policy.digest
    own = common.per.get(audience, Overview())
    parts = common.parts if own.parts is None else own.parts
    return own.model_copy(update={"parts": parts, "language": own.language or common.language})


def recipients(organisation: Organisation, audience: str) -> tuple[str, ...]:
    """The people whom the policy names; for the management team, else the communications lead and every head."""
    named = settings_of(organisation, audience).recipients
    if named or audience != MANAGEMENT:
        return named
    heads = holders(organisation, "department_head")
    return tuple(dict.fromkeys((*holders(organisation, "communications_lead"), *heads)))


def conversations(work: Work, audience: str) -> tuple[Conversation, ...]:
    """Where the digest goes."""
    organisation, platforms = work.organisation, work.house.platforms
    people = recipients(organisation, audience)
    if people:
        return tuple(dict.fromkeys(direct(organisation, platforms, person) for person in people))
    if audience == EQUAL:
        return (recipient(organisation, platforms, "equal_opportunities", None).conversation,)
    return (recipient(organisation, platforms, "antenna", audience).conversation,)


# --- what ---


@dataclass(frozen=True, slots=True)
class Topic:
    """How often a topic was spoken of in the week and in the one before; ``name`` is empty for what has none.

    ``weeks``: every week of the digest, this one last. ``rise``: beyond chance; ``new``: not in the weeks before.
    """

    name: str
    count: int
    before: int
    id: int = 0
    department: str = ""
    weeks: tuple[int, ...] = ()
    rise: bool = False
    new: bool = False


@dataclass(frozen=True, slots=True)
class Some:
    """How many signals there are of a kind, and the words of the oldest: those that people waited for longest."""

    count: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """One case behind the answering times: ``due`` by its term, ``ended`` by the first answer, its closing, or now."""

    case: int
    opened: datetime
    due: datetime
    answered: datetime | None
    ended: datetime

    @property
    def late(self) -> bool:
        return self.ended > self.due


@dataclass(frozen=True, slots=True)
class Answers:
    """How cases were answered. ``hours``: the median until the first answer, elapsed; ``missed``: cases past their term."""

    cases: int
    answered: int
    in_time: int
    missed: int
    hours: float | None
    promised: int


@dataclass(frozen=True, slots=True)
class Followed:
    """A topic about which somebody did something that is not closed, and what came of it."""

    topic: int
    name: str
    department: str
    choice: str
    by: str
    at: datetime
    times: int
    change: Change | None


@dataclass(frozen=True, slots=True)
class Digest:
    """The week of ``department`` (an audience). ``weeks`` and ``totals``: up to nine weeks, this one last. ``topics``: most spoken of
    first; ``questions`` counts all, ``unanswered`` those still open; ``hate`` by ground; ``kinds``: this week and the one before.
    ``missed``: weeks before it of which nobody was told in time."""

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
    weeks: tuple[str, ...] = ()
    totals: tuple[int, ...] = ()
    kinds: tuple[tuple[SignalKind, int, int], ...] = ()
    hate: tuple[tuple[str, int], ...] = ()
    departments: tuple[tuple[str, int, int], ...] = ()
    answers: Answers | None = None
    loops: tuple[Followed, ...] = ()
    standing: Mapping[int, Loop] | None = None
    review: int = 0
    parts: tuple[Part, ...] = ()
    late: bool = False
    missed: tuple[str, ...] = ()

    @property
    def sunday(self) -> date:
        return self.monday + 6 * _DAY


_KEYS = (signals.c.week, signals.c.department, signals.c.topic_id, signals.c.kind, signals.c.answered, signals.c.ground)
_COUNTS = (
    select(*_KEYS, func.count().label("times")).where(signals.c.week.in_(bindparam("weeks", expanding=True))).group_by(*_KEYS)
)
_TEXTS = (
    select(signals.c.text)
    .where(
        signals.c.week == bindparam("week"),
        signals.c.kind == bindparam("kind"),
        signals.c.answered.in_(bindparam("answered", expanding=True)),
        WITH_WORDS,
    )
    .order_by(signals.c.at, signals.c.id)
    .limit(TEXTS)
)


def of(work: Work, week: str, department: str) -> Digest:
    """The digest of an ISO week for an audience, as it stands now. ValueError for a week that does not exist."""
    calendar = work.organisation.calendar
    start, _ = calendar.week_bounds(week)
    have = topics.known(work)  # before the counts: a topic that is merged meanwhile is counted where it was
    weeks = alarm.comparable(work, week)
    before = _before(week, calendar)
    shown = weeks if before in weeks else (before, *weeks)
    mine = _mine(department)
    rows = work.conn.execute(_narrow(_COUNTS, mine), {"weeks": list(shown)}).all()
    totals = [sum(row.times for row in rows if row.week == one) for one in shown]
    parts = settings_of(work.organisation, department).parts or ()
    spoken = _topics(work, have, rows, weeks, week, before)

    def some(kind: str, *answered: bool) -> Some:
        count = sum(row.times for row in rows if row.week == week and row.kind == kind and row.answered in answered)
        values = {"week": week, "kind": kind, "answered": answered}
        texts = tuple(work.conn.execute(_narrow(_TEXTS, mine), values).scalars()) if count else ()
        return Some(count, texts)

    kinds = dict.fromkeys(row.kind for row in rows if row.week in (week, before))
    told = work.conn.execute(select(digests.c.at).where(digests.c.week == week, digests.c.department == department)).scalar()
    return Digest(
        week=week,
        department=department,
        monday=start.astimezone(calendar.zone).date(),
        count=totals[-1],
        before=totals[-2],
        topics=spoken,
        questions=_sum(rows, week, "question"),
        unanswered=some("question", False),
        misinformation=some("misinformation", False, True),
        praise=some("praise", False, True),
        weeks=shown,
        totals=tuple(totals),
        kinds=tuple((kind, _sum(rows, week, kind), _sum(rows, before, kind)) for kind in get_args(SignalKind) if kind in kinds),
        hate=_grounds(rows, week),
        departments=_departments(rows, week, before) if department in (MANAGEMENT, EQUAL) else (),
        answers=_answers(work, department, week) if "response" in parts and department != EQUAL else None,
        loops=_followed(work, have, department, week) if "loops" in parts and department != EQUAL else (),
        standing=loops.standing(work, have, [topic.id for topic in spoken if topic.id]),
        review=_review(work, department) if "review" in parts else 0,
        parts=parts,
        late=told is not None and told > due_of(week, work.organisation.policy, calendar, department) + LATE,
        missed=_missed(work, week, department),
    )


def _mine(audience: str) -> Mapping[str, str]:
    return {MANAGEMENT: {}, EQUAL: {"kind": "hate"}}.get(audience, {"department": audience})


def _narrow(query: Select[Any], mine: Mapping[str, str]) -> Select[Any]:
    return query.where(*(signals.c[name] == value for name, value in mine.items()))


def _sum(rows: Sequence[Any], week: str, kind: str) -> int:
    return sum(row.times for row in rows if row.week == week and row.kind == kind)


def _topics(
    work: Work, have: topics.Known, rows: Sequence[Any], weeks: tuple[str, ...], week: str, before: str
) -> tuple[Topic, ...]:
    """The topics spoken of in the week or the one before. A topic made since ``have`` was read is among what has none."""
    counts: dict[tuple[int, str], dict[str, int]] = {}
    for row in rows:
        topic = have.get(row.topic_id)
        department = topic.department if topic is not None else ""
        by_week = counts.setdefault((topic.id if topic is not None else 0, department), {})
        by_week[row.week] = by_week.get(row.week, 0) + row.times
    looked_at = sum(number == end for number, end in have.root.items())
    found = []
    for (number, department), by_week in counts.items():
        now, last = by_week.get(week, 0), by_week.get(before, 0)
        if not now and not last:
            continue
        each = tuple(by_week.get(one, 0) for one in weeks)
        rise = number > 0 and is_rise(now, each[:-1], looked_at)
        new = number > 0 and now > 0 and len(each) > 1 and not any(each[:-1])
        name = have.topics[number].name if number else ""
        found.append(Topic(name, now, last, number, department, each, rise, new))
    return tuple(sorted(found, key=lambda item: (-item.count, -item.before, item.name)))


def _grounds(rows: Sequence[Any], week: str) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for row in rows:
        if row.week == week and row.kind == "hate":
            counts[row.ground] += row.times
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _departments(rows: Sequence[Any], week: str, before: str) -> tuple[tuple[str, int, int], ...]:
    counts: dict[str, list[int]] = {}
    for row in rows:
        if row.week in (week, before):
            counts.setdefault(row.department, [0, 0])[row.week != week] += row.times
    return tuple(sorted(((name, both[0], both[1]) for name, both in counts.items()), key=lambda item: (-item[1], item[0])))


def cases_of(work: Work, audience: str, week: str) -> tuple[Answered, ...]:
    """The cases that were opened in a week and had a term, the oldest first. ValueError for a week that does not exist."""
    start, end = work.organisation.calendar.week_bounds(week)
    query = select(cases.c.id).where(cases.c.opened >= start, cases.c.opened < end).order_by(cases.c.id).limit(MOST_CASES)
    if audience != MANAGEMENT:
        query = query.where(cases.c.department == audience)
    found = []
    for number in work.conn.execute(query).scalars().all():
        case = load_case(work, number, lock=False)
        due, advised = case.state.terms.get("case"), advice(work, case)
        if due is None or advised is None or due - case.opened < AT_ONCE:
            continue
        kinds = {todo.id for todo in advised.steps if todo.kind in ("public_answer", "private_message")}
        moments = [item.at for name, item in case.state.items.items() if name in kinds and item.how == "done"]
        found.append(
            Answered(number, case.opened, due, min(moments, default=None), min(moments, default=case.closed or work.now))
        )
    return tuple(found)


def _answers(work: Work, audience: str, week: str) -> Answers | None:
    """How the cases that were opened in a week were answered, against the term that each had."""
    found = cases_of(work, audience, week)
    hours = [(one.answered - one.opened).total_seconds() / 3600 for one in found if one.answered is not None]
    in_time = sum(not one.late and (one.answered is not None or one.ended < work.now) for one in found)
    promised, middle = work.organisation.policy.response.acknowledge, round(median(hours), 1) if hours else None
    return Answers(len(found), len(hours), in_time, sum(one.late for one in found), middle, promised) if found else None


def _followed(work: Work, have: topics.Known, audience: str, week: str) -> tuple[Followed, ...]:
    """The open loops, the oldest first; of a department that is no more, with the management team."""
    known = work.organisation.departments
    open_ones = [
        loop
        for loop in loops.standing(work, have).values()
        if loop.open and (have.topics[loop.topic].department == audience or (audience == MANAGEMENT))
    ]
    if audience == MANAGEMENT:
        open_ones = [one for one in open_ones if one.choice in loops.DONE or have.topics[one.topic].department not in known]
    if not open_ones:
        return ()
    weeks = loops.weeks_until(work, week, min(loop.week for loop in open_ones))
    first = alarm.first_week(work)
    weeks = tuple(one for one in weeks if one > first)
    counts = loops.counts(work, have, weeks, [loop.topic for loop in open_ones])
    found = []
    for loop in sorted(open_ones, key=lambda one: one.at):
        topic = have.topics[loop.topic]
        each = counts.get(loop.topic, (0,) * len(weeks))
        result = loops.effect(loop, weeks, each)
        found.append(Followed(topic.id, topic.name, topic.department, loop.choice, loop.by, loop.at, loop.times, result))
    return tuple(found)


def _review(work: Work, audience: str) -> int:
    """Shared answers of the department that wait for somebody to look at them."""
    query = select(func.count()).select_from(faq).where(faq.c.status.in_(("proposed", "review")))
    if audience == EQUAL:
        return 0
    if audience != MANAGEMENT:
        query = query.where(faq.c.department == audience)
    return int(work.conn.execute(query).scalar_one())


def _missed(work: Work, week: str, department: str) -> tuple[str, ...]:
    """The weeks just before ``week`` that were only made up for when ``week`` was told: no message went out for them."""
    rows = work.conn.execute(
        select(digests.c.week)
        .where(digests.c.department == department, digests.c.week < week, digests.c.message_id.is_(None))
        .order_by(digests.c.week.desc())
        .limit(MISSED)
    )
    missed: list[str] = []
    expected = _before(week, work.organisation.calendar)
    for name in rows.scalars():
        if name != expected:
            break
        missed.insert(0, name)
        expected = _before(name, work.organisation.calendar)
    return tuple(missed)


# --- the archive ---


@dataclass(frozen=True, slots=True)
class Kept:
    """A digest of the archive. ``told``: when; ``late``: more than a day after it was due."""

    week: str
    department: str
    told: datetime
    late: bool


def archive(work: Work, names: Sequence[str], words: str = "", limit: int = 30) -> tuple[Kept, ...]:
    """The digests that were made for these audiences, the newest first; of the weeks in which a topic with ``words`` was spoken of."""
    query = select(digests).where(digests.c.department.in_(list(names)))
    if words:
        have = topics.known(work)
        word = topics.fold(words)
        about = [one for number, topic in have.topics.items() if word in topic.name.casefold() for one in have.ids(number)]
        spoken = select(signals.c.week, signals.c.department).where(signals.c.topic_id.in_(about)).distinct()
        where = {(row.week, row.department) for row in work.conn.execute(spoken)}
        pairs = where | {(week, MANAGEMENT) for week, _ in where}
        query = query.where(digests.c.week.in_(sorted({week for week, _ in pairs})))
        rows = [row for row in work.conn.execute(query.order_by(digests.c.week.desc())) if (row.week, row.department) in pairs]
    else:
        rows = list(work.conn.execute(query.order_by(digests.c.week.desc(), digests.c.department).limit(limit)))
    policy, calendar = work.organisation.policy, work.organisation.calendar
    return tuple(
        Kept(row.week, row.department, row.at, row.at > due_of(row.week, policy, calendar, row.department) + LATE)
        for row in rows[:limit]
    )


# --- sending ---


def send(conn: Connection, house: House, now: datetime) -> None:
    """Queue the newest digest that is due, once for each audience, whoever else does so too; weeks that were missed are kept as late.

    With it the communications lead is reminded, week after week, of a policy whose review date has passed. A week that
    was due before this bot ever ran is not its own to tell.
    """
    work = Work(conn, house, now)
    organisation = work.organisation
    due, week = last_due(now, organisation.policy, organisation.calendar)
    began: datetime | None = conn.execute(select(func.min(versions.c.at))).scalar_one_or_none()
    if began is None:
        return
    approved = organisation.policy.approved
    today = now.astimezone(organisation.calendar.zone).date()
    if began <= due and approved and approved.review_on <= today and insert_new(conn, digests, week=week, department="", at=now):
        lead = recipient(organisation, house.platforms, "communications_lead", None)
        say(work, lead.conversation, "review")
    for department in audiences(organisation):
        due, week = last_due(now, organisation.policy, organisation.calendar, department)
        if began > due or not insert_new(conn, digests, week=week, department=department, at=now):
            continue
        _make_up(work, week, department, began)
        messages = [say(work, to, "digest", week=week, department=department) for to in conversations(work, department)]
        conn.execute(
            digests.update().where(digests.c.week == week, digests.c.department == department).values(message_id=messages[0])
        )


def _make_up(work: Work, week: str, department: str, began: datetime) -> None:
    """Keep the weeks before ``week`` of which nobody was told, as far as an earlier digest or the bot's beginning."""
    calendar, policy = work.organisation.calendar, work.organisation.policy
    for _ in range(MISSED):
        week = _before(week, calendar)
        if due_of(week, policy, calendar, department) < began:
            return
        if not insert_new(work.conn, digests, week=week, department=department, at=work.now):
            return
