"""The municipality's file: the sample is right, and what is wrong in a file is said with its line and the cure."""

from pathlib import Path
from typing import Any, get_args

import pytest

from bot.faq_search import Entry, Index
from bot.organisation import Organisation, load_organisation, warnings
from bot.roster import recipient
from bot.settings import SAMPLE
from flows.policy import Policy
from flows.source import Problem, SourceProblems, read
from flows.tree import Role, Tree

FAQ = SAMPLE.with_name("faq.yaml")


def variant(folder: Path, old: str, new: str) -> Path:
    """The sample with one passage replaced, in a folder of its own; the passage must stand there exactly once."""
    text = SAMPLE.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path = folder / SAMPLE.name
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def problems(path: Path) -> tuple[Problem, ...]:
    """What is wrong in an organisation's file."""
    with pytest.raises(SourceProblems) as raised:
        load_organisation(path)
    return raised.value.problems


@pytest.fixture(scope="module")
def sample() -> tuple[Organisation, Tree]:
    """Torenbeek, with its tree."""
    return load_organisation(SAMPLE)


def faq_rows() -> list[dict[str, Any]]:
    """The sample's questions and answers."""
    rows: list[dict[str, Any]] = read(FAQ).values
    return rows


# The sample


def test_the_sample_is_right(sample: tuple[Organisation, Tree]) -> None:
    """It loads without a problem, and somebody holds every role that the tree tells."""
    assert warnings(*sample) == ()


def test_the_sample_has_a_house_rule_for_all_that_the_domain_names(sample: tuple[Organisation, Tree]) -> None:
    """All eleven, each in both languages; so are the departments."""
    organisation, _ = sample
    assert organisation.house_rules.keys() == {
        *("insult", "bullying", "generalising", "quarrelling", "personal_data", "nudity"),
        *("spam", "commercial", "party_politics", "misleading", "incitement"),
    }
    words = [rule.label for rule in organisation.house_rules.values()]
    words += [department.name for department in organisation.departments.values()]
    assert all(label.keys() == {"nl", "en"} for label in words)


def test_the_sample_has_one_english_reader(sample: tuple[Organisation, Tree]) -> None:
    """So that a visitor can see both languages at work."""
    organisation, _ = sample
    assert [name for name, person in organisation.people.items() if person.language == "en"] == ["sam"]


def test_the_sample_says_only_what_differs_from_the_default() -> None:
    """A policy setting that repeats the default would teach people to copy all of them."""
    default = Policy().model_dump(mode="json")
    written = Policy.model_validate(read(SAMPLE).values["policy"]).model_dump(mode="json")
    assert all(written[name] != default[name] for name in read(SAMPLE).values["policy"])


@pytest.mark.parametrize(
    ("comment", "department"),
    [
        ("Er ligt al drie dagen een zetel, puur SLUIKSTORT!", "milieu"),
        ("Mijn vuilzakken staan er nog, is de vuilkar ons vergeten?", "milieu"),
        ("Weer een put in de weg aan het nieuwe fietspad", "mobiliteit"),
        ("Hoe lang is het zwembad nog dicht", "vrije_tijd"),
        ("Al een jaar op zoek naar kinderopvang…", "burgerzaken"),
        ("Kan ik mijn rijbewijs zaterdag afhalen?", "burgerzaken"),
        ("Amai, wat een mooie foto", None),
    ],
)
def test_the_words_of_citizens_lead_to_a_department(
    sample: tuple[Organisation, Tree], comment: str, department: str | None
) -> None:
    """A comment about one department's work proposes that department; another proposes none."""
    assert sample[0].department_for(comment) == department


def test_no_topic_is_part_of_another(sample: tuple[Organisation, Tree]) -> None:
    """A word counts once: of two departments that claim it neither would be chosen."""
    topics = [topic for department in sample[0].departments.values() for topic in department.topics]
    assert not [(one, other) for one in topics for other in topics if one is not other and one.casefold() in other.casefold()]


