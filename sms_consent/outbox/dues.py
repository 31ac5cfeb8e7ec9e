"""What kinds of thing are due, asked before any transaction is opened: a round with nothing to do costs one query.

On SQLite a claim takes the only write lock there is, even where it finds nothing.
"""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from sms_consent.models import BrazeProfile, GlobalEmail, Subscription

SUBSCRIPTION, EMAIL, PROFILE = (it._meta.db_table for it in (Subscription, GlobalEmail, BrazeProfile))
IS_OPT_OUT = "(state IN ('unsubscribed', 'none') OR owes_opt_out) AND address <> ''"
IS_ERRAND = "(person_id IS NULL OR is_to_delete OR NOT (claims_phone = ''))"

OPT_OUTS = (
    ("opt-outs", SUBSCRIPTION, IS_OPT_OUT),
    ("emails", EMAIL, "TRUE"),
)
REST = (
    ("consents", SUBSCRIPTION, "state NOT IN ('unsubscribed', 'none') AND address <> ''"),
    ("people", PROFILE, f"NOT {IS_ERRAND}"),
    ("errands", PROFILE, IS_ERRAND),
)


def due_opt_outs() -> set[str]:
    """Return "opt-outs" and "emails" where some are due."""
    return _due(OPT_OUTS)


def due_rest() -> set[str]:
    """Return "consents", "people" and "errands" (identify, merge, delete) where some are due.

    An email consent counts, although it travels with a person: that person may have to be marked first.
    """
    return _due(REST)


def _due(kinds: tuple[tuple[str, str, str], ...]) -> set[str]:
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(_exists(*kind) for kind in kinds), [now, now] * len(kinds))
        return {name for (name,) in cursor.fetchall()}


def _exists(name: str, table: str, condition: str) -> str:
    free = "parked_at IS NULL AND (leased_until IS NULL OR leased_until < %s)"
    rows = f"SELECT 1 FROM {table} WHERE due_at <= %s AND {free} AND {condition}"  # noqa: S608 - names of ours
    return f"SELECT '{name}' WHERE EXISTS ({rows})"  # noqa: S608
