"""Forms and answers as modals. Pure; whatever a form asks and holds, its modal is within Slack's limits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never

from adapters.slack.events import packed
from adapters.slack.words import (
    ONE_TEXT,
    TOTAL,
    Drawn,
    Json,
    Translate,
    Words,
    fit,
    plain_text,
    rich_elements,
    rich_section,
    rich_text,
    rich_words,
    slices,
)
from bot.cards import Field, Form, Quote
from bot.comment_text import clean, cut

VIEW_BLOCKS = 100
TITLE, OPTION, VALUE, OPTIONS = 24, 75, 150, 100
PARTS = 9  # inputs that one long text may go over
FILES = ("png", "jpg", "jpeg", "webp", "gif")


def dialog(form: Form, t: Translate) -> Json:
    """A form as a modal. A text longer than one input goes over several, to be put together again."""
    blocks: list[Json] = []
    if form.intro:
        said = [Words(part.text, kind="quote" if isinstance(part, Quote) else "plain") for part in form.intro]
        fit(said, TOTAL, t("slack.cut"))
        elements = list(rich_elements(said))
        blocks += [rich_text(elements)] if elements else []
    for field in form.fields:
        blocks += _inputs(field, t)
    return _view(form.title, t, blocks[:VIEW_BLOCKS], submit=form.submit or t("slack.send"), press=packed(form.press))


def said(title: str, drawn: Sequence[Drawn], t: Translate) -> Json:
    """A modal that only says something."""
    blocks = [block for one in drawn for block in one.blocks][:VIEW_BLOCKS]
    return _view(title, t, blocks or [rich_text([rich_section([rich_words(t("slack.done"))])])])


def again(view: Mapping[str, Any], note: str, t: Translate) -> Json:
    """A dialog that was sent back, as it was with what was typed in it, beneath why it is shown again."""
    typed = {
        (block, name): element
        for block, elements in ((view.get("state") or {}).get("values") or {}).items()
        for name, element in elements.items()
    }
    blocks = [rich_text([rich_section([rich_words(clean(note)[:ONE_TEXT] or t("slack.notice"), "bold")])])]
    for block in view.get("blocks") or ():
        if block.get("type") != "input":
            continue
        element = {name: value for name, value in block["element"].items() if not name.startswith("initial_")}
        state = typed.get((block["block_id"], element["action_id"]), {})
        offered = element.get("options") or [one for group in element.get("option_groups") or () for one in group["options"]]
        value = (state.get("selected_option") or {}).get("value")
        chosen = next((one for one in offered if one["value"] == value), None)
        element |= {"initial_option": chosen} if chosen else {}
        element |= {"initial_value": state["value"]} if state.get("value") else {}
        named = {"type": "input", "block_id": f"{block['block_id']}.again", "element": element}  # else Slack shows what it showed
        blocks.append(named | {name: block[name] for name in ("label", "hint", "optional") if name in block})
    submit, press = (view.get("submit") or {}).get("text") or t("slack.send"), str(view.get("private_metadata") or "")
    return _view((view.get("title") or {}).get("text") or t("slack.app"), t, blocks[:VIEW_BLOCKS], submit=submit, press=press)


def loading(t: Translate) -> Json:
    """What opens at once, before anything was looked up."""
    return _view(t("slack.app"), t, [rich_text([rich_section([rich_words(t("slack.loading"))])])])


def _view(title: str, t: Translate, blocks: list[Json], *, submit: str = "", press: str = "") -> Json:
    view: Json = {
        "type": "modal",
        "callback_id": "form" if press else "said",
        "title": plain_text(title, TITLE),
        "close": plain_text(t("slack.close"), TITLE),
        "blocks": blocks,
    }
    if press:
        view |= {"submit": plain_text(submit, TITLE), "private_metadata": press}
    return view


def _inputs(field: Field, t: Translate) -> Iterator[Json]:
    match field.kind:
        case "choice":
            options = [
                {"text": plain_text(label, OPTION), "value": value}
                for value, label in field.options
                if value and len(value) <= VALUE
            ]
            if not options:
                return
            element: Json = {"type": "static_select", "action_id": "v"}
            if any(field.groups) and len(options) <= OPTIONS:
                known = {option["value"]: option for option in options}
                heads = [(head, [known[value] for value, _ in found if value in known]) for head, found in field.grouped]
                element["option_groups"] = [
                    {"label": plain_text(head or "·", OPTION), "options": found} for head, found in heads if found
                ]
            elif len(options) > OPTIONS:
                chunks = [options[start : start + OPTIONS] for start in range(0, len(options), OPTIONS)][:OPTIONS]
                element["option_groups"] = [
                    {"label": plain_text(f"{index * OPTIONS + 1}–{index * OPTIONS + len(chunk)}", OPTION), "options": chunk}
                    for index, chunk in enumerate(chunks)
                ]
            else:
                element["options"] = options
            chosen = next((option for option in options if option["value"] == field.value), None)
            if chosen is not None:
                element["initial_option"] = chosen
            yield _input(field, element, field.value if chosen is not None else "")
        case "files":
            yield _input(field, {"type": "file_input", "action_id": "v", "filetypes": list(FILES), "max_files": 10})
        case "line" | "moment":
            yield _input(field, _typed(field, field.value, multiline=False))
        case "text":
            first, *more = slices(field.value)
            if len(more) >= PARTS:  # cut here, it would come back cut; left out, it stays as it is
                yield rich_text(
                    [rich_section([rich_words(f"{clean(field.label)}: ", "bold"), rich_words(t("slack.too_long_here"))])]
                )
                return
            yield _input(field, _typed(field, first, multiline=True))
            for index, text in enumerate(more, 2):
                yield _input(field, _typed(field, text, multiline=True), str(index))
        case _:
            assert_never(field.kind)


def _typed(field: Field, value: str, *, multiline: bool) -> Json:
    limit = max(1, min(field.limit, ONE_TEXT))
    element: Json = {"type": "plain_text_input", "action_id": "v", "multiline": multiline, "max_length": limit}
    words, _ = cut(clean(value) if not multiline else value, limit)
    return element | ({"initial_value": words} if words else {})


def _input(field: Field, element: Json, part: str = "") -> Json:
    """``part``: which piece of a long text, or what is chosen beforehand: Slack keeps what an input of the same name showed before,
    so that another choice needs another name to be seen when a dialog is filled."""
    more = part and element["type"] == "plain_text_input"
    block: Json = {
        "type": "input",
        "block_id": f"{field.name}.{part}" if part else field.name,
        "label": plain_text(f"{field.label} ({part})" if more else field.label, 2_000),
        "element": element,
        "optional": not field.required or bool(more),
    }
    return block | ({"hint": plain_text(field.hint, 2_000)} if field.hint and not more else {})
