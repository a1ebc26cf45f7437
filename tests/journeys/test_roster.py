"""Who is away, who stands in, who holds which role: said in the chat, held at once, everywhere."""

from datetime import UTC, datetime

from sqlalchemy import select

from bot.organisation import Organisation
from bot.tables import cases
from tests.journeys.chat import Chat
from tests.journeys.conftest import Talk
from tests.journeys.test_reminders import beneath, told

DECEMBER = datetime(2026, 12, 23, 9, 0, tzinfo=UTC)


async def test_an_absence_is_said_and_somebody_stands_in(talk: Talk) -> None:
    """From the first day to the last: told, taken, decided by the replacement; before and after they may not."""
    async with talk(at=DECEMBER) as chat:
        hilde, inge = chat.person("hilde"), chat.person("inge")
        await hilde.command("afwezig 24/12–2/1, vervanger Inge")
        assert (
            hilde.note == "Hilde Wouters is afwezig van 24 december 2026 tot en met 2 januari 2027. In die tijd: Inge Lambrecht."
        )
        assert any("Hilde Wouters is afwezig" in item.text for item in await inge.inbox(":inge"))
        assert any("Hilde Wouters is afwezig" in item.text for item in await chat.person("sofie").inbox("#communicatie"))
        await chat.pass_time(days=2)
        await told(chat, "Persoonsgegevens of intiem beeld", "Gegevens van iemand anders")
        assert any(item.title.startswith("Zaak 1 · ") for item in await inge.inbox(":inge"))
        assert not any(item.title.startswith("Zaak 1 · ") for item in await hilde.inbox(":hilde"))
        await inge.press("Ik neem dit op", on=":inge")
        assert inge.note == "Genoteerd: jij neemt dit op." or not inge.refused
        await chat.pass_time(days=10)
        await told(chat, "Persoonsgegevens of intiem beeld", "Gegevens van iemand anders")
        assert any(item.title.startswith("Zaak 2 · ") for item in await hilde.inbox(":hilde"))


async def test_what_was_taken_goes_on_without_them(chat: Chat) -> None:
    """On the first day: what they took waits for the replacement, who also gets their open cases; coming back ends it."""
    an = await told(chat, "Persoonsgegevens of intiem beeld", "Gegevens van iemand anders")
    hilde, inge, karim = chat.person("hilde"), chat.person("inge"), chat.person("karim")
    await hilde.press("Ik neem dit op", on=":hilde")
    await hilde.command("afwezig morgen, vervanger Inge")
    assert not any("Zaak 1" in item.title for item in await inge.inbox(":inge"))
    await chat.pass_time(days=1)
    assert any("Zaak 1" in item.title for item in await inge.inbox(":inge"))
    assert any("overnemen" in said for said in await beneath(chat, "an", ":an"))
    await an.command("afwezig vandaag, vervanger Karim")
    await chat.work()
    card = next(item for item in await karim.inbox(":karim") if "springt in" in item.title)
    await karim.press(card.labels()[0], on="springt in")
    await karim.press("Alles gedaan")
    assert not karim.refused
    await an.command("afwezig stop")
    assert "is er toch" in an.note
    await karim.command("zaken")
    assert "Zaak 1" not in karim.shown[0].text


async def test_absences_that_cannot_be(chat: Chat) -> None:
    """Overlapping, over, backwards, by somebody who may not, replaced by somebody who is away: each has its sentence."""
    an, sofie, lies = chat.person("an"), chat.person("sofie"), chat.person("lies")
    await an.command("afwezig 1/12–5/12, vervanger Karim")
    await an.command("afwezig 5/12–8/12")
    assert an.refused
    assert "al afwezig van 1 december 2026 tot en met 5 december 2026" in an.note
    await lies.command("afwezig Karim 1/12–2/12")
    assert lies.refused
    assert "Alleen de communicatieverantwoordelijke" in lies.note
    await sofie.command("afwezig Karim 4/12–6/12, vervanger An")
    assert "An Peeters is dan zelf afwezig" in sofie.note
    await sofie.command("absent Karim 4/12–6/12, replacement Tom")
    assert "Karim El Amrani is afwezig" in sofie.note
    for text, part in (
        ("binnenkort", "geen datums"),
        ("8/12/2026–6/12/2026", "komt voor de eerste"),
        ("1/1/2020", "voorbij"),
        ("1/1/2027–1/3/2028", "Meer dan een jaar"),
        ("3/12, vervanger Lies", "voor jezelf"),
        ("3/12, vervanger Jefke", "niemand die Jefke heet"),
        ("stop", "geen afwezigheid"),
    ):
        await lies.command(f"afwezig {text}")
        assert lies.refused, text
        assert part in lies.note, (text, lies.note)


