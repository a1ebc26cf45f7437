"""A tree as a picture for the people who approve it: Mermaid for a document, SVG for the wall.

The SVG is laid out here: questions in columns by how far they lie from a beginning, each with its choices as
labelled arrows. An outcome stands at the end of every arrow that leads to it, so that no line crosses the
page. Pure: the same tree gives the same bytes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from unicodedata import combining, east_asian_width

from flows.tree import Choice, Disposition, Outcome, Place, Tree, Words

Colour = Disposition | None  # None: the policy decides
# Band and tint, dark enough to read (WCAG AA); its word stands beside each: colour is never the only sign.
COLOURS: Mapping[Colour, tuple[str, str]] = {
    "modereer": ("#b42318", "#fdeeec"),
    "volg op": ("#475467", "#f0f2f5"),
    "bied hulp": ("#067647", "#e9f9f0"),
    "koppel door": ("#9a5b00", "#fff6e0"),
    None: ("#5925dc", "#f2f0fe"),
}


@dataclass(frozen=True, slots=True)
class Captions:
    """The few words on the picture that are not the tree's own, in its language."""

    title: str
    subtitle: str
    dispositions: Mapping[Disposition, str]
    by_policy: str
    places: Mapping[Place, str]


def colour(outcome: Outcome) -> Colour:
    """The outcome's disposition, or ``None`` when it differs with the policy."""
    found = {item.be for item in outcome.disposition}
    return found.pop() if len(found) == 1 else None


def mermaid(tree: Tree, captions: Captions, language: str) -> str:
    """The tree as a Mermaid flowchart; every outcome once."""
    words = tree.said(language)
    lines = ["---", f'title: "{captions.title.translate(_PLAIN)}"', "---", "flowchart LR"]
    for question, places in _beginnings(tree):
        said = _label(" · ".join(captions.places[place] for place in places))
        lines.append(f'  at_{"_".join(places)}(["{said}"]):::begin --> q_{question}')
    for question, choices in tree.questions.items():
        lines.append(f'  q_{question}("{_label(words.questions[question].ask)}"):::question')
        for choice in choices:
            end = f"q_{choice.question}" if choice.question else f"o_{choice.outcome}"
            label = _label(words.questions[question].choices[choice.id])
            lines.append(f'  q_{question} -- "{label}" --> {end}')
    for name, outcome in tree.outcomes.items():
        lines.append(f'  o_{name}["{_label(words.outcomes[name].title)}"]:::{_CLASSES[colour(outcome)]}')
    lines.append("  classDef begin fill:#101828,stroke:#101828,color:#ffffff")
    lines.append("  classDef question fill:#ffffff,stroke:#344054,stroke-width:2px,color:#101828")
    for kind, name in _CLASSES.items():
        band, tint = COLOURS[kind]
        lines.append(f"  classDef {name} fill:{tint},stroke:{band},color:#101828")
    return "\n".join(lines) + "\n"


def svg(tree: Tree, captions: Captions, language: str) -> str:
    """The tree as a self-contained SVG picture that needs no font, script or network."""
    return "\n".join(_Picture(tree, tree.said(language), captions).lines(language)) + "\n"


# --- Mermaid ---------------------------------------------------------------------------------------------

_CLASSES: Mapping[Colour, str] = {
    "modereer": "moderate",
    "volg op": "follow",
    "bied hulp": "help",
    "koppel door": "connect",
    None: "policy",
}
_PLAIN = str.maketrans({'"': "'", "\n": " ", "\\": "/"})


def _label(text: str) -> str:
    """Text inside Mermaid's quotes: what it would take as its own signs becomes a character code."""
    line = " ".join(text.split())
    return "".join(char if char.isalnum() or char in " ,.?!:()·’–-" else f"#{ord(char)};" for char in line)


def _beginnings(tree: Tree) -> list[tuple[str, tuple[Place, ...]]]:
    """Every first question with the places that begin there."""
    firsts = tree.structure.begin
    names = dict.fromkeys(firsts.values())
    return [(name, tuple(place for place in firsts if firsts[place] == name)) for name in names]


# --- the SVG's layout ------------------------------------------------------------------------------------

