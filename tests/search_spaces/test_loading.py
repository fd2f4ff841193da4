import math
import re
from importlib.resources import files
from itertools import pairwise

import pytest

from search_spaces.expand import expand_space
from search_spaces.loading import list_spaces, load_space
from search_spaces.problems import SpaceError
from tests.search_spaces.factories import SPACE_YAML
from xlt_core.errors import SpecError, XltError
from xlt_core.perturbations import METHODS


@pytest.fixture
def write_space(tmp_path):
    def write(old="", new=""):
        assert old in SPACE_YAML
        path = tmp_path / "space.yaml"
        path.write_text(SPACE_YAML.replace(old, new) if old else SPACE_YAML)
        return path

    return write


def test_a_file_gives_the_space_it_describes(write_space):
    space = load_space(write_space())
    assert (space.name, space.description, space.seed_values) == ("tried", "Magnitude by difficulty", (0, 1))
    assert len(expand_space(space)) == 2 * (1 + 2 * 2) * 3


def test_a_first_line_that_is_a_comment_is_the_description_unless_one_is_given(write_space):
    assert (
        load_space(write_space("name: tried\ndescription:", "# Said first\nname: tried\n# ")).description
        == "Said first"
    )
    assert load_space(write_space("name: tried", "# Said first\nname: tried")).description == "Magnitude by difficulty"


def test_overrides_change_the_space(write_space):
    space = load_space(write_space(), ["seeds=1", "optim.num_steps=5", "axes.intermediate=[none]"])
    trials = expand_space(space)
    assert {trial.spec.optim.num_steps for trial in trials} == {5}
    assert len(trials) == 5


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "num_steps: 20",
            "num_stps: 20",
            6,
            r"base\.optim\.num_stps: unknown key 'num_stps'; did you mean 'num_steps'",
        ),
        ("num_steps: 20", "num_steps: 0", 6, r"given 0 for 'optim\.num_steps'; allowed: greater than or equal to 1"),
        ("num_steps: 20", "num_steps: many", 6, r"given 'many' for 'optim\.num_steps'; allowed: a valid integer"),
        ("task: world}", "task: wrld}", 5, r"base\.target\.task: unknown task 'wrld'; did you mean 'world'"),
        ("pgd]", "pdg]", 8, r"perturbation\.method\[1\]: unknown perturbation method 'pdg'; did you mean 'pgd'"),
        ("\n      1.0]", "\n      -1.0]", 9, r"axes\.target\.perturbation\.magnitude\[2\]: given -1\.0"),
        ("\n      1.0]", "\n      .nan]", 9, r"axes\.target\.perturbation\.magnitude\[2\]: given nan .*finite"),
        ("dose: [0.0, 1.0]", "dose: [0.0, 1.5]", 13, r"axes\.intermediate\[1\]\.dose\[1\]: given 1\.5 .*equal to 1"),
        ("task: world\n", "taks: world\n", 12, r"unknown key 'taks'; did you mean 'task'"),
        ("task: world\n", "task: [world, 3]\n", 12, r"axes\.intermediate\[1\]\.task\[1\]: given 3"),
        ("seeds: 2", "seeds: two", 14, "seeds: given 'two'; allowed: how many seeds"),
        ("seeds: 2", "sedes: 2", 14, "unknown key 'sedes'; did you mean 'seeds'"),
        ("seeds: 2", "search: random", 14, "search: given 'random'; allowed: 'factorial'"),
        ("seeds: 2", "search: {random: {}}", 14, r"search\.random: 'search\.random\.num_cells' is missing"),
        ("seeds: 2", "search: {optuna: tpe}", 14, r"search\.optuna: given 'tpe'.*allowed: a mapping of .*num_cells"),
        ("seeds: 2", "search: {random: {num: 3}}", 14, r"search\.random\.num: unknown key 'num'.*num_cells, seed"),
        ("seeds: 2", "search: {random: {num_cells: 99}}", 14, r"search\.random\.num_cells: given 99; found \d+ diff"),
        ("seeds: 2", "search: {optuna: {num_cells: 3, metric: f1}}", 14, r"\.metric: given 'f1'; task 'world' has acc"),
        ("seeds: 2", "search: {optuna: {num_cells: 3, objectives: [x]}}", 14, r"given 'x' .*'mean_delta' or 'worst_d"),
        ("seeds: 2", "search: {optuna: {num_cells: 3, storage: x}}", 14, r"search\.optuna\.storage: given 'x'"),
        ("seeds: 2", "scheduler: {asha: {grace_steps: 20}}", 14, r"asha\.grace_steps: given 20, and no target stage"),
        ("dose: [0.0, 1.0]", "dose: {uniform: [0.0, 1.0]}", 13, r"\[1\]\.dose: a range has no list of values"),
        ("dose: [0.0, 1.0]", "dose: {uniform: [1.0, 0.0]}", 13, r"given \[1\.0, 0\.0\] for 'uniform'; allowed: two"),
        ("seeds: 2", "resources: {gpus: 1}", 14, r"resources\.gpus: unknown key 'gpus'; did you mean 'gpu'"),
        ("magnitude: 0.0, inter", "magnitud: 0.0, inter", 15, r"baseline\.target\.perturbation\.magnitud: unknown key"),
        ("  encoder: mini\n", "", 3, "base.encoder: 'encoder' is missing"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(write_space, old, new, line, message):
    path = write_space(old, new)
    with pytest.raises(SpecError, match=message) as caught:
        load_space(path)
    assert f"{path}:{line}: " in str(caught.value)


def test_all_problems_are_told_at_once(write_space):
    path = write_space("num_steps: 20", "num_steps: 0, betas: [0.9, 2.0], batch_size: 0")
    with pytest.raises(SpecError) as caught:
        load_space(path)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "base.optim.num_steps",
        "base.optim.batch_size",
        "base.optim.betas",
    ]


