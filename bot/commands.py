"""What can be typed after ``/moderate``: one table that every chat adapter uses."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bot import absences, crisis, directory, faq, faq_gaps, faq_index, faq_words, listening, showing, wording
from bot.comment_text import clean, is_blank
from bot.events import Actor, Answer, Pasted
from bot.faq_index import FaqIndex
from bot.moderation import last_used, paste
from bot.presses import NewFaq, SetAbsence, Start
from bot.work import Refused, Work

Run = Callable[[Work, FaqIndex, str, str], Answer]  # (work, index, what stands after the name, the event's id)


@dataclass(frozen=True, slots=True)
class Command:
    """``names``: as typed, the Dutch one first and the English one last. ``wants`` and ``help``: catalogue keys for the help."""

    names: tuple[str, ...]
    wants: str
    help: str
    run: Run


def searches_faq(text: str) -> bool:
    """Whether a command looks into the FAQ: its own does, and a comment that is pasted behind ``/moderate``."""
    name = text.strip().partition(" ")[0].casefold()
    return name == "faq" or (bool(name) and not any(name in item.names for item in COMMANDS))


def run(work: Work, index: FaqIndex, text: str, event: str) -> Answer:
    """What was typed after ``/moderate``: a command of the table, nothing (the intake form), or a comment."""
    name, _, rest = text.strip().partition(" ")
    whole = " ".join(text.split()).casefold()
    command = next((item for item in COMMANDS if whole in item.names and " " in whole), None)
    if command is not None:
        return command.run(work, index, "", event)
    command = next((item for item in COMMANDS if name.casefold() in item.names), None)
    if command is not None and (rest or name.casefold() not in WITH_WORDS):
        return command.run(work, index, rest.strip(), event)
    if command is not None:
        raise Refused("refused.usage", usage=_usage(work, command))
    return _start(work, index, text, event)


def _start(work: Work, index: FaqIndex, text: str, event: str) -> Answer:
    if is_blank(text):
        place, platform = last_used(work, work.who)
        values = {"place": place, "platform": platform}
        return Answer(form=wording.intake.form(showing.words_for(work), Start(), values, ask_text=True))
    pasted = Pasted(id=event, actor=Actor(platform="local", address=work.who), text=text)
    return opened(work, index, pasted)


def opened(work: Work, index: FaqIndex, event: Pasted, values: dict[str, str] | None = None) -> Answer:
    """The answer to a paste: the new case's card for a moderator, a thank-you for a colleague."""
    case, told = paste(work, index, event, values)
    note = sentences(work, told)
    if case.moderator is None:
        return Answer(note=note)
    return Answer(note=note, card=showing.card(work, case, work.who) if work.draw else None, case=case.number)


def sentences(work: Work, told: Iterable[tuple[str, dict[str, Any]]]) -> str:
    """What pasting has to tell, as one note."""
    words = showing.words_for(work)
    named = [(key, values | ({"who": words.name(values["who"])} if "who" in values else {})) for key, values in told]
    return " ".join(words.t(key, **values) for key, values in named)


