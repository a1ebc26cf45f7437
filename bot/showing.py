"""From a message's reference to its card: loads what the reader may see and hands it to the wording. Only reads."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select

from bot import (
    absences,
    alarm,
    checklist,
    digest,
    escalation,
    faq,
    faq_gaps,
    loops,
    objections,
    reminders,
    reports,
    signals,
    strikes,
    topics,
    wording,
)
from bot import crisis as crises
from bot.cards import Card
from bot.case import Case, State, advice, answers_held, chain_holds, load_case, outcomes, situation, standing
from bot.moderation import other_moderators
from bot.outbox import message_of
from bot.presses import week_number
from bot.roster import holds_role, may, publishers, publishes, recipient, stand_in
from bot.tables import cases, evidence, replies, threads, timeline
from bot.wording import Wording, language_of
from bot.wording.seen import CrisisSeen, Offer, Seen, SignalSeen, Told
from bot.work import Refused, Work
from flows.effects import Advise
from flows.tree import Role

LOOKED_THROUGH, LISTED = 500, 25  # cases of one list: so many of the newest, so many of them shown
_PICTURES = select(evidence.c.id).where(evidence.c.case_id == bindparam("number")).order_by(evidence.c.id)


def words_for(work: Work, reader: str | None = None) -> Wording:
    """The sentences for ``reader``, or for a channel."""
    return Wording(work.organisation, language_of(work.organisation, reader or work.who or None), work.now)


def seen(work: Work, case: Case, reader: str) -> Seen:
    """What ``reader`` may see of a case on its card."""
    case = strikes.fresh(work, case)
    advised = advice(work, case)
    state = case.state
    at_begin = advised is None and len(state.walks) == 1 and not state.walks[0].path
    used = _entry(work, state.faq_used) if state.faq_used else _antennas_answer(work, case, advised) if advised else None
    on, held = work.crisis if case.open else None, answers_held(work, case)
    private = checklist.private(work, case, reader) if case.open and reader else frozenset()
    return Seen(
        case,
        advised,
        situation(work, case),
        told=_told(work, case.number) if advised else (),
        private=private,
        pictures=_pictures(work, case, reader) if state.pictures else (),
        faq=_offers(work, case) if not held else (),
        faq_used=_offer(case, used) if used is not None else None,
        same_as=_model(work, state) if at_begin and state.same_as else None,
        handle=case.open and (reader == case.moderator or may(work.organisation, reader, "see_handle", standing(work, case))),
        moderators=other_moderators(work, case) if "weighs_on_me" in private else (),
        capabilities=work.house.capabilities[state.platform],
        confidential=checklist.confidential(work, case),
        restrictions=() if case.open else objections.restrictions(case, advised),
        objection=None if case.open else objections.of_case(work, case.number),
        strike=None if case.open or case.author is None else strikes.of_case(work, case.number),
        links=strikes.links(work, case.number) if case.open and case.author is not None and advised is not None else (),
        crisis=CrisisSeen(on, publishers(work.organisation), crises.touches(on, case.text), held) if on is not None else None,
        reports=tuple(reports.of(work, case.number)) if reports.concerns(advised) else (),
        may_report=reports.concerns(advised) and (not reader or reports.may_note(replace(work, who=reader), case)),
        authorities=work.house.authorities,
        signal=signal_of(work, case) if advised is not None and advised.signals and reader else None,
    )


def shared(work: Work, case: Case) -> Seen:
    """The same where other moderators read it too: without the author's name, and without what its moderator marked for themselves."""
    own = seen(work, case, case.moderator or "")
    signal = None if own.confidential else own.signal  # it holds the comment's words
    return replace(own, shared=True, handle=False, private=frozenset(), moderators=(), links=(), signal=signal)


def signal_of(work: Work, case: Case) -> SignalSeen:
    """What would go into the signals, and what it may be about."""
    have, department = topics.known(work), case.state.department or ""
    found = topics.suggestions(work, have, department, case.text)
    chosen = have.get(case.state.topic) if case.state.topic is not None else found[0].topic if found else None
    return SignalSeen(signals.masked(case.text), found, have.of(department), chosen.id if chosen else 0)


