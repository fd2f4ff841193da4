import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.report.figures.theme import VERDICTS as DRAWN_VERDICTS
from results.report.wording import MARKS, NOTHING, VERDICTS, is_missing, plain, probability, spread


def test_every_verdict_has_a_mark_of_its_own_and_figures_know_the_same_ones():
    assert set(MARKS) == set(VERDICTS) == set(DRAWN_VERDICTS)
    assert len(set(MARKS.values())) == len(MARKS)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0204, "p = .020"), (0.0009, "p < .001"), (1.0, "p = 1.000"), (None, ""), (math.nan, "")],
)
def test_a_p_value_is_written_as_papers_do(value, text):
    assert probability(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NOTHING), (math.nan, NOTHING), (True, "yes"), (3.0, "3"), (-2.0, "−2"), (0.03, "0.03"), (1.234, "1.23"),
        (-0.5, "−0.5"), ("a", "a"), (7, "7"), (math.inf, "inf"),
    ],
)  # fmt: skip
def test_values_are_written_with_few_digits(value, text):
    assert plain(value) == text


@given(st.floats(min_value=-1e6, max_value=1e6))
def test_a_written_number_is_near_the_value(value):
    assert float(plain(value).replace("−", "-")) == pytest.approx(value, abs=0.006, rel=0.006)


def test_what_is_missing_is_told_from_zero_and_from_no_text():
    assert [is_missing(value) for value in (None, math.nan, 0, 0.0, "")] == [True, True, False, False, False]


def test_a_spread_is_one_number_where_all_are_equal():
    assert spread([5, 5]) == "5"
    assert spread([5, 3, 4]) == "3 to 5"
