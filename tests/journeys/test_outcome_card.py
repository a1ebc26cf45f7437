"""The walk and its card: back, something else too, the merged list, ticks and waivers, replies, flags and selects, closing."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from bot.tables import comments, private_flags, strikes
from flows.effects import Advise
from flows.policy import Policy
from flows.tree import PHASES, TREES, load_tree
from flows.walk import Situation, advise
from tests.journeys.chat import Chat, Person
from tests.journeys.conftest import IN_A_BROWSER

TREE = load_tree(TREES / "lokaal-bestuur")


async def walked(chat: Chat, text: str, *labels: str, who: str = "an") -> Person:
    """Somebody who pasted a comment and answered."""
    person = chat.person(who)
    await person.paste(text)
    for label in labels:
        await person.press(label)
    return person


async def settled(person: Person, *but: str) -> None:
    """Tick every line that is open, save those that hold one of ``but``."""
    for line in person.card.lines:
        if line.state in ("open", "blocked") and not any(part in line.text for part in but):
            await person.press(line.text)


# Back


async def test_back_undoes_one_answer_at_a_time(chat: Chat) -> None:
    """Every question but the first offers Terug; the path shows what was answered."""
    an = await walked(chat, "Boe", "Negatief", "Ruzie of discussie")
    assert "Je keuzes: Negatief › Ruzie of discussie" in an.card.says
    await an.press("Terug")
    assert "Wat maakt het negatief?" in an.card.says
    await an.press("Terug")
    assert "Wat zie je in dit bericht?" in an.card.says
    assert "Terug" not in an.card.labels()


async def test_back_within_fifteen_seconds_tells_nobody(chat: Chat) -> None:
    """The escalation was only announced; after Terug nobody hears of it, and a different answer counts."""
    an = await walked(chat, "Ik sla je", "Bedreiging of misdrijf")
    assert "over 15 seconden" in an.card.facts["Op de hoogte"]
    await chat.pass_time(seconds=14)
    await an.press("Terug")
    await chat.pass_time(seconds=30)
    assert await chat.person("sofie").inbox("#communicatie") == []
    await an.press("Iemand in nood of acuut gevaar")
    await an.press("Terug")
    await an.press("Bedreiging of misdrijf")
    await chat.pass_time(seconds=15)
    assert len(await chat.person("sofie").inbox("#communicatie")) == 1


async def test_back_later_retracts(chat: Chat) -> None:
    """Who was told reads that it is withdrawn, the buttons are gone; the same answer again opens the same thread."""
    an, sofie = await walked(chat, "Ik sla je", "Bedreiging of misdrijf"), chat.person("sofie")
    await chat.pass_time(seconds=16)
    await sofie.press("Ik neem dit op", on="#communicatie")
    await an.press("Terug")
    assert "Wat zie je in dit bericht?" in an.card.says
    head, *notes = await sofie.inbox("#communicatie")
    assert head.title == "Zaak 1 · ingetrokken"
    assert head.labels() == []
    assert notes[-1].says == ("Zaak 1 is ingetrokken: de moderator koos een andere weg.",)
    await an.press("Bedreiging of misdrijf")
    await chat.pass_time(seconds=16)
    heads = [item.title for item in await sofie.inbox("#communicatie") if item.title]
    assert heads == ["Zaak 1 · Bedreiging of misdrijf"]


async def test_back_after_an_outcome_forgets_its_ticks(chat: Chat) -> None:
    """Ticks belong to the outcome that asked for them; the same outcome again starts with its lines open."""
    an = await walked(chat, "Dank je", "Positief")
    await an.press("Alles gedaan")
    assert {line.state for line in an.card.lines} == {"done"}
    await an.press("Terug")
    await an.press("Positief")
    assert {line.state for line in an.card.lines} == {"open"}


async def test_an_old_button_changes_nothing(chat: Chat) -> None:
    """A copy of an earlier card stays clickable; what it asks is refused and the card as it is comes back."""
    an = await walked(chat, "Boe", "Negatief")
    old = next(item for item in an.card.controls if item.label == "Boos of bezorgd")
    back = next(item for item in an.card.controls if item.label == "Terug")
    await an.press("Ruzie of discussie")
    for control in (old, back):
        heard = await chat.driver.press("an", control)
        assert heard.refused
        assert heard.note == "Die knop hoort bij een vorige stap. Hieronder staat de kaart zoals ze nu is."
        assert heard.card is not None
        assert "Hoe verloopt de discussie?" in heard.card.says


# Something else in this comment too


async def test_something_else_in_the_same_comment(chat: Chat) -> None:
    """The hidden insult still gets its question answered, privately; each step stands once, hide before answer."""
    an = await walked(chat, "Luie zakken! Wanneer komt de vuilkar?", "Negatief", "Belediging, pesten of seksueel")
    await an.press("Ja, grof of bewust kwetsend")
    await an.press("Vraag", on="Ook nog iets anders in dit bericht")
    assert "Wie kan antwoorden?" in an.card.says
    await an.press("Ik, openbaar")
    assert an.card.title == "Zaak 1 · Kwetsende taal + Openbaar antwoord" or " + " in an.card.title
    assert len([line for line in an.card.lines if "privébericht" in line.text.lower()]) == 1
    assert [title for title, _ in an.card.copies].count("Privébericht") == 1
    private = next(text for title, text in an.card.copies if title == "Privébericht")
    assert "Dank je voor je vraag!" in private
    assert "Hier Niet" in private
    assert an.card.tone == "danger"


async def test_at_most_three_more(chat: Chat) -> None:
    """Four things in one comment is the most; the fourth time nothing more is offered, and Terug takes one away."""
    an = await walked(chat, "Van alles", "Positief")
    for _ in range(3):
        await an.press("Melding", on="Ook nog iets anders in dit bericht")
    assert "Ook nog iets anders in dit bericht" not in an.card.text
    await an.press("Terug")
    assert "Ook nog iets anders in dit bericht" in an.card.text


async def test_a_case_with_an_open_question_does_not_close_by_itself(chat: Chat) -> None:
    """A comment that can be left closes by itself, but not while something else in it is being looked at."""
    an = await walked(chat, "Sterkte!", "Neutraal", "Medeleven")
    await an.press("Vraag", on="Ook nog iets anders in dit bericht")
    await chat.pass_time(seconds=20)
    assert "Wie kan antwoorden?" in an.card.says
    await an.press("Terug")
    await chat.pass_time(seconds=20)
    assert "gesloten" in an.card.title


def test_a_merged_list_keeps_every_thing_to_look_at_again() -> None:
    """What to keep an eye on, and until when, differs by outcome: each such line stays; the very same one stands once."""
    for outcomes in combinations(sorted(TREE.outcomes), 2):
        asked = [(todo.word, str(todo.after)) for name in outcomes for todo in _adviced([name]).steps if todo.kind == "monitor"]
        kept = [(todo.word, str(todo.after)) for todo in _adviced(outcomes).steps if todo.kind == "monitor"]
        assert set(kept) == set(asked), outcomes
        assert len(kept) == len(set(kept)), outcomes


def test_nothing_is_shown_again_where_nothing_can_be_hidden() -> None:
    """Where a platform cannot hide, what was deleted does not come back: no line promises it."""
    words = TREE.said("nl")
    for name in TREE.outcomes:
        advice = advise(TREE, Policy(), Situation(can_hide=False, house_rule="insult"), [name])
        said = [words.outcomes[name].steps.get(todo.word, "") for todo in advice.steps]
        assert not any("Toon de reactie weer" in text for text in said), name


def _adviced(outcomes: Sequence[str]) -> Advise:
    situation = Situation(department="milieu", ground="age", house_rule="insult", earlier_strikes=2)
    return advise(TREE, Policy(), situation, outcomes)


@pytest.mark.parametrize("size", [2, 3])
def test_a_merged_list_keeps_what_each_part_asks(size: int) -> None:
    """Of every set of outcomes: safety, evidence, hide, tell, answer; each kind of step once; the earliest and the strictest win."""
    strictest = ["modereer", "koppel door", "bied hulp", "volg op"]
    names = sorted(TREE.outcomes)
    sets = list(combinations(names, size))
    for outcomes in sets if size == 2 else sets[::23]:
        merged, parts = _adviced(outcomes), [_adviced([name]) for name in outcomes]
        phases = [PHASES.index("hide" if todo.instead_of_hide else todo.phase) for todo in merged.steps]
        assert phases == sorted(phases), outcomes
        assert len({todo.id for todo in merged.steps}) == len(merged.steps), outcomes
        kinds = [todo.kind for todo in merged.steps]
        for once in ("evidence", "hide", "delete", "block", "close_comments", "private_message", "report_platform"):
            assert kinds.count(once) <= 1 or any(  # a list of its own may hold two, and keeps them
                [todo.kind for todo in part.steps].count(once) > 1 for part in parts
            ), (outcomes, once)
        assert kinds.count("private_message") <= 1, outcomes
        hidden = {"hide", "delete"} & set(kinds)
        for part in parts:
            assert {"hide", "delete", "evidence", "block"} & {todo.kind for todo in part.steps} <= set(kinds), outcomes
            answers = {"private_message", "public_answer"}
            if hidden and answers & {todo.kind for todo in part.steps}:
                assert answers & set(kinds), outcomes
        assert set(merged.tells) == {role for part in parts for role in part.tells}, outcomes
        assert merged.disposition == min((part.disposition for part in parts), key=strictest.index)
        clocks = [part.deadline.clock for part in parts if part.deadline]
        assert ("now" in clocks) == (merged.deadline is not None and merged.deadline.clock == "now"), outcomes
        assert merged.strike == max((part.strike for part in parts), key=["never", "waivable", "always"].index)


# The checklist


async def test_tick_untick_and_all_done(chat: Chat) -> None:
    """A tick says who and when; it can be taken back; Alles gedaan leaves what cannot be undone, and what is promised to others."""
    an = await walked(chat, "Haat", "Negatief", "Haat of discriminatie", "Ja")
    await an.press("Burgerzaken en welzijn", on="Dienst")
    await an.press("Verberg")
    hide = an.card.line("Verberg")
    assert (hide.state, hide.note) == ("done", "Gedaan door An Peeters, vandaag 10:00")
    await an.press("Verberg")
    assert an.card.line("Verberg").state == "open"
    await an.press("Alles gedaan")
    left = [line.text for line in an.card.lines if line.state == "open"]
    assert len(left) == 3, left
    assert [word for word in ("Rapporteer", "Verwijder", "lokkeer") if any(word in text for text in left)] == [
        "Rapporteer",
        "Verwijder",
        "lokkeer",
    ]
    await an.press("Zaak afsluiten")
    assert an.note == "Nog niet alles is afgevinkt (3 over). Vink het af, of zeg waarom je het overslaat."


@IN_A_BROWSER
async def test_waiving_needs_a_reason(chat: Chat) -> None:
    """Ready reasons in one press, or one's own in a form; an empty one is no reason; all of it is logged."""
    an = await walked(chat, "Kijk eens", "Negatief", "Spam, reclame of phishing", "Phishing of oplichting")
    await an.press("Kan niet op dit platform", on="Rapporteer")
    assert an.card.line("Rapporteer").state == "waived"
    assert "Kan niet op dit platform" in an.card.line("Rapporteer").note
    await an.press("Andere reden…", on="Waarschuw")
    await an.fill({"Waarom sla je dit over?": "   "})
    assert (an.refused, an.note) == (True, "Geef kort een reden.")
    await an.press("Andere reden…", on="Waarschuw")
    await an.fill({"Waarom sla je dit over?": "De politie waarschuwt zelf al"})
    assert "De politie waarschuwt zelf al" in an.card.text
    await an.command("zaak 1")
    record = an.shown[0]
    assert "De politie waarschuwt zelf al" in record.quotes
    assert sum("sloeg over" in value for value in record.facts.values()) >= 1 or "sloeg over" in record.text


