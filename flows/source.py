"""Reading a YAML file that people write: plain values out, every problem with file, line and what would be right.

Only what trees, policies and organisations share in being read lives here; what they mean is theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # a wheel without libyaml: slower, the same result
    from yaml import SafeLoader as Loader  # type: ignore[assignment]  # the two loaders share their interface

Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where, what, and what would be right. ``line`` counts from 1; 0 = the whole file.

    ``said`` and ``mend`` are English with places for ``values``, so that a catalogue can say them in another language.
    """

    file: str
    line: int
    said: str
    mend: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def what(self) -> str:
        return self.said.format_map(self.values)

    @property
    def right(self) -> str:
        return self.mend.format_map(self.values)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" + (f" → {self.right}" if self.mend else "")


class SourceProblems(Exception):
    """A file cannot be used; ``problems`` says all that is wrong with it, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class Source:
    """A file's values and the line of each of them, by path such as ``("outcomes", "spam", "steps", 0)``."""

    file: str
    values: Any
    lines: dict[Path_, int]

    def line(self, *path: str | int) -> int:
        """The line of ``path``, or of the nearest thing above it that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, said: str, *path: str | int, right: str = "", **values: str) -> Problem:
        return Problem(self.file, self.line(*path), said, right, values)


def read(path: Path) -> Source:
    """The values of a YAML file; raises ``SourceProblems`` when it is absent, no YAML, or names a key twice."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise SourceProblems([Problem(str(path), 0, "the file is not UTF-8 text", "save it as UTF-8")]) from None
        raise SourceProblems([Problem(str(path), 0, "the file cannot be read", "check the path and the rights")]) from None
    loader = Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        detail = str(getattr(error, "problem", None) or "")
        line = mark.line + 1 if mark else 0
        raise SourceProblems(
            [Problem(str(path), line, "this is no YAML: {detail}", "mend the YAML", {"detail": detail})]
        ) from None
    finally:
        loader.dispose()
    lines: dict[Path_, int] = {}
    problems: list[Problem] = []
    values = _plain(node, (), lines, problems, str(path)) if node is not None else {}
    if problems:
        raise SourceProblems(problems)
    return Source(str(path), values, lines)


_scalars = yaml.SafeLoader("")


def _plain(node: yaml.Node, path: Path_, lines: dict[Path_, int], problems: list[Problem], file: str) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in result:
                line = key_node.start_mark.line + 1
                problems.append(Problem(file, line, "{name!r} stands here twice", "keep one of them", {"name": key}))
            result[key] = _plain(value_node, (*path, key), lines, problems, file)
            lines[(*path, key)] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), lines, problems, file) for index, item in enumerate(node.value)]
    if node.tag == "tag:yaml.org,2002:timestamp":
        return node.value
    if node.tag.startswith("tag:yaml.org,2002:bool") and node.value.lower() not in ("true", "false"):
        return node.value  # "no" and "on" are words in our files, never truth values
    return _scalars.construct_object(node, deep=True)


def load(model: type[Model], source: Source, *prefix: str | int) -> Model:
    """``source`` as a ``model``; raises ``SourceProblems`` with a line for every field that does not fit."""
    values = source.values
    for part in prefix:
        values = values[part]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SourceProblems([_problem(source, prefix, model, item) for item in error.errors()]) from None


def _problem(source: Source, prefix: Path_, model: type[BaseModel], item: Any) -> Problem:
    location: Path_ = (*prefix, *item["loc"])
    name = ".".join(str(part) for part in item["loc"])
    match item["type"]:
        case "extra_forbidden":
            known = sorted(_names(model))
            near = get_close_matches(str(item["loc"][-1]), known, n=1)
            if not near:
                return source.problem("unknown key {name!r}", *location, right="remove it", name=name)
            return source.problem("unknown key {name!r}", *location, right="did you mean {near!r}?", name=name, near=near[0])
        case "missing":
            return source.problem("{name!r} is missing", *location, right="add it", name=name)
        case "literal_error" | "enum":
            known_ones = str(item["ctx"]["expected"]).replace(" or ", ", ")
            return source.problem("{name!r} has an unknown value", *location, right="one of {known}", name=name, known=known_ones)
        case "value_error":  # a sentence of ours
            return source.problem(f"{{name!r}}: {item['ctx']['error']}", *location, name=name)
        case kind:
            wanted = next(say for prefix, say in _WANTED if kind.startswith(prefix))
            return source.problem(wanted, *location, name=name, limit=_limit(item.get("ctx", {})))


# What should stand where something of another form stands: the beginning of pydantic's name for the mistake, and how we say it.
_WANTED: tuple[tuple[str, str], ...] = (
    ("int", "{name!r} must be a whole number"),
    ("bool", "{name!r} must be true or false"),
    ("string_too_short", "{name!r} is empty"),
    ("string_too_long", "{name!r} is too long: {limit} characters at most"),
    ("string_pattern", "{name!r} is not written as it should be"),
    ("string", "{name!r} must be text"),
    ("greater_than", "{name!r} must be {limit} or more"),
    ("less_than", "{name!r} must be {limit} or less"),
    ("date", "{name!r} must be a date, such as 2026-12-31"),
    ("time", "{name!r} must be an hour, such as 08:30"),
    ("tuple", "{name!r} must be a list"),
    ("list", "{name!r} must be a list"),
    ("too_short", "{name!r} is empty"),
    ("too_long", "{name!r} is too long: {limit} at most"),
    ("dict", "{name!r} must hold names with values"),
    ("mapping", "{name!r} must hold names with values"),
    ("model", "{name!r} must hold names with values"),
    ("", "{name!r} does not fit"),
)


def _limit(context: Mapping[str, Any]) -> str:
    """The number that pydantic names with a mistake, if it names one."""
    return str(next((context[name] for name in ("ge", "le", "gt", "lt", "max_length") if name in context), ""))


def _names(model: type[BaseModel], seen: frozenset[type] = frozenset()) -> set[str]:
    """Every field name in a model and the models inside it, as candidates for a misspelt key."""
    names = set(model.model_fields)
    for known in model.model_fields.values():
        for inner in _models_in(known.annotation):
            if inner not in seen:
                names |= _names(inner, seen | {model})
    return names


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
