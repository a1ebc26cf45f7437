"""How well and how quickly screenshots are read: the share of wrong characters in the comment's own text, and seconds.

`python -m tests.pictures.measure` prints it, for both halves.
"""

import asyncio
import json
import sys
import time
import unicodedata
from typing import Any

import regex

from adapters.pictures import Look, Pictures
from tests.pictures.make import Half, Shot, draw, shots


def plain(text: str) -> str:
    """As compared: no emoji (Tesseract has none), one kind of quote and space."""
    text = unicodedata.normalize("NFC", text).translate(str.maketrans("’‘“”", "''\"\""))
    return " ".join(regex.sub(r"[\p{Extended_Pictographic}\ufe0f\u200d--[0-9#*©®™]]", "", text, flags=regex.V1).split())


def errors(body: str, read: str) -> int:
    """The fewest characters to insert, delete or replace so that ``body`` stands somewhere in ``read``."""
    row = [0] * (len(read) + 1)  # a free beginning: it may start anywhere
    for at, wanted in enumerate(body, 1):
        above, row[0] = row[0], at
        for column, found in enumerate(read, 1):
            above, row[column] = row[column], min(above + (wanted != found), row[column] + 1, row[column - 1] + 1)
    return min(row)


async def of_half(half: Half, pictures: Pictures, every: int = 1) -> tuple[list[tuple[Shot, int, int, str]], list[float]]:
    """For each shot (itself, errors, characters, what was read), and the seconds of each."""
    found, seconds = [], []
    async for shot, content in draw(shots(half)[::every]):
        began = time.perf_counter()
        look = await pictures.look(content)
        seconds.append(time.perf_counter() - began)
        assert isinstance(look, Look), look
        body, read = plain(shot.text), plain(look.text)
        found.append((shot, errors(body, read), len(body), look.text))
    return found, seconds


async def measure(quick: bool = False) -> dict[str, Any]:
    """Body CER (share, 0 to 1) of the half for testing and, unless ``quick``, of the half for tuning; p95 of seconds a picture."""
    pictures = Pictures()
    result: dict[str, Any] = {}
    times: list[float] = []
    try:
        halves: tuple[Half, ...] = ("test",) if quick else ("tune", "test")
        for half in halves:
            found, seconds = await of_half(half, pictures, 8 if quick else 1)
            result[f"{half}_cer"] = round(sum(row[1] for row in found) / sum(row[2] for row in found), 4)
            result[f"{half}_pictures"] = len(found)
            result[f"{half}_without_error"] = sum(row[1] == 0 for row in found)
            times += seconds
    finally:
        await pictures.close()
    times.sort()
    return result | {"p50_seconds": round(times[len(times) // 2], 3), "p95_seconds": round(times[int(len(times) * 0.95)], 3)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(measure("--quick" in sys.argv)), indent=2) + "\n")
