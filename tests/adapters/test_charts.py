"""Charts: a real picture on both grounds, whatever the words in it; and the address in which the web chat keeps one."""

import zlib
from base64 import urlsafe_b64encode
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from adapters.charts import Matplotlib
from adapters.web.render import chart_code, chart_of
from bot.cards import Chart

WEEKS = tuple(f"w{week}" for week in range(40, 49))
LINES = Chart(
    "Signalen per week", "Van 1 naar 9.", WEEKS, (("vuilkar", tuple(map(float, range(1, 10)))), ("zwembad", (2.0,) * 9))
)


@pytest.mark.parametrize(
    "chart",
    [
        LINES,
        Chart("Soorten", "Vooral vragen.", ("vraag", "klacht"), (("week 47", (7.0, 2.0)), ("week 46", (3.0, 0.0))), "bars"),
        Chart("Niets", "Geen signalen.", WEEKS, (("vuilkar", (0.0,) * 9),)),
        Chart("", "", (), ()),
        Chart("$x^2$ _niet 💩 漢 \u202e\x00", "", ("$a$",), (("_weg $", (1.0,)), ("$\\frac", (2.0,)))),
    ],
    ids=["lines", "bars", "zeroes", "empty", "hostile"],
)
def test_it_is_a_picture_for_a_telephone(chart: Chart) -> None:
    """A PNG of 1440 × 960 points; its ground is light, or dark where that is asked."""
    for dark in (False, True):
        picture = Image.open(BytesIO(Matplotlib().draw(chart, dark=dark)))
        assert (picture.format, picture.size) == ("PNG", (1440, 960))
        corner = picture.convert("L").getpixel((2, 2))
        assert isinstance(corner, int | float)
        assert (corner < 80) == dark


NUMBERS = st.floats(0, 1e6, allow_nan=False)


@settings(max_examples=40)
@given(st.text(max_size=40), st.lists(st.tuples(st.text(max_size=30), st.lists(NUMBERS, min_size=3, max_size=3)), max_size=6))
def test_an_address_holds_a_chart(title: str, series: list[tuple[str, list[float]]]) -> None:
    """What the web chat draws is what stood on the card, save the words beside it."""
    said = title.encode("utf-8", "replace").decode()
    rows = tuple((name.encode("utf-8", "replace").decode(), tuple(values)) for name, values in series)
    chart = Chart(said, "woorden", ("a", "b", "c"), rows)
    assert chart_of(chart_code(chart)) == Chart(said, "", ("a", "b", "c"), rows)


@pytest.mark.parametrize(
    "said",
    [
        b"{}",
        b'["t",["a"],[["x",[1,2]]],"lines"]',
        b'["t",["a"],[["x",[1e999]]],"lines"]',
        b'["t",["a"],[["x",[1]]],"pie"]',
        b'["t",["a"],1,"lines"]',
        b" " * 10_000_000,
        b"[" * 15_000,
    ],
)
def test_another_address_holds_none(said: bytes) -> None:
    """What somebody makes up is no chart, nor does it cost memory."""
    with pytest.raises(ValueError, match="no chart"):
        chart_of(urlsafe_b64encode(zlib.compress(said)).decode().rstrip("="))
    with pytest.raises(ValueError, match="no chart"):
        chart_of("geen")
