"""A case from paste to closing, as its moderator lives it: intake, walk, something else too, the next one, handing over, closing."""

from functools import cache
from typing import Any, cast, get_args

from dateutil.relativedelta import relativedelta
from sqlalchemy import Select, bindparam, or_, select

from bot import clocks, faq, faq_index, pictures, reminders, signals, strikes
from bot.case import (
    Case,
    Decision,
    State,
    advice,
    answers_held,
    decision,
    intake_ticks,
    left,
    load_case,
    needs_department,
    outcomes,
    save,
    situation,
)
from bot.comment_text import LIMIT, clean, cut, fingerprint, guess_platform, is_blank, normal_link, only_emoji, says_u
from bot.escalation import end, follow, settle
from bot.events import Conversation, Image, Pasted
from bot.faq_index import FaqIndex
from bot.outbox import again, say
from bot.presses import AlsoThis, Answer, Back, HandOver, Same, TakeCase, UseFaq
from bot.roster import card_place, direct, holders, holds_role, may, publishers, publishes, recipient
from bot.tables import cases, comments, evidence, insert_new, preferences, private_flags
from bot.work import Refused, Work
from flows import walk as walking
from flows.tree import Place, Platform
from flows.walk import MOST_WALKS, IllegalAnswer, Walk

LINK_LIMIT, LINE_LIMIT = 2_000, 200
_NEW_CASE, _NEW_COMMENT = cases.insert(), comments.insert()
_LAST_USED = select(preferences).where(preferences.c.person == bindparam("who"))


class Stale(Refused):
    """The button belongs to an earlier state of the card, which is shown as it is now."""

    def __init__(self) -> None:
        super().__init__("refused.stale")


def paste(
    work: Work, index: FaqIndex, event: Pasted, values: dict[str, str] | None = None
) -> tuple[Case, list[tuple[str, dict[str, Any]]]]:
    """A new case from a pasted comment, and what its moderator should know (catalogue keys with values).

    ``values`` is the intake form. A colleague who does not moderate hands the case to the moderation team.
    """
    values = values or {}
    text, was_cut = cut(clean(values.get("text", "") or event.text), LIMIT)
    link_text = _line(values.get("link", "") or event.link, LINK_LIMIT)
    shown = pictures.offered(work, event.images)
    if is_blank(text) and not shown.numbers:
        raise Refused("refused.empty")
    text_read = is_blank(text) and bool(shown.text)
    if text_read:
        text, was_cut = cut(shown.text, LIMIT)
    moderates = may(work.organisation, work.who, "moderate")
    place, platform = _where(work, values, link_text)
    keys = {
        "text_key": fingerprint(text) if text else None,
        "link_key": fingerprint(normal_link(link_text)) if link_text else None,
    }
    twin = _twin(work, keys)
    state = State(
        place=place, platform=platform, formal=says_u(text), department=work.organisation.department_for(text), was_cut=was_cut,
        text_read=text_read,
    )  # fmt: skip
    walk, _ = walking.begin(work.house.tree, work.organisation.policy, walking.Situation(place=place))
    hint, hits = faq_index.hints(work, index, text) if text else (None, ())
    state = state.model_copy(
        update={"walks": (walk,), "faq_hint": hint, "faq_hits": hits, "pictures": len(shown.numbers), "has_link": bool(link_text)}
    )
    handle, posted = _line(values.get("handle", ""), LINE_LIMIT), _line(values.get("posted", ""), 40)
    author = work.house.keys.pseudonym(platform, handle) if handle else None
    state = state.model_copy(update={"earlier_strikes": strikes.earlier(work, platform, handle), "has_time": bool(posted)})
    begun = {
        "moderator": work.who if moderates else None,
        "pasted_by": work.who,
        "phase": "walking",
        "opened": work.now,
        "changed": work.now,
        "tree_version": work.house.tree.version,
        "policy_version": work.organisation.policy.version,
        "chain": "",
        "length": 0,
        "state": "",
    }
    key = work.conn.execute(_NEW_CASE, begun | keys).inserted_primary_key
    assert key is not None  # every insert of one row has one
    number = int(key[0])
    post = _line(values.get("post", ""), LINK_LIMIT)
    said = {"case_id": number, "text": text, "link": link_text, "post": post, "handle": handle, "author": author}
    work.conn.execute(_NEW_COMMENT, said | {"posted": posted})
    shown.attach(work, number)
    case = Case(
        number=number, moderator=work.who if moderates else None, pasted_by=work.who, phase="walking", opened=work.now,
        changed=work.now, closed=None, purge_on=None, chain="", length=0, tree_version=work.house.tree.version,
        policy_version=work.organisation.policy.version, state=state, text=text, link=link_text, post=post, handle=handle,
        author=author, posted=posted, purged=None, signal=None, tree=work.house.tree, policy=work.organisation.policy,
    )  # fmt: skip
    case = save(work, case, "opened", {"place": place, "platform": platform, "pictures": len(shown.numbers)})
    told: list[tuple[str, dict[str, Any]]] = []
    if moderates:
        say(work, _card_lane(work, work.who), "case", case=number)
        if (place, platform) != last_used(work, work.who):
            insert_new(work.conn, preferences, person=work.who, place=place, platform=platform) or work.conn.execute(
                preferences.update().where(preferences.c.person == work.who).values(place=place, platform=platform)
            )
    else:
        team = recipient(work.organisation, work.house.platforms, "moderation_team", None)
        say(work, team.conversation, "found", case=number)
        reminders.handed_in(work, case)
        told.append(("note.handed_in", {"number": number}))
    if was_cut:
        told.append(("note.cut", {"limit": LIMIT}))
    if is_blank(text):
        told.append(("note.nothing_read", {}))
    if only_emoji(text):
        told.append(("note.only_emoji", {}))
    if twin is not None:
        told.append(("note.twin", {"number": twin[0], "who": twin[1] or ""}))
    return case, told


