"""Every value of every policy setting changes a step, a date, a told role, or a text to set or send (domain §5)."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from uuid import uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy import select

from bot.digest import audiences, due_of, recipients
from bot.digest import settings_of as settings_of_digest
from bot.organisation import load_organisation
from bot.settings import SAMPLE
from bot.tables import strikes
from bot.working_time import Calendar
from flows.policy import Approved, Policy
from flows.tree import TREES, load_tree
from flows.walk import Situation, advise
from tests.flows.test_walk import described
from tests.journeys.chat import Chat, merged, speaks, talking

TREE = load_tree(TREES / "lokaal-bestuur")
APPROVED = {"by": "Gemeenteraad", "on": "2026-01-01", "review_on": "2028-01-01"}


def policy_with(name: str, value: object, **more: object) -> Policy:
    """The default policy with one setting, by its dotted name, and what it needs beside it to matter."""
    return Policy.model_validate(merged(more, nested(name, value)))


def nested(name: str, value: object) -> dict[str, Any]:
    """``strikes.block_at`` → ``{"strikes": {"block_at": …}}``."""
    for part in reversed(name.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value


# --- what a walk shows -------------------------------------------------------------------------------------


OWN_PAGE = Situation()


@dataclass(frozen=True, slots=True)
class Walk:
    """Outcomes whose advice differs between any two of ``values``, in this situation and with ``more`` settings."""

    values: tuple[object, ...]
    outcomes: tuple[str, ...]
    situation: Situation = OWN_PAGE
    more: tuple[tuple[str, object], ...] = ()


WALKS: dict[str, Walk] = {
    "crime_visibility": Walk(("hide_now", "leave_and_answer"), ("strafbaar",)),
    "leave_hours": Walk((3, 6), ("strafbaar",), more=(("crime_visibility", "leave_and_answer"),)),
    "insult_visibility": Walk(
        ("remove_at_once", "answer_then_hide", "hide_when_clear", "show_then_remove"),
        ("gedragscode",),
        Situation(house_rule="insult"),
    ),
    "waiting_hours": Walk((24, 48), ("gedragscode",), Situation(house_rule="insult")),
    "answer_channel": Walk(("public", "private", "both"), ("gedragscode",)),
    "answer_criticism": Walk(("always", "when_it_informs", "never"), ("kritiek",)),
    "positive": Walk(("like_and_thank", "like", "nothing"), ("positief",)),
    "strikes.block_at": Walk((3, 2), ("gedragscode",), Situation(earlier_strikes=1)),
    "strikes.criminal_override": Walk((True, False), ("strafbaar",)),
    "who_deletes": Walk(("moderator", "team"), ("privacy",)),
    "who_deletes_criminal": Walk(("moderator", "team"), ("strafbaar",)),
    "platform_report": Walk(("always", "phishing_and_crime"), ("privacy",)),
    "political.party": Walk(("hide", "remove", "leave"), ("politiek_partij",), more=(("approved", APPROVED),)),
    "political.citizen": Walk(("hide", "remove", "leave"), ("politiek_burger",), more=(("approved", APPROVED),)),
    "political.name": Walk(("hide", "remove", "leave"), ("politiek_naam",), more=(("approved", APPROVED),)),
    "commercial.trader": Walk(("hide", "leave"), ("commercieel",)),
    "commercial.association": Walk(("hide", "leave"), ("commercieel",)),
    "who_blocks": Walk(("moderator", "communications_lead", "team"), ("phishing",)),
    "benign": Walk(("leave", "hide"), ("goedbedoeld",)),
    "response.acknowledge": Walk((24, 48), ("rechtzetten",)),
    "response.answer": Walk((2, 5), ("antwoord_openbaar",)),
    "external_groups": Walk(
        ("monitor", "intervene", "ignore"), ("extern_volgen", "extern_ingrijpen"), Situation(place="external")
    ),
    "tag_asker": Walk((True, False), ("extern_eigen_kanaal",), Situation(place="external")),
    "face_to_face": Walk((True, False), ("hartluchter",)),
    "close_after_hours": Walk((48, 72), ("laten_lopen",)),
    "moderation_style": Walk(("closing", "guarding", "patrolling"), ("temperen", "rechtzetten")),
    "approved": Walk((None, APPROVED), ("politiek_partij",)),
}


@pytest.mark.parametrize("name", WALKS)
def test_a_setting_changes_the_advice(name: str) -> None:
    """Between any two of its values some step, date or told role of these outcomes differs."""
    shown = WALKS[name]

    def advice(value: object) -> list[list[str]]:
        policy = policy_with(name, value, **dict(shown.more))
        return [described(advise(TREE, policy, shown.situation, [outcome]), policy) for outcome in shown.outcomes]

    for one, other in combinations(shown.values, 2):
        assert advice(one) != advice(other), (one, other)


@pytest.mark.parametrize(("value", "lead"), [(None, True), (APPROVED, False)])
def test_politics_waits_for_an_approved_policy(value: object, *, lead: bool) -> None:
    """Before approval the communications lead is asked, also where a citizen speaks."""
    advice = advise(TREE, policy_with("approved", value), Situation(), ["politiek_burger"])
    assert ("communications_lead" in advice.tells) is lead


# --- what the running bot shows ----------------------------------------------------------------------------

Show = Callable[[Chat], Awaitable[object]]
INSULT = ("Negatief", "Belediging, pesten of seksueel", "Ja, grof of bewust kwetsend")


async def card(chat: Chat, *labels: str, place: str = "Onze eigen pagina", handle: str = "") -> str:
    """The card after these answers."""
    an = chat.person("an")
    await an.command("")
    await an.fill({"Tekst van de reactie": "Boe", "Waar staat het?": place, "Naam van het account": handle})
    for label in labels:
        await an.press(label)
    return an.card.text


async def texts(chat: Chat) -> object:
    """The texts for the citizen on the card of an insult."""
    await card(chat, *INSULT)
    return chat.person("an").card.copies


async def in_private(chat: Chat) -> Sequence[tuple[str, str]]:
    """The texts to copy in a private conversation."""
    await card(chat, "Neutraal", "Klacht", place="Privébericht aan ons")
    return chat.person("an").card.copies


async def in_english(chat: Chat) -> object:
    """The texts that a moderator who reads English is given."""
    an = chat.person("an")
    await an.command("Boo")
    for label in ("Neutral", "Complaint"):
        await an.press(label)
    return an.card.copies


async def kept(chat: Chat, *labels: str) -> object:
    """Until when a closed case is kept."""
    await card(chat, *labels, handle="Jan")
    an = chat.person("an")
    if "Dienst" in an.card.chosen:
        await an.press("Vrije tijd", on="Dienst")
    for _ in range(2):
        for line in an.card.lines:
            if line.state == "open":
                await an.press(line.text)
    await an.press("Zaak afsluiten")
    return an.card.facts["Bewaard tot"]


async def strike_ends(chat: Chat) -> object:
    """When the strike of an insult expires."""
    await kept(chat, *INSULT)
    return await chat.stored(lambda conn: list(conn.execute(select(strikes.c.expires)).scalars()))


async def signal_note(chat: Chat) -> object:
    """What is said when a signal is noted."""
    await chat.person("an").command("signaal Het zwembad is koud")
    await chat.person("an").fill({})
    return chat.person("an").note


async def warnings(chat: Chat) -> object:
    """After which of four signals, two days apart, the antenna is warned."""
    seen = []
    for _ in range(4):
        await signal_note(chat)
        await chat.pass_time(days=2)
        seen.append(sum(item.title.startswith("Komt vaak terug") for item in await chat.person("nele").inbox()))
    return seen


async def review(chat: Chat) -> object:
    """What the communications lead is reminded of, week by week."""
    await chat.work()
    seen = []
    for _ in range(4):
        await chat.pass_time(weeks=1)
        seen.append([item.text for item in await chat.person("sofie").inbox("#communicatie") if item.title.startswith("Tijd om")])
    return seen


async def nobody_answers(chat: Chat, *labels: str, minutes: int, times: int) -> object:
    """When an escalation that nobody takes up is spoken of again, in steps of so many minutes."""
    await card(chat, *labels)
    an = chat.person("an")
    await an.press("Vrije tijd", on="Dienst")
    await chat.pass_time(seconds=20)
    seen = []
    for _ in range(times):
        await chat.pass_time(minutes=minutes)
        seen.append(len(await an.inbox(":an")))
    return seen


@dataclass(frozen=True, slots=True)
class Shown:
    """What a running bot shows that differs between ``values``; ``changes`` of the organisation make it matter."""

    values: tuple[object, ...]
    show: Show
    changes: tuple[tuple[str, Any], ...] = ()


BOT: dict[str, Shown] = {
    "dm_auto_reply": Shown(("", "Dag! We lezen je bericht morgen."), in_private),
    "reply_language": Shown(("nl", "citizen"), in_english, (("people", speaks("an", "en")["people"]),)),
    "sign_as": Shown(("organisation", "first_name_in_private"), texts),
    "hierniet": Shown((True, False), texts),
    "code_of_conduct_url": Shown(("", "https://torenbeek.example/code"), texts, (("policy", {"hierniet": False}),)),
    "strikes.expire_after": Shown((12, 6), strike_ends),
    "signal_threshold.count": Shown((2, 3), warnings),
    "signal_threshold.days": Shown((7, 3), warnings),
    "reminders.now": Shown((15, 30), lambda chat: nobody_answers(chat, "Bedreiging of misdrijf", minutes=16, times=2)),
    "reminders.others": Shown((4, 8), lambda chat: nobody_answers(chat, "Neutraal", "Melding", minutes=8 * 60, times=2)),
    "reminders.ahead": Shown((2, 6), lambda chat: nobody_answers(chat, "Neutraal", "Melding", minutes=2 * 60, times=3)),
    "reminders.repeat": Shown((1, 2), lambda chat: nobody_answers(chat, "Neutraal", "Melding", minutes=24 * 60, times=12)),
    "retention.case_months": Shown((12, 24), lambda chat: kept(chat, *INSULT)),
    "retention.crime_evidence_months": Shown((60, 120), lambda chat: kept(chat, "Bedreiging of misdrijf")),
    "retention.signal_months": Shown((60, 36), signal_note),
    "approved.by": Shown(("Gemeenteraad", "College"), review, (("policy", {"approved": {"review_on": "2026-11-01"}}),)),
    "approved.on": Shown(("2026-01-01", "2026-02-01"), review, (("policy", {"approved": {"review_on": "2026-11-01"}}),)),
    "approved.review_on": Shown(("2026-11-01", "2026-12-01", "2027-12-01"), review),
}


@pytest.mark.parametrize("name", BOT)
async def test_a_setting_changes_what_the_bot_says_or_keeps(name: str, tmp_path: Path) -> None:
    """Between any two of its values the running bot's texts, dates or messages differ."""
    shown = BOT[name]
    seen = []
    for value in shown.values:
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        changes = merged(dict(shown.changes), {"policy": nested(name, value)})
        async with talking(f"sqlite:///{folder}/antenne.db", folder, changes=changes) as chat:
            seen.append(await shown.show(chat))
    for one, other in combinations(range(len(seen)), 2):
        assert seen[one] != seen[other], (shown.values[one], shown.values[other])


