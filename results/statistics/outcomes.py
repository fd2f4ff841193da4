"""Outcomes of a trial, example by example: what intervals over test examples are made from.

In: a trial's file of predictions, read once. Out: by language and condition the numerators and denominators of the
primary metric, in one order of examples, with a digest of the examples' ids.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, TypeAlias
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.damage import trial_file
from results.schema import PREDICTIONS
from results.storage import Storage
from results.table_files import OnDamaged, read_tables

_PLACE = ("language", "condition", "condition_language")
_COLUMNS = (*_PLACE, "example_id", "gold", "outcome", "weight")
_NUM_FILES_AT_A_TIME = 64
"""Read together, which is quicker where each is a request; not all, since rows take far more room than outcomes."""


Rows: TypeAlias = npt.NDArray[np.int64] | slice
Numerators: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.float32]


class Place(NamedTuple):
    """What of a trial was scored together."""

    language: str
    condition: str
    condition_language: str
    """Of the second sentence; empty where it has none of its own."""


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """One trial in one place. N examples, in the order of their ids; units of one example are summed."""

    examples_hash: str
    """Of the ordered ids: equal where and only where the examples are the same."""
    num_examples: int
    """N."""
    numerators: Numerators | None = None
    """Shape (N,); `uint8` where each example is one unit, right (1) or wrong (0); none: the metric is no such ratio."""
    denominators: npt.NDArray[np.float32] | None = None
    """Shape (N,); none: 1 each."""

    @property
    def right(self) -> npt.NDArray[np.bool_] | None:
        """Which examples are right, shape (N,); none where they are not simply right or wrong."""
        is_binary = self.numerators is not None and self.numerators.dtype == np.uint8
        return self.numerators == 1 if is_binary and self.numerators is not None else None

    @cached_property
    def score(self) -> float:
        """The metric over all examples, 0 to 100; 0 where there is nothing to be counted, NaN where it is no ratio."""
        if self.numerators is None:
            return float("nan")
        return 100.0 * float(self.numerators.sum(dtype=np.float64)) / (self._total or 1.0)

    def contributions(self) -> npt.NDArray[np.float32] | None:
        """What each example adds to the score, in points, linearised: their sum is 0. Shape (N,).

        The score is a ratio R of sums; an example that is drawn `w` times moves it by `w - 1` times its contribution
        `100 (numerator - R denominator) / sum of denominators` (Cochran 1977, 6.4).
        """
        if self.numerators is None:
            return None
        ratio = np.float32(self.score / 100.0)
        expected = ratio if self.denominators is None else ratio * self.denominators
        return np.float32(100.0 / (self._total or 1.0)) * (self.numerators - expected)

    @cached_property
    def _total(self) -> float:
        return float(self.num_examples if self.denominators is None else self.denominators.sum(dtype=np.float64))


@dataclass(frozen=True)
class _Layout:
    """Where the rows of one place go."""

    examples_hash: str
    num_examples: int
    examples: npt.NDArray[np.int32]
    """A row's example, by the order of ids; shape (rows,)."""
    is_one_each: bool
    """Whether every example is one row."""


@dataclass(frozen=True)
class _Described:
    """Where the rows of a whole file go."""

    described: pa.Table
    """All columns that say it."""
    places: Sequence[tuple[Place, Rows, _Layout]]

    @cached_property
    def order(self) -> npt.NDArray[np.int64] | None:
        """Rows of the file by place, then example; none where some example is no single row."""
        if not all(layout.is_one_each for _, _, layout in self.places):
            return None
        all_rows = np.arange(self.described.num_rows)
        return np.concatenate([all_rows[rows][np.argsort(layout.examples)] for _, rows, layout in self.places])


