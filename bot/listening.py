"""What people press and type about what lives: signals, topics, loops and digests. Who may, and which card follows."""

from collections.abc import Mapping
from typing import Literal, assert_never

from dateutil.relativedelta import relativedelta

from bot import digest, loops, showing, signals, topics, wording
from bot.cards import Card
from bot.case import Case, load_case, standing
from bot.comment_text import clean, is_blank
from bot.events import Answer
from bot.faq_index import FaqIndex
from bot.presses import (
    CloseLoop,
    EditSignal,
    KeepSignal,
    LogSignal,
    MergeTopic,
    NameGroup,
    RenameTopic,
    ShowAnswers,
    ShowDigest,
    ShowSignals,
    ShowTopic,
    ShowTopics,
    SignalPress,
    week_name,
)
from bot.roster import departments_of, holds_role, may
from bot.signal_export import as_csv, as_json
from bot.signals import KINDS, PAGE, Wanted
from bot.wording import Wording
from bot.work import Refused, Work
from flows.tree import SignalKind

MOST_CARDS = 8  # digests in one answer
COPIED = 200  # signals in one text to copy from the chat; the command line gives them all
_FORMATS = ("csv", "json")


# --- who may ---


def readable(work: Work) -> frozenset[str] | None:
    """The departments whose signals ``work.who`` may read, ``None`` for all. Raises ``Refused`` for who may read none."""
    organisation, who = work.organisation, work.who
    if may(organisation, who, "moderate"):
        return None
    if who in digest.recipients(organisation, digest.MANAGEMENT):
        return None
    mine = departments_of(organisation, who)
    if not mine:
        raise Refused("refused.no_signals")
    return mine


def _must_read(work: Work, department: str) -> None:
    mine = readable(work)
    if mine is not None and department not in mine:
        raise Refused("refused.no_signals")


def _must_mend(work: Work, department: str) -> None:
    """Topics and loops are the antenna's, and the communications lead's."""
    lead = holds_role(work.organisation, work.who, "communications_lead")
    if not lead and not (
        department in work.organisation.departments and holds_role(work.organisation, work.who, "antenna", department)
    ):
        raise Refused("refused.not_antenna")


# --- presses ---


def press(work: Work, asked: SignalPress, values: dict[str, str] | None) -> Answer:
    """Do what was pressed; without ``values`` what needs words asks for them."""
    match asked:
        case KeepSignal() | EditSignal():
            return _on_case(work, asked, values)
        case LogSignal():
            return _noted(work, values)
        case ShowSignals():
            return _listed(work, asked)
        case ShowTopics():
            _must_mend(work, asked.department)
            return Answer(cards=(showing.topics_card(work, asked.department),))
        case ShowTopic():
            _must_read(work, topics.topic(work, asked.topic).department)
            return Answer(cards=(showing.topic_card(work, asked.topic, _week(work, asked.week) if asked.week else ""),))
        case RenameTopic() | MergeTopic() | NameGroup():
            return _mend(work, asked, values)
        case CloseLoop():
            topic = topics.topic(work, asked.topic)
            _must_mend(work, topic.department)
            loops.say(work, asked)
            words = showing.words_for(work)
            return Answer(
                note=words.t(f"note.loop_{asked.choice}", topic=topic.name), cards=(showing.topic_card(work, topic.id, ""),)
            )
        case ShowDigest():
            must_read_digest(work, asked.department)
            return Answer(cards=(showing.digest_card(work, _week(work, asked.week), asked.department),))
        case ShowAnswers():
            must_read_digest(work, asked.department)
            found = digest.cases_of(work, asked.department, _week(work, asked.week))
            found = tuple(one for one in found if one.late or not asked.late)
            return Answer(cards=(wording.digest.answered(showing.words_for(work), asked, found),))
        case _:
            assert_never(asked)


def _week(work: Work, number: int) -> str:
    """The name of a week; raises ``Refused`` for one that does not exist."""
    name = week_name(number)
    if not digest.is_week(name, work.organisation.calendar):
        raise Refused("refused.stale")
    return name


def _on_case(work: Work, asked: KeepSignal | EditSignal, values: dict[str, str] | None) -> Answer:
    """The signal's part of a case's card; also after closing, while the words are there."""
    case = load_case(work, asked.case)
    if case.moderator != work.who and not may(work.organisation, work.who, "act", standing(work, case)):
        raise Refused("refused.not_yours", who=case.moderator or "")
    if case.purged is not None:
        raise Refused("refused.stale")
    changed: Case | None = signals.press(work, case, asked, values)
    if changed is None:
        assert isinstance(asked, EditSignal)  # only that one asks for words
        words, text = showing.words_for(work), case.signal or signals.masked(case.text)
        return Answer(form=wording.signals.edit_form(words, asked, text, showing.signal_of(work, case)))
    return Answer(card=showing.card(work, changed, work.who), case=changed.number)


