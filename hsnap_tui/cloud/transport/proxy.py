"""What the environment may say about the way to the API: a proxy and certificates, and nothing else.

requests would also take a netrc entry in place of the token and a proxy for loopback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from hsnap_tui.config.endpoint import is_loopback

CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """The proxy for requests to the endpoint and the file or folder of certificates to trust, if any."""

    proxy: str | None = None
    certificates: str | None = None


def proxy_settings(endpoint: str, environ: Mapping[str, str]) -> ProxySettings:
    """What the environment says for this endpoint; no proxy is ever for loopback."""
    url = urlsplit(endpoint)
    certificates = next(filter(None, map(environ.get, CERTIFICATE_VARIABLES)), None)
    if is_loopback(url.hostname or ""):
        return ProxySettings(None, certificates)
    proxy = _variable(environ, f"{url.scheme}_proxy") or _variable(environ, "all_proxy")
    exceptions = _variable(environ, "no_proxy")
    if exceptions and proxy_bypass_environment(url.netloc, {"no": exceptions}):
        proxy = None
    return ProxySettings(proxy, certificates)


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name) or environ.get(name.upper()) or None
