"""Warnings: the ladder, the preview, taking back, expiry, and one person under two names."""

import pytest
from sqlalchemy import select

from bot.sentences import sentences
from bot.tables import aliases, comments, strikes, timeline
from tests.journeys.chat import Chat, Person
from tests.journeys.conftest import Talk

INSULT = ("Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend")


async def insulted(chat: Chat, handle: str, *, by: str = "an", close: bool = False, platform: str = "Facebook") -> Person:
    """A comment that breaks the code of conduct, by an author with a name."""
    person = chat.person(by)
    await person.command("")
    await person.fill({"Tekst van de reactie": "Sukkels", "Naam van het account": handle, "Platform": platform})
    for label in INSULT:
        await person.press(label)
    if close:
        await closed(chat, person)
    return person


async def closed(chat: Chat, person: Person) -> None:
    """All done, the lines of a second person too, and closed."""
    for _ in range(3):
        for line in person.card.lines:
            if line.state == "open":
                await person.press(line.text)
    sofie = chat.person("sofie")
    if any(line.state == "open" for line in person.card.lines):
        await sofie.press("Bevestigen", on=f"Zaak {person.case} · een tweede persoon")
    await person.press("Zaak afsluiten")
    assert "gesloten" in person.card.title, person.note


async def test_the_ladder_is_said_before_it_counts(chat: Chat) -> None:
    """First, second, and at the limit the block with two people; each is said on the card, and asked again before closing."""
    for nth in ("1ste", "2de"):
        an = await insulted(chat, "Jan.Modaal")
        assert an.card.facts["Waarschuwing"] == f"Dit zou de {nth} van 3 zijn"
        assert not any("lokkeer" in line.text for line in an.card.lines)
        await closed(chat, an)
        assert an.card.facts["Waarschuwing"] == "Genoteerd; telt tot 17 november 2027"
    an = await insulted(chat, "jan.modaal")
    assert an.card.facts["Waarschuwing"] == "Dit zou de 3de van 3 zijn · de grens is bereikt: blokkeren hoort erbij"
    assert an.card.line("lokkeer").text.startswith("Communicatieverantwoordelijke:")
    answer = await chat.antenne.read("an", "local:an")
    asks = [
        button.asks
        for block in answer[-1].card.body
        for button in getattr(block, "buttons", ())
        if button.label == "Zaak afsluiten"
    ]
    assert asks == ["Bij het sluiten krijgt de schrijver een waarschuwing: dit zou de 3de van 3 zijn. Doorgaan?"]
    await closed(chat, an)


async def test_a_crime_may_be_blocked_at_once(chat: Chat) -> None:
    """Where policy overrides; the card says why."""
    an = chat.person("an")
    await an.command("")
    await an.fill({"Tekst van de reactie": "Haat", "Naam van het account": "Piet", "Platform": "Facebook"})
    for label in ("Negatief", "Haat of discriminatie", "Ja"):
        await an.press(label)
    assert an.card.facts["Waarschuwing"] == "Dit zou de 1ste van 3 zijn · strafbaar: blokkeren mag nu al"


async def test_a_warning_is_taken_back(chat: Chat) -> None:
    """By who had the case or the lead, with a reason; every open card counts anew at once; the row and its trace stay."""
    an = await insulted(chat, "Jan", close=True)
    karim = await insulted(chat, "Jan", by="karim")
    assert karim.card.facts["Waarschuwing"] == "Dit zou de 2de van 3 zijn"
    await an.press("Waarschuwing intrekken")
    await an.fill({"reason": "Hij paste de reactie aan"})
    assert an.card.facts["Waarschuwing"] == "Ingetrokken door An Peeters (vandaag 10:00)"
    assert karim.card.facts["Waarschuwing"] == "Dit zou de 1ste van 3 zijn"
    undo = [item.label for item in an.card.controls]
    assert "Waarschuwing intrekken" not in undo
    await an.command("zaak 1")
    assert "Hij paste de reactie aan" in an.shown[0].quotes
    [row] = await chat.stored(lambda conn: conn.execute(select(strikes)).all())
    assert (row.undone_by, row.undone) == ("an", chat.now)


async def test_only_those_who_may_take_a_warning_back(chat: Chat) -> None:
    """Another moderator may not; twice is once."""
    an = await insulted(chat, "Jan", close=True)
    undo = next(item for item in an.card.controls if item.label == "Waarschuwing intrekken")
    assert (await chat.driver.press("karim", undo)).refused
    assert (await chat.driver.press("sofie", undo)).form is not None
    for refused in (False, True):
        await an._did(await chat.driver.press("an", undo))
        await an.fill({"reason": "Vergist"})
        assert an.refused == refused


