"""What the web chat costs: answered presses through HTTP with live pages open, a page's size and time, the start of `antenne serve`.

Client and server share one process and its core, so the presses a second are a lower bound. Part of `make bench`.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from adapters.main import running
from adapters.web.app import make_app
from bot.events import Actor, Pasted
from bot.presses import Answer, Back, pack
from bot.settings import Settings
from tests.adapters.web.conftest import Browser

ROOT = Path(__file__).resolve().parent.parent
OWN = "/als/an/gesprek/an"
LIVE, AT_ONCE = 4, 8  # live pages open; people who press at the same time


def measure(quick: bool = False) -> dict[str, float]:
    """Figures by name; seconds, bytes and answers a second."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_pressed(Path(folder), 2.0 if quick else 10.0))
    starts = [_served() for _ in range(1 if quick else 3)]
    return found | {
        "serve_start_seconds": round(median(took for took, _ in starts), 2),
        "serve_idle_megabytes": round(median(idle for _, idle in starts), 1),
    }


async def _pressed(folder: Path, seconds: float) -> dict[str, float]:
    settings = Settings(database_url=SecretStr(f"sqlite:///{folder}/a.db"), secret_key_file=folder / "secret.key")
    async with running(settings) as antenne:
        tasks = [asyncio.create_task(antenne.run())]
        async with TestClient(TestServer(make_app(antenne, settings))) as client:
            bot: Any = antenne
            browser = Browser(client, bot)
            cases = []
            for number in range(AT_ONCE):
                pasted = Pasted(
                    id=f"p{number}", actor=Actor(platform="local", address="an"), text=f"Een put in de weg, nummer {number}"
                )
                cases.append((await antenne.handle(pasted)).case or 0)
            await asyncio.sleep(0.5)
            tasks += [asyncio.create_task(_watch(browser)) for _ in range(LIVE)]
            hidden = await browser.hidden(OWN, "/als/an/druk")
            begun, pressed, ids = time.perf_counter(), 0, count()

            async def press(case: int) -> None:
                nonlocal pressed
                while time.perf_counter() - begun < seconds:
                    for said in (Answer(case=case, walk=0, step=0, choice="negatief"), Back(case=case, walk=0, step=1)):
                        answer = await browser.send("/als/an/druk", {**hidden, "press": pack(said), "n": str(next(ids))})
                        assert answer.status in (200, 303), answer.status
                        pressed += 1

            await asyncio.gather(*(press(case) for case in cases))
            rate = pressed / (time.perf_counter() - begun)
            pages = [await _page(browser) for _ in range(10)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "presses_a_second": round(rate),
        "page_seconds": round(median(took for took, _ in pages), 3),
        "page_bytes": pages[-1][1],
    }


async def _watch(browser: Browser) -> None:
    response = await browser.get("/live")
    async for _ in response.content:
        pass


async def _page(browser: Browser) -> tuple[float, int]:
    begun = time.perf_counter()
    page = await browser.page(OWN)
    return time.perf_counter() - begun, len(page.encode())


def _served() -> tuple[float, float]:
    """Seconds until `antenne serve` names its address, and its idle memory in MB two seconds later."""
    with tempfile.TemporaryDirectory() as folder:
        own = {
            "ANTENNE_DATABASE_URL": f"sqlite:///{folder}/a.db",
            "ANTENNE_SECRET_KEY_FILE": f"{folder}/k",
            "ANTENNE_PORT": "8497",
        }
        took = idle = 0.0
        for _ in range(2):  # the first makes the database
            begun = time.perf_counter()
            command = [sys.executable, "-m", "adapters.main", "serve"]
            with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None
                process.stdout.readline()
                took = time.perf_counter() - begun
                time.sleep(2)
                idle = psutil.Process(process.pid).memory_info().rss / 1e6
                with suppress(ProcessLookupError):
                    process.terminate()
        return took, idle
