"""The pages in a real browser: WCAG 2.2 AA by axe, in light and dark, wide and narrow; keyboard, live pages, no JavaScript."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, FilePayload, Page, Route, expect

from adapters.web.app import make_app
from bot.cards import Card, Quote
from bot.events import Answer, Pasted, Pressed, Replied, Submitted
from bot.presses import Answer as Say
from tests.adapters.web.stand_in import HOSTILE, NOW, Cardboard, Choices, Frames, cardboard

pytestmark = pytest.mark.needs("chromium")
expect.set_options(timeout=120_000)  # milliseconds: a slow machine may do a lot besides

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES: tuple[tuple[Literal["light", "dark"], list[str]], ...] = (
    ("light", RULES),
    ("dark", ["color-contrast", "link-in-text-block"]),
)
PATHS = ("/", "/als/an", "/als/an/gesprek/an", "/als/lies/kanaal/communicatie/draad/3", "/als/bert/gesprek/bert", "/als/niemand")


Chatting = tuple[Cardboard, str, Browser]


@pytest.fixture
async def chatting(tmp_path: Path, chromium: Browser) -> AsyncIterator[Chatting]:
    """A cardboard bot, its address, and a browser."""
    bot = cardboard()
    settings: Any = Choices(tmp_path / "none")
    app = make_app(bot, settings, pictures=Frames(), now=lambda: NOW)
    async with TestServer(app) as server:
        yield bot, f"http://127.0.0.1:{server.port}", chromium
        for context in chromium.contexts:
            await context.close()


async def complaints(page: Page) -> list[str]:
    """What axe has against a page in the light, and against its colours in the dark: nothing else differs there."""
    told = []
    for scheme, rules in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        found = await page.evaluate("rules => axe.run(document, {runOnly: rules})", rules)
        told += [
            f"{scheme}: {one['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
            for one in found["violations"]
            for node in one["nodes"]
        ]
    return told


@pytest.mark.parametrize("width", [1280, 390])
async def test_axe_has_nothing_against_the_pages(chatting: Chatting, width: int) -> None:
    """Every main page, the open form and an answer only for you: no violation, nothing wider than the window."""
    _, address, browser = chatting
    context = await browser.new_context(viewport={"width": width, "height": 844}, reduced_motion="reduce", bypass_csp=True)
    await context.add_init_script(AXE)
    page = await context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    for path in PATHS:
        await page.goto(address + path)
        assert not await complaints(page), path
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        small = await page.evaluate(
            """() => [...document.querySelectorAll('button,select,summary,input:not([type=hidden]),nav a,.tail a')]
            .filter(e => e.checkVisibility() && !e.closest('.attach'))
            .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, box]) => box.height < 24 || box.width < 24).map(([html]) => html)"""
        )
        assert not small, path
    await page.goto(f"{address}/als/an")
    await page.get_by_role("button", name="Nieuwe zaak").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert not await complaints(page)
    await page.keyboard.press("Escape")
    await page.get_by_label("Plak een reactie").fill("/moderate hulp")
    await page.get_by_role("button", name="Verstuur").click()
    await expect(page.get_by_text("Alleen jij ziet dit")).to_be_visible()
    assert not await complaints(page)
    assert not broken


async def test_the_keyboard_alone_does_the_job(chatting: Chatting) -> None:
    """Skip link, paste with Enter, tick with the space bar: the focus stays where the work is, and a form gives it back."""
    bot, address, browser = chatting
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.goto(f"{address}/als/an/gesprek/an")
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Naar het gesprek")).to_be_focused()
    tick = page.get_by_role("checkbox", name="Bel eerst 101")
    await tick.focus()
    await page.keyboard.press("Space")
    await expect(tick).to_be_checked()
    await expect(tick).to_be_focused()
    menu = page.get_by_label("Meer bij deze stap: Verberg")
    await menu.focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Andere reden").press("Enter")
    reason = page.get_by_role("dialog").get_by_label("Reden")
    await expect(reason).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    box = page.get_by_label("Plak een reactie")
    await box.fill("eerste regel")
    await box.press("Shift+Enter")
    await box.type("tweede")
    await box.press("Enter")
    await expect(page.locator(".words", has_text="tweede")).to_be_visible()
    pasted = [event for event in bot.came if isinstance(event, Pasted)]
    assert [event.text.replace("\r\n", "\n") for event in pasted] == ["eerste regel\ntweede"]
    await expect(page.get_by_role("heading", name="Zaak 12").last).to_be_focused()
    await page.keyboard.press("Control+4")
    async with page.expect_response("**/druk"):
        await page.keyboard.press("4")
    pressed = [event.press for event in bot.came if isinstance(event, Pressed)]
    assert pressed[-1:] == [Say(case=12, walk=0, step=0, choice="negatief")]
    await box.press("4")
    await expect(box).to_have_value("4")
    assert len([event for event in bot.came if isinstance(event, Pressed)]) == len(pressed)


async def test_a_newcomer_has_something_to_try(chatting: Chatting) -> None:
    """Who has no message yet reads what to do and takes an example into the box; it is gone once there is a case."""
    _, address, browser = chatting
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.goto(f"{address}/als/bert/gesprek/bert")
    example = page.get_by_role("button", name="Wanneer komt de vuilkar?")
    await example.click()
    await expect(page.get_by_label("Plak een reactie")).to_have_value(await example.inner_text())
    await expect(page.get_by_label("Plak een reactie")).to_be_focused()
    await page.goto(f"{address}/als/an/gesprek/an")
    await expect(page.locator("#m1")).to_be_visible()
    assert not await page.locator(".begin").count()


async def test_what_takes_long_says_so_and_covers_nothing(chatting: Chatting) -> None:
    """While a screenshot is read there is a line and a ring; a refusal stands above the box, however many files are listed."""
    _, address, browser = chatting
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.goto(f"{address}/als/an/gesprek/an")
    answered = asyncio.Event()

    async def late(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await page.route("**/schrijf", late)
    files: list[FilePayload] = [{"name": f"{at}.png", "mimeType": "image/png", "buffer": b"<svg"} for at in range(10)]
    await page.locator(".middle input[type=file]").set_input_files(files)
    await page.get_by_role("button", name="Verstuur").click()
    await expect(page.locator(".composer .reading")).to_have_text("Even geduld, de screenshot wordt gelezen…")
    await expect(page.locator(".send.pressed")).to_be_visible()
    await expect(page.locator("#announce")).to_have_text("Even geduld, de screenshot wordt gelezen…")
    answered.set()
    toast, box = page.locator(".toast.refused"), page.locator(".middle .composer")
    await expect(toast).to_be_visible()
    await expect(page.locator(".reading, .pressed")).to_have_count(0)
    above, below = await toast.bounding_box(), await box.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]
    await page.locator(".middle input[type=file]").set_input_files([])
    await page.get_by_label("Plak een reactie").fill("Nu zonder beeld")
    await page.get_by_role("button", name="Verstuur").click()
    await expect(page.locator(".words", has_text="Nu zonder beeld")).to_be_visible()
    await expect(toast).to_have_count(0)  # what was refused is past


async def test_the_box_is_small_again_and_a_menu_is_seen_whole(chatting: Chatting) -> None:
    """After a long comment the box is as it was; a menu that opens at the lower edge comes into sight above it."""
    _, address, browser = chatting
    page = await browser.new_page(viewport={"width": 1280, "height": 700})
    await page.goto(f"{address}/als/an/gesprek/an")
    box = page.get_by_label("Plak een reactie")
    before = await box.bounding_box()
    await box.fill("een lange reactie\n" * 8)
    await page.get_by_role("button", name="Verstuur").click()
    await expect(box).to_have_value("")
    after = await box.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] == before["height"]
    menu = page.get_by_label("Meer bij deze stap: Verwijder")
    await menu.evaluate("one => { const log = one.closest('.scroll'); log.scrollTop += one.getBoundingClientRect().top - 480; }")
    await menu.click()
    opened = await page.locator("details.more[open] .menu").bounding_box()
    assert opened is not None
    assert opened["y"] + opened["height"] <= after["y"]


async def test_a_form_is_a_dialog_and_keeps_what_was_typed(chatting: Chatting) -> None:
    """A refused form stays open with its words and says why; sent well, it closes with a note."""
    bot, address, browser = chatting
    page = await browser.new_page()
    await page.goto(f"{address}/als/an")
    await page.get_by_role("button", name="Nieuwe zaak").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Waar staat ze?").evaluate("select => select.remove()")
    await dialog.get_by_role("button", name="Begin").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Geef een tekst of een afbeelding.")
    await dialog.get_by_label("Tekst van de reactie").fill("Nu wel")
    picture: FilePayload = {"name": "scherm.png", "mimeType": "image/png", "buffer": b"PNG"}
    await dialog.get_by_label("Schermafbeeldingen").set_input_files([picture, picture])
    await dialog.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("status").filter(has_text="Bewaard.")).to_be_visible()
    await expect(dialog).to_be_hidden()
    event = bot.came[-1]
    assert isinstance(event, Submitted)
    assert len(event.images) == 2


async def test_two_tabs_are_two_people_and_one_stream(chatting: Chatting) -> None:
    """What one writes in a thread stands with the other at once; eight tabs share one stream."""
    _, address, browser = chatting
    context = await browser.new_context()
    streams: list[str] = []
    context.on("request", lambda request: streams.append(request.url) if request.url.endswith("/live") else None)
    tabs = [await context.new_page() for _ in range(8)]
    for tab in tabs:
        await tab.goto(f"{address}/als/lies/kanaal/communicatie/draad/3")
    an = tabs[0]
    await an.goto(f"{address}/als/an/kanaal/communicatie/draad/3")
    await an.get_by_label("Antwoord in deze draad").fill("Ja, van 10:12.")
    await an.get_by_role("button", name="Verstuur").click()
    for tab in tabs:
        await expect(tab.locator("#threadlog .words", has_text="Ja, van 10:12.")).to_have_count(1)
    assert len(streams) <= 3  # the first tab's, and who took over when it went to another page


async def test_nothing_said_becomes_a_script(chatting: Chatting) -> None:
    """Hostile words in every place run nothing, and load nothing."""
    bot, address, browser = chatting
    page = await browser.new_page()
    asked: list[str] = []
    alarms: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: alarms.append(dialog.message))
    bot._say("local:an", Card("Zaak 20", (Quote(HOSTILE, HOSTILE),)))
    await page.goto(f"{address}/als/an/gesprek/an")
    await page.get_by_label("Plak een reactie").fill(HOSTILE)
    await page.get_by_role("button", name="Verstuur").click()
    await expect(page.locator(".words", has_text="norts")).to_have_count(2)
    assert not alarms
    assert {url.split("/")[2] for url in asked} == {address.split("/")[2]}


async def test_everything_works_without_javascript(chatting: Chatting) -> None:
    """Paste, tick, choose in a list, waive with a typed reason, reply: all by plain forms."""
    bot, address, browser = chatting
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{address}/als/an")
    await page.get_by_label("Plak een reactie").fill("Zonder script")
    await page.get_by_role("button", name="Verstuur").click()
    await expect(page.locator(".words", has_text="Zonder script")).to_be_visible()
    await page.get_by_role("checkbox", name="Bel eerst 101").click()
    await expect(page.get_by_role("checkbox", name="Bel eerst 101")).to_be_checked()
    await page.get_by_label("Dienst").select_option("Geen")
    await page.locator("#m1 .selectrow button").first.click()
    await page.get_by_label("Meer bij deze stap: Verberg").click()
    await page.get_by_role("button", name="Andere reden").first.click()
    await page.get_by_label("Reden").fill("staat er niet meer")
    await page.get_by_role("button", name="Bewaar").click()
    await expect(page.get_by_text("Bewaard.")).to_be_visible()
    await page.goto(f"{address}/als/an/kanaal/communicatie/draad/3")
    await page.get_by_label("Antwoord in deze draad").fill("Gezien.")
    await page.get_by_role("button", name="Verstuur").click()
    await expect(page.locator("#threadlog .words", has_text="Gezien.")).to_be_visible()
    assert [type(event) for event in bot.came] == [Pasted, Pressed, Pressed, Pressed, Submitted, Replied]


async def test_no_click_is_lost_when_the_card_changes_under_it(chatting: Chatting) -> None:
    """A card that changes between the pressing and the letting go of a button changes after it: the click counts."""
    bot, address, browser = chatting
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.goto(f"{address}/als/an/gesprek/an")
    arrived, pressed = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        arrived.set()
        await pressed.wait()
        await route.continue_()

    await page.route("**/gesprek/an", late, times=1)  # the page looks again, and gets its answer after the button goes down
    bot.shown["local:an"][1] = replace(bot.shown["local:an"][1], version=2)
    bot._say("local:an", Card("Zaak 20", (Quote("Nog een reactie"),)))
    await bot.wakeups.poke("live")
    await arrived.wait()
    await page.get_by_role("button", name="Neutraal").hover()
    await page.mouse.down()
    async with page.expect_response("**/gesprek/an") as looked:
        pressed.set()
    await (await looked.value).finished()
    await page.evaluate("() => new Promise(requestAnimationFrame)")
    await expect(page.locator("#m2")).to_have_attribute("data-version", "1")
    await page.mouse.up()
    await expect(page.get_by_role("status").filter(has_text="Goed.")).to_be_visible()
    await expect(page.locator("#m2")).to_have_attribute("data-version", "2")
    await expect(page.get_by_text("Nog een reactie")).to_be_visible()
    assert [event.kind for event in bot.came] == ["pressed"]


async def test_screenshots_are_pasted_and_dropped(chatting: Chatting) -> None:
    """A screenshot from the clipboard and one that is dropped are listed, can be taken out, and are sent with the text."""
    bot, address, browser = chatting
    page = await browser.new_page()
    await page.goto(f"{address}/als/an/gesprek/an")
    await page.evaluate(
        """() => {
          const give = (kind, name) => {
            const data = new DataTransfer();
            data.items.add(new File(["PNG"], name, {type: "image/png"}));
            const event = kind === "paste" ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})
              : new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
            document.querySelector("main textarea").dispatchEvent(event);
          };
          give("paste", "klembord.png"); give("drop", "gesleept.png"); give("drop", "teveel.png");
        }"""
    )
    await page.get_by_role("button", name="Haal weg: teveel.png").click()
    await expect(page.get_by_text("klembord.png")).to_be_visible()
    await page.get_by_role("button", name="Verstuur").click()
    await expect(page.get_by_text("klembord.png")).to_have_count(0)
    event = bot.came[0]
    assert isinstance(event, Pasted)
    assert len(event.images) == 2


async def test_a_note_outlives_the_way_to_the_conversation(chatting: Chatting) -> None:
    """What the bot says to a paste on the first page is read on the page that follows."""
    bot, address, browser = chatting
    page = await browser.new_page()
    await page.goto(f"{address}/als/an")
    bot.answer = Answer(note="Let op: zaak 7 gaat hierover.", card=bot.shown["local:an"][1].card, case=12)
    await page.get_by_label("Plak een reactie").fill("Alweer")
    await page.get_by_role("button", name="Verstuur").click()
    await page.wait_for_url("**/gesprek/an")
    await expect(page.get_by_role("status").filter(has_text="Let op: zaak 7 gaat hierover.")).to_be_visible()
    assert not await page.locator("#private form").count()


async def test_somebody_wrote_in_a_thread_that_is_out_of_sight(chatting: Chatting) -> None:
    """The page says so once, with the way to the thread; nothing scrolls the page away."""
    bot, address, browser = chatting
    page = await browser.new_page()
    await page.goto(f"{address}/als/an/gesprek/an")
    await expect(page.locator("#m2")).to_be_visible()
    for words in ("Welke paal?", "En wanneer?"):
        bot._say("local:an", Card("", (Quote(words, "Lies De Smet"),)), 1)
        await bot.wakeups.poke("live")
        await expect(page.locator("#m1 .tail")).to_contain_text("1 antwoord" if words == "Welke paal?" else "2 antwoorden")
    await expect(page.locator("#notes a")).to_have_text("2 antwoorden")
    await page.locator("#notes a").click()
    await expect(page.locator("#threadlog .words", has_text="En wanneer?")).to_be_visible()
    assert await page.evaluate("document.scrollingElement.scrollTop + document.body.scrollTop") == 0
