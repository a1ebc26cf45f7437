"""Finds the FAQ entries that answer a Dutch question, and the one that may be offered without being asked.

A small search engine in memory: stems, parts of compounds, synonyms, mended typing errors and trigrams,
fused by reciprocal rank. Derived from the entries, so it can be thrown away and made again; no storage.
"""

import unicodedata
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nlargest
from math import log
from pathlib import Path
from typing import Any, Final

import regex


@dataclass(frozen=True, slots=True)
class Entry:
    """What is searched: one question with its answer and tags."""

    id: str
    question: str
    answer: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that fits, how well (0 to 1), and the words of the query that it shares."""

    id: str
    score: float
    why: tuple[str, ...]


# --- what words mean ----------------------------------------------------------------------------------------


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that say nothing about the subject: articles, pronouns, auxiliaries, politeness, ways of asking.
_STOP_WORDS: Final = _words(
    """
    aan al alle alleen als alsjeblieft alstublieft altijd ander andere anders aub bedankt beetje ben
    bent beste bij bijna bv daar dan dank dankjewel dat de deze die dit doe doen doet door dus echt een
    eens eigenlijk elk elke en enkel er ergens even ga gaan gaat ge gedaan geen geworden gij goed goede
    goeie gewoon graag groeten had hallo heb hebben hebt heeft hele hem het hey hi hier hij hoe hoi hun
    iemand iets ik in is ja je jij jou jouw jullie kan kom komen komt kon krijg krijgen krijgt kun
    kunnen kunt laat laatste lang lange laten maak maakt maken mag mam men met mij mijn moest moet
    moeten mogen na naar namelijk ne nee nen niet niets nieuw nieuwe nodig nog nu of om omdat ons onze
    ook op over per precies rond samen soms staan staat sta te ter terug toch toe tot tussen u uit uw
    uwe vaak van vandaag vanaf veel via voor vraag vraagje vragen waarom want wat we weer weet weten wel
    welk welke wij wil willen wilt word worden wordt wou zal ze zeer zeggen zegt zeker zich zie zij zijn
    zit zitten zo zoals zou zouden zulke zullen gemeente stad dag ergens gebeurt gebeuren geval mevrouw
    meneer iedereen tegen zonder onder boven door langs naast achter sinds binnen buiten daarna later weer alweer
    telkens zomaar gewoonweg ofzo zoiets amai allee seg zeg wel eventjes even effe efkes ne nen den diene dienen deze zij zelfs
    beter best slecht echt geraak geraken geraakt raak raken lukt lukken blijft blijven hoor hoort hoorde
    jaar jaren maand maanden nacht nachten avond ochtend morgen gisteren vanmorgen vanavond
    zoon dochter man vrouw vriend vriendin mama papa moeder vader ma pa ouders bomma bompa oma opa zoontje dochtertje
    mensen iemands ander andermans eigen zelf mezelf jezelf onszelf ervan eraan erin ermee daarvan daarin daarmee
    graag wou wouden zoudt kunde hedde zijde moete wilde magde tis das kben kheb wa da dees nie mss gelieve aub svp stp
    tijdens gedurende wegens vanwege dankzij volgens behalve me we je hen hun er om tot of als naartoe heen waarheen vandaan
    daarom dus toen terwijl hoewel indien tenzij zodat omtrent betreffende inzake verband volgend volgende vorige
    beide allebei sommige paar twee drie vier vijf tien eerste 1ste tweede
    kreeg kregen gekregen werd werden geweest deed deden ging gingen gegaan gaf gaven kwam kwamen gekomen nam namen zag zagen vond vonden
    zei zeiden hield stond stonden lag lagen deftig serieus verschrikkelijk zoveel meer minder zoal trouwens gewoonlijk meestal ooit nooit
    """
)
# What is asked or done about a subject: helps to choose between entries on one, never chooses one by itself.
_ASKING: Final = _words(
    """
    wanneer waar hoeveel wie uur uren tijd tijdstip maandag dinsdag woensdag donderdag vrijdag zaterdag
    zondag week kost kosten prijs prijzen tarief gratis betalen betaal duur duurt duren adres dagen laat
    aanvragen aanvraag aangeven geef geven halen haal zoeken zoek bestellen bestel melden meld vind
    vinden regelen doorgeven aanmelden help helpen hulp
    """
)
# Done with nearly everything, so it says little of what.
_FAINT: Final = _words(
    """
    hangt hangen ligt liggen loopt lopen zien kijk kijken kijkt bekijken breng brengen brengt neem nemen neemt zetten zet leggen
    legt plaatsen plaats plaatst houden houdt gebruiken gebruikt gebruik terecht bestaat bestaan start starten beginnen begint
    volgen volg wachtlijst info informatie uitleg recht contact contacteren bel stad gemeente gemeentelijk gemeentelijke
    mogelijk dorp centrum buurt wijk plek thuis huis bezorgen ontvangen gevraagd zoekt gezocht luisteren snel snelle geld wens
    wensen leveren geleverd gevonden voorzien straat straten kind kinderen
    weg oude oud hangen dingen ding zaken soort soorten nabij dichtbij
    """
)
_BEGINS_A_QUESTION: Final = _words(
    """
    wanneer waar hoeveel hoe wie wat welke welk waarom kan kun kunnen kunt mag mogen moet moeten is zijn
    heeft hebben bestaat weet krijg krijgen wordt worden vanaf tot komt gaat
    """
)
# With one of these a comment is no question to be answered from a list, whatever else it says.
_RUDE: Final = _words(
    """
    achterlijk achterlijke bende crimineel criminelen debiel debielen dief dieven dikkenek dom domme
    dommerik ezel ezels fuck godverdomme hoer hoeren idioot idioten incapabel incapabele kalf kloot
    klootzak klootzakken kut leugenaar leugenaars lomperik loser losers luierik luieriken mafia
    marginaal marginalen nietsnut nietsnutten nikskunner onbekwaam onbekwame onnozelaar onnozelaars
    oplichter oplichters pipo profiteur profiteurs schaam schandalig schande schijt sukkel sukkels
    sukkelaar sukkelaars stom stomme tuig trut uitvreters verdomme zakkenvuller zakkenvullers zever zot
    zotten
    """
)
# --- from text to words -------------------------------------------------------------------------------------

_TOKEN = regex.compile(r"[a-z0-9]+")
_SENTENCE = regex.compile(r"[^.!?\n]+[.!?]*")
# A question that is not asked in its first words is not asked of a list.
_LONGEST_QUERY, _LONGEST_TEXT, _LONGEST_WORD = 40, 4000, 50
_MOST_JOINED = 4  # words that are written apart and mean one thing together: goed gedrag en zeden


_MARKS = regex.compile(r"\p{M}+")
_NO_QUOTES = dict.fromkeys(map(ord, "'’‘`"))


def _plain(text: str) -> str:
    """Lower case without accents; `foto's` as `fotos`."""
    text = text.casefold()
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return text.translate(_NO_QUOTES)


def _tokens(text: str) -> Iterator[str]:
    for match in _TOKEN.finditer(_plain(text)):
        if len(match[0]) <= _LONGEST_WORD:
            yield match[0]


def telling_words(text: str) -> frozenset[str]:
    """The words of ``text`` that say what it is about, in lower case without accents."""
    return frozenset(word for word in _tokens(text) if len(word) >= _SHORTEST_PART and word not in _STOP_WORDS)


def _trigrams(word: str) -> Iterator[str]:
    padded = f" {word} "
    return (padded[place : place + 3] for place in range(len(padded) - 2))


_NO_DIMINUTIVE: Final = _words(
    "sterke zwarte kerke marke donke franke blanke slanke dikke vlakke elke welke zulke sommige oranje franje"
)


_LONG_ENDS = ("iaal", "naal", "raal", "ieel", "ueel", "neel")  # sociaal and sociale are one word


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer  # noqa: PLC0415 - loads all its languages; no start waits for that

    return snowballstemmer.stemmer("dutch")


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    """What is left of a word without its ending; remembered, as the stemmer takes longer than the rest of a search."""
    stem = str(_stemmer().stemWord(_large(word)))
    return stem[:-3] + stem[-2:] if stem.endswith(_LONG_ENDS) and len(stem) > 5 else stem


def _large(word: str) -> str:
    """A thing from its little one: kaartje, tuintje, boompje, fietske."""
    if len(word) < 6 or word in _NO_DIMINUTIVE:
        return word
    if word.endswith(("rken", "nken", "lken")):  # works and parks, not little ones
        return word
    bare = word.removesuffix("s") if word.endswith(("jes", "kes")) else word.removesuffix("n") if word.endswith("ken") else word
    if bare.endswith("etje"):
        return bare[:-5] if bare[-5] == bare[-6] else bare[:-4]  # balletje, but not "planeetje"
    if bare.endswith("mpje"):
        return bare[:-3]
    if bare.endswith("tje"):
        return bare[:-2] if bare[-4] in "rfsckph" and not bare.endswith("rretje") else bare[:-3]
    if bare.endswith("je"):
        return bare[:-2]
    if bare.endswith("ske"):
        return bare[:-3]
    if bare.endswith("ke") and bare[-3] not in "aeiouyck":
        return bare[:-2]
    return word


_SOUNDS = tuple(
    (regex.compile(pattern), sound)
    for pattern, sound in (
        (r"sch", "sg"), (r"ch", "g"), (r"ck|c(?![eiy])|q", "k"), (r"c", "s"), (r"x", "ks"), (r"ph", "f"), (r"th", "t"), (r"dt", "t"),
        (r"ij|ei|y", "y"), (r"ou|au", "u"), (r"ae|aa", "a"), (r"oe", "w"), (r"eu", "e"), (r"ie", "i"), (r"z", "s"), (r"v", "f"),
        (r"(?<=[aeiouyw])h|^h", ""), (r"(.)\1+", r"\1"), (r"d$", "t"), (r"b$", "p"),
    )
)  # fmt: skip


def _sound(word: str) -> str:
    """Equal for words that sound about the same, so that one who writes as they speak is understood."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


