"""The FAQ: an entry, its history and conflicts, what a search found, the questions that nobody answered yet."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from bot.cards import Block, Button, Buttons, Card, Copy, Facts, Field, Form, Quote, Text
from bot.comment_text import excerpt
from bot.faq import LANGUAGES, LONGEST_ANSWER, LONGEST_QUESTION, LONGEST_REASON, Conflict, Content, Version
from bot.faq_gaps import Gap
from bot.presses import AddWords, ApproveFaq, CloseGap, DropWords, EditFaq, NewFaq, RetireFaq, ShowFaq, TakeOverFaq
from bot.wording.words import Wording

FAQ_VERSIONS, FAQ_GAPS, WORD_GROUPS = 10, 8, 15  # shown on one card; the rest is counted
_FAQ_FIELDS = {"formal": "faq.answer_formal", "department": "select.department"}


def entry(w: Wording, row: Any, *, keeps: bool) -> Card:
    """An entry with all that is known of it; to approve, change or drop for who keeps it."""
    body: list[Block] = [Quote(row.question), Copy(w.t("faq.answer"), row.answer)]
    if row.answer_formal:
        body.append(Copy(w.t("faq.answer_formal"), row.answer_formal))
    elif not row.both:
        body.append(Text(w.t("faq.no_formal"), "hint"))
    body.append(Facts(_facts(w, row)))
    body.append(Text(_status(w, row), "hint"))
    press = {"entry": row.id, "version": row.version}
    buttons = [Button(w.t("button.edit_faq"), EditFaq(**press))]
    if row.status != "approved":
        label = "button.still_right" if row.status == "review" else "button.approve_faq"
        buttons.insert(0, Button(w.t(label), ApproveFaq(**press), "primary"))
    if row.status != "retired":
        buttons.append(Button(w.t("button.retire_faq"), RetireFaq(**press)))
    buttons = buttons if keeps else []
    buttons.append(Button(w.t("button.faq_history"), ShowFaq(entry=row.id, history=True)))
    title = w.t("faq.title", number=row.id)
    return Card(title, (*body, Buttons(tuple(buttons))), notice=title)


def _status(w: Wording, row: Any) -> str:
    key = f"faq.status_{row.status}" + (f"_{row.review}" if row.status == "review" else "")
    return w.t(key, who=w.name(row.changed_by))


def _facts(w: Wording, row: Any) -> tuple[tuple[str, str | Quote], ...]:
    rows: list[tuple[str, str | Quote]] = []
    if row.department:
        rows.append((w.t("select.department"), w.department(row.department)))
    if row.tags:
        rows.append((w.t("faq.tags"), Quote(", ".join(row.tags.split(",")))))
    if row.language != w.organisation.language:
        rows.append((w.t("faq.language"), w.t(f"language.{row.language}")))
    if row.links:
        rows.append((w.t("faq.links"), Quote(row.links)))
    if row.valid_from or row.valid_until:
        rows.append((w.t("faq.valid"), _dates(w, row.valid_from, row.valid_until)))
    if row.owner:
        rows.append((w.t("faq.owner"), w.name(row.owner)))
    last = w.t("faq.last_used", when=w.s.day(row.last_used.date())) if row.last_used else ""
    rows.append((w.t("faq.used"), w.s.tn("faq.times", row.used) + last))
    return tuple(rows)


def _dates(w: Wording, begin: str | None, end: str | None) -> str:
    first, last = (w.s.day(date.fromisoformat(day)) if day else "" for day in (begin, end))
    if first and last:
        return w.t("faq.between", first=first, last=last)
    return w.t("faq.from", first=first) if first else w.t("faq.until", last=last)


def history(w: Wording, number: int, versions: Sequence[Version]) -> Card:
    """Every version of an entry: who made it so, when and why."""
    body: list[Block] = []
    for past in versions[:FAQ_VERSIONS]:
        why = w.t(f"faq.why_{past.why}", who=w.name(past.who))
        body.append(Text(f"{past.version} · {w.moment(past.at)} · {why}", "strong"))
        body += [Quote(past.note)] if past.note else []
        body += [Quote(past.content.question), Quote(excerpt(past.content.answer, 300))]
    rest = len(versions) - FAQ_VERSIONS
    if rest > 0:
        body.append(Text(w.t("digest.more", count=rest), "hint"))
    return Card(w.t("faq.history", number=number), tuple(body))


def conflict(w: Wording, found: Conflict) -> Card:
    """Somebody was first: what stood there, what they made of it, and what its reader wrote; to decide with open eyes."""
    who = w.name(found.who)
    body: list[Block] = [Text(w.t("faq.conflict", who=who))]
    for name in found.fields():
        body.append(Text(w.t(_FAQ_FIELDS.get(name, f"faq.{name}")), "strong"))
        three = (
            (w.t("faq.old"), found.old),
            (w.t("faq.theirs", who=who), found.theirs),
            (w.t("faq.mine"), found.mine),
        )
        body.append(Facts(tuple((label, Quote(_said(w, getattr(said, name)))) for label, said in three)))
    take = TakeOverFaq(entry=found.entry, version=found.version, draft=found.draft)
    buttons = (
        Button(w.t("button.edit_faq_again"), EditFaq(entry=found.entry, version=found.version), "primary"),
        Button(w.t("button.take_over_faq"), take, "danger"),
    )
    body += [Text(w.t("faq.conflict_choose", who=who), "hint"), Buttons(buttons)]
    return Card(w.t("faq.conflict_title", number=found.entry), tuple(body), "warning")


def _said(w: Wording, value: object) -> str:
    if isinstance(value, bool):
        return w.t("answer.yes" if value else "answer.no")
    if isinstance(value, tuple):
        return ", ".join(value) or "–"
    if isinstance(value, date):
        return w.s.day(value)
    return str(value or "–")


def hits(w: Wording, query: str, hits: Sequence[tuple[Any, Any]], kept: Collection[int] = (), missing: int | None = None) -> Card:
    """What a search found, best first, each with why; of what nobody approved it is said, and no answer given.

    ``kept``: entries that are its reader's to keep right. ``missing``: the question that found no answer, for who may add a word to it.
    """
    add: tuple[Block, ...] = ()
    if missing is not None:
        add = (Text(w.t("words.missing"), "hint"), Buttons((Button(w.t("button.add_words"), AddWords(gap=missing)),)))
    if not hits:
        return Card(w.t("faq.search"), (Quote(query), Text(w.t("faq.nothing")), *add))
    body: list[Block] = [Quote(query)]
    for hit, row in hits:
        body.append(Quote(row.question))
        if row.status == "approved":
            body.append(Copy(w.t("faq.answer"), row.answer))
        if row.status != "approved":
            body.append(Text(_status(w, row), "hint"))
        if hit.why:
            body.append(Text(w.t("faq.why", words=w.s.and_(hit.why)), "hint"))
        if row.id in kept:
            body.append(Buttons((Button(w.t("button.show_faq", number=row.id), ShowFaq(entry=row.id)),)))
    return Card(w.t("faq.search"), (*body, *add))


def own_words(w: Wording, added: Sequence[Any], file: Sequence[Sequence[str]], *, keeps: bool) -> Card:
    """The words that mean the same in this town: those that somebody added, to take away again, and those of the organisation's file."""
    body: list[Block] = [Text(w.t("words.intro"), "hint")]
    for row in added[:WORD_GROUPS]:
        added_by = w.t("words.added", who=w.name(row.by), when=w.s.day(row.at.date()))
        body += [Quote(" = ".join(row.words.split("\n"))), Text(added_by, "hint")]
        if keeps:
            body.append(Buttons((Button(w.t("button.drop_words"), DropWords(words=row.id)),)))
    rest = len(added) - WORD_GROUPS
    if rest > 0:
        body.append(Text(w.t("digest.more", count=rest), "hint"))
    if file:
        body.append(Text(w.t("words.file"), "strong"))
        body += [Quote(" = ".join(group)) for group in file[:WORD_GROUPS]]
    if not added and not file:
        body.append(Text(w.t("words.none")))
    if keeps:
        body.append(Buttons((Button(w.t("button.add_words"), AddWords(), "primary"),)))
    return Card(w.t("words.title"), tuple(body))


