"""Walking a tree: begin, answer, back, and the advice where walks end. Pure: the same input gives the same result, always.

An illegal answer raises ``IllegalAnswer`` and changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from flows.effects import Advise, Ask, DropImages, Effect, Escalate, LogSignal, Measure, OpenDeadline, RecordStrike, Todo
from flows.policy import Frozen, Policy
from flows.tree import (
    PHASE_OF,
    PHASES,
    Also,
    Body,
    Choice,
    Deadline,
    Disposition,
    Flag,
    Outcome,
    Phase,
    Place,
    Platform,
    Role,
    StepKind,
    Tree,
    holds,
)

T = TypeVar("T")

MOST_WALKS = 4  # the first, and three times "something else in this comment too"

WAITING_LINE = "crisis.pass_on"  # the line in which answers wait for a publisher; a step's own id has no dot

# What nobody can do there (domain §3): a private message has no public, and a page of others is not ours to moderate.
NOT_AT: Mapping[Place, frozenset[StepKind]] = {
    "own": frozenset(),
    "private": frozenset({"hide", "delete", "close_comments", "public_answer"}),
    "external": frozenset({"hide", "delete", "block", "close_comments", "like"}),
}
# Roles that are somebody only once the department is known.
DEPARTMENTAL: frozenset[Role] = frozenset({"antenna", "department_head"})
_STRICTEST: tuple[Disposition, ...] = ("modereer", "koppel door", "bied hulp", "volg op")
_ONCE: frozenset[StepKind] = frozenset(
    {
        "evidence",
        "hide",
        "delete",
        "block",
        "close_comments",
        "private_message",
        "report_platform",
        "escalate",
        "face_to_face",
    }
)


# The steps that carry out a measure, the first where none is there yet; and which measure counts when an outcome holds several.
KINDS: Mapping[Measure, tuple[StepKind, ...]] = {
    "leave": (),
    "answer": ("public_answer", "private_message"),
    "hide": ("hide",),
    "delete": ("delete",),
    "block": ("block",),
    "close_comments": ("close_comments",),
    "report": ("report_platform", "report_body"),
}
_STRONGEST: tuple[Measure, ...] = ("delete", "hide", "close_comments", "block", "report", "answer")
# What falls away when somebody decides on less.
_FURTHER: Mapping[Measure, frozenset[StepKind]] = {
    "leave": frozenset({"hide", "delete", "block", "close_comments"}),
    "answer": frozenset({"hide", "delete", "block", "close_comments"}),
    "hide": frozenset({"delete", "block"}),
    "close_comments": frozenset({"delete", "block"}),
}


class IllegalAnswer(Exception):
    """The answer does not belong to the question; ``possible`` are the choice ids that do."""

    def __init__(self, question: str | None, possible: Sequence[str] = ()) -> None:
        self.question, self.possible = question, tuple(possible)
        super().__init__(f"not an answer to {question or 'an ended walk'}")


class Situation(NamedTuple):
    """The facts of one case that conditions may compare. ``earlier_strikes``: unexpired ones of the same author.

    ``can_hide`` and ``unable``: what the platform makes possible (``flows.platforms``). ``said``: what the answers themselves
    established, from ``established``; a ``house_rule`` chosen by a person goes before.
    """

    place: Place = "own"
    platform: Platform = "other"
    can_hide: bool = True
    unable: frozenset[StepKind] = frozenset()
    department: str | None = None
    ground: str | None = None
    house_rule: str | None = None
    flags: frozenset[Flag] = frozenset()
    earlier_strikes: int = 0
    crisis: bool = False
    said: tuple[tuple[str, str], ...] = ()

    def known(self, policy: Policy) -> dict[str, str]:
        """Every word a condition may ask for: the policy's settings and these facts."""
        known = dict(policy.flat)
        at = policy.strikes.block_at
        known["place"], known["platform"] = self.place, self.platform
        known["can_hide"] = _yes(self.can_hide)
        known["ground"] = "given" if self.ground else "none"
        known["department"] = "given" if self.department else "none"
        known["house_rule"], known["legal"], known["elected"] = "", "no", "no"
        known.update(self.said)
        if self.house_rule:
            known["house_rule"] = self.house_rule
        known["strike"] = "block" if self.earlier_strikes + 1 >= at else "again" if self.earlier_strikes else "first"
        known["crisis"] = _yes(self.crisis)
        for flag in ("urgent", "returning", "conspiracy", "panic", "colleague_targeted"):
            known[flag] = _yes(flag in self.flags)
        return known