# --- words that mean the same -------------------------------------------------------------------------------


class Spelling:
    """Known words, and the one that somebody meant who wrote another."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words: set[str] = set()
        self._deletions: dict[str, list[str]] = defaultdict(list)
        self._sounds: dict[str, list[str]] = defaultdict(list)
        self._pieces: dict[str, list[str]] = defaultdict(list)
        for word in words:
            self.learn(word)

    def learn(self, word: str) -> None:
        if word in self.words:
            return
        self.words.add(word)
        if len(word) < _SHORTEST_MENDED:
            return
        for shorter in _one_less(word):
            self._deletions[shorter].append(word)
        self._sounds[_sound(word)].append(word)
        if len(word) >= _SHORTEST_SIMILAR:
            for piece in set(_trigrams(word)):
                self._pieces[piece].append(word)

    def near(self, word: str) -> set[str]:
        """Words one typing error away: a letter more, less, other, or two that changed places; else words that sound the same."""
        if len(word) < _SHORTEST_MENDED:
            return set()
        near = set(self._deletions.get(word, ()))
        for shorter in _one_less(word):
            if shorter in self.words:
                near.add(shorter)
            others = self._deletions.get(shorter, ())
            near.update(other for other in others if len(word) >= _SHORTEST_MOVED or _one_error_apart(word, other))
        # People rarely mistype the first letter; words that differ there mostly are other words.
        near = {other for other in near if other[0] == word[0]}
        return near or set(self._sounds.get(_sound(word), ()))

    def similar(self, word: str) -> str:
        """The long word that shares most three-letter pieces with this one: two errors in a compound."""
        if len(word) < _SHORTEST_SIMILAR:
            return ""
        pieces = set(_trigrams(word))
        shared: dict[str, int] = defaultdict(int)
        for piece in pieces:
            for other in self._pieces.get(piece, ())[:_PIECES_OF_WORDS]:
                shared[other] += 1
        best, most = "", _SIMILAR
        for other, count in shared.items():
            if other[0] != word[0]:
                continue
            share = 2 * count / (len(pieces) + len(other))
            if share > most or (share == most and other < best):
                best, most = other, share
        return best


class Thesaurus:
    """Groups of words that mean about the same, and words that lead to others."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.groups: dict[str, tuple[str, ...]] = {}  # a word or stem → marks of its groups
        self.leads: dict[str, tuple[str, ...]] = {}  # a word or stem → the words it leads to
        self.asking: set[str] = set()  # marks of groups that say what is asked
        self.words: set[str] = set()
        self.joined: set[str] = set()  # what people write as several words
        for number, line in enumerate(lines):
            self._learn(f"§{number}", line)

    def _learn(self, mark: str, line: str) -> None:
        asks, line = line.startswith("? "), line.removeprefix("? ")
        said, _, led = line.partition(">")
        words = tuple(filter(None, ("".join(_tokens(word)) for word in said.split())))
        others = tuple(filter(None, ("".join(_tokens(word)) for word in led.split())))
        self.joined.update("".join(_tokens(word)) for word in line.split() if "-" in word)
        self.words.update(words)
        self.words.update(others)
        for key in dict.fromkeys(key for word in words for key in (word, _stem(word))):
            if others:
                self.leads[key] = (*self.leads.get(key, ()), *others)
            else:
                self.groups[key] = (*self.groups.get(key, ()), mark)
        if asks:
            self.asking.add(mark)

    def groups_of(self, word: str) -> tuple[str, ...]:
        return self.groups.get(word) or self.groups.get(_stem(word), ())


