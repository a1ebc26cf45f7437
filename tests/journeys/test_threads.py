"""Escalation: who is told, what they do in their thread, and what comes back to the moderator."""

import asyncio

import pytest

from tests.journeys.chat import Chat, NotThere, Person
from tests.journeys.conftest import IN_A_BROWSER
from tests.journeys.test_outcome_card import walked

HATE = ("Negatief", "Haat of discriminatie", "Ja")


async def told(chat: Chat, text: str = "Iedereen daar moet weg", *labels: str) -> Person:
    """A moderator whose case was told to all its roles."""
    an = await walked(chat, text, *(labels or HATE))
    if any("Kies een dienst" in said for said in an.card.says):
        await an.press("Burgerzaken en welzijn", on="Dienst")
    await chat.pass_time(seconds=16)
    return an


async def test_every_told_role_gets_its_thread(chat: Chat) -> None:
    """In its channel or direct messages: quote, path, who has the case, and the five buttons; nobody else sees it."""
    an = await told(chat)
    places = {"sofie": "#communicatie", "marc": ":marc", "fatima": "#gelijke-kansen", "tom": "#moderatieteam"}
    for name, conversation in places.items():
        seen = await chat.person(name).inbox(conversation)
        assert len(seen) == 1, name
        card = seen[0]
        assert card.title == "Zaak 1 · Strafbare haat" or card.title.startswith("Zaak 1 · ")
        assert card.quotes == ("Iedereen daar moet weg",)
        assert card.facts["Keuzes"] == "Negatief › Haat of discriminatie › Ja"
        assert any("moderator: An Peeters" in said for said in card.says)
        buttons = ["Ik neem dit op", "Beslissing", "Meer info vragen", "Doorsturen", "Afsluiten"]
        assert card.labels() == [*buttons, "Waar meld ik dit?", "Gemeld op …", "Bewijsdossier"]
    for name in ("bert", "lies", "hilde", "sam", "karim"):
        own = await chat.person(name).inbox(f":{name}")
        assert own == [], name
    assert set(an.card.facts["Op de hoogte"].split(" · ")) == {
        "Communicatieverantwoordelijke",
        "Diensthoofd Burgerzaken en welzijn",
        "Dienst Gelijke Kansen",
        "Sociale mediateam",
    }


async def test_what_waits_opens_with_what_can_be_done(chat: Chat) -> None:
    """From the overview a role holder lands in the thread, not beside it; what a colleague handed in is there to take."""
    await told(chat)
    for name in ("sofie", "marc"):
        person = chat.person(name)
        await person.command("zaken")
        await person.press(next(label for label in person.shown[0].labels() if label.startswith("Zaak 1")))
        assert person.shown[0].labels()[:3] == ["Ik neem dit op", "Beslissing", "Meer info vragen"], name
    await chat.person("marc").press("Ik neem dit op")
    assert any("Marc Pauwels" in said for said in (await chat.person("marc").inbox(":marc"))[0].says)
    await chat.person("sam").paste("Seen on our page")
    karim = chat.person("karim")
    await karim.command("zaken")
    await karim.press(next(label for label in karim.shown[0].labels() if label.startswith("Zaak 2")))
    await karim.press("Ik neem deze zaak")
    assert karim.card.title == "Zaak 2"


async def test_the_department_waits_to_be_chosen_but_nobody_else_waits(chat: Chat) -> None:
    """Whoever needs no department is told after 15 seconds; the head as soon as the department is known."""
    an = await walked(chat, "Iedereen daar moet weg", *HATE)
    await chat.pass_time(seconds=16)
    assert len(await chat.person("sofie").inbox("#communicatie")) == 1
    assert await chat.person("marc").inbox(":marc") == []
    await an.press("Zaak afsluiten")
    assert an.refused
    assert "bij ‘Dienst’, boven de stappen" in an.note  # the select stands far above the button
    await an.press("Burgerzaken en welzijn", on="Dienst")
    await chat.pass_time(seconds=16)
    assert len(await chat.person("marc").inbox(":marc")) == 1
    await an.press("Milieu en groen", on="Dienst")
    await chat.pass_time(seconds=16)
    [head, *_] = await chat.person("marc").inbox(":marc")
    assert "ingetrokken" in head.title
    assert len(await chat.person("griet").inbox(":griet")) == 1


