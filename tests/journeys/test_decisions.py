"""Decisions: measure, rule and reason, revised and undone with a trace; and the second person for what cannot be undone."""

import random
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from bot.case import State
from bot.tables import cases
from flows.policy import Policy
from flows.tree import TREES, load_tree
from flows.walk import KINDS, NOT_AT, Situation, advise, main_measure, may_block, measured, measures
from tests.journeys.chat import Chat, Person
from tests.journeys.conftest import IN_A_BROWSER, Talk

TREE = load_tree(TREES / "lokaal-bestuur")
REMOVED = {"hide", "delete", "block", "close_comments"}
HERE = "#communicatie"


async def doubted(chat: Chat, text: str = "Hm", *labels: str) -> Person:
    """A case that waits for a decision, its threads open."""
    an = chat.person("an")
    await an.paste(text)
    for label in labels or ("Ik weet het niet",):
        await an.press(label)
    await chat.pass_time(seconds=16)
    return an


async def decided(person: Person, outcome: str, reason: str = "Daarom", here: str = HERE, **more: str) -> None:
    """Somebody who decides in the thread that they see."""
    await person.press("Beslissing", on=here)
    await person.fill({"outcome": outcome, "reason": reason} | more)


async def state(chat: Chat, number: int = 1) -> State:
    """The case as it is kept."""
    kept = await chat.stored(lambda conn: conn.execute(cases.select().where(cases.c.id == number)).one().state)
    return State.model_validate_json(kept)


# What a decision says


@IN_A_BROWSER
async def test_a_decision_names_measure_rule_and_reason(chat: Chat) -> None:
    """All three stand on the moderator's card, in the thread and in the timeline; the steps follow the measure."""
    an, sofie = await doubted(chat), chat.person("sofie")
    await decided(sofie, "gedragscode", "Kwetst een groep", measure="Verbergen", rule="generalising")
    ground = "Maatregel: Verbergen · huisregel: Veralgemenen over een groep"
    for card in (an.card, (await sofie.inbox(HERE))[0]):
        assert ground in card.says
        assert "Kwetst een groep" in card.quotes
    assert an.card.chosen["Huisregel"] == "Veralgemenen over een groep"
    assert any("Verberg" in line.text for line in an.card.lines)
    assert not any("erwijder" in line.text for line in an.card.lines)
    await an.command("zaak 1")
    assert "Kwetst een groep" in an.shown[0].quotes


async def test_the_form_groups_the_outcomes(chat: Chat) -> None:
    """Not one flat list: what comes down to the same stands together; measures that cannot be taken here are not offered."""
    await doubted(chat)
    sofie = chat.person("sofie")
    await sofie.press("Beslissing", on=HERE)
    assert sofie.form is not None
    form = {item.name: [label for _, label in item.options] for item in sofie.form.fields}
    assert form["measure"] == [
        "Wat bij die keuze hoort", "Laten staan", "Antwoorden", "Verbergen", "Verwijderen", "De schrijver blokkeren", "De reacties sluiten",
        "Melden of rapporteren",
    ]  # fmt: skip
    order = [value for value, _ in next(item for item in sofie.form.fields if item.name == "outcome").options]
    dispositions = [advise(TREE, chat.antenne.organisation.policy, Situation(), (name,)).disposition for name in order]
    assert dispositions == sorted(dispositions, key=["modereer", "volg op", "bied hulp", "koppel door"].index)
    assert sofie.form.fields[2].options[0][1] == "De regel die bij die keuze hoort"


async def test_leaving_it_takes_the_hiding_away(chat: Chat) -> None:
    """Somebody may judge that it breaks the rules and still leave it; the moderator then hides nothing."""
    an = await doubted(chat)
    await decided(chat.person("sofie"), "gedragscode", measure="leave")
    assert not any(word in line.text for line in an.card.lines for word in ("Verberg", "erwijder", "lokkeer"))
    await decided(chat.person("sofie"), "kritiek", measure="delete")
    assert [an.card.line("Verwijder de reactie").state, an.card.line("Bewaar het bewijs").state] == ["blocked", "open"]


async def test_what_takes_a_comment_away_rests_on_a_rule(chat: Chat) -> None:
    """The decision names the rule that was chosen, else the one that goes with the choice; what may stay needs none."""
    an, sofie = await doubted(chat), chat.person("sofie")
    for outcome, chosen, rule in (("kritiek", "", ""), ("privacy", "", "personal_data"), ("gedragscode", "bullying", "bullying")):
        await decided(sofie, outcome, rule=chosen)
        assert (await state(chat)).decisions[-1].rule == rule
    assert any("huisregel: Pesten" in said for said in an.card.says)


