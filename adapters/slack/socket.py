"""Socket Mode's connection: made behind the start and again whenever it is lost; what keeps it from standing is told once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

log = structlog.get_logger()

AGAIN = 5.0  # seconds between two tries, and between two looks whether the connection still stands
ONE_TRY = 30.0  # seconds after which an address is given up: it serves only for a moment

Hear = Callable[["Socket", SocketModeRequest], Awaitable[None]]


class Socket(SocketModeClient):
    """The SDK's client, which says what is wrong and asks for a fresh address when one does not serve."""

    _told = ""

    async def issue_new_wss_url(self) -> str:
        try:
            address = await super().issue_new_wss_url()
        except Exception as problem:
            code = str(problem.response.get("error")) if isinstance(problem, SlackApiError) else "network"
            if code != self._told:
                log.error("slack_socket", code=code)
            self._told = code
            raise
        if self._told:
            log.warning("slack_socket", code="connected")
        self._told = ""
        return address

    async def connect(self) -> None:
        while not self.closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(ONE_TRY):
                    await super().connect()  # type: ignore[no-untyped-call]  # the SDK leaves it without types
                return
            self.wss_uri = None


@asynccontextmanager
async def connected(token: str, web: AsyncWebClient, hear: Hear) -> AsyncIterator[None]:
    """Connected for as long as the block lasts, or trying to be."""
    socket = Socket(token, logger=logging.getLogger("antenne.slack"), web_client=web, ping_interval=AGAIN)
    socket.socket_mode_request_listeners.append(hear)  # type: ignore[arg-type]  # the SDK calls it with these two
    task = asyncio.create_task(socket.connect())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await socket.close()  # type: ignore[no-untyped-call]  # as above
