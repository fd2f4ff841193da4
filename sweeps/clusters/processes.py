"""Which processes of this machine belong to a local cluster. In: its mark, sessions and folder. Out: processes.

Ray's servers are known by a mark in their environment. Agents and workers write their titles over their environment,
and agents outlive a raylet that was killed: these are known by their session and by the folder they work in.
"""

import os
from collections.abc import Collection
from contextlib import suppress

import psutil

MARK = "XLT_CLUSTER_ID"
"""Environment variable of all processes of a local cluster."""


def find_members(cluster_id: str, sessions: Collection[int], folder: str) -> list[psutil.Process]:
    """List the processes in all sessions that are the cluster's.

    Args:
        cluster_id: the value of `MARK`.
        sessions: those that were begun for it; the system may have given the number to another one since.
        folder: where its processes work.
    """
    members: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        with suppress(OSError, psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                members.setdefault(os.getsid(process.pid), []).append(process)
    return [
        process
        for session, processes in members.items()
        if any(_is_marked(one, cluster_id) for one in processes)
        or (session in sessions and any(_works_in(one, folder) for one in processes))
        for process in processes
    ]


def name_of(process: psutil.Process) -> str:
    """Name of a process; empty when it is gone."""
    try:
        return str(process.name())
    except psutil.Error:
        return ""


def is_head(process: psutil.Process) -> bool:
    """Whether it is the server that only the head has."""
    return name_of(process) == "gcs_server"


def _is_marked(process: psutil.Process, cluster_id: str) -> bool:
    try:
        return bool(process.environ().get(MARK) == cluster_id)
    except (psutil.Error, OSError):  # gone, or not ours
        return False


def _works_in(process: psutil.Process, folder: str) -> bool:
    try:
        return str(process.cwd()).startswith(folder)
    except (psutil.Error, OSError):
        return False
