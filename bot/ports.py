"""The few Protocols: where there are two implementations, or where a technology must stay out of bot/."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Literal, Protocol, TypeVar, runtime_checkable

from sqlalchemy import Connection

from bot.cards import Chart
from bot.events import Outgoing
from flows.authorities import Authority

T = TypeVar("T")


class Store(Protocol):
    """One SQL database. ``work`` is a plain synchronous function of a Core connection and does no other I/O."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run in one transaction; return after a durable commit. What ``work`` raises undoes only this work and is raised here."""
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run read-only; sees every finished write of this process."""
        ...

    async def close(self) -> None: ...


class StoreUnavailable(Exception):
    """The database cannot serve now; nothing of this work was kept. Holds no SQL and no values."""

    def __init__(self, reason: Literal["full", "read_only", "locked", "unreachable", "corrupt"]) -> None:
        self.reason = reason
        super().__init__(f"the database is {reason.replace('_', ' ')}")


class Undeliverable(Exception):
    """The platform refused a message. ``later``: seconds to wait before trying again; ``None``: it will never work as it is.

    ``why`` is a code of this product (``channel_gone``, ``not_member``, ``nobody_there``, ``person_gone``, ``blocked``,
    ``too_large``, ``token``, ``rate``, ``network``), which the wording turns into what a person can do.
    """

    def __init__(self, why: str, later: float | None = None) -> None:
        self.why, self.later = why, later
        super().__init__(why)


class Chat(Protocol):
    """A chat platform that messages can be sent to."""

    async def post(self, message: Outgoing) -> str:
        """Show a new message and return its name on the platform; posting one ``message.id`` twice shows it once, as it is the
        second time, where the platform can recognise it. Raises ``Undeliverable``."""
        ...

    async def update(self, message: Outgoing, remote: str) -> str:
        """Replace what message ``remote`` shows. Raises ``Undeliverable``."""
        ...


@runtime_checkable
class MayDouble(Protocol):
    """A chat that cannot recognise what it posted. ``possible_doubles``: posts since the start that may stand there twice."""

    @property
    def possible_doubles(self) -> int: ...


class Looked(Protocol):
    """A picture that was taken: what it is, the text in it, and the same picture drawn anew, safe to show."""

    @property
    def media(self) -> str: ...
    @property
    def safe_media(self) -> str: ...
    @property
    def safe(self) -> bytes: ...
    @property
    def text(self) -> str: ...
    @property
    def unread_key(self) -> str:
        """The catalogue's key of why nothing could be read; empty when it was."""
        ...


@runtime_checkable
class NotTaken(Protocol):
    """A picture that was not taken, with the catalogue's key of what to do."""

    @property
    def key(self) -> str: ...


class Pictures(Protocol):
    """Looks at pictures from outside where they can do no harm."""

    async def look(self, content: bytes, *, read: bool = True) -> Looked | NotTaken: ...


class Measured(Looked, Protocol):
    """With its size in pixels, upright."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


class Covering(Protocol):
    """Looks at pictures too, and paints over what is not for others."""

    async def look(
        self, content: bytes, *, read: bool = True, boxes: Sequence[tuple[int, int, int, int]] = ()
    ) -> Measured | NotTaken:
        """``boxes``: what is painted over in ``safe``; left, top, width, height in thousandths of the picture."""
        ...


class Charts(Protocol):
    """Draws a chart as a PNG that a telephone can show. Slow the first time: call it outside the event loop."""

    def draw(self, chart: Chart, *, dark: bool = False) -> bytes: ...


class DossierFile(Protocol):
    """A dossier that lies ready. ``manifest``: the SHA-256 of its list of files."""

    @property
    def path(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def manifest(self) -> str: ...


class Dossiers(Protocol):
    """Makes the evidence dossier of a case as a file that is gone afterwards."""

    def made(self, number: int, receiver: Authority, who: str = "") -> AbstractAsyncContextManager[DossierFile]: ...


class Wakeups(Protocol):
    """Tells senders and live pages that something changed. Carries ids only; losing every one of them loses nothing."""

    async def poke(self, topic: str) -> None: ...

    async def wait(self, topic: str, timeout: float) -> None: ...
