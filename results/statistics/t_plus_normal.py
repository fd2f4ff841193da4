"""The distribution of a Student t times one scale plus a normal times another. In: scales, df. Out: tails, quantiles.

It is what an error looks like of which one part was estimated from a few values and the other from many. Both scales 0:
everything lies at 0.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.optimize.elementwise import find_root
from scipy.special import chdtri, ndtr, ndtri, stdtrit

FloatArray = npt.NDArray[np.float64]

_STEPS_A_DEVIATION, _NEGLIGIBLE = 2.5, 1e-24
_MAX_ENTRIES = 2**22
_MAX_ROWS = 2**13
_MAX_LOG_RATIO = 8.0
_NUM_HALVINGS = 40


def survival(x: npt.ArrayLike, t_scale: npt.ArrayLike, normal_scale: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    """P(t_scale * T + normal_scale * Z > x), elementwise; NaN in, NaN out.

    T is Z' / sqrt(C / df) with C chi-squared: given C the sum is normal, so that one integral over log C is left, done
    by the trapezoidal rule, whose error falls exponentially for such integrands.
    """
    arrays = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (x, t_scale, normal_scale, df)))
    flat_x, flat_t, flat_normal, flat_df = (array.ravel() for array in arrays)
    result = np.full(flat_x.shape, np.nan)
    for one_df in np.unique(flat_df[np.isfinite(flat_df)]):
        ratios, weights = _mixture(float(one_df))
        (places,) = np.nonzero(flat_df == one_df)
        for part in np.array_split(places, 1 + len(places) * len(weights) // _MAX_ENTRIES):
            scale = np.sqrt(flat_t[part, None] ** 2 * ratios + flat_normal[part, None] ** 2)
            with np.errstate(divide="ignore", invalid="ignore"):
                standardised = flat_x[part, None] / scale
            result[part] = ndtr(-standardised) @ weights
    is_point = (flat_t == 0) & (flat_normal == 0)
    result[is_point] = np.where(flat_x[is_point] < 0, 1.0, 0.0)
    return result.reshape(arrays[0].shape)


def quantile(
    probability: npt.ArrayLike, t_scale: npt.ArrayLike, normal_scale: npt.ArrayLike, df: npt.ArrayLike
) -> FloatArray:
    """The x with P(t_scale * T + normal_scale * Z <= x) = `probability`, elementwise; above one half only."""
    arrays = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (probability, t_scale, normal_scale, df)))
    given, t, normal, degrees = (array.ravel() for array in arrays)
    of_t, of_normal = stdtrit(degrees, given) * t, ndtri(given) * normal
    result: FloatArray = of_t + of_normal  # exact where one of the scales is 0, NaN where anything is
    (mixed,) = np.nonzero((t > 0) & (normal > 0) & np.isfinite(result))
    if len(mixed):
        unit = np.hypot(t, normal)[mixed]

        def excess(x: FloatArray, tail: FloatArray, t: FloatArray, normal: FloatArray, df: FloatArray) -> FloatArray:
            return np.log(survival(x, t, normal, df) / tail)

        found = find_root(
            excess,
            (0.999 * np.maximum(of_t, of_normal)[mixed] / unit, 1.001 * result[mixed] / unit),
            args=(1 - given[mixed], t[mixed] / unit, normal[mixed] / unit, degrees[mixed]),
            tolerances={"xrtol": 1e-10},
        )
        result[mixed] = np.where(found.success, found.x * unit, np.nan)
    return result.reshape(arrays[0].shape)


def detectable(
    power: float, probability: npt.ArrayLike, t_scale: npt.ArrayLike, normal_scale: npt.ArrayLike, df: npt.ArrayLike
) -> FloatArray:
    """The true value that exceeds its quantile at `probability` with probability `power`, elementwise; power above 1/2.

    The t scale that is given is taken for the true one. What a try finds of it varies from try to try, and the quantile
    with it. Without a normal part this is the noncentrality of a t test.
    """
    arrays = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (probability, t_scale, normal_scale, df)))
    table = np.stack([array.ravel() for array in arrays])
    result = np.full(table.shape[1], np.nan)
    is_known = np.isfinite(table).all(axis=0)
    for one_probability, one_df in np.unique(table[[0, 3]][:, is_known], axis=1).T:
        (places,) = np.nonzero(is_known & (table[0] == one_probability) & (table[3] == one_df))
        for part in np.array_split(places, 1 + len(places) // _MAX_ROWS):
            result[part] = _detectable(power, float(one_probability), table[1, part], table[2, part], float(one_df))
    return result.reshape(arrays[0].shape)


def _detectable(power: float, probability: float, t: FloatArray, normal: FloatArray, df: float) -> FloatArray:
    """For rows of one level and number of degrees of freedom."""
    ratios, weights = _mixture(df, steps_a_deviation=6.0, negligible=1e-6)
    found_t, own_normal = t[:, None] / np.sqrt(ratios), normal[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.clip(np.nan_to_num(np.log(found_t / own_normal)), -_MAX_LOG_RATIO, _MAX_LOG_RATIO)
    critical = np.hypot(stdtrit(df, probability) * found_t, ndtri(probability) * own_normal)
    critical *= _quantile_over_hypotenuse(probability, df)(logs)
    spread = np.maximum(np.hypot(t, normal), np.finfo(np.float64).tiny)
    low, high = np.zeros(len(t)), critical.max(axis=1, initial=0.0) + 10 * spread
    for _ in range(_NUM_HALVINGS):
        middle = (low + high) / 2
        reached = ndtr((middle[:, None] - critical) / spread[:, None]) @ weights
        low, high = np.where(reached < power, middle, low), np.where(reached < power, high, middle)
    return np.where(np.hypot(t, normal) > 0, high, 0.0)


@lru_cache(maxsize=256)
def _quantile_over_hypotenuse(probability: float, df: float) -> CubicSpline:
    """A quantile over the root of the sum of squares of those of both parts, by the log of t scale / normal scale."""
    logs = np.linspace(-_MAX_LOG_RATIO, _MAX_LOG_RATIO, 81)
    parts = np.hypot(stdtrit(df, probability) * np.exp(logs), ndtri(probability))
    return CubicSpline(logs, quantile(probability, np.exp(logs), 1.0, df) / parts)


@lru_cache(maxsize=64)
def _mixture(
    df: float, steps_a_deviation: float = _STEPS_A_DEVIATION, negligible: float = _NEGLIGIBLE
) -> tuple[FloatArray, FloatArray]:
    """Values of df / C and their weights, which sum to 1."""
    lowest = 2 * np.log(negligible) / df + np.log(df) - 1
    highest = np.log(chdtri(df, negligible))
    step = np.sqrt(2 / (df + 3)) / steps_a_deviation
    logs = np.arange(lowest, highest + step, step)
    log_density = df * logs / 2 - np.exp(logs) / 2
    weights = np.exp(log_density - log_density.max())
    return df * np.exp(-logs), weights / weights.sum()
