"""What a task is: languages, label set, where its data are, metrics. In: a data location. Out: examples.

Free of torch; `datasets` is imported only when the hub is asked.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

Split = Literal["train", "dev", "test"]
Shape = Literal["pair", "tagging"]


@dataclass(frozen=True, kw_only=True)
class PairExamples:
    """Columns of equal length: an example is two texts and one label."""

    ids: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    labels: tuple[int, ...]
    """Indices into the task's label set."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, kw_only=True)
class TaggedExamples:
    """Columns of equal length: an example is a sentence of words and one label a word."""

    ids: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    labels: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.ids)


Examples = PairExamples | TaggedExamples


class Task(Protocol):
    """A task plug-in. `tests/contracts/task_contract.py` says what every one must keep."""

    name: str
    version: int
    """Raised when the code reads the same data differently; part of every stage key."""
    shape: Shape
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    """Canonical codes, the source language included."""
    source_language: str
    metrics: tuple[str, ...]
    """Names in `xlt_core.metrics`; the first is the primary one."""
    takes_dose: bool
    """Whether the task knows the difficulty of its training examples."""

    def load_train(self, data: str, *, dose: float | None, data_seed: int) -> Examples:
        """Training examples in the source language. `data_seed` matters only where data are drawn."""
        ...

    def load_eval(self, data: str, split: Split, language: str) -> Examples:
        """Labelled dev or test examples of one language.

        Raises:
            DataError: absent, malformed, labels stripped or outside the set; names file, line and reason.
        """
        ...

    def find_languages(self, data: str, split: Split) -> tuple[str, ...]:
        """Languages whose data for `split` are there, in the order of `languages`."""
        ...

    def fingerprint(self, data: str, split: Split, languages: tuple[str, ...]) -> str:
        """Hash of the content that loading would read; equal wherever the files lie."""
        ...

    def check(self, data: str, split: Split, languages: tuple[str, ...]) -> None:
        """Read what of these languages lies on this machine, so that a bad file is known before anything is trained.

        Raises:
            DataError: as `load_train` and `load_eval` do.
        """
        ...
