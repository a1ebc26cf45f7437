"""After closing: the reasons for the citizen to copy, and an objection that somebody else looks at."""

import pytest
from sqlalchemy import select

from bot import undelivered
from bot.tables import messages, objections, strikes, timeline
from bot.work import Work
from tests.journeys.chat import Chat, Message, Person
from tests.journeys.conftest import Talk

RULE = "Belediging of grof taalgebruik"


async def hidden(chat: Chat, *, handle: str = "Jan", text: str = "Sukkels van de dienst", formal: bool = False) -> Person:
    """A closed case in which the comment was hidden by its moderator."""
    an = chat.person("an")
    await an.command("")
    await an.fill(
        {
            "Tekst van de reactie": text, "Naam van het account": handle, "Platform": "Facebook",
            "Link naar de reactie": "https://www.facebook.com/torenbeek/posts/1?comment_id=2", "Wanneer geplaatst?": "2026-11-16T09:30",
        }
    )  # fmt: skip
    for label in ("Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend"):
        await an.press(label)
    if formal:
        await an.press("Spreek aan met u")
    for _ in range(2):
        for line in an.card.lines:
            if line.state == "open":
                await an.press(line.text)
    await an.press("Zaak afsluiten")
    assert "gesloten" in an.card.title, an.note
    return an


async def objected(chat: Chat, text: str = "Ik bedoelde de *voetbalploeg*!") -> Person:
    """A citizen who does not agree, taken down by the moderator."""
    an = await hidden(chat)
    await an.press("Bezwaar noteren")
    await an.fill({"Wat zegt de burger?": text})
    assert not an.refused, an.note
    return an


# The reasons


async def test_the_reasons_say_what_the_regulation_asks(chat: Chat) -> None:
    """What was done, to which comment, on which rule, how, by whom and how to object; without a name of staff or a legal claim."""
    an = await hidden(chat)
    await an.press("Motivering voor de burger")
    [(title, text)] = an.shown[0].copies
    assert title == "Motivering"
    for part in (
        "op 17 november 2026", "Facebook", "16 november 2026 09:30", "https://www.facebook.com/torenbeek/posts/1?comment_id=2",
        "Je reactie is verborgen op onze pagina.", "Je kreeg een waarschuwing; die telt tot 17 november 2027.", f"onze huisregel ‘{RULE}’",
        "https://www.torenbeek.example/huisregels", "Geen enkele maatregel gebeurde automatisch.", "Ben je het er niet mee eens?",
        "https://www.torenbeek.example/contact", "Het is geen juridische beslissing", "Gemeente Torenbeek",
    ):  # fmt: skip
        assert part in text, part
    assert "Peeters" not in text
    assert "Sukkels" not in text


async def test_the_reasons_mirror_the_citizen(chat: Chat) -> None:
    """With u for who was addressed with u, and the other way in one press; never a mixture."""
    an = await hidden(chat, formal=True)
    await an.press("Motivering voor de burger")
    formal = an.shown[0].copies[0][1]
    assert "Bent u het er niet mee eens?" in formal
    assert " je " not in formal.lower()
    await an.press("Spreek aan met je")
    informal = an.shown[0].copies[0][1]
    assert "Ben je het er niet mee eens?" in informal
    assert " u " not in informal


async def test_nothing_done_needs_no_reasons(chat: Chat) -> None:
    """Where nothing was hidden, deleted, blocked or closed, neither reasons nor an objection are offered."""
    an = chat.person("an")
    await an.paste("Sterkte")
    for label in ("Neutraal", "Medeleven"):
        await an.press(label)
    await chat.pass_time(seconds=16)
    assert "gesloten" in an.card.title
    assert {"Motivering voor de burger", "Bezwaar noteren"}.isdisjoint(an.card.labels())


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://x.example/<b> kijk", "www.facebook.com/x"])
async def test_a_strange_link_is_left_out(chat: Chat, link: str) -> None:
    """Only a whole web address is copied into the reasons."""
    an = await hidden(chat)
    await an.command("")
    await an.fill({"Tekst van de reactie": "Sukkels", "Link naar de reactie": link, "Platform": "Facebook"})
    for label in ("Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend"):
        await an.press(label)
    for _ in range(2):
        for line in an.card.lines:
            if line.state == "open":
                await an.press(line.text)
    await an.press("Zaak afsluiten")
    await an.press("Motivering voor de burger")
    assert "(Facebook)" in an.shown[0].copies[0][1]


