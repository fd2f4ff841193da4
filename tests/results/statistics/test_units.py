import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.analysis import Analysis, Term
from results.schema import CELL_COLUMNS
from results.statistics.comparisons import Comparison
from results.statistics.estimation import estimate_rows
from results.statistics.groups import LanguageUnit
from results.statistics.measured import NO_RATIO, Measure, Measured, Spot, Unequal
from results.statistics.pairing import PairedRuns, Run
from results.statistics.units import Draft, draft_units

MEASURE = Measure("accuracy", "last", "clean")
COMPARISON = Comparison(
    kind="deltas",
    name="strong",
    cell_id="strong",
    baseline_cell_id="base",
    terms=(Term("strong", 1.0), Term("base", -1.0)),
    labels=dict.fromkeys(CELL_COLUMNS) | {"target_task": "xnli"},
)
UNITS = (
    LanguageUnit(kind="macro", name="macro", languages=("de", "sw")),
    LanguageUnit(kind="language", name="de", languages=("de",)),
    LanguageUnit(kind="language", name="sw", languages=("sw",)),
)


def _paired(num_seeds: int = 2, keys: str | None = None) -> PairedRuns:
    runs = [
        [
            Run(
                trial_id=f"{cell}{seed}",
                seed=seed,
                is_seeded=True,
                status="ok",
                intermediate_key=keys[seed] if keys and cell == "strong" else None,
            )
            for seed in range(num_seeds)
        ]
        for cell in ("strong", "base")
    ]
    return PairedRuns(seeds=tuple(range(num_seeds)), runs=tuple(tuple(of_cell) for of_cell in runs))


def _measured(right: list[list[str]], paired: PairedRuns, examples_hash: str = "one", **changes: object) -> Measured:
    """From which examples are right, by cell and seed."""
    array = np.array([[[int(one) for one in run] for run in runs] for runs in right], np.float64)
    values = 100 * array.mean(axis=2)
    known = {
        "contributions": (100 * (array - array.mean(axis=2, keepdims=True)) / array.shape[2]).astype(np.float32),
        "right": array == 1,
        "why_not": None,
    }
    about = {"paired": paired, "values": values, "num_examples": array.shape[2], "examples_hash": examples_hash}
    return Measured(**about | known | changes)  # type: ignore[arg-type]


DE = [["1110", "1111"], ["0110", "0010"]]
SW = [["1000", "1100"], ["0100", "1000"]]


def _draft(found: dict[Spot, Measured | Unequal], paired: PairedRuns | None = None) -> dict[str, Draft]:
    drafts = draft_units(COMPARISON, MEASURE, paired or _paired(), found, UNITS)
    return {f"{draft.name}{draft.condition_language or ''}": draft for draft in drafts}


def test_a_mean_over_a_parallel_test_set_adds_up_what_each_example_does() -> None:
    paired = _paired()
    drafts = _draft({Spot("de", ""): _measured(DE, paired), Spot("sw", ""): _measured(SW, paired)})
    np.testing.assert_allclose(drafts["de"].deltas, [25, 75])
    np.testing.assert_allclose(drafts["sw"].deltas, [0, 25])
    np.testing.assert_allclose(drafts["macro"].deltas, [12.5, 50])
    assert drafts["macro"].difference is not None
    assert set(drafts["macro"].difference.influences) == {"xnli:one"}
    single = [drafts[name].difference for name in ("de", "sw")]
    of_mean = np.mean([one.influences["xnli:one"] for one in single if one is not None], axis=0)
    np.testing.assert_allclose(drafts["macro"].difference.influences["xnli:one"], of_mean, atol=1e-6)
    assert drafts["macro"].num_examples == 8
    assert drafts["macro"].examples_hash == "one"


def test_a_mean_over_unlike_test_sets_keeps_them_apart() -> None:
    paired = _paired()
    drafts = _draft({Spot("de", ""): _measured(DE, paired), Spot("sw", ""): _measured(SW, paired, "two")})
    assert drafts["macro"].difference is not None
    assert set(drafts["macro"].difference.influences) == {"xnli:one", "xnli:two"}
    assert drafts["macro"].examples_hash not in ("one", "two", None)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(2, 30), st.booleans())
def test_a_mean_is_that_of_its_languages_and_swapped_cells_flip_its_sign(
    seed: int, num_seeds: int, num_examples: int, is_parallel: bool
) -> None:
    generator = np.random.default_rng(seed)
    paired = _paired(num_seeds)
    found: dict[Spot, Measured | Unequal] = {}
    swapped: dict[Spot, Measured | Unequal] = {}
    for place, language in enumerate(("de", "sw")):
        right = generator.integers(0, 2, (2, num_seeds, num_examples)).astype(str).tolist()
        examples_hash = "one" if is_parallel else f"set {place}"
        found[Spot(language, "")] = _measured(right, paired, examples_hash)
        swapped[Spot(language, "")] = _measured(right[::-1], paired, examples_hash)
    drafts, others = _draft(found, paired), _draft(swapped, paired)
    np.testing.assert_allclose(drafts["macro"].deltas, (drafts["de"].deltas + drafts["sw"].deltas) / 2, atol=1e-9)
    for name, draft in drafts.items():
        np.testing.assert_allclose(others[name].deltas, -draft.deltas, atol=1e-9)
        assert draft.difference is not None
        assert others[name].difference is not None
        for examples, influence in draft.difference.influences.items():
            np.testing.assert_allclose(others[name].difference.influences[examples], -influence, atol=1e-4)


