"""What comes in: tokens, tenants, repeated deliveries, late answers, who may act, pictures."""

import asyncio
import time
from pathlib import Path
from typing import Any

import jwt
import orjson
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select

from adapters.teams import access
from adapters.teams.access import Denied, Gate, Hosts
from adapters.teams.files import LIMIT, FileRefused, fetch
from bot.ports import StoreUnavailable
from bot.settings import Settings, TeamsSettings
from bot.tables import cases, evidence, places, replies
from tests.adapters.slack.town import until
from tests.adapters.teams.stub import (
    APP,
    BOT,
    HEADER,
    OTHER_KEY,
    PASSWORD,
    TENANT,
    TOKEN,
    UNENDORSED,
    channel_id,
    new_id,
    person_id,
    signed,
)
from tests.adapters.teams.test_journey import doubt, walk
from tests.adapters.teams.town import Spot, Town, find, open_town
from tests.journeys.chat import PNG

ANOTHER = "11111111-2222-3333-4444-555555555555"


async def count(town: Town, table: Any = cases) -> int:
    """How many rows a table has."""
    query = select(func.count()).select_from(table)
    return int(await town.antenne.store.read(lambda conn: conn.execute(query).scalar_one()))


# --- tokens and tenants ------------------------------------------------------------------------------------


async def test_authentication_matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a token of Microsoft's, for this bot, this service address, now, and an activity of our tenant come in; the rest gets 401
    or 403, and nothing of the bot is reached."""
    async with open_town(tmp_path) as town:
        place = town.cloud.personal("an")
        good = town.activity("an", "message", place, text="Wanneer?")
        reached: list[object] = []
        turn = town.app._adapter.turn

        async def counted(body: Any, claims: Any) -> Any:
            reached.append(body)
            return await turn(body, claims)

        monkeypatch.setattr(town.app._adapter, "turn", counted)
        origin, now = town.cloud.origin, int(time.time())
        tokens = {
            "none": "",
            "another scheme": signed(origin).replace("Bearer", "Basic"),
            "no token": "Bearer ",
            "no token at all": "Bearer x.y.z",
            "not ASCII": "Bearer é",
            "wrong audience": signed(origin, aud=ANOTHER),
            "wrong issuer": signed(origin, iss="https://sts.windows.net/x/"),
            "another service address": signed("https://smba.trafficmanager.net/emea/"),
            "no service address": signed(origin, serviceurl=None),
            "forged": signed(origin, key=OTHER_KEY),
            "an unknown key": signed(origin, key=OTHER_KEY, kid="k9"),
            "expired": signed(origin, exp=now - 400),
            "not yet valid": signed(origin, nbf=now + 400),
            "without an end": signed(origin, exp=None),
            "without audience": signed(origin, aud=None),
            "unsigned": signed(origin, algorithm="none"),
            "signed with a secret": "Bearer "
            + jwt.encode(
                {"iss": access.ISSUER, "aud": APP, "exp": now + 3600, "serviceurl": origin}, "x" * 32, "HS256", {"kid": "k1"}
            ),
            "signed for another channel": signed(origin, key=UNENDORSED, kid="k2"),
        }
        for what, token in tokens.items():
            status, answer = await town.deliver(good, Authorization=token)
            assert (status, answer) == (401, None), what
        changed: dict[str, dict[str, Any]] = {
            "no service address": {"serviceUrl": None},
            "another host": {"serviceUrl": "https://evil.example/"},
            "a host with a user": {"serviceUrl": "https://smba.trafficmanager.net@evil.example/"},
            "no channel": {"channelId": None},
            "another channel": {"channelId": "webchat"},
            "no tenant": {"channelData": {}, "conversation": {"id": place.id}},
            "another tenant": {"channelData": {"tenant": {"id": ANOTHER}}, "conversation": {"id": place.id, "tenantId": ANOTHER}},
            "two tenants": {"channelData": {"tenant": {"id": ANOTHER}}},
            "no type": {"type": None},
        }
        for what, more in changed.items():
            status, answer = await town.deliver(good | more)
            assert status in (401, 403), what
            assert answer is None
        assert not reached
        denied = [item.value for item in town.antenne.metrics.counted() if item.name == "denied_total"]
        assert sum(denied) == len(tokens) + len(changed)
        assert await count(town) == 0
        assert (await town.deliver(good))[0] == 200
        assert len(reached) == 1


async def test_bad_bodies(tmp_path: Path) -> None:
    """What is no activity is refused, never understood, and never a 500."""
    async with open_town(tmp_path) as town:
        headers = {"Authorization": signed(town.cloud.origin), "Content-Type": "application/json"}
        for raw, status in ((b"{", 400), (b"[]", 400), (b"", 400), (b" " * 1_000_001, 413), (orjson.dumps({}), 403)):
            async with town.session.post(town.url + "/api/messages", data=raw, headers=headers) as answer:
                assert answer.status == status, raw[:10]
        async with town.session.post(
            town.url + "/api/messages", data=b"x", headers=headers | {"Content-Type": "text/xml"}
        ) as answer:
            assert answer.status == 415
        place = town.cloud.personal("an")
        for more in ({"entities": "x"}, {"attachments": {"a": 1}}, {"from": "x"}, {"text": 5}, {"value": [1]}, {"id": None}):
            status, _ = await town.deliver(town.activity("an", "message", place) | more)
            assert status in (200, 400), more
        assert (await town.deliver(town.activity("an", "invoke", place, name="no/such")))[0] == 501
        assert (await town.deliver(town.activity("an", "unheardOf", place)))[0] == 200


async def test_keys_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is not known yet makes the bot look again, once a minute at most; without keys nobody comes in, and nothing breaks."""
    async with open_town(tmp_path) as town:
        gate = town.app.gate
        town.cloud.origin, origin = "http://127.0.0.1:9", town.cloud.origin
        with pytest.raises(Denied):
            await gate.token(signed(origin), "")
        town.cloud.origin = origin
        with pytest.raises(Denied):
            await gate.token(signed(origin), "")
        monkeypatch.setattr(gate, "_read", gate.clock() - access.ASK_AGAIN - 1)
        assert await gate.token(signed(origin), "") is not None
        known = signed(origin)
        assert await gate.token(known, "") is await gate.token(known, "")
        monkeypatch.setattr(gate, "clock", lambda: 4e9)
        with pytest.raises(Denied):
            await gate.token(known, "")


