"""A process of its own with the whole bot in it, driven by lines of JSON: what `test_two_processes.py` starts twice, and kills.

In, one a line: ``{"n": 1, "event": {…}}`` (an `Incoming`), or ``{"n": 2, "later": 61}`` (its clock jumps so many seconds). Out: one
line for each, in whatever order they are done. The chat platform is the test itself, at the socket that the first argument names; the
second is how many seconds its clock is ahead of the machine's, so that what is due by the calendar is the same on every day.
"""

import asyncio
import itertools
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter

from adapters.main import running
from bot.antenne import Antenne
from bot.events import Incoming, Outgoing
from bot.ports import Undeliverable
from bot.settings import Settings

EVENT: TypeAdapter[Incoming] = TypeAdapter(Incoming)


class Platform:
    """The `Chat` port over a socket; posting the same message twice is recognised on the other side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for line in self._reader:
            answer = json.loads(line)
            self._waiting.pop(answer["n"]).set_result(answer)

    async def _ask(self, message: Outgoing, remote: str | None) -> str:
        number = next(self._numbers)
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        asked = {"n": number, "id": message.id, "lane": str(message.conversation), "parent": message.parent, "remote": remote}
        self._writer.write(json.dumps(asked | {"title": message.card.title}).encode() + b"\n")
        answer = await answered
        if answer["remote"] is None:
            raise Undeliverable("network", later=0.1)
        return str(answer["remote"])

    async def post(self, message: Outgoing) -> str:
        """A new message."""
        return await self._ask(message, None)

    async def update(self, message: Outgoing, remote: str) -> str:
        """A message that is there already."""
        return await self._ask(message, remote)


async def answer(antenne: Antenne, asked: dict[str, Any]) -> dict[str, Any]:
    """Handle one event; only what the test looks at goes back."""
    done = await antenne.handle(EVENT.validate_python(asked["event"]))
    return {"n": asked["n"], "case": done.case, "note": done.note, "refused": done.refused}


async def main(socket: str, ahead: timedelta) -> None:
    """Serve until the input ends."""
    platform = Platform(*await asyncio.open_unix_connection(socket))
    async with running(Settings(), clock=lambda: datetime.now(UTC) + ahead, chats={"slack": platform}) as antenne:
        working = asyncio.create_task(antenne.run())
        loop = asyncio.get_running_loop()
        lines = asyncio.StreamReader(limit=1 << 20)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)

        def tell(done: "asyncio.Task[dict[str, Any]]") -> None:
            sys.stdout.write(json.dumps(done.result()) + "\n")
            sys.stdout.flush()

        sys.stdout.write('{"n": 0}\n')
        sys.stdout.flush()
        handling: set[asyncio.Task[dict[str, Any]]] = set()
        async for line in lines:
            asked = json.loads(line)
            if "later" in asked:
                ahead += timedelta(seconds=asked["later"])
                await antenne.wakeups.poke("outbox")
                sys.stdout.write(json.dumps({"n": asked["n"]}) + "\n")
                sys.stdout.flush()
                continue
            task = asyncio.create_task(answer(antenne, asked))
            handling.add(task)
            task.add_done_callback(handling.discard)
            task.add_done_callback(tell)
        working.cancel()
        await asyncio.gather(working, *handling, return_exceptions=True)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # the output is for answers
    asyncio.run(main(sys.argv[1], timedelta(seconds=float(sys.argv[2]))))
