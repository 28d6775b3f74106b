"""Which folder of the state directory belongs to a project.

The API names no project and tokens are rotated: a project is known by a fingerprint of its token, or by the servers
in it, whose IDs are unique at Hetzner. Its folder's journal keeps a copy of that. A folder that cannot be told to be
another project's is never passed over: servers may be off because of what is in it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from hsnap_tui.jobs.store.codec import to_text
from hsnap_tui.jobs.store.damaged_state import DamagedState, advice, examine
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.file_modes import file_mode, make_file, make_folder
from hsnap_tui.jobs.store.rows import RowError, parsed

JOURNAL = "journal.sqlite3"
_CARD = "project.json"
_VERSION = 1

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ProjectIdentity:
    """What a project is known by."""

    endpoint: str
    fingerprints: tuple[str, ...] = ()
    servers: tuple[int, ...] = ()
    version: int = _VERSION

    def fits(self, other: ProjectIdentity) -> bool:
        """Whether both are the same project: the same token, or at least half of the smaller set of servers."""
        if self.endpoint != other.endpoint:
            return False
        if self.shares_token(other):
            return True
        common = len(set(self.servers) & set(other.servers))
        return common > 0 and 2 * common >= min(len(self.servers), len(other.servers))

    @property
    def names_a_project(self) -> bool:
        """Whether it says enough to tell one project from another."""
        return self.endpoint.startswith("http") and bool(self.fingerprints or self.servers)

    def shares_token(self, other: ProjectIdentity) -> bool:
        """Whether both were seen with the same token."""
        return self.endpoint == other.endpoint and bool(set(self.fingerprints) & set(other.fingerprints))


def fingerprint(token: str) -> str:
    """A short one-way mark of a token, of no use for anything but comparing."""
    return hashlib.sha256(b"hsnap-tui:" + token.encode()).hexdigest()[:16]


def project_id(folder: Path) -> str:
    """What the project of a state folder is called in events, rows and records, whichever of its tokens is used."""
    return folder.name


def provisional_id(token_fingerprint: str) -> str:
    """What a project is called until its state folder is known; no folder has such a name."""
    return f"token-{token_fingerprint}"


def find(state_dir: Path, card: ProjectIdentity, warn: Warn = lambda _: None) -> Path | None:
    """The folder of the project that the card describes, if there is one. Nothing is changed.

    `warn` is told what could not be read. Raises `JournalError`, also for a folder of which nobody can tell whether
    it is this project's, unless another one is known by the same token.
    """
    known: list[tuple[Path, ProjectIdentity]] = []
    unknown: list[JournalError] = []
    try:
        for folder in sorted(_folders(state_dir).glob("*/")):
            try:
                if (found := _known(folder, warn)) is not None:
                    known.append((folder, found))
            except JournalError as error:
                unknown.append(error)
    except OSError as error:
        raise _unusable(state_dir, error) from error
    by_token = [folder for folder, found in known if found.shares_token(card)]
    if unknown and not by_token:
        raise unknown[0]
    for unreadable in unknown:
        warn(f"{unreadable}. {unreadable.failure.advice}")
    return next(iter(by_token + [folder for folder, found in known if found.fits(card)]), None)


def find_or_make(state_dir: Path, card: ProjectIdentity, warn: Warn = lambda _: None) -> Path:
    """The folder of the project, made when it is new; what it is known by is kept up to date.

    Raises `JournalError` as `find` does.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_folder(_folders(state_dir))
        make_file(_folders(state_dir) / ".lock")
        with FileLock(_folders(state_dir) / ".lock", timeout=10):
            folder = find(state_dir, card, warn) or _folders(state_dir) / secrets.token_hex(6)
            make_folder(folder)
            remember(folder, card)
            return folder
    except (OSError, NotImplementedError, Timeout) as error:
        raise _unusable(state_dir, error) from error


def remember(folder: Path, card: ProjectIdentity) -> None:
    """Adds to what the project is known by; its servers are those of the card. Raises `OSError`.

    A file that cannot be read is left as it is: what is in it may still be of use to a person.
    """
    try:
        own = _read(folder)
    except RowError:
        return
    merged = _merged(own or _copy(examine(folder / JOURNAL)) or ProjectIdentity(card.endpoint), card)
    if merged != own:
        _replace(folder / _CARD, to_text(merged))


def identity(folder: Path, card: ProjectIdentity) -> str:
    """What the project is known by, with the card added, as a text for the journal. Raises `JournalError`."""
    return to_text(_merged(_known(folder, lambda _: None) or ProjectIdentity(card.endpoint), card))


def _folders(state_dir: Path) -> Path:
    return state_dir / "projects"


def _merged(known: ProjectIdentity, card: ProjectIdentity) -> ProjectIdentity:
    fingerprints = tuple(dict.fromkeys((*known.fingerprints, *card.fingerprints)))[-20:]
    return ProjectIdentity(card.endpoint, fingerprints, card.servers or known.servers)


def _known(folder: Path, warn: Warn) -> ProjectIdentity | None:
    """What the project of the folder is known by; none for a folder that holds nothing. Raises `JournalError`."""
    try:
        own = _read(folder)
    except RowError as error:
        reason = str(error)
    else:
        if own is not None:
            return own
        reason = "it is missing"
    path, remains = folder / _CARD, examine(folder / JOURNAL)
    copy = _copy(remains)
    if copy is not None:
        warn(
            f"{path} cannot be read: {reason}. The copy in the journal is used. "
            "Delete the file, and hsnap-tui writes it anew."
        )
        return copy
    if reason == "it is missing" and remains.complete and not remains.jobs:
        return None
    message = f"the state of a project cannot be told, and it may be this one: {path} cannot be read ({reason})"
    raise JournalError(message, advice(folder, remains))


def _copy(remains: DamagedState) -> ProjectIdentity | None:
    if remains.identity is None:
        return None
    try:
        card = parsed(remains.identity, ProjectIdentity)
    except RowError:
        return None
    return card if card.version <= _VERSION and card.names_a_project else None


def _read(folder: Path) -> ProjectIdentity | None:
    """What is in the folder's file; none when there is none. Raises `RowError`."""
    path = folder / _CARD
    try:
        card = parsed(path.read_text(encoding="utf-8"), ProjectIdentity)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RowError(error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise RowError("it is no text") from error
    if card.version > _VERSION:
        raise RowError("a newer hsnap-tui wrote it")
    if not card.names_a_project:
        raise RowError("it names no project")
    return card


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(f".{os.getpid()}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(file_mode(path.parent))
    fresh.replace(path)


def _unusable(state_dir: Path, error: Exception) -> JournalError:
    return JournalError(
        f"the state folder {state_dir} cannot be used: {error}",
        "Snapshots can't be made without a journal. Check its permissions and free space, "
        "or set HSNAP_STATE_DIR to a folder on a local disk.",
    )
