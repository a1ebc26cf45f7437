"""The shared FAQ: entries with their history, who may change them, what is offered, and what must be looked at again.

Finding an entry is `faq_search.py` (words) and `faq_index.py` (kept in step with the store); tables from outside are `faq_table.py`,
questions without an answer `faq_gaps.py`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from dateutil.relativedelta import relativedelta
from pydantic import Field
from sqlalchemy import Connection, Row, bindparam, func, or_, select

from bot.comment_text import clean, cut, is_blank
from bot.events import Conversation
from bot.masking import mask
from bot.organisation import Organisation
from bot.outbox import say
from bot.presses import ApproveFaq, EditFaq, Frozen, RetireFaq, TakeOverFaq
from bot.roster import departments_of, direct, holders, holds_role, may, recipient
from bot.tables import counters, faq, faq_history, insert_new, messages, upsert, versions
from bot.work import House, Refused, Work
from flows.source import Problem, SourceProblems, read

Status = Literal["proposed", "approved", "review", "retired"]
Why = Literal["sample", "proposed", "written", "imported", "approved", "edited", "taken_over", "retired", "unused", "expired"]
STATUSES: tuple[Status, ...] = get_args(Status)
LIVE: tuple[Status, ...] = ("approved", "review", "proposed")  # those that a search may find
LANGUAGES = ("nl", "en", "fr", "de")
LONGEST_QUESTION, LONGEST_ANSWER, LONGEST_REASON, LONGEST_LINK = 500, 3000, 300, 500
MOST_TAGS, MOST_LINKS = 20, 5
UNUSED = relativedelta(years=1)  # after which an entry that nobody used is looked at again
REVIEWED_AT_ONCE = 500  # entries sent for review in one transaction


class Content(Frozen):
    """What an entry says. ``both``: the one answer was found fit for je and for u; dates count with that day included."""

    question: str
    answer: str
    formal: str = ""
    both: bool = False
    department: str = ""
    tags: tuple[str, ...] = ()
    language: str = Field(default="nl", max_length=8)
    links: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    owner: str = ""

    def columns(self) -> dict[str, Any]:
        """As the table holds it."""
        return {
            "question": self.question,
            "answer": self.answer,
            "answer_formal": self.formal,
            "both": self.both,
            "department": self.department,
            "tags": ",".join(self.tags),
            "language": self.language,
            "links": "\n".join(self.links),
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_until": self.valid_until and self.valid_until.isoformat(),
            "owner": self.owner,
        }


def content(row: Row[Any]) -> Content:
    """What a stored entry says."""
    return Content(
        question=row.question,
        answer=row.answer,
        formal=row.answer_formal,
        both=row.both,
        department=row.department,
        tags=tuple(filter(None, row.tags.split(","))),
        language=row.language,
        links=tuple(filter(None, row.links.split("\n"))),
        valid_from=row.valid_from and date.fromisoformat(row.valid_from),
        valid_until=row.valid_until and date.fromisoformat(row.valid_until),
        owner=row.owner,
    )


# --- reading -----------------------------------------------------------------------------------------------


def entry(work: Work, number: int) -> Row[Any]:
    """Entry ``number``; raises ``Refused`` when there is none."""
    row = work.conn.execute(_ENTRY, {"number": number}).first()
    if row is None:
        raise Refused("refused.no_entry")
    return row


_ENTRY = select(faq).where(faq.c.id == bindparam("number"))
_ENTRIES = select(faq).where(faq.c.id.in_(bindparam("numbers", expanding=True)))


def entries(work: Work, numbers: Sequence[int]) -> list[Row[Any]]:
    """The entries of these numbers that are there, in this order."""
    found = {row.id: row for row in work.conn.execute(_ENTRIES, {"numbers": list(numbers)})} if numbers else {}
    return [found[number] for number in numbers if number in found]


def is_offered(work: Work, row: Row[Any]) -> bool:
    """Whether it may be given as an answer today: approved, and within its dates."""
    today = _today(work).isoformat()
    return row.status == "approved" and (row.valid_from or today) <= today <= (row.valid_until or today)


def answer_in(row: Row[Any], *, formal: bool) -> str:
    """The answer for a citizen who is addressed with je or u, with the links that do not stand in it already."""
    text = str((row.answer_formal if formal else "") or row.answer)
    return "\n".join([text, *(link for link in row.links.split("\n") if link and link not in text)])


def lacks_formal(row: Row[Any]) -> bool:
    """Whether there is only a je-form, and nobody said that it serves for u as well."""
    return not row.answer_formal and not row.both


def proposal_of(work: Work, case: int) -> Row[Any] | None:
    """The entry that came from ``case``."""
    return work.conn.execute(select(faq).where(faq.c.case_id == case).order_by(faq.c.id).limit(1)).first()


@dataclass(frozen=True, slots=True)
class Version:
    """What an entry was: since when, by whom and why."""

    version: int
    at: datetime
    who: str
    why: str
    note: str
    status: Status
    content: Content


def history(work: Work, number: int) -> tuple[Version, ...]:
    """Every version of an entry, the newest first."""
    query = select(faq_history).where(faq_history.c.entry_id == number, faq_history.c.kept.is_(True))
    rows = work.conn.execute(query.order_by(faq_history.c.version.desc())).all()
    return tuple(_version(row) for row in rows)


def _version(row: Row[Any]) -> Version:
    values = json.loads(row.content)
    status = values.pop("status")
    return Version(row.version, row.at, row.who, row.why, row.note, status, Content.model_validate_json(json.dumps(values)))


def may_keep(organisation: Organisation, who: str, department: str) -> bool:
    """Whether somebody keeps the entries of a department right: its antennas, and the communications lead."""
    return holds_role(organisation, who, "antenna", department) or holds_role(organisation, who, "communications_lead")


def may_propose(organisation: Organisation, who: str) -> bool:
    """Moderators, and everybody of a department."""
    return may(organisation, who, "log_signal") or bool(departments_of(organisation, who))


def owner_of(organisation: Organisation, department: str) -> str:
    """Who keeps a new entry of a department right."""
    return next(iter(holders(organisation, "antenna", department)), "") if department else ""


# --- writing -----------------------------------------------------------------------------------------------


def read_form(organisation: Organisation, values: Mapping[str, str], known: Content) -> Content:
    """What somebody filled in, over what is known; raises ``Refused`` for what cannot be."""

    def typed(name: str, otherwise: str) -> str:
        return clean(values.get(name, otherwise))

    found = checked(
        {
            "question": typed("question", known.question),
            "answer": typed("answer", known.answer),
            "formal": typed("formal", known.formal),
            "both": typed("both", "yes" if known.both else "no") == "yes",
            "department": typed("department", known.department),
            "tags": typed("tags", ",".join(known.tags)),
            "language": typed("language", known.language),
            "links": typed("links", "\n".join(known.links)),
            "valid_from": typed("valid_from", known.valid_from.isoformat() if known.valid_from else ""),
            "valid_until": typed("valid_until", known.valid_until.isoformat() if known.valid_until else ""),
            "owner": typed("owner", known.owner),
        }
    )
    if found.department and found.department not in organisation.departments and found.department != known.department:
        raise Refused("refused.no_department")
    if found.owner and found.owner not in organisation.people and found.owner != known.owner:
        raise Refused("refused.no_owner")
    owner = found.owner or owner_of(organisation, found.department)
    return found.model_copy(update={"owner": owner})


def checked(values: Mapping[str, Any]) -> Content:
    """Texts from outside as an entry: clean, masked where it is a citizen's question, within bounds. Raises ``Refused``."""
    question, answer, formal = (clean(values.get(name, "")) for name in ("question", "answer", "formal"))
    question = mask(" ".join(question.split()))
    if is_blank(question) or is_blank(answer):
        raise Refused("refused.no_question" if is_blank(question) else "refused.no_answer")
    for name, text, limit in (
        ("question", question, LONGEST_QUESTION),
        ("answer", answer, LONGEST_ANSWER),
        ("formal", formal, LONGEST_ANSWER),
    ):
        if len(text) > limit:
            raise Refused(f"refused.long_{name}", limit=limit)
    language = clean(values.get("language", "")).casefold() or "nl"
    if language not in LANGUAGES:
        raise Refused("refused.no_language", languages=", ".join(LANGUAGES))
    valid_from, valid_until = day(values.get("valid_from", "")), day(values.get("valid_until", ""))
    if valid_from and valid_until and valid_until < valid_from:
        raise Refused("refused.ends_before")
    return Content(
        question=question,
        answer=answer,
        formal="" if is_blank(formal) else formal,
        both=bool(values.get("both")) and is_blank(formal),
        department=values.get("department", ""),
        tags=tags(values.get("tags", "")),
        language=language,
        links=_links(values.get("links", "")),
        valid_from=valid_from,
        valid_until=valid_until,
        owner=values.get("owner", ""),
    )


