"""Draws the README's pictures from the simulated cloud: `python -m tests.draw_screenshots`.

The cloud and the app run on one clock that only this program moves, and everything random has a seed, so that every
run draws the same pictures. Asked with `--check`, it draws nothing and says which pictures are out of date.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

os.environ.update(TZ="UTC", TEXTUAL_ANIMATIONS="none", COLORTERM="truecolor", LANG="C.UTF-8")
os.environ.pop("NO_COLOR", None)
time.tzset()

from textual.pilot import Pilot  # noqa: E402 - what Textual does is decided by the environment when it is imported

from hsnap_tui.cloud.client import HetznerCloud  # noqa: E402
from hsnap_tui.config.secret import Secret  # noqa: E402
from hsnap_tui.demo.model.options import DemoOptions  # noqa: E402
from hsnap_tui.demo.serving.server import Served, serve_in_thread  # noqa: E402
from hsnap_tui.fleet.poll_targets import PollScope  # noqa: E402
from hsnap_tui.jobs.store.project_identity import ProjectIdentity, fingerprint  # noqa: E402
from hsnap_tui.session.session import Session  # noqa: E402
from hsnap_tui.tui.app import HsnapApp  # noqa: E402
from hsnap_tui.tui.screens.fleet import FleetScreen  # noqa: E402
from hsnap_tui.tui.screens.quit import Exit  # noqa: E402
from tests.clocks import VirtualClock  # noqa: E402

FOLDER = Path(__file__).parent.parent / "screenshots"
START = datetime(2026, 7, 14, 9, 30, tzinfo=UTC)


@dataclass
class Stage:
    """The running app, and the time that passes when the scene says so."""

    app: HsnapApp
    pilot: Pilot[Exit]
    clock: VirtualClock
    served: Served

    async def passes(self, seconds: float) -> None:
        """Lets the cloud, the polls and the screen live for so many seconds."""
        for _ in range(int(seconds * 2)):
            await self.clock.advance(0.5)
        await self.settle()

    async def settle(self) -> None:
        """Waits until the screen shows everything that has happened."""
        await self.clock.settle()
        for screen in self.app.screen_stack:
            if isinstance(screen, FleetScreen):
                screen._repaint()
                screen.update_view()
        for _ in range(4):
            await self.clock.settle()
            await self.pilot.pause(0.05)

    async def press(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()


Scene = Callable[[Stage], Awaitable[None]]


async def fleet(stage: Stage) -> None:
    """Snapshots of all servers under way, some waiting for locks of others."""
    await stage.passes(10)
    await stage.press("a", "s", "enter")
    await stage.passes(42)


async def dialog(stage: Stage) -> None:
    """What is asked before anything is sent."""
    await stage.passes(10)
    await stage.press("a", "s")


async def shut_down(stage: Stage) -> None:
    """The same, with servers shut down first."""
    await stage.passes(10)
    for _ in range(4):
        await stage.press("space", "j")
    await stage.press("s", "tab", "tab", "tab", "right")


async def details(stage: Stage) -> None:
    """One server: its lock, its actions, its snapshots."""
    await stage.passes(10)
    await stage.press("s", "enter")
    await stage.passes(20)
    await stage.press("enter")


async def leaving(stage: Stage) -> None:
    """Leaving while servers are off."""
    await stage.passes(10)
    for _ in range(4):
        await stage.press("space", "j")
    await stage.press("s", "tab", "tab", "tab", "right", "enter")
    await stage.passes(30)
    await stage.press("q")


async def keys(stage: Stage) -> None:
    """The help."""
    await stage.passes(4)
    await stage.press("question_mark")


@dataclass(frozen=True)
class Picture:
    """A scene at a size, in a theme."""

    name: str
    scene: Scene
    size: tuple[int, int]
    theme: str = "hsnap-dark"


PICTURES = (
    Picture("fleet", fleet, (132, 36)),
    Picture("fleet-light", fleet, (132, 36), "hsnap-light"),
    Picture("fleet-80x24", fleet, (80, 24)),
    Picture("fleet-200x60", fleet, (200, 60)),
    Picture("dialog", dialog, (100, 34)),
    Picture("dialog-shut-down", shut_down, (100, 34)),
    Picture("details", details, (110, 40)),
    Picture("leaving", leaving, (110, 30)),
    Picture("help", keys, (100, 46)),
)


@contextmanager
def seeded() -> Iterator[None]:
    """IDs that count up in place of random ones."""
    numbers = itertools.count(1)
    with mock.patch("secrets.token_hex", lambda size: f"{next(numbers):0{2 * size}x}"):
        yield


def one_by_one(cloud: HetznerCloud) -> None:
    """The order in which requests arrive decides what the cloud's seed gives each: it must not vary."""
    lanes = cloud._chain._executor
    place = asyncio.Semaphore(1)
    lanes._places = dict.fromkeys(lanes._places, place)


def counted_threads() -> set[asyncio.Future[object]]:
    """What the loop has handed to threads, the journal's above all: time stands still until it is back."""
    loop = asyncio.get_running_loop()
    hand_over = loop.run_in_executor
    pending: set[asyncio.Future[object]] = set()

    def counted(*arguments: object) -> asyncio.Future[object]:
        future: asyncio.Future[object] = hand_over(*arguments)  # type: ignore[arg-type]
        pending.add(future)
        future.add_done_callback(pending.discard)
        return future

    loop.run_in_executor = counted  # type: ignore[assignment]
    return pending


async def draw(picture: Picture) -> str:
    """The picture as SVG."""
    clock = VirtualClock(START)
    with serve_in_thread(options=DemoOptions(servers=20, seed=7), clock=clock, port=0) as served, seeded():
        cloud = HetznerCloud(served.endpoint, Secret(served.token), "demo", clock, environ={})
        one_by_one(cloud)
        in_threads = counted_threads()
        clock.busy = lambda: bool(cloud._chain._executor._calls or in_threads)
        with tempfile.TemporaryDirectory() as folder:
            mark = fingerprint(served.token)
            session = Session(
                cloud,
                clock,
                title="demo",
                identity=ProjectIdentity(served.endpoint, (mark,)),
                state_dir=Path(folder),
                scope=PollScope.EVERYTHING,
            )
            app = HsnapApp(session, theme_name=picture.theme)
            async with app.run_test(size=picture.size) as pilot:
                stage = Stage(app, pilot, clock, served)
                await stage.settle()
                await picture.scene(stage)
                await stage.settle()
                return app.export_screenshot(title="hsnap-tui --demo", simplify=True)


def main() -> int:
    """Draws all pictures, or those named; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="pictures to draw; all without")
    parser.add_argument("--check", action="store_true", help="only say which pictures are out of date")
    arguments = parser.parse_args()
    stale = []
    for picture in PICTURES:
        if arguments.names and picture.name not in arguments.names:
            continue
        svg = asyncio.run(draw(picture))
        path = FOLDER / f"{picture.name}.svg"
        if not path.exists() or path.read_text(encoding="utf-8") != svg:
            stale.append(picture.name)
            if not arguments.check:
                path.write_text(svg, encoding="utf-8")
    print(f"{len(stale)} {'out of date' if arguments.check else 'drawn anew'}: {', '.join(stale) or 'none'}")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
