"""What is shown: inert whatever it holds, and within Slack's limits whatever its size."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from adapters.slack import dialogs, events, home, render
from bot import showing, wording
from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Chart,
    Checklist,
    Copy,
    Facts,
    Field,
    Form,
    Item,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
)
from bot.case import load_case
from bot.events import Actor, Pasted, Pressed
from bot.presses import Answer, Choose, EditIntake, NoStrike, Press, SetFlag, ShowSignals, Start, TakeCase, Tick, Waive
from bot.sentences import sentences
from bot.work import Work
from tests.adapters.slack.stub import Json, problems, strings
from tests.adapters.slack.town import AN, LEAD, LIES, ROADS, SOFIE, Town, control, controls, open_town, words

t = sentences("nl").t
HOSTILE = (
    "<!channel> <!here> <@U0SOFIE000> <https://evil.example|klik> &lt;!channel&gt; @channel @here *vet* _x_ ~y~ `code` "
    "```blok``` > citaat\n:bomb: [a](https://evil.example) javascript:alert(1) \u202egnp.exe\u202c \u0007\u0000 "
    "<script>alert(1)</script> 👩‍👩‍👧‍👦 é e\u0301 ﷽ {0} %s"
)
text = st.one_of(
    st.sampled_from([HOSTILE, "", " ", "\u202e", "\ud800", "👨‍👩‍👧‍👦" * 500, "x" * 9_000, "<!channel>" * 300]),
    st.text(max_size=300),
    st.text(alphabet="<>!@#|&*_~`:channelU0 \n", max_size=200),
)
LONG = "a" * 60
press = st.sampled_from([
    Start(), ShowSignals(department=LONG, kind=LONG, topic=2**31 - 1, week=999_953, unanswered=True, page=10_000),
    Tick(case=2**31 - 1, item=LONG), Waive(case=2**31 - 1, item=LONG, reason="not_possible"),
    Answer(case=2**31 - 1, walk=10_000, step=10_000, choice=LONG),
])  # fmt: skip
button = st.builds(
    Button, text, press, st.sampled_from(["plain", "primary", "danger"]), st.sampled_from(["", "Zeker?", "x" * 500])
)
item = st.builds(
    Item,
    text,
    st.sampled_from(["open", "done", "waived", "blocked"]),
    text,
    st.none() | press,
    st.lists(button, max_size=9).map(tuple),
)
block: st.SearchStrategy[Block] = st.one_of(
    st.builds(Text, text, st.sampled_from(["plain", "strong", "hint", "question"])),
    st.builds(Quote, text, text),
    st.builds(Copy, text, text),
    st.builds(Facts, st.lists(st.tuples(text, text | st.builds(Quote, text)), max_size=60).map(tuple)),
    st.builds(
        lambda caption, rows: Table(caption, ("a", "b", "c"), tuple(rows)),
        text,
        st.lists(st.tuples(text, text | st.builds(Quote, text), button), max_size=120),
    ),
    st.builds(Chart, text, text, st.just(("w1", "w2")), st.just((("x", (1.0, 2.0)),))),
    st.builds(Checklist, st.lists(item, max_size=30).map(tuple)),
    st.builds(Toggles, text, st.lists(st.tuples(text, st.booleans(), press), max_size=40).map(tuple)),
    st.builds(Picture, st.integers(1, 9), text),
    st.builds(Buttons, st.lists(button, max_size=60).map(tuple), st.booleans()),
    st.builds(
        Select,
        text,
        st.integers(0, 260).map(lambda n: tuple((f"k{i}", Answer(case=i + 1, walk=0, step=0, choice="x")) for i in range(n))),
        st.none() | st.integers(0, 260),
        text,
    ),
)
card = st.builds(
    Card,
    text,
    st.lists(block, max_size=25).map(tuple),
    st.sampled_from(["neutral", "danger", "warning", "success", "info"]),
    text,
)


QUICK = (Phase.explicit, Phase.generate)  # making cards of this size smaller takes minutes


def pieces(part: object) -> Iterator[Json]:
    """Every dictionary in a payload."""
    if isinstance(part, dict):
        yield part
    for child in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from pieces(child)


def wrong(blocks: list[Json], most: int) -> list[str]:
    """What Slack would not take, or would give meaning to."""
    found = problems(blocks)
    found += [f"{len(blocks)} blocks"] if len(blocks) > most else []
    found += ["too much"] if sum(map(len, strings(blocks))) > 9_000 else []
    for piece in pieces(blocks):
        if piece.get("type") in ("link", "emoji", "broadcast", "channel", "usergroup", "mrkdwn", "image"):
            found.append(f"a {piece['type']}")
    return found


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of a card this large, should it fail
@settings(max_examples=40, phases=QUICK)
@given(card)
def test_any_card_fits_and_is_inert(shown: Card) -> None:
    """Whatever stands on a card, Slack takes it and gives no meaning to it; what is cut is in the file."""
    drawn = render.message(shown, t, ["U0SOFIE000"] if shown.title else [])
    assert wrong(drawn.blocks, 50) == []
    assert wrong(home.home(shown, t)["blocks"], 100) == []
    users = [piece for piece in pieces(drawn.blocks) if piece.get("type") == "user"]
    assert len(users) == (1 if shown.title else 0), "nobody is mentioned but whom we mention"
    line = render.fallback(shown, t)
    assert line
    assert not re.search(r"<|[*_~`@#](?!\u2060)|[.](?=\w)", line)
    assert len(line) < 1000


field = st.builds(
    Field, st.uuids().map(lambda u: "f" + u.hex), text, st.sampled_from(["line", "text", "choice", "files", "moment"]), text,
    st.integers(0, 250).map(lambda n: tuple((f"v{i}", HOSTILE) for i in range(n))), st.booleans(), text, st.integers(1, 200_000),
)  # fmt: skip
form = st.builds(
    Form, text, press, st.lists(field, max_size=12).map(tuple), text, st.lists(st.builds(Quote, text), max_size=2).map(tuple)
)


@settings(max_examples=40, phases=QUICK)
@given(form)
def test_any_form_fits(asked: Form) -> None:
    """Whatever a form asks and holds, its dialog is within Slack's limits, and a long text comes back whole."""
    view = dialogs.dialog(asked, t)
    found = problems(view["blocks"])
    assert found == []
    assert len(view["blocks"]) <= 100
    for name in ("title", "submit", "close"):
        assert 1 <= len(view[name]["text"]) <= 24


