"""The `xlt` command under faults, and what a store holds afterwards, in a form that can be compared bit for bit.

`fork_xlt` runs it in a fork of a process that has torch in memory (tenths of a second), `start_xlt` as a user does.
Both train one by one unless asked: which trials train together changes the last bits.
"""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import pyarrow.parquet as pq
import pytest

from tests.faults.site.fault_injection import Fault, install, to_environment
from xlt_core.tasks.world import WorldTask

_Found = TypeVar("_Found")

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.faults.warm"])


def checkpoint_every(num_steps: int) -> Fault:
    """Not a fault: let trials of a few steps have checkpoints on the way."""
    return Fault(effect=f"set:{num_steps}", call="xlt_core.workspace:Workspace.__init__?checkpoint_every_steps")


CHECKPOINT_OFTEN = checkpoint_every(2)

_KEPT = (".lock", ".damaged-")
"""Hidden, and there on purpose: the driver's lock, stages that were set aside for people to look at."""

_OWN_TO_A_RUN = {
    *("started_at", "wall_seconds", "train_seconds", "evaluate_seconds", "attempt", "stages", "versions", "launch_id"),
    *("host", "peak_bytes", "note"),
}
"""Columns of a trial's row that say how it was run, and not what came out."""


def write_space(folder: Path, num_steps: int = 4, **changes: Any) -> Path:
    """Write a space for `xlt sweep run`, with its task and data; give its file.

    Unless changed: two trials on one pre-trained encoder, one of them after an intermediate stage. The pairs are the
    embedded world's held-out ones, as files: reading 64 of them is quicker than drawing its 6,000.
    """
    task, data = write_task(folder), str(folder / "data")
    target = {"task": task, "data": data, "perturbation": {"method": "gaussian"}}
    values = {
        "name": "small",
        "base": {
            "encoder": {"source": "mini", "pretrain": {"num_steps": 3}},
            "target": target,
            "optim": {"learning_rate": 1.0e-3, "num_steps": num_steps, "batch_size": 8},
            "evaluation": {"languages": ["en", "sw"]},
        },
        "axes": {"intermediate": ["none", {"task": task, "data": data, "max_train_examples": 32}]},
        "seeds": 1,
        "baseline": {"intermediate": "none"},
        **changes,
    }
    path = folder / "space.yaml"
    path.write_text(json.dumps(values), encoding="utf-8")  # JSON is YAML
    return path


def write_task(folder: Path) -> str:
    """Write a task of one's own on pairs of the embedded world; give its file."""
    world = WorldTask()
    sets = [("en", "train", "src", "dev", 64), ("en", "test", "src", "test", 10), ("sw", "test", "kin-hi", "test", 10)]
    for language, split, code, drawn, number in sets:
        pairs = world.load_eval("", drawn, code)
        assert pairs.labels is not None
        rows = zip(pairs.first[:number], pairs.second[:number], pairs.labels[:number], strict=True)
        lines = "".join(f"{first}\t{second}\t{world.labels[label]}\n" for first, second, label in rows)
        path = folder / "data" / language / f"{split}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first\tsecond\tlabel\n{lines}", encoding="utf-8")
    task = {
        "name": "small-pairs",
        "shape": "pair",
        "labels": list(world.labels),
        "languages": ["en", "sw"],
        "files": {split: f"{{language}}/{split}.tsv" for split in ("train", "test")},
        "format": "tsv",
        "columns": {"first": "first", "second": "second", "label": "label"},
    }
    (folder / "task.yaml").write_text(json.dumps(task), encoding="utf-8")
    return str(folder / "task.yaml")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a command left behind."""

    exit_status: int
    """Negative: the signal that ended it."""
    output: str
    errors: str

    @property
    def summary(self) -> dict[str, Any]:
        """What `--format json` printed."""
        summary: dict[str, Any] = json.loads(self.output)
        return summary


@dataclass(frozen=True, kw_only=True)
class Running:
    """A command in a fork."""

    process: BaseProcess
    log: Path

    @property
    def pid(self) -> int:
        """Of the fork."""
        assert self.process.pid is not None
        return self.process.pid

    def end(self, seconds: float = 120.0) -> Ended:
        """Wait for its end."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.kill()
            pytest.fail(f"did not end within {seconds:g} s: {_errors_of(self.log).read_text()}")
        return Ended(
            exit_status=self.process.exitcode,
            output=_output_of(self.log).read_text(),
            errors=_errors_of(self.log).read_text(),
        )


