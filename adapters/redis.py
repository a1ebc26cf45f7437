"""Wake-ups between processes, through Redis: a poke here wakes who waits there. It carries topics, never text.

Nothing depends on it: who waits looks again by itself after a while, so an emptied, stopped or unreachable Redis only makes that
while longer. No trouble with it reaches the bot.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.ports import Wakeups

CHANNEL = "antenne"
BACKOFF = (0.1, 5.0)  # seconds to wait after losing Redis: at first, and at most
SILENCE = 10.0  # seconds without a word after which the connection is tried

log = structlog.get_logger()


@asynccontextmanager
async def connected(url: str, inside: Wakeups) -> AsyncIterator[Wakeups]:
    """Wake-ups of this process (``inside``) and of every other one at the same Redis. Does not wait until Redis answers."""
    pool = BlockingConnectionPool.from_url(
        url, max_connections=4, timeout=2, socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 0)
    )
    async with aclosing(Redis.from_pool(pool)) as client:
        wakeups = RedisWakeups(client, inside)
        tasks = [asyncio.create_task(wakeups.listen()), asyncio.create_task(wakeups.tell())]
        try:
            yield wakeups
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class RedisWakeups:
    """The `Wakeups` port: pokes go round in this process at once, and to the others as soon as Redis takes them."""

    def __init__(self, client: "Redis", inside: Wakeups) -> None:
        self._client, self._inside = client, inside
        self._me = secrets.token_hex(8)
        self._untold: set[str] = set()
        self._topics: set[str] = set()  # that somebody here waits for
        self._something = asyncio.Event()

    async def poke(self, topic: str) -> None:
        """Wake who waits for `topic`, here and elsewhere; never waits for Redis."""
        await self._inside.poke(topic)
        self._untold.add(topic)
        self._something.set()

    async def wait(self, topic: str, timeout: float) -> None:
        """Until `topic` is poked anywhere; `timeout` seconds at most."""
        self._topics.add(topic)
        await self._inside.wait(topic, timeout)

    async def tell(self) -> None:
        """Pass pokes on until cancelled; many of one topic become one. What cannot be passed on now is dropped: see above."""
        while True:
            await self._something.wait()
            self._something.clear()
            topics, self._untold = self._untold, set()
            try:
                for topic in topics:
                    await self._client.publish(CHANNEL, f"{self._me} {topic}")
            except (RedisError, OSError):
                await asyncio.sleep(BACKOFF[0])

    async def listen(self) -> None:
        """Hear the pokes of other processes until cancelled; after every interruption all who wait look again."""
        pause, lost = BACKOFF[0], False
        while True:
            try:
                async with self._client.pubsub() as heard:
                    await heard.subscribe(CHANNEL)
                    asked = False
                    while True:
                        message = await heard.get_message(timeout=SILENCE)
                        if message is None and asked:
                            raise ConnectionError
                        asked = message is None
                        if message is None:
                            await heard.ping()
                        elif message["type"] == "subscribe":
                            if lost:
                                log.warning("redis", state="back")
                            pause, lost = BACKOFF[0], False
                            await self._wake(self._topics)
                        elif message["type"] == "message":
                            sender, _, topic = message["data"].decode("ascii", "replace").partition(" ")
                            await self._wake({topic} & self._topics if sender != self._me else ())
            except (RedisError, OSError) as trouble:
                if not lost:
                    log.warning("redis", state="lost", error=type(trouble).__name__)  # its text names the server
                lost = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, BACKOFF[1])

    async def _wake(self, topics: "set[str] | tuple[()]") -> None:
        for topic in tuple(topics):
            await self._inside.poke(topic)
