"""Alembic's entry: runs the migrations on the connection that adapters/database/migrate.py hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from bot.tables import whole_metadata


def plain_type(kind: str, item: Any, _autogen: object) -> str | Literal[False]:
    """Write the column type below our own ones: a migration must not change when bot/tables.py does."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=whole_metadata(),
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=plain_type,
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()  # no begin_transaction(): the caller's transaction is open and stays the caller's
