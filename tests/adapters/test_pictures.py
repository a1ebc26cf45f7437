"""Pictures from outside: taken, refused, read, drawn anew, and what a hostile one cannot do."""

import asyncio
import io
import json
import os
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
from PIL import ExifTags, Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from typer.testing import CliRunner

from adapters import picture_child
from adapters.main import app
from adapters.pictures import CHILD, MOST_BYTES, Look, Pictures, Refusal
from bot.sentences import sentences
from tests.pictures.measure import errors, measure

needs_reader = pytest.mark.needs("tesseract-ocr", "tesseract-ocr-nld")


@pytest.fixture
async def pictures() -> AsyncIterator[Pictures]:
    """As the bot uses them."""
    found = Pictures()
    yield found
    await found.close()


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def comment(text: str, *, dark: bool = False) -> Image.Image:
    """A plain screenshot of a comment."""
    paper, ink = ("#18191a", "#e4e6eb") if dark else ("#ffffff", "#1c1e21")
    picture = Image.new("RGB", (640, 90), paper)
    ImageDraw.Draw(picture).multiline_text((20, 20), text, ink, ImageFont.truetype("DejaVuSans.ttf", 16))
    return picture


def chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims to be this large, in a few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def webp_of(width: int, height: int) -> bytes:
    """A WebP whose header claims this size."""
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body)) + body


def moving(frames: int, size: tuple[int, int], kind: str = "GIF") -> bytes:
    """An animation whose frames all differ."""
    shown = [Image.new("L", size, at * 7 % 256) for at in range(frames)]
    return encoded(shown[0], kind, save_all=True, append_images=shown[1:])


def many(frames: int, kind: str) -> bytes:
    """An animation of this many pictures of a megapixel each, all the same: one is drawn, its bytes are repeated."""
    if kind == "GIF":
        one = encoded(Image.new("L", (1_000, 1_000)), kind)
        begin = 13 + 3 * 2 ** ((one[10] & 7) + 1)  # after the size and the palette
        return one[:begin] + one[begin:-1] * frames + b";"
    two = moving(2, (1_000, 1_000), kind)
    chunks, at = [], 8
    while at < len(two):
        size = int.from_bytes(two[at : at + 4], "big")
        chunks.append((two[at + 4 : at + 8], two[at + 8 : at + 8 + size]))
        at += size + 12
    head = next(data for name, data in chunks if name == b"IHDR")
    frame, number = [(name, data) for name, data in chunks if name in (b"fcTL", b"IDAT")][:2], 0
    written = [(b"IHDR", head), (b"acTL", struct.pack(">II", frames, 0))]
    for at in range(frames):
        for name, data in frame:
            order = struct.pack(">I", number)
            if name == b"fcTL":
                written.append((name, order + data[4:]))
            else:
                written.append((b"fdAT", order + data) if at else (name, data))
                if not at:
                    continue
            number += 1
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(chunk, *zip(*written, (b"IEND", b""), strict=True)))


# --- taken -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "media"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif"), ("BMP", "image/bmp")],
)
async def test_the_kinds_that_are_taken(pictures: Pictures, kind: str, media: str) -> None:
    """Each kind is known by its bytes, and shown drawn anew."""
    look = await pictures.look(encoded(Image.new("RGB", (60, 40), "#3366cc"), kind), read=False)
    assert isinstance(look, Look)
    assert (look.media, look.width, look.height, look.text, look.unread) == (media, 60, 40, "", "")
    with Image.open(io.BytesIO(look.safe)) as safe:
        assert safe.size == (60, 40)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
async def test_every_way_to_hold_colours(pictures: Pictures, mode: str) -> None:
    """Whatever way a file holds its colours, what is shown has red, green and blue."""
    kind = "JPEG" if mode == "CMYK" else "PNG"
    picture = Image.new("I;16", (8, 8), 65535) if mode == "I;16" else Image.new("RGB", (8, 8), "white").convert(mode)
    look = await pictures.look(encoded(picture, kind), read=False)
    assert isinstance(look, Look)
    with Image.open(io.BytesIO(look.safe)) as safe:
        assert safe.mode == "RGB"
        assert safe.getpixel((4, 4)) == (255, 255, 255)


