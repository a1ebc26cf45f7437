"""The contract of the `Store` port: the same promises on SQLite and on a real PostgreSQL."""

import asyncio
import traceback
from typing import cast

import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from adapters.database import UnknownDatabase, open_store
from bot.ports import Store, StoreUnavailable
from tests.adapters.database.conftest import COUNTERS, Work, count, names, opened, put


class Refused(Exception):
    """What a work raises here on purpose."""


def increment(connection: Connection) -> None:
    """A work that reads a row, locks it and writes it back."""
    row = select(COUNTERS.c.value).where(COUNTERS.c.name == "n").with_for_update()
    value = connection.execute(row).scalar_one()
    connection.execute(update(COUNTERS).where(COUNTERS.c.name == "n").values(value=value + 1))


async def test_a_write_returns_what_its_work_returns(store: Store) -> None:
    """The value of the work is the value of the write, and a read sees what was written."""
    assert await store.write(put("one", 1)) == "one"
    assert await store.read(names) == ["one"]


async def test_an_answered_write_is_committed(store: Store, database_url: str) -> None:
    """A second store on the same database sees a write as soon as it was answered."""
    other = await opened(database_url)
    for name in ("a", "b", "c"):
        await store.write(put(name))
        assert name in await other.read(names)
    await other.close()


async def test_an_exception_undoes_one_work_and_leaves_its_neighbours(store: Store) -> None:
    """Of a hundred works at once every third fails: the others are kept, and each error arrives unchanged."""
    errors = {index: Refused(str(index)) for index in range(0, 100, 3)}

    def work(index: int) -> Work[int]:
        def run(connection: Connection) -> int:
            put(f"{index:03}")(connection)
            if index in errors:
                raise errors[index]
            return index

        return run

    answers = await asyncio.gather(*(store.write(work(n)) for n in range(100)), return_exceptions=True)
    assert answers == [errors.get(n, n) for n in range(100)]
    assert await store.read(names) == [f"{n:03}" for n in range(100) if n not in errors]


