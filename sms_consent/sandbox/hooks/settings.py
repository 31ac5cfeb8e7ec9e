"""Which hooks are sent, where to, and how badly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from sms_consent.sandbox.addresses import require_loopback
from sms_consent.sandbox.events import REST_API, SOURCES
from sms_consent.sandbox.records import Json

HookOrder = Literal["emitted", "reverse", "random"]
ORDERS = get_args(HookOrder)
_TOKEN = re.compile(r"[!-~]*")
ALL_BUT_REST_API = frozenset(SOURCES) - {REST_API}


@dataclass(frozen=True, slots=True)
class Hooks:
    """What Braze's dashboard would hold about the site at `url`; without a `url` nothing is sent.

    `currents`: the export of events. `campaigns`: webhook campaigns, on texts and on changes of a group
    state by one of `campaign_sources`. `twilio`: the brand owns its number, so texts go to the site and
    not to Braze; `advanced_opt_out` adds OptOutType and has Twilio answer such words by itself.

    The rest is for making trouble. `copies`: how often each request is sent. `order`: of what waits.
    `delay`: seconds before something leaves; in random order, up to so many. `hold`: nothing leaves.
    `backoff`: seconds before the second attempt, doubled for each one after it.
    """

    url: str = ""
    token: str = ""
    currents: bool = True
    campaigns: bool = False
    campaign_sources: frozenset[str] = ALL_BUT_REST_API
    twilio: bool = False
    twilio_token: str = ""
    advanced_opt_out: bool = False
    copies: int = 1
    order: HookOrder = "emitted"
    delay: float = 0.0
    hold: bool = False
    backoff: float = 0.2
    timeout: float = 10.0

    def __post_init__(self) -> None:
        url = urlsplit(self.url)
        if self.url:
            require_loopback(url.hostname or "")
        if url.scheme not in ("", "http") or url.port == 0 or not _TOKEN.fullmatch(self.token):
            raise ValueError("hooks go to an http address, with a token that fits into a header")
        unknown = frozenset(self.campaign_sources) - frozenset(SOURCES)
        if unknown or self.order not in ORDERS:
            raise ValueError(f"order must be one of {', '.join(ORDERS)}; sources are {', '.join(SOURCES)}")
        if self.twilio and not self.twilio_token:
            raise ValueError("twilio needs a twilio_token to sign with")
        if self.copies < 1 or self.delay < 0 or self.backoff <= 0 or self.timeout <= 0:
            raise ValueError("copies must be 1 or more, times must not be negative")

    def address(self, path: str) -> str:
        return self.url.rstrip("/") + path

    def as_json(self) -> Json:
        """Return them without the secrets."""
        hidden = ("token", "twilio_token")
        shown = {name: getattr(self, name) for name in self.__slots__ if name not in hidden}
        can_sign = bool(self.twilio_token)
        return {**shown, "campaign_sources": sorted(self.campaign_sources), "can_sign": can_sign}
