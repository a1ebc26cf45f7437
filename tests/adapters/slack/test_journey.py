"""The whole journey through Slack's wire format, over HTTP and through Socket Mode: intake, outcome, escalation, answer, FAQ."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.adapters.slack.town import AN, LEAD, LIES, ROADS, SOFIE, Town, Way, labels, open_town, words

BOTH = pytest.mark.parametrize("way", ["http", "socket"])


async def intake(town: Town, text: str) -> None:
    """`/moderate`, the form, sent."""
    await town.command(AN)
    reply = await town.submit(AN, town.newest_view(), text=text, place="own", platform="facebook")
    assert "Zaak 1 staat klaar" in words(reply.body["view"]["blocks"])


@BOTH
async def test_question_becomes_faq(tmp_path: Path, way: Way) -> None:
    """A question that nobody can answer goes to its antenna; the answer comes back, and becomes a FAQ entry that is found."""
    async with open_town(tmp_path, way) as town:
        await intake(town, "Wanneer is het fietspad in de Kerkstraat klaar?")
        mine = town.slack.direct(AN).id
        for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
            await town.press(AN, label, channel=mine)
        assert len(town.messages(mine)) == 1, "one card, changed in place"
        await town.settle(16)
        head = town.messages(ROADS)[0]
        assert f"@{LIES}" in words(head["blocks"])
        assert "Wanneer is het fietspad" in words(head["blocks"])
        assert "fietspad" not in head["text"]
        await town.press(LIES, "Ik neem dit op", channel=ROADS)
        await town.write(LIES, "Het fietspad gaat open op 1 maart.", channel=ROADS, thread=head["ts"])
        reply = next(item for item in town.messages(mine) if item.get("thread_ts"))
        assert reply["thread_ts"] == town.messages(mine)[0]["ts"]
        assert "1 maart" in words(reply["blocks"])
        await town.press(LIES, "Goedkeuren", channel=ROADS)
        found = await town.command(AN, "faq wanneer is het fietspad in de kerkstraat klaar")
        assert "1 maart" in words(found.body["blocks"])
        assert "1 maart" in words(town.messages(mine)[0]["blocks"]), "the approved answer stands ready on the card"


@BOTH
async def test_doubt_is_decided(tmp_path: Path, way: Way) -> None:
    """A doubt goes to the communications lead, who asks, is answered in the thread, and decides; the moderator gets the steps."""
    async with open_town(tmp_path, way) as town:
        await intake(town, "Die burgemeester moest men eens goed aanpakken")
        mine = town.slack.direct(AN).id
        await town.press(AN, "Ik weet het niet", channel=mine)
        await town.settle(16)
        head = town.messages(LEAD)[0]
        await town.press(SOFIE, "Meer info vragen", channel=LEAD)
        await town.submit(SOFIE, town.newest_view(), text="Staat dit onder ons bericht?")
        asked = next(item for item in town.messages(mine) if item.get("thread_ts"))
        assert "onder ons bericht" in words(asked["blocks"])
        await town.write(AN, "Ja, onder het bericht van maandag.", channel=mine, thread=asked["thread_ts"])
        assert "bericht van maandag" in words(town.messages(LEAD)[-1]["blocks"])
        assert town.messages(LEAD)[-1]["thread_ts"] == head["ts"]
        await town.press(SOFIE, "Beslissing", channel=LEAD)
        await town.submit(SOFIE, town.newest_view(), outcome="bedreiging", reason="Dit is een bedreiging.")
        card = town.messages(mine)[0]
        assert "Dit is een bedreiging." in words(card["blocks"])
        assert any("Gedaan" in label for label in labels(card["blocks"]))


@pytest.mark.parametrize(("way", "database"), [("http", "sqlite_url"), ("socket", "sqlite_url"), ("http", "postgres_url")])
async def test_from_intake_to_digest(tmp_path: Path, way: Way, database: str, request: pytest.FixtureRequest) -> None:
    """Intake, outcome, escalation, answer, FAQ and the weekly digest in the department's channel, on both databases."""
    async with open_town(tmp_path, way, database=request.getfixturevalue(database)) as town:
        mine = town.slack.direct(AN).id
        await intake(town, "Wanneer is het fietspad in de Kerkstraat klaar?")
        for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
            await town.press(AN, label, channel=mine)
        await town.settle(16)
        head = town.messages(ROADS)[0]
        await town.press(LIES, "Ik neem dit op", channel=ROADS)
        await town.write(LIES, "Het fietspad gaat open op 1 maart.", channel=ROADS, thread=head["ts"])
        await town.press(LIES, "Goedkeuren", channel=ROADS)
        assert "1 maart" in words(town.messages(mine)[0]["blocks"])
        await town.press(AN, "Klopt, er staat geen naam in", channel=mine)
        for step in ("Alles gedaan", "Zaak afsluiten"):
            await town.press(AN, step, channel=mine)
        assert "(gesloten)" in words(town.messages(mine)[0]["blocks"])
        town.time[0] = datetime(2026, 11, 23, 7, 31, tzinfo=UTC)  # Monday, half past eight in Brussels
        await town.settle(3)
        digest, chart = town.messages(ROADS)[-2:]
        assert "Weekoverzicht week 47 · Mobiliteit en wegen" in words(digest["blocks"])
        assert "fietspad | 1 | 0" in words(digest["blocks"]), "the topics as a table"
        assert [block["type"] for block in digest["blocks"]].count("table") == 1
        assert chart["thread_ts"] == digest["ts"]
        assert chart["files"][0]["content"][1:4] == "PNG"
        await town.press(LIES, "fietspad · Deze week: 1", channel=ROADS)
        assert "fietspad" in town.said_in_private()