class Walk(Frozen):
    """Where a walk began and the (question, choice) pairs answered so far; everything else follows from the tree."""

    begin: str
    path: tuple[tuple[str, str], ...] = ()
    outcome: str | None = None

    def question(self, tree: Tree) -> str | None:
        """The question now open, or ``None`` when the walk has ended."""
        if self.outcome is not None:
            return None
        if not self.path:
            return self.begin
        question, choice = self.path[-1]
        return tree.choices[question][choice].question


def established(tree: Tree, walks: Iterable[Walk]) -> tuple[tuple[str, str], ...]:
    """The facts that the answers of ``walks`` established, such as the house rule to preselect; the first answer that says one counts."""
    facts: dict[str, str] = {}
    for walk in walks:
        for question, choice in walk.path:
            for name, value in tree.choices[question][choice].sets.items():
                facts.setdefault(name, value)
    return tuple(sorted(facts.items()))


def begin(tree: Tree, policy: Policy, situation: Situation, also: Also | None = None) -> tuple[Walk, tuple[Effect, ...]]:
    """A new walk at the place's first question, or where ``also`` ("something else too") leads."""
    start = tree.structure.begin[situation.place]
    if also is not None and also != "iets_anders":
        choice = tree.structure.also[also]
        if choice.outcome is not None:
            walk = Walk(begin=start, outcome=choice.outcome)
            return walk, _ended(tree, policy, situation, walk)
        start = choice.question or start
    walk = Walk(begin=start)
    return walk, (_ask(tree, policy, situation, start),)


def answer(tree: Tree, policy: Policy, situation: Situation, walk: Walk, choice_id: str) -> tuple[Walk, tuple[Effect, ...]]:
    """The walk after this choice, and what follows: the next question, or the advice and its consequences."""
    walk = step(tree, policy, situation, walk, choice_id)
    question = walk.question(tree)
    if question is not None:
        return walk, (_ask(tree, policy, situation, question),)
    return walk, _ended(tree, policy, situation, walk)


def step(tree: Tree, policy: Policy, situation: Situation, walk: Walk, choice_id: str) -> Walk:
    """The walk after this choice alone."""
    question = walk.question(tree)
    if question is None:
        raise IllegalAnswer(None)
    choice = tree.choices[question].get(choice_id)
    if choice is None or (choice.when and not holds(choice.when, situation.known(policy))):
        raise IllegalAnswer(question, [item.id for item in offers(tree, policy, situation, question)])
    return Walk(begin=walk.begin, path=(*walk.path, (question, choice_id)), outcome=choice.outcome)


def back(tree: Tree, policy: Policy, situation: Situation, walk: Walk) -> tuple[Walk, tuple[Effect, ...]]:
    """The walk without its last answer; raises ``IllegalAnswer`` when there is none."""
    if not walk.path:
        raise IllegalAnswer(walk.begin)
    walk = Walk(begin=walk.begin, path=walk.path[:-1])
    question = walk.question(tree)
    assert question is not None  # a prefix of a path always stands at a question
    return walk, (_ask(tree, policy, situation, question),)


def offers(tree: Tree, policy: Policy, situation: Situation, question: str) -> tuple[Choice, ...]:
    """The choices of ``question`` that make sense in this situation."""
    choices = tree.questions[question]
    if not any(choice.when for choice in choices):
        return choices
    known = situation.known(policy)
    return tuple(choice for choice in choices if holds(choice.when, known))


