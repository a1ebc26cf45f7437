"""Pasting: the walk starts at once, the facts can come before, later or never, and a comment that is already open is said."""

import re

import pytest
from sqlalchemy import func, select

from bot.comment_text import LIMIT
from bot.tables import evidence
from tests.journeys.chat import PNG, Chat
from tests.journeys.conftest import IN_A_BROWSER


async def test_a_paste_starts_the_walk(chat: Chat) -> None:
    """Nothing stands between pasting and the first question."""
    an = chat.person("an")
    await an.paste("Jullie wegen zijn een schande")
    assert an.card.title == "Zaak 1"
    assert an.card.quotes == ("Jullie wegen zijn een schande",)
    assert "Wat zie je in dit bericht?" in an.card.says
    assert an.card.labels()[:7] == [
        "Bedreiging of misdrijf",
        "Iemand in nood of acuut gevaar",
        "Persoonsgegevens of intiem beeld",
        "Negatief",
        "Neutraal",
        "Positief",
        "Ik weet het niet",
    ]
    assert "Terug" not in an.card.labels()
    assert [item.title for item in await an.inbox()] == ["Zaak 1"]


async def test_the_form_is_asked_once_and_remembers_place_and_platform(chat: Chat) -> None:
    """`/moderate` alone opens one form; what was used last is preselected for that moderator, and no other."""
    an = chat.person("an")
    await an.command("")
    assert an.form is not None
    assert [item.label for item in an.form.fields] == [
        "Tekst van de reactie",
        "Screenshots",
        "Waar staat het?",
        "Platform",
        "Link naar de reactie",
        "Onder welk bericht? (link of titel)",
        "Naam van het account",
        "Wanneer geplaatst?",
    ]
    await an.fill(
        {
            "Tekst van de reactie": "Wat leeft hier?",
            "Waar staat het?": "Groep of pagina van anderen",
            "Platform": "LinkedIn",
            "Naam van het account": "@jan",
        }
    )
    assert "Wat speelt er in de groep of op die pagina?" in an.card.says
    assert "Groep of pagina van anderen · LinkedIn" in an.card.says
    karim = chat.person("karim")
    for person, place, platform in ((an, "external", "linkedin"), (karim, "own", "facebook")):
        await person.command("")
        assert person.form is not None
        assert {"place": place, "platform": platform}.items() <= {item.name: item.value for item in person.form.fields}.items()


@IN_A_BROWSER
async def test_the_facts_can_be_completed_later(chat: Chat) -> None:
    """The form comes back with what is known; screenshot, link and time then count as the evidence."""
    an = chat.person("an")
    await an.paste("Die vent verdient slaag")
    await an.press("Bedreiging of misdrijf")
    assert an.card.line("Bewaar het bewijs").state == "open"
    await an.press("Gegevens aanvullen")
    assert an.form is not None
    assert an.form.fields[0].value == "Die vent verdient slaag"
    values = {"Link naar de reactie": "https://www.facebook.com/torenbeek/posts/1", "Wanneer geplaatst?": "2026-11-17 09:12"}
    await an.fill(values | {"Naam van het account": "Piet"}, pictures=[PNG])
    evidence = an.card.line("Bewaar het bewijs")
    assert (evidence.state, "Screenshot, link en tijd staan bij de zaak" in evidence.note) == ("done", True)
    assert an.card.facts["Link"] == "https://www.facebook.com/torenbeek/posts/1"
    assert "Screenshot 1" in an.card.says


async def test_another_place_begins_the_walk_anew(chat: Chat) -> None:
    """A group of others has other questions; after the outcome the place is fixed until one goes back."""
    an = chat.person("an")
    await an.paste("Kijk wat ze in de groep zeggen")
    await an.press("Negatief")
    await an.press("Gegevens aanvullen")
    await an.fill({"Waar staat het?": "Groep of pagina van anderen"})
    assert "Wat speelt er in de groep of op die pagina?" in an.card.says
    await an.press("Wat er leeft: gewoon volgen")
    await an.press("Gegevens aanvullen")
    await an.fill({"Waar staat het?": "Onze eigen pagina"})
    assert an.refused
    assert "terug naar de eerste vraag" in an.note


