"""A program for test_crash.py: a whole bot at full speed, for as long as it lives.

It reads a line of JSON a life (`Life`) and starts a fresh copy of itself for it: a fork of a program that has run a bot before, so that
hundreds of lives take no hundreds of imports. The copy delivers again what the life before got no answer to, then pastes and walks until
it is killed. What it hears goes line by line into `journal`, and what the platform shows into `platform`: files outlive a killed process.
"""

import asyncio
import gc
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import adapters.database.postgres  # noqa: F401  # each copy would load it
from bot.antenne import Antenne
from bot.cards import Card
from bot.events import Answer, Outgoing, Pasted, Pressed
from bot.presses import Answer as Choice
from tests.strict_chat import COMMENT, START, TO_A_THREAD, actor, bot_on

BETWEEN = timedelta(seconds=90)  # from one life to the next, on the clock of the bot: every lease is over by then
PEOPLE = ("an", "karim", "sofie")
AT_ONCE = 6
STEPS = 10  # new ones in one life: a kill that comes late, on a machine with a lot to do, costs no more


@dataclass(frozen=True, slots=True)
class Life:
    """One process: where its database and its files are, which life it is, whether it only finishes what is left."""

    url: str
    folder: str
    number: int
    finish: bool = False


def lines(path: Path, since: int = 0) -> Iterator[dict[str, Any]]:
    """What was written to a file after so many bytes; each line was one system call, so none is cut off."""
    if path.exists():
        for line in path.read_bytes()[since:].splitlines():
            yield json.loads(line)


@dataclass
class Past:
    """What the lives before left in their folder: the events without an answer, and the names of the messages on the platform."""

    unanswered: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    _read: dict[str, int] = field(default_factory=dict)  # how many bytes of each file

    def look(self, folder: Path) -> None:
        """Take in what was written since the last look."""
        for line in self._new(folder / "journal"):
            if line["what"] == "deliver":
                self.unanswered[line["id"]] = line
            else:
                self.unanswered.pop(line["id"], None)
        self.names |= {line["message"]: line["name"] for line in self._new(folder / "platform")}

    def _new(self, path: Path) -> Iterator[dict[str, Any]]:
        since = self._read.get(path.name, 0)
        self._read[path.name] = path.stat().st_size if path.exists() else 0
        return lines(path, since)


def write(descriptor: int, **values: object) -> None:
    """One system call a line: what was written stays when the process is killed, and two never mix."""
    os.write(descriptor, json.dumps(values).encode() + b"\n")


def digest(card: Card) -> str:
    """What a card says, in short."""
    return hashlib.sha256(repr(card).encode()).hexdigest()


@dataclass
class FileChat:
    """A platform that outlives the bot, in a file: one line for each message shown or changed. It recognises a message by its number."""

    path: Path
    names: dict[int, str]
    descriptor: int = -1

    def __post_init__(self) -> None:
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def post(self, message: Outgoing) -> str:
        """Show a new message, or bring one that stands there up to date."""
        await asyncio.sleep(0.001)  # a network is slower than a file, and a kill may come here
        known = self.names.get(message.id)
        if known is not None:
            write(
                self.descriptor,
                what="recognised",
                message=message.id,
                name=known,
                lane=str(message.conversation),
                says=digest(message.card),
            )
            return known
        name = f"m{message.id}"
        write(
            self.descriptor, what="post", message=message.id, name=name, lane=str(message.conversation), says=digest(message.card)
        )
        self.names[message.id] = name
        await asyncio.sleep(0.001)
        return name

    async def update(self, message: Outgoing, remote: str) -> str:
        """Replace a message that stands there."""
        await asyncio.sleep(0.001)
        assert self.names[message.id] == remote, "another message's name"
        write(
            self.descriptor,
            what="update",
            message=message.id,
            name=remote,
            lane=str(message.conversation),
            says=digest(message.card),
        )
        return remote


class Desk:
    """People at work, and what they know: every event before it is delivered, every answer after it came."""

    def __init__(self, antenne: Antenne, journal: Path, life: int) -> None:
        self.antenne, self.life = antenne, life
        self.journal = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.numbers = count(1)
        self.left = STEPS

    async def deliver(self, event: Pasted | Pressed) -> Answer:
        """Hand an event in and write down that it was answered."""
        answer = await self.antenne.handle(event)
        if answer.kept != "not":
            write(self.journal, what="answered", id=event.id, case=answer.case, refused=answer.refused)
        return answer

    async def deliver_again(self, unanswered: Mapping[str, dict[str, Any]]) -> None:
        """As a platform does that got no answer."""
        for line in unanswered.values():
            kind = Pasted if line["kind"] == "pasted" else Pressed
            await self.deliver(kind.model_validate_json(line["event"]))

    async def new(self, event: Pasted | Pressed) -> Answer:
        """An event that was never delivered before; for ever under way when it is one too many."""
        if not self.left:
            await asyncio.Event().wait()
        self.left -= 1
        write(self.journal, what="deliver", id=event.id, kind=event.kind, event=event.model_dump_json())
        return await self.deliver(event)

    async def person(self, name: str) -> None:
        """Paste and walk, for ever."""
        while True:
            number = f"{self.life}-{next(self.numbers)}"
            answer = await self.new(Pasted(id=number, actor=actor(name), text=f"{COMMENT} {number}"))
            assert answer.case is not None, answer.note
            for step, choice in enumerate(TO_A_THREAD):
                press = Choice(case=answer.case, walk=0, step=step, choice=choice)
                answer = await self.new(Pressed(id=f"{number}.{step}", actor=actor(name), press=press))
                assert answer.case is not None, answer.note


async def live(life: Life, past: Past) -> None:
    """One life; it ends by itself only when it is to finish."""
    folder = Path(life.folder)
    began = time.monotonic()
    start = START + life.number * BETWEEN
    chat = FileChat(folder / "platform", past.names)
    async with bot_on(
        life.url, folder, {"slack": chat}, lambda: start + timedelta(seconds=time.monotonic() - began), lock_timeout=20.0
    ) as antenne:
        desk = Desk(antenne, folder / "journal", life.number)
        await desk.deliver_again(past.unanswered)
        if life.finish:
            await antenne.work()
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(antenne.run())
            for index in range(AT_ONCE):
                group.create_task(desk.person(PEOPLE[index % len(PEOPLE)]))


async def rehearse() -> None:
    """Everything once, on a database of its own: what is loaded and worked out at a first time is there for every copy."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/antenne.db"
        async with bot_on(url, folder, {"slack": FileChat(folder / "platform", {})}, lambda: START) as antenne:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await Desk(antenne, folder / "journal", 0).person("an")
            await antenne.work()


def main() -> None:
    """Give birth to one life a line."""
    asyncio.run(rehearse())
    assert threading.active_count() == 1, "a fork would not have the other threads"
    gc.freeze()  # the copies share what is there
    past = Past()
    for line in sys.stdin:
        life = Life(**json.loads(line))
        past.look(Path(life.folder))
        child = os.fork()
        if child == 0:
            asyncio.run(live(life, past))
            os._exit(0)
        os.write(1, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(1, f"{status}\n".encode())


if __name__ == "__main__":
    main()