def card(work: Work, case: Case, reader: str) -> Card:
    """The case's card for the moderator or the communications lead."""
    return wording.case.card(words_for(work, reader), seen(work, case, reader))


def comment(work: Work, case: Case) -> Card:
    """The comment itself, for who pressed to see it."""
    return wording.case.comment_only(words_for(work), seen(work, case, work.who))


def motivation(work: Work, case: Case, *, formal: bool) -> Card:
    """Why it was done, to copy to the citizen."""
    advised = advice(work, case)
    return wording.objections.motivation(
        words_for(work), seen(work, case, work.who), objections.restrictions(case, advised), formal=formal
    )


def message(work: Work, row: Row[Any]) -> tuple[Card, tuple[str, ...]] | None:
    """A queued message as it must look now, and whom it mentions; ``None`` when what it showed is gone."""
    reader = _reader(work, row.lane)
    work = work.as_(reader or "")
    if row.case_id is None:
        return _without_case(work, row)
    try:
        case = load_case(work, row.case_id, lock=False)
    except Refused:
        return None
    words, args = words_for(work, reader), json.loads(row.args)
    match row.kind:
        case "case" if reader is not None and case.moderator != reader:
            return wording.case.handed_over(words, case), ()
        case "case" if reader is None and _later_card(work, row):
            return wording.case.handed_over(words, case), ()
        case "case" if reader is None:
            mentions = (case.moderator,) if case.moderator is not None else ()
            return wording.case.card(words, shared(work, case)), mentions
        case "case":
            return wording.case.card(words, seen(work, case, reader or "")), ()
        case "thread":
            told = next((item for item in _told(work, case.number) if item.thread == row.ref), None)
            if told is None:
                return None
            return wording.escalation.card(words, seen(work, case, ""), told), _mentions(work, told)
        case "thread_note":
            return wording.escalation.note(words, case, args), tuple(filter(None, args.get("to", "").split(",")))
        case "unreached":
            return wording.escalation.note(words, case, args), ()
        case "reply":
            return _reply(work, words, case, row.ref)
        case _:
            card = _beside(work, words, case, row.kind, args, row.ref)
            return _without_case(work, row) if card is None else (card, ())


def _beside(work: Work, words: Wording, case: Case, kind: str, args: dict[str, Any], ref: int) -> Card | None:
    """What is said about a case outside its card and threads; ``None`` for another kind."""
    match kind:
        case "reminder":
            return wording.escalation.reminder(words, case, args)
        case "second":
            return wording.checklist.second(words, seen(work, case, ""))
        case "objection" | "objected":
            row = objections.one(work, ref)
            if row is None:
                return None
            return wording.objections.objected(words, case, row) if kind == "objected" else _objection(work, words, case, row)
        case "found":
            return wording.intake.found(words, seen(work, case, ""))
        case "note":
            return wording.intake.note(words, case, args, work.house.authorities)
        case _:
            return None


def _reply(work: Work, words: Wording, case: Case, number: int) -> tuple[Card, tuple[str, ...]] | None:
    said = work.conn.execute(select(replies).where(replies.c.id == number)).first()
    if said is None:
        return None
    marks = {"outside": said.outside, "edited": said.edited, "deleted": said.deleted}
    return wording.escalation.reply(words, case.number, said.by, said.text, **marks), ()


