"""A chat on each database: the first start is done once per test process, each test gets a copy of that database."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.adapters.teams.town import teaming
from tests.journeys.browser import browsing
from tests.journeys.chat import Chat, talking
from tests.servers import BACKENDS, PostgresServer, Restored, beside

Talk = Callable[..., AbstractAsyncContextManager[Chat]]
BROWSER = pytest.param("browser", marks=pytest.mark.needs("chromium", "tesseract-ocr"))
IN_A_BROWSER = pytest.mark.parametrize("way", [*BACKENDS, "teams", BROWSER], indirect=True)


async def start(url: str, folder: Path) -> None:
    """Migrate and fill the database at ``url``, as the bot's first start does."""
    async with talking(url, folder):
        pass


@pytest.fixture(scope="session")
def started_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file after the first start."""
    folder = tmp_path_factory.mktemp("started")
    beside(start(f"sqlite:///{folder}/antenne.db", folder))
    return folder / "antenne.db"


@pytest.fixture(scope="session")
def started_postgres(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Restored:
    """A PostgreSQL database after the first start."""
    url = postgres_server.new_database()
    beside(start(url, tmp_path_factory.mktemp("started")))
    return Restored(url)


@pytest.fixture
def sqlite_url(started_sqlite: Path, tmp_path: Path) -> str:
    """A started SQLite database for one test."""
    shutil.copy(started_sqlite, tmp_path / "antenne.db")
    return f"sqlite:///{tmp_path}/antenne.db"


@pytest.fixture
def postgres_url(started_postgres: Restored) -> str:
    """A started PostgreSQL database for one test."""
    return started_postgres.restore()


@pytest.fixture(params=BACKENDS)
def way(request: pytest.FixtureRequest) -> str:
    """How a test talks with the bot: straight to it on each database in turn; with `IN_A_BROWSER` also through Teams and the web chat."""
    return str(request.param)


@pytest.fixture
def database_url(way: str, request: pytest.FixtureRequest) -> str:
    """A started database for one test."""
    return str(request.getfixturevalue("postgres_url" if way == "postgresql" else "sqlite_url"))


@pytest.fixture
def talk(way: str, database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Talk:
    """Opens a chat on the test's database, with changes to the organisation or its tree; again and again on the same one."""
    if way == "browser":
        return partial(browsing, database_url, tmp_path, request.getfixturevalue("chromium"))
    return partial(teaming if way == "teams" else talking, database_url, tmp_path)


@pytest.fixture
async def chat(talk: Talk) -> AsyncIterator[Chat]:
    """Torenbeek as it is, on each database in turn."""
    async with talk() as opened:
        yield opened
