"""Made-up evidence of any size for the tests of figures and pages: plausible, with failed runs, and none of it true."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from results.analysis import Analysis, Contrast, Term
from results.failures import compute_failures
from results.report.evidence import Evidence
from results.schema import DELTAS, LANGUAGES, MACRO, PLAN, TRIALS, make_table
from results.statistics.schema import BEST_MAGNITUDES, CONTRASTS, CURVES, EFFECTS, SURFACES
from tests.results.factories import plan_row, trial_row
from xlt_core.languages import LANGUAGES as KNOWN_LANGUAGES

SOURCE = "en"
_METRIC = {"metric": "accuracy", "selection": "last", "condition": "clean"}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How much evidence."""

    num_languages: int = 12
    tasks: Sequence[str] = ("xnli",)
    methods: Sequence[str] = ("gaussian", "pgd")
    magnitudes: Sequence[float] = (0.03, 0.1, 0.3)
    doses: Sequence[float] = (0.0, 1.0)
    """Of the intermediate task; beside them there is training without one."""
    num_seeds: int = 5
    num_failed: int = 2
    """Of the runs of each cell of the largest magnitude of the last method."""
    is_declared: bool = True
    """Whether contrasts were declared."""
    selections: Sequence[str] = ("last", "english_dev", "target_oracle")


LARGE = Shape(
    num_languages=50,
    methods=("gaussian", "uniform", "pgd", "freelb"),
    magnitudes=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    doses=(0.0, 0.5, 1.0),
)
"""50 languages by 100 cells."""


class Cell(NamedTuple):
    """A cell of the made-up sweep."""

    cell_id: str
    label: str
    task: str
    method: str
    magnitude: float
    dose: float | None

    @property
    def is_baseline(self) -> bool:
        return self.magnitude == 0 and self.dose is None


@cache
def make_evidence(shape: Shape | None = None, seed: int = 0) -> Evidence:
    """All tables filled, alike for equal arguments; made once, not to be changed in place."""
    shape = shape or Shape()
    generator = np.random.default_rng(seed)
    languages = _languages(shape)
    cells = _cells(shape)
    deltas = _deltas(shape, cells, languages, generator)
    declared = _declared(shape, cells)
    trials = _trials(shape, cells)
    return Evidence(
        uri="runs/made-up",
        sweep={"name": "made-up", "sweep_id": "s1", "versions": {"torch": "2.13"}, "space": {"name": "made-up"}},
        analysis=Analysis(question="Does any of it help?", contrasts=tuple(declared)),
        made_at="2026-11-22T12:00:00Z",
        languages=make_table(languages.to_dict("records"), LANGUAGES).to_pandas(),
        trials=trials.to_pandas(),
        scores=_scores(deltas),
        contrasts=_frame(_contrasts(shape, deltas, declared, languages), CONTRASTS),
        curves=_frame(_curves(shape, deltas), CURVES),
        best_magnitudes=_frame(_best(shape, languages, generator), BEST_MAGNITUDES),
        surfaces=_frame(_surfaces(deltas), SURFACES),
        effects=_frame(_effects(shape, cells, languages, generator), EFFECTS),
        failures=compute_failures(trials).to_pandas(),
        pairs=_frame(_pairs(cells, languages, generator), DELTAS),
    )


@cache
def shared_evidence(shape: Shape | None = None) -> Evidence:
    """The same, made once for all tests, which must not write into its frames."""
    return make_evidence(shape)


def empty_evidence() -> Evidence:
    """Of a sweep that has only begun: no table has a row."""
    empty = {name: schema.empty_table().to_pandas() for name, schema in _SCHEMAS.items()}
    trials = _trials(Shape(), _cells(Shape())).slice(0, 0)
    failures = compute_failures(trials).to_pandas()
    return Evidence(
        uri="runs/made-up",
        sweep={"name": "made-up", "sweep_id": "s1", "versions": {}},
        analysis=Analysis(),
        made_at="2026-11-22T12:00:00Z",
        trials=trials.to_pandas(),
        scores=_scores(_deltas(Shape(), [], _languages(Shape()), np.random.default_rng(0))),
        failures=failures,
        **empty,
    )


_SCHEMAS = {
    "languages": LANGUAGES,
    "contrasts": CONTRASTS,
    "curves": CURVES,
    "best_magnitudes": BEST_MAGNITUDES,
    "surfaces": SURFACES,
    "effects": EFFECTS,
    "pairs": DELTAS,
}