# The objection


async def test_an_objection_goes_to_somebody_else(chat: Chat) -> None:
    """The lead, who took no part, reads the comment, what was done and the citizen's words, inert; upheld with a reason; the
    moderator gets an answer to copy; the citizen's words are nowhere else."""
    an, sofie = await objected(chat), chat.person("sofie")
    assert an.card.facts["Bezwaar"] == "bij Sofie Maes"
    card = await sofie.sees(":sofie Zaak 1 · bezwaar")
    assert set(card.quotes) >= {"Sukkels van de dienst", "Ik bedoelde de *voetbalploeg*!"}
    assert "Wat er gebeurde: Verbergen." in card.says
    await sofie.press("Behouden", on="Zaak 1 · bezwaar")
    await sofie.fill({"reason": "Ook over een voetbalploeg mag dit niet"})
    assert an.card.facts["Bezwaar"] == "Behouden door Sofie Maes (vandaag 10:00)"
    answer = await an.sees(":an Zaak 1 · bezwaar")
    assert answer.quotes == ("Ook over een voetbalploeg mag dit niet",)
    assert answer.copies[0][1].startswith("Dank je dat je ons liet weten dat je het niet eens was.")
    assert "voetbalploeg" not in answer.copies[0][1]
    assert (await sofie.sees(":sofie Zaak 1 · bezwaar")).labels() == []
    for table in (timeline, messages):
        rows = await chat.stored(lambda conn, table=table: conn.execute(select(table)).all())  # type: ignore[misc]  # any table
        assert not any("bedoelde" in str(row) for row in rows)


async def test_an_objection_waits_in_the_overview(chat: Chat) -> None:
    """Of who looks at it, whence it is answered; nobody else may open it, and once answered it waits no more."""
    await objected(chat)
    sofie, marc = chat.person("sofie"), chat.person("marc")
    await sofie.command("zaken")
    assert "Dit wacht op jou" in sofie.shown[0].says
    [row] = [control for control in sofie.shown[0].controls if "bezwaar" in control.label]
    assert row.label.endswith(" · bezwaar · sinds vandaag 10:00")
    heard = await chat.driver.press("marc", row)
    assert heard.refused
    assert "Sofie Maes" in heard.note
    await sofie.press(row.label)
    assert set(sofie.shown[0].labels()) == {"Behouden", "Wijzigen"}
    await sofie.press("Behouden")
    await sofie.fill({"reason": "Blijft"})
    assert not sofie.refused, sofie.note
    await sofie.command("zaken")
    assert not any("bezwaar" in label for label in sofie.shown[0].labels())
    await marc.command("zaken")
    assert not any("bezwaar" in label for label in marc.shown[0].labels())


async def test_a_change_after_an_objection(chat: Chat) -> None:
    """The measure that comes in its place, what the moderator does now, the warning taken back; what was done stays to be read."""
    an, sofie = await objected(chat), chat.person("sofie")
    await sofie.press("Wijzigen", on="Zaak 1 · bezwaar")
    await sofie.fill({"measure": "Laten staan", "reason": "Het ging over voetbal"})
    answer = await an.sees(":an Zaak 1 · bezwaar")
    assert answer.says[1].startswith("Maak de reactie weer zichtbaar")
    assert "We passen de maatregel aan: de reactie is weer zichtbaar" in answer.copies[0][1]
    [strike] = await chat.stored(lambda conn: conn.execute(select(strikes)).all())
    assert strike.undone_by == "sofie"
    assert an.card.facts["Waarschuwing"] == "Ingetrokken door Sofie Maes (vandaag 10:00)"
    assert an.card.line("Verberg").state == "done"
    await an.command("zaak 1")
    assert "wijzigde de maatregel na een bezwaar" in an.shown[0].text
    assert "niet veranderd" in an.shown[0].text or "geen enkele lijn" in an.shown[0].text


