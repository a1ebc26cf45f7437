"""From what Teams delivers to what the bot understands. Pure: dictionaries in, events out; nothing here asks or tells Teams anything.

Mark-up becomes words once, here. An activity's id is only unique in its conversation, so an event's id names both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from bot.commands import COMMANDS, Command
from bot.events import Actor, Commanded, Edited, Incoming, Pasted, Pressed, Replied, Submitted
from bot.presses import NoPress, Press, unpack
from bot.sentences import sentences

Json = Mapping[str, Any]
OUTSIDE = "outside:"  # before the address of somebody whom the directory may know but who is a guest here
LONGEST_TEXT = 100_000  # characters read of one message
CALLED = ("moderate", "modereer")  # the word before a command that other chats need; here it may be left out
FILE = "application/vnd.microsoft.teams.file.download.info"
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SERVICE_URL = re.compile(r"https?://[!-~]{3,280}")


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts: the object id in the directory, and Teams' own name for them in this bot's conversations."""

    person: str
    account: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something happened. ``base`` is the conversation without its thread, ``root`` the thread's first message."""

    conversation: str
    base: str
    root: str
    personal: bool

    def lane(self, who: Who) -> str:
        """As the outbox names it: a personal chat by the person."""
        return f"teams:{who.person}" if self.personal else f"teams:{self.base}"


def who(body: Json) -> Who | None:
    """Who acts; ``None`` when nobody of a directory does (a bot, somebody without an account)."""
    sender = _map(body.get("from"))
    person = str(sender.get("aadObjectId") or "").lower()
    if not _OBJECT_ID.fullmatch(person) or _map(sender).get("role") == "bot" or str(sender.get("id") or "").startswith("28:"):
        return None
    return Who(person, str(sender.get("id") or "")[:300])


def tenant(body: Json) -> str:
    """The tenant that an activity names; empty when it names none, or two."""
    named = {str(found).lower() for found in (_map(_map(body.get("channelData")).get("tenant")).get("id"),
                                              _map(body.get("conversation")).get("tenantId")) if found}  # fmt: skip
    return named.pop() if len(named) == 1 else ""


def spot(body: Json) -> Spot:
    """Where an activity happened."""
    conversation = _map(body.get("conversation"))
    name = str(conversation.get("id") or "")
    base, _, root = name.partition(";messageid=")
    return Spot(name, base, root, conversation.get("conversationType") == "personal")


def event_id(body: Json, more: str = "") -> str:
    """The delivery's own name, the same for each repetition."""
    place = sha256(spot(body).conversation.encode()).hexdigest()[:16]
    return f"{str(body.get('id') or '')[:120]}@{place}{more}"


def service(body: Json) -> str:
    """The address at which the connector answers for this conversation; empty when there is none."""
    address = body.get("serviceUrl")
    return address if isinstance(address, str) and _SERVICE_URL.fullmatch(address) else ""


# --- messages ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as far as the activity tells it. ``files`` are still to be fetched into it."""

    event: Incoming
    files: tuple[Json, ...] = ()


def heard(body: Json, actor: Actor, *, ours: bool = False) -> Heard | None:
    """What a message says to the bot. ``ours``: it stands in a thread beneath a message of the bot's."""
    person = who(body)
    if person is None:
        return None
    at = spot(body)
    text, quoted = _words(body)
    named: Any = {"id": event_id(body), "actor": actor}
    own = str(body.get("id") or "")
    images = pictures(body)
    if quoted and at.personal:
        return Heard(Replied(**named, conversation=at.lane(person), remote=quoted, text=text, own=own), images)
    typed = command_in(text)
    if typed is not None:
        return Heard(Commanded(**named, text=typed))
    if ours and not at.personal:
        return Heard(Replied(**named, conversation=at.lane(person), remote=at.root, text=text, own=own), images) if text else None
    if text or images:
        return Heard(Pasted(**named, text=text), images)
    return Heard(Commanded(**named, text=COMMANDS[-1].names[0])) if not at.personal else None


