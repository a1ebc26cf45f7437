"""Draws the main cards in a real browser with Microsoft's own renderer, in light, dark and high contrast, to be looked at.

    npm pack adaptivecards@3.0.5 && tar xzf adaptivecards-3.0.5.tgz
    python -m tests.adapters.teams.draw_cards package/dist/adaptivecards.js docs/images

The renderer is not kept here, and no test needs it. What it draws is near to Teams, which has its own style sheet.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from shutil import which
from typing import Any

from playwright.async_api import async_playwright

from tests.adapters.teams.stub import Json, channel_id, person_id
from tests.adapters.teams.town import find, open_town

THEMES: dict[str, dict[str, str]] = {
    "light": {"ground": "#ffffff", "ink": "#242424", "soft": "#616161", "box": "#f5f5f5", "line": "#d1d1d1", "button": "#ffffff",
              "good": "#e7f2da", "warning": "#fbf6d9", "attention": "#fcf4f6", "accent": "#e9eaf6"},
    "dark": {"ground": "#292929", "ink": "#ffffff", "soft": "#adadad", "box": "#1f1f1f", "line": "#666666", "button": "#292929",
             "good": "#0d2e0d", "warning": "#4a1e04", "attention": "#3f1011", "accent": "#2f2f4a"},
    "contrast": {"ground": "#000000", "ink": "#ffffff", "soft": "#ffffff", "box": "#000000", "line": "#ffffff", "button": "#000000",
                 "good": "#000000", "warning": "#000000", "attention": "#000000", "accent": "#000000"},
}  # fmt: skip
PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 16px; background: %(box)s; font: 14px "Segoe UI", "DejaVu Sans", sans-serif; color: %(ink)s }
#card { width: 640px; background: %(ground)s; border: 1px solid %(line)s; border-radius: 8px; overflow: hidden }
button { background: %(button)s; color: %(ink)s; border: 1px solid %(line)s; border-radius: 4px; padding: 5px 12px; font: inherit;
  font-weight: 600; margin: 2px }
input, textarea, select { background: %(ground)s; color: %(ink)s; border: 1px solid %(line)s; border-radius: 4px; padding: 6px;
  font: inherit; width: 100%%; box-sizing: border-box }
.ac-container[style*="background"] { border-radius: 4px }
</style><div id="card"></div>"""
DRAW = """([drawn, host]) => {
  const card = new AdaptiveCards.AdaptiveCard();
  card.hostConfig = new AdaptiveCards.HostConfig(host);
  card.parse(drawn);
  const problems = card.validateProperties().validationEvents.map(one => one.message);
  document.getElementById("card").append(card.render());
  return problems;
}"""


def host_config(theme: dict[str, str]) -> Json:
    """How the renderer is to draw, as Teams does."""
    colours = {
        name: {"default": theme["ink"], "subtle": theme["soft"]}
        for name in ("default", "dark", "light", "accent", "good", "warning", "attention")
    }
    styles = {
        name: {"backgroundColor": theme[shade], "foregroundColors": colours}
        for name, shade in (("default", "ground"), ("emphasis", "box"), ("good", "good"), ("warning", "warning"),
                            ("attention", "attention"), ("accent", "accent"))
    }  # fmt: skip
    return {
        "fontFamily": "Segoe UI, DejaVu Sans, sans-serif",
        "containerStyles": styles,
        "spacing": {"small": 6, "default": 8, "medium": 12, "large": 16, "extraLarge": 20, "padding": 12},
        "actions": {"maxActions": 6, "buttonSpacing": 6, "actionsOrientation": "horizontal", "actionAlignment": "left"},
        "supportsInteractivity": True,
    }


async def cards() -> dict[str, Json]:
    """The main cards of a real case."""
    found: dict[str, Json] = {}

    def newest(place: Any, number: int = -1) -> Json:
        drawn: Json = town.messages(place)[number]["activity"]["attachments"][0]["content"]
        return drawn

    with tempfile.TemporaryDirectory() as folder:
        async with open_town(Path(folder)) as town:
            mine = town.cloud.personal("an")
            await town.write(
                "an", "Die burgemeester moest men eens goed aanpakken. Zie https://evil.example @@ <at>Sofie Maes</at>"
            )
            found["teams-vraag"] = newest(mine, 0)
            for label in ("Negatief", "Haat of discriminatie", "Ja"):
                await town.press("an", find(town.chat_of("an"), label).handle)
            found["teams-stappen"] = newest(mine, 0)
            await town.settle(16)
            place = town.cloud.conversations[channel_id("communicatie")]
            found["teams-draad"] = newest(place, 0)
            head = town.messages(place)[0]["id"]
            await town.write("sofie", "Waar staat dit precies?", place=place, root=head)
            found["teams-antwoord"] = newest(mine)
            payload = {"messagePayload": {"body": {"contentType": "html", "content": "<p>Wat een puinhoop is het hier!</p>"}}}
            asked = await town.invoke("an", "composeExtension/fetchTask", payload)
            found["teams-modereer"] = asked["task"]["value"]["card"]["content"]
            assert person_id("an") in mine.id
    return found


async def draw(renderer: Path, out: Path) -> None:
    """Write a picture of each card in each theme."""
    chromium = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, drawn in (await cards()).items():
            for theme, colours in THEMES.items():
                page = await browser.new_page(viewport={"width": 676, "height": 400})
                await page.set_content(PAGE % colours)
                await page.add_script_tag(path=renderer)
                problems = await page.evaluate(DRAW, [drawn, host_config(colours)])
                print(name, theme, json.dumps(problems))  # noqa: T201 - for who looks at them
                await page.screenshot(path=out / f"{name}-{theme}.png", full_page=True)
                await page.close()
        await browser.close()


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1]), Path(sys.argv[2])))
