"""The official SDK, sending each request once: the one module that touches its private parts.

Its own retries are off: they send POSTs again and sleep up to a minute where nothing can stop them (hcloud 2.27,
`hcloud/_client.py`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import hcloud
import requests

from hsnap_tui import __version__
from hsnap_tui.cloud.transport.proxy import ProxySettings
from hsnap_tui.cloud.transport.request_handle import RequestHandle, WatchedAdapter
from hsnap_tui.config.secret import Secret

CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class RawResponse:
    """What came back for one request: `failure` is what the SDK raised, `payload` what it read.

    `seconds` is how long it took, without the waiting before it.
    """

    request_handle: RequestHandle
    status: int | None = None
    headers: Mapping[str, str] | None = None
    payload: object = field(default=None, repr=False)
    failure: Exception | None = field(default=None, repr=False)
    seconds: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether it was answered with a 2xx that the SDK could read."""
        return self.failure is None and self.status is not None and 200 <= self.status < 300


class _Session(requests.Session):
    """A session that follows no redirect: it would turn a POST into a GET, or carry the token elsewhere."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """No answer redirects."""
        del resp
        return None


class Sdk:
    """Sends requests through `hcloud.Client`, each exactly once; may be used from many threads."""

    def __init__(self, endpoint: str, token: Secret, connect: float, read: float, proxy: ProxySettings) -> None:
        self._client = hcloud.Client(
            token=token.reveal(),
            api_endpoint=endpoint,
            application_name="hsnap-tui",
            application_version=__version__,
            timeout=(connect, read),
        )
        self._session = _session(proxy)
        clients = [self._client._client, getattr(self._client, "_client_hetzner", None)]
        for base in filter(None, clients):
            _turn_off_retries(base, self._session)

    def send(
        self,
        request_handle: RequestHandle,
        method: str,
        path: str,
        params: Mapping[str, Any],
        body: Mapping[str, Any] | None,
    ) -> RawResponse:
        """Sends once and waits for the answer in the calling thread; whatever went wrong is in the result."""
        seen: list[requests.Response] = []

        def hook(response: requests.Response, *_args: Any, **_kwargs: Any) -> None:
            seen.append(response)

        payload: object = None
        failure: Exception | None = None
        started = time.monotonic()
        with request_handle.current():
            try:
                payload = self._client.request(method, path, params=dict(params), json=body, hooks={"response": hook})
            except Exception as error:  # noqa: BLE001 - whatever escapes the SDK, it is this request's failure
                # Its frames hold the token, and this one: a cycle that would keep the connection.
                failure = error.with_traceback(None)
        seconds = time.monotonic() - started
        if not seen:
            return RawResponse(request_handle, payload=payload, failure=failure, seconds=seconds)
        return RawResponse(request_handle, seen[-1].status_code, seen[-1].headers, payload, failure, seconds)

    def close(self) -> None:
        """Closes the idle connections."""
        self._session.close()


def _session(proxy: ProxySettings) -> requests.Session:
    session = _Session()
    session.trust_env = False
    if proxy.proxy:
        session.proxies = {"http": proxy.proxy, "https": proxy.proxy}
    if proxy.certificates:
        session.verify = proxy.certificates
    session.mount("https://", WatchedAdapter(CONNECTIONS))
    session.mount("http://", WatchedAdapter(CONNECTIONS))
    return session


def _turn_off_retries(base: Any, session: requests.Session) -> None:
    if not hasattr(base, "_retry_max_retries") or not hasattr(base, "_session"):
        raise RuntimeError("this version of hcloud keeps its retries elsewhere: hsnap-tui cannot use it safely")
    base._retry_max_retries = 0
    base._session.close()
    base._session = session
