"""The pages of the web chat and what is pressed on them: an HTTP request becomes an event, an answer becomes a page.

`make_app` is the chat, for the loopback; `make_public_app` is what may be seen from outside: `/healthz`, `/metrics`. `serve` listens.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from aiohttp.typedefs import Handler

from adapters.web.guard import BROWSER, Tokens, Turned, guard, is_loopback, set_headers
from adapters.web.live import Live
from adapters.web.metrics import metrics
from adapters.web.papers import Papers
from adapters.web.render import Message, Page, Place, Renderer, Spot, Translate, chart_of, clock, conversation_path, days, speaker
from adapters.web.submissions import TEXT_LIMIT, Submission, read_submission
from bot.cards import Card, Form
from bot.events import Actor, Answer, Commanded, Image, Incoming, Pasted, Pressed, Replied, Submitted
from bot.organisation import said
from bot.ports import Charts, Dossiers, NotTaken, Pictures, StoreUnavailable
from bot.presses import Next, NoPress, Press, Start, TakeCase, unpack
from bot.roster import holds_role, may, roles_of
from bot.sentences import sentences

if TYPE_CHECKING:
    from bot.antenne import Antenne
    from bot.inbox import Channel, Shown
    from bot.settings import Settings

PAGE = 15  # messages on one page, at most
ROOM = 55_000  # characters of HTML that they take together, at most, save the newest
HEALTH = 5.0  # seconds that the database may take to answer
SETTLE = 0.25  # seconds to wait for the senders at most, so that the page that follows shows what they send
ASSETS = {"chat.css": "text/css", "chat.js": "text/javascript", "icon.svg": "image/svg+xml"}


class PictureRefused(Exception):
    """An upload that is not taken. ``said``: why, for the person."""

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__("picture refused")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer kept until its page is fetched, after a form without JavaScript."""

    person: str
    answer: Answer
    message: int = 0
    version: int = 0
    typed: str = ""


@dataclass(slots=True)
class Shelf:
    """The answers and open forms of the last minutes, by a key that only their page knows."""

    room: int = 200
    _told: OrderedDict[str, Told] = field(default_factory=OrderedDict)

    def put(self, told: Told) -> str:
        key = secrets.token_urlsafe(12)
        self._told[key] = told
        while len(self._told) > self.room:
            self._told.popitem(last=False)
        return key

    def get(self, key: str, person: str) -> Told | None:
        told = self._told.get(key)
        return told if told is not None and told.person == person else None


