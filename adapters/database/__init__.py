"""The databases behind the `Store` port: choosing the driver by its address. Tables live in bot/tables.py."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from adapters.database.migrate import HEAD, StoreTooNew
from bot.ports import Store

__all__ = ["HEAD", "StoreTooNew", "UnknownDatabase", "open_store"]


class UnknownDatabase(ValueError):
    """The address names no database that can be used; it may hold a password and is not repeated."""


async def open_store(url: str, *, lock_timeout: float = 5.0) -> Store:
    """Open and migrate the database at `url`: `sqlite:///file` or `postgresql://…`, driver suffix optional.

    `lock_timeout`: seconds that a write waits for another process. Raises UnknownDatabase (an address that
    is neither), StoreTooNew (written by a newer program), StoreUnavailable (cannot be reached, written or read).
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise _refusal() from None
    match address.get_backend_name():
        case "sqlite":
            from adapters.database.sqlite import open_sqlite

            return await open_sqlite(address.set(drivername="sqlite"), lock_timeout=lock_timeout)
        case "postgresql" | "postgres":
            from adapters.database.postgres import open_postgres

            driver = "postgresql+asyncpg"
            return await open_postgres(address.set(drivername=driver), lock_timeout=lock_timeout)
        case _:
            raise _refusal()


def _refusal() -> UnknownDatabase:
    return UnknownDatabase("the database address must begin with sqlite:/// or postgresql://")
