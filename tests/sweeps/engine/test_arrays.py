"""Widths share what is ready out among the workers, and keep to what was measured."""

from hypothesis import given
from hypothesis import strategies as st

from sweeps.engine.arrays import ArrayWidths
from sweeps.units.companions import MAX_WIDTH
from sweeps.units.graph import Unit
from sweeps.workers.outcomes import ArrayOutcome


def _unit(key: str = "k", request: str = "cpu", first: str = "t") -> Unit:
    return Unit(unit_id=first, kind="trial", title="t", request=request, array_key=key)


def _hand_out(widths: ArrayWidths, num_ready: int, num_slots: int) -> list[int]:
    taken = []
    while num_ready:
        taken.append(min(num_ready, widths.choose(_unit(), num_ready, num_slots)))
        num_ready -= taken[-1]
    return taken


def test_workers_get_equal_shares() -> None:
    assert _hand_out(ArrayWidths(), 16, 2) == [8, 8]
    assert _hand_out(ArrayWidths(), 18, 4) == [5, 5, 5, 3]
    assert _hand_out(ArrayWidths(), 48, 1) == [16, 16, 16]
    assert _hand_out(ArrayWidths(), 20, 1) == [10, 10]
    assert _hand_out(ArrayWidths(), 3, 8) == [1, 1, 1]


@given(num_ready=st.integers(1, 300), num_slots=st.integers(1, 20))
def test_every_trial_is_in_one_array_and_the_slowest_worker_has_little_more_than_its_share(
    num_ready: int, num_slots: int
) -> None:
    taken = _hand_out(ArrayWidths(), num_ready, num_slots)
    assert sum(taken) == num_ready
    assert min(taken) >= 1
    assert max(taken) <= MAX_WIDTH
    loads = [0] * num_slots
    for width in taken:  # to whoever is free first, arrays taking as long as they are wide
        loads[loads.index(min(loads))] += width
    assert max(loads) <= num_ready / num_slots + MAX_WIDTH


def test_nothing_is_wider_than_what_was_quickest_and_that_is_not_measured_again() -> None:
    widths = ArrayWidths()
    assert widths.find_proved(_unit(), 8) is None
    told = widths.hear("k", ArrayOutcome(num_members=8, measured_width=4))
    assert told == "array  4 trials at a time are quickest here"
    assert widths.hear("k", ArrayOutcome(num_members=8, measured_width=4)) is None
    assert _hand_out(widths, 16, 2) == [4, 4, 4, 4]
    assert [widths.find_proved(_unit(), width) for width in (1, 3, 4)] == [1, 3, 4]
    assert widths.choose(_unit("other"), 16, 2) == 8


def test_who_is_free_first_leaves_to_others_their_share_of_what_will_come_back() -> None:
    widths = ArrayWidths()
    for first in ("one", "other"):
        widths.begin(_unit(first=first), widths.choose(_unit(first=first), 18, 2))
    assert widths.end("one") == "k"
    widths.hear("k", ArrayOutcome(num_members=9, left=tuple("abcd"), measured_width=5))
    assert widths.choose(_unit(), 4, 2) == 4  # not half of them: the other worker has four more, too
    assert widths.choose(_unit(request="gpu"), 4, 2) == 2
    assert widths.end("other") == "k"
    assert widths.end("other") is None


def test_a_measurement_that_was_disturbed_does_not_narrow_what_another_found() -> None:
    widths = ArrayWidths()
    for measured in (1, 4, 2):
        widths.hear("k", ArrayOutcome(num_members=8, measured_width=measured))
    assert widths.choose(_unit(), 100, 1) == 4


def test_what_was_quickest_all_together_counts_whichever_measurement_ends_first() -> None:
    for order in ((6, 12), (12, 6)):
        widths = ArrayWidths()
        for measured in order:
            widths.hear("k", ArrayOutcome(num_members=12, measured_width=measured))
        assert widths.choose(_unit(), 12, 1) == 12


def test_what_failed_is_not_tried_again_although_it_had_been_quickest() -> None:
    widths = ArrayWidths()
    widths.hear("k", ArrayOutcome(num_members=12, measured_width=12))
    widths.hear("k", ArrayOutcome(num_members=12, failed=True))
    widths.hear("k", ArrayOutcome(num_members=6, measured_width=6))
    assert widths.choose(_unit(), 12, 1) == 6
    assert widths.find_proved(_unit(), 12) is None


def test_a_few_that_were_quickest_all_together_say_nothing_of_more() -> None:
    widths = ArrayWidths()
    assert widths.hear("k", ArrayOutcome(num_members=4, measured_width=4)) is None
    assert widths.choose(_unit(), 12, 1) == 12
    assert widths.find_proved(_unit(), 4) == 4
    assert widths.find_proved(_unit(), 12) is None


def test_trials_that_are_quickest_alone_are_run_alone() -> None:
    widths = ArrayWidths()
    assert widths.hear("k", ArrayOutcome(num_members=8, measured_width=1)) == "array  alone is quickest here"
    assert set(_hand_out(widths, 9, 2)) == {1}


def test_an_array_that_failed_is_tried_half_as_wide_and_at_last_not_at_all() -> None:
    widths = ArrayWidths()
    for num_members, then in ((7, 3), (3, 1)):
        told = widths.hear("k", ArrayOutcome(num_members=num_members, failed=True))
        assert told is not None
        assert "could not train together" in told
        assert widths.choose(_unit(), 100, 1) == then
