import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from results.commands import app
from results.errors import QueryError
from results.store import ResultStore
from tests.results.factories import plan_row, score_row, trial_row
from tests.results.simulated import language_row


def _write(folder: Path, shift: float, cells: tuple[str, ...], **sweep: object) -> str:
    store = ResultStore.create(folder, {"name": folder.name, "sweep_id": folder.name} | sweep)
    store.write_plan(
        [
            plan_row(cell, seed, trial_id=f"{folder.name}-{cell}-{seed}", axes=json.dumps({"x": cell}))
            for cell in cells
            for seed in (0, 1)
        ]
    )
    store.write_languages([language_row(code) for code in ("en", "de", "sw")])
    for cell in cells:
        for seed in (0, 1):
            trial_id = f"{folder.name}-{cell}-{seed}"
            value = 60.0 + seed + (0 if cell == "base" else shift + seed / 10)
            rows = [score_row(trial_id, language, value) for language in ("en", "de", "sw")]
            store.publish_trial(trial_row(trial_id), rows)
    return store.uri


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    settings = {"name": "x", "base": {"encoder": "mini", "optim": {"learning_rate": 1e-5}}}
    other = {"name": "y", "base": {"encoder": "mini", "optim": {"learning_rate": 2e-5}}}
    first = _write(tmp_path / "one", 1.05, ("base", "a", "only"), versions={"torch": "2.13"}, space=settings)
    return [first, _write(tmp_path / "two", 3.05, ("base", "a"), versions={"torch": "2.14"}, space=other)]


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["compare", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_people_see_three_lines_a_cell_and_what_differs(folders: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    text = _run(*folders)
    assert "two against one: xnli, accuracy, last, clean" in text
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "cell a · one +1.1* ±0.6 +1.1* ±0.6 +1.1* ±0.6 +1.1* ±0.6" in lines
    assert any(line.startswith("cell a · two - one +2.0*") for line in lines)
    whole = " ".join(text.split())
    assert "Only in one: cell only." in whole
    assert (
        'Settings and versions, one / two: versions.torch "2.13" / "2.14"; base.optim.learning_rate 1e-05 / 2e-05'
        in whole
    )


def test_programs_get_rows_and_options_choose_among_them(folders: list[str]) -> None:
    rows = json.loads(
        _run(*folders, "--language", "low-resource", "--where", "cell_id IS NOT NULL", "--format", "json")
    )
    assert [(row["language"], row["reference_cell_id"], round(row["difference"], 6)) for row in rows] == [
        ("sw", "a", 2.0)
    ]


def test_one_sweep_is_not_compared(folders: list[str]) -> None:
    with pytest.raises(QueryError, match="give two folders or more: xlt results compare A B"):
        _run(folders[0])