def _mend(work: Work, asked: RenameTopic | MergeTopic | NameGroup, values: dict[str, str] | None) -> Answer:
    words = showing.words_for(work)
    if isinstance(asked, NameGroup):
        department = signals.department_of(work, asked.signal)
        _must_mend(work, department)
        group = next((item for item in topics.groups(work, department) if asked.signal in item.signals), None)
        if group is None or len(group.signals) != asked.count:
            raise Refused("refused.stale")
        if values is None:
            return Answer(form=wording.topics.name_form(words, asked, " ".join(group.words)))
        made = topics.name_group(work, department, group.signals, values.get("name", ""))
        return Answer(note=words.t("note.topic_named", topic=made.name), cards=(showing.topics_card(work, department),))
    topic = topics.topic(work, asked.topic)
    _must_mend(work, topic.department)
    if isinstance(asked, RenameTopic):
        if asked.names != len(topics.names_of(work, topic.id)):
            raise Refused("refused.stale")
        if values is None:
            return Answer(form=wording.topics.name_form(words, asked, topic.name))
        topic = topics.rename(work, topic.id, values.get("name", ""))
        return Answer(note=words.t("note.topic_named", topic=topic.name), cards=(showing.topic_card(work, topic.id, ""),))
    if asked.into is None and values is None:
        others = [item for item in topics.known(work).of(topic.department) if item.id != topic.id]
        if not others:
            raise Refused("refused.no_topic")
        return Answer(form=wording.topics.merge_form(words, asked, topic, others))
    into = asked.into if asked.into is not None else _number((values or {}).get("into", ""))
    other = topics.merge(work, topic.id, into)
    return Answer(
        note=words.t("note.topic_merged", topic=topic.name, into=other.name), cards=(showing.topic_card(work, other.id, ""),)
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused("refused.no_topic")
    return int(text)


# --- signals typed and looked for ---


def note(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    """``signaal <dienst>: <tekst>`` or ``signaal <tekst>``: the masked words come back in a form, to be looked at before they are kept."""
    if not may(work.organisation, work.who, "log_signal") and not departments_of(work.organisation, work.who):
        raise Refused("refused.not_moderator")
    named, text = _department(work, clean(rest))
    if is_blank(text):
        raise Refused("refused.empty_signal")
    department = named or work.organisation.department_for(text) or ""
    kind: SignalKind = "question" if text.endswith("?") else "other"
    return Answer(form=wording.signals.log_form(showing.words_for(work), LogSignal(), signals.masked(text), department, kind))


def _department(work: Work, text: str) -> tuple[str, str]:
    """A department named before a colon, and the rest."""
    first, colon, rest = text.partition(":")
    for known, item in work.organisation.departments.items():
        if colon and first.strip().casefold() in {known, *(name.casefold() for name in item.name.values())}:
            return known, rest.strip()
    return "", text


def _noted(work: Work, values: Mapping[str, str] | None) -> Answer:
    if not may(work.organisation, work.who, "log_signal") and not departments_of(work.organisation, work.who):
        raise Refused("refused.not_moderator")
    if values is None:
        return Answer(form=wording.signals.log_form(showing.words_for(work), LogSignal(), "", "", "other"))
    text, department, kind = clean(values.get("text", "")), values.get("department", ""), values.get("kind", "other")
    if is_blank(text):
        raise Refused("refused.empty_signal")
    if department not in work.organisation.departments:
        department = ""
    known: SignalKind = next((one for one in KINDS if one == kind), "other")
    signals.write(work, known, text, department=department)
    said = showing.words_for(work)
    kept = work.now.astimezone(work.organisation.calendar.zone) + relativedelta(
        months=work.organisation.policy.retention.signal_months
    )
    where = said.department(department) if department else said.t("fallback.no_department")
    return Answer(note=said.t("note.signal", department=where, until=said.s.day(kept.date())))


def search(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    """``signalen [csv|json] [dienst:] [woorden] [2026-W47]``: the newest that fit, or all of them as a text to copy."""
    form, _, after = rest.partition(" ")
    form = form.casefold()
    rest = after if form in _FORMATS else rest
    mine = readable(work)
    named, words = _department(work, clean(rest)[:300])
    if named and mine is not None and named not in mine:
        raise Refused("refused.no_signals")
    weeks = [word for word in words.split() if digest.is_week(word, work.organisation.calendar)]
    words = " ".join(word for word in words.split() if word not in weeks)
    week = weeks[-1].upper() if weeks else ""
    wanted = Wanted(frozenset({named}) if named else mine, (week, week) if week else None, words=words)
    said = showing.words_for(work)
    if form in _FORMATS:
        count, found = signals.find(work, wanted, limit=COPIED)
        text = as_csv(found) if form == "csv" else as_json(found)
        return Answer(cards=(wording.signals.as_text(said, form, text, count, len(found)),))
    count, found = signals.find(work, wanted, limit=PAGE)
    return Answer(cards=(wording.signals.listed(said, words, count, found, None),))


def _listed(work: Work, asked: ShowSignals) -> Answer:
    """The list behind a number. Equal opportunities reads those of hate: counts and grounds."""
    equal = asked.kind == "hate" and holds_role(work.organisation, work.who, "equal_opportunities")
    mine = None if equal else readable(work)
    if asked.department and mine is not None and asked.department not in mine:
        raise Refused("refused.no_signals")
    week = week_name(asked.week)
    kind: SignalKind | Literal[""] = next((one for one in KINDS if one == asked.kind), "")
    wanted = Wanted(
        frozenset({asked.department}) if asked.department else mine,
        (week_name(asked.first) or week, week) if week else None,
        asked.topic,
        kind,
        asked.unanswered,
        ground=asked.ground,
    )
    count, found = signals.find(work, wanted, limit=PAGE, offset=asked.page * PAGE)
    topic = topics.known(work).get(asked.topic) if asked.topic > 0 else None
    title = topic.name if topic is not None else ""
    following = replace_page(asked) if count > (asked.page + 1) * PAGE else None
    return Answer(cards=(wording.signals.listed(showing.words_for(work), title, count, found, following, asked),))


def replace_page(asked: ShowSignals) -> ShowSignals:
    """The next page of the same list."""
    return asked.model_copy(update={"page": asked.page + 1})


# --- topics and digests typed ---


def all_topics(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    """``onderwerpen``: of each department of which one may mend the topics."""
    organisation = work.organisation
    lead = holds_role(organisation, work.who, "communications_lead")
    mine = [name for name in organisation.departments if lead or holds_role(organisation, work.who, "antenna", name)]
    if not mine:
        raise Refused("refused.not_antenna")
    if len(mine) == 1:
        return Answer(cards=(showing.topics_card(work, mine[0]),))
    return Answer(cards=(wording.topics.choose(showing.words_for(work), mine),))


def must_read_digest(work: Work, audience: str) -> None:
    """Who gets a digest may open it, and who may read everything. Raises ``Refused``."""
    equal = audience == digest.EQUAL and holds_role(work.organisation, work.who, "equal_opportunities")
    if audience in work.organisation.departments:
        _must_read(work, audience)
    elif not equal and readable(work) is not None:
        raise Refused("refused.no_signals")


def weekly(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    """``weekoverzicht [2026-W47] [dienst]``: this week's as it will be sent, or one of the archive; other words search the archive."""
    organisation, calendar = work.organisation, work.organisation.calendar
    words = clean(rest)[:200].split()
    weeks = [word.upper() for word in words if digest.is_week(word, calendar)]
    text = " ".join(word for word in words if not digest.is_week(word, calendar))
    said = showing.words_for(work)
    everybody = (*digest.everybody(organisation), *digest.gone(work))
    named = next((name for name in everybody if text.casefold() in _called(said, name)), "") if text else ""
    ever = [name for name in everybody if _reads(work, name)]
    mine = [name for name in ever if name in digest.everybody(organisation)]
    if not mine:
        raise Refused("refused.no_signals")
    if text and not named:
        return Answer(cards=(wording.digest.archive(said, text, digest.archive(work, ever, text)),))
    if named:
        must_read_digest(work, named)
    if not weeks and not named:
        if len(mine) > 1:
            return Answer(cards=(wording.digest.choose(said, mine, calendar.iso_week(work.now)), archive_card(work, ever)))
        named = mine[0]
    week = weeks[-1] if weeks else calendar.iso_week(work.now)
    names = [named] if named else mine
    cards = []
    for name in names[:MOST_CARDS]:
        card, due = showing.digest_card(work, week, name, work.who), digest.due_of(week, organisation.policy, calendar, name)
        cards.append(wording.digest.preview(said, card, said.moment(due)) if due > work.now else card)
    return Answer(cards=tuple(cards))


def archive_card(work: Work, names: list[str]) -> Card:
    """The newest digests of the archive."""
    return wording.digest.archive(showing.words_for(work), "", digest.archive(work, names, limit=12))


def _reads(work: Work, name: str) -> bool:
    try:
        must_read_digest(work, name)
    except Refused:
        return False
    return True


def _called(said: Wording, name: str) -> set[str]:
    """What somebody may type for an audience."""
    return {name, wording.digest.audience(said, name).casefold()}
