"""What a token allows, which may change at any time."""

from __future__ import annotations

from enum import StrEnum


class Access(StrEnum):
    """What the token allows."""

    FULL = "full"
    READ = "read"
    NONE = "none"
