"""The evidence dossier as a file: a PDF, and a signed ZIP with the originals; and checking such a ZIP byte by byte.

What goes in is `bot.dossier`'s. A dossier's ZIP has one possible form: stored, no dates, the manifest first. So every byte of it
follows from the manifest and the files, and a byte that does not is found, wherever it stands.
"""

import asyncio
import hashlib
import json
import tempfile
import unicodedata
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from struct import pack
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from bot import dossier as bot_dossier
from bot.cards import Block, Button, Facts, Picture, Quote, Table, Text
from bot.case import link
from bot.ports import Covering, NotTaken
from bot.pseudonyms import Keys
from bot.pseudonyms import digest as salted_digest
from bot.work import Work

if TYPE_CHECKING:
    from bot.antenne import Antenne
    from bot.dossier import Dossier, Shot
    from bot.sentences import Sentences
    from flows.authorities import Authority

FORMAT = "antenne-dossier/1"
MANIFEST, SIGNATURE, RECORD, PDF, README = "MANIFEST.json", "MANIFEST.sig", "zaak.json", "dossier.pdf", "LEESMIJ.txt"
TEMPLATE = Path(__file__).with_name("dossier.typ")
PIECE = 1 << 20  # bytes read at a time
LONGEST_WORD = 32  # characters, after which a line may break
MOST_MANIFEST = 4_000_000  # bytes of a manifest or signature that are looked at


# --- the organisation's key --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with the organisation's newest key. The file holds the seeds of Ed25519 keys by version (`Keys`)."""

    keys: Keys

    @classmethod
    def beside(cls, secret_key_file: Path) -> "Signer":
        """The key file `signing.key` beside the bot's own, made at first use (0600). Raises KeyFileProblem."""
        return cls(Keys.load(secret_key_file.with_name("signing.key")))

    @property
    def public(self) -> bytes:
        """The 32 bytes that others check with."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def pem(self) -> str:
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.public)

    def sign(self, content: bytes) -> bytes:
        return self._key.sign(content)

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.keys.keys[self.keys.current])


def fingerprint(public: bytes) -> str:
    """SHA-256 of a public key in groups of four, to read to each other."""
    text = hashlib.sha256(public).hexdigest()
    return " ".join(text[at : at + 4] for at in range(0, 64, 4))


def public_key(content: bytes) -> bytes:
    """The raw public key in a PEM file. Raises ValueError."""
    key = load_pem_public_key(content)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


# --- making one --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class File:
    """A dossier that lies ready. ``manifest``: its SHA-256, which the case's timeline keeps."""

    path: Path
    name: str
    manifest: str


@dataclass(frozen=True, slots=True)
class Dossiers:
    """Makes dossiers of a bot's cases. One picture is in memory at a time, whatever they weigh together."""

    antenne: "Antenne"
    pictures: Covering
    signer: Signer

    @asynccontextmanager
    async def made(self, number: int, receiver: "Authority", who: str = "") -> AsyncIterator[File]:
        """The dossier of a case as a file that is gone afterwards. Raises Refused (no such case, purged), bot.dossier.PictureLost."""
        antenne, now = self.antenne, self.antenne.clock()
        house = antenne.house
        found = await antenne.store.read(lambda conn: bot_dossier.gather(Work(conn, house, now, who), number, receiver))
        with tempfile.TemporaryDirectory(prefix="antenne-dossier-") as name:
            folder = Path(name)
            shown = await self._shots(found, folder)
            (folder / RECORD).write_text(_json(found.record | {"screenshots": [row for row, _ in shown]}), encoding="utf-8")
            (folder / README).write_text(_readme(self._say(found.language), found, self.signer), encoding="utf-8")
            sizes = {shot.evidence: size for shot, (_, size) in zip(found.shots, shown, strict=True)}
            await asyncio.to_thread(_draw, found, sizes, folder)
            files = [PDF, RECORD, README, *(row["file"] for row, _ in shown)]
            file = await asyncio.to_thread(_packed, found, folder, files, self.signer)
            yield file

    def _say(self, language: str) -> "Sentences":
        from bot.sentences import sentences

        return sentences(language)

    async def _shots(self, found: "Dossier", folder: Path) -> list[tuple[dict[str, Any], tuple[int, int]]]:
        """Write each screenshot: untouched, or for others than the police a covered copy; and one to show in the PDF."""
        rows = []
        for number, shot in enumerate(found.shots, 1):
            content = await self.antenne.store.read(partial(_content, house=self.antenne.house, shot=shot))
            boxes = (shot.boxes or ()) if found.masked else ()
            look = await self.pictures.look(content, read=False, boxes=boxes)
            if isinstance(look, NotTaken):
                raise bot_dossier.PictureLost(number)
            covered = found.masked
            end = look.safe_media.removeprefix("image/").replace("jpeg", "jpg")
            file = f"afgeschermd-{number:02}.{end}" if covered else f"screenshot-{number:02}.{shot.suffix}"
            (folder / file).write_bytes(look.safe if covered else content)
            (folder / f"toon-{shot.evidence}.{end}").write_bytes(look.safe)
            row = {"file": file, "masked": covered, "boxes": len(boxes), "at": shot.at.isoformat(), "by": shot.by}
            rows.append((row | {"sha256_original": shot.sha256, "media_original": shot.media}, (look.width, look.height)))
        return rows


