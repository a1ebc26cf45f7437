"""The access table of domain §4: for everybody in a town, every press that a card or a thread offers, allowed or not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import pytest
from sqlalchemy import Connection, select

from bot import presses as p
from bot.case import load_case, standing
from bot.events import Actor, Pressed, Submitted
from bot.roster import May, departments_of, holders, may
from bot.tables import faq, threads
from bot.topics import known
from bot.work import Refused, Work
from tests.journeys.chat import Chat, talking

# Who is who. Deputies of whole roles are left out here: a deputy stands for the holder and may what the holder may.
ALONE = {"roles": {"communications_lead": {"deputy": None}, "moderation_team": {"deputy": None}}}
OWN, OTHER, LEAD, TEAM = "an", "karim", "sofie", "tom"
HEAD, ANTENNA = "marc", "els"  # of the case's department
EQUAL, DPO = "fatima", "hilde"
ELSEWHERE = ("bert", "lies", "griet", "joris", "rik", "inge", "dirk", "katrien", "sam")
EVERYBODY = (OWN, OTHER, LEAD, TEAM, HEAD, ANTENNA, EQUAL, DPO, *ELSEWHERE, "buitenstaander")
NO_ACCESS = {
    "refused.not_yours", "refused.may_not_see", "refused.may_not_decide", "refused.not_told", "refused.not_moderator",
    "refused.not_antenna", "refused.unknown_person", "refused.no_signals",
}  # fmt: skip

CRIME, WALKING, INSULT, FOUND = 1, 2, 3, 4  # the cases of the town below


class Undone(Exception):
    """What a press came to; raised so that the store keeps nothing of it."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


