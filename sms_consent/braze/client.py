"""Braze's REST calls, one method each. Never retries, never sleeps: waiting is done before claiming."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from sms_consent.braze import answers
from sms_consent.braze.errors import Misconfigured, Refused, TryLater
from sms_consent.braze.limits import Limit, allowed, is_spent, reset_at

SET_STATUS = "/subscription/status/set"
TRACK = "/users/track"
USER_STATUS = "/subscription/user/status"
MERGE = "/users/merge"
DELETE = "/users/delete"
EMAIL_STATUS = "/email/status"
GET_STATUS = "/subscription/status/get"
IDENTIFY = "/users/identify"
# What one workspace is allowed (https://www.braze.com/docs/api/api_limits), until an answer tells of its own contract.
LIMITS = {
    SET_STATUS: Limit(5_000, 60),
    TRACK: Limit(3_000, 3),
    USER_STATUS: Limit(250_000, 3_600),
    EMAIL_STATUS: Limit(250_000, 3_600),
    MERGE: Limit(20_000, 60),
    DELETE: Limit(20_000, 60),
    IDENTIFY: Limit(20_000, 60),
}
CONNECT_TIMEOUT, READ_TIMEOUT = 3.05, 10.0  # seconds
LONGEST_ANSWER, CHUNK = 4 * 1024 * 1024, 64 * 1024  # bytes; a page of a hundred people is a tenth of that
BATCH = 50  # people a call: safe on every plan (braze.md §3)
PAGE = 100
MOST_NAMES = 5  # of errors within errors


class BrazeClient:
    """One session, one connection pool; safe to call from many threads.

    Every method raises TryLater, Refused or Misconfigured. `spent_until` holds, per endpoint, the epoch
    second until which Braze says that no calls are left, or no more than the `reserve` (0 to 1) of its limit;
    `allowed` how many calls it says a window has.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        connections: int = 8,
        timeout: float = READ_TIMEOUT,
        reserve: float = 0.0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.spent_until: dict[str, float | None] = {}
        self.allowed: dict[str, int] = {}
        self._key, self._timeout = key, (min(CONNECT_TIMEOUT, timeout), timeout)
        self._reserve = reserve
        self._prepared: dict[tuple[str, str], requests.PreparedRequest] = {}
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc may see the key
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each call stands for itself
        self._session.headers["Authorization"] = f"Bearer {key}"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0))

    def is_spent(self, path: str) -> bool:
        """Whether Braze has said that no more calls to an endpoint make sense now."""
        return (self.spent_until.get(path) or 0.0) > time.time()

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    # https://www.braze.com/docs/api/endpoints/subscription_groups/post_update_user_subscription_group_status
    def set_subscription(self, body: Mapping[str, Any]) -> None:
        """Set one group's state for up to 50 addresses, or for one new person."""
        self._write(SET_STATUS, body)

    # https://www.braze.com/docs/api/endpoints/email/post_email_subscription_status
    def unsubscribe_emails(self, emails: Sequence[str]) -> None:
        """Set the global email state of up to 50 addresses to unsubscribed, known to Braze or not."""
        self._write(EMAIL_STATUS, {"email": list(emails), "subscription_state": "unsubscribed"})

    # https://www.braze.com/docs/api/endpoints/user_data/post_user_track
    def track(self, attributes: Sequence[Mapping[str, Any]]) -> dict[int, str]:
        """Create or change up to 50 people. Return Braze's words about those it did not take, by index."""
        answer = self._call("POST", TRACK, json={"attributes": list(attributes)})
        if answers.names_all(answer, len(attributes)):
            return self._items(answer)
        raise self._half_taken(answer)

    # https://www.braze.com/docs/api/endpoints/subscription_groups/get_list_user_subscription_groups
    def group_states(self, addresses: Sequence[str], *, kind: str = "phone") -> dict[str, dict[str, str]]:
        """Return, for up to 50 addresses that Braze knows, the state ("subscribed"…) of each group by its id.

        `kind` is "phone" or "email". The global email state is not in it (braze.md §4).
        """
        states: dict[str, dict[str, str]] = {}
        for user in self._holders(addresses, kind):
            answers.note_states(states, user, kind)
        return states

    def group_channels(self, address: str, *, kind: str) -> dict[str, str]:
        """Return the channel ("sms", "email"…) of each group in which an address has a state, by the group's id."""
        found = [answers.groups(user) for user in self._holders([address], kind) if isinstance(user, dict)]
        return {str(group.get("id")): str(group.get("channel", "")).lower() for groups in found for group in groups}

    def _holders(self, addresses: Sequence[str], kind: str) -> Iterator[Any]:
        for offset in range(0, 10_000, PAGE):
            params: list[tuple[str, str | int]] = [(f"{kind}[]", address) for address in addresses]
            answer = self._call("GET", USER_STATUS, params=[*params, ("limit", PAGE), ("offset", offset)])
            users = answers.users(answer)
            yield from users
            if len(users) < PAGE:
                break

    # https://www.braze.com/docs/api/endpoints/subscription_groups/get_list_user_subscription_group_status
    def has_group(self, group_id: str) -> bool:
        """Return whether Braze knows a subscription group. It is asked for somebody who is nobody."""
        params = [("subscription_group_id", group_id), ("external_id[]", f"nobody-{uuid.uuid4()}")]
        try:
            self._call("GET", GET_STATUS, params=params)
        except Refused as error:
            if error.is_about_the_group:
                return False
            raise
        return True

    def subscribed(self, external_ids: Sequence[str]) -> set[str]:
        """Return which of up to 50 people are subscribed to anything."""
        params: list[tuple[str, str | int]] = [("external_id[]", name) for name in external_ids]
        answer = self._call("GET", USER_STATUS, params=[*params, ("limit", PAGE), ("offset", 0)])
        return {str(user["external_id"]) for user in answers.users(answer) if answers.is_subscribed(user)}

    # https://www.braze.com/docs/api/endpoints/user_data/post_users_merge
    def merge(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Merge up to 50 people, each (external_id to merge, external_id to keep)."""
        updates = [
            {"identifier_to_merge": {"external_id": gone}, "identifier_to_keep": {"external_id": kept}}
            for gone, kept in pairs
        ]
        self._write(MERGE, {"merge_updates": updates})

    # https://www.braze.com/docs/api/endpoints/user_data/post_user_identify
    def identify(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Give up to 50 people, each (external_id, phone), the nameless profile that holds their number.

        Braze answers alike where there is none.
        """
        named = [
            {"external_id": name, "phone": phone, "prioritization": ["unidentified", "most_recently_updated"]}
            for name, phone in pairs
        ]
        self._write(IDENTIFY, {"phone_numbers_to_identify": named})

    # https://www.braze.com/docs/api/endpoints/user_data/post_user_delete
    def delete(self, external_ids: Sequence[str]) -> None:
        """Delete up to 50 people; who is not known there is no error. Braze takes up to five minutes over it."""
        self._write(DELETE, {"external_ids": list(external_ids)})

    def probe(self, method: str, path: str) -> None:
        """Make a call that names nobody and nothing (`probes.PROBES`), so that it can change nothing.

        Braze is to refuse it, which only a key with the permission comes to; without it, Misconfigured is raised.
        """
        with suppress(Refused):
            self._call(method, path, **({"json": {}} if method == "POST" else {}))

    def _write(self, path: str, body: Mapping[str, Any]) -> None:
        answer = self._call("POST", path, json=body)
        if answer.get("errors"):
            raise self._half_taken(answer)

    def _half_taken(self, answer: Mapping[str, Any]) -> Refused:
        return Refused(self._scrub(f"Accepted with errors: {answer['errors']}"), is_known=False)

    def _call(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        # Errors are named without their text: it may hold the URL with phone numbers, or a header (rule 15).
        try:
            request, until = self._request(method, path, **kwargs), time.monotonic() + sum(self._timeout)
            with self._session.send(request, timeout=self._timeout, allow_redirects=False, stream=True) as response:
                content = _content(response, until)
        except requests.ConnectionError as error:
            raise TryLater(_kinds(error), is_known=_never_left(error)) from None
        except ValueError as error:  # an address or a key that cannot be put into a request at all
            raise Misconfigured(f"BRAZE_REST_URL or BRAZE_REST_KEY: {type(error).__name__}") from None
        except (requests.RequestException, HTTPError) as error:
            raise TryLater(_kinds(error)) from None
        return self._read(path, response, content)

    def _request(
        self, method: str, path: str, *, json: Any = None, params: Sequence[tuple[str, str | int]] = ()
    ) -> requests.PreparedRequest:
        """Return a call. What all to one endpoint have in common is prepared once: it takes as long as to send one."""
        if (method, path) not in self._prepared:
            bare = requests.Request(method, self.base_url + path)
            self._prepared[method, path] = self._session.prepare_request(bare)
        request = self._prepared[method, path].copy()
        if params:
            request.url = f"{request.url}?{urlencode(params)}"
        if json is not None:
            request.prepare_body(None, None, json)
        return request

    def _read(self, path: str, response: requests.Response, content: bytes) -> dict[str, Any]:
        status, now = response.status_code, time.time()
        answer = answers.parse(content)
        words = self._scrub(f"{status} {answer.get('message') or response.reason or ''}".strip())
        if 200 <= status < 300:
            if answer.get("message") not in ("success", "queued"):
                raise TryLater(f"{status} with an answer that is not Braze's", status=status)
            spent = is_spent(response.headers, self._reserve)
            self.allowed[path] = allowed(response.headers)
            self.spent_until[path] = reset_at(response.headers, now) if spent else None
            return answer
        if status == requests.codes.too_many_requests:
            at = reset_at(response.headers, now)
            self.spent_until[path] = at or self.spent_until.get(path)
            raise TryLater(words, retry_at=at, is_known=True, is_limit=True, status=status)
        if status in (400, 413, 422):
            raise Refused(words, items=self._items(answer))
        if status in (401, 403, 404, 405, 415) or 300 <= status < 400:
            raise Misconfigured(words, status=status)
        raise TryLater(words, is_answered=True, status=status)

    def _items(self, answer: Mapping[str, Any]) -> dict[int, str]:
        return {index: self._scrub(words) for index, words in answers.item_errors(answer).items()}

    def _scrub(self, words: str) -> str:
        """Braze's 401 repeats the key; what else it repeats may be somebody's address."""
        return answers.without_addresses(words.replace(self._key, "[key]") if self._key else words)


def _content(response: requests.Response, until: float) -> bytes:
    """Return the body, read to its end by then: a time-out alone is for the next byte, and one may always come.

    Raises requests.ReadTimeout where it takes or is longer, and of an interim answer (RFC 9110 §15.2), which Python
    takes for the answer. The connection is closed then: what comes next on it is not the next call's.
    """
    if response.status_code < requests.codes.ok:
        response.raw.close()
        raise requests.ReadTimeout
    parts, size = list[bytes](), 0
    while part := response.raw.read1(CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        if time.monotonic() > until or size > LONGEST_ANSWER:
            raise requests.ReadTimeout
    return b"".join(parts)


def _kinds(error: BaseException) -> str:
    """Return what went wrong by the names of the errors, from the outside in: DNS, TLS, refused, too late."""
    names, inner = list[str](), [error]
    while inner and len(names) < MOST_NAMES:
        error = inner[0]
        names.append(type(error).__name__)
        within = (getattr(error, "reason", None), *error.args, error.__cause__)
        inner = [it for it in within if isinstance(it, BaseException)]
    return ", ".join(names)


def _never_left(error: requests.ConnectionError) -> bool:
    """Whether no connection was made, so that Braze cannot have seen the call."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
