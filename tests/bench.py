"""What an answered step costs, beside the floor that durability sets: `make bench`, or `python -m tests.bench --quick`.

Every figure comes from a process of its own; JSON goes to standard output, the same as tables into docs/benchmarks.md.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar

import pexpect
import psutil
from pydantic import SecretStr
from sqlalchemy import Connection, text

from adapters.database import open_store
from adapters.main import running, starting
from bot.antenne import Antenne
from bot.events import Actor, Pasted, Pressed
from bot.presses import Answer, Press
from bot.settings import Settings
from tests import bench_clocks, bench_digest, bench_faq, bench_web
from tests.adapters.slack import bench_slack
from tests.adapters.teams import bench_teams
from tests.pictures import measure as pictures
from tests.servers import running_postgres

T = TypeVar("T")
Row = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
AIM_STEPS, AIM_OLD, AIM_START, AIM_MEMORY = 1500, 1.2, 1.5, 120
AT_ONCE = (1, 32)
COMMENT = "Jullie zijn allemaal luie ambtenaren, doe eens iets aan de put in de weg bij de Kerkstraat!"
# Answers that lead to a next question; with the third, a walk to its outcome: checklist, replies, a thread, two clocks.
QUESTIONS, WALK = ("negatief", "haat"), ("negatief", "haat", "twijfel")


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure. `old`: cases of earlier years in the large database."""

    rounds: int
    seconds: float
    old: int


FULL, QUICK = Effort(rounds=5, seconds=1.0, old=1_000_000), Effort(rounds=3, seconds=0.7, old=20_000)


# --- the answered step -------------------------------------------------------------------------------------


async def _answered(url: str, choices: tuple[str, ...], at_once: int, effort: Effort) -> Row:
    """Answers per second of a whole bot, its sender at work, with `at_once` moderators who each wait for their card."""
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder:
        settings = Settings(database_url=SecretStr(url), secret_key_file=Path(folder) / "secret.key")
        with starting() as started:  # as `antenne serve` starts
            async with running(settings) as antenne:
                sending = asyncio.create_task(antenne.run())
                started()
                rounds = [await _round(antenne, choices, at_once, effort.seconds) for _ in range(effort.rounds + 1)]
                sending.cancel()
                with suppress(asyncio.CancelledError):
                    await sending
    rounds = rounds[1:]  # the first warms up
    return {
        "at_once": at_once,
        "steps_per_second": round(median(row["rate"] for row in rounds)),
        "cpu_ms_per_step": round(median(row["cpu"] for row in rounds) * 1000, 3),
        "p50_ms": round(median(row["p50"] for row in rounds) * 1000, 2),
        "p99_ms": round(median(row["p99"] for row in rounds) * 1000, 2),
        "rounds": [round(row["rate"]) for row in rounds],
    }


_EVENTS = count(1)


async def _round(antenne: Antenne, choices: tuple[str, ...], at_once: int, seconds: float) -> dict[str, float]:
    """One round: fresh cases are pasted outside the measured time, walked inside it."""
    fresh: list[int] = []
    took: list[float] = []
    busy, steps = 0.0, 0
    cpu = 0.0
    while busy < seconds:
        await asyncio.gather(*(_paste(antenne, fresh) for _ in range(8 * at_once)))
        started, cpu_before = time.perf_counter(), time.process_time()
        await asyncio.gather(*(_moderator(antenne, choices, fresh, took) for _ in range(at_once)))
        busy += time.perf_counter() - started
        cpu += time.process_time() - cpu_before
        steps = len(took)
    parts = quantiles(took, n=100)
    return {"rate": steps / busy, "cpu": cpu / steps, "p50": parts[49], "p99": parts[98]}


async def _paste(antenne: Antenne, fresh: list[int]) -> None:
    number = next(_EVENTS)
    answer = await antenne.handle(Pasted(id=f"{os.getpid()}-{number}", actor=_an(), text=f"{COMMENT} ({number})"))
    assert answer.case is not None
    fresh.append(answer.case)


