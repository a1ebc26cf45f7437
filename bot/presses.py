"""What a button, select or form says when it is used: what it changes, and from which state.

A press names the thing and the state it was shown in (walk and step, number of decisions), never the whole case's revision:
a lead's press does not make a moderator's tick stale. Everything in it comes back from outside and is authorised again.
"""

from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from flows.tree import Also, Ask, Flag


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)  # built at first use


LARGEST_ID = 2**31 - 1  # of a row, on every database

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Small = Annotated[int, Field(ge=0, le=10_000)]
Word = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9_.:#-]*$")]
Week = Annotated[int, Field(ge=0, le=999_953)]  # 202647 for 2026-W47; 0 for none
LoopChoice = Literal["seen", "website", "faq", "none", "closed"]
WaiveReason = Literal["done_before", "not_possible", "not_needed"]


class Start(Frozen):
    """The intake form of a new case, empty."""

    do: Literal["start"] = "start"


class EditIntake(Frozen):
    do: Literal["intake"] = "intake"
    case: Id


class Answer(Frozen):
    """``walk``: which of the case's walks; ``step``: how many answers it had when this button was shown."""

    do: Literal["answer"] = "answer"
    case: Id
    walk: Small
    step: Small
    choice: Word


class Back(Frozen):
    do: Literal["back"] = "back"
    case: Id
    walk: Small
    step: Small


class AlsoThis(Frozen):
    """Something else in the same comment; ``walk``: the number the new walk would get."""

    do: Literal["also"] = "also"
    case: Id
    walk: Small
    also: Also


class Tick(Frozen):
    do: Literal["tick"] = "tick"
    case: Id
    item: Word
    done: bool = True


class AllDone(Frozen):
    do: Literal["all_done"] = "all_done"
    case: Id


class Disagree(Frozen):
    """As the second person of a line: not so; a reason is asked for."""

    do: Literal["disagree"] = "disagree"
    case: Id
    item: Word


class Waive(Frozen):
    """``reason`` absent: ask for one in a form."""

    do: Literal["waive"] = "waive"
    case: Id
    item: Word
    reason: WaiveReason | None = None


class SetFlag(Frozen):
    do: Literal["flag"] = "flag"
    case: Id
    flag: Flag
    on: bool


class Choose(Frozen):
    """A select on the card; the chosen ``value`` is a department, ground or house rule, empty for none."""

    do: Literal["choose"] = "choose"
    case: Id
    what: Ask
    value: Word = ""


class EditReply(Frozen):
    do: Literal["reply"] = "reply"
    case: Id
    item: Word


class SetForm(Frozen):
    """Address the citizen with u (``formal``) or je."""

    do: Literal["form"] = "form"
    case: Id
    formal: bool


class Close(Frozen):
    do: Literal["close"] = "close"
    case: Id


class Next(Frozen):
    """The same handling for the next comment under the same post."""

    do: Literal["next"] = "next"
    case: Id


class Same(Frozen):
    """Handle this comment as the one before it under the same post was; ``step`` as in ``Answer``."""

    do: Literal["same"] = "same"
    case: Id
    step: Small


class HandOver(Frozen):
    """Give the case to another moderator; chosen in a select."""

    do: Literal["hand_over"] = "hand_over"
    case: Id
    to: Word


class NoStrike(Frozen):
    """Whether the author's strike is waived: plainly without bad intent."""

    do: Literal["no_strike"] = "no_strike"
    case: Id
    on: bool


class UndoStrike(Frozen):
    """Take the warning back that a closed case gave its author."""

    do: Literal["undo_strike"] = "undo_strike"
    case: Id


class ShowText(Frozen):
    """Show the comment that is folded away for who it weighs on."""

    do: Literal["show_text"] = "show_text"
    case: Id


class TellColleague(Frozen):
    """Show a colleague who is targeted where to go, with their consent; who it is, is asked in a form and kept nowhere."""

    do: Literal["tell_colleague"] = "tell_colleague"
    case: Id


class Motivate(Frozen):
    """What a citizen may read of why it was done, with u (``formal``) or je."""

    do: Literal["motivate"] = "motivate"
    case: Id
    formal: bool


class Object(Frozen):
    """Take down a citizen's objection to what was done."""

    do: Literal["object"] = "object"
    case: Id


class Review(Frozen):
    """Uphold what was done, or change it, after an objection."""

    do: Literal["review"] = "review"
    objection: Id
    upheld: bool


class SameAuthor(Frozen):
    """The author of this case is that of another one; ``link`` given: take that back."""

    do: Literal["same_author"] = "same_author"
    case: Id
    link: Id | None = None


class UseFaq(Frozen):
    """Answer with this entry at once; ``step`` as in ``Answer``."""

    do: Literal["use_faq"] = "use_faq"
    case: Id
    walk: Small
    step: Small
    entry: Id


class ShowCase(Frozen):
    do: Literal["show"] = "show"
    case: Id


