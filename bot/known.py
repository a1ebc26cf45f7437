"""Who is known, and under which policy: adding somebody from chat, another name or address, the dates of the policy's approval.

Each is one change in the directory's log. Who holds which role belongs elsewhere.
"""

import re
import unicodedata
from datetime import date
from typing import get_args

from bot import absences, amendments, showing, wording
from bot.amendments import Approve, Meet
from bot.comment_text import clean, cut
from bot.events import Answer, Platform
from bot.organisation import Language, Organisation, Person
from bot.outbox import say
from bot.presses import SetPerson, SetReview
from bot.roster import direct
from bot.work import Refused, Work, remember_policy
from flows.policy import Approved

LONGEST_NAME, LONGEST_BODY = 80, 120


def press(work: Work, press: SetPerson | SetReview, values: dict[str, str] | None) -> Answer | str:
    """The form, opened or sent; sent, the catalogue key of what to say. Only for the communications lead: the caller looks."""
    words = showing.words_for(work)
    match press:
        case SetPerson():
            if values is None:
                return Answer(form=wording.directory.person_form(words, press))
            meet(work, values)
            return "note.person"
        case SetReview():
            if values is None:
                return Answer(form=wording.directory.review_form(words, press))
            approve(work, values)
            return "note.review"


def meet(work: Work, values: dict[str, str]) -> None:
    """Somebody new, or what changed of somebody known; what is left open of them stays. They are told where they are reached now."""
    organisation = work.organisation
    who = values.get("person", "")
    before = organisation.people.get(who)
    if who and before is None:
        raise Refused("refused.who_unknown", typed="?")
    name = cut(clean(values.get("name", "")).replace("\n", " ").strip(), LONGEST_NAME)[0] or (before.name if before else "")
    if not name:
        raise Refused("refused.person_name")
    as_before: Language = before.language if before else organisation.language
    language = next((item for item in get_args(Language) if item == values.get("language")), as_before)
    addresses = dict(before.addresses) if before else {}
    if values.get("address", "").strip():
        platform, found = address(work, values["address"])
        if not found or platform == "local":  # locally everybody is their own id
            raise Refused("refused.person_address")
        if organisation.by_address.get((platform, found), who) != who:
            raise Refused("refused.address_taken", who=organisation.by_address[platform, found])
        addresses[platform] = found
    if any(name.casefold() == other.name.casefold() for key, other in organisation.people.items() if key != who):
        raise Refused("refused.name_taken", name=name)
    known = Person(name=name, language=language, addresses=addresses)
    new = Meet(person=who or _id(organisation, name), known=known, new=before is None)
    if amendments.amended(organisation, [new]) == organisation:
        raise Refused("refused.directory_same")
    amendments.note(work.conn, work.who, work.now, new)
    work.amended()
    say(work, direct(work.organisation, work.house.platforms, new.person), "directory", what="known", by=work.who)


def approve(work: Work, values: dict[str, str]) -> None:
    """The policy was approved anew. Cases that are under way keep the policy they began with."""
    today = absences.today(work)
    by = cut(clean(values.get("by", "")).replace("\n", " ").strip(), LONGEST_BODY)[0]
    if not by:
        raise Refused("refused.no_body")
    on, review_on = _day(values.get("on", ""), today), _day(values.get("review_on", ""), today)
    if on > today:
        raise Refused("refused.approved_later")
    if review_on <= today:
        raise Refused("refused.review_past")
    new = Approve(approved=Approved(by=by, on=on, review_on=review_on))
    if new.approved == work.organisation.policy.approved:
        raise Refused("refused.directory_same")
    amendments.note(work.conn, work.who, work.now, new)
    work.amended()
    remember_policy(work.conn, work.organisation.policy, work.now)


def address(work: Work, typed: str) -> tuple[Platform, str]:
    """``slack: C012``, ``teams: …``, ``#naam`` for the local chat, or bare: an address on the first platform."""
    typed = typed.strip()
    platform, colon, rest = typed.partition(":")
    for known in get_args(Platform):
        if colon and platform.strip().casefold() == known:
            return known, rest.strip()[:200]
    if typed.startswith("#"):
        return "local", typed[:60]
    return work.house.platforms[0], typed[:200]


def _day(typed: str, today: date) -> date:
    """One day, as it is typed for an absence; a year is needed, or it is the next time that day comes."""
    found = absences.read_dates(typed, today)
    if found is None or found[0] != found[1]:
        raise Refused("refused.no_day")
    return found[0]


def _id(organisation: Organisation, name: str) -> str:
    """A new id from a name, as people choose one: ``an``, else ``an_peeters``, else ``an_peeters2``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words: list[str] = re.findall(r"[a-z0-9]+", plain)
    words[:1] = [re.sub(r"^\d+", "", words[0]) or "p"] if words else ["p"]
    tries = [words[0][:40], "_".join(words)[:36]]
    tries += [f"{tries[1]}{number}" for number in range(2, len(organisation.people) + 3)]
    return next(item for item in tries if item not in organisation.people)
