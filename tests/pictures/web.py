"""Draws the web chat for the handbook and the README: a real bot on a Tuesday morning, clicked through in a real browser.

`python -m tests.pictures.web [FOLDER]` writes into docs/images, or into the folder.
"""

import asyncio
import io
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

from aiohttp.test_utils import TestServer
from PIL import Image
from playwright.async_api import Browser, FilePayload, Locator, Page, async_playwright
from pydantic import SecretStr

from adapters.main import running
from adapters.pictures import Pictures
from adapters.web.app import make_app
from bot.antenne import Antenne
from bot.settings import Settings
from tests.pictures.make import Shot, through_chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MORNING = datetime(2026, 11, 24, 9, 12, tzinfo=UTC)
ANGRY = "Weer de Molenstraat opengebroken, en niemand die iets laat weten. Stelletje luieriken daar op het gemeentehuis!"
SWIMMING = Shot(
    "Els Deschepper", "Wanneer gaat het zwembad weer open? Mijn kinderen missen het zo.", "facebook", False, "DejaVu Sans", 15, 480, 2,
    "png",
)  # fmt: skip


class Clock:
    """Time of the picture: it begins in the morning, and can be put ahead."""

    def __init__(self) -> None:
        self._began, self.ahead = datetime.now(UTC), timedelta()

    def __call__(self) -> datetime:
        return MORNING + (datetime.now(UTC) - self._began) + self.ahead


class Town:
    """A running bot with a browser before it."""

    def __init__(self, antenne: Antenne, clock: Clock, address: str, browser: Browser, images: Path) -> None:
        self.antenne, self.clock, self._address, self._browser, self._images = antenne, clock, address, browser, images

    async def tab(
        self, path: str, *, size: tuple[int, int] = (1180, 820), scale: float = 1.0, dark: bool = False, mobile: bool = False
    ) -> Page:
        context = await self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, device_scale_factor=scale, color_scheme="dark" if dark else "light",
            locale="nl-BE", is_mobile=mobile, has_touch=mobile, reduced_motion="reduce",
        )  # fmt: skip
        page = await context.new_page()
        await page.goto(self._address + path)
        return page

    async def later(self, seconds: float) -> None:
        """Put the clock ahead, and let what is then due happen."""
        self.clock.ahead += timedelta(seconds=seconds)
        await self.antenne.work()

    async def keep(self, page: Page, name: str) -> None:
        """Write what the page shows, without a focus ring or a note of the moment."""
        await page.evaluate(
            "() => { document.activeElement.blur(); document.querySelectorAll('.toast').forEach(one => one.remove()); }"
        )
        await self.keep_focus(page, name)

    async def keep_focus(self, page: Page, name: str) -> None:
        await page.wait_for_timeout(400)
        with Image.open(
            io.BytesIO(await page.screenshot())
        ) as shot:  # in 128 colours: a third of the bytes, and it shows nowhere
            shot.convert("RGB").quantize(128).save(self._images / f"{name}.png", optimize=True)


@asynccontextmanager
async def town(images: Path) -> AsyncIterator[Town]:
    """The sample, just started."""
    clock, pictures = Clock(), Pictures()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=SecretStr(f"sqlite:///{folder}/a.db"), secret_key_file=Path(folder) / "secret.key")
        async with running(settings, clock=clock) as antenne, async_playwright() as driver:
            app = make_app(antenne, settings, pictures=pictures, now=clock)
            working = asyncio.create_task(antenne.run())
            async with TestServer(app) as server:
                browser = await driver.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
                yield Town(antenne, clock, f"http://127.0.0.1:{server.port}", browser, images)
                await browser.close()
            working.cancel()
    await pictures.close()


async def paste(page: Page, text: str) -> Locator:
    """Paste a comment, and its card."""
    await page.get_by_label("Plak een reactie").fill(text)
    await page.get_by_role("button", name="Verstuur").click()
    card = page.locator("article", has_text=text).last
    await card.get_by_role("button", name="Negatief").wait_for()
    return card


async def answer(card: Locator, *labels: str) -> None:
    """Answer questions, each once the one before is answered."""
    for label in labels:
        await card.get_by_role("button", name=label, exact=True).click()
        await card.get_by_role("button", name=label, exact=True).wait_for(state="detached")


async def draw(images: Path) -> None:
    """One morning, in the order of the handbook."""
    async with town(images) as here:
        await here.keep(await here.tab("/", size=(1180, 900)), "wie")
        an = await here.tab("/als/an")
        await here.keep(an, "begin")
        angry = await paste(an, ANGRY)
        await here.keep(an, "eerste-vraag")
        await answer(angry, "Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend")
        await angry.locator(".steps").wait_for()
        await an.set_viewport_size({"width": 1180, "height": 1180})
        await angry.evaluate("card => card.scrollIntoView()")
        await here.keep(an, "kaart")
        await an.set_viewport_size({"width": 1180, "height": 820})

        doubt = await paste(an, "Die mensen uit de nieuwe wijk horen hier niet. Dat ze vertrekken!")
        await answer(doubt, "Negatief", "Haat of discriminatie", "Ik twijfel")
        await doubt.locator(".steps").wait_for()
        await here.later(20)
        sofie = await here.tab("/als/sofie/kanaal/communicatie", dark=True)
        await sofie.locator(".tail a").last.click()
        for page, words in ((sofie, "Hadden we dit account al eerder?"), (an, "Nee, dit is de eerste keer.")):
            if page is an:
                await an.locator("article", has_text="nieuwe wijk").locator(".tail a").click()
            await page.get_by_label("Antwoord in deze draad").fill(words)
            await page.locator(".beside").get_by_role("button", name="Verstuur").click()
            await page.locator("#threadlog .words", has_text=words).wait_for()
        await sofie.locator("#threadlog .words", has_text="eerste keer").wait_for()
        await sofie.locator("#threadlog").evaluate("log => log.scrollTo(0, 0)")
        await here.keep(sofie, "leidinggevende")
        await sofie.locator(".beside").get_by_role("button", name="Beslissing").click()
        form = sofie.get_by_role("dialog")
        await form.get_by_label("Wat doen we?").select_option("Tegen onze huisregels")
        await form.get_by_label("Welke huisregel?").select_option("Veralgemenen over een groep")
        await form.get_by_label("Waarom?").fill("Kwetsend voor een hele wijk, maar geen oproep tot geweld.")
        await here.keep_focus(sofie, "beslissing")
        await form.locator(".ends button").click()
        await form.wait_for(state="hidden")

        await here.later(1)
        own = await here.tab("/als/an/gesprek/an")
        card = own.locator("article", has_text="nieuwe wijk")
        await card.get_by_text("Sofie Maes besliste").wait_for()
        await card.evaluate("card => card.scrollIntoView()")
        await here.keep(own, "beslist")
        phone = await here.tab("/als/an/gesprek/an", size=(390, 780), scale=1.5, mobile=True)
        await here.keep(phone, "telefoon")

        karim = await here.tab("/als/karim/gesprek/karim")
        async for _, content in through_chromium((SWIMMING,)):
            shot: FilePayload = {"name": "scherm.png", "mimeType": "image/png", "buffer": content}
            await karim.locator(".middle input[type=file]").set_input_files(shot)
        await karim.get_by_role("button", name="Verstuur").click()
        await karim.get_by_role("heading", name=re.compile("Zaak")).wait_for()
        await karim.wait_for_function("() => [...document.images].every(one => one.complete)")
        await here.keep(karim, "screenshot")


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES))