async def test_what_is_shown_holds_nothing_but_what_is_seen(pictures: Pictures) -> None:
    """Place, camera, remarks and profile stay out of what is shown; upright is upright; a wide picture is made smaller."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Artist] = "secret artist"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    jpeg = encoded(
        Image.new("RGB", (3000, 400), "#abcdef"), "JPEG", exif=exif, comment=b"secret comment", icc_profile=b"secret profile"
    )
    look = await pictures.look(jpeg, read=False)
    assert isinstance(look, Look)
    assert (look.width, look.height) == (400, 3000)
    info = PngInfo()
    info.add_text("Comment", "secret remark")
    other = await pictures.look(encoded(Image.new("RGB", (3000, 40)), "PNG", pnginfo=info), read=False)
    assert isinstance(other, Look)
    assert (other.width, other.height) == (3000, 40)
    for safe in (look.safe, other.safe):
        assert b"secret" not in safe
        with Image.open(io.BytesIO(safe)) as shown:
            assert not shown.getexif()
            assert not {"exif", "icc_profile", "comment", "Comment"} & shown.info.keys()
            assert shown.width <= 1600


async def test_a_photograph_is_shown_as_jpeg(pictures: Pictures) -> None:
    """What would be large as PNG is shown as JPEG."""
    look = await pictures.look(encoded(Image.effect_noise((1500, 1500), 90).convert("RGB"), "JPEG"), read=False)
    assert isinstance(look, Look)
    assert look.safe_media == "image/jpeg"
    assert look.safe.startswith(b"\xff\xd8")


# --- refused ---------------------------------------------------------------------------------------------------------

WHOLE = encoded(Image.effect_noise((300, 200), 50))
REFUSED: Mapping[str, tuple[bytes | Callable[[], bytes], str]] = {
    "nothing": (b"", "empty"),
    "over 10 MB": (b"\x89PNG\r\n\x1a\n" + bytes(MOST_BYTES), "too_large"),
    "a program": (b"MZ\x90\0" + bytes(500), "no_picture"),
    "words": (b"Wat een mooie foto", "no_picture"),
    "SVG": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "document"),
    "SVG after a mark": (b"\xef\xbb\xbf\n  <svg/>", "document"),
    "a web page": (b"<!DOCTYPE html><html><script>alert(1)</script>", "document"),
    "PDF": (b"%PDF-1.7\n", "document"),
    "PostScript": (b"%!PS-Adobe-3.0", "document"),
    "TIFF": (encoded(Image.new("RGB", (9, 9)), "TIFF"), "no_picture"),
    "a photo of an iPhone": (b"\0\0\0\x18ftypheic" + bytes(50), "heic"),
    "half a PNG": (WHOLE[: len(WHOLE) // 2], "damaged"),
    "a PNG's first bytes": (WHOLE[:20], "damaged"),
    "a JPEG's first bytes": (b"\xff\xd8\xff\xe0", "damaged"),
    "a GIF's first bytes": (b"GIF89a", "damaged"),
    "a WebP's first bytes": (b"RIFF\0\0\0\0WEBP", "damaged"),
    "half a WebP": (encoded(Image.effect_noise((99, 99), 9).convert("RGB"), "WEBP")[:700], "damaged"),
    "100 megapixels": (lambda: encoded(Image.new("1", (10_000, 10_000))), "too_many_pixels"),
    "a PNG that claims too much": (png_of(60_000, 60_000), "too_many_pixels"),
    "a WebP that claims too much": (webp_of(16_000, 16_000), "too_many_pixels"),
    "1,200 frames": (lambda: moving(1_200, (4, 4)), "animated"),
    "frames of 210 megapixels together": (lambda: many(210, "GIF"), "animated"),
    "an animated PNG of 210 megapixels": (lambda: many(210, "PNG"), "animated"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused(pictures: Pictures, name: str) -> None:
    """A file that is no picture, or one that does harm, is refused with what to do, in every language."""
    content, code = REFUSED[name]
    refusal = await pictures.look(content() if callable(content) else content)
    assert refusal == Refusal(code)
    assert isinstance(refusal, Refusal)
    for language in ("nl", "en"):
        assert sentences(language).t(refusal.key)


async def test_a_short_animation_shows_its_first_picture(pictures: Pictures) -> None:
    """A moving picture of ordinary size is taken, standing still."""
    look = await pictures.look(moving(5, (40, 40)), read=False)
    assert isinstance(look, Look)
    assert (look.media, look.width) == ("image/gif", 40)


# --- the child -------------------------------------------------------------------------------------------------------

SMALL = encoded(Image.new("RGB", (20, 20), "white"))


async def test_one_child_for_many_and_a_new_one_when_it_died(pictures: Pictures) -> None:
    """The child is kept between pictures; killed, the next picture gets a new one and is taken."""
    assert pictures._child is None
    await pictures.look(SMALL, read=False)
    first = pictures._child
    assert first is not None
    assert isinstance(await pictures.look(b"nonsense"), Refusal)
    await pictures.look(SMALL, read=False)
    assert pictures._child is first
    os.kill(first.pid, signal.SIGKILL)
    await first.wait()
    assert isinstance(await pictures.look(SMALL, read=False), Look)
    assert pictures._child is not first


async def test_a_child_that_hangs_is_ended() -> None:
    """When time is over the child is killed, the picture refused, and the next one taken."""
    pictures = Pictures(seconds=5)
    await pictures.look(SMALL, read=False)
    hanging = pictures._child
    assert hanging is not None
    os.kill(hanging.pid, signal.SIGSTOP)
    pictures._seconds = 0.2
    assert await pictures.look(SMALL, read=False) == Refusal("too_heavy")
    assert hanging.returncode == -signal.SIGKILL
    pictures._seconds = 5
    assert isinstance(await pictures.look(SMALL, read=False), Look)
    await pictures.close()


async def test_who_stops_waiting_leaves_no_answer_for_the_next(pictures: Pictures) -> None:
    """A look that is cancelled halfway does not give its answer to the next picture."""
    await pictures.look(SMALL, read=False)
    large = encoded(Image.effect_noise((2_000, 2_000), 60), "PNG")
    waiting = asyncio.create_task(pictures.look(large, read=False))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    look = await pictures.look(SMALL, read=False)
    assert isinstance(look, Look)
    assert look.width == 20


async def test_the_child_goes_when_there_is_nothing_to_do() -> None:
    """After a rest without pictures the child and its memory are let go."""
    pictures = Pictures(rest=0.05)
    await pictures.look(SMALL, read=False)
    child = pictures._child
    assert child is not None
    assert await asyncio.wait_for(child.wait(), 5) == 0
    assert isinstance(await pictures.look(SMALL, read=False), Look)
    await pictures.close()


async def test_several_at_once_each_get_their_own(pictures: Pictures) -> None:
    """Pictures that come together do not mix."""
    looks = await asyncio.gather(*(pictures.look(encoded(Image.new("RGB", (at, 9))), read=False) for at in range(10, 20)))
    assert [look.width for look in looks if isinstance(look, Look)] == [*range(10, 20)]


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        ("import socket; socket.socket()", "PermissionError"),
        ("bytearray(2 << 30)", "MemoryError"),
        ("import os, tempfile; os.write(tempfile.mkstemp()[0], b'x')", "OSError"),
        ("files = [open('/dev/null') for _ in range(100)]", "OSError"),
    ],
)
def test_what_a_decoder_that_is_taken_over_cannot_do(attempt: str, said: str, tmp_path: Path) -> None:
    """Within the child's limits there is no network, little memory, no writing of files and few open ones."""
    code = f"""
import runpy, sys
runpy.run_path({str(CHILD)!r})['confine']()
try:
    exec({attempt!r})
    print('done')
except BaseException as trouble:
    print(*(kind.__name__ for kind in type(trouble).__mro__))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"TMPDIR": str(tmp_path)})
    assert said in done.stdout.split()


def test_too_much_work_ends_the_child() -> None:
    """The seconds of computing for one picture are counted, whatever the clock on the wall says."""
    code = f"""
