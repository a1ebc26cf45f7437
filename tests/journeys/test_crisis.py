"""Crisis mode: who speaks, who passes on, what is listed, and the report of the period."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.policy import Policy
from flows.tree import TREES, load_tree
from flows.walk import WAITING_LINE, Situation, advise, hold_answers
from tests.journeys.chat import Chat, Person
from tests.journeys.conftest import Talk

TREE = load_tree(TREES / "lokaal-bestuur")
ON = 'crisis aan "brand in de sporthal"'
BANNER = "Crisis: brand in de sporthal. Alleen Sofie Maes antwoordt nu aan burgers. Geef elke vraag door en bevestig niets."


async def asked(chat: Chat, text: str, who: str = "an") -> Person:
    """Somebody with a question that they could answer in public."""
    person = chat.person(who)
    await person.paste(text)
    for label in ("Neutraal", "Vraag", "Ik, openbaar"):
        await person.press(label)
    return person


async def test_only_publishers_answer(chat: Chat) -> None:
    """The moderator's answer becomes a line to pass on, with a button that gives the case; the publisher then answers."""
    an, sofie = await asked(chat, "Is de sporthal afgebrand?"), chat.person("sofie")
    assert "Openbaar antwoord" in [title for title, _ in an.card.copies]
    await sofie.command(ON)
    assert an.card.says[:2] == (BANNER, "Deze reactie raakt de crisis.")
    assert an.card.copies == ()
    [line] = an.card.lines
    assert line.text == "Geef door aan Sofie Maes. Antwoord zelf niet, en bevestig niets."
    await an.press("Geef door aan Sofie Maes")
    assert an.note == "De zaak is nu bij Sofie Maes."
    card = await sofie.sees(":sofie Zaak 1")
    assert "Openbaar antwoord" in [title for title, _ in card.copies]
    assert card.says[0] == BANNER


async def test_an_old_card_answers_nothing(chat: Chat) -> None:
    """What was shown before the crisis is looked at again when it is pressed: ticking, editing, using the FAQ."""
    karim, sofie = chat.person("karim"), chat.person("sofie")
    an = await asked(chat, "Wanneer is er zwemles?")
    line = next(item for item in an.card.controls if item.kind == "line")
    edit = next(item for item in an.card.controls if item.label == "Tekst aanpassen")
    await karim.paste("Wanneer wordt het huisvuil opgehaald?")
    use = next((item for item in karim.card.controls if item.label == "Antwoord hiermee"), None)
    assert use is not None
    await sofie.command(ON)
    for person, control in (("an", line), ("an", edit), ("karim", use)):
        assert (await chat.driver.press(person, control)).refused
    assert "Antwoord hiermee" not in karim.card.labels()


async def test_those_who_must_know_are_told_once(chat: Chat) -> None:
    """Safety, the lead, the team and the moderators read it; only who may see cases sees a list, only who speaks the first message."""
    await asked(chat, "Brand!! Wat is er in de sporthal?")
    await asked(chat, "Wanneer komt de vuilkar?", "karim")
    sofie, rik, tom = chat.person("sofie"), chat.person("rik"), chat.person("tom")
    await sofie.command(ON)
    assert sofie.note == "De crisismodus staat aan. Veiligheid, het mediateam en de moderatoren weten het."
    [safety], [lead] = await rik.inbox("#veiligheid"), await sofie.inbox("#communicatie")
    [team] = await tom.inbox("#moderatieteam")
    assert {safety.title, lead.title, team.title} == {"Crisis: brand in de sporthal"}
    assert (safety.labels(), safety.copies) == ([], ())
    assert "1 open zaak raakt de crisis" in team.says
    assert [label.split(" · ")[0] for label in team.labels()] == ["Zaak 1"]
    assert team.copies == ()
    [(title, text)] = lead.copies
    assert title == "Eerste bericht om te publiceren"
    assert "veel vragen zijn over brand in de sporthal" in text
    assert "112" in text


async def test_everybodys_overview_begins_with_it(chat: Chat) -> None:
    """Who speaks also finds the first message and the cases it touches; a colleague without a role reads it too."""
    await asked(chat, "De sporthal, is die nog open?")
    sofie, sam = chat.person("sofie"), chat.person("sam")
    await sofie.command(ON)
    for name in ("karim", "sofie"):
        person = chat.person(name)
        await person.command("zaken")
        assert person.shown[0].says[0] == BANNER
        assert bool(person.shown[0].copies) == (name == "sofie")
    await sam.command("cases")
    assert sam.shown[0].says[0].startswith("Crisis: brand in de sporthal. Only Sofie Maes answers citizens now.")