async def test_nothing_is_deleted_before_the_evidence(chat: Chat) -> None:
    """Deleting and blocking wait for the evidence line, done or waived; after deleting, that tick stays."""
    an = await walked(chat, "Haat", "Negatief", "Haat of discriminatie", "Ja")
    assert [line.state for line in an.card.lines if "Verwijder" in line.text or "lokkeer" in line.text] == ["blocked", "blocked"]
    assert an.card.line("Verwijder").note.endswith("eerst de stap met het bewijs")
    lines = [item.label for item in an.card.controls if item.kind == "line"]
    assert not any("Verwijder" in label for label in lines)
    await an.press("Bewaar het bewijs")
    await an.press("Verwijder")
    await chat.person("tom").press("Bevestigen", on="#moderatieteam")
    assert an.card.line("Verwijder").state == "done"
    await an.press("Bewaar het bewijs")
    assert an.refused
    assert an.card.line("Bewaar het bewijs").state == "done"


async def test_where_nothing_can_be_hidden_hiding_becomes_deleting(chat: Chat) -> None:
    """On LinkedIn, with the evidence before it, and with what deleting leaves behind said beside it."""
    an = chat.person("an")
    await an.command("")
    await an.fill({"Tekst van de reactie": "Koop nu", "Platform": "LinkedIn"})
    for label in ("Negatief", "Spam, reclame of phishing", "Reclame"):
        await an.press(label)
    assert [line.state for line in an.card.lines] == ["open", "blocked"]
    assert "Verbergen kan hier niet: verwijder de reactie." in an.card.lines[1].text
    assert any("ongedaan" in said for said in an.card.says)


