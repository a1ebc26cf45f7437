"""Which version the database has, and bringing it up to date."""

import asyncio
from pathlib import Path

import typer

from adapters.command_line.explaining import configured, explained, sentences

db = typer.Typer(name="db", help="The database: which version it has, and bringing it up to date.", no_args_is_help=True)


@db.command("status")
def db_status() -> None:
    """Say which version the database has, without changing it."""
    from adapters.database import HEAD

    say = sentences()
    with explained():
        found = asyncio.run(_revision(configured().database_url.get_secret_value()))
    if found == HEAD:
        typer.echo(say.t("cli.db.current", revision=HEAD))
    elif found is None:
        typer.echo(say.t("cli.db.empty", head=HEAD))
    else:
        typer.echo(say.t("cli.db.other", revision=found, head=HEAD))


@db.command("migrate")
def db_migrate() -> None:
    """Bring the database to the version of this program; every command does so by itself."""
    from adapters.database import HEAD

    say = sentences()
    with explained():
        asyncio.run(_migrate(configured().database_url.get_secret_value()))
    typer.echo(say.t("cli.db.current", revision=HEAD))


async def _migrate(url: str) -> None:
    from adapters.database import open_store

    await (await open_store(url)).close()


async def _revision(url: str) -> str | None:
    """The schema's revision in the database at `url`; `None` when it has none or is not there yet."""
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection, create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError
    from sqlalchemy.ext.asyncio import create_async_engine

    from adapters.database import UnknownDatabase
    from bot.ports import StoreUnavailable

    def look(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    try:
        address = make_url(url)
    except ArgumentError:
        raise UnknownDatabase from None
    try:
        if address.get_backend_name() == "sqlite":
            file = Path(address.database or "")
            if not await asyncio.to_thread(file.is_file):
                return None
            engine = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true", hide_parameters=True)
            with engine.connect() as connection:
                found = look(connection)
            engine.dispose()
            return found
        remote = create_async_engine(address.set(drivername="postgresql+asyncpg"), hide_parameters=True)
        try:
            async with remote.connect() as distant:
                return await distant.run_sync(look)
        finally:
            await remote.dispose()
    except (SQLAlchemyError, OSError):
        raise StoreUnavailable("unreachable") from None
