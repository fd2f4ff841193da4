import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from results.errors import FormatError, QueryError
from results.report import page as page_module
from results.report.evidence import Problem
from results.report.page import content_policy, render_page, write_page
from tests.results.report.evidence_factory import Shape, empty_evidence, make_evidence

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"'&"
_VOID = {"meta", "img", "br", "link", "input", "hr"}


class _Reader(HTMLParser):
    """Checks that elements nest, and keeps what tests ask for."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.ids, self.headings, self.attributes = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(text):
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


SMALL = Shape(num_languages=4, methods=("pgd",), magnitudes=(0.1,))


@pytest.fixture(scope="module")
def text():
    return render_page(make_evidence())


def _nasty_evidence():
    evidence = make_evidence(SMALL)
    contrasts = evidence.contrasts.assign(
        contrast=evidence.contrasts["contrast"] + NASTY, failed_runs=NASTY, ci_method=NASTY
    )
    names = evidence.languages.assign(name=NASTY, family=NASTY)
    trials = evidence.trials.assign(cell=NASTY, status="diverged", reason=NASTY, note=NASTY)
    space = {NASTY: NASTY, "description": NASTY}
    sweep = {"name": NASTY, "sweep_id": NASTY, "versions": {NASTY: NASTY}, "space": space}
    tables = {"contrasts": contrasts, "languages": names, "trials": trials, "sweep": sweep, "uri": NASTY}
    return replace(evidence, problems=(Problem(NASTY, NASTY),), **tables)


@pytest.fixture(scope="module")
def nasty_text():
    return render_page(_nasty_evidence(), digest="d1")


def test_elements_nest_and_ids_are_there_once(text):
    reader = read(text)
    assert len(set(reader.ids)) == len(reader.ids)


def test_headings_are_in_order_and_landmarks_are_there(text):
    reader = read(text)
    assert reader.headings[0] == 1
    assert reader.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(reader.headings, reader.headings[1:], strict=False))
    assert {"header", "nav", "main", "footer"} <= set(reader.tags)


def test_links_within_the_page_lead_somewhere(text):
    reader = read(text)
    targets = [value[1:] for tag, name, value in reader.attributes if tag == "a" and name == "href"]
    assert len(targets) > 8
    assert set(targets) <= set(reader.ids)


def test_nothing_is_loaded_from_elsewhere(text):
    reader = read(text)
    assert [value for _, name, value in reader.attributes if name in ("src", "srcset", "action", "data")] == []
    assert "link" not in reader.tags
    style = re.search(r"<style>(.*?)</style>", text, flags=re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_no_text_from_the_store_becomes_markup(nasty_text):
    reader = read(nasty_text)
    assert "img" not in reader.tags
    assert [value for _, name, value in reader.attributes if name.startswith("on")] == []
    assert "<script>alert" not in nasty_text
    assert nasty_text.count("</script>") == reader.tags.count("script")
    assert html.escape(NASTY, quote=False).split("&quot;")[0][:30] in nasty_text


def test_specifications_are_json_that_reads_back(nasty_text):
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', nasty_text, flags=re.DOTALL)
    assert len(blocks) > 5
    assert any(NASTY in json.dumps(json.loads(block), ensure_ascii=False).replace('\\"', '"') for block in blocks)


def test_only_scripts_with_the_hashes_of_the_policy_stand_in_the_page(text):
    policy = html.unescape(re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1])
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert {f"'sha256-{page_module._hash(script)}'" for script in scripts} == set(re.findall(r"'sha256-[^']*'", policy))
    assert policy.startswith("default-src 'none'; ")
    assert "connect-src" not in policy
    assert "unsafe-eval" not in policy


def test_a_page_that_renews_itself_may_ask_its_own_server_only():
    policy = content_policy(is_live=True)
    assert "connect-src 'self'" in policy
    assert policy.count("sha256") == content_policy(is_live=False).count("sha256") + 1


def test_every_figure_has_its_words_and_its_numbers(text):
    figures = re.findall(r'<figure id="figure-(\w+)">(.*?)</figure>', text, flags=re.DOTALL)
    assert len(figures) >= 5
    for kind, figure in figures:
        assert re.search(r'role="img" aria-label="[^"]{20,}"', figure), kind
        assert re.search(r"<figcaption>.{20,}</figcaption>", figure, flags=re.DOTALL), kind
        assert "<caption>" in figure, kind


def test_tables_have_captions_and_scopes(text):
    assert len(re.findall("<table>\n", text)) == len(re.findall("<table>\n<caption>", text))
    assert re.search(r'<th scope="row">', text)
    assert not re.search("<th>", re.sub("<script.*?</script>", "", text, flags=re.DOTALL))


def test_every_number_of_every_language_is_there_without_scripts(text):
    bare = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    for row in make_evidence().contrasts.query("unit == 'language'").head(50).to_dict("records"):
        assert f"{row['delta']:+.1f}".replace("-", "−").replace("−0.0", "+0.0") in bare


def test_the_page_takes_back_verdicts_that_their_intervals_do_not_bear_out():
    contrasts = make_evidence(SMALL).contrasts
    claimed = ["better" if place % 2 else "worse" for place in range(len(contrasts))]
    broken = contrasts.assign(verdict=claimed, ci_adjusted_low=-1.0, ci_adjusted_high=1.0)
    text = render_page(replace(make_evidence(SMALL), contrasts=broken))
    text = re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)
    assert set(re.findall(r'<span class="verdict">(\w+)</span>', text)) == {"undecided"}
    assert "the corrected interval lies" not in text


def test_a_sweep_that_has_only_begun_has_a_page():
    text = render_page(empty_evidence())
    read(text)
    assert "Nothing is planned yet." in text
    assert "There is nothing to draw yet." in text


def test_a_figure_that_cannot_be_drawn_is_a_note_beside_all_others(monkeypatch):
    def refuse(evidence):
        raise QueryError("these rows cannot be drawn")

    monkeypatch.setattr(page_module, "FIGURES", {"broken": refuse} | dict(page_module.FIGURES))
    text = render_page(make_evidence(SMALL))
    assert "<strong>figure broken:</strong> these rows cannot be drawn" in text
    assert 'id="figure-heatmap"' in text


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_the_theme_stands_in_the_root_element(theme):
    assert f'<html lang="en" data-theme="{theme}">' in render_page(empty_evidence(), theme=theme)


def test_the_same_evidence_gives_the_same_page(nasty_text):
    assert render_page(_nasty_evidence(), digest="d1") == nasty_text


def test_a_page_is_written_whole_and_a_place_that_takes_none_is_named(tmp_path):
    write_page(tmp_path / "report.html", "text")
    assert (tmp_path / "report.html").read_text() == "text"
    with pytest.raises(FormatError, match="give another -o"):
        write_page(tmp_path / "missing" / "report.html", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
