"""A benchmark's averages, cell by cell, made as its official script makes them, from the sweeps of its tasks.

In: the tables of sweeps, what the benchmark consists of. Out: a row a cell and average: its value, or what is missing.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import pandas as pd
import pyarrow as pa

from results.errors import QueryError
from results.means import counted_statuses
from results.schema import CLEAN
from results.snapshot import Snapshot

OVERALL = "overall"

_NAMED_BY_TASK = ("target.task", "target.data")
"""Axes that make no cell: trials that differ in these only are the same cell on other tasks."""
_SETTINGS = ["encoder", "intermediate_task", "dose", "level", "noise_trim", "method", "magnitude"]
"""What every cell is, whether it varies in a sweep or not."""
_LABEL_SEPARATOR = " · "


class PartDefinition(Protocol):
    """One task of a benchmark."""

    @property
    def task(self) -> str:
        """Its name in the sweeps."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Its average is over exactly these."""
        ...

    @property
    def metrics(self) -> tuple[str, ...]:
        """Its score is the mean of these metrics' averages over languages."""
        ...

    @property
    def group(self) -> str | None:
        """None: it enters no other average."""
        ...


class BenchmarkDefinition(Protocol):
    """A benchmark: tasks whose scores make averages."""

    @property
    def name(self) -> str:
        """Short."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def parts(self) -> Sequence[PartDefinition]:
        """Its tasks, those of a group side by side."""
        ...

    @property
    def source(self) -> str:
        """Where the definition is from."""
        ...

    @property
    def note(self) -> str:
        """What is to be known about its averages."""
        ...


AVERAGES = pa.schema(
    [
        pa.field("benchmark", pa.string()),
        pa.field("cell", pa.string()),
        pa.field("encoder", pa.string()),
        pa.field("selection", pa.string()),
        pa.field("condition", pa.string()),
        pa.field("level", pa.string()),  # `overall`, `group` or `task`
        pa.field("name", pa.string()),
        pa.field("metrics", pa.list_(pa.string())),  # of a task
        pa.field("value", pa.float64()),  # null: see `missing` and `reason`
        pa.field("sd", pa.float64()),  # of a task: over seeds
        pa.field("k", pa.int32()),  # of a task: seeds
        pa.field("missing", pa.list_(pa.string())),  # languages of a task, tasks of a group
        pa.field("reason", pa.string()),
    ]
)
"""One row a cell and average."""


class _Average(NamedTuple):
    """A value, or why there is none."""

    value: float | None = None
    sd: float | None = None
    k: int | None = None
    missing: tuple[str, ...] = ()
    reason: str | None = None


def compute_averages(
    snapshots: Sequence[Snapshot],
    benchmark: BenchmarkDefinition,
    *,
    condition: str = CLEAN,
    include: Collection[str] = (),
) -> pa.Table:
    """Average every cell's scores as the benchmark does: over languages, metrics, tasks; refuse where one is missing.

    A cell is what trials have in common but for task, data and seed: trials of different sweeps belong together where
    encoder and varied settings are the same. A task's average is taken per seed first; a group's and the overall one
    are of the tasks' means over seeds. Only whole test sets count.

    Raises:
        QueryError: a task is there twice for one cell, or no sweep has a task of the benchmark.
    """
    tasks = {part.task for part in benchmark.parts}
    trials = pd.concat([_read_trials(snapshot) for snapshot in snapshots], ignore_index=True)
    trials = trials[trials["target_task"].isin(tasks)]
    if trials.empty:
        raise QueryError(
            f"no trial of a task of {benchmark.title} in {', '.join(one.uri for one in snapshots)}; "
            f"its tasks are {', '.join(part.task for part in benchmark.parts)}"
        )
    scores = pd.concat([one.scores.to_pandas() for one in snapshots], ignore_index=True)
    scores = scores[scores["condition"].eq(condition) & scores["condition_language"].isna()]
    trials = trials.assign(is_counted=trials["status"].isin(counted_statuses(include)))
    rows: list[dict[str, Any]] = []
    for label, cell in _label_cells(trials):
        encoder = str(cell["encoder"].iloc[0])
        for selection in dict.fromkeys(scores["selection"]) or ("last",):
            own = scores[scores["selection"] == selection]
            same = {"benchmark": benchmark.name, "cell": label, "encoder": encoder, "selection": selection}
            rows += [same | {"condition": condition} | row for row in _average_cell(cell, own, benchmark)]
    return pa.Table.from_pylist(rows, schema=AVERAGES)


def _read_trials(snapshot: Snapshot) -> pd.DataFrame:
    """Every planned trial with its status and what it has in common with those of other sweeps."""
    specs = snapshot.plan.select(["trial_id", "spec", "axes"]).to_pandas()
    columns = ["trial_id", "cell_id", "cell", "target_task", "status", *_SETTINGS]
    trials: pd.DataFrame = snapshot.trials.select(columns).to_pandas()
    trials = trials.merge(specs, on="trial_id")
    axes = [
        json.dumps({key: value for key, value in json.loads(text).items() if key not in _NAMED_BY_TASK}, sort_keys=True)
        for text in trials["axes"]
    ]
    cut = [_cut(json.loads(spec)) for spec in trials["spec"]]
    return trials.assign(axes=axes, cut=cut, folder=snapshot.uri).drop(columns="spec")


def _cut(spec: Mapping[str, Any]) -> str:
    """Why what a trial was scored on is not the whole test set; empty where it is."""
    evaluation = spec.get("evaluation", {})
    if evaluation.get("split", "test") != "test":
        return f"scored on the split '{evaluation['split']}', not on 'test'"
    if evaluation.get("max_examples") is not None:
        return f"scored on the first {evaluation['max_examples']} examples of every language only"
    return ""


def _label_cells(trials: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The trials of each cell, with what its labels on all tasks have in common; different for different cells."""
    used: set[tuple[str, str]] = set()
    for _, cell in trials.groupby([*_SETTINGS, "axes"], sort=False, dropna=False):
        split = [str(label).split(_LABEL_SEPARATOR) for label in cell["cell"].unique()]
        common = [part for part in split[0] if all(part in parts for parts in split)]
        label, encoder = _LABEL_SEPARATOR.join(common) or "base", str(cell["encoder"].iloc[0])
        if (encoder, label) in used:
            told = cell[_SETTINGS[1:]].iloc[0].dropna().astype(str)
            label = f"{label} ({', '.join(told)})"
        used.add((encoder, label))
        yield label, cell


