"""Whether a count rose beyond chance: exact where it can be checked, and honest about how often it errs."""

import random
from math import comb, exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chance import ALARM, beta, chance_of, change, dispersion, is_rise, tail


def poisson(mean: float, chance: random.Random) -> int:
    """A count of a week."""
    floor, product, count = exp(-mean), chance.random(), 0
    while product > floor:
        product *= chance.random()
        count += 1
    return count


def spread(mean: float, wide: float, chance: random.Random) -> int:
    """A count whose variance is ``wide`` times its mean: people write about the same thing together."""
    return poisson(chance.gammavariate(mean / (wide - 1), wide - 1), chance) if wide > 1 else poisson(mean, chance)


@given(st.integers(1, 60), st.data(), st.sampled_from([1 / 9, 1 / 4, 1 / 2, 0.9]))
def test_the_tail_is_that_of_the_binomial(count: int, data: st.DataObject, share: float) -> None:
    """Of whole numbers, what adding up its terms gives."""
    least = data.draw(st.integers(1, count))
    exact = sum(comb(count, one) * share**one * (1 - share) ** (count - one) for one in range(least, count + 1))
    assert tail(least, count - least, share) == pytest.approx(exact, rel=1e-9, abs=1e-14)


@given(st.floats(0.2, 500), st.floats(0.2, 500), st.floats(0, 1))
def test_the_beta_function_is_a_share(a: float, b: float, x: float) -> None:
    """Between 0 and 1, and mirrored at the half."""
    assert 0 <= beta(a, b, x) <= 1 + 1e-12
    assert beta(a, b, x) + beta(b, a, 1 - x) == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize(("wide", "most"), [(1.0, ALARM), (1.5, ALARM), (2.0, 6 * ALARM)])
def test_false_alarms_are_as_rare_as_stated(wide: float, most: float) -> None:
    """Of weeks in which nothing changed, at most one in a hundred has a false alarm over all forty topics; where counts spread twice
    as wide as Poisson ones, which nobody promised, six in a hundred."""
    chance, topics = random.Random(f"weeks {wide}"), 40
    false = 0
    for _ in range(700):
        means = [chance.choice((0.3, 1.0, 3.0, 8.0)) for _ in range(topics)]
        false += any(
            is_rise(spread(mean, wide, chance), [spread(mean, wide, chance) for _ in range(8)], topics) for mean in means
        )
    assert false / 700 <= most


@pytest.mark.parametrize(("usual", "now"), [(0.5, 9), (3.0, 17), (10.0, 31)])
def test_a_real_rise_is_seen(usual: float, now: int) -> None:
    """Against forty topics."""
    before = [round(usual * 8) // 8 + (week < round(usual * 8) % 8) for week in range(8)]
    assert is_rise(now, before, 40)
    assert not is_rise(round(usual) + 1, before, 40)


def test_too_little_says_nothing() -> None:
    """Two weeks, or two signals, are no ground for an alarm; more topics ask for more."""
    assert chance_of(50, [1, 1]) == 1.0
    assert not is_rise(2, [0] * 8, 1)
    assert is_rise(6, [0] * 8, 1)
    assert not is_rise(6, [0] * 8, 10_000)
    assert dispersion([]) == dispersion([0, 0, 0]) == 1.5


@pytest.mark.parametrize("fall", [1.0, 0.5, 0.2])
def test_the_interval_holds_the_truth(fall: float) -> None:
    """In at least 95 of 100 cases the true change lies in it."""
    chance, held = random.Random(f"change {fall}"), 0
    for _ in range(400):
        found = change([poisson(6, chance) for _ in range(8)], [poisson(6 * fall, chance) for _ in range(4)])
        held += found is not None and found.low <= fall <= found.high
    assert held / 400 >= 0.95


def test_change_says_what_it_can() -> None:
    """A clear fall, a clear rise, nothing to compare, and something that was not there before."""
    fell, rose = change([8] * 8, [1] * 6), change([2] * 8, [20] * 4)
    assert fell is not None
    assert rose is not None
    assert fell.fell
    assert not fell.rose
    assert rose.rose
    assert change([0] * 8, [0] * 4) is None
    assert change([3] * 8, []) is None
    new = change([0] * 8, [2])
    assert new is not None
    assert new.high == inf
    assert not new.fell