def _faq(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    """``faq <vraag>``; ``faq #12`` shows an entry. What found nothing is kept, masked, for who can write the answer."""
    query = clean(rest)[:500]
    number = query.removeprefix("#")
    if query.startswith("#") and number.isascii() and number.isdigit() and len(number) < 10:
        return Answer(cards=(showing.faq_entry(work, int(number)),))
    hits = faq_index.search(work, index, query)
    missing = None
    if not faq_index.answered([hit for hit, _ in hits]):
        missing = faq_gaps.note(work, query, "")
        missing = missing if faq_words.may_add(work.organisation, work.who) else None
    kept = {row.id for _, row in hits if faq.may_keep(work.organisation, work.who, row.department)}
    return Answer(cards=(wording.faq.hits(showing.words_for(work), query, hits, kept, missing),))


def _faq_new(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    if not faq.may_propose(work.organisation, work.who):
        raise Refused("refused.may_not_propose")
    return Answer(form=wording.faq.form(showing.words_for(work), NewFaq(), faq.Content(question="", answer="")))


def _faq_gaps(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    return Answer(cards=(showing.gaps(work, index.answers),))


def faq_review(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    """``faq nakijken``: what is one's own to look at again."""
    rows = faq.to_review(work)
    return Answer(cards=(wording.faq.review(showing.words_for(work), rows[: faq.MOST_TOLD], len(rows) - faq.MOST_TOLD),))


def _cases(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    return Answer(cards=(showing.overview(work),))


def _case(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    number = rest.lstrip("#")
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        raise Refused("refused.usage", usage=_usage(work, next(item for item in COMMANDS if "case" in item.names)))
    return Answer(cards=(showing.record(work, int(number)),))


def _crisis(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    """``crisis aan <waarover>``, ``crisis uit``, or how it stands."""
    word, _, about = clean(rest).partition(" ")
    words = showing.words_for(work)
    if word.casefold() in ("aan", "on") and not is_blank(about):
        crisis.begin(work, about)
        return Answer(note=words.t("note.crisis_on"), cards=(showing.crisis(work),))
    if word.casefold() in ("uit", "off"):
        ended = crisis.end(work)
        return Answer(note=words.t("note.crisis_off"), cards=(showing.crisis_report(work, ended),))
    if word:
        raise Refused("refused.usage", usage=_usage(work, next(item for item in COMMANDS if "crisis" in item.names)))
    return Answer(cards=(showing.crisis(work),))


def _absent(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    """``afwezig 24/12–2/1, vervanger Karim``, for somebody else with the name first; ``afwezig stop``; nothing: the form."""
    if is_blank(rest):
        return directory.press(work, SetAbsence(), None)
    done = absences.typed(work, clean(rest))
    if done is None:
        raise Refused("refused.absence_dates", usage=_usage(work, next(item for item in COMMANDS if "absent" in item.names)))
    return Answer(note=wording.directory.absence(showing.words_for(work), *done))


def _roles(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    return Answer(cards=(directory.card(work),))


def _help(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    words = showing.words_for(work)
    rows = [("/moderate", "help.start"), (f"/moderate {words.t('wants.text')}", "help.paste")]
    rows += [(_usage(work, command), command.help) for command in COMMANDS]
    return Answer(cards=(wording.overview.help_card(words, rows),))


def _usage(work: Work, command: Command) -> str:
    """How a command is typed, in the language of who asks."""
    words = showing.words_for(work)
    name = command.names[0] if words.language == "nl" else command.names[-1]
    return f"/moderate {name} {words.t(command.wants)}" if command.wants else f"/moderate {name}"


COMMANDS: tuple[Command, ...] = (
    Command(("faq",), "wants.question", "help.faq", _faq),
    Command(("faq nieuw", "faq new"), "", "help.faq_new", _faq_new),
    Command(("faq gaten", "faq gaps"), "", "help.faq_gaps", _faq_gaps),
    Command(("faq woorden", "faq words"), "", "help.faq_words", faq_words.listed),
    Command(("faq nakijken", "faq review"), "", "help.faq_review", faq_review),
    Command(("signaal", "signal"), "wants.text", "help.signal", listening.note),
    Command(("signalen", "signals"), "wants.search", "help.signals", listening.search),
    Command(("onderwerpen", "topics"), "", "help.topics", listening.all_topics),
    Command(("weekoverzicht", "digest"), "wants.digest", "help.digest", listening.weekly),
    Command(("zaken", "cases"), "", "help.cases", _cases),
    Command(("zaak", "case"), "wants.number", "help.case", _case),
    Command(("crisis",), "wants.crisis", "help.crisis", _crisis),
    Command(("afwezig", "absent"), "wants.absence", "help.absent", _absent),
    Command(("rollen", "roles"), "", "help.roles", _roles),
    Command(("hulp", "help"), "", "help.help", _help),
)
WITH_WORDS = frozenset({"faq", "signaal", "signal", "zaak", "case"})
