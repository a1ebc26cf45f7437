"""What a case's row tells beside its state, what a transaction knows of the organisation, and the text that the chain is made over."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from bot.case import load_case, outcomes, plain_json
from bot.events import Actor, Commanded
from bot.tables import cases
from bot.work import Work
from tests.journeys.chat import Chat

CODES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(CODES | st.text(alphabet='"\\/<>\x00\x1f \x7f\x80é\u2028🚲'))
def test_an_entry_is_written_as_ever(value: Any) -> None:
    """Links of an earlier year were made over what Python's own encoder writes."""
    assert plain_json(value) == json.dumps(value, sort_keys=True, separators=(",", ":"))


async def test_a_row_says_what_the_state_says(chat: Chat) -> None:
    """After every press, also those that save the state alone: overviews and terms read the row."""

    async def agrees() -> None:
        def look(conn: Connection) -> tuple[Any, Any]:
            work = Work(conn, chat.antenne.house, chat.now, "an")
            case = load_case(work, an.case, lock=False)
            row = conn.execute(select(cases).where(cases.c.id == an.case)).one()
            told = (row.phase, row.department, row.outcome, row.closed is None, row.length, row.chain)
            ended = outcomes(case)
            phase = "closed" if case.closed else "advised" if ended else "walking"
            return told, (phase, case.state.department, ended[0] if ended else None, phase != "closed", case.length, case.chain)

        told, meant = await chat.stored(look)
        assert told == meant

    an = chat.person("an")
    await an.paste("De fietsenstalling zit altijd vol")
    first = ["Neutraal", "Terug", "Neutraal", "Melding", "Mobiliteit en wegen"]
    for label in [*first, "Terug", "Terug", "Negatief", "Boos of bezorgd"]:
        await an.press(label)
        assert not an.refused, label
        await agrees()


async def test_events_of_one_transaction_know_what_stands(chat: Chat) -> None:
    """What one of them changes counts for the next, and no longer once it is undone."""

    def work(conn: Connection) -> list[bool]:
        def crisis() -> bool:
            return Work(conn, chat.antenne.house, chat.now, "an").crisis is not None

        def switch(name: str) -> None:
            event = Commanded(id=name, actor=Actor(platform="local", address="sofie"), text="crisis aan brand")
            chat.antenne.desk.handle(conn, event, chat.now)

        known = [crisis(), crisis()]
        undone = conn.begin_nested()
        switch("a")
        known.append(crisis())
        undone.rollback()
        known.append(crisis())
        switch("b")
        return [*known, crisis()]

    assert await chat.antenne.store.write(work) == [False, False, True, False, True]
    assert await chat.stored(lambda conn: Work(conn, chat.antenne.house, chat.now).crisis is not None)
