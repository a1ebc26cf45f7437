"""The key file, and what is made with its keys: pseudonyms of authors. Also salted digests for the timeline.

The one place that turns a handle into something that may be kept; the keys lie outside the database, so that
a copy of the database alone tells nobody who wrote what. No tables, no strikes.
"""

import base64
import binascii
import fcntl
import hmac
import json
import os
import secrets
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from bot.comment_text import clean, guess_platform

KEY_BYTES = 32
HANDLE_HEX = 32

Problem = Literal["open_to_others", "broken", "unreadable", "unwritable"]


class KeyFileProblem(Exception):
    """The key file cannot be used; `problem` and `path` name it, the message says what to do."""

    def __init__(self, problem: Problem, path: Path, advice: str) -> None:
        """The advice is for the person who runs the bot; it never holds a key."""
        super().__init__(f"{path}: {advice}")
        self.problem = problem
        self.path = path


@dataclass(frozen=True, slots=True)
class Keys:
    """The organisation's secret keys by version; handles are hashed with the current one."""

    path: Path
    current: int
    keys: Mapping[int, bytes] = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> "Keys":
        """The keys of this file, made at the first start (0600). Raises KeyFileProblem."""
        try:
            there = path.exists()
        except OSError as error:  # a folder on the way to it that the bot's user may not enter
            raise _unreadable(path, error) from error
        if not there:
            _first_write(path, _as_json(1, {1: secrets.token_bytes(KEY_BYTES)}))
        return cls(path, *_parse(path, _read(path)))

    def pseudonym(self, platform: str, handle: str) -> str:
        """`v<version>:` and 32 hexadecimal digits. ValueError when nothing is left of the handle."""
        return self._pseudonym(self.current, _platform(platform), _some_handle(platform, handle))

    def all_versions(self, platform: str, handle: str) -> tuple[str, ...]:
        """The pseudonyms of this handle under every key, the current first: for look-ups after a rotation."""
        name = _some_handle(platform, handle)
        order = sorted(self.keys, key=lambda version: (version != self.current, -version))
        return tuple(self._pseudonym(version, _platform(platform), name) for version in order)

    def rotate(self) -> "Keys":
        """Adds a key, makes it the current one and keeps the old ones; other processes see it at their next
        start. Raises KeyFileProblem."""
        with _only_one(self.path.parent):
            _, keys = _parse(self.path, _read(self.path))
            version = max(keys) + 1
            keys[version] = secrets.token_bytes(KEY_BYTES)
            draft = _draft(self.path, _as_json(version, keys))
            draft.replace(self.path)
            _sync_folder(self.path.parent)
        return Keys(self.path, version, keys)

    def _pseudonym(self, version: int, platform: str, name: str) -> str:
        tag = hmac.digest(self.keys[version], f"{platform}\0{name}".encode(), "sha256")
        return f"v{version}:{tag.hex()[:HANDLE_HEX]}"


def salt() -> bytes:
    """Sixteen random bytes: the salt of one text in the timeline."""
    return secrets.token_bytes(16)


def digest(salt: bytes, text: str) -> str:
    """The salted digest of a text (HMAC-SHA256, hex); without the salt it tells nothing of the text."""
    return hmac.digest(salt, text.encode("utf-8", "surrogatepass"), "sha256").hex()


# --- handles ----------------------------------------------------------------------------------------------


def normal_handle(platform: str, handle: str) -> str:
    """One spelling of an author's name on a platform, also out of a link to the profile. May be empty."""
    platform = _platform(platform)
    text = clean(handle)
    if "/" in text and (guess_platform(text) is not None or "://" in text):
        text = _handle_in_link(text) or text
    text = _fold(text)
    if platform == "whatsapp":
        return _as_number(text) or text
    if platform == "facebook" and " " not in text:
        # Facebook itself does not see the dots of a user name; in a display name they are part of the name.
        return _fold(text.replace(".", "")) or text
    return text


def _platform(platform: str) -> str:
    return platform.strip().casefold()


def _some_handle(platform: str, handle: str) -> str:
    name = normal_handle(platform, handle)
    if not name:
        msg = "an empty handle has no pseudonym"
        raise ValueError(msg)
    return name


def _fold(text: str) -> str:
    while True:
        folded = unicodedata.normalize("NFKC", clean(text)).casefold()
        folded = " ".join(folded.split()).lstrip("@ ")
        if folded == text:
            return text
        text = folded


# The parts of a profile's address before the name itself.
_BEFORE_THE_NAME = frozenset({"in", "c", "user", "channel", "people", "stories", "company", "pub", "pages", "pg"})


def _handle_in_link(link: str) -> str:
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
        query = parse_qs(parts.query)
    except ValueError:
        return ""
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    if segments[:1] == ["profile.php"]:
        return query.get("id", [""])[0]
    if segments[:1] == ["people"] and len(segments) >= 3:
        return segments[2]  # facebook.com/people/<name>/<number>: the number is the person
    if segments and segments[0].casefold() in _BEFORE_THE_NAME:
        segments = segments[1:]
    return segments[0] if segments else query.get("phone", [""])[0]


def _as_number(text: str) -> str:
    """WhatsApp authors are numbers: one spelling for `0470 …`, `+32 470 …` and `32470…`."""
    import phonenumbers  # noqa: PLC0415 - its tables are large, and few authors are numbers

    digits = "".join(sign for sign in text if sign.isdecimal())
    for candidate in (text, f"+{digits}"):
        try:
            number = phonenumbers.parse(candidate, "BE")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""


# --- the file ---------------------------------------------------------------------------------------------


def _as_json(current: int, keys: Mapping[int, bytes]) -> bytes:
    encoded = {str(version): base64.b64encode(key).decode() for version, key in sorted(keys.items())}
    return json.dumps({"current": current, "keys": encoded}, indent=1).encode() + b"\n"


def _parse(path: Path, content: bytes) -> tuple[int, dict[int, bytes]]:
    advice = (
        "this is not a key file of the bot. Put back its copy from the backup. Only when there is none: move "
        "it away and start again; earlier authors are then no longer recognised."
    )
    try:
        raw = json.loads(content)
        current, keys = raw["current"], raw["keys"]
        decoded = {int(version): base64.b64decode(key, validate=True) for version, key in keys.items()}
        sound = type(current) is int and set(raw) == {"current", "keys"} and current in decoded
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        # Without its cause: the error of a decoder quotes what it could not read.
        raise KeyFileProblem("broken", path, advice) from None
    if not sound or any(len(key) != KEY_BYTES for key in decoded.values()) or min(decoded) < 1:
        raise KeyFileProblem("broken", path, advice)
    return current, decoded


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                advice = f"others can read this key file. Make it yours alone: chmod 600 {path}"
                raise KeyFileProblem("open_to_others", path, advice)
            return file.read(1_000_000)
    except OSError as error:
        raise _unreadable(path, error) from error


def _first_write(path: Path, content: bytes) -> None:
    """Puts the complete file in place in one step; when another process was first, its file stays."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    draft = _draft(path, content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from error
    return draft


def _unreadable(path: Path, error: OSError) -> KeyFileProblem:
    advice = f"the key file cannot be read ({error.strerror}). Give the bot's user the file, with mode 600."
    return KeyFileProblem("unreadable", path, advice)


def _unwritable(path: Path, error: OSError) -> KeyFileProblem:
    advice = (
        f"the key file cannot be written ({error.strerror}). Give the bot's user a folder that it can write, "
        "or name another place for the file."
    )
    return KeyFileProblem("unwritable", path, advice)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """One rotation at a time; the lock goes with the process, so none is ever left behind."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
