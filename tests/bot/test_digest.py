"""The weekly digest: when it is due, what stands in it, and that every department gets every week once."""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Connection, select
from sqlalchemy.event import listen

from adapters.database import open_store
from adapters.main import running
from adapters.wakeups import InProcessWakeups
from bot import digest, signals
from bot.antenne import Antenne
from bot.cards import Quote, Text
from bot.digest import Some, audiences, due_of, last_due, next_due, next_of_all
from bot.events import Actor, Answer, Commanded, Pressed
from bot.organisation import load_organisation
from bot.presses import AllDone, Choose, Close, Press
from bot.presses import Answer as Choice
from bot.pseudonyms import Keys
from bot.settings import SAMPLE, Settings
from bot.tables import digests, messages
from bot.tables import signals as signal_table
from bot.work import House, Work
from bot.working_time import Calendar
from flows.platforms import load_platforms
from flows.policy import Digest, Overview, Policy
from flows.tree import SignalKind
from tests.servers import tables_at

BRUSSELS = ZoneInfo("Europe/Brussels")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
POLICY = Policy()


def calendar(zone: str = "Europe/Brussels") -> Calendar:
    """Office hours do not matter here."""
    return Calendar.of(zone, {"mon": [("09:00", "17:00")]})


def brussels(*at: int) -> datetime:
    """A moment on the wall clock."""
    return datetime(*at, tzinfo=BRUSSELS).astimezone(UTC)  # type: ignore[misc,arg-type]  # year, month, day, hour, minute


# --- when ---


@pytest.mark.parametrize(
    ("week", "due"),
    [
        ("2026-W47", (2026, 11, 23, 8, 30)),
        ("2026-W12", (2026, 3, 23, 8, 30)),
        ("2026-W13", (2026, 3, 30, 8, 30)),  # summer time began the day before
        ("2026-W43", (2026, 10, 26, 8, 30)),  # and ended
        ("2026-W52", (2026, 12, 28, 8, 30)),
        ("2026-W53", (2027, 1, 4, 8, 30)),
        ("2027-W01", (2027, 1, 11, 8, 30)),
    ],
)
def test_a_week_is_due_on_the_monday_after_it(week: str, due: tuple[int, ...]) -> None:
    """Half past eight on the wall clock, in summer and winter, and over the end of a year with 53 weeks."""
    assert due_of(week, POLICY, calendar()) == brussels(*due)


def test_the_policy_chooses_day_time_and_zone() -> None:
    """A zone that the policy names goes before the organisation's; one that it leaves out is the organisation's."""
    friday = Policy(digest=Digest(day="friday", time=time(16, 0)))
    assert due_of("2026-W47", friday, calendar()) == brussels(2026, 11, 27, 16, 0)
    assert due_of("2026-W47", POLICY, calendar("Europe/London")) == brussels(2026, 11, 23, 9, 30)
    assert due_of("2026-W47", Policy(digest=Digest(timezone="Europe/Brussels")), calendar("Europe/London")) == brussels(
        2026, 11, 23, 8, 30
    )


def test_a_department_has_a_day_and_time_of_its_own() -> None:
    """The others keep theirs; what wakes the bot is whichever comes first."""
    own = Policy(digest=Digest(per={"milieu": Overview(day="friday", time=time(16, 0)), "mobiliteit": Overview(time=time(7, 0))}))
    here = calendar()
    assert due_of("2026-W47", own, here) == brussels(2026, 11, 23, 8, 30)
    assert due_of("2026-W47", own, here, "milieu") == brussels(2026, 11, 27, 16, 0)
    assert last_due(brussels(2026, 11, 27, 15, 59), own, here, "milieu")[1] == "2026-W46"
    found = [next_of_all(at, own, here) for at in (brussels(2026, 11, 22, 9, 0), brussels(2026, 11, 23, 9, 0))]
    assert found == [brussels(2026, 11, 23, 7, 0), brussels(2026, 11, 27, 16, 0)]


