import pytest

from search_spaces.problems import SpaceError
from search_spaces.resolution import check_data
from tests.factories import write_pair_folder
from tests.search_spaces.factories import make_space

MAGNITUDES = {"target.perturbation": {"method": ["fgm"], "magnitude": [0.0, 0.1]}}


def test_a_space_whose_data_are_embedded_is_found():
    assert check_data(make_space(MAGNITUDES)) == {}


def test_languages_without_data_are_told_since_they_will_have_no_score(tmp_path):
    data = tmp_path / "pairs"
    write_pair_folder(data)
    base = {"encoder": "mini", "target": {"task": "pawsx", "data": str(data)}}
    gaps = check_data(make_space(MAGNITUDES, base=base))
    assert gaps == {f"pawsx, test data in '{data}'": ("es", "fr", "ja", "ko", "zh")}


def test_a_missing_folder_is_told_once_with_the_first_cell_that_needs_it(tmp_path):
    base = {"encoder": "mini", "target": {"task": "xnli", "data": str(tmp_path / "nowhere")}}
    with pytest.raises(SpaceError, match=r"cell 'magnitude 0': .*nowhere") as caught:
        check_data(make_space(MAGNITUDES, base=base))
    assert len(caught.value.problems) == 1


def test_an_intermediate_task_without_data_is_told_with_its_cell(tmp_path):
    with pytest.raises(SpaceError, match=r"cell 'intermediate xnli': .*nowhere"):
        check_data(make_space({"intermediate": ["none", {"task": "xnli", "data": str(tmp_path / "nowhere")}]}))
