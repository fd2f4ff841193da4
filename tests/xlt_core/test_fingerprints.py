"""Hashes remembered while a sweep is planned: read once, and equal to those of what was read."""

from pathlib import Path

import pytest

from tests.factories import build_encoder, write_neighbor_file, write_pair_folder
from tests.learnable import write_single_folder
from xlt_core.encoders.identity import encoder_fingerprint
from xlt_core.errors import DataError
from xlt_core.fingerprints import Fingerprints
from xlt_core.spec import StageSpec
from xlt_core.tasks import load_task


class CountingTask:
    """PAWS-X, counting how often its files are checked."""

    def __init__(self):
        self._task = load_task("pawsx")
        self.num_checks = 0

    def __getattr__(self, name):
        return getattr(self._task, name)

    def check(self, *arguments, **settings):
        self.num_checks += 1
        self._task.check(*arguments, **settings)


@pytest.fixture
def data(tmp_path) -> str:
    write_pair_folder(tmp_path / "data")
    return str(tmp_path / "data")


def test_data_are_checked_once_for_each_split_and_set_of_languages(data):
    task, fingerprints = CountingTask(), Fingerprints()
    first = fingerprints.of_data(task, data, "test", ("de", "en"))
    assert (
        first == fingerprints.of_data(task, data, "test", ("de", "en")) == task.fingerprint(data, "test", ("de", "en"))
    )
    assert task.num_checks == 1
    others = {fingerprints.of_data(task, data, split, ("en",)) for split in ("train", "dev", "test")}
    assert len(others | {first}) == 4
    assert task.num_checks == 4


def test_files_that_cannot_be_used_are_refused_every_time(data):
    (Path(data) / "test-de.tsv").write_text("only one column\n", encoding="utf-8")
    task, fingerprints = CountingTask(), Fingerprints()
    for _ in range(2):
        with pytest.raises(DataError, match=r"test-de\.tsv"):
            fingerprints.of_data(task, data, "test", ("de",))
    assert task.num_checks == 2


def test_an_encoder_is_hashed_as_its_content(tmp_path):
    build_encoder().save(tmp_path / "encoder")
    fingerprints, source = Fingerprints(), str(tmp_path / "encoder")
    known = fingerprints.of_encoder(source)
    assert known == encoder_fingerprint(source)
    (tmp_path / "encoder/config.json").unlink()
    assert fingerprints.of_encoder(source) == known, "remembered"


def test_neighbor_files_are_known_by_their_content(tmp_path):
    for name in ("one", "two"):
        write_neighbor_file(tmp_path / f"{name}.json")
    fingerprints = Fingerprints()
    assert fingerprints.of_neighbors(str(tmp_path / "one.json")) == fingerprints.of_neighbors(
        str(tmp_path / "two.json")
    )
    (tmp_path / "three.json").write_text('{"a": ["b"]}', encoding="utf-8")
    assert fingerprints.of_neighbors(str(tmp_path / "three.json")) != fingerprints.of_neighbors(
        str(tmp_path / "one.json")
    )


def write_part(data: str, folder: Path, num_kept: int) -> str:
    """A folder with the first training examples of another, and as many that are nowhere else."""
    folder.mkdir()
    kept = (Path(data) / "train-en.tsv").read_text(encoding="utf-8").splitlines()[:num_kept]
    lines = [line for place, line in enumerate(kept) for line in (line, f"only{place}\there\t0")]
    (folder / "train-en.tsv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return str(folder)


def test_overlap_is_the_share_of_the_first_tasks_examples_that_the_other_has(data, tmp_path):
    task, part = load_task("pawsx"), write_part(data, tmp_path / "part", 60)
    fingerprints = Fingerprints()
    assert fingerprints.of_overlap(task, part, task, data) == 0.5
    assert fingerprints.of_overlap(task, data, task, part) == 60 / 240
    (Path(part) / "train-en.tsv").unlink()
    assert fingerprints.of_overlap(task, part, task, data) == 0.5, "remembered"


def test_tasks_of_other_texts_and_data_that_only_the_hub_has_share_nothing_that_is_known(data, tmp_path):
    write_single_folder(tmp_path / "single")
    pairs, single = load_task("pawsx"), load_task("nusax")
    fingerprints = Fingerprints()
    assert fingerprints.of_overlap(pairs, data, single, str(tmp_path / "single")) == 0.0
    assert fingerprints.of_overlap(pairs, "hub", pairs, data) == fingerprints.of_overlap(pairs, data, pairs, "hub") == 0


def pool_of(data: str, num_examples: int) -> StageSpec:
    """Arms of this size."""
    difficulty = {"scorer": {"encoder": "scorer"}, "num_examples": num_examples}
    return StageSpec.model_validate({"task": "pawsx", "data": data, "dose": 0.5, "difficulty": difficulty})


def test_a_pool_is_read_once_for_all_its_arms(data):
    fingerprints, settings = Fingerprints(), pool_of(data, 80)
    fingerprints.check_pool_of(settings)
    (Path(data) / "train-en.tsv").unlink()
    fingerprints.check_pool_of(settings)
    fingerprints.check_pool_of(settings.model_copy(update={"dose": "random"}))
    with pytest.raises(DataError, match="train"):
        fingerprints.check_pool_of(pool_of(data, 79))


def test_a_pool_without_arms_is_refused_every_time(data):
    fingerprints = Fingerprints()
    for _ in range(2):
        with pytest.raises(DataError, match="num_examples 81: the pool has 240 examples"):
            fingerprints.check_pool_of(pool_of(data, 81))


def test_a_pool_that_only_the_hub_has_is_not_read_before_its_turn(monkeypatch):
    def download(settings: StageSpec) -> None:
        raise AssertionError(f"{settings.data} was read")

    monkeypatch.setattr("xlt_core.fingerprints.check_pool", download)
    Fingerprints().check_pool_of(pool_of("hub", 80))
    with pytest.raises(AssertionError, match="world"):  # drawn, not downloaded, whatever `data` says
        Fingerprints().check_pool_of(pool_of("hub:world", 80).model_copy(update={"task": "world"}))
