"""Converts rows of the journal to jobs, and gets what it can out of rows that can't be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from hsnap_tui.common.text import clean
from hsnap_tui.jobs.core.kinds import EARLIEST, KINDS
from hsnap_tui.jobs.core.model import Job, Power
from hsnap_tui.jobs.store.codec import from_plain, to_plain
from hsnap_tui.jobs.store.earlier_names import with_present_names

T = TypeVar("T")

_NOT_OFF = frozenset({Power.NONE.value, Power.RESTORED.value})
_SERVER_ID = re.compile(r'"server_id":\s*(\d+)')
_SERVER_NAME = re.compile(r'"server_name":\s*("(?:[^"\\]|\\.)*")')


class RowError(ValueError):
    """A text can't be read as what it should be; the message says why, in a few words."""


@dataclass(frozen=True, slots=True)
class UnreadableJob:
    """A job whose row can't be read, with what could still be found in it.

    `may_be_off`: whether its server may be off because of us; true also when the row does not tell.
    """

    id: str
    batch: str
    server_id: int | None
    server_name: str | None
    may_be_off: bool
    reason: str

    @property
    def server(self) -> str:
        """The server as text: its name, its ID, or that neither can be read."""
        if self.server_name:
            return clean(self.server_name)
        return f"server {self.server_id}" if self.server_id else "a server that cannot be told"


def parsed(text: object, kind: type[T]) -> T:
    """The object that `to_text` wrote, with names of earlier versions converted. Raises `RowError`."""
    if not isinstance(text, str):
        raise RowError("it is not a text")
    try:
        plain = json.loads(text)
        return from_plain(with_present_names(plain) if isinstance(plain, dict) else plain, kind)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, ExceptionGroup) as error:
        raise RowError(_reason(error)) from error


def body_of(job: Job) -> str:
    """A job as one line of JSON, with its kind."""
    return json.dumps({"kind": job.kind, **to_plain(job)}, ensure_ascii=False, separators=(",", ":"))


def job_of(row: tuple[str, str, int, object]) -> Job | UnreadableJob:
    """The job of a row (ID, batch, whether it has ended, body), or an `UnreadableJob`."""
    job_id, batch, ended, body = row
    try:
        job = parsed_job(body)
    except RowError as error:
        return _unreadable_job(str(job_id), str(batch), bool(ended), body, str(error))
    if (job.id, job.batch, job.over) != (job_id, batch, bool(ended)):
        return _unreadable_job(str(job_id), str(batch), bool(ended), body, "it does not fit its row")
    return job


def parsed_job(body: object) -> Job:
    """The job of a row's body; one that names no kind is of the earliest. Raises `RowError`."""
    kind = KINDS.get(_kind_of(body))
    if kind is None:
        raise RowError("its kind is not known to this version")
    job: Job = parsed(body, kind.job_type)
    return job


def _kind_of(body: object) -> str:
    """The kind that a body names, as far as it can be read."""
    named = _plain(body).get("kind", EARLIEST) if isinstance(body, str) else EARLIEST
    return str(named)


def readable_and_unreadable(
    rows: Iterable[tuple[str, str, int, object]],
) -> tuple[tuple[Job, ...], tuple[UnreadableJob, ...]]:
    """The jobs of these rows, and those that can't be read."""
    found = [job_of(row) for row in rows]
    jobs = tuple(item for item in found if isinstance(item, Job))
    return jobs, tuple(item for item in found if isinstance(item, UnreadableJob))


def _unreadable_job(job_id: str, batch: str, ended: bool, body: object, reason: str) -> UnreadableJob:
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    known = with_present_names(_plain(text))
    kind = KINDS.get(str(known.get("kind", EARLIEST)))
    server_id, name = known.get("server_id"), known.get("server_name")
    power = known.get("power", Power.NONE.value) if "created" in known else None
    switches_nothing = kind is not None and "power" not in {field.name for field in fields(kind.job_type)}
    return UnreadableJob(
        job_id,
        batch,
        server_id if isinstance(server_id, int) else None,
        name if isinstance(name, str) else None,
        not ended and power not in _NOT_OFF and not switches_nothing,
        reason,
    )


def _plain(text: str) -> dict[str, Any]:
    """The fields of a body; of a damaged one those that can still be found."""
    try:
        fields = json.loads(text)
        return fields if isinstance(fields, dict) else {}
    except (ValueError, RecursionError):
        pass
    found: dict[str, Any] = {}
    if number := _SERVER_ID.search(text):
        found["server_id"] = int(number[1])
    if name := _SERVER_NAME.search(text):
        try:
            found["server_name"] = json.loads(name[1])
        except ValueError:
            found["server_name"] = name[1].strip('"')
    return found


def _reason(error: BaseException) -> str:
    """The type of the innermost error. Its message is left out: it may hold text of the row."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return "it is no JSON" if isinstance(error, json.JSONDecodeError) else f"it does not fit ({type(error).__name__})"
