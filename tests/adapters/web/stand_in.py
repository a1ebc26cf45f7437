"""A bot of cardboard for the web chat's wire tests: it remembers what came in and shows every element that a card can hold."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from bot.cards import (
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
from bot.events import Answer, Commanded, Incoming, Pasted, Pressed, Replied, Submitted
from bot.inbox import Channel, Shown
from bot.organisation import Organisation
from bot.ports import StoreUnavailable
from bot.presses import (
    AllDone,
    AskInfo,
    Choose,
    Close,
    CloseThread,
    Decide,
    EditIntake,
    Forward,
    Press,
    SetFlag,
    ShowCase,
    Start,
    Take,
    Tick,
    Waive,
)
from bot.presses import Answer as Say

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

TOWN = Organisation.model_validate(
    {
        "name": "Gemeente Torenbeek",
        "people": {
            "an": {"name": "An Peeters"},
            "bert": {"name": "Bert Claes"},
            "lies": {"name": "Lies De Smet", "language": "en"},
            "omar": {"name": "Omar El Amrani"},
        },
        "departments": {"wegen": {"name": "Wegen en groen", "head": "omar", "antennas": ["bert"]}},
        "roles": {"moderator": {"holders": ["an"]}, "communications_lead": {"holders": ["lies"]}},
    }
)

HOSTILE = '<script>alert("1")</script> **vet** <!channel> javascript:alert(1) \u202egnorts <img src=x onerror="x()">'

WALK = Card(
    "Zaak 12",
    (
        Quote("Jullie zijn allemaal zakkenvullers daar op het gemeentehuis!\nAltijd hetzelfde liedje.", "@boze.buur"),
        Text("Onze pagina · Facebook", "hint"),
        Text("Wat zie je in dit bericht?", "question"),
        Buttons(
            tuple(
                Button(label, Say(case=12, walk=0, step=0, choice=choice))
                for label, choice in (
                    ("Bedreiging of misdrijf", "bedreiging"),
                    ("Iemand in nood of acuut gevaar", "nood"),
                    ("Persoonsgegevens of intiem beeld", "gegevens"),
                    ("Negatief", "negatief"),
                    ("Neutraal", "neutraal"),
                    ("Positief", "positief"),
                    ("Ik weet het niet", "weet_niet"),
                )
            ),
            numbered=True,
        ),
        Buttons((Button("Gegevens aanvullen", EditIntake(case=12)),)),
    ),
)


def _more(item: str) -> tuple[Button, ...]:
    return (
        Button("Al gebeurd", Waive(case=11, item=item, reason="done_before")),
        Button("Kan niet op dit platform", Waive(case=11, item=item, reason="not_possible")),
        Button("Niet nodig", Waive(case=11, item=item, reason="not_needed")),
        Button("Andere reden…", Waive(case=11, item=item)),
    )


ADVICE = Card(
    "Zaak 11 · Bedreiging",
    (
        Quote("Als die paal er volgende week nog staat, weet ik die schepen van jullie wonen.", "@kurt_vdb"),
        Picture(7, "Schermafbeelding 1 bij deze zaak"),
        Facts(
            (
                ("Afhandeling", "Modereren"),
                ("Termijn", "nu"),
                ("Pad", "Bedreiging of misdrijf"),
                ("Link", Quote("https://example.org/post/1?x=<b>")),
                ("Verwittigd", "Communicatieverantwoordelijke: Lies De Smet neemt dit op"),
            )
        ),
        Table(
            "Onderwerpen van de week",
            ("Onderwerp", "Deze week", "Vorige week"),
            (("vuilkar", Button("7", ShowCase(case=11)), "3"), (Quote("<b>zwembad</b>"), Button("2", ShowCase(case=12)), "0")),
        ),
        Chart("Signalen per week", "Van 4 naar 9 in drie weken.", ("w45", "w46", "w47"), (("vuilkar", (4.0, 6.0, 9.0)),)),
        Text("Neem dit ernstig. Reageer niet zelf; eerst de veiligheid, dan het bewijs, dan verbergen."),
        Select(
            "Dienst",
            (("Wegen en groen", Choose(case=11, what="department", value="wegen")), ("Geen", Choose(case=11, what="department"))),
            0,
        ),
        Text("Stappen", "strong"),
        Checklist(
            (
                Item("Bel eerst 101 als het gevaar nu is.", "open", "", Tick(case=11, item="a"), _more("a")),
                Item(
                    "Bewaar het bewijs: link, tijdstip en schermafbeelding.",
                    "done",
                    "An Peeters · 09:12",
                    Tick(case=11, item="b", done=False),
                ),
                Item("Verberg de reactie.", "open", "Niet voor 10:30", Tick(case=11, item="c"), _more("c")),
                Item("Rapporteer bij het platform.", "waived", "kan niet op dit platform", Tick(case=11, item="d", done=False)),
                Item("Verwijder de reactie na de melding.", "blocked", "Eerst het bewijs", None, _more("e")),
            )
        ),
        Copy("Privébericht aan de burger", "Beste,\n\nJe plaatste een reactie die een bedreiging inhoudt.\n\nTeam Torenbeek"),
        Text("Wat je verbergt, zien de schrijver en diens vrienden nog.", "hint"),
        Toggles(
            "Ook het geval?",
            (
                ("Collega of mandataris geviseerd", False, SetFlag(case=11, flag="colleague_targeted", on=True)),
                ("Komt vaker terug", True, SetFlag(case=11, flag="returning", on=False)),
                ("Dit weegt op mij", False, SetFlag(case=11, flag="weighs_on_me", on=True)),
            ),
        ),
        Buttons(
            (
                Button("Alles gedaan", AllDone(case=11), "primary"),
                Button("Sluit af", Close(case=11), "danger", asks="Deze zaak afsluiten? Twee stappen staan nog open."),
                Button("Gegevens aanvullen", EditIntake(case=11)),
            )
        ),
    ),
    "danger",
)

THREAD = Card(
    "Zaak 11 · Bedreiging",
    (
        Text("Voor de communicatieverantwoordelijke, van An Peeters", "hint"),
        Quote("Als die paal er volgende week nog staat, weet ik die schepen van jullie wonen."),
        Text("Wat beslis je?", "question"),
        Buttons(
            (
                Button("Ik neem dit op", Take(thread=1), "primary"),
                Button("Beslissing", Decide(thread=1, decisions=0)),
                Button("Meer info vragen", AskInfo(thread=1)),
                Button("Doorsturen", Forward(thread=1)),
                Button("Afsluiten", CloseThread(thread=1)),
            )
        ),
    ),
    "danger",
)

OVERVIEW = Card(
    "Dag An",
    (
        Text("Mijn zaken", "strong"),
        Buttons((Button("Zaak 12 · nog te beantwoorden", ShowCase(case=12)),)),
        Buttons((Button("Zaak 11 · Bedreiging · nu", ShowCase(case=11)),)),
        Buttons((Button("Nieuwe zaak", Start(), "primary"),)),
    ),
)

INTAKE = Form(
    "Een reactie modereren",
    Start(),
    (
        Field("text", "Tekst van de reactie", "text", limit=200_000),
        Field("images", "Schermafbeeldingen", "files", hint="Hoogstens tien."),
        Field(
            "place",
            "Waar staat ze?",
            "choice",
            "own",
            (("own", "Onze pagina"), ("private", "Privébericht"), ("external", "Elders")),
        ),
        Field("link", "Link naar de reactie", limit=2000),
        Field("posted", "Geplaatst op", "moment"),
    ),
    "Begin",
    (Text("Alles mag leeg blijven, behalve de tekst of een afbeelding.", "hint"),),
)


class Bell:
    """Wake-ups of one process."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def poke(self, topic: str) -> None:
        assert topic == "live"
        self._event.set()

    async def wait(self, topic: str, timeout: float) -> None:
        assert topic == "live"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._event.wait()
        self._event.clear()


