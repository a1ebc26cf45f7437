"""Signals, topics, loops and digests as people live them: confirm the words, mend topics, open a number, close the loop."""

import json
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from bot import digest
from bot import signals as log
from bot.tables import alerts, comments, messages, signals
from bot.work import Work
from tests.journeys.chat import Chat, Sheet
from tests.journeys.conftest import Talk

WEEK = "2026-W47"  # of the chat's first day, a Tuesday


async def logged(chat: Chat) -> Sequence[Row[Any]]:
    """The signals in the store."""
    return await chat.stored(lambda conn: conn.execute(select(signals).order_by(signals.c.id)).all())


async def noted(chat: Chat, *texts: str, who: str = "an") -> None:
    """Signals typed and confirmed by hand."""
    person = chat.person(who)
    for text in texts:
        await person.command(f"signaal {text}")
        await person.fill({})


async def digest_of(chat: Chat, person: str, channel: str) -> Sheet:
    """The newest digest in a channel."""
    return [item for item in await chat.person(person).inbox(channel) if item.title.startswith("Weekoverzicht")][-1]


async def test_nobody_confirms_so_no_words_are_kept(chat: Chat) -> None:
    """A signal counts at once; its words come only when the moderator looked at them, and go with other words or with the case."""
    an = chat.person("an")
    await an.paste("De vuilkar kwam weer niet, vraag maar aan Jan Janssens")
    for label in ("Neutraal", "Klacht"):
        await an.press(label)
    await chat.pass_time(seconds=16)
    [row] = await logged(chat)
    assert (row.text, row.kind, row.case_id) == ("", "complaint", 1)
    await an.press("Signaal aanpassen")
    await an.fill({"Tekst van het signaal": "De vuilkar kwam weer niet"})
    assert (await logged(chat))[0].text == "De vuilkar kwam weer niet"
    stale = next(control for control in an.card.controls if control.label == "Toch zonder tekst")
    await an.press("Gegevens aanvullen")
    await an.fill({"Tekst van de reactie": "De vuilkar kwam niet"})
    assert (await chat.driver.press("an", stale)).refused, "the words changed under that button"
    await chat.pass_time(seconds=16)
    assert (await logged(chat))[0].text == ""
    await an.press("Klopt, er staat geen naam in")
    assert (await logged(chat))[0].text == "De vuilkar kwam niet"
    await an.press("Signaal aanpassen")
    await an.fill({"Onderwerp": "compost"})
    await an.command("signalen compost")
    assert an.shown[0].rows[0][2:] == ("compost", "De vuilkar kwam niet")

    def purge(conn: Any) -> None:
        log.release(Work(conn, chat.antenne.house, chat.now), 1)

    await chat.antenne.store.write(purge)
    [row] = await logged(chat)
    assert (row.case_id, row.by, row.at.hour, row.text) == (None, "", 11, "De vuilkar kwam niet")
    assert await chat.stored(lambda conn: conn.execute(select(comments.c.signal)).scalar_one()) is None


async def test_topics_keep_their_history(chat: Chat) -> None:
    """A group that shares words gets a name; another name keeps the old one working; merged topics count together, before and after."""
    joris, an = chat.person("joris"), chat.person("an")
    await noted(
        chat,
        "milieu: everzwijnen in de Molenstraat aan de beek",
        "milieu: weer everzwijnen aan de beek",
        "milieu: iets heel anders",
    )
    await joris.command("onderwerpen")
    assert any("2 signalen delen: " in text and "everzwijnen" in text for text in joris.shown[0].says)
    await joris.press("Maak er een onderwerp van")
    await joris.fill({"Naam": "Wildoverlast"})
    await noted(chat, "milieu: wildoverlast in het park", "milieu: everzwijnen, overal everzwijnen, aan de beek")
    assert len({row.topic_id for row in (await logged(chat)) if "everzwijn" in row.text or "wild" in row.text}) == 1
    await an.command("signalen wildoverlast")
    assert len(an.shown[0].rows) == 4
    await joris.command("onderwerpen")
    await joris.press("Wildoverlast")
    old = next(control for control in joris.shown[0].controls if control.label == "Andere naam")
    await joris.press("Andere naam")
    await joris.fill({"Naam": "Dieren in de tuin"})
    assert "wildoverlast" in joris.shown[0].text
    assert (await chat.driver.press("joris", old)).refused
    await noted(chat, "milieu: wildoverlast aan de kerk", "milieu: dieren in de tuin")
    await joris.press("Samenvoegen met …")
    await joris.fill({"Samenvoegen met": "sluikstort"})
    assert joris.note == "‘Dieren in de tuin’ telt voortaan mee bij ‘sluikstort’, ook wat er al was."
    await noted(chat, "milieu: dieren in de tuin, alweer")
    await an.command("signalen milieu: sluikstort")
    assert len(an.shown[0].rows) == 7
    await chat.person("lies").command("onderwerpen")
    assert chat.person("lies").shown[0].title == "Onderwerpen · Mobiliteit en wegen"


