"""What hypothesis draws for the property test of the job machine: worlds, and how hard each thing is to live with."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import ImageStatus, ServerStatus
from hsnap_tui.jobs.core.model import IfLocked, IfStillOn, RequestKind, SnapshotOptions
from tests.jobs.core.hetzner import COMMAND, Hetzner, Plan
from tests.jobs.core.world import START, World

LATE = st.sampled_from([None, 0.3, 4.0, 17.0, 29.9, 45.0, 100.0])
CLOCK_SET = st.sampled_from([0.0, 900.0, -900.0, -3600.0, 1e6, -1e6])
DATES = st.sampled_from([0.0, 900.0, -900.0, -3600.0])
FOR = st.sampled_from([20.0, 400.0, None])
REFUSALS = st.tuples(
    st.sampled_from(
        [
            RequestKind.CREATE_IMAGE,
            RequestKind.CREATE_IMAGE,
            RequestKind.SHUTDOWN,
            RequestKind.POWER_OFF,
            RequestKind.POWER_ON,
        ]
    ),
    st.sampled_from([ErrorKind.RATE_LIMITED, ErrorKind.LOCKED, ErrorKind.OUTCOME_UNKNOWN, ErrorKind.INVALID_INPUT]),
    FOR,
    st.sampled_from([None, 10.0]),
)
"""The route, what it answers, for how long, and its `Retry-After`."""
ODD = st.tuples(st.sampled_from([ServerStatus.UNKNOWN, ServerStatus.STARTING, ServerStatus.STOPPING]), FOR)
SELDOM_TRUE = st.sampled_from([False, False, True])
WAITS = st.sampled_from([0.1, 0.5, 1.0, 2.0, 5.0, 12.0, 29.0, 31.0, 65.0])
LONG_WAITS = st.sampled_from([130.0, 1000.0, 4000.0, 200_000.0])
PLANS = st.builds(
    Plan,
    snapshot=st.sampled_from([1.0, 60.0, 200.0]),
    unlock_at=st.sampled_from([0.01, 0.05, 0.5, 1.0]),
    label_lag=st.sampled_from([0.0, 3.0, 8.0]),
    acpi=st.sampled_from([0.0, 5.0, 50.0, 70.0, 115.0, None, 200.0, 600.0, 1199.0]),
    boot=st.sampled_from([1.0, 10.0]),
    fails=st.frozensets(st.sampled_from([COMMAND[request_kind] for request_kind in COMMAND]), max_size=1),
    failed_image=st.sampled_from([None, ImageStatus.UNAVAILABLE, ImageStatus.CREATING]),
    names_image=st.booleans(),
    lock_lag=st.sampled_from([0.0, 0.8]),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A job that has just been queued, somewhere."""
    options = SnapshotOptions(
        draw(st.sampled_from(IfLocked)),
        draw(st.sampled_from([None, timedelta(minutes=2)])),
        draw(st.sampled_from([True, True, False])),
        draw(st.sampled_from(IfStillOn)),
        timedelta(minutes=1),
        timedelta(minutes=draw(st.sampled_from([2, 10]))),
    )
    offset = draw(st.sampled_from([0, 300, -300]))
    known_offset = timedelta(seconds=offset + draw(st.sampled_from([0, 2, -2])))
    status = draw(st.sampled_from([ServerStatus.RUNNING, ServerStatus.RUNNING, ServerStatus.OFF]))
    hetzner = Hetzner(START, timedelta(seconds=offset), status, draw(PLANS))
    if draw(SELDOM_TRUE):
        hetzner.refuse(*draw(REFUSALS))
    return World(options, hetzner, known_offset)