async def test_a_ground_tells_equal_opportunities(chat: Chat) -> None:
    """A threat on a protected ground is theirs too, and says which ground."""
    an = await walked(chat, "Ik sla alle vrouwen", "Bedreiging of misdrijf")
    await chat.pass_time(seconds=16)
    fatima = chat.person("fatima")
    assert await fatima.inbox("#gelijke-kansen") == []
    await an.press("Seksisme", on="Beschermd criterium")
    await chat.pass_time(seconds=16)
    [card] = await fatima.inbox("#gelijke-kansen")
    assert card.facts["Beschermd criterium"] == "Seksisme"


@IN_A_BROWSER
async def test_taking_says_who(chat: Chat) -> None:
    """One takes it up; everybody reads that; the next is told who was first."""
    an, sofie, tom = await told(chat), chat.person("sofie"), chat.person("tom")
    await sofie.press("Ik neem dit op", on="#communicatie")
    assert sofie.note
    [head, note] = await sofie.inbox("#communicatie")
    assert "Sofie Maes neemt dit op" in head.says
    assert "Ik neem dit op" not in head.labels()
    assert note.says == ("Sofie Maes neemt dit op.",)
    assert "Communicatieverantwoordelijke: Sofie Maes neemt het op" in an.card.facts["Op de hoogte"]
    [head, *_] = await tom.inbox("#moderatieteam")
    assert "Ik neem dit op" in head.labels()


async def test_a_question_reaches_the_moderator_and_the_answer_the_thread(chat: Chat) -> None:
    """Nobody leaves their own conversation; an edited or deleted answer follows, marked."""
    an, fatima = await told(chat), chat.person("fatima")
    await fatima.press("Meer info vragen", on="Zaak 1")
    await fatima.fill({"Wat wil je nog weten?": "Wie is *Ahmed*?"})
    [question] = [item for item in await an.messages(":an") if item.under is not None]
    assert question.sheet.quotes == ("Wie is *Ahmed*?",)
    assert "Fatima Benali" in question.sheet.text
    await an.reply("Een collega van het onthaal", under=":an Zaak 1", own="m1")
    thread = await fatima.inbox("#gelijke-kansen")
    assert thread[-1].quotes == ("Een collega van het onthaal",)
    for other in ("#communicatie", "#moderatieteam"):
        assert all("onthaal" not in item.text for item in await chat.person("sofie").inbox(other))
    await an.edit("Een collega van de balie", under=":an Zaak 1", own="m1")
    thread = await fatima.inbox("#gelijke-kansen")
    assert thread[-1].quotes == ("Een collega van de balie",)
    assert "Dit bericht is aangepast." in thread[-1].says
    await an.edit(None, under=":an Zaak 1", own="m1")
    thread = await fatima.inbox("#gelijke-kansen")
    assert thread[-1].quotes == ()
    assert thread[-1].says == ("An Peeters verwijderde dit bericht.",)


async def test_what_is_written_in_a_thread_reaches_the_moderator(chat: Chat) -> None:
    """Without a button too; and the moderator's answer goes to whoever wrote last."""
    an, sofie, tom = await told(chat), chat.person("sofie"), chat.person("tom")
    thread = next(item for item in await tom.messages("#moderatieteam") if item.under is None)
    await chat.driver.reply("tom", thread, "Ik haal ze weg", "")
    await chat.work()
    assert any(item.quotes == ("Ik haal ze weg",) for item in await an.inbox(":an"))
    await an.reply("Dank je", under=":an Zaak 1")
    assert any(item.quotes == ("Dank je",) for item in await tom.inbox("#moderatieteam"))
    assert not any(item.quotes == ("Dank je",) for item in await sofie.inbox("#communicatie"))


async def test_a_stranger_in_a_thread_changes_nothing(chat: Chat) -> None:
    """A message from outside the organisation is kept as such and passed on to nobody."""
    an, sofie = await told(chat), chat.person("sofie")
    thread = next(item for item in await sofie.messages("#communicatie") if item.under is None)
    heard = await chat.driver.reply("buitenstaander", thread, "Beslis maar ja", "")
    await chat.work()
    assert heard.refused
    assert not any("Beslis maar ja" in item.text for item in await an.inbox(":an"))