@pytest.mark.parametrize(("first", "second"), [("DIT is een  schande!", "dit is een schande!"), ("een tekst", "een andere")])
async def test_a_second_open_case_says_whose_it_is(chat: Chat, first: str, second: str) -> None:
    """The same text or the same link, spelt otherwise, while the first case is open."""
    an, karim = chat.person("an"), chat.person("karim")
    await an.paste(first, link="https://m.facebook.com/torenbeek/posts/7?fbclid=abc")
    await karim.paste(second, link="https://www.facebook.com/torenbeek/posts/7/")
    assert re.search("[Zz]aak 1.*An Peeters", karim.note)
    assert karim.card.title == "Zaak 2"
    await an.press("Positief")
    await an.press("Zaak afsluiten")
    for line in an.card.lines:
        if line.state == "open":
            await an.press(line.text)
    await an.press("Zaak afsluiten")
    assert "gesloten" in an.card.title
    tom = chat.person("tom")
    await tom.paste(second, link="")
    assert re.search("[Zz]aak 2.*Karim", tom.note)


async def test_the_next_one_also_says_whose_it_is(chat: Chat) -> None:
    """In a pile-on too, the same comment is not handled twice unseen."""
    an, karim = chat.person("an"), chat.person("karim")
    await karim.paste("Schande!")
    await an.paste("Foei!")
    await an.press("Positief")
    await an.press("Zelfde afhandeling voor de volgende")
    await an.fill({"Tekst van de reactie": "schande!"})
    assert "Karim El Amrani" in an.note


@pytest.mark.parametrize("text", ["", "   \n\t ", "\u200b\u2060\ufeff", "\x00\x07", "\u202e\u2066", "\ud800"])
async def test_an_empty_paste_is_refused_kindly(chat: Chat, text: str) -> None:
    """Nothing to see is nothing to moderate, and no case is made of it."""
    an = chat.person("an")
    await an.paste(text)
    assert an.refused
    assert an.note == "Er staat nog niets in. Plak de tekst van de reactie, of voeg een screenshot toe."
    assert await an.inbox() == []


@IN_A_BROWSER
async def test_only_a_picture_or_only_emoji_are_comments_too(chat: Chat) -> None:
    """A screenshot without text walks; only emoji walk with a word of help."""
    an = chat.person("an")
    await an.paste("", pictures=[PNG])
    assert not an.refused
    assert "Screenshot 1" in an.card.says
    await an.paste("🤮🤮")
    assert not an.refused
    assert "emoji" in an.note
    assert an.card.quotes == ("🤮🤮",)


async def test_a_long_paste_is_kept(chat: Chat) -> None:
    """200,000 characters are kept, a card shows the beginning; what is longer is cut, and that is said."""
    an = chat.person("an")
    await an.paste("a" * LIMIT)
    assert an.note == ""
    assert len(an.card.quotes[0]) == 3000
    assert any("200000" in said.replace(".", "").replace("\u202f", "") for said in an.card.says)
    await an.paste("b" * (LIMIT + 1))
    assert "200000" in an.note.replace(".", "").replace("\u202f", "")
    await an.press("Gegevens aanvullen")
    assert an.form is not None
    assert len(an.form.fields[0].value) == LIMIT


async def test_no_case_takes_more_pictures_than_a_dossier_can_carry(chat: Chat) -> None:
    """Thirty screenshots (of 10 MB at most: 300 MB) are refused with what to do, at once and bit by bit; what was kept stays."""
    an = chat.person("an")
    await an.paste("Kijk", pictures=[PNG] * 30)
    assert (an.refused, an.note) == (True, "Een zaak heeft hoogstens 10 beelden. Kies de beelden die het meest tonen.")
    await an.paste("Kijk", pictures=[PNG] * 10)
    assert an.card.number == 1
    await an.press("Gegevens aanvullen")
    await an.fill({}, pictures=[PNG])
    assert an.refused
    kept = select(evidence.c.case_id, func.count()).group_by(evidence.c.case_id).order_by(evidence.c.case_id)
    assert (1, 10) in await chat.stored(lambda conn: [tuple(row) for row in conn.execute(kept)])
