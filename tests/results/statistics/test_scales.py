import numpy as np
import pytest

from results.statistics.bootstrap import draw_replicates, estimate
from results.statistics.differences import Scored, subtract
from results.statistics.scales import error_reduction, logit_contrast
from tests.results.statistics.worlds import World, score, simulate

SEEDS = range(8)


def _pair(**world):
    cells = simulate(World(num_seeds=8, num_examples=800, **world), np.random.default_rng(0))
    return score(cells[0, 0]), score(cells[1, 0])


def _logit(score):
    return np.log(score / (100 - score))


def test_log_odds_are_those_of_the_mean_scores():
    cell, baseline = _pair(effect=8.0)
    found = estimate([logit_contrast((cell, baseline), (1, -1), SEEDS)])
    assert found.delta[0] == pytest.approx(_logit(cell.scores.mean()) - _logit(baseline.scores.mean()))


def test_error_reduction_is_the_share_of_errors_that_is_gone():
    cell, baseline = _pair(effect=8.0)
    found = estimate([error_reduction(cell, baseline, SEEDS)])
    expected = (cell.scores.mean() - baseline.scores.mean()) / (100 - baseline.scores.mean())
    assert found.delta[0] == pytest.approx(expected)


@pytest.mark.parametrize("measure", ["logit", "errors"])
def test_their_intervals_are_those_of_the_replicates_of_cell_and_baseline_carried_over(measure):
    """Independent of the delta method: replicates of both means, each put on the other scale."""
    cell, baseline = _pair(effect=5.0, seed_sd=2.0)
    alone = [logit_contrast((one,), (1,), SEEDS) for one in (cell, baseline)]
    means = 100 / (1 + np.exp(-draw_replicates(alone, num_draws=20_000)))
    if measure == "logit":
        difference = logit_contrast((cell, baseline), (1, -1), SEEDS)
        carried = _logit(means[:, 0]) - _logit(means[:, 1])
    else:
        difference = error_reduction(cell, baseline, SEEDS)
        carried = (means[:, 0] - means[:, 1]) / (100 - means[:, 1])
    interval = estimate([difference]).interval(0.9)
    width = interval.high[0] - interval.low[0]
    low, high = np.quantile(carried, [0.05, 0.95])
    assert high - low == pytest.approx(width, rel=0.12)
    assert (low + high) / 2 == pytest.approx((interval.low[0] + interval.high[0]) / 2, abs=0.1 * width)


def test_near_the_middle_a_point_is_a_twenty_fifth_in_log_odds():
    cell, baseline = _pair(base=50.0, effect=1.0)
    points, logits = estimate([subtract(cell, baseline, SEEDS), logit_contrast((cell, baseline), (1, -1), SEEDS)]).se
    assert logits == pytest.approx(points / 25, rel=0.02)


def test_there_are_no_log_odds_of_0_and_100_and_no_errors_to_reduce_where_there_are_none():
    perfect, good = Scored(np.full(8, 100.0), {}), Scored(np.linspace(80, 90, 8), {})
    assert np.isnan(estimate([logit_contrast((perfect, good), (1, -1), SEEDS)]).delta[0])
    assert np.isnan(estimate([error_reduction(good, perfect, SEEDS)]).interval().low[0])
    assert estimate([error_reduction(perfect, good, SEEDS)]).delta[0] == pytest.approx(1.0)
