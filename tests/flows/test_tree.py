"""Broken trees: each is refused with the file, the line, what is wrong and what would be right."""

from pathlib import Path

import pytest

from flows.source import Problem, SourceProblems
from flows.tree import PLACEHOLDERS, TREES, Tree, find_tree, load_tree

STRUCTURE = """\
tree: klein
version: "1"
begin: {own: eerst, private: eerst, external: eerst}
also:
  vraag: {id: vraag, outcome: klaar}
  melding: {id: melding, outcome: klaar}
  klacht: {id: klacht, outcome: klaar}
  gegevens: {id: gegevens, outcome: klaar}
  bedreiging: {id: bedreiging, outcome: klaar}
  iets_anders: {id: iets_anders, question: eerst}
questions:
  eerst:
    - {id: verder, question: dan}
    - {id: meteen, outcome: klaar}
  dan:
    - {id: ja, outcome: klaar, sets: {house_rule: insult}}
    - {id: nee, outcome: anders, when: {place: [own]}}
outcomes:
  klaar:
    disposition: [{be: volg op}]
  anders:
    disposition:
      - {be: modereer, when: {answer_channel: [public, both]}}
      - {be: volg op}
    steps:
      - {id: bewijs, kind: evidence}
      - {id: weg, kind: delete, by: moderation_team, when: {who_deletes: [team]}}
      - {id: weg, kind: delete, say: zelf_weg}
      - {id: zeg, kind: public_answer, reply: dank, after: {clock: working, setting: response.answer}}
    tells: [{role: antenna}]
    deadline: [{clock: now}]
    asks: [house_rule]
    house_rule: insult
    flags: [returning]
grounds: {language: none}
never_strike: [klaar]
"""

WORDS = """\
language: nl
tree: klein
also: {vraag: V, melding: M, klacht: K, gegevens: G, bedreiging: B, iets_anders: I}
questions:
  eerst:
    ask: Wat zie je?
    choices: {verder: Verder, meteen: Meteen}
  dan:
    ask: En dan?
    choices: {ja: Ja, nee: Nee}
outcomes:
  klaar:
    title: Klaar
    advice: Niets te doen.
  anders:
    title: Anders
    advice: Doe iets.
    steps:
      weg: Laat het weghalen.
      zelf_weg: Haal het weg.
replies:
  dank:
    je: Dank je. {signature}
    u: Dank u. {signature}
kinds:
  {evidence: e, hide: h, delete: d, block: b, report_platform: r, report_body: r, private_message: p,
   public_answer: a, escalate: e, close_comments: c, monitor: m, pass_on: p, like: l, face_to_face: f}
bodies:
  {emergency: e, police: p, unia: u, igvm: i, vmri: v, dpa: d, child_focus: c,
   safeonweb: s, group_admin: g, none: n}
grounds: {language: Taal}
"""


def write(folder: Path, structure: str = STRUCTURE, words: str = WORDS) -> Path:
    """A tree's folder with these two files."""
    (folder / "tree.yaml").write_text(structure, encoding="utf-8")
    (folder / "nl.yaml").write_text(words, encoding="utf-8")
    return folder


def change(text: str, old: str, new: str) -> tuple[str, int]:
    """``text`` with its one ``old`` replaced, and the line where that stands."""
    assert text.count(old) == 1, old
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


def refused(folder: Path) -> tuple[Problem, ...]:
    """The problems with the tree in ``folder``."""
    with pytest.raises(SourceProblems) as caught:
        load_tree(folder)
    return caught.value.problems


def test_a_sound_tree_is_loaded(tmp_path: Path) -> None:
    """A small tree without mistakes has its paths, its words and a version that holds its content."""
    tree = load_tree(write(tmp_path))
    assert [outcome for _, outcome in tree.paths("eerst")] == ["klaar", "anders", "klaar"]
    assert tree.version.startswith("1-")
    assert tree.said("fr") is tree.words["nl"]


def test_a_variant_may_have_its_own_words(tmp_path: Path) -> None:
    """`say` finds other words than those of the id; a step without its own words gets those of its kind."""
    tree = load_tree(write(tmp_path))
    said = [tree.said("nl").step("anders", step) for step in tree.outcomes["anders"].steps]
    assert said == ["e", "Laat het weghalen.", "Haal het weg.", "a"]


