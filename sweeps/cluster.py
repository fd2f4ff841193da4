"""Ray's processes: started here or joined, quiet, and gone at the end. In: an address or none. Out: a running Ray."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from search_spaces.space import Resources
from xlt_core.errors import XltError

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the new output engine prints whatever the verbosity
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative data paths stay what they were
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # no result.json, progress.csv, event files
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",  # Tune's own state is never read
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
_AUTHENTICATION = {"RAY_AUTH_MODE": "token"}  # unset, a driver fails to join a cluster that asks for the token
_KNOCK_SECONDS = 5.0
_OBJECT_STORE_BYTES = 100 * 2**20
"""Trials exchange nothing but short text."""


@contextmanager
def ray_cluster(address: str | None, log_file: Path) -> Iterator[None]:
    """Start a local Ray or join the one at `address`; end or leave it afterwards.

    What Ray prints on its own goes to `log_file`.

    Raises:
        XltError: Ray cannot be started or reached.
    """
    prepare_ray()
    import ray

    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("a", encoding="utf-8", buffering=1) as log, redirect_stdout(log):
        try:
            _check_reachable(address)
            local = {"num_cpus": num_cores(), "object_store_memory": _OBJECT_STORE_BYTES} if address is None else {}
            ray.init(
                address=address or "local",
                include_dashboard=False if address is None else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **local,  # type: ignore[arg-type]  # a cluster that is joined has its own
            )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            where = f"reach Ray at '{address}'" if address else "start Ray on this machine"
            raise XltError(
                f"cannot {where}: {error}. See {log_file}; `xlt doctor` checks it, --inline runs without Ray"
            ) from error
        try:
            with _ray_logs_to(log_file):
                yield
        finally:
            ray.shutdown()


def _check_reachable(address: str | None) -> None:
    """Knock at HOST:PORT before Ray does, which would go on knocking for minutes.

    Raises:
        OSError: nobody answers.
    """
    host, _, port = (address or "").rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=_KNOCK_SECONDS).close()


def prepare_ray() -> None:
    """Set what Ray reads from the environment; to be called before anything imports ray."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if "ray" not in sys.modules:  # read once on import; set later, this process and its servers would disagree
        for name, value in _AUTHENTICATION.items():
            os.environ.setdefault(name, value)


def num_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def check_resources(resources: Resources) -> None:
    """Refuse resources that no node has: Ray would wait for them for ever.

    Raises:
        XltError: names what was asked and what the largest node has.
    """
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    if not any(resources.cpu <= node.get("CPU", 0) and resources.gpu <= node.get("GPU", 0) for node in nodes):
        held = "; ".join(f"{node.get('CPU', 0):g} CPU, {node.get('GPU', 0):g} GPU" for node in nodes)
        raise XltError(
            f"resources: a trial asks for {resources.cpu:g} CPU and {resources.gpu:g} GPU, which no node has ({held}); "
            "ask for less: --set resources.cpu=1 --set resources.gpu=0"
        )


def num_slots(resources: Resources) -> int:
    """How many trials the cluster holds at a time."""
    import ray

    total = ray.cluster_resources()  # type: ignore[no-untyped-call]
    slots = int(total.get("CPU", 1) / resources.cpu)
    if resources.gpu > 0:
        slots = min(slots, int(total.get("GPU", 0) / resources.gpu))
    return max(1, min(slots, resources.max_concurrent or slots))


@contextmanager
def _ray_logs_to(log_file: Path) -> Iterator[None]:
    """Send what Ray's libraries log in this process to a file instead of the terminal."""
    logger = logging.getLogger("ray")
    handlers, propagate = logger.handlers[:], logger.propagate
    handler = logging.FileHandler(log_file, delay=True)
    logger.handlers, logger.propagate = [handler], False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        handler.close()
