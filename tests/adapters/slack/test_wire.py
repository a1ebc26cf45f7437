"""What comes in: signatures, repeated deliveries, double clicks, dialogs, who may act, files."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from structlog.testing import capture_logs

from adapters.pictures import Refusal
from adapters.slack.app import decoded, signature
from adapters.slack.client import Client
from adapters.slack.files import LIMIT, FileRefused, at, fetch
from bot.ports import NotTaken, StoreUnavailable
from bot.sentences import sentences
from bot.tables import cases, evidence, replies
from tests.adapters.slack.stub import BOT, TEAM, TOKEN
from tests.adapters.slack.town import (
    AN,
    GUEST,
    LEAD,
    ROADS,
    SAM,
    SECRET,
    SOFIE,
    STRANGER,
    Town,
    Way,
    control,
    labels,
    open_town,
    words,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


async def count(town: Town, table: object = cases) -> int:
    """How many rows a table has."""
    query = select(func.count()).select_from(table)  # type: ignore[arg-type]  # any table
    return int(await town.antenne.store.read(lambda conn: conn.execute(query).scalar_one()))


async def doubt(town: Town) -> None:
    """A case that goes to the communications lead."""
    await town.write(AN, "Die burgemeester moest men eens goed aanpakken")
    await town.press(AN, "Ik weet het niet", channel=town.slack.direct(AN).id)
    await town.settle(16)


# --- signatures --------------------------------------------------------------------------------------------


async def test_signatures(tmp_path: Path) -> None:
    """Only a signature of this body, with this secret, of the last five minutes counts; the rest is not even decoded."""
    async with open_town(tmp_path) as town:
        raw = orjson.dumps({"type": "url_verification", "challenge": "c"})
        now = int(town.time[0].timestamp())
        kind = "application/json"
        good = await town.post(raw, kind)
        assert (good.status, good.body) == (200, {"challenge": "c"})
        for age in (-299, 299):
            then = str(now + age)
            reply = await town.post(raw, kind, **signed(then, signature(SECRET, then, raw)))
            assert reply.status == 200
        wrong = {
            "forged": signed(str(now), signature("another", str(now), raw)),
            "of another body": signed(str(now), signature(SECRET, str(now), raw + b" ")),
            "of another time": signed(str(now), signature(SECRET, str(now - 1), raw)),
            "old": signed(str(now - 301), signature(SECRET, str(now - 301), raw)),
            "of tomorrow": signed(str(now + 301), signature(SECRET, str(now + 301), raw)),
            "none": signed(str(now), ""),
            "no time": signed("", signature(SECRET, "", raw)),
            "a time in words": signed("now", signature(SECRET, "now", raw)),
            "not ASCII": signed(str(now), "v0=é"),
            "another version": signed(str(now), "v1=" + signature(SECRET, str(now), raw)[3:]),
        }
        for what, headers in wrong.items():
            assert (await town.post(raw, kind, **headers)).status == 401, what
        assert (await town.post(b"{", kind)).status == 400
        assert (await town.post(b"[]", kind)).status == 400
        assert (await town.post(b"payload=%7B", "application/x-www-form-urlencoded")).status == 400
        assert (await town.post(io.BytesIO(b"0" * 4_000_001), kind)).status == 413


def signed(then: str, value: str) -> dict[str, str]:
    """The two headers of a signature."""
    return {"X-Slack-Request-Timestamp": then, "X-Slack-Signature": value}


@given(
    st.text() | st.sampled_from(["a=b&c+d%20%", "=3D=\r\n", "\x00\x7f", "🙂 <!channel>"]), st.sampled_from([quote, quote_plus])
)
def test_payload(text: str, quoting: Callable[[bytes], str]) -> None:
    """A payload is read as every form is, whatever stands in it and however its spaces are escaped."""
    body = {"type": "block_actions", "text": text.encode("utf-8", "replace").decode()}
    raw = b"payload=" + quoting(orjson.dumps(body)).encode()
    assert decoded("application/x-www-form-urlencoded", raw) == body == orjson.loads(dict(parse_qsl(raw.decode()))["payload"])


@pytest.mark.parametrize("raw", [b"", b"%7B", b"%5B%5D", b"%zz", b"%ff"])
def test_no_payload(raw: bytes) -> None:
    """What is no object is refused, never read by halves."""
    assert decoded("application/x-www-form-urlencoded", b"payload=" + raw) is None


async def test_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours answers 500, so that it comes again, and is in the log by its kind, without what anybody wrote."""

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Jullie zijn lui")

    async with open_town(tmp_path) as town:
        monkeypatch.setattr(town.antenne, "handle", broken)
        with capture_logs() as said:
            reply = await town.command(AN, "Jullie zijn lui")
        assert reply.status == 500
        assert [(entry["event"], entry["error"]) for entry in said] == [("slack_delivery", "RuntimeError")]
        assert "lui" not in str(said)
        monkeypatch.undo()
        assert (await town.command(AN, "Jullie zijn lui")).status == 200


