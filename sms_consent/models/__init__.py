"""What people agree to, what they did, where they stand, and what Braze was told."""

from sms_consent.models.access import AccessRecord
from sms_consent.models.braze import BrazeLine, BrazeProfile, BrazeReading, GlobalEmail, GroupMove, Outgoing
from sms_consent.models.counts import Count
from sms_consent.models.erasures import Erasure
from sms_consent.models.inbound import InboundMessage
from sms_consent.models.keywords import Keyword
from sms_consent.models.ledger import ConsentRecord, Evidence
from sms_consent.models.programs import Disclosure, Program
from sms_consent.models.seals import Seal, SealedRecord, Tally
from sms_consent.models.subscriptions import Subscription

__all__ = [
    "AccessRecord",
    "BrazeLine",
    "BrazeProfile",
    "BrazeReading",
    "ConsentRecord",
    "Count",
    "Disclosure",
    "Erasure",
    "Evidence",
    "GlobalEmail",
    "GroupMove",
    "InboundMessage",
    "Keyword",
    "Outgoing",
    "Program",
    "Seal",
    "SealedRecord",
    "Subscription",
    "Tally",
]