async def _moderator(antenne: Antenne, choices: tuple[str, ...], fresh: list[int], took: list[float]) -> None:
    while fresh:
        case = fresh.pop()
        for step, choice in enumerate(choices):
            started = time.perf_counter()
            await _press(antenne, Answer(case=case, walk=0, step=step, choice=choice))
            took.append(time.perf_counter() - started)


async def _press(antenne: Antenne, press: Press) -> None:
    answer = await antenne.handle(Pressed(id=f"{os.getpid()}-{next(_EVENTS)}", actor=_an(), press=press))
    assert answer.card is not None
    assert not answer.refused


def _an() -> Actor:
    return Actor(platform="local", address="an")


def answered(url: str, choices: tuple[str, ...], at_once: int, effort: Effort) -> Row:
    """As `_answered`, in this process."""
    return asyncio.run(_answered(url, choices, at_once, effort))


# --- old cases ---------------------------------------------------------------------------------------------

# `scattered`: so that new rows fall between old ones in an index, as digests do.
_OLD_CASES = (
    """CREATE TEMPORARY TABLE numbers AS
    WITH RECURSIVE up(n) AS (SELECT CAST(:first AS INTEGER) UNION ALL SELECT n + 1 FROM up WHERE n < :last)
    SELECT 1000000 + n AS number, CAST((n * 2654435761) % 4294967296 AS VARCHAR(20)) AS scattered FROM up""",
    """INSERT INTO cases (id, moderator, pasted_by, phase, opened, changed, closed, purge_on, department, outcome,
        link_key, text_key, tree_version, policy_version, chain, length, state)
    SELECT numbers.number, moderator, pasted_by, 'closed', opened, changed, changed, '2030-01-01', department, outcome,
        link_key, scattered, tree_version, policy_version, chain, length, state FROM numbers, cases WHERE cases.id = :model""",
    """INSERT INTO comments (case_id, text, link, post, handle, author, posted)
    SELECT numbers.number, text, link, post, '', scattered, posted FROM numbers, comments WHERE case_id = :model""",
    """INSERT INTO timeline (case_id, number, at, who, what, codes, text, salt, digest, chain)
    SELECT numbers.number, timeline.number, at, who, what, codes, text, salt, digest, chain
    FROM numbers, timeline WHERE case_id = :model""",
    """INSERT INTO messages (lane, parent_id, kind, case_id, ref, args, wanted, shown, written, remote, attempts)
    SELECT lane, parent_id, kind, numbers.number, ref, args, 1, 1, written, scattered, 0
    FROM numbers, messages WHERE case_id = :model AND kind = 'case'""",
    "INSERT INTO events (id, at) SELECT 'local:' || scattered, '2026-01-01T00:00:00.000000Z' FROM numbers",
    "DROP TABLE numbers",
)


async def _age(url: str, many: int) -> None:
    """Fill the database with `many` closed cases, each with comment, timeline, message and event."""
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder:
        async with running(Settings(database_url=SecretStr(url), secret_key_file=Path(folder) / "secret.key")) as antenne:
            fresh: list[int] = []
            await _paste(antenne, fresh)
            for step, choice in enumerate(WALK):
                await _press(antenne, Answer(case=fresh[0], walk=0, step=step, choice=choice))
            for first in range(1, many + 1, 50_000):  # one statement may not take longer than the store waits for it
                await antenne.store.write(partial(_multiply, model=fresh[0], first=first, last=min(first + 49_999, many)))
            if url.startswith("postgresql"):  # new tables have no statistics until its own housekeeping comes by
                await antenne.store.write(lambda connection: connection.execute(text("ANALYZE")).close())


def _multiply(connection: Connection, **named: int) -> None:
    for statement in _OLD_CASES:
        connection.execute(text(statement), {name: named[name] for name in _names(statement)})


