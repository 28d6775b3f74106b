"""`python -m hsnap_tui.demo`: the simulated Hetzner Cloud alone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

from hsnap_tui.demo.arguments import parse


def main(words: Sequence[str] | None = None) -> int:
    """Serve until a signal (or the end of standard input) says stop; gives the exit code."""
    arguments = parse(words)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    from hsnap_tui.demo.serving.server import serve_in_thread  # noqa: PLC0415 - --help and usage errors need none of it

    if arguments.exit_with_parent:
        threading.Thread(target=_watch_standard_input, args=(stop,), daemon=True).start()
    try:
        with serve_in_thread(options=arguments.options, port=arguments.port) as served:
            print(f"export HCLOUD_ENDPOINT={served.endpoint}")  # noqa: T201
            print(f"export HCLOUD_TOKEN={served.token}")  # noqa: T201
            for token in arguments.options.read_write_tokens[1:]:
                print(f"# another token that may do everything: {token}")  # noqa: T201
            print(f"# a token that may only read: {served.readonly_token}", flush=True)  # noqa: T201
            # Now and then it wakes up: not every system lets a signal through to a thread that waits.
            while not stop.wait(1):
                continue
    except OSError as error:
        print(f"cannot listen on port {arguments.port}: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _watch_standard_input(stop: threading.Event) -> None:
    # The descriptor itself: a thread inside sys.stdin's lock would be in the way at exit.
    try:
        while os.read(0, 4096):
            continue
    except OSError as error:
        print(f"standard input can't be read, so nobody is there: {error.strerror}", file=sys.stderr)  # noqa: T201
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
