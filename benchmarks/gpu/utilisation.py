"""Model FLOPs utilisation of arrays of trials on a GPU, by shape and width of the array.

FLOPs of a step: 6 x parameters outside embeddings x tokens, and 12 x layers x width x squared lengths for attention;
nothing for recomputing, padding, heads or the optimiser. Divided by the device's peak for dense bfloat16.
Usage: python -m benchmarks.gpu.utilisation [--shapes base large] [--widths 1 2 4 8 16]
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import XLMRobertaModel

from benchmarks.contestants import SHAPES, Setting, StepClock, build_config, time_array
from benchmarks.gpu.report import add_options, describe_device, make_setting, read_options, write_report
from xlt_core.memory import is_out_of_memory

TARGET = 0.45
PEAK_TFLOPS = {
    "H200": 989.0,
    "H100 PCIe": 756.0,
    "H100": 989.0,
    "GH200": 989.0,
    "B200": 2250.0,
    "A100": 312.0,
    "A10G": 70.0,
    "A40": 150.0,
    "L40S": 362.0,
    "L4": 121.0,
    "RTX 4090": 165.0,
    "RTX 3090": 71.0,
}
"""Dense bfloat16 with float32 sums, by the makers' data sheets; the first name that the device's name holds counts."""


def find_peak_flops(options: argparse.Namespace) -> float:
    """FLOPs a second that the device can do; measured with a matrix product where no table says it."""
    if options.peak_tflops is not None:
        return float(options.peak_tflops) * 1e12
    name = describe_device(options.device)
    known = (peak for part, peak in PEAK_TFLOPS.items() if options.device == "cuda" and part in name)
    found = next(known, None)
    return found * 1e12 if found is not None else measure_product_flops(options.device)


def measure_product_flops(device: str) -> float:
    """FLOPs a second of a large matrix product of random numbers, as a model computes them on this device."""
    size = 8192 if device == "cuda" else 1024
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        product = left @ right
        float(product[0, 0])  # waits for it
        seconds.append(time.perf_counter() - started)
    return 2.0 * size**3 / min(seconds)


def count_step_flops(setting: Setting, options: argparse.Namespace) -> float:
    """FLOPs of the mean step of one trial after the warm-up, forward and backward."""
    config = build_config(options.shape, options.vocabulary, options.dropout)
    with torch.device("meta"):
        model = XLMRobertaModel(config, add_pooling_layer=False)
    num_parameters = sum(parameter.numel() for parameter in model.encoder.parameters())
    mean_tokens = sum(map(len, setting.sequences)) / len(setting.sequences)
    mean_squares = sum(len(ids) ** 2 for ids in setting.sequences) / len(setting.sequences)
    linear = 6.0 * num_parameters * mean_tokens
    attention = 12.0 * config.num_hidden_layers * config.hidden_size * mean_squares
    return setting.optim.batch_size * (linear + attention)


def measure_width(setting: Setting, magnitudes: Sequence[float], num_warmup: int) -> float | None:
    """Seconds of a step of an array; none where it does not fit."""
    clock = StepClock(setting=setting, num_warmup=num_warmup)
    try:
        time_array(setting, magnitudes, on_step=clock)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    is_measured = len(clock.moments) == 2  # the memory may run out after the last step, when all tables come back
    return clock.seconds_a_step if is_measured else None


def measure_shape(options: argparse.Namespace, peak: float) -> dict[str, Any]:
    """All widths of one shape, narrow ones first."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        setting = make_setting(options, Path(folder))
        flops = count_step_flops(setting, options)
        for width in options.widths:
            magnitudes = [0.1 * (number + 1) if options.noise else 0.0 for number in range(width)]
            seconds = measure_width(setting, magnitudes, options.warmup)
            gc.collect()
            if options.device == "cuda":
                torch.cuda.empty_cache()
            if seconds is None:
                print(f"  {options.shape}, width {width}: does not fit into memory", flush=True)
                break
            share, rate = width * flops / seconds / peak, width * setting.optim.batch_size / seconds
            found[str(width)] = {"seconds_a_step": seconds, "utilisation": share, "examples_per_second": rate}
            print(
                f"  {options.shape}, width {width}: {1e3 * seconds:.1f} ms a step, {rate:.0f} examples/s, "
                f"utilisation {100 * share:.1f} %",
                flush=True,
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, steps=30)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["base", "large"], help="in place of --shape")
    parser.add_argument("--widths", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--noise", action="store_true", help="train under Gaussian noise, whose drawing costs, too")
    parser.add_argument(
        "--peak-tflops", type=float, help="of the device, dense bfloat16; not given: table, or measured"
    )
    options = read_options(parser)
    if options.tiny:
        options.shapes, options.widths = ["tiny"], options.widths[:3]
    peak, product = find_peak_flops(options), measure_product_flops(options.device)
    print(f"peak {peak / 1e12:.2f} TFLOP/s; a large matrix product here reaches {product / 1e12:.2f}")
    found = {}
    for shape in options.shapes:
        options.shape = shape
        found[shape] = measure_shape(options, peak)
    best = {shape: max((one["utilisation"] for one in widths.values()), default=0.0) for shape, widths in found.items()}
    print(
        ", ".join(f"{shape}: {100 * share:.1f} %" for shape, share in best.items()) + f"; target {100 * TARGET:.0f} %"
    )
    write_report(options, {"peak_flops": peak, "product_flops": product, "by_shape_and_width": found})


if __name__ == "__main__":
    main()
