"""What `antenne check --teams` looks at: the credentials, who signs, every channel and every person of the directory, what to repair."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from adapters.teams.client import PERSON, SERVICE, Connector, Failed, segment
from bot.organisation import Organisation, said
from bot.sentences import sentences
from bot.settings import TeamsSettings

PAGES = 10  # of a channel's members, 200 on each


@dataclass(frozen=True, slots=True)
class Found:
    """One sentence for the person who installs. ``wrong``: it keeps something from working, or from staying private."""

    text: str
    wrong: bool


async def check(settings: TeamsSettings, organisation: Organisation) -> tuple[Found, ...]:
    """Everything that is wrong or to be known, in the organisation's language."""
    connector, t = Connector(settings), sentences(organisation.language).t
    try:
        where = settings.connector_url or SERVICE
        return tuple([found async for found in _found(connector, organisation, where, t)])
    finally:
        await connector.close()


async def _found(connector: Connector, organisation: Organisation, service: str, t: Callable[..., str]) -> AsyncIterator[Found]:
    if not connector.settings.app_id:
        yield Found(t("teams.check_local"), wrong=False)
        return
    try:
        await connector.tokens.fresh()
    except Failed as problem:
        yield Found(t("teams.check_token" if problem.status == 401 else "teams.check_login", code=problem.status), wrong=True)
        return
    yield Found(t("teams.check_signed_in", app=connector.settings.app_id), wrong=False)
    try:
        async with connector.session.get(connector.settings.openid_url) as answer:
            await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        yield Found(t("teams.check_openid"), wrong=True)
    for name, channel in _channels(organisation):
        async for found in _channel(connector, service, name, channel, t):
            yield found
    for person in organisation.people.values():
        async for found in _person(connector, service, person.name, person.addresses.get("teams"), t):
            yield found


def _channels(organisation: Organisation) -> Iterator[tuple[str, str]]:
    """Every channel of the directory, by whose it is."""
    t = sentences(organisation.language).t
    for role, held in organisation.roles.items():
        if "teams" in held.channel:
            yield t(f"role.{role}"), held.channel["teams"]
    for department in organisation.departments.values():
        if "teams" in department.channel:
            yield said(department.name, organisation.language), department.channel["teams"]


async def _channel(connector: Connector, service: str, name: str, channel: str, t: Callable[..., str]) -> AsyncIterator[Found]:
    """Whether the bot is in its team, and who reads there."""
    if not (channel.startswith("19:") and "@thread" in channel):
        yield Found(t("teams.check_channel_id", name=name, channel=channel), wrong=True)
        return
    members: list[dict[str, Any]] = []
    more = ""
    try:
        for _ in range(PAGES):
            path = f"conversations/{segment(channel)}/pagedmembers?pageSize=200" + (
                f"&continuationToken={segment(more)}" if more else ""
            )
            answer = await connector.call("GET", service, path)
            members += answer.get("members") or []
            more = str(answer.get("continuationToken") or "")
            if not more:
                break
    except Failed as problem:
        key = "teams.check_channel" if problem.status in (403, 404) else "teams.check_call"
        yield Found(t(key, name=name, channel=channel, code=f"{problem.status} {problem.code}".strip()), wrong=True)
        return
    home = connector.settings.tenant_id.lower()
    guests = [
        one for one in members if str(one.get("userRole") or "user") != "user" or str(one.get("tenantId") or home).lower() != home
    ]
    if guests:
        yield Found(t("teams.check_guests", name=name, count=len(guests)), wrong=True)
    else:
        yield Found(t("teams.check_channel_good", name=name, count=len(members)), wrong=False)


async def _person(
    connector: Connector, service: str, name: str, address: str | None, t: Callable[..., str]
) -> AsyncIterator[Found]:
    """Whether the bot may write to somebody: opening their chat says nothing to them."""
    if address is None:
        yield Found(t("teams.check_no_address", name=name), wrong=False)
        return
    if not PERSON.fullmatch(address):
        yield Found(t("teams.check_person_id", name=name), wrong=True)
        return
    settings = connector.settings
    values = {"isGroup": False, "bot": {"id": f"28:{settings.app_id}"}, "members": [{"id": address}], "tenantId": settings.tenant_id,
              "channelData": {"tenant": {"id": settings.tenant_id}}}  # fmt: skip
    try:
        await connector.call("POST", service, "conversations", values)
    except Failed as problem:
        key = "teams.check_person" if problem.status in (400, 403, 404) else "teams.check_call"
        yield Found(t(key, name=name, channel=address, code=f"{problem.status} {problem.code}".strip()), wrong=True)
