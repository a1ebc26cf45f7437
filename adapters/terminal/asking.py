"""Where what is typed comes from: a person at a keyboard, or the lines of a script."""

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.text import Text as Line

from adapters.terminal.render import inert

CANCEL, CLEAR, FENCE = ".", "-", '"""'


class Ask(Protocol):
    """Where a typed or pasted answer comes from."""

    async def __call__(self, prompt: str, default: str = "") -> str | None:
        """What was entered, which may be several lines; `None` when nothing more will come."""
        ...

    async def aside(self, say: Callable[[], None]) -> None:
        """Print something while a question stands open."""
        ...


class Keyboard:
    """A person at a terminal: editing, history, and pasting of several lines at once."""

    def __init__(self) -> None:
        from prompt_toolkit import PromptSession

        self._session: PromptSession[str] = PromptSession()

    async def __call__(self, prompt: str, default: str = "") -> str | None:
        try:
            return await self._session.prompt_async(prompt, default=default)
        except KeyboardInterrupt:  # Ctrl-C leaves a form, and an empty line as it is
            return CANCEL
        except EOFError:
            return None

    async def aside(self, say: Callable[[], None]) -> None:
        from prompt_toolkit.application import run_in_terminal

        await run_in_terminal(say)


class Lines:
    """A script or a pipe: a line is an answer; lines between two lines of three quotation marks are one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._ended = False
        loop = asyncio.get_running_loop()

        def read() -> None:  # a thread of its own, so that leaving never waits for a line that does not come
            for line in sys.stdin:
                loop.call_soon_threadsafe(self._lines.put_nowait, line.rstrip("\r\n"))
            loop.call_soon_threadsafe(self._lines.put_nowait, None)

        threading.Thread(target=read, daemon=True).start()

    async def __call__(self, prompt: str, default: str = "") -> str | None:
        line = await self._next()
        if line is not None and line.strip() == FENCE:
            gathered: list[str] = []
            while (line := await self._next()) is not None and line.strip() != FENCE:
                gathered.append(line)
            line = "\n".join(gathered)
        self._console.print(Line.assemble(Line(prompt, "bold"), inert(line or "")), soft_wrap=True)
        return line or (line if line is None else default)

    async def aside(self, say: Callable[[], None]) -> None:
        say()

    async def _next(self) -> str | None:
        line = None if self._ended else await self._lines.get()
        self._ended = line is None
        return line
