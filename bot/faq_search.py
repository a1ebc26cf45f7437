"""Finds the FAQ entries that answer a Dutch question, and the one that may be offered without being asked.

A small search engine in memory: stems, parts of compounds, synonyms, mended typing errors and trigrams,
fused by reciprocal rank. Derived from the entries, so it can be thrown away and made again; no storage.
"""

import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from math import log
from typing import Final

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
    meneer iedereen
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
# Each line: words with which Flemish citizens and their town hall mean the same.
_SAME: Final = """
    huisvuil restafval vuilnis vuilkar vuilniswagen vuilbak vuil afval vuilzak vuilniszak huisvuilzak
    containerpark recyclagepark recyclagecentrum
    gft groenafval tuinafval groenbak
    pmd plastiek plastic blauwe-zak
    grofvuil grof-vuil grofhuisvuil
    identiteitskaart eid id-kaart pas paspoort identiteitsbewijs
    reispas paspoort internationaal-paspoort
    kids-id kinder-id kinderpas
    rijbewijs rijvergunning
    verhuizen verhuis adreswijziging adresverandering domicilie verhuizing inschrijven
    trouwen huwelijk huwen trouw
    samenwonen samenwoning samenwonend
    geboorte geboorteaangifte bevallen baby boreling pasgeboren
    overlijden overlijdensaangifte gestorven overleden sterfgeval dood
    begraven begraafplaats kerkhof begrafenis graf
    uittreksel attest bewijs akte document afschrift
    strafregister goed-gedrag-en-zeden gedrag zeden strafblad
    subsidie premie toelage tussenkomst steun
    bouwvergunning omgevingsvergunning bouwaanvraag vergunning bouwen verbouwen bouw
    boom bomen snoeien kappen vellen rooien
    put putten wegdek kuil gat weg
    straatverlichting lantaarn lantaarnpaal straatlamp verlichting lamp
    sluikstort sluikstorten zwerfvuil zwerfafval illegaal-storten dumpen gedumpt
    hondenpoep hondendrol hondendrollen hondenkak hondentoilet hondenweide
    parkeerkaart bewonerskaart parkeervergunning parkeren
    parkeerverbod parkeerverbodsbord verhuiswagen inname verhuislift container
    handicap beperking gehandicapt mindervalide rolstoel
    fiets fietsen rijwiel fietsdiefstal
    zwembad zwemmen bad
    bibliotheek bib boeken boek lenen uitlenen ontlenen
    sporthal sportzaal sportcentrum
    speelplein speelpleinwerking vakantiewerking vakantieopvang kinderopvang opvang
    kinderopvang creche onthaalouder kribbe
    school scholen inschrijven
    zaal feestzaal zalen huren verhuren reserveren reservatie vastleggen huur
    evenement fuif buurtfeest straatfeest feest activiteit
    speelstraat speelstraten
    rommelmarkt brocante avondmarkt
    belasting taks heffing aanslagbiljet
    retributie boete gas-boete
    afspraak afspreken reserveren
    openingsuren open openen opening geopend gesloten toe sluiten sluitingsuur openingstijden uren
    loket balie stadhuis gemeentehuis administratief-centrum
    wateroverlast overstroming ondergelopen ondergestroomd
    riool riolering rioolputje
    ratten rat ongedierte knaagdieren
    wespen wespennest hoornaar
    lawaai geluidsoverlast nachtlawaai herrie overlast
    zwerfkat zwerfkatten kat katten kater poes
    burgemeester schepen
    ocmw leefloon uitkering sociaal-huis
    jeugd jongeren kinderen
    senioren bejaarden ouderen gepensioneerden
    wifi internet
    laadpaal laadpalen opladen laden elektrisch
    stemmen verkiezingen verkiezing volmacht stembrief
    compost composteren compostvat
    glas glasbol glasbollen flessen glascontainer
    klacht klagen ontevreden
    vaccin vaccinatie inenting
    nationaliteit belg naturalisatie
    vreemdeling vreemdelingen verblijfskaart verblijfsvergunning verblijfstitel
    vondeling verloren gevonden kwijt gestolen verlies
    aanvragen bestellen halen bekomen aanvraag
    ophaling ophalen opgehaald komt ophaaldag
    telefoon telefoonnummer bellen gsm
    mail e-mail e-mailadres mailen
"""


