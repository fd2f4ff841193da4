"""Cells to parameters of Optuna and back."""

from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.draws import RandomChooser
from search_spaces.expand import propose_cell
from search_spaces.space import SearchSpace
from sweeps.search.parameters import RecordingChooser, TrialChooser, find_parameters, label_options
from tests.sweeps.search.factories import searched
from xlt_core.streams import numpy_generator

AXES: dict[str, Any] = {
    "target.perturbation": [
        {"method": ["gaussian", "uniform"], "magnitude": [0.0, {"log_uniform": [0.01, 1.0]}]},
        {"method": "pgd", "magnitude": [0.0, 0.5], "num_ascent_steps": {"integer": [1, 4]}},
    ],
    "intermediate": ["none", {"task": "world", "dose": [0.0, 0.5, {"uniform": [0.6, 1.0]}]}],
    "evaluation.languages": [["src", "kin-hi"], "all"],
}


def space() -> SearchSpace:
    return searched(axes=AXES)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6))
def test_parameters_that_are_found_make_the_cell(seed: int) -> None:
    drawn = propose_cell(space(), RandomChooser(numpy_generator(seed, "test")))
    parameters = find_parameters(space(), drawn.spec)
    assert parameters is not None
    trial = optuna.trial.FixedTrial(parameters.values)
    assert propose_cell(space(), TrialChooser(trial)).spec == drawn.spec  # type: ignore[arg-type]
    assert set(trial.distributions) == set(parameters.values)
    assert trial.distributions == parameters.distributions, "as Optuna makes them"


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_what_was_recorded_makes_the_cell(seed: int) -> None:
    recorder = RecordingChooser(RandomChooser(numpy_generator(seed, "test")))
    drawn = propose_cell(space(), recorder)
    trial = optuna.trial.FixedTrial(recorder.parameters.values)
    assert propose_cell(space(), TrialChooser(trial)).spec == drawn.spec  # type: ignore[arg-type]


def test_a_cell_of_another_seed_is_the_same_cell_and_one_of_another_space_is_none() -> None:
    spec = propose_cell(space(), RandomChooser(numpy_generator(3, "test"))).spec
    assert find_parameters(space(), spec.model_copy(update={"seed": 7})) == find_parameters(space(), spec)
    longer = spec.model_copy(update={"optim": spec.optim.model_copy(update={"num_steps": 99})})
    assert find_parameters(space(), longer) is None


def test_lists_of_strings_and_numbers_keep_them_and_all_else_is_json() -> None:
    assert label_options(["none", 0.5, 3, None, True, ["a"], {"b": 1}]) == [
        "none", 0.5, 3, "null", "true", '["a"]', '{"b":1}',
    ]  # fmt: skip


@pytest.mark.parametrize("values", [["pgd", "pgd"], [0.5, 0.5, 0.25]])
def test_an_item_written_twice_is_one_choice(values: list[Any], tmp_path: Path) -> None:
    trial = optuna.create_study().ask()
    assert TrialChooser(trial).choose("axis", (), values) == values.index(trial.params["axis"])
    assert trial.distributions["axis"].choices == tuple(dict.fromkeys(values))
