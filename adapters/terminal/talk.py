"""The loop around the screen: what is typed becomes an event, what comes back is drawn. No logic of the bot's own."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.table import Table as Grid
from rich.text import Text as Line

from adapters.terminal.asking import CANCEL, Ask, Keyboard, Lines
from adapters.terminal.controls import Control, controls, fold, matching, nearly
from adapters.terminal.forms import Forms, event_id
from adapters.terminal.render import inert, key_of, numbered, render
from bot.cards import Card
from bot.commands import COMMANDS
from bot.comment_text import clean
from bot.events import Actor, Answer, Commanded, Incoming, Pasted, Pressed, Replied
from bot.ports import Pictures, StoreUnavailable
from bot.presses import Press
from bot.sentences import sentences

if TYPE_CHECKING:
    from bot.antenne import Antenne
    from bot.inbox import Channel, Shown
    from bot.organisation import Organisation


ANNOUNCED = 5  # announcements that stay on the screen until they are opened; /kanalen counts them all
BOT_COMMANDS = frozenset(name for command in COMMANDS for name in command.names if " " not in name)


@dataclass(frozen=True, slots=True)
class Thread:
    """A message that was opened: what is typed now is a reply to it."""

    conversation: str
    title: str
    message: int


Entry = tuple[str, Callable[[], Awaitable[None]]]  # a line of a menu, and what choosing it does


class Talk:
    """One terminal, as one person at a time."""

    def __init__(self, antenne: "Antenne", pictures: Pictures, person: str, ask: Ask, console: Console, *, redraws: bool) -> None:
        """`redraws`: whether the screen is cleared so that a card changes in place."""
        self._antenne, self._pictures = antenne, pictures
        self._ask, self._console, self._redraws = ask, console, redraws
        self._commands: Mapping[str, Callable[[str], Awaitable[bool]]] = {
            "als": self._become, "as": self._become,
            "kanalen": self._channels, "channels": self._channels,
            "kaart": self._card, "card": self._card,
            "terug": self._back, "back": self._back,
            "hulp": self._help, "help": self._help,
            "stop": self._stop, "exit": self._stop, "quit": self._stop,
        }  # fmt: skip
        self._waiting = ""  # a command that was typed where something else was asked
        self._busy = asyncio.Lock()  # news waits until what is typed has been answered
        self._sit_down(person)

    def _sit_down(self, person: str) -> None:
        self.person = person
        self._wording = sentences(self._antenne.organisation.people[person].language)
        self._forms = Forms(self._antenne, self._pictures, person, self._wording, self._in_form, self._say, redraws=self._redraws)
        self.cards: tuple[Card, ...] = ()
        self._before: tuple[Card, ...] = ()
        self._menu: tuple[Entry, ...] = ()
        self._thread: Thread | None = None
        self._standing: int | None = None  # the message that shows the same card as the screen
        self._seen: dict[int, int] = {}  # message → the version that this person has seen
        self._newest: dict[str, int] = {}  # conversation → its newest message
        self._unread: dict[str, dict[int, str]] = {}  # conversation → its messages not opened, and how each was announced

    async def run(self, asked: Callable[[], None] = lambda: None) -> None:
        """Greet, then answer what is typed until the end. `asked`: called once the first question is put."""
        await self._greet()
        asyncio.get_running_loop().call_soon(asked)  # the question is put in this very turn of the loop
        watch = asyncio.create_task(self._watch())
        try:
            while (line := await self._ask(self._prompt())) is not None:
                async with self._busy:
                    if not await self._answer_safely(line):
                        break
        finally:
            watch.cancel()

    async def take(self, line: str) -> bool:
        """Answer one entry; `False` when it says to stop."""
        text = line.strip()
        if not text or text == CANCEL:
            if not text and any(self._unread.values()):
                await self._open_newest()
            return True
        word, _, rest = text.partition(" ")
        if word.casefold() == "/moderate" or text.casefold().startswith("/moderate\n"):
            await self._handle(Commanded(id=event_id(), actor=self._actor, text=text[len("/moderate") :].strip()))
            return True
        if word.startswith("/") and word[1:].isalpha():
            command = self._commands.get(word[1:].casefold())
            if command is not None:
                return await command(rest.strip())
            if word[1:].casefold() in BOT_COMMANDS:
                await self._handle(Commanded(id=event_id(), actor=self._actor, text=text[1:]))
                return True
            self._note(self._wording.t("terminal.no_command", typed=word), refused=True)
            return True
        if self._menu and text.rstrip(".)").isdecimal():
            number = int(text.rstrip(".)"))
            if 1 <= number <= len(self._menu):
                await self._menu[number - 1][1]()
            else:
                self._note(self._wording.t("terminal.no_number", typed=text), refused=True)
            return True
        await self._press_or_say(line)
        return True

    # what is typed

    async def _press_or_say(self, line: str) -> None:
        text = line.strip()
        meant = matching(controls(self.cards), text) if not self._menu else ()
        if len(meant) == 1:
            await self._press(meant[0])
        elif meant:
            keys = ", ".join(control.key for control in meant)
            self._note(self._wording.t("terminal.several", keys=keys), refused=True)
        elif len(text) <= 4 and text[0].isdecimal() and text.rstrip(".)").isalnum():
            self._note(self._wording.t("terminal.no_number", typed=text), refused=True)
        elif self._thread is not None:
            await self._reply(self._thread, line)
        elif (near := nearly(controls(self.cards), text)) is not None:
            self._note(self._wording.t("terminal.nearly", number=near.key, label=near.label), refused=True)
        elif len(text.split()) == 1 and self._is_command(f"/{text}"):  # a newcomer's "help", or a citizen's: not for us to guess
            self._note(self._wording.t("terminal.bare_command", typed=text), refused=True)
        else:
            self._menu = ()
            await self._handle(Pasted(id=event_id(), actor=self._actor, text=line))

    def _is_command(self, typed: str) -> bool:
        """Whether this is a command and nothing else could be meant: one line, its first word one that is known."""
        word = typed.strip().partition(" ")[0].casefold()
        known = word[1:] in self._commands or word[1:] in BOT_COMMANDS or word == "/moderate"
        return word.startswith("/") and known and "\n" not in typed.strip()

    async def _in_form(self, prompt: str, default: str = "") -> str | None:
        """What is entered where one thing is asked; a command leaves it, and is done next."""
        typed = await self._ask(prompt, default)
        if typed is not None and self._is_command(typed):
            self._waiting = typed.strip()
            return CANCEL
        return typed

    async def _reply(self, thread: Thread, text: str) -> None:
        event = Replied(
            id=event_id(),
            actor=self._actor,
            conversation=thread.conversation,
            remote=str(thread.message),
            text=text,
        )
        answer = await self._antenne.handle(event)
        await self._antenne.work()
        self.cards = await self._thread_cards(thread)
        self._draw(answer.note or self._wording.t("terminal.reply_here"), refused=answer.refused)

    async def _press(self, control: Control) -> None:
        press = control.press
        if control.options:
            press = await self._choose(control)
            if press is None:
                self._draw()
                return
        if press is None:
            self._note(control.why or self._wording.t("terminal.not_now"), refused=True)
            return
        if control.asks and not await self._sure(control.asks):
            self._draw()
            return
        await self._handle(Pressed(id=event_id(), actor=self._actor, press=press))

    async def _choose(self, control: Control) -> Press | None:
        self._say(inert(control.label, "bold"))
        chosen = await self._pick([label for label, _ in control.options])
        return None if chosen is None else control.options[chosen][1]

    async def _pick(self, labels: Sequence[str]) -> int | None:
        """The index of the label that was chosen by number or by name; `None` for none of them."""
        rows = numbered()
        for number, label in enumerate(labels, 1):
            rows.add_row(key_of(str(number)), inert(label))
        self._say(rows)
        while True:
            typed = (await self._in_form(self._wording.t("terminal.pick")) or CANCEL).strip()
            if typed in ("", CANCEL):
                return None
            folded = [fold(label) for label in labels]
            if fold(typed) in folded:
                return folded.index(fold(typed))
            number = int(typed.rstrip(".)")) if typed.rstrip(".)").isdecimal() else 0
            if 1 <= number <= len(labels):
                return number - 1
            self._say(inert(self._wording.t("terminal.no_number", typed=typed), "red"))

    async def _sure(self, question: str) -> bool:
        typed = await self._ask(f"{question} {self._wording.t('terminal.yes_no')} ")
        return (typed or "").strip().casefold() in ("j", "ja", "y", "yes")

    async def _handle(self, event: Incoming) -> None:
        await self._show(await self._antenne.handle(event))

    async def _show(self, answer: Answer) -> None:
        while True:
            cards = (answer.card,) if answer.card is not None else answer.cards
            if cards:
                self._look_at(cards)
                if answer.cards:
                    self._standing = await self._same_message()
            self._draw(answer.note, refused=answer.refused)
            if answer.form is None:
                return
            submitted = await self._forms.fill(answer.form)
            if submitted is None:
                self._draw(self._wording.t("terminal.left_form"))
                return
            answer = await self._antenne.handle(submitted)

    def _look_at(self, cards: tuple[Card, ...]) -> None:
        if self._thread is None:
            self._before = self.cards
        self._menu, self.cards, self._standing = (), cards, None

    # the commands of the terminal itself

    async def _become(self, typed: str) -> bool:
        found = people_named(self._antenne.organisation, typed)
        if len(found) == 1:
            self._sit_down(found[0])
            await self._greet()
            return True
        people = self._antenne.organisation.people
        rows = Grid.grid(padding=(0, 2))
        for person in found or people:
            rows.add_row(Line(person, "bold cyan"), inert(people[person].name))
        key = "terminal.who" if found or not typed else "terminal.nobody"
        self._note(self._wording.t(key, typed=typed))
        self._say(rows)
        return True

    async def _channels(self, _: str) -> bool:
        found = await self._antenne.channels(self.person)
        self._menu = tuple((self._channel_line(channel), partial(self._messages, channel)) for channel in found)
        self._thread = None
        self._draw()
        return True

    def _channel_line(self, channel: "Channel") -> str:
        parts = [self._title(channel)]
        if channel.last is not None:
            parts.append(self._when(channel.last))
        if fresh := len(self._unread.get(channel.conversation, ())):
            parts.append(self._wording.t("terminal.unread", count=fresh))
        return " · ".join(parts)

    def _title(self, channel: "Channel") -> str:
        return self._wording.t("terminal.direct") if channel.private else channel.title

    async def _messages(self, channel: "Channel") -> None:
        shown = await self._antenne.read(self.person, channel.conversation)
        roots = [message for message in shown if message.parent is None]
        entries: list[Entry] = []
        for root in roots:
            answers = sum(message.parent == root.message for message in shown)
            line = f"{self._when(root.at)}  {root.card.title or root.card.notice}"
            if answers:
                line += f" · {self._wording.t('terminal.answers', count=answers)}"
            thread = Thread(channel.conversation, self._title(channel), root.message)
            entries.append((line, partial(self._open, thread)))
        if entries:
            self._menu = tuple(entries)
        self._draw("" if entries else self._wording.t("terminal.silence"))

    async def _open(self, thread: Thread) -> None:
        """Show a message with what was written under it; typing now answers there."""
        if self._thread is None:
            self._before = self.cards
        self._menu, self._thread = (), thread
        self.cards = await self._thread_cards(thread)
        self._draw(self._wording.t("terminal.reply_here"))

    async def _open_newest(self) -> None:
        """Show the newest message that was announced and not opened yet."""
        newest, conversation = max((message, place) for place, messages in self._unread.items() for message in messages)
        channel = next(item for item in await self._antenne.channels(self.person) if item.conversation == conversation)
        shown = {item.message: item for item in await self._antenne.read(self.person, conversation)}
        if newest in shown:
            await self._open(Thread(conversation, self._title(channel), shown[newest].parent or newest))
        else:  # further back than what is read at once
            await self._messages(channel)

    async def _thread_cards(self, thread: Thread) -> tuple[Card, ...]:
        """The thread's message and what was written under it, which are then no longer new."""
        cards: list[Card] = []
        for shown in await self._antenne.read(self.person, thread.conversation):
            if thread.message in (shown.message, shown.parent):
                self._seen[shown.message] = shown.version
                self._unread.get(thread.conversation, {}).pop(shown.message, None)
                cards.append(shown.card)
        return tuple(cards)

    async def _card(self, _: str) -> bool:
        self._menu = ()
        self._draw()
        return True

    async def _back(self, _: str) -> bool:
        if not self._menu:
            self.cards, self._before = self._before, self.cards
        self._menu, self._thread = (), None
        self._draw()
        return True

    async def _help(self, _: str) -> bool:
        self._say(inert(self._wording.t("terminal.help")))
        return True

    async def _stop(self, _: str) -> bool:
        return False

    async def _same_message(self) -> int | None:
        """The message that shows the card on the screen: when it changes, the screen does."""
        for channel in await self._antenne.channels(self.person):
            for shown in await self._antenne.read(self.person, channel.conversation):
                if shown.card in self.cards:
                    return shown.message
        return None

    # news

    async def _watch(self) -> None:
        """At every change: announce what is new for this person, between two entries."""
        while True:
            await self._antenne.wakeups.wait("live", 5.0)
            async with self._busy:
                try:
                    say = await self._news()
                except StoreUnavailable:
                    continue
                if say is not None:
                    await self._ask.aside(say)

    async def _news(self) -> Callable[[], None] | None:
        """What to print about messages that are new or changed since they were last seen, if any are."""
        fresh: list[str] = []
        changed = False
        for channel in await self._antenne.channels(self.person):
            if not self._worth_reading(channel):
                continue
            for shown in await self._antenne.read(self.person, channel.conversation):
                known = self._seen.get(shown.message)
                if known == shown.version:
                    continue
                self._seen[shown.message] = shown.version
                if shown.card in self.cards:
                    self._standing = shown.message
                elif self._standing == shown.message or self._is_open(shown):
                    changed = True
                    self.cards = (shown.card,)
                elif known is None:
                    line = f"● {self._title(channel)}: {shown.card.notice or shown.card.title}"
                    fresh.append(line)
                    self._unread.setdefault(channel.conversation, {})[shown.message] = line
        if changed and self._thread is not None:
            self.cards = await self._thread_cards(self._thread)
        return (lambda: self._announce(fresh, changed=changed)) if fresh or changed else None

    def _announce(self, fresh: Sequence[str], *, changed: bool) -> None:
        if changed and not self._menu:
            self._draw(self._wording.t("terminal.changed"))
            if self._redraws:
                return  # what is new stands beneath the card already
        self._tell(fresh)

    def _tell(self, announced: Sequence[str]) -> None:
        for line in announced:
            self._say(inert(line, "yellow"))
        if announced:
            self._say(inert(self._wording.t("terminal.open_them"), "dim"))

    def _worth_reading(self, channel: "Channel") -> bool:
        """Whether something in it is new, or may be a change of what is on the screen."""
        before, self._newest[channel.conversation] = (
            self._newest.get(channel.conversation),
            channel.newest,
        )
        on_screen = self._thread is not None and self._thread.conversation == channel.conversation
        return channel.private or on_screen or before != channel.newest

    def _is_open(self, shown: "Shown") -> bool:
        return self._thread is not None and self._thread.message in (shown.message, shown.parent)

    async def _mark_all_seen(self) -> None:
        for channel in await self._antenne.channels(self.person):
            self._newest[channel.conversation] = channel.newest
            for shown in await self._antenne.read(self.person, channel.conversation):
                self._seen[shown.message] = shown.version

    async def _settle(self) -> None:
        """In a script: send what can be sent and tell what is new before the next line is read."""
        if not self._redraws:
            await self._antenne.work()
            if say := await self._news():
                say()

    # the screen

    async def _greet(self) -> None:
        overview = await self._antenne.overview(self.person)
        await self._mark_all_seen()
        self.cards = (overview,)
        self._draw(self._wording.t("terminal.greeting"))

    async def _answer_safely(self, line: str) -> bool:
        try:
            goes_on = await self.take(line)
            while goes_on and self._waiting:
                line, self._waiting = self._waiting, ""
                goes_on = await self.take(line)
            if goes_on:
                await self._settle()
            return goes_on
        except StoreUnavailable:
            self._note(self._wording.t("terminal.database"), refused=True)
            return True

    def _draw(self, note: str = "", *, refused: bool = False) -> None:
        """The whole screen anew: who is here, the card or the menu, and what there is to say about it."""
        if self._redraws:
            self._console.clear()
        people = self._antenne.organisation.people
        town, name = inert(self._antenne.organisation.name, "dim"), inert(people[self.person].name, "bold")
        who = Line.assemble(town, " · ", name)
        self._say(Line.assemble(who, "  ", inert(self._wording.t("terminal.keys"), "dim")))
        if self._menu:
            rows = numbered()
            for number, (label, _) in enumerate(self._menu, 1):
                rows.add_row(key_of(str(number)), inert(label))
            self._say(rows)
        else:
            self._say(render(self.cards, controls(self.cards), self._wording))
            if self._redraws:  # the screen was cleared, and with it what was announced
                unread = [(message, line) for lines in self._unread.values() for message, line in lines.items()]
                self._tell([line for _, line in sorted(unread)[-ANNOUNCED:]])
        if note:
            self._note(note, refused=refused)

    def _note(self, note: str, *, refused: bool = False) -> None:
        self._say(inert(note, "red" if refused else "green"))

    def _say(self, what: RenderableType) -> None:
        self._console.print(what)

    def _prompt(self) -> str:
        name = clean(self._antenne.organisation.people[self.person].name)
        return f"{name}{f' · {clean(self._thread.title)}' if self._thread else ''} › "

    def _when(self, at: datetime) -> str:
        return at.astimezone(self._antenne.organisation.calendar.zone).strftime("%d/%m %H:%M")

    @property
    def _actor(self) -> Actor:
        return Actor(platform="local", address=self.person)


def people_named(organisation: "Organisation", typed: str) -> list[str]:
    """The ids of whom `typed` can mean: an id or a name, or the beginning of one of its words."""
    word = fold(typed)
    people = organisation.people
    if not word:
        return []
    exact = [name for name, person in people.items() if word in (name, fold(person.name))]
    return exact or [
        name
        for name, person in people.items()
        if any(part.startswith(word) for part in (name, fold(person.name), *fold(person.name).split()))
    ]


async def talk(antenne: "Antenne", pictures: Pictures, person: str, asked: Callable[[], None]) -> None:
    """The conversation on this terminal as `person`, until its end; `asked` is called once the first question stands there."""
    live = sys.stdin.isatty() and sys.stdout.isatty()
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=False)
    for stream in (sys.stdin, sys.stdout):  # a wrong byte is shown as such, never an error
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    ask: Ask = Keyboard() if live else Lines(console)
    await Talk(antenne, pictures, person, ask, console, redraws=live).run(asked)