def age(url: str, many: int) -> None:
    """As `_age`, in this process."""
    asyncio.run(_age(url, many))


# --- the floor ---------------------------------------------------------------------------------------------

_SIX = (
    "INSERT INTO events (id, at) VALUES (:event, :at)",
    "SELECT * FROM cases JOIN comments ON comments.case_id = cases.id WHERE cases.id = :case",
    "SELECT role, department FROM threads WHERE case_id = :case",
    "UPDATE cases SET changed = :at, length = length + 1, chain = :event, state = :state WHERE id = :case",
    "INSERT INTO timeline (case_id, number, at, who, what, codes, chain) VALUES (:case, :number, :at, 'an', 'step', '{}', :event)",
    "UPDATE messages SET wanted = wanted + 1 WHERE case_id = :case AND kind = 'case'",
)


def _names(statement: str) -> list[str]:
    """What a statement asks for."""
    return re.findall(r":([a-z]+)", statement)


def floor(file: str, at_once: int, effort: Effort) -> Row:
    """Six statements of a step through sqlite3 alone, `at_once` steps a commit: no walk, no card, nobody waiting."""
    rates, cpus = [], []
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        for _ in range(effort.rounds):
            steps, started, cpu = 0, time.perf_counter(), time.process_time()
            while time.perf_counter() - started < effort.seconds:
                connection.execute("BEGIN IMMEDIATE")
                for _ in range(at_once):
                    connection.execute("SAVEPOINT job")
                    row = _six_values()
                    for statement in _SIX:
                        connection.execute(statement, row).fetchall()
                    connection.execute("RELEASE job")
                connection.execute("COMMIT")
                steps += at_once
            rates.append(steps / (time.perf_counter() - started))
            cpus.append((time.process_time() - cpu) / steps)
    return {"at_once": at_once, "steps_per_second": round(median(rates)), "cpu_ms_per_step": round(median(cpus) * 1000, 3)}


def _six_values() -> Row:
    number = os.getpid() % 1000 * 1_000_000 + next(_EVENTS)  # no two processes of one run have the same
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"event": f"floor:{number}", "at": at, "case": 1, "number": number, "state": "{}" * 200}


async def _store_alone(url: str, at_once: int, effort: Effort) -> Row:
    """The same six statements as works of the store, `at_once` callers who each wait: writer thread, SQLAlchemy, group commit."""
    statements = [(text(statement), _names(statement)) for statement in _SIX]

    def six(connection: Connection) -> None:
        row = _six_values()
        for statement, names in statements:
            connection.execute(statement, {name: row[name] for name in names}).close()

    async def caller(until: float) -> int:
        steps = 0
        while time.perf_counter() < until:
            await store.write(six)
            steps += 1
        return steps

    store = await open_store(url)
    rates, cpus = [], []
    for _ in range(effort.rounds):
        started, cpu = time.perf_counter(), time.process_time()
        steps = sum(await asyncio.gather(*(caller(started + effort.seconds) for _ in range(at_once))))
        rates.append(steps / (time.perf_counter() - started))
        cpus.append((time.process_time() - cpu) / steps)
    await store.close()
    return {"at_once": at_once, "steps_per_second": round(median(rates)), "cpu_ms_per_step": round(median(cpus) * 1000, 3)}


def store_alone(url: str, at_once: int, effort: Effort) -> Row:
    """As `_store_alone`, in this process."""
    return asyncio.run(_store_alone(url, at_once, effort))


# --- the chat in a terminal --------------------------------------------------------------------------------


def chat(effort: Effort) -> Row:
    """Seconds until `antenne chat` asks for something, and the memory it keeps while nobody types."""
    first, later, memory = [], [], []
    for _ in range(effort.rounds):
        with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder:
            first.append(_start(folder)[0])
            seconds, size = _start(folder)
            later.append(seconds)
            memory.append(size)
    return {
        "start_seconds": round(median(later), 2),
        "first_start_seconds": round(median(first), 2),
        "idle_memory_mb": round(median(memory), 1),
    }


