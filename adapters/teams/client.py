"""What goes out to Teams: the bot's token, the connector's calls, where each conversation is kept, and the `Chat` port of the outbox.

The token goes to allowed hosts alone. A call is never repeated here: the outbox decides what is tried again, and when. Posts and updates
speak the connector's JSON directly: the SDK's client takes a thread and some 5 ms of processor time for each, this about 0.4 ms.
"""

import asyncio
import base64
import io
import random
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
import structlog
from sqlalchemy import Connection, bindparam, select

from adapters.teams import render
from adapters.teams.access import Hosts
from bot.cards import Card, Chart, Text
from bot.events import Conversation, Outgoing
from bot.organisation import Organisation
from bot.ports import Charts, Store, Undeliverable
from bot.sentences import sentences
from bot.settings import TeamsSettings
from bot.tables import insert_new, places
from bot.wording import language_of

log = structlog.get_logger()

PATIENCE = 12.0  # seconds for one call
SCOPE, RESOURCE = "https://api.botframework.com/.default", "https://api.botframework.com"
SERVICE = "https://smba.trafficmanager.net/teams/"  # where to begin in a conversation that nobody spoke in yet
PACE = ((1.0, 7), (30.0, 60), (3600.0, 1800))  # messages that one conversation takes in so many seconds
TENANT = ((1.0, 30),)  # and the whole tenant
AGAIN, LONGEST = (
    (1.0, 3.0, 8.0),
    30.0,
)  # seconds before what is said beside the outbox is tried again; the longest wait that is obeyed
RETRY = (2.0, 5.0, 15.0, 60.0, 300.0)  # as the outbox counts; here only to add to it
KEPT = 10_000  # names and times remembered
STALE = 300.0  # seconds after which a place is read again: another process may have followed it elsewhere
CHART_WIDTH, CHART_LARGEST = 720, 24_000  # points; characters of an address
PERSON = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PASSING = (412, 500, 502, 503, 504)
_TOO_LARGE = ("MessageSizeTooBig", "RequestEntityTooLarge", "MessageTooLarge")


class Failed(Exception):
    """A call that Teams refused or that did not reach it. ``status`` 0: no answer came, so it may have been done."""

    def __init__(self, status: int, code: str = "", later: float = 0.0) -> None:
        self.status, self.code, self.later = status, code, later
        super().__init__(f"{status} {code}")

    @property
    def too_large(self) -> bool:
        return self.status == 413 or self.code in _TOO_LARGE

    @property
    def may_be_done(self) -> bool:
        """What was asked may have been done all the same."""
        return self.passing and self.status != 412 and self.code != "login"

    @property
    def passing(self) -> bool:
        """It may work later."""
        return self.status == 0 or self.status in PASSING


