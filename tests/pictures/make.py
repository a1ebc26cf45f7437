"""Screenshots of comments, drawn for measuring: invented texts in frames like those of the platforms, through Chromium or Pillow.

Half of them are for tuning, with other texts, fonts and sizes than the half for testing.
"""

import asyncio
import io
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from random import Random
from shutil import which
from typing import Literal

import yaml
from PIL import Image, ImageDraw, ImageFont

Half = Literal["tune", "test"]
HERE = Path(__file__).parent
FAMILIES: dict[Half, tuple[str, ...]] = {
    "tune": ("DejaVu Sans", "Liberation Sans", "Roboto", "Lato"),
    "test": ("DejaVu Sans Condensed", "Inter", "Open Sans", "Noto Sans", "Cantarell", "DejaVu Serif"),
}
SIZES: dict[Half, tuple[int, ...]] = {"tune": (13, 15, 16), "test": (14, 15, 17)}  # CSS pixels
SCALES: dict[Half, tuple[float, ...]] = {"tune": (1, 2, 3), "test": (1, 1.5, 2, 2.625)}
WIDTHS: dict[Half, tuple[int, ...]] = {"tune": (390, 560, 680), "test": (360, 412, 600)}  # CSS pixels
PLACES = ("facebook", "instagram", "x", "whatsapp", "thread")
SENT = ("png", "png", "jpeg", "shrunk")  # as it was made, or as it arrives after being passed on


@dataclass(frozen=True, slots=True)
class Shot:
    """One screenshot to draw. ``size`` and ``width`` in CSS pixels, ``scale`` in screen pixels for each."""

    name: str
    text: str
    place: str
    dark: bool
    family: str
    size: int
    width: int
    scale: float
    sent: str


@cache
def comments() -> tuple[tuple[str, str], ...]:
    """(name, text) of every invented comment."""
    rows = yaml.safe_load((HERE / "comments.yaml").read_text(encoding="utf-8"))
    return tuple((str(name), str(text)) for name, text in rows)


@cache
def families() -> frozenset[str]:
    """The font families of this machine."""
    if which("fc-list") is None:
        return frozenset()
    listed = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=True).stdout
    return frozenset(name for line in listed.splitlines() for name in line.split(","))


def shots(half: Half) -> tuple[Shot, ...]:
    """What to draw: every other comment twice, in frames, fonts, sizes and scales of its half, always the same ones."""
    here = [name for name in FAMILIES[half] if name in families()] or ["DejaVu Sans"]
    pick = Random(half)
    return tuple(
        Shot(
            name, text, pick.choice(PLACES), pick.random() < 0.4, here[at % len(here)], pick.choice(SIZES[half]),
            pick.choice(WIDTHS[half]), pick.choice(SCALES[half]), pick.choice(SENT),
        )
        for at, (name, text) in enumerate(comments()[half == "test" :: 2] * 2)
    )  # fmt: skip


# --- through Chromium ------------------------------------------------------------------------------------------------

_COLOURS = {  # page, bubble, letters, small letters, links
    ("facebook", False): ("#ffffff", "#f0f2f5", "#050505", "#65676b", "#0064d1"),
    ("facebook", True): ("#242526", "#3a3b3c", "#e4e6eb", "#b0b3b8", "#4599ff"),
    ("instagram", False): ("#ffffff", "#ffffff", "#262626", "#8e8e8e", "#00376b"),
    ("instagram", True): ("#000000", "#000000", "#fafafa", "#a8a8a8", "#e0f1ff"),
    ("x", False): ("#ffffff", "#ffffff", "#0f1419", "#536471", "#1d9bf0"),
    ("whatsapp", False): ("#efeae2", "#d9fdd3", "#111b21", "#667781", "#027eb5"),
    ("whatsapp", True): ("#0b141a", "#005c4b", "#e9edef", "#a9c3bd", "#53bdeb"),
    ("x", True): ("#000000", "#000000", "#e7e9ea", "#71767b", "#1d9bf0"),
}


