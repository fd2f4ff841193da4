"""Rate and time left, by hand and as an invariant."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.observing import pace as module
from sweeps.observing.pace import Pace, Taken

SetClock = Callable[[float], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    return lambda seconds: clock.__setitem__(0, seconds)


def test_time_left_counts_steps_not_trials(set_clock: SetClock) -> None:
    set_clock(0.0)
    pace = Pace()
    pace.plan("pretrain", "stage", 1000)
    for trial in range(10):
        pace.plan(f"t{trial}", "trial", 10)
    pace.forecast({"pretrain": Taken(num_steps=0)})
    set_clock(50.0)
    # 500 of 1,000 steps in 50 s: 500 left at 0.1 s, then 10 trials of 10 steps at the only cost that is known
    assert pace.forecast({"pretrain": Taken(num_steps=500)}).seconds_left == pytest.approx(500 * 0.1 + 100 * 0.1)


def test_each_kind_has_its_own_cost(set_clock: SetClock) -> None:
    set_clock(0.0)
    pace = Pace()
    pace.plan("s1", "stage", 100)
    pace.plan("s2", "stage", 100)
    pace.plan("t1", "trial", 10)
    pace.plan("t2", "trial", 10)
    pace.end("s1", 5.0, is_trial=False)
    pace.end("t1", 20.0)
    set_clock(25.0)
    assert pace.forecast({}).seconds_left == pytest.approx(100 * 0.05 + 10 * 2.0)
    assert pace.forecast({"t2": Taken(num_steps=5)}).seconds_left == pytest.approx(100 * 0.05 + 5 * 20.0 / 15)


def test_the_start_of_a_worker_is_no_part_of_the_pace(set_clock: SetClock) -> None:
    set_clock(0.0)
    pace = Pace()
    for stage in ("s1", "s2"):
        pace.plan(stage, "stage", 100)
    set_clock(60.0)
    pace.forecast({"s1": Taken(num_steps=0)})
    set_clock(70.0)
    pace.end("s1", 70.0, is_trial=False)
    assert pace.forecast({}).seconds_left == pytest.approx(10.0)


def test_those_that_stopped_on_their_way_have_no_steps_left_and_no_share(set_clock: SetClock) -> None:
    set_clock(0.0)
    pace = Pace()
    for trial in range(4):
        pace.plan(f"t{trial}", "trial", 100)
    pace.forecast({f"t{trial}": Taken(worker="w") for trial in range(4)})
    set_clock(20.0)
    running = {f"t{trial}": Taken(num_steps=2, worker="w", has_stopped=True) for trial in range(2)}
    running |= {f"t{trial}": Taken(num_steps=50, worker="w") for trial in range(2, 4)}
    assert pace.forecast(running).seconds_left == pytest.approx(20.0)


def test_what_runs_side_by_side_is_done_sooner_but_not_before_the_longest(set_clock: SetClock) -> None:
    set_clock(0.0)
    pace = Pace(num_at_a_time=4)
    for trial in range(9):
        pace.plan(f"t{trial}", "trial", 10)
    pace.end("t0", 10.0)
    set_clock(10.0)
    assert pace.forecast({}).seconds_left == pytest.approx(8 * 10.0 / 4)
    pace.plan("long", "trial", 1000)
    assert pace.forecast({}).seconds_left == pytest.approx(1000.0)


def test_units_that_train_nothing_take_what_others_of_their_kind_took(set_clock: SetClock) -> None:
    set_clock(0.0)
    pace = Pace()
    for trial in range(3):
        pace.plan(f"t{trial}", "trial", 0)
    pace.end("t0", 7.0)
    assert pace.forecast({}).seconds_left == pytest.approx(14.0)


def test_trials_that_never_ran_do_not_make_the_others_look_quick(set_clock: SetClock) -> None:
    set_clock(0.0)
    pace = Pace()
    for trial in range(3):
        pace.plan(f"t{trial}", "trial", 10)
    pace.end("t0", None)
    pace.end("t1", 10.0)
    set_clock(10.0)
    assert pace.forecast({}).seconds_left == pytest.approx(10.0)


def test_before_anything_is_known_nothing_is_said(set_clock: SetClock) -> None:
    set_clock(0.0)
    pace = Pace()
    pace.plan("t1", "trial", 10)
    forecast = pace.forecast({"t1": Taken(num_steps=0)})
    assert (forecast.trials_per_minute, forecast.seconds_left) == (None, None)


def test_the_rate_is_that_of_the_last_fifty(set_clock: SetClock) -> None:
    pace = Pace()
    for trial in range(200):
        set_clock(float(trial + 1) if trial < 100 else 100.0 + (trial - 99) * 10.0)
        pace.end(f"t{trial}", 1.0)
    assert pace.forecast({}).trials_per_minute == pytest.approx(6.0)


def test_trials_that_train_together_share_a_worker_whether_they_run_or_have_ended(set_clock: SetClock) -> None:
    """Two workers with four trials each: 100 steps of all four take 40 s, so that a step of one takes 0.1 s of them."""
    set_clock(0.0)
    pace = Pace()
    names = [f"t{place}" for place in range(16)]
    for name in names:
        pace.plan(name, "trial", 100)

    def running(begin: int, num_steps: int) -> dict[str, Taken]:
        return {
            name: Taken(num_steps=num_steps, worker=("host", place // 4))
            for place, name in enumerate(names[begin : begin + 8])
        }

    pace.forecast(running(0, 0))
    set_clock(20.0)
    assert pace.forecast(running(0, 50)).seconds_left == pytest.approx(20.0 + 40.0)
    for end in range(8):
        set_clock(40.0 + end / 100)  # one row after the other
        pace.end(names[end], 10.0)
    pace.forecast(running(8, 0))
    assert pace.forecast(running(8, 0)).seconds_left == pytest.approx(40.0)
    set_clock(60.07)
    assert pace.forecast(running(8, 50)).seconds_left == pytest.approx(20.0)


def test_an_array_is_not_done_before_its_longest_member(set_clock: SetClock) -> None:
    set_clock(0.0)
    pace = Pace(num_at_a_time=8)
    pace.plan("a", "trial", 100)
    pace.plan("b", "trial", 100)
    together = {name: Taken(num_steps=0, worker="one") for name in "ab"}
    pace.forecast(together)
    set_clock(10.0)
    halfway = {name: Taken(num_steps=50, worker="one") for name in "ab"}
    assert pace.forecast(halfway).seconds_left == pytest.approx(10.0)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.integers(1, 8), st.floats(0.001, 10.0))
def test_equal_steps_at_one_cost_take_what_they_must(steps: list[int], slots: int, seconds_a_step: float) -> None:
    pace = Pace(num_at_a_time=slots)
    pace.plan("first", "trial", 100)
    pace.end("first", 100 * seconds_a_step)
    for place, number in enumerate(steps):
        pace.plan(f"t{place}", "trial", number)
    left = pace.forecast({}).seconds_left
    assert left is not None
    total = sum(steps) * seconds_a_step
    costs = [number * seconds_a_step if number else 100 * seconds_a_step for number in steps]
    assert left >= max(costs) - 1e-6
    assert left <= sum(costs) + 1e-6
    assert left >= total / slots - 1e-6