def _frame(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pd.DataFrame:
    frame: pd.DataFrame = make_table(rows, schema).to_pandas()
    return frame


def _languages(shape: Shape) -> pd.DataFrame:
    """English, then languages of every band in turn."""
    by_size = sorted(KNOWN_LANGUAGES.values(), key=lambda one: (-(one.cc100_gib or 0.0), one.code))
    others = [one for one in by_size if one.code != SOURCE]
    places = np.linspace(0, len(others) - 1, shape.num_languages - 1).round().astype(int)
    chosen = [KNOWN_LANGUAGES[SOURCE], *(others[place] for place in places)]
    rows = [
        {
            "language": one.code,
            "name": one.name,
            "family": one.family,
            "script": one.script,
            "corpus_size": one.cc100_gib,
            "corpus_unit": "GiB of CC-100",
            "resource_band": one.resource_band,
            "source": "arXiv 1911.02116",
        }
        for one in chosen
    ]
    return pd.DataFrame(rows)


def _cells(shape: Shape) -> list[Cell]:
    cells = []
    settings = [("none", 0.0), *product(shape.methods, shape.magnitudes)]
    for task, dose, (method, magnitude) in product(shape.tasks, (None, *shape.doses), settings):
        noise = f"{method} of magnitude {magnitude:g}" if magnitude else "magnitude 0"
        parts = [task] if len(shape.tasks) > 1 else []
        parts += [noise, "intermediate none" if dose is None else f"intermediate mnli of dose {dose:g}"]
        name = f"{task}-{method}-{magnitude:g}-{'none' if dose is None else f'{dose:g}'}"
        cells.append(Cell(name, " · ".join(parts), task, method, magnitude, dose))
    return cells


def _trials(shape: Shape, cells: Sequence[Cell]) -> pa.Table:
    plan, trials = [], []
    for cell, seed in product(cells, range(shape.num_seeds)):
        own = {"cell": cell.label, "target_task": cell.task, "method": cell.method, "magnitude": cell.magnitude}
        own |= {"is_baseline": cell.is_baseline, "baseline_cell_id": f"{cell.task}-none-0-none", "dose": cell.dose}
        row = plan_row(cell.cell_id, seed, **own, intermediate_task=None if cell.dose is None else "mnli")
        failed = seed < shape.num_failed if _is_strongest(shape, cell) else False
        status = "degenerate" if failed else "ok"
        size = {"size_kind": "embedding", "size_mean": cell.magnitude / 5, "loss_gap": cell.magnitude / 2}
        plan.append(row)
        trials.append(trial_row(row["trial_id"], status, reason=status if failed else None, **size))
    planned, finished = make_table(plan, PLAN).to_pandas(), make_table(trials, TRIALS).to_pandas()
    columns = ["trial_id", "cell_id", "baseline_cell_id", "is_baseline", "cell", "seed"]
    columns += PLAN.names[PLAN.names.index("encoder") : PLAN.names.index("spec")]
    merged = planned[columns].merge(finished, on="trial_id")
    schema = pa.schema([*(PLAN.field(name) for name in columns), *list(TRIALS)[1:]])
    return pa.Table.from_pandas(merged, schema=schema, preserve_index=False)


def _is_strongest(shape: Shape, cell: Cell) -> bool:
    return cell.method == shape.methods[-1] and cell.magnitude == max(shape.magnitudes)


def _deltas(
    shape: Shape, cells: Sequence[Cell], languages: pd.DataFrame, generator: np.random.Generator
) -> pd.DataFrame:
    """One row a cell and language, `macro` among them; the baselines' deltas are 0."""
    logs = np.log10(languages["corpus_size"].fillna(0.05).to_numpy(float))
    rows: list[dict[str, Any]] = []
    for cell in cells:
        rise = 4 * np.sqrt(cell.magnitude) - 2.5 * cell.magnitude
        truth = rise * (1 - 0.5 * logs) + (0.0 if cell.dose is None else 1.5 * cell.dose - 0.5)
        half = 0.6 + 0.5 * generator.random(len(logs)) + (2.5 - logs) * 0.4
        found = np.zeros(len(logs)) if cell.is_baseline else truth + half * 0.4 * generator.standard_normal(len(logs))
        base = 70 + 8 * logs
        lost = shape.num_failed if _is_strongest(shape, cell) else 0
        common = {"cell": cell, "k": shape.num_seeds - lost, "k_failed": lost}
        for code, delta, width, score in zip(languages["language"], found, half, base, strict=True):
            rows.append(common | {"language": code, "delta": delta, "half": width, "base": score})
        others = slice(1, None)  # the source language is first
        means = {"delta": found[others].mean(), "half": half[others].mean() / 2, "base": base[others].mean()}
        rows.append(common | {"language": MACRO} | means)
    return pd.DataFrame(rows, columns=["cell", "k", "k_failed", "language", "delta", "half", "base"])


def _scores(deltas: pd.DataFrame) -> pd.DataFrame:
    """Columns of `results.means.compute_means`."""
    records = deltas.to_dict("records")
    columns = ["cell_id", "cell", "is_baseline", "target_task", "source_language", "metric", "selection", "condition"]
    columns += ["condition_language", "language", "num_examples", "k", "mean", "sd"]
    rows = [
        {"cell_id": row["cell"].cell_id, "cell": row["cell"].label, "is_baseline": row["cell"].is_baseline}
        | {"target_task": row["cell"].task, "source_language": SOURCE, "condition_language": "", **_METRIC}
        | {"language": row["language"], "num_examples": 5010, "k": row["k"], "mean": row["base"] + row["delta"]}
        | {"sd": row["half"] / 1.2}
        for row in records
    ]
    return pd.DataFrame(rows, columns=columns)


def _declared(shape: Shape, cells: Sequence[Cell]) -> list[Contrast]:
    """The largest magnitude against none, hard against easy, and their interaction, for the first task."""
    if not shape.is_declared or len(shape.doses) < 2:
        return []
    by_key = {(cell.method, cell.magnitude, cell.dose): cell.cell_id for cell in cells if cell.task == shape.tasks[0]}
    method, top = shape.methods[0], max(shape.magnitudes)
    easy, hard = min(shape.doses), max(shape.doses)
    noisy, plain = by_key[method, top, None], by_key["none", 0.0, None]
    return [
        Contrast(name="magnitude", terms=(Term(noisy, 1.0), Term(plain, -1.0)), hypothesis="Noise helps."),
        Contrast(
            name="difficulty",
            terms=(Term(by_key["none", 0.0, hard], 1.0), Term(by_key["none", 0.0, easy], -1.0)),
            hypothesis="Hard examples help more than easy ones.",
        ),
        Contrast(
            name="magnitude by difficulty",
            terms=(
                Term(by_key[method, top, hard], 1.0),
                Term(by_key["none", 0.0, hard], -1.0),
                Term(by_key[method, top, easy], -1.0),
                Term(by_key["none", 0.0, easy], 1.0),
            ),
        ),
    ]


def _contrasts(
    shape: Shape, deltas: pd.DataFrame, declared: Sequence[Contrast], languages: pd.DataFrame
) -> list[dict[str, Any]]:
    known = languages.set_index("language").to_dict("index")
    by_cell = {cell.cell_id: part for cell, part in deltas.groupby("cell", sort=False)} if len(deltas) else {}
    rows = []
    for contrast in declared:
        parts = [by_cell[term.cell_id].set_index("language") for term in contrast.terms]
        frame = parts[0].drop(columns="cell").copy()
        frame["delta"] = sum(term.weight * part["delta"] for term, part in zip(contrast.terms, parts, strict=True))
        cell = Cell(contrast.name, contrast.name, shape.tasks[0], "", 0.0, None)
        rows += _units(cell, frame.reset_index(), known, contrast, shape.selections)
    for cell_id, part in by_cell.items():
        cell = part["cell"].iloc[0]
        if not cell.is_baseline:
            rows += _units(cell, part, known, None, shape.selections)
            assert cell.cell_id == cell_id
    return rows


def _units(
    cell: Cell, part: pd.DataFrame, known: Mapping[str, Any], contrast: Contrast | None, selections: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Rows of one contrast: macro, every language, every band."""
    for row in part.to_dict("records"):
        own = known.get(str(row["language"]), {})
        facts = {name: own.get(name) for name in ("corpus_size", "corpus_unit", "resource_band")}
        if pd.isna(facts["corpus_size"]):
            facts["corpus_size"] = None
        unit = "macro" if row["language"] == MACRO else "language"
        yield _contrast_row(cell, row, contrast, unit=unit, **facts)
        for place, selection in enumerate(selections[1:] if unit == "macro" else ()):
            moved = dict(row) | {"delta": row["delta"] + 0.2 * (place + 1)}
            other = _contrast_row(cell, moved, contrast, unit=unit, **facts)
            yield other | {"selection": selection, "role": "exploratory", "family": f"all cells ({selection})"}
    others = part[~part["language"].isin([MACRO, SOURCE])]
    for band, group in others.groupby(others["language"].map(lambda code: known[code]["resource_band"]), sort=False):
        row = group.iloc[0].to_dict() | {"language": f"band:{band}", "delta": group["delta"].mean()}
        row["half"] = group["half"].mean() / np.sqrt(len(group))
        yield _contrast_row(cell, row, contrast, unit="group", num_languages=len(group), resource_band=band)


def _contrast_row(
    cell: Cell, row: Mapping[Any, Any], contrast: Contrast | None, *, unit: str, **facts: Any
) -> dict[str, Any]:
    delta, half = float(row["delta"]), float(row["half"])
    corrected = 1.4 * half
    role = "exploratory" if contrast is None else "primary" if unit == "macro" else "secondary"
    if abs(delta) > corrected:
        verdict = "better" if delta > 0 else "worse"
    else:
        verdict = "no loss" if delta - half > -0.5 else "undecided"
    terms = [{"cell_id": cell.cell_id, "weight": 1.0}, {"cell_id": f"{cell.task}-none-0-none", "weight": -1.0}]
    settings: dict[str, Any] = {"target_task": cell.task, "source_language": SOURCE}
    if contrast is None:
        settings |= {"method": cell.method, "magnitude": cell.magnitude, "dose": cell.dose}
        settings |= {"intermediate_task": None if cell.dose is None else "mnli"}
    else:
        terms = [{"cell_id": term.cell_id, "weight": term.weight} for term in contrast.terms]
    return {
        "contrast": cell.label,
        "cell_id": cell.cell_id,
        "baseline_cell_id": f"{cell.task}-none-0-none" if contrast is None else None,
        "terms": json.dumps(terms),
        "unit": unit,
        "language": row["language"],
        "runs": "ok",
        "failed_runs": "left out with their pairs",
        "num_examples": 5010,
        "k": int(row["k"]),
        "k_failed": int(row["k_failed"]),
        "seeds": list(range(int(row["k"]))),
        "base_mean": float(row["base"]),
        "base_sd": half / 1.2,
        "cell_mean": float(row["base"]) + delta,
        "cell_sd": half / 1.2,
        "delta": delta,
        "delta_sd": half / 1.2,
        "se": half / 2.8,
        "df": float(row["k"]) - 1,
        "ci_low": delta - half,
        "ci_high": delta + half,
        "ci_method": "two-level bootstrap, 10,000 resamples",
        "p": 0.02,
        "p_method": "t over seeds",
        "family": "primary" if role == "primary" else "by language" if role == "secondary" else "all cells",
        "role": role,
        "family_size": 3 if role == "primary" else 12 if role == "secondary" else 1000,
        "p_adjusted": 0.06,
        "adjustment": "bh" if role == "exploratory" else "holm",
        "ci_adjusted_low": delta - corrected,
        "ci_adjusted_high": delta + corrected,
        "ci_adjusted_method": "Bonferroni",
        "equivalence_margin": 0.5,
        "p_equivalence": 0.3,
        "verdict": verdict,
        "mde": 1.5 * half,
        "delta_logit": delta / 20,
        "error_reduction": delta / 30,
        "error_reduction_low": (delta - half) / 30,
        "error_reduction_high": (delta + half) / 30,
        **settings,
        **_METRIC,
        **facts,
    }


def _series(cell: Cell) -> str:
    return f"{cell.method} · intermediate {'none' if cell.dose is None else f'mnli of dose {cell.dose:g}'}"


def _curves(shape: Shape, deltas: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for row in deltas.to_dict("records"):
        cell, half = row["cell"], row["half"]
        if cell.dose is not None or cell.is_baseline:
            continue
        own = {"series": _series(cell), "target_task": cell.task, "method": cell.method, "language": row["language"]}
        own |= {"k": row["k"], "ci_method": "t over seeds", **_METRIC}
        place = {"magnitude": cell.magnitude, "is_measured": True, "delta": row["delta"]}
        rows.append(own | place | {"ci_low": row["delta"] - half, "ci_high": row["delta"] + half})
        if cell.magnitude == min(shape.magnitudes):
            zero = {"magnitude": 0.0, "is_measured": True, "delta": 0.0, "ci_low": 0.0, "ci_high": 0.0}
            rows.append(own | zero)
            for magnitude in np.geomspace(min(shape.magnitudes), max(shape.magnitudes), 15):
                delta = 4 * np.sqrt(magnitude) - 2.5 * magnitude
                fitted = {"magnitude": float(magnitude), "is_measured": False, "delta": delta}
                rows.append(own | fitted | {"ci_low": delta - half / 2, "ci_high": delta + half / 2})
    return rows


def _best(shape: Shape, languages: pd.DataFrame, generator: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    levels = [0.0, *shape.magnitudes]
    for task, method, language in product(shape.tasks, shape.methods, [MACRO, *languages["language"]]):
        shares = generator.dirichlet(np.linspace(0.5, 3.0, len(levels)))
        best = levels[int(shares.argmax())]
        gain = float(generator.normal(1.0, 0.8))
        own = {"series": f"{method} · intermediate none", "target_task": task, "method": method, "language": language}
        own |= {"k": shape.num_seeds, "best_magnitude": best, "low": levels[1], "high": levels[-1], **_METRIC}
        named = {f"{level:g}": round(float(share), 4) for level, share in zip(levels, shares, strict=True)}
        own |= {"shares": json.dumps(named), "gain": gain, "gain_low": gain - 1.1, "gain_high": gain + 1.1}
        rows.append(own | {"method_note": "bootstrap over seeds"})
    return rows


def _surfaces(deltas: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for row in deltas.to_dict("records"):
        cell, half = row["cell"], row["half"]
        methods = {one.method for one in deltas["cell"]} - {"none"} if not cell.magnitude else {cell.method}
        for method in sorted(methods):
            own = {"series": method, "target_task": cell.task, "method": method, "language": row["language"], **_METRIC}
            own |= {"dose": cell.dose, "level": "none" if cell.dose is None else None, "magnitude": cell.magnitude}
            own |= {"is_measured": True, "k": row["k"], "delta": row["delta"], "ci_method": "t over seeds"}
            rows.append(own | {"ci_low": row["delta"] - half, "ci_high": row["delta"] + half})
    return rows


def _effects(
    shape: Shape, cells: Sequence[Cell], languages: pd.DataFrame, generator: np.random.Generator
) -> list[dict[str, Any]]:
    rows = []
    terms = {"magnitude": -1.0, "log_corpus": -0.4, "magnitude:log_corpus": -0.8, "dose:log_corpus": 0.1}
    for (term, truth), left_out in product(terms.items(), [None, *languages["language"][1:]]):
        estimate = truth + (0.0 if left_out is None else float(generator.normal(0, 0.06)))
        own = {"model": "delta ~ dose * magnitude * log_corpus", "series": "all", "target_task": shape.tasks[0]}
        own |= {"outcome": "delta", "kind": "slope", "term": term, "left_out": left_out, **_METRIC}
        own |= {"estimate": estimate, "se": 0.15, "df": len(languages) - 2.0, "p": 0.01}
        own |= {"ci_low": estimate - 0.32, "ci_high": estimate + 0.32, "num_observations": 500}
        own |= {"num_languages": len(languages) - 1 - (left_out is not None), "num_seeds": shape.num_seeds}
        rows.append(own | {"method_note": "mixed model by REML, t with languages - 2 df"})
    num_known = int(languages["corpus_size"].notna().sum()) - 1  # without the source language
    for cell, (term, estimate) in product(cells, {"effect": 0.5, "effect:log_corpus": -0.6}.items()):
        own = {"model": "delta ~ 1 + log_corpus", "series": cell.label, "target_task": cell.task, "kind": "slope"}
        own |= {"cell_id": cell.cell_id, "outcome": "delta", "term": term, "estimate": estimate, "se": 0.2, **_METRIC}
        own |= {"df": 6.0, "p": 0.03, "ci_low": estimate - 0.49, "ci_high": estimate + 0.49}
        own |= {"num_observations": 60, "num_languages": num_known, "num_seeds": shape.num_seeds}
        rows.append(own | {"method_note": "two stages"})
    return rows


def _pairs(cells: Sequence[Cell], languages: pd.DataFrame, generator: np.random.Generator) -> list[dict[str, Any]]:
    """Deltas of all ordered pairs of languages, of the first cells that are no baselines."""
    codes = list(languages["language"])
    rows = []
    for cell, first, second in product([one for one in cells if not one.is_baseline][:3], codes, codes):
        delta = float(generator.normal(0.5 if first == second else -0.3, 1.2))
        own = {"cell_id": cell.cell_id, "baseline_cell_id": f"{cell.task}-none-0-none", "cell": cell.label}
        own |= {"target_task": cell.task, "source_language": SOURCE, "method": cell.method, "magnitude": cell.magnitude}
        own |= _METRIC | {"language": first, "condition": "generalized", "condition_language": second}
        own |= {"num_examples": 2000, "k": 5, "k_failed": 0, "seeds": list(range(5)), "base_mean": 70.0}
        own |= {"cell_mean": 70.0 + delta, "delta": delta, "delta_sd": 0.8, "ci_low": delta - 1, "ci_high": delta + 1}
        rows.append(own | {"ci_method": "t over seeds, k-1 df, 95 %", "failures": "{}"})
    return rows
