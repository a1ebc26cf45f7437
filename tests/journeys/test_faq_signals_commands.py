"""The shared FAQ, the signal log, the commands, colleagues who hand something in, and old cases after a change."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Row, select

from bot.tables import faq, signals
from tests.journeys.chat import Chat, Person, Sheet
from tests.journeys.conftest import IN_A_BROWSER, Talk
from tests.journeys.test_outcome_card import walked

QUESTION = "Wanneer komt de vuilkar in Hoogveld?"


# The shared FAQ


@IN_A_BROWSER
async def test_the_faq_is_searched_by_its_own_words(chat: Chat) -> None:
    """The best entry first, with its answer and why it fits; nothing found says what happens next."""
    an = chat.person("an")
    await an.command("faq wanneer komt de vuilkar")
    [card] = an.shown
    assert card.quotes[:2] == ("wanneer komt de vuilkar", "Wanneer komt de vuilkar?")
    assert "dinsdag" in card.copies[0][1]
    await an.command("faq xyzzy")
    assert "Hierover vonden we nog niets. Vraag het aan de dienst: het antwoord komt dan in de FAQ." in an.shown[0].says
    await an.command("faq")
    assert (an.refused, an.note) == (True, "Zo typ je het: /moderate faq <vraag>")


@pytest.mark.parametrize(
    ("place", "title", "outcome"),
    [("Onze eigen pagina", "Openbaar antwoord", "antwoord_openbaar"), ("Privébericht aan ons", "Privébericht", "antwoord_prive")],
)
async def test_a_fitting_answer_is_one_press_away(chat: Chat, place: str, title: str, outcome: str) -> None:
    """Offered at the first card; used, it is the reply, in u-form for who writes u, and it is counted."""
    an = chat.person("an")
    await an.command("")
    await an.fill({"Tekst van de reactie": "Wanneer komt de vuilkar? Dank u", "Waar staat het?": place})
    assert any("Wanneer komt de vuilkar?" in text for text in (*an.card.quotes[1:], *an.card.says))
    await an.press("Antwoord hiermee")
    assert [(name, "Zet uw zak buiten" in text) for name, text in an.card.copies if "zak" in text] == [(title, True)]
    await an.command(f"zaak {an.case}")
    assert "antwoordde met de FAQ" in an.shown[0].text
    used = await chat.stored(lambda conn: conn.execute(select(faq.c.used).where(faq.c.used > 0)).scalars().all())
    assert used == [1]
    await an.press("Terug")
    for label in ("Neutraal", "Vraag", "Ik, via privébericht"):
        await an.press(label)
    assert not any("zak buiten" in text for _, text in an.card.copies)


async def test_an_answer_that_nobody_knew_becomes_an_entry(chat: Chat) -> None:
    """Asked of the antenna, answered in the thread, proposed masked, approved by the antenna, and from then on offered."""
    an, joris, sofie = chat.person("an"), chat.person("joris"), chat.person("sofie")
    await an.paste("Mag ik compost in de bladkorf gooien? Bel 0470 12 34 56")
    for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
        await an.press(label)
    assert an.card.chosen["Dienst"] == "Milieu en groen"
    await chat.pass_time(seconds=16)
    await joris.reply("Nee, compost hoort in je eigen tuin.", under="Zaak 1")
    [proposal] = [item for item in await joris.inbox("#milieu") if item.title.startswith("FAQ")]
    assert "0470" not in proposal.text
    assert "Voorstel, nog niet goedgekeurd. Niemand gebruikt dit al." in proposal.says
    await an.command("faq compost in de bladkorf")
    assert "eigen tuin" not in an.shown[0].text
    control = next(item for item in proposal.controls if item.label == "Goedkeuren")
    assert (await chat.driver.press("fatima", control)).refused
    await joris.press("Aanpassen", on="FAQ")
    formal = "Nee, compost hoort in uw eigen tuin."
    await joris.fill({"Vraag": "Mag compost in de bladkorf?", "Antwoord in u-vorm": formal})
    assert (await chat.driver.press("joris", control)).refused, "the text changed under that button"
    await joris.press("Goedkeuren", on="FAQ")
    assert joris.note == "Goedgekeurd: vanaf nu biedt Antenne dit antwoord aan."
    assert any("eigen tuin" in text for _, text in an.card.copies)
    await an.command("faq compost in de bladkorf")
    assert "Mag compost in de bladkorf?" in an.shown[0].text
    await sofie.paste("Mag compost eigenlijk in de bladkorf?")
    await sofie.press("Antwoord hiermee")
    assert "eigen tuin" in sofie.card.copies[0][1]
    await joris.press("Niet bewaren", on="FAQ")
    await an.command("faq compost in de bladkorf")
    assert "eigen tuin" not in an.shown[0].text


# Signals


async def logged(chat: Chat) -> Sequence[Row[Any]]:
    """The signals in the store."""
    return await chat.stored(lambda conn: conn.execute(select(signals)).all())


async def warned(person: Person) -> list[Sheet]:
    """The warnings about the pool that somebody sees."""
    return [item for item in await person.inbox() if item.title == "Komt vaak terug: zwembad"]


async def test_signals_are_masked_and_follow_their_case(chat: Chat) -> None:
    """Written after the 15 seconds by outcomes that say so, without what points to a person; withdrawn with the outcome."""
    an = await walked(chat, "De bibliotheek is dicht! Mail jan@voorbeeld.be, 0470 12 34 56", "Neutraal", "Klacht")
    assert await logged(chat) == []
    await chat.pass_time(seconds=16)
    [row] = await logged(chat)
    assert (row.kind, row.department, row.sentiment, row.text) == ("complaint", "vrije_tijd", "neutral", "")
    assert any("Mail [e-mailadres], [telefoonnummer]" in text for text in an.card.quotes)
    await an.press("Klopt, er staat geen naam in")
    [row] = await logged(chat)
    assert row.text == "De bibliotheek is dicht! Mail [e-mailadres], [telefoonnummer]"
    await an.press("Signaal aanpassen")
    await an.fill({"Tekst van het signaal": "De bibliotheek is dicht! 0470 12 34 56"})
    [row] = await logged(chat)
    assert row.text == "De bibliotheek is dicht! [telefoonnummer]"
    await an.press("Terug")
    assert await logged(chat) == []


async def test_a_topic_that_comes_back_is_warned_of_once(chat: Chat) -> None:
    """At the third signal in seven days the antenna gets one warning, not one for each change after it."""
    nele = chat.person("nele")
    an = chat.person("an")
    for number in range(3):
        await an.command(f"signaal vrije tijd: het zwembad is koud ({number})")
        await an.fill({})
        assert len(await warned(nele)) == (number == 2)
    await walked(chat, "Zwembad weer koud", "Neutraal", "Klacht")
    await chat.pass_time(seconds=16)
    await an.press("Komt vaker terug")
    await chat.pass_time(seconds=16)
    [warning] = await warned(nele)
    assert "3 signalen over ‘zwembad’ in 7 dagen" in warning.text


async def test_a_change_to_the_third_case_warns_no_second_time(chat: Chat) -> None:
    """The signal of a case is written anew when the case changes; the warning is not."""
    nele, an = chat.person("nele"), chat.person("an")
    for _ in range(3):
        await walked(chat, "Zwembad weer koud", "Neutraal", "Klacht")
        await chat.pass_time(seconds=16)
    await an.press("Komt vaker terug")
    await chat.pass_time(seconds=16)
    assert len(await warned(nele)) == 1
    assert len(await logged(chat)) == 3


# Commands


async def test_the_help_lists_every_command(chat: Chat) -> None:
    """Each with what it does; English words work too."""
    an = chat.person("an")
    for word in ("hulp", "help"):
        await an.command(word)
        assert list(an.shown[0].facts) == [
            "/moderate",
            "/moderate <tekst>",
            "/moderate faq <vraag>",
            "/moderate faq nieuw",
            "/moderate faq gaten",
            "/moderate faq woorden",
            "/moderate faq nakijken",
            "/moderate signaal <tekst>",
            "/moderate signalen [csv|json] [woorden]",
            "/moderate onderwerpen",
            "/moderate weekoverzicht [week] [dienst]",
            "/moderate zaken",
            "/moderate zaak <nr>",
            '/moderate crisis aan "<waarover>" of uit',
            "/moderate afwezig 24/12–2/1, vervanger <naam>",
            "/moderate rollen",
            "/moderate hulp",
        ]


async def test_what_is_no_command_is_a_comment(chat: Chat) -> None:
    """`/moderate <tekst>` begins at once; a comment that begins with a command's word says how to type it."""
    an = chat.person("an")
    await an.command("Wat een schande, die zaak")
    assert an.card.quotes == ("Wat een schande, die zaak",)
    await an.command("zaak abc")
    assert (an.refused, an.note) == (True, "Zo typ je het: /moderate zaak <nr>")


