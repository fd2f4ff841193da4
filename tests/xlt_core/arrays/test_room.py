"""How many models there is room for."""

import pytest
import torch

from tests.contracts.perturbation_contract import build_objective
from xlt_core.arrays import room
from xlt_core.arrays.room import count_models_that_fit, measure_free_bytes
from xlt_core.perturbations.spec import PerturbationSpec


def test_as_many_fit_as_half_of_what_is_free_holds_six_times(monkeypatch):
    tuning = build_objective(PerturbationSpec())
    num_bytes = 4 * sum(parameter.numel() for parameter in tuning.module.parameters())
    monkeypatch.setattr(room, "_count_cores", torch.get_num_threads)
    for free, fitting in ((36 * num_bytes, 3), (35 * num_bytes, 2), (num_bytes, 1), (0, 1)):
        monkeypatch.setattr(room, "measure_free_bytes", lambda _, free=free: free)
        assert count_models_that_fit(tuning) == fitting


def test_a_process_with_some_of_the_cores_has_as_much_of_the_memory(monkeypatch):
    tuning = build_objective(PerturbationSpec())
    num_bytes = 4 * sum(parameter.numel() for parameter in tuning.module.parameters())
    monkeypatch.setattr(room, "measure_free_bytes", lambda _: 96 * num_bytes)
    for num_workers, fitting in ((1, 8), (4, 2), (100, 1)):
        monkeypatch.setattr(room, "_count_cores", lambda num=num_workers: num * torch.get_num_threads())
        assert count_models_that_fit(tuning) == fitting


def test_in_a_container_what_its_limit_leaves_counts_where_that_is_less(monkeypatch, tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemAvailable:   2500 kB\n", encoding="ascii")
    monkeypatch.setattr(room, "_MEMINFO", meminfo)
    monkeypatch.setattr(room, "_CONTAINER", tmp_path)
    (tmp_path / "memory.current").write_text("900000\n", encoding="ascii")
    (tmp_path / "memory.stat").write_text("anon 600000\ninactive_file 200000\n", encoding="ascii")
    for limit, free in (("1000000", 300_000), ("max", 2500 * 1024), ("500000", 0)):
        (tmp_path / "memory.max").write_text(f"{limit}\n", encoding="ascii")
        assert measure_free_bytes(torch.device("cpu")) == free


def test_where_nobody_says_what_is_free_nothing_is_held_back(monkeypatch, tmp_path):
    monkeypatch.setattr(room, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(room, "_CONTAINER", tmp_path)
    assert measure_free_bytes(torch.device("cpu")) is None
    assert count_models_that_fit(build_objective(PerturbationSpec())) > 1000


def test_what_is_free_is_what_the_system_says_could_be_taken(monkeypatch, tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:   2500 kB\n", encoding="ascii")
    monkeypatch.setattr(room, "_MEMINFO", meminfo)
    monkeypatch.setattr(room, "_CONTAINER", tmp_path)
    assert measure_free_bytes(torch.device("cpu")) == 2500 * 1024


@pytest.mark.skipif(not torch.cuda.is_available(), reason="free memory of a GPU needs CUDA")
def test_on_a_gpu_it_is_the_gpus():
    free = measure_free_bytes(torch.device("cuda"))
    assert 0 < free <= torch.cuda.get_device_properties(0).total_memory
