"""What holds for all tests: none is judged by how long it took, and what waits does not keep others waiting."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# On a busy machine a single example may take a second, the first one that draws text most of all: hypothesis builds
# its table of Unicode then. Its check for slow generation allows 5 times the deadline, or 30 s where there is none.
settings.register_profile(
    "without-deadline", settings.get_profile(settings.get_current_profile_name()), deadline=None
)
settings.load_profile("without-deadline")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two workers for each processor: the tests of whole programs mostly wait, those of the screens compute."""
    return 2 * (os.cpu_count() or 1)
