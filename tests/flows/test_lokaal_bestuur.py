"""The default tree says what the domain says: each question with its targets, each outcome with what follows.

The tables stand here on purpose: they are the domain's, and whoever changes the tree changes them too.
"""

import re
from typing import get_args

import pytest

from flows.platforms import TABLE, load_platforms, platform
from flows.policy import Policy
from flows.tree import PRIVATE_FLAGS, TREES, Disposition, Flag, Outcome, Platform, Step, holds, load_tree
from flows.walk import Situation, advise

TREE = load_tree(TREES / "lokaal-bestuur")
NL, EN = TREE.words["nl"], TREE.words["en"]

# question → (what is asked, label → target); a target in [brackets] is an outcome, else the next question.
QUESTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "begin": (
        "Wat zie je in dit bericht?",
        {
            "Bedreiging of misdrijf": "[bedreiging]",
            "Iemand in nood of acuut gevaar": "[nood]",
            "Persoonsgegevens of intiem beeld": "gegevens",
            "Negatief": "negatief",
            "Neutraal": "neutraal",
            "Positief": "[positief]",
            "Ik weet het niet": "[twijfel]",
        },
    ),
    "gegevens": (
        "Wat is er gedeeld, en van wie?",
        {
            "Gegevens van iemand anders": "[privacy]",
            "Gegevens van de schrijver zelf": "[privacy_eigen]",
            "Intiem beeld": "[intiem_beeld]",
            "Mogelijk een minderjarige in beeld": "[minderjarige]",
        },
    ),
    "negatief": (
        "Wat maakt het negatief?",
        {
            "Haat of discriminatie": "strafbaar",
            "Belediging, pesten of seksueel": "toon",
            "Boos of bezorgd": "[hartluchter]",
            "Mening of kritiek": "[kritiek]",
            "Ruzie of discussie": "discussie",
            "Onjuiste informatie": "juiste_info",
            "Spam, reclame of phishing": "spam",
            "Zware beschuldiging of juridisch": "[twijfel]",
            "Eigenlijk een vraag, melding, klacht of iets politieks": "neutraal",
        },
    ),
    "strafbaar": (
        "Is het volgens jou strafbaar?",
        {
            "Ja": "[strafbaar]",
            "Ik twijfel": "[twijfel]",
            "Nee, maar het kwetst een groep": "[gedragscode]",
            "Nee, het is een mening": "[kritiek]",
        },
    ),
    "toon": (
        "Gaat dit te ver?",
        {
            "Ja, grof of bewust kwetsend": "[gedragscode]",
            "Nee, vooral boos of bezorgd": "[hartluchter]",
            "Ik twijfel": "[hartluchter]",
        },
    ),
    "discussie": (
        "Hoe verloopt de discussie?",
        {
            "Beleefd, of iemand spreekt haat tegen": "[laten_lopen]",
            "Persoonlijke aanvallen": "[temperen]",
            "Loopt uit de hand, of polariseert al 48 uur": "[afsluiten]",
        },
    ),
    "juiste_info": (
        "Heb je de juiste informatie?",
        {"Ja": "[rechtzetten]", "Nee": "[navragen]", "Is al rechtgezet": "[laten_lopen]"},
    ),
    "spam": (
        "Hoe is het bedoeld?",
        {
            "Goedbedoeld of onhandig": "[goedbedoeld]",
            "Reclame": "[commercieel]",
            "Spam of bot": "[spam]",
            "Phishing of oplichting": "[phishing]",
        },
    ),
    "neutraal": (
        "Wat is het?",
        {
            "Vraag": "vraag",
            "Melding": "[melding]",
            "Klacht": "[klacht]",
            "Mening of idee": "[kritiek]",
            "Politiek bericht": "politiek",
            "Wijst ons op een fout": "[eigen_fout]",
            "Reclame": "[commercieel]",
            "Medeleven": "[medeleven]",
            "Gewoon laten staan": "[goedbedoeld]",
        },
    ),
    "vraag": (
        "Wie kan antwoorden?",
        {
            "Ik, openbaar": "[antwoord_openbaar]",
            "Ik, via privébericht": "[antwoord_prive]",
            "Ik weet het antwoord niet": "[doorvragen]",
            "Een andere burger antwoordde al goed": "[aanvullen]",
            "De woordvoerder: het is de pers": "[pers]",
        },
    ),
    "politiek": (
        "Wie spreekt?",
        {
            "Partij of politicus in functie": "[politiek_partij]",
            "Mandataris in eigen naam": "[politiek_burger]",
            "Burger met een partijpolitieke boodschap": "[politiek_burger]",
            "Enkel de naam van een politicus": "[politiek_naam]",
        },
    ),
    "extern": (
        "Wat speelt er in de groep of op die pagina?",
        {
            "Bedreiging of mogelijk strafbaar": "[extern_strafbaar]",
            "Iemand in nood of acuut gevaar": "[nood]",
            "Privacy, auteursrecht, valse pagina of zware desinformatie": "[extern_ingrijpen]",
            "Vraag of foute info": "[extern_eigen_kanaal]",
            "We zijn getagd": "[extern_tag]",
            "Wat er leeft: gewoon volgen": "[extern_volgen]",
            "Ik weet het niet": "[twijfel]",
        },
    ),
}

