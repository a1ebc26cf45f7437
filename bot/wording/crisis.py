"""A crisis: the banner, who speaks, the first words to publish, the report afterwards."""

from collections.abc import Sequence
from typing import Any

from bot.cards import Block, Card, Copy, Facts, Quote, Text
from bot.case import Case
from bot.crisis import LISTED, Period
from bot.wording.facts import case_row
from bot.wording.seen import CrisisSeen
from bot.wording.words import Wording
from flows.tree import Tree


def banner(w: Wording, seen: CrisisSeen) -> list[Block]:
    """What everybody must know while a crisis is on."""
    who = w.s.and_([w.name(person) for person in seen.publishers])
    blocks: list[Block] = [Text(w.t("crisis.banner", reason=seen.crisis.reason, who=who), "strong")]
    if seen.touches:
        blocks.append(Text(w.t("crisis.touches")))
    return blocks


def card(w: Wording, row: Any, people: Sequence[str], touching: Sequence[Case], more: int, *, lists: bool, speaks: bool) -> Card:
    """A crisis as it stands: who speaks, which open cases touch it, and the first words to publish for those who may."""
    on = row.ended is None
    title = w.t("crisis.title" if on else "crisis.title_over", reason=row.reason)
    body: list[Block] = [Text(w.t("crisis.since", who=w.name(row.begun_by), when=w.moment(row.began)), "hint")]
    if not on:
        over = w.t("crisis.over", who=w.name(row.ended_by), when=w.moment(row.ended))
        return Card(title, (*body, Text(over)), "neutral", title)
    who = w.s.and_([w.name(person) for person in people])
    body += [Text(w.t("crisis.who_speaks", who=who), "strong"), Text(w.t("crisis.unconfirmed"))]
    if speaks:
        body.append(Copy(w.t("crisis.holding"), holding_statement(w, row.reason)))
    if lists:
        body += touched(w, touching, more)
    return Card(title, tuple(body), "danger", title)


def touched(w: Wording, touching: Sequence[Case], more: int) -> list[Block]:
    """The open cases that touch it; ``more``: how many are not listed."""
    if not touching:
        return [Text(w.t("crisis.none_touch"), "hint")]
    rest = [Text(w.s.tn("crisis.more_touch", more), "hint")] if more else []
    return [Text(w.s.tn("crisis.open_touch", len(touching) + more), "strong"), *(case_row(w, case) for case in touching), *rest]


def none(w: Wording) -> Card:
    """There is no crisis."""
    return Card(w.t("crisis.none"), (Text(w.t("crisis.none_text")),))


def holding_statement(w: Wording, topic: str) -> str:
    """What can be published at once, before anything more is confirmed; in the language of replies."""
    own = w.organisation.crisis.holding_statement
    words = w.for_citizens(w.organisation.policy)
    contact = w.organisation.links.contact or words.t("fallback.contact")
    values = {"topic": topic, "organisation": w.organisation.name, "contact": contact}
    return own.format_map(values) if own else words.t("crisis.holding_statement", **values)


def report(w: Wording, found: Period, tree: Tree) -> Card:
    """What happened in a crisis that is over."""
    title = w.t("crisis.report", reason=found.reason)
    titles = tree.said(w.language).outcomes
    known = [(titles[name].title if name in titles else name, count) for name, count in found.outcomes.items()]
    zone = w.organisation.calendar.zone
    rows: list[tuple[str, str | Quote]] = [
        (w.t("crisis.fact_began"), f"{w.s.moment(found.began, zone)} ({w.name(found.begun_by)})"),
        (w.t("crisis.fact_ended"), f"{w.s.moment(found.ended, zone)} ({w.name(found.ended_by)})"),
        (w.t("crisis.fact_opened"), str(found.opened)),
        (w.t("crisis.fact_touched"), str(found.touched)),
        (w.t("crisis.fact_left"), str(found.left)),
        (w.t("crisis.fact_answered"), str(found.answered)),
        (w.t("crisis.fact_passed_on"), str(found.passed_on)),
    ]
    body: list[Block] = [Facts(tuple(rows))]
    if known:
        body += [
            Text(w.t("crisis.outcomes"), "strong"),
            Facts(tuple((name, str(count)) for name, count in known[:LISTED])),
        ]
    return Card(title, tuple(body), "info", title)