async def test_old_keys_keep_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a day the keys are read anew, behind the back of a request that a known key signed: an invoke has five seconds."""
    async with open_town(tmp_path) as town:
        gate, free, read = town.app.gate, asyncio.Event(), 0
        await gate.token(signed(town.cloud.origin), "")

        async def slow(_gate: Gate) -> None:
            nonlocal read
            await free.wait()
            read += 1

        monkeypatch.setattr(Gate, "_read_keys", slow)
        monkeypatch.setattr(gate, "_read", gate.clock() - access.KEEP_KEYS - 1)
        async with asyncio.timeout(60):  # it would wait for the slow reading for ever
            assert await gate.token(signed(town.cloud.origin, jti="1"), "") is not None
            assert await gate.token(signed(town.cloud.origin, jti="2"), "") is not None
        free.set()
        await until(lambda: read == 1)


async def test_token_goes_to_allowed_hosts_alone() -> None:
    """The bot's token goes to Microsoft's connectors; not to another host, port or scheme, nor to one that only looks alike."""
    hosts = Hosts(TeamsSettings(app_id=APP, app_password=SecretStr("x"), tenant_id=TENANT))
    for address in (
        "https://smba.trafficmanager.net/emea/",
        "https://europe.botframework.com/v3/x",
        "https://smba.trafficmanager.net:443/",
    ):
        assert hosts.allow(address), address
    for address in (
        "http://smba.trafficmanager.net/", "https://smba.trafficmanager.net:8443/", "https://smba.trafficmanager.net.evil.example/",
        "https://smba.trafficmanager.net@evil.example/", "https://evilbotframework.com/", "https://x@smba.trafficmanager.net/",
        "https://smba.trafficmanager.net\\@evil.example/", "//smba.trafficmanager.net/", "", "https://[/", "https://ſmba.trafficmanager.net/",
        "http://127.0.0.1/", "https://smba.trafficmanager.net/#\n",
    ):  # fmt: skip
        assert not hosts.allow(address), address


def test_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without an app id the bot starts only when told to run locally, and then listens to this machine alone; nothing secret is printed."""
    monkeypatch.chdir(tmp_path)
    for values in (
        {},
        {"app_id": APP},
        {"app_id": APP, "tenant_id": TENANT},
        {"app_id": "no-guid", "tenant_id": TENANT, "app_password": SecretStr("x")},
        {"app_id": APP, "tenant_id": TENANT, "app_password": SecretStr("x"), "local": True},
        {"app_id": APP, "tenant_id": TENANT, "app_password": SecretStr("x"), "app_type": "MultiTenant"},
    ):
        with pytest.raises(ValidationError):
            TeamsSettings(**values)
    for name, value in {"APP_ID": APP, "APP_PASSWORD": "hidden", "TENANT_ID": TENANT, "APP_TYPE": "SingleTenant"}.items():
        monkeypatch.setenv(f"ANTENNE_TEAMS__{name}", value)
    settings = Settings()
    assert settings.teams is not None
    assert settings.teams.app_password == SecretStr("hidden")
    assert "hidden" not in repr(settings)
    with pytest.raises(ValidationError):
        Settings(teams=TeamsSettings(local=True), host="0.0.0.0")  # noqa: S104 - it is refused
    assert TeamsSettings(app_id=APP, tenant_id=TENANT, app_type="UserAssignedMSI").app_password is None


