"""The child process that decodes pictures and reads the text in them; adapters/pictures.py starts it, by its path.

Stands alone on the standard library and Pillow: it starts quickly and knows nothing of the bot. Whatever a picture does to the
decoders happens here, within limits on memory, time and pixels, without network, and never touches the process with the cases.

A message each way is two frames, each its length (4 bytes, big-endian) and its bytes: a JSON object, then a picture or nothing.
"""

import ctypes
import io
import json
import math
import os
import platform
import re
import resource
import struct
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, BinaryIO, cast

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFilter,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

MOST_PIXELS = 30_000_000  # a telephone's whole screen has under 5 million, its camera 12 million as a rule
MOST_MOVING_PIXELS = 200_000_000  # of all frames together
MOST_FRAMES = 1_000
SHOWN_WIDTH, SHOWN_HEIGHT = 1_600, 8_000
SHOWN_BYTES = 1_500_000  # a photograph is larger as PNG and is then shown as JPEG
QUICK_PIXELS = 5_000_000  # as Tesseract gets them: twice as large up to here,
MOST_READ_PIXELS = 12_000_000  # as they are up to here, smaller beyond
MOST_SOLID = 30_000  # cells of one picture that may be portraits
MEMORY = 1 << 30  # bytes of address space, each for this process and for Tesseract
CPU_SECONDS = 15  # for one picture
READ_SECONDS = 8
LANGUAGES = ("nld", "eng")
FORMATS = {
    "PNG": (PngImagePlugin, "image/png"),
    "JPEG": (JpegImagePlugin, "image/jpeg"),
    "GIF": (GifImagePlugin, "image/gif"),
    "WEBP": (WebPImagePlugin, "image/webp"),
    "BMP": (BmpImagePlugin, "image/bmp"),
}


Colour = tuple[int, ...]  # red, green, blue


class Refused(Exception):
    """A picture that is not taken, with the code that says why."""


# --- decoding --------------------------------------------------------------------------------------------------------


def kind_of(content: bytes) -> str:
    """Pillow's name of the format, by its first bytes; what it is called or claims to be does not count."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith(b"BM") and len(content) > 26 and content[6:10] == b"\0\0\0\0":
        return "BMP"
    if content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        raise Refused("heic")
    start = content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<", b"%pdf", b"%!ps", b"{\\rtf")) or b"<svg" in start or b"<html" in start:
        raise Refused("document")
    raise Refused("no_picture")


def webp_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels from the header: Pillow's decoder makes room for them before it tells."""
    chunk, head = content[12:16], content[20:30]
    if len(head) < 10:
        raise Refused("damaged")
    if chunk == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF


def decoded(content: bytes) -> tuple[str, Image.Image]:
    """Media type, and the (first) picture upright, flat and in RGB. Raises Refused."""
    if not content:
        raise Refused("empty")
    kind = kind_of(content)
    try:
        if kind == "WEBP" and math.prod(webp_size(content)) > MOST_PIXELS:
            raise Refused("too_many_pixels")
        with Image.open(io.BytesIO(content), formats=(kind,)) as picture:
            pixels = math.prod(picture.size)
            if pixels > MOST_PIXELS:
                raise Refused("too_many_pixels")
            frames = int(getattr(picture, "n_frames", 1))
            if frames > MOST_FRAMES or frames * pixels > max(MOST_MOVING_PIXELS, pixels):
                raise Refused("animated")
            picture.load()
            return FORMATS[kind][1], flat(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Refused("too_many_pixels") from None
    except MemoryError:
        raise Refused("too_heavy") from None
    except Refused:
        raise
    except Exception:  # noqa: BLE001  # decoders raise anything at all for a broken file: SyntaxError, struct.error, KeyError, ...
        raise Refused("damaged") from None


def flat(picture: Image.Image) -> Image.Image:
    """The same picture in RGB, on white where it is transparent."""
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    paper = Image.new("RGB", picture.size, "white")
    picture = picture.convert("RGBA")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def within(picture: Image.Image, factor: float) -> Image.Image:
    """The picture this many times as large."""
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0) if size != picture.size else picture


