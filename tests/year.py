"""A year on a virtual clock: random cases, absences, holidays, restarts and platform faults, two replicas on one database.

``python -m tests.year [cases] [seed] [sqlite or postgresql]`` runs a bigger one and prints what it saw; `tests/bot/test_year.py` runs
small ones.
"""

import asyncio
import random
import sys
import tempfile
from collections import Counter
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, bindparam, func, select

from bot.antenne import Antenne
from bot.events import Answer, Commanded, Pressed
from bot.ports import Undeliverable
from bot.presses import Choose, Close, Take
from bot.tables import calls, cases, clocks, messages, threads
from tests.servers import running_postgres
from tests.strict_chat import Clock, StrictChat, actor, bot_on, choose, paste

PATHS = (
    ("negatief", "haat", "twijfel"), ("bedreiging",), ("neutraal", "melding"), ("twijfel",), ("nood",),
    ("gegevens", "ander"), ("neutraal", "klacht"),
)  # fmt: skip
PEOPLE = ("sofie", "tom", "bert", "lies", "griet", "joris", "hilde", "katrien", "fatima", "an", "karim")
ONCE = ("reminder", "deputy", "head", "lead", "team")
YEAR = timedelta(days=365)


@dataclass
class Seen:
    """What the year was made of, and what was wrong at its end."""

    cases: int = 0
    escalations: int = 0
    asked: int = 0
    absences: int = 0
    faults: int = 0
    restarts: int = 0
    unseen: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


