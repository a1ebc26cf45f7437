"""A case: its state as one document, loaded, saved and logged. What may be done to it is in the capabilities' own files."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import Field
from sqlalchemy import Dialect, Text, TypeDecorator, bindparam, select, type_coerce, union_all

from bot.presses import LARGEST_ID, Frozen
from bot.pseudonyms import digest as salted_digest
from bot.pseudonyms import salt as make_salt
from bot.roster import Standing, publishes
from bot.tables import calls, cases, comments, threads, timeline
from bot.work import Refused, Work
from flows.effects import Advise, Measure, Todo
from flows.policy import Policy
from flows.tree import Flag, Place, Platform, Tree
from flows.walk import DEPARTMENTAL, Situation, Walk, advise, established, hold_answers, measured

Phase = Literal["walking", "advised", "closed"]


class Settled(Frozen):
    """A checklist line that needs nothing more. ``reason``: a ready one's code, or ``typed`` with the ``note``."""

    how: Literal["done", "waived"]
    by: str
    at: datetime
    reason: str = ""
    note: str = ""
    first: str = ""  # who proposed it, where two people were needed


class Decision(Frozen):
    """What a role holder decided, on which house rule, and why. The list only grows: a later one counts; one that ``undoes`` takes
    the one before it that still stands back (``thread`` 0: the moderator went back to the questions)."""

    by: str
    at: datetime
    reason: str
    thread: int
    outcome: str = ""
    measure: Measure = "leave"
    as_usual: bool = True  # the measure that goes with the outcome: its steps stay as they are
    rule: str = ""
    undoes: bool = False


class Proposed(Frozen):
    """Who proposes a step that a second person must confirm."""

    by: str
    at: datetime


class State(Frozen):
    """Everything a case needs to go on, save the citizen's own words."""

    place: Place
    platform: Platform
    walks: tuple[Walk, ...] = ()
    decisions: tuple[Decision, ...] = ()
    flags: frozenset[Flag] = frozenset()
    department: str | None = None
    ground: str | None = None
    house_rule: str | None = None
    items: dict[str, Settled] = Field(default_factory=dict)
    proposed: dict[str, Proposed] = Field(default_factory=dict)
    formal: bool = False
    replies: dict[str, str] = Field(default_factory=dict)
    earlier_strikes: int = 0
    no_strike: bool = False
    pictures: int = 0
    pictures_dropped: bool = False  # there was one, of a kind of which none is kept
    has_link: bool = False
    has_time: bool = False
    was_cut: bool = False
    text_read: bool = False  # the text was read from a picture,
    text_checked: bool = False  # and a moderator looked at it since
    same_as: int | None = None
    faq_hint: int | None = None  # the entry that surely answers it,
    faq_hits: tuple[int, ...] = ()  # and those that may once it is said to be a question
    faq_used: int | None = None
    answers_held: bool = False  # closed in a crisis by somebody who could not answer
    topic: int | None = None  # chosen by the moderator, 0 for none; until then the one that is suggested
    texts: int = 0  # how often the comment's words changed
    terms: dict[str, datetime] = Field(default_factory=dict)
    lengths: dict[str, str] = Field(default_factory=dict)  # the length that each term was computed from


class Case(NamedTuple):
    """A loaded case. ``tree`` and ``policy`` are those it was walked with. A tuple, for it is made anew at each change."""

    number: int
    moderator: str | None
    pasted_by: str
    phase: Phase
    opened: datetime
    changed: datetime
    closed: datetime | None
    purge_on: str | None
    chain: str
    length: int
    tree_version: str
    policy_version: str
    state: State
    text: str
    link: str
    post: str
    handle: str
    author: str | None
    posted: str
    purged: datetime | None
    signal: str | None  # what may be kept in the signals, once somebody looked at it
    tree: Tree
    policy: Policy

    @property
    def open(self) -> bool:
        return self.phase != "closed"

    @property
    def walk(self) -> int:
        """The index of the walk now being answered (the last one)."""
        return len(self.state.walks) - 1

    def with_state(self, **changes: Any) -> "Case":
        return self._replace(state=self.state.model_copy(update=changes))


