"""The simulated year, small."""

import os
import sys
from pathlib import Path

import pytest

from tests.year import year


@pytest.mark.parametrize(("backend", "cases"), [("sqlite", 20), ("postgresql", 3)])
async def test_a_year_in_which_nothing_goes_silent_and_nothing_is_said_twice(
    backend: str, cases: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Whatever happens: every escalation stands somewhere, is asked about to the end, and nobody is told twice."""
    wanted = int(os.environ.get("ANTENNE_YEAR_CASES", cases))
    url = str(request.getfixturevalue("sqlite_url" if backend == "sqlite" else "postgres_url"))
    seen = await year(url, tmp_path, wanted, seed=20261121)
    sys.stdout.write(f"{backend}: {seen}\n")
    assert seen.cases >= wanted / 3
    assert seen.escalations
    assert seen.unseen == []
    assert seen.doubled == []
