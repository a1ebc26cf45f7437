"""The command line: what each command prints, how it fails, and how quickly it is there."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pexpect
import pytest
from typer.testing import CliRunner, Result

from adapters.main import app, now, running
from bot.amendments import Address, Approve, Hold, Meet, note
from bot.organisation import Person, load_organisation
from bot.settings import SAMPLE, Settings
from flows.policy import Approved
from flows.tree import TREES

ROOT = Path(__file__).resolve().parents[2]
INSULT = ("Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh folder and no settings but the sample's."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ANTENNE_")]:
        monkeypatch.delenv(name)


def run(*words: str) -> Result:
    """What the command prints and its exit code."""
    return CliRunner().invoke(app, words, prog_name="antenne")


def walked(*words: str) -> dict[str, object]:
    """The advice as JSON."""
    result = run("walk", "lokaal-bestuur", *words, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


# walk


def test_walk_prints_what_the_interface_promises() -> None:
    """Exactly these keys, every step with kind and text, nothing left to fill in."""
    advice = walked(*INSULT)
    assert list(advice) == ["outcome", "disposition", "steps", "tells", "deadline", "records"]
    assert (advice["outcome"], advice["disposition"], advice["deadline"]) == ("gedragscode", "modereer", "24 h")
    assert advice["records"] == ["evidence", "strike", "signal"]
    steps = advice["steps"]
    assert isinstance(steps, list)
    for step in steps:
        assert list(step) == ["kind", "text"]
        assert step["text"]
        assert "{" not in step["text"]


def test_walk_follows_the_policy() -> None:
    """A setting given here changes the steps."""
    default = walked(*INSULT)["steps"]
    changed = walked(*INSULT, "--policy", "insult_visibility=show_then_remove")["steps"]
    assert default != changed
    assert "delete" in json.dumps(changed)


@pytest.mark.parametrize(
    "labels", [("negatief", "belediging", "ja_grof"), ("Negative", "insult"), ("  NEGATIEF ", INSULT[1], INSULT[2])]
)
def test_walk_knows_ids_and_both_languages(labels: Sequence[str]) -> None:
    """A choice's id, its Dutch or its English label, in any case."""
    result = run("walk", "lokaal-bestuur", *labels, "--json")
    assert result.exit_code in (0, 2)
    assert "Wat zie je" not in result.stderr


def test_walk_leaves_out_what_place_and_platform_do_not_allow() -> None:
    """No hiding in a private message or on others' page; deleting where a platform cannot hide."""
    assert "hide" not in kinds(*INSULT, "--place", "private")
    assert {"hide", "delete", "block"} & kinds("Bedreiging of mogelijk strafbaar", "--place", "external") == set()
    assert "hide" in kinds("Bedreiging of misdrijf", "--platform", "facebook")
    assert "hide" not in kinds("Bedreiging of misdrijf", "--platform", "linkedin")


def kinds(*words: str) -> set[str]:
    """The kinds of steps advised."""
    steps = walked(*words)["steps"]
    assert isinstance(steps, list)
    return {step["kind"] for step in steps}


def test_walk_takes_the_facts_of_a_case() -> None:
    """Ground, department, house rule, ticks and earlier strikes."""
    assert "equal_opportunities" not in str(walked(*INSULT)["tells"])
    assert "equal_opportunities" in str(walked(*INSULT, "--ground", "age")["tells"])
    assert "communications_lead" in str(walked(*INSULT, "--strikes", "1")["tells"])
    assert walked("Neutraal", "Melding", "--flag", "urgent")["deadline"] == "now"
    assert walked("Neutraal", "Melding", "--department", "mobiliteit")["deadline"] == "24 h"
    assert walked(*INSULT, "--house-rule", "nudity")["deadline"] == "now"


def test_walk_knows_the_time_of_a_house_rule() -> None:
    """A rule with its own waiting time says it in the steps and as the term."""
    advice = walked(*INSULT, "--house-rule", "quarrelling")
    assert advice["deadline"] == "12 h"
    assert "Kijk na 12 uur opnieuw" in json.dumps(advice["steps"])