async def test_local_without_registration(tmp_path: Path) -> None:
    """Told to run locally, the bot needs no token, hears this machine alone, and answers to no other."""
    async with open_town(tmp_path, app_id="", app_password=None, tenant_id="", local=True) as town:
        town.cloud.tokens = {""}
        body = town.activity("an", "message", town.cloud.personal("an"), text="Wanneer?")
        assert (await town.deliver(body, Authorization=""))[0] == 200
        assert await count(town) == 1
        assert (await town.deliver(body | {"serviceUrl": "https://evil.example/"}, Authorization=""))[0] == 403
        assert (await town.deliver(body, Authorization="", Host="antenne.evil.example"))[0] == 401
        with pytest.raises(Denied):
            await Gate(town.app.connector.settings, lambda: town.session).token("", "192.0.2.1")


MANAGED: dict[str, Any] = {"app_type": "UserAssignedMSI", "app_password": None}


@pytest.mark.parametrize(
    "how", [{}, MANAGED, MANAGED | {"identity_header": SecretStr(HEADER)}], ids=["secret", "machine", "service"]
)
async def test_bot_token(tmp_path: Path, how: dict[str, Any]) -> None:
    """The bot's own token is asked for once, with the secret or as a managed identity, on a virtual machine as in App Service and
    Container Apps, and never shown to a person."""
    async with open_town(tmp_path, **how) as town:
        town.app.connector.settings.__dict__["identity_url"] = f"{town.cloud.origin}/identity"
        tokens = town.app.connector.tokens
        await asyncio.gather(*(tokens.fresh() for _ in range(5)))
        assert tokens.now == TOKEN
        (asked,) = town.cloud.token_calls
        assert asked.get("client_id") == APP
        assert asked.get("client_secret") == (None if how else PASSWORD)
        assert tokens._until > tokens.clock() + 3_000


