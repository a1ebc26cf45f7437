"""Installing: the manifest, the check of the workspace, the settings."""

import asyncio
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr
from structlog.testing import capture_logs
from typer.testing import CliRunner

from adapters.main import app
from adapters.slack.app import SlackApp
from adapters.slack.check import check
from adapters.slack.manifest import SCOPES, manifest
from bot.organisation import load_organisation
from bot.sentences import sentences
from bot.settings import Settings
from tests.adapters.slack.stub import APP_TOKEN, BOT
from tests.adapters.slack.stub import SCOPES as HELD
from tests.adapters.slack.town import AN, KARIM, LEAD, LIES, ROADS, SOFIE, TEAM_ROOM, open_town, until


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("way", ["http", "socket"])
def test_manifest(language: str, way: str) -> None:
    """The manifest is YAML that Slack reads: within its limits, every scope explained, addresses only for HTTP."""
    text = manifest(sentences(language).t, "http" if way == "http" else "socket", "https://bot.example/")
    found = yaml.safe_load(text)
    assert found["settings"]["socket_mode_enabled"] is (way == "socket")
    assert ("https://bot.example/slack/events" in text) is (way == "http")
    assert found["oauth_config"]["scopes"]["bot"] == [scope for scope, _ in SCOPES]
    assert set(HELD.split(",")) == {scope for scope, _ in SCOPES}
    assert len(found["display_information"]["description"]) <= 140
    assert all(len(item["name"]) <= 24 for item in found["features"]["shortcuts"])
    for line in text.partition("    bot:\n")[2].splitlines()[: len(SCOPES)]:
        assert line.partition("#")[2].strip(), line


async def test_check_finds_nothing_wrong(tmp_path: Path) -> None:
    """In a workspace as it should be nothing is wrong."""
    async with open_town(tmp_path, "socket") as town:
        town.slack.channels[LEAD].members = {BOT, SOFIE}
        town.slack.channels[ROADS].members = {BOT, LIES}
        town.slack.channels[TEAM_ROOM].members = {BOT, AN, KARIM}
        town.slack.users["U0INGE0000"].pop("is_restricted")
        found = await check(town.app.settings, town.antenne.organisation)
        assert [item.text for item in found if item.wrong] == []


async def test_check_says_what_to_repair(tmp_path: Path) -> None:
    """Missing scopes, bad channels and people who may not act are each named with what to do."""
    async with open_town(tmp_path) as town:
        organisation, _ = load_organisation(tmp_path / "organisation.yaml")
        town.slack.scopes = "chat:write,commands"
        town.slack.users[AN]["deleted"] = True
        del town.slack.users[SOFIE]
        town.slack.channels[ROADS].members.discard(BOT)
        lead = town.slack.channels[LEAD]
        town.slack.channels[TEAM_ROOM].members.discard(KARIM)
        lead.private, lead.shared, lead.archived = False, True, True
        said = "\n".join(item.text for item in await check(town.app.settings, organisation) if item.wrong)
        for part in (
            "users:read",
            "An Peeters is uitgeschakeld",
            "kent Sofie Maes",
            "/invite @Antenne",
            "openbaar",
            "gedeeld",
            "gearchiveerd",
            "is een gast",
            "Karim El Amrani zit niet in het kanaal van Moderator",
        ):
            assert part in said, part
        town.slack.tokens.clear()
        assert "ANTENNE_SLACK__BOT_TOKEN" in (await check(town.app.settings, organisation))[0].text


async def test_start_waits_for_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a token that Slack refuses the bot starts all the same, says once what is wrong, and connects when it is repaired."""
    monkeypatch.setattr("adapters.slack.socket.AGAIN", 0.02)
    async with open_town(tmp_path) as town:
        town.slack.app_tokens.clear()
        again = SlackApp(town.antenne, town.app.settings.model_copy(update={"app_token": SecretStr(APP_TOKEN)}))
        with capture_logs() as said:
            async with asyncio.timeout(5), again.listening():
                await until(lambda: sum(name == "apps.connections.open" for name, _ in town.slack.calls) > 2)
                town.slack.app_tokens.add(APP_TOKEN)
                await until(lambda: town.slack.sockets)
        await again.close()
        assert [(line["event"], line["code"]) for line in said] == [
            ("slack_socket", "invalid_auth"),
            ("slack_socket", "connected"),
        ]


def test_settings_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The four names are read, and no secret is ever printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("BOT_TOKEN", "APP_TOKEN", "SIGNING_SECRET"):
        monkeypatch.setenv(f"ANTENNE_SLACK__{name}", f"hidden-{name}")
    settings = Settings()
    assert settings.slack is not None
    assert settings.slack.bot_token == SecretStr("hidden-BOT_TOKEN")
    assert settings.slack.api_url.get_secret_value() == "https://slack.com/api/"
    assert "hidden" not in repr(settings)


def test_commands_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`antenne slack manifest` prints it; `antenne check --slack` without a token says what to set."""
    monkeypatch.chdir(tmp_path)
    printed = CliRunner().invoke(app, ["slack", "manifest", "--address", "https://bot.example"])
    assert (printed.exit_code, yaml.safe_load(printed.output)["features"]["slash_commands"][0]["command"]) == (0, "/moderate")
    refused = CliRunner().invoke(app, ["check", "--slack"])
    assert refused.exit_code == 1
    assert "ANTENNE_SLACK__BOT_TOKEN" in refused.output
