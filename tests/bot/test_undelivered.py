"""What asks somebody something and can never be delivered where it belongs: it goes on until somebody can read it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.antenne import Antenne
from bot.events import Commanded, Pasted
from bot.ports import Undeliverable
from bot.tables import messages
from tests.strict_chat import Clock, StrictChat, actor, bot_on


@pytest.fixture
def chat() -> StrictChat:
    """The platform of one test."""
    return StrictChat()


@pytest.fixture
async def antenne(sqlite_url: str, tmp_path: Path, chat: StrictChat) -> AsyncIterator[Antenne]:
    """A whole bot on Slack."""
    async with bot_on(sqlite_url, tmp_path, {"slack": chat}, Clock()) as opened:
        yield opened


async def test_a_case_handed_in_to_a_channel_that_is_gone(antenne: Antenne, chat: StrictChat) -> None:
    """The lead gets the card with its button and reads why; a lead whose account is gone too finds it in the local chat."""
    chat.trouble["C-moderatieteam"] = [Undeliverable("channel_gone")]
    await antenne.handle(Pasted(id="e1", actor=actor("sam"), text="Kijk eens"))
    await antenne.work()
    card, note = chat.cards("U-sofie")
    assert card.title.startswith("Zaak 1 · ")
    assert "Kijk het adres na met /moderate rollen" in note.notice
    chat.trouble["C-moderatieteam"] = [Undeliverable("channel_gone")]
    chat.trouble["U-sofie"] = [Undeliverable("person_gone")]
    await antenne.handle(Pasted(id="e2", actor=actor("sam"), text="En dit"))
    await antenne.work()
    query = select(messages.c.lane, messages.c.shown).where(messages.c.kind == "found", messages.c.case_id == 2)
    assert await antenne.store.read(lambda conn: [tuple(row) for row in conn.execute(query)]) == [("local:sofie", 1)]


async def test_a_crisis_that_safety_cannot_be_told(antenne: Antenne, chat: StrictChat) -> None:
    """The lead reads what did not arrive; everybody else is told once."""
    chat.trouble["C-veiligheid"] = [Undeliverable("not_member")]
    await antenne.handle(Commanded(id="e1", actor=actor("sofie"), text="crisis aan brand"))
    await antenne.work()
    assert [card.title for card in chat.cards("U-sofie")] == ["Crisis: brand"]
    assert chat.posts("C-moderatieteam") == 1
