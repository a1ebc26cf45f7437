"""The terminal: cards as numbered lines, and the conversation as somebody types it, on the real bot and database."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import select

from adapters.main import running
from adapters.pictures import Pictures
from adapters.terminal.controls import controls, matching
from adapters.terminal.render import LONG, inert, render
from adapters.terminal.talk import Talk, people_named
from bot.antenne import Antenne
from bot.cards import (
    Button,
    Buttons,
    Card,
    Chart,
    Checklist,
    Copy,
    Facts,
    Item,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
)
from bot.inbox import Channel
from bot.ports import StoreUnavailable
from bot.presses import AllDone, Back, Choose, Close, EditIntake, SetFlag, ShowCase, Tick, Waive
from bot.sentences import sentences
from bot.settings import SAMPLE, Settings
from bot.tables import cases

WAIVE = Button("Niet nodig", Waive(case=1, item="bewijs", reason="not_needed"))
REPLY = Button("Tekst aanpassen", Waive(case=1, item="antwoord"))
CARD = Card(
    "Zaak 1",
    (
        Quote("Schande!", "@jan"),
        Facts((("Waar", "Facebook"), ("Link", Quote("https://x.test/1")))),
        Text("Wat zie je?", "question"),
        Buttons((Button("Negatief", ShowCase(case=1)), Button("Positief", ShowCase(case=2))), numbered=True),
        Checklist(
            (
                Item("Bewaar het bewijs", "open", mark=Tick(case=1, item="bewijs"), more=(WAIVE,)),
                Item("Verwijder", "blocked", note="eerst bewijs", more=(REPLY, WAIVE)),
                Item("Gedaan", "done"),
            )
        ),
        Toggles("Vink aan", (("Komt vaker terug", True, SetFlag(case=1, flag="returning", on=False)),)),
        Select(
            "Dienst",
            (("Wegen", Choose(case=1, what="department", value="wegen")), ("Sport", Choose(case=1, what="department", value="sport"))),
            chosen=0,
            hint="wie antwoordt",
        ),
        Copy("Openbaar antwoord", "Dag Jan,\nbedankt."),
        Picture(7, "schermafbeelding"),
        Buttons((Button("Terug", Back(case=1, walk=0, step=1)), Button("Alles gedaan", AllDone(case=1), asks="Zeker?"))),
    ),
    tone="danger",
)  # fmt: skip


def drawn(card: Card, width: int = 80, language: str = "nl") -> str:
    """The card as it stands on a screen without colours."""
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False, emoji=False)
    console.print(render((card,), controls((card,)), sentences(language)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


# numbering


def test_numbers_run_from_top_to_bottom() -> None:
    """Answers, lines, ticks, selects and buttons are counted together; extras have the letter of their label."""
    assert [(control.key, control.label) for control in controls((CARD,))] == [
        ("1", "Negatief"),
        ("2", "Positief"),
        ("3", "Bewaar het bewijs"),
        ("3a", "Niet nodig"),
        ("4", "Verwijder"),
        ("4b", "Tekst aanpassen"),
        ("4a", "Niet nodig"),
        ("5", "Komt vaker terug"),
        ("6", "Dienst"),
        ("7", "Terug"),
        ("8", "Alles gedaan"),
    ]


def test_numbers_go_on_over_several_cards() -> None:
    """Two cards on one screen never share a number."""
    keys = [control.key for control in controls((CARD, CARD))]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("1", ["1"]),
        (" 3a. ", ["3a"]),
        ("8)", ["8"]),
        ("negatief", ["1"]),
        ("  ALLES   gedaan ", ["8"]),
        ("sport", ["6"]),
        ("Niet nodig", ["3a"]),
        ("Nega", []),
        ("9", []),
        ("", []),
    ],
)
def test_typing_a_number_or_a_label_means_one_thing(typed: str, keys: list[str]) -> None:
    """Only the whole label counts, so that a pasted comment is not taken for a button."""
    assert [control.key for control in matching(controls((CARD,)), typed)] == keys


def test_the_same_label_twice_is_not_guessed() -> None:
    """Two buttons with one label but another effect: both are offered."""
    twice = Card("", (Buttons((Button("Sluit", Close(case=1)), Button("Sluit", Close(case=2)))),))
    assert [control.key for control in matching(controls((twice,)), "sluit")] == ["1", "2"]


# the renderer


def test_a_card_is_drawn_whole() -> None:
    """Every block is there, with its number in front."""
    screen = drawn(CARD)
    for part in (
        "Zaak 1",
        "▌ Schande!",
        "▌ — @jan",
        "Waar",
        "https://x.test/1",
        "Wat zie je?",
        "  1  Negatief",
        "  3  ☐  Bewaar het bewijs",
        "  4  ⊘  Verwijder  eerst bewijs",
        "☑  Gedaan",
        "a Niet nodig",
        "b Tekst aanpassen (4)",
        "  5  ☑  Komt vaker terug",
        "  6  Dienst: Wegen ▾",
        "wie antwoordt",
        "Openbaar antwoord ┄",
        "\nDag Jan,\nbedankt.\n",
        "schermafbeelding (bewijsstuk 7)",
        "7 Terug   8 Alles gedaan",
    ):
        assert part in screen, part


def test_a_text_to_copy_has_nothing_in_front() -> None:
    """Selecting it with the mouse gives the text and nothing else."""
    lines = drawn(Card("", (Copy("Antwoord", "Dag,\n\n  ingesprongen"),))).splitlines()
    assert "Dag," in lines


def test_a_narrow_screen_keeps_every_line_within_it() -> None:
    """On forty columns nothing is wider than the screen, and the bar stands before every line of a quote."""
    screen = drawn(Card("T", (Quote("een heel lange reactie " * 10), *CARD.body)), width=40)
    assert max(map(len, screen.splitlines())) <= 40
    assert screen.count("▌") >= 6


def test_a_very_long_comment_is_cut_on_the_screen() -> None:
    """The case keeps it; the screen says how much more there is."""
    screen = drawn(Card("", (Quote("a" * (LONG + 50)),)))
    assert screen.count("a") < LONG + 40
    assert "50" in screen.splitlines()[-1]


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[31mrood\x1b[0m",
        "\x1b]0;titel\x07",
        "\x9b2J",
        "[bold red]vet[/bold red] [link=https://x.test]x[/link]",
        "\u202egekeerd\u202c",
        "a\x08b\rc",
        "\ud800 half",
        "\x00 nul",
    ],
)
def test_a_hostile_text_stays_a_text(hostile: str) -> None:
    """No escape code, steering sign or markup of a citizen reaches the terminal, wherever it stands."""
    card = Card(
        hostile,
        (
            Quote(hostile, hostile),
            Facts(((hostile, Quote(hostile)),)),
            Table(hostile, (hostile, hostile), ((Quote(hostile), Button(hostile, Close(case=1))),)),
            Chart(hostile, hostile, ("w1",), ((hostile, (1.0,)),)),
            Text(hostile),
            Copy(hostile, hostile),
            Buttons((Button(hostile, Close(case=1)),)),
        ),
    )
    screen = drawn(card)
    assert not set(screen) & set("\x1b\x9b\x07\x08\r\x00\u202e\u202c\ud800")
    if "[bold" in hostile:
        assert "[bold red]vet[/bold red]" in screen


@given(st.text(max_size=200))
def test_no_text_can_steer_the_terminal(text: str) -> None:
    """Whatever is written, only printable characters and line ends come out."""
    assert all(char == "\n" or char.isprintable() or char == " " or ord(char) > 0x9F for char in inert(text).plain)


# the conversation, on the real bot


class Script:
    """Types the given lines, one at each question; afterwards nothing more comes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.asked: list[str] = []
        self.aside_said = 0

    async def __call__(self, prompt: str, default: str = "") -> str | None:
        self.asked.append(prompt)
        return self.lines.pop(0) if self.lines else None

    async def aside(self, say: Callable[[], None]) -> None:
        """Print at once."""
        self.aside_said += 1
        say()


