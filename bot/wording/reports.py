"""Reports to bodies outside: where a case may go, what was reported, what came of it."""

from collections.abc import Sequence
from datetime import datetime

from bot.cards import Block, Button, Buttons, Card, Facts, Field, Form, Quote, Text
from bot.case import Case, outcomes
from bot.organisation import said
from bot.presses import BodyAnswered, MakeDossier, Reported, WhereToReport
from bot.wording.seen import Seen
from bot.wording.words import Wording
from flows.authorities import Authorities, Authority


def reports_so_far(w: Wording, seen: Seen) -> list[Block]:
    """What was reported outside and what came of it, and the way to report more."""
    case, rows = seen.case, list[tuple[str, str | Quote]]()
    waiting: list[Button] = []
    for row in seen.reports:
        name = w.office(seen.authorities, row.body)
        day = w.s.day(datetime.fromisoformat(row.on_day).date())
        rows.append((w.t("report.by", body=name), w.t("report.on", day=day, who=w.name(row.by))))
        if row.reference:
            rows.append((w.t("report.reference"), Quote(row.reference)))
        if row.answer:
            rows.append((w.t("report.answer", body=name), Quote(row.answer)))
        elif seen.may_report and row.answered is None:
            waiting.append(Button(w.t("button.body_answered", body=name), BodyAnswered(case=case.number, report=row.id)))
    blocks: list[Block] = [Text(w.t("report.title"), "strong"), Facts(tuple(rows))] if rows else []
    if seen.may_report:
        buttons = (
            Button(w.t("button.where"), WhereToReport(case=case.number)),
            Button(w.t("button.reported"), Reported(case=case.number)),
            Button(w.t("button.dossier"), MakeDossier(case=case.number)),
            *waiting[:3],
        )
        blocks.append(Buttons(buttons))
    return blocks


def where(w: Wording, case: Case, pairs: Sequence[tuple[str, Authority]], authorities: Authorities) -> Card:
    """Where a case may be reported: what each body takes, asks and refuses, and how to reach it."""
    title = w.t("where.title", number=case.number)
    body: list[Block] = []
    if case.state.ground:
        body.append(Text(w.t("where.ground", ground=case.tree.said(w.language).grounds[case.state.ground])))
    elif any("ground" in case.tree.outcomes[name].asks for name in outcomes(case)):
        body.append(Text(w.t("where.choose_ground"), "question"))
    situation = ""
    for found, name in pairs:
        office = authorities.bodies[name]
        if found != situation and w.s.has(f"where.{found}"):
            body.append(Text(w.t(f"where.{found}")))
        situation = found
        office_name = w.office(authorities, name)
        body.append(Text(office_name[:1].upper() + office_name[1:], "strong"))
        rows: list[tuple[str, str | Quote]] = [
            (w.t("where.takes"), said(office.takes, w.language)),
            (w.t("where.reach"), said(office.reach, w.language)),
        ]
        if office.asks:
            rows.append((w.t("where.asks"), w.s.and_([w.t(f"asks.{item}") for item in office.asks])))
        if office.refuses:
            rows.append((w.t("where.refuses"), w.s.and_([w.t(f"refuses.{item}") for item in office.refuses])))
        body.append(Facts(tuple(rows)))
    if not pairs:
        body.append(Text(w.t("where.nothing")))
    body.append(Buttons((Button(w.t("button.reported"), Reported(case=case.number), "primary"),)))
    checked = w.t("where.checked", day=w.s.day(authorities.checked))
    body.append(Text(f"{said(authorities.lawyer, w.language)} {checked}", "hint"))
    return Card(title, tuple(body), "info", title)


def form(w: Wording, press: Reported, bodies: Sequence[Authority], authorities: Authorities) -> Form:
    """What was reported: to whom, on which day, with which reference."""
    options = tuple((name, w.office(authorities, name)) for name in bodies)
    fields = (
        Field("body", w.t("field.body"), "choice", press.body or (bodies[0] if bodies else ""), options, True),
        Field("on", w.t("field.on"), "line", hint=w.t("field.on_hint"), limit=20),
        Field("reference", w.t("field.reference"), "line", hint=w.t("field.reference_hint"), limit=200),
    )
    return Form(w.t("form.reported", number=press.case), press, fields, w.t("form.save"))


def answer_form(w: Wording, press: BodyAnswered, body: str, authorities: Authorities) -> Form:
    """What a body answered to a report."""
    name = w.office(authorities, body)
    field = Field("answer", w.t("field.body_answer", body=name), "text", required=True, limit=2000)
    return Form(w.t("form.body_answered", number=press.case), press, (field,), w.t("form.save"))
