"""Check that all nodes are fit for a sweep before any of its trials runs, and name those that are not.

In: the trials, and where the sweep lies. Out: nothing, or one error with all that was found.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from results.storage import open_storage
from sweeps.clusters.node_checks import PROBE, Expected, look_around, read_inputs, read_versions
from sweeps.clusters.session import list_nodes
from sweeps.planning.plan import PlannedTrial
from sweeps.units.job import Place
from sweeps.units.resources import Node
from xlt_core.errors import XltError

_ANSWER_SECONDS = 90.0
"""A worker process begins and imports what it needs."""
_READ_SECONDS = 1200.0
"""Data and encoders are read and hashed."""
_INDENT = "\n  "


def check_nodes(trials: Sequence[PlannedTrial], place: Place, *, is_local: bool) -> None:
    """Run a short task on every node that is alive, and one that reads what the trials read.

    Args:
        trials: to be run.
        place: where the sweep lies.
        is_local: Ray was started by this process, on this machine alone: only the storage is looked at.

    Raises:
        XltError: which nodes are not fit, and why; all of it at once.
        ResultsError: the storage cannot be used from here.
    """
    places = tuple(name if "://" in name else str(Path(name).absolute()) for name in _name_places(place))
    probe = f"{PROBE}{uuid4().hex}"
    try:
        for name in places:
            storage = open_storage(name)
            storage.prepare()
            storage.publish_bytes(probe, probe.encode())
        if not is_local:
            expected = Expected(
                versions=read_versions(),
                places=places,
                work_folder=str(place.work_folder),
                probe=probe,
                needs_token=os.environ.get("RAY_AUTH_MODE") == "token",
            )
            _check_each(list_nodes(), trials, expected)
    finally:
        for name in places:
            open_storage(name).remove(probe)


def _check_each(nodes: Sequence[Node], trials: Sequence[PlannedTrial], expected: Expected) -> None:
    found = _ask(nodes, look_around, lambda node: (expected, node.amounts.get("GPU", 0.0)), _ANSWER_SECONDS)
    sound = [node for node in nodes if not found[node.node_id]]
    plans = choose_readers(trials)
    found |= _ask(sound, read_inputs, lambda _: (plans,), _READ_SECONDS)
    alive = {node.node_id for node in list_nodes()}  # one that has gone meanwhile is not unfit: it is not there
    nodes = [node for node in nodes if node.node_id in alive]
    if not nodes:
        raise XltError("every node of the cluster has gone while they were looked at; start it again, then resume")
    if any(found[node.node_id] for node in nodes):
        raise XltError(describe_problems(nodes, found))


def choose_readers(trials: Sequence[PlannedTrial]) -> list[str]:
    """Choose trials that read different things between them; JSON of their plans.

    All that names something to read is text, so trials whose settings hold the same texts read the same.
    """
    chosen: dict[tuple[tuple[str, str], ...], PlannedTrial] = {}
    for trial in trials:
        chosen.setdefault(tuple(_list_texts(trial.plan.spec.model_dump(mode="json"))), trial)
    return [trial.plan.model_dump_json() for trial in chosen.values()]


def describe_problems(nodes: Sequence[Node], found: dict[str, list[str]]) -> str:
    """Say which nodes are not fit, the same problem once for all nodes that have it.

    Args:
        nodes: all of them.
        found: problems by node id.
    """
    by_problem: dict[str, list[str]] = {}
    for node in nodes:
        for problem in found[node.node_id]:
            by_problem.setdefault(problem, []).append(f"{node.host} ({node.node_id[:8]})")
    lines = [f"{', '.join(names)}: {problem}" for problem, names in by_problem.items()]
    number = sum(bool(found[node.node_id]) for node in nodes)
    unfit = "the node is" if len(nodes) == 1 else f"{number} of {len(nodes)} nodes {'is' if number == 1 else 'are'}"
    return f"{unfit} not fit for this sweep; nothing has run:{_INDENT}{_INDENT.join(lines)}"


def _ask(
    nodes: Sequence[Node],
    question: Callable[..., list[str]],
    arguments: Callable[[Node], tuple[Any, ...]],
    seconds: float,
) -> dict[str, list[str]]:
    """Run `question` on every node at once; problems by node id."""
    task = ray.remote(question)
    asked = {
        node.node_id: task.options(
            num_cpus=0, max_retries=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node.node_id, soft=False)
        ).remote(*arguments(node))
        for node in nodes
    }
    ready = set(ray.wait(list(asked.values()), num_returns=len(asked), timeout=seconds)[0]) if asked else set()
    silent = f"did not answer within {seconds:.0f} s; is it frozen, cut off, or very slow? End it or start it anew"
    answers: dict[str, list[str]] = {}
    for node_id, reference in asked.items():
        if reference in ready:
            answers[node_id] = _answer_of(reference)
        else:
            ray.cancel(reference, force=True)
            answers[node_id] = [silent]
    return answers


def _answer_of(reference: Any) -> list[str]:
    try:
        return list(ray.get(reference))
    except Exception as error:  # whatever it is, this node cannot run a trial
        text = str(error).strip()
        if "No module named 'sweeps'" in text:
            return ["xlt-sweeps is not installed in the Python that Ray runs on there; install it on every node"]
        return [f"a task failed there: {(text.splitlines() or [type(error).__name__])[-1]}"]


def _name_places(place: Place) -> Iterator[str]:
    yield place.folder
    if place.stages_folder is not None:
        yield place.stages_folder


def _list_texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text in nested settings, with the keys that lead to it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _list_texts(inner, f"{place}.{key}")
