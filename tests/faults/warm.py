"""Imported once by the process that `harness.fork_xlt` forks: all that a sweep without Ray imports."""

import gc

import torch

import sweeps.cli.sweep
import sweeps.engine.inline
import sweeps.engine.launch  # noqa: F401
import xlt_core.run  # noqa: F401

torch.set_num_threads(1)
gc.freeze()  # as workers do