async def test_the_card_says_what_each_step_leaves_behind(chat: Chat) -> None:
    """On Facebook the author's friends still see what is hidden; every answer makes the comment more visible."""
    an = await walked(chat, "Sukkels", "Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend")
    assert any("zijn vrienden zien de reactie nog" in said for said in an.card.says)
    assert any("meelezers" in said for said in an.card.says)


async def test_the_reply_mirrors_je_and_u(chat: Chat) -> None:
    """A citizen who writes u reads u; the moderator can turn it, and write their own; empty goes back to the proposal."""
    an = await walked(chat, "Kunt u mij zeggen wanneer u open bent?", "Neutraal", "Klacht")
    assert "Vult u het klachtenformulier in?" in an.card.copies[0][1]
    await an.press("Spreek aan met je")
    assert "Vul je het klachtenformulier in?" in an.card.copies[0][1]
    await an.press("Tekst aanpassen")
    assert an.form is not None
    assert an.form.fields[0].value == an.card.copies[0][1]
    await an.fill({"Tekst voor de burger": "We bellen je morgen."})
    assert an.card.copies[0] == ("Openbaar antwoord", "We bellen je morgen.")
    await an.press("Tekst aanpassen")
    await an.fill({"Tekst voor de burger": ""})
    assert "klachtenformulier" in an.card.copies[0][1]
    karim = await walked(chat, "Wanneer zijn jullie open?", "Neutraal", "Klacht", who="karim")
    assert "Vul je het klachtenformulier in?" in karim.card.copies[0][1]