class Cardboard:
    """What the web chat needs of a running bot. ``came``: every event in order; ``answer``: what the next one gets."""

    def __init__(self) -> None:
        self.organisation = TOWN
        self.wakeups = Bell()
        self.came: list[Incoming] = []
        self.pictures: list[bytes] = []
        self.answer: Answer | None = None
        self.fails = self.unreachable = False
        early = NOW - timedelta(days=1)
        self.shown: dict[str, list[Shown]] = {
            "local:an": [Shown(1, None, ADVICE, early, 3), Shown(2, None, WALK, NOW - timedelta(minutes=4), 1)],
            "local:#communicatie": [
                Shown(3, None, THREAD, early, 1),
                Shown(4, 3, Card("", (Quote("Is er een schermafbeelding van het hele gesprek?", "Lies De Smet"),)), early, 1),
                Shown(5, 3, Card("", (Quote(HOSTILE, "An Peeters"), Text("aangepast", "hint"))), NOW, 1),
                Shown(6, 3, Card("", (Text("Lies De Smet neemt dit op."),)), NOW, 1),
            ],
        }

    async def handle(self, event: Incoming) -> Answer:
        if self.fails:
            raise RuntimeError("a citizen's words")
        new = all(one.id != event.id for one in self.came)
        self.came.append(event)
        if self.answer is not None:
            return self.answer
        if not new:
            return Answer()
        match event:
            case Pasted(text=""):
                return Answer(note="Er staat geen tekst in.", refused=True) if not event.images else Answer()
            case Pasted():
                quote = Quote(event.text)
                self._say("local:an", replace(WALK, body=(quote, *WALK.body[1:])))
                await self.wakeups.poke("live")
                return Answer(card=WALK, case=12)
            case Commanded():
                return Answer(
                    cards=(Card("Hulp", (Facts((("/moderate zaken", "mijn zaken"), ("/moderate hulp", "deze lijst"))),)),)
                )
            case Pressed(press=press):
                return self._pressed(press)
            case Submitted():
                if not any(event.values.values()) and not event.images:
                    return Answer(note="Geef een tekst of een afbeelding.", refused=True)
                return Answer(note="Bewaard.")
            case Replied():
                self._say(event.conversation, Card("", (Quote(event.text, "An Peeters"),)), int(event.remote))
                await self.wakeups.poke("live")
                return Answer()
            case _:
                return Answer(note="Goed.")

    def _pressed(self, press: Press) -> Answer:
        match press:
            case Start():
                return Answer(form=INTAKE)
            case Tick(item=item, done=done):
                return Answer(card=self._ticked(item, done=done), case=11)
            case Waive(reason=None):
                reason = Field("reason", "Reden", "text", required=True)
                return Answer(form=Form("Waarom sla je dit over?", press, (reason,), "Bewaar"))
            case _:
                return Answer(note="Goed.")

    def _say(self, conversation: str, card: Card, parent: int | None = None) -> None:
        number = 1 + max(one.message for lines in self.shown.values() for one in lines)
        self.shown[conversation].append(Shown(number, parent, card, NOW, 1))

    def _ticked(self, item: str, *, done: bool) -> Card:
        lines = self.shown["local:an"]
        card = lines[0].card

        def tick(one: Item) -> Item:
            if not isinstance(one.mark, Tick) or one.mark.item != item:
                return one
            return replace(one, state="done" if done else "open", mark=Tick(case=11, item=item, done=not done))

        body = tuple(Checklist(tuple(map(tick, block.items))) if isinstance(block, Checklist) else block for block in card.body)
        lines[0] = replace(lines[0], card=replace(card, body=body), version=lines[0].version + 1)
        return lines[0].card

    async def keep_picture(self, by: str, content: bytes, media: str, read_text: str) -> int:
        self.pictures.append(content)
        return len(self.pictures)

    async def check(self) -> None:
        if self.unreachable:
            raise StoreUnavailable("unreachable")

    async def overview(self, person: str) -> Card:
        return OVERVIEW

    async def channels(self, person: str) -> tuple[Channel, ...]:
        own = Channel(f"local:{person}", TOWN.people[person].name, private=True, last=NOW, newest=self._newest(f"local:{person}"))
        team = Channel(
            "local:#communicatie", "#communicatie", private=False, last=NOW, newest=self._newest("local:#communicatie")
        )
        return (own, team) if person in ("an", "lies") else (own,)

    def _newest(self, conversation: str) -> int:
        return max((one.message for one in self.shown.get(conversation, ())), default=0)

    async def page(self, person: str, conversation: str, limit: int, before: int | None = None) -> tuple[Shown, ...]:
        here = self.shown.get(conversation, [])
        top = [
            replace(one, replies=sum(other.parent == one.message for other in here))
            for one in here
            if one.parent is None and (before is None or one.message < before)
        ]
        return tuple(top[-limit:])

    async def thread(self, person: str, conversation: str, top: int) -> tuple[Shown, ...]:
        found = tuple(one for one in self.shown.get(conversation, ()) if top in (one.message, one.parent))
        return found if found and found[0].message == top else ()

    async def picture(self, person: str, evidence: int) -> tuple[str, bytes] | None:
        return ("image/png", b"stored") if (person, evidence) == ("an", 7) else None