@dataclass(frozen=True, slots=True)
class Town:
    """A bot with a case of each sort, and the threads and the FAQ entry that came of them."""

    chat: Chat
    thread: dict[str, int]
    entry: int

    async def tried(self, who: str, press: p.Press, values: dict[str, str] | None = None) -> str:
        """The refusal's key, or ``""``; nothing of the press is kept."""
        made: dict[str, Any] = {"id": uuid4().hex, "actor": Actor(platform="local", address=who), "press": press}
        event = Pressed(**made) if values is None else Submitted(**made, values=values)

        def work(conn: Connection) -> None:
            try:
                self.chat.antenne.desk.handle(conn, event, self.chat.now)
            except Refused as refused:
                raise Undone(refused.key) from None
            raise Undone("")

        with pytest.raises(Undone) as undone:
            await self.chat.antenne.store.write(work)
        return undone.value.key


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A crime that four roles were told of, a case on its way, an insult, one that a colleague handed in, and a proposed answer."""
    async with talking(f"sqlite:///{tmp_path}/antenne.db", tmp_path, changes=ALONE) as chat:
        an = chat.person(OWN)
        await an.command("")
        await an.fill({"Tekst van de reactie": "Weg met hen", "Naam van het account": "Jan"}, pictures=[b"\x89PNG\r\n\x1a\n"])
        for label in ("Negatief", "Haat of discriminatie", "Ja"):
            await an.press(label)
        await an.press("Burgerzaken en welzijn", on="Dienst")
        await an.paste("Boe")
        await an.paste("Sukkels")
        for label in ("Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend"):
            await an.press(label)
        await chat.person("sam").paste("Gezien")
        await an.paste("Mag compost in de bladkorf?")
        for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
            await an.press(label)
        await chat.pass_time(seconds=16)
        await chat.person("joris").reply("Nee", under="#milieu Zaak 5")
        rows = await chat.stored(
            lambda conn: conn.execute(select(threads.c.role, threads.c.id).where(threads.c.case_id == CRIME)).all()
        )
        entry = await chat.stored(lambda conn: conn.execute(select(faq.c.id).where(faq.c.status == "proposed")).scalar_one())
        yield Town(chat, {row.role: row.id for row in rows}, int(entry))


FORMS: tuple[dict[str, str] | None, ...] = (None, {})  # a press that opens a form, and the form submitted
ACT = {OWN, LEAD}  # who has the case, and the communications lead
MODERATE = {OWN, OTHER, TEAM, LEAD}
SEE = {OWN, OTHER, LEAD, TEAM, HEAD, ANTENNA, EQUAL, DPO}
KNOWN = set(EVERYBODY) - {"buitenstaander"}

# What is pressed → who may. The forms of a press are tried with and without what was filled in.
CASE_PRESSES: list[tuple[p.Press, set[str]]] = [
    (p.Start(), KNOWN),
    (p.EditIntake(case=CRIME), ACT),
    (p.Answer(case=WALKING, walk=0, step=0, choice="negatief"), ACT),
    (p.Back(case=CRIME, walk=0, step=3), ACT),
    (p.AlsoThis(case=CRIME, walk=1, also="vraag"), ACT),
    (p.Tick(case=CRIME, item="bewijs"), ACT),
    (p.Tick(case=CRIME, item="bewijs", done=False), ACT),
    (p.Tick(case=CRIME, item="verwijderen"), ACT | {TEAM}),  # the team deletes what is criminal
    (p.Tick(case=CRIME, item="blokkeren"), ACT),  # the communications lead blocks
    (p.Disagree(case=CRIME, item="verwijderen"), ACT | {TEAM}),
    (p.AllDone(case=CRIME), ACT),
    (p.Waive(case=CRIME, item="bewijs", reason="not_needed"), ACT),
    (p.Waive(case=CRIME, item="verwijderen"), ACT),
    (p.SetFlag(case=CRIME, flag="returning", on=True), ACT),
    (p.SetFlag(case=CRIME, flag="weighs_on_me", on=True), ACT),
    (p.Choose(case=CRIME, what="ground", value="age"), ACT),
    (p.Choose(case=CRIME, what="department", value="milieu"), ACT),
    (p.EditReply(case=CRIME, item="bericht"), ACT),
    (p.SetForm(case=CRIME, formal=True), ACT),
    (p.NoStrike(case=INSULT, on=True), ACT),
    (p.UndoStrike(case=CRIME), ACT),
    (p.SameAuthor(case=CRIME), ACT),
    (p.Motivate(case=CRIME, formal=False), ACT),
    (p.Object(case=CRIME), ACT),
    (p.ShowText(case=CRIME), ACT),
    (p.TellColleague(case=CRIME), ACT),
    (p.UseFaq(case=WALKING, walk=0, step=0, entry=1), ACT),
    (p.Same(case=WALKING, step=0), ACT),
    (p.HandOver(case=CRIME, to=OTHER), ACT),
    (p.Close(case=CRIME), ACT),
    (p.Next(case=CRIME), MODERATE),
    (p.ShowCase(case=CRIME), SEE),
    (p.ShowCase(case=WALKING), {OWN, OTHER, LEAD, TEAM, DPO}),
    (p.TakeCase(case=FOUND), MODERATE),
    (p.WhereToReport(case=CRIME), SEE),
    (p.Reported(case=CRIME), {OWN, LEAD, HEAD, EQUAL, TEAM}),
    (p.BodyAnswered(case=CRIME, report=1), {OWN, LEAD, HEAD, EQUAL, TEAM}),
    (p.MakeDossier(case=CRIME), {OWN, LEAD, HEAD, EQUAL, TEAM, DPO}),
    (p.CoverPictures(case=CRIME), {OWN, LEAD, HEAD, EQUAL, TEAM, DPO}),
]

# The thread of a role → who acts in it, and who of them decides.
THREADS = {
    "communications_lead": ({LEAD}, {LEAD}),
    "department_head": ({LEAD, HEAD}, {LEAD, HEAD}),
    "equal_opportunities": ({LEAD, EQUAL}, {LEAD}),  # they advise
    "moderation_team": ({LEAD, TEAM}, {LEAD, TEAM}),
}


def test_the_table_holds_every_press() -> None:
    """A press that is added to the product gets a row here."""
    tested = {type(press) for press, _ in CASE_PRESSES}
    tested |= {p.Take, p.Decide, p.UndoDecision, p.AskInfo, p.Forward, p.CloseThread, p.ApproveFaq, p.EditFaq, p.RetireFaq}
    tested |= {p.ShowThread, p.ShowObjection, p.Review}  # by who had no part: in the journeys of objections
    tested |= set(get_args(p.SignalPress))  # below
    tested |= {p.TakeOverFaq, p.NewFaq, p.ShowFaq, p.CloseGap, p.AnswerFromFaq, p.AddWords, p.DropWords, p.ShowReview}
    tested |= set(get_args(p.RosterPress))
    assert tested == set(get_args(p.Press))


async def test_who_may_press_what_on_a_case(town: Town) -> None:
    """Only who has the case and the communications lead act on it; what is another role's line, that role too."""
    wrong = []
    for press, allowed in CASE_PRESSES:
        for who in EVERYBODY:
            for values in FORMS if type(press) in (p.EditIntake, p.Waive, p.EditReply, p.Next) else FORMS[:1]:
                key = await town.tried(who, press, values)
                if (key not in NO_ACCESS) != (who in allowed):
                    wrong.append((press.do, who, key or "allowed"))
    assert not wrong, wrong


