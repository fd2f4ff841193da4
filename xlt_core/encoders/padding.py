"""Encoders that cannot read packed batches: padded inside, so that a caller sees packed tensors all the same.

Legend: A arrays of trials, B sequences, L longest length, T tokens of all sequences, D hidden size.
"""

from contextlib import AbstractContextManager

import torch
from torch import Tensor

from xlt_core.data.batch import PackedBatch
from xlt_core.encoders.base import Encoder
from xlt_core.encoders.families import explain_hidden_attention, explain_indivisible
from xlt_core.encoders.observation import AttentionObserver
from xlt_core.encoders.segments import Segments
from xlt_core.errors import EncoderError


class PaddedEncoder(Encoder):
    """Runs a transformers model on right-padded sequences with an attention mask."""

    def embed_output(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        """Refused: what lies between embeddings and layers differs from one kind of model to the next."""
        del batch, embeddings
        raise EncoderError(explain_indivisible(self.model.config.model_type))

    def encode_output(self, batch: PackedBatch, hidden: Tensor) -> Tensor:
        """Refused, as `embed_output`."""
        del batch, hidden
        raise EncoderError(explain_indivisible(self.model.config.model_type))

    def observe_attention(self, layer: int) -> AbstractContextManager[AttentionObserver]:
        """Refused: models of other kinds do not show their attention."""
        del layer
        raise EncoderError(explain_hidden_attention(self.model.config.model_type))

    def _encode(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        return self._run(batch, embeddings, output_hidden_states=False)[0]

    def _encode_layers(self, batch: PackedBatch, embeddings: Tensor) -> tuple[Tensor, ...]:
        return self._run(batch, embeddings, output_hidden_states=True)

    def _run(self, batch: PackedBatch, embeddings: Tensor, *, output_hidden_states: bool) -> tuple[Tensor, ...]:
        """The last hidden states, or those of all layers; each packed, (A, T, D)."""
        longest = max(batch.lengths)
        rows = Segments(batch.lengths, embeddings.device, multiple=longest).rows(1)
        num_arrays, num_slots = embeddings.shape[0], batch.num_sequences * longest

        def pad(packed: Tensor) -> Tensor:
            """(A, T, ...) to (A * B, L, ...), with zeros at padding."""
            padded = packed.new_zeros(num_arrays, num_slots, *packed.shape[2:])
            return padded.index_copy(1, rows, packed).reshape(-1, longest, *packed.shape[2:])

        extras = {}
        if self.uses_segment_ids:
            extras["token_type_ids"] = pad(batch.token_type_ids)
        if self.uses_language_ids:
            extras["langs"] = torch.full_like(pad(batch.input_ids), self.find_language_id(batch.language))
        mask = pad(torch.ones_like(batch.input_ids))
        output = self.model(
            inputs_embeds=pad(embeddings), attention_mask=mask, output_hidden_states=output_hidden_states, **extras
        )
        states = (*output.hidden_states[:-1], output.last_hidden_state) if output_hidden_states else output[:1]
        return tuple(state.reshape(num_arrays, num_slots, -1).index_select(1, rows) for state in states)

    @property
    def uses_language_ids(self) -> bool:
        """Whether every token carries the number of its language."""
        config = self.model.config
        return self.family.language_ids and bool(config.use_lang_emb) and config.n_langs > 1

    def find_language_id(self, language: str) -> int:
        """Number of a language in the encoder's own list.

        Raises:
            EncoderError: the encoder was not pre-trained on it.
        """
        known: dict[str, int] = getattr(self.model.config, "lang2id", None) or {}
        if language not in known:
            raise EncoderError(
                f"this encoder has no language '{language}'; its configuration (lang2id) has "
                f"{', '.join(sorted(known)) or 'none'}. Leave the language out of evaluation.languages"
            )
        return known[language]