def html(shot: Shot) -> str:
    """The page of one screenshot."""
    page, bubble, ink, small, link = _COLOURS["facebook" if shot.place == "thread" else shot.place, shot.dark]
    words = " ".join(
        f'<span style="color:{link}">{escape(word)}</span>' if word.startswith("@") else escape(word)
        for word in shot.text.split()
    )
    name = escape(shot.name)
    handle = "@" + "".join(shot.name.lower().split())[:14]
    match shot.place:
        case "facebook":
            body = (
                f'<div class="b"><b>{name}</b><div>{words}</div></div><small>2 u &nbsp; Vind ik leuk &nbsp; Beantwoorden</small>'
            )
        case "thread":
            body = f"""<div class="b"><b>Gemeente Torenbeek</b><div>Vanaf maandag werken we aan de riolering van de Dorpsstraat. Het
                verkeer rijdt om via de ring.</div></div><small>1 d &nbsp; Vind ik leuk &nbsp; Beantwoorden</small>
                <div class="b"><b>{name}</b><div>{words}</div></div><small>2 u &nbsp; Vind ik leuk &nbsp; Beantwoorden &nbsp; 3</small>
                <div class="b"><b>Nadia Peters</b><div>Helemaal mee eens, en dat al voor het derde jaar op rij.</div></div>
                <small>45 min &nbsp; Vind ik leuk &nbsp; Beantwoorden</small>"""
        case "whatsapp":
            body = f'<div class="b"><div>{words}</div><small style="text-align: right; padding: 0">14:07 ✓✓</small></div>'
        case "instagram":
            body = f"<div><b>{handle[1:]}</b> {words}</div><small>4 u &nbsp; 12 vind-ik-leuks &nbsp; Beantwoorden</small>"
        case _:
            body = (
                f"<div><b>{name}</b> <i>{handle} · 3u</i></div><div>{words}</div><small>4 &nbsp; 1 &nbsp; 27 &nbsp; 1,2K</small>"
            )
    return f"""<!doctype html><meta charset="utf-8"><style>
        body {{ margin: 0; background: {page}; color: {ink}; font: {shot.size}px/1.34 "{shot.family}", "Noto Color Emoji"; }}
        main {{ display: flex; gap: 8px; padding: 12px; }}
        .a {{ flex: none; width: 34px; height: 34px; border-radius: 50%; background:
            radial-gradient(circle at 50% 105%, #38507a 34%, #0000 36%), radial-gradient(circle at 41% 40%, #222 5%, #0000 6%),
            radial-gradient(circle at 59% 40%, #222 5%, #0000 6%), radial-gradient(circle at 50% 44%, #e3b08f 27%, #0000 28%),
            radial-gradient(circle at 50% 32%, #4a2f1d 30%, #0000 31%), linear-gradient(135deg, #8fb7c9, #e8d9a8 60%, #6c8f5e); }}
        .b {{ background: {bubble}; border-radius: 18px; padding: 8px 12px; }}
        b {{ font-weight: 600; }} small, i {{ color: {small}; font-style: normal; }}
        small {{ display: block; padding: 4px 12px; font-size: .8em; font-weight: 600; }}
        </style><main><div class="a"></div><div>{body}</div></main>"""


async def through_chromium(wanted: tuple[Shot, ...]) -> AsyncIterator[tuple[Shot, bytes]]:
    """Each screenshot as PNG bytes, as a browser draws it."""
    from playwright.async_api import async_playwright

    program = which("chromium") or which("chromium-browser") or which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for shot in wanted:
            page = await browser.new_page(viewport={"width": shot.width, "height": 200}, device_scale_factor=shot.scale)
            await page.set_content(html(shot))
            yield shot, passed_on(await page.locator("main").screenshot(), shot.sent)
            await page.close()
        await browser.close()


def passed_on(content: bytes, sent: str) -> bytes:
    """The screenshot after a chat app made it smaller or a JPEG of it."""
    if sent == "png":
        return content
    out = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        if sent == "shrunk" and picture.width > 700:
            picture.resize((picture.width * 3 // 4, picture.height * 3 // 4), Image.Resampling.BILINEAR).save(out, "PNG")
        else:
            picture.convert("RGB").save(out, "JPEG", quality=60)
    return out.getvalue()


# --- through Pillow --------------------------------------------------------------------------------------------------


def with_pillow(shot: Shot) -> bytes:
    """One screenshot as PNG bytes, plainer than a browser's, for where there is none."""
    page, bubble, ink, small, _ = _COLOURS["facebook" if shot.place == "thread" else shot.place, shot.dark]
    pixels = round(shot.size * shot.scale)
    face = (
        "DejaVuSerif.ttf"
        if "Serif" in shot.family
        else "DejaVuSansCondensed.ttf"
        if "Condensed" in shot.family
        else "DejaVuSans.ttf"
    )
    font = ImageFont.truetype(face, pixels)
    width = round(shot.width * shot.scale)
    lines = list(_lines(shot.text, font, width - 8 * pixels))
    picture = Image.new("RGB", (width, round((len(lines) + 4.5) * pixels * 1.34)), page)
    draw = ImageDraw.Draw(picture)
    left, step = 4 * pixels, round(1.34 * pixels)
    draw.rounded_rectangle((left - pixels, pixels // 2, width - pixels, step * (len(lines) + 2)), pixels, bubble)
    draw.ellipse((pixels // 2, pixels, pixels * 5 // 2, pixels * 3), "#5b7fa6")
    for at, line in enumerate((shot.name, *lines)):
        draw.text((left, pixels + at * step), line, ink, font)
    draw.text(
        (left, pixels // 2 + (len(lines) + 2) * step),
        "2 u   Vind ik leuk   Beantwoorden",
        small,
        font.font_variant(size=pixels * 0.8),
    )
    out = io.BytesIO()
    picture.save(out, "PNG")
    return passed_on(out.getvalue(), shot.sent)


def _lines(text: str, font: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


async def draw(wanted: tuple[Shot, ...]) -> AsyncIterator[tuple[Shot, bytes]]:
    """Each screenshot as PNG bytes, by the best means there are."""
    if any(map(which, ("chromium", "chromium-browser", "google-chrome"))):
        async for drawn in through_chromium(wanted):
            yield drawn
    else:
        for shot in wanted:
            yield shot, await asyncio.to_thread(with_pillow, shot)
