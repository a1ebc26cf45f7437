"""The checklist of a case: its lines, the texts for the citizen that go with them, what a second person must confirm."""

import re

from bot.cards import Block, Button, Buttons, Card, Checklist, Copy, Facts, Field, Form, Item, Quote, Text
from bot.case import Case, Settled, blocked_by_evidence, first_person, needs_two
from bot.presses import Disagree, EditReply, HandOver, Press, SetForm, Tick, Waive
from bot.roster import publishers
from bot.wording.facts import comment, decisions
from bot.wording.seen import Seen
from bot.wording.words import Wording
from flows.effects import Advise, Todo


def lines(w: Wording, seen: Seen, advised: Advise) -> list[Block]:
    """The checklist, and below it the reasons that people typed: their own words, which may quote a citizen."""
    case, items = seen.case, []
    typed: list[tuple[str, str | Quote]] = []
    facts = w.facts_of(case)
    for todo in advised.steps:
        text = w.step(case.tree, case.policy, todo, facts)
        settled = case.state.items.get(todo.id)
        notes = []
        if settled is None and (due := case.state.terms.get(todo.id)) is not None:
            notes.append(
                w.t(
                    "item.not_before" if todo.kind in ("hide", "delete", "close_comments", "monitor") else "item.before",
                    when=w.moment(due),
                )
            )
        if todo.optional:
            notes.append(w.t("item.optional"))
        more: list[Button] = []
        mark: Press | None = None
        if settled is not None:
            state = settled.how
            notes = _settled(w, settled)
            if settled.note:
                typed.append((text, Quote(settled.note, w.name(settled.by))))
            if case.open:
                mark = Tick(case=case.number, item=todo.id, done=False)
            items.append(Item(text, state, " · ".join(notes), mark))
            continue
        blocked = blocked_by_evidence(case, advised, todo)
        if case.open:
            mark = Tick(case=case.number, item=todo.id)
            more = _more(w, case, todo)
        if blocked:
            notes.append(w.t("item.evidence_first"))
        elif needs_two(todo):
            notes.append(_needs_two(w, case, todo))
        urgent = todo.phase == "safety"
        if blocked:
            items.append(Item(text, "blocked", " · ".join(notes), None, tuple(more), urgent))
        else:
            items.append(Item(text, "open", " · ".join(notes), mark, tuple(more), urgent))
    return [Checklist(tuple(items)), *([Facts(tuple(typed))] if typed else [])]


def _settled(w: Wording, settled: Settled) -> list[str]:
    key = "item.waived" if settled.how == "waived" else "item.done"
    notes = [w.t(key, who=w.name(settled.by), when=w.moment(settled.at))]
    if settled.first:
        notes.append(w.t("item.first", who=w.name(settled.first)))
    return [*notes, w.t(f"reason.{settled.reason}")] if settled.reason else notes


def _needs_two(w: Wording, case: Case, todo: Todo) -> str:
    first = first_person(case, todo)
    if first is None:
        return w.t("item.two", role=w.role(todo.by))
    return w.t("item.proposed", who=w.name(first), role=w.role(todo.by))


def _more(w: Wording, case: Case, todo: Todo) -> list[Button]:
    """What else can be done with an open line."""
    more: list[Button] = []
    if todo.to_publisher:
        more += [
            Button(w.t("button.give_to", who=w.name(person)), HandOver(case=case.number, to=person))
            for person in publishers(w.organisation)[:3]
        ]
    if todo.replies:
        more.append(Button(w.t("button.edit_reply"), EditReply(case=case.number, item=todo.id)))
    more += [
        Button(w.t(f"reason.{reason}"), Waive(case=case.number, item=todo.id, reason=reason))
        for reason in ("done_before", "not_possible", "not_needed")
    ]
    return [*more, Button(w.t("button.waive"), Waive(case=case.number, item=todo.id))]


def replies(w: Wording, seen: Seen, advised: Advise) -> list[Block]:
    """The texts to copy for the citizen, of the lines that are still open."""
    blocks: list[Block] = []
    case = seen.case
    todos = [todo for todo in advised.steps if todo.replies and todo.id not in case.state.items]
    for todo in todos:
        key = f"copy.{todo.kind}" if todo.kind in ("public_answer", "private_message") else "copy.other"
        blocks += [Copy(w.t(key), reply(w, seen, todo))]
    if todos:
        label = w.t("button.say_je" if case.state.formal else "button.say_u")
        blocks.append(Buttons((Button(label, SetForm(case=case.number, formal=not case.state.formal)),)))
    if case.state.place == "private":
        proposed = w.for_citizens(case.policy).t("reply.auto_reply", days=case.policy.response.answer)
        blocks.append(Copy(w.t("copy.auto_reply"), case.policy.dm_auto_reply or proposed))
    return blocks


