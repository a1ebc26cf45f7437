"""The moderator's card of a case: the question, or the advice and what can be done with it."""

from dataclasses import replace

from bot.cards import Block, Button, Buttons, Card, Facts, Quote, Select, Text, Toggles
from bot.case import Case, needs_department
from bot.checklist import options
from bot.organisation import said
from bot.presses import (
    AllDone,
    AlsoThis,
    Answer,
    Back,
    Choose,
    Close,
    EditIntake,
    Motivate,
    Next,
    NoStrike,
    Object,
    Same,
    SetFlag,
    ShowCase,
    UndoStrike,
    UseFaq,
)
from bot.wording.checklist import consequences, lines, replies
from bot.wording.crisis import banner
from bot.wording.facts import TONE, approved_answer, comment, decisions, facts
from bot.wording.reports import reports_so_far
from bot.wording.seen import Seen
from bot.wording.signals import signal_in_case
from bot.wording.strikes import asks, author
from bot.wording.support import private
from bot.wording.words import Wording
from flows.effects import Advise
from flows.tree import PRIVATE_FLAGS, Ask
from flows.walk import MOST_WALKS, offers


def card(w: Wording, seen: Seen) -> Card:
    """The one card of a case, in whatever state it is."""
    case = seen.case
    asked = seen.advised is None or any(walk.outcome is None for walk in case.state.walks)
    card = _question(w, seen) if asked or seen.advised is None else _advice(w, seen, seen.advised)
    if seen.crisis is None or not case.open:
        return card
    return replace(card, body=(*banner(w, seen.crisis), *card.body))


def comment_only(w: Wording, seen: Seen) -> Card:
    """The comment alone, for who chose to see it."""
    title = w.t("card.case", number=seen.case.number)
    return Card(title, tuple(comment(w, replace(seen, private=frozenset()))))


def handed_over(w: Wording, case: Case) -> Card:
    """What is left with the moderator who gave a case away."""
    who = w.name(case.moderator) if case.moderator else w.t("person.somebody")
    return Card(w.t("card.case", number=case.number), (Text(w.t("card.handed_over", who=who)),))


def _question(w: Wording, seen: Seen) -> Card:
    case = seen.case
    walk = case.state.walks[-1]
    at = len(case.state.walks) - 1
    question = walk.question(case.tree)
    assert question is not None  # the card of an ended case is another
    words = case.tree.said(w.language)
    asked = words.questions[question]
    body: list[Block] = comment(w, seen)
    body.append(Text(w.place(case), "hint"))
    path = w.path(case)
    if path:
        body.append(Text(w.t("card.path", path=path), "hint"))
    step = len(walk.path)
    if at == 0 and step == 0 and seen.same_as is not None:
        number, names = seen.same_as
        label = w.t("button.same", number=number, title=w.titles(case.tree, names))
        body.append(Buttons((Button(label, Same(case=case.number, step=step)),)))
    if seen.faq:
        body.append(Text(w.t("card.faq_fits")))
    for offer in seen.faq:
        body += [Quote(offer.question), *approved_answer(w, offer)]
        press = UseFaq(case=case.number, walk=at, step=step, entry=offer.entry)
        body.append(Buttons((Button(w.t("button.use_faq"), press),)))
    body.append(Text(asked.ask, "question"))
    if asked.help:
        body.append(Text(asked.help, "hint"))
    buttons = tuple(
        Button(asked.choices[choice.id], Answer(case=case.number, walk=at, step=step, choice=choice.id))
        for choice in offers(case.tree, case.policy, seen.situation, question)
    )
    body.append(Buttons(buttons, numbered=True))
    below = [Button(w.t("button.intake"), EditIntake(case=case.number))]
    if walk.path or at > 0:
        below.insert(0, Button(w.t("button.back"), Back(case=case.number, walk=at, step=step)))
    body.append(Buttons(tuple(below)))
    title = w.t("card.case", number=case.number)
    return Card(title, tuple(body), notice=w.t("notice.case", number=case.number))