def test_text_too_long_for_a_dialog_is_left_alone() -> None:
    """What the inputs cannot hold is not offered to change: sent back, it would be cut."""
    asked = Form(
        "Gegevens", EditIntake(case=1), (Field("text", "Tekst", "text", "x" * 30_000, limit=200_000), Field("link", "Link"))
    )
    view = dialogs.dialog(asked, t)
    assert [block.get("block_id") for block in view["blocks"]] == [None, "link"]
    assert "blijft zoals ze is" in words(view["blocks"])
    whole = dialogs.dialog(
        Form("Gegevens", EditIntake(case=1), (Field("text", "Tekst", "text", "x" * 27_000, limit=200_000),)), t
    )
    assert sum(len(block["element"]["initial_value"]) for block in whole["blocks"]) == 27_000


@given(text)
def test_unescaping_is_done_once(typed: str) -> None:
    """What somebody typed comes back from Slack's escaping as it was, also when it looks like Slack's own markup."""
    escaped = typed[:20_000].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert events.unescape(escaped) == typed[:20_000]


@pytest.mark.parametrize(("raw", "plain"), [
    ("<@U1>", "@U1"), ("<@U1|an>", "@an"), ("<#C1|kanaal>", "#kanaal"), ("<!channel>", "@channel"), ("<!subteam^S1|@team>", "@team"),
    ("<https://a.example/x>", "https://a.example/x"), ("<https://a.example|a.example>", "https://a.example"),
    ("<https://a.example|hier>", "hier (https://a.example)"), ("<mailto:a@b.example|a@b.example>", "a@b.example"), ("&amp;lt;", "&lt;"),
    (None, ""),
])  # fmt: skip
def test_markup_becomes_words(raw: Any, plain: str) -> None:
    """Links and names of Slack's own become words."""
    assert events.unescape(raw) == plain


@pytest.mark.parametrize("pressed", [
    Start(), Waive(case=1, item="a.b:c-1"), Waive(case=2**31 - 1, item="a" * 60, reason="not_possible"), Tick(case=2, item="x", done=False),
    SetFlag(case=1, flag="returning", on=True), Choose(case=1, what="department"), NoStrike(case=1, on=False), TakeCase(case=1),
    Answer(case=1, walk=0, step=3, choice="weet_niet"),
], ids=lambda pressed: pressed.do)  # fmt: skip
def test_presses_come_back(pressed: Press) -> None:
    """A press that went out on a button comes back as it was, in few characters; anything else is none."""
    value = events.packed(pressed)
    assert len(value) <= 150
    assert events.press_of(value) == pressed
    for other in (value + "|", value + "é", "no|" + value, None, 1):
        assert events.press_of(other) is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "|",
        "answer",
        "answer|1",
        "answer|x|0|0|y",
        "answer|1|0|0|<!channel>",
        "tick|1|a|maybe|",
        "show|0",
        "show|99999999999999",
    ],
)
def test_no_press(value: str) -> None:
    """What is no press of ours is refused."""
    assert events.press_of(value) is None