class Year:
    """One run: who does what is drawn from ``seed``; what came of it is in the database and on the strict chat."""

    def __init__(self, url: str, folder: Path, wanted: int, seed: int) -> None:
        self.url, self.folder, self.wanted = url, folder, wanted
        self.dice, self.clock, self.chat, self.seen = random.Random(seed), Clock(), StrictChat(), Seen()
        self.ids = count(1)
        self.replicas: list[Antenne] = []
        self.open: list[AsyncExitStack] = []

    async def run(self) -> Seen:
        """The year, and then three weeks in which nobody does anything, so that whatever still has to be said is said."""
        for _ in range(2):
            await self._start()
        try:
            end = self.clock.now + YEAR
            step = YEAR / self.wanted
            while self.clock.now < end:
                await self._case()
                for _ in range(self.dice.randint(1, 3)):
                    self.clock.now += step * self.dice.uniform(0.02, 0.6)
                    await self._something()
                    await self._work()
            for _ in range(64):
                self.clock.now += timedelta(hours=8)
                await self._work()
            await self.replicas[0].store.read(self._judge)
        finally:
            for stack in self.open:
                await stack.aclose()
        return self.seen

    async def _start(self) -> None:
        stack = AsyncExitStack()
        self.replicas.append(await stack.enter_async_context(bot_on(self.url, self.folder, {"slack": self.chat}, self.clock)))
        self.open.append(stack)

    async def _work(self) -> None:
        """Both replicas at once; the clock stands still."""
        await asyncio.gather(*(replica.work() for replica in self.replicas))

    def _event(self) -> str:
        return f"y{next(self.ids)}"

    @property
    def _one(self) -> Antenne:
        return self.dice.choice(self.replicas)

    async def _case(self) -> None:
        who = self.dice.choice(("an", "karim"))
        number = await paste(self._one, self._event(), who, f"Dit is reactie {next(self.ids)} over de straat")
        self.seen.cases += 1
        answer = Answer()
        for step, choice in enumerate(self.dice.choice(PATHS)):
            answer = await choose(self._one, self._event(), number, step, choice, who)
            if answer.refused:
                break
        department = self.dice.choice(("mobiliteit", "milieu"))
        await self._press(who, Choose(case=number, what="department", value=department))
        self.clock.forward(16)
        await self._work()
        if self.dice.random() < 0.3:  # somebody is there all through the first hours
            for _ in range(6):
                self.clock.forward(15 * 60 + 1)
                await self._work()

    async def _press(self, who: str, press: Choose | Close | Take) -> Answer:
        return await self._one.handle(Pressed(id=self._event(), actor=actor(who), press=press))

    async def _something(self) -> None:
        match self.dice.randrange(9):
            case 0 | 1:
                thread = await self._one.store.read(lambda conn: conn.execute(_WAITING).scalars().all())
                if thread:
                    await self._press(self.dice.choice(PEOPLE), Take(thread=self.dice.choice(thread)))
            case 2:
                await self._press(self.dice.choice(("an", "karim")), Close(case=self.dice.randint(1, max(1, self.seen.cases))))
            case 3 | 4:
                begin = (self.clock.now + timedelta(days=self.dice.randint(0, 9))).date()
                until = begin + timedelta(days=self.dice.randint(0, 12))
                who, instead = self.dice.sample(PEOPLE, 2)
                text = f"afwezig {begin}–{until}" + (f", vervanger {instead}" if self.dice.random() < 0.7 else "")
                done = await self._one.handle(Commanded(id=self._event(), actor=actor(who), text=text))
                self.seen.absences += not done.refused
            case 5:
                text = "afwezig stop"
                await self._one.handle(Commanded(id=self._event(), actor=actor(self.dice.choice(PEOPLE)), text=text))
            case 6 | 7:
                address = self.dice.choice(
                    ("C-communicatie", "U-hilde", "U-bert", "U-an", "C-milieu", "C-moderatieteam", "U-tom")
                )
                why = self.dice.choice((Undeliverable("network", 30), Undeliverable("rate", 5), Undeliverable("person_gone")))
                self.chat.trouble[address].append(why)
                self.seen.faults += 1
            case _:
                await self.open.pop(0).aclose()
                self.replicas.pop(0)
                await self._start()
                self.seen.restarts += 1

    def _judge(self, conn: Connection) -> None:
        """No escalation without somebody who could see it and everybody asked; nothing said twice."""
        left = conn.execute(select(func.count()).select_from(messages).where(messages.c.wanted > messages.c.shown)).scalar_one()
        if left:
            self.seen.unseen.append(f"{left} messages were never said")
        ringing = conn.execute(select(func.count()).select_from(clocks).where(clocks.c.due <= self.clock.now)).scalar_one()
        if ringing:
            self.seen.unseen.append(f"{ringing} clocks never rang")
        shown = {message.id for message in self.chat.shown.values()}
        for thread in conn.execute(select(threads).where(threads.c.opened.is_not(None))).all():
            self.seen.escalations += 1
            heads = conn.execute(_HEADS, {"about": thread.id, "number": thread.case_id}).all()
            if not any(head.id in shown or head.lane.startswith("local:") for head in heads):
                self.seen.unseen.append(f"thread {thread.id} stands nowhere")
            said = Counter(
                conn.execute(select(calls.c.what).where(calls.c.thread_id == thread.id).order_by(calls.c.id)).scalars()
            )
            self.seen.asked += sum(said.values())
            case = conn.execute(select(cases.c.phase).where(cases.c.id == thread.case_id)).scalar_one()
            if thread.phase == "open" and case != "closed" and not self._answered(conn, thread.id):
                if not said["reminder"] and not said["released"]:
                    self.seen.unseen.append(f"thread {thread.id} of {thread.role} was never asked about again")
                if not said["again"]:
                    self.seen.unseen.append(f"thread {thread.id} of {thread.role} went quiet: {dict(said)}")
            self.seen.doubled += [f"thread {thread.id}: {what} {said[what]}×" for what in ONCE if said[what] > 1]
        posted = Counter(message.id for message in self.chat.shown.values())
        self.seen.doubled += [f"message {number} stands {times}×" for number, times in posted.items() if times > 1]

    def _answered(self, conn: Connection, thread: int) -> bool:
        """Whether a clock still runs for it: then it is not quiet."""
        return bool(conn.execute(select(clocks.c.id).where(clocks.c.kind == "wait", clocks.c.name == str(thread))).first())


_WAITING = select(threads.c.id).where(threads.c.phase == "open").order_by(threads.c.id.desc()).limit(8)
_HEADS = select(messages.c.id, messages.c.lane).where(
    messages.c.kind == "thread", messages.c.ref == bindparam("about"), messages.c.case_id == bindparam("number")
)


async def year(url: str, folder: Path, wanted: int, seed: int) -> Seen:
    """A year of about so many cases."""
    return await Year(url, folder, wanted, seed).run()


def main() -> None:
    """Run one and print it."""
    wanted, seed, backend = (*sys.argv[1:], *("1000", "1", "sqlite")[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory(prefix="antenne-year-") as folder, ExitStack() as stack:
        url = f"sqlite:///{folder}/antenne.db"
        if backend == "postgresql":
            url = stack.enter_context(running_postgres()).new_database()
        sys.stdout.write(f"{backend}: {asyncio.run(year(url, Path(folder), int(wanted), int(seed)))}\n")


if __name__ == "__main__":
    main()
