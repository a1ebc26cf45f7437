"""Where the file says so, the walk goes on in the moderators' channel: one card that changes there, and nothing private on it."""

from pathlib import Path

from sqlalchemy import select

from bot.tables import replies
from tests.adapters.slack.stub import BOT, Json
from tests.adapters.slack.town import AN, GUEST, KARIM, LEAD, SOFIE, TEAM_ROOM, Town, control, labels, open_town, words


def cards(town: Town) -> list[Json]:
    """What stands in the moderators' channel itself."""
    return [item for item in town.messages(TEAM_ROOM) if item["user"] == BOT and not item.get("thread_ts")]


async def test_the_walk_stands_in_the_channel(tmp_path: Path) -> None:
    """Pasting says where the card is; it names its moderator, changes in place, and only its moderator walks on it."""
    async with open_town(tmp_path, cards="channel") as town:
        await town.command(AN)
        reply = await town.submit(
            AN, town.newest_view(), text="Die burgemeester moest men eens goed aanpakken", handle="jan.boos"
        )
        assert "kanaal van de moderatoren" in words(reply.body["view"]["blocks"])
        card = cards(town)[0]
        assert f"@{AN}" in words(card["blocks"])
        await town.press(KARIM, "Ik weet het niet", channel=TEAM_ROOM)
        assert "An Peeters" in town.said_in_private()
        await town.press(AN, "Ik weet het niet", channel=TEAM_ROOM)
        assert len(cards(town)) == 1
        assert "Samen beslissen" in words(card["blocks"])
        assert not town.dm(AN)
        await town.settle(16)
        head = town.messages(LEAD)[0]
        await town.write(SOFIE, "Staat dit onder ons bericht?", channel=LEAD, thread=head["ts"])
        assert "onder ons bericht" in words(town.messages(TEAM_ROOM)[-1]["blocks"])
        await town.write(AN, "Ja.", channel=TEAM_ROOM, thread=card["ts"])
        assert "Ja." in words(town.messages(LEAD)[-1]["blocks"])


async def test_nothing_private_stands_in_the_channel(tmp_path: Path) -> None:
    """The author's name and what a moderator ticks for themselves are for that moderator alone, on a card that is shown anew."""
    async with open_town(tmp_path, cards="channel") as town:
        await town.command(AN)
        await town.submit(AN, town.newest_view(), text="Weg met hen allemaal", handle="jan.boos")
        for label in ("Negatief", "Haat of discriminatie", "Ja"):
            await town.press(AN, label, channel=TEAM_ROOM)
        card = cards(town)[0]
        assert not any("weegt op mij" in label or "geviseerd" in label for label in labels(card["blocks"]))
        await town.press(AN, "Alleen voor jou", channel=TEAM_ROOM)
        own = [item for items in town.slack.responses.values() for item in items][-1]
        assert "jan.boos" in words(own["blocks"])
        for label in ("weegt op mij", "geviseerd"):
            ticked = control(own["blocks"], label)
            container = {"type": "message", "is_ephemeral": True, "channel_id": TEAM_ROOM}
            await town.act(AN, ticked, container=container)
        anew = [item for items in town.slack.responses.values() for item in items][-1]
        assert anew["replace_original"] is True
        assert any("☑" in label and "weegt op mij" in label for label in labels(anew["blocks"]))
        said = words(card["blocks"]) + str(labels(card["blocks"]))
        for private in ("jan.boos", "weegt op mij", "geviseerd", "Weg met hen allemaal"):
            assert private not in said, private


async def test_handing_over_in_the_channel(tmp_path: Path) -> None:
    """Who takes over gets a card that names them; the one before says who has the case."""
    async with open_town(tmp_path, cards="channel") as town:
        await town.write(AN, "Weg met hen allemaal")
        for label in ("Negatief", "Haat of discriminatie", "Ja"):
            await town.press(AN, label, channel=TEAM_ROOM)
        await town.press(AN, "Alleen voor jou", channel=TEAM_ROOM)
        own = [item for items in town.slack.responses.values() for item in items][-1]
        container = {"type": "message", "is_ephemeral": True, "channel_id": TEAM_ROOM}
        await town.act(AN, control(own["blocks"], "weegt op mij"), container=container)
        anew = [item for items in town.slack.responses.values() for item in items][-1]
        await town.act(AN, control(anew["blocks"], "Karim"), container=container)
        before, after = cards(town)
        assert "Karim" in words(before["blocks"])
        assert f"@{KARIM}" in words(after["blocks"])
        await town.press(KARIM, "Terug", channel=TEAM_ROOM)


async def test_guest_beneath_a_card(tmp_path: Path) -> None:
    """What a guest writes beneath a card is logged as from outside and goes to nobody."""
    async with open_town(tmp_path, cards="channel") as town:
        await town.write(AN, "Die burgemeester moest men eens goed aanpakken")
        await town.press(AN, "Ik weet het niet", channel=TEAM_ROOM)
        await town.settle(16)
        await town.write(GUEST, "Ik weet wie dit is", channel=TEAM_ROOM, thread=cards(town)[0]["ts"])
        rows = await town.antenne.store.read(lambda conn: conn.execute(select(replies)).all())
        assert [(row.outside, row.thread_id) for row in rows] == [(True, None)]
        assert not any("weet wie dit is" in words(item.get("blocks") or []) for item in town.messages(LEAD))


async def test_channel_that_is_archived(tmp_path: Path) -> None:
    """A card that the channel does not take goes to its moderator, with what to repair."""
    async with open_town(tmp_path, cards="channel") as town:
        town.slack.channels[TEAM_ROOM].archived = True
        await town.write(AN, "Wanneer komt de vuilkar?")
        card, note = [item for item in town.dm(AN) if item["user"] == BOT]
        assert "vuilkar" in words(card["blocks"])
        assert "/moderate rollen" in words(note["blocks"])
        await town.press(AN, "Neutraal", channel=town.slack.direct(AN).id)
        assert "Vraag" in str(labels(card["blocks"]))