async def test_who_decided_never_reviews(chat: Chat) -> None:
    """The lead decided and her deputy confirmed: the next role that had no part gets it, and theirs is refused."""
    an, sofie = chat.person("an"), chat.person("sofie")
    await an.command("")
    await an.fill({"Tekst van de reactie": "Hm", "Platform": "Facebook"})
    await an.press("Ik weet het niet")
    await chat.pass_time(seconds=16)
    await sofie.press("Beslissing", on="#communicatie")
    await sofie.fill({"outcome": "gedragscode", "reason": "Grof", "rule": "insult"})
    for _ in range(2):
        for line in an.card.lines:
            if line.state == "open":
                await an.press(line.text)
    await an.press("Zaak afsluiten")
    await an.press("Bezwaar noteren")
    await an.fill({"text": "Neen"})
    assert an.card.facts["Bezwaar"] == "bij Tom Willems"
    card = await chat.person("tom").sees(":tom Zaak 1 · bezwaar")
    uphold = next(item for item in card.controls if item.label == "Behouden")
    for person, says in (("sofie", "zelf deel"), ("an", "zelf deel"), ("karim", "ligt bij Tom Willems")):
        heard = await chat.driver.press(person, uphold)
        assert heard.refused
        assert says in heard.note


async def test_nobody_left_to_review(talk: Talk) -> None:
    """Where everybody who could took part, it is said, and nothing is kept."""
    alone = {"holders": ["an"], "deputy": None}
    changes = {"roles": dict.fromkeys(("communications_lead", "moderation_team", "dpo"), alone)}
    async with talk(changes=changes) as chat:
        an = await hidden(chat)
        await an.press("Bezwaar noteren")
        await an.fill({"text": "Neen"})
        assert an.refused
        assert an.note.startswith("Iedereen die dit zou kunnen bekijken, besliste mee.")
        assert await chat.stored(lambda conn: conn.execute(select(objections)).all()) == []


async def test_one_objection_at_a_time_and_one_answer(chat: Chat) -> None:
    """A second waits for the first; an answer counts once; after it another objection may come."""
    an, sofie = await objected(chat), chat.person("sofie")
    assert "Bezwaar noteren" not in an.card.labels()
    await sofie.press("Behouden", on="Zaak 1 · bezwaar")
    form = sofie.form
    assert form is not None
    for refused in (False, True):
        heard = await chat.driver.submit("sofie", form, {"reason": "Blijft"}, ())
        assert heard.refused == refused
    await chat.work()
    assert "Bezwaar noteren" in an.card.labels()


async def test_reviewer_and_moderator_talk(chat: Chat) -> None:
    """Beneath the objection and beneath the moderator's card, as in any thread; it stays inside."""
    an, sofie = await objected(chat), chat.person("sofie")
    await sofie.reply("Stond er iets boven?", under=":sofie Zaak 1 · bezwaar")
    assert any(item.quotes == ("Stond er iets boven?",) for item in await an.inbox(":an"))
    await an.reply("Ja, over voetbal", under=":an Zaak 1 · Tegen")
    assert any(item.quotes == ("Ja, over voetbal",) for item in await sofie.inbox(":sofie"))


# Nobody answers it


def beside(seen: list[Message]) -> list[str]:
    """What the bot said beneath cards, about the objection."""
    return [said for item in seen if item.under is not None for said in item.sheet.says if "bezwaar" in said]


async def test_an_objection_never_goes_quiet(chat: Chat) -> None:
    """Two working days, then a reminder; a day later the next one has it, and the moderator reads so; an answer ends it."""
    an, sofie, tom = await objected(chat), chat.person("sofie"), chat.person("tom")
    await chat.pass_time(hours=47)
    assert beside(await sofie.messages(":sofie")) == []
    for _ in range(2):
        await chat.pass_time(hours=1)
    reminder = "Dit bezwaar wacht nog op een antwoord. Sofie Maes, blijft het zo, of wordt het anders?"
    assert beside(await sofie.messages(":sofie")) == [reminder]
    await chat.pass_time(hours=24)
    passed = "Het bezwaar bij zaak 1 kreeg nog geen antwoord. Nu kijkt Tom Willems ernaar."
    assert beside(await sofie.messages(":sofie")) == [reminder, passed]
    assert beside(await an.messages(":an")) == [passed]
    assert an.card.facts["Bezwaar"] == "bij Tom Willems"
    assert (await tom.sees(":tom Zaak 1 · bezwaar")).says[0] == "Voor Tom Willems: jij had geen deel in deze beslissing"
    await tom.press("Behouden", on=":tom Zaak 1 · bezwaar")
    await tom.fill({"reason": "Blijft"})
    assert not tom.refused, tom.note
    said = [beside(await chat.person(name).messages(f":{name}")) for name in ("sofie", "tom", "an")]
    await chat.pass_time(days=20)
    assert said == [beside(await chat.person(name).messages(f":{name}")) for name in ("sofie", "tom", "an")]


