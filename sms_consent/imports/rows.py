"""A row of a file that is fit to be written down, or why it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sms_consent.exceptions import ConsentError

Cells = Mapping[str, str]  # what one row says, by column; what it does not say is empty or absent

# What other systems call what we import (design.md §7), and what they say besides: fields of `Circumstances`.
NEEDED = ("program", "act", "occurred_at")
ADDRESSES = ("email", "phone")
EVIDENCE = (
    *("ip", "user_agent", "accept_language", "language", "page", "referrer", "campaign", "method"),
    *("body", "texted_to", "rule", "provider", "provider_id", "keyword", "place", "incentive", "agent", "note"),
)
TERMS = ("brand", "purpose", "frequency", "sender", "label", "button")
READ = frozenset({*NEEDED, *ADDRESSES, *EVIDENCE, *TERMS, "source", "wording", "external_id", "boxes", "proven"})
# What an export of a site like this one says besides, of its own ledger: not read, and not worth a word.
OWN = frozenset(
    {"id", "recorded_at", "wording_sha256", "disclosure_version", "stops", "request", "subject", "commitment"}
    | {"recorded_as", "seal"}
)


class RefusedError(ConsentError):
    """A row cannot be imported; the text says why and names no address."""


class Row(NamedTuple):
    """A checked row, of values that a sorter can keep.

    `at` is ISO 8601 in UTC, `email` and `phone` are as addresses are stored or empty, one of them is the program's
    `address`. `holder` is what rows about one person share: their external_id, or else an address's keyed hash, which
    sorts after all external ids. `said` is JSON: `how`, the fields of `Circumstances`, and `terms`, what was promised.
    `is_exported` says that it was exported by a site like this one, where `external_id` is whoever acted.
    """

    line: int
    holder: str
    subject: str
    program: str
    is_sms: bool
    act: str
    at: str
    email: str
    phone: str
    external_id: str
    proven: bool
    is_exported: bool
    language: str
    wording: str
    label: str
    button: str
    said: str

    @property
    def address(self) -> str:
        """The address of the program's channel: what the act is about."""
        return self.phone if self.is_sms else self.email


Names = Mapping[int, str]  # by line


class People(Protocol):
    """Who has addresses; people are no business of this app."""

    def addresses(self, rows: Sequence[Row]) -> set[str]:
        """Return the addresses of those whom rows name by external_id: to be locked with those of the rows."""

    def names(self, rows: Sequence[Row]) -> Names:
        """Return who opt-ins are about, by external_id, where their email address says so."""

    def hold(self, rows: Sequence[Row], names: Names) -> Mapping[int, str]:
        """Find or make who holds the addresses of opt-ins; return, by line, why a row cannot be true."""
