"""A stand-in for Teams at the wire: who signs, who gives tokens, and the Bot Connector with its limits, rights, rates and faults.

What Teams refuses, this refuses with Teams' own codes. Every card that comes in is checked; what breaks a limit is kept in ``broken`` as
well, so that no test passes by not looking.
"""

import asyncio
import itertools
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

Json = dict[str, Any]
APP, TENANT, PASSWORD, TOKEN = (
    str(uuid5(NAMESPACE_DNS, "app")),
    str(uuid5(NAMESPACE_DNS, "tenant")),
    "not-a-secret",
    "token-of-the-bot",
)
BOT = f"28:{APP}"
HEADER = "only-for-this-app"  # what App Service gives an app, to ask for its managed identity's token
MOST = 100_000  # bytes of a message as UTF-16 that Teams takes; ours stay below 80,000
KEY, OTHER_KEY, UNENDORSED = (rsa.generate_private_key(65537, 2048) for _ in range(3))
_ids = itertools.count(1_700_000_000_000)


def person_id(name: str) -> str:
    """Somebody's object id."""
    return str(uuid5(NAMESPACE_DNS, f"person.{name}"))


def channel_id(name: str) -> str:
    """A channel's own id."""
    return f"19:{name}@thread.tacv2"


def new_id() -> str:
    """An activity's id: unique in its conversation."""
    return str(next(_ids))


def signed(service: str, *, key: rsa.RSAPrivateKey = KEY, kid: str = "k1", algorithm: str = "RS256", **claims: Any) -> str:
    """The header of a request from the connector; a claim of ``None`` is left out."""
    now = int(time.time())
    values = {
        "iss": "https://api.botframework.com",
        "aud": APP,
        "exp": now + 3600,
        "nbf": now - 60,
        "serviceurl": service,
    } | claims
    values = {name: value for name, value in values.items() if value is not None}
    signer: Any = key if algorithm == "RS256" else None
    return "Bearer " + jwt.encode(values, signer, algorithm=algorithm, headers={"kid": kid})


@dataclass
class Conversation:
    """A personal chat or a channel; ``members`` by object id with their role."""

    id: str
    person: str = ""
    members: dict[str, str] = field(default_factory=dict)
    installed: bool = True
    blocked: bool = False
    deleted: bool = False
    messages: list[Json] = field(default_factory=list)  # each with its id and its thread's first message


@dataclass
class Fault:
    """What goes wrong with one call: a status and code, or silence; ``stored``: after the work was done."""

    status: int = 0
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    stored: bool = False