ALSO = {
    "Vraag": "vraag",
    "Melding": "[melding]",
    "Klacht": "[klacht]",
    "Persoonsgegevens": "gegevens",
    "Bedreiging": "[bedreiging]",
    "Iets anders": "begin",
}

# outcome → disposition · told always · told sometimes · deadline · records, all under the default policy.
# A deadline: "now", "24 h" (working days), "waiting" and "48 h" (hours that pass), or "-".
OUTCOMES: dict[str, tuple[Disposition, str, str, str, str]] = {
    "bedreiging": (
        "modereer",
        "communications_lead department_head",
        "equal_opportunities safety_policy",
        "now",
        "evidence report strike signal",
    ),
    "nood": ("bied hulp", "communications_lead antenna", "safety_policy", "now", "signal"),
    "privacy": ("modereer", "communications_lead dpo", "", "now", "evidence strike"),
    "intiem_beeld": ("modereer", "communications_lead dpo", "", "now", "report strike"),
    "minderjarige": ("modereer", "communications_lead dpo", "", "now", "report strike"),
    "privacy_eigen": ("bied hulp", "", "", "now", ""),
    "strafbaar": (
        "modereer",
        "communications_lead department_head equal_opportunities moderation_team",
        "",
        "now",
        "evidence report strike signal",
    ),
    "twijfel": (
        "koppel door",
        "communications_lead",
        "department_head equal_opportunities",
        "now",
        "evidence",
    ),
    "gedragscode": (
        "modereer",
        "",
        "communications_lead equal_opportunities",
        "waiting",
        "evidence strike signal",
    ),
    "hartluchter": ("bied hulp", "", "antenna", "24 h", "signal"),
    "kritiek": ("volg op", "", "antenna", "24 h", "signal"),
    "laten_lopen": ("volg op", "", "", "48 h", ""),
    "temperen": ("modereer", "", "communications_lead", "48 h", ""),
    "afsluiten": ("modereer", "moderation_team antenna", "", "now", "signal"),
    "rechtzetten": (
        "bied hulp",
        "antenna",
        "safety_policy communications_lead",
        "24 h",
        "signal faq_candidate",
    ),
    "navragen": (
        "koppel door",
        "antenna",
        "safety_policy communications_lead",
        "24 h",
        "signal faq_candidate",
    ),
    "eigen_fout": ("bied hulp", "antenna", "dpo", "24 h", "signal"),
    "goedbedoeld": ("volg op", "", "", "-", ""),
    "spam": ("modereer", "", "", "-", ""),
    "phishing": ("modereer", "communications_lead", "", "now", "evidence report"),
    "aanvullen": ("bied hulp", "", "", "24 h", "faq_use"),
    "antwoord_openbaar": ("bied hulp", "", "", "24 h", "faq_use faq_candidate"),
    "antwoord_prive": ("bied hulp", "", "", "24 h", "faq_use faq_candidate"),
    "doorvragen": ("koppel door", "antenna", "", "24 h", "signal faq_candidate"),
    "melding": ("koppel door", "antenna", "", "24 h", "signal"),
    "klacht": ("bied hulp", "complaints_officer", "", "24 h", "signal"),
    "pers": ("koppel door", "communications_lead", "", "now", ""),
    "politiek_partij": ("volg op", "communications_lead", "", "-", ""),
    "politiek_burger": ("volg op", "", "communications_lead", "-", ""),
    "politiek_naam": ("volg op", "", "communications_lead", "-", ""),
    "commercieel": ("modereer", "", "", "-", ""),
    "medeleven": ("volg op", "", "", "-", ""),
    "positief": ("bied hulp", "antenna", "", "-", "praise"),
    "extern_ingrijpen": ("modereer", "communications_lead", "dpo safety_policy", "now", "evidence report"),
    "extern_strafbaar": (
        "modereer",
        "communications_lead department_head equal_opportunities moderation_team",
        "safety_policy",
        "now",
        "evidence report signal",
    ),
    "extern_eigen_kanaal": (
        "bied hulp",
        "antenna",
        "safety_policy communications_lead",
        "24 h",
        "signal faq_candidate",
    ),
    "extern_tag": ("volg op", "", "", "-", ""),
    "extern_volgen": ("volg op", "antenna", "", "-", "signal"),
}

