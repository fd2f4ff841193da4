"""Progress in words."""

from dataclasses import replace

import pytest

from sweeps.observing.extremes import Extremes, LanguageMean
from sweeps.observing.heartbeats import Heartbeat
from sweeps.observing.pace import Forecast
from sweeps.observing.phrases import (
    describe_arrays,
    describe_counts,
    describe_devices,
    describe_extremes,
    describe_forecast,
    describe_silence,
    describe_step,
    format_seconds,
)
from sweeps.observing.vitals import Vitals

_BEAT = Heartbeat(unit_id="t", title="t", kind="target", num_steps_taken=3, num_steps=8, host="node1")


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (600, "10 min"), (7200, "2.0 h"), (3 * 86400, "3.0 days")])
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "target step 3/8"),
        ({"loss": 0.12345}, "target step 3/8, loss 0.123"),
        ({"num_steps_taken": 8}, "target trained, scoring"),
        ({"num_steps_taken": 8, "doing": "scored de"}, "target trained, scored de"),
        ({"kind": "start", "num_steps": 0, "num_steps_taken": 0}, "starting"),
    ],
)
def test_a_step_is_told_with_what_is_known(changes: dict[str, object], text: str) -> None:
    assert describe_step(replace(_BEAT, **changes)) == text  # type: ignore[arg-type]


def test_trials_that_train_together_are_counted_by_process() -> None:
    beats = [replace(_BEAT, unit_id=f"{pid}-{place}", pid=pid) for pid in (1, 2) for place in range(3)]
    assert describe_arrays(beats) == ["6 trials train together in 2 processes"]
    assert describe_arrays([*beats[:3], replace(_BEAT, pid=3)]) == ["3 trials train together in one process"]
    assert describe_arrays([replace(_BEAT, pid=1), replace(_BEAT, pid=1, host="node2")]) == []
    assert describe_arrays([replace(beat, doing="waits to be scored") for beat in beats]) == []


def test_counts_are_told_without_what_there_is_none_of() -> None:
    assert describe_counts({"pending": 1200, "ok": 3, "oom": 0}) == "3 ok, 1,200 pending"


def test_what_is_not_known_of_the_future_is_said_to_be() -> None:
    assert describe_forecast(Forecast(trials_per_minute=None, seconds_left=None)) == "time left not known yet"
    assert describe_forecast(Forecast(trials_per_minute=2.5, seconds_left=600)) == "2.5 trials/min, about 10 min left"


def test_silence_is_told_when_it_is_long() -> None:
    assert [describe_silence(seconds) for seconds in (None, 5.0, 300.0)] == ["", "", "silent for 5 min"]


def test_scores_have_no_sign_and_deltas_do() -> None:
    ends = Extremes(
        best=LanguageMean(language="en", mean=81.0),
        worst=LanguageMean(language="sw", mean=40.0),
        metric="f1",
        is_delta=False,
    )
    assert describe_extremes(ends) == "best en 81.0, worst sw 40.0 (f1, mean score)"
    assert describe_extremes(replace(ends, is_delta=True)) == "best en +81.0, worst sw +40.0 (f1, mean delta)"


def test_each_gpu_is_told_once_with_how_many_share_it() -> None:
    gpu = Vitals(
        device="H200", device_id="a", device_bytes=30 * 10**9, device_total_bytes=139 * 10**9, device_percent=87
    )
    beats = [replace(_BEAT, unit_id=str(place), vitals=gpu) for place in range(3)]
    other = replace(_BEAT, vitals=replace(gpu, device_id="b", device_percent=None))
    assert describe_devices([_BEAT, *beats, other]) == [
        "node1: H200, 30.0 of 139.0 GB, 87 % busy, 3 at work",
        "node1: H200, 30.0 of 139.0 GB, use not known (needs nvidia-ml-py), 1 at work",
    ]
