"""Python's garbage collector, kept from looking where nearly all that is made stays. In: nothing. Out: a context."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Let the collector rest while the context lasts, or a function that is decorated with it.

    Plans, tables and libraries stay, and it would look through all of them again and again: a tenth of a second each
    time, and in all a third of the time that importing torch and transformers takes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
