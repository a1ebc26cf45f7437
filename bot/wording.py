"""From domain to cards and forms: the only place where sentences of the interface are put together. Reads nothing, decides nothing."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Checklist,
    Copy,
    Facts,
    Field,
    Form,
    Item,
    Picture,
    Quote,
    Select,
    Text,
    Toggles,
    Tone,
)
from bot.case import Case, Decision, Settled, blocked_by_evidence, decision, first_person, needs_department, needs_two, outcomes
from bot.checklist import options
from bot.comment_text import cut, excerpt
from bot.crisis import LISTED, Period
from bot.faq import LANGUAGES, LONGEST_ANSWER, LONGEST_QUESTION, LONGEST_REASON, Conflict, Content, Version
from bot.faq_gaps import Gap
from bot.organisation import Absence, Organisation, Person, said
from bot.presses import (
    AllDone,
    AlsoThis,
    Answer,
    AnswerFromFaq,
    ApproveFaq,
    AskInfo,
    Back,
    BodyAnswered,
    ChangeDirectory,
    Choose,
    Close,
    CloseGap,
    CloseThread,
    CoverPictures,
    Decide,
    Disagree,
    EditFaq,
    EditIntake,
    EditReply,
    EditSignal,
    Forward,
    HandOver,
    KeepSignal,
    MakeDossier,
    Motivate,
    NewFaq,
    Next,
    NoStrike,
    Object,
    Press,
    Reported,
    RetireFaq,
    Review,
    Same,
    SameAuthor,
    SetAbsence,
    SetFlag,
    SetForm,
    ShowCase,
    ShowFaq,
    ShowSignals,
    ShowText,
    ShowTopic,
    Start,
    Take,
    TakeCase,
    TakeOverFaq,
    TellColleague,
    Tick,
    UndoDecision,
    UndoStrike,
    UseFaq,
    Waive,
    WhereToReport,
)
from bot.roster import publishers
from bot.sentences import Sentences, sentences
from bot.topics import Suggestion, Topic
from bot.work import Crisis
from flows.authorities import Authorities, Authority, Citation, Law
from flows.effects import Advise, Measure, Todo
from flows.platforms import Capabilities
from flows.policy import Approved, Policy
from flows.tree import Ask, Deadline, Disposition, Role, StepKind, Tree
from flows.walk import MOST_WALKS, offers
from flows.walk import hours as term_hours

FAQ_VERSIONS, FAQ_GAPS = 10, 8  # shown on one card; the rest is counted
ROW = 75  # characters of a case's row in an overview, which is a button
SHOWN_TEXT = 3000  # characters of a comment on a card; the rest stays in the case
_FAQ_FIELDS = {"formal": "faq.answer_formal", "department": "select.department"}
HIERNIET = (
    "Je plaatste een reactie die respectloos of grensoverschrijdend kan overkomen. Op onze kanalen hanteren we de huisregels van het "
    "Hier Niet‑initiatief: https://hierniet.be/. We vragen je om de discussie respectvol verder te zetten."
)  # prescribed literally by the code of conduct (domain.md): never edited, never translated

_TONE: Mapping[str, Tone] = {"modereer": "danger", "koppel door": "warning", "bied hulp": "success", "volg op": "info"}


@dataclass(frozen=True, slots=True)
class Offer:
    """An approved entry of the FAQ, its answer in the form that this citizen is addressed in; ``lacks_formal``: there is only je."""

    entry: int
    question: str
    answer: str
    lacks_formal: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One thread of a case, as far as a card says something about it."""

    thread: int
    role: Role
    department: str
    phase: str
    taken_by: str | None