class Chat:
    """The handlers of the chat. Holds no state of a conversation."""

    def __init__(
        self, antenne: "Antenne", tokens: Tokens, pictures: Pictures | None, charts: Charts | None, now: Callable[[], datetime]
    ) -> None:
        folder = Path(__file__).parent / "static"
        self._files = {name: (folder / name).read_bytes() for name in ASSETS}
        marks = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in self._files.items()}
        self._renderer = Renderer({name: f"/vorm/{name}?{mark}" for name, mark in marks.items()})
        self._antenne, self._tokens, self._pictures, self._charts, self._now = antenne, tokens, pictures, charts, now
        self._shelf = Shelf()
        self.live = Live(antenne.wakeups)

    def routes(self) -> list[web.RouteDef]:
        person = r"/als/{person:[a-z][a-z0-9_]*}"
        return [
            web.get("/", self.people),
            web.get("/live", self.live.stream),
            web.get("/vorm/{name}", self.asset),
            web.get(person, self.start),
            web.get(person + "/gesprek/{name}", self.conversation),
            web.get(person + "/kanaal/{name}", self.conversation),
            web.get(person + r"/gesprek/{name}/draad/{thread:\d{1,15}}", self.conversation),
            web.get(person + r"/kanaal/{name}/draad/{thread:\d{1,15}}", self.conversation),
            web.get(person + "/formulier/{key}", self.asked),
            web.get(person + r"/beeld/{evidence:\d{1,15}}", self.picture),
            web.get(r"/grafiek/{ground:licht|donker}/{code:[\w-]{1,4000}}", self.chart),
            web.post(person + "/schrijf", self.write),
            web.post(person + "/druk", self.press),
            web.post(person + "/formulier", self.submit),
            web.post(person + "/antwoord", self.reply),
        ]

    # Pages

    async def people(self, _request: web.Request) -> web.Response:
        """Who are you?"""
        house = self._antenne.organisation
        say = self._say(house.language)
        people = [{"id": name, "name": person.name, "roles": self._roles(name)} for name, person in house.people.items()]
        return _html(self._renderer.bare("people.html", say, language=house.language, organisation=house.name, people=people))

    async def start(self, request: web.Request) -> web.Response:
        """My cases and deadlines, and a place to paste."""
        person, say = self._person(request)
        page = await self._page(request, person, say("nav.start"), f"/als/{person}", "start")
        overview = await self._antenne.overview(person)
        return self._chat(request, page, say, overview=overview, write=True)

    async def conversation(self, request: web.Request) -> web.Response:
        """The messages of a conversation, with one of its threads beside them."""
        person, say = self._person(request)
        name, thread = request.match_info["name"], int(request.match_info.get("thread", 0))
        address = ("#" if "/kanaal/" in request.path else "") + name
        known = {item.conversation: item for item in await self._antenne.channels(person)}
        item = known.get(f"local:{address}")
        if item is None:
            raise web.HTTPNotFound
        here = conversation_path(person, address, thread)
        page = await self._page(request, person, self._title(item, person), here, "thread" if thread else "conversation")
        before = request.query.get("voor", "")
        older = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
        shown = await self._antenne.page(person, item.conversation, PAGE + 1, older)
        told = self._told(request, person)
        if told is not None and told.answer.card is not None:
            # The senders may not have replaced it yet: show the answer in its place.
            shown = tuple(
                replace(one, card=told.answer.card) if (one.message, one.version) == (told.message, told.version) else one
                for one in shown
            )
        beside = await self._antenne.thread(person, item.conversation, thread) if thread else None
        if beside == ():
            raise web.HTTPNotFound
        messages: list[Message] = []
        room = ROOM
        for one in reversed(shown[-PAGE:]):
            message = self._message(one, page, say, conversation_path(person, address, one.message))
            room -= len(message.html)
            if messages and room < 0:
                break
            messages.insert(0, message)
        zone = self._zone
        today = self._now().astimezone(zone).date()
        return self._chat(
            request,
            page,
            say,
            days=days(tuple(messages), zone, today, page.language, say),
            earlier=f"{here}?voor={messages[0].id}" if len(shown) > len(messages) else "",
            newest=here if older else "",
            thread=None if beside is None else tuple(self._message(one, page, say) for one in beside),
            parent_path=conversation_path(person, address),
            conversation=item.conversation,
            newest_message=item.newest,
            channel=address.startswith("#"),
            write=address == person,
        )

    async def asked(self, request: web.Request) -> web.Response:
        """A form on a page of its own, for a browser without JavaScript."""
        person, say = self._person(request)
        key = request.match_info["key"]
        told = self._shelf.get(key, person)
        if told is None or told.answer.form is None:
            raise Turned("form_gone", 410)
        back = self._back(request.query.get("terug", ""), person)
        page = await self._page(request, person, told.answer.form.title, back, "conversation")
        spot = page.spot(told.message, told.version)
        form = self._renderer.form(told.answer.form, spot, key, say, note=told.answer.note if told.answer.refused else "")
        return self._chat(request, page, say, asked=form)

    async def picture(self, request: web.Request) -> web.Response:
        """A stored picture as far as this person may see it, drawn anew: never the bytes that somebody sent."""
        person, _ = self._person(request)
        found = await self._antenne.picture(person, int(request.match_info["evidence"]))
        if found is None or self._pictures is None:
            raise web.HTTPNotFound
        look = await self._pictures.look(found[1], read=False)
        if isinstance(look, NotTaken):
            raise web.HTTPNotFound
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, max-age=600"}
        return web.Response(body=look.safe, content_type=look.safe_media, headers=headers)

    async def chart(self, request: web.Request) -> web.Response:
        """The picture of a chart; everything in it stands in its address, so it may be kept."""
        if self._charts is None:
            raise web.HTTPNotFound
        try:
            chart = chart_of(request.match_info["code"])
        except ValueError:
            raise web.HTTPNotFound from None
        drawn = await asyncio.to_thread(self._charts.draw, chart, dark=request.match_info["ground"] == "donker")
        return web.Response(body=drawn, content_type="image/png", headers={"Cache-Control": "private, max-age=86400"})

    async def asset(self, request: web.Request) -> web.Response:
        """A file of ours; its address changes with its content."""
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return web.Response(body=self._files[name], content_type=ASSETS[name], charset="utf-8", headers=headers)

    # What is pressed and written

    async def write(self, request: web.Request) -> web.Response:
        """A comment that is pasted, or a command."""
        person, say = self._person(request)
        posted = await self._read(request)
        text = posted.fields.get("text", "")
        event: Incoming
        unread = ""
        command = text.strip()
        if command == "/moderate" or command.startswith("/moderate "):
            event = Commanded(**self._event(person, posted), text=command.removeprefix("/moderate").strip())
        else:
            try:
                images, unread = await self._keep(person, posted, say)
            except PictureRefused as refused:
                return await self._answered(request, person, posted, Answer(note=refused.said, refused=True), say)
            event = Pasted(**self._event(person, posted), text=text, images=images)
        before = self.live.count
        answer = await self._antenne.handle(event)
        if not answer.refused:
            if answer.case is not None:  # also of a comment that was typed behind the command
                answer = await self._opened(person, posted, answer, before)
            answer = _and_also(answer, unread)
        return await self._answered(request, person, posted, answer, say)

    async def press(self, request: web.Request) -> web.Response:
        """A button, a tick, a chip, or a chosen option of a select."""
        person, say = self._person(request)
        posted = await self._read(request)
        said = posted.fields.get("press", "")
        if said.startswith("select:"):
            said = posted.fields.get(said.removeprefix("select:"), "")
            if not said:
                return await self._answered(request, person, posted, Answer(note=say("select.nothing"), refused=True), say)
        press, before = _press(said), self.live.count
        answer = await self._antenne.handle(Pressed(**self._event(person, posted), press=press))
        if isinstance(press, TakeCase) and not answer.refused:
            answer = await self._opened(person, posted, answer, before)
        return await self._answered(request, person, posted, answer, say)

    async def submit(self, request: web.Request) -> web.Response:
        """A form that comes back, with its pictures."""
        person, say = self._person(request)
        posted = await self._read(request)
        press = _press(posted.fields.get("press", ""))
        values = {name[2:]: value for name, value in posted.fields.items() if name.startswith("v.")}
        try:
            images, unread = await self._keep(person, posted, say)
        except PictureRefused as refused:
            answer = Answer(note=refused.said, refused=True)
        else:
            event = Submitted(**self._event(person, posted), press=press, values=values, images=images)
            before = self.live.count
            answer = await self._antenne.handle(event)
            if isinstance(press, Start | Next) and not answer.refused:
                answer = await self._opened(person, posted, answer, before)
            answer = _and_also(answer, unread)
        told = self._shelf.get(posted.fields.get("key", ""), person)
        if answer.refused and answer.form is None and told is not None and told.answer.form is not None:
            answer = replace(answer, form=_refilled(told.answer.form, values))
        return await self._answered(request, person, posted, answer, say)

    async def reply(self, request: web.Request) -> web.Response:
        """A line under a message, in its thread."""
        person, say = self._person(request)
        posted = await self._read(request)
        known = {item.conversation for item in await self._antenne.channels(person)}
        conversation = posted.fields.get("conversation", "")
        if conversation not in known:
            raise web.HTTPNotFound
        named = self._event(person, posted)
        event = Replied(
            **named,
            conversation=conversation,
            remote=str(posted.number("parent")),
            text=posted.fields.get("text", ""),
        )
        return await self._answered(request, person, posted, await self._antenne.handle(event), say)

    # Between requests and events

    async def _opened(self, person: str, posted: Submission, answer: Answer, before: int) -> Answer:
        """Of a case that is now mine: come back to one's own conversation, where its card stands once the senders put it there."""
        if answer.card is None:
            return answer
        posted.fields |= {"back": conversation_path(person, person), "message": "0", "version": "0"}
        await self.live.changed(SETTLE, before)
        return replace(answer, card=None)

    async def _read(self, request: web.Request) -> Submission:
        browser = request[BROWSER]
        return await read_submission(request, lambda token: self._tokens.check(browser, token))

    def _event(self, person: str, posted: Submission) -> "_Named":
        """Who acts, and an id: the same form sent twice is the same event, the same button on a new page is not."""
        digest = hashlib.sha256(f"{person}\0".encode())
        for name in sorted(posted.fields.keys() - {"csrf"}):
            digest.update(f"{name}\0{posted.fields[name]}\0".encode("utf-8", "replace"))
        for content in posted.pictures:
            digest.update(hashlib.sha256(content).digest())
        return {"id": f"web:{digest.hexdigest()[:40]}", "actor": Actor(platform="local", address=person)}

    async def _keep(self, person: str, posted: Submission, say: Translate) -> tuple[tuple[Image, ...], str]:
        """Keep the pictures of a form, all or none; and a sentence when their text could not be read."""
        words = sentences(self._antenne.organisation.people[person].language)
        looks = []
        for content in posted.pictures:
            if self._pictures is None:
                raise PictureRefused(say("picture.no_reader"))
            look = await self._pictures.look(content)
            if isinstance(look, NotTaken):
                raise PictureRefused(words.t(look.key))
            looks.append(look)
        kept = [
            Image(evidence=await self._antenne.keep_picture(person, content, look.media, look.text))
            for content, look in zip(posted.pictures, looks, strict=True)
        ]
        unread = next((look.unread_key for look in looks if look.unread_key), "")
        return tuple(kept), words.t(unread) if unread else ""

    async def _answered(
        self, request: web.Request, person: str, posted: Submission, answer: Answer, say: Translate
    ) -> web.Response:
        """The answer to a form: as parts of the page for our script, else the way to the page that shows it."""
        back = self._back(posted.fields.get("back", ""), person)
        told = Told(person, answer, posted.number("message"), posted.number("version"), posted.fields.get("text", ""))
        if "application/json" in request.headers.get("Accept", ""):
            return web.json_response(
                self._parts(told, back, self._tokens.token(request[BROWSER]), say), headers={"Vary": "Accept"}
            )
        if not answer.refused and answer.form is None:
            await self.live.changed(SETTLE, self.live.count)
        if answer.form is not None:
            where = f"/als/{person}/formulier/{self._shelf.put(told)}?terug={quote(back, safe='')}"
        else:
            shows = answer.note or answer.cards or answer.card
            where = back + (f"?gezegd={self._shelf.put(told)}" if shows else "")
            where += f"#m{told.message}" if told.message and not answer.cards else "#laatste"
        raise web.HTTPSeeOther(where)

    def _parts(self, told: Told, back: str, csrf: str, say: Translate) -> dict[str, Any]:
        answer = told.answer
        spot = Spot(told.person, csrf, secrets.token_hex(8), back, told.message, told.version)
        parts: dict[str, Any] = {"note": answer.note, "refused": answer.refused, "back": back}
        if answer.form is not None:
            parts["form"] = self._renderer.form(answer.form, spot, self._shelf.put(told), say)
        if answer.card is not None and told.message:
            parts["card"] = self._renderer.card(answer.card, spot, say)
        if private := _private(told):
            parts["private"] = self._renderer.private(private, replace(spot, message=0, version=0), say)
        return parts

    def _told(self, request: web.Request, person: str) -> Told | None:
        return self._shelf.get(request.query.get("gezegd", ""), person)

    def _person(self, request: web.Request) -> tuple[str, Translate]:
        person = self._antenne.organisation.people.get(request.match_info["person"])
        if person is None:
            raise Turned("nobody", 404)
        return request.match_info["person"], self._say(person.language)

    def _say(self, language: str) -> Translate:
        words = sentences(language)

        def say(name: str, /, **values: Any) -> str:
            return words.t(f"web.{name}", **values)

        return say

    def _roles(self, person: str) -> tuple[str, ...]:
        """A person's roles as they are read, with the department where that says more."""
        house = self._antenne.organisation
        language = house.people[person].language
        words = sentences(language)
        found: dict[str, str] = {}
        for role in roles_of(house, person):
            label = words.t(f"role.{role}")
            if role in ("department_head", "antenna"):
                held = {name: item for name, item in house.departments.items() if holds_role(house, person, role, name)}
                found |= {name: f"{label} {said(item.name, language)}" for name, item in held.items() if name not in found}
            else:
                found[role] = label
        return tuple(found.values())

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._antenne.organisation.timezone)

    def _back(self, back: str, person: str) -> str:
        """The page to come back to: only ever one of this person's own."""
        parts = back.split("/")
        own = parts[:3] == ["", "als", person] and not set(back) & set("?#\\\r\n\t ") and "" not in parts[3:]
        short = len(parts) == 3 or (len(parts) in (5, 7) and parts[3] in ("gesprek", "kanaal"))
        return back if own and short else f"/als/{person}"

    async def _page(self, request: web.Request, person: str, title: str, here: str, phone: str) -> Page:
        house = self._antenne.organisation
        told = self._told(request, person)
        places = tuple(
            Place(
                self._title(item, person),
                path := conversation_path(person, item.conversation.removeprefix("local:")),
                item.conversation.startswith("local:#"),
                item.newest,
                here == path or here.startswith(path + "/"),
            )
            for item in await self._antenne.channels(person)
        )
        return Page(
            title=title,
            organisation=house.name,
            person=person,
            name=house.people[person].name,
            roles=self._roles(person),
            language=house.people[person].language,
            csrf=self._tokens.token(request[BROWSER]),
            nonce=secrets.token_hex(8),
            here=here,
            places=places,
            phone=phone,
            note=told.answer.note if told else "",
            refused=told.answer.refused if told else False,
            private=_private(told) if told else (),
            typed=told.typed if told and told.answer.refused else "",
        )

    @staticmethod
    def _title(channel: "Channel", person: str) -> str:
        """A channel has its name; one's own direct messages are with the bot."""
        return "Antenne" if channel.conversation == f"local:{person}" else channel.title.removeprefix("#")

    def _message(self, shown: "Shown", page: Page, say: Translate, thread: str = "") -> Message:
        spot = page.spot(shown.message, shown.version)
        html = self._renderer.card(shown.card, spot, say, "" if thread else "d")
        by, titled = speaker(shown.card), bool(shown.card.title)
        return Message(shown.message, shown.version, html, by, titled, shown.at, thread, shown.replies)

    def _chat(self, request: web.Request, page: Page, say: Translate, **values: Any) -> web.Response:
        nothing: dict[str, Any] = {
            "asked": None, "overview": None, "days": (), "earlier": "", "newest": "", "thread": None, "parent_path": "",
            "conversation": "", "newest_message": 0, "channel": False, "write": False,
        }  # fmt: skip
        zone = self._zone
        html = self._renderer.page(
            "chat.html",
            page,
            say,
            language=page.language,
            commands=("/moderate", f"/moderate {say('commands.help')}"),
            moderates=may(self._antenne.organisation, page.person, "moderate"),
            first=not any(place.newest for place in page.places if not place.channel),
            when=lambda at: clock(at, zone, page.language),
            **(nothing | values),
        )
        mark = f'"{hashlib.sha256(html.replace(page.nonce, "").encode("utf-8", "replace")).hexdigest()[:20]}"'
        if request.headers.get("If-None-Match") == mark:
            return web.Response(status=304, headers={"ETag": mark})
        return _html(html, headers={"ETag": mark})

    def problem(self, request: web.Request, why: str, status: int) -> web.Response:
        """What went wrong, in a sentence, for a person or for our script."""
        house = self._antenne.organisation
        parts = request.path.split("/")
        person = parts[2] if len(parts) > 2 and parts[1] == "als" and parts[2] in house.people else None
        language = house.people[person].language if person else house.language
        say = self._say(language)
        said = say(f"problem.{why}")
        if "application/json" in request.headers.get("Accept", ""):
            return web.json_response({"note": said, "refused": True, "problem": why}, status=status)
        onward = f"/als/{person}" if person else "/"
        html = self._renderer.bare("problem.html", say, language=language, said=said, onward=onward)
        return _html(html, status=status)