async def test_asking_about_an_objection_ends(chat: Chat) -> None:
    """Everybody who may look at it has it once; then it is said again on three working days, and no more."""
    an = await objected(chat)
    for _ in range(16):
        await chat.pass_time(days=5)
    asked = select(messages.c.lane).where(messages.c.kind == "objection").order_by(messages.c.id)
    lanes = await chat.stored(lambda conn: list(conn.execute(asked).scalars()))
    assert lanes[:2] == ["local:sofie", "local:tom"]
    assert len(lanes) == len(set(lanes))
    said = beside(await an.messages(":an"))
    assert [("Nog altijd" in text) for text in said] == [False] * (len(lanes) - 1) + [True] * 3


async def test_who_is_away_is_not_asked(chat: Chat) -> None:
    """Nor keeps it: on the first day away it goes to whoever stands in, who may answer."""
    sofie, griet = chat.person("sofie"), chat.person("griet")
    await objected(chat)
    await sofie.command("afwezig morgen, vervanger Griet")
    assert "Griet De Smet is dan" not in sofie.note
    await chat.pass_time(days=1)
    await griet.press("Behouden", on=":griet Zaak 1 · bezwaar")
    await griet.fill({"reason": "Blijft"})
    assert not griet.refused, griet.note
    an = await hidden(chat, text="Nog eens sukkels")
    await an.press("Bezwaar noteren")
    await an.fill({"text": "Neen"})
    assert an.card.facts["Bezwaar"] == "bij Griet De Smet"


async def test_a_reviewer_whose_role_ended_a_minute_ago(talk: Talk) -> None:
    """Is refused, also with the form still open, and the objection goes to somebody else at once."""
    async with talk(changes={"roles": {"moderation_team": {"deputy": "griet"}}}) as chat:
        await objected(chat)
        sofie, tom, griet = chat.person("sofie"), chat.person("tom"), chat.person("griet")
        await sofie.press("Behouden", on=":sofie Zaak 1 · bezwaar")
        form = sofie.form
        assert form is not None
        for what, who in (("deze persoon krijgt de rol", "Griet De Smet"), ("deze persoon heeft de rol niet meer", "Sofie Maes")):
            await tom.command("rollen")
            await tom.press("Iets wijzigen", on="Wie doet wat")
            await tom.fill({"Wat verandert er?": what, "Van welke rol?": "Communicatieverantwoordelijke", "Wie?": who})
            assert not tom.refused, tom.note
        heard = await chat.driver.submit("sofie", form, {"reason": "Blijft"}, ())
        assert heard.refused
        await chat.work()
        assert "Behouden" in (await griet.sees(":griet Zaak 1 · bezwaar")).labels()


async def test_a_reviewer_who_cannot_be_reached(chat: Chat) -> None:
    """Their account is gone: the next one has it at once, once, however often the platform says so."""
    an = await objected(chat)
    first = select(messages.c.id).where(messages.c.kind == "objection")
    number = await chat.stored(lambda conn: conn.execute(first).scalar_one())
    for _ in range(2):
        await chat.antenne.store.write(
            lambda conn: undelivered.reroute(Work(conn, chat.antenne.house, chat.now), number, "person_gone")
        )
        await chat.work()
    assert an.card.facts["Bezwaar"] == "bij Tom Willems"
    asked = select(messages.c.lane).where(messages.c.kind == "objection").order_by(messages.c.id)
    assert await chat.stored(lambda conn: list(conn.execute(asked).scalars())) == ["local:sofie", "local:tom"]
