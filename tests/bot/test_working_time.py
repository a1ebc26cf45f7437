"""Deadlines and office hours, against dates that were worked out by hand on a calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from bot.tables import Moment
from bot.working_time import Calendar

BRUSSELS = ZoneInfo("Europe/Brussels")
DAY = (("08:30", "12:00"), ("13:00", "16:30"))
# Closed from Christmas Eve to the second of January, and on the bridge after Ascension Day.
CLOSED = (*(date(2026, 12, day) for day in range(24, 32)), date(2027, 1, 2), date(2026, 5, 15))
TOWN = Calendar.of(
    "Europe/Brussels",
    {"mon": DAY, "tue": (*DAY, ("17:30", "19:30")), "wed": DAY, "thu": DAY, "fri": (("08:30", "12:00"),)},
    CLOSED,
)
ALWAYS = Calendar.of(
    "Europe/Brussels",
    dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), (("00:00", "24:00"),)),
    flemish=False,
)


def local(text: str, fold: int = 0) -> datetime:
    """A moment in Brussels, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-16 10:15", 0, "2026-11-16 10:15"),
        ("2026-11-16 10:15", 1, "2026-11-17 10:15"),  # Monday
        ("2026-11-20 16:00", 1, "2026-11-23 16:00"),  # Friday, over the weekend
        ("2026-11-20 16:00", 2, "2026-11-24 16:00"),
        ("2026-11-20 23:59", 1, "2026-11-23 23:59"),  # late on a working day is still that day
        ("2026-11-21 11:00", 0, "2026-11-23 08:30"),  # Saturday counts from Monday's opening
        ("2026-11-21 11:00", 1, "2026-11-24 08:30"),
        ("2026-11-22 23:00", 2, "2026-11-25 08:30"),  # Sunday
        ("2026-11-10 09:00", 1, "2026-11-12 09:00"),  # Armistice Day is a Wednesday
        ("2026-11-11 09:00", 1, "2026-11-13 08:30"),
        ("2025-07-10 09:00", 1, "2025-07-14 09:00"),  # 11 July 2025 is a Friday
        ("2026-07-20 09:00", 1, "2026-07-22 09:00"),  # national day, a Tuesday
        ("2026-05-13 14:00", 1, "2026-05-18 14:00"),  # Ascension Day and its bridge
        ("2026-04-02 14:00", 2, "2026-04-07 14:00"),  # Easter Monday, 6 April 2026; Good Friday is worked
        ("2026-12-23 15:00", 1, "2027-01-04 15:00"),  # the Christmas closing
        ("2026-12-28 10:00", 1, "2027-01-05 08:30"),
        ("2026-03-27 10:00", 1, "2026-03-30 10:00"),  # over the night of summer time
        ("2026-10-23 10:00", 1, "2026-10-26 10:00"),  # over the night of winter time
    ],
)
def test_working_days(start: str, days: int, end: str) -> None:
    """The same time on the wall clock, that many working days later."""
    assert TOWN.working_days(local(start), days) == local(end)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-16 10:15", 24, "2026-11-17 10:15"),
        ("2026-11-20 16:00", 24, "2026-11-23 16:00"),
        ("2026-11-20 16:00", 48, "2026-11-24 16:00"),
        ("2026-11-21 11:00", 24, "2026-11-24 08:30"),
        ("2026-11-20 20:00", 6, "2026-11-23 02:00"),  # four hours on Friday, two on Monday
        ("2026-11-16 10:15", 1.5, "2026-11-16 11:45"),
        ("2026-12-23 15:00", 48, "2027-01-05 15:00"),
        ("2026-10-23 10:00", 24, "2026-10-26 10:00"),
    ],
)
def test_working_hours(start: str, hours: float, end: str) -> None:
    """Twenty-four hours are one working day, and half hours count too."""
    assert TOWN.working_hours_span(local(start), hours) == local(end)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-28 10:00", "2026-03-29 11:00"),  # the night of 28 March is an hour short
        ("2026-10-24 10:00", "2026-10-25 09:00"),  # that of 24 October an hour long
        ("2026-12-31 12:00", "2027-01-01 12:00"),
    ],
)
def test_elapsed(start: str, end: str) -> None:
    """Twenty-four real hours, whatever the wall clock does."""
    assert TOWN.elapsed(local(start), 24) == local(end)


