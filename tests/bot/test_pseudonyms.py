"""The key file is made once, kept safe, and gives every author one pseudonym."""

import base64
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pseudonyms import KeyFileProblem, Keys, digest, normal_handle, salt

ROOT = Path(__file__).parents[2]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """The keys of a first start."""
    return Keys.load(tmp_path / "var" / "secret.key")


def test_the_first_start_makes_a_private_file_and_the_next_one_reads_it(keys: Keys) -> None:
    """Folder and file appear, for the owner alone, in the documented form, and nothing lies beside it."""
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert [file.name for file in keys.path.parent.iterdir()] == ["secret.key"]
    raw = json.loads(keys.path.read_text())
    assert raw["current"] == 1
    assert len(base64.b64decode(raw["keys"]["1"])) == 32
    assert Keys.load(keys.path).pseudonym("x", "jan") == keys.pseudonym("x", "jan")


def test_a_pseudonym_is_short_versioned_and_tells_nothing(keys: Keys, tmp_path: Path) -> None:
    """Same author, same pseudonym; another platform, author or key, another one."""
    one = keys.pseudonym("facebook", "Jan.Peeters")
    assert one.startswith("v1:")
    assert len(one) == 3 + 32
    assert one == keys.pseudonym("Facebook", "https://www.facebook.com/janpeeters/posts/1")
    assert one != keys.pseudonym("instagram", "jan.peeters")
    assert one != keys.pseudonym("facebook", "jan.peters")
    assert one != Keys.load(tmp_path / "other.key").pseudonym("facebook", "Jan.Peeters")
    assert keys.all_versions("facebook", "janpeeters") == (one,)


def test_after_a_rotation_old_pseudonyms_are_still_found(keys: Keys) -> None:
    """A new key for new rows; look-ups try the current one first and every older one after it."""
    old = keys.pseudonym("x", "@jan")
    newer = keys.rotate().rotate()
    assert newer.current == 3
    assert Keys.load(keys.path) == newer
    found = newer.all_versions("x", "Jan")
    assert [one.split(":")[0] for one in found] == ["v3", "v2", "v1"]
    assert found[0] == newer.pseudonym("x", "jan")
    assert found[2] == old
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600


def test_no_key_is_shown_by_accident(keys: Keys) -> None:
    """Neither in the representation nor in an error."""
    assert "keys" not in repr(keys)
    assert str(keys.keys[1]) not in repr(keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(keys: Keys, mode: int) -> None:
    """The message names the file and the command that mends it."""
    keys.path.chmod(mode)
    with pytest.raises(KeyFileProblem, match="chmod 600") as refusal:
        Keys.load(keys.path)
    assert refusal.value.problem == "open_to_others"


KEY = base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "geheim",
        "[]",
        "\xff",
        '{"current": 1}',
        '{"current": 1, "keys": {}}',
        '{"current": 1, "keys": ["a"]}',
        '{"current": 1, "keys": {"1": "c2hvcnQ="}}',
        f'{{"current": 2, "keys": {{"1": "{KEY}"}}}}',
        f'{{"current": "1", "keys": {{"1": "{KEY}"}}}}',
        f'{{"current": 1, "keys": {{"1": "{KEY}"}}, "more": 1}}',
        f'{{"current": 1, "keys": {{"1": "{KEY}!"}}}}',
        f'{{"current": 0, "keys": {{"0": "{KEY}"}}}}',
    ],
)
def test_a_broken_file_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    """Never overwritten (the old keys may be in a backup), and its content is not in the message."""
    path = tmp_path / "secret.key"
    path.write_text(content, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(KeyFileProblem, match="backup") as refusal:
        Keys.load(path)
    assert refusal.value.problem == "broken"
    assert KEY not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
    assert path.read_text(encoding="latin-1") == content


def test_a_place_that_cannot_hold_the_file_is_named(tmp_path: Path) -> None:
    """A file where the folder should be, a folder where the file should be: an answer, not a trace."""
    (tmp_path / "var").write_text("")
    with pytest.raises(KeyFileProblem, match="cannot be written") as refusal:
        Keys.load(tmp_path / "var" / "secret.key")
    assert refusal.value.problem == "unwritable"
    with pytest.raises(KeyFileProblem, match="cannot be read") as refusal:
        Keys.load(tmp_path)
    assert refusal.value.problem == "unreadable"


def test_two_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    """Whoever is first makes the file; all others, at the very same moment, read it."""
    path = tmp_path / "new" / "secret.key"
    script = (
        "import sys; from pathlib import Path; from bot.pseudonyms import Keys; print('ready', flush=True); "
        "sys.stdin.readline(); print(Keys.load(Path(sys.argv[1])).pseudonym('x', 'jan'))"
    )
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(6)
    ]
    for process in starts:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in starts:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=30)[0].strip() for process in starts]
    assert all(one.startswith("v1:") for one in said)
    assert len(set(said)) == 1
    assert [file.name for file in path.parent.iterdir()] == ["secret.key"]


