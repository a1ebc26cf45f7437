"""What happens to a citizen's text and links when they enter, and the few plain questions asked about them.

Pure functions over one text: cleaning, cutting, comparing, telling formal from informal. No masking
(`masking.py`), no hints about content, no I/O.
"""

import re
import unicodedata
from hashlib import sha256
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import regex

LIMIT = 200_000
"""The longest text that is kept, in code points."""

Platform = Literal["facebook", "instagram", "x", "linkedin", "tiktok", "youtube", "whatsapp"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- cleaning ---------------------------------------------------------------------------------------------

_LINE_END = regex.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SURROGATE_PAIR = regex.compile("[\ud800-\udbff][\udc00-\udfff]")

# A flag of a part of a country is spelt with invisible letters; only the three that exist are let through,
# because the same letters can smuggle a text that nobody sees.
_TAG_FLAGS = "|".join("".join(chr(0xE0000 + ord(c)) for c in name) for name in ("gbeng", "gbsct", "gbwls"))
_ELEMENT = "\\p{Extended_Pictographic}[\ufe0e\ufe0f]?+[\U0001f3fb-\U0001f3ff]?+\u20e3?+"
# No emoji that exists joins more than ten pictures; a longer chain would be one endless "character".
_EMOJI = f"\U0001f3f4(?:{_TAG_FLAGS})\U000e007f|{_ELEMENT}(?:\u200d{_ELEMENT}){{0,9}}+|[0-9#*]\ufe0f?\u20e3"
_FORBIDDEN = (
    "\x00-\x09\x0b-\x1f\x7f-\x9f"  # control characters; the line feed stays
    "\ud800-\udfff"  # lone surrogates
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction (bidi)
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # without width
    "\U000e0000-\U000e0fff"  # tags and variation selectors
    "\ufdd0-\ufdef" + "".join(chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000))
)
_CLEAN_AWAY = regex.compile(f"({_EMOJI})|[{_FORBIDDEN}]+")
# Eight marks on one letter is more than any language uses; towers of them only serve to hide a text.
_TOWER = regex.compile(r"(\p{M}{8})\p{M}+")
# Nearly every Dutch text: letters with their accents on, signs, line feeds. There is nothing in it to clean but its ends.
_CLEAN = re.compile("[\n -~\xa1-\xac\xae-\u024f\u2013\u2014\u2018-\u201f\u2026\u20ac]*")


def clean(text: str) -> str:
    """The text as it is kept: NFC, line feeds only, nothing invisible or steering, trimmed; cleaning it again
    changes nothing. Joiners and variation selectors stay inside emoji, tabs become spaces."""
    if _CLEAN.fullmatch(text):
        return text.strip()
    while True:
        before = text
        text = _SURROGATE_PAIR.sub(_join_surrogates, text)
        text = _LINE_END.sub("\n", text).replace("\t", " ")
        text = unicodedata.normalize("NFC", _CLEAN_AWAY.sub(r"\1", text))
        text = _TOWER.sub(r"\1", text).strip()
        # Composing can take an emoji away from its joiner, so once more until nothing changes (rarely twice).
        if text == before:
            return text


def _join_surrogates(pair: "regex.Match[str]") -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")


_BLANK_SIGNS = "\u2800"  # a braille pattern without dots: a sign by name, white paper to the reader
_ONLY_EMOJI = regex.compile(f"(?:{_EMOJI}|[\U0001f1e6-\U0001f1ff]|[\U0001f3fb-\U0001f3ff]|\\s)++")


def is_blank(text: str) -> bool:
    """Nothing to see: white space and invisible characters only. Emoji are not blank."""
    return not clean(text).replace(_BLANK_SIGNS, "").strip()


def only_emoji(text: str) -> bool:
    """Something to see, and all of it emoji."""
    kept = clean(text)
    return not is_blank(kept) and _ONLY_EMOJI.fullmatch(kept) is not None


# --- cutting ----------------------------------------------------------------------------------------------

_GRAPHEME = regex.compile(r"\X")
_FLAGS = regex.compile("(?:[\U0001f1e6-\U0001f1ff]{2})++")
_BORDER = regex.compile(r"[\p{GCB=Other}\p{GCB=Control}\p{GCB=LF}][^\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]", regex.DOTALL)


