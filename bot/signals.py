"""The signal log: what lives among citizens, masked, without names; and the early warning when a topic comes back."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from bot.case import Case
from bot.comment_text import excerpt
from bot.masking import mask
from bot.outbox import say
from bot.roster import recipient
from bot.tables import signals
from bot.work import Work
from flows.effects import Advise
from flows.tree import SignalKind

EXCERPT = 280  # characters of masked text kept with a signal


def log(work: Work, case: Case, kinds: tuple[SignalKind, ...]) -> None:
    """Bring the case's signals in line: one per kind. One that stays keeps its moment, and warns again only of another topic."""
    department = case.state.department or ""
    facts: dict[str, Any] = {
        "department": department,
        "place": case.state.place,
        "platform": case.state.platform,
        "ground": case.state.ground or "",
        "comes_back": "returning" in case.state.flags,
    }
    work.conn.execute(signals.delete().where(signals.c.case_id == case.number, signals.c.kind.not_in(kinds)))
    mine = select(signals.c.id, signals.c.kind, signals.c.department, signals.c.topic).where(signals.c.case_id == case.number)
    known = {row.kind: row for row in work.conn.execute(mine)}
    for kind in kinds:
        row = known.get(kind)
        if row is None:
            write(work, kind, case.text, case=case.number, **facts)
            continue
        topic, masked = topic_of(work, department, case.text), excerpt(mask(case.text), EXCERPT)
        work.conn.execute(signals.update().where(signals.c.id == row.id).values(topic=topic, text=masked, **facts))
        if (row.department, row.topic) != (department, topic):
            _warn(work, department, topic)


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
    case: int | None = None,
    department: str = "",
    place: str = "own",
    platform: str = "other",
    ground: str = "",
    comes_back: bool = False,
) -> int:
    """One signal, masked; tells the antenna when its topic reaches the policy's threshold. Returns its number."""
    masked = excerpt(mask(text), EXCERPT)
    topic = topic_of(work, department, text)
    key = work.conn.execute(
        signals.insert().values(
            case_id=case,
            at=work.now,
            week=work.organisation.calendar.iso_week(work.now),
            department=department,
            topic=topic,
            kind=kind,
            place=place,
            platform=platform,
            ground=ground,
            comes_back=comes_back,
            answered=False,
            text=masked,
            by=work.who,
        )
    ).inserted_primary_key
    assert key is not None  # every insert of one row has one
    _warn(work, department, topic)
    return int(key[0])


def withdraw(work: Work, case: int) -> None:
    """Take a case's signals back: its outcome was undone."""
    work.conn.execute(signals.delete().where(signals.c.case_id == case))


def topic_of(work: Work, department: str, text: str) -> str:
    """The first topic of the department that the text mentions; empty when none."""
    return next(iter(work.organisation.topics_in(department, text)), "")


def _warn(work: Work, department: str, topic: str) -> None:
    """Exactly at the signal that reaches the threshold within its days: one message, not one for each that follows."""
    if not topic or department not in work.organisation.departments:
        return
    threshold = work.organisation.policy.signal_threshold
    since = work.now - timedelta(days=threshold.days)
    count = work.conn.execute(
        select(func.count())
        .select_from(signals)
        .where(signals.c.department == department, signals.c.topic == topic, signals.c.at > since)
    ).scalar_one()
    if count == threshold.count:
        told = recipient(work.organisation, work.house.platforms, "antenna", department)
        say(work, told.conversation, "warning", department=department, topic=topic, count=int(count), days=threshold.days)
