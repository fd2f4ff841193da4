"""A sweep whose trials train together leaves the rows of one whose trials do not."""

from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep
from sweeps.engine.launch import run_missing
from sweeps.engine.options import LaunchOptions
from sweeps.observing.events import read_events
from sweeps.observing.heartbeats import HeartbeatFile
from tests.sweeps.factories import count_rows, make_space, read_scores, run_inline, silent_console, text_of
from xlt_core.arrays import run
from xlt_core.workspace import Workspace

LOSS_TOLERANCE = 1e-4


def _space(**changes: Any) -> SearchSpace:
    """Plain training and noise, with two seeds: they train together."""
    return make_space(axes={"target.perturbation.magnitude": [0.0, 0.5]}, seeds=2, **changes)


def _values(folder: Path) -> list[tuple[Any, ...]]:
    columns = ("trial_id", "language", "metric", "condition", "selection", "value", "num_examples", "reason")
    return [tuple(row[name] for name in columns) for row in read_scores(folder)]


def _trials(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["trial_id"]: row for row in ResultStore.open(folder).trials().to_pylist()}


def events_of(folder: Path, trial_id: str) -> list[str]:
    """What the log of a trial says, without its steps."""
    found = [event.event for event in read_events(folder / "logs" / f"{trial_id}.jsonl")]
    return [name for name in found if name not in ("step", "checkpoint", "scored")]


def assert_equal_rows(folder: Path, alone: Path) -> None:
    """Equal scores and statuses; losses but for rounding."""
    assert _values(folder) == _values(alone)
    assert set(count_rows(folder).values()) == {1}
    others = _trials(alone)
    assert _trials(folder).keys() == others.keys()
    for trial_id, row in _trials(folder).items():
        other = others[trial_id]
        for name in ("status", "num_steps", "num_target_steps", "selection", "micro_batch_size"):
            assert row.get(name) == other.get(name)
        assert row["final_train_loss"] == pytest.approx(other["final_train_loss"], abs=LOSS_TOLERANCE)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the sweep, trained one by one."""
    folder = tmp_path_factory.mktemp("alone") / "s"
    assert run_inline(_space(), folder, arrays=False).num_run == 4
    assert {"array"} & {event for trial_id in _trials(folder) for event in events_of(folder, trial_id)} == set()
    return folder


@pytest.fixture
def as_wide_as_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find that all together are quickest, whatever this machine is busy with."""
    monkeypatch.setattr(run, "measure_width", len)


@pytest.mark.usefixtures("as_wide_as_can_be")
def test_trials_that_train_together_have_the_rows_of_those_that_do_not(alone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    store, plan = begin_sweep(_space(), folder)
    console = silent_console()
    outcome = run_missing(store, plan.trials, LaunchOptions(resources=_space().resources, inline=True), console)
    assert (outcome.num_run, outcome.exit_status) == (4, 0)
    assert "4 trials train together" in text_of(console)
    assert_equal_rows(folder, alone)
    for trial_id in _trials(folder):
        assert events_of(folder, trial_id) == ["attempt", "array", "stage", "published"]
    assert list((folder / "checkpoints").glob("*")) == []


@pytest.mark.usefixtures("as_wide_as_can_be")
def test_an_array_that_breaks_on_its_way_goes_on_one_by_one_from_the_checkpoints_of_each(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, faults = HeartbeatFile.report, [RuntimeError("a kernel is missing")]

    def fail_once(self: HeartbeatFile, progress: Any) -> None:
        if (progress.kind, progress.num_steps_taken) == ("target", 3) and faults:
            raise faults.pop()
        report(self, progress)

    monkeypatch.setattr(HeartbeatFile, "report", fail_once)
    monkeypatch.setitem(Workspace.__init__.__kwdefaults__, "checkpoint_every_steps", 2)  # type: ignore[arg-type]
    folder = tmp_path / "s"
    assert run_inline(_space(), folder).exit_status == 0
    assert_equal_rows(folder, alone)
    for trial_id in _trials(folder):
        assert events_of(folder, trial_id) == ["attempt", "array", "stage", "alone", "attempt", "stage", "published"]
        found = read_events(folder / "logs" / f"{trial_id}.jsonl")
        checkpoints = [event.fields["step"] for event in found if event.event == "checkpoint"]
        assert checkpoints == [2, 4], "begun anew, it would have written the first once more"


def test_where_alone_is_quickest_all_are_run_alone(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "measure_width", lambda _: 1)
    folder = tmp_path / "s"
    assert run_inline(_space(), folder).exit_status == 0
    assert _values(folder) == _values(alone)
    *others, first = sorted(events_of(folder, trial_id) for trial_id in _trials(folder))
    assert first == ["attempt", "array", "stage", "published"]
    assert others == [["attempt", "array", "stage", "left", "attempt", "stage", "published"]] * 3
    assert {row["attempt"] for row in _trials(folder).values()} == {1}
