"""What goes out: once, in order, at Slack's pace; what Slack refuses is kept, told, or sent elsewhere."""

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.cards import Card, Chart, Quote
from bot.events import Conversation, Outgoing
from bot.ports import Undeliverable
from tests.adapters.slack.stub import BOT, TOKEN
from tests.adapters.slack.town import AN, LEAD, ROADS, SOFIE, TOM, Town, control, open_town, words

SAYING = "chat.postMessage"


async def doubt(town: Town) -> None:
    """A case that goes to the communications lead."""
    await town.write(AN, "Die burgemeester moest men eens goed aanpakken")
    await town.press(AN, "Ik weet het niet", channel=town.slack.direct(AN).id)
    await town.settle(16)


async def test_retry_after_is_obeyed(tmp_path: Path) -> None:
    """After a 429 nothing goes to that conversation before the time that Slack names."""
    async with open_town(tmp_path) as town:
        town.slack.fail(SAYING, status=429, error="ratelimited", headers={"Retry-After": "7"})
        await town.write(AN, "Wanneer komt de vuilkar?")
        await town.settle(3)
        assert [name for name, _ in town.slack.calls].count(SAYING) == 1
        await town.settle(4)
        assert len([1 for item in town.dm(AN) if item["user"] == BOT]) == 1


