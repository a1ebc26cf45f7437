"""The model of a decision tree: questions, choices, outcomes, steps, words; and the checks that make a walk through it safe.

A tree is a folder: ``tree.yaml`` (structure) and one file of words a language. ``load_tree`` refuses loops, dead ends, orphans,
unknown roles and settings, and missing words, each with its file and line.
"""

import hashlib
import string
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from flows.policy import Frozen, setting_values
from flows.source import Problem, Source, SourceProblems, load, read

TREES = Path(__file__).parent / "trees"

Place = Literal["own", "private", "external"]
Platform = Literal["facebook", "instagram", "x", "linkedin", "tiktok", "youtube", "whatsapp", "website", "other"]
Disposition = Literal["modereer", "volg op", "bied hulp", "koppel door"]
StepKind = Literal[
    "evidence", "hide", "delete", "block", "report_platform", "report_body", "private_message", "public_answer",
    "escalate", "close_comments", "monitor", "pass_on", "like", "face_to_face",
]  # fmt: skip
Role = Literal[
    "moderator", "communications_lead", "department_head", "equal_opportunities", "antenna", "moderation_team", "confidant",
    "integrity_desk", "safety_policy", "dpo", "complaints_officer",
]  # fmt: skip
Body = Literal["emergency", "police", "unia", "igvm", "vmri", "dpa", "child_focus", "safeonweb", "group_admin", "none"]
Flag = Literal["colleague_targeted", "returning", "weighs_on_me", "conspiracy", "panic", "urgent"]
Ask = Literal["department", "ground", "house_rule"]
Record = Literal["evidence", "report", "strike", "signal", "praise", "faq_candidate", "faq_use", "log"]
Phase = Literal["safety", "evidence", "hide", "tell", "answer"]
Sentiment = Literal["negative", "neutral", "positive"]
SignalKind = Literal["question", "complaint", "report", "misinformation", "hate", "praise", "other"]
Also = Literal["vraag", "melding", "klacht", "gegevens", "bedreiging", "iets_anders"]

PHASES: tuple[Phase, ...] = get_args(Phase)
PRIVATE_FLAGS: frozenset[Flag] = frozenset({"colleague_targeted", "weighs_on_me"})
PHASE_OF: Mapping[StepKind, Phase] = {
    "evidence": "evidence", "hide": "hide", "close_comments": "hide", "report_platform": "tell", "report_body": "tell",
    "escalate": "tell", "pass_on": "tell", "private_message": "answer", "public_answer": "answer", "like": "answer",
    "monitor": "answer", "face_to_face": "answer", "delete": "answer", "block": "answer",
}  # fmt: skip

# What a condition may compare beside the policy's settings: facts about this one case. () = any word.
FACTS: Mapping[str, tuple[str, ...]] = {
    "place": get_args(Place),
    "platform": get_args(Platform),
    "can_hide": ("yes", "no"),
    "ground": ("given", "none"),
    "department": ("given", "none"),
    "house_rule": (),
    "strike": ("first", "again", "block"),
    "crisis": ("yes", "no"),
    "urgent": ("yes", "no"),
    "returning": ("yes", "no"),
    "conspiracy": ("yes", "no"),
    "panic": ("yes", "no"),
    "sentiment": get_args(Sentiment),
    "colleague_targeted": ("yes", "no"),
    "legal": ("yes", "no"),
    "elected": ("yes", "no"),
}
SETTABLE = frozenset({"house_rule", "legal", "elected", "sentiment"})  # facts that an answer in the walk may establish


