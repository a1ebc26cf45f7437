"""The words that every card needs: names, moments, titles, the texts of the tree filled in. No cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from bot.cards import Quote
from bot.case import Case
from bot.organisation import Organisation, Person, said
from bot.roster import publishers
from bot.sentences import Sentences, sentences
from flows.authorities import Authorities
from flows.effects import Todo
from flows.policy import Policy
from flows.tree import Deadline, Role, Tree
from flows.walk import hours as term_hours

HIERNIET = (
    "Je plaatste een reactie die respectloos of grensoverschrijdend kan overkomen. Op onze kanalen hanteren we de huisregels van het "
    "Hier Niet‑initiatief: https://hierniet.be/. We vragen je om de discussie respectvol verder te zetten."
)  # prescribed literally by the code of conduct (domain.md): never edited, never translated


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one language for one organisation at one moment."""

    organisation: Organisation
    language: str
    now: datetime

    @property
    def s(self) -> Sentences:
        return sentences(self.language)

    def t(self, key: str, **values: Any) -> str:
        return self.s.t(key, **values)

    def name(self, person: str) -> str:
        if not person:
            return self.t("log.bot")
        known = self.organisation.people.get(person)
        return known.name if known else self.t("person.somebody")

    def role(self, role: Role, department: str = "") -> str:
        name = self.t(f"role.{role}")
        return f"{name} {self.department(department)}" if department in self.organisation.departments else name

    def department(self, name: str) -> str:
        """What a department is called; of one that is no more, its id."""
        found = self.organisation.departments.get(name)
        return said(found.name, self.language) if found is not None else name

    def moment(self, at: datetime) -> str:
        return self.s.moment(at, self.organisation.calendar.zone, self.now)

    def titles(self, tree: Tree, names: Sequence[str]) -> str:
        words = tree.said(self.language)
        return " + ".join(words.outcomes[name].title for name in names)

    def path(self, case: Case) -> str:
        """The answers given, as people read them: ``Negatief › Spam, reclame of phishing``; walks joined with +."""
        words = case.tree.said(self.language)
        parts = []
        for walk in case.state.walks:
            labels = [words.questions[question].choices[choice] for question, choice in walk.path]
            if not walk.path and walk.outcome is not None:
                labels = [words.outcomes[walk.outcome].title]
            parts.append(" › ".join(labels))
        return " + ".join(part for part in parts if part)

    def values(self, policy: Policy, **more: str) -> dict[str, str]:
        """What the placeholders of a tree's words stand for."""
        return _values(self.organisation, self.language, policy) | more

    def step(self, tree: Tree, policy: Policy, todo: Todo, more: Mapping[str, str] | None = None) -> str:
        """The instruction of one checklist line."""
        words = tree.said(self.language)
        own = words.outcomes[todo.outcome].steps.get(todo.word)
        if todo.instead_of_hide:
            return self.t("step.delete_instead")
        if todo.to_publisher:
            return self.t("step.to_publisher", who=self.s.and_([self.name(person) for person in publishers(self.organisation)]))
        if todo.body == "none":
            return self.t("step.no_body")
        texts = self.organisation.texts.get(self.language)  # type: ignore[call-overload]  # any language may be asked for
        bodies = {**words.bodies, **(texts.bodies if texts else {})}
        facts = dict(more or {})
        if todo.body is not None:
            facts["body"] = bodies[todo.body]
        if todo.after is not None:
            waiting = facts.get("waiting_hours") if todo.after.setting == "waiting_hours" else None
            facts["hours"] = waiting or str(term_hours(todo.after, policy) or 0)
        text = (own or words.kinds[todo.kind]).format_map(self.values(policy, **facts))
        if todo.body is not None and own is None:
            text = f"{text} {bodies[todo.body]}"
        if todo.by != "moderator":
            text = self.t("step.by", role=self.role(todo.by), step=text)
        return text

    def deadline(self, deadline: Deadline | None, policy: Policy, rule: str | None = None) -> str | None:
        """``now``, ``24 h``, ``48 h`` or ``None``, as codes for machines. ``rule``: the house rule, which may have a term of its own."""
        if deadline is None:
            return None
        length = term_hours(deadline, policy)
        if deadline.setting == "waiting_hours":
            length = self.organisation.waiting_hours(rule, policy)
        return "now" if length is None else f"{length} h"

    def facts_of(self, case: Case) -> dict[str, str]:
        """The placeholders that the case itself fills."""
        words, state = case.tree.said(self.language), case.state
        facts = {"waiting_hours": str(self.organisation.waiting_hours(state.house_rule, case.policy))}
        if state.department in self.organisation.departments:
            facts["department"] = self.department(state.department)
        if state.ground:
            facts["ground"] = words.grounds[state.ground]
        if state.house_rule in self.organisation.house_rules:
            facts["house_rule"] = said(self.organisation.house_rules[state.house_rule].label, self.language)
        return facts

    def place(self, case: Case) -> str:
        """Where it was written: the place and the platform."""
        return f"{self.t(f'place.{case.state.place}')} · {self.t(f'platform.{case.state.platform}')}"

    def posted(self, typed: str) -> str | Quote:
        """When it was placed: what a form's own field for a moment gives, with its year; else what somebody typed."""
        try:
            at = datetime.strptime(typed.replace("T", " "), "%Y-%m-%d %H:%M").replace(tzinfo=self.organisation.calendar.zone)
        except ValueError:
            return Quote(typed)
        return f"{self.s.day(at.date())} {at:%H:%M}"

    def for_citizens(self, policy: Policy) -> "Wording":
        """The same in the language of replies."""
        return replace(self, language="nl") if policy.reply_language == "nl" else self

    def office(self, authorities: Authorities | None, body: str) -> str:
        """The name of a body outside, in the municipality's own words where it has them."""
        texts = self.organisation.texts.get(self.language)  # type: ignore[call-overload]  # any language may be asked for
        own: str | None = texts.bodies.get(body) if texts else None
        known = next((item.name for name, item in authorities.bodies.items() if name == body), None) if authorities else None
        return own or (said(known, self.language) if known else body)


