"""What the tests of the simulated cloud share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hcloud
import requests

from hsnap_tui.demo.model.clock import ManualClock
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from tests.patience import PATIENCE


class Bench:
    """A served cloud on a clock that stands still, and ways to ask it."""

    def __init__(self, served: Served, clock: ManualClock) -> None:
        self.served = served
        self.clock = clock
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, method: str, path: str, *, token: str | None = None, **more: Any) -> requests.Response:
        """Send a request; `token=""` sends none."""
        token = self.served.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        url = f"{self.served.endpoint}{path}"
        return self.session.request(method, url, headers=headers, timeout=PATIENCE, **more)

    def get(self, path: str, **params: Any) -> Any:
        """Give the JSON of a GET that succeeds."""
        response = self.ask("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """Give status and code of a request that is refused."""
        response = self.ask(method, path, **more)
        return response.status_code, response.json()["error"]["code"]


@contextmanager
def bench(**options: Any) -> Iterator[Bench]:
    """Serve a calm cloud with these options."""
    clock = ManualClock()
    chosen = DemoOptions(**{"servers": 0, "calm": True, **options})
    with serve_in_thread(Cloud(chosen, clock)) as served:
        made = Bench(served, clock)
        try:
            yield made
        finally:
            made.session.close()
            assert not served.defects


@contextmanager
def sdk(at: Bench, token: str = "") -> Iterator[hcloud.Client]:
    """Give the official SDK's client for a served cloud, its own retries switched off."""
    client = hcloud.Client(token=token or at.served.token, api_endpoint=at.served.endpoint, poll_interval=0.01)
    inner: Any = client._client
    inner._retry_max_retries = 0
    inner._session.trust_env = False
    try:
        yield client
    finally:
        inner._session.close()