def _synonyms() -> dict[str, tuple[str, ...]]:
    same: dict[str, dict[str, None]] = defaultdict(dict)
    for line in _SAME.strip().splitlines():
        group = line.split()
        for word in group:
            same[word] |= dict.fromkeys(other for other in group if other != word)
    return {word: tuple(others) for word, others in same.items()}


SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = _synonyms()
"""Words of Flemish town halls with the words that mean about the same."""


# --- from text to words -------------------------------------------------------------------------------------

_TOKEN = regex.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SENTENCE = regex.compile(r"[^.!?\n]+[.!?]*")
# A question that is not asked in its first words is not asked of a list.
_LONGEST_QUERY, _LONGEST_TEXT, _LONGEST_WORD = 40, 4000, 50


def _plain(text: str) -> str:
    """Lower case without accents; `foto's` as `fotos`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign) and sign not in "'’")


def _tokens(text: str) -> Iterator[str]:
    for match in _TOKEN.finditer(_plain(text)):
        if len(match[0]) <= _LONGEST_WORD:
            yield match[0].replace("-", "")


def telling_words(text: str) -> frozenset[str]:
    """The words of ``text`` that say what it is about, in lower case without accents."""
    return frozenset(word for word in _tokens(text) if len(word) >= _SHORTEST_PART and word not in _STOP_WORDS)


def _trigrams(word: str) -> Iterator[str]:
    padded = f" {word} "
    return (padded[place : place + 3] for place in range(len(padded) - 2))


class _Stems:
    """Stems with a memory: the stemmer takes longer than the rest of a search."""

    def __init__(self) -> None:
        import snowballstemmer  # noqa: PLC0415 - loads all its languages; no start waits for that

        self._stemmer = snowballstemmer.stemmer("dutch")
        self._known: dict[str, str] = {}

    def __call__(self, word: str) -> str:
        stem = self._known.get(word)
        if stem is None:
            stem = str(self._stemmer.stemWord(word))
            if len(self._known) < 200_000:
                self._known[word] = stem
        return stem


# --- the index ----------------------------------------------------------------------------------------------

# How much a word counts by where it stands in an entry.
_QUESTION, _TAG, _ANSWER = 3.0, 3.0, 0.6
# How much a match counts by how it came about.
_SAME_WORD, _MENDED, _SYNONYM, _PART, _SYNONYM_PART = 1.0, 0.8, 0.75, 0.6, 0.4
_ASKING_SHARE = 0.3
_SHORTEST_PART = 4
_SHORTEST_MENDED = 5
# Reciprocal rank fusion: what words, pieces and judgement count, and how slowly lower ranks lose weight.
_FUSED, _FUSION = (1.0, 0.2, 1.0), 10
_POSTINGS_PER_QUERY, _PIECES_PER_QUERY = 8_000, 5_000
_CANDIDATES = 30
_RARE_SHARE = 0.03
_FIT_SCORE = 0.57
_FIT_LEAD = 0.04


@dataclass(slots=True)
class _Postings:
    """The entries that hold a stem, and how much it counts there."""

    entries: "array[int]" = field(default_factory=lambda: array("I"))
    weights: "array[float]" = field(default_factory=lambda: array("f"))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One word of a query: every stem that it may stand for, with how surely."""

    word: str
    stems: Mapping[str, float]
    weight: float
    asking: bool


