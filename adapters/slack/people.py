"""Who acts: somebody of the directory, of our own workspace and no guest, as Slack itself says it; remembered for an hour."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from adapters.slack import events
from adapters.slack.client import Client, Failed
from adapters.slack.events import OUTSIDE, Who
from bot.events import Actor, Answer
from bot.sentences import sentences

if TYPE_CHECKING:
    from bot.antenne import Antenne

log = structlog.get_logger()

PATIENCE = 1.5  # seconds to wait for what Slack says of a person: they wait for an answer, and a trigger lives three
KNOWN = 3600.0  # seconds that what Slack said of a person counts
NOTHING = Answer()
NOT_OURS = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted", "is_bot")


@dataclass(frozen=True, slots=True)
class Us:
    """The workspace that the bot is installed in, and the bot's own user there."""

    teams: frozenset[str]
    user: str


@dataclass(slots=True)
class People:
    """The people of one workspace. ``clock`` in seconds."""

    antenne: "Antenne"
    client: Client
    clock: Callable[[], float]
    us: Us | None = None
    _known: dict[str, tuple[float, bool]] = field(default_factory=dict)

    async def person(self, body: dict[str, Any]) -> tuple[Who | None, Answer]:
        """Who acts, if they belong to the organisation; else the refusal."""
        person = events.who(body)
        inside = await self.inside(person) if person is not None else False
        if inside:
            return person, NOTHING
        t = sentences(self.antenne.organisation.language).t
        return None, Answer(note=t("slack.unsure" if inside is None else "refused.unknown_person"), refused=True)

    async def inside(self, person: Who) -> bool | None:
        """Whether somebody acts as themselves here: in the directory, of our workspace, no guest; ``None``: Slack does not say now."""
        if ("slack", person.user) not in self.antenne.organisation.by_address:
            return False
        us = await self.ourselves()
        if us is None:
            return None
        if not person.teams <= us.teams:
            return False
        at, member = self._known.get(person.user, (float("-inf"), False))
        if self.clock() - at > KNOWN:
            try:
                async with asyncio.timeout(PATIENCE):
                    found = (await self.client.ask("users.info", user=person.user)).get("user") or {}
            except TimeoutError:
                log.warning("slack_person", code="timeout")
                return None
            except Failed as problem:
                log.warning("slack_person", code=problem.code)
                return None
            member = not any(found.get(name) for name in NOT_OURS)
            self._known[person.user] = (self.clock(), member)
        return member

    async def ourselves(self) -> Us | None:
        """Our workspace and our own user there, asked once."""
        if self.us is None:
            try:
                found = await self.client.call("auth.test")
            except Failed as problem:
                log.error("slack_token", code=problem.code)
                return None
            teams = frozenset(str(found[name]) for name in ("team_id", "enterprise_id") if found.get(name))
            self.us = Us(teams, str(found.get("user_id") or ""))
        return self.us


def actor(person: Who, *, inside: bool) -> Actor:
    """The bot's name for who acts; somebody who does not belong here stays recognisable as such."""
    return Actor(platform="slack", address=person.user if inside else OUTSIDE + person.user)
