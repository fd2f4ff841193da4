"""A cluster of two raylets for the tests of this folder, noted in a cache of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeps.clusters.local import LocalCluster, start_cluster, stop_cluster
from sweeps.clusters.session import prepare_ray


@pytest.fixture(scope="package")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which the cluster is noted."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="package")
def two_nodes(cache: Path) -> Iterator[LocalCluster]:
    """Two raylets with one CPU each."""
    prepare_ray()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        cluster = start_cluster(2, 1)
        try:
            yield cluster
        finally:
            stop_cluster(cluster)
