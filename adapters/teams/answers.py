"""The JSON with which an invoke is answered: the card that was pressed on, a sentence, or a dialog. Pure."""

from dataclasses import replace
from typing import get_args

from adapters.teams import render
from bot.cards import Text
from bot.comment_text import clean
from bot.events import Answer
from bot.presses import CasePress, Next, Press, ShowCase, TakeCase

WIDE, HIGH = 600, 640  # of a dialog, in pixels

_IN_PLACE = tuple(
    kind for kind in get_args(CasePress) if kind not in (ShowCase, TakeCase, Next)
)  # what changes the card it stands on
_CARD = "application/vnd.microsoft.card.adaptive"
_SAID = "application/vnd.microsoft.activity.message"


def as_wanted(name: str, answer: Answer, t: render.Translate, press: Press | None) -> object:
    """An answer in the form that this invoke wants."""
    if name != "adaptiveCard/action":
        return dialog(answer, t)
    if answer.card is not None and stays(answer, press):
        shown = answer.card
        if answer.note:
            shown = replace(shown, body=(Text(answer.note, "strong"), *shown.body))
        return {"statusCode": 200, "type": _CARD, "value": render.card(shown, t)}
    return {"statusCode": 200, "type": _SAID, "value": render.line(answer.note) or t("teams.done")}


def stays(answer: Answer, press: Press | None) -> bool:
    """Whether the card of an answer is the card that was pressed on."""
    return answer.card is not None and isinstance(press, _IN_PLACE)


def dialog(answer: Answer, t: render.Translate) -> object:
    """A dialog that asks, or the sentence with which it closes."""
    if answer.form is not None:
        return ask(answer.form.title, render.dialog(answer.form, t))
    return {"task": {"type": "message", "value": render.line(answer.note) or t("teams.done")}}


def ask(title: str, drawn: render.Json) -> object:
    """A dialog, as a card drew it."""
    shown = {"contentType": render.CARD, "content": drawn}
    return {"task": {"type": "continue", "value": {"title": clean(title)[:64], "height": HIGH, "width": WIDE, "card": shown}}}
