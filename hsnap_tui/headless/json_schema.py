"""The fields of the JSON lines and what they mean: the contract with programs that read them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

JSON_VERSION = 2
"""Is raised when a name is removed or changes its meaning. New fields and events may be added without that."""

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "v": "the version of these lines; fields are only ever added within one",
        "event": "what the line tells: a step of a job (queued, waiting, creating, "
        "progress, needs_approval, done, failed, …), "
        "batch_queued, batch_ended, role_changed, leader_stalled, leader_responds, sending_halted, sending_resumed, "
        "connection_lost, connection_restored, notice, still_waiting (a sign of life), "
        "would_snapshot (--dry-run: a line for each server), would_delete (the same for each snapshot to delete), "
        "snapshot (hsnap-tui snapshots list), batch and job (hsnap-tui jobs), and end, the last line",
        "at": "when it happened, UTC",
        "project": "the ID of the project: the name of its folder in the state directory, the same for all its "
        "tokens; token-… until the servers have been listed once with a new token",
        "batch, job": "the IDs of the batch and of the job",
        "kind": "what the job or batch does: snapshot, or delete_snapshot",
        "server_id, server_name": "the server; a job that deletes a snapshot has none, and image_id and description "
        "tell which snapshot it is about",
        "percent": "how far the snapshot is",
        "seconds": "how long it took: since the job was queued, or the server was off, or Hetzner was out of reach",
        "size": "of the snapshot, in GB",
        "action_id, image_id": "Hetzner's IDs of the action and of the snapshot",
        "lock_holder": "the command of the action that holds the server's lock",
        "failure": "why: kind, message, advice, correlation_id, which names the request for Hetzner's support, and "
        "request, what Hetzner refused",
        "note, text": "more about it, for people",
        "warning": "true when the text is one",
        "jobs, done, failed, skipped, cancelled": "numbers of jobs",
        "role, leader_pid": "leader when this process is in charge, follower when the process leader_pid is",
        "pid, since": "the process in charge that does not respond, and since when",
        "state, hold": "the job's state (queued, waiting, shutting_down, requesting, checking, creating, "
        "powering_on, needs_approval, unknown, done, failed, skipped, cancelled), and why it needs approval",
        "description": "of the snapshot",
        "locked, status": "of the server; status also of the snapshot: creating, available or unavailable",
        "protected, labels": "of the snapshot: whether it is protected from deletion, and its labels",
        "monthly_net, monthly_gross, currency": "what the snapshot costs a month, without and with VAT",
        "would_skip, would_wait": "--dry-run: the server is locked, so that it would be skipped, or waited for",
        "would_shut_down, would_power_on": "--dry-run: whether the server would be shut down, and powered on again",
        "created, ended": "when a job was queued, or a snapshot was created, and when the job ended",
        "off": "the servers that are still off because of hsnap-tui, or may still shut down, when it ends",
        "exit, message": "the exit code, and why nothing was started",
    }
)
"""The meaning of every field, for the help. Fields that are not set are left out of a line."""
