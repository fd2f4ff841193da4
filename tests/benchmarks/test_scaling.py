import json
import subprocess
import sys

import pytest

from benchmarks.scaling import choose_sizes, summarise
from benchmarks.scaling_point import Point
from benchmarks.scaling_points import SERIES


def figures(seconds: float, num_bytes: float = 1e8) -> list[dict[str, float]]:
    return [{"wall_seconds": seconds, "cpu_seconds": seconds, "peak_bytes": num_bytes, "start_up_seconds": 1.0}] * 3


def test_what_grows_faster_than_linearly_misses_the_target():
    sizes = SERIES["status"].sizes
    linear = summarise("status", "status", {size: figures(0.2 + size / 1e5) for size in sizes}, "wall")
    assert linear["missed"] == []
    assert linear["seconds_a_thousand"] == pytest.approx(0.01, rel=0.05)
    square = summarise("status", "status", {size: figures(0.2 + (size / 1e4) ** 2) for size in sizes}, "wall")
    assert square["missed"] == ["time"]
    memory = summarise("status", "status", {size: figures(1.0, 1e8 + size**2 * 100) for size in sizes}, "wall")
    assert memory["missed"] == ["memory"]


def test_more_than_a_second_a_thousand_trials_misses_the_target():
    slow = summarise("status", "status", {size: figures(size / 500) for size in SERIES["status"].sizes}, "cpu")
    assert slow["missed"] == ["a thousand"]


def test_a_block_counts_what_is_done_in_it(tmp_path):
    point = Point(size=1, folder=tmp_path, sweep=tmp_path)
    with point.measured("filled"):
        assert len(bytearray(200_000_000)) == 200_000_000
    with point.measured("empty"):
        pass
    assert point.figures["filled"].peak_bytes > point.figures["empty"].peak_bytes + 150_000_000
    point.add_up("both")
    assert point.figures["both"].peak_bytes == point.figures["filled"].peak_bytes
    assert point.figures["both"].wall_seconds >= point.figures["filled"].wall_seconds


def test_fewer_sizes_may_be_measured():
    assert choose_sizes("plan", None) == SERIES["plan"].sizes
    assert choose_sizes("plan", 5000) == SERIES["plan"].sizes[:5]
    assert len(choose_sizes("plan", 600)) == 4


@pytest.mark.slow
def test_every_point_of_a_sweep_runs(tmp_path):
    run = [sys.executable, "-m", "benchmarks.scaling"]
    subprocess.run([*run, "--make", "300", "--folder", tmp_path / "sweep"], check=True)
    for name in ("resume-all", "resume-none", "deltas"):
        (tmp_path / name).mkdir()
        place = ["--folder", tmp_path / name, "--sweep", tmp_path / "sweep"]
        done = subprocess.run([*run, "--point", name, "300", *place], check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        assert found["start_up_seconds"] > 0
        assert all(figure["cpu_seconds"] > 0 for figure in found["figures"].values())