def tags(text: str) -> tuple[str, ...]:
    """Words that citizens use, separated by commas, semicolons or lines; each once."""
    parts = (" ".join(clean(part).split())[:60].strip() for part in text.replace(";", ",").replace("\n", ",").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))[:MOST_TAGS]


def day(text: str) -> date | None:
    """A date as people type it: 2026-12-31, 31/12/2026, 31-12-2026, 31.12.2026; ``None`` for nothing. Raises ``Refused``."""
    text = text.strip()
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise Refused("refused.no_date")


def _links(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for link in clean(text).split():
        try:
            address = urlsplit(link)
        except ValueError:
            raise Refused("refused.no_link") from None
        if address.scheme not in ("http", "https") or not address.hostname or len(link) > LONGEST_LINK:
            raise Refused("refused.no_link")
        found[link] = None
    return tuple(found)[:MOST_LINKS]


def propose(work: Work, question: str, answer: str, department: str, case: int | None) -> int:
    """A proposed entry from a case, masked throughout; returns its number. Nobody is offered it before an antenna approves it."""
    said = checked({"question": cut(question, LONGEST_QUESTION)[0], "answer": cut(mask(clean(answer)), LONGEST_ANSWER)[0]})
    owner = owner_of(work.organisation, department)
    return add(work, said.model_copy(update={"department": department, "owner": owner}), "proposed", "proposed", case)


def write_new(work: Work, values: Mapping[str, str]) -> int:
    """An entry that somebody wrote: who keeps its department's answers approves it with that, others propose it to them.

    Returns its number. Raises ``Refused``.
    """
    if not may_propose(work.organisation, work.who):
        raise Refused("refused.may_not_propose")
    said = read_form(work.organisation, values, Content(question="", answer=""))
    keeps = may_keep(work.organisation, work.who, said.department)
    if keeps:
        _must_be_current(work, said)
    number = add(work, said, "approved" if keeps else "proposed", "written", None, note=values.get("why", ""))
    if not keeps:
        told = recipient(work.organisation, work.house.platforms, "antenna", said.department)
        say(work, told.conversation, "faq", ref=number)
    return number


def add(work: Work, said: Content, status: Status, why: Why, case: int | None, *, note: str = "") -> int:
    """A new entry; returns its number."""
    values = said.columns() | {
        "version": 1,
        "status": status,
        "case_id": case,
        "changed": work.now,
        "changed_by": work.who,
        "looked_at": work.now,
        "review": "",
        "used": 0,
    }
    key = work.conn.execute(faq.insert().values(values)).inserted_primary_key
    assert key is not None  # every insert of one row has one
    number = int(key[0])
    work.conn.execute(faq_history.insert().values(past(work, number, 1, said, status, why, note)))
    touch(work.conn)
    return number


def change(work: Work, number: int, version: int, said: Content, status: Status, why: Why, *, note: str = "") -> int:
    """Change an entry that is still at ``version``; returns its new one. Raises ``Refused`` when somebody else was first."""
    review = why if why in ("unused", "expired") else ""
    values = said.columns() | {
        "version": version + 1,
        "status": status,
        "changed": work.now,
        "changed_by": work.who,
        "review": review,
    }
    if not review:
        values["looked_at"] = work.now
    where = (faq.c.id == number, faq.c.version == version)
    if not work.conn.execute(faq.update().where(*where).values(values)).rowcount:
        row = entry(work, number)
        raise Refused("refused.entry_changed", who=row.changed_by, when=row.changed)
    work.conn.execute(faq_history.insert().values(past(work, number, version + 1, said, status, why, note)))
    touch(work.conn)
    return version + 1


def past(
    work: Work, number: int, version: int, said: Content, status: Status, why: str, note: str = "", *, kept: bool = True
) -> dict[str, Any]:
    """A version of an entry as its history keeps it."""
    return {
        "entry_id": number,
        "version": version,
        "at": work.now,
        "who": work.who,
        "why": why,
        "note": cut(clean(note), LONGEST_REASON)[0],
        "kept": kept,
        "content": json.dumps(said.model_dump(mode="json", exclude_defaults=True) | {"status": status}),
    }


def touch(conn: Connection) -> None:
    """Say that entries changed. The row is locked until the commit, so the number is seen exactly when the change is."""
    insert = upsert(conn.dialect.name, counters).values(name="faq", number=1)
    conn.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"number": counters.c.number + 1}))


