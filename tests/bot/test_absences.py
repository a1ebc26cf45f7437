"""What people type when they will be away: dates in two languages, across the new year."""

from datetime import date

import pytest

from bot.absences import person_named, read_dates
from bot.amendments import Away, Deputise, Hold, Meet, amended
from bot.organisation import Absence, Person, load_organisation
from bot.roster import holds_role, recipient, stand_in
from bot.settings import SAMPLE
from bot.work import Refused

TODAY = date(2026, 11, 21)  # a Saturday
TOWN, _ = load_organisation(SAMPLE)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("24/12–2/1", "2026-12-24", "2027-01-02"),
        ("24/12-2/1", "2026-12-24", "2027-01-02"),
        ("van 24/12 tot en met 2/1", "2026-12-24", "2027-01-02"),
        ("24 december tot 2 januari", "2026-12-24", "2027-01-02"),
        ("24 - 28 december", "2026-12-24", "2026-12-28"),
        ("24 t/m 28/12", "2026-12-24", "2026-12-28"),
        ("Dec 24 to Jan 2", "2026-12-24", "2027-01-02"),
        ("24th December until 2nd January 2027", "2026-12-24", "2027-01-02"),
        ("December 24, 2026 - January 2, 2027", "2026-12-24", "2027-01-02"),
        ("2026-12-24 2027-01-02", "2026-12-24", "2027-01-02"),
        ("24-12-2026 tot 2-1-2027", "2026-12-24", "2027-01-02"),
        ("1/3/27 - 5/3/27", "2027-03-01", "2027-03-05"),
        ("20/11–25/11", "2026-11-20", "2026-11-25"),  # it began yesterday
        ("1 mrt – 5 mrt", "2027-03-01", "2027-03-05"),
        ("3/3", "2027-03-03", "2027-03-03"),
        ("morgen", "2026-11-22", "2026-11-22"),
        ("tot vrijdag", "2026-11-21", "2026-11-27"),
        ("until Friday", "2026-11-21", "2026-11-27"),
        ("vandaag tot maandag", "2026-11-21", "2026-11-23"),
        ("28 feb - 29 feb", "2027-02-28", "2028-02-29"),  # there is no earlier 29 February
    ],
)
def test_dates_as_people_type_them(text: str, since: str, until: str) -> None:
    """The first and the last day, both included."""
    found = read_dates(text, TODAY)
    assert found is not None
    if text.startswith("28 feb"):
        assert found[1] == date(2028, 2, 29)
    else:
        assert found == (date.fromisoformat(since), date.fromisoformat(until))


@pytest.mark.parametrize("text", ["", "in de kerstvakantie", "31/2–3/4", "24/13", "1/1 2/2 3/3", "99/99–1/1", "dec"])
def test_what_is_no_date_is_not_guessed(text: str) -> None:
    """A day that does not exist, three dates, or none."""
    assert read_dates(text, TODAY) is None


def test_people_are_found_by_name() -> None:
    """By id, by the beginning of a name; never when it could be two."""
    assert person_named(TOWN, "Karim") == "karim"
    assert person_named(TOWN, "@sofie") == "sofie"
    assert person_named(TOWN, "De Smet") == "griet"
    with pytest.raises(Refused):
        person_named(TOWN, "Wauter en co")
    with pytest.raises(Refused):
        person_named(TOWN, "")


def away(person: str, replacement: str | None, since: date = TODAY, until: date = TODAY) -> Away:
    """A change: somebody is away."""
    return Away(absence=Absence(person=person, since=since, until=until, replacement=replacement))


def test_who_is_away_is_replaced_at_once() -> None:
    """By who was named, else by the deputy, else by the fallback of the role; and gets it all back afterwards."""
    town = amended(TOWN, [away("hilde", "inge"), away("sofie", None), away("katrien", None)])
    today, tomorrow = town.on(TODAY), town.on(date(2026, 11, 22))
    assert recipient(today, ("local",), "dpo", None).people == ("inge",)
    assert recipient(today, ("local",), "communications_lead", None).people == ("tom",)
    assert recipient(today, ("local",), "complaints_officer", "milieu").people == ("griet",)
    assert holds_role(today, "inge", "dpo")
    assert not holds_role(tomorrow, "inge", "dpo")
    assert recipient(tomorrow, ("local",), "dpo", None).people == ("hilde",)


def test_a_replacement_who_is_away_is_replaced_too() -> None:
    """One for the other; a circle ends with nobody, never without end."""
    town = amended(TOWN, [away("an", "karim"), away("karim", "tom")]).on(TODAY)
    assert stand_in(town, "an") == "tom"
    town = amended(TOWN, [away("an", "karim"), away("karim", "an")]).on(TODAY)
    assert stand_in(town, "an") is None
    assert recipient(town, ("local",), "moderator", None).people


def test_changes_are_replayed_as_they_came() -> None:
    """The last one counts, and replaying them over what they made changes nothing."""
    changes = [
        Hold(role="dpo", person="inge", on=True),
        Hold(role="dpo", person="hilde", on=False),
        Hold(role="department_head", department="milieu", person="joris", on=True),
        Deputise(role="antenna", department="mobiliteit", holder="lies", person="karim"),
        Hold(role="dpo", person="nobody_here", on=True),
    ]
    town = amended(TOWN, changes)
    assert town.roles["dpo"].holders == ("inge",)
    assert town.departments["milieu"].head == "joris"
    assert town.departments["mobiliteit"].deputies == {"lies": "karim"}
    assert amended(town, changes) == town


def test_who_left_the_file_is_not_brought_back_by_a_change() -> None:
    """Another name given in chat does not outlive the person in the file; somebody who was added in chat is there, with their new name."""
    changes = [
        Meet(person="sam", known=Person(name="Samira"), new=False),
        Meet(person="zoe", known=Person(name="Zoë")),
        Meet(person="zoe", known=Person(name="Zoë Maes"), new=False),
    ]
    assert amended(TOWN, changes).people["sam"].name == "Samira"
    left = amended(TOWN.with_people({who: one for who, one in TOWN.people.items() if who != "sam"}), changes)
    assert "sam" not in left.people
    assert left.people["zoe"].name == "Zoë Maes"