async def test_no_block_before_its_time(chat: Chat) -> None:
    """A first insult is no ground to block; a crime is, where policy overrides."""
    an, sofie = await doubted(chat), chat.person("sofie")
    await decided(sofie, "gedragscode", measure="block")
    assert sofie.refused
    assert (
        sofie.note
        == "Blokkeren kan nog niet: de schrijver heeft 0 van 3 waarschuwingen, en dit is geen misdrijf of vals account."
    )
    await decided(sofie, "strafbaar", measure="block")
    assert not sofie.refused
    assert any("lokkeer" in line.text for line in an.card.lines)


# Revised, undone, never overwritten


async def test_a_decision_is_taken_back_with_a_reason(chat: Chat) -> None:
    """The one before counts again; all of it stays to be read; the moderator gets the steps of what now stands."""
    an, sofie = await doubted(chat), chat.person("sofie")
    for outcome in ("medeleven", "kritiek"):
        await decided(sofie, outcome, f"Want {outcome}")
    await sofie.press("Beslissing terugdraaien", on=HERE)
    await sofie.fill({"reason": "Vergist"})
    assert an.card.title == "Zaak 1 · Medeleven"
    assert "Sofie Maes draaide die beslissing terug (vandaag 10:00)" in an.card.says
    assert {"Want medeleven", "Want kritiek", "Vergist"} <= set(an.card.quotes)
    await sofie.press("Beslissing terugdraaien", on=HERE)
    await sofie.fill({"reason": "Ook"})
    assert an.card.title == "Zaak 1 · Samen beslissen"
    head = (await sofie.inbox(HERE))[0]
    assert "Beslissing terugdraaien" not in head.labels()
    assert "Wat doen we met deze reactie? Druk op Beslissing en kies." in head.says
    assert head.labels()[0] == "Beslissing"  # first comes what the question asks for
    assert [item.undoes for item in (await state(chat)).decisions] == [False, False, True, True]


async def test_decisions_only_grow(chat: Chat) -> None:
    """Whatever people press in whatever order, what was decided before stays as it was."""
    an, people = await doubted(chat), [chat.person("sofie"), chat.person("tom")]
    chance, before = random.Random(7), (await state(chat)).decisions
    for _ in range(14):
        who = chance.choice(people)
        what = chance.choice(["Beslissing", "Beslissing", "Beslissing terugdraaien", "Terug"])
        if what == "Terug":
            await an.press("Terug")
            await an.press("Ik weet het niet")
            await chat.pass_time(seconds=16)
        elif what in (await who.inbox(HERE))[0].labels():
            await who.press(what, on=HERE)
            outcome = {"outcome": chance.choice(["kritiek", "medeleven", "strafbaar"])} if what == "Beslissing" else {}
            await who.fill({"reason": "Daarom"} | outcome)
        now = (await state(chat)).decisions
        assert now[: len(before)] == before
        before = now
    assert len(before) > 4


async def test_a_role_that_ended_a_minute_ago_decides_nothing(talk: Talk) -> None:
    """The form was open while somebody else became the lead: what counts is who holds the role when it is sent."""
    async with talk() as chat:
        await doubted(chat)
        sofie = chat.person("sofie")
        await sofie.press("Beslissing", on=HERE)
        form, at = sofie.form, chat.now
    changes = {"roles": {"communications_lead": {"holders": ["griet"], "deputy": "tom"}, "moderation_team": {"deputy": "griet"}}}
    async with talk(changes=changes, at=at + timedelta(minutes=1)) as chat:
        assert form is not None
        heard = await chat.driver.submit("sofie", form, {"outcome": "kritiek", "reason": "Mag"}, ())
        assert heard.refused
        assert heard.note.startswith("Beslissen kan hier alleen de communicatieverantwoordelijke")
        assert (await state(chat)).decisions == ()


# The second person


@IN_A_BROWSER
async def test_deleting_a_crime_takes_two(chat: Chat) -> None:
    """One proposes, somebody of the team confirms; both names stay; the same person is never both."""
    an, tom = await doubted(chat, "Haat", "Negatief", "Haat of discriminatie", "Ja"), chat.person("tom")
    await an.press("Bewaar het bewijs")
    assert an.card.line("Verwijder het bericht").note.endswith("vraagt een tweede persoon: Sociale mediateam")
    await an.press("Verwijder het bericht")
    assert an.card.line("Verwijder het bericht").state == "open"
    assert an.card.line("Verwijder het bericht").note.endswith(
        "voorgesteld door An Peeters; iemand anders bevestigt (Sociale mediateam)"
    )
    await an.press("Verwijder het bericht")
    assert (an.refused, an.note) == (True, "Jij stelde dit zelf voor. Iemand anders moet het bevestigen.")
    card = await tom.sees("#moderatieteam Zaak 1 · een tweede persoon gevraagd")
    assert card.quotes == ("Haat",)
    await tom.press("Bevestigen", on="een tweede persoon gevraagd")
    assert an.card.line("Verwijder het bericht").note == "Gedaan door Tom Willems, vandaag 10:00 · voorgesteld door An Peeters"
    assert (await tom.sees("#moderatieteam Zaak 1 · een tweede persoon gevraagd")).labels() == []


