"""Braze's REST calls, one method each. Never retries, never sleeps: waiting is done before claiming."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from sms_consent.braze.errors import Misconfigured, Refused, TryLater
from sms_consent.braze.limits import reset_at

logger = logging.getLogger(__name__)

SET_STATUS = "/subscription/status/set"
TRACK = "/users/track"
USER_STATUS = "/subscription/user/status"
MERGE = "/users/merge"
TIMEOUT = (3.05, 10.0)  # seconds to connect, and to wait for an answer
BATCH = 50  # people a call: safe on every plan (braze.md §3)
PAGE = 100


class BrazeClient:
    """One session, one connection pool; safe to call from many threads.

    Every method raises TryLater, Refused or Misconfigured. `spent_until` holds, per endpoint, the epoch
    second until which Braze says that no calls are left.
    """

    def __init__(self, base_url: str, key: str, *, connections: int = 8) -> None:
        self.base_url = base_url.rstrip("/")
        self._key = key
        self.spent_until: dict[str, float | None] = {}
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc may see the key
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0))
        self._session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0))

    # https://www.braze.com/docs/api/endpoints/subscription_groups/post_update_user_subscription_group_status
    def set_subscription(self, body: Mapping[str, Any]) -> None:
        """Set one group's state for up to 50 addresses, or for one new person."""
        self._call("POST", SET_STATUS, json=body)

    # https://www.braze.com/docs/api/endpoints/user_data/post_user_track
    def track(self, attributes: Sequence[Mapping[str, Any]]) -> dict[int, str]:
        """Create or change up to 50 people. Return Braze's words about those it did not take, by index."""
        return _item_errors(self._call("POST", TRACK, json={"attributes": list(attributes)}))

    # https://www.braze.com/docs/api/endpoints/subscription_groups/get_list_user_subscription_groups
    def group_states(self, phones: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return, for up to 50 numbers that Braze knows, the state ("subscribed"…) of each group by its id."""
        states: dict[str, dict[str, str]] = {}
        for offset in range(0, 10_000, PAGE):
            params: list[tuple[str, str | int]] = [("phone[]", phone) for phone in phones]
            answer = self._call("GET", USER_STATUS, params=[*params, ("limit", PAGE), ("offset", offset)])
            users = answer.get("users") or []
            for user in users:
                _note_states(states, user)
            if len(users) < PAGE:
                break
        return states

    # https://www.braze.com/docs/api/endpoints/user_data/post_users_merge
    def merge(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Merge up to 50 people, each (external_id to merge, external_id to keep)."""
        updates = [
            {"identifier_to_merge": {"external_id": gone}, "identifier_to_keep": {"external_id": kept}}
            for gone, kept in pairs
        ]
        self._call("POST", MERGE, json={"merge_updates": updates})

    def _call(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        try:
            response = self._session.request(
                method, self.base_url + path, timeout=TIMEOUT, allow_redirects=False, **kwargs
            )
        except requests.ConnectionError as error:
            raise TryLater(_what(error), is_known=_never_left(error)) from None
        except requests.RequestException as error:
            raise TryLater(_what(error)) from None
        return self._read(path, response)

    def _read(self, path: str, response: requests.Response) -> dict[str, Any]:
        status, now = response.status_code, time.time()
        answer = _json(response)
        words = self._scrub(f"{status} {answer.get('message') or response.reason or ''}".strip())
        if 200 <= status < 300:
            if answer.get("message") not in ("success", "queued"):
                raise TryLater(f"{status} with an answer that is not Braze's")
            self.spent_until[path] = reset_at(response.headers, now) if _is_spent(response) else None
            return answer
        if status == requests.codes.too_many_requests:
            raise TryLater(words, retry_at=reset_at(response.headers, now), is_known=True, is_limit=True)
        if status in (400, 413, 422):
            raise Refused(words, items={i: self._scrub(w) for i, w in _item_errors(answer).items()})
        if status in (401, 403, 404, 405, 415) or 300 <= status < 400:
            raise Misconfigured(words)
        raise TryLater(words)

    def _scrub(self, words: str) -> str:
        """Braze's 401 repeats the key."""
        return words.replace(self._key, "[key]") if self._key else words


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_spent(response: requests.Response) -> bool:
    return response.headers.get("X-RateLimit-Remaining") == "0"


def _item_errors(answer: Mapping[str, Any]) -> dict[int, str]:
    errors = answer.get("errors")
    return {
        error["index"]: str(error.get("type") or "refused without a reason")
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict) and isinstance(error.get("index"), int)
    }


def _note_states(states: dict[str, dict[str, str]], user: Any) -> None:
    if not isinstance(user, dict) or not isinstance(user.get("phone"), str):
        return
    groups = user.get("subscription_groups") or []
    for group in groups if isinstance(groups, list) else []:
        # Several people may share the number; an opt-out seen for any of them counts.
        known = states.setdefault(user["phone"], {})
        state = str(group.get("status", "")).lower()
        if known.get(group.get("id")) != "unsubscribed":
            known[group.get("id")] = state


def _what(error: Exception) -> str:
    """Name what happened without the URL, whose query may hold phone numbers (rule 15)."""
    return type(error).__name__


def _never_left(error: requests.ConnectionError) -> bool:
    """Whether no connection was made, so that Braze cannot have seen the call."""
    return isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error)
