"""Drives Microsoft's local Agents Playground, a page that looks like Teams, with the bot: a developer's look at what no test can be.

    npm install --prefix var/playground @microsoft/m365agentsplayground@0.2.28     # read its licence first
    .venv/bin/python -m scripts.playground var/playground/node_modules/.bin/agentsplayground

It is optional: no test needs it and nothing of it is kept here, for it is pre-release software that may be used to evaluate it. It
listens on every interface and calls home when it starts, so all of this runs in a network namespace of its own that holds nothing but the
loopback (`unshare --net`; Linux), and stops at once where anything else can be reached. Pictures of each step come in var/playground.
The playground knows no dialogs, message actions, pictures, deleting or refreshing.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from playwright.async_api import Page, async_playwright

from bot.organisation import load_organisation
from bot.settings import SAMPLE
from tests.adapters.teams.stub import TENANT, channel_id, person_id
from tests.adapters.teams.town import on_teams
from tests.journeys.chat import organisation_in

OUT = Path("var/playground")
BOT_PORT, PLAYGROUND_PORT = 8520, 56150
SITE = f"http://localhost:{PLAYGROUND_PORT}"
EVERYBODY = ("an", "sofie", "lies", "karim", "joris", "tom")  # it wants one who is you, and five others
COMMENT = "Die burgemeester moest men eens goed aanpakken. <at>Sofie Maes</at> **vet** https://evil.example"


def alone() -> bool:
    """Whether nothing but this machine's loopback can be reached from here."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


def context() -> dict[str, Any]:
    """The playground's own file: our sample town's people, and one of its channels."""
    people = load_organisation(SAMPLE)[0].people
    users = [
        {"id": f"29:{person_id(one)}", "name": people[one].name, "userPrincipleName": f"{one}@torenbeek.example",
         "aadObjectId": person_id(one), "givenName": one, "surname": one, "email": f"{one}@torenbeek.example"}
        for one in EVERYBODY
    ]  # fmt: skip
    channel = {"id": channel_id("communicatie"), "name": "communicatie"}
    team = {"id": channel_id("torenbeek"), "name": "Torenbeek", "aadGroupId": person_id("torenbeek"), "channels": [channel]}
    return {
        "version": "0.1.1", "tenantId": TENANT, "bot": {"id": "28:antenne", "name": "Antenne"}, "currentUser": users[0],
        "users": users[1:], "personalChat": {"id": "a:an"}, "groupChat": {"id": "19:groep", "name": "Groep"}, "team": team,
    }  # fmt: skip


@contextmanager
def started(command: list[str], folder: Path, **more: str) -> Iterator[None]:
    """A program while it is needed; what it says stays in its folder."""
    with (folder / "said.log").open("ab") as said:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | more, stdout=said, stderr=said)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


async def answers(address: str) -> None:
    """Until something answers there; a minute at most."""
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(address):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.3)


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    """A page of a headless Chromium, at the playground."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1280, "height": 1400})
        await page.goto(SITE)
        yield page
        await browser.close()


async def drive(page: Page) -> None:
    """What somebody does there: paste, walk, tick, look in the channel, answer, look back. Each step must be seen before the next."""
    await _seen(page, "Welkom bij Antenne", "1-welkom")
    await _say(page, COMMENT)
    await _seen(page, "Wat zie je in dit bericht?", "2-vraag")
    for label, then in (
        ("Negatief", "Wat maakt het negatief?"),
        ("Haat of discriminatie", "strafbaar?"),
        ("Ik twijfel", "Samen beslissen"),
    ):
        await page.get_by_role("button", name=label).last.click()
        await _seen(page, then)
    await page.get_by_role("button", name="Gedaan").first.click()
    await _seen(page, "Toch niet gedaan", "3-kaart")
    await page.wait_for_timeout(18_000)  # for as long as Terug could have kept the others out of it
    await page.get_by_role("treeitem", name="communicatie").click()
    await _seen(page, "Voor Communicatieverantwoordelijke", "4-draad")


async def _say(page: Page, text: str) -> None:
    await page.get_by_role("textbox").last.click()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def _seen(page: Page, words: str, picture: str = "") -> None:
    """Wait until these words stand there; then take a picture."""
    await page.get_by_text(words).last.wait_for(timeout=15_000)
    if picture:
        await page.wait_for_timeout(500)
        await page.screenshot(path=OUT / f"{picture}.png")
    print(f"{picture or '':10} {words}")


async def look(program: str) -> None:
    """Start the bot, as a town whose people have addresses on Teams, and the playground beside it; then drive."""
    with tempfile.TemporaryDirectory(prefix="antenne-playground-") as name:
        folder = Path(name)
        organisation = organisation_in(folder / "town", on_teams({}))
        (folder / ".m365agentsplayground.yml").write_text(yaml.safe_dump(context(), allow_unicode=True), encoding="utf-8")
        bot = {
            "ANTENNE_ORGANISATION": str(organisation), "ANTENNE_DATABASE_URL": f"sqlite:///{folder}/a.db",
            "ANTENNE_SECRET_KEY_FILE": str(folder / "key"), "ANTENNE_PORT": str(BOT_PORT), "ANTENNE_TEAMS__LOCAL": "true",
            "PYTHONPATH": str(Path.cwd()), "ANTENNE_LOG_LEVEL": "info",
        }  # fmt: skip
        serve = [sys.executable, "-P", "-c", "from adapters.main import app; app(prog_name='antenne')", "serve"]
        endpoint = f"http://127.0.0.1:{BOT_PORT + 1}/api/messages"
        shown = [
            program,
            "--app-endpoint",
            endpoint,
            "--channel-id",
            "msteams",
            "--port",
            str(PLAYGROUND_PORT),
            "--disable-telemetry",
        ]
        with started(serve, folder, **bot), started(shown, folder, TEAMSAPPTESTER_BROWSER="none"):
            try:
                await answers(f"http://127.0.0.1:{BOT_PORT + 1}/healthz")
                await answers(SITE)
                async with browser_page() as page:
                    await drive(page)
            finally:
                shutil.copy(folder / "said.log", OUT / "said.log")


def main(program: str) -> None:
    """Go where nothing else can be reached, and look."""
    if not alone():
        if "ANTENNE_ALONE" in os.environ:
            sys.exit("More than the loopback can be reached from here: the playground is not started.")
        inside = 'ip link set lo up && exec "$@"'
        command = ["unshare", "--map-root-user", "--net", "sh", "-c", inside, "sh", sys.executable, "-m", "scripts.playground"]
        os.execvpe(command[0], [*command, str(Path(program).resolve())], os.environ | {"ANTENNE_ALONE": "1"})  # noqa: S606 - no shell: nothing to quote
    OUT.mkdir(parents=True, exist_ok=True)
    asyncio.run(look(program))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(str(__doc__))
    main(sys.argv[1])