async def test_the_second_person_may_say_no(chat: Chat) -> None:
    """With a reason, which the moderator reads; nothing is done, and it can be proposed again."""
    an, tom = await doubted(chat, "Haat", "Negatief", "Haat of discriminatie", "Ja"), chat.person("tom")
    await an.press("Bewaar het bewijs")
    await an.press("Verwijder het bericht")
    await tom.press("Niet akkoord", on="een tweede persoon gevraagd")
    await tom.fill({"reason": "Eerst wachten op het parket"})
    assert an.card.line("Verwijder het bericht").note.endswith("vraagt een tweede persoon: Sociale mediateam")
    note = [item.sheet for item in await an.messages(":an") if item.under is not None][-1]
    assert note.says[0].startswith("Tom Willems is niet akkoord met een stap die je voorstelde.")
    await an.command("zaak 1")
    assert "Eerst wachten op het parket" in an.shown[0].quotes
    await an.press("Zaak afsluiten", on="Zaak 1")
    assert an.refused


async def test_who_decided_on_it_is_the_first_of_the_two(chat: Chat) -> None:
    """The lead decides to delete, the moderator does it: two people; the lead alone does not."""
    an, sofie = await doubted(chat), chat.person("sofie")
    await decided(sofie, "strafbaar", measure="delete")
    await an.press("Bewaar het bewijs")
    line = next(item for item in an.card.controls if item.kind == "line" and "Verwijder het bericht" in item.label)
    assert (await chat.driver.press("sofie", line)).refused
    await an.press("Verwijder het bericht")
    assert an.card.line("Verwijder het bericht").note.endswith("voorgesteld door Sofie Maes")


@pytest.mark.parametrize("setting", ["moderator", "team"])
async def test_policy_says_whether_it_takes_two(talk: Talk, setting: str) -> None:
    """`who_deletes_criminal: moderator` leaves it to one."""
    async with talk(changes={"policy": {"who_deletes_criminal": setting}}) as chat:
        an = await doubted(chat, "Haat", "Negatief", "Haat of discriminatie", "Ja")
        await an.press("Bewaar het bewijs")
        await an.press("Verwijder het bericht")
        assert (an.card.line("Verwijder het bericht").state == "done") == (setting == "moderator")


async def test_never_the_same_person_twice(chat: Chat) -> None:
    """Everybody presses every such line in every order: when it is done, two different people did it."""
    for number, (one, other) in enumerate(product(("an", "sofie", "tom", "karim"), repeat=2), 1):
        an = chat.person("an")
        await an.paste(f"Haat {number}")
        for label in ("Negatief", "Haat of discriminatie", "Ja"):
            await an.press(label)
        await an.press("Bewaar het bewijs")
        line = next(item for item in an.card.controls if item.kind == "line" and "Verwijder het bericht" in item.label)
        for person in (one, other):
            await chat.driver.press(person, line)
        done = (await state(chat, number)).items.get("verwijderen")
        allowed = one not in (other, "karim") and other in ("sofie", "tom")
        assert (done is not None) == allowed, (one, other)
        if done is not None:
            assert {done.by, done.first} == {one, other}


# Whatever is decided


@pytest.mark.parametrize("place", ["own", "private", "external"])
@pytest.mark.parametrize("strikes", [0, 1, 2, 5])
def test_every_measure_on_every_outcome(place: Any, strikes: int) -> None:
    """The line of the measure stands there and must be done; leaving it takes nothing away from sight; ids stay apart; a block comes
    only at the configured number, for a crime or for a fake account."""
    policy, situation = Policy(), Situation(place=place, earlier_strikes=strikes)
    for name, end in TREE.outcomes.items():
        advice = advise(TREE, policy, situation, (name,))
        possible = measures(TREE, policy, situation, (name,))
        early = end.strike == "never" or strikes + 1 < policy.strikes.block_at
        assert ("block" in possible) <= (not early or end.criminal or end.fake_account)
        assert may_block(TREE, policy, situation, (name,)) or "block" not in possible
        assert main_measure(advice) in (*possible, "block")
        for measure in possible:
            then = measured(advice, measure, policy, situation)
            kinds = {todo.kind for todo in then.steps if not todo.optional}
            assert not KINDS[measure] or kinds & set(KINDS[measure])
            assert not kinds & NOT_AT[place]
            assert len({todo.id for todo in then.steps}) == len(then.steps)
            if measure in ("leave", "answer"):
                assert not {todo.kind for todo in then.steps} & REMOVED