async def test_a_broken_rule_of_the_schema_undoes_one_work(store: Store) -> None:
    """The second of two equal keys is refused with IntegrityError, together with what its work did before."""

    def twice(connection: Connection) -> None:
        put("before")(connection)
        put("same")(connection)

    await store.write(put("same"))
    outcomes = await asyncio.gather(
        store.write(put("left")), store.write(twice), store.write(put("right")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [str, IntegrityError, str]
    assert await store.read(names) == ["left", "right", "same"]


async def test_a_work_may_catch_a_broken_rule_in_a_savepoint(store: Store) -> None:
    """An event that was seen before is found with a savepoint of the work itself, and the work goes on."""

    def work(connection: Connection) -> str:
        try:
            with connection.begin_nested():
                put("seen")(connection)
        except IntegrityError:
            put("again")(connection)
            return "again"
        return "new"

    assert [await store.write(work), await store.write(work)] == ["new", "again"]
    assert await store.read(names) == ["again", "seen"]


async def test_an_error_of_the_database_tells_no_value(store: Store) -> None:
    """Neither message nor traceback of a refused statement repeats what was to be stored."""
    await store.write(put("geheim van een burger"))
    wrong_type = cast(int, ["geheim van een burger"])
    for value in (0, wrong_type):
        with pytest.raises(DBAPIError) as caught:
            await store.write(put("geheim van een burger", value))
        error: BaseException | None = caught.value
        while error is not None:
            assert "burger" not in f"{error!r} {error} {''.join(traceback.format_exception_only(error))}"
            error = error.__cause__


async def test_writes_that_wait_for_each_other_keep_their_order(store: Store) -> None:
    """A caller that waits for each answer finds its writes in that order."""
    for number in range(20):
        seen = await store.write(lambda connection: len(names(connection)))
        assert seen == number
        await store.write(put(f"{number:02}"))


async def test_a_hundred_increments_at_once_count_to_a_hundred(store: Store) -> None:
    """Reading a row FOR UPDATE and writing it back loses no update."""

    await store.write(put("n"))
    await asyncio.gather(*(store.write(increment) for _ in range(100)))
    assert await store.read(lambda c: c.execute(select(COUNTERS.c.value)).scalar_one()) == 100


async def test_two_stores_on_one_database_lose_no_update(store: Store, database_url: str) -> None:
    """Two processes may share the database: their increments add up."""

    other = await opened(database_url)
    await store.write(put("n"))
    await asyncio.gather(*(each.write(increment) for _ in range(50) for each in (store, other)))
    assert await other.read(lambda c: c.execute(select(COUNTERS.c.value)).scalar_one()) == 100
    await other.close()


async def test_reads_run_beside_writes(store: Store) -> None:
    """Every read sees whole works only: two rows that are written together are never seen apart."""

    def pair(number: int) -> Work[None]:
        def work(connection: Connection) -> None:
            put(f"{number}-left")(connection)
            put(f"{number}-right")(connection)

        return work

    writes = [store.write(pair(number)) for number in range(50)]
    counts = [store.read(count) for _ in range(50)]
    _, seen = await asyncio.gather(asyncio.gather(*writes), asyncio.gather(*counts))
    assert all(number % 2 == 0 for number in seen)
    assert await store.read(count) == 100


async def test_a_read_refuses_to_write(store: Store) -> None:
    """A work handed to `read` by mistake changes nothing."""
    with pytest.raises(StoreUnavailable) as caught:
        await store.read(put("never"))
    assert caught.value.reason == "read_only"
    assert await store.read(names) == []


async def test_an_exception_in_a_read_arrives_unchanged(store: Store) -> None:
    """Also StopIteration, which asyncio cannot carry: the caller hears of it instead of waiting for ever."""

    def work(_connection: Connection) -> None:
        raise Refused

    with pytest.raises(Refused):
        await store.read(work)
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(store.read(lambda _connection: next(iter(()))), 5)
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(store.write(lambda _connection: next(iter(()))), 5)


async def test_a_cancelled_caller_breaks_nothing(store: Store) -> None:
    """Half of the callers leave while their work waits: the others are answered and the store goes on."""
    tasks = [asyncio.create_task(store.write(put(f"{number:02}"))) for number in range(40)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[1::2] == [f"{number:02}" for number in range(1, 40, 2)]
    await store.write(put("after"))
    kept = await store.read(names)
    assert {*answers[1::2], "after"} <= set(kept)


async def test_closing_finishes_what_was_handed_in(database_url: str) -> None:
    """Close waits for every work; after it the store refuses, and closing twice is no error."""
    store = await opened(database_url)
    tasks = [asyncio.create_task(store.write(put(f"{number:02}"))) for number in range(40)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*tasks) == [f"{number:02}" for number in range(40)]
    await store.close()
    with pytest.raises(RuntimeError, match="closed"):
        await store.write(names)
    with pytest.raises(RuntimeError, match="closed"):
        await store.read(names)
    again = await open_store(database_url)
    assert len(await again.read(names)) == 40
    await again.close()


async def test_a_wrong_statement_is_the_callers_error(store: Store) -> None:
    """A statement that no database understands is not reported as a database that is away."""
    with pytest.raises(DBAPIError):
        await store.write(lambda connection: connection.execute(text("SELECT nothing FROM nowhere")).first())
    assert await store.write(put("next")) == "next"


@pytest.mark.parametrize("url", ["", "antenne.db", "mysql://u:geheim@h/d", "sqlite://", "sqlite:///:memory:"])
async def test_an_address_that_is_no_database_is_refused(url: str) -> None:
    """What cannot hold the cases is refused with a sentence that repeats no password."""
    with pytest.raises(UnknownDatabase, match="database") as caught:
        await open_store(url)
    assert "geheim" not in str(caught.value)
