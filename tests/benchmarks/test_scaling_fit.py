import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scaling_fit import fit_growth

SIZES = (300, 600, 1200, 2500, 5000, 10_000)
NUM_ROUNDS = 3


def measure(exponent: float, constant: float, *, noise: float = 0.0, seed: int = 0) -> tuple[list[float], list[float]]:
    """Costs of which the growing part is 1 at the largest size."""
    sizes = np.repeat(np.array(SIZES, float), NUM_ROUNDS)
    factors = np.exp(np.random.default_rng(seed).normal(0, noise, len(sizes)))
    return sizes.tolist(), ((constant + (sizes / SIZES[-1]) ** exponent) * factors).tolist()


@given(st.floats(0.5, 3.0), st.floats(0.0, 2.0))
def test_a_known_exponent_is_found_beside_any_constant(exponent: float, constant: float):
    found = fit_growth(*measure(exponent, constant))
    assert found.exponent == pytest.approx(exponent, abs=0.03)
    assert found.constant == pytest.approx(constant, abs=0.05)
    assert found.growing_part(SIZES[-1]) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("exponent", [1.0, 2.0])
@pytest.mark.parametrize("constant", [0.0, 0.3])
def test_the_interval_holds_the_exponent_about_as_often_as_it_says(exponent: float, constant: float):
    fits = [fit_growth(*measure(exponent, constant, noise=0.05, seed=seed)) for seed in range(20)]
    assert sum(one.low - 0.005 <= exponent <= one.high + 0.005 for one in fits) >= 17


def test_quadratic_growth_is_told_from_linear_growth_in_noise():
    assert fit_growth(*measure(1.0, 0.5, noise=0.05)).low <= 1.0
    assert fit_growth(*measure(2.0, 0.5, noise=0.05)).low > 1.0


def test_quadratic_growth_that_shows_at_large_sizes_only_is_seen():
    sizes = np.repeat(np.array(SIZES, float), NUM_ROUNDS)
    costs = sizes / 10_000 + (sizes / 10_000) ** 2
    assert fit_growth(sizes.tolist(), costs.tolist()).low > 1.0


@given(st.integers(0, 50))
def test_what_does_not_grow_has_exponent_0(seed: int):
    noise = np.exp(np.random.default_rng(seed).normal(0, 0.02, len(SIZES)))
    found = fit_growth(SIZES, noise.tolist())
    assert found.exponent == 0 or found.growing_part(SIZES[-1]) < 0.15
    assert fit_growth(SIZES, [2.0] * len(SIZES)).exponent == 0


def test_three_sizes_are_too_few():
    with pytest.raises(ValueError, match="3 different sizes"):
        fit_growth([1, 2, 4], [1, 2, 4])
