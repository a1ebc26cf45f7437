"""Draws the handbook's pictures of the FAQ, signals and weekly digests, from the web chat itself: `python -m tests.pictures.listening`."""

import asyncio
import random
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import which

from playwright.async_api import Page, async_playwright
from sqlalchemy import Connection, insert

from adapters.web.render import conversation_path
from bot import topics
from bot.antenne import Antenne
from bot.tables import signals, versions
from bot.work import Work
from tests.journeys.browser import BrowserDriver, browsing
from tests.journeys.chat import Chat

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
SPOKEN_OF = ("vuilkar", "pmd", "gft", "grofvuil", "snoeihout", "sluikstort", "bomen", "compost")
SAID = {
    "question": (
        "Wanneer komt de vuilkar deze week?",
        "Is er volgende maandag ophaling?",
        "Waarom stond de vuilkar er niet?",
        "Mogen de zakken al zondagavond buiten?",
        "Op welke dag komen ze nu?",
    ),
    "complaint": ("Onze zakken staan er nog altijd.", "De vuilkar reed ons straatje weer voorbij.", "Weer niets opgehaald!"),
    "praise": ("Proper park, bedankt aan de groendienst!", "Fijn dat de bladkorven er zo vroeg stonden."),
    "misinformation": ("De vuilkar komt vanaf nu nog maar één keer per maand.",),
}


def nine_weeks(conn: Connection, antenne: Antenne) -> None:
    """Signals of the weeks before: some topics as always, and one that rises in the last week."""
    work, dice = Work(conn, antenne.house, MONDAY), random.Random(47)
    conn.execute(versions.update().values(at=MONDAY - timedelta(days=5)))  # so that this is its first digest, and none was missed
    topics.plant(work)
    rows: list[dict[str, object]] = []
    for topic in [one for one in topics.known(work).of("milieu") if one.name in SPOKEN_OF]:
        for back in range(10, 0, -1):
            usual = {"vuilkar": 3, "pmd": 2}.get(topic.name, 1)
            for _ in range(dice.randint(0, usual) + (15 if topic.name == "vuilkar" and back == 1 else 0)):
                kind = dice.choice(("question",) * 8 + ("complaint",) * 5 + ("praise", "misinformation"))
                at = MONDAY - timedelta(weeks=back) + timedelta(hours=dice.randint(1, 120))
                rows.append({
                    "case_id": None, "at": at, "week": antenne.organisation.calendar.iso_week(at), "department": "milieu",
                    "topic_id": topic.id, "kind": kind, "sentiment": "neutral", "place": "own", "platform": "facebook",
                    "ground": "", "comes_back": False, "answered": kind == "question" and dice.random() < 0.4,
                    "text": SAID[kind][len(rows) % len(SAID[kind])], "by": "an",
                })  # fmt: skip
    conn.execute(insert(signals), rows)


async def draw(chat: Chat) -> None:
    """Act as people do, and keep what they see."""
    driver, joris, an = chat.driver, chat.person("joris"), chat.person("an")
    assert isinstance(driver, BrowserDriver)
    await chat.antenne.store.write(partial(nine_weeks, antenne=chat.antenne))
    await chat.pass_time(hours=1)
    for person in ("an", "joris"):
        await (await driver._tab(person)).set_viewport_size({"width": 1280, "height": 3000})
    await an.command("faq mag da keukenafval in den groenbak")
    await keep(await driver._front("an"), "#private form.card", "faq-zoeken")
    await joris.command("faq waar is de kwakkelhut")
    await joris.command("faq gaten")
    await joris.press("Woord toevoegen")
    tab = await driver._front("joris")
    await tab.locator("[name='v.known']").fill("recyclagepark")
    await keep(tab, "dialog[open] form.form", "faq-woord")
    await joris.fill({"known": "recyclagepark"})
    await an.command("signaal milieu: de vuilkar kwam weer niet in de Kerkstraat 12, bel mij op 0470 12 34 56")
    await keep(await driver._front("an"), "dialog[open] form.form", "signaal")
    await an.fill({})
    await joris.command("onderwerpen")
    await joris.press("vuilkar")
    await keep(await driver._front("joris"), "#private form.card", "onderwerp")
    tab = await driver._front("joris")
    await tab.goto(driver._address + conversation_path("joris", "#milieu"))
    digest = "article.message:has-text('Weekoverzicht') form.card"
    await keep(tab, digest, "weekoverzicht")
    await tab.emulate_media(color_scheme="dark")
    await tab.set_viewport_size({"width": 390, "height": 1150})
    await tab.reload()
    await tab.evaluate("document.querySelector('article.message').scrollIntoView()")
    await drawn(tab)
    await tab.screenshot(path=IMAGES / "weekoverzicht-telefoon.png")


async def drawn(tab: Page) -> None:
    """Until every chart is there."""
    await tab.evaluate("Promise.all([...document.images].map(one => (one.loading = 'eager', one.decode())))")


async def keep(tab: Page, what: str, name: str) -> None:
    """One picture of an element."""
    await tab.locator(what).last.scroll_into_view_if_needed()
    await drawn(tab)
    await tab.locator(what).last.screenshot(path=IMAGES / f"{name}.png", style="#toasts { display: none }")


async def main() -> None:
    """Write the pictures anew."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            async with browsing(f"sqlite:///{folder}/a.db", folder, browser, at=MONDAY) as chat:
                await draw(chat)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