def _without_case(work: Work, row: Row[Any]) -> tuple[Card, tuple[str, ...]] | None:
    words, args = words_for(work, _reader(work, row.lane)), json.loads(row.args)
    match row.kind:
        case "faq":
            return wording.faq.entry(words, faq.entry(work, row.ref), keeps=True), ()
        case "faq_review":
            found = faq.entries(work, [int(number) for number in args["entries"].split(",")])
            return wording.faq.review(words, found, args["count"] - args["entries"].count(",") - 1, told=True), ()
        case "warning":
            topic = topics.known(work).get(row.ref)
            return (wording.topics.warning(words, topic, week_number(args["week"]), args), ()) if topic is not None else None
        case "support":
            return wording.support.card(words), ()
        case "crisis":
            return _crisis(work, words, row.ref, lists=bool(args["lists"]), speaks=bool(args["speaks"])), ()
        case "directory":
            return wording.directory.told(words, args), ()
        case "absence":
            return wording.directory.absence_told(words, args), ()
        case "stand_in" if args["who"] in work.organisation.people:
            mine = [load_case(work, number, lock=False) for number in absences.theirs(work, args["who"])]
            return wording.directory.stand_in(words, args["who"], mine), ()
        case "crisis_report":
            return crisis_report(work, row.ref), ()
        case "review" if work.organisation.policy.approved:
            return wording.overview.policy_review(words, work.organisation.policy.approved), ()
        case "digest" if args["department"] in digest.everybody(work.organisation):
            return digest_card(work, args["week"], args["department"], _reader(work, row.lane)), ()
        case _:
            return None


def digest_card(work: Work, week: str, department: str, reader: str | None = None) -> Card:
    """A digest as it stands now, in the language that the policy gives it, else its reader's."""
    words = words_for(work, reader)
    language = digest.settings_of(work.organisation, department).language
    if language is not None:
        words = replace(words, language=language)
    grounds = work.house.tree.said(words.language).grounds
    return wording.digest.card(words, digest.of(work, week, department), grounds)


def topics_card(work: Work, department: str) -> Card:
    """The topics of a department, the most spoken of first."""
    have = topics.known(work)
    counts, recent = topics.counts(work, department), topics.counts(work, department, work.now - topics.RECENT)

    def total(topic: topics.Topic, of: dict[int, int]) -> int:
        return sum(of.get(one, 0) for one in have.ids(topic.id))

    rows = [(topic, total(topic, recent), total(topic, counts)) for topic in have.of(department)]
    rows.sort(key=lambda row: (-row[1], -row[2], row[0].name))
    return wording.topics.card(words_for(work), department, rows, topics.groups(work, department))


def topic_card(work: Work, number: int, week: str) -> Card:
    """One topic, until ``week`` or until the last whole one."""
    topic, have = topics.topic(work, number), topics.known(work)
    calendar = work.organisation.calendar
    week = week or calendar.iso_week(calendar.week_bounds(calendar.iso_week(work.now))[0] - timedelta(days=1))
    loop = loops.standing(work, have, [topic.id]).get(topic.id)
    weeks = loops.weeks_until(work, week, min(week, loop.week) if loop is not None else week)
    first = alarm.first_week(work)
    weeks = tuple(one for one in weeks if one > first) or weeks[-1:]
    counts = loops.counts(work, have, weeks, [topic.id]).get(topic.id, (0,) * len(weeks))
    change = loops.effect(loop, weeks, counts) if loop is not None else None
    _, found = signals.find(work, signals.Wanted(frozenset({topic.department}), topic=topic.id), limit=5)
    names = topics.names_of(work, topic.id)
    return wording.topics.one(words_for(work), topic, names, weeks, counts, loop, change, found)


def overview(work: Work) -> Card:
    """My open cases, threads and objections that wait for me, cases that colleagues handed in."""
    absent = [person for person in work.organisation.away if stand_in(work.organisation, person) == work.who]
    mine = _cases(work, cases.c.moderator.in_([work.who, *absent]), cases.c.phase != "closed")
    waiting = []
    live = select(threads).where(threads.c.phase.in_(("open", "taken"))).order_by(threads.c.id.desc()).limit(200)
    rows = work.conn.execute(live).all()
    also = reminders.asked_of(work, [row.id for row in rows])
    for row in rows:
        roles = ((row.role, row.department), *also.get(row.id, ()))
        if row.taken_by in (None, work.who) and any(holds_role(work.organisation, work.who, *one) for one in roles):
            told = Told(row.id, row.role, row.department, row.phase, row.taken_by)
            waiting.append((told, load_case(work, row.case_id, lock=False)))
    waiting.sort(key=lambda item: _pressing(item[1].phase, item[1].opened, item[1].state))
    objected = [(row, load_case(work, row.case_id, lock=False)) for row in objections.waiting(work)]
    offered = []
    if may(work.organisation, work.who, "moderate"):
        offered = _cases(work, cases.c.moderator.is_(None), cases.c.phase != "closed")
    on = work.crisis
    if on is None:
        return wording.overview.card(words_for(work), work.who, mine, waiting, objected, offered)
    speaks = publishes(work.organisation, work.who)
    touching = [load_case(work, number, lock=False) for number in crises.touching(work, on)[: crises.LISTED]] if speaks else []
    banner = CrisisSeen(on, publishers(work.organisation), held=not speaks)
    return wording.overview.card(words_for(work), work.who, mine, waiting, objected, offered, banner, touching)


