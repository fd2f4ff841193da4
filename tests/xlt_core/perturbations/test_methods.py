"""The table of methods says what the classes do."""

import pytest

from xlt_core.perturbations import METHODS, load_perturbation
from xlt_core.perturbations.base import Perturbation, build_perturbation
from xlt_core.perturbations.spec import PerturbationSpec


@pytest.mark.parametrize("method", METHODS)
def test_the_passes_of_the_table_are_those_of_the_method_at_its_defaults(method):
    needed = {"neighbors": "neighbors.json"} if "neighbors" in METHODS[method].settings else {}
    spec = PerturbationSpec(method=method, magnitude=0.1, **needed)
    assert build_perturbation([spec]).cost() == METHODS[method].passes


@pytest.mark.parametrize("method", METHODS)
def test_an_entry_names_a_class_and_settings_that_there_are(method):
    entry = METHODS[method]
    assert issubclass(load_perturbation(method), Perturbation)
    assert {*entry.settings, *entry.fixed} <= set(PerturbationSpec.model_fields) - {"method", "magnitude"}
    assert not {*entry.settings} & {*entry.fixed}
    assert entry.summary
