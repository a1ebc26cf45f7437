"""What is shown: inert whatever it holds, within Teams' limits whatever its size, valid for the official schema, approved as it stands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft6Validator
from playwright.async_api import Browser

from adapters.teams import events, render
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
from bot.presses import Answer, Choose, Close, Decide, EditIntake, Press, SetFlag, Start, Take, Tick, Waive
from bot.sentences import sentences
from tests.adapters.teams.draw_cards import DRAW, approved, easel
from tests.adapters.teams.stub import Json, parts, person_id, problems
from tests.adapters.teams.town import find, open_town, read_dialog, whole
from tests.approved import HERE, agrees

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "adaptive-card-1.5.json").read_text(encoding="utf-8"))
t = sentences("nl").t
HOSTILE = (
    "<at>Sofie Maes</at> <AT id='0'>x</ at> < at>y</at> [klik](https://evil.example) https://evil.example www.evil.example evil.example/x "
    "mailto:a@evil.example tel:112 javascript:alert(1) ms-word:x **vet** _x_ ~~y~~ `code` "
    "# kop\n- lijst\n> citaat <script>alert(1)</script> "
    "&lt;at&gt;z&lt;/at&gt; {{DATE(2017-02-14)}} ${x} \u202egnp.exe\u202c \u0007\u0000 👩‍👩‍👧‍👦 e\u0301 ﷽ {0} %s"
)
text = st.one_of(
    st.sampled_from([HOSTILE, "", " ", "\u202e", "\ud800", "👨‍👩‍👧‍👦" * 500, "x" * 30_000, "<at>x</at>" * 300, "a\n" * 2_000]),
    st.text(max_size=300),
    st.text(alphabet="<>/at[]()*_~`:.w@eEvil \n", max_size=200),
)
press = st.sampled_from([
    Start(), Tick(case=2**31 - 1, item="a" * 60), Waive(case=2**31 - 1, item="a" * 60, reason="not_possible"), Take(thread=1),
    Answer(case=2**31 - 1, walk=10_000, step=10_000, choice="a" * 60), EditIntake(case=1),
])  # fmt: skip
button = st.builds(
    Button, text, press, st.sampled_from(["plain", "primary", "danger"]), st.sampled_from(["", "Zeker?", "x" * 500])
)
item = st.builds(
    Item,
    text,
    st.sampled_from(["open", "done", "waived", "blocked"]),
    text,
    st.none() | press,
    st.lists(button, max_size=9).map(tuple),
)
chart = Chart("Per week", "Meer vragen", ("W1", "W2"), (("Vragen", (1.0, 2.0)),))
block: st.SearchStrategy[Block] = st.one_of(
    st.builds(Text, text, st.sampled_from(["plain", "strong", "hint", "question"])),
    st.builds(Quote, text, text),
    st.builds(Copy, text, text),
    st.builds(Facts, st.lists(st.tuples(text, text | st.builds(Quote, text)), max_size=60).map(tuple)),
    st.builds(Checklist, st.lists(item, max_size=30).map(tuple)),
    st.builds(Toggles, text, st.lists(st.tuples(text, st.booleans(), press), max_size=40).map(tuple)),
    st.builds(Picture, st.integers(1, 9), text),
    st.builds(
        Table,
        text,
        st.lists(text, max_size=15).map(tuple),
        st.lists(st.lists(text | st.builds(Quote, text) | button, max_size=15).map(tuple), max_size=20).map(tuple),
    ),
    st.builds(Chart, text, text, st.just(("W1",)), st.just((("x", (1.0,)),))) | st.just(chart),
    st.builds(Buttons, st.lists(button, max_size=60).map(tuple), st.booleans()),
    st.builds(
        Select,
        text,
        st.integers(0, 260).map(lambda n: tuple((f"k{i}", Answer(case=i + 1, walk=0, step=0, choice="x")) for i in range(n))),
        st.none() | st.integers(0, 260),
        text,
    ),
)
card = st.builds(
    Card,
    text,
    st.lists(block, max_size=25).map(tuple),
    st.sampled_from(["neutral", "danger", "warning", "success", "info"]),
    text,
)
QUICK = (Phase.explicit, Phase.generate)  # making cards of this size smaller takes minutes
CHARTS = {chart: "data:image/png;base64,AAAA"}


def valid(drawn: Json) -> list[str]:
    """What the official schema says; ``msteams`` is Microsoft's own addition to it."""
    plain = {name: value for name, value in drawn.items() if name != "msteams"}
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in Draft6Validator(SCHEMA).iter_errors(plain)]


