"""What magnitude and dose change, and whether that depends on the size of a language's corpus.

In: a snapshot. Out: `schema.EFFECTS`: a mixed model a series, the same in two stages, and a line over languages a cell.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from results.analysis import Analysis
from results.schema import make_table
from results.snapshot import Snapshot
from results.statistics.effect_estimates import CORPUS, NO_SLOPE, ONE_SEED, Fitted, estimate_effects, two_stages
from results.statistics.effects_data import CorpusSizes, EffectData, Outcome, gather_effects
from results.statistics.panel import Panel, gather_panels
from results.statistics.points import none_if_nan
from results.statistics.schema import EFFECTS
from results.statistics.series import DesignCell, list_cells
from results.statistics.slopes import METHOD, MIN_LANGUAGES
from results.statistics.terms import TermDesign, list_term_designs

OUTCOMES: tuple[Outcome, ...] = ("delta", "logit")
_MIXED = "mixed model, REML; t with the degrees of freedom of the two-stage estimate, at most languages - 2"

_MAX_REFITTED = 5_000
"""Deltas of a series up to which the mixed model is fitted again without each language, a tenth of a second each."""

Row = dict[str, Any]


def compute_effects(snapshot: Snapshot, analysis: Analysis) -> pa.Table:
    """Fit the models of every task, condition, method and intermediate task of a sweep.

    Deltas ~ perturbed, magnitude, intermediate, dose and their products, each alone and times `log_corpus`; at random
    are each language's own effects, each intermediate run, each seed with a slope of its own on `log_corpus`, and each
    language and seed (their deltas share the baseline's noise). Languages are the sample that slopes over them are
    drawn from, so these have at most languages - 2 degrees of freedom.

    Returns:
        Columns of `schema.EFFECTS`: of each series `slope` rows, which are of the mixed model, or of the two-stage
        estimate where that failed (`problem` says why), also without each language in turn (`left_out`; in two stages
        where there are many deltas); `check` rows (two stages beside the mixed model); `variance` rows. Of each cell
        alone `slope` rows, in two stages.
    """
    with threadpool_limits(limits=1, user_api="blas"):  # on small matrices more threads wait for each other
        return make_table(_list_rows(snapshot, analysis), EFFECTS)


def _list_rows(snapshot: Snapshot, analysis: Analysis) -> Iterator[Row]:
    corpus = CorpusSizes.of(snapshot.languages)
    cells = list_cells(snapshot.plan)
    for panel in gather_panels(snapshot, analysis, with_outcomes=False):
        of_task = [cell for cell in cells if cell.target_task == panel.measure.target_task]
        for outcome in OUTCOMES:
            for design in list_term_designs(of_task):
                yield from _model_rows(panel, design, corpus, outcome)
            for cell in of_task:
                if cell.cell_id != cell.baseline_cell_id:
                    yield from _cell_rows(panel, cell, corpus, outcome)


def _model_rows(panel: Panel, design: TermDesign, corpus: CorpusSizes, outcome: Outcome) -> Iterator[Row]:
    ids = [cell.cell_id for cell in design.cells]
    data = gather_effects(panel, ids, design.baseline_cell_id, corpus, outcome, min_languages=MIN_LANGUAGES)
    if data is None:
        return
    common = {"series": design.name, "outcome": outcome, **panel.measure._asdict()}
    yield from _rows_of_one_fit(common, data, design)
    if data.log_corpus is not None and len(data.languages) > MIN_LANGUAGES:
        for language in data.languages:
            with_mixed = data.deltas.size <= _MAX_REFITTED
            changed = common | {"left_out": language}
            rows = _rows_of_one_fit(changed, data.without(language), design, with_mixed=with_mixed)
            yield from (row for row in rows if row["kind"] == "slope")


def _rows_of_one_fit(common: Row, data: EffectData, design: TermDesign, *, with_mixed: bool = True) -> Iterator[Row]:
    fit = estimate_effects(data, design, with_mixed=with_mixed)
    if fit is None:
        return
    common = common | _counts(data) | {"num_seeds": fit.by_language.shape[2]}
    formula = f"{common['outcome']} ~ 0 + " + " + ".join(fit.staged.terms)
    note = "; ".join(filter(None, [design.scales, *data.notes]))
    two = common | {"model": formula, "method_note": "; ".join([METHOD, note])}
    if fit.mixed is None or fit.variances is None:
        yield from _fixed_rows(two | {"problem": fit.problem}, fit.staged, "slope")
        return
    random = " + ".join(f"(1 | {name})" for name in fit.variances.variances if name != "residual")
    own = common | {"model": f"{formula} + {random}", "method_note": "; ".join([_MIXED, note])}
    yield from _fixed_rows(own, fit.mixed, "slope")
    for name, variance in fit.variances.variances.items():
        yield own | {"kind": "variance", "term": name, "estimate": variance}
    yield from _fixed_rows(two, fit.staged, "check")


def _cell_rows(panel: Panel, cell: DesignCell, corpus: CorpusSizes, outcome: Outcome) -> Iterator[Row]:
    data = gather_effects(panel, [cell.cell_id], cell.baseline_cell_id, corpus, outcome, min_languages=MIN_LANGUAGES)
    if data is None:
        return
    known = ~np.isnan(data.deltas[0]).all(axis=0)
    staged = two_stages(data.deltas[:, :, known], data.log_corpus, ("effect",))
    if staged is None:
        return
    num_seeds = int(known.sum())
    common = {
        "model": f"{outcome} ~ " + ("1" if data.log_corpus is None else f"1 + {CORPUS}"),
        "series": cell.label,
        "cell_id": cell.cell_id,
        "outcome": outcome,
        **panel.measure._asdict(),
        **_counts(data),
        "num_seeds": num_seeds,
        "method_note": "; ".join([METHOD, *data.notes]),
        "problem": NO_SLOPE if data.log_corpus is None else ONE_SEED if num_seeds < 2 else None,
    }
    yield from _fixed_rows(common, staged, "slope")


def _fixed_rows(common: Row, fitted: Fitted, kind: str) -> Iterator[Row]:
    low, high = fitted.interval()
    p = fitted.p_values()
    for place, term in enumerate(fitted.terms):
        yield common | {
            "kind": kind,
            "term": term,
            "estimate": float(fitted.estimates[place]),
            "se": none_if_nan(fitted.errors[place]),
            "df": none_if_nan(fitted.df[place]),
            "ci_low": none_if_nan(low[place]),
            "ci_high": none_if_nan(high[place]),
            "p": none_if_nan(p[place]),
        }


def _counts(data: EffectData) -> Row:
    return {
        "num_observations": int((~np.isnan(data.deltas)).sum()),
        "num_languages": len(data.languages),
        "num_intermediate_runs": data.num_stage_runs,
    }