def _words(value: object) -> object:
    """``public`` and ``[public, both]`` and ``true`` all mean a list of words."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return tuple({True: "yes", False: "no"}[item] if isinstance(item, bool) else str(item) for item in items)


When = dict[str, Annotated[tuple[str, ...], BeforeValidator(_words)]]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


def holds(when: Mapping[str, tuple[str, ...]], known: Mapping[str, str]) -> bool:
    """Whether every condition holds among the ``known`` settings and facts."""
    return all(known.get(name) in values for name, values in when.items())


class Conditional(Frozen):
    when: When = {}


class Choice(Conditional):
    """A button under a question. Leads to a question or to an outcome; the two are separate name spaces.

    ``sets``: facts that hold once it is chosen, for the rest of the walk; a house rule so set is the one preselected.
    """

    id: Name
    question: Name | None = None
    outcome: Name | None = None
    sets: dict[Name, str] = {}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.question is None) == (self.outcome is None):
            raise ValueError("a choice leads to either a question or an outcome")
        return self


class Deadline(Conditional):
    """A term on its clock: ``now``; ``elapsed`` or ``working`` with hours; hours given, or read from a policy setting."""

    clock: Literal["now", "elapsed", "working"]
    hours: int | None = None
    setting: str | None = None

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.clock == "now") == (self.hours is not None or self.setting is not None):
            raise ValueError("'now' has no length; every other clock has hours or the setting that holds them")
        return self


class Step(Conditional):
    """One thing to do. Steps that share an id are variants of one: the first whose condition holds is used.

    ``say``: the word it is said with, where a variant needs others than those of its id. ``optional``: to do only where the
    comment asks for it; it keeps no case open, and needs no reason to be left undone.
    """

    id: Name
    kind: StepKind
    urgent: bool = False
    by: Role = "moderator"
    body: Body | Literal["by_ground"] | None = None
    role: Role | None = None
    reply: Name | None = None
    after: Deadline | None = None
    say: Name | None = None
    optional: bool = False

    @property
    def word(self) -> str:
        """The name under which its own words stand."""
        return self.say or self.id

    @property
    def phase(self) -> Phase:
        return "safety" if self.urgent else PHASE_OF[self.kind]


class Told(Conditional):
    """Who hears of it: in a thread now, or among the week's in the digest."""

    role: Role
    through: Literal["thread", "digest"] = "thread"


class Disposed(Conditional):
    be: Disposition


class Outcome(Frozen):
    """Where a walk ends. ``disposition`` and ``deadline`` are lists of which the first that holds counts.

    ``image``: what may be kept of an uploaded picture; ``drop`` keeps link, time and handle only (they are then the evidence).
    ``strike``: whether the author's strike is recorded, recorded unless plainly without bad intent, or never.
    ``signal_when``: the signal is logged only then. ``closes_itself``: as soon as no step is left that is not optional.
    """

    disposition: tuple[Disposed, ...] = Field(min_length=1)
    steps: tuple[Step, ...] = ()
    tells: tuple[Told, ...] = ()
    deadline: tuple[Deadline, ...] = ()
    records: tuple[Record, ...] = ()
    asks: tuple[Ask, ...] = ()
    flags: tuple[Flag, ...] = ()
    signal: SignalKind | None = None
    signal_when: When = {}
    image: Literal["keep", "mask", "drop"] = "keep"
    strike: Literal["never", "waivable", "always"] = "never"
    criminal: bool = False
    fake_account: bool = False
    closes_itself: bool = False
    decides: bool = False
    house_rule: Name | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.disposition[-1].when:
            raise ValueError("the last disposition must hold always (no 'when')")
        if ("strike" in self.records) != (self.strike != "never"):
            raise ValueError("'strike' stands in records exactly when strike is not 'never'")
        if ("signal" in self.records or "praise" in self.records) != (self.signal is not None):
            raise ValueError("'signal' names the kind exactly when records hold 'signal' or 'praise'")
        return self


class Structure(Frozen):
    """``tree.yaml``."""

    tree: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    version: str
    begin: dict[Place, Name]
    also: dict[Also, Choice]
    questions: dict[Name, tuple[Choice, ...]]
    outcomes: dict[Name, Outcome]
    grounds: dict[Name, Body]
    never_strike: tuple[Name, ...] = ()


class QuestionWords(Frozen):
    ask: str = Field(min_length=1)
    help: str = ""
    choices: dict[Name, str]


class OutcomeWords(Frozen):
    title: str = Field(min_length=1)
    advice: str = Field(min_length=1)
    steps: dict[Name, str] = {}


class Reply(Frozen):
    """A text for the citizen, in je- and in u-form; may hold the placeholders of ``PLACEHOLDERS``."""

    je: str = Field(min_length=1)
    u: str = Field(min_length=1)

    def form(self, formal: bool) -> str:
        return self.u if formal else self.je