def test_walk_reads_well_without_json() -> None:
    """Title, numbered steps, who is told; in the language asked for."""
    result = run("walk", "lokaal-bestuur", "Bedreiging of misdrijf")
    assert result.exit_code == 0
    assert "1." in result.stdout
    assert "101" in result.stdout
    assert "{" not in result.stdout
    english = run("walk", "lokaal-bestuur", "Bedreiging of misdrijf", "--language", "en")
    assert "Deadline" in english.stdout


def test_a_wrong_label_lists_the_possible_ones() -> None:
    """On standard error, with exit code 2 and nothing on standard output."""
    result = run("walk", "lokaal-bestuur", "Negatief", "Onzin")
    assert result.exit_code == 2
    assert "Onzin" in result.stderr
    assert INSULT[1] in result.stderr
    assert not result.stdout


def test_an_unfinished_walk_lists_what_can_follow() -> None:
    """Also when no answer is given yet."""
    for labels in ((), ("Negatief",)):
        result = run("walk", "lokaal-bestuur", *labels)
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) > 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Positief", "Nog iets"), "Nog iets"),
        (("Positief", "--policy", "insult_visibilty=remove_at_once"), "insult_visibility"),
        (("Positief", "--policy", "positive=maybe"), "like_and_thank"),
        (("Positief", "--policy", "positive"), "positive"),
        (("Positief", "--policy", "waiting_hours=soon"), "'waiting_hours' moet een geheel getal zijn"),
        (("Positief", "--policy", "strikes.block_at=99"), "'strikes.block_at' mag hoogstens 20 zijn"),
        (("Positief", "--policy", "strikes.block_at=0"), "strikes.block_at"),
        (("Positief", "--policy", "strikes=3"), "strikes"),
        (("Positief", "--ground", "shoe_size"), "pregnancy"),
        (("Positief", "--department", "nowhere"), "mobiliteit"),
        (("Positief", "--house-rule", "none"), "insult"),
        (("Positief", "--flag", "red"), "urgent"),
        (("Positief", "--place", "moon"), "own"),
        (("Positief", "--platform", "fax"), "facebook"),
        (("Positief", "--strikes", "-1"), "0"),
    ],
)
def test_walk_refuses_clearly(words: Sequence[str], said: str) -> None:
    """Exit code 2, what is wrong and what would be right, no traceback."""
    result = run("walk", "lokaal-bestuur", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_every_policy_setting_can_be_given() -> None:
    """Names with dots, numbers, switches, and the approval itself."""
    for change in (
        "strikes.block_at=5", "tag_asker=yes", "tag_asker=no", "response.acknowledge=12", "dm_auto_reply=Dag = hallo", "approved=yes",
        "approved=no", "digest.time=09:15", "political.party=leave",
    ):  # fmt: skip
        assert walked("Positief", "--policy", change)["outcome"] == "positief"


def test_walk_works_without_any_organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the policy is the default one, and links are said in words."""
    monkeypatch.setenv("ANTENNE_ORGANISATION", str(tmp_path / "none.yaml"))
    assert walked(*INSULT)["outcome"] == "gedragscode"


def test_an_unknown_tree_names_those_there_are() -> None:
    """A tree is a name or a folder."""
    result = run("walk", "nergens", "Negatief")
    assert result.exit_code != 0
    assert "lokaal-bestuur" in result.stderr
    assert run("walk", str(TREES / "lokaal-bestuur"), "Positief").exit_code == 0


# check


def test_check_finds_the_sample_in_order() -> None:
    """Exit code 0 and a sentence."""
    result = run("check")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "alles in orde"
    assert run("check", str(TREES / "lokaal-bestuur")).exit_code == 0
    assert run("check", str(TREES / "lokaal-bestuur" / "tree.yaml")).exit_code == 0


def test_check_warns_of_a_role_that_nobody_holds(tmp_path: Path) -> None:
    """A warning is no mistake: the communications lead stands in."""
    (tmp_path / "klein.yaml").write_text(
        "name: Klein\npeople: {an: {name: An}}\nroles: {moderator: {holders: [an]}, communications_lead: {holders: [an]}}\n",
        encoding="utf-8",
    )
    result = run("check", "klein.yaml")
    assert result.exit_code == 0
    assert "let op" in result.stdout
    assert "«" not in result.stdout


def test_check_prints_every_problem_with_its_line(tmp_path: Path) -> None:
    """file:line: what → what would be right, in the file's own language however broken it is, and exit code 1."""
    sample = SAMPLE.read_text(encoding="utf-8").replace("name:", "nmae:", 1)
    for language, right in {"nl": "bedoel je 'name'?", "en": "did you mean 'name'?"}.items():
        (tmp_path / "fout.yaml").write_text(sample.replace("language: nl", f"language: {language}"), encoding="utf-8")
        result = run("check", "fout.yaml")
        assert result.exit_code == 1
        lines = result.stdout.splitlines()
        assert all(re.match(r"fout\.yaml:\d+: .+ → .+", line) for line in lines)
        assert any(right in line for line in lines)
        assert "alles in orde" not in result.stdout


@pytest.mark.parametrize("name", ["er-is-niets.yaml", "leeg.yaml", "geen.yaml"])
def test_check_of_no_file_at_all(tmp_path: Path, name: str) -> None:
    """An absent, an empty and a broken file are problems like any other."""
    (tmp_path / "leeg.yaml").write_text("", encoding="utf-8")
    (tmp_path / "geen.yaml").write_text("name: [", encoding="utf-8")
    result = run("check", name)
    assert result.exit_code == 1
    assert name in result.output
    assert "Traceback" not in result.output


# draw


def test_draw_writes_both_files_and_names_them(tmp_path: Path) -> None:
    """Into the folder asked for, made when it is not there; the same bytes each time."""
    result = run("draw", "lokaal-bestuur", "--out", "muur/boom")
    assert result.exit_code == 0, result.output
    paths = [tmp_path / line for line in result.stdout.splitlines()]
    assert [path.suffix for path in paths] == [".mmd", ".svg"]
    before = [path.read_bytes() for path in paths]
    run("draw", "lokaal-bestuur", "--out", "muur/boom")
    assert [path.read_bytes() for path in paths] == before
    assert "Wat zie je in dit bericht" in paths[0].read_text(encoding="utf-8")


def test_draw_says_where_it_cannot_write(tmp_path: Path) -> None:
    """A file where a folder is asked for."""
    (tmp_path / "bestand").write_text("", encoding="utf-8")
    result = run("draw", "--out", "bestand")
    assert result.exit_code == 1
    assert "--out" in result.stderr


# db


def test_db_status_looks_and_migrate_does(tmp_path: Path) -> None:
    """Looking makes nothing; migrating makes the database once."""
    assert run("db", "status").exit_code == 0
    assert not (tmp_path / "var").exists()
    first, again = run("db", "migrate"), run("db", "migrate")
    assert first.exit_code == again.exit_code == 0
    assert first.stdout == again.stdout == run("db", "status").stdout


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://x:geheim@y/z", "sqlite:///"),
        ("onzin", "sqlite:///"),
        ("postgresql://x:geheim@127.0.0.1:1/z", "ANTENNE_DATABASE_URL"),
        ("sqlite:///map", ""),
        ("sqlite:///stuk.db", ""),
    ],
)
def test_a_database_that_cannot_be_used_is_told(url: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence without the password, exit code 1."""
    (tmp_path / "map").mkdir()
    (tmp_path / "stuk.db").write_bytes(b"geen database" * 500)
    monkeypatch.setenv("ANTENNE_DATABASE_URL", url)
    result = run("db", "migrate")
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "geheim" not in result.output


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the variable, one sentence."""
    monkeypatch.setenv("ANTENNE_PORT", "geheim")
    result = run("check")
    assert result.exit_code == 1
    assert "ANTENNE_PORT" in result.stderr
    assert "geheim" not in result.output


# chat


def talk(typed: str, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A whole process with `typed` on its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "adapters.main", "chat", *words],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **environment},
    )


