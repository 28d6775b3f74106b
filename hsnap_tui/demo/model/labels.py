"""The rule for labels, as the published description's section "Labels" states it."""

from __future__ import annotations

import re

RESERVED_PREFIX = "hetzner.cloud"

# Used with fullmatch only: `$` would let a trailing newline through.
_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?")
_DNS_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS_NAME = re.compile(rf"{_DNS_LABEL}(\.{_DNS_LABEL})*")


def is_hostname(name: str) -> bool:
    """Tell whether the name is a hostname as of RFC 1123, which server names must be."""
    return len(name) <= 253 and _DNS_NAME.fullmatch(name) is not None


def is_key(key: str) -> bool:
    """Tell whether the key is well formed: an optional DNS prefix with a slash, then a name."""
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or _DNS_NAME.fullmatch(prefix) is None):
        return False
    return _NAME.fullmatch(name) is not None


def is_value(value: str) -> bool:
    """Tell whether the value is well formed; the empty one is."""
    return value == "" or _NAME.fullmatch(value) is not None


def problem_with(key: str, value: object) -> str | None:
    """Say what is wrong with a label that someone wants to set, or None."""
    if not is_key(key):
        return f"label key '{key}' is not correctly formatted"
    if key.partition("/")[0].lower() == RESERVED_PREFIX and "/" in key:
        return f"label key '{key}' uses the reserved prefix '{RESERVED_PREFIX}/'"
    if not isinstance(value, str):
        return f"value of label '{key}' must be a string"
    if not is_value(value):
        return f"value of label '{key}' is not correctly formatted"
    return None
