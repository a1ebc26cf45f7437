"""The signal log: what lives among citizens, without names. Writing, confirming the words, forgetting the case, finding again.

A signal counts from the moment its outcome stands. Its words are masked by program and kept only once a person looked at them, for no
program finds every name of a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Row, func, or_, select

from bot import alarm, topics
from bot.case import Case, save
from bot.comment_text import clean, excerpt, is_blank
from bot.masking import mask
from bot.outbox import again
from bot.presses import EditSignal, KeepSignal
from bot.tables import comments, signals
from bot.work import Refused, Work
from flows.effects import Advise
from flows.tree import Sentiment, SignalKind
from flows.walk import established

EXCERPT = 280  # characters of masked text kept with a signal
PAGE = 15  # signals in one list
KINDS: tuple[SignalKind, ...] = get_args(SignalKind)
# How a kind sounds where the walk did not say it.
_SOUNDS: dict[SignalKind, Sentiment] = {
    "complaint": "negative", "misinformation": "negative", "hate": "negative", "praise": "positive",
}  # fmt: skip


def masked(text: str) -> str:
    """What of a text may be kept, before anybody looked at it."""
    return excerpt(mask(text), EXCERPT)


def log(work: Work, case: Case, kinds: tuple[SignalKind, ...]) -> None:
    """Bring the case's signals in line: one per kind. One that stays keeps its moment, and warns again only of another topic."""
    department = case.state.department or ""
    have = topics.known(work)
    topic = _topic(work, have, case)
    said = dict(established(case.tree, case.state.walks)).get("sentiment")
    facts: dict[str, Any] = {
        "department": department,
        "topic_id": topic,
        "place": case.state.place,
        "platform": case.state.platform,
        "ground": case.state.ground or "",
        "comes_back": "returning" in case.state.flags,
        "text": case.signal or "",
    }
    work.conn.execute(signals.delete().where(signals.c.case_id == case.number, signals.c.kind.not_in(kinds)))
    mine = select(signals.c.id, signals.c.kind, signals.c.topic_id).where(signals.c.case_id == case.number)
    known = {row.kind: row for row in work.conn.execute(mine)}
    for kind in kinds:
        facts["sentiment"] = said or _SOUNDS.get(kind, "neutral")
        row = known.get(kind)
        if row is None:
            _insert(work, case_id=case.number, kind=kind, **facts)
        else:
            work.conn.execute(signals.update().where(signals.c.id == row.id).values(**facts))
        if row is None or row.topic_id != topic:
            alarm.look(work, have, topic)


def _topic(work: Work, have: topics.Known, case: Case) -> int | None:
    if case.state.topic is not None:
        chosen = have.get(case.state.topic)
        return chosen.id if chosen is not None and chosen.department == case.state.department else None
    return topics.topic_of(work, have, case.state.department or "", case.text)


def _insert(work: Work, **values: Any) -> int:
    row = values | {"at": work.now, "week": work.organisation.calendar.iso_week(work.now), "answered": False, "by": work.who}
    key = work.conn.execute(signals.insert().values(**row)).inserted_primary_key
    assert key is not None  # every insert of one row has one
    return int(key[0])


def close(work: Work, case: Case, advised: Advise) -> None:
    """The case is closed: its question was answered with a shared answer, or when the last line that answers was done.

    An earlier one (we pass it on, a message follows) is no answer yet.
    """
    lines = [todo.id for todo in advised.steps if todo.kind in ("public_answer", "private_message") and not todo.optional]
    last = case.state.items.get(lines[-1]) if lines else None
    if case.state.faq_used is not None or (last is not None and last.how == "done"):
        mine = signals.c.case_id == case.number, signals.c.kind == "question"
        work.conn.execute(signals.update().where(*mine).values(answered=True))


def write(
    work: Work,
    kind: SignalKind,
    text: str,
    *,
    department: str = "",
    place: str = "own",
    platform: str = "other",
    ground: str = "",
) -> int:
    """One signal without a case, whose words a person looked at; they are masked all the same. Returns its number."""
    have = topics.known(work)
    topic = topics.topic_of(work, have, department, text)
    number = _insert(
        work, case_id=None, department=department, topic_id=topic, kind=kind, sentiment=_SOUNDS.get(kind, "neutral"), place=place,
        platform=platform, ground=ground, comes_back=False, text=masked(text),
    )  # fmt: skip
    alarm.look(work, have, topic)
    return number


def department_of(work: Work, number: int) -> str:
    """The department of a signal; raises ``Refused`` when there is none such."""
    found = work.conn.execute(select(signals.c.department).where(signals.c.id == number)).scalar_one_or_none()
    if found is None:
        raise Refused("refused.stale")
    return str(found)


def withdraw(work: Work, case: int) -> None:
    """Take a case's signals back: its outcome was undone."""
    work.conn.execute(signals.delete().where(signals.c.case_id == case))


def forget_words(work: Work, case: Case) -> Case:
    """What was confirmed came from words that may not be kept."""
    work.conn.execute(comments.update().where(comments.c.case_id == case.number).values(signal=None))
    withdraw(work, case.number)
    return case._replace(signal=None)