class Desk:
    """A terminal with its bot, its screen and a clock that the test moves."""

    def __init__(self, antenne: Antenne, clock: list[datetime]) -> None:
        self.antenne, self.clock, self.script = antenne, clock, Script()
        self.console = Console(file=io.StringIO(), width=100, markup=False, highlight=False, emoji=False)
        self.pictures = Pictures()
        self.talk = Talk(antenne, self.pictures, "an", self.script, self.console, redraws=False)

    async def type(self, *lines: str) -> str:
        """What the screen shows after typing these lines."""
        assert isinstance(self.console.file, io.StringIO)
        self.console.file.seek(0)
        self.console.file.truncate()
        self.script.lines = list(lines)
        await self.talk.run()
        return self.console.file.getvalue()

    async def later(self, seconds: float) -> None:
        """Let time pass and the bot do what is then due."""
        self.clock[0] += timedelta(seconds=seconds)
        await self.antenne.work()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The sample town on a fresh database."""
    settings = Settings(
        organisation=SAMPLE,
        database_url=SecretStr(f"sqlite:///{tmp_path}/antenne.db"),
        secret_key_file=tmp_path / "secret.key",
    )
    clock = [datetime(2026, 11, 18, 9, 0, tzinfo=UTC)]
    async with running(settings, clock=lambda: clock[0]) as antenne:
        found = Desk(antenne, clock)
        yield found
        await found.pictures.close()


async def test_a_paste_is_walked_by_numbers_and_labels(desk: Desk) -> None:
    """Text that is no choice begins a case; then labels and numbers lead to the advice."""
    screen = await desk.type("Jullie zijn allemaal idioten!", "Negatief", "2", "Ja, grof of bewust kwetsend")
    assert "▌ Jullie zijn allemaal idioten!" in screen
    assert "Tegen onze huisregels" in screen
    assert "☐" in screen
    assert desk.talk.cards[0].title.startswith("Zaak 1")


async def test_ticks_and_toggles_change_the_same_card(desk: Desk) -> None:
    """Typing a line's number ticks it, again unticks it."""
    await desk.type("Jullie zijn allemaal idioten!", "Negatief", "2", "1")
    line = next(control for control in controls(desk.talk.cards) if control.label.startswith("Bewaar het bewijs"))
    screen = await desk.type("/moderate zaken", "1")
    assert "Tegen onze huisregels" in screen
    assert "☑" in await desk.type("/moderate zaken", "1", line.key)


