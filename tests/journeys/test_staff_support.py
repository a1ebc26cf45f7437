"""When it hurts a colleague, or weighs on the moderator: where to go, in confidence, and nothing of it anywhere else."""

from sqlalchemy import select, text

from bot.tables import messages, metadata, private_flags, timeline
from tests.journeys.chat import Chat, Person

TARGETED, WEIGHS = "Collega of mandataris geviseerd", "Dit weegt op mij"
MARK = "Bij deze zaak loopt ook iets in vertrouwen. Vraag er niet naar."


async def threatened(chat: Chat) -> Person:
    """A threat against a colleague, told to the lead."""
    an = chat.person("an")
    await an.paste("Ik wacht Lies op na haar werk")
    await an.press("Bedreiging of misdrijf")
    await chat.pass_time(seconds=16)
    await an.press(TARGETED)
    return an


async def told(chat: Chat, an: Person, person: str = "Lies Janssens", consent: str = "yes") -> None:
    """The form that tells a colleague, filled in."""
    await an.press("Laat het de collega weten…")
    await an.fill({"Welke collega?": person, "consent": consent})


async def test_the_colleague_reads_where_to_go(chat: Chat) -> None:
    """The counsellor, the desk and the police; nothing of what was written, of the case or of who asked."""
    an, lies = await threatened(chat), chat.person("lies")
    assert any("Inge Lambrecht (Vertrouwenspersoon) en Dirk Goossens (Meldpunt integriteit)" in said for said in an.card.says)
    assert any("een open brief, of een campagne" in said for said in an.card.says)
    await told(chat, an)
    assert an.note == "De collega krijgt nu een privébericht. Bij de zaak staat hier niets over."
    [card] = await lies.inbox(":lies")
    assert card.title == "Er is iemand voor jou"
    assert "Bel 101" in card.text
    for word in ("wacht", "Zaak", "Peeters", "An "):
        assert word not in card.text, word
    assert card.labels() == []


async def test_never_without_consent(chat: Chat) -> None:
    """Not asked is not told; nor a colleague who is nobody."""
    an, lies = await threatened(chat), chat.person("lies")
    await told(chat, an, consent="")
    assert (an.refused, an.note) == (True, "Vraag het eerst aan de collega: zonder toestemming gaat er niets.")
    await told(chat, an, person="")
    assert an.refused
    assert await lies.inbox() == []


async def test_told_once(chat: Chat) -> None:
    """Two presses, or two moderators on one day, are one message."""
    an, lies = await threatened(chat), chat.person("lies")
    await told(chat, an)
    await told(chat, an)
    assert len(await lies.inbox(":lies")) == 1


async def test_nobody_else_learns_who(chat: Chat) -> None:
    """No other person's card, no thread, no timeline, no table but the colleague's own lane holds the name; the case has a neutral mark."""
    an = await threatened(chat)
    await told(chat, an)
    sofie, karim = chat.person("sofie"), chat.person("karim")
    head = next(item for item in await sofie.inbox("#communicatie") if item.title)
    assert MARK in head.says
    await karim.command("zaak 1")
    assert MARK in karim.shown[0].says
    for shown in (head, karim.shown[0], *(await sofie.inbox()), *(await karim.inbox())):
        assert "Lies" not in shown.text.replace("Ik wacht Lies op na haar werk", "")
        assert "geviseerd" not in shown.text
    tables = [table for table in metadata.sorted_tables if table.name not in ("faq", "faq_history", "versions")]
    rows = await chat.stored(lambda conn: [(table.name, str(row)) for table in tables for row in conn.execute(select(table))])
    held = {name for name, row in rows if "lies" in row.replace("Ik wacht Lies", "").lower()}
    assert held <= {"messages", "lanes"}
    [message] = [row for row in await chat.stored(lambda conn: conn.execute(select(messages)).all()) if row.kind == "support"]
    assert (message.lane, message.case_id, message.ref, message.args) == ("local:lies", None, None, "{}")
    what = await chat.stored(lambda conn: conn.execute(select(timeline.c.what)).scalars().all())
    assert not {"flag", "support"} & set(what)


async def test_the_mark_goes_with_the_flag(chat: Chat) -> None:
    """Taken off, or the case closed, and nothing is left of it."""
    an, sofie = await threatened(chat), chat.person("sofie")
    await an.press(TARGETED)
    assert MARK not in next(item for item in await sofie.inbox("#communicatie") if item.title).says
    await an.press(TARGETED)
    await an.press("Burgerzaken en welzijn", on="Dienst")
    await chat.pass_time(seconds=16)
    for _ in range(3):
        for line in an.card.lines:
            if line.state == "open":
                await an.press(line.text)
    await an.press("Zaak afsluiten")
    assert "gesloten" in an.card.title, an.note
    await sofie.command("zaak 1")
    assert MARK not in sofie.shown[0].says
    assert await chat.stored(lambda conn: conn.execute(select(private_flags)).all()) == []


async def test_what_weighs_is_folded_away(chat: Chat) -> None:
    """For that person alone, on every card of the case, also back at the questions; one press shows it to them; the lead sees it."""
    an = await threatened(chat)
    assert "Ik wacht Lies op na haar werk" in an.card.quotes
    await an.press(WEIGHS)
    assert an.card.quotes == ()
    assert "De reactie is dichtgevouwen. Je hoeft ze niet opnieuw te lezen." in an.card.says
    await an.press("Toon de reactie")
    assert an.shown[0].quotes == ("Ik wacht Lies op na haar werk",)
    await an.press("Terug")
    assert an.card.quotes == ()
    await an.press("Bedreiging of misdrijf")
    await an.press(WEIGHS)
    assert "Ik wacht Lies op na haar werk" in an.card.quotes


async def test_handing_over_unfolds_for_the_other(chat: Chat) -> None:
    """Who takes it over reads it as it is; that it weighed on somebody is gone."""
    an, karim = await threatened(chat), chat.person("karim")
    await an.press(WEIGHS)
    await an.press("Karim El Amrani", on="Geef de zaak door aan")
    card = await karim.sees(":karim Zaak 1")
    assert "Ik wacht Lies op na haar werk" in card.quotes
    assert await chat.stored(lambda conn: conn.execute(text("SELECT count(*) FROM private_flags")).scalar_one()) == 0
