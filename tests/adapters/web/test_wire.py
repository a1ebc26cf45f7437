"""The web chat on the wire: who may talk to it, what a form becomes, what comes back."""

import asyncio
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, FormData, web
from aiohttp.test_utils import TestClient, TestServer

from adapters.web.app import Shelf, Told, make_app, make_public_app, serve
from adapters.web.guard import is_loopback
from bot.cards import Card, Quote
from bot.events import Answer, Commanded, Pasted, Pressed, Replied, Submitted
from bot.ports import StoreUnavailable
from bot.presses import Start, Tick, pack
from tests.adapters.web.conftest import Browser
from tests.adapters.web.stand_in import HOSTILE, NOW, Cardboard, Choices, Frames
from tests.adapters.web.test_render import Page

HOME, OWN, TEAM = "/als/an", "/als/an/gesprek/an", "/als/an/kanaal/communicatie"


async def pasting(browser: Browser, text: str = "Wanneer komt de vuilkar?") -> dict[str, str]:
    """What the text box sends."""
    return {**await browser.hidden(OWN, "/als/an/schrijf"), "text": text}


def multipart(fields: dict[str, str], *pictures: bytes) -> FormData:
    """A form with pictures, as a browser sends it."""
    form = FormData(default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    for content in pictures:
        form.add_field("pictures", content, filename="scherm.png", content_type="image/png")
    return form


# Who may talk


async def test_every_page_answers(browser: Browser) -> None:
    """The first page, the overview, direct messages, a channel and its thread."""
    for path in ("/", HOME, OWN, TEAM, f"{TEAM}/draad/3", "/healthz"):
        assert (await browser.get(path)).status == 200, path


@pytest.mark.parametrize(
    "host",
    ["antenne.example", "127.0.0.1.example", "127.0.0.1:1", "", "localhost", "[::1", "10.0.0.4:{port}", "127.0.0.1:{port},x"],
)
async def test_another_name_is_refused(browser: Browser, host: str) -> None:
    """A page elsewhere that points its own name here (DNS rebinding) gets nothing."""
    response = await browser.get(HOME, Host=host.format(port=browser.client.port))
    assert response.status in (400, 421)
    assert "Torenbeek" not in await response.text()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "127.8.4.2"])
async def test_this_machine_has_several_names(browser: Browser, name: str) -> None:
    """Whoever types localhost is here too."""
    assert (await browser.get(HOME, Host=f"{name}:{browser.client.port}")).status == 200


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_no_proxy_brings_strangers(browser: Browser, name: str) -> None:
    """A request that a proxy passed on is not this machine's own."""
    assert (await browser.get(HOME, **{name: "127.0.0.1"})).status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://kwaad.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
async def test_forms_come_from_our_pages(browser: Browser, headers: dict[str, str], status: int) -> None:
    """A form is taken only from a page of ours; a plain form of ours says "null", and the browser vouches for it."""
    response = await browser.send("/als/an/schrijf", await pasting(browser), Accept="application/json", **headers)
    assert response.status == status
    assert len(browser.bot.came) == (status == 200)


async def test_a_form_without_origin_is_refused(browser: Browser) -> None:
    """What says nothing of where it comes from is not a browser on our page."""
    fields = await pasting(browser)
    response = await browser.client.post("/als/an/schrijf", data=fields, allow_redirects=False)
    assert response.status == 403


@pytest.mark.parametrize("path", [OWN, "/live"])
async def test_other_pages_cannot_read(browser: Browser, path: str) -> None:
    """A page elsewhere may link here, but not fetch."""
    fetched = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    assert (await browser.get(path, **fetched)).status == 403
    assert (await browser.get(OWN, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})).status == 200


@pytest.mark.parametrize("token", [None, "", "0" * 40, "é"])
async def test_forms_carry_our_token(browser: Browser, token: str | None) -> None:
    """Without the token of this browser nothing happens."""
    fields = await pasting(browser)
    fields.pop("csrf")
    if token is not None:
        fields["csrf"] = token
    assert (await browser.send("/als/an/schrijf", fields)).status == 403
    assert not browser.bot.came


