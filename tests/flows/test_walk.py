"""Walking: every path of the default tree against its approved advice, and what always holds whatever is answered or decided."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from random import Random
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from flows.effects import Advise, Ask, DropImages, Effect, Escalate, LogSignal, OpenDeadline, RecordStrike, Todo
from flows.platforms import load_platforms, platform
from flows.policy import Policy
from flows.tree import TREES, Also, Disposition, Flag, Place, Platform, load_tree
from flows.walk import (
    NOT_AT,
    IllegalAnswer,
    Situation,
    Walk,
    advise,
    answer,
    back,
    begin,
    consequences,
    established,
    hours,
    offers,
)
from tests.approved import agrees, only

TREE = load_tree(TREES / "lokaal-bestuur")
NL = TREE.words["nl"]
PLACES: tuple[Place, ...] = get_args(Place)


# --- every path, approved ----------------------------------------------------------------------------------


def situation_of(place: Place, name: Platform, path: Sequence[tuple[str, str]] = ()) -> Situation:
    """A case in this place on this platform, with what its answers established."""
    known = platform(name)
    said = established(TREE, [Walk(begin="begin", path=tuple(path))])
    return Situation(place=place, platform=name, can_hide=known.can_hide, unable=known.unable, said=said)


def walks(place: Place, name: Platform, policy: Policy) -> Iterator[tuple[tuple[tuple[str, str], ...], Advise]]:
    """Every path that is offered here, answered one by one, with the advice at its end."""
    first, _ = begin(TREE, policy, situation_of(place, name))
    todo = [first]
    while todo:
        walk = todo.pop()
        here = situation_of(place, name, walk.path)
        question = walk.question(TREE)
        assert question is not None
        following = []
        for choice in offers(TREE, policy, here, question):
            after, effects = answer(TREE, policy, here, walk, choice.id)
            if after.outcome is None:
                following.append(after)
            else:
                yield after.path, advice_in(effects)
        todo += reversed(following)


def advice_in(effects: Sequence[Effect]) -> Advise:
    """The one advice among the effects of a walk that ended."""
    [advice] = [effect for effect in effects if isinstance(effect, Advise)]
    return advice


def term(advice: Advise, policy: Policy) -> str:
    """A deadline as people read it."""
    if advice.deadline is None:
        return "-"
    length = hours(advice.deadline, policy)
    return "now" if length is None else f"{length} h ({advice.deadline.clock})"


def said(todo: Todo, policy: Policy) -> str:
    """A line of the checklist: kind, who if not the moderator, and the words."""
    marks: list[str] = [todo.kind]
    marks += ["urgent"] if todo.phase == "safety" else []
    marks += [todo.by] if todo.by != "moderator" else []
    marks += [f"to {todo.role}"] if todo.role else []
    marks += [todo.body] if todo.body else []
    marks += ["if needed"] if todo.optional else []
    marks += ["instead of hide"] if todo.instead_of_hide else []
    if todo.after is not None:
        marks.append(f"after {hours(todo.after, policy)} h ({todo.after.clock})")
    words = NL.outcomes[todo.outcome].steps.get(todo.word) or NL.kinds[todo.kind]
    return f"{', '.join(marks)}: {words}" + "".join(f" [reply {reply}]" for reply in todo.replies)


def described(advice: Advise, policy: Policy) -> list[str]:
    """An advice as lines of text."""
    digest = [role for role in advice.tells if role not in advice.threads]
    return [
        f"  disposition: {advice.disposition}",
        *(f"  {number}. {said(todo, policy)}" for number, todo in enumerate(advice.steps, 1)),
        f"  tells: {', '.join([*advice.threads, *(f'{role} (digest)' for role in digest)]) or '-'}",
        f"  deadline: {term(advice, policy)}",
        f"  records: {', '.join(advice.records) or '-'}",
        f"  strike: {advice.strike}",
        f"  image: {advice.image}",
        f"  signals: {', '.join(advice.signals) or '-'}",
        f"  asks: {', '.join(advice.asks) or '-'}" + (f" (house rule {advice.house_rule})" if advice.house_rule else ""),
        f"  ticks: {', '.join(advice.flags) or '-'}",
        *(["  closes by itself"] if advice.closes_itself else []),
        *(["  somebody decides"] if advice.decides else []),
    ]


def approved_walks() -> dict[str, str]:
    """One text per outcome: every path to it in every place, grouped by what is advised there."""
    policy = Policy()
    groups: dict[str, dict[tuple[str, ...], list[str]]] = {name: {} for name in TREE.outcomes}
    situations: list[tuple[Place, Platform]] = [*((place, "facebook") for place in PLACES), ("own", "linkedin")]
    for place, name in situations:
        for path, advice in walks(place, name, policy):
            [outcome] = advice.outcomes
            labels = " › ".join(NL.questions[question].choices[choice] for question, choice in path)
            groups[outcome].setdefault(tuple(described(advice, policy)), []).append(f"{place} {name}: {labels}")
    return {
        f"walks/{outcome}.txt": f"{outcome} · {NL.outcomes[outcome].title}\n"
        + "".join("\n" + "\n".join([*paths, *lines]) + "\n" for lines, paths in found.items())
        for outcome, found in groups.items()
    }


APPROVED = approved_walks()


@pytest.mark.parametrize("name", sorted(APPROVED))
def test_every_walk_is_approved(name: str) -> None:
    """Each path to an outcome, in each place, with its steps in order, whom it tells, by when, and what it records."""
    assert " facebook: " in APPROVED[name], "no path leads here"
    agrees(name, APPROVED[name])


def test_no_approved_walk_is_left_behind() -> None:
    """An outcome that is gone takes its file with it."""
    only("walks", set(APPROVED))


# --- what always holds -------------------------------------------------------------------------------------


def policy_number(seed: int) -> Policy:
    """Any policy that a municipality can write, the same for the same number: a strategy a setting would take most of the time."""
    dice = Random(seed)

    def drawn(model: type[BaseModel]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, field in model.model_fields.items():
            kind = field.annotation
            if get_origin(kind) is Literal:
                values[name] = dice.choice(get_args(kind))
            elif kind is bool:
                values[name] = dice.random() < 0.5
            elif kind is int:
                values[name] = dice.randint(1, 20)
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                values[name] = drawn(kind)
        return values

    approved = {"by": "Raad", "on": date(2026, 1, 1), "review_on": date(2028, 1, 1)}
    return Policy.model_validate(drawn(Policy) | {"approved": dice.choice([None, approved])})


policies = st.integers(0, 2**32).map(policy_number)


@st.composite
def situations(draw: st.DrawFn, *places: Place) -> Situation:
    """Any facts of a case, on a platform as it is."""
    place = draw(st.sampled_from(places or PLACES))
    name: Platform = draw(st.sampled_from(get_args(Platform)))
    return Situation(
        place=place,
        platform=name,
        can_hide=platform(name).can_hide,
        unable=platform(name).unable,
        department=draw(st.sampled_from([None, "milieu"])),
        ground=draw(st.sampled_from([None, *TREE.structure.grounds])),
        house_rule=draw(st.sampled_from([None, "insult", "nudity", "generalising", "personal_data", "spam", "incitement"])),
        flags=draw(st.frozensets(st.sampled_from(get_args(Flag)))),
        earlier_strikes=draw(st.integers(0, 21)),
        crisis=draw(st.booleans()),
    )


@st.composite
def walked(draw: st.DrawFn, policy: Policy, here: Situation, also: Also | None = None) -> tuple[Walk, tuple[Effect, ...]]:
    """A walk answered to its end."""
    walk, effects = begin(TREE, policy, here, also)
    while walk.outcome is None:
        [asked] = [effect for effect in effects if isinstance(effect, Ask)]
        assert asked.choices, "a dead end"
        walk, effects = answer(TREE, policy, here, walk, draw(st.sampled_from(asked.choices)))
    return walk, effects


@st.composite
def cases(draw: st.DrawFn, *places: Place) -> tuple[Policy, Situation, tuple[Walk, ...], Advise]:
    """A policy, a situation, up to four walks in one comment, and the advice for all of them together."""
    policy, here = draw(policies), draw(situations(*places))
    ended = [draw(walked(policy, here))[0]]
    ended += [draw(walked(policy, here, also))[0] for also in draw(st.lists(st.sampled_from(get_args(Also)), max_size=3))]
    here = here._replace(said=established(TREE, ended))
    outcomes = [walk.outcome for walk in ended if walk.outcome is not None]
    return policy, here, tuple(ended), advise(TREE, policy, here, outcomes)


def kinds(advice: Advise) -> list[str]:
    """The kinds of step, in order."""
    return [todo.kind for todo in advice.steps]


many = settings(max_examples=60)


@many
@given(st.data())
def test_a_walk_ends_in_one_outcome_with_one_disposition(data: st.DataObject) -> None:
    """Whatever is answered under whatever policy."""
    policy, here = data.draw(policies), data.draw(situations())
    walk, effects = data.draw(walked(policy, here))
    advice = advice_in(effects)
    assert advice.outcomes == (walk.outcome,)
    assert advice.disposition in get_args(Disposition)
    assert sum(isinstance(effect, OpenDeadline) and effect.name == "case" for effect in effects) == (advice.deadline is not None)
    assert {effect.role for effect in effects if isinstance(effect, Escalate)} == set(advice.threads)
    assert {effect.kind for effect in effects if isinstance(effect, LogSignal)} == set(advice.signals)
    assert any(isinstance(effect, RecordStrike) for effect in effects) == (advice.strike != "never")
    assert any(isinstance(effect, DropImages) for effect in effects) == (advice.image == "drop")


@many
@given(cases())
def test_nothing_is_deleted_or_blocked_without_evidence(case: tuple[Policy, Situation, tuple[Walk, ...], Advise]) -> None:
    """A deletion has an evidence line before it that it waits for; a block too, save that of a fake account."""
    _, _, _, advice = case
    order = kinds(advice)
    fake = all(TREE.outcomes[name].fake_account for name in advice.outcomes)
    for index, kind in enumerate(order):
        if kind == "delete" or (kind == "block" and not fake):
            assert "evidence" in order[:index]


@many
@given(cases())
def test_some_outcomes_never_make_a_strike(case: tuple[Policy, Situation, tuple[Walk, ...], Advise]) -> None:
    """Alone or together; and no strike is recorded where none is made."""
    _, _, _, advice = case
    if set(advice.outcomes) <= set(TREE.structure.never_strike):
        assert advice.strike == "never"
    assert ("strike" in advice.records) == (advice.strike != "never")


@many
@given(cases())
def test_nobody_is_blocked_before_their_time(case: tuple[Policy, Situation, tuple[Walk, ...], Advise]) -> None:
    """Not before the configured number of strikes, save a crime under the override and fake accounts."""
    policy, here, _, advice = case
    if "block" in kinds(advice):
        due = here.earlier_strikes + 1 >= policy.strikes.block_at
        override = advice.criminal and policy.strikes.criminal_override
        assert due or override or any(TREE.outcomes[name].fake_account for name in advice.outcomes)


@many
@given(cases("private", "external"))
def test_place_leaves_out_what_nobody_can_do_there(case: tuple[Policy, Situation, tuple[Walk, ...], Advise]) -> None:
    """In private no hide, delete, close or public answer; on a page of others none of what only its owner can do."""
    _, here, walks_, advice = case
    assert not set(kinds(advice)) & NOT_AT[here.place]
    if here.place == "private":
        assert ("vraag", "ik_openbaar") not in {pair for walk in walks_ for pair in walk.path}


def test_what_places_leave_out_is_the_domains() -> None:
    """The two lists, said once more."""
    assert NOT_AT["private"] == {"hide", "delete", "close_comments", "public_answer"}
    assert {"hide", "delete", "block", "close_comments"} <= NOT_AT["external"]
    assert NOT_AT["own"] == frozenset()


@many
@given(cases("own"))
def test_platform_leaves_out_what_it_cannot(case: tuple[Policy, Situation, tuple[Walk, ...], Advise]) -> None:
    """Where nothing can be hidden no line says hide, but delete after the evidence and after any report to the platform."""
    _, here, _, advice = case
    order = kinds(advice)
    assert not set(order) & here.unable
    if not here.can_hide:
        assert "hide" not in order
        for index, todo in enumerate(advice.steps):
            if todo.instead_of_hide:
                assert "evidence" in order[:index]
                assert len(advice.outcomes) > 1 or "report_platform" not in order[index:]


@many
@given(cases())
def test_merged_lists_hold_each_line_once(case: tuple[Policy, Situation, tuple[Walk, ...], Advise]) -> None:
    """Ids are unique; together at most one private message, one strike, the earliest term, everybody told."""
    policy, here, _, advice = case
    assert len({todo.id for todo in advice.steps}) == len(advice.steps)
    alone = [advise(TREE, policy, here, [name]) for name in advice.outcomes]
    if len(alone) > 1:
        assert kinds(advice).count("private_message") <= 1
    assert set(advice.tells) == {role for part in alone for role in part.tells}
    terms = [hours(part.deadline, policy) or 0 for part in alone if part.deadline]
    assert (hours(advice.deadline, policy) or 0 if advice.deadline else None) == min(terms, default=None)
    assert sum(isinstance(effect, RecordStrike) for effect in consequences(advice, here)) <= 1


def test_a_merged_message_holds_what_must_be_said() -> None:
    """A report in a hidden comment is answered in the one private message, without the text for a report that is not ours."""
    advice = advise(TREE, Policy(), Situation(), ["strafbaar", "melding"])
    assert [todo.replies for todo in advice.steps if todo.kind == "private_message"] == [("strafbaar", "melding")]
    other_way = advise(TREE, Policy(), Situation(place="private"), ["hartluchter", "melding"])
    assert [todo.replies for todo in other_way.steps if todo.kind == "private_message"] == [("hartluchter", "melding")]


@many
@given(st.data())
def test_back_undoes_an_answer(data: st.DataObject) -> None:
    """At every step of a walk: back(answer(x)) is x, with the same question; before the first answer there is no way back."""
    policy, here = data.draw(policies), data.draw(situations())
    walk, asked = begin(TREE, policy, here)
    with pytest.raises(IllegalAnswer):
        back(TREE, policy, here, walk)
    while walk.outcome is None:
        question = walk.question(TREE)
        assert question is not None
        choice = data.draw(st.sampled_from([item.id for item in offers(TREE, policy, here, question)]))
        after, effects = answer(TREE, policy, here, walk, choice)
        assert back(TREE, policy, here, after) == (walk, asked)
        walk, asked = after, effects


@many
@given(st.data(), st.text(max_size=20))
def test_an_illegal_answer_changes_nothing(data: st.DataObject, choice: str) -> None:
    """It raises, names what is possible, and the walk stands where it stood; an ended walk takes no answer."""
    policy, here = data.draw(policies), data.draw(situations())
    walk, _ = begin(TREE, policy, here)
    before = walk.model_dump_json()
    legal = [item.id for item in offers(TREE, policy, here, walk.begin)]
    if choice not in legal:
        with pytest.raises(IllegalAnswer) as raised:
            answer(TREE, policy, here, walk, choice)
        assert raised.value.possible == tuple(legal)
        assert choice not in str(raised.value) or choice in f"not an answer to {walk.begin}"
    assert walk.model_dump_json() == before
    ended, _ = data.draw(walked(policy, here))
    with pytest.raises(IllegalAnswer):
        answer(TREE, policy, here, ended, "ja")


def test_a_choice_that_is_not_offered_here_is_illegal() -> None:
    """In a private message nobody answers in public, also not by an old button."""
    here = Situation(place="private")
    walk = Walk(begin="begin", path=(("begin", "neutraal"), ("neutraal", "vraag")))
    with pytest.raises(IllegalAnswer) as raised:
        answer(TREE, Policy(), here, walk, "ik_openbaar")
    assert "ik_openbaar" not in raised.value.possible


def test_the_same_input_gives_the_same_result() -> None:
    """No clock, no chance: two walks with the same answers are equal, effects and all."""
    policy, here = Policy(), Situation(ground="age", department="milieu")
    both = []
    for _ in range(2):
        walk, effects = begin(TREE, policy, here)
        for choice in ("negatief", "haat", "ja"):
            walk, effects = answer(TREE, policy, here, walk, choice)
        both.append((walk, effects))
    assert both[0] == both[1]


def test_the_table_of_platforms_is_what_the_walk_uses() -> None:
    """A platform that cannot hide exists, so that the properties above mean something."""
    able: Mapping[Platform, bool] = {name: known.can_hide for name, known in load_platforms().items()}
    assert {True, False} == set(able.values())