async def test_a_private_message_has_an_acknowledgement_to_set(tmp_path: Path) -> None:
    """The municipality's own text, or a proposal with its own term; only where a private message came in."""
    changes = {"policy": {"dm_auto_reply": "", "response": {"answer": 3}}}
    async with talking(f"sqlite:///{tmp_path}/antenne.db", tmp_path, changes=changes) as chat:
        private = dict(await in_private(chat))
        assert "binnen 3 werkdagen" in private["Automatisch antwoord op privéberichten, in te stellen op het platform"]
        await card(chat, "Neutraal", "Klacht")
        assert [title for title, _ in chat.person("an").card.copies] == ["Openbaar antwoord"]


async def test_the_review_is_asked_for_every_week_after_its_date(tmp_path: Path) -> None:
    """Nothing before the date; then one reminder with each weekly digest, with who approved the policy and when."""
    changes = {"policy": {"approved": {"by": "College", "review_on": "2026-12-01"}}}
    async with talking(f"sqlite:///{tmp_path}/antenne.db", tmp_path, changes=changes) as chat:
        seen = await review(chat)
    assert isinstance(seen, list)
    assert [len(item) for item in seen] == [0, 1, 2, 3]
    assert "1 december 2026" in seen[-1][0]
    assert "26 maart 2026 (College)" in seen[-1][0]


