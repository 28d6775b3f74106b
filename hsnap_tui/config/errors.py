"""The error of settings that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class SettingsError(Exception):
    """Settings that cannot be used: what is wrong, and what to do. Neither sentence holds a token."""

    message: str
    advice: str

    def __str__(self) -> str:
        return f"{self.message} {self.advice}"
