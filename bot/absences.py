"""Who is away and who stands in: what is typed, what it is refused for, who hears of it, and what was theirs when it begins."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from bot import amendments, clocks, reminders
from bot.amendments import Away, Back
from bot.case import load_case
from bot.events import Conversation
from bot.organisation import Absence, Organisation
from bot.outbox import say
from bot.roster import direct, may, recipient, stand_in
from bot.tables import amendments as rows
from bot.tables import cases, threads
from bot.work import Refused, Work

LONGEST = timedelta(days=366)
ONE_DAY = timedelta(days=1)
_MONTHS = {
    begin: number
    for number, names in enumerate(
        ("jan", "feb", "maa mrt mar", "apr", "mei may", "jun", "jul", "aug", "sep", "okt oct", "nov", "dec"), 1
    )
    for begin in names.split()
}
_DAYS: tuple[tuple[str, ...], ...] = (
    ("maandag", "monday"), ("dinsdag", "tuesday"), ("woensdag", "wednesday"), ("donderdag", "thursday"),
    ("vrijdag", "friday"), ("zaterdag", "saturday"), ("zondag", "sunday"),
)  # fmt: skip
_NEAR = {"vandaag": 0, "today": 0, "morgen": 1, "tomorrow": 1, "overmorgen": 2}
_MONTH = r"(?:jan|feb|maa|mrt|mar|apr|mei|may|jun|jul|aug|sep|okt|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"(?P<iso>\b\d{{4}}-\d\d?-\d\d?\b)"
    rf"|(?P<d>\b\d\d?)[/.](?P<m>\d\d?)(?:[/.](?P<y>\d{{4}}|\d\d))?\b"
    rf"|(?P<d2>\b\d\d?)-(?P<m2>\d\d?)-(?P<y2>\d{{4}})\b"
    rf"|(?P<d3>\b\d\d?)(?:e|de|ste|st|nd|rd|th)?\s+(?P<m3>{_MONTH})(?:\s+(?P<y3>\d{{4}})\b)?"
    rf"|\b(?P<m4>{_MONTH})\s+(?P<d4>\d\d?)(?:st|nd|rd|th)?\b(?:,?\s+(?P<y4>\d{{4}})\b)?"
    rf"|\b(?P<near>{'|'.join([*_NEAR, *(name for names in _DAYS for name in names)])})\b"
    rf"|(?P<d5>\b\d\d?)(?=\s*(?:-|–|—|t/m|tot|to|until|till)\s*(?:en met\s+)?\d\d?(?:\s+{_MONTH}|[/.]))",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"\b(?:t/m|tot|until|till|to)\b", re.IGNORECASE)
_REPLACED = re.compile(
    r"[\s,;]*\b(?:vervang(?:er|ster|ing)|vervangen\s+door|replacement|replaced\s+by|deputy|covered\s+by|cover)\b\s*:?\s*(?:(?:is|door|by)\s+)?",
    re.IGNORECASE,
)
_FILLERS = re.compile(r"\b(?:van|vanaf|from|since|t/m|tot|en|met|until|till|to|and|including|is)\b|[,;:–—-]", re.IGNORECASE)
_STOP = re.compile(r"^(?:stop|terug|back)\b\s*", re.IGNORECASE)


# --- what is typed ---


def read_dates(text: str, today: date) -> tuple[date, date] | None:
    """The first and last day in ``text``, in Dutch or English: one date is one day, after "tot" the last; without a year the first
    time from ``today`` that the last day comes. ``None`` when it holds no such dates."""
    found = list(_DATE.finditer(text))
    if not 1 <= len(found) <= 2:
        return None
    try:
        last = _day(found[-1], today, None)
        if len(found) == 2:
            return _day(found[0], today, last), last
        return (today, last) if _UNTIL.search(text[: found[0].start()]) else (last, last)
    except ValueError:
        return None


def _day(match: re.Match[str], today: date, last: date | None) -> date:
    """One date. Without a year: the first that is not before today; of a first day (``last`` given): the newest not after ``last``."""
    part = match.groupdict()
    if part["iso"]:
        return date.fromisoformat("-".join(f"{int(item):02}" for item in part["iso"].split("-")))
    if part["near"]:
        word = part["near"].casefold()
        if word in _NEAR:
            return today + timedelta(days=_NEAR[word])
        wanted = next(number for number, names in enumerate(_DAYS) if word in names)
        return today + timedelta(days=(wanted - today.weekday()) % 7)
    if part["d5"]:
        if last is None:
            raise ValueError
        return _before(int(part["d5"]), last.month, last)
    number = next(int(part[name]) for name in ("d", "d2", "d3", "d4") if part[name])
    month_said = next(part[name] for name in ("m", "m2", "m3", "m4") if part[name])
    month = int(month_said) if month_said.isdigit() else _MONTHS[month_said[:3].casefold()]
    year_said = next((part[name] for name in ("y", "y2", "y3", "y4") if part[name]), None)
    if year_said is not None:
        year = int(year_said)
        return date(year + 2000 if year < 100 else year, month, number)
    if last is not None:
        return _before(number, month, last)
    for year in range(today.year, today.year + 5):  # 29 February is not in every year
        try:
            found = date(year, month, number)
        except ValueError:
            continue
        if found >= today:
            return found
    raise ValueError


def _before(number: int, month: int, last: date) -> date:
    for year in range(last.year, last.year - 5, -1):
        try:
            found = date(year, month, number)
        except ValueError:
            continue
        if found <= last:
            return found
    raise ValueError


def person_named(organisation: Organisation, typed: str) -> str:
    """The one person whose id, address or (beginning of a) name was typed; refused when there is none or more than one."""
    said = typed.strip().strip("@<>.").partition("|")[0].casefold().strip()
    exact = [
        name for name, person in organisation.people.items() if said in {name, *map(str.casefold, person.addresses.values())}
    ]
    named = [name for name, person in organisation.people.items() if f" {said}" in f" {person.name.casefold()}"]
    found = exact or named if said else []
    if len(found) != 1:
        names = ", ".join(organisation.people[name].name for name in found[:6])
        raise Refused("refused.who_unclear" if found else "refused.who_unknown", typed=typed.strip()[:60], names=names)
    return found[0]


# --- what is done ---


def typed(work: Work, text: str) -> tuple[str, Absence] | None:
    """Act on what was typed after ``afwezig``; returns what was done and the absence, or ``None`` for words that hold no dates."""
    if stopped := _STOP.match(text):
        rest = text[stopped.end() :].strip()
        return "stopped", stop(work, person_named(work.organisation, rest) if rest else work.who)
    head, *behind = _REPLACED.split(text, maxsplit=1)
    dates = read_dates(head, today(work))
    if dates is None:
        return None
    first = next(_DATE.finditer(head)).start()
    who = _FILLERS.sub(" ", head[:first]).strip()
    person = person_named(work.organisation, who) if who else work.who
    replacement = person_named(work.organisation, behind[0]) if behind and behind[0].strip() else None
    return "announced", announce(work, person, *dates, replacement)


def announce(work: Work, person: str, since: date, until: date, replacement: str | None) -> Absence:
    """``person`` will be away: checked, logged, and told to who stands in and to the communications lead."""
    _may(work, person)
    if until < today(work):
        raise Refused("refused.absence_past")
    if until < since:
        raise Refused("refused.absence_backwards")
    if until - since > LONGEST:
        raise Refused("refused.absence_long")
    if replacement == person:
        raise Refused("refused.absence_self")
    absence = Absence(person=person, since=since, until=until, replacement=replacement)
    for other in work.organisation.absences:
        if other.meets(absence) and other.person == person:
            raise Refused("refused.absence_overlaps", who=person, since=other.since, until=other.until)
        if other.meets(absence) and other.person == replacement:
            raise Refused("refused.replacement_away", who=replacement, since=other.since, until=other.until)
    number = amendments.note(work.conn, work.who, work.now, Away(absence=absence))
    work.amended()
    begin = datetime.combine(max(since, today(work)), time(), work.organisation.calendar.zone)
    clocks.start(work, None, "away", str(number), max(begin, work.now))
    _tell(work, absence, "announced")
    return absence


def stop(work: Work, person: str) -> Absence:
    """The absence of ``person`` that is running, else the next one, does not go on."""
    _may(work, person)
    known = sorted((item for item in coming(work) if item.person == person), key=lambda item: item.since)
    if not known:
        raise Refused("refused.not_away", who=person)
    amendments.note(work.conn, work.who, work.now, Back(absence=known[0]))
    work.amended()
    _tell(work, known[0], "stopped")
    return known[0]


def coming(work: Work) -> tuple[Absence, ...]:
    """The absences that are running or still to come, by person."""
    return tuple(item for item in work.organisation.absences if item.until >= today(work))


def today(work: Work) -> date:
    """The organisation's own date."""
    return work.now.astimezone(work.organisation.calendar.zone).date()


