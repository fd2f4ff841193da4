"""What every task keeps: inherit `TaskContract`, or `FileTaskContract` where the data are files."""

import shutil
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np
import pytest

from tests.contracts.drawn_predictions import draw_predictions
from tests.contracts.metric_contract import assert_ratio
from xlt_core.errors import XltError
from xlt_core.evaluate import score_predictions
from xlt_core.metrics import METRICS
from xlt_core.tasks import TASKS, load_task
from xlt_core.tasks.base import FROZEN_SHAPES, LABEL_SHAPES, Examples, Shape, Task
from xlt_core.tasks.examples import (
    BitextExamples,
    ChoiceExamples,
    LinkedExamples,
    PairExamples,
    QueryExamples,
    SingleExamples,
    SpanExamples,
    TaggedExamples,
)

SPLITS = ("dev", "test")
TRAINED_ON: dict[Shape, type[Examples]] = {
    "single": SingleExamples,
    "pair": PairExamples,
    "tagging": TaggedExamples,
    "choice": ChoiceExamples,
    "span": SpanExamples,
    "dual": LinkedExamples,
}
SCORED_ON: dict[Shape, type[Examples]] = {
    **TRAINED_ON,
    "dual": QueryExamples,
    "retrieval": BitextExamples,
    "mining": BitextExamples,
}


