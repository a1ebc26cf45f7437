"""The directory: the organisation's file as it stands with what was changed from chat."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from adapters.command_line.explaining import configured, explained, sentences
from adapters.command_line.root import running

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from adapters.command_line.root import Running
    from bot.organisation import Organisation
    from bot.settings import Settings
    from flows.tree import Tree

directory = typer.Typer(
    name="directory",
    help="The directory: who holds which role, with what was changed from chat.",
    no_args_is_help=True,
)


@directory.command("export")
def directory_export(
    root: typer.Context,
    out: Annotated[Path | None, typer.Option(help="The file to write; else it is printed. Comments are not kept.")] = None,
) -> None:
    """Write the organisation's file with the roles, deputies, channels and absences as they stand now."""
    import yaml

    from bot.organisation import Organisation, warnings

    with explained():
        values, organisation, tree = asyncio.run(_exported(running(root), configured()))
        say = sentences(organisation.language)
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=120)
        again = Organisation.model_validate(yaml.safe_load(text))
    kept = {"roles", "departments", "people", "policy", "office_hours", "closing_days", "house_rules", "texts", "crisis", "links"}
    if again.model_dump(include=kept) != organisation.model_dump(include=kept):
        raise AssertionError  # what was written is not what runs
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(say.t("cli.directory.written", file=str(out)))
    for role in warnings(organisation, tree):
        typer.echo(say.t("cli.unheld", role=say.t(f"role.{role}")), err=True)


async def _exported(running: "Running", settings: "Settings") -> "tuple[dict[str, Any], Organisation, Tree]":
    from bot.amendments import exported, log
    from bot.work import Work
    from flows.source import read as read_file

    values = cast("dict[str, Any]", read_file(settings.organisation).values)
    async with running(settings, chats={}) as antenne:
        at = antenne.clock()

        def look(conn: "Connection") -> "tuple[Organisation, int]":
            version = max((row.id for row, _ in log(conn)), default=0)
            return Work(conn, antenne.house, at).organisation, max(version, antenne.house.organisation.directory)

        organisation, version = await antenne.store.read(look)
        today = at.astimezone(organisation.calendar.zone).date()
        return exported(values, organisation, version, today), organisation, antenne.house.tree
