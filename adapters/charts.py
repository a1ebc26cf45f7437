"""Charts as PNG, for every chat: the one file that knows matplotlib, which is imported when the first chart is drawn."""

import threading
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Final, assert_never

from bot.cards import Chart
from bot.comment_text import excerpt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 4.8, 3.2  # inches; with DPI a picture of 1440 × 960 points: words of 12 are 12 points high on a telephone's 360
DPI = 300
LAST_LETTER = 0x0530  # behind Latin, Greek and Cyrillic the font that matplotlib brings has gaps
LEGEND = 48  # characters of a line of the legend, beneath the axis
MOST = 6  # series in one picture; more cannot be told apart
# Colours that people with a colour deficiency tell apart too (Okabe and Ito, 2008), and as light as each ground asks.
_LIGHT: Final = ("#0072b2", "#b34700", "#00785a", "#9c4f82", "#7a6200", "#3f4750")
_DARK: Final = ("#56b4e9", "#f0a04b", "#3fc79a", "#e49ac6", "#f0e442", "#c3cad1")
_MARKERS: Final = "osD^vX"  # a second sign beside the colour


class Matplotlib:
    """``ports.Charts``. Drawing takes some tenths of a second, a chart that was drawn before none; one at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()  # matplotlib's text layout is not safe for threads

    def draw(self, chart: Chart, *, dark: bool = False) -> bytes:
        """The chart on a light or dark ground as PNG."""
        with self._turn:
            return _png(chart, dark)


@lru_cache(maxsize=128)
def _png(chart: Chart, dark: bool) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ground, ink, soft = ("#25292a", "#eceae6", "#5b6264") if dark else ("#ffffff", "#24272b", "#cfc7ba")
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor=ground, layout="constrained")
    axes = figure.add_subplot(facecolor=ground)
    shown = chart.series[:MOST]
    if chart.labels and shown:
        _plot(axes, chart, shown, _DARK if dark else _LIGHT)
    axes.set_title(_plain(chart.title), loc="left", color=ink, fontsize=12, fontweight="bold")
    axes.tick_params(colors=ink, labelsize=11, length=0)
    axes.grid(axis="y", color=soft, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    if len(shown) > 1:
        columns = max(1, LEGEND // max(len(_name(name)) + 4 for name, _ in shown))
        legend = axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=min(3, columns), frameon=False, fontsize=11, handlelength=1.4
        )
        for text in legend.get_texts():
            text.set_color(ink)
    out = BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(out, format="png", metadata={"Software": ""})
    return out.getvalue()


def _plot(axes: "Axes", chart: Chart, shown: tuple[tuple[str, tuple[float, ...]], ...], colours: tuple[str, ...]) -> None:
    from matplotlib.ticker import MaxNLocator

    places = range(len(chart.labels))
    match chart.kind:
        case "lines":
            for (name, values), colour, marker in zip(shown, colours, _MARKERS, strict=False):
                label = _name(name)
                axes.plot(places, values, color=colour, marker=marker, linewidth=2, markersize=5, label=label, clip_on=False)
        case "bars":
            wide = 0.8 / len(shown)
            for nth, ((name, values), colour) in enumerate(zip(shown, colours, strict=False)):
                at = [place + (nth - (len(shown) - 1) / 2) * wide for place in places]
                axes.bar(at, values, wide * 0.94, color=colour, label=_name(name))
        case _:
            assert_never(chart.kind)
    axes.set_xticks(list(places), [_plain(label) for label in chart.labels])
    most = max(value for _, values in shown for value in values)
    axes.set_ylim(0, most * 1.12 if most > 0 else 1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))


def _name(name: str) -> str:
    """A series as the legend has room for it; its whole name stands in the table beside the chart."""
    return excerpt(_plain(name), LEGEND - 20) or "–"


def _plain(text: str) -> str:
    """Words that the font has and matplotlib takes as they are: ``$`` would be mathematics, a leading underscore leaves out."""
    known = "".join(sign for sign in text if sign.isprintable() and (ord(sign) < LAST_LETTER or 0x2010 <= ord(sign) <= 0x20AC))
    return known.replace("$", r"\$").lstrip("_")
