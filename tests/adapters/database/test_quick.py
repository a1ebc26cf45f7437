"""Statements that run again: the quick way must say what SQLAlchemy's own way says, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Executable, bindparam, func, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.database.quick import QuickConnection, Written
from bot.ports import Store
from bot.tables import cases, clocks, digests, events, insert_new, preferences, threads

AT = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
CASE: dict[str, Any] = {
    "moderator": None, "pasted_by": "an", "phase": "walking", "opened": AT, "changed": AT, "tree_version": "1", "policy_version": "1",
    "chain": "", "length": 0, "state": "{}",
}  # fmt: skip
THREAD: dict[str, Any] = {"role": "antenna", "conversation": "local:an", "phase": "open", "due": AT}


def filled(conn: Connection) -> None:
    """Two cases, of which one is closed, a thread and a clock."""
    for extra in ({}, {"moderator": "an", "closed": AT, "department": "mobiliteit"}):
        conn.execute(cases.insert(), CASE | extra)
    conn.execute(threads.insert(), THREAD | {"case_id": 1, "department": "x", "by_hand": True})
    conn.execute(clocks.insert(), {"case_id": 1, "kind": "term", "name": "a", "due": AT})


READS: list[tuple[Executable, dict[str, Any]]] = [
    (select(cases).where(cases.c.id == bindparam("number")), {"number": 2}),
    (select(cases).where(cases.c.id == bindparam("number")), {"number": 99}),
    (select(cases.c.id, cases.c.closed, (cases.c.length + 1).label("next")).order_by(cases.c.id), {}),
    (select(cases.c.id, threads.c.by_hand).join(threads, threads.c.case_id == cases.c.id).with_for_update(of=cases), {}),
    (select(clocks.c.due).where(clocks.c.due <= bindparam("now"), clocks.c.kind == "term"), {"now": AT + timedelta(1)}),
    (select(func.count(), func.max(cases.c.changed)), {}),
    (select(cases.c.id, threads.c.id).join(threads, threads.c.case_id == cases.c.id), {}),
    (select(cases.c.id).where(cases.c.id.in_(bindparam("ids", expanding=True))).order_by(cases.c.id), {"ids": [1, 2, 3]}),
]


@pytest.mark.parametrize(("statement", "values"), READS)
async def test_rows_are_the_same_quickly(store: Store, statement: Executable, values: dict[str, Any]) -> None:
    """Values, their types and their names: of a statement's first run, which is SQLAlchemy's own, and of its third."""
    await store.write(filled)

    def three_times(conn: Connection) -> list[list[dict[str, Any]]]:
        assert isinstance(conn, QuickConnection)
        conn.execute(select(events)).all()  # a transaction has begun
        return [[dict(row._mapping) for row in conn.execute(statement, values)] for _ in range(3)]

    usual, *quick = await store.write(three_times)  # a lock is part of some
    assert quick == [usual, usual]
    assert [type(value) for row in quick[1] for value in row.values()] == [type(value) for row in usual for value in row.values()]


async def test_what_is_written_is_the_same_quickly(store: Store) -> None:
    """Keys of new rows, counts of changed ones, defaults, and nothing written twice."""
    new, change = cases.insert(), update(cases).where(cases.c.id <= bindparam("last")).values(length=cases.c.length + 1)

    def work(conn: Connection) -> tuple[list[Any], list[int], list[bool], list[Any]]:
        keys = [conn.execute(new, CASE | {"chain": str(number)}).inserted_primary_key for number in range(5)]
        counts = [conn.execute(change, {"last": last}).rowcount for last in (1, 5, 3, 0)]
        fresh = [insert_new(conn, events, id=name, at=AT) for name in ("a", "b", "c", "c", "a", "d")]
        again = [insert_new(conn, digests, week="2026-W47", department=name, at=AT) for name in ("x", "x", "y", "x")]
        return [key[0] for key in keys if key], counts, fresh + again, list(conn.execute(select(cases.c.length)).scalars())

    keys, counts, fresh, lengths = await store.write(work)
    assert keys == sorted(set(keys))
    assert len(keys) == 5
    assert counts == [1, 5, 3, 0]
    assert fresh == [True, True, True, False, False, True, True, False, True, False]
    assert sorted(lengths) == [1, 1, 2, 2, 3]


async def test_an_error_is_the_same_quickly(store: Store) -> None:
    """The class of the usual way, nothing of the row in what it says, and what the work did before undone."""
    new = events.insert()

    def work(conn: Connection) -> None:
        for name in ("a", "b", "c", "geheim@torenbeek.be", "geheim@torenbeek.be"):
            conn.execute(new, {"id": name, "at": AT})

    with pytest.raises(IntegrityError) as caught:
        await store.write(work)
    assert isinstance(caught.value, DBAPIError)
    assert "geheim" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.orig!r}"
    assert await store.read(lambda conn: conn.execute(select(func.count()).select_from(events)).scalar_one()) == 0


async def test_a_missing_value_is_refused_as_ever(store: Store) -> None:
    """A statement asked for with other parameters is another one: it never borrows a value of the run before."""
    found = select(preferences).where(preferences.c.person == bindparam("who"))

    def work(conn: Connection) -> None:
        for _ in range(3):
            conn.execute(found, {"who": "an"}).all()
        conn.execute(found, {}).all()

    with pytest.raises(StatementError):
        await store.read(work)


async def test_many_rows_at_once_go_the_usual_way(store: Store) -> None:
    """A list of rows is no row."""
    new = events.insert()

    def work(conn: Connection) -> int:
        for number in range(3):
            assert isinstance(conn.execute(new, {"id": str(number), "at": AT}), Written) == (number > 0)
        conn.execute(new, [{"id": name, "at": AT} for name in ("a", "b")])
        return int(conn.execute(select(func.count()).select_from(events)).scalar_one())

    assert await store.write(work) == 5


async def test_an_engine_asks_its_class_for_connections(postgres_url: str) -> None:
    """What PostgreSQL's store relies on, as the asynchronous engine has no word for it."""
    engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    engine.sync_engine._connection_cls = QuickConnection
    async with engine.connect() as connection:
        assert isinstance(connection.sync_connection, QuickConnection)
    await engine.dispose()