# outcome → the kinds of its steps in order: the default policy, an own page, a first offence, no ground.
STEPS = {
    "bedreiging": "report_body evidence hide report_platform escalate report_body",
    "nood": "report_body private_message public_answer pass_on monitor",
    "privacy": "hide evidence delete report_platform private_message",
    "intiem_beeld": "hide evidence report_platform report_body report_body delete",
    "minderjarige": "evidence hide report_body report_body report_platform delete",
    "privacy_eigen": "hide private_message public_answer",
    "strafbaar": "evidence hide report_platform escalate private_message delete block",
    "twijfel": "evidence hide escalate",
    "gedragscode": "evidence hide public_answer private_message monitor monitor",
    "hartluchter": "public_answer public_answer hide face_to_face",
    "kritiek": "monitor public_answer pass_on",
    "laten_lopen": "monitor",
    "temperen": "private_message public_answer hide monitor",
    "afsluiten": "public_answer close_comments",
    "rechtzetten": "public_answer monitor",
    "navragen": "public_answer escalate public_answer monitor",
    "eigen_fout": "escalate public_answer public_answer",
    "goedbedoeld": "public_answer",
    "spam": "hide block",
    "phishing": "evidence hide report_platform block public_answer report_body",
    "aanvullen": "public_answer",
    "antwoord_openbaar": "public_answer",
    "antwoord_prive": "public_answer private_message",
    "doorvragen": "public_answer escalate public_answer pass_on",
    "melding": "pass_on public_answer public_answer",
    "klacht": "public_answer",
    "pers": "public_answer",
    "politiek_partij": "escalate escalate",
    "politiek_burger": "escalate",
    "politiek_naam": "escalate",
    "commercieel": "hide",
    "medeleven": "",
    "positief": "like public_answer",
    "extern_ingrijpen": "evidence report_body report_platform face_to_face",
    "extern_strafbaar": "report_body evidence report_platform report_body report_body escalate",
    "extern_eigen_kanaal": "public_answer monitor",
    "extern_tag": "monitor monitor",
    "extern_volgen": "monitor",
}

NO_STRIKE = {
    "nood", "privacy_eigen", "eigen_fout", "goedbedoeld", "hartluchter", "kritiek", "medeleven", "positief",
}  # fmt: skip

FACTS = {
    "place": "own", "platform": "facebook", "can_hide": "yes", "ground": "none", "department": "none",
    "house_rule": "", "strike": "first", "crisis": "no", "urgent": "no", "returning": "no",
    "conspiracy": "no", "panic": "no", "colleague_targeted": "no", "legal": "no", "elected": "no",
}  # fmt: skip