@dataclass(slots=True)
class Tokens:
    """The bot's own token for the connector, renewed before it ends. Asked for over aiohttp: the SDK's way blocks everybody."""

    settings: TeamsSettings
    session: Callable[[], aiohttp.ClientSession]
    clock: Callable[[], float] = time.monotonic
    now: str = ""
    _until: float = float("-inf")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def fresh(self) -> str:
        """A token that counts; empty without a registration. Raises ``Failed`` (401)."""
        if not self.settings.app_id or self.clock() < self._until:
            return self.now
        async with self._turn:
            if self.clock() >= self._until:
                self.now, seconds = await self._ask()
                self._until = self.clock() + max(30.0, seconds - 300.0)
        return self.now

    def forget(self) -> None:
        """The connector no longer takes it."""
        self._until = float("-inf")

    async def _ask(self) -> tuple[str, float]:
        settings = self.settings
        patience = aiohttp.ClientTimeout(total=PATIENCE)
        found: Any = None
        try:
            if settings.app_type == "UserAssignedMSI":
                query = {"api-version": "2018-02-01", "resource": RESOURCE, "client_id": settings.app_id}
                asking = {"Metadata": "true"}  # a virtual machine's own address
                if settings.identity_header is not None:  # App Service, Container Apps
                    query["api-version"] = "2019-08-01"
                    asking = {"X-IDENTITY-HEADER": settings.identity_header.get_secret_value()}
                call = self.session().get(settings.identity_url, params=query, headers=asking, timeout=patience,
                                          allow_redirects=False)  # fmt: skip
            else:
                assert settings.app_password is not None  # the settings are refused without
                form = {"grant_type": "client_credentials", "client_id": settings.app_id, "scope": SCOPE,
                        "client_secret": settings.app_password.get_secret_value()}  # fmt: skip
                address = f"{settings.login_url.rstrip('/')}/{settings.tenant_id}/oauth2/v2.0/token"
                call = self.session().post(address, data=form, timeout=patience, allow_redirects=False)
            async with call as answer:
                found = await answer.json(content_type=None)
                if answer.status >= 500:
                    raise Failed(answer.status, "login")
            left = found["expires_in"] if "expires_in" in found else float(found["expires_on"]) - time.time()
            return str(found["access_token"]), float(left)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise Failed(503, "login") from None
        except (ValueError, KeyError, TypeError):
            code = str(found.get("error") or "") if isinstance(found, dict) else ""
            log.error("teams_token", code=re.sub(r"[^a-z_]", "", code)[:40])
            raise Failed(401, "login") from None


@dataclass(slots=True)
class Connector:
    """Calls of the Bot Connector. ``close`` it when done."""

    settings: TeamsSettings
    hosts: Hosts = field(init=False)
    tokens: Tokens = field(init=False)
    _session: aiohttp.ClientSession | None = None

    def __post_init__(self) -> None:
        self.hosts = Hosts(self.settings)
        self.tokens = Tokens(self.settings, lambda: self.session)

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        return self._session

    async def call(self, method: str, service: str, path: str, values: object = None) -> Mapping[str, Any]:
        """The answer; raises ``Failed``."""
        address = f"{service.rstrip('/')}/v3/{path}"
        if not self.hosts.allow(address):
            raise Failed(403, "ServiceNotAllowed")
        token = await self.tokens.fresh()
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if values is None else orjson.dumps(values)
        try:
            async with self.session.request(method, address, data=data, headers=headers, allow_redirects=False) as answer:
                raw = await answer.content.read(200_000)
                if answer.status >= 300:
                    raise self._failed(answer.status, answer.headers.get("Retry-After", ""), raw)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise Failed(0, "network") from None
        found = _json(raw)
        return found if isinstance(found, dict) else {}

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _failed(self, status: int, after: str, raw: bytes) -> Failed:
        found = _json(raw)
        error = found.get("error") if isinstance(found, dict) else None
        code = str(error.get("code") or "") if isinstance(error, dict) else ""
        inner = error.get("innerHttpError") if isinstance(error, dict) else None
        if isinstance(inner, dict) and inner.get("statusCode") == 413:
            status = 413
        if status == 401:
            self.tokens.forget()
        return Failed(status, re.sub(r"[^A-Za-z]", "", code)[:60], float(after) if after.isdigit() else 0.0)


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw) if raw else {}
    except ValueError:
        return {}


def segment(name: str) -> str:
    """A conversation's or message's name as a part of a path."""
    return quote(name, safe="")


# --- where conversations are kept --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Teams' own name for a conversation, and the address of the connector that has it."""

    remote: str
    service: str


_PLACE = select(places.c.remote, places.c.service).where(places.c.conversation == bindparam("name"))
_NEWEST = select(places.c.service).order_by(places.c.seen.desc()).limit(1)