def edited(body: Json, actor: Actor) -> Edited | None:
    """A message was changed, deleted, or brought back where it was written."""
    person, own = who(body), str(body.get("id") or "")
    if person is None or not own:
        return None
    gone = body.get("type") == "messageDelete"
    text = None if gone else _words(body)[0]
    # A message can be changed more than once: what it says now, and when, make each change an event of its own.
    mark = sha256(f"{gone}|{text}|{body.get('timestamp')}".encode()).hexdigest()[:16]
    return Edited(id=event_id(body, f".{mark}"), actor=actor, conversation=spot(body).lane(person), own=own, text=text)


def command_in(text: str) -> str | None:
    """What stands after ``moderate`` when this is a command, with or without ``/`` and that word; ``None`` for a comment.

    A comment may well begin with the word "zaak": without ``/`` or that word only what a command could be is one.
    """
    name, _, rest = text.strip().partition(" ")
    word, rest = name.removeprefix("/").casefold(), rest.strip()
    if word in CALLED:
        return rest
    command = next((item for item in COMMANDS if word in item.names), None)
    if command is None or not (name.startswith("/") or _could_follow(command, rest)):
        return None
    return f"{word} {rest}".strip()


def _could_follow(command: Command, rest: str) -> bool:
    """Whether these words are what a command wants: anything, a number, or one of the words with which its own usage begins."""
    match command.wants:
        case _ if not rest:
            return True
        case "wants.question" | "wants.text":
            return True
        case "wants.number":
            return re.fullmatch(r"#?\d{1,15}", rest) is not None
        case "wants.absence" | "wants.digest" if rest[0].isdigit():  # a day, a week
            return True
        case "":
            return False
        case wants:
            usage = " ".join(re.sub("<[^>]*>", "", sentences(language).t(wants)) for language in ("nl", "en"))
            return rest.split(maxsplit=1)[0].casefold() in set(re.findall(r"\w+", usage)) - {"of", "or"}


def pictures(body: Json) -> tuple[Json, ...]:
    """The attachments that may be pictures."""
    found = [_map(item) for item in body.get("attachments") or () if isinstance(body.get("attachments"), list)]
    return tuple(item for item in found if item.get("contentType") == FILE or str(item.get("contentType")).startswith("image/"))


def _words(body: Json) -> tuple[str, str]:
    """What was written, without the bot's name, and the message that it quotes."""
    text = str(body.get("text") or "")[:LONGEST_TEXT]
    quoted = ""
    for item in body.get("attachments") or () if isinstance(body.get("attachments"), list) else ():
        html = _map(item).get("content")
        if _map(item).get("contentType") == "text/html" and isinstance(html, str) and "schema.skype.com/Reply" in html:
            reader = _Reader()
            reader.read(html)
            return reader.said(without=_called(body)), reader.quoted
    for name in _called(body):
        text = text.replace(name, " ", 1)
    text = plain(text) if body.get("textFormat") in ("xml", "html") else re.sub(r"(?i)</?at(?:\s[^<>]{0,80})?>", "", text)
    return _tidy(text), quoted


def _called(body: Json) -> tuple[str, ...]:
    """How the bot is mentioned in a message's text."""
    me = str(_map(body.get("recipient")).get("id") or "")
    named = []
    for item in body.get("entities") or () if isinstance(body.get("entities"), list) else ():
        entity = _map(item)
        if entity.get("type") == "mention" and me and _map(entity.get("mentioned")).get("id") == me:
            named.append(str(entity.get("text") or ""))
    return tuple(name for name in named if name)


# --- mark-up -----------------------------------------------------------------------------------------------

_BREAKS = frozenset({"p", "div", "br", "li", "tr", "blockquote", "h1", "h2", "h3", "h4", "pre", "ul", "ol", "table"})
_UNSEEN = frozenset({"script", "style", "head", "template", "iframe", "object", "noscript", "title"})


