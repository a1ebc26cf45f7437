"""When the database cannot, when a delivery comes again, when a button is old: a clear answer, and nothing half kept."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import asyncpg
import pexpect.popen_spawn
import pytest
from sqlalchemy import event, func, select
from sqlalchemy.engine import make_url

from adapters.database.sqlite import SQLiteStore
from bot.antenne import Antenne
from bot.events import Answer, Pasted, Pressed
from bot.outbox import LEASE
from bot.presses import AllDone, Back, Press
from bot.sentences import sentences
from bot.tables import metadata, timeline
from tests.strict_chat import COMMENT, Clock, StrictChat, actor, bot_on, choose, paste

ROOT = Path(__file__).parents[2]
SPEAKERS = (("an", "nl"), ("karim", "en"))


@pytest.fixture
def clock() -> Clock:
    """The time of one test."""
    return Clock()


@pytest.fixture
async def antenne(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Antenne]:
    """A whole bot that waits a third of a second for another process, on each database in turn."""
    async with bot_on(database_url, tmp_path, {"slack": StrictChat()}, clock, lock_timeout=0.3) as opened:
        yield opened


@pytest.fixture
async def on_sqlite(sqlite_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Antenne]:
    """The same, on SQLite only."""
    async with bot_on(sqlite_url, tmp_path, {"slack": StrictChat()}, clock, lock_timeout=0.3) as opened:
        yield opened


async def rows(antenne: Antenne) -> dict[str, int]:
    """How many rows each table has."""
    return await antenne.store.read(
        lambda conn: {
            table.name: int(conn.execute(select(func.count()).select_from(table)).scalar_one())
            for table in metadata.sorted_tables
        }
    )


async def entries(antenne: Antenne, case: int) -> list[str]:
    """What the timeline of a case says was done."""
    query = select(timeline.c.what).where(timeline.c.case_id == case).order_by(timeline.c.number)
    return await antenne.store.read(lambda conn: list(conn.execute(query).scalars()))


# --- a database that cannot --------------------------------------------------------------------------------


@contextmanager
def on_every_connection(antenne: Antenne, *words: str) -> Iterator[None]:
    """Set something in SQLite for the writer, also on the connections that it opens anew."""
    store = cast(SQLiteStore, antenne.store)

    def connected(driver: sqlite3.Connection, _record: object) -> None:
        for word in words:
            driver.execute(f"PRAGMA {word}")

    event.listen(store._writing, "connect", connected)
    store._drop_connection()  # no work is under way: the next one opens a connection
    yield
    event.remove(store._writing, "connect", connected)
    store._drop_connection()


@contextmanager
def held_by_another_process(url: str) -> Iterator[None]:
    """A second process that has the file's write lock."""
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE'); "
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(make_url(url).database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate()


async def refuses_and_recovers(antenne: Antenne, case: int, reason: str) -> None:
    """Both languages hear it, nothing is kept."""
    before = await rows(antenne)
    for person, language in SPEAKERS:
        pasted = await antenne.handle(Pasted(id=f"paste-{person}", actor=actor(person), text=COMMENT * 400))
        pressed = await choose(antenne, f"press-{person}", case, 0, "negatief", person)
        for answer in (pasted, pressed):
            assert answer == Answer(note=sentences(language).t(f"trouble.{reason}"), refused=True, kept="not")
    assert await rows(antenne) == before


async def goes_on(antenne: Antenne, case: int) -> None:
    """The same deliveries again: none was taken for done."""
    assert (await choose(antenne, "press-an", case, 0, "negatief")).card is not None
    assert await paste(antenne, "paste-karim", "karim", COMMENT * 400) > case
    await antenne.work()


async def test_a_full_disk(on_sqlite: Antenne) -> None:
    """Said in Dutch and in English; what was there stays, and it goes on when there is room."""
    case = await paste(on_sqlite, "e1")
    with closing(sqlite3.connect(str(cast(SQLiteStore, on_sqlite.store)._writing.url.database))) as file:
        [pages] = file.execute("PRAGMA page_count").fetchone()
    with on_every_connection(on_sqlite, f"max_page_count={pages}"):
        before = await rows(on_sqlite)
        for person, language in SPEAKERS:
            answers = [
                await on_sqlite.handle(Pasted(id=f"{person}-{number}", actor=actor(person), text=f"{number} {COMMENT * 400}"))
                for number in range(4)  # until the pages that are there are used up
            ]
            assert answers[-1] == Answer(note=sentences(language).t("trouble.full"), refused=True, kept="not")
        after = await rows(on_sqlite)
        kept = after["cases"] - before["cases"]
        assert after["timeline"] - before["timeline"] == after["comments"] - before["comments"] == kept
        assert after["events"] - before["events"] == kept
    await goes_on(on_sqlite, case)


async def test_a_read_only_database(on_sqlite: Antenne) -> None:
    """Said in Dutch and in English; what is there can be read."""
    case = await paste(on_sqlite, "e1")
    await on_sqlite.work()
    with on_every_connection(on_sqlite, "query_only=ON"):
        await refuses_and_recovers(on_sqlite, case, "read_only")
        assert (await on_sqlite.overview("an")).body
    await goes_on(on_sqlite, case)


async def test_a_database_that_another_process_holds(on_sqlite: Antenne, sqlite_url: str) -> None:
    """Said in Dutch and in English after the waiting time; it goes on as soon as the other is done."""
    case = await paste(on_sqlite, "e1")
    with held_by_another_process(sqlite_url):
        await refuses_and_recovers(on_sqlite, case, "locked")
    await goes_on(on_sqlite, case)


async def test_a_case_that_another_process_holds(postgres_url: str, tmp_path: Path, clock: Clock) -> None:
    """On PostgreSQL one case can be held; it is said, and other cases go on meanwhile."""
    async with bot_on(postgres_url, tmp_path, {"slack": StrictChat()}, clock, lock_timeout=0.3) as antenne:
        case, other = await paste(antenne, "e1"), await paste(antenne, "e2")
        holder = await asyncpg.connect(postgres_url)
        async with holder.transaction():
            await holder.execute("SELECT * FROM cases WHERE id = $1 FOR UPDATE", case)
            answer = await choose(antenne, "e3", case, 0, "negatief")
            assert answer == Answer(note=sentences("nl").t("trouble.locked"), refused=True, kept="not")
            assert (await choose(antenne, "e4", other, 0, "negatief")).card is not None
        await holder.close()
        assert (await choose(antenne, "e3", case, 0, "negatief")).card is not None
        assert await entries(antenne, case) == await entries(antenne, other)


async def test_a_sender_outlives_a_database_in_trouble(on_sqlite: Antenne, clock: Clock) -> None:
    """While nothing can be written nothing is lost; afterwards everything stands there as it is, once."""
    case = await paste(on_sqlite, "e1")
    chat = cast(StrictChat, on_sqlite.sender._chats["slack"])
    chat.gates["U-an"] = asyncio.Event()
    sending = asyncio.create_task(on_sqlite.run())
    await chat.asked(1)
    with on_every_connection(on_sqlite, "query_only=ON"):
        chat.gates["U-an"].set()
        await refuses_and_recovers(on_sqlite, case, "read_only")
    assert not sending.done()
    clock.forward(LEASE.total_seconds())  # it could not be given back
    newest = (await choose(on_sqlite, "e2", case, 0, "negatief")).card
    await chat.asked(2)
    assert chat.cards("U-an") == [newest]
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


# --- two processes on one file -----------------------------------------------------------------------------


@contextmanager
def terminal(folder: Path, person: str) -> Iterator["pexpect.popen_spawn.PopenSpawn[str]"]:
    """`antenne chat` in a process of its own, spoken to through a pipe; it must end well."""
    environment = {
        "ANTENNE_DATABASE_URL": f"sqlite:///{folder}/antenne.db",
        "ANTENNE_SECRET_KEY_FILE": f"{folder}/secret.key",
        "PATH": "",
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "120",
    }
    command = [sys.executable, "-m", "adapters.main", "chat", "--als", person]
    chat = pexpect.popen_spawn.PopenSpawn(command, timeout=120, encoding="utf-8", cwd=str(ROOT), env=environment)
    with chat.proc:  # closes its pipes and waits for it
        yield chat
    assert chat.proc.returncode == 0


def test_a_second_chat_attaches_to_the_same_file(tmp_path: Path) -> None:
    """Two terminals on one SQLite file: each case has its own number, and each sees the other's."""
    with terminal(tmp_path, "an") as first, terminal(tmp_path, "karim") as second:
        for number in (1, 3):
            first.sendline(f"{COMMENT} ({number})")
            first.expect(f"Zaak {number}")
            second.sendline(f"{COMMENT} ({number + 1})")
            second.expect(f"Zaak {number + 1}")
        first.sendline("/moderate zaak 4")
        first.expect("Karim")
        second.sendline("/moderate zaak 1")
        second.expect("An Peeters")


# --- the same delivery again -------------------------------------------------------------------------------


async def test_a_delivery_that_comes_three_times_is_acted_on_once(antenne: Antenne) -> None:
    """One after the other, as a platform that missed our answer delivers again."""
    answers = [await antenne.handle(Pasted(id="e1", actor=actor("an"), text=COMMENT)) for _ in range(3)]
    assert [answer.case for answer in answers] == [1, None, None]
    assert {answer.note for answer in answers[1:]} == {sentences("nl").t("note.repeated")}
    presses = [await choose(antenne, "e2", 1, 0, "negatief") for _ in range(3)]
    assert [press.card is not None for press in presses] == [True, False, False]
    assert await entries(antenne, 1) == ["opened", "answered"]


async def test_three_deliveries_at_once_are_acted_on_once(
    antenne: Antenne, database_url: str, tmp_path: Path, clock: Clock
) -> None:
    """At the same moment, also by two processes: one acts, the others hear that it was done."""
    async with bot_on(database_url, tmp_path, {}, clock) as other:
        for number in range(1, 6):
            pasted = Pasted(id=f"p{number}", actor=actor("an"), text=f"{COMMENT} {number}")
            answers = await asyncio.gather(*(bot.handle(pasted) for bot in (antenne, other, antenne)))
            assert Counter(answer.case is not None for answer in answers) == {True: 1, False: 2}
            case = next(answer.case for answer in answers if answer.case is not None)
            presses = await asyncio.gather(*(choose(bot, f"a{number}", case, 0, "negatief") for bot in (antenne, other, other)))
            assert Counter(press.card is not None for press in presses) == {True: 1, False: 2}
            assert await entries(antenne, case) == ["opened", "answered"]
    assert (await rows(antenne))["cases"] == 5


# --- a button that is old ----------------------------------------------------------------------------------


async def test_a_press_on_an_old_card_shows_the_card_as_it_is(antenne: Antenne) -> None:
    """An old copy stays clickable on every platform: it changes nothing and helps out."""
    case = await paste(antenne, "e1")
    now = await choose(antenne, "e2", case, 0, "negatief")
    old = await choose(antenne, "e3", case, 0, "positief")
    assert (old.refused, old.note, old.card) == (True, sentences("nl").t("refused.stale"), now.card)
    assert await entries(antenne, case) == ["opened", "answered"]


async def test_a_double_click_counts_once(antenne: Antenne) -> None:
    """Two deliveries with their own ids for one button: the second finds the card moved on."""
    case = await paste(antenne, "e1")
    answers = await asyncio.gather(*(choose(antenne, f"e2-{number}", case, 0, "negatief") for number in range(2)))
    assert Counter(answer.refused for answer in answers) == {False: 1, True: 1}
    assert len({answer.card for answer in answers}) == 1
    assert await entries(antenne, case) == ["opened", "answered"]


async def test_a_press_on_a_closed_case_says_when_it_was_closed(antenne: Antenne, clock: Clock) -> None:
    """A case that is closed stays so, whatever old card is pressed."""
    case = await paste(antenne, "e1")
    path = next(path for path, outcome in antenne.house.tree.paths("begin") if outcome == "goedbedoeld")
    for step, (_, choice) in enumerate(path):
        await choose(antenne, f"e2-{step}", case, step, choice)
    clock.forward(16)
    await antenne.work()
    before = await entries(antenne, case)
    assert before[-1] == "closed"
    presses: tuple[Press, ...] = (Back(case=case, walk=0, step=len(path)), AllDone(case=case))
    for number, press in enumerate(presses):
        answer = await antenne.handle(Pressed(id=f"e3-{number}", actor=actor("an"), press=press))
        assert answer.refused
        assert re.fullmatch(rf"Zaak {case} is gesloten \(vandaag \d\d:\d\d\)\..*", answer.note)
    assert await entries(antenne, case) == before