async def test_my_cases_and_what_waits_for_me(chat: Chat) -> None:
    """Open cases for the moderator, threads for who was told, and what colleagues handed in."""
    await walked(chat, "Hm", "Ik weet het niet")
    await chat.pass_time(seconds=16)
    await chat.person("sam").paste("I saw this")
    seen: dict[str, Sheet] = {}
    for name in ("an", "sofie", "fatima"):
        await chat.person(name).command("zaken")
        seen[name] = chat.person(name).shown[0]
    assert any("Zaak 1" in label for label in seen["an"].labels())
    assert any("Zaak 1" in label and "Communicatieverantwoordelijke" in label for label in seen["sofie"].labels())
    assert any("Zaak 2" in label for label in seen["an"].labels())
    assert not any("Zaak" in label for label in seen["fatima"].labels())
    an = chat.person("an")
    label = next(label for label in seen["an"].labels() if "Zaak 1" in label)
    await an.press(label)
    assert an.card.number == 1


async def test_what_presses_most_stands_first(chat: Chat) -> None:
    """What is late or due now, then what nobody looked at, by its age; then what has a term, and what has none."""
    an = await walked(chat, "Wat een mooie bloemen", "Positief")  # 1: no term
    await walked(chat, "Ik weet waar je woont", "Bedreiging of misdrijf")  # 2: now
    await walked(chat, "Waar is het?", "Neutraal", "Vraag", "Ik weet het antwoord niet")  # 3: two working days
    await chat.pass_time(days=3)
    await an.paste("Nog iets")  # 4: not looked at
    await walked(chat, "Waar dan?", "Neutraal", "Vraag", "Ik weet het antwoord niet")  # 5
    await an.command("zaken")
    rows = [label for label in an.shown[0].labels() if label.startswith("Zaak")]
    assert [row.split(" · ")[0] for row in rows] == ["Zaak 2", "Zaak 3", "Zaak 4", "Zaak 5", "Zaak 1"]
    for row, term in zip(rows, ("nu, sinds", "te laat, was tegen", "sinds vandaag", "tegen", "sinds"), strict=True):
        assert row.split(" · ")[-1].startswith(term), row