async def test_a_form_is_asked_field_by_field(desk: Desk) -> None:
    """Empty skips, a number or label chooses, a dot leaves everything as it was."""
    await desk.type("Wanneer komt de vuilkar?")
    edit = next(c for c in controls(desk.talk.cards) if isinstance(c.press, EditIntake))
    desk.script.asked.clear()
    left = await desk.type("/moderate zaken", "1", edit.label, ".")
    assert sentences("nl").t("terminal.left_form") in left
    desk.script.asked.clear()
    screen = await desk.type("/moderate zaken", "1", edit.label, *[""] * 12)
    assert len(desk.script.asked) > 4
    assert "Zaak 1" in screen


async def test_moderate_without_text_asks_for_it(desk: Desk) -> None:
    """The intake form of a new case comes up, and can be left."""
    screen = await desk.type("/moderate", ".")
    assert sentences("nl").t("terminal.form_hint") in screen
    assert sentences("nl").t("terminal.left_form") in screen


@pytest.mark.parametrize("typed", ["", "   ", ".", "\t"])
async def test_nothing_typed_does_nothing(desk: Desk, typed: str) -> None:
    """An empty line is no case."""
    await desk.type(typed)
    assert "Zaak" not in desk.talk.cards[0].title


async def test_a_number_that_is_not_there_is_no_case(desk: Desk) -> None:
    """A slip of the finger is told, not stored."""
    screen = await desk.type("77")
    assert sentences("nl").t("terminal.no_number", typed="77") in screen
    assert "Zaak" not in desk.talk.cards[0].title


async def test_an_unknown_command_is_told(desk: Desk) -> None:
    """With what can be typed instead; the bot's own commands go to the bot."""
    assert "/foo" in await desk.type("/foo bar")
    assert "/moderate" in await desk.type("/moderate hulp")
    assert "/kanalen" in await desk.type("/hulp")


