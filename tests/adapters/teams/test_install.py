"""Installing: the app package, the check of the tenant, the command line."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from jsonschema import Draft4Validator
from PIL import Image
from typer.testing import CliRunner

from adapters.main import app
from adapters.teams.check import check
from adapters.teams.package import SCHEMA, package
from bot.sentences import sentences
from tests.adapters.teams.stub import APP, channel_id, person_id
from tests.adapters.teams.town import open_town

SCHEMAS = Path(__file__).parent / "schemas"


def opened() -> dict[str, bytes]:
    """The files of a package."""
    with zipfile.ZipFile(
        io.BytesIO(package(APP, "antenne.torenbeek.example", "1.0.0", lambda language: sentences(language).t))
    ) as found:
        return {name: found.read(name) for name in found.namelist()}


def wrong(schema: str, values: object) -> list[str]:
    """What the official schema says of it."""
    text = json.loads((SCHEMAS / f"teams-{schema}-{SCHEMA}.json").read_text(encoding="utf-8"))
    return [f"{list(error.absolute_path)} {error.message[:200]}" for error in Draft4Validator(text).iter_errors(values)]


def test_package_is_valid() -> None:
    """The manifest and its English words are valid for Microsoft's schemas, the icons as large as they must be; the same each time."""
    files = opened()
    assert set(files) == {"manifest.json", "en.json", "color.png", "outline.png"}
    manifest, english = json.loads(files["manifest.json"]), json.loads(files["en.json"])
    assert wrong("manifest", manifest) == []
    assert wrong("localization", english) == []
    assert wrong("manifest", manifest | {"id": "x"})
    for name, size in (("color.png", 192), ("outline.png", 32)):
        with Image.open(io.BytesIO(files[name])) as picture:
            assert picture.size == (size, size)
            seen = {
                pixel[:3]
                for _, pixel in picture.convert("RGBA").getcolors(size * size) or ()
                if isinstance(pixel, tuple) and pixel[3]
            }
            assert name == "color.png" or seen == {(255, 255, 255)}
    assert files == opened()


def test_package_asks_for_the_least() -> None:
    """No consent to read a team: only what is said to the bot, and the messages on which the action is chosen; every word is translated."""
    files = opened()
    manifest, english = json.loads(files["manifest.json"]), json.loads(files["en.json"])
    assert "authorization" not in manifest
    assert "webApplicationInfo" not in manifest
    (action,) = manifest["composeExtensions"][0]["commands"]
    assert (action["context"], action["fetchTask"]) == (["message"], True)
    titles = [one["title"] for one in manifest["bots"][0]["commandLists"][0]["commands"]]
    assert {"moderate", "faq", "signaal", "zaken", "zaak", "crisis", "hulp"} <= set(titles)
    for number in range(len(titles)):
        assert english[f"bots[0].commandLists[0].commands[{number}].title"]
    assert not [key for key in english if key.startswith("bots") and int(re.findall(r"commands\[(\d+)", key)[0]) >= len(titles)]


async def test_check_finds_nothing_wrong(tmp_path: Path) -> None:
    """In a tenant as it should be nothing is wrong."""
    async with open_town(tmp_path) as town:
        town.cloud.channel("communicatie").members[person_id("sofie")] = "user"
        found = await check(town.app.connector.settings, town.antenne.organisation)
        assert [item.text for item in found if item.wrong] == []
        assert APP in found[0].text


async def test_check_says_what_to_repair(tmp_path: Path) -> None:
    """Wrong credentials, channels without the bot or with guests, people without the app: each is named with what to do."""
    wrong_ids = {
        "people": {"tom": {"addresses": {"teams": "Tom@torenbeek.be"}}},
        "roles": {"moderation_team": {"channel": {"teams": "x"}}},
    }
    async with open_town(tmp_path, changes=wrong_ids) as town:
        settings = town.app.connector.settings
        town.cloud.conversations.pop(channel_id("communicatie"))
        town.cloud.channel("mobiliteit").members[person_id("inge")] = "guest"
        town.cloud.personal("an").installed = False
        said = "\n".join(item.text for item in await check(settings, town.antenne.organisation) if item.wrong)
        for part in (
            "schrijven naar An Peeters",
            "1 gasten",
            "Voeg de app toe aan dat team",
            "geen object-id",
            "geen id van Teams",
        ):
            assert part in said, part
        town.cloud.fail("member", status=500)
        assert "antwoordt niet" in "\n".join(item.text for item in await check(settings, town.antenne.organisation))
        town.cloud.refuse_login = True
        (refused,) = await check(settings, town.antenne.organisation)
        assert "ANTENNE_TEAMS__APP_PASSWORD" in refused.text
        settings.__dict__["openid_url"] = settings.__dict__["login_url"] = "http://127.0.0.1:9/x"
        (unreachable,) = await check(settings, town.antenne.organisation)
        assert "login.microsoftonline.com" in unreachable.text


def test_commands_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`antenne teams package` writes the zip or says what is wrong; `antenne check --teams` without settings says what to set."""
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(app, ["teams", "package", "--app-id", APP.upper(), "--domain", "Antenne.Torenbeek.example"])
    assert (made.exit_code, zipfile.is_zipfile("antenne-teams.zip")) == (0, True)
    for wrong_one in (["--app-id", "x", "--domain", "a.example"], ["--app-id", APP, "--domain", "https://a.example"]):
        assert CliRunner().invoke(app, ["teams", "package", *wrong_one]).exit_code == 2
    refused = CliRunner().invoke(app, ["check", "--teams"])
    assert refused.exit_code == 1
    assert "ANTENNE_TEAMS__APP_ID" in refused.output
