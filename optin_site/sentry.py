"""Errors to Sentry, where SENTRY_DSN says so: what failed and where, never for whom (SEC-11)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from optin_site import logs


def start(dsn: str) -> None:
    """Report every error that is logged or raised. Raises ImproperlyConfigured without the library or a DSN."""
    try:
        import sentry_sdk
    except ImportError as error:
        raise ImproperlyConfigured("SENTRY_DSN needs sentry-sdk: pip install 'optin-site[sentry]'.") from error
    try:
        sentry_sdk.init(
            dsn=dsn,
            before_send=_without_people,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            max_breadcrumbs=0,  # queries and addresses of calls
        )
    except ValueError:
        raise ImproperlyConfigured("SENTRY_DSN is no DSN, such as https://key@o1.ingest.sentry.io/2.") from None


def _without_people(event: Any, hint: Any) -> Any:
    """Leave out who asked, from where and for what; scrub the rest like the log, and say where to look in it."""
    event.pop("user", None)
    event["request"] = {"method": event.get("request", {}).get("method", "")}
    return _scrubbed(event) | {"tags": event.get("tags", {}) | logs.ids()}


def _scrubbed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _scrubbed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(item) for item in value]
    return logs.scrubbed(value) if isinstance(value, str) else value
