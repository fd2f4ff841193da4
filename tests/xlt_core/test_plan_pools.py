"""What planning looks up in training sets: whether both stages share one, and whether arms can be drawn of it."""

import pytest

from tests.factories import build_encoder, write_pair_folder
from tests.learnable import write_single_folder
from xlt_core.errors import SpecError
from xlt_core.plan import plan_trial
from xlt_core.spec import TrialSpec, parse_trial_spec


@pytest.fixture
def pair_spec(tmp_path):
    """A trial on pairs; its files are in `tmp_path`."""
    build_encoder().save(tmp_path / "encoder")
    write_pair_folder(tmp_path / "data")

    def build(**change) -> TrialSpec:
        base = {"encoder": str(tmp_path / "encoder"), "target": {"task": "pawsx", "data": str(tmp_path / "data")}}
        return parse_trial_spec(base | change)

    return build


@pytest.fixture
def question_spec(pair_spec, tmp_path):
    """A trial with QQP before PAWS-X; some of its questions are pairs of PAWS-X's training set, the others its own."""

    def build(num_shared: int, num_own: int) -> TrialSpec:
        folder = tmp_path / f"questions-{num_shared}-{num_own}"
        folder.mkdir()
        shared = (tmp_path / "data/train-en.tsv").read_text().splitlines()[:num_shared]
        lines = [*shared, *(f"w1 own{place}\tw2\t0" for place in range(num_own))]
        for name in ("train", "dev"):
            (folder / f"{name}.tsv").write_text("\n".join(["question1\tquestion2\tis_duplicate", *lines, ""]))
        return pair_spec(intermediate={"task": "qqp", "data": str(folder)})

    return build


@pytest.mark.parametrize(("num_shared", "num_own", "expected"), [(0, 20, False), (1, 19, False), (2, 18, True)])
def test_a_training_set_that_is_shared_is_known_by_its_examples(question_spec, num_shared, num_own, expected):
    assert plan_trial(question_spec(num_shared, num_own)).same_task is expected


def test_a_training_set_that_is_shared_beside_the_intermediate_task_counts_too(pair_spec, question_spec, tmp_path):
    own, shared = question_spec(0, 20).intermediate, question_spec(10, 10).intermediate
    write_single_folder(tmp_path / "single")
    main = {"task": "nusax", "data": str(tmp_path / "single")}
    for beside, expected in ((own, False), (shared, True)):
        settings = main | {"beside": [{"task": beside.task, "data": beside.data}]}
        assert plan_trial(pair_spec(intermediate=settings)).same_task is expected


def test_one_task_in_both_stages_is_known_by_its_name_and_no_stage_has_no_answer(pair_spec, tmp_path):
    write_pair_folder(tmp_path / "other", num_train=10)
    (tmp_path / "other/train-en.tsv").write_text("w1 only\there\t0\n" * 2)
    assert plan_trial(pair_spec(intermediate={"task": "pawsx", "data": str(tmp_path / "other")})).same_task is True
    assert plan_trial(pair_spec()).same_task is None


def test_a_measure_without_meaning_for_a_pool_is_refused_under_the_name_of_its_setting(pair_spec, tmp_path):
    write_single_folder(tmp_path / "single")
    build_encoder(seed=1).save(tmp_path / "scorer")
    scorer = {"measure": "hypothesis_only", "encoder": str(tmp_path / "scorer")}
    difficulty = {"scorer": scorer, "waive": ["independent"]}
    stage = {"task": "nusax", "data": str(tmp_path / "single"), "dose": 0.5, "difficulty": difficulty}
    with pytest.raises(SpecError, match=r"^intermediate\.difficulty: an example of this task is one text"):
        plan_trial(pair_spec(intermediate=stage))
