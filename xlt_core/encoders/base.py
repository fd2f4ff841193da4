"""What every encoder is to the rest of a trial. In: a packed batch. Out: packed hidden states.

Legend: A arrays of trials, T tokens of all sequences of the batch, D hidden size.
"""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from xlt_core.data.batch import PackedBatch
from xlt_core.data.tokens import tokenizer_fingerprint
from xlt_core.encoders.dropout import DropoutStreams
from xlt_core.encoders.families import FAMILIES, Family, find_family
from xlt_core.encoders.observation import AttentionObserver
from xlt_core.errors import EncoderError


class Encoder(nn.Module, ABC):
    """A transformers model behind one packed interface; see `tests/contracts/encoder_contract.py`."""

    dropout_streams: DropoutStreams | None = None
    """Of an array of trials; none: a single trial's masks come from torch's default generator."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.family: Family = find_family(model.config.model_type)
        self.hidden_size: int = model.config.hidden_size
        self.max_length: int = _find_max_length(model, tokenizer)
        """Tokens, specials included."""

    @property
    def num_layers(self) -> int:
        """Of the encoder, without the embeddings."""
        number: int = self.model.config.num_hidden_layers
        return number

    @property
    def word_embedding(self) -> nn.Embedding:
        """The table that `embed` looks up, shape (vocabulary, D)."""
        table = self.model.get_input_embeddings()
        assert table is not None, "an encoder reads tokens"
        return table  # type: ignore[return-value]  # of an array a stack of tables, which is looked up alike

    def embed(self, batch: PackedBatch) -> Tensor:
        """Look up word embeddings, before positions, segments, layer norm and dropout; shape (A, T, D)."""
        embeddings: Tensor = self.word_embedding(batch.input_ids)
        return embeddings

    def encode(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        """Run the encoder on (perhaps disturbed) word embeddings (A, T, D); hidden states (A, T, D).

        Raises:
            EncoderError: a sequence is longer than the encoder can read.
        """
        self._check_lengths(batch)
        return self._encode(batch, embeddings)

    def encode_layers(self, batch: PackedBatch, embeddings: Tensor) -> tuple[Tensor, ...]:
        """Run the encoder and keep what is in between: what enters the first layer, then the output of each.

        Returns:
            `num_layers` + 1 tensors (A, T, D); the last is that of `encode`.

        Raises:
            EncoderError: as `encode`.
        """
        self._check_lengths(batch)
        return self._encode_layers(batch, embeddings)

    @abstractmethod
    def embed_output(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        """Word embeddings (A, T, D) to what enters the first layer: with positions, layer norm and dropout.

        Raises:
            EncoderError: this kind of encoder does not let itself be taken apart there.
        """

    @abstractmethod
    def encode_output(self, batch: PackedBatch, hidden: Tensor) -> Tensor:
        """Run the layers on (perhaps disturbed) output of `embed_output`; hidden states (A, T, D).

        Raises:
            EncoderError: as `embed_output`.
        """

    @abstractmethod
    def observe_attention(self, layer: int) -> AbstractContextManager[AttentionObserver]:
        """Look, while the context lasts, at the attention of layer `layer`, from 0.

        Raises:
            EncoderError: there is no such layer, or this kind of encoder does not show its attention.
        """

    @abstractmethod
    def _encode(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        """`encode` after its checks."""

    @abstractmethod
    def _encode_layers(self, batch: PackedBatch, embeddings: Tensor) -> tuple[Tensor, ...]:
        """`encode_layers` after its checks."""

    def _check_lengths(self, batch: PackedBatch) -> None:
        longest = batch.layout.longest
        if longest > self.max_length:
            raise EncoderError(
                f"a sequence has {longest} tokens; this encoder reads at most {self.max_length}. Lower model.max_length"
            )

    @cached_property
    def tokenizer_fingerprint(self) -> str:
        """Hash of what decides how the tokenizer cuts a text; read once, a large vocabulary takes a while."""
        return tokenizer_fingerprint(self.tokenizer)

    @property
    def uses_segment_ids(self) -> bool:
        """Whether first and second text are told apart by `token_type_ids`."""
        return getattr(self.model.config, "type_vocab_size", 0) >= 2

    def save(self, folder: Path) -> None:
        """Write weights (safetensors), configuration and tokenizer so that `load_encoder` gives an equal encoder."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def _find_max_length(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    config = model.config
    num_positions: int = getattr(config, "max_position_embeddings", 0)
    if num_positions < 1 or config.is_encoder_decoder:
        raise EncoderError(
            f"a model of the type '{config.model_type}' cannot be used: it is no encoder with a limited number of "
            f"positions; take one of a type such as {', '.join(sorted(FAMILIES))}"
        )
    if find_family(config.model_type).positions_after_padding:
        num_positions -= config.pad_token_id + 1
    return min(num_positions, tokenizer.model_max_length)
