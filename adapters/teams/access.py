"""Who may speak to the bot, and whom the bot gives its token: the signature, claims and tenant of what comes in; the hosts that go out.

Whatever is wrong with a request, it is refused with 401 or 403 before anything of it is understood. The SDK answers 500 to a bad token,
and lets one without ``exp``, and an activity without ``serviceUrl``, pass; so what it would look at is looked at here.
"""

import asyncio
import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
import structlog

from adapters.teams import events
from bot.settings import TeamsSettings

log = structlog.get_logger()

ISSUER = "https://api.botframework.com"
CHANNEL = "msteams"
LEEWAY = 300  # seconds that two clocks may differ, as the protocol says
KEEP_KEYS = 86_400.0  # seconds after which the keys are read again
ASK_AGAIN = 60.0  # seconds before an unknown key makes us read them again
PATIENCE = 5.0  # seconds for one read
KNOWN = 512  # tokens remembered: the connector uses one for about an hour
HOSTS = ("smba.trafficmanager.net",)
DOMAINS = (".botframework.com", ".teams.microsoft.com")


class Denied(Exception):
    """Refused, with this status; ``why`` is a code for the log."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: until when it counts (seconds), for which service address, signed for which channels."""

    until: float
    service: str
    channels: frozenset[str]


@dataclass(slots=True)
class Hosts:
    """Where the bot's token may go: Microsoft's connectors, and the one that a test puts in their place."""

    settings: TeamsSettings

    def allow(self, address: str) -> bool:
        """Whether an address lies on one of them: no user, no port, nothing that a browser reads in another way."""
        if not address.isascii() or any(sign in address for sign in "\\@#\r\n\t "):
            return False
        try:
            parts = urlsplit(address)
            stand_in = urlsplit(self.settings.connector_url)
            port = parts.port
        except ValueError:
            return False
        if self.settings.connector_url and (parts.scheme, parts.netloc) == (stand_in.scheme, stand_in.netloc):
            return True
        if self.settings.local:
            return loopback(parts.hostname or "")
        host = parts.hostname or ""
        return parts.scheme == "https" and port in (None, 443) and (host in HOSTS or host.endswith(DOMAINS))


def loopback(host: str | None) -> bool:
    """Whether this is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address((host or "").partition("%")[0]).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class Gate:
    """Lets in what Teams sent for this bot and this tenant. ``session`` gives the connection to read keys with."""

    settings: TeamsSettings
    session: Callable[[], aiohttp.ClientSession]
    clock: Callable[[], float] = time.time
    hosts: Hosts = field(init=False)
    _keys: dict[str, tuple[Any, frozenset[str]]] = field(default_factory=dict)
    _read: float = float("-inf")
    _tokens: OrderedDict[bytes, Claims] = field(default_factory=OrderedDict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _again: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.hosts = Hosts(self.settings)

    async def warm(self) -> None:
        """Read the keys before the first request asks for them; without blocking, as the SDK would."""
        if self.settings.app_id:
            await self._read_keys()

    async def token(self, header: str, peer: str, host: str = "localhost") -> Claims | None:
        """The claims of a request's token; ``None`` without a registration, on this machine and asked by a name of it: no page and no
        proxy brings others in. Raises ``Denied`` (401)."""
        if not self.settings.app_id:
            if not (loopback(peer) and loopback(host)):
                raise Denied(401, "not_local")
            return None
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or not token or len(token) > 8_000 or not token.isascii():
            raise Denied(401, "no_token")
        mark = hashlib.sha256(token.encode()).digest()
        known = self._tokens.get(mark)
        if known is not None:
            if self.clock() > known.until + LEEWAY:
                raise Denied(401, "expired")
            return known
        claims = await self._verified(token)
        self._tokens[mark] = claims
        while len(self._tokens) > KNOWN:
            self._tokens.popitem(last=False)
        return claims

    def activity(self, body: Mapping[str, Any], claims: Claims | None) -> None:
        """Whether this activity is what the token is for, from our tenant. Raises ``Denied`` (401 for the token, 403 for the tenant)."""
        service = events.service(body)
        if not service or not self.hosts.allow(service):
            raise Denied(403, "service")
        if not isinstance(body.get("type"), str) or not isinstance(body.get("channelId"), str) or not body["channelId"]:
            raise Denied(403, "activity")
        if claims is None:
            return
        if body["channelId"] != CHANNEL or CHANNEL not in claims.channels:
            raise Denied(401, "channel")
        if claims.service != service:
            raise Denied(401, "service_claim")
        if events.tenant(body) != self.settings.tenant_id.lower():
            raise Denied(403, "tenant")

    async def _verified(self, token: str) -> Claims:
        try:
            head = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise Denied(401, "malformed") from None
        key, channels = await self._key(str(head.get("kid") or ""))
        try:
            found = jwt.decode(
                token, key, algorithms=["RS256"], audience=self.settings.app_id, issuer=ISSUER, leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )  # fmt: skip
        except jwt.PyJWTError as problem:
            raise Denied(401, type(problem).__name__) from None
        except (TypeError, ValueError):
            raise Denied(401, "malformed") from None
        service = found.get("serviceurl")
        if not isinstance(service, str) or not service:
            raise Denied(401, "service_claim")
        return Claims(float(found["exp"]), service, channels)

    async def _key(self, name: str) -> tuple[Any, frozenset[str]]:
        if name in self._keys:
            if self.clock() - self._read > KEEP_KEYS and (self._again is None or self._again.done()):
                self._again = asyncio.create_task(
                    self._read_in_turn(KEEP_KEYS)
                )  # nobody waits for it: an invoke has five seconds
            return self._keys[name]
        await self._read_in_turn(ASK_AGAIN)
        if name not in self._keys:
            raise Denied(401, "key")
        return self._keys[name]

    async def _read_in_turn(self, age: float) -> None:
        """Read the keys again when they are this old; who comes meanwhile waits for what is being read."""
        async with self._turn:
            if self.clock() - self._read > age:
                await self._read_keys()

    async def _read_keys(self) -> None:
        """Read who signs. What was read before goes on counting when that fails."""
        self._read = self.clock()
        patience = aiohttp.ClientTimeout(total=PATIENCE)
        try:
            async with self.session().get(self.settings.openid_url, timeout=patience, allow_redirects=False) as answer:
                document = await answer.json(content_type=None)
            address = str(document["jwks_uri"])
            if urlsplit(address).scheme != "https" and urlsplit(address).netloc != urlsplit(self.settings.openid_url).netloc:
                raise ValueError("keys over an open line")
            async with self.session().get(address, timeout=patience, allow_redirects=False) as answer:
                found = await answer.json(content_type=None)
            keys = {}
            for item in found["keys"]:
                if item.get("kty") == "RSA" and item.get("kid"):
                    key = jwt.PyJWK.from_dict(item, algorithm="RS256").key
                    keys[str(item["kid"])] = (key, frozenset(map(str, item.get("endorsements") or ())))
        except (
            aiohttp.ClientError,
            TimeoutError,
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            jwt.PyJWTError,
        ) as problem:
            log.error("teams_keys", error=type(problem).__name__)
            return
        self._keys = keys
