"""Tasks that are trained on the same English examples. In, out: names of tasks. Light.

A target stage teaches all of a shared set again, and so washes out what an intermediate stage made of it.
"""

from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES

SHARED_TRAINING_SETS: dict[str, frozenset[str]] = {
    "MultiNLI": frozenset({"mnli", "xnli", "americasnli"}),
    "SQuAD": frozenset({"squad", "squad2", "xquad", "mlqa", "lareqa"}),  # SQuAD 2.0 has all questions of 1.1
    "COPA": frozenset({"copa", "xcopa"}),
    "CoNLL-2003": frozenset({"xglue_ner", "masakhaner"}),
    "Universal Dependencies": frozenset({"udpos", "xglue_pos", "masakhapos"}),  # releases differ, sentences hardly
}
"""Beside tasks that are their own."""


def share_training_set(task: str, other: str) -> bool:
    """Whether two tasks are usually trained on the same examples, or the larger part of them.

    Known by name, for our own tasks; planning compares the examples themselves, too, where they are at hand.
    """
    one, two = load_task(task), load_task(other)
    if one.shape in FROZEN_SHAPES or two.shape in FROZEN_SHAPES:  # nothing is trained
        return False
    names = {one.name, two.name}
    return len(names) == 1 or any(names <= group for group in SHARED_TRAINING_SETS.values())
