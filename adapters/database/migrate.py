"""Bringing a database to the schema of this program, inside a transaction of the caller.

After a change of bot/tables.py, `draft("0002_clocks")` in a Python prompt writes the next migration: read it,
correct it, and set HEAD to its name. Alembic is imported only when there is something to migrate.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0003_own_words"  # the newest file in migrations/versions; a test compares them
_LOCK = int.from_bytes(b"antenne")  # key of PostgreSQL's advisory lock, the same in every version


class StoreTooNew(Exception):
    """The database has a revision that this program does not know; it was left as it is."""

    def __init__(self, revision: str) -> None:
        super().__init__(f"a newer version of Antenne wrote this database (its revision {revision}, known here {HEAD})")
        self.revision = revision


def at_head(connection: Connection) -> bool:
    """Whether the schema is the one of this program."""
    return _revision(connection) == HEAD


def migrate(connection: Connection) -> None:
    """Upgrade to HEAD in the open transaction; two at once wait for each other. Raises StoreTooNew."""
    if at_head(connection):
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    found = _revision(connection)  # again: the one who held the lock before may have done it
    if found == HEAD:
        return

    from alembic import command
    from alembic.script import ScriptDirectory

    config = _config(connection)
    if found is not None:
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found not in known:
            raise StoreTooNew(found)
    command.upgrade(config, HEAD)


def draft(revision: str) -> None:
    """Write migrations/versions/<revision>.py: the step from what is there to bot/tables.py."""
    from alembic import command

    with create_engine("sqlite://").begin() as connection:
        config = _config(connection)
        command.upgrade(config, "heads")
        command.revision(config, rev_id=revision, autogenerate=True)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