def _start(folder: str) -> tuple[float, float]:
    environment = {
        **os.environ,
        "ANTENNE_DATABASE_URL": f"sqlite:///{folder}/antenne.db",
        "TERM": "xterm",
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }
    environment["ANTENNE_SECRET_KEY_FILE"] = f"{folder}/secret.key"
    started = time.perf_counter()
    child = pexpect.spawn(sys.executable, ["-m", "adapters.main", "chat"], cwd=str(ROOT), env=environment, timeout=60)
    try:
        child.expect_exact("An Peeters ›".encode())
        seconds = time.perf_counter() - started
        time.sleep(1.0)
        return seconds, psutil.Process(child.pid).memory_info().rss / 1e6
    finally:
        child.close(force=True)


# --- the report --------------------------------------------------------------------------------------------


def apart(measure: Callable[..., T], *arguments: object) -> T:
    """Run one measurement in a fresh process, so that none warms up or weighs on the next."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def steps(new: str, old: str, effort: Effort) -> Row:
    """Everything about answered steps on one database system; two addresses of empty databases."""
    apart(age, old, effort.old)
    rows: Row = {"answer": [], "answer_with_old_cases": [], "walk": [], "old_to_new_cpu": []}
    for at_once in AT_ONCE:
        young = apart(answered, new, QUESTIONS, at_once, effort)
        grown = apart(answered, old, QUESTIONS, at_once, effort)
        rows["answer"].append(young)
        rows["answer_with_old_cases"].append(grown)
        rows["walk"].append(apart(answered, new, WALK, at_once, effort))
        rows["old_to_new_cpu"].append(round(grown["cpu_ms_per_step"] / young["cpu_ms_per_step"], 2))
    rows["store_alone"] = [apart(store_alone, new, at_once, effort) for at_once in AT_ONCE]
    for young, store in zip(rows["answer"], rows["store_alone"], strict=True):
        young["share_of_store"] = round(young["steps_per_second"] / store["steps_per_second"], 2)
    return rows


def on_sqlite(effort: Effort) -> Row:
    """Steps on SQLite, and the floor beneath them."""
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder:
        rows = steps(f"sqlite:///{folder}/new.db", f"sqlite:///{folder}/old.db", effort)
        return rows | {"floor": [apart(floor, f"{folder}/new.db", at_once, effort) for at_once in AT_ONCE]}


def on_postgresql(effort: Effort) -> Row:
    """Steps on a PostgreSQL of their own."""
    with running_postgres() as server:
        return steps(server.new_database(), server.new_database(), effort)


def _pictures(quick: bool) -> Row:
    return asyncio.run(pictures.measure(quick))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report. `measure` gives figures by name, or tables of steps; `aims`: what a figure should be, by name."""

    name: str
    what: str
    measure: Callable[[Effort], Row]
    aims: Mapping[str, str] = field(default_factory=dict)


def alone(measure: Callable[[bool], Any]) -> Callable[[Effort], Row]:
    """A measurement that only asks whether it must be quick, in a process of its own."""
    return lambda effort: dict(apart(measure, effort is QUICK))


