"""What a simulated cloud can be told when it is made."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass

from hsnap_tui.demo.model.faults import Fault

#: A span of seconds from which durations are drawn.
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The simulated cloud's parameters; times are in seconds of its own clock, except `latency`."""

    servers: int = 20
    seed: int = 1
    #: Nothing happens by itself.
    calm: bool = False
    #: The round trip of every answer, in real seconds.
    latency: float = 0.0
    #: How many times as fast as the computer's the cloud's clock runs.
    speed: float = 1.0

    snapshot_seconds: Span = (60.0, 78.0)
    #: The percentage of its progress at which create_image lets go of the server's lock.
    unlock_at: int = 100
    #: How long after an accepted ACPI request a server's status becomes `off`.
    shutdown_seconds: Span = (6.0, 14.0)
    #: Which servers do not react to ACPI: a share of all (0 to 1), or names.
    ignore_acpi: float | tuple[str, ...] = 0.0
    #: How long powering on, powering off, rebooting and resetting take.
    power_seconds: Span = (2.0, 5.0)
    rebuild_seconds: Span = (20.0, 40.0)

    #: How many snapshots the project may have; None: any number.
    snapshot_limit: int | None = None
    #: Which share (0 to 1) of the actions that clients start end in an error.
    action_failure_rate: float = 0.0
    #: The commands that `action_failure_rate` is about, e.g. ("create_image",); empty: all.
    failing_commands: tuple[str, ...] = ()

    #: Requests an hour for the project.
    rate_limit: int = 3600
    #: Requests an hour of an own bucket for `GET /actions?id=…`; None: it counts with the others.
    actions_rate_limit: int | None = None
    #: The share (0 to 1) of the rate limit that another client takes.
    other_client_share: float = 0.0
    faults: tuple[Fault, ...] = ()

    #: What happens when: seconds from the start, and a command (see `control`).
    script: tuple[tuple[float, str], ...] = ()

    #: The project's tokens; when left empty, made from the seed.
    token: str = ""
    readonly_token: str = ""
    #: How many tokens there are that may do everything.
    tokens: int = 1

    @property
    def read_write_token(self) -> str:
        """Give the token that may do everything: 64 characters, as Hetzner's."""
        return self.token or _token(f"{self.seed}:read-write")

    @property
    def read_write_tokens(self) -> tuple[str, ...]:
        """Give all tokens that may do everything, `read_write_token` first."""
        more = (_token(f"{self.seed}:read-write:{number}") for number in range(2, self.tokens + 1))
        return (self.read_write_token, *more)

    @property
    def read_only_token(self) -> str:
        """Give the token that may only read."""
        return self.readonly_token or _token(f"{self.seed}:read-only")


def _token(seed: str) -> str:
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=64))  # noqa: S311
