"""What others may rely on: signed dossiers, checking one, and what was decided, for openness requests."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.command_line.explaining import USAGE, WRONG, configured, explained, fail, one_of, sentences
from adapters.command_line.root import running

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from adapters.command_line.root import Running
    from bot.cards import Card
    from bot.settings import Settings


def dossier(
    root: typer.Context,
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER...", help="Cases.", show_default=False)],
    receiver: Annotated[str, typer.Option("--voor", "--for", help="For whom: police, unia, igvm, vmri …")] = "police",
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path(),
    person: Annotated[str, typer.Option("--als", "--as", help="Who takes it, by id; else whoever runs this server.")] = "",
    reason: Annotated[
        str, typer.Option("--reden", "--reason", help="Why; logged. The data-protection officer must give one.")
    ] = "",
    context: Annotated[bool, typer.Option("--context", help="The screenshots show the context, date and time.")] = False,
    belgium: Annotated[bool, typer.Option("--belgium", help="The author or the page is in Belgium.")] = False,
) -> None:
    """Make the evidence dossier of cases: a signed ZIP each, with a PDF, the originals and a manifest."""
    from rich.console import Console
    from rich.progress import track

    with explained():
        out.mkdir(parents=True, exist_ok=True)
        failed = asyncio.run(
            _dossiers(
                running(root), configured(), numbers, receiver, person, reason, out, context=context, belgium=belgium,
                shown=lambda cases, said: track(cases, said, console=Console(stderr=True), disable=len(numbers) == 1),
            )
        )  # fmt: skip
    if failed:
        raise typer.Exit(WRONG)


async def _dossiers(
    running: "Running",
    settings: "Settings",
    numbers: Sequence[int],
    receiver: str,
    person: str,
    reason: str,
    out: Path,
    *,
    context: bool,
    belgium: bool,
    shown: Callable[[Sequence[int], str], Iterable[int]],
) -> bool:
    """Write each dossier that can be made; returns whether one could not."""
    import shutil

    from adapters.dossier import Dossiers, Signer
    from adapters.pictures import Pictures
    from bot import dossier as dossiers
    from bot import wording
    from bot.case import load_case
    from bot.wording import Wording
    from bot.work import Refused, Work

    failed = False
    async with running(settings, chats={}) as antenne:
        organisation, house = antenne.organisation, antenne.house
        words = Wording(organisation, organisation.language, antenne.clock())
        if person:
            one_of(words.s, "als", person, organisation.people)
        pictures = Pictures()
        maker = Dossiers(antenne, pictures, Signer.beside(settings.secret_key_file))

        def look(conn: "Connection", number: int) -> "tuple[dossiers.Asked, tuple[dossiers.Gap, ...]]":
            work = Work(conn, house, antenne.clock(), person)
            case = load_case(work, number, lock=False)
            if person:
                dossiers.must(work, case, reason)
            found = next((name for name in dossiers.receivers(work, case) if name == receiver), None)
            if found is None:
                values = ", ".join(dossiers.receivers(work, case))
                raise Refused("cli.dossier.receivers", value=receiver, values=values)
            asked = dossiers.Asked(found, context, belgium, reason)
            return asked, dossiers.gaps(work, case, asked)

        def log(conn: "Connection", number: int, asked: "dossiers.Asked", manifest: str) -> None:
            dossiers.taken(Work(conn, house, antenne.clock(), person), number, asked.receiver, manifest, reason)

        try:
            for number in shown(numbers, words.t("cli.dossier.working")):
                try:
                    asked, gaps = await antenne.store.read(partial(look, number=number))
                    if gaps:
                        failed = True
                        lacks = wording.dossier.lacks(words, number, asked.receiver, gaps, house.authorities)
                        typer.echo(_lines_of(lacks), err=True)
                        continue
                    async with maker.made(number, asked.receiver, person) as made:
                        target = out / made.name
                        await asyncio.to_thread(shutil.copyfile, made.path, target)
                        target.chmod(0o600)
                    await antenne.store.write(partial(log, number=number, asked=asked, manifest=made.manifest))
                    typer.echo(words.t("cli.dossier.made", number=number, file=str(target)))
                except Refused as refused:
                    failed = True
                    typer.echo(antenne.refusal(words, refused), err=True)
                except dossiers.PictureLost as lost:
                    failed = True
                    typer.echo(f"{number}: {words.t('lacks.picture', number=lost.number)}", err=True)
        finally:
            await pictures.close()
    return failed


def _lines_of(card: "Card") -> str:
    """A card's title and sentences, one a line."""
    from bot.cards import Text

    return "\n".join([card.title, *(block.text for block in card.body if isinstance(block, Text))])


def signing_key() -> None:
    """Print the public key that dossiers are signed with, and its fingerprint, to publish."""
    from adapters.dossier import Signer

    with explained():
        signer = Signer.beside(configured().secret_key_file)
    typer.echo(signer.pem, nl=False)
    typer.echo(sentences().t("cli.dossier.key", version=signer.keys.current, fingerprint=signer.fingerprint))


def verify(
    file: Annotated[Path, typer.Argument(help="The ZIP of a dossier.", show_default=False)],
    key: Annotated[Path | None, typer.Option(help="The public key (PEM) that must have signed it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Check the ZIP of a dossier: signature, every byte of every file, the chain of the timeline."""
    from dataclasses import asdict

    from adapters.dossier import public_key
    from adapters.dossier import verify as verified

    say = sentences()
    try:
        public = public_key(key.read_bytes()) if key is not None else None
    except (OSError, ValueError):
        fail(say.t("cli.verify.key", file=str(key)), USAGE)
    try:
        verdict = verified(file, public)
    except OSError:
        fail(say.t("cli.verify.file", file=str(file)), USAGE)
    if as_json:
        typer.echo(json.dumps(asdict(verdict) | {"sound": verdict.sound}, ensure_ascii=False, indent=2))
    else:
        for fault in verdict.faults:
            typer.echo(say.t(f"cli.verify.{fault.what}" if fault.file else "cli.verify.packing_end", file=fault.file))
        if verdict.sound:
            facts = {"case": verdict.case, "organisation": verdict.organisation, "made": verdict.made}
            typer.echo(say.t("cli.verify.sound", **facts, files=verdict.files, entries=verdict.entries))
        if verdict.fingerprint:
            typer.echo(say.t("cli.verify.fingerprint", fingerprint=verdict.fingerprint))
    if not verdict.sound:
        raise typer.Exit(WRONG)


def decisions(
    root: typer.Context,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Cases opened from this day,")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="until this one.")],
) -> None:
    """Print what was decided in a period, as JSON, for openness requests: no words, no author, no colleague."""
    with explained():
        found = asyncio.run(_decisions(running(root), configured(), first.date(), last.date()))
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


async def _decisions(running: "Running", settings: "Settings", first: date, last: date) -> list[dict[str, Any]]:
    from bot import openness
    from bot.work import Work

    async with running(settings, chats={}) as antenne:
        return await antenne.store.read(lambda conn: openness.decisions(Work(conn, antenne.house, antenne.clock()), first, last))
