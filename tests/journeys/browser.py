"""The journeys' driver for the web chat: a real Chromium on the real pages over HTTP, one tab for each person.

People act by clicking, typing and choosing files. What they see is read from the pages' HTML back into cards of the one vocabulary.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, FilePayload, Locator, Page
from playwright.async_api import TimeoutError as TookTooLong

from adapters.charts import Matplotlib
from adapters.pictures import Pictures
from adapters.web.app import make_app
from adapters.web.render import chart_of, conversation_path
from bot.antenne import Antenne
from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Checklist,
    Copy,
    Facts,
    Field,
    Form,
    Item,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
)
from bot.presses import unpack
from bot.sentences import sentences
from bot.settings import Settings
from tests.journeys.chat import Asked, Chat, Control, Heard, Message, NotThere, Question, Sheet, dump_form, sheet, talking

PATIENCE = 120_000  # milliseconds for anything to appear, also on a slow machine that does a lot besides

# Gives a page's cards, form and conversations as plain values; of the page at ``path``, or of the tab as it stands.
READ = """async path => {
  const doc = path === null ? document : new DOMParser().parseFromString(
    await (await fetch(path, {cache: "no-store", headers: {Accept: "text/html"}})).text(), "text/html");
  const all = (query, node) => [...node.querySelectorAll(query)];
  const said = node => node?.textContent.trim() ?? "";
  const presses = node => all("button[name=press]", node).map(one => [said(one), one.value]);
  const quote = node => ["quote", all("blockquote", node).at(-1).textContent, said(node.querySelector("figcaption"))];
  const step = node => {
    const words = node.querySelector(".what > p").cloneNode(true);
    all(".unseen, .urgent", words).forEach(one => one.remove());
    const tick = node.querySelector("button.tick");
    const state = ["open", "done", "waived", "blocked"].find(one => node.classList.contains(one));
    const more = node.querySelector(".menu");
    return [said(words), state, said(node.querySelector(".what > .note")), tick ? tick.value : "", more ? presses(more) : []];
  };
  const block = (node, by) => {
    const is = query => node.matches(query);
    if (is("p.text")) return [["text", ["plain", "strong", "hint", "question"].find(one => is("." + one)), node.textContent]];
    if (is("figure.quote")) return [quote(node)];
    if (is("blockquote.words")) return [["quote", node.textContent, by]];
    if (is(".copy")) return [["copy", said(node.querySelector("h4")), node.querySelector(".copytext").textContent]];
    if (is("dl.facts")) return [["facts", is(".first"), all(":scope > div", node).map(row => {
      const value = row.querySelector("dd");
      return [said(row.querySelector("dt")), Boolean(value.querySelector(".said")), value.textContent];
    })]];
    if (is(".tablebox")) return [["table", said(node.querySelector("caption")), all("thead th", node).map(said),
      all("tbody tr", node).map(row => [...row.children].map(cell => {
        const pressed = cell.querySelector("button[name=press]");
        return [said(cell), pressed ? pressed.value : "", Boolean(cell.querySelector(".said"))];
      }))]];
    if (is("figure.chart")) return [["chart", node.querySelector("img").src.split("/").at(-1), node.querySelector("img").alt]];
    if (is("details.fold")) return block(node.querySelector("dl"), by);
    if (is(".steps")) return [["checklist", all("li.step", node).map(step)]];
    if (is(".toggles")) return [["toggles", said(node.querySelector(".label")), all(".chip", node).map(
      one => [said(one), one.getAttribute("aria-pressed") === "true", one.value])]];
    if (is("a.picture")) return [["picture", node.href.split("/").at(-1), node.querySelector("img").alt]];
    if (is(".answers, .buttons")) return [["buttons", presses(node)]];
    if (is(".selects")) return [...node.children].flatMap(one => block(one, by));
    if (is(".select")) return [["select", said(node.querySelector("label")), said(node.querySelector(".note")),
      all("option", node).filter(one => one.value).map(one => [said(one), one.value, one.hasAttribute("selected")])]];
    return [["unknown", node.outerHTML]];
  };
  const card = form => ({
    title: said(form.querySelector(":scope > .title")),
    tone: form.classList[1],
    body: [...form.children].filter(node => !node.matches("input[type=hidden], .title")).flatMap(
      node => block(node, said(form.closest("article")?.querySelector(".from strong")))),
  });
  const message = node => ({
    id: Number(node.id.slice(1)), card: card(node.querySelector("form.card")),
    thread: node.querySelector(".tail a")?.getAttribute("href").split("#")[0] ?? "", tail: said(node.querySelector(".tail")),
  });
  const field = node => {
    const at = node.querySelector("input, select, textarea");
    const name = node.querySelector("label").cloneNode(true);
    all(".must", name).forEach(one => one.remove());
    const kinds = {"select-one": "choice", textarea: "text", file: "files", "datetime-local": "moment"};
    return {
      name: at.name.replace(/^v[.]/, ""), label: said(name), required: at.required,
      kind: kinds[at.type] ?? "line", value: at.type === "file" ? "" : at.value,
      options: all("option", at).map(one => [one.value, said(one)]),
    };
  };
  const form = doc.querySelector("dialog[open] form.form");
  return {
    messages: all("#log article.message", doc).map(message),
    thread: all("#threadlog article.message", doc).map(message),
    cards: all("#private form.card", doc).map(card),
    channels: all("#nav a[data-newest]", doc).map(link => link.getAttribute("href").split("#")[0]),
    earlier: doc.querySelector(".pages a[href*='?voor=']")?.getAttribute("href").split("#")[0] ?? "",
    form: form && {
      title: said(form.querySelector("h2")), press: form.querySelector("[name=press]").value,
      submit: said(form.querySelector(".ends button")),
      intro: [...form.children].filter(node => node.matches("p.text, figure.quote")).flatMap(node => block(node, "")),
      fields: all(".field", form).map(field),
    },
  };
}"""

# Before every script of a page: keeps each answer to what the page sends, also when the page then goes elsewhere, and each toast, also
# when it is gone by the time that somebody looks.
OVERHEAR = """() => {
  const fetched = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await fetched(...asked);
    if (asked[1]?.method === "POST") sessionStorage.setItem("overheard", await answer.clone().text());
    return answer;
  };
  window.toasts = [];
  new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(
    node => node.matches?.(".toast") && window.toasts.push(node)))).observe(document, {childList: true, subtree: true});
}"""
FORGET = "() => { window.toasts = []; sessionStorage.removeItem('overheard'); }"

# The answer stays where it is: what only reads can be tried again on the page that comes, when the page goes elsewhere meanwhile.
ANSWER = "() => sessionStorage.getItem('overheard')"

# The last sentence for this person alone, and whether it is a refusal: in the open form, else on a toast that is no way to a thread.
NOTE = """() => {
  const alert = document.querySelector("dialog[open] [data-alert]:not([hidden])");
  const toast = window.toasts.filter(node => !node.querySelector("a")).at(-1);
  return alert ? [alert.textContent, true] : toast ? [toast.firstChild.textContent, toast.matches(".refused")] : ["", false];
}"""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a control stands: the page, empty for what only this tab shows now, and the value that it sends."""

    path: str
    press: str


