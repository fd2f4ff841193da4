"""What we do about it: plan, run and resume sweeps on Ray Tune; the `xlt` command."""
