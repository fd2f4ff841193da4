"""Steps taken beside steps needed, in a sentence."""

from dataclasses import replace
from pathlib import Path

from sweeps.cli.work_done import describe_work, find_work
from sweeps.forecast.ideal import WorkDone
from tests.sweeps.factories import make_space, run_inline

DONE = WorkDone(num_steps_ideal=200, num_steps_alone=500, num_steps_done=200, num_stages_ideal=3, num_stages_done=3)


def test_an_undisturbed_sweep_takes_each_step_once(tmp_path: Path) -> None:
    run_inline(make_space(), tmp_path / "s")
    done = find_work(str(tmp_path / "s"))
    assert done.num_steps_done == done.num_steps_ideal
    assert describe_work(done).endswith("were taken, none of them twice")
    assert "2 shared stages, each once" in describe_work(done)


def test_repeated_work_and_missing_logs_are_told() -> None:
    assert describe_work(replace(DONE, num_steps_done=220)).endswith("220 were taken, 10.0% of them again")
    assert describe_work(replace(DONE, num_steps_done=None)).endswith("is not known without the logs")
