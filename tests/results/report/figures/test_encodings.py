import pandas as pd
import pytest

from results.report.figures.encodings import BARS, delta_extent, magnitude_axis, with_bars


@pytest.mark.parametrize(("deltas", "extent"), [([0.0, 0.1], 0.5), ([-3.1, 2.0], 3.5), ([1.0] * 99 + [90.0], 1.0)])
def test_colours_end_on_half_points_and_not_at_the_wildest_delta(deltas, extent):
    assert delta_extent(pd.Series(deltas)) == extent


def test_a_magnitude_of_0_has_a_place_on_the_axis():
    scale = magnitude_axis([0.0, 0.01, 3.0]).to_dict()["scale"]
    assert scale["type"] == "symlog"
    assert scale["constant"] == 0.01
    assert scale["domain"][0] < 0 < 3.0 < scale["domain"][1]


def test_ticks_are_magnitudes_that_were_measured():
    levels = [0.0, *(2.0**power for power in range(-10, 6))]
    values = magnitude_axis(levels, max_ticks=5).to_dict()["axis"]["values"]
    assert set(values) <= set(levels)
    assert len(values) <= 5


def test_a_bar_without_an_interval_has_no_length():
    frame = pd.DataFrame({"delta": [1.0, 2.0], "ci_low": [0.5, float("nan")], "ci_high": [1.5, float("nan")]})
    bars = with_bars(frame, BARS)
    assert bars["bar_low"].tolist() == [0.5, 2.0]
    assert bars["bar_high"].tolist() == [1.5, 2.0]
