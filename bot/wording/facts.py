"""What several cards say of one case: the comment, what is known of it, what was decided. As blocks and rows, not as cards."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.cards import Block, Button, Buttons, Copy, Picture, Quote, Text, Tone
from bot.case import Case, Decision, needs_department, outcomes
from bot.comment_text import cut, excerpt
from bot.organisation import said
from bot.presses import ShowCase, ShowObjection, ShowText, ShowThread
from bot.wording.seen import Offer, Seen, Told
from bot.wording.strikes import warning_of
from bot.wording.words import Wording
from flows.effects import Advise

ROW = 75  # characters of a case's row in an overview, which is a button
SHOWN_TEXT = 3000  # characters of a comment on a card; the rest stays in the case
TONE: Mapping[str, Tone] = {"modereer": "danger", "koppel door": "warning", "bied hulp": "success", "volg op": "info"}


def comment(w: Wording, seen: Seen) -> list[Block]:
    """The comment and its pictures, as far as the reader may and wants to see them."""
    case = seen.case
    if case.purged is not None:
        return [Text(w.t("card.purged", when=w.s.day(case.purged.astimezone(w.organisation.calendar.zone).date())), "hint")]
    if "weighs_on_me" in seen.private:
        show = Button(w.t("button.show_text"), ShowText(case=case.number))
        return [Text(w.t("support.folded"), "hint"), Buttons((show,))]
    if seen.shared and seen.confidential:
        return [Buttons((Button(w.t("button.show_text"), ShowText(case=case.number)),))]
    text, was_cut = cut(case.text, SHOWN_TEXT)
    blocks: list[Block] = []
    if text:
        blocks.append(Quote(text, case.handle if seen.handle else ""))
    if was_cut:
        blocks.append(Text(w.t("card.rest_kept", count=len(case.text)), "hint"))
    if text and case.state.text_read and not case.state.text_checked:
        blocks.append(Text(w.t("card.text_read"), "hint"))
    blocks += [Picture(number, w.t("card.picture", number=index)) for index, number in enumerate(seen.pictures, 1)]
    if case.state.pictures_dropped and not seen.pictures:
        blocks.append(Text(w.t("card.picture_gone"), "hint"))
    return blocks


def approved_answer(w: Wording, offer: Offer) -> list[Block]:
    """An approved answer of the FAQ, to copy."""
    hint = [Text(w.t("card.faq_only_je"), "hint")] if offer.lacks_formal else []
    return [Copy(w.t("card.faq_answer"), offer.answer), *hint]


def facts(w: Wording, seen: Seen, advised: Advise) -> tuple[tuple[str, str | Quote], ...]:
    """What is known: the disposition, terms, where and when it was placed, who was told, warnings, how long it is kept."""
    case, rows = seen.case, []
    rows.append((w.t("fact.disposition"), w.t(f"disposition.{advised.disposition.replace(' ', '_')}")))
    if advised.deadline is not None:
        due = case.state.terms.get("case")
        now = advised.deadline.clock == "now"
        rows.append((w.t("fact.deadline"), w.t("deadline.now") if now or due is None else w.moment(due)))
    rows.append((w.t("fact.path"), w.path(case)))
    rows.append((w.t("fact.where"), w.place(case)))
    quotes: list[tuple[str, str | Quote]] = list(rows)
    if case.link:
        quotes.append((w.t("fact.link"), Quote(case.link)))
    if case.post:
        quotes.append((w.t("fact.post"), Quote(case.post)))
    if case.posted:
        quotes.append((w.t("fact.posted"), w.posted(case.posted)))
    told = [_told(w, item) for item in seen.told if item.phase != "retracted"]
    if needs_department(advised, case):
        told.append(w.t("told.choose_department"))
    if told:
        quotes.append((w.t("fact.told"), " · ".join(told)))
    strike = warning_of(w, seen, advised)
    if strike and not seen.shared:
        quotes.append((w.t("fact.strike"), strike))
    if case.moderator is not None and not case.open:
        quotes.append((w.t("fact.moderator"), w.name(case.moderator)))
    if case.closed is not None:
        quotes.append((w.t("fact.closed"), w.moment(case.closed)))
    if seen.objection is not None:
        quotes.append((w.t("fact.objection"), objection_stands(w, seen.objection)))
    if case.purge_on is not None:
        quotes.append((w.t("fact.kept_until"), w.s.day(datetime.fromisoformat(case.purge_on).date())))
    return tuple(quotes)


def _told(w: Wording, item: Told) -> str:
    name = w.role(item.role, item.department)
    if item.taken_by is not None:
        return w.t("told.taken", role=name, who=w.name(item.taken_by))
    return w.t(f"told.{item.phase}", role=name)


def decisions(w: Wording, case: Case, said_at: Callable[[datetime], str] | None = None) -> list[Block]:
    """Every decision, with who took it, when, on which ground and why. ``said_at``: how a moment is said where it must last."""
    blocks: list[Block] = []
    for made in case.state.decisions:
        who, when = w.name(made.by), (said_at or w.moment)(made.at)
        if made.undoes:
            key = "card.undecided" if made.thread else "card.lapsed"
            blocks.append(Text(w.t(key, who=who, when=when), "strong"))
        else:
            title = w.titles(case.tree, [made.outcome])
            blocks.append(Text(w.t("card.decided", who=who, when=when, title=title), "strong"))
            blocks.append(Text(_ground(w, made), "hint"))
        if made.reason:
            blocks.append(Quote(made.reason, who))
    return blocks


def _ground(w: Wording, made: Decision) -> str:
    """The measure of a decision, and the house rule it rests on."""
    measure, rules = w.t(f"measure.{made.measure}"), w.organisation.house_rules
    if made.rule not in rules:
        return w.t("card.measure", measure=measure)
    return w.t("card.measure_rule", measure=measure, rule=said(rules[made.rule].label, w.language))


def objection_stands(w: Wording, row: Any) -> str:
    """Who looks at an objection, or what they made of it."""
    if row.decided is None:
        return w.t("objection.waits", who=w.name(row.reviewer))
    key = "objection.changed" if row.measure else "objection.upheld"
    return w.t(key, who=w.name(row.decided_by), when=w.moment(row.decided))


def _term(w: Wording, case: Case) -> str:
    """By when: at once, by an hour, or past it; without a term since when it is here."""
    due = case.state.terms.get("case")
    if due is None:
        return w.t("home.since", when=w.moment(case.opened))
    if case.state.lengths.get("case", "").startswith("now:"):
        return w.t("home.now", when=w.moment(due))
    return w.t("home.late" if due < w.now else "home.due", when=w.moment(due))


def case_row(
    w: Wording, case: Case, extra: str = "", opens: ShowThread | ShowObjection | None = None, since: datetime | None = None
) -> Buttons:
    """A case as one line of a list, which opens it, or what about it waits for its reader: ``since`` when, instead of the case's term."""
    title = w.titles(case.tree, outcomes(case)) or w.t("home.walking")
    number = w.t("card.case", number=case.number)
    term = w.t("home.since", when=w.moment(since)) if since is not None else _term(w, case)
    role = excerpt(extra, 30) if extra else ""
    # What does not fit goes from the title, not the hour.
    room = ROW - sum(len(part) + 3 for part in (number, role, term) if part)
    label = " · ".join(part for part in (number, excerpt(title, room), role, term) if part)
    return Buttons((Button(label, opens or ShowCase(case=case.number)),))
