"""Keeping and erasing: what a purge takes and what it leaves, the chain that still holds, and one author's data."""

import json
import re
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection, String, Text, select

from bot import dossier, openness, retention
from bot.case import chain_holds
from bot.tables import cases, evidence, metadata, signals, strikes, timeline
from bot.work import Refused, Work
from tests.journeys.chat import PNG, Chat, Person

WORDS = "Weg met hen, zei oom Theofiel"


def at(chat: Chat, conn: Connection) -> Work:
    """The bot's work on a connection, now."""
    return Work(conn, chat.antenne.house, chat.now)


async def closed(chat: Chat, *labels: str, handle: str = "Jan Jansen") -> Person:
    """An's closed case with a screenshot, typed reasons, a reply of her own, a colleague's answer and a report."""
    an = chat.person("an")
    await an.command("")
    await an.fill({"Tekst van de reactie": WORDS, "Naam van het account": handle}, pictures=[PNG])
    for label in labels:
        await an.press(label)
    await chat.pass_time(seconds=16)
    return an


async def finish(an: Person) -> None:
    """Settle every line with a typed reason and close the case."""
    for line in an.card.lines:
        if line.state in ("open", "blocked"):
            await an.press(next(label for label in an.card.labels() if label.startswith("Andere reden")), on=line.text)
            await an.fill({"reason": f"{WORDS} geheimreden"})
    await an.press("Zaak afsluiten")
    assert not an.refused, an.note


def everything(conn: Connection) -> str:
    """Every text in the database."""
    found = []
    for table in metadata.sorted_tables:
        if table.name == "versions":
            continue
        columns = [column for column in table.c if isinstance(column.type, String | Text)]
        found += [str(value) for row in conn.execute(select(*columns)) for value in row] if columns else []
    return "\n".join(found)


async def test_a_purge_takes_every_word_and_leaves_the_numbers(chat: Chat) -> None:
    """After its term a closed case has no words, name or picture left; signal and outcome stay, the chain holds, no dossier comes."""
    an = await closed(chat, "Negatief", "Boos of bezorgd")
    await an.press("Klopt, er staat geen naam in")
    await finish(an)
    assert (await chat.stored(lambda conn: retention.due(at(chat, conn)))).nothing
    await chat.pass_time(days=366)
    due = await chat.stored(lambda conn: retention.due(at(chat, conn)))
    assert due.cases == (1,)
    await chat.antenne.store.write(lambda conn: retention.erase(at(chat, conn), 1, "term"))
    left = await chat.stored(everything)
    assert "geheimreden" not in left
    assert left.count("Theofiel") == 1  # the masked signal, which has no case any more
    assert await chat.stored(lambda conn: conn.execute(select(signals.c.case_id)).scalars().all()) == [None]
    assert await chat.stored(lambda conn: conn.execute(select(evidence.c.id)).scalars().all()) == []
    assert await chat.stored(lambda conn: chain_holds(at(chat, conn), 1))
    assert await chat.stored(lambda conn: conn.execute(select(cases.c.outcome)).scalar_one()) == "hartluchter"
    assert await chat.stored(lambda conn: conn.execute(select(timeline.c.what)).scalars().all().count("purged")) == 1
    await chat.work()
    card = next(item for item in await an.inbox(":an") if item.number == 1)
    assert "Theofiel" not in card.text
    assert any("De inhoud van deze zaak is gewist op 18 november 2027" in said for said in card.says)
    with pytest.raises(Refused, match=r"refused\.purged"):
        await chat.stored(lambda conn: dossier.gather(at(chat, conn), 1, "police"))
    assert (await chat.stored(lambda conn: retention.due(at(chat, conn)))).cases == ()


async def test_loose_uploads_old_signals_and_strikes_go(chat: Chat) -> None:
    """A picture that never came in a case goes after a day, a strike when it expired, a signal after its months."""
    await chat.antenne.keep_picture("an", PNG, "image/png", "")
    an = await closed(chat, "Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend")
    await finish(an)
    await chat.pass_time(hours=25)
    due = await chat.stored(lambda conn: retention.due(at(chat, conn)))
    assert (due.uploads, due.strikes, due.cases) == (1, 0, ())
    await chat.pass_time(days=36 * 31)
    await chat.antenne.store.write(lambda conn: retention.sweep(at(chat, conn)))
    assert (await chat.stored(lambda conn: conn.execute(select(strikes.c.id)).all())) == []
    assert (await chat.stored(lambda conn: conn.execute(select(evidence.c.case_id)).scalars().all())) == [1]


