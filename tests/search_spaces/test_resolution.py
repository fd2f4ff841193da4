import pytest

from search_spaces.grid import grid_cells
from search_spaces.problems import SpaceError
from search_spaces.resolution import check_data, check_dev_sets
from tests.factories import write_pair_folder
from tests.search_spaces.factories import make_space

MAGNITUDES = {"target.perturbation": {"method": ["fgm"], "magnitude": [0.0, 0.1]}}


def test_a_space_whose_data_are_embedded_is_found():
    assert check_data(make_space(MAGNITUDES)) == {}


def test_languages_without_data_are_told_since_they_will_have_no_score(tmp_path):
    data = tmp_path / "pairs"
    write_pair_folder(data)
    base = {"encoder": "mini", "target": {"task": "pawsx", "data": str(data)}}
    gaps = check_data(make_space(MAGNITUDES, base=base))
    assert gaps == {f"pawsx, test data in '{data}'": ("es", "fr", "ja", "ko", "zh")}


def test_a_missing_folder_is_told_once_with_the_first_cell_that_needs_it(tmp_path):
    base = {"encoder": "mini", "target": {"task": "xnli", "data": str(tmp_path / "nowhere")}}
    with pytest.raises(SpaceError, match=r"cell 'magnitude 0': .*nowhere") as caught:
        check_data(make_space(MAGNITUDES, base=base))
    assert len(caught.value.problems) == 1


def test_an_intermediate_task_without_data_is_told_with_its_cell(tmp_path):
    with pytest.raises(SpaceError, match=r"cell 'intermediate xnli': .*nowhere"):
        check_data(make_space({"intermediate": ["none", {"task": "xnli", "data": str(tmp_path / "nowhere")}]}))


def test_data_of_every_cell_that_a_search_may_propose_are_looked_for(tmp_path):
    axes = {"intermediate": ["none", {"task": "xnli", "data": str(tmp_path / "nowhere")}]}
    baseline = {"intermediate": "none"}
    with pytest.raises(SpaceError, match=r"intermediate xnli.*nowhere"):
        check_data(make_space(axes, baseline=baseline, search={"optuna": {"num_cells": 3}}))


SCHEDULER = {"asha": {"grace_steps": 1}}


def test_a_scheduler_needs_a_dev_set_of_the_source_language(tmp_path):
    data = tmp_path / "pairs"
    write_pair_folder(data)
    base = {"encoder": "mini", "target": {"task": "pawsx", "data": str(data)}}
    check_data(make_space(MAGNITUDES, base=base, scheduler=SCHEDULER))
    for path in data.rglob("dev*"):
        path.unlink()
    check_data(make_space(MAGNITUDES, base=base))
    with pytest.raises(
        SpaceError, match=r"task 'pawsx' is not scored on one: '.*' has none; expected: .*dev"
    ) as caught:
        check_data(make_space(MAGNITUDES, base=base, scheduler=SCHEDULER))
    assert [problem.place for problem in caught.value.problems] == [("scheduler",)]


def test_a_scheduler_cannot_judge_a_task_whose_candidates_would_be_ranked():
    space = make_space(MAGNITUDES, base={"encoder": "mini", "target": {"task": "lareqa"}}, scheduler=SCHEDULER)
    with pytest.raises(SpaceError, match="task 'lareqa' is not scored on one: its candidates would have to be ranked"):
        check_dev_sets(space, [cell.spec for cell in grid_cells(space)])
