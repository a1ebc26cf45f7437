"""A stand-in for Slack at the wire: the Web API with its limits, rights, rates and faults, its files, and Socket Mode.

What Slack refuses, this refuses with Slack's own codes. Every block, view and text that comes in is checked; what breaks a limit is
kept in ``broken`` as well, so that no test passes by not looking.
"""

import asyncio
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

Json = dict[str, Any]
TOKEN, APP_TOKEN, TEAM, BOT = "xoxb-stub", "xapp-stub", "T0TOWN", "U0BOT00000"
SCOPES = (
    "app_mentions:read,channels:read,chat:write,commands,files:read,files:write,groups:history,groups:read,im:history,"
    "im:write,users:read"
)
QUERY = {"conversations.replies", "conversations.history", "conversations.info", "conversations.members", "users.info",
         "files.info", "files.getUploadURLExternal"}  # fmt: skip  # these read no JSON
TRIGGER = 3.0
_numbers = itertools.count(1)


@dataclass
class Channel:
    """A conversation; ``person``: whose direct messages it is."""

    id: str
    members: set[str] = field(default_factory=set)
    private: bool = True
    archived: bool = False
    shared: bool = False
    person: str = ""
    messages: list[Json] = field(default_factory=list)


@dataclass
class Fault:
    """What goes wrong with one call: an error, a status, or silence; ``stored``: after the work was done."""

    error: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    stored: bool = False


class Workspace:
    """The state behind the stub. ``clock`` in seconds is the tests' own."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.users: dict[str, Json] = {}
        self.channels: dict[str, Channel] = {}
        self.views: dict[str, Json] = {}
        self.triggers: dict[str, float] = {}
        self.homes: dict[str, Json] = {}
        self.files: dict[str, Json] = {}
        self.uploads: dict[str, bytes] = {}
        self.ephemeral: list[Json] = []
        self.responses: dict[str, list[Json]] = defaultdict(list)
        self.calls: list[tuple[str, Json]] = []
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.broken: list[str] = []
        self.scopes = SCOPES
        self.tokens, self.app_tokens = {TOKEN}, {APP_TOKEN}
        self.paced = False
        self.last: dict[str, float] = {}
        self.file_tokens: list[str | None] = []
        self.origin = ""
        self.sockets: list[web.WebSocketResponse] = []
        self.acks: dict[str, asyncio.Future[Json]] = {}
        self._tick = itertools.count(1)

    def user(self, id: str, **flags: Any) -> str:  # noqa: A002 - Slack's own word
        self.users[id] = {"id": id, "team_id": TEAM, **flags}
        return id

    def channel(self, id: str, *members: str, **flags: Any) -> Channel:  # noqa: A002 - Slack's own word
        self.channels[id] = Channel(id, {BOT, *members}, **flags)
        return self.channels[id]

    def direct(self, user: str) -> Channel:
        id = "D" + user[1:]  # noqa: A001 - Slack's own word
        if id not in self.channels:
            self.channels[id] = Channel(id, {BOT, user}, person=user)
        return self.channels[id]

    def trigger(self) -> str:
        name = f"{next(self._tick)}.trigger"
        self.triggers[name] = self.clock()
        return name

    def ts(self) -> str:
        return f"{self.clock():.0f}.{next(self._tick):06d}"

    def fail(self, method: str, **how: Any) -> None:
        self.faults[method].append(Fault(**how))

    def put_file(self, content: bytes, name: str = "a.png", *, media: str = "image/png") -> Json:
        id = f"F{next(self._tick):08d}"  # noqa: A001 - Slack's own word
        self.files[id] = {"content": content, "media": media}
        url = f"{self.origin}/files-pri/{id}/{name}"
        return {"id": id, "name": name, "mode": "hosted", "size": len(content), "url_private": url, "url_private_download": url}


class Refuse(Exception):
    """A call is refused with Slack's code."""


