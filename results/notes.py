"""What a reader must know below a table: how to read it, what was lost, where everything lies.

In: what was printed, a snapshot. Out: sentences on a rich console.
"""

import json
from collections import Counter
from collections.abc import Iterable

import pandas as pd
from rich.console import Console
from rich.text import Text

from results.means import SCORED
from results.schema import CLEAN, PENDING
from results.snapshot import Snapshot, only_trial

_STATUS_STYLES = {"ok": "green", PENDING: "dim"}
_FAILED_STYLE = "red"
_FEW_SEEDS = 5
_MAX_LANGUAGES = 12
"""So many codes are listed in a note."""
_ORACLE = "oracle:"
"""Begins the name of a condition whose attack knows the right answer."""

MEANING_OF_MARKS = "*: the interval excludes 0."
MEANING_OF_INTERVALS = (
    "±: half of the 95 % interval (t over seeds, k-1 df), not adjusted for the number of comparisons."
)
_MEANING_OF_PAIRS = (
    "all pairs: mean over all ordered pairs of languages (first sentence, second sentence), those of a language with "
    "itself included; off-diagonal: without these."
)
_SIZES = {
    "embedding": "||delta||/||e|| of a token, e its embedding",
    "weights": "||delta||/||w|| of the weights",
    "words": "share of words exchanged",
}


def size_notes(kinds: Iterable[str | None]) -> str:
    """Say what sizes and loss gaps are, for the kinds of size that there are."""
    meanings = "; ".join(f"({kind}) {_SIZES.get(kind, kind)}" for kind in sorted({kind for kind in kinds if kind}))
    size = f"size: of the perturbation as it really was, mean over steps, {meanings}. " if meanings else ""
    return f"{size}loss gap: disturbed minus clean loss."


def print_condition_notes(condition: str, has_pairs: bool, folder: str, console: Console) -> None:
    """Say below one table what its condition means for the numbers."""
    notes = []
    if condition.startswith(_ORACLE):
        notes.append("oracle: the attack saw the gold labels, which no disturbance of real text does.")
    if has_pairs:
        notes.append(f"{_MEANING_OF_PAIRS} Every pair: xlt results matrix {folder}")
    if notes:
        console.print(Text(" ".join(notes), style="dim"))
        console.print()


def macro_meaning(rows: pd.DataFrame, snapshot: Snapshot) -> str:
    """Say which languages the mean of these rows' tasks is over: of some tasks the source language has no score."""
    scores = snapshot.results.select(["target_task", "language", "source_language", "value"]).to_pandas()
    is_source = (scores["language"] == scores["source_language"]) & scores["value"].notna()
    with_source = set(scores.loc[is_source, "target_task"])
    tasks = set(rows["target_task"])
    if tasks <= with_source:
        return "mean over all but the source language"
    return "mean over all languages" + (" but, where it is scored, the source language" if tasks & with_source else "")


def print_delta_notes(deltas: pd.DataFrame, snapshot: Snapshot, console: Console) -> None:
    """Say how deltas are made, how sure they are, and which pairs of runs were lost."""
    notes = [
        "Baseline: mean ± sd over seeds. Other rows: cell minus baseline in points, paired by seed (k pairs).",
        f"macro: {macro_meaning(deltas, snapshot)}; mean: the cell's own macro score ± sd.",
        *interval_notes(deltas),
    ]
    lost: Counter[str] = Counter()
    for text in deltas.drop_duplicates("cell_id")["failures"]:
        lost.update({status: number for status, number in json.loads(text).items() if status != "unscored"})
    if lost:
        counts = ", ".join(f"{number} {status}" for status, number in sorted(lost.items()))
        notes.append(f"Pairs lost to failed runs: {counts}; see `xlt results trials`.")
        notes += _scored_notes({status.removeprefix("baseline ") for status in lost})
    console.print(" ".join(notes), style="dim", highlight=False)


