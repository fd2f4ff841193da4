"""What the tests of faults start from: a space on the disk, and the same sweep without any fault."""

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