def escape(typed: str) -> str:
    """As Slack passes on what somebody typed."""
    return typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def everything(town: Town) -> list[Json]:
    """Every payload that went out."""
    sent: list[Json] = [values for method, values in town.slack.calls if method.startswith(("chat.", "views."))]
    return sent + [item for items in town.slack.responses.values() for item in items]


def inert(payloads: list[Json]) -> None:
    """Nothing in them means anything to Slack but words."""
    for payload in payloads:
        blocks = payload.get("blocks") or payload.get("view", {}).get("blocks") or []
        assert problems(blocks) == []
        assert not {piece.get("type") for piece in pieces(blocks)} & {"link", "emoji", "broadcast", "channel", "mrkdwn", "image"}
        assert not re.search(r"<|[*_~`@#](?!\u2060)|:(?![ \u2060])|[.](?=\w)", payload.get("text", "").rstrip(":"))


async def test_hostile_words_through_every_surface(tmp_path: Path) -> None:
    """A hostile text as comment, name, link, reason, reply, question, FAQ entry and search stays words wherever it is shown."""
    async with open_town(tmp_path) as town:
        hostile = escape(HOSTILE.replace("\u0000", ""))
        await town.command(AN)
        view = town.newest_view()
        await town.submit(AN, view, text=HOSTILE + " fietspad?", link=HOSTILE, handle=HOSTILE, post=HOSTILE, posted=HOSTILE)
        mine = town.slack.direct(AN).id
        for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
            await town.press(AN, label, channel=mine)
        await town.press(AN, "Andere reden", channel=mine)
        await town.submit(AN, town.newest_view(), reason=HOSTILE)
        await town.settle(16)
        head = town.messages(ROADS)[0]
        await town.write(LIES, hostile, channel=ROADS, thread=head["ts"])
        await town.press(LIES, "Meer info vragen", channel=ROADS)
        await town.submit(LIES, town.newest_view(), text=HOSTILE)
        await town.press(LIES, "Goedkeuren", channel=ROADS)
        await town.press(LIES, "Beslissing", channel=ROADS)
        await town.submit(LIES, town.newest_view(), outcome="twijfel", reason=HOSTILE)
        await town.press(LIES, "Doorsturen", channel=ROADS)
        await town.submit(LIES, town.newest_view(), to="communications_lead", text=HOSTILE)
        for text_ in ("faq fietspad", f"faq {hostile}", "zaken", "zaak 1", f"signaal {hostile}", hostile):
            await town.command(AN, text_)
        await town.deliver(town.event({"type": "app_home_opened", "user": AN, "tab": "home", "channel": "D1"}))
        await town.write(SOFIE, hostile)
        await town.settle(16)
        assert len(town.messages(LEAD)) > 1
        payloads = everything(town)
        assert len(payloads) > 30
        inert(payloads)
        mentioned = {piece["user_id"] for payload in payloads for piece in pieces(payload) if piece.get("type") == "user"}
        assert SOFIE in mentioned
        heads = [item for item in town.messages(ROADS) if not item.get("thread_ts")]
        assert all(not any(p.get("user_id") == SOFIE for p in pieces(item)) for item in heads), (
            "the text named Sofie; nobody told her"
        )


