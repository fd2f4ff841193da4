"""The table of languages and its codes."""

import csv
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from langcodes import Language as Tag

from xlt_core.errors import UnknownNameError
from xlt_core.languages import CC100_SOURCE, LANGUAGES, canonical_language
from xlt_core.tasks import TASKS, load_task

XTREME_R = (
    "af ar az bg bn de el en es et eu fa fi fr gu he hi ht hu id it ja jv ka kk ko lt ml mr ms my nl pa pl pt qu ro ru "
    "sw ta te th tl tr uk ur vi wo yo zh"
)
XGLUE = "ar bg de el en es fr hi it nl pl pt ru sw th tr ur vi zh"
AMERICAS_NLI = "aym bzd cni gn hch nah oto quy shp tar"
NUSAX = (
    "acehnese balinese banjarese buginese english indonesian javanese madurese minangkabau ngaju sundanese toba_batak"
)
MASAKHANE = (
    "amh bam bbj ewe fon hau ibo kin lug luo mos nya pcm sna swa tsn twi wol xho yor zul bambara ghomala fon ewe hausa "
    "igbo kinyarwanda luganda luo mossi chichewa naija chiShona kiswahili setswana twi wolof isiXhosa yoruba isiZulu"
)
TATOEBA = (
    "afr ara bul ben deu ell spa est eus pes fin fra heb hin hun ind ita jpn jav kat kaz kor mal mar nld por rus swh "
    "tam tel tha tgl tur urd vie cmn aze lit pol ukr ron"
)
MANY_TAGS = "zh-Hans zh_Hant zh-Hans-CN pt_BR pt-BR es-419 eng_Latn arb_Arab swh_Latn EN De"

OTHER_NAMES_THAN_LANGCODES = {
    "bbc": "Batak Toba",
    "bjn": "Banjar",
    "bn": "Bangla",
    "cni": "Asháninka",
    "hch": "Huichol",
    "luo": "Luo (Kenya and Tanzania)",
    "nah": "Nahuatl languages",
    "oto": "Otomian languages",
    "shp": "Shipibo-Conibo",
    "tar": "Central Tarahumara",
    "tl": "Filipino",
}
"""Where the data sets' own name is another than the one that langcodes has."""


def test_it_holds_the_fifty_languages_of_xtreme_r_and_those_of_every_real_task():
    assert len(XTREME_R.split()) == 50
    assert set(XTREME_R.split()) <= set(LANGUAGES)
    for name in set(TASKS) - {"world"}:
        assert set(load_task(name).languages) <= set(LANGUAGES)


@pytest.mark.parametrize("aliases", [XTREME_R, XGLUE, AMERICAS_NLI, NUSAX, MASAKHANE, TATOEBA, MANY_TAGS])
def test_what_each_data_set_calls_its_languages_is_understood(aliases):
    assert all(canonical_language(alias) in LANGUAGES for alias in aliases.split())


def test_the_languages_of_the_real_data_are_all_there(shared_folder: Path):
    data = shared_folder / "data"
    found = {path.stem for path in (data / "text").glob("*.txt")} - {"LICENSE"}
    found |= {path.stem.split("-")[0] for path in (data / "tatoeba").glob("*-en.*")}
    found |= {path.name.split("_")[0] for path in (data / "udpos").rglob("*.conllu")}
    found |= {path.stem for path in (data / "americasnli/dev").glob("*.tsv")}
    found |= {path.name for path in (data / "nusax/sentiment").iterdir() if path.is_dir()}
    found |= {path.stem.split(".")[1] for path in (data / "xquad").rglob("xquad.*.json")}
    found |= {path.name for path in (data / "xcopa/data").iterdir() if path.is_dir() and "-" not in path.name}
    assert len(found) > 70
    assert {canonical_language(name) for name in found} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.code)
def test_every_row_agrees_with_langcodes(language):
    tag = Tag.get(language.code)
    assert tag.is_valid()
    assert tag.maximize().script == language.script
    assert tag.display_name("en") == OTHER_NAMES_THAN_LANGCODES.get(language.code, language.name)
    if language.code != "tl":  # CLDR takes Tagalog for Filipino, `fil`
        assert tag.to_alpha3() == language.iso3
        assert Tag.get(language.iso3).to_tag() == language.code
    assert language.own_name()


