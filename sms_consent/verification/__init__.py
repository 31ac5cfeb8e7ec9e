"""Going through the whole ledger and computing every hash anew: whatever was done to it is named, record by record.

Finds what was edited, deleted, put into the past, put in another order or sealed anew, triggers that are missing, and,
held against seals that were kept elsewhere, a tail that was cut off (LED-4, LED-5). What it cannot find: that what was
written down was not true to begin with (LED-11), or a record added today that says it happened earlier, as imports do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sms_consent import seals
from sms_consent.verification.rows import sealed, unsealed
from sms_consent.verification.verifier import Damage, Report, Verifier

__all__ = ["Damage", "Report", "verify"]


def verify(*, checkpoint: Path | None = None, progress: Callable[[int], None] = lambda done: None) -> Report:
    """Verify everything, against the seals in a file too; `progress` is told how many records are done.

    Raises seals.CheckpointError where the file is not one of seals.
    """
    verifier = Verifier()
    for seal, items in sealed():
        verifier.check_seal(seal, items)
        progress(verifier.report.sealed)
    for items in unsealed():
        verifier.check_unsealed(items)
        progress(verifier.report.sealed + verifier.report.unsealed)
    verifier.check_end()
    if checkpoint:
        verifier.compare(seals.read_checkpoints(checkpoint))
    return verifier.report
