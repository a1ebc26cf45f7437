"""What `antenne check --slack` looks at: the tokens, their scopes, every channel and every person of the directory, and what to repair."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack.client import Client, Failed
from adapters.slack.manifest import SCOPES
from bot.organisation import Addresses, Organisation, Person, said
from bot.sentences import sentences
from bot.settings import SlackSettings

MOST_MEMBERS = 200  # of one channel, looked at one by one
_FLAGS = (("deleted", "slack.check_person_off"), ("is_restricted", "slack.check_person_guest"),
          ("is_ultra_restricted", "slack.check_person_guest"), ("is_stranger", "slack.check_person_outside"),
          ("is_bot", "slack.check_person_bot"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One sentence for the person who installs. ``wrong``: it keeps something from working, or from staying private."""

    text: str
    wrong: bool


async def check(settings: SlackSettings, organisation: Organisation) -> tuple[Found, ...]:
    """Everything that is wrong or to be known, in the organisation's language."""
    client, t = Client(settings), sentences(organisation.language).t
    try:
        return tuple([found async for found in _found(client, organisation, t)])
    finally:
        await client.close()


async def _found(client: Client, organisation: Organisation, t: Callable[..., str]) -> AsyncIterator[Found]:
    try:
        us = await client.call("auth.test")
    except Failed as problem:
        yield Found(t("slack.check_token", code=problem.code), wrong=True)
        return
    yield Found(t("slack.check_workspace", name=us.get("team") or us.get("team_id")), wrong=False)
    headers: Mapping[str, Any] = us.get("_headers") or {}
    held = {scope.strip() for name, value in headers.items() if name.lower() == "x-oauth-scopes" for scope in value.split(",")}
    for scope, why in SCOPES:
        if scope not in held:
            yield Found(t("slack.check_scope", scope=scope, why=t(why)), wrong=True)
    if client.settings.app_token is None and client.settings.signing_secret is None:
        yield Found(t("slack.check_no_way"), wrong=True)
    if client.settings.app_token is not None:
        try:
            await client.web.apps_connections_open(app_token=client.settings.app_token.get_secret_value())
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the sentence is the same
            yield Found(t("slack.check_app_token"), wrong=True)
    guests: dict[str, bool] = {}
    for name, channel, people in _channels(organisation, t):
        async for found in _channel(client, name, channel, guests, t):
            yield found
        async for found in _absent(client, name, channel, [organisation.people[who] for who in people], t):
            yield found
    for person in organisation.people.values():
        async for found in _person(client, person.name, person.addresses.get("slack"), t):
            yield found


def _channels(organisation: Organisation, t: Callable[..., str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every channel of the directory, by whose it is, with the people who must see what comes there."""
    for role, held in organisation.roles.items():
        for item, people in ((held.channel, held.holders), (held.on_call, ())):
            if _is_channel(item):
                yield t(f"role.{role}"), item["slack"], people
    for department in organisation.departments.values():
        name = said(department.name, organisation.language)
        for item, people in ((department.channel, department.antennas), (department.on_call, ())):
            if _is_channel(item):
                yield name, item["slack"], people


def _is_channel(addresses: Addresses) -> bool:
    """Whether there is a Slack address and it is no person's: on call may be somebody, who is looked at with the people."""
    return "slack" in addresses and not addresses["slack"].startswith(("U", "W"))


async def _channel(
    client: Client, name: str, channel: str, guests: dict[str, bool], t: Callable[..., str]
) -> AsyncIterator[Found]:
    try:
        found = (await client.ask("conversations.info", channel=channel)).get("channel") or {}
    except Failed as problem:
        key = "slack.check_channel_gone" if problem.code == "channel_not_found" else "slack.check_call"
        yield Found(t(key, name=name, channel=channel, code=problem.code), wrong=True)
        return
    for key, wrong in (
        ("slack.check_archived", found.get("is_archived")),
        ("slack.check_not_member", not found.get("is_member")),
        ("slack.check_public", not found.get("is_private")),
        ("slack.check_shared", found.get("is_ext_shared") or found.get("is_shared")),
    ):
        if wrong:
            yield Found(t(key, name=name, channel=channel), wrong=True)
    if not found.get("is_member"):
        return
    try:
        members = list((await client.ask("conversations.members", channel=channel, limit=MOST_MEMBERS)).get("members") or ())
        for member in members[:MOST_MEMBERS]:
            if member not in guests:
                user = (await client.ask("users.info", user=member)).get("user") or {}
                guests[member] = any(user.get(flag) for flag in ("is_restricted", "is_ultra_restricted", "is_stranger"))
        if any(guests[member] for member in members):
            yield Found(t("slack.check_guests", name=name, channel=channel), wrong=True)
    except Failed as problem:
        yield Found(t("slack.check_call", name=name, channel=channel, code=problem.code), wrong=True)


async def _absent(
    client: Client, name: str, channel: str, people: Sequence[Person], t: Callable[..., str]
) -> AsyncIterator[Found]:
    """Who is told in a channel and is not in it; of one that cannot be looked at it was said already."""
    try:
        answer = await client.ask("conversations.members", channel=channel, limit=MOST_MEMBERS)
    except Failed:
        return
    if (answer.get("response_metadata") or {}).get("next_cursor"):
        return
    for person in people:
        if person.addresses.get("slack") not in (None, *(answer.get("members") or ())):
            yield Found(t("slack.check_holder_absent", who=person.name, name=name, channel=channel), wrong=True)


async def _person(client: Client, name: str, address: str | None, t: Callable[..., str]) -> AsyncIterator[Found]:
    if address is None:
        yield Found(t("slack.check_no_address", name=name), wrong=False)
        return
    try:
        user = (await client.ask("users.info", user=address)).get("user") or {}
    except Failed as problem:
        key = "slack.check_person_unknown" if problem.code in ("user_not_found", "user_not_visible") else "slack.check_call"
        yield Found(t(key, name=name, channel=address, code=problem.code), wrong=True)
        return
    for flag, key in _FLAGS:
        if user.get(flag):
            yield Found(t(key, name=name), wrong=True)
            return