HIERNIET = "Je plaatste een reactie die respectloos of grensoverschrijdend kan overkomen"


def known(policy: Policy | None = None, **facts: str) -> dict[str, str]:
    """What conditions compare with: a policy's settings, and the facts of an ordinary case."""
    return {**(policy or Policy()).flat, **FACTS, **facts}


def chosen(outcome: Outcome, case: dict[str, str]) -> list[Step]:
    """The steps that hold, one variant each, before place and platform leave any out."""
    steps: dict[str, Step] = {}
    for step in outcome.steps:
        if step.id not in steps and holds(step.when, case):
            steps[step.id] = step
    return list(steps.values())


def kinds(name: str, case: dict[str, str]) -> list[str]:
    """The kinds of the steps that hold."""
    return [step.kind for step in chosen(TREE.outcomes[name], case)]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_has_the_domains_words_and_targets(name: str) -> None:
    """Every row of the domain's table of questions: what is asked, and where each label leads."""
    asked, rows = QUESTIONS[name]
    labels = NL.questions[name].choices
    found = {labels[item.id]: f"[{item.outcome}]" if item.outcome else item.question for item in TREE.questions[name]}
    assert NL.questions[name].ask == asked
    assert list(found.items()) == list(rows.items())


def test_the_tables_cover_the_whole_tree() -> None:
    """No question or outcome stands outside the tables, and none is lacking."""
    assert set(QUESTIONS) == set(TREE.questions)
    assert set(OUTCOMES) == set(STEPS) == set(TREE.outcomes)


def test_a_walk_begins_where_the_comment_stands() -> None:
    """On a page of others the questions are others."""
    assert TREE.structure.begin == {"own": "begin", "private": "begin", "external": "extern"}


def test_something_else_in_the_comment_leads_on() -> None:
    """The six buttons of "something else too", with their targets."""
    also = TREE.structure.also
    assert {NL.also[key]: f"[{item.outcome}]" if item.outcome else item.question for key, item in also.items()} == ALSO


def test_every_outcome_is_reached_by_a_walk() -> None:
    """From the two beginnings every outcome can be reached."""
    assert {end for start in ("begin", "extern") for _, end in TREE.paths(start)} == set(TREE.outcomes)


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_outcome_has_the_domains_consequences(name: str) -> None:
    """Every row of the domain's table of outcomes: disposition, who is told, by when, what is recorded."""
    disposition, always, sometimes, deadline, records = OUTCOMES[name]
    outcome, case = TREE.outcomes[name], known()
    told = [item.role for item in outcome.tells if not item.when]
    maybe = dict.fromkeys(item.role for item in outcome.tells if item.when)
    term = next((item for item in outcome.deadline if holds(item.when, case)), None)
    length = {
        ("now", None): "now",
        ("working", "response.acknowledge"): "24 h",
        ("elapsed", "waiting_hours"): "waiting",
        ("elapsed", "close_after_hours"): "48 h",
    }
    assert next(item.be for item in outcome.disposition if holds(item.when, case)) == disposition
    assert told == always.split()
    assert list(maybe) == sometimes.split()
    assert (length[term.clock, term.setting] if term else "-") == deadline
    assert list(outcome.records) == records.split()


@pytest.mark.parametrize("name", STEPS)
def test_an_outcome_has_the_domains_steps_in_order(name: str) -> None:
    """The checklist under the default policy, in the order in which things must be done."""
    assert kinds(name, known()) == STEPS[name].split()


def test_outcomes_that_never_strike_are_the_domains() -> None:
    """Help, honest mistakes, feelings and opinions never count against anybody."""
    assert sorted(TREE.structure.never_strike) == sorted(NO_STRIKE)
    assert all(TREE.outcomes[name].strike == "never" for name in NO_STRIKE)
    assert {name for name, outcome in TREE.outcomes.items() if outcome.strike == "always"} == {
        "bedreiging", "intiem_beeld", "minderjarige", "strafbaar",
    }  # fmt: skip
    assert TREE.outcomes["privacy"].strike == "waivable"


