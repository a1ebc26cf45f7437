"""What goes out to Teams: in order, at its pace; what it refuses is kept, told, or sent elsewhere; with Slack beside it, too."""

import asyncio
import io
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from PIL import Image
from pydantic import SecretStr

from adapters.slack.client import SlackChat
from bot.cards import Card, Chart, Table, Text
from bot.events import Actor, Conversation, Edited, Outgoing, Replied
from bot.ports import Undeliverable
from bot.presses import Decide
from bot.settings import SlackSettings
from tests.adapters.slack.stub import TOKEN, Api, Workspace
from tests.adapters.slack.town import until
from tests.adapters.teams.stub import channel_id, person_id, problems
from tests.adapters.teams.test_journey import DOUBT, doubt, walk
from tests.adapters.teams.town import Town, find, open_town, read, served


def sent(town: Town, kind: str) -> int:
    """How many calls of a kind were made."""
    return sum(one == kind for one, _, _ in town.cloud.calls)


async def test_throttling_is_obeyed(tmp_path: Path) -> None:
    """After a 429 nothing goes to that conversation before the time that Teams names."""
    async with open_town(tmp_path) as town:
        town.teams.jitter = lambda: 0.0
        town.cloud.fail("post", status=429, headers={"Retry-After": "7"})
        await town.deliver(town.activity("an", "message", town.cloud.personal("an"), text="Wanneer komt de vuilkar?"))
        await town.antenne.work()
        assert not town.chat_of("an")
        await town.settle(3)
        assert sent(town, "post") == 1
        await town.settle(5)
        assert len(town.chat_of("an")) == 1


@pytest.mark.parametrize("status", [412, 502, 504])
async def test_trouble_that_passes(tmp_path: Path, status: int) -> None:
    """What may pass is tried again later, each time at another moment: the same message, its update too."""
    async with open_town(tmp_path) as town:
        waits = iter([0.0, 1.0, 0.5])
        town.teams.jitter = lambda: next(waits)
        town.cloud.fail("post", status=status)
        await town.write("an", "Wanneer komt de vuilkar?")
        await town.settle(10)
        assert len(town.chat_of("an")) == 1
        town.cloud.fail("update", status=status)
        await town.press("an", find(town.chat_of("an"), "Neutraal").handle)
        await town.settle(10)
        assert "Je keuzes: Neutraal" in town.chat_of("an")[0].text
        assert len(town.chat_of("an")) == 1
        assert town.teams.possible_doubles == (status != 412)


async def test_lost_answer_doubles_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A post that Teams kept but whose answer never came may stand there twice: once for each time, counted, with the case's number."""
    async with open_town(tmp_path) as town:
        timeout = town.app.connector.session.timeout
        object.__setattr__(timeout, "total", 0.3)
        town.cloud.fail("post", hang=True, stored=True)
        await town.write("an", "Wanneer komt de vuilkar?")
        await town.settle(10)
        assert [one.title for one in town.chat_of("an")] == ["Zaak 1", "Zaak 1"]
        assert town.teams.possible_doubles == 1
        counted = {item.name: item.value for item in await town.antenne.measured(5)}
        assert counted["possible_doubles_total"] == 1
        await town.press("an", find(town.chat_of("an"), "Neutraal").handle)
        assert town.teams.possible_doubles == 1


