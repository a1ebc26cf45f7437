"""What a signed, durable step of a walk costs over HTTP, beside a bare bolt app that only acknowledges: `measure()`.

Both servers run one after the other on the same core; who presses, and the stub that the outbox sends to, have the other.
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
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from adapters.slack.app import PATH, signature
from tests.adapters.slack.stub import TEAM, TOKEN, Api, Workspace
from tests.adapters.slack.town import AN, SECRET, served, town

AT_ONCE = 32
QUESTIONS = ("negatief", "haat")
_ids = itertools.count(1)


def measure(quick: bool = True) -> dict[str, Any]:
    """Steps a second and milliseconds of both, and their ratio: medians of alternating rounds, each beside its neighbour.

    Short rounds, for the speed of a shared machine changes within seconds.
    """
    rounds, seconds = (5, 0.6) if quick else (30, 0.6)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    try:
        found = asyncio.run(_measure(rounds, seconds, cores[0]))
    finally:
        os.sched_setaffinity(0, set(cores))
    ours, bare, ratio = found
    return {
        "at_once": AT_ONCE, "ours": ours, "bare": bare, "ratio": round(ratio, 2),
        "p99_ratio": round(ours["p99_ms"] / bare["p99_ms"], 2),
    }  # fmt: skip


async def _measure(rounds: int, seconds: float, core: int) -> tuple[dict[str, Any], dict[str, Any], float]:
    slack = Workspace(time.time)
    slack.user(AN)
    slack.channel("C0COMMLEAD")
    slack.channel("C0MOBILITY")
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder:
        async with (
            served(Api(slack).app()) as origin,
            _server(_bare, "", folder, core) as bare,
            _server(_ours, origin, folder, core) as ours,
        ):
            slack.origin = origin
            taken: dict[str, list[tuple[float, list[float]]]] = {"ours": [], "bare": []}
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
                for _ in range(rounds + 1):
                    taken["bare"].append(await _round(session, bare, seconds, [1] * 100_000))
                    cases = await _paste(session, ours, int(1500 * seconds))  # more than can be walked in that time
                    taken["ours"].append(await _round(session, ours, seconds, cases))
    mine, theirs = taken["ours"][1:], taken["bare"][1:]
    return _row(mine), _row(theirs), median(one[0] / other[0] for one, other in zip(mine, theirs, strict=True))


def _row(taken: list[tuple[float, list[float]]]) -> dict[str, Any]:
    parts = [quantiles(times, n=100) for _, times in taken]
    return {
        "rate": round(median(rate for rate, _ in taken)),
        "p50_ms": round(median(part[49] for part in parts) * 1000, 2),
        "p99_ms": round(median(part[98] for part in parts) * 1000, 2),
    }


async def _paste(session: aiohttp.ClientSession, url: str, count: int) -> list[int]:
    """New cases, outside the measured time; their numbers."""
    cases: list[int] = []
    left = iter(range(count))

    async def one() -> None:
        for _ in left:
            body = {
                "command": "/moderate",
                "text": f"Jullie zijn lui {next(_ids)}",
                "user_id": AN,
                "team_id": TEAM,
                "trigger_id": f"p{next(_ids)}",
            }
            found = re.search(r"Zaak (\d+)", await _send(session, url, urlencode(body).encode()))
            if found:
                cases.append(int(found[1]))

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return cases


async def _round(session: aiohttp.ClientSession, url: str, seconds: float, cases: list[int]) -> tuple[float, list[float]]:
    """Presses for so long, or until the cases are walked: how many a second, and how long each took."""
    times: list[float] = []
    began = time.perf_counter()

    async def one() -> None:
        while cases and time.perf_counter() - began < seconds:
            case = cases.pop()
            for step, choice in enumerate(QUESTIONS):
                action = {
                    "action_id": "a0",
                    "block_id": "b",
                    "type": "button",
                    "value": f"answer|{case}|0|{step}|{choice}",
                    "action_ts": "1",
                }
                body = {
                    "type": "block_actions", "team": {"id": TEAM}, "user": {"id": AN, "team_id": TEAM}, "trigger_id": f"t{next(_ids)}",
                    "actions": [action], "container": {"type": "message"}, "channel": {"id": "D1"},
                    "message": {"blocks": [], "text": "x" * 3000},
                }  # fmt: skip
                raw = urlencode({"payload": json.dumps(body)}).encode()
                sent = time.perf_counter()
                await _send(session, url, raw)
                times.append(time.perf_counter() - sent)

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return len(times) / (time.perf_counter() - began), times


async def _send(session: aiohttp.ClientSession, url: str, raw: bytes) -> str:
    at = str(int(time.time()))
    headers = {
        "X-Slack-Request-Timestamp": at, "X-Slack-Signature": signature(SECRET, at, raw),
        "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    async with session.post(url + PATH, data=raw, headers=headers) as answer:
        assert answer.status == 200, answer.status
        return await answer.text()


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
    from adapters.slack.app import SlackApp
    from bot.settings import Settings, SlackSettings

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    slack = SlackSettings(bot_token=SecretStr(TOKEN), signing_secret=SecretStr(SECRET), api_url=SecretStr(origin + "/api/"))
    settings = Settings(
        organisation=town(Path(folder)),
        database_url=SecretStr(f"sqlite:///{folder}/a.db"),
        secret_key_file=Path(folder) / "key",
        slack=slack,
    )
    with starting() as started:  # as `antenne serve` starts
        async with running(settings) as antenne:
            app, site = SlackApp(antenne, slack), web.Application()
            site.add_routes(app.routes())
            sending = asyncio.create_task(antenne.run())
            async with served(site) as url:
                started()
                pipe.send(url)
                await asyncio.to_thread(pipe.recv)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await app.close()


async def _bare(_origin: str, _folder: str, pipe: Connection) -> None:
    """As bolt's own documentation begins one: verifies, parses, acknowledges."""
    from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.authorization import AuthorizeResult

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_user_id="U0BOT00000")

    bolt = AsyncApp(signing_secret=SECRET, authorize=authorize)

    @bolt.action(re.compile(""))
    async def press(ack: Any) -> None:
        await ack()

    async def receive(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))

    site = web.Application()
    site.router.add_post(PATH, receive)
    async with served(site) as url:
        pipe.send(url)
        await asyncio.to_thread(pipe.recv)


if __name__ == "__main__":
    print(json.dumps(measure(quick="--full" not in sys.argv), indent=2))  # noqa: T201 - what the person asked for