async def test_a_token_is_of_one_browser(browser: Browser) -> None:
    """A token that somebody got elsewhere is worth nothing in this browser."""
    fields = await pasting(browser)
    browser.client.session.cookie_jar.clear()
    await browser.page(HOME)
    assert (await browser.send("/als/an/schrijf", fields)).status == 403


async def test_a_token_outlives_a_restart(tmp_path: Path) -> None:
    """Who was typing while the bot was started again can still send."""
    (tmp_path / "key").write_bytes(b"key")
    settings: Any = Choices(tmp_path / "key")
    tokens = set()
    for _ in range(2):
        bot: Any = Cardboard()
        async with TestClient(TestServer(make_app(bot, settings))) as client:
            page = await (await client.get(HOME, headers={"Cookie": f"antenne={'a' * 32}"})).text()
            found = re.search(r'name="csrf" value="(\w+)"', page)
            assert found
            tokens.add(found.group(1))
    assert len(tokens) == 1


async def test_headers_and_cookie(browser: Browser) -> None:
    """Every answer forbids foreign content, framing, sniffing, caching and referrers; the cookie is strict and hidden."""
    for path in ("/", OWN, "/vorm/chat.js", "/als/niemand", "/live?x"):
        response = await browser.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Server" not in response.headers
        response.close()
    browser.client.session.cookie_jar.clear()
    cookie = (await browser.get(HOME)).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


async def test_pages_hold_nothing_inline_or_foreign(browser: Browser) -> None:
    """No script, style or handler stands in a page, and nothing is loaded from elsewhere."""
    for path in ("/", HOME, OWN, f"{TEAM}/draad/3"):
        page = await browser.page(path)
        for tag, attributes in Page(page).elements:
            assert tag not in ("style", "iframe", "base", "object")
            assert tag != "script" or str(attributes["src"]).startswith("/vorm/")
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            for name in ("src", "href", "action"):
                assert re.match(r"/(?!/)|#|$", str(attributes.get(name) or ""))
        assert len(page) < 100_000


@pytest.mark.parametrize(
    "path",
    [
        "/als/niemand", "/als/AN", "/als/an/gesprek/bert", "/als/bert/kanaal/communicatie", "/als/an/gesprek/an/draad/99",
        "/vorm/app.py", "/vorm/..%2Fapp.py", "/als/an/beeld/8", "/als/bert/beeld/7",
    ],
)  # fmt: skip
async def test_what_is_not_yours_is_not_there(browser: Browser, path: str) -> None:
    """Another's conversation, an unknown person, message, picture or file: a page that says so."""
    response = await browser.get(path)
    assert response.status == 404
    assert "<h1>" in await response.text()


# What a form becomes


async def test_a_paste_without_javascript(browser: Browser) -> None:
    """Post, redirect, get: the comment is handed on as it was typed, and the page that follows shows its card."""
    response = await browser.send("/als/an/schrijf", await pasting(browser, "Eerste regel\r\n<b>tweede</b>"))
    assert response.status == 303
    event = browser.bot.came[0]
    assert isinstance(event, Pasted)
    assert event.actor.address == "an"
    assert event.text == "Eerste regel\r\n<b>tweede</b>"
    page = await browser.page(response.headers["Location"].partition("#")[0])
    assert "&lt;b&gt;tweede&lt;/b&gt;" in page


