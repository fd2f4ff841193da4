"""What trials on sentence pairs read, made once for each module that runs some."""

from pathlib import Path

import pytest

from tests.xlt_core.pair_trials import write_inputs


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder folder and a data folder."""
    return write_inputs(tmp_path_factory.mktemp("inputs"))