class _Document(TypeDecorator[State]):
    """A case's state, as it is read."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> State:
        return State.model_validate_json(value)


# A case is loaded from the columns that are named as its fields; tree and policy, the last two, from their versions.
_COLUMNS = {**comments.c, **cases.c, "number": cases.c.id, "state": type_coerce(cases.c.state, _Document).label("state")}
_CASE = (
    select(*(_COLUMNS[name] for name in Case._fields[:-2]))
    .join(comments, comments.c.case_id == cases.c.id)
    .where(cases.c.id == bindparam("number"))
)
_CASE_LOCKED = _CASE.with_for_update(of=cases)
_AT = cases.update().where(cases.c.id == bindparam("number"))
_SAVE_STATE = _AT.values({name: bindparam(name) for name in ("changed", "chain", "length", "state")})
_SAVE = _SAVE_STATE.values(
    {name: bindparam(name) for name in ("moderator", "phase", "closed", "purge_on", "department", "outcome")}
)
_NOTE = timeline.insert()
_LIVE = (threads.c.case_id == bindparam("number"), threads.c.phase != "retracted")
_TOLD = union_all(
    select(threads.c.role, threads.c.department).where(*_LIVE),
    select(calls.c.role, calls.c.department).join(threads, threads.c.id == calls.c.thread_id).where(*_LIVE),
)


def load_case(work: Work, number: int, *, lock: bool = True) -> Case:
    """Case ``number``, locked against other writers; raises ``Refused`` when there is none."""
    row = work.conn.execute(_CASE_LOCKED if lock else _CASE, {"number": number}).first() if number <= LARGEST_ID else None
    if row is None:
        raise Refused("refused.no_case", number=number)
    return Case._make((*row, work.tree(row.tree_version), work.policy(row.policy_version)))


def save(
    work: Work,
    case: Case,
    what: str,
    codes: Mapping[str, Any] | None = None,
    text: str | None = None,
    *,
    state_only: bool = False,
) -> Case:
    """Write the case and one line of its timeline; returns it as it now stands.

    ``codes`` are ids and codes for ever; ``text`` (a reason, a reply) is kept with a salt and can be erased. ``state_only``: what the
    row tells beside the state (whose case, which phase, department and outcome) is as it was.
    """
    number, said = case.length + 1, plain_json(codes or {})
    noted: dict[str, Any] = {
        "case_id": case.number,
        "number": number,
        "at": work.now,
        "who": work.who,
        "what": what,
        "codes": said,
    }
    if text:
        salt = make_salt()
        noted |= {"text": text, "salt": salt.hex(), "digest": salted_digest(salt, text)}
    chain = link(case.chain, number, work.now, work.who, what, said, noted.get("digest"))
    work.conn.execute(_NOTE, noted | {"chain": chain})
    case = case._replace(chain=chain, length=number, changed=work.now)
    kept = {"changed": work.now, "chain": chain, "length": number, "state": case.state.model_dump_json(exclude_defaults=True)}
    if not state_only:
        ended = outcomes(case)
        kept |= {"moderator": case.moderator, "phase": case.phase, "closed": case.closed, "purge_on": case.purge_on}
        kept |= {"department": case.state.department, "outcome": ended[0] if ended else None}
    work.conn.execute(_SAVE_STATE if state_only else _SAVE, kept | {"number": case.number})
    return case


def link(before: str, number: int, at: datetime, who: str, what: str, codes: str, digest: str | None) -> str:
    """The next link of a case's chain: SHA-256 over the link before and everything of the entry but the text itself."""
    entry = plain_json([before, number, at.isoformat(), who, what, codes, digest])
    return hashlib.sha256(entry.encode()).hexdigest()


def plain_json(value: Any) -> str:
    """JSON as `json` writes it in ASCII, without blanks, keys in order: entries of every year must give the same links."""
    quick = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    if quick.isascii() and b"\x7f" not in quick:  # the same bytes, in a quarter to a third of the time
        return quick.decode()
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def chain_holds(work: Work, number: int) -> bool:
    """Whether the timeline of case ``number`` is unbroken, also after texts in it were erased."""
    before = ""
    rows = work.conn.execute(select(timeline).where(timeline.c.case_id == number).order_by(timeline.c.number)).all()
    for count, row in enumerate(rows, 1):
        erased = row.text is None or row.salt is None
        if not erased and salted_digest(bytes.fromhex(row.salt), row.text) != row.digest:
            return False
        if row.number != count or row.chain != link(before, count, row.at, row.who, row.what, row.codes, row.digest):
            return False
        before = row.chain
    newest = work.conn.execute(select(cases.c.chain, cases.c.length).where(cases.c.id == number)).first()
    return newest is not None and (newest.chain, newest.length) == (before, len(rows))


def standing(work: Work, case: Case) -> Standing:
    """What the access table needs to know of a case."""
    told = work.conn.execute(_TOLD, {"number": case.number}).all()
    return Standing(
        case.moderator,
        case.pasted_by,
        case.state.department,
        case.state.ground,
        case.open,
        tuple((row.role, row.department) for row in told),
    )


