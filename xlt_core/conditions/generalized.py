"""Generalized transfer (Huang et al. 2021): sentence 1 in one language, sentence 2 in another, all ordered pairs.

Test sets of parallel data are joined by example id: a pair has sentence 1 of the one row and sentence 2 of the other.
Rows whose labels disagree are left out: translated sets do not agree everywhere (PAWS-X: up to 32 of 2,000 rows).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

from xlt_core.conditions.base import Condition, TestSets, View
from xlt_core.data.readers.location import is_on_hub
from xlt_core.errors import DataError, SpecError
from xlt_core.tasks.base import Examples, PairExamples, Task

VERSION = 1
"""Raised when the same files are joined to other pairs; part of every identity."""
MAX_DISAGREEING = 0.05
"""Share of joined rows; above it the files are taken to be misaligned."""


class GeneralizedCondition(Condition):
    """Every ordered pair of languages, a language with itself included."""

    def identity(self) -> dict[str, Any]:
        """See `Condition`."""
        return {"kind": "generalized", "version": VERSION}

    def check(self, sets: TestSets) -> None:
        """Join every pair of languages that has local data; what only the hub has is joined when it is scored."""
        if is_on_hub(sets.data):
            return
        found = sets.task.find_languages(sets.data, sets.split)
        loaded = {
            language: _require_pairs(sets.task, sets.task.load_eval(sets.data, sets.split, language))
            for language in sets.languages
            if language in found
        }
        for one, other in combinations(loaded, 2):
            match_rows(loaded[one], loaded[other], source=_describe(sets), languages=(one, other))

    def views(self, sets: TestSets) -> Iterator[View]:
        """Language of sentence 1, then of sentence 2."""
        for first in sets.languages:
            for second in sets.languages:
                yield View(
                    language=first,
                    condition_language=second,
                    edit=WithSecondOf(sets=sets, first=first, second=second),
                )


@dataclass(frozen=True, kw_only=True)
class WithSecondOf:
    """The edit: takes sentence 2 from the test set of another language."""

    sets: TestSets
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
            "data": self.sets.task.fingerprint(self.sets.data, self.sets.split, (self.second,)),
        }

    def apply(self, examples: Examples) -> Examples:
        """Join by id; rows keep the order of `examples`.

        Raises:
            DataError: no id in common, or labels disagree too often.
        """
        first = _require_pairs(self.sets.task, examples)
        second = _require_pairs(self.sets.task, self.sets.task.load_eval(self.sets.data, self.sets.split, self.second))
        rows = match_rows(first, second, source=_describe(self.sets), languages=(self.first, self.second))
        return PairExamples(
            ids=tuple(first.ids[row.first] for row in rows),
            first=tuple(first.first[row.first] for row in rows),
            second=tuple(second.second[row.second] for row in rows),
            labels=tuple(first.labels[row.first] for row in rows),
        )


class MatchedRow(NamedTuple):
    """Places of one example in two test sets."""

    first: int
    second: int


def match_rows(
    first: PairExamples, second: PairExamples, *, source: str, languages: tuple[str, str]
) -> list[MatchedRow]:
    """Find the examples that two test sets share by id and label, in the order of the first.

    Args:
        first: one language's.
        second: another's.
        source: of both, for messages.
        languages: of both, for messages.

    Raises:
        DataError: no id in common, row numbers in the place of ids that do not belong together, or more than
            `MAX_DISAGREEING` of the rows with a common id have two labels.
    """
    between = f"{source}: '{languages[0]}' and '{languages[1]}'"
    if len(first) != len(second) and _are_row_numbers(first.ids) and _are_row_numbers(second.ids):
        raise DataError(
            f"{between} have {len(first):,} and {len(second):,} examples and no ids but row numbers, which then say "
            "nothing of what belongs together; take both from one release, or files that have a column 'id'"
        )
    place_of = {identifier: place for place, identifier in enumerate(second.ids)}
    joined = [
        MatchedRow(row, place_of[identifier]) for row, identifier in enumerate(first.ids) if identifier in place_of
    ]
    if not joined:
        raise DataError(
            f"{between} have no example id in common ({len(first):,} and {len(second):,} examples, such as "
            f"'{first.ids[0]}' and '{second.ids[0]}'); generalized transfer needs parallel test sets"
        )
    agreeing = [row for row in joined if first.labels[row.first] == second.labels[row.second]]
    num_disagreeing = len(joined) - len(agreeing)
    if num_disagreeing > MAX_DISAGREEING * len(joined):
        raise DataError(
            f"{between} disagree in the label of {num_disagreeing:,} of {len(joined):,} examples with the same id; "
            f"at most {MAX_DISAGREEING:.0%} are left out. The files do not belong together: take both from one release"
        )
    return agreeing


def _are_row_numbers(ids: Sequence[str]) -> bool:
    return all(identifier == str(number) for number, identifier in enumerate(ids, start=1))


def _require_pairs(task: Task, examples: Examples) -> PairExamples:
    if not isinstance(examples, PairExamples):
        raise SpecError(f"generalized: task '{task.name}' has no pairs of sentences")
    return examples


def _describe(sets: TestSets) -> str:
    return f"task '{sets.task.name}', {sets.split} data in '{sets.data}'"