async def test_a_command_leaves_a_form(desk: Desk) -> None:
    """Whoever does not know how to close a form types what they want to do next, in any of its fields."""
    for before in ([], ["Boe"], ["Boe", ""]):  # the text, the pictures, the place
        await desk.type("/moderate", *before, "/als sofie")
        assert desk.talk.person == "sofie"
        await desk.type("/als an")
    assert not await desk.antenne.store.read(lambda conn: conn.execute(select(cases.c.id)).all())


async def test_a_newcomers_help_is_no_case(desk: Desk) -> None:
    """A bare command is asked about, and works with its slash, the bot's own commands too; a sentence with such a word is a comment."""
    for typed in ("help", "Hulp", "zaken", "stop", "exit"):
        assert f"/{typed}" in await desk.type(typed)
        assert desk.talk.cards[0].title.startswith("Dag")
    assert "Jouw open zaken" in await desk.type("/zaken")
    assert "Wat kun je typen?" in await desk.type("/moderate hulp")
    await desk.type("Help er is brand in de straat!")
    assert desk.talk.cards[0].title == "Zaak 1"


async def test_what_waits_changes_on_the_screen(desk: Desk) -> None:
    """A thread that was opened from the overview shows at once what was done in it."""
    await desk.type("Ik weet jullie wonen", "Bedreiging of misdrijf")
    await desk.later(20)
    screen = await desk.type("/als sofie", "1", "Ik neem dit op")
    assert "Sofie Maes neemt dit op" in screen[screen.rindex("Zaak 1 ·") :]


async def test_enter_opens_what_is_new(desk: Desk) -> None:
    """The thread that was announced last stands there after one key, to be answered."""
    lead = Talk(desk.antenne, desk.pictures, "sofie", desk.script, desk.console, redraws=False)
    await lead._greet()
    await desk.type("Ik weet jullie wonen", "Bedreiging of misdrijf")
    await desk.later(20)
    announce = await lead._news()
    assert announce is not None
    await lead.take("")
    assert lead.cards[0].title == "Zaak 1 · Bedreiging of misdrijf"
    await lead.take("Ik neem dit op")
    await lead.take("Ik bel de politie.")
    assert any("Ik bel de politie." in str(card.body) for card in lead.cards)


async def test_becoming_somebody_else(desk: Desk) -> None:
    """By id or the beginning of a name; unknown or doubtful names list who there is; the language follows the person."""
    assert "karim" in await desk.type("/als niemand")
    await desk.type("/als Kar")
    assert desk.talk.person == "karim"
    english = next(name for name, person in desk.antenne.organisation.people.items() if person.language == "en")
    screen = await desk.type(f"/as {english}")
    assert sentences("en").t("terminal.greeting") in screen


def test_names_are_found_by_their_beginning(desk: Desk) -> None:
    """An exact id goes before a beginning; nothing typed is nobody."""
    organisation = desk.antenne.organisation
    assert people_named(organisation, "an") == ["an"]
    assert people_named(organisation, "PEETERS") == ["an"]
    assert people_named(organisation, "") == []
    assert len(people_named(organisation, "k")) > 1


async def test_a_thread_is_opened_answered_and_read(desk: Desk) -> None:
    """The communications lead finds the thread under /kanalen and asks there; the moderator reads and answers."""
    await desk.type("Bedreiging met geweld, ik weet jullie wonen", "Bedreiging of misdrijf")
    await desk.later(20)
    lead = desk.antenne.organisation.roles["communications_lead"].holders[0]
    screen = await desk.type(f"/als {lead}", "/kanalen")
    number = next(line.split()[0] for line in screen.splitlines() if "#" in line and "18/11" in line)
    screen = await desk.type(f"/als {lead}", "/kanalen", number, "1", "Heb je de politie gebeld?")
    assert "Zaak 1" in screen
    assert "▌ Heb je de politie gebeld?" in screen
    screen = await desk.type("/als an", "/kanalen", "1", "1")
    assert "Heb je de politie gebeld?" in screen
    screen = await desk.type("/als an", "/kanalen", "1", "1", "Ja, net gedaan", "/terug")
    assert "Ja, net gedaan" in screen


