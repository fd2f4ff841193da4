"""Predictions of tasks that compare vectors. In: tokens of both sides. Out: ranked candidates, or mined pairs."""

from typing import NamedTuple

import numpy as np
import torch

from xlt_core.data.batch import PackedBatch
from xlt_core.data.tokens import TokenTable
from xlt_core.heads import DualHead
from xlt_core.memory import compute_batches
from xlt_core.model import TrialModel
from xlt_core.passes import autocast
from xlt_core.result import MinedPredictions, RankedPredictions
from xlt_core.retrieval.embedding import Vectors, embed_texts
from xlt_core.retrieval.mining import MinedPairs, mine_pairs, predict_pairs, tune_threshold
from xlt_core.retrieval.ranking import rank_translations
from xlt_core.retrieval.spec import EmbeddingSpec
from xlt_core.tasks.examples import BitextExamples

NUM_RANKS = 20
"""Of the tasks that rank candidates of all languages."""
_MAX_TOKENS = 8192


class Sides(NamedTuple):
    """The sentences of two languages."""

    examples: BitextExamples
    queries: TokenTable
    candidates: TokenTable


@torch.no_grad()
def embed_with_head(model: TrialModel, table: TokenTable, device: torch.device) -> Vectors:
    """Unit vectors of a dual encoder, float32 (N, D): the same tower for queries and candidates."""
    head = model.head
    assert isinstance(head, DualHead), "only dual encoders have vectors of their own"
    model.eval()
    vectors = np.empty((len(table), model.encoder.hidden_size), np.float32)

    def embed(batch: PackedBatch) -> Vectors:
        with autocast(device):
            embedded = head.embed(model.encoder.encode(batch, model.encoder.embed(batch)), batch)
        return embedded[0].float().cpu().numpy()

    for made, embedded in compute_batches(table, embed, device, max_tokens=_MAX_TOKENS):
        vectors[made.indices] = embedded
    return vectors


def retrieve_translations(
    model: TrialModel, sides: Sides, language: str, spec: EmbeddingSpec, device: torch.device
) -> RankedPredictions:
    """The nearest candidate of every query, by cosine."""
    return rank_translations(
        sides.examples,
        embed_texts(model.encoder, sides.queries, spec, device),
        embed_texts(model.encoder, sides.candidates, spec, device),
        language=language,
    )


def mine_translations(
    model: TrialModel, dev: Sides, test: Sides, language: str, spec: EmbeddingSpec, device: torch.device
) -> MinedPredictions:
    """Pairs above the threshold that is best on the dev set."""

    def mine(sides: Sides) -> MinedPairs:
        return mine_pairs(
            embed_texts(model.encoder, sides.queries, spec, device),
            embed_texts(model.encoder, sides.candidates, spec, device),
            first_texts=sides.examples.queries,
            second_texts=sides.examples.candidates,
        )

    threshold = tune_threshold(mine(dev), frozenset(dev.examples.gold))
    return predict_pairs(test.examples, mine(test), threshold, language)
