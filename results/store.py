"""The store of one sweep: Parquet files and sweep.json in one place. The sweep's work is the plan minus what it holds.

In: rows (`results.schema`). Out: Arrow tables. A trial is finished if and only if `trials/<trial_id>.parquet` exists.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from results.analysis import Analysis
from results.compaction import read_folder
from results.damage import find_damaged, set_aside, set_plans_aside, trial_file
from results.errors import DamagedFileError, NotASweepError, OtherSweepError, RowError, StorageError
from results.schema import DELTAS, LANGUAGES, PLAN, PREDICTIONS, SCHEMA_VERSION, SCORES, TRIALS, make_table
from results.snapshot import LANGUAGES_FILE, Snapshot, finished_entries
from results.storage import Storage, open_storage
from results.table_files import check_version, publish_json, publish_table, read_tables

_SWEEP_FILE = "sweep.json"
_DELTAS_FILE = "deltas/deltas.parquet"
_WRITTEN_FOLDERS = (".", "plan", "languages", "trials", "scores", "predictions", "deltas", "contrasts")


@dataclass(frozen=True)
class ResultStore:
    """A sweep's results in one place that can be moved, copied, and read without this code."""

    storage: Storage
    sweep: Mapping[str, Any]
    """What sweep.json holds: name, sweep_id, schema_version, created_at, and what the caller added."""

    @property
    def uri(self) -> str:
        """Path of the folder or URI, as it was given; opens the store again."""
        return self.storage.uri

    @property
    def folder(self) -> Path:
        """The folder, of a store that is in one.

        Raises:
            StorageError: the store is in a bucket.
        """
        if self.storage.local_folder is None:
            raise StorageError(f"{self.uri} is no folder of this machine, which this command needs")
        return self.storage.local_folder

    @classmethod
    def create(cls, place: Path | str | Storage, sweep: Mapping[str, Any]) -> Self:
        """Make a folder or prefix a sweep's, or open it where it is that sweep's already.

        Args:
            place: as `open_storage` takes it; made when missing; may be empty.
            sweep: needs `name` and `sweep_id`; equal ids are the same sweep, and what else is in it is replaced.

        Raises:
            OtherSweepError: the place holds another sweep.
            NotASweepError: it holds something that is no sweep.
            StorageError: it is a file, cannot be made, reached or written to.
        """
        storage = open_storage(place)
        found = cls.find(storage, sweep)
        storage.prepare()
        created_at = str(found.sweep["created_at"]) if found else datetime.now(UTC).isoformat(timespec="seconds")
        content = {**sweep, "schema_version": SCHEMA_VERSION, "created_at": created_at}
        publish_json(storage, _SWEEP_FILE, content)
        return cls.open(storage, for_writing=True)

    @classmethod
    def find(cls, place: Path | str | Storage, sweep: Mapping[str, Any]) -> Self | None:
        """Open a sweep's store where it was begun before; none where the place is empty or missing. Writes nothing.

        Args:
            place: as `open_storage` takes it.
            sweep: needs `name` and `sweep_id`.

        Raises:
            OtherSweepError: the place holds another sweep.
            NotASweepError: it holds something that is no sweep.
            StorageError: it is a file or cannot be reached.
        """
        storage = open_storage(place)
        if storage.exists(_SWEEP_FILE):
            store = cls.open(storage)
            _check_same_sweep(storage.uri, store.sweep, sweep)
            return store
        if strange := sorted([*storage.list_names(), *storage.list_folders()]):
            raise NotASweepError(
                f"{storage.uri} is not empty and holds no sweep (found {strange[0]}); "
                "give --out a folder that is empty or does not exist yet"
            )
        return None

    @classmethod
    def open(cls, place: Path | str | Storage, *, for_writing: bool = False) -> Self:
        """Open the store of a sweep that was begun before.

        Args:
            place: what `create` was given, or where it was moved to.
            for_writing: clear away what writers that were killed long ago left half done; nothing else is written.

        Raises:
            NotASweepError: there is no sweep in this place.
            SchemaVersionError: written by another version of the schema.
            StorageError: it is a file or cannot be reached.
        """
        storage = open_storage(place)
        where = storage.locate(_SWEEP_FILE)
        try:
            sweep = json.loads(storage.read_bytes(_SWEEP_FILE))
            version = sweep["schema_version"]
        except FileNotFoundError as error:
            raise _no_sweep(storage) from error
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedFileError(
                f"{where} is not the description of a sweep ({error!r}); restore it from a copy, or, if the rest of "
                "the folder is whole, move the file away and run `xlt sweep run SPACE --out` into a new folder"
            ) from error
        check_version(where, version)
        if for_writing:
            storage.clear_unfinished(_WRITTEN_FOLDERS)
        return cls(storage, sweep)

    def clear_unfinished(self) -> None:
        """Clear away all that killed writers left half done; for who knows that nobody else writes."""
        self.storage.clear_unfinished(_WRITTEN_FOLDERS, at_any_age=True)

    def write_plan(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add planned trials (`schema.PLAN`); a trial planned again takes the newer row, none is ever removed."""
        rows = list(rows)
        canonical = json.dumps(rows, sort_keys=True, default=str).encode()
        digest = hashlib.sha256(canonical).hexdigest()[:16]
        self.set_damaged_plans_aside()
        present = self.storage.list_names("plan", ".parquet")
        if not rows or (present and present[-1].endswith(f"-{digest}.parquet")):
            return
        number = 1 + max((int(name.rpartition("/")[2][:4]) for name in present), default=-1)
        name = f"plan/{number:04d}-{digest}.parquet"  # readers take the files in the order of their names
        publish_table(self.storage, name, make_table(rows, PLAN), PLAN)

    def write_languages(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write what is known of the languages that are scored (`schema.LANGUAGES`); replaces what was there."""
        publish_table(self.storage, LANGUAGES_FILE, make_table(rows, LANGUAGES), LANGUAGES)

    def set_damaged_plans_aside(self) -> tuple[str, ...]:
        """Move files of the plan that cannot be read under `damaged/`; give their names."""
        damaged: list[str] = []
        present = self.storage.list_names("plan", ".parquet")
        read_tables(self.storage, present, PLAN, None, lambda name, _: damaged.append(name))
        set_plans_aside(self.storage, damaged)
        return tuple(damaged)

    def publish_trial(
        self, trial: Mapping[str, Any], scores: Iterable[Mapping[str, Any]], predictions: pa.Table | None = None
    ) -> None:
        """Publish a finished trial; again for the same trial replaces it whole.

        Args:
            trial: a row of `schema.TRIALS`.
            scores: rows of `schema.SCORES`, all of this trial; none for a trial that failed before scoring.
            predictions: see `results.predictions`; none given: no rows.

        Raises:
            RowError: a row does not fit, or is of another trial.
            DiskFullError: no room; the trial is unfinished, all others are untouched.
        """
        marker = make_table([trial], TRIALS)
        score_table = make_table(scores, SCORES)
        prediction_table = PREDICTIONS.empty_table() if predictions is None else predictions
        trial_id = str(trial["trial_id"])
        for table in (score_table, prediction_table):
            if strange := set(table["trial_id"].unique().to_pylist()) - {trial_id}:
                raise RowError(f"trial {trial_id}: rows of another trial ({strange.pop()}) among its own")
        # The mark goes first and comes back last: whoever is killed in between leaves an unfinished trial behind,
        # never the mark of one attempt beside the scores of another.
        self.storage.remove(trial_file("trials", trial_id))
        publish_table(self.storage, trial_file("predictions", trial_id), prediction_table, PREDICTIONS)
        publish_table(self.storage, trial_file("scores", trial_id), score_table, SCORES)
        publish_table(self.storage, trial_file("trials", trial_id), marker, TRIALS)

    def finished(self) -> dict[str, str]:
        """Status of every finished trial by its id, planned or not; a trial whose mark is damaged is not finished."""
        entries = [mark for mark, _ in finished_entries(self.storage).values()]
        table = read_folder(self.storage, "trials", entries, TRIALS, ["trial_id", "status"], on_damaged=_leave_out).rows
        return dict(zip(table["trial_id"].to_pylist(), table["status"].to_pylist(), strict=True))

    def read_trial(self, trial_id: str, columns: Sequence[str] | None = None) -> dict[str, Any] | None:
        """Read the row of a finished trial; none where it has none.

        Raises:
            DamagedFileError: its file cannot be read.
        """
        (table,) = read_tables(self.storage, [trial_file("trials", trial_id)], TRIALS, columns)
        return None if table is None else table.to_pylist()[0]

    def find_damaged(self) -> dict[str, str]:
        """Why a trial's rows cannot be read, by trial id; see `results.damage`."""
        return find_damaged(self.storage)

    def set_aside(self, trial_id: str) -> None:
        """Move a trial's files under `damaged/`, so that it is pending again."""
        set_aside(self.storage, trial_id)

    def pending(self, rerun: Collection[str] = ()) -> list[str]:
        """Ids of the planned trials still to be run, in the order of the plan.

        Args:
            rerun: statuses to be run again although finished.
        """
        finished = self.finished()
        planned: list[str] = self.plan()["trial_id"].to_pylist()
        return [trial for trial in planned if trial not in finished or finished[trial] in rerun]

    def snapshot(self) -> Snapshot:
        """Give all tables, each read once, when first asked for."""
        return Snapshot(self.storage)

    def plan(self) -> pa.Table:
        """Every planned trial, one row each; columns of `schema.PLAN`."""
        return self.snapshot().plan

    def trials(self) -> pa.Table:
        """Every planned trial with what became of it; see `Snapshot.trials`."""
        return self.snapshot().trials

    def scores(self) -> pa.Table:
        """Scores of finished trials; columns of `schema.SCORES`."""
        return self.snapshot().scores

    def predictions(self) -> pa.Table:
        """Predictions of finished trials; columns of `schema.PREDICTIONS`. May be large."""
        return self.snapshot().predictions.to_table()

    def deltas(self) -> pa.Table:
        """Deltas of what is finished now; columns of `schema.DELTAS`."""
        return self.snapshot().deltas

    def contrasts(self) -> pa.Table:
        """Declared contrasts and deltas with intervals, tests and verdicts; columns of `statistics.schema.CONTRASTS`.

        Kept beside the store, and computed only where something has changed since.
        """
        from results.statistics.kept import load_contrasts  # heavy

        return load_contrasts(self.snapshot(), Analysis.from_sweep(self.sweep))

    def languages(self) -> pa.Table:
        """What is known of the languages that are scored; columns of `schema.LANGUAGES`."""
        return self.snapshot().languages

    def query(self, sql: str) -> pa.Table:
        """Run a SELECT on the tables; see `queries.run_query`."""
        from results.queries import run_query
        from results.several import NamedStore

        return run_query([NamedStore(str(self.sweep.get("name")), self)], sql)

    def write_deltas(self) -> str:
        """Recompute the deltas and publish them for readers that do not have this code; give their file's name."""
        snapshot = self.snapshot()
        publish_table(self.storage, _DELTAS_FILE, snapshot.deltas, DELTAS)
        snapshot.compact()
        return _DELTAS_FILE


def _leave_out(_name: str, _error: DamagedFileError) -> None:
    """A trial with a damaged mark has not finished."""


def _no_sweep(storage: Storage) -> NotASweepError:
    folders = storage.list_folders()
    below = [folder for folder in folders if storage.exists(f"{folder}/{_SWEEP_FILE}")]
    hint = f"; there are sweeps in {', '.join(below)} below it" if below else ""
    is_there = bool(folders or storage.list_names() or (storage.local_folder and storage.local_folder.is_dir()))
    what = "holds no sweep.json" if is_there else "is no folder"
    return NotASweepError(f"no sweep in {storage.uri}: it {what}{hint}. Give the folder that `xlt sweep run` wrote to")


def _check_same_sweep(folder: str, found: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    if found.get("sweep_id") != asked["sweep_id"]:
        raise OtherSweepError(
            f"{folder} holds the sweep '{found.get('name')}' ({found.get('sweep_id')}), asked for was "
            f"'{asked['name']}' ({asked['sweep_id']}): a sweep keeps its name and its base, and only axes, seeds, "
            "baseline, resources and what is scored may change. Give another --out, or continue the sweep that is "
            f"there with `xlt sweep resume {folder}`"
        )
