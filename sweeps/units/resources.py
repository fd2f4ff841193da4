"""What a unit takes to run, and whether the machines have it. Light: ray is imported where it is needed.

In: `Resources` of a space. Out: what Ray is asked for, or an error that says what no node has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from search_spaces.resources import Resources
from xlt_core.errors import XltError

if TYPE_CHECKING:
    from ray.tune import PlacementGroupFactory


@dataclass(frozen=True, kw_only=True)
class Node:
    """A machine of the cluster, or one of several raylets on a machine."""

    node_id: str
    host: str = ""
    amounts: Mapping[str, float] = field(default_factory=dict)
    """In all, by name: `CPU`, `GPU`, and custom ones."""
    labels: Mapping[str, str] = field(default_factory=dict)


def amounts_of(resources: Resources) -> dict[str, float]:
    """Amounts by the names that Ray gives them; what is not asked for is left out."""
    wanted = {"CPU": resources.cpu, "GPU": resources.gpu, **resources.custom}
    return {name: amount for name, amount in wanted.items() if amount > 0}


def is_allowed_on(resources: Resources, labels: Mapping[str, str]) -> bool:
    """Whether a node of these labels has all that are asked for."""
    return resources.labels.items() <= dict(labels).items()


def placement_of(resources: Resources) -> "PlacementGroupFactory":
    """What Tune asks Ray for: one bundle, on a node that has the labels."""
    from ray.tune import PlacementGroupFactory

    if not resources.labels:
        return PlacementGroupFactory([amounts_of(resources)])
    return PlacementGroupFactory([amounts_of(resources)], bundle_label_selector=[dict(resources.labels)])


def check_resources(requests: Iterable[Resources], nodes: Sequence[Node]) -> None:
    """Refuse what no node has: Ray would wait for it for ever.

    Raises:
        XltError: names what was asked and what the nodes have.
    """
    lack = describe_lack(requests, nodes)
    if lack:
        raise XltError(
            f"resources: a trial asks for {lack}; ask for less: --set resources.cpu=1 --set resources.gpu=0, or add "
            "such a node"
        )


def describe_lack(requests: Iterable[Resources], nodes: Sequence[Node]) -> str | None:
    """Say what is asked for that no node has, however little runs on it; none where every request can be met."""
    refused = [request for request in requests if not any(_can_ever_hold(node, request) for node in nodes)]
    if not refused:
        return None
    asked = "; ".join(sorted({describe_request(request) for request in refused}))
    held = "; ".join(sorted({_describe_node(node, refused) for node in nodes})) or "there is none"
    return f"{asked}, which no node has ({held})"


def describe_request(resources: Resources) -> str:
    """For people: `2 CPU, 0.25 GPU on a node with accelerator=H100`."""
    amounts = ", ".join(f"{amount:g} {name}" for name, amount in amounts_of(resources).items())
    return f"{amounts} on a node with {_write_labels(resources.labels)}" if resources.labels else amounts


def _can_ever_hold(node: Node, request: Resources) -> bool:
    has_room = all(amount <= node.amounts.get(name, 0.0) for name, amount in amounts_of(request).items())
    return has_room and is_allowed_on(request, node.labels)


def _describe_node(node: Node, requests: Sequence[Resources]) -> str:
    """What a node has of all that is asked for."""
    names = ["CPU", "GPU", *sorted({name for request in requests for name in request.custom})]
    amounts = ", ".join(f"{node.amounts.get(name, 0.0):g} {name}" for name in names)
    asked = {key for request in requests for key in request.labels}
    labels = {key: value for key, value in sorted(node.labels.items()) if key in asked}
    return f"{amounts}, {_write_labels(labels)}" if labels else amounts


def _write_labels(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items())
