"""Torenbeek on Teams: the sample municipality with Teams addresses, beside the stub, and the journeys' driver over its wire."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
from aiohttp import web
from pydantic import SecretStr

from adapters.main import running
from adapters.teams.app import PATH, TeamsApp
from adapters.teams.client import TeamsChat
from bot.antenne import Antenne
from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Chart,
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
from bot.organisation import load_organisation
from bot.presses import Start, unpack
from bot.roster import channels_of
from bot.sentences import sentences
from bot.settings import SAMPLE, Settings, TeamsSettings
from tests.adapters.teams.stub import (
    APP,
    BOT,
    PASSWORD,
    TENANT,
    Cloud,
    Conversation,
    Json,
    channel_id,
    new_id,
    person_id,
    signed,
)
from tests.journeys.chat import (
    START,
    Asked,
    Chat,
    Control,
    Heard,
    Message,
    NotThere,
    Question,
    Sheet,
    dump_form,
    merged,
    organisation_in,
    sheet,
)
from tests.servers import tables_at

TONES = {"attention": "danger", "warning": "warning", "good": "success", "accent": "info", "emphasis": "neutral"}
STATES = {"☐": "open", "☑": "done", "☒": "waived", "⛔": "blocked"}


def on_teams(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The change that gives everybody, and every channel, an address on Teams."""
    organisation, _ = load_organisation(SAMPLE)
    people = {name: {"addresses": {"teams": person_id(name)}} for name in organisation.people}
    roles = {name: _channel(held.channel["local"]) for name, held in organisation.roles.items() if "local" in held.channel}
    departments = {
        name: _channel(item.channel["local"]) for name, item in organisation.departments.items() if "local" in item.channel
    }
    return dict(merged({"people": people, "roles": roles, "departments": departments}, dict(changes)))


