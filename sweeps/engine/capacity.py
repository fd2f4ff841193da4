"""What of a cluster is free for further units, so that one is chosen only when it can begin. Light.

In: the nodes, and what this launch's units take. Out: whether one more fits. Ray places the units; this only counts.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from search_spaces.resources import Resources
from sweeps.units.resources import Node, amounts_of, is_allowed_on

_REFRESH_SECONDS = 2.0


class Capacity:
    """Counts what runs where."""

    def __init__(self, list_nodes: Callable[[], Sequence[Node]], max_concurrent: int | None = None) -> None:
        self._list_nodes = list_nodes
        self._max_concurrent = max_concurrent
        self._nodes: Sequence[Node] = ()
        self._listed_at = float("-inf")
        self._placed: dict[str, tuple[str, dict[str, float]]] = {}
        """Unit id to node id and amounts."""

    def can_hold(self, resources: Resources) -> bool:
        """Whether one more such unit could begin now."""
        return self._find_node(resources) is not None

    def count_slots(self, resources: Resources) -> int:
        """How many such units could run at a time if nothing else did; at least one."""
        wanted = amounts_of(resources)
        allowed = [node for node in self._look() if is_allowed_on(resources, node.labels)]
        num_slots = sum(
            min((int(node.amounts.get(name, 0.0) / amount + 1e-9) for name, amount in wanted.items()), default=1)
            for node in allowed
        )
        return max(1, min(num_slots, self._max_concurrent or num_slots))

    def take(self, unit_id: str, resources: Resources) -> None:
        """Count a unit that begins."""
        node = self._find_node(resources)
        self._placed[unit_id] = (node.node_id if node else "", amounts_of(resources))

    def release(self, unit_id: str) -> None:
        """Count a unit that has ended."""
        self._placed.pop(unit_id, None)

    def _find_node(self, resources: Resources) -> Node | None:
        if self._max_concurrent is not None and len(self._placed) >= self._max_concurrent:
            return None
        wanted = amounts_of(resources)
        for node in self._look():
            if is_allowed_on(resources, node.labels) and self._has_room(node, wanted):
                return node
        return None

    def _look(self) -> Sequence[Node]:
        if time.monotonic() - self._listed_at >= _REFRESH_SECONDS:
            self._nodes, self._listed_at = self._list_nodes(), time.monotonic()
        return self._nodes

    def _has_room(self, node: Node, wanted: Mapping[str, float]) -> bool:
        taken = [amounts for node_id, amounts in self._placed.values() if node_id == node.node_id]
        return all(
            sum(amounts.get(name, 0.0) for amounts in taken) + amount <= node.amounts.get(name, 0.0) + 1e-9
            for name, amount in wanted.items()
        )
