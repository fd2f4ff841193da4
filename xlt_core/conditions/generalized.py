"""Generalized transfer (Huang et al. 2021): sentence 1 in one language, sentence 2 in another, all ordered pairs.

Test sets of parallel data are joined by example id: a pair has sentence 1 of the one row and sentence 2 of the other.
Rows whose labels disagree are left out: translated sets do not agree everywhere (PAWS-X: up to 32 of 2,000 rows).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xlt_core.conditions.base import Condition, TestSets, View
from xlt_core.errors import DataError, SpecError
from xlt_core.tasks.base import Examples, PairExamples, Split, Task

VERSION = 1
"""Raised when the same files are joined to other pairs; part of every identity."""
MAX_DISAGREEING = 0.05
"""Share of joined rows; above it the files are taken to be misaligned."""


class GeneralizedCondition(Condition):
    """Every ordered pair of languages, a language with itself included."""

    def identity(self) -> dict[str, Any]:
        """See `Condition`."""
        return {"kind": "generalized", "version": VERSION}

    def views(self, sets: TestSets) -> Iterator[View]:
        """Language of sentence 1, then of sentence 2."""
        for first in sets.languages:
            for second in sets.languages:
                joined = WithSecondOf(task=sets.task, data=sets.data, split=sets.split, first=first, second=second)
                yield View(language=first, condition_language=second, edit=joined)


@dataclass(frozen=True, kw_only=True)
class WithSecondOf:
    """The edit: takes sentence 2 from the test set of another language. What is read of it is not kept."""

    task: Task
    data: str
    split: Split
    first: str
    """Language of sentence 1, for messages."""
    second: str
    """Language of sentence 2."""

    def identity(self) -> dict[str, Any]:
        """See `Edit`."""
        return {
            "edit": "with_second_of",
            "version": VERSION,
            "language": self.second,
            "data": self.task.fingerprint(self.data, self.split, (self.second,)),
        }

    def apply(self, examples: Examples) -> Examples:
        """Join by id.

        Raises:
            DataError: no id in common, or labels disagree too often.
        """
        others = self.task.load_eval(self.data, self.split, self.second)
        if not isinstance(examples, PairExamples) or not isinstance(others, PairExamples):
            raise SpecError(f"generalized: task '{self.task.name}' has no pairs of sentences")
        source = f"task '{self.task.name}', {self.split} data in '{self.data}'"
        return join_pairs(examples, others, source=source, languages=(self.first, self.second))


def join_pairs(first: PairExamples, second: PairExamples, *, source: str, languages: tuple[str, str]) -> PairExamples:
    """Take sentence 1 from one set and sentence 2 from the other, in the order of the first, joined by id.

    Args:
        first: gives ids, labels and sentence 1.
        second: gives sentence 2.
        source: of both, for messages.
        languages: of both, for messages.

    Raises:
        DataError: no id in common, or more than `MAX_DISAGREEING` of the joined rows have two labels.
    """
    place_of = {identifier: place for place, identifier in enumerate(second.ids)}
    joined = [(row, place_of[identifier]) for row, identifier in enumerate(first.ids) if identifier in place_of]
    between = f"{source}: '{languages[0]}' and '{languages[1]}'"
    if not joined:
        raise DataError(
            f"{between} have no example id in common ({len(first):,} and {len(second):,} examples, such as "
            f"'{first.ids[0]}' and '{second.ids[0]}'); generalized transfer needs parallel test sets"
        )
    agreeing = [(row, place) for row, place in joined if first.labels[row] == second.labels[place]]
    num_disagreeing = len(joined) - len(agreeing)
    if num_disagreeing > MAX_DISAGREEING * len(joined):
        raise DataError(
            f"{between} disagree in the label of {num_disagreeing:,} of {len(joined):,} examples with the same id; "
            f"at most {MAX_DISAGREEING:.0%} are left out. The files do not belong together: take both from one release"
        )
    rows, places = zip(*agreeing, strict=True)
    return PairExamples(
        ids=tuple(first.ids[row] for row in rows),
        first=tuple(first.first[row] for row in rows),
        second=tuple(second.second[place] for place in places),
        labels=tuple(first.labels[row] for row in rows),
    )
