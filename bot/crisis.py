"""Crisis mode, a switch of the whole organisation: on, off, the open cases that touch it, and the report of the period."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, bindparam, select

from bot.comment_text import clean, cut
from bot.events import Conversation
from bot.faq_search import telling_words
from bot.outbox import say
from bot.roster import direct, may, publishes, recipient
from bot.tables import cases, comments, crises, insert_new, messages, timeline
from bot.work import Crisis, Refused, Work
from flows.tree import Role
from flows.walk import WAITING_LINE

LONGEST_REASON = 120
LISTED = 20  # cases on a card; the rest is counted
LOOKED_AT = 5_000  # the newest cases that are compared with the crisis
TOLD: tuple[Role, ...] = ("communications_lead", "safety_policy", "moderation_team", "moderator")
SEEING: tuple[Role, ...] = ("communications_lead", "moderation_team", "moderator")  # who may see any case
REPORTED: tuple[Role, ...] = ("communications_lead", "safety_policy")

_TEXTS = (
    select(cases.c.id, comments.c.text)
    .join(comments, comments.c.case_id == cases.c.id)
    .order_by(cases.c.id.desc())
    .limit(LOOKED_AT)
)
_STANDING = crises.update().where(crises.c.id == bindparam("number"), crises.c.standing == 1)
_STEPS = select(timeline.c.who, timeline.c.what, timeline.c.codes).where(
    timeline.c.at >= bindparam("since"), timeline.c.what.in_(("done", "all_done", "handed_over"))
)


@dataclass(frozen=True, slots=True)
class Period:
    """A crisis that is over, counted: cases opened in it, those that touched it, those still open, what came of them (outcome of the
    tree → number), answers given, cases and answers passed on."""

    reason: str
    began: datetime
    begun_by: str
    ended: datetime
    ended_by: str
    opened: int
    touched: int
    left: int
    outcomes: dict[str, int]
    answered: int
    passed_on: int


def begin(work: Work, about: str) -> None:
    """Switch it on and tell who must know; every card shows at once who speaks now. Refused when one is on already."""
    _must_be_lead(work)
    reason, _ = cut(about.strip().strip("\"'“”„‘’«»").replace("\n", " ").strip(), LONGEST_REASON)
    if not clean(reason):
        raise Refused("refused.no_words")
    row = {"reason": reason, "began": work.now, "begun_by": work.who}
    if not insert_new(work.conn, crises, standing=1, **row):
        standing = work.crisis
        assert standing is not None  # the insert found it
        raise Refused("refused.crisis_on", who=standing.begun_by, when=standing.began)
    number = work.conn.execute(select(crises.c.id).where(crises.c.standing == 1)).scalar_one()
    work.switched(Crisis(number, reason, work.now, work.who))
    speaking = _lanes(work, work.organisation.crisis.roles)
    named = tuple(direct(work.organisation, work.house.platforms, who) for who in work.organisation.crisis.publishers)
    seeing = (*_lanes(work, SEEING), *speaking, *named)
    for lane in dict.fromkeys((*speaking, *named, *_lanes(work, TOLD))):
        say(work, lane, "crisis", ref=number, lists=int(lane in seeing), speaks=int(lane in (*speaking, *named)))
    _show_again(work)


def end(work: Work) -> int:
    """Switch it off, count what happened and tell who must know. Returns the number of the crisis that was on."""
    _must_be_lead(work)
    crisis = work.crisis
    if crisis is None:
        raise Refused("refused.crisis_off")
    report = json.dumps(_counted(work, crisis), sort_keys=True)
    over = _STANDING.values(standing=None, ended=work.now, ended_by=work.who, report=report)
    if work.conn.execute(over, {"number": crisis.number}).rowcount != 1:  # another lead did so in this very moment
        raise Refused("refused.crisis_off")
    work.switched(None)
    for lane in _lanes(work, REPORTED):
        say(work, lane, "crisis_report", ref=crisis.number)
    work.conn.execute(
        messages.update().where(messages.c.kind == "crisis", messages.c.ref == crisis.number).values(wanted=messages.c.wanted + 1)
    )
    _show_again(work)
    return crisis.number


def touches(crisis: Crisis, text: str) -> bool:
    """Whether a comment speaks of the crisis: one of its words begins with one of those that tell what the crisis is about."""
    about = telling_words(crisis.reason)
    return any(word.startswith(begin) for word in telling_words(text) for begin in about)


def touching(work: Work, crisis: Crisis) -> tuple[int, ...]:
    """The open cases that touch the crisis, newest first."""
    return _touching(work, crisis, cases.c.phase != "closed")


def known(work: Work, number: int) -> Row[tuple[object, ...]] | None:
    """Crisis ``number``, on or over."""
    return work.conn.execute(select(crises).where(crises.c.id == number)).first()


def period(work: Work, number: int) -> Period:
    """The report of a crisis that is over."""
    row = work.conn.execute(select(crises).where(crises.c.id == number, crises.c.report.is_not(None))).one()
    return Period(row.reason, row.began, row.begun_by, row.ended, row.ended_by, **json.loads(row.report))


def _touching(work: Work, crisis: Crisis, *which: ColumnElement[bool]) -> tuple[int, ...]:
    rows = work.conn.execute(_TEXTS.where(*which)).all()
    return tuple(row.id for row in rows if touches(crisis, row.text))


def _counted(work: Work, crisis: Crisis) -> dict[str, object]:
    rows = work.conn.execute(select(cases.c.outcome, cases.c.phase).where(cases.c.opened >= crisis.began)).all()
    answered = passed_on = 0
    for step in work.conn.execute(_STEPS, {"since": crisis.began}):
        codes = json.loads(step.codes)
        if step.what == "handed_over":
            passed_on += publishes(work.organisation, codes["to"])
        else:
            done = codes["kinds"] if step.what == "all_done" else [codes["kind"]]
            answered += sum(kind in ("public_answer", "private_message") for kind in done)
            passed_on += WAITING_LINE in codes.get("items", [codes.get("item")])
    return {
        "opened": len(rows),
        "touched": len(_touching(work, crisis, cases.c.opened >= crisis.began)),
        "left": sum(row.phase != "closed" for row in rows),
        "outcomes": dict(Counter(row.outcome for row in rows if row.outcome).most_common()),
        "answered": answered,
        "passed_on": passed_on,
    }


def _must_be_lead(work: Work) -> None:
    if not may(work.organisation, work.who, "crisis"):
        raise Refused("refused.not_lead")


def _lanes(work: Work, roles: tuple[Role, ...]) -> tuple[Conversation, ...]:
    """Where these roles are told, each conversation once."""
    found = (recipient(work.organisation, work.house.platforms, role, None).conversation for role in roles)
    return tuple(dict.fromkeys(found))


def _show_again(work: Work) -> None:
    """Who may answer has changed: the cards of all open cases are shown as they are now."""
    work.said = True
    still = select(cases.c.id).where(cases.c.phase != "closed")
    work.conn.execute(
        messages.update().where(messages.c.kind == "case", messages.c.case_id.in_(still)).values(wanted=messages.c.wanted + 1)
    )
