"""Masked language modelling as an objective of the training loop. In: sentences, an encoder. Out: gradients and a log.

Words are hidden as BERT hides them (Devlin et al. 2019). They are told apart among the tokens that occur in the texts,
not among all of the vocabulary: what never occurs could only be pushed away, and its embeddings stay as they are.

Legend: T tokens of a batch, M masked ones, V candidates, D hidden size, E width of the word embeddings.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from xlt_core.data.batch import IGNORED_LABEL, PackedBatch
from xlt_core.data.batches import Indices, pack
from xlt_core.data.tokenizing import build_token_table
from xlt_core.data.tokens import Cut, TokenTable
from xlt_core.encoders.base import Encoder
from xlt_core.errors import DataError, EncoderError
from xlt_core.passes import autocast
from xlt_core.sources import MaskedLmSpec
from xlt_core.streams import numpy_generator, stream_seed
from xlt_core.tasks.examples import UNLABELLED, SingleExamples
from xlt_core.texts import find_text_file, read_sentences
from xlt_core.train import StepLog

MASKED_SHARE = 0.15
_REPLACED_BY_MASK, _REPLACED_BY_WORD = 0.8, 0.1
_INIT_STD = 0.02

Chances = npt.NDArray[np.float64]


class MaskedText:
    """Batches of sentences with hidden words, each a pure function of the step."""

    def __init__(self, tables: Sequence[TokenTable], *, mask_id: int, unknown_id: int | None, seed: int) -> None:
        """Gather what may be hidden: all but special and unknown tokens.

        Args:
            tables: one a language, a sentence a row.
            mask_id: of the mask token.
            unknown_id: of the token that stands for what the tokenizer does not know.
            seed: of the draws.

        Raises:
            DataError: the texts of a language have no token that is known.
        """
        self._tables, self._seed = tuple(tables), seed
        self._mask_id = mask_id
        self._unknown_id = -1 if unknown_id is None else unknown_id
        known = [np.unique(table.input_ids[table.content_mask]) for table in tables]
        known = [ids[ids != self._unknown_id] for ids in known]
        for table, ids in zip(tables, known, strict=True):
            if not len(ids):
                raise DataError(
                    f"masked_lm: the tokenizer knows no token of the texts in '{table.language}'; leave it out"
                )
        self.candidates: Indices = np.unique(np.concatenate(known)).astype(np.int64)
        """Token ids that may be hidden and are told apart, shape (V,), rising."""

    @property
    def token_ids(self) -> Indices:
        """All that a batch may hold."""
        every = [np.unique(table.input_ids) for table in self._tables]
        return np.unique(np.concatenate([[self._mask_id], *every])).astype(np.int64)

    def batches(self, step: int, batch_size: int, micro_batch_size: int) -> list[PackedBatch]:
        """The sentences of a step, all in one language, in parts; labels (1, T) are places among the candidates.

        What is drawn does not depend on how the step is parted.
        """
        generator = numpy_generator(self._seed, "masked_text", step)
        table = self._tables[generator.integers(len(self._tables))]
        rows = generator.integers(len(table), size=batch_size)
        lengths = table.lengths[rows]
        chances = generator.random((3, lengths.sum()))
        ends = np.cumsum(lengths)
        parts = []
        for start in range(0, batch_size, micro_batch_size):
            part = slice(start, start + micro_batch_size)
            tokens = slice(ends[start] - lengths[start], ends[part][-1])
            parts.append(self._mask(pack(table, rows[part]), chances[:, tokens]))
        return parts

    def _mask(self, batch: PackedBatch, chances: Chances) -> PackedBatch:
        """Hide 15 % of the words: 80 % of them by the mask, 10 % by another word; 10 % are shown as they are."""
        token_ids = batch.input_ids[0].numpy()
        may_hide = batch.content_mask[0].numpy() & (token_ids != self._unknown_id)
        chosen, fate, place = chances
        is_hidden = may_hide & (chosen < MASKED_SHARE)
        words = self.candidates[(place * len(self.candidates)).astype(np.int64)]
        shown = np.where(fate < _REPLACED_BY_MASK, self._mask_id, token_ids)
        is_word = (fate >= _REPLACED_BY_MASK) & (fate < _REPLACED_BY_MASK + _REPLACED_BY_WORD)
        shown = np.where(is_word, words, shown)
        labels = np.where(is_hidden, np.searchsorted(self.candidates, token_ids), IGNORED_LABEL)
        return replace(
            batch,
            input_ids=torch.from_numpy(np.where(is_hidden, shown, token_ids))[None],
            labels=torch.from_numpy(labels)[None],
        )


class LmHead(nn.Module):
    """Dense, GELU, layer norm, then the word embeddings, as XLM-R's own; new weights depend on the seed alone."""

    def __init__(self, hidden_size: int, width: int, num_candidates: int, seed: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(num_candidates))
        with torch.no_grad():
            generator = torch.Generator().manual_seed(stream_seed(seed, "head"))
            self.dense.weight.normal_(0.0, _INIT_STD, generator=generator)
            self.dense.bias.zero_()

    def forward(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Hidden states (M, D) and the candidates' word embeddings (V, E) to logits (M, V)."""
        return functional.linear(self.norm(functional.gelu(self.dense(hidden))), words, self.bias)


class MaskedLm:
    """The objective: plain, whatever disturbs the tasks beside it."""

    def __init__(
        self,
        encoder: Encoder,
        text: MaskedText,
        seed: int,
        batch_size: int,
        micro_batch_size: int,
        device: torch.device,
    ) -> None:
        """Put a new head on `encoder`, which is trained in place and is on `device`."""
        self.text = text
        self.encoder = encoder
        self.module = LmHead(encoder.hidden_size, encoder.word_embedding.embedding_dim, len(text.candidates), seed).to(
            device
        )
        """The head alone: what holds the encoder's parameters is the task that it is trained with."""
        self._candidates = torch.from_numpy(text.candidates).to(device)
        self._batch_size = batch_size
        self.micro_batch_size: int | None = micro_batch_size
        self._device = device

    def backward(self, step: int) -> StepLog:
        """Differentiate the mean cross-entropy of the step's hidden words; under bfloat16 autocast on CUDA."""
        batches = self.text.batches(step, self._batch_size, self.micro_batch_size or self._batch_size)
        num_hidden = max(1.0, float(sum(batch.num_units for batch in batches)))
        total = torch.zeros((), device=self._device)
        for batch in batches:
            with autocast(self._device):
                loss = self._sum_losses(batch) / num_hidden
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return {"loss": total}

    def _sum_losses(self, batch: PackedBatch) -> Tensor:
        places = torch.nonzero(batch.labels[0] != IGNORED_LABEL)[:, 0]
        targets = batch.labels[0, places].to(self._device)
        moved = batch.to(self._device)
        hidden = self.encoder.encode(moved, self.encoder.embed(moved))[0, places.to(self._device)]
        logits = self.module(hidden, self.encoder.word_embedding(self._candidates))
        return functional.cross_entropy(logits.float(), targets, reduction="sum")


def read_masked_text(spec: MaskedLmSpec, encoder: Encoder, *, max_length: int, seed: int) -> MaskedText:
    """Read and tokenize the texts; longer sentences are cut.

    Raises:
        DataError: a file cannot be used.
        EncoderError: the tokenizer has no mask token.
    """
    tokenizer = encoder.tokenizer
    if tokenizer.mask_token_id is None:
        raise EncoderError("masked_lm hides words behind the mask token, and this tokenizer has none; leave it out")
    length = min(max_length, encoder.max_length)
    cut = Cut(max_length=length, max_question_length=length, doc_stride=length)
    tables = []
    for language in spec.languages:
        sentences = read_sentences(find_text_file(spec.text, language))
        examples = SingleExamples(
            ids=tuple(map(str, range(len(sentences)))), texts=sentences, labels=(UNLABELLED,) * len(sentences)
        )
        tables.append(build_token_table(examples, language, tokenizer=tokenizer, cut=cut))
    return MaskedText(tables, mask_id=tokenizer.mask_token_id, unknown_id=tokenizer.unk_token_id, seed=seed)
