"""Two sweeps at the same time in two folders, with one folder of stages: each stage is computed once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from results.store import ResultStore
from sweeps.observing.events import read_events
from tests.sweeps.factories import BASE, make_space, read_scores, run_inline

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def _computed_stages(folder: Path) -> list[str]:
    logs = [read_events(path) for path in (folder / "logs").glob("*.jsonl")]
    of_stages = [events for events in logs if events[0].fields["kind"] == "stage"]
    return [event.fields["stage_key"] for events in of_stages for event in events if event.event == "stage"]


def test_stages_that_two_sweeps_share_are_computed_once_and_scores_are_those_of_one_alone(tmp_path: Path) -> None:
    base = {**BASE, "encoder": {"source": "mini", "pretrain": {"num_steps": 150}}}
    commands = []
    for name in ("one", "two"):
        space = make_space(name=name, base=base, seeds=2)
        path = tmp_path / f"{name}.yaml"
        path.write_text(json.dumps(space.model_dump(mode="json", exclude_defaults=True)))
        run = ["sweep", "run", path, "--out", tmp_path / name, "--stages", tmp_path / "stages", "--max-concurrent", "1"]
        commands.append([sys.executable, "-m", "sweeps.cli", *map(str, run)])
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for command in commands]
    texts = [process.communicate(timeout=300)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], texts
    assert not (tmp_path / "one" / "stages").exists()
    computed = _computed_stages(tmp_path / "one") + _computed_stages(tmp_path / "two")
    assert len(computed) == 3  # the encoder, and the intermediate stage of each seed
    assert len(set(computed)) == 3
    assert list((tmp_path / "stages").glob("*.claim")) == []
    run_inline(make_space(name="one", base=base, seeds=2), tmp_path / "alone")
    assert read_scores(tmp_path / "one") == read_scores(tmp_path / "alone")
    assert len(ResultStore.open(tmp_path / "two").finished()) == 8