@dataclass(frozen=True)
class OutcomeReader:
    """Reads trials of one store, each once; remembers how their rows are laid out, which they mostly share."""

    storage: Storage
    on_damaged: OnDamaged
    """Is told of a file that cannot be read; its trial has no outcomes."""
    ids: dict[str, frozenset[str]] = field(default_factory=dict)
    """Of the examples, by `examples_hash`."""
    _layouts: dict[tuple[str, bytes], _Layout] = field(default_factory=dict)
    _last: list[_Described] = field(default_factory=list)
    """One at most: what the trial before was asked; most are asked the same."""
    _read: dict[str, dict[Place, Outcomes]] = field(default_factory=dict)

    def read(self, trial_ids: Sequence[str]) -> dict[str, dict[Place, Outcomes]]:
        """Read what trials answered, by trial and place; nothing of a trial without a file.

        Raises:
            SchemaVersionError: a file was written by another version of the schema.
        """
        fresh = [trial_id for trial_id in dict.fromkeys(trial_ids) if trial_id not in self._read]
        for start in range(0, len(fresh), _NUM_FILES_AT_A_TIME):
            part = fresh[start : start + _NUM_FILES_AT_A_TIME]
            names = [trial_file("predictions", trial_id) for trial_id in part]
            tables = read_tables(self.storage, names, PREDICTIONS, _COLUMNS, self.on_damaged)
            self._read.update(zip(part, map(self._read_rows, tables), strict=True))
        return {trial_id: self._read[trial_id] for trial_id in trial_ids}

    def _read_rows(self, table: pa.Table | None) -> dict[Place, Outcomes]:
        if table is None or table.num_rows == 0:
            return {}
        is_gold = table["gold"].is_valid()
        describing = table.select([*_PLACE, "example_id"]).append_column("is_gold", is_gold)
        if not self._last or not self._last[0].described.equals(describing):
            self._last[:] = [_Described(describing, self._lay_out_all(table, is_gold.to_numpy()))]
        outcomes, weights = _floats(table["outcome"]), _floats(table["weight"])
        described = self._last[0]
        if outcomes is not None and weights is None and described.order is not None:
            numerators = _as_bits(outcomes[described.order])
            if numerators.dtype == np.uint8:
                return dict(_share_out(numerators, described.places))
        found = {}
        for place, rows, layout in described.places:
            own = None if outcomes is None else outcomes[rows]
            found[place] = _sum_by_example(layout, own, None if weights is None else weights[rows])
        return found

    def _lay_out_all(self, table: pa.Table, is_gold: npt.NDArray[np.bool_]) -> list[tuple[Place, Rows, _Layout]]:
        ids = _encode(table["example_id"])
        digest = _digest(ids.dictionary.to_pylist())
        rows_of_ids = ids.indices.to_numpy(zero_copy_only=False)
        return [
            (place, rows, self._lay_out(digest, ids.dictionary, rows_of_ids[rows], is_gold[rows]))
            for place, rows in _split_by_place(table)
        ]

    def _lay_out(
        self, digest: str, names: pa.Array, rows: npt.NDArray[np.int32], is_gold: npt.NDArray[np.bool_]
    ) -> _Layout:
        key = (digest, hashlib.sha256(rows.tobytes() + is_gold.tobytes()).digest())
        if key not in self._layouts:
            self._layouts[key] = self._new_layout(names, rows, is_gold)
        return self._layouts[key]

    def _new_layout(self, names: pa.Array, rows: npt.NDArray[np.int32], is_gold: npt.NDArray[np.bool_]) -> _Layout:
        """Put the examples of one place in the order of their ids.

        Of mined pairs, rows without gold are what a run mined and others did not: no examples that runs have in
        common. Each is put to an example with gold, by a checksum of its id, and drawn with it: its sentence is
        independent of all others, so that any such clusters are as good to resample as single sentences.

        Args:
            names: ids of examples.
            rows: index into `names` of each row.
            is_gold: which rows have a gold answer.
        """
        present, inverse = np.unique(rows, return_inverse=True)
        ids: list[str] = names.take(pa.array(present)).to_pylist()
        has_gold = np.bincount(inverse, is_gold, len(ids)) > 0
        ordered = sorted(name for name, is_kept in zip(ids, has_gold.tolist(), strict=True) if is_kept)
        rank = {name: place for place, name in enumerate(ordered)}
        places = [rank[name] if name in rank else crc32(name.encode()) % max(len(ordered), 1) for name in ids]
        examples_hash = _digest(ordered)
        self.ids.setdefault(examples_hash, frozenset(ordered))
        examples, num_examples = np.array(places, np.int32)[inverse], max(len(ordered), 1)
        is_one_each = bool(np.all(np.bincount(examples, minlength=num_examples) == 1))
        return _Layout(examples_hash, num_examples, examples, is_one_each)


def _share_out(
    numerators: Numerators, places: Sequence[tuple[Place, Rows, _Layout]]
) -> Iterator[tuple[Place, Outcomes]]:
    """Give each place its examples, of which each is one unit; as `_sum_by_example` does, file by file."""
    first = 0
    for place, _, layout in places:
        own = numerators[first : first + layout.num_examples]
        yield place, Outcomes(examples_hash=layout.examples_hash, num_examples=layout.num_examples, numerators=own)
        first += layout.num_examples


def _sum_by_example(
    layout: _Layout, outcomes: npt.NDArray[np.float32] | None, weights: npt.NDArray[np.float32] | None
) -> Outcomes:
    """Sum the rows of each example; without outcomes, or where some row has none, only the examples are known."""
    found = Outcomes(examples_hash=layout.examples_hash, num_examples=layout.num_examples)
    if outcomes is None or np.isnan(outcomes).any():
        return found
    weights = np.ones_like(outcomes) if weights is None else np.where(np.isnan(weights), np.float32(1), weights)
    numerators, denominators = (
        np.bincount(layout.examples, values, layout.num_examples).astype(np.float32) for values in (outcomes, weights)
    )
    if np.any(denominators != 1):
        return replace(found, numerators=numerators, denominators=denominators)
    return replace(found, numerators=_as_bits(numerators))


def _as_bits(numerators: npt.NDArray[np.float32]) -> Numerators:
    """As bytes, where all are 0 or 1."""
    is_binary = bool(((numerators == 0) | (numerators == 1)).all())
    return numerators.astype(np.uint8) if is_binary else numerators


def _split_by_place(table: pa.Table) -> Iterator[tuple[Place, Rows]]:
    """Give the rows of each place, in their order."""
    columns = [_encode(table[name]) for name in _PLACE]
    code = np.zeros(table.num_rows, np.int64)
    for column in columns:
        indices = column.indices.fill_null(len(column.dictionary)).to_numpy(zero_copy_only=False)
        code = code * (len(column.dictionary) + 1) + indices
    starts = np.flatnonzero(np.diff(code, prepend=code[0] - 1))
    pieces: dict[int, list[slice]] = {}
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(code)], strict=True):
        pieces.setdefault(int(code[start]), []).append(slice(start, end))
    for rows in pieces.values():
        place = Place(*(column[rows[0].start].as_py() or "" for column in columns))
        yield place, rows[0] if len(rows) == 1 else np.concatenate([np.arange(one.start, one.stop) for one in rows])


def _encode(column: pa.ChunkedArray) -> pa.DictionaryArray:
    whole = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return whole.unify_dictionaries().combine_chunks()


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.float32] | None:
    """As numpy, null is NaN; nothing where all are null."""
    if column.null_count == len(column):
        return None
    values: npt.NDArray[np.float32] = column.combine_chunks().to_numpy(zero_copy_only=False)
    return values


def _digest(ids: list[str]) -> str:
    return hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:16]