def test_pictures_are_kept_masked_or_dropped() -> None:
    """No picture of intimacy or of a minor is ever kept; data of people are masked."""
    image = {name: outcome.image for name, outcome in TREE.outcomes.items() if outcome.image != "keep"}
    assert image == {
        "privacy": "mask",
        "privacy_eigen": "mask",
        "intiem_beeld": "drop",
        "minderjarige": "drop",
    }


def test_every_card_offers_the_three_ticks_that_it_always_has() -> None:
    """A targeted colleague, a returning author, and what weighs on the moderator; others where they apply."""
    always: set[Flag] = {"colleague_targeted", "returning", "weighs_on_me"}
    for name, outcome in TREE.outcomes.items():
        assert always <= set(outcome.flags), name
    offers = {flag: {name for name, outcome in TREE.outcomes.items() if flag in outcome.flags} for flag in get_args(Flag)}
    assert {"rechtzetten", "navragen", "extern_eigen_kanaal"} <= offers["conspiracy"] & offers["panic"]
    assert {"bedreiging", "extern_strafbaar", "extern_ingrijpen"} <= offers["panic"]
    assert {"melding", "nood", "eigen_fout"} <= offers["urgent"]


def test_a_tick_changes_something() -> None:
    """A tick about the comment changes a step, who is told or the term; what returns raises its signal."""
    for name, outcome in TREE.outcomes.items():
        for flag in set(outcome.flags) - PRIVATE_FLAGS - {"returning"}:
            without, ticked = known(), known() | {flag: "yes"}
            assert any(
                [holds(item.when, without) for item in items] != [holds(item.when, ticked) for item in items]
                for items in (outcome.steps, outcome.tells, outcome.deadline)
            ), (name, flag)


def test_the_card_asks_only_what_matters() -> None:
    """Hate asks the ground, what goes to a department asks which, the code of conduct asks the rule."""
    asks = {name: set(outcome.asks) for name, outcome in TREE.outcomes.items()}
    assert {"bedreiging", "strafbaar", "extern_strafbaar", "twijfel", "gedragscode"} == {n for n in asks if "ground" in asks[n]}
    for name, outcome in TREE.outcomes.items():
        if {"antenna", "department_head"} & {item.role for item in outcome.tells}:
            assert "department" in asks[name], name
    assert {n for n, outcome in TREE.outcomes.items() if outcome.house_rule} <= {n for n in asks if "house_rule" in asks[n]}


def test_answers_preselect_the_house_rule() -> None:
    """What the walk has already said, the card does not ask again."""
    sets = {
        (question, choice.id): choice.sets["house_rule"]
        for question, choices in TREE.questions.items()
        for choice in choices
        if "house_rule" in choice.sets
    }
    assert sets["strafbaar", "kwetst_groep"] == "generalising"
    assert sets["toon", "ja_grof"] == "insult"
    assert sets["discussie", "aanvallen"] == "quarrelling"


def test_a_legal_matter_is_told_to_the_department_head() -> None:
    """And nobody answers in substance."""
    juridisch = TREE.choices["negatief"]["juridisch"]
    case = {**known(), **juridisch.sets}
    twijfel = TREE.outcomes["twijfel"]
    assert "department_head" in {item.role for item in twijfel.tells if holds(item.when, case)}
    assert "Niemand antwoordt" in NL.step("twijfel", chosen(twijfel, case)[-1])


def test_an_elected_official_is_told_to_the_communications_lead() -> None:
    """The lead speaks to an official of one's own; nothing is hidden by itself."""
    outcome = TREE.outcomes["politiek_burger"]
    approved = Policy.model_validate({"approved": {"by": "Gemeenteraad", "on": "2026-01-01", "review_on": "2027-01-01"}})
    for choice, told in (("mandataris", True), ("burger", False)):
        case = {**known(approved), **TREE.choices["politiek"][choice].sets}
        assert any(holds(item.when, case) for item in outcome.tells) is told


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("remove_at_once", "evidence delete public_answer private_message monitor"),
        ("answer_then_hide", "evidence public_answer private_message hide monitor monitor"),
        ("hide_when_clear", "evidence hide public_answer private_message monitor monitor"),
        ("show_then_remove", "evidence public_answer private_message delete monitor"),
    ],
)
def test_insults_follow_the_policy(value: str, expected: str) -> None:
    """Four ways to treat an insult; whichever it is, evidence comes first."""
    policy = Policy.model_validate({"insult_visibility": value})
    assert kinds("gedragscode", known(policy, house_rule="insult")) == expected.split()


