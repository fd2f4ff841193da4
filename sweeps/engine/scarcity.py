"""Says when what is left can run on no node any more, and when it can again. Light.

In: what the units ask for, and the nodes that are alive. Out: lines for people. Ray and we would wait in silence.
"""

import time
from collections.abc import Callable, Sequence

from search_spaces.resources import Resources
from sweeps.units.resources import Node, describe_lack

_LOOK_SECONDS = 5.0


class ScarcityWatch:
    """Compares requests with nodes now and then, and speaks when the answer changes."""

    def __init__(
        self,
        list_requests: Callable[[], Sequence[Resources]],
        list_nodes: Callable[[], Sequence[Node]],
        say: Callable[[str], None],
    ) -> None:
        self._list_requests = list_requests
        self._list_nodes = list_nodes
        self._say = say
        self._lack: str | None = None
        self._looked_at = time.monotonic()

    def look(self) -> None:
        """Look whether every request can be met by some node; does nothing when called again too soon."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        lack = describe_lack(self._list_requests(), self._list_nodes())
        if lack == self._lack:
            return
        self._lack = lack
        if lack is None:
            self._say("goes on: there are nodes for all that is left")
        else:
            self._say(
                f"waits: what is left asks for {lack}; it runs once such a node is there. Or press Ctrl-C: `xlt sweep "
                "resume` goes on later, `xlt sweep run` with --set resources.KEY=VALUE on what there is"
            )
