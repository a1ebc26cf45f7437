"""The town's own words, added from chat where a search found nothing: words that mean the same here, with who said so and when.

They join those of the organisation's file; the index (`faq_index.py`) takes both in. Who keeps answers right keeps the words right too.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from bot import faq, faq_gaps, showing, wording
from bot.cards import Card
from bot.comment_text import clean
from bot.events import Answer
from bot.faq_index import FaqIndex
from bot.faq_search import telling_words
from bot.masking import found
from bot.organisation import Organisation
from bot.presses import AddWords, DropWords
from bot.roster import holds_role
from bot.tables import faq_words
from bot.work import Refused, Work

LONGEST, MOST = 60, 20  # characters of a word, words that mean the same
MOST_GROUPS = 2_000  # of a town


def may_add(organisation: Organisation, who: str) -> bool:
    """The antennas of all departments, and the communications lead."""
    return holds_role(organisation, who, "communications_lead") or any(
        holds_role(organisation, who, "antenna", department) for department in organisation.departments
    )


def listed(work: Work, index: FaqIndex, rest: str, event: str) -> Answer:
    """``faq woorden``: everything that was added, and what stands in the organisation's file."""
    if not faq.may_propose(work.organisation, work.who):
        raise Refused("refused.may_not_propose")
    return Answer(cards=(_card(work),))


def press(work: Work, index: FaqIndex, on: AddWords | DropWords, values: Mapping[str, str] | None) -> Answer:
    """Add words, or take some away. Raises ``Refused``."""
    if not may_add(work.organisation, work.who):
        raise Refused("refused.not_antenna")
    words = showing.words_for(work)
    match on:
        case AddWords():
            if values is None:
                gap = faq_gaps.one(work, on.gap) if on.gap is not None else None
                unknown = index.unknown(gap.text) if gap is not None else ()
                return Answer(form=wording.faq.words_form(words, on, ", ".join(unknown[:3])))
            group = _add(work, values)
            return Answer(note=words.t("note.words_added", words=words.s.and_(group)), cards=(_card(work),))
        case DropWords():
            where = (faq_words.c.id == on.words, faq_words.c.dropped.is_(None))
            change = {"dropped": work.now, "dropped_by": work.who}
            if work.conn.execute(faq_words.update().where(*where).values(change)).rowcount:
                faq.touch(work.conn)
            return Answer(note=words.t("note.words_dropped"), cards=(_card(work),))


def _card(work: Work) -> Card:
    keeps = may_add(work.organisation, work.who)
    return wording.faq.own_words(showing.words_for(work), _added(work), work.organisation.synonyms, keeps=keeps)


def _added(work: Work) -> list[Row[Any]]:
    """The groups that stand, the newest first."""
    return list(work.conn.execute(select(faq_words).where(faq_words.c.dropped.is_(None)).order_by(faq_words.c.id.desc())))


def _add(work: Work, values: Mapping[str, str]) -> tuple[str, ...]:
    group = tuple(dict.fromkeys((*_parted(values.get("new", "")), *_parted(values.get("known", "")))))
    if len(group) < 2 or not (_parted(values.get("new", "")) and _parted(values.get("known", ""))):
        raise Refused("refused.two_words")
    if len(group) > MOST or any(len(word) > LONGEST for word in group):
        raise Refused("refused.many_words", most=MOST, longest=LONGEST)
    for word in group:
        if not telling_words(word):
            raise Refused("refused.no_telling_word", word=word)
        if found(word):
            raise Refused("refused.personal_word")
    row = {"words": "\n".join(group), "at": work.now, "by": work.who}
    if len(_added(work)) >= MOST_GROUPS:
        raise Refused("refused.many_groups", most=MOST_GROUPS)
    work.conn.execute(faq_words.insert().values(row))
    faq.touch(work.conn)
    return group


def _parted(text: str) -> list[str]:
    """The words of a line, separated by commas, semicolons or lines; in lower case."""
    parts = clean(text).replace(";", ",").replace("\n", ",").split(",")
    return [" ".join(part.split()).casefold() for part in parts if part.strip()]
