"""From domain to cards and forms: the only place where sentences of the interface are put together. Reads nothing, decides nothing.

A file holds the sentences of one capability, as functions that take the `Wording` first.
"""

from bot.wording import (
    case,
    checklist,
    crisis,
    digest,
    directory,
    dossier,
    escalation,
    facts,
    faq,
    intake,
    objections,
    overview,
    record,
    reports,
    signals,
    strikes,
    support,
    topics,
)
from bot.wording.words import Wording, language_of

__all__ = [
    "Wording",
    "case",
    "checklist",
    "crisis",
    "digest",
    "directory",
    "dossier",
    "escalation",
    "facts",
    "faq",
    "intake",
    "language_of",
    "objections",
    "overview",
    "record",
    "reports",
    "signals",
    "strikes",
    "support",
    "topics",
]
