"""The store on SQLite: one writer thread with group commit, a few readers. Nothing here knows a table.

Every write is a savepoint inside a transaction that it shares with its neighbours in the queue; they are
answered together, after the one COMMIT that made them durable (`synchronous=FULL`).
"""

import asyncio
import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, cast

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from adapters.database import UnknownDatabase
from adapters.database.migrate import at_head, migrate
from adapters.database.quick import QuickConnection
from bot.ports import StoreUnavailable

T = TypeVar("T")

Reason = Literal["full", "read_only", "locked", "unreachable", "corrupt"]

# Primary result codes of https://www.sqlite.org/rescode.html that say "not now", and not "wrong statement".
_REASONS: dict[int, Reason] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
    sqlite3.SQLITE_IOERR: "unreachable",
    sqlite3.SQLITE_CANTOPEN: "unreachable",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
}
_OS_REASONS: dict[int, Reason] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
}
_GROUP = 128  # jobs in one commit at most: bounds how long the first of them waits for its answer
_READERS = 2


async def open_sqlite(url: URL, *, lock_timeout: float) -> "SQLiteStore":
    """Make the folder, migrate the file and start the threads. `lock_timeout` is in seconds."""
    return await asyncio.to_thread(_open, url, lock_timeout, asyncio.get_running_loop())