@dataclass(frozen=True, slots=True)
class SignalSeen:
    """What a case would add to the signals: its masked words, the topics it may be about, all of its department, the one it has."""

    text: str
    suggestions: tuple[Suggestion, ...]
    topics: tuple[Topic, ...]
    topic: int


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything a case's card may show to its reader. ``private``: the reader's own private flags; ``pictures``: evidence numbers."""

    case: Case
    advised: Advise | None
    situation: Any
    told: tuple[Told, ...] = ()
    private: frozenset[str] = frozenset()
    pictures: tuple[int, ...] = ()
    faq: "tuple[Offer, ...]" = ()
    faq_used: "Offer | None" = None
    same_as: tuple[int, tuple[str, ...]] | None = None  # number and outcomes of the case before
    handle: bool = False
    moderators: tuple[str, ...] = ()
    capabilities: Capabilities | None = None
    crisis: "CrisisSeen | None" = None
    reports: tuple[Any, ...] = ()  # rows of what was reported outside
    may_report: bool = False  # whether the case may be reported, and by this reader
    authorities: Authorities | None = None
    confidential: bool = False  # something runs beside the case that is nobody else's business
    restrictions: tuple[StepKind, ...] = ()  # what was done in a closed case
    objection: Any = None  # the row of the newest objection to a closed case
    strike: Any = None  # the row of the strike that a closed case gave
    links: tuple[tuple[int, int], ...] = ()  # of the author with that of another case: the link, the case
    signal: SignalSeen | None = None


@dataclass(frozen=True, slots=True)
class CrisisSeen:
    """The crisis that is on, as far as a card says something about it. ``publishers``: who speaks; ``touches``: the case shown does;
    ``held``: whoever has the case shown may not answer."""

    crisis: Crisis
    publishers: tuple[str, ...]
    touches: bool = False
    held: bool = False


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

    # --- names ---

    def name(self, person: str) -> str:
        if not person:
            return self.t("log.bot")
        known = self.organisation.people.get(person)
        return known.name if known else self.t("person.somebody")

    def role(self, role: Role, department: str = "") -> str:
        name = self.t(f"role.{role}")
        return f"{name} {self.department(department)}" if department in self.organisation.departments else name

    def department(self, name: str) -> str:
        return said(self.organisation.departments[name].name, self.language)

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

    # --- the texts of the tree, filled ---

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
            facts["hours"] = str(term_hours(todo.after, policy) or 0)
        text = (own or words.kinds[todo.kind]).format_map(self.values(policy, **facts))
        if todo.body is not None and own is None:
            text = f"{text} {bodies[todo.body]}"
        if todo.by != "moderator":
            text = self.t("step.by", role=self.role(todo.by), step=text)
        return text

    def deadline(self, deadline: Deadline | None, policy: Policy) -> str | None:
        """``now``, ``24 h``, ``48 h`` or ``None``, as codes for machines."""
        if deadline is None:
            return None
        length = term_hours(deadline, policy)
        return "now" if length is None else f"{length} h"

    def facts_of(self, case: Case) -> dict[str, str]:
        """The placeholders that the case itself fills."""
        words = case.tree.said(self.language)
        state, facts = case.state, {}
        if state.department in self.organisation.departments:
            facts["department"] = self.department(state.department)
        if state.ground:
            facts["ground"] = words.grounds[state.ground]
        if state.house_rule in self.organisation.house_rules:
            facts["house_rule"] = said(self.organisation.house_rules[state.house_rule].label, self.language)
        return facts

    def reply(self, seen: Seen, todo: Todo) -> str:
        """The text for the citizen that goes with a line: the moderator's own, or the proposal in je- or u-form."""
        case = seen.case
        own = case.state.replies.get(todo.id)
        if own is not None:
            return own
        language = "nl" if case.policy.reply_language == "nl" else self.language
        speaker = Wording(self.organisation, language, self.now)
        words = case.tree.said(language)
        texts = self.organisation.texts.get(language)  # type: ignore[call-overload]  # any language may be asked for
        replies = {**words.replies, **(texts.replies if texts else {})}
        facts = speaker.facts_of(case)
        if seen.faq_used is not None:
            facts["faq_answer"] = seen.faq_used.answer
        if case.policy.sign_as == "first_name_in_private" and todo.kind == "private_message" and case.moderator:
            first = self.name(case.moderator).split()[0]
            facts["signature"] = speaker.t("reply.signature_name", name=first, organisation=self.organisation.name)
        values = speaker.values(case.policy, **facts)
        unsigned = values | {"signature": ""}  # several texts in one message are signed once
        filled = [replies[name].form(case.state.formal).format_map(unsigned) for name in todo.replies[:-1]]
        filled += [replies[name].form(case.state.formal).format_map(values) for name in todo.replies[-1:]]
        return re.sub(r"\n{3,}", "\n\n", re.sub(r"\n[ \t]*\n", "\n\n", "\n\n".join(filled))).strip()

    # --- the case, for its moderator ---

    def case(self, seen: Seen) -> Card:
        """The one card of a case, in whatever state it is."""
        case = seen.case
        asked = seen.advised is None or any(walk.outcome is None for walk in case.state.walks)
        card = self._question(seen) if asked or seen.advised is None else self._advice(seen, seen.advised)
        if seen.crisis is None or not case.open:
            return card
        return replace(card, body=(*self._banner(seen.crisis), *card.body))

    def _banner(self, seen: CrisisSeen) -> list[Block]:
        """What everybody must know while a crisis is on."""
        who = self.s.and_([self.name(person) for person in seen.publishers])
        blocks: list[Block] = [Text(self.t("crisis.banner", reason=seen.crisis.reason, who=who), "strong")]
        if seen.touches:
            blocks.append(Text(self.t("crisis.touches")))
        return blocks

    def comment(self, seen: Seen) -> Card:
        """The comment alone, for who chose to see it."""
        title = self.t("card.case", number=seen.case.number)
        return Card(title, tuple(self._comment(replace(seen, private=frozenset()))))

    def _comment(self, seen: Seen) -> list[Block]:
        case = seen.case
        if case.purged is not None:
            return [
                Text(
                    self.t("card.purged", when=self.s.day(case.purged.astimezone(self.organisation.calendar.zone).date())), "hint"
                )
            ]
        if "weighs_on_me" in seen.private:
            show = Button(self.t("button.show_text"), ShowText(case=case.number))
            return [Text(self.t("support.folded"), "hint"), Buttons((show,))]
        text, was_cut = cut(case.text, SHOWN_TEXT)
        blocks: list[Block] = []
        if text:
            blocks.append(Quote(text, case.handle if seen.handle else ""))
        if was_cut:
            blocks.append(Text(self.t("card.rest_kept", count=len(case.text)), "hint"))
        if text and case.state.text_read and not case.state.text_checked:
            blocks.append(Text(self.t("card.text_read"), "hint"))
        blocks += [Picture(number, self.t("card.picture", number=index)) for index, number in enumerate(seen.pictures, 1)]
        if case.state.pictures_dropped and not seen.pictures:
            blocks.append(Text(self.t("card.picture_gone"), "hint"))
        return blocks

    def _answer(self, offer: Offer) -> list[Block]:
        hint = [Text(self.t("card.faq_only_je"), "hint")] if offer.lacks_formal else []
        return [Copy(self.t("card.faq_answer"), offer.answer), *hint]

    def _where(self, case: Case) -> str:
        return f"{self.t(f'place.{case.state.place}')} · {self.t(f'platform.{case.state.platform}')}"

    def _question(self, seen: Seen) -> Card:
        case = seen.case
        walk = case.state.walks[-1]
        at = len(case.state.walks) - 1
        question = walk.question(case.tree)
        assert question is not None  # the card of an ended case is another
        words = case.tree.said(self.language)
        asked = words.questions[question]
        body: list[Block] = self._comment(seen)
        body.append(Text(self._where(case), "hint"))
        path = self.path(case)
        if path:
            body.append(Text(self.t("card.path", path=path), "hint"))
        step = len(walk.path)
        if at == 0 and step == 0 and seen.same_as is not None:
            number, names = seen.same_as
            label = self.t("button.same", number=number, title=self.titles(case.tree, names))
            body.append(Buttons((Button(label, Same(case=case.number, step=step)),)))
        if seen.faq:
            body.append(Text(self.t("card.faq_fits")))
        for offer in seen.faq:
            body += [Quote(offer.question), *self._answer(offer)]
            press = UseFaq(case=case.number, walk=at, step=step, entry=offer.entry)
            body.append(Buttons((Button(self.t("button.use_faq"), press),)))
        body.append(Text(asked.ask, "question"))
        if asked.help:
            body.append(Text(asked.help, "hint"))
        buttons = tuple(
            Button(asked.choices[choice.id], Answer(case=case.number, walk=at, step=step, choice=choice.id))
            for choice in offers(case.tree, case.policy, seen.situation, question)
        )
        body.append(Buttons(buttons, numbered=True))
        below = [Button(self.t("button.intake"), EditIntake(case=case.number))]
        if walk.path or at > 0:
            below.insert(0, Button(self.t("button.back"), Back(case=case.number, walk=at, step=step)))
        body.append(Buttons(tuple(below)))
        title = self.t("card.case", number=case.number)
        return Card(title, tuple(body), notice=self.t("notice.case", number=case.number))

    def _advice(self, seen: Seen, advised: Advise) -> Card:
        case = seen.case
        words = case.tree.said(self.language)
        body: list[Block] = self._comment(seen)
        body.append(Facts(self._facts(seen, advised)))
        if not case.open:
            title = self.t("card.closed", number=case.number, title=self.titles(case.tree, advised.outcomes))
            body += self._lines(seen, advised)
            body += self._reports(seen)
            after = [Button(self.t("button.next"), Next(case=case.number))]
            if seen.strike is not None and seen.strike.undone is None:
                after.append(Button(self.t("button.undo_strike"), UndoStrike(case=case.number)))
            if seen.restrictions:
                after.append(Button(self.t("button.motivate"), Motivate(case=case.number, formal=case.state.formal)))
                if seen.objection is None or seen.objection.decided is not None:
                    after.append(Button(self.t("button.object"), Object(case=case.number)))
            body += self._signal(seen)
            body.append(Buttons(tuple(after)))
            return Card(title, tuple(body), "neutral", self.t("notice.case", number=case.number))
        values = self.values(case.policy, **self.facts_of(case))
        body += [Text(words.outcomes[name].advice.format_map(values)) for name in advised.outcomes]
        body += self._decision(case)
        body += self._private(seen)
        body += self._selects(seen, advised)
        if advised.steps:
            body.append(Text(self.t("card.steps"), "strong"))
            body += self._lines(seen, advised)
        body += self._reports(seen)
        body += self._replies(seen, advised)
        body += self._consequences(seen, advised)
        if advised.flags:
            flags = tuple(
                (
                    self.t(f"flag.{flag}"),
                    flag in case.state.flags or flag in seen.private,
                    SetFlag(case=case.number, flag=flag, on=not (flag in case.state.flags or flag in seen.private)),
                )
                for flag in advised.flags
            )
            body.append(Toggles(self.t("card.flags"), flags))
        if advised.strike == "waivable":
            waived = case.state.no_strike
            body.append(
                Toggles(self.t("card.strike"), ((self.t("flag.no_strike"), waived, NoStrike(case=case.number, on=not waived)),))
            )
        body += self._author(seen, advised)
        if len(case.state.walks) < MOST_WALKS:
            also = tuple(
                (label, AlsoThis(case=case.number, walk=len(case.state.walks), also=key)) for key, label in words.also.items()
            )
            body.append(Select(self.t("card.also"), also))
        body += self._signal(seen)
        body.append(Buttons(self._below(seen)))
        title = self.t("card.advice", number=case.number, title=self.titles(case.tree, advised.outcomes))
        return Card(title, tuple(body), _TONE[advised.disposition], self.t("notice.case", number=case.number))

    def _author(self, seen: Seen, advised: Advise) -> list[Block]:
        """Whether the author is known under another name too; where it matters, and only to who may know of warnings."""
        case = seen.case
        if advised.strike == "never" or case.author is None or not seen.handle:
            return []
        blocks: list[Block] = [Text(self.t("strike.same_as", number=number), "hint") for _, number in seen.links]
        buttons = [
            Button(self.t("button.not_same", number=number), SameAuthor(case=case.number, link=link))
            for link, number in seen.links
        ]
        return [*blocks, Buttons((Button(self.t("button.same_author"), SameAuthor(case=case.number)), *buttons))]

    def _posted(self, typed: str) -> str | Quote:
        """When it was placed: what a form's own field for a moment gives, with its year; else what somebody typed."""
        try:
            at = datetime.strptime(typed.replace("T", " "), "%Y-%m-%d %H:%M").replace(tzinfo=self.organisation.calendar.zone)
        except ValueError:
            return Quote(typed)
        return f"{self.s.day(at.date())} {at:%H:%M}"

    def _facts(self, seen: Seen, advised: Advise) -> tuple[tuple[str, str | Quote], ...]:
        case, rows = seen.case, []
        rows.append((self.t("fact.disposition"), self.t(f"disposition.{advised.disposition.replace(' ', '_')}")))
        if advised.deadline is not None:
            due = case.state.terms.get("case")
            now = advised.deadline.clock == "now"
            rows.append((self.t("fact.deadline"), self.t("deadline.now") if now or due is None else self.moment(due)))
        rows.append((self.t("fact.path"), self.path(case)))
        rows.append((self.t("fact.where"), self._where(case)))
        quotes: list[tuple[str, str | Quote]] = list(rows)
        if case.link:
            quotes.append((self.t("fact.link"), Quote(case.link)))
        if case.post:
            quotes.append((self.t("fact.post"), Quote(case.post)))
        if case.posted:
            quotes.append((self.t("fact.posted"), self._posted(case.posted)))
        told = [self._told(item) for item in seen.told if item.phase != "retracted"]
        if needs_department(advised, case):
            told.append(self.t("told.choose_department"))
        if told:
            quotes.append((self.t("fact.told"), " · ".join(told)))
        strike = self._strike(seen, advised)
        if strike:
            quotes.append((self.t("fact.strike"), strike))
        if case.moderator is not None and not case.open:
            quotes.append((self.t("fact.moderator"), self.name(case.moderator)))
        if case.closed is not None:
            quotes.append((self.t("fact.closed"), self.moment(case.closed)))
        if seen.objection is not None:
            quotes.append((self.t("fact.objection"), self._objection_stands(seen.objection)))
        if case.purge_on is not None:
            quotes.append((self.t("fact.kept_until"), self.s.day(datetime.fromisoformat(case.purge_on).date())))
        return tuple(quotes)

    def _strike(self, seen: Seen, advised: Advise) -> str:
        """What closing would add to the author's warnings, or what it added; empty when nothing."""
        case = seen.case
        if not case.open:
            if seen.strike is None:
                return ""
            if seen.strike.undone is not None:
                return self.t("strike.undone", who=self.name(seen.strike.undone_by), when=self.moment(seen.strike.undone))
            zone = self.organisation.calendar.zone
            return self.t("strike.recorded", until=self.s.day(seen.strike.expires.astimezone(zone).date()))
        if advised.strike == "never" or case.state.no_strike or case.author is None:
            return ""
        count, most = case.state.earlier_strikes + 1, case.policy.strikes.block_at
        parts = [self.t("strike.preview", nth=self.s.nth(count), most=most)]
        if count >= most:
            parts.append(self.t("strike.limit"))
        elif advised.criminal and case.policy.strikes.criminal_override:
            parts.append(self.t("strike.override"))
        return " · ".join(parts)

    def _told(self, item: Told) -> str:
        name = self.role(item.role, item.department)
        if item.taken_by is not None:
            return self.t("told.taken", role=name, who=self.name(item.taken_by))
        return self.t(f"told.{item.phase}", role=name)

    def _decision(self, case: Case) -> list[Block]:
        blocks: list[Block] = []
        for made in case.state.decisions:
            who, when = self.name(made.by), self.moment(made.at)
            if made.undoes:
                key = "card.undecided" if made.thread else "card.lapsed"
                blocks.append(Text(self.t(key, who=who, when=when), "strong"))
            else:
                title = self.titles(case.tree, [made.outcome])
                blocks.append(Text(self.t("card.decided", who=who, when=when, title=title), "strong"))
                blocks.append(Text(self.ground(made), "hint"))
            if made.reason:
                blocks.append(Quote(made.reason, who))
        return blocks

    def ground(self, made: Decision) -> str:
        """The measure of a decision, and the house rule it rests on."""
        measure, rules = self.t(f"measure.{made.measure}"), self.organisation.house_rules
        if made.rule not in rules:
            return self.t("card.measure", measure=measure)
        return self.t("card.measure_rule", measure=measure, rule=said(rules[made.rule].label, self.language))

    def _support_people(self) -> str:
        """Who is there for a colleague: the confidential counsellor and the integrity desk, by role and name."""
        roles = self.organisation.roles
        places: tuple[Role, ...] = ("confidant", "integrity_desk")
        who = [
            f"{self.name(person)} ({self.t(f'role.{role}')})"
            for role in places
            if role in roles
            for person in roles[role].holders
        ]
        return self.s.and_(who) if who else self.t("support.nobody")

    def support(self) -> Card:
        """Where a colleague who is targeted can go; says nothing of what was written, nor where."""
        title = self.t("support.title")
        body = (
            Text(self.t("support.for_you")),
            Text(self.t("support.go_to", who=self._support_people()), "strong"),
            Text(self.t("support.threatened")),
            Text(self.t("support.never_answer")),
            Text(self.t("support.who_knows"), "hint"),
        )
        return Card(title, body, "info", self.t("support.notice"))

    def _private(self, seen: Seen) -> list[Block]:
        blocks: list[Block] = []
        if "colleague_targeted" in seen.private:
            blocks.append(Text(self.t("support.colleague", who=self._support_people()), "strong"))
            blocks.append(Buttons((Button(self.t("button.tell_colleague"), TellColleague(case=seen.case.number)),)))
        elif seen.confidential:
            blocks.append(Text(self.t("support.confidential"), "hint"))
        if "weighs_on_me" in seen.private:
            blocks.append(Text(self.t("support.weighs")))
            if seen.moderators:
                choices = tuple((self.name(person), HandOver(case=seen.case.number, to=person)) for person in seen.moderators)
                blocks.append(Select(self.t("support.hand_over"), choices))
        return blocks

    def _selects(self, seen: Seen, advised: Advise) -> list[Block]:
        case = seen.case
        blocks: list[Block] = []
        for ask in advised.asks:
            values = ("", *options(self.organisation, case, ask))
            if len(values) == 1:
                continue
            chosen = getattr(case.state, ask) or ""
            rows = tuple((self._option(case, ask, value), Choose(case=case.number, what=ask, value=value)) for value in values)
            at = values.index(chosen) if chosen in values else 0
            hint = self.t("select.department_needed") if ask == "department" and needs_department(advised, case) else ""
            blocks.append(Select(self.t(f"select.{ask}"), rows, at, hint))
        return blocks

    def _option(self, case: Case, ask: Ask, value: str) -> str:
        if not value:
            return self.t(f"select.no_{ask}")
        match ask:
            case "department":
                return self.department(value)
            case "ground":
                return case.tree.said(self.language).grounds[value]
            case "house_rule":
                return said(self.organisation.house_rules[value].label, self.language)

    def _lines(self, seen: Seen, advised: Advise) -> list[Block]:
        """The checklist, and below it the reasons that people typed: their own words, which may quote a citizen."""
        case, items = seen.case, []
        typed: list[tuple[str, str | Quote]] = []
        facts = self.facts_of(case)
        for todo in advised.steps:
            text = self.step(case.tree, case.policy, todo, facts)
            settled = case.state.items.get(todo.id)
            notes = []
            if settled is None and (due := case.state.terms.get(todo.id)) is not None:
                notes.append(
                    self.t(
                        "item.not_before" if todo.kind in ("hide", "delete", "close_comments", "monitor") else "item.before",
                        when=self.moment(due),
                    )
                )
            if todo.optional:
                notes.append(self.t("item.optional"))
            more: list[Button] = []
            mark: Press | None = None
            if settled is not None:
                state = settled.how
                notes = self._settled(settled)
                if settled.note:
                    typed.append((text, Quote(settled.note, self.name(settled.by))))
                if case.open:
                    mark = Tick(case=case.number, item=todo.id, done=False)
                items.append(Item(text, state, " · ".join(notes), mark))
                continue
            blocked = blocked_by_evidence(case, advised, todo)
            if case.open:
                mark = Tick(case=case.number, item=todo.id)
                more = self._more(case, todo)
            if blocked:
                notes.append(self.t("item.evidence_first"))
            elif needs_two(todo):
                notes.append(self._needs_two(case, todo))
            urgent = todo.phase == "safety"
            if blocked:
                items.append(Item(text, "blocked", " · ".join(notes), None, tuple(more), urgent))
            else:
                items.append(Item(text, "open", " · ".join(notes), mark, tuple(more), urgent))
        return [Checklist(tuple(items)), *([Facts(tuple(typed))] if typed else [])]

    def _settled(self, settled: Settled) -> list[str]:
        key = "item.waived" if settled.how == "waived" else "item.done"
        notes = [self.t(key, who=self.name(settled.by), when=self.moment(settled.at))]
        if settled.first:
            notes.append(self.t("item.first", who=self.name(settled.first)))
        return [*notes, self.t(f"reason.{settled.reason}")] if settled.reason else notes

    def _needs_two(self, case: Case, todo: Todo) -> str:
        first = first_person(case, todo)
        if first is None:
            return self.t("item.two", role=self.role(todo.by))
        return self.t("item.proposed", who=self.name(first), role=self.role(todo.by))

    def _more(self, case: Case, todo: Todo) -> list[Button]:
        """What else can be done with an open line."""
        more: list[Button] = []
        if todo.to_publisher:
            more += [
                Button(self.t("button.give_to", who=self.name(person)), HandOver(case=case.number, to=person))
                for person in publishers(self.organisation)[:3]
            ]
        if todo.replies:
            more.append(Button(self.t("button.edit_reply"), EditReply(case=case.number, item=todo.id)))
        more += [
            Button(self.t(f"reason.{reason}"), Waive(case=case.number, item=todo.id, reason=reason))
            for reason in ("done_before", "not_possible", "not_needed")
        ]
        return [*more, Button(self.t("button.waive"), Waive(case=case.number, item=todo.id))]

    def _reports(self, seen: Seen) -> list[Block]:
        """What was reported outside and what came of it, and the way to report more."""
        case, rows = seen.case, list[tuple[str, str | Quote]]()
        waiting: list[Button] = []
        for row in seen.reports:
            name = self.office(seen.authorities, row.body)
            day = self.s.day(datetime.fromisoformat(row.on_day).date())
            rows.append((self.t("report.by", body=name), self.t("report.on", day=day, who=self.name(row.by))))
            if row.reference:
                rows.append((self.t("report.reference"), Quote(row.reference)))
            if row.answer:
                rows.append((self.t("report.answer", body=name), Quote(row.answer)))
            elif seen.may_report and row.answered is None:
                waiting.append(Button(self.t("button.body_answered", body=name), BodyAnswered(case=case.number, report=row.id)))
        blocks: list[Block] = [Text(self.t("report.title"), "strong"), Facts(tuple(rows))] if rows else []
        if seen.may_report:
            buttons = (
                Button(self.t("button.where"), WhereToReport(case=case.number)),
                Button(self.t("button.reported"), Reported(case=case.number)),
                Button(self.t("button.dossier"), MakeDossier(case=case.number)),
                *waiting[:3],
            )
            blocks.append(Buttons(buttons))
        return blocks

    def office(self, authorities: Authorities | None, body: str) -> str:
        """The name of a body outside, in the municipality's own words where it has them."""
        texts = self.organisation.texts.get(self.language)  # type: ignore[call-overload]  # any language may be asked for
        own: str | None = texts.bodies.get(body) if texts else None
        known = next((item.name for name, item in authorities.bodies.items() if name == body), None) if authorities else None
        return own or (said(known, self.language) if known else body)

    def where(self, case: Case, pairs: Sequence[tuple[str, Authority]], authorities: Authorities) -> Card:
        """Where a case may be reported: what each body takes, asks and refuses, and how to reach it."""
        title = self.t("where.title", number=case.number)
        body: list[Block] = []
        if case.state.ground:
            body.append(Text(self.t("where.ground", ground=case.tree.said(self.language).grounds[case.state.ground])))
        elif any("ground" in case.tree.outcomes[name].asks for name in outcomes(case)):
            body.append(Text(self.t("where.choose_ground"), "question"))
        situation = ""
        for found, name in pairs:
            office = authorities.bodies[name]
            if found != situation and self.s.has(f"where.{found}"):
                body.append(Text(self.t(f"where.{found}")))
            situation = found
            office_name = self.office(authorities, name)
            body.append(Text(office_name[:1].upper() + office_name[1:], "strong"))
            rows: list[tuple[str, str | Quote]] = [
                (self.t("where.takes"), said(office.takes, self.language)),
                (self.t("where.reach"), said(office.reach, self.language)),
            ]
            if office.asks:
                rows.append((self.t("where.asks"), self.s.and_([self.t(f"asks.{item}") for item in office.asks])))
            if office.refuses:
                rows.append((self.t("where.refuses"), self.s.and_([self.t(f"refuses.{item}") for item in office.refuses])))
            body.append(Facts(tuple(rows)))
        if not pairs:
            body.append(Text(self.t("where.nothing")))
        body.append(Buttons((Button(self.t("button.reported"), Reported(case=case.number), "primary"),)))
        checked = self.t("where.checked", day=self.s.day(authorities.checked))
        body.append(Text(f"{said(authorities.lawyer, self.language)} {checked}", "hint"))
        return Card(title, tuple(body), "info", title)

    def reported_form(self, press: Reported, bodies: Sequence[Authority], authorities: Authorities) -> Form:
        """What was reported: to whom, on which day, with which reference."""
        options = tuple((name, self.office(authorities, name)) for name in bodies)
        fields = (
            Field("body", self.t("field.body"), "choice", press.body or (bodies[0] if bodies else ""), options, True),
            Field("on", self.t("field.on"), "line", hint=self.t("field.on_hint"), limit=20),
            Field("reference", self.t("field.reference"), "line", hint=self.t("field.reference_hint"), limit=200),
        )
        return Form(self.t("form.reported", number=press.case), press, fields, self.t("form.save"))

    def body_answered_form(self, press: BodyAnswered, body: str, authorities: Authorities) -> Form:
        """What a body answered to a report."""
        name = self.office(authorities, body)
        field = Field("answer", self.t("field.body_answer", body=name), "text", required=True, limit=2000)
        return Form(self.t("form.body_answered", number=press.case), press, (field,), self.t("form.save"))

    def _replies(self, seen: Seen, advised: Advise) -> list[Block]:
        blocks: list[Block] = []
        case = seen.case
        todos = [todo for todo in advised.steps if todo.replies and todo.id not in case.state.items]
        for todo in todos:
            key = f"copy.{todo.kind}" if todo.kind in ("public_answer", "private_message") else "copy.other"
            blocks += [Copy(self.t(key), self.reply(seen, todo))]
        if todos:
            label = self.t("button.say_je" if case.state.formal else "button.say_u")
            blocks.append(Buttons((Button(label, SetForm(case=case.number, formal=not case.state.formal)),)))
        if case.state.place == "private" and case.policy.dm_auto_reply:
            blocks.append(Copy(self.t("copy.auto_reply"), case.policy.dm_auto_reply))
        return blocks

    def _consequences(self, seen: Seen, advised: Advise) -> list[Block]:
        """What a step leaves behind, said beside it: hiding, deleting, and every answer."""
        kinds = {todo.kind for todo in advised.steps if todo.id not in seen.case.state.items}
        blocks: list[Block] = []
        known = seen.capabilities
        if "hide" in kinds and known is not None:
            blocks.append(Text(known.hiding_leaves[self.s.language], "hint"))
        if "delete" in kinds and known is not None:
            blocks.append(Text(known.deleting_leaves[self.s.language], "hint"))
        if "public_answer" in kinds:
            blocks.append(Text(self.t("card.answer_is_seen"), "hint"))
        return blocks

    def _signal(self, seen: Seen) -> list[Block]:
        """What goes into the signals, for the moderator to look at: no program finds every name."""
        case, found = seen.case, seen.signal
        if found is None or case.purged is not None or "weighs_on_me" in seen.private:  # folded away with the comment
            return []
        texts = case.state.texts
        edit = Button(self.t("button.edit_signal"), EditSignal(case=case.number, texts=texts))
        blocks: list[Block] = []
        buttons: tuple[Button, ...] = (edit,)
        if case.signal is not None:
            blocks += [Text(self.t("signal.kept"), "strong"), Quote(case.signal)]
            buttons = (edit, Button(self.t("button.drop_signal"), KeepSignal(case=case.number, texts=texts, on=False)))
        elif found.text:
            blocks += [Text(self.t("signal.preview"), "strong"), Quote(found.text)]
            buttons = (Button(self.t("button.keep_signal"), KeepSignal(case=case.number, texts=texts, on=True)), edit)
        why = next((item for item in found.suggestions if item.topic.id == found.topic), None)
        name = next((topic.name for topic in found.topics if topic.id == found.topic), "")
        if name:
            hint = self.t("signal.alike" if why.alike else "signal.names", words=", ".join(why.words)) if why else ""
            blocks.append(Text(f"{self.t('signal.topic', topic=name)} {hint}".strip(), "hint"))
        return [*blocks, Buttons(buttons)]

    def signal_form(self, press: EditSignal, text: str, found: SignalSeen) -> Form:
        """The words of the signal, and what it is about: what was suggested first."""
        first = [item.topic for item in found.suggestions]
        rows = [*first, *(topic for topic in found.topics if topic not in first)]
        options = (("0", self.t("signal.no_topic")), *((str(topic.id), topic.name) for topic in rows))
        words = Field("text", self.t("field.signal"), "text", text, hint=self.t("field.signal_hint"), limit=1000)
        topics = (Field("topic", self.t("signals.topic"), "choice", str(found.topic), options),) if rows else ()
        return Form(self.t("form.signal"), press, (words, *topics), self.t("form.save"))

    def _below(self, seen: Seen) -> tuple[Button, ...]:
        case = seen.case
        walk = case.state.walks[-1]
        unsettled = any(todo.id not in case.state.items for todo in seen.advised.steps) if seen.advised else False
        ahead = (Button(self.t("button.all_done"), AllDone(case=case.number), "primary"),) if unsettled else ()
        return (
            *ahead,
            Button(self.t("button.close"), Close(case=case.number), "plain" if unsettled else "primary", self._asks(seen)),
            Button(self.t("button.back"), Back(case=case.number, walk=case.walk, step=len(walk.path))),
            Button(self.t("button.next"), Next(case=case.number)),
            Button(self.t("button.intake"), EditIntake(case=case.number)),
        )

    def _asks(self, seen: Seen) -> str:
        """What closing does that should be thought about first."""
        case, advised = seen.case, seen.advised
        if advised is None or advised.strike == "never" or case.state.no_strike or case.author is None:
            return ""
        return self.t("strike.asks", nth=self.s.nth(case.state.earlier_strikes + 1), most=case.policy.strikes.block_at)

    def handed_over(self, case: Case) -> Card:
        """What is left with the moderator who gave a case away."""
        who = self.name(case.moderator) if case.moderator else self.t("person.somebody")
        return Card(self.t("card.case", number=case.number), (Text(self.t("card.handed_over", who=who)),))

    # --- the case, for those who are told ---

    def thread(self, seen: Seen, thread: Told) -> Card:
        """The head of an escalation thread: one clear question, and what is needed to answer it."""
        case, advised = seen.case, seen.advised
        words = case.tree.said(self.language)
        role = self.role(thread.role, thread.department)
        body: list[Block] = [Text(self.t("thread.for", role=role, who=self.name(case.moderator or "")), "hint")]
        if thread.phase == "retracted":
            title = self.t("thread.retracted", number=case.number)
            return Card(title, (*body, Text(self.t("thread.retracted_text"))), "neutral", title)
        body += self._comment(Seen(case, advised, seen.situation, pictures=seen.pictures))
        ended = outcomes(case)
        rows: list[tuple[str, str | Quote]] = []
        if advised is not None:
            rows = [row for row in self._facts(seen, advised) if row[0] != self.t("fact.strike")]
        if case.state.ground:
            rows.append((self.t("select.ground"), words.grounds[case.state.ground]))
        if case.state.department in self.organisation.departments:
            rows.append((self.t("select.department"), self.department(case.state.department)))
        body.append(Facts(tuple(rows)))
        if advised is not None and advised.decides and decision(case) is None:
            body.append(Text(self.t("thread.decide_please"), "question"))
        elif thread.role == "antenna" and advised is not None and "faq_candidate" in advised.records:
            body.append(Text(self.t("thread.answer_please"), "question"))
            body += self._looks_like(seen, thread)
        if seen.confidential:
            body.append(Text(self.t("support.confidential"), "hint"))
        body += self._decision(case)
        if thread.taken_by is not None:
            body.append(Text(self.t("thread.taken", who=self.name(thread.taken_by)), "strong"))
        title = self.t("card.advice" if case.open else "card.closed", number=case.number, title=self.titles(case.tree, ended))
        if case.open and thread.phase != "closed":
            decisions = len(case.state.decisions)
            buttons = [  # also where the role itself may not decide: the communications lead reads every thread
                Button(self.t("button.decide"), Decide(thread=thread.thread, decisions=decisions)),
                Button(self.t("button.ask_info"), AskInfo(thread=thread.thread)),
                Button(self.t("button.forward"), Forward(thread=thread.thread)),
                Button(self.t("button.close_thread"), CloseThread(thread=thread.thread)),
            ]
            if decision(case) is not None:
                undo = UndoDecision(thread=thread.thread, decisions=decisions)
                buttons.insert(1, Button(self.t("button.undo_decision"), undo))
            if thread.taken_by is None:
                buttons.insert(0, Button(self.t("button.take"), Take(thread=thread.thread), "primary"))
            body += [Buttons(tuple(buttons)), *self._reports(seen)]
        tone = _TONE[advised.disposition] if advised is not None and case.open else "neutral"
        return Card(title, tuple(body), tone, self.t("notice.thread", number=case.number, role=role))

    def _looks_like(self, seen: Seen, thread: Told) -> list[Block]:
        """What stands in the FAQ already about what is asked of an antenna."""
        if not seen.faq or seen.faq_used is not None:
            return []
        body: list[Block] = [Text(self.t("thread.looks_like"))]
        for offer in seen.faq:
            body += [Quote(offer.question), *self._answer(offer)]
            if seen.case.open and thread.phase != "closed":
                press = AnswerFromFaq(thread=thread.thread, entry=offer.entry)
                body.append(Buttons((Button(self.t("button.answer_from_faq"), press),)))
        return body

    def thread_note(self, case: Case, args: Mapping[str, Any]) -> Card:
        """A sentence of the bot in a thread."""
        values: dict[str, str] = {"number": str(case.number), "who": self.name(str(args.get("who", "")))}
        if args.get("outcome"):
            values["title"] = self.titles(case.tree, [str(args["outcome"])])
        if args.get("role"):
            values["role"] = self.role(args["role"], str(args.get("department", "")))
        if "asked" in args:
            values["asked"] = self.role(args["asked"], str(args.get("of", "")))
            values["to"] = self.s.and_([self.name(person) for person in str(args["to"]).split(",") if person])
        if args.get("term") in case.state.terms:
            values["when"] = self.moment(case.state.terms[str(args["term"])])
        text = self.t(f"thread_note.{args['what']}", **values)
        return Card("", (Text(text),), notice=text)

    def reminder(self, case: Case, args: Mapping[str, Any]) -> Card:
        """A term that passed, for the communications lead."""
        known = case.state.terms.get(str(args["term"]))
        who = self.name(case.moderator) if case.moderator else self.t("person.somebody")
        what = str(args["what"]).replace("term_", "late_")  # said to somebody else than the moderator
        text = self.t(f"reminder.{what}", who=who, when=self.moment(known) if known else "")
        titles = self.titles(case.tree, outcomes(case))
        title = self.t("card.advice", number=case.number, title=titles) if titles else self.t("card.case", number=case.number)
        button = Button(self.t("button.show_case"), ShowCase(case=case.number))
        return Card(title, (Text(text), Buttons((button,))), "warning", self.t("notice.reminder", number=case.number))

    def second(self, seen: Seen) -> Card:
        """What needs a second person in a case: those lines, by whom each was proposed, to confirm or not."""
        case = seen.case
        title = self.t("second.title", number=case.number)
        open_lines = [todo for todo in seen.advised.steps if todo.id in case.state.proposed] if seen.advised and case.open else []
        if not open_lines:
            return Card(title, (Text(self.t("second.nothing_left")),), notice=title)
        body: list[Block] = [*self._comment(seen), *self._decision(case)]
        for todo in open_lines:
            text = self.step(case.tree, case.policy, todo, self.facts_of(case))
            body += [
                Text(self.t("second.proposed", who=self.name(case.state.proposed[todo.id].by), step=text), "question"),
                Buttons(
                    (
                        Button(self.t("button.confirm"), Tick(case=case.number, item=todo.id), "primary"),
                        Button(self.t("button.disagree"), Disagree(case=case.number, item=todo.id)),
                    )
                ),
            ]
        return Card(title, tuple(body), "warning", title)

    # --- why, for the citizen; and their objection ---

    def motivation(self, seen: Seen, restrictions: Sequence[StepKind], *, formal: bool) -> Card:
        """What was done, to which comment, on which rule, by whom as an organisation and how to object: the fields of article 17 of
        the Digital Services Act, without claiming to be that statement."""
        case, title = seen.case, self.t("motivation.title", number=seen.case.number)
        if not restrictions:
            return Card(title, (Text(self.t("motivation.nothing")),))
        other = Button(self.t("button.say_je" if formal else "button.say_u"), Motivate(case=case.number, formal=not formal))
        body = (
            Text(self.t("motivation.check")),
            Copy(self.t("motivation.copy"), self._motivation(seen, restrictions, formal=formal)),
            Buttons((other,)),
        )
        return Card(title, body, "info", title)

    def _motivation(self, seen: Seen, restrictions: Sequence[StepKind], *, formal: bool) -> str:
        case = seen.case
        language = "nl" if case.policy.reply_language == "nl" else self.language
        speaker, form = Wording(self.organisation, language, self.now), "u" if formal else "je"
        t = speaker.t
        values = speaker.values(case.policy)
        day = speaker.s.day((case.closed or self.now).astimezone(self.organisation.calendar.zone).date())
        which = [t(f"platform.{case.state.platform}")]
        posted = speaker._posted(case.posted) if case.posted else ""
        if isinstance(posted, str) and posted:
            which.append(posted)
        if re.fullmatch(r"https?://[^\s<>]{3,400}", case.link):
            which.append(case.link)
        done = [t(f"motivation.{kind}_{form}") for kind in restrictions]
        if seen.strike is not None and seen.strike.undone is None:
            until = speaker.s.day(seen.strike.expires.astimezone(self.organisation.calendar.zone).date())
            done.append(t(f"motivation.warning_{form}", until=until))
        standing, rules = decision(case), self.organisation.house_rules
        rule = (standing.rule if standing is not None else "") or case.state.house_rule or ""
        why = []
        if rule in rules:
            label = said(rules[rule].label, language)
            why.append(t(f"motivation.rule_{form}", rule=label, code=values["code_of_conduct"]))
        if seen.advised is not None and seen.advised.criminal:
            why.append(t(f"motivation.criminal_{form}"))
        if not why:
            why.append(t(f"motivation.code_{form}", code=values["code_of_conduct"]))
        parts = [
            t(f"motivation.opening_{form}", day=day, which=" · ".join(which)),
            t("motivation.what", done=" ".join(done)),
            t("motivation.why", why=" ".join(why)),
            t(f"motivation.how_{form}"),
            t(f"motivation.object_{form}", contact=values["contact"]),
            t(f"motivation.status_{form}"),
            values["signature"],
        ]
        return "\n\n".join(parts)

    def _objection_stands(self, row: Any) -> str:
        if row.decided is None:
            return self.t("objection.waits", who=self.name(row.reviewer))
        key = "objection.changed" if row.measure else "objection.upheld"
        return self.t(key, who=self.name(row.decided_by), when=self.moment(row.decided))

    def objection(self, seen: Seen, row: Any, restrictions: Sequence[StepKind]) -> Card:
        """An objection for who looks at it: the comment, what was done and why, the citizen's words; two buttons."""
        case = seen.case
        title = self.t("objection.title", number=case.number)
        body: list[Block] = [Text(self.t("objection.for", who=self.name(row.reviewer)), "hint"), *self._comment(seen)]
        if seen.advised is not None:
            body.append(Facts(tuple(item for item in self._facts(seen, seen.advised) if item[0] != self.t("fact.strike"))))
        body.append(Text(self.t("objection.done", done=self.s.and_([self.t(f"measure.{kind}") for kind in restrictions]))))
        body += [*self._decision(case), Text(self.t("objection.says"), "strong"), Quote(row.text)]
        if row.decided is not None:
            body += [Text(self._objection_stands(row), "strong"), Quote(row.reason or "", self.name(row.decided_by))]
            return Card(title, tuple(body), "neutral", title)
        body += [
            Text(self.t("objection.ask"), "question"),
            Buttons(
                (
                    Button(self.t("button.uphold"), Review(objection=row.id, upheld=True)),
                    Button(self.t("button.change"), Review(objection=row.id, upheld=False)),
                )
            ),
        ]
        return Card(title, tuple(body), "warning", title)

    def objected(self, case: Case, row: Any) -> Card:
        """What came of an objection, for the moderator: what to do now, and the answer to the citizen."""
        title = self.t("objection.title", number=case.number)
        body: list[Block] = [Text(self._objection_stands(row), "strong"), Quote(row.reason or "", self.name(row.decided_by))]
        if row.measure:
            body.append(Text(self.t(f"objection.now_{row.measure}"), "question"))
        language = "nl" if case.policy.reply_language == "nl" else self.language
        speaker, form = Wording(self.organisation, language, self.now), "u" if case.state.formal else "je"
        key = f"objection.answer_{'changed' if row.measure else 'upheld'}_{form}"
        measure = speaker.t(f"objection.becomes_{row.measure}") if row.measure else ""
        values = speaker.values(case.policy)
        text = speaker.t(key, measure=measure, organisation=values["organisation"], signature=values["signature"])
        body += [Copy(self.t("objection.copy"), text), Text(self.t("objection.reason_stays"), "hint")]
        return Card(title, tuple(body), "info", title)

    def reply_card(self, number: int, by: str, text: str, *, outside: bool, edited: bool, deleted: bool) -> Card:
        """What a colleague wrote, passed on."""
        who = self.t("reply.outside") if outside else self.name(by)
        if deleted:
            return Card("", (Text(self.t("reply.deleted", who=who), "hint"),))
        blocks: list[Block] = [Quote(text, who)]
        if edited:
            blocks.append(Text(self.t("reply.edited"), "hint"))
        return Card("", tuple(blocks), notice=self.t("notice.reply", number=number, who=who))

    def found(self, seen: Seen) -> Card:
        """A case that a colleague handed in, for the moderation team to take."""
        case = seen.case
        title = self.t("found.title", number=case.number)
        body: list[Block] = [Text(self.t("found.by", who=self.name(case.pasted_by))), *self._comment(seen)]
        if case.moderator is None:
            body.append(Buttons((Button(self.t("button.take_case"), TakeCase(case=case.number), "primary"),)))
        else:
            body.append(Text(self.t("found.taken", who=self.name(case.moderator)), "strong"))
        return Card(title, tuple(body), notice=title)

    def note(self, case: Case, args: Mapping[str, Any], authorities: Authorities | None = None) -> Card:
        """A sentence to a colleague about a case that they handed in, or about a report of theirs."""
        values = {"body": self.office(authorities, str(args["body"]))} if "body" in args else {}
        text = self.t(f"note_to.{args['what']}", number=case.number, title=self.titles(case.tree, outcomes(case)), **values)
        buttons = (Button(self.t("button.show", number=case.number), ShowCase(case=case.number)),) if "body" in args else ()
        return Card("", (Text(text), *((Buttons(buttons),) if buttons else ())), notice=text)

    def warning(self, topic: Topic, week: int, args: Mapping[str, Any]) -> Card:
        """A topic comes back often, or more often than it did."""
        department = self.department(topic.department) if topic.department in self.organisation.departments else ""
        values = {"topic": topic.name, "count": args["count"], "days": args["days"], "usual": args["usual"]}
        text = self.t("warning.rise" if args["why"] == "rise" else "warning.text", department=department, **values)
        title = self.t("warning.title", topic=topic.name)
        show = Button(self.t("button.show_signals"), ShowSignals(department=topic.department, topic=topic.id), "primary")
        more = Button(self.t("button.show_topic"), ShowTopic(topic=topic.id, week=week))
        return Card(title, (Text(text), Buttons((show, more))), "warning", title)

    def review(self, approved: Approved) -> Card:
        """The policy's review date has passed."""
        days = {"on": self.s.day(approved.on), "review_on": self.s.day(approved.review_on)}
        title = self.t("review.title")
        return Card(title, (Text(self.t("review.text", by=approved.by, **days)),), "warning", title)

    # --- the evidence dossier ---

    def dossier(
        self,
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
            (self.t("dossier.case"), str(case.number)),
            (self.t("dossier.for"), self.office(tables, receiver)),
            (self.t("dossier.from"), self.organisation.name),
            (self.t("dossier.contact"), self.organisation.links.contact or self.t("fallback.contact")),
            (self.t("dossier.made"), self._exactly(self.now)),
        ]
        if receiver != "police":
            made.append((self.t("dossier.masked"), self.t("dossier.masked_text")))
        chapters: list[tuple[str, list[Block]]] = [(self.t("dossier.about"), [Facts(tuple(made))])]
        chapters.append((self.t("dossier.comment"), self._dossier_comment(seen, hide)))
        if shots:
            chapters.append((self.t("dossier.shots"), self._dossier_shots(shots, masked=receiver != "police")))
        chapters.append((self.t("dossier.assessed"), self._dossier_assessed(seen, hide)))
        if seen.reports:
            reported = replace(seen, may_report=False)
            chapters.append((self.t("report.title"), [self._hidden(block, hide) for block in self._reports(reported)[1:]]))
        chapters.append((self.t("dossier.timeline"), self._dossier_timeline(case, rows, tables, hide)))
        cited: list[Block] = [Text(self.t("dossier.law_intro"))]
        cited.append(Facts(tuple((said(law.title, self.language), self._cited(citation)) for law, citation in laws)))
        cited.append(
            Text(f"{said(tables.lawyer, self.language)} {self.t('where.checked', day=self.s.day(tables.checked))}", "hint")
        )
        chapters.append((self.t("dossier.law"), cited if laws else [Text(self.t("dossier.no_law")), cited[-1]]))
        proof = ("files", "signature", "chain", "not_time", "not_rebuilt", "not_true", "check")
        chapters.append((self.t("dossier.proof"), [Text(self.t(f"proof.{name}")) for name in proof]))
        return chapters

    def _dossier_comment(self, seen: Seen, hide: Callable[[str], str]) -> list[Block]:
        case = seen.case
        rows: list[tuple[str, str | Quote]] = [(self.t("fact.where"), self._where(case))]
        for key, value in (("link", case.link), ("post", hide(case.post)), ("posted", case.posted)):
            if value:
                rows.append((self.t(f"fact.{key}"), self._posted(value) if key == "posted" else Quote(value)))
        author = (
            Quote(case.handle)
            if seen.handle and case.handle
            else self.t("dossier.no_author" if case.open else "dossier.forgotten")
        )
        rows.append((self.t("dossier.author"), author))
        blocks: list[Block] = [Facts(tuple(rows)), Text(self.t("dossier.words"), "strong")]
        blocks.append(Quote(hide(case.text)) if case.text else Text(self.t("dossier.no_words")))
        if case.state.text_read:
            blocks.append(Text(self.t("dossier.text_read"), "hint"))
        return blocks

    def _dossier_shots(self, shots: Sequence[Any], *, masked: bool) -> list[Block]:
        blocks: list[Block] = []
        for number, shot in enumerate(shots, 1):
            covered = masked and bool(shot.boxes)
            key = "dossier.shot_masked" if covered else "dossier.shot"
            blocks.append(Picture(shot.evidence, self.t(key, number=number)))
            rows = [(self.t("dossier.kept"), f"{self._exactly(shot.at)}, {self.name(shot.by)}")]
            rows.append((self.t("dossier.sha256"), shot.sha256))
            blocks.append(Facts(tuple(rows)))
        return blocks

    def _dossier_assessed(self, seen: Seen, hide: Callable[[str], str]) -> list[Block]:
        case = seen.case
        words = case.tree.said(self.language)
        rows: list[tuple[str, str | Quote]] = [
            (words.questions[question].ask, words.questions[question].choices[choice])
            for walk in case.state.walks
            for question, choice in walk.path
        ]
        rows.append((self.t("dossier.outcome"), self.titles(case.tree, outcomes(case))))
        if case.state.ground:
            rows.append((self.t("select.ground"), words.grounds[case.state.ground]))
        blocks: list[Block] = [Facts(tuple(rows))]
        blocks += [self._hidden(block, hide) for block in self._decision(case)]
        if seen.advised is None:
            return blocks
        blocks.append(Text(self.t("dossier.steps"), "strong"))
        steps: list[tuple[str, str | Quote]] = []
        facts = self.facts_of(case)
        for todo in seen.advised.steps:
            settled = case.state.items.get(todo.id)
            if settled is None:
                done = self.t("dossier.open")
            else:
                done = f"{self.t(f'dossier.{settled.how}')} {self._exactly(settled.at)}, {self.name(settled.by)}"
                done += f" ({self.t(f'reason.{settled.reason}')})" if settled.reason else ""
            steps.append((self.step(case.tree, case.policy, todo, facts), done))
            if settled is not None and settled.note:
                steps.append(("", Quote(hide(settled.note))))
        blocks.append(Facts(tuple(steps)))
        return blocks

    def _dossier_timeline(self, case: Case, rows: Sequence[Any], tables: Authorities, hide: Callable[[str], str]) -> list[Block]:
        lines: list[tuple[str, str | Quote]] = []
        for row in rows:
            key = f"log.{row.what}"
            what = self.t(key) if self.s.has(key) else row.what
            detail = self._detail(case, row.what, row.codes, tables)
            lines.append((f"{row.number}. {self._exactly(row.at)}", f"{self.name(row.who)}: {what}{detail}\n{row.chain[:16]}…"))
            if row.text:
                lines.append(("", Quote(hide(row.text))))
        return [Facts(tuple(lines)), Text(self.t("dossier.head", chain=case.chain), "hint")]

    def _hidden(self, block: Block, hide: Callable[[str], str]) -> Block:
        match block:
            case Quote():
                return Quote(hide(block.text), block.by)
            case Facts():
                return Facts(tuple((name, Quote(hide(v.text), v.by) if isinstance(v, Quote) else v) for name, v in block.rows))
            case _:
                return block

    def _cited(self, citation: Citation) -> str:
        source = citation.source.title if citation.source else ""
        unsure = "" if citation.confirmed else self.t("dossier.unconfirmed")
        return "\n".join(part for part in (citation.text, unsure, source and self.t("dossier.source", source=source)) if part)

    def _exactly(self, at: datetime) -> str:
        """A moment with its year and seconds, in the organisation's zone."""
        local = at.astimezone(self.organisation.calendar.zone)
        return f"{self.s.day(local.date())} {local:%H:%M:%S}"

    def lacks(
        self, number: int, receiver: Authority, found: Sequence[Any], authorities: Authorities, *, edits: bool = False
    ) -> Card:
        """What keeps a dossier from being made, and where to mend it."""
        title = self.t("lacks.title", number=number, body=self.office(authorities, receiver))
        body: list[Block] = []
        for gap in found:
            values = {name: self.s.and_(value) if isinstance(value, list) else value for name, value in gap.values.items()}
            body.append(Text(f"• {self.t(gap.key, **values)}"))
        buttons = [Button(self.t("button.dossier"), MakeDossier(case=number), "primary")]
        keys = {gap.key for gap in found}
        if "lacks.masks" in keys:
            buttons.insert(0, Button(self.t("button.cover"), CoverPictures(case=number)))
        if edits and keys & {"lacks.link", "lacks.screenshot", "lacks.time"}:
            buttons.insert(0, Button(self.t("button.intake"), EditIntake(case=number)))
        body.append(Buttons(tuple(buttons)))
        return Card(title, tuple(body), "warning", title)

    def dossier_form(
        self, press: MakeDossier, receivers: Sequence[Authority], authorities: Authorities, *, officer: bool
    ) -> Form:
        """For whom the dossier is, and what only a person can say of it. ``officer``: who must say why."""
        options = tuple((name, self.office(authorities, name)) for name in receivers)
        sure = (("yes", self.t("choice.yes")), ("no", self.t("choice.no")))
        fields = [Field("receiver", self.t("field.receiver"), "choice", receivers[0], options, True)]
        if any("context" in authorities.bodies[name].asks for name in receivers):
            fields.append(Field("context", self.t("field.context"), "choice", "", sure, hint=self.t("field.only_unia")))
        if any("outside_belgium" in authorities.bodies[name].refuses for name in receivers):
            fields.append(Field("belgium", self.t("field.belgium"), "choice", "", sure, hint=self.t("field.only_unia")))
        if officer:
            fields.append(Field("reason", self.t("field.dossier_reason"), "text", required=True, limit=500))
        return Form(self.t("form.dossier", number=press.case), press, tuple(fields), self.t("form.go"))

    def page_link(self, number: int, kind: str, address: str) -> Card:
        """A one-use address of a page of ours."""
        title = self.t(f"link.{kind}", number=number)
        body = (
            Text(self.t(f"link.{kind}_text")),
            Copy(self.t("link.open"), address, opens=True),
            Text(self.t("link.once"), "hint"),
        )
        return Card(title, body, "info", title)

    # --- who is away, who holds what ---

    def absence(self, what: str, absence: Absence) -> str:
        """What was done with an absence, as a sentence."""
        days = {"since": self.s.day(absence.since), "until": self.s.day(absence.until)}
        instead = self.name(absence.replacement) if absence.replacement else self.t("absence.deputy")
        return self.t(f"absence.{what}", who=self.name(absence.person), instead=instead, **days)

    def absence_told(self, args: Mapping[str, Any]) -> Card:
        """Somebody will be away, or will not."""
        absence = Absence(
            person=args["who"], since=date.fromisoformat(args["since"]), until=date.fromisoformat(args["until"]),
            replacement=args["instead"] or None,
        )  # fmt: skip
        text = self.absence(str(args["what"]), absence)
        by = (Text(self.t("absence.by", who=self.name(str(args["by"]))), "hint"),) if args["by"] != args["who"] else ()
        return Card("", (Text(text), *by), notice=text)

    def stand_in(self, person: str, mine: Sequence[Case]) -> Card:
        """What is on the desk of somebody who is away, for whoever stands in."""
        title = self.t("stand_in.title", who=self.name(person))
        body: list[Block] = [Text(self.t("stand_in.text" if mine else "stand_in.nothing")), *map(self._row, mine)]
        return Card(title, tuple(body), "info", title)

    def absence_form(self, press: Press, people: Sequence[str], coming: Sequence[Absence]) -> Form:
        """Who, when, who stands in; ``people``: for whom the reader may say so, themselves first."""
        everybody = tuple((name, person.name) for name, person in self.organisation.people.items())
        who = tuple((name, self.name(name)) for name in people)
        fields = [Field("person", self.t("field.absent_who"), "choice", people[0], who, True)] if len(who) > 1 else []
        fields += [
            Field("since", self.t("field.absent_since"), "line", required=True, hint=self.t("field.absent_hint"), limit=40),
            Field("until", self.t("field.absent_until"), "line", required=True, limit=40),
            Field("replacement", self.t("field.absent_replacement"), "choice", "", (("", self.t("absence.deputy")), *everybody)),
        ]
        known = tuple(Text(self.absence("announced", item)) for item in coming[:20])
        return Form(self.t("form.absence"), press, tuple(fields), self.t("form.save"), known)

    def directory(
        self, roster: Sequence[Any], coming: Sequence[Absence], load: Mapping[str, tuple[int, int]], log: Sequence[Any], *,
        changes: bool,
    ) -> Card:  # fmt: skip
        """Who holds which role. ``load``: by person, escalations taken and cases open; empty where the reader may not see it."""
        body: list[Block] = [Facts(tuple((self.role(held.role, held.department), self._held(held)) for held in roster))]
        if coming:
            body.append(Text(self.t("directory.absences"), "strong"))
            body += [Text(self.absence("announced", item)) for item in coming[:20]]
        open_with = tuple(
            (self.name(who), self.t("directory.load", threads=taken, cases=has))
            for who, (taken, has) in load.items()
            if taken + has
        )
        if open_with:
            body += [Text(self.t("directory.open"), "strong"), Facts(open_with)]
        if log:
            body.append(Text(self.t("directory.log"), "strong"))
            zone = self.organisation.calendar.zone
            body.append(
                Facts(
                    tuple(
                        (self.s.moment(row.at, zone), f"{self.name(row.by)}: {self._change_of(said)}")
                        for row, said in reversed(log)
                    )
                )
            )
        buttons = [Button(self.t("button.absence"), SetAbsence())]
        if changes:
            buttons.insert(0, Button(self.t("button.directory"), ChangeDirectory(), "primary"))
        return Card(self.t("directory.title"), (*body, Buttons(tuple(buttons))))

    def _held(self, held: Any) -> str:
        """Who holds a role, who is away, who stands in, where it is told."""
        people = [
            self.t("directory.away", who=self.name(who)) if who in self.organisation.away else self.name(who)
            for who in held.people
        ]
        parts = [self.s.and_(people) if people else self.t("directory.nobody")]
        if held.deputies:
            parts.append(self.t("directory.deputy", who=self.s.and_([self.name(who) for who in held.deputies])))
        parts += [f"{platform}: {address}" if platform != "local" else address for platform, address in held.channel.items()]
        parts += [self.t("directory.on_call", address=address) for address in held.on_call.values()]
        return " · ".join(parts)

    def _change_of(self, change: Any) -> str:
        """A change of the directory, as a sentence."""
        if change.do in ("away", "back"):
            return self.absence("announced" if change.do == "away" else "stopped", change.absence)
        key = change.do if change.do != "hold" or change.on else "unhold"
        values = {"role": self.role(change.role, change.department)}
        if change.do == "address":
            key = "on_call" if change.on_call else "channel"
            values["address"] = change.address or "–"
        else:
            values["who"] = self.name(change.person) if change.person else "–"
        return self.t(f"directory.did_{key}", **values)

    def directory_told(self, args: Mapping[str, Any]) -> Card:
        """Somebody's role changed."""
        role = self.role(args["role"], str(args["department"]))
        text = self.t(f"directory.told_{args['what']}", role=role, by=self.name(str(args["by"])))
        return Card("", (Text(text),), notice=text)

    def directory_form(self, press: Press, what: Sequence[str], roster: Sequence[Any]) -> Form:
        """What to change, of which role, and to what."""
        kinds = tuple((name, self.t(f"directory.do_{name}")) for name in what)
        roles = tuple(
            (f"{held.role}:{held.department}" if held.department else held.role, self.role(held.role, held.department))
            for held in roster
        )
        people = tuple((name, person.name) for name, person in self.organisation.people.items())
        fields = (
            Field("what", self.t("field.directory_what"), "choice", what[0], kinds, True),
            Field("role", self.t("field.directory_role"), "choice", roles[0][0], roles, True),
            Field("person", self.t("field.directory_person"), "choice", "", (("", self.t("directory.no_person")), *people)),
            Field("address", self.t("field.directory_address"), "line", hint=self.t("field.directory_address_hint"), limit=200),
        )
        return Form(self.t("form.directory"), press, fields, self.t("form.save"))

    # --- FAQ ---

    def faq_entry(self, row: Any, *, keeps: bool) -> Card:
        """An entry with all that is known of it; to approve, change or drop for who keeps it."""
        body: list[Block] = [Quote(row.question), Copy(self.t("faq.answer"), row.answer)]
        if row.answer_formal:
            body.append(Copy(self.t("faq.answer_formal"), row.answer_formal))
        elif not row.both:
            body.append(Text(self.t("faq.no_formal"), "hint"))
        body.append(Facts(self._faq_facts(row)))
        body.append(Text(self._faq_status(row), "hint"))
        press = {"entry": row.id, "version": row.version}
        buttons = [Button(self.t("button.edit_faq"), EditFaq(**press))]
        if row.status != "approved":
            label = "button.still_right" if row.status == "review" else "button.approve_faq"
            buttons.insert(0, Button(self.t(label), ApproveFaq(**press), "primary"))
        if row.status != "retired":
            buttons.append(Button(self.t("button.retire_faq"), RetireFaq(**press)))
        buttons = buttons if keeps else []
        buttons.append(Button(self.t("button.faq_history"), ShowFaq(entry=row.id, history=True)))
        title = self.t("faq.title", number=row.id)
        return Card(title, (*body, Buttons(tuple(buttons))), notice=title)

    def _faq_status(self, row: Any) -> str:
        key = f"faq.status_{row.status}" + (f"_{row.review}" if row.status == "review" else "")
        return self.t(key, who=self.name(row.changed_by))

    def _faq_facts(self, row: Any) -> tuple[tuple[str, str | Quote], ...]:
        rows: list[tuple[str, str | Quote]] = []
        if row.department:
            rows.append((self.t("select.department"), self._department(row.department)))
        if row.tags:
            rows.append((self.t("faq.tags"), Quote(", ".join(row.tags.split(",")))))
        if row.language != self.organisation.language:
            rows.append((self.t("faq.language"), self.t(f"language.{row.language}")))
        if row.links:
            rows.append((self.t("faq.links"), Quote(row.links)))
        if row.valid_from or row.valid_until:
            rows.append((self.t("faq.valid"), self._faq_dates(row.valid_from, row.valid_until)))
        if row.owner:
            rows.append((self.t("faq.owner"), self.name(row.owner)))
        last = self.t("faq.last_used", when=self.s.day(row.last_used.date())) if row.last_used else ""
        rows.append((self.t("faq.used"), self.s.tn("faq.times", row.used) + last))
        return tuple(rows)

    def _faq_dates(self, begin: str | None, end: str | None) -> str:
        first, last = (self.s.day(date.fromisoformat(day)) if day else "" for day in (begin, end))
        if first and last:
            return self.t("faq.between", first=first, last=last)
        return self.t("faq.from", first=first) if first else self.t("faq.until", last=last)

    def _department(self, name: str) -> str:
        """A department by its name; by its id when it is gone from the organisation."""
        return self.department(name) if name in self.organisation.departments else name

    def faq_history(self, number: int, versions: Sequence[Version]) -> Card:
        """Every version of an entry: who made it so, when and why."""
        body: list[Block] = []
        for past in versions[:FAQ_VERSIONS]:
            why = self.t(f"faq.why_{past.why}", who=self.name(past.who))
            body.append(Text(f"{past.version} · {self.moment(past.at)} · {why}", "strong"))
            body += [Quote(past.note)] if past.note else []
            body += [Quote(past.content.question), Quote(excerpt(past.content.answer, 300))]
        rest = len(versions) - FAQ_VERSIONS
        if rest > 0:
            body.append(Text(self.t("digest.more", count=rest), "hint"))
        return Card(self.t("faq.history", number=number), tuple(body))

    def faq_conflict(self, found: Conflict) -> Card:
        """Somebody was first: what stood there, what they made of it, and what its reader wrote; to decide with open eyes."""
        who = self.name(found.who)
        body: list[Block] = [Text(self.t("faq.conflict", who=who))]
        for name in found.fields():
            body.append(Text(self.t(_FAQ_FIELDS.get(name, f"faq.{name}")), "strong"))
            three = (
                (self.t("faq.old"), found.old),
                (self.t("faq.theirs", who=who), found.theirs),
                (self.t("faq.mine"), found.mine),
            )
            body.append(Facts(tuple((label, Quote(self._said(getattr(said, name)))) for label, said in three)))
        take = TakeOverFaq(entry=found.entry, version=found.version, draft=found.draft)
        buttons = (
            Button(self.t("button.edit_faq_again"), EditFaq(entry=found.entry, version=found.version), "primary"),
            Button(self.t("button.take_over_faq"), take, "danger"),
        )
        body += [Text(self.t("faq.conflict_choose", who=who), "hint"), Buttons(buttons)]
        return Card(self.t("faq.conflict_title", number=found.entry), tuple(body), "warning")

    def _said(self, value: object) -> str:
        if isinstance(value, bool):
            return self.t("answer.yes" if value else "answer.no")
        if isinstance(value, tuple):
            return ", ".join(value) or "–"
        if isinstance(value, date):
            return self.s.day(value)
        return str(value or "–")

    def faq_hits(self, query: str, hits: Sequence[tuple[Any, Any]], kept: Collection[int] = ()) -> Card:
        """What a search found, best first, each with why; of what nobody approved it is said, and no answer given.

        ``kept``: entries that are its reader's to keep right.
        """
        if not hits:
            return Card(self.t("faq.search"), (Quote(query), Text(self.t("faq.nothing"))))
        body: list[Block] = [Quote(query)]
        for hit, row in hits:
            body.append(Quote(row.question))
            if row.status == "approved":
                body.append(Copy(self.t("faq.answer"), row.answer))
            if row.status != "approved":
                body.append(Text(self._faq_status(row), "hint"))
            if hit.why:
                body.append(Text(self.t("faq.why", words=self.s.and_(hit.why)), "hint"))
            if row.id in kept:
                body.append(Buttons((Button(self.t("button.show_faq", number=row.id), ShowFaq(entry=row.id)),)))
        return Card(self.t("faq.search"), tuple(body))

    def faq_gaps(self, gaps: Sequence[Gap]) -> Card:
        """Questions that found no answer, most asked first, each group with what it shares."""
        title = self.t("gaps.title")
        if not gaps:
            return Card(title, (Text(self.t("gaps.none")),))
        body: list[Block] = []
        for gap in gaps[:FAQ_GAPS]:
            where = f" · {self._department(gap.department)}" if gap.department else ""
            body.append(Text(self.s.tn("gaps.asked", gap.count) + where, "strong"))
            body += [Quote(item.text) for item in gap.questions[:3]]
            if gap.shared:
                body.append(Text(self.t("gaps.shared", words=", ".join(gap.shared)), "hint"))
            number = gap.questions[0].number
            write = Button(self.t("button.new_faq"), NewFaq(gap=number), "primary")
            body.append(Buttons((write, Button(self.t("button.close_gap"), CloseGap(gap=number)))))
        rest = len(gaps) - FAQ_GAPS
        if rest > 0:
            body.append(Text(self.t("digest.more", count=rest), "hint"))
        return Card(title, tuple(body), "info", title)

    def faq_review(self, rows: Sequence[Any], rest: int, *, told: bool = False) -> Card:
        """Entries to look at, each with why; ``rest``: how many more there are. ``told``: sent by the bot, not asked for."""
        title = self.t("faq.review_title")
        if not rows:
            return Card(title, (Text(self.t("faq.review_none")),))
        body: list[Block] = [Text(self.t("faq.review_told"))] if told else []
        for row in rows:
            body += [Quote(row.question), Text(self._faq_status(row), "hint")]
            body.append(Buttons((Button(self.t("button.show_faq", number=row.id), ShowFaq(entry=row.id)),)))
        if rest > 0:
            body.append(Text(self.t("faq.review_more", count=rest), "hint"))
        return Card(title, tuple(body), "info", title)

    # --- overviews ---

    def overview(
        self,
        person: str,
        mine: Sequence[Case],
        waiting: Sequence[tuple[Told, Case]],
        offered: Sequence[Case],
        crisis: CrisisSeen | None = None,
        touching: Sequence[Case] = (),
    ) -> Card:
        """My open cases, what waits for me, terms; as a home page. ``touching``: open cases that touch the crisis, for who publishes."""
        body: list[Block] = []
        if crisis is not None:
            body += self._banner(crisis)
            if not crisis.held:
                body.append(Copy(self.t("crisis.holding"), self.holding_statement(crisis.crisis.reason)))
                body += self._touching(touching, 0)
        body.append(Text(self.t("home.mine"), "strong"))
        if not mine:
            body.append(Text(self.t("home.nothing"), "hint"))
        body += [self._row(case) for case in mine]
        if waiting:
            body.append(Text(self.t("home.waiting"), "strong"))
            body += [self._row(case, self.role(told.role, told.department)) for told, case in waiting]
        if offered:
            body.append(Text(self.t("home.offered"), "strong"))
            body += [self._row(case) for case in offered]
        body.append(Buttons((Button(self.t("button.start"), Start(), "primary"),)))
        return Card(self.t("home.title", name=self.name(person)), tuple(body))

    def crisis(self, row: Any, people: Sequence[str], touching: Sequence[Case], more: int, *, lists: bool, speaks: bool) -> Card:
        """A crisis as it stands: who speaks, which open cases touch it, and the first words to publish for those who may."""
        on = row.ended is None
        title = self.t("crisis.title" if on else "crisis.title_over", reason=row.reason)
        body: list[Block] = [Text(self.t("crisis.since", who=self.name(row.begun_by), when=self.moment(row.began)), "hint")]
        if not on:
            over = self.t("crisis.over", who=self.name(row.ended_by), when=self.moment(row.ended))
            return Card(title, (*body, Text(over)), "neutral", title)
        who = self.s.and_([self.name(person) for person in people])
        body += [Text(self.t("crisis.who_speaks", who=who), "strong"), Text(self.t("crisis.unconfirmed"))]
        if speaks:
            body.append(Copy(self.t("crisis.holding"), self.holding_statement(row.reason)))
        if lists:
            body += self._touching(touching, more)
        return Card(title, tuple(body), "danger", title)

    def _touching(self, touching: Sequence[Case], more: int) -> list[Block]:
        if not touching:
            return [Text(self.t("crisis.none_touch"), "hint")]
        rest = [Text(self.s.tn("crisis.more_touch", more), "hint")] if more else []
        return [Text(self.s.tn("crisis.open_touch", len(touching) + more), "strong"), *map(self._row, touching), *rest]

    def no_crisis(self) -> Card:
        return Card(self.t("crisis.none"), (Text(self.t("crisis.none_text")),))

    def holding_statement(self, topic: str) -> str:
        """What can be published at once, before anything more is confirmed; in the language of replies."""
        own = self.organisation.crisis.holding_statement
        language = "nl" if self.organisation.policy.reply_language == "nl" else self.language
        words = sentences(language)
        contact = self.organisation.links.contact or words.t("fallback.contact")
        values = {"topic": topic, "organisation": self.organisation.name, "contact": contact}
        return own.format_map(values) if own else words.t("crisis.holding_statement", **values)

    def crisis_report(self, found: Period, tree: Tree) -> Card:
        """What happened in a crisis that is over."""
        title = self.t("crisis.report", reason=found.reason)
        titles = tree.said(self.language).outcomes
        known = [(titles[name].title if name in titles else name, count) for name, count in found.outcomes.items()]
        zone = self.organisation.calendar.zone
        rows: list[tuple[str, str | Quote]] = [
            (self.t("crisis.fact_began"), f"{self.s.moment(found.began, zone)} ({self.name(found.begun_by)})"),
            (self.t("crisis.fact_ended"), f"{self.s.moment(found.ended, zone)} ({self.name(found.ended_by)})"),
            (self.t("crisis.fact_opened"), str(found.opened)),
            (self.t("crisis.fact_touched"), str(found.touched)),
            (self.t("crisis.fact_left"), str(found.left)),
            (self.t("crisis.fact_answered"), str(found.answered)),
            (self.t("crisis.fact_passed_on"), str(found.passed_on)),
        ]
        body: list[Block] = [Facts(tuple(rows))]
        if known:
            body += [
                Text(self.t("crisis.outcomes"), "strong"),
                Facts(tuple((name, str(count)) for name, count in known[:LISTED])),
            ]
        return Card(title, tuple(body), "info", title)

    def _row(self, case: Case, extra: str = "") -> Buttons:
        title = self.titles(case.tree, outcomes(case)) or self.t("home.walking")
        due = case.state.terms.get("case")
        number, term = self.t("card.case", number=case.number), self.moment(due) if due else ""
        role = excerpt(extra, 30) if extra else ""
        room = ROW - sum(
            len(part) + 3 for part in (number, role, term) if part
        )  # what does not fit goes from the title, not the hour
        label = " · ".join(part for part in (number, excerpt(title, room), role, term) if part)
        return Buttons((Button(label, ShowCase(case=case.number)),))

    def record(
        self, case: Case, rows: Sequence[Any], *, holds: bool, authorities: Authorities | None = None, confidential: bool = False
    ) -> Card:
        """The timeline of a case: who, what, when, with which tree and policy."""
        ended = outcomes(case)
        lines: list[tuple[str, str | Quote]] = []
        for row in rows:
            key = f"log.{row.what}"
            what = self.t(key) if self.s.has(key) else row.what
            detail = self._detail(case, row.what, row.codes, authorities)
            who = self.name(row.who)
            lines.append((self.s.moment(row.at, self.organisation.calendar.zone), f"{who}: {what}{detail}"))
            if row.text:
                lines.append(("", Quote(row.text)))
        body: list[Block] = [
            Text(self.titles(case.tree, ended) or self.t("home.walking"), "strong"),
            Facts(tuple(lines)),
            Text(self.t("log.versions", tree=f"{case.tree.name} {case.tree_version}", policy=case.policy_version), "hint"),
            Text(self.t("log.chain_holds" if holds else "log.chain_broken"), "hint"),
        ]
        if confidential:
            body.append(Text(self.t("support.confidential"), "hint"))
        return Card(self.t("log.title", number=case.number), tuple(body))

    def _detail(self, case: Case, what: str, codes: str, authorities: Authorities | None) -> str:
        values = json.loads(codes)
        words = case.tree.said(self.language)
        labels: list[str] = []
        if what == "answered":
            found = [
                words.questions[question].choices[choice]
                for walk in case.state.walks
                for question, choice in walk.path
                if choice == values.get("choice")
            ]
            labels = found[:1]
        for name in values.get("outcomes", [])[:4]:
            labels.append(words.outcomes[name].title)
        if "outcome" in values:
            labels.append(words.outcomes[values["outcome"]].title)
        if "body" in values:
            labels.append(self.office(authorities, values["body"]))
        if "kind" in values:
            labels.append(words.kinds[values["kind"]].partition(".")[0].format_map(self.values(case.policy)))
        for role in values.get("roles", []):
            name, _, department = role.partition(":")
            labels.append(self.role(name, department))
        if values.get("reason") and self.s.has(f"reason.{values['reason']}"):
            labels.append(self.t(f"reason.{values['reason']}"))
        return f" ({', '.join(labels)})" if labels else ""

    def help(self, commands: Sequence[tuple[str, str]]) -> Card:
        """What can be typed."""
        rows: tuple[tuple[str, str | Quote], ...] = tuple((usage, self.t(key)) for usage, key in commands)
        return Card(self.t("help.title"), (Text(self.t("help.intro")), Facts(rows)))

    # --- forms ---

    def intake_form(self, press: Press, values: Mapping[str, str], *, ask_text: bool) -> Form:
        """The facts of domain §1, each optional save that a text or a picture must be there."""
        places = tuple((place, self.t(f"place.{place}")) for place in ("own", "private", "external"))
        platforms = tuple(
            (name, self.t(f"platform.{name}"))
            for name in ("facebook", "instagram", "x", "linkedin", "tiktok", "youtube", "whatsapp", "website", "other")
        )
        fields = [
            Field("text", self.t("field.text"), "text", values.get("text", ""), limit=200_000),
            Field("images", self.t("field.images"), "files", hint=self.t("field.images_hint")),
            Field("place", self.t("field.place"), "choice", values.get("place", ""), places),
            Field("platform", self.t("field.platform"), "choice", values.get("platform", ""), platforms),
            Field("link", self.t("field.link"), "line", values.get("link", ""), limit=2000),
            Field("post", self.t("field.post"), "line", values.get("post", ""), limit=2000),
            Field(
                "handle", self.t("field.handle"), "line", values.get("handle", ""), hint=self.t("field.handle_hint"), limit=200
            ),
            Field("posted", self.t("field.posted"), "moment", values.get("posted", ""), limit=40),
        ]
        key = "form.start" if ask_text else "form.intake"
        return Form(self.t(key), press, tuple(fields), self.t("form.go" if ask_text else "form.save"))

    def waive_form(self, press: Waive, text: str) -> Form:
        field = Field("reason", self.t("field.reason"), "text", required=True, limit=500)
        return Form(self.t("form.waive"), press, (field,), self.t("form.save"), (Text(text),))

    def reply_form(self, press: EditReply, text: str) -> Form:
        field = Field("text", self.t("field.reply"), "text", text, limit=8000, hint=self.t("field.reply_hint"))
        return Form(self.t("form.reply"), press, (field,), self.t("form.save"))

    def decide_form(
        self, press: Decide, case: Case, ends: Sequence[tuple[Disposition, Sequence[str]]], possible: Sequence[Measure]
    ) -> Form:
        """What it is (``ends``: outcomes under what they come down to), the measure if another than usual, the house rule, why."""
        words, rules = case.tree.said(self.language), self.organisation.house_rules
        names = [(name, self.t(f"disposition.{be.replace(' ', '_')}")) for be, found in ends for name in found]
        chosen = next((name for name in outcomes(case) if name in dict(names)), "")
        outcome = tuple((name, words.outcomes[name].title) for name, _ in names)
        measure = (("", self.t("measure.as_usual")), *((name, self.t(f"measure.{name}")) for name in possible))
        rule = (("", self.t("select.no_house_rule")), *((name, said(item.label, self.language)) for name, item in rules.items()))
        now = decision(case)
        preset = now.rule if now is not None else case.state.house_rule or ""
        fields = (
            Field("outcome", self.t("field.outcome"), "choice", chosen, outcome, True, groups=tuple(head for _, head in names)),
            Field("measure", self.t("field.measure"), "choice", "", measure, hint=self.t("field.measure_hint")),
            Field("rule", self.t("field.rule"), "choice", preset, rule),
            Field("reason", self.t("field.decision_reason"), "text", required=True, limit=2000),
        )
        return Form(self.t("form.decide", number=case.number), press, fields, self.t("button.decide"))

    def tell_colleague_form(self, press: TellColleague, asking: str) -> Form:
        people = tuple((name, person.name) for name, person in self.organisation.people.items() if name != asking)
        consent = (("", self.t("support.not_yet")), ("yes", self.t("support.consents")))
        fields = (
            Field("person", self.t("field.colleague"), "choice", "", people, True),
            Field("consent", self.t("field.consent"), "choice", "", consent),
        )
        return Form(self.t("button.tell_colleague"), press, fields, self.t("form.send"), (Text(self.t("support.intro")),))

    def objection_form(self, press: Object) -> Form:
        field = Field("text", self.t("field.objection"), "text", required=True, limit=5000)
        return Form(self.t("button.object"), press, (field,), self.t("form.send"), (Text(self.t("objection.intro")),))

    def review_form(self, press: Review, number: int, possible: Sequence[Measure]) -> Form:
        reason = Field("reason", self.t("field.decision_reason"), "text", required=True, limit=2000)
        if press.upheld:
            return Form(self.t("form.uphold", number=number), press, (reason,), self.t("button.uphold"))
        options = tuple((name, self.t(f"measure.{name}")) for name in possible)
        measure = Field("measure", self.t("field.measure"), "choice", "", options, True)
        return Form(self.t("form.change", number=number), press, (measure, reason), self.t("button.change"))

    def undo_strike_form(self, press: UndoStrike) -> Form:
        field = Field("reason", self.t("field.undo_reason"), "text", required=True, limit=500)
        return Form(self.t("button.undo_strike"), press, (field,), self.t("form.save"), (Text(self.t("strike.undo_intro")),))

    def same_author_form(self, press: SameAuthor) -> Form:
        field = Field("case", self.t("field.other_case"), required=True, limit=12)
        return Form(self.t("form.same_author"), press, (field,), self.t("form.save"), (Text(self.t("strike.same_intro")),))

    def undo_form(self, press: UndoDecision, case: Case) -> Form:
        field = Field("reason", self.t("field.undo_reason"), "text", required=True, limit=2000)
        return Form(self.t("form.undo", number=case.number), press, (field,), self.t("button.undo_decision"))

    def disagree_form(self, press: Disagree, text: str) -> Form:
        field = Field("reason", self.t("field.decision_reason"), "text", required=True, limit=500)
        return Form(self.t("form.disagree"), press, (field,), self.t("form.send"), (Text(text),))

    def ask_form(self, press: AskInfo, number: int) -> Form:
        field = Field("text", self.t("field.question"), "text", required=True)
        return Form(self.t("form.ask", number=number), press, (field,), self.t("form.send"))

    def forward_form(self, press: Forward, number: int, roles: Sequence[Role]) -> Form:
        rows = []
        for role in roles:
            if role in ("antenna", "department_head"):
                rows += [(f"{role}:{name}", self.role(role, name)) for name in self.organisation.departments]
            else:
                rows.append((role, self.role(role)))
        fields = (
            Field("to", self.t("field.to"), "choice", "", tuple(rows), True),
            Field("text", self.t("field.note"), "text"),
        )
        return Form(self.t("form.forward", number=number), press, fields, self.t("form.send"))

    def faq_form(self, press: EditFaq | NewFaq, known: Content) -> Form:
        departments = tuple((name, self.department(name)) for name in self.organisation.departments)
        people = dict.fromkeys(
            person for item in self.organisation.departments.values() for person in (*item.antennas, item.head)
        )
        keepers = tuple((name, self.name(name)) for name in people)
        fields = (
            Field("question", self.t("faq.question"), "text", known.question, required=True, limit=LONGEST_QUESTION),
            Field("answer", self.t("faq.answer"), "text", known.answer, required=True, limit=LONGEST_ANSWER),
            Field(
                "formal", self.t("faq.answer_formal"), "text", known.formal, hint=self.t("faq.formal_hint"), limit=LONGEST_ANSWER
            ),
            Field(
                "both",
                self.t("faq.both"),
                "choice",
                "yes" if known.both else "no",
                (("no", self.t("answer.no")), ("yes", self.t("answer.yes"))),
            ),
            Field("department", self.t("select.department"), "choice", _one_of(known.department, departments), departments),
            Field("tags", self.t("faq.tags"), "line", ", ".join(known.tags), hint=self.t("faq.tags_hint"), limit=1000),
            Field("links", self.t("faq.links"), "text", "\n".join(known.links), hint=self.t("faq.links_hint"), limit=2000),
            Field("valid_from", self.t("faq.valid_from"), "line", _iso(known.valid_from), hint=self.t("faq.date_hint"), limit=10),
            Field(
                "valid_until", self.t("faq.valid_until"), "line", _iso(known.valid_until), hint=self.t("faq.date_hint"), limit=10
            ),
            Field(
                "language",
                self.t("faq.language"),
                "choice",
                known.language,
                tuple((name, self.t(f"language.{name}")) for name in LANGUAGES),
            ),
            Field("owner", self.t("faq.owner"), "choice", _one_of(known.owner, keepers), keepers),
            Field("why", self.t("faq.reason"), "line", limit=LONGEST_REASON),
        )
        return Form(self.t("form.faq" if isinstance(press, EditFaq) else "form.new_faq"), press, fields, self.t("form.save"))

    def next_form(self, press: Next, number: int) -> Form:
        fields = (
            Field("text", self.t("field.text"), "text", limit=200_000),
            Field("images", self.t("field.images"), "files", hint=self.t("field.images_hint")),
            Field("link", self.t("field.link"), "line", limit=2000),
            Field("handle", self.t("field.handle"), "line", limit=200),
            Field("posted", self.t("field.posted"), "moment", limit=40),
        )
        return Form(self.t("form.next"), press, fields, self.t("form.go"), (Text(self.t("form.next_intro", number=number)),))


def _one_of(value: str, options: Sequence[tuple[str, str]]) -> str:
    """Nothing for what cannot be chosen any more: a department that was removed, somebody who left."""
    return value if value in (name for name, _ in options) else ""


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


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
        "house_rule": "",
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
