"""Which rows a figure shows, in which order, and under which names.

In: `Evidence`. Out: parts of its frames; nothing is computed here.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from results.errors import QueryError
from results.report.evidence import Evidence
from results.report.figures.words import listed
from results.schema import CLEAN, MACRO

LAST = "last"
SEPARATOR = " · "
BANDS = ("high", "mid", "low", "very low", "absent")
UNKNOWN_BAND = "other"
MEAN_LABEL = "mean"
MAX_LABEL = 64
"""Characters of a label on an axis."""

_IS_XLM_R = re.compile(r"xlm[-_]?r(oberta)?(?![a-z])", re.IGNORECASE)
"""Names of encoders, without owner or folder, that were pre-trained on CC-100."""
_FRAMES = ("contrasts", "curves", "best_magnitudes", "surfaces", "effects", "pairs", "selections")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What of the evidence is asked for; None: what is primary."""

    task: str | None = None
    languages: Collection[str] | None = None
    """Codes; the mean over languages is always shown."""
    metric: str | None = None
    condition: str | None = None
    selection: str | None = None
    contrast: str | None = None
    """Part of the names of contrasts or cells."""


def narrow(evidence: Evidence, choice: Choice) -> Evidence:
    """Keep what was asked for in every table.

    Raises:
        QueryError: something that is in no table.
    """
    frames = {name: getattr(evidence, name) for name in _FRAMES}
    wanted = {
        "target_task": choice.task,
        "metric": choice.metric,
        "condition": choice.condition,
        "selection": choice.selection,
    }
    for column, text in wanted.items():
        if text is not None:
            values = [value.strip() for value in text.split(",") if value.strip()]
            frames = _keep(frames, column, values)
    if choice.languages is not None:
        codes = {MACRO, *choice.languages}
        frames = {name: _keep_languages(frame, codes) for name, frame in frames.items()}
    if choice.contrast is not None:
        frames = _keep_contrast(frames, choice.contrast)
    return replace(evidence, **frames)


def _keep(frames: Mapping[str, pd.DataFrame], column: str, values: Collection[str]) -> dict[str, pd.DataFrame]:
    present = {value for frame in frames.values() if column in frame for value in frame[column].dropna()}
    if unknown := [value for value in values if value not in present]:
        there_are = ", ".join(sorted(map(str, present))) or "none yet"
        raise QueryError(f"no {column.replace('_', ' ')} '{unknown[0]}' in the results; there are: {there_are}")
    return {name: frame[frame[column].isin(values)] if column in frame else frame for name, frame in frames.items()}


def _keep_languages(frame: pd.DataFrame, codes: set[str]) -> pd.DataFrame:
    if "language" not in frame:
        return frame
    is_group = frame["unit"].eq("group") if "unit" in frame else False
    is_kept = frame["language"].isin(codes) | is_group
    if "condition_language" in frame:
        second = frame["condition_language"]
        is_kept &= second.isna() | second.isin(codes) | frame["language"].eq(MACRO)
    return frame[is_kept]


def _keep_contrast(frames: Mapping[str, pd.DataFrame], text: str) -> dict[str, pd.DataFrame]:
    names = {"contrasts": "contrast", "pairs": "cell", "selections": "cell"}
    kept = {
        name: frame[frame[names[name]].str.contains(text, case=False, regex=False)]
        if name in names and names[name] in frame
        else frame
        for name, frame in frames.items()
    }
    if kept["contrasts"].empty and kept["pairs"].empty:
        there_are = "\n  ".join(frames["contrasts"]["contrast"].unique()) or "none yet"
        raise QueryError(f"no contrast or cell with '{text}' in its name; there are:\n  {there_are}")
    return kept


