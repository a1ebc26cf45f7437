"""Walking a tree by the labels of its buttons, without chat or database."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from adapters.command_line.explaining import USAGE, configured, explained, fail, one_of, sentences
from adapters.command_line.tree import disposition_key, tree_named
from flows.tree import Flag, Place, Platform

if TYPE_CHECKING:
    from bot.organisation import Organisation
    from bot.sentences import Sentences
    from flows.effects import Advise
    from flows.policy import Policy
    from flows.tree import Tree
    from flows.walk import Situation


def walk(
    tree: Annotated[str, typer.Argument(help="A tree's name or folder.", show_default=False)],
    labels: Annotated[list[str] | None, typer.Argument(metavar="LABEL", help="Each answer as its button says it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the advice as JSON.")] = False,
    policy: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A setting.")] = None,
    place: Annotated[Place, typer.Option(help="Where the comment stands.")] = "own",
    platform: Annotated[Platform, typer.Option(help="On which platform.")] = "other",
    ground: Annotated[str, typer.Option(help="A protected ground.")] = "",
    department: Annotated[str, typer.Option(help="A department's id.")] = "",
    house_rule: Annotated[str, typer.Option(help="A house rule's id.")] = "",
    flag: Annotated[list[str] | None, typer.Option(help="A tick on the card, such as urgent.")] = None,
    strikes: Annotated[int, typer.Option(min=0, help="Earlier strikes of the author.")] = 0,
    language: Annotated[str, typer.Option(help="nl or en.")] = "nl",
) -> None:
    """Walk a tree by the labels of its buttons, without chat or database."""
    from flows.platforms import platform as capabilities
    from flows.walk import Situation

    with explained(language):
        found = tree_named(tree)
        say = sentences(language)
        organisation = _organisation(say)
        rules = _with_settings(organisation.policy, policy or [], say)
        one_of(say, "ground", ground, found.structure.grounds)
        one_of(say, "department", department, organisation.departments)
        one_of(say, "house-rule", house_rule, organisation.house_rules)
        flags: tuple[Flag, ...] = get_args(Flag)
        for name in flag or ():
            one_of(say, "flag", name, flags)
        situation = Situation(
            place=place,
            platform=platform,
            can_hide=capabilities(platform).can_hide,
            unable=capabilities(platform).unable,
            department=department or None,
            ground=ground or None,
            house_rule=house_rule or None,
            flags=frozenset(name for name in flags if name in (flag or ())),
            earlier_strikes=strikes,
        )
        advice = _walked(found, rules, situation, labels or (), say)
        report = _report(found, rules, organisation, situation, advice, language)
        if as_json:
            typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            _print_report(report, found.said(language).outcomes[advice.outcomes[0]].title, say)


def _organisation(say: "Sentences") -> "Organisation":
    """The configured organisation; where there is none, one with the default policy."""
    from bot.organisation import Organisation, Person, load_organisation

    path = configured().organisation
    if path.is_file():
        return load_organisation(path)[0]
    return Organisation(name=say.t("cli.walk.organisation"), people={"an": Person(name="An")})


def _with_settings(policy: "Policy", changes: Sequence[str], say: "Sentences") -> "Policy":
    """The policy with each `name=value` in it; exits with 2 when there is no such setting or value."""
    from bot.sentences import mistake
    from flows.policy import Policy, setting_values
    from flows.source import Source, SourceProblems, load

    values: dict[str, Any] = policy.model_dump()
    for change in changes:
        name, _, value = (part.strip() for part in change.partition("="))
        possible = setting_values(name)
        if possible is None or "=" not in change:
            near = get_close_matches(name, policy.flat, n=1)
            settings = ", ".join(near or policy.flat)
            fail(say.t("cli.walk.no_setting", name=name, settings=settings), USAGE)
        if possible and value not in possible:
            fail(say.t("cli.walk.no_value", name=name, value=value, values=", ".join(possible)), USAGE)
        *parents, last = name.split(".")
        inside = values
        for parent in parents:
            inside = inside[parent]
        if name == "approved":
            approved = {"by": "antenne walk", "on": date.min, "review_on": date.max}
            inside[last] = approved if value == "yes" else None
        else:
            inside[last] = value
        try:
            load(Policy, Source("", values, {}))
        except SourceProblems as trouble:
            fail(mistake(trouble.problems[0], say.language), USAGE)
    return Policy.model_validate(values)


def _walked(tree: "Tree", policy: "Policy", situation: "Situation", labels: Sequence[str], say: "Sentences") -> "Advise":
    """The advice at the end of these labels; exits with 2 and the possible ones when they lead nowhere."""
    from flows.effects import Advise
    from flows.walk import answer, begin, offers

    at, effects = begin(tree, policy, situation)
    for label in labels:
        question = at.question(tree)
        if question is None:
            fail(say.t("cli.walk.ended", label=label), USAGE)
        choices = [choice.id for choice in offers(tree, policy, situation, question)]
        chosen = next((choice for choice in choices if _means(tree, question, choice, label)), None)
        if chosen is None:
            possible = _possible(tree, question, choices, say)
            fail(say.t("cli.walk.wrong_label", label=label, possible=possible), USAGE)
        at, effects = answer(tree, policy, situation, at, chosen)
    question = at.question(tree)
    if question is not None:
        choices = [choice.id for choice in offers(tree, policy, situation, question)]
        possible = _possible(tree, question, choices, say)
        fail(say.t("cli.walk.unfinished", possible=possible), USAGE)
    return next(effect for effect in effects if isinstance(effect, Advise))


def _means(tree: "Tree", question: str, choice: str, label: str) -> bool:
    """Whether `label` is the choice's id or its label in any language."""
    word = " ".join(label.split()).casefold()
    said = (words.questions[question].choices[choice] for words in tree.words.values())
    return word == choice or any(" ".join(text.split()).casefold() == word for text in said)