def _channel(local: str) -> Json:
    return {"channel": {"teams": channel_id(local.removeprefix("#"))}}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a control stands, and what using it sends."""

    conversation: str
    message: str
    action: Json = field(hash=False)
    inputs: Json = field(default_factory=dict, hash=False)


@dataclass
class Town:
    """A running bot, the stub it talks with, and what people do there."""

    cloud: Cloud
    antenne: Antenne
    app: TeamsApp
    url: str
    session: aiohttp.ClientSession
    time: list[datetime]

    @property
    def teams(self) -> TeamsChat:
        return self.app.chat

    # --- deliveries ----------------------------------------------------------------------------------------

    async def deliver(self, body: Json, **headers: str) -> tuple[int, Any]:
        """Send an activity with a good token, unless ``headers`` say otherwise."""
        named = {"Authorization": signed(self.cloud.origin), "Content-Type": "application/json"} | headers
        async with self.session.post(self.url + PATH, data=orjson.dumps(body), headers=named) as answer:
            raw = await answer.read()
            return answer.status, orjson.loads(raw) if raw else None

    def activity(self, person: str, kind: str, place: Conversation, *, root: str = "", **more: Any) -> Json:
        """What Teams delivers of something that a person does there."""
        personal = bool(place.person)
        if not personal:
            place.members.setdefault(person_id(person), "user")
        channel = {} if personal else {"channel": {"id": place.id}, "team": {"id": place.id}}
        return {
            "type": kind, "id": new_id(), "channelId": "msteams", "serviceUrl": self.cloud.origin, "locale": "nl-BE",
            "timestamp": "2026-11-17T09:00:00Z",
            "from": {"id": f"29:{person_id(person)}", "aadObjectId": person_id(person), "name": person},
            "recipient": {"id": BOT, "name": "Antenne"},
            "conversation": {
                "id": place.id + (f";messageid={root}" if root else ""), "tenantId": TENANT,
                "conversationType": "personal" if personal else "channel", **({} if personal else {"isGroup": True}),
            },
            "channelData": {"tenant": {"id": TENANT}, **channel},
        } | more  # fmt: skip

    async def write(
        self, person: str, text: str, *, place: Conversation | None = None, root: str = "", **more: Any
    ) -> tuple[int, Any]:
        """Somebody writes: to the bot itself, or in a channel, where they must call its name."""
        place = place or self.cloud.personal(person)
        body = self.activity(person, "message", place, root=root, text=text, textFormat="plain") | more
        if not place.person:
            body["text"] = f"<at>Antenne</at> {text}"
            body["entities"] = [{"type": "mention", "text": "<at>Antenne</at>", "mentioned": {"id": BOT, "name": "Antenne"}}]
            if not root:
                body["conversation"]["id"] += f";messageid={body['id']}"
        place.messages.append({"id": body["id"], "root": root or body["id"], "from": person, "activity": body})
        answer = await self.deliver(body)
        await self.settle()
        return answer

    async def invoke(self, person: str, name: str, value: Json, *, spot: Spot | None = None, **more: Any) -> Any:
        """A button, dialog or action; the JSON of the answer."""
        base, _, root = (spot.conversation if spot else self.cloud.personal(person).id).partition(";messageid=")
        place = self.cloud.conversations[base]
        body = self.activity(person, "invoke", place, root=root, name=name, value=value) | more
        if spot is not None:
            body["replyToId"] = spot.message
        status, answer = await self.deliver(body)
        assert status == 200, status
        await self.settle()
        return answer

    async def press(self, person: str, spot: Spot) -> Any:
        """Use a control, as a client would."""
        action = spot.action
        if action["type"] == "Action.Submit":
            assert action["data"]["msteams"] == {"type": "task/fetch"}
            data = {name: value for name, value in action["data"].items() if name != "msteams"}
            return await self.invoke(person, "task/fetch", {"data": data, "context": {"theme": "default"}}, spot=spot)
        data = dict(action["data"]) | (spot.inputs if action["associatedInputs"] == "auto" else {})
        value = {"action": {"type": "Action.Execute", "verb": action["verb"], "data": data}, "trigger": "manual"}
        return await self.invoke(person, "adaptiveCard/action", value, spot=spot)

    async def settle(self, seconds: float = 0) -> None:
        """Let what is under way end, let time pass, and let the outbox say everything."""
        while pending := [task for task in self.app._tasks if not task.done()]:
            await asyncio.wait(pending)
        self.time[0] += timedelta(seconds=seconds)
        for _ in range(60):
            following = await self.antenne.work()
            if following > self.time[0] + timedelta(seconds=3):
                return
            self.time[0] = max(self.time[0], following)

    # --- what people see -----------------------------------------------------------------------------------

    def messages(self, place: Conversation) -> list[Json]:
        """The bot's own messages there, oldest first."""
        return [one for one in place.messages if one["from"] == BOT]

    def chat_of(self, person: str) -> list[Sheet]:
        """What stands in somebody's personal chat."""
        place = self.cloud.personal(person)
        return [read(one["activity"], place.id, one["id"]) for one in self.messages(place)]

    def channel(self, name: str) -> list[Sheet]:
        """What stands in a channel, threads too."""
        place = self.cloud.conversations[channel_id(name)]
        return [read(one["activity"], f"{place.id};messageid={one['root']}", one["id"]) for one in self.messages(place)]


def find(shown: Sequence[Sheet], label: str, *, within: str = "") -> Control:
    """The newest control of that label."""
    for one in reversed(shown):
        for control in one.controls:
            if control.label == label and within in control.within:
                return control
    raise NotThere(f"nothing says {label!r}: {[one.title for one in shown]}")


# --- reading cards back ------------------------------------------------------------------------------------


def read(activity: Json, conversation: str = "", message: str = "") -> Sheet:
    """A message as it is read."""
    return read_card(activity["attachments"][0]["content"], conversation, message)


def read_card(drawn: Json, conversation: str = "", message: str = "") -> Sheet:
    """An Adaptive Card as the card of the vocabulary that it shows; controls hold what using them sends."""
    reader = Reader()
    shown = sheet(reader.card(drawn))
    placed = []
    for control in shown.controls:
        action, inputs = reader.actions[control.handle.model_dump_json()]
        placed.append(replace(control, handle=Spot(conversation, message, action, inputs)))
    return replace(shown, drawn_from=None, controls=tuple(placed))  # not the card as the bot had it


