"""Work without Ray: stages in the order of what they need, and a failure is that of all that need it."""

from pathlib import Path

import pytest

from results.store import ResultStore
from sweeps.engine.begin import begin_sweep
from sweeps.engine.launch import run_missing
from sweeps.engine.options import LaunchOptions
from sweeps.planning.plan import collect_shared_stages
from tests.sweeps.factories import run_inline, silent_console
from tests.sweeps.scored import make_scored_space, write_columns
from xlt_core.artifacts import is_published, read_manifest


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    return write_columns(tmp_path)


def _shorten(path: Path) -> str:
    """Take the last score away; give back the text."""
    text = path.read_text()
    path.write_text(text[: text.rstrip("\n").rindex("\n") + 1])
    return text


def test_arms_are_drawn_by_scores_that_are_made_once(paths: tuple[Path, Path], tmp_path: Path) -> None:
    space, folder = make_scored_space(paths), tmp_path / "s"
    outcome = run_inline(space, folder)
    assert (outcome.num_run, outcome.exit_status) == (3, 0)
    manifests = [read_manifest(path.parent) for path in (folder / "stages").glob("*/manifest.json")]
    kinds = sorted(manifest["stage"]["kind"] for manifest in manifests)
    assert kinds == ["intermediate", "intermediate", "pretrain", "score", "score"]
    assert run_inline(space, folder).num_run == 0


@pytest.mark.parametrize(
    "place", [pytest.param(0, id="scorer"), pytest.param(1, id="independent", marks=pytest.mark.slow)]
)
def test_a_failed_score_stage_fails_every_trial_that_needs_it_and_no_other(
    paths: tuple[Path, Path], tmp_path: Path, place: int
) -> None:
    space, folder = make_scored_space(paths), tmp_path / "s"
    store, plan = begin_sweep(space, folder)
    text = _shorten(paths[place])  # planning refuses such a file: it was changed since
    stages = collect_shared_stages(plan.trials)
    failed = [shared for shared in stages if shared.stage.kind == "score"][place]
    options = LaunchOptions(resources=space.resources, inline=True)
    outcome = run_missing(store, plan.trials, options, silent_console())
    assert outcome.exit_status == 1
    rows = {row["trial_id"]: row for row in ResultStore.open(folder).trials().to_pylist()}
    needing = {trial_id for trial_id, row in rows.items() if row["status"] == "infra"}
    assert needing == set(failed.trial_ids)
    assert len(needing) == 2
    assert {rows[trial_id]["status"] for trial_id in rows.keys() - needing} <= {"ok", "degenerate"}
    for trial_id in needing:
        reason = rows[trial_id]["reason"]
        assert reason.startswith(f"{failed.title} (stage {failed.stage.key}) failed: {paths[place]}: ")
        assert "no score for 1 of 6000 examples" in reason
    for shared in stages:
        is_there = is_published(folder / "stages" / shared.stage.key)
        assert is_there == (shared.stage.kind in ("pretrain", "score") and shared is not failed)
        if shared.stage.kind == "intermediate":  # it was not begun: what it lacks was known
            assert not list((folder / "ray/attempts").rglob(shared.stage.key))
    assert list((folder / "ray/attempts").rglob(failed.stage.key))
    if place == 1:  # it decides whether the trials run and not what they are: they keep their names
        paths[1].write_text(text)
        assert run_inline(space, folder).num_run == 0
        assert run_inline(space, folder, rerun=("infra",)).num_run == 2
        assert set(ResultStore.open(folder).trials()["status"].to_pylist()) <= {"ok", "degenerate"}
