"""A sweep that was run once for all tests that only look at one, or start from a copy of one."""

import shutil
from pathlib import Path

import pytest

from tests.sweeps.factories import make_space, run_inline


@pytest.fixture(scope="session")
def finished_sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished sweep of `make_space()`; not to be changed."""
    folder = tmp_path_factory.mktemp("sweep") / "finished"
    outcome = run_inline(make_space(), folder)
    assert outcome.num_run == 4
    return folder


@pytest.fixture
def sweep_copy(finished_sweep: Path, tmp_path: Path) -> Path:
    """A copy of the finished sweep, in another place."""
    return shutil.copytree(finished_sweep, tmp_path / "copy")
