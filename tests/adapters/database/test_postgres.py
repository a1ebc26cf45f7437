"""What is PostgreSQL's own: deadlocks, lost connections, a server that is away."""

import asyncio

import pytest
from sqlalchemy import Connection, text, update
from sqlalchemy.engine import make_url

from adapters.database import open_store
from bot.ports import Store, StoreUnavailable
from tests.adapters.database.conftest import COUNTERS, Work, names, opened, put
from tests.servers import PostgresServer


def drop_connections(server: PostgresServer, url: str) -> None:
    """End every connection of one database, as a restart of the server does."""
    name = make_url(url).database
    query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - our name
    server.run(query)


async def test_a_commit_waits_for_the_disk(postgres_store: Store) -> None:
    """The server's own durability is left on."""
    assert await postgres_store.read(lambda c: c.execute(text("SHOW synchronous_commit")).scalar()) == "on"
    assert await postgres_store.read(lambda c: c.execute(text("SHOW transaction_isolation")).scalar()) == "read committed"


async def test_works_that_block_each_other_both_succeed(postgres_store: Store) -> None:
    """Two works that lock the same rows in opposite order: one of them is run again."""
    await postgres_store.write(put("a"))
    await postgres_store.write(put("b"))

    def lock_both(*order: str) -> Work[None]:
        def work(connection: Connection) -> None:
            for name in order:
                connection.execute(update(COUNTERS).where(COUNTERS.c.name == name).values(value=COUNTERS.c.value + 1))
                connection.execute(text("SELECT pg_sleep(0.1)"))

        return work

    await asyncio.gather(postgres_store.write(lock_both("a", "b")), postgres_store.write(lock_both("b", "a")))
    values = await postgres_store.read(lambda c: set(c.execute(COUNTERS.select()).scalars("value").all()))
    assert values == {2}


async def test_a_row_that_stays_locked_is_told(postgres_url: str) -> None:
    """Waiting for a row ends after the lock time-out, and the store goes on."""
    store = await opened(postgres_url, lock_timeout=0.3)
    await store.write(put("n"))
    held = asyncio.Event()

    def hold(connection: Connection) -> None:
        connection.execute(update(COUNTERS).values(value=1))
        held.set()
        connection.execute(text("SELECT pg_sleep(2)"))

    holder = asyncio.create_task(store.write(hold))
    await held.wait()
    with pytest.raises(StoreUnavailable) as caught:
        await store.write(lambda connection: connection.execute(update(COUNTERS).values(value=2)).rowcount)
    assert caught.value.reason == "locked"
    await holder
    assert await store.write(put("after")) == "after"
    await store.close()


async def test_connections_that_were_lost_at_rest_are_not_noticed(
    postgres_store: Store, postgres_server: PostgresServer, postgres_url: str
) -> None:
    """A server that restarted between two writes costs no write and no read."""
    await postgres_store.write(put("before"))
    drop_connections(postgres_server, postgres_url)
    assert await postgres_store.read(names) == ["before"]
    drop_connections(postgres_server, postgres_url)
    assert await postgres_store.write(put("after")) == "after"
    assert await postgres_store.read(names) == ["after", "before"]


async def test_a_connection_that_is_lost_in_a_work_costs_nothing_twice(
    postgres_store: Store, postgres_server: PostgresServer, postgres_url: str
) -> None:
    """The work is run again from a clean start, so that its row is there once."""
    runs = []
    begun = asyncio.Event()

    def work(connection: Connection) -> str:
        runs.append(1)
        name = put(f"run {len(runs)}")(connection)
        begun.set()
        connection.execute(text(f"SELECT pg_sleep({0 if len(runs) > 1 else 5})"))
        return name

    task = asyncio.create_task(postgres_store.write(work))
    await begun.wait()
    await asyncio.to_thread(drop_connections, postgres_server, postgres_url)
    assert await task == "run 2"
    assert await postgres_store.read(names) == ["run 2"]


async def test_a_server_that_is_away_is_told_without_its_address() -> None:
    """No server, no name, no password in what the caller sees."""
    with pytest.raises(StoreUnavailable) as caught:
        await open_store("postgresql://antenne:geheim@127.0.0.1:9/antenne", lock_timeout=1.0)
    assert caught.value.reason == "unreachable"
    assert "geheim" not in str(caught.value)


async def test_a_database_that_is_away_comes_back(
    postgres_store: Store, postgres_server: PostgresServer, postgres_url: str
) -> None:
    """While the database takes no connections every write is told so; afterwards the same store works."""
    name = make_url(postgres_url).database
    drop_connections(postgres_server, postgres_url)
    postgres_server.run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught:
            await postgres_store.write(put("never"))
        assert caught.value.reason == "unreachable"
    postgres_server.run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert await postgres_store.write(put("back")) == "back"


async def test_a_read_only_server_is_told(postgres_store: Store, postgres_server: PostgresServer, postgres_url: str) -> None:
    """A standby, or a database that was set read-only, can still be read."""
    name = make_url(postgres_url).database
    postgres_server.run(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    drop_connections(postgres_server, postgres_url)
    with pytest.raises(StoreUnavailable) as caught:
        await postgres_store.write(put("never"))
    assert caught.value.reason == "read_only"
    assert await postgres_store.read(names) == []


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+asyncpg", "postgres"])
async def test_the_driver_in_the_address_is_optional(postgres_url: str, driver: str) -> None:
    """An address is taken as every manual writes it, also with libpq's word for encryption."""
    address = make_url(postgres_url).set(drivername=driver).update_query_dict({"sslmode": "disable"})
    store = await open_store(address.render_as_string(hide_password=False))
    await store.close()