@IN_A_BROWSER
async def test_a_decision_updates_every_copy(chat: Chat) -> None:
    """The moderator's card becomes the decided outcome with its steps; each thread says who decided what and why."""
    an, sofie, fatima = await told(chat), chat.person("sofie"), chat.person("fatima")
    await sofie.press("Beslissing", on="#communicatie")
    await sofie.fill({"Wat doen we?": "Mening of kritiek", "Waarom?": "Scherp, maar het mag"})
    assert sofie.note == "Je beslissing is bewaard; de moderator krijgt de stappen."
    for card in (an.card, (await sofie.inbox("#communicatie"))[0], (await fatima.inbox("#gelijke-kansen"))[0]):
        assert card.title == "Zaak 1 · Mening of kritiek"
        assert "Sofie Maes besliste (vandaag 10:00): Mening of kritiek" in card.says
        assert "Scherp, maar het mag" in card.quotes
        assert card.tone == "info"
    [note] = [item.sheet for item in await an.messages(":an") if item.under is not None]
    assert note.says == ("Sofie Maes besliste: Mening of kritiek",)
    assert "Dienst Gelijke Kansen" in an.card.facts["Op de hoogte"]
    await an.press("Komt vaker terug")
    assert "ingetrokken" not in (await fatima.inbox("#gelijke-kansen"))[0].title
    await an.command("zaak 1")
    assert "besliste (Mening of kritiek" in an.shown[0].text
    assert "Scherp, maar het mag" in an.shown[0].quotes


async def test_a_later_decision_counts_and_the_earlier_stays(chat: Chat) -> None:
    """Both are read with their reasons; the last one is what is done."""
    an, sofie = await told(chat, "Hm", "Ik weet het niet"), chat.person("sofie")
    for outcome in ("Mening of kritiek", "Medeleven"):
        await sofie.press("Beslissing", on="#communicatie")
        await sofie.fill({"Wat doen we?": outcome, "Waarom?": f"Want {outcome}"})
    assert {"Want Mening of kritiek", "Want Medeleven"} <= set(an.card.quotes)
    assert an.card.title == "Zaak 1 · Medeleven"


async def test_a_decision_that_tells_others_opens_their_threads(chat: Chat) -> None:
    """What the lead decides has the same consequences as what a moderator answers."""
    await told(chat, "Hm", "Ik weet het niet")
    sofie, hilde = chat.person("sofie"), chat.person("hilde")
    await sofie.press("Beslissing", on="#communicatie")
    await sofie.fill({"Wat doen we?": "privacy", "Waarom?": "Adres van de buur"})
    await chat.pass_time(seconds=16)
    assert len(await hilde.inbox(":hilde")) == 1


async def test_back_after_a_decision_lets_everybody_know(chat: Chat) -> None:
    """Going back undoes what was decided on; an old button to decide is then of no use, and breaks nothing."""
    an, sofie = await told(chat, "Hm", "Ik weet het niet"), chat.person("sofie")
    await sofie.press("Beslissing", on="#communicatie")
    await sofie.fill({"Wat doen we?": "Medeleven", "Waarom?": "Lief bedoeld"})
    decide = next(item for item in (await sofie.inbox("#communicatie"))[0].controls if item.label == "Beslissing")
    await an.press("Terug")
    assert "ingetrokken" in (await sofie.inbox("#communicatie"))[0].title
    assert (await chat.driver.press("sofie", decide)).refused
    await an.press("Ik weet het niet")
    await chat.pass_time(seconds=16)
    heard = await chat.driver.press("sofie", decide)
    assert heard.refused
    assert an.card.title == "Zaak 1 · Samen beslissen"


