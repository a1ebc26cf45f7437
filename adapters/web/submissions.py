"""A posted form, read part by part within limits, its token checked before anything large is taken in."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from adapters.web.guard import Turned

PICTURE_LIMIT = 10_000_000  # bytes of one picture
PICTURES = 10
TEXT_LIMIT = 1_000_000  # bytes of all other fields; a paste of 200,000 characters is cut by the bot, not here
BODY_LIMIT = PICTURES * PICTURE_LIMIT + TEXT_LIMIT + 100_000
FIELDS = 200


@dataclass(slots=True)
class Submission:
    """The fields of a form by name, and the pictures that came with it, as bytes."""

    fields: dict[str, str] = field(default_factory=dict)
    pictures: list[bytes] = field(default_factory=list)

    def number(self, name: str) -> int:
        """A whole number of ours that came back; 0 for anything else."""
        value = self.fields.get(name, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else 0


async def read_submission(request: web.Request, check: Callable[[str | None], None]) -> Submission:
    """Read a form. ``check`` gets the token and raises ``Turned``; so does anything over a limit, with what it was."""
    if (request.content_length or 0) > BODY_LIMIT:
        raise Turned("too_large", 413)
    found = Submission()
    if request.content_type == "application/x-www-form-urlencoded":
        for name, value in (await request.post()).items():
            if isinstance(value, str):
                found.fields.setdefault(name, value)
        check(found.fields.get("csrf"))
        return found
    if request.content_type != "multipart/form-data":
        raise Turned("request", 415)
    try:
        await _parts(request, check, found)
    except (ValueError, AssertionError, RuntimeError):
        raise Turned("request", 400) from None
    check(found.fields.get("csrf"))
    return found


async def _parts(request: web.Request, check: Callable[[str | None], None], found: Submission) -> None:
    text, parts = 0, 0
    async for part in await request.multipart():
        parts += 1
        if not isinstance(part, BodyPartReader) or part.name is None or parts > FIELDS:
            raise Turned("request", 400)
        if part.name == "pictures":
            check(found.fields.get("csrf"))  # stands first in our forms: a stranger's pictures are not even read
            content = await _bytes(part, PICTURE_LIMIT, "picture_too_large")
            if content:
                if len(found.pictures) == PICTURES:
                    raise Turned("too_many_pictures", 413)
                found.pictures.append(content)
        else:
            content = await _bytes(part, TEXT_LIMIT - text, "too_large")
            text += len(content)
            found.fields.setdefault(part.name, content.decode("utf-8", "replace"))


async def _bytes(part: BodyPartReader, limit: int, why: str) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(65_536):
        content += chunk
        if len(content) > limit:
            raise Turned(why, 413)
    return bytes(content)