async def test_only_the_lead_switches(chat: Chat) -> None:
    """A deputy may too; anybody else is told who; a second crisis waits for the end of the first."""
    an, tom, sofie = chat.person("an"), chat.person("tom"), chat.person("sofie")
    await an.command(ON)
    assert (an.refused, an.note) == (True, "Dit is voor de communicatieverantwoordelijke.")
    await an.command("crisis")
    assert an.shown[0].title == "Geen crisis"
    await tom.command(ON)
    await sofie.command("crisis aan stroompanne")
    assert (sofie.refused, "Tom Willems" in sofie.note) == (True, True)
    await an.command("crisis")
    assert an.shown[0].title == "Crisis: brand in de sporthal"
    await an.command("crisis uit")
    assert an.refused
    await sofie.command("crisis uit")
    await sofie.command("crisis uit")
    assert sofie.note == "De crisismodus staat niet aan."
    await sofie.command("crisis misschien")
    assert sofie.note == 'Zo typ je het: /moderate crisis aan "<waarover>" of uit'


async def test_switching_off_reports_and_gives_the_answers_back(chat: Chat) -> None:
    """The report counts the period; every card answers again; what was closed meanwhile stays as it was done."""
    sofie, rik = chat.person("sofie"), chat.person("rik")
    before = await asked(chat, "Wat kost de bib?", "karim")
    await chat.pass_time(minutes=1)
    await sofie.command(ON)
    an = await asked(chat, "Is de sporthal veilig?")
    await an.press("Alles gedaan")
    await an.press("Zaak afsluiten")
    await asked(chat, "Waar moet mijn kind naar de zwemles?", "an")
    await chat.pass_time(hours=3)
    await sofie.command("crisis uit")
    [report] = sofie.shown
    assert report.title == "Verslag van de crisis: brand in de sporthal"
    counts = {name: report.facts[name] for name in ("Zaken in die periode", "Daarvan over de crisis", "Nog open")}
    assert counts == {"Zaken in die periode": "2", "Daarvan over de crisis": "1", "Nog open": "1"}
    assert (report.facts["Antwoorden gegeven"], report.facts["Doorgegeven aan wie antwoordt"]) == ("0", "1")
    assert report.facts["Openbaar antwoorden"] == "2"
    over, told = await rik.inbox("#veiligheid")
    assert (over.title, told.title) == ("Crisis voorbij: brand in de sporthal", report.title)
    assert "Openbaar antwoord" in [title for title, _ in before.card.copies]
    closed = await an.sees(":an Zaak 2")
    assert [line.text[:10] for line in closed.lines] == ["Geef door "]
    await before.command("zaken")
    assert BANNER not in before.shown[0].says


async def test_publishers_are_the_municipalitys_choice(talk: Talk) -> None:
    """Named people, and the holders of other roles; the moderator who is one keeps the answers."""
    changes: dict[str, Any] = {
        "crisis": {
            "publishers": ["karim"], "roles": ["safety_policy"], "holding_statement": "{topic}: meer op {contact}.",
        }
    }  # fmt: skip
    async with talk(changes=changes) as chat:
        await chat.person("sofie").command(ON)
        karim = await asked(chat, "Wanneer zwemles?", "karim")
        assert "Openbaar antwoord" in [title for title, _ in karim.card.copies]
        an = await asked(chat, "Wanneer zwemles?")
        assert an.card.line("Geef door").text.startswith("Geef door aan Karim El Amrani en Rik Verbeke.")
        [card] = [item for item in await karim.inbox(":karim") if item.title.startswith("Crisis")]
        assert card.copies[0][1] == "brand in de sporthal: meer op https://www.torenbeek.example/contact."


async def test_another_process_knows_at_its_next_event(talk: Talk) -> None:
    """The switch lies in the database: a second bot on it holds answers at once, also after a restart."""
    async with talk() as one, talk() as other:
        await one.person("sofie").command(ON)
        an = await asked(other, "Wanneer zwemles?")
        assert an.card.says[0] == BANNER
        assert an.card.copies == ()


ENDS = sorted(TREE.outcomes)


@given(
    st.lists(st.sampled_from(ENDS), min_size=1, max_size=4),
    st.sampled_from(["own", "private", "external"]),
    st.sampled_from([Policy(), Policy(answer_channel="private", moderation_style="closing", answer_criticism="always")]),
)
@settings(max_examples=60, deadline=None)
def test_no_answer_is_ever_left_to_others(ends: list[str], place: Any, policy: Policy) -> None:
    """Whatever the comment is: save for what keeps people safe, no line answers, and at most one passes on; all else stays."""
    full = advise(TREE, policy, Situation(place=place), ends)
    held = hold_answers(full, ())
    answers = [todo for todo in held.steps if todo.kind in ("public_answer", "private_message")]
    assert all(todo.phase == "safety" for todo in answers)
    gone = [todo for todo in full.steps if todo not in held.steps]
    assert len([todo for todo in held.steps if todo.id == WAITING_LINE]) == bool(gone)
    assert all(todo.kind in ("public_answer", "private_message") for todo in gone)
    assert hold_answers(full, [todo.id for todo in full.steps]) == full