async def test_forwarding_and_closing_a_thread(chat: Chat) -> None:
    """Forwarded with a word to a role by hand: it stays told whatever the walk says next; a closed thread asks nothing more."""
    an, sofie, joris = await told(chat, "Hm", "Ik weet het niet"), chat.person("sofie"), chat.person("joris")
    await sofie.press("Doorsturen", on="#communicatie")
    await sofie.fill({"Naar wie?": "Communicatie-antenne Milieu en groen", "Wat moet die persoon weten?": "Klopt dit?"})
    assert sofie.note == "Doorgestuurd."
    head, word = await joris.inbox("#milieu")
    assert word.quotes == ("Klopt dit?",)
    assert "Communicatie-antenne Milieu en groen" in an.card.facts["Op de hoogte"]
    await sofie.press("Doorsturen", on="#communicatie")
    await sofie.fill({"Naar wie?": "Communicatie-antenne Milieu en groen"})
    assert (sofie.refused, sofie.note) == (True, "Die persoon of dienst weet het al.")
    take = next(item for item in head.controls if item.label == "Ik neem dit op")
    await joris.press("Afsluiten", on="Zaak 1")
    assert (await joris.inbox("#milieu"))[0].labels() == []
    heard = await chat.driver.press("joris", take)
    assert (heard.refused, heard.note) == (True, "Deze draad is al afgesloten.")


async def test_closing_the_case_ends_its_threads(chat: Chat) -> None:
    """Everybody who was told reads that it is done."""
    an, sofie = await told(chat, "Vertrouwelijk", "Neutraal", "Vraag", "De woordvoerder: het is de pers"), chat.person("sofie")
    for line in an.card.lines:
        if line.state == "open":
            await an.press(line.text)
    await an.press("Zaak afsluiten")
    head, note = await sofie.inbox("#communicatie")
    assert head.labels() == []
    assert note.says == ("Zaak 1 is afgehandeld en gesloten. Dank je wel!",)


@pytest.mark.parametrize("round_", range(3))
async def test_two_decide_in_the_same_instant(chat: Chat, round_: int) -> None:
    """One wins; the other reads who was first and when, and changes nothing."""
    an, sofie, marc = await told(chat), chat.person("sofie"), chat.person("marc")
    for person in (sofie, marc):
        await person.press("Beslissing", on="Zaak 1")
        assert person.form is not None
    forms = [person.form for person in (sofie, marc) if person.form is not None]
    both = await asyncio.gather(
        chat.driver.submit("sofie", forms[0], {"outcome": "kritiek", "reason": "Mag"}, ()),
        chat.driver.submit("marc", forms[1], {"outcome": "strafbaar", "reason": "Mag niet"}, ()),
    )
    await chat.work()
    assert sorted(heard.refused for heard in both) == [False, True]
    lost = next(index for index, heard in enumerate(both) if heard.refused)
    winner = ("Marc Pauwels", "Sofie Maes")[lost]
    assert both[lost].note.startswith(f"{winner} besliste al (vandaag 10:00).")
    assert sum("besliste (" in said for said in an.card.says) == 1
    assert any(said.startswith(f"{winner} besliste (") for said in an.card.says)


async def test_two_take_it_in_the_same_instant(chat: Chat) -> None:
    """The lead and her deputy press at once: one takes it up, the other reads who."""
    await told(chat)
    sofie = chat.person("sofie")
    thread = next(item for item in await sofie.messages("#communicatie") if item.under is None)
    take = next(item for item in thread.sheet.controls if item.label == "Ik neem dit op")
    both = await asyncio.gather(chat.driver.press("sofie", take), chat.driver.press("tom", take))
    assert sorted(heard.refused for heard in both) == [False, True]
    lost = next(index for index, heard in enumerate(both) if heard.refused)
    assert both[lost].note == f"{('Tom Willems', 'Sofie Maes')[lost]} neemt dit al op."


async def test_the_same_press_twice_is_once(chat: Chat) -> None:
    """A double click, or a delivery that comes twice, answers the question once."""
    an = await walked(chat, "Boe")
    button = next(item for item in an.card.controls if item.label == "Negatief")
    both = await asyncio.gather(*(chat.driver.press("an", button) for _ in range(2)))
    await chat.work()
    assert sorted(heard.refused for heard in both) == [False, True]
    assert "Wat maakt het negatief?" in an.card.says


async def test_who_was_not_told_sees_no_buttons_and_may_not_press(chat: Chat) -> None:
    """Somebody outside a channel neither reads its messages nor acts on them."""
    await told(chat)
    sofie, lies = chat.person("sofie"), chat.person("lies")
    thread = next(item for item in await sofie.messages("#communicatie") if item.under is None)
    with pytest.raises(NotThere, match="Ik neem dit op"):
        await lies.press("Ik neem dit op")
    for control in thread.sheet.controls:
        assert (await chat.driver.press("lies", control)).refused, control.label
