"""One event, one transaction: recognise the person, let the capability that the event belongs to decide, answer. It stays a page."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

import structlog
from sqlalchemy import Connection

from bot import (
    checklist,
    clocks,
    commands,
    directory,
    dossier,
    escalation,
    faq,
    faq_gaps,
    faq_words,
    listening,
    moderation,
    objections,
    passes,
    reminders,
    reports,
    showing,
    strikes,
    support,
    wording,
)
from bot.cards import Form
from bot.case import Case, advice, load_case, standing
from bot.events import Answer, Commanded, Edited, Incoming, Pasted, Pressed, Replied, Submitted
from bot.faq_index import FaqIndex
from bot.outbox import again
from bot.presses import (
    AddWords,
    AllDone,
    AlsoThis,
    AnswerFromFaq,
    ApproveFaq,
    AskInfo,
    Back,
    BodyAnswered,
    ChangeDirectory,
    Choose,
    Close,
    CloseGap,
    CloseLoop,
    CloseThread,
    CoverPictures,
    Decide,
    Disagree,
    DropWords,
    EditFaq,
    EditIntake,
    EditReply,
    EditSignal,
    Forward,
    HandOver,
    KeepSignal,
    LogSignal,
    MakeDossier,
    MergeTopic,
    Motivate,
    NameGroup,
    NewFaq,
    Next,
    NoStrike,
    Object,
    Press,
    RenameTopic,
    Reported,
    RetireFaq,
    Review,
    Same,
    SameAuthor,
    SetAbsence,
    SetFlag,
    SetForm,
    SetPerson,
    SetReview,
    ShowAnswers,
    ShowCase,
    ShowDigest,
    ShowFaq,
    ShowObjection,
    ShowReview,
    ShowSignals,
    ShowText,
    ShowThread,
    ShowTopic,
    ShowTopics,
    Start,
    Take,
    TakeCase,
    TakeOverFaq,
    TellColleague,
    ThreadPress,
    Tick,
    UndoDecision,
    UndoStrike,
    UseFaq,
    Waive,
    WhereToReport,
)  # fmt: skip
from bot.presses import Answer as AnswerPress
from bot.roster import may, person_of
from bot.tables import events, insert_new
from bot.work import House, Refused, Work

log = structlog.get_logger()


@dataclass(slots=True)
class Desk:
    """Handles events on a connection that the store gives; keeps nothing but the derived FAQ index."""

    house: House
    index: FaqIndex = field(init=False)

    def __post_init__(self) -> None:
        self.index = FaqIndex(self.house.organisation.synonyms)

    def handle(self, conn: Connection, event: Incoming, now: datetime, *, draw: bool = True) -> tuple[Answer, bool]:
        """What to answer, and whether something was queued. A repeated event changes nothing and gets a friendly answer.

        Without ``draw`` the answer leaves out the changed card, which the outbox brings.

        Raises ``Refused`` with a catalogue key; the caller's transaction then keeps nothing.
        """
        work = Work(conn, self.house, now, draw=draw)
        work.who = person_of(work.organisation, event.actor) or ""
        if not work.who and not isinstance(event, Replied | Edited):
            raise Refused("refused.unknown_person")
        if not insert_new(conn, events, id=f"{event.actor.platform}:{event.id}", at=now):
            return Answer(note=showing.words_for(work).t("note.repeated"), kept="before"), False
        match event:
            case Pasted():
                answer = commands.opened(work, self.index, event)
            case Commanded():
                answer = commands.run(work, self.index, event.text, event.id)
            case Pressed():
                answer = self._press(work, event.press, None, event)
            case Submitted():
                answer = self._press(work, event.press, event.values, event)
            case Replied():
                answer = self._said(work, escalation.replied(work, event))
            case Edited():
                answer = escalation.edited(work, event)
            case _:
                assert_never(event)
        return answer, work.said

    def ring(self, conn: Connection, clock: int, case: int | None, now: datetime) -> bool:
        """A clock is due: act on it. ``False`` when somebody else rang it."""
        work = Work(conn, self.house, now)
        loaded = load_case(work, case) if case is not None else None  # first the case, as events do
        rung = clocks.ring(work, clock)
        if rung is None:
            return False
        if loaded is None:
            directory.begins(work, int(rung.name))
        elif rung.kind == "settle":
            moderation.close_by_itself(work, escalation.settle(work, loaded))
        elif rung.kind == "report":
            reports.remind(work, loaded, int(rung.name))
        elif rung.kind == "objection":
            objections.ring(work, loaded, rung.name)
        else:
            reminders.ring(work, loaded, rung.kind, rung.name)
        return True

    def _press(  # noqa: C901 - one case for each capability
        self, work: Work, press: Press, values: dict[str, str] | None, event: Pressed | Submitted
    ) -> Answer:
        match press:
            case AnswerPress() | Tick():  # most presses are these, and kinds are asked one after the other
                return self._case_press(work, press, values, event)
            case Start():
                return self._begin(work, values, event)
            case Take() | Decide() | UndoDecision() | AskInfo() | Forward() | CloseThread():
                done = escalation.press(work, press, values)
                return self._said(work, done) if done is not None else self._thread_form(work, press)
            case ApproveFaq() | EditFaq() | RetireFaq() | TakeOverFaq():
                return self._faq(work, press, values)
            case NewFaq():
                return self._new_faq(work, press, values)
            case ShowFaq():
                return Answer(cards=(showing.faq_entry(work, press.entry, history=press.history),))
            case ShowReview():
                return commands.faq_review(work, self.index, "", event.id)
            case CloseGap():
                return self._close_gap(work, press)
            case AddWords() | DropWords():
                return faq_words.press(work, self.index, press, values)
            case AnswerFromFaq():
                return self._said(work, escalation.answer_from_faq(work, press))
            case Review():
                return self._review(work, press, values)
            case SetAbsence() | ChangeDirectory() | SetPerson() | SetReview():
                return directory.press(work, press, values)
            case (
                KeepSignal() | EditSignal() | LogSignal() | ShowSignals() | ShowTopics() | ShowTopic() | RenameTopic()
                | MergeTopic() | NameGroup() | CloseLoop() | ShowDigest() | ShowAnswers()
            ):  # fmt: skip
                return listening.press(work, press, values)
            case WhereToReport() | Reported() | BodyAnswered() | MakeDossier() | CoverPictures():
                return self._outside(work, press, values, local=event.actor.platform == "local")
            case ShowCase() | TakeCase():
                return self._of_others(work, press)
            case ShowThread():
                return Answer(cards=(showing.thread(work, press.thread),))
            case ShowObjection():
                return Answer(cards=(showing.objection(work, press.objection),))
            case _:
                return self._case_press(work, press, values, event)

    def _begin(self, work: Work, values: dict[str, str] | None, event: Pressed | Submitted) -> Answer:
        if values is None:
            return commands.run(work, self.index, "", event.id)
        assert isinstance(event, Submitted)  # only a form carries values
        pasted = Pasted(id=event.id, actor=event.actor, text="", images=event.images)
        return commands.opened(work, self.index, pasted, values)

    def _of_others(self, work: Work, press: ShowCase | TakeCase) -> Answer:
        """A case that is perhaps somebody else's: its card for who may act on it, to take while it is nobody's, else its timeline."""
        if isinstance(press, TakeCase):
            case = moderation.take_case(work, load_case(work, press.case), press)
        else:
            case = load_case(work, press.case, lock=False)
            if case.moderator is None and case.open and may(work.organisation, work.who, "moderate"):
                return Answer(cards=(showing.found(work, case),))
            if case.moderator != work.who and not may(work.organisation, work.who, "act", standing(work, case)):
                return Answer(cards=(showing.record(work, press.case),))
        return Answer(card=showing.card(work, case, work.who), case=case.number)

    def _case_press(self, work: Work, press: "OnCase", values: dict[str, str] | None, event: Pressed | Submitted) -> Answer:
        case = load_case(work, press.case)
        if isinstance(press, Next):
            return self._next(work, case, press, values, event)
        self._must_act(work, case, press)
        case = strikes.fresh(work, case)
        words = showing.words_for(work)
        if isinstance(press, Motivate):
            return Answer(cards=(showing.motivation(work, case, formal=press.formal),))
        if isinstance(press, ShowText):
            return Answer(cards=(showing.comment(work, case),))
        if isinstance(press, TellColleague):
            if values is None:
                return Answer(form=wording.support.form(words, press, work.who))
            return self._said(work, support.tell_colleague(work, case, values))
        try:
            match press:
                case (
                    AnswerPress()
                    | Back()
                    | AlsoThis()
                    | Same()
                    | UseFaq()
                    | HandOver()
                    | Close()
                    | Tick()
                    | AllDone()
                    | SetFlag()
                    | Choose()
                    | SetForm()
                    | NoStrike()
                ):
                    changed = _CHANGES[type(press)](work, case, press)
                case EditIntake() | Waive() | EditReply() | Disagree() | UndoStrike() | SameAuthor() | Object():
                    worded = self._with_words(work, case, press, values, event)
                    if isinstance(worded, Form):
                        return Answer(form=worded)
                    changed = worded
                case _:
                    assert_never(press)
        except moderation.Stale:
            return Answer(note=words.t("refused.stale"), card=showing.card(work, case, work.who), case=case.number, refused=True)
        mine = changed.moderator == work.who or may(work.organisation, work.who, "act", standing(work, changed))
        if not mine and changed.moderator == case.moderator:  # a line that is another role's
            return Answer(note=words.t("note.ticked"), case=changed.number)
        if not mine:
            return Answer(
                note=words.t("note.handed_over", who=words.name(changed.moderator or "")),
                card=wording.case.handed_over(words, changed),
                case=changed.number,
            )
        return Answer(card=showing.card(work, changed, work.who) if work.draw else None, case=changed.number)

    def _with_words(
        self,
        work: Work,
        case: Case,
        press: "Worded",
        values: dict[str, str] | None,
        event: Pressed | Submitted,
    ) -> Case | Form:
        """A press that wants words: the case with them, or the form that asks for them."""
        words = showing.words_for(work)
        changed: Case | None
        match press:
            case EditIntake():
                if values is None:
                    facts = {
                        "text": case.text,
                        "link": case.link,
                        "post": case.post,
                        "handle": case.handle,
                        "posted": case.posted,
                    }
                    facts |= {"place": case.state.place, "platform": case.state.platform}
                    return wording.intake.form(words, press, facts, ask_text=False)
                assert isinstance(event, Submitted)  # only a form carries values
                return moderation.intake(work, self.index, case, values, event.images)
            case Waive():
                changed = checklist.waive(work, case, press, values)
                return changed or wording.checklist.waive_form(words, press, self._line(work, case, press.item))
            case Disagree():
                changed = checklist.disagree(work, case, press, values)
                return changed or wording.checklist.disagree_form(words, press, self._line(work, case, press.item))
            case UndoStrike():
                return wording.strikes.undo_form(words, press) if values is None else strikes.undo(work, case, values)
            case Object():
                return wording.objections.form(words, press) if values is None else objections.register(work, case, values)
            case SameAuthor():
                if press.link is not None:
                    return strikes.not_same(work, case, press.link)
                form = wording.strikes.same_author_form
                return form(words, press) if values is None else strikes.same_author(work, case, values)
            case EditReply():
                changed = checklist.edit_reply(work, case, press, values)
                if changed is not None:
                    return changed
                found = showing.seen(work, case, work.who)
                todo = next(item for item in found.advised.steps if item.id == press.item) if found.advised else None
                return wording.checklist.reply_form(words, press, wording.checklist.reply(words, found, todo) if todo else "")

    def _review(self, work: Work, press: Review, values: dict[str, str] | None) -> Answer:
        done = objections.review(work, press, values)
        if done is not None:
            return self._said(work, done)
        row = objections.one(work, press.objection)
        assert row is not None  # just looked at
        case = load_case(work, row.case_id, lock=False)
        possible = objections.possible(work, case)
        return Answer(form=wording.objections.review_form(showing.words_for(work), press, case.number, possible))

    def _must_act(self, work: Work, case: Case, press: "OnCase") -> None:
        """Only who has the case acts on it; a line that is another role's may be ticked by them too."""
        if case.moderator != work.who and not may(work.organisation, work.who, "act", standing(work, case)):
            advised = advice(work, case)
            line = (
                next((todo for todo in advised.steps if todo.id == press.item), None)
                if isinstance(press, Tick | Disagree) and advised
                else None
            )
            if line is None or not checklist.may_settle(work.organisation, work.who, case, line):
                raise Refused("refused.not_yours", who=case.moderator or "")
        if not case.open and not isinstance(press, AFTERWARDS):
            raise Refused("refused.case_closed", number=case.number, when=case.closed)

    def _next(self, work: Work, case: Case, press: Next, values: dict[str, str] | None, event: Pressed | Submitted) -> Answer:
        if case.moderator != work.who and not may(work.organisation, work.who, "moderate"):
            raise Refused("refused.not_moderator")
        if values is None:
            return Answer(form=wording.intake.next_form(showing.words_for(work), press, case.number))
        assert isinstance(event, Submitted)  # only a form carries values
        pasted = Pasted(id=event.id, actor=event.actor, images=event.images)
        made, told = moderation.paste(work, self.index, pasted, values | moderation.proposal_for_next(work, case))
        ended = all(walk.outcome for walk in case.state.walks)
        if ended:
            made = moderation.like(work, made, case)
        return Answer(note=commands.sentences(work, told), card=showing.card(work, made, work.who), case=made.number)

    def _outside(self, work: Work, press: "Outside", values: dict[str, str] | None, *, local: bool) -> Answer:
        """Reports to bodies outside: also for those who were told, and also once the case is closed."""
        if isinstance(press, MakeDossier | CoverPictures):
            return self._papers(work, press, values, local=local)
        case, words, table = load_case(work, press.case), showing.words_for(work), self.house.authorities
        if isinstance(press, WhereToReport):
            if not may(work.organisation, work.who, "see", standing(work, case)):
                raise Refused("refused.may_not_see")
            return Answer(cards=(wording.reports.where(words, case, reports.bodies(work, case), table),))
        if not reports.may_note(work, case):
            raise Refused("refused.not_yours", who=case.moderator or "")
        if isinstance(press, Reported):
            changed = reports.reported(work, case, press, values)
            if changed is None:
                bodies = [name for _, name in reports.bodies(work, case) if name != "none"]
                return Answer(form=wording.reports.form(words, press, bodies, table))
            return self._shown(work, changed, "note.reported")
        changed = reports.answered(work, case, press, values)
        if changed is None:
            row = next(row for row in reports.of(work, case.number) if row.id == press.report)
            return Answer(form=wording.reports.answer_form(words, press, row.body, table))
        return self._shown(work, changed, "note.body_answered")

    def _papers(self, work: Work, press: MakeDossier | CoverPictures, values: dict[str, str] | None, *, local: bool) -> Answer:
        """What leaves through a page of its own: a one-use address, for this person only."""
        case, words, table = load_case(work, press.case), showing.words_for(work), self.house.authorities
        dossier.must(work, case)
        if isinstance(press, CoverPictures):
            address = passes.give(work, "mask", case.number, local=local)
            return Answer(cards=(wording.dossier.page_link(words, case.number, "mask", address),))
        if values is None:
            officer = dossier.as_officer(work, case)
            return Answer(form=wording.dossier.form(words, press, dossier.receivers(work, case), table, officer=officer))
        asked = dossier.asked(work, case, values)
        dossier.must(work, case, asked.reason)
        gaps = dossier.gaps(work, case, asked)
        if gaps:
            acts = case.open and may(work.organisation, work.who, "act", standing(work, case))
            lacks = wording.dossier.lacks(words, case.number, asked.receiver, gaps, table, edits=acts)
            return Answer(note=words.t("note.lacks"), cards=(lacks,))
        address = passes.give(work, "dossier", case.number, local=local, receiver=asked.receiver)
        dossier.announced(work, case, asked)
        return Answer(cards=(wording.dossier.page_link(words, case.number, "dossier", address),))

    def _shown(self, work: Work, case: Case, note: str) -> Answer:
        """A note, and to who works on the case its card as it now is."""
        acts = may(work.organisation, work.who, "act", standing(work, case))
        card = showing.card(work, case, work.who) if acts else None
        return Answer(note=showing.words_for(work).t(note), card=card, case=case.number if acts else None)

    def _thread_form(self, work: Work, press: ThreadPress) -> Answer:
        words, case = showing.words_for(work), escalation.case_of(work, press.thread)
        match press:
            case Decide():
                ends, possible = escalation.by_disposition(work, case), escalation.measures_here(work, case)
                return Answer(form=wording.escalation.decide_form(words, press, case, ends, possible))
            case UndoDecision():
                return Answer(form=wording.escalation.undo_form(words, press, case))
            case AskInfo():
                return Answer(form=wording.escalation.ask_form(words, press, case.number))
            case Forward():
                return Answer(form=wording.escalation.forward_form(words, press, case.number, escalation.FORWARD_TO))
            case _:
                return Answer()

    def _faq(self, work: Work, press: ApproveFaq | EditFaq | RetireFaq | TakeOverFaq, values: dict[str, str] | None) -> Answer:
        row = faq.entry(work, press.entry)
        if not faq.may_keep(work.organisation, work.who, row.department):
            raise Refused("refused.not_antenna")
        words = showing.words_for(work)
        if isinstance(press, EditFaq) and values is None:
            return Answer(form=wording.faq.form(words, EditFaq(entry=row.id, version=row.version), faq.content(row)))
        conflict = faq.press(work, press, values or {})
        if conflict is not None:
            note = words.t("note.faq_conflict", who=words.name(conflict.who))
            return Answer(note=note, cards=(wording.faq.conflict(words, conflict),))
        faq.shown_again(work, press.entry)
        if row.case_id is not None:
            faq_gaps.close_case(work, row.case_id)
            again(work, row.case_id, "case")
        return Answer(note=words.t(f"note.{press.do}"), cards=(showing.faq_entry(work, press.entry),))

    def _new_faq(self, work: Work, press: NewFaq, values: dict[str, str] | None) -> Answer:
        if not faq.may_propose(work.organisation, work.who):
            raise Refused("refused.may_not_propose")
        words = showing.words_for(work)
        gap = faq_gaps.one(work, press.gap) if press.gap is not None else None
        if values is None:
            question, department = (gap.text, gap.department) if gap is not None else ("", "")
            return Answer(form=wording.faq.form(words, press, faq.Content(question=question, answer="", department=department)))
        number = faq.write_new(work, values)
        if gap is not None:
            faq_gaps.close(work, gap.number)
        status = faq.entry(work, number).status
        return Answer(note=words.t(f"note.new_faq_{status}"), cards=(showing.faq_entry(work, number),))

    def _close_gap(self, work: Work, press: CloseGap) -> Answer:
        gap = faq_gaps.one(work, press.gap)
        if gap is not None:
            if not faq.may_keep(work.organisation, work.who, gap.department):
                raise Refused("refused.not_antenna")
            faq_gaps.close(work, gap.number)
        return Answer(note=showing.words_for(work).t("note.close_gap"), cards=(showing.gaps(work, self.index.answers),))

    def _line(self, work: Work, case: Case, item: str) -> str:
        advised = advice(work, case)
        todo = next((todo for todo in advised.steps if todo.id == item), None) if advised else None
        words = showing.words_for(work)
        return words.step(case.tree, case.policy, todo, words.facts_of(case)) if todo else ""

    def _said(self, work: Work, answer: Answer) -> Answer:
        """An answer whose note is still a catalogue key."""
        return replace(answer, note=showing.words_for(work).t(answer.note)) if answer.note else answer


