"""The tables of a store as they are when first looked at, each read once.

In: the storage of a store. Out: Arrow tables; only finished and planned trials count.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from results.compaction import FolderScan, TableRead, read_folder, scan_folder
from results.damage import trial_file, trial_of
from results.errors import DamagedFileError, SchemaVersionError
from results.schema import CLEAN, LANGUAGES, PENDING, PLAN, PREDICTIONS, SCORES, TRIAL_COLUMNS, TRIALS
from results.storage import Entry, Storage
from results.table_files import read_table, read_tables, read_version

if TYPE_CHECKING:
    import pyarrow.dataset as ds

    from results.statistics.outcomes import OutcomeReader

logger = logging.getLogger(__name__)

LANGUAGES_FILE = "languages/languages.parquet"

_OF_THE_CELL = ("baseline_cell_id", "is_baseline", "cell", "axes")
"""Columns of the plan that say what a cell is among the others, not what its trials run."""

_TRIAL_LABELS = ("cell_id", "baseline_cell_id", "is_baseline", "cell", "seed", *TRIAL_COLUMNS)


def finished_entries(storage: Storage) -> dict[str, tuple[Entry, Entry]]:
    """Files of the finished trials: a row in `trials`, and scores beside it (none of a failed trial are a file, too).

    Returns:
        The mark and the scores by trial id.
    """
    marks = storage.list_entries("trials", ".parquet")  # first: a trial's mark is published last
    scores = {trial_of(entry.name): entry for entry in storage.list_entries("scores", ".parquet")}
    with_scores = {trial_of(mark.name): mark for mark in marks if trial_of(mark.name) in scores}
    return {trial_id: (mark, scores[trial_id]) for trial_id, mark in with_scores.items()}


@dataclass(frozen=True)
class Snapshot:
    """What one store holds; what of it cannot be read is left out, with a warning."""

    storage: Storage

    @property
    def uri(self) -> str:
        """Where the store is."""
        return self.storage.uri

    @cached_property
    def plan(self) -> pa.Table:
        """Every planned trial once, in the order of the plan; columns of `schema.PLAN`.

        A plan written later wins. What it says of a cell (label, baseline) holds for all seeds of the cell, also for
        those that only an earlier plan has: a cell has one baseline. A trial that a later row supersedes is left out.
        """
        names = self.storage.list_names("plan", ".parquet")
        parts = [part for part in read_tables(self.storage, names, PLAN) if part is not None]
        rows = pa.concat_tables([PLAN.empty_table(), *parts]).combine_chunks()
        cells = rows["cell_id"].to_pylist()
        newest_of_cell = {cell_id: place for place, cell_id in enumerate(cells)}
        places = list(_places_of_trials(rows).values())
        plan = rows if places == list(range(rows.num_rows)) else rows.take(pa.array(places, pa.int64()))
        of_its_cell = pa.array([newest_of_cell[cells[place]] for place in places], pa.int64())
        of_cell = rows.select(_OF_THE_CELL).take(of_its_cell)
        columns = [(of_cell if name in _OF_THE_CELL else plan)[name] for name in PLAN.names]
        return pa.Table.from_arrays(columns, schema=plan.schema)

    @cached_property
    def planned_ids(self) -> list[str]:
        """Ids of the planned trials, in the order of the plan, without reading what they are."""
        names = self.storage.list_names("plan", ".parquet")
        parts = read_tables(self.storage, names, PLAN, ["trial_id", "supersedes"])
        tables = [part for part in parts if part is not None]
        return list(_places_of_trials(pa.concat_tables(tables))) if tables else []

    @cached_property
    def languages(self) -> pa.Table:
        """What is known of the languages that are scored; columns of `schema.LANGUAGES`, no rows in older stores."""
        names = self.storage.list_names("languages", ".parquet")
        parts = read_tables(self.storage, names, LANGUAGES, on_unreadable=_leave_out)
        return pa.concat_tables([LANGUAGES.empty_table(), *(part for part in parts if part is not None)])

    @cached_property
    def trials(self) -> pa.Table:
        """Every planned trial: what it is (cell, seed, ...) and what became of it.

        Columns of `schema.TRIALS` after the labels of the plan; status `pending` for those not finished.
        """
        finished = self._marks.rows
        row = pc.index_in(self.plan["trial_id"], value_set=finished["trial_id"])
        columns = {"trial_id": self.plan["trial_id"]} | {name: self.plan[name] for name in _TRIAL_LABELS}
        for name in TRIALS.names[1:]:
            columns[name] = finished[name].take(row)
        columns["status"] = pc.fill_null(columns["status"], PENDING)
        return pa.table(columns)

    @cached_property
    def finished_ids(self) -> list[str]:
        """Ids of the planned trials that are finished, in the order of the plan."""
        is_finished = pc.not_equal(self.trials["status"], PENDING)
        ids: list[str] = self.trials["trial_id"].filter(is_finished).to_pylist()
        return ids

    @cached_property
    def scores(self) -> pa.Table:
        """Scores of the finished trials; columns of `schema.SCORES`."""
        return self._scores.rows

    @cached_property
    def score_scan(self) -> FolderScan:
        """Where the scores of the finished trials lie, for who reads them where they are."""
        marks = [mark for mark, _ in self._entries.values()]
        finished = scan_folder(self.storage, "trials", marks, TRIALS, ["trial_id"], on_unreadable=_leave_out).entries
        finished_ids = {trial_of(entry.name) for entry in finished}
        scores = [self._entries[trial_id][1] for trial_id in self.planned_ids if trial_id in finished_ids]
        return scan_folder(self.storage, "scores", scores, SCORES, on_unreadable=_leave_out)

    @cached_property
    def results(self) -> pa.Table:
        """Scores, each with what is known of its trial; the columns of `scores`, then those of `trials`."""
        row = pc.index_in(self.scores["trial_id"], value_set=self.trials["trial_id"])
        columns = {name: self.scores[name] for name in SCORES.names}
        for name in self.trials.column_names:
            if name != "trial_id":
                column = "trial_reason" if name == "reason" else name
                columns[column] = self.trials[name].take(row)
        return pa.table(columns)

    @cached_property
    def predictions(self) -> "ds.Dataset":
        """Predictions of the finished trials, not yet in memory; columns of `schema.PREDICTIONS`."""
        import pyarrow.dataset as ds  # brings pandas with it

        versions: dict[str, str] = {}
        present = set(self.storage.list_names("predictions", ".parquet"))
        for name in [name for name in self._prediction_files() if name in present]:
            try:
                versions[self.storage.path_of(name)] = read_version(self.storage, name)
            except (DamagedFileError, SchemaVersionError) as error:
                _leave_out(name, error)
            except FileNotFoundError:  # a rerun takes a finished trial back
                continue
        # A file of version 1 has no column `condition`: the scan takes it from what is known of all rows of the file.
        known = {"1": ds.field("condition") == CLEAN}
        return ds.FileSystemDataset.from_paths(
            list(versions),
            schema=PREDICTIONS,
            format=ds.ParquetFileFormat(
                default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
            ),
            filesystem=self.storage.filesystem,
            partitions=[known.get(version, ds.scalar(True)) for version in versions.values()],
        )

    @cached_property
    def outcomes(self) -> "OutcomeReader":
        """Reads what a trial answered, example by example, and keeps it for all statistics that are made of it."""
        from results.statistics.outcomes import OutcomeReader

        return OutcomeReader(self.storage, _leave_out)

    def check_predictions(self) -> None:
        """Read every file of predictions; for when a query of them broke and did not say at which.

        Raises:
            DamagedFileError: names the first that cannot be read.
        """
        for name in self._prediction_files():
            with suppress(FileNotFoundError):
                read_table(self.storage, name)

    @cached_property
    def deltas(self) -> pa.Table:
        """Deltas of the trials that ended well, paired by seed; columns of `schema.DELTAS`."""
        from results.deltas import compute_deltas  # pandas and scipy take longer to import than most queries to run

        return compute_deltas(self.plan, self.trials, self.scores)

    def compact(self) -> None:
        """Write the tables that were read from many files as one each, where that is worth it, for the next reader.

        Raises:
            DiskFullError: no room.
        """
        for read in (self._marks, self._scores):
            if read.is_worth_compacting:
                read.compact()

    @cached_property
    def _entries(self) -> dict[str, tuple[Entry, Entry]]:
        return finished_entries(self.storage)

    @cached_property
    def _marks(self) -> TableRead:
        marks = [mark for mark, _ in self._entries.values()]
        return read_folder(self.storage, "trials", marks, TRIALS, on_unreadable=_leave_out)

    @cached_property
    def _scores(self) -> TableRead:
        scores = [self._entries[trial_id][1] for trial_id in self.finished_ids]
        return read_folder(self.storage, "scores", scores, SCORES, on_unreadable=_leave_out)

    def _prediction_files(self) -> list[str]:
        return [trial_file("predictions", trial_id) for trial_id in self.finished_ids]


def _places_of_trials(rows: pa.Table) -> dict[str, int]:
    """Row of each planned trial in the rows of all plans; see `Snapshot.plan`."""
    newest = {trial_id: place for place, trial_id in enumerate(rows["trial_id"].to_pylist())}
    superseded_at = {old: place for place, old in enumerate(rows["supersedes"].to_pylist()) if old is not None}
    return {one: place for one, place in newest.items() if place >= superseded_at.get(one, 0)}


def _leave_out(name: str, error: DamagedFileError | SchemaVersionError) -> None:  # noqa: ARG001
    logger.warning("left out: %s", error)


def only_trial(table: pa.Table, trial_id: str | None) -> pa.Table:
    """Keep the rows of one trial; none given: all."""
    return table if trial_id is None else table.filter(pc.equal(table["trial_id"], trial_id))
