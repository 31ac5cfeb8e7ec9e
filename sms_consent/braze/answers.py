"""Reading Braze's answers, whatever they look like: nothing in here trusts a shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from optin_site.storable import storable
from sms_consent.braze.errors import TryLater

ADDRESS = re.compile(r"(\+|%2B)\d{7,15}|[^\s\"'<>(),;]+(@|%40)[^\s\"'<>(),;]+", re.IGNORECASE)
NAMELESS = "nameless"
LONGEST = 500  # characters of Braze's words that are kept


def parse(content: bytes) -> dict[str, Any]:
    """Return the JSON object of an answer, empty if it is anything else."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def item_errors(answer: Mapping[str, Any]) -> dict[int, str]:
    """Return Braze's words about single objects of a call, by their index."""
    errors = answer.get("errors")
    found: dict[int, str] = {}
    for error in errors if isinstance(errors, list) else []:
        index = _index(error.get("index")) if isinstance(error, dict) else None
        if index is not None:
            found[index] = str(error.get("type") or "refused without a reason")
    return found


def names_all(answer: Mapping[str, Any], count: int) -> bool:
    """Whether each of an answer's errors, if it has any, says which of so many objects it is about."""
    errors = answer.get("errors") or []
    found = [_index(error.get("index")) for error in errors if isinstance(error, dict)]
    return len(found) == len(errors) and all(index is not None and index < count for index in found)


def _index(value: Any) -> int | None:
    text = str(value)
    return int(text) if len(text) < 10 and text.isascii() and text.isdigit() else None


def users(answer: Mapping[str, Any]) -> list[Any]:
    """Return the people of a look. An answer without any list of them is no answer: nobody may be told on it."""
    found = answer.get("users")
    if not isinstance(found, list):
        raise TryLater("An answer without a list of users")
    return found


def note_states(states: dict[str, dict[str, str]], user: Any, kind: str = "phone") -> None:
    """Add one person's states, by address of this kind ("phone", "email") and group id, to `states`.

    Several people may share the address; an opt-out seen for any of them counts. Where one of them is a profile
    without an external_id, which a text may have made, the entry `NAMELESS` stands among the groups.
    """
    if not isinstance(user, dict) or not isinstance(user.get(kind), str):
        return
    known = states.setdefault(user[kind].lower(), {})
    if not user.get("external_id"):
        known[NAMELESS] = NAMELESS
    for group in groups(user):
        if known.get(str(group.get("id"))) != "unsubscribed":
            known[str(group.get("id"))] = str(group.get("status", "")).lower()


def is_subscribed(user: Any) -> bool:
    """Whether somebody is subscribed to any group at all."""
    return isinstance(user, dict) and any(str(one.get("status")).lower() == "subscribed" for one in groups(user))


def groups(user: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the subscription groups of one person of a look."""
    found = user.get("subscription_groups")
    return [group for group in found if isinstance(group, dict)] if isinstance(found, list) else []


def without_addresses(words: str) -> str:
    """Return words that may be kept and logged: no number, no email address, not endless (rule 15).

    Nor what no database takes, or whoever is refused in such words would never be parked (rule 14).
    """
    return ADDRESS.sub("[address]", storable(words[: LONGEST * 4]))[:LONGEST]
