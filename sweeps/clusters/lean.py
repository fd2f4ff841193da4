"""What Ray starts and does that a launch on this machine does not need, left out: half of the time that starting takes.

Ray has no settings for these, so its own classes are changed for a while; what another version does not have is left.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

_MISSING = object()


@contextmanager
def only_needed_servers() -> Iterator[None]:
    """Have Ray start without its autoscaler, dashboard, and collector of workers' output.

    A single node does not grow, nobody looks at the dashboard, and units write logs of their own. Each of these is a
    Python process that imports ray; `ray.init` waits for the second, `ray.shutdown` for the last.
    """
    from ray._private.node import Node

    nothing = dict.fromkeys(("start_monitor", "start_api_server", "start_log_monitor"), _start_nothing)
    with _changed(Node, nothing):
        yield


@contextmanager
def plain_workers() -> Iterator[None]:
    """Have Tune's workers inherit the environment of this process instead of being told a part of it.

    Where they are told, Ray starts each through a process that prepares the environment, and imports ray twice.
    """
    from ray.tune.execution import class_cache

    with _changed(class_cache, {"DEFAULT_ENV_VARS": {}, "ENV_VARS_TO_PROPAGATE": frozenset()}):
        yield


def _start_nothing(node: Any, **options: Any) -> None:
    """In the place of a method of Ray's `Node` that starts a server."""


@contextmanager
def _changed(owner: Any, values: Mapping[str, Any]) -> Iterator[None]:
    """Give attributes other values for a while, those that are there."""
    with ExitStack() as stack:
        for name, value in values.items():
            former = getattr(owner, name, _MISSING)
            if former is not _MISSING:
                setattr(owner, name, value)
                stack.callback(setattr, owner, name, former)
        yield
