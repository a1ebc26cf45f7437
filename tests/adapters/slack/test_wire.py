"""What comes in: signatures, repeated deliveries, double clicks, dialogs, who may act."""

from pathlib import Path

from tests.adapters.slack.town import AN, open_town, words


async def test_comment_becomes_a_card(tmp_path: Path) -> None:
    """A comment that is written to the bot is answered with its card, in the moderator's direct messages."""
    async with open_town(tmp_path) as town:
        reply = await town.write(AN, "Wanneer komt de vuilkar?")
        assert reply.status == 200
        assert "Wanneer komt de vuilkar?" in words(town.dm(AN)[-1]["blocks"])
