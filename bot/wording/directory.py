"""Who holds which role, who is away and who stands in."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.cards import Block, Button, Buttons, Card, Facts, Field, Form, Text
from bot.case import Case
from bot.organisation import Absence
from bot.presses import ChangeDirectory, Press, SetAbsence, SetPerson, SetReview
from bot.sentences import LANGUAGES
from bot.wording.facts import case_row
from bot.wording.words import Wording
from flows.policy import Approved


def absence(w: Wording, what: str, absence: Absence) -> str:
    """What was done with an absence, as a sentence."""
    days = {"since": w.s.day(absence.since), "until": w.s.day(absence.until)}
    instead = w.name(absence.replacement) if absence.replacement else w.t("absence.deputy")
    return w.t(f"absence.{what}", who=w.name(absence.person), instead=instead, **days)


def absence_told(w: Wording, args: Mapping[str, Any]) -> Card:
    """Somebody will be away, or will not."""
    coming = Absence(
        person=args["who"], since=date.fromisoformat(args["since"]), until=date.fromisoformat(args["until"]),
        replacement=args["instead"] or None,
    )  # fmt: skip
    text = absence(w, str(args["what"]), coming)
    by = (Text(w.t("absence.by", who=w.name(str(args["by"]))), "hint"),) if args["by"] != args["who"] else ()
    return Card("", (Text(text), *by), notice=text)


def stand_in(w: Wording, person: str, mine: Sequence[Case]) -> Card:
    """What is on the desk of somebody who is away, for whoever stands in."""
    title = w.t("stand_in.title", who=w.name(person))
    body: list[Block] = [Text(w.t("stand_in.text" if mine else "stand_in.nothing")), *(case_row(w, case) for case in mine)]
    return Card(title, tuple(body), "info", title)


def absence_form(w: Wording, press: Press, people: Sequence[str], coming: Sequence[Absence]) -> Form:
    """Who, when, who stands in; ``people``: for whom the reader may say so, themselves first."""
    everybody = tuple((name, person.name) for name, person in w.organisation.people.items())
    who = tuple((name, w.name(name)) for name in people)
    fields = [Field("person", w.t("field.absent_who"), "choice", people[0], who, True)] if len(who) > 1 else []
    fields += [
        Field("since", w.t("field.absent_since"), "line", required=True, hint=w.t("field.absent_hint"), limit=40),
        Field("until", w.t("field.absent_until"), "line", required=True, limit=40),
        Field("replacement", w.t("field.absent_replacement"), "choice", "", (("", w.t("absence.deputy")), *everybody)),
    ]
    known = tuple(Text(absence(w, "announced", item)) for item in coming[:20])
    return Form(w.t("form.absence"), press, tuple(fields), w.t("form.save"), known)


def card(
    w: Wording, roster: Sequence[Any], coming: Sequence[Absence], load: Mapping[str, tuple[int, int]], log: Sequence[Any], *,
    changes: bool,
) -> Card:  # fmt: skip
    """Who holds which role. ``load``: by person, escalations taken and cases open; empty where the reader may not see it."""
    body: list[Block] = [Facts(tuple((w.role(held.role, held.department), _held(w, held)) for held in roster))]
    if coming:
        body.append(Text(w.t("directory.absences"), "strong"))
        body += [Text(absence(w, "announced", item)) for item in coming[:20]]
    open_with = tuple(
        (w.name(who), f"{w.s.tn('directory.taken', taken)}, {w.s.tn('directory.cases', has)}")
        for who, (taken, has) in load.items()
        if taken + has
    )
    if open_with:
        body += [Text(w.t("directory.open"), "strong"), Facts(open_with)]
    if changes:
        body += [Text(w.t("directory.policy"), "strong"), Text(_approval(w))]
    if log:
        body.append(Text(w.t("directory.log"), "strong"))
        zone = w.organisation.calendar.zone
        body.append(
            Facts(tuple((w.s.moment(row.at, zone), f"{w.name(row.by)}: {_change_of(w, said)}") for row, said in reversed(log)))
        )
    buttons = [Button(w.t("button.absence"), SetAbsence())]
    if changes:
        buttons.insert(0, Button(w.t("button.directory"), ChangeDirectory(), "primary"))
        buttons.insert(1, Button(w.t("button.person"), SetPerson()))
        buttons.append(Button(w.t("button.review_dates"), SetReview()))
    return Card(w.t("directory.title"), (*body, Buttons(tuple(buttons))))


def _held(w: Wording, held: Any) -> str:
    """Who holds a role, who is away, who stands in, where it is told."""
    people = [w.t("directory.away", who=w.name(who)) if who in w.organisation.away else w.name(who) for who in held.people]
    parts = [w.s.and_(people) if people else w.t("directory.nobody")]
    if held.deputies:
        parts.append(w.t("directory.deputy", who=w.s.and_([w.name(who) for who in held.deputies])))
    parts += [f"{platform}: {address}" if platform != "local" else address for platform, address in held.channel.items()]
    parts += [w.t("directory.on_call", address=address) for address in held.on_call.values()]
    return " · ".join(parts)


def _change_of(w: Wording, change: Any) -> str:
    """A change of the directory, as a sentence."""
    if change.do in ("away", "back"):
        return absence(w, "announced" if change.do == "away" else "stopped", change.absence)
    if change.do == "meet":
        return w.t("directory.did_meet", who=change.known.name)
    if change.do == "approve":
        return w.t("directory.did_approve", **_dates(w, change.approved))
    key = change.do if change.do != "hold" or change.on else "unhold"
    values = {"role": w.role(change.role, change.department)}
    if change.do == "address":
        key = "on_call" if change.on_call else "channel"
        values["address"] = change.address or "–"
    else:
        values["who"] = w.name(change.person) if change.person else "–"
    return w.t(f"directory.did_{key}", **values)


def told(w: Wording, args: Mapping[str, Any]) -> Card:
    """Somebody's role changed, or they are known from now on."""
    by = w.name(str(args["by"]))
    if args["what"] == "known":
        text = w.t("directory.known", by=by, organisation=w.organisation.name)
        return Card("", (Text(text),), notice=text)
    role = w.role(args["role"], str(args["department"]))
    text = w.t(f"directory.told_{args['what']}", role=role, by=by)
    return Card("", (Text(text),), notice=text)