class Words(Frozen):
    """All words of a tree in one language."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    tree: str
    also: dict[Also, str]
    questions: dict[Name, QuestionWords]
    outcomes: dict[Name, OutcomeWords]
    replies: dict[Name, Reply]
    kinds: dict[StepKind, str]
    bodies: dict[Body, str]
    grounds: dict[Name, str]

    def step(self, outcome: str, step: Step) -> str:
        """The instruction of a step: its own words, or those of its kind. May hold placeholders."""
        return self.outcomes[outcome].steps.get(step.word) or self.kinds[step.kind]


# What words may name between braces, filled by the wording from policy and organisation.
PLACEHOLDERS = frozenset(
    {
        "organisation", "signature", "hierniet", "code_of_conduct", "department", "body", "hours", "leave_hours", "waiting_hours",
        "close_after_hours", "acknowledge_hours", "answer_days", "block_at", "complaint_form", "report_desk", "contact",
        "reference", "house_rule", "ground", "faq_answer", "spokesperson", "safe_channel",
    }
)  # fmt: skip


class Tree:
    """A checked tree with its words. Immutable; safe to share between threads."""

    def __init__(self, structure: Structure, words: Mapping[str, Words], version: str) -> None:
        self.structure, self.words = structure, dict(words)
        self.name, self.questions, self.outcomes = structure.tree, structure.questions, structure.outcomes
        self.version = version

    def said(self, language: str) -> Words:
        """The words in ``language``, or in the tree's first language when it lacks that one."""
        return self.words.get(language) or next(iter(self.words.values()))

    @cached_property
    def choices(self) -> Mapping[str, Mapping[str, Choice]]:
        return {name: {choice.id: choice for choice in choices} for name, choices in self.questions.items()}

    def paths(self, start: str) -> Iterator[tuple[tuple[tuple[str, str], ...], str]]:
        """Every path from question ``start`` as ((question, choice id), …) and the outcome it ends in."""
        for choice in self.questions[start]:
            step = (start, choice.id)
            if choice.outcome is not None:
                yield (step,), choice.outcome
            elif choice.question is not None:
                for rest, outcome in self.paths(choice.question):
                    yield (step, *rest), outcome


@lru_cache(maxsize=8)
def load_tree(folder: Path) -> Tree:
    """The tree in ``folder``; raises ``SourceProblems`` naming all that is wrong with it."""
    source = read(folder / "tree.yaml")
    structure = load(Structure, source)
    texts = sorted(path for path in folder.glob("*.yaml") if len(path.stem) == 2)
    texts.sort(key=lambda path: path.stem != "nl")
    if not texts:
        raise SourceProblems([Problem(str(folder), 0, "the tree has no words", "add nl.yaml beside tree.yaml")])
    sources = [read(path) for path in texts]
    words = {path.stem: load(Words, text) for path, text in zip(texts, sources, strict=True)}
    problems = [*_structure_problems(structure, source)]
    for text, spoken in zip(sources, words.values(), strict=True):
        problems += _word_problems(structure, spoken, text)
    if problems:
        raise SourceProblems(problems)
    content = b"".join(path.read_bytes() for path in (folder / "tree.yaml", *texts))
    return Tree(structure, words, f"{structure.version}-{hashlib.sha256(content).hexdigest()[:8]}")


def find_tree(name: str, beside: Path | None = None) -> Path:
    """The folder of tree ``name``: a path, a folder beside the organisation's file, or one of those shipped."""
    folders: list[Path] = [beside / name, beside / "trees" / name] if beside else []
    for folder in (*folders, TREES / name):
        if (folder / "tree.yaml").is_file():
            return folder
    shipped = ", ".join(sorted(path.parent.name for path in TREES.glob("*/tree.yaml")))
    values = {"name": name, "known": shipped}
    raise SourceProblems([Problem(name, 0, "there is no tree {name!r}", "one of {known}, or a folder with tree.yaml", values)])


def _structure_problems(tree: Structure, source: Source) -> Iterator[Problem]:
    yield from _beginning_problems(tree, source)
    yield from _choice_problems(tree, source)
    loop = _loop(tree)
    if loop:
        mend = "a walk may not come back to a question"
        yield source.problem("a loop: {trail}", "questions", loop[0], right=mend, trail=" → ".join(loop))
        return
    questions, outcomes = _reached(tree)
    mend = "lead to it, or remove it"
    for name in tree.questions.keys() - questions:
        yield source.problem("question {name!r} is an orphan: nothing leads to it", "questions", name, right=mend, name=name)
    for name in tree.outcomes.keys() - outcomes:
        yield source.problem("outcome {name!r} is an orphan: nothing leads to it", "outcomes", name, right=mend, name=name)
    for name, outcome in tree.outcomes.items():
        yield from _outcome_problems(tree, name, outcome, source)


