"""The shared FAQ as its people live it: written, offered, changed by two at once, asked in vain, looked at again."""

import asyncio

from sqlalchemy import Connection, func, select

from bot import faq as shared
from bot.tables import faq, faq_gaps, faq_history
from tests.journeys.chat import Chat, Person, Sheet
from tests.journeys.conftest import Talk
from tests.journeys.test_outcome_card import walked

BULLE = {
    "question": "Waar kan ik een bakfiets lenen?",
    "answer": "Aan de balie van de fietspunten, tegen een waarborg van 50 euro.",
}


async def entry_of(chat: Chat, part: str) -> int:
    """The number of the entry whose question holds ``part``."""
    return int(await chat.stored(lambda conn: conn.execute(select(faq.c.id).where(faq.c.question.contains(part))).scalar_one()))


async def status_of(chat: Chat, number: int) -> str:
    """The status of an entry."""
    return str(await chat.stored(lambda conn: conn.execute(select(faq.c.status).where(faq.c.id == number)).scalar_one()))


async def wrote(person: Person, **values: str) -> Sheet:
    """Write an entry by hand; returns its card."""
    await person.command("faq nieuw")
    await person.fill(BULLE | values)
    assert not person.refused, person.note
    return person.shown[0]


# Written by hand


async def test_who_keeps_the_answers_writes_approved_ones(chat: Chat) -> None:
    """An antenna's own entry is offered at once, in the form that the citizen uses, with its links."""
    lies, an = chat.person("lies"), chat.person("an")
    card = await wrote(
        lies, department="mobiliteit", formal="U leent hem aan de balie.", links="https://torenbeek.example/bakfiets"
    )
    assert "Goedgekeurd door Lies Janssens" in card.says
    assert card.facts["Wie houdt dit bij?"] == "Lies Janssens"
    await an.paste("Waar kan ik een bakfiets lenen? Dank u")
    await an.press("Antwoord hiermee")
    assert "U leent hem aan de balie.\nhttps://torenbeek.example/bakfiets" in an.card.copies[0][1]
    [number] = [await entry_of(chat, "bakfiets")]
    await an.command(f"faq #{number}")
    assert an.shown[0].facts["Gebruikt"].startswith("1 keer, het laatst op 17 november 2026")
    assert an.shown[0].labels() == ["Geschiedenis"], "a moderator reads it"


async def test_others_propose_and_nobody_is_answered_with_it(chat: Chat) -> None:
    """A moderator's entry waits for the antenna: a search says so and gives no answer, and no card offers it."""
    an, lies = chat.person("an"), chat.person("lies")
    card = await wrote(an, department="mobiliteit")
    assert "Voorstel, nog niet goedgekeurd. Niemand gebruikt dit al." in card.says
    await an.command("faq bakfiets lenen")
    [found] = an.shown
    assert BULLE["question"] in found.quotes
    assert "Voorstel, nog niet goedgekeurd. Niemand gebruikt dit al." in found.says
    assert "balie van de fietspunten" not in found.text
    await an.paste("Waar kan ik een bakfiets lenen?")
    assert "balie" not in an.card.text
    for label in ("Neutraal", "Vraag"):
        await an.press(label)
    assert "balie" not in an.card.text
    await lies.press("Goedkeuren", on="FAQ")
    await an.command("faq bakfiets lenen")
    assert "balie van de fietspunten" in an.shown[0].text


async def test_what_cannot_be_is_refused_with_a_reason(chat: Chat) -> None:
    """Nothing is kept of an entry without an answer, with a wrong date or a link that is none; the date may be written as here."""
    lies = chat.person("lies")
    for values, said in (
        ({"answer": " "}, "Vul een antwoord in."),
        ({"valid_until": "31 december"}, "Dat is geen datum. Schrijf ze als 31/12/2026."),
        ({"valid_from": "1/12/2026", "valid_until": "30/11/2026"}, "De einddatum ligt voor de begindatum."),
        ({"valid_until": "16/11/2026"}, "De einddatum is voorbij. Pas die eerst aan."),
        ({"links": "javascript:alert(1)"}, "Dat is geen link. Een link begint met https://."),
        ({"question": "x" * 501}, "De vraag is te lang: hoogstens 500 tekens."),
    ):
        await lies.command("faq nieuw")
        await lies.fill(BULLE | {"department": "mobiliteit"} | values)
        assert (lies.refused, lies.note) == (True, said)
    card = await wrote(lies, department="mobiliteit", valid_until="31/12/2026", tags="cargobike; bakvélo")
    assert card.facts["Geldig"] == "tot en met 31 december 2026"
    assert card.facts["Andere woorden"] == "cargobike, bakvélo"


