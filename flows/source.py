"""Reading a YAML file that people write: plain values out, every problem with file, line and what would be right.

Only what trees, policies and organisations share in being read lives here; what they mean is theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """One thing wrong in a file: where, what, and what would be right. ``line`` counts from 1; 0 = the whole file."""

    file: str
    line: int
    what: str
    right: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" + (f" → {self.right}" if self.right else "")


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

    def problem(self, what: str, *path: str | int, right: str = "") -> Problem:
        return Problem(self.file, self.line(*path), what, right)


def read(path: Path) -> Source:
    """The values of a YAML file; raises ``SourceProblems`` when it is absent, no YAML, or names a key twice."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        raise SourceProblems([Problem(str(path), 0, f"the file {why}", "check the path and the rights")]) from None
    loader = Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "this is not YAML"
        raise SourceProblems([Problem(str(path), mark.line + 1 if mark else 0, what, "mend the YAML")]) from None
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
                problems.append(Problem(file, key_node.start_mark.line + 1, f"{key!r} stands here twice", "keep one of them"))
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
            return source.problem(f"unknown key {name!r}", *location, right=f"did you mean {near[0]!r}?" if near else "remove it")
        case "missing":
            return source.problem(f"{name!r} is missing", *location, right="add it")
        case "literal_error" | "enum":
            return source.problem(f"{name!r} has an unknown value", *location, right=f"one of {item['ctx']['expected']}")
        case _:
            return source.problem(f"{name!r}: {item['msg'].removeprefix('Value error, ')}", *location)


def _names(model: type[BaseModel], seen: frozenset[type] = frozenset()) -> set[str]:
    """Every field name in a model and the models inside it, as candidates for a misspelt key."""
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            if inner not in seen:
                names |= _names(inner, seen | {model})
    return names


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
