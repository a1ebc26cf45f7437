"""A chat platform at the wire, as strict as a real one, and a whole bot whose people are on it. Nothing of the bot's own is replaced."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from adapters.database import open_store
from adapters.wakeups import InProcessWakeups
from bot.antenne import Antenne
from bot.cards import Card
from bot.events import Actor, Answer, Outgoing, Pasted, Pressed
from bot.organisation import Organisation, load_organisation
from bot.ports import Chat, Undeliverable
from bot.presses import Answer as Choice
from bot.pseudonyms import Keys
from bot.settings import SAMPLE
from bot.work import House
from flows.platforms import load_platforms
from flows.tree import Tree

START = datetime(2026, 11, 17, 9, 0, tzinfo=UTC)  # a Tuesday, ten in the morning in Brussels
COMMENT = "Jullie zijn allemaal luie ambtenaren, doe eens iets aan de put in de weg!"
TO_A_THREAD = ("negatief", "haat", "twijfel")  # the answers after which the communications lead is told


class Clock:
    """The time that the test says it is."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let this much time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class StrictChat:
    """Keeps what it shows; refuses what no platform would take. `recognises`: whether it knows a message that it has already."""

    recognises: bool = True
    shown: dict[str, Outgoing] = field(default_factory=dict)  # by the platform's own name for it
    calls: list[tuple[str, Outgoing]] = field(default_factory=list)  # everything asked of it, in order
    trouble: dict[str, list[Undeliverable | Exception]] = field(default_factory=lambda: defaultdict(list))  # by address, used up
    gates: dict[str, asyncio.Event] = field(default_factory=dict)  # by address: no answer before it opens
    _bell: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, message: Outgoing) -> str:
        """Show a new message."""
        await self._arrives("post", message)
        known = [name for name, other in self.shown.items() if other.id == message.id]
        name = known[0] if known and self.recognises else f"m{len(self.shown) + 1}"
        self.shown[name] = message
        return name

    async def update(self, message: Outgoing, remote: str) -> str:
        """Replace a message."""
        await self._arrives("update", message)
        assert self.shown[remote].id == message.id, "another message's name"
        self.shown[remote] = message
        return remote

    async def _arrives(self, what: str, message: Outgoing) -> None:
        self.calls.append((what, message))
        self._bell.set()
        address = message.conversation.address
        if address in self.gates:
            await self.gates[address].wait()
        if self.trouble[address]:
            raise self.trouble[address].pop(0)
        parent = self.shown.get(message.parent) if message.parent is not None else None
        assert (message.parent is None) == (parent is None), "beneath a message that is not there"
        assert parent is None or parent.conversation == message.conversation, "beneath a message of another conversation"

    async def asked(self, times: int) -> None:
        """Until it was called this often; a minute at most."""
        async with asyncio.timeout(60):
            while len(self.calls) < times:
                self._bell.clear()
                await self._bell.wait()

    def cards(self, address: str) -> list[Card]:
        """What stands in one conversation, oldest first."""
        return [message.card for message in self.shown.values() if message.conversation.address == address]

    def posts(self, address: str) -> int:
        """How often a post to one conversation was asked for."""
        return sum(what == "post" and message.conversation.address == address for what, message in self.calls)


@cache
def _sample() -> tuple[Organisation, Tree]:
    """The sample municipality with everybody, and every channel, on Slack too: an → U-an, #communicatie → C-communicatie.

    One of its two moderators, karim, reads English.
    """
    organisation, tree = load_organisation(SAMPLE)
    people = {
        name: person.model_copy(update={"addresses": {"slack": f"U-{name}"}}) for name, person in organisation.people.items()
    }
    people["karim"] = people["karim"].model_copy(update={"language": "en"})
    roles = {
        name: held.model_copy(update={"channel": {**held.channel, "slack": f"C-{held.channel['local'].removeprefix('#')}"}})
        if "local" in held.channel
        else held
        for name, held in organisation.roles.items()
    }
    departments = {
        name: item.model_copy(update={"channel": {**item.channel, "slack": f"C-{name}"}})
        for name, item in organisation.departments.items()
    }
    return organisation.model_copy(update={"people": people, "roles": roles, "departments": departments}), tree


@asynccontextmanager
async def bot_on(
    url: str, folder: Path, chats: Mapping[str, Chat], clock: Callable[[], datetime], *, lock_timeout: float = 5.0
) -> AsyncIterator[Antenne]:
    """A whole bot on the database at `url`, for the sample municipality on Slack. It sends when told to (`work`, `run`)."""
    organisation, tree = _sample()
    house = House(organisation, tree, Keys.load(folder / "secret.key"), ("slack", "local"), load_platforms())
    store = await open_store(url, lock_timeout=lock_timeout)
    antenne = Antenne(house, store, InProcessWakeups(), chats, clock)
    try:
        await antenne.prepare()
        yield antenne
    finally:
        await store.close()


def actor(person: str) -> Actor:
    """A person as Slack names them."""
    return Actor(platform="slack", address=f"U-{person}")


async def paste(antenne: Antenne, event: str, person: str = "an", text: str = COMMENT) -> int:
    """Paste a comment; the number of its case."""
    answer = await antenne.handle(Pasted(id=event, actor=actor(person), text=text))
    assert answer.case is not None, answer.note
    return answer.case


async def choose(antenne: Antenne, event: str, case: int, step: int, choice: str, person: str = "an") -> Answer:
    """Press one answer of the walk."""
    return await antenne.handle(Pressed(id=event, actor=actor(person), press=Choice(case=case, walk=0, step=step, choice=choice)))


async def to_a_thread(antenne: Antenne, event: str, case: int) -> None:
    """Walk a new case until somebody is told."""
    for step, choice in enumerate(TO_A_THREAD):
        answer = await choose(antenne, f"{event}.{step}", case, step, choice)
        assert not answer.refused, answer.note