async def test_a_house_rule_has_its_own_time(chat: Chat) -> None:
    """What the citizen is promised, what the line says and when the bot comes back are the same hours; without a rule all still reads."""
    an = await walked(chat, "Sukkels", "Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend")
    assert any("Kijk na 24 uur opnieuw" in line.text for line in an.card.lines)
    await an.press("Ruzie zoeken of op de persoon spelen", on="Huisregel")
    due = chat.now + timedelta(hours=12)
    [again] = [line for line in an.card.lines if "Kijk na 12 uur opnieuw" in line.text]
    assert f"{due.astimezone(ZoneInfo('Europe/Brussels')):%H:%M}" in again.note
    assert all("binnen 12 uur" in text for _, text in an.card.copies)
    await an.press("Nog geen huisregel", on="Huisregel")
    assert "huisregels (respect voor elkaar)" in an.card.copies[1][1]


async def test_selects_are_preselected_by_words_and_answers(chat: Chat) -> None:
    """The department by the comment's own words, the house rule by the answers; both can be changed."""
    an = await walked(chat, "Het fietspad ligt vol glas, al die jongeren ook", "Negatief", "Haat of discriminatie")
    await an.press("Nee, maar het kwetst een groep")
    assert an.card.chosen == {"Huisregel": "Veralgemenen over een groep", "Beschermd criterium": "Geen of niet duidelijk"}
    assert an.card.facts["Tegen wanneer"] == "Nu"
    await an.press("Belediging of grof taalgebruik", on="Huisregel")
    assert an.card.facts["Tegen wanneer"] == "wo 18 nov 10:00"
    for label in ("Nog geen huisregel", "Terug", "Terug", "Terug"):
        await an.press(label)
    for label in (*INSULT, "Terug", "Terug", "Ruzie of discussie", "Persoonlijke aanvallen"):
        await an.press(label)
    assert an.card.chosen["Huisregel"] == "Ruzie zoeken of op de persoon spelen"
    karim = await walked(chat, "Het fietspad ligt vol glas", "Neutraal", "Melding", who="karim")
    assert karim.card.chosen["Dienst"] == "Mobiliteit en wegen"
    await karim.press("Milieu en groen", on="Dienst")
    assert karim.card.chosen["Dienst"] == "Milieu en groen"


