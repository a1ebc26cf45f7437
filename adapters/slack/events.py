"""From what Slack delivers to what the bot understands. Pure: dictionaries in, events out; nothing here asks or tells Slack anything.

What people typed is unescaped once, here. A delivery names its event: Slack's own id where there is one, so that a repetition is known.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape as html_unescape
from typing import Any, Literal, get_args

from pydantic import ValidationError

from bot.commands import COMMANDS
from bot.events import Actor, Commanded, Edited, Incoming, Pasted, Pressed, Replied, Submitted
from bot.presses import (
    Press,
)

Json = Mapping[str, Any]
OUTSIDE = "outside:"  # before the address of somebody whom the directory may know but who is a guest here
FAQ_SEARCH = "faq_search"  # the action of the search box on the home page
SHORTCUT, GLOBAL_SHORTCUT = "moderate_message", "moderate"
FORM = "form"  # the callback of a dialog of ours
USER = re.compile("[A-Z0-9]{2,40}")
LONGEST_TEXT = 100_000  # characters read of one message


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts: a user id, and every workspace that the delivery names for them or itself."""

    user: str
    teams: frozenset[str]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something was said: a channel, and the thread in it."""

    channel: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as far as the delivery tells it. ``files`` are still to be fetched into it; ``above``: what was meant stands at the
    head of this thread."""

    event: Incoming
    spot: Spot
    files: tuple[Json, ...] = ()
    above: Spot | None = None


def who(body: Json) -> Who | None:
    """Who acts in a delivery of any kind; ``None`` when nobody does (a bot, Slack itself)."""
    event = body.get("event")
    if isinstance(event, dict):
        said = event.get("message") or event.get("previous_message") or event
        if said.get("bot_id") or event.get("bot_id") or said.get("subtype") == "bot_message":
            return None
        user = said.get("user") or event.get("user")
        teams = {event.get("user_team"), event.get("source_team"), said.get("user_team"), said.get("source_team")}
        teams |= {said.get("team"), body.get("team_id")}
    else:
        person = body.get("user")
        user = person.get("id") if isinstance(person, dict) else body.get("user_id")
        team = body.get("team")
        own = person.get("team_id") if isinstance(person, dict) else None
        teams = {own, team.get("id") if isinstance(team, dict) else body.get("team_id")}
    if not isinstance(user, str) or not USER.fullmatch(user):
        return None
    return Who(user, frozenset(str(team) for team in teams if team))


def bot_user(body: Json) -> str:
    """The bot's own user id, as an event's envelope tells it."""
    return next((str(item.get("user_id")) for item in body.get("authorizations") or () if item.get("is_bot")), "")


def heard(body: Json, actor: Actor, me: str) -> Heard | None:
    """What an Events API delivery says to the bot; ``None`` for what does not concern it."""
    event = body["event"]
    subtype, channel = event.get("subtype"), str(event.get("channel") or "")
    if event.get("type") == "app_mention":
        return _mentioned(body, event, actor, me)
    if event.get("type") != "message" or not channel:
        return None
    direct = event.get("channel_type") == "im"
    if subtype in ("message_changed", "message_deleted"):
        return _edited(body, event, actor, direct, me)
    if subtype not in (None, "file_share", "thread_broadcast", "me_message"):
        return None
    thread, text = str(event.get("thread_ts") or ""), unescape(event.get("text"))
    of_ours = bool(thread) and thread != event.get("ts") and event.get("parent_user_id") in (me, None)
    files = tuple(event.get("files") or ())
    named = _named(body, actor)
    called = bool(me) and not direct and f"<@{me}" in str(event.get("text") or "")  # comes as a mention too, and is heard as that
    if of_ours and not called:
        return Heard(
            Replied(**named, conversation=_conversation(direct, actor, channel), remote=thread, text=text, own=str(event["ts"])),
            Spot(channel, thread),
            files,
        )
    if direct:
        return Heard(Pasted(**named, text=_with_shared(text, event)), Spot(channel, thread), files)
    return None


def _mentioned(body: Json, event: Json, actor: Actor, me: str) -> Heard | None:
    """The bot's name was called: a command, a comment, or, in a thread and without words, what stands at its head."""
    channel, thread, ts = str(event.get("channel") or ""), str(event.get("thread_ts") or ""), str(event.get("ts") or "")
    text = unescape(
        re.sub(rf"<@{re.escape(me)}(\|[^>]*)?>", " ", str(event.get("text") or ""), count=1) if me else event.get("text")
    ).strip()
    spot, named, files = Spot(channel, thread or ts), _named(body, actor), tuple(event.get("files") or ())
    name = text.partition(" ")[0].casefold()
    command = any(name in item.names for item in COMMANDS)
    if thread and event.get("parent_user_id") == me and not command:
        if not text and not files:
            return None
        return Heard(Replied(**named, conversation=f"slack:{channel}", remote=thread, text=text, own=ts), spot, files)
    if command:
        return Heard(Commanded(**named, text=text), spot)
    if text or files:
        return Heard(Pasted(**named, text=text), spot, files)
    if thread:
        return Heard(Pasted(**named), spot, above=Spot(channel, thread))
    return Heard(Commanded(**named, text=COMMANDS[-1].names[0]), spot)