def test_managed_identity_of_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """App Service and Container Apps say in the environment where a managed identity asks for its token."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:42356/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", HEADER)
    found = TeamsSettings(app_id=APP, tenant_id=TENANT, app_type="UserAssignedMSI")
    assert found.identity_url == "http://127.0.0.1:42356/msi/token"
    assert found.identity_header == SecretStr(HEADER)
    assert HEADER not in repr(found)


# --- once --------------------------------------------------------------------------------------------------


async def test_repeated_deliveries_act_once(tmp_path: Path) -> None:
    """The same message three times, two of them at once, is one case; the same id in another conversation is another message."""
    async with open_town(tmp_path) as town:
        body = town.activity("an", "message", town.cloud.personal("an"), text="Wanneer?")
        answers = list(await asyncio.gather(town.deliver(body), town.deliver(body)))
        answers.append(await town.deliver(body))
        await town.settle()
        assert {status for status, _ in answers} == {200}
        assert await count(town) == 1
        assert len(town.chat_of("an")) == 1
        await town.deliver(town.activity("karim", "message", town.cloud.personal("karim"), text="Waarom?", id=body["id"]))
        assert await count(town) == 2


async def test_invoke_sent_again(tmp_path: Path) -> None:
    """An invoke that Teams sends again, at once or later, changes nothing and gets the same answer; after a restart a kind sentence."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Wanneer komt de vuilkar?")
        spot: Spot = find(town.chat_of("an"), "Neutraal").handle
        value = {"action": {"type": "Action.Execute", "verb": "press", "data": spot.action["data"]}}
        body = town.activity(
            "an", "invoke", town.cloud.personal("an"), name="adaptiveCard/action", value=value, replyToId=spot.message
        )
        first, second = await asyncio.gather(town.deliver(body), town.deliver(body))
        third = await town.deliver(body)
        assert first == second == third
        assert "Je keuzes: Neutraal" in str(first[1]["value"])
        town.app._turns.clear()
        after = await town.deliver(body)
        assert after[1]["type"] == "application/vnd.microsoft.activity.message"
        stale = await town.deliver(body | {"id": new_id()})
        assert "vorige stap" in str(stale[1])


async def test_database_trouble_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database cannot keep it, the person hears so instead of nothing."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Wanneer komt de vuilkar?")

        async def busy(_work: object) -> None:
            raise StoreUnavailable("locked")

        with monkeypatch.context() as patch:
            patch.setattr(town.antenne.store, "write", busy)
            await town.deliver(town.activity("an", "message", town.cloud.personal("an"), text="Nog een"))
            while pending := [task for task in town.app._tasks if not task.done()]:
                await asyncio.wait(pending)
        assert len(town.chat_of("an")[-1].says) == 1
        assert await count(town) == 1


async def test_late_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invoke whose work takes too long is answered in time; the card changes, and what is to be said comes in the chat."""
    monkeypatch.setattr("adapters.teams.app.SOON", 0.05)
    async with open_town(tmp_path) as town:
        await town.write("an", "Wanneer komt de vuilkar?")
        spot: Spot = find(town.chat_of("an"), "Neutraal").handle
        free, write = asyncio.Event(), town.antenne.store.write

        async def slow(work: Any) -> Any:
            await free.wait()
            return await write(work)

        value = {"action": {"type": "Action.Execute", "verb": "press", "data": spot.action["data"]}}
        body = town.activity(
            "an", "invoke", town.cloud.personal("an"), name="adaptiveCard/action", value=value, replyToId=spot.message
        )
        monkeypatch.setattr(town.antenne.store, "write", slow)
        _, answer = await town.deliver(body)
        assert "Even geduld" in answer["value"]
        free.set()
        await town.settle()
        assert "Neutraal" in str([one.says for one in town.chat_of("an")])


async def test_slow_pictures_keep_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Teams sends a message again that is not answered in 15 seconds: it is answered before, and the case comes with the picture."""
    monkeypatch.setattr("adapters.teams.app.ACKNOWLEDGED", 0.05)
    async with open_town(tmp_path) as town:
        free = asyncio.Event()

        async def slow(*_: object) -> bytes:
            await free.wait()
            return PNG

        monkeypatch.setattr("adapters.teams.files.fetch", slow)
        file = {"contentType": "image/*", "contentUrl": town.cloud.put_file(PNG)}
        body = town.activity("an", "message", town.cloud.personal("an"), text="Kijk", attachments=[file])
        assert (await town.deliver(body))[0] == 200
        assert (await town.deliver(body))[0] == 200
        assert await count(town) == 0
        free.set()
        await asyncio.wait(town.app._turns.values())
        await town.settle()
        assert await count(town) == await count(town, evidence) == 1


# --- who ---------------------------------------------------------------------------------------------------


