"""Import what units compute with, once a process. In: nothing. Out: modules that stay for good."""

import gc
import sys


def import_libraries() -> None:
    """Import torch, transformers and our own heavy modules (seconds); does nothing where they are there.

    Garbage is not looked for meanwhile, which takes a third of the time: hundreds of thousands of objects come, and
    all stay. For the same reason later collections need not look through them (0.3 s a unit).
    """
    if "xlt_core.run" in sys.modules:
        return
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        import xlt_core.arrays.run
        import xlt_core.run  # noqa: F401
    finally:
        if was_enabled:
            gc.enable()
    gc.freeze()
