"""The municipality's own file: people, departments, roles, policy, links, house rules and texts of its own, checked with file and line.

What the file means in a case (who is told, who may do what) is ``roster.py``; here it is only read.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from bot.events import Platform
from bot.working_time import Calendar
from flows.policy import Frozen, Policy, TimeZone
from flows.source import Problem, Source, SourceProblems, load, read
from flows.tree import PLACEHOLDERS, Body, Name, Reply, Role, Tree, find_tree, load_tree

Language = Literal["nl", "en"]
HOLDING_PLACEHOLDERS = frozenset({"topic", "organisation", "contact"})
DIGESTS = frozenset({"management", "equal_opportunities"})  # beside those of the departments
ENOUGH = 5_000  # characters of a text that tell which department it is about
Localised = Annotated[dict[Language, str], BeforeValidator(lambda value: {"nl": value} if isinstance(value, str) else value)]
Addresses = dict[Platform, Annotated[str, Field(min_length=1, max_length=200)]]
Hour = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Synonym = Annotated[str, Field(min_length=1, max_length=60)]  # one of the words that mean the same to the town's search
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def said(words: Mapping[Language, str], language: str) -> str:
    """``words`` in ``language``, or in the first language they have."""
    return words.get(language) or next(iter(words.values()))  # type: ignore[call-overload]  # any str may be asked for


class Person(Frozen):
    """Somebody of the organisation. ``addresses``: who they are on each platform; locally they are their id."""

    name: str = Field(min_length=1, max_length=80)
    language: Language = "nl"
    addresses: Addresses = {}


class Department(Frozen):
    """``topics``: words by which a comment shows that it is theirs. ``on_call``: where what cannot wait is said too, day and night."""

    name: Localised
    head: str
    antennas: tuple[str, ...] = Field(min_length=1)
    deputies: dict[str, str] = {}
    topics: tuple[str, ...] = ()
    channel: Addresses = {}
    on_call: Addresses = {}


class Holders(Frozen):
    """Who holds a role, the private channel where it is told, and where what cannot wait is said too (``on_call``)."""

    holders: tuple[str, ...] = ()
    deputy: str | None = None
    channel: Addresses = {}
    on_call: Addresses = {}


class Absence(Frozen):
    """``person`` is away from ``since`` until ``until``, both days included; ``replacement`` stands in, else the role's deputy."""

    person: str
    since: date
    until: date
    replacement: str | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until < self.since or self.replacement == self.person:
            raise ValueError("an absence ends after it begins, and somebody else stands in")
        return self

    def on(self, day: date) -> bool:
        return self.since <= day <= self.until

    def meets(self, other: "Absence") -> bool:
        """Whether the two have a day in common."""
        return self.since <= other.until and other.since <= self.until


class HouseRule(Frozen):
    """A rule of the municipality's own code of conduct; ``waiting_hours`` to edit a comment, else the policy's."""

    label: Localised
    waiting_hours: Annotated[int, Field(ge=1, le=2160)] | None = None


class Links(Frozen):
    code_of_conduct: str = ""
    report_desk: str = ""
    complaint_form: str = ""
    contact: str = ""
    safe_channel: str = ""
    spokesperson: str = ""


class Publishing(Frozen):
    """Who alone answers citizens while a crisis is on: people by name and holders of ``roles``; and the first words to publish.

    ``holding_statement`` takes the place of the bot's own; it may hold {topic}, {organisation} and {contact}.
    """

    publishers: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ("communications_lead",)
    holding_statement: str = Field(default="", max_length=2000)


class Texts(Frozen):
    """Texts that replace the tree's own."""

    replies: dict[Name, Reply] = {}
    bodies: dict[Body, str] = {}


