"""`python -m sweeps.cli` is `xlt`."""

from sweeps.cli import main

main()