def test_a_bad_override_is_named_in_place_of_a_line(write_space):
    with pytest.raises(SpecError, match=r"^--set optim\.num_steps=0: base\.optim\.num_steps: given 0"):
        load_space(write_space(), ["optim.num_steps=0"])


def test_no_such_space_is_answered_with_what_there_is(tmp_path):
    with pytest.raises(SpecError, match=r"no space '.*nowhere\.yaml' \(No such file.*ready-made space: "):
        load_space(tmp_path / "nowhere.yaml")
    with pytest.raises(SpecError, match=r"no space '.*' \(Is a directory\)"):
        load_space(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_bytes(b"name: \xff\xfe")
    with pytest.raises(SpecError, match="no UTF-8 text"):
        load_space(path)


@pytest.mark.parametrize("name", sorted(list_spaces()))
def test_every_ready_made_space_loads_expands_and_says_what_it_is(name):
    space = load_space(name)
    assert space.name == name
    assert space.description
    assert list_spaces()[name] == space.description
    assert any(trial.is_baseline for trial in expand_space(space))


def test_every_yaml_file_of_the_package_is_a_ready_made_space():
    found = {entry.name for entry in files("search_spaces").iterdir() if entry.name.endswith(".yaml")}
    assert found == {f"{name}.yaml" for name in list_spaces()}


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].has_magnitude])
def test_the_magnitude_curve_can_be_drawn_of_every_method(method):
    needed = {"neighbors": "neighbors.json", "attention_layer": "0"}
    read = [f"target.perturbation.{name}={needed[name]}" for name in needed if name in METHODS[method].reads]
    cells = expand_space(load_space("magnitude-curve", [f"target.perturbation.method={method}", "seeds=1", *read]))
    magnitudes = [cell.spec.target.perturbation.magnitude for cell in cells]
    assert magnitudes[0] == 0.0
    assert len(magnitudes) == 9
    assert all(later == 2 * earlier for earlier, later in pairwise(magnitudes[1:]))


def test_the_face_off_is_between_all_methods_for_pairs_with_equal_steps():
    cells = expand_space(load_space("method-face-off", ["seeds=1"]))
    assert {cell.spec.target.perturbation.method for cell in cells} == set(METHODS)
    assert {cell.spec.optim.num_steps for cell in cells} == {7719}


def test_the_methods_of_robust_xlt_take_as_many_steps_as_the_released_recipe():
    cells = expand_space(load_space("robust-xlt", ["seeds=1"]))
    steps = {(cell.spec.target.task, cell.spec.optim.num_steps) for cell in cells}
    num_examples = {"pawsx": 3 * 10 * 49_401, "xnli": 1 * 3 * 392_702}
    assert steps == {(task, math.ceil(number / 32)) for task, number in num_examples.items()}
    copies = {
        (cell.spec.target.task, cell.spec.target.perturbation.num_copies)
        for cell in cells
        if cell.spec.target.perturbation.method in ("rs_da", "copies")
    }
    assert copies == {("pawsx", 10), ("xnli", 3)}


