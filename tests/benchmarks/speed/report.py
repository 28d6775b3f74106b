"""The table that a run prints: one row for each figure, and the kind of the machine it was measured on."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

COLUMNS = ("what", "load", "floor", "ours", "goal", "kept", "beside it", "ratio")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `kept` is None where there is no goal; `ratio` is ours to the peer that the goal is about, or to
    the first peer that is named."""

    what: str
    load: str
    ours: str
    goal: str = "–"
    kept: bool | None = None
    floor: str = "–"
    peers: str = "–"
    ratio: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of the table."""
        kept = {None: "–", True: "yes", False: "**no**"}[self.kept]
        ratio = "–" if self.ratio is None else f"{self.ratio:.2f}"
        return (self.what, self.load, self.floor, self.ours, self.goal, kept, self.peers, ratio)


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def machine(priority_raised: bool) -> str:
    """The kind of this machine and the versions that were measured, in a sentence."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        if line.startswith("model name")
    ]
    load = os.getloadavg()[0]
    raised = "raised" if priority_raised else "usual"
    return (
        f"{os.cpu_count()} cores ({names[0] if names else platform.machine()}), {platform.system()}, "
        f"Python {platform.python_version()}, Textual {version('textual')}, hcloud {version('hcloud')}; "
        f"{raised} process priority, load {load:.1f} at the end."
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of all values do not exceed: the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def seconds(values: Sequence[float]) -> str:
    """The median of times in seconds."""
    return f"{statistics.median(values):.2f} s"


def milliseconds(values: Sequence[float]) -> str:
    """The median of times in seconds, as milliseconds."""
    return f"{statistics.median(values) * 1000:.0f} ms"


def spread(values: Sequence[float]) -> str:
    """p50 / p95 / p99 of times in seconds, as milliseconds."""
    return " / ".join(f"{percentile(values, share) * 1000:.0f}" for share in (0.5, 0.95, 0.99)) + " ms"
