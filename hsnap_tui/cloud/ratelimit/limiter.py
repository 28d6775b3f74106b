"""The rate limiter in front of every request: the most urgent first, none that would take what must remain."""

from __future__ import annotations

import asyncio
import bisect
import math
from dataclasses import dataclass, field
from datetime import timedelta

from hsnap_tui.cloud.api import Priority, RateLimitStatus
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.priorities import reserve
from hsnap_tui.cloud.ratelimit.bucket import Bucket, Permit
from hsnap_tui.common.clock import Clock

SHORTEST_SLEEP = 0.001


@dataclass(order=True, slots=True)
class _Waiter:
    priority: Priority
    order: int
    route: str = field(compare=False)
    granted: asyncio.Future[Permit] = field(compare=False)


class RateLimiter:
    """Gives out permits to send, and learns from every answer. Used from one event loop.

    Every permit is handed back exactly once: `answered`, `refused`, `lost` or `unsent`. A route is a family of
    requests that share a limit; families whose answers show the same limit share one bucket.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._usual = Bucket()
        self._buckets: dict[int, Bucket] = {}
        self._families: dict[str, tuple[int, Bucket]] = {}
        self._given_out: dict[Permit, Bucket] = {}
        self._admitted = 0
        self._waiters: list[_Waiter] = []
        self._arrivals = 0
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = math.inf
        self._closed = False

    async def acquire(self, priority: Priority, route: str) -> Permit:
        """Waits until a request of this priority may be sent. Raises `CloudError` when the limiter is closed."""
        if self._closed:
            raise _closed()
        self._arrivals += 1
        granted: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(priority, self._arrivals, route, granted)
        bisect.insort(self._waiters, waiter)
        self._grant_waiting()
        try:
            return await granted
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                self._grant_waiting()
            elif granted.done() and not granted.cancelled() and granted.exception() is None:
                self.unsent(granted.result())
            raise

    def answered(self, permit: Permit, limit: int | None, left: float | None) -> None:
        """The answer came, with the limit and what is left of it where it shows them."""
        bucket = self._hand_back(permit, limit)
        if not self._observe(bucket, permit, limit, left):
            bucket.uncounted(self._clock.monotonic(), self._admitted, answered=True)
        bucket.accepted()
        self._grant_waiting()

    def refused(self, permit: Permit, limit: int | None, left: float | None, retry_after: float | None) -> None:
        """The answer was a 429, perhaps with the seconds to wait."""
        bucket = self._hand_back(permit, limit)
        self._observe(bucket, permit, limit, left)
        bucket.refused(self._clock.monotonic(), self._admitted, retry_after)
        self._grant_waiting()

    def lost(self, permit: Permit) -> None:
        """The request left and no answer came: it may count at Hetzner."""
        bucket = self._hand_back(permit, None)
        bucket.uncounted(self._clock.monotonic(), self._admitted, answered=False)
        self._grant_waiting()

    def unsent(self, permit: Permit) -> None:
        """The request never left."""
        self._hand_back(permit, None)
        self._grant_waiting()

    def view(self) -> RateLimitStatus:
        """The budget as it stands: of the limit that a request waits for, else of the smallest one."""
        now = self._clock.monotonic()
        bucket, waiting, until = self._usual, None, None
        if self._waiters:
            first = self._waiters[0]
            bucket, waiting = self._bucket(first.route), first.priority
            seconds = max(bucket.rationed(first.priority, now), bucket.wait(first.priority, now))
            if math.isfinite(seconds):
                until = self._clock.now() + timedelta(seconds=seconds)
        return RateLimitStatus(
            limit=bucket.limit,
            remaining=max(0.0, bucket.estimate(now)),
            reserve=reserve(bucket.limit),
            refill=bucket.refill,
            known=bucket.known,
            waiting=waiting,
            until=until,
            held=frozenset(waiter.priority for waiter in self._waiters),
        )

    def close(self) -> None:
        """Ends every wait with an error, now and from now on."""
        self._closed = True
        self._stop_timer()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.granted.done():
                waiter.granted.set_exception(_closed())

    def _bucket(self, route: str) -> Bucket:
        """The bucket of a family; one not heard of yet is taken to share the smallest limit seen."""
        _, bucket = self._families.get(route, (0, self._usual))
        return bucket

    def _hand_back(self, permit: Permit, limit: int | None) -> Bucket:
        if limit is not None:
            self._learn(permit, limit)
        bucket = self._given_out.pop(permit)
        bucket.under_way.remove(permit)
        return bucket

    def _observe(self, bucket: Bucket, permit: Permit, limit: int | None, left: float | None) -> bool:
        if left is None or limit != bucket.limit:
            return False
        bucket.answered(permit, left, self._clock.monotonic(), self._admitted)
        return True

    def _learn(self, permit: Permit, limit: int) -> None:
        """The permit's family has this limit, unless a later request has shown another one."""
        since, before = self._families.get(permit.route, (0, None))
        if permit.number < since:
            return
        bucket = self._buckets.setdefault(limit, Bucket(limit))
        self._families[permit.route] = permit.number, bucket
        if bucket is not before:
            self._usual = self._buckets[min(self._buckets)]
            self._move()

    def _move(self) -> None:
        """Moves every permit under way to the bucket that its family has now."""
        for permit, bucket in self._given_out.items():
            target = self._bucket(permit.route)
            bucket.under_way.remove(permit)
            target.under_way.add(permit)
            self._given_out[permit] = target

    def _grant_waiting(self) -> None:
        """Admits all that may be sent now, most urgent first; none overtakes within a bucket."""
        now = self._clock.monotonic()
        held: set[Bucket] = set()
        staying: list[_Waiter] = []
        soonest = math.inf
        for waiter in self._waiters:
            bucket = self._bucket(waiter.route)
            if bucket in held:
                staying.append(waiter)
                continue
            rationed, wait = bucket.rationed(waiter.priority, now), bucket.wait(waiter.priority, now)
            if rationed > 0 or wait > 0:
                # What waits only for the share of look-ups does not hold up the others.
                if math.isfinite(wait) and wait > 0:
                    held.add(bucket)
                staying.append(waiter)
                soonest = min(soonest, max(rationed, wait))
            elif not waiter.granted.done():
                self._admitted += 1
                permit = Permit(self._admitted, waiter.priority, waiter.route)
                self._given_out[permit] = bucket
                bucket.begin(permit, now)
                waiter.granted.set_result(permit)
        self._waiters = staying
        self._set_timer(now + soonest)

    def _set_timer(self, at: float) -> None:
        """Has the waiting requests considered again at that time, or sooner."""
        if not self._waiters:
            self._stop_timer()
        elif at < self._timer_at:
            self._stop_timer()
            self._timer_at = at
            self._timer = asyncio.get_running_loop().create_task(self._grant_at(at))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, math.inf

    async def _grant_at(self, at: float) -> None:
        await self._clock.sleep(max(SHORTEST_SLEEP, at - self._clock.monotonic()))
        self._timer, self._timer_at = None, math.inf
        self._grant_waiting()


def _closed() -> CloudError:
    return CloudError(ErrorKind.UNREACHABLE, "the program is ending; nothing more is sent")
