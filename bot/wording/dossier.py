"""The evidence dossier: its chapters, what keeps it from being made, the form and the links to its pages."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from bot.cards import Block, Button, Buttons, Card, Copy, Facts, Field, Form, Picture, Quote, Table, Text
from bot.case import Case, outcomes
from bot.comment_text import is_address
from bot.organisation import said
from bot.presses import CoverPictures, EditIntake, MakeDossier
from bot.wording.facts import decisions
from bot.wording.record import detail
from bot.wording.reports import reports_so_far
from bot.wording.seen import Seen
from bot.wording.words import Wording
from flows.authorities import Authorities, Authority, Citation, Law


def chapters(
    w: Wording,
    seen: Seen,
    receiver: Authority,
    rows: Sequence[Any],
    shots: Sequence[Any],
    laws: Sequence[tuple[Law, Citation]],
    hide: Callable[[str], str],
) -> list[tuple[str, list[Block]]]:
    """The chapters of a dossier, in order. ``hide`` masks what is about others, for every receiver but the police."""
    case, tables = seen.case, seen.authorities
    assert tables is not None  # of a case that was loaded to be shown
    made = [
        (w.t("dossier.case"), str(case.number)),
        (w.t("dossier.for"), w.office(tables, receiver)),
        (w.t("dossier.from"), w.organisation.name),
        (w.t("dossier.contact"), w.organisation.links.contact or w.t("fallback.contact")),
        (w.t("dossier.made"), _exactly(w, w.now)),
    ]
    if receiver != "police":
        made.append((w.t("dossier.masked"), w.t("dossier.masked_text")))
    chapters: list[tuple[str, list[Block]]] = [(w.t("dossier.about"), [Facts(tuple(made))])]
    chapters.append((w.t("dossier.comment"), _comment(w, seen, hide)))
    if shots:
        chapters.append((w.t("dossier.shots"), _shots(w, shots, masked=receiver != "police")))
    chapters.append((w.t("dossier.assessed"), _assessed(w, seen, hide)))
    if seen.reports:
        reported = replace(seen, may_report=False)
        chapters.append((w.t("report.title"), [_hidden(w, block, hide) for block in reports_so_far(w, reported)[1:]]))
    chapters.append((w.t("dossier.timeline"), _timeline(w, case, rows, tables, hide)))
    cited: list[Block] = [Text(w.t("dossier.law_intro"))]
    cited.append(Facts(tuple((said(law.title, w.language), _cited(w, citation)) for law, citation in laws)))
    cited.append(Text(f"{said(tables.lawyer, w.language)} {w.t('where.checked', day=w.s.day(tables.checked))}", "hint"))
    chapters.append((w.t("dossier.law"), cited if laws else [Text(w.t("dossier.no_law")), cited[-1]]))
    proof = ("files", "signature", "chain", "not_time", "not_rebuilt", "not_true", "check")
    chapters.append((w.t("dossier.proof"), [Text(w.t(f"proof.{name}")) for name in proof]))
    return chapters


def _comment(w: Wording, seen: Seen, hide: Callable[[str], str]) -> list[Block]:
    case = seen.case
    rows: list[tuple[str, str | Quote]] = [(w.t("fact.where"), w.place(case))]
    # The address of the post it stands under is what a body looks it up by; typed words are masked as any others.
    post = case.post if is_address(case.post) else hide(case.post)
    for key, value in (("link", case.link), ("post", post), ("posted", case.posted)):
        if value:
            rows.append((w.t(f"fact.{key}"), w.posted(value) if key == "posted" else Quote(value)))
    author = Quote(case.handle) if seen.handle and case.handle else w.t("dossier.no_author" if case.open else "dossier.forgotten")
    rows.append((w.t("dossier.author"), author))
    blocks: list[Block] = [Facts(tuple(rows)), Text(w.t("dossier.words"), "strong")]
    blocks.append(Quote(hide(case.text)) if case.text else Text(w.t("dossier.no_words")))
    if case.state.text_read:
        blocks.append(Text(w.t("dossier.text_read"), "hint"))
    return blocks


def _shots(w: Wording, shots: Sequence[Any], *, masked: bool) -> list[Block]:
    blocks: list[Block] = []
    for number, shot in enumerate(shots, 1):
        covered = masked and bool(shot.boxes)
        key = "dossier.shot_masked" if covered else "dossier.shot"
        blocks.append(Picture(shot.evidence, w.t(key, number=number)))
        rows = [(w.t("dossier.kept"), f"{_exactly(w, shot.at)}, {w.name(shot.by)}")]
        rows.append((w.t("dossier.sha256"), shot.sha256))
        blocks.append(Facts(tuple(rows)))
    return blocks


def _assessed(w: Wording, seen: Seen, hide: Callable[[str], str]) -> list[Block]:
    case = seen.case
    words = case.tree.said(w.language)
    rows: list[tuple[str, str | Quote]] = [
        (words.questions[question].ask, words.questions[question].choices[choice])
        for walk in case.state.walks
        for question, choice in walk.path
    ]
    rows.append((w.t("dossier.outcome"), w.titles(case.tree, outcomes(case))))
    if case.state.ground:
        rows.append((w.t("select.ground"), words.grounds[case.state.ground]))
    blocks: list[Block] = [Facts(tuple(rows))]
    blocks += [_hidden(w, block, hide) for block in decisions(w, case, partial(_exactly, w))]
    if seen.advised is None:
        return blocks
    blocks.append(Text(w.t("dossier.steps"), "strong"))
    steps: list[tuple[str | Quote | Button, ...]] = []
    facts = w.facts_of(case)
    for todo in seen.advised.steps:
        settled = case.state.items.get(todo.id)
        if settled is None:
            done = w.t("dossier.open")
        else:
            done = f"{w.t(f'dossier.{settled.how}')} {_exactly(w, settled.at)}, {w.name(settled.by)}"
            done += f" ({w.t(f'reason.{settled.reason}')})" if settled.reason else ""
        steps.append((w.step(case.tree, case.policy, todo, facts), done))
        if settled is not None and settled.note:
            steps.append(("", Quote(hide(settled.note))))
    blocks.append(Table(w.t("dossier.steps"), (w.t("dossier.step"), w.t("dossier.status")), tuple(steps)))
    return blocks


def _timeline(w: Wording, case: Case, rows: Sequence[Any], tables: Authorities, hide: Callable[[str], str]) -> list[Block]:
    lines: list[tuple[str | Quote | Button, ...]] = []
    for row in rows:
        key = f"log.{row.what}"
        what = w.t(key) if w.s.has(key) else row.what
        more = detail(w, case, row.what, row.codes, tables)
        lines.append((str(row.number), _exactly(w, row.at), f"{w.name(row.who)}: {what}{more}", f"{row.chain[:12]}…"))
        if row.text:
            lines.append(("", "", Quote(hide(row.text)), ""))
    head = tuple(w.t(f"dossier.{name}") for name in ("number", "when", "what", "link"))
    return [Table(w.t("dossier.timeline"), head, tuple(lines)), Text(w.t("dossier.head", chain=case.chain), "hint")]


def _hidden(w: Wording, block: Block, hide: Callable[[str], str]) -> Block:
    match block:
        case Quote():
            return Quote(hide(block.text), block.by)
        case Facts():
            return Facts(tuple((name, Quote(hide(v.text), v.by) if isinstance(v, Quote) else v) for name, v in block.rows))
        case _:
            return block


def _cited(w: Wording, citation: Citation) -> str:
    source = citation.source.title if citation.source else ""
    unsure = "" if citation.confirmed else w.t("dossier.unconfirmed")
    return "\n".join(part for part in (citation.text, unsure, source and w.t("dossier.source", source=source)) if part)


def _exactly(w: Wording, at: datetime) -> str:
    """A moment with its year and seconds, in the organisation's zone."""
    local = at.astimezone(w.organisation.calendar.zone)
    return f"{w.s.day(local.date())} {local:%H:%M:%S}"