async def test_the_same_form_twice_is_one_event(browser: Browser) -> None:
    """A double click sends one event id; a new page with the same words sends another; so do new words on the old page."""
    fields = await pasting(browser)
    for _ in range(2):
        await browser.send("/als/an/schrijf", fields)
    await browser.send("/als/an/schrijf", await pasting(browser))
    await browser.send("/als/an/schrijf", fields | {"text": "iets anders"})
    ids = [event.id for event in browser.bot.came]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("typed", "command"), [("/moderate zaken", "zaken"), ("/moderate", ""), ("  /moderate  faq vuilkar ", "faq vuilkar")]
)
async def test_a_command(browser: Browser, typed: str, command: str) -> None:
    """What begins with /moderate is a command; the cards that it shows are for this person only."""
    answer = await browser.ask("/als/an/schrijf", await pasting(browser, typed))
    event = browser.bot.came[0]
    assert isinstance(event, Commanded)
    assert event.text == command
    assert "Alleen jij ziet dit" in answer["private"]
    response = await browser.send("/als/an/schrijf", await pasting(browser, typed))
    assert "/moderate zaken" in await browser.page(response.headers["Location"].partition("#")[0])


async def test_a_comment_behind_the_command_stands_once(browser: Browser) -> None:
    """Its card comes in one's own conversation; nothing beside it shows the same case again."""
    browser.bot.answer = Answer(note="Let op: zaak 7 gaat hierover.", card=Card("Zaak 13", (Quote("Schande!"),)), case=13)
    answer = await browser.ask("/als/an/schrijf", await pasting(browser, "/moderate Schande!"))
    assert isinstance(browser.bot.came[0], Commanded)
    assert answer == {"note": "Let op: zaak 7 gaat hierover.", "refused": False, "back": OWN}


async def test_a_press_replaces_the_card(browser: Browser) -> None:
    """A tick says its press; the answer is the card of that message, and the page shows it too."""
    fields = await browser.hidden(OWN, "/als/an/druk")
    assert fields["message"] == "1"
    press = pack(Tick(case=11, item="a"))
    answer = await browser.ask("/als/an/druk", fields | {"press": press})
    event = browser.bot.came[0]
    assert isinstance(event, Pressed)
    assert event.press == Tick(case=11, item="a")
    assert answer["card"].count('aria-checked="true"') == 2
    response = await browser.send("/als/an/druk", fields | {"press": press, "nonce": "other"})
    assert response.headers["Location"].endswith("#m1")


async def test_a_select_without_javascript(browser: Browser) -> None:
    """The button beside a list says the press of the chosen option; without a choice it says what is missing."""
    fields = await browser.hidden(OWN, "/als/an/druk")
    chosen = pack(Tick(case=11, item="c"))
    await browser.ask("/als/an/druk", fields | {"press": "select:k1-5", "k1-5": chosen})
    assert isinstance(browser.bot.came[0], Pressed)
    answer = await browser.ask("/als/an/druk", fields | {"press": "select:k1-5", "k1-5": ""})
    assert answer["refused"]
    assert len(browser.bot.came) == 1


@pytest.mark.parametrize("press", ["", "{}", '{"do":"rm"}', '{"do":"tick","case":-1,"item":"a"}', "\udcff", "x" * 5000])
async def test_a_press_that_is_none_of_ours(browser: Browser, press: str) -> None:
    """Whatever else comes back is refused with a sentence."""
    fields = await browser.hidden(OWN, "/als/an/druk")
    data = multipart(fields | {"press": press.encode("utf-8", "replace").decode()})
    response = await browser.send("/als/an/druk", data, Accept="application/json")
    assert response.status == 400
    assert (await response.json())["refused"]
    assert not browser.bot.came


async def test_a_form_without_javascript(browser: Browser) -> None:
    """A button that asks something leads to a page with the form; a refused form comes back with what was typed."""
    fields = await browser.hidden(HOME, "/als/an/druk")
    response = await browser.send("/als/an/druk", fields | {"press": pack(Start())})
    where = response.headers["Location"]
    assert where.startswith("/als/an/formulier/")
    form = await browser.hidden(where, "/als/an/formulier")
    refused = await browser.send("/als/an/formulier", multipart(form | {"v.text": "", "v.link": "", "v.place": ""}))
    assert "Geef een tekst" in await browser.page(refused.headers["Location"])
    done = await browser.send("/als/an/formulier", multipart(form | {"v.text": "Hallo", "v.place": "own"}, b"PNG"))
    assert done.headers["Location"].startswith("/als/an?gezegd=")
    event = browser.bot.came[-1]
    assert isinstance(event, Submitted)
    assert event.values == {"text": "Hallo", "place": "own"}
    assert len(event.images) == 1
    assert browser.bot.pictures == [b"PNG"]
    assert "Bewaard." in await browser.page(done.headers["Location"].partition("#")[0])