async def test_flags_change_what_follows(chat: Chat) -> None:
    """Dringend turns a report into one for now; the conspiracy tick answers the emotion too; both can be undone."""
    an = await walked(chat, "Gaslek op het plein", "Neutraal", "Melding")
    assert an.card.facts["Tegen wanneer"] != "Nu"
    await an.press("Dringend")
    assert an.card.toggles["Dringend"]
    assert an.card.facts["Tegen wanneer"] == "Nu"
    await an.press("Dringend")
    assert an.card.facts["Tegen wanneer"] == "wo 18 nov 10:00"
    karim = await walked(chat, "Ze verzwijgen alles", "Negatief", "Onjuiste informatie", "Ja", who="karim")
    before = karim.card.copies
    await karim.press("Opzet of complot")
    assert karim.card.copies != before


async def test_what_weighs_stays_private_and_goes(chat: Chat) -> None:
    """The private ticks show support and a hand-over to that moderator alone, leave no trace, and are gone at closing."""
    an = await walked(chat, "Ik weet waar jullie wonen, Bert", "Neutraal", "Medeleven")
    await an.press("Dit weegt op mij")
    await an.press("Collega of mandataris geviseerd")
    assert any("Inge Lambrecht" in said and "Dirk Goossens" in said for said in an.card.says)
    assert "Karim El Amrani" in an.card.labels("option")
    sofie = chat.person("sofie")
    await sofie.command("zaken")
    await sofie.command("zaak 1")
    for word in ("weegt", "geviseerd"):
        assert word not in sofie.shown[0].text
    assert await chat.stored(lambda conn: conn.execute(select(func.count()).select_from(private_flags)).scalar_one()) == 2
    await an.press("Zaak afsluiten")
    assert "gesloten" in an.card.title
    assert await chat.stored(lambda conn: conn.execute(select(func.count()).select_from(private_flags)).scalar_one()) == 0


async def test_a_case_can_be_handed_over_without_questions(chat: Chat) -> None:
    """The other moderator finds it in their own messages; the first card says thank you and can do nothing more."""
    an, karim = await walked(chat, "Vuile praat", "Negatief", "Boos of bezorgd"), chat.person("karim")
    old = next(item for item in an.card.controls if item.label == "Alles gedaan")
    await an.press("Dit weegt op mij")
    await an.press("Karim El Amrani", on="Geef de zaak door aan")
    assert an.note == "De zaak is nu bij Karim El Amrani."
    assert any("zorg goed voor jezelf" in said for said in an.card.says)
    assert an.card.labels() == []
    heard = await chat.driver.press("an", old)
    assert (heard.refused, "Karim El Amrani" in heard.note) == (True, True)
    await karim.press("Alles gedaan", on="Zaak 1")
    assert not karim.refused
    assert "weegt" not in " ".join(name for name, on in karim.card.toggles.items() if on)


# Closing


async def pasted_by(chat: Chat, handle: str, *labels: str) -> Person:
    """A walk on a comment whose author is known."""
    an = chat.person("an")
    await an.command("")
    await an.fill({"Tekst van de reactie": "Sukkels van de dienst", "Naam van het account": handle, "Platform": "Facebook"})
    for label in labels:
        await an.press(label)
    return an


INSULT = ("Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend")


