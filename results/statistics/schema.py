"""The columns of the tables that statistics make. Units are in the names; scores and deltas are on a scale of 0 to 100.

They are computed from a store and can be made again at any time; `contrasts` is kept beside it for other readers.
"""

import pyarrow as pa

from results.schema import CELL_COLUMNS, DELTAS


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


_CELL_FIELDS = [DELTAS.field(name) for name in CELL_COLUMNS]

CONTRASTS = pa.schema(
    [
        _required("contrast", pa.string()),  # name as declared; of a delta the cell's label
        _required("cell_id", pa.string()),  # of a delta; of a declared contrast the id of its terms
        pa.field("baseline_cell_id", pa.string()),  # null: of a declared contrast
        _required("terms", pa.string()),  # JSON: list of {cell_id, weight}; a delta is {cell: 1, baseline: -1}
        *_CELL_FIELDS,  # null where the terms differ
        pa.field("same_task", pa.bool_()),
        pa.field("bits", pa.float64()),  # difficulty as it really was, mean over runs
        _required("unit", pa.string()),  # language, group, macro
        _required("language", pa.string()),  # code; `macro`; of a group `band:low`, `family:Turkic`, `script:Cyrl`
        pa.field("num_languages", pa.int32()),
        pa.field("corpus_size", pa.float64()),
        pa.field("corpus_unit", pa.string()),
        pa.field("resource_band", pa.string()),
        _required("metric", pa.string()),
        _required("selection", pa.string()),
        _required("condition", pa.string()),
        pa.field("condition_language", pa.string()),
        _required("runs", pa.string()),  # which runs count: `ok`, or `all` (see `failed_runs`)
        _required("failed_runs", pa.string()),  # how runs that failed count, in words
        _required("num_examples", pa.int64()),  # summed over its languages, which may share them
        _required("k", pa.int32()),  # paired seeds
        _required("k_failed", pa.int32()),
        pa.field(
            "num_intermediate_runs", pa.int32()
        ),  # distinct ones behind the k seeds; null: none. Fewer than k: `k` overstates
        _required("seeds", pa.list_(pa.int64())),
        pa.field("base_mean", pa.float64()),
        pa.field("base_sd", pa.float64()),
        pa.field("cell_mean", pa.float64()),
        pa.field("cell_sd", pa.float64()),
        pa.field("delta", pa.float64()),
        pa.field("delta_sd", pa.float64()),  # over seeds
        pa.field("delta_median", pa.float64()),
        pa.field("delta_iqm", pa.float64()),  # interquartile mean over seeds
        pa.field("delta_min", pa.float64()),
        pa.field(
            "prob_improvement", pa.float64()
        ),  # share of pairs of runs (cell, baseline) in which the cell is better
        pa.field("se", pa.float64()),
        pa.field("df", pa.float64()),
        pa.field("ci_low", pa.float64()),  # 95 %, this row alone
        pa.field("ci_high", pa.float64()),
        pa.field("ci_method", pa.string()),
        pa.field("p", pa.float64()),
        pa.field("p_method", pa.string()),
        pa.field("p_sign_flip", pa.float64()),
        pa.field("p_sign_flip_min", pa.float64()),  # smallest that so many seeds can reach
        pa.field("family", pa.string()),  # of hypotheses, tested together
        pa.field("role", pa.string()),  # primary, secondary, exploratory
        pa.field("family_size", pa.int32()),
        pa.field("p_adjusted", pa.float64()),
        pa.field("adjustment", pa.string()),  # holm, bh, none
        pa.field("ci_adjusted_low", pa.float64()),
        pa.field("ci_adjusted_high", pa.float64()),
        pa.field("ci_adjusted_method", pa.string()),
        pa.field("equivalence_margin", pa.float64()),  # points
        pa.field("p_no_loss", pa.float64()),  # one-sided: of a loss of the margin or more
        pa.field("p_no_loss_adjusted", pa.float64()),  # within the family, as p_adjusted; verdicts go by it
        pa.field("p_equivalence", pa.float64()),  # TOST: larger of the two one-sided p
        pa.field("p_equivalence_adjusted", pa.float64()),
        _required("verdict", pa.string()),  # better, worse, no loss, equivalent, undecided, not testable; with
        # `(one intermediate run)`, `(on these examples)` behind it: restricted to these, and no claim
        pa.field("mde", pa.float64()),  # 80 % power at this row's own level
        pa.field("delta_logit", pa.float64()),
        pa.field("delta_logit_low", pa.float64()),
        pa.field("delta_logit_high", pa.float64()),
        pa.field("error_reduction", pa.float64()),  # share of the baseline's errors that is gone, 1 at most
        pa.field("error_reduction_low", pa.float64()),
        pa.field("error_reduction_high", pa.float64()),
        pa.field("n01", pa.list_(pa.int64())),  # a seed: wrong in the cell, right in the baseline
        pa.field("n10", pa.list_(pa.int64())),  # a seed: right in the cell, wrong in the baseline
        pa.field("p_mcnemar", pa.list_(pa.float64())),  # a seed; about these two checkpoints, never about a method
        pa.field("examples_hash", pa.string()),  # of the example ids that all its runs were scored on
        pa.field("code_versions", pa.string()),  # JSON
    ]
)
"""One row a contrast (a delta, or one declared in the space), unit, metric, selection and condition."""

