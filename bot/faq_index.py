"""The search index of the FAQ kept in step with the store, in every process, outside the database's writer.

The store tells by one number whether anything changed, and then by version which entries did; only those are indexed anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from bot.faq import LIVE, entries, is_offered
from bot.faq_search import Entry, Hit, Index
from bot.tables import counters, faq, faq_words
from bot.work import Work

LEAST, LEAST_OF_BEST = 0.2, 0.5  # a hit below this, or below this part of the best one, only distracts
ANSWERS = 0.34  # a hit below this answers no question: it is a gap
FEW = 200  # changed entries that are indexed within the time of a breath

_NUMBER = select(counters.c.number).where(counters.c.name == "faq")
_VERSIONS = select(faq.c.id, faq.c.version, faq.c.status).where(faq.c.status.in_(LIVE))
_ROWS = select(faq.c.id, faq.c.question, faq.c.answer, faq.c.tags).where(faq.c.id.in_(bindparam("numbers", expanding=True)))
_WORDS = select(faq_words.c.words).where(faq_words.c.dropped.is_(None)).order_by(faq_words.c.id)
_AT_ONCE = 500  # numbers in one statement


@dataclass(frozen=True, slots=True)
class Changes:
    """What the index lacks of the store at ``number``: entries to put in, ids to take out, and every version there is."""

    number: int
    put: tuple[Entry, ...]
    gone: tuple[str, ...]
    versions: dict[str, tuple[int, str]]  # by id: version and status
    words: tuple[tuple[str, ...], ...] = ()  # groups that were added from chat
    anew: bool = False  # other words: everything is found otherwise

    @property
    def few(self) -> bool:
        return not self.anew and len(self.put) + len(self.gone) <= FEW


@dataclass(slots=True)
class FaqIndex:
    """The entries that a search may find. Reading (`changes`) and indexing (`take`) may be done anywhere but in the writer."""

    synonyms: tuple[tuple[str, ...], ...] = ()
    number: int = 0
    _words: tuple[tuple[str, ...], ...] = ()  # added from chat
    _index: Index | None = None
    _versions: dict[str, tuple[int, str]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def changes(self, conn: Connection) -> Changes | None:
        """What must be taken in; ``None`` when nothing changed since."""
        number = conn.execute(_NUMBER).scalar_one_or_none() or 0
        if number == self.number:
            return None
        with self._lock:
            known, before = dict(self._versions), self._words
        words = tuple(tuple(row.words.split("\n")) for row in conn.execute(_WORDS))
        now = {str(row.id): (row.version, row.status) for row in conn.execute(_VERSIONS)}
        stale = [int(name) for name, found in now.items() if known.get(name, (0,))[0] != found[0]]
        put = []
        for begin in range(0, len(stale), _AT_ONCE):
            rows = conn.execute(_ROWS, {"numbers": stale[begin : begin + _AT_ONCE]})
            put += [Entry(str(row.id), row.question, row.answer, tuple(filter(None, row.tags.split(",")))) for row in rows]
        return Changes(number, tuple(put), tuple(known.keys() - now.keys()), now, words, words != before)

    def take(self, changes: Changes) -> None:
        """Index what changed: a few entries where they stand, many in a new index that takes the old one's place; so do other words."""
        fresh = None
        if self._index is None or not changes.few:
            with self._lock:
                kept = self._index.entries() if self._index is not None else {}
            wanted = kept | {item.id: item for item in changes.put}
            fresh = Index((wanted[name] for name in changes.versions if name in wanted), own=self.synonyms + changes.words)
        with self._lock:
            if changes.number <= self.number:
                return  # somebody took in as much meanwhile
            if fresh is not None:
                self._index = fresh
            elif self._index is not None:
                for name in (*changes.gone, *(item.id for item in changes.put)):
                    self._index.remove(name)
                for item in changes.put:
                    self._index.put(item)
            self._versions, self._words, self.number = changes.versions, changes.words, changes.number

    def find(self, query: str, limit: int, *, approved: bool = False) -> tuple[Hit, ...]:
        """The entries that fit, best first; only ``approved`` ones if wanted."""
        with self._lock:
            if self._index is None:
                return ()
            versions = self._versions
            return self._index.search(query, limit, (lambda name: versions[name][1] == "approved") if approved else None)

    def fits(self, text: str) -> str | None:
        """The one approved entry that answers what is asked in a comment so plainly that it may be offered unasked."""
        with self._lock:
            if self._index is None:
                return None
            versions = self._versions
            hit = self._index.fits(text, lambda name: versions[name][1] == "approved")
            return hit.id if hit is not None else None

    def unknown(self, text: str) -> tuple[str, ...]:
        """The words of a text that reach no entry at all."""
        with self._lock:
            return self._index.unknown(text) if self._index is not None else ()

    def answers(self, text: str) -> bool:
        """Whether an approved entry may answer this."""
        return answered(self.find(text, 1, approved=True))


def search(work: Work, index: FaqIndex, query: str, limit: int = 5) -> list[tuple[Hit, Row[Any]]]:
    """The entries that fit ``query``, best first, with why; also those that nobody approved yet, which their status says."""
    found = index.find(query, limit)
    least = max(LEAST, LEAST_OF_BEST * max((hit.score for hit in found), default=0.0))
    hits = {hit.id: hit for hit in found if hit.score >= least}
    rows = entries(work, [int(name) for name in hits])
    return [(hits[str(row.id)], row) for row in rows if row.status in LIVE]


def hints(work: Work, index: FaqIndex, text: str) -> tuple[int | None, tuple[int, ...]]:
    """For a comment: the one entry that surely answers it, and those that may once a moderator says that it is a question."""
    text = text[:2000]
    name = index.fits(text)
    sure = [row.id for row in entries(work, [int(name)]) if is_offered(work, row)] if name is not None else []
    likely = [int(hit.id) for hit in index.find(text, 3, approved=True) if hit.score >= ANSWERS]
    numbers = [*sure, *(number for number in likely if number not in sure)]
    return (sure[0] if sure else None), tuple(numbers[:3])


def answered(hits: Sequence[Hit]) -> bool:
    """Whether a search found something that may be an answer."""
    return bool(hits) and hits[0].score >= ANSWERS