def advise(tree: Tree, policy: Policy, situation: Situation, outcomes: Sequence[str]) -> Advise:
    """What to do for all ``outcomes`` of one case together: each step once, in the order safety, evidence, hide, tell, answer.

    A single outcome keeps the order of its own list. ``outcomes`` must not be empty.
    """
    known = situation.known(policy)
    ends = [(name, tree.outcomes[name]) for name in dict.fromkeys(outcomes)]
    by_ground = tree.structure.grounds.get(situation.ground) if situation.ground else None
    per_outcome = [_todos(name, end, known, situation, by_ground) for name, end in ends]
    steps = per_outcome[0] if len(per_outcome) == 1 else _merge(per_outcome)
    firsts = [next((term for term in end.deadline if holds(term.when, known)), None) for _, end in ends]
    dispositions = [next(item.be for item in end.disposition if holds(item.when, known)) for _, end in ends]
    tells = [told for _, end in ends for told in end.tells if holds(told.when, known)]
    offered = {flag for _, end in ends for flag in end.flags}
    return Advise(
        outcomes=tuple(name for name, _ in ends),
        disposition=min(dispositions, key=_STRICTEST.index),
        steps=steps,
        tells=_union(told.role for told in tells),
        threads=_union(told.role for told in tells if told.through == "thread"),
        deadline=min((term for term in firsts if term), key=lambda term: _length(term, policy), default=None),
        records=_union(record for _, end in ends for record in end.records if record != "strike" or end.strike != "never"),
        asks=_union(ask for _, end in ends for ask in end.asks),
        flags=tuple(sorted(offered)),
        signals=_union(end.signal for _, end in ends if end.signal and holds(end.signal_when, known)),
        strike=max((end.strike for _, end in ends), key=("never", "waivable", "always").index),
        image=max((end.image for _, end in ends), key=("keep", "mask", "drop").index),
        house_rule=dict(situation.said).get("house_rule") or next((end.house_rule for _, end in ends if end.house_rule), None),
        criminal=any(end.criminal for _, end in ends),
        closes_itself=len(ends) == 1 and ends[0][1].closes_itself,
        decides=any(end.decides for _, end in ends),
    )


def main_measure(advice: Advise) -> Measure:
    """The measure that an outcome by itself comes down to: the strongest of its steps that must be done."""
    kinds = {todo.kind for todo in advice.steps if not todo.optional}
    return next((measure for measure in _STRONGEST if kinds & set(KINDS[measure])), "leave")


def measures(tree: Tree, policy: Policy, situation: Situation, outcomes: Sequence[str]) -> tuple[Measure, ...]:
    """The measures that can be taken in this place, on this platform, for these outcomes; never a block before its time."""
    out = NOT_AT[situation.place] | situation.unable | (frozenset() if situation.can_hide else frozenset({"hide"}))
    possible = [measure for measure, kinds in KINDS.items() if not kinds or set(kinds) - out]
    return tuple(measure for measure in possible if measure != "block" or may_block(tree, policy, situation, outcomes))


def may_block(tree: Tree, policy: Policy, situation: Situation, outcomes: Sequence[str]) -> bool:
    """At the configured number of strikes; before it only for a crime where policy says so, and for a fake account or bot."""
    ends = [tree.outcomes[name] for name in outcomes]
    if any(end.fake_account or (end.criminal and policy.strikes.criminal_override) for end in ends):
        return True
    striking = any(end.strike != "never" for end in ends)
    return striking and situation.earlier_strikes + 1 >= policy.strikes.block_at