def press(work: Work, on: ApproveFaq | EditFaq | RetireFaq | TakeOverFaq, values: Mapping[str, str]) -> "Conflict | None":
    """What an antenna does with an entry. Who edits one that was approved, or that was to be looked at, approves it so.

    Returns the three texts when somebody else changed the entry since the form was opened: nothing is changed then.
    """
    row = entry(work, on.entry)
    said = content(row)
    match on:
        case ApproveFaq():
            _must_be_current(work, said)
            change(work, row.id, on.version, said, "approved", "approved")
        case RetireFaq():
            change(work, row.id, on.version, said, "retired", "retired")
        case EditFaq():
            before = _was(work, row, on.version)
            mine = read_form(work.organisation, values, before)
            if mine == said:
                return None
            _must_keep_both(work, said, mine)
            if on.version != row.version:
                return _conflict(work, row, on.version, before, mine, values.get("why", ""))
            _edit(work, row, mine, "edited", values.get("why", ""))
        case TakeOverFaq():
            draft = _draft(work, on)
            if on.version != row.version:
                return Conflict(
                    row.id, row.version, on.draft, row.changed_by, _was(work, row, draft.version), said, draft.content
                )
            _must_keep_both(work, said, draft.content)
            _edit(work, row, draft.content, "taken_over", draft.note)
            work.conn.execute(faq_history.delete().where(faq_history.c.id == on.draft))
    return None


