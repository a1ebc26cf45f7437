"""The whole journey in Dutch and in English: paste, walk, card, escalation, FAQ, commands; every card on the way is approved."""

import json
import re
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import pytest

from adapters.slack.dialogs import dialog
from adapters.slack.render import fallback, message
from adapters.teams import render as teams
from bot.cards import Card, Form
from bot.sentences import sentences
from tests.approved import agrees, only
from tests.journeys.chat import ENGLISH, PNG, Asked, Chat, Person, Sheet
from tests.journeys.conftest import BROWSER, Talk
from tests.servers import BACKENDS

# What stands on the buttons and fields, in Dutch and in English.
ENGLISH_WORDS = {
    "Klopt het signaal?": "Is the signal right?",
    "Negatief": "Negative",
    "Neutraal": "Neutral",
    "Positief": "Positive",
    "Haat of discriminatie": "Hate or discrimination",
    "Belediging, pesten of seksueel": "Insult, bullying or sexual",
    "Ja": "Yes",
    "Ja, grof of bewust kwetsend": "Yes, coarse or meant to hurt",
    "Terug": "Back",
    "Vraag": "Question",
    "Ik weet het antwoord niet": "I don't know the answer",
    "Ik weet het niet": "I don't know",
    "Ook nog iets anders in dit bericht": "Something else in this comment too",
    "Gegevens aanvullen": "Add details",
    "Tekst van de reactie": "Text of the comment",
    "Link naar de reactie": "Link to the comment",
    "Naam van het account": "Name of the account",
    "Wanneer geplaatst?": "When was it posted?",
    "Dienst": "Department",
    "Beschermd criterium": "Protected ground",
    "Burgerzaken en welzijn": "Civil affairs and welfare",
    "Milieu en groen": "Environment and green spaces",
    "Afkomst": "Descent",
    "Komt vaker terug": "Comes back often",
    "Dit weegt op mij": "This weighs on me",
    "Collega of mandataris geviseerd": "Colleague or elected official targeted",
    "Niet nodig": "Not needed",
    "Andere reden…": "Another reason…",
    "Waarom sla je dit over?": "Why do you leave this out?",
    "Tekst aanpassen": "Edit the text",
    "Tekst voor de burger": "Text for the citizen",
    "Spreek aan met je": "Use the informal form",
    "Alles gedaan": "All done",
    "Zaak afsluiten": "Close the case",
    "Zelfde afhandeling voor de volgende": "Same handling for the next one",
    "Ik neem dit op": "I'll take this",
    "Beslissing": "Decision",
    "Wat doen we?": "What do we do?",
    "Waarom?": "Why?",
    "Meer info vragen": "Ask for more",
    "Wat wil je nog weten?": "What else do you need to know?",
    "Doorsturen": "Forward",
    "Naar wie?": "To whom?",
    "Goedkeuren": "Approve",
    "Aanpassen": "Edit",
    "Antwoord hiermee": "Answer with this",
    "Geef de zaak door aan": "Hand the case over to",
    "Ik neem deze zaak": "I'll take this case",
}

Say = Callable[[str], str]


def timeless(text: str) -> str:
    """A card without the versions of tree and policy, which change with every edit of a file."""
    return re.sub(r"(lokaal-bestuur) \S+, (\w+) [0-9a-f]{12}", r"\1 …, \2 …", text)


def on_slack(seen: Card | Form, t: Callable[..., str]) -> Any:
    """The dialog, or the message, that Slack is sent."""
    if isinstance(seen, Form):
        return dialog(seen, t)
    return {"text": fallback(seen, t), "blocks": message(seen, t).blocks}


def on_teams(seen: Card | Form, t: Callable[..., str]) -> Any:
    """The card of the dialog, or the message, that Teams is sent."""
    if isinstance(seen, Form):
        return teams.dialog(seen, t)
    return teams.message(teams.card(seen, t, under=True), seen.notice, t)


PAYLOADS: Mapping[str, Callable[[Card | Form, Callable[..., str]], Any]] = {"slack": on_slack, "teams": on_teams}


class Album:
    """The cards and forms that were met, by name."""

    def __init__(self, language: str) -> None:
        self.language, self.pages = language, set[str]()

    def keep(self, name: str, seen: Sheet | Asked | str) -> None:
        """Compare with the approved card of this name, and with what each platform is sent to show it."""
        self._agrees(f"cards/{name}.{self.language}.txt", seen if isinstance(seen, str) else seen.text)
        if isinstance(seen, str) or seen.drawn_from is None:
            return
        for platform, payload in PAYLOADS.items():
            sent = payload(seen.drawn_from, sentences(self.language).t)
            self._agrees(f"{platform}/{name}.{self.language}.json", json.dumps(sent, ensure_ascii=False, indent=1) + "\n")

    def _agrees(self, page: str, text: str) -> None:
        self.pages.add(page)
        agrees(page, timeless(text))

    def form(self, name: str, person: Person) -> None:
        """The same for the open form."""
        assert person.form is not None, person.note
        self.keep(f"form_{name}", person.form)