def _beginning_problems(tree: Structure, source: Source) -> Iterator[Problem]:
    for place in get_args(Place):
        if place not in tree.begin:
            yield source.problem("no question to begin with for place {name!r}", "begin", right="name a question", name=place)
    for place, name in tree.begin.items():
        if name not in tree.questions:
            yield source.problem("unknown question {name!r}", "begin", place, right="name a question of this tree", name=name)
    for key in get_args(Also):
        if key not in tree.also:
            yield source.problem("'also' lacks {name!r}", "also", right="say where it leads", name=key)


def _choice_problems(tree: Structure, source: Source) -> Iterator[Problem]:
    arrows: list[tuple[tuple[str | int, ...], Choice]] = [(("also", key), choice) for key, choice in tree.also.items()]
    for name, choices in tree.questions.items():
        if not choices:
            said = "question {name!r} is a dead end: it has no choices"
            yield source.problem(said, "questions", name, right="add a choice", name=name)
        seen: set[str] = set()
        for index, choice in enumerate(choices):
            if choice.id in seen:
                said = "choice {name!r} stands twice in {where!r}"
                yield source.problem(said, "questions", name, index, right="keep one of them", name=choice.id, where=name)
            seen.add(choice.id)
            arrows.append((("questions", name, index), choice))
    for path, choice in arrows:
        yield from _condition_problems(choice.when, source, path)
        yield from _condition_problems({name: (value,) for name, value in choice.sets.items()}, source, path, "sets")
        for name in choice.sets.keys() & FACTS.keys() - SETTABLE:
            known = ", ".join(sorted(SETTABLE))
            yield source.problem(
                "no answer can set {name!r}", *path, "sets", name, right="one of {known}", name=name, known=known
            )
        if choice.question is not None and choice.question not in tree.questions:
            yield source.problem("unknown question {name!r}", *path, right="add it, or mend the name", name=choice.question)
        if choice.outcome is not None and choice.outcome not in tree.outcomes:
            yield source.problem("unknown outcome {name!r}", *path, right="add it, or mend the name", name=choice.outcome)


def _outcome_problems(tree: Structure, name: str, outcome: Outcome, source: Source) -> Iterator[Problem]:
    here = ("outcomes", name)
    lists: tuple[tuple[str, Iterable[Conditional]], ...] = (
        ("disposition", outcome.disposition), ("steps", outcome.steps), ("tells", outcome.tells), ("deadline", outcome.deadline),
    )  # fmt: skip
    for field, items in lists:
        for index, item in enumerate(items):
            yield from _condition_problems(item.when, source, (*here, field, index))
    for deadline, path in (
        *((item, (*here, "deadline", index)) for index, item in enumerate(outcome.deadline)),
        *((step.after, (*here, "steps", index)) for index, step in enumerate(outcome.steps) if step.after),
    ):
        if deadline.setting and setting_values(deadline.setting) is None:
            yield source.problem("unknown setting {name!r}", *path, right="a setting of the policy", name=deadline.setting)
    if name in tree.never_strike and outcome.strike != "never":
        yield source.problem("outcome {name!r} may never make a strike", *here, right="strike: never", name=name)
    kinds = [step.kind for step in outcome.steps]
    for index, step in enumerate(outcome.steps):
        gated = step.kind == "delete" or (step.kind == "block" and not outcome.fake_account)
        if gated and "evidence" not in kinds[:index] and outcome.image != "drop":
            said = "{name!r} stands before any evidence step"
            yield source.problem(said, *here, "steps", index, right="evidence first", name=step.kind)
        if step.kind in ("escalate", "pass_on") and step.role is None and not outcome.tells:
            said = "{name!r} tells nobody"
            yield source.problem(said, *here, "steps", index, right="add 'role', or 'tells'", name=step.kind)
    yield from _condition_problems(outcome.signal_when, source, here, "signal_when")
    if outcome.house_rule is not None and "house_rule" not in outcome.asks:
        yield source.problem("a preselected house rule is never asked", *here, right="add house_rule to asks")