async def test_strangers_and_guests_are_refused(tmp_path: Path) -> None:
    """Unknown people, guests and people without an account get a polite refusal wherever they try, and change nothing."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Wanneer komt de vuilkar?")
        spot: Spot = find(town.chat_of("an"), "Neutraal").handle
        town.cloud.personal("karim").members[person_id("karim")] = "guest"
        for person in ("vreemde", "karim"):
            await town.write(person, "Nog een")
            assert "niet in de lijst" in town.chat_of(person)[-1].text
            await town.write(person, "zaken")
            value = {"action": {"data": spot.action["data"]}}
            said = await town.invoke(person, "adaptiveCard/action", value)
            assert "niet in de lijst" in said["value"]
            for name in ("task/fetch", "task/submit", "composeExtension/fetchTask", "composeExtension/submitAction"):
                said = await town.invoke(person, name, {"data": {"press": '{"do":"start"}', "v.text": "x"}})
                assert "niet in de lijst" in said["task"]["value"], name
        body = town.activity("an", "invoke", town.cloud.personal("an"), name="task/fetch", value={})
        assert "niet in de lijst" in (await town.deliver(body | {"from": {"id": "29:x"}}))[1]["task"]["value"]
        assert await count(town) == 1


async def test_outsider_in_a_thread(tmp_path: Path) -> None:
    """What a guest writes in a thread is logged as from outside, and goes to nobody."""
    async with open_town(tmp_path) as town:
        spot = await doubt(town)
        place = town.cloud.conversations[channel_id("communicatie")]
        place.members[person_id("karim")] = "guest"
        for person in ("karim", "vreemde"):
            await town.write(person, "Ik weet wie dit is", place=place, root=spot.message)
        rows = await town.antenne.store.read(lambda conn: conn.execute(select(replies)).all())
        assert [row.outside for row in rows] == [True, True]
        assert not any("weet wie dit is" in one.text for one in town.chat_of("an"))


async def test_unsure_is_said(tmp_path: Path) -> None:
    """While Teams cannot say who somebody is, nothing is done for them, and they hear so."""
    async with open_town(tmp_path) as town:
        town.cloud.fail("member", status=500, code="ServiceError")
        await town.write("an", "Wanneer?")
        assert "collega" in town.chat_of("an")[-1].text
        assert await count(town) == 0
        await town.write("an", "Wanneer?")
        assert await count(town) == 1


async def test_bots_are_not_heard(tmp_path: Path) -> None:
    """Our own messages and those of other bots start nothing."""
    async with open_town(tmp_path) as town:
        for sender in (
            {"id": BOT, "aadObjectId": person_id("an")},
            {"id": "29:x", "role": "bot", "aadObjectId": person_id("an")},
            {"id": "29:x"},
        ):
            body = town.activity("an", "message", town.cloud.personal("an"), text="x") | {"from": sender}
            assert (await town.deliver(body))[0] == 200
        assert await count(town) == 0


async def test_presses_are_checked(tmp_path: Path) -> None:
    """What a client sends in a button's name is believed in nothing: no press of ours, another's case, an empty choice."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Wanneer komt de vuilkar?")
        spot: Spot = find(town.chat_of("an"), "Neutraal").handle
        for data in (
            {},
            {"press": 5},
            {"press": "{}"},
            {"press": "x" * 9_999},
            {"select": "select.1"},
            {"select": 3, "3": "x"},
            "x",
            None,
        ):
            said = await town.invoke("an", "adaptiveCard/action", {"action": {"data": data}}, spot=spot)
            assert said["type"].endswith("message"), data
        said = await town.invoke("karim", "adaptiveCard/action", {"action": {"data": spot.action["data"]}})
        assert "An Peeters" in said["value"]
        assert await count(town) == 1