def intake(work: Work, index: FaqIndex, case: Case, values: dict[str, str], images: tuple[Image, ...]) -> Case:
    """The intake form came back: facts change, and with the place perhaps the walk's beginning."""
    text, was_cut = cut(clean(values.get("text", case.text)), LIMIT)
    advised = advice(work, case)
    dropped = advised is not None and advised.image == "drop"
    shown = pictures.offered(work, images, case.state.pictures)
    if is_blank(text) and not shown.numbers and not case.state.pictures and not (dropped and not case.text):
        raise Refused("refused.empty")
    text_read, text_checked = case.state.text_read and not is_blank(text), not is_blank(text)
    if is_blank(text) and shown.text and not dropped:
        text, was_cut = cut(shown.text, LIMIT)
        text_read, text_checked = True, False
    link_text = _line(values.get("link", case.link), LINK_LIMIT)
    place, platform = _where(work, {"place": case.state.place, "platform": case.state.platform} | values, "")
    handle, posted = _line(values.get("handle", case.handle), LINE_LIMIT), _line(values.get("posted", case.posted), 40)
    post = _line(values.get("post", case.post), LINK_LIMIT)
    author = work.house.keys.pseudonym(platform, handle) if handle else None
    walks = case.state.walks
    if case.tree.structure.begin[place] != case.tree.structure.begin[case.state.place]:
        if outcomes(case):
            raise Refused("refused.place_after_outcome")
        walks = (walking.begin(case.tree, case.policy, walking.Situation(place=place))[0],)
    if dropped:
        shown.drop(work)
        case = case.with_state(pictures_dropped=case.state.pictures_dropped or bool(shown.numbers))
        shown = pictures.Offered()
    else:
        shown.attach(work, case.number)
    hint, hits = (case.state.faq_hint, case.state.faq_hits) if text == case.text else faq_index.hints(work, index, text)
    case = case.with_state(
        place=place,
        platform=platform,
        walks=walks,
        faq_hint=hint,
        faq_hits=hits,
        pictures=case.state.pictures + len(shown.numbers),
        has_link=bool(link_text),
        has_time=bool(posted),
        was_cut=was_cut or case.state.was_cut,
        text_read=text_read,
        text_checked=text_read and text_checked,
        earlier_strikes=strikes.earlier(work, platform, handle, author),
    )
    case = signals.changed(case, text)
    case = case._replace(text=text, link=link_text, post=post, handle=handle, author=author, posted=posted)
    work.conn.execute(
        comments.update()
        .where(comments.c.case_id == case.number)
        .values(text=text, link=link_text, post=post, handle=handle, author=author, posted=posted, signal=case.signal)
    )
    keys = {
        "text_key": fingerprint(text) if text else None,
        "link_key": fingerprint(normal_link(link_text)) if link_text else None,
    }
    work.conn.execute(cases.update().where(cases.c.id == case.number).values(**keys))
    if outcomes(case):
        case = follow(work, intake_ticks(work, case))
    case = save(work, case, "intake", {"place": place, "platform": platform, "pictures": len(shown.numbers)})
    again(work, case.number, "case", "thread")
    return case