def crisis(work: Work) -> Card:
    """The crisis that is on, for whoever asks; or that there is none."""
    on, speaks = work.crisis, publishes(work.organisation, work.who)
    if on is None:
        return wording.crisis.none(words_for(work))
    lists = speaks or may(work.organisation, work.who, "moderate")
    return _crisis(work, words_for(work), on.number, lists=lists, speaks=speaks)


def crisis_report(work: Work, number: int) -> Card:
    """What happened in a crisis that is over."""
    return wording.crisis.report(words_for(work), crises.period(work, number), work.house.tree)


def _crisis(work: Work, words: Wording, number: int, *, lists: bool, speaks: bool) -> Card:
    """A crisis with the open cases that touch it, where they may be seen, and the first words to publish for who speaks."""
    row = crises.known(work, number)
    assert row is not None  # crises are never deleted
    on = work.crisis
    found = crises.touching(work, on) if lists and on is not None and on.number == number else ()
    touching = [load_case(work, item, lock=False) for item in found[: crises.LISTED]]
    return wording.crisis.card(
        words, row, publishers(work.organisation), touching, len(found) - len(touching), lists=lists, speaks=speaks
    )


def faq_entry(work: Work, number: int, *, history: bool = False) -> Card:
    """An entry with all that is known of it, and what its reader may do with it; or what it was before."""
    row = faq.entry(work, number)
    if history:
        return wording.faq.history(words_for(work), number, faq.history(work, number))
    return wording.faq.entry(words_for(work), row, keeps=faq.may_keep(work.organisation, work.who, row.department))


def gaps(work: Work, answered: Callable[[str], bool]) -> Card:
    """The questions without an answer that are this person's to answer; not those that found one meanwhile."""
    found = [gap for gap in faq_gaps.seen_by(work) if not answered(gap.questions[0].text)]
    return wording.faq.gaps(words_for(work), found)


def thread(work: Work, number: int) -> Card:
    """A thread's card for somebody who may see the case: what waits for them, from their overview."""
    case = escalation.case_of(work, number)
    if not may(work.organisation, work.who, "see", standing(work, case)):
        raise Refused("refused.may_not_see")
    told = next(item for item in _told(work, case.number) if item.thread == number)
    return wording.escalation.card(words_for(work), seen(work, case, ""), told)


def objection(work: Work, number: int) -> Card:
    """An objection for who looks at it, and for the communications lead: what waits for them, from their overview."""
    row = objections.one(work, number)
    if row is None:
        raise Refused("refused.stale")
    if work.who != row.reviewer and not holds_role(work.organisation, work.who, "communications_lead"):
        raise Refused("refused.not_reviewer", who=row.reviewer)
    return _objection(work, words_for(work), load_case(work, row.case_id, lock=False), row)


def _objection(work: Work, words: Wording, case: Case, row: Row[Any]) -> Card:
    return wording.objections.card(words, seen(work, case, ""), row, objections.restrictions(case, advice(work, case)))


def found(work: Work, case: Case) -> Card:
    """What a colleague handed in, to take."""
    return wording.intake.found(words_for(work), seen(work, case, ""))


