"""The wire in: a signed HTTP request or a Socket Mode envelope becomes one event, and one answer.

Verified first, on the raw body; decoded then; dispatched as a dictionary, the same way for both. What is acknowledged is stored, and
what is said in answer is said after that.
"""

import asyncio
import hashlib
import hmac
import logging
import time
from binascii import a2b_qp
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

import orjson
import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.request.payload_utils import is_action, is_event, is_options, is_shortcut, is_slash_command, is_view
from slack_bolt.response import BoltResponse

from adapters.slack import dialogs, events, files, home, render
from adapters.slack.client import Client, Failed
from adapters.slack.events import Heard, Json, Spot, Who
from adapters.slack.hearing import Hearing
from adapters.slack.people import People, actor
from adapters.slack.words import Translate, inert
from bot import wording
from bot.cards import Card
from bot.comment_text import is_blank
from bot.events import Answer, Commanded, Incoming, Pasted, Pressed, Submitted
from bot.ports import Pictures
from bot.presses import ShowCase, Start, TakeCase, asks
from bot.roster import card_place, direct, person_of
from bot.sentences import sentences
from bot.wording import Wording, language_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slack_sdk.socket_mode.aiohttp import SocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

    from bot.antenne import Antenne
    from bot.settings import SlackSettings

log = structlog.get_logger()

PATH = "/slack/events"
OLD = 300  # seconds that a signature counts
LARGEST = 4_000_000  # bytes of a request
SHOWN = 0.4  # seconds in which Slack shows a dialog's answer, before it may be changed
SOON = 2.4  # seconds in which Slack hears from us, out of its three
PAYLOAD = b"payload="
HEARD = BoltResponse(status=200, body="")  # and nothing to say to it here
AGAIN = BoltResponse(status=503, body="")  # it could not be kept: Slack delivers an event again


def signature(secret: str, at: str, raw: bytes) -> str:
    """The signature of a request's raw body, sent at ``at`` (seconds)."""
    return "v0=" + hmac.digest(secret.encode(), b"v0:" + at.encode() + b":" + raw, hashlib.sha256).hex()


def verified(secret: str, at: str, signed: str, raw: bytes, now: float) -> bool:
    """Whether Slack sent this, at most five minutes ago. Takes as long for a wrong signature as for a right one."""
    if not at.isascii() or not at.isdigit() or len(at) > 12 or abs(now - int(at)) > OLD:
        return False
    return hmac.compare_digest(signature(secret, at, raw).encode(), signed.encode("utf-8", "replace"))


def decoded(content_type: str, raw: bytes) -> dict[str, Any] | None:
    """The dictionary in a verified request; ``None`` when there is none."""
    try:
        if content_type.startswith("application/json"):
            found = orjson.loads(raw)
        elif raw.startswith(PAYLOAD) and raw.find(b"=", len(PAYLOAD)) < 0:  # a press, dialog or shortcut: one field, all escaped
            # Quoted-printable is the same code with another sign, and the only one of both that Python reads at C's speed.
            found = orjson.loads(a2b_qp(raw[len(PAYLOAD) :].replace(b"+", b" ").replace(b"%", b"=")))
        else:
            found = dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


Done = TypeVar("Done")
Handle = Callable[[dict[str, Any]], Awaitable[BoltResponse]]


class _ByKind(AsyncMiddleware):
    """The first of these kinds that a delivery is says who answers it. bolt's own way costs a press a fifth more:
    docs/decisions/0015-one-dispatcher-in-bolt.md."""

    def __init__(self, kinds: tuple[tuple[Callable[[dict[str, Any]], bool], Handle], ...]) -> None:
        self._kinds = kinds

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - bolt's names
    ) -> BoltResponse:
        for is_kind, handle in self._kinds:
            if is_kind(req.body):
                return await handle(req.body)
        return BoltResponse(status=404, body="")


