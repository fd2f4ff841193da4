"""A Ray cluster of several raylets on this machine, for trying out. In: how many nodes. Out: an address.

What belongs to it is known by a mark in the environment, by its sessions and by where it works, so that nothing else of
Ray is touched, and so that it can be ended after any crash. A user has one at a time.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import uuid4

import psutil

from sweeps.clusters.processes import MARK, find_members, is_head, name_of
from xlt_core.errors import XltError

_START_SECONDS = 180.0
_TERM_SECONDS = 2.0
_KILL_SECONDS = 10.0
_OBJECT_STORE_BYTES = 100 * 2**20
NODE_LABEL = "xlt-node"
"""Label of each node: its number, from 0."""


@dataclass(frozen=True, kw_only=True)
class LocalCluster:
    """What `up` started."""

    cluster_id: str
    address: str
    """IP:PORT."""
    num_nodes: int
    folder: str
    """Where it works, and has its logs; removed at the end."""
    sessions: tuple[int, ...] = ()
    """Session ids of its nodes."""


def state_file() -> Path:
    """Where the cluster that is up is noted."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "xlt-sweeps" / "cluster.json"


def read_cluster() -> LocalCluster | None:
    """The cluster that was started last and not ended, whatever has become of it."""
    try:
        values = json.loads(state_file().read_text(encoding="utf-8"))
        return LocalCluster(**{**values, "sessions": tuple(values["sessions"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise XltError(f"{state_file()}: of another version; end Ray by hand and remove the file") from error


def find_local_address() -> str | None:
    """Address of the cluster that is up, if its head is alive."""
    cluster = read_cluster()
    return cluster.address if cluster and any(is_head(one) for one in find_processes(cluster)) else None


def start_cluster(num_nodes: int, cpus_per_node: int, gpus_per_node: int = 0, port: int | None = None) -> LocalCluster:
    """Start raylets on this machine, the first of them the head; they ask for the token of this user.

    Args:
        num_nodes: raylets.
        cpus_per_node: CPUs that each says it has.
        gpus_per_node: GPUs of each; no two get the same.
        port: of the head; none given: a free one.

    Raises:
        XltError: one is up already, or a node does not start; what was started is ended then.
    """
    with socket.socket() as free:
        try:
            free.bind(("", port or 0))
        except OSError as error:
            raise XltError(f"--port {port}: {error.strerror}; give another, or none for any that is free") from error
        port = free.getsockname()[1]
    cluster = LocalCluster(
        cluster_id=uuid4().hex,
        address=f"{_own_address()}:{port}",
        num_nodes=num_nodes,
        folder=tempfile.mkdtemp(prefix="xlt-ray-"),
    )
    _note(cluster)
    marked = {"RAY_AUTH_MODE": "token", **os.environ, MARK: cluster.cluster_id}
    try:
        _make_token(marked, cluster.folder)
        for number in range(num_nodes):
            place = ["--head", f"--port={port}", f"--temp-dir={cluster.folder}", "--include-dashboard=false"]
            devices = ",".join(str(number * gpus_per_node + index) for index in range(gpus_per_node))
            session = _ray(
                "start",
                *(place if number == 0 else [f"--address={cluster.address}"]),
                f"--num-cpus={cpus_per_node}",
                f"--num-gpus={gpus_per_node}",
                f"--labels={NODE_LABEL}={number}",
                f"--object-store-memory={_OBJECT_STORE_BYTES}",
                "--include-log-monitor=false",
                "--disable-usage-stats",
                env={**marked, "CUDA_VISIBLE_DEVICES": devices} if gpus_per_node else marked,
                folder=cluster.folder,
            )
            cluster = replace(cluster, sessions=(*cluster.sessions, session))
            _rewrite(cluster)
    except BaseException:
        stop_cluster(cluster)
        raise
    return cluster


def stop_cluster(cluster: LocalCluster) -> int:
    """End all processes of the cluster, frozen ones too, and remove its files; give how many there were."""
    found = find_processes(cluster)
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGCONT)
    psutil.wait_procs(found, timeout=_TERM_SECONDS)  # raylets would drain for minutes
    left = find_processes(cluster)  # those that were begun meanwhile, too
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=_KILL_SECONDS)
    shutil.rmtree(cluster.folder, ignore_errors=True)
    state_file().unlink(missing_ok=True)
    return len(found)


def find_processes(cluster: LocalCluster) -> list[psutil.Process]:
    """List all that belong to the cluster."""
    return find_members(cluster.cluster_id, cluster.sessions, cluster.folder)


def count_nodes(cluster: LocalCluster) -> int:
    """How many of its raylets are alive; none when the head is not, without which they end."""
    found = find_processes(cluster)
    return sum(name_of(one) == "raylet" for one in found) if any(map(is_head, found)) else 0


def _note(cluster: LocalCluster) -> None:
    """Write the cluster down before anything of it runs.

    Raises:
        XltError: one is up already.
    """
    path = state_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    there = read_cluster()
    if there is not None and not find_processes(there):
        path.unlink(missing_ok=True)  # its machine was restarted, or its processes were killed
        shutil.rmtree(there.folder, ignore_errors=True)
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8") as file:
            json.dump(asdict(cluster), file)
            file.flush()
            os.link(file.name, path)  # whole or not at all, and only one of two at a time
    except FileExistsError as error:
        shutil.rmtree(cluster.folder, ignore_errors=True)
        raise XltError(
            f"a cluster is up{f' at {there.address}' if there else ''}; use it, or end it with `xlt cluster down`"
        ) from error


def _rewrite(cluster: LocalCluster) -> None:
    temporary = state_file().with_suffix(".new")
    temporary.write_text(json.dumps(asdict(cluster)), encoding="utf-8")
    temporary.replace(state_file())


def _ray(*arguments: str, env: Mapping[str, str], folder: str) -> int:
    """Run a command of Ray in a session of its own, which its servers stay in; give the session's id.

    Raises:
        XltError: it failed; the last lines say why.
    """
    command = [sys.executable, "-m", "ray.scripts.scripts", *arguments]
    with tempfile.TemporaryFile() as output:  # a pipe would stay open as long as the servers run
        ran = subprocess.Popen(
            command,
            env=dict(env),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            ran.wait(_START_SECONDS)
        except subprocess.TimeoutExpired:
            ran.kill()
            ran.wait()
        if ran.returncode != 0:
            output.seek(0)
            said = output.read().decode(errors="replace").strip().splitlines()
            raise XltError(f"`ray {arguments[0]}` failed on this machine:\n" + "\n".join(said[-8:]))
    return ran.pid


def _make_token(env: Mapping[str, str], folder: str) -> None:
    """See to it that this user has a token, which nobody else can read."""
    if env["RAY_AUTH_MODE"] != "token":
        return
    _ray("get-auth-token", "--generate", env=env, folder=folder)
    default = Path.home() / ".ray" / "auth_token"
    if default.is_file():
        default.chmod(0o600)


def _own_address() -> str:
    """The IP address that Ray gives this machine; it puts it in the place of 127.0.0.1 as well."""
    from ray.util import get_node_ip_address

    return str(get_node_ip_address())  # type: ignore[no-untyped-call]
