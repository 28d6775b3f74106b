"""Faults: their text form, how often they come, and what each kind does on real sockets."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
import requests

from hsnap_tui.demo.model.clock import ManualClock
from hsnap_tui.demo.model.faults import Fault, FaultBook, FaultSyntaxError
from hsnap_tui.demo.serving import fault_text
from tests.demo.support import Bench, bench
from tests.patience import PATIENCE, eventually


@pytest.fixture
def at() -> Iterator[Bench]:
    with bench() as made:
        made.served.call(lambda cloud: cloud.add_server("web"))
        yield made


class Attempt:
    """One create_image that meets a fault, and what came of it."""

    def __init__(self, at: Bench, kind: str, seconds: float | None = None, timeout: float = PATIENCE) -> None:
        (server,) = at.served.cloud.servers
        at.served.fail_next("POST", "create_image", kind, seconds=seconds)
        self.response: requests.Response | None = None
        self.error: requests.RequestException | None = None
        started = time.monotonic()
        try:
            self.response = at.session.post(
                f"{at.served.endpoint}/servers/{server}/actions/create_image",
                json={},
                headers={"Authorization": f"Bearer {at.served.token}"},
                timeout=timeout,
            )
        except requests.RequestException as error:
            self.error = error
        self.seconds = time.monotonic() - started
        self.made = len(at.served.call(lambda cloud: cloud.snapshots()))
        eventually(lambda: [request.fault for request in at.served.requests] == [kind])
        (recorded,) = at.served.requests
        self.status = recorded.status


@pytest.mark.parametrize(("kind", "made"), [("drop-before", 0), ("drop-after", 1)])
def test_a_dropped_connection(at: Bench, kind: str, made: int) -> None:
    attempt = Attempt(at, kind)
    assert isinstance(attempt.error, requests.ConnectionError)
    assert not isinstance(attempt.error, requests.Timeout)
    assert (attempt.made, attempt.status) == (made, None)
    assert len(at.get("/servers")["servers"]) == 1, "the fault is over"


def test_an_effect_that_comes_late(at: Bench) -> None:
    attempt = Attempt(at, "drop-then-effect", seconds=5)
    assert isinstance(attempt.error, requests.ConnectionError)
    assert attempt.made == 0
    at.clock.advance(4.9)
    assert at.get("/images?type=snapshot")["images"] == []
    at.clock.advance(0.2)
    assert len(at.get("/images?type=snapshot")["images"]) == 1
    assert at.get("/servers")["servers"][0]["locked"]


def test_a_late_effect_is_refused_like_any_request_when_the_server_is_locked_by_then(at: Bench) -> None:
    Attempt(at, "drop-then-effect", seconds=5)
    (server,) = at.served.cloud.servers
    at.served.call(lambda cloud: cloud.lock(server, seconds=60))
    at.clock.advance(10)
    assert at.get("/images?type=snapshot")["images"] == []


@pytest.mark.parametrize(("kind", "made"), [("stall", 0), ("timeout-after", 1)])
def test_no_answer_ever(at: Bench, kind: str, made: int) -> None:
    attempt = Attempt(at, kind, timeout=0.2)
    assert isinstance(attempt.error, requests.ReadTimeout)
    # The client may have left before the request was read.
    eventually(lambda: len(at.served.call(lambda cloud: cloud.snapshots())) == made)


def test_no_answer_is_bounded(at: Bench) -> None:
    attempt = Attempt(at, "stall", seconds=0.1)
    assert isinstance(attempt.error, requests.ConnectionError)
    assert attempt.seconds >= 0.1


def test_latency(at: Bench) -> None:
    attempt = Attempt(at, "latency", seconds=0.2)
    assert attempt.response is not None
    assert attempt.response.status_code == 201
    assert attempt.seconds >= 0.2


def test_a_trickle(at: Bench) -> None:
    attempt = Attempt(at, "trickle", seconds=1)
    assert isinstance(attempt.error, requests.exceptions.ChunkedEncodingError)
    assert attempt.made == 1


def test_a_body_that_breaks_off(at: Bench) -> None:
    attempt = Attempt(at, "cut-body")
    assert isinstance(attempt.error, requests.exceptions.ChunkedEncodingError)
    assert attempt.made == 1


@pytest.mark.parametrize(
    ("kind", "status", "code", "made"),
    [
        ("500", 500, "server_error", 0),
        ("503-after", 503, "unavailable", 1),
        ("504-after", 504, "timeout", 1),
        ("429", 429, "rate_limit_exceeded", 0),
        ("conflict", 409, "conflict", 0),
    ],
)
def test_refusals_as_json(at: Bench, kind: str, status: int, code: str, made: int) -> None:
    attempt = Attempt(at, kind)
    assert attempt.response is not None
    assert (attempt.response.status_code, attempt.response.json()["error"]["code"]) == (status, code)
    assert "RateLimit-Remaining" in attempt.response.headers
    assert "X-Correlation-Id" in attempt.response.headers
    assert attempt.made == made


@pytest.mark.parametrize("status", [502, 503])
def test_a_gateways_page(at: Bench, status: int) -> None:
    attempt = Attempt(at, str(status))
    assert attempt.response is not None
    assert attempt.response.status_code == status
    assert attempt.response.headers["Content-Type"].startswith("text/html")
    assert attempt.response.text.startswith("<html>")
    assert attempt.made == 0


@pytest.mark.parametrize(("kind", "body"), [("empty", b""), ("null", b"null"), ("cut-json", b'{"image":{"id":')])
def test_answers_that_say_nothing(at: Bench, kind: str, body: bytes) -> None:
    attempt = Attempt(at, kind)
    assert attempt.response is not None
    assert attempt.response.status_code == 201
    assert attempt.response.content.startswith(body)
    with pytest.raises(ValueError if kind != "null" else TypeError):
        attempt.response.json()["action"]
    assert attempt.made == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop-after:POST create_image:0.15", Fault("drop-after", "POST", "create_image", 0.15)),
        ("latency=2s:get *:0.3", Fault("latency", "GET", "*", 0.3, seconds=2)),
        ("503:*:1:5", Fault("503", "*", "*", 1, times=5)),
        ("500:/servers/*", Fault("500", "*", "/servers/*")),
        ("drop-then-effect=7.5:POST poweron", Fault("drop-then-effect", "POST", "poweron", seconds=7.5)),
    ],
)
def test_reading_faults(text: str, fault: Fault) -> None:
    assert fault_text.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not of the form"),
        ("500", "is not of the form"),
        ("500:", "is not of the form"),
        ("600:*", "unknown fault kind '600'; there are: latency,"),
        ("500:FETCH *", "unknown method 'FETCH'"),
        ("500:GET a b", "is not a method and a route"),
        ("500:*:often", "the rate must be a number"),
        ("500:*:1.5", "between 0 and 1"),
        ("500:*:nan", "between 0 and 1"),
        ("500:*:1:0", "at least 1"),
        ("500:*:1:x", "whole number"),
        ("500=3:*", "500 takes no seconds"),
        ("latency=-1:*", "between 0 and 3600"),
        ("latency=nan:*", "between 0 and 3600"),
        ("500:*:1:2:3", "is not of the form"),
    ],
)
def test_what_is_no_fault(text: str, words: str) -> None:
    with pytest.raises(FaultSyntaxError) as error:
        fault_text.parse(text)
    assert words in str(error.value)


def test_routes_rates_and_times() -> None:
    book = FaultBook(random.Random(1), ManualClock().now)
    book.add([Fault("500", "POST", "create_image", times=2), Fault("503", "GET", "/servers*", rate=0.25)])
    post = ("POST", "/servers/1/actions/create_image", "/servers/{id}/actions/create_image")
    assert [fault.kind if (fault := book.draw(*post)) else "" for _ in range(3)] == ["500", "500", ""]
    assert book.draw("POST", "/servers/1/actions/poweron", "/servers/{id}/actions/poweron") is None
    hits = sum(book.draw("GET", "/servers/5", "/servers/{id}") is not None for _ in range(2000))
    assert 400 < hits < 600
    book.clear()
    assert book.draw("GET", "/servers/5", "/servers/{id}") is None
