"""This machine and no other: whom the sandbox listens to, and whom it talks to."""

from __future__ import annotations

import ipaddress


def require_loopback(host: str) -> str:
    """Return the host if it is this machine alone; raise ValueError otherwise: there is no log-in here."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(f"the sandbox listens and talks on loopback addresses only, not on {host!r}")
    return host
