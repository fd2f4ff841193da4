"""Planned cells, what they wait for, and what of them is handed out."""

from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from search_spaces.cells import Cell
from search_spaces.draws import RandomChooser
from search_spaces.expand import propose_cell
from search_spaces.space import SearchSpace
from sweeps.search.known_cells import KnownCells
from tests.sweeps.search.factories import begin, publish, searched
from xlt_core.streams import numpy_generator


def draw(space: SearchSpace, number: int) -> Cell:
    return propose_cell(space, RandomChooser(numpy_generator(number, "test")))


def space_of(num_seeds: int) -> SearchSpace:
    return searched().model_copy(update={"seeds": num_seeds})


def test_planning_a_cell_writes_nothing_and_adding_it_writes_what_is_new(tmp_path: Path) -> None:
    store = begin(space_of(2), tmp_path)
    cells = KnownCells(space_of(2), store, ())
    planned = cells.plan(draw(space_of(2), 1))
    assert (len(cells), store.plan().num_rows) == (0, 2)
    cells.add(planned)
    assert (len(cells), store.plan().num_rows) == (1, 4)
    assert cells.find(planned.cell_id) is planned


def test_the_baseline_is_handed_out_first_and_nothing_twice(tmp_path: Path) -> None:
    store = begin(space_of(2), tmp_path)
    cells = KnownCells(space_of(2), store, ())
    one, other = (cells.add(cells.plan(draw(space_of(2), number))) for number in (1, 2))
    assert [trial.is_baseline for trial in cells.hand_out(one)] == [True, True, False, False]
    assert [trial.is_baseline for trial in cells.hand_out(other)] == [False, False]
    assert cells.hand_out(one) == ()


def test_a_cell_has_ended_with_the_last_of_its_trials_and_its_baselines(tmp_path: Path) -> None:
    store = begin(space_of(1), tmp_path)
    cells = KnownCells(space_of(1), store, ())
    one, other = (cells.add(cells.plan(draw(space_of(1), number))) for number in (1, 2))
    assert cells.trial_ended(one.trials[0].trial_id) == []
    assert cells.trial_ended("of no cell") == []
    assert cells.trial_ended(one.baselines[0].trial_id) == [one]
    assert other.waits_for == {other.trials[0].trial_id}


def test_what_is_planned_is_known_and_lacking_seeds_are_added_under_the_same_name(tmp_path: Path) -> None:
    store = begin(space_of(1), tmp_path)
    before = KnownCells(space_of(1), store, ())
    cell = before.add(before.plan(draw(space_of(1), 1)))
    for trial in (*cell.trials, *cell.baselines):
        publish(store, trial)
    (same,) = KnownCells(space_of(1), store, ())
    assert (same.cell_id, same.waits_for) == (cell.cell_id, set())
    (grown,) = KnownCells(space_of(3), store, ())
    assert [trial.plan.spec.seed for trial in grown.trials] == [0, 1, 2]
    assert {trial.cell for trial in grown.trials} == {cell.trials[0].cell}
    assert len(grown.waits_for) == 4
    assert store.plan().num_rows == 6
    (fewer,) = KnownCells(space_of(1), store, ())
    assert len(fewer.trials) == 3, "seeds that are planned stay"


def test_trials_that_run_have_not_ended_whatever_the_store_says(tmp_path: Path) -> None:
    store = begin(space_of(1), tmp_path)
    cells = KnownCells(space_of(1), store, ())
    cell = cells.add(cells.plan(draw(space_of(1), 1)))
    for trial in (*cell.trials, *cell.baselines):
        publish(store, trial)
    running = cell.trials[0].trial_id
    (again,) = KnownCells(space_of(1), store, {running})
    assert again.waits_for == {running}


@pytest.mark.parametrize(("num_seeds", "num_written"), [(1, 0), (2, 1)])
def test_a_plan_of_many_cells_is_written_to_once_at_most_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_seeds: int, num_written: int
) -> None:
    store = begin(space_of(1), tmp_path)
    cells = KnownCells(space_of(1), store, ())
    for number in range(4):
        cells.add(cells.plan(draw(space_of(1), number)))
    written: list[int] = []
    write_plan = ResultStore.write_plan

    def write(self: ResultStore, rows: list[dict[str, Any]]) -> None:
        written.append(len(rows))
        write_plan(self, rows)

    monkeypatch.setattr(ResultStore, "write_plan", write)
    again = KnownCells(space_of(num_seeds), store, ())
    assert len(again) == 4
    assert len(written) == num_written
    assert store.plan().num_rows == num_seeds * 5