async def test_refused_words_are_kept(browser: Browser) -> None:
    """What was typed into a refused form or text box stands there again."""
    browser.bot.answer = Answer(note="Dat kan nu niet.", refused=True)
    response = await browser.send("/als/an/schrijf", await pasting(browser, "mijn <lange> tekst"))
    page = await browser.page(response.headers["Location"].partition("#")[0])
    assert "mijn &lt;lange&gt; tekst</textarea>" in page
    assert re.search(r'role="alert" id="alerts"><p class="toast refused">Dat kan nu niet\.', page)


async def test_a_reply_in_a_thread(browser: Browser) -> None:
    """A line in a thread is a reply to its first message, and stands there for who looks."""
    path = f"{TEAM}/draad/3"
    fields = await browser.hidden(path, "/als/an/antwoord")
    await browser.send("/als/an/antwoord", fields | {"text": HOSTILE})
    event = browser.bot.came[0]
    assert isinstance(event, Replied)
    assert (event.conversation, event.remote) == ("local:#communicatie", "3")
    page = await browser.page(path)
    assert page.count("&lt;script&gt;") == 2
    response = await browser.send("/als/bert/antwoord", fields | {"text": "stiekem"})
    assert response.status == 404


async def test_an_answer_shows_at_once(browser: Browser) -> None:
    """The card of an answer stands in its message even when the senders are slow."""
    fields = await browser.hidden(OWN, "/als/an/druk")
    browser.bot.answer = Answer(card=Card("Zaak 11 is gesloten", (Quote("woord"),)), case=11)
    response = await browser.send("/als/an/druk", fields | {"press": pack(Start())})
    assert "Zaak 11 is gesloten" in await browser.page(response.headers["Location"].partition("#")[0])
    assert "Zaak 11 is gesloten" not in await browser.page(OWN)


@pytest.mark.parametrize(
    "back", ["https://kwaad.example", "//kwaad.example", "/als/bert", "/als/an/../bert", "/als/an/gesprek/x?y", "/als/an\r\nX: y"]
)
async def test_nobody_is_sent_elsewhere(browser: Browser, back: str) -> None:
    """The page to come back to is one of this person's own."""
    fields = await browser.hidden(OWN, "/als/an/druk")
    data = multipart(fields | {"back": back.replace("\r\n", " "), "press": pack(Tick(case=11, item="a"))})
    response = await browser.send("/als/an/druk", data)
    assert response.status == 303
    assert re.fullmatch(r"/als/an(\?gezegd=[\w-]+)?#m1", response.headers["Location"])


# Limits


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_pictures_within_limits(browser: Browser) -> None:
    """Ten pictures of at most 10 MB; more is refused in words, and then none is kept."""
    fields = await pasting(browser, "")
    assert (await browser.send("/als/an/schrijf", multipart(fields, *[b"x"] * 10))).status == 303
    assert len(browser.bot.pictures) == 10
    for pictures in ([b"x"] * 11, [b"x" * 10_000_001]):
        response = await browser.send("/als/an/schrijf", multipart(fields, *pictures), Accept="application/json")
        assert response.status == 413
        assert "Er is niets verstuurd" in (await response.json())["note"]
    assert len(browser.bot.pictures) == 10


