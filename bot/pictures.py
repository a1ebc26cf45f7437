"""The pictures of a case: taken in, read in place of a missing text, and gone where an outcome lets none be kept."""

from dataclasses import dataclass

from sqlalchemy import select

from bot import signals
from bot.case import Case
from bot.comment_text import clean, is_blank
from bot.events import Image
from bot.outbox import again
from bot.tables import cases, comments, evidence
from bot.work import Refused, Work

MOST = 10  # pictures of one case


@dataclass(frozen=True, slots=True)
class Offered:
    """Pictures that came with an event and may go to a case: their numbers, and the text that was read from them."""

    numbers: tuple[int, ...] = ()
    text: str = ""

    def attach(self, work: Work, case: int) -> None:
        """Make them the evidence of a case."""
        if not self.numbers:
            return
        work.conn.execute(evidence.update().where(evidence.c.id.in_(self.numbers)).values(case_id=case))

    def drop(self, work: Work) -> None:
        """Keep nothing of them."""
        if not self.numbers:
            return
        work.conn.execute(evidence.delete().where(evidence.c.id.in_(self.numbers)))


def offered(work: Work, images: tuple[Image, ...], there: int = 0) -> Offered:
    """Which of these pictures this person may add to a case that has ``there`` already; raises ``Refused`` for too many."""
    if there + len(images) > MOST:
        raise Refused("picture.too_many", most=MOST)
    if not images:
        return Offered()
    rows = work.conn.execute(
        select(evidence.c.id, evidence.c.read_text)
        .where(evidence.c.id.in_([image.evidence for image in images]), evidence.c.case_id.is_(None), evidence.c.by == work.who)
        .order_by(evidence.c.id)
    ).all()
    texts = [text for row in rows if not is_blank(text := clean(row.read_text))]
    return Offered(tuple(row.id for row in rows), "\n\n".join(texts))


def forget(work: Work, case: Case) -> Case:
    """Keep no picture of the case, nor the text that was read from one: link, time and handle stay."""
    if case.state.pictures:
        work.conn.execute(evidence.delete().where(evidence.c.case_id == case.number))
    if case.state.text_read:
        work.conn.execute(comments.update().where(comments.c.case_id == case.number).values(text=""))
        work.conn.execute(cases.update().where(cases.c.id == case.number).values(text_key=None))
        case = signals.forget_words(work, case)  # another outcome's excerpts of it; those that stay due are written anew without
        case = case._replace(text="")
    if case.state.pictures or case.state.text_read:
        again(work, case.number, "case", "thread", "found")
    dropped = case.state.pictures_dropped or case.state.pictures > 0
    return case.with_state(
        pictures=0, pictures_dropped=dropped, text_read=False, text_checked=False, was_cut=case.state.was_cut and bool(case.text)
    )
