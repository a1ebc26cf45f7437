"""How a command ends that cannot do what was asked: trouble that is expected, in one sentence that says what to do."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from bot.sentences import Sentences
    from bot.settings import Settings

WRONG, USAGE = 1, 2  # exit codes: something is wrong; it was asked wrongly


def sentences(language: str = "nl") -> "Sentences":
    """What the program says in this language; for what is asked before an organisation is read."""
    from bot.sentences import sentences as said_in

    return said_in(language)


def language_in(file: Path, otherwise: str = "nl") -> str:
    """The language that an organisation's file names, however broken it is; `otherwise` when it names none."""
    try:
        found = re.search(r"^language:\s*[\"']?(nl|en)\b", file.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return otherwise
    return found[1] if found else otherwise


def fail(sentence: str, code: int = WRONG) -> NoReturn:
    """Ends the command with a sentence on standard error."""
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def one_of(say: "Sentences", option: str, value: str, values: Iterable[str]) -> None:
    """Ends the command, with the possible values, when what was given for an option is none of them."""
    if value and value not in (known := list(values)):
        fail(say.t("cli.walk.unknown", option=option, value=value, values=", ".join(known)), USAGE)


class UnreadableSettings(Exception):
    """A file with settings cannot be read; its content is not repeated."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file


def configured() -> "Settings":
    """The settings of the environment. Raises UnreadableSettings, ValidationError."""
    from bot.settings import Settings

    try:
        return Settings()
    except OSError as trouble:  # a secret's file, or .env, that the bot's user may not read
        raise UnreadableSettings(str(trouble.filename or ".env")) from None
    except UnicodeDecodeError:  # secrets are read as any text; only .env must be UTF-8
        raise UnreadableSettings(".env") from None


@contextmanager
def explained(language: str = "nl") -> Iterator[None]:
    """Turns what may well go wrong into one sentence that says what to do."""
    try:
        yield
    except Exception as trouble:
        sentence = _sentence(trouble, language)
        if sentence is None:
            raise
        fail(sentence)


def _sentence(trouble: Exception, language: str) -> str | None:
    """What to say about an expected trouble; imported only once there is one."""
    from pydantic import ValidationError

    from adapters.database import StoreTooNew, UnknownDatabase
    from bot.ports import StoreUnavailable
    from bot.pseudonyms import KeyFileProblem
    from bot.sentences import problem
    from flows.source import SourceProblems

    say = sentences(language)
    match trouble:
        case SourceProblems():
            language = language_in(Path(trouble.problems[0].file), language)
            return "\n".join([sentences(language).t("cli.source"), *(problem(found, language) for found in trouble.problems)])
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
