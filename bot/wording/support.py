"""What is said to whom a comment weighs on, or is aimed at. Nothing of it leaves that person's own card."""

from bot.cards import Block, Button, Buttons, Card, Field, Form, Select, Text
from bot.presses import HandOver, TellColleague
from bot.wording.seen import Seen
from bot.wording.words import Wording
from flows.tree import Role


def card(w: Wording) -> Card:
    """Where a colleague who is targeted can go; says nothing of what was written, nor where."""
    title = w.t("support.title")
    body = (
        Text(w.t("support.for_you")),
        Text(w.t("support.go_to", who=_people(w)), "strong"),
        Text(w.t("support.threatened")),
        Text(w.t("support.never_answer")),
        Text(w.t("support.who_knows"), "hint"),
    )
    return Card(title, body, "info", w.t("support.notice"))


def _people(w: Wording) -> str:
    """Who is there for a colleague: the confidential counsellor and the integrity desk, by role and name."""
    roles = w.organisation.roles
    places: tuple[Role, ...] = ("confidant", "integrity_desk")
    who = [f"{w.name(person)} ({w.t(f'role.{role}')})" for role in places if role in roles for person in roles[role].holders]
    return w.s.and_(who) if who else w.t("support.nobody")


def private(w: Wording, seen: Seen) -> list[Block]:
    """What the reader alone marked, and what can be done with it."""
    blocks: list[Block] = []
    if "colleague_targeted" in seen.private:
        blocks += [Text(w.t("support.colleague", who=_people(w)), "strong"), Text(w.t("support.ideas"), "hint")]
        blocks.append(Buttons((Button(w.t("button.tell_colleague"), TellColleague(case=seen.case.number)),)))
    elif seen.confidential:
        blocks.append(Text(w.t("support.confidential"), "hint"))
    if "weighs_on_me" in seen.private:
        blocks.append(Text(w.t("support.weighs")))
        if seen.moderators:
            choices = tuple((w.name(person), HandOver(case=seen.case.number, to=person)) for person in seen.moderators)
            blocks.append(Select(w.t("support.hand_over"), choices))
    return blocks


def form(w: Wording, press: TellColleague, asking: str) -> Form:
    """Which colleague is told, and whether they agree that others know."""
    people = tuple((name, person.name) for name, person in w.organisation.people.items() if name != asking)
    consent = (("", w.t("support.not_yet")), ("yes", w.t("support.consents")))
    fields = (
        Field("person", w.t("field.colleague"), "choice", "", people, True),
        Field("consent", w.t("field.consent"), "choice", "", consent),
    )
    return Form(w.t("button.tell_colleague"), press, fields, w.t("form.send"), (Text(w.t("support.intro")),))
