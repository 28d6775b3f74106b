"""What is drawn can be read and seen: contrast of the colours that reach the terminal, on every screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from rich.color import ColorType
from rich.segment import Segment
from textual.color import Color
from textual.screen import ModalScreen
from textual.theme import BUILTIN_THEMES

from hsnap_tui import events as ev
from hsnap_tui.jobs.interface import BatchSummary
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.screens.quit import quit_question
from hsnap_tui.tui.theming import themes
from hsnap_tui.tui.theming.colours import contrast
from tests.tui.driving import Driver, main, running, table, until
from tests.tui.fake_session import LIMIT, NOW, PROJECT, FakeSession, jobs_in_every_state

LINES = {chr(number) for number in range(0x2500, 0x25A0)}
"""Lines, bars and scroll bars: seen, not read."""

OURS = [own.name for own in themes.OWN if not own.ansi]
OTHERS = [name for name, other in BUILTIN_THEMES.items() if not other.ansi]


def busy() -> FakeSession:
    console = FakeSession()
    console.jobs.by_id = jobs_in_every_state(console.fleet)
    console.jobs.halted = LIMIT
    console.jobs.past = [BatchSummary("b1", NOW - timedelta(minutes=5), None, tuple(console.jobs.by_id.values()))]
    return console


def segments(app: HsnapApp) -> Iterator[Segment]:
    """What is drawn, without what shines through around a dialog: that is out of use."""
    strips = app.screen._compositor.render_strips()
    if isinstance(app.screen, ModalScreen):
        box = app.screen.query_one(".box").region
        strips = [strip.crop(box.x, box.right) for strip in strips[box.y : box.bottom]]
    for strip in strips:
        yield from strip


def too_faint(app: HsnapApp) -> set[tuple[str, str, str, float]]:
    """Text and its colours where the contrast is below what it must be."""
    found = set()
    for text, style, _ in segments(app):
        if style is None or not text.strip() or style.color is None or style.bgcolor is None:
            continue
        if ColorType.DEFAULT in (style.color.type, style.bgcolor.type):
            continue
        fore, back = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
        if style.reverse:
            fore, back = back, fore
        is_line = set(text.strip()) <= LINES | {" "}
        needed = 3.0 if is_line else 4.5
        if is_line and fore == back:  # the room of a mark that only the focus shows
            continue
        if contrast(fore, back) < needed:
            found.add((text.strip()[:20], fore.hex, back.hex, round(contrast(fore, back), 2)))
    return found


async def log_lines(app: HsnapApp, pilot: Driver) -> None:
    assert isinstance(app.session, FakeSession)
    one = app.session.fleet.views[40_000_001]
    told = [ev.Notice(NOW, PROJECT, f"line {n}", warning=bool(n % 2)) for n in range(30)]
    failed = ev.JobEvent(NOW, PROJECT, ev.JobEventKind.FAILED, "b1", "j1", 1, "[/foo]", failure=LIMIT)
    app.session.emit(*told, ev.LockTaken(NOW, PROJECT, one.server, one.lock_holder, False), failed)
    await until(pilot, lambda: not main(app)._repaint_pending)


@pytest.mark.parametrize("name", [*OURS, *OTHERS])
async def test_everything_can_be_read(name: str) -> None:
    faint: dict[str, object] = {}

    async with running(busy(), (120, 50), name) as (app, pilot):

        async def look(where: str) -> None:
            await pilot.pause()
            found = too_faint(app)
            if found:
                faint[where] = found

        await log_lines(app, pilot)
        await pilot.press("space", "j", "space")
        await look("main")
        for server_id in table(app).shown if name in OURS else ():
            table(app).cursor = server_id
            await look(f"cursor on {server_id}")
        if name not in OURS:
            assert not faint
            return
        await pilot.press("tab")
        await look("the log with the focus")
        await pilot.press("pageup")
        await look("the log paused")
        await pilot.press("shift+tab", "slash")
        await look("filter, empty")
        await pilot.press("w", "e")
        await look("filter")
        await pilot.press("escape", "s")
        await look("dialog")
        for _ in range(5):
            await pilot.press("tab")
            await look("dialog, next field")
        await pilot.press("right")
        await look("dialog, shut down")
        for _ in range(8):
            await pilot.press("tab")
            await look("dialog, field of shutting down")
        await pilot.press("escape")
        app.notify("told", severity="error", title="Not started")
        app.notify("told", severity="warning")
        app.notify("told")
        await look("toasts")
        for key, where in (("enter", "details"), ("b", "batches"), ("question_mark", "help")):
            await pilot.press(key)
            await app.workers.wait_for_complete()
            await look(where)
            await pilot.press("tab")
            await look(f"{where}, focus moved")
            await pilot.press("escape")
        app.push_screen(quit_question(busy().jobs.pending_work()))
        await look("question")
        await pilot.press("right")
        await look("question, the next button")
        assert not faint


def cells(app: HsnapApp) -> list[tuple[str, Color, Color]]:
    found = []
    for text, style, _ in segments(app):
        assert style is not None
        assert style.bgcolor is not None
        back = Color.from_rich_color(style.bgcolor)
        fore = Color.from_rich_color(style.color) if style.color else back
        found += [(char, *((back, fore) if style.reverse else (fore, back))) for char in text]
    return found


def seen(before: tuple[str, Color, Color], after: tuple[str, Color, Color]) -> bool:
    """Whether the change of one cell is plain to see."""
    (old, old_fore, old_back), (char, fore, back) = before, after
    if contrast(old_back, back) >= 3:
        return True
    there = bool(char.strip()) and contrast(fore, back) >= 3
    return there and (not old.strip() or contrast(old_fore, old_back) < 1.5 or contrast(old_fore, fore) >= 3)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("opens", ["l,l", "slash", "s", "q", "b"])
async def test_the_focus_can_be_seen(name: str, opens: str) -> None:
    async with running(busy(), (100, 50), name) as (app, pilot):
        await log_lines(app, pilot)
        await pilot.press(*opens.split(","))
        await app.workers.wait_for_complete()
        await pilot.pause()
        focusable = app.screen.focus_chain
        assert focusable
        for widget in focusable:
            app.screen.set_focus(None)
            await pilot.pause()
            before = cells(app)
            app.screen.set_focus(widget)
            await pilot.pause()
            after = cells(app)
            assert any(seen(one, other) for one, other in zip(before, after, strict=True)), widget
