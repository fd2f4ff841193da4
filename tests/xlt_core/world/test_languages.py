"""The table of languages."""

from xlt_core.world.languages import LANGUAGES, LATIN, SOURCE


def test_codes_are_distinct_and_one_language_is_the_source():
    codes = [language.code for language in LANGUAGES]
    assert len(set(codes)) == len(codes)
    assert codes[0] == SOURCE
    assert [language.code for language in LANGUAGES if language.overlap == 1.0] == [SOURCE]


def test_only_relatives_share_the_sources_script():
    starts = [language.first_letter for language in LANGUAGES if language.first_letter != LATIN]
    assert len(set(starts)) == len(starts)
    assert all(abs(one - other) >= 26 for one in {LATIN, *starts} for other in starts if one != other)
    assert all((language.overlap > 0) == (language.first_letter == LATIN) for language in LANGUAGES)


def test_in_a_family_nothing_but_the_amount_of_text_differs():
    for family in ("kin", "far"):
        members = [language for language in LANGUAGES if language.code.startswith(family)]
        amounts = [language.text_weight for language in members]
        assert amounts == sorted(amounts, reverse=True)
        assert len(set(amounts)) == 3
        rest = {(one.order, one.adjective_first, one.overlap, one.bilingual_share) for one in members}
        assert len(rest) == 1
