"""Scenes of a hostile world, played with real processes, terminals, signals and networks.

    python -m tests.benchmarks.hostile [--list] [--only NAME …] [--side-by-side 5]

Each scene has a process, a simulated cloud and a state folder of its own. A line for each tells what goes wrong, what
was promised and what was seen; the exit code is 1 when a promise was broken. Scenes that need root, Linux or a C
compiler say so where they can't be played. With HOSTILE_KEEP=FOLDER what the programs wrote is kept there.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

from tests.benchmarks.hostile import scenes
from tests.benchmarks.hostile.judge import SCENES, Judge, Scene, SkippedError

_MARK = "RESULT "
_MARGIN = 30.0
"""Seconds that a scene may take beyond its own, to clean up."""


def main() -> int:
    """Plays the scenes; gives the exit code."""
    arguments = _arguments()
    if arguments.play:
        return _play(SCENES[arguments.play])
    chosen = [scene for scene in SCENES.values() if not arguments.only or scene.name in arguments.only]
    if arguments.list:
        for scene in chosen:
            print(f"{scene.name:24} {scene.about}\n{'':24} → {scene.promise}")
        return 0
    started = time.monotonic()
    with ThreadPoolExecutor(arguments.side_by_side) as pool:
        longest_first = sorted(chosen, key=lambda scene: -scene.within)
        results = dict(zip([scene.name for scene in longest_first], pool.map(_beside, longest_first), strict=True))
    _tell(chosen, results)
    broken = [name for name, judge in results.items() if judge.broken]
    skipped = [name for name, judge in results.items() if judge.skipped]
    print(
        f"\n{len(results)} scenes in {time.monotonic() - started:.0f} s: {len(broken)} broken"
        + (f" ({', '.join(broken)})" if broken else "")
        + (f", {len(skipped)} could not be played ({', '.join(skipped)})" if skipped else "")
    )
    return 1 if broken else 0


def _beside(scene: Scene) -> Judge:
    """Plays a scene in a process of its own."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.hostile", "--play", scene.name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, err = process.communicate(timeout=scene.within + _MARGIN)
    except subprocess.TimeoutExpired:
        process.terminate()
        out, err = process.communicate()
    lines = [line for line in out.splitlines() if line.startswith(_MARK)]
    if lines:
        judge = Judge(**json.loads(lines[-1].removeprefix(_MARK)))
    else:
        last = err.strip().splitlines()[-1] if err.strip() else f"exit code {process.returncode}"
        judge = Judge(broken=[f"the scene itself did not end: {last}"])
    judge.figures.append(f"{time.monotonic() - started:.0f} s in all")
    print(f"{_word(judge):8} {scene.name} ({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    return judge


def _play(scene: Scene) -> int:
    """Plays a scene here; what came of it is the last line."""

    def stop(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    judge = Judge()
    try:
        scene.play(judge)
    except SkippedError as error:
        judge.skipped = str(error)
    except Exception as error:  # noqa: BLE001 - a scene that fails is a promise that was not shown
        traceback.print_exc()
        judge.check(f"the scene itself failed: {type(error).__name__}: {error}", False)
    finally:
        print(_MARK + json.dumps(judge.plain()), flush=True)
    return 0


def _tell(chosen: Sequence[Scene], results: dict[str, Judge]) -> None:
    width = max(len(scene.name) for scene in chosen)
    room = max(60, int(os.environ.get("COLUMNS", "0")) or 160) - width - 10
    print(f"\n  {'':8}{'scene':{width}}  what goes wrong → what was promised: what was seen (figures)")
    for scene in chosen:
        judge = results[scene.name]
        seen = [*(f"BROKEN {words}" for words in judge.broken), *judge.kept]
        told = judge.skipped and f"not played here: {judge.skipped}"
        text = f"{scene.about} → {scene.promise}: {told or '; '.join(seen)} ({', '.join(judge.figures)})"
        lines = textwrap.wrap(text, room) or [""]
        print(f"  {_word(judge):8}{scene.name:{width}}  {lines[0]}")
        for line in lines[1:]:
            print(f"  {'':8}{'':{width}}  {line}")


def _word(judge: Judge) -> str:
    return "BROKEN" if judge.broken else "skipped" if judge.skipped else "ok"


def _arguments() -> argparse.Namespace:
    assert scenes.__all__
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--list", action="store_true", help="name the scenes")
    add("--only", nargs="+", choices=tuple(SCENES), metavar="NAME", help="these scenes only")
    add("--side-by-side", type=int, default=5, help="scenes at the same time (5)")
    add("--play", choices=tuple(SCENES), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