def print_scored_note(snapshot: Snapshot, console: Console) -> None:
    """Say where nothing is shown that runs which did not go well to their end would have something to show."""
    for note in _scored_notes(snapshot.trials["status"].to_pylist()):
        console.print(note, style="dim", highlight=False)


def _scored_notes(statuses: Iterable[str]) -> list[str]:
    present = set(statuses)
    scored = [status for status in SCORED if status in present]
    if not scored:
        return []
    return [f"Runs that are {' or '.join(scored)} have scores: --include {','.join(scored)} counts them."]


def print_robustness_notes(rows: pd.DataFrame, snapshot: Snapshot, console: Console) -> None:
    """Say what a change from clean scores is, how sure it is, and what has no clean score to be compared with."""
    notes = [
        "Score under the condition minus clean score of the same trials, in points, over k seeds.",
        f"macro: {macro_meaning(rows, snapshot)}; mean: the macro score under the condition ± sd.",
        *interval_notes(rows),
    ]
    if snapshot.scores["condition_language"].null_count < snapshot.scores.num_rows:
        notes.append(f"Pairs of languages have no clean score of their own: xlt results matrix {snapshot.uri}")
    console.print(Text(" ".join(notes), style="dim"))


def interval_notes(deltas: pd.DataFrame) -> list[str]:
    """Sentences on the intervals of deltas, and on how much to trust them."""
    if not deltas["ci_method"].notna().any():
        return ["No intervals: they need at least two paired seeds."]
    notes = [MEANING_OF_INTERVALS, MEANING_OF_MARKS]
    if deltas["k"].max() < _FEW_SEEDS:
        notes.append(f"With fewer than {_FEW_SEEDS} seeds an interval is a rough guide, and a narrow one may be luck.")
    return notes


def print_store_notes(snapshot: Snapshot, console: Console, trial_id: str | None = None) -> None:
    """Say what became of the trials, which languages no trial of a task scored, and where the files lie.

    Args:
        snapshot: of the store.
        console: to print on.
        trial_id: the only trial of which that is said; none given: all.
    """
    trials, results = only_trial(snapshot.trials, trial_id), only_trial(snapshot.results, trial_id)
    counts = count_statuses(Counter(trials["status"].to_pylist()))
    if trials.num_rows < snapshot.trials.num_rows:
        counts.append(f" ({snapshot.trials.num_rows} trials in this folder)", style="dim")
    console.print(counts)
    what = ["target_task", "condition", "language"]
    scores = results.select([*what, "value", "reason"]).to_pandas()
    is_scored = scores["value"].notna().groupby([scores[name] for name in what]).transform("any")
    reasons = scores[~is_scored].drop_duplicates(what)
    for (task, condition, reason), rows in reasons.groupby(["target_task", "condition", "reason"], sort=False):
        of_task = "" if scores["target_task"].nunique() == 1 else f" of {task}"
        how = "" if condition == CLEAN else f" under {condition}"
        languages = _list_languages(sorted(set(rows["language"])))
        console.print(Text(f"Not scored{of_task}{how} ({reason}): {languages}", style="dim"), soft_wrap=True)
    where = f'Everything lies in {snapshot.uri}; for SQL: xlt results query {snapshot.uri} "SELECT ..."'
    console.print(Text(where), soft_wrap=True)


def _list_languages(codes: list[str]) -> str:
    num_left_out = len(codes) - _MAX_LANGUAGES
    if num_left_out <= 1:
        return " ".join(codes)
    return f"{' '.join(codes[:_MAX_LANGUAGES])} and {num_left_out} others; all of them: --format csv"


def count_statuses(statuses: Counter[str]) -> Text:
    """Say how many trials there are, and how many of each status."""
    text = Text(f"{statuses.total()} trial{'' if statuses.total() == 1 else 's'}: ")
    for place, (status, number) in enumerate(sorted(statuses.items())):
        text.append(", " if place else "").append(f"{number} {status}", style=status_style(status))
    return text


def status_style(status: str) -> str:
    """Colour of a status."""
    return _STATUS_STYLES.get(status, _FAILED_STYLE)
