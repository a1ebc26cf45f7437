"""Who holds a role, where they are told, and who may do what (domain §4). Reads the organisation, decides nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from bot.events import Actor, Conversation, Platform
from bot.organisation import Addresses, Organisation
from flows.tree import Role

May = Literal[
    "see", "see_originals", "see_handle", "act", "decide", "approve_faq", "moderate", "log_signal", "crisis", "directory"
]

# Where a role's work goes when nobody holds it; at the end of every line stands the communications lead.
FALLBACK: dict[Role, Role] = {
    "complaints_officer": "department_head",
    "antenna": "department_head",
    "dpo": "communications_lead",
}


# Beside the communications lead, who decides a case they were told of. Equal opportunities and the data-protection officer advise.
DECIDING: frozenset[Role] = frozenset({"department_head", "antenna", "moderation_team"})


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told for a role: the conversation, the people to mention, and the role that really got it (a fallback, perhaps)."""

    role: Role
    conversation: Conversation
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is asked next for a role that nobody took up: the people who hold ``role`` of ``department``, or stand in for it."""

    name: Literal["deputy", "head", "lead", "team"]
    role: Role
    department: str
    people: tuple[str, ...]
    conversations: tuple[Conversation, ...]


def person_of(organisation: Organisation, actor: Actor) -> str | None:
    """The person behind a platform's name, or ``None`` for somebody who is not in the directory."""
    return organisation.by_address.get((actor.platform, actor.address))


def holders(organisation: Organisation, role: Role, department: str | None = None) -> tuple[str, ...]:
    """The people who hold ``role``; a departmental one of ``department``, or of any when that is ``None``."""
    if role in ("antenna", "department_head"):
        departments = [organisation.departments[department]] if department in organisation.departments else []
        if department is None:
            departments = list(organisation.departments.values())
        people = [person for item in departments for person in ((item.head,) if role == "department_head" else item.antennas)]
        return tuple(dict.fromkeys(people))
    held = organisation.roles.get(role)
    return held.holders if held else ()


def stand_in(organisation: Organisation, person: str) -> str | None:
    """Who is there for ``person`` today: themselves, or whoever stands in, one for the other; ``None`` when nobody was named."""
    asked: list[str] = []
    while person in organisation.away:
        asked.append(person)
        instead = organisation.away[person]
        if instead is None or instead in asked:
            return None
        person = instead
    return person


def present(organisation: Organisation, people: Sequence[str]) -> tuple[str, ...]:
    """Those of ``people`` who are there today, and in the place of who is away whoever stands in."""
    if not organisation.away:
        return tuple(people)
    there = (stand_in(organisation, person) for person in people)
    return tuple(dict.fromkeys(person for person in there if person is not None))


def _among(organisation: Organisation, person: str, people: Sequence[str]) -> bool:
    """Whether ``person`` is one of ``people``, or stands in for one of them today."""
    return person in people or person in present(organisation, people)


def roles_of(organisation: Organisation, person: str) -> tuple[Role, ...]:
    """Every role that ``person`` holds, as deputy too."""
    return tuple(
        role for role in get_args(Role) if person in holders(organisation, role) or person in deputies_of(organisation, role)
    )


def departments_of(organisation: Organisation, person: str) -> frozenset[str]:
    """The departments whose head, antenna or deputy ``person`` is."""
    return frozenset(
        name
        for name, item in organisation.departments.items()
        if _among(organisation, person, (item.head, *item.antennas, *item.deputies.values()))
    )


def holds_role(organisation: Organisation, person: str, role: Role, department: str = "") -> bool:
    """Whether ``person`` stands for ``role`` (of ``department``): as holder, deputy, for one of them who is away, on call, or as the
    fallback when nobody holds it or everybody is away."""
    own = holders(organisation, role, department or None)
    deputies = deputies_of(organisation, role, department) if own else ()
    if person in own or person in deputies:
        return True
    if own and _is_on_call(organisation, person, role, department):
        return True
    there = present(organisation, (*own, *deputies)) if organisation.away else own
    if there:
        return person in there
    return role != "communications_lead" and holds_role(
        organisation, person, FALLBACK.get(role, "communications_lead"), department
    )