def _condition_problems(
    when: Mapping[str, tuple[str, ...]], source: Source, path: tuple[str | int, ...], field: str = "when"
) -> Iterator[Problem]:
    for name, values in when.items():
        allowed = FACTS.get(name)
        if allowed is None:
            allowed = setting_values(name)
        if allowed is None:
            yield source.problem(
                "unknown setting or fact {name!r}", *path, field, name, right="a policy setting, or a fact of the case", name=name
            )
            continue
        for value in values:
            if allowed and value not in allowed:
                known = ", ".join(allowed)
                said = "{name!r} is never {value!r}"
                yield source.problem(said, *path, field, name, right="one of {known}", name=name, value=value, known=known)


def _targets(tree: Structure, name: str) -> list[str]:
    return [choice.question for choice in tree.questions.get(name, ()) if choice.question is not None]


def _loop(tree: Structure) -> list[str] | None:
    """The first circle of questions, or ``None``."""
    done: set[str] = set()
    for start in tree.questions:
        trail: list[str] = []
        stack: list[tuple[str, Iterator[str]]] = []
        if start in done:
            continue
        trail.append(start)
        stack.append((start, iter(_targets(tree, start))))
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                done.add(name)
                stack.pop()
                trail.pop()
            elif following in trail:
                return [*trail[trail.index(following) :], following]
            elif following not in done:
                trail.append(following)
                stack.append((following, iter(_targets(tree, following))))
    return None


def _reached(tree: Structure) -> tuple[set[str], set[str]]:
    questions: set[str] = set()
    outcomes: set[str] = set()
    todo = [*tree.begin.values(), *(choice.question for choice in tree.also.values() if choice.question)]
    outcomes.update(choice.outcome for choice in tree.also.values() if choice.outcome)
    while todo:
        name = todo.pop()
        if name in questions:
            continue
        questions.add(name)
        outcomes.update(choice.outcome for choice in tree.questions.get(name, ()) if choice.outcome)
        todo += _targets(tree, name)
    return questions, outcomes


def _word_problems(tree: Structure, words: Words, source: Source) -> Iterator[Problem]:
    pairs: tuple[tuple[str, Iterable[str], Iterable[str]], ...] = (
        ("questions", tree.questions, words.questions),
        ("outcomes", tree.outcomes, words.outcomes),
        ("grounds", tree.grounds, words.grounds),
        ("also", tree.also, words.also),
        ("kinds", get_args(StepKind), words.kinds),
        ("bodies", get_args(Body), words.bodies),
        ("replies", {step.reply for outcome in tree.outcomes.values() for step in outcome.steps if step.reply}, words.replies),
        *(
            (f"questions.{name}.choices", [choice.id for choice in choices], words.questions[name].choices)
            for name, choices in tree.questions.items()
            if name in words.questions
        ),
    )
    for where, needed, present in pairs:
        path = tuple(where.split("."))
        needed, present = set(needed), set(present)
        for name in sorted(needed - present):
            yield source.problem("a missing word: {word}", *path, right="add it", word=f"{where}.{name}")
        for name in sorted(present - needed):
            if where != "replies":
                yield source.problem("a word for nothing: {word}", *path, name, right="remove it", word=f"{where}.{name}")
    for name, outcome in tree.outcomes.items():
        if name in words.outcomes:
            needless = words.outcomes[name].steps.keys() - {word for step in outcome.steps for word in (step.id, step.word)}
            for word in needless:
                path = ("outcomes", name, "steps", word)
                yield source.problem("a word for nothing: {word}", *path, right="remove it", word=".".join(path))
    for path, text in _texts(words):
        try:
            used = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        except ValueError:
            yield source.problem("a brace without its partner", *path, right="write a brace in the text twice")
            continue
        for name in sorted(used - PLACEHOLDERS):
            known = ", ".join(sorted(PLACEHOLDERS))
            yield source.problem("unknown placeholder {{{name}}}", *path, right="one of {known}", name=name, known=known)


def _texts(words: Words) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, outcome in words.outcomes.items():
        yield ("outcomes", name, "advice"), outcome.advice
        for step, text in outcome.steps.items():
            yield ("outcomes", name, "steps", step), text
    for name, reply in words.replies.items():
        yield ("replies", name, "je"), reply.je
        yield ("replies", name, "u"), reply.u
    for kind, text in words.kinds.items():
        yield ("kinds", kind), text
