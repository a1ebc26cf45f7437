"""One-use addresses: from the button on the card to the page, the covered screenshot and the dossier; on each database, in a browser."""

import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any
from zipfile import ZipFile

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from adapters.dossier import Dossiers, Signer, verify
from adapters.pictures import Pictures
from adapters.web.papers import Papers
from bot import dossier
from bot.work import Work
from tests.adapters.test_dossier import a_case
from tests.journeys.chat import Chat, talking

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def served(chat: Chat, folder: Path) -> AsyncIterator[Client]:
    """The pages as they are reached from outside."""
    pictures = Pictures(tesseract="")
    app = web.Application()
    app.add_routes(
        Papers(chat.antenne, Dossiers(chat.antenne, pictures, Signer.beside(folder / "secret.key")), pictures).routes()
    )
    try:
        async with TestClient(TestServer(app)) as client:
            yield client
    finally:
        await pictures.close()


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    """A bot with a complete case."""
    async with talking(f"sqlite:///{tmp_path}/antenne.db", tmp_path) as opened:
        await a_case(opened)
        yield opened


def path_on(chat: Chat, who: str) -> str:
    """The path of the address that somebody just got."""
    card = chat.person(who).shown[0]
    return "/stuk/" + next(text for title, text in card.copies if title == "Open de bladzijde").rpartition("/")[2]


async def ask(chat: Chat, who: str, **values: str) -> None:
    """Ask for the dossier of case 1 on the card or in the thread."""
    person = chat.person(who)
    await person.press("Bewijsdossier", on="Zaak 1")
    await person.fill(values)


async def test_from_the_button_to_a_covered_dossier(chat: Chat, tmp_path: Path) -> None:
    """What is missing is named; boxes are drawn on a page; the dossier comes once, with a black box, and the timeline says so."""
    an = chat.person("an")
    await ask(chat, "an", receiver="unia", context="no", belgium="yes")
    assert an.note == "Het dossier is nog niet volledig."
    assert [said[:14] for said in an.shown[0].says] == ["• Bevestig dat", "• Kijk na of e"]
    async with served(chat, tmp_path) as client:
        await an.press("Screenshots afschermen")
        path = path_on(chat, "an")
        page = await (await client.get(path)).text()
        assert "Screenshots van zaak 1" in page
        assert (await client.get(f"{path}/beeld/1")).content_type == "image/png"
        assert (await client.get(f"{path}/beeld/2")).status == 404
        boxes = {"boxes.1": "[[500, 0, 500, 1000]]"}
        assert (await client.post(path, data=boxes)).status == 400  # nobody said that they looked
        assert (await client.post(path, data={"boxes.1": "[[0, 0, 2000, 1]]", "seen.1": "on"})).status == 400
        assert "Bewaard." in await (await client.post(path, data=boxes | {"seen.1": "on"})).text()
        assert (await client.post(path, data=boxes | {"seen.1": "on"})).status == 410
        await ask(chat, "an", receiver="unia", context="yes", belgium="yes")
        path = path_on(chat, "an")
        for _ in range(2):  # a chat that looks ahead uses nothing up
            response = await client.get(path)
            assert "voor Unia" in await response.text()
            assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        response = await client.post(path)
        assert (response.status, response.content_type) == (200, "application/zip")
        content = await response.read()
        assert (await client.post(path)).status == 410
        assert (await client.get("/stuk/" + "x" * 32)).status == 410
    (tmp_path / "got.zip").write_bytes(content)
    assert verify(tmp_path / "got.zip").sound
    with ZipFile(io.BytesIO(content)) as file, Image.open(io.BytesIO(file.read("afgeschermd-01.png"))) as picture:
        assert picture.convert("RGB").getpixel((picture.width - 1, 5)) == (0, 0, 0)
        record = json.loads(file.read("zaak.json"))
    assert [row["what"] for row in record["timeline"]][-2:] == ["masked", "dossier_asked"]
    await an.command("zaak 1")
    assert "An Peeters: maakte een bewijsdossier (Unia)" in an.shown[0].text


async def test_who_lost_their_role_gets_nothing(chat: Chat, tmp_path: Path) -> None:
    """The rights of the person it was given to are looked at again when it is used."""
    await ask(chat, "an", receiver="police")
    path = path_on(chat, "an")
    await chat.person("sofie").command("zaken")

    def away(conn: Any) -> None:
        from bot.tables import cases

        conn.execute(cases.update().values(moderator="karim"))

    await chat.antenne.store.write(away)
    async with served(chat, tmp_path) as client:
        assert (await client.post(path)).status == 403


async def test_the_officer_says_why_and_another_moderator_gets_none(chat: Chat) -> None:
    """The data-protection officer's reason stands in the timeline; a moderator of other cases is refused."""
    button = next(item for item in chat.person("an").card.controls if item.label == "Bewijsdossier")
    assert (await chat.driver.press("karim", button)).refused
    heard = await chat.driver.press("hilde", button)
    assert heard.form is not None
    assert [field.name for field in heard.form.fields][-1] == "reason"
    assert (await chat.driver.submit("hilde", heard.form, {"receiver": "police"}, ())).refused
    assert not (await chat.driver.submit("hilde", heard.form, {"receiver": "police", "reason": "Vraag van de GBA"}, ())).refused
    await chat.person("hilde").command("zaak 1")
    assert "Vraag van de GBA" in chat.person("hilde").shown[0].quotes


@pytest.mark.needs("chromium")
async def test_boxes_are_drawn_by_mouse_and_by_keyboard(chat: Chat, tmp_path: Path) -> None:
    """In a browser under its content policy: one box dragged, one added and moved with arrows; both are kept, nothing is refused."""
    from playwright.async_api import async_playwright

    await chat.person("an").press("Bewijsdossier", on="Zaak 1")
    await chat.person("an").fill({"receiver": "unia"})
    await chat.person("an").press("Screenshots afschermen")
    path = path_on(chat, "an")
    async with served(chat, tmp_path) as client, async_playwright() as program:
        chromium = await program.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        page = await chromium.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        await page.goto(f"http://127.0.0.1:{client.port}{path}")
        await page.wait_for_function("document.querySelector('img').naturalWidth > 0")
        where = await page.locator(".sheet").bounding_box()
        assert where is not None
        await page.mouse.move(where["x"] + 10, where["y"] + 10)
        await page.mouse.down()
        await page.mouse.move(where["x"] + 110, where["y"] + 60)
        await page.mouse.up()
        await page.get_by_role("button", name="Vlak toevoegen").press("Enter")
        for key in ("ArrowLeft", "Shift+ArrowDown"):
            await page.keyboard.press(key)
        assert await page.get_by_role("status").inner_text() == "Vlakken: 2"
        await page.get_by_label("Ik heb dit screenshot nagekeken").check()
        await page.get_by_role("button", name="Bewaren").click()
        await page.get_by_text("Bewaard.").wait_for()
        await chromium.close()
    assert not said
    kept = await chat.stored(lambda conn: dossier.shots(Work(conn, chat.antenne.house, chat.now), 1))
    assert kept[0].boxes is not None
    assert kept[0].boxes[1] == (390, 400, 200, 110)
    assert re.fullmatch(r"\d+", str(kept[0].boxes[0][2]))
