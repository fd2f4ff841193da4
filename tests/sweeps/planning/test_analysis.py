import pytest

from results.analysis import DEFAULT_FAMILIES, Analysis
from search_spaces.contrasts import plan_contrasts
from search_spaces.loading import load_space
from sweeps.planning.analysis import resolve_analysis
from sweeps.planning.plan import plan_sweep
from tests.sweeps.factories import make_space
from xlt_core.errors import SpecError

ANALYSIS = {
    "question": "why",
    "margin": 1.0,
    "contrasts": [
        {"name": "noise", "hypothesis": "helps", "against": {"target.perturbation.magnitude": 0.0}},
        {
            "name": "interaction",
            "cell": {"intermediate.dose": 1.0},
            "against": {"target.perturbation.magnitude": 0.0},
            "minus": {"cell": {"intermediate": "none"}, "against": {"target.perturbation.magnitude": 0.0}},
        },
    ],
}


def test_what_a_plan_declares_is_read_back_in_the_ids_of_its_cells():
    plan = plan_sweep(make_space(analysis=ANALYSIS, seeds=[3, 5]))
    analysis = Analysis.from_sweep({"analysis": plan.analysis})
    assert (analysis.question, analysis.margin, analysis.alpha) == ("why", 1.0, 0.05)
    assert analysis.families == DEFAULT_FAMILIES
    noise, interaction = analysis.contrasts
    assert (noise.name, noise.hypothesis, interaction.hypothesis) == ("noise", "helps", None)
    cells = {
        (trial.plan.spec.intermediate is not None, trial.plan.spec.target.perturbation.magnitude): trial.plan.cell_id
        for trial in plan.trials
    }
    assert {term.cell_id: term.weight for term in noise.terms} == {
        cells[False, 0.5]: 0.5,
        cells[True, 0.5]: 0.5,
        cells[False, 0.0]: -0.5,
        cells[True, 0.0]: -0.5,
    }
    assert {term.cell_id: term.weight for term in interaction.terms} == {
        cells[True, 0.5]: 1.0,
        cells[True, 0.0]: -1.0,
        cells[False, 0.5]: -1.0,
        cells[False, 0.0]: 1.0,
    }


def test_families_name_contrasts_as_they_are_after_planning():
    families = [
        {"name": "first", "role": "primary", "units": ["macro", "group"], "only": ["interaction"]},
        {"name": "others", "role": "secondary", "is_split": True, "adjustment": "bh"},
    ]
    plan = plan_sweep(make_space(analysis={**ANALYSIS, "families": families}))
    first, others = Analysis.from_sweep({"analysis": plan.analysis}).families
    assert (first.only, first.units, others.only, others.adjustment) == (("interaction",), ("macro", "group"), (), "bh")


def test_a_space_that_declares_nothing_has_no_analysis():
    assert plan_sweep(make_space()).analysis is None


def test_a_declaration_is_no_part_of_any_identity():
    plain, declared = plan_sweep(make_space()), plan_sweep(make_space(analysis=ANALYSIS))
    assert plain.sweep_id == declared.sweep_id
    assert [trial.trial_id for trial in plain.trials] == [trial.trial_id for trial in declared.trials]


def test_a_contrast_whose_cells_turn_out_to_be_one_is_refused():
    space = make_space(analysis=ANALYSIS)
    cells = {spec: "one" for contrast in plan_contrasts(space) for spec in contrast.weights}
    with pytest.raises(SpecError, match="contrast 'noise': its cells read the same data"):
        resolve_analysis(space, cells)


def test_the_small_magnitude_study_is_planned_from_real_files_with_all_that_it_declares(shared_folder):
    overrides = [f"encoder={shared_folder / 'encoders/mini-real'}", f"target.data={shared_folder / 'data/udpos'}"]
    plan = plan_sweep(load_space("study-magnitude-small", [*overrides, "seeds=1"]))
    analysis = Analysis.from_sweep({"analysis": plan.analysis})
    assert [len(contrast.terms) for contrast in analysis.contrasts] == [2, 2, 8]
    planned = {trial.plan.cell_id for trial in plan.trials}
    assert {term.cell_id for contrast in analysis.contrasts for term in contrast.terms} == planned