def words(element: Json) -> str:
    """What stands in a text element, links as they were."""
    if element["type"] == "RichTextBlock":
        return whole("".join(run["text"] for run in element["inlines"]))
    return "\n".join(words(item).strip() if words(item) == " " else words(item) for item in element["items"])


def whole(text: str) -> str:
    """Words as they were before they were made harmless."""
    return text.replace("[:]", ":").replace("[.]", ".").replace("‹", "<")


def kind_of(element: Json) -> list[str]:
    """What an element is, as its id says it."""
    return str(element.get("id") or "").split(".")


@dataclass
class Reader:
    """Reads one card; ``actions`` by the press that they say, with the inputs that go along."""

    actions: dict[str, tuple[Json, Json]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)  # labels that are too long for their button

    def card(self, drawn: Json) -> Card:
        body, title, tone = list(drawn["body"]), "", "neutral"
        if body and body[0].get("id") == "title":
            head = body.pop(0)
            title, tone = words(head["items"][0]), TONES[head["style"]]
        for element in body:
            self._element(element)
        return Card(title, tuple(self.blocks), tone)  # type: ignore[arg-type]  # one of the tones

    def _element(self, element: Json) -> None:  # noqa: C901 - one case for each kind of element
        kind = kind_of(element)
        match element["type"], kind[0]:
            case "TextBlock", "mentions":
                pass
            case _, "text":
                self.blocks.append(Text(words(element), kind[1]))  # type: ignore[arg-type]  # one of the styles
            case _, "picture":
                self.blocks.append(Picture(int(kind[1]), words(element).partition(": ")[2]))
            case _, "fact" | "factquote":
                self._fact(element, quoted=kind[0] == "factquote")
            case "ColumnSet", "item":
                self._item(element, kind[1])
            case "ColumnSet", _:
                self._select(element)
            case "ActionSet", "buttons":
                self.blocks.append(Buttons(tuple(map(self._button, element["actions"]))))
            case "ActionSet", "answer":
                self.blocks += []
            case "ActionSet", _:
                self._more(element)
            case _, "toggles":
                self.blocks.append(Toggles(words(element), ()))
            case _, "selecthint":
                asked = self.blocks[-1]
                assert isinstance(asked, Select)
                self.blocks[-1] = replace(asked, hint=words(element))
            case _, "charttitle":
                self.blocks.append(Chart(words(element), "", (), ()))
            case "Image", "chart":
                assert isinstance(self.blocks[-1], Chart)
            case _, "chartalt":
                drawn = self.blocks[-1]
                assert isinstance(drawn, Chart)
                self.blocks[-1] = replace(drawn, alt=words(element))
            case _, "tabletitle":
                self.blocks.append(Table(words(element), (), ()))
            case "Table", _:
                self._table(element)
            case "Container", _:
                self._container(element)
            case _, "label":
                self.whole.append(words(element))
            case _, "hint":
                pass
            case _:
                raise AssertionError(f"an element that nobody knows: {element}")

    def _container(self, element: Json) -> None:
        first, *rest = element["items"]
        if kind_of(first)[0] == "copytitle":
            self.blocks.append(Copy(words(first), words(rest[0])))
        elif kind_of(element["items"][-1])[0] == "quote":
            by = words(first).removesuffix(":") if rest else ""
            self.blocks.append(Quote(words(element["items"][-1]), by))
        else:
            raise AssertionError(f"a container that nobody knows: {element}")

    def _fact(self, element: Json, *, quoted: bool) -> None:
        *label, value = (whole(run["text"]) for run in element["inlines"])
        row = ("".join(label).removesuffix(": "), Quote(value) if quoted else value)
        last = self.blocks[-1] if self.blocks else None
        if isinstance(last, Facts):
            self.blocks[-1] = Facts((*last.rows, row))
        else:
            self.blocks.append(Facts((row,)))

    def _item(self, element: Json, state: str) -> None:
        column, *actions = element["columns"]
        text = words(column["items"][0])
        assert STATES[text[0]] == state
        note = words(column["items"][1]) if len(column["items"]) > 1 else ""
        found = [action for one in actions for action in one["items"][0]["actions"]]
        marks = [one for one in found if one.get("mode") != "secondary"]
        mark = self._button(marks[0]).press if marks else None
        more = tuple(self._button(one) for one in found if one.get("mode") == "secondary")
        item = Item(text[2:], state, note, mark, more)  # type: ignore[arg-type]  # one of the states
        last = self.blocks[-1] if self.blocks else None
        self.blocks[-1:] = (
            [Checklist((*last.items, item))] if isinstance(last, Checklist) else [*self.blocks[-1:], Checklist((item,))]
        )

    def _select(self, element: Json) -> None:
        asked = element["columns"][0]["items"][0]
        save = element["columns"][1]["items"][0]["actions"][0]
        assert save["data"] == {"select": asked["id"]}
        options = []
        for choice in asked["choices"]:
            press = unpack(choice["value"])
            self.actions[press.model_dump_json()] = (save, {asked["id"]: choice["value"]})
            options.append((whole(choice["title"]), press))
        chosen = next((at for at, choice in enumerate(asked["choices"]) if choice["value"] == asked.get("value")), None)
        self.blocks.append(Select(whole(asked["label"]), tuple(options), chosen))

    def _more(self, element: Json) -> None:
        """One more row of the buttons or toggles before it."""
        last = self.blocks[-1] if self.blocks else None
        made = tuple(map(self._button, element["actions"]))
        if isinstance(last, Toggles):
            self.blocks[-1] = Toggles(
                last.label, (*last.items, *((one.label[2:], one.label[0] == "☑", one.press) for one in made))
            )
        else:
            assert isinstance(last, Buttons)
            self.blocks[-1] = Buttons((*last.buttons, *made))

    def _table(self, element: Json) -> None:
        head, *rows = element["rows"]
        last = self.blocks[-1] if self.blocks else None
        caption = last.caption if isinstance(last, Table) and not last.head else ""
        if caption:
            self.blocks.pop()
        names = tuple(words(cell["items"][0]) for cell in head["cells"])
        self.blocks.append(
            Table(caption, names, tuple(tuple(self._cell(cell["items"][0]) for cell in row["cells"]) for row in rows))
        )

    def _cell(self, element: Json) -> str | Quote | Button:
        if element["type"] == "ActionSet":
            return self._button(element["actions"][0])
        text = "" if words(element) == "–" else words(element)
        return Quote(text) if kind_of(element)[0] == "cellquote" else text

    def _button(self, action: Json) -> Button:
        title = whole(action["title"])
        said = next((one for one in self.whole if title.endswith("…") and one.startswith(title[:-1])), title)
        label = re.sub(r"^\d+\. ", "", said)
        if action["type"] == "Action.ShowCard":
            asked = words(action["card"]["body"][0])
            return replace(self._button(action["card"]["actions"][0]), label=label, asks=asked)
        press = unpack(action["data"]["press"])
        self.actions[press.model_dump_json()] = (action, {})
        return Button(label, press)