CURVES = pa.schema(
    [
        _required("series", pa.string()),  # what is held fixed along the curve, for people: `pgd · intermediate none`
        _required("target_task", pa.string()),
        pa.field("method", pa.string()),
        _required("language", pa.string()),  # `macro`, or a code
        _required("metric", pa.string()),
        _required("selection", pa.string()),
        _required("condition", pa.string()),
        _required("magnitude", pa.float64()),
        _required("is_measured", pa.bool_()),  # false: of the fitted curve between measured magnitudes
        _required("k", pa.int32()),
        pa.field("delta", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        _required("ci_method", pa.string()),
    ]
)
"""Magnitude against delta, language by language; magnitude 0 is 0 by definition where the baseline has it."""

BEST_MAGNITUDES = pa.schema(
    [
        _required("series", pa.string()),
        _required("target_task", pa.string()),
        pa.field("method", pa.string()),
        _required("language", pa.string()),
        _required("metric", pa.string()),
        _required("selection", pa.string()),
        _required("condition", pa.string()),
        _required("k", pa.int32()),
        pa.field("best_magnitude", pa.float64()),
        pa.field("low", pa.float64()),  # of the magnitudes that may be the best: a set that holds it in 95 % of sweeps
        pa.field("high", pa.float64()),
        _required("shares", pa.string()),  # JSON: magnitude -> share of resamples in which it is best; 0 is among them
        pa.field("gain", pa.float64()),  # delta at the best magnitude, corrected for having been picked as the best
        pa.field("gain_low", pa.float64()),
        pa.field("gain_high", pa.float64()),
        _required("method_note", pa.string()),
    ]
)
"""Which magnitude is best, and how sure that is."""

SURFACES = pa.schema(
    [
        _required("series", pa.string()),
        _required("target_task", pa.string()),
        pa.field("method", pa.string()),
        _required("language", pa.string()),
        _required("metric", pa.string()),
        _required("selection", pa.string()),
        _required("condition", pa.string()),
        pa.field("dose", pa.float64()),  # null: an arm that is no dose, see `level`
        pa.field("level", pa.string()),  # `none`, `random`, `trivial`, ...
        _required("magnitude", pa.float64()),
        _required("is_measured", pa.bool_()),
        _required("k", pa.int32()),
        pa.field("delta", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        _required("ci_method", pa.string()),
    ]
)
"""Dose and magnitude against delta."""

EFFECTS = pa.schema(
    [
        _required("model", pa.string()),  # formula, for people
        _required("series", pa.string()),
        pa.field("cell_id", pa.string()),  # of one cell's effect; null: a model of all cells of the series
        _required("target_task", pa.string()),
        _required("metric", pa.string()),
        _required("selection", pa.string()),
        _required("condition", pa.string()),
        _required("outcome", pa.string()),  # delta, logit
        _required("kind", pa.string()),  # slope (a fixed effect), check (it in two stages), variance (of a random one)
        _required("term", pa.string()),  # magnitude:log_corpus, ...; of one cell `effect` and `effect:log_corpus`
        pa.field("left_out", pa.string()),  # language without which it was fitted; null: all are in
        pa.field("estimate", pa.float64()),
        pa.field("se", pa.float64()),
        pa.field("df", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        pa.field("p", pa.float64()),
        _required("num_observations", pa.int32()),
        _required("num_languages", pa.int32()),
        _required("num_seeds", pa.int32()),
        pa.field("num_intermediate_runs", pa.int32()),
        _required("method_note", pa.string()),
        pa.field("problem", pa.string()),  # not converged, singular, too few languages, ...
    ]
)
"""The mixed model: what a step in dose, magnitude and log corpus size changes, over languages.

`log_corpus` is log10 of the size over its geometric mean over the languages that are in: one unit is ten times the
corpus, and terms without it are effects at that mean. `magnitude` counts doublings, from the geometric mean of those
above 0; `perturbed` and `intermediate` are 1 where there is any; `dose` counts from the middle of the doses.
"""

SELECTIONS = pa.schema(
    [
        _required("cell_id", pa.string()),
        pa.field("baseline_cell_id", pa.string()),
        _required("cell", pa.string()),
        _required("is_baseline", pa.bool_()),
        *_CELL_FIELDS,
        _required("language", pa.string()),  # code, or `macro`
        _required("metric", pa.string()),
        _required("condition", pa.string()),
        _required("selection", pa.string()),
        _required("is_oracle", pa.bool_()),  # the checkpoint was chosen on data of the languages that it is scored in
        _required("k", pa.int32()),
        pa.field("mean", pa.float64()),
        pa.field("sd", pa.float64()),  # over seeds
        pa.field("delta", pa.float64()),  # against the baseline under the same selection; null: of a baseline
        pa.field("delta_low", pa.float64()),
        pa.field("delta_high", pa.float64()),
        _required("k_last", pa.int32()),  # seeds scored under both this selection and `last`
        pa.field("minus_last", pa.float64()),  # this selection minus `last`, of the same runs; null: of `last`
        pa.field("minus_last_low", pa.float64()),
        pa.field("minus_last_high", pa.float64()),
        _required("ci_method", pa.string()),
    ]
)
"""Ways to choose a checkpoint side by side: one row a cell, language, metric, condition and selection."""

FAILURE_TESTS = pa.schema(
    [
        _required("kind", pa.string()),  # cell: against its baseline; trend: along the magnitudes of a series
        _required("series", pa.string()),  # of `cell` the cell's label
        pa.field("cell_id", pa.string()),  # null: of a trend
        pa.field("baseline_cell_id", pa.string()),
        _required("target_task", pa.string()),
        _required("num_failed", pa.int32()),
        _required("num_ended", pa.int32()),  # trials that are ok, degenerate or diverged
        pa.field("base_failed", pa.int32()),  # null: of a trend
        pa.field("base_ended", pa.int32()),
        pa.field("rates", pa.string()),  # JSON: magnitude -> [failed, ended]; null: of one cell
        pa.field("p", pa.float64()),  # two-sided; null: nothing failed or all did, so that nothing can be told apart
        _required("p_method", pa.string()),
    ]
)
"""Failure as an outcome: whether a cell fails more often than its baseline, and whether failures go with magnitude."""