# --- when the digest comes ---------------------------------------------------------------------------------

DIGEST: dict[str, tuple[object, ...]] = {
    "digest.day": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "digest.time": ("08:30", "09:00"),
    "digest.timezone": ("Europe/Brussels", "Europe/Lisbon"),
}
ORGANISATION, _ = load_organisation(SAMPLE)
SAYS: dict[str, tuple[object, ...]] = {
    "digest.language": ("nl", "en", None),
    "digest.parts": (("topics", "praise"), ("chart", "hate"), ()),
    "digest.per": ({}, {"milieu": {"send": False}}, {"milieu": {"recipients": ("sofie",), "parts": ("praise",)}}),
}


def test_a_setting_changes_what_a_digest_is() -> None:
    """Its language, its parts, and for one department whether it comes, to whom and with what."""
    for name, values in SAYS.items():
        seen = []
        for value in values:
            town = ORGANISATION.model_copy(update={"policy": policy_with(name, value)})
            seen.append(str([(one, settings_of_digest(town, one), recipients(town, one)) for one in audiences(town)]))
        assert len(set(seen)) == len(values), name


@pytest.mark.parametrize("name", DIGEST)
def test_a_setting_changes_when_the_digest_comes(name: str) -> None:
    """Its day, its hour, and the zone that they are read in."""
    hours: Any = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("09:00", "17:00"),))
    calendar = Calendar.of("Europe/Brussels", hours, ())
    dates = [due_of("2026-W47", policy_with(name, value), calendar) for value in DIGEST[name]]
    assert len(set(dates)) == len(dates)
    assert all(timedelta(0) <= date - datetime(2026, 11, 22, 23, tzinfo=UTC) <= timedelta(days=8) for date in dates)


# --- nothing is left out -----------------------------------------------------------------------------------


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting with its dotted name and its type."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_of(kind, f"{prefix}{name}.")
        elif name == "approved":
            yield name, kind
            yield from settings_of(Approved, "approved.")
        else:
            yield prefix + name, kind


TABLE: dict[str, tuple[object, ...]] = (
    {name: shown.values for name, shown in WALKS.items()} | {name: shown.values for name, shown in BOT.items()} | DIGEST | SAYS
)


def test_every_setting_is_in_the_table() -> None:
    """A setting that is added to the policy has its row here, and no row is of a setting that is gone."""
    assert set(TABLE) == {name for name, _ in settings_of(Policy)}


@pytest.mark.parametrize(("name", "kind"), list(settings_of(Policy)))
def test_every_value_is_in_the_table(name: str, kind: Any) -> None:
    """Every word of a closed list, both of a switch, and two of what is free."""
    if get_origin(kind) is Literal:
        assert set(TABLE[name]) == set(get_args(kind))
    elif kind is bool:
        assert set(TABLE[name]) == {True, False}
    else:
        assert len(set(map(str, TABLE[name]))) >= 2
