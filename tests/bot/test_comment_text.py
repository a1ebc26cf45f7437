"""A citizen's text at the door: cleaning, cutting, comparing, and who says u."""

import time
import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.comment_text import (
    clean,
    cut,
    excerpt,
    fingerprint,
    guess_platform,
    is_blank,
    normal_link,
    only_emoji,
    says_u,
)

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
ENGLAND = "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in "gbeng") + "\U000e007f"

# Pieces that meet in real and in hostile texts; joined at random they find what single characters do not.
PIECES = [
    *(
        "a",
        "é",
        "e\u0301",
        " ",
        "\n",
        "\r\n",
        "\t",
        "1",
        "#",
        "©",
        "漢",
        "한",
        "\u1100",
        "\u1161",
        "क\u094dष",
        "\u0344",
    ),
    *("👍", "👍🏽", "❤\ufe0f", "↔", "\u0338", "1\ufe0f\u20e3", FAMILY, "🇧", "🇪", ENGLAND, "\U0001f3fd"),
    *("\u200d", "\ufe0f", "\ufe0e", "\u200b", "\u200e", "\u202e", "\u2066", "\x00", "\x1b", "\x85", "\u2028"),
    *("\ud800", "\udc00", "\ufeff", "\u00ad", "\U000e0041", "\U000e007f", "\ufffe", "\u0301" * 12, "\u0600"),
]
any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=80),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
)

NEVER = regex.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\u00ad\u2028\u2029\ufffe\uffff]"
)