# Two at once


async def test_the_second_of_two_sees_the_difference(chat: Chat) -> None:
    """What stood there, what the other made of it, and one's own; only taken over on purpose, and nothing is lost."""
    joris, griet, an = chat.person("joris"), chat.person("griet"), chat.person("an")
    number = await entry_of(chat, "vuilkar")
    for person in (joris, griet):
        await person.command(f"faq #{number}")
        await person.press("Aanpassen")
    await joris.fill({"answer": "Op woensdag."})
    assert joris.note == "Aangepast."
    await griet.fill({"answer": "Op vrijdag.", "why": "Nieuwe ronde"})
    [card] = griet.shown
    assert "Joris Aerts paste deze vraag aan terwijl jij schreef." in card.text
    assert [name for name in card.facts if name != "Eerst"] == ["Van Joris Aerts", "Van jou"]
    assert (card.facts["Van Joris Aerts"], card.facts["Van jou"]) == ("Op woensdag.", "Op vrijdag.")
    assert "dinsdag" in card.facts["Eerst"]
    await an.command("faq vuilkar")
    assert "Op woensdag." in an.shown[0].text
    take = next(item for item in card.controls if item.label == "Mijn tekst gebruiken")
    assert (await chat.driver.press("joris", take)).refused, "it is Griet's text"
    await griet.press("Mijn tekst gebruiken")
    await an.command("faq vuilkar")
    assert "Op vrijdag." in an.shown[0].text
    await griet.command(f"faq #{number}")
    await griet.press("Geschiedenis")
    [past] = griet.shown
    assert [said.partition(" · ")[0] for said in past.says] == ["3", "2", "1"]
    assert "over de tekst van een collega heen" in past.says[0]
    assert "Nieuwe ronde" in past.quotes
    assert (await chat.driver.press("griet", take)).refused, "taken over once"


async def test_a_third_change_shows_the_difference_again(chat: Chat) -> None:
    """Who takes over a text that changed once more sees the newest first."""
    joris, griet = chat.person("joris"), chat.person("griet")
    number = await entry_of(chat, "vuilkar")
    await griet.command(f"faq #{number}")
    await griet.press("Aanpassen")
    for answer in ("Op woensdag.", "Op donderdag."):
        await joris.command(f"faq #{number}")
        await joris.press("Aanpassen")
        await joris.fill({"answer": answer})
        if answer == "Op woensdag.":
            await griet.fill({"answer": "Op vrijdag."})
    await griet.press("Mijn tekst gebruiken")
    assert griet.shown[0].facts["Van Joris Aerts"] == "Op donderdag."
    await griet.press("Mijn tekst gebruiken")
    await griet.command(f"faq #{number}")
    assert "Op vrijdag." in griet.shown[0].text
    kept = await chat.stored(
        lambda conn: conn.execute(select(faq_history.c.kept).where(faq_history.c.entry_id == number)).scalars().all()
    )
    assert list(kept) == [True] * 4


# Offered


async def test_likely_answers_are_offered_once_it_is_a_question(chat: Chat) -> None:
    """Not at the first card when it is not sure; at the question who can answer, each one press away, and undone with Terug."""
    an = chat.person("an")
    await an.paste("Amai, die zakken hier, dat restafval staat hier nog altijd")
    assert "Antwoord hiermee" not in an.card.labels()
    for label in ("Neutraal", "Vraag"):
        await an.press(label)
    assert 1 <= an.card.labels().count("Antwoord hiermee") <= 3
    await an.press("Antwoord hiermee")
    assert any("Openbaar antwoord" in title for title, _ in an.card.copies)
    await an.press("Terug")
    assert "Ik weet het antwoord niet" in an.card.labels()