class Organisation(Frozen):
    """``organisation.yaml``, checked. Immutable; a change of the file is a new one."""

    name: str = Field(min_length=1, max_length=80)
    language: Language = "nl"
    timezone: TimeZone = "Europe/Brussels"
    office_hours: dict[Weekday, tuple[tuple[Hour, Hour], ...]] = {}
    closing_days: tuple[date, ...] = ()
    tree: str = "lokaal-bestuur"
    cards: Literal["direct", "channel"] = (
        "direct"  # where a case's card stands: with its moderator, or in the moderators' channel
    )
    people: dict[Name, Person] = Field(min_length=1)
    departments: dict[Name, Department] = {}
    roles: dict[Role, Holders] = {}
    links: Links = Links()
    house_rules: dict[Name, HouseRule] = {}
    policy: Policy = Policy()
    crisis: Publishing = Publishing()
    texts: dict[Language, Texts] = {}
    synonyms: tuple[Annotated[tuple[Synonym, ...], Field(min_length=2)], ...] = ()
    absences: tuple[Absence, ...] = ()
    directory: int = Field(default=0, ge=0)  # the last change from chat that this file holds, in an exported one
    _away: dict[str, str | None] = PrivateAttr(default_factory=dict)

    @property
    def away(self) -> Mapping[str, str | None]:
        """Who is away on the day that this is the organisation of, and who stands in for them, if anybody was named."""
        return self._away

    def on(self, day: date) -> "Organisation":
        """The organisation of one day."""
        copy = self.model_copy()
        copy._away = {item.person: item.replacement for item in self.absences if item.on(day)}  # noqa: SLF001 - its own copy
        return copy

    def with_people(self, people: Mapping[str, Person]) -> "Organisation":
        """The organisation with these people instead."""
        copy = self.model_copy(update={"people": dict(people)})
        copy.__dict__.pop("by_address", None)  # worked out from others
        return copy

    @cached_property
    def calendar(self) -> Calendar:
        hours: Any = self.office_hours or dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("09:00", "17:00"),))
        return Calendar.of(self.timezone, hours, self.closing_days)

    @cached_property
    def by_address(self) -> Mapping[tuple[str, str], str]:
        """(platform, address) → person id; locally everybody is their own id."""
        known: dict[tuple[str, str], str] = {("local", name): name for name in self.people}
        for name, person in self.people.items():
            known.update(dict.fromkeys(person.addresses.items(), name))
        return known

    @cached_property
    def _topics(self) -> Mapping[str, tuple[tuple[str, re.Pattern[str]], ...]]:
        return {
            name: tuple((topic, re.compile(rf"\b{re.escape(topic)}", re.IGNORECASE)) for topic in item.topics)
            for name, item in self.departments.items()
        }

    def topics_in(self, department: str, text: str) -> tuple[str, ...]:
        """The topics of ``department`` that ``text`` mentions, as whole words or the beginning of one."""
        text = text[:ENOUGH]
        return tuple(topic for topic, pattern in self._topics.get(department, ()) if pattern.search(text))

    def waiting_hours(self, rule: str | None, policy: Policy) -> int:
        """How long somebody has to edit a comment against house rule ``rule``: its own hours where it has them, else the policy's."""
        known = self.house_rules.get(rule or "")
        return policy.waiting_hours if known is None or known.waiting_hours is None else known.waiting_hours

    def __hash__(self) -> int:
        return hash(self.name)  # quick: sentences are remembered by it

    def department_for(self, text: str) -> str | None:
        """The one department whose topics ``text`` mentions most; ``None`` when none or two do."""
        counts = {name: len(self.topics_in(name, text)) for name in self.departments}
        best = max(counts.values(), default=0)
        names = [name for name, count in counts.items() if count == best]
        return names[0] if best and len(names) == 1 else None


def load_organisation(path: Path) -> tuple[Organisation, Tree]:
    """The organisation in ``path`` and the tree it names; raises ``SourceProblems`` with everything that is wrong in both."""
    source = read(path)
    organisation = load(Organisation, source)
    tree = load_tree(find_tree(organisation.tree, path.parent))
    problems = list(_problems(organisation, tree, source))
    if problems:
        raise SourceProblems(problems)
    return organisation, tree


def warnings(organisation: Organisation, tree: Tree) -> tuple[str, ...]:
    """Role names that the tree tells and nobody holds: the communications lead gets what is theirs."""
    told = {item.role for outcome in tree.outcomes.values() for item in outcome.tells} - {"department_head", "antenna"}
    return tuple(sorted(role for role in told if not _held(organisation, role)))


def _held(organisation: Organisation, role: Role) -> bool:
    return role in organisation.roles and bool(organisation.roles[role].holders)


def _problems(organisation: Organisation, tree: Tree, source: Source) -> Iterator[Problem]:
    yield from _unknown_people(organisation, source)
    yield from _twins(organisation, source)
    for role in ("antenna", "department_head"):
        if role in organisation.roles:
            yield source.problem("{name!r} is held per department", "roles", role, right="name them under departments", name=role)
    needs: tuple[Role, ...] = ("communications_lead", "moderator")
    for needed in needs:
        if not _held(organisation, needed):
            yield source.problem("nobody holds {name!r}", "roles", right="name at least one holder", name=needed)
    rules = {
        choice.sets["house_rule"] for choices in tree.questions.values() for choice in choices if "house_rule" in choice.sets
    }
    rules |= {outcome.house_rule for outcome in tree.outcomes.values() if outcome.house_rule}
    for rule in sorted(rules - organisation.house_rules.keys()) if organisation.house_rules else ():
        yield source.problem("the tree preselects house rule {name!r}", "house_rules", right="add it to house_rules", name=rule)
    yield from _own_texts(organisation, tree, source)
    statement = ("crisis", "holding_statement")
    yield from _placeholders(organisation.crisis.holding_statement, source, statement, HOLDING_PLACEHOLDERS)
    yield from _digests(organisation, source)
    if organisation.cards == "channel" and not organisation.roles["moderator"].channel.keys() & {"slack", "teams"}:
        said = "cards stand in the moderators' channel, which has no address"
        mend = "give the role moderator a private channel on Slack or Teams, or write direct"
        yield source.problem(said, "cards", right=mend)


