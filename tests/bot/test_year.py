"""The simulated year, small."""

import os
import sys
from pathlib import Path

from tests.year import year


async def test_a_year_in_which_nothing_goes_silent_and_nothing_is_said_twice(tmp_path: Path) -> None:
    """Whatever happens: every escalation stands somewhere, is asked about to the end, and nobody is told twice."""
    wanted = int(os.environ.get("ANTENNE_YEAR_CASES", "20"))
    seen = await year(f"sqlite:///{tmp_path}/antenne.db", tmp_path, wanted, seed=20261121)
    sys.stdout.write(f"{seen}\n")
    assert seen.cases >= wanted / 3
    assert seen.escalations
    assert seen.unseen == []
    assert seen.doubled == []
