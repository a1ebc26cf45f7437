"""Who may talk to the web chat: this machine's own browser, on a page of ours. Headers, Host, Origin, tokens; no pages.

The chat has no passwords, so it serves the loopback only. A page elsewhere that makes this browser knock here (DNS rebinding, cross-site
requests) is refused by name (Host), by sender (Origin, Sec-Fetch-Site) and by a token that only our pages hold.
"""

import hashlib
import hmac
import ipaddress
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.ports import StoreUnavailable

log = logging.getLogger("antenne.web")

COOKIE = "antenne"
# What a proxy adds: a request that passed one does not come from this machine's browser, whatever its address says.
PROXIED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Turned(Exception):
    """A request that is not answered. ``why`` is the last part of a key of the catalogue: ``problem.<why>``."""

    def __init__(self, why: str, status: int = 403) -> None:
        self.why, self.status = why, status
        super().__init__(why)


def is_loopback(host: str | None) -> bool:
    """Whether an address or name means this machine: 127.0.0.0/8, ::1, localhost."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_sender(request: web.BaseRequest) -> None:
    """Refuse what does not come straight from this machine, asked under a name of this machine; raises ``Turned``."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not (isinstance(peer, tuple) and is_loopback(str(peer[0]))):
        raise Turned("outside")
    if any(name in request.headers for name in PROXIED):
        raise Turned("outside")
    hosts = request.headers.getall("Host", [])
    try:
        named = urlsplit(f"//{hosts[0]}") if len(hosts) == 1 and re.fullmatch(r"[\w.:\[\]-]+", hosts[0]) else None
        good = named is not None and is_loopback(named.hostname) and (named.port or 80) == _port(request)
    except ValueError:
        good = False
    if not good:
        raise Turned("host", 421)


def check_origin(request: web.BaseRequest) -> None:
    """A page elsewhere may link here, and nothing more; raises ``Turned``."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    ours = f"http://{request.headers['Host']}".lower()
    if request.method in ("GET", "HEAD"):
        navigates = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        if (site in ("cross-site", "same-site") and not navigates) or (origin not in (None, "null") and origin.lower() != ours):
            raise Turned("origin")
        return
    # Our own pages send no referrer, and then a browser calls the origin of a plain form "null"; only it can say Sec-Fetch-Site.
    if site not in (None, "same-origin") or (origin in (None, "null") and site is None):
        raise Turned("origin")
    if origin not in (None, "null") and origin.lower() != ours:
        raise Turned("origin")


def _port(request: web.BaseRequest) -> int:
    socket = request.transport.get_extra_info("sockname") if request.transport else None
    return int(socket[1]) if isinstance(socket, tuple) else 0


class Tokens:
    """Tokens that prove a form was on a page of ours, in this browser. ``key``: secret bytes that outlive a restart."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, browser: str) -> str:
        return hmac.new(self._key, b"web form\0" + browser.encode(), hashlib.sha256).hexdigest()[:40]

    def check(self, browser: str | None, token: str | None) -> None:
        """Raises ``Turned`` unless ``token`` was made for ``browser``."""
        if not browser or not token or not hmac.compare_digest(self.token(browser).encode(), token.encode()):
            raise Turned("token")


BROWSER = web.RequestKey("browser", str)


def guard(problem: Callable[[web.Request, str, int], web.Response]) -> Middleware:
    """The middleware of the chat. ``problem`` makes the page that says what went wrong: request, why, status."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check_sender(request)
            check_origin(request)
        except Turned as turned:
            # Nothing is said to a stranger but no.
            return web.Response(status=turned.status, text="refused\n")
        known = request.cookies.get(COOKIE, "")
        fresh = not re.fullmatch(r"[0-9a-f]{32}", known)
        request[BROWSER] = secrets.token_hex(16) if fresh else known
        response = await _answer(request, handler, problem)
        if fresh and not response.prepared:
            response.set_cookie(COOKIE, request[BROWSER], httponly=True, samesite="Strict", path="/")
        return response

    return guarded


async def _answer(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    problem: Callable[[web.Request, str, int], web.Response],
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Turned as turned:
        return problem(request, turned.why, turned.status)
    except web.HTTPRedirection:
        raise
    except web.HTTPRequestEntityTooLarge:
        return problem(request, "too_large", 413)
    except web.HTTPException as refused:
        return problem(request, "missing" if refused.status == 404 else "request", refused.status)
    except StoreUnavailable as trouble:
        log.error("web page failed: the database is %s", trouble.reason)
        return problem(request, "database", 503)
    except Exception as error:  # noqa: BLE001  # a person gets a page; the log gets where it broke, never a message with text in it
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        where = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else ""
        log.error("web page failed: %s at %s", type(error).__name__, where)
        return problem(request, "failed", 500)


async def set_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """What every response of the chat says to the browser (``on_response_prepare``)."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.popall("Server", None)