def _digests(organisation: Organisation, source: Source) -> Iterator[Problem]:
    """Every digest is of somebody who is there, and goes to people who are."""
    for reserved in DIGESTS & organisation.departments.keys():
        yield source.problem(
            "{name!r} is the name of a digest", "departments", reserved, right="name the department otherwise", name=reserved
        )
    for name, wanted in organisation.policy.digest.per.items():
        here = ("policy", "digest", "per", name)
        if name not in DIGESTS and name not in organisation.departments:
            known = ", ".join([*organisation.departments, *sorted(DIGESTS)])
            yield source.problem("there is no department {name!r}", *here, right="one of {known}", name=name, known=known)
        for index, person in enumerate(wanted.recipients):
            if person not in organisation.people:
                yield _nobody(organisation, source, person, *here, "recipients", index)


def _unknown_people(organisation: Organisation, source: Source) -> Iterator[Problem]:
    mentions: list[tuple[tuple[str | int, ...], str]] = []
    for name, department in organisation.departments.items():
        here = ("departments", name)
        mentions.append(((*here, "head"), department.head))
        mentions += [((*here, "antennas", index), person) for index, person in enumerate(department.antennas)]
        for person, deputy in department.deputies.items():
            mentions += [((*here, "deputies", person), person), ((*here, "deputies", person), deputy)]
    for role, holders in organisation.roles.items():
        mentions += [(("roles", role, "holders", index), person) for index, person in enumerate(holders.holders)]
        if holders.deputy:
            mentions.append((("roles", role, "deputy"), holders.deputy))
    mentions += [(("crisis", "publishers", index), person) for index, person in enumerate(organisation.crisis.publishers)]
    for index, absence in enumerate(organisation.absences):
        mentions.append((("absences", index, "person"), absence.person))
        if absence.replacement:
            mentions.append((("absences", index, "replacement"), absence.replacement))
    for path, person in mentions:
        if person not in organisation.people:
            yield _nobody(organisation, source, person, *path)


def _nobody(organisation: Organisation, source: Source, person: str, *path: str | int) -> Problem:
    known = ", ".join(organisation.people)
    return source.problem("nobody is called {name!r}", *path, right="one of {known}", name=person, known=known)


def _twins(organisation: Organisation, source: Source) -> Iterator[Problem]:
    seen: dict[tuple[str, str], str] = {}
    for name, person in organisation.people.items():
        for address in person.addresses.items():
            twin = seen.setdefault(address, name)
            if twin != name:
                said = "{name} and {twin} have the same {platform} address"
                here = ("people", name, "addresses")
                yield source.problem(said, *here, right="keep one of them", name=name, twin=twin, platform=address[0])
    names: dict[str, str] = {}
    for name, department in organisation.departments.items():
        for text in department.name.values():
            twin = names.setdefault(text.casefold(), name)
            if twin != name:
                said = "department {title!r} stands here twice ({twin} and {name})"
                yield source.problem(said, "departments", name, right="keep one of them", title=text, twin=twin, name=name)


def _own_texts(organisation: Organisation, tree: Tree, source: Source) -> Iterator[Problem]:
    for language, texts in organisation.texts.items():
        known = tree.said(language).replies
        for name, reply in texts.replies.items():
            place = ("texts", language, "replies", name)
            if name not in known:
                names = ", ".join(known)
                yield source.problem("the tree has no reply {name!r}", *place, right="one of {known}", name=name, known=names)
            for text in (reply.je, reply.u):
                yield from _placeholders(text, source, place)


def _placeholders(text: str, source: Source, path: tuple[str, ...], known: frozenset[str] = PLACEHOLDERS) -> Iterator[Problem]:
    try:
        used = {field for _, field, _, _ in Formatter().parse(text) if field is not None}
    except ValueError:
        yield source.problem("a brace without its partner", *path, right="write a brace in the text twice")
        return
    for name in sorted(used - known):
        names = ", ".join(sorted(known))
        yield source.problem("unknown placeholder {{{name}}}", *path, right="one of {known}", name=name, known=names)


ROLES: tuple[Role, ...] = get_args(Role)