async def test_a_strangers_pictures_are_not_read(browser: Browser) -> None:
    """A picture that comes before a good token ends the request."""
    form = FormData(default_to_multipart=True)
    form.add_field("pictures", b"x" * 1000, filename="a.png")
    form.add_field("csrf", "0")
    assert (await browser.send("/als/an/schrijf", form)).status == 403


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_large_paste(browser: Browser) -> None:
    """200,000 characters of any alphabet pass; a body of megabytes does not."""
    fields = await pasting(browser)
    for data in (fields | {"text": "é" * 200_000}, multipart(fields | {"text": "ß" * 200_000})):
        assert (await browser.send("/als/an/schrijf", data)).status == 303
    for data in (fields | {"text": "x" * 5_000_000}, multipart(fields | {"text": "x" * 5_000_000})):
        assert (await browser.send("/als/an/schrijf", data)).status == 413


async def test_a_body_of_another_kind(browser: Browser) -> None:
    """JSON, plain text and broken parts are no form."""
    for content, kind in (
        (b"{}", "application/json"),
        (b"csrf=1", "text/plain"),
        (b"--x", "multipart/form-data"),
        (b"--y\r\n\r\n", "multipart/form-data; boundary=x"),
    ):
        response = await browser.client.post(
            "/als/an/schrijf", data=content, headers={"Origin": browser.origin, "Content-Type": kind}
        )
        assert response.status in (400, 403, 415), kind


async def test_odd_characters_pass(browser: Browser) -> None:
    """NUL, bidi marks and broken UTF-8 reach the bot or are replaced; the page stays a page."""
    fields = await pasting(browser, "a\x00b\u202ec")
    assert (await browser.send("/als/an/schrijf", multipart(fields))).status == 303
    browser.bot.shown["local:an"][0] = browser.bot.shown["local:an"][0].__class__(
        1, None, Card("x", (Quote("\ud800 \x07"),)), NOW, 9
    )
    assert "\x07" not in await browser.page(OWN)


# Pictures, live pages, trouble


async def test_a_picture_is_drawn_anew(browser: Browser) -> None:
    """What is shown is a new picture, in a sandbox of its own; the stored bytes are never sent."""
    response = await browser.get("/als/an/beeld/7")
    assert response.content_type == "image/png"
    content = await response.read()
    assert content.startswith(b"\x89PNG")
    assert b"stored" not in content


async def test_a_picture_that_is_none(browser: Browser) -> None:
    """What is no picture is refused in words and nothing is kept; where no text can be read the person hears what is missing."""
    fields = await pasting(browser, "tekst")
    answer = await browser.ask("/als/an/schrijf", multipart(fields, b"PNG", b"<svg onload=x>"))
    assert answer["refused"]
    assert answer["note"]
    assert not browser.bot.pictures
    assert not browser.bot.came
    answer = await browser.ask("/als/an/schrijf", multipart(fields, b"PNG"))
    assert "tesseract" in answer["note"].lower()


async def test_without_a_reader_pictures_are_refused(tmp_path: Path) -> None:
    """Where pictures cannot be read the person is told, and keeps the text."""
    bot: Any = Cardboard()
    settings: Any = Choices(tmp_path / "none")
    async with TestClient(TestServer(make_app(bot, settings, now=lambda: NOW))) as client:
        plain = Browser(client, bot)
        answer = await plain.ask("/als/an/schrijf", multipart(await pasting(plain, "tekst"), b"x"))
        assert answer["refused"]
        assert not bot.came
        assert (await plain.get("/als/an/beeld/7")).status == 404


async def test_live_pages_are_told_without_a_word(browser: Browser) -> None:
    """A change is a line with a number on every open stream."""
    response = await browser.get("/live")
    assert response.content_type == "text/event-stream"
    assert (await response.content.readuntil(b"\n\n")).startswith(b"retry")
    await browser.bot.wakeups.poke("live")
    async with asyncio.timeout(60):
        assert re.fullmatch(rb"event: look\ndata: \d+\n\n", await response.content.readuntil(b"data: 1\n\n"))
    response.close()


async def test_streams_are_bounded(browser: Browser) -> None:
    """One stream a browser is enough; hundreds are refused."""
    from adapters.web import live

    streams = [await browser.get("/live") for _ in range(live.STREAMS)]
    assert (await browser.get("/live")).status == 503
    for stream in streams:
        stream.close()