def _possible(tree: "Tree", question: str, choices: Sequence[str], say: "Sentences") -> str:
    said = tree.said(say.language).questions[question]
    return "\n".join([said.ask, *(f"  {said.choices[choice]}" for choice in choices)])


def _report(
    tree: "Tree",
    policy: "Policy",
    organisation: "Organisation",
    situation: "Situation",
    advice: "Advise",
    language: str,
) -> dict[str, Any]:
    """What `--json` prints, in this order."""
    from bot.organisation import said
    from bot.wording import Wording

    wording = Wording(organisation, language, datetime.now(UTC))
    rule = situation.house_rule or advice.house_rule
    more = {"waiting_hours": str(organisation.waiting_hours(rule, policy))}
    if situation.department:
        more["department"] = wording.department(situation.department)
    if situation.ground:
        more["ground"] = tree.said(language).grounds[situation.ground]
    if rule in organisation.house_rules:
        more["house_rule"] = said(organisation.house_rules[rule].label, language)
    return {
        "outcome": advice.outcomes[0],
        "disposition": advice.disposition,
        "steps": [{"kind": todo.kind, "text": wording.step(tree, policy, todo, more)} for todo in advice.steps],
        "tells": list(advice.tells),
        "deadline": wording.deadline(advice.deadline, policy, rule),
        "records": list(advice.records),
    }


def _print_report(report: Mapping[str, Any], title: str, say: "Sentences") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    console.print(Text.assemble((title, "bold"), " · ", say.t(disposition_key(report["disposition"]))))
    steps = Table.grid(padding=(0, 2))
    for number, step in enumerate(report["steps"], 1):
        steps.add_row(Text(f"{number}."), Text(step["text"]), Text(step["kind"], "dim"))
    console.print(steps)
    tells = ", ".join(say.t(f"role.{role}") for role in report["tells"])
    rows = (
        (say.t("cli.walk.tells"), tells),
        (
            say.t("cli.walk.deadline"),
            say.t("deadline.now") if report["deadline"] == "now" else report["deadline"],
        ),
        (say.t("cli.walk.records"), ", ".join(report["records"])),
    )
    for label, value in rows:
        if value:
            console.print(Text.assemble((f"{label}: ", "bold"), value))
