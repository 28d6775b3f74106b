"""Which folder of the state directory belongs to a project.

The API names no project and tokens are rotated: a project is known by a fingerprint of its token, or by the servers
in it, whose IDs are unique at Hetzner.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from hsnap_tui.jobs.codec import from_text, to_text
from hsnap_tui.jobs.errors import JournalError

_CARD = "project.json"


@dataclass(frozen=True, slots=True)
class Card:
    """What a project is known by."""

    endpoint: str
    fingerprints: tuple[str, ...] = ()
    servers: tuple[int, ...] = ()
    version: int = 1

    def fits(self, other: Card) -> bool:
        """Whether both are the same project: the same token, or at least half of the smaller set of servers."""
        if self.endpoint != other.endpoint:
            return False
        if set(self.fingerprints) & set(other.fingerprints):
            return True
        common = len(set(self.servers) & set(other.servers))
        return common > 0 and 2 * common >= min(len(self.servers), len(other.servers))


def fingerprint(token: str) -> str:
    """A short one-way mark of a token, of no use for anything but comparing."""
    return hashlib.sha256(b"hsnap-tui:" + token.encode()).hexdigest()[:16]


def find(state_dir: Path, card: Card) -> Path | None:
    """The folder of the project that the card describes, if there is one. Raises `JournalError`."""
    try:
        for folder in sorted(_folders(state_dir).glob("*/")):
            known = _read(folder)
            if known is not None and known.fits(card):
                return folder
    except OSError as error:
        raise _unusable(state_dir, error) from error
    return None


def find_or_make(state_dir: Path, card: Card) -> Path:
    """The folder of the project, made when it is new; what it is known by is kept up to date."""
    try:
        _folders(state_dir).mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(_folders(state_dir) / ".lock", timeout=10):
            folder = find(state_dir, card) or _folders(state_dir) / secrets.token_hex(6)
            folder.mkdir(exist_ok=True, mode=0o700)
            remember(folder, card)
            return folder
    except (OSError, NotImplementedError, Timeout) as error:
        raise _unusable(state_dir, error) from error


def remember(folder: Path, card: Card) -> None:
    """Adds to what the project is known by; its servers are those of the card. Raises `OSError`."""
    known = _read(folder) or Card(card.endpoint)
    merged = Card(card.endpoint, _merged(known.fingerprints, card.fingerprints), card.servers or known.servers)
    if merged != _read(folder):
        _replace(folder / _CARD, to_text(merged))


def _folders(state_dir: Path) -> Path:
    return state_dir / "projects"


def _merged(old: Iterable[str], new: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *new)))[-20:]


def _read(folder: Path) -> Card | None:
    path = folder / _CARD
    try:
        return from_text(path.read_text(encoding="utf-8"), Card)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, json.JSONDecodeError, ExceptionGroup):
        path.rename(path.with_suffix(".broken"))
        return None


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(f".{os.getpid()}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _unusable(state_dir: Path, error: Exception) -> JournalError:
    return JournalError(
        f"the state folder {state_dir} cannot be used: {error}",
        "Snapshots can't be made without a journal. Check its permissions and free space, "
        "or set HSNAP_STATE_DIR to a folder on a local disk.",
    )