def cut(text: str, limit: int = LIMIT) -> tuple[str, bool]:
    """At most `limit` code points of the text, never through a visible character (grapheme); was it cut."""
    if len(text) <= limit:
        return text, False
    if limit <= 0:
        return "", True
    end = _certain_border(text, limit)
    # The library counts back through all flags before each flag; pairs of them can be stepped over at once.
    if flags := _FLAGS.match(text, end, limit):
        end = max(end, flags.end() - 2)
    for grapheme in _GRAPHEME.finditer(text, end):
        if grapheme.end() > limit:
            break
        end = grapheme.end()
    return text[:end], True


def _certain_border(text: str, limit: int) -> int:
    """The last place up to `limit` that surely lies between two graphemes, whatever stands around it (Unicode
    annex 29): counting from there keeps cutting quick. Without one, the beginning."""
    for place in range(limit, 0, -1):
        if _BORDER.fullmatch(text, place - 1, place + 1):
            return place
    return 0


def excerpt(text: str, n: int) -> str:
    """The beginning of the text on one line, at most `n` code points with the ellipsis."""
    line = " ".join(text.split())
    if len(line) <= n:
        return line
    if n <= 0:
        return ""
    return cut(line, n - 1)[0].rstrip() + "…"


# --- comparing --------------------------------------------------------------------------------------------


def fingerprint(text: str) -> str:
    """Equal for texts that differ in case, white space or invisible characters only (SHA-256, hex)."""
    folded = unicodedata.normalize("NFC", " ".join(clean(text).casefold().split()))
    return sha256(folded.encode()).hexdigest()


_HOSTS: dict[str, Platform] = {
    "facebook.com": "facebook",
    "fb.com": "facebook",
    "fb.me": "facebook",
    "fb.watch": "facebook",
    "messenger.com": "facebook",
    "m.me": "facebook",
    "instagram.com": "instagram",
    "instagr.am": "instagram",
    "ig.me": "instagram",
    "x.com": "x",
    "twitter.com": "x",
    "t.co": "x",
    "linkedin.com": "linkedin",
    "lnkd.in": "linkedin",
    "tiktok.com": "tiktok",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "youtube-nocookie.com": "youtube",
    "whatsapp.com": "whatsapp",
    "wa.me": "whatsapp",
}
_SAME_SITE = {"fb.com": "facebook.com", "twitter.com": "x.com", "instagr.am": "instagram.com"}
_FRONT_DOORS = frozenset({"www", "m", "mobile", "mbasic", "web", "touch", "business", "l", "lm"})
_TRACKING = _words("dclid fbclid gbraid gclid igsh igshid li_fat_id mc_cid mc_eid msclkid ttclid twclid wbraid yclid")
# What each platform adds to say where a visitor came from; on any other site such a name may mean something.
_TRACKING_ON: dict[Platform, frozenset[str]] = {
    "facebook": _words(
        "__cft__ __cft__[0] __eep__ __so__ __tn__ __xts__ __xts__[0] _rdc _rdr acontext app eav hc_ref "
        "locale mibextid notif_id notif_t paipv rdid ref refid refsrc s sfnsn share_url wtsid"
    ),
    "instagram": _words("hl img_index taken-by"),
    "x": _words("cn cxt lang ref_src ref_url s t"),
    "linkedin": _words("lipi midToken originalSubdomain rcm refId trackingId trk trkInfo"),
    "tiktok": _words(
        "_d _r _t checksum is_copy_url is_from_webapp lang q refer sec_user_id sender_device sender_web_id "
        "share_app_id share_link_id timestamp tt_from u_code web_id"
    ),
    "youtube": _words("ab_channel app embeds_referring_euri feature gl hl pp si t"),
    "whatsapp": frozenset({"app_absent", "lang"}),
}


def guess_platform(url: str) -> Platform | None:
    """The platform that a link leads to, by its host."""
    return _platform_of(_host_of(url))