async def test_who_may_press_what_about_signals(town: Town) -> None:
    """A department's signals are for its people, the moderators and the management team; topics and loops for its antenna."""
    organisation = town.chat.antenne.organisation
    department = next(name for name, item in organisation.departments.items() if ANTENNA in item.antennas)
    have = await town.chat.stored(lambda conn: known(Work(conn, town.chat.antenne.house, town.chat.now)))
    topic = have.of(department)[0].id
    managers = set(holders(organisation, "department_head"))
    departmental = {who for who in EVERYBODY if departments_of(organisation, who)}
    read = MODERATE | managers | {ANTENNA}
    mend = {LEAD, ANTENNA, HEAD}  # the head is the antenna's deputy
    rows: list[tuple[p.Press, set[str]]] = [
        (p.KeepSignal(case=CRIME, texts=0, on=True), ACT),
        (p.EditSignal(case=CRIME, texts=0), ACT),
        (p.LogSignal(), MODERATE | departmental),
        (p.ShowSignals(department=department), read),
        (p.ShowSignals(topic=topic, department=department), read),
        (p.ShowSignals(kind="hate"), MODERATE | managers | departmental | {EQUAL}),
        (p.ShowSignals(), MODERATE | managers | departmental),
        (p.ShowTopics(department=department), mend),
        (p.ShowTopic(topic=topic), read),
        (p.RenameTopic(topic=topic, names=1), mend),
        (p.MergeTopic(topic=topic), mend),
        (p.CloseLoop(topic=topic, choice="seen", loops=0), mend),
        (p.NameGroup(signal=1, count=2), mend),
        (p.ShowDigest(department=department, week=202646), read),
        (p.ShowDigest(department="management", week=202646), MODERATE | managers),
        (p.ShowDigest(department="equal_opportunities", week=202646), MODERATE | managers | {EQUAL}),
        (p.ShowAnswers(department=department, week=202646), read),
    ]
    assert {type(press) for press, _ in rows} == set(get_args(p.SignalPress))
    wrong = []
    for press, allowed in rows:
        for who in EVERYBODY:
            key = await town.tried(who, press)
            if (key not in NO_ACCESS) != (who in allowed):
                wrong.append((press, who, key or "allowed"))
    assert not wrong, wrong
    for press in (
        p.ShowDigest(department=department, week=202699),
        p.ShowAnswers(department=department, week=0),
        p.ShowTopic(topic=topic, week=202699),
    ):
        assert await town.tried(LEAD, press) == "refused.stale", "a week that does not exist"