@pytest.mark.parametrize(
    ("way", "language"),
    [*product((*BACKENDS, "teams"), ("nl", "en")), pytest.param("browser", "nl", marks=BROWSER.marks)],
    indirect=["way"],
)
async def test_the_whole_journey(talk: Talk, language: str) -> None:
    """From the first paste to an answer that everybody can use, on each database, as a moderator who reads this language."""
    say: Say = (lambda nl: nl) if language == "nl" else ENGLISH_WORDS.__getitem__
    album = Album(language)
    everywhere = ENGLISH | {"language": "en"} if language == "en" else {}
    async with talk(changes=everywhere) as chat:
        await _walk(chat, say, album)
        await _card(chat, say, album)
        await _threads(chat, say, album)
        await _faq(chat, say, album)
        await _commands(chat, say, album)
    if language == "en":
        for folder in {page.partition("/")[0] for page in album.pages}:
            only(folder, album.pages | {page.replace(".en.", ".nl.") for page in album.pages})


async def _walk(chat: Chat, say: Say, album: Album) -> None:
    """Points 1 and 2: paste, the intake form, the walk, back, something else too."""
    an, karim = chat.person("an"), chat.person("karim")
    await an.command("")
    album.form("start", an)
    await an.paste("Jullie zijn luie zakken, bent u wakker? Wanneer komt de vuilkar?")
    album.keep("question_first_with_faq", an.card)
    await karim.paste("jullie zijn luie zakken, bent u wakker?  Wanneer komt de vuilkar?")
    assert "An Peeters" in karim.note
    await an.press(say("Negatief"))
    album.keep("question", an.card)
    await an.press(say("Terug"))
    for label in ("Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend"):
        await an.press(say(label))
    album.keep("advice", an.card)
    await an.press(say("Vraag"), on=say("Ook nog iets anders in dit bericht"))
    await an.press(say("Ik weet het antwoord niet"))
    album.keep("advice_merged", an.card)


async def _card(chat: Chat, say: Say, album: Album) -> None:
    """Point 3: the checklist, reasons, replies, ticks, selects, and closing."""
    an = chat.person("an")
    await an.press(say("Gegevens aanvullen"))
    album.form("intake", an)
    values = {
        "Link naar de reactie": "https://www.facebook.com/1",
        "Naam van het account": "Jan *M*",
        "Wanneer geplaatst?": "2026-11-17 09:00",
    }
    await an.fill({say(name): value for name, value in values.items()}, pictures=[PNG])
    private = next(line.text for line in an.card.lines if re.search("rivé|rivate", line.text))
    await an.press(say("Tekst aanpassen"), on=private)
    album.form("reply", an)
    await an.fill({say("Tekst voor de burger"): "We bellen u morgen."})
    assert any(text == "We bellen u morgen." for _, text in an.card.copies)
    await an.press(say("Spreek aan met je"))
    await an.press(say("Komt vaker terug"))
    await an.press(say("Dit weegt op mij"))
    await an.press(say("Collega of mandataris geviseerd"))
    await an.press(say("Andere reden…"), on=private)
    album.form("waive", an)
    await an.fill({say("Waarom sla je dit over?"): "Dat gebeurde aan de telefoon"})
    await an.press(say("Alles gedaan"))
    album.keep("advice_in_hand", an.card)
    await chat.pass_time(seconds=16)
    await an.press(say("Zaak afsluiten"))
    album.keep("closed", an.card)
    await an.press(say("Zelfde afhandeling voor de volgende"))
    album.form("next", an)
    await an.fill({say("Tekst van de reactie"): "Luie zakken, ja"})
    album.keep("question_same_as_before", an.card)
    await an.press(say("Negatief"))
    for label in ("Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend", "Dit weegt op mij"):
        await an.press(say(label))
    await an.press("Karim El Amrani", on=say("Geef de zaak door aan"))
    album.keep("handed_over", an.card)


