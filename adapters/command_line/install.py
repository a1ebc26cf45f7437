"""Slack and Teams for who installs them: the manifest, the package, and whether the workspace is in order."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from adapters.command_line.explaining import USAGE, WRONG, configured, explained, fail, sentences

slack = typer.Typer(name="slack", help="Slack: what its administrator needs to install the bot.", no_args_is_help=True)
teams = typer.Typer(name="teams", help="Microsoft Teams: what its administrator needs to install the bot.", no_args_is_help=True)


def slack_in_order(path: Path) -> None:
    """Print what the workspace says; exits with 1 when something must be repaired."""
    from adapters.slack.check import check as check_slack
    from bot.organisation import load_organisation

    with explained():
        settings = configured().slack
        organisation, _ = load_organisation(path)
    if settings is None:
        fail(sentences(organisation.language).t("cli.no_slack"))
    found = asyncio.run(check_slack(settings, organisation))
    for item in found:
        typer.echo(item.text)
    if any(item.wrong for item in found):
        raise typer.Exit(WRONG)


def teams_in_order(path: Path) -> None:
    """Print what Teams says; exits with 1 when something must be repaired."""
    from adapters.teams.check import check as check_teams
    from bot.organisation import load_organisation

    with explained():
        settings = configured().teams
        organisation, _ = load_organisation(path)
    if settings is None:
        fail(sentences(organisation.language).t("cli.no_teams"))
    found = asyncio.run(check_teams(settings, organisation))
    for item in found:
        typer.echo(item.text)
    if any(item.wrong for item in found):
        raise typer.Exit(WRONG)


@teams.command("package")
def teams_package(
    app_id: Annotated[str, typer.Option(metavar="ID", help="The client id of the bot's registration.")],
    domain: Annotated[str, typer.Option(help="Where this installation is reached from outside, without https://.")],
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("antenne-teams.zip"),
    version: Annotated[str, typer.Option(help="Raise it when you upload the package again.")] = "1.0.0",
) -> None:
    """Write the app package that an administrator uploads: manifest, icons, Dutch and English."""
    import re

    from adapters.teams.package import package

    say = sentences()
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", app_id):
        fail(say.t("cli.teams.app_id"), USAGE)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?\.[a-z]{2,}", domain.lower()):
        fail(say.t("cli.teams.domain"), USAGE)
    out.write_bytes(package(app_id.lower(), domain.lower(), version, lambda language: sentences(language).t))
    typer.echo(say.t("cli.teams.packaged", path=out))


@slack.command("manifest")
def slack_manifest(
    address: Annotated[
        str, typer.Option(metavar="URL", help="Where this installation is reached from outside; without it Socket Mode is used.")
    ] = "",
    language: Annotated[str, typer.Option(help="nl or en.")] = "nl",
) -> None:
    """Print the app manifest for api.slack.com: commands, shortcuts, events and scopes, each with why."""
    from adapters.slack.manifest import manifest

    typer.echo(manifest(sentences(language).t, "http" if address else "socket", address), nl=False)
