"""The wire in: a request with a good token becomes one event, and one answer.

Let in first, read then. What is answered is stored; an invoke is answered within its 5 seconds, and what takes longer is told after.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import structlog
from aiohttp import web
from sqlalchemy import exists, select

from adapters.teams import answers, events, files, render
from adapters.teams.access import Denied, Gate
from adapters.teams.client import Failed, Place, TeamsChat
from adapters.teams.events import OUTSIDE, Json, Spot, Who
from adapters.teams.turn import Adapter, BadActivity, Member
from bot.cards import Form
from bot.comment_text import is_blank
from bot.events import Actor, Answer, Commanded, Image, Incoming, Pasted, Pressed, Replied, Submitted
from bot.ports import Pictures
from bot.presses import EditIntake, Press, ShowCase, Start
from bot.roster import person_of
from bot.sentences import sentences
from bot.tables import messages
from bot.wording import language_of

if TYPE_CHECKING:
    from bot.antenne import Antenne

log = structlog.get_logger()

PATH = "/api/messages"
LARGEST = 1_000_000  # bytes of a request
SOON, ACKNOWLEDGED = 4.0, 12.0  # seconds in which an invoke, and a message, is answered: Teams waits five, and fifteen
KNOWN = 3600.0  # seconds that what Teams said of a person counts
REMEMBERED = 2_000  # answers kept for an invoke that is sent again


class TeamsApp:
    """Teams' side of a running bot. ``routes`` is its HTTP path. Keeps no state of a conversation."""

    def __init__(
        self, antenne: "Antenne", chat: TeamsChat, *, pictures: Pictures | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.antenne, self.chat, self.connector = antenne, chat, chat.connector
        self._pictures, self._clock = pictures, clock
        self.gate = Gate(self.connector.settings, lambda: self.connector.session, clock)
        self._adapter = Adapter(self, self.connector)
        self._known: dict[str, tuple[float, bool]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._turns: OrderedDict[str, asyncio.Task[tuple[int, object]]] = OrderedDict()

    # --- the wire ------------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """The one path for everything that Teams sends."""
        return [web.post(PATH, self.receive)]

    async def warm(self) -> None:
        """Read who signs, before the first request."""
        await self.gate.warm()

    async def receive(self, request: web.Request) -> web.Response:
        """A request: without a good token it is not even decoded; of another tenant it is not understood."""
        try:
            claims = await self.gate.token(request.headers.get("Authorization", ""), request.remote or "", request.url.host or "")
            if (request.content_length or 0) > LARGEST:
                return web.Response(status=413)
            raw = await request.content.read(LARGEST + 1) if request.can_read_body else b""
            while len(raw) <= LARGEST and not request.content.at_eof():
                raw += await request.content.read(LARGEST + 1 - len(raw))
            if len(raw) > LARGEST:
                return web.Response(status=413)
            if request.content_type != "application/json":
                return web.Response(status=415)
            body = _decoded(raw)
            if body is None:
                return web.Response(status=400)
            self.gate.activity(body, claims)
        except Denied as denied:
            log.warning("teams_denied", why=denied.why)
            self.antenne.metrics.count("denied", "teams", denied.why)
            return web.Response(status=denied.status)
        try:
            status, answer = await self._once(body, self._adapter.turn(body, claims))
        except BadActivity:
            return web.Response(status=400)
        except Exception as problem:  # noqa: BLE001 - a defect answers 500, and its text may quote a citizen
            log.error("teams_delivery", error=type(problem).__name__, kind=re.sub(r"[^A-Za-z/]", "", str(body.get("type")))[:30])
            return web.Response(status=500)
        if answer is None:
            return web.Response(status=status)
        return web.Response(status=status, body=orjson.dumps(answer), content_type="application/json")

    async def _once(self, body: Json, turn: Coroutine[Any, Any, tuple[int, object]]) -> tuple[int, object]:
        """A repetition gets what the first got: it waits for it, or, an invoke, is answered the same again."""
        if not body.get("id") or body.get("type") not in ("message", "invoke"):
            return await turn
        name = events.event_id(body, str(body.get("name") or ""))
        task = self._turns.get(name)
        if task is None:
            task = self._turns[name] = asyncio.create_task(turn)
            while len(self._turns) > REMEMBERED:
                self._turns.popitem(last=False)
        else:
            turn.close()
        try:
            await asyncio.wait({task}, timeout=ACKNOWLEDGED)
            if not task.done():  # pictures that are slow to fetch: what came of them is told in the chat
                task.add_done_callback(_late)
                return 200, None
            return task.result()
        finally:
            if task.done() and (body["type"] == "message" or task.cancelled() or task.exception() is not None):
                self._turns.pop(name, None)

    async def close(self) -> None:
        """Finish what is under way, for a moment, and let go."""
        pending = {*self._tasks, *(task for task in self._turns.values() if not task.done())}
        if pending:
            await asyncio.wait(pending, timeout=3)
        for task in pending:
            task.cancel()

    # --- turns ---------------------------------------------------------------------------------------------

    async def on_message(self, body: Json, member: Member) -> None:
        """Something was said, in a personal chat or to the bot in a channel; or an older client pressed a button."""
        person = events.who(body)
        if person is None:
            return
        await self._learn(body, person)
        inside, t = await self._inside(body, person, member), self._t(person)
        if inside is None:
            self._later(self._whisper(person, Answer(note=t("teams.unsure"), refused=True)))
            return
        actor, at = self._actor(person, inside=inside), events.spot(body)
        if isinstance(body.get("value"), Mapping) and not body.get("text"):
            if inside:
                await self._pressed_in_words(body, person, actor)
            return
        ours = bool(at.root) and not at.personal and at.root != body.get("id") and await self._ours(at, person)
        said = events.heard(body, actor, ours=ours)
        if said is None:
            return
        if not inside and isinstance(said.event, Pasted | Commanded):
            self._later(self._whisper(person, Answer(note=t("refused.unknown_person"), refused=True)))
            return
        try:
            answer = await self._hear(said)
        except files.FileRefused as refused:
            answer = Answer(note=t(refused.key), refused=True)
        except Failed as problem:
            log.warning("teams_fetch", code=problem.code, status=problem.status)
            answer = Answer(note=t("teams.file_later"), refused=True)
        if answer.kept == "before":
            return
        # The card of a new case comes to their chat by itself.
        told = replace(answer, card=None) if isinstance(said.event, Pasted | Commanded) and not answer.refused else answer
        self._later(self._whisper(person, told))

    async def on_change(self, body: Json, member: Member) -> None:
        """A message was changed or deleted."""
        person = events.who(body)
        if person is None:
            return
        await self._learn(body, person)
        inside = await self._inside(body, person, member)
        event = events.edited(body, self._actor(person, inside=bool(inside)))
        if event is not None:
            await self.antenne.handle(event)

    async def on_installed(self, body: Json) -> None:
        """The bot was added somewhere, or removed; or people of a conversation changed."""
        at, person, added = events.spot(body), events.who(body), body.get("action") != "remove"
        if body.get("type") == "conversationUpdate" and not at.personal:
            added = not _removed(body)
        if not added:
            await self.chat.places.forget(at.lane(person) if person is not None else f"teams:{at.base}")
            return
        await self._learn(body, person)
        if (
            body.get("type") == "installationUpdate"
            and at.personal
            and person is not None
            and person_of(self.antenne.organisation, self._actor(person, inside=True))
        ):
            self._later(self._whisper(person, Answer(note=self._t(person)("teams.welcome"))))

    async def on_invoke(self, body: Json, member: Member) -> tuple[int, object]:
        """A button, a dialog, or the action on a message; the answer within 4 seconds, whatever happens."""
        name, person = str(body.get("name") or ""), events.who(body)
        how = _INVOKES.get(name)
        if how is None:
            return 501, None
        house = sentences(self.antenne.organisation.language).t
        if person is None:
            return 200, answers.as_wanted(name, Answer(note=house("refused.unknown_person"), refused=True), house, None)
        t = self._t(person)
        task = asyncio.create_task(how(self, body, person, member))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        done, _ = await asyncio.wait({task}, timeout=SOON)
        if done:
            return 200, task.result()[1]

        async def tell() -> None:
            late, _ = await task
            await self._whisper(person, late)

        self._later(tell())
        return 200, answers.as_wanted(name, Answer(note=t("teams.busy")), t, None)

    # --- invokes -------------------------------------------------------------------------------------------

    async def _act(self, body: Json, person: Who, member: Member) -> tuple[Answer, object]:
        """A button on a card."""
        answer, press = await self._acted(body, person, member)
        t = self._t(person)
        if answer.form is not None:  # a dialog that nobody knew would open: only a Submit can open it
            self._later(self._say(person, render.opening(answer.form, t), ""))
            answer = Answer(note=t("teams.below"))
        elif answer.cards or (answer.card is not None and not answers.stays(answer, press)):
            self._later(self._whisper(person, replace(answer, note="")))
            answer = replace(answer, note=answer.note or t("teams.below"), card=None, cards=())
        return answer, answers.as_wanted("adaptiveCard/action", answer, t, press)

    async def _acted(self, body: Json, person: Who, member: Member) -> tuple[Answer, Press | None]:
        refusal = await self._refused(body, person, member)
        if refusal is not None:
            return refusal, None
        actor, t = self._actor(person, inside=True), self._t(person)
        reply = events.written(body, actor)
        if reply is not None:
            if is_blank(reply.text):
                return Answer(note=t("teams.required"), refused=True), None
            said = await self.antenne.handle(reply)
            return (said if said.note else Answer(note=t("teams.passed_on"))), None
        event = events.pressed(body, actor)
        if event is None:
            key = "teams.choose_first" if "select" in events.data_of(body) else "teams.old_card"
            return Answer(note=t(key), refused=True), None
        return await self.antenne.handle(event), event.press

    async def _fetch(self, body: Json, person: Who, member: Member) -> tuple[Answer, object]:
        """A button that opens a dialog. Nothing changes by it, so each delivery is an event of its own."""
        t = self._t(person)
        refusal = await self._refused(body, person, member)
        if refusal is not None:
            return refusal, answers.dialog(refusal, t)
        event = events.pressed(body, self._actor(person, inside=True), f".{uuid4().hex[:8]}")
        answer = await self.antenne.handle(event) if event is not None else Answer(note=t("teams.old_card"), refused=True)
        return answer, self._in_dialog(answer, person, t)

    async def _submit(self, body: Json, person: Who, member: Member) -> tuple[Answer, object]:
        """A dialog came back. A refusal opens it again, with what was typed."""
        t = self._t(person)
        refusal = await self._refused(body, person, member)
        event = events.submitted(body, self._actor(person, inside=True)) if refusal is None else None
        if refusal is not None or event is None:
            answer = refusal or Answer(note=t("teams.old_card"), refused=True)
            return answer, answers.dialog(answer, t)
        answer = await self.antenne.handle(event)
        if answer.refused and answer.card is None and answer.kept != "before":
            again = await self._again(event)
            if again is not None:
                return answer, answers.ask(again.title, render.dialog(again, t, answer.note))
        told = self._told(answer, event, t)
        return told, self._in_dialog(told, person, t) if told.note or told.cards else {}

    async def _again(self, event: Submitted) -> Form | None:
        """The form of a dialog that was refused, holding what was typed."""
        asked: Incoming = Pressed(id=f"{event.id}.again.{uuid4().hex[:8]}"[:200], actor=event.actor, press=event.press)
        form = (await self.antenne.handle(asked)).form
        if form is None:
            return None
        return replace(form, fields=tuple(replace(one, value=event.values.get(one.name, one.value)) for one in form.fields))

    async def _modereer(self, body: Json, person: Who, member: Member) -> tuple[Answer, object]:
        """**Modereer** on a message: the intake with its words in it."""
        t = self._t(person)
        refusal = await self._refused(body, person, member)
        if refusal is not None:
            return refusal, answers.dialog(refusal, t)
        named = events.event_id(body, f".{uuid4().hex[:8]}")
        answer = await self.antenne.handle(Commanded(id=named, actor=self._actor(person, inside=True)))
        if answer.form is not None:
            words = events.shared(body)
            filled = tuple(replace(one, value=words) if one.name == "text" else one for one in answer.form.fields)
            answer = replace(answer, form=replace(answer.form, fields=filled))
        return answer, answers.dialog(answer, t)

    def _in_dialog(self, answer: Answer, person: Who, t: render.Translate) -> object:
        """An answer in a dialog. Cards go to the chat: a dialog can send a form, but press no button."""
        shown = replace(answer, note="", form=None)
        if answer.form is None and (shown.card or shown.cards):
            self._later(self._whisper(person, shown))
            return answers.dialog(Answer(note=answer.note or t("teams.below")), t)
        return answers.dialog(answer, t)

    async def _pressed_in_words(self, body: Json, person: Who, actor: Actor) -> None:
        """A button of a client that knows no Action.Execute: what it says came as a message."""

        async def member(conversation: str = "") -> bool | None:
            return True  # looked at a moment ago

        answer, press = await self._acted(body, person, member)
        if answer.form is not None:
            t = self._t(person)
            self._later(self._say(person, render.opening(answer.form, t), ""))
            return
        shown = answer if answer.refused or isinstance(press, ShowCase) else replace(answer, card=None)
        self._later(self._whisper(person, shown))

    # --- what a delivery does ------------------------------------------------------------------------------

    async def _hear(self, said: events.Heard) -> Answer:
        """The event with its pictures in it, handled. Raises ``FileRefused`` and ``Failed``."""
        event = said.event
        if said.files and isinstance(event, Pasted):
            event = event.model_copy(update={"images": await self._keep(event.actor, said.files)})
        if said.files and isinstance(event, Replied):  # a dialog takes no pictures: an answer to the case's card does
            case = await self._case_at(event)
            if case is not None:
                images = await self._keep(event.actor, said.files)
                added = Submitted(id=f"{event.id}.files", actor=event.actor, press=EditIntake(case=case), images=images)
                answer = await self.antenne.handle(added)
                if answer.refused or is_blank(event.text):
                    return answer if answer.refused else Answer(note=answer.note, kept=answer.kept)
        if isinstance(event, Replied) and is_blank(event.text):
            return Answer()  # a file alone says nothing that can be passed on
        return await self.antenne.handle(event)

    async def _keep(self, actor: Actor, shared: tuple[Json, ...]) -> tuple[Image, ...]:
        """Fetch pictures, look at them, then store them as they came."""
        kept = []
        by = person_of(self.antenne.organisation, actor) or ""
        for file in shared[: files.MOST]:
            content = await files.fetch(self.connector, file)
            media, text = await files.looked_at(content, self._pictures)
            kept.append(Image(evidence=await self.antenne.keep_picture(by, content, media, text)))
        return tuple(kept)

    def _told(self, answer: Answer, event: Incoming, t: render.Translate) -> Answer:
        """What is said of a new case to who began it in a dialog: its card stands in their chat."""
        if answer.refused or answer.card is None:
            return answer
        begun = isinstance(event, Submitted) and isinstance(event.press, Start)
        ready = t("teams.case_ready", number=answer.case) if begun and answer.case else ""
        return replace(answer, card=None, note=" ".join(part for part in (ready, answer.note) if part))

    async def _whisper(self, person: Who, answer: Answer) -> None:
        """Something for one person alone: in their personal chat."""
        t = self._t(person)
        if answer.form is not None:
            await self._say(person, render.opening(answer.form, t), "")
        if answer.note:
            await self._say(person, render.note(answer.note, t), answer.note)
        for shown in (*((answer.card,) if answer.card else ()), *answer.cards):
            try:
                await self._say(person, render.card(shown, t), shown.notice)
            except Failed as problem:
                if not problem.too_large:
                    raise
                await self._say(person, render.card(shown, t, largest=render.SMALLER), shown.notice)

    async def _say(self, person: Who, drawn: render.Json, notice: str) -> None:
        """One card. Raises ``Failed``."""
        await self.chat.whisper(f"teams:{person.person}", render.message(drawn, notice, self._t(person)))

    async def _learn(self, body: Json, person: Who | None) -> None:
        """Where this conversation is kept, and who of Microsoft's addresses answers for it now."""
        at, service = events.spot(body), events.service(body)
        if not at.base or (at.personal and person is None):
            return
        lane = at.lane(person) if person is not None else f"teams:{at.base}"
        await self.chat.places.learn(lane[:200], Place(at.base[:300], service))

    async def _ours(self, at: Spot, person: Who) -> bool:
        """Whether a thread begins with a message of the bot's."""
        query = select(exists().where(messages.c.lane == at.lane(person), messages.c.remote == at.root))
        return bool(await self.antenne.store.read(lambda conn: conn.execute(query).scalar()))

    async def _case_at(self, event: Replied) -> int | None:
        """The case whose card a message answers."""
        here = (messages.c.lane == event.conversation, messages.c.remote == event.remote, messages.c.kind == "case")
        found = await self.antenne.store.read(lambda conn: conn.execute(select(messages.c.case_id).where(*here)).scalar())
        return int(found) if found is not None else None

    # --- who -----------------------------------------------------------------------------------------------

    async def _refused(self, body: Json, person: Who, member: Member) -> Answer | None:
        """The refusal for somebody who does not act as themselves here."""
        await self._learn(body, person)
        inside = await self._inside(body, person, member)
        if inside:
            return None
        return Answer(note=self._t(person)("teams.unsure" if inside is None else "refused.unknown_person"), refused=True)

    async def _inside(self, body: Json, person: Who, member: Member) -> bool | None:
        """Whether somebody acts as themselves here: in the directory, of our tenant, no guest; ``None``: Teams does not say now."""
        if ("teams", person.person) not in self.antenne.organisation.by_address:
            return False
        if not self.connector.settings.app_id:
            return True
        at, known = self._known.get(person.person, (float("-inf"), False))
        if self._clock() - at > KNOWN:
            found = await member()
            if (
                found is None and not events.spot(body).personal
            ):  # Modereer is chosen where the bot is no member: their own chat knows them too
                own = await self.chat.place_of(person.person)
                found = await member(own.remote) if own is not None else None
            if found is None:
                return None
            known = found
            self._known[person.person] = (self._clock(), known)
        return known

    def _actor(self, person: Who, *, inside: bool) -> Actor:
        return Actor(platform="teams", address=person.person if inside else OUTSIDE + person.person)

    def _t(self, person: Who) -> render.Translate:
        organisation = self.antenne.organisation
        return sentences(language_of(organisation, organisation.by_address.get(("teams", person.person)))).t

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it after the answer; what goes wrong with it is logged without its text."""

        async def done() -> None:
            try:
                await work
            except Failed as problem:
                log.warning("teams_answer", status=problem.status, code=problem.code)
                self.antenne.metrics.count("failures", "teams", "answer")
            except Exception as problem:  # noqa: BLE001 - nobody waits for it
                log.error("teams_answer", error=type(problem).__name__)

        task = asyncio.create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_INVOKES: Mapping[str, Callable[[TeamsApp, Json, Who, Member], Coroutine[Any, Any, tuple[Answer, object]]]] = {
    "adaptiveCard/action": TeamsApp._act,  # noqa: SLF001 - the table of its own methods
    "task/fetch": TeamsApp._fetch,  # noqa: SLF001 - as above
    "task/submit": TeamsApp._submit,  # noqa: SLF001 - as above
    "composeExtension/fetchTask": TeamsApp._modereer,  # noqa: SLF001 - as above
    "composeExtension/submitAction": TeamsApp._submit,  # noqa: SLF001 - as above
}


def _late(task: asyncio.Task[Any]) -> None:
    """What went wrong with a turn that was answered before it ended, without its text."""
    if not task.cancelled() and (problem := task.exception()) is not None:
        log.error("teams_delivery", error=type(problem).__name__)


def _removed(body: Json) -> bool:
    """Whether the bot is among those who were removed."""
    me = body.get("recipient")
    name = me.get("id") if isinstance(me, Mapping) else None
    gone = body.get("membersRemoved")
    return isinstance(gone, list) and any(isinstance(item, Mapping) and item.get("id") == name for item in gone)


def _decoded(raw: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