def test_chat_can_be_piped_and_remembers(tmp_path: Path) -> None:
    """Two runs on one database: the second finds the case of the first. The log holds no word of the citizen."""
    first = talk("Wat een schandalige put!\nNegatief\nMening of kritiek\n", "--als", "an")
    assert first.returncode == 0, first.stderr
    assert "▌ Wat een schandalige put!" in first.stdout
    assert not first.stderr
    second = talk("/moderate zaak 1\n/stop\n", "--als", "an")
    assert "Zaak 1" in second.stdout
    assert "schandalige" not in (tmp_path / "var" / "antenne.log").read_text(encoding="utf-8")


def test_chat_takes_several_lines_between_marks() -> None:
    """A comment of more than one line can be scripted, and a wrong byte is no error."""
    run_ = talk('"""\nEerste regel\nTweede regel\n"""\n', "--als", "an")
    assert run_.returncode == 0, run_.stderr
    assert "▌ Tweede regel" in run_.stdout


def test_chat_ends_when_the_input_ends_inside_a_form() -> None:
    """Nothing hangs, nothing is half done."""
    assert talk("/moderate\n").returncode == 0


def test_chat_as_nobody_lists_the_people() -> None:
    """Exit code 2, one sentence."""
    nobody = talk("", "--als", "zzz")
    assert nobody.returncode == 2
    assert "karim" in nobody.stderr
    assert "Traceback" not in nobody.stderr