# The sample's FAQ


def test_every_answer_is_there_in_both_forms(sample: tuple[Organisation, Tree]) -> None:
    """At least forty, each once, with a department of the town; the formal one says no je, the other no u."""
    rows = faq_rows()
    assert len(rows) >= 40
    assert len({row["question"] for row in rows}) == len(rows)
    for row in rows:
        assert row.keys() == {"question", "answer", "formal", "department", "tags"}, row["question"]
        assert row["department"] in sample[0].departments, row["question"]
        assert not {"je", "jij", "jou", "jouw"} & set(row["formal"].casefold().split()), row["question"]
        assert not {"u", "uw"} & set(row["answer"].casefold().split()), row["question"]


@pytest.mark.parametrize(
    ("asked", "question"),
    [
        ("wanneer komt de vuilkar", "Wanneer komt de vuilkar?"),
        ("wanneer wordt het huisvuil opgehaald", "Wanneer komt de vuilkar?"),
        ("uren containerpark", "Wat zijn de openingsuren van het recyclagepark?"),
        ("prijs zwemmen", "Wat kost een beurt in het zwembad?"),
        ("paspoort aanvragen", "Hoe vraag ik een reispas aan?"),
        ("lantaarnpaal kapot", "Hoe meld ik kapotte straatverlichting?"),
        ("crèche gezocht", "Hoe vind ik kinderopvang in Torenbeek?"),
    ],
)
def test_the_sample_faq_answers(asked: str, question: str) -> None:
    """What a moderator types finds its entry first."""
    rows = faq_rows()
    index = Index([Entry(str(at), row["question"], row["answer"], tuple(row["tags"])) for at, row in enumerate(rows)])
    hits = index.search(asked)
    assert hits
    assert rows[int(hits[0].id)]["question"] == question


# Broken files


