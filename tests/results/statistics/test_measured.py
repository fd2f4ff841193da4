import numpy as np
import pytest

from results.schema import SCORES, make_table
from results.statistics.measured import (
    NO_PREDICTIONS,
    NO_RATIO,
    ONLY_LAST,
    OTHER_METRIC,
    Measure,
    Measured,
    Measurements,
    Spot,
    Unequal,
    collect_scores,
    measure_runs,
    spots_of,
)
from results.statistics.outcomes import Outcomes, Place
from results.statistics.pairing import PairedRuns, Run
from tests.results.factories import score_row

ACCURACY = Measure("accuracy", "last", "clean")
DE = Spot("de", "")
IDS = {"one": frozenset("abcd"), "two": frozenset("abce")}


def _run(trial_id: str, status: str = "ok") -> Run:
    return Run(trial_id=trial_id, seed=int(trial_id[-1]), is_seeded=True, status=status, intermediate_key=None)


def _pair(num_seeds: int = 2, **statuses: str) -> PairedRuns:
    runs = tuple(
        tuple(_run(f"{cell}{seed}", statuses.get(f"{cell}{seed}", "ok")) for seed in range(num_seeds))
        for cell in ("cell", "base")
    )
    return PairedRuns(seeds=tuple(range(num_seeds)), runs=runs)


def _outcomes(right: str, examples_hash: str = "one") -> dict[Place, Outcomes]:
    numerators = np.array([int(one) for one in right], np.uint8)
    found = Outcomes(examples_hash=examples_hash, num_examples=len(right), numerators=numerators)
    return {Place("de", "clean", ""): found}


def _measurements(values: dict[str, float | None], **outcomes: dict[Place, Outcomes]) -> Measurements:
    rows = [score_row(trial, "de", value, num_examples=4, chance=25.0) for trial, value in values.items()]
    found = collect_scores(make_table(rows, SCORES), dict.fromkeys(values, "xnli"))
    return Measurements(found.scores, found.chance, found.metrics, outcomes, IDS)


ALL = {"cell0": 75.0, "cell1": 50.0, "base0": 50.0, "base1": 25.0}
RIGHT = {name: _outcomes(right) for name, right in zip(ALL, ["1110", "1100", "0110", "0100"], strict=True)}


def test_scores_stand_by_measure_trial_and_language() -> None:
    found = _measurements(ALL | {"cell2": None})
    assert found.scores[ACCURACY]["cell0"] == {DE: (75.0, 4)}
    assert "cell2" not in found.scores[ACCURACY]
    assert found.chance["xnli", "accuracy", DE] == 25.0
    assert found.metrics == {"xnli": ("accuracy",)}
    assert spots_of(found, ACCURACY, ["cell0", "gone"]) == [DE]


def test_examples_are_stacked_by_cell_and_seed() -> None:
    found = measure_runs(_measurements(ALL, **RIGHT), _pair(), "xnli", ACCURACY, DE)
    assert isinstance(found, Measured)
    np.testing.assert_array_equal(found.values, [[75, 50], [50, 25]])
    assert found.contributions is not None
    np.testing.assert_allclose(found.contributions[0, 0], [6.25, 6.25, 6.25, -18.75])
    assert found.right is not None
    assert found.right[1, 0].tolist() == [False, True, True, False]
    assert (found.num_examples, found.examples_hash, found.why_not) == (4, "one", None)


def test_seeds_without_a_score_are_left_out() -> None:
    found = measure_runs(_measurements(ALL | {"base1": None}, **RIGHT), _pair(), "xnli", ACCURACY, DE)
    assert isinstance(found, Measured)
    assert found.paired.seeds == (0,)
    assert found.values.shape == (2, 1)


def test_a_diverged_run_counts_as_chance_and_varies_with_no_example() -> None:
    values = {name: value for name, value in ALL.items() if name != "cell1"}
    outcomes = {name: one for name, one in RIGHT.items() if name != "cell1"}
    found = measure_runs(_measurements(values, **outcomes), _pair(cell1="diverged"), "xnli", ACCURACY, DE)
    assert isinstance(found, Measured)
    np.testing.assert_array_equal(found.values, [[75, 25], [50, 25]])
    assert found.contributions is not None
    assert not found.contributions[0, 1].any()
    assert found.right is None
    unknown = measure_runs(_measurements(values, **outcomes), _pair(cell1="diverged"), "pawsx", ACCURACY, DE)
    assert isinstance(unknown, Measured)
    assert unknown.paired.seeds == (0,)


@pytest.mark.parametrize(
    ("outcomes", "measure", "why_not"),
    [
        ({}, ACCURACY, NO_PREDICTIONS),
        ({name: one for name, one in RIGHT.items() if name != "base1"}, ACCURACY, NO_PREDICTIONS),
        (RIGHT, ACCURACY._replace(selection="averaged"), ONLY_LAST),
        (RIGHT | {"base1": _outcomes("1111")}, ACCURACY, OTHER_METRIC),
        (
            {name: {Place("de", "clean", ""): Outcomes(examples_hash="one", num_examples=4)} for name in ALL},
            ACCURACY,
            NO_RATIO,
        ),
    ],
)
def test_why_examples_cannot_be_resampled_is_said(
    outcomes: dict[str, dict[Place, Outcomes]], measure: Measure, why_not: str
) -> None:
    rows = [score_row(trial, "de", value, selection=measure.selection) for trial, value in ALL.items()]
    scores = collect_scores(make_table(rows, SCORES), dict.fromkeys(ALL, "xnli"))
    found = Measurements(scores.scores, scores.chance, scores.metrics, outcomes, IDS)
    measured = measure_runs(found, _pair(), "xnli", measure, DE)
    assert isinstance(measured, Measured)
    assert (measured.contributions, measured.why_not) == (None, why_not)


def test_unlike_test_examples_are_refused_with_the_trials_and_how_many_differ() -> None:
    found = measure_runs(
        _measurements(ALL, **RIGHT | {"base1": _outcomes("0100", "two")}), _pair(), "xnli", ACCURACY, DE
    )
    assert isinstance(found, Unequal)
    assert found.reason == (
        "the runs were scored on unlike test examples: base1 on 4 examples, 2 of them not shared with the 4 of base0, "
        "cell0, cell1"
    )


def test_unlike_numbers_of_examples_are_refused_where_no_ids_are_known() -> None:
    rows = [score_row(trial, "de", value, num_examples=4 + (trial == "base1")) for trial, value in ALL.items()]
    scores = collect_scores(make_table(rows, SCORES), dict.fromkeys(ALL, "xnli"))
    found = measure_runs(scores, _pair(), "xnli", ACCURACY, DE)
    assert isinstance(found, Unequal)
    assert found.reason == "the runs were scored on 4 and 5 examples"