class ShowThread(Frozen):
    """The thread that waits for me, with what can be done there."""

    do: Literal["show_thread"] = "show_thread"
    thread: Id


class ShowObjection(Frozen):
    """The objection that waits for me, with what can be done about it."""

    do: Literal["show_objection"] = "show_objection"
    objection: Id


class WhereToReport(Frozen):
    """Which bodies this case may be reported to, what they ask and what they refuse."""

    do: Literal["where"] = "where"
    case: Id


class Reported(Frozen):
    """It was reported to a body: on which day, with which reference. Asked in a form; ``body``: preselected."""

    do: Literal["reported"] = "reported"
    case: Id
    body: Word = ""


class BodyAnswered(Frozen):
    """What the body answered to a report. Asked in a form."""

    do: Literal["body_answered"] = "body_answered"
    case: Id
    report: Id


class MakeDossier(Frozen):
    """The evidence dossier of the case; for whom is asked in a form."""

    do: Literal["dossier"] = "dossier"
    case: Id


class CoverPictures(Frozen):
    """A page on which to cover what others may not see on the case's screenshots."""

    do: Literal["cover"] = "cover"
    case: Id


class TakeCase(Frozen):
    """A case that a colleague pasted, taken on by a moderator; ``moderator``: who has it now, empty for nobody."""

    do: Literal["take_case"] = "take_case"
    case: Id
    moderator: Word = ""


class Take(Frozen):
    do: Literal["take"] = "take"
    thread: Id


class Decide(Frozen):
    """``decisions``: how many the case had when the button was shown; of two at once the first counts."""

    do: Literal["decide"] = "decide"
    thread: Id
    decisions: Small


class UndoDecision(Frozen):
    """Take the decision that stands back, with a reason; ``decisions`` as in ``Decide``."""

    do: Literal["undo_decision"] = "undo_decision"
    thread: Id
    decisions: Small


class AskInfo(Frozen):
    do: Literal["ask_info"] = "ask_info"
    thread: Id


class Forward(Frozen):
    do: Literal["forward"] = "forward"
    thread: Id


class CloseThread(Frozen):
    do: Literal["close_thread"] = "close_thread"
    thread: Id


class ApproveFaq(Frozen):
    """``version``: the text that was on the card; a later edit makes this press stale."""

    do: Literal["approve_faq"] = "approve_faq"
    entry: Id
    version: Small


class EditFaq(Frozen):
    do: Literal["edit_faq"] = "edit_faq"
    entry: Id
    version: Small


class RetireFaq(Frozen):
    do: Literal["retire_faq"] = "retire_faq"
    entry: Id
    version: Small


class NewFaq(Frozen):
    """An entry written by hand; ``gap``: the question without an answer that it is for."""

    do: Literal["new_faq"] = "new_faq"
    gap: Id | None = None


class ShowFaq(Frozen):
    """An entry with everything that is known of it, or what it was before."""

    do: Literal["show_faq"] = "show_faq"
    entry: Id
    history: bool = False


class ShowReview(Frozen):
    """The entries to look at again that are one's own to keep."""

    do: Literal["faq_review"] = "faq_review"


class CloseGap(Frozen):
    """A question without an answer needs none: it, and those that are about the same."""

    do: Literal["close_gap"] = "close_gap"
    gap: Id


class AddWords(Frozen):
    """Words that mean the same in this town; ``gap``: the question for which one was missing."""

    do: Literal["add_words"] = "add_words"
    gap: Id | None = None


class DropWords(Frozen):
    """Take words away that somebody added."""

    do: Literal["drop_words"] = "drop_words"
    words: Id


class AnswerFromFaq(Frozen):
    """The antenna answers what was asked in a thread with an entry that is there."""

    do: Literal["answer_from_faq"] = "answer_from_faq"
    thread: Id
    entry: Id


class TakeOverFaq(Frozen):
    """Put what I wrote (``draft``) in the place of what somebody else made of the entry meanwhile, which is ``version``."""

    do: Literal["take_over_faq"] = "take_over_faq"
    entry: Id
    version: Small
    draft: Id


class SetAbsence(Frozen):
    """Say who will be away, in a form."""

    do: Literal["absence"] = "absence"


class SetPerson(Frozen):
    """Somebody new, or another name, language or address of somebody known; in a form."""

    do: Literal["person"] = "person"


class SetReview(Frozen):
    """Who approved the policy, when, and when it must be looked at again; in a form."""

    do: Literal["review_dates"] = "review_dates"


class ChangeDirectory(Frozen):
    """Change who holds a role, who stands in or where it is told, in a form."""

    do: Literal["directory"] = "directory"


class KeepSignal(Frozen):
    """Whether the masked words on the card may be kept with the signal; ``texts``: how often the comment's words had changed by then."""

    do: Literal["keep_signal"] = "keep_signal"
    case: Id
    texts: Small
    on: bool


class EditSignal(Frozen):
    """Other words for the signal, or another topic, asked in a form."""

    do: Literal["edit_signal"] = "edit_signal"
    case: Id
    texts: Small