async def test_an_open_case_is_not_erased(chat: Chat) -> None:
    """Neither by its term nor on request: first it is closed."""
    await closed(chat, "Negatief")
    with pytest.raises(Refused, match=r"refused\.still_open"):
        await chat.antenne.store.write(lambda conn: retention.erase(at(chat, conn), 1, "term"))


async def test_an_authors_data_are_found_by_any_spelling(chat: Chat) -> None:
    """Export holds what they wrote and no other author; evidence of crime is kept unless asked for; strikes go with the rest."""
    an = await closed(chat, "Negatief", "Boos of bezorgd", handle="@Jan.Jansen")
    await finish(an)
    an = await closed(chat, "Negatief", "Boos of bezorgd", handle="Piet")
    await finish(an)
    await closed(chat, "Negatief", "Haat of discriminatie", "Ja", handle="jan.jansen")
    found = await chat.stored(lambda conn: retention.subject(at(chat, conn), "facebook", "https://facebook.com/JanJansen"))
    assert (found.erasable, found.open, found.evidence) == ((1,), (3,), ())
    given = await chat.stored(lambda conn: retention.export(at(chat, conn), found))
    assert [case["case"] for case in given["cases"]] == [1, 3]
    assert "Piet" not in json.dumps(given)
    with pytest.raises(Refused, match=r"refused\.no_handle"):
        await chat.stored(lambda conn: retention.subject(at(chat, conn), "facebook", " "))


async def test_two_names_of_one_author_are_one_subject(chat: Chat) -> None:
    """What somebody said is the same person's is found, marked, erased with the rest and left out on request."""
    an = await closed(chat, "Negatief", "Boos of bezorgd", handle="Jan Jansen")
    await finish(an)
    an = await closed(chat, "Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend", handle="De Wreker")
    await an.press("Zelfde schrijver, andere naam…")
    await an.fill({"case": "1"})
    await finish(an)

    def find(*, alone: bool) -> Callable[[Connection], retention.Subject]:
        return lambda conn: retention.subject(at(chat, conn), "facebook", "Jan Jansen", alone=alone)

    assert (await chat.stored(find(alone=True))).erasable == (1,)
    found = await chat.stored(find(alone=False))
    assert (found.erasable, found.linked, found.strikes) == ((1, 2), (2,), 1)
    given = await chat.stored(lambda conn: retention.export(at(chat, conn), found))
    assert [(case["case"], case["other_name"]) for case in given["cases"]] == [(1, False), (2, True)]
    assert [strike["case"] for strike in given["strikes"]] == [2]
    await chat.antenne.store.write(lambda conn: retention.forget_strikes(at(chat, conn), found))
    assert await chat.stored(lambda conn: conn.execute(select(strikes.c.id)).all()) == []
    assert (await chat.stored(find(alone=False))).linked == ()


async def test_what_was_decided_goes_out_without_anybodys_name(chat: Chat) -> None:
    """An export for openness holds codes and days of what came to an outcome, also after a purge: no word, author or colleague."""
    an = await closed(chat, "Negatief", "Boos of bezorgd")
    await finish(an)
    await closed(chat, "Negatief")
    await chat.pass_time(days=366)
    await chat.antenne.store.write(lambda conn: retention.erase(at(chat, conn), 1, "term"))
    day = date(2026, 11, 17)
    rows = await chat.stored(lambda conn: openness.decisions(at(chat, conn), day, day))
    assert [(row["case"], row["outcomes"], row["closed"]) for row in rows] == [(1, ["hartluchter"], "2026-11-17")]
    assert not {"Jan", "Theofiel", "An", "an", "v1"} & set(re.findall(r"\w+", json.dumps(rows)))
    assert await chat.stored(lambda conn: openness.decisions(at(chat, conn), date(2026, 11, 18), date(2027, 1, 1))) == []


def test_every_table_of_a_case_is_thought_of() -> None:
    """A table that is added with a case in it says what erasing the case does to it."""
    known = {table.name for table in (*retention.EMPTIED, *retention.REMOVED)} | retention.KEPT
    assert {table.name for table in metadata.sorted_tables if "case_id" in table.c} == known
    for table, values in retention.EMPTIED.items():
        words = {column.name for column in table.c if isinstance(column.type, Text)} - {
            "codes",
            "args",
            "answer_formal",
            "tags",
            "links",
        }
        assert "case_id" in values or words <= values.keys(), table.name
