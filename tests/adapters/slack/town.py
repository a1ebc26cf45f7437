"""Torenbeek on Slack: the sample municipality with Slack addresses, people who act in it, and the two ways in."""

import asyncio
import io
import itertools
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
import orjson
from aiohttp import web
from pydantic import SecretStr

from adapters.charts import Matplotlib
from adapters.main import running
from adapters.slack.app import PATH, SlackApp, signature
from adapters.slack.client import Client, SlackChat
from bot.antenne import Antenne
from bot.organisation import load_organisation
from bot.settings import SAMPLE, Settings, SlackSettings
from tests.adapters.slack.stub import APP_TOKEN, BOT, TEAM, TOKEN, Api, Json, Workspace
from tests.servers import tables_at

SECRET = "not-a-secret"
Way = Literal["http", "socket"]
AN, KARIM, SOFIE, TOM, LIES, SAM = "U0AN000000", "U0KARIM000", "U0SOFIE000", "U0TOM00000", "U0LIES0000", "U0SAM00000"
GUEST, STRANGER = "U0INGE0000", "U0VREEMD00"
LEAD, ROADS, TEAM_ROOM = "C0COMMLEAD", "C0MOBILITY", "C0MODERATE"
_ids = itertools.count(1)


def town(folder: Path, cards: str = "direct", names: Mapping[str, str] | None = None) -> Path:
    """The sample's file with everybody's Slack address and three channels; ``cards``: where the cards of cases stand; ``names``:
    other ones than in the sample."""
    text = SAMPLE.read_text(encoding="utf-8")
    text = re.sub(
        r"^  (\w+): \{name: ([^,}]+)",
        lambda m: f"  {m[1]}: {{name: {m[2]}, addresses: {{slack: U0{m[1].upper():0<8}}}",
        text,
        flags=re.MULTILINE,
    )
    text = text.replace('"#communicatie"', f'"#communicatie", slack: {LEAD}').replace(
        '"#mobiliteit"', f'"#mobiliteit", slack: {ROADS}'
    )
    text = text.replace("\ncards: direct\n", f"\ncards: {cards}\n").replace(
        '[an, karim]\n    channel: {local: "#moderatieteam"}',
        f'[an, karim]\n    channel: {{local: "#moderatieteam", slack: {TEAM_ROOM}}}',
    )
    for old, new in (names or {}).items():
        text = text.replace(old, orjson.dumps(new).decode())
    path = folder / "organisation.yaml"
    path.write_text(text, encoding="utf-8")
    (folder / "faq.yaml").write_bytes(SAMPLE.with_name("faq.yaml").read_bytes())
    return path


@dataclass
class Reply:
    """What Slack got back for a delivery; ``status`` 0 is an envelope that was never acknowledged."""

    status: int
    body: Json = field(default_factory=dict)


