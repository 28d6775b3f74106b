"""What can be done to the cloud while it runs: faults for a time, commands by the clock and by request."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from hsnap_tui.demo.arguments import parse
from hsnap_tui.demo.model.faults import FaultSyntaxError
from hsnap_tui.demo.serving import control, fault_text
from hsnap_tui.demo.serving.control import CommandError
from hsnap_tui.demo.serving.tokens import Access
from tests.demo.support import Bench, bench
from tests.patience import PATIENCE, eventually


@pytest.fixture
def at() -> Iterator[Bench]:
    with bench(shutdown_seconds=(5, 5), snapshot_seconds=(60, 60), tokens=2) as made:
        made.served.call(lambda cloud: cloud.add_server("web"))
        made.served.call(lambda cloud: cloud.add_server("db"))
        yield made


def _fault(at: Bench, text: str) -> None:
    at.served.add_fault(fault_text.parse(text))


def _server(at: Bench, name: str = "web") -> Any:
    (server,) = at.get("/servers", name=name)["servers"]
    return server


def _do(at: Bench, word: str, name: str = "web") -> requests.Response:
    return at.ask("POST", f"/servers/{_server(at, name)['id']}/actions/{word}", json={})


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("503", 503, "unavailable"),
        ("503/maintenance", 503, "maintenance"),
        ("423", 423, "locked"),
        ("invalid_input", 422, "invalid_input"),
        ("422/unsupported_error", 422, "unsupported_error"),
        ("429", 429, "rate_limit_exceeded"),
        ("418/teapot", 418, "teapot"),
    ],
)
def test_a_route_that_is_refused_for_a_while(at: Bench, text: str, status: int, code: str) -> None:
    _fault(at, f"refuse={text}:POST create_image:after=10:for=20:retry-after=7")
    assert _do(at, "create_image").status_code == 201, "not yet"
    at.clock.advance(70 - 60 + 1)
    answer = _do(at, "create_image", "db")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["Retry-After"] == "7"
    assert _do(at, "poweron", "db").status_code == 201, "only that route"
    at.clock.advance(30)
    assert _do(at, "create_image", "db").status_code == 201, "no longer"
    assert len(at.served.call(lambda cloud: cloud.snapshots())) == 2


def test_a_refusal_that_asks_for_a_pause_as_a_date(at: Bench) -> None:
    _fault(at, "refuse=429:*:1:1:retry-after=soon")
    assert at.ask("GET", "/servers").headers["Retry-After"] == "soon"


def test_the_date_is_skewed_and_steps_back(at: Bench) -> None:
    _fault(at, "date=-3600:*:after=10:for=10")

    def skew() -> float:
        told = parsedate_to_datetime(at.ask("GET", "/servers").headers["Date"])
        return (told - at.clock.now()).total_seconds()

    assert skew() == 0
    at.clock.advance(10)
    assert skew() == -3600
    at.clock.advance(10)
    assert skew() == 0


def test_headers_that_cannot_be_believed(at: Bench) -> None:
    _fault(at, "ratelimit=1/0/99999999999:GET servers")
    _fault(at, "date-text=yesterday:GET servers")
    headers = at.ask("GET", "/servers").headers
    assert [headers[f"RateLimit-{word}"] for word in ("Limit", "Remaining", "Reset")] == ["1", "0", "99999999999"]
    assert headers["Date"] == "yesterday"
    assert at.ask("GET", "/images").headers["RateLimit-Limit"] == "3600"
    _fault(at, "ratelimit=none:*")
    with_faults = at.ask("GET", "/images").headers
    assert with_faults["RateLimit-Limit"] == "none"
    assert with_faults["RateLimit-Remaining"].isdecimal(), "what is not given stays"


def test_headers_of_a_refused_request_are_changed_too(at: Bench) -> None:
    _fault(at, "refuse=503:*")
    _fault(at, "date=60:*")
    answer = at.ask("GET", "/servers")
    assert answer.status_code == 503
    assert (parsedate_to_datetime(answer.headers["Date"]) - at.clock.now()).total_seconds() == 60


def test_a_request_that_arrives_after_the_client_has_left(at: Bench) -> None:
    number = _server(at)["id"]
    _fault(at, "stall-then-effect=45:POST create_image")
    with pytest.raises(requests.ReadTimeout):
        at.session.post(
            f"{at.served.endpoint}/servers/{number}/actions/create_image",
            json={},
            headers={"Authorization": f"Bearer {at.served.token}"},
            timeout=0.2,
        )
    assert at.served.call(lambda cloud: cloud.snapshots()) == []

    def arrived() -> bool:
        at.clock.advance(46)
        return len(at.served.call(lambda cloud: cloud.snapshots())) == 1

    eventually(arrived)


def test_a_token_that_is_revoked_or_made_read_only_while_it_is_used(at: Bench) -> None:
    first, second, reader = at.served.tokens
    assert (first, reader) == (at.served.token, at.served.readonly_token)
    at.served.run_command("token 1 read-only")
    assert at.ask("GET", "/servers").status_code == 200
    assert at.refused("POST", "/servers", json={}) == (401, "token_readonly")
    at.served.run_command("token 1 revoked")
    assert at.refused("GET", "/servers") == (401, "unauthorized")
    assert at.ask("GET", "/servers", token=second).status_code == 200
    at.served.tokens.change(first, Access.READ_WRITE)
    assert at.ask("GET", "/servers").status_code == 200


def test_everything_but_reading_is_refused_for_a_while(at: Bench) -> None:
    _fault(at, "readonly:*:for=10")
    assert _do(at, "poweroff").json()["error"]["code"] == "token_readonly"
    at.clock.advance(10)
    assert _do(at, "poweroff").status_code == 201


def test_a_slow_guest_goes_off_long_after_its_action(at: Bench) -> None:
    at.served.run_command("slow web 300")
    action = _do(at, "shutdown").json()["action"]["id"]
    _do(at, "shutdown", "db")
    at.clock.advance(299)
    assert at.get(f"/actions/{action}")["action"]["status"] == "success"
    assert (_server(at)["status"], _server(at, "db")["status"]) == ("running", "off")
    at.clock.advance(4)
    assert _server(at)["status"] == "off"


def test_a_guest_that_ignores_acpi(at: Bench) -> None:
    at.served.run_command("ignore-acpi web")
    _do(at, "shutdown")
    at.clock.advance(4000)
    assert _server(at)["status"] == "running"


@pytest.mark.parametrize(("word", "status"), [("poweroff", "off"), ("shutdown", "off"), ("snapshot", "running")])
def test_another_client(at: Bench, word: str, status: str) -> None:
    at.served.run_command(f"{word} web")
    assert _server(at)["locked"]
    assert len(at.get("/servers/actions", status="running")["actions"]) == 1
    with pytest.raises(CommandError, match="423 locked"):
        at.served.run_command("poweron web")
    at.clock.advance(100)
    assert _server(at)["status"] == status
    at.served.run_command("poweron web")
    at.clock.advance(10)
    assert _server(at)["status"] == "running"


@pytest.mark.parametrize("status", ["unknown", "starting", "stopping"])
def test_a_server_that_is_stuck_until_its_power_is_cut(at: Bench, status: str) -> None:
    at.served.run_command(f"status web {status}")
    _do(at, "shutdown")
    at.clock.advance(4000)
    assert _server(at)["status"] == status
    _do(at, "poweroff")
    at.clock.advance(10)
    assert _server(at)["status"] == "off"


def test_an_image_that_stays_creating_while_its_action_is_gone(at: Bench) -> None:
    at.served.run_command("stuck-image web 10")
    made = _do(at, "create_image").json()
    action, image = made["action"]["id"], made["image"]["id"]
    assert at.get(f"/actions/{action}")["action"]["status"] == "running"
    assert _server(at)["locked"]
    at.clock.advance(10)
    assert at.refused("GET", f"/actions/{action}") == (404, "not_found")
    assert at.get("/servers/actions", status="running")["actions"] == []
    assert not _server(at)["locked"]
    at.clock.advance(100_000)
    assert at.get(f"/images/{image}")["image"]["status"] == "creating"


def test_a_server_that_is_deleted_between_two_pages(at: Bench) -> None:
    _fault(at, "then=delete web:GET servers:1:1")
    first = at.get("/servers", per_page=1)
    second = at.get("/servers", per_page=1, page=2)
    assert [server["name"] for server in first["servers"]] == ["web"]
    assert first["meta"]["pagination"]["total_entries"] == 2
    assert second["servers"] == [], "what was on page 2 has moved to page 1"
    assert second["meta"]["pagination"]["total_entries"] == 1


def test_a_command_by_request(at: Bench) -> None:
    url = at.served.endpoint.replace("/v1", "/control")
    allowed = {"Authorization": f"Bearer {at.served.token}"}
    assert requests.post(url, data="status web off", timeout=PATIENCE).status_code == 401
    assert requests.get(url, headers=allowed, timeout=PATIENCE).status_code == 405
    assert requests.post(url, data="status web off", headers=allowed, timeout=PATIENCE).status_code == 204
    assert _server(at)["status"] == "off"
    refused = requests.post(url, data="delete nobody", headers=allowed, timeout=PATIENCE)
    assert (refused.status_code, "there is no server 'nobody'" in refused.text) == (422, True)
    at.served.run_command("token 1 revoked")
    again = requests.post(url, data="token 1 read-write", headers=allowed, timeout=PATIENCE)
    assert again.status_code == 204, "the first token always opens it"
    assert all(request.path != "/control" for request in at.served.requests)


def test_commands_by_the_clock() -> None:
    script = ((10.0, "rename srv other"), (20.0, "delete other"), (30.0, "delete other"), (5.0, "budget 7"))
    with bench(script=script) as at:
        at.served.call(lambda cloud: cloud.add_server("srv"))
        assert _server(at, "srv")
        at.clock.advance(5)
        assert at.ask("GET", "/servers").headers["RateLimit-Remaining"] == "6"
        at.clock.advance(5)
        assert _server(at, "other")
        at.clock.advance(20)
        assert at.get("/servers")["servers"] == []


def test_locks_and_faults_by_command(at: Bench) -> None:
    at.served.run_command("lock web 30")
    assert _server(at)["locked"]
    with pytest.raises(CommandError, match="locked already"):
        at.served.run_command("lock web 30")
    at.served.run_command("unlock web")
    assert not _server(at)["locked"]
    at.served.run_command("fault 'refuse=503:POST poweron'")
    assert _do(at, "poweron").status_code == 503
    at.served.run_command("no-faults")
    assert _do(at, "poweron").status_code == 201


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a command"),
        ("'", "is not a command"),
        ("explode web", "unknown command 'explode'; there are: fault,"),
        ("slow web", "it is: slow SERVER SECONDS"),
        ("slow web soon", "must be a number"),
        ("slow web -1", "between 0 and"),
        ("status web asleep", "a status is one of"),
        ("token 1 root", "a token becomes one of"),
        ("fault 600:*", "unknown fault kind"),
        ("fault 'then=explode:*'", "unknown command 'explode'"),
    ],
)
def test_commands_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(CommandError) as error:
        control.parse(text)
    assert words in str(error.value)


def test_a_token_that_there_is_not(at: Bench) -> None:
    with pytest.raises(CommandError, match="there are 3 tokens"):
        at.served.run_command("token 4 revoked")
    with pytest.raises(KeyError):
        at.served.tokens.change("x", Access.REVOKED)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("refuse:*", "refuse needs a status or code"),
        ("refuse=200:*", "between 400 and 599"),
        ("refuse=418:*", "status 418 needs a code"),
        ("refuse=nonsense:*", "unknown code 'nonsense'"),
        ("500:*:retry-after=3", "500 takes no retry-after"),
        ("500:*:until=3", "none of after=S"),
        ("500:*:after=-3", "must not be negative"),
        ("date=nan:*", "between"),
        ("ratelimit:*", "needs a limit"),
    ],
)
def test_faults_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(FaultSyntaxError) as error:
        fault_text.parse(text)
    assert words in str(error.value)


def test_they_are_options(capsys: pytest.CaptureFixture[str]) -> None:
    options = parse(["--at", "30 slow web-1 300", "--at", "500ms token 1 revoked", "--tokens", "2"]).options
    assert options.script == ((30.0, "slow web-1 300"), (0.5, "token 1 revoked"))
    assert len(set(options.read_write_tokens)) == 2
    for wrong in (["--at", "30 explode"], ["--at", "soon delete a"], ["--fault", "then=explode:GET servers"]):
        with pytest.raises(SystemExit):
            parse(wrong)
    with pytest.raises(SystemExit):
        parse(["--help"])
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in control.COMMANDS)
