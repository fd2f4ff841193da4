"""What magnitude and dose change, and whether that depends on the size of a language's corpus.

In: a snapshot. Out: `schema.EFFECTS`: a mixed model a series, the same in two stages, and a line over languages a cell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import stdtr, stdtrit

from results.analysis import Analysis
from results.schema import make_table
from results.snapshot import Snapshot
from results.statistics.effects_data import CorpusSizes, EffectData, Outcome, gather_effects
from results.statistics.panel import Panel, gather_panels
from results.statistics.points import none_if_nan
from results.statistics.schema import EFFECTS
from results.statistics.series import DesignCell, list_cells
from results.statistics.slopes import METHOD, MIN_LANGUAGES, Line, fit_line
from results.statistics.terms import MAIN_TERMS, TermDesign, list_term_designs
from results.statistics.variance_components import MixedFit, Observations, dummies, fit_mixed_model

OUTCOMES: tuple[Outcome, ...] = ("delta", "logit")
CORPUS = "log_corpus"
_MIXED = (
    "mixed model, REML (statsmodels); t with the degrees of freedom of the two-stage estimate, at most languages - 2"
)
_ONE_SEED = "fewer than two seeds in which all of this was run: no interval"
_NO_SLOPE = f"fewer than {MIN_LANGUAGES} languages with a known corpus size: no slope"

Array = npt.NDArray[np.float64]
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    """A coefficient table: one entry a term."""

    terms: tuple[str, ...]
    estimates: Array
    errors: Array
    df: Array


def compute_effects(snapshot: Snapshot, analysis: Analysis) -> pa.Table:
    """Fit the models of every task, condition, method and intermediate task of a sweep.

    Level by level: deltas ~ perturbed, magnitude, intermediate, dose and their products, each alone and times
    `log_corpus`; at random are each language's own effects, each intermediate run, each seed with a slope of its own on
    `log_corpus`, and each language and seed (they share the baseline's noise). Languages are the sample that slopes
    over them are drawn from, so these have at most languages - 2 degrees of freedom.

    Returns:
        Columns of `schema.EFFECTS`: of each series `slope` rows, which are of the mixed model, or of the two-stage
        estimate where that failed (`problem` says why), also without each language in turn (`left_out`, two stages);
        `check` rows (two stages beside the mixed model); `variance` rows. Of each cell alone `slope` rows, two stages.
    """
    corpus = CorpusSizes.of(snapshot.languages)
    cells = list_cells(snapshot.plan)
    rows: list[Row] = []
    for panel in gather_panels(snapshot, analysis, with_outcomes=False):
        of_task = [cell for cell in cells if cell.target_task == panel.measure.target_task]
        for outcome in OUTCOMES:
            for design in list_term_designs(of_task):
                rows += _model_rows(panel, design, corpus, outcome)
            for cell in of_task:
                if cell.cell_id != cell.baseline_cell_id:
                    rows += _cell_rows(panel, cell, corpus, outcome)
    return make_table(rows, EFFECTS)


def _model_rows(panel: Panel, design: TermDesign, corpus: CorpusSizes, outcome: Outcome) -> Iterator[Row]:
    ids = [cell.cell_id for cell in design.cells]
    data = gather_effects(panel, ids, design.baseline_cell_id, corpus, outcome, min_languages=MIN_LANGUAGES)
    if data is None:
        return
    by_language = _fit_each(data, design)
    if by_language is None:
        return
    staged = _two_stages(by_language, data.log_corpus, design.terms)
    if staged is None:
        return
    common = {"series": design.name, "outcome": outcome, **panel.measure._asdict(), **_counts(data)}
    common["num_seeds"] = by_language.shape[2]
    note = "; ".join(filter(None, [design.scales, *data.notes]))
    formula = f"{outcome} ~ 0 + " + " + ".join(staged.terms)
    two = common | {"model": formula, "method_note": "; ".join([METHOD, note])}
    problem, mixed = _NO_SLOPE if data.log_corpus is None else None, None
    if data.log_corpus is not None:
        mixed = fit_mixed_model(_observations(data, design)) if by_language.shape[2] > 1 else None
        problem = _ONE_SEED if mixed is None else mixed.problem
    if mixed is not None and mixed.problem is None:
        random = ", ".join(f"(1 | {name})" for name in mixed.variances if name != "residual")
        own = common | {"model": f"{formula} + {random}", "method_note": "; ".join([_MIXED, note])}
        fitted = _Fitted(terms=staged.terms, estimates=mixed.estimates, errors=mixed.errors, df=staged.df)
        yield from _fixed_rows(own, fitted, "slope")
        yield from _variance_rows(own, mixed)
        yield from _fixed_rows(two, staged, "check")
    else:
        yield from _fixed_rows(two | {"problem": problem}, staged, "slope")
    for place, language in enumerate(data.languages):
        fewer = np.delete(by_language, place, axis=1)
        if data.log_corpus is not None and fewer.shape[1] >= MIN_LANGUAGES:
            without = _two_stages(fewer, np.delete(data.log_corpus, place), design.terms)
            changed = {"left_out": language, "num_languages": fewer.shape[1]}
            yield from _fixed_rows(two | changed, without, "slope") if without else ()


def _cell_rows(panel: Panel, cell: DesignCell, corpus: CorpusSizes, outcome: Outcome) -> Iterator[Row]:
    data = gather_effects(panel, [cell.cell_id], cell.baseline_cell_id, corpus, outcome, min_languages=MIN_LANGUAGES)
    if data is None:
        return
    known = ~np.isnan(data.deltas[0]).all(axis=0)
    staged = _two_stages(data.deltas[:, :, known], data.log_corpus, ("effect",))
    if staged is None:
        return
    yield from _fixed_rows(
        {
            "model": f"{outcome} ~ " + ("1" if data.log_corpus is None else f"1 + {CORPUS}"),
            "series": cell.label,
            "cell_id": cell.cell_id,
            "outcome": outcome,
            **panel.measure._asdict(),
            **_counts(data),
            "num_seeds": int(known.sum()),
            "method_note": "; ".join([METHOD, *data.notes]),
            "problem": _ONE_SEED if known.sum() < 2 else _NO_SLOPE if data.log_corpus is None else None,
        },
        staged,
        "slope",
    )


def _fit_each(data: EffectData, design: TermDesign) -> Array | None:
    """Least squares within each language and seed block: effects of shape (terms, languages, blocks that have them)."""
    found = []
    for block in range(data.deltas.shape[2]):
        deltas = data.deltas[:, :, block]
        known = ~np.isnan(deltas).all(axis=1)
        columns = design.matrix[known]
        if np.linalg.matrix_rank(columns) == len(design.terms):
            found.append(np.linalg.pinv(columns) @ deltas[known])
    return np.stack(found, axis=2) if found else None


def _two_stages(by_language: Array, log_corpus: Array | None, terms: tuple[str, ...]) -> _Fitted | None:
    """A line over languages for each term: their levels first, then their slopes on log_corpus."""
    if by_language.shape[1] < 2 or by_language.shape[2] < 1:
        return None
    lines: list[Line] = [fit_line(effects, log_corpus) for effects in by_language]
    names = terms if log_corpus is None else (*terms, *(f"{term}:{CORPUS}" for term in terms))

    def stacked(name: Literal["estimates", "errors", "df"]) -> Array:
        return np.array([getattr(line, name) for line in lines]).T.ravel()

    return _Fitted(terms=names, estimates=stacked("estimates"), errors=stacked("errors"), df=stacked("df"))


def _observations(data: EffectData, design: TermDesign) -> Observations:
    """The long form: one row a cell, language and block that has a delta."""
    assert data.log_corpus is not None
    cell, language, block = np.nonzero(~np.isnan(data.deltas))
    columns, sizes = design.matrix[cell], data.log_corpus[language]
    of_language, of_block = dummies(language), dummies(block)
    main = [term for term in design.terms if term in MAIN_TERMS]
    components = {f"language:{term}": of_language * columns[:, [design.terms.index(term)]] for term in main}
    runs = np.array([[run or "" for run in row] for row in data.stage_runs])[cell, block]
    _, codes = np.unique(runs, return_inverse=True)
    if data.num_stage_runs and data.num_stage_runs > 1:
        components["intermediate run"] = dummies(codes) * (runs != "")[:, None]
    components |= {
        "seed": of_block,
        f"seed:{CORPUS}": of_block * sizes[:, None],
        "language x seed": dummies(language * data.deltas.shape[2] + block),
    }
    return Observations(
        deltas=data.deltas[cell, language, block],
        explained_by=np.hstack([columns, columns * sizes[:, None]]),
        components=components,
    )


def _fixed_rows(common: Row, fitted: _Fitted, kind: str) -> Iterator[Row]:
    half_widths = stdtrit(fitted.df, 0.975) * fitted.errors
    ends = fitted.estimates - half_widths, fitted.estimates + half_widths
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stdtr(fitted.df, -np.abs(fitted.estimates / fitted.errors))
    for place, term in enumerate(fitted.terms):
        yield common | {
            "kind": kind,
            "term": term,
            "estimate": float(fitted.estimates[place]),
            "se": none_if_nan(fitted.errors[place]),
            "df": none_if_nan(fitted.df[place]),
            "ci_low": none_if_nan(ends[0][place]),
            "ci_high": none_if_nan(ends[1][place]),
            "p": none_if_nan(p[place]),
        }


def _variance_rows(common: Row, fit: MixedFit) -> Iterator[Row]:
    for name, variance in fit.variances.items():
        yield common | {"kind": "variance", "term": name, "estimate": variance}


def _counts(data: EffectData) -> Row:
    return {
        "num_observations": int((~np.isnan(data.deltas)).sum()),
        "num_languages": len(data.languages),
        "num_seeds": data.num_seeds,
        "num_intermediate_runs": data.num_stage_runs,
    }