class LogSignal(Frozen):
    """The form of a signal without a case."""

    do: Literal["log_signal"] = "log_signal"


class ShowSignals(Frozen):
    """A list of signals. ``week`` as 202647, 0 for any, from ``first`` on if that is set; ``topic`` 0 for any, -1 for none; ``kind`` and
    ``ground`` empty for any; ``page`` from 0."""

    do: Literal["signals"] = "signals"
    department: Word = ""
    week: Week = 0
    topic: Annotated[int, Field(ge=-1, le=LARGEST_ID)] = 0
    kind: Word = ""
    ground: Word = ""
    first: Week = 0
    unanswered: bool = False
    page: Small = 0


class ShowAnswers(Frozen):
    """The cases of an ISO week behind how quickly a department, or everybody, answered; ``late``: only those past their term."""

    do: Literal["answers"] = "answers"
    department: Word
    week: Week
    late: bool = False


class ShowTopics(Frozen):
    """The topics of a department, to merge and rename."""

    do: Literal["topics"] = "topics"
    department: Word


class ShowTopic(Frozen):
    do: Literal["topic"] = "topic"
    topic: Id
    week: Week = 0


class RenameTopic(Frozen):
    """``names``: how many names it had when the button was shown."""

    do: Literal["rename_topic"] = "rename_topic"
    topic: Id
    names: Small


class MergeTopic(Frozen):
    """``into`` absent: ask into which."""

    do: Literal["merge_topic"] = "merge_topic"
    topic: Id
    into: Id | None = None


class NameGroup(Frozen):
    """Signals that are alike become a topic; the group is the one that holds signal ``signal``, of ``count``."""

    do: Literal["name_group"] = "name_group"
    signal: Id
    count: Small


class CloseLoop(Frozen):
    """What the antenna does about a topic; ``loops``: how often somebody said something about it before."""

    do: Literal["loop"] = "loop"
    topic: Id
    choice: LoopChoice
    loops: Small


class ShowDigest(Frozen):
    """The digest of a department, ``management`` or ``equal_opportunities``."""

    do: Literal["digest"] = "digest"
    department: Word
    week: Week


CasePress = (
    EditIntake | Answer | Back | AlsoThis | Tick | AllDone | Waive | SetFlag | Choose | EditReply | SetForm | Close | Next | UseFaq
    | Same | HandOver | NoStrike | ShowCase | TakeCase | WhereToReport | Reported | BodyAnswered
    | MakeDossier | CoverPictures
    | Disagree | UndoStrike | SameAuthor | Motivate | Object | ShowText | TellColleague
)  # fmt: skip
ThreadPress = Take | Decide | UndoDecision | AskInfo | Forward | CloseThread
FaqPress = (
    ApproveFaq | EditFaq | RetireFaq | NewFaq | ShowFaq | TakeOverFaq | CloseGap | AnswerFromFaq | AddWords | DropWords
    | ShowReview
)  # fmt: skip
RosterPress = SetAbsence | ChangeDirectory | SetPerson | SetReview
SignalPress = (
    KeepSignal | EditSignal | LogSignal | ShowSignals | ShowTopics | ShowTopic | RenameTopic | MergeTopic | NameGroup
    | CloseLoop | ShowDigest | ShowAnswers
)  # fmt: skip
Press = Start | CasePress | ShowThread | ShowObjection | ThreadPress | FaqPress | Review | RosterPress | SignalPress


def asks(press: Press) -> bool:
    """Whether pressing it opens a dialog: known without looking at the case."""
    if isinstance(press, Waive):
        return press.reason is None
    if isinstance(press, MergeTopic):
        return press.into is None
    return type(press) in _ASK


_ASK = frozenset((
    Start, EditIntake, EditReply, Decide, UndoDecision, AskInfo, Forward, Next, EditFaq, NewFaq, CloseGap, Disagree, UndoStrike,
    TellColleague, Object, Review, Reported, BodyAnswered, MakeDossier, EditSignal, RenameTopic, NameGroup, LogSignal, SetAbsence,
    ChangeDirectory, SetPerson, SetReview, AddWords,
))  # fmt: skip


@cache
def _codec() -> TypeAdapter[Press]:
    return TypeAdapter(Annotated[Press, Field(discriminator="do")])


def week_number(week: str) -> int:
    """202647 for 2026-W47; 0 for none."""
    return int(week.replace("-W", "")) if week else 0


def week_name(number: int) -> str:
    """2026-W47 for 202647; empty for 0."""
    return f"{number // 100}-W{number % 100:02d}" if number else ""


class NoPress(ValueError):
    """What came back from outside is no press of ours."""


def pack(press: Press) -> str:
    """The press as compact JSON, under 255 characters; holds ids and state, never text."""
    return press.model_dump_json()


def unpack(value: str | bytes) -> Press:
    """The press in ``value``; raises ``NoPress`` for anything else."""
    try:
        return _codec().validate_json(value)
    except ValidationError:
        raise NoPress("not a press") from None