def test_changed_words_are_another_version(tmp_path: Path) -> None:
    """A case keeps the version it was walked with, so any change of structure or words must show in it."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = load_tree(write(tmp_path / "a"))
    other = load_tree(write(tmp_path / "b", words=WORDS.replace("Doe iets.", "Doe iets anders.")))
    assert one.version != other.version


@pytest.mark.parametrize(
    ("old", "new", "what", "right"),
    [
        pytest.param(
            "    flags: [returning]",
            "    flagz: [returning]",
            "unknown key 'outcomes.anders.flagz'",
            "did you mean 'flags'?",
            id="unknown key",
        ),
        pytest.param(
            "{id: ja, outcome: klaar, sets: {house_rule: insult}}",
            "{id: ja, question: eerst}",
            "a loop: eerst → dan → eerst",
            "a walk may not come back to a question",
            id="loop",
        ),
        pytest.param(
            "[{role: antenna}]",
            "[{role: antenne}]",
            "'outcomes.anders.tells.0.role' has an unknown value",
            "'antenna'",
            id="unknown role",
        ),
        pytest.param(
            "when: {who_deletes: [team]}",
            "when: {who_removes: [team]}",
            "unknown setting or fact 'who_removes'",
            "a policy setting, or a fact of the case",
            id="unknown setting",
        ),
        pytest.param(
            "when: {place: [own]}",
            "when: {place: [home]}",
            "'place' is never 'home'",
            "one of own, private, external",
            id="unknown value",
        ),
        pytest.param(
            "setting: response.answer",
            "setting: response.reply",
            "unknown setting 'response.reply'",
            "a setting of the policy",
            id="unknown setting of a term",
        ),
        pytest.param(
            "sets: {house_rule: insult}",
            "sets: {place: own}",
            "no answer can set 'place'",
            "one of elected, house_rule, legal",
            id="an answer that sets what it cannot know",
        ),
        pytest.param(
            "{id: meteen, outcome: klaar}",
            "{id: verder, outcome: klaar}",
            "choice 'verder' stands twice in 'eerst'",
            "",
            id="duplicate choice",
        ),
        pytest.param(
            "{id: meteen, outcome: klaar}",
            "{id: meteen, outcome: klaarr}",
            "unknown outcome 'klaarr'",
            "add it, or mend the name",
            id="unknown outcome",
        ),
        pytest.param(
            "{id: verder, question: dan}",
            "{id: verder, question: toen}",
            "unknown question 'toen'",
            "add it, or mend the name",
            id="unknown question",
        ),
        pytest.param(
            "{id: meteen, outcome: klaar}",
            "{id: meteen}",
            "a choice leads to either a question or an outcome",
            "",
            id="choice to nowhere",
        ),
        pytest.param(
            "{id: bewijs, kind: evidence}",
            "{id: bewijs, kind: monitor}",
            "'delete' stands before any evidence step",
            "evidence first",
            id="delete before evidence",
        ),
        pytest.param(
            "    asks: [house_rule]\n",
            "",
            "a preselected house rule is never asked",
            "add house_rule to asks",
            id="house rule never asked",
        ),
        pytest.param(
            "deadline: [{clock: now}]",
            "deadline: [{clock: now, hours: 2}]",
            "'now' has no length",
            "",
            id="a now with hours",
        ),
        pytest.param(
            "tree: klein",
            "tree: [klein",
            "did not find",
            "mend the YAML",
            id="no YAML",
        ),
    ],
)
def test_a_broken_structure_is_refused(tmp_path: Path, old: str, new: str, what: str, right: str) -> None:
    """Each mistake in tree.yaml is told in words, with what would be right."""
    structure, _ = change(STRUCTURE, old, new)
    problems = refused(write(tmp_path, structure))
    found = [item for item in problems if what in item.what]
    assert found, problems
    assert right in found[0].right
    assert found[0].file == str(tmp_path / "tree.yaml")


@pytest.mark.parametrize(
    ("old", "new", "what", "below"),
    [
        pytest.param("    flags: [returning]", "    flagz: [returning]", "unknown key", 0, id="unknown key"),
        pytest.param("[{role: antenna}]", "[{role: antenne}]", "unknown value", 0, id="unknown role"),
        pytest.param("{who_deletes: [team]}", "{who_removes: [team]}", "unknown setting", 0, id="unknown setting"),
        pytest.param("- {id: meteen, out", "- {id: verder, out", "stands twice", 0, id="duplicate choice"),
        pytest.param(
            "  dan:\n    - {id: ja",
            "  los:\n    - {id: ja",
            "question 'los' is an orphan",
            0,
            id="orphan question",
        ),
        pytest.param("outcome: anders", "outcome: klaar", "outcome 'anders' is an orphan", 4, id="orphan outcome"),
        pytest.param("outcome: klaar, sets: {house_rule: insult}", "question: eerst", "a loop", -4, id="loop"),
        pytest.param("never_strike: [klaar]", "version: 2", "'version' stands here twice", 0, id="key twice"),
    ],
)
def test_a_problem_names_its_line(tmp_path: Path, old: str, new: str, what: str, below: int) -> None:
    """The line is that of the mistake itself, or of the question or outcome that it makes wrong."""
    structure, line = change(STRUCTURE, old, new)
    lines = {item.line for item in refused(write(tmp_path, structure)) if what in item.what}
    assert lines == {line + below}


def test_a_question_without_choices_is_a_dead_end(tmp_path: Path) -> None:
    """A question that offers nothing would leave the moderator standing there."""
    structure = STRUCTURE.replace("  dan:\n", "  dan: []\n  over:\n")
    line = structure[: structure.index("  dan: []")].count("\n") + 1
    problems = refused(write(tmp_path, structure))
    assert (line, "question 'dan' is a dead end: it has no choices") in {(item.line, item.what) for item in problems}


def test_an_outcome_that_never_strikes_makes_no_strike(tmp_path: Path) -> None:
    """What stands in never_strike is held to it."""
    strikes = "disposition: [{be: volg op}]\n    strike: always\n    records: [strike]"
    structure = STRUCTURE.replace("disposition: [{be: volg op}]", strikes)
    assert any("may never make a strike" in item.what for item in refused(write(tmp_path, structure)))


@pytest.mark.parametrize(
    ("old", "new", "what", "right", "below"),
    [
        pytest.param(
            "{ja: Ja, nee: Nee}",
            "{ja: Ja}",
            "a missing word: questions.dan.choices.nee",
            "add it",
            0,
            id="label",
        ),
        pytest.param("{language: Taal}", "{}", "a missing word: grounds.language", "add it", 0, id="ground"),
        pytest.param("  dank:\n", "  dankje:\n", "a missing word: replies.dank", "add it", -1, id="reply"),
        pytest.param(
            "{ja: Ja, nee",
            "{ja: Ja, nu: Nu, nee",
            "a word for nothing: questions.dan.choices.nu",
            "remove it",
            0,
            id="label too many",
        ),
        pytest.param(
            "      weg: Laat",
            "      wog: Laat",
            "a word for nothing: outcomes.anders.steps.wog",
            "",
            0,
            id="step too many",
        ),
        pytest.param("Doe iets.", "Doe {iets}.", "unknown placeholder {iets}", "one of ", 0, id="unknown placeholder"),
        pytest.param("Doe iets.", "Doe {iets.", "a brace without its partner", "twice", 0, id="open brace"),
        pytest.param("je: Dank je.", "jij: Dank je.", "unknown key 'replies.dank.jij'", "", 0, id="unknown key"),
        pytest.param("    title: Klaar\n", "", "'outcomes.klaar.title' is missing", "add it", -1, id="missing title"),
    ],
)
def test_broken_words_are_refused(tmp_path: Path, old: str, new: str, what: str, right: str, below: int) -> None:
    """A word too few, too many, or with a placeholder that nobody fills, is told with its file and line."""
    words, line = change(WORDS, old, new)
    problems = refused(write(tmp_path, words=words))
    found = [item for item in problems if what in item.what]
    assert found, problems
    assert right in found[0].right
    assert (found[0].file, found[0].line) == (str(tmp_path / "nl.yaml"), line + below)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Whoever mends a tree sees every mistake in one run."""
    structure = STRUCTURE.replace("outcome: anders", "outcome: weg").replace("{place: [own]}", "{place: [home]}")
    whats = " | ".join(item.what for item in refused(write(tmp_path, structure, WORDS.replace("{language: Taal}", "{}"))))
    assert "unknown outcome 'weg'" in whats
    assert "'place' is never 'home'" in whats
    assert "a missing word: grounds.language" in whats