async def test_answers_that_fail_are_said_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said to one person beside the outbox is tried again too, after the time that Teams names; what is too large goes shortened;
    what never goes is counted."""
    monkeypatch.setattr("adapters.teams.client.AGAIN", (0.0, 0.0))
    async with open_town(tmp_path) as town:
        town.cloud.fail("post", status=429)
        town.cloud.fail("post", status=504, stored=True)
        await town.write("an", "faq vuilkar")
        assert len(town.chat_of("an")) == 2
        assert town.teams.possible_doubles == 1
        town.cloud.largest = 8_000
        monkeypatch.setattr("adapters.teams.render.SMALLER", 4_000)
        await town.write("an", "hulp")
        assert "…" in town.chat_of("an")[-1].text
        for _ in range(3):
            town.cloud.fail("post", status=502)
        await town.write("an", "zaken")
        counted = [(item.name, dict(item.labels)) for item in town.antenne.metrics.counted()]
        assert ("failures_total", {"platform": "teams", "why": "answer"}) in counted


async def test_pace_of_the_tenant(tmp_path: Path) -> None:
    """Thirty messages a second go to all conversations together; the next waits its turn in the outbox."""
    async with open_town(tmp_path) as town:
        for number, person in enumerate(["an", "lies", "sofie", "karim", "tom"] * 6):
            await town.teams.post(
                Outgoing(number, Conversation("teams", person_id(person)), Card("Dag", (Text("x"),)), None, (), town.time[0])
            )
        late = Outgoing(99, Conversation("teams", person_id("joris")), Card("Dag", (Text("x"),)), None, (), town.time[0])
        with pytest.raises(Undeliverable) as refused:
            await town.teams.post(late)
        assert (refused.value.why, refused.value.later) == ("rate", 1.0)
        town.time[0] += timedelta(seconds=1)
        assert await town.teams.post(late)


async def test_token_that_is_no_longer_taken(tmp_path: Path) -> None:
    """With a token that the connector refuses nothing is lost: a new one is asked for, and the messages go when one works again."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Eerste")
        town.cloud.tokens.clear()
        town.cloud.refuse_login = True
        await town.write("an", "Tweede")
        assert not any("Tweede" in one.text for one in town.chat_of("an"))
        town.cloud.tokens.add("token-of-the-bot")
        town.cloud.refuse_login = False
        await town.settle(120)
        assert any("Tweede" in one.text for one in town.chat_of("an"))


async def test_pace_of_a_conversation(tmp_path: Path) -> None:
    """Teams' seven messages a second in a conversation are kept without a single refusal, and the order with it."""
    async with open_town(tmp_path) as town:
        town.cloud.paced = True
        spot = await doubt(town)
        place = town.cloud.conversations[channel_id("communicatie")]
        for number in range(9):
            body = town.activity("sofie", "message", place, root=spot.message, text=f"Bericht {number}")
            await town.deliver(body)
        await town.settle(5)
        copies = [one.quotes[0] for one in town.chat_of("an") if one.quotes and not one.title]
        assert [text[-1] for text in copies] == list("012345678")


@pytest.mark.parametrize("state", ["deleted", "absent", "blocked"])
async def test_channel_that_fails_has_a_fallback(tmp_path: Path, state: str) -> None:
    """A channel that is gone, one without the bot, and one where it may not write: the people themselves get the question."""
    async with open_town(tmp_path) as town:
        place = town.cloud.conversations[channel_id("communicatie")]
        place.deleted, place.installed, place.blocked = state == "deleted", state != "absent", state == "blocked"
        await doubt_without_channel(town)
        head, *notes = town.chat_of("sofie")
        assert DOUBT in head.quotes
        assert notes, "what to repair is told"
        assert any("Sofie Maes" in one.text for one in town.chat_of("an")[1:])
        data = {"press": Decide(thread=1, decisions=0).model_dump_json(), "v.outcome": "bedreiging", "v.reason": "Bedreiging."}
        await town.invoke("sofie", "task/submit", {"data": data})
        assert "Bedreiging." in town.chat_of("an")[0].text


async def doubt_without_channel(town: Town) -> None:
    """A case that goes to the communications lead, wherever that is."""
    await town.write("an", DOUBT)
    await walk(town, "an", "Ik weet het niet")
    await town.settle(16)


async def test_nobody_to_write_to(tmp_path: Path) -> None:
    """No channel, and nobody who still has the app: the local chat keeps the question; a moderator who is lost is told to the lead."""
    async with open_town(tmp_path) as town:
        for place in town.cloud.conversations.values():
            place.deleted = True
        for person in set(town.antenne.organisation.people) - {"an"}:
            town.cloud.personal(person).installed = False
        await doubt_without_channel(town)
        local = await town.antenne.read("sofie", "local:sofie")
        assert any("Zaak 1" in item.card.title for item in local)
        town.cloud.personal("karim").installed = town.cloud.personal("karim").blocked = True
        town.cloud.personal("sofie").installed = True
        await town.write("karim", "Schande!")
        assert any("Karim" in one.text for one in town.chat_of("sofie"))


