"""The clocks of the tests.

- `VirtualClock` moves when a test moves it: pure logic, a whole session on a simulated cloud.
- `moving.MovingClock` is one that moves by itself as soon as nothing is left to do at the present moment.
- `fixed.FixedClock` shows what a test sets; nobody who sleeps on it wakes.
- `quick.QuickClock` is real time that runs five times as fast, for whole programs as processes.

How long a test waits in real time at most is in `tests/patience.py`.
"""

from tests.clocks.virtual import START, VirtualClock

__all__ = ["START", "VirtualClock"]
