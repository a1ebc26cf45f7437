"""Keeps the help in README.md current: `make help-docs` writes it, tests/test_house.py compares."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- help:begin -->", "<!-- help:end -->"
# The width and the looks must not depend on who runs this. Read by Typer and by rich when they are imported.
PLAIN = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def helps() -> Iterator[str]:
    """What `antenne --help` prints, then the same for every command under it."""
    from typer.main import get_command
    from typer.testing import CliRunner

    from adapters.main import app

    def walk(command: object, words: list[str]) -> Iterator[str]:
        printed = CliRunner().invoke(app, [*words, "--help"], prog_name="antenne", env=PLAIN)
        lines = "\n".join(line.rstrip() for line in printed.output.strip("\n").splitlines())
        yield f"$ {' '.join(['antenne', *words, '--help'])}\n{lines}\n"
        for name, part in getattr(command, "commands", {}).items():
            if not part.hidden:
                yield from walk(part, [*words, name])

    return walk(get_command(app), [])


def with_help(readme: str) -> str:
    """The README with its block of help written anew. ValueError when a mark is missing."""
    before, block, rest = readme.partition(BEGIN)
    _, close, after = rest.partition(END)
    if not (block and close):
        raise ValueError(f"README.md needs the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n```text\n{chr(10).join(helps())}```\n{END}{after}"


if __name__ == "__main__":
    os.environ.update(PLAIN)
    written = README.read_text(encoding="utf-8")
    current = with_help(written)
    if "--check" in sys.argv:
        sys.exit(0 if current == written else "README.md shows an older help: run make help-docs")
    README.write_text(current, encoding="utf-8")