@pytest.mark.parametrize("how", [{"hang": True}, {"status": 502}])
async def test_lost_answer_posts_once(tmp_path: Path, how: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """A post that Slack kept but whose answer was lost is found by its metadata, in the thread too, and not posted again."""
    monkeypatch.setattr("adapters.slack.client.PATIENCE", 1.0)
    async with open_town(tmp_path) as town:
        town.slack.fail(SAYING, stored=True, **how)
        await doubt(town)
        assert len([item for item in town.dm(AN) if item["user"] == BOT]) == 1
        head = town.messages(LEAD)[0]
        town.slack.fail(SAYING, stored=True, **how)
        await town.write(SOFIE, "Waar staat dit?", channel=LEAD, thread=head["ts"])
        assert len([item for item in town.dm(AN) if item.get("thread_ts")]) == 1
        asked = {name for name, _ in town.slack.calls}
        assert {"conversations.history", "conversations.replies"} <= asked


async def test_chart_stands_beneath_its_card(tmp_path: Path) -> None:
    """A chart goes as a picture with its description, once; while Slack takes no file the card is not posted again and again."""
    chart = Chart("Vragen per week", "Vragen: 3, dan 5.", ("W46", "W47"), (("Vragen", (3.0, 5.0)),))
    async with open_town(tmp_path) as town:
        chat = town.antenne.sender._chats["slack"]
        saying = Outgoing(7, Conversation("slack", ROADS), Card("Weekoverzicht", (chart,)), None, (), town.time[0])
        town.slack.fail("files.getUploadURLExternal", error="internal_error")
        with pytest.raises(Undeliverable):
            await chat.post(saying)
        town.time[0] += timedelta(seconds=3)
        name = await chat.post(saying)
        town.time[0] += timedelta(seconds=3)
        await chat.update(saying, name)
        card, picture = town.messages(ROADS)
        assert picture["thread_ts"] == card["ts"] == name
        assert picture["files"][0]["content"][1:4] == "PNG"
        assert [values["alt_txt"] for method, values in town.slack.calls if method == "files.getUploadURLExternal"][
            -1
        ] == chart.alt


async def test_crash_after_post_posts_once(tmp_path: Path) -> None:
    """A message that stands in Slack although nobody noted so (the process died) is found before it is posted again."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Wanneer komt de vuilkar?")
        await town.antenne.store.write(
            lambda conn: conn.exec_driver_sql("update messages set shown = 0, remote = null where kind = 'case'")
        )
        await town.settle(120)
        assert len([item for item in town.dm(AN) if item["user"] == BOT]) == 1


async def test_revoked_token_keeps_everything(tmp_path: Path) -> None:
    """With a revoked token sending stops, but for a try a minute, and the operator is told once; all goes when it works again."""
    async with open_town(tmp_path) as town:
        for user in (AN, "U0KARIM000", SOFIE):
            await town.write(user, "Eerste")
        town.slack.tokens.clear()
        before = len(town.slack.calls)
        with capture_logs() as said:
            for user in (AN, "U0KARIM000", SOFIE):
                await town.write(user, "Tweede")
            await town.settle(61)
        assert not any("Tweede" in words(item.get("blocks") or []) for item in town.dm(AN))
        tried = [name for name, _ in town.slack.calls[before:] if name in (SAYING, "chat.update", "conversations.history")]
        assert tried == [SAYING, "conversations.history"], "one that failed, and one a minute later, which first looks"
        assert [line["code"] for line in said if line["event"] == "slack_token"] == ["token_revoked"]
        town.slack.tokens.add(TOKEN)
        with capture_logs() as said:
            for _ in range(2):  # one lane is the try, whichever comes first; the others go a minute later
                await town.settle(400)
        for user in (AN, "U0KARIM000", SOFIE):
            assert any("Tweede" in words(item.get("blocks") or []) for item in town.dm(user)), user
        assert [line["code"] for line in said if line["event"] == "slack_token"] == ["works again"]


async def test_missing_right_to_files_stops_no_card(tmp_path: Path) -> None:
    """Where the app may upload nothing, the card stands without its file, what follows it goes on, and the operator is told."""
    async with open_town(tmp_path) as town:
        chat = town.antenne.sender._chats["slack"]
        saying = Outgoing(7, Conversation("slack", ROADS), Card("Lang", (Quote("fietspad " * 900),)), None, (), town.time[0])
        town.slack.fail("files.getUploadURLExternal", error="missing_scope")
        with capture_logs() as said:
            name = await chat.post(saying)
        assert [item["ts"] for item in town.messages(ROADS)] == [name]
        assert [line["code"] for line in said if line["event"] == "slack_file"] == ["missing_scope"]


async def test_pace_of_a_channel(tmp_path: Path) -> None:
    """Slack's one message a second in a channel is kept without a single refusal, and the order with it."""
    async with open_town(tmp_path) as town:
        town.slack.paced = True
        await doubt(town)
        head = town.messages(LEAD)[0]
        for number in range(5):
            await town.write(SOFIE, f"Bericht {number}", channel=LEAD, thread=head["ts"])
        copies = [words(item["blocks"]) for item in town.dm(AN) if item.get("thread_ts")]
        assert [text[-1] for text in copies] == list("01234")


async def test_slow_channel_delays_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one conversation hangs, another is served."""
    monkeypatch.setattr("adapters.slack.client.PATIENCE", 1.0)
    async with open_town(tmp_path) as town:
        await doubt(town)
        town.slack.fail("chat.update", hang=True)
        await town.write(AN, "Nog een")
        assert any("Nog een" in words(item.get("blocks") or []) for item in town.dm(AN))


@pytest.mark.parametrize("state", ["archived", "absent", "gone", "without them"])
async def test_channel_that_fails_has_a_fallback(tmp_path: Path, state: str) -> None:
    """An archived channel, one without the bot, none at all, one without its people: these get the question themselves, with what to
    repair."""
    async with open_town(tmp_path) as town:
        channel = town.slack.channels[LEAD]
        if state == "archived":
            channel.archived = True
        elif state == "absent":
            channel.members.discard(BOT)
        elif state == "without them":
            channel.members.discard(SOFIE)
        else:
            del town.slack.channels[LEAD]
        await doubt(town)
        head, note = town.dm(SOFIE)
        assert "Die burgemeester" in words(head["blocks"])
        assert "/invite" in words(note["blocks"]) or "/moderate rollen" in words(note["blocks"])
        told = town.dm(AN)[-1]
        assert "Sofie Maes" in words(told["blocks"])
        await town.press(SOFIE, "Beslissing", channel=town.slack.direct(SOFIE).id)
        await town.submit(SOFIE, town.newest_view(), outcome="bedreiging", reason="Bedreiging.")
        assert "Bedreiging." in words(next(item for item in town.dm(AN) if item["user"] == BOT)["blocks"])


async def test_people_who_left_have_a_fallback(tmp_path: Path) -> None:
    """A channel that is gone and a lead whose account is off: the deputy gets the question."""
    async with open_town(tmp_path) as town:
        del town.slack.channels[LEAD]
        town.slack.users[SOFIE]["deleted"] = True
        await doubt(town)
        await town.settle(3)
        head, *notes = town.dm(TOM)
        assert "Die burgemeester" in words(head["blocks"])
        assert all("/moderate rollen" in words(note["blocks"]) for note in notes)
        assert len(notes) == 2
        assert {note.get("thread_ts") for note in notes} == {head["ts"]}


async def test_when_everybody_left_the_local_chat_keeps_the_question(tmp_path: Path) -> None:
    """Nobody in line has an account that works: the team's local channel has it."""
    async with open_town(tmp_path) as town:
        town.slack.channels.clear()
        for user in (SOFIE, TOM):
            town.slack.users[user]["deleted"] = True
        await doubt(town)
        for _ in range(4):
            await town.settle(3)
        local = await town.antenne.read("sofie", "local:#moderatieteam")
        assert any("Zaak 1" in item.card.title for item in local)


async def test_channel_archived_later(tmp_path: Path) -> None:
    """A thread whose channel is archived while it is open goes on elsewhere, with what was still to be said."""
    async with open_town(tmp_path) as town:
        await doubt(town)
        town.slack.channels[LEAD].archived = True
        card = next(item for item in town.dm(AN) if item["user"] == BOT)
        await town.write(AN, "Het staat onder ons bericht.", channel=town.slack.direct(AN).id, thread=card["ts"])
        said = "\n".join(words(item["blocks"]) for item in town.dm(SOFIE))
        assert "Die burgemeester" in said
        assert "onder ons bericht" in said


async def test_removed_message_comes_back(tmp_path: Path) -> None:
    """A card that somebody removed in Slack is posted anew at its next change."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Wanneer komt de vuilkar?")
        mine = town.slack.direct(AN).id
        old = town.message_with("Neutraal", mine)
        town.slack.channels[mine].messages.remove(old)
        await town.act(AN, control(old["blocks"], "Neutraal"), channel=mine, ts=old["ts"])
        assert "Vraag" in str(town.dm(AN)[-1]["blocks"])
