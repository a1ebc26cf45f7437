"""What the bot counts of itself, for whoever keeps watch: numbers by platform and code, never a word or a name of anybody.

Counts are of this process since its start; what waits is read from the database, and is the same in each process.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from bot.outbox import Backlog, backlog
from bot.ports import Chat, MayDouble

Counted = Literal["events", "sent", "failures", "denied", "database_trouble"]
LABELS: Mapping[Counted, tuple[str, ...]] = {
    "events": ("platform", "kind", "result"),
    "sent": ("platform",),
    "failures": ("platform", "why"),
    "denied": ("platform", "why"),
    "database_trouble": ("reason",),
}
ABOUT: Mapping[str, str] = {
    "events_total": "Events handled, by what came of them: now, before (a repetition), refused, not (the database could not keep it).",
    "sent_total": "Messages said or changed on a platform.",
    "failures_total": "Attempts to say a message that the platform refused; rate is waiting one's turn.",
    "denied_total": "Requests that were let in by no signature, token or tenant.",
    "database_trouble_total": "Times that the database could not serve.",
    "possible_doubles_total": "Messages that may stand there twice, since no answer came and the platform cannot be asked.",
    "database_up": "Whether the database can be read.",
    "outbox_messages": "Messages that are still to be said.",
    "outbox_lanes": "Conversations with something still to be said.",
    "outbox_lanes_waiting": "Those of them that rest until a platform takes more.",
    "outbox_oldest_seconds": "Age of the oldest message that nobody has seen yet.",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One number. ``name``: one of `ABOUT`."""

    name: str
    labels: Mapping[str, str]
    value: float


class Metrics:
    """The counts of this process."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Counted, tuple[str, ...]]] = Counter()

    def count(self, what: Counted, *labels: str) -> None:
        """One more. ``labels``: a code for each of `LABELS`."""
        self._counts[what, labels] += 1

    def counted(self) -> Iterator[Measured]:
        """Every count there is."""
        for (what, labels), value in sorted(self._counts.items()):
            yield Measured(f"{what}_total", dict(zip(LABELS[what], labels, strict=True)), value)


def doubles(chats: Mapping[str, Chat]) -> Iterator[Measured]:
    """What chats that cannot recognise their own messages may have said twice."""
    for platform, chat in chats.items():
        if isinstance(chat, MayDouble):
            yield Measured("possible_doubles_total", {"platform": platform}, chat.possible_doubles)


def waiting(conn: Connection, now: datetime, platforms: Iterable[str]) -> list[Measured]:
    """What the outbox still has to say, on these platforms also when that is nothing."""
    found = []
    nothing = {platform: Backlog(platform, 0, 0, 0, 0.0) for platform in platforms}
    for item in (nothing | {item.platform: item for item in backlog(conn, now)}).values():
        labels = {"platform": item.platform}
        found += [
            Measured("outbox_messages", labels, item.messages),
            Measured("outbox_lanes", labels, item.lanes),
            Measured("outbox_lanes_waiting", labels, item.waiting),
            Measured("outbox_oldest_seconds", labels, item.oldest),
        ]
    return found
