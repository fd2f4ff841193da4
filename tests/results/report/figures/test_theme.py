import itertools

import numpy as np
import pytest

from results.report.figures.theme import PALETTES, SHAPES, THEMES, VERDICT_SHAPES, VERDICTS, config
from results.statistics.verdicts import VERDICTS as GIVEN_VERDICTS

_DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
_PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
_TRITANOPIA = [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
"""Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB."""


def linear(color: str) -> np.ndarray:
    channels = np.array([int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """WCAG 2's contrast ratio."""
    one, other = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (first, second))
    return (other + 0.05) / (one + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB, white point D65."""
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    scaled = matrix @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    root = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("theme", THEMES)
def test_all_text_can_be_read_on_its_background(theme):
    palette = PALETTES[theme]
    assert min(contrast(color, palette.background) for color in (palette.text, palette.muted)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_all_marks_of_verdicts_and_series_stand_out_from_the_background(theme):
    palette = PALETTES[theme]
    assert min(contrast(color, palette.background) for color in (*palette.verdicts, *palette.series)) >= 3.0


@pytest.mark.parametrize("matrix", [np.eye(3), _DEUTERANOPIA, _PROTANOPIA, _TRITANOPIA])
@pytest.mark.parametrize("theme", THEMES)
def test_better_and_worse_differ_for_every_common_colour_blindness(theme, matrix):
    palette = PALETTES[theme]
    for better, worse in ((palette.verdicts[0], palette.verdicts[1]), (palette.diverging[-1], palette.diverging[0])):
        seen = [lab(np.array(matrix) @ linear(color)) for color in (better, worse)]
        assert np.linalg.norm(seen[0] - seen[1]) > 40


@pytest.mark.parametrize("theme", THEMES)
def test_the_middle_of_deltas_is_nearest_to_the_background(theme):
    palette = PALETTES[theme]
    ratios = [contrast(color, palette.background) for color in palette.diverging]
    middle = len(ratios) // 2
    assert ratios[: middle + 1] == sorted(ratios[: middle + 1], reverse=True)
    assert ratios[middle:] == sorted(ratios[middle:])


@pytest.mark.parametrize("theme", THEMES)
def test_every_colour_of_a_configuration_is_of_its_palette(theme):
    palette = PALETTES[theme]
    allowed = {*palette[:4], *itertools.chain(*palette[4:]), "transparent", None}

    def colors(node):
        if isinstance(node, dict):
            for value in node.values():
                yield from colors(value)
        elif isinstance(node, list):
            for value in node:
                yield from colors(value)
        elif isinstance(node, str) and node.startswith("#"):
            yield node

    assert set(colors(config(theme))) <= allowed


def test_every_verdict_has_a_colour_and_a_shape_of_its_own():
    assert set(VERDICTS) == set(GIVEN_VERDICTS)
    assert len(set(VERDICT_SHAPES)) == len(VERDICTS)
    assert all(len(palette.verdicts) == len(VERDICTS) for palette in PALETTES.values())


def test_every_series_has_a_colour_and_a_shape_of_its_own():
    assert all(len(set(palette.series)) == len(set(SHAPES)) == len(SHAPES) for palette in PALETTES.values())