def record(work: Work, number: int) -> Card:
    """The timeline of a case for somebody who may see it."""
    case = load_case(work, number, lock=False)
    if not may(work.organisation, work.who, "see", standing(work, case)):
        raise Refused("refused.may_not_see")
    rows = work.conn.execute(select(timeline).where(timeline.c.case_id == number).order_by(timeline.c.number)).all()
    holds = chain_holds(work, number)
    beside = checklist.confidential(work, case)
    return wording.record.card(words_for(work), case, rows, holds=holds, authorities=work.house.authorities, confidential=beside)


def _cases(work: Work, *conditions: Any) -> list[Case]:
    """What presses most comes first, of as many as one looks through."""
    query = select(cases.c.id, cases.c.phase, cases.c.opened, cases.c.state).where(*conditions).order_by(cases.c.id.desc())
    rows = work.conn.execute(query.limit(LOOKED_THROUGH)).all()
    since = {row.id: _pressing(row.phase, row.opened, State.model_validate_json(row.state)) for row in rows}
    return [load_case(work, number, lock=False) for number in sorted(since, key=lambda number: since[number])[:LISTED]]


def _pressing(phase: str, opened: datetime, state: State) -> datetime:
    """When a case is due; one that nobody looked at yet since it came in, one without a term last."""
    return state.terms.get("case") or (opened if phase == "walking" else datetime.max.replace(tzinfo=UTC))


def _told(work: Work, case: int) -> tuple[Told, ...]:
    return tuple(Told(row.id, row.role, row.department, row.phase, row.taken_by) for row in escalation.told(work, case))


def _mentions(work: Work, thread: Told) -> tuple[str, ...]:
    role: Role = thread.role
    return recipient(work.organisation, work.house.platforms, role, thread.department or None).people


def _later_card(work: Work, row: Row[Any]) -> bool:
    """Whether the case went to somebody else since this card was posted, and has another one."""
    newest = message_of(work, row.case_id, "case")
    return newest is not None and bool(newest.id != row.id)


def _reader(work: Work, lane: str) -> str | None:
    """The person whose direct messages ``lane`` is; ``None`` for a channel."""
    platform, _, address = lane.partition(":")
    return work.organisation.by_address.get((platform, address))


def _pictures(work: Work, case: Case, reader: str) -> tuple[int, ...]:
    if not may(work.organisation, reader, "see_originals", standing(work, case)):
        return ()
    return tuple(work.conn.execute(_PICTURES, {"number": case.number}).scalars())


def _entry(work: Work, number: int) -> Row[Any] | None:
    row = next(iter(faq.entries(work, [number])), None)
    return row if row is not None and faq.is_offered(work, row) else None


def _offer(case: Case, row: Row[Any]) -> Offer:
    formal = case.state.formal
    return Offer(row.id, row.question, faq.answer_in(row, formal=formal), lacks_formal=formal and faq.lacks_formal(row))


def _offers(work: Work, case: Case) -> tuple[Offer, ...]:
    """The answers to offer while the moderator still chooses: the sure one at the first question, all where it is said to be one;
    and in the thread, to the antenna."""
    state = case.state
    if not state.faq_hits or not state.walks:
        return ()
    walk = state.walks[-1]
    question = walk.question(case.tree)
    numbers: tuple[int, ...] = state.faq_hits
    if question is not None and len(state.walks) == 1 and not walk.path:
        numbers = (state.faq_hint,) if state.faq_hint is not None else ()
    elif question is not None and not any(
        choice.outcome is not None and "faq_use" in case.tree.outcomes[choice.outcome].records
        for choice in case.tree.questions[question]
    ):
        return ()
    return tuple(_offer(case, row) for row in faq.entries(work, numbers) if faq.is_offered(work, row))


def _antennas_answer(work: Work, case: Case, advised: Advise) -> Row[Any] | None:
    """The entry that grew from this case once its antenna approved it: the answer that was asked for."""
    row = faq.proposal_of(work, case.number) if "faq_candidate" in advised.records else None
    return row if row is not None and faq.is_offered(work, row) else None


def _model(work: Work, state: State) -> tuple[int, tuple[str, ...]] | None:
    assert state.same_as is not None  # asked only then
    model = load_case(work, state.same_as, lock=False)
    ended = outcomes(model)
    return (model.number, ended) if ended else None
