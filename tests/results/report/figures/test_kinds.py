import json
import re

import pytest
import vl_convert

from results.report.figures import FIGURES, KINDS
from results.report.figures.save import specify
from tests.results.report.evidence_factory import LARGE, Shape, empty_evidence, shared_evidence

SIZES = {
    "small": Shape(num_languages=6, magnitudes=(0.1, 0.3), num_seeds=3),
    "undeclared": Shape(num_languages=6, is_declared=False, num_failed=3, num_seeds=3),
    "several tasks": Shape(num_languages=5, tasks=("xnli", "pawsx"), magnitudes=(0.1,)),
}
NUMBER = re.compile(r"[+\u2212]\d+\.\d+")
DERIVED = ("corpus", "matrix", "failures")
"""Kinds whose words have means and shares of what is in the table; their own tests look at these."""


@pytest.fixture(scope="module", params=SIZES)
def evidence(request):
    return shared_evidence(SIZES[request.param])


@pytest.fixture(scope="module")
def large():
    return shared_evidence(LARGE)


@pytest.mark.parametrize("kind", FIGURES)
def test_every_kind_is_a_valid_specification(kind, evidence):
    figure = FIGURES[kind](evidence)
    assert figure.kind == kind
    assert figure.chart.to_dict()["$schema"].endswith(".json")  # Altair checks it against Vega-Lite's schema


@pytest.mark.parametrize("kind", FIGURES)
def test_every_kind_becomes_an_image(kind):
    spec = specify(FIGURES[kind](shared_evidence(SIZES["several tasks"])), "light")
    assert vl_convert.vegalite_to_svg(spec).count("<path") > 3


@pytest.mark.parametrize("kind", FIGURES)
def test_nothing_to_draw_is_no_figure(kind):
    assert FIGURES[kind](empty_evidence()) is None


@pytest.mark.parametrize("kind", FIGURES)
def test_captions_words_and_tables_can_stand_alone(kind, large):
    figure = FIGURES[kind](large)
    assert len(figure.caption) > 80
    assert figure.alt_text.endswith(".")
    assert not re.search(r"\b(nan|None)\b", figure.caption + figure.alt_text)
    assert not figure.table.empty
    assert not [name for name in figure.table.columns if "_" in name], "headings are for people"


@pytest.mark.parametrize("kind", [kind for kind in FIGURES if kind not in DERIVED])
def test_numbers_in_words_are_those_of_the_table(kind, evidence):
    figure = FIGURES[kind](evidence)
    said = {text.replace("\u2212", "-") for text in NUMBER.findall(figure.alt_text)}
    assert said
    columns = [figure.table[name].tolist() for name in figure.table.columns]
    numbers = [value for column in columns for value in column if isinstance(value, float)]
    texts = [value.replace("\u2212", "-") for column in columns for value in column if isinstance(value, str)]
    known = {f"{value:+z.{digits}f}" for value in numbers for digits in (1, 2)} | set(NUMBER.findall(" ".join(texts)))
    assert {text for text in said if not any(text in one for one in known | set(texts))} == set()


@pytest.mark.parametrize("kind", FIGURES)
def test_no_chart_names_a_colour_itself(kind, evidence):
    spec = FIGURES[kind](evidence).chart.to_dict()
    bare = json.dumps({name: value for name, value in spec.items() if name not in ("datasets", "config")})
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", bare) == []


def test_the_help_of_plot_names_every_kind():
    import inspect

    from results.report.commands import plot

    assert ", ".join(KINDS) in inspect.signature(plot).parameters["kind"].annotation.__metadata__[0].help