class Index:
    """Entries, ready to be searched. Making it takes about a third of a millisecond an entry."""

    def __init__(self, entries: Iterable[Entry], synonyms: Mapping[str, tuple[str, ...]] = SYNONYMS) -> None:
        """Synonyms are looked up by plain words (lower case, no accents)."""
        self._stem = _Stems()
        self._entries = tuple(entries)
        self._numbers = {entry.id: number for number, entry in enumerate(self._entries)}
        self._synonyms: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for word, others in synonyms.items():
            plain = tuple("".join(_tokens(other)) for other in others)
            for key in {"".join(_tokens(word)), self._stem("".join(_tokens(word)))}:
                self._synonyms[key] += plain
        self._postings: dict[str, _Postings] = defaultdict(_Postings)
        self._pieces: dict[str, array[int]] = defaultdict(lambda: array("I"))
        self._asked_stems: list[Mapping[str, float]] = []
        self._piece_counts = array("I")
        self._vocabulary: dict[str, str] = {}
        self._deletions: dict[str, list[str]] = defaultdict(list)
        self._asking_stems = {self._stem(word) for word in _ASKING}
        self._learn_words()
        for number, entry in enumerate(self._entries):
            self._add(number, entry)
        self._questions_with = Counter(stem for asked in self._asked_stems for stem in asked)
        self._rarities = {stem: self._rarity_of(len(held.entries)) for stem, held in self._postings.items()}
        self._wholes = array(
            "f",
            (sum(self._importance(stem) * held for stem, held in asked.items()) for asked in self._asked_stems),
        )

    # --- making ---

    def _learn_words(self) -> None:
        for entry in self._entries:
            for text in (entry.question, *entry.tags, entry.answer):
                for word in _tokens(text):
                    if word not in _STOP_WORDS:
                        self._vocabulary[word] = self._stem(word)
        self._known_stems = set(self._vocabulary.values())
        for word in self._vocabulary:
            if len(word) >= _SHORTEST_MENDED:
                for shorter in _one_less(word):
                    self._deletions[shorter].append(word)

    def _add(self, number: int, entry: Entry) -> None:
        counts: dict[str, float] = defaultdict(float)
        asked: dict[str, float] = {}
        for weight, text in (
            (_QUESTION, entry.question),
            *((_TAG, tag) for tag in entry.tags),
            (_ANSWER, entry.answer),
        ):
            for word in _tokens(text):
                if word in _STOP_WORDS:
                    continue
                stem = self._stem(word)
                counts[stem] += weight
                if weight > _ANSWER:
                    asked[stem] = 1.0
                for part in self._split(word):
                    counts[part] += weight * _PART
                    if weight > _ANSWER:
                        asked.setdefault(part, _PART)
        for stem, count in counts.items():
            postings = self._postings[stem]
            postings.entries.append(number)
            postings.weights.append(2.2 * count / (count + 1.2 * _QUESTION))
        pieces = {piece for word in self._content(entry.question) for piece in _trigrams(word)}
        for piece in pieces:
            self._pieces[piece].append(number)
        self._piece_counts.append(len(pieces))
        self._asked_stems.append(asked)

    def _content(self, text: str) -> list[str]:
        return [word for word in _tokens(text) if word not in _STOP_WORDS]

    def _split(self, word: str) -> tuple[str, ...]:
        """The stems of the parts of a compound, when all are words of the entries: huisvuil + ophaling."""
        best: tuple[str, ...] = ()
        for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
            if not (left := self._part(word[:place], linked=True)):
                continue
            rest = word[place:]
            if right := self._part(rest, linked=False):
                # The longest beginning wins: "straatverlichting" rather than "straat" + a lucky rest.
                best = (left, right)
            elif not best and len(rest) >= 2 * _SHORTEST_PART and (parts := self._split(rest)):
                best = (left, *parts)
        return best

    def _part(self, part: str, *, linked: bool) -> str:
        forms = [part]
        if linked:
            forms += [part[: -len(link)] for link in ("s", "en", "e", "n") if part.endswith(link)]
        for form in forms:
            if len(form) >= _SHORTEST_PART:
                if form in self._vocabulary:
                    return self._vocabulary[form]
                if not linked and (stem := self._stem(form)) in self._known_stems:
                    return stem
        return ""

    # --- asking ---

    def search(self, query: str, limit: int = 5) -> tuple[Hit, ...]:
        """The best entries for a query, best first."""
        words = self._asked_words(query)
        asked = self._understand(words)
        by_words = self._rank_by_words(asked)
        by_pieces = self._rank_by_pieces(words)
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
            hits.append(Hit(self._entries[number].id, round(ceiling, 4), why))
        return tuple(hits)

    def fits(self, query: str) -> Hit | None:
        """The one entry that answers a question in this comment so plainly that it may be offered unasked."""
        if not _RUDE.isdisjoint(_tokens(query[:_LONGEST_TEXT])):
            return None
        best: Hit | None = None
        for sentence in _questions(query):
            hits = self.search(sentence, 2)
            if not hits or hits[0].score < _FIT_SCORE or not self._shares_a_rare_word(sentence, hits[0]):
                continue
            if len(hits) > 1 and hits[0].score - hits[1].score < _FIT_LEAD:
                continue
            if best is None or hits[0].score > best.score:
                best = hits[0]
        return best

    def _shares_a_rare_word(self, sentence: str, hit: Hit) -> bool:
        number = self._numbers[hit.id]
        rare = max(3, int(_RARE_SHARE * len(self._entries)))
        return any(
            not asked.asking and self._questions_with[stem] <= rare and sure >= _SYNONYM
            for asked in self._understand(self._asked_words(sentence))
            for stem, sure in asked.stems.items()
            if self._asked_stems[number].get(stem, 0.0) >= 1.0
        )

    def _asked_words(self, query: str) -> list[str]:
        """The words that matter; two that are one word in the entries ("grof vuil") count as that one."""
        tokens = list(_tokens(query[:_LONGEST_TEXT]))
        words: list[str] = []
        place = 0
        while place < len(tokens) and len(words) < _LONGEST_QUERY:
            joined = "".join(tokens[place : place + 2])
            if len(joined) >= 2 * _SHORTEST_PART and place + 1 < len(tokens) and joined in self._vocabulary:
                words.append(joined)
                place += 2
                continue
            if tokens[place] not in _STOP_WORDS:
                words.append(tokens[place])
            place += 1
        return words

    def _understand(self, words: Sequence[str]) -> list[_Asked]:
        asked = []
        for word in dict.fromkeys(words):
            stems = self._stems_of(word)
            rarest = max((self._rarity(stem) for stem in stems), default=self._rarity(""))
            asking = word in _ASKING or self._stem(word) in self._asking_stems
            asked.append(_Asked(word, stems, rarest * (_ASKING_SHARE if asking else 1.0), asking))
        return asked

    def _stems_of(self, word: str) -> dict[str, float]:
        """Every stem of the entries that a word of a query may mean."""
        stems: dict[str, float] = {}

        def mean(stem: str, sure: float) -> None:
            if stem in self._postings and stems.get(stem, 0.0) < sure:
                stems[stem] = sure

        spelt = word
        mean(self._stem(word), _SAME_WORD)
        if not stems and word not in self._synonyms and (mended := self._mend(word)):
            spelt = mended
            mean(self._vocabulary.get(mended, self._stem(mended)), _MENDED)
        for other in (*self._synonyms.get(spelt, ()), *self._synonyms.get(self._stem(spelt), ())):
            mean(self._stem(other), _SYNONYM)
        for part in self._split(spelt):
            mean(part, _PART)
            for other in self._synonyms.get(part, ()):
                mean(self._stem(other), _SYNONYM_PART)
        return stems

    def _mend(self, word: str) -> str:
        """The known word one typing error away (a letter more, less, other, or two changed places)."""
        if len(word) < _SHORTEST_MENDED:
            return ""
        near: set[str] = set(self._deletions.get(word, ()))
        for shorter in _one_less(word):
            if shorter in self._vocabulary:
                near.add(shorter)
            near.update(other for other in self._deletions.get(shorter, ()) if _one_error_apart(word, other))
        # People rarely mistype the first letter; words that differ there mostly are other words.
        near = {other for other in near if other[0] == word[0]}
        return min(near, key=lambda other: (-len(self._postings[self._vocabulary[other]].entries), other), default="")

    def _rarity_of(self, entries: int) -> float:
        return log(1 + len(self._entries) / entries)

    def _rarity(self, stem: str) -> float:
        # A word that no entry holds is as rare as can be: it counts against every entry.
        return self._rarities.get(stem) or self._rarity_of(1)

    def _importance(self, stem: str) -> float:
        return self._rarity(stem) * (_ASKING_SHARE if stem in self._asking_stems else 1.0)

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
        return {number: 2 * count / (len(pieces) + self._piece_counts[number]) for number, count in shared.items() if count > 2}

    def _judge(self, asked: Sequence[_Asked], number: int, pieces: float) -> tuple[float, tuple[str, ...]]:
        """How well an entry answers: the share of the query that it covers and the share of its question that
        is asked for, rare words counting more; and the words shared."""
        entry = self._asked_stems[number]
        total = sum(one.weight for one in asked)
        covered = 0.0
        reached: dict[str, float] = {}
        why = []
        for one in asked:
            best = 0.0
            for stem, sure in one.stems.items():
                if held := entry.get(stem, 0.0):
                    best = max(best, sure * held)
                    reached[stem] = max(reached.get(stem, 0.0), sure)
            covered += one.weight * best
            if best:
                why.append(one.word)
        if not why:
            return pieces * 0.4, ()
        of_entry = sum(self._importance(stem) * entry[stem] * sure for stem, sure in reached.items())
        return min(1.0, 0.6 * covered / total + 0.3 * min(1.0, 1.5 * of_entry / self._wholes[number]) + 0.1 * pieces), tuple(why)


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
