"""Where a study is kept, what makes it another, and who proposes."""

from pathlib import Path

import optuna
import pytest
from optuna.storages import InMemoryStorage

from search_spaces.searches import OptunaSearch
from search_spaces.space import SearchSpace
from sweeps.search.study import make_sampler, open_study
from tests.sweeps.search.factories import searched
from xlt_core.errors import StoreError


def name_of(space: SearchSpace) -> str:
    assert space.search.optuna is not None
    return open_study(space, space.search.optuna, None).study_name


def test_a_study_is_another_when_its_values_would_be_others() -> None:
    name = name_of(searched())
    assert name == name_of(searched(20, sampler="gp", seed=3, max_parallel_cells=2)), "these change no value"
    assert name != name_of(searched(objectives=["worst_delta"]))
    assert name != name_of(searched().model_copy(update={"seeds": 2}))
    assert name != name_of(searched(axes={"target.perturbation.magnitude": {"uniform": [0.0, 2.0]}}))
    assert name.startswith("small-")


@pytest.mark.parametrize(("storage", "name"), [("journal", "journal.log"), ("sqlite", "study.db")])
def test_a_study_is_a_file_of_the_sweep_that_may_be_moved(tmp_path: Path, storage: str, name: str) -> None:
    space = searched(storage=storage)
    assert space.search.optuna is not None
    study = open_study(space, space.search.optuna, tmp_path / "old")
    study.tell(study.ask(), 1.0)
    assert (tmp_path / "old" / "search" / name).is_file()
    (tmp_path / "old").rename(tmp_path / "new")
    assert open_study(space, space.search.optuna, tmp_path / "new").best_value == 1.0


def test_a_url_is_a_database_of_its_own(tmp_path: Path) -> None:
    space = searched(storage=f"sqlite:///{tmp_path}/mine.db")
    assert space.search.optuna is not None
    for _ in range(2):
        study = open_study(space, space.search.optuna, tmp_path / "sweep")
        study.tell(study.ask(), 1.0)
    assert len(study.trials) == 2
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "oracle://host/db", "postgresql://localhost:1/none"])
def test_a_database_that_cannot_be_used_is_a_sentence(tmp_path: Path, url: str) -> None:
    space = searched(storage=url)
    assert space.search.optuna is not None
    with pytest.raises(StoreError, match=r"search\.optuna\.storage '.*': .*Start the database, mend the URL, or give"):
        open_study(space, space.search.optuna, tmp_path)


def test_without_a_folder_a_study_is_in_memory() -> None:
    space = searched()
    assert space.search.optuna is not None
    study = open_study(space, space.search.optuna, None)
    assert isinstance(study._storage, InMemoryStorage)
    assert study.metric_names == ["mean_delta"]


@pytest.mark.parametrize("sampler", ["tpe", "gp", "nsga2", "random"])
def test_what_is_drawn_depends_on_the_seed_and_the_number_of_trials(sampler: str) -> None:
    def draw(seed: int, num_trials: int) -> float:
        search = OptunaSearch.model_validate({"num_cells": 9, "sampler": sampler, "seed": seed})
        study = optuna.create_study(sampler=make_sampler(search, num_trials))
        return study.ask().suggest_float("x", 0.0, 1.0)

    assert draw(0, 5) == draw(0, 5)
    assert len({draw(0, 5), draw(0, 6), draw(1, 5)}) == 3


def test_a_population_is_a_part_of_all_cells() -> None:
    sizes = [
        make_sampler(OptunaSearch(num_cells=number, sampler="nsga2"), 0)._population_size  # type: ignore[attr-defined]
        for number in (3, 60, 1000)
    ]
    assert sizes == [4, 12, 50]
