"""The steps on a worker thread: the SDK sends, and the answer is read there too, since a long list takes its time."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from hsnap_tui.cloud.chain.request import Answer, Attempt, BlockingStep
from hsnap_tui.cloud.parse import MalformedError
from hsnap_tui.cloud.transport.sdk import Sdk

T = TypeVar("T")


class SentBySdk:
    """Sends once and waits for the answer."""

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk

    def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
        """What came back, not read yet."""
        request = attempt.request
        return Answer(self._sdk.send(attempt.handle, request.method, request.path, request.params, request.body))


class Parsed:
    """Reads a successful answer; one that is not what was asked for becomes a failure."""

    def __init__(self, following: BlockingStep) -> None:
        self._next = following

    def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
        """The answer with its result, or with the reason why there is none."""
        answer = self._next(attempt)
        if not answer.raw.succeeded:
            return answer
        try:
            return replace(answer, result=attempt.request.read(answer.raw.payload))
        except MalformedError as error:
            return replace(answer, raw=replace(answer.raw, failure=error.with_traceback(None)))