async def test_a_digest_opens_and_closes_the_loop(chat: Chat) -> None:
    """Every number opens its list; what the antenna does is followed for weeks, with an interval, until it is closed."""
    await chat.work()
    lies = chat.person("lies")
    for week in range(9):
        count = 6 if week < 6 else 0
        await noted(chat, *[f"mobiliteit: fietspad kapot? ({week}.{number})" for number in range(count)])
        if week == 5:
            await chat.pass_time(days=6)
            await lies.command("weekoverzicht")
            await lies.press("Opgelost op de website", on="fietspad")
            assert "minder berichten" in lies.note
            await chat.pass_time(days=1)
        else:
            await chat.pass_time(weeks=1)
    shown = await digest_of(chat, "lies", "#mobiliteit")
    [row] = [row for row in shown.rows if row[0] == "fietspad"]
    assert row[1].startswith("Opgelost op de website")
    assert row[2].startswith("Ja: van 6 naar 0 per week")
    first = [item for item in await lies.inbox("#mobiliteit") if item.title.startswith("Weekoverzicht week 47")][-1]
    number = next(control for control in first.controls if control.within == "fietspad" and control.label.startswith("6"))
    heard = await chat.driver.press("lies", number)
    assert len(heard.cards[0].rows) == 6
    await lies.press("fietspad", on="Weekoverzicht week 2")
    await lies.press("Sluit af")
    assert lies.note == "‘fietspad’ is afgesloten."
    await chat.pass_time(weeks=1)
    assert not [row for row in (await digest_of(chat, "lies", "#mobiliteit")).rows if "website" in "".join(row)]


async def test_every_number_opens_its_list(chat: Chat) -> None:
    """In the digest of a department and of those above: as many signals or cases in the list as the number says."""
    await chat.work()
    an = chat.person("an")
    await chat.pass_time(weeks=-1)
    await noted(chat, "milieu: de vuilkar kwam niet", "milieu: pmd vergeten?", "mobiliteit: fietspad kapot")
    await chat.pass_time(weeks=1)
    await noted(chat, *[f"milieu: waar bleef de vuilkar? ({number})" for number in range(3)], "mobiliteit: het fietspad is stuk")
    for ground, text in (("geloof", "milieu"), ("leeftijd", "milieu")):
        await chat.antenne.store.write(
            lambda conn, ground=ground, text=text: log.write(  # type: ignore[misc]  # mypy infers no default
                Work(conn, chat.antenne.house, chat.now, "an"), "hate", text, department="milieu", ground=ground
            )
        )
    await an.paste("Wanneer komt het snoeihout uit de Kerkstraat nu eens weg?")
    for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
        await an.press(label)
    await chat.pass_time(weeks=1)
    seen = 0
    for who, channel in (("joris", "#milieu"), ("sofie", "")):
        person = chat.person(who)
        cards = await person.inbox(channel) if channel else await person.inbox()
        digest_card = next(item for item in reversed(cards) if item.title.startswith("Weekoverzicht week 47") and item.rows)
        for control in digest_card.controls:
            number = re.match(r"\d+", control.label)
            if number is None or not control.within:
                continue
            listed = (await chat.driver.press(who, control)).cards[0]
            assert len(listed.rows) == int(number[0]), (who, control.within, control.label)
            seen += 1
        [cases] = [control for control in digest_card.controls if control.label.startswith("Toon de zaak")]
        assert [row[0] for row in (await chat.driver.press(who, cases)).cards[0].rows] == ["#1"]
        late = next(control for control in digest_card.controls if control.label == "Toon de late zaak")
        assert "✗" in (await chat.driver.press(who, late)).cards[0].rows[0][2]
    assert seen >= 20


async def test_two_antennas_close_one_loop(chat: Chat) -> None:
    """Of two presses on the same topic the first counts; the second hears who was first."""
    await chat.work()
    await noted(chat, "mobiliteit: fietspad kapot")
    await chat.pass_time(weeks=1)
    shown = await digest_of(chat, "lies", "#mobiliteit")
    seen, none = (next(one for one in shown.controls if one.label == label) for label in ("Gezien", "Geen actie"))
    assert not (await chat.driver.press("lies", seen)).refused
    heard = await chat.driver.press("lies", seen)
    assert heard.refused
    assert "Lies Janssens" in heard.note
    assert (await chat.driver.press("sofie", none)).refused