class Refuse(Exception):
    """A call is refused with Teams' status and code."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        super().__init__(code)


class Cloud:
    """The state behind the stub, and its handlers. ``clock`` in seconds is the tests' own."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock, self.origin = clock, ""
        self.conversations: dict[str, Conversation] = {}
        self.calls: list[tuple[str, str, Json]] = []
        self.hosts: list[str] = []  # by which name each call came
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.broken: list[str] = []
        self.files: dict[str, tuple[bytes, str]] = {}
        self.file_tokens: list[str | None] = []
        self.tokens = {TOKEN}
        self.token_calls: list[Json] = []
        self.paced, self.refuse_login = False, False
        self.largest = MOST
        self._sent: dict[str, list[float]] = defaultdict(list)
        self.free = asyncio.Event()

    def channel(self, name: str, *people: str, **flags: Any) -> Conversation:
        made = Conversation(channel_id(name), members={person_id(one): "user" for one in people}, **flags)
        return self.conversations.setdefault(made.id, made)

    def personal(self, name: str) -> Conversation:
        key = f"a:1-{person_id(name)}"
        return self.conversations.setdefault(key, Conversation(key, person_id(name), {person_id(name): "user"}))

    def fail(self, what: str, **how: Any) -> None:
        """The next call of this kind (post, update, create, member) goes wrong."""
        self.faults[what].append(Fault(**how))

    def put_file(self, content: bytes, media: str = "image/png") -> str:
        name = f"f{next(_ids)}"
        self.files[name] = (content, media)
        return f"{self.origin}/files/{name}"

    def app(self) -> web.Application:
        app = web.Application(client_max_size=5_000_000)
        app.router.add_get("/openid", self.openid)
        app.router.add_get("/keys", self.keys)
        app.router.add_post("/login/{tenant}/oauth2/v2.0/token", self.login)
        app.router.add_get("/identity", self.identity)
        app.router.add_post("/v3/conversations", self.call)
        app.router.add_post("/v3/conversations/{conversation}/activities", self.call)
        app.router.add_put("/v3/conversations/{conversation}/activities/{activity}", self.call)
        app.router.add_get("/v3/conversations/{conversation}/members/{member}", self.call)
        app.router.add_get("/v3/conversations/{conversation}/pagedmembers", self.call)
        app.router.add_get("/v3/teams/{team}/conversations", self.call)
        app.router.add_get("/files/{name}", self.file)
        return app

    # --- who signs, who gives tokens -----------------------------------------------------------------------

    async def openid(self, request: web.Request) -> web.Response:
        return web.json_response({"issuer": "https://api.botframework.com", "jwks_uri": f"{self.origin}/keys"})

    async def keys(self, request: web.Request) -> web.Response:
        found = []
        for name, key, channels in (("k1", KEY, ["msteams"]), ("k2", UNENDORSED, ["webchat"])):
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            found.append(public | {"kid": name, "use": "sig", "endorsements": channels})
        return web.json_response({"keys": found})

    async def login(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        self.token_calls.append({**form, "tenant": request.match_info["tenant"]})
        good = form.get("client_secret") == PASSWORD and form.get("client_id") == APP and request.match_info["tenant"] == TENANT
        if self.refuse_login or not good or form.get("scope") != "https://api.botframework.com/.default":
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})

    async def identity(self, request: web.Request) -> web.Response:
        self.token_calls.append(dict(request.query))
        if request.headers.get("X-IDENTITY-HEADER") == HEADER and request.query.get("api-version") == "2019-08-01":
            return web.json_response({"access_token": TOKEN, "expires_on": str(int(time.time()) + 86_400), "client_id": APP})
        if request.headers.get("Metadata") != "true" or request.query.get("client_id") != APP:
            return web.json_response({"error": "invalid_request"}, status=400)
        return web.json_response({"access_token": TOKEN, "expires_in": "86400", "resource": "https://api.botframework.com"})

    async def file(self, request: web.Request) -> web.Response:
        self.file_tokens.append(request.headers.get("Authorization"))
        content, media = self.files[request.match_info["name"]]
        if media == "redirect":
            raise web.HTTPFound(f"{self.origin}/files/elsewhere")
        return web.Response(body=content, content_type=media)

    # --- the connector -------------------------------------------------------------------------------------

    async def call(self, request: web.Request) -> web.Response:
        raw = await request.text()
        values: Json = json.loads(raw) if raw else {}
        kind = {"GET": "member", "PUT": "update"}.get(
            request.method, "post" if "conversation" in request.match_info else "create"
        )
        self.hosts.append(request.host)
        self.calls.append((kind, request.match_info.get("conversation", ""), values))
        fault = self.faults[kind].pop(0) if self.faults[kind] else None
        if fault is not None and not fault.stored:
            return await self._fault(fault)
        try:
            if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
                raise Refuse(401, "Unauthorized")
            if len(raw.encode("utf-16-le")) > self.largest:
                raise Refuse(413, "MessageSizeTooBig")
            answer = self._done(kind, request, values)
        except Refuse as refused:
            return web.json_response({"error": {"code": refused.code, "message": refused.code}}, status=refused.status)
        if fault is not None:
            return await self._fault(fault)
        return web.json_response(answer, status=201 if request.method == "POST" else 200)

    async def _fault(self, fault: Fault) -> web.Response:
        if fault.hang:
            await self.free.wait()
        return web.json_response(
            {"error": {"code": fault.code, "message": "x"}}, status=fault.status or 504, headers=fault.headers
        )

    def _done(self, kind: str, request: web.Request, values: Json) -> Json:
        if kind == "create":
            return self._create(values)
        base, _, root = request.match_info["conversation"].partition(";messageid=")
        place = self.conversations.get(base)
        if place is None or place.deleted:
            raise Refuse(404, "ConversationNotFound")
        if kind == "member":
            return self._members(request, place)
        self._may(place)
        self._rate(place.id)
        self._check(values)
        if kind == "update":
            name = request.match_info["activity"]
            found = next((one for one in place.messages if one["id"] == name), None)
            if found is None:
                raise Refuse(404, "ActivityNotFoundInConversation")
            if found["root"] != (root or found["root"]) or (not place.person and not root):
                self.broken.append("an update in another thread")
            found["activity"] = values
            return {"id": name}
        if not place.person and not root:
            self.broken.append("a post in a channel that names no thread")
        if root and not any(one["id"] == root for one in place.messages):
            self.broken.append("a reply beneath no message")
        return {"id": self._keep(place, values, root)}

    def _create(self, values: Json) -> Json:
        if values.get("tenantId") != TENANT or values.get("bot", {}).get("id") != BOT:
            raise Refuse(400, "BadArgument")
        if not values.get("isGroup"):
            (member,) = values["members"]
            place = self.conversations.setdefault(
                f"a:1-{member['id']}", Conversation(f"a:1-{member['id']}", member["id"], {member["id"]: "user"})
            )
            self._may(place)
            return {"id": place.id}
        place_or_none = self.conversations.get(values["channelData"]["channel"]["id"])
        if place_or_none is None or place_or_none.deleted:
            raise Refuse(404, "ConversationNotFound")
        self._may(place_or_none)
        self._rate(place_or_none.id)
        self._check(values["activity"])
        name = self._keep(place_or_none, values["activity"], "")
        return {"id": f"{place_or_none.id};messageid={name}", "activityId": name}

    def _members(self, request: web.Request, place: Conversation) -> Json:
        if not place.installed:
            raise Refuse(403, "BotNotInConversationRoster")
        if "member" not in request.match_info:
            return {"members": [self._account(one, role) for one, role in place.members.items()]}
        person = request.match_info["member"].removeprefix("29:")
        if person not in place.members and person != place.person:
            raise Refuse(404, "MemberNotFoundInConversation")
        return self._account(person, place.members.get(person, "user"))

    @staticmethod
    def _account(person: str, role: str) -> Json:
        home = TENANT if role == "user" else str(uuid5(NAMESPACE_DNS, "elsewhere"))
        return {"id": f"29:{person}", "aadObjectId": person, "name": person[:8], "userRole": role, "tenantId": home}

    @staticmethod
    def _may(place: Conversation) -> None:
        if place.blocked:
            raise Refuse(403, "MessageWritesBlocked")
        if not place.installed:
            raise Refuse(403, "BotNotInConversationRoster")

    def _keep(self, place: Conversation, activity: Json, root: str) -> str:
        name = new_id()
        place.messages.append({"id": name, "root": root or name, "activity": activity, "from": BOT})
        return name

    def _rate(self, name: str) -> None:
        now = self.clock()
        sent = [at for at in self._sent[name] if now - at < 30]
        if self.paced and (sum(now - at < 1 for at in sent) >= 7 or len(sent) >= 60):
            raise Refuse(429, "TooManyRequests")
        self._sent[name] = [*sent, now]

    def _check(self, activity: Json) -> None:
        if activity.get("type") != "message" or not activity.get("summary"):
            self.broken.append(f"an activity of {activity.get('type')} without a summary")
        if activity.get("text"):
            self.broken.append("words beside a card")
        for item in activity.get("attachments") or ():
            self.broken += problems(item["content"])