class _Named(TypedDict):
    id: str
    actor: Actor


def _private(told: Told) -> tuple[Card, ...]:
    """The cards of an answer that stand in no message: for this person only."""
    loose = told.answer.card if told.answer.card is not None and not told.message else None
    return (*((loose,) if loose else ()), *told.answer.cards)


def _and_also(answer: Answer, unread: str) -> Answer:
    """The answer, and that the text of a picture could not be read."""
    return replace(answer, note=" ".join(filter(None, (answer.note, unread))))


def _refilled(form: Form, values: Mapping[str, str]) -> Form:
    """The form with what was typed, so that a refusal costs nobody their words."""
    return replace(form, fields=tuple(replace(item, value=values.get(item.name, item.value)) for item in form.fields))


def _press(said: str) -> Press:
    try:
        return unpack(said.encode("utf-8", "replace"))
    except NoPress:
        raise Turned("request", 400) from None


def _html(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=text.encode("utf-8", "replace"), status=status, content_type="text/html", charset="utf-8", headers=headers
    )


def health(antenne: "Antenne") -> Handler:
    """The handler of `/healthz`: 200 when this process answers and its database can be read, else 503; no details."""

    async def healthz(_request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(HEALTH):
                await antenne.check()
        except (StoreUnavailable, TimeoutError):
            return web.json_response({"status": "database"}, status=503)
        return web.json_response({"status": "ok"})

    return healthz


def make_app(
    antenne: "Antenne",
    settings: "Settings",
    *,
    pictures: Pictures | None = None,
    charts: Charts | None = None,
    dossiers: Dossiers | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> web.Application:
    """The chat. Without ``pictures`` it takes and shows none, and says so; without ``charts`` their words stand alone."""
    try:
        key = settings.secret_key_file.read_bytes()
    except OSError:
        key = secrets.token_bytes(32)  # forms that are open then end with this process
    chat = Chat(antenne, Tokens(hmac.digest(key, b"antenne web chat", "sha256")), pictures, charts, now)
    app = web.Application(middlewares=[guard(chat.problem)], client_max_size=4 * TEXT_LIMIT)
    app.on_response_prepare.append(set_headers)
    app.on_shutdown.append(chat.live.stop)
    app.cleanup_ctx.append(chat.live.lifespan)
    app.add_routes(chat.routes())
    app.add_routes(Papers(antenne, dossiers, pictures).routes())
    app.router.add_get("/healthz", health(antenne))
    app.add_routes([metrics(antenne)])
    return app


def make_public_app(antenne: "Antenne", public: Sequence[web.RouteDef] = ()) -> web.Application:
    """What may be asked from outside: whether the process lives, what it counts, and the paths of chat platforms."""
    app = web.Application()
    app.router.add_get("/healthz", health(antenne))
    app.add_routes([metrics(antenne)])
    app.add_routes(public)
    return app


async def serve(
    antenne: "Antenne",
    settings: "Settings",
    *,
    pictures: Pictures | None = None,
    charts: Charts | None = None,
    dossiers: Dossiers | None = None,
    public: Sequence[web.RouteDef] = (),
    ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Listen until cancelled; ``ready`` is told the chat's address once it answers. ``public``: paths of chat platforms.

    The chat listens on 127.0.0.1 whatever ``settings.host`` is. Another host gets its own listener, for the public paths alone;
    one that means every address cannot share the port, so the chat then takes the next one. On the loopback the public paths, for a
    proxy on this machine, have the next port.
    """
    outside = not is_loopback(settings.host)
    everywhere = settings.host in ("", "0.0.0.0", "::")  # noqa: S104  # compared with, not listened on
    port = settings.port + 1 if outside and everywhere else settings.port
    if settings.public_url is not None:
        public = (*public, *Papers(antenne, dossiers, pictures).routes())
    app = make_app(antenne, settings, pictures=pictures, charts=charts, dossiers=dossiers)
    runners = [web.AppRunner(app, access_log=None, shutdown_timeout=2)]
    try:
        await runners[0].setup()
        await web.TCPSite(runners[0], "127.0.0.1", port).start()
        if outside or public:
            runners.append(web.AppRunner(make_public_app(antenne, public), access_log=None))
            await runners[1].setup()
            await web.TCPSite(runners[1], settings.host, settings.port if outside else settings.port + 1).start()
        bound = runners[0].addresses[0][1]
        ready(f"http://127.0.0.1:{bound}")
        await asyncio.Event().wait()
    finally:
        for runner in runners:
            await runner.cleanup()
