"""Share of units labelled right. In: predictions of one language. Out: 0 to 100."""

from xlt_core.result import LanguagePredictions


def accuracy(predictions: LanguagePredictions) -> float:
    """Right labels per unit: per pair in a pair task, per word in tagging."""
    num_right = int((predictions.gold == predictions.predicted).sum())
    return 100.0 * num_right / len(predictions.gold)