async def test_home_page(tmp_path: Path) -> None:
    """The home page shows my cases with their deadlines, what waits for me, the search box, and the crisis while one is on."""
    async with open_town(tmp_path) as town:
        await intake(town, "Wanneer is het fietspad in de Kerkstraat klaar?")
        for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
            await town.press(AN, label, channel=town.slack.direct(AN).id)
        await town.settle(16)
        await town.command(SOFIE, "crisis aan Wateroverlast")

        async def home(user: str) -> tuple[str, list[str]]:
            await town.deliver(town.event({"type": "app_home_opened", "user": user, "tab": "home", "channel": "D1"}))
            await town.settle()
            blocks = town.slack.homes[user]["blocks"]
            assert blocks[0]["element"]["action_id"] == "faq_search"
            return words(blocks[1:]), labels(blocks)

        said, buttons = await home(AN)
        assert "Crisis: Wateroverlast" in said
        assert any("Zaak 1" in label and "20 nov" in label for label in buttons), f"with its deadline: {buttons}"
        said, buttons = await home(LIES)
        assert "Dit wacht op jou" in said
        assert any("Zaak 1" in label for label in buttons)


async def test_edits_and_deletions_are_mirrored(tmp_path: Path) -> None:
    """A reply that is changed or removed in Slack is marked as such where it was passed on."""
    async with open_town(tmp_path) as town:
        await intake(town, "Die burgemeester moest men eens goed aanpakken")
        mine = town.slack.direct(AN).id
        await town.press(AN, "Ik weet het niet", channel=mine)
        await town.settle(16)
        head = town.messages(LEAD)[0]
        await town.write(SOFIE, "Eerste gedacht", channel=LEAD, thread=head["ts"])
        said = town.messages(LEAD)[-1]
        event = {"type": "message", "subtype": "message_changed", "channel": LEAD, "channel_type": "group", "event_ts": "1"}
        changed = said | {"text": "Tweede gedacht &amp; <https://a.example|meer>", "edited": {"user": SOFIE, "ts": "1"}}
        await town.deliver(town.event(event | {"message": changed, "previous_message": said}))
        await town.settle()
        copy = town.messages(mine)[1]
        assert "Tweede gedacht & meer (https://a.example)" in words(copy["blocks"])
        assert "aangepast" in words(copy["blocks"])
        await town.deliver(
            town.event(event | {"subtype": "message_deleted", "deleted_ts": said["ts"], "previous_message": changed})
        )
        await town.settle()
        assert "gedacht" not in words(copy["blocks"])
        assert "verwijderde" in words(copy["blocks"])
