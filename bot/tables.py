"""Every table of the store, as SQLAlchemy Core. Times are aware UTC, stored as ISO text; ids are whole numbers.

Which text lies where is a decision about privacy: a citizen's words only in ``comments``, ``evidence`` and ``replies``; wellbeing only
in ``private_flags``. ``cases.state`` holds ids, codes and our own words (typed reasons, edited replies); every queue only ids and codes.
"""

from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


@lru_cache(maxsize=64)  # an event writes its one moment into several rows
def _written(at: datetime) -> str:
    """``at`` is in UTC: in a zone whose clocks go back, two moments an hour apart would be one key."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Moment(TypeDecorator[datetime]):
    """An aware UTC time as text of fixed width, so that text order is time order on both databases."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return _written(value.astimezone(UTC))

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


def _id() -> "Column[int]":
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _case(*, nullable: bool = False) -> "Column[int]":
    return Column("case_id", Integer, ForeignKey("cases.id"), nullable=nullable)


def _partial(name: str, where: ColumnElement[bool], *columns: "Column[Any]") -> None:
    """An index of the rows for which `where` holds. (Naming PostgreSQL's own argument here would load its dialect at every start.)"""
    Index(name, *columns, sqlite_where=where, info={"where": where})


def whole_metadata() -> MetaData:
    """The tables with also what only PostgreSQL's dialect understands: for whoever makes or compares schemas."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if "where" in index.info:
                index.dialect_options["postgresql"]["where"] = index.info["where"]
    return metadata


# A delivery that was acted on. The same id again changes nothing.
events = Table("events", metadata, Column("id", String(200), primary_key=True), Column("at", Moment, nullable=False))

# A case: who has it, and its state as a document (bot.case.State) that holds codes and our own reply texts.
cases = Table(
    "cases",
    metadata,
    _id(),
    Column("moderator", String(60)),
    Column("pasted_by", String(60), nullable=False),
    Column("phase", String(10), nullable=False),  # walking, advised, closed
    Column("opened", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("closed", Moment),
    Column("purge_on", String(10)),  # a date
    Column("purged", Moment),  # when its content was erased
    Column("department", String(60)),
    Column("outcome", String(40)),
    Column("link_key", String(64)),  # digest of the normalised link
    Column("text_key", String(64)),  # digest of the normalised text
    Column("tree_version", String(60), nullable=False),
    Column("policy_version", String(20), nullable=False),
    Column("chain", String(64), nullable=False),  # the timeline's newest digest
    Column("length", Integer, nullable=False),  # entries in the timeline
    Column("state", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_cases_moderator", cases.c.moderator, cases.c.phase)
Index("ix_cases_opened", cases.c.opened)
Index("ix_cases_link_key", cases.c.link_key)
Index("ix_cases_text_key", cases.c.text_key)

# The citizen's words and who wrote them. Erasing a row's text and handle leaves the case standing.
comments = Table(
    "comments",
    metadata,
    Column("case_id", Integer, ForeignKey("cases.id"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("handle", Text, nullable=False),  # in the clear only while the case is open
    Column("author", String(48)),  # keyed hash
    Column("posted", String(40), nullable=False),
    Column("signal", Text),  # what may go into the signals, masked and looked at by a person; NULL until then
)
Index("ix_comments_author", comments.c.author)

# What the moderator kept as proof: an untouched picture with its digest.
evidence = Table(
    "evidence",
    metadata,
    _id(),
    _case(nullable=True),
    Column("at", Moment, nullable=False),
    Column("by", String(60), nullable=False),
    Column("media", String(40), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("read_text", Text, nullable=False),  # what was read from the picture
    Column("content", LargeBinary, nullable=False),
)
Index("ix_evidence_case_id", evidence.c.case_id)

# What of a picture is covered before it goes to anybody but the police: boxes, never another picture.
masks = Table(
    "masks",
    metadata,
    Column("evidence_id", Integer, ForeignKey("evidence.id", ondelete="CASCADE"), primary_key=True),
    Column("boxes", Text, nullable=False),  # JSON: [left, top, width, height] each, in thousandths; none: nothing to cover
    Column("by", String(60), nullable=False),
    Column("at", Moment, nullable=False),
)

# One-use addresses of pages outside the chat: only the digest of each is kept.
passes = Table(
    "passes",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(10), nullable=False),  # dossier, mask
    _case(),
    Column("person", String(60), nullable=False),
    Column("args", Text, nullable=False),  # JSON of codes
    Column("until", Moment, nullable=False),
    Column("used", Moment),
)

# Who did what and when: a hash chain over salted digests. Text and salt can be erased; the chain still holds.
timeline = Table(
    "timeline",
    metadata,
    Column("case_id", Integer, ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", String(60), nullable=False),
    Column("what", String(40), nullable=False),
    Column("codes", Text, nullable=False),  # JSON of ids and codes
    Column("text", Text),
    Column("salt", String(32)),
    Column("digest", String(64)),  # of salt and text
    Column("chain", String(64), nullable=False),
)

# Who was told: one thread for each role and department of a case.
threads = Table(
    "threads",
    metadata,
    _id(),
    _case(),
    Column("role", String(40), nullable=False),
    Column("department", String(60), nullable=False),  # empty for a role of the whole organisation
    Column("conversation", String(200), nullable=False),
    Column("phase", String(10), nullable=False),  # waiting, open, taken, decided, retracted, closed
    Column("due", Moment, nullable=False),  # when a waiting one opens
    Column("opened", Moment),
    Column("taken_by", String(60)),
    Column("message_id", Integer),
    Column("by_hand", Boolean, nullable=False),  # forwarded by a person: the walk has no say over it
    UniqueConstraint("case_id", "role", "department"),
)

# What people wrote in threads and what the bot passed on: text of colleagues, who quote citizens.
replies = Table(
    "replies",
    metadata,
    _id(),
    _case(),
    Column("thread_id", Integer, ForeignKey("threads.id")),
    Column("by", String(60), nullable=False),
    Column("outside", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("remote", String(300), nullable=False),  # where it was written: conversation and the message's name there
    Column("text", Text, nullable=False),
    Column("edited", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
)
Index("ix_replies_case_id", replies.c.case_id)
Index("ix_replies_remote", replies.c.remote)

# Everything the bot says, as a wish: still to be said while wanted > shown. Holds references, rendered at sending.
messages = Table(
    "messages",
    metadata,
    _id(),
    Column("lane", String(200), nullable=False),  # the conversation
    Column("parent_id", Integer, ForeignKey("messages.id")),
    Column("kind", String(20), nullable=False),
    _case(nullable=True),
    Column("ref", Integer),  # a thread, reply, entry … by kind
    Column("args", Text, nullable=False),  # JSON of codes
    Column("wanted", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("written", Moment, nullable=False),
    Column("delivered", Moment),  # when it first stood there
    Column("remote", String(300)),
    Column("problem", String(40)),  # why it could not be delivered
    Column("attempts", Integer, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_messages_case_id", messages.c.case_id, messages.c.kind)
Index("ix_messages_lane", messages.c.lane, messages.c.id)
Index("ix_messages_remote", messages.c.remote)
_partial("ix_messages_due", messages.c.wanted > messages.c.shown, messages.c.lane, messages.c.id)

# Who is sending to a conversation now, and until when nobody may.
lanes = Table(
    "lanes",
    metadata,
    Column("lane", String(200), primary_key=True),
    Column("token", String(32)),
    Column("leased_until", Moment),
    Column("not_before", Moment),
)

# A crisis of the whole organisation: from when to when, by whom, over what (our own words). ``standing`` is 1 while it lasts, so that
# there is never more than one; ``report``: what happened in it, counted when it ended.
crises = Table(
    "crises",
    metadata,
    _id(),
    Column("standing", Integer, unique=True),
    Column("reason", Text, nullable=False),
    Column("began", Moment, nullable=False),
    Column("begun_by", String(60), nullable=False),
    Column("ended", Moment),
    Column("ended_by", String(60)),
    Column("report", Text),  # JSON of counts
)

# Where a chat platform really keeps a conversation, and at which of its addresses it answers for it now. Ids only, never text.
places = Table(
    "places",
    metadata,
    Column("conversation", String(200), primary_key=True),  # as the outbox names it
    Column("remote", String(300), nullable=False),  # as the platform names it
    Column("service", String(300), nullable=False),
    Column("seen", Moment, nullable=False),
)

# Terms and appointments that still have to ring. One that rang or was stopped is gone: what came of it stands in the timeline.
clocks = Table(
    "clocks",
    metadata,
    _id(),
    _case(nullable=True),
    Column("kind", String(20), nullable=False),  # settle, term, late, wait
    Column("name", String(60), nullable=False),  # which one of its kind
    Column("due", Moment, nullable=False),
    UniqueConstraint("case_id", "kind", "name"),
    sqlite_autoincrement=True,
)
Index("ix_clocks_due", clocks.c.due, clocks.c.id)

# Who else was asked for a thread that nobody took up: one row for each rung and conversation.
calls = Table(
    "calls",
    metadata,
    _id(),
    Column("thread_id", Integer, ForeignKey("threads.id"), nullable=False),
    Column("rung", Integer, nullable=False),  # 0: told beside the thread's own place; then one for each who was asked
    Column("what", String(10), nullable=False),  # told, reminder, deputy, head, lead, team, again, released, changed
    Column("role", String(40), nullable=False),
    Column("department", String(60), nullable=False),
    Column("conversation", String(200), nullable=False),
    Column("message_id", Integer, ForeignKey("messages.id"), nullable=False),
    UniqueConstraint("thread_id", "rung", "conversation"),
)

# What was changed in the directory from chat since the organisation's file was read: who, when, what. Replayed over the file.
amendments = Table(
    "amendments",
    metadata,
    _id(),
    Column("at", Moment, nullable=False),
    Column("by", String(60), nullable=False),
    Column("what", Text, nullable=False),  # JSON of one change (bot.amendments.Change): ids, dates, addresses
    sqlite_autoincrement=True,
)

# What is spoken of, by department. A merged topic keeps its row and its signals; readers follow ``merged_into``.
topics = Table(
    "topics",
    metadata,
    _id(),
    Column("department", String(60), nullable=False),
    Column("name", String(80), nullable=False),  # as it is called now
    Column("merged_into", Integer, ForeignKey("topics.id")),
    Column("merged_at", Moment),
    Column("merged_by", String(60)),
)
Index("ix_topics_department", topics.c.department)

# Every name that a topic ever had: words by which a text is about it, and the history of its naming.
topic_names = Table(
    "topic_names",
    metadata,
    Column("department", String(60), primary_key=True),
    Column("name", String(80), primary_key=True),  # folded
    Column("topic_id", Integer, ForeignKey("topics.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", String(60), nullable=False),  # empty: the organisation's own list
)
Index("ix_topic_names_topic_id", topic_names.c.topic_id)

# Of which topic the antenna was warned in which week. The key is what makes a warning come once, however many processes look.
alerts = Table(
    "alerts",
    metadata,
    Column("topic_id", Integer, ForeignKey("topics.id"), primary_key=True),
    Column("week", String(8), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("why", String(10), nullable=False),  # threshold, rise
    Column("count", Integer, nullable=False),
)

# What an antenna did about a topic: the newest row says how it stands. Rows are never changed.
loops = Table(
    "loops",
    metadata,
    _id(),
    Column("topic_id", Integer, ForeignKey("topics.id"), nullable=False),
    Column("choice", String(10), nullable=False),  # seen, website, faq, none, closed
    Column("week", String(8), nullable=False),  # in which it was done
    Column("at", Moment, nullable=False),
    Column("by", String(60), nullable=False),
)
Index("ix_loops_topic_id", loops.c.topic_id)

# What lives among citizens, without names. ``week`` is the ISO week in the organisation's time zone.
signals = Table(
    "signals",
    metadata,
    _id(),
    _case(nullable=True),
    Column("at", Moment, nullable=False),
    Column("week", String(8), nullable=False),
    Column("department", String(60), nullable=False),  # empty when unknown
    Column("topic_id", Integer, ForeignKey("topics.id")),
    Column("kind", String(20), nullable=False),
    Column("sentiment", String(10), nullable=False),
    Column("place", String(10), nullable=False),
    Column("platform", String(20), nullable=False),
    Column("ground", String(40), nullable=False),
    Column("comes_back", Boolean, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("text", Text, nullable=False),  # masked and looked at by a person; empty until then
    Column("by", String(60), nullable=False),
)
# A digest counts from this one alone, and reads its oldest words in the order of the next.
Index(
    "ix_signals_week",
    signals.c.week, signals.c.department, signals.c.topic_id, signals.c.kind, signals.c.answered, signals.c.ground,
)  # fmt: skip
WITH_WORDS = signals.c.text != literal_column("''")  # written out, so that the index is found to fit
_partial(
    "ix_signals_words", WITH_WORDS,
    signals.c.week, signals.c.kind, signals.c.at, signals.c.id, signals.c.department, signals.c.answered,
)  # fmt: skip
Index("ix_signals_topic_id", signals.c.topic_id, signals.c.at)
Index("ix_signals_case_id", signals.c.case_id)

# Which department was told which week; without a department, the communications lead of a policy to look at again.
# The key is what makes a digest come once, however many processes run.
digests = Table(
    "digests",
    metadata,
    Column("week", String(8), primary_key=True),
    Column("department", String(60), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("message_id", Integer, ForeignKey("messages.id")),
)

# Answers that everybody may use once an antenna approved them.
faq = Table(
    "faq",
    metadata,
    _id(),
    Column("version", Integer, nullable=False),
    Column("status", String(10), nullable=False),  # proposed, approved, review, retired
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),  # je-form, or for both
    Column("answer_formal", Text, nullable=False),  # u-form; empty when there is none
    Column("both", Boolean, nullable=False),  # somebody found that the one answer is fit for je and for u
    Column("department", String(60), nullable=False),
    Column("tags", Text, nullable=False),  # comma separated
    Column("language", String(8), nullable=False),
    Column("links", Text, nullable=False),  # one a line
    Column("valid_from", String(10)),  # a date, that day included
    Column("valid_until", String(10)),  # a date, that day included
    Column("owner", String(60), nullable=False),  # who keeps it right; empty when nobody does
    Column("case_id", Integer, ForeignKey("cases.id")),  # where it came from
    Column("changed", Moment, nullable=False),
    Column("changed_by", String(60), nullable=False),
    Column("looked_at", Moment, nullable=False),  # when a person last found it right, or wrote it
    Column("review", String(10), nullable=False),  # why it is to be looked at again: unused, expired; empty otherwise
    Column("used", Integer, nullable=False),
    Column("last_used", Moment),
)
Index("ix_faq_status", faq.c.status, faq.c.id, faq.c.version)
Index("ix_faq_case_id", faq.c.case_id)

# What an entry was at each version, who made it so and why. One that is not ``kept`` is what somebody wrote while another
# changed the entry: it waits until they decide to put it in the place of the other's.
faq_history = Table(
    "faq_history",
    metadata,
    _id(),
    Column("entry_id", Integer, ForeignKey("faq.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("who", String(60), nullable=False),
    Column("why", String(20), nullable=False),  # a code
    Column("note", Text, nullable=False),  # the reason in words, where one was given
    Column("kept", Boolean, nullable=False),
    Column("content", Text, nullable=False),  # JSON of bot.faq.Content
)
Index("ix_faq_history_entry_id", faq_history.c.entry_id, faq_history.c.version)

# Questions for which nothing was found, masked.
faq_gaps = Table(
    "faq_gaps",
    metadata,
    _id(),
    _case(nullable=True),
    Column("at", Moment, nullable=False),
    Column("department", String(60), nullable=False),  # empty when unknown
    Column("text", Text, nullable=False),  # masked
    Column("open", Boolean, nullable=False),
    UniqueConstraint("case_id"),
)
Index("ix_faq_gaps_open", faq_gaps.c.open, faq_gaps.c.id)

# Words that mean the same in this town, added from chat: who said so, when, and who took them away again.
faq_words = Table(
    "faq_words",
    metadata,
    _id(),
    Column("words", Text, nullable=False),  # one a line
    Column("at", Moment, nullable=False),
    Column("by", String(60), nullable=False),
    Column("dropped", Moment),
    Column("dropped_by", String(60)),
)

# Numbers that rise with each change of something, so that whoever derived something from it sees that it is behind.
counters = Table(
    "counters",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("number", Integer, nullable=False),
)

# A warning for an author known only by a keyed hash.
strikes = Table(
    "strikes",
    metadata,
    _id(),
    _case(),
    Column("author", String(48), nullable=False),
    Column("at", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("undone", Moment),  # taken back by a person: it counts no more
    Column("undone_by", String(60)),
    UniqueConstraint("case_id"),
)
Index("ix_strikes_author", strikes.c.author)

# What was reported to the police, Unia or another body, and what came of it.
reports = Table(
    "reports",
    metadata,
    _id(),
    _case(),
    Column("body", String(20), nullable=False),
    Column("on_day", String(10), nullable=False),  # a date
    Column("by", String(60), nullable=False),
    Column("at", Moment, nullable=False),  # when it was noted here
    Column("reference", Text, nullable=False),
    Column("answer", Text),
    Column("answered", Moment),
)
Index("ix_reports_case_id", reports.c.case_id)
# Two authors that somebody knows to be one person, said by hand in a case about another one.
aliases = Table(
    "aliases",
    metadata,
    _id(),
    _case(),
    Column("other_case", Integer, ForeignKey("cases.id"), nullable=False),
    Column("one", String(48), nullable=False),  # keyed hashes
    Column("other", String(48), nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", String(60), nullable=False),
    Column("undone", Moment),
    Column("undone_by", String(60)),
)
Index("ix_aliases_one", aliases.c.one)
Index("ix_aliases_other", aliases.c.other)
Index("ix_aliases_case_id", aliases.c.case_id)

# A citizen's objection to what was done, in their own words, and what somebody else than the deciders made of it. ``standing`` is the
# case's number until it is answered, so that one waits at a time.
objections = Table(
    "objections",
    metadata,
    _id(),
    _case(),
    Column("standing", Integer, unique=True),
    Column("at", Moment, nullable=False),
    Column("by", String(60), nullable=False),  # who took it down
    Column("text", Text, nullable=False),
    Column("reviewer", String(60), nullable=False),
    Column("decided", Moment),
    Column("decided_by", String(60)),
    Column("measure", String(20)),  # what it was changed to; empty when upheld
    Column("reason", Text),  # our own words
)
Index("ix_objections_case_id", objections.c.case_id)

# "This weighs on me", "a colleague is targeted": for that person's eyes only, gone when the case closes.
private_flags = Table(
    "private_flags",
    metadata,
    Column("case_id", Integer, ForeignKey("cases.id"), primary_key=True),
    Column("person", String(60), primary_key=True),
    Column("flag", String(30), primary_key=True),
)

# What a moderator used last, so that the intake form need not be filled in twice.
preferences = Table(
    "preferences",
    metadata,
    Column("person", String(60), primary_key=True),
    Column("place", String(10), nullable=False),
    Column("platform", String(20), nullable=False),
)

# The trees and policies that cases were walked with, so that a change never rewrites an old case.
versions = Table(
    "versions",
    metadata,
    Column("kind", String(10), primary_key=True),  # tree, policy; faq: that the sample was taken
    Column("version", String(60), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("content", Text, nullable=False),
)


def insert_new(conn: Connection, table: Table, **values: Any) -> bool:
    """Insert the row unless one with the same key is there; returns whether it was new. Waits for a rival that is inserting it."""
    return conn.execute(_insert_new(conn.dialect.name, table), values).rowcount == 1


@cache
def _insert_new(dialect: str, table: Table) -> Insert:
    statement: Insert = upsert(dialect, table).on_conflict_do_nothing()
    return statement


def upsert(dialect: str, table: Table) -> Any:
    """The database's own INSERT, which knows ON CONFLICT. The other database's dialect is not loaded."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
