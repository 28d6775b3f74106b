"""Reads labels that users type, and checks them by Hetzner's rules ("Labels" in the API description)."""

from __future__ import annotations

import re
from collections.abc import Iterable

RESERVED = {"hetzner.cloud": "Hetzner keeps it for itself", "hsnap-tui": "hsnap-tui finds its own snapshots by it"}
"""Prefixes that users may not use in labels, and why."""

_SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_DNS_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class LabelError(ValueError):
    """A label that Hetzner or hsnap-tui does not allow; the text says which and why."""


def parse_labels(pairs: Iterable[str]) -> dict[str, str]:
    """The labels of `key=value` pairs. Raises `LabelError`."""
    labels: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise LabelError(f"“{pair}” has no =: write key=value, or key= for an empty value")
        if key in labels:
            raise LabelError(f"“{key}” is there twice")
        _check_key(key)
        if value and not _SEGMENT.fullmatch(value):
            raise LabelError(f"“{value}” is no label value: {_RULE}")
        labels[key] = value
    return labels


def parse_label_line(line: str) -> dict[str, str]:
    """The labels of a line of `key=value` pairs, separated by spaces or commas. Raises `LabelError`."""
    return parse_labels(part for part in re.split(r"[,\s]+", line) if part)


_RULE = "at most 63 letters, digits, - _ . and a letter or digit at both ends"


def _check_key(key: str) -> None:
    prefix, slash, name = key.rpartition("/")
    reason = RESERVED.get(prefix.lower())
    if reason:
        raise LabelError(f"the prefix {prefix}/ is reserved: {reason}")
    if not _SEGMENT.fullmatch(name):
        raise LabelError(f"“{name}” is no label key: {_RULE}")
    if slash and (len(prefix) > 253 or not all(_DNS_LABEL.fullmatch(part) for part in prefix.split("."))):
        raise LabelError(f"“{prefix}” is no label prefix: a domain name such as example.com, then a slash")
