"""What all examples must satisfy before anything is trained or scored on them, whatever they were read from."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from xlt_core.errors import DataError
from xlt_core.tasks.base import Examples, PairExamples

_MIN_EXAMPLES_FOR_HISTOGRAM = 30
"""Fewer examples may well have only one label."""


def check_examples(examples: Examples, source: str, labels: Sequence[str]) -> None:
    """Refuse examples whose scores would mean nothing.

    Args:
        examples: of one split and language.
        source: where they come from, for the message.
        labels: of the task.

    Raises:
        DataError: no examples, an id twice, or one label everywhere: the mark of XTREME's stripped test files, whose
            placeholders can be scored but say nothing.
    """
    if not len(examples):
        raise DataError(f"{source}: holds no examples; fetch it again")
    most_common, count = Counter(examples.ids).most_common(1)[0]
    if count > 1:
        raise DataError(f"{source}: the id '{most_common}' is there {count} times; ids must be unique")
    by_example = [(label,) for label in examples.labels] if isinstance(examples, PairExamples) else examples.labels
    distinct = set(chain.from_iterable(by_example))
    if len(examples) >= _MIN_EXAMPLES_FOR_HISTOGRAM and len(distinct) < 2:
        label = labels[next(iter(distinct))]
        raise DataError(
            f"{source}: all {len(examples)} examples have the label '{label}', so these are placeholders; "
            f"take the original data, labelled with {', '.join(labels)}, instead of XTREME's stripped release"
        )
