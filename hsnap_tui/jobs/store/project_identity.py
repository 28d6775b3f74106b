"""Finds the folder in the state directory that belongs to a project.

The API does not tell which project a token belongs to, and tokens are rotated. So a project is identified by
fingerprints of its tokens, or by its servers, whose IDs are unique at Hetzner. The identity is a file in the
project's folder, with a copy in the journal. A folder whose identity can't be read is never ignored: it may be
this project's, and servers may be off because of its jobs.
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
from hsnap_tui.jobs.store.file_modes import CANNOT_LOCK, file_mode, make_file, make_folder
from hsnap_tui.jobs.store.rows import RowError, parsed

JOURNAL = "journal.sqlite3"
IDENTITY_FILE = "project.json"
_VERSION = 1

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ProjectIdentity:
    """What identifies a project: the endpoint, and fingerprints of tokens or IDs of servers."""

    endpoint: str
    fingerprints: tuple[str, ...] = ()
    servers: tuple[int, ...] = ()
    version: int = _VERSION

    def is_same_project(self, other: ProjectIdentity) -> bool:
        """Whether both are the same project: the same token, or at least half of the smaller set of servers."""
        if self.endpoint != other.endpoint:
            return False
        if self.shares_token(other):
            return True
        common = len(set(self.servers) & set(other.servers))
        return common > 0 and 2 * common >= min(len(self.servers), len(other.servers))

    @property
    def names_a_project(self) -> bool:
        """Whether it holds enough to tell one project from another."""
        return self.endpoint.startswith("http") and bool(self.fingerprints or self.servers)

    def shares_token(self, other: ProjectIdentity) -> bool:
        """Whether both have the fingerprint of a token in common."""
        return self.endpoint == other.endpoint and bool(set(self.fingerprints) & set(other.fingerprints))


def fingerprint(token: str) -> str:
    """A short hash of a token, which only serves to compare tokens."""
    return hashlib.sha256(b"hsnap-tui:" + token.encode()).hexdigest()[:16]


def project_id(folder: Path) -> str:
    """The ID of a project in events, rows and records: the name of its folder, the same for all its tokens."""
    return folder.name


def provisional_id(token_fingerprint: str) -> str:
    """The ID of a project until its folder is known; no folder has such a name."""
    return f"token-{token_fingerprint}"


def find(state_dir: Path, identity: ProjectIdentity, warn: Warn = lambda _: None) -> Path | None:
    """The folder of the project with this identity, or None. Changes nothing.

    `warn` is called with a text about each file that can't be read. Raises `JournalError`, also for a folder that may
    be this project's, unless another folder has the same token.
    """
    known: list[tuple[Path, ProjectIdentity]] = []
    unknown: list[JournalError] = []
    try:
        for folder in sorted(_folders(state_dir).glob("*/")):
            try:
                if (found := _identity_of(folder, warn)) is not None:
                    known.append((folder, found))
            except JournalError as error:
                unknown.append(error)
    except OSError as error:
        raise _unusable(state_dir, error) from error
    by_token = [folder for folder, found in known if found.shares_token(identity)]
    if unknown and not by_token:
        raise unknown[0]
    for unreadable in unknown:
        warn(f"{unreadable}. {unreadable.failure.advice}")
    return next(iter(by_token + [folder for folder, found in known if found.is_same_project(identity)]), None)


def find_or_make(state_dir: Path, identity: ProjectIdentity, warn: Warn = lambda _: None) -> Path:
    """The folder of the project, created when it is new. The identity in it is updated.

    Raises `JournalError` as `find` does.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_folder(_folders(state_dir))
        make_file(_folders(state_dir) / ".lock")
        with FileLock(_folders(state_dir) / ".lock", timeout=10):
            folder = find(state_dir, identity, warn) or _folders(state_dir) / secrets.token_hex(6)
            make_folder(folder)
            remember(folder, identity)
            return folder
    except (*CANNOT_LOCK, Timeout) as error:
        raise _unusable(state_dir, error) from error


def remember(folder: Path, identity: ProjectIdentity) -> None:
    """Adds fingerprints to the identity in the folder, and replaces its servers. Raises `OSError`.

    A file that can't be read is left as it is, for a person to look at.
    """
    try:
        own_identity = _read(folder)
    except RowError:
        return
    merged = _merged(
        own_identity or _copy_in_journal(examine(folder / JOURNAL)) or ProjectIdentity(identity.endpoint), identity
    )
    if merged != own_identity:
        _replace(folder / IDENTITY_FILE, to_text(merged))


def merged_identity_text(folder: Path, identity: ProjectIdentity) -> str:
    """The identity in the folder, merged with this one, as JSON for the journal. Raises `JournalError`."""
    return to_text(_merged(_identity_of(folder, lambda _: None) or ProjectIdentity(identity.endpoint), identity))


def _folders(state_dir: Path) -> Path:
    return state_dir / "projects"


def _merged(known: ProjectIdentity, identity: ProjectIdentity) -> ProjectIdentity:
    fingerprints = tuple(dict.fromkeys((*known.fingerprints, *identity.fingerprints)))[-20:]
    return ProjectIdentity(identity.endpoint, fingerprints, identity.servers or known.servers)


def _identity_of(folder: Path, warn: Warn) -> ProjectIdentity | None:
    """The identity of the folder's project; None for an empty folder. Raises `JournalError`."""
    try:
        own_identity = _read(folder)
    except RowError as error:
        reason = str(error)
    else:
        if own_identity is not None:
            return own_identity
        reason = "it is missing"
    path, damaged = folder / IDENTITY_FILE, examine(folder / JOURNAL)
    copy = _copy_in_journal(damaged)
    if copy is not None:
        warn(
            f"{path} cannot be read: {reason}. The copy in the journal is used. "
            "Delete the file, and hsnap-tui writes it anew."
        )
        return copy
    if reason == "it is missing" and damaged.complete and not damaged.jobs:
        return None
    message = f"the state of a project cannot be told, and it may be this one: {path} cannot be read ({reason})"
    raise JournalError(message, advice(folder, damaged))


def _copy_in_journal(damaged: DamagedState) -> ProjectIdentity | None:
    if damaged.identity is None:
        return None
    try:
        identity = parsed(damaged.identity, ProjectIdentity)
    except RowError:
        return None
    return identity if identity.version <= _VERSION and identity.names_a_project else None


def _read(folder: Path) -> ProjectIdentity | None:
    """The identity in the folder's file; None when there is no file. Raises `RowError`."""
    path = folder / IDENTITY_FILE
    try:
        identity = parsed(path.read_text(encoding="utf-8"), ProjectIdentity)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RowError(error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise RowError("it is no text") from error
    if identity.version > _VERSION:
        raise RowError("a newer hsnap-tui wrote it")
    if not identity.names_a_project:
        raise RowError("it names no project")
    return identity


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
