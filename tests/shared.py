"""What every bot of one test process would read and work out alike, done once: the sample municipality, the index of its FAQ, compiled SQL.

No bot behaves otherwise for it. Without it, every test would spend most of its time on its bot's start.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.database import postgres, sqlite
from bot import faq_index, organisation
from bot.faq_search import Entry, Index
from bot.organisation import Organisation, load_organisation
from bot.settings import SAMPLE
from flows.tree import Tree

Own = tuple[tuple[str, ...], ...]


@lru_cache(maxsize=1)
def _sample() -> tuple[Organisation, Tree]:
    return load_organisation(SAMPLE)


def _load(path: Path) -> tuple[Organisation, Tree]:
    return _sample() if path == SAMPLE else load_organisation(path)


_index = lru_cache(maxsize=16)(Index)


class SharedIndex(Index):
    """An index that others with the same entries have too, until it changes."""

    def __init__(self, entries: Iterable[Entry] = (), own: Own = ()) -> None:
        self._made_of: tuple[tuple[Entry, ...], Own] | None = (tuple(entries), own)
        self.__dict__ |= _index(*self._made_of).__dict__

    def put(self, entry: Entry) -> None:
        self._alone()
        super().put(entry)

    def remove(self, name: str) -> None:
        self._alone()
        super().remove(name)

    def _alone(self) -> None:
        if self._made_of is not None:
            super().__init__(*self._made_of)
            self._made_of = None


def _sharing(create: Callable[..., Any]) -> Callable[..., Any]:
    """As ``create``, with one memory of compiled statements for all engines of its kind."""
    first: list[Engine] = []

    def created(*args: Any, **how: Any) -> Any:
        made: Engine | AsyncEngine = create(*args, **how)
        engine = made.sync_engine if isinstance(made, AsyncEngine) else made
        if first:
            engine.dialect = engine.pool._dialect = first[0].dialect
            engine._compiled_cache = first[0]._compiled_cache
        first.append(engine)
        return made

    return created


@pytest.fixture(scope="session", autouse=True)
def shared() -> Iterable[None]:
    """For every test of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(organisation, "load_organisation", _load)
        patch.setattr(faq_index, "Index", SharedIndex)
        patch.setattr(sqlite, "create_engine", _sharing(create_engine))
        patch.setattr(postgres, "create_async_engine", _sharing(create_async_engine))
        yield