@dataclass
class Town:
    """A running bot, the stub it talks with, and what people do there."""

    slack: Workspace
    antenne: Antenne
    app: SlackApp
    way: Way
    url: str
    session: aiohttp.ClientSession
    time: list[datetime]

    # --- deliveries ----------------------------------------------------------------------------------------

    async def deliver(self, body: Json, *, envelope: str = "events_api") -> Reply:
        """Sign and send it, or put it in an envelope, as Slack does."""
        if self.way == "socket":
            return await self._through_socket(body, envelope)
        form = envelope != "events_api"
        payload = {"payload": orjson.dumps(body).decode()} if envelope == "interactive" else body
        raw = urlencode(payload).encode() if form else orjson.dumps(body)
        return await self.post(raw, "application/x-www-form-urlencoded" if form else "application/json")

    async def post(self, body: bytes | io.BytesIO, content_type: str, **headers: str) -> Reply:
        """A request with a good signature, unless ``headers`` say otherwise."""
        raw = body if isinstance(body, bytes) else body.getvalue()
        at = str(int(self.time[0].timestamp()))
        signed = {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": signature(SECRET, at, raw), "Content-Type": content_type}
        async with self.session.post(self.url + PATH, data=body, headers=signed | headers) as answer:
            text = await answer.text()
            return Reply(answer.status, orjson.loads(text) if text.startswith("{") else {})

    async def _through_socket(self, body: Json, envelope: str) -> Reply:
        name = f"e{next(_ids)}"
        future = self.slack.acks[name] = asyncio.get_running_loop().create_future()
        await self.slack.sockets[-1].send_json(
            {"envelope_id": name, "type": envelope, "payload": body, "accepts_response_payload": True}
        )
        try:
            reply = await asyncio.wait_for(future, 60)
        except TimeoutError:
            return Reply(0)
        return Reply(200, reply.get("payload") or {})

    async def settle(self, seconds: float = 0) -> None:
        """Let what is under way end, let time pass, and let the outbox say everything."""
        while pending := [task for task in self.app._tasks if not task.done()]:
            await asyncio.wait(pending)
        self.time[0] += timedelta(seconds=seconds)
        for _ in range(60):
            following = await self.antenne.work()
            if following > self.time[0] + timedelta(seconds=3):
                return
            self.time[0] = max(self.time[0], following)

    # --- what people do ------------------------------------------------------------------------------------

    def event(self, event: Json, **more: Any) -> Json:
        return {
            "type": "event_callback", "team_id": TEAM, "api_app_id": "A0", "event_id": f"Ev{next(_ids):08d}",
            "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}], "event": event, **more,
        }  # fmt: skip

    def interaction(self, user: str, kind: str, **more: Any) -> Json:
        return {
            "type": kind,
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "trigger_id": self.slack.trigger(),
            **more,
        }

    async def command(self, user: str, text: str = "", **more: Any) -> Reply:
        body = {
            "command": "/moderate", "text": text, "user_id": user, "team_id": TEAM, "channel_id": "C0ELSE0000",
            "trigger_id": self.slack.trigger(), "response_url": self.respond_at(), "api_app_id": "A0", **more,
        }  # fmt: skip
        reply = await self.deliver(body, envelope="slash_commands")
        await self.settle()
        return reply

    def respond_at(self) -> str:
        return f"{self.slack.origin}/respond/r{next(_ids)}"

    async def write(self, user: str, text: str, *, channel: str = "", thread: str = "", **more: Any) -> Reply:
        """Somebody writes: to the bot itself, or in a channel or thread."""
        direct = not channel
        channel = channel or self.slack.direct(user).id
        place = self.slack.channels[channel]
        ts = self.slack.ts()
        message: Json = {"type": "message", "user": user, "text": text, "ts": ts, "team": TEAM, "user_team": TEAM, **more}
        if thread:
            head = next(item for item in place.messages if item["ts"] == thread)
            message |= {"thread_ts": thread, "parent_user_id": head["user"]}
        place.messages.append(message)
        event = message | {"channel": channel, "channel_type": "im" if direct or place.person else "group", "event_ts": ts}
        reply = await self.deliver(self.event(event))
        await self.settle()
        return reply

    async def press(self, user: str, label: str, *, channel: str, ts: str = "", times: int = 1, **more: Any) -> Reply:
        """Press the control of that label on a message of a channel (the newest that has it)."""
        message = self.message_with(label, channel, ts)
        return await self.act(user, control(message["blocks"], label), channel=channel, ts=message["ts"], times=times, **more)

    async def act(self, user: str, action: Json, *, channel: str = "", ts: str = "", times: int = 1, **more: Any) -> Reply:
        """Use a control, so many times at once."""
        place = (
            {"container": {"type": "message", "channel_id": channel, "message_ts": ts}, "channel": {"id": channel}} if ts else {}
        )
        bodies = [
            self.interaction(
                user,
                "block_actions",
                actions=[{**action, "action_ts": f"{next(_ids)}.0"}],
                response_url=self.respond_at(),
                **place,
            )
            | more
            for _ in range(times)
        ]
        replies = await asyncio.gather(*(self.deliver(body, envelope="interactive") for body in bodies))
        await self.settle()
        return replies[0]

    async def options(self, user: str, label: str, typed: str = "", *, channel: str) -> list[Json]:
        """Open the menu of that label, and type in it: what it then offers, each as the action that choosing it makes."""
        message = self.message_with(label, channel)
        asked = control(message["blocks"], label)
        body = self.interaction(user, "block_suggestion", action_id=asked["action_id"], block_id="b", value=typed)
        reply = await self.deliver(body, envelope="interactive")
        return [asked | {"selected_option": option} for option in reply.body["options"]]

    async def submit(self, user: str, view: Json, **values: Any) -> Reply:
        """Send a dialog back with what its inputs hold and what is typed over them."""
        reply = await self.deliver(self.submission(user, view, **values), envelope="interactive")
        await self.settle()
        return reply

    def submission(self, user: str, view: Json, **values: Any) -> Json:
        state: Json = {}
        for block in view["blocks"]:
            if block["type"] != "input":
                continue
            element, name = block["element"], block["block_id"]
            typed = values.get(name.partition(".")[0] if element["type"] != "plain_text_input" else name, "")
            if element["type"] == "static_select":
                options = element.get("options") or [one for group in element["option_groups"] for one in group["options"]]
                chosen = next((one for one in options if one["value"] == typed), element.get("initial_option"))
                state[name] = {"v": {"type": "static_select", "selected_option": chosen}}
            elif element["type"] == "file_input":
                state[name] = {"v": {"type": "file_input", "files": typed or []}}
            else:
                state[name] = {"v": {"type": "plain_text_input", "value": typed or element.get("initial_value")}}
        return self.interaction(user, "view_submission", view={**view, "state": {"values": state}})

    # --- what people see -----------------------------------------------------------------------------------

    def messages(self, channel: str) -> list[Json]:
        return self.slack.channels[channel].messages

    def dm(self, user: str) -> list[Json]:
        return self.messages(self.slack.direct(user).id)

    def message_with(self, label: str, channel: str, ts: str = "") -> Json:
        for message in reversed(self.messages(channel)):
            if (not ts or message["ts"] == ts) and any(label in name for name in labels(message.get("blocks") or [])):
                return message
        raise AssertionError(f"nothing says {label}")

    def newest_view(self) -> Json:
        return list(self.slack.views.values())[-1]

    def said_in_private(self) -> str:
        """Everything that was answered at a response address."""
        return "\n".join(words(item["blocks"]) for items in self.slack.responses.values() for item in items)


def controls(blocks: list[Json]) -> list[tuple[str, Json]]:
    """Every control with its label, as the action that using it makes."""
    found: list[tuple[str, Json]] = []
    for block in blocks:
        for element in block["elements"] if block["type"] == "actions" else ():
            named = {"action_id": element["action_id"], "block_id": "b", "type": element["type"]}
            if element["type"] == "button":
                found.append((element["text"]["text"], named | {"value": element["value"]}))
            found += [(option["text"]["text"], named | {"selected_option": option}) for option in element.get("options") or ()]
            if element["type"] == "external_select":
                found.append((element["placeholder"]["text"], named))
    return found


def labels(blocks: list[Json]) -> list[str]:
    """What stands on the controls."""
    return [label for label, _ in controls(blocks)]


def control(blocks: list[Json], label: str) -> Json:
    """The action that using the control of that label makes."""
    return next(action for name, action in controls(blocks) if label in name)


def words(blocks: list[Json]) -> str:
    """What a person reads in blocks."""
    found: list[str] = []
    for block in blocks:
        if block["type"] == "header":
            found.append(block["text"]["text"])
        found += [" | ".join(words([cell]) for cell in row) for row in block.get("rows", ())]
        for element in block["elements"] if block["type"] == "rich_text" else ():
            found += ["".join(piece.get("text", f"@{piece.get('user_id')}") for piece in element["elements"])]
    return "\n".join(found)


@asynccontextmanager
async def open_town(
    folder: Path,
    way: Way = "http",
    *,
    cards: str = "direct",
    database: str = "",
    names: Mapping[str, str] | None = None,
    **how: Any,
) -> AsyncIterator[Town]:
    """The bot on ``database``, or an empty SQLite one, beside a stub, reached over HTTP or through Socket Mode."""
    at = [datetime(2026, 11, 19, 9, 0, tzinfo=UTC)]

    def seconds() -> float:
        return at[0].timestamp()

    slack = Workspace(seconds)
    async with served(Api(slack).app()) as origin, aiohttp.ClientSession() as session:
        slack.origin = origin
        settings = SlackSettings(
            bot_token=SecretStr(TOKEN), signing_secret=SecretStr(SECRET), api_url=SecretStr(origin + "/api/"),
            app_token=SecretStr(APP_TOKEN) if way == "socket" else None,
        )  # fmt: skip
        path = town(folder, cards, names)
        organisation, _ = load_organisation(path)
        for person in organisation.people.values():
            slack.user(person.addresses["slack"], name=person.name)
        slack.user(GUEST, is_restricted=True)
        slack.user(STRANGER)
        slack.user(BOT, is_bot=True)
        slack.channel(LEAD, SOFIE, TOM, GUEST)
        slack.channel(ROADS, LIES, STRANGER)
        slack.channel(TEAM_ROOM, AN, KARIM, GUEST)
        client = Client(settings)
        chat = SlackChat(client, organisation, lambda: at[0], Matplotlib())
        if not database:
            tables_at(folder / "a.db")
        database = database or f"sqlite:///{folder}/a.db"
        own = Settings(organisation=path, database_url=SecretStr(database), secret_key_file=folder / "key", slack=settings)
        async with running(own, clock=lambda: at[0], chats={"slack": chat}) as antenne:
            app = SlackApp(antenne, settings, clock=seconds, file_host=origin, **how)
            site = web.Application()
            site.add_routes(app.routes())
            try:
                async with served(site) as url, app.listening():
                    await until(lambda: way == "http" or slack.sockets)
                    town_ = Town(slack, antenne, app, way, url, session, at)
                    yield town_
            finally:
                await app.close()
                await client.close()
    assert not slack.broken, slack.broken


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """The address at which an application answers."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def until(ready: Callable[[], Any] | Callable[[], Awaitable[Any]], seconds: float = 60) -> None:
    """Wait for it, on the clock on the wall: long, since a slow machine may do a lot besides."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.01)