def read_dialog(value: Json) -> Asked:
    """An open dialog."""
    drawn = value["card"]["content"]
    reader, fields, intro = Reader(), [], []
    for element in drawn["body"]:
        kind = kind_of(element)
        if kind[0] == "v":
            fields.append(_field(element))
        elif kind[0] == "files":
            fields.append(Field(kind[1], words(element).partition(": ")[0], "files"))
        elif kind[0] not in ("hint", "wrong"):
            before = len(reader.blocks)
            reader._element(element)
            intro += reader.blocks[before:]
    (send,) = drawn["actions"]
    said = tuple(one for one in intro if isinstance(one, Text | Quote))
    form = Form(value["title"], unpack(send["data"]["press"]), tuple(fields), send["title"], said)
    questions = tuple(Question(one.name, one.label, one.value, one.options) for one in fields)
    return Asked(form.title, questions, send, dump_form(form))


def _field(element: Json) -> Field:
    name, label = element["id"].removeprefix("v."), whole(element["label"])
    required = bool(element.get("isRequired"))
    if element["type"] == "Input.ChoiceSet":
        options = tuple((choice["value"], whole(choice["title"])) for choice in element["choices"])
        nothing = element["placeholder"]
        if nothing not in {sentences(language).t("teams.choose") for language in ("nl", "en")}:
            options = (("", nothing), *options)
        return Field(name, label, "choice", element.get("value", ""), options, required)
    kind: Any = "text" if element.get("isMultiline") else "moment" if element.get("placeholder") else "line"
    return Field(name, label, kind, element["value"], (), required)


