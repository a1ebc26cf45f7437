"""Live pages: one stream a browser that says "look again". It carries a count and no word of a conversation."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from bot.ports import Wakeups

BREATH = 20.0  # seconds between two lines at most: a page looks again by itself, should every wake-up be lost
STREAMS = 64  # at once: browsers, not tabs


class Live:
    """Waits for changes and tells every open stream. ``count``: how many there were."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups
        self.count = 0
        self._changed = asyncio.Event()
        self._streams: set[asyncio.Task[object]] = set()

    async def lifespan(self, _app: web.Application) -> AsyncIterator[None]:
        """Listen while the application runs (``cleanup_ctx``)."""
        listener = asyncio.create_task(self._listen())
        yield
        listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listener

    async def stop(self, _app: web.Application) -> None:
        """End every stream, so that stopping need not wait for browsers."""
        for stream in tuple(self._streams):
            stream.cancel()

    async def changed(self, timeout: float, since: int) -> None:
        """Wait until there are more changes than ``since``, ``timeout`` seconds at most."""
        if self.count == since:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._changed.wait()

    async def _listen(self) -> None:
        while True:
            await self._wakeups.wait("live", BREATH)
            self.count += 1
            self._changed.set()
            self._changed = asyncio.Event()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """The server-sent events of one browser."""
        if len(self._streams) >= STREAMS:
            return web.Response(status=503, headers={"Retry-After": "10"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        task = asyncio.current_task()
        assert task is not None  # a handler runs in one
        self._streams.add(task)
        try:
            await response.prepare(request)
            await response.write(b"retry: 2000\n\n")
            seen = self.count
            while True:
                await self.changed(BREATH + 5, seen)
                seen = self.count
                await response.write(b"event: look\ndata: %d\n\n" % seen)
                await asyncio.sleep(0.1)  # a storm of changes is one look
        except (ConnectionError, asyncio.CancelledError):
            return response
        finally:
            self._streams.discard(task)
