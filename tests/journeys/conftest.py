"""A chat on each database: the first start is done once per test process, each test gets a copy of that database."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.engine import make_url

from bot.tables import metadata
from tests.adapters.teams.town import teaming
from tests.journeys.browser import browsing
from tests.journeys.chat import Chat, talking
from tests.servers import BACKENDS, PostgresServer, postgres_server

__all__ = ["postgres_server"]

Talk = Callable[..., AbstractAsyncContextManager[Chat]]
BROWSER = pytest.param("browser", marks=pytest.mark.needs("chromium", "tesseract-ocr"))
IN_A_BROWSER = pytest.mark.parametrize("way", [*BACKENDS, "teams", BROWSER], indirect=True)


def start_once(url: str, folder: Path) -> None:
    """Migrate and fill the database at ``url``, as the bot's first start does; in a thread, away from the test's own loop."""

    async def start() -> None:
        async with talking(url, folder):
            pass

    thread = threading.Thread(target=lambda: asyncio.run(start()))
    thread.start()
    thread.join()


@pytest.fixture(scope="session")
def started_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file after the first start."""
    folder = tmp_path_factory.mktemp("started")
    start_once(f"sqlite:///{folder}/antenne.db", folder)
    return folder / "antenne.db"


@pytest.fixture(scope="session")
def started_postgres(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a PostgreSQL database after the first start."""
    url = postgres_server.new_database()
    start_once(url, tmp_path_factory.mktemp("started"))
    return url


@pytest.fixture
def sqlite_url(started_sqlite: Path, tmp_path: Path) -> str:
    """A started SQLite database for one test."""
    shutil.copy(started_sqlite, tmp_path / "antenne.db")
    return f"sqlite:///{tmp_path}/antenne.db"


# Every table, those that refer to others first; its numbering begins at 1 again.
EMPTY = "".join(
    str(delete(table))
    + "; "
    + (f"SELECT setval('{table.name}_id_seq', 1, false); " if table.autoincrement_column is not None else "")
    for table in reversed(metadata.sorted_tables)
)


@pytest.fixture
def postgres_url(started_postgres: str, postgres_server: PostgresServer) -> str:
    """The started PostgreSQL database, emptied for one test: much quicker than a database each."""
    postgres_server.run(f"\\connect {make_url(started_postgres).database}\n{EMPTY}")
    return started_postgres


@pytest.fixture(params=BACKENDS)
def way(request: pytest.FixtureRequest) -> str:
    """How a test talks with the bot: straight to it on each database in turn; with `IN_A_BROWSER` also through Teams and the web chat."""
    return str(request.param)


@pytest.fixture
def database_url(way: str, request: pytest.FixtureRequest) -> str:
    """A started database for one test."""
    return str(request.getfixturevalue("postgres_url" if way == "postgresql" else "sqlite_url"))


@pytest.fixture
def talk(way: str, database_url: str, tmp_path: Path) -> Talk:
    """Opens a chat on the test's database, with changes to the organisation or its tree; again and again on the same one."""
    return partial({"browser": browsing, "teams": teaming}.get(way, talking), database_url, tmp_path)


@pytest.fixture
async def chat(talk: Talk) -> AsyncIterator[Chat]:
    """Torenbeek as it is, on each database in turn."""
    async with talk() as opened:
        yield opened
