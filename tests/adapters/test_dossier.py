"""The evidence dossier as a file: what the PDF says, what is masked for whom, and that one changed byte is always found."""

import asyncio
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypdf import PdfReader
from sqlalchemy import Connection
from typer.testing import CliRunner

from adapters import main
from adapters.dossier import MANIFEST, PDF, RECORD, SIGNATURE, Dossiers, Signer, fingerprint, printable, verify
from adapters.pictures import Pictures
from bot import dossier
from bot.case import load_case
from bot.work import Work
from flows.authorities import Authority
from tests.journeys.chat import Chat, organisation_in, talking

HOSTILE = "Weg met *hen* #panic() $x$ [`code`] \\ <b> \u202eomgekeerd\u202c אבג كلمة 🤬 é \x00 bel 0470 12 34 56"


def screenshot(width: int = 640, height: int = 400) -> bytes:
    """A screenshot with a white half that should be covered."""
    picture = Image.new("RGB", (width, height), (20, 60, 160))
    ImageDraw.Draw(picture).rectangle((width // 2, 0, width, height), (255, 255, 255))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


ORIGINAL = screenshot()


async def a_case(chat: Chat, text: str = HOSTILE) -> None:
    """Hate on a ground, with a screenshot, link and time, that people decided about."""
    an = chat.person("an")
    await an.command("")
    form = an.form
    assert form is not None
    labels = {field.name: field.label for field in form.fields}
    values = {labels["text"]: text, labels["handle"]: "Jan Jansen", labels["link"]: "https://facebook.com/a/1"}
    values |= {labels["posted"]: "2026-11-16T20:15", labels["post"]: "https://facebook.com/torenbeek/posts/7"}
    await an.fill(values, pictures=[ORIGINAL])
    for label in ("Negatief", "Haat of discriminatie", "Ja"):
        await an.press(label)
    await an.press("Geloof of levensbeschouwing", on="Beschermd criterium")
    await chat.pass_time(seconds=16)


async def zipped(chat: Chat, folder: Path, receiver: Authority = "police", who: str = "an", number: int = 1) -> bytes:
    """The bytes of a case's dossier."""
    pictures = Pictures(tesseract="")
    try:
        async with Dossiers(chat.antenne, pictures, Signer.beside(folder / "secret.key")).made(number, receiver, who) as made:
            return made.path.read_bytes()
    finally:
        await pictures.close()


@dataclass(frozen=True)
class Two:
    """The same case for the police and for Unia, and the key."""

    police: bytes
    unia: bytes
    public: bytes


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    """Made once: a case with a hostile comment and a screenshot of which the right half is covered."""
    folder = tmp_path_factory.mktemp("dossier")

    async def make() -> Two:
        async with talking(f"sqlite:///{folder}/antenne.db", folder) as chat:
            await a_case(chat)

            def cover(conn: Connection) -> None:
                work = Work(conn, chat.antenne.house, chat.now, "an")
                dossier.cover(work, load_case(work, 1), 1, ((500, 0, 500, 1000),))

            await chat.antenne.store.write(cover)
            police, unia = await zipped(chat, folder), await zipped(chat, folder, "unia")
            return Two(police, unia, Signer.beside(folder / "secret.key").public)

    return asyncio.run(make())


def members(content: bytes) -> dict[str, bytes]:
    """Name and bytes of each file in a ZIP."""
    with ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def read(content: bytes) -> tuple[str, PdfReader]:
    """The PDF's text on one line."""
    pdf = PdfReader(io.BytesIO(members(content)[PDF]))
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split()), pdf


def checked(content: bytes, folder: Path, public: bytes | None = None) -> list[tuple[str, str]]:
    """What verifying these bytes finds."""
    path = folder / "d.zip"
    path.write_bytes(content)
    return [(fault.what, fault.file) for fault in verify(path, public).faults]


def test_the_pdf_says_everything_with_fonts_inside(two: Two) -> None:
    """Comment, path, steps, timeline, law of the day, and what the signature does not prove; tagged, in Dutch, fonts embedded."""
    text, pdf = read(two.police)
    for part in (
        "Bewijsdossier zaak 1", "de politie", "Weg met *hen* #panic() $x$ [`code`] \\ <b>", "U+1F92C›", "Jan Jansen",
        "https://facebook.com/a/1", "16 november 2026 20:15", "Wat zie je in dit bericht?", "Haat of discriminatie", "Tijdlijn",
        "An Peeters: begon de zaak", "art. 250 Strafwetboek", "Laat ze door een jurist nalezen", "Screenshot 1", "opnieuw bouwen",
        "geen tijdstempel van een derde", "0470 12 34 56", "Beschermd criterium: Geloof of levensbeschouwing", "Onder bericht",
        "https://facebook.com/torenbeek/posts/7",
    ):  # fmt: skip
        assert part in text, part
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("nl")
    pages: Any = pdf.pages
    fonts = [font for page in pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    assert all({"/FontFile2", "/FontFile3"} & set(font["/DescendantFonts"][0]["/FontDescriptor"]) for font in fonts)


def test_others_than_the_police_get_masked_copies(two: Two) -> None:
    """The police get the untouched screenshot; Unia a copy with the box black, and texts without telephone numbers."""
    police, unia = members(two.police), members(two.unia)
    assert police["screenshot-01.png"] == ORIGINAL
    assert [name for name in unia if name.startswith("screenshot")] == []
    with Image.open(io.BytesIO(unia["afgeschermd-01.png"])) as picture:
        assert picture.convert("RGB").getpixel((picture.width * 3 // 4, picture.height // 2)) == (0, 0, 0)
        assert picture.convert("RGB").getpixel((picture.width // 4, picture.height // 2)) == (20, 60, 160)
    assert ORIGINAL not in two.unia
    text, _ = read(two.unia)
    assert "0470" not in text
    assert "https://facebook.com/torenbeek/posts/7" in text, "the address of the post is asked for, not hidden"
    assert "vandaag" not in text, "a document is read on another day"
    assert b"0470" not in unia[RECORD]
    assert json.loads(unia[RECORD])["screenshots"][0]["sha256_original"] in text.replace(" ", "").replace("\u200b", "")


def test_a_dossier_holds_and_names_its_key(two: Two, tmp_path: Path) -> None:
    """Untouched it is in order, also against the published key; another key is told."""
    assert checked(two.police, tmp_path, two.public) == []
    assert checked(two.unia, tmp_path) == []
    other = Ed25519PrivateKey.from_private_bytes(b"1" * 32).public_key().public_bytes_raw()
    assert checked(two.police, tmp_path, other) == [("other_key", SIGNATURE)]
    facts = json.loads(members(two.police)[MANIFEST])
    assert facts["key"]["fingerprint"] == fingerprint(two.public)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_changed_byte_is_found_wherever_it_stands(
    two: Two, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """In a file, its name, a checksum, a size, the list or the end: any other byte is found, and one in a file names that file."""
    at = data.draw(st.integers(0, len(two.unia) - 1))
    changed = bytearray(two.unia)
    changed[at] ^= data.draw(st.integers(1, 255))
    found = checked(bytes(changed), tmp_path_factory.getbasetemp())
    assert found, at
    with ZipFile(io.BytesIO(two.unia)) as file:
        for info in file.infolist():
            start = info.header_offset + 30 + len(info.filename)
            if start <= at < start + info.file_size:
                assert info.filename in {name for _, name in found}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=40))
def test_cut_or_longer_is_found(two: Two, tmp_path_factory: pytest.TempPathFactory, cut: int, more: bytes) -> None:
    """Bytes that are missing at the end, or added there."""
    folder = tmp_path_factory.getbasetemp()
    assert checked(two.unia + more, folder)
    if cut:
        assert checked(two.unia[:-cut], folder)


def test_a_timeline_that_was_rewritten_is_found(two: Two, tmp_path: Path) -> None:
    """Whoever swaps the record and its hash in the manifest still lacks the key."""
    files = members(two.police)
    record = files[RECORD].replace(b'"who": "an"', b'"who": "tom"')
    assert record != files[RECORD]
    assert checked(two.police.replace(files[RECORD], record), tmp_path)


@pytest.mark.parametrize(
    "text", ["woord " * 33_000, "a" * 200_000, "regel\n" * 3_000, HOSTILE * 30, "\u0627\u0644" * 5_000, "😀" * 3_000, "#" * 300]
)
def test_any_text_becomes_a_pdf(text: str, tmp_path: Path) -> None:
    """Long, without spaces, of many lines, from right to left, of faces: it is printed, never parsed."""
    from datetime import UTC, datetime

    from adapters.dossier import _draw
    from bot.cards import Quote
    from bot.dossier import Chapter, Dossier

    chapters = (Chapter("Tekst", (Quote(text, text[:20]),)),)
    at = datetime(2026, 11, 17, tzinfo=UTC)
    _draw(Dossier(1, "police", "de politie", False, "nl", "Torenbeek", "Dossier", at, "", chapters, (), {}, "", 0), {}, tmp_path)
    assert (tmp_path / PDF).read_bytes().startswith(b"%PDF")


def test_what_cannot_be_printed_stands_there_by_its_number() -> None:
    """Control signs, direction marks and faces are shown, so that nobody can hide words with them."""
    assert printable("a\x00b\u202ec 🤬d\ufffee") == "a‹U+0000›b‹U+202E›c ‹U+1F92C›d‹U+FFFE›e"
    assert printable("x" * 130).replace("\u200b", "") == "x" * 130


async def test_the_command_makes_checks_and_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cases: one incomplete with what is missing, one written; verify finds it in order and a changed byte not."""
    path = organisation_in(tmp_path / "town", {})
    async with talking(f"sqlite:///{tmp_path}/antenne.db", tmp_path) as chat:
        await a_case(chat, "Weg met hen")
        await chat.person("karim").paste("Weg")
    monkeypatch.setenv("ANTENNE_ORGANISATION", str(path))
    monkeypatch.setenv("ANTENNE_DATABASE_URL", f"sqlite:///{tmp_path}/antenne.db")
    monkeypatch.setenv("ANTENNE_SECRET_KEY_FILE", str(tmp_path / "secret.key"))

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main.app, list(words))
        return done.exit_code, " ".join(done.output.split())

    code, said = await asyncio.to_thread(run, "dossier", "1", "2", "--out", str(tmp_path))
    assert code == 1
    assert "Zaak 2: er ontbreekt nog iets voor de politie" in said
    assert "De vragen zijn nog niet beantwoord." in said
    made = tmp_path / "dossier-1-police.zip"
    assert made.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600
    code, said = await asyncio.to_thread(run, "verify", str(made))
    assert (code, said.startswith("In orde: dossier van zaak 1")) == (0, True)
    content = bytearray(made.read_bytes())
    content[content.index(b"Weg met hen")] ^= 1
    made.write_bytes(content)
    code, said = await asyncio.to_thread(run, "verify", str(made))
    assert (code, said.startswith("zaak.json: veranderd na het ondertekenen.")) == (1, True)
    code, said = await asyncio.to_thread(run, "dossier", "1", "--for", "unia", "--out", str(tmp_path))
    assert code == 1
    for part in ("screenshot de context toont", "dat het om België gaat", "gegevens van anderen staan op screenshot 1"):
        assert part in said
    code, said = await asyncio.to_thread(run, "dossier", "1", "--as", "hilde", "--out", str(tmp_path))
    assert (code, "Zeg waarom" in said) == (1, True)
    code, said = await asyncio.to_thread(run, "dossier", "1", "--as", "dirk", "--out", str(tmp_path))
    assert code == 1


async def test_purge_and_subject_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing goes without --confirm; an author's data are written for their owner alone, then erased, and no dossier comes any more."""
    path = organisation_in(tmp_path / "town", {})
    async with talking(f"sqlite:///{tmp_path}/antenne.db", tmp_path) as chat:
        await a_case(chat, "Weg met hen")
    monkeypatch.setenv("ANTENNE_ORGANISATION", str(path))
    monkeypatch.setenv("ANTENNE_DATABASE_URL", f"sqlite:///{tmp_path}/antenne.db")
    monkeypatch.setenv("ANTENNE_SECRET_KEY_FILE", str(tmp_path / "secret.key"))

    async def run(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner().invoke, main.app, list(words))
        return done.exit_code, " ".join(done.output.split())

    assert await run("purge") == (
        0, ("Gesloten zaken waarvan de termijn voorbij is: 0 (–) Losse screenshots: 0 · signalen: 0 · verlopen waarschuwingen: 0 "
        "Er is niets te wissen."),
    )  # fmt: skip
    code, said = await run("subject", "export", "jan jansen", "--platform", "facebook", "--out", str(tmp_path / "jan"))
    assert (code, said.startswith("Gesloten zaken: – · nog open: 1")) == (0, True)
    assert json.loads((tmp_path / "jan" / "subject.json").read_text())["cases"][0]["text"] == "Weg met hen"
    assert (tmp_path / "jan" / "screenshot-1").read_bytes() == ORIGINAL
    assert (tmp_path / "jan" / "subject.json").stat().st_mode & 0o777 == 0o600
    code, said = await run("subject", "erase", "jan jansen", "--platform", "facebook", "--confirm")
    assert (code, said.endswith("Gewist.")) == (0, True)
    code, said = await run("subject", "erase", " ", "--platform", "facebook")
    assert (code, said) == (2, "Geef de naam van het account.")
