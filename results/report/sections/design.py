"""The question and the design in words: what varies, what is fixed, on what, how often.

In: what sweep.json holds, the planned trials. Out: sentences and tables.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.report.blocks import Grid, lay_out, write
from results.report.comparisons import names_of
from results.report.evidence import Evidence
from results.report.figures.words import counted, listed
from results.report.wording import spread

QUESTION = (
    "How do the magnitude of a training perturbation and the difficulty of an intermediate task change zero-shot "
    "cross-lingual accuracy, language by language?"
)
_MOST_LISTED = 20


@dataclass(frozen=True, kw_only=True)
class Design:
    """What was asked, and how."""

    title: str
    question: str
    description: str | None
    sentences: tuple[str, ...]
    varied: Grid | None
    fixed: Grid | None


def describe_design(evidence: Evidence) -> Design:
    """Say what a sweep is made of, from its space and its plan."""
    space = evidence.sweep.get("space")
    space = space if isinstance(space, Mapping) else {}
    name = str(evidence.sweep.get("name", "sweep"))
    return Design(
        title=name,
        question=evidence.analysis.question or QUESTION,
        description=space.get("description") or None,
        sentences=tuple(_sentences(evidence, space)) if len(evidence.trials) else ("Nothing is planned yet.",),
        varied=_varied(evidence.trials),
        fixed=_fixed(space),
    )


def _sentences(evidence: Evidence, space: Mapping[str, Any]) -> Iterator[str]:
    trials = evidence.trials
    encoders, tasks = _distinct(trials, "encoder"), _distinct(trials, "target_task")
    sources = _named(_distinct(trials, "source_language"), evidence)
    languages = _scored_languages(evidence)
    yield (
        f"{listed(encoders)} is fine-tuned on {listed(tasks)} in {listed(sources)} and scored, without any training "
        f"on them, in {counted(len(languages), 'other language')}"
        f"{': ' + listed(_named(languages, evidence), _MOST_LISTED) if languages else ' so far'}."
    )
    if intermediate := _distinct(trials, "intermediate_task"):
        yield f"Before that, some cells are trained on an intermediate task: {listed(intermediate)}."
    if methods := [method for method in _distinct(trials, "method") if method != "none"]:
        magnitudes = listed((write(one) for one in sorted(set(trials["magnitude"].dropna()))), _MOST_LISTED)
        yield f"Training is disturbed by {listed(methods)}, at magnitudes {magnitudes}."
    seeds = trials.groupby("cell_id")["seed"].nunique()
    shared = space.get("seeds_from") == "target"
    yield (
        f"{counted(len(seeds), 'cell')} with {spread([*seeds])} {'seed' if seeds.max() == 1 else 'seeds'} each "
        f"{'makes' if len(seeds) == 1 else 'make'} {counted(len(trials), 'trial')}. Equal "
        "seeds share head, data order and dropout in all cells, so that differences are paired"
        f"{'; all seeds share one run of the intermediate stage' if shared else ''}."
    )
    baselines = trials.loc[trials["is_baseline"], "cell"].unique()
    if len(baselines):
        yield f"Deltas are against {listed(f'“{cell}”' for cell in baselines[:3])}."
    if (search := space.get("search", "factorial")) != "factorial":
        yield f"Cells are no grid but were searched for ({_compact(search)}); the best of many looks better than it is."
    if (scheduler := space.get("scheduler", "none")) != "none":
        yield f"Trials that fell behind were stopped early ({_compact(scheduler)}) and count in no delta."


def _varied(trials: pd.DataFrame) -> Grid | None:
    """Axes with the values that planned cells have on them."""
    values: dict[str, list[Any]] = {}
    for text in trials.drop_duplicates("cell_id")["axes"].fillna("{}"):
        for name, value in json.loads(text).items():
            if value not in values.setdefault(name, []):
                values[name].append(value)
    rows = [{"what varies": name, "values": ", ".join(map(_compact, found))} for name, found in values.items()]
    return lay_out(pd.DataFrame(rows), "What varies between cells") if rows else None


def _fixed(space: Mapping[str, Any]) -> Grid | None:
    rows = [{"setting": key, "value": _compact(value)} for key, value in _leaves(space.get("base", {}))]
    return lay_out(pd.DataFrame(rows), "What all trials share, as the space says it") if rows else None


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _leaves(below, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, value


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _distinct(trials: pd.DataFrame, column: str) -> list[str]:
    return [str(value) for value in trials[column].dropna().unique()]


def _scored_languages(evidence: Evidence) -> list[str]:
    """Codes of all languages with a score but the source, in the order of the languages' table."""
    scored = set(evidence.scores["language"]) - {"macro"} - set(evidence.scores["source_language"].dropna())
    known = [code for code in evidence.languages["language"] if code in scored]
    return [*known, *sorted(scored - set(known))]


def _named(codes: list[str], evidence: Evidence) -> list[str]:
    names = names_of(evidence.languages)
    return [names.get(code, code) for code in codes]
