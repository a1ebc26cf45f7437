"""What was changed in the directory from chat: one change as data, the log of them, and the log replayed over the file.

Who may change what, and what that means for cases that wait, belongs elsewhere.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, assert_never

from pydantic import Field, TypeAdapter
from sqlalchemy import Connection, Row, bindparam, select

from bot.events import Platform
from bot.organisation import Absence, Addresses, Department, Holders, Organisation, Person
from bot.tables import amendments
from flows.policy import Approved, Frozen
from flows.tree import Name, Role

# --- one change ---


class Away(Frozen):
    """Somebody will be away."""

    do: Literal["away"] = "away"
    absence: Absence


class Back(Frozen):
    """An absence that was announced ends, or never comes."""

    do: Literal["back"] = "back"
    absence: Absence


class Hold(Frozen):
    """``person`` holds ``role`` from now on, or no longer does. A department has one head: a new one takes the old one's place."""

    do: Literal["hold"] = "hold"
    role: Role
    department: str = ""
    person: str
    on: bool


class Deputise(Frozen):
    """Who stands in for ``role``, in a department for ``holder``; nobody when ``person`` is absent."""

    do: Literal["deputise"] = "deputise"
    role: Role
    department: str = ""
    holder: str = ""
    person: str | None


class Address(Frozen):
    """Where ``role`` (in a department: its antennas) is told, or what cannot wait is told too; without ``address`` nowhere."""

    do: Literal["address"] = "address"
    role: Role
    department: str = ""
    on_call: bool = False
    platform: Platform
    address: str = Field(default="", max_length=200)


class Meet(Frozen):
    """Somebody is known from now on, or is called, spoken to or reached otherwise. ``new``: they were not known before."""

    do: Literal["meet"] = "meet"
    person: Name
    known: Person
    new: bool = True


class Approve(Frozen):
    """The policy was approved, again: by whom, when, and when it must be looked at once more."""

    do: Literal["approve"] = "approve"
    approved: Approved


Change = Annotated[Away | Back | Hold | Deputise | Address | Meet | Approve, Field(discriminator="do")]
_codec: TypeAdapter[Any] = TypeAdapter(Change)
_LOG = select(amendments).where(amendments.c.id > bindparam("since")).order_by(amendments.c.id)


def note(conn: Connection, by: str, at: datetime, change: Away | Back | Hold | Deputise | Address | Meet | Approve) -> int:
    """Write a change into the log; returns its number."""
    key = conn.execute(amendments.insert().values(at=at, by=by, what=change.model_dump_json())).inserted_primary_key
    assert key is not None  # every insert of one row has one
    return int(key[0])


def read(row: Row[Any]) -> Any:
    """What a row of the log says."""
    return _codec.validate_json(row.what)


def log(conn: Connection, since: int = 0) -> list[tuple[Row[Any], Any]]:
    """Every change after number ``since``, oldest first: its row, and what it says."""
    return [(row, read(row)) for row in conn.execute(_LOG, {"since": since})]


def exported(values: Mapping[str, Any], organisation: Organisation, version: int, today: date) -> dict[str, Any]:
    """The file's ``values`` with what runs now in the place of what the chat can change, and the number of the last change in it."""
    departments = {
        name: known | _plain(organisation.departments[name], _OF_DEPARTMENT)
        for name, known in {**values.get("departments", {})}.items()
    }
    for known in departments.values():
        for name in ("deputies", "channel", "on_call"):
            if not known.get(name):
                known.pop(name, None)
    absences = [_plain(item) for item in organisation.absences if item.until >= today]
    roles = {role: _plain(held) for role, held in organisation.roles.items()}
    people = {name: _plain(person) for name, person in organisation.people.items()}
    changed: dict[str, Any] = {"people": people, "roles": roles, "absences": absences, "directory": version}
    if departments:
        changed["departments"] = departments
    if organisation.policy.approved is not None:
        changed["policy"] = {**(values.get("policy") or {}), "approved": _plain(organisation.policy.approved)}
    return {**values, **changed}


_OF_DEPARTMENT = {"head", "antennas", "deputies", "channel", "on_call"}


def _plain(model: Frozen, include: set[str] | None = None) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_defaults=include is None, include=include)


# --- replayed ---