@pytest.mark.parametrize("visibility", ["remove_at_once", "answer_then_hide", "hide_when_clear", "show_then_remove"])
@pytest.mark.parametrize("rule", ["insult", "nudity"])
@pytest.mark.parametrize("name", get_args(Platform))
def test_the_answer_says_what_happens_to_the_comment(name: Platform, rule: str, visibility: str) -> None:
    """Whoever reads it is promised what the steps do: hidden and shown again, taken down now, or taken down unless edited in time."""
    on = platform(name)
    here = Situation(platform=name, can_hide=on.can_hide, unable=on.unable, house_rule=rule)
    advice = advise(TREE, Policy.model_validate({"insult_visibility": visibility}), here, ["gedragscode"])
    [gone] = [todo for todo in advice.steps if todo.kind in ("hide", "delete")]
    later, shown_again = gone.after is not None, gone.kind == "hide" and visibility != "remove_at_once"
    ending = "_straks" if later else "" if shown_again or (rule == "nudity" and on.can_hide) else "_weg"
    said = [reply for todo in advice.steps for reply in todo.replies]
    assert said == [f"gedragscode_openbaar{ending}", f"gedragscode_prive{ending}"]


@pytest.mark.parametrize("rule", ["nudity", "bullying", "generalising", "personal_data", "incitement"])
def test_what_must_not_stay_up_is_hidden_now_whatever_the_policy(rule: str) -> None:
    """Nudity, bullying or a group: hidden at once, and by now, even where insults may stay up for a day."""
    case = known(Policy(insult_visibility="show_then_remove"), house_rule=rule)
    outcome = TREE.outcomes["gedragscode"]
    assert kinds("gedragscode", case)[:2] == ["evidence", "hide"]
    assert next(item.clock for item in outcome.deadline if holds(item.when, case)) == "now"


@pytest.mark.parametrize(
    ("party", "disposition", "last"),
    [("hide", "modereer", "hide"), ("remove", "modereer", "delete"), ("leave", "volg op", "escalate")],
)
def test_politics_is_moderated_only_once_the_code_is_approved(party: str, disposition: str, last: str) -> None:
    """Before approval the lead is asked and all is left; after it, the policy decides."""
    approved = {"by": "Gemeenteraad", "on": "2026-01-01", "review_on": "2027-01-01"}
    outcome = TREE.outcomes["politiek_partij"]
    for policy, be, kind in (
        ({"political": {"party": party}}, "volg op", "escalate"),
        ({"political": {"party": party}, "approved": approved}, disposition, last),
    ):
        case = known(Policy.model_validate(policy))
        assert next(item.be for item in outcome.disposition if holds(item.when, case)) == be
        assert kinds("politiek_partij", case)[-1] == kind


@pytest.mark.parametrize(
    ("setting", "value", "outcome"),
    [
        ("crime_visibility", "leave_and_answer", "strafbaar"),
        ("crime_visibility", "leave_and_answer", "twijfel"),
        ("answer_channel", "public", "gedragscode"),
        ("answer_channel", "private", "gedragscode"),
        ("answer_channel", "private", "hartluchter"),
        ("answer_channel", "public", "temperen"),
        ("answer_criticism", "always", "kritiek"),
        ("answer_criticism", "never", "kritiek"),
        ("positive", "like", "positief"),
        ("positive", "nothing", "positief"),
        ("strikes", {"criminal_override": False}, "strafbaar"),
        ("who_deletes", "team", "privacy"),
        ("who_deletes_criminal", "moderator", "strafbaar"),
        ("platform_report", "phishing_and_crime", "privacy"),
        ("platform_report", "phishing_and_crime", "extern_ingrijpen"),
        ("commercial", {"trader": "leave"}, "commercieel"),
        ("commercial", {"association": "hide"}, "commercieel"),
        ("who_blocks", "moderator", "spam"),
        ("who_blocks", "team", "phishing"),
        ("benign", "hide", "goedbedoeld"),
        ("external_groups", "intervene", "extern_volgen"),
        ("external_groups", "ignore", "extern_ingrijpen"),
        ("tag_asker", True, "extern_eigen_kanaal"),
        ("face_to_face", False, "hartluchter"),
        ("moderation_style", "closing", "temperen"),
        ("moderation_style", "guarding", "rechtzetten"),
    ],
)
def test_a_setting_changes_what_is_done(setting: str, value: object, outcome: str) -> None:
    """No setting that a walk can meet is there for nothing."""
    before = chosen(TREE.outcomes[outcome], known())
    after = chosen(TREE.outcomes[outcome], known(Policy.model_validate({setting: value})))
    assert before != after


