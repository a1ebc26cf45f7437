"""Nobody answers: who is reminded, who is asked next, and what stops it; terms that come back to a person."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.events import Pressed
from bot.presses import Take
from tests.journeys.chat import Chat, Message, Person
from tests.journeys.conftest import Talk
from tests.journeys.test_outcome_card import walked
from tests.strict_chat import actor

FRIDAY_NIGHT = datetime(2026, 11, 20, 21, 55, tzinfo=UTC)
FRIDAY_AFTERNOON = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # two o'clock in Brussels, two hours before closing


async def told(chat: Chat, *labels: str, department: str = "Burgerzaken en welzijn") -> Person:
    """A moderator whose case was just told to its roles."""
    an = await walked(chat, "Ik weet u wonen", *labels)
    if "Dienst" in an.card.chosen:
        await an.press(department, on="Dienst")
    await chat.pass_time(seconds=16)
    return an


def notes(seen: list[Message]) -> list[str]:
    """What the bot said beneath cards."""
    return [said for item in seen if item.under is not None for said in item.sheet.says]


async def beneath(chat: Chat, person: str, conversation: str) -> list[str]:
    """What the bot said beneath the cards of one conversation."""
    return notes(await chat.person(person).messages(conversation))


async def test_a_threat_at_night_goes_on_until_somebody_answers(talk: Talk) -> None:
    """Reminder, deputy, moderation team, a quarter of an hour apart, each said in the thread, to the new one and to the moderator."""
    async with talk(at=FRIDAY_NIGHT) as chat:
        an = await told(chat, "Ik weet het niet")
        assert await beneath(chat, "sofie", "#communicatie") == []
        assert await chat.person("tom").inbox(":tom") == []
        await chat.pass_time(minutes=15)
        [reminder] = await beneath(chat, "sofie", "#communicatie")
        assert reminder.startswith("Dit wacht nog op iemand die het opneemt (Communicatieverantwoordelijke): Sofie Maes")
        await chat.pass_time(minutes=15)
        assert "Tom Willems, als vervanger" in (await beneath(chat, "sofie", "#communicatie"))[-1]
        [copy, note] = await chat.person("tom").messages(":tom")
        assert copy.sheet.title.startswith("Zaak 1 · ")
        assert "Ik neem dit op" in copy.sheet.labels()
        assert "als vervanger" in note.sheet.text
        await chat.pass_time(minutes=15)
        team = [item for item in await chat.person("tom").inbox("#moderatieteam") if item.title.startswith("Zaak 1 · ")]
        assert len(team) == 1
        lead = [said for said in notes(await an.messages(":an")) if "(Communicatieverantwoordelijke)" in said]
        assert len(lead) == 3


async def test_whoever_was_asked_instead_finds_it_in_their_overview(talk: Talk) -> None:
    """Once the asking came to the moderation team, and opens it there."""
    async with talk(at=FRIDAY_NIGHT, changes={"roles": {"moderation_team": {"holders": ["inge"]}}}) as chat:
        await told(chat, "Ik weet het niet")
        team = chat.person("inge")
        await team.command("zaken")
        assert "Dit wacht op jou" not in team.shown[0].says
        for _ in range(3):
            await chat.pass_time(minutes=15)
        await team.command("zaken")
        assert "Dit wacht op jou" in team.shown[0].says
        await team.press(next(label for label in team.shown[0].labels() if "Communicatieverantwoordelijke" in label))
        assert "Ik neem dit op" in team.shown[0].labels()


async def test_taking_it_stops_the_asking(talk: Talk) -> None:
    """Also when the deputy takes it from their own copy, which then says so everywhere."""
    async with talk(at=FRIDAY_NIGHT) as chat:
        await told(chat, "Ik weet het niet")
        await chat.pass_time(minutes=15)
        await chat.pass_time(minutes=15)
        tom = chat.person("tom")
        await tom.press("Ik neem dit op", on=":tom")
        before = await beneath(chat, "sofie", "#communicatie")
        assert before[-1] == "Tom Willems neemt dit op."
        assert "Tom Willems neemt dit op" in (await tom.inbox(":tom"))[0].says
        for _ in range(4):
            await chat.pass_time(minutes=20)
        assert await beneath(chat, "sofie", "#communicatie") == before


@pytest.mark.parametrize("how", ["reply", "decide", "close_thread", "close", "retract"])
async def test_whatever_answers_stops_the_asking(chat: Chat, how: str) -> None:
    """A word in the thread, a decision, closing the thread or the case, another outcome."""
    an, sofie = await told(chat, "Ik weet het niet"), chat.person("sofie")
    match how:
        case "reply":
            await sofie.reply("Ik kijk ernaar", under="#communicatie")
        case "decide":
            await sofie.press("Beslissing", on="#communicatie")
            await sofie.fill({"Wat doen we?": "Mening of kritiek", "Waarom?": "Het mag"})
        case "close_thread":
            await sofie.press("Afsluiten", on="#communicatie")
        case "close":
            await an.press("Alles gedaan")
            await an.press("Zaak afsluiten")
        case _:
            await an.press("Terug")
            await chat.pass_time(seconds=16)
    before = [item for item in await beneath(chat, "sofie", "#communicatie") if "wacht nog op iemand" in item]
    for _ in range(4):
        await chat.pass_time(minutes=16)
    after = [item for item in await beneath(chat, "sofie", "#communicatie") if "wacht nog op iemand" in item]
    assert before == after == []
    assert await chat.person("tom").inbox(":tom") == []


async def test_what_can_wait_waits_for_office_hours(talk: Talk) -> None:
    """Four office hours, over a weekend; antenna, then the head who is her deputy, then the lead, then the team."""
    async with talk(at=FRIDAY_AFTERNOON) as chat:
        await told(chat, "Neutraal", "Melding", department="Mobiliteit en wegen")
        await chat.pass_time(hours=65)  # Monday at seven
        assert await beneath(chat, "lies", "#mobiliteit") == []
        await chat.pass_time(hours=4)  # an hour after ten: two on Friday, two and a half on Monday
        assert len(await beneath(chat, "lies", "#mobiliteit")) == 1
        seen = []
        for _ in range(6):
            await chat.pass_time(hours=12)
            bert = await chat.person("bert").inbox(":bert")
            sofie = [item for item in await chat.person("sofie").inbox("#communicatie") if "Ik neem dit op" in item.labels()]
            tom = [item for item in await chat.person("tom").inbox("#moderatieteam") if "Ik neem dit op" in item.labels()]
            seen.append((len(bert) > 0, len(sofie), len(tom)))
        assert seen == sorted(seen)
        assert seen[-1] == (True, 1, 1)


async def test_asking_ends_and_the_morning_says_it_again(talk: Talk) -> None:
    """When everybody was asked, it is said again on three working days, and then no more."""
    async with talk(at=FRIDAY_NIGHT) as chat:
        await told(chat, "Ik weet het niet")
        for _ in range(40):
            await chat.pass_time(hours=6)
        said = await beneath(chat, "sofie", "#communicatie")
        assert [("Nog altijd" in item) for item in said] == [False, False, False, True, True, True]
        await chat.pass_time(days=10)
        assert await beneath(chat, "sofie", "#communicatie") == said


async def test_an_answer_and_the_deadline_in_the_same_second(chat: Chat) -> None:
    """Whichever is first counts; the other changes nothing, and nobody is asked twice."""
    await told(chat, "Bedreiging of misdrijf")
    chat.set_time(chat.now + timedelta(minutes=15))
    await chat.antenne.handle(Pressed(id="first", actor=actor("sofie").model_copy(update=LOCAL), press=Take(thread=1)))
    await chat.work()
    assert not any("wacht nog" in said for said in await beneath(chat, "sofie", "#communicatie"))


LOCAL: dict[str, Any] = {"platform": "local", "address": "sofie"}


async def test_a_clock_that_jumps_back_asks_nobody_twice(chat: Chat) -> None:
    """An hour back after a reminder: the next one waits, and comes once."""
    await told(chat, "Ik weet het niet")
    await chat.pass_time(minutes=15)
    await chat.pass_time(hours=-1)
    assert len(await beneath(chat, "sofie", "#communicatie")) == 1
    for _ in range(8):
        await chat.pass_time(minutes=15)
    said = [item for item in await beneath(chat, "sofie", "#communicatie") if "Nog altijd" not in item]
    assert len(said) == len(set(said)) == 3


async def test_on_call_hears_of_what_cannot_wait(talk: Talk) -> None:
    """Beside the role's channel, at once, and may take it there; of what can wait it hears nothing."""
    changes = {"roles": {"communications_lead": {"on_call": {"local": "joris"}}}}
    async with talk(at=FRIDAY_NIGHT, changes=changes) as chat:
        await told(chat, "Bedreiging of misdrijf")
        joris = chat.person("joris")
        [card] = await joris.inbox(":joris")
        assert card.title.startswith("Zaak 1 · ")
        await joris.press("Ik neem dit op", on=":joris")
        assert "Joris Aerts neemt dit op." in await beneath(chat, "sofie", "#communicatie")
        await told(chat, "Neutraal", "Klacht")
        assert len([item for item in await joris.inbox(":joris") if item.title]) == 1