async def test_the_timeline_says_a_choice_once(chat: Chat) -> None:
    """Also one that is called as the outcome to which it leads."""
    an = await walked(chat, "Ik weet jullie wonen", "Bedreiging of misdrijf")
    await an.command("zaak 1")
    assert "An Peeters: koos (Bedreiging of misdrijf)" in an.shown[0].text


async def test_the_timeline_says_who_what_when_and_with_what(chat: Chat) -> None:
    """With the tree's and the policy's version, and that it is whole; who may not see the case does not see it."""
    an = await walked(chat, "Hm", "Ik weet het niet")
    await chat.pass_time(seconds=16)
    await an.command("zaak 1")
    [card] = an.shown
    for part in ("An Peeters: begon de zaak", "An Peeters: koos (Ik weet het niet", "Antenne: bracht op de hoogte"):
        assert part in card.text
    tree, policy = chat.antenne.house.tree, chat.antenne.organisation.policy
    assert f"Beslisboom lokaal-bestuur {tree.version}, beleid {policy.version}" in card.says
    assert any("volledig" in said for said in card.says)
    lies = chat.person("lies")
    await lies.command("zaak 1")
    assert lies.refused
    await an.command("zaak #1")
    assert not an.refused
    for number in ("2", "0", "2147483648", "999999999999999"):
        await an.command(f"zaak {number}")
        assert (an.refused, an.note.partition(".")[0]) == (True, f"Zaak {number} bestaat niet"), number


async def test_signaal_is_for_who_may(chat: Chat) -> None:
    """Moderators and departments log what they hear; the department by name or by the words; a colleague is told how else."""
    for name, refused in (("an", False), ("lies", False), ("sam", True)):
        person = chat.person(name)
        await person.command("signaal Het fietspad aan de kerk is gevaarlijk, bel 0470 12 34 56")
        assert person.refused is refused, name
        if not refused:
            assert person.form is not None
            assert "[telefoonnummer]" in person.form.fields[0].value
            await person.fill({"Tekst van het signaal": "Het fietspad aan de kerk is gevaarlijk, bel 0470 12 34 56"})
    rows = await logged(chat)
    assert {(row.department, row.by) for row in rows} == {("mobiliteit", "an"), ("mobiliteit", "lies")}
    assert all(row.text.endswith("bel [telefoonnummer]") for row in rows)
    sam = chat.person("sam")
    await sam.command("signalen fietspad")
    assert sam.refused
    lies = chat.person("lies")
    await lies.command("signalen fietspad")
    assert [row[2] for row in lies.shown[0].rows] == ["fietspad", "fietspad"]


# Colleagues who saw something