async def test_hostile_names_and_the_digest(tmp_path: Path) -> None:
    """The names of people, departments, topics and files are words everywhere: in threads, notices, the home page and the digest."""
    name = "<!channel> <https://evil.example|x> :bomb: *vet* \u202egnp"
    async with open_town(tmp_path, names={"An Peeters": name, "Lies Janssens": name + "2", "Mobiliteit en wegen": name}) as town:
        mine = town.slack.direct(AN).id
        file = town.slack.put_file(b"\x89PNG\r\n\x1a\n" + b"0" * 100) | {"name": HOSTILE, "title": HOSTILE}
        await town.write(AN, f"Wanneer is het fietspad klaar? {escape(HOSTILE)}", subtype="file_share", files=[file])
        for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
            await town.press(AN, label, channel=mine)
        await town.settle(16)
        await town.press(AN, "Klopt, er staat geen naam in", channel=mine)
        await town.press(LIES, "Ik neem dit op", channel=ROADS)
        await town.write(LIES, "Op 1 maart.", channel=ROADS, thread=town.messages(ROADS)[0]["ts"])
        await town.press(LIES, "Goedkeuren", channel=ROADS)
        listed = (await town.command(LIES, "onderwerpen")).body["blocks"]
        await town.act(LIES, control(listed, "fietspad"), channel=ROADS, ts="1.0")
        topic = list(town.slack.responses.values())[-1][-1]["blocks"]
        await town.act(LIES, control(topic, "Andere naam"), channel=ROADS, ts="1.0")
        await town.submit(LIES, town.newest_view(), name=HOSTILE[:60])
        await town.deliver(town.event({"type": "app_home_opened", "user": LIES, "tab": "home", "channel": "D1"}))
        town.time[0] = datetime(2026, 11, 23, 7, 31, tzinfo=UTC)
        await town.settle(3)
        assert any(
            "Weekoverzicht" in words(item.get("blocks") or []) and "evil" in words(item["blocks"])
            for item in town.messages(ROADS)
        )
        inert(everything(town))
        named = [values for method, values in town.slack.calls if method.startswith("files.")]
        assert named
        titles = [text for values in named for text in strings(values.get("files") or [values.get("filename")])]
        assert not any(re.search("[<\u202e]", title) for title in titles)


async def test_very_long_comment(tmp_path: Path) -> None:
    """A comment of 200,000 characters arrives; long replies are cut on the card and whole in a file beneath it."""
    async with open_town(tmp_path) as town:
        long = "Wanneer is het fietspad klaar? 👩‍👩‍👧‍👦 " * 5000
        message = {"user": AN, "text": long[:200_000]}
        shortcut = {
            "callback_id": "moderate_message",
            "message": message,
            "channel": {"id": ROADS},
            "response_url": town.respond_at(),
        }
        await town.deliver(town.interaction(AN, "message_action", **shortcut), envelope="interactive")
        await town.settle()
        mine = town.slack.direct(AN).id
        for label in ("Neutraal", "Vraag", "Ik weet het antwoord niet"):
            await town.press(AN, label, channel=mine)
        await town.settle(16)
        head = town.messages(ROADS)[0]
        answer = "Dat hangt ervan af. " * 900
        await town.write(LIES, answer, channel=ROADS, thread=head["ts"])
        files = [file for item in town.dm(AN) for file in item.get("files") or ()]
        assert [file["content"].strip() for file in files][-1:] == [answer.strip()]
        assert "ingekort" in words(next(item for item in town.dm(AN) if item.get("thread_ts") and "blocks" in item)["blocks"])


def presses_of(shown: Card) -> int:
    """How many things can be done on a card."""
    found = 0
    for one in shown.body:
        match one:
            case Buttons():
                found += len(one.buttons)
            case Checklist():
                found += sum((entry.mark is not None) + len(entry.more) for entry in one.items)
            case Toggles():
                found += len(one.items)
            case Select():
                found += len(one.options) if len(one.options) <= render.FEW else 1
            case _:
                pass
    return found


async def test_every_outcome_keeps_its_controls(tmp_path: Path) -> None:
    """On the card of every question and outcome everything that can be done is there, in both languages, within the limits."""
    async with open_town(tmp_path) as town:
        number, most = 0, [0, 0]

        async def walk(path: tuple[str, ...]) -> None:
            nonlocal number
            number += 1
            person = "an" if number % 2 else "sam"
            actor = Actor(platform="local", address="an")
            answer = await town.antenne.handle(Pasted(id=f"p{number}", actor=actor, text=f"Zin {number} " + "fietspad " * 300))
            for step, choice in enumerate(path):
                said = Answer(case=answer.case or 0, walk=0, step=step, choice=choice)
                answer = await town.antenne.handle(Pressed(id=f"p{number}.{step}", actor=actor, press=said))
            case = answer.case or 0
            shown = await town.antenne.store.read(
                lambda conn: wording.case.card(
                    showing.words_for(work := Work(conn, town.antenne.house, town.time[0], "an"), person),
                    showing.seen(work, load_case(work, case, lock=False), "an"),
                )
            )
            drawn = render.message(shown, sentences("nl" if person == "an" else "en").t)
            assert wrong(drawn.blocks, 50) == [], path
            assert len(controls(drawn.blocks)) == presses_of(shown), path
            most[0], most[1] = max(most[0], len(drawn.blocks)), max(most[1], sum(map(len, strings(drawn.blocks))))
            answers = [one.press for part in shown.body if isinstance(part, Buttons) for one in part.buttons]
            for press_ in answers:
                if isinstance(press_, Answer):
                    await walk((*path, press_.choice))

        await walk(())
        assert number > 60
        assert most[0] <= 45
