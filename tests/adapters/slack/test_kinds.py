"""Every kind of payload as it was approved, in both languages, and within Slack's limits by its SDK's own models."""

import json

import pytest
from slack_sdk.models.views import View

from bot.sentences import sentences
from tests.adapters.slack.kinds import kinds
from tests.adapters.slack.stub import problems
from tests.approved import agrees, only


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_kind_is_approved(language: str) -> None:
    """Each block, field, dialog and page is drawn as it was approved; the SDK's models and the stub's limits take it."""
    pages = set()
    for name, sent in kinds(sentences(language).t):
        assert problems(sent["blocks"]) == [], name
        if "type" in sent:
            View(**sent).to_dict()
            assert all(block["type"] != "table" for block in sent["blocks"]), f"{name}: Slack takes no table in a view"
        page = f"slack_kinds/{name}.{language}.json"
        pages.add(page)
        agrees(page, json.dumps(sent, ensure_ascii=False, indent=1) + "\n")
    only("slack_kinds", pages | {page.replace(f".{language}.", f".{other}.") for page in pages for other in ("nl", "en")})
