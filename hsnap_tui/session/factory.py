"""A session from settings. Everything that is slow to import is imported here, after the settings are known."""

from __future__ import annotations

from hsnap_tui.common.clock import Clock, SystemClock
from hsnap_tui.config.secret import Secret
from hsnap_tui.config.settings import Settings
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.jobs.store.project_identity import ProjectIdentity, fingerprint, provisional_id
from hsnap_tui.session.session import Session


def open_session(settings: Settings, token: Secret, scope: PollScope, clock: Clock | None = None) -> Session:
    """The session of the settings' project; `token` is theirs. To be called on the event loop."""
    from hsnap_tui.cloud.client import HetznerCloud  # noqa: PLC0415 - the SDK takes a fifth of a second to import

    clock = clock or SystemClock()
    token_fingerprint = fingerprint(token.reveal())
    cloud = HetznerCloud(
        settings.endpoint,
        token,
        provisional_id(token_fingerprint),
        clock,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
    )
    return Session(
        cloud,
        clock,
        title=settings.project,
        card=ProjectIdentity(settings.endpoint, (token_fingerprint,)),
        state_dir=settings.state_dir,
        scope=scope,
        read_only=settings.read_only,
    )