class _Bolt(AsyncApp):
    """bolt without the Web API client that it makes for each request: nobody here asks for it."""

    def _init_context(self, req: AsyncBoltRequest) -> None:
        """Nothing: what only listeners read is left out."""


class SlackApp:
    """Slack's side of a running bot. ``routes`` are its HTTP paths; ``listen`` is Socket Mode. Keeps no state of a conversation."""

    def __init__(
        self,
        antenne: "Antenne",
        settings: "SlackSettings",
        *,
        pictures: Pictures | None = None,
        clock: Callable[[], float] = time.time,
        file_host: str = files.HOST,
    ) -> None:
        self.antenne, self.settings, self.client = antenne, settings, Client(settings)
        self._clock = clock
        self._people = People(antenne, self.client, clock)
        self._hearing = Hearing(antenne, self.client, pictures, file_host)
        self._secret = settings.signing_secret.get_secret_value() if settings.signing_secret else ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._under_way: OrderedDict[str, asyncio.Task[BoltResponse]] = OrderedDict()
        self._bolt = self._dispatching()

    # --- the wire ------------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """The one path for events, commands and interactivity; none without a signing secret."""
        return [web.post(PATH, self.receive)] if self._secret else []

    async def receive(self, request: web.Request) -> web.Response:
        """A request: whose signature does not hold is not even decoded."""
        if (request.content_length or 0) > LARGEST:
            return web.Response(status=413)
        raw = await request.content.read(LARGEST + 1) if request.can_read_body else b""
        while len(raw) <= LARGEST and not request.content.at_eof():
            raw += await request.content.read(LARGEST + 1 - len(raw))
        if len(raw) > LARGEST:
            return web.Response(status=413)
        headers = request.headers
        at, signed = headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", "")
        if not verified(self._secret, at, signed, raw, self._clock()):
            self.antenne.metrics.count("denied", "slack", "signature")
            return web.Response(status=401)
        body = decoded(headers.get("Content-Type", ""), raw)
        if body is None:
            return web.Response(status=400)
        if body.get("type") == "url_verification":
            return web.json_response({"challenge": str(body.get("challenge"))})
        if "ssl_check" in body:
            return web.Response()
        answer = await self.dispatch(body)
        if not answer.body:
            return web.Response(status=answer.status)
        return web.Response(status=answer.status, text=answer.body, content_type="application/json")

    async def dispatch(self, body: dict[str, Any]) -> BoltResponse:
        """One delivery, however it came. A repetition that comes while the first is still at work waits for it."""
        name = str(body.get("event_id") or "")
        if not name:
            return await self._dispatch(body)
        task = self._under_way.get(name)
        if task is None:
            task = self._under_way[name] = self._kept(self._dispatch(body))
            task.add_done_callback(lambda _: self._under_way.pop(name, None))
        return await asyncio.shield(task)

    async def _dispatch(self, body: dict[str, Any]) -> BoltResponse:
        try:
            return await self._bolt.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))
        except Exception as problem:  # noqa: BLE001 - a defect answers 500, and its text may quote a citizen
            log.error("slack_delivery", error=type(problem).__name__, kind=str(body.get("type"))[:30])
            return BoltResponse(status=500, body="")

    @asynccontextmanager
    async def listening(self) -> "AsyncIterator[None]":
        """Socket Mode, where it is set up, for as long as the block lasts; the start does not wait for it."""
        if self.settings.app_token is None:
            yield
            return
        from adapters.slack.socket import connected

        async with connected(self.settings.app_token.get_secret_value(), self.client.web, self._envelope):
            yield

    async def _envelope(self, socket: "SocketModeClient", request: "SocketModeRequest") -> None:
        answer = await self.dispatch(dict(request.payload))
        if answer.status != 200:
            return  # not acknowledged: it comes again
        reply: dict[str, Any] = {"envelope_id": request.envelope_id}
        if (answer.body or "").startswith("{"):
            reply["payload"] = orjson.loads(answer.body)
        await socket.send_socket_mode_response(reply)

    async def close(self) -> None:
        """Finish what is under way, for a moment, and let go."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=3)
        for task in self._tasks:
            task.cancel()
        await self.client.close()

    # --- one function a kind -------------------------------------------------------------------------------

    def _dispatching(self) -> AsyncApp:
        """bolt with one middleware of ours, which answers before bolt looks for an installation or a listener."""
        quiet = logging.getLogger("antenne.slack")
        quiet.setLevel(logging.CRITICAL)
        kinds = (
            (is_action, self.on_action),  # asked one after the other, and most deliveries are presses
            (is_event, self.on_event),
            (is_view, self.on_view),
            (is_slash_command, self.on_command),
            (is_shortcut, self.on_shortcut),
            (is_options, self.on_options),
        )
        app = _Bolt(
            logger=quiet, name="antenne", token=self.settings.bot_token.get_secret_value(), process_before_response=True,
            before_authorize=_ByKind(kinds), request_verification_enabled=False, ssl_check_enabled=False,
        )  # fmt: skip

        @app.error
        async def raised(error: Exception) -> None:
            raise error  # to `_dispatch`: bolt's own log line would quote it

        return app

    async def on_event(self, body: dict[str, Any]) -> BoltResponse:
        """Something was said, changed or opened. Answers 503 when it could not be kept: Slack then delivers it again."""
        person = events.who(body)
        if person is None:
            return HEARD
        event, us = body["event"], await self._people.ourselves()
        inside = await self._people.inside(person)
        if us is None or inside is None:
            return AGAIN
        if person.user == us.user:
            return HEARD
        t = self._t(person.user)
        if event.get("type") == "app_home_opened":
            if event.get("tab") == "home":
                self._later(self._home(person.user, inside=inside))
            return HEARD
        said = events.heard(body, actor(person, inside=inside), us.user)
        if said is None:
            return HEARD
        answer = await self._answer_to(said, inside=inside, alone=event.get("channel_type") == "im", t=t)
        if answer is None:
            return AGAIN
        self._later(self._whisper(person.user, said.spot, answer))
        return HEARD

    async def _answer_to(self, said: Heard, *, inside: bool, alone: bool, t: Translate) -> Answer | None:
        """What to say of a message, perhaps nothing; ``None`` when it could not be kept."""
        event = said.event
        if not inside and isinstance(event, Pasted | Commanded):
            return Answer(note=t("refused.unknown_person"), refused=True)
        try:
            answer = await self._hearing.hear(said)
        except files.FileRefused as refused:
            return Answer(note=t(refused.key), refused=True)
        except Failed as problem:
            log.warning("slack_fetch", code=problem.code)
            return None
        if answer.kept != "now":
            return Answer() if answer.kept == "before" else None
        if answer.form is not None and isinstance(event, Commanded):  # a message opens no dialog
            return Answer(note=t("slack.form_elsewhere", typed=event.text), refused=True)
        here = alone and isinstance(event, Pasted) and not self._in_channel(event)  # the card comes here by itself
        return replace(answer, card=None) if here else self._told(answer, event, t)

    async def on_command(self, body: dict[str, Any]) -> BoltResponse:
        """``/moderate``: without words the form at once, before anything is looked up; else the answer, for this person only."""
        person, refusal = await self._people.person(body)
        if person is None:
            return _json(self._private(refusal, sentences(self.antenne.organisation.language).t))
        t = self._t(person.user)
        event = events.command(body, actor(person, inside=True))
        address = str(body.get("response_url") or "")
        if is_blank(event.text):
            self._later(self._intake(event, str(body.get("trigger_id") or ""), address, t))
            return HEARD
        answer = await self._soon(self.antenne.handle(event, draw=False), lambda late: self._late(address, late, event, t))
        if answer is None:
            return HEARD
        if answer.form is not None:
            self._later(self._open(str(body.get("trigger_id") or ""), dialogs.dialog(answer.form, t), address, t))
            return HEARD
        first, *more = self._messages(self._told(answer, event, t), t)
        for values in more:
            self._later(self._send(address, values))
        return _json(first)

    async def on_action(self, body: dict[str, Any]) -> BoltResponse:
        """A button, select or menu, wherever the card stands."""
        person, refusal = await self._people.person(body)
        if person is None:
            self._later(self._answer(body, refusal, sentences(self.antenne.organisation.language).t))
            return HEARD
        t = self._t(person.user)
        event = events.pressed(body, actor(person, inside=True))
        if event is None:  # of a version before this one
            self._later(self._answer(body, Answer(note=t("slack.old_button"), refused=True), t))
            return HEARD
        if isinstance(event, Commanded) or asks(event.press):
            if isinstance(event, Pressed) and isinstance(event.press, Start):
                started = Commanded(id=event.id, actor=event.actor)
                self._later(self._intake(started, str(body.get("trigger_id") or ""), str(body.get("response_url") or ""), t))
            else:
                self._later(self._asked(body, event, t))
            return HEARD
        handled = self.antenne.handle(event, draw=False)  # the outbox changes the card
        answer = await self._soon(handled, lambda late: self._pressed(body, person, event, late, t))
        if answer is not None and (answer.note or answer.cards or answer.card or _alone(body)):
            self._later(self._pressed(body, person, event, answer, t))
        return HEARD

    async def on_view(self, body: dict[str, Any]) -> BoltResponse:
        """A dialog came back. A refusal leaves it open, with what was typed."""
        if body.get("type") != "view_submission":
            return HEARD
        person, refusal = await self._people.person(body)
        if person is None:
            t = sentences(self.antenne.organisation.language).t
            return _json(
                {"response_action": "update", "view": dialogs.said(t("slack.app"), render.several((), t, refusal.note), t)}
            )
        t = self._t(person.user)
        found = events.submitted(body, actor(person, inside=True))
        if found is None:
            return _json({"response_action": "clear"})
        event, shared = found
        answer = await self._soon(
            self._submit(event, shared, person.user, t), lambda late: self._submitted_late(body["view"], person, event, late, t)
        )
        if answer is None:  # nothing is kept yet: the dialog says so until it is
            return _json({"response_action": "update", "view": dialogs.loading(t)})
        if answer.refused and answer.card is None and answer.kept != "before":
            blocks = [block["block_id"] for block in body["view"].get("blocks") or () if block.get("type") == "input"]
            if blocks:
                return _json({"response_action": "errors", "errors": {blocks[0]: answer.note[:1000]}})
        told = self._told(answer, event, t)
        if not told.note and not told.cards:
            return _json({"response_action": "clear"})
        view = dialogs.said(t("slack.app"), render.several(told.cards, t, told.note), t)
        return _json({"response_action": "update", "view": view})

    async def _submitted_late(self, view: Mapping[str, Any], person: Who, event: Submitted, answer: Answer, t: Translate) -> None:
        """A dialog that was kept waiting: what came of it, or the dialog again with what was typed."""
        await asyncio.sleep(SHOWN)
        told = self._told(answer, event, t)
        shown = dialogs.said(t("slack.app"), render.several(told.cards, t, told.note), t)
        if answer.refused and answer.kept != "before":
            shown = dialogs.again(view, answer.note, t)
        try:
            await self.client.call("views.update", view_id=view.get("id"), view=shown)
        except Failed as problem:
            log.info("slack_view", code=problem.code)  # closed meanwhile
            await self._whisper(person.user, Spot(person.user), told)

    async def on_shortcut(self, body: dict[str, Any]) -> BoltResponse:
        """``Modereer dit bericht`` on a message, or the form from Slack's own menu."""
        person, refusal = await self._people.person(body)
        address = str(body.get("response_url") or "")
        if person is None:
            self._later(self._answer(body, refusal, sentences(self.antenne.organisation.language).t))
            return HEARD
        t = self._t(person.user)
        who = actor(person, inside=True)
        if body.get("callback_id") != events.SHORTCUT:
            self._later(self._intake(events.command(body, who), str(body.get("trigger_id") or ""), address, t))
            return HEARD
        said = events.shortcut(body, who)

        async def hear() -> Answer:
            try:
                return await self._hearing.hear(said)
            except files.FileRefused as refused:
                return Answer(note=t(refused.key), refused=True)
            except Failed as problem:
                log.warning("slack_fetch", code=problem.code)
                return Answer(note=t("slack.file_later"), refused=True)

        async def tell(answer: Answer) -> None:
            await self._answer(body, self._told(answer, said.event, t), t)

        answer = await self._soon(hear(), tell)
        if answer is not None:
            self._later(tell(answer))
        return HEARD

    async def on_options(self, body: dict[str, Any]) -> BoltResponse:
        """Somebody opens a menu, or types in it: what the card of that case offers now."""
        person, _ = await self._people.person(body)
        first = events.press_of(str(body.get("action_id")).partition("|")[2])
        case = getattr(first, "case", None)
        name = self.antenne.organisation.by_address.get(("slack", person.user)) if person is not None else None
        card = await self.antenne.card(name, case) if name is not None and case is not None else None
        found = render.menu(card, first, str(body.get("value") or "")) if card is not None and first is not None else []
        return _json({"options": found})

    # --- what a delivery does ------------------------------------------------------------------------------

    async def _submit(self, event: Submitted, shared: tuple[Json, ...], user: str, t: Translate) -> Answer:
        try:
            images = await self._hearing.keep(event.actor, shared) if shared else ()
        except files.FileRefused as refused:
            return Answer(note=t(refused.key), refused=True)
        except Failed as problem:
            log.warning("slack_fetch", code=problem.code)
            return Answer(note=t("slack.file_later"), refused=True)
        return await self.antenne.handle(event.model_copy(update={"images": images}), draw=False)

    async def _intake(self, event: Commanded, trigger: str, address: str, t: Translate) -> None:
        """The form at once, from what needs no database; then, when it differs, with what this person used last."""
        organisation = self.antenne.organisation
        words = Wording(organisation, language_of(organisation, person_of(organisation, event.actor)), self.antenne.clock())
        plain = dialogs.dialog(wording.intake.form(words, Start(), {"place": "own", "platform": "facebook"}, ask_text=True), t)
        opened = await self._open(trigger, plain, address, t)
        if opened is None:
            return
        answer = await self.antenne.handle(event)
        if answer.form is not None:
            filled = dialogs.dialog(answer.form, t)
            if filled != plain:
                await self._change(opened, filled)

    async def _asked(self, body: dict[str, Any], event: Pressed | Commanded, t: Translate) -> None:
        """A dialog that must be looked up: an empty one opens while its trigger lives, and is filled."""
        opened = await self._open(str(body.get("trigger_id") or ""), dialogs.loading(t), str(body.get("response_url") or ""), t)
        if opened is None:
            return
        answer = await self.antenne.handle(event)
        if answer.form is not None:
            await self._change(opened, dialogs.dialog(answer.form, t))
            return
        cards = (*((answer.card,) if answer.card else ()), *answer.cards)
        await self._change(opened, dialogs.said(t("slack.app"), render.several(cards, t, answer.note), t))

    async def _pressed(self, body: dict[str, Any], person: Who, event: Pressed, answer: Answer, t: Translate) -> None:
        """After a press: the outbox changes the cards; here goes what is for this person only."""
        shows = isinstance(event.press, ShowCase | TakeCase) or answer.refused
        alone = isinstance(event.press, TakeCase) and not answer.refused
        card = answer.card if shows and not alone else None
        told = replace(answer, card=None, cards=(*((card,) if card else ()), *answer.cards))
        if told.note or told.cards:
            await self._answer(body, told, t)
        if (body.get("view") or {}).get("type") == "home":
            await self._home(person.user, inside=True)
        elif not shows:
            await self._anew(body, person, event, t)

    async def _anew(self, body: dict[str, Any], person: Who, event: Pressed, t: Translate) -> None:
        """A card that this person alone sees, in a dialog or beside a message, is not the outbox's: here it is shown as it is now."""
        view = body.get("view") or {}
        name, case = self.antenne.organisation.by_address.get(("slack", person.user)), getattr(event.press, "case", None)
        card = await self.antenne.card(name, case) if name is not None and case is not None and _alone(body) else None
        if card is None:
            return
        if view:
            await self._change(view, dialogs.said(t("slack.app"), render.several((card,), t), t))
            return
        for values in self._messages(Answer(card=card), t):
            await self._send(str(body.get("response_url") or ""), {**values, "replace_original": True})

    async def _home(self, user: str, *, inside: bool) -> None:
        """Publish the home page of a person."""
        t = self._t(user)
        known = self.antenne.organisation.by_address.get(("slack", user))
        view = (
            home.home(await self.antenne.overview(known), t) if inside and known else home.closed(t("refused.unknown_person"), t)
        )
        try:
            await self.client.call("views.publish", user_id=user, view=view)
        except Failed as problem:
            log.warning("slack_home", code=problem.code)

    # --- answers for one person ----------------------------------------------------------------------------

    def _told(self, answer: Answer, event: Incoming, t: Translate) -> Answer:
        """What is said of a new case to who began it elsewhere: where its card stands."""
        if answer.refused:
            return answer
        begun = isinstance(event, Pasted | Commanded) or (isinstance(event, Submitted) and isinstance(event.press, Start))
        key = "slack.case_ready_channel" if self._in_channel(event) else "slack.case_ready"
        note = t(key, number=answer.case) if begun and answer.case else ""
        return replace(answer, card=None, note=" ".join(part for part in (note, answer.note) if part))

    def _in_channel(self, event: Incoming) -> bool:
        """Whether the cards of who acts stand in the moderators' channel."""
        organisation, platforms = self.antenne.organisation, self.antenne.house.platforms
        person = person_of(organisation, event.actor)
        return person is not None and card_place(organisation, platforms, person) != direct(organisation, platforms, person)

    def _messages(self, answer: Answer, t: Translate) -> list[dict[str, Any]]:
        cards: tuple[Card, ...] = (*((answer.card,) if answer.card else ()), *answer.cards)
        drawn = render.several(cards, t, answer.note) or render.several((), t, t("slack.done"))
        text = inert(answer.note) if answer.note else inert(t("slack.notice"))
        common = {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": text,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        return [{**common, "blocks": one.blocks} for one in drawn]

    def _private(self, answer: Answer, t: Translate) -> dict[str, Any]:
        return self._messages(answer, t)[0]

    async def _answer(self, body: dict[str, Any], answer: Answer, t: Translate) -> None:
        """To who pressed: beside the message where there is one, in a dialog elsewhere."""
        if not (answer.note or answer.cards or answer.card):
            return
        address = str(body.get("response_url") or "")
        if not address:
            address = next(
                (str(item.get("response_url")) for item in body.get("response_urls") or () if item.get("response_url")), ""
            )
        if address:
            await self._respond(address, answer, t)
            return
        cards: tuple[Card, ...] = (*((answer.card,) if answer.card else ()), *answer.cards)
        view = dialogs.said(t("slack.app"), render.several(cards, t, answer.note), t)
        try:
            await self.client.call("views.open", trigger_id=str(body.get("trigger_id") or ""), view=view)
        except Failed as problem:
            log.warning("slack_answer", code=problem.code)

    async def _respond(self, address: str, answer: Answer, t: Translate) -> None:
        for values in self._messages(answer, t)[:4]:  # an address serves five times
            await self._send(address, values)

    async def _late(self, address: str, answer: Answer, event: Commanded, t: Translate) -> None:
        """What a command comes to after Slack was answered: a dialog can no longer open then."""
        told = Answer(note=t("slack.too_late"), refused=True) if answer.form is not None else self._told(answer, event, t)
        await self._respond(address, told, t)

    async def _send(self, address: str, values: Mapping[str, Any]) -> None:
        if not await self.client.respond(address, values):
            log.warning("slack_answer", code="response_url")

    async def _whisper(self, user: str, spot: Spot, answer: Answer) -> None:
        """Something for one person, where they wrote."""
        if not (answer.note or answer.cards or answer.card):
            return
        t = self._t(user)
        for values in self._messages(answer, t):
            try:
                channel = spot.channel
                if channel == user:
                    opened = await self.client.call("conversations.open", users=user)
                    channel = str(opened["channel"]["id"])
                await self.client.call(
                    "chat.postEphemeral", channel=channel, user=user, thread_ts=spot.thread or None, text=values["text"],
                    blocks=values["blocks"], parse="none", link_names=False,
                )  # fmt: skip
            except Failed as problem:
                log.warning("slack_answer", code=problem.code)

    async def _open(self, trigger: str, view: Json, address: str, t: Translate) -> Mapping[str, Any] | None:
        """Open a dialog; when that fails, say so beside the message."""
        try:
            answer = await self.client.call("views.open", trigger_id=trigger, view=view)
        except Failed as problem:
            log.warning("slack_view", code=problem.code)
            if address:
                await self._respond(address, Answer(note=t("slack.too_late"), refused=True), t)
            return None
        found = answer.get("view")
        return found if isinstance(found, Mapping) else None

    async def _change(self, opened: Mapping[str, Any], view: Json) -> None:
        """Fill a dialog that still stands as it was opened."""
        try:
            await self.client.call("views.update", view_id=opened["id"], hash=opened["hash"], view=view)
        except Failed as problem:
            log.info("slack_view", code=problem.code)  # closed, or changed meanwhile by who looks at it

    def _t(self, user: str) -> Translate:
        organisation = self.antenne.organisation
        return sentences(language_of(organisation, organisation.by_address.get(("slack", user)))).t

    # --- in time -------------------------------------------------------------------------------------------

    async def _soon(self, work: Coroutine[Any, Any, Answer], late: Callable[[Answer], Awaitable[None]]) -> Answer | None:
        """The answer if it is there before Slack gives up; else ``None``, and it is told ``late``."""
        loop, task = asyncio.get_running_loop(), self._kept(work)
        waited = loop.create_future()  # what `asyncio.wait` does, at half its price: every press passes here

        def enough(_: object) -> None:
            if not waited.done():
                waited.set_result(None)

        task.add_done_callback(enough)
        patience = loop.call_later(SOON, enough, None)
        await waited
        patience.cancel()
        if task.done():
            return task.result()

        async def tell() -> None:
            await late(await task)

        self._later(tell())
        return None

    def _later(self, work: Coroutine[Any, Any, object]) -> None:
        """Do it after the answer; what goes wrong with it is logged without its text."""

        async def done() -> None:
            try:
                await work
            except Exception as problem:  # noqa: BLE001 - nobody waits for it
                log.error("slack_answer", error=type(problem).__name__)

        self._kept(done())

    def _kept(self, work: Coroutine[Any, Any, Done]) -> "asyncio.Task[Done]":
        """A task that is not forgotten before it ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _alone(body: Mapping[str, Any]) -> bool:
    """Whether the card that was pressed is in a dialog, on the home page or shown to this person only: never the outbox's."""
    return bool(body.get("view") or (body.get("container") or {}).get("is_ephemeral"))


def _json(values: Mapping[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=orjson.dumps(values).decode(), headers={"Content-Type": ["application/json"]})
