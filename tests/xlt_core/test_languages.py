"""The table of languages and its codes."""

import pytest

from xlt_core.errors import UnknownNameError
from xlt_core.languages import LANGUAGES, canonical_language
from xlt_core.tasks import load_task

XTREME_R_CODES = (
    "af ar az bg bn de el en es et eu fa fi fr gu he hi ht hu id it ja jv ka kk ko lt ml mr ms my nl pa pl pt qu ro ru "
    "sw ta te th tl tr uk ur vi wo yo zh"
)


def test_it_holds_the_fifty_languages_of_xtreme_r_and_those_of_every_real_task():
    xtreme_r = set(XTREME_R_CODES.split())
    assert len(xtreme_r) == 50
    assert xtreme_r <= set(LANGUAGES)
    for name in ("xnli", "pawsx", "udpos"):
        assert set(load_task(name).languages) <= set(LANGUAGES)


def test_no_code_stands_for_two_languages():
    codes = [code for row in LANGUAGES.values() for code in {row.code, row.iso3, *row.aliases}]
    assert len(codes) == len(set(codes))
    assert all(canonical_language(code) in LANGUAGES for code in codes)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [("zh", "zh"), ("cmn", "zh"), ("zh-Hans", "zh"), ("zh_CN", "zh"), ("pt-BR", "pt"), ("swh", "sw"), ("iw", "he"),
     ("pes", "fa"), ("EN", "en"), ("fil", "tl"), ("aym", "ay"), ("bzd", "bzd")],
)  # fmt: skip
def test_other_codes_for_a_language_are_understood(given, canonical):
    assert canonical_language(given) == canonical


def test_an_unknown_code_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown language 'deuu'; did you mean 'deu'"):
        canonical_language("deuu")


def test_sizes_are_those_of_the_published_table(shared_folder):
    rows = (shared_folder / "published/cc100.csv").read_text(encoding="utf-8").splitlines()[1:]
    published = {row.split(",")[0]: float(row.split('"')[0].rstrip(",").split(",")[-1]) for row in rows}
    for code, language in LANGUAGES.items():
        assert language.cc100_gib == published.get(code)
