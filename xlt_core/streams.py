"""Named, counter-keyed random streams: every use of chance draws from its own, so that none shifts another.

In: a trial's seed, the stream's name, counters such as epoch or step. Out: a seed or a numpy generator.
"""

import hashlib

import numpy as np

from xlt_core.canonical import canonical_json

_SEED_BYTES = 8
_SEED_BITS = 63


def stream_seed(seed: int, stream: str, *counters: int) -> int:
    """Derive the seed of one use of chance, in [0, 2**63): equal arguments give equal seeds on every machine.

    Args:
        seed: the trial's seed, its block.
        stream: what the draw is for, such as `data_order`.
        counters: where in the stream, such as the epoch or the step.
    """
    text = canonical_json([seed, stream, *counters])
    digest = hashlib.blake2b(text.encode(), digest_size=_SEED_BYTES).digest()
    return int.from_bytes(digest, "big") >> (8 * _SEED_BYTES - _SEED_BITS)


def numpy_generator(seed: int, stream: str, *counters: int) -> np.random.Generator:
    """Give a fresh generator for one use of chance; equal arguments give equal draws."""
    return np.random.Generator(np.random.Philox(key=stream_seed(seed, stream, *counters)))