def _content(conn: Any, house: Any, shot: "Shot") -> bytes:
    return bot_dossier.content(Work(conn, house, shot.at), shot.evidence)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _readme(say: "Sentences", found: "Dossier", signer: Signer) -> str:
    parts = (found.title, say.t("dossier.readme", manifest=MANIFEST, signature=SIGNATURE, fingerprint=signer.fingerprint))
    return "\n\n".join(parts) + "\n"


# --- the PDF -----------------------------------------------------------------------------------------------


@cache
def _fonts() -> tuple[Any, frozenset[int]]:
    """The fonts that go into the PDF, and the characters that every weight of them has."""
    import matplotlib as mpl
    import typst
    from matplotlib.ft2font import FT2Font

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    known = [frozenset(FT2Font(str(folder / name)).get_charmap()) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
    return fonts, known[0] & known[1]


def printable(text: str) -> str:
    """The text as the PDF can show it: what has no letter form, or only steers others, stands there by its number."""
    _, known = _fonts()
    out: list[str] = []
    length = 0
    for sign in text.replace("\r\n", "\n").replace("\t", "    "):
        if sign in "\n ":
            length = 0
            out.append(sign)
            continue
        steers = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        shown = sign if ord(sign) in known and not steers else f"‹U+{ord(sign):04X}›"
        length += len(shown)
        if length > LONGEST_WORD:
            out.append("\u200b")  # a line may break here
            length = len(shown)
        out.append(shown)
    return "".join(out)


def _part(block: Block, sizes: Mapping[int, tuple[int, int]], folder: Path) -> dict[str, Any]:
    """A block of the card vocabulary as the template reads it."""
    match block:
        case Text():
            style = "plain" if block.style == "question" else block.style
            return {"kind": "text", "style": style, "text": printable(block.text)}
        case Quote():
            return {"kind": "quote", "text": printable(block.text), "by": printable(block.by)}
        case Facts():
            rows = [
                [printable(label), printable(value.text if isinstance(value, Quote) else value), isinstance(value, Quote)]
                for label, value in block.rows
            ]
            return {"kind": "facts", "rows": rows}
        case Table():
            rows = [[_cell(cell) for cell in row] for row in block.rows]
            return {"kind": "table", "head": [printable(name) for name in block.head], "rows": rows}
        case Picture():
            file = next(folder.glob(f"toon-{block.evidence}.*")).name
            width, height = sizes[block.evidence]
            return {"kind": "picture", "file": file, "alt": printable(block.alt), "tall": height * 16 > width * 21}
        case _:
            raise TypeError(f"no {type(block).__name__} in a dossier")


def _cell(cell: str | Quote | Button) -> list[Any]:
    """A cell's words, and whether they are a person's own."""
    if isinstance(cell, Button):
        raise TypeError("no Button in a dossier")
    return [printable(cell.text), True] if isinstance(cell, Quote) else [printable(cell), False]


def _draw(found: "Dossier", sizes: Mapping[int, tuple[int, int]], folder: Path) -> None:
    """Write the PDF: fonts inside, tagged, PDF/A-2a and PDF/UA-1. Texts go in as data, never as markup."""
    import typst

    data = {
        "title": printable(found.title),
        "organisation": printable(found.organisation),
        "language": found.language,
        "receiver": printable(found.receiver_name),
        "chapters": [
            {"title": printable(chapter.title), "blocks": [_part(block, sizes, folder) for block in chapter.blocks]}
            for chapter in found.chapters
        ],
    }
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
    compiler = typst.Compiler(TEMPLATE.read_bytes(), root=folder, font_paths=_fonts()[0])
    pdf = compiler.compile(format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=int(found.made.timestamp()))
    assert isinstance(pdf, bytes)  # one file, as no output was named
    (folder / PDF).write_bytes(pdf)


# --- the ZIP -----------------------------------------------------------------------------------------------


def _packed(found: "Dossier", folder: Path, files: Sequence[str], signer: Signer) -> File:
    listed = []
    for name in files:
        size, digest, _ = _measured((folder / name).open("rb"))
        listed.append({"name": name, "size": size, "sha256": digest})
    key = {"algorithm": "Ed25519", "version": signer.keys.current, "fingerprint": signer.fingerprint}
    manifest = _json(
        {
            "format": FORMAT, "organisation": found.organisation, "case": found.case, "receiver": found.receiver,
            "masked": found.masked, "made": found.made.isoformat(), "by": found.by, "key": key,
            "chain": {"head": found.chain, "length": found.length}, "files": listed,
        }
    ).encode()  # fmt: skip
    digest = hashlib.sha256(manifest).hexdigest()
    (folder / MANIFEST).write_bytes(manifest)
    (folder / SIGNATURE).write_bytes(_signature(digest, signer.public, signer.sign(manifest)))
    path = folder / "dossier.zip"
    with path.open("wb") as out:
        ending = _Ending()
        for name in (MANIFEST, SIGNATURE, *files):
            size, _, crc = _measured((folder / name).open("rb"))
            out.write(ending.head(name, size, crc))
            with (folder / name).open("rb") as source:
                while piece := source.read(PIECE):
                    out.write(piece)
        out.write(ending.tail())
    return File(path, f"dossier-{found.case}-{found.receiver}.zip", digest)


def _signature(digest: str, public: bytes, signature: bytes) -> bytes:
    return _json({"sha256": digest, "public_key": public.hex(), "signature": signature.hex()}).encode()


def _measured(file: BinaryIO) -> tuple[int, str, int]:
    """Size, SHA-256 and CRC-32 of what is left of a file, which is then closed."""
    size, digest, crc = 0, hashlib.sha256(), 0
    with file:
        while piece := file.read(PIECE):
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            digest.update(piece)
    return size, digest.hexdigest(), crc


class _Ending:
    """The parts of a ZIP around its files, as they must be: stored, no dates, no remarks (PKWARE APPNOTE 4.3)."""

    def __init__(self) -> None:
        self._at = 0
        self._central: list[bytes] = []

    def head(self, name: str, size: int, crc: int) -> bytes:
        """What stands before a file's bytes."""
        raw = name.encode()
        facts = pack("<HHHHHLLLHH", 20, 0x800, 0, 0, 0x21, crc, size, size, len(raw), 0)
        self._central.append(b"PK\x01\x02" + pack("<H", 20) + facts + pack("<HHHLL", 0, 0, 0, 0, self._at) + raw)
        head = b"PK\x03\x04" + facts + raw
        self._at += len(head) + size
        return head

    def tail(self) -> bytes:
        """What stands after the last file."""
        central, count = b"".join(self._central), len(self._central)
        return central + b"PK\x05\x06" + pack("<HHHHLLH", 0, 0, count, count, len(central), self._at, 0)


# --- checking one ------------------------------------------------------------------------------------------

Wrong = Literal["unreadable", "signature", "other_key", "changed", "packing", "chain"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and with which file of the dossier."""

    what: Wrong
    file: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a dossier came to. ``fingerprint``: of the key that signed it, to compare with the published one."""

    faults: tuple[Fault, ...]
    organisation: str = ""
    case: int = 0
    receiver: str = ""
    made: str = ""
    fingerprint: str = ""
    files: int = 0
    entries: int = 0

    @property
    def sound(self) -> bool:
        return not self.faults


def verify(path: Path, public: bytes | None = None) -> Verdict:
    """Check signature, files, packing and timeline of a dossier; with ``public`` also that this key signed it. Raises OSError."""
    with path.open("rb") as file:
        return _verified(file, public)


def _verified(file: BinaryIO, public: bytes | None) -> Verdict:
    ending = _Ending()
    texts: dict[str, bytes] = {}
    for name in (MANIFEST, SIGNATURE):
        try:
            texts[name] = _first(file, name, ending)
        except ValueError:
            return Verdict((Fault("unreadable" if name == MANIFEST else "packing", name),))
    signed, fault = _signed(texts[MANIFEST], texts[SIGNATURE], public)
    if fault is not None and fault.what != "other_key":
        return Verdict((fault,))
    try:
        facts = json.loads(texts[MANIFEST])
        listed = [(str(item["name"]), int(item["size"]), str(item["sha256"])) for item in facts["files"]]
        verdict = partial(
            Verdict, organisation=str(facts["organisation"]), case=int(facts["case"]), receiver=str(facts["receiver"]),
            made=str(facts["made"]), fingerprint=fingerprint(signed), files=len(listed),
        )  # fmt: skip
        head, length = str(facts["chain"]["head"]), int(facts["chain"]["length"])
    except (ValueError, KeyError, TypeError):
        return Verdict((Fault("unreadable", MANIFEST),))
    faults = [fault] if fault is not None else []
    record = b""
    for name, size, sha256 in listed:
        start = file.tell()
        room = len(_Ending().head(name, size, 0))
        file.seek(start + room)
        found, kept = _piecewise(file, size, keep=name == RECORD)
        expected = ending.head(name, size, found[1])
        after = file.tell()
        file.seek(start)
        packed = file.read(room) == expected
        file.seek(after)
        if found[0] != sha256:
            faults.append(Fault("changed", name))
        elif not packed:
            faults.append(Fault("packing", name))
        record = kept if name == RECORD else record
    if file.read(MOST_MANIFEST) != ending.tail():
        faults.append(Fault("packing", ""))
    if not any(item.file == RECORD for item in faults) and not _chain_holds(record, head, length):
        faults.append(Fault("chain", RECORD))
    return verdict(tuple(faults), entries=length)


def _first(file: BinaryIO, name: str, ending: _Ending) -> bytes:
    """A file whose size is known from its own head alone. Raises ValueError when that is not as it must be."""
    raw = file.read(30 + len(name))
    size = int.from_bytes(raw[18:22], "little")
    if len(raw) < 30 or size > MOST_MANIFEST:
        raise ValueError(name)
    content = file.read(size)
    if raw != ending.head(name, size, zlib.crc32(content)) or len(content) != size:
        raise ValueError(name)
    return content


def _signed(manifest: bytes, signature: bytes, public: bytes | None) -> tuple[bytes, Fault | None]:
    """The key that signed, and what is wrong with the signature."""
    try:
        said = json.loads(signature)
        digest, key, proof = str(said["sha256"]), bytes.fromhex(said["public_key"]), bytes.fromhex(said["signature"])
        exact = signature == _signature(digest, key, proof)
    except (ValueError, KeyError, TypeError):
        return b"", Fault("signature", SIGNATURE)
    intact = hashlib.sha256(manifest).hexdigest() == digest
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(proof, manifest)
    except (InvalidSignature, ValueError):
        return key, Fault("signature", SIGNATURE if intact else MANIFEST)
    if not exact or not intact:
        return key, Fault("signature", SIGNATURE)
    return key, Fault("other_key", SIGNATURE) if public is not None and key != public else None


def _piecewise(file: BinaryIO, size: int, *, keep: bool) -> tuple[tuple[str, int], bytes]:
    """SHA-256 and CRC-32 of the next ``size`` bytes, and the bytes themselves where they are wanted."""
    digest, crc, kept = hashlib.sha256(), 0, bytearray()
    while size > 0 and (piece := file.read(min(PIECE, size))):
        size, crc = size - len(piece), zlib.crc32(piece, crc)
        digest.update(piece)
        if keep:
            kept += piece
    return (digest.hexdigest() if size == 0 else "", crc), bytes(kept)


def _chain_holds(record: bytes, head: str, length: int) -> bool:
    """Whether the timeline in the record leads, link by link, to the newest one that the manifest names."""
    from datetime import datetime

    try:
        entries = json.loads(record)["timeline"]
        before = ""
        for count, row in enumerate(entries, 1):
            salt, text = row.get("salt"), row.get("text")
            if salt is not None and text is not None and salted_digest(bytes.fromhex(salt), text) != row["digest"]:
                return False
            at = datetime.fromisoformat(row["at"])
            before = link(before, count, at, row["who"], row["what"], row["codes"], row["digest"])
            if (row["number"], row["chain"]) != (count, before):
                return False
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return (before, len(entries)) == (head, length)
