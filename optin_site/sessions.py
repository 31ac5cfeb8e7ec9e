"""Sessions in the database, under keys that are keys."""

from __future__ import annotations

import re

from django.contrib.sessions.backends import db
from django.utils import timezone

KEY = re.compile(r"[a-z0-9]{8,40}", re.ASCII)


class SessionStore(db.SessionStore):
    """Takes nothing else from a cookie: PostgreSQL answers a NUL in a query with an error, and we with a 500."""

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and KEY.fullmatch(key))

    def exists(self, session_key: str) -> bool:
        """Return whether there is such a session: what an app sends as its token is looked up unseen."""
        return self._validate_session_key(session_key) and super().exists(session_key)


PRUNED_AT_ONCE = 500


def prune() -> bool:
    """Delete sessions that are over, so many at once; return whether there may be more. Some name a mailbox."""
    sessions = SessionStore.get_model_class()._default_manager
    over = sessions.filter(expire_date__lt=timezone.now()).order_by("expire_date")
    keys = list(over.values_list("pk", flat=True)[:PRUNED_AT_ONCE])
    sessions.filter(pk__in=keys).delete()
    return len(keys) == PRUNED_AT_ONCE
