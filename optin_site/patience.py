"""The cache on Redis, without which the site goes on. It holds how often somebody has tried (accounts/limits.py and
django-allauth), and nothing else: while it is away nothing is counted and nobody is turned away, for a sign-up that is
lost is worse than one too many.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.core.cache.backends import redis

logger = logging.getLogger(__name__)

TIMEOUTS = {"socket_connect_timeout": 1.0, "socket_timeout": 1.0}  # CACHE_URL may say otherwise: ?socket_timeout=3
PAUSE = 5.0  # seconds until one that did not answer is asked again: a sign-up asks some thirty times
QUIET = 60.0  # seconds between two lines in the log of one process


class _Trouble:
    """What a process knows of a server that has not answered, for all of its threads."""

    def __init__(self) -> None:
        self._ask_at = 0.0
        self._tell_at = 0.0

    def ask(self, question: Callable[[], Any], otherwise: Callable[[], Any], lost: tuple[type[Exception], ...]) -> Any:
        """Return the server's answer, or this other one if there is none, or was none a moment ago."""
        now, was_away = time.monotonic(), self._ask_at
        if now < was_away:
            return otherwise()
        if was_away:
            self._ask_at = now + PAUSE  # who asks now asks for all: the other threads do not wait with it
        try:
            answer = question()
        except lost as error:
            self._note(error)
            return otherwise()
        self._ask_at = 0.0
        return answer

    def _note(self, error: Exception) -> None:
        now = time.monotonic()
        self._ask_at = now + PAUSE
        if now >= self._tell_at:
            self._tell_at = now + QUIET
            logger.error("The cache does not answer (%s): nobody is counted, and no limit holds", type(error).__name__)


_troubles: defaultdict[tuple[str, ...], _Trouble] = defaultdict(_Trouble)


def _or(name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return this method, with this answer in place of the server's while there is none."""
    ask = getattr(redis.RedisCacheClient, name)

    def method(self: _Client, *args: Any) -> Any:
        return self.trouble.ask(lambda: ask(self, *args), lambda: answer(*args), self.lost)

    return method


class _Client(redis.RedisCacheClient):
    """What limits ask of a cache. All else fails as ever: nothing here uses it."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        from redis import RedisError  # installed where it is the cache, and not everywhere

        super().__init__(servers, **TIMEOUTS | options)
        self.trouble = _troubles[tuple(servers)]
        self.lost = (RedisError, OSError)

    add = _or("add", lambda key, value, timeout: True)  # a lock is had
    get = _or("get", lambda key, default: default)
    set = _or("set", lambda key, value, timeout: None)
    delete = _or("delete", lambda key: False)
    _incr = _or("incr", lambda key, delta: delta)

    def incr(self, key: Any, delta: Any) -> Any:
        """Count up from nothing what is not there: it was made while the server was away, or has been evicted."""
        try:
            return self._incr(key, delta)
        except ValueError:
            return delta


class RedisCache(redis.RedisCache):
    """Django's, with the client above."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client


def cache_answers() -> bool:
    """Return whether what is written to the cache is there, whatever cache it is."""
    cache.set("optin:answers", True, 60)
    return bool(cache.get("optin:answers"))
