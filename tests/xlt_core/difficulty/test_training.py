"""What a stage trains on: arms of one pool, controls, halves, orders; each against the files and scores they are of."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.factories import write_neighbor_file
from tests.xlt_core.difficulty.planted import (
    NUM_TRAIN,
    TASKS,
    WRITERS,
    build_plan,
    build_workspace,
    difficulty,
    write_inputs,
)
from xlt_core.data.tokens import TokenTable
from xlt_core.difficulty.answering import find_owners
from xlt_core.difficulty.training import POOL_SEED, TrainingExamples, choose_examples
from xlt_core.encoders.loading import load_encoder
from xlt_core.errors import DataError
from xlt_core.plan import TrialPlan
from xlt_core.predict import load_tokens
from xlt_core.stages import run_stage
from xlt_core.task_stage import stage_seed
from xlt_core.tasks import load_task
from xlt_core.workspace import Workspace


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    folder = write_inputs(tmp_path_factory.mktemp("inputs"), *WRITERS)
    write_neighbor_file(folder / "neighbors.json")
    return folder


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    return build_workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture
def choose(inputs, workspace):
    """What the intermediate stage of a trial trains on; scored first."""

    def choose(shape="pair", **settings) -> TrainingExamples:
        plan = build_plan(inputs, shape, **settings)
        return choose_of(plan, workspace)

    return choose


def choose_of(plan: TrialPlan, workspace: Workspace) -> TrainingExamples:
    for shared in plan.stages:
        if shared.kind == "score":
            run_stage(shared, plan.spec, workspace)
    (stage,) = (stage for stage in plan.stages if stage.kind == "intermediate")
    chosen = choose_examples(stage, workspace, stage_seed(stage, plan.spec))
    assert chosen is not None
    return chosen


def load_table(chosen: TrainingExamples, inputs: Path, workspace: Workspace) -> TokenTable:
    """The tokens that the stage draws from, as it loads them."""
    spec = build_plan(inputs).spec
    encoder = load_encoder(inputs / "tested")
    settings = chosen.settings
    return load_tokens(
        settings,
        "train",
        load_task(settings.task).source_language,
        encoder,
        spec,
        workspace,
        data_seed=POOL_SEED,
        edit=chosen.edit,
    )


def read_file_scores(inputs: Path, shape: str) -> np.ndarray:
    with (inputs / f"{shape}.csv").open() as file:
        return np.array([float(row["score"]) for row in csv.DictReader(file)])


def read_labels(inputs: Path, shape: str) -> np.ndarray:
    examples = load_task(TASKS[shape]).load_train(str(inputs / shape), dose=None, data_seed=0)
    return np.array(examples.labels)


@pytest.mark.parametrize("shape", ["single", "pair", "choice"])
def test_arms_of_a_seed_are_nested_and_have_equal_counts_and_labels(choose, inputs, shape):
    doses = [0.0, 0.25, 0.5, 0.75, 1.0]
    arms = [set(choose(shape, dose=dose).rows.tolist()) for dose in doses]
    scores, labels = read_file_scores(inputs, shape), read_labels(inputs, shape)
    assert {len(arm) for arm in arms} == {NUM_TRAIN // 3}
    easiest, hardest = arms[0], arms[-1]
    assert not easiest & hardest
    hard_parts = [arm & hardest for arm in arms]
    assert all(one < other for one, other in pairwise(hard_parts))
    easy_parts = [arm & easiest for arm in arms]
    assert all(one > other for one, other in pairwise(easy_parts))
    assert [len(part) for part in hard_parts] == [round(dose * NUM_TRAIN / 3) for dose in doses]
    assert all(arm <= easiest | hardest for arm in arms)
    counts = [Counter(labels[sorted(arm)].tolist()) for arm in arms]
    assert all(count == counts[0] for count in counts)
    means = [scores[sorted(arm)].mean() for arm in arms]
    assert means == sorted(means)


def test_the_middle_and_random_arms_are_what_they_say(choose, inputs):
    scores = read_file_scores(inputs, "pair")
    labels = read_labels(inputs, "pair")
    mid = set(choose(dose="mid").rows.tolist())
    expected = set()
    for label in (0, 1):
        members = np.flatnonzero(labels == label)
        ordered = members[np.argsort(scores[members])]
        expected |= set(ordered[len(ordered) // 3 : 2 * len(ordered) // 3].tolist())
    assert mid == expected
    random = choose(dose="random")
    shares = [np.isin(random.rows, choose(dose=dose).rows).mean() for dose in (0.0, "mid", 1.0)]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.15)
    assert random.record["mean_difficulty"] == pytest.approx(scores[random.rows].mean())


def test_noise_trim_leaves_the_hardest_out_of_every_arm(choose, inputs):
    scores, labels = read_file_scores(inputs, "pair"), read_labels(inputs, "pair")
    hardest = set()
    for label in (0, 1):
        members = np.flatnonzero(labels == label)
        hardest |= set(members[np.argsort(-scores[members])][: int(0.1 * len(members))].tolist())
    settings = difficulty(inputs, "pair", noise_trim=0.1)
    for dose in (1.0, "random", "mid"):
        chosen = choose(dose=dose, difficulty=settings)
        assert not hardest & set(chosen.rows.tolist())
        assert chosen.record["noise_trim"] == 0.1


def test_seeds_draw_other_examples_and_ask_for_as_many(choose, inputs):
    settings = difficulty(inputs, "pair", num_examples=60)
    arms = [choose(dose=1.0, difficulty=settings, trial={"seed": seed}) for seed in (0, 1)]
    again = choose(dose=1.0, difficulty=settings)
    assert [len(arm.rows) for arm in arms] == [60, 60]
    assert arms[0].rows.tolist() == again.rows.tolist()
    assert arms[0].rows.tolist() != arms[1].rows.tolist()


def test_shuffled_labels_are_those_of_the_arm_in_another_order(choose, inputs, workspace):
    random, shuffled = (choose(dose=dose) for dose in ("random", "shuffled-label"))
    assert random.rows.tolist() == shuffled.rows.tolist()
    plain = load_table(random, inputs, workspace)
    changed = shuffled.apply(plain)
    rows = random.rows
    assert random.apply(plain) is plain
    assert Counter(changed.gold[rows].tolist()) == Counter(plain.gold[rows].tolist())
    assert (changed.gold[rows] != plain.gold[rows]).mean() > 0.3
    others = np.setdiff1d(np.arange(NUM_TRAIN), rows)
    assert (changed.gold[others] == plain.gold[others]).all()
    assert (changed.input_ids == plain.input_ids).all()
    assert (shuffled.pool(changed) == rows).all()


def test_shuffled_tags_stay_among_the_words_of_the_arm(choose, inputs, workspace):
    chosen = choose("tagging", dose="shuffled-label")
    plain = load_table(chosen, inputs, workspace)
    changed = chosen.apply(plain)
    is_of_arm = np.repeat(np.isin(np.arange(NUM_TRAIN), chosen.rows), plain.num_units)
    assert Counter(changed.gold[is_of_arm].tolist()) == Counter(plain.gold[is_of_arm].tolist())
    assert (changed.gold[is_of_arm] != plain.gold[is_of_arm]).mean() > 0.3
    assert (changed.gold[~is_of_arm] == plain.gold[~is_of_arm]).all()


@pytest.mark.parametrize("shape", ["single", "pair", "choice", "span"])
def test_the_trivial_task_has_the_arms_examples_and_no_others(choose, inputs, workspace, shape):
    chosen, random = choose(shape, dose="trivial"), choose(shape, dose="random")
    assert chosen.record["mean_difficulty"] is None, "made-up examples were not scored"
    table = chosen.apply(load_table(chosen, inputs, workspace))
    whole = load_table(random, inputs, workspace)
    assert table.example_ids == tuple(whole.example_ids[row] for row in random.rows)
    assert len(table.example_ids) == NUM_TRAIN // 3
    assert chosen.pool(table) is None, "all of what is left"
    assert table.changes is None, "an arm is no perturbation"
    if shape != "span":
        counts = Counter(table.gold.tolist())
        assert max(counts.values()) - min(counts.values()) <= 1
        assert sorted(counts) == list(range(len(load_task(TASKS[shape]).labels) or 2))


def test_all_windows_of_an_example_are_in_or_out(choose, inputs, workspace):
    chosen = choose("span", dose=0.5)
    table = load_table(chosen, inputs, workspace)
    owners = find_owners(table)
    num_windows = np.bincount(owners)
    assert num_windows.max() > 1
    pool = chosen.pool(table)
    assert set(owners[pool].tolist()) == set(chosen.rows.tolist())
    assert len(pool) == num_windows[chosen.rows].sum()
    assert not set(owners[np.setdiff1d(np.arange(len(table)), pool)].tolist()) & set(chosen.rows.tolist())


@pytest.mark.parametrize("shape", ["pair", "span"])
@pytest.mark.parametrize("order", ["easy-first", "hard-first"])
def test_a_curriculum_begins_at_its_end_of_the_scores(choose, inputs, workspace, shape, order):
    chosen = choose(shape, curriculum={"order": order, "start": 0.1})
    table = load_table(chosen, inputs, workspace)
    paced = chosen.order(table)
    owners, scores = find_owners(table), read_file_scores(inputs, shape)
    assert sorted(paced.pool.tolist()) == list(range(len(table)))
    by_row = scores[owners]
    drawn = by_row[paced.indices(0)]
    num_open = int(np.ceil(0.1 * len(table)))
    if order == "easy-first":
        assert drawn.max() <= np.sort(by_row)[num_open - 1]
    else:
        assert drawn.min() >= np.sort(by_row)[-num_open]
    assert chosen.record["mean_difficulty"] == pytest.approx(scores.mean())


def test_a_curriculum_of_an_arm_orders_the_arm(choose, inputs, workspace):
    chosen = choose(dose=0.5, curriculum={"order": "easy-first", "start": 0.05})
    table = load_table(chosen, inputs, workspace)
    paced = chosen.order(table)
    assert sorted(paced.pool.tolist()) == chosen.rows.tolist()
    scores = read_file_scores(inputs, "pair")
    assert (np.diff(scores[paced.pool]) >= 0).all()
    assert choose(dose=0.5).order(table) is None


def test_halves_of_two_tasks_with_one_training_set_share_nothing_and_leave_nothing_out(inputs, workspace):
    tasks = {"squad": 0, "xquad": 1}
    rows = {}
    for task, half in tasks.items():
        plan = build_plan(inputs, "span", trial={"target": {"task": task, "data": str(inputs / "span"), "half": half}})
        chosen = choose_examples(plan.target_stage, workspace, seed=half)
        assert chosen.record == {"dose": None, "half": half}
        rows[task] = chosen.rows.tolist()
    assert sorted(rows["squad"] + rows["xquad"]) == list(range(NUM_TRAIN))
    assert min(map(len, rows.values())) > NUM_TRAIN / 3


def test_pairs_with_one_premise_are_never_parted_between_halves(inputs, choose):
    halves = [set(choose(half=half).rows.tolist()) for half in (0, 1)]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == set(range(NUM_TRAIN))
    lines = (inputs / "pair/train-en.tsv").read_text().splitlines()
    premises = [{lines[row].split("\t")[0] for row in half} for half in halves]
    assert not premises[0] & premises[1]


def test_an_arm_of_a_half_is_drawn_of_that_half(choose, inputs):
    settings = difficulty(inputs, "pair", min_stratum=6)
    for half in (0, 1):
        of_half = choose(half=half).rows
        hard, easy = (choose(dose=dose, half=half, difficulty=settings) for dose in (1.0, 0.0))
        assert set(hard.rows.tolist()) | set(easy.rows.tolist()) <= set(of_half.tolist())
        assert len(hard.rows) == len(easy.rows)
        assert hard.record["mean_difficulty"] > easy.record["mean_difficulty"]
        assert (hard.record["half"], hard.record["num_examples"]) == (half, len(hard.rows))


def test_a_half_of_what_a_task_draws_by_its_own_dose_is_of_that_draw(inputs, workspace):
    for dose in (0.0, 1.0):
        halves = []
        for half in (0, 1):
            plan = build_plan(inputs, trial={"target": {"task": "world", "dose": dose, "half": half}})
            halves.append(choose_examples(plan.target_stage, workspace, seed=5).rows)
        drawn = load_task("world").load_train("", dose=dose, data_seed=POOL_SEED)
        assert sorted(np.concatenate(halves).tolist()) == list(range(len(drawn)))
        premises = [{drawn.first[row].casefold() for row in half} for half in halves]
        assert not premises[0] & premises[1]


def test_without_dose_curriculum_or_half_nothing_is_chosen(inputs, workspace):
    plan = build_plan(inputs)
    assert choose_examples(plan.target_stage, workspace, seed=0) is None


def test_scores_of_other_examples_are_refused(inputs, workspace, tmp_path):
    plan = build_plan(inputs, dose=0.5)
    choose_of(plan, workspace)
    other = build_plan(inputs, "single", dose=0.5)
    choose_of(other, workspace)
    stage = next(stage for stage in plan.stages if stage.kind == "intermediate")
    mixed = stage.model_copy(update={"independent_scores": other.stages[0].key})
    with pytest.raises(DataError, match=r"two scorers scored other examples \(360 and 360\)"):
        choose_examples(mixed, workspace, seed=0)


def test_copies_of_a_half_are_those_of_its_examples(inputs, workspace):
    """A half may be beside an edit of the data, which an arm may not."""
    perturbation = {"method": "rs_da", "magnitude": 1.0, "num_copies": 2, "neighbors": str(inputs / "neighbors.json")}
    plan = build_plan(inputs, half=1, perturbation=perturbation)
    chosen = choose_of(plan, workspace)
    assert chosen.edit is None
    folder = run_stage(plan.stages[-2], plan.spec, workspace)
    assert (folder / "model.safetensors").is_file()