# --- the journeys' driver ----------------------------------------------------------------------------------


class TeamsDriver:
    """Carries what people do as activities, and reads what the stub was told."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._kept: list[bytes] = []
        self._own: dict[str, tuple[Conversation, str, str]] = {}
        self.queued: set[str] = set()
        self.parents: dict[str, str] = {}

    async def keep(self, person: str, picture: bytes) -> int:
        self._kept.append(picture)
        return len(self._kept) - 1

    async def paste(self, person: str, text: str, link: str, pictures: Sequence[int]) -> Heard:
        if not link:
            return await self._say(person, text, attachments=self._attached(pictures))
        asked = (await self._opened(person)).form
        assert asked is not None
        known = {item.name: item.value for item in asked.fields}
        return await self.submit(person, asked, known | {"text": text, "link": link}, pictures)

    async def _opened(self, person: str) -> Heard:
        data = {"press": Start().model_dump_json()}
        answer = await self.town.invoke(person, "task/fetch", {"data": data})
        return self._heard(person, answer)

    async def command(self, person: str, text: str) -> Heard:
        if not text.strip():
            return await self._opened(person)
        return await self._say(person, f"moderate {text}")

    async def _say(self, person: str, text: str, **more: Any) -> Heard:
        before = len(self.town.cloud.personal(person).messages) + 1
        await self.town.write(person, text, **more)
        await self._look()
        return self._after(person, before)

    def _after(self, person: str, before: int, note: str = "", card: Sheet | None = None) -> Heard:
        """What came into somebody's chat since: a sentence, cards for them alone, and the card of their new case."""
        place = self.town.cloud.personal(person)
        new = [item for item in place.messages[before:] if item["from"] == BOT]
        shown = [read(item["activity"], place.id, item["id"]) for item in new]
        notes = [
            one
            for one in shown
            if not one.title
            and not one.controls
            and not one.quotes
            and len(one.says) == 1
            and one.text.startswith("=  [neutral]")
        ]
        note = note or (notes[0].says[0] if notes else "")
        known = {item["id"] for item in place.messages}
        queued = self.queued
        cards = [
            one
            for one, item in zip(shown, new, strict=True)
            if one not in notes and item["id"] not in queued and item["id"] in known
        ]
        cases = [one for one, item in zip(shown, new, strict=True) if item["id"] in queued and one.number is not None]
        refused = bool(note) and not cards and not cases and card is None
        return Heard(note, refused, None, card or (cases[-1] if cases else None), tuple(cards))

    async def press(self, person: str, control: Control) -> Heard:
        spot: Spot = control.handle
        before = len(self.town.cloud.personal(person).messages)
        answer = await self.town.press(person, spot)
        await self._look()
        if spot.action["type"] == "Action.Submit":
            return self._heard(person, answer)
        return self._acted(
            person, answer, before, opens='"do":"show"' in str(spot.action) or '"do":"take_case"' in str(spot.action)
        )

    def _acted(self, person: str, answer: Any, before: int, *, opens: bool) -> Heard:
        said = sentences(self.town.antenne.organisation.people[person].language).t
        if answer["type"].endswith("card.adaptive"):
            shown = read_card(answer["value"], self.town.cloud.personal(person).id, "")
            return self._after(person, before, card=shown)
        note = answer["value"]
        plain = note in (said("teams.done"), said("teams.below"), said("teams.passed_on"))
        heard = self._after(person, before)
        heard = replace(heard, note="" if plain else note, refused=not plain)
        if opens and heard.card is None and heard.cards and heard.cards[0].number is not None and plain:
            return replace(heard, card=heard.cards[0], cards=heard.cards[1:])
        return heard

    async def submit(self, person: str, form: Asked, values: Mapping[str, str], pictures: Sequence[int]) -> Heard:
        before = len(self.town.cloud.personal(person).messages)
        data = dict(form.handle["data"]) | {f"v.{name}": value for name, value in values.items()}
        answer = await self.town.invoke(person, "task/submit", {"data": data})
        await self._look()
        heard = self._heard(person, answer)
        after = self._after(person, before)
        heard = replace(heard, card=heard.card or after.card, cards=heard.cards or after.cards)
        press = unpack(form.handle["data"]["press"])
        if pictures:
            await self._picture(person, getattr(press, "case", None) or (heard.card.number if heard.card else None), pictures)
        return heard

    async def _picture(self, person: str, case: int | None, pictures: Sequence[int]) -> None:
        """A dialog takes no files: they are sent in the chat, as an answer to the case's card."""
        place = self.town.cloud.personal(person)
        (card,) = [
            item for item in self.town.messages(place) if item["id"] in self.queued and read(item["activity"]).number == case
        ]
        quote = f'<blockquote itemscope="" itemtype="http://schema.skype.com/Reply" itemid="{card["id"]}"><p>x</p></blockquote>'
        html = [{"contentType": "text/html", "content": quote}]
        await self.town.write(person, "", attachments=[*html, *self._attached(pictures)])

    def _heard(self, person: str, answer: Any) -> Heard:
        task = (answer or {}).get("task")
        if task is None:
            return Heard()
        if task["type"] == "message":
            said = sentences(self.town.antenne.organisation.people[person].language).t
            plain = task["value"] in (said("teams.done"), said("teams.below"))
            return Heard("" if plain else task["value"], not plain)
        drawn = task["value"]["card"]["content"]
        asked = read_dialog(task["value"])
        wrong = [element for element in drawn["body"] if element.get("id") == "wrong"]
        return Heard(words(wrong[0]) if wrong else "", bool(wrong), asked)

    async def reply(self, person: str, message: Message, text: str, own: str) -> Heard:
        place, name = message.handle
        more: Json = {}
        before = len(self.town.cloud.personal(person).messages)
        if place.person:
            quote = f'<blockquote itemscope="" itemtype="http://schema.skype.com/Reply" itemid="{name}"><p>x</p></blockquote>'
            more["attachments"] = [{"contentType": "text/html", "content": f"{quote}<p>{_escaped(text)}</p>"}]
            await self.town.write(person, text, **more)
        else:
            await self.town.write(person, text, place=place, root=name)
        if own:
            last = [item for item in place.messages if item["from"] == person][-1]
            self._own[own] = (place, last["id"], last["root"])
        await self._look()
        return self._after(person, before)

    async def edit(self, person: str, message: Message, own: str, text: str | None) -> Heard:
        place, name, root = self._own[own]
        kind = "messageDelete" if text is None else "messageUpdate"
        body = self.town.activity(person, kind, place, root="" if place.person else root, id=name)
        body["channelData"]["eventType"] = "softDeleteMessage" if text is None else "editMessage"
        body |= {} if text is None else {"text": text, "textFormat": "plain"}
        await self.town.deliver(body)
        await self.town.settle()
        return Heard()

    async def inbox(self, person: str, conversation: str) -> list[Message]:
        found = []
        await self._look()
        places = [(f"teams:{person}", self.town.cloud.personal(person))]
        for local in channels_of(self.town.antenne.organisation, person):
            place = self.town.cloud.conversations.get(channel_id(local.removeprefix("#")))
            places += [(f"teams:{local}", place)] if place is not None else []
        for named, place in places:
            if conversation not in named:
                continue
            for item in self.town.messages(place):
                if place.person and item["id"] not in self.queued:
                    continue  # said to them once, beside the conversation
                at = place.id if place.person else f"{place.id};messageid={item['root']}"
                under = (place, item["root"]) if item["root"] != item["id"] else self._under(item)
                found.append(Message(named, read(item["activity"], at, item["id"]), (place, item["id"]), under))
        return found

    def _under(self, item: Json) -> Any:
        """In a personal chat nothing stands beneath anything: the outbox says what it belongs to."""
        return self.parents.get(item["id"])

    async def work(self) -> None:
        await self.town.antenne.work()
        await self._look()

    async def _look(self) -> None:
        """What the outbox said, as against what was whispered."""
        from sqlalchemy import select

        from bot.tables import messages

        parent = messages.alias()
        query = select(messages.c.remote, parent.c.remote.label("above")).outerjoin(parent, parent.c.id == messages.c.parent_id)
        rows = await self.town.antenne.store.read(lambda conn: conn.execute(query.where(messages.c.remote.is_not(None))).all())
        self.queued = {row.remote for row in rows}
        self.parents = {row.remote: row.above for row in rows if row.above}

    def _attached(self, pictures: Sequence[int]) -> list[Json]:
        made = []
        for number in pictures:
            address = self.town.cloud.put_file(self._kept[number])
            content = {"downloadUrl": address, "uniqueId": str(number), "fileType": "png"}
            made.append(
                {"contentType": "application/vnd.microsoft.teams.file.download.info", "content": content, "name": "a.png"}
            )
        return made


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# --- a bot to speak with -----------------------------------------------------------------------------------


