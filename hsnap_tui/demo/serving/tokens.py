"""The project's tokens, and what each of them may do at present."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from hsnap_tui.demo.model.errors import ApiError


class Access(StrEnum):
    """What a token may do."""

    READ_WRITE = "read-write"
    READ_ONLY = "read-only"
    REVOKED = "revoked"


class Tokens:
    """Says for each request whether its token lets it through."""

    def __init__(self, read_write: Iterable[str], read_only: str) -> None:
        self._access = dict.fromkeys(read_write, Access.READ_WRITE) | {read_only: Access.READ_ONLY}

    def __iter__(self) -> Iterator[str]:
        """Give all tokens, in the order in which they are numbered from 1: the read-only one is the last."""
        return iter(self._access)

    def change(self, token: str, access: Access) -> None:
        """Let a token do more or less from now on. Raises KeyError for one that was never valid."""
        if token not in self._access:
            raise KeyError(token)
        self._access[token] = access

    def refusal(self, authorization: str, method: str) -> ApiError | None:
        """Give the error for a request with this Authorization header, or None when it may pass."""
        scheme, _, token = authorization.partition(" ")
        access = self._access.get(token.strip(), Access.REVOKED)
        if scheme.lower() != "bearer" or access is Access.REVOKED:
            return ApiError(401, "unauthorized", "unable to authenticate")
        if access is Access.READ_ONLY and method not in ("GET", "HEAD"):
            return ApiError(401, "token_readonly", "token is only allowed to perform GET requests")
        return None