def _open(url: URL, lock_timeout: float, loop: asyncio.AbstractEventLoop) -> "SQLiteStore":
    folder = _folder(url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _migrate(url, lock_timeout)
        return SQLiteStore(url, folder, lock_timeout, loop)
    except (DBAPIError, sqlite3.Error, OSError) as error:
        reason = _reason(error)
        if reason is None:
            raise
    raise StoreUnavailable(reason)


def _folder(url: URL) -> Path:
    database = (url.database or "").removeprefix("file:")
    if database in ("", ":memory:") or url.query.get("mode") == "memory":
        raise UnknownDatabase("a database in memory forgets everything: give a file, such as sqlite:///var/antenne.db")
    return Path(database).absolute().parent


def _migrate(url: URL, lock_timeout: float) -> None:
    # Foreign keys are off: rebuilding a table (SQLite's way to alter one) drops it, which would cascade.
    engine = _engine(url, lock_timeout, "foreign_keys=OFF")
    try:
        with engine.connect() as connection:
            # Without BEGIN first: a process that finds the schema ready waits for no lock.
            if at_head(connection):
                return
            connection.rollback()
            with connection.begin():
                _driver(connection).execute("BEGIN IMMEDIATE")
                migrate(connection)
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise RuntimeError("the migration left a row that refers to nothing; nothing was changed")
    finally:
        engine.dispose()


def _engine(url: URL, lock_timeout: float, *pragmas: str) -> Engine:
    """An engine that never sends BEGIN: whoever begins a transaction says to the driver which kind.

    (SQLAlchemy's "begin" event would do it too, but one listener makes every statement an eighth slower.)
    """
    engine = create_engine(
        url,
        pool_size=_READERS,
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": lock_timeout, "check_same_thread": False},
        json_serializer=_json,
        json_deserializer=orjson.loads,
    )

    def connected(driver: sqlite3.Connection, _record: object) -> None:
        _write_ahead(driver, lock_timeout)
        for pragma in ("synchronous=FULL", "cache_size=-16384", "temp_store=MEMORY", *pragmas):
            driver.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", connected)
    return engine


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _write_ahead(driver: sqlite3.Connection, lock_timeout: float) -> None:
    """Set WAL mode. SQLite calls no busy handler for that, so two processes at a new file need this loop."""
    deadline = time.monotonic() + lock_timeout
    while True:
        try:
            driver.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if _reason(error) != "locked" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _reason(error: BaseException) -> Reason | None:
    """Why the store is not available; None when the statement or the caller is to blame."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    if isinstance(error, sqlite3.Error):
        return _REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(error, OSError):
        return _OS_REASONS.get(error.errno or 0, "unreachable")
    return None


class _Job:
    """One work with the place for its answer; the error is kept as a value so that it arrives unchanged."""

    __slots__ = ("error", "future", "value", "work")

    def __init__(self, work: Callable[[Connection], Any], future: "asyncio.Future[None] | None") -> None:
        self.work = work
        self.future = future
        self.value: Any = None
        self.error: BaseException | None = None

    def answer(self) -> Any:
        error, self.error = self.error, None  # breaks the circle job -> error -> traceback -> job
        if error is not None:
            raise error
        return self.value


class _Turn:
    """The line in which processes wait to write the same file: a lock on its folder, held only while waiting.

    SQLite's waiting is a poll, so a process that commits group after group would starve the others. This is a
    courtesy and no safety: whoever cannot get it in time goes on to SQLite's own lock.
    """

    def __init__(self, folder: Path, patience: float) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._patience = patience

    def __enter__(self) -> Self:
        deadline = 0.0
        while True:
            try:
                fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self
            except OSError as error:
                now = time.monotonic()
                deadline = deadline or now + self._patience
                if error.errno != errno.EWOULDBLOCK or now > deadline:
                    return self
                time.sleep(0.0005)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        fcntl.flock(self._folder, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._folder)


class SQLiteStore:
    """The `Store` port on one SQLite file, for the event loop in which it was opened."""

    def __init__(self, url: URL, folder: Path, lock_timeout: float, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._turn = _Turn(folder, lock_timeout)
        self._writing = _engine(url, lock_timeout, "foreign_keys=ON")
        self._reading = _engine(url, lock_timeout, "query_only=ON")
        self._connection: Connection | None = None
        self._closed = False
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="antenne-read")
        self._writer = threading.Thread(target=self._write_groups, name="antenne-write", daemon=True)
        self._writer.start()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction and return after its COMMIT is on the disk.

        An exception of `work` undoes this work only. Cancelling the caller does not stop a queued work.
        Raises StoreUnavailable: nothing of this work was kept.
        """
        self._check_open()
        answered = self._loop.create_future()
        job = _Job(work, answered)
        self._jobs.put(job)
        await answered
        answer: T = job.answer()
        return answer

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one consistent view that holds every finished write. Raises StoreUnavailable."""
        self._check_open()
        job = _Job(work, None)
        await self._loop.run_in_executor(self._readers, self._look, job)
        answer: T = job.answer()
        return answer

    async def close(self) -> None:
        """Finish every work that was handed in, then let go of the file."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await self._loop.run_in_executor(None, self._shut)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("the store is closed")

    def _shut(self) -> None:
        self._writer.join()
        self._readers.shutdown()
        self._reading.dispose()
        self._writing.dispose()
        self._turn.close()

    def _look(self, job: _Job) -> None:
        try:
            with QuickConnection(self._reading) as connection:
                try:
                    with connection.begin():
                        _driver(connection).execute("BEGIN")
                        job.value = job.work(connection)
                except DBAPIError as error:
                    if _reason(error) is not None:
                        connection.invalidate()  # the next read starts with a new connection
                    raise
        except BaseException as error:  # noqa: BLE001 - the caller gets it, whatever it is
            job.error = _told(error)

    # What follows runs in the writer thread.

    def _write_groups(self) -> None:
        more = True
        while more:
            job = self._jobs.get()
            if job is None:
                break
            more = self._write_group(job)
        self._drop_connection()

    def _write_group(self, first: _Job) -> bool:
        """Run and commit what is queued, then answer; False when the store was asked to close."""
        group, more = [first], True
        try:
            connection = self._connection
            if connection is None:
                connection = self._connection = QuickConnection(self._writing)
            driver = _driver(connection)
            transaction = connection.begin()
            with self._turn:
                driver.execute("BEGIN IMMEDIATE")
        except BaseException as error:  # noqa: BLE001 - the callers get it, and this thread lives on
            # Whoever already waits would meet the same obstacle, each after its own time-out: tell them now.
            more = self._drain(group)
            self._fail(group, error)
        else:
            try:
                while True:
                    self._write_one(group[-1], connection, driver)
                    if len(group) == _GROUP:
                        break
                    try:
                        job = self._jobs.get_nowait()
                    except Empty:
                        break
                    if job is None:
                        more = False
                        break
                    group.append(job)
                transaction.commit()
            except BaseException as error:  # noqa: BLE001 - the callers get it, and this thread lives on
                self._fail(group, error)
        self._answer(group)
        return more

    def _write_one(self, job: _Job, connection: Connection, driver: sqlite3.Connection) -> None:
        """Run one work in its savepoint. Raises only when the whole transaction is lost."""
        driver.execute("SAVEPOINT job")
        try:
            job.value = job.work(connection)
            if connection.in_nested_transaction():
                raise RuntimeError("a work must end the savepoints that it began")
            if not driver.in_transaction:
                raise RuntimeError("a work must not end the transaction in which it runs")
        except BaseException as error:
            job.error = _told(error)
            # A full disk or an I/O error can make SQLite undo everything: then the whole group hears it.
            if not driver.in_transaction or connection.in_nested_transaction():
                raise
            driver.execute("ROLLBACK TO job")
        driver.execute("RELEASE job")

    def _drain(self, group: list[_Job]) -> bool:
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return True
            if job is None:
                return False
            group.append(job)

    def _fail(self, group: list[_Job], error: BaseException) -> None:
        self._drop_connection()
        for job in group:
            if job.error is None:
                job.error = _told(error)

    def _drop_connection(self) -> None:
        """Undo what is open; the next group begins with a new connection, whatever state this one was in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _answer(self, group: list[_Job]) -> None:
        try:
            self._loop.call_soon_threadsafe(_wake, group)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more, and what was committed stays


def _wake(group: list[_Job]) -> None:
    for job in group:
        if job.future is not None and not job.future.done():  # done: the caller was cancelled
            job.future.set_result(None)


def _told(error: BaseException) -> BaseException:
    """What the caller gets: its own exception unchanged, or StoreUnavailable without SQL or text."""
    reason = _reason(error) if isinstance(error, (DBAPIError, sqlite3.Error)) else None
    return error if reason is None else StoreUnavailable(reason)