def _edit(work: Work, row: Row[Any], mine: Content, why: Why, note: str) -> None:
    status: Status = "approved" if row.status == "review" else row.status
    if status == "approved":
        _must_be_current(work, mine)
    change(work, row.id, row.version, mine, status, why, note=note)


def _must_keep_both(work: Work, before: Content, after: Content) -> None:
    """Who gives an entry to another department keeps that one's entries too, or leaves it to be approved there."""
    if after.department != before.department and not may_keep(work.organisation, work.who, after.department):
        raise Refused("refused.not_antenna")


def _must_be_current(work: Work, said: Content) -> None:
    if said.valid_until is not None and said.valid_until < _today(work):
        raise Refused("refused.expired")


# --- two at once -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody (``who``) changed an entry to ``theirs`` while another one wrote ``mine`` over what it was: ``old``.

    ``version``: what the entry is now; ``draft``: under which number mine is kept.
    """

    entry: int
    version: int
    draft: int
    who: str
    old: Content
    theirs: Content
    mine: Content

    def fields(self) -> tuple[str, ...]:
        """What is not the same in all three."""
        three = (self.old, self.theirs, self.mine)
        return tuple(name for name in Content.model_fields if len({getattr(one, name) for one in three}) > 1)


def _conflict(work: Work, row: Row[Any], version: int, old: Content, mine: Content, note: str) -> Conflict:
    """Keep what was written, so that it can be put in the other's place with one press on every platform."""
    work.conn.execute(
        faq_history.delete().where(faq_history.c.entry_id == row.id, faq_history.c.kept.is_(False), faq_history.c.who == work.who)
    )
    draft = past(work, row.id, version, mine, row.status, "edited", note, kept=False)
    key = work.conn.execute(faq_history.insert().values(draft)).inserted_primary_key
    assert key is not None  # every insert of one row has one
    return Conflict(row.id, row.version, int(key[0]), row.changed_by, old, content(row), mine)


def _was(work: Work, row: Row[Any], version: int) -> Content:
    """What an entry said at ``version``."""
    query = select(faq_history).where(
        faq_history.c.entry_id == row.id, faq_history.c.version == version, faq_history.c.kept.is_(True)
    )
    found = work.conn.execute(query).first()
    return _version(found).content if found is not None else content(row)


def _draft(work: Work, on: TakeOverFaq) -> Version:
    query = select(faq_history).where(
        faq_history.c.id == on.draft,
        faq_history.c.entry_id == on.entry,
        faq_history.c.kept.is_(False),
        faq_history.c.who == work.who,
    )
    found = work.conn.execute(query).first()
    if found is None:
        raise Refused("refused.no_entry")
    return _version(found)


# --- used, and to be looked at again -----------------------------------------------------------------------


def used(work: Work, number: int) -> None:
    """Count one use."""
    work.conn.execute(faq.update().where(faq.c.id == number).values(used=faq.c.used + 1, last_used=work.now))


