from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.verdicts import BETTER, VERDICTS, WORSE, Found, claim_of, judge, restrictions_of

NOTHING = Found(p_adjusted=0.5, ci_adjusted_low=-1.0, ci_adjusted_high=1.0, p_no_loss=0.5, p_equivalence=0.5)


def _judge(k: int = 5, num_intermediate_runs: int | None = None, has_examples: bool = True, **changes: float) -> str:
    found = replace(NOTHING, **changes)
    return judge(found, alpha=0.05, k=k, num_intermediate_runs=num_intermediate_runs, has_examples=has_examples)


def test_every_verdict_has_its_reason() -> None:
    assert _judge() == "undecided"
    assert _judge(p_adjusted=0.01, ci_adjusted_low=0.1) == "better"
    assert _judge(p_adjusted=0.01, ci_adjusted_high=-0.1) == "worse"
    assert _judge(p_no_loss=0.01) == "no loss"
    assert _judge(p_no_loss=0.01, p_equivalence=0.04) == "equivalent"
    assert _judge(k=1, p_adjusted=0.0, ci_adjusted_low=1.0) == "not testable"


def test_one_of_two_conditions_is_not_enough_for_a_claim() -> None:
    assert _judge(p_adjusted=0.01) == "undecided"  # Holm rejects, its simultaneous interval does not
    assert _judge(ci_adjusted_low=0.1) == "undecided"


def test_what_is_not_known_is_undecided() -> None:
    assert _judge(**dict.fromkeys(Found.__dataclass_fields__, np.nan)) == "undecided"


def test_a_single_intermediate_run_stands_in_the_verdict() -> None:
    assert _judge(num_intermediate_runs=1, p_adjusted=0.01, ci_adjusted_low=0.1) == "better (one intermediate run)"
    assert _judge(num_intermediate_runs=2, p_adjusted=0.01, ci_adjusted_low=0.1) == "better"
    assert _judge(num_intermediate_runs=1, k=1) == "not testable"


def test_seeds_alone_are_about_these_examples_and_the_verdict_says_so() -> None:
    found = {"p_adjusted": 0.01, "ci_adjusted_low": 0.1}
    assert _judge(has_examples=False, **found) == "better (on these examples)"
    assert _judge(has_examples=False, p_no_loss=0.01) == "no loss (on these examples)"
    assert _judge(has_examples=False) == "undecided"
    assert _judge(has_examples=False, k=1) == "not testable"
    both = _judge(has_examples=False, num_intermediate_runs=1, **found)
    assert both == "better (one intermediate run, on these examples)"
    assert restrictions_of(both) == ("one intermediate run", "on these examples")


def test_a_restricted_verdict_claims_nothing() -> None:
    assert claim_of("better (on these examples)") == claim_of("no loss (one intermediate run)") == "undecided"
    assert [claim_of(verdict) for verdict in VERDICTS] == [*VERDICTS]
    assert [restrictions_of(verdict) for verdict in VERDICTS] == [()] * len(VERDICTS)


@given(
    st.builds(Found, **dict.fromkeys(Found.__dataclass_fields__, st.floats(-2, 2))),
    st.integers(0, 9),
    st.sampled_from([0.01, 0.05, 0.1]),
)
def test_nothing_is_better_or_worse_whose_corrected_interval_holds_0(found: Found, k: int, alpha: float) -> None:
    verdict = judge(found, alpha=alpha, k=k)
    assert verdict in VERDICTS
    if found.ci_adjusted_low <= 0 <= found.ci_adjusted_high or found.p_adjusted > alpha:
        assert verdict not in (BETTER, WORSE)


@pytest.mark.parametrize("k", [0, 1])
def test_fewer_than_two_seeds_are_not_testable(k: int) -> None:
    assert _judge(k=k) == "not testable"
