"""Checks on the house itself: locks, layers, comments, catalogues, README. No behaviour of the product."""

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CODE = ("flows", "bot", "adapters", "scripts", "tests")
# What git does not keep, so what is not ours to check.
PASSED_BY = {
    ".git", ".venv", "var", "node_modules", "dist", "build", "__pycache__", ".mypy_cache", ".ruff_cache",
    ".pytest_cache", ".hypothesis", ".import_linter_cache", ".env",
}  # fmt: skip
LANGUAGES = ("nl", "en")


@cache
def our_files() -> tuple[Path, ...]:
    """Every file of the project."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in PASSED_BY]
        found += [Path(folder, name) for name in names if name not in PASSED_BY and not name.endswith(".pyc")]
    return tuple(found)


@cache
def our_texts() -> dict[str, str]:
    """Every file that is text, by its path from the root."""
    texts = {}
    for path in our_files():
        data = path.read_bytes()
        if b"\0" not in data:
            texts[path.relative_to(ROOT).as_posix()] = data.decode("utf-8")
    return texts


@cache
def modules(*folders: str) -> dict[str, ast.Module]:
    """The syntax tree of every Python file under the folders, by path."""
    return {
        name: ast.parse(text) for name, text in our_texts().items() if name.endswith(".py") and name.partition("/")[0] in folders
    }


def locked(name: str) -> dict[str, str]:
    """The pinned version of every distribution in a lock."""
    text = our_texts()[f"requirements/{name}.txt"]
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)", text, re.MULTILINE))


def asked(requirements: list[str]) -> set[str]:
    """The distributions that a list in pyproject.toml asks for."""
    return {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in requirements}


# The locks


def test_locks_match_pyproject() -> None:
    """Every dependency is pinned in its lock, and both locks pin the same versions."""
    project = tomllib.loads(our_texts()["pyproject.toml"])
    run, dev = locked("run"), locked("dev")
    assert asked(project["project"]["dependencies"]) <= run.keys(), "make lock"
    assert asked(project["dependency-groups"]["dev"]) <= dev.keys(), "make lock"
    assert run.items() <= dev.items(), "make lock"


@pytest.mark.parametrize("lock", ["run", "dev"])
def test_locks_hold_hashes_and_no_host(lock: str) -> None:
    """Every pin has a hash, and no line says where it was downloaded."""
    text = our_texts()[f"requirements/{lock}.txt"]
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "an option of an installer"
    for pin in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in pin, pin.splitlines()[0]


# The files


def test_no_file_names_a_machine() -> None:
    """No file names a folder of the machine it was made on, or a package index."""
    here = [str(ROOT) + "/"] if len(ROOT.parts) > 2 else []
    private = re.compile(
        "|".join([*map(re.escape, here), r"/root/\w", r"/home/(?!runner\b|you\b|jij\b)\w+/", r"/Users/\w+/"])
        + r"""|"resolved": *"http|--(?:extra-)?index-url|https?://[^ "]+/(?:simple|-)/[^ "]+"""
    )
    named = [f"{name}: {hit.group()}" for name, text in our_texts().items() if (hit := private.search(text))]
    assert not named, named


def test_decisions_that_are_named_exist() -> None:
    """Whoever follows a pointer to a decision finds it."""
    pointers = {(name, hit) for name, text in our_texts().items() for hit in re.findall(r"\bdecisions/(\d{4}[\w-]*\.md)", text)}
    assert pointers
    assert not [pointer for pointer in pointers if not (ROOT / "docs" / "decisions" / pointer[1]).is_file()]


def test_names_say_what_a_file_is_for() -> None:
    """No file or folder has a name that could hold anything."""
    vague = {"util", "utils", "helper", "helpers", "manager", "managers", "base", "common", "misc"}
    assert not [path for path in our_files() if vague & {*path.relative_to(ROOT).with_suffix("").parts}]


def test_every_module_says_what_it_may_hold() -> None:
    """Every Python file begins with a docstring."""
    assert not [name for name, module in modules(*CODE).items() if not ast.get_docstring(module)]


