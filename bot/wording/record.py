"""The timeline of a case: who, what, when."""

import json
from collections.abc import Sequence
from typing import Any

from bot.cards import Block, Card, Facts, Quote, Text
from bot.case import Case, outcomes
from bot.organisation import said
from bot.wording.words import Wording
from flows.authorities import Authorities


def card(
    w: Wording,
    case: Case,
    rows: Sequence[Any],
    *,
    holds: bool,
    authorities: Authorities | None = None,
    confidential: bool = False,
) -> Card:
    """The timeline of a case: who, what, when, with which tree and policy."""
    ended = outcomes(case)
    lines: list[tuple[str, str | Quote]] = []
    for row in rows:
        key = f"log.{row.what}"
        what = w.t(key) if w.s.has(key) else row.what
        more = detail(w, case, row.what, row.codes, authorities)
        who = w.name(row.who)
        lines.append((w.s.moment(row.at, w.organisation.calendar.zone), f"{who}: {what}{more}"))
        if row.text:
            lines.append(("", Quote(row.text)))
    body: list[Block] = [
        Text(w.titles(case.tree, ended) or w.t("home.walking"), "strong"),
        Facts(tuple(lines)),
        Text(w.t("log.versions", tree=f"{case.tree.name} {case.tree_version}", policy=case.policy_version), "hint"),
        Text(w.t("log.chain_holds" if holds else "log.chain_broken"), "hint"),
    ]
    if confidential:
        body.append(Text(w.t("support.confidential"), "hint"))
    return Card(w.t("log.title", number=case.number), tuple(body))


def detail(w: Wording, case: Case, what: str, codes: str, authorities: Authorities | None) -> str:
    """What a line of the timeline was about, between brackets: from its codes, never from a text."""
    values = json.loads(codes)
    words = case.tree.said(w.language)
    labels: list[str] = []
    if what == "answered":
        found = [
            words.questions[question].choices[choice]
            for walk in case.state.walks
            for question, choice in walk.path
            if choice == values.get("choice")
        ]
        labels = found[:1]
    for name in values.get("outcomes", [])[:4]:
        labels.append(words.outcomes[name].title)
    if "outcome" in values:
        labels.append(words.outcomes[values["outcome"]].title)
    if what == "chose":
        labels.append(_chosen(w, case, values["what"], values["value"]))
    if values.get("measure"):
        labels.append(w.t(f"measure.{values['measure']}"))
    if what == "masked":
        labels.append(w.s.tn("log.boxes", values["boxes"]))
    if "body" in values:
        labels.append(w.office(authorities, values["body"]))
    if "kind" in values:
        labels.append(words.kinds[values["kind"]].partition(".")[0].format_map(w.values(case.policy)))
    for role in values.get("roles", []):
        name, _, department = role.partition(":")
        labels.append(w.role(name, department))
    if values.get("reason") and w.s.has(f"reason.{values['reason']}"):
        labels.append(w.t(f"reason.{values['reason']}"))
    return f" ({', '.join(dict.fromkeys(labels))})" if labels else ""  # a choice may be called as what it leads to


def _chosen(w: Wording, case: Case, what: str, value: str) -> str:
    """What was chosen in a select of the card, as far as it is still known."""
    if not value:
        return w.t(f"select.no_{what}")
    names: dict[str, str] = {}
    if what == "ground":
        names = case.tree.said(w.language).grounds
    elif what == "department" and value in w.organisation.departments:
        names = {value: w.department(value)}
    elif value in w.organisation.house_rules:
        names = {value: said(w.organisation.house_rules[value].label, w.language)}
    return f"{w.t(f'select.{what}')}: {names.get(value, value)}"
