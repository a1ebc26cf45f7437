"""Personal data goes, ordinary Flemish sentences stay."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.masking import KINDS, found, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # telephone
        ("Bel mij op 0470 12 34 56 aub", "Bel mij op [telefoonnummer] aub"),
        ("gsm: 0470/12.34.56.", "gsm: [telefoonnummer]."),
        ("0470123456", "[telefoonnummer]"),
        ("+32 470 12 34 56", "[telefoonnummer]"),
        ("+32(0)470 12 34 56", "[telefoonnummer]"),
        ("0032470123456 of 32470123456", "[telefoonnummer] of [telefoonnummer]"),
        ("tel 03 231 45 67, na 18u", "tel [telefoonnummer], na 18u"),
        ("(03) 231.45.67", "[telefoonnummer]"),
        ("bel 053/21 43 65", "bel [telefoonnummer]"),
        ("Mijn Nederlands nummer: 06-12345678", "Mijn Nederlands nummer: [telefoonnummer]"),
        ("of 06 12 34 56 78 in Frankrijk", "of [telefoonnummer] in Frankrijk"),
        ("+31 20 794 0800", "[telefoonnummer]"),
        ("(0470 12 34 56)", "([telefoonnummer])"),
        ("0470-12-34-56 of 0471 12 34 56", "[telefoonnummer] of [telefoonnummer]"),
        ("0470123456/0471123456", "[telefoonnummer]/[telefoonnummer]"),
        ("tel.0470/123456 gsm:0470123456", "tel.[telefoonnummer] gsm:[telefoonnummer]"),
        (
            "24/24 0470 12 34 56 of Kerkstraat 12 0470123456",
            "24/24 [telefoonnummer] of [adres] [telefoonnummer]",
        ),
        # e-mail
        ("Mail jan.peeters@voorbeeld.be!", "Mail [e-mailadres]!"),
        ("jan+gemeente@mail.voorbeeld.co.uk", "[e-mailadres]"),
        ("jan (at) voorbeeld.be", "[e-mailadres]"),
        ("jan[at]voorbeeld[dot]be", "[e-mailadres]"),
        ("<josé@één.be>", "<[e-mailadres]>"),
        # postal addresses
        ("Ik woon in de Kerkstraat 12", "Ik woon in de [adres]"),
        ("kerkstraat 12a, 9999 Torenbeek is mijn adres", "[adres] is mijn adres"),
        ("Lange Nieuwstraat 45 bus 3, 2000 Antwerpen", "[adres]"),
        ("op de Brusselsesteenweg 101/2", "op de [adres]"),
        ("aan Koning Albertlaan 7B.", "aan [adres]."),
        ("Steenweg op Gent 5", "[adres]"),
        ("Kom naar Grote Markt 1!", "Kom naar [adres]!"),
        ("Jan Van Rijswijcklaan nr. 20", "[adres]"),
        ("Hof ten Berge 3", "[adres]"),
        ("Zij woont Dorpsplein 8", "Zij woont [adres]"),
        ("Molenweg 14 in Torenbeek", "[adres] in Torenbeek"),
        ("Sint-Jansdreef 3, bus 12", "[adres]"),
        ("de Scheldekaai 9", "de [adres]"),
        ("Nieuwstraat, 17 te 9999 Torenbeek", "[adres]"),
        ("Dorpsstraat 5 en Kerkplein 7 en Schoolweg 9", "[adres] en [adres] en [adres]"),
        # national register, account, plate
        ("rijksregisternummer 85.07.30-033.28", "rijksregisternummer [rijksregisternummer]"),
        ("85073003328", "[rijksregisternummer]"),
        ("bis 98.47.28-997.65", "bis [rijksregisternummer]"),
        ("98472899765", "[rijksregisternummer]"),
        ("85 07 30 033 28", "[rijksregisternummer]"),
        ("Stort op BE68 5390 0754 7034 bedankt", "Stort op [rekeningnummer] bedankt"),
        ("BE68539007547034", "[rekeningnummer]"),
        ("be68 5390 0754 7034", "[rekeningnummer]"),
        ("NL91 ABNA 0417 1643 00.", "[rekeningnummer]."),
        ("de wagen 1-ABC-123 rijdt te snel", "de wagen [nummerplaat] rijdt te snel"),
        ("1ABC123 en 2 DEF 456", "[nummerplaat] en [nummerplaat]"),
        ("oude plaat ABC-123 of 123-ABC", "oude plaat [nummerplaat] of [nummerplaat]"),
        ("nummerplaat abc 123", "nummerplaat [nummerplaat]"),
        ("met 1-xyz-987", "met [nummerplaat]"),
        # names on the internet
        ("vraag het @jan.peeters.", "vraag het [gebruikersnaam]."),
        ("@Burgemeester_Torenbeek, wanneer?", "[gebruikersnaam], wanneer?"),
        ("zie https://www.facebook.com/jan.peeters.5/posts/1?x=2.", "zie [profiellink]."),
        ("instagram.com/janpeeters", "[profiellink]"),
        ("https://www.tiktok.com/@jan", "[profiellink]"),
        ("(https://be.linkedin.com/in/jan-peeters-1a2b)", "([profiellink])"),
        ("https://facebook.com/profile.php?id=100012345678", "[profiellink]"),
        ("https://x.com/jan/status/123", "[profiellink]"),
        ("https://wa.me/32470123456", "[profiellink]"),
        # several at once
        (
            "Jan, Kerkstraat 5, 9999 Torenbeek, 0470 12 34 56, jan@voorbeeld.be",
            "Jan, [adres], [telefoonnummer], [e-mailadres]",
        ),
    ],
)
def test_masked(text: str, masked: str) -> None:
    """Each shape in which Flemish citizens write it."""
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Dat kost 1.250,50 euro of € 12",
        "Een boete van 0,50 euro",
        "op 12/03/2025 om 8u30",
        "01-02-2025 en 01.02.2025",
        "van 01/02/2025 tot 28/02/2025",
        "2026-11-21",
        "Open van 8u30 tot 12u en van 13.30 tot 16.00 u.",
        "@14u aan de kerk",
        "art. 444 van het Strafwetboek",
        "artikel 22bis van de Grondwet",
        "de wet van 30 juli 1981",
        "huisregel 3 en huisregel nummer 12",
        "bus 42 en tram 7 rijden niet, lijn 500 wel",
        "9999 Torenbeek",
        "postcode 2000 Antwerpen",
        "Bel 112, 101, 1712 of 1813",
        "100.000 inwoners, 45 procent",
        "De Kerkstraat ligt vol putten",
        "in de Kerkstraat 5 dagen geen water",
        "werken in de Kerkstraat van 5 mei",
        "Nieuwstraat 8u30 afspraak",
        "ik was onderweg 20 minuten",
        "op de autosnelweg 3 uur file",
        "het containerpark 3 zakken per keer",
        "een fietspad 2 meter breed",
        "ik ga weg 5 minuten",
        "dossier 2025/0047123",
        "ref. 20251121000123",
        "KBO 0456.789.123",
        "zone 30 en de N16, E17, R4",
        "5G en PM2,5 en CO2",
        "3 VAN 100 klachten",
        "ISO-900 en BUS-123",
        "Torenbeek 2030",
        "Bevrijding 1944 - 1945",
        "scores 3-1, 2-0 en 10-12",
        "https://www.torenbeek.be/nieuws/2026/11/21",
        "https://www.facebook.com/groups/torenbeek/posts/1234567890123",
        "https://www.facebook.com/events/123",
        "https://www.instagram.com/p/Cabc123/",
        "https://youtube.com/watch?v=abc",
        "e-mail, @ en a@b",
        "10 @ 12 euro",
        "kat. nr. 4, 2de verdieping, 1ste minister",
        "[telefoonnummer] en [adres]",
        "12 bomen op het plein, 3 op de markt",
        "maandag 9 maart 2026 tot vrijdag 13 maart",
        "het 48e artikel, § 3, 2°",
        "0 op 10",
        "de verkiezingen van 13 oktober 2024",
    ],
)
def test_left_alone(text: str) -> None:
    """Prices, dates, hours, laws, rules, lines, postcodes and short emergency numbers are nobody's data."""
    assert mask(text) == text
    assert found(text) == ()