def shown_again(work: Work, number: int) -> None:
    """Have every message about an entry shown anew."""
    work.said = True
    where = (messages.c.kind == "faq", messages.c.ref == number)
    work.conn.execute(messages.update().where(*where).values(wanted=messages.c.wanted + 1))


def next_review(now: datetime, organisation: Organisation) -> datetime:
    """When to look again for entries whose date passed: the beginning of tomorrow there."""
    zone = organisation.calendar.zone
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, datetime.min.time(), zone).astimezone(now.tzinfo)


def send_for_review(conn: Connection, house: House, now: datetime) -> int:
    """Send every approved entry whose date passed, or that nobody used in a year, back to who keeps it; returns how many.

    Each is told once: it is only told by who changed its status, however many processes look at the same moment.
    """
    work = Work(conn, house, now)
    today, long_ago = _today(work).isoformat(), now - UNUSED
    unused = (faq.c.looked_at < long_ago) & or_(faq.c.last_used.is_(None), faq.c.last_used < long_ago)
    query = select(faq).where(faq.c.status == "approved", or_(faq.c.valid_until < today, unused)).order_by(faq.c.id)
    told: dict[Conversation, list[int]] = {}
    rows = conn.execute(query.limit(REVIEWED_AT_ONCE)).all()
    for row in rows:
        why: Why = "expired" if row.valid_until is not None and row.valid_until < today else "unused"
        try:
            change(work, row.id, row.version, content(row), "review", why)
        except Refused:
            continue  # another process was first, and tells
        told.setdefault(_keeper(work, row), []).append(row.id)
    for conversation, numbers in told.items():
        say(work, conversation, "faq_review", ref=numbers[0], entries=",".join(map(str, numbers[:MOST_TOLD])), count=len(numbers))
    return len(rows)


MOST_TOLD = 20  # entries named in one message; the rest is counted, and found with the command


def to_review(work: Work) -> list[Row[Any]]:
    """The entries to look at again that are this person's to keep, those whose date passed first."""
    query = select(faq).where(faq.c.status.in_(("review", "proposed"))).order_by(faq.c.review, faq.c.id)
    return [row for row in work.conn.execute(query) if may_keep(work.organisation, work.who, row.department)]


def _keeper(work: Work, row: Row[Any]) -> Conversation:
    organisation = work.organisation
    if row.owner in organisation.people and may_keep(organisation, row.owner, row.department):
        return direct(organisation, work.house.platforms, row.owner)
    return recipient(organisation, work.house.platforms, "antenna", row.department).conversation


def _today(work: Work) -> date:
    return work.now.astimezone(work.organisation.calendar.zone).date()


# --- the sample --------------------------------------------------------------------------------------------

_SAMPLE_KEYS = {"question", "answer", "formal", "department", "tags"}


def seed(work: Work, path: Path, departments: Iterable[str]) -> int:
    """The sample's entries into an empty FAQ, as approved; returns how many. Raises ``SourceProblems`` for a broken file."""
    if not path.is_file() or work.conn.execute(select(func.count()).select_from(faq)).scalar_one():
        return 0
    source = read(path)
    known = set(departments)
    problems: list[Problem] = []
    rows = source.values if isinstance(source.values, list) else []
    for index, row in enumerate(rows):
        if not isinstance(row, dict) or not {"question", "answer"} <= row.keys() <= _SAMPLE_KEYS:
            problems.append(source.problem("an entry has question and answer; formal, department and tags if wanted", index))
        elif row.get("department", "") not in known | {""}:
            names, name = ", ".join(sorted(known)), str(row["department"])
            problems.append(
                source.problem("there is no department {name!r}", index, right="one of {known}", name=name, known=names)
            )
    if problems:
        raise SourceProblems(problems)
    if not insert_new(work.conn, versions, kind="faq", version="sample", at=work.now, content=""):
        return 0  # another process that starts at this moment has them
    for row in rows:
        department, formal = row.get("department", ""), row.get("formal", "")
        said = checked(
            {
                "question": row["question"],
                "answer": row["answer"],
                "formal": "" if formal == row["answer"] else formal,
                "both": formal in ("", row["answer"]),
                "department": department,
                "tags": ",".join(row.get("tags", ())),
                "owner": owner_of(work.organisation, department),
            }
        )
        add(work, said, "approved", "sample", None)
    return len(rows)