def words_form(w: Wording, press: AddWords, new: str) -> Form:
    """A word that nobody knew, and what it means."""
    fields = (
        Field("new", w.t("words.new"), "line", new, required=True, limit=300),
        Field("known", w.t("words.known"), "line", required=True, hint=w.t("words.known_hint"), limit=300),
    )
    return Form(w.t("form.words"), press, fields, w.t("form.save"))


def gaps(w: Wording, gaps: Sequence[Gap]) -> Card:
    """Questions that found no answer, most asked first, each group with what it shares."""
    title = w.t("gaps.title")
    if not gaps:
        return Card(title, (Text(w.t("gaps.none")),))
    body: list[Block] = []
    for gap in gaps[:FAQ_GAPS]:
        where = f" · {w.department(gap.department)}" if gap.department else ""
        body.append(Text(w.s.tn("gaps.asked", gap.count) + where, "strong"))
        body += [Quote(item.text) for item in gap.questions[:3]]
        if gap.shared:
            body.append(Text(w.t("gaps.shared", words=", ".join(gap.shared)), "hint"))
        number = gap.questions[0].number
        write = Button(w.t("button.new_faq"), NewFaq(gap=number), "primary")
        word = Button(w.t("button.add_words"), AddWords(gap=number))
        body.append(Buttons((write, word, Button(w.t("button.close_gap"), CloseGap(gap=number)))))
    rest = len(gaps) - FAQ_GAPS
    if rest > 0:
        body.append(Text(w.t("digest.more", count=rest), "hint"))
    return Card(title, tuple(body), "info", title)