async def test_unknown_kind(tmp_path: Path) -> None:
    """A kind of delivery that we never asked for is not ours."""
    async with open_town(tmp_path) as town:
        assert (await town.deliver({"type": "unheard_of", "team_id": TEAM}, envelope="interactive")).status == 404


# --- once --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["http", "socket"])
async def test_three_deliveries_act_once(tmp_path: Path, way: str) -> None:
    """The same event three times, two of them at once, is one case, and nothing is said about it."""
    async with open_town(tmp_path, "socket" if way == "socket" else "http") as town:
        place = town.slack.direct(AN).id
        message = {
            "type": "message",
            "user": AN,
            "text": "Wanneer?",
            "ts": "1.1",
            "channel": place,
            "channel_type": "im",
            "team": TEAM,
        }
        body = town.event(message)
        first, second = await asyncio.gather(town.deliver(body), town.deliver(body))
        third = await town.deliver(body)
        await town.settle()
        assert {first.status, second.status, third.status} == {200}
        assert await count(town) == 1
        assert len(town.dm(AN)) == 1
        assert not town.slack.ephemeral


async def test_unkept_event_is_delivered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database cannot keep it, an event is not acknowledged; what is redelivered then counts."""
    async with open_town(tmp_path) as town:
        place = town.slack.direct(AN).id
        message = {
            "type": "message",
            "user": AN,
            "text": "Wanneer?",
            "ts": "1.1",
            "channel": place,
            "channel_type": "im",
            "team": TEAM,
        }
        body = town.event(message)

        async def busy(_work: object) -> None:
            raise StoreUnavailable("locked")

        with monkeypatch.context() as patch:
            patch.setattr(town.antenne.store, "write", busy)
            assert (await town.deliver(body)).status == 503
        assert (await town.deliver(body)).status == 200
        assert await count(town) == 1


async def test_double_click_and_old_card(tmp_path: Path) -> None:
    """A click pressed twice has one effect; the second, and a press on an old card, get a friendly answer."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Wanneer komt de vuilkar?")
        mine = town.slack.direct(AN).id
        old = control(town.message_with("Neutraal", mine)["blocks"], "Neutraal")
        await town.act(AN, old, channel=mine, ts="1.0", times=2)
        assert "vorige stap" in town.said_in_private()
        assert "Je keuzes: Neutraal" in words(town.dm(AN)[-1]["blocks"])
        before = town.said_in_private().count("vorige stap")
        await town.act(AN, old, channel=mine, ts="1.0")
        assert town.said_in_private().count("vorige stap") == before + 1
        await town.act(AN, old | {"value": "answer|1|0"}, channel=mine, ts="1.0")
        assert "vorige versie" in town.said_in_private()