def form(w: Wording, press: Press, what: Sequence[str], roster: Sequence[Any]) -> Form:
    """What to change, of which role, and to what."""
    kinds = tuple((name, w.t(f"directory.do_{name}")) for name in what)
    roles = tuple(
        (f"{held.role}:{held.department}" if held.department else held.role, w.role(held.role, held.department))
        for held in roster
    )
    people = tuple((name, person.name) for name, person in w.organisation.people.items())
    fields = (
        Field("what", w.t("field.directory_what"), "choice", what[0], kinds, True),
        Field("role", w.t("field.directory_role"), "choice", roles[0][0], roles, True),
        Field("person", w.t("field.directory_person"), "choice", "", (("", w.t("directory.no_person")), *people)),
        Field("address", w.t("field.directory_address"), "line", hint=w.t("field.directory_address_hint"), limit=200),
    )
    return Form(w.t("form.directory"), press, fields, w.t("form.save"))


def _approval(w: Wording) -> str:
    """How the policy stands: who approved it, and when it is looked at again."""
    approved = w.organisation.policy.approved
    return w.t("directory.approved", **_dates(w, approved)) if approved is not None else w.t("directory.not_approved")


def _dates(w: Wording, approved: Approved) -> dict[str, str]:
    return {"body": approved.by, "on": w.s.day(approved.on), "review_on": w.s.day(approved.review_on)}


def person_form(w: Wording, press: Press) -> Form:
    """Somebody new, or what changes of somebody known."""
    people = tuple((name, person.name) for name, person in w.organisation.people.items())
    languages = tuple((name, w.t(f"language.{name}")) for name in LANGUAGES)
    fields = (
        Field("person", w.t("field.person_who"), "choice", "", (("", w.t("directory.new_person")), *people)),
        Field("name", w.t("field.person_name"), "line", hint=w.t("field.person_name_hint"), limit=80),
        Field("language", w.t("field.person_language"), "choice", "", (("", w.t("directory.same_language")), *languages)),
        Field("address", w.t("field.person_address"), "line", hint=w.t("field.person_address_hint"), limit=200),
    )
    return Form(w.t("form.person"), press, fields, w.t("form.save"))


def review_form(w: Wording, press: Press) -> Form:
    """Who approved the policy, when, and when it is looked at again."""
    approved = w.organisation.policy.approved
    by, on, until = (approved.by, _typed(approved.on), _typed(approved.review_on)) if approved else ("", "", "")
    fields = (
        Field("by", w.t("field.review_by"), "line", by, required=True, limit=120),
        Field("on", w.t("field.review_on"), "line", on, required=True, hint=w.t("field.review_hint"), limit=40),
        Field("review_on", w.t("field.review_again"), "line", until, required=True, limit=40),
    )
    return Form(w.t("form.review"), press, fields, w.t("form.save"))


def _typed(day: date) -> str:
    """A day as people type it."""
    return f"{day.day}/{day.month}/{day.year}"
