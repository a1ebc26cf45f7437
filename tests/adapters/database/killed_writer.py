"""A program for test_sqlite.py: writes pairs of rows as fast as it can and says each name once answered.

It reads a database address a line and starts a fresh copy of itself for it (a fork, so that 20 take no 20
imports); the copy writes until it is killed. All lines leave through one pipe: nothing overtakes `dead`.
"""

import asyncio
import os
import sys

from adapters.database import open_store
from tests.adapters.database.conftest import COUNTERS, Work


def say(line: str) -> None:
    """One system call a line: a kill cannot cut it."""
    os.write(1, line.encode() + b"\n")


def pair(name: str) -> Work[None]:
    """A work that adds two rows, which belong together."""
    return lambda connection: connection.execute(
        COUNTERS.insert(), [{"name": f"{name}-left", "value": 1}, {"name": f"{name}-right", "value": 1}]
    ).close()


async def write_for_ever(url: str) -> None:
    """Eight callers, each waiting for its answer before it goes on."""
    store = await open_store(url, lock_timeout=10.0)

    async def caller(number: int) -> None:
        count = 0
        while True:
            count += 1
            name = f"{os.getpid()}-{number}-{count}"
            await store.write(pair(name))
            say(name)

    await asyncio.gather(*(caller(number) for number in range(8)))


if __name__ == "__main__":
    for address in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(write_for_ever(address.strip()))
        say(f"pid {child}")
        os.waitpid(child, 0)
        say("dead")