def answer(work: Work, case: Case, press: Answer) -> Case:
    """One answer of the walk; raises ``Stale`` for a button of another step."""
    walk = _current(case, press.walk, press.step)
    try:
        walk = walking.step(case.tree, case.policy, situation(work, case), walk, press.choice)
    except IllegalAnswer:
        raise Stale from None
    return _walked(work, case, walk, "answered", {"walk": press.walk, "choice": press.choice})


def back(work: Work, case: Case, press: Back) -> Case:
    """Undo the last answer; behind the first answer of an added walk, the added walk itself."""
    walk = _current(case, press.walk, press.step, ended=True)
    advised = advice(work, case)
    if advised is not None:  # what was kept as evidence stays kept; every other tick belonged to the outcome that is undone
        proof = {todo.id for todo in advised.steps if todo.kind == "evidence"}
        case = case.with_state(items={name: item for name, item in case.state.items.items() if name in proof})
        if case.state.house_rule == advised.house_rule:  # preselected, so the next answers preselect anew
            case = case.with_state(house_rule=None)
    try:
        walk, _ = walking.back(case.tree, case.policy, situation(work, case), walk)
    except IllegalAnswer:
        if len(case.state.walks) == 1 and walk.outcome is None:
            raise Stale from None
        if len(case.state.walks) > 1:
            case = case.with_state(walks=case.state.walks[:-1])
            return _after(work, case, "back", {"walk": press.walk})
        begin, _ = walking.begin(case.tree, case.policy, situation(work, case))
        walk = begin
    return _walked(work, case, walk, "back", {"walk": press.walk})


def also(work: Work, case: Case, press: AlsoThis) -> Case:
    """Something else in the same comment: another walk in the same case."""
    if press.walk != len(case.state.walks) or not outcomes(case):
        raise Stale
    if len(case.state.walks) >= MOST_WALKS:
        raise Refused("refused.walks_enough")
    walk, _ = walking.begin(case.tree, case.policy, situation(work, case), press.also)
    case = case.with_state(walks=(*case.state.walks, walk))
    return _after(work, case, "also", {"also": press.also})


def same(work: Work, case: Case, press: Same) -> Case:
    """The same handling as the case before it under the same post."""
    _current(case, 0, press.step)
    if case.state.same_as is None:
        raise Stale
    model = load_case(work, case.state.same_as, lock=False)
    if model.tree_version != case.tree_version or any(walk.outcome is None for walk in model.state.walks):
        raise Stale
    case = case.with_state(
        walks=model.state.walks, ground=model.state.ground, house_rule=model.state.house_rule, department=model.state.department
    )
    return _after(work, case, "same", {"case": model.number})


def like(work: Work, case: Case, model: Case) -> Case:
    """Propose for a new case what was done in ``model``; one press takes it over."""
    case = save(work, case.with_state(same_as=model.number), "like", {"case": model.number})
    again(work, case.number, "case")
    return case


def use_faq(work: Work, case: Case, press: UseFaq) -> Case:
    """Answer with an approved entry in one press: the walk ends where such an answer is given in this place."""
    walk = _current(case, press.walk, press.step)
    if answers_held(work, case):
        raise Refused("refused.others_publish", who=publishers(work.organisation)[0])
    row = faq.entry(work, press.entry)
    if not faq.is_offered(work, row):
        raise Refused("refused.not_approved")
    kind = "public_answer" if case.state.place != "private" else "private_message"
    replies = case.tree.said("nl").replies
    known = [
        name
        for name, end in case.tree.outcomes.items()
        if "faq_use" in end.records
        and any(step.kind == kind and step.reply and "{faq_answer}" in replies[step.reply].je for step in end.steps)
    ]
    if not known:
        raise Stale
    best = min(known, key=lambda name: len(case.tree.outcomes[name].steps))
    faq.used(work, press.entry)
    case = case.with_state(faq_used=press.entry)
    question = walk.question(case.tree)
    offered = walking.offers(case.tree, case.policy, situation(work, case), question) if question and walk.path else ()
    way = next((choice.id for choice in offered if choice.outcome == best), None)
    path = (*walk.path, (question, way)) if question and way else ()  # "Terug" then leads to the question where it was used
    return _walked(work, case, Walk(begin=walk.begin, path=path, outcome=best), "faq_used", {"entry": press.entry})


