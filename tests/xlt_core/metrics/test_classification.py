"""Accuracy against scikit-learn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from tests.contracts.metric_contract import MetricContract, drawn_predictions, make_predictions
from xlt_core.metrics import compute_metric


class TestAccuracy(MetricContract):
    name = "accuracy"
    labels = ("contradiction", "entailment", "neutral")
    max_units = 1

    @given(st.data())
    def test_it_is_scikit_learns(self, data):
        predictions = data.draw(drawn_predictions(self.labels, 4))
        expected = 100 * accuracy_score(predictions.gold, predictions.predicted)
        assert compute_metric("accuracy", predictions) == pytest.approx(expected, abs=1e-9)

    def test_a_word_that_was_cut_off_counts_as_wrong(self):
        assert compute_metric("accuracy", make_predictions(self.labels, [[0, 1]], [[0, -1]])) == 50.0
