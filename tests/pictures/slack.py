"""Draws approved Slack payloads in a real browser, for the handbook: `python -m tests.pictures.slack`, after `npm ci` in tests/node."""

import subprocess
import tempfile
from pathlib import Path
from shutil import which

from playwright.sync_api import sync_playwright

from tests.approved import HERE
from tests.node import MODULES

IMAGES = Path(__file__).parents[2] / "docs" / "images"
# approved payload → picture, how wide (pixels), light or dark
PICTURES = {
    "slack/question_first_with_faq.nl": ("slack-vraag", 720, "light"),
    "slack/advice.nl": ("slack-kaart", 720, "light"),
    "slack/thread.nl": ("slack-draad", 720, "dark"),
    "slack/thread_decided.nl": ("slack-beslist", 420, "light"),
    "slack_more/home.nl": ("slack-start", 720, "light"),
    "slack_more/digest.nl": ("slack-week", 720, "dark"),
}


def main() -> None:
    """Write the pictures anew."""
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        for name, (picture, width, theme) in PICTURES.items():
            page = Path(folder) / f"{picture}.html"
            source = HERE / f"{name}.json"
            drawn = subprocess.run(["node", MODULES.parent / "draw_slack.mjs", theme, source], capture_output=True, check=True)
            page.write_bytes(drawn.stdout)
            tab = browser.new_page(viewport={"width": width, "height": 400}, device_scale_factor=1.5)
            tab.goto(page.as_uri())
            tab.screenshot(path=IMAGES / f"{picture}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