# What stands in the sample, what somebody makes of it, what is said of that, the cure, and how the line begins.
MISTAKES = {
    "unknown key": ("links:\n", "linkz:\n", "unknown key 'linkz'", "did you mean 'links'?", "linkz:"),
    "unknown inner key": ("Reyes, language", "Reyes, langage", "unknown key 'people.sam.langage'", "'language'", "sam:"),
    "unknown head": ("head: griet", "head: grit", "nobody is called 'grit'", "griet", "head: grit"),
    "unknown antenna": ("antennas: [lies]", "antennas: [lise]", "nobody is called 'lise'", "lies", "antennas:"),
    "unknown deputy": ("deputy: sofie", "deputy: sofi", "nobody is called 'sofi'", "sofie", "deputy: sofi"),
    "unknown holder": ("holders: [fatima]", "holders: [fatma]", "nobody is called 'fatma'", "fatima", "holders:"),
    "department twice": ("  milieu:\n", "  mobiliteit:\n", "'mobiliteit' stands here twice", "keep one", "mobiliteit:"),
    "department's name twice": (
        "{nl: Milieu en groen,", "{nl: Vrije tijd,", "department 'Vrije tijd' stands here twice", "keep one", "vrije_tijd:",
    ),
    "departmental role": (
        "  integrity_desk: ", "  antenna: ", "'antenna' is held per department", "under departments", "antenna:",
    ),
    "no lead": (
        "    holders: [sofie]\n", "    holders: []\n", "nobody holds 'communications_lead'", "at least one holder", "roles:",
    ),
    "no moderator": ("holders: [an, karim]", "holders: []", "nobody holds 'moderator'", "at least one holder", "roles:"),
    "house rule lacks": ("  insult: {", "  offence: {", "preselects house rule 'insult'", "add it", "house_rules:"),
    "time zone": (
        "timezone: Europe/Brussels", "timezone: Europe/Torenbeek", "is no time zone", "for example Europe/Brussels", "timezone:",
    ),
    "placeholder": (
        "We bezorgen je compliment", "We bezorgen {wat} je zei", "unknown placeholder {wat}", "contact", "positief:",
    ),
    "reply": ("      positief:\n", "      positif:\n", "the tree has no reply 'positif'", "positief", "positif:"),
    "weekday": ("  wed: [[", "  woe: [[", "office_hours.woe", "'wed'", "woe:"),
    "setting": ("sign_as: first_name_in_private", "sign_as: an", "policy.sign_as", "'organisation'", "sign_as: an"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_with_its_line_and_the_cure(tmp_path: Path, mistake: str) -> None:
    """One mistake is one problem: the file, the line where it stands, what is wrong, what would be right."""
    old, new, what, right, line = MISTAKES[mistake]
    path = variant(tmp_path, old, new)
    (problem,) = problems(path)
    assert problem.file == str(path)
    assert path.read_text(encoding="utf-8").splitlines()[problem.line - 1].strip().startswith(line)
    assert what in problem.what
    assert right in str(problem)
    assert str(problem).startswith(f"{path}:{problem.line}: ")


def test_two_people_cannot_have_one_address(tmp_path: Path) -> None:
    """Who acts must be certain; the line is that of the second."""
    old = "  an: {name: An Peeters}\n  karim: {name: Karim El Amrani}"
    new = "  an: {name: An Peeters, addresses: {slack: U1}}\n  karim: {name: Karim El Amrani, addresses: {slack: U1}}"
    path = variant(tmp_path, old, new)
    (problem,) = problems(path)
    assert "karim and an have the same slack address" in problem.what
    assert path.read_text(encoding="utf-8").splitlines()[problem.line - 1].startswith("  karim:")


def test_cards_in_a_channel_need_one(tmp_path: Path) -> None:
    """Cards stand in the moderators' channel only where it has an address on Slack or Teams."""
    (problem,) = problems(variant(tmp_path, "\ncards: direct", "\ncards: channel"))
    assert "has no address" in problem.what


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    """Nobody has to mend a file mistake by mistake."""
    path = variant(tmp_path, "head: griet", "head: grit")
    path.write_text(path.read_text(encoding="utf-8").replace("head: bert", "head: bart"), encoding="utf-8")
    assert [problem.what for problem in problems(path)] == ["nobody is called 'bart'", "nobody is called 'grit'"]


def test_a_role_that_nobody_holds_is_a_warning(tmp_path: Path) -> None:
    """The communications lead gets what is theirs, so the file can be used."""
    assert warnings(*load_organisation(variant(tmp_path, "holders: [rik]", "holders: []"))) == ("safety_policy",)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With its name, and without a line."""
    (problem,) = problems(tmp_path / "nergens.yaml")
    assert problem.line == 0
    assert "nergens.yaml" in str(problem)


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("department", [None, "dienst", "weg"])
def test_whoever_is_told_somebody_is(tmp_path: Path, role: Role, department: str | None) -> None:
    """Every role that a tree can tell has a conversation and people behind it, also where only the two roles that must be are held."""
    path = tmp_path / "klein.yaml"
    path.write_text(
        "name: Klein\npeople: {an: {name: An}, bo: {name: Bo}, cis: {name: Cis}}\n"
        "roles: {moderator: {holders: [an]}, communications_lead: {holders: [bo]}}\n"
        "departments: {dienst: {name: {nl: Dienst, en: Service}, head: cis, antennas: [cis], channel: {local: '#dienst'}}}\n",
        encoding="utf-8",
    )
    town, _ = load_organisation(path)
    known = {"moderator": "an", "department_head": "cis", "antenna": "cis", "complaints_officer": "cis"}
    told = recipient(town, ("local",), role, department)
    of_department = role in ("department_head", "antenna", "complaints_officer")
    assert told.people == ("bo" if of_department and department != "dienst" else known.get(role, "bo"),)
    assert str(told.conversation)