async def test_a_topic_is_merged_while_its_digest_is_made(chat: Chat) -> None:
    """The digest was queued with one topic and is shown with the other; its old buttons lead there."""
    await chat.work()
    joris = chat.person("joris")
    await noted(chat, "milieu: de glasbol is vol", "milieu: sluikstort in de beek")
    await chat.pass_time(weeks=1)
    before = await digest_of(chat, "joris", "#milieu")
    old = next(control for control in before.controls if control.label == "glasbol")
    await joris.command("onderwerpen")
    await joris.press("glasbol")
    await joris.press("Samenvoegen met …")
    await joris.fill({"Samenvoegen met": "sluikstort"})
    after = await digest_of(chat, "joris", "#milieu")
    assert [row[:2] for row in after.rows if row[0] in ("glasbol", "sluikstort")] == [("sluikstort", "2")]
    assert (await chat.driver.press("joris", old)).cards[0].title == "Onderwerp · sluikstort"


async def test_digests_of_those_above(chat: Chat) -> None:
    """The management team reads all departments; equal opportunities only counts and grounds, and no citizen's word."""
    await chat.work()
    an = chat.person("an")
    await an.paste("Alle vreemden buiten")
    for label in ("Negatief", "Haat of discriminatie", "Nee, maar het kwetst een groep"):
        await an.press(label)
    await noted(chat, "mobiliteit: fietspad kapot")
    await chat.pass_time(weeks=1)
    [shown] = [item for item in await chat.person("sofie").inbox(":sofie") if "Managementteam" in item.title]
    assert {"Mobiliteit en wegen"} <= {row[0] for row in shown.rows}
    texts = [item.text for item in await chat.person("fatima").inbox() if "Gelijke Kansen" in item.title]
    assert all("vreemden" not in text for text in texts)
    await chat.person("joris").command("weekoverzicht mobiliteit")
    assert chat.person("joris").refused


async def test_the_lead_previews_and_searches_the_archive(chat: Chat) -> None:
    """Before it goes out with a line that says so; afterwards by week, by name, or by a topic in it."""
    await chat.work()
    sofie = chat.person("sofie")
    await noted(chat, "vrije tijd: het zwembad is koud")
    await sofie.command("weekoverzicht vrije tijd")
    assert sofie.shown[0].says[0].startswith("Voorproefje: dit overzicht vertrekt")
    assert sofie.shown[0].rows[0][0] == "zwembad"
    await chat.pass_time(weeks=1)
    await sofie.command("weekoverzicht zwembad")
    assert {row[:2] for row in sofie.shown[0].rows} == {(WEEK, "Vrije tijd"), (WEEK, "Managementteam")}
    await sofie.press(WEEK)
    assert sofie.shown[0].title.startswith("Weekoverzicht week 47")
    await sofie.command("weekoverzicht bestaatniet")
    assert "Geen weekoverzicht gevonden." in sofie.shown[0].says


async def test_a_department_reads_on_its_own_day(talk: Talk) -> None:
    """The others on Monday, this one on Friday afternoon; each week once, and not late."""
    own = {"policy": {"digest": {"per": {"milieu": {"day": "friday", "time": "16:00"}}}}}
    async with talk(changes=own) as chat:
        await chat.work()
        joris, lies = chat.person("joris"), chat.person("lies")
        await noted(chat, "milieu: de vuilkar kwam niet", "mobiliteit: fietspad kapot")
        told: list[tuple[int, ...]] = []
        # From Tuesday morning to Friday 16:00, Monday 9:00, Friday 16:00, Monday 9:00.
        for days, hours in ((3, 6), (2, 17), (4, 7), (2, 17)):
            await chat.pass_time(days=days, hours=hours)
            cards = [await person.inbox(channel) for person, channel in ((lies, "#mobiliteit"), (joris, "#milieu"))]
            told.append(tuple(sum(item.title.startswith("Weekoverzicht week") for item in some) for some in cards))
        assert told == [(0, 1), (1, 1), (1, 2), (2, 2)]
        assert "te laat" not in "".join(item.text for item in await joris.inbox("#milieu"))


async def test_missed_weeks_are_late(chat: Chat) -> None:
    """After a month of silence the newest comes, marked late where it is, with the missed weeks to open."""
    await chat.work()
    await noted(chat, "vrije tijd: het zwembad is koud")
    await chat.pass_time(days=29)
    shown = [item for item in await chat.person("nele").inbox() if item.title.startswith("Weekoverzicht")][-1]
    assert any("te laat" in text for text in shown.says)
    weeks = [control.label for control in shown.controls if control.label.startswith("Week ")]
    assert weeks == ["Week 47", "Week 48", "Week 49"]
    heard = await chat.driver.press("nele", next(one for one in shown.controls if one.label == "Week 47"))
    assert heard.cards[0].title.startswith("Weekoverzicht week 47")
    assert any("te laat" in text for text in heard.cards[0].says)


