import json

import pytest

from tests.factories import build_encoder
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.checks import find_misfits
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.recipe import EncoderSpec, ModelSpec

MINI = EncoderSpec.model_validate("mini")
FIRST = ModelSpec()
TASK_OF_SHAPE = {"pair": "pawsx", "tagging": "udpos"}


def _find(task="pawsx", encoder=MINI, model=FIRST, **settings):
    needed = {"neighbors": "neighbors.json"} if "neighbors" in METHODS[settings["method"]].settings else {}
    perturbation = PerturbationSpec(**{"magnitude": 0.1, **needed, **settings})
    return list(find_misfits(perturbation, task, encoder, model))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_method_is_refused_for_tasks_of_the_shapes_that_it_does_not_have_and_for_no_others(method):
    for shape, task in TASK_OF_SHAPE.items():
        settings = {"attention_layer": 0} if "attention_layer" in METHODS[method].settings else {}
        found = _find(task, method=method, **settings)
        if shape in METHODS[method].shapes:
            assert found == []
        else:
            ((field, message),) = found
            assert field == "method"
            assert f"'{method}' has no meaning for task '{task}' of shape '{shape}'" in message
            assert "Methods for" in message


@pytest.mark.parametrize(
    ("task", "pooling", "mask", "site", "is_refused"),
    [
        ("pawsx", "first", "content", "last_hidden", True),
        ("pawsx", "first", "non_pad", "last_hidden", False),
        ("pawsx", "mean", "content", "last_hidden", False),
        ("pawsx", "first", "content", "embedding_output", False),
        ("udpos", "first", "content", "last_hidden", False),
    ],
)
def test_a_disturbance_of_what_the_head_does_not_read_is_refused(task, pooling, mask, site, is_refused):
    found = _find(task, model=ModelSpec(pooling=pooling), method="gaussian", mask=mask, site=site)
    assert [field for field, _ in found] == (["mask"] if is_refused else [])
    assert not is_refused or "Take mask 'non_pad', model.pooling 'mean'" in found[0].message


def test_a_site_that_the_encoder_does_not_have_is_refused_where_its_kind_is_known(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "distilbert"}))
    settings = {"method": "gaussian", "site": "embedding_output"}
    ((field, message),) = _find(encoder=EncoderSpec(source=str(tmp_path)), **settings)
    assert field == "site"
    assert "'distilbert' has no site 'embedding_output'; take 'word_embedding'" in message
    assert _find(encoder=EncoderSpec(source="nobody/has-this-model"), **settings) == []
    assert _find(**settings) == []
    ((field, message),) = _find(encoder=EncoderSpec(source=str(tmp_path)), method="ear")
    assert field == "method"
    assert "'distilbert' does not show its attention, which the method 'ear' reads; take another method" in message


@pytest.mark.parametrize(
    ("head_dropout", "dropout", "own_dropout", "is_refused"),
    [
        (0.0, None, 0.0, True),
        (0.0, 0.0, 0.1, True),
        (0.0, None, 0.1, False),
        (0.0, 0.1, 0.0, False),
        (0.1, 0.0, 0.0, False),
    ],
)
def test_comparing_dropout_masks_needs_dropout(tmp_path, head_dropout, dropout, own_dropout, is_refused):
    build_encoder(dropout=own_dropout).save(tmp_path)
    model = ModelSpec(head_dropout=head_dropout, dropout=dropout)
    found = _find(encoder=EncoderSpec(source=str(tmp_path)), model=model, method="r_drop")
    assert [field for field, _ in found] == (["method"] if is_refused else [])
    assert not is_refused or "Give model.dropout or model.head_dropout" in found[0].message


def test_a_layer_that_the_encoder_does_not_have_is_refused():
    for layer, is_refused in ((0, False), (1, False), (2, True)):
        found = _find(method="ear", attention_layer=layer)
        assert [field for field, _ in found] == (["attention_layer"] if is_refused else [])
    assert "attention_layer 2: this encoder has 2 layers, so that 0 to 1 are allowed; set " in found[0].message
    assert _find(method="ear", encoder=EncoderSpec(source="nobody/has-this-model"), attention_layer=30) == []


def test_mixing_whole_texts_has_no_mask_to_be_refused():
    assert _find(method="mixup", site="last_hidden") == []
