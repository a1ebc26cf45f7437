"""Rules of the whole run: property tests repeat exactly; a missing program is told, or fails in CI."""

import asyncio
import os
from collections.abc import Callable

import pytest
import uvloop
from hypothesis import settings

from tests.programs import PROGRAMS, missing
from tests.servers import chromium, database_url, postgres_server, postgres_url, postgres_with_tables, redis_url, sqlite_url
from tests.shared import shared

__all__ = [
    "chromium", "database_url", "postgres_server", "postgres_url", "postgres_with_tables", "redis_url", "shared", "sqlite_url",
]  # fmt: skip

settings.register_profile("house", derandomize=True, deadline=None)
settings.load_profile("house")

MISSING = frozenset(missing())
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


LONGEST = (
    "test_whole_journey.py", "test_crash.py", "test_pages.py", "test_outcome_card.py", "test_threads.py", "test_pictures.py",
    "test_policy.py", "test_hostile.py", "test_access.py", "test_two_processes.py", "test_wire.py", "test_trouble.py",
)  # fmt: skip  # files, the slowest first


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the loop that the bot is served on."""
    return {"uvloop": uvloop.new_event_loop}


def _lacks(item: pytest.Item) -> set[str]:
    return {str(name) for mark in item.iter_markers("needs") for name in mark.args} & MISSING


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left with it at the end. On a desk, leave out what cannot be tested here."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
    left_out = [] if IN_CI else [item for item in items if _lacks(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """In CI nothing may be missing."""
    if lacks := _lacks(item):
        pytest.fail(f"missing here: {', '.join(sorted(lacks))}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not tested, just above pytest's own last line."""
    for package in sorted(MISSING):
        terminalreporter.write_line(f"NOT TESTED: {PROGRAMS[package].about}. Missing: {package} (sudo apt install {package})")