@pytest.mark.parametrize(
    ("at", "first"),
    [
        ("2026-11-16 08:30", "2026-11-16 08:30"),
        ("2026-11-16 10:00", "2026-11-16 10:00"),
        ("2026-11-16 07:00", "2026-11-16 08:30"),
        ("2026-11-16 12:00", "2026-11-16 13:00"),
        ("2026-11-16 16:30", "2026-11-17 08:30"),
        ("2026-11-17 16:30", "2026-11-17 17:30"),  # Tuesday evening
        ("2026-11-20 13:00", "2026-11-23 08:30"),  # Friday afternoon
        ("2026-11-10 19:30", "2026-11-12 08:30"),  # the eve of Armistice Day
        ("2026-12-23 16:30", "2027-01-04 08:30"),
    ],
)
def test_next_office_hours(at: str, first: str) -> None:
    """Now when somebody is there, or else at the next opening."""
    assert TOWN.office_hours_next(local(at)) == local(first)
    assert TOWN.is_office_time(local(at)) == (at == first)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),  # Saturday
        (date(2026, 11, 11), False),
        (date(2025, 7, 11), False),
        (date(2026, 5, 15), False),  # closing day
        (date(2026, 5, 25), False),  # Whit Monday
        (date(2026, 12, 24), False),
        (date(2026, 11, 2), True),  # All Souls is no holiday
        (date(2032, 3, 29), False),  # Easter Monday, years ahead
    ],
)
def test_working_day(day: date, working: bool) -> None:
    """Hours on that weekday, no holiday, no closing day."""
    assert TOWN.is_working_day(day) is working


def test_the_flemish_holiday_can_be_left_out() -> None:
    """11 July 2025 is a Friday like any other elsewhere."""
    assert ALWAYS.is_working_day(date(2025, 7, 11))
    assert not ALWAYS.is_working_day(date(2025, 7, 21))


@pytest.mark.parametrize(
    ("at", "week"),
    [
        ("2026-11-20 12:00", "2026-W47"),
        ("2026-12-31 12:00", "2026-W53"),  # 2026 has fifty-three weeks
        ("2027-01-03 23:59", "2026-W53"),
        ("2027-01-04 00:00", "2027-W01"),
        ("2024-12-30 00:00", "2025-W01"),
        ("2026-11-23 00:30", "2026-W48"),  # still Sunday in UTC
    ],
)
def test_iso_week(at: str, week: str) -> None:
    """The week on the organisation's calendar, and its bounds hold the moment."""
    moment = local(at)
    assert TOWN.iso_week(moment) == week
    begin, end = TOWN.week_bounds(week)
    assert begin <= moment < end
    assert begin.tzinfo is UTC


def test_week_bounds_are_local_midnights() -> None:
    """The week of summer time lasts an hour less, that of winter time an hour more."""
    assert TOWN.week_bounds("2026-W47") == (local("2026-11-16 00:00"), local("2026-11-23 00:00"))
    begin, end = TOWN.week_bounds("2026-W13")
    assert end - begin == timedelta(days=7, hours=-1)
    begin, end = TOWN.week_bounds("2026-W43")
    assert end - begin == timedelta(days=7, hours=1)


@pytest.mark.parametrize("week", ["2025-W53", "2026-W00", "2026-W54", "2026-47", "W47", "", "2026-W7"])
def test_a_week_that_does_not_exist(week: str) -> None:
    """Is refused, also a fifty-third one in a year of fifty-two."""
    with pytest.raises(ValueError, match=r"week|Invalid"):
        TOWN.week_bounds(week)


