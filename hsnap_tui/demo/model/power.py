"""Switching servers on and off: each function starts an action as a client's request does."""

from __future__ import annotations

from hsnap_tui.demo.model.errors import locked
from hsnap_tui.demo.model.resources import SimulatedAction, SimulatedServer
from hsnap_tui.demo.model.world import Effect, World

#: How long it takes to hand an ACPI request to a server.
_ACPI_SECONDS = (0.8, 2.0)


def ensure_free(world: World, server: SimulatedServer) -> None:
    """Raise ApiError locked when something holds the server by now."""
    world.advance()
    if server.locked:
        raise locked("server")


def poweron(world: World, server: SimulatedServer) -> SimulatedAction:
    """Switch on; nothing changes when it is on already."""
    ensure_free(world, server)
    was_off = server.status == "off"

    def begin() -> None:
        if was_off:
            server.status = "starting"

    def failed() -> None:
        if was_off:
            server.status = "off"

    def on() -> None:
        if was_off:
            change_power(server, "running")

    return _power_action(world, server, "start_server", on, on_begin=begin, on_error=failed)


def poweroff(world: World, server: SimulatedServer) -> SimulatedAction:
    """Cut the power."""
    ensure_free(world, server)
    before = server.status

    def begin() -> None:
        if before != "off":
            server.status = "stopping"

    def failed() -> None:
        server.status = before

    return _power_action(
        world, server, "stop_server", lambda: change_power(server, "off"), on_begin=begin, on_error=failed
    )


def reset(world: World, server: SimulatedServer) -> SimulatedAction:
    """Cut the power and switch on again."""
    ensure_free(world, server)
    return _power_action(world, server, "reset_server", lambda: change_power(server, "running"))


def reboot(world: World, server: SimulatedServer) -> SimulatedAction:
    """Ask by ACPI for a restart; a server that is off or does not react stays as it is."""
    ensure_free(world, server)

    def restarted() -> None:
        if server.status == "running" and not server.ignores_acpi:
            change_power(server, "running")

    return _power_action(world, server, "reboot_server", restarted)


def shutdown(world: World, server: SimulatedServer) -> SimulatedAction:
    """Ask by ACPI for a shutdown. The action ends when the request is sent; the status changes later."""
    ensure_free(world, server)

    def sent() -> None:
        if server.status != "running" or server.ignores_acpi:
            return
        asked_at = server.power_changes

        def halted() -> None:
            if server.power_changes == asked_at:
                change_power(server, "off")

        own = server.shutdown_seconds
        world.after(world.seconds(world.options.shutdown_seconds) if own is None else own, halted)

    return world.start(
        "shutdown_server",
        ("server", server.id),
        seconds=world.seconds(_ACPI_SECONDS),
        lock=server,
        error=world.planned_failure("shutdown_server"),
        on_success=sent,
    )


def change_power(server: SimulatedServer, status: str) -> None:
    """Set the status that a change of power leads to (see `Server.change_power`)."""
    server.change_power(status)


def _power_action(
    world: World,
    server: SimulatedServer,
    command: str,
    on_success: Effect,
    *,
    on_begin: Effect | None = None,
    on_error: Effect | None = None,
) -> SimulatedAction:
    return world.start(
        command,
        ("server", server.id),
        seconds=world.seconds(world.options.power_seconds),
        lock=server,
        error=world.planned_failure(command),
        on_begin=on_begin,
        on_success=on_success,
        on_error=on_error,
    )
