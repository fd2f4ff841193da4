"""F1, precision and recall of tagged words. In: predictions of one language. Out: `Measured`, of chunks."""

from xlt_core.errors import ScoreError
from xlt_core.metrics.chunks import ChunkCounts, Tag, count_chunks
from xlt_core.metrics.measured import Measured, measure_ratio
from xlt_core.result import LabelPredictions


def f1_xtreme(predictions: LabelPredictions) -> Measured:
    """The number that XTREME (arXiv 2003.11080) prints for `udpos`, which is neither token accuracy nor token F1.

    Its script hands bare tags to seqeval <= 0.0.12, which takes a tag's first letter for its prefix. What comes out of
    the universal tags is the micro F1 of *runs*: a run is a longest stretch of one tag within a sentence, a tag that
    begins with S stands alone, and a run counts where tag, start and end agree. Words without a prediction belong to
    no run.
    """
    return _measure_f1(_count_runs(predictions))


def precision_xtreme(predictions: LabelPredictions) -> Measured:
    """Right runs per predicted run, as `f1_xtreme` counts them; what XGLUE's script prints for its tagging task."""
    return _measure_precision(_count_runs(predictions))


def recall_xtreme(predictions: LabelPredictions) -> Measured:
    """Right runs per run that there is, as `f1_xtreme` counts them."""
    return _measure_recall(_count_runs(predictions))


def entity_f1(predictions: LabelPredictions) -> Measured:
    """Micro F1 of entities as conlleval finds them: I-X after O, or after another type, opens an entity too.

    Raises:
        ScoreError: labels other than O, B-TYPE and I-TYPE.
    """
    return _measure_f1(_count_entities(predictions))


def entity_precision(predictions: LabelPredictions) -> Measured:
    """Right entities per predicted entity, as `entity_f1` counts them."""
    return _measure_precision(_count_entities(predictions))


def entity_recall(predictions: LabelPredictions) -> Measured:
    """Right entities per entity that there is, as `entity_f1` counts them."""
    return _measure_recall(_count_entities(predictions))


def entity_f1_strict(predictions: LabelPredictions) -> Measured:
    """Micro F1 of well-formed entities only (seqeval's `mode="strict"`, IOB2): B-X and the I-X that follow it.

    Raises:
        ScoreError: labels other than O, B-TYPE and I-TYPE.
    """
    return _measure_f1(_count_entities(predictions, must_begin=True))


def _measure_f1(counts: ChunkCounts) -> Measured:
    """A word that a chunk begins at weighs 1 for each that is there and for each that was predicted."""
    return measure_ratio(2 * counts.right, counts.gold + counts.predicted, int(counts.gold.sum()))


def _measure_precision(counts: ChunkCounts) -> Measured:
    return measure_ratio(counts.right, counts.predicted, int(counts.predicted.sum()))


def _measure_recall(counts: ChunkCounts) -> Measured:
    return measure_ratio(counts.right, counts.gold, int(counts.gold.sum()))


def _count_runs(predictions: LabelPredictions) -> ChunkCounts:
    return count_chunks(predictions, [Tag(label[0], label.split("-")[-1]) for label in predictions.labels])


def _count_entities(predictions: LabelPredictions, *, must_begin: bool = False) -> ChunkCounts:
    return count_chunks(predictions, [_read_entity_tag(label) for label in predictions.labels], must_begin=must_begin)


def _read_entity_tag(label: str) -> Tag:
    prefix, _, entity_type = label.partition("-")
    if label != "O" and not (prefix in ("B", "I") and entity_type):
        raise ScoreError(
            f"entities are tagged O, B-TYPE and I-TYPE; label '{label}' is none of them; "
            "for tags of words take accuracy or f1_xtreme"
        )
    return Tag(prefix, entity_type or prefix)
