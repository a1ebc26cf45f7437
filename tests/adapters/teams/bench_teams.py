"""What an answered message costs on Teams, beside the SDK's own bare echo bot with authentication: `measure()`.

Ours looks at the token and the tenant, keeps a new case durably and sends its card; the echo bot sends the words back. Both run one
after the other on the same core; who writes, who signs, and the connector that the answer goes to, have the other.
"""

import asyncio
import itertools
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from pydantic import SecretStr

from tests.adapters.teams.stub import APP, BOT, PASSWORD, TENANT, TOKEN, Cloud, person_id, signed
from tests.adapters.teams.town import on_teams, served, settings_of
from tests.journeys.chat import organisation_in

AT_ONCE = 16
PEOPLE = 64  # who write, each in a chat of their own
_ids = itertools.count(1)


def measure(quick: bool = True) -> dict[str, Any]:
    """Messages answered a second and milliseconds until the answer arrived, of both, and their ratio; medians of alternating rounds."""
    rounds, seconds = (3, 1.5) if quick else (7, 4.0)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    try:
        ours, bare = asyncio.run(_measure(rounds, seconds, cores[0]))
    finally:
        os.sched_setaffinity(0, set(cores))
    return {
        "at_once": AT_ONCE, "ours": ours, "bare": bare, "ratio": round(ours["rate"] / bare["rate"], 2),
        "p99_ratio": round(ours["p99_ms"] / bare["p99_ms"], 2),
    }  # fmt: skip


