"""Reading a screenshot as the bot does when one comes in."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.command_line.explaining import USAGE, fail, sentences

if TYPE_CHECKING:
    from adapters.pictures import Look, Refusal


def read(
    image: Annotated[Path, typer.Argument(help="A screenshot: PNG, JPEG, WebP, GIF or BMP.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the text as JSON.")] = False,
) -> None:
    """Read the text in a screenshot, as the bot does when one comes in."""
    from adapters.pictures import MOST_BYTES, Refusal

    say = sentences()
    try:
        with image.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError:
        fail(say.t("cli.read.unreadable", file=str(image)), USAGE)
    look = asyncio.run(_look(content))
    if isinstance(look, Refusal):
        fail(say.t(look.key))
    if look.unread:
        fail(say.t(look.unread_key))
    typer.echo(json.dumps({"text": look.text}, ensure_ascii=False) if as_json else look.text)


async def _look(content: bytes) -> "Look | Refusal":
    from adapters.pictures import Pictures

    pictures = Pictures()
    try:
        return await pictures.look(content)
    finally:
        await pictures.close()