def test_terms_are_read_from_the_policy() -> None:
    """No length stands in the tree itself: a municipality sets them all."""
    terms = [
        term
        for outcome in TREE.outcomes.values()
        for term in (*outcome.deadline, *(step.after for step in outcome.steps if step.after))
    ]
    assert all(term.hours is None for term in terms)
    assert {term.setting for term in terms if term.setting} == {
        "leave_hours", "waiting_hours", "close_after_hours", "response.acknowledge", "response.answer",
    }  # fmt: skip


def test_crimes_are_reported_before_they_are_deleted() -> None:
    """What is deleted can no longer be reported to the platform."""
    for name in ("strafbaar", "intiem_beeld", "minderjarige"):
        order = kinds(name, known(ground="given"))
        assert order.index("report_platform") < order.index("delete"), name


def test_only_danger_is_urgent() -> None:
    """101 and 112 go before everything, and nothing else does."""
    urgent = {(name, step.id) for name, outcome in TREE.outcomes.items() for step in outcome.steps if step.urgent}
    assert urgent == {("bedreiging", "bel_101"), ("nood", "bel_112"), ("extern_strafbaar", "bel_101")}


def test_grounds_lead_to_the_body_that_is_competent() -> None:
    """Unia for seventeen grounds, IGVM for those of sex and gender, nobody for language."""
    bodies = TREE.structure.grounds
    assert {ground for ground, body in bodies.items() if body == "igvm"} == {
        "sex", "gender_identity", "gender_expression", "pregnancy", "sexism",
    }  # fmt: skip
    assert [ground for ground, body in bodies.items() if body == "none"] == ["language"]
    assert len([ground for ground, body in bodies.items() if body == "unia"]) == 17


def test_in_a_private_conversation_something_remains_to_say() -> None:
    """Where public answers fall away, whoever asked in private still gets an answer there."""
    for name in (
        "hartluchter",
        "rechtzetten",
        "navragen",
        "doorvragen",
        "melding",
        "klacht",
        "pers",
        "gedragscode",
        "antwoord_prive",
    ):
        assert "private_message" in kinds(name, known(place="private")), name
    for name in ("navragen", "doorvragen"):  # that it is passed on, and later the answer
        assert kinds(name, known(place="private")).count("private_message") == 2, name
    [openbaar] = [item for item in TREE.questions["vraag"] if item.when]
    assert (openbaar.id, holds(openbaar.when, known(place="private"))) == ("ik_openbaar", False)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_replies_open_kindly_and_are_signed(language: str) -> None:
    """Thanks or understanding first, the sender last, the prescribed sentence only as its placeholder."""
    kind = {"nl": r"(Dank|Dag|Fijn|We begrijpen)", "en": r"(Thank|Hello|We understand)"}[language]
    for name, reply in TREE.words[language].replies.items():
        for text in (reply.je, reply.u):
            assert re.match(kind, text), name
            assert text.endswith("\n{signature}"), name
            assert HIERNIET not in text, name
        assert re.findall(r"{\w+}", reply.je) == re.findall(r"{\w+}", reply.u), name


