"""Literal plug-in tables: a name maps to `module:attribute`; a name is imported only when it is used.

A broken plug-in stops the command that asked for it; nothing is skipped with a warning.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from xlt_core.errors import UnknownNameError


def load_plugin(kind: str, name: str, table: Mapping[str, str]) -> Any:
    """Import the object that `table` holds under `name`.

    Raises:
        UnknownNameError: `name` is not in the table.
    """
    if name not in table:
        raise UnknownNameError(kind, name, table)
    module, _, attribute = table[name].partition(":")
    loaded = sys.modules.get(module) or import_module(module)  # planning asks for the same task many times a trial
    return getattr(loaded, attribute)
