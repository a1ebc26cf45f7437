"""Hostile text, wherever people can type: nothing raises, nothing is lost, all of it stays quoted, none of it gets into a log."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from bot import presses as p
from bot.cards import Block, Buttons, Card, Chart, Checklist, Copy, Facts, Form, Picture, Quote, Select, Table, Text, Toggles
from bot.comment_text import LIMIT, clean, cut, excerpt, is_blank
from bot.events import Actor, Answer, Commanded, Edited, Incoming, Pasted, Pressed, Replied, Submitted
from bot.tables import comments, replies
from tests.journeys.chat import Chat, controls_on, talking

# Letters that stand in no sentence of ours, so that finding them outside a quote proves a leak.
MARK = "ǂʘǃ"
NASTY = (
    "\x00\x01\x1b[2J\x7f",
    "\u202e\u2066gnp.exe\u2069",
    "\ud800 \udfff",
    "\u200b\u200d\ufeff\u2060",
    "<!channel> <@U123> <https://evil.example|klik> *vet* _schuin_ ~weg~ `code`",
    "<at>iedereen</at> [klik](https://evil.example) ![](x) **vet**",
    "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;",
    "{signature} {0} {} {{ %s %(a)s $x ${x}",
    "'; DROP TABLE cases; --",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f 👩‍👩‍👧‍👦 e" + "\u0301" * 200,
    "﷽" * 50,
    "\n\r\u2028\u2029\x85\t",
    "zaak 1\nfaq x",
)
bits = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=30),
    st.text("\x00\u202e\u200d\ud83d\ude00<>&*_`{}[]()'\"\\%|~!@#$^\n ", max_size=30),
)
hostile = st.tuples(bits, bits).map(lambda pair: f"{pair[0]}{MARK}{pair[1]}")


def ours(card: Card | Form) -> Iterable[str]:
    """Every text of a card that is said as ours, where a platform may read markup or a push message may show it."""
    yield card.title
    if isinstance(card, Form):
        yield card.submit
        yield card.press.model_dump_json()
        for item in card.fields:
            yield from (item.label, item.hint, item.name, *(text for pair in item.options for text in pair))
        yield from (block.text for block in card.intro if isinstance(block, Text))
        return
    yield card.notice
    for block in card.body:
        yield from spoken(block)


def spoken(block: Block) -> Iterable[str]:
    """What a block says as ours: its labels and sentences, and what its buttons carry."""
    match block:
        case Text():
            yield block.text
        case Copy():
            yield block.title
        case Facts():
            yield from (text for row in block.rows for text in row if isinstance(text, str))
        case Table():
            yield from (block.caption, *block.head)
            yield from (cell for row in block.rows for cell in row if isinstance(cell, str))
        case Chart():
            yield from (block.title, block.alt, *block.labels, *(name for name, _ in block.series))
        case Checklist():
            yield from (text for item in block.items for text in (item.text, item.note))
        case Toggles() | Select():
            yield block.label
            yield block.hint if isinstance(block, Select) else ""
        case Picture():
            yield block.alt
        case Quote() | Buttons():
            pass
    for control in controls_on(block):
        yield from (control.label, control.handle.model_dump_json())


class Watched:
    """A bot whose every word is looked at: after each event all that anybody can read, and all that was logged."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat

    async def does(
        self, event: type[Pasted | Commanded | Pressed | Submitted | Replied | Edited], who: str, **values: Any
    ) -> Answer:
        """Let ``who`` do this; look at what comes back, at the log, and at what is sent."""
        made: Incoming = event(id=uuid4().hex, actor=Actor(platform="local", address=who), **values)
        with structlog.testing.capture_logs() as logs:
            answer = await self.chat.antenne.handle(made)
            await self.chat.antenne.work()
        assert MARK not in str(logs)
        self.looks_right(answer.card, answer.form, *answer.cards)
        assert MARK not in answer.note
        return answer

    def looks_right(self, *shown: Card | Form | None) -> None:
        """Nothing of a citizen stands in a word of ours."""
        for card in shown:
            for text in ours(card) if card is not None else ():
                assert MARK not in text

    async def everything_looks_right(self) -> None:
        """Everything that anybody can read now."""
        for who in self.chat.antenne.organisation.people:
            self.looks_right(await self.chat.antenne.overview(who))
            for channel in await self.chat.antenne.channels(who):
                for shown in await self.chat.antenne.read(who, channel.conversation):
                    self.looks_right(shown.card)

    async def kept(self, number: int) -> Any:
        """The citizen's words as they are stored."""
        return await self.chat.stored(lambda conn: conn.execute(select(comments).where(comments.c.case_id == number)).one())


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Watched]:
    """A bot on a database of its own."""
    path = folder / uuid4().hex
    path.mkdir()
    async with talking(f"sqlite:///{path}/antenne.db", path) as chat:
        yield Watched(chat)


some = settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])


@some
@given(text=st.lists(hostile, min_size=4, max_size=4))
@example(text=[MARK + nasty for nasty in NASTY[:4]])
@example(text=[MARK + nasty for nasty in NASTY[4:8]])
@example(text=[MARK + nasty for nasty in NASTY[8:12]])
async def test_what_a_citizen_wrote_stays_quoted(tmp_path: Path, text: list[str]) -> None:
    """From paste and form through every card, thread, timeline and list; kept whole, cleaned of what is invisible."""
    async with watched(tmp_path) as bot:
        answer = await bot.does(Pasted, "an", text=text[0], link=text[1])
        number = answer.case
        assert number is not None
        assert (await bot.kept(number)).text == clean(text[0])
        values = {"text": text[0], "link": text[1], "post": text[2], "handle": text[3], "posted": text[1][:40], "place": text[2]}
        answer = await bot.does(Submitted, "an", press=p.EditIntake(case=number), values=values)
        assert not answer.refused
        row = await bot.kept(number)
        assert row.text == clean(text[0])
        assert row.handle == cut(clean(text[3]).replace("\n", " "), 200)[0]
        await bot.does(Pressed, "an", press=p.Answer(case=number, walk=0, step=0, choice="weet_niet"))
        await bot.does(Pressed, "an", press=p.Choose(case=number, what="department", value="milieu"))
        await bot.chat.pass_time(seconds=16)
        for press in (
            p.ShowCase(case=number),
            p.EditIntake(case=number),
            p.Next(case=number),
            p.HandOver(case=number, to="karim"),
        ):
            await bot.does(Pressed, "sofie", press=press)
        for command in (f"zaak {number}", "zaken"):
            await bot.does(Commanded, "karim", text=command)
        await bot.does(Pasted, "sam", text=text[0])
        await bot.everything_looks_right()


@some
@given(text=hostile)
@example(text=MARK + NASTY[0])
@example(text=MARK + NASTY[7])
async def test_what_a_colleague_wrote_stays_quoted(tmp_path: Path, text: str) -> None:
    """Replies, questions, decisions, forwards, reasons and texts for the citizen: colleagues quote citizens all day."""
    async with watched(tmp_path) as bot:
        number = (await bot.does(Pasted, "an", text=f"Mag dit? {MARK}")).case
        assert number is not None
        for step, choice in enumerate(("neutraal", "vraag", "weet_niet")):
            await bot.does(Pressed, "an", press=p.Answer(case=number, walk=0, step=step, choice=choice))
        await bot.does(Pressed, "an", press=p.Choose(case=number, what="department", value="milieu"))
        await bot.chat.pass_time(seconds=16)
        [thread] = [item for item in await bot.chat.person("joris").messages("#milieu") if item.under is None]
        where = {"conversation": "local:#milieu", "remote": str(thread.handle)}
        for who in ("joris", "buitenstaander"):
            await bot.does(Replied, who, **where, text=text, own=f"m.{who}")
        await bot.does(Edited, "joris", conversation="local:#milieu", own="m.joris", text=text + text)
        stored = await bot.chat.stored(lambda conn: list(conn.execute(select(replies.c.text)).scalars()))
        assert clean(text + text) in stored
        await bot.does(Submitted, "joris", press=p.AskInfo(thread=1), values={"text": text})
        await bot.does(Submitted, "joris", press=p.Forward(thread=1), values={"to": "dpo", "text": text})
        assert (await bot.does(Submitted, "joris", press=p.Forward(thread=1), values={"to": text})).refused
        for item in ("antwoord", "melden_dat_je_navraagt"):
            await bot.does(Submitted, "an", press=p.EditReply(case=number, item=item), values={"text": text})
        await bot.does(Submitted, "an", press=p.Waive(case=number, item="faq"), values={"reason": text})
        values = {"question": text, "answer": text, "formal": text}
        entry = await bot.chat.stored(_proposed)
        await bot.does(Submitted, "joris", press=p.EditFaq(entry=entry, version=1), values=values)
        await bot.does(Pressed, "joris", press=p.ApproveFaq(entry=entry, version=2))
        await bot.does(Commanded, "an", text=f"faq {text}")
        await bot.does(Pasted, "karim", text=text)
        values = {"outcome": "kritiek", "reason": text}
        assert not (await bot.does(Submitted, "sofie", press=p.Decide(thread=1, decisions=0), values=values)).refused
        assert (
            await bot.does(Submitted, "sofie", press=p.Decide(thread=1, decisions=1), values=values | {"outcome": text})
        ).refused
        await bot.does(Commanded, "an", text=f"zaak {number}")
        await bot.everything_looks_right()


