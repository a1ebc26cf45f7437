"""What is SQLite's own: group commit; a full, read-only or locked file; a killed process, a busy one."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from adapters.database import open_store
from adapters.database.sqlite import SQLiteStore
from bot.ports import Store, StoreUnavailable
from tests.adapters.database.conftest import Work, count, names, opened, put

ROOT = Path(__file__).parents[3]


def file_of(url: str) -> Path:
    """The file behind a SQLite address."""
    return Path(str(make_url(url).database))


def driver(connection: Connection) -> sqlite3.Connection:
    """The connection below SQLAlchemy's."""
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def pragma(words: str) -> Work[object]:
    """A work that asks SQLite for a setting, or changes one."""

    def work(connection: Connection) -> object:
        row = driver(connection).execute(f"PRAGMA {words}").fetchone()
        return row and row[0]

    return work


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Another connection that holds the write lock, as a second process would."""
    with closing(sqlite3.connect(file_of(url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def writer_program() -> Iterator["subprocess.Popen[str]"]:
    """A second process with a store of its own (killed_writer.py)."""
    command = [sys.executable, "-m", "tests.adapters.database.killed_writer"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_the_file_is_set_up_for_durability(sqlite_store: Store) -> None:
    """WAL, an fsync at every commit, and foreign keys: nothing that was answered is lost with the power."""
    found = [await sqlite_store.write(pragma(name)) for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert found == ["wal", 2, 1]


async def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    """A fresh clone has no `var/` yet."""
    store = await open_store(f"sqlite:///{tmp_path}/var/deep/antenne.db")
    await store.close()
    assert (tmp_path / "var/deep/antenne.db").exists()


async def test_many_writes_share_a_commit_and_nobody_is_answered_before_it(sqlite_store: Store) -> None:
    """Fifty writes at once take a few commits, and every answer comes after the commit of its group."""
    log: list[str] = []
    await sqlite_store.write(lambda connection: driver(connection).set_trace_callback(log.append))
    log.clear()

    async def caller(number: int) -> None:
        await sqlite_store.write(put(f"{number:02}"))
        log.append(f"answer {number}")

    await asyncio.gather(*(caller(number) for number in range(50)))
    await sqlite_store.write(lambda connection: driver(connection).set_trace_callback(None))
    assert 1 <= log.count("COMMIT") < 25
    for number in range(50):
        written = next(i for i, line in enumerate(log) if "INSERT" in line and f"'{number:02}'" in line)
        assert log.index("COMMIT", written) < log.index(f"answer {number}")


async def test_a_commit_that_fails_is_told_to_its_whole_group(sqlite_store: Store) -> None:
    """A rule that is checked only at the commit undoes the group: all hear it, and the next write works."""

    def child_without_parent(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE child (of INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)"))
        connection.execute(text("INSERT INTO child VALUES (1)"))

    def slow(_connection: Connection) -> None:
        time.sleep(0.1)  # so that the next two are in the queue when this one ends

    outcomes = await asyncio.gather(
        *(sqlite_store.write(work) for work in (slow, child_without_parent, put("neighbour"))),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [IntegrityError] * 3
    assert await sqlite_store.write(put("after")) == "after"
    assert await sqlite_store.read(names) == ["after"]


@pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK"])
async def test_a_work_that_ends_the_transaction_is_refused(sqlite_store: Store, ending: str) -> None:
    """A work may not commit by itself, for itself and its neighbours."""
    with pytest.raises(RuntimeError, match="must not end the transaction"):
        await sqlite_store.write(lambda connection: driver(connection).execute(ending).close())
    with pytest.raises(RuntimeError, match="savepoints"):
        await sqlite_store.write(lambda connection: connection.begin_nested().is_active)
    assert await sqlite_store.write(put("after")) == "after"


async def test_a_full_disk_is_told_and_gone_when_there_is_room_again(sqlite_store: Store) -> None:
    """While there is no room every large write is told so and keeps nothing; reads and small writes go on."""
    pages = await sqlite_store.write(pragma("page_count"))
    engine = cast(SQLiteStore, sqlite_store)._writing

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    def large(connection: Connection) -> None:
        for number in range(2000):
            put(f"large {number} {'x' * 40}")(connection)

    event.listen(engine, "connect", limit)
    await sqlite_store.write(pragma(f"max_page_count={pages}"))
    for _ in range(3):
        with pytest.raises(StoreUnavailable) as caught:
            await sqlite_store.write(large)
        assert caught.value.reason == "full"
    await sqlite_store.write(put("small"))
    assert await sqlite_store.read(names) == ["small"]
    event.remove(engine, "connect", limit)
    await sqlite_store.write(pragma("max_page_count=1000000"))
    await sqlite_store.write(large)
    assert await sqlite_store.read(count) == 2001


async def test_a_read_only_file_is_told_and_can_be_read(sqlite_url: str) -> None:
    """Reads go on when nothing can be written."""
    writable = await opened(sqlite_url)
    await writable.write(put("kept"))
    store = await open_store(f"sqlite:///file:{file_of(sqlite_url)}?mode=ro&uri=true")
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught:
            await store.write(put("never"))
        assert caught.value.reason == "read_only"
    assert await store.read(names) == ["kept"]
    await store.close()
    await writable.close()


async def test_a_connection_that_became_read_only_is_replaced(sqlite_store: Store) -> None:
    """SQLite keeps a file read-only for the connection that found it so; the store takes a new one."""
    await sqlite_store.write(pragma("query_only=ON"))
    with pytest.raises(StoreUnavailable) as caught:
        await sqlite_store.write(put("never"))
    assert caught.value.reason == "read_only"
    assert await sqlite_store.write(put("kept")) == "kept"


async def test_a_locked_file_is_told_in_time_and_to_everybody_at_once(sqlite_store: Store, sqlite_url: str) -> None:
    """While another process holds the file, all who wait hear it after one waiting time; then it goes on."""
    with locked(sqlite_url):
        start = time.monotonic()
        outcomes = await asyncio.gather(*(sqlite_store.write(put(f"{number}")) for number in range(20)), return_exceptions=True)
        assert time.monotonic() - start < 8  # not half a second each
        assert await sqlite_store.read(names) == []
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, StoreUnavailable)} == {"locked"}
    assert len([outcome for outcome in outcomes if isinstance(outcome, StoreUnavailable)]) == 20
    assert await sqlite_store.write(put("after")) == "after"
    assert await sqlite_store.read(names) == ["after"]


async def test_a_short_lock_is_waited_for(sqlite_url: str) -> None:
    """Another process that is quick is not noticed."""
    store = await opened(sqlite_url)
    with locked(sqlite_url):
        task = asyncio.create_task(store.write(put("patient")))
        await asyncio.sleep(0.2)
        assert not task.done()
    assert await task == "patient"
    await store.close()


async def test_a_new_file_that_is_locked_is_refused_at_opening(sqlite_url: str) -> None:
    """What cannot be migrated is told at the start."""
    with closing(sqlite3.connect(file_of(sqlite_url))) as other:
        other.execute("PRAGMA journal_mode=WAL")
    with locked(sqlite_url), pytest.raises(StoreUnavailable) as caught:
        await open_store(sqlite_url, lock_timeout=0.2)
    assert caught.value.reason == "locked"


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """Pointing at a letter by mistake does not harm it; nor does pointing below a file."""
    letter = tmp_path / "letter.txt"
    letter.write_text("Beste burger, " * 500)
    with pytest.raises(StoreUnavailable) as caught:
        await open_store(f"sqlite:///{letter}")
    assert caught.value.reason == "corrupt"
    assert letter.read_text() == "Beste burger, " * 500
    with pytest.raises(StoreUnavailable) as caught:
        await open_store(f"sqlite:///{letter}/antenne.db")
    assert caught.value.reason == "unreachable"


async def test_a_second_process_works_while_the_first_is_busy(sqlite_url: str) -> None:
    """Twenty writes beside a process that never rests: each is answered soon, none is refused."""
    store = await opened(sqlite_url)
    with writer_program() as program:
        other = start_writer(program, sqlite_url)
        said = asyncio.create_task(asyncio.to_thread(said_until_dead, program))
        await asyncio.sleep(0.3)
        before = await store.read(count)
        waits = []
        for number in range(20):
            start = time.monotonic()
            await store.write(put(f"second {number}"))
            waits.append(time.monotonic() - start)
        assert await store.read(count) > before + 20  # the first went on as well
        os.kill(other, signal.SIGKILL)
        await said
    assert max(waits) < 4  # of the five after which it would be refused
    await store.close()


async def test_a_killed_process_loses_nothing_that_was_answered(sqlite_url: str) -> None:
    """Twenty times kill -9 in the middle of the work: every answered pair is there, and no half one."""
    await (await opened(sqlite_url)).close()
    answered = await asyncio.to_thread(kill_often, sqlite_url, 20)
    store = await open_store(sqlite_url)
    kept = set(await store.read(names))
    assert {f"{name}-{side}" for name in answered for side in ("left", "right")} <= kept
    left, right = ({name.removesuffix(side) for name in kept if name.endswith(side)} for side in ("-left", "-right"))
    assert left == right
    assert await store.write(pragma("integrity_check")) == "ok"
    await store.close()


def start_writer(program: "subprocess.Popen[str]", url: str) -> int:
    """Let the program write to `url`; the process id of the writer."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(url + "\n")
    return int(program.stdout.readline().removeprefix("pid "))


def said_until_dead(program: "subprocess.Popen[str]") -> list[str]:
    """The names that were answered until the writer was gone."""
    assert program.stdout is not None
    lines = iter(program.stdout.readline, "dead\n")
    return [line.strip() for line in lines]


def kill_often(url: str, times: int) -> list[str]:
    """Kill a writer `times` times, each a moment after its first answer; all names that were answered."""
    chance = random.Random(20)
    answered = []
    with writer_program() as program:
        assert program.stdout is not None
        for _ in range(times):
            writer = start_writer(program, url)
            answered.append(program.stdout.readline().strip())
            time.sleep(chance.uniform(0.0, 0.04))
            os.kill(writer, signal.SIGKILL)
            answered += said_until_dead(program)
    return answered