class Answers:
    """The connector as quick as can be: it hears answers and says who waited for them."""

    def __init__(self) -> None:
        self.waiting: dict[bytes, asyncio.Future[None]] = {}
        self.cloud = Cloud()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/openid", self.cloud.openid)
        app.router.add_get("/keys", self.cloud.keys)
        app.router.add_post("/login/{tenant}/oauth2/v2.0/token", self.cloud.login)
        app.router.add_route("*", "/v3/conversations/{conversation}/members/{member}", self.member)
        app.router.add_route("*", "/v3/{rest:.*}", self.said)
        return app

    async def member(self, request: web.Request) -> web.Response:
        return web.json_response({"id": request.match_info["member"], "userRole": "user", "tenantId": TENANT})

    async def said(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        for mark in re.findall(rb"merk(\d+)merk", await request.read()):
            future = self.waiting.pop(mark, None)
            if future is not None:
                future.set_result(None)
        return web.json_response({"id": f"m{next(_ids)}"})


async def _measure(rounds: int, seconds: float, core: int) -> tuple[dict[str, Any], dict[str, Any]]:
    answers = Answers()
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder:
        async with served(answers.app()) as origin:
            answers.cloud.origin = origin
            async with _server(_bare, origin, folder, core) as bare, _server(_ours, origin, folder, core) as ours:
                taken: dict[str, list[tuple[float, list[float]]]] = {"ours": [], "bare": []}
                async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
                    for _ in range(rounds + 1):
                        taken["bare"].append(await _round(session, answers, bare, origin, seconds))
                        taken["ours"].append(await _round(session, answers, ours, origin, seconds))
    return _row(taken["ours"][1:]), _row(taken["bare"][1:])


def _row(taken: list[tuple[float, list[float]]]) -> dict[str, Any]:
    parts = [quantiles(times, n=100) for _, times in taken]
    return {
        "rate": round(median(rate for rate, _ in taken)),
        "p50_ms": round(median(part[49] for part in parts) * 1000, 2),
        "p99_ms": round(median(part[98] for part in parts) * 1000, 2),
    }


async def _round(
    session: aiohttp.ClientSession, answers: Answers, url: str, origin: str, seconds: float
) -> tuple[float, list[float]]:
    """Messages for so long: how many were answered a second, and how long each answer took."""
    times: list[float] = []
    headers = {"Authorization": signed(origin), "Content-Type": "application/json"}
    began = time.perf_counter()

    async def one() -> None:
        while time.perf_counter() - began < seconds:
            number = next(_ids)
            who = f"p{number % PEOPLE}"
            mark = str(number).encode()
            future = answers.waiting[mark] = asyncio.get_running_loop().create_future()
            body = {
                "type": "message", "id": f"{number}", "channelId": "msteams", "serviceUrl": origin, "locale": "nl-BE",
                "text": f"Jullie zijn lui merk{number}merk", "textFormat": "plain", "timestamp": "2026-11-17T09:00:00Z",
                "from": {"id": f"29:{person_id(who)}", "aadObjectId": person_id(who), "name": who},
                "recipient": {"id": BOT, "name": "Antenne"},
                "conversation": {"id": f"a:1-{person_id(who)}", "tenantId": TENANT, "conversationType": "personal"},
                "channelData": {"tenant": {"id": TENANT}},
            }  # fmt: skip
            sent = time.perf_counter()
            async with session.post(f"{url}/api/messages", data=orjson.dumps(body), headers=headers) as answer:
                assert answer.status in (200, 201), answer.status
            await asyncio.wait_for(future, 20)
            times.append(time.perf_counter() - sent)

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return len(times) / (time.perf_counter() - began), times


@asynccontextmanager
async def _server(start: Any, origin: str, folder: str, core: int) -> AsyncIterator[str]:
    """A server in a process of its own, on its core."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_run, args=(start, origin, folder, core, there), daemon=True)
    process.start()
    try:
        yield await asyncio.to_thread(here.recv)
    finally:
        here.send("stop")
        await asyncio.to_thread(process.join, 10)
        process.kill()


def _run(start: Any, origin: str, folder: str, core: int, pipe: Connection) -> None:
    from adapters.main import on_quick_loop

    os.sched_setaffinity(0, {core})
    (on_quick_loop if start is _ours else asyncio.run)(start(origin, folder, pipe))  # each as it is really started


async def _ours(origin: str, folder: str, pipe: Connection) -> None:
    import structlog

    from adapters.main import running, starting
    from adapters.teams.app import TeamsApp
    from adapters.teams.client import TeamsChat
    from bot.settings import Settings

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    names = [f"p{number}" for number in range(PEOPLE)]
    people = {name: {"name": f"Persoon {name}", "addresses": {"teams": person_id(name)}} for name in names}
    path = organisation_in(Path(folder), on_teams({"people": people, "roles": {"moderator": {"holders": names}}}))
    settings = Settings(
        organisation=path,
        database_url=SecretStr(f"sqlite:///{folder}/a.db"),
        secret_key_file=Path(folder) / "key",
        teams=settings_of(origin),
    )
    with starting() as started:  # as `antenne serve` starts
        async with running(settings) as antenne:
            chat = antenne.chats["teams"]
            assert isinstance(chat, TeamsChat)
            chat.pace = chat.tenant_pace = ()  # the stand-in takes what Teams would spread
            app, site = TeamsApp(antenne, chat), web.Application()
            site.add_routes(app.routes())
            await app.warm()
            sending = asyncio.create_task(antenne.run())
            async with served(site) as url:
                started()
                pipe.send(url)
                await asyncio.to_thread(pipe.recv)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await app.close()


async def _bare(origin: str, _folder: str, pipe: Connection) -> None:
    """As the SDK's own sample begins one, with authentication on. It is given its token: only the rest is measured."""
    from botbuilder.core import ActivityHandler, MessageFactory, TurnContext
    from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
    from botframework.connector.auth import ChannelValidation, MicrosoftAppCredentials

    class Config:
        APP_ID, APP_PASSWORD, APP_TYPE, APP_TENANTID = APP, PASSWORD, "SingleTenant", TENANT

    class Echo(ActivityHandler):  # type: ignore[misc]  # the SDK is published without types
        async def on_message_activity(self, turn_context: TurnContext) -> None:
            await turn_context.send_activity(MessageFactory.text(f"Echo: {turn_context.activity.text}"))

    ChannelValidation.open_id_metadata_endpoint = f"{origin}/openid"
    MicrosoftAppCredentials.get_access_token = lambda _self, _force=False: TOKEN
    adapter, bot = CloudAdapter(ConfigurationBotFrameworkAuthentication(Config())), Echo()

    async def receive(request: web.Request) -> web.StreamResponse:
        found: web.StreamResponse = await adapter.process(request, bot)
        return found

    site = web.Application()
    site.router.add_post("/api/messages", receive)
    async with served(site) as url:
        pipe.send(url)
        await asyncio.to_thread(pipe.recv)


if __name__ == "__main__":
    print(json.dumps(measure(quick="--full" not in sys.argv), indent=2))  # noqa: T201 - what the person asked for
