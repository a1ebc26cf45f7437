"""The composition root, and the entry of the command line (`antenne`): what is plugged into what.

What a command needs is imported when it runs, so that each starts quickly.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, cast

import typer

from adapters.command_line import database, directory, faq, install, papers, retention, screenshot, signals, tree, walk
from adapters.command_line.explaining import USAGE, configured, explained, fail, sentences

if TYPE_CHECKING:
    from aiohttp.web import RouteDef

    from adapters.pictures import Pictures
    from bot.antenne import Antenne
    from bot.events import Platform as ChatPlatform
    from bot.organisation import Organisation
    from bot.ports import Chat, DossierFile, Store, Wakeups
    from bot.settings import Settings
    from flows.authorities import Authority


def now() -> datetime:
    """The moment it is, in UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def running(
    settings: "Settings", *, clock: Callable[[], datetime] = now, chats: "Mapping[str, Chat] | None" = None
) -> "AsyncIterator[Antenne]":
    """The whole bot on its database; `Antenne.run` or `work` makes it send.

    `chats`: platforms beyond the local one, preferred to it; else those that are configured.

    Raises SourceProblems (organisation or tree), KeyFileProblem, UnknownDatabase, StoreUnavailable, StoreTooNew.
    """
    from adapters.database import open_store
    from adapters.wakeups import InProcessWakeups
    from bot.antenne import Antenne
    from bot.organisation import load_organisation
    from bot.pseudonyms import Keys
    from bot.work import House
    from flows.authorities import load_authorities
    from flows.platforms import load_platforms

    organisation, tree = load_organisation(settings.organisation)
    keys = Keys.load(settings.secret_key_file)
    async with AsyncExitStack() as stack:
        store = await open_store(settings.database_url.get_secret_value())
        stack.push_async_callback(store.close)
        if chats is None:
            chats = await _chats(settings, organisation, store, clock, stack)
        platforms = cast("tuple[ChatPlatform, ...]", (*chats, "local"))
        authorities = load_authorities(settings.organisation.with_name("authorities.yaml"))
        pages = settings.pages, settings.public_url is None
        house = House(organisation, tree, keys, platforms, load_platforms(), authorities, *pages)
        wakeups: Wakeups = InProcessWakeups()
        if settings.redis_url is not None:
            from adapters.redis import connected

            wakeups = await stack.enter_async_context(connected(settings.redis_url.get_secret_value(), wakeups))
        antenne = Antenne(house, store, wakeups, chats, clock)
        sample = settings.organisation.with_name("faq.yaml")
        await antenne.prepare(sample if sample.is_file() else None)
        yield antenne


async def _chats(
    settings: "Settings", organisation: "Organisation", store: "Store", clock: Callable[[], datetime], stack: AsyncExitStack
) -> "dict[str, Chat]":
    """The chat platforms that are configured, in order of preference."""
    chats: dict[str, Chat] = {}
    if settings.slack is not None:
        from adapters.charts import Matplotlib
        from adapters.slack.client import Client, SlackChat

        client = Client(settings.slack)
        stack.push_async_callback(client.close)
        chats["slack"] = SlackChat(client, organisation, clock, Matplotlib())
    if settings.teams is not None:
        from adapters.charts import Matplotlib
        from adapters.teams.client import Connector, Places, TeamsChat

        connector = Connector(settings.teams)
        stack.push_async_callback(connector.close)
        chats["teams"] = TeamsChat(connector, Places(store, clock), organisation, clock, Matplotlib())
    return chats


# --- serve -----------------------------------------------------------------------------------------------


YOUNG = 20_000  # objects after which Python looks for circles among the new ones: an answer makes hundreds and hardly a circle


@contextmanager
def starting() -> Iterator[Callable[[], None]]:
    """A start without looking for garbage: what is loaded stays, so looking finds nothing and takes a sixth of the time.

    Yields what to call once the start is over; what was loaded by then is never looked at again, and the rest less often.
    """

    def over() -> None:
        gc.freeze()
        gc.set_threshold(YOUNG)
        gc.enable()

    gc.disable()
    try:
        yield over
    finally:
        gc.enable()


def on_quick_loop(work: Coroutine[Any, Any, None]) -> None:
    """As `asyncio.run`, on libuv's loop where there is one: a press in Slack costs less on it (decision 0015)."""
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with suppress(ImportError):  # on Windows there is none
        from uvloop import new_event_loop as new_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(work)


def serve() -> None:
    """Start the bot: the local web chat on loopback, and whatever chat platforms are configured."""
    with explained(), starting() as started:
        on_quick_loop(_serve(configured(), started))


