"""The task `world`: the contract of all tasks, and what the world promises besides."""

import subprocess
import sys

import pytest

from tests.contracts.task_contract import TaskContract
from xlt_core.errors import DataError
from xlt_core.tasks.world import TASK, WorldTask
from xlt_core.world.world import build_world


class TestWorld(TaskContract):
    name = "world"

    @pytest.fixture
    def data(self):
        return "hub"


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_same_pairs_are_said_in_every_language(split):
    world = build_world()
    words = {code: {word: place for place, word in enumerate(world.lexicons[code].words)} for code in TASK.languages}
    said = {}
    for code in TASK.languages:
        examples = TASK.load_eval("hub", split, code)
        texts = zip(examples.first, examples.second, strict=True)
        glosses = [[sorted(words[code][word] for word in text.split()) for text in pair] for pair in texts]
        said[code] = (examples.ids, examples.labels, glosses)
    assert all(said[code] == said["src"] for code in TASK.languages)
    assert len({TASK.load_eval("hub", split, code).first for code in TASK.languages}) == len(TASK.languages)


def test_no_sentence_is_shared_by_train_dev_and_test():
    sentences = []
    for examples in (
        *(TASK.load_train("hub", dose=dose, data_seed=0) for dose in (0.0, None, 1.0)),
        TASK.load_eval("hub", "dev", "src"),
        TASK.load_eval("hub", "test", "src"),
    ):
        sentences.append({*examples.first, *examples.second})
    dev, test = sentences[3:]
    assert dev.isdisjoint(test)
    assert all(train.isdisjoint(dev | test) for train in sentences[:3])


def test_training_labels_are_balanced_at_every_dose_and_the_seed_draws_them():
    for dose in (None, 0.0, 0.3, 1.0):
        examples = TASK.load_train("hub", dose=dose, data_seed=0)
        assert len(examples) == 6000
        assert sum(examples.labels) == 3000
    assert TASK.load_train("hub", dose=0.3, data_seed=0) != TASK.load_train("hub", dose=0.3, data_seed=1)


def test_the_mix_without_a_dose_is_that_of_the_held_out_pairs():
    default = TASK.load_train("hub", dose=None, data_seed=0)
    assert default == TASK.load_train("hub", dose=0.25, data_seed=0)
    pairs = build_world().test_pairs
    assert sum(pair.difficulty == "hard" for pair in pairs) == 124  # 125 would leave one label with more


def test_a_share_of_training_pairs_changes_with_the_dose_and_no_more():
    one, other = (TASK.load_train("hub", dose=dose, data_seed=4) for dose in (0.2, 0.5))
    changed = [
        before != after
        for before, after in zip(
            zip(one.first, one.second, strict=True), zip(other.first, other.second, strict=True), strict=True
        )
    ]
    assert sum(changed) == pytest.approx(0.3 * 6000, abs=30)  # a few easy and hard pairs are equal by chance


def test_another_world_has_another_fingerprint():
    arguments = ("hub", "test", TASK.languages)
    assert WorldTask(1).fingerprint(*arguments) != TASK.fingerprint(*arguments)
    assert WorldTask(0).fingerprint(*arguments) == TASK.fingerprint(*arguments)


def test_an_unknown_language_and_the_training_split_are_refused():
    with pytest.raises(DataError, match="no language 'en'; it has src"):
        TASK.load_eval("hub", "test", "en")
    with pytest.raises(DataError, match="'dev' or 'test'"):
        TASK.load_eval("hub", "train", "src")


def test_it_is_light():
    code = "import sys, xlt_core.tasks.world; print(*{'torch', 'transformers', 'datasets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
