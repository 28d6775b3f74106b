"""What a script with the official SDK does to list all servers. It prints how many there are."""

from __future__ import annotations

import os

import hcloud

if __name__ == "__main__":
    client = hcloud.Client(token=os.environ["HCLOUD_TOKEN"], api_endpoint=os.environ["HCLOUD_ENDPOINT"])
    print(len(client.servers.get_all()))