def amended(organisation: Organisation, changes: Iterable[Any]) -> Organisation:
    """The organisation with these changes. One that speaks of somebody or something the file no longer has changes nothing."""
    for change in changes:
        match change:
            case Away():
                if change.absence.person in organisation.people:
                    organisation = organisation.model_copy(
                        update={"absences": (*_without(organisation.absences, change.absence), change.absence)}
                    )
            case Back():
                organisation = organisation.model_copy(update={"absences": _without(organisation.absences, change.absence)})
            case Hold():
                if change.person in organisation.people:
                    organisation = _hold(organisation, change)
            case Deputise():
                if change.person is None or change.person in organisation.people:
                    organisation = _deputise(organisation, change)
            case Address():
                organisation = _address(organisation, change)
            case Meet():
                organisation = _meet(organisation, change)
            case Approve():
                organisation = organisation.model_copy(update={"policy": organisation.policy.approved_by(change.approved)})
            case _:
                assert_never(change)
    return organisation


def _meet(organisation: Organisation, change: Meet) -> Organisation:
    if not change.new and change.person not in organisation.people:
        return organisation
    return organisation.with_people({**organisation.people, change.person: change.known})


def _without(absences: tuple[Absence, ...], gone: Absence) -> tuple[Absence, ...]:
    return tuple(item for item in absences if (item.person, item.since, item.until) != (gone.person, gone.since, gone.until))


def _hold(organisation: Organisation, change: Hold) -> Organisation:
    if change.department:
        if change.role == "department_head":
            return _in_department(
                organisation, change.department, lambda known: {"head": change.person if change.on else known.head}
            )

        def antennas(known: Department) -> dict[str, Any]:
            kept = tuple(name for name in known.antennas if name != change.person)
            return {"antennas": (*kept, change.person) if change.on else kept or known.antennas}

        return _in_department(organisation, change.department, antennas)

    def holders(known: Holders) -> dict[str, Any]:
        kept = tuple(name for name in known.holders if name != change.person)
        return {"holders": (*kept, change.person) if change.on else kept}

    return _in_role(organisation, change.role, holders)


def _deputise(organisation: Organisation, change: Deputise) -> Organisation:
    if not change.department:
        return _in_role(organisation, change.role, lambda known: {"deputy": change.person})

    def deputies(known: Department) -> dict[str, Any]:
        others = {name: deputy for name, deputy in known.deputies.items() if name != change.holder}
        return {"deputies": others | ({change.holder: change.person} if change.person else {})}

    return _in_department(organisation, change.department, deputies)


def _address(organisation: Organisation, change: Address) -> Organisation:
    name = "on_call" if change.on_call else "channel"

    def addresses(known: Addresses) -> dict[str, Any]:
        others = {platform: address for platform, address in known.items() if platform != change.platform}
        return {name: others | ({change.platform: change.address} if change.address else {})}

    if change.department:
        return _in_department(organisation, change.department, lambda known: addresses(getattr(known, name)))
    return _in_role(organisation, change.role, lambda known: addresses(getattr(known, name)))


def _in_department(organisation: Organisation, name: str, new: Callable[[Department], dict[str, Any]]) -> Organisation:
    known = organisation.departments.get(name)
    if known is None:
        return organisation
    return organisation.model_copy(update={"departments": organisation.departments | {name: known.model_copy(update=new(known))}})


def _in_role(organisation: Organisation, role: Role, new: Callable[[Holders], dict[str, Any]]) -> Organisation:
    known = organisation.roles.get(role, Holders())
    return organisation.model_copy(update={"roles": organisation.roles | {role: known.model_copy(update=new(known))}})


@dataclass(slots=True)
class Directory:
    """The organisation as it stands, kept by the number of the last change and the day. Forgotten at will: the log has it all."""

    _known: tuple[int, date, Organisation] | None = None
    _amended: tuple[int, Organisation] | None = None

    def of(self, conn: Connection, file: Organisation, version: int, now: datetime) -> Organisation:
        """The file with the changes up to number ``version``, on the local day of ``now``."""
        day = now.astimezone(file.calendar.zone).date()
        known = self._known
        if known is not None and known[0] == version and known[1] == day:
            return known[2]
        whole = self._amended
        if whole is None or whole[0] != version:
            _ = file.by_address, file.calendar  # worked out once: a copy keeps them
            changes = [change for row, change in log(conn, file.directory) if row.id <= version]
            whole = self._amended = (version, amended(file, changes))
            _ = whole[1].by_address
        found = whole[1].on(day)
        self._known = (version, day, found)
        return found

    def last(self, file: Organisation) -> Organisation:
        """As it was last seen in this process: to show, never to decide on."""
        return self._known[2] if self._known is not None else file