def test_the_prescribed_sentence_stands_in_the_replies_that_need_it() -> None:
    """Privacy, crime and the code of conduct quote it; complaints, anger and questions never do."""
    quoting = {name for name, reply in NL.replies.items() if "{hierniet}" in reply.je}
    assert quoting == {
        "privacy",
        "strafbaar",
        "strafbaar_openbaar",
        *(f"gedragscode_{where}{when}" for where in ("openbaar", "prive") for when in ("", "_weg", "_straks")),
    }


def test_the_two_forms_of_address_are_not_mixed() -> None:
    """A citizen who writes u reads u; what stands between brackets is for the moderator, and says je."""
    for name, reply in NL.replies.items():
        je, formal = (re.sub(r"\[[^]]*]", "", text).lower() for text in (reply.je, reply.u))
        assert not re.search(r"\b(u|uw|hebt u|bent u)\b", je), name
        assert not re.search(r"\b(je|jou|jouw|jullie)\b", formal), name
        assert not re.search(r"\b(u|uw)\b", " ".join(re.findall(r"\[[^]]*]", reply.u)).lower()), name


def test_the_moderator_is_spoken_to_as_je() -> None:
    """Questions, advice and steps are in je-form, short enough to read between two telephone calls."""
    texts = {f"question {name}": words.help for name, words in NL.questions.items()}
    for name, words in NL.outcomes.items():
        texts[f"advice {name}"] = words.advice
        texts |= {f"step {name}.{step}": text for step, text in words.steps.items()}
        assert len(words.title) <= 45, name
        assert len(words.advice) <= 420, name
        assert all(len(text) <= 180 for text in words.steps.values()), name
    for where, text in texts.items():
        assert not re.search(r"\b(u|uw|dient|teneinde|indien|betreffende|gelieve|middels)\b", text.lower()), where


def test_labels_fit_on_a_button() -> None:
    """Chat platforms cut a button's text at 75 characters."""
    for words in (NL, EN):
        for name, question in words.questions.items():
            assert all(len(label) <= 75 for label in question.choices.values()), name
            assert len(set(question.choices.values())) == len(question.choices), name


def test_both_languages_fill_in_the_same() -> None:
    """A translation loses no number, link or name that the bot fills in."""
    for name, words in NL.outcomes.items():
        for step, text in words.steps.items():
            assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", EN.outcomes[name].steps[step]), (
                name,
                step,
            )
    for name, reply in NL.replies.items():
        assert sorted(re.findall(r"{\w+}", reply.je)) == sorted(re.findall(r"{\w+}", EN.replies[name].je)), name


def test_emergency_numbers_are_the_belgian_ones() -> None:
    """The numbers a frightened moderator must not have to look up."""
    assert "101" in NL.outcomes["bedreiging"].steps["bel_101"]
    assert "112" in NL.outcomes["nood"].steps["bel_112"]
    assert {"1813", "1712", "112"} <= set(re.findall(r"\d+", NL.replies["nood_prive"].je))
    assert "116 000" in NL.outcomes["minderjarige"].steps["child_focus"]
    assert "verdacht@safeonweb.be" in NL.outcomes["phishing"].steps["safeonweb"]


def test_every_step_of_the_tree_can_be_said() -> None:
    """In both languages, in its own words or in those of its kind."""
    for words in TREE.words.values():
        for name, outcome in TREE.outcomes.items():
            assert all(words.step(name, step) for step in outcome.steps), name


def test_every_platform_says_what_hiding_and_deleting_leave() -> None:
    """In both languages, with a source and the day on which somebody looked."""
    assert set(load_platforms()) == set(get_args(Platform))
    for name, found in load_platforms().items():
        assert set(found.hiding_leaves) == set(found.deleting_leaves) == {"nl", "en"}, name
        assert found.source.url or name == "other"
    assert "vrienden" in platform("facebook").hiding_leaves["nl"]


def test_an_unknown_platform_gets_the_careful_default() -> None:
    """Hiding can be undone and deleting cannot, so nothing is deleted for want of knowing the platform."""
    assert platform(None) is platform("other")
    assert platform("other").can_hide
    assert TABLE.is_file()
