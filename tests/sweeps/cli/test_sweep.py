"""What a launch says at its end."""

from collections import Counter
from pathlib import Path

import pytest
import typer

from results.store import ResultStore
from sweeps.cli import sweep
from sweeps.cli.output import SummaryFormat
from sweeps.cli.sweep import finish
from sweeps.engine.options import SweepOutcome
from sweeps.planning.plan import plan_sweep
from tests.sweeps.factories import make_space, silent_console, text_of
from tests.sweeps.finished import finish_trials


@pytest.mark.parametrize(
    ("statuses", "advice"),
    [
        ({"ok": 2, "infra": 1}, "--rerun infra"),
        ({"ok": 1, "infra": 1, "oom": 2, "diverged": 1}, "--rerun infra,oom"),
        ({"ok": 1, "diverged": 1}, None),
    ],
)
def test_only_failures_that_may_end_otherwise_are_to_be_run_again(
    tmp_path: Path, statuses: dict[str, int], advice: str | None
) -> None:
    console = silent_console()
    store = ResultStore.create(tmp_path, {"name": "small", "sweep_id": "s1"})
    outcome = SweepOutcome(store=store, counts=Counter(statuses), num_run=3, seconds=1.0)
    with pytest.raises(typer.Exit) as stopped:
        finish(outcome, SummaryFormat.json, console)
    text = text_of(console)
    assert stopped.value.exit_code == 1
    assert "Some trials failed: xlt results trials" in text
    assert text.rstrip().endswith(advice) if advice else "--rerun" not in text


def test_deltas_of_more_cells_than_anyone_reads_are_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan_sweep(make_space())
    store = finish_trials(tmp_path, plan, lambda _: {"src": 50.0, "kin-hi": 40.0})
    outcome = SweepOutcome(store=store, counts=Counter(ok=4), num_run=4, seconds=1.0)
    finish(outcome, SummaryFormat.table, silent_console())
    assert "Deltas by language" in capsys.readouterr().out
    monkeypatch.setattr(sweep, "_MAX_NUM_CELLS_SHOWN", plan.num_cells - 1)
    finish(outcome, SummaryFormat.table, silent_console())
    text = capsys.readouterr().out
    assert "Deltas by language" not in text
    assert text.startswith(f"4 cells: xlt results deltas {tmp_path}")