def release(work: Work, case: int) -> None:
    """The case is purged: what stays can no longer be traced to it, by its number, its moderator or its minute."""
    calendar = work.organisation.calendar
    for row in work.conn.execute(select(signals.c.id, signals.c.at).where(signals.c.case_id == case)).all():
        day = row.at.astimezone(calendar.zone).replace(hour=12, minute=0, second=0, microsecond=0)
        work.conn.execute(signals.update().where(signals.c.id == row.id).values(case_id=None, at=day, by=""))
    work.conn.execute(comments.update().where(comments.c.case_id == case).values(signal=None))


# --- the words, looked at by a person ---


def changed(case: Case, text: str) -> Case:
    """The comment's words changed: what somebody confirmed was about others."""
    if text == case.text:
        return case
    return case.with_state(texts=min(case.state.texts + 1, 10_000))._replace(signal=None)


def press(work: Work, case: Case, asked: KeepSignal | EditSignal, values: dict[str, str] | None) -> Case | None:
    """The signal's part of the card: its words and its topic. ``None``: they must be asked for."""
    match asked:
        case KeepSignal():
            if asked.texts != case.state.texts:
                raise Refused("refused.signal_changed")
            return _confirmed(work, case, masked(case.text) if asked.on else None)
        case EditSignal():
            if asked.texts != case.state.texts:
                raise Refused("refused.signal_changed")
            if values is None:
                return None
            words = masked(clean(values.get("text", "")))
            case = _about(work, case, values.get("topic", ""))
            return _confirmed(work, case, None if is_blank(words) else words)


def _about(work: Work, case: Case, chosen: str) -> Case:
    """The topic that the form chose; one that is not of the department is none."""
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 10):
        return case
    have = topics.known(work)
    before = _topic(work, have, case) or 0
    if int(chosen) == before:
        return case
    case = case.with_state(topic=int(chosen))
    work.conn.execute(_mine(case.number).values(topic_id=_topic(work, have, case)))
    return case


def _confirmed(work: Work, case: Case, words: str | None) -> Case:
    work.conn.execute(comments.update().where(comments.c.case_id == case.number).values(signal=words))
    work.conn.execute(_mine(case.number).values(text=words or ""))
    case = save(work, case._replace(signal=words), "signal_words", {"on": words is not None, "topic": case.state.topic or 0})
    again(work, case.number, "case")
    return case


def _mine(case: int) -> Any:
    return signals.update().where(signals.c.case_id == case)


# --- finding again ---


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which signals: every field that is set narrows. ``topic`` -1: none; ``weeks`` inclusive, as ISO weeks."""

    departments: frozenset[str] | None = None
    weeks: tuple[str, str] | None = None
    topic: int = 0
    kind: SignalKind | Literal[""] = ""
    unanswered: bool = False
    words: str = ""
    ground: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A signal as a person may read it. ``topic``: as it is called now."""

    id: int
    day: str
    week: str
    department: str
    topic: str
    kind: SignalKind
    sentiment: Sentiment
    place: str
    platform: str
    ground: str
    answered: bool
    comes_back: bool
    text: str
    case: int | None


def find(work: Work, wanted: Wanted, *, limit: int | None = None, offset: int = 0) -> tuple[int, tuple[Found, ...]]:
    """How many there are, and the newest of them."""
    have = topics.known(work)
    where = _where(wanted, have)
    count = int(work.conn.execute(select(func.count()).select_from(signals).where(*where)).scalar_one())
    query = select(signals).where(*where).order_by(signals.c.at.desc(), signals.c.id.desc()).offset(offset)
    rows = work.conn.execute(query.limit(limit) if limit is not None else query) if count else ()
    return count, tuple(_found(work, have, row) for row in rows)


def _where(wanted: Wanted, have: topics.Known) -> Sequence[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.departments is not None:
        where.append(signals.c.department.in_(sorted(wanted.departments)))
    if wanted.weeks is not None:
        where.append(signals.c.week.between(*wanted.weeks))
    if wanted.topic:
        where.append(signals.c.topic_id.is_(None) if wanted.topic < 0 else signals.c.topic_id.in_(have.ids(wanted.topic)))
    if wanted.kind:
        where.append(signals.c.kind == wanted.kind)
    if wanted.ground:
        where.append(signals.c.ground == wanted.ground)
    if wanted.unanswered:
        where.append(signals.c.answered.is_(False))
    for word in topics.fold(wanted.words).split()[:8]:
        about = [number for number, topic in have.topics.items() if word in topic.name.casefold()]
        ids = [one for number in about for one in have.ids(number)]
        where.append(or_(signals.c.text.icontains(word, autoescape=True), signals.c.topic_id.in_(ids)))
    return where


def _found(work: Work, have: topics.Known, row: Row[Any]) -> Found:
    topic = have.get(row.topic_id)
    at: datetime = row.at
    return Found(
        id=row.id,
        day=at.astimezone(work.organisation.calendar.zone).date().isoformat(),
        week=row.week,
        department=row.department,
        topic=topic.name if topic is not None else "",
        kind=row.kind,
        sentiment=row.sentiment,
        place=row.place,
        platform=row.platform,
        ground=row.ground,
        answered=row.answered,
        comes_back=row.comes_back,
        text="" if row.kind == "hate" else row.text,  # of hate only counts and grounds are told
        case=row.case_id,
    )