def test_no_digest_comes_before_its_week_has_ended() -> None:
    """Where the policy's zone is ahead of the organisation's, Monday there may still be Sunday here."""
    early = Policy(digest=Digest(time=time(0, 30), timezone="Pacific/Auckland"))
    assert due_of("2026-W47", early, calendar()) == brussels(2026, 11, 23, 0, 0)


@given(
    now=st.integers(1_546_300_800, 2_145_916_800).map(lambda at: datetime.fromtimestamp(at, UTC)),  # 2019 to 2038
    day=st.sampled_from(DAYS),
    at=st.times(),
    zone=st.sampled_from(["Europe/Brussels", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "UTC"]),
    home=st.sampled_from(["Europe/Brussels", "America/Sao_Paulo", "Europe/London"]),
)
@example(now=brussels(2026, 10, 25, 2, 30), day="sunday", at=time(2, 30), zone="Europe/Brussels", home="Europe/Brussels")
def test_weeks_follow_one_another(now: datetime, day: str, at: time, zone: str, home: str) -> None:
    """Whatever the policy says: the newest due week is the last that ended in its time, and the next is the week after it."""
    policy = Policy.model_validate({"digest": {"day": day, "time": at.replace(second=0, microsecond=0), "timezone": zone}})
    here = calendar(home)
    (since, week), (until, following) = last_due(now, policy, here), next_due(now, policy, here)
    assert since <= now < until
    assert since >= here.week_bounds(week)[1]
    assert until - since > timedelta(days=5)
    assert here.week_bounds(week)[1] == here.week_bounds(following)[0]
    assert last_due(since, policy, here) == (since, week)
    assert next_due(since, policy, here) == (until, following)
    assert last_due(until, policy, here) == (until, following)
    local = since.astimezone(ZoneInfo(zone))
    skipped = local.utcoffset() != local.replace(hour=0, minute=0).utcoffset()  # that time of that day may not exist
    assert (
        since == here.week_bounds(week)[1]
        or skipped
        or (DAYS[local.weekday()], local.time())
        == (
            day,
            at.replace(second=0, microsecond=0),
        )
    )


# --- what ---


@asynccontextmanager
async def opened(url: str, folder: Path, clock: list[datetime]) -> AsyncIterator[Antenne]:
    """The whole bot, with a clock that stands still."""
    configured = Settings(database_url=SecretStr(url), secret_key_file=folder / "secret.key")
    async with running(configured, clock=lambda: clock[0]) as antenne:
        yield antenne


def signal(
    antenne: Antenne, at: datetime, kind: SignalKind, text: str, department: str = "mobiliteit"
) -> Callable[[Connection], int]:
    """A work that writes one signal."""
    return lambda conn: signals.write(Work(conn, antenne.house, at, "an"), kind, text, department=department)