async def test_the_form_notes_an_absence_too(chat: Chat) -> None:
    """The communications lead chooses for whom; everybody else notes their own."""
    sofie = chat.person("sofie")
    await sofie.command("afwezig")
    await sofie.fill(
        {"Wie is er niet?": "Els Wauters", "Eerste dag": "24/12", "Laatste dag": "2/1", "Wie springt in?": "Marc Pauwels"}
    )
    assert "Els Wauters is afwezig van 24 december 2026" in sofie.note
    els = chat.person("els")
    await els.command("afwezig")
    assert els.form is not None
    assert "Wie is er niet?" not in els.form.text
    assert "24 december 2026" in els.form.text


async def test_the_directory_is_read_by_all_and_changed_by_the_lead(chat: Chat) -> None:
    """A new holder is told, may decide at once, and is in the log; whoever lost the role is refused from the next moment on."""
    sofie, hilde, inge = chat.person("sofie"), chat.person("hilde"), chat.person("inge")
    await inge.command("rollen")
    assert "Iets wijzigen" not in inge.shown[0].labels()
    assert inge.shown[0].facts["Functionaris gegevensbescherming"].startswith("Hilde Wouters")
    await told(chat, "Persoonsgegevens of intiem beeld", "Gegevens van iemand anders")
    await sofie.command("rollen")
    assert sofie.shown[0].facts["An Peeters"] == "0 opgenomen, 1 open zaak"
    for what, who in (("deze persoon krijgt de rol", "Inge Lambrecht"), ("deze persoon heeft de rol niet meer", "Hilde Wouters")):
        await sofie.command("rollen")
        await sofie.press("Iets wijzigen", on="Wie doet wat")
        await sofie.fill({"Wat verandert er?": what, "Van welke rol?": "Functionaris gegevensbescherming", "Wie?": who})
        assert not sofie.refused, sofie.note
    assert any("Je hebt nu de rol" in item.text for item in await inge.inbox(":inge"))
    assert any("Je hebt de rol" in item.text for item in await hilde.inbox(":hilde"))
    assert "Sofie Maes: Inge Lambrecht kreeg de rol" in sofie.shown[0].text
    assert any("Zaak 1" in item.title for item in await inge.inbox(":inge"))
    await hilde.press("Ik neem dit op", on=":hilde")
    assert hilde.refused
    await inge.press("Ik neem dit op", on=":inge")
    assert not inge.refused


async def test_an_emptied_role_has_a_fallback(chat: Chat) -> None:
    """What it took up goes to the communications lead, and the thread says so; the directory says that nobody holds it."""
    await told(chat, "Persoonsgegevens of intiem beeld", "Gegevens van iemand anders")
    sofie, hilde = chat.person("sofie"), chat.person("hilde")
    await hilde.press("Ik neem dit op", on=":hilde")
    await sofie.command("rollen")
    await sofie.press("Iets wijzigen", on="Wie doet wat")
    change = {"Wat verandert er?": "deze persoon heeft de rol niet meer", "Van welke rol?": "Functionaris gegevensbescherming"}
    await sofie.fill(change | {"Wie?": "Hilde Wouters"})
    assert "niemand; de communicatieverantwoordelijke" in sofie.shown[0].facts["Functionaris gegevensbescherming"]
    assert any("Sofie Maes, kun jij het overnemen" in said for said in await beneath(chat, "sofie", "#communicatie"))
    await sofie.command("rollen")
    await sofie.press("Iets wijzigen", on="Wie doet wat")
    await sofie.fill(
        {
            "Wat verandert er?": "deze persoon heeft de rol niet meer",
            "Van welke rol?": "Communicatieverantwoordelijke",
            "Wie?": "Sofie Maes",
        }
    )
    assert sofie.refused
    assert "kan niet leeg zijn" in sofie.note


async def test_a_change_holds_in_every_process(talk: Talk) -> None:
    """Two bots on one database: what one was told, the other obeys in its next event; and after a restart."""
    async with talk() as one, talk() as other:
        sofie = one.person("sofie")
        await sofie.command("rollen")
        await sofie.press("Iets wijzigen", on="Wie doet wat")
        await sofie.fill({"Wat verandert er?": "deze persoon krijgt de rol", "Van welke rol?": "Moderator", "Wie?": "Sam Reyes"})
        sam = other.person("sam")
        await sam.paste("Boe")
        assert sam.card.number == 1
    async with talk() as again:
        await again.person("sam").paste("Nog een")
        assert again.person("sam").card.number == 2
        assert isinstance(again.antenne.organisation, Organisation)


async def test_several_holders_each_have_it(talk: Talk) -> None:
    """Without a channel every holder has the thread in their own messages; who takes it first has it."""
    async with talk(changes={"roles": {"dpo": {"holders": ["hilde", "inge"]}}}) as chat:
        await told(chat, "Persoonsgegevens of intiem beeld", "Gegevens van iemand anders")
        hilde, inge = chat.person("hilde"), chat.person("inge")
        await inge.press("Ik neem dit op", on=":inge")
        await hilde.look()
        [head, note] = await hilde.inbox(":hilde")
        assert "Inge Lambrecht neemt dit op" in head.says
        assert note.says == ("Inge Lambrecht neemt dit op.",)