def test_changes_count_examples_seed_by_seed() -> None:
    changes = _draft({Spot("de", ""): _measured(DE, _paired())})["de"].changes
    assert changes is not None
    assert (changes.lost.tolist(), changes.won.tolist()) == ([0, 0], [1, 3])


def test_languages_that_cannot_be_compared_are_left_out_of_the_mean_and_named() -> None:
    paired = _paired()
    drafts = _draft({Spot("de", ""): _measured(DE, paired), Spot("sw", ""): Unequal("they differ")})
    np.testing.assert_allclose(drafts["macro"].deltas, drafts["de"].deltas)
    assert drafts["macro"].languages == ("de",)
    assert drafts["macro"].reason == "left out, as their runs were scored on unlike test examples: sw"
    assert (drafts["sw"].difference, drafts["sw"].reason) == (None, "they differ")


def test_a_mean_is_of_the_same_languages_in_all_seeds() -> None:
    paired = _paired()
    short = _measured([runs[:1] for runs in SW], _paired(1))
    drafts = _draft({Spot("de", ""): _measured(DE, paired), Spot("sw", ""): short})
    assert drafts["macro"].languages == ("de",)
    assert drafts["macro"].reason == "left out, as not every pair of runs has a score: sw"
    np.testing.assert_allclose(drafts["sw"].deltas, [0])


def test_one_language_whose_examples_cannot_be_resampled_settles_it_for_the_mean() -> None:
    paired = _paired()
    blind = _measured(SW, paired, contributions=None, why_not=NO_RATIO)
    drafts = _draft({Spot("de", ""): _measured(DE, paired), Spot("sw", ""): blind})
    assert drafts["macro"].difference is not None
    assert drafts["macro"].difference.influences == {}
    assert drafts["macro"].why_not == NO_RATIO
    assert drafts["de"].why_not is None


def test_seeds_that_share_an_intermediate_run_are_averaged_before_anything_else() -> None:
    paired = _paired(4, keys="aabb")
    four = [[runs[0], runs[1], runs[0], runs[0]] for runs in DE]
    draft = _draft({Spot("de", ""): _measured(four, paired)}, paired)["de"]
    np.testing.assert_allclose(draft.deltas, [50, 25])
    assert draft.difference is not None
    assert draft.difference.seeds == (0, 2)
    assert draft.values.shape == (2, 4)


def test_only_intermediate_runs_as_replicates_keep_false_claims_at_5_percent() -> None:
    """Six seeds on three intermediate runs, whose own effect is twice that of the seeds; nothing to find."""
    generator, num_sweeps = np.random.default_rng(0), 1500
    drafts: dict[str | None, list[Draft]] = {"aabbcc": [], None: []}
    for _ in range(num_sweeps):
        effect = 2 * generator.standard_normal(3).repeat(2)
        values = 70 + np.stack([effect + generator.standard_normal(6), generator.standard_normal(6)])
        for keys, found in drafts.items():
            paired = _paired(6, keys)
            own = _measured([["1"] * 6] * 2, paired, values=values, contributions=None, why_not=NO_RATIO)
            found.append(_draft({Spot("de", ""): own}, paired)["de"])
    rates = {keys: float((estimate_rows(found, Analysis()).p <= 0.05).mean()) for keys, found in drafts.items()}
    three_errors = 3 * np.sqrt(0.05 * 0.95 / num_sweeps)
    assert abs(rates["aabbcc"] - 0.05) < three_errors
    assert rates[None] > 0.05 + 3 * three_errors  # seeds taken for independent


def test_pairs_of_languages_have_two_means_and_no_row_of_their_own() -> None:
    paired = _paired()
    found: dict[Spot, Measured | Unequal] = {
        Spot("de", "de"): _measured(DE, paired),
        Spot("de", "sw"): _measured(SW, paired),
    }
    drafts = list(draft_units(COMPARISON, MEASURE, paired, found, ()))
    assert [(draft.name, draft.condition_language) for draft in drafts] == [("macro", "all"), ("macro", "off-diagonal")]
    np.testing.assert_allclose(drafts[0].deltas, [12.5, 50])
    np.testing.assert_allclose(drafts[1].deltas, [0, 25])


def test_what_each_example_adds_is_let_go_of_once_it_is_estimated() -> None:
    draft = _draft({Spot("de", ""): _measured(DE, _paired())})["de"]
    light = draft.lighten()
    assert (light.difference, light.logit_difference, light.error_reduction) == (None, None, None)
    assert light.identity == draft.identity
    assert light.deltas == pytest.approx(draft.deltas)
