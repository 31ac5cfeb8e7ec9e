"""What the sandbox remembers: plain records without behaviour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Channel = Literal["sms", "email"]

SUBSCRIBED = "Subscribed"
UNSUBSCRIBED = "Unsubscribed"

# P-substatus: what a profile is until somebody says otherwise. Braze may mail such a profile.
DEFAULT_EMAIL_SUBSCRIBE = "subscribed"
EMAIL_SUBSCRIBE_STATES = ("opted_in", "subscribed", "unsubscribed")

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_US_NUMBER = re.compile(r"\d{10}")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


def clean_phone(value: object) -> str | None:
    """Return the number in E.164, or None. Ten bare digits are taken as a US number (R-phones)."""
    if not isinstance(value, str):
        return None
    number = f"+1{value}" if _US_NUMBER.fullmatch(value) else value
    return number if _E164.fullmatch(number) else None


def clean_email(value: object) -> str | None:
    """Return the address in lower case, or None if it is none."""
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        return None
    return value.lower()


@dataclass(slots=True)
class Group:
    """A subscription group. `number` is what its texts come from and go to.

    `opt_in_words` and `opt_out_words` are its own, beside Braze's. `prompt_words` start double opt-in
    by text, `confirm_words` end it.
    """

    id: str
    channel: Channel
    name: str = ""
    double_opt_in: bool = False
    number: str = ""
    opt_in_words: Sequence[str] = ()
    opt_out_words: Sequence[str] = ()
    prompt_words: Sequence[str] = ("START",)
    confirm_words: Sequence[str] = ("Y", "YES")


@dataclass(slots=True)
class Profile:
    """Somebody Braze knows. `states` has a key only for groups in which a state was ever set."""

    braze_id: str
    external_id: str | None = None
    phone: str | None = None
    email: str | None = None
    email_subscribe: str = DEFAULT_EMAIL_SUBSCRIBE
    states: dict[str, str] = field(default_factory=dict)
    attributes: Json = field(default_factory=dict)
    aliases: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    purchases: list[Json] = field(default_factory=list)
    created_at: float = 0.0
    updated_at: float = 0.0
    revision: int = 0

    def address(self, channel: Channel) -> str | None:
        return self.phone if channel == "sms" else self.email


@dataclass(frozen=True, slots=True)
class Parked:
    """A state for an address that no profile holds yet."""

    state: str
    at: float


@dataclass(slots=True)
class Text:
    """One message in a handset's thread; `inbound` means that the handset sent it."""

    number: int
    phone: str
    body: str
    inbound: bool
    at: float
    group_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at Braze. `time` is in Unix seconds; `email` is no part of it, but known."""

    event_type: str
    id: str
    time: int
    user: Json
    properties: Json
    email: str = ""

    def as_json(self) -> Json:
        """Return it as Currents sends it."""
        names = ("event_type", "id", "time", "user", "properties")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Mail:
    number: int
    at: float
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    links: list[str]
    headers: dict[str, str]
    revision: int = 0


@dataclass(slots=True)
class Call:
    """A request to the fake Braze. `status` stays None while it is open, and when it was dropped."""

    number: int
    at: float
    method: str
    path: str
    query: str
    body: Any
    size: int
    status: int | None = None
    fault: str | None = None
    seconds: float | None = None
    notes: list[str] = field(default_factory=list)
    revision: int = 0


@dataclass(slots=True)
class Hook:
    """A request that was sent to the site. `status` stays None while it is open, and if no answer came.

    `outcome` is what became of it, in words.
    """

    number: int
    at: float
    kind: str
    path: str
    body: Any
    attempt: int
    status: int | None = None
    answer: str = ""
    seconds: float | None = None
    outcome: str = ""
    revision: int = 0
