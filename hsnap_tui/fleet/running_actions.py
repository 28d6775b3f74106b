"""Which actions run and which server each of them holds, from answers that may come in any order (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hsnap_tui.cloud.model import Action


@dataclass(frozen=True, slots=True)
class RunningActions:
    """What runs, as the newest list of running actions and newer answers by ID say together.

    `listed` is the list whose request was sent at `listed_at`. `asked` keeps, for each action that was asked for by
    ID at that time or later, when that was and the action, or none when it had ended or was not known.
    """

    listed_at: datetime | None = None
    listed: Mapping[int, Action] = field(default_factory=dict)
    asked: Mapping[int, tuple[datetime, Action | None]] = field(default_factory=dict)
    current: Mapping[int, Action] = field(default_factory=dict)
    holders: Mapping[int, Action] = field(default_factory=dict)
    """By server ID: its oldest running action. Whether that action locks the server, only the server tells."""

    def observe(
        self,
        started: datetime,
        listed: Iterable[Action] | None,
        by_id: Mapping[int, Action],
        lost: Iterable[int],
    ) -> RunningActions:
        """What runs after one more answer, whose request was sent at `started`; itself when that tells nothing new.

        An answer by ID counts until a list that was asked for later: an older list knows less than it.
        """
        listed_at, list_now = self.listed_at, self.listed
        if listed is not None and (listed_at is None or started >= listed_at):
            listed_at = started
            list_now = {action.id: action for action in listed if action.running}
        asked = dict(self.asked)
        for action_id, action in _outcomes(by_id, lost):
            known = asked.get(action_id)
            if known is None or started >= known[0]:
                asked[action_id] = (started, action)
        asked = {key: fact for key, fact in asked.items() if listed_at is None or fact[0] >= listed_at}
        if listed_at == self.listed_at and list_now == self.listed and asked == self.asked:
            return self
        current = dict(list_now)
        for action_id, (_, action) in asked.items():
            if action is None:
                current.pop(action_id, None)
            else:
                current[action_id] = action
        if current == self.current:
            return RunningActions(listed_at, list_now, asked, self.current, self.holders)
        return RunningActions(listed_at, list_now, asked, current, _holders(current.values()))

    def changed_since(self, before: RunningActions) -> set[int]:
        """The servers whose running actions differ in any way, progress included, from those `before`."""
        old, new = before.current, self.current
        if old is new:
            return set()
        different = [action for key, action in old.items() if new.get(key) != action]
        different += [action for key, action in new.items() if old.get(key) != action]
        return {server_id for action in different for server_id in action.server_ids}


def _outcomes(by_id: Mapping[int, Action], lost: Iterable[int]) -> list[tuple[int, Action | None]]:
    found = ((key, action if action.running else None) for key, action in by_id.items())
    return [*found, *((key, None) for key in lost)]


def _holders(running: Iterable[Action]) -> dict[int, Action]:
    holders: dict[int, Action] = {}
    for action in sorted(running, key=lambda action: (action.started, action.id)):
        for server_id in action.server_ids:
            holders.setdefault(server_id, action)
    return holders
