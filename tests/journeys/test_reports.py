"""Where to report, what was reported and what came of it: from the protected ground to the body's answer."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from adapters.main import running
from bot.settings import Settings
from bot.tables import reports
from flows.authorities import load_authorities
from flows.source import SourceProblems
from flows.tree import TREES, load_tree
from tests.journeys.chat import START, Chat, Person, Sheet, organisation_in

TABLE = load_authorities()
TREE = load_tree(TREES / "lokaal-bestuur")


async def hate(chat: Chat, ground: str = "Geloof of levensbeschouwing", **facts: str) -> Person:
    """An, with a comment that may be criminal on a ground."""
    an = chat.person("an")
    await an.command("")
    await an.fill({"Tekst van de reactie": "Weg met hen allemaal", "Naam van het account": "Jan Jansen"} | facts)
    for label in ("Negatief", "Haat of discriminatie", "Ja"):
        await an.press(label)
    await an.press(ground, on="Beschermd criterium")
    return an


async def where(person: Person) -> Sheet:
    """The card that says where to report."""
    await person.press("Waar meld ik dit?")
    return person.shown[0]


@pytest.mark.parametrize(
    ("ground", "first"),
    [("Geloof of levensbeschouwing", "Unia"), ("Seksisme", "Het Instituut voor de gelijkheid van vrouwen en mannen (IGVM)")],
)
async def test_the_ground_leads_to_the_body(chat: Chat, ground: str, first: str) -> None:
    """Card and table name the same body first, with what it asks and refuses, and the note about a lawyer."""
    an = await hate(chat, ground)
    assert first[3:] in an.card.line("Meldpunt voor dit criterium").text
    card = await where(an)
    assert next(text for text in card.says if not text.startswith("Het criterium")) == first
    assert "anonieme meldingen" in card.text
    assert card.says[-1].startswith("Deze tabel is geen juridisch advies. Laat ze door een jurist nalezen")


async def test_language_has_no_body(chat: Chat) -> None:
    """For the language ground nobody is competent: the card says so, and it can not be chosen as a body."""
    an = await hate(chat, "Taal")
    assert an.card.line("Voor dit criterium is geen enkele instantie bevoegd").state == "open"
    assert "Geen instantie" in (await where(an)).says
    await an.press("Gemeld op …")
    assert an.form is not None
    assert "none" not in dict(an.form.fields[0].options)


async def test_a_report_and_its_answer_stand_in_the_case(chat: Chat) -> None:
    """Noting a report ticks its line; after its days somebody asks for news, also of a closed case; the answer ends that."""
    an = await hate(chat)
    await an.press("Gemeld op …")
    await an.fill({"Bij wie meldde je het?": "Unia", "Referentie": "U-2026-55", "Wanneer?": "16/11/2026"})
    assert an.note == "Genoteerd. Komt er geen antwoord, dan herinner ik je eraan."
    assert an.card.line("Meldpunt voor dit criterium").state == "done"
    assert an.card.facts["Gemeld bij Unia"] == "op 16 november 2026, door An Peeters"
    assert "U-2026-55" in an.card.quotes
    for line in an.card.lines:
        if line.state in ("open", "blocked"):
            await an.press(line.text)
    await an.press("Zaak afsluiten")
    await chat.pass_time(days=29)
    assert not [item for item in await an.inbox(":an") if "van Unia is er nog geen antwoord" in item.text]
    await chat.pass_time(days=2)
    told = [item for item in await an.inbox(":an") if "van Unia is er nog geen antwoord" in item.text]
    assert len(told) == 1
    await an.press("Antwoord van Unia", on="Zaak 1")
    await an.fill({"Wat antwoordde Unia?": "Ze openen een dossier."})
    assert not an.refused
    await an.command("zaak 1")
    assert ": noteerde een antwoord (Unia)" in an.shown[0].text
    assert "Ze openen een dossier." in an.shown[0].quotes
    assert an.shown[0].says[-1] == "De tijdlijn is volledig: geen enkele lijn is achteraf veranderd."
    await chat.pass_time(days=60)
    assert len([item for item in await an.inbox(":an") if "van Unia is er nog geen antwoord" in item.text]) == 1


async def test_those_who_were_told_note_it_and_others_do_not(chat: Chat) -> None:
    """Equal opportunities reports and notes it from the thread; a moderator of other cases may not."""
    await hate(chat)
    await chat.pass_time(seconds=16)
    fatima, karim = chat.person("fatima"), chat.person("karim")
    await fatima.press("Gemeld op …", on="#gelijke-kansen")
    await fatima.fill({"Bij wie meldde je het?": "Unia", "Wanneer?": "2026-11-17"})
    assert fatima.note.startswith("Genoteerd.")
    found = await chat.stored(lambda conn: conn.execute(select(reports.c.body, reports.c.by)).all())
    assert [tuple(row) for row in found] == [("unia", "fatima")]
    control = next(item for item in (await fatima.sees("#gelijke-kansen")).controls if item.label == "Gemeld op …")
    assert (await chat.driver.press("karim", control)).refused
    assert not karim.note


@pytest.mark.parametrize("typed", ["morgen", "31/2/2026", "18/11/2026"])
async def test_a_day_that_cannot_be(chat: Chat, typed: str) -> None:
    """A date that is none, or still to come, is refused with how to write one."""
    an = await hate(chat)
    await an.press("Gemeld op …")
    await an.fill({"Wanneer?": typed})
    assert an.refused
    assert "3/12/2026" in an.note


def test_every_body_and_outcome_of_the_table_exists() -> None:
    """The situations and laws name outcomes and grounds of the default tree; every ground leads somewhere."""
    named = {name for item in TABLE.situations for name in item.outcomes} | {name for law in TABLE.laws for name in law.outcomes}
    assert named <= TREE.outcomes.keys()
    assert {name for law in TABLE.laws for name in law.only} <= TREE.structure.grounds.keys()
    for ground, body in TREE.structure.grounds.items():
        assert TABLE.where(TREE, ("strafbaar",), ground)[0][1] == body


def test_the_law_is_that_of_the_day(tmp_path: Path) -> None:
    """The code of 1867, then both while it is not sure which, then the new one; a municipality can fix one, line by line checked."""
    old = TABLE.law(("strafbaar",), "belief", date(2026, 4, 7))
    new = TABLE.law(("strafbaar",), "belief", date(2026, 9, 1))
    for day in (date(2026, 4, 8), date(2026, 8, 31)):
        either = TABLE.law(("strafbaar",), "belief", day)[0][1]
        assert (old[0][1].text in either.text, new[0][1].text in either.text, either.confirmed) == (True, True, False)
    assert "Antiracismewet" in old[0][1].text
    assert new[0][1].text == "art. 250 Strafwetboek"
    own = tmp_path / "authorities.yaml"
    own.write_text("legal_regime: code_1867\nbodies:\n  unia:\n    remind_days: 10\n")
    changed = load_authorities(own)
    assert changed.regime(date(2030, 1, 1)) == "code_1867"
    assert (changed.bodies["unia"].remind_days, changed.bodies["unia"].asks) == (10, TABLE.bodies["unia"].asks)
    own.write_text("bodies:\n  unia:\n    remind_days: nooit\n")
    with pytest.raises(SourceProblems, match=r"authorities\.yaml:3"):
        load_authorities(own)


async def test_the_municipalitys_own_table_is_used(tmp_path: Path) -> None:
    """What stands in authorities.yaml beside organisation.yaml is what the bot shows."""
    path = organisation_in(tmp_path / "town", {})
    path.with_name("authorities.yaml").write_text("bodies: {unia: {reach: {nl: Bel Unia.}}}")
    url = SecretStr(f"sqlite:///{tmp_path}/antenne.db")
    settings = Settings(organisation=path, database_url=url, secret_key_file=tmp_path / "secret.key")
    async with running(settings, clock=lambda: START) as antenne:
        card = await where(await hate(Chat(antenne, [START])))
        assert "Bel Unia." in card.text
