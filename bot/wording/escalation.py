"""The thread of an escalation: its question, the notes, replies and reminders in it, the forms of those who decide."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.cards import Block, Button, Buttons, Card, Facts, Field, Form, Quote, Text
from bot.case import Case, decision, outcomes
from bot.organisation import said
from bot.presses import AnswerFromFaq, AskInfo, CloseThread, Decide, Forward, ShowCase, Take, UndoDecision
from bot.wording.facts import TONE, approved_answer, comment, decisions, facts
from bot.wording.reports import reports_so_far
from bot.wording.seen import Seen, Told
from bot.wording.words import Wording
from flows.effects import Measure
from flows.tree import Disposition, Role


def card(w: Wording, seen: Seen, thread: Told) -> Card:
    """The head of an escalation thread: one clear question, and what is needed to answer it."""
    case, advised = seen.case, seen.advised
    words = case.tree.said(w.language)
    role = w.role(thread.role, thread.department)
    body: list[Block] = [Text(w.t("thread.for", role=role, who=w.name(case.moderator or "")), "hint")]
    if thread.phase == "retracted":
        title = w.t("thread.retracted", number=case.number)
        return Card(title, (*body, Text(w.t("thread.retracted_text"))), "neutral", title)
    body += comment(w, Seen(case, advised, seen.situation, pictures=seen.pictures))
    ended = outcomes(case)
    rows: list[tuple[str, str | Quote]] = []
    if advised is not None:
        rows = [row for row in facts(w, seen, advised) if row[0] != w.t("fact.strike")]
    if case.state.ground:
        rows.append((w.t("select.ground"), words.grounds[case.state.ground]))
    if case.state.department in w.organisation.departments:
        rows.append((w.t("select.department"), w.department(case.state.department)))
    body.append(Facts(tuple(rows)))
    undecided = advised is not None and advised.decides and decision(case) is None
    if undecided:
        body.append(Text(w.t("thread.decide_please"), "question"))
    elif thread.role == "antenna" and advised is not None and "faq_candidate" in advised.records:
        body.append(Text(w.t("thread.answer_please"), "question"))
        body += _looks_like(w, seen, thread)
    if seen.confidential:
        body.append(Text(w.t("support.confidential"), "hint"))
    body += decisions(w, case)
    if thread.taken_by is not None:
        body.append(Text(w.t("thread.taken", who=w.name(thread.taken_by)), "strong"))
    title = w.t("card.advice" if case.open else "card.closed", number=case.number, title=w.titles(case.tree, ended))
    if case.open and thread.phase != "closed":
        made = len(case.state.decisions)
        buttons = [  # also where the role itself may not decide: the communications lead reads every thread
            Button(w.t("button.decide"), Decide(thread=thread.thread, decisions=made), "primary" if undecided else "plain"),
            Button(w.t("button.ask_info"), AskInfo(thread=thread.thread)),
            Button(w.t("button.forward"), Forward(thread=thread.thread)),
            Button(w.t("button.close_thread"), CloseThread(thread=thread.thread)),
        ]
        if decision(case) is not None:
            undo = UndoDecision(thread=thread.thread, decisions=made)
            buttons.insert(1, Button(w.t("button.undo_decision"), undo))
        if thread.taken_by is None:
            take = Button(w.t("button.take"), Take(thread=thread.thread), "plain" if undecided else "primary")
            buttons.insert(int(undecided), take)  # what the question asks for comes first
        body += [Buttons(tuple(buttons)), *reports_so_far(w, seen)]
    tone = TONE[advised.disposition] if advised is not None and case.open else "neutral"
    return Card(title, tuple(body), tone, w.t("notice.thread", number=case.number, role=role))


def _looks_like(w: Wording, seen: Seen, thread: Told) -> list[Block]:
    """What stands in the FAQ already about what is asked of an antenna."""
    if not seen.faq or seen.faq_used is not None:
        return []
    body: list[Block] = [Text(w.t("thread.looks_like"))]
    for offer in seen.faq:
        body += [Quote(offer.question), *approved_answer(w, offer)]
        if seen.case.open and thread.phase != "closed":
            press = AnswerFromFaq(thread=thread.thread, entry=offer.entry)
            body.append(Buttons((Button(w.t("button.answer_from_faq"), press),)))
    return body


def note(w: Wording, case: Case, args: Mapping[str, Any]) -> Card:
    """A sentence of the bot in a thread."""
    values: dict[str, str] = {"number": str(case.number), "who": w.name(str(args.get("who", "")))}
    if args.get("outcome"):
        values["title"] = w.titles(case.tree, [str(args["outcome"])])
    if args.get("role"):
        values["role"] = w.role(args["role"], str(args.get("department", "")))
    if "asked" in args:
        values["asked"] = w.role(args["asked"], str(args.get("of", "")))
        values["to"] = w.s.and_([w.name(person) for person in str(args["to"]).split(",") if person])
    if args.get("term") in case.state.terms:
        values["when"] = w.moment(case.state.terms[str(args["term"])])
    text = w.t(f"thread_note.{args['what']}", **values)
    return Card("", (Text(text),), notice=text)


def reminder(w: Wording, case: Case, args: Mapping[str, Any]) -> Card:
    """A term that passed, for the communications lead."""
    known = case.state.terms.get(str(args["term"]))
    who = w.name(case.moderator) if case.moderator else w.t("person.somebody")
    what = str(args["what"]).replace("term_", "late_")  # said to somebody else than the moderator
    text = w.t(f"reminder.{what}", who=who, when=w.moment(known) if known else "")
    titles = w.titles(case.tree, outcomes(case))
    title = w.t("card.advice", number=case.number, title=titles) if titles else w.t("card.case", number=case.number)
    button = Button(w.t("button.show_case"), ShowCase(case=case.number))
    return Card(title, (Text(text), Buttons((button,))), "warning", w.t("notice.reminder", number=case.number))


def reply(w: Wording, number: int, by: str, text: str, *, outside: bool, edited: bool, deleted: bool) -> Card:
    """What a colleague wrote, passed on."""
    who = w.t("reply.outside") if outside else w.name(by)
    if deleted:
        return Card("", (Text(w.t("reply.deleted", who=who), "hint"),))
    blocks: list[Block] = [Quote(text, who)]
    if edited:
        blocks.append(Text(w.t("reply.edited"), "hint"))
    return Card("", tuple(blocks), notice=w.t("notice.reply", number=number, who=who))


def decide_form(
    w: Wording, press: Decide, case: Case, ends: Sequence[tuple[Disposition, Sequence[str]]], possible: Sequence[Measure]
) -> Form:
    """What it is (``ends``: outcomes under what they come down to), the measure if another than usual, the house rule, why."""
    words, rules = case.tree.said(w.language), w.organisation.house_rules
    names = [(name, w.t(f"disposition.{be.replace(' ', '_')}")) for be, found in ends for name in found]
    chosen = next((name for name in outcomes(case) if name in dict(names)), "")
    outcome = tuple((name, words.outcomes[name].title) for name, _ in names)
    measure = (("", w.t("measure.as_usual")), *((name, w.t(f"measure.{name}")) for name in possible))
    rule = (("", w.t("field.rule_as_usual")), *((name, said(item.label, w.language)) for name, item in rules.items()))
    now = decision(case)
    preset = now.rule if now is not None else case.state.house_rule or ""
    fields = (
        Field("outcome", w.t("field.outcome"), "choice", chosen, outcome, True, groups=tuple(head for _, head in names)),
        Field("measure", w.t("field.measure"), "choice", "", measure, hint=w.t("field.measure_hint")),
        Field("rule", w.t("field.rule"), "choice", preset, rule),
        Field("reason", w.t("field.decision_reason"), "text", required=True, limit=2000),
    )
    return Form(w.t("form.decide", number=case.number), press, fields, w.t("form.do_decide"))


def undo_form(w: Wording, press: UndoDecision, case: Case) -> Form:
    """Why a decision is taken back."""
    field = Field("reason", w.t("field.undo_reason"), "text", required=True, limit=2000)
    return Form(w.t("form.undo", number=case.number), press, (field,), w.t("button.undo_decision"))


def ask_form(w: Wording, press: AskInfo, number: int) -> Form:
    """What somebody in a thread needs to know."""
    field = Field("text", w.t("field.question"), "text", required=True)
    return Form(w.t("form.ask", number=number), press, (field,), w.t("form.send"))


def forward_form(w: Wording, press: Forward, number: int, roles: Sequence[Role]) -> Form:
    """To which role a thread goes on, and what is said with it."""
    rows = []
    for role in roles:
        if role in ("antenna", "department_head"):
            rows += [(f"{role}:{name}", w.role(role, name)) for name in w.organisation.departments]
        else:
            rows.append((role, w.role(role)))
    fields = (
        Field("to", w.t("field.to"), "choice", "", tuple(rows), True),
        Field("text", w.t("field.note"), "text"),
    )
    return Form(w.t("form.forward", number=number), press, fields, w.t("form.send"))