def quoted(drawn: Json) -> Iterator[str]:
    """The words of everybody but us."""
    for one in parts(drawn):
        if str(one.get("id", "")).split(".")[0] in ("quote", "factquote", "cellquote"):
            yield from (part["text"] for part in parts(one) if part.get("type") == "TextRun")


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of a card this large, should it fail
@settings(max_examples=25, phases=QUICK, deadline=None)
@given(card, st.booleans())
def test_any_card_fits_and_is_inert(shown: Card, under: bool) -> None:
    """Whatever stands on a card, Teams takes it and gives no meaning to it: no mention but ours, no mark-up, no link, 80 kB."""
    ours = [render.Mention(person_id("sofie"), "Sofie *Maes* <at>")] if shown.title else []
    drawn = render.card(shown, t, ours, under=under, charts=CHARTS)
    assert problems(drawn) == []
    assert len(drawn["msteams"].get("entities", ())) == len(ours)
    links = [words[:80] for words in quoted(drawn) if re.search(r"://|(?i:www\.|javascript:)", words)]
    assert not links
    assert problems(render.card(shown, t, largest=render.SMALLER)) == []
    line = render.line(shown.notice)
    assert not set(line) & set("<>*_[]`\n")
    assert len(line) <= 250


field = st.builds(
    Field, st.uuids().map(lambda u: "f" + u.hex), text, st.sampled_from(["line", "text", "choice", "files", "moment"]), text,
    st.integers(0, 250).map(lambda n: tuple((f"v{i}", HOSTILE) for i in range(n))), st.booleans(), text, st.integers(1, 200_000),
)  # fmt: skip
form = st.builds(
    Form, text, press, st.lists(field, max_size=12).map(tuple), text, st.lists(st.builds(Quote, text), max_size=2).map(tuple)
)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of a form this large, should it fail
@settings(max_examples=30, phases=QUICK, deadline=None)
@given(form, text)
def test_any_form_fits(asked: Form, wrong: str) -> None:
    """Whatever a form asks and holds, its dialog is within the limits."""
    drawn = render.dialog(asked, t, wrong)
    assert problems(drawn) == []
    assert drawn["actions"][0]["data"]["press"]


@given(text)
def test_words_can_be_read_back(said: str) -> None:
    """What was made harmless is still there to read: nothing is lost but what nobody sees."""
    kept = render.inert(said)
    assert whole(render.defanged(said)) == whole(kept)
    assert render.defanged(said) == render.inert(render.defanged(said))


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>a</p><p>b &lt;c&gt; &amp;amp;</p>", "a\n\nb <c> &amp;"),
        ("a<br>b<div>c</div>", "a\nb\nc"),
        ("<script>x()</script>a<style>b</style>", "a"),
        ('<a href="https://a.example/">a.example</a>', "a.example"),
        ('<a href="javascript:x">hier</a>', "hier"),
        ("<b><i>vet", "vet"),
        ("", ""),
        ('<a href="https://a.example/x">hier</a>', "hier (https://a.example/x)"),
        ('<img alt="😀"><img src="x">', "😀"),
        ("<!-- a -->c", "c"),
        ("<ul><li>een</li><li>twee</li></ul>", "een\n\ntwee"),
        ('<a href="https://[/">x</a>', "x"),
        ("&nbsp;a\u00a0b&nbsp;", "a b"),
    ],
)
def test_html_becomes_words(html: str, words: str) -> None:
    """Of a message's HTML what a person sees remains."""
    assert events.plain(html) == words


@given(st.text(alphabet="<>/abp &;#x\"'=!-[]", max_size=300))
def test_any_html_becomes_words(html: str) -> None:
    """No HTML, however broken, breaks the reader."""
    assert isinstance(events.plain(html), str)


@pytest.mark.parametrize("pressed", [
    Start(), Waive(case=1, item="a.b:c-1"), SetFlag(case=1, flag="returning", on=True), Choose(case=1, what="department"),
    Answer(case=1, walk=0, step=3, choice="weet_niet"), Decide(thread=1, decisions=0),
], ids=lambda pressed: pressed.do)  # fmt: skip
def test_presses_come_back(pressed: Press) -> None:
    """A press that went out on a button comes back as it was; anything else is none."""
    drawn = render.card(Card("", (Buttons((Button("x", pressed),)),)), t)
    (action,) = [one for one in parts(drawn) if str(one.get("type")).startswith("Action.") and "fallback" not in one]
    assert events.press_of(action["data"]) == pressed
    assert events.press_of({"press": action["data"]["press"] + " x"}) is None


# --- every kind of card, in both languages -----------------------------------------------------------------