def _advice(w: Wording, seen: Seen, advised: Advise) -> Card:
    case = seen.case
    words = case.tree.said(w.language)
    body: list[Block] = comment(w, seen)
    body.append(Facts(facts(w, seen, advised)))
    if not case.open:
        title = w.t("card.closed", number=case.number, title=w.titles(case.tree, advised.outcomes))
        body += lines(w, seen, advised)
        body += reports_so_far(w, seen)
        after = [Button(w.t("button.next"), Next(case=case.number))]
        if seen.strike is not None and seen.strike.undone is None:
            after.append(Button(w.t("button.undo_strike"), UndoStrike(case=case.number)))
        if seen.restrictions:
            after.append(Button(w.t("button.motivate"), Motivate(case=case.number, formal=case.state.formal)))
            if seen.objection is None or seen.objection.decided is not None:
                after.append(Button(w.t("button.object"), Object(case=case.number)))
        body += signal_in_case(w, seen)
        body.append(Buttons(tuple(after)))
        return Card(title, tuple(body), "neutral", w.t("notice.case", number=case.number))
    values = w.values(case.policy, **w.facts_of(case))
    body += [Text(words.outcomes[name].advice.format_map(values)) for name in advised.outcomes]
    body += decisions(w, case)
    body += private(w, seen)
    body += _selects(w, seen, advised)
    if advised.steps:
        body.append(Text(w.t("card.steps"), "strong"))
        body += lines(w, seen, advised)
    body += reports_so_far(w, seen)
    body += replies(w, seen, advised)
    body += consequences(w, seen, advised)
    if advised.flags:
        flags = tuple(
            (
                w.t(f"flag.{flag}"),
                flag in case.state.flags or flag in seen.private,
                SetFlag(case=case.number, flag=flag, on=not (flag in case.state.flags or flag in seen.private)),
            )
            for flag in advised.flags
            if not (seen.shared and flag in PRIVATE_FLAGS)
        )
        body += [Toggles(w.t("card.flags_shared" if seen.shared else "card.flags"), flags)] if flags else []
    if advised.strike == "waivable":
        waived = case.state.no_strike
        body.append(Toggles(w.t("card.strike"), ((w.t("flag.no_strike"), waived, NoStrike(case=case.number, on=not waived)),)))
    body += author(w, seen, advised)
    if len(case.state.walks) < MOST_WALKS:
        also = tuple(
            (label, AlsoThis(case=case.number, walk=len(case.state.walks), also=key)) for key, label in words.also.items()
        )
        body.append(Select(w.t("card.also"), also))
    body += signal_in_case(w, seen)
    body.append(Buttons(_below(w, seen)))
    title = w.t("card.advice", number=case.number, title=w.titles(case.tree, advised.outcomes))
    return Card(title, tuple(body), TONE[advised.disposition], w.t("notice.case", number=case.number))


def _selects(w: Wording, seen: Seen, advised: Advise) -> list[Block]:
    case = seen.case
    blocks: list[Block] = []
    for ask in advised.asks:
        values = ("", *options(w.organisation, case, ask))
        if len(values) == 1:
            continue
        chosen = getattr(case.state, ask) or ""
        rows = tuple((_option(w, case, ask, value), Choose(case=case.number, what=ask, value=value)) for value in values)
        at = values.index(chosen) if chosen in values else 0
        hint = w.t("select.department_needed") if ask == "department" and needs_department(advised, case) else ""
        blocks.append(Select(w.t(f"select.{ask}"), rows, at, hint))
    return blocks


def _option(w: Wording, case: Case, ask: Ask, value: str) -> str:
    if not value:
        return w.t(f"select.no_{ask}")
    match ask:
        case "department":
            return w.department(value)
        case "ground":
            return case.tree.said(w.language).grounds[value]
        case "house_rule":
            return said(w.organisation.house_rules[value].label, w.language)


def _below(w: Wording, seen: Seen) -> tuple[Button, ...]:
    case = seen.case
    walk = case.state.walks[-1]
    unsettled = any(todo.id not in case.state.items for todo in seen.advised.steps) if seen.advised else False
    ahead = (Button(w.t("button.all_done"), AllDone(case=case.number), "primary"),) if unsettled else ()
    return (
        *ahead,
        Button(w.t("button.close"), Close(case=case.number), "plain" if unsettled else "primary", asks(w, seen)),
        Button(w.t("button.back"), Back(case=case.number, walk=case.walk, step=len(walk.path))),
        Button(w.t("button.next"), Next(case=case.number)),
        Button(w.t("button.intake"), EditIntake(case=case.number)),
        *((Button(w.t("button.for_you_alone"), ShowCase(case=case.number)),) if seen.shared else ()),
    )
