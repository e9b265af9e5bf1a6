"""How figures are written, and what they are means of."""

from __future__ import annotations

import numpy as np
import pytest

from brigade.batch.estimate import Estimate, Interval, interval, mean_of_known, share_interval, wilson
from brigade.batch.numbers import NONE, mean_and_error, measured, with_error, with_interval


def test_a_mean_and_its_error_are_written_alike_in_one_piece_and_in_two() -> None:
    for estimate in (Estimate(-0.04, 0.26, 3), Estimate(12.34, None, 1), Estimate(None, None, 0)):
        for sign in (False, True):
            mean, error = mean_and_error(estimate, 1, sign)
            assert with_error(estimate, 1, sign) == (f"{mean} ({error})" if error else mean)
    assert mean_and_error(Estimate(-0.04, 0.26, 3), sign=True) == ("+0.0", "0.3")
    assert mean_and_error(Estimate(12.34, None, 1), 0) == ("12", "")
    assert mean_and_error(Estimate(None, None, 0)) == (NONE, "")


def test_an_interval_is_written_if_there_is_one() -> None:
    assert with_interval(Interval(1.25, 0.5, 2.0, 4), 2) == "1.25 [0.50, 2.00]"
    assert with_interval(Interval(1.25, None, None, 1)) == "1.2"
    assert with_interval(Interval(None, None, None, 0)) == NONE


@pytest.mark.parametrize(
    ("value", "told"), [(0.012345, "0.0123"), (99.94, "99.9"), (123.4, "123"), (1234567.0, "1,234,567")]
)
def test_what_is_measured_has_three_digits(value: float, told: str) -> None:
    assert measured(value) == told


def test_a_mean_is_of_what_is_known() -> None:
    assert mean_of_known([1.0, None, 2.0]) == 1.5
    assert mean_of_known(iter([True, False])) == 0.5
    assert mean_of_known([None]) is None


def test_wilsons_interval_is_that_of_the_textbooks() -> None:
    for share, of, expected in ((0.8, 10, (0.4902, 0.9433)), (1.0, 10, (0.7225, 1.0)), (0.0, 20, (0.0, 0.1611))):
        assert wilson(share, of) == pytest.approx(expected, abs=1e-4)


def test_the_interval_of_shares_is_never_empty_and_holds_what_is_true() -> None:
    assert share_interval([1.0], [10]) == Interval(1.0, *wilson(1.0, 10), 1)
    assert share_interval([1.0] * 10, [100] * 10) == Interval(1.0, *wilson(1.0, 1000), 10)
    assert share_interval([0.0, 0.0], [5, 5]).high == pytest.approx(wilson(0.0, 10)[1])
    assert share_interval([], []) == Interval(None, None, None, 0)
    for seeds in (2, 3, 8):  # which differ, besides what falls to chance in each
        rng, true, held, alone = np.random.default_rng(seeds), 0.7, 0, 0
        for _ in range(300):
            mine = np.clip(rng.normal(true, 0.1, seeds), 0, 1)
            shares = (rng.binomial(100, mine) / 100).tolist()
            both = share_interval(shares, [100] * seeds)
            held += (both.low or 0) <= true <= (both.high or 1)
            pooled = wilson(float(np.mean(shares)), 100 * seeds)  # which knows nothing of seeds
            alone += pooled[0] <= true <= pooled[1]
        assert held / 300 > 0.92
        assert alone / 300 < 0.8  # so it is told apart from an interval that is too narrow
    widths = [share_interval((rng.binomial(100, [0.7] * 10) / 100).tolist(), [100] * 10) for _ in range(200)]
    mean_width = np.mean([(each.high or 0) - (each.low or 0) for each in widths])
    assert 0.05 < mean_width < 0.075  # seeds that do not differ: Wilson's of 1,000 cases is 0.057
    assert interval([1.0, 2.0, 3.0]).low == pytest.approx(1.0, abs=0.4)
