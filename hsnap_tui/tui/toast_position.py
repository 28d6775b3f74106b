"""Where notifications appear: over the table only, not over warnings, the log, fields or the footer."""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

from hsnap_tui.tui.textual_private import ToastRack


def keep_within(screen: Screen[None], widget: Widget) -> None:
    """Moves the screen's notifications to the lower right of this widget, and limits them to its height."""
    region, racks = widget.region, screen.query(ToastRack)
    if not racks or not region:
        return
    below, height = screen.size.height - region.bottom, region.height
    styles = racks.first().styles
    if (styles.margin.bottom, styles.max_height and styles.max_height.value) != (below, height):
        styles.margin = (0, 0, below, 0)
        styles.max_height = height
