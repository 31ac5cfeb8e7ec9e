"""`manage.py braze_check`"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from sms_consent import braze_check
from sms_consent.braze_check import Finding, Verdict


class Command(BaseCommand):
    """Says which step of the set-up is missing."""

    help = "Say which step of the set-up is missing, here or at Braze. Changes nothing; exits with 1 if one is."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the list as it is found."""
        missing = 0
        for finding in braze_check.findings():
            missing += finding.verdict == Verdict.MISSING
            self.stdout.write(self._line(finding))
        if missing:
            self.stderr.write(f"{missing} missing.")
            sys.exit(1)
        self.stdout.write("Nothing is missing that can be seen from here.")

    def _line(self, finding: Finding) -> str:
        styles = {Verdict.OK: self.style.SUCCESS, Verdict.MISSING: self.style.ERROR, Verdict.UNSEEN: self.style.WARNING}
        verdict = styles[finding.verdict](f"{finding.verdict:<{len(Verdict.UNSEEN)}}")
        return f"{verdict}  {finding.step}{': ' if finding.words else ''}{finding.words}"
