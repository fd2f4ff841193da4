"""A split of a task as tokens: flat arrays, one sequence after the other. In: examples. Out: a `TokenTable`.

Legend: N examples, T tokens of all of them, U units (a pair has one, a sentence one a word).
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import tokenizers

from xlt_core.canonical import canonical_json, content_key
from xlt_core.data import TOKENS_VERSION
from xlt_core.edits.base import Edit
from xlt_core.edits.copies import measure_changes
from xlt_core.tasks.base import Examples, Shape, Split, Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, kw_only=True)
class TokenTable:
    """Tokens and gold labels of the examples of one split and language."""

    language: str
    shape: Shape
    example_ids: tuple[str, ...]
    offsets: npt.NDArray[np.int64]
    """Where each example's tokens start, and the end of the last; shape (N + 1,)."""
    input_ids: npt.NDArray[np.int32]
    """Shape (T,)."""
    token_type_ids: npt.NDArray[np.int8]
    """Shape (T,): the text a token belongs to, as the tokenizer counts them."""
    content_mask: npt.NDArray[np.bool_]
    """Shape (T,): False at the special tokens that the tokenizer adds."""
    is_labelled: npt.NDArray[np.bool_]
    """Shape (T,): True at the first sub-word of each word; all False for pairs."""
    unit_offsets: npt.NDArray[np.int64]
    """Where each example's units start, and the end of the last; shape (N + 1,)."""
    gold: npt.NDArray[np.int16]
    """Label indices, shape (U,). Words that `max_length` cut off are units too: they count as wrong."""
    changes: npt.NDArray[np.float32] | None = None
    """Share of each example's words that an edit of training data changed, shape (N,); none: they were not edited."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each example, shape (N,)."""
        return np.diff(self.offsets)

    @property
    def num_units(self) -> npt.NDArray[np.int32]:
        """Units of each example, words that were cut off included, shape (N,)."""
        return np.diff(self.unit_offsets).astype(np.int32)

    def head(self, num_examples: int | None) -> "TokenTable":
        """The first so many examples; all where none or more than there are is given."""
        if num_examples is None or num_examples >= len(self):
            return self
        num_tokens, num_units = self.offsets[num_examples], self.unit_offsets[num_examples]
        return replace(
            self,
            example_ids=self.example_ids[:num_examples],
            offsets=self.offsets[: num_examples + 1],
            input_ids=self.input_ids[:num_tokens],
            token_type_ids=self.token_type_ids[:num_tokens],
            content_mask=self.content_mask[:num_tokens],
            is_labelled=self.is_labelled[:num_tokens],
            unit_offsets=self.unit_offsets[: num_examples + 1],
            gold=self.gold[:num_units],
            changes=None if self.changes is None else self.changes[:num_examples],
        )


def tokenizer_fingerprint(tokenizer: "PreTrainedTokenizerBase") -> str:
    """Hash everything that decides how the tokenizer cuts a text; encoders that share it share their tables."""
    if tokenizer.is_fast:
        backend = tokenizer.backend_tokenizer
        # What the last call asked for, not what the tokenizer is; every call sets them anew.
        backend.no_truncation()
        backend.no_padding()
        settings = backend.to_str()
    else:
        settings = canonical_json([tokenizer.get_vocab(), repr(sorted(tokenizer.init_kwargs.items()))])
    text = "\n".join([type(tokenizer).__name__, tokenizers.__version__, settings])
    return hashlib.sha256(text.encode()).hexdigest()


def load_token_table(
    task: Task,
    data: str,
    split: Split,
    language: str,
    *,
    tokenizer: "PreTrainedTokenizerBase",
    fingerprint: str,
    max_length: int,
    cache_folder: Path,
    dose: float | None = None,
    data_seed: int = 0,
    edit: Edit | None = None,
) -> TokenTable:
    """Give the tokens of one split and language, from the cache where it has them.

    Args:
        task: reads the examples where the cache does not have them.
        data: as in `StageSpec.data`.
        split: `train` is read in the task's source language, whatever `language` says.
        language: canonical code.
        tokenizer: cuts the texts.
        fingerprint: `tokenizer_fingerprint(tokenizer)`, computed once a trial.
        max_length: tokens of an example, special ones included.
        cache_folder: one file a table; trials may use it at the same moment.
        dose: of the training data; for tasks that take one.
        data_seed: of the training data; for tasks that take a dose.
        edit: done to the examples before they are tokenized; of training data, how much it changed is counted.

    Raises:
        DataError: the examples cannot be read.
    """
    from xlt_core.data.token_file import read_token_file, write_token_file
    from xlt_core.data.tokenizing import build_token_table

    identity = {
        "format": TOKENS_VERSION,
        "task": [task.name, task.version, list(task.labels)],
        "data": task.fingerprint(data, split, (language,)),
        "split": split,
        "language": language,
        "drawn": [dose, data_seed] if split == "train" and task.takes_dose else None,
        "tokenizer": fingerprint,
        "max_length": max_length,
        "edit": edit.identity() if edit else None,
    }
    path = cache_folder / f"{content_key(identity)}.arrow"
    table = read_token_file(path)
    if table is None:
        examples: Examples
        if split == "train":
            examples = task.load_train(data, dose=dose, data_seed=data_seed)
        else:
            examples = task.load_eval(data, split, language)
        edited = edit.apply(examples) if edit else examples
        table = build_token_table(edited, language, tokenizer=tokenizer, max_length=max_length)
        if edit and split == "train":
            table = replace(table, changes=measure_changes(examples, edited))
        write_token_file(table, path)
    return table
