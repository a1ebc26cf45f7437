"""A tour past the cards and forms that the journeys do not approve: each as Slack is sent it, in both languages."""

import itertools
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.slack import dialogs, home, render
from bot import presses as p
from bot.cards import Card, Form
from bot.events import Actor, Answer, Commanded, Incoming, Pasted, Pressed, Submitted
from bot.sentences import sentences
from tests.adapters.slack.stub import Json, problems
from tests.approved import agrees, only
from tests.journeys.chat import Chat, talking

PEOPLE = ("an", "karim", "sofie", "tom", "lies", "joris", "bert", "fatima", "rik")


def timeless(text: str) -> str:
    """A payload without one-use addresses, and without the versions of tree and policy, which change with every edit of a file."""
    text = re.sub(r"(lokaal-bestuur) \S+, (\w+) [0-9a-f]{12}", r"\1 …, \2 …", text)
    return re.sub(r"/stuk/[\w-]+", "/stuk/…", text)


class Tour:
    """Goes past one bot, speaking its presses, and approves what it is shown."""

    def __init__(self, chat: Chat, language: str) -> None:
        self.chat, self.language, self.pages, self._numbers = chat, language, set[str](), itertools.count(1)

    async def _handle(self, kind: type[Any], who: str, **what: Any) -> Answer:
        event: Incoming = kind(id=f"tour{next(self._numbers)}", actor=Actor(platform="local", address=who), **what)
        answer = await self.chat.antenne.handle(event)
        assert not answer.refused, (what, answer.note)
        return answer

    async def paste(self, who: str, text: str) -> int:
        return (await self._handle(Pasted, who, text=text)).case or 0

    async def type(self, who: str, text: str) -> Answer:
        return await self._handle(Commanded, who, text=text)

    async def press(self, who: str, press: p.Press) -> Answer:
        return await self._handle(Pressed, who, press=press)

    async def send(self, who: str, press: p.Press, **values: str) -> Answer:
        return await self._handle(Submitted, who, press=press, values=values)

    async def walk(self, who: str, case: int, *choices: str) -> None:
        for step, choice in enumerate(choices):
            await self.press(who, p.Answer(case=case, walk=0, step=step, choice=choice))

    async def wait(self, seconds: float) -> None:
        await self.chat.pass_time(seconds=seconds)

    async def newest(self, who: str, place: str, beginning: str = "") -> Card:
        """The newest message of a local conversation whose title begins so."""
        await self.chat.work()
        found = await self.chat.antenne.read(who, f"local:{place}")
        return [one.card for one in found if one.card.title.startswith(beginning)][-1]

    def keep(self, name: str, seen: Answer | Card | Form) -> None:
        """Compare with what was approved: the form, or the last card, of an answer."""
        shown: Sequence[Card | Form | None] = (seen.form, *seen.cards, seen.card) if isinstance(seen, Answer) else (seen,)
        one = next(item for item in shown if item is not None)
        t = sentences(self.language).t
        sent: Json
        if isinstance(one, Form):
            sent = dialogs.dialog(one, t)
        else:
            sent = {"text": render.fallback(one, t), "blocks": render.message(one, t).blocks}
        assert problems(sent["blocks"]) == [], name
        page = f"slack_more/{name}.{self.language}.json"
        self.pages.add(page)
        agrees(page, timeless(json.dumps(sent, ensure_ascii=False, indent=1)) + "\n")


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_tour(tmp_path: Path, sqlite_url: str, language: str) -> None:
    """Help, overview, directory, absences, crisis, FAQ, signals, topics, digest, reports, dossier, objections, support."""
    changes = {"language": language, "people": {name: {"language": language} for name in PEOPLE}}
    async with talking(sqlite_url, tmp_path, changes=changes, at=datetime(2026, 11, 17, 9, 0, tzinfo=UTC)) as chat:
        tour = Tour(chat, language)
        await _directory(tour)
        await _faq(tour)
        await _case(tour)
        await _hate(tour)
        await _signals(tour)
        await _crisis(tour)
    only("slack_more", tour.pages | {page.replace(f".{language}.", f".{one}.") for page in tour.pages for one in ("nl", "en")})


def first(asked: Answer) -> str:
    """What the first field of a form holds already."""
    assert asked.form is not None
    return asked.form.fields[0].value


async def _directory(tour: Tour) -> None:
    tour.keep("help", await tour.type("an", "help"))
    tour.keep("roles", await tour.type("sofie", "roles"))
    tour.keep("form_directory", await tour.press("sofie", p.ChangeDirectory()))
    tour.keep("form_absence", await tour.type("sofie", "absent"))
    await tour.type("sofie", "absent 1/12-3/12, Tom")


async def _faq(tour: Tour) -> None:
    tour.keep("faq_entry", await tour.type("an", "faq #1"))
    tour.keep("faq_history", await tour.press("joris", p.ShowFaq(entry=1, history=True)))
    await tour.type("an", "faq Waar is de olifant van de koningin?")
    tour.keep("faq_gaps", await tour.type("sofie", "faq gaps"))
    tour.keep("faq_review", await tour.type("joris", "faq review"))


