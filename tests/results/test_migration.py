import numpy as np
import pyarrow as pa
import pytest

from results import schema
from results.migration import upgrade_table
from results.schema import SCORES, make_table
from tests.results.factories import label_table, make_older, score_row, trial_row


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_what_an_earlier_version_did_not_know_is_null(version: int) -> None:
    sizes = {"size_mean": 0.5, "loss_gap": 0.1}
    trials = make_table([trial_row("t", **sizes)], schema.TRIALS)
    upgraded = upgrade_table(make_older(trials, version, "trials"), schema.TRIALS)
    assert upgraded.schema.equals(schema.TRIALS, check_metadata=True)
    known = {} if version == 1 else sizes
    assert upgraded.to_pylist() == make_table([trial_row("t", **known)], schema.TRIALS).to_pylist()
    scores = make_table([score_row("t", "de", 1.0, num_units=7, chance=50.0, fertility=1.5)], SCORES)
    upgraded = upgrade_table(make_older(scores, version, "scores"), SCORES)
    assert upgraded.schema.equals(SCORES, check_metadata=True)
    known = scores.to_pylist() if version >= 3 else make_table([score_row("t", "de", 1.0)], SCORES).to_pylist()
    assert upgraded.to_pylist() == known


@pytest.mark.parametrize(("version", "condition"), [(1, "clean"), (2, "typos:0.1"), (3, "typos:0.1")])
def test_predictions_of_version_1_are_clean_and_of_no_version_before_3_have_outcomes(
    version: int, condition: str
) -> None:
    predictions = label_table(condition="typos:0.1", outcomes=np.array([0.0, 1.0], np.float32))
    upgraded = upgrade_table(make_older(predictions, version, "predictions"), schema.PREDICTIONS)
    assert upgraded.schema.equals(schema.PREDICTIONS, check_metadata=True)
    assert upgraded["condition"].to_pylist() == [condition] * 2
    assert upgraded["outcome"].to_pylist() == ([0.0, 1.0] if version >= 3 else [None] * 2)
    assert upgraded["gold"].to_pylist() == ["no", "yes"]


def test_columns_that_every_version_has_are_never_made_up() -> None:
    scores = make_older(make_table([score_row("t", "de", 1.0)], SCORES), 1, "scores")
    damaged = scores.drop_columns(["value"])
    assert upgrade_table(damaged, SCORES) is damaged
    mistyped = damaged.append_column("value", pa.array(["high"]))
    assert upgrade_table(mistyped, SCORES) is mistyped
    table = make_table([trial_row("t")], schema.TRIALS).drop_columns(["size_mean"])
    assert upgrade_table(table, schema.TRIALS) is table


def test_a_column_of_version_2_that_a_file_of_version_2_lacks_is_never_made_up() -> None:
    damaged = make_older(make_table([trial_row("t")], schema.TRIALS), 2, "trials").drop_columns(["size_mean"])
    assert upgrade_table(damaged, schema.TRIALS) is damaged
