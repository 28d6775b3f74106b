"""The simulated project's state and its timeline: resources, actions, locks, and what happens when.

Everything that takes time is an event on the timeline and takes effect at its own moment, however seldom
someone looks. There is no thread and no waiting here: the clock is read, and what is due is done in order.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from hsnap_tui.demo.model.clock import SimulationClock
from hsnap_tui.demo.model.errors import not_found
from hsnap_tui.demo.model.options import DemoOptions, Span
from hsnap_tui.demo.model.resources import (
    Firewall,
    Network,
    PlacementGroup,
    PublicIp,
    SimulatedAction,
    SimulatedImage,
    SimulatedServer,
    SshKey,
    Volume,
)

Effect = Callable[[], None]

#: An action that never ends makes no progress that anyone could see.
_ENDLESS_SECONDS = 1e9

_ACTION_ERROR = ("action_failed", "Action failed")


class World:
    """Holds one project. Not thread-safe: whoever shares it guards it with one lock."""

    def __init__(self, options: DemoOptions, clock: SimulationClock) -> None:
        self.options = options
        self.clock = clock
        #: The present moment; during an event, the event's.
        self.now: datetime = clock.now()
        #: When this world was made.
        self.began = self.now
        self.rng = random.Random(f"{options.seed}:world")  # noqa: S311
        self.volumes: dict[int, Volume] = {}
        self.networks: dict[int, Network] = {}
        self.firewalls: dict[int, Firewall] = {}
        self.placement_groups: dict[int, PlacementGroup] = {}
        self.primary_ips: dict[int, PublicIp] = {}
        self.ssh_keys: dict[int, SshKey] = {}
        #: Every snapshot and backup there ever was, in order of creation, the deleted ones too.
        self.image_history: list[SimulatedImage] = []
        self._servers: dict[int, SimulatedServer] = {}
        self._images: dict[int, SimulatedImage] = {}
        self._actions: dict[int, SimulatedAction] = {}
        self._timeline: list[tuple[datetime, int, Effect]] = []
        self._order = itertools.count()
        self._advancing = False
        self._followers: dict[int, list[Effect]] = {}
        self._planned_failures: list[tuple[str, tuple[str, str]]] = []
        self._ids = {
            "server": itertools.count(104_318_257, 3),
            "image": itertools.count(301_445_108, 2),
            "action": itertools.count(612_004_873_105_221, 7),
            "primary_ip": itertools.count(88_200_411, 1),
            "volume": itertools.count(103_774_020, 1),
            "other": itertools.count(11_204_330, 1),
        }

    # -- looking

    @property
    def servers(self) -> Mapping[int, SimulatedServer]:
        """Give the project's servers by ID, as they are now."""
        self.advance()
        return self._servers

    @property
    def images(self) -> Mapping[int, SimulatedImage]:
        """Give the images by ID, as they are now: the system's and the project's."""
        self.advance()
        return self._images

    @property
    def actions(self) -> Mapping[int, SimulatedAction]:
        """Give all actions by ID, as they are now."""
        self.advance()
        return self._actions

    def server(self, identifier: int) -> SimulatedServer:
        """Give a server; ApiError not_found when there is none."""
        if identifier not in self.servers:
            raise not_found("server", identifier)
        return self._servers[identifier]

    def server_named(self, name: str) -> SimulatedServer:
        """Give the server of that name; KeyError when there is none."""
        for server in self.servers.values():
            if server.name == name:
                return server
        raise KeyError(name)

    def image(self, identifier: int) -> SimulatedImage:
        """Give an image; ApiError not_found when there is none (any more)."""
        if identifier not in self.images:
            raise not_found("image", identifier)
        return self._images[identifier]

    def action(self, identifier: int) -> SimulatedAction:
        """Give an action; ApiError not_found when there is none."""
        if identifier not in self.actions:
            raise not_found("action", identifier)
        return self._actions[identifier]

    def resources(self, kind: str) -> Collection[int]:
        """Give the IDs of the project's resources of a kind, as actions name it; empty for what it never has."""
        held: dict[str, Collection[int]] = {
            "server": self.servers,
            "image": self.images,
            "volume": self.volumes,
            "network": self.networks,
            "firewall": self.firewalls,
            "primary_ip": self.primary_ips,
        }
        return held.get(kind, ())

    # -- time

    def advance(self) -> None:
        """Do all that is due by the clock, each at its own moment."""
        if self._advancing:
            return
        self._advancing = True
        try:
            until = max(self.now, self.clock.now())
            while self._timeline and self._timeline[0][0] <= until:
                self.now, _, effect = heapq.heappop(self._timeline)
                effect()
            self.now = until
        finally:
            self._advancing = False

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Do what is due, then let the time stand still, so that what is looked at and done fits together."""
        self.advance()
        outer, self._advancing = self._advancing, True
        try:
            yield
        finally:
            self._advancing = outer

    def after(self, seconds: float, effect: Effect) -> None:
        """Let something happen that many seconds from now."""
        self.at(self.now + timedelta(seconds=seconds), effect)

    def at(self, moment: datetime, effect: Effect) -> None:
        """Let something happen at a moment."""
        heapq.heappush(self._timeline, (max(moment, self.now), next(self._order), effect))

    def seconds(self, span: Span) -> float:
        """Draw a duration from a span."""
        return self.rng.uniform(*span)

    # -- changing

    def new_id(self, kind: str) -> int:
        """Give an ID that is not in use."""
        return next(self._ids.get(kind, self._ids["other"]))

    def put_server(self, server: SimulatedServer) -> None:
        """Take a server into the project, with its addresses."""
        self._servers[server.id] = server
        for address in (server.ipv4, server.ipv6):
            if address is not None:
                self.primary_ips[address.id] = address
                address.server = server.id

    def remove_server(self, server: SimulatedServer) -> None:
        """Take a server out of the project, and what is bound to it."""
        del self._servers[server.id]
        for volume in self.volumes.values():
            if volume.server == server.id:
                volume.server = None
        for address in (server.ipv4, server.ipv6):
            if address is not None:
                address.server = None
                if address.auto_delete:
                    del self.primary_ips[address.id]
        for image in [image for image in self._images.values() if image.bound_to == server.id]:
            self.remove_image(image)

    def put_image(self, image: SimulatedImage) -> None:
        """Take an image into the project."""
        self._images[image.id] = image
        if image.type in ("snapshot", "backup"):
            self.image_history.append(image)

    def remove_image(self, image: SimulatedImage) -> None:
        """Take an image out of the project."""
        if self._images.pop(image.id, None) is not None:
            image.deleted = self.now

    def put_action(self, action: SimulatedAction) -> None:
        """Take an action into the project's record."""
        self._actions[action.id] = action

    def fail_next(self, command: str, error: tuple[str, str] = _ACTION_ERROR) -> None:
        """Let the next action of that command that a client starts end in an error (code and message)."""
        self._planned_failures.append((command, error))

    def planned_failure(self, command: str, *errors: tuple[str, str]) -> tuple[str, str] | None:
        """Decide whether an action that a client starts will fail, and with which of the errors."""
        for failure in self._planned_failures:
            if failure[0] == command:
                self._planned_failures.remove(failure)
                return failure[1]
        may = not self.options.failing_commands or command in self.options.failing_commands
        if not may or self.rng.random() >= self.options.action_failure_rate:
            return None
        return self.rng.choice(errors or (_ACTION_ERROR,))

    def start(
        self,
        command: str,
        *resources: tuple[str, int],
        seconds: float,
        lock: SimulatedServer | None = None,
        unlock_at: int = 100,
        queued: float = 0.0,
        error: tuple[str, str] | None = None,
        on_begin: Effect | None = None,
        on_success: Effect | None = None,
        on_error: Effect | None = None,
        age: float = 0.0,
    ) -> SimulatedAction:
        """Start an action, which holds the server's lock until `unlock_at` percent of its time.

        `queued`: seconds until it begins, for one that follows another. `age`: how long it has been running
        already. `error`: it ends in this error, somewhere between 30 and 95 percent.
        """
        started = self.now - timedelta(seconds=age)
        begins = started + timedelta(seconds=queued)
        action = SimulatedAction(self.new_id("action"), command, started, begins, seconds, resources)
        self.put_action(action)
        share = 1.0 if error is None else self.rng.uniform(0.3, 0.95)

        def begin() -> None:
            if lock is not None:
                lock.lock = action
            if on_begin is not None:
                on_begin()

        def end() -> None:
            if error is not None:
                action.reached = action.share_done(self.now)
                action.error = error
            action.finished = self.now
            self._unlock(lock, action)
            effect = on_success if error is None else on_error
            if effect is not None:
                effect()
            for follower in self._followers.pop(action.id, ()):
                follower()

        if queued:
            self.at(begins, begin)
        else:
            begin()
        if unlock_at < 100:
            self.at(begins + timedelta(seconds=seconds * unlock_at / 100), lambda: self._unlock(lock, action))
        if seconds > 0:
            self.at(begins + timedelta(seconds=seconds * share), end)
        else:
            end()
        return action

    def start_endless(self, command: str, *resources: tuple[str, int], lock: SimulatedServer) -> SimulatedAction:
        """Start an action that never ends and holds the server's lock until it is forgotten."""
        action = SimulatedAction(self.new_id("action"), command, self.now, self.now, _ENDLESS_SECONDS, resources)
        self.put_action(action)
        lock.lock = action
        return action

    def forget_action(self, action: SimulatedAction) -> None:
        """Let an action vanish without an end; what it locked is free."""
        self._actions.pop(action.id, None)
        for server in self._servers.values():
            self._unlock(server, action)

    def at_end(self, action: SimulatedAction, effect: Effect) -> None:
        """Let something happen when a running action has ended, well or not."""
        self._followers.setdefault(action.id, []).append(effect)

    @staticmethod
    def _unlock(server: SimulatedServer | None, action: SimulatedAction) -> None:
        if server is not None and server.lock is action:
            server.lock = None