def test_chat_in_a_real_terminal() -> None:
    """Several pasted lines are one comment, the card changes in place, and Ctrl-D leaves."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "COLUMNS": "100",
        "LINES": "60",
    }
    child = pexpect.spawn(
        sys.executable,
        ["-m", "adapters.main", "chat", "--als", "an"],
        env=environment,
        dimensions=(60, 100),
        encoding="utf-8",
        timeout=30,
    )
    child.expect("An Peeters ›")
    child.send("\x1b[200~Wat een put!\r\nSchande.\x1b[201~")
    child.send("\r")
    child.expect(r"\x1b\[2J")  # the screen is cleared, the card drawn
    child.expect("Zaak 1")
    child.expect("Schande.")
    child.expect("An Peeters ›")
    child.send("negatief\r")
    child.expect(r"\x1b\[2J")
    child.expect("Wat maakt het negatief")
    child.expect("An Peeters ›")
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


# files that cannot be read


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        ("broken", "geen sleutelbestand"),
        ("open_to_others", "chmod 600"),
        ("unreadable", "kan niet gelezen worden"),
        ("unwritable", "kan niet geschreven worden"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_explained_in_dutch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str, says: str
) -> None:
    """Which file it is and what to do, whatever is wrong with it."""
    path = tmp_path / "secret.key"
    match problem:
        case "broken":
            path.write_text("{}")
            path.chmod(0o600)
        case "open_to_others":
            path.write_text("{}")
            path.chmod(0o644)
        case "unreadable":
            path = tmp_path / ("x" * 300)  # as a folder that may not be entered, also for root
        case _:
            (tmp_path / "file").write_text("")
            path = tmp_path / "file" / "secret.key"
    monkeypatch.setenv("ANTENNE_SECRET_KEY_FILE", str(path))
    result = run("digest")
    assert result.exit_code == 1
    assert says in " ".join(result.stderr.split())
    assert path.name[:20] in result.stderr


def test_settings_that_cannot_be_read_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.env` that is no text, and a secret's file that the bot's user may not read: named, never quoted."""
    (tmp_path / ".env").write_bytes(b"ANTENNE_DATABASE_URL=\xff\xfegeheim")
    monkeypatch.chdir(tmp_path)
    result = run("db", "status")
    assert result.exit_code == 1
    assert ".env" in result.stderr
    assert "geheim" not in result.stderr

    def denied() -> None:
        raise PermissionError(13, "Permission denied", "/run/secrets/antenne_database_url")

    monkeypatch.setattr("bot.settings.Settings", denied)
    result = run("db", "status")
    assert result.exit_code == 1
    assert "/run/secrets/antenne_database_url" in " ".join(result.stderr.split())