def test_the_hour_that_spring_skips_and_the_hour_that_autumn_repeats() -> None:
    """On a calendar that works on Sundays: the gap ends at three, and a later start never ends earlier."""
    assert ALWAYS.working_days(local("2026-03-28 02:30"), 1) == local("2026-03-29 03:00")
    assert ALWAYS.working_days(local("2026-10-24 02:30"), 1) == local("2026-10-25 02:30")
    assert ALWAYS.working_days(local("2026-10-25 02:50"), 1) == local("2026-10-26 02:50")
    assert ALWAYS.working_days(local("2026-10-25 02:10", fold=1), 1) == local("2026-10-26 03:00")
    night = Calendar.of("Europe/Brussels", {"sun": (("02:30", "04:00"),)})
    assert night.office_hours_next(local("2026-10-25 02:00")) == local("2026-10-25 02:30")
    assert night.office_hours_next(local("2026-10-25 02:10", fold=1)) == local("2026-10-25 02:30", fold=1)
    assert night.office_hours_next(local("2026-03-29 00:00")) == local("2026-03-29 03:00")


@pytest.mark.parametrize(
    ("zone", "hours", "wrong"),
    [
        ("Europe/Torenbeek", {"mon": DAY}, "time zone"),
        ("", {"mon": DAY}, "time zone"),
        ("../etc", {"mon": DAY}, "time zone"),
        ("Europe/Brussels", {}, "no weekday"),
        ("Europe/Brussels", {"mon": ()}, "no weekday"),
        ("Europe/Brussels", {"maandag": DAY}, "weekday 'maandag'"),
        ("Europe/Brussels", {"mon": (("8u30", "12:00"),)}, "8u30"),
        ("Europe/Brussels", {"mon": (("08:30", "24:30"),)}, "24:30"),
        ("Europe/Brussels", {"mon": (("12:00", "08:30"),)}, "on mon"),
        ("Europe/Brussels", {"mon": (("08:00", "12:00"), ("11:00", "13:00"))}, "on mon"),
    ],
)
def test_a_calendar_that_cannot_be(zone: str, hours: dict[str, tuple[tuple[str, str], ...]], wrong: str) -> None:
    """Says what is wrong with it."""
    build = Calendar.of
    with pytest.raises(ValueError, match=wrong):
        build(zone, hours)  # type: ignore[arg-type] # weekdays come unchecked from a municipality's file


def test_a_calendar_without_any_working_day_ends() -> None:
    """Closed for years: an answer, no endless search."""
    shut = Calendar.of("Europe/Brussels", {"mon": DAY}, [date(2026, 1, 5) + timedelta(days=7 * n) for n in range(60)])
    with pytest.raises(ValueError, match="closing days"):
        shut.office_hours_next(local("2026-01-06 10:00"))


def test_moments_without_a_zone_and_counting_backward_are_refused() -> None:
    """Each method, so that no clock guesses."""
    naive = datetime(2026, 11, 20, 10)  # noqa: DTZ001 - the mistake that is tested
    for call in (
        lambda: TOWN.elapsed(naive, 1),
        lambda: TOWN.working_days(naive, 1),
        lambda: TOWN.working_hours_span(naive, 24),
        lambda: TOWN.office_hours_next(naive),
        lambda: TOWN.is_office_time(naive),
        lambda: TOWN.iso_week(naive),
    ):
        with pytest.raises(ValueError, match="aware"):
            call()
    with pytest.raises(ValueError, match="forward"):
        TOWN.working_days(local("2026-11-20 10:00"), -1)
    with pytest.raises(ValueError, match="forward"):
        TOWN.working_hours_span(local("2026-11-20 10:00"), -1)


moments = st.one_of(
    st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone comes beside the bounds
    # Around the two nights on which the clock changes.
    st.timedeltas(timedelta(0), timedelta(hours=30)).map(lambda later: local("2026-03-28 12:00") + later),
    st.timedeltas(timedelta(0), timedelta(hours=30)).map(lambda later: local("2026-10-24 12:00") + later),
)
calendars = st.sampled_from([TOWN, ALWAYS])


@given(calendars, moments, moments, st.integers(0, 12))
def test_working_days_go_forward_in_order_and_end_on_a_working_day(
    calendar: Calendar, one: datetime, other: datetime, days: int
) -> None:
    """Never before the start, never overtaken by a later start, never on a closed day."""
    first, second = sorted((one, other))
    end = calendar.working_days(first, days)
    assert end >= first
    assert end.tzinfo is UTC
    assert calendar.working_days(second, days) >= end
    assert calendar.is_working_day(end.astimezone(BRUSSELS).date())