def fork_xlt(*arguments: object, faults: Sequence[Fault] = (), log: Path, arrays: bool = False) -> Ended:
    """Run `xlt` in a fork; `log` is where its output is kept."""
    return begin_fork(*arguments, faults=faults, log=log, arrays=arrays).end()


def begin_fork(*arguments: object, faults: Sequence[Fault] = (), log: Path, arrays: bool = False) -> Running:
    """Start `xlt` in a fork; `log` is where its output is kept."""
    process = _FORKING.Process(target=_be_xlt, args=(_complete(arguments, arrays), list(faults), log))
    process.start()
    return Running(process=process, log=log)


def _complete(arguments: Sequence[object], arrays: bool) -> list[str]:
    """The command as it is run."""
    texts = [*map(str, arguments)]
    is_launch = texts[0] == "sweep" and texts[1] in ("run", "resume", "extend")
    return [*texts, "--no-arrays"] if is_launch and not arrays else texts


def _output_of(log: Path) -> Path:
    return log.with_suffix(".out")


def _errors_of(log: Path) -> Path:
    return log.with_suffix(".err")


def _be_xlt(arguments: list[str], faults: list[Fault], log: Path) -> None:
    """What the fork does."""
    from sweeps.cli import main

    sys.argv = ["xlt", *arguments]
    with _output_of(log).open("w") as out, _errors_of(log).open("w") as err, redirect_stdout(out), redirect_stderr(err):
        install(faults)
        try:
            main()
        except Exception:
            traceback.print_exc()  # as Python does for a command, in the file where tests look for it
            raise SystemExit(1) from None


def start_xlt(
    *arguments: object,
    faults: Sequence[Fault] = (),
    log: Path | None = None,
    arrays: bool = False,
    **environment: str,
) -> subprocess.Popen[str]:
    """Start `xlt` in a session of its own; its Ray meets the faults, too. Without a `log`, its output is piped."""
    output = log.open("w") if log else subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "sweeps.cli", *_complete(arguments, arrays)],
        stdout=output,
        stderr=output,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(to_environment(faults) if faults else {}), **environment},
    )


def wait_for(condition: Callable[[], _Found], seconds: float = 120.0) -> _Found:
    """Give what the condition gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    pytest.fail(f"did not happen within {seconds:g} s")


def contents(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """All that came out of a sweep, in a fixed order; equal contents are equal to the bit."""
    return {
        "trials": [_what_came_out(row) for row in _read(folder, "trials")],
        "scores": [_exact(row) for row in _read(folder, "scores")],
        "predictions": [_exact(row) for row in _read(folder, "predictions")],
        "deltas": [_exact(row) for row in _read(folder, "deltas")],
    }


def num_finished(folder: Path) -> int:
    """Rows of trials that are there; 0 where nothing is yet."""
    return len(list((folder / "trials").glob("[!.]*.parquet")))


def trial_rows(folder: Path) -> dict[str, dict[str, Any]]:
    """The row of every finished trial; fails where one has two."""
    rows = _read(folder, "trials")
    by_id = {row["trial_id"]: row for row in rows}
    assert len(by_id) == len(rows)
    return by_id


def copy_sweep(folder: Path, copy: Path) -> Path:
    """Copy a finished sweep, so that it can be damaged."""
    return Path(shutil.copytree(folder, copy))


def find_litter(folder: Path) -> list[str]:
    """What should not be left of a finished sweep: unfinished files, partial folders, checkpoints; scratch may be."""
    hidden = [path for path in folder.rglob(".*") if not path.name.startswith(_KEPT)]
    partial = [path for path in folder.rglob("*partial*") if path not in hidden]
    checkpoints = list((folder / "checkpoints").glob("*"))
    litter = {str(path.relative_to(folder)) for path in (*hidden, *partial, *checkpoints)}
    return sorted(name for name in litter if not name.startswith("ray/"))


def _read(folder: Path, table: str) -> list[dict[str, Any]]:
    """Rows of a table, read as any reader would, in an order that does not depend on when they were written."""
    rows = [row for path in sorted((folder / table).glob("[!.]*.parquet")) for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: [str(row[name]) for name in row if name not in _OWN_TO_A_RUN])


def _what_came_out(row: dict[str, Any]) -> dict[str, Any]:
    return _exact({name: value for name, value in row.items() if name not in _OWN_TO_A_RUN})


def _exact(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers by their bits: NaN equals itself, and 0.0 is not -0.0."""
    return {name: value.hex() if isinstance(value, float) else value for name, value in row.items()}


def steps_noted(file: Path) -> Fault:
    """Not a fault: note every step that is taken, a line each."""
    return Fault(effect=f"note:{file}", call="torch.optim.adamw:AdamW.step", is_lasting=True)
