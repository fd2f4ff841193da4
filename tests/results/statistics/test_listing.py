import io

import pandas as pd
import pytest
from rich.console import Console

from results.analysis import Analysis, Contrast, Term
from results.statistics.contrasts import compute_contrasts
from results.statistics.listing import ROLES, print_contrasts
from tests.results.simulated import Design, simulate_store

LISTED = ("primary", "secondary")
CLAIMS = ("better", "worse", "equivalent", "no loss")
ANALYSIS = Analysis(
    contrasts=(
        Contrast(name="as strong as it gets against none at all", terms=(Term("m0.3", 1.0), Term("m0", -1.0))),
        Contrast(name="weak against none", terms=(Term("m0.1", 1.0), Term("m0", -1.0))),
    ),
    num_finished_when_declared=7,
)
DESIGN = Design(
    languages=("en", "de", "sw"),
    num_seeds=4,
    num_examples=300,
    seed_sd=0.5,
    effects={(0.3, None, one): -12.0 for one in ("de", "sw")},
    failed={(0.1, None, 1): "diverged"},
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    store = simulate_store(tmp_path_factory.mktemp("sweep") / "store", DESIGN)
    return compute_contrasts(store.snapshot(), ANALYSIS).to_pandas()


def _print(rows: pd.DataFrame, shown: tuple[str, ...] = LISTED, analysis: Analysis = ANALYSIS, width: int = 100) -> str:
    text = io.StringIO()
    print_contrasts(rows, analysis, shown, Console(file=text, width=width))
    return text.getvalue()


def test_primary_rows_come_first_with_both_intervals_and_their_verdict(rows: pd.DataFrame) -> None:
    lines = _print(rows).splitlines()
    assert lines[0] == "primary: xnli, accuracy (primary, 2 tested, Holm)"
    (line,) = [line for line in lines if line.startswith("as strong as it gets") and "worse" in line]
    row = rows[(rows["role"] == "primary") & (rows["verdict"] == "worse")].iloc[0]
    assert f"{row['delta']:+.1f}" in line
    assert f"{row['ci_low']:+.1f} to {row['ci_high']:+.1f}" in line
    assert f"{row['ci_adjusted_low']:+.1f} to {row['ci_adjusted_high']:+.1f}" in line
    assert any(line.startswith("by language: weak against none") for line in lines)


def test_a_table_fits_a_terminal_of_100_columns(rows: pd.DataFrame) -> None:
    assert max(map(len, _print(rows, ROLES).splitlines())) <= 100


def test_rows_that_count_failed_runs_are_marked(rows: pd.DataFrame) -> None:
    text = _print(rows)
    assert any(line.startswith("de, all runs") for line in text.splitlines())
    assert "all runs: degenerate runs count at their scores, diverged ones at chance." in text
    assert "3 of 4" in text


def test_exploratory_families_are_one_line_of_how_many_stand_out(rows: pd.DataFrame) -> None:
    exploratory = rows[(rows["role"] == "exploratory") & (rows["runs"] == "ok")]
    num_found = int(exploratory["verdict"].isin(["better", "worse"]).sum())
    assert num_found > 0
    text = " ".join(_print(rows).split())
    assert (
        f"all cells (exploratory, Benjamini-Hochberg): {num_found} of {len(exploratory)} stand out: cell m0.3" in text
    )


def test_what_holds_for_these_examples_alone_does_not_stand_out_and_is_explained(rows: pd.DataFrame) -> None:
    restricted = rows.assign(verdict=rows["verdict"].replace({one: f"{one} (on these examples)" for one in CLAIMS}))
    text = _print(restricted)
    assert ": 0 of " in text
    assert "worse*" in text
    assert "*: no claim, since it holds for this alone: on these examples." in " ".join(text.split())
    assert "*" not in _print(rows)


def test_seeds_that_share_intermediate_runs_stand_beside_how_many_these_are(rows: pd.DataFrame) -> None:
    text = _print(rows.assign(num_intermediate_runs=2.0))
    assert "4 (2)" in text
    assert "3 of 4 (2)" in text
    assert "k (n): the seeds share n runs" in text
    assert "k (n)" not in _print(rows.assign(num_intermediate_runs=rows["k"].astype(float)))


def test_methods_are_those_of_the_rows_that_are_listed(rows: pd.DataFrame) -> None:
    is_exploratory = rows["role"] == "exploratory"
    other = rows.assign(ci_method=rows["ci_method"].mask(is_exploratory & rows["ci_method"].notna(), "tealeaves"))
    assert "tealeaves" not in _print(other)
    assert "tealeaves" in _print(other, ROLES)


@pytest.mark.parametrize("width", [80, 100])
def test_verdicts_are_never_cut(rows: pd.DataFrame, width: int) -> None:
    text = _print(rows, ROLES, width=width)
    for verdict in rows["verdict"].unique():
        assert text.count(verdict) >= (rows["verdict"] == verdict).sum()


def test_what_was_declared_late_or_never_is_said(rows: pd.DataFrame) -> None:
    assert "declared when 7 trials had finished: it is not pre-declared" in " ".join(_print(rows).split())
    exploratory = rows[rows["role"] == "exploratory"]
    assert "No contrast was declared before the sweep ran" in _print(exploratory, analysis=Analysis())


def test_families_of_other_metrics_are_one_line(rows: pd.DataFrame) -> None:
    others = rows.assign(metric="f1", role="exploratory", verdict="undecided")
    text = " ".join(_print(pd.concat([rows, others])).split())
    num_rows = (others["runs"] == "ok").sum()
    assert f"6 exploratory families of f1: 0 of {num_rows} rows stand out. List them: --role exploratory" in text


def test_a_family_of_which_nothing_can_be_tested_is_one_line(rows: pd.DataFrame) -> None:
    lines = _print(rows.assign(k=1)).splitlines()
    assert "primary: xnli, accuracy (primary, 2 tested, Holm): none of 3 rows has two paired seeds" in lines


def test_a_sweep_that_goes_on_is_not_to_be_tested_again_and_again(rows: pd.DataFrame) -> None:
    text = io.StringIO()
    print_contrasts(rows, ANALYSIS, LISTED, Console(file=text, width=200), num_pending=3)
    assert "3 trials are pending: to look again until something stands out is to test again" in text.getvalue()
    assert "pending" not in _print(rows)


def test_refused_comparisons_are_listed_with_their_reason(rows: pd.DataFrame) -> None:
    reason = "none; the runs were scored on unlike test examples: a on 3 examples"
    refused = rows.iloc[:12].assign(verdict="not testable", failed_runs=reason)
    text = " ".join(_print(refused).split())
    assert "Not compared: as strong as it gets against none at all in macro: the runs were scored on unlike" in text


def test_no_contrasts_say_why(rows: pd.DataFrame) -> None:
    assert _print(rows.iloc[:0]).startswith("No contrasts: no finished trial of a cell has a finished baseline")


def test_no_word_of_a_name_is_cut_where_the_terminal_is_narrow(rows: pd.DataFrame) -> None:
    wide = rows.assign(
        contrast=rows["contrast"].replace("weak against none", "interaction against sentences"),
        k_failed=2,
        delta=-2.0,
        ci_low=-3.0,
        ci_high=-1.0,
        ci_adjusted_low=-5.0,
        ci_adjusted_high=0.5,
        verdict="undecided",
        p_adjusted=1.0,
    )
    groups = wide[(wide["unit"] == "language") & (wide["role"] == "secondary")]
    groups = groups.assign(unit="group", language="family:Austronesian")
    text = _print(pd.concat([wide, groups]), width=80)
    words = {word for line in text.splitlines() for word in line.split()}
    assert {"interaction", "sentences", "family:", "Austronesian"} <= words
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
