"""Ray's processes: started here or joined, quiet, and gone at the end. In: an address or none. Out: a running Ray."""

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path

from sweeps.clusters.lean import only_needed_servers
from sweeps.clusters.local import find_local_address
from sweeps.units.resources import Node
from xlt_core.errors import XltError

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the new output engine prints whatever the verbosity
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative data paths stay what they were
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_prestart_worker_first_driver": "0",  # one idle worker a core, which ray.init would wait for
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # no result.json, progress.csv, event files
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",  # Tune's own state is never read
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_MAX_PENDING_TRIALS_PG": "10000",  # our searcher gives what fits; with 1 workers begin one after the other
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
_AUTHENTICATION = {"RAY_AUTH_MODE": "token"}  # unset, a driver fails to join a cluster that asks for the token
_TOKEN_ADVICE = (
    " Something answers there: does it have the same token? It is in ~/.ray/auth_token, or where RAY_AUTH_TOKEN_PATH "
    "says, and has to be the same on every node and here (`ray get-auth-token --generate` makes one)."
)
_KNOCK_SECONDS = 5.0
_HOST_AND_PORT = re.compile(r"[^\s/]+:\d{1,5}")
_OBJECT_STORE_BYTES = 100 * 2**20
"""Trials exchange nothing but short text."""


@contextmanager
def ray_cluster(address: str | None, log_file: Path) -> Iterator[None]:
    """Start a local Ray or join the one at `address`; end or leave it afterwards.

    What Ray prints on its own goes to `log_file`.

    Args:
        address: `IP:PORT`; `auto`: the one that `xlt cluster up` started, else what Ray itself finds; none: start one.
        log_file: is added to.

    Raises:
        XltError: Ray cannot be started or reached, or not in this way.
    """
    check_address(address)
    address = _resolve(address)
    prepare_ray()
    import ray

    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("a", encoding="utf-8", buffering=1) as log, redirect_stdout(log):
        try:
            _check_reachable(address)
            local = {"num_cpus": num_cores(), "object_store_memory": _OBJECT_STORE_BYTES} if address is None else {}
            with only_needed_servers() if address is None else nullcontext():
                ray.init(
                    address=address or "local",
                    include_dashboard=False if address is None else None,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    **local,  # type: ignore[arg-type]  # a cluster that is joined has its own
                )
        except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:
            where = f"reach Ray at '{address}'" if address else "start Ray on this machine"
            why = str(error).strip().partition("\n")[0].rstrip(".")
            is_turned_away = address is not None and (
                isinstance(error, ray.exceptions.RayError) or type(error) is ConnectionError  # Ray's own, after a knock
            )
            raise XltError(
                f"cannot {where}: {why}.{_TOKEN_ADVICE if is_turned_away else ''} See {log_file}; `xlt doctor` checks "
                "it, --inline runs without Ray"
            ) from error
        try:
            with _ray_logs_to(log_file):
                yield
        finally:
            ray.shutdown()


def check_address(address: str | None) -> None:
    """Refuse what is no address that a sweep can be run at; asks nobody.

    Raises:
        XltError: an address of Ray Client, through which no sweep runs, or not HOST:PORT.
    """
    if address is not None and address.startswith("ray://"):
        raise XltError(
            f"--address {address}: a sweep cannot be run through Ray Client, since its driver has to be on a node of "
            "the cluster. Log in to one and give --address auto, or hand the command in: ray job submit --address "
            "http://HOST:8265 -- xlt sweep run SPACE --out DIR --address auto  (DIR: storage that every node sees)"
        )
    if address not in (None, "auto") and not _HOST_AND_PORT.fullmatch(address or ""):
        raise XltError(
            f"--address {address}: give auto, or HOST:PORT of a cluster's head, such as 10.0.0.5:6379; without it "
            "Ray is started on this machine"
        )


def _resolve(address: str | None) -> str | None:
    """Find out what `auto` means."""
    if address == "auto" and "RAY_ADDRESS" not in os.environ:
        return find_local_address() or address
    return address


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


def list_nodes() -> list[Node]:
    """List the nodes of the Ray that is joined, those that are alive."""
    import ray

    return [
        Node(node_id=node["NodeID"], host=node["NodeManagerHostname"], amounts=node["Resources"], labels=node["Labels"])
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"]
    ]


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