async def test_on_call_stands_behind_an_empty_role_too(talk: Talk) -> None:
    """Nobody holds the role: the lead is told in its place, and so is whoever is on call for the lead."""
    roles = {"moderation_team": {"holders": [], "deputy": None}, "communications_lead": {"on_call": {"local": "joris"}}}
    async with talk(at=FRIDAY_NIGHT, changes={"roles": roles}) as chat:
        await told(chat, "Negatief", "Ruzie of discussie", "Loopt uit de hand, of polariseert al 48 uur")
        assert [item.number for item in await chat.person("joris").inbox(":joris")] == [1]


# --- terms -------------------------------------------------------------------------------------------------


async def test_a_waiting_time_comes_back_to_the_moderator_and_then_to_the_lead(talk: Talk) -> None:
    """Twenty-four hours visible, then a reminder to hide; it hides nothing by itself."""
    async with talk(changes={"policy": {"insult_visibility": "show_then_remove"}}) as chat:
        an = await told(chat, "Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend")
        await chat.pass_time(hours=23)
        assert await beneath(chat, "an", ":an") == []
        await chat.pass_time(hours=1)
        [said] = await beneath(chat, "an", ":an")
        assert said.startswith("De wachttijd bij zaak 1 is om (vandaag 10:00)")
        await chat.pass_time(hours=23)
        [late] = [item for item in await chat.person("sofie").inbox("#communicatie") if "nog niet verwijderd" in item.text]
        assert late.labels() == ["Toon de zaak"]
        await chat.pass_time(days=9)
        assert len(await beneath(chat, "an", ":an")) == 1
        assert len(await chat.person("sofie").inbox("#communicatie")) == 1
        assert [line.state for line in an.card.lines if "erwijder" in line.text] == ["blocked"]


