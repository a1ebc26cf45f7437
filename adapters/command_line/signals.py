"""The signal log and the weekly digest that is made of it."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adapters.command_line.explaining import USAGE, configured, explained, fail, one_of, sentences
from adapters.command_line.root import running

if TYPE_CHECKING:
    from adapters.command_line.root import Running
    from bot.cards import Card
    from bot.digest import Digest
    from bot.organisation import Organisation
    from bot.sentences import Sentences
    from bot.settings import Settings
    from bot.signals import Found

signals = typer.Typer(name="signals", help="The signal log: search it, and export it.", no_args_is_help=True)
DigestForm = Literal["card", "html", "pdf"]


def digest(
    root: typer.Context,
    week: Annotated[str, typer.Option(help="An ISO week, such as 2026-W47; else the last one that ended.")] = "",
    department: Annotated[
        str, typer.Option(help="A department's id, `management` or `equal_opportunities`; else all of them.")
    ] = "",
    form: Annotated[DigestForm, typer.Option("--format", help="How to show it.")] = "card",
    out: Annotated[Path | None, typer.Option(help="The file to write; needed for pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the digests as JSON.")] = False,
) -> None:
    """Show the weekly digest: topics, open questions, misinformation, praise, answering times, open loops."""
    from dataclasses import asdict

    with explained():
        found, cards, organisation = asyncio.run(_digests(running(root), configured(), week, department))
    say = sentences(organisation.language)
    if as_json:
        reports = [asdict(item) | {"monday": str(item.monday), "sunday": str(item.sunday)} for item in found]
        typer.echo(json.dumps(reports, ensure_ascii=False, indent=2, default=str))
    elif form == "card":
        from rich.console import Console

        from adapters.terminal.controls import controls
        from adapters.terminal.render import render

        console = Console(markup=False, highlight=False, emoji=False)
        for card in cards:
            console.print(render([card], controls([card]), say), "")
    else:
        from adapters.charts import Matplotlib
        from adapters.report import html, pdf

        if form == "pdf" and out is None:
            fail(say.t("cli.digest.out"), USAGE)
        content = (
            pdf(cards, organisation.name, organisation.language, Matplotlib())
            if form == "pdf"
            else html(cards, organisation.name, organisation.language, Matplotlib())
        )
        if out is None:
            typer.echo(content)
        else:
            _write(out, content if isinstance(content, bytes) else content.encode(), say)


async def _digests(
    running: "Running", settings: "Settings", week: str, department: str
) -> "tuple[list[Digest], list[Card], Organisation]":
    from sqlalchemy import Connection

    from bot import showing
    from bot.digest import everybody, gone, last_due, of
    from bot.work import Work

    async with running(settings) as antenne:
        organisation, at = antenne.organisation, antenne.clock()
        say = sentences(organisation.language)
        left = await antenne.store.read(lambda conn: gone(Work(conn, antenne.house, at)))
        one_of(say, "department", department, (*everybody(organisation), *left))
        week = week or last_due(at, organisation.policy, organisation.calendar)[1]
        try:
            organisation.calendar.week_bounds(week)
        except ValueError:
            fail(say.t("cli.digest.week", week=week), USAGE)
        names = [department] if department else list(everybody(organisation))

        def work(conn: Connection) -> "tuple[list[Digest], list[Card]]":
            todo = Work(conn, antenne.house, at)
            return [of(todo, week, name) for name in names], [showing.digest_card(todo, week, name) for name in names]

        found, cards = await antenne.store.read(work)
        return found, cards, organisation


@signals.command("search")
def signals_search(
    root: typer.Context,
    words: Annotated[str, typer.Argument(help="Words that stand in it, or in the name of its topic.")] = "",
    department: Annotated[str, typer.Option(help="A department's id.")] = "",
    week: Annotated[str, typer.Option(help="An ISO week, such as 2026-W47.")] = "",
    kind: Annotated[str, typer.Option(help="question, complaint, report, misinformation, hate, praise or other.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """Look for signals: the newest that fit, without names."""
    from bot.signal_export import as_json as said

    with explained():
        count, found, organisation = asyncio.run(_signals(running(root), configured(), words, department, week, kind, limit))
    say = sentences(organisation.language)
    if as_json:
        typer.echo(said(found))
        return
    from rich.console import Console

    from adapters.terminal.controls import controls
    from adapters.terminal.render import render
    from bot import wording
    from bot.wording import Wording

    card = wording.signals.listed(Wording(organisation, organisation.language, datetime.now(UTC)), words, count, found, None)
    Console(markup=False, highlight=False, emoji=False).print(render([card], controls([card]), say), "")


@signals.command("export")
def signals_export(
    root: typer.Context,
    out: Annotated[Path, typer.Argument(help="The file to write: .csv, .xlsx or .json.", show_default=False)],
    words: Annotated[str, typer.Option(help="Words that stand in it, or in the name of its topic.")] = "",
    department: Annotated[str, typer.Option(help="A department's id.")] = "",
    week: Annotated[str, typer.Option(help="An ISO week, such as 2026-W47.")] = "",
    kind: Annotated[str, typer.Option(help="question, complaint, report, misinformation, hate, praise or other.")] = "",
) -> None:
    """Write signals to a file; a spreadsheet computes nothing of what citizens wrote."""
    from bot.signal_export import as_csv, as_json

    if out.suffix not in (".csv", ".xlsx", ".json"):
        fail(sentences().t("cli.signals.suffix"), USAGE)
    with explained():
        _, found, organisation = asyncio.run(_signals(running(root), configured(), words, department, week, kind, None))
    if out.suffix == ".xlsx":
        from adapters.report import signals_workbook

        content = signals_workbook(found)
    else:  # a byte-order mark, by which spreadsheets know the letters
        content = ("\ufeff" + as_csv(found)).encode() if out.suffix == ".csv" else as_json(found).encode()
    _write(out, content, sentences(organisation.language))


async def _signals(
    running: "Running", settings: "Settings", words: str, department: str, week: str, kind: str, limit: int | None
) -> "tuple[int, tuple[Found, ...], Organisation]":
    from bot.digest import gone, is_week
    from bot.signals import KINDS, Wanted, find
    from bot.work import Work

    async with running(settings) as antenne:
        organisation, at = antenne.organisation, antenne.clock()
        say = sentences(organisation.language)
        left = await antenne.store.read(lambda conn: gone(Work(conn, antenne.house, at)))
        one_of(say, "department", department, (*organisation.departments, *left))
        one_of(say, "kind", kind, KINDS)
        if week and not is_week(week, organisation.calendar):
            fail(say.t("cli.digest.week", week=week), USAGE)
        known = next((one for one in KINDS if one == kind), None)
        departments = frozenset({department}) if department else None
        wanted = Wanted(departments, (week.upper(), week.upper()) if week else None, kind=known or "", words=words)
        count, found = await antenne.store.read(lambda conn: find(Work(conn, antenne.house, at), wanted, limit=limit))
        return count, found, organisation


def _write(path: Path, content: bytes, say: "Sentences") -> None:
    """Write a file and say its name; exits with 1 when it cannot be written."""
    try:
        path.write_bytes(content)
    except OSError:
        fail(say.t("cli.unwritable", file=str(path)))
    typer.echo(path)