def drawn_anew(picture: Image.Image) -> tuple[str, bytes]:
    """Media type and bytes of a picture to show: fitting a screen, with nothing of the file but what is seen."""
    small = within(picture, min(1.0, SHOWN_WIDTH / picture.width, SHOWN_HEIGHT / picture.height))
    bare = Image.new("RGB", small.size)
    bare.paste(small)  # pixels alone: no profile, place, date or comment comes along
    out = io.BytesIO()
    bare.save(out, "PNG")
    if out.tell() <= SHOWN_BYTES:
        return "image/png", out.getvalue()
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=85)
    return "image/jpeg", out.getvalue()


def covered(picture: Image.Image, boxes: Sequence[list[int]]) -> Image.Image:
    """The picture with black over each box, which is in thousandths; a box never covers less than it says."""
    found = picture.copy()
    for left, top, width, height in boxes:
        right, bottom = -(-(left + width) * picture.width // 1000), -(-(top + height) * picture.height // 1000)
        corner = left * picture.width // 1000, top * picture.height // 1000
        found.paste((0, 0, 0), (*corner, min(right, picture.width), min(bottom, picture.height)))
    return found


# --- reading ---------------------------------------------------------------------------------------------------------


def for_reading(picture: Image.Image) -> Image.Image:
    """Dark letters on light paper, in grey, without portraits, twice as large where that stays readable in time."""
    pixels = math.prod(picture.size)
    picture = within(picture, min(1.0, math.sqrt(MOST_READ_PIXELS / pixels)))
    grey = without_portraits(picture).convert("L")
    histogram = grey.histogram()
    if sum(histogram[:128]) > sum(histogram[128:]):
        grey = ImageOps.invert(grey)
    return within(grey, max(1.0, min(2.0, math.sqrt(QUICK_PIXELS / pixels))))


def without_portraits(picture: Image.Image) -> Image.Image:
    """The picture with the little photographs beside comments painted over: Tesseract takes them for letters, amid the lines.

    They are solid, about as wide as high, small and of many colours; letters are thin, and a bubble has one colour.
    """
    ink = beside_paper(picture)
    if ink is None:
        return picture
    cell = min(4, max(2, round(picture.width / 400)))
    solid = ink.reduce(cell).point(lambda value: 255 if value > 230 else 0).filter(ImageFilter.MinFilter(3))
    found = picture.copy()
    for left, top, right, bottom, filled in islands(solid):
        width, height = (right - left + 2) * cell, (bottom - top + 2) * cell
        round_or_square = 0.6 <= width / height <= 1.6 and filled > 0.55 * (right - left) * (bottom - top)
        if not round_or_square or max(width, height) < 18 or width > picture.width / 4:
            continue
        box = whole(ink, tuple(cell * value for value in (left - 1, top - 1, right + 1, bottom + 1)), 3 * cell)
        colours = picture.crop(box).resize((32, 32)).point(lambda value: value & 0xE0).getcolors(1024) or []
        if max(count for count, _ in colours) < 0.55 * 32 * 32:
            left, top, right, _ = box
            around = picture.crop((left, max(0, top - 2), right, max(1, top))).getcolors(1 << 20) or []
            found.paste(cast(Colour, max(around, key=lambda item: item[0])[1]), box)
    return found


def beside_paper(picture: Image.Image) -> Image.Image | None:
    """What has another colour than the page and its bubbles, as white on black; ``None`` for a picture without such paper."""
    coarse = picture.resize((min(picture.width, 400), min(picture.height, 400)), Image.Resampling.NEAREST)
    counted = coarse.point(lambda value: value & 0xF0).getcolors(4096) or []
    papers = [
        cast(Colour, colour) for count, colour in sorted(counted, reverse=True)[:6] if count > 0.03 * math.prod(coarse.size)
    ]
    ink: Image.Image | None = None
    for colour in papers:
        middle = tuple(value + 8 for value in colour)
        bands = ImageChops.difference(picture, Image.new("RGB", picture.size, middle)).split()
        differs = reduce(ImageChops.lighter, bands).point(lambda value: 255 if value > 36 else 0)
        ink = differs if ink is None else ImageChops.darker(ink, differs)
    return ink


def islands(mask: Image.Image) -> Iterator[tuple[int, int, int, int, int]]:
    """Left, top, right, bottom and number of the white pixels that touch each other; nothing for one large photograph."""
    width = mask.width
    white = {at for at, value in enumerate(mask.tobytes()) if value}
    if len(white) > MOST_SOLID:
        return
    while white:
        reached, edge = [], [white.pop()]
        while edge:
            at = edge.pop()
            reached.append(at)
            near = {at - width, at + width} | ({at - 1} if at % width else set()) | ({at + 1} if (at + 1) % width else set())
            edge += near & white
            white -= near
        columns, rows = [at % width for at in reached], [at // width for at in reached]
        yield min(columns), min(rows), max(columns) + 1, max(rows) + 1, len(reached)


def whole(ink: Image.Image, box: tuple[int, ...], most: int) -> tuple[int, int, int, int]:
    """The box with each side moved outwards until it meets paper, by at most ``most`` pixels."""
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(ink.width, box[2]), min(ink.height, box[3])
    for _ in range(most):
        left -= left > 0 and ink.crop((left - 1, top, left, bottom)).getbbox() is not None
        right += right < ink.width and ink.crop((right, top, right + 1, bottom)).getbbox() is not None
        top -= top > 0 and ink.crop((left, top - 1, right, top)).getbbox() is not None
        bottom += bottom < ink.height and ink.crop((left, bottom, right, bottom + 1)).getbbox() is not None
    return left, top, right, bottom


def read(picture: Image.Image, tesseract: str, languages: str) -> tuple[str, str]:
    """The text in a picture, as Tesseract sees it, and ``too_slow`` when it could not be read in time."""
    grey = for_reading(picture)
    page = b"P5 %d %d 255\n" % grey.size + grey.tobytes()
    command = [tesseract, "stdin", "stdout", "-l", languages, "--psm", "6"]
    try:
        done = subprocess.run(command, input=page, capture_output=True, timeout=READ_SECONDS, check=False)  # noqa: S603 - our own arguments, no shell
    except subprocess.TimeoutExpired:
        return "", "too_slow"
    return tidy(done.stdout.decode("utf-8", "replace")), ""


# What platforms print beneath every comment, in Dutch and English: buttons, counts and times.
BUTTON = re.compile(
    r"\b(?:vind ik leuk|beantwoorden|antwoorden|reageren|delen|vertaling bekijken|like|reply|share|see translation)\b",
    re.IGNORECASE,
)
BESIDE = re.compile(
    r"\b\d{1,4} ?(?:vind-ik-leuks?|likes?|reacties?|replies|reply|sec|min|uur|dagen|dag|days?|weken|week|weeks?|jaar|[smuhdwjy])?\b"
    r"|\b(?:zojuist|bewerkt|edited|just now)\b",
    re.IGNORECASE,
)


def is_furniture(line: str) -> bool:
    """Whether a line holds nothing but what a platform prints beneath a comment: a button and at least one thing more."""
    rest, buttons = BUTTON.subn(" ", line)
    rest, beside = BESIDE.subn(" ", rest)
    return buttons > 0 and buttons + beside > 1 and not any(sign.isalnum() for sign in rest)


def tidy(text: str) -> str:
    """No form feeds, no space at line ends, no buttons of the platform, at most one empty line between paragraphs."""
    lines = [" ".join(line.split()) for line in text.replace("\f", "\n").split("\n")]
    lines = [line for line in lines if not is_furniture(line)]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept).strip()


def reads(tesseract: str) -> tuple[str, str]:
    """The languages to read, in Tesseract's form, and else the code of what is missing."""
    if not tesseract:
        return "", "no_tesseract"
    try:
        listed = subprocess.run([tesseract, "--list-langs"], capture_output=True, timeout=READ_SECONDS, check=False)  # noqa: S603 - our own arguments, no shell
    except (OSError, subprocess.TimeoutExpired):
        return "", "no_tesseract"
    here = listed.stdout.decode("utf-8", "replace").split()
    return ("", "no_dutch") if LANGUAGES[0] not in here else ("+".join(name for name in LANGUAGES if name in here), "")


# --- the process -----------------------------------------------------------------------------------------------------


def confine() -> None:
    """Limit what a decoder that is taken over could still do."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    if sys.platform == "linux":
        _without_network()


# Numbers of the system calls that open a connection or reach into another process: socket, io_uring_setup, ptrace,
# process_vm_readv, process_vm_writev, pidfd_getfd. With the kernel's name (AUDIT_ARCH_*) of the processor they hold for.
_CALLS = {
    "x86_64": (0xC000003E, (41, 425, 101, 310, 311, 438)),
    "aarch64": (0xC00000B7, (198, 425, 117, 270, 271, 438)),
}


def _without_network() -> None:
    """Refuse those calls for this process and its children, by a seccomp filter; elsewhere than on these processors, nothing."""
    if platform.machine() not in _CALLS:
        return
    machine, calls = _CALLS[platform.machine()]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06  # BPF: load a word; go on or jump when equal, when at least; return
    allow, refuse = 0x7FFF0000, 0x00050001  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EPERM
    last = 5 + len(calls)  # the step that refuses; a jump counts from the step behind it
    steps = [
        (load, 0, 0, 4),
        (equal, 0, last - 2, machine),
        (load, 0, 0, 0),
        (at_least, last - 4, 0, 0x40000000),  # x86's other numbering of the same calls
        *((equal, last - at, 0, call) for at, call in enumerate(calls, 5)),
        (give, 0, 0, allow),
        (give, 0, 0, refuse),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))

    program = Program(len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    libc.prctl(22, 2, ctypes.byref(program), 0, 0)  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def allow_time() -> None:
    """So much processor time for the picture that comes now, on top of what this process used before."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def answer(
    content: bytes, languages: str, missing: str, tesseract: str, *, wants_text: bool, boxes: Sequence[list[int]] = ()
) -> tuple[dict[str, Any], bytes]:
    """What a picture is: the parent's `Look` or `Refusal` as JSON, and the bytes to show."""
    try:
        media, picture = decoded(content)
        safe_media, safe = drawn_anew(covered(picture, boxes) if boxes else picture)
        text, unread = read(picture, tesseract, languages) if wants_text and languages else ("", missing if wants_text else "")
    except Refused as refused:
        return {"refused": str(refused)}, b""
    except MemoryError:
        return {"refused": "too_heavy"}, b""
    found = {"media": media, "width": picture.width, "height": picture.height, "safe_media": safe_media}
    return found | {"text": text, "unread": unread}, safe


def _frame(source: BinaryIO) -> bytes:
    """The next frame; raises EOFError at the end."""
    head = source.read(4)
    if len(head) < 4:
        raise EOFError
    return source.read(int.from_bytes(head, "big"))


def main(tesseract: str) -> None:
    """Answer until standard input ends. ``tesseract``: the program's path, empty when there is none."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up between the frames
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    confine()
    languages, missing = reads(tesseract)
    while True:
        try:
            asked, content = json.loads(_frame(source)), _frame(source)
        except EOFError:
            return
        allow_time()
        found, safe = answer(content, languages, missing, tesseract, wants_text=asked["read"], boxes=asked["boxes"])
        for frame in (json.dumps(found).encode(), safe):
            target.write(len(frame).to_bytes(4, "big") + frame)
        target.flush()


if __name__ == "__main__":
    main(sys.argv[1])