async def _case(tour: Tour) -> None:
    case = await tour.paste("an", "Sukkels van de dienst wegen, allemaal luie ratten")
    await tour.send("an", p.EditIntake(case=case), text="Sukkels van de dienst wegen", handle="jan.boos", platform="facebook",
                    link="https://www.facebook.com/torenbeek/posts/1?comment_id=2", posted="2026-11-16T09:30")  # fmt: skip
    await tour.walk("an", case, "negatief", "belediging", "ja_grof")
    await tour.press("an", p.SetFlag(case=case, flag="colleague_targeted", on=True))
    tour.keep("form_tell_colleague", await tour.press("an", p.TellColleague(case=case)))
    await tour.send("an", p.TellColleague(case=case), person="bert", consent="yes")
    tour.keep("support", await tour.newest("bert", "bert"))
    tour.keep("advice_private", await tour.press("an", p.SetFlag(case=case, flag="weighs_on_me", on=True)))
    tour.keep("comment", await tour.press("an", p.ShowText(case=case)))
    await tour.wait(16)
    tour.keep("form_same_author", await tour.press("an", p.SameAuthor(case=case)))
    await tour.press("an", p.AllDone(case=case))
    tour.keep("closed_with_strike", await tour.press("an", p.Close(case=case)))
    tour.keep("motivation", await tour.press("an", p.Motivate(case=case, formal=False)))
    tour.keep("form_undo_strike", await tour.press("an", p.UndoStrike(case=case)))
    tour.keep("form_objection", await tour.press("an", p.Object(case=case)))
    await tour.send("an", p.Object(case=case), text="Ik bedoelde de voetbalploeg.")
    await tour.wait(1)
    tour.keep("objection", await tour.newest("sofie", "sofie"))
    tour.keep("form_review", await tour.press("sofie", p.Review(objection=1, upheld=True)))
    tour.keep("record", await tour.type("an", f"case {case}"))


async def _hate(tour: Tour) -> None:
    case = await tour.paste("an", "Weg met hen allemaal")
    await tour.walk("an", case, "negatief", "haat", "ja")
    ground = next(iter(tour.chat.antenne.house.tree.said("nl").grounds))
    await tour.press("an", p.Choose(case=case, what="ground", value=ground))
    tour.keep("reports", await tour.press("an", p.WhereToReport(case=case)))
    asked = await tour.press("an", p.Reported(case=case))
    tour.keep("form_reported", asked)
    await tour.send("an", p.Reported(case=case), body=first(asked))
    tour.keep("form_body_answered", await tour.press("an", p.BodyAnswered(case=case, report=1)))
    asked = await tour.press("an", p.MakeDossier(case=case))
    tour.keep("form_dossier", asked)
    tour.keep("dossier_lacks", await tour.send("an", p.MakeDossier(case=case), receiver=first(asked)))
    tour.keep("dossier_page", await tour.press("an", p.CoverPictures(case=case)))


async def _signals(tour: Tour) -> None:
    tour.keep("form_signal", await tour.type("lies", "signal Mobiliteit en wegen: Wanneer is het fietspad klaar?"))
    await tour.send("lies", p.LogSignal(), text="Wanneer is het fietspad klaar?", department="mobiliteit", kind="question")
    tour.keep("signals", await tour.type("lies", "signals"))
    tour.keep("topics", await tour.type("lies", "topics"))
    tour.keep("topic", await tour.press("lies", p.ShowTopic(topic=1)))
    tour.keep("form_rename_topic", await tour.press("lies", p.RenameTopic(topic=1, names=1)))
    tour.keep("form_merge_topic", await tour.press("lies", p.MergeTopic(topic=1)))
    tour.keep("digest_choose", await tour.type("sofie", "digest"))
    tour.keep("my_work", await tour.type("an", "cases"))
    tour.chat.set_time(datetime(2026, 11, 23, 7, 31, tzinfo=UTC))
    await tour.chat.work()
    tour.keep(
        "digest",
        await tour.newest("lies", "#mobiliteit", sentences(tour.language).t("digest.title", number=47, department="")[:10]),
    )


async def _crisis(tour: Tour) -> None:
    open_case = await tour.paste("an", "Staat het water al in de Kerkstraat?")
    await tour.type("sofie", "crisis on water")
    tour.keep("crisis", await tour.type("sofie", "crisis"))
    await tour.wait(1)
    tour.keep("crisis_told", await tour.newest("an", "#moderatieteam"))
    await tour.walk("an", open_case, "neutraal", "vraag")
    tour.keep("advice_in_crisis", await tour.press("an", p.Answer(case=open_case, walk=0, step=2, choice="weet_niet")))
    overview = await tour.chat.antenne.overview("an")
    page = home.home(overview, sentences(tour.language).t)
    agrees(f"slack_more/home.{tour.language}.json", json.dumps(page, ensure_ascii=False, indent=1) + "\n")
    tour.pages.add(f"slack_more/home.{tour.language}.json")
    tour.keep("crisis_report", await tour.type("sofie", "crisis off"))
    tour.keep("no_crisis", await tour.type("an", "crisis"))
