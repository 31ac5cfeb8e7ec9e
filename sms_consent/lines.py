"""Lines to Braze that have stopped: a key, host, permission or group id that it refuses as a whole.

A stopped line burns nobody's attempts and parks nobody. It is tried again every now and then, and at once
when the setting that was refused has changed.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from sms_consent.models import BrazeLine, Program

logger = logging.getLogger(__name__)

FIRST_PROBE = timedelta(seconds=30)
LAST_PROBE = timedelta(minutes=5)
MAX_PROBES = 10  # counted no further: doubling must not outgrow what a date can hold
Lane = BrazeLine.Lane


def fingerprint(*parts: str) -> str:
    """Return what a refused setting is recognised by, without keeping the setting."""
    return hashlib.sha256("\n".join((settings.LEDGER_KEY, *parts)).encode()).hexdigest()


def account_fingerprint() -> str:
    """Return the fingerprint of host and key."""
    return fingerprint(settings.BRAZE_REST_URL, settings.BRAZE_REST_KEY)


def program_fingerprint(program: Program) -> str:
    """Return the fingerprint of a program's group, at this host."""
    return fingerprint(settings.BRAZE_REST_URL, program.subscription_group_id)


def stop(name: str, lane: str, *, reason: str, refused: str) -> None:
    """Stop a line, loudly. `refused` is the fingerprint of what Braze did not take."""
    before = BrazeLine.objects.filter(name=name, lane=lane, fingerprint=refused).first()
    probes = min(before.probes + 1, MAX_PROBES) if before else 0
    probe_at = timezone.now() + min(FIRST_PROBE * 2**probes, LAST_PROBE)
    BrazeLine.objects.update_or_create(
        name=name,
        lane=lane,
        defaults={"reason": reason, "fingerprint": refused, "probe_at": probe_at, "probes": probes},
    )
    logger.error("Line to Braze stopped: %s (%s): %s. Tried again at %s.", name, lane, reason, probe_at)


def clear(name: str, lane: str) -> None:
    """A call went through: the line is open."""
    if BrazeLine.objects.filter(name=name, lane=lane).delete()[0]:
        logger.warning("Line to Braze open again: %s (%s).", name, lane)


def known(lane: str) -> set[str]:
    """Return the names of all lines that have stopped and not yet been seen to work again. One query."""
    return set(BrazeLine.objects.filter(lane=lane).values_list("name", flat=True))


def closed(lane: str) -> set[str]:
    """Return the names of the lines that are not to be tried now. One query."""
    lines = list(BrazeLine.objects.filter(lane=lane))
    if not lines:
        return set()
    present = _present_fingerprints([line.name for line in lines])
    now = timezone.now()
    return {line.name for line in lines if line.probe_at > now and line.fingerprint == present.get(line.name, "")}


def _present_fingerprints(names: list[str]) -> dict[str, str]:
    programs = {program.slug: program_fingerprint(program) for program in Program.objects.filter(slug__in=names)}
    endpoints = {name: account_fingerprint() for name in names if name.startswith("/")}
    return programs | endpoints