HIDE = (
    Button("Niet nodig", Waive(case=1, item="hide", reason="not_needed")),
    Button("Andere reden…", Waive(case=1, item="hide")),
)
LINES = (
    Item("Verberg de reactie", "open", "nu", Tick(case=1, item="hide"), HIDE),
    Item("Bewaar bewijs", "done", "", Tick(case=1, item="evidence", done=False)),
    Item("Verwijder", "blocked"),
    Item("Meld", "waived", "overgeslagen"),
)
ANSWERS = (
    Button("Ja", Answer(case=1, walk=0, step=0, choice="ja"), "primary"),
    Button("Sluit af", Close(case=1), "danger", "Zeker?"),
)
DEPARTMENTS = (("Wegen", Choose(case=1, what="department", value="wegen")), ("Geen", Choose(case=1, what="department")))
KINDS: dict[str, Card] = {
    "text": Card(
        "Zaak 1", (Text("Een zin"), Text("Een kop", "strong"), Text("Klein", "hint"), Text("Een vraag?", "question")), "warning"
    ),
    "quote": Card("Zaak 1", (Quote(HOSTILE, "Jan <at>M</at>"),), "danger", "Zaak 1"),
    "copy": Card("Zaak 1", (Copy("Openbaar antwoord", "Dag Jan,\n\nMeer op https://hierniet.be/."),), "success"),
    "facts": Card("Zaak 1", (Facts((("Termijn", "morgen"), ("Link", Quote("https://www.facebook.com/1")))),), "info"),
    "table": Card("Digest", (Table("Per week", ("Week", "Vragen"), (("W46", Button("3", Start())), (Quote("W47"), "1"))), chart)),
    "checklist": Card("Zaak 1", (Checklist(LINES),)),
    "toggles": Card("Zaak 1", (Toggles("Ook dit?", (("Komt terug", True, SetFlag(case=1, flag="returning", on=False)),)),)),
    "picture": Card("Zaak 1", (Picture(1, "schermafbeelding"),)),
    "buttons": Card("Zaak 1", (Buttons(ANSWERS, True),)),
    "select": Card("Zaak 1", (Select("Dienst", DEPARTMENTS, 0, "Wie?"),)),
    "thread": Card(
        "Zaak 1", (Text("Voor de dienst", "hint"), Buttons((Button("Ik neem dit op", Take(thread=1)),))), "warning", "Zaak 1"
    ),
    "reply": Card("", (Quote("Waar staat dit?", "Sofie Maes"),), notice="Antwoord"),
}
FORM = Form(
    "Nieuwe reactie", Start(),
    (Field("text", "Tekst", "text", "x"), Field("place", "Waar", "choice", "own", (("own", "Eigen pagina"), ("external", "Elders")), True),
     Field("posted", "Wanneer", "moment"), Field("handle", "Wie", hint="zoals het er staat"), Field("images", "Beelden", "files")),
    "Start", (Text("Vul in"), Quote("een citaat")),
)  # fmt: skip


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_kind_is_approved(language: str) -> None:
    """Each kind of card is drawn as it was approved, in both languages."""
    said = sentences(language).t
    ours = [render.Mention(person_id("sofie"), "Sofie Maes")]
    drawn = {
        name: render.card(shown, said, ours if name == "thread" else (), under=True, charts=CHARTS)
        for name, shown in KINDS.items()
    }
    drawn |= {"dialog": render.dialog(FORM, said, "Vul de tekst nog in."), "opening": render.opening(FORM, said)}
    for name, one in drawn.items():
        agrees(f"teams_kinds/{name}.{language}.json", json.dumps(one, ensure_ascii=False, indent=1) + "\n")


def test_every_card_of_the_journey_is_valid() -> None:
    """What the whole journey shows, in both languages, is valid for the official schema and within Teams' limits."""
    found = {name: [*valid(drawn), *problems(drawn)] for name, drawn in approved().items()}
    assert len(found) > 50
    assert not {name: wrong for name, wrong in found.items() if wrong}


LOOK = """() => {
  const card = document.getElementById("card"), edge = card.getBoundingClientRect().right + 1, found = [];
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(part => part / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = one => {
    const own = getComputedStyle(one).backgroundColor;
    return own === "rgba(0, 0, 0, 0)" ? ground(one.parentElement) : own;
  };
  for (const one of card.querySelectorAll("*")) {
    if (!one.checkVisibility()) continue;
    const words = [...one.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    if (one.matches("a, iframe, script, video")) found.push("a " + one.tagName);
    if (one.matches("img") && !one.src.startsWith("data:image/png;base64,")) found.push("a picture from elsewhere");
    if (one.matches("button, input, textarea, select") && !(one.innerText || one.labels?.length || one.ariaLabel)) found.push("no name");
    if (innerWidth > 500 && one.matches("button") && one.scrollWidth > one.clientWidth) found.push("cut off: " + one.innerText);
    if (one.getBoundingClientRect().right > edge) found.push("wider than the card: " + one.textContent.slice(0, 40));
    if (words && one.tagName !== "OPTION") {
      const [high, low] = [light(getComputedStyle(one).color), light(ground(one))].sort((a, b) => b - a);
      if ((high + 0.05) / (low + 0.05) < 4.5) found.push("hard to read: " + one.textContent.slice(0, 40));
    }
  }
  return [[...new Set(found)], card.innerText];
}"""


