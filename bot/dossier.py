"""The evidence dossier: who may take it, what is missing for its receiver, and everything that goes into it, as data.

Drawing, packing and signing are an adapter's. Third parties' data are masked unless the receiver is the police.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import bindparam, select

from bot import reports, showing, wording
from bot.cards import Block
from bot.case import Case, advice, load_case, outcomes, save, standing
from bot.comment_text import clean, cut, is_address, is_blank
from bot.masking import mask
from bot.roster import holds_role, may
from bot.tables import evidence, masks, timeline, upsert
from bot.work import Refused, Work
from flows.authorities import Authority

Thousandth = int  # of a picture's width or height
Box = tuple[Thousandth, Thousandth, Thousandth, Thousandth]  # left, top, width, height
MOST_BOXES = 60
YEAR = timedelta(days=365)
LONGEST_REASON = 500
_boxes: TypeAdapter[list[tuple[int, int, int, int]]] = TypeAdapter(list[tuple[int, int, int, int]])

_SHOTS = (
    select(evidence.c.id, evidence.c.at, evidence.c.by, evidence.c.media, evidence.c.sha256, masks.c.boxes)
    .outerjoin(masks, masks.c.evidence_id == evidence.c.id)
    .where(evidence.c.case_id == bindparam("number"))
    .order_by(evidence.c.id)
)
_TIMELINE = select(timeline).where(timeline.c.case_id == bindparam("number")).order_by(timeline.c.number)


class PictureLost(Exception):
    """A screenshot can no longer be opened, so nothing of it can be masked or shown."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"screenshot {number}")


@dataclass(frozen=True, slots=True)
class Shot:
    """A screenshot of the case. ``boxes``: what of it is covered; ``None``: nobody looked yet."""

    evidence: int
    at: datetime
    by: str
    media: str
    sha256: str
    boxes: tuple[Box, ...] | None

    @property
    def suffix(self) -> str:
        """The end of its file's name."""
        return {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}.get(self.media, "bmp")


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that keeps a dossier from being made: a key of the catalogue, with its values."""

    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom, and what only a person can say: whether the context is on the picture, whether it happened in Belgium."""

    receiver: Authority
    context: bool = False
    belgium: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything of one case for one receiver. ``record``: the same as data (JSON); ``chain``: the timeline's newest link."""

    case: int
    receiver: Authority
    receiver_name: str
    masked: bool
    language: str
    organisation: str
    title: str
    made: datetime
    by: str
    chapters: tuple[Chapter, ...]
    shots: tuple[Shot, ...]
    record: dict[str, Any]
    chain: str
    length: int


def asked(work: Work, case: Case, values: Mapping[str, str]) -> Asked:
    """What came back from the form; raises ``Refused`` for a receiver that is not offered."""
    receiver = next((name for name in receivers(work, case) if name == values.get("receiver")), None)
    if receiver is None:
        raise Refused("refused.choose_body")
    reason = cut(clean(values.get("reason", "")), LONGEST_REASON)[0]
    return Asked(receiver, values.get("context") == "yes", values.get("belgium") == "yes", reason)


def receivers(work: Work, case: Case) -> tuple[Authority, ...]:
    """For whom a dossier of the case can be made: the bodies it may be reported to that ask for something, and always the police."""
    offices = work.house.authorities.bodies
    found = [name for _, name in reports.bodies(work, case) if offices[name].asks]
    return tuple(dict.fromkeys((*found, "police")))


def must(work: Work, case: Case, reason: str | None = None) -> None:
    """Raise ``Refused`` unless this person may take the dossier: who has the case or was told, and the data-protection officer who
    says why. ``reason=None``: only whether it may be asked for."""
    if may(work.organisation, work.who, "see_originals", standing(work, case)):
        return
    if not holds_role(work.organisation, work.who, "dpo"):
        raise Refused("refused.may_not_see")
    if reason is not None and is_blank(reason):
        raise Refused("refused.dossier_reason")


def as_officer(work: Work, case: Case) -> bool:
    """Whether this person may only take it with a reason that is logged."""
    return not may(work.organisation, work.who, "see_originals", standing(work, case))


def gaps(work: Work, case: Case, asked: Asked) -> tuple[Gap, ...]:
    """What the receiver asks for and is not there, and what it does not treat. Raises ``Refused`` for a purged case."""
    if case.purged is not None:
        raise Refused("refused.purged", number=case.number, when=case.purged)
    office = work.house.authorities.bodies[asked.receiver]
    advised = advice(work, case)
    kept = shots(work, case.number)
    no_picture = advised is not None and advised.image == "drop"  # none may be kept: link and time are the evidence
    found: list[Gap] = []
    if advised is None:
        found.append(Gap("lacks.walk", {}))
    if "link" in office.asks and not case.link.startswith(("http://", "https://")):
        found.append(Gap("lacks.link", {}))
    if "screenshot" in office.asks and not kept and not no_picture:
        found.append(Gap("lacks.screenshot", {}))
    if "time" in office.asks and not case.posted:
        found.append(Gap("lacks.time", {}))
    if "context" in office.asks and kept and not asked.context:
        found.append(Gap("lacks.context", {}))
    if "outside_belgium" in office.refuses and not asked.belgium:
        found.append(Gap("lacks.belgium", {}))
    if "older_than_year" in office.refuses and work.now - happened(work, case) > YEAR:
        found.append(Gap("lacks.too_old", {}))
    if asked.receiver != "police":
        unseen = [str(number) for number, shot in enumerate(kept, 1) if shot.boxes is None]
        if unseen:
            found.append(Gap("lacks.masks", {"numbers": unseen}))
    return tuple(found)