def lacks(
    w: Wording, number: int, receiver: Authority, found: Sequence[Any], authorities: Authorities, *, edits: bool = False
) -> Card:
    """What keeps a dossier from being made, and where to mend it."""
    title = w.t("lacks.title", number=number, body=w.office(authorities, receiver))
    body: list[Block] = []
    for gap in found:
        values = {name: w.s.and_(value) if isinstance(value, list) else value for name, value in gap.values.items()}
        body.append(Text(f"• {w.t(gap.key, **values)}"))
    buttons = [Button(w.t("button.dossier"), MakeDossier(case=number), "primary")]
    keys = {gap.key for gap in found}
    if "lacks.masks" in keys:
        buttons.insert(0, Button(w.t("button.cover"), CoverPictures(case=number)))
    if edits and keys & {"lacks.link", "lacks.screenshot", "lacks.time"}:
        buttons.insert(0, Button(w.t("button.intake"), EditIntake(case=number)))
    body.append(Buttons(tuple(buttons)))
    return Card(title, tuple(body), "warning", title)


def form(w: Wording, press: MakeDossier, receivers: Sequence[Authority], authorities: Authorities, *, officer: bool) -> Form:
    """For whom the dossier is, and what only a person can say of it. ``officer``: who must say why."""
    options = tuple((name, w.office(authorities, name)) for name in receivers)
    sure = (("yes", w.t("choice.yes")), ("no", w.t("choice.no")))
    fields = [Field("receiver", w.t("field.receiver"), "choice", receivers[0], options, True)]
    if any("context" in authorities.bodies[name].asks for name in receivers):
        fields.append(Field("context", w.t("field.context"), "choice", "", sure, hint=w.t("field.only_unia")))
    if any("outside_belgium" in authorities.bodies[name].refuses for name in receivers):
        fields.append(Field("belgium", w.t("field.belgium"), "choice", "", sure, hint=w.t("field.only_unia")))
    if officer:
        fields.append(Field("reason", w.t("field.dossier_reason"), "text", required=True, limit=500))
    return Form(w.t("form.dossier", number=press.case), press, tuple(fields), w.t("form.go"))


def page_link(w: Wording, number: int, kind: str, address: str) -> Card:
    """A one-use address of a page of ours."""
    title = w.t(f"link.{kind}", number=number)
    body = (
        Text(w.t(f"link.{kind}_text")),
        Copy(w.t("link.open"), address, opens=True),
        Text(w.t("link.once"), "hint"),
    )
    return Card(title, body, "info", title)