def test_every_silenced_check_has_its_reason() -> None:
    """Beside every silenced check of a tool stands why, in more than one word."""
    bare = []
    for name, text in our_texts().items():
        if not name.endswith(".py"):
            continue
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type != tokenize.COMMENT:
                continue
            marks = list(re.finditer(r"#\s*(?:type:\s*ignore(?:\[[\w, -]*\])?|noqa(?::[\sA-Z0-9,]*\d)?)", token.string))
            if marks and len(re.findall(r"[^\W\d]{2,}", token.string[marks[-1].end() :])) < 2:
                bare.append(f"{name}:{token.start[0]} {token.string}")
    assert not bare, bare


# The layers, where the import contracts in pyproject.toml cannot say it


def imports(module: ast.Module) -> Iterator[str]:
    """Every module that is imported, at the top or late."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def test_flows_stand_alone() -> None:
    """Besides the standard library flows/ knows pydantic and yaml; no chance, clock, network or database."""
    outside = {"asyncio", "random", "secrets", "socket", "sqlite3", "subprocess", "threading", "time", "uuid"}
    allowed = {*sys.stdlib_module_names, "flows", "pydantic", "yaml"} - outside
    found = modules("flows")
    assert found
    assert not [f"{file}: {name}" for file in found for name in imports(found[file]) if name.split(".")[0] not in allowed]


CLOCK = re.compile(r"(datetime\.)?(datetime|date)\.(now|utcnow|today)|time\.(time|time_ns)")


def test_time_is_passed_in() -> None:
    """Nothing in flows/ or bot/ looks at a clock."""
    looks = [
        f"{name}:{node.lineno}"
        for name, module in modules("flows", "bot").items()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and CLOCK.fullmatch(ast.unparse(node.func))
    ]
    assert not looks, looks


# The words


@cache
def catalogue(language: str) -> dict[str, tuple[str, ...]]:
    """Every key with its sentence, or with the sentences of its plural."""
    with (ROOT / "bot" / "locale" / f"{language}.po").open("rb") as file:
        entries = [entry for entry in read_po(file, locale=language[-2:]) if entry.id]
    assert not [entry.id for entry in entries if entry.fuzzy]
    return {
        entry.id if isinstance(entry.id, str) else entry.id[0]: (
            (entry.string,) if isinstance(entry.string, str) else tuple(words or "" for words in entry.string or [""])
        )
        for entry in entries
    }


KEY = re.compile(r"[a-z_]+(\.[a-z0-9_]+)+")


def keys_in(node: ast.AST) -> Iterator[re.Pattern[str]]:
    """The keys below a node: written out, or in part, where a computed part matches any word."""
    if isinstance(node, ast.JoinedStr):
        parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[a-z0-9_.]+" for part in node.values]
        yield re.compile("".join(parts))
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from keys_in(part)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY.fullmatch(node.value):
        yield re.compile(re.escape(node.value))
    for below in ast.iter_child_nodes(node):
        yield from keys_in(below)


def spoken() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every key that the code gives to t() or tn(), with its place."""
    for name, module in modules("bot", "adapters").items():
        for node in ast.walk(module):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"t", "tn"}:
                yield from ((f"{name}:{node.lineno}", key) for key in keys_in(node.args[0]))


def test_catalogues_are_complete() -> None:
    """Both languages have the same keys, every one with a sentence, with the same places to fill in."""
    dutch, english = (catalogue(language) for language in LANGUAGES)
    assert dutch.keys() == english.keys()
    for key in dutch:
        assert KEY.fullmatch(key), key
        assert all(dutch[key]), key
        assert all(english[key]), key
        fill = [set(re.findall(r"(?<!\{)\{(\w+)", " ".join(words[key]))) for words in (dutch, english)]
        assert fill[0] == fill[1], key


