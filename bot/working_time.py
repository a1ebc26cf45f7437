"""The organisation's calendar and its three clocks: elapsed time, working days, office hours; and ISO weeks.

Pure: every moment is passed in and comes out as an aware UTC datetime. What a deadline is called and who is
reminded belongs elsewhere; here are only dates and hours.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)

FLEMISH_HOLIDAY: Final = (7, 11)
"""11 July, holiday of the Flemish Community: no public holiday by law, but local governments are closed."""

Span = tuple[timedelta, timedelta]
"""From, until (not included), since midnight on the wall clock."""

_DAY = timedelta(days=1)
_MIDNIGHT = timedelta()
# Longer than any row of closing days that makes sense; beyond it the calendar itself must be wrong.
_LONGEST_CLOSING = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When an organisation works. A working day has office hours, is no holiday and no closing day."""

    zone: ZoneInfo
    hours: tuple[tuple[Span, ...], ...]
    closed: frozenset[date]
    subdivision: str | None
    flemish: bool

    @classmethod
    def of(
        cls,
        zone: str,
        hours: Mapping[Weekday, Sequence[tuple[str, str]]],
        closed: Collection[date] = (),
        subdivision: str | None = None,
        *,
        flemish: bool = True,
    ) -> "Calendar":
        """From a time zone's name, spans as ("08:30", "12:00") by weekday, extra closing days, and a
        subdivision of Belgium as the holidays library names it. ValueError says what is wrong."""
        try:
            place = ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            msg = f"unknown time zone {zone!r}; such as Europe/Brussels"
            raise ValueError(msg) from None
        if unknown := set(hours) - set(WEEKDAYS):
            msg = f"unknown weekday {min(unknown)!r}; one of {', '.join(WEEKDAYS)}"
            raise ValueError(msg)
        week = tuple(_spans(day, hours.get(day, ())) for day in WEEKDAYS)
        if not any(week):
            msg = "no weekday has office hours"
            raise ValueError(msg)
        return cls(place, week, frozenset(closed), subdivision, flemish)

    # --- the three clocks ---

    def elapsed(self, start: datetime, hours: float) -> datetime:
        """So many hours later, whatever the calendar says."""
        return _utc(start) + timedelta(hours=hours)

    def working_days(self, start: datetime, days: int) -> datetime:
        """The same local time `days` working days later; a start on another day counts from the opening of
        the next working day."""
        if days < 0:
            msg = "working days are counted forward"
            raise ValueError(msg)
        start = _utc(start)
        day, clock = self._begin(start)
        for _ in range(days):
            day = self._next_working_day(day)
        return max(start, self._moment(day, clock))

    def working_hours_span(self, start: datetime, hours: float) -> datetime:
        """A clock that runs day and night, but on working days only: 24 hours are one working day."""
        if hours < 0:
            msg = "working hours are counted forward"
            raise ValueError(msg)
        start = _utc(start)
        day, clock = self._begin(start)
        days, clock = divmod(clock + timedelta(hours=hours), _DAY)
        for _ in range(days):
            day = self._next_working_day(day)
        return max(start, self._moment(day, clock))

    def office_hours_next(self, at: datetime) -> datetime:
        """The first moment, `at` or later, that lies in office hours."""
        at = _utc(at)
        if self.is_office_time(at):
            return at
        day = at.astimezone(self.zone).date()
        if not self.is_working_day(day):
            day = self._next_working_day(day)
        while True:
            for opening, _ in self._spans_on(day):
                for fold in (0, 1):  # an opening in the hour that is repeated in autumn comes twice
                    moment = self._moment(day, opening, fold)
                    if moment >= at and self.is_office_time(moment):
                        return moment
            day = self._next_working_day(day)

    def office_hours_span(self, start: datetime, hours: float) -> datetime:
        """The moment in office hours at which so many of them have passed since `start`."""
        at, left = _utc(start), timedelta(hours=hours)
        for opening, closing in self._openings(at.astimezone(self.zone).date(), _DAY):
            begin = max(opening, at)
            if closing - begin > left:
                return begin + left
            left -= max(closing - begin, timedelta())
        raise AssertionError  # the openings never end

    def office_hours_before(self, end: datetime, hours: float) -> datetime:
        """The last moment at which so many office hours are left until `end`."""
        at, left = _utc(end), timedelta(hours=hours)
        for opening, closing in self._openings(at.astimezone(self.zone).date(), -_DAY):
            until = min(closing, at)
            if until - opening >= left:
                return until - left
            left -= max(until - opening, timedelta())
        raise AssertionError  # the openings never end

    # --- questions ---

    def is_office_time(self, at: datetime) -> bool:
        """Does the moment lie in the office hours of a working day; the closing minute does not."""
        local = _utc(at).astimezone(self.zone)
        clock = _wall_clock(local)
        return self.is_working_day(local.date()) and any(
            opening <= clock < closing for opening, closing in self._spans_on(local.date())
        )

    def is_working_day(self, day: date) -> bool:
        """Is there anybody at work on this local date."""
        return bool(self._spans_on(day)) and day not in self.closed and not self.is_holiday(day)

    def is_holiday(self, day: date) -> bool:
        """A Belgian public holiday, or the Flemish one."""
        if self.flemish and (day.month, day.day) == FLEMISH_HOLIDAY:
            return True
        return day in _public_holidays(self.subdivision, day.year)

    # --- weeks ---

    def iso_week(self, at: datetime) -> str:
        """The ISO week in the organisation's zone, such as "2026-W47"."""
        year, week, _ = _utc(at).astimezone(self.zone).isocalendar()
        return f"{year:04d}-W{week:02d}"

    def week_bounds(self, week: str) -> tuple[datetime, datetime]:
        """From Monday midnight until the next (not included), local midnights in UTC. ValueError for a week
        that does not exist."""
        match = re.fullmatch(r"([0-9]{4})-W([0-9]{2})", week)
        if match is None:
            msg = f"{week!r} is no week; such as 2026-W47"
            raise ValueError(msg)
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return self._moment(monday, _MIDNIGHT), self._moment(monday + 7 * _DAY, _MIDNIGHT)

    # --- how days and wall clocks meet ---

    def _openings(self, day: date, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
        """From when until when the office is open, since `day` and day by day; with a negative step backwards."""
        while True:
            if self.is_working_day(day):
                spans = [(self._moment(day, opening), self._moment(day, closing)) for opening, closing in self._spans_on(day)]
                yield from spans if step > _MIDNIGHT else reversed(spans)
                day += step
            else:
                day = self._next_working_day(day, step)

    def _spans_on(self, day: date) -> tuple[Span, ...]:
        return self.hours[day.weekday()]

    def _begin(self, start: datetime) -> tuple[date, timedelta]:
        """Local day and wall clock from which working time runs."""
        local = start.astimezone(self.zone)
        day, clock = local.date(), _wall_clock(local)
        if not self.is_working_day(day):
            day = self._next_working_day(day)
            return day, self._spans_on(day)[0][0]
        if local.fold:
            # In the hour that autumn repeats the wall clock goes back; a later start must not end earlier, so
            # it counts from the end of that hour.
            repeated = _offset(local.replace(fold=0)) - _offset(local)
            clock = min((clock // repeated + 1) * repeated, _DAY - timedelta.resolution)
        return day, clock

    def _next_working_day(self, day: date, step: timedelta = _DAY) -> date:
        begin = day
        while abs(day - begin) < _LONGEST_CLOSING:
            day += step
            if self.is_working_day(day):
                return day
        msg = f"no working day in the year before {max(day, begin)}: look at the closing days"
        raise ValueError(msg)

    def _moment(self, day: date, clock: timedelta, fold: int = 0) -> datetime:
        """The moment of a local wall time in UTC. A time that spring skips becomes the end of the gap."""
        naive = datetime(day.year, day.month, day.day) + clock  # noqa: DTZ001 - the zone comes with the fold
        moment = naive.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None, fold=0) == naive:
            return moment
        # The two readings of a skipped time lie on both sides of the change, which falls on a whole second.
        summer = _offset(naive.replace(tzinfo=self.zone, fold=1))
        winter = _offset(naive.replace(tzinfo=self.zone, fold=0))
        early, late = (naive - summer).replace(tzinfo=UTC), (naive - winter).replace(tzinfo=UTC)
        while late - early > timedelta(seconds=1):
            middle = early + (late - early) // 2
            if _offset(middle.astimezone(self.zone)) == summer:
                late = middle
            else:
                early = middle
        return late.replace(microsecond=0)


@cache
def _public_holidays(subdivision: str | None, year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - no start waits for it

    return frozenset(holidays.country_holidays("BE", subdiv=subdivision, years=year))


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None or at.utcoffset() is None:
        msg = "a moment without a time zone says nothing; pass an aware datetime"
        raise ValueError(msg)
    return at.astimezone(UTC)


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


def _wall_clock(local: datetime) -> timedelta:
    return timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def _spans(day: Weekday, written: Sequence[tuple[str, str]]) -> tuple[Span, ...]:
    spans = tuple((_clock(day, opening), _clock(day, closing)) for opening, closing in written)
    last = -timedelta.resolution
    for opening, closing in spans:
        if not last < opening < closing:
            msg = f"office hours on {day}: each span must end after it begins and begin after the one before it"
            raise ValueError(msg)
        last = closing
    return spans


def _clock(day: Weekday, written: str) -> timedelta:
    match = re.fullmatch(r"([01]?[0-9]|2[0-4]):([0-5][0-9])", written)
    clock = timedelta(hours=int(match[1]), minutes=int(match[2])) if match else 2 * _DAY
    if clock > _DAY:
        msg = f"office hours on {day}: {written!r} is no time; such as 08:30"
        raise ValueError(msg)
    return clock