def measured(advice: Advise, measure: Measure, policy: Policy, situation: Situation) -> Advise:
    """The advice once somebody decided on a measure: its line stands there and must be done, what goes further falls away."""
    if measure == "leave":  # what may stand is no ground for a warning
        advice = replace(advice, strike="never", records=tuple(record for record in advice.records if record != "strike"))
    away = _FURTHER.get(measure, frozenset())
    steps = [todo for todo in advice.steps if todo.kind not in away or (todo.instead_of_hide and measure == "hide")]
    kinds = [kind for kind in KINDS[measure] if kind not in NOT_AT[situation.place] | situation.unable]
    found = next((todo for todo in steps if todo.kind in kinds), None)
    if found is not None:
        return replace(advice, steps=tuple(replace(todo, optional=False) if todo is found else todo for todo in steps))
    if not kinds:
        return replace(advice, steps=tuple(steps))
    kind = kinds[0]
    name = advice.outcomes[0]
    if kind in ("delete", "block") and not any(todo.kind == "evidence" for todo in steps):
        steps.insert(0, Todo("decided.evidence", "evidence", name, "evidence", "evidence"))
    line = Todo(f"decided.{kind}", kind, name, kind, PHASE_OF[kind], by=_whose(kind, advice.criminal, policy))
    at = max((index + 1 for index, todo in enumerate(steps) if todo.kind == "evidence"), default=0)
    at = at if kind in ("hide", "close_comments") else len(steps)
    return replace(advice, steps=(*steps[:at], line, *steps[at:]))


def _whose(kind: StepKind, criminal: bool, policy: Policy) -> Role:
    """Who takes a step that policy may give to others."""
    if kind == "block":
        return {"communications_lead": "communications_lead", "team": "moderation_team"}.get(policy.who_blocks, "moderator")  # type: ignore[return-value]  # a dict of str
    by_team = kind == "delete" and (policy.who_deletes_criminal if criminal else policy.who_deletes) == "team"
    return "moderation_team" if by_team or kind == "close_comments" else "moderator"


def hold_answers(advice: Advise, settled: Collection[str]) -> Advise:
    """The advice for somebody who may not answer citizens now: what is not yet answered (``settled``: ids of lines that are done)
    becomes one line to pass it on. What keeps people safe is still said."""
    held = [
        todo
        for todo in advice.steps
        if todo.kind in ("public_answer", "private_message") and todo.phase != "safety" and todo.id not in settled
    ]
    if not held:
        return advice
    optional = all(todo.optional for todo in held)
    line = Todo(WAITING_LINE, held[0].word, held[0].outcome, "pass_on", held[0].phase, optional=optional, to_publisher=True)
    steps = tuple(line if todo is held[0] else todo for todo in advice.steps if todo is held[0] or todo not in held)
    return replace(advice, steps=steps)


def consequences(advice: Advise, situation: Situation) -> tuple[Effect, ...]:
    """What the advice asks of others, beside the card itself."""
    effects: list[Effect] = []
    if advice.image == "drop":
        effects.append(DropImages())
    known = situation.department is not None
    effects += [Escalate(role, at_once=known or role not in DEPARTMENTAL) for role in advice.threads]
    effects += [LogSignal(kind) for kind in advice.signals]
    if advice.deadline is not None:
        effects.append(OpenDeadline("case", advice.deadline))
    effects += [OpenDeadline(todo.id, todo.after) for todo in advice.steps if todo.after is not None]
    if advice.strike != "never":
        effects.append(RecordStrike(waivable=advice.strike == "waivable"))
    return tuple(effects)


def hours(deadline: Deadline, policy: Policy) -> int | None:
    """The length of a term in hours on its own clock; a working day counts 24; ``None`` for now."""
    if deadline.clock == "now":
        return None
    if deadline.setting is None:
        return deadline.hours
    length = int(policy.flat[deadline.setting])
    return length * 24 if deadline.setting == "response.answer" else length


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _ask(tree: Tree, policy: Policy, situation: Situation, question: str) -> Ask:
    return Ask(question, tuple(choice.id for choice in offers(tree, policy, situation, question)))


def _ended(tree: Tree, policy: Policy, situation: Situation, walk: Walk) -> tuple[Effect, ...]:
    assert walk.outcome is not None
    situation = situation._replace(said=established(tree, [walk]))
    advice = advise(tree, policy, situation, [walk.outcome])
    return (advice, *consequences(advice, situation))


