"""What somebody wrote, made whole before it is acted on: the message that it points at, the pictures that belong to it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from adapters.slack import events, files
from adapters.slack.client import Client, Failed
from adapters.slack.events import Heard, Json
from bot.comment_text import is_blank
from bot.events import Actor, Answer, Image, Pasted, Replied, Submitted
from bot.ports import Pictures
from bot.presses import EditIntake
from bot.roster import person_of
from bot.sentences import sentences
from bot.tables import messages
from bot.wording import language_of

if TYPE_CHECKING:
    from bot.antenne import Antenne


@dataclass(frozen=True, slots=True)
class Hearing:
    """Hears for one running bot. ``pictures`` looks at what is shared; ``host``: the only one that files are fetched from."""

    antenne: "Antenne"
    client: Client
    pictures: Pictures | None
    host: str = files.HOST

    async def hear(self, said: Heard) -> Answer:
        """The event with its files in it, handled. Raises ``FileRefused``, and ``Failed`` for what may work later."""
        event = said.event
        if said.above is not None and isinstance(event, Pasted):
            head = await self._head(said)
            event = event.model_copy(update={"text": events.unescape(head.get("text"))})
            said = replace(said, files=tuple(head.get("files") or ()))
        if said.files and isinstance(event, Pasted):
            event = event.model_copy(update={"images": await self.keep(event.actor, said.files)})
        if isinstance(event, Replied) and said.files and person_of(self.antenne.organisation, event.actor) is not None:
            return await self._with_files(event, said.files)
        if isinstance(event, Replied) and is_blank(event.text):
            return Answer()
        return await self.antenne.handle(event, draw=False)

    async def keep(self, actor: Actor, shared: tuple[Json, ...]) -> tuple[Image, ...]:
        """Fetch pictures, look at them, then store them as they came."""
        kept = []
        by = person_of(self.antenne.organisation, actor) or ""
        for file in shared[: files.MOST]:
            content = await files.fetch(self.client, file, self.host)
            media, text = await files.looked_at(content, self.pictures)
            kept.append(Image(evidence=await self.antenne.keep_picture(by, content, media, text)))
        return tuple(kept)

    async def _head(self, said: Heard) -> Json:
        """The message at the head of a thread, where the bot may read it."""
        assert said.above is not None  # asked only then
        try:
            answer = await self.client.ask("conversations.replies", channel=said.above.channel, ts=said.above.thread, limit=1)
        except Failed as problem:
            if problem.passes:
                raise
            raise files.FileRefused("slack.thread_unread") from None
        return next(iter(answer.get("messages") or ()), {})

    async def _with_files(self, event: Replied, shared: tuple[Json, ...]) -> Answer:
        """Beneath a case's card pictures go with the case; in any other thread the words are passed on, and no file."""
        case = await self._case_at(event)
        answer = Answer()
        if case is not None:
            images = await self.keep(event.actor, shared)
            added = Submitted(id=f"{event.id}.files"[:200], actor=event.actor, press=EditIntake(case=case), images=images)
            answer = await self.antenne.handle(added, draw=False)
            answer = Answer(note=answer.note, refused=answer.refused, kept=answer.kept)
        if not answer.refused and not is_blank(event.text):
            answer = await self.antenne.handle(event, draw=False)
        if case is not None or answer.kept != "now":
            return answer
        person = person_of(self.antenne.organisation, event.actor)
        note = sentences(language_of(self.antenne.organisation, person)).t("slack.file_not_passed")
        return replace(answer, note=f"{answer.note} {note}".strip())

    async def _case_at(self, event: Replied) -> int | None:
        """The case whose card a message answers."""
        here = (messages.c.lane == event.conversation, messages.c.remote == event.remote, messages.c.kind == "case")
        found = await self.antenne.store.read(lambda conn: conn.execute(select(messages.c.case_id).where(*here)).scalar())
        return int(found) if found is not None else None