async def test_closing_records_at_most_one_strike_and_forgets_the_handle(chat: Chat) -> None:
    """A strike per case, counted on the next card of the same author; the clear handle is gone; the card says until when it is kept."""
    an = await pasted_by(chat, "Jan.Modaal", *INSULT)
    assert an.card.facts["Waarschuwing"] == "Dit zou de 1ste van 3 zijn"
    await an.press("Vraag", on="Ook nog iets anders in dit bericht")
    await an.press("Ik, openbaar")
    await settled(an)
    await settled(an)
    await an.press("Zaak afsluiten")
    assert "gesloten" in an.card.title, an.note
    assert an.card.facts["Gesloten"] == "vandaag 10:00"
    assert an.card.facts["Bewaard tot"] == "17 november 2027"
    assert "Jan.Modaal" not in an.card.text
    assert await chat.stored(lambda conn: list(conn.execute(select(comments.c.handle)).scalars())) == [""]
    rows = await chat.stored(lambda conn: conn.execute(select(strikes)).all())
    assert len(rows) == 1
    assert "modaal" not in rows[0].author.lower()
    old = next(item for item in an.card.controls if item.label == "Zelfde afhandeling voor de volgende")
    assert old is not None
    again = await pasted_by(chat, "jan.modaal", *INSULT)
    assert again.card.facts["Waarschuwing"] == "Dit zou de 2de van 3 zijn"
    assert "Communicatieverantwoordelijke" in again.card.facts["Op de hoogte"]
    await again.press("Zonder slechte bedoeling: geen waarschuwing")
    await settled(again)
    await settled(again)
    await again.press("Zaak afsluiten")
    assert len(await chat.stored(lambda conn: conn.execute(select(strikes)).all())) == 1


@pytest.mark.parametrize("outcome", sorted(TREE.structure.never_strike))
async def test_some_outcomes_never_make_a_strike(chat: Chat, outcome: str) -> None:
    """Help, honest mistakes, feelings and opinions: closing such a case counts nothing against anybody."""
    path = next(path for path, end in TREE.paths("begin") if end == outcome)
    labels = [TREE.words["nl"].questions[question].choices[choice] for question, choice in path]
    an = await pasted_by(chat, "Jan", *labels)
    if "Dienst" in an.card.chosen:
        await an.press("Vrije tijd", on="Dienst")
    await settled(an)
    await settled(an)
    await an.press("Zaak afsluiten")
    assert "gesloten" in an.card.title, an.note
    assert await chat.stored(lambda conn: conn.execute(select(strikes)).all()) == []


async def test_a_crime_is_kept_longer(chat: Chat) -> None:
    """Evidence of a reported crime: five years."""
    an = await walked(chat, "Ik sla je", "Bedreiging of misdrijf")
    await an.press("Vrije tijd", on="Dienst")
    await settled(an)
    await an.press("Zaak afsluiten")
    assert an.card.facts["Bewaard tot"] == "17 november 2031"


async def test_a_closed_case_stays_as_it_is(chat: Chat) -> None:
    """An old copy of its card is refused with the day it closed."""
    an = await walked(chat, "Sterkte", "Neutraal", "Medeleven")
    controls = an.card.controls
    await chat.pass_time(seconds=16)
    assert "gesloten" in an.card.title
    for control in controls:
        heard = await chat.driver.press("an", control)
        if control.label != "Zelfde afhandeling voor de volgende":
            assert heard.refused, control
            assert "gesloten" in heard.note, control


async def test_no_picture_of_a_minor_or_of_intimacy_is_kept(chat: Chat) -> None:
    """What was uploaded before is dropped with the answer, what is uploaded after never comes in; also when a colleague decides it."""
    an = chat.person("an")
    picture = b"\x89PNG\r\n\x1a\n"
    for labels in (("Persoonsgegevens of intiem beeld", "Mogelijk een minderjarige in beeld"), ("Ik weet het niet",)):
        await an.paste("Kijk", pictures=[picture])
        assert "Screenshot 1" in an.card.says
        for label in labels:
            await an.press(label)
    await chat.pass_time(seconds=16)
    sofie = chat.person("sofie")
    await sofie.press("Beslissing", on="Zaak 2")
    await sofie.fill({"Wat doen we?": "minderjarige", "Waarom?": "Dit is een kind"})
    assert not sofie.refused, sofie.note
    assert "Screenshot 1" not in an.card.says
    await an.press("Gegevens aanvullen")
    await an.fill({}, pictures=[picture])
    assert "Screenshot 1" not in an.card.says
    for number in (1, 2, 3):
        assert await chat.antenne.picture("an", number) is None
