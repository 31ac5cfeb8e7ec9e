"""What a call can come to when it was not accepted: one type per next step."""

from __future__ import annotations

from collections.abc import Mapping


class BrazeError(Exception):
    """Base of all. Its text is Braze's own words without the key; it never holds a request's body.

    `is_known` is true when Braze certainly did not apply the call, `is_answered` when it said itself that it failed.
    `status` is the HTTP status of its answer, or None where there was none.
    """

    is_known = True
    is_answered = True
    status: int | None = None


class TryLater(BrazeError):
    """429, 5xx, a timeout, a dropped connection, an answer that makes no sense.

    `retry_at` is the epoch second that Braze named, or None. `is_limit` says that it was the rate limit and
    nobody's fault.
    """

    def __init__(
        self,
        words: str,
        *,
        retry_at: float | None = None,
        is_known: bool = False,
        is_limit: bool = False,
        is_answered: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(words)
        self.status = status
        self.retry_at, self.is_known, self.is_limit = retry_at, is_known, is_limit
        self.is_answered = is_answered or is_known


class Refused(BrazeError):
    """400 or 413: sending it again unchanged is pointless.

    `items` maps the index of an object in the request to Braze's words about it, where it named any.
    `is_known` is false where Braze accepted the call and reported errors all the same: some of it may hold.
    """

    def __init__(self, words: str, *, items: Mapping[int, str] | None = None, is_known: bool = True) -> None:
        super().__init__(words)
        self.items, self.is_known = dict(items or {}), is_known

    @property
    def is_about_the_group(self) -> bool:
        """Whether it is the subscription group that Braze does not take."""
        return mentions_group(str(self)) and not self.items


class Misconfigured(BrazeError):
    """401, 403, 404, 405 or 415: key, host, permission or address are wrong. Nobody's row is to blame."""

    def __init__(self, words: str, *, status: int | None = None) -> None:
        super().__init__(words)
        self.status = status


def mentions_group(words: str) -> bool:
    """Whether Braze's words (`Invalid subscription group ID`, `BAD_SUBSCRIPTION_GROUP_ID`) are about a group."""
    plain = words.lower().replace("_", " ")
    return "subscription group" in plain
