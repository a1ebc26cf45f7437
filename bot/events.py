"""What comes in from people and from time, and the one immediate answer that goes back within the request."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from bot.cards import Card, Form
from bot.presses import Frozen, Press

Platform = Literal["local", "slack", "teams"]


class Actor(Frozen):
    """Who acts, as the platform names them: ``local``: a person id of the organisation, ``slack``: U…, ``teams``: an object id."""

    platform: Platform
    address: str = Field(max_length=200)


class Image(Frozen):
    """A picture as it was received: its bytes lie in the store already (``evidence`` row), untouched."""

    evidence: int


class Event(Frozen):
    """``id`` is unique per platform delivery: the same id again changes nothing."""

    id: str = Field(min_length=1, max_length=200)
    actor: Actor


class Pasted(Event):
    """A comment to moderate, as text, pictures, or both."""

    kind: Literal["pasted"] = "pasted"
    text: str = ""
    images: tuple[Image, ...] = ()
    link: str = ""


class Commanded(Event):
    """A command: ``text`` is everything after ``/moderate``."""

    kind: Literal["commanded"] = "commanded"
    text: str = ""


class Pressed(Event):
    kind: Literal["pressed"] = "pressed"
    press: Press = Field(discriminator="do")


class Submitted(Event):
    """A form came back: ``values`` by field name, as typed; ``images`` that were uploaded with it."""

    kind: Literal["submitted"] = "submitted"
    press: Press = Field(discriminator="do")
    values: dict[str, str] = {}
    images: tuple[Image, ...] = ()


class Replied(Event):
    """Somebody wrote under a message of ours: ``remote`` is that message's name on the platform, ``own`` the reply's own."""

    kind: Literal["replied"] = "replied"
    conversation: str
    remote: str
    text: str
    own: str = ""


class Edited(Event):
    """A reply was changed, or with ``text=None`` deleted, where it was written."""

    kind: Literal["edited"] = "edited"
    conversation: str
    own: str
    text: str | None


Incoming = Annotated[Pasted | Commanded | Pressed | Submitted | Replied | Edited, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the adapter gives back at once. ``card`` is the new state of the card that was acted on (``case``); ``note`` a
    sentence for this person only; ``form`` a dialog to open; ``cards`` are shown to this person only (an overview, a search).
    ``kept``: whether the store kept the event now, at an earlier delivery, or not at all (then it should be delivered again)."""

    note: str = ""
    form: Form | None = None
    card: Card | None = None
    case: int | None = None
    cards: tuple[Card, ...] = ()
    refused: bool = False
    kept: Literal["now", "before", "not"] = "now"


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where messages go: ``local:an``, ``local:#communicatie``, ``slack:C012``. The text form is the outbox lane."""

    platform: Platform
    address: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.address}"

    @classmethod
    def parse(cls, text: str) -> "Conversation":
        platform, _, address = text.partition(":")
        if platform not in ("local", "slack", "teams") or not address:
            raise ValueError("not a conversation")
        return cls(platform, address)  # type: ignore[arg-type]  # just checked; a Literal cannot be narrowed by `in` on a str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as the sender hands it to a chat adapter: rendered, with the key that recognises it."""

    id: int
    conversation: Conversation
    card: Card
    parent: str | None
    mentions: tuple[str, ...]
    written: datetime
