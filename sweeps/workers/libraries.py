"""Import what units compute with, once a process. In: nothing. Out: modules that stay for good."""

import gc
import sys

from results.garbage import without_collection


def import_libraries() -> None:
    """Import torch, transformers and our own heavy modules (seconds); does nothing where they are there.

    Hundreds of thousands of objects come, and all stay: later collections need not look through them (0.3 s a unit).
    """
    if "xlt_core.run" in sys.modules:
        return
    with without_collection():
        import xlt_core.arrays.run
        import xlt_core.run  # noqa: F401
    gc.freeze()