async def test_a_first_reply_is_asked_for_in_time(chat: Chat) -> None:
    """Two office hours before the term ends, unless the citizen had an answer."""
    an = await told(chat, "Neutraal", "Melding", department="Mobiliteit en wegen")
    await chat.pass_time(hours=5)
    assert not any("eerste reactie" in item for item in await beneath(chat, "an", ":an"))
    await chat.pass_time(hours=1)
    [said] = [item for item in await beneath(chat, "an", ":an") if "eerste reactie" in item]
    assert "10:00" in said
    assert an.card.number == 1
    await chat.pass_time(hours=18)
    late = [item for item in await chat.person("sofie").inbox("#communicatie") if "eerste reactie" in item.text]
    assert len(late) == 1


async def test_a_line_that_is_done_is_not_asked_for(chat: Chat) -> None:
    """Whoever did everything hears nothing more."""
    an = await told(chat, "Neutraal", "Melding", department="Mobiliteit en wegen")
    await an.press("Alles gedaan")
    await chat.pass_time(hours=30)
    assert not any("eerste reactie" in item for item in await beneath(chat, "an", ":an"))


async def test_what_a_colleague_hands_in_is_not_forgotten(chat: Chat) -> None:
    """The team is reminded after four office hours, the lead after four more; taking it ends that."""
    await chat.person("sam").paste("Kijk eens")
    await chat.pass_time(hours=6)
    [note] = await beneath(chat, "tom", "#moderatieteam")
    assert "Niemand nam zaak 1 al" in note
    await chat.pass_time(hours=24)
    [late] = await chat.person("sofie").inbox("#communicatie")
    assert "nog niemand van het team" in late.text
    await chat.pass_time(days=5)
    assert len(await chat.person("sofie").inbox("#communicatie")) == 1
