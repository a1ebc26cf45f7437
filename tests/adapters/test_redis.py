"""Wake-ups through a real Redis: they reach the other process, and no trouble with Redis reaches the bot."""

import asyncio
import time
from contextlib import ExitStack

import pytest
from redis.asyncio import Redis
from sqlalchemy.engine import make_url

from adapters.redis import connected
from adapters.wakeups import InProcessWakeups
from bot.ports import Wakeups
from tests.servers import running_redis

pytestmark = pytest.mark.needs("redis-server")


async def seconds_until_woken(waiter: Wakeups, topic: str = "outbox", timeout: float = 60.0) -> float:
    """How long `waiter` sleeps."""
    began = time.monotonic()
    await waiter.wait(topic, timeout)
    return time.monotonic() - began


async def hears(one: Wakeups, other: Wakeups, timeout: float = 60.0) -> None:
    """Poke `one` until `other` wakes from it."""
    async with asyncio.timeout(timeout):
        while True:
            woken = asyncio.create_task(seconds_until_woken(other, timeout=0.3))
            await asyncio.sleep(0.05)
            await one.poke("outbox")
            if await woken < 0.29:
                return


async def test_a_poke_reaches_the_other_process(redis_url: str) -> None:
    """At once, for its own topic only, also while somebody empties Redis; and each hears its own."""
    async with connected(redis_url, InProcessWakeups()) as one, connected(redis_url, InProcessWakeups()) as other:
        await hears(one, other)
        await hears(other, one)
        async with Redis.from_url(redis_url) as client:
            await client.flushall()
        await hears(one, other)
        sleeping = asyncio.create_task(seconds_until_woken(other, "live", timeout=0.5))
        await asyncio.sleep(0.05)
        await one.poke("outbox")
        assert await sleeping > 0.45
        await seconds_until_woken(one, timeout=0.01)
        await one.poke("outbox")
        assert await seconds_until_woken(one) < 30


async def test_losing_redis_is_no_trouble() -> None:
    """A poke costs nothing and wakes this process; when Redis is back, everybody looks again and hears the others."""
    with ExitStack() as first, ExitStack() as second:
        url = first.enter_context(running_redis())
        async with connected(url, InProcessWakeups()) as one, connected(url, InProcessWakeups()) as other:
            await hears(one, other)
            first.close()
            await seconds_until_woken(one, timeout=0.01)
            began = time.monotonic()
            for _ in range(1000):
                await one.poke("outbox")
            assert time.monotonic() - began < 5
            assert await seconds_until_woken(one) < 30
            assert await seconds_until_woken(other, timeout=0.2) < 30
            second.enter_context(running_redis(make_url(url).port or 0))
            await hears(one, other)


async def test_a_redis_that_was_never_there_is_no_trouble() -> None:
    """The bot starts, works and stops without it."""
    async with connected("redis://127.0.0.1:1/0", InProcessWakeups()) as alone:
        await alone.poke("outbox")
        assert await seconds_until_woken(alone, timeout=0.2) < 30


async def test_strange_words_on_the_channel_change_nothing(redis_url: str) -> None:
    """What is no topic that somebody waits for is passed over."""
    async with connected(redis_url, InProcessWakeups()) as one, connected(redis_url, InProcessWakeups()) as other:
        await hears(one, other)
        async with Redis.from_url(redis_url) as client:
            for word in (b"", b"\xff\xfe", b"somebody", b"somebody nothing", b"a b c"):
                await client.publish("antenne", word)
        await hears(one, other)