def _average_cell(cell: pd.DataFrame, scores: pd.DataFrame, benchmark: BenchmarkDefinition) -> Iterator[dict[str, Any]]:
    """Rows of one cell: overall, groups, tasks."""
    tasks = {part.task: _average_task(part, cell[cell["target_task"] == part.task], scores) for part in benchmark.parts}
    counted = {part.task: part.group for part in benchmark.parts if part.group is not None}
    yield {"level": OVERALL, "name": OVERALL, **_average_tasks(tasks, counted)._asdict()}
    for group in dict.fromkeys(counted.values()):
        members = [task for task, of in counted.items() if of == group]
        yield {"level": "group", "name": group, **_average_tasks(tasks, members)._asdict()}
    for part in benchmark.parts:
        yield {"level": "task", "name": part.task, "metrics": part.metrics, **tasks[part.task]._asdict()}


def _average_tasks(tasks: Mapping[str, _Average], members: "Sequence[str] | Mapping[str, Any]") -> _Average:
    values = [tasks[task].value for task in members]
    if missing := tuple(task for task in members if tasks[task].value is None):
        return _Average(missing=missing, reason=f"no average of {', '.join(missing)}")
    return _Average(value=sum(value for value in values if value is not None) / len(values))


def _average_task(part: PartDefinition, trials: pd.DataFrame, scores: pd.DataFrame) -> _Average:
    """Mean of one task over its languages and metrics, then over seeds.

    Raises:
        QueryError: the cell has the task twice.
    """
    if trials["cell_id"].nunique() > 1 or trials["folder"].nunique() > 1:
        first, second = (f"{row.cell!r} in {row.folder}" for row in _two_of(trials))
        raise QueryError(
            f"task '{part.task}' is there twice for what is otherwise one cell: {first} and {second}; "
            "give folders of which only one has it"
        )
    if trials.empty:
        return _Average(missing=part.languages, reason="no trial of this task")
    if cut := trials["cut"].iloc[0]:
        return _Average(missing=part.languages, reason=cut)
    counted = trials.loc[trials["is_counted"], "trial_id"]
    if counted.empty:
        return _Average(missing=part.languages, reason="no trial of this task has ended well")
    own = scores[scores["trial_id"].isin(counted) & scores["metric"].isin(part.metrics)]
    columns = pd.MultiIndex.from_product([part.metrics, part.languages])
    table = own.pivot(index="trial_id", columns=["metric", "language"], values="value")
    table = table.reindex(index=counted, columns=columns)
    absent = table.isna().any(axis="index")
    if lacking := tuple(metric for metric in part.metrics if absent.xs(metric, level=0).all()):
        return _Average(missing=part.languages, reason=f"no score of {', '.join(lacking)}")
    if missing := tuple(one for one in part.languages if absent.xs(one, level=1).any()):
        return _Average(missing=missing, reason=f"not scored in {', '.join(missing)}")
    means = table.T.groupby(level=0).mean().mean()
    sd = float(means.std()) if len(means) > 1 else None
    return _Average(value=float(means.mean()), sd=sd, k=len(means))


def _two_of(trials: pd.DataFrame) -> list[Any]:
    return list(trials.drop_duplicates(["cell_id", "folder"]).itertuples())[:2]
