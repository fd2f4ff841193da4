"""What a row may be called. In: intervals and p values of a row. Out: one word, and what it is restricted to."""

from dataclasses import dataclass

BETTER = "better"
WORSE = "worse"
EQUIVALENT = "equivalent"
NO_LOSS = "no loss"
UNDECIDED = "undecided"
NOT_TESTABLE = "not testable"
VERDICTS = (BETTER, WORSE, EQUIVALENT, NO_LOSS, UNDECIDED, NOT_TESTABLE)

ONE_INTERMEDIATE_RUN = "one intermediate run"
"""Stands in parentheses behind a verdict that says nothing of other runs of the intermediate stage."""
THESE_EXAMPLES = "on these examples"
"""Stands there where the interval is from seeds alone, so that nothing is said of other test examples."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a verdict is made from; NaN where it is not known."""

    p_adjusted: float
    ci_adjusted_low: float
    ci_adjusted_high: float
    p_no_loss: float
    """Of the test that the difference is above minus the margin; corrected."""
    p_equivalence: float
    """The larger one of both such tests; corrected."""


def judge(
    found: Found, *, alpha: float, k: int, num_intermediate_runs: int | None = None, has_examples: bool = True
) -> str:
    """Give a row's verdict.

    `better` and `worse` need a corrected interval that excludes 0 and a corrected p of `alpha` at most. Else the row is
    `equivalent` where two one-sided tests at the margin pass (Schuirmann 1987), `no loss` where only that against a
    loss does, by their corrected p. `undecided` is no claim of no difference.

    Args:
        found: of the row.
        alpha: of the analysis.
        k: paired seeds; with fewer than two nothing can be tested.
        num_intermediate_runs: distinct runs of the intermediate stage behind them; none: there is no such stage.
        has_examples: whether test examples were resampled.
    """
    verdict = _judge(found, alpha) if k > 1 else NOT_TESTABLE
    restrictions = []
    if num_intermediate_runs == 1 and verdict != NOT_TESTABLE:
        restrictions.append(ONE_INTERMEDIATE_RUN)
    if not has_examples and verdict not in (UNDECIDED, NOT_TESTABLE):
        restrictions.append(THESE_EXAMPLES)
    return f"{verdict} ({', '.join(restrictions)})" if restrictions else verdict


def claim_of(verdict: str) -> str:
    """What a verdict claims of methods: with a restriction behind it nothing, which is `undecided`."""
    return UNDECIDED if " (" in verdict else verdict


def restrictions_of(verdict: str) -> tuple[str, ...]:
    """What stands in parentheses behind a verdict."""
    listed = verdict.partition(" (")[2].removesuffix(")")
    return tuple(listed.split(", ")) if listed else ()


def _judge(found: Found, alpha: float) -> str:
    if found.p_adjusted <= alpha and found.ci_adjusted_low > 0:
        return BETTER
    if found.p_adjusted <= alpha and found.ci_adjusted_high < 0:
        return WORSE
    if found.p_equivalence <= alpha:
        return EQUIVALENT
    return NO_LOSS if found.p_no_loss <= alpha else UNDECIDED
