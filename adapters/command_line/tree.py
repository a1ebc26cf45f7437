"""The decision tree and the organisation's file, for who writes and approves them: mistakes, and a picture."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from adapters.command_line.explaining import WRONG, configured, explained, fail, language_in, sentences
from adapters.command_line.install import slack_in_order, teams_in_order
from flows.tree import Disposition, Place

if TYPE_CHECKING:
    from flows.source import Problem
    from flows.tree import Tree

TREE = "lokaal-bestuur"


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
    from bot.sentences import problem
    from flows.authorities import load_authorities
    from flows.source import SourceProblems
    from flows.tree import load_tree

    with explained():
        path = file or configured().organisation
        say = sentences(language_in(path))
        if path.is_dir() or path.name == "tree.yaml":
            problems: list[Problem] = _problems_of(lambda: load_tree(path if path.is_dir() else path.parent))
            unheld: Sequence[str] = ()
        else:
            problems, unheld = [], ()
            try:
                organisation, tree = load_organisation(path)
                say = sentences(organisation.language)
                unheld = warnings(organisation, tree)
                load_authorities(path.with_name("authorities.yaml"))
            except SourceProblems as trouble:
                problems = [*trouble.problems]
                problems += [found for found in _problems_of(lambda: _tree_of(path)) if found not in problems]
    for found in problems:
        typer.echo(problem(found, say.language))
    if problems:
        raise typer.Exit(WRONG)
    for role in unheld:
        typer.echo(say.t("cli.unheld", role=say.t(f"role.{role}")))
    if with_slack and path.is_file() and path.name != "tree.yaml":
        slack_in_order(path)
    if with_teams and path.is_file() and path.name != "tree.yaml":
        teams_in_order(path)
    typer.echo(say.t("cli.in_order"))


def _problems_of(load: Callable[[], object]) -> "list[Problem]":
    from flows.source import SourceProblems

    try:
        load()
    except SourceProblems as trouble:
        return list(trouble.problems)
    return []


def _tree_of(path: Path) -> None:
    """Load the tree that an organisation's file names, whatever else is wrong with that file."""
    from flows.source import read
    from flows.tree import find_tree, load_tree

    values = read(path).values
    name = values.get("tree", TREE) if isinstance(values, dict) else TREE
    load_tree(find_tree(str(name), path.parent))


def draw(
    tree: Annotated[str, typer.Argument(help="A tree's name or folder.")] = TREE,
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path(),
    language: Annotated[str, typer.Option(help="nl or en.")] = "nl",
) -> None:
    """Write the tree as Mermaid and SVG, for the people who approve it."""
    from flows.draw import Captions, mermaid, svg

    with explained(language):
        found = tree_named(tree)
        say = sentences(language)
        captions = Captions(
            title=say.t("cli.draw.title", tree=found.name),
            subtitle=say.t("cli.draw.subtitle", version=found.version),
            dispositions={kind: say.t(disposition_key(kind)) for kind in get_args(Disposition)},
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
            fail(say.t("cli.draw.unwritable", folder=str(out)))


def disposition_key(kind: str) -> str:
    """Under which key the catalogue names a disposition."""
    return f"disposition.{kind.replace(' ', '_')}"


def tree_named(name: str) -> "Tree":
    """A tree by name or folder; raises SourceProblems, with the names there are."""
    from flows.tree import find_tree, load_tree

    folder = Path(name)
    if (folder / "tree.yaml").is_file():
        return load_tree(folder)
    return load_tree(find_tree(name, configured().organisation.parent))
