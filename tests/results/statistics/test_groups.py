import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from results.schema import LANGUAGES, make_table
from results.statistics.groups import list_units
from tests.results.simulated import CORPUS_SIZES, language_row

KNOWN = make_table([language_row(code) for code in CORPUS_SIZES], LANGUAGES)


def test_units_are_the_mean_then_groups_then_languages() -> None:
    units = list_units(KNOWN, list(CORPUS_SIZES), "en")
    by_name = {unit.name: unit for unit in units}
    assert [unit.name for unit in units[-7:]] == ["en", "de", "hi", "sw", "tr", "ur", "yo"]
    assert by_name["macro"].languages == ("de", "hi", "sw", "tr", "ur", "yo")
    assert by_name["band:high"].languages == ("de", "hi", "tr")
    assert by_name["family:Atlantic-Congo"].languages == ("sw", "yo")
    assert by_name["script:Latn"].languages == ("de", "sw", "tr", "yo")
    assert [unit.kind for unit in units] == ["macro", *["group"] * 4, *["language"] * 7]


def test_a_single_language_is_no_group() -> None:
    assert "family:Turkic" not in {unit.name for unit in list_units(KNOWN, list(CORPUS_SIZES), "en")}
    assert "script:Deva" not in {unit.name for unit in list_units(KNOWN, list(CORPUS_SIZES), "en")}


def test_languages_of_which_nothing_is_known_are_in_the_mean_only() -> None:
    units = list_units(LANGUAGES.empty_table(), ["en", "de", "sw"], "en")
    assert [unit.name for unit in units] == ["macro", "en", "de", "sw"]


def test_the_source_language_alone_has_no_mean() -> None:
    assert [unit.name for unit in list_units(KNOWN, ["en"], "en")] == ["en"]


@given(st.sets(st.sampled_from(list(CORPUS_SIZES))), st.randoms())
def test_the_source_language_is_in_no_mean_and_order_does_not_matter(scored: set[str], random: object) -> None:
    order = sorted(scored)
    random.shuffle(order)  # type: ignore[attr-defined]
    units = list_units(KNOWN, order, "en")
    assert units == list_units(pa.Table.from_pylist(KNOWN.to_pylist()[::-1], KNOWN.schema), sorted(scored), "en")
    for unit in units:
        assert "en" not in unit.languages or unit.kind == "language"
        assert unit.kind != "group" or len(unit.languages) > 1
