"""The directory in the chat: who holds which role, who is there, what is open with them; and changing it, each change logged.

The organisation's file stays the starting point. What a change means for escalations that wait is rung by their own clocks.
"""

from dataclasses import dataclass
from typing import get_args

from sqlalchemy import func, select

from bot import absences, amendments, clocks, known, objections, showing, wording
from bot.amendments import Address, Deputise, Hold
from bot.cards import Card
from bot.events import Answer
from bot.organisation import Absence, Addresses, Holders, Organisation
from bot.outbox import say
from bot.presses import ChangeDirectory, SetAbsence, SetPerson, SetReview
from bot.roster import deputies_of, direct, holders, may, recipient
from bot.tables import cases, threads
from bot.work import Refused, Work
from flows.tree import Role
from flows.walk import DEPARTMENTAL

_OF_DEPARTMENT: tuple[Role, Role] = ("department_head", "antenna")
WHAT = ("hold", "unhold", "deputy", "channel", "on_call")  # what the form can change
NEEDED: frozenset[Role] = frozenset({"communications_lead", "moderator"})  # never without a holder
NEWEST = 10  # changes on the card


@dataclass(frozen=True, slots=True)
class Held:
    """A role as it stands: its holders, who stands in for them, where it is told and who is on call."""

    role: Role
    department: str
    people: tuple[str, ...]
    deputies: tuple[str, ...]
    channel: Addresses
    on_call: Addresses


def roster(organisation: Organisation) -> tuple[Held, ...]:
    """Every role, those of the departments last."""
    found = [
        Held(role, "", holders(organisation, role), deputies_of(organisation, role), known.channel, known.on_call)
        for role in get_args(Role)
        if role not in DEPARTMENTAL
        for known in [organisation.roles.get(role, Holders())]
    ]
    for name, item in organisation.departments.items():
        head, antenna = (
            (role, name, holders(organisation, role, name), deputies_of(organisation, role, name)) for role in _OF_DEPARTMENT
        )
        found += [Held(*head, {}, {}), Held(*antenna, item.channel, item.on_call)]
    return tuple(found)


def load(work: Work) -> dict[str, tuple[int, int]]:
    """By person: escalations that they took up and cases that they have, as far as these are open."""
    taken = select(threads.c.taken_by, func.count()).where(threads.c.phase == "taken").group_by(threads.c.taken_by)
    has = select(cases.c.moderator, func.count()).where(cases.c.phase != "closed").group_by(cases.c.moderator)
    by_threads = {who: int(count) for who, count in work.conn.execute(taken)}
    by_cases = {who: int(count) for who, count in work.conn.execute(has)}
    return {who: (by_threads.get(who, 0), by_cases.get(who, 0)) for who in work.organisation.people}


def card(work: Work) -> Card:
    """The directory as the reader may see it: what is open with whom, and the buttons, are the communications lead's."""
    lead = may(work.organisation, work.who, "directory")
    known = amendments.log(work.conn)[-NEWEST:] if lead else []
    return wording.directory.card(
        showing.words_for(work), roster(work.organisation), absences.coming(work), load(work) if lead else {}, known, changes=lead
    )


def press(work: Work, press: SetAbsence | ChangeDirectory | SetPerson | SetReview, values: dict[str, str] | None) -> Answer:
    """A form of the roster, opened or sent."""
    words = showing.words_for(work)
    lead = may(work.organisation, work.who, "directory")
    if isinstance(press, SetAbsence):
        if values is None:
            others = [name for name in work.organisation.people if name != work.who] if lead else []
            coming = [item for item in absences.coming(work) if lead or item.person == work.who]
            return Answer(form=wording.directory.absence_form(words, press, [work.who, *others], coming))
        return Answer(note=wording.directory.absence(words, "announced", _absence(work, values)))
    if not lead:
        raise Refused("refused.not_lead")
    if isinstance(press, SetPerson | SetReview):
        made = known.press(work, press, values)
        return made if isinstance(made, Answer) else Answer(note=words.t(made), cards=(card(work),))
    if values is None:
        return Answer(form=wording.directory.form(words, press, WHAT, roster(work.organisation)))
    change(work, values)
    return Answer(note=words.t("note.directory"), cards=(card(work),))


