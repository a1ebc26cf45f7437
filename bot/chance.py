"""Whether a count rose or fell beyond what chance explains: exact tests on counts, pure numbers, no signals and no words.

Counts of a week are taken as Poisson ones that spread half again as wide, and wider where the weeks before did (quasi-Poisson).
Everything conditions on the sum of the counts compared, so nothing but the counts themselves is needed: Przyborowski and Wilenski (1940);
for the interval Clopper and Pearson (1934).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, lgamma, log

SPREAD = 1.5  # variance by mean that is taken for granted: people write about the same thing together
ALARM = 0.01  # chance that, in one week in which nothing changed, at least one topic of the organisation is called a rise
WEEKS = 8  # before this one, that it is compared with
LEAST_WEEKS = 3  # of those, before anything can be said
TINY = 1e-300  # in place of a division by nothing
LEAST_COUNT = 3  # a rise of fewer signals than this is none, however rare


@dataclass(frozen=True, slots=True)
class Change:
    """How a weekly rate changed: after ÷ before, with the interval that holds the true ratio in 95 of 100 such cases."""

    before: float  # a week
    after: float
    ratio: float
    low: float
    high: float

    @property
    def fell(self) -> bool:
        return self.high < 1

    @property
    def rose(self) -> bool:
        return self.low > 1


def chance_of(count: int, before: Sequence[int]) -> float:
    """How likely so many signals in one week are when nothing changed since the weeks ``before``; 1.0 when nothing can be said.

    Given the sum, the count of one of n + 1 equal weeks is binomial with 1/(n + 1). Both counts are divided by the dispersion first.
    """
    if len(before) < LEAST_WEEKS or count < LEAST_COUNT:
        return 1.0
    wide = dispersion(before)
    return tail(count / wide, sum(before) / wide, 1 / (len(before) + 1))


def is_rise(count: int, before: Sequence[int], topics: int) -> bool:
    """Whether the count is a rise, one of ``topics`` that are looked at in the same week (Bonferroni).

    ``count`` may be that of a week not yet over: it only grows, so looking at every signal is looking once.
    """
    return chance_of(count, before) < ALARM / max(topics, 1)


def dispersion(counts: Sequence[int]) -> float:
    """Variance by mean, at least ``SPREAD``."""
    mean = sum(counts) / len(counts) if counts else 0.0
    if len(counts) < 2 or not mean:
        return SPREAD
    return max(SPREAD, sum((count - mean) ** 2 for count in counts) / (len(counts) - 1) / mean)


def change(before: Sequence[int], after: Sequence[int]) -> Change | None:
    """How the rate changed between two runs of weeks; ``None`` when one has no week or both have no count.

    The interval is that of a conditional binomial, widened as the weeks before are.
    """
    if not before or not after or not (sum(before) or sum(after)):
        return None
    wide = dispersion(before)
    early, late = sum(before) / wide, sum(after) / wide
    share = len(before) / len(after)
    low = _odds(_beta_quantile(0.025, late, early + 1)) if late else 0.0
    high = _odds(_beta_quantile(0.975, late + 1, early)) if early else inf
    mean_before, mean_after = sum(before) / len(before), sum(after) / len(after)
    ratio = mean_after / mean_before if mean_before else inf
    return Change(mean_before, mean_after, ratio, low * share, high * share)


def tail(count: float, others: float, share: float) -> float:
    """P(X ≥ count) for X binomial of ``count + others`` with chance ``share``; of whole numbers exactly, else between them."""
    return 1.0 if count <= 0 else beta(count, others + 1, share)


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else inf


def _beta_quantile(chance: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if beta(a, b, middle) < chance else (low, middle)
    return (low + high) / 2


def beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), to some 12 digits: DLMF 8.17.22 by Lentz's method."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    above, below = 1.0, 1 / (1 - (a + b) * x / (a + 1) or TINY)
    total = below
    for m in range(1, 1_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for part in (even, odd):
            below = 1 / (1 + part * below or TINY)
            above = 1 + part / above or TINY
            total *= above * below
        if abs(above * below - 1) < 1e-14:
            break
    return min(1.0, front * total)
