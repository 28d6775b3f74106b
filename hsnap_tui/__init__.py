"""hsnap-tui: snapshots of Hetzner Cloud servers, lock-aware, within the rate limit, exactly once."""

__version__ = "0.1.0"
