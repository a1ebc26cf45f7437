"""What can be done on each platform, and what hiding and deleting leave behind (``platforms.yaml``)."""

from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, RootModel

from flows.policy import Frozen
from flows.source import SourceProblems, load, read
from flows.tree import Platform, StepKind

TABLE = Path(__file__).with_name("platforms.yaml")


class Documentation(Frozen):
    """Where it is written; ``url`` is empty where no platform is meant."""

    title: str = Field(min_length=1)
    url: str = Field(pattern=r"^(https://\S+)?$")


class Capabilities(Frozen):
    """What the moderator of a page can do with somebody else's comment on one platform.

    ``hiding_leaves`` and ``deleting_leaves`` are sentences by language. ``checked``: when the source
    was last read. ``basis``: whether the source says so, or experience does.
    """

    can_hide: bool
    can_delete: bool
    can_close_comments: bool
    can_block: bool
    hiding_leaves: dict[str, str]
    deleting_leaves: dict[str, str]
    source: Documentation
    checked: date
    basis: Literal["documentation", "experience"]

    @cached_property
    def unable(self) -> frozenset[StepKind]:
        """The steps that nobody can take here; hiding apart, which becomes deleting."""
        able: dict[StepKind, bool] = {
            "delete": self.can_delete,
            "close_comments": self.can_close_comments,
            "block": self.can_block,
        }
        return frozenset(kind for kind, can in able.items() if not can)


class _Table(RootModel[dict[Platform, Capabilities]]):
    """The whole file."""


@cache
def load_platforms() -> Mapping[Platform, Capabilities]:
    """Every platform of the intake; raises ``SourceProblems`` with a line for all that is wrong."""
    source = read(TABLE)
    table = load(_Table, source).root
    absent = [name for name in get_args(Platform) if name not in table]
    if absent:
        raise SourceProblems([source.problem("platform {name!r} is missing", name=name) for name in absent])
    return table


def platform(name: Platform | None) -> Capabilities:
    """What is possible on ``name``; of an unknown platform, the careful default ``other``."""
    return load_platforms()[name or "other"]