@given(calendars, moments, moments, st.floats(0, 200))
def test_working_hours_go_forward_in_order_and_end_on_a_working_day(
    calendar: Calendar, one: datetime, other: datetime, hours: float
) -> None:
    """The same three promises, for hours."""
    first, second = sorted((one, other))
    end = calendar.working_hours_span(first, hours)
    assert end >= first
    assert calendar.working_hours_span(second, hours) >= end
    assert calendar.is_working_day(end.astimezone(BRUSSELS).date())


@given(calendars, moments, moments)
def test_the_next_office_hours_are_the_first(calendar: Calendar, one: datetime, other: datetime) -> None:
    """In office hours, not before now, in order, and nothing open in between."""
    first, second = sorted((one, other))
    opening = calendar.office_hours_next(first)
    assert opening >= first
    assert calendar.is_office_time(opening)
    assert calendar.office_hours_next(opening) == opening
    assert calendar.office_hours_next(second) >= opening
    if first <= second < opening:
        assert not calendar.is_office_time(second)


@given(moments)
def test_a_moment_lies_in_its_week(at: datetime) -> None:
    """Weeks have no gaps and no overlap."""
    begin, end = TOWN.week_bounds(TOWN.iso_week(at))
    assert begin <= at < end
    assert TOWN.iso_week(end) != TOWN.iso_week(at)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-16 09:00", 0, "2026-11-16 09:00"),
        ("2026-11-16 09:00", 2, "2026-11-16 11:00"),
        ("2026-11-16 09:00", 3, "2026-11-16 13:00"),  # what ends at closing goes on when the office opens
        ("2026-11-16 11:00", 2, "2026-11-16 14:00"),  # over noon
        ("2026-11-16 22:00", 1, "2026-11-17 09:30"),
        ("2026-11-20 11:00", 4, "2026-11-23 11:30"),  # Friday, over the weekend
        ("2026-12-23 15:30", 2, "2027-01-04 09:30"),  # the Christmas closing
        ("2026-03-27 11:30", 1, "2026-03-30 09:00"),  # over the night of summer time
    ],
)
def test_office_hours_that_pass(start: str, hours: float, end: str) -> None:
    """Only the hours in which somebody is at work are counted, and the end is one of them."""
    assert TOWN.office_hours_span(local(start), hours) == local(end)


@pytest.mark.parametrize(
    ("end", "hours", "start"),
    [
        ("2026-11-16 11:00", 2, "2026-11-16 09:00"),
        ("2026-11-17 10:00", 2, "2026-11-16 16:00"),
        ("2026-11-21 11:00", 1, "2026-11-20 11:00"),  # Saturday
        ("2027-01-04 08:30", 1, "2026-12-23 15:30"),
        ("2026-11-16 11:00", 0, "2026-11-16 11:00"),
    ],
)
def test_office_hours_that_are_left(end: str, hours: float, start: str) -> None:
    """The last moment from which so many office hours remain."""
    assert TOWN.office_hours_before(local(end), hours) == local(start)


@given(calendars, moments, moments, st.floats(0, 60))
def test_office_hours_run_forward_and_back(calendar: Calendar, one: datetime, other: datetime, hours: float) -> None:
    """Never before the start, always in office hours, a later start never ends earlier, and the way back is not longer."""
    first, second = sorted((one, other))
    end = calendar.office_hours_span(first, hours)
    assert first <= end <= calendar.office_hours_span(second, hours)
    assert calendar.is_office_time(end)
    assert calendar.office_hours_before(end, hours) <= end


def test_two_moments_of_the_hour_that_comes_twice_are_kept_apart() -> None:
    """When the clocks go back, half past two in Brussels is written as the moment that it was."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BRUSSELS)
    written = [Moment().process_bind_param(at, sqlite.dialect()) for at in (first, first.replace(fold=1))]
    assert written == ["2026-10-25T00:30:00.000000Z", "2026-10-25T01:30:00.000000Z"]
