"""How figures are written, and what they are means of."""

from __future__ import annotations

import pytest

from brigade.batch.estimate import Estimate, Interval, mean_of_known
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
