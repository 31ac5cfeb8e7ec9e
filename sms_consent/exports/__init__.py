"""What leaves the site as a file: consent records with their proof, who is subscribed, who must be left alone, and
every way in.

Everything is read in pages and written as it is read, so that a million records take no more memory than two
thousand. `docs/export.md` says what each column means.
"""

from sms_consent.exports.kinds import KINDS, PATHS, RECORDS, SUBSCRIBED, SUPPRESSED, Kind
from sms_consent.exports.writing import FORMATS, MEDIA_TYPES

__all__ = ["FORMATS", "KINDS", "MEDIA_TYPES", "PATHS", "RECORDS", "SUBSCRIBED", "SUPPRESSED", "Kind"]
