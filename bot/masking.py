"""What points to a person, replaced by words in brackets: for signals, FAQ and the weekly overview.

Pure, linear in the text and careful to the safe side: what looks like personal data goes. No storage and no
hashing (`pseudonyms.py`). Names of people are not recognised here.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, Literal, get_args

Kind = Literal[
    "profiellink",
    "e-mailadres",
    "rekeningnummer",
    "rijksregisternummer",
    "telefoonnummer",
    "nummerplaat",
    "adres",
    "gebruikersnaam",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

# Replacing one thing can uncover another that was glued to it; no text needs more than two or three rounds,
# and the bound keeps hostile texts linear.
_ROUNDS = 8


def mask(text: str) -> str:
    """The text with everything of the KINDS replaced by its kind in square brackets; masking again changes
    nothing."""
    return _masked(text)[0]


def found(text: str) -> tuple[Kind, ...]:
    """The kinds of personal data in the text, in the order of KINDS."""
    kinds = _masked(text)[1]
    return tuple(kind for kind in KINDS if kind in kinds)


def _masked(text: str) -> tuple[str, set[Kind]]:
    kinds: set[Kind] = set()
    for _ in range(_ROUNDS):
        before = text
        for kind in KINDS:
            text, some = _replace(text, _FINDERS[kind], f"[{kind}]")
            if some:
                kinds.add(kind)
        if text == before:
            break
    return text, kinds


def _replace(text: str, finder: "_Finder", word: str) -> tuple[str, bool]:
    pieces = []
    end = 0
    for start, stop in finder(text):
        if start >= end:
            pieces += [text[end:start], word]
            end = stop
    return "".join((*pieces, text[end:])), end > 0


_Finder = Callable[[str], Iterator[tuple[int, int]]]


def _finder(pattern: re.Pattern[str], accept: Callable[[re.Match[str]], bool] = bool) -> _Finder:
    """All matches that pass the check."""
    return lambda text: (match.span() for match in pattern.finditer(text) if accept(match))


# --- profiles, addresses, names on the internet -------------------------------------------------------------

# First parts of paths that are no person.
_NO_PROFILE = {
    "about", "ads", "business", "directory", "events", "explore", "flx", "gaming", "groups", "hashtag",
    "help", "home", "i", "intent", "jobs", "legal", "login", "marketplace", "messages", "notifications",
    "p", "permalink.php", "photo", "photo.php", "photos", "play", "policies", "posts", "privacy", "reel",
    "reels", "search", "settings", "share", "share.php", "sharer", "sharer.php", "shorts", "story.php",
    "t", "terms", "tos", "tv", "video", "videos", "watch",
}  # fmt: skip
_PROFILE = re.compile(
    r"""(?<![\w@.-]) (?:https?://)? (?:[a-z0-9-]{1,30}\.){0,2}
    (?: (?:facebook|fb|instagram|twitter|x|threads|snapchat)\.(?:com|net) / (?P<first>[\w@.%+-]++)
      | linkedin\.com / (?:in|pub) / [\w%.-]++
      | tiktok\.com / @ [\w.%-]++
      | youtube\.com / (?:@|c/|user/|channel/) [\w.%-]++
      | (?:wa\.me|t\.me|m\.me) / \+? [\w.%-]++
    ) (?:[/?\#][^\s<>\[\]()"']*+)?""",
    re.IGNORECASE | re.VERBOSE,
)


def _profiles(text: str) -> Iterator[tuple[int, int]]:
    for match in _PROFILE.finditer(text):
        first = (match["first"] or "").casefold()
        if first not in _NO_PROFILE:
            yield match.start(), match.start() + len(match[0].rstrip(".,;:!?'"))


_MAIL = re.compile(
    r"""(?<![\w.+%-]) [\w.+%-]++ \s?(?:@|\(at\)|\[at\])\s?
    (?:[\w-]++ (?:\.|\s?(?:\(dot\)|\(punt\)|\[dot\]|\[punt\])\s?) )++ [^\W\d_]{2,24}""",
    re.IGNORECASE | re.VERBOSE,
)
# A handle holds a letter and is no hour ("@14u").
_HANDLE = re.compile(r"(?<![\w@.])(?:@(?!\d{1,2}[uh]\d{0,2}\b)(?=[\d._-]*[^\W\d_])\w(?:[\w.-]*\w)?)++")


# --- numbers ------------------------------------------------------------------------------------------------

# ISO 13616: how many characters an account number has, for the countries of the payment area and Morocco.
_IBAN_LENGTHS = {
    "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MA": 28, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28,
    "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26,
}  # fmt: skip
_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}[ ]?[0-9]{2}(?:[ .\-]?[A-Z0-9]){11,30}", re.IGNORECASE)


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN.finditer(text):
        from stdnum import iban  # noqa: PLC0415 - few texts hold one; no start waits for it

        length = _IBAN_LENGTHS.get(match[0][:2].upper(), 0)
        seen = 0
        for place, sign in enumerate(match[0], match.start() + 1):
            seen += sign not in " .-"
            if seen == length:
                whole = text[match.start() : place]
                # A Belgian number with a typing error is still somebody's number.
                if (not text[place : place + 1].isalnum()) and (_digits(whole[2:]) == 14 or iban.is_valid(whole)):
                    yield match.start(), place
                break


def _digits(text: str) -> int:
    return sum(sign.isdigit() for sign in text)


_REGISTER = re.compile(
    r"(?<![\w.])[0-9]{2}[ .\-/]?[0-9]{2}[ .\-/]?[0-9]{2}[ .\-/]{0,3}[0-9]{3}[ .\-/]?[0-9]{2}(?!\w|[.,]\d)",
    re.ASCII,
)
_REGISTER_SHAPE = re.compile(r"\d\d\.\d\d\.\d\d ?- ?\d{3}[.\-]\d\d", re.ASCII)


def _is_register_number(match: re.Match[str]) -> bool:
    if _REGISTER_SHAPE.fullmatch(match[0]):
        return True
    from stdnum.be import bis, nn  # noqa: PLC0415 - as above

    number = re.sub(r"\D", "", match[0])
    return nn.is_valid(number) or bis.is_valid(number)


# Begins as a telephone number does; only its first two groups may be single digits, so "0 1 2 3 …" is none.
_PHONE = re.compile(
    r"""(?<!\w) (?<![^\W\d_]/)
    (?: \+[ ]?[0-9]{1,15} | \(0[0-9]{1,3}\) | 0[0-9]{1,15} | 3[123][0-9]{0,10} )
    (?: [ ]?(?:\(0\)|[./-])?[ ]? [0-9]{1,15} )?
    (?: [ ]?[./ -][ ]? [0-9]{2,8} ){0,5}""",
    re.VERBOSE | re.ASCII,
)
# How Belgians write a number: an area and three groups, or a mobile number; also when it is not in use.
_BELGIAN = re.compile(r"0(?:[1-9]\d{7}|[4][5-9]\d{7,8})", re.ASCII)
_INTERNATIONAL, _NATIONAL = range(8, 19), range(9, 12)  # how many digits they have, all written ones counted
_DATE = re.compile(r"[0-3]?\d([./ -])[01]?\d\1(?:19|20)\d\d", re.ASCII)
_COMPANY = re.compile(r"(?:BE|BTW|KBO|ondernemingsnummer|nummer)[ :.]{0,3}$", re.IGNORECASE)


def _phones(text: str) -> Iterator[tuple[int, int]]:
    place = 0
    while match := _PHONE.search(text, place):
        begin, place = match.start(), match.end()
        written = match[0]
        lengths = _INTERNATIONAL if written.startswith(("+", "00")) else _NATIONAL
        count = 0
        # What follows a number may look like one more group of it: the longest part that is a number counts.
        ends = []
        for group in re.finditer(r"[0-9]+", written):
            count += len(group[0])
            if count in lengths and not text[begin + group.end() : begin + group.end() + 1].isalnum():
                ends.append(begin + group.end())
        for end in reversed(ends):
            if _is_phone(text[begin:end], text[max(0, begin - 24) : begin]):
                yield begin, end
                place = end
                break


def _is_phone(written: str, before: str) -> bool:
    digits = re.sub(r"\D", "", written.replace("(0)", ""))
    if _DATE.match(written):
        return False
    if re.fullmatch(r"0\d{3}\.\d{3}\.\d{3}", written) and _COMPANY.search(before):
        return False  # a company's number stands beside its name in public
    if written[0] == "3":
        # Without + or 00 only mobile numbers, which nothing else looks like.
        return bool(re.fullmatch(r"324[5-9]\d{7}|316\d{8}|33[67]\d{8}", digits))
    if _BELGIAN.fullmatch(digits) and (len(digits) == 10 or not written.isdigit()):
        return True
    return _is_valid_phone(f"+{digits}" if written[0] == "+" else digits)


@lru_cache(maxsize=1024)
def _is_valid_phone(digits: str) -> bool:
    import phonenumbers  # noqa: PLC0415 - its tables are large; no start waits for them

    for region in ("BE", "NL", "FR"):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(digits, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


_PLATE = re.compile(
    r"""(?<![\w.-])
    (?: (?:[1-9]|[OQTMG]) (?P<sep>[-. ]?) (?P<word>[A-Z]{3}) (?P=sep) [0-9]{3}
      | [A-Z]{3} - [0-9]{3} | [0-9]{3} - [A-Z]{3}
      | [A-HJ-NP-Z]{2} - [0-9]{3} - [A-Z]{1,2} | [A-Z] - [0-9]{3} - [A-Z]{2}
      | [0-9]{1,2} - [A-Z]{2,3} - [0-9]{1,2}
      | [1-9] - [a-z]{3} - [0-9]{3} | [1-9][a-z]{3}[0-9]{3} ) (?![\w]|-\w)""",
    re.VERBOSE,
)
# The older shape without its hyphen looks like too much else, unless the text says that it is a plate.
_PLATE_SAID = re.compile(
    r"""(?<=plaat|teken) (?: \s(?:is|was|nr\.?|nummer) | : | \s ){0,3} \s?
    (?P<plate> [A-Z]{3}[ .]?[0-9]{3} | [0-9]{3}[ .]?[A-Z]{3} ) (?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_PLATE = {
    "ART", "BTW", "BUS", "CAO", "DAG", "EUR", "ISO", "KEE", "KMO", "NBN", "PER", "PFO", "RUP", "TOT",
    "TUV", "UUR", "VAN", "VOL", "WET", "VVV",
}  # fmt: skip


def _plates(text: str) -> Iterator[tuple[int, int]]:
    spans = [match.span() for match in _PLATE.finditer(text) if not _NO_PLATE.intersection(re.findall(r"[A-Z]{3}", match[0]))]
    yield from sorted(spans + [match.span("plate") for match in _PLATE_SAID.finditer(text)])


# --- postal addresses ---------------------------------------------------------------------------------------

_CAPITAL = r"(?-i:[A-ZÀ-ÖØ-Þ])[\w'’.-]{0,30}+"
# Words that stand with a capital before a street's name and are no part of it.
_NO_NAME = (
    r"(?-i:De|Het|In|Op|Aan|Van|Naar|Bij|Ik|Hij|Zij|Ze|Wij|We|Er|Dit|Dat|Die|Deze|En|Of|Maar|Ook|Ter|Tot|"
    r"Tegenover|Woont|Woon|Adres|Gisteren|Vandaag|Morgen)\s"
)
# Where nobody lives, though the word ends as a street does.
_NO_STREET = (
    r"(?:(?:voet|fiets|zebra|jaag|ruiter|wandel)pad|speelplein|(?:woon|fiets|winkel|zij|eenrichtings)straat"
    r"|(?:auto|autosnel|snel|spoor|om|heen|terug|onder|land|rij|uit|zij|uitvals|toegangs)weg|bouwwerf|woonwijk"
    r"|(?:container|recyclage|speel|skate|bedrijven)park|kerkhof|(?:voor|achter|in|uit|door)gang"
    r"|(?:rij|busrij|land|spoor|start)baan|supermarkt|arbeidsmarkt|rommelmarkt|kerstmarkt|op\s?weg)\b"
)
_STREET = rf"""
    (?: (?!{_NO_NAME}) {_CAPITAL}\s (?: (?:van|de|den|der|ten|ter|ver)\s ){{0,2}} ){{0,3}}
    (?!{_NO_STREET}) [^\W\d_] [\w'’.-]{{1,40}}? (?: straat | straatje | laan | steenweg | dreef | dreve
        | kaai | kade | plein | weg | wegel | wegje | pad | hof | dijk | lei | singel | steeg | gang | wijk
        | baan
        | vest | markt | rei | werf | wal | vaart | berm | warande | ring | erf | poort | park )
  | (?: steenweg | heirweg | weg | baan | dreef | laan | plein | hof )
    \s (?:op|naar|ten|ter|te|van|tot|der|de) \s [^\W\d_][\w'’.-]{{1,30}}+ (?: \s{_CAPITAL} )?
  | (?-i: (?: (?:Grote|Oude|Nieuwe|Kleine|Lange|Korte|Hoge|Lage|Groot|Klein) \s )?
    (?: Markt | Dorp | Dorpsplein | Plein | Kouter | Vrijthof | Dijk | Kaai | Singel | Plaats | Steenweg
        | Heide | Hof | Lei | Wal | Dam | Vest ) )"""
# A number before one of these counts or dates something.
_COUNTED = r"""(?: minu\w* | min\b | uur\b | uren | u\b | dag\w* | we?ek\w* | maand\w* | jaar\b | jaren | keer
    | maal | x\b | km\b | kilometer\w* | meter\w* | m\b | m2 | m² | euro | eur\b | procent | auto\w*
    | wagen\w* | mensen | personen | kinderen | bomen | huizen | woningen | januari | februari | maart | april
    | mei\b
    | juni | juli | augustus | september | oktober | november | december
    | (?:jan|feb|aug|sept?|okt|nov|dec)\b )"""
_ADDRESS = re.compile(
    rf"""(?<![\w@./-]) (?=[^\W\d_]\D{{1,120}}+\d) (?:{_STREET})
    ,? \s{{1,2}} (?: (?:nr|nummer|n°|huisnr|huisnummer) \.?\s? )?
    (?!(?:19|20)\d\d\b) [1-9]\d{{0,3}} (?! [\d:.,]\d | \s?(?:%|€|[uh]\d|º|°) | /\d{{1,2}}/ | -\d{{1,2}}-\d )
    (?: [a-z]\b )? (?: \s?[/-]\s?\d{{1,4}}[a-z]?\b | ,?\s?(?:bus|bte|box)\.?\s?[\w.]{{1,5}}\b )?
    (?!\w) (?!\s{_COUNTED})
    (?: ,?\s{{1,2}} (?:te\s|in\s|B-?)? [1-9]\d{{3}} \s {_CAPITAL} (?: [ -]{_CAPITAL} )? )?""",
    re.IGNORECASE | re.VERBOSE,
)


_FINDERS: Final[dict[Kind, _Finder]] = {
    "profiellink": _profiles,
    "e-mailadres": _finder(_MAIL),
    "rekeningnummer": _ibans,
    "rijksregisternummer": _finder(_REGISTER, _is_register_number),
    "telefoonnummer": _phones,
    "nummerplaat": _plates,
    "adres": _finder(_ADDRESS),
    "gebruikersnaam": _finder(_HANDLE),
}