@dataclass(slots=True)
class Places:
    """The conversations that Teams told of, kept in SQL, so that the bot can speak first after a restart."""

    store: Store
    clock: Callable[[], datetime]
    seconds: Callable[[], float] = time.monotonic
    _known: OrderedDict[str, tuple[float, Place]] = field(default_factory=OrderedDict)

    async def get(self, conversation: str) -> Place | None:
        """Where a conversation is kept; ``None`` when nothing was heard of it."""
        at, place = self._known.get(conversation, (float("-inf"), None))
        if place is not None and self.seconds() - at < STALE:
            return place
        row = await self.store.read(lambda conn: conn.execute(_PLACE, {"name": conversation}).first())
        if row is None:
            self._known.pop(conversation, None)
            return None
        return self._keep(conversation, Place(row.remote, row.service))

    async def learn(self, conversation: str, place: Place) -> None:
        """Something was heard from there: the next message goes to this address."""
        if self._known.get(conversation, (0.0, None))[1] == place:
            return
        now = self.clock()

        def write(conn: Connection) -> None:
            values = {"remote": place.remote, "service": place.service, "seen": now}
            same = places.c.conversation == conversation
            if not conn.execute(places.update().where(same).values(**values)).rowcount and not insert_new(
                conn, places, conversation=conversation, **values
            ):
                conn.execute(places.update().where(same).values(**values))

        if await self.store.read(lambda conn: conn.execute(_PLACE, {"name": conversation}).first()) != (
            place.remote,
            place.service,
        ):
            await self.store.write(write)
        self._keep(conversation, place)

    async def forget(self, conversation: str) -> None:
        """The bot was removed from there."""
        self._known.pop(conversation, None)
        await self.store.write(lambda conn: conn.execute(places.delete().where(places.c.conversation == conversation)))

    def doubt(self, conversation: str) -> None:
        """It did not work there: look it up again before the next attempt."""
        self._known.pop(conversation, None)

    async def newest(self) -> str:
        """The connector's address that was heard from last; empty when there is none."""
        return str(await self.store.read(lambda conn: conn.execute(_NEWEST).scalar()) or "")

    def _keep(self, conversation: str, place: Place) -> Place:
        _keep(self._known, conversation, (self.seconds(), place))
        return place


