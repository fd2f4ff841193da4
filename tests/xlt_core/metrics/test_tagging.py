"""XTREME's tagging F1 against an independent scorer that walks over the words one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.metric_contract import MetricContract, drawn_predictions, make_predictions
from xlt_core.metrics import compute_metric

LABELS = ("NOUN", "SCONJ", "SYM", "CCONJ", "X")


def walk_runs(sentences, labels):
    """Runs of equal tags as (tag, start, end), positions counted over all sentences and one more after each."""
    runs, position = set(), 0
    for sentence in sentences:
        run = None
        for unit in sentence:
            tag = labels[unit] if unit >= 0 else None
            if run and run[0] == tag and not tag.startswith("S"):
                run = (tag, run[1], position)
            else:
                runs.add(run)
                run = (tag, position, position) if tag else None
            position += 1
        runs.add(run)
        position += 1
    return runs - {None}


def walked_f1(gold, predicted, labels):
    gold_runs, predicted_runs = walk_runs(gold, labels), walk_runs(predicted, labels)
    num_right = len(gold_runs & predicted_runs)
    if not num_right:
        return 0.0
    precision, recall = num_right / len(predicted_runs), num_right / len(gold_runs)
    return 100 * 2 * precision * recall / (precision + recall)


def split(units, num_units):
    units, sentences = units.tolist(), []
    for count in num_units.tolist():
        sentences.append(units[:count])
        units = units[count:]
    return sentences


class TestF1Xtreme(MetricContract):
    name = "f1_xtreme"
    labels = LABELS
    max_units = 6

    @given(st.data())
    def test_it_is_the_f1_of_runs(self, data):
        predictions = data.draw(drawn_predictions(self.labels, self.max_units))
        gold = split(predictions.gold, predictions.num_units)
        predicted = split(predictions.predicted, predictions.num_units)
        assert compute_metric(self.name, predictions) == pytest.approx(walked_f1(gold, predicted, LABELS), abs=1e-9)

    def test_a_wrong_word_spoils_the_whole_run(self):
        noun, other = LABELS.index("NOUN"), LABELS.index("X")
        # Gold: one run of three. Predicted: three runs of one, none of them equal to it.
        predictions = make_predictions(LABELS, [[noun, noun, noun]], [[noun, other, noun]])
        assert compute_metric("f1_xtreme", predictions) == 0.0

    def test_tags_that_begin_with_s_stand_alone(self):
        symbol, other = LABELS.index("SYM"), LABELS.index("X")
        # Gold: two runs. Predicted: one of them and another.
        predictions = make_predictions(LABELS, [[symbol, symbol]], [[symbol, other]])
        assert compute_metric("f1_xtreme", predictions) == 50.0

    def test_a_run_ends_with_its_sentence(self):
        noun = LABELS.index("NOUN")
        apart = make_predictions(LABELS, [[noun], [noun]], [[noun], [-1]])
        assert compute_metric("f1_xtreme", apart) == pytest.approx(100 * 2 / 3)

    def test_scores_of_the_official_scorer_are_met(self):
        """The number that seqeval 0.0.12 gives for these tags (run once, by hand)."""
        gold = [[0, 0, 1, 1, 3, 4, 4], [2, 2, 0, 3, 3], [4], [1, 0, 0, 0]]
        predicted = [[0, 0, 1, 3, 3, 4, 4], [2, 1, 0, 3, 3], [0], [1, 0, 4, 0]]
        assert compute_metric("f1_xtreme", make_predictions(LABELS, gold, predicted)) == pytest.approx(56.0, abs=1e-9)