def publishers(organisation: Organisation) -> tuple[str, ...]:
    """Who answers citizens during a crisis: the people and role holders that the file names; the communications lead when nobody."""
    named = organisation.crisis.publishers
    people = tuple(dict.fromkeys((*named, *(who for role in organisation.crisis.roles for who in holders(organisation, role)))))
    return people or holders(organisation, "communications_lead")


def publishes(organisation: Organisation, person: str | None) -> bool:
    """Whether ``person`` may answer citizens during a crisis, also as a deputy."""
    return person is not None and (
        person in publishers(organisation) or any(holds_role(organisation, person, role) for role in organisation.crisis.roles)
    )


def recipient(organisation: Organisation, platforms: Sequence[Platform], role: Role, department: str | None) -> Recipient:
    """Where and to whom ``role`` is told, on the first of ``platforms`` where it has an address.

    Whoever is away is replaced at once: by who stands in, else by the role's deputy, else by the role that is the fallback.
    """
    people = _there(organisation, role, department or "")
    while not people and role != "communications_lead":
        role = FALLBACK.get(role, "communications_lead")
        people = _there(organisation, role, department or "")
    people = people or holders(organisation, role, department or "")  # the last in line is told, also when away
    channel = organisation.roles[role].channel if role in organisation.roles else {}
    if role in ("antenna", "department_head") and department in organisation.departments:
        channel = organisation.departments[department].channel if role == "antenna" else {}
    for platform in platforms:
        if platform in channel:
            return Recipient(role, Conversation(platform, channel[platform]), people)
    return Recipient(role, direct(organisation, platforms, people[0]), people)


def _there(organisation: Organisation, role: Role, department: str) -> tuple[str, ...]:
    own = holders(organisation, role, department)
    return present(organisation, own) or (present(organisation, deputies_of(organisation, role, department)) if own else ())


def line(organisation: Organisation, platforms: Sequence[Platform], role: Role, department: str) -> tuple[Rung, ...]:
    """Who is asked, one after the other, when ``role`` does not answer: its deputies, the department's head, the communications
    lead, the moderation team. Nobody is asked in person twice; the team is asked in its channel, where more of them read."""
    told = recipient(organisation, platforms, role, department or None)
    seen = set(told.people)
    found: list[Rung] = []
    standing_in = present(organisation, deputies_of(organisation, told.role, department))
    deputies = tuple(person for person in standing_in if person not in seen)
    if deputies:
        places = tuple(direct(organisation, platforms, person) for person in deputies)
        found.append(Rung("deputy", told.role, department, deputies, places))
        seen.update(deputies)
    above: list[tuple[Literal["head", "lead", "team"], Role]] = [("lead", "communications_lead"), ("team", "moderation_team")]
    if told.role == "antenna":
        above.insert(0, ("head", "department_head"))
    for name, higher in above:
        asked = recipient(organisation, platforms, higher, department or None)
        own_place = asked.conversation != direct(organisation, platforms, asked.people[0])
        fresh = bool(set(asked.people) - seen) or (higher == "moderation_team" and own_place)
        if asked.role != higher or higher == told.role or not fresh:
            continue
        of = department if higher == "department_head" else ""
        found.append(Rung(name, higher, of, asked.people, (asked.conversation,)))
        seen.update(asked.people)
    return tuple(found)


def on_call(organisation: Organisation, platforms: Sequence[Platform], role: Role, department: str) -> tuple[Conversation, ...]:
    """Where ``role`` is told of what cannot wait, beside its own conversation: on the first of ``platforms`` that has an address."""
    addresses = _on_call(organisation, role, department)
    return tuple(Conversation(platform, addresses[platform]) for platform in platforms if platform in addresses)[:1]


def direct(organisation: Organisation, platforms: Sequence[Platform], person: str) -> Conversation:
    """The direct messages of ``person`` on the first of ``platforms`` where they are known; locally everybody is."""
    for platform in platforms:
        if platform in organisation.people[person].addresses and platform != "local":
            return Conversation(platform, organisation.people[person].addresses[platform])
    return Conversation("local", person)