async def test_the_antenna_sees_what_it_looks_like(chat: Chat) -> None:
    """In the thread, with the answer; one press gives it to the moderator, whose text for the citizen then holds it."""
    an, joris = chat.person("an"), chat.person("joris")
    await an.paste("Amai, die zakken hier, dat restafval staat hier nog altijd")
    for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
        await an.press(label)
    await an.press("Milieu en groen", on="Dienst")
    await chat.pass_time(seconds=16)
    thread = await joris.sees("#milieu Zaak 1")
    assert "Dit lijkt op wat al in de FAQ staat. Is dit het antwoord?" in thread.says
    answer = thread.copies[0][1]
    await joris.press("Dit is het antwoord", on="#milieu")
    assert joris.note == "Doorgegeven aan de moderator."
    assert any(answer in text for _, text in an.card.copies)
    assert "Dit is het antwoord" not in (await joris.sees("#milieu Zaak 1")).labels()
    assert await chat.stored(lambda conn: conn.execute(select(func.count()).select_from(faq_gaps)).scalar_one()) == 0


async def test_another_process_knows_what_was_approved(talk: Talk) -> None:
    """Two bots on one database: what one approves, changes or drops is found, found anew or no longer found by the other."""
    async with talk() as here, talk() as there:
        lies, an = here.person("lies"), there.person("an")
        await an.command("faq bakfiets lenen")
        assert "fietspunten" not in an.shown[0].text
        await wrote(lies, department="mobiliteit")
        await an.command("faq bakfiets lenen")
        assert "fietspunten" in an.shown[0].text
        number = await entry_of(here, "bakfiets")
        await lies.command(f"faq #{number}")
        await lies.press("Aanpassen")
        await lies.fill({"question": "Hoe huur ik een riksja?", "answer": "Bij de dienst."})
        await an.command("faq riksja")
        assert "Bij de dienst." in an.shown[0].text
        await lies.press("Niet bewaren", on="FAQ")
        await an.command("faq riksja")
        assert "Bij de dienst." not in an.shown[0].text


# Asked in vain


async def test_what_found_nothing_is_grouped_for_who_can_answer(chat: Chat) -> None:
    """Searches and cases, masked, near-duplicates together with what they share; answered or not needed, it leaves the list."""
    an, joris, lies = chat.person("an"), chat.person("joris"), chat.person("lies")
    await an.command("faq Mag ik compost in de bladkorf gooien? bel 0470 12 34 56")
    for text in ("Compost in de bladkorf, mag dat?", "Kan compost bij de bladkorf?"):
        await walked(chat, text, "Neutraal", "Vraag", "Ik weet het antwoord niet")
        await chat.pass_time(seconds=16)
    await joris.command("faq gaten")
    [card] = joris.shown
    assert "3 keer gevraagd · Milieu en groen" in card.says
    assert any(said.startswith("Deelt: ") and "compost" in said and "bladkorf" in said for said in card.says)
    assert "0470" not in card.text
    await lies.command("faq gaten")
    assert "bladkorf" not in lies.shown[0].text.lower(), "it is another department's"
    await joris.press("Nieuwe FAQ")
    assert joris.form is not None
    assert "bladkorf" in joris.form.fields[0].value.lower()
    await joris.fill({"question": "Mag compost in de bladkorf?", "answer": "Nee, die hoort in je tuin."})
    await joris.command("faq gaten")
    assert "Geen. Op alles wat gevraagd werd, staat er een antwoord in de FAQ." in joris.shown[0].says
    await an.command("faq kwakkelgraas")
    await joris.command("faq gaten")
    await joris.press("Niet nodig")
    assert "kwakkelgraas" not in joris.shown[0].text
    assert await chat.stored(lambda conn: conn.execute(select(func.count()).where(faq_gaps.c.open.is_(True))).scalar_one()) == 0