async def test_an_unchanged_page_is_not_sent_again(browser: Browser) -> None:
    """The page's mark leaves out what is new each time; a change gives another mark."""
    mark = (await browser.get(OWN)).headers["ETag"]
    assert (await browser.get(OWN, **{"If-None-Match": mark})).status == 304
    await browser.send("/als/an/schrijf", await pasting(browser))
    assert (await browser.get(OWN, **{"If-None-Match": mark})).status == 200


async def test_trouble_is_a_page_and_no_log_of_words(
    browser: Browser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect or a database in trouble is a sentence for the person; the log says where, never what somebody wrote."""
    browser.bot.fails = True
    fields = await pasting(browser, "woorden van een burger")
    with caplog.at_level(logging.DEBUG):
        response = await browser.send("/als/an/schrijf", fields, Accept="application/json")
    assert response.status == 500
    assert "Er ging iets mis" in (await response.json())["note"]
    assert "RuntimeError" in caplog.text
    assert "citizen" not in caplog.text
    assert "burger" not in caplog.text

    async def gone(person: str) -> Card:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(browser.bot, "overview", gone)
    assert (await browser.get(HOME)).status == 503


async def test_the_language_is_the_persons(browser: Browser) -> None:
    """Who reads English gets an English page, also when something goes wrong."""
    page = await browser.page("/als/lies")
    assert '<html lang="en">' in page
    assert "You are Lies De Smet" in page
    assert "does not exist" in await (await browser.get("/als/lies/kanaal/x")).text()


async def test_long_conversations_have_pages(browser: Browser) -> None:
    """The newest messages come first; earlier ones are a link away, without JavaScript."""
    for number in range(40):
        browser.bot._say("local:an", Card(f"Kaart {number}"))
    page = await browser.page(OWN)
    assert "Kaart 39" in page
    assert "Kaart 20" not in page
    earlier = re.search(r'href="([^"#]+\?voor=\d+)', page)
    assert earlier
    assert "Kaart 20" in await browser.page(earlier.group(1))


def test_the_shelf_is_bounded_and_private() -> None:
    """An answer that waits for its page is this person's own, and old ones go."""
    shelf = Shelf(room=2)
    keys = [shelf.put(Told("an", Answer(note=str(number)))) for number in range(3)]
    assert shelf.get(keys[0], "an") is None
    assert shelf.get(keys[2], "bert") is None
    assert shelf.get(keys[2], "an")


# Listening


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_what_is_this_machine(host: str) -> None:
    """Loopback addresses and localhost are this machine."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "localhost.example", None, ""])  # noqa: S104  # not listened on
def test_what_is_not_this_machine(host: str | None) -> None:
    """Every other address or name is elsewhere."""
    assert not is_loopback(host)


async def test_the_chat_listens_on_loopback_whatever_the_host(tmp_path: Path) -> None:
    """With a public host the chat stays on 127.0.0.1; outside there are /healthz and /metrics, and nothing else."""
    bot: Any = Cardboard()
    settings: Any = Choices(tmp_path / "none", host="127.0.0.2")
    told: asyncio.Queue[str] = asyncio.Queue()
    serving = asyncio.create_task(serve(bot, settings, pictures=Frames(), ready=told.put_nowait))
    try:
        async with asyncio.timeout(60), ClientSession() as session:
            address = await told.get()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
            async with session.get(f"{address}/healthz") as answer:
                assert await answer.json() == {"status": "ok"}
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    public = make_public_app(bot)
    paths = {route.resource.canonical for route in public.router.routes() if route.resource is not None}
    assert paths == {"/healthz", "/metrics"}
    assert isinstance(public, web.Application)


async def test_health_is_that_of_the_database_too(browser: Browser) -> None:
    """A process whose database cannot be read says so to who watches over it, without details."""
    answer = await browser.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"status": "ok"})
    browser.bot.unreachable = True
    answer = await browser.get("/healthz")
    assert (answer.status, await answer.json()) == (503, {"status": "database"})