def _todos(
    name: str, outcome: Outcome, known: Mapping[str, str], situation: Situation, by_ground: Body | None
) -> tuple[Todo, ...]:
    """The steps of one outcome that hold here, one variant each, without what place and platform do not allow."""
    todos: list[Todo] = []
    for step in outcome.steps:
        if any(todo.id == step.id for todo in todos) or not holds(step.when, known):
            continue
        if step.kind in NOT_AT[situation.place] or step.kind in situation.unable:
            continue
        body = by_ground if step.body == "by_ground" else step.body
        replies = (step.reply,) if step.reply else ()
        todos.append(
            Todo(step.id, step.word, name, step.kind, step.phase, step.by, body, step.role, replies, step.after, step.optional)
        )
    if situation.can_hide or situation.place != "own":
        return tuple(todos)
    return _delete_instead(name, todos)


def _delete_instead(name: str, todos: list[Todo]) -> tuple[Todo, ...]:
    """Where a platform cannot hide, the first hiding becomes a deletion in its place, but after the evidence and after any report:
    what is deleted can no longer be reported. A later deletion is then superfluous."""
    first = next((todo for todo in todos if todo.kind == "hide"), None)
    if first is None:
        return tuple(todos)
    before = [todo for todo in todos[: todos.index(first)] if todo.kind != "delete"]
    after = [todo for todo in todos[todos.index(first) + 1 :] if todo.kind not in ("hide", "delete")]
    if not any(todo.kind == "evidence" for todo in (*before, *after)):
        before.append(Todo("evidence", "evidence", name, "evidence", "evidence"))
    last = max((index for index, todo in enumerate(after) if todo.kind in ("evidence", "report_platform")), default=-1)
    deletion = replace(first, kind="delete", instead_of_hide=True)
    return (*before, *after[: last + 1], deletion, *after[last + 1 :])


def _merge(lists: Iterable[tuple[Todo, ...]]) -> tuple[Todo, ...]:
    """Several checklists as one: each step once; when the comment is hidden, public answers become one private message, without the
    texts of what is only done where it is needed."""
    lists = list(lists)
    hidden = any(todo.kind in ("hide", "delete") for todos in lists for todo in todos)
    merged: list[Todo] = []
    for todos in lists:
        removes = any(todo.kind in ("hide", "delete") for todo in todos)
        before = len(merged)
        for todo in todos:
            if hidden and not removes and todo.kind == "public_answer":
                todo = replace(todo, kind="private_message", phase="answer")
            twin = next((index for index, other in enumerate(merged) if _same(todo, other, index >= before)), None)
            if twin is not None:
                known = merged[twin]
                said = [one.replies for one in (known, todo) if known.optional == todo.optional or not one.optional]
                merged[twin] = replace(
                    known,
                    replies=_union(reply for replies in said for reply in replies),
                    after=known.after and todo.after,
                    optional=known.optional and todo.optional,
                )
                continue
            if any(other.id == todo.id for other in merged):
                todo = replace(todo, id=f"{todo.id}.{todo.outcome}")
            merged.append(todo)
    return tuple(sorted(merged, key=_phase_order))


def _same(one: Todo, other: Todo, of_one_list: bool) -> bool:
    if one.kind != other.kind or one.phase != other.phase or (of_one_list and one.kind != "private_message"):
        return False
    if one.kind == "monitor":  # what to look at again, and when, is different for each
        return (one.word, one.after) == (other.word, other.after)
    return one.kind in _ONCE or (one.body, one.role) == (other.body, other.role)


def _phase_order(todo: Todo) -> int:
    phase: Phase = "hide" if todo.instead_of_hide else todo.phase
    return PHASES.index(phase) * 2 + (todo.kind in ("delete", "block") and not todo.instead_of_hide)


def _length(deadline: Deadline, policy: Policy) -> tuple[int, int]:
    length = hours(deadline, policy)
    return (0, 0) if length is None else (1, length)


def _union(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