async def test_expired_warnings_do_not_count(chat: Chat) -> None:
    """To the second, also on a card that was opened while they still did."""
    await insulted(chat, "Jan", close=True)
    karim = await insulted(chat, "Jan", by="karim")
    await chat.pass_time(days=364, hours=23)
    await karim.press("Spreek aan met u")
    assert karim.card.facts["Waarschuwing"].startswith("Dit zou de 2de van 3 zijn")
    await chat.pass_time(hours=1)
    await karim.press("Spreek aan met je")
    assert karim.card.facts["Waarschuwing"].startswith("Dit zou de 1ste van 3 zijn")


async def test_two_names_of_one_person_count_together(chat: Chat) -> None:
    """Linked by hand, through others too, across platforms; taken back in one press; the trace says who, and no name is kept."""
    await insulted(chat, "Jan Modaal", close=True)
    await insulted(chat, "janneke88", platform="Instagram", close=True)
    an = await insulted(chat, "De Wreker")
    assert an.card.facts["Waarschuwing"] == "Dit zou de 1ste van 3 zijn"
    for other, count in (("1", "2de"), ("2", "3de")):
        await an.press("Zelfde schrijver, andere naam…")
        await an.fill({"case": other})
        assert an.card.facts["Waarschuwing"].startswith(f"Dit zou de {count} van 3 zijn")
    assert "Zelfde schrijver als in zaak 1: de waarschuwingen tellen samen." in an.card.says
    await an.press("Toch niet die van zaak 2")
    assert an.card.facts["Waarschuwing"] == "Dit zou de 2de van 3 zijn"
    again = await insulted(chat, "jan modaal", by="karim")
    assert again.card.facts["Waarschuwing"] == "Dit zou de 2de van 3 zijn"
    rows = await chat.stored(lambda conn: conn.execute(select(aliases)).all())
    assert [(row.by, row.undone_by) for row in rows] == [("an", None), ("an", "an")]
    assert not any("wreker" in str(row).lower() or "modaal" in str(row).lower() for row in rows)
    said = await chat.stored(lambda conn: conn.execute(select(timeline.c.what).where(timeline.c.case_id == 3)).scalars().all())
    assert [what for what in said if "same_author" in what] == ["same_author", "same_author", "not_same_author"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [("99", "bestaat niet"), ("zeven", "bestaat niet"), ("2", "al dezelfde schrijver"), ("1", "niet bekend")],
)
async def test_a_link_needs_two_known_authors(chat: Chat, typed: str, says: str) -> None:
    """An unknown case, one without an author, and the author itself are refused with what is the matter."""
    await chat.person("karim").paste("Zonder naam")
    an = await insulted(chat, "Jan")
    await an.press("Zelfde schrijver, andere naam…")
    await an.fill({"case": typed})
    assert an.refused
    assert says in an.note


async def test_leaving_it_gives_no_warning(talk: Talk) -> None:
    """What a role holder leaves standing counts nothing against its author."""
    async with talk() as chat:
        an, sofie = chat.person("an"), chat.person("sofie")
        await an.command("")
        await an.fill({"Tekst van de reactie": "Hm", "Naam van het account": "Jan"})
        await an.press("Ik weet het niet")
        await chat.pass_time(seconds=16)
        await sofie.press("Beslissing", on="#communicatie")
        await sofie.fill({"outcome": "gedragscode", "measure": "leave", "reason": "Scherp maar juist"})
        assert "Waarschuwing" not in an.card.facts
        await closed(chat, an)
        assert await chat.stored(lambda conn: conn.execute(select(strikes)).all()) == []
        assert await chat.stored(lambda conn: conn.execute(select(comments.c.handle)).scalars().all()) == [""]


def test_ordinals() -> None:
    """As people write them, in both languages."""
    assert [sentences("nl").nth(number) for number in (1, 2, 3, 8, 11, 19, 20, 21)] == [
        "1ste", "2de", "3de", "8ste", "11de", "19de", "20ste", "21ste",
    ]  # fmt: skip
    assert [sentences("en").nth(number) for number in (1, 2, 3, 4, 11, 12, 13, 20, 21)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "20th", "21st",
    ]  # fmt: skip
