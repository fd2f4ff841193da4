import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.errors import UnlikeError
from results.statistics.differences import Scored, average, contrast, subtract
from tests.results.statistics.worlds import score


def _scored(seed, k=3, n=40, examples="shared"):
    return score(np.random.default_rng(seed).random((k, n)) < 0.7, examples)


def _ratio(numerators, denominators, examples="shared"):
    ratio = numerators.sum(axis=1, keepdims=True) / denominators.sum(axis=1, keepdims=True)
    influences = 100 * (numerators - ratio * denominators) / denominators.sum(axis=1, keepdims=True)
    return Scored(100 * ratio[:, 0], {examples: influences.astype(np.float32)})


def test_a_difference_is_taken_seed_by_seed():
    cell, baseline = _scored(0), _scored(1)
    difference = subtract(cell, baseline, (3, 1, 4))
    assert difference.seeds == (3, 1, 4)
    np.testing.assert_allclose(difference.deltas, cell.scores - baseline.scores)


def test_the_residual_is_that_of_a_two_way_analysis_of_variance_with_one_value_a_field():
    k, n = 4, 30
    values = np.random.default_rng(0).standard_normal((k, n)) * 20 + 50
    scored = Scored(values.mean(axis=1), {"a": ((values - values.mean(axis=1, keepdims=True)) / n).astype(np.float32)})
    residuals = values - values.mean(0) - values.mean(1, keepdims=True) + values.mean()
    mean_square = np.square(residuals).sum() / ((k - 1) * (n - 1))
    found = contrast([scored], [1.0], range(k)).residual_variance
    assert found == pytest.approx(mean_square / n, rel=1e-5)


def test_languages_on_one_test_set_are_added_up_and_those_on_others_stay_apart():
    first, second, other = _scored(0), _scored(1), _scored(2, n=25, examples="other")
    mean = average([first, second, other])
    np.testing.assert_allclose(mean.scores, (first.scores + second.scores + other.scores) / 3)
    expected = (first.contributions["shared"] + second.contributions["shared"]) / 3
    np.testing.assert_allclose(mean.contributions["shared"], expected, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(mean.contributions["other"], other.contributions["other"] / 3, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), weight=st.floats(-3, 3))
def test_a_weighted_sum_of_cells_is_linear_in_its_cells(seed, weight):
    cells = [_scored(seed), _scored(seed + 1)]
    both = contrast(cells, [1.0, weight], range(3))
    apart = [contrast([cell], [1.0], range(3)) for cell in cells]
    np.testing.assert_allclose(both.deltas, apart[0].deltas + weight * apart[1].deltas)
    expected = apart[0].influences["shared"] + weight * apart[1].influences["shared"]
    np.testing.assert_allclose(both.influences["shared"], expected, atol=1e-5)


def test_swapping_cell_and_baseline_changes_signs_and_nothing_else():
    there, back = subtract(_scored(0), _scored(1), range(3)), subtract(_scored(1), _scored(0), range(3))
    np.testing.assert_array_equal(there.deltas, -back.deltas)
    np.testing.assert_array_equal(there.influences["shared"], -back.influences["shared"])
    assert there.residual_variance == back.residual_variance


def test_influences_of_a_ratio_say_what_a_draw_does_to_first_order():
    generator = np.random.default_rng(0)
    denominators = generator.integers(1, 30, (1, 2000)).astype(float)
    numerators = generator.binomial(denominators.astype(int), 0.6).astype(float)
    scored = _ratio(numerators, denominators)
    counts = np.bincount(generator.integers(2000, size=2000), minlength=2000)
    exact = 100 * (counts * numerators).sum() / (counts * denominators).sum()
    linear = scored.scores[0] + scored.contributions["shared"][0] @ counts
    assert abs(linear - exact) < 0.02 * abs(exact - scored.scores[0])


def test_cells_on_unlike_examples_are_refused():
    with pytest.raises(UnlikeError, match="unlike examples"):
        subtract(_scored(0), _scored(1, examples="other"), range(3))
    with pytest.raises(UnlikeError, match="40 and 41 examples have one hash"):
        subtract(_scored(0), _scored(1, n=41), range(3))


def test_unlike_numbers_of_seeds_are_refused():
    with pytest.raises(UnlikeError, match="unlike numbers of seed blocks"):
        subtract(_scored(0), _scored(1, k=4), range(3))
    with pytest.raises(UnlikeError, match="2 seeds were given for scores of 3"):
        subtract(_scored(0), _scored(1), range(2))
    with pytest.raises(UnlikeError, match="1 weights were given for 2"):
        average([_scored(0), _scored(1)], [1.0])
