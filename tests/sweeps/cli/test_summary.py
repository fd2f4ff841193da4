"""The plan as a tree of stages."""

import io
from typing import Any

from rich.console import Console

from sweeps.cli.plan_text import print_plan
from sweeps.cli.summary import summarise_plan
from tests.sweeps.factories import make_space


def _plan(**changes: Any) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    print_plan(summarise_plan(make_space(**changes), None), console)
    return console.export_text()


def test_a_plan_shows_each_stage_once_under_what_it_starts_from_and_what_sharing_saves() -> None:
    text = _plan(seeds=2)
    lines = [line.rstrip() for line in text.splitlines()]
    start = next(place for place, line in enumerate(lines) if line.startswith("stage "))
    assert [line.split("  ")[0] or line.strip().split("  ")[0] for line in lines[start + 1 : start + 5]] == [
        "pretrain mini",
        "target world",
        "intermediate world dose 1",
        "target world",
    ]
    assert [len(line) - len(line.lstrip()) for line in lines[start + 1 : start + 5]] == [0, 2, 2, 4]
    # 1 encoder of 3 steps, 2 intermediate and 8 target stages of 4; alone 8 encoders and 4 intermediate stages
    assert "11 run, 3 of them shared; sharing saves 9 runs" in text
    assert "43 steps of training; 72 if every trial ran alone, 1.67 times as many" in text


def test_a_plan_of_a_thousand_trials_is_short() -> None:
    magnitudes = [place / 10 for place in range(10)]
    axes = {
        "target.perturbation.magnitude": magnitudes,
        "intermediate": ["none", {"task": "world", "dose": magnitudes}],
    }
    text = _plan(axes=axes, seeds=9)
    tree = [line for line in text.splitlines() if line.lstrip().startswith(("pretrain", "target", "intermediate"))]
    assert "110 cells x 9 seeds = 990 trials" in text
    assert len(tree) <= 30
