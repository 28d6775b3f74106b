"""The scenes, by what they are about; importing this package makes them known."""

from tests.benchmarks.hostile.scenes import (
    access,
    budget,
    choice,
    clock,
    files,
    late,
    power,
    sharing,
    terminal,
    waits,
)

__all__ = ["access", "budget", "choice", "clock", "files", "late", "power", "sharing", "terminal", "waits"]
