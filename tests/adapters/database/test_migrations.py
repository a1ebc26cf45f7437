"""The migrations: they end at bot/tables.py, run by themselves, once, and refuse what they do not know."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from adapters.database import HEAD, StoreTooNew, migrate, open_store
from bot.ports import StoreUnavailable
from bot.tables import whole_metadata

ROOT = Path(__file__).parents[3]


def differences(connection: Connection) -> list[Any]:
    """A work that compares the database with bot/tables.py."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, whole_metadata()))


def schema(connection: Connection) -> set[tuple[str, ...]]:
    """A work that reads every table, column, rule and index as the database itself describes them."""
    if connection.dialect.name == "sqlite":
        queries = ["SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'alembic%' AND sql IS NOT NULL"]
    else:
        queries = [
            """SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,
               column_default
               FROM information_schema.columns WHERE table_schema = 'public'""",
            """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
               FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        ]
    rows = {tuple(map(str, row)) for query in queries for row in connection.execute(text(query))}
    # A rule's place inside CREATE TABLE means nothing, so SQLite's own text is compared as a set of lines.
    return {
        (*row[:2], *sorted(line.strip(" \t,") for line in "|".join(row[2:]).splitlines()))
        for row in rows
        if not row[0].startswith("alembic")
    }


def test_the_newest_revision_is_the_constant() -> None:
    """HEAD stands for Alembic's own answer at every start, so it must be true; and history is one line."""
    folder = Path(str(migrate.__file__)).with_name("migrations")
    assert ScriptDirectory(folder).get_heads() == [HEAD]


async def test_the_migrations_end_at_the_tables(database_url: str) -> None:
    """Autogenerate finds nothing to add on either database."""
    store = await open_store(database_url)
    assert await store.read(differences) == []
    await store.close()


async def test_migrated_and_created_schemas_are_the_same(database_url: str) -> None:
    """Also what autogenerate does not compare: partial indexes, names of rules, automatic numbers."""
    store = await open_store(database_url)
    migrated = await store.read(schema)

    def create_anew(connection: Connection) -> None:
        whole_metadata().drop_all(connection)
        whole_metadata().create_all(connection)

    await store.write(create_anew)
    assert migrated == await store.read(schema)
    await store.close()


async def test_several_that_open_a_new_database_at_once_migrate_it_once(database_url: str) -> None:
    """Replicas start together: one migrates, the others wait for it."""
    stores = await asyncio.gather(*(open_store(database_url, lock_timeout=20.0) for _ in range(4)))
    for store in stores:
        assert await store.read(lambda c: c.execute(text("SELECT version_num FROM alembic_version")).all()) == [(HEAD,)]
        await store.close()


async def test_a_newer_database_is_refused_and_left_as_it_is(database_url: str) -> None:
    """A revision that this program does not know is named, and nothing is changed."""
    store = await open_store(database_url)
    await store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999_later'")).close())
    await store.close()
    with pytest.raises(StoreTooNew, match="9999_later") as caught:
        await open_store(database_url)
    assert caught.value.revision == "9999_later"


async def test_a_ready_database_opens_without_alembic(database_url: str) -> None:
    """Alembic's import costs a good part of the start; it is left out when there is nothing to do."""
    await (await open_store(database_url)).close()
    program = (
        "import asyncio, sys\n"
        "from adapters.database import open_store\n"
        "async def main():\n"
        "    await (await open_store(sys.argv[1])).close()\n"
        "asyncio.run(main())\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    finished = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program, database_url], cwd=ROOT, check=False)
    assert finished.returncode == 0


async def test_opening_waits_for_no_lock_when_the_schema_is_ready(sqlite_url: str) -> None:
    """A second process attaches while the first one writes."""
    store = await open_store(sqlite_url)
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def attach() -> None:
        await started.wait()
        await (await open_store(sqlite_url, lock_timeout=0.1)).close()

    def hold(_connection: Connection) -> None:
        loop.call_soon_threadsafe(started.set)
        asyncio.run_coroutine_threadsafe(attach(), loop).result(5)

    try:
        await store.write(hold)
    except StoreUnavailable:  # pragma: no cover - what this test is there to prevent
        pytest.fail("opening waited for the write lock")
    await store.close()
