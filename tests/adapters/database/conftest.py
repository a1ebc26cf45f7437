"""Fixtures of the store's tests: the servers, and an opened store with a table of their own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, select

from adapters.database import open_store
from bot.ports import Store
from tests.servers import PostgresServer

T = TypeVar("T")
Work = Callable[[Connection], T]

COUNTERS = Table(
    "test_counters",
    MetaData(),
    Column("name", String(60), primary_key=True),
    Column("value", Integer, nullable=False),
)


def put(name: str, value: int = 0) -> Work[str]:
    """A work that adds a row."""

    def work(connection: Connection) -> str:
        connection.execute(COUNTERS.insert(), {"name": name, "value": value})
        return name

    return work


def names(connection: Connection) -> list[str]:
    """A work that reads the names of all rows."""
    return list(connection.execute(select(COUNTERS.c.name).order_by(COUNTERS.c.name)).scalars())


def count(connection: Connection) -> int:
    """A work that counts the rows."""
    return connection.execute(select(func.count()).select_from(COUNTERS)).scalar_one()


async def opened(url: str, *, lock_timeout: float = 5.0) -> Store:
    """Open a store whose test table exists."""
    store = await open_store(url, lock_timeout=lock_timeout)
    await store.write(lambda connection: COUNTERS.create(connection, checkfirst=True))
    return store


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet, for one test."""
    return f"sqlite:///{tmp_path}/antenne.db"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """An empty PostgreSQL database for one test."""
    return postgres_server.new_database()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An opened store on each database in turn."""
    store = await opened(database_url)
    yield store
    await store.close()


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    """An opened store on SQLite that waits half a second for another process."""
    store = await opened(sqlite_url, lock_timeout=0.5)
    yield store
    await store.close()


@pytest.fixture
async def postgres_store(postgres_url: str) -> AsyncIterator[Store]:
    """An opened store on PostgreSQL."""
    store = await opened(postgres_url)
    yield store
    await store.close()