def _edited(body: Json, event: Json, actor: Actor, direct: bool, me: str) -> Heard | None:
    before, after = event.get("previous_message") or {}, event.get("message") or {}
    own = str(after.get("ts") or before.get("ts") or event.get("deleted_ts") or "")
    thread = str(after.get("thread_ts") or before.get("thread_ts") or "")
    if not own or not thread or thread == own:
        return None
    text: str | None = None
    if event["subtype"] == "message_changed" and after.get("subtype") != "tombstone":
        if after.get("text") == before.get("text"):
            return None  # Slack itself added a preview
        text = unescape(re.sub(rf"^\s*<@{re.escape(me)}>", "", str(after.get("text") or "")) if me else after.get("text"))
    named = _named(body, actor)
    channel = str(event["channel"])
    edited = Edited(**named, conversation=_conversation(direct, actor, channel), own=own, text=text)
    return Heard(edited, Spot(channel, thread))


def command(body: Json, actor: Actor) -> Commanded:
    """What was typed after ``/moderate``."""
    return Commanded(id=_id(body), actor=actor, text=unescape(body.get("text")).strip())


def shortcut(body: Json, actor: Actor) -> Heard:
    """The shortcut on a message: its words and pictures are the comment."""
    message = body.get("message") or {}
    text = _with_shared(unescape(message.get("text")), message)
    channel = body.get("channel") or {}
    spot = Spot(str(channel.get("id") or ""), str(message.get("thread_ts") or ""))
    return Heard(Pasted(id=_id(body), actor=actor, text=text), spot, tuple(message.get("files") or ()))


def pressed(body: Json, actor: Actor) -> Pressed | Commanded | None:
    """A button, menu or select; the search box of the home page is the command that it stands for."""
    action: Json = next(iter(body.get("actions") or ()), {})
    name = f"{body.get('trigger_id') or ''}:{action.get('action_ts') or ''}"
    if action.get("action_id") == FAQ_SEARCH:
        return Commanded(id=name[:200], actor=actor, text=f"faq {unescape(action.get('value'))}")
    press = press_of((action.get("selected_option") or {}).get("value") or action.get("value"))
    return Pressed(id=name[:200], actor=actor, press=press) if press is not None else None


def submitted(body: Json, actor: Actor) -> tuple[Submitted, tuple[Json, ...]] | None:
    """A dialog that came back, and the files that were put in it."""
    view = body.get("view") or {}
    press = press_of(view.get("private_metadata"))
    if press is None:
        return None
    values: dict[str, str] = {}
    files: list[Json] = []
    for block, actions in ((view.get("state") or {}).get("values") or {}).items():
        name = block.partition(".")[0]
        for action in actions.values():
            if action.get("type") == "file_input":
                files += action.get("files") or ()
                continue
            chosen = action.get("selected_option") or {}
            values[name] = values.get(name, "") + str(chosen.get("value") or action.get("value") or "")
    event = Submitted(id=f"{view.get('id')}:{view.get('hash')}"[:200], actor=actor, press=press, values=values)
    return event, tuple(files)


def press_of(value: object) -> Press | None:
    """The press in what a button or dialog carried; ``None`` for anything else. It is checked as strictly as any press."""
    if not isinstance(value, str):
        return None
    do, *values = value.split("|")
    kind, names = _PRESSES.get(do, (None, ()))
    if kind is None or len(values) != len(names):
        return None
    try:
        return kind.model_validate({name: value for name, value in zip(names, values, strict=True) if value})
    except ValidationError:
        return None


def packed(press: Press) -> str:
    """The press in as few characters as can be, for Slack counts them: ``answer|12|0|1|vraag``. Ids and codes, never text."""
    values = (getattr(press, name) for name in type(press).model_fields)
    return "|".join("" if value is None else str(int(value)) if isinstance(value, bool) else str(value) for value in values)


_PRESSES: dict[str, tuple[type[Press], tuple[str, ...]]] = {
    kind.model_fields["do"].default: (kind, tuple(name for name in kind.model_fields if name != "do")) for kind in get_args(Press)
}


_MARKUP = re.compile(r"<(@|#|!|https?:|mailto:|tel:)([^<>|]*)(?:\|([^<>]*))?>")


def unescape(text: object) -> str:
    """What somebody typed, from the form in which Slack passes it on: links and names as words, three characters unescaped, once."""
    if not isinstance(text, str):
        return ""
    return _three(_MARKUP.sub(_plain, text[:LONGEST_TEXT]))


def _three(text: str) -> str:
    """Only the three that Slack escapes; any other entity is what somebody typed."""
    return re.sub("&(lt|gt|amp);", lambda found: html_unescape(found[0]), text)


def _plain(found: "re.Match[str]") -> str:
    sort, rest, label = found.groups()
    match sort:
        case "@":
            return f"@{label or rest}"
        case "#":
            return f"#{label or rest}"
        case "!":
            return label or f"@{rest.partition('^')[0]}"
        case "mailto:" | "tel:":
            return label or rest
        case _:
            url = f"{sort}{rest}"
            same = not label or label == url or f"{url.partition('//')[2]}".rstrip("/") == label.rstrip("/")
            return url if same else f"{label} ({url})"


def _with_shared(text: str, message: Json) -> str:
    """The words of a message, with those of a message that was shared in it."""
    shared = [
        unescape(item.get("text") or item.get("fallback"))
        for item in message.get("attachments") or ()
        if item.get("is_share") or not text
    ]
    return "\n\n".join(part for part in (text, *shared) if part)


def _conversation(direct: bool, actor: Actor, channel: str) -> str:
    """As the outbox names it: direct messages by the person."""
    return f"slack:{actor.address.removeprefix(OUTSIDE)}" if direct else f"slack:{channel}"


def _named(body: Json, actor: Actor) -> "dict[Literal['id', 'actor'], Any]":
    return {"id": str(body.get("event_id") or body["event"].get("event_ts"))[:200], "actor": actor}


def _id(body: Json) -> str:
    return str(body.get("trigger_id") or body.get("action_ts") or "")[:200]