def write_rows(path: Path, rows: list[tuple[str, ...]]) -> None:
    """Write a tab-separated file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def labels_of(examples: Examples) -> set[int]:
    """All label indices in use."""
    labels = getattr(examples, "labels", ())
    if isinstance(examples, TaggedExamples):
        return {tag for tags in labels for tag in tags}
    return set(labels)


def has_answers(examples: Examples) -> bool:
    """Whether every example has something that a prediction can be compared with; of a bitext, any pair."""
    if isinstance(examples, SpanExamples):
        lacks_answer = examples.is_impossible or (False,) * len(examples)
        return all(bool(answers) != lacks for answers, lacks in zip(examples.answers, lacks_answer, strict=True))
    if isinstance(examples, QueryExamples):
        return all(examples.targets)
    if isinstance(examples, BitextExamples):
        queries, candidates = range(len(examples)), range(len(examples.candidates))
        return bool(examples.gold) and all(pair[0] in queries and pair[1] in candidates for pair in examples.gold)
    return all(label >= 0 for label in labels_of(examples))


class TaskContract:
    name: str
    """In the table of tasks."""
    num_languages: ClassVar[dict[str, int]] = {"dev": 2, "test": 2}
    """That the test's data have at least; none for a split that the task does not have."""

    @pytest.fixture
    def data(self, tmp_path: Path) -> str:
        """A place where the task finds training data, and dev and test data in `num_languages`."""
        raise AssertionError("a task's test gives its data")

    @pytest.fixture
    def task(self) -> Task:
        return load_task(self.name)

    def test_it_describes_itself(self, task):
        assert self.name in TASKS
        assert task.name == self.name
        assert task.version >= 1
        assert task.shape in get_args(Shape)
        assert len(task.labels) == len(set(task.labels))
        assert len(task.labels) >= 2 if task.shape in LABEL_SHAPES else not task.labels
        assert len(task.languages) == len(set(task.languages)) >= self.num_languages["test"]
        assert task.source_language in task.languages or task.shape in FROZEN_SHAPES
        assert task.metrics
        assert set(task.metrics) <= set(METRICS)

    @pytest.mark.parametrize("split", SPLITS)
    def test_languages_that_are_found_can_be_loaded(self, task, data, split):
        found = task.find_languages(data, split)
        assert len(found) >= self.num_languages[split]
        assert found == tuple(language for language in task.languages if language in found)
        for language in found:
            assert len(task.load_eval(data, split, language)) > 0

    @pytest.mark.parametrize("split", SPLITS)
    def test_examples_are_labelled_within_the_set_and_named_once(self, task, data, split):
        for language in task.find_languages(data, split):
            examples = task.load_eval(data, split, language)
            assert labels_of(examples) <= set(range(len(task.labels)))
            assert len(set(examples.ids)) == len(examples.ids) == len(examples)
            assert len(getattr(examples, "labels", examples.ids)) == len(examples)
            assert isinstance(examples, SCORED_ON[task.shape])
            assert has_answers(examples)

    @pytest.mark.parametrize("split", SPLITS)
    def test_inputs_are_the_labelled_examples_where_there_are_labels(self, task, data, split):
        for language in task.find_languages(data, split):
            assert task.load_inputs(data, split, language) == task.load_eval(data, split, language)

    @pytest.mark.parametrize("split", SPLITS)
    def test_what_is_there_passes_the_check(self, task, data, split):
        task.check(data, split, task.languages)

    @pytest.mark.parametrize("split", SPLITS)
    def test_only_queries_have_candidates_and_all_their_targets_are_there(self, task, data, split):
        found = task.find_languages(data, split)
        if task.shape == "dual" and found:
            candidates = task.load_candidates(data, split)
            assert len(set(candidates.ids)) == len(candidates) == len(candidates.texts) == len(candidates.targets)
            known = {target for targets in candidates.targets for target in targets}
            assert all(set(task.load_eval(data, split, language).targets) <= known for language in found)
        else:
            with pytest.raises(XltError, match="candidates"):
                task.load_candidates(data, split)

    def test_outcomes_add_up_to_the_score_by_the_primary_metric(self, task, data):
        num_scored = 0
        for language in task.find_languages(data, "test"):
            candidates = task.load_candidates(data, "test") if task.shape == "dual" else None
            examples = task.load_eval(data, "test", language)
            predictions = draw_predictions(task, language, examples, candidates, np.random.default_rng(0))
            scored = score_predictions(predictions, task)
            assert scored.scores[0].metric == task.metrics[0]
            if scored.scores[0].value is not None:  # of groups of one there is no ranking
                assert_ratio(scored.predictions, predictions, scored.scores[0].value)
                num_scored += 1
        assert num_scored > 0

    def test_training_examples_are_labelled_within_the_set_and_named_once(self, task, data):
        if task.shape in FROZEN_SHAPES:
            with pytest.raises(XltError, match=f"task '{self.name}' has no train data"):
                task.load_train(data, dose=None, data_seed=0)
            return
        examples = task.load_train(data, dose=None, data_seed=0)
        assert labels_of(examples) <= set(range(len(task.labels)))
        assert len(set(examples.ids)) == len(examples)
        assert isinstance(examples, TRAINED_ON[task.shape])
        assert has_answers(examples)

    def test_loading_again_gives_equal_examples(self, task, data):
        if task.shape not in FROZEN_SHAPES:
            assert task.load_train(data, dose=None, data_seed=0) == task.load_train(data, dose=None, data_seed=0)
        language = task.find_languages(data, "test")[0]
        assert task.load_eval(data, "test", language) == task.load_eval(data, "test", language)

    def test_only_a_task_that_takes_a_dose_draws_its_training_data(self, task, data):
        if task.shape in FROZEN_SHAPES:
            assert not task.takes_dose
        elif task.takes_dose:
            easy = task.load_train(data, dose=0.0, data_seed=0)
            assert easy != task.load_train(data, dose=1.0, data_seed=0)
        else:
            assert task.load_train(data, dose=None, data_seed=0) == task.load_train(data, dose=None, data_seed=1)
            with pytest.raises(XltError, match=r"dose 0\.5"):
                task.load_train(data, dose=0.5, data_seed=0)

    def test_the_fingerprint_tells_splits_and_languages_apart(self, task, data):
        languages = task.find_languages(data, "test")
        prints = [task.fingerprint(data, split, languages) for split in SPLITS]
        prints.append(task.fingerprint(data, "test", languages[1:]))
        if task.shape not in FROZEN_SHAPES:
            prints.append(task.fingerprint(data, "train", (task.source_language,)))
        assert len(set(prints)) == len(prints)
        assert task.fingerprint(data, "test", languages) in prints


