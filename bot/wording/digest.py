"""The weekly digest of an audience, and the archive."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.cards import Block, Button, Buttons, Card, Chart, Facts, Quote, Select, Table, Text
from bot.digest import EQUAL, MANAGEMENT, Answered, Digest, Followed, Kept, Some
from bot.digest import Topic as Spoken
from bot.presses import CloseLoop, ShowAnswers, ShowCase, ShowDigest, ShowReview, ShowSignals, ShowTopic, week_number
from bot.wording.topics import CHOICES, effect, number, weeks_chart
from bot.wording.words import Wording

DIGEST_TOPICS = 12  # topics in a digest; the rest is counted
CHART_TOPICS = 3  # topics drawn beside the total
MOST_ROWS = 30  # cases in one list
ASKED = 4  # topics of which a digest asks what happens with them


def audience(w: Wording, name: str) -> str:
    """Whose digest it is: a department, the management team, equal opportunities; of a department that is no more, its id."""
    if name in (MANAGEMENT, EQUAL):
        return w.t(f"audience.{name}")
    return w.department(name) if name else w.t("fallback.no_department")


def title(w: Wording, week: str, name: str) -> str:
    """What a digest is called."""
    return w.t("digest.title", number=int(week.rpartition("W")[2]), department=audience(w, name))


def card(w: Wording, found: Digest, grounds: Mapping[str, str]) -> Card:
    """The week of an audience. What citizens wrote is quoted, masked; every number opens what stands behind it. ``grounds``: id → name."""
    heading = title(w, found.week, found.department)
    body: list[Block] = [Text(w.t("digest.days", monday=w.s.day(found.monday), sunday=w.s.day(found.sunday)), "hint")]
    if found.late:
        body.append(Text(w.t("digest.late"), "strong"))
    body += _missed(w, found)
    follow = _loops(w, found) if "loops" in found.parts else []
    if not found.count:
        return Card(heading, (*body, Text(w.t("digest.empty")), *follow), "info", heading)
    body.append(Text(f"{w.s.tn('digest.count', found.count)}, {_change(w, 'digest.than', found.count, found.before)}."))
    if found.department == EQUAL:
        return Card(heading, (*body, *_hate(w, found, grounds), *_departments(w, found)), "info", heading)
    body += [Text(line, "strong") for line in _striking(w, found)]
    if "chart" in found.parts and len(found.weeks) > 1:
        body.append(_digest_chart(w, found))
    if "topics" in found.parts:
        body += _topics(w, found)
        body.append(_kinds(w, found))
    body += _departments(w, found)
    week = week_number(found.week)
    mine = found.department if found.department != MANAGEMENT else ""
    if "unanswered" in found.parts:
        if found.unanswered.count:
            heading_of = w.t("digest.unanswered", open=found.unanswered.count, count=found.questions)
            body += _some(
                w, heading_of, found.unanswered, ShowSignals(department=mine, week=week, kind="question", unanswered=True)
            )
        elif found.questions:
            body.append(Text(w.s.tn("digest.all_answered", found.questions), "strong"))
    if "misinformation" in found.parts and found.misinformation.count:
        press = ShowSignals(department=mine, week=week, kind="misinformation")
        body += _some(w, w.s.tn("digest.misinformation", found.misinformation.count), found.misinformation, press)
    body += _hate(w, found, grounds) if "hate" in found.parts else []
    if "praise" in found.parts and found.praise.count:
        press = ShowSignals(department=mine, week=week, kind="praise")
        body += _some(w, w.s.tn("digest.praise", found.praise.count), found.praise, press)
    body += _answers(w, found)
    body += follow
    if found.review:
        body.append(Text(w.s.tn("digest.review", found.review), "strong"))
        body.append(Buttons((Button(w.t("button.show_review"), ShowReview()),)))
    body += _asks(w, found) if "loops" in found.parts and found.department != MANAGEMENT else []
    return Card(heading, tuple(body), "info", heading)


def _missed(w: Wording, found: Digest) -> list[Block]:
    if not found.missed:
        return []
    buttons = tuple(
        Button(
            w.t("digest.week", number=int(week.rpartition("W")[2])),
            ShowDigest(department=found.department, week=week_number(week)),
        )
        for week in found.missed
    )
    return [Text(w.s.tn("digest.missed", len(found.missed))), Buttons(buttons)]


def _striking(w: Wording, found: Digest) -> list[str]:
    """What somebody in a hurry should read."""
    lines = []
    for item in found.topics:
        if item.rise:
            lines.append(w.t("digest.rise", topic=item.name, count=item.count, usual=_usual(w, item)))
        elif item.new:
            lines.append(w.s.tn("digest.new_topic", item.count, topic=item.name))
    return lines[:6]


def _usual(w: Wording, item: Spoken) -> str:
    before = item.weeks[:-1]
    return number(w, sum(before) / len(before)) if before else "–"


def _digest_chart(w: Wording, found: Digest) -> Chart:
    series: list[tuple[str, Sequence[int]]] = [(w.t("digest.all"), found.totals)]
    shown = len(found.weeks)
    named = [one for one in found.topics if one.name][:CHART_TOPICS]
    series += [(item.name, ([0] * shown + list(item.weeks))[-shown:]) for item in named]
    return weeks_chart(w, w.t("digest.chart"), found.weeks, series)


def _topics(w: Wording, found: Digest) -> list[Block]:
    shown, week = found.topics[:DIGEST_TOPICS], week_number(found.week)
    before = week_number(found.weeks[-2]) if len(found.weeks) > 1 else 0
    whose = found.department if found.department != MANAGEMENT else ""
    head = (w.t("signals.topic"), w.t("digest.this_week"), w.t("digest.week_before"), w.t("digest.usual"))
    rows: list[tuple[str | Quote | Button, ...]] = []
    for item in shown:
        topic = item.id or -1
        name: str | Button = Button(item.name, ShowTopic(topic=item.id, week=week)) if item.id else w.t("digest.no_topic")
        mark = " ↑" if item.rise else " *" if item.new else ""
        now = Button(f"{item.count}{mark}", ShowSignals(department=whose, week=week, topic=topic)) if item.count else "0"
        last = (
            Button(str(item.before), ShowSignals(department=whose, week=before, topic=topic)) if item.before and before else "0"
        )
        rows.append((name, now, last, _usual(w, item)))
    blocks: list[Block] = [Table(w.t("digest.topics"), head, tuple(rows))]
    rest = len(found.topics) - len(shown)
    if rest:
        blocks.append(Text(w.s.tn("digest.more_topics", rest), "hint"))
    if any(item.rise or item.new for item in shown):
        blocks.append(Text(w.t("digest.marks"), "hint"))
    return blocks


def _kinds(w: Wording, found: Digest) -> Table:
    week, before = week_number(found.week), week_number(found.weeks[-2]) if len(found.weeks) > 1 else 0
    whose = found.department if found.department != MANAGEMENT else ""
    rows: tuple[tuple[str | Button, ...], ...] = tuple(
        (
            w.t(f"kind.{kind}"),
            Button(str(now), ShowSignals(department=whose, week=week, kind=kind)) if now else "0",
            Button(str(last), ShowSignals(department=whose, week=before, kind=kind)) if last and before else str(last),
        )
        for kind, now, last in found.kinds
    )
    rows += (
        (
            w.t("digest.all"),
            Button(str(found.count), ShowSignals(department=whose, week=week)),
            Button(str(found.before), ShowSignals(department=whose, week=before))
            if found.before and before
            else str(found.before),
        ),
    )
    return Table(w.t("digest.kinds"), (w.t("signals.kind"), w.t("digest.this_week"), w.t("digest.week_before")), rows)


def _departments(w: Wording, found: Digest) -> list[Block]:
    if not found.departments:
        return []
    week, before = week_number(found.week), week_number(found.weeks[-2]) if len(found.weeks) > 1 else 0
    kind = "hate" if found.department == EQUAL else ""
    rows = tuple(
        (
            Button(audience(w, name), ShowDigest(department=name, week=week)) if name and not kind else audience(w, name),
            Button(str(now), ShowSignals(department=name, week=week, kind=kind)) if now and name else str(now),
            Button(str(last), ShowSignals(department=name, week=before, kind=kind)) if last and name and before else str(last),
        )
        for name, now, last in found.departments
    )
    return [
        Table(w.t("digest.departments"), (w.t("select.department"), w.t("digest.this_week"), w.t("digest.week_before")), rows)
    ]


def _hate(w: Wording, found: Digest, grounds: Mapping[str, str]) -> list[Block]:
    """Counts and grounds, never words."""
    if not found.hate:
        return []
    week = week_number(found.week)
    whose = found.department if found.department not in (MANAGEMENT, EQUAL) else ""
    total = sum(count for _, count in found.hate)
    rows: tuple[tuple[str | Button, ...], ...] = tuple(
        (
            grounds.get(ground, w.t("select.no_ground")),
            Button(str(count), ShowSignals(department=whose, week=week, kind="hate", ground=ground)) if ground else str(count),
        )
        for ground, count in found.hate
    )
    rows += ((w.t("digest.all"), Button(str(total), ShowSignals(department=whose, week=week, kind="hate"))),)
    return [Table(w.s.tn("digest.hate", total), (w.t("select.ground"), w.t("digest.this_week")), rows)]


def _answers(w: Wording, found: Digest) -> list[Block]:
    had = found.answers
    if had is None or "response" not in found.parts:
        return []
    hours = w.t("digest.hours", hours=number(w, had.hours)) if had.hours is not None else w.t("digest.no_answers")
    rows = (
        (w.t("digest.first_answer"), hours),
        (w.t("digest.promised"), w.t("digest.promised_hours", hours=had.promised)),
        (w.t("digest.in_time"), w.t("digest.of", part=had.in_time, count=had.cases)),
        (w.t("digest.missed_terms"), str(had.missed)),
    )
    press = ShowAnswers(department=found.department, week=week_number(found.week))
    buttons = [Button(w.s.tn("digest.show_cases", had.cases), press)]
    if had.missed:
        buttons.append(Button(w.s.tn("digest.show_late", had.missed), press.model_copy(update={"late": True})))
    return [Text(w.t("digest.answers"), "strong"), Facts(rows), Buttons(tuple(buttons))]


def answered(w: Wording, asked: ShowAnswers, found: Sequence[Answered]) -> Card:
    """The cases behind the answering times, the oldest first: numbers and moments, nothing of what citizens wrote."""
    heading = w.t("digest.cases_title", number=asked.week % 100, audience=audience(w, asked.department))
    if not found:
        return Card(heading, (Text(w.t("digest.cases_none")),))
    head = (w.t("digest.case"), w.t("digest.opened"), w.t("digest.due"), w.t("digest.first_answer"))
    rows = tuple(
        (
            Button(f"#{one.case}", ShowCase(case=one.case)),
            w.moment(one.opened),
            w.moment(one.due) + (" ✗" if one.late else ""),
            w.moment(one.answered) if one.answered is not None else "–",
        )
        for one in found[:MOST_ROWS]
    )
    body: list[Block] = [Table("", head, rows)]
    if any(one.late for one in found):
        body.append(Text(w.t("digest.late_cases"), "hint"))
    if len(found) > MOST_ROWS:
        body.append(Text(w.t("digest.more", count=len(found) - MOST_ROWS), "hint"))
    return Card(heading, tuple(body))


def _some(w: Wording, heading: str, some: Some, press: ShowSignals) -> list[Block]:
    show = Buttons((Button(w.s.tn("digest.show", some.count), press),))
    return [Text(heading, "strong"), *map(Quote, some.texts), show]


def _loops(w: Wording, found: Digest) -> list[Block]:
    """What was done earlier and is not closed, with what came of it."""
    if not found.loops:
        return []
    head = (w.t("signals.topic"), w.t("loop.done"), w.t("loop.effect"))
    rows = tuple(
        (
            Button(one.name, ShowTopic(topic=one.topic)),
            _did(w, one),
            effect(w, one.change) if one.choice != "seen" else "–",
        )
        for one in found.loops
    )
    return [Table(w.t("loop.open"), head, rows)]


def _did(w: Wording, one: Followed) -> str:
    return f"{w.t(f'loop.{one.choice}')} ({w.s.day(one.at.astimezone(w.organisation.calendar.zone).date())})"


def _asks(w: Wording, found: Digest) -> list[Block]:
    """Of the few topics that ask for it: what happens with them? One press each."""
    standing = found.standing or {}
    worth = [one for one in found.topics if one.id and one.count and not (one.id in standing and standing[one.id].open)]
    worth.sort(key=lambda one: (not one.rise, not one.new, -one.count))
    if not worth:
        return []
    blocks: list[Block] = [Text(w.t("loop.ask_all"), "question")]
    for one in worth[:ASKED]:
        times = standing[one.id].times if one.id in standing else 0
        options = tuple((w.t(f"loop.{choice}"), CloseLoop(topic=one.id, choice=choice, loops=times)) for choice in CHOICES)
        blocks.append(Select(one.name, options))
    return blocks


def _change(w: Wording, key: str, count: int, before: int) -> str:
    if not before:
        return w.t(f"{key}_new")
    change = count - before
    return w.t(f"{key}_more" if change > 0 else f"{key}_fewer" if change else f"{key}_same", change=abs(change))


def preview(w: Wording, card: Card, when: str) -> Card:
    """A digest before it is sent."""
    return replace(card, body=(Text(w.t("digest.preview", when=when), "strong"), *card.body))


def choose(w: Wording, names: Sequence[str], week: str) -> Card:
    """Whose digest of this week?"""
    buttons = tuple(Button(audience(w, name), ShowDigest(department=name, week=week_number(week))) for name in names)
    return Card(w.t("digest.which"), (Text(w.t("digest.which_text")), Buttons(buttons)))


def archive(w: Wording, words: str, kept: Sequence[Kept]) -> Card:
    """Digests of earlier weeks, each to be opened."""
    heading = w.t("digest.archive_about", words=words) if words else w.t("digest.archive")
    if not kept:
        return Card(heading, (Text(w.t("digest.archive_none")),))
    rows = tuple(
        (
            Button(one.week, ShowDigest(department=one.department, week=week_number(one.week))),
            audience(w, one.department),
            w.moment(one.told) + (f" ({w.t('digest.late_mark')})" if one.late else ""),
        )
        for one in kept
    )
    return Card(heading, (Table("", (w.t("digest.week_head"), w.t("digest.whose"), w.t("digest.sent")), rows),))
