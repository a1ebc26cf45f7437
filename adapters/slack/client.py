"""What goes out to Slack: one connection for all calls, Slack's refusals in the bot's own words, and the `Chat` port of the outbox.

The bot's token goes to the API's address and, for files, to Slack's file host; nowhere else. A call is never repeated here: the outbox
decides what is tried again, and when.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import render
from adapters.slack.words import Translate
from bot.cards import Card, Chart, Text
from bot.events import Outgoing
from bot.organisation import Organisation
from bot.ports import Charts, Undeliverable
from bot.sentences import sentences
from bot.settings import SlackSettings
from bot.wording import language_of

log = structlog.get_logger()

PATIENCE = 10.0  # seconds for one call
FRESH = timedelta(seconds=30)  # a message written longer ago may have been posted by a process that then died
PACE = timedelta(seconds=1)  # between two messages in one channel
EVENT = "antenne_message"  # the type of our metadata
MEMBERS = timedelta(minutes=10)  # that what Slack said of a channel's members counts
KEPT = 10_000  # names and times remembered

_TOKEN = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope", "no_permission",
                    "not_allowed_token_type", "org_login_required", "team_access_not_granted", "access_denied"})  # fmt: skip
STOPPED = timedelta(seconds=60)  # without a good token, between two tries
_RIGHTS = frozenset({"missing_scope", "no_permission"})  # a right that the app was not given, for this one method
_WHY: dict[str, str] = {
    "channel_not_found": "channel_gone", "is_archived": "channel_gone", "channel_is_archived": "channel_gone",
    "not_in_channel": "not_member",
    "user_disabled": "person_gone", "user_not_found": "person_gone", "users_not_found": "person_gone", "user_not_visible": "person_gone",
    "cannot_dm_bot": "person_gone", "invalid_user_combination": "person_gone",
    "msg_too_long": "too_large", "msg_blocks_too_long": "too_large", "invalid_blocks": "too_large", "invalid_blocks_format": "too_large",
    "metadata_too_large": "too_large", "no_text": "too_large",
}  # fmt: skip
_PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "accesslimited",
                      "external_service_migration_in_progress"})  # fmt: skip
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})


class Failed(Exception):
    """A call that Slack refused or that did not reach it. ``code``: Slack's own, or ``network``, ``timeout``, ``ratelimited``."""

    def __init__(self, code: str, later: float = 0.0) -> None:
        self.code, self.later = code, later
        super().__init__(code)

    @property
    def passes(self) -> bool:
        """Whether the same call may work later without anybody repairing anything but the token."""
        return self.code not in _RIGHTS and self.undeliverable().later is not None

    def undeliverable(self) -> Undeliverable:
        """The same in the words of the outbox."""
        if self.code == "ratelimited":
            return Undeliverable("rate", max(self.later, 1.0))
        if self.code in ("network", "timeout") or self.code in _PASSING:
            return Undeliverable("network", 2.0)
        if self.code in _TOKEN:
            return Undeliverable("token", 60.0)
        return Undeliverable(_WHY.get(self.code, "blocked"))