# --- the port ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class TeamsChat:
    """The `Chat` port. A person's messages go to their personal chat, found by their object id; a channel's by its own.

    ``possible_doubles`` counts posts that were repeated although the first may stand there: Teams cannot be asked.
    """

    connector: Connector
    places: Places
    organisation: Organisation
    clock: Callable[[], datetime]
    charts: Charts | None = None
    jitter: Callable[[], float] = random.random
    pace: tuple[tuple[float, int], ...] = PACE
    tenant_pace: tuple[tuple[float, int], ...] = TENANT
    possible_doubles: int = 0
    _doubtful: OrderedDict[int, int] = field(default_factory=OrderedDict)
    _sent: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    async def post(self, message: Outgoing) -> str:
        """Post. One that may stand there already is posted again all the same, once for each time that no answer came."""
        if message.id in self._doubtful:
            self.possible_doubles += 1
            log.warning("teams_possible_double", message=message.id, count=self.possible_doubles)
        return await self._say(message, None)

    async def update(self, message: Outgoing, remote: str) -> str:
        """Change a message where it stands; one that somebody removed is posted anew."""
        return await self._say(message, remote)

    async def whisper(self, conversation: str, activity: render.Json) -> None:
        """Say something to one person at once, beside the outbox; what may pass is tried a few times more. Raises ``Failed``."""
        for wait in (*AGAIN, None):
            self._sent_at("", self.tenant_pace).append(self.clock().timestamp())
            try:
                place = await self._place(Conversation.parse(conversation))
                await self.connector.call("POST", place.service, f"conversations/{segment(place.remote)}/activities", activity)
            except Failed as problem:
                if wait is None or not (problem.passing or problem.status == 429) or problem.later > LONGEST:
                    raise
                self.possible_doubles += problem.may_be_done
                await asyncio.sleep(max(problem.later, wait) * (1 + self.jitter() / 2))
            else:
                return

    async def place_of(self, person: str) -> Place | None:
        """Somebody's own chat; ``None`` when it cannot be opened now."""
        try:
            return await self._place(Conversation("teams", person))
        except Failed as problem:
            log.warning("teams_own_chat", status=problem.status, code=problem.code)
            return None

    async def _say(self, message: Outgoing, remote: str | None) -> str:
        self._pace(str(message.conversation))
        try:
            place = await self._place(message.conversation)
            try:
                name = await self._send(message, remote, place, self._drawn(message, await self._charts(message.card)))
            except Failed as problem:
                if not problem.too_large:
                    raise
                log.warning("teams_too_large", message=message.id)
                name = await self._send(message, remote, place, self._drawn(message, {}, render.SMALLER))
        except Failed as problem:
            raise self._undeliverable(problem, message, posting=remote is None) from None
        self._doubtful.pop(message.id, None)
        return name

    async def _send(self, message: Outgoing, remote: str | None, place: Place, activity: render.Json) -> str:
        personal = bool(PERSON.fullmatch(message.conversation.address))
        if remote is not None:
            thread = place.remote if personal else f"{place.remote};messageid={message.parent or remote}"
            path = f"conversations/{segment(thread)}/activities/{segment(remote)}"
            try:
                answer = await self.connector.call("PUT", place.service, path, activity | {"id": remote})
            except Failed as problem:
                if problem.status != 404 or problem.code == "ConversationNotFound":
                    raise
                return await self._send(message, None, place, activity)
            return str(answer.get("id") or remote)
        if not personal and message.parent is None:
            return await self._new_thread(message, place, activity)
        thread = place.remote if personal else f"{place.remote};messageid={message.parent}"
        answer = await self.connector.call("POST", place.service, f"conversations/{segment(thread)}/activities", activity)
        return self._named(answer)

    async def _new_thread(self, message: Outgoing, place: Place, activity: render.Json) -> str:
        values: dict[str, Any] = {
            "isGroup": True,
            "bot": {"id": f"28:{self.connector.settings.app_id}"},
            "channelData": {"channel": {"id": place.remote}, "tenant": {"id": self.connector.settings.tenant_id}},
            "tenantId": self.connector.settings.tenant_id,
            "activity": activity,
        }
        answer = await self.connector.call("POST", place.service, "conversations", values)
        name = str(answer.get("activityId") or "") or str(answer.get("id") or "").partition(";messageid=")[2]
        return self._named({"id": name})

    @staticmethod
    def _named(answer: Mapping[str, Any]) -> str:
        name = str(answer.get("id") or "")
        if not name or len(name) > 300:
            raise Failed(502, "NoName")
        return name

    async def _place(self, conversation: Conversation) -> Place:
        """Where to send: as it was heard of last; a person never heard of gets a chat, for which the app must be installed."""
        known = await self.places.get(str(conversation))
        if known is not None:
            return known
        settings = self.connector.settings
        service = await self.places.newest() or settings.connector_url or SERVICE
        if not PERSON.fullmatch(conversation.address):
            return Place(conversation.address, service)
        values = {
            "isGroup": False,
            "bot": {"id": f"28:{settings.app_id}"},
            "members": [{"id": conversation.address}],
            "tenantId": settings.tenant_id,
            "channelData": {"tenant": {"id": settings.tenant_id}},
        }
        answer = await self.connector.call("POST", service, "conversations", values)
        place = Place(self._named(answer), service)
        await self.places.learn(str(conversation), place)
        return place

    async def _charts(self, card: Card) -> dict[Chart, str]:
        """The card's charts as pictures that lie in the message itself, as far as they are small enough."""
        found: dict[Chart, str] = {}
        for block in card.body:
            if isinstance(block, Chart) and self.charts is not None:
                drawn = await asyncio.to_thread(inline, self.charts.draw, block)
                if drawn:
                    found[block] = drawn
        return found

    def _drawn(self, message: Outgoing, charts: Mapping[Chart, str], largest: int = render.LARGEST) -> render.Json:
        person = self.organisation.by_address.get(("teams", message.conversation.address))
        t = sentences(language_of(self.organisation, person)).t
        card = message.card if message.card.title or message.card.body else Card("", (Text(t("teams.gone"), "hint"),))
        people = self.organisation.people
        mentions = [
            render.Mention(people[who].addresses["teams"], people[who].name)
            for who in message.mentions
            if who in people and "teams" in people[who].addresses
        ]
        under = bool(PERSON.fullmatch(message.conversation.address)) or message.parent is None
        return render.message(render.card(card, t, mentions, under=under, largest=largest, charts=charts), card.notice, t)

    def _undeliverable(self, problem: Failed, message: Outgoing, *, posting: bool) -> Undeliverable:
        """The same in the words of the outbox."""
        conversation = str(message.conversation)
        self.places.doubt(conversation)
        personal = bool(PERSON.fullmatch(message.conversation.address))
        if problem.status == 429:
            return Undeliverable("rate", max(problem.later, 1.0) * (1 + self.jitter() / 2))
        if problem.passing:
            tries = self._doubtful.get(message.id, 0)
            if posting and problem.may_be_done:
                _keep(self._doubtful, message.id, tries + 1)
            return Undeliverable("network", max(problem.later, RETRY[min(tries, len(RETRY) - 1)]) * (1 + self.jitter() / 2))
        if problem.status == 401 or problem.code == "ServiceNotAllowed":
            log.error("teams_token", code=problem.code, message=message.id)
            return Undeliverable("token", 60.0)
        if problem.too_large or problem.status == 400:
            log.error("teams_refused", code=problem.code, message=message.id)
            return Undeliverable("too_large")
        if problem.code == "MessageWritesBlocked":
            return Undeliverable("blocked")
        if problem.status == 404:
            return Undeliverable("person_gone" if personal else "channel_gone")
        return Undeliverable("blocked" if personal else "not_member")

    def _pace(self, conversation: str) -> None:
        """What a conversation takes no more of now waits in the outbox, so that nobody waits for this one."""
        now = self.clock().timestamp()
        kept = ((self._sent_at(conversation, self.pace), self.pace), (self._sent_at("", self.tenant_pace), self.tenant_pace))
        for sent, pace in kept:
            for seconds, most in pace:
                if len(sent) >= most and now - sent[-most] < seconds:
                    raise Undeliverable("rate", timedelta(seconds=seconds - (now - sent[-most])).total_seconds())
        for sent, _ in kept:
            sent.append(now)

    def _sent_at(self, conversation: str, pace: tuple[tuple[float, int], ...]) -> deque[float]:
        """When something was said in a conversation; ``""``: anywhere."""
        sent = self._sent.get(conversation)
        if sent is None:
            sent = deque(maxlen=max((most for _, most in pace), default=1))
        _keep(self._sent, conversation, sent)
        return sent


def inline(draw: Callable[[Chart], bytes], chart: Chart) -> str:
    """A chart as an address that holds the picture itself: at most 720 points wide and in few colours, for a message has little room.
    Empty when it is still too large."""
    from PIL import Image

    with Image.open(io.BytesIO(draw(chart))) as picture:
        small = picture.convert("RGB")
        small.thumbnail((CHART_WIDTH, CHART_WIDTH))
        out = io.BytesIO()
        small.quantize(32).save(out, "png", optimize=True)
    made = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    return made if len(made) <= CHART_LARGEST else ""


def _keep(shelf: "OrderedDict[Any, Any]", key: Any, value: Any) -> None:
    """Remember, forgetting the oldest."""
    shelf[key] = value
    shelf.move_to_end(key)
    while len(shelf) > KEPT:
        shelf.popitem(last=False)