def test_found() -> None:
    """The kinds, each once, in a fixed order."""
    assert found("0470 12 34 56, 0471 12 34 56, jan@voorbeeld.be") == ("e-mailadres", "telefoonnummer")
    assert found("@jan") == ("gebruikersnaam",)
    assert set(found("Kerkstraat 1 1-ABC-123 85.07.30-033.28 BE68539007547034 x.com/jan")) < set(KINDS)


PIECES = [
    *(
        "0470 12 34 56",
        "0470123456",
        "+32",
        "0",
        "(0)",
        "12",
        "jan",
        "@",
        "voorbeeld.be",
        ".",
        "-",
        "/",
        " ",
        " ",
    ),
    *(
        "Kerkstraat",
        "Grote Markt",
        "12",
        "bus",
        "9999 Torenbeek",
        ",",
        "85.07.30-033.28",
        "85073003328",
        "BE68",
    ),
    *(
        "5390 0754 7034",
        "1-ABC-123",
        "ABC",
        "123",
        "x.com/",
        "https://",
        "facebook.com/jan",
        "\n",
        "[adres]",
        "\ud800",
    ),
    *("plaat", "[", "]", "(at)", "u", "é", "٣", "0"),
]


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=())),
        st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
        st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
    )
)
def test_masking_twice_is_masking_once(text: str) -> None:
    """Whatever comes in: no error, and nothing is left to find."""
    once = mask(text)
    assert mask(once) == once
    assert found(once) == ()


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "a",
            "A",
            "0",
            "1",
            "@",
            " ",
            ".",
            "-",
            "a@",
            "a.",
            "0 ",
            "04 ",
            "1 ",
            "+",
            "(at)",
            "A1 ",
            "Aa ",
            "BE68 ",
            "AB12",
            "\n",
        ),
        *(
            "straat",
            "Straat 1",
            "Aa straat ",
            "van de ",
            "weg ",
            "facebook.com/",
            "x.com/",
            "https://",
            "0470 12 34 5",
            "[adres]",
        ),
        *(
            "85.07.30",
            "1-ABC-12",
            "plaat ",
            "a.be@",
            "@a",
            "@1",
            "0470 12 34 56 ",
            "Kerkstraat 12, ",
            "Hof van ",
            "00",
            "03/",
        ),
    ],
)
def test_hostile_texts_take_linear_time(unit: str) -> None:
    """100,000 characters of anything in under half a second; what takes as long as their square would take many."""
    text = unit * (100_000 // len(unit))
    for _ in range(3):  # the first that is quick enough, for machines that do other things as well
        begin = time.process_time()
        mask(text)
        if time.process_time() - begin < 0.5:
            return
    pytest.fail("slow")