_ASK, _FAN, _CHOICE, _REACH, _END, _GUTTER = 236, 44, 228, 34, 236, 120  # widths, left to right, in pixels
_COLUMN = _ASK + _FAN + _CHOICE + _REACH + _END + _GUTTER
_ENTRY, _MARGIN, _HEAD = 196, 48, 132
_ROW, _BETWEEN_ROWS, _BETWEEN, _LANE = 42, 10, 40, 26
_TEXT, _SMALL, _BOLD = 14.0, 11.5, 15.5  # sizes of type
_SWEEPS = 12

_NARROW, _SLIM, _WIDE = frozenset("iljI.,:;'’|!"), frozenset('ftr()[]-–/ "·'), frozenset("mwMW@%—…→")


def _width(text: str, size: float, *, bold: bool = False) -> float:
    """The most that a text takes in the usual sans-serif fonts, in pixels: a picture carries no font."""
    units = 0.0
    for char in text:
        if combining(char):
            continue
        if char in _NARROW:
            units += 0.34
        elif char in _SLIM:
            units += 0.41
        elif char in _WIDE or east_asian_width(char) in "WF":
            units += 1.0
        else:
            units += 0.72 if char.isupper() else 0.63
    return units * size * (1.1 if bold else 1.0)


def _wrap(text: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """The text in lines of at most ``room`` pixels; a word that is longer than a line is broken."""
    lines: list[str] = []
    for word in text.split():
        while _width(word, size, bold=bold) > room:
            fits = (n for n in range(1, len(word)) if _width(word[: n + 1], size, bold=bold) > room)
            cut = next(fits, 1)
            lines.append(word[:cut])
            word = word[cut:]
        if lines and _width(f"{lines[-1]} {word}", size, bold=bold) <= room:
            lines[-1] += f" {word}"
        elif word:
            lines.append(word)
    return lines or [""]


@dataclass(slots=True)
class _Row:
    """One choice: its label, and where its arrow ends."""

    label: list[str]
    choice: Choice
    title: list[str]
    kind: Colour
    top: float
    height: float

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


@dataclass(slots=True)
class _Node:
    """A question with its rows, or the lane of an arrow that passes a column on its way."""

    name: str
    column: int
    height: float
    rows: list[_Row]
    ask: list[str]
    aid: list[str]
    y: float = 0.0

    @property
    def entry(self) -> float:
        return self.height / 2


@dataclass(frozen=True, slots=True)
class _Arrow:
    """From a row of one node (a lane has no rows) to a node in the next column."""

    start: _Node
    row: _Row | None
    end: _Node

    @property
    def offset(self) -> float:
        """Where it leaves, from the top of its node."""
        return self.row.middle if self.row else self.start.entry


class _Picture:
    """The layout of one tree, then its drawing."""

    def __init__(self, tree: Tree, words: Words, captions: Captions) -> None:
        self.tree, self.words, self.captions = tree, words, captions
        self.columns, self.arrows, self.trails = self._place()
        self._order()
        self._settle()

    # nodes and arrows

    def _place(self) -> tuple[list[list[_Node]], list[_Arrow], list[list[_Arrow]]]:
        depth = _depths(self.tree)
        columns: list[list[_Node]] = [[] for _ in range(max(depth.values()) + 1)]
        nodes = {name: self._question(name, depth[name]) for name in _in_reading_order(self.tree)}
        for node in nodes.values():
            columns[node.column].append(node)
        trails: list[list[_Arrow]] = []
        for node in nodes.values():
            for row in node.rows:
                if row.choice.question is None:
                    continue
                end = nodes[row.choice.question]
                trail: list[_Arrow] = []
                here, at = node, row
                for column in range(node.column + 1, end.column):
                    lane = _Node("", column, _LANE, [], [], [])
                    columns[column].append(lane)
                    trail.append(_Arrow(here, at if here is node else None, lane))
                    here = lane
                trail.append(_Arrow(here, at if here is node else None, end))
                trails.append(trail)
        return columns, [arrow for trail in trails for arrow in trail], trails

    def _question(self, name: str, column: int) -> _Node:
        said = self.words.questions[name]
        rows: list[_Row] = []
        top = 0
        for choice in self.tree.questions[name]:
            label = _wrap(said.choices[choice.id], _CHOICE - 28, _TEXT)
            title: list[str] = []
            kind: Colour = None
            height = max(_ROW, len(label) * 18 + 16)
            if choice.outcome is not None:
                title = _wrap(self.words.outcomes[choice.outcome].title, _END - 34, _TEXT, bold=True)
                kind = colour(self.tree.outcomes[choice.outcome])
                height = max(height, len(title) * 18 + 30)
            rows.append(_Row(label, choice, title, kind, top, height))
            top += height + _BETWEEN_ROWS
        ask = _wrap(said.ask, _ASK - 36, _BOLD, bold=True)
        aid = _wrap(said.help, _ASK - 36, _SMALL) if said.help else []
        box = len(ask) * 20 + len(aid) * 15 + 32
        height = max(top - _BETWEEN_ROWS, box)
        for row in rows:  # a question longer than its choices: they stand in its middle
            row.top += (height - (top - _BETWEEN_ROWS)) / 2
        return _Node(name, column, height, rows, ask, aid)

    # which stands above which, and how high

    def _order(self) -> None:
        """Fewest crossings: each column by the middle of its neighbours, to and fro; the best sweep stays."""
        best = [list(column) for column in self.columns]
        fewest = self._crossings()
        for sweep in range(_SWEEPS):
            forward = sweep % 2 == 0
            for column in self.columns[1:] if forward else self.columns[-2::-1]:
                rank = {id(node): float(index) for index, node in enumerate(column)}
                places = self._ports()
                for node in column:
                    if forward:
                        near = [places[id(arrow)] for arrow in self.arrows if arrow.end is node]
                    else:
                        near = [self._rank(arrow.end) for arrow in self.arrows if arrow.start is node]
                    if near:
                        rank[id(node)] = sum(near) / len(near)
                column.sort(key=lambda node: rank[id(node)])
            crossings = self._crossings()
            if crossings < fewest:
                fewest, best = crossings, [list(column) for column in self.columns]
        self.columns = best

    def _rank(self, node: _Node) -> float:
        return float(next(index for index, other in enumerate(self.columns[node.column]) if other is node))

    def _ports(self) -> dict[int, float]:
        """How far down its column each arrow leaves, in nodes and parts of them."""
        return {id(arrow): self._rank(arrow.start) + arrow.offset / (arrow.start.height + 1) for arrow in self.arrows}

    def _crossings(self) -> int:
        ports = self._ports()
        ends = [(arrow.start.column, ports[id(arrow)], self._rank(arrow.end)) for arrow in self.arrows]
        return sum(
            one[0] == other[0] and (one[1] - other[1]) * (one[2] - other[2]) < 0
            for index, one in enumerate(ends)
            for other in ends[index + 1 :]
        )

    def _settle(self) -> None:
        """Heights: as straight as the arrows can be without two nodes touching."""
        for column in self.columns:
            _stack(column, [0.0] * len(column))
        for sweep in range(_SWEEPS + 1):
            forward = sweep % 2 == 0
            for column in self.columns if forward else self.columns[::-1]:
                _stack(column, [self._wish(node, forward=forward) for node in column])
        top = min(node.y for column in self.columns for node in column)
        for column in self.columns:
            for node in column:
                node.y = round(node.y - top, 1)

    def _wish(self, node: _Node, *, forward: bool) -> float:
        """The height at which the node's arrows, those coming in or those going out, would be straight."""
        if forward:
            near = [arrow.start.y + arrow.offset - node.entry for arrow in self.arrows if arrow.end is node]
        else:
            near = [arrow.end.y + arrow.end.entry - arrow.offset for arrow in self.arrows if arrow.start is node]
        return sum(near) / len(near) if near else node.y

    # drawing

    def lines(self, language: str) -> Iterator[str]:
        bottom = max(node.y + node.height for column in self.columns for node in column)
        width = _MARGIN * 2 + _ENTRY + len(self.columns) * _COLUMN - _GUTTER
        height = _HEAD + bottom + _MARGIN + 34
        title, subtitle = escape(self.captions.title), escape(self.captions.subtitle)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="title desc" '
            f'lang="{escape(language)}">'
        )
        yield f'<title id="title">{title}</title><desc id="desc">{subtitle}</desc>'
        yield f"<style>{_STYLE}</style>"
        yield (
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerUnits="userSpaceOnUse" '
            'markerWidth="13" markerHeight="13" orient="auto">'
            '<path d="M0 0.8 10 5 0 9.2 2.4 5z" fill="#475467"/></marker></defs>'
        )
        yield f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>'
        yield f'<text x="{_MARGIN}" y="62" class="head">{title}</text>'
        yield from self._legend(width)
        yield f'<text x="{_MARGIN}" y="{height - 26:g}" class="foot">{subtitle}</text>'
        yield f'<g transform="translate({_MARGIN + _ENTRY} {_HEAD})">'
        yield from self._trails()
        for question, places in _beginnings(self.tree):
            yield from self._entry(question, [self.captions.places[place] for place in places])
        for column in self.columns:
            for node in column:
                if node.name:
                    yield from self._node(node)
        yield "</g></svg>"

    def _legend(self, width: float) -> Iterator[str]:
        used = {colour(outcome) for outcome in self.tree.outcomes.values()}
        x = width - _MARGIN
        for kind in reversed([kind for kind in COLOURS if kind in used]):
            band, tint = COLOURS[kind]
            text = self.captions.dispositions[kind] if kind else self.captions.by_policy
            wide = _width(text, 15, bold=True) + 44
            x -= wide
            yield f'{_box(x, 36, wide, 36, 8)} fill="{tint}" stroke="{band}"/>'
            yield f'{_box(x + 12, 48, 12, 12, 3)} fill="{band}"/>'
            yield f'<text x="{x + 32:g}" y="59" class="key">{escape(text)}</text>'
            x -= 14

    def _trails(self) -> Iterator[str]:
        arriving: dict[int, list[list[_Arrow]]] = {}
        for trail in self.trails:
            arriving.setdefault(id(trail[-1].end), []).append(trail)
        for trails in arriving.values():
            trails.sort(key=lambda trail: trail[-1].start.y + trail[-1].offset)
            for index, trail in enumerate(trails):
                yield self._trail(trail, (index - (len(trails) - 1) / 2) * 14)

    def _trail(self, trail: Sequence[_Arrow], apart: float) -> str:
        first = trail[0]
        x = first.start.column * _COLUMN + _ASK + _FAN + _CHOICE
        y = first.start.y + first.offset
        path = [f"M{x:g} {y:g}"]
        for arrow in trail:
            leave = (arrow.start.column + 1) * _COLUMN - _GUTTER + 8
            reach = arrow.end.column * _COLUMN - (3 if arrow is trail[-1] else 8)
            to = arrow.end.y + arrow.end.entry + (apart if arrow is trail[-1] else 0)
            bend = (reach - leave) * 0.55
            path.append(f"H{leave:g}C{leave + bend:g} {y:g} {reach - bend:g} {to:g} {reach:g} {to:g}")
            y = to
        return f'<path d="{"".join(path)}" class="way"/>'

    def _entry(self, question: str, places: list[str]) -> Iterator[str]:
        """The places of comments that begin at this question, under each other."""
        node = next(node for column in self.columns for node in column if node.name == question)
        signs = [_wrap(place, _ENTRY - 64, _TEXT, bold=True) for place in places]
        x, wide = node.column * _COLUMN - _ENTRY, _ENTRY - 40
        y = node.y + node.entry - (sum(len(sign) * 19 + 20 for sign in signs) + 14 * (len(signs) - 1)) / 2
        for sign in signs:
            high = len(sign) * 19 + 20
            start, end = y + high / 2, node.y + node.entry + (y + high / 2 - node.y - node.entry) * 0.3
            yield f'{_box(x, y, wide, high, min(high / 2, 22))} class="place"/>'
            yield _text(x + wide / 2, y + 10, sign, 19, "place")
            bow = f"C{x + wide + 20} {start:g} {x + wide + 14} {end:g} {x + wide + 37} {end:g}"
            yield f'<path d="M{x + wide} {start:g}{bow}" class="way"/>'
            y += high + 14

    def _node(self, node: _Node) -> Iterator[str]:
        x, y = node.column * _COLUMN, node.y
        middle = y + node.entry
        for row in node.rows:
            at = y + row.middle
            start, end = x + _ASK, x + _ASK + _FAN
            near, far = start + _FAN * 0.6, end - _FAN * 0.6
            bow = f"M{start} {middle:g}C{near:g} {middle:g} {far:g} {at:g} {end} {at:g}"
            yield f'<path d="{bow}" class="fan"/>'
            high = len(row.label) * 18 + 16
            yield f'{_box(end, at - high / 2, _CHOICE, high, min(high / 2, 17))} class="choice"/>'
            yield _text(end + 14, at - high / 2 + 8, row.label, 18, "label")
            if row.choice.outcome is not None:
                yield from self._end(row, end + _CHOICE, at)
        high = len(node.ask) * 20 + len(node.aid) * 15 + 32
        top = middle - high / 2
        yield f'{_box(x, top, _ASK, high, 14)} class="ask"/>'
        yield _text(x + 18, top + 14, node.ask, 20, "ask")
        if node.aid:
            yield _text(x + 18, top + 18 + len(node.ask) * 20, node.aid, 15, "aid")

    def _end(self, row: _Row, x: float, at: float) -> Iterator[str]:
        band, tint = COLOURS[row.kind]
        text = self.captions.dispositions[row.kind] if row.kind else self.captions.by_policy
        left, high = x + _REACH, len(row.title) * 18 + 30
        top = at - high / 2
        yield f'<path d="M{x:g} {at:g}H{left - 3:g}" class="way"/>'
        yield f'{_box(left, top, _END, high, 8)} fill="{tint}" stroke="{band}"/>'
        yield f'{_box(left, top, 8, high, 4)} fill="{band}"/>'
        yield _text(left + 20, top + 6, row.title, 18, "end")
        yield _text(left + 20, top + 6 + len(row.title) * 18, [text], 16, "kind", f' style="fill:{band}"')


