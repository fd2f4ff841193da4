"""Hashes of what a plan names: data, encoders, files, conditions. In: where they are. Out: content, as it enters keys.

Light: reads and hashes, no torch.
"""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar, cast

from xlt_core.canonical import content_key, file_digest
from xlt_core.conditions import load_condition
from xlt_core.conditions.base import TestSets
from xlt_core.conditions.spec import ConditionSettings
from xlt_core.data.readers.location import is_on_hub
from xlt_core.difficulty.overlap import measure_overlap
from xlt_core.difficulty.pool import POOL_SEED
from xlt_core.difficulty.pool_checks import check_pool
from xlt_core.edits.candidates import read_neighbors
from xlt_core.edits.substitution import VERSION as SUBSTITUTION_VERSION
from xlt_core.encoders.identity import encoder_fingerprint
from xlt_core.errors import DataError
from xlt_core.spec import StageSpec
from xlt_core.tasks import load_task
from xlt_core.tasks.base import Split, Task
from xlt_core.texts import find_text_file, read_sentences

Made = TypeVar("Made")


class Fingerprints:
    """Remembers content hashes while one sweep is planned, so that 1,000 trials read the data once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], str] = {}
        self._conditions: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._tasks: dict[int, Task] = {}
        self._checked: set[tuple[Any, ...]] = set()
        self._overlaps: dict[tuple[Any, ...], float] = {}
        self._made: dict[Hashable, Any] = {}

    def remember(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Give what `make` made when it was first asked for under this key: all that the seeds of a cell share."""
        if key not in self._made:
            self._made[key] = make()
        return cast("Made", self._made[key])

    def of_data(
        self, task: Task, data: str, split: Split, languages: tuple[str, ...], *, needs_labels: bool = True
    ) -> str:
        """Hash of a task's data (`Task.fingerprint`), which are read once to see that they can be used.

        Raises:
            DataError: a file is malformed, or its labels are stripped where they are needed; better now than after
                the training.
        """
        key = ("data", self._number(task), data, split, languages, needs_labels)
        if key not in self._known:
            task.check(data, split, languages, needs_labels=needs_labels)
            self._known[key] = task.fingerprint(data, split, languages)
        return self._known[key]

    def check_pool_of(self, settings: StageSpec) -> None:
        """Look once at examples of which arms are to be drawn (`difficulty.pool_checks`), where they are at hand.

        Raises:
            DataError, SpecError: they cannot be scored, or no arms can be drawn of them.
        """
        task, data = load_task(settings.task), settings.data_of("train")
        key = (self._number(task), data, settings.difficulty, settings.dose is None)
        if key in self._checked or not _is_at_hand(task, data):
            return
        check_pool(settings)
        self._checked.add(key)

    def of_overlap(self, task: Task, data: str, other: Task, other_data: str) -> float:
        """Share of a task's training examples that another's has, too; 0 where only the hub has one of them."""
        key = (self._number(task), data, self._number(other), other_data)
        if key not in self._overlaps:
            is_known = _is_at_hand(task, data) and _is_at_hand(other, other_data)
            self._overlaps[key] = (
                measure_overlap(
                    task.load_train(data, dose=None, data_seed=POOL_SEED),
                    other.load_train(other_data, dose=None, data_seed=POOL_SEED),
                )
                if is_known
                else 0.0
            )
        return self._overlaps[key]

    def of_encoder(self, source: str) -> str:
        """Hash of an encoder's weights, configuration and tokenizer."""
        key = ("encoder", source)
        if key not in self._known:
            self._known[key] = encoder_fingerprint(source)
        return self._known[key]

    def of_neighbors(self, path: str) -> str:
        """Hash of a neighbour file, which is read to see that it can be used, and the version of what reads it.

        Raises:
            DataError: it cannot be used.
        """
        key = ("neighbors", path)
        if key not in self._known:
            self._known[key] = f"{SUBSTITUTION_VERSION}:{read_neighbors(Path(path)).digest}"
        return self._known[key]

    def of_file(self, path: str) -> str:
        """Hash of a file's bytes.

        Raises:
            DataError: it cannot be read.
        """
        key = ("file", path)
        if key not in self._known:
            try:
                self._known[key] = file_digest(Path(path))
            except OSError as error:
                raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error
        return self._known[key]

    def of_text(self, folder: str, language: str) -> str:
        """Hash of the sentences of one language, which are read to see that they can be used.

        Raises:
            DataError: they cannot be used.
        """
        key = ("text", folder, language)
        if key not in self._known:
            self._known[key] = content_key(read_sentences(find_text_file(folder, language)))
        return self._known[key]

    def of_condition(self, condition: ConditionSettings, sets: TestSets) -> dict[str, Any]:
        """What decides the scores under a condition, and its name, by which they are stored and compared.

        Files that it names and test sets are read to see that they can be used.

        Raises:
            DataError: a file cannot be used, or the test sets do not fit the condition.
        """
        key = (condition, self._number(sets.task), sets.data, sets.split, sets.languages)
        if key not in self._conditions:
            try:
                loaded = load_condition(condition.kind)(condition)
                loaded.check(sets)
            except DataError as error:
                raise DataError(f"evaluation.conditions, '{condition.name}': {error}") from error
            named = {"name": condition.name, "languages": sets.languages}
            self._conditions[key] = loaded.identity() | named
        return self._conditions[key]

    def _number(self, task: Task) -> int:
        """Tell tasks apart, also users' own that have one name; a task that is kept keeps its number to itself."""
        self._tasks[id(task)] = task
        return id(task)


def _is_at_hand(task: Task, data: str) -> bool:
    """Whether training examples can be read without a download; those that are drawn need no files."""
    return task.takes_dose or not is_on_hub(data)
