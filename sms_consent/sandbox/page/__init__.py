"""The page at /: static files, served as they are."""

from __future__ import annotations

from functools import cache
from importlib import resources

from sms_consent.sandbox.wire import Reply, Request

FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    **{f"/{name}.css": (f"{name}.css", "text/css; charset=utf-8") for name in ("page", "parts")},
    **{
        f"/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8")
        for name in ("page", "dom", "braze", "desk", "calls", "hooks", "phone", "words", "mail", "faults")
    },
}
# Mails are shown in a frame without scripts; their inline styles may apply, nothing is fetched from outside.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def find(request: Request) -> Reply | None:
    """Return a file of the page, or None if the path is not one."""
    if request.method not in ("GET", "HEAD") or request.path not in FILES:
        return None
    name, content_type = FILES[request.path]
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return Reply(200, _read(name), headers, content_type)


@cache
def _read(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()