@pytest.mark.parametrize(
    ("platform", "handle", "name"),
    [
        ("x", "@JanP", "janp"),
        ("x", "https://x.com/JanP/status/12", "janp"),
        ("x", "jan_p", "jan_p"),
        ("facebook", "Jan.Peeters.5", "janpeeters5"),
        ("facebook", "Jan  A. Peeters", "jan a. peeters"),
        ("facebook", "https://www.facebook.com/profile.php?id=1000123&sk=about", "1000123"),
        ("facebook", "facebook.com/people/Jan-Peeters/6155/", "6155"),
        ("instagram", "https://instagram.com/jan.peeters/", "jan.peeters"),
        ("tiktok", "https://www.tiktok.com/@Jan.P", "jan.p"),
        ("linkedin", "https://be.linkedin.com/in/jan-pe%C3%ABters-1a2/", "jan-peëters-1a2"),
        ("youtube", "https://youtube.com/channel/UCabc/videos", "ucabc"),
        ("youtube", "https://youtube.com/@JanP", "janp"),
        ("whatsapp", "0470 12 34 56", "+32470123456"),
        ("whatsapp", "https://wa.me/32470123456", "+32470123456"),
        ("whatsapp", "+32 470/12.34.56", "+32470123456"),
        ("whatsapp", "Buurvrouw", "buurvrouw"),
        ("website", "Ｊａｎ\u200b Peeters ", "jan peeters"),
        ("other", "STRASSE", "strasse"),
        ("other", "Straße", "strasse"),
        ("x", " @ ", ""),
    ],
)
def test_one_spelling_per_author(platform: str, handle: str, name: str) -> None:
    """Signs, links, widths and case that the platform does not see make no other author."""
    assert normal_handle(platform, handle) == name


@given(
    st.sampled_from(["facebook", "instagram", "x", "linkedin", "tiktok", "youtube", "whatsapp", "website", "other"]),
    st.one_of(
        st.text(st.characters(exclude_categories=())),
        st.text("@./ aA1:?=İſﬁ\u200b").map(lambda t: f"facebook.com/{t}"),
    ),
)
def test_any_handle_is_normal_after_one_time(platform: str, handle: str) -> None:
    """Whatever was typed: no error, and what was stored is found again."""
    name = normal_handle(platform, handle)
    assert normal_handle(platform, name) == name


def test_an_empty_handle_has_no_pseudonym(keys: Keys) -> None:
    """Nothing must not look like an author."""
    with pytest.raises(ValueError, match="empty handle"):
        keys.pseudonym("x", "@")


def test_digest() -> None:
    """Salted: equal for the same salt and text only, for any text."""
    grain = salt()
    assert len(grain) == 16
    assert digest(grain, "tekst") == digest(grain, "tekst")
    assert digest(grain, "tekst") != digest(salt(), "tekst")
    assert digest(grain, "tekst") != digest(grain, "tekst ")
    assert len(digest(grain, "\ud800")) == 64
