"""What units compute with is imported once, and never looked through for garbage."""

import subprocess
import sys

_IMPORT = """
import gc, sys
from sweeps.workers.libraries import import_libraries

{before}
import_libraries()
assert "xlt_core.arrays.run" in sys.modules
frozen = gc.get_freeze_count()
import_libraries()
print(gc.isenabled(), frozen > 100_000, gc.get_freeze_count() == frozen)
"""


def _import(before: str = "") -> str:
    command = [sys.executable, "-c", _IMPORT.format(before=before)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_libraries_are_imported_once_and_not_looked_through_any_more() -> None:
    assert _import() == "True True True\n"


def test_who_collects_no_garbage_goes_on_without() -> None:
    assert _import("gc.disable()") == "False True True\n"