@pytest.mark.parametrize("role", THREADS)
async def test_who_may_press_what_in_a_thread(town: Town, role: str) -> None:
    """Those who were told act in their own thread and the lead in all; deciding is for those who may decide."""
    here, decide = THREADS[role]
    thread = town.thread[role]
    rows: list[tuple[p.Press, dict[str, str], set[str]]] = [
        (p.Take(thread=thread), {}, here),
        (p.AskInfo(thread=thread), {"text": "?"}, here),
        (p.Forward(thread=thread), {"to": "dpo"}, here),
        (p.CloseThread(thread=thread), {}, here),
        (p.Decide(thread=thread, decisions=0), {"outcome": "kritiek", "reason": "mag"}, decide),
    ]
    wrong = []
    for press, values, allowed in rows:
        for who in EVERYBODY:
            for given in (None, values):
                key = await town.tried(who, press, given)
                if (key == "") != (who in allowed) or (key and key not in NO_ACCESS):
                    wrong.append((press, who, key or "allowed"))
    assert not wrong, wrong
    undo = p.UndoDecision(thread=thread, decisions=0)
    assert {who for who in EVERYBODY if await town.tried(who, undo, {"reason": "x"}) not in NO_ACCESS} == decide


async def test_who_may_open_what_waits(town: Town) -> None:
    """A thread's card is for whoever may see its case."""
    for role, thread in town.thread.items():
        assert {who for who in EVERYBODY if await town.tried(who, p.ShowThread(thread=thread)) == ""} == SEE, role


async def test_who_may_approve_an_answer(town: Town) -> None:
    """The department's antenna, who stands in for them, and the communications lead."""
    allowed = {"joris", "griet", LEAD}
    presses: list[p.Press] = [kind(entry=town.entry, version=1) for kind in (p.ApproveFaq, p.EditFaq, p.RetireFaq)]
    for press in presses:
        assert {who for who in EVERYBODY if await town.tried(who, press) == ""} == allowed


async def test_who_may_add_to_the_faq_and_look_into_it(town: Town) -> None:
    """Moderators and departments propose; everybody reads; who keeps a department's answers clears its gaps and decides of two texts."""
    keep, propose = {"joris", "griet", LEAD}, MODERATE | {"lies", "bert", "joris", "griet", "nele", "pieter", "els", "marc"}
    mine = {**dict.fromkeys(EVERYBODY, False)}
    assert {who for who in mine if await town.tried(who, p.NewFaq()) == ""} == propose & set(EVERYBODY)
    assert {who for who in mine if await town.tried(who, p.ShowFaq(entry=town.entry)) == ""} == KNOWN
    assert {who for who in mine if await town.tried(who, p.ShowReview()) == ""} == KNOWN, (
        "what is one's own: of others it is empty"
    )
    assert {who for who in mine if await town.tried(who, p.CloseGap(gap=1)) == ""} == keep
    antennas = set(EVERYBODY) & {"lies", "bert", "joris", "griet", "pieter", "els", "marc", LEAD}  # with who stands in for them
    for press in (p.AddWords(), p.DropWords(words=1)):
        assert {who for who in mine if await town.tried(who, press) == ""} == antennas
    taken = p.TakeOverFaq(entry=town.entry, version=1, draft=1)
    assert {who for who in mine if await town.tried(who, taken) == "refused.no_entry"} == keep, "nobody left a text to take over"


async def test_who_may_change_the_directory(town: Town) -> None:
    """The communications lead; an absence of one's own is everybody's to note."""
    closed = ("refused.not_lead", "refused.unknown_person")
    for press in (p.ChangeDirectory(), p.SetPerson(), p.SetReview()):
        for values in FORMS:
            assert {who for who in EVERYBODY if await town.tried(who, press, values) not in closed} == {LEAD}
    assert {who for who in EVERYBODY if await town.tried(who, p.SetAbsence()) == ""} == KNOWN


