"""The passes of one step: the log of an array taken apart, and what a probe leaves behind."""

import pytest
import torch

from tests.contracts.perturbation_contract import gradients_of, make_step
from tests.factories import build_batch, build_model
from xlt_core.model import TrialModel
from xlt_core.passes import Passes, autocast, select_member
from xlt_core.perturbations.base import build_perturbation
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.perturbations.step import Sizes

LENGTHS = (5, 9, 4)


def build_passes(model: TrialModel, method: str) -> Passes:
    perturbation, sizes = build_perturbation([PerturbationSpec(method=method, magnitude=0.2)]), Sizes()
    model.train()
    return Passes(model, perturbation, [make_step(model, build_batch(LENGTHS), perturbation.spec, sizes=sizes)], sizes)


def test_a_trials_part_of_a_log_is_its_own_numbers_and_those_of_all():
    log = {"loss": torch.tensor([1.0, 2.0]), "num_forwards": 3.0}
    assert {name: float(value) for name, value in select_member(log, 1).items()} == {"loss": 2.0, "num_forwards": 3.0}


@pytest.mark.parametrize("method", ["none", "pgd", "sam", "r_drop"])
def test_everything_that_is_measured_has_a_number_a_trial(method):
    passes = build_passes(build_model(dropout=0.1), method)
    log = passes.take() | passes.probe()
    assert {"loss", "clean_loss", "num_forwards", "num_backwards", "num_weight_gradients"} <= log.keys()
    assert {name: value.shape for name, value in log.items() if isinstance(value, torch.Tensor)} == {
        name: (1,) for name in log if not name.startswith("num_")
    }


def test_a_probe_leaves_gradients_and_training_as_they_were():
    model = build_model(dropout=0.1)
    passes = build_passes(model, "pgd")
    passes.take()
    before = gradients_of(model)
    first, second = passes.probe(), passes.probe()
    assert first == second, "without dropout"
    assert all(map(torch.equal, gradients_of(model), before))
    assert all(module.training for module in model.modules())


def test_weights_that_are_moved_for_a_second_round_come_back_to_the_bit_even_where_it_breaks(monkeypatch):
    model = build_model()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    passes = build_passes(model, "sam")
    rounds: list[int] = []
    accumulate = passes._accumulate

    def break_in_the_second() -> torch.Tensor:
        rounds.append(1)
        if len(rounds) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return accumulate()

    monkeypatch.setattr(passes, "_accumulate", break_in_the_second)
    with pytest.raises(torch.OutOfMemoryError):
        passes.take()
    assert all(map(torch.equal, model.parameters(), before))


def test_only_a_gpu_computes_in_bfloat16():
    with autocast(torch.device("cpu")):
        assert not torch.is_autocast_enabled("cpu")
