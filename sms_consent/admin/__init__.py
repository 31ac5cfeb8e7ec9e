"""The admin: what an auditor reads, what a marketer edits, what an agent may do for somebody.

The ledger, subscriptions and what Braze was told are read-only for everybody. Staff may draft and publish
words, mark something to be sent again, and write down an opt-out; nobody may write down a consent.
"""

from sms_consent.admin import (
    accesses,
    braze,
    disclosures,
    erasures,
    inbound,
    keywords,
    ledger,
    mails,
    programs,
    subscriptions,
)

__all__ = [
    "accesses",
    "braze",
    "disclosures",
    "erasures",
    "inbound",
    "keywords",
    "ledger",
    "mails",
    "programs",
    "subscriptions",
]
