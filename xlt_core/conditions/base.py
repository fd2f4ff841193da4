"""What a condition is when it is scored. In: its settings and the test sets. Out: views, one table of scores each."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xlt_core.conditions.spec import ConditionSettings
from xlt_core.edits.base import Edit
from xlt_core.spec import DisturbanceSpec
from xlt_core.tasks.base import Split, Task


@dataclass(frozen=True, kw_only=True)
class TestSets:
    """Where a task's labelled examples are, and in which languages they are to be scored."""

    __test__ = False  # no test class, whatever pytest takes its name for

    task: Task
    data: str
    split: Split
    languages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class View:
    """One language's test set under a condition."""

    language: str
    condition_language: str | None = None
    """Of the second sentence, where it is another language's."""
    edit: Edit | None = None
    """Of the texts."""
    disturbance: DisturbanceSpec | None = None
    """Of the embeddings."""


class Condition(ABC):
    """A condition plug-in. `tests/contracts/condition_contract.py` says what every one must keep."""

    def __init__(self, spec: Any) -> None:
        """Take settings of the condition's kind, and read the files that they name.

        Raises:
            DataError: a file cannot be used.
        """
        self.spec: ConditionSettings = spec

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """JSON values; everything that decides the scores under it beside model and data, with files by content."""

    def check(self, sets: TestSets) -> None:
        """Look at what of the test sets lies on this machine, so that what cannot be scored is known before training.

        Raises:
            DataError: the test sets do not fit the condition.
        """
        del sets

    @abstractmethod
    def views(self, sets: TestSets) -> Iterator[View]:
        """The test sets to be scored; `sets` has the condition's languages only."""
