"""What the tests of faults start from: a space on the disk, and the same sweep without any fault."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.harness import fork_xlt, write_space


@pytest.fixture(scope="session")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The space of two trials, as a file."""
    return write_space(tmp_path_factory.mktemp("space"))


@pytest.fixture(scope="session")
def undisturbed(space: Path) -> Path:
    """Folder of its sweep, run in one piece; not to be changed."""
    folder = space.parent / "undisturbed"
    ended = fork_xlt("sweep", "run", space, "--out", folder, "--inline", "--format", "json", log=space.parent / "log")
    assert ended.exit_status == 0, ended.errors
    assert ended.summary["num_run"] == 2
    return folder


@dataclass(frozen=True)
class LongSweep:
    """A space of eight trials that last long enough to be caught in the middle, and the sweep without any fault."""

    space: Path
    undisturbed: Path


@pytest.fixture(scope="session")
def long_sweep(tmp_path_factory: pytest.TempPathFactory) -> LongSweep:
    """Four seeds of two cells."""
    folder = tmp_path_factory.mktemp("long")
    space, out = write_space(folder, num_steps=60, seeds=4), folder / "undisturbed"
    ended = fork_xlt("sweep", "run", space, "--out", out, "--inline", "--format", "json", log=folder / "log")
    assert ended.exit_status == 0, ended.errors
    assert ended.summary["num_run"] == 8
    return LongSweep(space, out)