def begins(work: Work, number: int) -> Absence | None:
    """The first day of an absence: what the person took up waits for somebody again, and whoever stands in hears what is theirs.
    ``None`` when it was stopped meanwhile."""
    row = work.conn.execute(select(rows).where(rows.c.id == number)).first()
    absence: Absence | None = amendments.read(row).absence if row is not None else None
    if absence is None or work.organisation.away.get(absence.person, "") != absence.replacement:
        return None
    person = absence.person
    mine = select(threads.c.id, threads.c.case_id).where(threads.c.taken_by == person, threads.c.phase == "taken")
    for thread in work.conn.execute(mine.order_by(threads.c.id)).all():
        reminders.released(work, load_case(work, thread.case_id), thread.id)
    if theirs(work, person):
        place = recipient(work.organisation, work.house.platforms, "communications_lead", None).conversation
        instead = stand_in(work.organisation, person)
        say(work, _lane(work, instead) if instead else place, "stand_in", who=person)
    return absence


def theirs(work: Work, person: str) -> Sequence[int]:
    """The open cases of a moderator, oldest first."""
    query = select(cases.c.id).where(cases.c.moderator == person, cases.c.phase != "closed").order_by(cases.c.id).limit(50)
    return work.conn.execute(query).scalars().all()


def _may(work: Work, person: str) -> None:
    if person != work.who and not may(work.organisation, work.who, "directory"):
        raise Refused("refused.absence_of_others")


def _tell(work: Work, absence: Absence, what: str) -> None:
    """Who stands in, who is away when somebody else said so, and the communications lead; not whoever just typed it."""
    lead = recipient(work.organisation, work.house.platforms, "communications_lead", None)
    people = [person for person in (absence.replacement or "", absence.person) if person not in ("", work.who)]
    lanes = [_lane(work, person) for person in people]
    if work.who not in lead.people:
        lanes.append(lead.conversation)
    instead, since, until = absence.replacement or "", str(absence.since), str(absence.until)
    for lane in dict.fromkeys(lanes):
        say(work, lane, "absence", what=what, who=absence.person, by=work.who, instead=instead, since=since, until=until)


def _lane(work: Work, person: str) -> Conversation:
    return direct(work.organisation, work.house.platforms, person)