def reply(w: Wording, seen: Seen, todo: Todo) -> str:
    """The text for the citizen that goes with a line: the moderator's own, or the proposal in je- or u-form."""
    case = seen.case
    own = case.state.replies.get(todo.id)
    if own is not None:
        return own
    speaker = w.for_citizens(case.policy)
    words = case.tree.said(speaker.language)
    texts = w.organisation.texts.get(speaker.language)  # type: ignore[call-overload]  # any language may be asked for
    replies = {**words.replies, **(texts.replies if texts else {})}
    facts = speaker.facts_of(case)
    if seen.faq_used is not None:
        facts["faq_answer"] = seen.faq_used.answer
    if case.policy.sign_as == "first_name_in_private" and todo.kind == "private_message" and case.moderator:
        first = w.name(case.moderator).split()[0]
        facts["signature"] = speaker.t("reply.signature_name", name=first, organisation=w.organisation.name)
    values = speaker.values(case.policy, **facts)
    unsigned = values | {"signature": ""}  # several texts in one message are signed once
    filled = [replies[name].form(case.state.formal).format_map(unsigned) for name in todo.replies[:-1]]
    filled += [replies[name].form(case.state.formal).format_map(values) for name in todo.replies[-1:]]
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"\n[ \t]*\n", "\n\n", "\n\n".join(filled))).strip()


def consequences(w: Wording, seen: Seen, advised: Advise) -> list[Block]:
    """What a step leaves behind, said beside it: hiding, deleting, and every answer."""
    kinds = {todo.kind for todo in advised.steps if todo.id not in seen.case.state.items}
    blocks: list[Block] = []
    known = seen.capabilities
    if "hide" in kinds and known is not None:
        blocks.append(Text(known.hiding_leaves[w.s.language], "hint"))
    if "delete" in kinds and known is not None:
        blocks.append(Text(known.deleting_leaves[w.s.language], "hint"))
    if "public_answer" in kinds:
        blocks.append(Text(w.t("card.answer_is_seen"), "hint"))
    return blocks


def second(w: Wording, seen: Seen) -> Card:
    """What needs a second person in a case: those lines, by whom each was proposed, to confirm or not."""
    case = seen.case
    title = w.t("second.title", number=case.number)
    open_lines = [todo for todo in seen.advised.steps if todo.id in case.state.proposed] if seen.advised and case.open else []
    if not open_lines:
        return Card(title, (Text(w.t("second.nothing_left")),), notice=title)
    body: list[Block] = [*comment(w, seen), *decisions(w, case)]
    for todo in open_lines:
        text = w.step(case.tree, case.policy, todo, w.facts_of(case))
        body += [
            Text(w.t("second.proposed", who=w.name(case.state.proposed[todo.id].by), step=text), "question"),
            Buttons(
                (
                    Button(w.t("button.confirm"), Tick(case=case.number, item=todo.id), "primary"),
                    Button(w.t("button.disagree"), Disagree(case=case.number, item=todo.id)),
                )
            ),
        ]
    return Card(title, tuple(body), "warning", title)


def waive_form(w: Wording, press: Waive, text: str) -> Form:
    """Why a line is passed over. ``text``: the line."""
    field = Field("reason", w.t("field.reason"), "text", required=True, limit=500)
    return Form(w.t("form.waive"), press, (field,), w.t("form.save"), (Text(text),))


def reply_form(w: Wording, press: EditReply, text: str) -> Form:
    """The text for the citizen, to change."""
    field = Field("text", w.t("field.reply"), "text", text, limit=8000, hint=w.t("field.reply_hint"))
    return Form(w.t("form.reply"), press, (field,), w.t("form.save"))


def disagree_form(w: Wording, press: Disagree, text: str) -> Form:
    """Why a second person does not confirm a line. ``text``: the line."""
    field = Field("reason", w.t("field.decision_reason"), "text", required=True, limit=500)
    return Form(w.t("form.disagree"), press, (field,), w.t("form.send"), (Text(text),))