@lru_cache(maxsize=8)
def _thesaurus(own: tuple[tuple[str, ...], ...]) -> tuple[Thesaurus, Spelling]:
    """The words of Flemish town halls, and a municipality's own groups."""
    text = Path(__file__).with_name("synonyms_nl.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    lines += [" ".join("-".join(_tokens(word)) for word in group) for group in own]
    known = Thesaurus(lines)
    return known, Spelling(known.words)


def meanings(text: str, own: tuple[tuple[str, ...], ...] = ()) -> dict[str, str]:
    """What a question is about: the group or stem of each word that matters, with the word. Ways of asking are left out."""
    same, _ = _thesaurus(own)
    found: dict[str, str] = {}
    tokens = list(_tokens(text[:_LONGEST_TEXT]))
    place = 0
    while place < len(tokens) and len(found) < _LONGEST_QUERY:
        sizes = range(min(_MOST_JOINED, len(tokens) - place), 0, -1)
        size = next((size for size in sizes if "".join(tokens[place : place + size]) in same.joined), 1)
        word = "".join(tokens[place : place + size])
        place += size
        marks = same.groups_of(word)
        if word in _STOP_WORDS or word in _ASKING or word in _FAINT or not same.asking.isdisjoint(marks):
            continue
        found.setdefault(marks[0] if marks else _stem(word), word)
    return found


# --- the index ----------------------------------------------------------------------------------------------

# How much a word counts by where it stands in an entry.
_QUESTION, _TAG, _ANSWER = 3.0, 2.4, 0.6
# How much a match counts by how it came about.
_SAME_WORD, _MENDED, _GROUP, _PART, _PART_GROUP, _LED, _TAIL = 1.0, 0.85, 0.85, 0.6, 0.45, 0.5, 0.4
_OF_ANSWER = 0.3  # how far a word that stands in the answer alone covers what is asked
_ASKING_SHARE = 0.3
_OF_COMPOUND = 0.7  # how much each part of a compound counts beside a word by itself
_SHORTEST_PART = 4
_SHORT_TAILS = _words("les bus kot bak bon pas zak dak bad put bos dag gft lek job gas")
_SHORTEST_MENDED = 5
_SHORTEST_MOVED = 8  # letters of a word in which one may stand in a wrong place
_SHORTEST_SIMILAR, _SIMILAR, _PIECES_OF_WORDS = 7, 0.6, 400
# Reciprocal rank fusion: what words, pieces and judgement count, and how slowly lower ranks lose weight.
_FUSED, _FUSION = (1.0, 0.15, 1.2), 5
_POSTINGS_PER_QUERY, _PIECES_PER_QUERY = 4_000, 2_000
_CANDIDATES = 25
_RARE_SHARE = 0.03
_FIT_SCORE = 0.62
_FIT_LEAD = 0.04

_NOT_HELD = (-1, 0.0)

Accept = Callable[[str], bool]


@dataclass(slots=True)
class _Postings:
    """The entries that hold a stem, by rising number, and how much it counts there."""

    entries: "array[int]" = field(default_factory=lambda: array("I"))
    weights: "array[float]" = field(default_factory=lambda: array("f"))

    def drop(self, number: int) -> None:
        place = bisect_left(self.entries, number)
        if place < len(self.entries) and self.entries[place] == number:
            del self.entries[place], self.weights[place]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One word of a query: every stem or group that it may stand for, with how surely."""

    word: str
    stems: Mapping[str, float]
    weight: float
    asking: bool


@dataclass(frozen=True, slots=True)
class _Held:
    """One entry as it is indexed. ``words``: the stem of each word of the question, and whether it only says what is asked;
    ``reached``: by stem or group, which of those words it reaches (-1: a tag or the answer) and how surely."""

    entry: Entry
    words: tuple[tuple[str, bool], ...]
    reached: Mapping[str, tuple[int, float]]
    stems: tuple[str, ...]  # all of them, the answer's too
    pieces: frozenset[str]


class Index:
    """Entries, ready to be searched, and changed one by one. Not for two threads at once."""

    def __init__(self, entries: Iterable[Entry] = (), own: tuple[tuple[str, ...], ...] = ()) -> None:
        """``own``: the municipality's groups of words that mean the same to it."""
        self._same, self._lexicon = _thesaurus(own)
        self._spelling = Spelling()
        self._stems: dict[str, int] = {}  # of the words known here, how many words have it
        self._held: dict[int, _Held] = {}
        self._numbers: dict[str, int] = {}
        self._next = 0
        self._postings: dict[str, _Postings] = {}
        self._pieces: dict[str, array[int]] = {}
        self._asking_stems = {_stem(word) for word in _ASKING | _FAINT}
        self._questions_with: Counter[str] = Counter()  # how many questions (or tags) hold a stem or group as a word
        self._split_known: dict[str, tuple[str, ...]] = {}
        self._reached_known: dict[str, dict[str, float]] = {}
        entries = tuple(entries)
        for entry in entries:  # all words first: a compound is split into words that stand in a later entry too
            self._learn(entry)
        for entry in entries:
            self._put(entry)

    def entries(self) -> dict[str, Entry]:
        """Every entry by its id."""
        return {held.entry.id: held.entry for held in self._held.values()}

    # --- making ---

    def put(self, entry: Entry) -> None:
        """Take an entry in; one of the same id must have been taken out."""
        self._learn(entry)
        self._put(entry)

    def _put(self, entry: Entry) -> None:
        number = self._numbers[entry.id] = self._next
        self._next += 1
        held, counts = self._analysed(entry)
        self._held[number] = held
        self._questions_with.update(stem for stem, (_, sure) in held.reached.items() if sure >= 1.0)
        for stem, count in counts.items():
            postings = self._postings.get(stem)
            if postings is None:
                postings = self._postings[stem] = _Postings()
            postings.entries.append(number)
            postings.weights.append(2.2 * count / (count + 1.2 * _QUESTION))
        for piece in held.pieces:
            numbers = self._pieces.get(piece)
            if numbers is None:
                numbers = self._pieces[piece] = array("I")
            numbers.append(number)

    def remove(self, name: str) -> None:
        """Take an entry out; one that is not there is no error."""
        number = self._numbers.pop(name, None)
        if number is None:
            return
        held = self._held.pop(number)
        self._questions_with.subtract(stem for stem, (_, sure) in held.reached.items() if sure >= 1.0)
        for stem in held.stems:
            self._postings[stem].drop(number)
            if not self._postings[stem].entries:
                del self._postings[stem]
        for piece in held.pieces:
            numbers = self._pieces[piece]
            del numbers[bisect_left(numbers, number)]

    def _learn(self, entry: Entry) -> None:
        for text in (entry.question, *entry.tags, entry.answer):
            for word in _tokens(text[:_LONGEST_TEXT]):
                if word not in _STOP_WORDS and word not in self._spelling.words:
                    self._spelling.learn(word)
                    if rest := self._rest(word):
                        self._spelling.learn(rest)
                    self._stems[_stem(word)] = 1
                    self._split_known.clear()
                    self._reached_known.clear()

    def _analysed(self, entry: Entry) -> tuple[_Held, dict[str, float]]:
        counts: dict[str, float] = defaultdict(float)
        words: list[tuple[str, bool]] = []
        best: dict[str, tuple[int, float]] = {}
        for weight, text in ((_QUESTION, entry.question), *((_TAG, tag) for tag in entry.tags), (_ANSWER, entry.answer)):
            for word in self._joined(text[:_LONGEST_TEXT], whole=True):
                reached = self._reached(word)
                asks = weight == _QUESTION and self._asks(word)
                place, share = (len(words), 1.0) if weight == _QUESTION else (-1, 1.0 if weight == _TAG else _OF_ANSWER)
                for stem, sure in reached.items():
                    counts[stem] += weight * sure
                    if best.get(stem, _NOT_HELD)[1] < sure * share:
                        best[stem] = (place, sure * share)
                if weight == _QUESTION:
                    words.append((_stem(word), asks))
        pieces = frozenset(piece for word in self._content(entry.question) for piece in _trigrams(word))
        return _Held(entry, tuple(words), best, tuple(counts), pieces), counts

    def _asks(self, word: str) -> bool:
        """Whether a word says what is asked or done, and nothing of what it is about."""
        if word in _ASKING or word in _FAINT:
            return True
        groups = self._same.groups_of(word)
        return self._same.asking.issuperset(groups) if groups else _stem(word) in self._asking_stems

    def _reached(self, word: str) -> Mapping[str, float]:
        """By which stems and groups a word of an entry is found, and how surely."""
        known = self._reached_known.get(word)
        if known is None:
            known = self._reached_known[word] = {_stem(word): 1.0}
            for mark in self._same.groups_of(word):
                known[mark] = 1.0
            for part in self._split(word) or tuple(filter(None, (self._rest(word),))):
                known.setdefault(_stem(part), _PART)
                for mark in self._same.groups_of(part):
                    known.setdefault(mark, _PART)
        return known

    def _content(self, text: str) -> list[str]:
        return [word for word in _tokens(text) if word not in _STOP_WORDS]

    def _joined(self, text: str, *, whole: bool) -> list[str]:
        """The words that matter; several that are one word in the entries or among the synonyms count as that one.

        ``whole``: the words that were joined count by themselves too.
        """
        tokens = list(_tokens(text))
        words: list[str] = []
        place = 0
        while place < len(tokens) and (whole or len(words) < _LONGEST_QUERY):
            step = 1
            for size in range(min(_MOST_JOINED, len(tokens) - place), 1, -1):
                joined = "".join(tokens[place : place + size])
                if joined in self._same.joined or (
                    size == 2 and len(joined) >= 2 * _SHORTEST_PART and self._is_word(joined, whole=whole)
                ):
                    words.append(joined)
                    step = size
                    break
            if step == 1 or whole:
                words += [token for token in tokens[place : place + step] if token not in _STOP_WORDS]
            place += step
        return words

    def _is_word(self, word: str, *, whole: bool) -> bool:
        known = word in self._spelling.words or word in self._same.words
        return known or (
            not whole and _stem(word) in self._same.groups
        )  # a stem for each two words of every entry takes too long

    def _split(self, word: str) -> tuple[str, ...]:
        """The parts of a compound, when all are words of the entries or of town halls: huisvuil + ophaling."""
        if len(word) < 2 * _SHORTEST_PART:
            return ()
        known = self._split_known.get(word)
        if known is None:
            known = self._split_known[word] = self._parted(word)
        return known

    def _ends(self, word: str) -> tuple[str, ...]:
        """What is known of a compound that is not known whole: the bord of a stopbord, gitaar and les of a gitaarles."""
        if len(word) < _SHORTEST_PART + 2:
            return ()
        tails = (word[place:] for place in range(2, len(word) - 2))
        tail = next(
            (tail for tail in tails if tail in _SHORT_TAILS or (len(tail) >= _SHORTEST_PART and self._part(tail, linked=False))),
            "",
        )
        heads = (word[:place] for place in range(len(word) - 2, _SHORTEST_PART - 1, -1))
        head = next((head for head in heads if self._part(head, linked=True)), "")
        return tuple(filter(None, (head, tail)))

    def _rest(self, word: str) -> str:
        """What stands beside the one part that town halls know of a compound: the boerderij of a kinderboerderij."""
        if len(word) < 2 * _SHORTEST_MENDED or word in self._same.words:
            return ""
        for place in range(len(word) - _SHORTEST_MENDED, _SHORTEST_MENDED - 1, -1):
            if word[:place] in self._same.words or _stem(word[:place]) in self._same.groups:
                return word[place:]
        for place in range(_SHORTEST_MENDED, len(word) - _SHORTEST_PART + 1):
            if word[place:] in self._same.words or _stem(word[place:]) in self._same.groups:
                return word[:place].removesuffix("s")
        return ""

    def _parted(self, word: str) -> tuple[str, ...]:
        best: tuple[str, ...] = ()
        for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
            if not (left := self._part(word[:place], linked=True)):
                continue
            rest = word[place:]
            if right := self._part(rest, linked=False):
                # The longest beginning wins: "straatverlichting" rather than "straat" + a lucky rest.
                best = (left, right)
            elif not best and len(rest) >= 2 * _SHORTEST_PART and (parts := self._parted(rest)):
                best = (left, *parts)
        return best

    def _part(self, part: str, *, linked: bool) -> str:
        forms = [part]
        if linked:
            forms += [part[: -len(link)] for link in ("s", "en", "e", "n") if part.endswith(link)]
        for form in forms:
            if len(form) >= _SHORTEST_PART:
                if (form in self._spelling.words or form in self._same.words) and form not in _STOP_WORDS:
                    return form
                if not linked and ((stem := _stem(form)) in self._stems or stem in self._same.groups):
                    return form
        return ""

    # --- asking ---

    def search(self, query: str, limit: int = 5, accept: Accept | None = None) -> tuple[Hit, ...]:
        """The best entries for a query, best first; only those whose id ``accept`` takes."""
        words = self._joined(query[:_LONGEST_TEXT], whole=False)
        asked = self._understand(words)
        by_words = self._rank_by_words(asked)
        by_pieces = self._rank_by_pieces(words)
        if accept is not None:
            by_words = {number: value for number, value in by_words.items() if accept(self._held[number].entry.id)}
            by_pieces = {number: value for number, value in by_pieces.items() if accept(self._held[number].entry.id)}
        candidates = {
            *nlargest(_CANDIDATES, by_words, key=by_words.__getitem__),
            *nlargest(_CANDIDATES, by_pieces, key=by_pieces.__getitem__),
        }
        judged = {number: self._judge(asked, number, by_pieces.get(number, 0.0)) for number in candidates}
        scores = {number: score for number, (score, _) in judged.items()}
        fused: dict[int, float] = defaultdict(float)
        for weight, ranking in zip(_FUSED, (by_words, by_pieces, scores), strict=True):
            listed = sorted((n for n in candidates if ranking.get(n, 0.0) > 0), key=lambda n: (-ranking[n], n))
            for rank, number in enumerate(listed):
                fused[number] += weight / (_FUSION + rank)
        hits = []
        ceiling = 1.0
        for number in sorted(fused, key=lambda n: (-fused[n], n))[:limit]:
            score, why = judged[number]
            ceiling = min(ceiling, score)
            hits.append(Hit(self._held[number].entry.id, round(ceiling, 4), why))
        return tuple(hits)

    def unknown(self, query: str) -> tuple[str, ...]:
        """The words of a query that reach no entry."""
        words = self._joined(query[:_LONGEST_TEXT], whole=False)
        reached = {asked.word for asked in self._understand(words) if asked.stems}
        return tuple(word for word in dict.fromkeys(words) if word not in reached and not self._asks(word))

    def fits(self, query: str, accept: Accept | None = None) -> Hit | None:
        """The one entry that answers a question in this comment so plainly that it may be offered unasked."""
        if not _RUDE.isdisjoint(_tokens(query[:_LONGEST_TEXT])):
            return None
        best: Hit | None = None
        for sentence in _questions(query):
            hits = self.search(sentence, 2, accept)
            if not hits or hits[0].score < _FIT_SCORE or not self._shares_a_rare_word(sentence, hits[0]):
                continue
            if len(hits) > 1 and hits[0].score - hits[1].score < _FIT_LEAD:
                continue
            if best is None or hits[0].score > best.score:
                best = hits[0]
        return best

    def _shares_a_rare_word(self, sentence: str, hit: Hit) -> bool:
        held = self._held[self._numbers[hit.id]]
        rare = max(3, int(_RARE_SHARE * len(self._held)))
        return any(
            not asked.asking
            and self._questions_with[stem] <= rare
            and sure >= _GROUP
            and held.reached.get(stem, _NOT_HELD)[1] >= 1.0
            for asked in self._understand(self._joined(sentence, whole=False))
            for stem, sure in asked.stems.items()
        )

    def _understand(self, words: Sequence[str]) -> list[_Asked]:
        asked = []
        for word in dict.fromkeys(words):
            parts = () if _stem(word) in self._postings or self._same.groups_of(word) else self._split(word)
            if len(parts) > 1:  # a compound that nobody knows whole asks for each of its parts
                asked += [self._one(part, self._stems_of(part), word, _OF_COMPOUND) for part in parts]
            else:
                asked.append(self._one(word, self._stems_of(word), word))
        return asked

    def _one(self, word: str, stems: Mapping[str, float], said: str, share: float = 1.0) -> _Asked:
        rarest = max((self._rarity(stem) for stem in stems), default=self._rarity(""))
        asking = self._asks(word)
        return _Asked(said, stems, share * rarest * (_ASKING_SHARE if asking else 1.0), asking)

    def _stems_of(self, word: str) -> dict[str, float]:
        """Every stem and group of the entries that a word of a query may mean, and how surely."""
        stems: dict[str, float] = {}

        def mean(stem: str, sure: float) -> None:
            if stem in self._postings and stems.get(stem, 0.0) < sure:
                stems[stem] = sure

        def means(word: str, sure: float) -> None:
            mean(_stem(word), sure)
            for mark in self._same.groups_of(word):
                mean(mark, sure * _GROUP)
            for other in self._led(word):
                mean(_stem(other), sure * _LED)
                for mark in self._same.groups_of(other):
                    mean(mark, sure * _LED)

        means(word, _SAME_WORD)
        spelt = word
        if not stems and not self._same.groups_of(word) and not self._split(word) and (mended := self._mend(word)):
            spelt = mended
            means(mended, _MENDED)
        parts = self._split(spelt)
        for part in parts:
            mean(_stem(part), _PART)
            for mark in self._same.groups_of(part):
                mean(mark, _PART_GROUP)
        if parts or not stems:
            self._mean_parts(parts or self._ends(spelt), mean)
        return stems

    def _mean_parts(self, parts: Iterable[str], mean: Callable[[str, float], None]) -> None:
        for part in parts:
            for other in (part, *self._led(part)):
                mean(_stem(other), _TAIL)
                for mark in self._same.groups_of(other):
                    mean(mark, _TAIL * _GROUP)

    def _led(self, word: str) -> tuple[str, ...]:
        return self._same.leads.get(word) or self._same.leads.get(_stem(word), ())

    def _mend(self, word: str) -> str:
        """The known word that was meant by one that nobody knows; of several, the one most entries hold."""
        bare = word.removesuffix("en")
        if bare != word and (bare in self._spelling.words or bare in self._same.words):
            return bare  # what somebody does with it: bbqen, steppen
        near = self._spelling.near(word) or self._lexicon.near(word)
        if not near:
            return "" if len(self._ends(word)) == 2 else self._spelling.similar(word) or self._lexicon.similar(word)
        return min(near, key=lambda other: (-self._entries_of(_stem(other)), other))

    def _entries_of(self, stem: str) -> int:
        postings = self._postings.get(stem)
        return len(postings.entries) if postings is not None else 0

    def _rarity(self, stem: str) -> float:
        postings = self._postings.get(stem)
        # A word that no entry holds is as rare as can be: it counts against every entry.
        return log(1 + len(self._held) / (len(postings.entries) if postings is not None else 1))

    def _rank_by_words(self, asked: Iterable[_Asked]) -> dict[int, float]:
        found: dict[int, float] = defaultdict(float)
        budget = _POSTINGS_PER_QUERY
        # The rarest first: when the budget is spent, what is left are words that nearly every entry holds.
        for one in sorted(asked, key=lambda one: -one.weight):
            best: dict[int, float] = {}
            for stem, sure in one.stems.items():
                postings = self._postings[stem]
                if found and len(postings.entries) > budget:
                    continue
                budget -= len(postings.entries)
                factor = sure * self._rarity(stem) * (_ASKING_SHARE if one.asking else 1.0)
                for number, weight in zip(postings.entries, postings.weights, strict=True):
                    value = weight * factor
                    if best.get(number, 0.0) < value:
                        best[number] = value
            for number, value in best.items():
                found[number] += value
        return found

    def _rank_by_pieces(self, words: Iterable[str]) -> dict[int, float]:
        """How many three-letter pieces question and query share, as a share of both (Dice)."""
        pieces = {piece for word in words for piece in _trigrams(word)}
        shared: dict[int, int] = defaultdict(int)
        budget = _PIECES_PER_QUERY
        for piece in sorted(pieces, key=lambda piece: (len(self._pieces.get(piece, ())), piece)):
            numbers = self._pieces.get(piece, ())
            budget -= len(numbers)
            if budget < 0:
                break
            for number in numbers:
                shared[number] += 1
        sizes = ((number, count, len(self._held[number].pieces)) for number, count in shared.items() if count > 2)
        return {number: 2 * count / (len(pieces) + size) for number, count, size in sizes}

    def _judge(self, asked: Sequence[_Asked], number: int, pieces: float) -> tuple[float, tuple[str, ...]]:
        """How well an entry answers: the share of the query that it covers and the share of its question that
        is asked for, rare words counting more; and the words shared."""
        held = self._held[number]
        total = sum(one.weight for one in asked)
        covered = 0.0
        asked_for: dict[int, float] = {}
        why = []
        for one in asked:
            best = 0.0
            for stem, sure in one.stems.items():
                if (found := held.reached.get(stem)) is not None:
                    place, value = found[0], sure * found[1]
                    best = max(best, value)
                    if place >= 0:
                        asked_for[place] = max(asked_for.get(place, 0.0), value)
            covered += one.weight * best
            if best and one.word not in why:
                why.append(one.word)
        if not why:
            return pieces * 0.4, ()
        weights = [self._rarity(stem) * (_ASKING_SHARE if asks else 1.0) for stem, asks in held.words]
        whole = sum(weights)
        of_entry = sum(weights[place] * value for place, value in asked_for.items()) / whole if whole else 0.0
        return min(1.0, 0.6 * covered / total + 0.3 * min(1.0, 1.5 * of_entry) + 0.1 * pieces), tuple(why)


def _questions(text: str) -> Iterator[str]:
    """The sentences that ask something; at most eight, from the beginning of the text."""
    count = 0
    for match in _SENTENCE.finditer(text[:_LONGEST_TEXT]):
        sentence = match[0]
        words = list(_tokens(sentence))[:_LONGEST_QUERY]
        if "?" in sentence or (words and words[0] in _BEGINS_A_QUESTION) or not _ASKING.isdisjoint(words):
            yield sentence
            count += 1
            if count == 8:
                return


def _one_less(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def _one_error_apart(one: str, other: str) -> bool:
    """Of two words that are equal with a letter less each: one letter changed, or two that changed places."""
    if len(one) != len(other):
        return False
    different = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(different) == 1:
        return True
    if len(different) != 2 or different[1] != different[0] + 1:
        return False
    first, second = different
    return one[first] == other[second] and one[second] == other[first]
