from dataclasses import replace

import pytest

from results.store import ResultStore
from sweeps.engine.begin import begin_sweep
from sweeps.planning.plan import plan_sweep
from sweeps.tables.languages import language_rows
from tests.sweeps.factories import make_space
from xlt_core.world.languages import LANGUAGES, SOURCE


def make_world_space(languages):
    base = {
        "encoder": {"source": "mini", "pretrain": {"num_steps": 3}},
        "target": {"task": "world"},
        "evaluation": {"languages": languages},
    }
    return make_space(base=base, axes={"target.perturbation.magnitude": [0.0]})


def test_every_language_of_the_world_has_all_that_groups_are_made_of():
    rows = language_rows(plan_sweep(make_world_space("all")).trials)
    assert [row["language"] for row in rows] == sorted(language.code for language in LANGUAGES)
    assert all(None not in row.values() and len(row) == 8 for row in rows)
    by_code = {row["language"]: row for row in rows}
    assert [by_code[code]["resource_band"] for code in ("src", "far-hi", "far-mid", "far-lo")] == [
        "high",
        "high",
        "mid",
        "low",
    ]
    assert [by_code[code]["script"] for code in ("kin-lo", "far-lo", "vso-hi")] == ["Latn", "Armn", "Deva"]
    assert by_code["kin-lo"]["family"] == by_code["src"]["family"] != by_code["far-lo"]["family"]


def test_the_source_language_is_known_where_it_is_not_scored():
    rows = language_rows(plan_sweep(make_world_space(["far-lo"])).trials)
    assert [row["language"] for row in rows] == ["far-lo", SOURCE]


def test_real_languages_have_what_is_known_and_others_their_code(udpos_trials):
    rows = {row["language"]: row for row in language_rows(udpos_trials)}
    assert rows["te"] == {
        "language": "te",
        "name": "Telugu",
        "family": "Dravidian",
        "script": "Telu",
        "corpus_size": 4.7,
        "corpus_unit": "GiB of CC-100",
        "resource_band": "low",
        "source": "arXiv 1911.02116, appendix A, table 6",
    }
    assert (rows["yo"]["corpus_size"], rows["yo"]["resource_band"]) == (None, "absent")
    assert rows["quc"] == {"language": "quc", "name": "quc"}
    assert "en" in rows


@pytest.fixture
def udpos_trials():
    """One planned trial, said to score languages of the world as it is."""
    (trial, *_) = plan_sweep(make_world_space(["far-lo"])).trials
    spec = trial.plan.spec
    target = spec.target.model_copy(update={"task": "udpos"})
    plan = trial.plan.model_copy(
        update={"spec": spec.model_copy(update={"target": target}), "languages": ("quc", "te", "yo")}
    )
    return [replace(trial, plan=plan)]


def test_the_table_lies_beside_the_plan(tmp_path):
    store, plan = begin_sweep(make_world_space(["far-lo"]), tmp_path / "sweep")
    assert isinstance(store, ResultStore)
    assert store.snapshot().languages.to_pylist() == language_rows(plan.trials)
