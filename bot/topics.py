"""What is spoken of: the topics of each department, which one a text is about and why, renaming, merging, groups of texts alike.

A topic begins as a word of the organisation's list or as an antenna's name for signals alike. It keeps every name it ever had, so that
texts with an older one still find it; a merged one keeps its signals, and readers follow it to the topic it went into.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import func, select

from bot.comment_text import clean, cut, is_blank
from bot.organisation import ENOUGH, Organisation
from bot.tables import insert_new, signals, topic_names, topics
from bot.work import Refused, Work

LONGEST = 80  # characters of a name
ALIKE = 2  # words that two texts must share to be about the same thing
NEAR = 0.34  # and that many of the words of the shorter one
RECENT = timedelta(weeks=8)
MOST_TEXTS = 300  # recent signals that a new one is compared with, and that are put into groups
MOST_WORDS = 60  # of one text

_WORD = re.compile(r"[^\W\d_]{4,40}")
# Words that say nothing about what a text is about, beside those of three letters and fewer.
_EMPTY = frozenset({
    "aandacht", "alle", "alleen", "alles", "alsjeblieft", "altijd", "ander", "andere", "anders", "beetje", "bent", "beter",
    "bijna", "blijven", "blijft", "daar", "daarom", "dank", "dankjewel", "deze", "doen", "doet", "door", "echt", "eens",
    "eindelijk", "elke", "enkel", "ergens", "even", "gaan", "gaat", "gedaan", "geen", "gewoon", "goed", "goede", "graag", "gras",
    "groeten", "hallo", "hebben", "hebt", "heeft", "heel", "hele", "helemaal", "hier", "hoeveel", "iedereen", "iemand", "iets",
    "jaar", "jullie", "kan", "keer", "komen", "komt", "kunnen", "kunt", "laat", "laatste", "lang", "langs", "maar", "maand",
    "maken", "maakt", "meer", "meneer", "mensen", "mevrouw", "moet", "moeten", "mogen", "naar", "natuurlijk", "niemand", "niet",
    "niets", "nodig", "nooit", "onze", "opnieuw", "over", "plots", "precies", "samen", "schande", "sinds", "soms", "steeds",
    "straat", "terug", "toch", "tussen", "vandaag", "vanaf", "veel", "vele", "voor", "vorige", "vragen", "waar", "waarom",
    "waren", "wanneer", "wordt", "weer", "weet", "weken", "weten", "welk", "welke", "werd", "willen", "wilt", "worden", "zegt",
    "zeker", "zelf", "zijn", "zitten", "zonder", "zoveel", "zoals", "zouden", "zullen", "zulke",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is called now. ``own``: not from the organisation's list."""

    id: int
    department: str
    name: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A topic that a text may be about. ``words``: those that it names, or shares with earlier signals (``alike``)."""

    topic: Topic
    words: tuple[str, ...]
    alike: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Signals without a topic that are alike: their numbers, and the words that they share."""

    signals: tuple[int, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """All topics at one moment. ``root``: where each one's signals are counted; ``members``: the other way round; ``by_name``: per
    department, folded name → topic."""

    topics: Mapping[int, Topic]
    root: Mapping[int, int]
    members: Mapping[int, Sequence[int]]
    by_name: Mapping[str, Mapping[str, int]]

    def get(self, number: int | None) -> Topic | None:
        """The topic that ``number`` stands for now; ``None`` for none, or one that is younger than this view."""
        return self.topics.get(self.root.get(number or 0, 0))

    def of(self, department: str) -> tuple[Topic, ...]:
        """The topics of a department that were not merged into another, by name."""
        mine = (topic for number, topic in self.topics.items() if topic.department == department and self.root[number] == number)
        return tuple(sorted(mine, key=lambda topic: topic.name.casefold()))

    def ids(self, number: int) -> tuple[int, ...]:
        """The topic and all that went into it."""
        return tuple(self.members.get(self.root.get(number, number), (number,)))


def known(work: Work) -> Known:
    """The topics as they stand."""
    rows = work.conn.execute(select(topics.c.id, topics.c.department, topics.c.name, topics.c.merged_into)).all()
    found = {row.id: Topic(row.id, row.department, row.name) for row in rows}
    into = {row.id: row.merged_into for row in rows}
    by_name: dict[str, dict[str, int]] = {}
    for row in work.conn.execute(select(topic_names.c.department, topic_names.c.name, topic_names.c.topic_id)):
        by_name.setdefault(row.department, {})[row.name] = row.topic_id
    root = {number: _end(number, into) for number in found}
    members: dict[int, list[int]] = {}
    for number, end in root.items():
        members.setdefault(end, []).append(number)
    return Known(found, root, members, by_name)


def _end(number: int, into: Mapping[int, int | None]) -> int:
    """Where a chain of merges ends; a ring cannot be made, and would end all the same."""
    seen = {number}
    while (following := into.get(number)) is not None and following not in seen:
        seen.add(number := following)
    return number


def plant(work: Work) -> None:
    """Make the topics of the organisation's list that are not there yet."""
    have = known(work)
    for department, item in work.organisation.departments.items():
        for name in item.topics:
            if fold(name) not in have.by_name.get(department, {}):
                _make(work, department, name, by="")


def _make(work: Work, department: str, name: str, *, by: str) -> int:
    """A new topic; the one that has the name, when another process just made it."""
    row = {"department": department, "name": fold(name)}
    key = work.conn.execute(topics.insert().values(department=department, name=name)).inserted_primary_key
    assert key is not None  # every insert of one row has one
    if insert_new(work.conn, topic_names, **row, topic_id=key[0], at=work.now, by=by):
        return int(key[0])
    work.conn.execute(topics.delete().where(topics.c.id == key[0]))
    named = select(topic_names.c.topic_id).where(topic_names.c.department == department, topic_names.c.name == row["name"])
    return int(work.conn.execute(named).scalar_one())


def suggestions(work: Work, have: Known, department: str, text: str, *, earlier: bool = True) -> tuple[Suggestion, ...]:
    """What a text may be about, the likeliest first: topics that it names, in the order of the organisation's list and then by name;
    then those of ``earlier`` signals that it is alike."""
    if department not in work.organisation.departments:
        return ()
    found: dict[int, Suggestion] = {}
    for name in named_in(work.organisation, have, department, text):
        topic = have.get(have.by_name[department][name])
        if topic is not None:
            found.setdefault(topic.id, Suggestion(topic, (name,), alike=False))
    if earlier:
        for topic, words in _alike(work, have, department, text):
            found.setdefault(topic.id, Suggestion(topic, words, alike=True))
    return tuple(found.values())


def topic_of(work: Work, have: Known, department: str, text: str) -> int | None:
    """The likeliest topic of a text."""
    return next((item.topic.id for item in suggestions(work, have, department, text)), None)


def named_in(organisation: Organisation, have: Known, department: str, text: str) -> tuple[str, ...]:
    """The names of topics that stand in ``text``, as whole words or the beginning of one."""
    names = have.by_name.get(department, {})
    listed = [fold(name) for name in organisation.departments[department].topics]
    order = [*dict.fromkeys(name for name in listed if name in names), *sorted(names.keys() - set(listed))]
    pattern = _pattern(tuple(order))
    said = {match[0] for match in pattern.finditer(fold(text[:ENOUGH]))} if order else set()
    return tuple(name for name in order if name in said or any(other.startswith(name) for other in said))


@lru_cache(maxsize=64)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(names, key=len, reverse=True))) + ")")


