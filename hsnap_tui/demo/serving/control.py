"""What can be done to the simulated cloud from outside while it runs, as short commands.

`--at 'TIME COMMAND'` gives them on the command line, `then=COMMAND` lets a request bring one about, and
`POST /control` takes them from a client: the command is the body, in plain text.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hsnap_tui.demo.model import images, power
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.errors import ApiError
from hsnap_tui.demo.model.faults import Fault, FaultBook, FaultSyntaxError
from hsnap_tui.demo.model.resources import STATUSES, SimulatedServer
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.serving import fault_text
from hsnap_tui.demo.serving.ratelimit import RequestBudget
from hsnap_tui.demo.serving.tokens import Access, Tokens

_MAX_SECONDS = 1e9


class CommandError(ValueError):
    """The command can't be read or carried out; the message says why."""


class Controllable(Protocol):
    """The parts of a simulation that commands change."""

    cloud: Cloud
    tokens: Tokens
    faults: FaultBook
    budget: RequestBudget

    def add_fault(self, fault: Fault) -> None:
        """Put a fault into force, before those that already are."""
        ...


Do = Callable[[Controllable], None]


@dataclass(frozen=True, slots=True)
class _Command:
    words: str
    help: str
    read: Callable[..., Do]


def parse(text: str) -> Do:
    """Give what the command does to a simulation; it raises CommandError too. Raises CommandError."""
    try:
        name, *arguments = shlex.split(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is not a command: {error or 'it is empty'}") from None
    if name not in COMMANDS:
        raise CommandError(f"unknown command {name!r}; there are: {', '.join(COMMANDS)}")
    command = COMMANDS[name]
    required = sum(not word.startswith("[") for word in command.words.split())
    if not required <= len(arguments) <= len(command.words.split()):
        raise CommandError(f"it is: {name} {command.words}".rstrip())
    return command.read(*arguments)


def read_fault(text: str) -> Fault:
    """Give the fault that the text describes, the command of `then` checked too. Raises CommandError."""
    try:
        fault = fault_text.parse(text)
    except FaultSyntaxError as error:
        raise CommandError(str(error)) from None
    if fault.kind == "then":
        parse(fault.text)
    return fault


def _fault(text: str) -> Do:
    fault = read_fault(text)
    return lambda simulation: simulation.add_fault(fault)


def _no_faults() -> Do:
    return lambda simulation: simulation.faults.clear()


def _token(number: str, access: str) -> Do:
    if access not in list(Access):
        raise CommandError(f"a token becomes one of: {', '.join(Access)}; not {access!r}")
    which = int(_number(number, "the token's number", 1))

    def change(simulation: Controllable) -> None:
        tokens = list(simulation.tokens)
        if which > len(tokens):
            raise CommandError(f"there are {len(tokens)} tokens, no token {which}")
        simulation.tokens.change(tokens[which - 1], Access(access))

    return change


def _slow(name: str, seconds: str) -> Do:
    takes = _number(seconds, "the seconds")

    def slow(server: SimulatedServer) -> None:
        server.shutdown_seconds, server.ignores_acpi = takes, False

    return _on_server(name, slow)


def _ignore_acpi(name: str) -> Do:
    def ignore(server: SimulatedServer) -> None:
        server.ignores_acpi = True

    return _on_server(name, ignore)


def _status(name: str, status: str) -> Do:
    if status not in STATUSES:
        raise CommandError(f"a status is one of: {', '.join(STATUSES)}; not {status!r}")
    return _on_server(name, lambda server: server.change_power(status))


def _stuck_image(name: str, seconds: str = "10") -> Do:
    after = _number(seconds, "the seconds")

    def stuck(server: SimulatedServer) -> None:
        server.images_stuck_after = after

    return _on_server(name, stuck)


def _rename(name: str, other: str) -> Do:
    def rename(server: SimulatedServer) -> None:
        server.name = other

    return _on_server(name, rename)


def _delete(name: str) -> Do:
    return lambda simulation: simulation.cloud.remove_server(_server(simulation, name))


def _lock(name: str, seconds: str) -> Do:
    held = _number(seconds, "the seconds")

    def lock(simulation: Controllable) -> None:
        server = _server(simulation, name)
        if server.locked:
            raise CommandError(f"server {name!r} is locked already")
        simulation.cloud.lock(server.id, seconds=held)

    return lock


def _as_another_client(operation: Callable[[World, SimulatedServer], object]) -> Callable[[str], Do]:
    """Give the reader of a command that does what another client's request would."""

    def read(name: str) -> Do:
        def start(simulation: Controllable) -> None:
            try:
                operation(simulation.cloud, _server(simulation, name))
            except ApiError as error:
                raise CommandError(f"{error.status} {error.code}: {error.message}") from None

        return start

    return read


def _unlock(name: str) -> Do:
    return lambda simulation: simulation.cloud.unlock(_server(simulation, name).id)


def _budget(left: str) -> Do:
    leave = int(_number(left, "what is left"))
    return lambda simulation: simulation.budget.drain(simulation.cloud.now, leave)


def _on_server(name: str, change: Callable[[SimulatedServer], None]) -> Do:
    return lambda simulation: change(_server(simulation, name))


def _server(simulation: Controllable, name: str) -> SimulatedServer:
    try:
        return simulation.cloud.server_named(name)
    except KeyError:
        raise CommandError(f"there is no server {name!r}") from None


def _number(text: str, what: str, low: float = 0) -> float:
    try:
        number = float(text)
    except ValueError:
        raise CommandError(f"{what} must be a number, not {text!r}") from None
    if not low <= number <= _MAX_SECONDS:
        raise CommandError(f"{what} must be between {low:g} and {_MAX_SECONDS:g}, not {text}")
    return number


COMMANDS = {
    "fault": _Command("FAULT", "put a fault into force, see above", _fault),
    "no-faults": _Command("", "take all faults out of force", _no_faults),
    "token": _Command("NUMBER ACCESS", f"let a token be {', '.join(Access)} from now on", _token),
    "slow": _Command("SERVER SECONDS", "it goes off so long after an ACPI shutdown", _slow),
    "ignore-acpi": _Command("SERVER", "it does not react to ACPI", _ignore_acpi),
    "status": _Command("SERVER STATUS", "it has this status, until its power is changed", _status),
    "stuck-image": _Command("SERVER [SECONDS]",
        "its images stay creating for ever, their action is gone after SECONDS (10)", _stuck_image),
    "rename": _Command("SERVER NAME", "it has another name", _rename),
    "delete": _Command("SERVER", "it is gone at once", _delete),
    "poweron": _Command("SERVER", "another client powers it on", _as_another_client(power.poweron)),
    "poweroff": _Command("SERVER", "another client powers it off", _as_another_client(power.poweroff)),
    "shutdown": _Command("SERVER", "another client shuts it down", _as_another_client(power.shutdown)),
    "snapshot": _Command("SERVER", "another client makes a snapshot of it", _as_another_client(images.create_image)),
    "lock": _Command("SERVER SECONDS", "another client's reboot holds it for so long", _lock),
    "unlock": _Command("SERVER", "its lock is gone; the action that held it goes on", _unlock),
    "budget": _Command("LEFT", "another client has taken all but so many requests of the rate limit", _budget),
}  # fmt: skip
