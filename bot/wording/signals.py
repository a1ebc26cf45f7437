"""Signals: what a case would add, lists of them, the form for one that stands alone."""

from collections.abc import Sequence

from bot.cards import Block, Button, Buttons, Card, Copy, Field, Form, Quote, Table, Text
from bot.presses import EditSignal, KeepSignal, LogSignal, ShowSignals
from bot.signals import KINDS, PAGE, Found
from bot.wording.digest import audience
from bot.wording.seen import Seen, SignalSeen
from bot.wording.words import Wording
from flows.tree import SignalKind


def signal_in_case(w: Wording, seen: Seen) -> list[Block]:
    """What goes into the signals, for the moderator to look at: no program finds every name."""
    case, found = seen.case, seen.signal
    if found is None or case.purged is not None or "weighs_on_me" in seen.private:  # folded away with the comment
        return []
    texts = case.state.texts
    edit = Button(w.t("button.edit_signal"), EditSignal(case=case.number, texts=texts))
    blocks: list[Block] = []
    buttons: tuple[Button, ...] = (edit,)
    if case.signal is not None:
        blocks += [Text(w.t("signal.kept"), "strong"), Quote(case.signal)]
        buttons = (edit, Button(w.t("button.drop_signal"), KeepSignal(case=case.number, texts=texts, on=False)))
    elif found.text:
        blocks += [Text(w.t("signal.preview"), "strong"), Quote(found.text)]
        buttons = (Button(w.t("button.keep_signal"), KeepSignal(case=case.number, texts=texts, on=True)), edit)
    why = next((item for item in found.suggestions if item.topic.id == found.topic), None)
    name = next((topic.name for topic in found.topics if topic.id == found.topic), "")
    if name:
        hint = w.t("signal.alike" if why.alike else "signal.names", words=", ".join(why.words)) if why else ""
        blocks.append(Text(f"{w.t('signal.topic', topic=name)} {hint}".strip(), "hint"))
    return [*blocks, Buttons(buttons)]


def edit_form(w: Wording, press: EditSignal, text: str, found: SignalSeen) -> Form:
    """The words of the signal, and what it is about: what was suggested first."""
    first = [item.topic for item in found.suggestions]
    rows = [*first, *(topic for topic in found.topics if topic not in first)]
    options = (("0", w.t("signal.no_topic")), *((str(topic.id), topic.name) for topic in rows))
    words = Field("text", w.t("field.signal"), "text", text, hint=w.t("field.signal_hint"), limit=1000)
    topics = (Field("topic", w.t("signals.topic"), "choice", str(found.topic), options),) if rows else ()
    return Form(w.t("form.signal"), press, (words, *topics), w.t("form.save"))


def listed(
    w: Wording, about: str, count: int, found: Sequence[Found], following: ShowSignals | None, asked: ShowSignals | None = None
) -> Card:
    """A list of signals: the newest first, their words as quotes; ``following``: the next page."""
    title = w.t("signals.title_about", about=about) if about else w.t("signals.title")
    body: list[Block] = []
    if asked is not None:
        body.append(Text(" · ".join(_which(w, asked)) or w.t("signals.all"), "hint"))
    if not found:
        return Card(title, (*body, Text(w.t("signals.none"))))
    body.append(Text(w.s.tn("signals.count", count)))
    head = tuple(w.t(f"signals.{name}") for name in ("day", "kind", "topic", "words"))
    rows = tuple((_day(w, one), _kind(w, one), one.topic or w.t("digest.no_topic"), _words(w, one)) for one in found)
    body.append(Table("", head, rows))
    if following is not None:
        left = count - following.page * PAGE
        body.append(Buttons((Button(w.s.tn("signals.more", left), following),)))
    return Card(title, tuple(body))


def _which(w: Wording, asked: ShowSignals) -> list[str]:
    parts = []
    if asked.department:
        parts.append(audience(w, asked.department))
    if asked.week:
        first = f"{asked.first % 100}–" if asked.first not in (0, asked.week) else ""
        parts.append(w.t("signals.week", number=f"{first}{asked.week % 100}"))
    if asked.kind in KINDS:
        parts.append(w.t(f"kind.{asked.kind}"))
    if asked.unanswered:
        parts.append(w.t("signals.unanswered"))
    return parts


def _day(w: Wording, one: Found) -> str:
    return f"{one.day[8:]}/{one.day[5:7]}"


def _kind(w: Wording, one: Found) -> str:
    kind = w.t(f"kind.{one.kind}")
    return f"{kind} ({w.t('signals.answered')})" if one.answered else kind


def _words(w: Wording, one: Found) -> str | Quote:
    if one.text:
        return Quote(one.text)
    where = w.t(f"platform.{one.platform}")
    return w.t("signals.counted" if one.kind != "hate" else "signals.hate_counted", where=where)


def as_text(w: Wording, form: str, text: str, count: int, copied: int) -> Card:
    """Signals as a text to copy into a file."""
    body: list[Block] = [Text(w.s.tn("signals.copied", copied))]
    if count > copied:
        body.append(Text(w.t("signals.copied_part", count=count), "hint"))
    return Card(w.t("signals.copy_title"), (*body, Copy(f"signalen.{form}", text)))


def log_form(w: Wording, press: LogSignal, text: str, department: str, kind: SignalKind) -> Form:
    """The masked words of a signal, to be looked at before they are kept."""
    departments = (("", w.t("select.no_department")), *((name, w.department(name)) for name in w.organisation.departments))
    fields = (
        Field("text", w.t("field.signal"), "text", text, required=True, hint=w.t("field.signal_hint"), limit=1000),
        Field("department", w.t("select.department"), "choice", department, departments),
        Field("kind", w.t("signals.kind"), "choice", kind, tuple((one, w.t(f"kind.{one}")) for one in KINDS)),
    )
    return Form(w.t("form.signal"), press, fields, w.t("form.save"))