async def test_a_digest_counts_a_week_of_a_department(database_url: str, tmp_path: Path) -> None:
    """Topics with the week before, open questions, misinformation and praise; of no other week or department."""
    clock = [brussels(2026, 11, 9, 10)]
    async with opened(database_url, tmp_path, clock) as antenne:
        written: list[tuple[datetime, SignalKind, str, str]] = [
            (brussels(2026, 11, 9, 10), "question", "En het fietspad?", "mobiliteit"),
            (brussels(2026, 11, 10, 10), "complaint", "Weer de bushalte", "mobiliteit"),
            (brussels(2026, 11, 15, 23, 59), "other", "De stoep ligt er slecht bij", "mobiliteit"),
            (brussels(2026, 11, 16, 0, 0), "question", "Wanneer komt het fietspad? Bel 0470 12 34 56", "mobiliteit"),
            (brussels(2026, 11, 17, 10), "question", "Waar is het fietspad?", "mobiliteit"),
            (brussels(2026, 11, 18, 10), "misinformation", "Het parkeerverbod is een leugen", "mobiliteit"),
            (brussels(2026, 11, 19, 10), "praise", "Proper gewerkt, dank u!", "mobiliteit"),
            (brussels(2026, 11, 22, 23, 59), "question", "Mag de stoep breder?", "mobiliteit"),
            (brussels(2026, 11, 23, 0, 0), "question", "Te laat voor het fietspad", "mobiliteit"),
            (brussels(2026, 11, 18, 10), "praise", "Mooie bomen", "milieu"),
        ]
        for at, kind, text, department in written:
            await antenne.store.write(signal(antenne, at, kind, text, department))
        answered = signal_table.update().where(signal_table.c.text == "Waar is het fietspad?").values(answered=True)
        await antenne.store.write(lambda conn: conn.execute(answered).rowcount)
        found = await antenne.store.read(lambda conn: digest.of(Work(conn, antenne.house, clock[0]), "2026-W47", "mobiliteit"))
        assert (found.monday, found.sunday) == (date(2026, 11, 16), date(2026, 11, 22))
        assert (found.count, found.before, found.questions) == (5, 3, 3)
        assert [(topic.name, topic.count, topic.before) for topic in found.topics] == [
            ("fietspad", 2, 1),
            ("stoep", 1, 1),
            ("", 1, 0),
            ("parkeer", 1, 0),
            ("bushalte", 0, 1),
        ]
        assert found.unanswered == Some(2, ("Wanneer komt het fietspad? Bel [telefoonnummer]", "Mag de stoep breder?"))
        assert found.misinformation == Some(1, ("Het parkeerverbod is een leugen",))
        assert found.praise == Some(1, ("Proper gewerkt, dank u!",))


