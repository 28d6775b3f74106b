"""One gate in front of every request: the urgent ones first, none when the rate limit's reserve forbids it."""

from __future__ import annotations

import asyncio
import bisect
import math
from dataclasses import dataclass, field
from datetime import timedelta

from hsnap_tui.clock import Clock
from hsnap_tui.cloud.api import BudgetView, Purpose
from hsnap_tui.cloud.budget import Bucket, Ticket, reserve
from hsnap_tui.cloud.errors import CloudError, ErrorKind

SHORTEST_SLEEP = 0.001


@dataclass(order=True, slots=True)
class _Waiter:
    purpose: Purpose
    order: int
    route: str = field(compare=False)
    leave: asyncio.Future[Ticket] = field(compare=False)


class Gate:
    """Gives leave to send, and learns from every answer. Used from one event loop.

    Every ticket is handed back exactly once: `answered`, `lost` or `unsent`. A route is a family of requests
    that share a limit; families whose answers show the same limit share one bucket.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unproven = Bucket()
        self._buckets: dict[int, Bucket] = {}
        self._families: dict[str, tuple[int, Bucket]] = {}
        self._usual = self._unproven
        self._under_way: set[Ticket] = set()
        self._admitted = 0
        self._waiters: list[_Waiter] = []
        self._arrivals = 0
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = math.inf
        self._closed = False

    async def admit(self, purpose: Purpose, route: str) -> Ticket:
        """Waits until a request of this purpose may be sent. Raises `CloudError` when the gate is closed."""
        if self._closed:
            raise _closed()
        self._arrivals += 1
        leave: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(purpose, self._arrivals, route, leave)
        bisect.insort(self._waiters, waiter)
        self._pump()
        try:
            return await leave
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                self._pump()
            elif leave.done() and not leave.cancelled() and leave.exception() is None:
                self.unsent(leave.result())
            raise

    def answered(self, ticket: Ticket, limit: int | None, left: float | None) -> None:
        """The answer came, with the limit and what is left of it where it shows them."""
        bucket = self._hand_back(ticket, limit)
        now = self._clock.monotonic()
        if left is None:
            bucket.uncounted(now, self._admitted, answered=True)
        else:
            bucket.answered(ticket, left, now, self._admitted)
        bucket.accepted()
        self._tidy(bucket)

    def refused(self, ticket: Ticket, limit: int | None, left: float | None, retry_after: float | None) -> None:
        """The answer was a 429, perhaps with the seconds to wait."""
        bucket = self._hand_back(ticket, limit)
        now = self._clock.monotonic()
        if left is not None:
            bucket.answered(ticket, left, now, self._admitted)
        bucket.refused(now, self._admitted, retry_after)
        self._tidy(bucket)

    def lost(self, ticket: Ticket) -> None:
        """The request left and no answer came: it may count at Hetzner."""
        bucket = self._hand_back(ticket, None)
        bucket.uncounted(self._clock.monotonic(), self._admitted, answered=False)
        self._tidy(bucket)

    def unsent(self, ticket: Ticket) -> None:
        """The request never left."""
        self._tidy(self._hand_back(ticket, None))

    def view(self) -> BudgetView:
        """The budget as it stands: of the bucket that holds somebody back, else of the usual one."""
        now = self._clock.monotonic()
        bucket, waiting, until = self._usual, None, None
        if self._waiters:
            first = self._waiters[0]
            bucket, waiting = self._bucket(first.route), first.purpose
            seconds = bucket.wait(first.purpose, now, self._under_way_of(bucket))
            if math.isfinite(seconds):
                until = self._clock.now() + timedelta(seconds=seconds)
        left = bucket.estimate(now, len(self._under_way_of(bucket)))
        return BudgetView(
            limit=bucket.limit,
            remaining=max(0.0, left),
            reserve=reserve(bucket.limit),
            refill=bucket.refill,
            known=bucket.known,
            waiting=waiting,
            until=until,
        )

    def close(self) -> None:
        """Sends away everybody who waits, and everybody who comes."""
        self._closed = True
        self._disarm()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.leave.done():
                waiter.leave.set_exception(_closed())

    def _bucket(self, route: str) -> Bucket:
        _, bucket = self._families.get(route, (0, self._usual))
        return bucket

    def _under_way_of(self, bucket: Bucket) -> list[Ticket]:
        return [ticket for ticket in self._under_way if self._bucket(ticket.route) is bucket]

    def _hand_back(self, ticket: Ticket, limit: int | None) -> Bucket:
        self._under_way.remove(ticket)
        if limit is not None:
            since, _ = self._families.get(ticket.route, (0, None))
            bucket = self._buckets.setdefault(limit, Bucket(limit))
            if ticket.number > since:
                self._families[ticket.route] = ticket.number, bucket
            if self._usual is self._unproven:
                self._usual = bucket
            return bucket
        return self._bucket(ticket.route)

    def _tidy(self, bucket: Bucket) -> None:
        bucket.forget(min((ticket.number for ticket in self._under_way), default=self._admitted + 1))
        self._pump()

    def _pump(self) -> None:
        """Admits everybody who may go now, most urgent first; nobody overtakes within a bucket."""
        now = self._clock.monotonic()
        held: set[Bucket] = set()
        staying: list[_Waiter] = []
        soonest = math.inf
        for waiter in self._waiters:
            bucket = self._bucket(waiter.route)
            if bucket in held:
                staying.append(waiter)
                continue
            wait = bucket.wait(waiter.purpose, now, self._under_way_of(bucket))
            if wait > 0:
                if math.isfinite(wait):
                    held.add(bucket)
                staying.append(waiter)
                soonest = min(soonest, wait)
            elif not waiter.leave.done():
                self._admitted += 1
                ticket = Ticket(self._admitted, waiter.purpose, waiter.route)
                self._under_way.add(ticket)
                waiter.leave.set_result(ticket)
        self._waiters = staying
        self._arm(now + soonest)

    def _arm(self, at: float) -> None:
        """Sees to it that the gate looks again at that time, or sooner."""
        if not self._waiters:
            self._disarm()
        elif at < self._alarm_at:
            self._disarm()
            self._alarm_at = at
            self._alarm = asyncio.get_running_loop().create_task(self._ring(at))

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_at = None, math.inf

    async def _ring(self, at: float) -> None:
        await self._clock.sleep(max(SHORTEST_SLEEP, at - self._clock.monotonic()))
        self._alarm, self._alarm_at = None, math.inf
        self._pump()


def _closed() -> CloudError:
    return CloudError(ErrorKind.UNREACHABLE, "the program is ending; nothing more is sent")
