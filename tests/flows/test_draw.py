"""The picture of a tree: complete, legible, self-contained, the same every time."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from flows.draw import COLOURS, Captions, colour, mermaid, svg
from flows.tree import TREES, Tree, load_tree

SVG = "{http://www.w3.org/2000/svg}"
CAPTIONS = Captions(
    title='Boom <van> "Torenbeek"',
    subtitle="versie 1 & meer",
    dispositions={
        "modereer": "Modereer",
        "volg op": "Volg op",
        "bied hulp": "Bied hulp",
        "koppel door": "Koppel door",
    },
    by_policy="Volgens het beleid",
    places={"own": "Onze pagina", "private": "Privébericht", "external": "Andere pagina"},
)


@pytest.fixture(scope="module")
def tree() -> Tree:
    """The tree that is shipped."""
    return load_tree(TREES / "lokaal-bestuur")


def texts(picture: str) -> list[str]:
    """Every text in the picture, its lines joined."""
    root = ET.fromstring(picture)  # noqa: S314 - our own drawing, made two lines before
    return [" ".join("".join(part.itertext()) for part in (list(text) or [text])) for text in root.iter(f"{SVG}text")]


def boxes(picture: str) -> Iterator[tuple[float, float, float, float]]:
    """Left, top, right and bottom of every box, without the coloured bands."""
    root = ET.fromstring(picture)  # noqa: S314 - our own drawing, made two lines before
    for rect in root.find(f"{SVG}g").iter(f"{SVG}rect"):  # type: ignore[union-attr]  # a picture without it fails the test
        x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        if width > 10:
            yield x, y, x + width, y + height


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_question_choice_and_outcome_stands_in_it(tree: Tree, language: str) -> None:
    """Each question once with all its choices, and an outcome at the end of every choice that leads to it."""
    shown = texts(svg(tree, CAPTIONS, language))
    words = tree.said(language)
    for name, choices in tree.questions.items():
        assert shown.count(words.questions[name].ask) >= 1
        for choice in choices:
            assert words.questions[name].choices[choice.id] in shown
            if choice.outcome is not None:
                assert words.outcomes[choice.outcome].title in shown
    ends = sum(choice.outcome is not None for choices in tree.questions.values() for choice in choices)
    assert sum(text in {*CAPTIONS.dispositions.values(), CAPTIONS.by_policy} for text in shown) == ends + len(COLOURS)


def test_nothing_lies_on_something_else(tree: Tree) -> None:
    """No two boxes overlap, and none lies outside the picture."""
    picture = svg(tree, CAPTIONS, "nl")
    found = list(boxes(picture))
    for index, (left, top, right, bottom) in enumerate(found):
        for other in found[index + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)
    assert size
    assert max(box[2] for box in found) < float(size[1])
    assert max(box[3] for box in found) < float(size[2])


def test_the_picture_needs_nothing_from_outside(tree: Tree) -> None:
    """No script, no address but the name space, no font file; hostile captions stay text."""
    picture = svg(tree, CAPTIONS, "nl")
    assert "<script" not in picture
    assert re.findall(r"https?://[^\"' <]+", picture.split(">", 1)[0]) == ["http://www.w3.org/2000/svg"]
    assert "url(http" not in picture
    assert 'Boom <van> "Torenbeek"' in texts(picture)


def test_the_same_tree_gives_the_same_bytes(tree: Tree) -> None:
    """Drawn twice is drawn once."""
    assert svg(tree, CAPTIONS, "nl") == svg(tree, CAPTIONS, "nl")
    assert mermaid(tree, CAPTIONS, "en") == mermaid(tree, CAPTIONS, "en")


def test_an_outcome_is_coloured_by_its_disposition(tree: Tree) -> None:
    """Red, green and so on by what is done; violet where the policy decides."""
    assert colour(tree.outcomes["strafbaar"]) == "modereer"
    assert colour(tree.outcomes["politiek_partij"]) is None
    for band, tint in COLOURS.values():
        assert contrast(band, tint) >= 4.5
        assert contrast("#101828", tint) >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""

    def light(text: str) -> float:
        parts = [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_mermaid_holds_every_arrow_once(tree: Tree) -> None:
    """One line an arrow, one an outcome; no sign of a label is taken for Mermaid's own."""
    text = mermaid(tree, CAPTIONS, "nl")
    arrows = [line for line in text.splitlines() if re.fullmatch(r'  q_\w+ -- ".*" --> [qo]_\w+', line)]
    assert len(arrows) == sum(map(len, tree.questions.values()))
    assert len(re.findall(r"^  o_\w+\[", text, re.MULTILINE)) == len(tree.outcomes)
    for line in text.splitlines()[3:]:
        label = re.search(r'"(.*)"', line)
        assert not label or not set('"<>[]{}|`') & set(label[1])


def test_a_long_word_is_broken_and_a_long_question_keeps_its_rows(tree: Tree, tmp_path: Path) -> None:
    """Words from a municipality's own tree may be longer than a box."""
    folder = tmp_path / "boom"
    folder.mkdir()
    shipped = TREES / "lokaal-bestuur"
    (folder / "tree.yaml").write_text((shipped / "tree.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("nl", "en"):
        written = (shipped / f"{name}.yaml").read_text(encoding="utf-8")
        first = tree.said(name).questions["toon"].ask
        (folder / f"{name}.yaml").write_text(written.replace(first, "w" * 300, 1), encoding="utf-8")
    picture = svg(load_tree(folder), CAPTIONS, "nl")
    assert "".join(texts(picture)).replace(" ", "").count("w" * 300) == 1
    test_nothing_lies_on_something_else(load_tree(folder))
