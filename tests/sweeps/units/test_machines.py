"""Only processes of this machine, and of this space of process ids, can be known to have ended."""

import os
import subprocess
import sys

from sweeps.units.machines import has_ended, name_machine


def test_a_process_that_has_ended_here_is_known_and_one_elsewhere_is_not() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    assert has_ended(name_machine(), process.pid)
    assert not has_ended("another machine", process.pid)


def test_a_living_process_has_not_ended() -> None:
    assert not has_ended(name_machine(), os.getpid())
    assert not has_ended(name_machine(), 1)
    assert not has_ended(name_machine(), 0)
