import numpy as np
import pytest

from results.statistics.pairing import PairedRuns, Run, list_runs, pair_runs
from tests.results.factories import make_tables, small_sweep

OK = ("ok",)


def _run(seed: int, status: str = "ok", key: str | None = None, cell: str = "a", *, is_seeded: bool = True) -> Run:
    return Run(trial_id=f"{cell}-{seed}", seed=seed, is_seeded=is_seeded, status=status, intermediate_key=key)


def test_runs_are_listed_by_cell_with_what_became_of_them() -> None:
    plan, trials, _ = make_tables(small_sweep())
    runs = list_runs(plan, trials)
    assert [run.status for run in runs["weak"]] == ["diverged", "ok"]
    assert [run.status for run in runs["late"]] == ["pending"]


def test_seeds_that_all_cells_have_are_paired_and_lost_ones_are_counted() -> None:
    cell = [_run(0), _run(1, "diverged"), _run(2), _run(3, "pending"), _run(4)]
    base = [_run(seed, cell="base") for seed in (0, 1)] + [_run(2, "oom", cell="base"), _run(3, cell="base")]
    paired = pair_runs([cell, base], OK, is_delta=True)
    assert paired.seeds == (0,)
    assert paired.lost == {"baseline not planned": 1, "baseline oom": 1, "diverged": 1}
    assert paired.trial_ids == {"a-0", "base-0"}
    assert paired.num_lost == 3
    assert pair_runs([cell, base], (*OK, "diverged"), is_delta=True).seeds == (0, 1)


def test_a_failure_counts_even_while_the_other_run_is_pending() -> None:
    paired = pair_runs([[_run(0, "pending")], [_run(0, "infra")]], OK, is_delta=False)
    assert (paired.seeds, paired.lost) == ((), {"infra": 1})


def test_a_run_in_which_nothing_is_random_stands_for_every_seed() -> None:
    frozen = [_run(0, cell="base", is_seeded=False)]
    paired = pair_runs([[_run(1), _run(2)], frozen], OK, is_delta=True)
    assert paired.seeds == (1, 2)
    assert paired.runs[1] == (frozen[0], frozen[0])
    turned = pair_runs([frozen, [_run(1), _run(2)]], OK, is_delta=True)
    assert turned.seeds == (1, 2)


@pytest.mark.parametrize(
    ("keys", "blocks", "num_runs", "replicates"),
    [
        ([None] * 4, [0, 1, 2, 3], None, [0, 1, 2, 3]),
        (["a", "b", "c", "d"], [0, 1, 2, 3], 4, [0, 1, 2, 3]),
        (["a", "b", "a", "b"], [0, 1, 0, 1], 2, [0, 1, 0, 1]),
        (["a"] * 4, [0, 0, 0, 0], 1, [0, 1, 2, 3]),
    ],
)
def test_seeds_that_share_an_intermediate_run_are_one_replicate(
    keys: list[str | None], blocks: list[int], num_runs: int | None, replicates: list[int]
) -> None:
    cell = [_run(seed, key=key) for seed, key in enumerate(keys)]
    paired = pair_runs([cell, [_run(seed, cell="base") for seed in range(4)]], OK, is_delta=True)
    assert paired.blocks.tolist() == blocks
    assert paired.num_intermediate_runs == num_runs
    assert paired.replicates.tolist() == replicates


def test_seeds_linked_through_several_cells_are_one_replicate() -> None:
    first = [_run(seed, key=key) for seed, key in enumerate("aabc")]
    second = [_run(seed, key=key) for seed, key in enumerate("xyyz")]
    assert pair_runs([first, second], OK, is_delta=False).blocks.tolist() == [0, 0, 0, 1]


def test_seeds_can_be_left_out() -> None:
    paired = pair_runs([[_run(0), _run(1), _run(2)]], OK, is_delta=False)
    kept = paired.keep(np.array([True, False, True]))
    assert kept.seeds == (0, 2)
    assert [run.seed for run in kept.runs[0]] == [0, 2]
    assert paired.keep(np.ones(3, np.bool_)) is paired
    assert PairedRuns(seeds=(), runs=((),)).num_intermediate_runs is None