class BrowserDriver:
    """Carries what people do as clicks and keys in tabs of one browser."""

    def __init__(self, antenne: Antenne, address: str, context: BrowserContext) -> None:
        self.antenne, self._address, self._context = antenne, address, context
        self._tabs: dict[str, Page] = {}
        self._kept: list[bytes] = []
        self._seen: defaultdict[str, int] = defaultdict(int)  # the newest message of a person's own conversation that was read

    async def keep(self, person: str, picture: bytes) -> int:
        self._kept.append(picture)
        return len(self._kept) - 1

    async def paste(self, person: str, text: str, link: str, pictures: Sequence[int]) -> Heard:
        if link:  # the box takes a text alone; a link is a field of the form
            asked = (await self.command(person, "")).form
            assert asked is not None
            return await self.submit(person, asked, {"text": text, "link": link}, pictures)
        return await self._write(person, text, pictures)

    async def command(self, person: str, text: str) -> Heard:
        return await self._write(person, f"/moderate {text}", ())

    async def _write(self, person: str, text: str, pictures: Sequence[int]) -> Heard:
        tab = await self._at(person, self._own(person))
        box = tab.locator(".middle form.composer")
        await box.locator("textarea").fill(text)
        await box.locator("input[type=file]").set_input_files(self._files(pictures))
        return await self._heard(person, tab, box.locator("button.send").click)

    async def press(self, person: str, control: Control) -> Heard:
        spot: Spot = control.handle
        tab = await self._at(person, spot.path or self._path(await self._tab(person)))
        value = f"[value='{spot.press}']"
        if control.kind == "option":
            select = tab.locator(f"main select:has(option{value})").first
            await self._there(tab, select, control)
            return await self._heard(person, tab, lambda: select.select_option(spot.press), await self._message(select))
        button = tab.locator(f"main button[name=press]{value}").first
        await self._there(tab, button, control)
        number = await self._message(button)
        menu = tab.locator(f"main details.more:not([open]):has(button{value}) > summary").first
        if await menu.count():
            await menu.click()
        asks = await button.evaluate("button => button.closest('[popover]')?.id ?? ''")
        if asks:
            await tab.locator(f"[popovertarget='{asks}']").click()
        heard = await self._heard(person, tab, button.click, number)
        if heard.card is None and heard.cards:  # it stands in no message: for this person only
            return replace(heard, card=heard.cards[0], cards=heard.cards[1:])
        return heard

    async def submit(self, person: str, form: Asked, values: Mapping[str, str], pictures: Sequence[int]) -> Heard:
        tab = await self._front(person)
        dialog = tab.locator("dialog[open]")
        if await dialog.locator("[name=press]").get_attribute("value", timeout=PATIENCE) != form.handle:
            raise NotThere(f"{form.title!r} is not open for {person}")
        before = {item.name: item.value for item in form.fields}
        for name, value in values.items():
            if value == before.get(name):
                continue
            at = dialog.locator(f"[name='v.{name}']")
            match await at.evaluate("node => node.type"):
                case "select-one":
                    await at.select_option(value)
                case "datetime-local":
                    await at.fill(value.replace(" ", "T"))
                case _:
                    await at.fill(value)
        if pictures:
            await dialog.locator("input[type=file]").set_input_files(self._files(pictures))
        number = int(await dialog.locator("[name=message]").get_attribute("value") or 0)
        return await self._heard(person, tab, dialog.locator(".ends button").click, number)

    async def reply(self, person: str, message: Message, text: str, own: str) -> Heard:
        _, _, address = message.conversation.partition(":")
        tab = await self._at(person, conversation_path(person, address, message.handle))
        box = tab.locator(".beside form.composer")
        await box.locator("textarea").fill(text)
        return await self._heard(person, tab, box.locator("button.send").click)

    async def edit(self, person: str, message: Message, own: str, text: str | None) -> Heard:
        raise NotThere("the web chat has no way to change what was written")

    async def inbox(self, person: str, conversation: str) -> list[Message]:
        tab = await self._tab(person)
        found: list[Message] = []
        start = await tab.evaluate(READ, self._own(person))
        self._seen[person] = max((self._seen[person], *(int(item["id"]) for item in start["messages"])))
        for path in start["channels"]:
            named = self._conversation(path)
            if conversation not in named:
                continue
            page, at, here = start if path == self._own(person) else await tab.evaluate(READ, path), path, []
            while True:
                for item in reversed(page["messages"]):
                    here.append(Message(named, self._sheet(item["card"], at), item["id"]))
                    if item["tail"] != sentences(self._language(person)).t("web.thread.none"):
                        thread = await tab.evaluate(READ, item["thread"])
                        here += [
                            Message(named, self._sheet(one["card"], item["thread"]), one["id"], item["id"])
                            for one in thread["thread"][1:]
                        ]
                if not page["earlier"]:
                    break
                at = page["earlier"]
                page = await tab.evaluate(READ, at)
            found += sorted(here, key=lambda item: int(item.handle))
        return found

    async def work(self) -> None:
        await self.antenne.work()

    # Tabs

    async def _tab(self, person: str) -> Page:
        if person not in self._tabs:
            self._tabs[person] = await self._context.new_page()
            await self._tabs[person].goto(self._address + self._own(person))
            await self._own_messages(self._tabs[person], person)
        return self._tabs[person]

    async def _front(self, person: str) -> Page:
        """This person's tab, in front: a browser draws those behind it once a second."""
        tab = await self._tab(person)
        await tab.bring_to_front()
        return tab

    async def _at(self, person: str, path: str) -> Page:
        """This person's tab, on this page, with no form open."""
        tab = await self._front(person)
        if await tab.locator("dialog[open]").count():
            await tab.locator("dialog[open] [data-close]").click()
        if self._path(tab) != path:
            await tab.goto(self._address + path)
        return tab

    async def _there(self, tab: Page, control: Locator, named: Control) -> None:
        """Wait until the live page shows this control."""
        try:
            await control.wait_for(state="attached", timeout=PATIENCE)
        except TookTooLong:
            raise NotThere(f"no {named.label!r} on {self._path(tab)}") from None

    async def _heard(self, person: str, tab: Page, act: Callable[[], Awaitable[Any]], number: int = 0) -> Heard:
        """Do it, and look at what then stands on the page. ``number``: the message whose card is acted on."""
        seen = self._seen[person]
        await tab.evaluate(FORGET)
        await act()
        answer = json.loads(await (await tab.wait_for_function(ANSWER, polling=20)).json_value())
        asks = "form" in answer
        if not answer["refused"] and not asks:
            await tab.wait_for_url(lambda url: urlsplit(url).path == answer["back"], wait_until="load")
        await tab.wait_for_function("() => !document.querySelector('[aria-busy]')", polling=20)
        note, refused = await tab.evaluate(NOTE)
        assert (note, refused) == (answer["note"], answer["refused"] and bool(note)), "the page says something else than the bot"
        page: dict[str, Any] = await tab.evaluate(READ, None) if asks or "private" in answer else {"cards": (), "form": None}
        form = self._asked(page["form"], person) if page["form"] else None
        cards = tuple(self._sheet(item, "") for item in page["cards"])
        await self.work()
        card: Sheet | None = None
        if "card" in answer:
            path = self._path(tab)
            read = await tab.evaluate(READ, path)
            shown = [item for item in (*read["messages"], *read["thread"]) if item["id"] == number]
            card = self._sheet(shown[0]["card"], path) if shown else None
        elif not answer["refused"] and not asks and answer["back"] == self._own(person):
            new = [item for item in await self._own_messages(tab, person) if item.handle > seen]
            card = new[-1].sheet if new else None
        return Heard(note, refused, form, card, cards)

    async def _own_messages(self, tab: Page, person: str) -> list[Message]:
        """The top messages of this person's own conversation."""
        path = self._own(person)
        page = await tab.evaluate(READ, path)
        found = [Message(f"local:{person}", self._sheet(item["card"], path), item["id"]) for item in page["messages"]]
        self._seen[person] = max((self._seen[person], *(int(item.handle) for item in found)))
        return found

    @staticmethod
    async def _message(control: Locator) -> int:
        return int(await control.evaluate("node => node.form.querySelector('[name=message]').value"))

    def _own(self, person: str) -> str:
        return conversation_path(person, person)

    def _path(self, tab: Page) -> str:
        at = urlsplit(tab.url)
        return at.path + (f"?{at.query}" if at.query else "")

    @staticmethod
    def _conversation(path: str) -> str:
        *_, sort, name = path.split("/")
        return f"local:{'#' if sort == 'kanaal' else ''}{unquote(name)}"

    def _language(self, person: str) -> str:
        return self.antenne.organisation.people[person].language

    def _files(self, pictures: Sequence[int]) -> list[FilePayload]:
        return [{"name": f"{number}.png", "mimeType": "image/png", "buffer": self._kept[number]} for number in pictures]

    # What the pages say

    def _sheet(self, card: dict[str, Any], path: str) -> Sheet:
        read = sheet(Card(card["title"], tuple(blocks(card["body"])), card["tone"]))
        placed = tuple(replace(control, handle=Spot(path, control.handle.model_dump_json())) for control in read.controls)
        return replace(read, controls=placed, drawn_from=None)  # not the card as the bot had it

    def _asked(self, form: dict[str, Any], person: str) -> Asked:
        nothing = ["", sentences(self._language(person)).t("web.select.none")]
        fields = tuple(
            Field(**item | {"options": tuple((value, label) for value, label in item["options"] if [value, label] != nothing)})
            for item in form["fields"]
        )
        intro = tuple(item for item in blocks(form["intro"]) if isinstance(item, Text | Quote))
        read = Form(form["title"], unpack(form["press"]), fields, form["submit"], intro)
        questions = tuple(Question(item.name, item.label, item.value, item.options) for item in fields)
        return Asked(read.title, questions, form["press"], dump_form(read))


