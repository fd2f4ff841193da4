import numpy as np
from scipy import stats

from results.analysis import Analysis
from results.statistics.differences import PairedDifference
from results.statistics.estimation import estimate_rows
from tests.results.statistics.drafts import make_draft

DELTAS = np.array([1.0, 2.0, 4.0])


def _difference(deltas: np.ndarray) -> PairedDifference:
    return PairedDifference(seeds=(0, 1, 2), deltas=deltas, influences={}, residual_variance=0.0)


def test_numbers_stand_in_the_rows_that_have_them() -> None:
    own = _difference(DELTAS)
    drafts = [make_draft(), make_draft(difference=own, logit_difference=own), make_draft(difference=own)]
    numbers = estimate_rows(drafts, Analysis(margin=1.0))
    known = stats.ttest_1samp(DELTAS, 0)
    np.testing.assert_allclose(numbers.delta, [np.nan, DELTAS.mean(), DELTAS.mean()])
    np.testing.assert_allclose(numbers.p[1:], known.pvalue)
    np.testing.assert_allclose(numbers.se[1:], DELTAS.std(ddof=1) / np.sqrt(3))
    np.testing.assert_allclose(numbers.df[1:], 2)
    np.testing.assert_allclose(numbers.delta_logit, [np.nan, DELTAS.mean(), np.nan])
    levels = np.array([0.5, 0.9, 0.99])
    interval = numbers.points.interval(levels)
    for row in (1, 2):
        expected = known.confidence_interval(levels[row])
        np.testing.assert_allclose([interval.low[row], interval.high[row]], tuple(expected))
    assert np.isnan(interval.low[0])


def test_equivalence_is_tested_at_the_margin_of_the_analysis() -> None:
    draft = make_draft(difference=_difference(DELTAS), logit_difference=None)
    numbers = estimate_rows([draft], Analysis(margin=1.0))
    above = stats.ttest_1samp(DELTAS, -1.0, alternative="greater").pvalue
    below = stats.ttest_1samp(DELTAS, 1.0, alternative="less").pvalue
    np.testing.assert_allclose(numbers.p_no_loss, above)
    np.testing.assert_allclose(numbers.p_equivalence, max(above, below))


def test_without_any_spread_neither_a_loss_nor_a_difference_is_ruled_out() -> None:
    numbers = estimate_rows([make_draft(difference=_difference(np.zeros(3)))], Analysis(margin=1.0))
    assert (numbers.delta[0], numbers.se[0], numbers.p[0]) == (0.0, 0.0, 1.0)
    assert np.isnan([numbers.p_no_loss[0], numbers.p_equivalence[0]]).all()


def test_a_stricter_level_detects_less() -> None:
    draft = make_draft(difference=_difference(DELTAS), logit_difference=None)
    numbers = estimate_rows([draft], Analysis())
    assert numbers.detectable(np.array([0.99]))[0] > numbers.detectable(np.array([0.95]))[0] > 0


def test_no_rows_are_no_error() -> None:
    assert estimate_rows([], Analysis()).delta.shape == (0,)
