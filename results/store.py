"""The store of one sweep: a folder of Parquet files and sweep.json. The sweep's work is the plan minus what it holds.

In: rows (`results.schema`). Out: Arrow tables. A trial is finished if and only if `trials/<trial_id>.parquet` exists.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from results import files
from results.errors import DamagedFileError, NotASweepError, OtherSweepError, RowError
from results.schema import DELTAS, PLAN, PREDICTIONS, SCHEMA_VERSION, SCORES, TRIALS, make_table
from results.snapshot import Snapshot, finished_marks

_SWEEP_FILE = "sweep.json"
_WRITTEN_FOLDERS = (".", "plan", "trials", "scores", "predictions", "deltas")


@dataclass(frozen=True)
class ResultStore:
    """A sweep's results in one folder that can be moved, copied, and read without this code."""

    folder: Path
    sweep: Mapping[str, Any]
    """What sweep.json holds: name, sweep_id, schema_version, created_at, and what the caller added."""

    @classmethod
    def create(cls, folder: Path | str, sweep: Mapping[str, Any]) -> Self:
        """Make the folder a sweep's, or open it where it is that sweep's already.

        Args:
            folder: made when missing; may be empty.
            sweep: needs `name` and `sweep_id`; equal ids are the same sweep, and what else is in it is replaced.

        Raises:
            OtherSweepError: the folder holds another sweep.
            NotASweepError: the folder holds something that is no sweep, is a file, or cannot be made.
        """
        folder = Path(folder)
        found = cls.find(folder, sweep)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotASweepError(f"{folder} cannot be made ({error.strerror}); give --out another folder") from error
        created_at = str(found.sweep["created_at"]) if found else datetime.now(UTC).isoformat(timespec="seconds")
        content = {**sweep, "schema_version": SCHEMA_VERSION, "created_at": created_at}
        files.publish_json(content, folder / _SWEEP_FILE)
        return cls.open(folder, for_writing=True)

    @classmethod
    def find(cls, folder: Path, sweep: Mapping[str, Any]) -> Self | None:
        """Open a sweep's store where it was begun before; none where the folder is empty or missing. Writes nothing.

        Args:
            folder: as `create` takes it.
            sweep: needs `name` and `sweep_id`.

        Raises:
            OtherSweepError: the folder holds another sweep.
            NotASweepError: the folder holds something that is no sweep, or is a file.
        """
        if folder.exists() and not folder.is_dir():
            raise NotASweepError(f"{folder} is a file; give a folder that is empty or does not exist yet")
        if (folder / _SWEEP_FILE).exists():
            store = cls.open(folder)
            _check_same_sweep(folder, store.sweep, sweep)
            return store
        if strange := files.published_files(folder, ""):
            raise NotASweepError(
                f"{folder} is not empty and holds no sweep (found {strange[0].name}); "
                "give --out a folder that is empty or does not exist yet"
            )
        return None

    @classmethod
    def open(cls, folder: Path | str, *, for_writing: bool = False) -> Self:
        """Open the store of a sweep that was begun before.

        Args:
            folder: what `create` was given, or where it was moved to.
            for_writing: clear away what writers that were killed long ago left half done; nothing else is written.

        Raises:
            NotASweepError: there is no sweep in this folder.
            SchemaVersionError: written by another version of the schema.
        """
        folder = Path(folder)
        path = folder / _SWEEP_FILE
        if not path.is_file():
            below = sorted(found.parent.name for found in folder.glob(f"*/{_SWEEP_FILE}"))
            hint = f"; there are sweeps in {', '.join(below)} below it" if below else ""
            what = "holds no sweep.json" if folder.is_dir() else "is no folder"
            raise NotASweepError(
                f"no sweep in {folder}: it {what}{hint}. Give the folder that `xlt sweep run` wrote to"
            )
        try:
            sweep = json.loads(path.read_bytes())
            version = sweep["schema_version"]
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedFileError(
                f"{path} is not the description of a sweep ({error!r}); if the rest of the folder is whole, remove "
                "the file and run `xlt sweep run SPACE --out` into a new folder, or restore it from a copy"
            ) from error
        files.check_version(path, version)
        for name in _WRITTEN_FOLDERS if for_writing else ():
            files.remove_stale_temporaries(folder / name)
        return cls(folder, sweep)

    def write_plan(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add planned trials (`schema.PLAN`); a trial planned again takes the newer row, none is ever removed."""
        rows = list(rows)
        canonical = json.dumps(rows, sort_keys=True, default=str).encode()
        digest = hashlib.sha256(canonical).hexdigest()[:16]
        present = files.published_files(self.folder / "plan", ".parquet")
        if not rows or (present and present[-1].stem.endswith(digest)):
            return
        name = f"{len(present):04d}-{digest}.parquet"  # readers take the files in the order of their names
        files.publish_table(make_table(rows, PLAN), self.folder / "plan" / name, PLAN)

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
        files.remove_file(self._path("trials", trial_id))
        files.publish_table(prediction_table, self._path("predictions", trial_id), PREDICTIONS)
        files.publish_table(score_table, self._path("scores", trial_id), SCORES)
        files.publish_table(marker, self._path("trials", trial_id), TRIALS)

    def finished(self) -> dict[str, str]:
        """Status of every finished trial by its id, planned or not."""
        table = files.read_tables(finished_marks(self.folder), TRIALS, ["trial_id", "status"])
        return dict(zip(table["trial_id"].to_pylist(), table["status"].to_pylist(), strict=True))

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
        return Snapshot(self.folder)

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

    def write_deltas(self) -> Path:
        """Recompute the deltas and publish them for readers that do not have this code; give their file."""
        path = self.folder / "deltas" / "deltas.parquet"
        files.publish_table(self.deltas(), path, DELTAS)
        return path

    def _path(self, table: str, trial_id: str) -> Path:
        return self.folder / table / f"{trial_id}.parquet"


def _check_same_sweep(folder: Path, found: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    if found.get("sweep_id") != asked["sweep_id"]:
        raise OtherSweepError(
            f"{folder} holds the sweep '{found.get('name')}' ({found.get('sweep_id')}), asked for was "
            f"'{asked['name']}' ({asked['sweep_id']}): a sweep keeps its name and its base, and only axes, seeds, "
            "baseline and resources may change. Give another --out, or continue the sweep that is there with "
            f"`xlt sweep resume {folder}`"
        )
