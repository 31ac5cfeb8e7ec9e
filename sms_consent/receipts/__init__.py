"""What a person can keep: their consent as ISO/IEC TS 27560, with a proof against the seals (REC-9, LED-6).

One receipt an address, with one consent record of the standard per program. Whoever has the link sees it: it is given
to those who are signed in with the address proven, and mailed to the mailbox itself.
"""

from sms_consent.receipts.acts import Consent, consents_of
from sms_consent.receipts.document import document
from sms_consent.receipts.links import path_of, subject_of

__all__ = ["Consent", "consents_of", "document", "path_of", "subject_of"]