# --- limits ------------------------------------------------------------------------------------------------


def parts(part: object) -> Iterator[Json]:
    """Every object in a card."""
    if isinstance(part, dict):
        yield part
    for child in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from parts(child)


def problems(card: Json) -> list[str]:
    """What Teams would not take of a card, or would give meaning to."""
    found: list[str] = []
    size = len(json.dumps(card, ensure_ascii=False).encode("utf-16-le"))
    if size > 80_000:
        found.append(f"a card of {size} bytes")
    if card.get("version") != "1.5":
        found.append("another version")
    named = [
        one["id"]
        for one in parts({name: card[name] for name in ("body", "actions") if name in card})
        if "id" in one and "type" in one
    ]
    if len(named) != len(set(named)):
        found.append("an id twice")
    entities = card.get("msteams", {}).get("entities") or []
    texts = {item["text"] for item in entities}
    for one in parts(card):
        found += _part(one, texts)
    return found


def _part(one: Json, mentions: set[str]) -> list[str]:  # noqa: C901 - one case for each kind of element
    kind, found = one.get("type"), []
    match kind:
        case "TextBlock":
            if one.get("id") != "mentions" or set(re.split(r", (?=<at>)", one["text"])) != mentions:
                found.append("a text that Teams parses")
        case "TextRun":
            if not one["text"] or re.search(r"<\s*/?\s*at\b", one["text"], re.IGNORECASE) or "\n" in one["text"]:
                found.append(f"a run of {one['text'][:40]!r}")
            if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", one["text"]):
                found.append("a character that nobody sees")
        case "ActionSet":
            if not one["actions"] or sum(item.get("mode") != "secondary" for item in one["actions"]) > 6:
                found.append("a row of no or too many buttons")
        case "Action.Execute":
            if one.get("fallback", {}).get("type") != "Action.Submit" or one["fallback"]["data"] != one["data"]:
                found.append("a button that an older client cannot press")
        case "Input.ChoiceSet":
            values = [choice["value"] for choice in one["choices"]]
            if not values or len(values) != len(set(values)) or not all(values):
                found.append("choices")
        case "FactSet" | "Media" | "Action.OpenUrl":
            found.append(f"a {kind}")
        case "Image":
            if not one["url"].startswith(("https://", "data:image/png;base64,")):
                found.append("a picture from elsewhere")
        case _:
            pass
    if str(kind).startswith("Action.") and not 1 <= len(one.get("title", "")) <= 100:
        found.append("a button's title")
    return found