@lru_cache(maxsize=64)
def _values(organisation: Organisation, language: str, policy: Policy) -> dict[str, str]:
    """What the placeholders of a tree's words stand for where the case itself says nothing. Shared: never changed."""
    t = sentences(language).t
    links = organisation.links
    conduct = policy.code_of_conduct_url or links.code_of_conduct
    return {
        "organisation": organisation.name,
        "signature": t("reply.signature", organisation=organisation.name),
        "hierniet": HIERNIET if policy.hierniet else t("reply.code_of_conduct", url=conduct) if conduct else "",
        "code_of_conduct": conduct or t("fallback.code_of_conduct"),
        "leave_hours": str(policy.leave_hours),
        "waiting_hours": str(policy.waiting_hours),
        "close_after_hours": str(policy.close_after_hours),
        "acknowledge_hours": str(policy.response.acknowledge),
        "answer_days": str(policy.response.answer),
        "block_at": str(policy.strikes.block_at),
        "hours": str(policy.waiting_hours),
        "department": t("fallback.department"),
        "body": "",
        "ground": "",
        "house_rule": t("fallback.house_rule"),
        "reference": t("fallback.reference"),
        "faq_answer": t("fallback.answer"),
        "complaint_form": links.complaint_form or t("fallback.contact"),
        "report_desk": links.report_desk or t("fallback.contact"),
        "contact": links.contact or t("fallback.contact"),
        "safe_channel": links.safe_channel or links.contact or t("fallback.contact"),
        "spokesperson": links.spokesperson or t("fallback.spokesperson"),
    }


def language_of(organisation: Organisation, person: str | None) -> str:
    """The language of a person, or the organisation's."""
    known: Person | None = organisation.people.get(person or "")
    return known.language if known else organisation.language
