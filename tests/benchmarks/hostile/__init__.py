"""Scenes of a hostile world, each played with real processes: see `python -m tests.benchmarks.hostile --help`."""