@pytest.mark.parametrize("way", ["http", "socket"])
async def test_menu_is_asked_for(tmp_path: Path, way: Way) -> None:
    """A long menu comes when it is opened, shorter while one types; for the moderator of the case alone."""
    async with open_town(tmp_path, way) as town:
        await town.write(AN, "Weg met hen allemaal")
        mine = town.slack.direct(AN).id
        for label in ("Negatief", "Haat of discriminatie", "Ja"):
            await town.press(AN, label, channel=mine)
        offered = await town.options(AN, "Beschermd criterium", channel=mine)
        assert len(offered) > 15
        fewer = await town.options(AN, "Beschermd criterium", "afkomst", channel=mine)
        assert 0 < len(fewer) < len(offered)
        await town.act(AN, fewer[0], channel=mine, ts="1.0")
        assert fewer[0]["selected_option"] in [
            element.get("initial_option")
            for row in town.message_with("Gedaan", mine)["blocks"]
            for element in row.get("elements", ())
        ]
        assert await town.options(SOFIE, "Beschermd criterium", channel=mine) == []


async def test_submission_sent_twice(tmp_path: Path) -> None:
    """A dialog that comes back twice makes one case, and says so the second time."""
    async with open_town(tmp_path) as town:
        await town.command(AN)
        body = town.submission(AN, town.newest_view(), text="Wanneer komt de vuilkar?")
        await town.deliver(body, envelope="interactive")
        again = await town.deliver({**body, "trigger_id": town.slack.trigger()}, envelope="interactive")
        assert await count(town) == 1
        assert "al gebeurd" in words(again.body["view"]["blocks"])


async def test_dialog_that_changed_meanwhile(tmp_path: Path) -> None:
    """A dialog that changed since it was opened (`hash`) is left as it is."""
    async with open_town(tmp_path) as town:
        view = {"id": "V1", "hash": "old"}
        town.slack.views["V1"] = {"id": "V1", "hash": "new", "title": "stays"}
        await town.app._change(
            view, {"type": "modal", "title": {"type": "plain_text", "text": "x", "emoji": False}, "blocks": []}
        )
        assert town.slack.views["V1"]["title"] == "stays"


# --- dialogs -----------------------------------------------------------------------------------------------


