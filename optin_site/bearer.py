"""Programs that show a secret of ours."""

from __future__ import annotations

import hmac

from django.http import HttpRequest


def shows(request: HttpRequest, secret: str) -> bool:
    """Whether a request shows this secret as `Authorization: Bearer`. Where none is set, nobody does."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and bool(secret) and hmac.compare_digest(token.strip().encode(), secret.encode())