def blocks(body: Sequence[Any]) -> list[Block]:  # noqa: C901 - one case for each block of the vocabulary
    """Elements of a card from what `READ` gives."""
    found: list[Block] = []
    folded = False
    for item in body:
        match item:
            case ["text", style, text]:
                found.append(Text(text, style))
            case ["quote", text, by]:
                found.append(Quote(text, by))
            case ["copy", title, text]:
                found.append(Copy(title, text))
            case ["facts", first, rows]:
                read = tuple((label, Quote(value) if quoted else value) for label, quoted, value in rows)
                if folded and isinstance(found[-1], Facts):
                    read = (*found.pop().rows, *read)  # type: ignore[union-attr]  # just looked at
                found.append(Facts(read))
                folded = first
            case ["table", caption, head, rows]:
                found.append(Table(caption, tuple(head), tuple(tuple(_cell(*cell) for cell in row) for row in rows)))
            case ["chart", code, alt]:
                drawn = chart_of(code)
                found.append(replace(drawn, alt=alt.removeprefix(f"{drawn.title}. ")))
            case ["checklist", steps]:
                found.append(Checklist(tuple(map(_step, steps))))
            case ["toggles", label, items]:
                found.append(Toggles(label, tuple((name, on, unpack(press)) for name, on, press in items)))
            case ["picture", evidence, alt]:
                found.append(Picture(int(evidence), alt))
            case ["buttons", buttons]:
                found.append(Buttons(_buttons(buttons)))
            case ["select", label, hint, options]:
                chosen = next((at for at, option in enumerate(options) if option[2]), None)
                found.append(Select(label, tuple((name, unpack(press)) for name, press, _ in options), chosen, hint))
            case _:
                raise AssertionError(f"an element that nobody knows: {item}")
    return found