async def test_dialog_opens_without_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/moderate` opens its form while the database hangs, and fills it with what was used last when it comes back."""
    async with open_town(tmp_path) as town:
        await town.command(AN)
        await town.submit(AN, town.newest_view(), text="Eerste", place="external", platform="tiktok")
        free, write = asyncio.Event(), town.antenne.store.write

        async def slow(work: object) -> object:
            await free.wait()
            return await write(work)  # type: ignore[arg-type]  # passed on

        monkeypatch.setattr(town.antenne.store, "write", slow)
        body = {"command": "/moderate", "text": "", "user_id": AN, "team_id": TEAM, "trigger_id": town.slack.trigger()}
        reply = await town.deliver(body, envelope="slash_commands")
        assert reply.status == 200
        for _ in range(200):
            if len(town.slack.views) == 2:
                break
            await asyncio.sleep(0.01)
        view = town.newest_view()
        assert "Tekst van de reactie" in str(view)
        free.set()
        await town.settle()
        assert "'value': 'tiktok'}" in str(
            next(b["element"]["initial_option"] for b in town.newest_view()["blocks"] if b["block_id"].startswith("platform"))
        )


async def test_commands_that_ask_open_a_dialog(tmp_path: Path) -> None:
    """`/moderate signaal …`, `faq nieuw` and `afwezig` open their form, and what is sent back counts; after a mention, which opens
    nothing, the bot says what to type."""
    async with open_town(tmp_path) as town:
        reply = await town.command(AN, "signaal Veel vragen over het fietspad")
        assert (reply.status, reply.body) == (200, {})
        await town.submit(AN, town.newest_view())
        assert "fietspad" in str((await town.command(AN, "signalen")).body)
        for text in ("faq nieuw", "afwezig"):
            opened = len(town.slack.views)
            await town.command(AN, text)
            assert len(town.slack.views) == opened + 1, text
        town.slack.channel("C0TEAM0000", AN)
        event = {
            "type": "app_mention",
            "user": AN,
            "text": f"<@{BOT}> afwezig",
            "ts": "8.1",
            "channel": "C0TEAM0000",
            "team": TEAM,
        }
        await town.deliver(town.event(event))
        await town.settle()
        assert "/moderate afwezig" in words(town.slack.ephemeral[-1]["blocks"])


async def test_late_answer_to_a_command_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a slow database makes of a command comes at the response address, as it would have come at once."""
    monkeypatch.setattr("adapters.slack.app.SOON", 0.0)
    async with open_town(tmp_path) as town:
        await town.command(AN, "Wanneer komt de vuilkar?")
        assert "Zaak 1 staat klaar" in town.said_in_private()
        await town.command(AN, "afwezig")
        assert "Probeer het nog eens" in town.said_in_private()


async def test_rest_of_an_answer_goes_on(tmp_path: Path) -> None:
    """What finds no room in an answer for one person alone comes in the next messages, whole and to nobody else."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Die burgemeester moest men eens goed aanpakken")
        await town.press(AN, "Ik weet het niet", channel=town.slack.direct(AN).id)
        await town.settle(16)
        head = town.messages(LEAD)[0]
        reason = "Dit gaat te ver. " * 110 + "Einde."
        for _ in range(6):
            await town.press(SOFIE, "Beslissing", channel=LEAD)
            await town.submit(SOFIE, town.newest_view(), outcome="bedreiging", reason=reason)
        reply = await town.command(SOFIE, "zaak 1")
        said = words(reply.body["blocks"]) + town.said_in_private()
        assert said.count("Einde.") >= 6
        assert head["ts"] == town.messages(LEAD)[0]["ts"]


async def test_people_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When Slack is slow to say who somebody is, they hear that in time, and nothing is done in their name."""
    monkeypatch.setattr("adapters.slack.people.PATIENCE", 0.05)
    async with open_town(tmp_path) as town:
        town.slack.fail("users.info", hang=True)
        reply = await town.command(AN, "Wanneer komt de vuilkar?")
        assert "probeer" in words(reply.body["blocks"]).lower()
        assert await count(town) == 0


async def test_late_trigger_is_told(tmp_path: Path) -> None:
    """A trigger that served already opens nothing; the person hears so."""
    async with open_town(tmp_path) as town:
        await town.command(AN, "", trigger_id="0.used")
        assert "Probeer het nog eens" in town.said_in_private()


async def test_refusal_keeps_the_dialog(tmp_path: Path) -> None:
    """A form that is refused stays open, and may be sent again."""
    async with open_town(tmp_path) as town:
        await town.command(AN)
        view = town.newest_view()
        reply = await town.submit(AN, view, text="  ")
        assert reply.body["response_action"] == "errors"
        assert set(reply.body["errors"]) == {"text"}
        await town.submit(AN, view, text="Wanneer?")
        assert await count(town) == 1


async def test_submission_that_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is busy the dialog waits; then it says what came of it, or stands there again with what was typed."""
    monkeypatch.setattr("adapters.slack.app.SOON", 0.0)
    monkeypatch.setattr("adapters.slack.app.SHOWN", 0.0)
    async with open_town(tmp_path) as town:
        await town.command(AN)
        view = town.newest_view()

        async def busy(_work: object) -> None:
            raise StoreUnavailable("locked")

        with monkeypatch.context() as patch:
            patch.setattr(town.antenne.store, "write", busy)
            reply = await town.submit(AN, view, text="Wanneer komt de vuilkar?", platform="tiktok")
        assert "ogenblik" in words(reply.body["view"]["blocks"])
        again = town.slack.views[view["id"]]
        assert "probeer" in words(again["blocks"]).lower()
        assert again["private_metadata"] == view["private_metadata"]
        await town.submit(AN, again)
        assert "Zaak 1 staat klaar" in words(town.slack.views[view["id"]]["blocks"])
        assert "vuilkar" in words(town.dm(AN)[-1]["blocks"])
        assert "TikTok" in words(town.dm(AN)[-1]["blocks"])


async def test_long_reply_text_survives_its_dialog(tmp_path: Path) -> None:
    """A text of more than one input's 3000 characters goes over several, and comes back whole."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Wanneer komt de vuilkar?")
        mine = town.slack.direct(AN).id
        for label in ("Neutraal", "Vraag", "Ik, openbaar"):
            await town.press(AN, label, channel=mine)
        text = "".join(f"{number:04d} é👍🏽 " for number in range(600)).strip()
        for _ in range(2):
            await town.press(AN, "Tekst aanpassen", channel=mine)
            view = town.newest_view()
            inputs = [block for block in view["blocks"] if block["type"] == "input"]
            values = {"text": text} if len(inputs) == 1 else {}
            if values:  # typed in one go, as an earlier platform allowed
                body = town.submission(AN, view)
                body["view"]["state"]["values"]["text"]["v"]["value"] = text
                await town.deliver(body, envelope="interactive")
                await town.settle()
            else:
                assert "".join(block["element"]["initial_value"] for block in inputs) == text
                await town.submit(AN, view)
        stored = await town.antenne.store.read(lambda conn: conn.execute(select(cases.c.state)).scalar_one())
        assert text in orjson.loads(stored)["replies"].values()


async def test_waive_with_a_reason(tmp_path: Path) -> None:
    """A step is left out with a reason that is typed in a dialog."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Wat een puinhoop is het hier")
        mine = town.slack.direct(AN).id
        for label in ("Negatief", "Boos of bezorgd", "1."):
            if not any("Andere reden" in name for name in labels(town.dm(AN)[-1]["blocks"])):
                await town.press(AN, label, channel=mine)
        await town.press(AN, "Andere reden", channel=mine)
        await town.submit(AN, town.newest_view(), reason="Staat al in het dossier")
        assert "Staat al in het dossier" in words(town.dm(AN)[-1]["blocks"])


# --- who ---------------------------------------------------------------------------------------------------


async def test_strangers_are_refused(tmp_path: Path) -> None:
    """Unknown people, guests and people of another workspace get a polite refusal wherever they try, and change nothing."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Wanneer komt de vuilkar?")
        mine = town.slack.direct(AN).id
        answer = control(town.message_with("Neutraal", mine)["blocks"], "Neutraal")
        for user, team in ((STRANGER, TEAM), (GUEST, TEAM), (AN, "T0OTHER")):
            reply = await town.command(user, "zaken", team_id=team)
            assert "niet in de lijst" in words(reply.body["blocks"])
            heard = len(town.slack.ephemeral)
            await town.write(user, "Nog een", team=team, user_team=team)
            assert len(town.slack.ephemeral) == heard + 1
            await town.act(user, answer, channel=mine, ts="1.0", team={"id": team})
            await town.deliver(town.interaction(user, "view_submission", view={}, team={"id": team}), envelope="interactive")
            home = {"type": "app_home_opened", "user": user, "tab": "home", "team": team}
            await town.deliver(town.event(home, team_id=team))
            await town.settle()
            assert "niet in de lijst" in words(town.slack.homes[user]["blocks"])
        assert await count(town) == 1
        assert "Neutraal" in str(labels(town.message_with("Neutraal", mine)["blocks"]))
        assert town.said_in_private().count("niet in de lijst") >= 3


async def test_outsiders_in_a_thread(tmp_path: Path) -> None:
    """What a guest or a stranger writes in a thread is logged as from outside, and goes to nobody."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Die burgemeester moest men eens goed aanpakken")
        await town.press(AN, "Ik weet het niet", channel=town.slack.direct(AN).id)
        await town.settle(16)
        head = town.messages(LEAD)[0]
        town.slack.channels[LEAD].members.add(STRANGER)
        for user in (GUEST, STRANGER):
            await town.write(user, "Ik weet wie dit is", channel=LEAD, thread=head["ts"])
        rows = await town.antenne.store.read(lambda conn: conn.execute(select(replies)).all())
        assert [row.outside for row in rows] == [True, True]
        assert not any("weet wie dit is" in words(item.get("blocks") or []) for item in town.dm(AN))
        assert len(town.slack.ephemeral) == 2


async def test_bots_are_not_heard(tmp_path: Path) -> None:
    """Our own messages and those of other bots start nothing."""
    async with open_town(tmp_path) as town:
        for more in (
            {"user": BOT},
            {"user": AN, "bot_id": "B1"},
            {"subtype": "bot_message", "bot_id": "B1"},
            {"subtype": "channel_join"},
        ):
            event = {"type": "message", "user": AN, "text": "x", "ts": "1.1", "channel": "D1", "channel_type": "im", "team": TEAM}
            assert (await town.deliver(town.event(event | more))).status == 200
        assert await count(town) == 0


# --- other ways in -----------------------------------------------------------------------------------------


async def test_shortcut_on_a_message(tmp_path: Path) -> None:
    """`Modereer dit bericht` takes the message's words and pictures, however long, also in a thread."""
    async with open_town(tmp_path) as town:
        message = {
            "user": SAM,
            "text": "a &lt;b&gt; " + "lang " * 5000,
            "ts": "5.5",
            "thread_ts": "4.4",
            "files": [town.slack.put_file(PNG)],
        }
        more = {
            "callback_id": "moderate_message",
            "message": message,
            "channel": {"id": ROADS},
            "response_url": town.respond_at(),
        }
        await town.deliver(town.interaction(AN, "message_action", **more), envelope="interactive")
        await town.settle()
        assert "Zaak 1 staat klaar" in town.said_in_private()
        assert "a <b> lang" in words(town.dm(AN)[-1]["blocks"])
        assert await count(town, evidence) == 1


async def test_mention_in_a_thread(tmp_path: Path) -> None:
    """Calling the bot in a thread takes the message at its head; with words it takes those, or does the command."""
    async with open_town(tmp_path) as town:
        head = {"ts": "7.000001", "user": SAM, "text": "Zie wat iemand schreef: <https://a.example|hier>"}
        town.slack.channels[ROADS].messages.append(head)
        town.slack.channels[ROADS].members.add(AN)

        async def mention(text: str, ts: str) -> None:
            event = {
                "type": "app_mention",
                "user": AN,
                "text": text,
                "ts": ts,
                "thread_ts": head["ts"],
                "channel": ROADS,
                "team": TEAM,
            }
            await town.deliver(town.event(event | {"parent_user_id": SAM}))
            await town.settle()

        await mention(f"<@{BOT}>", "8.1")
        assert "hier (https://a.example)" in words(town.dm(AN)[-1]["blocks"])
        await mention(f"<@{BOT}> zaken", "8.2")
        assert "Zaak 1" in str(town.slack.ephemeral[-1])
        assert town.slack.ephemeral[-1]["thread_ts"] == head["ts"]
        await mention(f"<@{BOT}> En dit dan?", "8.3")
        assert await count(town) == 2


async def test_mention_amid_an_answer(tmp_path: Path) -> None:
    """An answer in a thread that names the bot comes as a message and as a mention; it is passed on once."""
    async with open_town(tmp_path) as town:
        await doubt(town)
        head = town.messages(LEAD)[0]
        await town.write(SOFIE, f"Ik denk, <@{BOT}>, dat dit kan", channel=LEAD, thread=head["ts"])
        said = {"type": "app_mention", "channel": LEAD, "parent_user_id": BOT}
        await town.deliver(town.event(town.messages(LEAD)[-1] | said))
        await town.settle()
        assert await count(town, replies) == 1


async def test_thread_that_cannot_be_read(tmp_path: Path) -> None:
    """Where the bot may not read the head of a thread, it says what to do instead; what may pass comes again."""
    async with open_town(tmp_path) as town:
        town.slack.channel("C0PUBLIC00", AN, private=False)
        event = {"type": "app_mention", "user": AN, "text": f"<@{BOT}>", "ts": "8.1", "thread_ts": "7.1", "channel": "C0PUBLIC00",
                 "team": TEAM, "parent_user_id": SAM}  # fmt: skip
        town.slack.fail("conversations.replies", error="internal_error")
        assert (await town.deliver(town.event(event))).status == 503
        town.slack.fail("conversations.replies", error="missing_scope")
        assert (await town.deliver(town.event(event))).status == 200
        await town.settle()
        assert "Modereer dit bericht" in words(town.slack.ephemeral[-1]["blocks"])


async def test_commands(tmp_path: Path) -> None:
    """Every command answers for this person only; a text starts a case."""
    async with open_town(tmp_path) as town:
        for text, found in (
            ("hulp", "/moderate faq"),
            ("zaken", "An Peeters"),
            ("zaak 9", "bestaat niet"),
            ("signalen fietspad", "Geen signalen gevonden"),
        ):
            reply = await town.command(AN, text)
            assert reply.body["response_type"] == "ephemeral"
            assert found in words(reply.body["blocks"]), text
        reply = await town.command(AN, "Jullie zijn &lt;lui&gt;")
        assert "Zaak 1 staat klaar" in words(reply.body["blocks"])
        assert "Jullie zijn <lui>" in words(town.dm(AN)[-1]["blocks"])
        reply = await town.command(SAM, "Kijk hier eens")
        assert "social media team" in words(reply.body["blocks"]).lower() or "case 2" in words(reply.body["blocks"]).lower()


async def test_home(tmp_path: Path) -> None:
    """The home page shows my cases and searches the FAQ; its buttons work."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Wanneer komt de vuilkar?")
        await town.deliver(town.event({"type": "app_home_opened", "user": AN, "tab": "home", "channel": "D1"}))
        await town.settle()
        blocks = town.slack.homes[AN]["blocks"]
        assert "An Peeters" in words(blocks)
        view = {"type": "home", "id": "VH"}
        search = {"type": "plain_text_input", "action_id": "faq_search", "block_id": "faq_search", "value": "vuilkar"}
        await town.act(AN, search, view=view, response_url="")
        assert "vuilkar" in words(town.newest_view()["blocks"])
        await town.act(AN, control(blocks, "Zaak 1"), view=view, response_url="")
        assert "Wanneer komt de vuilkar?" in words(town.newest_view()["blocks"])
        case = town.newest_view()
        await town.act(AN, control(case["blocks"], "Neutraal"), view=case, response_url="")
        assert "Wat is het?" in words(town.newest_view()["blocks"]), "the case in the dialog changes in place"
        await town.act(AN, control(blocks, "Nieuwe reactie"), view=view, response_url="")
        assert "Tekst van de reactie" in str(town.newest_view())


# --- files -------------------------------------------------------------------------------------------------


async def test_screenshot_starts_a_case(tmp_path: Path) -> None:
    """A screenshot is fetched, kept as it came, and belongs to the case; what is no picture is refused and nothing kept."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "", subtype="file_share", files=[town.slack.put_file(PNG)])
        kept = await town.antenne.store.read(lambda conn: conn.execute(select(evidence)).one())
        assert (kept.media, kept.content, kept.case_id) == ("image/png", PNG, 1)
        assert town.slack.file_tokens == [f"Bearer {TOKEN}"]
        for file in (
            town.slack.put_file(b"<svg onload='x'>"),
            town.slack.put_file(b"%PDF-1.7", media="application/pdf"),
            town.slack.put_file(b"sign in", media="text/html"),
        ):
            await town.write(AN, "Kijk", subtype="file_share", files=[file])
        assert await count(town) == 1
        assert len(town.slack.ephemeral) == 4, "that no text was read from the first, and three refusals"


async def test_pictures_in_threads(tmp_path: Path) -> None:
    """A screenshot beneath the own card goes with the case; in the thread of a role no file is passed on, and the person hears so."""
    async with open_town(tmp_path) as town:
        await doubt(town)
        mine, card = town.slack.direct(AN).id, town.dm(AN)[1]
        await town.write(AN, "", channel=mine, thread=card["ts"], subtype="file_share", files=[town.slack.put_file(PNG)])
        kept = await town.antenne.store.read(lambda conn: conn.execute(select(evidence.c.case_id)).scalars().all())
        assert list(kept) == [1]
        head = town.messages(LEAD)[0]
        file = {"subtype": "file_share", "files": [town.slack.put_file(PNG)]}
        await town.write(SOFIE, "Zo ziet het eruit", channel=LEAD, thread=head["ts"], **file)
        assert "geef ik niet door" in words(town.slack.ephemeral[-1]["blocks"])
        assert (await count(town, replies), await count(town, evidence)) == (1, 1)


async def test_screenshot_in_the_dialog(tmp_path: Path) -> None:
    """A screenshot alone, put in the dialog, starts a case; one that cannot be read leaves the dialog open."""
    async with open_town(tmp_path) as town:
        await town.command(AN)
        view = town.newest_view()
        reply = await town.submit(AN, view, images=[town.slack.put_file(b"%PDF-1.7", media="application/pdf")])
        assert reply.body["response_action"] == "errors"
        await town.submit(AN, view, images=[town.slack.put_file(PNG)])
        assert (await count(town), await count(town, evidence)) == (1, 1)
        assert "Screenshot 1" in words(town.dm(AN)[-1]["blocks"])


class Looker:
    """Looks at pictures, and takes none."""

    async def look(self, content: bytes, *, read: bool = True) -> NotTaken:
        return Refusal("heic")


async def test_pictures_are_looked_at_first(tmp_path: Path) -> None:
    """A picture that the decoder refuses is not kept; its sentence says what to do."""
    async with open_town(tmp_path, pictures=Looker()) as town:
        await town.write(AN, "Kijk", subtype="file_share", files=[town.slack.put_file(PNG)])
        assert await count(town) == await count(town, evidence) == 0
        assert sentences("nl").t("picture.heic") in words(town.slack.ephemeral[-1]["blocks"])


async def test_token_goes_to_the_file_host_alone(tmp_path: Path) -> None:
    """No other address gets the token: not another host, port or scheme, not behind a redirect, not a file kept elsewhere."""
    host = "https://files.slack.com"
    assert at(f"{host}/files-pri/T-F/a.png")
    for address in (
        "http://files.slack.com/a", f"{host}:8443/a", f"{host}.evil.example/a", "https://files.slack.com@evil.example/a",
        "https://evil.example/files.slack.com", "https://x@files.slack.com/a", "https://files.slack.com\\@evil.example/a",
        "https://FILES.slack.com/a", "//files.slack.com/a", "", "https://files.slack.com\n.evil.example/a", "https://fıles.slack.com/a",
        "https://[/a",
    ):  # fmt: skip
        assert not at(address), address
    async with open_town(tmp_path) as town:
        client = Client(town.app.settings)
        origin = town.slack.origin
        good = town.slack.put_file(PNG)
        elsewhere = good | {"url_private_download": "http://127.0.0.1:9/a", "url_private": "http://127.0.0.1:9/a"}
        redirected = town.slack.put_file(PNG)
        town.slack.files[redirected["id"]]["redirect"] = origin + "/files-pri/" + good["id"] + "/a.png"
        large = town.slack.put_file(b"\x89PNG\r\n\x1a\n" + b"0" * (LIMIT + 1)) | {"size": 5}
        for file in (
            good | {"mode": "external"},
            good | {"is_external": True},
            elsewhere,
            redirected,
            good | {"size": LIMIT + 1},
            large,
        ):
            with pytest.raises(FileRefused):
                await fetch(client, file, origin)
        assert await fetch(client, good, origin) == PNG
        assert len(town.slack.file_tokens) == 3
        await client.close()


async def test_case_is_anothers(tmp_path: Path) -> None:
    """Only who has the case, and the communications lead, press on it; another moderator hears whose it is."""
    async with open_town(tmp_path) as town:
        await town.write(AN, "Wanneer komt de vuilkar?")
        mine = town.slack.direct(AN).id
        answer = control(town.message_with("Neutraal", mine)["blocks"], "Neutraal")
        await town.act("U0KARIM000", answer, channel=mine, ts="1.0")
        assert "An Peeters" in town.said_in_private()
        await town.act(SOFIE, answer, channel=mine, ts="1.0")
        assert "Je keuzes: Neutraal" in words(town.dm(AN)[-1]["blocks"])
