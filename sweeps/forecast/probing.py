"""Measure, on this machine, how long trials like those of a plan take: a few steps of each kind. Imports torch.

In: planned trials. Out: `Rates`. Writes nothing that stays.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from search_spaces.resources import Resources
from sweeps.forecast.rates import Rates, measure_rates
from sweeps.planning.plan import PlannedTrial
from xlt_core.plan import TrialPlan
from xlt_core.probe import Probe, probe_trial
from xlt_core.process_state import reset_process_state
from xlt_core.recipe import PretrainSpec
from xlt_core.train import train
from xlt_core.workspace import Workspace
from xlt_core.world.pretrain import prepare_pretraining

_NUM_BEFORE = 1
"""Steps before those that are timed: the first makes what all others find made."""
_NUM_TIMED = 3


def probe_rates(trials: Iterable[PlannedTrial], resources: Resources) -> Rates:
    """Take a few steps of one trial of each kind, with the threads and memory that it will have.

    Raises:
        XltError: data or an encoder cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="xlt-probe-") as scratch:
        workspace = Workspace(
            root=Path(scratch),
            num_threads=max(1, int(resources.cpu)),
            micro_batch_size=resources.micro_batch_size,
        )

        reset_process_state(workspace.num_threads, workspace.memory_fraction)

        def probe(plan: TrialPlan) -> Probe:
            return probe_trial(plan, workspace)

        return measure_rates(trials, probe, time_pretraining)


def time_pretraining(spec: PretrainSpec) -> float:
    """Seconds of a step of making the embedded world's encoder."""
    objective, optim = prepare_pretraining(spec)
    train(objective, optim, seed=spec.seed, until_step=_NUM_BEFORE)
    num_timed = min(_NUM_TIMED, spec.num_steps)
    return train(objective, optim, seed=spec.seed, until_step=num_timed).wall_seconds / num_timed