def _proposed(conn: Connection) -> int:
    from bot.tables import faq

    return int(conn.execute(select(faq.c.id).where(faq.c.status == "proposed")).scalar_one())


@some
@given(text=st.one_of(hostile, bits))
@example(text="zaak " + "9" * 400)
@example(text="zaak ٣")
@example(text="signaal :")
@example(text="signaal \x00: \u202e")
@example(text="faq \ud800")
async def test_anything_can_be_typed_as_a_command(tmp_path: Path, text: str) -> None:
    """It is a command, a comment, or a friendly refusal; never an error."""
    async with watched(tmp_path) as bot:
        for word in ("", "faq ", "zaak ", "signaal ", "zaken ", "hulp "):
            answer = await bot.does(Commanded, "an", text=word + text)
            assert answer.note or answer.card or answer.cards or answer.form
        await bot.does(Commanded, "buitenstaander", text=text)
        await bot.everything_looks_right()


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_nothing_but_a_press_is_a_press(value: str | bytes) -> None:
    """What comes back from outside is one of ours or `NoPress`, whose message holds nothing of it."""
    with pytest.raises(p.NoPress, match=r"^not a press$"):
        p.unpack(value)


def test_every_press_fits_a_button() -> None:
    """The largest value of each press, packed, stays under the 255 characters that chat platforms keep."""
    big: dict[str, Any] = {
        "case": p.LARGEST_ID, "thread": p.LARGEST_ID, "entry": p.LARGEST_ID, "walk": 10_000, "step": 10_000, "decisions": 10_000,
        "version": 10_000, "item": "x" * 60, "choice": "x" * 60, "value": "x" * 60, "to": "x" * 60, "moderator": "x" * 60,
        "also": "iets_anders", "flag": "colleague_targeted", "what": "house_rule", "on": True, "formal": True,
        "done": False, "reason": "not_possible", "body": "x" * 60, "report": p.LARGEST_ID, "gap": p.LARGEST_ID, "draft": p.LARGEST_ID,
        "history": True, "link": p.LARGEST_ID, "objection": p.LARGEST_ID, "upheld": False,
        "texts": 10_000, "department": "x" * 60, "week": 999_953, "topic": p.LARGEST_ID, "kind": "misinformation", "unanswered": True,
        "page": 10_000, "names": 10_000, "into": p.LARGEST_ID, "signal": p.LARGEST_ID, "count": 10_000, "loops": 10_000,
        "words": p.LARGEST_ID, "ground": "x" * 30, "first": 999_953, "late": True,
    }  # fmt: skip
    for kind in p.Press.__args__:
        values = {name: big[name] for name in kind.model_fields if name != "do"}
        if kind is p.CloseLoop:
            values["choice"] = "website"
        press = kind(**values)
        assert len(p.pack(press)) <= 255, press.do
        assert p.unpack(p.pack(press)) == press