@dataclass(frozen=True, slots=True)
class Look:
    """A picture that was taken, as adapters.pictures.Look."""

    media: str
    safe_media: str
    safe: bytes
    text: str
    unread_key: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A picture that was not taken, as adapters.pictures.Refusal."""

    key: str


class Frames:
    """Takes every picture but an empty promise, and draws something else."""

    async def look(self, content: bytes, *, read: bool = True) -> Look | Refusal:
        if content.startswith(b"<svg"):
            return Refusal("picture.no_picture")
        held = BytesIO()
        picture = Image.new("RGB", (640, 220), "#dfe7ea")
        picture.paste("#3b5998", (0, 0, 640, 34))
        picture.paste("#ffffff", (20, 54, 620, 200))
        for row in range(5):
            picture.paste("#9aa5ab", (40, 74 + 24 * row, 560 - 70 * row, 84 + 24 * row))
        picture.save(held, "PNG")
        return Look("image/png", "image/png", held.getvalue(), "gelezen" if read else "", "picture.no_tesseract" if read else "")


@dataclass(frozen=True, slots=True)
class Choices:
    """As bot.settings.Settings, as far as the web chat reads it."""

    secret_key_file: Path
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None


def cardboard() -> Any:
    """A bot for ``make_app``, which wants a real one."""
    return Cardboard()