def _cell(text: str, press: str, quoted: bool) -> str | Quote | Button:
    return Button(text, unpack(press)) if press else Quote(text) if quoted else text


def _step(step: Sequence[Any]) -> Item:
    text, state, note, mark, more = step
    return Item(text, state, note, unpack(mark) if mark else None, _buttons(more))


def _buttons(buttons: Sequence[Any]) -> tuple[Button, ...]:
    return tuple(Button(label, unpack(press)) for label, press in buttons)


@asynccontextmanager
async def browsing(url: str, folder: Path, browser: Browser, **how: Any) -> AsyncIterator[Chat]:
    """As `talking`, with the bot's web chat on a free port of the loopback and a browser in front of it."""
    pictures, charts = Pictures(), Matplotlib()
    settings = Settings(secret_key_file=folder / "secret.key")
    async with talking(url, folder, **how) as chat:
        app = make_app(chat.antenne, settings, pictures=pictures, charts=charts, now=chat.antenne.clock)
        try:
            async with TestServer(app) as server, await browser.new_context(viewport={"width": 1280, "height": 900}) as context:
                context.set_default_timeout(PATIENCE)
                await context.add_init_script(f"({OVERHEAR})()")
                chat.driver = BrowserDriver(chat.antenne, f"http://127.0.0.1:{server.port}", context)
                yield chat
        finally:
            await pictures.close()