async def test_news_is_announced_between_two_lines(desk: Desk) -> None:
    """While somebody sits there, a message from a colleague shows with where it stands."""
    lead = desk.antenne.organisation.roles["communications_lead"].holders[0]
    other = Desk(desk.antenne, desk.clock)
    watching, screen = asyncio.Event(), desk.console.file
    assert isinstance(screen, io.StringIO)

    async def wait(prompt: str, default: str = "") -> str | None:
        watching.set()
        for _ in range(400):  # at most 20 s, on a very busy machine
            if "●" in screen.getvalue():
                break
            await asyncio.sleep(0.05)
        return None

    desk.talk = Talk(desk.antenne, desk.pictures, lead, Waiting(wait), desk.console, redraws=False)
    seen = asyncio.create_task(desk.type())
    await watching.wait()
    await other.type("Ik weet jullie wonen", "Bedreiging of misdrijf")
    await desk.later(20)
    assert "●" in await seen


async def test_an_announcement_outlives_the_next_screen_until_it_is_opened(desk: Desk) -> None:
    """Where the screen is cleared for a card, what was announced stands beneath it again; opened, it is gone."""
    screen = desk.console.file
    assert isinstance(screen, io.StringIO)
    lead = desk.antenne.organisation.roles["communications_lead"].holders[0]
    other = Desk(desk.antenne, desk.clock)
    talk = Talk(desk.antenne, desk.pictures, lead, desk.script, desk.console, redraws=True)
    await talk._greet()
    await other.type("Ik weet jullie wonen", "Bedreiging of misdrijf")
    await desk.later(20)
    announce = await talk._news()
    assert announce is not None
    announce()

    async def shown(line: str) -> str:
        screen.seek(0)
        screen.truncate()
        await talk.take(line)
        return screen.getvalue()

    assert "●" in await shown("/kaart")
    assert "●" in await shown("/moderate zaken")
    menu = await shown("/kanalen")
    channel = next(line.split()[0] for line in menu.splitlines() if "#" in line and "18/11" in line)
    await shown(channel)
    await shown("1")
    assert "●" not in await shown("/terug")


class Waiting(Script):
    """Asks with the given function."""

    def __init__(self, ask: Callable[[str, str], Awaitable[str | None]]) -> None:
        super().__init__()
        self._function = ask

    async def __call__(self, prompt: str, default: str = "") -> str | None:
        return await self._function(prompt, default)


async def test_a_picture_is_kept_and_no_other_file(desk: Desk, tmp_path: Path) -> None:
    """In the files field a path is asked until an empty line; what is no picture is refused clearly."""
    from PIL import Image

    good, bad = tmp_path / "foto.png", tmp_path / "pagina.png"
    Image.new("RGB", (8, 8)).save(good)
    bad.write_text("<html>", encoding="utf-8")
    path = sentences("nl").t("terminal.path")

    async def answer(prompt: str, default: str = "") -> str | None:
        if path in prompt:
            return files.pop(0)
        return lines.pop(0) if lines and "›" in prompt else "" if "›" not in prompt else None

    files, lines = [str(bad), str(tmp_path / "weg.png"), str(good), ""], ["/moderate"]
    desk.talk = Talk(desk.antenne, desk.pictures, "an", Waiting(answer), desk.console, redraws=False)
    screen = await desk.type()
    assert screen.count(sentences("nl").t("terminal.no_file")) == 1
    assert sentences("nl").t("picture.document").split(".")[0] in " ".join(screen.split())
    assert not files
    assert "▣" in screen


async def test_a_database_in_trouble_is_told_and_the_talk_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence on the screen, and the next line is answered again."""
    real, calls = desk.antenne.channels, 0

    async def broken(person: str) -> tuple[Channel, ...]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreUnavailable("locked")
        return await real(person)

    monkeypatch.setattr(desk.antenne, "channels", broken)
    screen = await desk.type("/kanalen", "/kanalen")
    assert sentences("nl").t("terminal.database") in screen
    assert sentences("nl").t("terminal.direct") in screen