def happened(work: Work, case: Case) -> datetime:
    """When the comment was posted as far as that was written as a date; else when the case was opened."""
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(case.posted.replace("T", " "), form).replace(tzinfo=work.organisation.calendar.zone)
        except ValueError:
            continue
    return case.opened


def shots(work: Work, case: int) -> tuple[Shot, ...]:
    """The screenshots of a case, in the order in which they came."""
    rows = work.conn.execute(_SHOTS, {"number": case}).all()
    return tuple(
        Shot(row.id, row.at, row.by, row.media, row.sha256, None if row.boxes is None else unpack_boxes(row.boxes))
        for row in rows
    )


def unpack_boxes(text: str) -> tuple[Box, ...]:
    """Boxes from JSON, as far as they lie on the picture. Raises ``ValueError``."""
    try:
        found = _boxes.validate_json(text)
    except ValidationError:
        raise ValueError("no boxes") from None
    if len(found) > MOST_BOXES or any(not 0 <= value <= 1000 for box in found for value in box):
        raise ValueError("no boxes")
    return tuple(box for box in found if box[2] and box[3])


def cover(work: Work, case: Case, picture: int, boxes: tuple[Box, ...]) -> None:
    """Keep what of a screenshot is to be covered; no box means that somebody looked and nothing has to be. The original stays."""
    if picture not in {shot.evidence for shot in shots(work, case.number)}:
        raise Refused("refused.stale")
    insert = upsert(work.conn.dialect.name, masks)
    row = {"evidence_id": picture, "boxes": json.dumps(boxes), "by": work.who, "at": work.now}
    new = {name: insert.excluded[name] for name in ("boxes", "by", "at")}
    work.conn.execute(insert.values(**row).on_conflict_do_update(index_elements=["evidence_id"], set_=new))
    save(work, case, "masked", {"picture": picture, "boxes": len(boxes)})


def announced(work: Work, case: Case, asked: Asked) -> None:
    """Log that somebody asked for a dossier, and why where they had to say so."""
    save(work, case, "dossier_asked", {"body": asked.receiver}, asked.reason or None)


def taken(work: Work, number: int, receiver: Authority, manifest: str, reason: str = "") -> None:
    """Log that a dossier left: for whom, and the digest of its manifest."""
    text = cut(clean(reason), LONGEST_REASON)[0]
    save(work, load_case(work, number), "dossier", {"body": receiver, "manifest": manifest}, text or None)


def content(work: Work, picture: int) -> bytes:
    """The untouched bytes of a screenshot."""
    return bytes(work.conn.execute(select(evidence.c.content).where(evidence.c.id == picture)).scalar_one())


def gather(work: Work, number: int, receiver: Authority) -> Dossier:
    """The dossier of a case as data. Raises ``Refused`` for one that is not there or was purged."""
    case = load_case(work, number, lock=False)
    if case.purged is not None:
        raise Refused("refused.purged", number=number, when=case.purged)
    masked = receiver != "police"
    hide: Callable[[str], str] = mask if masked else str
    reader = work.who or (case.moderator or "")
    found = showing.seen(replace(work, who=reader), case, reader)
    rows = work.conn.execute(_TIMELINE, {"number": number}).all()
    pictures = shots(work, number)
    laws = work.house.authorities.law(outcomes(case), case.state.ground, happened(work, case).date())
    words = replace(showing.words_for(work), language=work.organisation.language)
    chapters = wording.dossier.chapters(words, found, receiver, rows, pictures, laws, hide)
    return Dossier(
        case=number,
        receiver=receiver,
        receiver_name=words.office(work.house.authorities, receiver),
        masked=masked,
        language=work.organisation.language,
        organisation=work.organisation.name,
        title=words.t("dossier.title", number=number, organisation=work.organisation.name),
        made=work.now,
        by=words.name(work.who),
        chapters=tuple(Chapter(title, tuple(blocks)) for title, blocks in chapters),
        shots=pictures,
        record=_record(work, case, receiver, rows, hide if masked else None, found.handle),
        chain=case.chain,
        length=case.length,
    )


def _record(work: Work, case: Case, receiver: str, rows: Any, hide: Callable[[str], str] | None, handle: bool) -> dict[str, Any]:
    """The case as data. A masked text goes without its salt: the digest is that of the text as it was."""
    show = hide or str
    entries = []
    for row in rows:
        entry = {"number": row.number, "at": row.at.isoformat(), "who": row.who, "what": row.what, "codes": row.codes}
        entry |= {"digest": row.digest, "chain": row.chain}
        if row.text is not None:
            same = hide is None or hide(row.text) == row.text
            entry |= {"text": show(row.text)} | ({"salt": row.salt} if same else {})
        entries.append(entry)
    state = case.state
    return {
        "case": case.number,
        "receiver": receiver,
        "organisation": work.organisation.name,
        "comment": {
            "text": show(case.text), "link": case.link, "posted": case.posted,
            "post": case.post if is_address(case.post) else show(case.post),
            "author": case.handle if handle else "", "place": state.place, "platform": state.platform,
        },
        "outcomes": list(outcomes(case)),
        "ground": state.ground,
        "path": [[list(pair) for pair in walk.path] for walk in state.walks],
        "tree": f"{case.tree.name} {case.tree_version}",
        "policy": case.policy_version,
        "timeline": entries,
    }  # fmt: skip
