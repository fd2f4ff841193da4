import pytest
from transformers import CONFIG_MAPPING, MODEL_MAPPING

from xlt_core.encoders.families import FAMILIES, Family, find_family


@pytest.mark.parametrize("model_type", FAMILIES)
def test_a_row_names_a_model_type_whose_model_can_do_what_the_row_says(model_type):
    model_class = MODEL_MAPPING[CONFIG_MAPPING[model_type]]
    assert not FAMILIES[model_type].packed or model_class._supports_attention_backend


def test_a_model_type_without_a_row_goes_padded():
    assert find_family("deberta-v2") == Family(packed=False, positions_after_padding=False, language_ids=False)
