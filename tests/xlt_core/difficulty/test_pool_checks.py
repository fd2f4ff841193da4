"""What planning says of a pool that no scoring could save, and what it leaves to the drawing of arms."""

from pathlib import Path
from typing import Any

import pytest

from tests.factories import write_pair_folder
from tests.learnable import write_dual_folder, write_single_folder, write_span_folder
from xlt_core.difficulty.pool_checks import check_pool
from xlt_core.errors import DataError, SpecError
from xlt_core.spec import StageSpec
from xlt_core.tasks import load_task

NUM_PAIRS = 60
"""Half of each label."""


@pytest.fixture
def pairs(tmp_path) -> str:
    write_pair_folder(tmp_path / "pairs", num_train=NUM_PAIRS, num_test=2)
    return str(tmp_path / "pairs")


def stage(data: str, task: str = "pawsx", dose: float | str | None = 0.5, **difficulty: Any) -> StageSpec:
    """Arms of a task's training set, by a scorer that trains."""
    base = {"scorer": {"measure": "proxy_loss", "encoder": "scorer"}, "num_length_bins": 2, "min_stratum": 6}
    return StageSpec.model_validate({"task": task, "data": data, "dose": dose, "difficulty": base | difficulty})


def write_scores(path: Path, task: str, data: str, num_missing: int = 0) -> dict[str, str]:
    """A file of scores that lacks the first examples, and the scorer that reads it."""
    names = load_task(task).load_train(data, dose=None, data_seed=0).ids[num_missing:]
    path.write_text("id,score\n" + "".join(f"{name},{place}\n" for place, name in enumerate(names)))
    return {"measure": "column", "path": str(path)}


def test_a_pool_of_which_arms_can_be_drawn_passes(pairs, tmp_path):
    check_pool(stage(pairs))
    check_pool(stage(pairs, scorer=write_scores(tmp_path / "scores.csv", "pawsx", pairs)))
    check_pool(stage(pairs, num_examples=NUM_PAIRS // 3))
    check_pool(stage(pairs, min_stratum=NUM_PAIRS // 2))


def test_an_arm_larger_than_a_third_of_the_pool_is_refused(pairs):
    with pytest.raises(DataError, match=r"num_examples 21: the pool has 60 examples and an arm at most .*, 20;"):
        check_pool(stage(pairs, num_examples=NUM_PAIRS // 3 + 1))


def test_a_label_with_too_few_examples_is_refused(pairs):
    with pytest.raises(DataError, match="label 0 has 30 of 60 examples of the pool, a stratum needs 31"):
        check_pool(stage(pairs, min_stratum=NUM_PAIRS // 2 + 1))


def test_a_curriculum_draws_no_arms_and_needs_no_strata(pairs):
    check_pool(stage(pairs, dose=None, min_stratum=NUM_PAIRS, num_examples=NUM_PAIRS))


@pytest.mark.parametrize("name", ["scorer", "independent"])
def test_a_file_that_lacks_scores_is_refused_whoever_reads_it(pairs, tmp_path, name):
    scorer = write_scores(tmp_path / "scores.csv", "pawsx", pairs, num_missing=2)
    with pytest.raises(DataError, match=r"scores\.csv: no score for 2 of 60 examples"):
        check_pool(stage(pairs, **{name: scorer}))


def test_data_without_votes_have_no_share_of_annotators(pairs):
    with pytest.raises(DataError, match="'annotators': these training data do not say what each annotator chose"):
        check_pool(stage(pairs, scorer={"measure": "annotators"}))


def test_more_folds_than_first_texts_are_refused(tmp_path):
    write_pair_folder(tmp_path / "data", num_train=NUM_PAIRS, num_test=2)
    lines = (tmp_path / "data/train-en.tsv").read_text().splitlines()
    same = ["\t".join([f"w{place % 4}", *line.split("\t")[1:]]) for place, line in enumerate(lines)]
    (tmp_path / "data/train-en.tsv").write_text("\n".join([*same, ""]))
    with pytest.raises(DataError, match=r"60 examples with 4 different first texts, .*num_folds is 5"):
        check_pool(stage(str(tmp_path / "data")))
    check_pool(stage(str(tmp_path / "data"), scorer={"measure": "proxy_loss", "encoder": "scorer", "num_folds": 4}))


def test_a_first_text_is_not_hidden_where_there_is_one_text_only(tmp_path):
    write_single_folder(tmp_path)
    check_pool(stage(str(tmp_path), "nusax"))
    with pytest.raises(SpecError, match="an example of this task is one text"):
        check_pool(stage(str(tmp_path), "nusax", scorer={"measure": "hypothesis_only", "encoder": "scorer"}))


def test_answers_in_contexts_have_no_null_model(tmp_path):
    write_span_folder(tmp_path)
    check_pool(stage(str(tmp_path), "xquad"))
    with pytest.raises(SpecError, match="there is no null model"):
        check_pool(stage(str(tmp_path), "xquad", scorer={"measure": "pvi", "encoder": "scorer"}))


def test_queries_and_passages_are_no_pool(tmp_path):
    write_dual_folder(tmp_path)
    with pytest.raises(DataError, match="have no difficulty of their own"):
        check_pool(stage(str(tmp_path), "lareqa"))