def test_a_problem_reads_as_one_line(tmp_path: Path) -> None:
    """File, line, what is wrong → what would be right: a form that editors jump to."""
    structure, line = change(STRUCTURE, "[{role: antenna}]", "[{role: antenna, when: {crisis: [maybe]}}]")
    [problem] = refused(write(tmp_path, structure))
    assert str(problem) == f"{tmp_path / 'tree.yaml'}:{line}: 'crisis' is never 'maybe' → one of yes, no"


def test_a_tree_without_words_is_refused(tmp_path: Path) -> None:
    """Structure alone cannot be shown to anybody."""
    write(tmp_path)
    (tmp_path / "nl.yaml").unlink()
    assert "no words" in refused(tmp_path)[0].what


def test_a_tree_is_found_beside_the_organisation_or_among_those_shipped(tmp_path: Path) -> None:
    """An organisation's own tree goes before one of the same name that is shipped."""
    own = tmp_path / "trees" / "lokaal-bestuur"
    own.mkdir(parents=True)
    assert find_tree("lokaal-bestuur", tmp_path) == TREES / "lokaal-bestuur"
    write(own)
    assert find_tree("lokaal-bestuur", tmp_path) == own
    with pytest.raises(SourceProblems, match="one of lokaal-bestuur"):
        find_tree("geen", tmp_path)


def test_placeholders_and_trees_are_closed_worlds(tmp_path: Path) -> None:
    """A tree is immutable once loaded, and a placeholder is a plain name."""
    tree = load_tree(write(tmp_path))
    assert isinstance(tree, Tree)
    assert all(name.isidentifier() for name in PLACEHOLDERS)
    with pytest.raises(ValueError, match="frozen"):
        tree.structure.version = "2"  # type: ignore[misc]  # that is the point