async def test_a_word_of_the_town_is_learned_from_a_search_in_vain(talk: Talk) -> None:
    """The antenna says what it means, from the search itself; both processes find it then, with who said so; taken away it is gone."""
    async with talk() as here, talk() as there:
        joris, an = here.person("joris"), there.person("an")
        await an.command("faq waar is de kwakkelhut")
        assert "Woord toevoegen" not in an.shown[0].labels(), "adding words is for who keeps the answers"
        await joris.command("faq waar is de kwakkelhut")
        await joris.press("Woord toevoegen")
        assert joris.form is not None
        assert joris.form.fields[0].value == "kwakkelhut"
        await joris.fill({"new": "kwakkelhut", "known": "de"})
        assert joris.note == "‘de’ zegt te weinig: het staat in te veel vragen."
        await joris.command("faq gaten")
        await joris.press("Woord toevoegen")
        await joris.fill({"new": "kwakkelhut", "known": "recyclagepark"})
        assert "kwakkelhut = recyclagepark" in joris.shown[0].text
        assert any("Joris" in said and "toegevoegd door" in said for said in joris.shown[0].says)
        for person in (joris, an):
            await person.command("faq waar is de kwakkelhut")
            assert "recyclagepark" in person.shown[0].text.lower()
            assert "Hierover vonden we nog niets" not in person.shown[0].text
        await an.command("faq woorden")
        assert "kwakkelhut = recyclagepark" in an.shown[0].text
        await joris.command("faq woorden")
        await joris.press("Weghalen")
        await an.command("faq waar is de kwakkelhut")
        assert "recyclagepark" not in an.shown[0].text.lower()


# Looked at again


async def test_an_answer_whose_date_passes_goes_back_to_its_owner_once(chat: Chat) -> None:
    """Told once, however often and by however many processes it is looked for; not offered until it is looked at."""
    lies, an = chat.person("lies"), chat.person("an")
    await wrote(lies, department="mobiliteit", valid_until="20/11/2026")
    number = await entry_of(chat, "bakfiets")
    await chat.pass_time(days=3)
    assert await status_of(chat, number) == "approved", "the last day counts"
    await chat.pass_time(days=1)
    told = [item for item in await lies.inbox() if item.title == "FAQ · na te kijken"]
    assert len(told) == 1
    assert "Na te kijken: de einddatum is voorbij." in told[0].says
    await chat.pass_time(days=1)
    house, now = chat.antenne.house, chat.now

    def look(conn: Connection) -> int:
        return shared.send_for_review(conn, house, now)

    await asyncio.gather(*(chat.antenne.store.write(look) for _ in range(3)))
    assert len([item for item in await lies.inbox() if item.title == "FAQ · na te kijken"]) == 1
    await an.paste("Waar kan ik een bakfiets lenen?")
    assert "Antwoord hiermee" not in an.card.labels()
    await lies.command("faq nakijken")
    await lies.press(f"Toon vraag {number}", on="na te kijken")
    await lies.press("Klopt nog")
    assert (lies.refused, lies.note) == (True, "De einddatum is voorbij. Pas die eerst aan.")
    await lies.command(f"faq #{number}")
    await lies.press("Aanpassen")
    await lies.fill({"valid_until": "1/12/2027"})
    assert await status_of(chat, number) == "approved"
    await an.paste("Waar kan ik nu een bakfiets lenen?")
    assert "Antwoord hiermee" in an.card.labels()


async def test_what_nobody_used_in_a_year_is_looked_at_again(chat: Chat) -> None:
    """All the sample's answers but the one that was used; one message a keeper, and one press says that it is still right."""
    an, joris = chat.person("an"), chat.person("joris")
    await chat.pass_time(days=300)
    await an.paste("Wanneer komt de vuilkar?")
    await an.press("Antwoord hiermee")
    used = await entry_of(chat, "vuilkar?")
    await chat.pass_time(days=67)
    assert await status_of(chat, used) == "approved"
    rest = await chat.stored(lambda conn: set(conn.execute(select(faq.c.status).where(faq.c.id != used)).scalars()))
    assert rest == {"review"}
    told = [item for item in await joris.inbox() if item.title == "FAQ · na te kijken"]
    assert len(told) == 1
    label = next(label for label in told[0].labels() if label.startswith("Toon vraag"))
    await joris.press(label, on="na te kijken")
    await joris.press("Klopt nog", on="FAQ · vraag")
    number = int(label.rpartition(" ")[2])
    assert await status_of(chat, number) == "approved"
    await chat.pass_time(days=2)
    assert await status_of(chat, number) == "approved"