class _Reader(HTMLParser):
    """Reads what a person sees in HTML; what no person sees is left out, and so is a message that is only quoted."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._unseen = self._quote = 0
        self._links: list[tuple[str, int]] = []
        self.quoted = ""

    def read(self, html: str) -> None:
        """Read all of it. ``<![`` begins what the parser knows or breaks on, and no person sees: it is left as it stands."""
        self.feed(html[: 4 * LONGEST_TEXT].replace("<![", "&lt;!["))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "blockquote" and ("skype.com/Reply" in str(values.get("itemtype")) or self._quote):
            self.quoted = self.quoted or str(values.get("itemid") or "")[:100]
            self._quote += 1
        elif tag == "img":
            self._parts.append(str(values.get("alt") or "")[:100])
        elif tag == "a":
            self._links.append((str(values.get("href") or "")[:2_000], len(self._parts)))
        if tag in _BREAKS:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "blockquote" and self._quote:
            self._quote -= 1
        elif tag == "a" and self._links:
            address, since = self._links.pop()
            label = "".join(self._parts[since:]).strip()
            if _on_the_web(address) and label and address.rstrip("/") not in (label.rstrip("/"), f"https://{label.rstrip('/')}"):
                self._parts.append(f" ({address})")
        if tag in _BREAKS:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen and not self._quote:
            self._parts.append(data)

    def said(self, without: tuple[str, ...] = ()) -> str:
        """The words, tidied; without these names of the bot."""
        text = "".join(self._parts)
        for name in without:
            text = text.replace(re.sub("<[^>]*>", "", name), " ", 1)
        return _tidy(text)


def plain(html: str) -> str:
    """What a person sees in HTML, as words."""
    reader = _Reader()
    reader.read(html)
    return reader.said()


def _on_the_web(address: str) -> bool:
    """Whether this is an address on the web."""
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:
        return False


def _tidy(text: str) -> str:
    rows = [re.sub(r"[^\S\n]+", " ", row).strip() for row in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip()[:LONGEST_TEXT]


def shared(body: Json) -> str:
    """The words of the message on which **Modereer** was chosen."""
    payload = _map(_map(body.get("value")).get("messagePayload"))
    content = _map(payload.get("body"))
    text = str(content.get("content") or "")
    return plain(text) if content.get("contentType") != "text" else _tidy(text)


# --- buttons, selects and dialogs --------------------------------------------------------------------------


def data_of(body: Json) -> Json:
    """What a button or dialog sent: it comes from the client, and is believed in nothing."""
    value = _map(body.get("value"))
    action = value.get("action")
    if isinstance(action, Mapping):
        return _map(action.get("data"))
    return _map(value.get("data")) if "data" in value else value


def press_of(data: Json) -> Press | None:
    """The press in it; ``None`` for anything else."""
    name = data.get("select")
    value = data.get(str(name)) if name is not None else data.get("press")
    if not isinstance(value, str) or len(value) > 400:
        return None
    try:
        return unpack(value)
    except NoPress:
        return None


def written(body: Json, actor: Actor) -> Replied | None:
    """An answer typed in the box of a card."""
    data, person = data_of(body), who(body)
    remote = str(body.get("replyToId") or "")
    if data.get("write") != "reply" or person is None or not remote:
        return None
    text = data.get("reply")
    said = text[:LONGEST_TEXT] if isinstance(text, str) else ""
    return Replied(id=event_id(body), actor=actor, conversation=spot(body).lane(person), remote=remote, text=said)


def pressed(body: Json, actor: Actor, more: str = "") -> Pressed | None:
    """A button or select. ``more`` makes an event of its own of a repetition that changes nothing."""
    press = press_of(data_of(body))
    return None if press is None else Pressed(id=event_id(body, more), actor=actor, press=press)


def submitted(body: Json, actor: Actor) -> Submitted | None:
    """A dialog that came back."""
    data = data_of(body)
    press = press_of(data)
    if press is None:
        return None
    values = {
        name[2:62]: str(value)[: 2 * LONGEST_TEXT]
        for name, value in data.items()
        if name.startswith("v.") and isinstance(value, str)
    }
    return Submitted(id=event_id(body), actor=actor, press=press, values=values)


def _map(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}