# One line a section: what is added here is measured, printed and written into the page. One that fails says so and stops no other.
SECTIONS = (
    Section("sqlite", "answered steps on SQLite with `synchronous=FULL`", on_sqlite),
    Section("postgresql", "answered steps on PostgreSQL, server and client on the same processors", on_postgresql),
    Section(
        "chat",
        "`antenne chat`: seconds until it asks for something, and its resident memory a second later",
        lambda effort: apart(chat, effort),
        {"start_seconds": f"< {AIM_START}", "idle_memory_mb": f"< {AIM_MEMORY}"},
    ),
    Section(
        "web",
        "the web chat through HTTP, four live pages open, client and server on one core; start and memory of `antenne serve`",
        alone(bench_web.measure),
        {"page_seconds": "< 0.2", "page_bytes": "< 100,000", "serve_start_seconds": "< 1.5", "serve_idle_megabytes": "< 150"},
    ),
    Section(
        "faq",
        "how often the right entry is among three, for the questions the search was adjusted with and for others; milliseconds for a "
        "search; seconds for an import of so many rows, one in a hundred wrong, and to see what an index lacks",
        alone(bench_faq.measure),
        {
            "test_recall_of_3": f"≥ {bench_faq.AIM_RECALL}",
            "p95_ms": f"< {bench_faq.AIM_P95:g}",
            "sqlite_import_seconds": f"< {bench_faq.AIM_IMPORT:g}",
            "postgresql_import_seconds": f"< {bench_faq.AIM_IMPORT:g}",
        },
    ),
    Section(
        "digest",
        "seconds for the digest of a department and of the management team over so many signals, spread over five years or all in the two "
        "weeks compared; milliseconds for the early warning to look at so many topics, a twentieth of the signals in its nine weeks",
        alone(bench_digest.measure),
        {
            **{
                f"{backend}_{spread}_{audience}_seconds": f"< {bench_digest.AIM:g}"
                for backend in ("sqlite", "postgresql")
                for spread in ("five_years", "two_weeks")
                for audience in ("department", "management")
            },
            "sqlite_warning_ms": f"< {bench_digest.AIM_WARNING:g}",
            "postgresql_warning_ms": f"< {bench_digest.AIM_WARNING:g}",
        },
    ),
    Section(
        "clocks",
        "milliseconds of a tick with nothing due, and of reading who is who for one event, over so many open cases and clocks",
        alone(bench_clocks.measure),
        {"sqlite_tick_ms": "< 50", "postgresql_tick_ms": "< 50", "bytes_a_closed_case": "< 2,000"},
    ),
    Section(
        "pictures",
        "reading screenshots: share of wrong characters in the comment's own text, seconds a picture",
        alone(_pictures),
    ),
    Section(
        "slack",
        "a signed, durable step through HTTP beside a bare bolt app that only acknowledges",
        alone(bench_slack.measure),
        {"ratio": "1 (0.7 at the least)", "p99_ratio": "≤ 2"},
    ),
    Section(
        "teams",
        "a message: token checked, a new case kept, its card delivered; beside the SDK's bare echo bot with authentication",
        alone(bench_teams.measure),
        {"ratio": "≥ 3", "p99_ratio": "< 1"},
    ),
)  # fmt: skip