_STYLE = (
    "text{font-family:'Segoe UI','Helvetica Neue',Arial,'DejaVu Sans',sans-serif;fill:#101828}"
    ".head{font-size:32px;font-weight:700}.key{font-size:15px;font-weight:600}"
    "text.foot{font-size:12px;fill:#667085}"
    f"text.ask{{font-size:{_BOLD}px;font-weight:700}}text.aid{{font-size:{_SMALL}px;fill:#475467}}"
    f".label{{font-size:{_TEXT}px}}.end{{font-size:{_TEXT}px;font-weight:600}}"
    f"text.kind{{font-size:{_SMALL}px}}"
    f"text.place{{font-size:{_TEXT}px;font-weight:600;fill:#ffffff;text-anchor:middle}}"
    "rect.place{fill:#101828}rect.ask{fill:#ffffff;stroke:#101828;stroke-width:2}.choice{fill:#f2f4f7}"
    ".fan{fill:none;stroke:#98a2b3;stroke-width:1.5}"
    ".way{fill:none;stroke:#475467;stroke-width:1.8;marker-end:url(#tip)}"
)


def _box(x: float, y: float, width: float, height: float, round_: float) -> str:
    """The opening of a rounded rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_:g}"'


def _text(x: float, top: float, lines: Iterable[str], leading: float, kind: str, more: str = "") -> str:
    """Lines of type with the top of the first at ``top``."""
    spans = "".join(
        f'<tspan x="{x:g}" y="{top + (index + 0.75) * leading:.1f}">{escape(line)}</tspan>' for index, line in enumerate(lines)
    )
    return f'<text class="{kind}"{more}>{spans}</text>'


def _in_reading_order(tree: Tree) -> list[str]:
    """Every question, as one comes by them from the beginnings, first choice first."""
    found: dict[str, None] = {}
    todo = [name for name, _ in reversed(_beginnings(tree))]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = None
            todo += [choice.question for choice in reversed(tree.questions[name]) if choice.question]
    # What only "something else too" leads to comes last.
    return [*found, *(name for name in tree.questions if name not in found)]


def _depths(tree: Tree) -> dict[str, int]:
    """The column of each question: one past the furthest question that leads to it. A tree has no loops."""
    leads = {name: {choice.question for choice in choices if choice.question} for name, choices in tree.questions.items()}
    depth: dict[str, int] = dict.fromkeys(leads, 0)
    for _ in leads:
        for name, targets in leads.items():
            for target in targets:
                depth[target] = max(depth[target], depth[name] + 1)
    return depth


def _stack(column: Sequence[_Node], wishes: Sequence[float]) -> None:
    """Give each node the height nearest to its wish that keeps order and space between (pooled means)."""
    pools: list[list[float]] = []  # sum of wishes, how many
    offset = 0.0
    offsets: list[float] = []
    for node, wish in zip(column, wishes, strict=True):
        offsets.append(offset)
        pools.append([wish - offset, 1])
        offset += node.height + (_BETWEEN if node.name else _BETWEEN / 2)
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] >= pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    levels = [total / count for total, count in pools for _ in range(int(count))]
    for node, level, before in zip(column, levels, offsets, strict=True):
        node.y = level + before