def _alike(work: Work, have: Known, department: str, text: str) -> list[tuple[Topic, tuple[str, ...]]]:
    """The topics of recent signals that share enough words with ``text``, most alike first."""
    mine = stems(text)
    if len(mine) < ALIKE:
        return []
    rows = work.conn.execute(
        select(signals.c.topic_id, signals.c.text)
        .where(
            signals.c.department == department,
            signals.c.at > work.now - RECENT,
            signals.c.topic_id.is_not(None),
            signals.c.text != "",
        )
        .order_by(signals.c.at.desc())
        .limit(MOST_TEXTS)
    )
    best: dict[int, tuple[Topic, tuple[str, ...]]] = {}
    for row in rows:
        shared = shares(mine, stems(row.text))
        topic = have.get(row.topic_id)
        if shared and topic is not None and len(shared) > len(best.get(topic.id, (topic, ()))[1]):
            best[topic.id] = (topic, shared)
    return sorted(best.values(), key=lambda item: (-len(item[1]), item[0].name))


def groups(work: Work, department: str) -> tuple[Group, ...]:
    """The recent signals of a department that have no topic and are alike, the largest group first."""
    rows = work.conn.execute(
        select(signals.c.id, signals.c.text)
        .where(
            signals.c.department == department,
            signals.c.at > work.now - RECENT,
            signals.c.topic_id.is_(None),
            signals.c.text != "",
        )
        .order_by(signals.c.at.desc())
        .limit(MOST_TEXTS)
    )
    return grouped([(row.id, row.text) for row in rows])


def grouped(texts: Sequence[tuple[int, str]]) -> tuple[Group, ...]:
    """Texts that hang together by the words that they share."""
    words = {number: stems(text) for number, text in texts}
    home = {number: number for number in words}

    def end(number: int) -> int:
        while home[number] != number:
            home[number] = home[home[number]]
            number = home[number]
        return number

    numbers = list(words)
    for at, one in enumerate(numbers):
        for other in numbers[at + 1 :]:
            if shares(words[one], words[other]):
                home[end(max(one, other))] = end(min(one, other))
    members: dict[int, list[int]] = {}
    for number in numbers:
        members.setdefault(end(number), []).append(number)
    found = [
        Group(tuple(sorted(group)), _common([words[number] for number in group])) for group in members.values() if len(group) > 1
    ]
    return tuple(sorted(found, key=lambda group: (-len(group.signals), group.signals)))


