"""How fast the program is, each figure beside what it can be compared with: `python -m tests.benchmarks.speed`."""