@pytest.mark.parametrize("audience", ["milieu", digest.MANAGEMENT])
async def test_a_digest_reads_no_more_than_it_shows(sqlite_url: str, tmp_path: Path, audience: str) -> None:
    """However many signals there are, it counts in an index alone, and looks up only the words that it quotes."""
    clock = [brussels(2026, 11, 23, 10)]
    async with opened(sqlite_url, tmp_path, clock) as antenne:
        await antenne.store.write(signal(antenne, brussels(2026, 11, 18, 10), "praise", "Mooie bomen", "milieu"))

        def plans(conn: Connection) -> list[str]:
            asked: list[tuple[str, Any]] = []
            listen(conn, "before_cursor_execute", lambda _c, _cursor, sql, values, *_: asked.append((sql, values)))
            digest.of(Work(conn, antenne.house, clock[0]), "2026-W47", audience)
            of_signals = [(sql, values) for sql, values in asked if "FROM signals" in sql]
            rows = [row for sql, values in of_signals for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            return [str(row[-1]) for row in rows]

        found = await antenne.store.read(plans)
    assert any("ix_signals_words" in line for line in found)
    for line in found:
        assert "COVERING INDEX ix_signals_week" in line or "USING INDEX ix_signals_words" in line, found


async def test_antennas_read_it_in_their_conversation(database_url: str, tmp_path: Path) -> None:
    """On Monday the card stands where the department is told, citizens' words as quotes; an empty week is one line."""
    clock = [brussels(2026, 11, 16, 10)]
    async with opened(database_url, tmp_path, clock) as antenne:
        await antenne.store.write(signal(antenne, clock[0], "question", "<b>Wanneer</b> komt het fietspad?"))
        await antenne.work()
        clock[0] = brussels(2026, 11, 23, 8, 29)
        assert await antenne.work() == brussels(2026, 11, 23, 8, 30)
        assert not await antenne.read("lies", "local:#mobiliteit")
        clock[0] += timedelta(minutes=1)
        await antenne.work()
        (shown,) = await antenne.read("lies", "local:#mobiliteit")
        assert shown.card.title == shown.card.notice == "Weekoverzicht week 47 · Mobiliteit en wegen"
        assert Quote("<b>Wanneer</b> komt het fietspad?") in shown.card.body
        (empty,) = await antenne.read("joris", "local:#milieu")
        assert [block for block in empty.card.body if isinstance(block, Text)][1:] == [
            Text("Er kwamen die week geen signalen binnen.")
        ]


async def walked(antenne: Antenne, clock: list[datetime], text: str, *presses: Callable[[int], Press]) -> Answer:
    """Paste and press as An; every press is told the case's number."""
    an = Actor(platform="local", address="an")
    answer = await antenne.handle(Commanded(id=text, actor=an, text=text))
    assert answer.case is not None
    number = answer.case
    for index, press in enumerate(presses):
        answer = await antenne.handle(Pressed(id=f"{text} {index}", actor=an, press=press(number)))
        assert not answer.refused, answer.note
    return answer


def choice(step: int, name: str) -> Callable[[int], Press]:
    """The press of an answer."""
    return lambda number: Choice(case=number, walk=0, step=step, choice=name)


QUESTION = (
    choice(0, "neutraal"),
    choice(1, "vraag"),
    choice(2, "weet_niet"),
    lambda number: Choose(case=number, what="department", value="mobiliteit"),
)


async def test_a_question_is_answered_when_its_answering_line_is_done(sqlite_url: str, tmp_path: Path) -> None:
    """Passing it on is no answer; closing a case in its first seconds loses no signal."""
    clock = [brussels(2026, 11, 17, 10)]
    async with opened(sqlite_url, tmp_path, clock) as antenne:
        await walked(antenne, clock, "Wanneer wordt de laadpaal hersteld?", *QUESTION, lambda number: AllDone(case=number))
        clock[0] += timedelta(seconds=20)
        await antenne.work()

        def open_questions(conn: Connection) -> int:
            return digest.of(Work(conn, antenne.house, clock[0]), "2026-W47", "mobiliteit").unanswered.count

        assert await antenne.store.read(open_questions) == 1
        an = Actor(platform="local", address="an")
        assert not (await antenne.handle(Pressed(id="close", actor=an, press=Close(case=1)))).refused
        assert await antenne.store.read(open_questions) == 0
        quick = (*QUESTION, lambda number: AllDone(case=number), lambda number: Close(case=number))
        await walked(antenne, clock, "Is de laadpaal al stuk?", *quick)
        assert await antenne.store.read(lambda conn: len(conn.execute(select(signal_table)).all())) == 2
        assert await antenne.store.read(open_questions) == 0


async def test_a_signal_keeps_its_week(sqlite_url: str, tmp_path: Path) -> None:
    """A tick on the card a week later moves no signal, and warns nobody a second time."""
    clock = [brussels(2026, 11, 17, 10)]
    async with opened(sqlite_url, tmp_path, clock) as antenne:
        for text in ("De laadpaal, wat nu?", "Laadpaal stuk?", "Hallo, een laadpaal?"):
            await walked(antenne, clock, text, *QUESTION)
            clock[0] += timedelta(seconds=20)
            await antenne.work()
        clock[0] += timedelta(days=7)
        for value in ("milieu", "mobiliteit"):
            an = Actor(platform="local", address="an")
            await antenne.handle(Pressed(id=value, actor=an, press=Choose(case=3, what="department", value=value)))
            clock[0] += timedelta(seconds=20)
            await antenne.work()
        found = await antenne.store.read(lambda conn: digest.of(Work(conn, antenne.house, clock[0]), "2026-W47", "mobiliteit"))
        assert [(topic.name, topic.count, topic.before) for topic in found.topics] == [("laadpaal", 3, 0)]
        told = await antenne.read("lies", "local:#mobiliteit")
        assert len([shown for shown in told if shown.card.title.startswith("Komt vaak terug")]) == 1


# --- once ---

ORGANISATION, TREE = load_organisation(SAMPLE)
CAPABILITIES = load_platforms()
STARTS = [
    brussels(2026, 3, 27, 12),  # the hour that spring skips
    brussels(2026, 10, 23, 12),  # the hour that autumn repeats
    brussels(2026, 12, 20, 12),  # weeks 52, 53 and 1
    brussels(2025, 12, 26, 12),  # weeks 52 and 1
]
STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.booleans(), st.booleans(), st.integers(0, 60 * 80)), min_size=5, max_size=14
)  # who works, together with the other, after a restart, and so many minutes later