async def test_button_of_an_older_client(tmp_path: Path) -> None:
    """A client that knows no Action.Execute sends a message with the same data: it does the same."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Wanneer komt de vuilkar?")
        pressed = []
        for label in ("Neutraal", "Vraag"):
            spot: Spot = find(town.chat_of("an"), label).handle
            data = spot.action["fallback"]["data"]
            pressed.append(town.activity("an", "message", town.cloud.personal("an"), value=data, replyToId=spot.message))
            await town.deliver(pressed[-1])
            await town.settle()
        assert "Wie kan antwoorden?" in town.chat_of("an")[0].text
        await town.deliver(pressed[-1] | {"id": new_id()})
        await town.settle()
        assert "vorige stap" in str([one.says for one in town.chat_of("an")])


# --- places ------------------------------------------------------------------------------------------------


async def test_places_survive_a_restart_and_are_followed(tmp_path: Path) -> None:
    """Where a conversation is kept stands in the database; when the connector's address changes, the bot follows."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Wanneer?")
        moved = town.cloud.origin.replace("127.0.0.1", "localhost")
        town.app.connector.settings.__dict__["connector_url"] = moved
        body = town.activity("an", "message", town.cloud.personal("an"), text="zaken", serviceUrl=moved)
        assert (await town.deliver(body, Authorization=signed(moved)))[0] == 200
        await town.settle()
        assert town.cloud.hosts[-1].startswith("localhost"), "what the bot says goes to the new address"
        rows = await town.antenne.store.read(lambda conn: conn.execute(select(places)).all())
        assert [(row.conversation, row.service) for row in rows] == [(f"teams:{person_id('an')}", moved)]
        town.app.connector.settings.__dict__["connector_url"] = town.cloud.origin
    async with open_town(tmp_path) as town:
        place = await town.teams.places.get(f"teams:{person_id('an')}")
        assert place is not None
        assert place.service == moved


# --- pictures ----------------------------------------------------------------------------------------------


async def test_pictures(tmp_path: Path) -> None:
    """A picture begins a case, or joins one when it answers its card; what is no picture, or lies elsewhere, is refused kindly."""
    async with open_town(tmp_path) as town:
        info = "application/vnd.microsoft.teams.file.download.info"
        await town.write("an", "Kijk", attachments=[{"contentType": info, "content": {"downloadUrl": town.cloud.put_file(PNG)}}])
        await town.write("an", "", attachments=[{"contentType": "image/*", "contentUrl": town.cloud.put_file(PNG)}])
        assert await count(town) == await count(town, evidence) == 2
        assert town.cloud.file_tokens == [None, f"Bearer {TOKEN}"]
        for file in (
            {"contentType": "image/*", "contentUrl": "https://evil.example/a.png"},
            {"contentType": info, "content": {"downloadUrl": "https://evil.example/a.png"}},
            {"contentType": info, "content": None},
            {"contentType": "image/*", "contentUrl": town.cloud.put_file(b"%PDF-1.7", "application/pdf")},
            {"contentType": "image/*", "contentUrl": town.cloud.put_file(b"sign in", "text/html")},
        ):
            await town.write("an", "Kijk", attachments=[file])
            assert len(town.chat_of("an")[-1].says) == 1
        assert await count(town) == 2
        large = {"contentType": "image/*", "contentUrl": town.cloud.put_file(PNG + b"0" * LIMIT)}
        away = {"contentType": "image/*", "contentUrl": town.cloud.put_file(b"", "redirect")}
        for file in (large, away):
            with pytest.raises(FileRefused):
                await fetch(town.app.connector, file)


async def test_refused_dialog_keeps_what_was_typed(tmp_path: Path) -> None:
    """A dialog that is refused opens again, with the reason and what was typed; sent twice it counts once."""
    async with open_town(tmp_path) as town:
        value = {"data": {"press": '{"do":"start"}', "v.text": "  ", "v.handle": "jan", "v.place": "own"}}
        again = await town.invoke("an", "task/submit", value)
        drawn = again["task"]["value"]["card"]["content"]
        assert drawn["body"][0]["id"] == "wrong"
        assert next(one["value"] for one in drawn["body"] if one["id"] == "v.handle") == "jan"
        value["data"]["v.text"] = "Wanneer?"
        body = town.activity("an", "invoke", town.cloud.personal("an"), name="task/submit", value=value)
        await town.deliver(body)
        town.app._turns.clear()
        _, second = await town.deliver(body)
        assert "al gebeurd" in second["task"]["value"]
        assert await count(town) == 1


async def test_dialog_for_a_reason(tmp_path: Path) -> None:
    """A step is left out with a reason that is typed in a dialog."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Wat een puinhoop is het hier")
        await walk(town, "an", "Negatief", "Boos of bezorgd")
        spot: Spot = find(town.chat_of("an"), "Andere reden…").handle
        answer = await town.press("an", spot)
        data = answer["task"]["value"]["card"]["content"]["actions"][0]["data"]
        await town.invoke("an", "task/submit", {"data": data | {"v.reason": "Staat al in het dossier"}})
        assert "Staat al in het dossier" in town.chat_of("an")[0].text
