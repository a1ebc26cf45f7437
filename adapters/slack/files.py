"""Files that people share in Slack: fetched from Slack's file host alone, up to a limit, and looked at before anybody keeps them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from adapters.slack.client import Client, Failed
from bot.ports import NotTaken, Pictures

HOST = "https://files.slack.com"
LIMIT = 12 * 1024 * 1024  # bytes of one picture
MOST = 10  # pictures of one message


class FileRefused(Exception):
    """A file, or a message with one, that is not taken. ``key``: a sentence of the catalogue."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


async def looked_at(content: bytes, pictures: Pictures | None) -> tuple[str, str]:
    """The media type of a picture and the text in it; raises ``FileRefused``. Without ``pictures`` its first bytes must do."""
    if pictures is None:
        return media_of(content), ""
    found = await pictures.look(content)
    if isinstance(found, NotTaken):
        raise FileRefused(found.key)
    return found.media, found.text


async def fetch(client: Client, file: Mapping[str, Any], host: str = HOST) -> bytes:
    """The bytes of a shared file. The token goes to exactly ``host``; raises ``FileRefused``, or ``Failed`` when it may work later."""
    if file.get("file_access") == "check_file_info":  # shared from another workspace: Slack tells no more in the event
        file = await _info(client, file)
    if file.get("mode") == "external" or file.get("is_external"):
        raise FileRefused("slack.file_external")
    if int(file.get("size") or 0) > LIMIT:
        raise FileRefused("slack.file_too_large")
    address = str(file.get("url_private_download") or file.get("url_private") or "")
    if not at(address, host):
        raise FileRefused("slack.file_external")
    token = client.settings.bot_token.get_secret_value()
    content = bytearray()
    try:
        async with client.session.get(address, headers={"Authorization": f"Bearer {token}"}, allow_redirects=False) as answer:
            if answer.status in (429, 500, 502, 503, 504):
                raise Failed("network")
            # Without the right to read a file Slack answers 200 with the page on which one signs in.
            if answer.status != 200 or answer.content_type == "text/html":
                raise FileRefused("slack.file_not_readable")
            async for chunk in answer.content.iter_chunked(65_536):
                content += chunk
                if len(content) > LIMIT:
                    raise FileRefused("slack.file_too_large")
    except TimeoutError:
        raise Failed("timeout") from None
    except (aiohttp.ClientError, OSError):
        raise Failed("network") from None
    return bytes(content)


async def _info(client: Client, file: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return (await client.ask("files.info", file=file.get("id"))).get("file") or {}
    except Failed as problem:
        if problem.passes:
            raise
        raise FileRefused("slack.file_not_readable") from None


def at(address: str, host: str = HOST) -> bool:
    """Whether an address lies on exactly that host: same scheme and port, no user, no backslash that a browser reads as a slash."""
    if any(sign in address for sign in "\\@\r\n\t #") or not address.isascii():
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return f"{parts.scheme}://{parts.netloc}" == host


def media_of(content: bytes) -> str:
    """The media type that the bytes themselves show; raises ``FileRefused`` when they are no picture that is taken here."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    raise FileRefused("slack.file_no_picture")
