"""Pictures in a case: read in place of a missing text, at most ten, and gone with what was read where none may be kept."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from bot.sentences import sentences
from bot.tables import cases, comments, evidence, messages, signals
from tests.journeys.chat import Chat, LocalDriver, talking

HINT = sentences("nl").t("card.text_read")
SAID = "Die put in de Kerkstraat is een schande"
PNG = b"a picture in which nothing can be read"


class Reading(LocalDriver):
    """A picture holds the words after ``reads:``, as if they had been read from it."""

    async def keep(self, person: str, picture: bytes) -> int:
        """Store it with what was read."""
        text = picture.removeprefix(b"reads:").decode() if picture.startswith(b"reads:") else ""
        return await self.antenne.keep_picture(person, picture, "image/png", text)


@pytest.fixture
async def chat(database_url: str, tmp_path: Path) -> AsyncIterator[Chat]:
    """Torenbeek, with pictures that can be read, on each database in turn."""
    async with talking(database_url, tmp_path, driver=Reading) as opened:
        yield opened


def reads(text: str) -> bytes:
    """A picture with this text."""
    return b"reads:" + text.encode()


async def count(chat: Chat) -> int:
    """How many pictures are stored."""

    def ask(conn: Connection) -> int:
        return int(conn.execute(select(func.count()).select_from(evidence)).scalar_one())

    return await chat.stored(ask)


async def everything(chat: Chat) -> str:
    """All text that the database holds of cases, comments, pictures, signals and messages."""

    def ask(conn: Connection) -> str:
        tables: tuple[Any, ...] = (cases, comments, evidence, signals, messages)
        return str([tuple(row) for table in tables for row in conn.execute(select(table))])

    return await chat.stored(ask)


async def test_a_screenshot_alone_is_the_comment(chat: Chat) -> None:
    """The text read from it stands beside the picture, with a word to check it, and is used as if it had been pasted."""
    an = chat.person("an")
    await an.paste(pictures=[reads(SAID), PNG, reads("Wanneer wordt dat hersteld?")])
    assert an.card.quotes[0] == f"{SAID}\n\nWanneer wordt dat hersteld?"
    assert {"Screenshot 1", "Screenshot 2", "Screenshot 3", HINT} <= {*an.card.says}
    await an.paste(f"{SAID}\n\nWanneer wordt dat hersteld?")
    assert "1" in an.note  # the same comment, pasted: known by its text


async def test_typed_text_goes_before_what_was_read(chat: Chat) -> None:
    """Who types the comment has said what it is; the picture is kept, its text not used."""
    an = chat.person("an")
    await an.paste("Een schande, die put", pictures=[reads("Een schonde, die put")])
    assert an.card.quotes[0] == "Een schande, die put"
    assert HINT not in an.card.says


async def test_the_moderator_corrects_what_was_read(chat: Chat) -> None:
    """What was read stands in the form; saved, it needs no more checking."""
    an = chat.person("an")
    await an.paste(pictures=[reads("Die put in de Kerkstraat is een schonde")])
    await an.press("Gegevens aanvullen")
    assert an.form is not None
    assert an.form.fields[0].value == "Die put in de Kerkstraat is een schonde"
    await an.fill({"text": SAID})
    assert an.card.quotes[0] == SAID
    assert HINT not in an.card.says
    assert "Screenshot 1" in an.card.says


async def test_a_picture_added_later_is_read_too(chat: Chat) -> None:
    """A case without text takes it from a picture that is added; one with text keeps its own."""
    an = chat.person("an")
    await an.paste(pictures=[PNG])
    assert an.note == sentences("nl").t("note.nothing_read")
    assert not an.card.quotes
    await an.press("Gegevens aanvullen")
    await an.fill({}, pictures=[reads(SAID)])
    assert an.card.quotes[0] == SAID
    assert HINT in an.card.says
    await an.press("Gegevens aanvullen")
    await an.fill({}, pictures=[reads("iets anders")])
    assert an.card.quotes[0] == SAID
    assert HINT not in an.card.says
    assert "Screenshot 3" in an.card.says


async def test_ten_pictures_and_no_more(chat: Chat) -> None:
    """A case has at most ten pictures, at once or one after the other; one too many changes nothing."""
    an = chat.person("an")
    await an.paste("Kijk", pictures=[PNG] * 11)
    assert an.refused
    assert "10" in an.note
    await an.paste("Kijk", pictures=[PNG] * 9)
    await an.press("Gegevens aanvullen")
    await an.fill({}, pictures=[PNG] * 2)
    assert an.refused
    await an.press("Gegevens aanvullen")
    await an.fill({}, pictures=[PNG])
    assert not an.refused
    assert "Screenshot 10" in an.card.says


async def test_nobody_takes_another_ones_picture(chat: Chat) -> None:
    """A picture goes to one case, of who sent it: another number is no picture, and no comment by itself."""
    an, karim = chat.person("an"), chat.person("karim")
    number = await chat.driver.keep("an", reads(SAID))
    assert (await chat.driver.paste("karim", "", "", [number])).refused
    await chat.driver.paste("an", "", "", [number])
    assert (await chat.driver.paste("an", "", "", [number])).refused
    await karim.paste("Iets van mij", pictures=[])
    await an.look()
    assert await count(chat) == 1


@pytest.mark.parametrize("outcome", ["Mogelijk een minderjarige in beeld", "Intiem beeld"])
@pytest.mark.parametrize("corrected", [False, True])
async def test_where_no_picture_may_be_kept_nothing_of_it_is(chat: Chat, outcome: str, *, corrected: bool) -> None:
    """Picture and the text read from it are gone at once, also corrected, from every table and card; link and time stay."""
    an = chat.person("an")
    await an.paste(link="https://www.facebook.com/torenbeek/posts/9", pictures=[reads(SAID)])
    if corrected:
        await an.press("Gegevens aanvullen")
        await an.fill({"text": f"{SAID} hoor"})
    await an.press("Persoonsgegevens of intiem beeld")
    await an.press(outcome)
    assert await count(chat) == 0
    assert SAID not in await everything(chat)
    assert not [said for said in an.card.says if said.startswith("Screenshot") or said == HINT]
    assert [said for said in an.card.says if said.startswith("Het beeld is gewist")]
    assert an.card.facts["Link"] == "https://www.facebook.com/torenbeek/posts/9"
    await chat.pass_time(seconds=20)
    assert SAID not in await everything(chat)
    for person in ("an", "lies"):
        assert not [sheet for sheet in await chat.person(person).inbox() if SAID in sheet.text]


async def test_words_that_were_typed_stay(chat: Chat) -> None:
    """What the moderator pasted did not come from the picture: only the picture goes."""
    an = chat.person("an")
    await an.paste("Kijk dat kind eens", pictures=[reads(SAID)])
    await an.press("Persoonsgegevens of intiem beeld")
    await an.press("Mogelijk een minderjarige in beeld")
    assert await count(chat) == 0
    assert SAID not in await everything(chat)
    assert an.card.quotes[0] == "Kijk dat kind eens"


async def test_the_case_goes_on_without_text_or_picture(chat: Chat) -> None:
    """Afterwards the facts can still be added to, a new picture is not kept, and words typed now are."""
    an = chat.person("an")
    await an.paste(pictures=[reads(SAID)])
    await an.press("Persoonsgegevens of intiem beeld")
    await an.press("Mogelijk een minderjarige in beeld")
    await an.press("Gegevens aanvullen")
    await an.fill({"handle": "piet"}, pictures=[reads(SAID)])
    assert not an.refused
    assert await count(chat) == 0
    assert SAID not in await everything(chat)
    await an.press("Gegevens aanvullen")
    await an.fill({"text": "een foto van een kind"})
    assert an.card.quotes[0] == "een foto van een kind"


async def test_signals_of_another_outcome_lose_the_words_too(chat: Chat) -> None:
    """A signal written before, for another outcome in the same comment, is written anew without them."""
    an = chat.person("an")
    await an.paste(pictures=[reads(SAID)])
    await an.press("Bedreiging of misdrijf")
    await chat.pass_time(seconds=20)
    await an.press("Klopt, er staat geen naam in")
    assert SAID in await everything(chat)
    await an.press("Persoonsgegevens")
    await an.press("Mogelijk een minderjarige in beeld")
    assert SAID not in await everything(chat)
    await chat.pass_time(seconds=20)
    assert SAID not in await everything(chat)
