"""The rules by which a failure becomes one of our kinds, whatever the answer says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import hcloud
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud.errors import Effect, ErrorKind
from hsnap_tui.cloud.transport.error_mapping import KINDS, NEVER_FORWARDED, map_error, retry_after
from hsnap_tui.cloud.transport.request_handle import RequestHandle
from hsnap_tui.cloud.transport.sdk import RawResponse

NOW = datetime(2026, 1, 1, tzinfo=UTC)

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("fields"), inner, max_size=3),
    max_leaves=6,
)
CODES = st.sampled_from(sorted(KINDS)) | st.text() | st.integers() | st.none()
FAILURES = st.one_of(
    st.builds(hcloud.APIException, CODES, st.text() | st.none(), JSON),
    st.sampled_from([KeyError("code"), TypeError("x"), ValueError("y"), OSError(5, "z"), RecursionError()]),
)
HEADERS = st.dictionaries(st.sampled_from(["X-Correlation-Id", "Retry-After", "Date"]), st.text())


def raw_response(*, sent: bool = True, **fields: Any) -> RawResponse:
    request_handle = RequestHandle()
    if sent:
        request_handle.sending()
    return RawResponse(request_handle, **fields)


@given(
    method=st.sampled_from(["GET", "POST"]),
    status=st.none() | st.integers(100, 599),
    failure=FAILURES,
    headers=HEADERS,
    sent=st.booleans(),
)
def test_only_what_surely_had_no_effect_is_called_so(
    method: str, status: int | None, failure: Exception, headers: dict[str, str], sent: bool
) -> None:
    sent = sent or status is not None
    error = map_error(method, raw_response(sent=sent, status=status, headers=headers, failure=failure), NOW)
    refused = (
        status is not None
        and 400 <= status < 500
        and isinstance(failure, hcloud.APIException)
        and isinstance(failure.code, str)
        and failure.code != "conflict"
    )
    harmless = method == "GET" or not sent or refused or status in NEVER_FORWARDED - {409}
    if error.effect is Effect.NONE:
        assert harmless
    if error.kind is ErrorKind.OUTCOME_UNKNOWN:
        assert error.effect is Effect.POSSIBLE
    if error.kind is ErrorKind.NOT_FOUND:
        assert isinstance(failure, hcloud.APIException)
        assert failure.code == "not_found"
    for text in (error.message, error.code or "", error.correlation_id or "", error.advice, error.request_id):
        assert text.isprintable()
        assert len(text) <= 500
    assert error.retry_after is None or error.retry_after >= 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7),
        (" 1.5 ", 1.5),
        ("-3", None),
        ("nan", None),
        ("soon", None),
        ("9" * 5000, None),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30),
        ("Thu, 01 Jan 2025 00:00:30 GMT", 0),
        ("Thu, 01 Jan 2026 00:00:30", None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


@given(st.text())
def test_any_retry_after(text: str) -> None:
    seconds = retry_after(text, NOW)
    assert seconds is None or timedelta(0) <= timedelta(seconds=seconds)