def _host_of(url: str) -> str:
    url = clean(url)
    try:
        return (urlsplit(url if "://" in url else f"https://{url}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _platform_of(host: str) -> Platform | None:
    labels = host.split(".")
    for start in range(max(0, len(labels) - 3), len(labels)):
        if platform := _HOSTS.get(".".join(labels[start:])):
            return platform
    return None


def normal_link(url: str) -> str:
    """One spelling for links to the same place; for finding a link again, not for opening it. Without
    tracking, fragment, front doors (`m.`, `www.`) of known platforms, closing slash. What is no web link
    comes back cleaned."""
    url = clean(url)
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in {"http", "https"} or "." not in host or any(sign.isspace() for sign in url):
        return url
    platform = _platform_of(host)
    path, query = parts.path, parse_qsl(parts.query, keep_blank_values=True)
    if platform is not None:
        host = _site_of(host)
        if host == "youtu.be" and path.strip("/"):
            host, path, query = "youtube.com", "/watch", [("v", path.strip("/")), *query]
    dropped = _TRACKING | (_TRACKING_ON[platform] if platform else frozenset())
    kept = sorted((k, v) for k, v in query if k not in dropped and not k.startswith("utm_"))
    address = host if port in {None, 80, 443} else f"{host}:{port}"
    tail = f"?{urlencode(kept)}" if kept else ""
    return f"https://{address}{path.rstrip('/')}{tail}"


def _site_of(host: str) -> str:
    """The host of a known platform without its front door, be it `m.`, `www.` or a language (`nl-be.`)."""
    for site in _HOSTS:
        if host.endswith(f".{site}"):
            door = host.removesuffix(f".{site}")
            if door in _FRONT_DOORS or regex.fullmatch(r"[a-z]{2}(-[a-z]{2})?", door):
                host = site
            break
    return _SAME_SITE.get(host, host)


# --- u or je ----------------------------------------------------------------------------------------------

_WORD = regex.compile(r"[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*")
_JE = _words("je jij jou jouw jouwe jezelf jullie jullies jouwen")
# Who says ge or gij says "uw" to a friend as well: the Flemish familiar form.
_GE = _words("ge gij gijle gijlie gulle gulder gullie gunder ulle ulder")
_UW = _words("uw uwe uws uzelf uwentwege")
_ENGLISH_BEFORE_U = _words("thank thanks thx love see miss fuck r are if for screw hate with")
_BEFORE_AN_HOUR = _words("per half halve kwart letter klasse type één een twee drie vier vijf zes zeven acht negen")
_THANKS = _words("dank bedankt danku")


def says_u(text: str) -> bool:
    """Does a Dutch text address its reader with u/uw rather than with je/jij or ge/gij; no for empty text."""
    firm = polite = familiar = 0
    before = ""
    for match in _WORD.finditer(text):
        word = match[0].casefold()
        if word in _GE:
            return False
        if word in _JE:
            familiar += 1
        elif word in _UW:
            firm += 1
        elif word in {"dankuwel", "danku"} or (word == "u" and before in _THANKS):
            polite += 1  # "dank u wel" is also said by those who say je
        elif word == "u" and _is_the_pronoun(text, match.start(), match.end(), before):
            firm += 1
        before = word
    return firm >= max(familiar, 1) or (polite > 0 and firm == familiar == 0)


def _is_the_pronoun(text: str, start: int, end: int, before: str) -> bool:
    """Is this single letter u the pronoun: no hour ("8 u", "12 u."), abbreviation ("a.u.b.", "km/u"), letter
    ("U-bocht") or English ("thank u")."""
    if before in _ENGLISH_BEFORE_U or before in _BEFORE_AN_HOUR or before.isdigit():
        return False
    left, right = text[max(0, start - 1) : start], text[end : end + 3]
    if left in {".", "/", "-", "&"} or right[:1] in {"-", "/", "&"} or (right[:1] == "." and right[1:2].isalpha()):
        return False
    # "van 9 tot 12u. gesloten" and "aantal u. per week": an abbreviation goes on with a small letter.
    return not (right[:1] == "." and right[1:2].isspace() and right[2:3].islower())


def is_address(text: str) -> bool:
    """Whether the text is one whole web address and nothing else."""
    return _ADDRESS.fullmatch(text) is not None


_ADDRESS = re.compile(r"https?://[^\s<>]{3,400}")