OWN_TASK = """\
name: sentiment
shape: single
labels: [negative, positive]
languages: [en, sw]
format: tsv
files: {train: "train-{language}.tsv", test: "test-{language}.tsv"}
columns: {text: text, label: label}
"""
OWN_SPACE = """\
name: own
base:
  encoder: mini
  target: {task: TASK, data: somewhere}
axes:
  target.perturbation: {method: uniform, magnitude: [0.0, 0.1]}
baseline: {target.perturbation.magnitude: 0.0}
"""


def _write_own_space(folder, task_text):
    (folder / "sentiment.yaml").write_text(task_text)
    (folder / "space.yaml").write_text(OWN_SPACE.replace("TASK", str(folder / "sentiment.yaml")))
    return folder / "space.yaml"


def test_a_space_may_name_a_users_own_task_by_its_file(tmp_path):
    space = load_space(_write_own_space(tmp_path, OWN_TASK))
    assert [trial.cell for trial in expand_space(space)] == ["magnitude 0", "magnitude 0.1"]
    assert {trial.spec.target.task for trial in expand_space(space)} == {str(tmp_path / "sentiment.yaml")}


def test_tasks_of_an_axis_are_told_apart_by_their_names(tmp_path):
    path = _write_own_space(tmp_path, OWN_TASK)
    own = str(tmp_path / "sentiment.yaml")
    space = load_space(path, [f"axes.target.task=[xglue_nc, {own}]"])
    assert {trial.axes["target"] for trial in expand_space(space)} == {"xglue_nc", own}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("shape: single", "shape: singel", 2, "shape: given 'singel'; allowed: 'single'"),
        ("format: tsv", "formatt: tsv", 5, "formatt: unknown key; did you mean 'format'"),
        ("{text: text, ", "{", 7, "columns: text of shape 'single' must be named"),
        ("[en, sw]", "[en, sw", 4, "no YAML"),
    ],
)
def test_a_broken_task_file_is_refused_with_its_own_file_and_line(tmp_path, old, new, line, message):
    assert old in OWN_TASK
    with pytest.raises(SpecError) as caught:
        load_space(_write_own_space(tmp_path, OWN_TASK.replace(old, new)))
    assert re.search(rf"{tmp_path}/sentiment\.yaml:[{line}-{line + 1}]: {message}", str(caught.value))


def test_a_task_file_that_is_not_there_is_named(tmp_path):
    path = _write_own_space(tmp_path, OWN_TASK)
    (tmp_path / "sentiment.yaml").unlink()
    with pytest.raises(XltError, match=rf"{tmp_path}/sentiment\.yaml: cannot be read"):
        load_space(path)


def test_a_benchmark_that_lacks_the_task_is_refused_once_and_where_it_is_written(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(OWN_SPACE.replace("TASK", "udpos").replace("axes:", "  evaluation: {languages: xglue}\naxes:"))
    with pytest.raises(SpaceError) as caught:
        load_space(path)
    (line,) = str(caught.value).splitlines()
    expected = (
        f"{path}:5: base.evaluation.languages: task 'udpos' is not in the benchmark 'xglue'; its tasks are xglue_ner"
    )
    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{train: a}", "base.target.data: 'target.data.test' is missing"),
        ("{train: a, test: b, tset: c}", "base.target.data.tset: unknown key 'tset'; did you mean 'test'?"),
        ("{train: a, test: 3}", "base.target.data.test: given 3 for 'target.data.test'; allowed: a valid string"),
    ],
)
def test_data_by_split_are_refused_by_the_key_that_is_wrong(tmp_path, data, message):
    path = tmp_path / "space.yaml"
    path.write_text(OWN_SPACE.replace("TASK", "xnli").replace("somewhere", data))
    with pytest.raises(SpaceError) as caught:
        load_space(path)
    assert str(caught.value).splitlines() == [
        f"{path}:4: {message}" + (" Allowed: dev, test, train" if "tset" in message else "")
    ]


def test_the_place_of_one_split_may_be_changed(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(OWN_SPACE.replace("TASK", "xnli").replace("somewhere", "{train: a, test: b}"))
    for trial in expand_space(load_space(path, ["target.data.test=c"])):
        assert (trial.spec.target.data_of("train"), trial.spec.target.data_of("test")) == ("a", "c")