async def test_message_that_is_too_large(tmp_path: Path) -> None:
    """What Teams finds too large goes shortened, and says so; the text itself is kept."""
    async with open_town(tmp_path) as town:
        spot = await doubt(town)
        town.cloud.largest = 24_000
        place = town.cloud.conversations[channel_id("communicatie")]
        answer = "Dat hangt ervan af. " * 700
        await town.write("sofie", answer, place=place, root=spot.message)
        (copy,) = [one for one in town.chat_of("an") if one.quotes and not one.title]
        assert "(ingekort)" in copy.quotes[0]
        kept = await town.antenne.store.read(lambda conn: conn.exec_driver_sql("select text from replies").scalar())
        assert kept == answer.strip()


async def test_removed_message_comes_back(tmp_path: Path) -> None:
    """A card that somebody removed in Teams is posted anew at its next change, and goes on from there."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Wanneer komt de vuilkar?")
        place = town.cloud.personal("an")
        control = find(town.chat_of("an"), "Neutraal")
        place.messages = [one for one in place.messages if one["from"] == "an"]
        await town.press("an", control.handle)
        await town.press("an", find(town.chat_of("an"), "Vraag").handle)
        (card,) = town.chat_of("an")
        assert "Wie kan antwoorden?" in card.text


async def test_slow_conversation_delays_no_other(tmp_path: Path) -> None:
    """While one conversation hangs, another is served."""
    async with open_town(tmp_path) as town:
        town.cloud.fail("post", hang=True)
        await town.deliver(town.activity("an", "message", town.cloud.personal("an"), text="Eerste"))
        working = asyncio.create_task(town.antenne.work())
        await until(lambda: sent(town, "post") == 1)
        await town.deliver(town.activity("karim", "message", town.cloud.personal("karim"), text="Tweede"))
        await town.antenne.sender.begin()
        await until(lambda: bool(town.chat_of("karim")))
        town.cloud.free.set()
        await working


async def test_speaks_first(tmp_path: Path) -> None:
    """To somebody who never wrote, the bot opens their chat by their object id, and remembers it."""
    async with open_town(tmp_path) as town:
        chat = town.teams
        outgoing = Outgoing(1, Conversation("teams", person_id("lies")), Card("Zaak 1", (Text("Dag"),)), None, (), town.time[0])
        assert await chat.post(outgoing)
        assert await chat.post(outgoing)
        assert sent(town, "create") == 1
        assert [one.title for one in town.chat_of("lies")] == ["Zaak 1", "Zaak 1"]


async def test_digest_with_chart_and_table(tmp_path: Path) -> None:
    """On Monday morning the department's channel gets its week: a chart inside the message, no larger than Teams takes, with its words
    beside it; tables; numbers that open their list; and something to do about a topic."""
    async with open_town(tmp_path) as town:
        for number in range(3):
            await town.write("an", f"Wanneer is het fietspad {number} in de Kerkstraat klaar?")
            await walk(town, "an", "Neutraal", "Vraag", "Ik weet het antwoord niet")
        await town.settle(16)
        town.time[0] = datetime(2026, 11, 23, 7, 31, tzinfo=UTC)
        await town.settle(1)
        place = town.cloud.conversations[channel_id("mobiliteit")]
        (digest,) = [one for one in town.channel("mobiliteit") if "Weekoverzicht week 47" in one.title]
        (message,) = [one for one in town.messages(place) if "Weekoverzicht" in str(one)]
        drawn = message["activity"]["attachments"][0]["content"]
        (picture,) = [one for one in drawn["body"] if one["type"] == "Image"]
        with Image.open(io.BytesIO(b64decode(picture["url"].partition("base64,")[2]))) as png:
            assert png.size == (720, 480)
        assert "fietspad" in picture["altText"]
        assert [one["type"] for one in drawn["body"]].count("Table") == 2
        assert problems(drawn) == []
        await town.press("lies", find([digest], "3").handle)
        assert "fietspad" in town.chat_of("lies")[-1].text
        choice = find([digest], "Opgelost op de website")
        await town.press("lies", choice.handle)
        assert "op de website" in town.channel("mobiliteit")[-1].text


class Painter:
    """Draws every chart as noise, as large as Teams takes."""

    def draw(self, chart: Chart, *, dark: bool = False) -> bytes:
        out = io.BytesIO()
        Image.effect_noise((130, 130), 60).save(out, "png")
        return out.getvalue()


async def test_words_go_before_pictures(tmp_path: Path) -> None:
    """Where a message has no room for every chart, it is a picture that is left out, never a word."""
    async with open_town(tmp_path) as town:
        town.teams.charts = Painter()
        charts = tuple(Chart(f"Reeks {n}", f"Van 1 naar {n}.", ("a", "b"), (("x", (1.0, n)),)) for n in range(4))
        table = Table("Per week", ("Week", "Vragen"), tuple((f"W{n}", "woord " * 20) for n in range(30)))
        place = town.cloud.conversations[channel_id("mobiliteit")]
        shown = Card("Overzicht", (*charts, table), notice="Overzicht")
        await town.teams.post(Outgoing(1, Conversation("teams", place.id), shown, None, (), town.time[0]))
        drawn = town.messages(place)[0]["activity"]["attachments"][0]["content"]
        assert 0 < [one["type"] for one in drawn["body"]].count("Image") < 4
        assert "ingekort" not in str(drawn)
        assert all(chart.alt in str(drawn) for chart in charts)
        assert problems(drawn) == []


async def test_one_case_on_slack_and_teams(tmp_path: Path) -> None:
    """A moderator on Slack and a department head on Teams work on one case: each sees the other's words, and the decision."""
    moved = {"people": {"an": {"addresses": {"slack": "U0AN000000"}}}}
    async with open_town(tmp_path, changes=moved) as town, ClientSession():
        slack = Workspace(lambda: town.time[0].timestamp())  # noqa: PLW0108 - the time moves
        slack.user("U0AN000000")
        slack.user("U0BOT00000", is_bot=True)
        async with served(Api(slack).app()) as origin:
            from adapters.slack.client import Client

            client = Client(
                SlackSettings(bot_token=SecretStr(TOKEN), signing_secret=SecretStr("x"), api_url=SecretStr(origin + "/api/"))
            )
            chats = town.antenne.chats
            assert isinstance(chats, dict)
            chats["slack"] = SlackChat(client, town.antenne.organisation, town.antenne.clock)
            object.__setattr__(town.antenne.house, "platforms", ("slack", "teams", "local"))
            an = Actor(platform="slack", address="U0AN000000")
            await both_ways(town, slack, an)
            await client.close()
        assert not slack.broken, slack.broken


