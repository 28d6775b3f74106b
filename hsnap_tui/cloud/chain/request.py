"""What goes through the chain: a request, each attempt at it, and what came of the attempt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.cloud.transport.request_handle import RequestHandle
from hsnap_tui.cloud.transport.sdk import RawResponse

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[T]):
    """One request. `route` is the family that shares a rate limit.

    `read` makes the result of the answer's JSON; it raises `MalformedError` when that is not what was asked for.
    """

    priority: Priority
    method: str
    path: str
    route: str
    read: Callable[[object], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing at Hetzner, so that it may be cut off and sent again."""
        return self.method == "GET"


@dataclass(frozen=True, slots=True, eq=False)
class Attempt(Generic[T]):
    """One sending of a request. `handle` knows whether it has left this machine, however the attempt ends."""

    request: ApiRequest[T]
    handle: RequestHandle = field(default_factory=RequestHandle)


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """What an answer told about the rate limit, as far as it is believed: both of `limit` and `left`, or neither.

    `retry_after` is in seconds.
    """

    limit: int | None = None
    left: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came back from one attempt. `result` is there when it was a usable answer.

    `rate_limit` is none when no answer came at all.
    """

    raw: RawResponse
    result: T | None = None
    rate_limit: RateLimitHeaders | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What one attempt came to: a result, or an error. `seconds` is how long it took once it was admitted; without
    end when its thread hangs."""

    result: T | None
    error: CloudError | None
    seconds: float

    @property
    def value(self) -> T:
        """The result of an attempt without an error."""
        return cast("T", self.result)


class BlockingStep(Protocol):
    """A step that runs on a worker thread."""

    def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
        """What came back; failures are in it."""
        ...


class EventLoopStep(Protocol):
    """A step that runs on the event loop."""

    async def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
        """What came back; failures are in it. Raises `CloudError` when nothing may be sent any more."""
        ...


class OutcomeStep(Protocol):
    """The step whose attempts have ended as a result or an error."""

    async def __call__(self, attempt: Attempt[T], /) -> Outcome[T]:
        """What the attempt came to. Raises `CloudError` when nothing may be sent any more."""
        ...
