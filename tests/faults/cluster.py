"""A Ray cluster of several nodes on this machine, each of which can be killed, frozen, and started again."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil

_HEARING = {
    "RAY_health_check_initial_delay_ms": "2000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "5",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "10",
}
"""So that Ray misses a lost node or head within seconds, not minutes."""
_WORKER = re.compile(r"ray::\w*Trainable")
_OBJECT_STORE_BYTES = 80 * 2**20
_START_SECONDS = 120.0
_NUM_STARTS = 3


@dataclass
class Node:
    """One raylet and all that it started; node 0 is the head, and has no CPUs for work."""

    number: int
    process: subprocess.Popen[bytes]
    """`ray start --block`."""

    def members(self) -> list[psutil.Process]:
        """Every process of the node."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def raylet(self) -> psutil.Process:
        """Its raylet."""
        return next(one for one in self.members() if one.name() == "raylet")

    def workers(self) -> list[psutil.Process]:
        """Processes that run units."""
        return [one for one in self.members() if _WORKER.match(_title(one))]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes, `ray start` itself left out."""
        for one in self.members():
            with suppress(psutil.NoSuchProcess):
                one.send_signal(number)

    def kill(self) -> None:
        """Kill all of it at once, as a machine that loses its power."""
        found = self.members()
        self.process.kill()
        for one in found:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()
        psutil.wait_procs(found, timeout=10)


@dataclass
class Cluster:
    """A head and nodes that work."""

    port: int
    folder: Path
    """Where Ray works."""
    environment: Mapping[str, str]
    """Of its nodes, and of drivers that join it."""
    nodes: dict[int, Node] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """IP:PORT."""
        return f"127.0.0.1:{self.port}"

    def start(self, number: int, num_cpus: int = 1) -> Node:
        """Start a node, 0 for the head, and wait until it has joined; a raylet that gives up is started again.

        Raises:
            RuntimeError: it does not start.
        """
        log = self.folder.with_suffix(f".node-{number}.log")
        for _ in range(_NUM_STARTS):
            node = self._launch(number, num_cpus, log)
            deadline = time.monotonic() + _START_SECONDS
            while node.process.poll() is None and time.monotonic() < deadline:
                if b"Ray runtime started" in log.read_bytes():
                    self.nodes[number] = node
                    return node
                time.sleep(0.1)
            node.kill()
        raise RuntimeError(f"node {number} did not start: {log.read_text(errors='replace')[-2000:]}")

    def _launch(self, number: int, num_cpus: int, log: Path) -> Node:
        place = [f"--address={self.address}"]
        if number == 0:
            place = ["--head", f"--port={self.port}", "--include-dashboard=false", f"--temp-dir={self.folder}"]
        with log.open("wb") as file:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *place),
                    "--node-ip-address=127.0.0.1",
                    f"--num-cpus={num_cpus if number else 0}",
                    f"--object-store-memory={_OBJECT_STORE_BYTES}",
                    *("--disable-usage-stats", "--include-log-monitor=false"),
                ],
                stdout=file,
                stderr=file,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )
        return Node(number, process)


@contextmanager
def running_cluster(num_nodes: int, faults: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """Run a head and nodes of one CPU each; end all of it, and nothing else, afterwards.

    Args:
        num_nodes: nodes that work, numbered from 1.
        faults: environment under which workers meet faults.
    """
    with tempfile.TemporaryDirectory(prefix="xlt-", ignore_cleanup_errors=True) as place, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {
            **_HEARING,
            **(faults or {}),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": uuid4().hex,
            "OMP_NUM_THREADS": "1",
        }
        cluster = Cluster(port=port, folder=Path(place) / "ray", environment=environment)
        try:
            for number in range(num_nodes + 1):
                cluster.start(number)
            yield cluster
        finally:
            for node in cluster.nodes.values():
                node.kill()


def _title(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
