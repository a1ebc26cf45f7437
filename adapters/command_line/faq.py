"""The shared FAQ: searching it, taking a table in, giving it out."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.command_line.explaining import USAGE, WRONG, configured, explained, fail, sentences
from adapters.command_line.root import running

if TYPE_CHECKING:
    from adapters.command_line.root import Running
    from bot.faq_table import Good, Plan, Wrong
    from bot.organisation import Organisation
    from bot.sentences import Sentences
    from bot.settings import Settings

faq = typer.Typer(name="faq", help="The shared FAQ: search it, take a table in, give it out.", no_args_is_help=True)


@faq.command("search")
def faq_search(
    root: typer.Context,
    question: Annotated[str, typer.Argument(help="What is asked, as people ask it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the entries as JSON.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many entries at most.")] = 5,
) -> None:
    """Show the entries that fit a question, best first, with score, why and status: only approved ones are offered as answers."""
    with explained():
        found, organisation = asyncio.run(_faq_found(running(root), configured(), question, limit))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    say = sentences(organisation.language)
    if not found:
        typer.echo(say.t("faq.nothing"))
    for item in found:
        typer.echo(
            say.t(
                "cli.faq.hit", question=_line_of(item["question"]), score=item["score"], status=say.t(f"cli.faq.{item['status']}")
            )
        )
        if item["why"]:
            typer.echo(f"    {say.t('faq.why', words=say.and_(item['why']))}")
        typer.echo(f"    {_line_of(item['answer'])}")


def _line_of(text: str) -> str:
    """A text for the terminal: on one line, without anything that steers it."""
    from bot.comment_text import clean

    return " ".join(clean(text).split())


async def _faq_found(
    running: "Running", settings: "Settings", question: str, limit: int
) -> "tuple[list[dict[str, Any]], Organisation]":
    async with running(settings) as antenne:
        hits = await antenne.search_faq(question, limit)
        found = [
            {
                "question": row.question,
                "score": hit.score,
                "why": list(hit.why),
                "answer": row.answer,
                "status": row.status,
                "department": row.department,
                "entry": row.id,
            }
            for hit, row in hits
        ]
        return found, antenne.organisation


@faq.command("import")
def faq_import(
    root: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="A CSV or XLSX table with at least the columns question and answer (vraag, antwoord).")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
) -> None:
    """Take a table in: good rows go in, wrong ones are listed by row and stay out; what is there already changes nothing.

    Without a status a new entry is a proposal. Exits with 1 when a row was wrong.
    """
    from adapters.spreadsheet import Unreadable

    say = sentences()
    try:
        with explained():
            done, say = asyncio.run(_faq_taken(running(root), configured(), file, dry_run))
    except Unreadable as trouble:
        fail(say.t(f"cli.faq.file_{trouble.key}", file=str(file)), USAGE)
    for wrong in done.wrong:
        typer.echo(say.t("cli.faq.row", row=wrong.row, what=say.t(wrong.key, **wrong.values)))
    counts = {"new": len(done.new), "changed": len(done.changed), "same": done.same, "wrong": len(done.wrong)}
    typer.echo(say.t("cli.faq.would" if dry_run else "cli.faq.done", **counts))
    if done.wrong:
        raise typer.Exit(WRONG)


async def _faq_taken(running: "Running", settings: "Settings", file: Path, dry_run: bool) -> "tuple[Plan, Sentences]":
    """Read and check every row aside, then compare and write in one transaction. Raises Unreadable."""
    from bot.faq_table import plan, take_in
    from bot.work import Work

    async with running(settings) as antenne:
        say = sentences(antenne.organisation.language)
        good, wrong = await asyncio.to_thread(faq_rows, antenne.organisation, file, say)
        at = antenne.clock()
        if dry_run:
            done = await antenne.store.read(lambda conn: plan(Work(conn, antenne.house, at), good))
        else:
            done = await antenne.store.write(lambda conn: take_in(Work(conn, antenne.house, at), good))
        done.wrong = sorted([*done.wrong, *wrong], key=lambda item: item.row)
        return done, say


def faq_rows(organisation: "Organisation", file: Path, say: "Sentences") -> "tuple[list[Good], list[Wrong]]":
    """The rows of a table that can go in, and those that cannot, with a bar that says how far it is."""
    from rich.console import Console
    from rich.progress import track

    from adapters.spreadsheet import Formula, Unreadable, read_table
    from bot.faq_table import NEEDED, Reader, Wrong, column_of

    rows = list(read_table(file))
    columns = [column_of(cell) for cell in rows[0][1]] if rows else []
    if not set(NEEDED) <= set(columns) or len([column for column in columns if column]) != len(set(columns) - {None}):
        raise Unreadable("columns")
    for name, column in zip(rows[0][1], columns, strict=True):
        if column is None and name.strip():
            typer.echo(say.t("cli.faq.not_read", column=_line_of(name)), err=True)
    reader = Reader(organisation)
    good: list[Good] = []
    wrong: list[Wrong] = []
    console = Console(stderr=True)
    for number, cells in track(
        rows[1:], say.t("cli.faq.checking"), console=console, transient=True, disable=not console.is_terminal
    ):
        if any(cell.strip() for cell in cells[len(columns) :]):
            wrong.append(Wrong(number, "import.cells"))
        elif any(isinstance(cell, Formula) for cell, column in zip(cells, columns, strict=False) if column):
            wrong.append(Wrong(number, "import.formula"))
        else:
            padded = (*cells, *[""] * (len(columns) - len(cells)))
            found = reader.read(number, {column: cell for column, cell in zip(columns, padded, strict=False) if column})
            (wrong if isinstance(found, Wrong) else good).append(found)  # type: ignore[arg-type]  # each goes where its kind belongs
    return good, wrong


@faq.command("export")
def faq_export(
    root: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="A .csv or .xlsx file; without one, CSV is printed.", show_default=False)
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Also u-form, links, first day and owner.")] = False,
) -> None:
    """Give every entry out as a table that the import takes in again unchanged; no text in it is a formula."""
    from adapters.spreadsheet import write_csv, write_xlsx

    with explained():
        rows, say = asyncio.run(_faq_given(running(root), configured(), full))
    if file is None:
        typer.echo(write_csv(rows), nl=False)
        return
    try:
        if file.suffix.casefold() == ".xlsx":
            file.write_bytes(write_xlsx("FAQ", rows))
        else:
            file.write_text(write_csv(rows), encoding="utf-8", newline="")
    except OSError:
        fail(say.t("cli.faq.unwritable", file=str(file)))
    typer.echo(say.tn("cli.faq.exported", len(rows) - 1, file=str(file)))


async def _faq_given(running: "Running", settings: "Settings", full: bool) -> "tuple[list[list[str]], Sentences]":
    from bot.faq_table import COLUMNS, MORE, given_out
    from bot.work import Work

    async with running(settings) as antenne:
        at = antenne.clock()
        found = await antenne.store.read(lambda conn: list(given_out(Work(conn, antenne.house, at), full=full)))
        header = (*COLUMNS, *(MORE if full else ()))
        return [list(header), *([row[column] for column in header] for row in found)], sentences(antenne.organisation.language)
