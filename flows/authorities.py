"""Where to report, and by which law: the table ``authorities.yaml`` and what a municipality changes in it. No case, no clock."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from flows.policy import Frozen
from flows.source import Source, SourceProblems, load, read
from flows.tree import Body, Tree

TABLE = Path(__file__).with_name("authorities.yaml")
Authority = Body | Literal["platform", "dpo", "bipt", "vrm"]
Asked = Literal["link", "screenshot", "context", "time", "reporter"]
Refusal = Literal["older_than_year", "anonymous", "outside_belgium"]
Regime = Literal["code_1867", "code_2024"]
AUTHORITIES: tuple[Authority, ...] = (*get_args(Body), "platform", "dpo", "bipt", "vrm")


Said = dict[Literal["nl", "en"], str]


class Reference(Frozen):
    """Where it is written; ``url`` is empty where no page is meant."""

    title: str = Field(min_length=1)
    url: str = Field(default="", pattern=r"^(https?://\S+)?$")


class Office(Frozen):
    """Who handles what. ``name``, ``takes``, ``reach`` are sentences by language; ``remind_days``: when to ask for news."""

    name: Said
    takes: Said
    reach: Said
    asks: tuple[Asked, ...] = ()
    refuses: tuple[Refusal, ...] = ()
    remind_days: Annotated[int, Field(ge=1, le=365)] | None = None
    sources: tuple[Reference, ...] = Field(min_length=1)
    basis: Literal["documentation", "experience"]


class Situation(Frozen):
    """Who may be told of what a walk ended in. ``ground``: only once a protected ground is given."""

    id: str
    outcomes: tuple[str, ...]
    bodies: tuple[Authority | Literal["by_ground"], ...] = Field(min_length=1)
    ground: bool = False


class Citation(Frozen):
    """A law as a jurist cites it. ``confirmed``: whether the source says this very article."""

    text: str = Field(min_length=1)
    confirmed: bool = True
    source: Reference | None = None


class Law(Frozen):
    """What a law is about. ``grounds``: only with a protected ground; ``only``: with one of these."""

    id: str
    title: Said
    outcomes: tuple[str, ...]
    grounds: bool = False
    only: tuple[str, ...] = ()
    code_1867: Citation
    code_2024: Citation


class Authorities(Frozen):
    """The whole table. ``lawyer``: the sentence that goes with everything taken from it, by language."""

    checked: date
    lawyer: Said
    legal_regime: Literal["by_date"] | Regime
    new_code_from: date
    sure_from: date
    either: str = Field(pattern=r"\{old\}.*\{new\}")
    bodies: dict[Authority, Office]
    situations: tuple[Situation, ...]
    laws: tuple[Law, ...]

    def where(self, tree: Tree, outcomes: tuple[str, ...], ground: str | None) -> tuple[tuple[str, Authority], ...]:
        """(situation, body) pairs for a case, each body once in its first situation."""
        found: dict[Authority, str] = {}
        for item in self.situations:
            if not set(item.outcomes) & set(outcomes) or (item.ground and ground is None):
                continue
            for body in item.bodies:
                at: Authority | None = tree.structure.grounds.get(ground or "") if body == "by_ground" else body
                if at is not None:
                    found.setdefault(at, item.id)
        return tuple((situation, body) for body, situation in found.items())

    def regime(self, day: date) -> Regime:
        """The code that counts for facts of ``day``."""
        if self.legal_regime != "by_date":
            return self.legal_regime
        return "code_2024" if day >= self.new_code_from else "code_1867"

    def law(self, outcomes: tuple[str, ...], ground: str | None, day: date) -> tuple[tuple[Law, Citation], ...]:
        """The laws that a case may fall under, as cited for facts of ``day``."""
        return tuple(
            (law, self._cited(law, day))
            for law in self.laws
            if set(law.outcomes) & set(outcomes)
            and (ground is not None or not (law.grounds or law.only))
            and (not law.only or ground in law.only)
        )

    def _cited(self, law: Law, day: date) -> Citation:
        """A law by the code of ``day``; by both where it is not sure yet which one it was."""
        old, new = law.code_1867, law.code_2024
        if old != new and self.legal_regime == "by_date" and self.new_code_from <= day < self.sure_from:
            return Citation(text=self.either.format(old=old.text, new=new.text), confirmed=False, source=new.source or old.source)
        return new if self.regime(day) == "code_2024" else old

    def __hash__(self) -> int:
        return hash((self.checked, self.legal_regime))


def load_authorities(own: Path | None = None) -> Authorities:
    """The table, with what a municipality's file ``own`` changes if it is there. Raises ``SourceProblems`` with a line for all that is
    wrong; lists are replaced whole, everything else key by key."""
    if own is None or not own.is_file():
        return _shipped()
    changes = read(own)
    merged = _merged(read(TABLE).values, changes.values)
    return _complete(Source(changes.file, merged, changes.lines))


@cache
def _shipped() -> Authorities:
    return _complete(read(TABLE))


def _complete(source: Source) -> Authorities:
    table = load(Authorities, source)
    absent = [name for name in AUTHORITIES if name not in table.bodies]
    if absent:
        raise SourceProblems([source.problem("body {name!r} is missing", "bodies", right="add it", name=name) for name in absent])
    return table


def _merged(known: Any, changes: Any) -> Any:
    if not (isinstance(known, Mapping) and isinstance(changes, Mapping)):
        return changes
    return {**known, **{name: _merged(known.get(name), value) for name, value in changes.items()}}