@dataclass(slots=True)
class Client:
    """Slack's Web API. ``close`` it when done."""

    settings: SlackSettings
    _session: aiohttp.ClientSession | None = None
    _web: AsyncWebClient | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=PATIENCE), json_serialize=lambda value: orjson.dumps(value).decode()
            )
        return self._session

    @property
    def web(self) -> AsyncWebClient:
        """The SDK's client; it repeats nothing and its log tells nothing of what is said."""
        if self._web is None:
            quiet = logging.getLogger("antenne.slack")
            quiet.setLevel(logging.CRITICAL)
            self._web = AsyncWebClient(
                token=self.settings.bot_token.get_secret_value(), base_url=self.settings.api_url.get_secret_value(),
                session=self.session, timeout=int(PATIENCE), retry_handlers=[], logger=quiet,
            )  # fmt: skip
        return self._web

    async def call(self, method: str, **values: Any) -> Mapping[str, Any]:
        """The method's answer; raises ``Failed``."""
        return await self._call(method, json={name: value for name, value in values.items() if value is not None})

    async def ask(self, method: str, **values: Any) -> Mapping[str, Any]:
        """As ``call``, for the methods that only read: those take a query, no JSON."""
        return await self._call(method, http_verb="GET", params={k: v for k, v in values.items() if v is not None})

    async def _call(self, method: str, **how: Any) -> Mapping[str, Any]:
        try:
            answer = await self.web.api_call(method, **how)
        except SlackApiError as problem:
            raise _failed(problem) from None
        except TimeoutError:
            raise Failed("timeout") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise Failed("network") from None
        found = answer.data
        return dict(found, _headers=answer.headers) if isinstance(found, dict) else {}

    async def upload(self, name: str, title: str, content: bytes, channel: str, thread: str, alt: str | None = None) -> None:
        """A file beneath a message, in Slack's three steps. The second one goes to a host that Slack names, without the token."""
        slot = await self.ask("files.getUploadURLExternal", filename=name, length=len(content), alt_txt=alt)
        address = str(slot["upload_url"])
        if not self._may_upload_to(address):
            raise Failed("upload_host")
        try:
            async with self.session.post(address, data=content, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise Failed("network")
        except TimeoutError:
            raise Failed("timeout") from None
        except (aiohttp.ClientError, OSError):
            raise Failed("network") from None
        files = [{"id": slot["file_id"], "title": title}]
        await self.call("files.completeUploadExternal", files=files, channel_id=channel, thread_ts=thread)

    async def respond(self, address: str, values: Mapping[str, Any]) -> bool:
        """Answer at a ``response_url``; ``False`` when Slack no longer takes it."""
        if not self._ours(address, "hooks.slack.com"):
            return False
        try:
            async with self.session.post(address, json=dict(values), allow_redirects=False) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _ours(self, address: str, host: str) -> bool:
        """Whether an address lies on that host of Slack's, or on the one that stands in for Slack."""
        stand_in = urlsplit(self.settings.api_url.get_secret_value())
        parts = urlsplit(address)
        if (parts.scheme, parts.netloc) == (stand_in.scheme, stand_in.netloc):
            return True
        return parts.scheme == "https" and parts.netloc == host

    def _may_upload_to(self, address: str) -> bool:
        return self._ours(address, "files.slack.com")


def _failed(problem: SlackApiError) -> Failed:
    answer = problem.response
    status, headers = getattr(answer, "status_code", 0), getattr(answer, "headers", {}) or {}
    data = getattr(answer, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    if status == 429 or code in ("ratelimited", "rate_limited"):
        after = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
        return Failed("ratelimited", float(after) if str(after).isdigit() else 30.0)
    return Failed("network" if status >= 500 or not code else code)


@dataclass(slots=True)
class SlackChat:
    """The `Chat` port. Its names for messages are Slack's time stamps; a person's direct messages are found by their user id."""

    client: Client
    organisation: Organisation
    clock: Callable[[], datetime]
    charts: Charts | None = None
    _direct: dict[str, str] = field(default_factory=dict)
    _next: OrderedDict[str, datetime] = field(default_factory=OrderedDict)
    _doubtful: set[int] = field(default_factory=set)
    _found: dict[tuple[str, str], tuple[datetime, dict[int, str]]] = field(default_factory=dict)
    _files: OrderedDict[tuple[str, str, str], bool] = field(default_factory=OrderedDict)
    _began: datetime = field(init=False)
    _members: dict[str, tuple[datetime, frozenset[str] | None]] = field(default_factory=dict)
    _stopped: datetime | None = None  # since when the token is refused, as last seen

    def __post_init__(self) -> None:
        self._began = self.clock()

    async def post(self, message: Outgoing) -> str:
        """Post once: a message that may stand there already is looked for first."""
        self._go_on()
        try:
            channel = await self._channel(message.conversation.address)
            mentioned = self._mentioned(message)
            rest, values = self._values(message, mentioned)
            name = await self._posted_before(message, channel)
            if name is None and message.parent is None:
                await self._must_reach(mentioned, channel)
            if name is not None:  # with what it said then
                name = await self.update(message, name)
                self._doubtful.discard(message.id)
                return name
            self._pace(channel)
            name = await self._post(message, channel, values)
            self._doubtful.add(message.id)  # until its files stand there too: tried again, it is looked for, not posted twice
            self._found.pop((channel, message.parent or ""), None)
            await self._files_of(message, channel, name, rest)
            self._doubtful.discard(message.id)
        except Failed as problem:
            self._note(problem, message)
            raise problem.undeliverable() from None
        self._works()
        return name

    async def update(self, message: Outgoing, remote: str) -> str:
        """Change a message where it stands; one that somebody removed is posted anew."""
        self._go_on()
        try:
            channel = await self._channel(message.conversation.address)
            self._pace(channel)
            rest, values = self._values(message, self._mentioned(message))
            try:
                await self.client.call("chat.update", channel=channel, ts=remote, **values)
            except Failed as problem:
                if problem.code not in _GONE:
                    raise
                remote = await self._post(message, channel, values)  # its turn in the channel is this one's
            await self._files_of(message, channel, remote, rest)
        except Failed as problem:
            self._note(problem, message)
            raise problem.undeliverable() from None
        self._works()
        return remote

    async def _post(self, message: Outgoing, channel: str, values: Mapping[str, Any]) -> str:
        try:
            answer = await self.client.call(
                "chat.postMessage", channel=channel, thread_ts=message.parent, unfurl_links=False, unfurl_media=False, **values
            )
        except Failed as problem:
            if problem.code in ("timeout", "network"):
                self._doubtful.add(message.id)
                self._found.pop((channel, message.parent or ""), None)
            raise
        return str(answer["ts"])

    def _mentioned(self, message: Outgoing) -> list[str]:
        """Whom a message is for, by their user ids."""
        people = self.organisation.people
        return [people[who].addresses["slack"] for who in message.mentions if who in people and "slack" in people[who].addresses]

    async def _must_reach(self, mentioned: Sequence[str], channel: str) -> None:
        """Slack tells nobody of a mention in a private channel that they are not in: with none of them there, it must go elsewhere."""
        if not mentioned or channel.startswith("D"):
            return
        at, members = self._members.get(channel, (None, None))
        if at is None or self.clock() - at > MEMBERS:
            members = await self._members_of(channel)
            self._members[channel] = (self.clock(), members)
        if members is not None and members.isdisjoint(mentioned):
            self._members.pop(channel)  # perhaps they are invited now
            raise Undeliverable("nobody_there")

    async def _members_of(self, channel: str) -> frozenset[str] | None:
        """Who is in a channel; ``None`` when Slack does not say, or they are too many to look at."""
        try:
            answer = await self.client.ask("conversations.members", channel=channel, limit=200)
        except Failed:
            return None
        more = (answer.get("response_metadata") or {}).get("next_cursor")
        return None if more else frozenset(answer.get("members") or ())

    def _values(self, message: Outgoing, mentions: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """What found no room on the card, and what shows the card."""
        t = self._t(message)
        card = message.card if message.card.title or message.card.body else Card("", (Text(t("slack.gone"), "hint"),))
        drawn = render.message(card, t, mentions)
        metadata = {"event_type": EVENT, "event_payload": {"message_id": message.id}}
        values = {
            "blocks": drawn.blocks,
            "text": render.fallback(card, t),
            "metadata": metadata,
            "parse": "none",
            "link_names": False,
        }
        return drawn.rest, values

    def _t(self, message: Outgoing) -> Translate:
        person = self.organisation.by_address.get(("slack", message.conversation.address))
        return sentences(language_of(self.organisation, person)).t

    async def _files_of(self, message: Outgoing, channel: str, name: str, rest: str) -> None:
        """Beneath the card, each once: its charts as pictures, and a text file with what found no room on it."""
        t, thread = self._t(message), message.parent or name
        for block in message.card.body:
            if isinstance(block, Chart) and self.charts is not None and self._new(channel, name, repr(block)):
                drawn = await asyncio.to_thread(self.charts.draw, block)
                await self._beneath("grafiek.png", block.title[:200], drawn, channel, thread, block.alt[:1000])
                self._keep_file(channel, name, repr(block))
        if rest and self._new(channel, name, rest):
            await self._beneath("tekst.txt", t("slack.rest"), rest.encode(), channel, thread)
            self._keep_file(channel, name, rest)

    async def _beneath(self, name: str, title: str, content: bytes, channel: str, thread: str, alt: str | None = None) -> None:
        """A file beneath a card that stands. What will never take it is told to the operator: the card is worth more than its file."""
        try:
            await self.client.upload(name, title, content, channel, thread, alt)
        except Failed as problem:
            if problem.passes:
                raise
            log.error("slack_file", code=problem.code)

    def _new(self, channel: str, name: str, content: str) -> bool:
        return _file_key(channel, name, content) not in self._files

    def _keep_file(self, channel: str, name: str, content: str) -> None:
        _keep(self._files, _file_key(channel, name, content), True)

    async def _channel(self, address: str) -> str:
        """A channel by its own id, direct messages by the person's."""
        if address[:1] not in ("U", "W"):
            return address
        if address not in self._direct:
            answer = await self.client.call("conversations.open", users=address)
            self._direct[address] = str(answer["channel"]["id"])
        return self._direct[address]

    def _pace(self, channel: str) -> None:
        """About one message a second: what comes sooner waits in the outbox, so that nobody waits for this channel."""
        now = self.clock()
        free = self._next.get(channel)
        if free is not None and now < free <= now + PACE:
            raise Undeliverable("rate", (free - now).total_seconds())
        _keep(self._next, channel, now + PACE)

    async def _posted_before(self, message: Outgoing, channel: str) -> str | None:
        """The name of a message that an earlier attempt did post, found by the number in its metadata."""
        fresh = message.written >= self._began and self.clock() - message.written < FRESH
        if fresh and message.id not in self._doubtful:
            return None
        key = (channel, message.parent or "")
        at, names = self._found.get(key, (None, {}))
        if at is None or self.clock() - at > FRESH or message.id in self._doubtful:
            names = await self._look(message, channel)
            self._found[key] = (self.clock(), names)
        return names.get(message.id)

    async def _look(self, message: Outgoing, channel: str) -> dict[int, str]:
        """Our own messages of a thread or channel since this one was written, by number."""
        since = f"{(message.written - timedelta(minutes=5)).timestamp():.6f}"
        names: dict[int, str] = {}
        cursor: str | None = None
        for _ in range(5):
            values: dict[str, Any] = {
                "channel": channel,
                "oldest": since,
                "limit": 200,
                "include_all_metadata": "true",
                "cursor": cursor,
            }
            method = "conversations.replies" if message.parent else "conversations.history"
            answer = await self.client.ask(method, **values | ({"ts": message.parent} if message.parent else {}))
            for found in answer.get("messages") or ():
                metadata = found.get("metadata") or {}
                number = (metadata.get("event_payload") or {}).get("message_id")
                if metadata.get("event_type") == EVENT and isinstance(number, int):
                    names.setdefault(number, str(found["ts"]))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                break
        return names

    def _go_on(self) -> None:
        """While the token is refused nothing is sent but one try a minute: everything waits in the outbox."""
        if self._stopped is not None and self.clock() - self._stopped < STOPPED:
            raise Undeliverable("token", (self._stopped + STOPPED - self.clock()).total_seconds())
        self._stopped = self._stopped and self.clock()  # this is the try

    def _note(self, problem: Failed, message: Outgoing) -> None:
        """Tell the operator what only they can repair; that the token is refused once, until it works again."""
        if problem.code in _RIGHTS:
            log.error("slack_right", code=problem.code, message=message.id)
        elif problem.code in _TOKEN:
            if self._stopped is None:
                log.error("slack_token", code=problem.code)
            self._stopped = self.clock()

    def _works(self) -> None:
        if self._stopped is not None:
            log.warning("slack_token", code="works again")
            self._stopped = None


def _file_key(channel: str, name: str, content: str) -> tuple[str, str, str]:
    return channel, name, hashlib.sha256(content.encode()).hexdigest()


def _keep(shelf: "OrderedDict[Any, Any]", key: Any, value: Any) -> None:
    """Remember, forgetting the oldest."""
    shelf[key] = value
    shelf.move_to_end(key)
    while len(shelf) > KEPT:
        shelf.popitem(last=False)
