"""The outbox: what must still be said is said once, in order, as it is now, and no conversation waits for another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import sqlite

from adapters.web.metrics import text
from bot.antenne import Antenne
from bot.cards import Buttons, Quote
from bot.events import Conversation, Pasted, Pressed
from bot.metrics import ABOUT
from bot.outbox import BATCH, LANES_DUE, LEASE, RETRY, say
from bot.ports import StoreUnavailable, Undeliverable
from bot.presses import Answer as Choice
from bot.presses import Take
from bot.tables import lanes, messages
from bot.work import SETTLE, Work
from tests.strict_chat import COMMENT, Clock, StrictChat, actor, bot_on, choose, paste, to_a_thread

LEAD = "C-communicatie"


@pytest.fixture
def clock() -> Clock:
    """The time of one test."""
    return Clock()


@pytest.fixture
def chat() -> StrictChat:
    """The platform of one test."""
    return StrictChat()


@pytest.fixture
async def antenne(database_url: str, tmp_path: Path, chat: StrictChat, clock: Clock) -> AsyncIterator[Antenne]:
    """A whole bot, on each database in turn."""
    async with bot_on(database_url, tmp_path, {"slack": chat}, clock) as opened:
        yield opened


async def queue(antenne: Antenne, address: str, *, how_many: int = 1) -> list[int]:
    """Have short messages said in a conversation; their numbers."""
    return await antenne.store.write(lambda conn: [_warn(conn, antenne, Conversation("slack", address)) for _ in range(how_many)])


def _warn(conn: Connection, antenne: Antenne, lane: Conversation) -> int:
    return say(
        Work(conn, antenne.house, antenne.clock()),
        lane,
        "warning",
        ref=1,
        week="2026-W47",
        why="threshold",
        count=3,
        days=7,
        usual="1",
    )


async def unsaid(antenne: Antenne) -> int:
    """How many messages are still to be said."""
    query = select(func.count()).select_from(messages).where(messages.c.wanted > messages.c.shown)
    return await antenne.store.read(lambda conn: int(conn.execute(query).scalar_one()))


async def test_a_lane_keeps_its_order(antenne: Antenne, chat: StrictChat) -> None:
    """More than a batch in one conversation arrives in the order in which it was wished."""
    numbers = await queue(antenne, "C1", how_many=2 * BATCH + 5)
    await antenne.work()
    assert [message.id for _, message in chat.calls] == numbers
    assert await unsaid(antenne) == 0


async def test_what_is_beneath_a_message_comes_after_it(antenne: Antenne, chat: StrictChat, clock: Clock) -> None:
    """A note in a thread names the message above it as the platform does."""
    case = await paste(antenne, "e1")
    await to_a_thread(antenne, "e2", case)
    clock.forward(SETTLE.total_seconds() + 1)
    await antenne.work()
    thread = next(name for name, message in chat.shown.items() if message.conversation.address == LEAD)
    answer = await antenne.handle(Pressed(id="e3", actor=actor("sofie"), press=Take(thread=1)))
    assert not answer.refused
    await antenne.work()
    assert [message.parent for message in chat.shown.values() if message.conversation.address == LEAD] == [None, thread]


async def test_a_slow_conversation_delays_no_other(antenne: Antenne, chat: StrictChat) -> None:
    """While one platform call hangs, everything else goes on being said, new messages too."""
    chat.gates["C-slow"] = asyncio.Event()
    await queue(antenne, "C-slow")
    sending = asyncio.create_task(antenne.run())
    for number in range(3):
        await queue(antenne, f"C-quick-{number % 2}")
        await antenne.wakeups.poke("outbox")
        await chat.asked(number + 2)
    assert not chat.cards("C-slow")
    assert chat.posts("C-quick-0") + chat.posts("C-quick-1") == 3
    await queue(antenne, "C-slow")
    chat.gates["C-slow"].set()
    await chat.asked(5)  # what waited in the slow one too
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending


async def test_a_failing_conversation_delays_no_other(antenne: Antenne, chat: StrictChat, clock: Clock) -> None:
    """A refusal, and even a defect in an adapter, rests its own lane only."""
    chat.trouble["C-down"] = [Undeliverable("network", later=5.0)]
    chat.trouble["C-broken"] = [RuntimeError("a defect")]
    for address in ("C-down", "C-broken", "C-well"):
        await queue(antenne, address)
    resting = await antenne.sender.work()
    assert [len(chat.cards(address)) for address in ("C-down", "C-broken", "C-well")] == [0, 0, 1]
    assert resting == clock.now + timedelta(seconds=5)
    clock.forward(RETRY[-1])
    await antenne.work()
    assert [len(chat.cards(address)) for address in ("C-down", "C-broken", "C-well")] == [1, 1, 1]


async def test_what_is_sent_waits_and_fails_is_counted(antenne: Antenne, chat: StrictChat, clock: Clock) -> None:
    """Who keeps watch reads how much waits, for how long, what failed and what came in: by platform and code, never in words."""
    chat.trouble["C-down"] = [Undeliverable("network", later=5.0)]
    chat.trouble["C-broken"] = [RuntimeError("a defect")]
    for address in ("C-down", "C-down", "C-broken", "C-well"):
        await queue(antenne, address)
    await paste(antenne, "e1")
    again = await antenne.handle(Pasted(id="e1", actor=actor("an"), text=COMMENT))
    assert again.kept == "before"
    await antenne.sender.work()
    clock.forward(2)
    said = text(await antenne.measured(5)).splitlines()
    for line in (
        'antenne_events_total{platform="slack",kind="pasted",result="now"} 1',
        'antenne_events_total{platform="slack",kind="pasted",result="before"} 1',
        'antenne_sent_total{platform="slack"} 2',
        'antenne_failures_total{platform="slack",why="network"} 1',
        'antenne_failures_total{platform="slack",why="defect"} 1',
        "antenne_database_up 1",
        'antenne_outbox_messages{platform="slack"} 3',
        'antenne_outbox_lanes{platform="slack"} 2',
        'antenne_outbox_lanes_waiting{platform="slack"} 2',
        'antenne_outbox_oldest_seconds{platform="slack"} 2',
        'antenne_outbox_messages{platform="local"} 0',
    ):
        assert line in said, said
    assert COMMENT not in "".join(said)


async def test_counts_are_told_while_the_database_is_not_there(antenne: Antenne, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its database the bot still answers who keeps watch, and says that it is gone."""

    async def gone(_work: object) -> None:
        raise StoreUnavailable("unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(antenne.store, "write", gone)
        patch.setattr(antenne.store, "read", gone)
        await antenne.handle(Pressed(id="e9", actor=actor("an"), press=Take(thread=1)))
        said = text(await antenne.measured(5)).splitlines()
    assert 'antenne_database_trouble_total{reason="unreachable"} 1' in said
    assert 'antenne_events_total{platform="slack",kind="pressed",result="not"} 1' in said
    assert "antenne_database_up 0" in said


def test_the_handbook_of_it_names_every_number() -> None:
    """What can be read at `/metrics` stands in the manual of who runs the bot."""
    manual = (Path(__file__).parents[2] / "docs" / "beheer.md").read_text(encoding="utf-8")
    assert [name for name in ABOUT if f"`antenne_{name}`" not in manual] == []


async def test_the_time_that_a_platform_asks_for_is_kept(antenne: Antenne, chat: StrictChat, clock: Clock) -> None:
    """A lane that must wait 30 seconds is not tried at 29; its later messages wait behind the first."""
    chat.trouble["C1"] = [Undeliverable("rate", later=30.0), Undeliverable("network", later=0.0)]
    numbers = await queue(antenne, "C1", how_many=3)
    assert await antenne.sender.work() == clock.now + timedelta(seconds=30)
    clock.forward(29)
    await antenne.work()
    assert chat.posts("C1") == 1
    clock.forward(1)
    # The second names no time of its own: the usual one of a first attempt counts, for being told to wait was none.
    assert await antenne.sender.work() == clock.now + timedelta(seconds=RETRY[0])
    clock.forward(RETRY[0])
    await antenne.work()
    assert [message.id for message in chat.shown.values()] == numbers


async def test_what_can_never_be_delivered_is_kept_with_its_reason(antenne: Antenne, chat: StrictChat) -> None:
    """A person who left blocks nobody: why is in the row, the next message goes on, and nothing is tried for ever."""
    chat.trouble["C1"] = [Undeliverable("channel_gone")]
    gone, fine = await queue(antenne, "C1", how_many=2)
    await antenne.work()
    await antenne.work()
    assert chat.posts("C1") == 2
    query = select(messages.c.id, messages.c.problem).order_by(messages.c.id)
    rows = await antenne.store.read(lambda conn: [tuple(row) for row in conn.execute(query)])
    assert rows == [(gone, "channel_gone"), (fine, None)]


async def test_a_newer_update_replaces_an_older_one(antenne: Antenne, chat: StrictChat) -> None:
    """Three changes before the sender comes by are one post, with the newest card; a change after it is one update."""
    case = await paste(antenne, "e1")
    await choose(antenne, "e2", case, 0, "negatief")
    newest = (await choose(antenne, "e3", case, 1, "haat")).card
    await antenne.work()
    assert [what for what, _ in chat.calls] == ["post"]
    assert chat.cards("U-an") == [newest]
    advised = (await choose(antenne, "e4", case, 2, "twijfel")).card
    await antenne.work()
    assert [what for what, _ in chat.calls] == ["post", "update"]
    assert chat.cards("U-an") == [advised]


async def test_a_change_while_a_message_is_sent_is_sent_after_it(antenne: Antenne, chat: StrictChat) -> None:
    """What changes between rendering and marking is not taken for shown."""
    chat.gates["U-an"] = asyncio.Event()
    case = await paste(antenne, "e1")
    sending = asyncio.create_task(antenne.sender.work())
    await chat.asked(1)
    newest = (await choose(antenne, "e2", case, 0, "negatief")).card
    chat.gates["U-an"].set()
    await sending
    assert [what for what, _ in chat.calls] == ["post", "update"]
    assert chat.cards("U-an") == [newest]


async def test_two_senders_never_say_anything_twice(
    antenne: Antenne, database_url: str, tmp_path: Path, chat: StrictChat, clock: Clock
) -> None:
    """Two bots on one database share the lanes; even a platform that recognises nothing shows each message once."""
    chat.recognises = False
    async with bot_on(database_url, tmp_path, {"slack": chat}, clock) as other:
        for number in range(12):
            await queue(antenne, f"C{number % 4}", how_many=3)
            await asyncio.gather(antenne.sender.work(), other.sender.work())
        await asyncio.gather(antenne.sender.work(), other.sender.work())
    assert len(chat.calls) == len(chat.shown) == 36
    assert await unsaid(antenne) == 0
    for address in ("C0", "C1", "C2", "C3"):
        numbers = [message.id for message in chat.shown.values() if message.conversation.address == address]
        assert numbers == sorted(numbers)


async def test_the_lane_of_a_process_that_died_is_taken_over(
    antenne: Antenne, database_url: str, tmp_path: Path, chat: StrictChat, clock: Clock
) -> None:
    """A lease is its holder's until it expires; then another process says what was left, and the platform recognises it."""
    chat.gates["C1"] = asyncio.Event()
    await queue(antenne, "C1", how_many=2)
    hanging = asyncio.create_task(antenne.sender.work())
    await chat.asked(1)
    async with bot_on(database_url, tmp_path, {"slack": chat}, clock) as other:
        assert await other.sender.work() == clock.now + LEASE
        clock.forward(LEASE.total_seconds())
        taking_over = asyncio.create_task(other.sender.work())
        await chat.asked(2)
        chat.gates["C1"].set()
        await asyncio.gather(taking_over, hanging)
    assert len(chat.cards("C1")) == 2
    assert await unsaid(antenne) == 0


async def test_a_lane_is_kept_while_it_makes_progress(antenne: Antenne, chat: StrictChat, clock: Clock) -> None:
    """Each message that was sent begins the lease anew; given back, a lane has no holder."""

    async def leased() -> list[tuple[object, object]]:
        query = select(lanes.c.token, lanes.c.leased_until)
        return await antenne.store.read(lambda conn: [(row.token, row.leased_until) for row in conn.execute(query)])

    gate = chat.gates["C1"] = asyncio.Event()
    await queue(antenne, "C1", how_many=2)
    sending = asyncio.create_task(antenne.sender.work())
    await chat.asked(1)
    [(token, until)] = await leased()
    assert token
    assert until == clock.now + LEASE
    clock.forward(40)
    chat.gates["C1"] = asyncio.Event()
    gate.set()
    await chat.asked(2)
    assert await leased() == [(token, clock.now + LEASE)]
    chat.gates["C1"].set()
    await sending
    assert await leased() == [(None, None)]


async def test_a_message_holds_no_text(antenne: Antenne, chat: StrictChat, clock: Clock) -> None:
    """The queue has references and codes; the citizen's words come in when the card is made."""
    case = await paste(antenne, "e1")
    await to_a_thread(antenne, "e2", case)
    clock.forward(SETTLE.total_seconds() + 1)
    await antenne.work()
    assert any(Quote(COMMENT) in card.body for card in chat.cards(LEAD))
    rows = await antenne.store.read(lambda conn: [str(tuple(row)) for row in conn.execute(select(messages))])
    assert rows
    assert not [row for row in rows if "luie" in row]
    assert not [message.card.notice for message in chat.shown.values() if "luie" in message.card.notice]


async def test_every_button_of_what_was_sent_still_names_its_step(antenne: Antenne, chat: StrictChat) -> None:
    """What the platform shows can be pressed as it stands there."""
    case = await paste(antenne, "e1")
    await antenne.work()
    [card] = chat.cards("U-an")
    presses = [button.press for block in card.body if isinstance(block, Buttons) for button in block.buttons]
    assert Choice(case=case, walk=0, step=0, choice="negatief") in presses


async def test_a_database_in_trouble_is_told_and_nothing_is_lost(antenne: Antenne, chat: StrictChat) -> None:
    """The sender says so to whoever runs it, and goes on when it can."""
    await queue(antenne, "C1")

    class Broken:
        async def read(self, work: object) -> object:
            raise StoreUnavailable("locked")

    whole = antenne.sender._store
    antenne.sender._store = Broken()  # type: ignore[assignment]  # half a store is what is tested
    with pytest.raises(StoreUnavailable):
        await antenne.sender.work()
    antenne.sender._store = whole
    await antenne.work()
    assert len(chat.cards("C1")) == 1


async def test_what_is_read_in_the_store_is_only_marked(antenne: Antenne, chat: StrictChat) -> None:
    """A message of the local chat stands where it is read: no lane is leased, nothing is called."""
    lane = Conversation("local", "an")
    number = await antenne.store.write(lambda conn: _warn(conn, antenne, lane))
    assert await antenne.read("an", str(lane)) == ()
    await antenne.work()
    assert [shown.message for shown in await antenne.read("an", str(lane))] == [number]
    assert await antenne.store.read(lambda conn: conn.execute(select(lanes)).all()) == []
    assert chat.calls == []


async def test_lanes_are_found_without_counting_their_messages(sqlite_url: str, tmp_path: Path, clock: Clock) -> None:
    """The lanes that are due are sought one after the other in the index of what is due, never read row by row."""
    async with bot_on(sqlite_url, tmp_path, {"slack": StrictChat()}, clock) as antenne:
        for address in ("C-1", "C-2"):
            await queue(antenne, address, how_many=3)
        plan = f"EXPLAIN QUERY PLAN {LANES_DUE.compile(dialect=sqlite.dialect())}"
        lines = [str(row[-1]) for row in await antenne.store.read(lambda conn: conn.exec_driver_sql(plan).all())]
        found = {row.lane for row in await antenne.store.read(lambda conn: conn.execute(LANES_DUE).all())}
    of_messages = [line for line in lines if "messages" in line]
    assert len(of_messages) == 2
    assert all(line.startswith("SEARCH") and "ix_messages_due" in line for line in of_messages), lines
    assert {"slack:C-1", "slack:C-2"} <= found
