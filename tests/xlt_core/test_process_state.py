"""A trial starts from the same global state whatever ran before it in the process."""

import random

import numpy as np
import pytest
import torch

from xlt_core.errors import XltError
from xlt_core.process_state import describe_device, list_versions, reset_process_state, select_device


def draw_everywhere() -> tuple[float, float, float]:
    return float(torch.rand(())), random.random(), float(np.random.rand())  # noqa: NPY002


def test_a_reset_undoes_what_another_trial_left_behind():
    reset_process_state(num_threads=1)
    expected = draw_everywhere()
    draw_everywhere()
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    reset_process_state(num_threads=1)
    assert draw_everywhere() == expected
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == 1


def test_the_cpu_is_selected_by_name_and_is_called_cpu():
    assert select_device("cpu") == torch.device("cpu")
    assert describe_device(torch.device("cpu")) == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused_with_the_way_out():
    assert select_device("auto") == torch.device("cpu")
    with pytest.raises(XltError, match=r"'cuda:0' was asked for.*use 'cpu'"):
        select_device("cuda:0")


def test_versions_name_every_library_that_computes():
    versions = dict(list_versions())
    assert versions["torch"] == torch.__version__.partition("+")[0] or versions["torch"] == torch.__version__
    assert list(versions) == sorted(versions)
    assert {"python", "xlt-sweeps", "transformers", "tokenizers"} <= set(versions)
