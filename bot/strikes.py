"""Warnings for authors, who are known only by a keyed hash. Counted, recorded at closing, never against the rules of domain §3."""

from datetime import datetime

from dateutil.relativedelta import relativedelta
from sqlalchemy import func, select

from bot.case import Case
from bot.tables import insert_new, strikes
from bot.work import Work


def earlier(work: Work, platform: str, handle: str) -> int:
    """How many unexpired strikes the author has, under any version of the key."""
    if not handle:
        return 0
    authors = work.house.keys.all_versions(platform, handle)
    query = select(func.count()).select_from(strikes).where(strikes.c.author.in_(authors), strikes.c.expires > work.now)
    return int(work.conn.execute(query).scalar_one())


def record(work: Work, case: Case) -> None:
    """One strike for the author of ``case``; a second call for the same case changes nothing."""
    if case.author is None:
        return
    expires: datetime = work.now + relativedelta(months=case.policy.strikes.expire_after)
    insert_new(work.conn, strikes, case_id=case.number, author=case.author, at=work.now, expires=expires)
