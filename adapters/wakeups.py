"""Wake-ups within one process: what `Wakeups` promises, without a server."""

import asyncio
from collections import Counter
from contextlib import suppress
from weakref import WeakKeyDictionary


class InProcessWakeups:
    """A poke wakes every task that waits for its topic; a task that was busy meanwhile does not miss it."""

    def __init__(self) -> None:
        self._pokes: Counter[str] = Counter()
        self._bells: dict[str, asyncio.Event] = {}
        self._heard: WeakKeyDictionary[asyncio.Task[object] | None, Counter[str]] = WeakKeyDictionary()

    async def poke(self, topic: str) -> None:
        """Wake who waits for `topic`."""
        self._pokes[topic] += 1
        bell = self._bells.pop(topic, None)
        if bell is not None:
            bell.set()

    async def wait(self, topic: str, timeout: float) -> None:
        """Until `topic` is poked, or was since this task last waited for it; `timeout` seconds at most."""
        heard = self._heard.setdefault(asyncio.current_task(), Counter(self._pokes))
        if heard[topic] == self._pokes[topic]:
            bell = self._bells.setdefault(topic, asyncio.Event())
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await bell.wait()
        heard[topic] = self._pokes[topic]