async def _threads(chat: Chat, say: Say, album: Album) -> None:
    """Point 4: the thread, what is asked and answered in it, forwarding, deciding, and taking it back."""
    an, sofie = chat.person("an"), chat.person("sofie")
    await an.paste("Weg met hen allemaal")
    for label in ("Negatief", "Haat of discriminatie", "Ja"):
        await an.press(say(label))
    album.keep("advice_before_evidence", an.card)
    await an.press(say("Afkomst"), on=say("Beschermd criterium"))
    await an.press(say("Burgerzaken en welzijn"), on=say("Dienst"))
    await chat.pass_time(seconds=16)
    number = an.case
    here = f"#communicatie {'Zaak' if album.language == 'nl' else 'Case'} {number}"
    album.keep("thread", (await sofie.sees(here)))
    await sofie.press(say("Ik neem dit op"), on=here)
    await sofie.press(say("Meer info vragen"), on=here)
    album.form("ask", sofie)
    await sofie.fill({say("Wat wil je nog weten?"): "Wie zijn <b>hen</b>?"})
    own = f":an {'Zaak' if album.language == 'nl' else 'Case'} {number}"
    assert any(item.quotes == ("Wie zijn <b>hen</b>?",) for item in await an.inbox(":an"))
    await an.reply("De nieuwe buren", under=own)
    assert any(item.quotes == ("De nieuwe buren",) for item in await sofie.inbox("#communicatie"))
    await sofie.press(say("Doorsturen"), on=here)
    album.form("forward", sofie)
    await sofie.fill({say("Naar wie?"): "dpo"})
    await sofie.press(say("Beslissing"), on=here)
    album.form("decide", sofie)
    await sofie.fill(
        {say("Wat doen we?"): "gedragscode", "rule": "generalising", say("Waarom?"): "Kwetsend, nog net niet strafbaar"}
    )
    album.keep("thread_decided", (await sofie.sees(here)))
    album.keep("advice_decided", an.card)
    notes = [item.text for item in await sofie.inbox("#communicatie") if not item.title]
    album.keep("thread_notes", "\n".join(notes))
    await an.press(say("Terug"))
    album.keep("thread_retracted", (await sofie.sees(here)))
    await an.command(f"zaak {number}")
    album.keep("timeline", an.shown[0])


async def _faq(chat: Chat, say: Say, album: Album) -> None:
    """Point 5: an answer that nobody knew becomes one that everybody can use; signals."""
    an, joris = chat.person("an"), chat.person("joris")
    await an.paste("Mag compost in de bladkorf? Bel 0470 12 34 56")
    for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
        await an.press(say(label))
    assert an.card.chosen[say("Dienst")] == say("Milieu en groen")
    await chat.pass_time(seconds=16)
    word = "Zaak" if album.language == "nl" else "Case"
    await joris.reply("Nee, compost hoort in je eigen tuin.", under=f"#milieu {word} {an.case}")
    album.keep("faq_proposed", (await joris.sees("FAQ")))
    await joris.press(say("Aanpassen"), on="FAQ")
    album.form("faq", joris)
    await joris.fill({"question": "Mag compost in de bladkorf?"})
    await joris.press(say("Goedkeuren"), on="FAQ")
    album.keep("faq_approved", (await joris.sees("FAQ")))
    await an.command("faq compost bladkorf")
    album.keep("faq_search", an.shown[0])
    await an.paste("Mag compost nu in de bladkorf?")
    await an.press(say("Antwoord hiermee"))
    assert "eigen tuin" in an.card.copies[0][1]
    for _ in range(3):
        await an.command("signaal milieu: sluikstort aan de kerk, bel 0470 12 34 56")
        if an.form is None:  # where a typed word cannot open a dialog, its card can
            await an.press(say("Klopt het signaal?"))
        await an.fill({"text": "sluikstort aan de kerk", "department": "milieu"})
    album.keep("warning", (await joris.sees("sluikstort")))


async def _commands(chat: Chat, say: Say, album: Album) -> None:
    """Point 6, and a colleague who hands something in."""
    an, sam, tom = chat.person("an"), chat.person("sam"), chat.person("tom")
    await sam.paste("Look what they wrote")
    word = "Zaak" if album.language == "nl" else "Case"
    album.keep("found", (await tom.sees(f"#moderatieteam {word}")))
    await an.command("zaken")
    album.keep("my_cases", an.shown[0])
    await tom.press(say("Ik neem deze zaak"))
    await tom.press(say("Positief"))
    await tom.press(say("Alles gedaan"))
    await chat.pass_time(seconds=16)
    album.keep("note_to_colleague", (await sam.inbox())[-1])
    for command, name in (("zaken", "my_cases_later"), ("hulp", "help")):
        await an.command(command)
        album.keep(name, an.shown[0].text)
