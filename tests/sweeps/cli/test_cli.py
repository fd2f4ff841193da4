"""The command as a user meets it: light start, clean stdout, messages instead of tracebacks, exit statuses."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "datasets", "ray", "pandas", "scipy")


def run_xlt(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `xlt` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "sweeps.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "COLUMNS": "160", "OMP_NUM_THREADS": "1", **environment},
    )


def write_space(folder: Path, text: str = "") -> Path:
    """A space of two trials, with `text` added."""
    path = folder / "space.yaml"
    path.write_text(
        "name: two\n"
        "base:\n"
        "  encoder: {source: mini, pretrain: {num_steps: 3}}\n"
        "  target: {task: world, max_train_examples: 64, perturbation: {method: gaussian}}\n"
        "  optim: {learning_rate: 1.0e-3, num_steps: 4, batch_size: 8}\n"
        "  evaluation: {languages: [src, kin-hi], max_examples: 10}\n"
        "axes:\n  target.perturbation.magnitude: [0.0, 0.5]\n"
        "baseline: {target.perturbation.magnitude: 0.0}\n" + text
    )
    return path


@pytest.mark.parametrize(
    "arguments", [["--help"], ["results", "--help"], ["sweep", "run", "--help"], ["list", "perturbations"]]
)
def test_starting_is_light(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom sweeps.cli import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "HEAVY []" in result.stdout, result.stdout + result.stderr


def test_reading_results_imports_neither_torch_nor_ray(finished_sweep: Path) -> None:
    arguments = ["results", "deltas", str(finished_sweep), "--format", "csv"]
    code = (
        "import sys\nfrom sweeps.cli import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit:\n    pass\n"
        "print('HEAVY', [name for name in ('torch', 'transformers', 'datasets', 'ray') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "HEAVY []" in result.stdout, result.stdout + result.stderr


def test_plan_says_what_would_run_and_writes_nothing(tmp_path: Path) -> None:
    space = write_space(tmp_path)
    result = run_xlt("sweep", "plan", space, "--set", "seeds=3", "--format", "json")
    plan = json.loads(result.stdout)
    assert (plan["num_trials"], plan["num_cells"], plan["num_pending"]) == (6, 2, 6)
    assert plan["num_stage_runs_saved"] == 5
    assert plan["estimate"]["wall_seconds"] is None
    assert list(tmp_path.iterdir()) == [space]


def test_a_terminal_without_unicode_gets_a_table_all_the_same(finished_sweep: Path) -> None:
    result = run_xlt("results", "deltas", finished_sweep, "--include", "degenerate", PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (0, "")
    assert "Deltas by language" in result.stdout


@pytest.mark.slow
def test_run_then_status_then_plan_from_history(tmp_path: Path) -> None:
    space, out = write_space(tmp_path), tmp_path / "out"
    result = run_xlt("sweep", "run", space, "--out", out, "--inline", "--format", "json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert (summary["num_run"], summary["stopped"], sum(summary["counts"].values())) == (2, None, 2)
    assert "2/2" in result.stderr
    status = json.loads(run_xlt("sweep", "status", out, "--format", "json").stdout)
    assert status["counts"] == summary["counts"]
    assert (status["running"], status["seconds_left"]) == ([], None)
    plan = json.loads(run_xlt("sweep", "plan", space, "--set", "seeds=2", "--out", out, "--format", "json").stdout)
    assert (plan["num_pending"], plan["shared_stages"][0]["is_published"]) == (2, True)
    assert plan["estimate"]["wall_seconds"] > 0


@pytest.mark.slow
def test_one_trial_from_a_file(tmp_path: Path) -> None:
    spec = tmp_path / "trial.yaml"
    spec.write_text(
        "encoder: {source: mini, pretrain: {num_steps: 3}}\n"
        "target: {task: world, max_train_examples: 64}\n"
        "optim: {num_steps: 4, batch_size: 8}\n"
        "evaluation: {languages: [src], max_examples: 10}\n"
    )
    first = run_xlt("trial", "run", spec, "--out", tmp_path / "out")
    assert first.returncode == 0, first.stderr
    assert "world" in first.stdout
    again = run_xlt("trial", "run", spec, "--out", tmp_path / "out", "--format", "json")
    assert json.loads(again.stdout)["num_run"] == 0


@pytest.mark.parametrize(
    ("perturbation", "expected"),
    [
        ("{method: fgm,\n    norm: linf}", "trial.yaml:4: target.perturbation.norm: 'fgm' has norm 'l2' by definition"),
        (
            "{method: mixup,\n    magnitude: 0.2}",
            "trial.yaml:3: target.perturbation.method: 'mixup' has no meaning for",
        ),
    ],
)
def test_a_mistake_in_a_trial_is_placed_in_its_file(tmp_path: Path, perturbation: str, expected: str) -> None:
    spec = tmp_path / "trial.yaml"
    spec.write_text(f"encoder: mini\ntarget: {{task: udpos,\n  perturbation: {perturbation}}}\n")
    result = run_xlt("trial", "run", spec, "--out", tmp_path / "out")
    assert (result.returncode, result.stdout) == (2, "")
    assert expected in result.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seedz: 2\n", ["space.yaml", "seedz", "seeds"]),
        ("resources: {cpu: -1}\n", ["space.yaml", "cpu"]),
    ],
)
def test_a_mistake_in_a_space_is_a_message_and_status_2(tmp_path: Path, text: str, expected: list[str]) -> None:
    result = run_xlt("sweep", "plan", write_space(tmp_path, text))
    assert (result.returncode, result.stdout) == (2, "")
    assert all(word in result.stderr for word in expected), result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sweep", "run", "no-such-space", "--out", "x"], "no-such-space"),
        (["sweep", "resume", "no-such-folder"], "no-such-folder"),
        (["sweep", "status", "no-such-folder"], "no-such-folder"),
        (["trial", "run", "no-such-file", "--out", "x"], "no-such-file"),
        (["results", "deltas", "no-such-folder"], "no-such-folder"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, arguments: list[str], expected: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "sweeps.cli", *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert expected in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["plan", "demo"], ["run", "demo", "--inline"]])
def test_a_folder_of_another_sweep_is_refused(finished_sweep: Path, arguments: list[str]) -> None:
    result = run_xlt("sweep", *arguments, "--out", finished_sweep)
    assert (result.returncode, result.stdout) == (2, "")
    assert "holds the sweep 'small'" in result.stderr
    assert "asked for was 'demo'" in result.stderr


def test_an_unknown_status_to_rerun_is_refused(finished_sweep: Path) -> None:
    result = run_xlt("sweep", "resume", finished_sweep, "--rerun", "infr")
    assert result.returncode == 2
    assert "did you mean 'infra'" in result.stderr


def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in run_xlt("sweep", "status", "no-such-folder", XLT_DEBUG="1").stderr


@pytest.mark.parametrize(
    ("kind", "column", "member"),
    [
        ("tasks", "task", "xnli"),
        ("perturbations", "method", "pgd"),
        ("conditions", "condition", "generalized"),
        ("encoders", "encoder", "mini"),
        ("spaces", "space", "demo"),
        ("measures", "measure", "proxy_loss"),
    ],
)
def test_lists_are_whole_and_readable_by_programs(kind: str, column: str, member: str) -> None:
    as_json = json.loads(run_xlt("list", kind, "--format", "json").stdout)
    as_csv = list(csv.DictReader(io.StringIO(run_xlt("list", kind, "--format", "csv").stdout)))
    names = [row[column] for row in as_json]
    assert names == [row[column] for row in as_csv]
    assert member in names
    assert run_xlt("list", kind).stdout.strip()


def test_a_method_is_listed_with_its_cost_and_all_that_it_reads_or_fixes() -> None:
    from xlt_core.perturbations import METHODS

    methods = {row["method"]: row for row in json.loads(run_xlt("list", "perturbations", "--format", "json").stdout)}
    assert list(methods) == list(METHODS)
    assert methods["pgd"]["cost"] == {"forward": 4, "backward": 4, "weights": 1}
    assert methods["fgm"]["settings"]["granularity"] == "sequence"
    assert methods["fgm"]["fixed"] == {"norm": "l2"}
    assert "magnitude" not in methods["copies"]["settings"]
    assert (methods["rs_da"]["magnitude"], methods["copies"]["magnitude"]) == (METHODS["rs_da"].magnitude, None)
    for name, row in methods.items():
        assert set(row["settings"]) == set(METHODS[name].reads)


def test_methods_are_listed_whole_on_a_narrow_screen() -> None:
    from xlt_core.perturbations import METHODS

    shown = run_xlt("list", "perturbations", COLUMNS="80").stdout
    assert "…" not in shown
    words = set(shown.replace(",", " ").split())
    for name, entry in METHODS.items():
        assert {name, *entry.magnitude.replace(",", " ").split(), *entry.settings} <= words


def test_the_doctor_looks_at_everything_but_ray_when_told_so() -> None:
    result = run_xlt("doctor", "--no-ray", "--format", "json")
    names = [check["name"] for check in json.loads(result.stdout)]
    assert {"python", "torch", "cores", "memory", "disk here", "hub"} <= set(names)
    assert "ray" in names  # the library; starting it is a check of its own
    assert names.count("ray") == 1


def test_a_damaged_file_is_told_once_a_command_and_all_else_as_often_as_it_happens():
    code = (
        "import logging, sweeps.cli\n"
        "def fail():\n"
        "    for name in ('results.a', 'results.b', 'sweeps.a', 'sweeps.a'):\n"
        "        logging.getLogger(name).warning('left out: %s', 'x.parquet')\n"
        "sweeps.cli.app = fail\n"
        "sweeps.cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count("results.") == 1
    assert done.stderr.count("WARNING sweeps.a: left out: x.parquet") == 2