def of_files() -> Iterator[str]:
    """What the code says is wrong in somebody's file, and what would be right: in English, with places to fill in."""
    for path in (*(ROOT / "flows").glob("*.py"), ROOT / "bot" / "organisation.py", ROOT / "bot" / "faq.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(module):
            found: list[ast.expr] = []
            match node:
                case ast.Call(func=ast.Attribute(attr="problem"), args=[said, *_], keywords=more):
                    found = [said, *(item.value for item in more if item.arg == "right")]
                case ast.Call(func=ast.Name(id="Problem"), args=[_, _, *said]):
                    found = said[:2]
                case ast.Call(func=ast.Name(id="ValueError"), args=[ast.Constant(value=str(text))]) if path.name != "faq.py":
                    yield f"{{name!r}}: {text}"
                case ast.Assign(targets=[ast.Name(id="said" | "mend")], value=value):
                    found = [value]
                case ast.AnnAssign(target=ast.Name(id="_WANTED"), value=ast.Tuple(elts=rows)):
                    found = [row.elts[1] for row in rows if isinstance(row, ast.Tuple)]
                case _:
                    continue
            yield from (item.value for item in found if isinstance(item, ast.Constant) and isinstance(item.value, str))


def test_what_is_wrong_in_a_file_is_said_in_dutch_too() -> None:
    """Every sentence, with the same places to fill in; and none that is no longer said."""
    dutch, said = catalogue("problems.nl"), set(of_files())
    assert len(said) > 60
    assert not said - dutch.keys()
    assert not dutch.keys() - said
    for text, (words,) in dutch.items():
        assert words
        assert sorted(re.findall(r"(?<!\{)\{(\w+)", text)) == sorted(re.findall(r"(?<!\{)\{(\w+)", words)), text


def test_every_key_in_the_code_has_its_sentence() -> None:
    """What the code asks the catalogue for, it gets."""
    keys = catalogue("nl")
    unknown = [f"{place} {key.pattern}" for place, key in spoken() if not any(map(key.fullmatch, keys))]
    assert not unknown, unknown


def test_every_sentence_is_said() -> None:
    """No sentence stays in the catalogues after its last use: each is written out somewhere, or begins as a computed key does."""
    found = {key for module in modules("bot", "adapters").values() for key in keys_in(module)}
    begins = re.compile(r"[a-z_]+\\\.")  # a computed key names at least its area: "card\."
    patterns = [re.compile(f"{key.pattern}(_[a-z]+)?") for key in found if begins.match(key.pattern)]  # than → than_more
    silent = [key for key in catalogue("nl") if not any(pattern.fullmatch(key) for pattern in patterns)]
    assert not silent, silent


# The README


def test_readme_shows_the_help() -> None:
    """The README's block of help is what the command line prints."""
    run = subprocess.run(
        [sys.executable, "-m", "scripts.help_docs", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def readme_commands() -> list[tuple[str, str]]:
    """Every command of antenne in a console block of the README, with the lines printed under it there."""
    blocks = re.findall(r"^```console\n(.*?)^```", our_texts().get("README.md", ""), re.MULTILINE | re.DOTALL)
    return [
        (command, output)
        for block in blocks
        for command, output in re.findall(r"^\$ (antenne [^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", block, re.MULTILINE)
    ]


@pytest.mark.parametrize(("command", "output"), readme_commands() or [("false", "a README without commands")])
def test_readme_commands_do_what_they_show(command: str, output: str, tmp_path: Path) -> None:
    """Each command works in a fresh folder and prints what the README shows; a line of … is any lines."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    start = "from adapters.main import app; app(prog_name='antenne')"
    script = f'antenne() {{ "{sys.executable}" -c "{start}" "$@"; }}\n'
    run = subprocess.run(
        ["sh", "-c", script + command],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
            "TERMINAL_WIDTH": "100",
            "NO_COLOR": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    shown = ".*".join(map(re.escape, re.split(r"^…$", output.strip(), flags=re.MULTILINE)))
    assert re.search(shown, run.stdout, re.DOTALL), run.stdout