def focus(frame: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """Rows of one measure a task: its primary metric, the last checkpoint, clean data, where these are there.

    Args:
        metrics: primary metric by task, of `primary_metrics`.
    """
    if frame.empty:
        return frame
    parts = []
    for task, rows in frame.groupby("target_task", sort=False, dropna=False):
        for column, first in (("metric", metrics.get(str(task))), ("selection", LAST), ("condition", CLEAN)):
            values = rows[column].unique()
            rows = rows[rows[column] == (first if first in values else values[0])]
        parts.append(rows)
    return pd.concat(parts)


def primary_metrics(evidence: Evidence) -> dict[str, str]:
    """The metric of each task that hypotheses are about; families of the others have it in parentheses."""
    metrics: dict[str, str] = {}
    for task, rows in evidence.contrasts.groupby("target_task", sort=False):
        families = zip(rows["metric"], rows["family"].fillna(""), strict=True)
        is_tested = [f"({metric}" not in family for metric, family in families]
        metrics[str(task)] = str((rows[is_tested] if any(is_tested) else rows)["metric"].iloc[0])
    return metrics


def main_contrasts(evidence: Evidence, runs: str = "ok") -> pd.DataFrame:
    """Contrasts in the primary measure of each task, without pairs of languages."""
    rows = evidence.contrasts
    rows = rows[rows["runs"].eq(runs) & rows["condition_language"].isna()]
    return focus(rows, primary_metrics(evidence))


def is_declared(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Which contrasts the space declared; the others are cells against their baselines."""
    return rows["baseline_cell_id"].isna()


def language_order(evidence: Evidence, codes: Iterable[str]) -> list[str]:
    """The source language, then the others from the largest corpus to the smallest, those absent from it last."""
    sizes = dict(zip(evidence.languages["language"], evidence.languages["corpus_size"].astype(float), strict=True))
    source = source_language(evidence)

    def place(code: str) -> tuple[bool, bool, float, str]:
        size: float = sizes.get(code, math.nan)
        is_unknown = math.isnan(size)
        return code != source, is_unknown, 0.0 if is_unknown else -size, code

    return sorted({code for code in codes if code != MACRO}, key=place)


def corpus_note(evidence: Evidence) -> str:
    """What sizes are of, where the encoders are not known to have been pre-trained on that; else empty."""
    if not evidence.languages["corpus_unit"].str.contains("CC-100", na=False).any():
        return ""
    encoders = [str(name) for name in evidence.trials["encoder"].dropna().unique()]
    others = [name for name in encoders if not _IS_XLM_R.search(name.rstrip("/").rpartition("/")[2])]
    if not others:
        return ""
    return (
        f"Sizes and bands of languages are those of CC-100, which XLM-R was pre-trained on; that {listed(others, 3)} "
        f"{'was' if len(others) == 1 else 'were'}, is not known here: they need not be how much text was seen."
    )


def source_language(evidence: Evidence) -> str | None:
    """The language that the target stage is trained in; None: trials differ in it, or there is none."""
    sources = evidence.trials["source_language"].dropna().unique()
    return str(sources[0]) if len(sources) == 1 else None


def language_name(evidence: Evidence, code: str) -> str:
    """A language for people, with its code."""
    if code == MACRO:
        return "Mean over languages"
    names = dict(zip(evidence.languages["language"], evidence.languages["name"], strict=True))
    name = names.get(code)
    return code if name is None or name == code else f"{name} ({code})"


def name_languages(evidence: Evidence, codes: "pd.Series[str]") -> "pd.Series[str]":
    """A column of languages for people."""
    return codes.map({code: language_name(evidence, code) for code in codes.unique()})


def bands(evidence: Evidence) -> dict[str, str]:
    """Resource band by language; `UNKNOWN_BAND` where it is not known."""
    known = evidence.languages
    named = known["resource_band"].where(known["resource_band"].notna(), UNKNOWN_BAND)
    return dict(zip(known["language"], named, strict=True))


def short_labels(labels: Sequence[str]) -> dict[str, str]:
    """Labels without the parts that all of them have."""
    distinct = list(dict.fromkeys(labels))
    parts = {label: label.split(SEPARATOR) for label in distinct}
    shared = set.intersection(*map(set, parts.values())) if len(distinct) > 1 else set()
    return {
        label: SEPARATOR.join(part for part in of_label if part not in shared) or label
        for label, of_label in parts.items()
    }


def name_rows(rows: pd.DataFrame) -> "pd.Series[str]":
    """Short names of cells, and of declared contrasts, which say that they are."""
    declared = is_declared(rows)
    short = short_labels(list(rows.loc[~declared, "contrast"]))
    return ("declared: " + rows["contrast"]).where(declared, rows["contrast"].map(short))


def elide(labels: Iterable[str], limit: int = MAX_LABEL) -> dict[str, str]:
    """Cut long labels in their middle, so that what tells them apart, which is often at the end, is still there."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for label in dict.fromkeys(labels):
        head = limit // 2
        short = label if len(label) <= limit else f"{label[:head].rstrip()} … {label[-(limit - head - 3) :].lstrip()}"
        number = 1
        while (numbered := short if number == 1 else f"{short} ({number})") in taken:
            number += 1
        found[label] = numbered
        taken.add(numbered)
    return found


def inline(frame: pd.DataFrame) -> dict[str, Any]:
    """Rows as a chart carries them: missing values as null, six digits a number.

    A plain dictionary: Altair limits the number of rows of a frame, and looks at every value of its own classes. In a
    tuple: it copies lists, row by row, whenever a chart becomes part of another.
    """
    columns = {name: [_plain(value) for value in frame[name].tolist()] for name in frame}
    return {"values": tuple(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if value != value else float(f"{value:.6g}")
    return None if value is pd.NA or value is pd.NaT else value
