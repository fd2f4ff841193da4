import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.quantiles import row_quantiles

PROBABILITIES = (0.0, 0.025, 0.25, 0.5, 0.975, 1.0)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 60))
def test_they_are_those_of_numpy(seed: int, num_rows: int, num_draws: int):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(num_rows, num_draws)).round(generator.integers(0, 3))
    expected = np.quantile(values, PROBABILITIES, axis=1)
    np.testing.assert_allclose(row_quantiles(values, PROBABILITIES), expected, rtol=0, atol=1e-12)


def test_a_row_with_a_nan_has_none_and_others_have():
    values = np.array([[1.0, np.nan, 3.0], [1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(row_quantiles(values, (0.5,)), [[np.nan, 2.0]])
