"""Known traps of runtimes: what happens, how a run shows it, the way out. The data is in `data/*.yaml`."""
