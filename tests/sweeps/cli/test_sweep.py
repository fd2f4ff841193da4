"""What a launch says at its end."""

from collections import Counter
from pathlib import Path

import pytest
import typer

from results.store import ResultStore
from sweeps.cli.output import SummaryFormat
from sweeps.cli.sweep import finish
from sweeps.options import SweepOutcome
from tests.sweeps.factories import silent_console, text_of


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