async def test_a_press_of_something_that_is_not_there(tmp_path: Path) -> None:
    """A made-up number, state, line or choice is refused in words, by everybody's own rights, and breaks nothing."""
    async with watched(tmp_path) as bot:
        for number in (1, p.LARGEST_ID):
            for press in every_press(number):
                assert (await bot.does(Pressed, "an", press=press)).refused, press
        await bot.does(Pasted, "an", text="Boe")
        await bot.does(Pressed, "an", press=p.Answer(case=1, walk=0, step=0, choice="weet_niet"))
        await bot.chat.pass_time(seconds=16)
        for who in ("an", "sofie", "sam"):
            for press in every_press(1):
                await bot.does(Pressed, who, press=press)
                await bot.does(Submitted, who, press=press, values={"text": "x", "reason": "", "to": "?:", "outcome": "?"})
        await bot.everything_looks_right()


def every_press(number: int) -> list[p.Press]:
    """A press of each sort about row ``number``, its state made up."""
    made: list[p.Press] = [
        p.EditIntake(case=number), p.Answer(case=number, walk=7, step=7, choice="x"), p.Back(case=number, walk=7, step=7),
        p.AlsoThis(case=number, walk=7, also="vraag"), p.Tick(case=number, item="x"), p.Tick(case=number, item="x", done=False),
        p.Waive(case=number, item="x"), p.Waive(case=number, item="x", reason="not_needed"),
        p.SetFlag(case=number, flag="panic", on=True), p.Choose(case=number, what="department", value="x"),
        p.Choose(case=number, what="house_rule", value="x"), p.EditReply(case=number, item="x"), p.Same(case=number, step=0),
        p.HandOver(case=number, to="x"), p.NoStrike(case=number, on=True), p.UseFaq(case=number, walk=0, step=0, entry=10_000),
        p.ShowCase(case=number), p.TakeCase(case=number), p.Take(thread=number), p.Decide(thread=number, decisions=7),
        p.AskInfo(thread=number), p.Forward(thread=number), p.CloseThread(thread=number), p.Next(case=number),
        p.ApproveFaq(entry=p.LARGEST_ID, version=7), p.EditFaq(entry=p.LARGEST_ID, version=7), p.RetireFaq(entry=1, version=7),
        p.AllDone(case=number), p.Close(case=number), p.SetForm(case=number, formal=True),
    ]  # fmt: skip
    return made


async def test_very_long_texts_are_kept_and_shown_in_part(tmp_path: Path) -> None:
    """200,000 characters everywhere: cards stay small, nothing takes long, a comment is kept whole."""
    async with watched(tmp_path) as bot:
        long = (MARK + "🏳️‍🌈 e\u0301 ") * (LIMIT // 11)
        answer = await bot.does(Pasted, "an", text=long)
        assert answer.case is not None
        kept = (await bot.kept(answer.case)).text
        assert kept == cut(clean(long), LIMIT)[0]
        values = {"text": long, "link": long, "post": long, "handle": long, "posted": long}
        answer = await bot.does(Submitted, "an", press=p.EditIntake(case=answer.case), values=values)
        assert answer.card is not None
        shown = sum(len(text.text) for text in answer.card.body if isinstance(text, Quote))
        assert shown <= 3000
        await bot.does(Commanded, "an", text="faq " + long)
        await bot.does(Commanded, "an", text="signaal " + long)
        await bot.everything_looks_right()


async def test_errors_and_reprs_hold_no_text(tmp_path: Path) -> None:
    """A database that fails in the middle says so without a word of the comment."""
    async with watched(tmp_path) as bot:
        await bot.does(Pasted, "an", text=MARK)

        def broken(conn: Connection) -> None:
            conn.execute(comments.insert().values(case_id=1, text=MARK, link=MARK, post="", handle=MARK, posted=""))

        with pytest.raises(IntegrityError) as raised:
            await bot.chat.antenne.store.write(broken)
        error: BaseException | None = raised.value
        while error is not None:
            assert MARK not in f"{error!r} {error}"
            error = error.__cause__ or error.__context__


def test_the_marks_would_be_found() -> None:
    """The proof above is one: the mark survives cleaning, and every nasty text is more than nothing."""
    assert clean(MARK) == MARK
    assert excerpt(MARK, 10) == MARK
    assert all(not is_blank(MARK + nasty) for nasty in NASTY)
    assert not re.search(MARK, "".join(path.read_text() for path in Path("bot/locale").glob("*.po")))