def measured(effort: Effort, names: Collection[str], keep: Callable[[Row], None]) -> Row:
    """The figures of the sections of these names; `keep` is handed the report after each of them."""
    report: Row = {
        "what": WHAT | {section.name: section.what for section in SECTIONS},
        "machine": {
            "processors": os.cpu_count(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version,
            "rounds": effort.rounds, "seconds_a_round": effort.seconds, "old_cases": effort.old,
            "load_before": round(os.getloadavg()[0], 1),
        },
    }  # fmt: skip
    for section in SECTIONS:
        if section.name in names:
            try:
                report[section.name] = section.measure(effort)
            except Exception as trouble:  # noqa: BLE001 - one section that fails must not cost the figures of the others
                report[section.name] = {FAILED: f"{type(trouble).__name__}: {trouble}".splitlines()[0]}
            keep(report)
    return report


FAILED = "failed"
WHAT = {
    "answer": "an answered step: event, walk to the next question, durable commit, the card with all its words; sender at work",
    "walk": "the same over three answers, of which the third reaches an outcome: checklist, replies, a thread, two clocks",
    "old_to_new_cpu": "CPU of an answer in a database with old cases, to that in a new one",
    "floor": "the six statements of an answer through sqlite3 alone, as many steps a commit; no walk, no card, nobody waiting",
    "store_alone": "the same six statements as works of our store, as many callers waiting; no walk, no card",
    "share_of_store": "answers a second, to the store's six statements a second",
    "cpu_ms_per_step": "CPU of the whole process, its sender too, by the answers in that time; PostgreSQL's own is not in it",
}


def page(report: Row) -> str:
    """The report as docs/benchmarks.md; a section that was not measured is left out, one that failed says so."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Row) -> Iterator[str]:
    machine = report["machine"]
    yield "# Benchmarks"
    yield ""
    yield "Written by `make bench`; do not edit. Each figure is the median of the rounds of a process of its own."
    yield ""
    yield (
        f"Python {machine['python']}, SQLite {machine['sqlite']}, {machine['processors']} processors; {machine['rounds']} rounds of "
        f"{machine['seconds_a_round']} s; load before {machine['load_before']}: what else runs on the machine slows every figure but "
        "the ratios."
    )
    yield ""
    for name in ("answer", "walk", "store_alone", "floor", "cpu_ms_per_step"):
        yield f"- **{_LABELS[name]}**: {report['what'][name]}."
    for section in SECTIONS:
        found = report.get(section.name)
        if found is None:
            continue
        yield ""
        yield f"## {section.name}"
        yield ""
        yield f"{section.what[0].upper()}{section.what[1:]}."
        yield ""
        if FAILED in found:
            yield f"**Not measured**: {found[FAILED]}"
        elif "answer" in found:
            yield from _steps(section.name, found, machine["old_cases"])
        else:
            yield "| figure | value | aim |"
            yield "|---|--:|--:|"
            for figure, value in _flat(found):
                yield f"| {figure} | {value} | {section.aims.get(figure, '')} |"


def _steps(name: str, found: Row, old_cases: int) -> Iterator[str]:
    yield "| | at a time | a second | CPU a step | p50 | p99 |"
    yield "|---|--:|--:|--:|--:|--:|"
    labels = {"answer_with_old_cases": f"answer, {old_cases:,} old cases"} | _LABELS
    for kind in ("answer", "answer_with_old_cases", "walk", "store_alone", "floor"):
        for row in found.get(kind, ()):
            times = (f"{row['p50_ms']} ms", f"{row['p99_ms']} ms") if "p50_ms" in row else ("", "")
            cells = (labels[kind], row["at_once"], f"{row['steps_per_second']:,}", f"{row['cpu_ms_per_step']} ms", *times)
            yield f"| {' | '.join(map(str, cells))} |"
    yield ""
    yield "| | measured | aim |"
    yield "|---|--:|--:|"
    if name == "sqlite":
        yield f"| answers a second, 32 at a time | {found['answer'][-1]['steps_per_second']:,} | {AIM_STEPS:,} |"
    for row, ratio in zip(found["answer"], found["old_to_new_cpu"], strict=True):
        yield f"| {row['at_once']} at a time: of the store alone | {row['share_of_store']:.0%} | |"
        yield f"| {row['at_once']} at a time: CPU with old cases to without | {ratio}× | ≤ {AIM_OLD}× |"


def _flat(found: Row, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


_LABELS = {"answer": "answer", "walk": "walk", "store_alone": "store alone", "floor": "floor", "cpu_ms_per_step": "CPU a step"}


def main() -> None:
    """Measure, print, and write the page."""
    names = [section.name for section in SECTIONS]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds, few old cases; docs/benchmarks.md stays as it is")
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, help="these sections; docs/benchmarks.md stays as it is"
    )
    asked = parser.parse_args()
    whole = not asked.quick and asked.only == names

    def keep(report: Row) -> None:
        if whole:
            PAGE.parent.mkdir(exist_ok=True)
            PAGE.write_text(page(report), encoding="utf-8")

    report = measured(QUICK if asked.quick else FULL, asked.only, keep)
    print(json.dumps(report, indent=2))
    sys.exit(any(FAILED in report[name] for name in asked.only))


if __name__ == "__main__":
    main()
