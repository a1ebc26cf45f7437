"""The command line (`antenne`) and the composition root: the one file that knows every adapter.

What a command needs is imported when it runs, so that each starts quickly.
"""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TextIO, cast, get_args

import typer

from flows.tree import Disposition, Flag, Place, Platform

if TYPE_CHECKING:
    from aiohttp.web import RouteDef
    from sqlalchemy import Connection

    from adapters.pictures import Look, Pictures, Refusal
    from bot.antenne import Antenne
    from bot.cards import Card
    from bot.digest import Digest
    from bot.events import Platform as ChatPlatform
    from bot.faq_table import Good, Plan, Wrong
    from bot.organisation import Organisation
    from bot.ports import Chat, DossierFile, Store, Wakeups
    from bot.retention import Due
    from bot.sentences import Sentences
    from bot.settings import Settings
    from bot.signals import Found
    from flows.authorities import Authority
    from flows.effects import Advise
    from flows.policy import Policy
    from flows.tree import Tree
    from flows.walk import Situation

app = typer.Typer(
    name="antenne",
    help="Helps the social-media moderators of a local government: from a citizen's comment to what to do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
faq = typer.Typer(help="The shared FAQ: search it, take a table in, give it out.", no_args_is_help=True)
app.add_typer(faq, name="faq")
db = typer.Typer(help="The database: which version it has, and bringing it up to date.", no_args_is_help=True)
app.add_typer(db, name="db")
subject = typer.Typer(help="One author's data, by handle: to give out, to erase.", no_args_is_help=True)
app.add_typer(subject, name="subject")
slack = typer.Typer(help="Slack: what its administrator needs to install the bot.", no_args_is_help=True)
app.add_typer(slack, name="slack")
teams = typer.Typer(help="Microsoft Teams: what its administrator needs to install the bot.", no_args_is_help=True)
app.add_typer(teams, name="teams")
directory = typer.Typer(help="The directory: who holds which role, with what was changed from chat.", no_args_is_help=True)
app.add_typer(directory, name="directory")
signals = typer.Typer(help="The signal log: search it, and export it.", no_args_is_help=True)
app.add_typer(signals, name="signals")

DigestForm = Literal["card", "html", "pdf"]
TREE = "lokaal-bestuur"
WRONG, USAGE = 1, 2  # exit codes: something is wrong; it was asked wrongly


# --- the composition root ----------------------------------------------------------------------------------


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
        store = await _store(settings.database_url.get_secret_value())
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


async def _store(url: str) -> "Store":
    from adapters.database import open_store

    try:
        return await open_store(url)
    except ValueError:
        raise UnknownDatabase from None


# --- trouble that is expected ------------------------------------------------------------------------------


def _sentences(language: str = "nl") -> "Sentences":
    from bot.sentences import sentences

    return sentences(language)


def _fail(sentence: str, code: int = WRONG) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


class UnknownDatabase(Exception):
    """The address names no database that can be used; it may hold a password and is not repeated."""


class UnreadableSettings(Exception):
    """A file with settings cannot be read; its content is not repeated."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file


@contextmanager
def _explained(language: str = "nl") -> Iterator[None]:
    """Turns what may well go wrong into one sentence that says what to do."""
    try:
        yield
    except Exception as trouble:
        sentence = _sentence(trouble, language)
        if sentence is None:
            raise
        _fail(sentence)


def _sentence(trouble: Exception, language: str) -> str | None:
    """What to say about an expected trouble; imported only once there is one."""
    from pydantic import ValidationError

    from adapters.database import StoreTooNew
    from bot.ports import StoreUnavailable
    from bot.pseudonyms import KeyFileProblem
    from flows.source import SourceProblems

    say = _sentences(language)
    match trouble:
        case SourceProblems():
            return "\n".join([say.t("cli.source"), *map(str, trouble.problems)])
        case StoreUnavailable():
            return say.t(f"cli.database_{trouble.reason}")
        case StoreTooNew():
            return say.t("cli.database_newer", revision=trouble.revision)
        case UnknownDatabase():
            return say.t("cli.database_address")
        case KeyFileProblem():
            return say.t(f"cli.key_file.{trouble.problem}", path=trouble.path)
        case UnreadableSettings():
            return say.t("cli.settings_unreadable", file=trouble.file)
        case ValidationError() if trouble.title == "Settings":  # names, never values, which may be passwords
            names = (f"ANTENNE_{'__'.join(map(str, item['loc'])).upper()}" for item in trouble.errors())
            return say.t("cli.settings", names=", ".join(names))
        case _:
            return None


def _settings() -> "Settings":
    from bot.settings import Settings

    try:
        return Settings()
    except OSError as trouble:  # a secret's file, or .env, that the bot's user may not read
        raise UnreadableSettings(str(trouble.filename or ".env")) from None
    except UnicodeDecodeError:  # secrets are read as any text; only .env must be UTF-8
        raise UnreadableSettings(".env") from None


# --- serve -------------------------------------------------------------------------------------------------


@contextmanager
def _starting() -> Iterator[Callable[[], None]]:
    """A start without looking for garbage: what is loaded stays, so looking finds nothing and takes a sixth of the time.

    Yields what to call once the start is over; what was loaded by then is never looked at again.
    """

    def over() -> None:
        gc.freeze()
        gc.enable()

    gc.disable()
    try:
        yield over
    finally:
        gc.enable()


@app.command()
def serve() -> None:
    """Start the bot: the local web chat on loopback, and whatever chat platforms are configured."""
    with _explained(), _starting() as started:
        asyncio.run(_serve(_settings(), started))


async def _serve(settings: "Settings", started: Callable[[], None]) -> None:
    import errno
    import signal
    import sys

    from adapters.charts import Matplotlib
    from adapters.pictures import Pictures
    from adapters.web.app import serve as serve_web

    _log_to(sys.stderr, settings.log_level)
    async with running(settings) as antenne:
        say = _sentences(antenne.organisation.language)
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
                        _fail(say.t("cli.serve.taken", port=settings.port))
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


# --- chat --------------------------------------------------------------------------------------------------


@app.command()
def chat(
    person: Annotated[str, typer.Option("--als", "--as", help="Who you are: an id or (the beginning of) a name.")] = "",
) -> None:
    """Talk with the bot in this terminal, as one of the people of the organisation."""
    with _explained(), _starting() as started:
        asyncio.run(_chat(_settings(), person, started))


async def _chat(settings: "Settings", name: str, started: Callable[[], None]) -> None:
    from adapters.pictures import Pictures
    from adapters.terminal import people_named, talk

    log = settings.secret_key_file.with_name("antenne.log")  # the screen belongs to the conversation
    log.parent.mkdir(parents=True, exist_ok=True)
    _log_to(log.open("a", encoding="utf-8"), settings.log_level)
    async with running(settings) as antenne:
        organisation = antenne.organisation
        found = people_named(organisation, name) if name else list(organisation.roles["moderator"].holders)
        if not found or (name and len(found) > 1):
            people = ", ".join(found or organisation.people)
            _fail(_sentences(organisation.language).t("cli.who", typed=name, people=people), USAGE)
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


# --- check -------------------------------------------------------------------------------------------------


@app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(help="An organisation's file or a tree's folder; else the one configured."),
    ] = None,
    with_slack: Annotated[bool, typer.Option("--slack", help="Also compare the organisation with the Slack workspace.")] = False,
    with_teams: Annotated[bool, typer.Option("--teams", help="Also try the credentials, channels and people of Teams.")] = False,
) -> None:
    """Look for mistakes in the organisation, its policy and its tree."""
    from bot.organisation import load_organisation, warnings
    from flows.authorities import load_authorities
    from flows.source import SourceProblems
    from flows.tree import load_tree

    with _explained():
        path = file or _settings().organisation
        say = _sentences()
        if path.is_dir() or path.name == "tree.yaml":
            problems = _problems_of(lambda: load_tree(path if path.is_dir() else path.parent))
            unheld: Sequence[str] = ()
        else:
            problems, unheld = [], ()
            try:
                organisation, tree = load_organisation(path)
                say = _sentences(organisation.language)
                unheld = warnings(organisation, tree)
                load_authorities(path.with_name("authorities.yaml"))
            except SourceProblems as trouble:
                problems = [str(problem) for problem in trouble.problems]
                problems += [line for line in _problems_of(lambda: _tree_of(path)) if line not in problems]
    for line in problems:
        typer.echo(line)
    if problems:
        raise typer.Exit(WRONG)
    for role in unheld:
        typer.echo(say.t("cli.unheld", role=say.t(f"role.{role}")))
    if with_slack and path.is_file() and path.name != "tree.yaml":
        _check_slack(path)
    if with_teams and path.is_file() and path.name != "tree.yaml":
        _check_teams(path)
    typer.echo(say.t("cli.in_order"))


def _check_slack(path: Path) -> None:
    """Print what the workspace says; exits with 1 when something must be repaired."""
    from adapters.slack.check import check as check_slack
    from bot.organisation import load_organisation

    with _explained():
        settings = _settings().slack
        organisation, _ = load_organisation(path)
    if settings is None:
        _fail(_sentences(organisation.language).t("cli.no_slack"))
    found = asyncio.run(check_slack(settings, organisation))
    for item in found:
        typer.echo(item.text)
    if any(item.wrong for item in found):
        raise typer.Exit(WRONG)


def _check_teams(path: Path) -> None:
    """Print what Teams says; exits with 1 when something must be repaired."""
    from adapters.teams.check import check as check_teams
    from bot.organisation import load_organisation

    with _explained():
        settings = _settings().teams
        organisation, _ = load_organisation(path)
    if settings is None:
        _fail(_sentences(organisation.language).t("cli.no_teams"))
    found = asyncio.run(check_teams(settings, organisation))
    for item in found:
        typer.echo(item.text)
    if any(item.wrong for item in found):
        raise typer.Exit(WRONG)


# --- teams -------------------------------------------------------------------------------------------------


@teams.command("package")
def teams_package(
    app_id: Annotated[str, typer.Option(metavar="ID", help="The client id of the bot's registration.")],
    domain: Annotated[str, typer.Option(help="Where this installation is reached from outside, without https://.")],
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("antenne-teams.zip"),
    version: Annotated[str, typer.Option(help="Raise it when you upload the package again.")] = "1.0.0",
) -> None:
    """Write the app package that an administrator uploads: manifest, icons, Dutch and English."""
    import re

    from adapters.teams.package import package

    say = _sentences()
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", app_id):
        _fail(say.t("cli.teams.app_id"), USAGE)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?\.[a-z]{2,}", domain.lower()):
        _fail(say.t("cli.teams.domain"), USAGE)
    out.write_bytes(package(app_id.lower(), domain.lower(), version, lambda language: _sentences(language).t))
    typer.echo(say.t("cli.teams.packaged", path=out))


# --- slack -------------------------------------------------------------------------------------------------


@slack.command("manifest")
def slack_manifest(
    address: Annotated[
        str, typer.Option(metavar="URL", help="Where this installation is reached from outside; without it Socket Mode is used.")
    ] = "",
    language: Annotated[str, typer.Option(help="nl or en.")] = "nl",
) -> None:
    """Print the app manifest for api.slack.com: commands, shortcuts, events and scopes, each with why."""
    from adapters.slack.manifest import manifest

    typer.echo(manifest(_sentences(language).t, "http" if address else "socket", address), nl=False)


def _problems_of(load: Callable[[], object]) -> list[str]:
    from flows.source import SourceProblems

    try:
        load()
    except SourceProblems as trouble:
        return [str(problem) for problem in trouble.problems]
    return []


def _tree_of(path: Path) -> None:
    """Load the tree that an organisation's file names, whatever else is wrong with that file."""
    from flows.source import read
    from flows.tree import find_tree, load_tree

    values = read(path).values
    name = values.get("tree", TREE) if isinstance(values, dict) else TREE
    load_tree(find_tree(str(name), path.parent))


# --- draw --------------------------------------------------------------------------------------------------


@app.command()
def draw(
    tree: Annotated[str, typer.Argument(help="A tree's name or folder.")] = TREE,
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path(),
    language: Annotated[str, typer.Option(help="nl or en.")] = "nl",
) -> None:
    """Write the tree as Mermaid and SVG, for the people who approve it."""
    from flows.draw import Captions, mermaid, svg

    with _explained(language):
        found = _find(tree)
        say = _sentences(language)
        captions = Captions(
            title=say.t("cli.draw.title", tree=found.name),
            subtitle=say.t("cli.draw.subtitle", version=found.version),
            dispositions={kind: say.t(_disposition(kind)) for kind in get_args(Disposition)},
            by_policy=say.t("cli.draw.by_policy"),
            places={place: say.t(f"cli.draw.place_{place}") for place in get_args(Place)},
        )
        try:
            out.mkdir(parents=True, exist_ok=True)
            for suffix, text in (
                ("mmd", mermaid(found, captions, language)),
                ("svg", svg(found, captions, language)),
            ):
                path = out / f"{found.name}.{suffix}"
                path.write_text(text, encoding="utf-8")
                typer.echo(path)
        except OSError:
            _fail(say.t("cli.draw.unwritable", folder=str(out)))


def _disposition(kind: str) -> str:
    return f"disposition.{kind.replace(' ', '_')}"


def _find(name: str) -> "Tree":
    """A tree by name or folder; raises SourceProblems, with the names there are."""
    from flows.tree import find_tree, load_tree

    folder = Path(name)
    if (folder / "tree.yaml").is_file():
        return load_tree(folder)
    return load_tree(find_tree(name, _settings().organisation.parent))


# --- walk --------------------------------------------------------------------------------------------------


@app.command()
def walk(
    tree: Annotated[str, typer.Argument(help="A tree's name or folder.", show_default=False)],
    labels: Annotated[list[str] | None, typer.Argument(metavar="LABEL", help="Each answer as its button says it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the advice as JSON.")] = False,
    policy: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A setting.")] = None,
    place: Annotated[Place, typer.Option(help="Where the comment stands.")] = "own",
    platform: Annotated[Platform, typer.Option(help="On which platform.")] = "other",
    ground: Annotated[str, typer.Option(help="A protected ground.")] = "",
    department: Annotated[str, typer.Option(help="A department's id.")] = "",
    house_rule: Annotated[str, typer.Option(help="A house rule's id.")] = "",
    flag: Annotated[list[str] | None, typer.Option(help="A tick on the card, such as urgent.")] = None,
    strikes: Annotated[int, typer.Option(min=0, help="Earlier strikes of the author.")] = 0,
    language: Annotated[str, typer.Option(help="nl or en.")] = "nl",
) -> None:
    """Walk a tree by the labels of its buttons, without chat or database."""
    from flows.platforms import platform as capabilities
    from flows.walk import Situation

    with _explained(language):
        found = _find(tree)
        say = _sentences(language)
        organisation = _organisation(say)
        rules = _with_settings(organisation.policy, policy or [], say)
        _known(say, "ground", ground, found.structure.grounds)
        _known(say, "department", department, organisation.departments)
        _known(say, "house-rule", house_rule, organisation.house_rules)
        flags: tuple[Flag, ...] = get_args(Flag)
        for name in flag or ():
            _known(say, "flag", name, flags)
        situation = Situation(
            place=place,
            platform=platform,
            can_hide=capabilities(platform).can_hide,
            unable=capabilities(platform).unable,
            department=department or None,
            ground=ground or None,
            house_rule=house_rule or None,
            flags=frozenset(name for name in flags if name in (flag or ())),
            earlier_strikes=strikes,
        )
        advice = _walked(found, rules, situation, labels or (), say)
        report = _report(found, rules, organisation, situation, advice, language)
        if as_json:
            typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            _print_report(report, found.said(language).outcomes[advice.outcomes[0]].title, say)


def _organisation(say: "Sentences") -> "Organisation":
    """The configured organisation; where there is none, one with the default policy."""
    from bot.organisation import Organisation, Person, load_organisation

    path = _settings().organisation
    if path.is_file():
        return load_organisation(path)[0]
    return Organisation(name=say.t("cli.walk.organisation"), people={"an": Person(name="An")})


def _known(say: "Sentences", option: str, value: str, values: Iterable[str]) -> None:
    if value and value not in (known := list(values)):
        _fail(say.t("cli.walk.unknown", option=option, value=value, values=", ".join(known)), USAGE)


def _with_settings(policy: "Policy", changes: Sequence[str], say: "Sentences") -> "Policy":
    """The policy with each `name=value` in it; exits with 2 when there is no such setting or value."""
    from pydantic import ValidationError

    from flows.policy import Policy, setting_values

    values: dict[str, Any] = policy.model_dump()
    for change in changes:
        name, _, value = (part.strip() for part in change.partition("="))
        possible = setting_values(name)
        if possible is None or "=" not in change:
            near = get_close_matches(name, policy.flat, n=1)
            settings = ", ".join(near or policy.flat)
            _fail(say.t("cli.walk.no_setting", name=name, settings=settings), USAGE)
        if possible and value not in possible:
            _fail(say.t("cli.walk.no_value", name=name, value=value, values=", ".join(possible)), USAGE)
        *parents, last = name.split(".")
        inside = values
        for parent in parents:
            inside = inside[parent]
        if name == "approved":
            approved = {"by": "antenne walk", "on": date.min, "review_on": date.max}
            inside[last] = approved if value == "yes" else None
        else:
            inside[last] = value
        try:
            Policy.model_validate(values)
        except ValidationError as trouble:
            reason = trouble.errors()[0]["msg"]
            _fail(say.t("cli.walk.no_value", name=name, value=value, values=reason), USAGE)
    return Policy.model_validate(values)


def _walked(tree: "Tree", policy: "Policy", situation: "Situation", labels: Sequence[str], say: "Sentences") -> "Advise":
    """The advice at the end of these labels; exits with 2 and the possible ones when they lead nowhere."""
    from flows.effects import Advise
    from flows.walk import answer, begin, offers

    at, effects = begin(tree, policy, situation)
    for label in labels:
        question = at.question(tree)
        if question is None:
            _fail(say.t("cli.walk.ended", label=label), USAGE)
        choices = [choice.id for choice in offers(tree, policy, situation, question)]
        chosen = next((choice for choice in choices if _means(tree, question, choice, label)), None)
        if chosen is None:
            possible = _possible(tree, question, choices, say)
            _fail(say.t("cli.walk.wrong_label", label=label, possible=possible), USAGE)
        at, effects = answer(tree, policy, situation, at, chosen)
    question = at.question(tree)
    if question is not None:
        choices = [choice.id for choice in offers(tree, policy, situation, question)]
        possible = _possible(tree, question, choices, say)
        _fail(say.t("cli.walk.unfinished", possible=possible), USAGE)
    return next(effect for effect in effects if isinstance(effect, Advise))


def _means(tree: "Tree", question: str, choice: str, label: str) -> bool:
    """Whether `label` is the choice's id or its label in any language."""
    word = " ".join(label.split()).casefold()
    said = (words.questions[question].choices[choice] for words in tree.words.values())
    return word == choice or any(" ".join(text.split()).casefold() == word for text in said)


def _possible(tree: "Tree", question: str, choices: Sequence[str], say: "Sentences") -> str:
    said = tree.said(say.language).questions[question]
    return "\n".join([said.ask, *(f"  {said.choices[choice]}" for choice in choices)])


def _report(
    tree: "Tree",
    policy: "Policy",
    organisation: "Organisation",
    situation: "Situation",
    advice: "Advise",
    language: str,
) -> dict[str, Any]:
    """What `--json` prints, in this order."""
    from bot.organisation import said
    from bot.wording import Wording

    wording = Wording(organisation, language, now())
    more: dict[str, str] = {}
    if situation.department:
        more["department"] = wording.department(situation.department)
    if situation.ground:
        more["ground"] = tree.said(language).grounds[situation.ground]
    rule = situation.house_rule or advice.house_rule
    if rule in organisation.house_rules:
        more["house_rule"] = said(organisation.house_rules[rule].label, language)
    return {
        "outcome": advice.outcomes[0],
        "disposition": advice.disposition,
        "steps": [{"kind": todo.kind, "text": wording.step(tree, policy, todo, more)} for todo in advice.steps],
        "tells": list(advice.tells),
        "deadline": wording.deadline(advice.deadline, policy),
        "records": list(advice.records),
    }


def _print_report(report: Mapping[str, Any], title: str, say: "Sentences") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    console.print(Text.assemble((title, "bold"), " · ", say.t(_disposition(report["disposition"]))))
    steps = Table.grid(padding=(0, 2))
    for number, step in enumerate(report["steps"], 1):
        steps.add_row(Text(f"{number}."), Text(step["text"]), Text(step["kind"], "dim"))
    console.print(steps)
    tells = ", ".join(say.t(f"role.{role}") for role in report["tells"])
    rows = (
        (say.t("cli.walk.tells"), tells),
        (
            say.t("cli.walk.deadline"),
            say.t("deadline.now") if report["deadline"] == "now" else report["deadline"],
        ),
        (say.t("cli.walk.records"), ", ".join(report["records"])),
    )
    for label, value in rows:
        if value:
            console.print(Text.assemble((f"{label}: ", "bold"), value))


# --- digest ------------------------------------------------------------------------------------------------


@app.command()
def digest(
    week: Annotated[str, typer.Option(help="An ISO week, such as 2026-W47; else the last one that ended.")] = "",
    department: Annotated[
        str, typer.Option(help="A department's id, `management` or `equal_opportunities`; else all of them.")
    ] = "",
    form: Annotated[DigestForm, typer.Option("--format", help="How to show it.")] = "card",
    out: Annotated[Path | None, typer.Option(help="The file to write; needed for pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the digests as JSON.")] = False,
) -> None:
    """Show the weekly digest: topics, open questions, misinformation, praise, answering times, open loops."""
    from dataclasses import asdict

    with _explained():
        found, cards, organisation = asyncio.run(_digests(_settings(), week, department))
    say = _sentences(organisation.language)
    if as_json:
        reports = [asdict(item) | {"monday": str(item.monday), "sunday": str(item.sunday)} for item in found]
        typer.echo(json.dumps(reports, ensure_ascii=False, indent=2, default=str))
    elif form == "card":
        from rich.console import Console

        from adapters.terminal import controls, render

        console = Console(markup=False, highlight=False, emoji=False)
        for card in cards:
            console.print(render([card], controls([card]), say), "")
    else:
        from adapters.charts import Matplotlib
        from adapters.report import html, pdf

        if form == "pdf" and out is None:
            _fail(say.t("cli.digest.out"), USAGE)
        content = (
            pdf(cards, organisation.name, organisation.language, Matplotlib())
            if form == "pdf"
            else html(cards, organisation.name, organisation.language, Matplotlib())
        )
        if out is None:
            typer.echo(content)
        else:
            _write(out, content if isinstance(content, bytes) else content.encode(), say)


async def _digests(settings: "Settings", week: str, department: str) -> "tuple[list[Digest], list[Card], Organisation]":
    from sqlalchemy import Connection

    from bot import showing
    from bot.digest import everybody, last_due, of
    from bot.work import Work

    async with running(settings) as antenne:
        organisation, at = antenne.organisation, now()
        say = _sentences(organisation.language)
        _known(say, "department", department, everybody(organisation))
        week = week or last_due(at, organisation.policy, organisation.calendar)[1]
        try:
            organisation.calendar.week_bounds(week)
        except ValueError:
            _fail(say.t("cli.digest.week", week=week), USAGE)
        names = [department] if department else list(everybody(organisation))

        def work(conn: Connection) -> "tuple[list[Digest], list[Card]]":
            todo = Work(conn, antenne.house, at)
            return [of(todo, week, name) for name in names], [showing.digest_card(todo, week, name) for name in names]

        found, cards = await antenne.store.read(work)
        return found, cards, organisation


def _write(path: Path, content: bytes, say: "Sentences") -> None:
    """Write a file and say its name; exits with 1 when it cannot be written."""
    try:
        path.write_bytes(content)
    except OSError:
        _fail(say.t("cli.unwritable", file=str(path)))
    typer.echo(path)


# --- signals -----------------------------------------------------------------------------------------------


@signals.command("search")
def signals_search(
    words: Annotated[str, typer.Argument(help="Words that stand in it, or in the name of its topic.")] = "",
    department: Annotated[str, typer.Option(help="A department's id.")] = "",
    week: Annotated[str, typer.Option(help="An ISO week, such as 2026-W47.")] = "",
    kind: Annotated[str, typer.Option(help="question, complaint, report, misinformation, hate, praise or other.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """Look for signals: the newest that fit, without names."""
    from bot.signal_export import as_json as said

    with _explained():
        count, found, organisation = asyncio.run(_signals(_settings(), words, department, week, kind, limit))
    say = _sentences(organisation.language)
    if as_json:
        typer.echo(said(found))
        return
    from rich.console import Console

    from adapters.terminal import controls, render
    from bot import signal_wording
    from bot.wording import Wording

    card = signal_wording.signals(Wording(organisation, organisation.language, now()), words, count, found, None)
    Console(markup=False, highlight=False, emoji=False).print(render([card], controls([card]), say), "")


@signals.command("export")
def signals_export(
    out: Annotated[Path, typer.Argument(help="The file to write: .csv, .xlsx or .json.", show_default=False)],
    words: Annotated[str, typer.Option(help="Words that stand in it, or in the name of its topic.")] = "",
    department: Annotated[str, typer.Option(help="A department's id.")] = "",
    week: Annotated[str, typer.Option(help="An ISO week, such as 2026-W47.")] = "",
    kind: Annotated[str, typer.Option(help="question, complaint, report, misinformation, hate, praise or other.")] = "",
) -> None:
    """Write signals to a file; a spreadsheet computes nothing of what citizens wrote."""
    from bot.signal_export import as_csv, as_json

    if out.suffix not in (".csv", ".xlsx", ".json"):
        _fail(_sentences().t("cli.signals.suffix"), USAGE)
    with _explained():
        _, found, organisation = asyncio.run(_signals(_settings(), words, department, week, kind, None))
    if out.suffix == ".xlsx":
        from adapters.report import signals_workbook

        content = signals_workbook(found)
    else:  # a byte-order mark, by which spreadsheets know the letters
        content = ("\ufeff" + as_csv(found)).encode() if out.suffix == ".csv" else as_json(found).encode()
    _write(out, content, _sentences(organisation.language))


async def _signals(
    settings: "Settings", words: str, department: str, week: str, kind: str, limit: int | None
) -> "tuple[int, tuple[Found, ...], Organisation]":
    from bot.digest import is_week
    from bot.signals import KINDS, Wanted, find
    from bot.work import Work

    async with running(settings) as antenne:
        organisation, at = antenne.organisation, now()
        say = _sentences(organisation.language)
        _known(say, "department", department, organisation.departments)
        _known(say, "kind", kind, KINDS)
        if week and not is_week(week, organisation.calendar):
            _fail(say.t("cli.digest.week", week=week), USAGE)
        known = next((one for one in KINDS if one == kind), None)
        departments = frozenset({department}) if department else None
        wanted = Wanted(departments, (week.upper(), week.upper()) if week else None, kind=known or "", words=words)
        count, found = await antenne.store.read(lambda conn: find(Work(conn, antenne.house, at), wanted, limit=limit))
        return count, found, organisation


# --- faq ---------------------------------------------------------------------------------------------------


@faq.command("search")
def faq_search(
    question: Annotated[str, typer.Argument(help="What is asked, as people ask it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the entries as JSON.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many entries at most.")] = 5,
) -> None:
    """Show the entries that fit a question, best first, with score, why and status: only approved ones are offered as answers."""
    with _explained():
        found, organisation = asyncio.run(_faq_found(_settings(), question, limit))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    say = _sentences(organisation.language)
    if not found:
        typer.echo(say.t("faq.nothing"))
    for item in found:
        typer.echo(
            say.t(
                "cli.faq.hit", question=_line_of(item["question"]), score=item["score"], status=say.t(f"cli.faq.{item['status']}")
            )
        )
        if item["why"]:
            typer.echo(f"    {say.t('faq.why', words=say.and_(item['why']))}")
        typer.echo(f"    {_line_of(item['answer'])}")


def _line_of(text: str) -> str:
    """A text for the terminal: on one line, without anything that steers it."""
    from bot.comment_text import clean

    return " ".join(clean(text).split())


async def _faq_found(settings: "Settings", question: str, limit: int) -> "tuple[list[dict[str, Any]], Organisation]":
    async with running(settings) as antenne:
        hits = await antenne.search_faq(question, limit)
        found = [
            {
                "question": row.question,
                "score": hit.score,
                "why": list(hit.why),
                "answer": row.answer,
                "status": row.status,
                "department": row.department,
                "entry": row.id,
            }
            for hit, row in hits
        ]
        return found, antenne.organisation


@faq.command("import")
def faq_import(
    file: Annotated[
        Path, typer.Argument(help="A CSV or XLSX table with at least the columns question and answer (vraag, antwoord).")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
) -> None:
    """Take a table in: good rows go in, wrong ones are listed by row and stay out; what is there already changes nothing.

    Without a status a new entry is a proposal. Exits with 1 when a row was wrong.
    """
    from adapters.spreadsheet import Unreadable

    say = _sentences()
    try:
        with _explained():
            done, say = asyncio.run(_faq_taken(_settings(), file, dry_run))
    except Unreadable as trouble:
        _fail(say.t(f"cli.faq.file_{trouble.key}", file=str(file)), USAGE)
    for wrong in done.wrong:
        typer.echo(say.t("cli.faq.row", row=wrong.row, what=say.t(wrong.key, **wrong.values)))
    counts = {"new": len(done.new), "changed": len(done.changed), "same": done.same, "wrong": len(done.wrong)}
    typer.echo(say.t("cli.faq.would" if dry_run else "cli.faq.done", **counts))
    if done.wrong:
        raise typer.Exit(WRONG)


async def _faq_taken(settings: "Settings", file: Path, dry_run: bool) -> "tuple[Plan, Sentences]":
    """Read and check every row aside, then compare and write in one transaction. Raises Unreadable."""
    from bot.faq_table import plan, take_in
    from bot.work import Work

    async with running(settings) as antenne:
        say = _sentences(antenne.organisation.language)
        good, wrong = await asyncio.to_thread(_faq_rows, antenne.organisation, file, say)
        at = now()
        if dry_run:
            done = await antenne.store.read(lambda conn: plan(Work(conn, antenne.house, at), good))
        else:
            done = await antenne.store.write(lambda conn: take_in(Work(conn, antenne.house, at), good))
        done.wrong = sorted([*done.wrong, *wrong], key=lambda item: item.row)
        return done, say


def _faq_rows(organisation: "Organisation", file: Path, say: "Sentences") -> "tuple[list[Good], list[Wrong]]":
    """The rows of a table that can go in, and those that cannot, with a bar that says how far it is."""
    from rich.console import Console
    from rich.progress import track

    from adapters.spreadsheet import Formula, Unreadable, read_table
    from bot.faq_table import NEEDED, Reader, Wrong, column_of

    rows = list(read_table(file))
    columns = [column_of(cell) for cell in rows[0][1]] if rows else []
    if not set(NEEDED) <= set(columns) or len([column for column in columns if column]) != len(set(columns) - {None}):
        raise Unreadable("columns")
    for name, column in zip(rows[0][1], columns, strict=True):
        if column is None and name.strip():
            typer.echo(say.t("cli.faq.not_read", column=_line_of(name)), err=True)
    reader = Reader(organisation)
    good: list[Good] = []
    wrong: list[Wrong] = []
    console = Console(stderr=True)
    for number, cells in track(
        rows[1:], say.t("cli.faq.checking"), console=console, transient=True, disable=not console.is_terminal
    ):
        if any(cell.strip() for cell in cells[len(columns) :]):
            wrong.append(Wrong(number, "import.cells"))
        elif any(isinstance(cell, Formula) for cell, column in zip(cells, columns, strict=False) if column):
            wrong.append(Wrong(number, "import.formula"))
        else:
            padded = (*cells, *[""] * (len(columns) - len(cells)))
            found = reader.read(number, {column: cell for column, cell in zip(columns, padded, strict=False) if column})
            (wrong if isinstance(found, Wrong) else good).append(found)  # type: ignore[arg-type]  # each goes where its kind belongs
    return good, wrong


@faq.command("export")
def faq_export(
    file: Annotated[
        Path | None, typer.Argument(help="A .csv or .xlsx file; without one, CSV is printed.", show_default=False)
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Also u-form, links, first day and owner.")] = False,
) -> None:
    """Give every entry out as a table that the import takes in again unchanged; no text in it is a formula."""
    from adapters.spreadsheet import write_csv, write_xlsx

    with _explained():
        rows, say = asyncio.run(_faq_given(_settings(), full))
    if file is None:
        typer.echo(write_csv(rows), nl=False)
        return
    try:
        if file.suffix.casefold() == ".xlsx":
            file.write_bytes(write_xlsx("FAQ", rows))
        else:
            file.write_text(write_csv(rows), encoding="utf-8", newline="")
    except OSError:
        _fail(say.t("cli.faq.unwritable", file=str(file)))
    typer.echo(say.tn("cli.faq.exported", len(rows) - 1, file=str(file)))


async def _faq_given(settings: "Settings", full: bool) -> "tuple[list[list[str]], Sentences]":
    from bot.faq_table import COLUMNS, MORE, given_out
    from bot.work import Work

    async with running(settings) as antenne:
        at = now()
        found = await antenne.store.read(lambda conn: list(given_out(Work(conn, antenne.house, at), full=full)))
        header = (*COLUMNS, *(MORE if full else ()))
        return [list(header), *([row[column] for column in header] for row in found)], _sentences(antenne.organisation.language)


# --- dossier -----------------------------------------------------------------------------------------------


@app.command()
def dossier(
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER...", help="Cases.", show_default=False)],
    receiver: Annotated[str, typer.Option("--voor", "--for", help="For whom: police, unia, igvm, vmri …")] = "police",
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path(),
    person: Annotated[str, typer.Option("--als", "--as", help="Who takes it, by id; else whoever runs this server.")] = "",
    reason: Annotated[
        str, typer.Option("--reden", "--reason", help="Why; logged. The data-protection officer must give one.")
    ] = "",
    context: Annotated[bool, typer.Option("--context", help="The screenshots show the context, date and time.")] = False,
    belgium: Annotated[bool, typer.Option("--belgium", help="The author or the page is in Belgium.")] = False,
) -> None:
    """Make the evidence dossier of cases: a signed ZIP each, with a PDF, the originals and a manifest."""
    from rich.console import Console
    from rich.progress import track

    with _explained():
        out.mkdir(parents=True, exist_ok=True)
        failed = asyncio.run(
            _dossiers(
                _settings(), numbers, receiver, person, reason, out, context=context, belgium=belgium,
                shown=lambda cases, said: track(cases, said, console=Console(stderr=True), disable=len(numbers) == 1),
            )
        )  # fmt: skip
    if failed:
        raise typer.Exit(WRONG)


async def _dossiers(
    settings: "Settings",
    numbers: Sequence[int],
    receiver: str,
    person: str,
    reason: str,
    out: Path,
    *,
    context: bool,
    belgium: bool,
    shown: Callable[[Sequence[int], str], Iterable[int]],
) -> bool:
    """Write each dossier that can be made; returns whether one could not."""
    import shutil

    from adapters.dossier import Dossiers, Signer
    from adapters.pictures import Pictures
    from bot import dossier as dossiers
    from bot.case import load_case
    from bot.wording import Wording
    from bot.work import Refused, Work

    failed = False
    async with running(settings, chats={}) as antenne:
        organisation, house = antenne.organisation, antenne.house
        words = Wording(organisation, organisation.language, antenne.clock())
        if person:
            _known(words.s, "als", person, organisation.people)
        pictures = Pictures()
        maker = Dossiers(antenne, pictures, Signer.beside(settings.secret_key_file))

        def look(conn: "Connection", number: int) -> "tuple[dossiers.Asked, tuple[dossiers.Gap, ...]]":
            work = Work(conn, house, antenne.clock(), person)
            case = load_case(work, number, lock=False)
            if person:
                dossiers.must(work, case, reason)
            found = next((name for name in dossiers.receivers(work, case) if name == receiver), None)
            if found is None:
                values = ", ".join(dossiers.receivers(work, case))
                raise Refused("cli.dossier.receivers", value=receiver, values=values)
            asked = dossiers.Asked(found, context, belgium, reason)
            return asked, dossiers.gaps(work, case, asked)

        def log(conn: "Connection", number: int, asked: "dossiers.Asked", manifest: str) -> None:
            dossiers.taken(Work(conn, house, antenne.clock(), person), number, asked.receiver, manifest, reason)

        try:
            for number in shown(numbers, words.t("cli.dossier.working")):
                try:
                    asked, gaps = await antenne.store.read(partial(look, number=number))
                    if gaps:
                        failed = True
                        typer.echo(dump_card(words.lacks(number, asked.receiver, gaps, house.authorities)), err=True)
                        continue
                    async with maker.made(number, asked.receiver, person) as made:
                        target = out / made.name
                        await asyncio.to_thread(shutil.copyfile, made.path, target)
                        target.chmod(0o600)
                    await antenne.store.write(partial(log, number=number, asked=asked, manifest=made.manifest))
                    typer.echo(words.t("cli.dossier.made", number=number, file=str(target)))
                except Refused as refused:
                    failed = True
                    typer.echo(antenne.refusal(words, refused), err=True)
                except dossiers.PictureLost as lost:
                    failed = True
                    typer.echo(f"{number}: {words.t('lacks.picture', number=lost.number)}", err=True)
        finally:
            await pictures.close()
    return failed


def dump_card(card: "Card") -> str:
    """A card's title and sentences, one a line."""
    from bot.cards import Text

    return "\n".join([card.title, *(block.text for block in card.body if isinstance(block, Text))])


@app.command("signing-key")
def signing_key() -> None:
    """Print the public key that dossiers are signed with, and its fingerprint, to publish."""
    from adapters.dossier import Signer

    with _explained():
        signer = Signer.beside(_settings().secret_key_file)
    typer.echo(signer.pem, nl=False)
    typer.echo(_sentences().t("cli.dossier.key", version=signer.keys.current, fingerprint=signer.fingerprint))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The ZIP of a dossier.", show_default=False)],
    key: Annotated[Path | None, typer.Option(help="The public key (PEM) that must have signed it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Check the ZIP of a dossier: signature, every byte of every file, the chain of the timeline."""
    from dataclasses import asdict

    from adapters.dossier import public_key
    from adapters.dossier import verify as verified

    say = _sentences()
    try:
        public = public_key(key.read_bytes()) if key is not None else None
    except (OSError, ValueError):
        _fail(say.t("cli.verify.key", file=str(key)), USAGE)
    try:
        verdict = verified(file, public)
    except OSError:
        _fail(say.t("cli.verify.file", file=str(file)), USAGE)
    if as_json:
        typer.echo(json.dumps(asdict(verdict) | {"sound": verdict.sound}, ensure_ascii=False, indent=2))
    else:
        for fault in verdict.faults:
            typer.echo(say.t(f"cli.verify.{fault.what}" if fault.file else "cli.verify.packing_end", file=fault.file))
        if verdict.sound:
            facts = {"case": verdict.case, "organisation": verdict.organisation, "made": verdict.made}
            typer.echo(say.t("cli.verify.sound", **facts, files=verdict.files, entries=verdict.entries))
        if verdict.fingerprint:
            typer.echo(say.t("cli.verify.fingerprint", fingerprint=verdict.fingerprint))
    if not verdict.sound:
        raise typer.Exit(WRONG)


# --- retention ---------------------------------------------------------------------------------------------


@app.command()
def purge(
    confirm: Annotated[bool, typer.Option("--confirm", help="Erase; without it only the list is shown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List what the retention policy lets go of, and with --confirm erase it. The anonymous statistics stay."""
    from dataclasses import asdict

    with _explained():
        found, say = asyncio.run(_purge(_settings(), confirm=confirm))
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"erased": confirm}, indent=2))
        return
    numbers = ", ".join(map(str, found.cases)) or "–"
    typer.echo(say.t("cli.purge.cases", count=len(found.cases), numbers=numbers))
    typer.echo(say.t("cli.purge.rest", uploads=found.uploads, signals=found.signals, strikes=found.strikes))
    key = "nothing" if found.nothing else "erased" if confirm else "confirm"
    typer.echo(say.t(f"cli.purge.{key}"))


async def _purge(settings: "Settings", *, confirm: bool) -> "tuple[Due, Sentences]":
    from bot import retention
    from bot.work import Work

    async with running(settings, chats={}) as antenne:

        def work(conn: "Connection") -> Work:
            return Work(conn, antenne.house, antenne.clock())

        def erase(conn: "Connection", number: int) -> None:
            retention.erase(work(conn), number, "term")

        found = await antenne.store.read(lambda conn: retention.due(work(conn)))
        if confirm:
            for number in found.cases:
                await antenne.store.write(partial(erase, number=number))
            await antenne.store.write(lambda conn: retention.sweep(work(conn)))
            await antenne.wakeups.poke("outbox")
        return found, _sentences(antenne.organisation.language)


@subject.command("export")
def subject_export(
    handle: Annotated[str, typer.Argument(help="The author's name on the platform, or a link to the profile.")],
    platform: Annotated[Platform, typer.Option(help="On which platform.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")],
) -> None:
    """Write everything that is kept about one author: what they wrote, what was done with it, the screenshots."""
    with _explained():
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        asyncio.run(_subject(_settings(), platform, handle, out=out))


@subject.command("erase")
def subject_erase(
    handle: Annotated[str, typer.Argument(help="The author's name on the platform, or a link to the profile.")],
    platform: Annotated[Platform, typer.Option(help="On which platform.")],
    confirm: Annotated[bool, typer.Option("--confirm", help="Erase; without it only the list is shown.")] = False,
    proof: Annotated[bool, typer.Option("--with-evidence", help="Also evidence of what may be criminal.")] = False,
) -> None:
    """Erase what is kept about one author: closed cases and strikes. Open cases are left, and named."""
    with _explained():
        asyncio.run(_subject(_settings(), platform, handle, confirm=confirm, proof=proof))


async def _subject(
    settings: "Settings", platform: Platform, handle: str, *, out: Path | None = None, confirm: bool = False, proof: bool = False
) -> None:
    from bot import dossier as dossiers
    from bot import retention
    from bot.work import Refused, Work

    async with running(settings, chats={}) as antenne:
        say = _sentences(antenne.organisation.language)

        def work(conn: "Connection") -> Work:
            return Work(conn, antenne.house, antenne.clock())

        def erase(conn: "Connection", number: int) -> None:
            retention.erase(work(conn), number, "subject")

        def content(conn: "Connection", number: int) -> bytes:
            return dossiers.content(work(conn), number)

        try:
            found = await antenne.store.read(lambda conn: retention.subject(work(conn), platform, handle))
        except Refused as refused:
            _fail(say.t(refused.key), USAGE)
        lists = {"erasable": found.erasable, "open": found.open, "evidence": found.evidence}
        named = {name: ", ".join(map(str, numbers)) or "–" for name, numbers in lists.items()}
        typer.echo(say.t("cli.subject.found", strikes=found.strikes, **named))
        if out is not None:
            given = await antenne.store.read(lambda conn: retention.export(work(conn), found))
            _written(out / "subject.json", json.dumps(given, ensure_ascii=False, indent=2).encode())
            for shot in [item for case in given["cases"] for item in case["screenshots"]]:
                picture = await antenne.store.read(partial(content, number=shot["number"]))
                _written(out / f"screenshot-{shot['number']}", picture)
            typer.echo(say.t("cli.subject.written", folder=str(out)))
            return
        if not confirm:
            typer.echo(say.t("cli.purge.confirm"))
            return
        for number in (*found.erasable, *(found.evidence if proof else ())):
            await antenne.store.write(partial(erase, number=number))
        await antenne.store.write(lambda conn: retention.forget_strikes(work(conn), found))
        await antenne.wakeups.poke("outbox")
        typer.echo(say.t("cli.purge.erased"))


def _written(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads."""
    path.touch(mode=0o600)
    path.write_bytes(content)


# --- openness ----------------------------------------------------------------------------------------------


@app.command()
def decisions(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Cases opened from this day,")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="until this one.")],
) -> None:
    """Print what was decided in a period, as JSON, for openness requests: no words, no author, no colleague."""
    with _explained():
        found = asyncio.run(_decisions(_settings(), first.date(), last.date()))
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


async def _decisions(settings: "Settings", first: date, last: date) -> list[dict[str, Any]]:
    from bot import openness
    from bot.work import Work

    async with running(settings, chats={}) as antenne:
        return await antenne.store.read(lambda conn: openness.decisions(Work(conn, antenne.house, antenne.clock()), first, last))


# --- read --------------------------------------------------------------------------------------------------


@app.command()
def read(
    image: Annotated[Path, typer.Argument(help="A screenshot: PNG, JPEG, WebP, GIF or BMP.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the text as JSON.")] = False,
) -> None:
    """Read the text in a screenshot, as the bot does when one comes in."""
    from adapters.pictures import MOST_BYTES, Refusal

    say = _sentences()
    try:
        with image.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError:
        _fail(say.t("cli.read.unreadable", file=str(image)), USAGE)
    look = asyncio.run(_look(content))
    if isinstance(look, Refusal):
        _fail(say.t(look.key))
    if look.unread:
        _fail(say.t(look.unread_key))
    typer.echo(json.dumps({"text": look.text}, ensure_ascii=False) if as_json else look.text)


async def _look(content: bytes) -> "Look | Refusal":
    from adapters.pictures import Pictures

    pictures = Pictures()
    try:
        return await pictures.look(content)
    finally:
        await pictures.close()


# --- directory ---------------------------------------------------------------------------------------------


@directory.command("export")
def directory_export(
    out: Annotated[Path | None, typer.Option(help="The file to write; else it is printed. Comments are not kept.")] = None,
) -> None:
    """Write the organisation's file with the roles, deputies, channels and absences as they stand now."""
    import yaml

    from bot.organisation import Organisation, warnings

    with _explained():
        values, organisation, tree = asyncio.run(_exported(_settings()))
        say = _sentences(organisation.language)
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=120)
        again = Organisation.model_validate(yaml.safe_load(text))
    kept = {"roles", "departments", "people", "policy", "office_hours", "closing_days", "house_rules", "texts", "crisis", "links"}
    if again.model_dump(include=kept) != organisation.model_dump(include=kept):
        raise AssertionError  # what was written is not what runs
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(say.t("cli.directory.written", file=str(out)))
    for role in warnings(organisation, tree):
        typer.echo(say.t("cli.unheld", role=say.t(f"role.{role}")), err=True)


async def _exported(settings: "Settings") -> "tuple[dict[str, Any], Organisation, Tree]":
    from bot.amendments import exported, log
    from bot.work import Work
    from flows.source import read as read_file

    values = cast("dict[str, Any]", read_file(settings.organisation).values)
    async with running(settings, chats={}) as antenne:
        at = now()

        def look(conn: "Connection") -> "tuple[Organisation, int]":
            version = max((row.id for row, _ in log(conn)), default=0)
            return Work(conn, antenne.house, at).organisation, max(version, antenne.house.organisation.directory)

        organisation, version = await antenne.store.read(look)
        today = at.astimezone(organisation.calendar.zone).date()
        return exported(values, organisation, version, today), organisation, antenne.house.tree


# --- db ----------------------------------------------------------------------------------------------------


@db.command("status")
def db_status() -> None:
    """Say which version the database has, without changing it."""
    from adapters.database import HEAD

    say = _sentences()
    with _explained():
        found = asyncio.run(_revision(_settings().database_url.get_secret_value()))
    if found == HEAD:
        typer.echo(say.t("cli.db.current", revision=HEAD))
    elif found is None:
        typer.echo(say.t("cli.db.empty", head=HEAD))
    else:
        typer.echo(say.t("cli.db.other", revision=found, head=HEAD))


@db.command("migrate")
def db_migrate() -> None:
    """Bring the database to the version of this program; every command does so by itself."""
    from adapters.database import HEAD

    say = _sentences()
    with _explained():
        asyncio.run(_migrate(_settings().database_url.get_secret_value()))
    typer.echo(say.t("cli.db.current", revision=HEAD))


async def _migrate(url: str) -> None:
    await (await _store(url)).close()


async def _revision(url: str) -> str | None:
    """The schema's revision in the database at `url`; `None` when it has none or is not there yet."""
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection, create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError
    from sqlalchemy.ext.asyncio import create_async_engine

    from bot.ports import StoreUnavailable

    def look(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    try:
        address = make_url(url)
    except ArgumentError:
        raise UnknownDatabase from None
    try:
        if address.get_backend_name() == "sqlite":
            file = Path(address.database or "")
            if not await asyncio.to_thread(file.is_file):
                return None
            engine = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true", hide_parameters=True)
            with engine.connect() as connection:
                found = look(connection)
            engine.dispose()
            return found
        remote = create_async_engine(address.set(drivername="postgresql+asyncpg"), hide_parameters=True)
        try:
            async with remote.connect() as distant:
                return await distant.run_sync(look)
        finally:
            await remote.dispose()
    except (SQLAlchemyError, OSError):
        raise StoreUnavailable("unreachable") from None


if __name__ == "__main__":
    app(prog_name="antenne")