def test_every_name_leads_back_to_its_row():
    for language in LANGUAGES.values():
        for name in (language.name, *language.other_names):
            assert canonical_language(name) == language.code
            assert canonical_language(name.upper().replace(" ", "_")) == language.code


def test_own_names_are_in_the_languages_own_script():
    assert LANGUAGES["el"].own_name() == "Ελληνικά"
    assert LANGUAGES["am"].own_name() == "አማርኛ"


def test_no_code_stands_for_two_languages():
    codes = [code for row in LANGUAGES.values() for code in {row.code, row.iso3, *row.aliases}]
    assert len(codes) == len(set(codes))
    names = [name.casefold() for row in LANGUAGES.values() for name in (row.name, *row.other_names)]
    assert len(names) == len(set(names))
    assert all(canonical_language(code) in LANGUAGES for code in codes)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [("zh", "zh"), ("cmn", "zh"), ("zh-Hans", "zh"), ("zh_CN", "zh"), ("pt-BR", "pt"), ("swh", "sw"), ("iw", "he"),
     ("pes", "fa"), ("EN", "en"), ("fil", "tl"), ("tgl", "tl"), ("aym", "ay"), ("bzd", "bzd"), ("toba_batak", "bbc"),
     ("mo", "ro"), ("twi", "tw"), ("Fon", "fon"), ("quy", "quy"), ("que", "qu"), ("Castilian", "es"),
     ("mandarin_chinese", "zh")],
)  # fmt: skip
def test_other_codes_and_names_for_a_language_are_understood(given, canonical):
    assert canonical_language(given) == canonical


@pytest.mark.parametrize(
    "other", ["yue", "lzh", "prs", "swc", "ltg", "tob", "Toba", "Cantonese", "hi_rom", "gsw", "src", "xx", "", "-"]
)
def test_a_relative_of_a_language_is_not_taken_for_it(other):
    with pytest.raises(UnknownNameError, match=f"unknown language '{other}'"):
        canonical_language(other)


@given(st.text(max_size=12))
@example("\x00")
def test_whatever_is_asked_gives_a_row_or_an_error(text):
    with suppress(UnknownNameError):
        assert canonical_language(text) in LANGUAGES


def test_an_unknown_code_or_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown language 'dea'; did you mean 'de'"):
        canonical_language("dea")
    with pytest.raises(UnknownNameError, match="unknown language 'acehnes'; did you mean 'Acehnese'"):
        canonical_language("acehnes")


def test_what_the_table_knows_needs_no_library():
    code = (
        "import sys\nfrom xlt_core.languages import canonical_language\n"
        "for given in ('cmn', 'pt_BR', 'zh-Hans', 'toba_batak', 'fil'):\n    canonical_language(given)\n"
        "print('langcodes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_sizes_are_those_of_the_published_table(shared_folder: Path):
    with (shared_folder / "published/cc100.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    published = {row["iso"]: float(row["size_GiB"]) for row in rows}
    assert {row["source"].lower() for row in rows} == {CC100_SOURCE.lower()}
    for code, language in LANGUAGES.items():
        assert language.cc100_gib == published.get(code)
        assert language.in_xlmr == (code in published)


def test_bands_are_cut_at_1_5_and_20_gib():
    bands = {code: LANGUAGES[code].resource_band for code in XTREME_R.split()}
    assert {code for code, band in bands.items() if band == "absent"} == {"ht", "qu", "wo", "yo"}
    assert {code for code, band in bands.items() if band == "very low"} == {"jv", "my", "pa"}
    assert {code for code, band in bands.items() if band == "low"} == {"af", "eu", "gu", "mr", "sw", "te", "tl"}
    mid = {code for code, band in bands.items() if band == "mid"}
    assert mid == {"az", "bn", "et", "ka", "kk", "lt", "ml", "ms", "ta", "ur"}
    assert LANGUAGES["eu"]._replace(cc100_gib=1.0).resource_band == "low"
    assert LANGUAGES["eu"]._replace(cc100_gib=5.0).resource_band == "mid"
    assert LANGUAGES["eu"]._replace(cc100_gib=20.0).resource_band == "high"
