"""Which trials may share an array: those whose steps are the same passes over models of the same shape."""

from typing import Any

import pytest

from tests.factories import write_neighbor_file, write_pair_folder
from tests.xlt_core.test_plan_frozen import EMBEDDING, write_translations
from tests.xlt_core.test_run_families import save_bert, save_deberta
from xlt_core.arrays.signature import find_array_key
from xlt_core.plan import plan_trial
from xlt_core.spec import parse_trial_spec

WORLD = {"task": "world", "data": "world"}


def find_key(target: dict[str, Any] | None = None, **changes: Any) -> str | None:
    base = {"encoder": "mini", "target": {**WORLD, **(target or {})}, "optim": {"num_steps": 5, "batch_size": 8}}
    return find_array_key(plan_trial(parse_trial_spec(base | changes)))


def disturb(method: str, magnitude: float = 0.1, **settings: Any) -> dict[str, Any]:
    return {"perturbation": {"method": method, "magnitude": magnitude, **settings}}


def test_numbers_may_differ():
    key = find_key()
    assert key is not None
    assert find_key(seed=3) == key
    optim = {"num_steps": 5, "batch_size": 8, "learning_rate": 3e-4, "weight_decay": 0.1, "max_grad_norm": 0.5}
    assert find_key(optim=optim) == key
    assert find_key(intermediate={**WORLD, "optim": {"num_steps": 2}}) == key
    assert find_key(evaluation={"max_examples": 7}) == key
    assert find_key(disturb("pgd", 0.1, step_ratio=0.2)) == find_key(disturb("pgd", 0.7, step_ratio=0.9))


def test_all_noise_on_word_embeddings_and_none_share_a_key():
    key = find_key()
    for method in ("gaussian", "uniform", "neftune"):
        assert find_key(disturb(method)) == key
        assert find_key(disturb(method, 0.0)) == key
    assert find_key(disturb("uniform", norm="linf", granularity="batch", mask="non_pad")) == key
    assert find_key(disturb("pgd", 0.0)) == key, "magnitude 0 is plain training under any method"
    assert find_key(disturb("gaussian", site="last_hidden", mask="non_pad")) not in (key, None)
    assert find_key(disturb("gaussian", num_samples=2)) not in (key, None)


@pytest.mark.parametrize(
    "change",
    [
        {"optim": {"num_steps": 5, "batch_size": 16}},
        {"model": {"pooling": "mean"}},
        {"model": {"dropout": 0.3}},
        {"model": {"max_length": 20}},
    ],
)
def test_what_is_computed_may_not_differ(change):
    assert find_key(**change) not in (find_key(), None)


def test_methods_that_take_other_passes_are_told_apart():
    methods = (
        "gaussian",
        "pgd",
        "fgm",
        "fgsm",
        "vat",
        "smart",
        "alum",
        "r3f",
        "r_drop",
        "freelb",
        "mixup",
        "sam",
        "asam",
    )
    keys = [find_key(disturb(method)) for method in methods]
    assert None not in keys
    assert len(set(keys)) == len(methods)
    assert find_key(disturb("pgd", num_ascent_steps=1)) != find_key(disturb("pgd", num_ascent_steps=2))


@pytest.mark.parametrize("method", ["r4f", "ear", "rs_da"])
def test_methods_that_change_the_model_or_the_examples_train_alone(tmp_path, method):
    neighbors = tmp_path / "neighbors.json"
    write_neighbor_file(neighbors)
    settings = {} if method == "r4f" else {"neighbors": str(neighbors)}
    settings |= {"attention_layer": 1} if method == "ear" else {}
    assert find_key(disturb(method, 0.1, **settings)) is None


def test_what_an_intermediate_stage_trains_beside_its_task_does_not_matter(tmp_path):
    write_pair_folder(tmp_path / "pairs")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "sw.txt").write_text("w1 w2\nw3\n", encoding="utf-8")
    beside = {"beside": [{"task": "pawsx", "data": str(tmp_path / "pairs")}]}
    texts = {"masked_lm": {"text": str(tmp_path / "text"), "languages": ["sw"], "ratio": 0.2}}
    for mixed in (beside, texts):
        assert find_key(intermediate={**WORLD, **mixed}) == find_key()


def test_what_is_not_trained_is_in_no_array(tmp_path):
    write_translations(tmp_path)
    evaluation = {"embedding": EMBEDDING, "languages": ["de"]}
    assert find_key({"task": "tatoeba", "data": str(tmp_path)}, evaluation=evaluation) is None


def test_encoders_that_cannot_read_packed_batches_train_alone(tmp_path):
    save_deberta(tmp_path / "padded")
    save_bert(tmp_path / "packed")
    write_pair_folder(tmp_path / "pairs")
    pairs = {"task": "pawsx", "data": str(tmp_path / "pairs")}
    assert find_key(pairs, encoder=str(tmp_path / "padded")) is None
    assert find_key(pairs, encoder=str(tmp_path / "packed")) not in (find_key(pairs), None)
