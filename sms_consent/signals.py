"""The one signal: a person was saved, so Braze may be out of date about them."""

from __future__ import annotations

from typing import Any

from django.db import models

from sms_consent import outbox


def person_saved(
    sender: type[models.Model], instance: models.Model, update_fields: frozenset[str] | None = None, **kwargs: Any
) -> None:
    """Mark the person. It marks and does not send: Braze may be slow, down or far behind.

    A sign-in saves `last_login` alone, which is nothing to Braze.
    """
    if kwargs.get("raw") or update_fields == frozenset({"last_login"}):
        return
    outbox.mark(instance)
