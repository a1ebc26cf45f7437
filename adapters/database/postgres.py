"""The store on PostgreSQL: SQLAlchemy's asyncpg engine, one transaction a work. Knows no table."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import asyncpg
import orjson
from sqlalchemy import URL, Connection, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from adapters.database.migrate import migrate
from adapters.database.quick import QuickConnection
from bot.ports import StoreUnavailable

T = TypeVar("T")

Reason = Literal["full", "read_only", "locked", "unreachable", "corrupt"]

# SQLSTATE or the beginning of it: https://www.postgresql.org/docs/current/errcodes-appendix.html
_REASONS: dict[str, Reason] = {
    "53100": "full",
    "25006": "read_only",
    "55P03": "locked",
    "3D000": "unreachable",
    "XX001": "corrupt",
    "XX002": "corrupt",
    "57P": "unreachable",
    "08": "unreachable",
    "28": "unreachable",
    "40": "locked",
    "53": "unreachable",
    "58": "unreachable",
}
_LOST = ("57P", "08")  # the connection is gone
# Run again, from a clean start: serialization failure, deadlock, a plan that a migration made invalid.
_AGAIN = ("40001", "40P01", "0A000")
_ATTEMPTS = 6
_POOL = 10  # connections; more works than that wait their turn here and not in the server
_PATIENCE = 30.0  # seconds for a connection to become free, and for a statement to answer


async def open_postgres(url: URL, *, lock_timeout: float) -> "PostgresStore":
    """Connect and migrate. `lock_timeout`: seconds that a statement waits for a locked row."""
    store = PostgresStore(url, lock_timeout)
    try:
        await store.write(migrate)
    except BaseException:
        await store.close()
        raise
    return store


class PostgresStore:
    """The `Store` port on a PostgreSQL database; READ COMMITTED, the works lock their rows themselves."""

    def __init__(self, url: URL, lock_timeout: float) -> None:
        self._engine = _engine(url, lock_timeout)
        self._reading = self._engine.execution_options(postgresql_readonly=True)
        for engine in (self._engine, self._reading):  # an asynchronous engine asks for no class of connection
            engine.sync_engine._connection_cls = QuickConnection  # noqa: SLF001 - only a synchronous engine can be told
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction and return after its COMMIT is on the disk.

        `work` may run more than once (a deadlock, a connection lost before the COMMIT), each time from a
        clean start. An exception of `work` undoes it. Cancelling the caller does not stop it.
        Raises StoreUnavailable; only "unreachable" leaves open whether a COMMIT under way was kept.
        """
        return await self._apart(self._engine, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that refuses to write. Raises StoreUnavailable."""
        return await self._apart(self._reading, work)

    async def close(self) -> None:
        """Finish every work that was handed in, then close the connections."""
        self._closed = True
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._engine.dispose()

    async def _apart(self, engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
        """Run in a task of its own: a cancelled caller must not cut a statement and cost a connection."""
        if self._closed:
            raise RuntimeError("the store is closed")
        task = asyncio.create_task(_run(engine, work))
        self._running.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not log the error of a caller that left


async def _run(engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
    for attempt in range(1, _ATTEMPTS + 1):
        connection = engine.connect()
        try:
            await connection.start()
        except (
            DBAPIError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            NoConnectionFree,
            OSError,
        ) as error:
            reason = _reason(error)
            raise StoreUnavailable("unreachable" if reason is None else reason) from None
        try:
            return await _transaction(connection, work)
        except _Retry as retry:
            if attempt == _ATTEMPTS:
                raise StoreUnavailable(retry.reason) from None
        # Spread in time, so that two that met do not meet again.
        await asyncio.sleep(random.uniform(0.002, 0.02) * attempt)  # noqa: S311 - a pause, and no secret
    raise AssertionError("the last attempt returns or raises")


class _Retry(Exception):
    """Nothing of this attempt was kept and another one may succeed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def _begun(connection: Connection, work: Callable[[Connection], T]) -> T:
    connection.begin()
    return work(connection)


async def _transaction(connection: AsyncConnection, work: Callable[[Connection], T]) -> T:
    committing = False
    try:
        value = await connection.run_sync(_begun, work)
        committing = True
        await connection.commit()
        return value
    except DBAPIError as error:
        state = _state(error)
        lost = error.connection_invalidated or state.startswith(_LOST)
        if lost:
            await connection.invalidate()
        if state in _AGAIN or (lost and not committing):
            raise _Retry("unreachable" if lost else "locked") from None
        reason = "unreachable" if lost else _reason(error)
        if reason is None:
            raise
        raise StoreUnavailable(reason) from None
    except (ConnectionError, TimeoutError):
        # A work does no I/O of its own (one event, no network), so this is the connection to the database.
        await connection.invalidate()
        raise StoreUnavailable("unreachable") from None
    finally:
        await connection.close()


def _engine(url: URL, lock_timeout: float) -> AsyncEngine:
    mode = url.query.get("sslmode")  # libpq's word, as in every hosting manual; asyncpg calls it ssl
    if mode is not None:
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    engine = create_async_engine(
        url,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        pool_size=_POOL,
        max_overflow=0,
        pool_timeout=_PATIENCE,
        connect_args={
            "timeout": lock_timeout,
            "command_timeout": _PATIENCE,
            "server_settings": {
                "application_name": "antenne",
                "lock_timeout": str(round(lock_timeout * 1000)),
                # Every statement of ours reads a few rows by an index. Where the planner guesses badly how few ("wanted > shown": a
                # third of a million), it would start workers, a compiler, or read the whole table, for milliseconds each.
                "max_parallel_workers_per_gather": "0",
                "jit": "off",
                "random_page_cost": "1.1",
            },
        },
        json_serializer=_json,
        json_deserializer=orjson.loads,
    )
    event.listen(engine.sync_engine, "handle_error", _scrub)
    return engine


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _scrub(context: ExceptionContext) -> None:
    """Take the row's values out of the error: PostgreSQL puts them into message and detail."""
    errors: list[BaseException | None] = [context.original_exception, context.sqlalchemy_exception]
    while errors:
        error = errors.pop()
        if error is None:
            continue
        if isinstance(error, DBAPIError):
            error.args = (f"{type(error).__name__} {_state(error)}".strip(),)
        else:
            errors.append(error.__cause__)
            fields = vars(error)
            told = (type(error).__name__, fields.get("sqlstate"), fields.get("constraint_name"))
            error.args = (" ".join(str(part) for part in told if part),)
            fields.update({name: None for name in ("hint", "context", "query") if name in fields})
            if "detail" in fields:  # PostgreSQL's is a text; SQLAlchemy's own a list, which its str() goes through
                fields["detail"] = [] if isinstance(fields["detail"], list) else None


def _state(error: BaseException) -> str:
    """The SQLSTATE, empty when there is none."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    return str(getattr(error, "sqlstate", None) or "")


def _reason(error: BaseException) -> Reason | None:
    """Why the store is not available; None when the statement or the caller is to blame."""
    if isinstance(error, NoConnectionFree):
        return "locked"
    state = _state(error)
    return next((_REASONS[state[:size]] for size in (5, 3, 2) if state[:size] in _REASONS), None)
