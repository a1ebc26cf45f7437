"""Approved files: what the product says, as text to read in a review; and how a test compares with them.

`ANTENNE_APPROVE=1 pytest tests/flows tests/journeys` writes what the product says now; look at the difference before you commit it.
"""

import difflib
import os
from pathlib import Path

HERE = Path(__file__).parent
APPROVING = os.environ.get("ANTENNE_APPROVE") == "1"


def agrees(name: str, now: str) -> None:
    """Compare ``now`` with the approved file ``name``, or write it when ANTENNE_APPROVE=1."""
    path = HERE / name
    if APPROVING:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(now, encoding="utf-8")
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    changes = list(difflib.unified_diff(before.splitlines(), now.splitlines(), "approved", "now", lineterm="", n=1))
    assert not changes, f"{name} differs; ANTENNE_APPROVE=1 approves it\n" + "\n".join(changes[:60])


def only(folder: str, names: set[str]) -> None:
    """No approved file is left of something that is gone."""
    left = {path.relative_to(HERE).as_posix() for path in (HERE / folder).glob("*.*")} - names
    if APPROVING:
        for name in left:
            (HERE / name).unlink()
        return
    assert not left, f"approved files of nothing: {sorted(left)}"
