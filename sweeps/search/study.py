"""Optuna's study of a search: where it is kept, what it is named, and who proposes next.

In: a space and the folder of its sweep. Out: a `Study` that optuna-dashboard opens, too. The sweep's store is the
truth: a study that is damaged is put aside and made anew from it.
"""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from search_spaces.searches import OptunaSearch
from search_spaces.settings import nest
from search_spaces.space import SearchSpace
from xlt_core.canonical import content_key
from xlt_core.errors import StoreError
from xlt_core.streams import stream_seed

logger = logging.getLogger(__name__)

FOLDER = "search"
"""In a sweep's folder: the files of its studies."""

_FILES = {"journal": "journal.log", "sqlite": "study.db"}
_MAX_SEED = 2**32
_GENERATIONS = 5
"""Of the genetic algorithm, at least: a population is not more than this share of all cells."""
_MIN_POPULATION, _MAX_POPULATION = 4, 50


def open_study(space: SearchSpace, search: OptunaSearch, folder: Path | None) -> optuna.Study:
    """Open the study of a space, or begin it.

    Args:
        space: whose study; with other axes, seeds or objectives it has another, since values are other values.
        search: of the space.
        folder: of the sweep; none where it is on remote storage: the study is in memory then, if it has no URL.

    Raises:
        StoreError: the database that its URL names cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if search.storage not in _FILES:
        try:
            return _load(RDBStorage(search.storage), space, search)
        except Exception as error:  # each database has errors of its own
            last_line = (str(error).strip().splitlines() or [repr(error)])[0]
            raise StoreError(
                f"search.optuna.storage '{search.storage}': {last_line}. Start the database, mend the URL, or give "
                "--set search.optuna.storage=journal"
            ) from error
    if folder is None:
        return _load(InMemoryStorage(), space, search)
    path = folder / FOLDER / _FILES[search.storage]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _load(_open_file(path), space, search)
    except Exception as error:  # whatever broken content leads to: all of it can be made anew
        if not path.exists() or not path.stat().st_size:
            raise
        aside = _find_free(path)
        path.rename(aside)
        logger.warning("%s cannot be read (%r): kept as %s, and made anew from the results", path, error, aside.name)
        return _load(_open_file(path), space, search)


def make_sampler(search: OptunaSearch, num_trials: int) -> BaseSampler:
    """Make the sampler of the next proposal: what it draws depends on the seed and the number of trials before it.

    So that a search that is resumed goes on as one that was never stopped, and repeats nothing.
    """
    seed = stream_seed(search.seed, "optuna", num_trials) % _MAX_SEED
    population = min(max(search.num_cells // _GENERATIONS, _MIN_POPULATION), _MAX_POPULATION)
    samplers: dict[str, Callable[[], BaseSampler]] = {
        "tpe": lambda: TPESampler(seed=seed, constant_liar=True),
        "gp": lambda: GPSampler(seed=seed),
        "nsga2": lambda: NSGAIISampler(seed=seed, population_size=population),
        "random": lambda: RandomSampler(seed=seed),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return samplers[search.sampler]()


def _open_file(path: Path) -> BaseStorage:
    if path.suffix == ".db":
        return RDBStorage(f"sqlite:///{path}")
    _cut_half_line(path)
    # Optuna's other lock is a link to the journal: where a killed driver left one and the folder was moved, or its path
    # was relative, the link leads nowhere and is waited for without end.
    return JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))


def _cut_half_line(path: Path) -> None:
    """Drop what a killed driver wrote of a line: Optuna would write the next one behind it, and read neither."""
    content = path.read_bytes() if path.exists() else b""
    num_whole = content.rfind(b"\n") + 1
    if 0 < num_whole < len(content):
        with path.open("r+b") as file:
            file.truncate(num_whole)


def _load(storage: BaseStorage, space: SearchSpace, search: OptunaSearch) -> optuna.Study:
    study = optuna.create_study(
        storage=storage,
        study_name=f"{space.name}-{_identify(space, search)}",
        directions=["maximize"] * len(search.objectives),
        load_if_exists=True,
    )
    if study.metric_names is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            study.set_metric_names(list(search.objectives))
    study.get_trials(deepcopy=False)  # so that what is damaged is found now
    return study


def _identify(space: SearchSpace, search: OptunaSearch) -> str:
    """Short key of all that parameters and values depend on."""
    return content_key(
        {
            "base": nest(space.base),
            "axes": space.axes,
            "baseline": space.baseline,
            "seeds": [list(space.seed_values), space.seeds_from],
            "objectives": list(search.objectives),
            "metric": search.metric,
        }
    )[:8]


def _find_free(path: Path) -> Path:
    """A name beside `path` that no file has."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside
