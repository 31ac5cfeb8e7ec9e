"""Ports for servers that tests start in processes of their own."""

from __future__ import annotations

import socket
import time


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def wait_for(port: int, seconds: float = 30.0) -> None:
    """Wait until somebody listens. Raises ConnectionRefusedError when the time is over."""
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
