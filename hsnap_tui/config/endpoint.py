"""The API's address, and which addresses a token may be sent to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from hsnap_tui.common.text import clean
from hsnap_tui.config.errors import SettingsError

DEFAULT_ENDPOINT = "https://api.hetzner.cloud/v1"


def is_loopback(host: str) -> bool:
    """Whether the host is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_endpoint(text: str, source: str) -> str:
    """The endpoint without a trailing slash. Raises `SettingsError` when a token must not be sent there.

    `source` names the flag, variable or file that the endpoint comes from.
    """
    advice = f"Correct {source}, for example to {DEFAULT_ENDPOINT}."
    shown = clean(text)
    try:
        url = urlsplit(text)
        host, _port = url.hostname, url.port
    except ValueError:
        raise SettingsError("The endpoint is not a web address.", advice) from None
    if url.username is not None or url.password is not None:
        raise SettingsError("The endpoint contains a user name or a password.", advice)
    if url.scheme not in ("http", "https") or not host or shown != text or " " in text:
        raise SettingsError(f"The endpoint {shown} is not a web address.", advice)
    if "?" in text or "#" in text:
        raise SettingsError(f"The endpoint {shown} has more after its path.", advice)
    if url.scheme == "http" and not is_loopback(host):
        raise SettingsError(
            f"The endpoint {shown} is not encrypted, and the token would be readable on the way.",
            f"Use https in {source}; plain http is for this machine only.",
        )
    return text.rstrip("/")
