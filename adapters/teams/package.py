"""The app package that `antenne teams package` writes: what an administrator uploads to Teams. It asks for the least that suffices.

No resource-specific consent at all: the bot hears what is said to it, by name or in a personal chat, and what **Modereer** is chosen on.
"""

import io
import json
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.commands import COMMANDS

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Json = dict[str, Any]
Translate = Callable[..., str]
SCHEMA = "1.30"
COMMAND = "modereer"  # the message action's id
COLOUR = "#1d4ed8"
RARE = frozenset({"topics", "roles"})  # Teams shows ten commands
LANGUAGES = ("nl", "en")


def package(app_id: str, domain: str, version: str, say: Callable[[str], Translate]) -> bytes:
    """The zip: manifest, its words in English, two icons. ``domain``: where this installation is reached from outside."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in (
            ("manifest.json", _json(manifest(app_id, domain, version, say("nl")))),
            ("en.json", _json(localisation(say("en")))),
            ("color.png", color_icon()),
            ("outline.png", outline_icon()),
        ):
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)  # the same package each time
    return out.getvalue()


def manifest(app_id: str, domain: str, version: str, t: Translate) -> Json:
    """The app's manifest in Dutch."""
    commands = _commands(t, "nl")
    site = f"https://{domain}/"
    return {
        "$schema": f"https://developer.microsoft.com/json-schemas/teams/v{SCHEMA}/MicrosoftTeams.schema.json",
        "manifestVersion": SCHEMA,
        "version": version,
        "id": app_id,
        "localizationInfo": {"defaultLanguageTag": "nl", "additionalLanguages": [{"languageTag": "en", "file": "en.json"}]},
        "developer": {"name": "Antenne", "websiteUrl": site, "privacyUrl": site, "termsOfUseUrl": site},
        "name": {"short": "Antenne", "full": t("teams.app_full")},
        "description": {"short": t("teams.app_short"), "full": t("teams.app_about")},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": COLOUR,
        "bots": [
            {
                "botId": app_id,
                "scopes": ["personal", "team"],
                "supportsFiles": True,
                "isNotificationOnly": False,
                "commandLists": [{"scopes": ["personal", "team"], "commands": commands}],
            }
        ],
        "composeExtensions": [
            {
                "botId": app_id,
                "commands": [
                    {
                        "id": COMMAND,
                        "type": "action",
                        "context": ["message"],
                        "title": "Modereer",
                        "description": t("teams.action_about"),
                        "fetchTask": True,
                    }
                ],
            }
        ],
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [domain],
        "defaultInstallScope": "personal",
        "supportedChannelTypes": ["privateChannels"],
        "supportsChannelFeatures": "tier1",
    }


def localisation(t: Translate) -> Json:
    """The words of the manifest in another language, by where they stand in it."""
    words = {
        "$schema": f"https://developer.microsoft.com/json-schemas/teams/v{SCHEMA}/MicrosoftTeams.Localization.schema.json",
        "name.short": "Antenne",
        "name.full": t("teams.app_full"),
        "description.short": t("teams.app_short"),
        "description.full": t("teams.app_about"),
        "composeExtensions[0].commands[0].title": "Modereer",
        "composeExtensions[0].commands[0].description": t("teams.action_about"),
    }
    for number, command in enumerate(_commands(t, "en")):
        words[f"bots[0].commandLists[0].commands[{number}].title"] = command["title"]
        words[f"bots[0].commandLists[0].commands[{number}].description"] = command["description"]
    return words


def _commands(t: Translate, language: str) -> list[Json]:
    """What can be typed, as Teams offers it: the ten that people need most; `hulp` names the others."""
    listed = [{"title": "moderate", "description": t("help.start")}]
    for command in COMMANDS:
        if " " in command.names[0] or command.names[-1] in RARE:
            continue
        name = command.names[0] if language == "nl" else command.names[-1]
        listed.append({"title": name, "description": t(command.help)})
    return listed


def color_icon() -> bytes:
    """192 × 192 points: waves around an aerial, white on blue."""
    return _icon(192, ground=COLOUR)


def outline_icon() -> bytes:
    """32 × 32 points: the same in white on nothing."""
    return _icon(32, ground=None)


def _icon(size: int, ground: str | None) -> bytes:
    from PIL import Image, ImageDraw

    large = size * 8  # drawn large and made small, so that its edges are smooth
    picture = Image.new("RGBA", (large, large), ground or (255, 255, 255, 0))
    _aerial(ImageDraw.Draw(picture), large)
    picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    if ground is None:  # white alone, more or less of it
        picture = Image.merge("RGBA", (*(Image.new("L", picture.size, 255) for _ in "rgb"), picture.getchannel("A")))
    out = io.BytesIO()
    picture.save(out, "png", optimize=True)
    return out.getvalue()


def _aerial(draw: "ImageDraw", large: int) -> None:
    white = (255, 255, 255, 255)
    middle, top, thick = large // 2, int(large * 0.42), int(large * 0.07)
    draw.line((middle, top, middle, int(large * 0.82)), fill=white, width=thick)
    draw.line((int(large * 0.36), int(large * 0.82), int(large * 0.64), int(large * 0.82)), fill=white, width=thick)
    dot = int(large * 0.075)
    draw.ellipse((middle - dot, top - dot, middle + dot, top + dot), fill=white)
    for reach in (0.19, 0.33):
        wide = int(large * reach)
        box = (middle - wide, top - wide, middle + wide, top + wide)
        draw.arc(box, -40, 40, fill=white, width=thick)
        draw.arc(box, 140, 220, fill=white, width=thick)


def _json(values: Json) -> str:
    return json.dumps(values, ensure_ascii=False, indent=2) + "\n"