def situation(work: Work, case: Case) -> Situation:
    """The facts of the case as the tree's conditions see them."""
    state = case.state
    return Situation(
        place=state.place,
        platform=state.platform,
        can_hide=work.house.capabilities[state.platform].can_hide,
        unable=work.house.capabilities[state.platform].unable,
        said=established(case.tree, state.walks),
        department=state.department,
        ground=state.ground,
        house_rule=state.house_rule,
        flags=state.flags,
        earlier_strikes=state.earlier_strikes,
        crisis=case.open and work.crisis is not None,
    )


def outcomes(case: Case) -> tuple[str, ...]:
    """Where the walks ended, after what role holders decided; empty while the first walk is still on its way.

    A decision takes the place of the outcome that asked for one, or else of the first.
    """
    ended = [walk.outcome for walk in case.state.walks if walk.outcome is not None]
    standing = decision(case)
    if standing is not None and ended:
        decided = standing.outcome
        at = next((index for index, name in enumerate(ended) if case.tree.outcomes[name].decides), 0)
        ended[at] = decided
    return tuple(dict.fromkeys(ended))


def decision(case: Case) -> Decision | None:
    """The decision that stands: the last one that was not taken back."""
    stands: list[Decision] = []
    for item in case.state.decisions:
        if not item.undoes:
            stands.append(item)
        elif stands:
            stands.pop()
    return stands[-1] if stands else None


def advice(work: Work, case: Case) -> Advise | None:
    """What to do now, for all outcomes together; ``None`` while there is no outcome yet."""
    ended = outcomes(case)
    if not ended:
        return None
    facts, standing = situation(work, case), decision(case)
    advised = _advice(case.tree, case.policy, facts, ended)
    if standing is not None and not standing.as_usual:
        advised = measured(advised, standing.measure, case.policy, facts)
    return hold_answers(advised, case.state.items) if answers_held(work, case) else advised


def answers_held(work: Work, case: Case) -> bool:
    """Whether whoever has the case may not answer citizens: a crisis is on (or was, when it closed) and others publish."""
    if not case.open:
        return case.state.answers_held
    return work.crisis is not None and not publishes(work.organisation, case.moderator)


@lru_cache(maxsize=4096)
def _advice(tree: Tree, policy: Policy, facts: Situation, ended: tuple[str, ...]) -> Advise:
    return advise(tree, policy, facts, ended)


def needs_department(advised: Advise, case: Case) -> bool:
    """Whether somebody of a department must be told and nobody said yet which department."""
    return (
        case.state.department is None and "department" in advised.asks and any(role in DEPARTMENTAL for role in advised.threads)
    )


def intake_ticks(work: Work, case: Case) -> Case:
    """Screenshot, link and time in the intake are the evidence: its line needs no tick of its own."""
    advised = advice(work, case)
    if advised is None:
        return case
    kept = case.state.has_link and case.state.has_time and (case.state.pictures > 0 or advised.image == "drop")
    items = dict(case.state.items)
    for todo in advised.steps:
        if todo.kind == "evidence" and kept and todo.id not in items:
            items[todo.id] = Settled(how="done", by=work.who, at=work.now, reason="intake")
    return case.with_state(items=items) if items != case.state.items else case


def evidence_is_kept(case: Case, advised: Advise) -> bool:
    """Whether a deletion may be ticked: the evidence line is settled, or there is none and the comment lies in the store."""
    lines = [todo for todo in advised.steps if todo.kind == "evidence"]
    return all(todo.id in case.state.items for todo in lines)


def needs_two(todo: Todo) -> bool:
    """Whether a line is done by two people: what cannot be undone and what policy gives to somebody else than the moderator."""
    return todo.kind in ("delete", "block") and todo.by != "moderator"


def first_person(case: Case, todo: Todo) -> str | None:
    """Who already stands behind a line that needs two: whoever decided on it, or proposed it."""
    standing = decision(case)
    if standing is not None and standing.measure == todo.kind:
        return standing.by
    proposal = case.state.proposed.get(todo.id)
    return proposal.by if proposal is not None else None


def blocked_by_evidence(case: Case, advised: Advise, todo: Todo) -> bool:
    """Whether ``todo`` must wait for the evidence."""
    return todo.kind in ("delete", "block") and not evidence_is_kept(case, advised)


def left(advised: Advise, case: Case) -> tuple[Todo, ...]:
    """The lines that keep a case from being closed."""
    return tuple(todo for todo in advised.steps if todo.id not in case.state.items and not todo.optional)
