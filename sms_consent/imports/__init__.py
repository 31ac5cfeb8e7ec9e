"""Consents and opt-outs from another system (DAT-1…DAT-6): a file is read, checked, sorted and written down.

The original act is what is recorded, with the source *import*; nothing is sent to anybody, and no worker is woken.
A run that was killed is run again: what is here already is left out.
"""

from sms_consent.imports.reading import FileError
from sms_consent.imports.rows import Row
from sms_consent.imports.running import Summary, errors_of, run

__all__ = ["FileError", "Row", "Summary", "errors_of", "run"]
