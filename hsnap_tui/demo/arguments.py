"""The command line of the simulated cloud: from words to options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hsnap_tui.demo.model import faults
from hsnap_tui.demo.model.options import DemoOptions, Span
from hsnap_tui.demo.serving import control, fault_text

T = TypeVar("T")

_EPILOG = (
    f"""\
faults, off unless asked for:
  --fault '{fault_text.SYNTAX}'
  KIND   one of the kinds below, with its time S, status or text where it has one
  METHOD GET, POST, PUT or DELETE; left out: any
  ROUTE  a pattern for the last fixed word of a route (create_image, servers, actions, images, power*, *),
         or, when it starts with a slash, for the path below /v1 (/servers/*/actions/*)
  RATE   between 0 and 1, the share of these requests that it happens to; left out: 1
  TIMES  how often it happens at most
  after=S        it begins S seconds (of the cloud's clock) from now
  for=S          it ends S seconds after it began
  retry-after=S  for refuse: the answer has this Retry-After header
  One fault at most happens to a request: of several, the first that fits. Those of headers (date, date-text,
  ratelimit) are apart: all that fit happen. Examples:
    --fault 'drop-after:POST create_image:0.15' --fault 'latency=2:GET *:0.3' --fault '503:*:1:5'
    --fault 'refuse=503/unavailable:POST create_image:after=20:for=300'
    --fault 'refuse=429:*:for=60:retry-after=900' --fault 'date=-3600:*:after=30' --fault 'ratelimit=1/0:GET *'
    --fault 'then=delete web-1:GET servers:1:1'

kinds:
"""
    + "\n".join(f"  {name:17} {kind.words}" for name, kind in faults.KINDS.items())
    + """

commands, for --at 'TIME COMMAND', for then=COMMAND, and for POST /control (the body is the command as plain text,
the token is the first one: curl -H "Authorization: Bearer $HCLOUD_TOKEN" -d 'slow web-1 300' http://…/control):
"""
    + "\n".join(f"  {name + ' ' + command.words:29} {command.help}" for name, command in control.COMMANDS.items())
)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the command line asks for."""

    options: DemoOptions
    port: int
    exit_with_parent: bool


def parse(words: Sequence[str] | None) -> Arguments:
    """Read the command line (None: this process's); leaves with code 2 and a message when it can't be read."""
    defaults = DemoOptions()
    parser = argparse.ArgumentParser(
        prog="python -m hsnap_tui.demo",
        description="A simulated Hetzner Cloud on this computer, for hsnap-tui, the official command line and SDKs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--port",
        type=_kind(_port, "a port"),
        default=0,
        help="where to listen on 127.0.0.1; 0 (default): any free port",
    )
    add(
        "--servers",
        type=_kind(_count, "a number of servers"),
        default=defaults.servers,
        metavar="N",
        help="how many servers there are (%(default)s)",
    )
    add(
        "--seed",
        type=int,
        default=defaults.seed,
        metavar="N",
        help="the same seed makes the same servers, tokens and events (%(default)s)",
    )
    add("--calm", action="store_true", help="nothing happens by itself")
    add(
        "--latency",
        type=_kind(_seconds, "a time"),
        default=defaults.latency,
        metavar="TIME",
        help="how long every answer takes: seconds, or e.g. 50ms (0)",
    )
    add(
        "--speed",
        type=_kind(_positive, "a factor"),
        default=defaults.speed,
        metavar="FACTOR",
        help="how many times as fast the cloud's clock runs (1)",
    )
    add(
        "--snapshot-seconds",
        type=_kind(_span, "a time"),
        default=defaults.snapshot_seconds,
        metavar="A[-B]",
        help="how long a snapshot takes (60-78)",
    )
    add(
        "--unlock-at",
        type=_kind(_percent, "a percentage"),
        default=defaults.unlock_at,
        metavar="PERCENT",
        help="the progress at which create_image lets go of the server's lock (100)",
    )
    add(
        "--shutdown-seconds",
        type=_kind(_span, "a time"),
        default=defaults.shutdown_seconds,
        metavar="A[-B]",
        help="how long a server takes to go off after the ACPI request (6-14)",
    )
    add(
        "--ignore-acpi",
        type=_kind(_acpi, "a share or names"),
        default=defaults.ignore_acpi,
        metavar="SHARE|NAMES",
        help="which servers do not react to ACPI: a share of all (0 to 1), or names with commas between (0)",
    )
    add(
        "--snapshot-limit",
        type=_kind(_count, "a number of snapshots"),
        default=None,
        metavar="N",
        help="how many snapshots the project may have (any number)",
    )
    add(
        "--fail-rate",
        type=_kind(_share, "a rate"),
        default=defaults.action_failure_rate,
        metavar="RATE",
        help="which share of the actions that clients start end in an error, 0 to 1 (0)",
    )
    add(
        "--fail-commands",
        type=_words,
        default=(),
        metavar="COMMANDS",
        help="the commands that --fail-rate is about, with commas between, e.g. create_image,start_server (all)",
    )
    add(
        "--rate-limit",
        type=_kind(_at_least_one, "a number of requests"),
        default=defaults.rate_limit,
        metavar="N",
        help="requests an hour (%(default)s)",
    )
    add(
        "--actions-rate-limit",
        type=_kind(_at_least_one, "a number of requests"),
        default=None,
        metavar="N",
        help="requests an hour of an own budget for GET /actions?id=… (none of its own)",
    )
    add(
        "--other-client",
        type=_kind(_share, "a share"),
        default=defaults.other_client_share,
        metavar="SHARE",
        help="the share of the rate limit that another client takes, 0 to 1 (0)",
    )
    add("--fault", type=_fault, action="append", default=[], metavar="FAULT", help="see below; may be repeated")
    add(
        "--at",
        type=_scheduled,
        action="append",
        default=[],
        metavar="'TIME COMMAND'",
        help="what else happens, and when; see below; may be repeated",
    )
    add(
        "--tokens",
        type=_kind(_at_least_one, "a number of tokens"),
        default=defaults.tokens,
        metavar="N",
        help="how many tokens there are that may do everything; the last of all tokens may only read (1)",
    )
    add("--exit-with-parent", action="store_true",
        help="stop when standard input ends: of a pipe, when the process at its other end is gone")  # fmt: skip
    given = parser.parse_args(words)
    options = DemoOptions(
        servers=given.servers,
        seed=given.seed,
        calm=given.calm,
        latency=given.latency,
        speed=given.speed,
        snapshot_seconds=given.snapshot_seconds,
        unlock_at=given.unlock_at,
        shutdown_seconds=given.shutdown_seconds,
        ignore_acpi=given.ignore_acpi,
        snapshot_limit=given.snapshot_limit,
        action_failure_rate=given.fail_rate,
        failing_commands=given.fail_commands,
        rate_limit=given.rate_limit,
        actions_rate_limit=given.actions_rate_limit,
        other_client_share=given.other_client,
        faults=tuple(given.fault),
        script=tuple(given.at),
        tokens=given.tokens,
    )
    return Arguments(options, given.port, given.exit_with_parent)


def _kind(read: Callable[[str], T], what: str) -> Callable[[str], T]:
    """Let argparse say what was expected when the text can't be read."""

    def check(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}: {error}") from None

    return check


def _fault(text: str) -> faults.Fault:
    try:
        fault = control.read_fault(text)
    except control.CommandError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

    from hsnap_tui.demo.routes.table import ENDPOINTS  # noqa: PLC0415 - the whole cloud, needed for few command lines

    if not fault.route.startswith("/") and not any(
        fault.matches(endpoint.method, endpoint.template, endpoint.template) for endpoint in ENDPOINTS
    ):
        words = sorted({faults.route_word(endpoint.template) for endpoint in ENDPOINTS})
        raise argparse.ArgumentTypeError(
            f"no route fits {fault.method} {fault.route!r}; the words are: {', '.join(words)}"
        )
    return fault


def _scheduled(text: str) -> tuple[float, str]:
    moment, _, command = text.strip().partition(" ")
    try:
        seconds = _seconds(moment)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with a time: {error}") from None
    try:
        control.parse(command)
    except control.CommandError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return seconds, command


def _in_range(number: float, low: float, high: float) -> float:
    if not low <= number <= high:
        raise ValueError(f"it must be between {low:g} and {high:g}")
    return number


def _port(text: str) -> int:
    return int(_in_range(int(text), 0, 65535))


def _count(text: str) -> int:
    return int(_in_range(int(text), 0, 100_000))


def _at_least_one(text: str) -> int:
    return int(_in_range(int(text), 1, 10**9))


def _percent(text: str) -> int:
    return int(_in_range(int(text.removesuffix("%")), 0, 100))


def _share(text: str) -> float:
    return _in_range(float(text), 0, 1)


def _positive(text: str) -> float:
    return _in_range(float(text), 0.001, 10_000)


def _seconds(text: str) -> float:
    if text.endswith("ms"):
        return _in_range(float(text.removesuffix("ms")) / 1000, 0, 86_400)
    return _in_range(float(text.removesuffix("s")), 0, 86_400)


def _span(text: str) -> Span:
    low, dash, high = text.partition("-")
    first = _seconds(low)
    last = _seconds(high) if dash else first
    if last < first:
        raise ValueError("the second time must not be shorter than the first")
    return first, last


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _acpi(text: str) -> float | tuple[str, ...]:
    try:
        return _share(text)
    except ValueError:
        names = _words(text)
    if len(names) == 1 and names[0].replace(".", "", 1).lstrip("-").isdigit():
        raise ValueError("a share must be between 0 and 1")
    return names