# how quickly: seconds are measured by `make bench`; here, that nothing is loaded that a command does not need


# What the bot uses for some events, and therefore loads at the first of them.
_LATER = {"alembic", "asyncpg", "holidays", "phonenumbers", "PIL", "slack_bolt", "snowballstemmer", "stdnum"}
_LATER |= {"sqlalchemy.dialects.postgresql", "redis"}


@pytest.mark.parametrize(
    ("words", "without"),
    [
        (("--help",), {"rich", "prompt_toolkit", "sqlalchemy", "alembic", "pydantic_settings"}),
        (("walk", "lokaal-bestuur", "Positief", "--json"), {"prompt_toolkit"} | _LATER),
        (("chat",), {"prompt_toolkit", "aiohttp", "adapters.web"} | _LATER),
        (("serve",), {"prompt_toolkit", "adapters.terminal"} | _LATER),
    ],
)
def test_a_command_loads_what_it_needs_and_no_more(words: Sequence[str], without: set[str]) -> None:
    """A quick start is a matter of imports; the database is made beforehand."""
    assert run("db", "migrate").exit_code == 0
    script = (
        "import sys\nfrom adapters.main import app\n"
        "if 'serve' in sys.argv:\n"
        "    import adapters.web.app\n"
        "    async def answers(*_, ready, **__): ready('http://127.0.0.1')\n"
        "    adapters.web.app.serve = answers\n"  # as the web chat that is asked to stop once it answers
        "try:\n    app(sys.argv[1:])\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        input="",
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert not without & set(done.stderr.split())


# directory


def test_the_directory_is_written_back_with_what_was_changed(tmp_path: Path) -> None:
    """The written file loads, is what runs, and once it is the file the changes in it are not made a second time."""
    first = run("directory", "export")
    assert first.exit_code == 0, first.output
    asyncio.run(_change(Hold(role="dpo", person="inge", on=True)))
    asyncio.run(_change(Hold(role="dpo", person="hilde", on=False)))
    asyncio.run(_change(Address(role="antenna", department="milieu", platform="local", address="#groen")))
    asyncio.run(_change(Meet(person="zoe", known=Person(name="Zoë D'Hondt", language="en", addresses={"slack": "U0ZOE"}))))
    approved = Approved(by="College", on=date(2026, 11, 2), review_on=date(2029, 11, 2))
    asyncio.run(_change(Approve(approved=approved)))
    result = run("directory", "export", "--out", "nieuw.yaml")
    assert result.exit_code == 0, result.output
    organisation, _ = load_organisation(tmp_path / "nieuw.yaml")
    assert organisation.roles["dpo"].holders == ("inge",)
    assert organisation.departments["milieu"].channel == {"local": "#groen"}
    assert organisation.departments["mobiliteit"].deputies == {"lies": "bert"}
    assert organisation.people["zoe"].addresses == {"slack": "U0ZOE"}
    assert organisation.policy.approved == approved
    assert organisation.directory == 5
    os.environ["ANTENNE_ORGANISATION"] = str(tmp_path / "nieuw.yaml")
    again = run("directory", "export")
    del os.environ["ANTENNE_ORGANISATION"]
    assert again.stdout == (tmp_path / "nieuw.yaml").read_text()


async def _change(change: Hold | Address | Meet | Approve) -> None:
    async with running(Settings(), chats={}) as antenne:
        await antenne.store.write(lambda conn: note(conn, "sofie", now(), change))