async def _serve(settings: "Settings", started: Callable[[], None]) -> None:
    import errno
    import signal
    import sys

    from adapters.charts import Matplotlib
    from adapters.pictures import Pictures
    from adapters.web.app import serve as serve_web

    _log_to(sys.stderr, settings.log_level)
    async with running(settings) as antenne:
        say = sentences(antenne.organisation.language)
        pictures = Pictures()

        answering = asyncio.Event()

        def ready(address: str) -> None:
            typer.echo(say.t("cli.serve.ready", address=address))
            started()
            answering.set()

        async def work() -> None:
            await answering.wait()  # what waited since the last time can wait until people are answered
            await antenne.run()

        stack = AsyncExitStack()
        public = [*await _slack(antenne, settings, pictures, stack), *await _teams(antenne, pictures, stack)]
        tasks = [
            asyncio.create_task(work()),
            asyncio.create_task(
                serve_web(
                    antenne,
                    settings,
                    pictures=pictures,
                    charts=Matplotlib(),
                    dossiers=_LateDossiers(antenne, pictures, settings.secret_key_file),
                    public=public,
                    ready=ready,
                )
            ),
        ]
        for stop in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(stop, tasks[-1].cancel)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled() and (trouble := task.exception()) is not None:
                    if isinstance(trouble, OSError) and trouble.errno == errno.EADDRINUSE:
                        fail(say.t("cli.serve.taken", port=settings.port))
                    raise trouble
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await stack.aclose()
            await pictures.close()


@dataclass(frozen=True, slots=True)
class _LateDossiers:
    """Makes dossiers; loads what that needs when the first is asked for."""

    antenne: "Antenne"
    pictures: "Pictures"
    key_file: Path

    def made(self, number: int, receiver: "Authority", who: str = "") -> "AbstractAsyncContextManager[DossierFile]":
        from adapters.dossier import Dossiers, Signer

        return Dossiers(self.antenne, self.pictures, Signer.beside(self.key_file)).made(number, receiver, who)


async def _slack(antenne: "Antenne", settings: "Settings", pictures: "Pictures", stack: AsyncExitStack) -> "list[RouteDef]":
    """Begin to hear Slack, where it is configured: Socket Mode at once; the HTTP paths are returned."""
    if settings.slack is None:
        return []
    from adapters.slack.app import SlackApp

    slack_app = SlackApp(antenne, settings.slack, pictures=pictures)
    stack.push_async_callback(slack_app.close)
    await stack.enter_async_context(slack_app.listening())
    return slack_app.routes()


async def _teams(antenne: "Antenne", pictures: "Pictures", stack: AsyncExitStack) -> "list[RouteDef]":
    """Begin to hear Teams, where it is configured: its HTTP path."""
    if "teams" not in antenne.chats:
        return []
    from adapters.teams.app import TeamsApp
    from adapters.teams.client import TeamsChat

    chat = antenne.chats["teams"]
    assert isinstance(chat, TeamsChat)  # `_chats` made it
    teams_app = TeamsApp(antenne, chat, pictures=pictures)
    stack.push_async_callback(teams_app.close)
    await teams_app.warm()
    return teams_app.routes()


# --- chat ------------------------------------------------------------------------------------------------


def chat(
    person: Annotated[str, typer.Option("--als", "--as", help="Who you are: an id or (the beginning of) a name.")] = "",
) -> None:
    """Talk with the bot in this terminal, as one of the people of the organisation."""
    with explained(), starting() as started:
        asyncio.run(_chat(configured(), person, started))


async def _chat(settings: "Settings", name: str, started: Callable[[], None]) -> None:
    from adapters.pictures import Pictures
    from adapters.terminal.talk import people_named, talk

    log = settings.secret_key_file.with_name("antenne.log")  # the screen belongs to the conversation
    log.parent.mkdir(parents=True, exist_ok=True)
    _log_to(log.open("a", encoding="utf-8"), settings.log_level)
    async with running(settings) as antenne:
        organisation = antenne.organisation
        found = people_named(organisation, name) if name else list(organisation.roles["moderator"].holders)
        if not found or (name and len(found) > 1):
            people = ", ".join(found or organisation.people)
            fail(sentences(organisation.language).t("cli.who", typed=name, people=people), USAGE)
        pictures = Pictures()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(pictures.close)

            def asked() -> None:
                """The first question is on the screen: from now on also send."""
                started()
                stack.push_async_callback(_stopped, asyncio.create_task(antenne.run()))

            await talk(antenne, pictures, found[0], asked)
            await antenne.work()


async def _stopped(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _log_to(file: TextIO, level: str) -> None:
    """Structured lines, one a record. Ids and codes, never text."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file),
    )


# --- the command line ------------------------------------------------------------------------------------

app = typer.Typer(
    name="antenne",
    help="Helps the social-media moderators of a local government: from a citizen's comment to what to do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"obj": running},
)
for group in (
    faq.faq,
    database.db,
    retention.subject,
    install.slack,
    install.teams,
    directory.directory,
    signals.signals,
):
    app.add_typer(group)
for command in (
    serve,
    chat,
    tree.check,
    tree.draw,
    walk.walk,
    signals.digest,
    papers.dossier,
    papers.signing_key,
    papers.verify,
    retention.purge,
    papers.decisions,
    screenshot.read,
):
    app.command()(command)


if __name__ == "__main__":
    app(prog_name="antenne")
