"""The author's earlier warnings: what closing adds, what undoes it, who else the author may be."""

from bot.cards import Block, Button, Buttons, Field, Form, Text
from bot.presses import SameAuthor, UndoStrike
from bot.wording.seen import Seen
from bot.wording.words import Wording
from flows.effects import Advise


def warning_of(w: Wording, seen: Seen, advised: Advise) -> str:
    """What closing would add to the author's warnings, or what it added; empty when nothing."""
    case = seen.case
    if not case.open:
        if seen.strike is None:
            return ""
        if seen.strike.undone is not None:
            return w.t("strike.undone", who=w.name(seen.strike.undone_by), when=w.moment(seen.strike.undone))
        zone = w.organisation.calendar.zone
        return w.t("strike.recorded", until=w.s.day(seen.strike.expires.astimezone(zone).date()))
    if advised.strike == "never" or case.state.no_strike or case.author is None:
        return ""
    count, most = case.state.earlier_strikes + 1, case.policy.strikes.block_at
    parts = [w.t("strike.preview", nth=w.s.nth(count), most=most)]
    if count >= most:
        parts.append(w.t("strike.limit"))
    elif advised.criminal and case.policy.strikes.criminal_override:
        parts.append(w.t("strike.override"))
    return " · ".join(parts)


def asks(w: Wording, seen: Seen) -> str:
    """What closing does that should be thought about first."""
    case, advised = seen.case, seen.advised
    if advised is None or advised.strike == "never" or case.state.no_strike or case.author is None:
        return ""
    return w.t("strike.asks", nth=w.s.nth(case.state.earlier_strikes + 1), most=case.policy.strikes.block_at)


def author(w: Wording, seen: Seen, advised: Advise) -> list[Block]:
    """Whether the author is known under another name too; where it matters, and only to who may know of warnings."""
    case = seen.case
    if advised.strike == "never" or case.author is None or not seen.handle:
        return []
    blocks: list[Block] = [Text(w.t("strike.same_as", number=number), "hint") for _, number in seen.links]
    buttons = [
        Button(w.t("button.not_same", number=number), SameAuthor(case=case.number, link=link)) for link, number in seen.links
    ]
    return [*blocks, Buttons((Button(w.t("button.same_author"), SameAuthor(case=case.number)), *buttons))]


def undo_form(w: Wording, press: UndoStrike) -> Form:
    """Why a warning is taken back."""
    field = Field("reason", w.t("field.undo_reason"), "text", required=True, limit=500)
    return Form(w.t("button.undo_strike"), press, (field,), w.t("form.save"), (Text(w.t("strike.undo_intro")),))


def same_author_form(w: Wording, press: SameAuthor) -> Form:
    """Which other case has the same author."""
    field = Field("case", w.t("field.other_case"), required=True, limit=12)
    return Form(w.t("form.same_author"), press, (field,), w.t("form.save"), (Text(w.t("strike.same_intro")),))