async def test_a_rise_is_warned_of_within_the_hour(chat: Chat) -> None:
    """Against the weeks before, once, also when the same topic was told for its threshold; names in messages are never in the queue."""
    await chat.work()
    for _ in range(6):
        await noted(chat, "vrije tijd: het zwembad is koud")
        await chat.pass_time(weeks=1)
    await noted(chat, *["vrije tijd: het zwembad stinkt"] * 16)
    told = [item for item in await chat.person("nele").inbox() if item.title == "Komt vaak terug: zwembad"]
    rows = await chat.stored(lambda conn: conn.execute(select(alerts)).all())
    assert len(told) == len(rows) == 1
    await chat.pass_time(weeks=1)
    await noted(chat, *["vrije tijd: het zwembad stinkt"] * 16)
    why = await chat.stored(lambda conn: list(conn.execute(select(alerts.c.why).order_by(alerts.c.at)).scalars()))
    assert why[0] == "threshold"
    args = await chat.stored(
        lambda conn: list(conn.execute(select(messages.c.args).where(messages.c.kind == "warning")).scalars())
    )
    assert all("zwembad" not in text for text in args)


async def test_signals_are_copied_harmlessly(chat: Chat) -> None:
    """As CSV or JSON; what begins as a formula is words."""
    an = chat.person("an")
    await noted(chat, "mobiliteit: =SOM(A1) fietspad", "mobiliteit: +32 fietspad kapot")
    await an.command("signalen csv fietspad")
    [(title, text)] = an.shown[0].copies
    assert title == "signalen.csv"
    assert "'=SOM(A1) fietspad" in text
    await an.command("signalen json")
    assert [row["topic"] for row in json.loads(an.shown[0].copies[0][1])] == ["fietspad", "fietspad"]
    await an.command(f"signalen mobiliteit: fietspad {WEEK}")
    assert len(an.shown[0].rows) == 2


async def test_a_department_is_removed(talk: Talk) -> None:
    """What it left stays, and comes to the communications lead: its case, answers, signals, topics, digests and open loops."""
    async with talk() as chat:
        await chat.work()
        an, nele = chat.person("an"), chat.person("nele")
        await noted(chat, *[f"vrije_tijd: zwembad dicht? ({number})" for number in range(4)])
        await nele.command("weekoverzicht")
        await nele.press("Nieuwe FAQ", on="zwembad")
        await nele.command("faq nieuw")
        await nele.fill({"question": "Mag ik koffer X in het zwembad?", "answer": "Nee.", "department": "vrije_tijd"})
        await an.paste("Wanneer is het zwembad weer open?")
        for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
            await an.press(label)
        await chat.pass_time(weeks=1)
        gone = chat.now
    async with talk(changes={"departments": {"vrije_tijd": None}}, at=gone) as chat:
        an, nele, sofie = chat.person("an"), chat.person("nele"), chat.person("sofie")
        await chat.pass_time(weeks=1)
        await an.command("zaak 1")
        assert "Zaak 1" in an.shown[0].text
        await an.command("zaken")
        await an.press(next(label for label in an.shown[0].labels() if "Zaak 1" in label))
        assert an.card.text
        await an.command("faq koffer zwembad")
        assert "Nee." in an.shown[0].text, "what was approved stays an answer"
        await sofie.command("signalen zwembad")
        assert len(sofie.shown[0].rows) >= 4
        await sofie.command("weekoverzicht zwembad")
        assert any("vrije_tijd" in "".join(row) for row in sofie.shown[0].rows)
        await sofie.press(sofie.shown[0].rows[-1][0])
        assert "vrije_tijd" in sofie.shown[0].text
        [management] = [item for item in await sofie.inbox() if item.title == "Weekoverzicht week 48 · Managementteam"]
        assert any(row[0] == "zwembad" for row in management.rows), "its open loop is followed above"
        await sofie.press("zwembad", on="Weekoverzicht week 48 · Managementteam")
        await sofie.press("Sluit af")
        assert sofie.note == "‘zwembad’ is afgesloten."
        await nele.command("signalen zwembad")
        assert nele.refused
        left = await chat.stored(lambda conn: digest.gone(Work(conn, chat.antenne.house, chat.now)))
        assert left == ("vrije_tijd",), "the command line gives its signals and digests out"