def change(work: Work, values: dict[str, str]) -> None:
    """One change of the form: checked, logged, told to the person; escalations that wait go to whoever it is now."""
    before = work.organisation
    wanted = _read(work, values)
    if amendments.amended(before, [wanted]) == before:
        raise Refused("refused.directory_same")
    amendments.note(work.conn, work.who, work.now, wanted)
    work.amended()
    if isinstance(wanted, Hold | Deputise) and wanted.person is not None and wanted.person != work.who:
        what = "deputise" if isinstance(wanted, Deputise) else "hold" if wanted.on else "unhold"
        place = direct(work.organisation, work.house.platforms, wanted.person)
        say(work, place, "directory", what=what, role=wanted.role, department=wanted.department, by=work.who)
    hand_on(work, before)


def hand_on(work: Work, before: Organisation) -> None:
    """Escalations that wait for a role that has other people than ``before``: a clock each, that rings now."""
    live = threads.c.phase.in_(("open", "taken"))
    pairs = work.conn.execute(select(threads.c.role, threads.c.department).where(live).distinct()).all()
    platforms = work.house.platforms
    for pair in pairs:
        was = recipient(before, platforms, pair.role, pair.department or None)
        told = recipient(work.organisation, platforms, pair.role, pair.department or None)
        if was.people == told.people:
            continue
        waiting = select(threads.c.id, threads.c.case_id).where(live, threads.c.role == pair.role)
        for row in work.conn.execute(waiting.where(threads.c.department == pair.department)).all():
            clocks.start(work, row.case_id, "changed", str(row.id), work.now)
    objections.hand_on(work)


def begins(work: Work, number: int) -> None:
    """The first day of an absence."""
    absence = absences.begins(work, number)
    if absence is not None:
        hand_on(work, work.organisation.on(absence.since - absences.ONE_DAY))


def _absence(work: Work, values: dict[str, str]) -> Absence:
    dates = absences.read_dates(f"{values.get('since', '')} – {values.get('until', '')}", absences.today(work))
    if dates is None:
        raise Refused("refused.absence_dates", usage="24/12 – 2/1")
    person, replacement = values.get("person") or work.who, values.get("replacement") or None
    if person not in work.organisation.people or (replacement is not None and replacement not in work.organisation.people):
        raise Refused("refused.who_unknown", typed="?")
    return absences.announce(work, person, *dates, replacement)


def _read(work: Work, values: dict[str, str]) -> Hold | Deputise | Address:
    """What the form asks for; refused when it cannot be."""
    organisation = work.organisation
    name, _, department = values.get("role", "").partition(":")
    role = next((known for known in get_args(Role) if known == name), None)
    if role is None or (role in DEPARTMENTAL) != (department in organisation.departments):
        raise Refused("refused.choose_role")
    person, what = values.get("person") or None, values.get("what", "")
    if person is not None and person not in organisation.people:
        raise Refused("refused.who_unknown", typed="?")
    own = holders(organisation, role, department or None)
    match what:
        case "hold" | "unhold":
            if person is None:
                raise Refused("refused.choose_person")
            last = what == "unhold" and own == (person,)
            if last and (role in NEEDED or role in DEPARTMENTAL):
                raise Refused("refused.directory_last")
            return Hold(role=role, department=department, person=person, on=what == "hold")
        case "deputy":
            holder = own[0] if department and own else ""
            if person in own:
                raise Refused("refused.absence_self")
            return Deputise(role=role, department=department, holder=holder, person=person)
        case "channel" | "on_call":
            platform, address = known.address(work, values.get("address", ""))
            if role == "department_head" and what == "channel":
                raise Refused("refused.directory_head_channel")
            return Address(role=role, department=department, on_call=what == "on_call", platform=platform, address=address)
        case _:
            raise Refused("refused.stale")