Outside = WhereToReport | Reported | BodyAnswered | MakeDossier | CoverPictures
OnCase = (
    EditIntake | AnswerPress | Back | AlsoThis | Tick | AllDone | Waive | SetFlag | Choose | EditReply | SetForm | Close | Next | UseFaq
    | Same | HandOver | NoStrike | Disagree | UndoStrike | SameAuthor | Motivate | Object
    | ShowText | TellColleague
)  # fmt: skip

Worded = EditIntake | Waive | EditReply | Disagree | UndoStrike | SameAuthor | Object  # those that want words
AFTERWARDS = (UndoStrike, Motivate, Object)  # what can still be done with a closed case

# Presses that change a case and need nothing asked: what they do is in the capabilities.
_CHANGES: dict[type, Callable[..., Case]] = {
    AnswerPress: moderation.answer,
    Back: moderation.back,
    AlsoThis: moderation.also,
    Same: moderation.same,
    UseFaq: moderation.use_faq,
    HandOver: moderation.hand_over,
    Close: lambda work, case, press: moderation.close(work, case),
    Tick: checklist.tick,
    AllDone: checklist.all_done,
    SetFlag: checklist.set_flag,
    Choose: checklist.choose,
    SetForm: checklist.set_form,
    NoStrike: checklist.no_strike,
}
