"""Cards in a real browser with Microsoft's own renderer, in light, dark and high contrast; `python -m` draws them to be looked at:

    python -m tests.adapters.teams.draw_cards docs/images        # the handbook's
    python -m tests.adapters.teams.draw_cards --all var/cards    # every approved card

What it draws is near to Teams, which has its own style sheet. The renderer comes with `make test` (tests/node).
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.adapters.teams.stub import Json, channel_id
from tests.adapters.teams.town import find, open_town
from tests.approved import HERE
from tests.node import MODULES

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
#card { overflow-wrap: anywhere; max-width: 640px;
  background: %(ground)s; border: 1px solid %(line)s; border-radius: 8px; overflow: hidden }
button { background: %(button)s; color: %(ink)s; border: 1px solid %(line)s; border-radius: 4px; padding: 5px 12px; font: inherit;
  font-weight: 600; margin: 2px; max-width: 100%%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
input, textarea, select { background: %(ground)s; color: %(ink)s; border: 1px solid %(line)s; border-radius: 4px; padding: 6px;
  font: inherit; width: 100%%; box-sizing: border-box }
.ac-container[style*="background"] { border-radius: 4px }
</style><div id="card"></div>"""
DRAW = """(drawn) => {
  const card = new AdaptiveCards.AdaptiveCard();
  card.hostConfig = new AdaptiveCards.HostConfig(window.host);
  card.parse(drawn);
  const problems = card.validateProperties().validationEvents.map(one => one.message);
  document.getElementById("card").replaceChildren(card.render());
  return problems;
}"""
HANDBOOK = {"teams-vraag": "light", "teams-stappen": "light", "teams-draad": "dark", "teams-modereer": "light",
            "teams-weekoverzicht": "light"}  # fmt: skip
RENDERER = MODULES / "adaptivecards" / "dist" / "adaptivecards.js"


@asynccontextmanager
async def easel(browser: Browser, theme: str, width: int = 676) -> AsyncIterator[Page]:
    """A page on which `DRAW` draws cards in a theme, one after the other. Nothing else is reachable from it."""
    page = await browser.new_page(viewport={"width": width, "height": 400})
    try:
        await page.route("**/*", lambda route: route.abort())
        await page.set_content(PAGE % THEMES[theme])
        await page.add_script_tag(path=RENDERER)
        await page.evaluate("host => { window.host = host }", host_config(THEMES[theme]))
        yield page
    finally:
        await page.close()


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


def approved() -> dict[str, Json]:
    """Every card and dialog of the whole journey, as Teams is sent it, by name and language."""
    sent = {page.stem: json.loads(page.read_text(encoding="utf-8")) for page in sorted((HERE / "teams").glob("*.json"))}
    return {name: one["attachments"][0]["content"] if "attachments" in one else one for name, one in sent.items()}


async def cards() -> dict[str, Json]:
    """The main cards of a real case."""
    found: dict[str, Json] = {}

    def newest(place: Any, number: int = -1) -> Json:
        drawn: Json = town.messages(place)[number]["activity"]["attachments"][0]["content"]
        return drawn

    with tempfile.TemporaryDirectory() as folder:
        async with open_town(Path(folder)) as town:
            mine = town.cloud.personal("an")
            await town.write("an", "Die burgemeester moest men eens goed aanpakken. Lees https://voorbeeld.be maar.")
            found["teams-vraag"] = newest(mine, 0)
            for label in ("Negatief", "Haat of discriminatie", "Ja"):
                await town.press("an", find(town.chat_of("an"), label).handle)
            found["teams-stappen"] = newest(mine, 0)
            await town.settle(16)
            place = town.cloud.conversations[channel_id("communicatie")]
            found["teams-draad"] = newest(place, 0)
            payload = {"messagePayload": {"body": {"contentType": "html", "content": "<p>Wat een puinhoop is het hier!</p>"}}}
            asked = await town.invoke("an", "composeExtension/fetchTask", payload)
            found["teams-modereer"] = asked["task"]["value"]["card"]["content"]
            for question in (
                "Wanneer is het fietspad klaar?",
                "Is het fietspad af?",
                "Ligt het fietspad open?",
                "Wie veegt de stoep?",
            ):
                await town.write("karim", question)
                for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
                    await town.press("karim", find(town.chat_of("karim"), label).handle)
            await town.settle(16)
            town.time[0] = datetime(2026, 11, 23, 7, 31, tzinfo=UTC)
            await town.settle(1)
            week = [
                one for one in town.messages(town.cloud.conversations[channel_id("mobiliteit")]) if "Weekoverzicht" in str(one)
            ]
            found["teams-weekoverzicht"] = week[0]["activity"]["attachments"][0]["content"]
    return found


async def draw(found: dict[str, Json], out: Path, themes: Mapping[str, str]) -> None:
    """Write a picture of each card in the theme that the handbook has it in; of any other in each theme."""
    chromium = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme in THEMES:
            async with easel(browser, theme) as page:
                for name, drawn in found.items():
                    if themes.get(name, theme) == theme:
                        plain = json.dumps(drawn, ensure_ascii=False).replace("⛔", "⊘")  # which this machine's letters have
                        mentioned = json.loads(re.sub("</?at>", "", plain))  # Teams shows the name alone
                        print(name, theme, await page.evaluate(DRAW, mentioned))  # noqa: T201 - for who looks at them
                        file = f"{name}.png" if name in themes else f"{name}-{theme}.png"
                        await page.locator("#card").screenshot(path=out / file)
        await browser.close()


if __name__ == "__main__":
    everything = approved() if "--all" in sys.argv else asyncio.run(cards())
    folder = Path(sys.argv[-1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(draw(everything, folder, HANDBOOK))
