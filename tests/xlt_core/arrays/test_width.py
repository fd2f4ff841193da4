"""Which width is quickest, from what steps of some widths take."""

from types import SimpleNamespace

import pytest
import torch

from tests.contracts.perturbation_contract import build_objective
from xlt_core.arrays import width
from xlt_core.arrays.width import measure_width
from xlt_core.perturbations.spec import PerturbationSpec


def make_member(num_steps: int) -> SimpleNamespace:
    return SimpleNamespace(settings=SimpleNamespace(optim=SimpleNamespace(num_steps=num_steps)))


MEMBER = make_member(1000)


def pretend(monkeypatch, seconds: dict[int, float | None]) -> list[int]:
    """Let a step of each width take so long; give the widths that are asked for."""
    asked: list[int] = []

    def time_together(tunings: list[object], num_steps: int) -> float | None:
        asked.append(len(tunings))
        assert num_steps >= 1
        found = seconds[len(tunings)]
        return None if found is None else found / len(tunings)

    monkeypatch.setattr(width, "_time_alone", lambda _: seconds[1])
    monkeypatch.setattr(width, "_time_together", time_together)
    return asked


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({1: 1.0, 4: 2.0, 8: 3.0}, 8),
        ({1: 1.0, 4: 2.0, 8: 3.95}, 4),  # a hundredth more for each is not worth the other half
        ({1: 1.0, 4: 2.0, 8: 6.0}, 4),
        ({1: 1.0, 4: 3.9, 8: 7.8}, 1),  # nor are less than five hundredths worth an array
        ({1: 1.0, 4: 5.0, 8: 12.0}, 1),
        ({1: 1.0, 4: 2.0, 8: None}, 4),
        ({1: 1.0, 4: None, 8: None}, 1),
    ],
)
def test_the_widest_is_taken_unless_half_as_wide_or_alone_is_as_quick(monkeypatch, seconds, best):
    asked = pretend(monkeypatch, seconds)
    assert measure_width([MEMBER] * 8) == best
    expected = {4: [4], 8: [4, 8, 4, 4]}.get(next((each for each in seconds if seconds[each] is None), 0), [4, 8] * 3)
    assert asked == expected


@pytest.mark.parametrize(("num_members", "asked"), [(2, [2]), (3, [3]), (5, [2, 5])])
def test_widths_are_measured_by_turns_each_but_once_a_round(monkeypatch, num_members, asked):
    found = pretend(monkeypatch, {1: 1.0, 2: 1.0, 3: 1.0, 5: 1.0})
    assert measure_width([MEMBER] * num_members) == num_members
    assert found == asked * 3


@pytest.mark.parametrize(("num_steps", "num_rounds"), [(3, 1), (99, 1), (100, 2), (150, 3), (10_000, 3)])
def test_a_short_training_is_measured_shortly(monkeypatch, num_steps, num_rounds):
    asked = pretend(monkeypatch, {1: 1.0, 2: 1.0})
    assert measure_width([make_member(num_steps)] * 2) == 2
    assert asked == [2] * num_rounds


def test_measuring_changes_no_weight_and_leaves_no_gradient():
    spec = PerturbationSpec(method="gaussian", magnitude=0.1)
    tunings = [build_objective(spec, dropout=0.1, seed=seed) for seed in range(3)]
    before = [parameter.detach().clone() for tuning in tunings for parameter in tuning.module.parameters()]
    assert measure_width(tunings) in (1, 3)
    after = [parameter for tuning in tunings for parameter in tuning.module.parameters()]
    assert all(map(torch.equal, after, before))
    assert all(parameter.grad is None for parameter in after)
    assert len({parameter.untyped_storage().data_ptr() for parameter in after}) == len(after)


def test_what_does_not_fit_into_memory_is_too_wide(monkeypatch):
    def run_out(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    tunings = [build_objective(PerturbationSpec(), seed=seed) for seed in range(2)]
    monkeypatch.setattr(width.ArrayFineTuning, "backward", run_out)
    assert measure_width(tunings) == 1
    storages = {parameter.untyped_storage().data_ptr() for one in tunings for parameter in one.module.parameters()}
    assert len(storages) == 2 * len(list(tunings[0].module.parameters()))


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("a kernel is missing")

    monkeypatch.setattr(width.ArrayFineTuning, "backward", fail)
    with pytest.raises(RuntimeError, match="a kernel is missing"):
        measure_width([build_objective(PerturbationSpec(), seed=seed) for seed in range(2)])