@given(any_text)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Whatever comes in, a cleaned text is clean."""
    assert clean(clean(text)) == clean(text)


@given(any_text)
def test_a_clean_text_can_be_written_and_holds_nothing_that_steers(text: str) -> None:
    """UTF-8 takes it; no control, direction, surrogate or zero-width character; joiners only inside emoji."""
    kept = clean(text)
    kept.encode("utf-8")
    assert NEVER.search(kept) is None
    assert unicodedata.is_normalized("NFC", kept)
    assert kept == kept.strip()
    for place, sign in enumerate(kept):
        if sign == "\u200d":
            assert regex.match(r"[\p{Extended_Pictographic}\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\u20e3]", kept[place - 1])
            assert regex.match(r"\p{Extended_Pictographic}", kept[place + 1])
        if sign in "\ufe0e\ufe0f":
            assert regex.match(r"[\p{Extended_Pictographic}0-9#*]", kept[place - 1])


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  Dag\r\nbuur\rman\u2028!\x85 ", "Dag\nbuur\nman\n!"),
        ("e\u0301e\u0301n\tkeer", "één keer"),
        ("nul\x00 en \x1b[31mrood\x1b[0m", "nul en [31mrood[0m"),
        ("\u202egnp.exe\u202c \u2066x\u2069", "gnp.exe x"),
        ("on\u200bzicht\u00adbaar\ufeff", "onzichtbaar"),
        ("\ud83d half", "half"),
        ("\ud83d\ude00 heel", "😀 heel"),
        (
            f"fier {FAMILY} ❤\ufe0f 👍🏽 {ENGLAND} 1\ufe0f\u20e3",
            f"fier {FAMILY} ❤\ufe0f 👍🏽 {ENGLAND} 1\ufe0f\u20e3",
        ),
        ("a\u200db\ufe0f", "ab"),
        ("geheim" + "".join(chr(0xE0000 + ord(c)) for c in "weg"), "geheim"),
        ("z" + "\u0338" * 40, "z" + "\u0338" * 8),
        ("", ""),
    ],
)
def test_what_cleaning_keeps(raw: str, kept: str) -> None:
    """The text stays, what cannot be seen goes, emoji stay whole."""
    assert clean(raw) == kept


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u200d\ufeff", "\u3000\xa0", "\x00", "\ud800", "\u2800 \u3164"])
def test_blank(text: str) -> None:
    """White space and invisible characters are nothing, and so no emoji either."""
    assert is_blank(text)
    assert not only_emoji(text)


@pytest.mark.parametrize("text", ["👍", "👍🏽 ❤️", "😡😡😡\n😡", FAMILY, ENGLAND, "🇧🇪", "1️⃣", "🏽"])
def test_only_emoji(text: str) -> None:
    """Emoji are something, and one can tell that they are all there is."""
    assert not is_blank(text)
    assert only_emoji(text)


@pytest.mark.parametrize("text", ["12", "ja 👍", "#", ":-)", "."])
def test_not_only_emoji(text: str) -> None:
    """Letters, digits and signs are text."""
    assert not is_blank(text)
    assert not only_emoji(text)


@given(any_text, st.integers(0, 60))
def test_cutting_never_splits_what_the_eye_sees_as_one(text: str, limit: int) -> None:
    """What is kept is a beginning of the text, no longer than asked, made of whole graphemes."""
    kept, was_cut = cut(text, limit)
    assert text.startswith(kept)
    assert len(kept) <= limit
    assert was_cut == (kept != text)
    borders = {0, *(g.end() for g in regex.finditer(r"\X", text))}
    assert len(kept) in borders
    assert not any(len(kept) < border <= limit for border in borders)


def test_cutting_and_cleaning_hostile_megabytes_is_quick() -> None:
    """Towers, flags, families and endless syllables of 300,000 code points are no way to stop the bot."""
    for text in (
        "a" * 300_000,
        "a" + "\u0301" * 300_000,
        "👨\u200d" * 150_000,
        "\u1100" * 300_000,
        "🇧" * 300_001,
    ):
        begin = time.perf_counter()
        kept, was_cut = cut(text)
        assert was_cut
        assert len(kept) <= 200_000
        clean(text)
        assert time.perf_counter() - begin < 2


def test_excerpt() -> None:
    """One line, whole characters, an ellipsis that counts."""
    assert excerpt("kort", 10) == "kort"
    assert excerpt("Dag\n\n buurman,  alles goed?", 12) == "Dag buurman…"
    assert excerpt(f"a {FAMILY} b", 6) == "a…"
    assert excerpt("iets", 0) == ""


@given(any_text, st.integers(0, 40))
def test_an_excerpt_fits(text: str, n: int) -> None:
    """Never longer than asked, never two lines."""
    assert len(excerpt(text, n)) <= n
    assert "\n" not in excerpt(text, n)


def test_fingerprint() -> None:
    """The same text pasted another way is the same; another text is another."""
    assert fingerprint("Wat een SCHANDE,\r\n  burgemeester!") == fingerprint("wat een schande, burgemeester!\u200b")
    assert fingerprint("café") == fingerprint("cafe\u0301")
    assert fingerprint("ja") != fingerprint("nee")
    assert len(fingerprint("\ud800")) == 64


@pytest.mark.parametrize(
    ("url", "same"),
    [
        (
            "http://m.facebook.com/torenbeek/posts/12/?comment_id=5&fbclid=IwAR0&__cft__[0]=AZ&__tn__=R",
            "https://www.facebook.com/torenbeek/posts/12?comment_id=5#antwoord",
        ),
        ("https://nl-be.facebook.com/torenbeek", "facebook.com/torenbeek/"),
        ("https://twitter.com/torenbeek/status/1?s=20&t=abc", "https://x.com/torenbeek/status/1"),
        ("https://youtu.be/dQw4?si=xyz", "https://www.youtube.com/watch?v=dQw4&feature=share"),
        ("https://www.instagram.com/p/C1/?igsh=MzR&img_index=2", "https://instagram.com/p/C1"),
        ("https://be.linkedin.com/in/jan?trk=x", "https://www.linkedin.com/in/jan/"),
        ("HTTPS://Torenbeek.BE:443/nieuws/?b=2&a=1&utm_source=fb", "https://torenbeek.be/nieuws?a=1&b=2"),
    ],
)
def test_links_to_the_same_place(url: str, same: str) -> None:
    """Tracking, case of the host, front doors, fragment and closing slash make no difference."""
    assert normal_link(url) == normal_link(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://facebook.com/p/1?comment_id=5", "https://facebook.com/p/1?comment_id=6"),
        ("https://youtube.com/watch?v=a", "https://youtube.com/watch?v=A"),
        ("https://torenbeek.be/a?s=1", "https://torenbeek.be/a?s=2"),
        ("https://www.torenbeek.be:8443/", "https://www.torenbeek.be/"),
    ],
)
def test_links_to_other_places(one: str, other: str) -> None:
    """What names another comment, video or page stays."""
    assert normal_link(one) != normal_link(other)


@given(st.one_of(any_text, any_text.map(lambda t: f"https://m.facebook.com/{t}?{t}#{t}")))
def test_any_link_is_normal_after_one_time_and_never_raises(url: str) -> None:
    """Nonsense comes back as itself; nothing a citizen types can stop the intake."""
    assert normal_link(normal_link(url)) == normal_link(url)
    guess_platform(url)


@pytest.mark.parametrize(
    ("url", "platform"),
    [
        ("https://www.facebook.com/torenbeek", "facebook"),
        ("https://fb.watch/abc", "facebook"),
        ("instagram.com/torenbeek", "instagram"),
        ("https://x.com/a/status/1", "x"),
        ("https://mobile.twitter.com/a", "x"),
        ("https://www.linkedin.com/posts/x", "linkedin"),
        ("https://vm.tiktok.com/ZM/", "tiktok"),
        ("https://youtu.be/x", "youtube"),
        ("https://wa.me/32470000000", "whatsapp"),
        ("https://torenbeek.be", None),
        ("https://netflix.com", None),
        ("https://notfacebook.com", None),
        ("https://facebook.com.evil.example/x", None),
        ("http://[", None),
        ("geen link", None),
        ("", None),
    ],
)
def test_platform_of_a_link(url: str, platform: str | None) -> None:
    """By the host, on whole names only."""
    assert guess_platform(url) == platform


@pytest.mark.parametrize(
    "text",
    [
        "Kunt u mij zeggen wanneer het loket open is?",
        "Ik heb uw bericht gelezen.",
        "Kan u hier iets aan doen? Alvast bedankt.",
        "Wat denkt u. Is dat normaal?",
        "Zou u om 8u30 kunnen bellen?",
        "U BENT BEDANKT",
        "Weet u hoe je zo'n attest aanvraagt?",
        "Mag ik u vragen om uzelf eens te informeren?",
        "Dank u wel voor de snelle hulp.",
        "Geachte, uw diensten hebben mijn aanvraag verloren. Hebben jullie die nog?",
        "Ik dank u.",
    ],
)
def test_says_u(text: str) -> None:
    """Formal: the reader is u, uw or uzelf."""
    assert says_u(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Om 8u is het loket nog dicht.",
        "Vanaf 9 u tot 12 u.",
        "Open van 9 tot 12 u. gesloten op maandag",
        "Zwemmen kost 5 euro per u.",
        "Ze rijden hier 90 km/u!",
        "A.u.b. doe iets aan die putten",
        "Gelieve a.u.b. te antwoorden",
        "Er ligt glas in de U-bocht aan de school",
        "De letter u ontbreekt op het bord",
        "Kan je mij zeggen wanneer het loket open is?",
        "Wanneer komen jullie de boom snoeien? Dank u!",
        "Dank u, jij bent een schat",
        "Gij moet uw mond houden",
        "Ge ziet dat uw straat vuil ligt hé",
        "Wat doen jij en je collega's met uw centen?",
        "thank u torenbeek",
        "Wanneer is het containerpark open?",
        "Duur en onduidelijk, dat uurrooster",
    ],
)
def test_does_not_say_u(text: str) -> None:
    """Familiar, Flemish ge, hours, abbreviations and texts that address nobody."""
    assert not says_u(text)


@given(
    st.text(st.one_of(st.characters(max_codepoint=0x24F), st.sampled_from("\u2019\u2026\u20ac\u0301\u200d\n\t ")), max_size=20)
)
def test_plain_text_is_cleaned_the_same_the_short_way(text: str) -> None:
    """An invisible sign, which is taken away, sends it the long way."""
    assert clean(text) == clean(f"\u2060{text}")
