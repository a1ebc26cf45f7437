"""One-use addresses of a page outside the chat: to take a dossier along, to cover what is on a screenshot. Only digests are kept."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Row, bindparam, select

from bot.tables import passes
from bot.work import Refused, Work

Kind = Literal["dossier", "mask"]
LASTS = timedelta(hours=1)
_PASS = select(passes).where(passes.c.digest == bindparam("digest"), passes.c.used.is_(None), passes.c.until > bindparam("now"))
_USE = (
    passes.update()
    .where(passes.c.digest == bindparam("mark"), passes.c.used.is_(None), passes.c.until > bindparam("now"))
    .values(used=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Pass:
    """What an address is good for, and for whom."""

    kind: Kind
    case: int
    person: str
    args: dict[str, Any]


def give(work: Work, kind: Kind, case: int, *, local: bool, **args: str) -> str:
    """A new address for who acts, good once and for an hour. ``local``: whether they sit at this computer's own chat; elsewhere an
    address of this computer opens nothing. ``args`` are codes."""
    if not work.house.pages or (work.house.pages_local and not local):
        raise Refused("refused.no_address")
    token = secrets.token_urlsafe(24)
    row = {"kind": kind, "case_id": case, "person": work.who, "args": json.dumps(args), "until": work.now + LASTS, "used": None}
    work.conn.execute(passes.delete().where(passes.c.until <= work.now))
    work.conn.execute(passes.insert().values(digest=_digest(token), **row))
    return f"{work.house.pages}/stuk/{token}"


def find(work: Work, token: str) -> Pass | None:
    """What an address is good for, while it is."""
    row = work.conn.execute(_PASS, {"digest": _digest(token), "now": work.now}).first()
    return None if row is None else _pass(row)


def use(work: Work, token: str) -> Pass | None:
    """Use an address up; ``None`` when it was used before, or is too old."""
    found = find(work, token)
    used = work.conn.execute(_USE, {"mark": _digest(token), "now": work.now}).rowcount
    return found if used else None


def _pass(row: Row[Any]) -> Pass:
    return Pass(row.kind, row.case_id, row.person, json.loads(row.args))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
