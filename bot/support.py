"""Support for colleagues: a colleague who is targeted is shown where to go, privately and only with their consent.

Who it is stands nowhere but in the message that they get: in no case, no timeline, no flag and no report.
"""

from datetime import timedelta

from sqlalchemy import func, select

from bot.case import Case
from bot.checklist import private
from bot.events import Answer
from bot.outbox import say
from bot.roster import direct
from bot.tables import messages
from bot.work import Refused, Work

ONCE = timedelta(days=1)  # in which somebody is not told the same again


def tell_colleague(work: Work, case: Case, values: dict[str, str]) -> Answer:
    """Show the colleague where to go. The message is about no case: whoever reads the outbox learns not what it came from."""
    if "colleague_targeted" not in private(work, case, work.who):
        raise Refused("refused.stale")
    person = values.get("person", "")
    if person not in work.organisation.people:
        raise Refused("refused.choose_colleague")
    if values.get("consent") != "yes":
        raise Refused("refused.no_consent")
    to = direct(work.organisation, work.house.platforms, person)
    lately = select(func.count()).where(
        messages.c.lane == str(to), messages.c.kind == "support", messages.c.written > work.now - ONCE
    )
    if not work.conn.execute(lately).scalar_one():
        say(work, to, "support")
    return Answer(note="note.colleague_told")
