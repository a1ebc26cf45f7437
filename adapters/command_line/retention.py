"""Letting go of personal data: by the term of the policy, and what is kept about one author."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.command_line.explaining import USAGE, configured, explained, fail, sentences
from adapters.command_line.root import running
from flows.tree import Platform

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from adapters.command_line.root import Running
    from bot.retention import Due
    from bot.sentences import Sentences
    from bot.settings import Settings

subject = typer.Typer(name="subject", help="One author's data, by handle: to give out, to erase.", no_args_is_help=True)


def purge(
    root: typer.Context,
    confirm: Annotated[bool, typer.Option("--confirm", help="Erase; without it only the list is shown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List what the retention policy lets go of, and with --confirm erase it. The anonymous statistics stay."""
    from dataclasses import asdict

    with explained():
        found, say = asyncio.run(_purge(running(root), configured(), confirm=confirm))
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"erased": confirm}, indent=2))
        return
    numbers = ", ".join(map(str, found.cases)) or "–"
    typer.echo(say.t("cli.purge.cases", count=len(found.cases), numbers=numbers))
    typer.echo(say.t("cli.purge.rest", uploads=found.uploads, signals=found.signals, strikes=found.strikes))
    key = "nothing" if found.nothing else "erased" if confirm else "confirm"
    typer.echo(say.t(f"cli.purge.{key}"))


async def _purge(running: "Running", settings: "Settings", *, confirm: bool) -> "tuple[Due, Sentences]":
    from bot import retention
    from bot.work import Work

    async with running(settings, chats={}) as antenne:

        def work(conn: "Connection") -> Work:
            return Work(conn, antenne.house, antenne.clock())

        def erase(conn: "Connection", number: int) -> None:
            retention.erase(work(conn), number, "term")

        found = await antenne.store.read(lambda conn: retention.due(work(conn)))
        if confirm:
            for number in found.cases:
                await antenne.store.write(partial(erase, number=number))
            await antenne.store.write(lambda conn: retention.sweep(work(conn)))
            await antenne.wakeups.poke("outbox")
        return found, sentences(antenne.organisation.language)


@subject.command("export")
def subject_export(
    root: typer.Context,
    handle: Annotated[str, typer.Argument(help="The author's name on the platform, or a link to the profile.")],
    platform: Annotated[Platform, typer.Option(help="On which platform.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
    alone: Annotated[bool, typer.Option("--alone", help="Without other names that somebody said are theirs.")] = False,
) -> None:
    """Write everything that is kept about one author: what they wrote, what was done with it, the screenshots.

    Also under other names that somebody said are theirs.
    """
    with explained():
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        asyncio.run(_subject(running(root), configured(), platform, handle, out=out, alone=alone))


@subject.command("erase")
def subject_erase(
    root: typer.Context,
    handle: Annotated[str, typer.Argument(help="The author's name on the platform, or a link to the profile.")],
    platform: Annotated[Platform, typer.Option(help="On which platform.")],
    confirm: Annotated[bool, typer.Option("--confirm", help="Erase; without it only the list is shown.")] = False,
    proof: Annotated[bool, typer.Option("--with-evidence", help="Also evidence of what may be criminal.")] = False,
    alone: Annotated[bool, typer.Option("--alone", help="Without other names that somebody said are theirs.")] = False,
) -> None:
    """Erase what is kept about one author: closed cases and strikes. Open cases are left, and named."""
    with explained():
        asyncio.run(_subject(running(root), configured(), platform, handle, confirm=confirm, proof=proof, alone=alone))


async def _subject(
    running: "Running",
    settings: "Settings",
    platform: Platform,
    handle: str,
    *,
    out: Path | None = None,
    confirm: bool = False,
    proof: bool = False,
    alone: bool = False,
) -> None:
    from bot import dossier as dossiers
    from bot import retention
    from bot.work import Refused, Work

    async with running(settings, chats={}) as antenne:
        say = sentences(antenne.organisation.language)

        def work(conn: "Connection") -> Work:
            return Work(conn, antenne.house, antenne.clock())

        def erase(conn: "Connection", number: int) -> None:
            retention.erase(work(conn), number, "subject")

        def content(conn: "Connection", number: int) -> bytes:
            return dossiers.content(work(conn), number)

        try:
            found = await antenne.store.read(lambda conn: retention.subject(work(conn), platform, handle, alone=alone))
        except Refused as refused:
            fail(say.t(refused.key), USAGE)
        lists = {"erasable": found.erasable, "open": found.open, "evidence": found.evidence}
        named = {name: ", ".join(map(str, numbers)) or "–" for name, numbers in lists.items()}
        typer.echo(say.t("cli.subject.found", strikes=found.strikes, **named))
        if found.linked:
            typer.echo(say.t("cli.subject.linked", numbers=", ".join(map(str, found.linked))))
        if out is not None:
            given = await antenne.store.read(lambda conn: retention.export(work(conn), found))
            _written(out / "subject.json", json.dumps(given, ensure_ascii=False, indent=2).encode())
            for shot in [item for case in given["cases"] for item in case["screenshots"]]:
                picture = await antenne.store.read(partial(content, number=shot["number"]))
                _written(out / f"screenshot-{shot['number']}", picture)
            typer.echo(say.t("cli.subject.written", folder=str(out)))
            return
        if not confirm:
            typer.echo(say.t("cli.purge.confirm"))
            return
        for number in (*found.erasable, *(found.evidence if proof else ())):
            await antenne.store.write(partial(erase, number=number))
        await antenne.store.write(lambda conn: retention.forget_strikes(work(conn), found))
        await antenne.wakeups.poke("outbox")
        typer.echo(say.t("cli.purge.erased"))


def _written(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads."""
    path.touch(mode=0o600)
    path.write_bytes(content)