@pytest.mark.needs("chromium", "npm")
@pytest.mark.parametrize(("theme", "width", "language"), [
    ("light", 676, "nl"), ("light", 676, "en"), ("light", 360, "nl"), ("dark", 676, "nl"), ("contrast", 676, "nl"),
])  # fmt: skip
async def test_every_card_draws(chromium: Browser, theme: str, width: int, language: str) -> None:
    """Microsoft's own renderer draws each card without a complaint, in a telephone's width too: every word of a citizen stands there as
    words, everything can be read, nothing sticks out, and nothing comes from elsewhere."""
    kinds = {page.stem: json.loads(page.read_text(encoding="utf-8")) for page in (HERE / "teams_kinds").glob("*.json")}
    found: dict[str, list[str]] = {}
    cards = {name: drawn for name, drawn in (kinds | approved()).items() if name.endswith(language)}
    async with easel(chromium, theme, width) as page:
        looks = await page.evaluate(f"cards => cards.map(one => [({DRAW})(one), ...({LOOK})()])", list(cards.values()))
    for (name, drawn), (wrong, seen, said) in zip(cards.items(), looks, strict=True):
        lost = [words for words in quoted(drawn) if " ".join(words.split()) not in " ".join(said.split())]
        found[name] = [*wrong, *seen, *lost]
    assert len(found) > 30
    assert not {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize("name", [*KINDS, "dialog", "opening"])
def test_every_kind_is_valid(name: str) -> None:
    """What was approved is valid for the official schema of Adaptive Cards 1.5; a language changes only words."""
    path = HERE / "teams_kinds"
    drawn = json.loads((path / f"{name}.nl.json").read_text(encoding="utf-8"))
    assert valid(drawn) == []
    shape = [sorted(one) for one in parts(drawn)]
    assert [sorted(one) for one in parts(json.loads((path / f"{name}.en.json").read_text(encoding="utf-8")))] == shape
    assert {one.name for one in path.iterdir()} == {
        f"{kind}.{language}.json" for kind in (*KINDS, "dialog", "opening") for language in ("nl", "en")
    }


def test_schema_refuses() -> None:
    """The kept schema refuses what is wrong: an element, a property, a value that it does not know."""
    good = render.note("x", t)
    assert valid(good) == []
    for wrong in ({"body": [{"type": "Nothing"}]}, {"colour": "red"}, {"body": [{"type": "TextBlock"}]}, {"version": 1.5}):
        assert valid(good | wrong)


# --- all the way -------------------------------------------------------------------------------------------


async def test_hostile_words_through_every_surface(tmp_path: Path) -> None:
    """A hostile text as comment, name, link, reason, reply, question and search stays words wherever it is shown."""
    async with open_town(tmp_path) as town:
        hostile = HOSTILE.replace("\u0000", "")
        html = hostile.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        payload = {"messagePayload": {"body": {"contentType": "html", "content": f"<p>{html} fietspad?</p>"}}}
        asked = read_dialog((await town.invoke("an", "composeExtension/fetchTask", payload))["task"]["value"])
        data = dict(asked.handle["data"]) | {f"v.{one.name}": one.value for one in asked.fields}
        await town.invoke(
            "an",
            "composeExtension/submitAction",
            {"data": data | dict.fromkeys(("v.link", "v.handle", "v.post", "v.posted"), hostile)},
        )
        for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
            await town.press("an", find(town.chat_of("an"), label).handle)
        await town.settle(16)
        place = next(one for name, one in town.cloud.conversations.items() if "mobiliteit" in name)
        await town.write("lies", hostile, place=place, root=town.messages(place)[0]["id"])
        ask = {"press": '{"do":"ask_info","thread":1}', "v.text": hostile}
        await town.invoke("lies", "task/submit", {"data": ask})
        await town.write("an", f"faq {hostile}")
        await town.write("an", "zaak 1")
        await town.write("an", f"signaal {hostile}")
        await town.write("sofie", hostile)
        await town.settle(16)
        activities: list[Any] = [values.get("activity", values) for kind, _, values in town.cloud.calls if kind != "member"]
        drawn = [one for one in activities if one.get("attachments")]
        assert len(drawn) > 12
        for activity in drawn:
            shown = activity["attachments"][0]["content"]
            assert problems(shown) == []
            assert not any("://" in words or "www." in words for words in quoted(shown))
            assert "evil" not in activity["summary"]
            told = shown["msteams"].get("entities", [])
            assert all(one["mentioned"]["id"] != person_id("sofie") for one in told), "the text named Sofie; nobody told her"
