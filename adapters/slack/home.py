"""The App Home: my open cases, what waits for me, and a search in the FAQ."""

from adapters.slack.dialogs import VIEW_BLOCKS
from adapters.slack.events import FAQ_SEARCH
from adapters.slack.render import message
from adapters.slack.words import Json, Translate
from bot.cards import Card, Text


def home(overview: Card, t: Translate) -> Json:
    """The overview as a home page, with the search box above it."""
    search: Json = {
        "type": "input",
        "block_id": FAQ_SEARCH,
        "dispatch_action": True,
        "optional": True,
        "label": {"type": "plain_text", "text": t("slack.faq_search"), "emoji": False},
        "element": {
            "type": "plain_text_input",
            "action_id": FAQ_SEARCH,
            "max_length": 300,
            "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
        },
    }
    return {"type": "home", "blocks": [search, *message(overview, t, most=VIEW_BLOCKS - 1, table=False).blocks]}


def closed(sentence: str, t: Translate) -> Json:
    """The home page of somebody who does not belong here."""
    return {"type": "home", "blocks": message(Card("", (Text(sentence),)), t, table=False).blocks}
