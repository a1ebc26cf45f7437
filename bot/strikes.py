"""Warnings for authors, who are known only by a keyed hash: counted, recorded at closing, taken back; and two handles of one person.

Never against the rules of domain §3: which outcomes make none is in the tree. Nothing here holds a handle.
"""

from datetime import datetime

from dateutil.relativedelta import relativedelta
from sqlalchemy import Row, bindparam, func, or_, select

from bot.case import Case, load_case, save, standing
from bot.comment_text import clean, cut, is_blank
from bot.outbox import again
from bot.roster import may
from bot.tables import aliases, cases, comments, insert_new, messages, strikes
from bot.work import Refused, Work

LONGEST_REASON = 500

_COUNT = (
    select(func.count())
    .select_from(strikes)
    .where(
        strikes.c.author.in_(bindparam("authors", expanding=True)),
        strikes.c.expires > bindparam("now"),
        strikes.c.undone.is_(None),
    )
)
_ALIASES = select(aliases.c.one, aliases.c.other).where(
    aliases.c.undone.is_(None),
    or_(aliases.c.one.in_(bindparam("authors", expanding=True)), aliases.c.other.in_(bindparam("authors", expanding=True))),
)
_OF_CASE = select(strikes).where(strikes.c.case_id == bindparam("number"))
_LINKS = select(aliases).where(aliases.c.case_id == bindparam("number"), aliases.c.undone.is_(None)).order_by(aliases.c.id)


def earlier(work: Work, platform: str, handle: str, author: str | None = None) -> int:
    """How many unexpired strikes the author has, under any version of the key and any handle known to be theirs."""
    known = set(work.house.keys.all_versions(platform, handle)) if handle else set()
    authors = known | ({author} if author else set())
    if not authors:
        return 0
    return int(work.conn.execute(_COUNT, {"authors": sorted(one_person(work, authors)), "now": work.now}).scalar_one())


def fresh(work: Work, case: Case) -> Case:
    """An open case with the strikes as they count now: others expire, are added and taken back while it is open."""
    if case.author is None or not case.open:
        return case
    count = earlier(work, case.state.platform, case.handle, case.author)
    return case if count == case.state.earlier_strikes else case.with_state(earlier_strikes=count)


def record(work: Work, case: Case) -> None:
    """One strike for the author of ``case``; a second call for the same case changes nothing."""
    if case.author is None:
        return
    expires: datetime = work.now + relativedelta(months=case.policy.strikes.expire_after)
    insert_new(work.conn, strikes, case_id=case.number, author=case.author, at=work.now, expires=expires)
    _show(work, {case.author})


def of_case(work: Work, number: int) -> Row[tuple[object, ...]] | None:
    """The strike that came of a case, taken back or not."""
    return work.conn.execute(_OF_CASE, {"number": number}).first()


def undo(work: Work, case: Case, values: dict[str, str]) -> Case:
    """Take the strike of a case back, with a reason; it stays to be read, and counts no more."""
    row = of_case(work, case.number)
    if row is None or row.undone is not None:
        raise Refused("refused.no_strike")
    reason, _ = cut(clean(values.get("reason", "")), LONGEST_REASON)
    if is_blank(reason):
        raise Refused("refused.no_reason")
    return undo_for(work, case, reason)


def undo_for(work: Work, case: Case, reason: str) -> Case:
    """Take the strike of a case back, if it has one that counts."""
    row = of_case(work, case.number)
    if row is None or row.undone is not None:
        return case
    work.conn.execute(strikes.update().where(strikes.c.id == row.id).values(undone=work.now, undone_by=work.who))
    case = save(work, case, "strike_undone", {}, reason)
    again(work, case.number, "case")
    _show(work, {row.author})
    return case


def links(work: Work, number: int) -> tuple[tuple[int, int], ...]:
    """What somebody said in a case about its author: the link's number and the other case, of the same person under another name."""
    return tuple((row.id, row.other_case) for row in work.conn.execute(_LINKS, {"number": number}))


def same_author(work: Work, case: Case, values: dict[str, str]) -> Case:
    """Somebody knows that the author of another case is this one, under another name: their strikes count together."""
    typed = values.get("case", "").strip().lstrip("#")
    if not typed.isascii() or not typed.isdigit() or len(typed) > 9:
        raise Refused("refused.no_case", number=typed[:20])
    other = load_case(work, int(typed), lock=False)
    if not may(work.organisation, work.who, "see", standing(work, other)):
        raise Refused("refused.may_not_see")
    if case.author is None or other.author is None:
        raise Refused("refused.no_author")
    if other.author in one_person(work, {case.author}):
        raise Refused("refused.same_author")
    row = {"case_id": case.number, "other_case": other.number, "one": case.author, "other": other.author}
    work.conn.execute(aliases.insert().values(**row, at=work.now, by=work.who, undone=None, undone_by=None))
    case = save(work, fresh(work, case), "same_author", {"case": other.number})
    _show(work, {case.author or "", other.author})
    return case


def not_same(work: Work, case: Case, link: int) -> Case:
    """Take back that two authors are one person."""
    found = next((row for row in work.conn.execute(_LINKS, {"number": case.number}) if row.id == link), None)
    if found is None:
        raise Refused("refused.stale")
    work.conn.execute(aliases.update().where(aliases.c.id == link).values(undone=work.now, undone_by=work.who))
    case = save(work, fresh(work, case), "not_same_author", {"case": found.other_case})
    _show(work, {found.one, found.other})
    return case


def one_person(work: Work, authors: set[str]) -> set[str]:
    """All hashes that stand for the same person as these: linked by hand, also through another."""
    known, new = set(authors), set(authors)
    while new:
        rows = work.conn.execute(_ALIASES, {"authors": sorted(new)}).all()
        new = {author for row in rows for author in (row.one, row.other)} - known
        known |= new
    return known


def _show(work: Work, authors: set[str]) -> None:
    """The open cases of these authors are shown anew: the number on their cards has changed."""
    theirs = (
        select(cases.c.id)
        .join(comments, comments.c.case_id == cases.c.id)
        .where(comments.c.author.in_(one_person(work, authors)), cases.c.phase != "closed")
    )
    work.said = True
    work.conn.execute(
        messages.update().where(messages.c.kind == "case", messages.c.case_id.in_(theirs)).values(wanted=messages.c.wanted + 1)
    )
