"""What every metric keeps: inherit `MetricContract`, say how predictions are drawn and which are right and wrong."""

from abc import ABC, abstractmethod
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlt_core.metrics import compute_metric
from xlt_core.metrics.measured import Measured
from xlt_core.result import LabelPredictions, MinedPredictions, Predictions


def make_labels(labels: tuple[str, ...], gold: list[list[int]], predicted: list[list[int]]) -> LabelPredictions:
    """Predictions of `len(gold)` examples, each a list of units."""
    return LabelPredictions(
        language="en",
        labels=labels,
        example_ids=tuple(str(index) for index in range(len(gold))),
        num_units=np.array([len(units) for units in gold], np.int32),
        gold=np.array([unit for units in gold for unit in units], np.int16),
        predicted=np.array([unit for units in predicted for unit in units], np.int16),
    )


@st.composite
def drawn_labels(draw: st.DrawFn, labels: tuple[str, ...], max_units: int) -> LabelPredictions:
    """Gold and predicted labels; a prediction may be -1, for a word that was cut off."""
    unit = st.tuples(st.integers(0, len(labels) - 1), st.integers(-1, len(labels) - 1))
    examples = draw(st.lists(st.lists(unit, min_size=1, max_size=max_units), min_size=1, max_size=8))
    gold = [[unit[0] for unit in example] for example in examples]
    predicted = [[unit[1] for unit in example] for example in examples]
    return make_labels(labels, gold, predicted)


def read_only(predictions: Predictions) -> Predictions:
    """The same with arrays that cannot be written to."""
    for field in fields(predictions):
        value = getattr(predictions, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return predictions


def count_rows(predictions: Predictions) -> int:
    """Units, questions, queries or pairs, which are rows of the store's table."""
    if isinstance(predictions, MinedPredictions):
        return len(predictions.gold | predictions.predicted)
    return len(predictions.gold)


def assert_ratio(measured: Measured | Predictions, predictions: Predictions, value: float | None = None) -> None:
    """Check outcomes and weights: one a row, and their sums have the ratio that is the value."""
    assert measured.outcomes is not None
    outcomes = measured.outcomes.astype(np.float64)
    assert outcomes.shape == (count_rows(predictions),)
    weights = np.ones(len(outcomes)) if measured.weights is None else measured.weights.astype(np.float64)
    assert weights.shape == outcomes.shape
    assert (outcomes >= 0).all()
    assert (outcomes <= weights).all()
    share = outcomes.sum() / weights.sum() if weights.any() else 0.0
    assert 100 * share == pytest.approx(measured.value if value is None else value, abs=1e-5)


class MetricContract(ABC):
    name: str
    right: Predictions
    """Everything is right: worth 100."""
    wrong: Predictions
    """Nothing is: worth 0."""

    @abstractmethod
    def drawn(self) -> st.SearchStrategy[Predictions]:
        """Any predictions that can be scored."""

    @abstractmethod
    def mend(self, predictions: Predictions) -> Predictions:
        """The same examples with only right answers."""

    @settings(max_examples=40)
    @given(st.data())
    def test_a_value_is_between_0_and_100(self, data):
        assert 0.0 <= compute_metric(self.name, data.draw(self.drawn())).value <= 100.0

    @settings(max_examples=40)
    @given(st.data())
    def test_nothing_is_worth_more_than_right_answers(self, data):
        predictions = data.draw(self.drawn())
        best = compute_metric(self.name, self.mend(predictions)).value
        assert compute_metric(self.name, predictions).value <= best + 1e-9

    @settings(max_examples=40)
    @given(st.data())
    def test_the_value_is_the_ratio_of_the_sums_of_outcomes_and_weights(self, data):
        predictions = data.draw(self.drawn())
        assert_ratio(compute_metric(self.name, predictions), predictions)

    @settings(max_examples=40)
    @given(st.data())
    def test_predictions_are_only_read(self, data):
        predictions = read_only(data.draw(self.drawn()))
        assert compute_metric(self.name, predictions).value == compute_metric(self.name, predictions).value

    def test_everything_right_is_100_and_nothing_is_0(self):
        assert compute_metric(self.name, self.right).value == pytest.approx(100.0, abs=1e-9)
        assert compute_metric(self.name, self.wrong).value == 0.0

    def test_nothing_to_score_is_refused(self):
        with pytest.raises(ValueError, match="no predictions for language 'en'"):
            compute_metric(self.name, replace(self.right, example_ids=()))


class LabelMetricContract(MetricContract):
    """For metrics of labels: all there is to say is which labels there are and how many units an example has."""

    labels: tuple[str, ...]
    max_units: int

    def drawn(self) -> st.SearchStrategy[LabelPredictions]:
        return drawn_labels(self.labels, self.max_units)

    def mend(self, predictions: LabelPredictions) -> LabelPredictions:
        return replace(predictions, predicted=predictions.gold)
