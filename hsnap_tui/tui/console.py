"""What the screens ask of the program below them; see `hsnap_tui.console`."""

from hsnap_tui.console import BatchSummary, Console, Leaving, Link, Refused

__all__ = ["BatchSummary", "Console", "Leaving", "Link", "Refused"]
