"""Cards as HTML: every element is there, and nothing that somebody wrote ever becomes markup."""

import re
from html.parser import HTMLParser
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.web.render import Renderer, Spot, conversation_path, initials, plain
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
from bot.presses import Choose, SetFlag, Start, Tick, pack
from bot.sentences import sentences
from tests.adapters.web.stand_in import ADVICE, HOSTILE, INTAKE, WALK

RENDERER = Renderer({"chat.css": "/c", "chat.js": "/j", "icon.svg": "/i"})
SPOT = Spot("an", "token", "once", "/als/an", 12, 3)


def t(name: str, /, **values: Any) -> str:
    """A Dutch sentence of the pages."""
    return sentences("nl").t(f"web.{name}", **values)


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]


def shown(card: Card) -> Page:
    """A card as a browser would see it."""
    return Page(RENDERER.card(card, SPOT, t))


def everything(said: str) -> Card:
    """A card with one person's words in every place that takes text."""
    press = Tick(case=1, item="a")
    return Card(
        said,
        (
            Text(said),
            Quote(said, said),
            Copy(said, said),
            Facts(((said, said), (said, Quote(said)))),
            Table(said, (said, said), ((said, Quote(said)), (Quote(said), Button(said, press, asks=said)))),
            Chart(said, said, (said,), ((said, (1.0,)),)),
            Checklist((Item(said, "open", said, press, (Button(said, press, asks=said),)), Item(said, "blocked", said))),
            Toggles(said, ((said, True, press),)),
            Picture(3, said),
            Buttons((Button(said, press, "danger", said), Button(said, press)), numbered=True),
            Select(said, ((said, press),), None, said),
        ),
    )


def skeleton(page: Page) -> list[tuple[str, frozenset[str]]]:
    """The elements of a page with the names of their attributes: what words may never change."""
    return [(tag, frozenset(attributes)) for tag, attributes in page.elements]


NASTY = st.text(
    alphabet=st.one_of(st.sampled_from("<>&\"'`/=\\{}%*_[]()!:-\u202e\u2066\u0000\r\n javscriptonerXSS"), st.characters()),
    max_size=60,
)


@given(said=st.one_of(st.just(HOSTILE), NASTY))
@settings(max_examples=80)
def test_no_words_become_markup(said: str) -> None:
    """Whatever is said, the page has the elements and attributes that it has for a plain word."""
    assert skeleton(shown(everything(f".{said}"))) == skeleton(shown(everything("woord")))


@given(said=NASTY)
def test_a_quote_says_exactly_what_was_said(said: str) -> None:
    """A quote shows its words letter by letter, save control characters."""
    page = shown(Card("Zaak 1", (Quote(said),)))
    assert plain(said).replace("\r", "\n") in page.text.replace("\r", "\n")


@given(said=NASTY)
def test_no_words_become_markup_in_a_form(said: str) -> None:
    """A form holds what was typed as values, never as markup."""

    def form(words: str) -> Page:
        fields = tuple(
            Field("a", words, kind, words, (("x", words),), hint=f".{words}") for kind in ("line", "text", "choice", "files")
        )
        return Page(RENDERER.form(Form(words, Start(), fields, words, (Text(words), Quote(words))), SPOT, "key", t, note=words))

    def attributes(page: Page) -> list[tuple[str, frozenset[str]]]:
        return [(tag, names - {"hidden"}) for tag, names in skeleton(page)]

    assert attributes(form(f".{said}")) == attributes(form("woord"))


def test_links_of_others_stay_words() -> None:
    """A link that somebody wrote cannot be followed."""
    page = shown(
        Card("Zaak 1", (Quote("https://kwaad.example javascript:alert(1)"), Facts((("Link", Quote("https://kwaad.example")),))))
    )
    assert not page.all("a")


def test_a_quote_is_isolated_text() -> None:
    """A right-to-left quote turns nothing around it: its direction is its own."""
    html = RENDERER.card(
        Card("Zaak 1", (Quote("\u202eomgekeerd", "\u202eschrijver"), Facts((("Link", Quote("\u202ex")),)))), SPOT, t
    )
    assert '<blockquote class="words" dir="auto">' in html
    assert html.count("<bdi") == 2


def test_a_long_quote_is_folded() -> None:
    """A paste of many lines leaves the buttons near; all of it is one press away."""
    page = shown(Card("Zaak 1", (Quote("regel\n" * 400),)))
    assert page.all("details")
    assert page.text.count("regel") >= 400


def test_steps_are_checkboxes_in_order() -> None:
    """The checklist is an ordered list of real buttons with their state, the first open one marked, waiving in a menu."""
    page = shown(ADVICE)
    boxes = page.all("button", role="checkbox")
    assert [box["aria-checked"] for box in boxes] == ["false", "true", "false", "false"]
    assert all(box["name"] == "press" and box["value"] for box in boxes)
    steps = [found for name, found in page.elements if name == "li" and "step" in str(found.get("class"))]
    assert [str(step["class"]).split()[1:] for step in steps] == [["open", "next"], ["done"], ["open"], ["waived"], ["blocked"]]
    assert len(page.all("summary")) >= 3
    assert "2 van 5" in page.text


