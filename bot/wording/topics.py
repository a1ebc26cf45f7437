"""Topics of signals: those of a department, one with its weeks, what was done about it and whether that helped."""

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Any

from bot.cards import Block, Button, Buttons, Card, Chart, Field, Form, Quote, Table, Text
from bot.chance import Change
from bot.loops import Loop
from bot.presses import CloseLoop, MergeTopic, NameGroup, RenameTopic, ShowSignals, ShowTopic, ShowTopics, week_number
from bot.presses import LoopChoice as Choice
from bot.signals import Found
from bot.topics import Group, Topic
from bot.wording.words import Wording

DRAWN_WEEKS = 9
CHOICES: tuple[Choice, ...] = ("seen", "website", "faq", "none")
LISTED = 40  # rows of one table


def card(w: Wording, department: str, rows: Sequence[tuple[Topic, int, int]], groups: Sequence[Group]) -> Card:
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


def _of_weeks(at: Topic, weeks: Sequence[str], counts: Sequence[int]) -> str | Button:
    """How many there were in these weeks, to be opened."""
    if not sum(counts):
        return "0"
    first, last = week_number(weeks[0]), week_number(weeks[-1])
    return Button(str(sum(counts)), ShowSignals(department=at.department, topic=at.id, first=first, week=last))


def choose(w: Wording, departments: Sequence[str]) -> Card:
    """Of which department?"""
    buttons = tuple(Button(w.department(name), ShowTopics(department=name)) for name in departments)
    return Card(w.t("topics.which"), (Buttons(buttons),))


def one(
    w: Wording, at: Topic, names: Sequence[tuple[str, str]], weeks: Sequence[str], counts: Sequence[int], loop: Loop | None,
    change: Change | None, found: Sequence[Found],
) -> Card:  # fmt: skip
    """One topic: its weeks, its names, what somebody did about it and what came of it, its newest signals."""
    body: list[Block] = []
    if any(counts):
        body.append(weeks_chart(w, at.name, weeks, [(at.name, counts)]))
    head = (w.t("topics.weeks", count=len(counts)), w.t("topics.last_week"))
    body.append(
        Table("", head, (tuple(_of_weeks(at, some, each) for some, each in ((weeks, counts), (weeks[-1:], counts[-1:]))),))
    )
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


def name_form(w: Wording, press: RenameTopic | NameGroup, name: str) -> Form:
    """The name of a topic."""
    fields = (Field("name", w.t("topics.name"), "line", name, required=True, limit=80, hint=w.t("topics.name_hint")),)
    return Form(w.t("form.topic"), press, fields, w.t("form.save"))


def merge_form(w: Wording, press: MergeTopic, at: Topic, others: Sequence[Topic]) -> Form:
    """Into which topic of the same department?"""
    options = tuple((str(other.id), other.name) for other in others)
    fields = (Field("into", w.t("topics.into"), "choice", "", options, True, w.t("topics.into_hint")),)
    return Form(w.t("form.merge", topic=at.name), press, fields, w.t("form.merge_go"))


def weeks_chart(w: Wording, heading: str, weeks: Sequence[str], series: Sequence[tuple[str, Sequence[int]]]) -> Chart:
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


def number(w: Wording, value: float) -> str:
    """``2,5`` or ``12``."""
    text = f"{value:.1f}".removesuffix(".0")
    return text.replace(".", ",") if w.language == "nl" else text


def warning(w: Wording, topic: Topic, week: int, args: Mapping[str, Any]) -> Card:
    """A topic comes back often, or more often than it did."""
    department = w.department(topic.department) if topic.department in w.organisation.departments else ""
    values = {"topic": topic.name, "count": args["count"], "days": args["days"], "usual": args["usual"]}
    text = w.t("warning.rise" if args["why"] == "rise" else "warning.text", department=department, **values)
    title = w.t("warning.title", topic=topic.name)
    show = Button(w.t("button.show_signals"), ShowSignals(department=topic.department, topic=topic.id), "primary")
    more = Button(w.t("button.show_topic"), ShowTopic(topic=topic.id, week=week))
    return Card(title, (Text(text), Buttons((show, more))), "warning", title)