def _common(texts: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """The words that most of the texts share, as they were first written."""
    counts = Counter(stem for words in texts for stem in words)
    often = [stem for stem, count in counts.most_common() if count > len(texts) / 2][:4]
    often = often or [stem for stem, _ in counts.most_common(2)]
    return tuple(next(words[stem] for words in texts if stem in words) for stem in often)


def shares(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    """The words of ``one`` that ``other`` has too; none when they are too few to say that both are about the same."""
    common = tuple(one[stem] for stem in one if stem in other)
    return common if len(common) >= ALIKE and len(common) >= NEAR * min(len(one), len(other)) else ()


@lru_cache(maxsize=4096)
def stems(text: str) -> Mapping[str, str]:
    """The words of a text that tell what it is about: stem → the word as it stands there. Masks count for nothing."""
    import snowballstemmer  # noqa: PLC0415 - no start waits for it

    words = [word for word in _WORD.findall(fold(re.sub(r"\[[^\]]*\]", " ", text[:ENOUGH]))) if word not in _EMPTY][:MOST_WORDS]
    stemmer = snowballstemmer.stemmer("dutch")
    found: dict[str, str] = {}
    for word, stem in zip(words, stemmer.stemWords(words), strict=True):
        found.setdefault(stem, word)
    return found


def fold(name: str) -> str:
    """One spelling for names that differ in case or white space."""
    return " ".join(clean(name).casefold().split())


# --- what an antenna does ---


def topic(work: Work, number: int) -> Topic:
    """The topic that ``number`` stands for now; raises ``Refused``."""
    found = known(work).get(number)
    if found is None:
        raise Refused("refused.no_topic")
    return found


def names_of(work: Work, number: int) -> tuple[tuple[str, str], ...]:
    """The names that a topic and what went into it ever had, the newest last: name and who gave it."""
    rows = work.conn.execute(
        select(topic_names.c.name, topic_names.c.by)
        .where(topic_names.c.topic_id.in_(known(work).ids(number)))
        .order_by(topic_names.c.at, topic_names.c.name)
    )
    return tuple((row.name, row.by) for row in rows)


def rename(work: Work, number: int, name: str) -> Topic:
    """Another name; the earlier ones still lead to it. The name of another topic of the department is refused."""
    at = topic(work, number)
    name = checked(name)
    row = {"department": at.department, "name": fold(name)}
    if not insert_new(work.conn, topic_names, **row, topic_id=at.id, at=work.now, by=work.who):
        named = known(work).get(known(work).by_name[at.department][row["name"]])
        if named is None or named.id != at.id:
            raise Refused("refused.topic_exists", name=name)
    work.conn.execute(topics.update().where(topics.c.id == at.id).values(name=name))
    return Topic(at.id, at.department, name)


def merge(work: Work, number: int, into: int) -> Topic:
    """Everything of one topic is counted with another of the same department from now on, what was said before too."""
    one, other = topic(work, number), topic(work, into)
    if one.department != other.department:
        raise Refused("refused.topic_elsewhere")
    if one.id != other.id:
        change = {"merged_into": other.id, "merged_at": work.now, "merged_by": work.who}
        # Locked in one order, so that two who merge each other's topics make no ring.
        list(
            work.conn.execute(
                select(topics.c.id).where(topics.c.id.in_([one.id, other.id])).order_by(topics.c.id).with_for_update()
            )
        )
        if known(work).root[other.id] != other.id:
            raise Refused("refused.stale")
        work.conn.execute(topics.update().where(topics.c.id == one.id, topics.c.merged_into.is_(None)).values(**change))
    return other


def name_group(work: Work, department: str, numbers: Iterable[int], name: str) -> Topic:
    """Give signals that are alike a topic: a new one, or the one that has the name."""
    name = checked(name)
    number = _make(work, department, name, by=work.who)
    made = known(work).get(number)
    assert made is not None  # it was just made
    work.conn.execute(
        signals.update().where(signals.c.id.in_(list(numbers)), signals.c.topic_id.is_(None)).values(topic_id=made.id)
    )
    return made


def checked(name: str) -> str:
    """A name that can be shown: one line, not empty. Raises ``Refused``."""
    name, _ = cut(" ".join(clean(name).split()), LONGEST)
    if is_blank(name):
        raise Refused("refused.no_name")
    return name


def counts(work: Work, department: str, since: datetime | None = None) -> dict[int, int]:
    """Signals of each topic of a department, those that were merged each for itself."""
    query = (
        select(signals.c.topic_id, func.count().label("times"))
        .join(topics, topics.c.id == signals.c.topic_id)
        .where(topics.c.department == department)
        .group_by(signals.c.topic_id)
    )
    rows = work.conn.execute(query if since is None else query.where(signals.c.at > since))
    return {row.topic_id: row.times for row in rows}
