"""Pictures that people attach in Teams: fetched where Teams keeps them, up to a limit, and looked at before anybody keeps them.

A file of a chat lies in SharePoint behind an address that needs no token, and gets none. A pasted picture lies with the connector.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from adapters.teams.client import Connector, Failed
from adapters.teams.events import FILE
from bot.ports import NotTaken, Pictures

LIMIT = 12 * 1024 * 1024  # bytes of one picture
MOST = 10  # pictures of one message
SHARES = (".sharepoint.com", ".svc.ms")


class FileRefused(Exception):
    """A file that is not taken. ``key``: a sentence of the catalogue."""

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


async def fetch(connector: Connector, file: Mapping[str, Any]) -> bytes:
    """The bytes of an attachment; raises ``FileRefused``, or ``Failed`` when it may work later."""
    headers: dict[str, str] = {}
    if file.get("contentType") == FILE:
        content = file.get("content")
        address = str(content.get("downloadUrl") or "") if isinstance(content, Mapping) else ""
        if not shared(address, connector):
            raise FileRefused("teams.file_elsewhere")
    else:
        address = str(file.get("contentUrl") or "")
        if not connector.hosts.allow(address):
            raise FileRefused("teams.file_elsewhere")
        token = await connector.tokens.fresh()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
    found = bytearray()
    try:
        async with connector.session.get(address, headers=headers, allow_redirects=False) as answer:
            if answer.status in (429, 500, 502, 503, 504):
                raise Failed(answer.status)
            if answer.status != 200 or answer.content_type == "text/html":
                raise FileRefused("teams.file_not_readable")
            async for chunk in answer.content.iter_chunked(65_536):
                found += chunk
                if len(found) > LIMIT:
                    raise FileRefused("teams.file_too_large")
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise Failed(0, "network") from None
    return bytes(found)


def shared(address: str, connector: Connector) -> bool:
    """Whether an address lies where Teams keeps the files of a chat."""
    if not address.isascii() or any(sign in address for sign in "\\@#\r\n\t "):
        return False
    stand_in = urlsplit(connector.settings.connector_url)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if connector.settings.connector_url and (parts.scheme, parts.netloc) == (stand_in.scheme, stand_in.netloc):
        return True
    return parts.scheme == "https" and port in (None, 443) and (parts.hostname or "").endswith(SHARES)


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
    raise FileRefused("teams.file_no_picture")
