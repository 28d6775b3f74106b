"""What a script with the official SDK does: a thread a server, create_image and wait_until_finished.

It prints how many of them reported success, and how often each exception ended one, as JSON.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter

import hcloud
from hcloud.servers import BoundServer


def main() -> None:
    """Snapshots all servers of the project that the surroundings name."""
    client = hcloud.Client(token=os.environ["HCLOUD_TOKEN"], api_endpoint=os.environ["HCLOUD_ENDPOINT"])
    outcomes: Counter[str] = Counter()

    def snapshot(server: BoundServer) -> None:
        try:
            made = server.create_image(f"{server.name}-sdk", type="snapshot")
            made.action.wait_until_finished(200)
        except Exception as error:  # noqa: BLE001 - what ends a thread is the figure
            outcomes[str(getattr(error, "code", type(error).__name__))] += 1
        else:
            outcomes["success"] += 1

    threads = [threading.Thread(target=snapshot, args=(server,)) for server in client.servers.get_all()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