def take_case(work: Work, case: Case, press: TakeCase) -> Case:
    """A moderator takes a case that a colleague handed in."""
    if not may(work.organisation, work.who, "moderate"):
        raise Refused("refused.not_moderator")
    if case.moderator is not None:
        raise Refused("refused.case_taken", who=case.moderator)
    case = save(work, case._replace(moderator=work.who), "case_taken", {})
    say(work, _card_lane(work, work.who), "case", case=case.number)
    again(work, case.number, "found")
    return case


def hand_over(work: Work, case: Case, press: HandOver) -> Case:
    """Give the case to another moderator, in a crisis also to a publisher, who finds it in their own messages."""
    takes = holds_role(work.organisation, press.to, "moderator")
    takes = takes or (work.crisis is not None and publishes(work.organisation, press.to))
    if press.to == case.moderator or press.to not in work.organisation.people or not takes:
        raise Refused("refused.choose_moderator")
    _forget_private(work, case.number)
    again(work, case.number, "case")  # the old card says who has it now
    case = save(work, case._replace(moderator=press.to), "handed_over", {"to": press.to})
    say(work, _card_lane(work, press.to), "case", case=case.number)
    return case


def close(work: Work, case: Case) -> Case:
    """Close a case whose lines are settled: strike, terms, threads, private ticks and the clear handle end here."""
    advised = advice(work, case)
    if advised is None:
        raise Refused("refused.not_ended")
    if needs_department(advised, case):
        raise Refused("refused.department_first")
    if not all(walk.outcome for walk in case.state.walks):
        raise Refused("refused.not_ended")
    open_lines = left(advised, case)
    if open_lines:
        raise Refused("refused.lines_left", count=len(open_lines))
    if clocks.stop(work, case.number, "settle"):  # closed within the 15 seconds: what had to be told is told now
        case = settle(work, case)
    signals.close(work, case, advised)
    if advised.strike != "never" and not (advised.strike == "waivable" and case.state.no_strike):
        strikes.record(work, case)
    kept = case.policy.retention.crime_evidence_months if advised.criminal else case.policy.retention.case_months
    purge_on = (work.now.astimezone(work.organisation.calendar.zone) + relativedelta(months=kept)).date().isoformat()
    _forget_private(work, case.number)
    clocks.stop(work, case.number)
    work.conn.execute(comments.update().where(comments.c.case_id == case.number).values(handle=""))
    case = case.with_state(answers_held=answers_held(work, case))
    case = case._replace(phase="closed", closed=work.now, purge_on=purge_on, handle="")
    case = save(work, case, "closed", {"outcomes": list(outcomes(case)), "purge_on": purge_on})
    end(work, case)
    again(work, case.number, "case")
    if case.pasted_by != case.moderator and case.pasted_by in work.organisation.people:
        say(work, _lane(work, case.pasted_by), "note", case=case.number, what="outcome")
    return case


def close_by_itself(work: Work, case: Case) -> None:
    """Close a case whose outcome only leaves the comment, once nothing is left to do or to choose."""
    advised = advice(work, case)
    if advised is None or not advised.closes_itself or not case.open or not all(walk.outcome for walk in case.state.walks):
        return
    if not left(advised, case) and not needs_department(advised, case):
        close(work, case)


def proposal_for_next(work: Work, case: Case) -> dict[str, str]:
    """What the next comment under the same post has in common with this one, for its form."""
    return {"place": case.state.place, "platform": case.state.platform, "post": case.post}


