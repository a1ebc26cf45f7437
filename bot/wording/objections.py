"""Why something was done, for the citizen; and their objection to it, for who reviews it."""

from collections.abc import Sequence
from typing import Any

from bot.cards import Block, Button, Buttons, Card, Copy, Facts, Field, Form, Quote, Text
from bot.case import Case, decision
from bot.comment_text import is_address
from bot.organisation import said
from bot.presses import Motivate, Object, Review
from bot.wording.facts import comment, decisions, facts, objection_stands
from bot.wording.seen import Seen
from bot.wording.words import Wording
from flows.effects import Measure
from flows.tree import StepKind


def motivation(w: Wording, seen: Seen, restrictions: Sequence[StepKind], *, formal: bool) -> Card:
    """What was done, to which comment, on which rule, by whom as an organisation and how to object: the fields of article 17 of
    the Digital Services Act, without claiming to be that statement."""
    case, title = seen.case, w.t("motivation.title", number=seen.case.number)
    if not restrictions:
        return Card(title, (Text(w.t("motivation.nothing")),))
    other = Button(w.t("button.say_je" if formal else "button.say_u"), Motivate(case=case.number, formal=not formal))
    body = (
        Text(w.t("motivation.check")),
        Copy(w.t("motivation.copy"), _motivation(w, seen, restrictions, formal=formal)),
        Buttons((other,)),
    )
    return Card(title, body, "info", title)


def _motivation(w: Wording, seen: Seen, restrictions: Sequence[StepKind], *, formal: bool) -> str:
    case = seen.case
    speaker, form = w.for_citizens(case.policy), "u" if formal else "je"
    t = speaker.t
    values = speaker.values(case.policy)
    day = speaker.s.day((case.closed or w.now).astimezone(w.organisation.calendar.zone).date())
    which = [t(f"platform.{case.state.platform}")]
    posted = speaker.posted(case.posted) if case.posted else ""
    if isinstance(posted, str) and posted:
        which.append(posted)
    if is_address(case.link):
        which.append(case.link)
    done = [t(f"motivation.{kind}_{form}") for kind in restrictions]
    if seen.strike is not None and seen.strike.undone is None:
        until = speaker.s.day(seen.strike.expires.astimezone(w.organisation.calendar.zone).date())
        done.append(t(f"motivation.warning_{form}", until=until))
    standing, rules = decision(case), w.organisation.house_rules
    rule = (standing.rule if standing is not None else "") or case.state.house_rule or ""
    why = []
    if rule in rules:
        label = said(rules[rule].label, speaker.language)
        why.append(t(f"motivation.rule_{form}", rule=label, code=values["code_of_conduct"]))
    if seen.advised is not None and seen.advised.criminal:
        why.append(t(f"motivation.criminal_{form}"))
    if not why:
        why.append(t(f"motivation.code_{form}", code=values["code_of_conduct"]))
    parts = [
        t(f"motivation.opening_{form}", day=day, which=" · ".join(which)),
        t("motivation.what", done=" ".join(done)),
        t("motivation.why", why=" ".join(why)),
        t(f"motivation.how_{form}"),
        t(f"motivation.object_{form}", contact=values["contact"]),
        t(f"motivation.status_{form}"),
        values["signature"],
    ]
    return "\n\n".join(parts)


def card(w: Wording, seen: Seen, row: Any, restrictions: Sequence[StepKind]) -> Card:
    """An objection for who looks at it: the comment, what was done and why, the citizen's words; two buttons."""
    case = seen.case
    title = w.t("objection.title", number=case.number)
    body: list[Block] = [Text(w.t("objection.for", who=w.name(row.reviewer)), "hint"), *comment(w, seen)]
    if seen.advised is not None:
        body.append(Facts(tuple(item for item in facts(w, seen, seen.advised) if item[0] != w.t("fact.strike"))))
    body.append(Text(w.t("objection.done", done=w.s.and_([w.t(f"measure.{kind}") for kind in restrictions]))))
    body += [*decisions(w, case), Text(w.t("objection.says"), "strong"), Quote(row.text)]
    if row.decided is not None:
        body += [Text(objection_stands(w, row), "strong"), Quote(row.reason or "", w.name(row.decided_by))]
        return Card(title, tuple(body), "neutral", title)
    body += [
        Text(w.t("objection.ask"), "question"),
        Buttons(
            (
                Button(w.t("button.uphold"), Review(objection=row.id, upheld=True)),
                Button(w.t("button.change"), Review(objection=row.id, upheld=False)),
            )
        ),
    ]
    return Card(title, tuple(body), "warning", title)


def objected(w: Wording, case: Case, row: Any) -> Card:
    """What came of an objection, for the moderator: what to do now, and the answer to the citizen."""
    title = w.t("objection.title", number=case.number)
    body: list[Block] = [Text(objection_stands(w, row), "strong"), Quote(row.reason or "", w.name(row.decided_by))]
    if row.measure:
        body.append(Text(w.t(f"objection.now_{row.measure}"), "question"))
    speaker, form = w.for_citizens(case.policy), "u" if case.state.formal else "je"
    key = f"objection.answer_{'changed' if row.measure else 'upheld'}_{form}"
    measure = speaker.t(f"objection.becomes_{row.measure}") if row.measure else ""
    values = speaker.values(case.policy)
    text = speaker.t(key, measure=measure, organisation=values["organisation"], signature=values["signature"])
    body += [Copy(w.t("objection.copy"), text), Text(w.t("objection.reason_stays"), "hint")]
    return Card(title, tuple(body), "info", title)


def form(w: Wording, press: Object) -> Form:
    """What the citizen wrote."""
    field = Field("text", w.t("field.objection"), "text", required=True, limit=5000)
    return Form(w.t("button.object"), press, (field,), w.t("form.send"), (Text(w.t("objection.intro")),))


def review_form(w: Wording, press: Review, number: int, possible: Sequence[Measure]) -> Form:
    """Why it stays as it is, or what is done instead."""
    reason = Field("reason", w.t("field.decision_reason"), "text", required=True, limit=2000)
    if press.upheld:
        return Form(w.t("form.uphold", number=number), press, (reason,), w.t("button.uphold"))
    options = tuple((name, w.t(f"measure.{name}")) for name in possible)
    measure = Field("measure", w.t("field.measure"), "choice", "", options, True)
    return Form(w.t("form.change", number=number), press, (measure, reason), w.t("button.change"))
