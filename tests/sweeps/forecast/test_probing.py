"""Rates from a few real steps."""

import pytest

from search_spaces.resources import Resources
from sweeps.forecast.probing import probe_rates
from sweeps.planning.plan import plan_sweep
from tests.sweeps.factories import make_space


@pytest.mark.slow
def test_a_probe_tells_the_time_of_every_stage_and_trial() -> None:
    trials = plan_sweep(make_space()).trials
    rates = probe_rates(trials, Resources())
    assert rates.source == "probe"
    for trial in trials:
        for stage in trial.plan.shared_stages:
            seconds = rates.of_stage(stage)
            assert seconds is not None
            assert seconds > 0
        whole = rates.of_trial(trial.plan)
        alone = rates.of_stage(trial.plan.target_stage)
        assert whole is not None
        assert alone is not None
        assert whole > alone > 0