class Api:
    """The stub's HTTP and WebSocket handlers."""

    def __init__(self, workspace: Workspace) -> None:
        self.w = workspace

    def app(self) -> web.Application:
        app = web.Application(client_max_size=50_000_000)
        app.router.add_route("*", "/api/{method}", self.call)
        app.router.add_get("/files-pri/{id}/{name}", self.file)
        app.router.add_post("/upload/{id}", self.upload)
        app.router.add_post("/respond/{id}", self.respond)
        app.router.add_get("/socket", self.socket)
        return app

    async def call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        values = await self._values(request, method)
        self.w.calls.append((method, values))
        fault = self.w.faults[method].pop(0) if self.w.faults[method] else None
        if fault is not None and not fault.stored:
            return await self._broken(fault)
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        wanted = self.w.app_tokens if method == "apps.connections.open" else self.w.tokens
        if bearer not in wanted:
            return web.json_response({"ok": False, "error": "token_revoked" if bearer == TOKEN else "invalid_auth"})
        handler = getattr(self, "_" + method.replace(".", "_"), None)
        if handler is None:
            return web.json_response({"ok": False, "error": "unknown_method"})
        try:
            answer = handler(values)
        except Refuse as refused:
            code = str(refused)
            if code == "ratelimited":
                return web.json_response({"ok": False, "error": code}, status=429, headers={"Retry-After": "1"})
            return web.json_response({"ok": False, "error": code})
        if fault is not None:
            return await self._broken(fault)
        return web.json_response({"ok": True, **answer}, headers={"X-OAuth-Scopes": self.w.scopes})

    async def _values(self, request: web.Request, method: str) -> Json:
        if request.content_type == "application/json":
            if method in QUERY:
                self.w.broken.append(f"{method} was sent JSON, which it does not read")
            return dict(await request.json())
        form = dict(await request.post())
        return {**request.query, **form}

    async def _broken(self, fault: Fault) -> web.Response:
        if fault.hang:
            await asyncio.sleep(3600)
        if fault.error:
            return web.json_response({"ok": False, "error": fault.error}, status=fault.status, headers=fault.headers)
        return web.Response(status=fault.status, headers=fault.headers)

    # --- methods -------------------------------------------------------------------------------------------

    def _auth_test(self, values: Json) -> Json:
        return {"team_id": TEAM, "user_id": BOT, "bot_id": "B0BOT", "team": "Torenbeek", "url": "https://torenbeek.slack.com/"}

    def _apps_connections_open(self, values: Json) -> Json:
        return {"url": self.w.origin.replace("http://", "ws://") + "/socket"}

    def _users_info(self, values: Json) -> Json:
        user = self.w.users.get(str(values.get("user")))
        if user is None:
            raise Refuse("user_not_found")
        return {"user": user}

    def _conversations_open(self, values: Json) -> Json:
        user = self.w.users.get(values["users"])
        if user is None:
            raise Refuse("user_not_found")
        if user.get("deleted"):
            raise Refuse("user_disabled")
        return {"channel": {"id": self.w.direct(values["users"]).id}}

    def _conversations_info(self, values: Json) -> Json:
        channel = self.w.channels.get(str(values.get("channel")))
        if channel is None or (channel.private and BOT not in channel.members):
            raise Refuse("channel_not_found")
        return {
            "channel": {"id": channel.id, "name": channel.id.lower(), "is_archived": channel.archived, "is_private": channel.private,
                        "is_member": BOT in channel.members, "is_ext_shared": channel.shared}
        }  # fmt: skip

    def _conversations_members(self, values: Json) -> Json:
        return {"members": sorted(self._channel(values["channel"]).members)}

    def _conversations_history(self, values: Json) -> Json:
        found = [
            item
            for item in self._channel(values["channel"]).messages
            if not item.get("thread_ts") or item["thread_ts"] == item["ts"]
        ]
        return {"messages": list(reversed(self._since(found, values)))}

    def _conversations_replies(self, values: Json) -> Json:
        found = [
            item for item in self._channel(values["channel"]).messages if values["ts"] in (item["ts"], item.get("thread_ts"))
        ]
        if not found:
            raise Refuse("thread_not_found")
        return {"messages": self._since(found, values)}

    def _since(self, messages: list[Json], values: Json) -> list[Json]:
        oldest = float(values.get("oldest") or 0)
        if str(values.get("include_all_metadata")).lower() not in ("true", "1"):
            messages = [{name: value for name, value in item.items() if name != "metadata"} for item in messages]
        return [item for item in messages if float(item["ts"]) >= oldest][: int(values.get("limit") or 100)]

    def _channel(self, id: str) -> Channel:  # noqa: A002 - Slack's own word
        channel = self.w.channels.get(id)
        if channel is None or (channel.private and BOT not in channel.members):
            raise Refuse("channel_not_found")
        if channel.archived:
            raise Refuse("is_archived")
        if BOT not in channel.members:
            raise Refuse("not_in_channel")
        if channel.person and self.w.users.get(channel.person, {}).get("deleted"):
            raise Refuse("user_disabled")
        return channel

    def _chat_postMessage(self, values: Json) -> Json:  # noqa: N802 - Slack's own name
        channel = self._channel(values["channel"])
        self._check_message(values)
        self._rate(channel.id)
        if values.get("unfurl_links") is not False or values.get("unfurl_media") is not False:
            self.w.broken.append("a post that may unfurl")
        thread = values.get("thread_ts")
        if thread and not any(item["ts"] == thread and not item.get("thread_ts") for item in channel.messages):
            self.w.broken.append("a reply beneath no head of a thread")
        message: Json = {"ts": self.w.ts(), "user": BOT}
        message |= {name: values[name] for name in ("text", "blocks", "metadata") if name in values}
        if thread:
            message["thread_ts"] = thread
        channel.messages.append(message)
        return {"ts": message["ts"], "channel": channel.id, "message": message}

    def _chat_update(self, values: Json) -> Json:
        channel = self._channel(values["channel"])
        self._check_message(values)
        self._rate(channel.id)
        message = next((item for item in channel.messages if item["ts"] == values["ts"]), None)
        if message is None:
            raise Refuse("message_not_found")
        if message["user"] != BOT:
            raise Refuse("cant_update_message")
        message |= {name: values[name] for name in ("text", "blocks", "metadata") if name in values}
        return {"ts": message["ts"], "channel": channel.id}

    def _chat_postEphemeral(self, values: Json) -> Json:  # noqa: N802 - Slack's own name
        channel = self._channel(values["channel"])
        if values["user"] not in channel.members:
            raise Refuse("user_not_in_channel")
        self._check_message(values)
        self.w.ephemeral.append(values)
        return {"message_ts": self.w.ts()}

    def _rate(self, channel: str) -> None:
        now = self.w.clock()
        if self.w.paced and now - self.w.last.get(channel, float("-inf")) < 0.999:
            raise Refuse("ratelimited")
        self.w.last[channel] = now

    def _views_open(self, values: Json) -> Json:
        at = self.w.triggers.pop(values["trigger_id"], None)
        if at is None:
            raise Refuse("exchanged_trigger_id")
        if self.w.clock() - at > TRIGGER:
            raise Refuse("expired_trigger_id")
        return {"view": self._keep_view(f"V{next(_numbers):08d}", values["view"])}

    def _views_update(self, values: Json) -> Json:
        view = self.w.views.get(values["view_id"])
        if view is None:
            raise Refuse("not_found")
        if values.get("hash") and values["hash"] != view["hash"]:
            raise Refuse("hash_conflict")
        return {"view": self._keep_view(values["view_id"], as_it_was(view, values["view"]))}

    def _views_publish(self, values: Json) -> Json:
        self._check_view(values["view"])
        self.w.homes[values["user_id"]] = {**values["view"], "id": f"VH{values['user_id']}", "hash": f"h{next(_numbers)}"}
        return {"view": self.w.homes[values["user_id"]]}

    def _keep_view(self, id: str, view: Json) -> Json:  # noqa: A002 - Slack's own word
        self._check_view(view)
        self.w.views[id] = {**view, "id": id, "hash": f"h{next(_numbers)}"}
        return self.w.views[id]

    def _files_info(self, values: Json) -> Json:
        raise Refuse("file_not_found")

    def _files_getUploadURLExternal(self, values: Json) -> Json:  # noqa: N802 - Slack's own name
        id = f"F{next(_numbers):08d}"  # noqa: A001 - Slack's own word
        return {"upload_url": f"{self.w.origin}/upload/{id}", "file_id": id}

    def _files_completeUploadExternal(self, values: Json) -> Json:  # noqa: N802 - Slack's own name
        channel = self._channel(values["channel_id"])
        for file in values["files"]:
            content = self.w.uploads[file["id"]]
            message = {
                "ts": self.w.ts(),
                "user": BOT,
                "text": "",
                "files": [{**file, "content": content.decode("utf-8", "replace")}],
            }
            if values.get("thread_ts"):
                message["thread_ts"] = values["thread_ts"]
            channel.messages.append(message)
        return {"files": values["files"]}

    # --- beside the API ------------------------------------------------------------------------------------

    async def upload(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            self.w.broken.append("the token went to the upload address")
        self.w.uploads[request.match_info["id"]] = await request.read()
        return web.Response(text="OK")

    async def file(self, request: web.Request) -> web.Response:
        """A shared file; without the right to read it 200 with a page, as Slack does."""
        self.w.file_tokens.append(request.headers.get("Authorization"))
        file = self.w.files[request.match_info["id"]]
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(text="<html>sign in</html>", content_type="text/html")
        if "redirect" in file:
            raise web.HTTPFound(file["redirect"])
        return web.Response(body=file["content"], content_type=file["media"])

    async def respond(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            self.w.broken.append("the token went to a response address")
        values = await request.json()
        self._check_message(values)
        said = self.w.responses[request.match_info["id"]]
        if len(said) == 5:
            return web.Response(status=404, text="used_url")
        said.append(values)
        return web.Response(text="ok")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello"})
        self.w.sockets.append(socket)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                reply = json.loads(message.data)
                future = self.w.acks.pop(reply["envelope_id"], None)
                if future is not None and not future.done():  # done: it came too late
                    future.set_result(reply)
        self.w.sockets.remove(socket)
        return socket

    # --- limits --------------------------------------------------------------------------------------------

    def _check_message(self, values: Json) -> None:
        blocks = values.get("blocks") or []
        self._check(blocks, 50)
        if len(str(values.get("text") or "")) > 4000:
            self._break("msg_too_long", "a text of more than 4000")
        if not values.get("text"):
            self._break("no_text", "no fallback text")
        if sum(map(len, strings(blocks))) > 9_000 or len(json.dumps(blocks, ensure_ascii=False)) > 26_000:
            self._break("msg_blocks_too_long", f"{sum(map(len, strings(blocks)))} characters of blocks")
        if len(json.dumps(values.get("metadata") or {})) > 15_000:
            self._break("metadata_too_large", "metadata")

    def _check_view(self, view: Json) -> None:
        self._check(view["blocks"], 100)
        if any(block["type"] == "table" for block in view["blocks"]):
            self._break("invalid_blocks", "a table in a view")
        for name in ("title", "submit", "close"):
            if name in view and not 1 <= len(view[name]["text"]) <= 24:
                self._break("invalid_arguments", f"a view's {name}")
        if len(view.get("private_metadata") or "") > 3000 or len(view.get("callback_id") or "") > 255:
            self._break("invalid_arguments", "a view's metadata")
        names = [block.get("block_id") for block in view["blocks"] if block.get("block_id")]
        if len(names) != len(set(names)):
            self._break("invalid_blocks", "a block_id twice")
        if view["type"] == "modal" and any(block["type"] == "input" for block in view["blocks"]) and "submit" not in view:
            self._break("invalid_arguments", "inputs without submit")
        if len(json.dumps(view)) > 250_000:
            self._break("view_too_large", "a view of more than 250 kB")
        try:
            View(**{name: value for name, value in view.items() if name not in ("id", "hash")}).to_dict()
        except SlackObjectFormationError as problem:
            self._break("invalid_arguments", str(problem))

    def _check(self, blocks: list[Json], most: int) -> None:
        if len(blocks) > most:
            self._break("invalid_blocks", f"{len(blocks)} blocks")
        for problem in problems(blocks):
            self._break("invalid_blocks", problem)

    def _break(self, code: str, what: str) -> None:
        self.w.broken.append(what)
        raise Refuse(code)


def as_it_was(before: Json, after: Json) -> Json:
    """A view that takes another's place: an input of the same name goes on showing what it showed."""
    inputs = {
        (block["block_id"], block["element"]["action_id"]): block["element"]
        for block in before.get("blocks", ())
        if block["type"] == "input"
    }
    blocks = []
    for block in after["blocks"]:
        old = inputs.get((block.get("block_id"), block.get("element", {}).get("action_id")))
        if old is not None:
            element = {name: value for name, value in block["element"].items() if not name.startswith("initial_")}
            element |= {name: value for name, value in old.items() if name.startswith("initial_")}
            blocks.append({**block, "element": element})
        else:
            blocks.append(block)
    return {**after, "blocks": blocks}


def strings(part: object) -> list[str]:
    """Every word and value in blocks."""
    if isinstance(part, str):
        return [part]
    items = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return [text for item in items for text in strings(item)]


_LIMITS: dict[str, tuple[int, int]] = {"button": (75, 2000), "option": (75, 150)}


def problems(blocks: list[Json]) -> list[str]:
    """What Slack would not take of these blocks."""
    found: list[str] = []
    actions: list[str] = []
    for block in blocks:
        found += _block(block, actions)
        try:
            parsed = Block.parse(block)
            if parsed is None:
                found.append(f"no such block: {block.get('type')}")
            else:
                parsed.to_dict()
        except SlackObjectFormationError as problem:
            found.append(str(problem))
    if len(actions) != len(set(actions)):
        found.append("an action_id twice")
    if sum(block["type"] == "table" for block in blocks) > 1:
        found.append("only one table")
    return found


def _block(block: Json, actions: list[str]) -> list[str]:
    found = _texts(block)
    match block["type"]:
        case "actions":
            if not 1 <= len(block["elements"]) <= 25:
                found.append("a row of no or too many elements")
            for element in block["elements"]:
                actions.append(element["action_id"])
                found += _element(element)
        case "input":
            found += _element(block["element"])
            found += [] if 1 <= len(block["label"]["text"]) <= 2000 else ["a label"]
        case "header":
            found += [] if 1 <= len(block["text"]["text"]) <= 150 else ["a header"]
        case "rich_text":
            found += _rich(block)
        case "table":
            found += _table(block)
        case other:
            found.append(f"a block that no card needs: {other}")
    return found


def _table(block: Json) -> list[str]:
    rows = block["rows"]
    found = [] if 1 <= len(rows) <= 100 and all(1 <= len(row) <= 20 for row in rows) else ["rows or columns of a table"]
    found += [] if len({len(row) for row in rows}) == 1 else ["rows of another length"]
    found += [] if len(block.get("column_settings") or []) <= 20 else ["settings of columns"]
    return found + [line for row in rows for cell in row for line in _rich(cell)]


def _rich(block: Json) -> list[str]:
    found = [] if block["elements"] else ["no words"]
    for element in block["elements"]:
        if element["type"] not in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"):
            found.append(f"rich text of {element['type']}")
        if not element["elements"]:
            found.append("an empty part of rich text")
        for piece in element["elements"]:
            if piece["type"] == "text" and not 1 <= len(piece["text"]) <= 3000:
                found.append("a piece of text")
            if piece["type"] not in ("text", "user"):
                found.append(f"a piece of {piece['type']}")
    return found


def _element(element: Json) -> list[str]:
    found: list[str] = []
    if len(element["action_id"]) > 255:
        found.append("an action_id")
    match element["type"]:
        case "button":
            found += _option(element, "button")
        case "overflow":
            found += [] if 1 <= len(element["options"]) <= 5 else ["an overflow menu"]
            found += [line for option in element["options"] for line in _option(option, "option")]
        case "static_select":
            groups = element.get("option_groups") or [{"options": element.get("options") or []}]
            found += [] if 1 <= len(groups) <= 100 else ["groups of options"]
            for group in groups:
                found += [] if 1 <= len(group["options"]) <= 100 else ["options"]
                found += [line for option in group["options"] for line in _option(option, "option")]
            chosen = element.get("initial_option")
            if chosen is not None and not any(chosen in group["options"] for group in groups):
                found.append("a chosen option that is none")
            values = [option["value"] for group in groups for option in group["options"]]
            found += [] if len(values) == len(set(values)) else ["an option twice"]
        case "external_select":
            chosen = element.get("initial_option")
            found += _option(chosen, "option") if chosen is not None else []
            found += [] if element["min_query_length"] >= 0 and len(element["placeholder"]["text"]) <= 150 else ["a menu"]
        case "plain_text_input":
            most = element.get("max_length", 3000)
            found += [] if 1 <= most <= 3000 and len(element.get("initial_value", "")) <= most else ["an input's value"]
        case "file_input":
            found += [] if 1 <= element.get("max_files", 10) <= 10 else ["files"]
        case other:
            found.append(f"an element that no card needs: {other}")
    return found


def _option(option: Json, sort: str) -> list[str]:
    text, value = _LIMITS[sort]
    fits = 1 <= len(option["text"]["text"]) <= text and 1 <= len(option["value"]) <= value
    return [] if fits else [f"a {sort} of {len(option['text']['text'])} and {len(option['value'])}"]


def _texts(part: object) -> list[str]:
    """Words anywhere that Slack would parse, or that hold what nobody sees."""
    if isinstance(part, list):
        return [line for item in part for line in _texts(item)]
    if not isinstance(part, dict):
        return []
    found = [line for item in part.values() for line in _texts(item)]
    if part.get("type") == "mrkdwn":
        found.append("mrkdwn")
    if part.get("type") == "plain_text" and ":" in part["text"] and part.get("emoji") is not False:
        found.append("plain text with emoji names")
    words = part.get("text")
    if isinstance(words, str) and re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", words):
        found.append("a character that nobody sees")
    return found