async def test_who_may_answer_from_the_faq(town: Town) -> None:
    """In a thread, those who were told there, and the communications lead."""
    allowed = THREADS["department_head"][0]
    press = p.AnswerFromFaq(thread=town.thread["department_head"], entry=1)
    assert {who for who in EVERYBODY if await town.tried(who, press) == ""} == allowed


async def test_what_may_be_seen_and_done(town: Town) -> None:
    """The table's rows as the roster answers them, for a crime that four roles were told of."""
    table: dict[May, set[str]] = {
        "see": SEE,
        "see_originals": {OWN, LEAD, HEAD, EQUAL, TEAM},
        "see_handle": {OWN, LEAD, TEAM},
        "act": ACT,
        "decide": {LEAD, HEAD, TEAM},
        "moderate": MODERATE,
        "log_signal": MODERATE,
    }

    def asked(conn: Connection) -> dict[May, set[str]]:
        work = Work(conn, town.chat.antenne.house, town.chat.now)
        case = standing(work, load_case(work, CRIME, lock=False))
        return {what: {who for who in EVERYBODY if may(work.organisation, who, what, case)} for what in table}

    assert await town.chat.stored(asked) == table


async def test_originals_are_for_who_was_told(town: Town) -> None:
    """A screenshot opens for the moderator whose case it is, the lead, the moderation team, and those who were told; for no other
    moderator."""
    seen = {who for who in EVERYBODY if await town.chat.antenne.picture(who, 1) is not None}
    assert seen == {OWN, LEAD, HEAD, EQUAL, TEAM}
    for press in (
        p.MakeDossier(case=INSULT),
        p.CoverPictures(case=INSULT),
    ):  # nobody was told: the team sees all, the officer says why
        allowed = {who for who in EVERYBODY if await town.tried(who, press) not in NO_ACCESS}
        assert allowed == {OWN, LEAD, TEAM, DPO}


async def test_the_author_is_named_to_few(town: Town) -> None:
    """The clear handle stands on the moderator's card and the lead's; in no thread and in no timeline."""
    an = town.chat.person(OWN)
    await an.command("zaken")
    await an.press(next(label for label in an.shown[0].labels() if f"Zaak {CRIME}" in label))
    assert "— Jan" in an.card.text
    for who in (LEAD, HEAD, EQUAL, TEAM):
        assert all("— Jan" not in item.text for item in await town.chat.person(who).inbox()), who
    for who in (OTHER, TEAM, DPO):
        await town.chat.person(who).command(f"zaak {CRIME}")
        assert "— Jan" not in town.chat.person(who).shown[0].text


async def test_conversations_are_for_who_is_in_them(town: Town) -> None:
    """Nobody reads another's direct messages or a channel that they are not in, also not by its name."""
    rooms = {
        "local:an": {OWN},
        "local:marc": {HEAD},
        "local:#communicatie": {LEAD},
        "local:#gelijke-kansen": {LEAD, EQUAL},
        "local:#moderatieteam": {LEAD, TEAM, OWN, OTHER},
        "local:#milieu": {LEAD, "griet", "joris"},
    }
    for room, allowed in rooms.items():
        readers = set()
        for who in set(EVERYBODY) - {"buitenstaander"}:
            if await town.chat.antenne.read(who, room):
                readers.add(who)
        assert readers == allowed, room


async def test_a_ground_lets_equal_opportunities_see(town: Town) -> None:
    """Not told of an insult; with a protected ground given it is theirs to see."""
    assert await town.tried(EQUAL, p.ShowCase(case=INSULT)) == "refused.may_not_see"
    an = town.chat.person(OWN)
    await an.command("zaken")
    await an.press(next(label for label in an.shown[0].labels() if f"Zaak {INSULT}" in label))
    await an.press("Leeftijd", on="Beschermd criterium")
    assert await town.tried(EQUAL, p.ShowCase(case=INSULT)) == ""