def settings_of(origin: str, **more: Any) -> TeamsSettings:
    """Teams' settings, with the stub in Microsoft's place."""
    values: dict[str, Any] = {
        "app_id": APP, "app_password": SecretStr(PASSWORD), "tenant_id": TENANT, "openid_url": f"{origin}/openid",
        "login_url": f"{origin}/login", "connector_url": origin,
    }  # fmt: skip
    return TeamsSettings(**(values | more))


@asynccontextmanager
async def open_town(
    folder: Path,
    *,
    url: str = "",
    changes: Mapping[str, Any] | None = None,
    tree: Callable[[str], str] | None = None,
    at: datetime = START,
    **more: Any,
) -> AsyncIterator[Town]:
    """The bot on a database, beside a stub, reached over HTTP."""
    time = [at]
    cloud = Cloud(lambda: time[0].timestamp())  # noqa: PLW0108 - the time moves
    path = organisation_in(folder / f"organisation-{uuid4().hex}", on_teams(changes or {}), tree)
    async with served(cloud.app()) as origin, aiohttp.ClientSession() as session:
        cloud.origin = origin
        teams = settings_of(origin, **more)
        tables_at(folder / "a.db")
        own = Settings(organisation=path, database_url=SecretStr(url or f"sqlite:///{folder}/a.db"), secret_key_file=folder / "secret.key",
                       teams=teams)  # fmt: skip
        async with running(own, clock=lambda: time[0]) as antenne:
            chat = antenne.chats["teams"]
            assert isinstance(chat, TeamsChat)
            held = [item.channel for item in antenne.organisation.roles.values()]
            held += [item.channel for item in antenne.organisation.departments.values()]
            for channel in held:
                if "teams" in channel:
                    cloud.channel(channel["teams"].removeprefix("19:").partition("@")[0])
            app = TeamsApp(antenne, chat)
            site = web.Application()
            site.add_routes(app.routes())
            try:
                async with served(site) as here:
                    yield Town(cloud, antenne, app, here, session, time)
            finally:
                cloud.free.set()
                await app.close()
    assert not cloud.broken, cloud.broken[:5]


@asynccontextmanager
async def teaming(url: str, folder: Path, **how: Any) -> AsyncIterator[Chat]:
    """As `talking`, on Teams."""
    async with open_town(folder, url=url, **how) as town:
        town.teams.pace = town.teams.tenant_pace = ()  # the clock stands still
        yield Chat(town.antenne, town.time, TeamsDriver(town))


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """The address at which an application answers."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