async def test_somebody_new_is_known_at_once_everywhere(talk: Talk) -> None:
    """Added from chat by the lead, greeted, given a role, at work in another process; a second of the same name is refused."""
    async with talk() as one, talk() as other:
        sofie = one.person("sofie")
        await sofie.command("rollen")
        await sofie.press("Mensen", on="Wie doet wat")
        await sofie.fill(
            {"Wie?": "een nieuwe persoon", "Naam": "Zoë D'Hondt", "Taal": "Engels", "Adres op het chatplatform": "slack: U0ZOE"}
        )
        assert sofie.note == "Genoteerd. Een rol geef je met ‘Iets wijzigen’."
        await sofie.press("Iets wijzigen", on="Wie doet wat")
        await sofie.fill(
            {"Wat verandert er?": "deze persoon krijgt de rol", "Van welke rol?": "Moderator", "Wie?": "Zoë D'Hondt"}
        )
        assert "Zoë D'Hondt" in sofie.shown[0].facts["Moderator"]
        assert "Sofie Maes: Zoë D'Hondt toegevoegd of aangepast" in sofie.shown[0].text
        zoe = other.person("zoe")
        await zoe.paste("Boe")
        assert zoe.card.number == 1
        assert "What do you see in this comment?" in zoe.card.text
        assert other.antenne.organisation.by_address["slack", "U0ZOE"] == "zoe"
        for values, says in (
            ({"Naam": "zoë d'hondt"}, "Er is al iemand die zoë d'hondt heet"),
            ({"Naam": "Zoë Maes", "Adres op het chatplatform": "slack: U0ZOE"}, "Dat adres is al van Zoë D'Hondt."),
            ({"Naam": " "}, "Hoe heet die persoon?"),
        ):
            await sofie.command("rollen")
            await sofie.press("Mensen", on="Wie doet wat")
            await sofie.fill(values)
            assert sofie.refused
            assert says in sofie.note
        await sofie.command("rollen")
        await sofie.press("Mensen", on="Wie doet wat")
        await sofie.fill({"Wie?": "Zoë D'Hondt", "Naam": "Zoë Maes"})
        assert "Zoë Maes" in sofie.shown[0].facts["Moderator"]
        kept = one.antenne.organisation.people["zoe"]
        assert (kept.addresses, kept.language) == ({"slack": "U0ZOE"}, "en")


async def test_the_policy_is_approved_anew_from_chat(chat: Chat) -> None:
    """The reminder that its date has passed offers a form; a case under way keeps its policy, a new one has the new; no more reminders."""
    an, sofie = chat.person("an"), chat.person("sofie")
    await an.paste("Boe")
    await sofie.command("rollen")
    assert "Opnieuw te bekijken op 31 maart 2028." in sofie.shown[0].text
    await sofie.press("Data van het beleid", on="Wie doet wat")
    for values, says in (
        ({"Wanneer?": "1/1/2030"}, "Een goedkeuring ligt niet in de toekomst."),
        ({"Wanneer opnieuw bekijken?": "16/11/2026"}, "Die dag is al voorbij."),
        ({"Wanneer opnieuw bekijken?": "ooit"}, "3/12/2026"),
    ):
        await sofie.command("rollen")
        await sofie.press("Data van het beleid", on="Wie doet wat")
        await sofie.fill(values)
        assert sofie.refused, values
        assert says in sofie.note
    await sofie.command("rollen")
    await sofie.press("Data van het beleid", on="Wie doet wat")
    dates = {"Wie keurde het goed?": "College", "Wanneer?": "16/11/2026", "Wanneer opnieuw bekijken?": "25 november 2026"}
    await sofie.fill(dates)
    assert sofie.note == "Genoteerd. Op die dag herinner ik je eraan."
    assert "Goedgekeurd door College op 16 november 2026. Opnieuw te bekijken op 25 november 2026." in sofie.shown[0].text
    await an.paste("Nog een boe")
    kept = await chat.stored(lambda conn: conn.execute(select(cases.c.policy_version).order_by(cases.c.id)).scalars().all())
    assert len(set(kept)) == 2
    await an.press("Positief", on="Zaak 1")
    assert not an.refused, an.note
    await chat.pass_time(days=13)  # Monday the thirtieth
    card = await sofie.sees("#communicatie Tijd om het beleid")
    assert "goedgekeurd op 16 november 2026 (College)" in card.text
    await sofie.press("Data van het beleid", on="Tijd om het beleid")
    await sofie.fill({"Wanneer?": "27/11/2026", "Wanneer opnieuw bekijken?": "27/11/2029"})
    await chat.pass_time(days=7)
    assert len([item for item in await sofie.inbox("#communicatie") if item.title.startswith("Tijd om")]) == 1
