"""What every encoder is to the rest of a trial. In: a packed batch. Out: packed hidden states.

Legend: A arrays of trials (1 today), T tokens of all sequences of the batch, D hidden size.
"""

from pathlib import Path
from typing import Protocol

from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from xlt_core.data.batch import PackedBatch


class Encoder(Protocol):
    """An encoder plug-in; a `torch.nn.Module`. `tests/contracts/encoder_contract.py` says what each must keep."""

    tokenizer: PreTrainedTokenizerBase
    hidden_size: int
    max_length: int
    """Tokens, specials included."""
    word_embedding: nn.Embedding
    """The table that `embed` looks up, shape (vocabulary, D)."""

    def embed(self, batch: PackedBatch) -> Tensor:
        """Look up word embeddings, before positions, segments, layer norm and dropout; shape (A, T, D)."""
        ...

    def encode(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        """Run the encoder on (perhaps disturbed) word embeddings (A, T, D); hidden states (A, T, D)."""
        ...

    def save(self, folder: Path) -> None:
        """Write weights (safetensors), configuration and tokenizer so that `load_encoder` gives an equal encoder."""
        ...
