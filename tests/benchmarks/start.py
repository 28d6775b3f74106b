"""How long the program takes to start: `python -m tests.benchmarks.start`.

Prints the medians of several runs and their ratio to a Python that imports argparse. Wanted: `--version` within 1.5
times that, `--help` not slower than with argparse (4.5 times that).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c 'import argparse'": (sys.executable, "-c", "import argparse"),
    "hsnap-tui --version": (sys.executable, "-m", "hsnap_tui", "--version"),
    "hsnap-tui --help": (sys.executable, "-m", "hsnap_tui", "--help"),
    "hsnap-tui snapshot --help": (sys.executable, "-m", "hsnap_tui", "snapshot", "--help"),
    "hsnap-tui snapsh<Tab>": (sys.executable, "-m", "hsnap_tui"),
}
COMPLETION = {"_HSNAP_TUI_COMPLETE": "bash_complete", "COMP_WORDS": "hsnap-tui snapsh", "COMP_CWORD": "1"}


def main() -> int:
    """Measures in turns, so that what else the machine does meets all of them; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, help="runs of each command (15)")
    runs = parser.parse_args().runs
    took: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, command in COMMANDS.items():
            env = {**os.environ, **(COMPLETION if "Tab" in name else {})}
            began = time.perf_counter()
            subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
            took[name].append(time.perf_counter() - began)
    base = statistics.median(next(iter(took.values())))
    for name, seconds in took.items():
        median = statistics.median(seconds)
        least = min(seconds)
        print(f"{name:<30} median {median * 1000:4.0f} ms, least {least * 1000:4.0f} ms, {median / base:.1f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
