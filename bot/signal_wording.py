"""The sentences about what lives: lists of signals, topics, the weekly digest. As `wording.py`: reads nothing, decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite

from bot.cards import Block, Button, Buttons, Card, Chart, Copy, Facts, Field, Form, Quote, Select, Table, Text
from bot.chance import Change
from bot.digest import EQUAL, MANAGEMENT, Digest, Followed, Kept, Some
from bot.digest import Topic as Spoken
from bot.loops import Loop
from bot.presses import (
    CloseLoop,
    LogSignal,
    MergeTopic,
    NameGroup,
    RenameTopic,
    ShowDigest,
    ShowSignals,
    ShowTopic,
    ShowTopics,
    week_number,
)
from bot.presses import (
    LoopChoice as Choice,
)
from bot.signals import KINDS, PAGE, Found
from bot.topics import Group, Topic
from bot.wording import Wording
from flows.tree import SignalKind

DIGEST_TOPICS = 12  # topics in a digest; the rest is counted
CHART_TOPICS = 3  # topics drawn beside the total
ASKED = 4  # topics of which a digest asks what happens with them
DRAWN_WEEKS = 9
CHOICES: tuple[Choice, ...] = ("seen", "website", "faq", "none")
LISTED = 40  # rows of one table


# --- signals ---


def signals(
    w: Wording, about: str, count: int, found: Sequence[Found], following: ShowSignals | None, asked: ShowSignals | None = None
) -> Card:
    """A list of signals: the newest first, their words as quotes; ``following``: the next page."""
    title = w.t("signals.title_about", about=about) if about else w.t("signals.title")
    body: list[Block] = []
    if asked is not None:
        body.append(Text(" · ".join(_which(w, asked)) or w.t("signals.all"), "hint"))
    if not found:
        return Card(title, (*body, Text(w.t("signals.none"))))
    body.append(Text(w.s.tn("signals.count", count)))
    head = tuple(w.t(f"signals.{name}") for name in ("day", "kind", "topic", "words"))
    rows = tuple((_day(w, one), _kind(w, one), one.topic or w.t("digest.no_topic"), _words(w, one)) for one in found)
    body.append(Table("", head, rows))
    if following is not None:
        left = count - following.page * PAGE
        body.append(Buttons((Button(w.s.tn("signals.more", left), following),)))
    return Card(title, tuple(body))


def _which(w: Wording, asked: ShowSignals) -> list[str]:
    parts = []
    if asked.department:
        parts.append(audience(w, asked.department))
    if asked.week:
        parts.append(w.t("signals.week", number=asked.week % 100))
    if asked.kind in KINDS:
        parts.append(w.t(f"kind.{asked.kind}"))
    if asked.unanswered:
        parts.append(w.t("signals.unanswered"))
    return parts


def _day(w: Wording, one: Found) -> str:
    return f"{one.day[8:]}/{one.day[5:7]}"


def _kind(w: Wording, one: Found) -> str:
    kind = w.t(f"kind.{one.kind}")
    return f"{kind} ({w.t('signals.answered')})" if one.answered else kind


def _words(w: Wording, one: Found) -> str | Quote:
    if one.text:
        return Quote(one.text)
    where = w.t(f"platform.{one.platform}")
    return w.t("signals.counted" if one.kind != "hate" else "signals.hate_counted", where=where)


def signals_copy(w: Wording, form: str, text: str, count: int, copied: int) -> Card:
    """Signals as a text to copy into a file."""
    body: list[Block] = [Text(w.s.tn("signals.copied", copied))]
    if count > copied:
        body.append(Text(w.t("signals.copied_part", count=count), "hint"))
    return Card(w.t("signals.copy_title"), (*body, Copy(f"signalen.{form}", text)))


def log_form(w: Wording, press: LogSignal, text: str, department: str, kind: SignalKind) -> Form:
    """The masked words of a signal, to be looked at before they are kept."""
    departments = (("", w.t("select.no_department")), *((name, w.department(name)) for name in w.organisation.departments))
    fields = (
        Field("text", w.t("field.signal"), "text", text, required=True, hint=w.t("field.signal_hint"), limit=1000),
        Field("department", w.t("select.department"), "choice", department, departments),
        Field("kind", w.t("signals.kind"), "choice", kind, tuple((one, w.t(f"kind.{one}")) for one in KINDS)),
    )
    return Form(w.t("form.signal"), press, fields, w.t("form.save"))


# --- topics ---


def topics_of(w: Wording, department: str, rows: Sequence[tuple[Topic, int, int]], groups: Sequence[Group]) -> Card:
    """The topics of a department with their signals of the last eight weeks and of all time; groups without a name, and why."""
    body: list[Block] = [Text(w.t("topics.intro"), "hint")]
    if groups:
        body.append(Text(w.t("topics.groups"), "strong"))
        for group in groups[:8]:
            text = w.s.tn("topics.group", len(group.signals), words=", ".join(group.words))
            press = NameGroup(signal=group.signals[0], count=len(group.signals))
            body += [Text(text), Buttons((Button(w.t("button.name_group"), press),))]
    head = (w.t("signals.topic"), w.t("topics.recent"), w.t("topics.ever"))
    shown = tuple(
        (
            Button(topic.name, ShowTopic(topic=topic.id)),
            str(recent),
            Button(str(ever), ShowSignals(department=department, topic=topic.id)) if ever else "0",
        )
        for topic, recent, ever in rows[:LISTED]
    )
    body.append(Table(w.department(department), head, shown))
    return Card(w.t("topics.title", department=w.department(department)), tuple(body))


def topic_departments(w: Wording, departments: Sequence[str]) -> Card:
    """Of which department?"""
    buttons = tuple(Button(w.department(name), ShowTopics(department=name)) for name in departments)
    return Card(w.t("topics.which"), (Buttons(buttons),))


def topic(
    w: Wording, at: Topic, names: Sequence[tuple[str, str]], weeks: Sequence[str], counts: Sequence[int], loop: Loop | None,
    change: Change | None, found: Sequence[Found],
) -> Card:  # fmt: skip
    """One topic: its weeks, its names, what somebody did about it and what came of it, its newest signals."""
    body: list[Block] = []
    if any(counts):
        body.append(_weeks_chart(w, at.name, weeks, [(at.name, counts)]))
    total = Button(str(sum(counts)), ShowSignals(department=at.department, topic=at.id)) if sum(counts) else "0"
    head = (w.t("topics.weeks", count=len(counts)), w.t("topics.last_week"))
    body.append(Table("", head, ((total, str(counts[-1]) if counts else "0"),)))
    earlier = [name for name, _ in names if name != at.name.casefold()]
    if earlier:
        body.append(Text(w.t("topics.names", names=", ".join(earlier)), "hint"))
    if loop is not None:
        body.append(Text(_said_of(w, loop.choice, loop.by), "strong"))
        body += [Text(effect(w, change))] if loop.choice in ("website", "faq") else []
    for one in found[:5]:
        if one.text:
            body.append(Quote(one.text))
    times = loop.times if loop is not None else 0
    choices: tuple[Choice, ...] = (*CHOICES, "closed") if loop is not None and loop.open else CHOICES
    body.append(Text(w.t("loop.ask"), "question"))
    body.append(Buttons(tuple(Button(w.t(f"loop.{one}"), CloseLoop(topic=at.id, choice=one, loops=times)) for one in choices)))
    below = [Button(w.t("button.rename_topic"), RenameTopic(topic=at.id, names=len(names)))]
    below.append(Button(w.t("button.merge_topic"), MergeTopic(topic=at.id)))
    body.append(Buttons(tuple(below)))
    return Card(w.t("topics.one", topic=at.name), tuple(body))


def _said_of(w: Wording, choice: str, by: str) -> str:
    return w.t(f"loop.did_{choice}", who=w.name(by))


def topic_form(w: Wording, press: RenameTopic | NameGroup, name: str) -> Form:
    """The name of a topic."""
    fields = (Field("name", w.t("topics.name"), "line", name, required=True, limit=80, hint=w.t("topics.name_hint")),)
    return Form(w.t("form.topic"), press, fields, w.t("form.save"))


def merge_form(w: Wording, press: MergeTopic, at: Topic, others: Sequence[Topic]) -> Form:
    """Into which topic of the same department?"""
    options = tuple((str(other.id), other.name) for other in others)
    fields = (Field("into", w.t("topics.into"), "choice", "", options, True, w.t("topics.into_hint")),)
    return Form(w.t("form.merge", topic=at.name), press, fields, w.t("form.merge_go"))


# --- the digest ---


def audience(w: Wording, name: str) -> str:
    """Whose digest it is: a department, the management team, equal opportunities; of a department that is no more, its id."""
    if name in (MANAGEMENT, EQUAL):
        return w.t(f"audience.{name}")
    return w.department(name) if name in w.organisation.departments else name or w.t("fallback.no_department")


def title(w: Wording, week: str, name: str) -> str:
    """What a digest is called."""
    return w.t("digest.title", number=int(week.rpartition("W")[2]), department=audience(w, name))


def digest(w: Wording, found: Digest, grounds: Mapping[str, str]) -> Card:
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


def number(w: Wording, value: float) -> str:
    """``2,5`` or ``12``."""
    text = f"{value:.1f}".removesuffix(".0")
    return text.replace(".", ",") if w.language == "nl" else text


def _digest_chart(w: Wording, found: Digest) -> Chart:
    series: list[tuple[str, Sequence[int]]] = [(w.t("digest.all"), found.totals)]
    shown = len(found.weeks)
    named = [one for one in found.topics if one.name][:CHART_TOPICS]
    series += [(item.name, ([0] * shown + list(item.weeks))[-shown:]) for item in named]
    return _weeks_chart(w, w.t("digest.chart"), found.weeks, series)


def _weeks_chart(w: Wording, heading: str, weeks: Sequence[str], series: Sequence[tuple[str, Sequence[int]]]) -> Chart:
    """Lines over the newest weeks; their first, last and highest value in words."""
    weeks = weeks[-DRAWN_WEEKS:]
    shown = [(name, tuple(map(float, counts[-len(weeks) :]))) for name, counts in series]
    labels = tuple(w.t("digest.week_short", number=int(week.rpartition("W")[2])) for week in weeks)
    said = []
    for name, values in shown:
        most = max(values)
        facts = {"first": int(values[0]), "last": int(values[-1]), "most": int(most), "week": labels[values.index(most)]}
        said.append(w.t("digest.alt", name=name, **facts))
    return Chart(heading, " ".join(said), labels, tuple(shown))


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
    rows = tuple(
        (
            w.t(f"kind.{kind}"),
            Button(str(now), ShowSignals(department=whose, week=week, kind=kind)) if now else "0",
            Button(str(last), ShowSignals(department=whose, week=before, kind=kind)) if last and before else str(last),
        )
        for kind, now, last in found.kinds
    )
    return Table(w.t("digest.kinds"), (w.t("signals.kind"), w.t("digest.this_week"), w.t("digest.week_before")), rows)


def _departments(w: Wording, found: Digest) -> list[Block]:
    if not found.departments:
        return []
    week = week_number(found.week)
    kind = "hate" if found.department == EQUAL else ""
    rows = tuple(
        (
            Button(audience(w, name), ShowDigest(department=name, week=week)) if name and not kind else audience(w, name),
            Button(str(now), ShowSignals(department=name, week=week, kind=kind)) if now and name else str(now),
            str(last),
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
        (grounds.get(ground, w.t("select.no_ground")), str(count)) for ground, count in found.hate
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
    return [Text(w.t("digest.answers"), "strong"), Facts(rows)]


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


def effect(w: Wording, change: Change | None) -> str:
    """Whether fewer people wrote since, with the interval that chance leaves."""
    if change is None:
        return w.t("effect.too_early")
    values = {"before": number(w, change.before), "after": number(w, change.after)}
    low, high = _percent(change.low), _percent(change.high)
    if change.fell:
        return w.t("effect.fell", **values, least=-high, most=-low)
    if change.rose:
        return w.t("effect.rose", **values)
    if not isfinite(change.high) or change.high > 3:
        return w.t("effect.unknown", **values, most=-low)
    return w.t("effect.uncertain", **values, most=-low, more=high)


def _percent(ratio: float) -> int:
    return round((min(ratio, 1e6) - 1) * 100) if ratio != inf else 10**8


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


def choose_digest(w: Wording, names: Sequence[str], week: str) -> Card:
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
