"""Each step of a request alone, with the steps around it played by the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, TypeVar, cast

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.chain.admission import Admitted
from hsnap_tui.cloud.chain.failures import FailuresMapped
from hsnap_tui.cloud.chain.header_feedback import ClockOffset, HeadersFedBack
from hsnap_tui.cloud.chain.request import Answer, ApiRequest, Attempt, Outcome, RateLimitHeaders
from hsnap_tui.cloud.chain.retries import REFUSALS, GetsRetried
from hsnap_tui.cloud.chain.sending import Parsed
from hsnap_tui.cloud.chain.worker_thread import OnWorkerThread
from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.cloud.parse import MalformedError
from hsnap_tui.cloud.priorities import WorkerGroup, worker_group
from hsnap_tui.cloud.ratelimit.bucket import Permit
from hsnap_tui.cloud.ratelimit.limiter import RateLimiter
from hsnap_tui.cloud.ratelimit.plausible import Plausible
from hsnap_tui.cloud.transport.executor import RequestExecutor, WorkerStuckError
from hsnap_tui.cloud.transport.request_handle import RequestHandle
from hsnap_tui.cloud.transport.sdk import RawResponse
from hsnap_tui.config.secret import Secret
from tests.clocks import VirtualClock

T = TypeVar("T")


def request(method: str = "GET", priority: Priority = Priority.POLL) -> ApiRequest[int]:
    return ApiRequest(priority, method, "/servers/1", "/servers/{id}", lambda raw: cast("int", raw))


@dataclass
class Limiter(RateLimiter):
    """A rate limiter that gives out permits at once and remembers how they came back."""

    back: list[tuple[str, int]] = field(default_factory=list)
    given: int = 0

    def __post_init__(self) -> None:
        super().__init__(VirtualClock())

    async def acquire(self, priority: Priority, route: str) -> Permit:
        self.given += 1
        return Permit(self.given, priority, route)

    def answered(self, permit: Permit, limit: int | None, left: float | None) -> None:
        self.back.append((f"answered {limit} {left}", permit.number))

    def refused(self, permit: Permit, limit: int | None, left: float | None, retry_after: float | None) -> None:
        self.back.append((f"refused {limit} {left} {retry_after}", permit.number))

    def lost(self, permit: Permit) -> None:
        self.back.append(("lost", permit.number))

    def unsent(self, permit: Permit) -> None:
        self.back.append(("unsent", permit.number))


class Gives:
    """The step after the one under test: does what the test says with each attempt."""

    def __init__(self, act: Callable[[Attempt[Any]], Answer[Any]]) -> None:
        self._act = act

    async def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
        return self._act(attempt)


class Blocking:
    """The same for a step on a worker thread."""

    def __init__(self, act: Callable[[Attempt[Any]], Answer[Any]]) -> None:
        self._act = act

    def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
        return self._act(attempt)


class Outcomes:
    """The step under the retries: one outcome after the other, the last one again and again."""

    def __init__(self, *outcomes: Outcome[Any]) -> None:
        self._outcomes = list(outcomes)
        self.handles: list[RequestHandle] = []

    async def __call__(self, attempt: Attempt[T], /) -> Outcome[T]:
        self.handles.append(attempt.handle)
        return self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]


def answers(attempt: Attempt[Any], status: int, shown: RateLimitHeaders | None) -> Answer[Any]:
    attempt.handle.sending()
    return Answer(RawResponse(attempt.handle, status), rate_limit=shown)


def leaves_without_an_answer(attempt: Attempt[Any]) -> Answer[Any]:
    attempt.handle.sending()
    return Answer(RawResponse(attempt.handle))


def breaks_after_leaving(attempt: Attempt[Any]) -> Answer[Any]:
    attempt.handle.sending()
    raise ZeroDivisionError


def breaks_before_leaving(_attempt: Attempt[Any]) -> Answer[Any]:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("act", "back"),
    [
        (lambda it: answers(it, 200, RateLimitHeaders(3600, 17)), "answered 3600 17"),
        (lambda it: answers(it, 500, RateLimitHeaders()), "answered None None"),
        (lambda it: answers(it, 429, RateLimitHeaders(3600, 0, 12.0)), "refused 3600 0 12.0"),
        (leaves_without_an_answer, "lost"),
        (lambda it: Answer(RawResponse(it.handle)), "unsent"),
        (breaks_after_leaving, "lost"),
        (breaks_before_leaving, "unsent"),
    ],
)
async def test_a_permit_is_handed_back_once_however_the_attempt_ends(
    act: Callable[[Attempt[Any]], Answer[Any]], back: str
) -> None:
    limiter = Limiter()
    await asyncio.gather(Admitted(limiter, Gives(act))(Attempt(request())), return_exceptions=True)
    assert limiter.back == [(back, 1)]


@pytest.mark.parametrize("sent", [False, True])
async def test_a_permit_is_handed_back_once_when_its_attempt_is_cancelled(sent: bool) -> None:
    class Hangs:
        async def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
            if sent:
                attempt.handle.sending()
            await asyncio.Event().wait()
            raise AssertionError

    limiter = Limiter()
    task = asyncio.create_task(Admitted(limiter, Hangs())(Attempt(request())))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert limiter.back == [("lost" if sent else "unsent", 1)]


async def test_a_closed_limiter_lets_nothing_through() -> None:
    limiter = RateLimiter(VirtualClock())
    limiter.close()
    with pytest.raises(CloudError):
        await Admitted(limiter, Gives(breaks_before_leaving))(Attempt(request()))


async def test_headers_tell_the_limit_the_wait_and_the_clock() -> None:
    clock = VirtualClock()
    offset = ClockOffset(clock)
    headers = {
        "RateLimit-Limit": "3600",
        "RateLimit-Remaining": "12",
        "Retry-After": "7",
        "Date": format_datetime(clock.now() + timedelta(seconds=90)),
    }
    step = HeadersFedBack(clock, offset, Plausible(), Gives(lambda it: Answer(RawResponse(it.handle, 429, headers))))
    assert (await step(Attempt(request()))).rate_limit == RateLimitHeaders(3600, 12, 7.0)
    assert offset.median == timedelta(seconds=90)


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"RateLimit-Limit": "3600"},
        {"RateLimit-Limit": "3600", "RateLimit-Remaining": "-1"},
        {"RateLimit-Limit": "0", "RateLimit-Remaining": "0"},
        {"RateLimit-Limit": "many", "RateLimit-Remaining": "few", "Date": "yesterday", "Retry-After": "soon"},
    ],
)
async def test_headers_that_say_nothing_usable_tell_nothing(headers: dict[str, str] | None) -> None:
    offset = ClockOffset(VirtualClock())
    step = HeadersFedBack(
        VirtualClock(), offset, Plausible(), Gives(lambda it: Answer(RawResponse(it.handle, 200, headers)))
    )
    assert (await step(Attempt(request()))).rate_limit == RateLimitHeaders()
    assert offset.median == timedelta()


async def test_without_an_answer_there_is_nothing_to_feed_back() -> None:
    step = HeadersFedBack(
        VirtualClock(), ClockOffset(VirtualClock()), Plausible(), Gives(lambda it: Answer(RawResponse(it.handle)))
    )
    assert (await step(Attempt(request()))).rate_limit is None


def test_a_usable_answer_is_parsed_and_an_odd_one_is_a_failure() -> None:
    def odd(_raw: object) -> int:
        raise MalformedError("has no server")

    step = Parsed(Blocking(lambda it: Answer(RawResponse(it.handle, 200, payload=5))))
    assert step(Attempt(request())).result == 5
    answer = step(Attempt(ApiRequest(Priority.POLL, "GET", "/", "/", odd)))
    assert answer.result is None
    assert isinstance(answer.raw.failure, MalformedError)


def test_what_failed_is_not_parsed() -> None:
    def never(_raw: object) -> int:
        raise AssertionError("was parsed")

    step = Parsed(Blocking(lambda it: Answer(RawResponse(it.handle, 404, failure=ValueError()))))
    assert step(Attempt(ApiRequest(Priority.POLL, "GET", "/", "/", never))).result is None


async def test_a_thread_that_hangs_is_given_up_and_tells_so() -> None:
    released = threading.Event()

    def hang(attempt: Attempt[Any]) -> Answer[Any]:
        released.wait()
        return Answer(RawResponse(attempt.handle))

    executor = RequestExecutor(0.01)
    attempt = Attempt(request("POST"))
    answer = await OnWorkerThread(executor, Blocking(hang))(attempt)
    released.set()
    executor.close()
    assert isinstance(answer.raw.failure, WorkerStuckError)
    assert attempt.handle.aborted


@pytest.mark.parametrize(
    ("sent", "kind", "effect"),
    [(True, ErrorKind.OUTCOME_UNKNOWN, Effect.POSSIBLE), (False, ErrorKind.UNREACHABLE, Effect.NONE)],
)
async def test_a_request_whose_thread_hangs_has_perhaps_had_an_effect_once_sent(
    sent: bool, kind: ErrorKind, effect: Effect
) -> None:
    attempt = Attempt(request("POST"))
    if sent:
        attempt.handle.sending()
    stuck = Gives(lambda it: Answer(RawResponse(it.handle, failure=WorkerStuckError(), seconds=1.0)))
    outcome = await FailuresMapped(VirtualClock(), Secret("x" * 64), stuck)(attempt)
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.effect) == (kind, effect)
    assert "cut off" in outcome.error.message


async def test_an_error_never_shows_the_token() -> None:
    token = "S3cret" * 10
    failed = Gives(lambda it: Answer(RawResponse(it.handle, 200, failure=MalformedError(f"has no {token}"))))
    outcome = await FailuresMapped(VirtualClock(), Secret(token), failed)(Attempt(request()))
    assert outcome.error is not None
    assert "has no …" in outcome.error.message
    assert token not in outcome.error.message


def fails(kind: ErrorKind, seconds: float = 0.0) -> Outcome[Any]:
    return Outcome(None, CloudError(kind, kind.value), seconds)


async def ended(step: GetsRetried, what: ApiRequest[int]) -> int | ErrorKind:
    try:
        return await step(what)
    except CloudError as error:
        return error.kind


@pytest.mark.parametrize(
    ("priority", "outcomes", "end", "attempts"),
    [
        (Priority.POLL, [Outcome(3, None, 0.0)], 3, 1),
        (Priority.POLL, [fails(ErrorKind.UNREACHABLE), Outcome(3, None, 0.0)], 3, 2),
        (Priority.POLL, [fails(ErrorKind.UNREACHABLE)], ErrorKind.UNREACHABLE, 3),
        (Priority.KEYPRESS, [fails(ErrorKind.CONFLICT)], ErrorKind.CONFLICT, 2),
        (Priority.POLL, [fails(ErrorKind.UNREACHABLE, 3.0)], ErrorKind.UNREACHABLE, 1),
        (Priority.POLL, [fails(ErrorKind.UNREACHABLE, float("inf"))], ErrorKind.UNREACHABLE, 1),
        (Priority.POLL, [fails(ErrorKind.NOT_FOUND)], ErrorKind.NOT_FOUND, 1),
        (Priority.POLL, [fails(ErrorKind.RATE_LIMITED)], ErrorKind.RATE_LIMITED, 1 + REFUSALS),
    ],
)
async def test_when_a_get_is_tried_again(
    priority: Priority, outcomes: list[Outcome[Any]], end: int | ErrorKind, attempts: int
) -> None:
    clock, inner = VirtualClock(), Outcomes(*outcomes)
    assert await clock.run(ended(GetsRetried(clock, lambda: True, inner), request(priority=priority))) == end
    assert len(inner.handles) == len(set(inner.handles)) == attempts


@pytest.mark.parametrize("kind", [ErrorKind.UNREACHABLE, ErrorKind.CONFLICT, ErrorKind.RATE_LIMITED])
async def test_a_post_is_sent_once(kind: ErrorKind) -> None:
    clock, inner = VirtualClock(), Outcomes(fails(kind))
    assert await clock.run(ended(GetsRetried(clock, lambda: True, inner), request("POST"))) == kind
    assert len(inner.handles) == 1


@pytest.mark.parametrize("kind", [ErrorKind.UNREACHABLE, ErrorKind.RATE_LIMITED])
async def test_nothing_is_tried_again_after_the_end(kind: ErrorKind) -> None:
    clock, inner = VirtualClock(), Outcomes(fails(kind))
    assert await clock.run(ended(GetsRetried(clock, lambda: False, inner), request())) == kind
    assert len(inner.handles) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_powering_on_and_keypresses_have_threads_of_their_own(method: str) -> None:
    others = (Priority.WHILE_OFF, Priority.JOB, Priority.LOOK_UP, Priority.POLL)
    taken = {worker_group(priority, way) for priority in others for way in ("GET", "POST")}
    assert worker_group(Priority.POWER_ON, method) is WorkerGroup.POWER_ON
    assert worker_group(Priority.KEYPRESS, method) is WorkerGroup.INTERACTIVE
    assert not taken & {WorkerGroup.POWER_ON, WorkerGroup.INTERACTIVE}


def test_reads_never_share_threads_with_commands() -> None:
    others = (Priority.WHILE_OFF, Priority.JOB, Priority.LOOK_UP, Priority.POLL)
    assert {worker_group(priority, "POST") for priority in others} == {WorkerGroup.COMMANDS}
    assert WorkerGroup.COMMANDS not in {worker_group(priority, "GET") for priority in Priority}