async def times_told(
    start: datetime, steps: list[tuple[int, bool, bool, int]], url: str, folder: Path
) -> tuple[Counter[str], set[str]]:
    """How often each week and department was told by two bots on one database, and what should have been told."""
    house = House(ORGANISATION, TREE, Keys.load(folder / "secret.key"), ("local",), CAPABILITIES)
    now = [start]
    stores = [await open_store(url), await open_store(url)]

    async def bot(which: int) -> Antenne:
        antenne = Antenne(house, stores[which], InProcessWakeups(), {}, lambda: now[0])
        await antenne.prepare()
        return antenne

    bots = [await bot(0), await bot(1)]
    expected: set[str] = set()
    for which, together, restarts, minutes in steps:
        now[0] += timedelta(minutes=minutes)
        if restarts:
            bots[which] = await bot(which)
        await asyncio.gather(*(one.work() for one in (bots if together else bots[which : which + 1])))
        # Said anew, without the product's own reckoning: the week of the latest Monday 08:30 since the bot began.
        local = now[0].astimezone(BRUSSELS)
        monday = datetime.combine(local.date() - timedelta(days=local.weekday()), time(8, 30), BRUSSELS)
        if monday.astimezone(UTC) > now[0]:
            monday = datetime.combine(monday.date() - timedelta(days=7), time(8, 30), BRUSSELS)
        if monday.astimezone(UTC) >= start:
            year, week, _ = (monday.date() - timedelta(days=7)).isocalendar()
            expected |= {f"{year}-W{week:02d} {department}" for department in audiences(ORGANISATION)}
    query = select(messages.c.args, messages.c.lane).where(messages.c.kind == "digest")
    rows = await stores[0].read(lambda conn: conn.execute(query).all())
    told = [{**json.loads(row.args), "lane": row.lane} for row in rows]
    assert len({(row["week"], row["department"], row["lane"]) for row in told}) == len(told)
    kept = await stores[0].read(lambda conn: conn.execute(select(digests)).all())
    sent = [(row.week, row.department) for row in kept if row.message_id is not None]
    assert sorted(sent) == sorted({(row["week"], row["department"]) for row in told})
    for store in stores:
        await store.close()
    return Counter({f"{row['week']} {row['department']}" for row in told}), expected


@settings(max_examples=20)
@given(start=st.sampled_from(STARTS), steps=STEPS)
def test_every_week_is_told_once(start: datetime, steps: list[tuple[int, bool, bool, int]]) -> None:
    """Two bots, at random moments, restarted at random, over the changes of the clock and of the year: once, and none too few."""
    with tempfile.TemporaryDirectory() as folder:
        tables_at(Path(folder) / "antenne.db")
        told, expected = asyncio.run(times_told(start, steps, f"sqlite:///{folder}/antenne.db", Path(folder)))
    assert told.keys() == expected
    assert set(told.values()) <= {1}


async def test_two_at_the_same_moment_tell_once(database_url: str, tmp_path: Path) -> None:
    """Ten Mondays on which both bots wake at half past eight."""
    steps = [(0, True, index % 3 == 0, 7 * 24 * 60) for index in range(10)]
    start = brussels(2026, 11, 16, 8, 29) - timedelta(minutes=1)
    told, expected = await times_told(start, [(0, True, False, 2), *steps], database_url, tmp_path)
    assert told == Counter(expected)
    weeks = sorted({name.split()[0] for name in told})
    assert len(weeks) == 11
    assert all(calendar().week_bounds(one)[1] == calendar().week_bounds(other)[0] for one, other in pairwise(weeks))


async def test_only_the_last_missed_week_is_sent(sqlite_url: str, tmp_path: Path) -> None:
    """After a month of silence one digest comes, not four; and a bot that begins today tells of no week before it."""
    start = brussels(2026, 10, 30, 12)
    told, _ = await times_told(start, [(0, False, False, 0), (0, False, True, 30 * 24 * 60)], sqlite_url, tmp_path)
    assert told == Counter(f"2026-W47 {department}" for department in audiences(ORGANISATION))
