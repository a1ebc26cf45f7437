"""Pictures from outside: looked at, read and drawn anew in a child process (picture_child.py), so that a bad one harms nothing.

This file holds the parent's side: starting the child, talking with it, ending it. No decoder is imported here.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

MOST_BYTES = 10_000_000  # of one picture
SECONDS = 20.0  # on the wall, for one picture
REST = 60.0  # seconds without pictures after which the child is let go, with its memory
CHILD = Path(__file__).with_name("picture_child.py")


@dataclass(frozen=True, slots=True)
class Look:
    """A picture that was taken. ``media``, ``width`` and ``height`` (pixels, upright) are the original's.

    ``safe`` (of ``safe_media``: PNG, or JPEG for a photograph) is drawn anew for showing: at most 1600 px wide, no metadata.
    ``text`` was read from it; ``unread`` is empty or the code of why nothing could be read: ``no_tesseract``,
    ``no_dutch``, ``too_slow``.
    """

    media: str
    width: int
    height: int
    safe_media: str
    safe: bytes
    text: str
    unread: str = ""

    @property
    def unread_key(self) -> str:
        """The catalogue's key of what to install, or nothing."""
        return f"picture.{self.unread}" if self.unread else ""

    def __repr__(self) -> str:
        """Without the citizen's words."""
        return f"Look({self.media!r}, {self.width}x{self.height}, {len(self.text)} characters, unread={self.unread!r})"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A picture that was not taken.

    ``code``: empty, too_large, no_picture, document, heic, too_many_pixels, animated, damaged, too_heavy.
    """

    code: str

    @property
    def key(self) -> str:
        """The catalogue's key of the sentence that says what to do."""
        return f"picture.{self.code}"


class Pictures:
    """Looks at pictures one at a time, in one child process that starts when the first comes and again when it died.

    ``tesseract``: the program's path; ``None`` looks for it, empty does without.
    """

    def __init__(self, *, tesseract: str | None = None, seconds: float = SECONDS, rest: float = REST) -> None:
        self._tesseract = (which("tesseract") or "") if tesseract is None else tesseract
        self._seconds, self._rest = seconds, rest
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._bedtime: asyncio.TimerHandle | None = None

    async def look(self, content: bytes, *, read: bool = True, boxes: Sequence[tuple[int, int, int, int]] = ()) -> Look | Refusal:
        """What a picture is and says; ``read=False`` leaves the text, which takes most of the time.

        ``boxes`` are painted over in ``safe``: left, top, width, height in thousandths of the picture as it is shown."""
        if len(content) > MOST_BYTES:
            return Refusal("too_large")
        async with self._turn:
            self._stay_up()
            try:
                found, safe = await asyncio.wait_for(self._ask({"read": read, "boxes": list(boxes)}, content), self._seconds)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
                await self._end()
                return Refusal("too_heavy")
            except BaseException:  # cancelled between two frames: what comes next would be taken for another picture's answer
                await self._end()
                raise
            self._bedtime = asyncio.get_running_loop().call_later(self._rest, self._let_go)
        if "refused" in found:
            return Refusal(found["refused"])
        return Look(**found, safe=safe)

    async def close(self) -> None:
        """End the child."""
        async with self._turn:
            await self._end()

    async def _ask(self, asked: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        while True:
            child, fresh = await self._awake()
            assert child.stdin is not None  # both are pipes
            assert child.stdout is not None
            try:
                for frame in (json.dumps(asked).encode(), content):
                    child.stdin.write(len(frame).to_bytes(4, "big") + frame)
                    await child.stdin.drain()
            except ConnectionError:
                if fresh:
                    raise
                await self._end()  # it died while it had nothing to do, so not of this picture
                continue
            frames = []
            for _ in range(2):
                length = int.from_bytes(await child.stdout.readexactly(4), "big")
                frames.append(await child.stdout.readexactly(length))
            return json.loads(frames[0]), frames[1]

    async def _awake(self) -> tuple[asyncio.subprocess.Process, bool]:
        """The child, and whether it was started just now."""
        if self._child is not None and self._child.returncode is None:
            return self._child, False
        kept = {name: os.environ[name] for name in ("TESSDATA_PREFIX",) if name in os.environ}
        self._child = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(CHILD), self._tesseract,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1"} | kept, cwd="/", start_new_session=True,
        )  # fmt: skip
        return self._child, True

    async def _end(self) -> None:
        """Kill the child and what it started."""
        self._stay_up()
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
        if child.stdin is not None:
            child.stdin.close()

    def _let_go(self) -> None:
        """Nothing to do for a while: the end of its input ends the child."""
        child, self._child = self._child, None
        if child is not None and child.stdin is not None:
            child.stdin.close()

    def _stay_up(self) -> None:
        if self._bedtime is not None:
            self._bedtime.cancel()
            self._bedtime = None