class FileTaskContract(TaskContract):
    """For tasks that read files below the folder that `data` names."""

    parallel_splits: tuple[str, ...] = ()
    """Splits in which all languages have the same examples."""

    def write_data(self, folder: Path) -> None:
        """Write files in the layout of the task."""
        raise AssertionError("a task's test writes its data")

    def list_test_files(self, folder: Path) -> list[Path]:
        """The files of the test split, as `write_data` writes them."""
        return sorted(folder.rglob("*test*"))

    @pytest.fixture
    def data(self, tmp_path: Path) -> str:
        self.write_data(tmp_path / "data")
        return str(tmp_path / "data")

    def test_parallel_examples_have_the_same_ids(self, task, data):
        for split in self.parallel_splits:
            ids = {task.load_eval(data, split, language).ids for language in task.find_languages(data, split)}
            assert len(ids) == 1

    def test_the_fingerprint_does_not_depend_on_the_place(self, task, data, tmp_path):
        shutil.copytree(data, tmp_path / "elsewhere")
        for split in SPLITS if task.shape in FROZEN_SHAPES else ("train", *SPLITS):
            here = task.fingerprint(data, split, task.languages)
            assert here == task.fingerprint(str(tmp_path / "elsewhere"), split, task.languages)

    def test_the_fingerprint_changes_with_any_byte_that_is_read(self, task, data):
        before = task.fingerprint(data, "test", task.languages)
        for path in self.list_test_files(Path(data)):
            content = path.read_bytes()
            path.write_bytes(content + b" ")
            assert task.fingerprint(data, "test", task.languages) != before, path.name
            path.write_bytes(content)
        assert task.fingerprint(data, "test", task.languages) == before

    def test_the_fingerprint_ignores_files_that_are_not_read(self, task, data):
        before = task.fingerprint(data, "test", task.languages)
        (Path(data) / "NOTES.txt").write_text("not data")
        assert task.fingerprint(data, "test", task.languages) == before

    def test_a_missing_language_is_refused_with_what_is_there(self, task, data):
        name = self.list_test_files(Path(data))[0].name
        if len(task.languages) == 1:
            for path in self.list_test_files(Path(data)):
                path.unlink()
        missing = next(code for code in task.languages if code not in task.find_languages(data, "test"))
        name = missing if len(task.languages) > 1 else name
        with pytest.raises(XltError, match=f"no test data for '{missing}'.*expected .*{name}"):
            task.load_eval(data, "test", missing)

    def test_a_missing_folder_is_refused(self, task, tmp_path):
        with pytest.raises(XltError, match="no such folder; give a folder, 'hub'"):
            task.load_eval(str(tmp_path / "nowhere"), "test", task.source_language)

    def test_training_data_must_be_there_before_anything_is_planned(self, task, tmp_path):
        with pytest.raises(XltError, match="no train data"):
            task.fingerprint(str(tmp_path), "train", (task.source_language,))

    def test_an_empty_file_and_one_that_is_not_utf8_are_refused(self, task, data):
        language = task.find_languages(data, "test")[0]
        for path in self.list_test_files(Path(data)):
            path.write_bytes(b"")
        with pytest.raises(XltError, match="the file is empty"):
            task.load_eval(data, "test", language)
        for path in self.list_test_files(Path(data)):
            path.write_bytes(b"fine\n\xff\xfe\n")
        with pytest.raises(XltError, match="line 2: byte 0xff is not UTF-8"):
            task.load_eval(data, "test", language)


def assert_refused(task: Task, data: str, split: Any, language: str, match: str) -> None:
    """Loading fails with a message for the user."""
    with pytest.raises(XltError, match=match):
        task.load_eval(data, split, language)
