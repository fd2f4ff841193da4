"""Workers are killed while several trials train together in them: each goes on from its own checkpoint."""

from pathlib import Path

import pytest

from sweeps.observing.events import read_events
from tests.faults.harness import checkpoint_every, find_litter, fork_xlt, start_xlt, trial_rows, write_space
from tests.faults.site.fault_injection import Fault
from tests.sweeps.test_arrays import assert_equal_rows

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_trials_whose_worker_is_killed_go_on_together_and_then_alone_from_their_own_checkpoints(tmp_path: Path) -> None:
    magnitudes = {"target.perturbation.magnitude": [0.0, 0.5]}
    space = write_space(tmp_path, 40, axes=magnitudes, seeds=4, baseline={"target.perturbation.magnitude": 0.0})
    alone, folder, log = tmp_path / "alone", tmp_path / "s", tmp_path / "log"
    ended = fork_xlt("sweep", "run", space, "--out", alone, "--inline", "--format", "json", log=log)
    assert ended.summary["num_run"] == 8, ended.errors
    notes = [tmp_path / f"killed-{nth}" for nth in (60, 61)]
    kills = [
        Fault(effect="kill", call="torch.optim.adamw:AdamW.step", nth=60 + place, once=str(note))
        for place, note in enumerate(notes)
    ]
    process = start_xlt("sweep", "run", space, "--out", folder, faults=[checkpoint_every(5), *kills], arrays=True)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert all(note.exists() for note in notes)
    assert_equal_rows(folder, alone)  # each once, on Ray and in arrays as without either
    rows = trial_rows(folder)
    assert 2 <= max(row["attempt"] for row in rows.values()) <= 3
    for trial_id, row in rows.items():
        events = read_events(folder / "logs" / f"{trial_id}.jsonl")
        assert "array" in {event.event for event in events}
        checkpoints = [event.fields["step"] for event in events if event.event == "checkpoint"]
        assert sorted(set(checkpoints)) == list(range(5, 41, 5))
        num_again = len(checkpoints) - len(set(checkpoints))
        assert num_again < row["attempt"], "a kill costs the checkpoint at most that was being written"
    cleared = fork_xlt("sweep", "resume", folder, "--inline", "--format", "json", log=log)
    assert cleared.summary["num_run"] == 0
    assert find_litter(folder) == []