import runpy
child = runpy.run_path({str(CHILD)!r})
child['allow_time'].__globals__['CPU_SECONDS'] = 1
child['allow_time']()
while True: pass
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGXCPU


async def test_the_child_knows_nothing_of_our_environment(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting or secret of the environment reaches the child."""
    monkeypatch.setenv("ANTENNE_DATABASE_URL", "postgresql://someone:secret@host/db")
    await pictures.look(SMALL, read=False)
    assert pictures._child is not None
    environment = await asyncio.to_thread(Path(f"/proc/{pictures._child.pid}/environ").read_bytes)
    assert b"ANTENNE" not in environment
    assert b"secret" not in environment


def test_a_look_does_not_show_the_words() -> None:
    """What is printed of a look, in a log or a traceback, holds no citizen's text."""
    assert "geheim" not in repr(Look("image/png", 1, 1, "image/png", b"geheim", "geheim"))


# --- reading ---------------------------------------------------------------------------------------------------------

SENTENCE = "Wanneer wordt de Kerkstraat eindelijk hersteld?\nHet is al maanden een schande!"


@needs_reader
@pytest.mark.parametrize("dark", [False, True])
async def test_a_comment_is_read(pictures: Pictures, *, dark: bool) -> None:
    """The text of a screenshot is read, light on dark as well as dark on light."""
    look = await pictures.look(encoded(comment(SENTENCE, dark=dark)))
    assert isinstance(look, Look)
    assert (look.text, look.unread) == (SENTENCE, "")


async def test_without_tesseract_the_picture_is_kept() -> None:
    """Where Tesseract is missing the picture is taken, and it is said what to install."""
    pictures = Pictures(tesseract="")
    look = await pictures.look(SMALL)
    await pictures.close()
    assert isinstance(look, Look)
    assert (look.text, look.unread) == ("", "no_tesseract")
    assert "tesseract-ocr-nld" in sentences("nl").t(look.unread_key)


async def test_without_dutch_the_picture_is_kept(tmp_path: Path) -> None:
    """A Tesseract without Dutch reads nothing, and it is said what to install."""
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho 'List of available languages (1):'\necho eng\n")
    program.chmod(0o755)
    pictures = Pictures(tesseract=str(program))
    look = await pictures.look(SMALL)
    await pictures.close()
    assert isinstance(look, Look)
    assert (look.text, look.unread) == ("", "no_dutch")
    assert "tesseract-ocr-nld" in sentences("en").t(look.unread_key)


async def test_a_reader_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture whose text cannot be read in time is kept."""
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    monkeypatch.setattr(picture_child, "READ_SECONDS", 0.2)
    found, safe = picture_child.answer(SMALL, "nld", "", str(program), wants_text=True)
    assert (found["text"], found["unread"]) == ("", "too_slow")
    assert safe


def test_text_is_tidied() -> None:
    """Form feeds, spaces at line ends and piles of empty lines go; paragraphs stay."""
    assert picture_child.tidy(" een  twee \n\n\n\ndrie\f\n") == "een twee\n\ndrie"


@pytest.mark.parametrize(
    ("line", "furniture"),
    [
        ("2 u Vind ik leuk Beantwoorden", True),
        ("45 min · Vind ik leuk · Beantwoorden · 3", True),
        ("4 u 12 vind-ik-leuks Beantwoorden", True),
        ("Like Reply 3d Edited", True),
        ("1 d. Vind ik leuk Reageren Delen", True),
        ("Vind ik leuk", False),
        ("Delen", False),
        ("2 u", False),
        ("Dat vind ik leuk, 2 keer", False),
        ("Beantwoorden jullie ooit iets? 3 dagen al!", False),
        ("", False),
    ],
)
def test_the_buttons_of_a_platform_are_no_comment(line: str, *, furniture: bool) -> None:
    """What stands beneath every comment is left out of the text; whatever could be somebody's words stays."""
    assert picture_child.is_furniture(line) == furniture
    around = ["Een put", *([] if furniture else [line]), "in de weg"]
    assert picture_child.tidy(f"Een put\n{line}\nin de weg") == "\n".join(around)


def test_portraits_are_painted_over_and_letters_are_not() -> None:
    """The little photograph beside a comment is gone before reading; the same comment without it is untouched."""
    plain = comment(SENTENCE)
    wide = Image.new("RGB", (720, 90), "white")
    wide.paste(plain, (80, 0))
    without = wide.copy()
    shade = Image.linear_gradient("L").resize((44, 44)).point(lambda value: value * 0.7)
    portrait = Image.merge("RGB", (shade, shade.rotate(90), shade.rotate(180)))
    wide.paste(portrait, (15, 15))
    assert picture_child.without_portraits(wide).tobytes() == without.tobytes()
    assert picture_child.without_portraits(without).tobytes() == without.tobytes()


def test_errors_count_only_the_comment() -> None:
    """What stands around a comment is no error; every wrong character in it is."""
    assert errors("hallo daar", "jan 2u hallo daar vind ik leuk") == 0
    assert errors("hallo daar", "jan ha1lo dar vind ik leuk") == 2
    assert errors("hallo", "") == 5


@needs_reader
async def test_screenshots_that_were_not_tuned_on() -> None:
    """Of a comment's own text, at most 1.5 characters in a hundred are read wrong."""
    found = await measure(quick=True)
    assert found["test_cer"] <= 0.015


@needs_reader
def test_the_command_prints_json(tmp_path: Path) -> None:
    """`antenne read IMAGE --json` prints the text, whatever the file is called."""
    file = tmp_path / "foto.txt"
    file.write_bytes(encoded(comment(SENTENCE)))
    done = CliRunner().invoke(app, ["read", str(file), "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"text": SENTENCE})


def test_the_command_explains_what_it_refuses(tmp_path: Path) -> None:
    """A file that is no picture, or is not there, gives a sentence and no traceback."""
    file = tmp_path / "foto.png"
    file.write_text("<svg/>")
    done = CliRunner().invoke(app, ["read", str(file)])
    assert (done.exit_code, done.stderr.strip()) == (1, sentences("nl").t("picture.document"))
    assert CliRunner().invoke(app, ["read", str(tmp_path / "none.png")]).exit_code == 2
