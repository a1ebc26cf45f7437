"""What every capability has to hand while it handles one event: the house (unchanging) and the work (this event, this transaction)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from bot.amendments import Directory
from bot.events import Platform as ChatPlatform
from bot.organisation import Organisation
from bot.pseudonyms import Keys
from bot.tables import amendments, crises, insert_new, versions
from flows.authorities import Authorities, load_authorities
from flows.platforms import Capabilities
from flows.policy import Policy
from flows.tree import Platform, Structure, Tree, Words

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
SETTLE = timedelta(seconds=15)  # in which "Terug" still cancels an escalation


class Refused(Exception):
    """The event may not or cannot do this. ``key`` is a sentence of the catalogue; nothing of the event is kept."""

    def __init__(self, key: str, **values: Any) -> None:
        self.key, self.values = key, values
        super().__init__(key)


@dataclass(frozen=True, slots=True)
class House:
    """What does not change while the bot runs: the municipality, its tree, its keys, its platforms in order of preference, and where
    to report."""

    organisation: Organisation
    tree: Tree
    keys: Keys
    platforms: tuple[ChatPlatform, ...]
    capabilities: Mapping[Platform, Capabilities]
    authorities: Authorities = field(default_factory=load_authorities)
    pages: str = ""  # where people reach the pages of one-use addresses; empty when nowhere
    pages_local: bool = True  # whether that is this computer alone
    directory: Directory = field(default_factory=Directory)  # the file with what was changed from chat, as last seen


@dataclass(frozen=True, slots=True)
class Crisis:
    """The crisis that is on: its number, what it is about, since when and by whom."""

    number: int
    reason: str
    began: datetime
    begun_by: str


# What every event must know of the organisation as it stands: one small statement, in every process the same answer.
_VERSION = select(func.coalesce(func.max(amendments.c.id), 0).label("version")).subquery()
_STANDING = select(_VERSION.c.version, crises.c.id, crises.c.reason, crises.c.began, crises.c.begun_by).select_from(
    _VERSION.outerjoin(crises, crises.c.standing == 1)
)


@dataclass(slots=True)
class Work:
    """One event being handled. ``who`` is a person of the directory, ``""`` for time itself."""

    conn: Connection
    house: House
    now: datetime
    who: str = ""
    said: bool = field(default=False)  # whether something was queued, so that senders are woken
    draw: bool = True  # whether who acts is handed the changed card at once; else the outbox brings it
    _organisation: Organisation | None = field(default=None)
    _crisis: Crisis | None = field(default=None)

    @property
    def organisation(self) -> Organisation:
        """The file with what was changed from chat, today; read once an event, so that a change counts everywhere from the next on."""
        return self._organisation or self._read()

    @property
    def crisis(self) -> Crisis | None:
        """The crisis that is on; read once an event, so that switching it counts in every process from the next event on."""
        if self._organisation is None:
            self._read()
        return self._crisis

    def switched(self, crisis: Crisis | None) -> None:
        """The crisis was switched in this very event."""
        self.amended()
        self._crisis = crisis

    def amended(self) -> None:
        """The directory was changed in this very event."""
        _changed(self.conn)
        self._read()

    def as_(self, who: str) -> "Work":
        """The same work for another reader."""
        return replace(self, who=who)

    def _read(self) -> Organisation:
        row = _standing(self.conn)
        self._crisis = None if row.id is None else Crisis(row.id, row.reason, row.began, row.begun_by)
        self._organisation = self.house.directory.of(self.conn, self.house.organisation, row.version, self.now)
        return self._organisation

    def policy(self, version: str) -> Policy:
        """The policy a case was walked with."""
        current = self.organisation.policy
        if version == current.version:
            return current
        return _policy(_content(self.conn, "policy", version))

    def tree(self, version: str) -> Tree:
        """The tree a case was walked with."""
        if version == self.house.tree.version:
            return self.house.tree
        return _tree(_content(self.conn, "tree", version), version)


def _standing(conn: Connection) -> Any:
    """What stands; read once a transaction, which several events may share, until one of them changes it."""
    transaction, row = conn.info.get(_STANDING, (None, None))
    if transaction is not conn.get_transaction():
        row = conn.execute(_STANDING).one()
        conn.info[_STANDING] = conn.get_transaction(), row
    return row if row is not None else conn.execute(_STANDING).one()


def _changed(conn: Connection) -> None:
    """From here on to the end of this transaction it is read anew each time, for the change may still be undone."""
    conn.info[_STANDING] = conn.get_transaction(), None


def remember_versions(conn: Connection, house: House, now: datetime) -> None:
    """Keep today's tree and policy, so that cases begun with them can always be shown and finished as they were."""
    insert_new(conn, versions, kind="tree", version=house.tree.version, at=now, content=tree_content(house.tree))
    remember_policy(conn, house.organisation.policy, now)


def remember_policy(conn: Connection, policy: Policy, now: datetime) -> None:
    """Keep a policy under its version."""
    insert_new(conn, versions, kind="policy", version=policy.version, at=now, content=policy.model_dump_json())


def tree_content(tree: Tree) -> str:
    """A tree with its words as one JSON text."""
    words = {language: json.loads(item.model_dump_json()) for language, item in tree.words.items()}
    return json.dumps({"structure": json.loads(tree.structure.model_dump_json()), "words": words})


_CONTENT = select(versions.c.content).where(versions.c.kind == bindparam("kind"), versions.c.version == bindparam("version"))


def _content(conn: Connection, kind: str, version: str) -> str:
    return str(conn.execute(_CONTENT, {"kind": kind, "version": version}).scalar_one())


@lru_cache(maxsize=16)
def _policy(content: str) -> Policy:
    return Policy.model_validate_json(content)


@lru_cache(maxsize=8)
def _tree(content: str, version: str) -> Tree:
    values = json.loads(content)
    words = {language: Words.model_validate(item) for language, item in values["words"].items()}
    return Tree(Structure.model_validate(values["structure"]), words, version)