async def test_a_colleague_hands_something_in_and_hears_what_came_of_it(chat: Chat) -> None:
    """It lands with the moderation team; one takes it, the second hears who; at closing the colleague gets a thank-you in English."""
    sam, tom, an = chat.person("sam"), chat.person("tom"), chat.person("an")
    await sam.paste("Look at what they say about the pool")
    assert not sam.refused
    assert sam.note
    assert await sam.inbox() == []
    [found] = await tom.inbox("#moderatieteam")
    assert found.title == "Zaak 1 · gezien door een collega"
    take = next(item for item in found.controls if item.label == "Ik neem deze zaak")
    assert (await chat.driver.press("sam", take)).refused
    await an.press("Ik neem deze zaak")
    assert "Wat zie je in dit bericht?" in an.card.says
    assert "An Peeters nam deze zaak." in (await tom.inbox("#moderatieteam"))[0].says
    heard = await chat.driver.press("tom", take)
    assert (heard.refused, heard.note) == (True, "An Peeters nam deze zaak al.")
    for label in ("Neutraal", "Medeleven"):
        await an.press(label)
    await chat.pass_time(seconds=16)
    [thanks] = await sam.inbox()
    assert "case 1" in thanks.text.lower()
    assert "pool" not in thanks.text


async def test_an_unknown_person_is_told_whom_to_ask(chat: Chat) -> None:
    """Nobody outside the directory begins anything."""
    stranger = chat.person("buitenstaander")
    await stranger.paste("Hallo")
    assert stranger.refused
    assert "communicatieverantwoordelijke" in stranger.note


# The same handling for the next one


async def test_a_pile_on_takes_one_press_a_comment(chat: Chat) -> None:
    """The next comment under the same post comes with the same place and the same outcome proposed."""
    an = chat.person("an")
    await an.command("")
    values = {"Tekst van de reactie": "Boe!", "Onder welk bericht? (link of titel)": "Nieuw zwembad", "Platform": "Instagram"}
    await an.fill(values)
    for label in ("Negatief", "Ruzie of discussie", "Persoonlijke aanvallen"):
        await an.press(label)
    first = an.card
    await an.press("Zelfde afhandeling voor de volgende")
    await an.fill({"Tekst van de reactie": "Boe boe!"})
    assert an.card.number == 2
    assert "Onze eigen pagina · Instagram" in an.card.says
    await an.press(next(label for label in an.card.labels() if label.startswith("Zelfde afhandeling als zaak 1")))
    assert [line.text for line in an.card.lines] == [line.text for line in first.lines]
    assert an.card.facts["Onder bericht"] == "Nieuw zwembad"


# A tree and a policy that change


async def test_an_old_case_keeps_its_tree_and_policy(talk: Talk) -> None:
    """After a restart with another tree and policy the open case goes on as it was begun; a new one follows the new."""
    async with talk() as chat:
        an = await walked(chat, "Boe", "Negatief")
        await walked(chat, "Sukkels", "Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend", who="karim")
        before = chat.person("karim").card
        versions = (chat.antenne.house.tree.version, chat.antenne.organisation.policy.version)

    def other(text: str) -> str:
        return text.replace("boos: Boos of bezorgd", "boos: Razend of bang").replace('version: "1"', 'version: "2"')

    changes = {"policy": {"insult_visibility": "remove_at_once", "waiting_hours": 5}}
    async with talk(changes=changes, tree=other) as chat:
        an, karim = chat.person("an"), chat.person("karim")
        await an.command("zaken")
        await an.press(next(label for label in an.shown[0].labels() if "Zaak 1" in label))
        assert "Boos of bezorgd" in an.card.labels()
        await an.press("Boos of bezorgd")
        assert any("Boos of bezorgd" in value for value in an.card.facts.values())
        await an.command("zaak 1")
        assert f"Beslisboom lokaal-bestuur {versions[0]}, beleid {versions[1]}" in an.shown[0].says
        await karim.command("zaken")
        await karim.press(next(label for label in karim.shown[0].labels() if "Zaak 2" in label))
        assert [line.text for line in karim.card.lines] == [line.text for line in before.lines]
        assert karim.card.facts["Tegen wanneer"] == before.facts["Tegen wanneer"]
        await an.paste("Nog een")
        await an.press("Negatief")
        assert "Razend of bang" in an.card.labels()
        for label in ("Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend"):
            await an.press(label)
        assert any("verwijder" in line.text.lower() for line in an.card.lines)
        assert an.card.facts["Tegen wanneer"] == "vandaag 15:00"


async def test_a_row_of_the_overview_keeps_its_hour(chat: Chat) -> None:
    """However long the titles of the outcomes: what does not fit a button goes from them, never from the term."""
    an = await walked(chat, "Iedereen die zo is moet weg", "Negatief", "Haat of discriminatie", "Nee, maar het kwetst een groep")
    await an.press("Vraag", on="Ook nog iets anders")
    await an.press("Ik weet het antwoord niet")
    await an.command("zaken")
    row = next(label for label in an.shown[0].labels() if "Zaak 1" in label)
    assert len(row) <= 75
    assert "…" in row
    assert re.search(r"\d\d:\d\d$", row)
