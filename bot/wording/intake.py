"""How a case comes in: its forms, what a colleague handed in, and what that colleague hears back."""

from collections.abc import Mapping
from typing import Any

from bot.cards import Block, Button, Buttons, Card, Field, Form, Text
from bot.case import Case, outcomes
from bot.presses import Next, Press, ShowCase, TakeCase
from bot.wording.facts import comment
from bot.wording.seen import Seen
from bot.wording.words import Wording
from flows.authorities import Authorities


def form(w: Wording, press: Press, values: Mapping[str, str], *, ask_text: bool) -> Form:
    """The facts of domain §1, each optional save that a text or a picture must be there."""
    places = tuple((place, w.t(f"place.{place}")) for place in ("own", "private", "external"))
    platforms = tuple(
        (name, w.t(f"platform.{name}"))
        for name in ("facebook", "instagram", "x", "linkedin", "tiktok", "youtube", "whatsapp", "website", "other")
    )
    fields = [
        Field("text", w.t("field.text"), "text", values.get("text", ""), limit=200_000),
        Field("images", w.t("field.images"), "files", hint=w.t("field.images_hint")),
        Field("place", w.t("field.place"), "choice", values.get("place", ""), places),
        Field("platform", w.t("field.platform"), "choice", values.get("platform", ""), platforms),
        Field("link", w.t("field.link"), "line", values.get("link", ""), limit=2000),
        Field("post", w.t("field.post"), "line", values.get("post", ""), limit=2000),
        Field("handle", w.t("field.handle"), "line", values.get("handle", ""), hint=w.t("field.handle_hint"), limit=200),
        Field("posted", w.t("field.posted"), "moment", values.get("posted", ""), limit=40),
    ]
    key = "form.start" if ask_text else "form.intake"
    return Form(w.t(key), press, tuple(fields), w.t("form.go" if ask_text else "form.save"))


def next_form(w: Wording, press: Next, number: int) -> Form:
    """The next comment under the same post, with what differs."""
    fields = (
        Field("text", w.t("field.text"), "text", limit=200_000),
        Field("images", w.t("field.images"), "files", hint=w.t("field.images_hint")),
        Field("link", w.t("field.link"), "line", limit=2000),
        Field("handle", w.t("field.handle"), "line", limit=200),
        Field("posted", w.t("field.posted"), "moment", limit=40),
    )
    return Form(w.t("form.next"), press, fields, w.t("form.go"), (Text(w.t("form.next_intro", number=number)),))


def found(w: Wording, seen: Seen) -> Card:
    """A case that a colleague handed in, for the moderation team to take."""
    case = seen.case
    title = w.t("found.title", number=case.number)
    body: list[Block] = [Text(w.t("found.by", who=w.name(case.pasted_by))), *comment(w, seen)]
    if case.moderator is None:
        body.append(Buttons((Button(w.t("button.take_case"), TakeCase(case=case.number), "primary"),)))
    else:
        body.append(Text(w.t("found.taken", who=w.name(case.moderator)), "strong"))
    return Card(title, tuple(body), notice=title)


def note(w: Wording, case: Case, args: Mapping[str, Any], authorities: Authorities | None = None) -> Card:
    """A sentence to a colleague about a case that they handed in, or about a report of theirs."""
    values = {"body": w.office(authorities, str(args["body"]))} if "body" in args else {}
    text = w.t(f"note_to.{args['what']}", number=case.number, title=w.titles(case.tree, outcomes(case)), **values)
    buttons = (Button(w.t("button.show", number=case.number), ShowCase(case=case.number)),) if "body" in args else ()
    return Card("", (Text(text), *((Buttons(buttons),) if buttons else ())), notice=text)
