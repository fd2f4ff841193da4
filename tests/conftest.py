"""What every test gets: no network, one torch thread, hypothesis that repeats itself in CI, the real data."""

import gc
import os

# Before any test module imports a library that reads it.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("RAY_AUTH_MODE", "token")

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.buckets import bucket, s3_endpoint

__all__ = ["bucket", "s3_endpoint"]  # fixtures

# Contract tests are inherited, so one property runs under several classes; nothing in them depends on which.
_INHERITED = [HealthCheck.differing_executors]
settings.register_profile("local", deadline=None, suppress_health_check=_INHERITED)
settings.register_profile("ci", deadline=None, suppress_health_check=_INHERITED, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

_SHARED = Path(__file__).parents[1] / "../shared"


@pytest.fixture(scope="session", autouse=True)
def _one_torch_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of real data and encoders beside the repository."""
    folder = _SHARED.resolve()
    if not folder.is_dir():
        pytest.skip(f"real data and encoders are not at {folder}")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, keep a file's tests on one of them, and all tests that start Ray on one."""
    for item in items:
        group = "ray" if item.get_closest_marker("ray") else item.location[0]
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_finish() -> None:
    """Leave what importing and collecting made out of every later search for garbage, which thousands of tests make."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let the end of the process find it again: libraries complain of what they own and nobody gives back."""
    gc.unfreeze()
