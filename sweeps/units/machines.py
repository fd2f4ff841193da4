"""Which machine this is, and whether a process of it has ended. In: a machine, a process id. Out: what is known."""

import os
import platform
from pathlib import Path


def name_machine() -> str:
    """Name this boot of this machine, and the space that its process ids are of: hosts may share a name."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    space = Path("/proc/self/ns/pid")
    parts = [boot.read_text().strip() if boot.is_file() else "", str(space.readlink()) if space.is_symlink() else ""]
    return "/".join([platform.node(), *parts])


def has_ended(machine: str, pid: int) -> bool:
    """Whether a process is known to have ended; that of another machine never is.

    Args:
        machine: as `name_machine` gave it to the process.
        pid: of the process.
    """
    if machine != name_machine() or pid <= 0:
        return False
    try:
        os.kill(pid, 0)  # asks only whether it is there
    except ProcessLookupError:
        return True
    except PermissionError:  # it is there, and someone else's
        return False
    return False
