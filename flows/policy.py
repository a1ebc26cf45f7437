"""What every municipality decides for itself (domain §5): the settings, their values and defaults.

A setting is data: the tree's conditions name it (``when: {insult_visibility: [remove_at_once]}``), code never branches on it.
"""

import hashlib
from datetime import date
from datetime import time as time_of_day
from functools import cached_property
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _number(value: object) -> object:
    """``24``, ``"24 h"``, ``"12 months"`` and ``"2 working days"`` are all how people write a length; the setting knows the unit."""
    return value.split()[0] if isinstance(value, str) and value.split() else value


Hours = Annotated[int, BeforeValidator(_number), Field(ge=1, le=24 * 90)]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no time zone; for example Europe/Brussels") from None
    return value


TimeZone = Annotated[str, AfterValidator(_zone)]


class Frozen(BaseModel):
    """The parent of what people write in files: closed, immutable, and silent about its input in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Strikes(Frozen):
    """``expire_after`` in months."""

    block_at: Annotated[int, Field(ge=1, le=20)] = 3
    expire_after: Annotated[int, BeforeValidator(_number), Field(ge=1, le=120)] = 12
    criminal_override: bool = True


class Political(Frozen):
    """Works only while ``Policy.approved`` is filled."""

    party: Literal["hide", "remove", "leave"] = "hide"
    citizen: Literal["hide", "remove", "leave"] = "leave"
    name: Literal["hide", "remove", "leave"] = "leave"


class Commercial(Frozen):
    trader: Literal["hide", "leave"] = "hide"
    association: Literal["hide", "leave"] = "leave"


class Response(Frozen):
    """``acknowledge`` in hours, ``answer`` in days; both count working days only."""

    acknowledge: Hours = 24
    answer: Annotated[int, BeforeValidator(_number), Field(ge=1, le=30)] = 2


class Reminders(Frozen):
    """When who was told, and nobody took it up, is reminded and then the next in line asked, and again after each.

    ``now``: minutes of any day or night; ``others``: office hours. ``ahead``: office hours before the end of a term at which its
    moderator is reminded. ``repeat``: on how many working days it is said again once everybody was asked.
    """

    now: Annotated[int, BeforeValidator(_number), Field(ge=1, le=24 * 60)] = 15
    others: Annotated[int, BeforeValidator(_number), Field(ge=1, le=200)] = 4
    ahead: Annotated[int, BeforeValidator(_number), Field(ge=0, le=40)] = 2
    repeat: Annotated[int, Field(ge=0, le=30)] = 3


class SignalThreshold(Frozen):
    count: Annotated[int, Field(ge=1, le=1000)] = 3
    days: Annotated[int, Field(ge=1, le=90)] = 7


Part = Literal["topics", "chart", "unanswered", "misinformation", "hate", "praise", "response", "loops", "review"]
PARTS: tuple[Part, ...] = get_args(Part)


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Overview(Frozen):
    """The weekly digest of one department, of ``management`` or of ``equal_opportunities``, where it differs from the others.

    ``recipients``: people who get it each in their own messages, in place of the department's conversation.
    """

    send: bool = True
    day: Weekday | None = None
    time: time_of_day | None = None
    recipients: tuple[str, ...] = ()
    language: Literal["nl", "en"] | None = None
    parts: tuple[Part, ...] | None = None


class Digest(Frozen):
    """``parts``: what stands in every digest; ``per``: by department, or ``management`` or ``equal_opportunities``."""

    day: Weekday = "monday"
    time: time_of_day = time_of_day(8, 30)
    timezone: TimeZone = "Europe/Brussels"
    language: Literal["nl", "en"] | None = None
    parts: tuple[Part, ...] = PARTS
    per: dict[str, Overview] = {}


class Retention(Frozen):
    case_months: Annotated[int, Field(ge=1, le=600)] = 12
    crime_evidence_months: Annotated[int, Field(ge=1, le=600)] = 60
    signal_months: Annotated[int, Field(ge=1, le=600)] = 60


class Approved(Frozen):
    """Which body approved the policy, when, and when it must be looked at again."""

    by: str = Field(min_length=1)
    on: date
    review_on: date


class Policy(Frozen):
    """All settings of domain §5; ``Policy()`` is the default municipality."""

    crime_visibility: Literal["hide_now", "leave_and_answer"] = "hide_now"
    leave_hours: Hours = 3
    insult_visibility: Literal["remove_at_once", "answer_then_hide", "hide_when_clear", "show_then_remove"] = "hide_when_clear"
    waiting_hours: Hours = 24
    answer_channel: Literal["public", "private", "both"] = "both"
    answer_criticism: Literal["always", "when_it_informs", "never"] = "when_it_informs"
    positive: Literal["like_and_thank", "like", "nothing"] = "like_and_thank"
    strikes: Strikes = Strikes()
    who_deletes: Literal["moderator", "team"] = "moderator"
    who_deletes_criminal: Literal["moderator", "team"] = "team"
    platform_report: Literal["always", "phishing_and_crime"] = "always"
    political: Political = Political()
    commercial: Commercial = Commercial()
    who_blocks: Literal["moderator", "communications_lead", "team"] = "communications_lead"
    dm_auto_reply: str = ""
    reply_language: Literal["nl", "citizen"] = "nl"
    benign: Literal["leave", "hide"] = "leave"
    response: Response = Response()
    reminders: Reminders = Reminders()
    external_groups: Literal["monitor", "intervene", "ignore"] = "monitor"
    tag_asker: bool = False
    sign_as: Literal["organisation", "first_name_in_private"] = "organisation"
    face_to_face: bool = True
    hierniet: bool = True
    code_of_conduct_url: str = ""
    close_after_hours: Hours = 48
    moderation_style: Literal["closing", "guarding", "patrolling"] = "patrolling"
    signal_threshold: SignalThreshold = SignalThreshold()
    digest: Digest = Digest()
    retention: Retention = Retention()
    approved: Approved | None = None

    def approved_by(self, approved: Approved) -> "Policy":
        """The same policy, approved anew."""
        return Policy.model_validate(self.model_dump() | {"approved": approved.model_dump()})

    @cached_property
    def flat(self) -> dict[str, str]:
        """Every setting under its dotted name, as the words that conditions compare: yes/no for switches."""
        return dict(_flat("", self)) | {"approved": "yes" if self.approved else "no"}

    @cached_property
    def version(self) -> str:
        """Short digest of all settings; a case keeps the one it was walked with."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def __hash__(self) -> int:
        return hash(self.version)  # quick: advice is remembered by it


def _flat(prefix: str, model: BaseModel) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            rows += _flat(f"{prefix}{name}.", value)
        else:
            rows.append((prefix + name, {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)))
    return rows


def setting_values(name: str) -> tuple[str, ...] | None:
    """The words a condition may compare setting ``name`` with; ``None`` when there is no such setting, () when it is free."""
    model: type[BaseModel] = Policy
    *parents, last = name.split(".")
    if name == "approved":
        return ("yes", "no")
    for parent in parents:
        field = model.model_fields.get(parent)
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return None
        model = field.annotation
    field = model.model_fields.get(last)
    if field is None:
        return None
    if field.annotation is bool:
        return ("yes", "no")
    if getattr(field.annotation, "__origin__", None) is Literal:
        return tuple(map(str, field.annotation.__args__))  # type: ignore[union-attr]  # a Literal always has arguments
    return ()