def last_used(work: Work, person: str) -> tuple[Place, Platform]:
    """Place and platform that the moderator used last."""
    row = work.conn.execute(_LAST_USED, {"who": person}).first()
    return (row.place, row.platform) if row is not None else ("own", "facebook")


def keep_picture(work: Work, media: str, sha256: str, content: bytes, read_text: str) -> int:
    """A picture as it came in, untouched, not yet in a case; returns its number."""
    values = {"at": work.now, "by": work.who, "media": media, "sha256": sha256, "content": content, "read_text": read_text}
    key = work.conn.execute(evidence.insert().values(**values)).inserted_primary_key
    assert key is not None  # every insert of one row has one
    return int(key[0])


def other_moderators(work: Work, case: Case) -> tuple[str, ...]:
    """To whom the case could be handed over."""
    return tuple(person for person in holders(work.organisation, "moderator") if person != case.moderator)


def _walked(work: Work, case: Case, walk: Walk, what: str, codes: dict[str, Any]) -> Case:
    case = case.with_state(walks=(*case.state.walks[:-1], walk))
    if walk.outcome is None and what == "answered" and case.phase == "walking":
        case = save(work, case, what, codes, state_only=True)
        again(work, case.number, "case")
        return case
    return _after(work, case, what, codes)


def _after(work: Work, case: Case, what: str, codes: dict[str, Any]) -> Case:
    """The walks changed in a way that may change the advice: phase, images, preselection, threads, terms."""
    advised = advice(work, case)
    case = case._replace(phase="advised" if advised else "walking")
    if advised is not None:
        if case.state.house_rule is None and advised.house_rule in work.organisation.house_rules:
            case = case.with_state(house_rule=advised.house_rule)
        case = intake_ticks(work, case)
    else:
        case = case.with_state(faq_used=None, proposed={})
        if decision(case) is not None:  # what was decided was about an outcome that is undone
            lapsed = Decision(by=work.who, at=work.now, reason="", thread=0, undoes=True)
            case = case.with_state(decisions=(*case.state.decisions, lapsed))
            return _after(work, case, what, codes)
    case = follow(work, case)
    case = save(work, case, what, codes | {"outcomes": list(outcomes(case))})
    again(work, case.number, "case", "thread")
    return case


def _current(case: Case, walk: int, step: int, *, ended: bool = False) -> Walk:
    """The walk that the button belongs to, if it still stands where the button was shown."""
    if not case.state.walks or walk != case.walk:
        raise Stale
    current = case.state.walks[-1]
    if step != len(current.path) or (current.outcome is not None and not ended):
        raise Stale
    return current


def _card_lane(work: Work, person: str) -> Conversation:
    """Where the cards of a person's cases go."""
    return card_place(work.organisation, work.house.platforms, person)


def _lane(work: Work, person: str) -> Conversation:
    """Where a person is written to."""
    return direct(work.organisation, work.house.platforms, person)


def _where(work: Work, values: dict[str, str], link_text: str) -> tuple[Place, Platform]:
    place, platform = last_used(work, work.who)
    guessed = guess_platform(link_text) if link_text else None
    asked_place, asked_platform = values.get("place", ""), values.get("platform", "")
    if asked_place in get_args(Place):
        place = cast(Place, asked_place)
    if asked_platform in get_args(Platform):
        platform = cast(Platform, asked_platform)
    elif guessed is not None:
        platform = guessed
    return place, platform


def _twin(work: Work, keys: dict[str, str | None]) -> tuple[int, str | None] | None:
    """An open case about the same text or link: its number and whose it is."""
    known = {name: value for name, value in keys.items() if value}
    if not known:
        return None
    row = work.conn.execute(_twins(tuple(known)), known).first()
    return (row.id, row.moderator) if row is not None else None


@cache
def _twins(names: tuple[str, ...]) -> Select[tuple[int, str | None]]:
    """The oldest open case with one of these keys."""
    same = or_(*(cases.c[name] == bindparam(name) for name in names))
    return select(cases.c.id, cases.c.moderator).where(same, cases.c.phase != "closed").order_by(cases.c.id).limit(1)


def _forget_private(work: Work, case: int) -> None:
    work.conn.execute(private_flags.delete().where(private_flags.c.case_id == case))


def _line(text: str, limit: int) -> str:
    return cut(clean(text).replace("\n", " "), limit)[0]