def test_every_element_of_the_vocabulary() -> None:
    """Copy, chips, select, picture, facts and confirmations are what a keyboard and a screen reader can use."""
    page = shown(ADVICE)
    assert [chip["aria-pressed"] for chip in page.all("button", **{"class": "chip"})] == ["false", "true", "false"]
    assert page.all("select")[0]["id"] in {label["for"] for label in page.all("label")}
    assert page.all("button", value=f"select:{page.all('select')[0]['name']}")
    assert page.all("img", src="/als/an/beeld/7", alt="Schermafbeelding 1 bij deze zaak")
    assert "Team Torenbeek" in page.text
    dialogs = page.all("span", **{"class": "confirm"})
    assert page.all("button", popovertarget=cast(str, dialogs[0]["id"]))
    answers = [button["value"] for button in shown(WALK).all("button", name="press")]
    assert len(answers) == 8


def test_buttons_carry_presses_only() -> None:
    """What a button says is a press: ids and state, no word of a citizen."""
    for found in shown(everything("woorden van een burger")).all("button"):
        assert "burger" not in str(found.get("value", ""))


@pytest.mark.parametrize("chosen", [None, 1])
def test_a_select_says_its_options_press(chosen: int | None) -> None:
    """Each option is a press; without a choice the list begins empty."""
    presses = tuple(Choose(case=1, what="department", value=name) for name in ("wegen", "groen"))
    page = shown(Card("Zaak 1", (Select("Dienst", (("Wegen", presses[0]), ("Groen", presses[1])), chosen),)))
    values = [option["value"] for option in page.all("option")]
    assert values[-2:] == [pack(press) for press in presses]
    assert len(values) == (3 if chosen is None else 2)


def test_a_form_has_labels_and_limits() -> None:
    """Every field has its label, its limit and its hint; the form can be sent without JavaScript."""
    page = Page(RENDERER.form(INTAKE, SPOT, "key", t))
    named = {str(label["for"]) for label in page.all("label")}
    fields = [found for name, found in page.elements if name in ("input", "textarea", "select") and found.get("type") != "hidden"]
    assert {str(field["id"]) for field in fields} == named
    assert page.all("input", type="file")[0]["name"] == "pictures"
    assert page.all("form")[0]["enctype"] == "multipart/form-data"
    assert page.all("form")[0]["method"] == "post"


def test_a_reply_has_its_writer() -> None:
    """A card without a title that passes on a colleague's words shows the words, not a card."""
    html = RENDERER.card(Card("", (Quote("Goed gezien.", "Lies De Smet"),)), SPOT, t)
    assert "bare" in html
    assert "<h3" not in html
    assert "figcaption" not in html


def test_each_toggle_says_its_own_press() -> None:
    """A chip that is on says off, as the card gave it."""
    off = SetFlag(case=1, flag="returning", on=False)
    assert shown(Card("Zaak", (Toggles("Ook?", (("Vaker", True, off),)),))).all("button", value=pack(off))


def test_names_and_paths() -> None:
    """A portrait holds two letters at most, and a channel's name cannot leave its place in an address."""
    assert [initials(name) for name in ("An Peeters", "Jan van den Berg", "Sam", "42")] == ["AP", "JB", "S", "?"]
    assert conversation_path("an", "#a/../b") == "/als/an/kanaal/a%2F..%2Fb"
    assert conversation_path("an", "an", 4) == "/als/an/gesprek/an/draad/4"


def test_every_sentence_of_the_pages_is_in_the_catalogue() -> None:
    """What templates and code ask the catalogue for is there; what the catalogue has is asked for."""
    from pathlib import Path

    import adapters.web
    from bot.sentences import LOCALE

    folder = Path(adapters.web.__file__).parent
    files = [*folder.glob("*.py"), *folder.glob("templates/*.html")]
    text = "\n".join(file.read_text("utf-8") for file in files)
    asked = {key for _, key in re.findall(r"""\b(?:t|say)\((['"])([a-z_.]+)\1\s*[,)]""", text)}
    computed = set(re.findall(r"""\bt\(["']([a-z_.]+)["'] ~""", text)) | {"problem."}
    computed |= set(re.findall(r'(?:PictureRefused|Turned|_said)\("(?:web\.)?([a-z_.]+)"', text))
    everything = set(re.findall(r'^msgid "([^"]+)"', (LOCALE / "nl.po").read_text("utf-8"), re.MULTILINE))
    asked = {
        key.removeprefix("web.") for key in asked if f"web.{key}" in everything or key not in everything or key[:4] == "web."
    }
    known = {key.removeprefix("web.") for key in everything if key.startswith("web.")}
    assert asked <= known, asked - known
    silent = {key for key in known - asked if not any(key.startswith(part) or key == part for part in computed)}
    assert not silent, silent
