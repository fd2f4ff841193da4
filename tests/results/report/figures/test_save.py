import json
import re
from dataclasses import replace

import pytest

from results.errors import FormatError
from results.report.figures.contrasts import draw
from results.report.figures.save import save_figure, specify
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def figure():
    return draw(shared_evidence(Shape(num_languages=4)))


def test_an_svg_says_in_words_what_it_shows(figure, tmp_path):
    save_figure(replace(figure, alt_text="a < b & c"), tmp_path / "f.svg")
    text = (tmp_path / "f.svg").read_text()
    assert text.startswith("<svg")
    assert "<desc>a &lt; b &amp; c</desc>" in text
    assert f"<title>{figure.title}</title>" in text


def test_a_png_is_as_large_as_its_scale(figure, tmp_path):
    widths = []
    for scale in (1.0, 2.0):
        save_figure(figure, tmp_path / "f.png", scale=scale)
        content = (tmp_path / "f.png").read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        widths.append(int.from_bytes(content[16:20], "big"))
    assert abs(widths[1] - 2 * widths[0]) <= 1


def test_a_page_loads_nothing_and_no_label_breaks_out_of_it(figure, tmp_path):
    evil = "</script><script>alert(1)</script>"
    evidence = shared_evidence(Shape(num_languages=4))
    rows = evidence.contrasts.assign(contrast=evil + evidence.contrasts["contrast"])
    save_figure(replace(draw(replace(evidence, contrasts=rows)), caption=evil), tmp_path / "f.html", theme="dark")
    text = (tmp_path / "f.html").read_text()
    assert evil not in text
    assert not re.search(r"""(src|href)\s*=\s*["']https?:""", text)
    assert "<table" in text


def test_a_specification_can_be_read_again(figure, tmp_path):
    save_figure(figure, tmp_path / "f.json", theme="print")
    assert json.loads((tmp_path / "f.json").read_text()) == json.loads(json.dumps(specify(figure, "print")))


def test_other_endings_are_refused_with_those_there_are(figure, tmp_path):
    with pytest.raises(FormatError, match=r"must end in \.svg, \.png, \.html, \.json"):
        save_figure(figure, tmp_path / "f.pdf")
