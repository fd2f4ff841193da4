"""What this sweep cannot say, in words: read from its own numbers, not from a list that fits all.

In: evidence. Out: sentences.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from results.report.comparisons import LARGEST_DIFFERENCE, main_rows, names_of
from results.report.evidence import Evidence
from results.report.figures.view import corpus_note, is_declared
from results.report.figures.words import counted, listed
from results.report.wording import spread
from results.schema import MACRO
from results.statistics.estimates import CI_METHOD_SEEDS
from results.statistics.verdicts import THESE_EXAMPLES

_FEW_SEEDS = 5
_FEW_LANGUAGES = 8
_MOST_LISTED = 12


def find_limits(evidence: Evidence) -> tuple[str, ...]:
    """Say what cannot be concluded; `evidence` has sound verdicts."""
    rows = main_rows(evidence.contrasts)
    return (
        *_seeds(rows),
        *_examples(rows),
        *_size(rows),
        *_declaration(rows, evidence),
        *_intermediate(rows),
        *_languages(evidence),
        *_failures(rows),
        *_slopes(evidence),
        *_scope(evidence),
    )


def _seeds(rows: pd.DataFrame) -> Iterator[str]:
    tested = rows[rows["k"].gt(0)]
    if tested.empty:
        yield "No cell has a seed in common with its baseline yet: there are no differences to speak of."
        return
    if tested["k"].max() < 2:
        yield "One seed says nothing of how much seeds vary: there are no intervals, and nothing can be claimed."
        return
    if tested["k"].min() < _FEW_SEEDS:
        yield (
            f"Some comparisons rest on {spread([*tested['k'].astype(int)])} paired seeds. With fewer than "
            f"{_FEW_SEEDS} an interval is a rough guide, and a narrow one may be luck."
        )
    smallest = tested["p_sign_flip_min"].dropna()
    if len(smallest) and smallest.min() > 0.05:
        yield (
            f"A sign-flip test over seeds cannot fall below p = {smallest.min():.2g} with so few of them, whatever the "
            "effect; p-values here rest on the t distribution instead, that is, on seeds being roughly normal."
        )


def _examples(rows: pd.DataFrame) -> Iterator[str]:
    with_interval = rows[rows["ci_low"].notna()]
    is_blind = with_interval["ci_method"].str.startswith(CI_METHOD_SEEDS)
    if is_blind.any():
        yield (
            f"In {counted(int(is_blind.sum()), 'comparison')} of {len(with_interval)} test examples could not be "
            "resampled (other metrics or checkpoints than the main ones, no predictions): what is found there holds on "
            f"these examples, and verdicts that end in “({THESE_EXAMPLES})” are no claims."
        )
    if not is_blind.all():
        yield (
            "Test examples are taken for independent of each other. Where several are about one text, as questions on "
            "a paragraph are, intervals are somewhat too narrow."
        )


def _size(rows: pd.DataFrame) -> Iterator[str]:
    means = rows[rows["language"].eq(MACRO)]["mde"].dropna()
    if len(means) and means.median() > LARGEST_DIFFERENCE:
        yield "With so few seeds, that far apart, no difference on the mean over languages would be found reliably."
    elif len(means):
        yield (
            f"On the mean over languages, a true difference of less than about {means.median():.1f} points is more "
            "likely to be missed than not to be (smallest detectable effect, median over comparisons, 80 % power)."
        )
    single = rows[rows["unit"].eq("language")]
    found = single.groupby("language")["mde"].median().dropna()
    coarse = found[found.gt(2 * means.median())] if len(means) else found.iloc[:0]
    if len(coarse):
        most = min(coarse.max(), LARGEST_DIFFERENCE)
        yield (
            f"For single languages it is coarser still: up to {most:.1f} points "
            f"({listed(coarse.sort_values(ascending=False).index, 6)}). “Undecided” there means not seen, not absent."
        )


def _declaration(rows: pd.DataFrame, evidence: Evidence) -> Iterator[str]:
    if len(rows) and not is_declared(rows).any():
        yield "No comparison was declared beforehand, so that the largest of them will look larger than it is."
    if evidence.analysis.num_finished_when_declared:
        yield (
            f"The comparisons took their present form after {evidence.analysis.num_finished_when_declared} trials had "
            "finished: whoever wrote them may have seen results."
        )
    space = evidence.sweep.get("space")
    if isinstance(space, Mapping) and space.get("search", "factorial") != "factorial":
        yield "Cells were chosen by a search: its best cell has to be run again, with fresh seeds, to be believed."


def _intermediate(rows: pd.DataFrame) -> Iterator[str]:
    runs = rows["num_intermediate_runs"].dropna()
    if len(runs) and runs.min() == 1:
        yield (
            "All seeds of some cells share one run of the intermediate stage: what is found there is about that run, "
            "and says nothing of the intermediate task as such."
        )
    if rows["same_task"].eq(True).any():
        yield (
            "Some intermediate stages train on the target's own training set: what they change cannot be told from "
            "training longer on it."
        )


def _languages(evidence: Evidence) -> Iterator[str]:
    languages = evidence.languages
    scored = languages[languages["language"].isin(evidence.scores["language"])]
    names = names_of(languages)
    absent = [names[code] for code in scored.loc[scored["resource_band"].eq("absent"), "language"]]
    unknown = [names[code] for code in scored.loc[scored["resource_band"].isna(), "language"]]
    if absent:
        yield (
            f"{listed(absent, _MOST_LISTED)} {'is' if len(absent) == 1 else 'are'} not in the corpus that sizes are "
            "of: a slope over corpus size says nothing of them."
        )
    if unknown or (languages.empty and len(evidence.scores)):
        who = listed(unknown, _MOST_LISTED) if unknown else "the languages of this sweep"
        yield f"How much text there is of {who} to pre-train on is not known here."
    if note := corpus_note(evidence):
        yield note
    others = set(evidence.scores["language"]) - {MACRO} - set(evidence.scores["source_language"])
    if 0 < len(others) < _FEW_LANGUAGES:
        yield f"A mean over {counted(len(others), 'language')} is about these, not about languages at large."


def _failures(rows: pd.DataFrame) -> Iterator[str]:
    if len(rows) and rows["k_failed"].max() > 0:
        yield (
            "Failed runs are left out of the main numbers, which may make cells that fail often look better than they "
            "are; the health of the sweep shows both ways of counting."
        )


def _slopes(evidence: Evidence) -> Iterator[str]:
    for problem in evidence.effects["problem"].dropna().unique():
        yield f"Slopes over languages: {problem}."


def _scope(evidence: Evidence) -> Iterator[str]:
    trials = evidence.trials
    if len(trials):
        encoders, tasks = trials["encoder"].unique(), trials["target_task"].unique()
        sources = trials["source_language"].unique()
        yield (
            f"All of this is of {counted(len(encoders), 'encoder')} ({listed(encoders)}), "
            f"{counted(len(tasks), 'task')} ({listed(tasks)}) and training in {listed(sources)}; "
            "of others it says nothing."
        )
