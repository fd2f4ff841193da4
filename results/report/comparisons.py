"""Rows of contrasts as they may be spoken of: verdicts that the corrected interval bears out, and names for people.

In: `statistics.schema.CONTRASTS` as a frame. Out: the same frame, and sentences on its rows.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from results.report.figures.words import between, counted, signed
from results.report.wording import is_missing, plain_verdict, probability
from results.schema import CLEAN, MACRO
from results.statistics.verdicts import ONE_INTERMEDIATE_RUN, THESE_EXAMPLES, restrictions_of

LARGEST_DIFFERENCE = 100.0
"""Points between scores of 0 and 100."""
ADJUSTMENTS = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "uncorrected"}
Row = Mapping[Any, Any]
"""Of `CONTRASTS`, by column."""
_USUAL = {"selection": "last", "condition": CLEAN}
_RESTRICTED = {
    ONE_INTERMEDIATE_RUN: "This is of one intermediate run, and says nothing of others.",
    THESE_EXAMPLES: "This is from seeds alone, on these test examples, and says nothing of others: no claim.",
}
"""What a verdict says nothing of, by what stands behind it."""


def with_sound_verdicts(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Take back every `better` and `worse` whose corrected interval does not lie wholly on its side of 0."""
    low, high = contrasts["ci_adjusted_low"].astype(float), contrasts["ci_adjusted_high"].astype(float)
    verdict = contrasts["verdict"].map(plain_verdict)
    is_unsound = (verdict.eq("better") & ~low.gt(0)) | (verdict.eq("worse") & ~high.lt(0))
    return contrasts.assign(verdict=contrasts["verdict"].mask(is_unsound, "undecided"))


def main_rows(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Rows of single languages, groups and the mean over languages, without failed runs; not of pairs of languages."""
    return contrasts[contrasts["runs"].eq("ok") & contrasts["condition_language"].isna()]


def names_of(languages: pd.DataFrame) -> dict[str, str]:
    """Name of every language by its code."""
    return dict(zip(languages["language"], languages["name"], strict=True))


def unit_name(row: Row, names: Mapping[str, str]) -> str:
    """What a row is over: the mean over languages, a group, or one language."""
    language = str(row["language"])
    number = row.get("num_languages")
    over = "languages" if is_missing(number) else counted(int(number or 0), "language")
    if language == MACRO:
        return f"mean over {over}"
    if row["unit"] == "group":
        kind, _, name = language.partition(":")
        return f"{kind} {name}" + ("" if is_missing(number) else f" ({over})")
    name = names.get(language, language)
    return name if name == language else f"{name} ({language})"


def setting_name(row: Row, varying: Mapping[str, bool]) -> str:
    """Task and metric of a row where they vary between rows; checkpoint and condition where they are not the usual."""
    parts = [row[name] for name, varies in varying.items() if varies and not is_missing(row[name])]
    parts += [row[name] for name, usual in _USUAL.items() if row[name] != usual]
    return " · ".join(parts)


def varying_settings(contrasts: pd.DataFrame) -> dict[str, bool]:
    """Whether task and metric have to be said of each row."""
    return {name: contrasts[name].nunique() > 1 for name in ("target_task", "metric")}


def correction(row: Row) -> str:
    """What a row was corrected for: `Holm over 3`."""
    adjustment = row["adjustment"]
    if is_missing(adjustment) or adjustment == "none":
        return "uncorrected"
    size = 0 if is_missing(row["family_size"]) else int(row["family_size"])
    return f"{ADJUSTMENTS.get(adjustment, adjustment)} over {size}"


def evidence_sentence(row: Row) -> str:
    """Difference, intervals, p and k of a row, in words."""
    k = counted(int(row["k"]), "paired seed")
    shared: Any = row.get("num_intermediate_runs")
    if not is_missing(shared) and shared < row["k"]:
        k += f" on {counted(int(shared), 'run')} of the intermediate stage"
    if is_missing(row["ci_low"]):
        return f"{signed(row['delta'])} points, no interval; {k}."
    p = probability(row["p_adjusted"])
    corrected = f"corrected ({correction(row)}): {between(row['ci_adjusted_low'], row['ci_adjusted_high'])}"
    return (
        f"{signed(row['delta'])} points; 95 % interval {between(row['ci_low'], row['ci_high'])}; {corrected}"
        f"{', ' + p if p else ''}; {k}."
    )


def verdict_sentence(row: Row) -> str:
    """What a row allows to be said."""
    restrictions = [_RESTRICTED[name] for name in restrictions_of(row["verdict"])]
    return " ".join([_plain_sentence(plain_verdict(row["verdict"]), row), *restrictions])


def _plain_sentence(verdict: str, row: Row) -> str:
    margin = 0.0 if is_missing(row["equivalence_margin"]) else float(row["equivalence_margin"])
    match verdict:
        case "better":
            return "Better: the corrected interval lies above zero."
        case "worse":
            return "Worse: the corrected interval lies below zero."
        case "equivalent":
            return (
                f"Equivalent: a difference larger than {margin:g} points in either direction can be ruled out, by "
                "tests that are corrected within the family."
            )
        case "no loss":
            return (
                f"No loss: a loss of more than {margin:g} points can be ruled out, by a test that is corrected within "
                "the family; a gain is not shown."
            )
        case "undecided":
            return f"Undecided: no claim can be made in either direction.{_detectable(row)}"
        case _:
            why = row["failed_runs"] if row["failed_runs"] and int(row["k"]) == 0 else row["ci_method"]
            return f"Not testable{'' if is_missing(why) else f' ({why})'}."


def _detectable(row: Row) -> str:
    """How large a difference would have had to be."""
    if is_missing(row["mde"]):
        return ""
    if row["mde"] > LARGEST_DIFFERENCE:
        return " With so few seeds, that far apart, no difference would have been found reliably."
    return (
        f" Only a true difference of about {row['mde']:.1f} points or more would have been found in four of five such "
        "sweeps."
    )


def in_order(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Rows by role, then contrast as they came; of each the mean first, then languages, then groups."""
    roles, units = {"primary": 0, "secondary": 1, "exploratory": 2}, {"macro": 0, "language": 1, "group": 2}
    of_contrast = contrasts.groupby("contrast", sort=False).ngroup()
    order = np.lexsort((contrasts["unit"].map(units), of_contrast, contrasts["role"].map(roles)))
    return contrasts.iloc[order]
