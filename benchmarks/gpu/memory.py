"""Peak memory of a trial's training on a GPU, ours beside the Trainer's; `benchmarks.peak_memory` with a report.

Usage: python -m benchmarks.gpu.memory [--shape large --length 128 --only ours]
"""

import argparse

from benchmarks.gpu.report import add_options, read_options, write_report
from benchmarks.peak_memory import SIDES, compare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, steps=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=SIDES, help="one side alone")
    parser.add_argument("--no-account", dest="account", action="store_false", help="leave out what the backward keeps")
    options = read_options(parser)
    write_report(options, compare(options))


if __name__ == "__main__":
    main()
