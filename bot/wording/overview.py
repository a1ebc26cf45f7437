"""A person's overview, the help, and the reminder to look at the policy again."""

from collections.abc import Sequence
from typing import Any

from bot.cards import Block, Button, Buttons, Card, Copy, Facts, Quote, Text
from bot.case import Case
from bot.presses import SetReview, ShowObjection, ShowThread, Start
from bot.wording.crisis import banner, holding_statement, touched
from bot.wording.facts import case_row
from bot.wording.seen import CrisisSeen, Told
from bot.wording.words import Wording
from flows.policy import Approved


def card(
    w: Wording,
    person: str,
    mine: Sequence[Case],
    waiting: Sequence[tuple[Told, Case]],
    objected: Sequence[tuple[Any, Case]],
    offered: Sequence[Case],
    crisis: CrisisSeen | None = None,
    touching: Sequence[Case] = (),
) -> Card:
    """My open cases, what waits for me, terms; as a home page. ``objected``: rows of objections;
    ``touching``: open cases that touch the crisis, for who publishes."""
    body: list[Block] = []
    if crisis is not None:
        body += banner(w, crisis)
        if not crisis.held:
            body.append(Copy(w.t("crisis.holding"), holding_statement(w, crisis.crisis.reason)))
            body += touched(w, touching, 0)
    body.append(Text(w.t("home.mine"), "strong"))
    if not mine:
        body.append(Text(w.t("home.nothing"), "hint"))
    body += [case_row(w, case) for case in mine]
    if waiting or objected:
        body.append(Text(w.t("home.waiting"), "strong"))
        body += [case_row(w, case, w.role(told.role, told.department), ShowThread(thread=told.thread)) for told, case in waiting]
        body += [case_row(w, case, w.t("home.objection"), ShowObjection(objection=row.id), row.at) for row, case in objected]
    if offered:
        body.append(Text(w.t("home.offered"), "strong"))
        body += [case_row(w, case) for case in offered]
    body.append(Buttons((Button(w.t("button.start"), Start(), "primary"),)))
    return Card(w.t("home.title", name=w.name(person)), tuple(body))


def help_card(w: Wording, commands: Sequence[tuple[str, str]]) -> Card:
    """What can be typed."""
    rows: tuple[tuple[str, str | Quote], ...] = tuple((usage, w.t(key)) for usage, key in commands)
    return Card(w.t("help.title"), (Text(w.t("help.intro")), Facts(rows)))


def policy_review(w: Wording, approved: Approved) -> Card:
    """The policy's review date has passed."""
    days = {"on": w.s.day(approved.on), "review_on": w.s.day(approved.review_on)}
    title = w.t("review.title")
    button = Button(w.t("button.review_dates"), SetReview())
    return Card(title, (Text(w.t("review.text", by=approved.by, **days)), Buttons((button,))), "warning", title)