async def both_ways(town: Town, slack: Workspace, an: Actor) -> None:
    """A question from Slack, asked and answered on Teams."""
    from bot.events import Pasted, Pressed
    from bot.presses import Answer

    answer = await town.antenne.handle(Pasted(id="1", actor=an, text=DOUBT))
    assert answer.case == 1, answer.note
    await town.antenne.handle(Pressed(id="2", actor=an, press=Answer(case=1, walk=0, step=0, choice="weet_niet")))
    await town.settle(16)
    place = town.cloud.conversations[channel_id("communicatie")]
    (head,) = town.messages(place)
    assert DOUBT in read(head["activity"]).quotes
    await town.write("sofie", "Waar staat dit?", place=place, root=head["id"])
    await town.settle(3)
    direct = slack.direct("U0AN000000").messages
    assert "Waar staat dit?" in str(direct[-1]["blocks"])
    lane = "slack:U0AN000000"
    said = Replied(id="3", actor=an, conversation=lane, remote=direct[0]["ts"], text="Onder ons bericht", own="9.9")
    await town.antenne.handle(said)
    await town.settle(3)
    assert town.channel("communicatie")[-1].quotes == ("Onder ons bericht",)
    await town.antenne.handle(Edited(id="4", actor=an, conversation=lane, own="9.9", text="Onder dat van maandag"))
    await town.settle(3)
    assert town.channel("communicatie")[-1].quotes == ("Onder dat van maandag",)
    data = {
        "press": Decide(thread=1, decisions=0).model_dump_json(),
        "v.outcome": "bedreiging",
        "v.reason": "Dit is een bedreiging.",
    }
    await town.invoke("sofie", "task/submit", {"data": data})
    await town.settle(3)
    assert "Dit is een bedreiging." in str(direct[0]["blocks"])
