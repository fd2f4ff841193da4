"""Settings of perturbations: each method's own defaults, what its definition fixes, and one canonical form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from xlt_core.perturbations import METHODS
from xlt_core.perturbations.spec import PerturbationSpec, canonical_perturbation

CHOICES = {
    "magnitude": st.sampled_from([0.0, 0.1, 1.0]),
    "site": st.sampled_from(["word_embedding", "last_hidden"]),
    "norm": st.sampled_from(["l2", "linf"]),
    "granularity": st.sampled_from(["token", "sequence", "batch"]),
    "unit": st.sampled_from(["absolute", "relative"]),
    "init": st.sampled_from(["zero", "uniform"]),
    "init_ratio": st.sampled_from([0.25, 1.0]),
    "num_ascent_steps": st.integers(1, 3),
    "clean_weight": st.sampled_from([0.0, 0.5]),
    "num_copies": st.integers(1, 3),
}


def build_perturbation_spec(method: str, **settings: object) -> PerturbationSpec:
    """A spec with what the method cannot do without, less what its definition fixes."""
    needed = {"neighbors": "neighbors.json"} if "neighbors" in METHODS[method].settings else {}
    chosen = {name: value for name, value in settings.items() if name not in METHODS[method].fixed}
    return PerturbationSpec.model_validate({"method": method, **needed, **chosen})


perturbations = st.builds(
    lambda method, settings: build_perturbation_spec(method, **settings),
    st.sampled_from(sorted(METHODS)),
    st.fixed_dictionaries({}, optional=CHOICES),
)


@pytest.mark.parametrize("method", [name for name, entry in METHODS.items() if entry.has_magnitude])
def test_magnitude_zero_means_plain_training(method):
    assert canonical_perturbation(build_perturbation_spec(method, magnitude=0.0)) == PerturbationSpec()


@given(spec=perturbations)
def test_only_what_a_method_reads_stays_in_its_canonical_form(spec):
    canonical, entry = canonical_perturbation(spec), METHODS[spec.method]
    if spec.method == "none" or (entry.has_magnitude and spec.magnitude == 0.0):
        assert canonical == PerturbationSpec()
        return
    unread = ({"granularity"} if spec.norm == "linf" else set()) | ({"init_ratio"} if spec.init == "zero" else set())
    read = {"method", *entry.reads} - unread
    default = build_perturbation_spec(spec.method)
    for name in PerturbationSpec.model_fields:
        assert getattr(canonical, name) == getattr(spec if name in read else default, name), name


@pytest.mark.parametrize("method", sorted(METHODS))
def test_what_is_not_given_is_the_methods_own(method):
    entry, spec = METHODS[method], build_perturbation_spec(method)
    own = {**entry.settings, **entry.fixed}
    own.pop("neighbors", None)
    assert {name: getattr(spec, name) for name in own} == own


def test_a_setting_that_is_given_goes_before_the_methods_own():
    assert METHODS["fgm"].settings["granularity"] == "sequence"
    assert PerturbationSpec(method="fgm", granularity="token").granularity == "token"


def test_what_a_method_fixes_may_be_said_but_not_changed():
    assert PerturbationSpec(method="fgm", norm="l2").norm == "l2"
    with pytest.raises(ValidationError, match=r"'fgm' has norm 'l2' by definition; given 'linf'\. Leave 'norm' out"):
        PerturbationSpec(method="fgm", norm="linf")


@pytest.mark.parametrize("method", [name for name, entry in METHODS.items() if entry.max_magnitude < 1e6])
def test_a_magnitude_beyond_what_the_method_can_do_is_refused(method):
    largest = METHODS[method].max_magnitude
    assert build_perturbation_spec(method, magnitude=largest).magnitude == largest
    with pytest.raises(
        ValidationError, match=f"allowed for '{method}' are 0 to {largest:g} \\({METHODS[method].magnitude}"
    ):
        build_perturbation_spec(method, magnitude=largest * 1.01)


@pytest.mark.parametrize("method", [name for name, entry in METHODS.items() if "neighbors" in entry.settings])
def test_a_method_that_exchanges_words_needs_to_know_for_what(method):
    with pytest.raises(ValidationError, match=f"'{method}' needs 'neighbors'"):
        PerturbationSpec(method=method)


@pytest.mark.parametrize("method", ["vat", "smart", "alum"])
def test_an_ascent_of_a_divergence_does_not_start_where_there_is_none(method):
    with pytest.raises(ValidationError, match=f"init_ratio 0: '{method}' .* above 0, such as 0.1"):
        PerturbationSpec(method=method, init_ratio=0.0)
    assert PerturbationSpec(method="pgd", init_ratio=0.0).init_ratio == 0.0


@pytest.mark.parametrize("method", [name for name, entry in METHODS.items() if not entry.has_magnitude])
def test_a_method_without_magnitude_is_on_at_magnitude_zero(method):
    spec = build_perturbation_spec(method, num_copies=3)
    canonical = canonical_perturbation(spec)
    assert canonical.method == method
    assert canonical == canonical_perturbation(spec.model_copy(update={"magnitude": 0.7}))