def card_place(organisation: Organisation, platforms: Sequence[Platform], person: str) -> Conversation:
    """Where the cards of ``person``'s cases stand: in their own messages, or, where the file says so, in the moderators' channel on
    the platform where they are. In the local chat everybody reads their own."""
    own = direct(organisation, platforms, person)
    held = organisation.roles.get("moderator")
    shared = organisation.cards == "channel" and own.platform != "local" and held is not None
    if shared and held is not None and own.platform in held.channel and holds_role(organisation, person, "moderator"):
        return Conversation(own.platform, held.channel[own.platform])
    return own


def channels_of(organisation: Organisation, person: str) -> tuple[str, ...]:
    """The local channels that ``person`` is in: those of their roles and departments; the communications lead is in all."""
    lead = holds_role(organisation, person, "communications_lead")
    found: dict[str, None] = {}
    for held in organisation.roles.values():
        if lead or _among(organisation, person, (*held.holders, *([held.deputy] if held.deputy else []))):
            found.update(dict.fromkeys(_local(held.channel, held.on_call)))
    mine = departments_of(organisation, person)
    for name, item in organisation.departments.items():
        if lead or name in mine:
            found.update(dict.fromkeys(_local(item.channel, item.on_call)))
    return tuple(found)


def _local(*addresses: Addresses) -> list[str]:
    """The local channels among ``addresses``."""
    return [item["local"] for item in addresses if item.get("local", "").startswith("#")]


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a case matters to who may do what: its people, its department, who was told, whether a ground was given."""

    moderator: str | None
    pasted_by: str
    department: str | None
    ground: str | None
    open: bool
    told: tuple[tuple[Role, str], ...]  # (role, department)


def may(organisation: Organisation, person: str, what: May, case: Standing | None = None) -> bool:
    """The access table of domain §4."""
    if holds_role(organisation, person, "communications_lead"):
        return True
    moderates = holds_role(organisation, person, "moderator") or holds_role(organisation, person, "moderation_team")
    if what in ("moderate", "log_signal"):
        return moderates
    if what == "approve_faq":
        return any(person in item.antennas or person in item.deputies.values() for item in organisation.departments.values())
    if case is None:
        return False
    own = case.moderator is not None and person in (case.moderator, stand_in(organisation, case.moderator))
    told = any(holds_role(organisation, person, role, department) for role, department in case.told)
    match what:
        case "see":
            return (
                moderates
                or told
                or holds_role(organisation, person, "dpo")
                or (case.department is not None and case.department in departments_of(organisation, person))
                or (case.ground is not None and holds_role(organisation, person, "equal_opportunities"))
            )
        case "see_originals":
            return own or told or holds_role(organisation, person, "moderation_team")
        case "see_handle":
            return case.open and (own or holds_role(organisation, person, "moderation_team"))
        case "act":
            return own
        case "decide":
            return any(role in DECIDING and holds_role(organisation, person, role, department) for role, department in case.told)
        case _:
            return False


def deputies_of(organisation: Organisation, role: Role, department: str = "") -> tuple[str, ...]:
    """Who stands in for the holders of ``role``; for a departmental one without ``department``, those of every department."""
    if role in ("antenna", "department_head"):
        items = [organisation.departments[department]] if department in organisation.departments else []
        if not department:
            items = list(organisation.departments.values())
        held_by = [(item, (item.head,) if role == "department_head" else item.antennas) for item in items]
        found = [item.deputies[name] for item, names in held_by for name in names if name in item.deputies]
        return tuple(dict.fromkeys(found))
    held = organisation.roles.get(role)
    return (held.deputy,) if held and held.deputy else ()


def _on_call(organisation: Organisation, role: Role, department: str) -> Addresses:
    if role in ("antenna", "department_head"):
        return organisation.departments[department].on_call if department in organisation.departments else {}
    held = organisation.roles.get(role)
    return held.on_call if held else {}


def _is_on_call(organisation: Organisation, person: str, role: Role, department: str) -> bool:
    """Whether the address on call of ``role`` is ``person``'s own."""
    addresses = _on_call(organisation, role, department)
    return any(organisation.by_address.get(item) == person for item in addresses.items())