def review(w: Wording, rows: Sequence[Any], rest: int, *, told: bool = False) -> Card:
    """Entries to look at, each with why; ``rest``: how many more there are. ``told``: sent by the bot, not asked for."""
    title = w.t("faq.review_title")
    if not rows:
        return Card(title, (Text(w.t("faq.review_none")),))
    body: list[Block] = [Text(w.t("faq.review_told"))] if told else []
    for row in rows:
        body += [Quote(row.question), Text(_status(w, row), "hint")]
        body.append(Buttons((Button(w.t("button.show_faq", number=row.id), ShowFaq(entry=row.id)),)))
    if rest > 0:
        body.append(Text(w.t("faq.review_more", count=rest), "hint"))
    return Card(title, tuple(body), "info", title)


def form(w: Wording, press: EditFaq | NewFaq, known: Content) -> Form:
    """An entry, new or to change."""
    departments = tuple((name, w.department(name)) for name in w.organisation.departments)
    people = dict.fromkeys(person for item in w.organisation.departments.values() for person in (*item.antennas, item.head))
    keepers = tuple((name, w.name(name)) for name in people)
    fields = (
        Field("question", w.t("faq.question"), "text", known.question, required=True, limit=LONGEST_QUESTION),
        Field("answer", w.t("faq.answer"), "text", known.answer, required=True, limit=LONGEST_ANSWER),
        Field("formal", w.t("faq.answer_formal"), "text", known.formal, hint=w.t("faq.formal_hint"), limit=LONGEST_ANSWER),
        Field(
            "both",
            w.t("faq.both"),
            "choice",
            "yes" if known.both else "no",
            (("no", w.t("answer.no")), ("yes", w.t("answer.yes"))),
        ),
        Field("department", w.t("select.department"), "choice", _one_of(known.department, departments), departments),
        Field("tags", w.t("faq.tags"), "line", ", ".join(known.tags), hint=w.t("faq.tags_hint"), limit=1000),
        Field("links", w.t("faq.links"), "text", "\n".join(known.links), hint=w.t("faq.links_hint"), limit=2000),
        Field("valid_from", w.t("faq.valid_from"), "line", _iso(known.valid_from), hint=w.t("faq.date_hint"), limit=10),
        Field("valid_until", w.t("faq.valid_until"), "line", _iso(known.valid_until), hint=w.t("faq.date_hint"), limit=10),
        Field(
            "language",
            w.t("faq.language"),
            "choice",
            known.language,
            tuple((name, w.t(f"language.{name}")) for name in LANGUAGES),
        ),
        Field("owner", w.t("faq.owner"), "choice", _one_of(known.owner, keepers), keepers),
        Field("why", w.t("faq.reason"), "line", limit=LONGEST_REASON),
    )
    return Form(w.t("form.faq" if isinstance(press, EditFaq) else "form.new_faq"), press, fields, w.t("form.save"))


def _one_of(value: str, options: Sequence[tuple[str, str]]) -> str:
    """Nothing for what cannot be chosen any more: a department that was removed, somebody who left."""
    return value if value in (name for name, _ in options) else ""


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
