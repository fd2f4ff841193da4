"""Noise of several laws in one array: each trial's step is the one that it takes alone."""

import pytest
import torch

from tests.contracts.perturbation_contract import CPU, build_objective, gradients_of
from xlt_core.arrays.objective import ArrayFineTuning, build_array_perturbation, stack_models
from xlt_core.encoders.dropout import seed_masks
from xlt_core.errors import SpecError
from xlt_core.perturbations.mixed_noise import MixedNoise
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.streams import stream_seed

SPECS = (
    PerturbationSpec(),
    PerturbationSpec(method="gaussian", magnitude=0.3),
    PerturbationSpec(method="uniform", magnitude=0.7, norm="linf", mask="non_pad"),
    PerturbationSpec(method="uniform", magnitude=0.2, granularity="sequence", unit="absolute"),
    PerturbationSpec(method="neftune", magnitude=5.0),
)


def test_trials_under_other_laws_of_noise_and_under_none_take_the_steps_that_they_take_alone():
    tunings = [build_objective(spec, dropout=0.1, seed=seed) for seed, spec in enumerate(SPECS)]
    alone = []
    for tuning in tunings:
        tuning.module.train()
        seed_masks(stream_seed(tuning.seed, "dropout", 1), CPU)
        alone.append((tuning.backward(1), gradients_of(tuning.module)))
    stack = stack_models(tunings)
    array = ArrayFineTuning(tunings, stack)
    stack.model.train()
    stack.forget_gradients()
    logs = array.backward(1)
    stack.hand_out_gradients()
    for tuning, log, (known, gradients) in zip(tunings, logs, alone, strict=True):
        assert {name: float(value) for name, value in log.items()} == {
            name: pytest.approx(float(value), rel=1e-5, abs=1e-6) for name, value in known.items()
        }, "of plain training no more than it logs alone"
        for one, other in zip(gradients_of(tuning.module), gradients, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=2e-6)


def test_noise_of_several_laws_costs_one_pass():
    assert MixedNoise(SPECS).cost() == (1, 1, 1)


def test_trials_under_one_law_share_its_own_class_and_those_of_other_kinds_are_refused():
    noisy = [build_objective(SPECS[1]), build_objective(SPECS[1])]
    assert not isinstance(build_array_perturbation(noisy), MixedNoise)
    with pytest.raises(SpecError, match=r"differ in more than .*; train them apart"):
        build_array_perturbation([noisy[0], build_objective(PerturbationSpec(method="pgd", magnitude=0.1))])


@pytest.mark.parametrize("changed", [{"granularity": "sequence"}, {"norm": "linf"}, {"unit": "absolute"}])
def test_one_law_with_other_settings_is_mixed_and_with_other_magnitudes_is_not(changed):
    def build(*specs: PerturbationSpec) -> object:
        return build_array_perturbation([build_objective(spec, seed=seed) for seed, spec in enumerate(specs)])

    small, large = (PerturbationSpec(method="gaussian", magnitude=magnitude) for magnitude in (0.1, 0.2))
    assert isinstance(build(small, PerturbationSpec(method="gaussian", magnitude=0.2, **changed)), MixedNoise)
    assert not isinstance(build(small, large), MixedNoise)
