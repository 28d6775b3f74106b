"""A session from settings. Everything that is slow to import is imported here, after the settings are known."""

from __future__ import annotations

from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.common.clock import Clock, SystemClock
from hsnap_tui.config.secret import Secret
from hsnap_tui.config.settings import Settings
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.jobs.store.project_identity import ProjectIdentity, fingerprint, provisional_id
from hsnap_tui.session.session import Session


def open_cloud(settings: Settings, token: Secret, clock: Clock) -> CloudApi:
    """The settings' project at Hetzner; `token` is theirs. To be called on the event loop."""
    from hsnap_tui.cloud.client import HetznerCloud  # noqa: PLC0415 - the SDK takes a fifth of a second to import

    return HetznerCloud(
        settings.endpoint,
        token,
        provisional_id(fingerprint(token.reveal())),
        clock,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
    )


def open_session(
    settings: Settings,
    token: Secret,
    scope: PollScope,
    clock: Clock | None = None,
    cloud: CloudApi | None = None,
) -> Session:
    """The session of the settings' project; `token` is theirs. To be called on the event loop.

    A `cloud` that is open already becomes the session's, which closes it.
    """
    clock = clock or SystemClock()
    return Session(
        cloud or open_cloud(settings, token, clock),
        clock,
        title=settings.project,
        identity=ProjectIdentity(settings.endpoint, (fingerprint(token.reveal()),)),
        state_dir=settings.state_dir,
        scope=scope,
        read_only=settings.read_only,
    )
