"""What is set up at Braze and here, and what is missing: in words that name the page of the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from sms_consent import checks, outbox
from sms_consent.braze import BrazeClient, BrazeError, Misconfigured, TryLater
from sms_consent.braze.probes import PROBES, Probe
from sms_consent.choices import Told
from sms_consent.models import BrazeLine, Program, Subscription

KEYS = "Settings > APIs and Identifiers > API Keys"
GROUPS = "Audience > Subscription Group Management"
EXPORT = "Partner Integrations > Data Export"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LATE_AFTER = timedelta(minutes=2)  # a worker takes what is due within a second


class Verdict(StrEnum):
    """How a step of the set-up stands."""

    OK = "OK"
    MISSING = "MISSING"
    UNSEEN = "CANNOT BE SEEN FROM HERE"


@dataclass(frozen=True)
class Finding:
    """One line of the list: how a step stands, and what to do about it."""

    verdict: Verdict
    step: str
    words: str = ""


def findings() -> Iterator[Finding]:
    """Go through every step. Calls Braze, and never with a call that could change anything there."""
    client = BrazeClient(settings.BRAZE_REST_URL, settings.BRAZE_REST_KEY, timeout=settings.BRAZE_TIMEOUT)
    host = _host()
    yield host
    try:
        if host.verdict != Verdict.MISSING:
            yield from _account(client)
    finally:
        client.close()
    yield _hook_token()
    yield from _site(is_real=host.verdict == Verdict.OK)
    yield from _worker()


def _host() -> Finding:
    url, step = settings.BRAZE_REST_URL, "BRAZE_REST_URL"
    if checks.BRAZE_HOST.match(url):
        return Finding(Verdict.OK, step, url)
    if _host_name(url) in LOOPBACK:
        return Finding(Verdict.UNSEEN, step, f"{url} is this machine: a sandbox, not Braze.")
    words = f"{url} is none of Braze's addresses. The dashboard shows yours under {KEYS}, as the REST endpoint."
    return Finding(Verdict.MISSING, step, words)


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


# --- The key, what it may do, and the groups ------------------------------------------------------------


def _account(client: BrazeClient) -> Iterator[Finding]:
    errors: dict[Probe, BrazeError | None] = {}
    for probe in PROBES:
        errors[probe] = _error(client, probe)
        if _is_silence(errors[probe]):
            break
    key = _key(list(errors.values()))
    yield key
    if key.verdict == Verdict.OK:
        yield from (_permission(probe, error) for probe, error in errors.items())
        yield from _programs(client)


def _error(client: BrazeClient, probe: Probe) -> BrazeError | None:
    try:
        client.probe(probe.method, probe.path)
    except BrazeError as error:
        return error
    return None


def _is_silence(error: BrazeError | None) -> bool:
    """Whether nobody answered at all: then nobody will answer the next call either."""
    return isinstance(error, TryLater) and error.status is None


def _key(errors: list[BrazeError | None]) -> Finding:
    """Tell what is wrong with all calls from what is wrong with one: Braze says 401 for a missing permission too."""
    step, last = "BRAZE_REST_KEY", errors[-1]
    if _is_silence(last):
        words = f"Nobody answers at {settings.BRAZE_REST_URL} ({last}). Is the way there open?"
        return Finding(Verdict.MISSING, "BRAZE_REST_URL", words)
    if None in errors:
        return Finding(Verdict.OK, step, "Braze takes the key.")
    refused = next((error for error in errors if isinstance(error, Misconfigured)), None)
    if refused is None:
        return Finding(Verdict.UNSEEN, step, f"Braze is in trouble itself ({last}). Try again later.")
    if refused.status in (401, 403):
        words = f"Braze refuses the key ({refused}). Copy it from {KEYS}; it must be of the workspace of that host."
        return Finding(Verdict.MISSING, step, words)
    words = f"This is not Braze's REST address ({refused}). The dashboard shows yours under {KEYS}."
    return Finding(Verdict.MISSING, "BRAZE_REST_URL", words)


def _permission(probe: Probe, error: BrazeError | None) -> Finding:
    step = f"permission {probe.permission}"
    if error is None:
        return Finding(Verdict.OK, step)
    if isinstance(error, TryLater):
        return Finding(Verdict.UNSEEN, step, f"{error}.")
    words = f"{error}. Without it {probe.use}. A key's permissions are fixed: make a new one under {KEYS}."
    return Finding(Verdict.MISSING, step, words)


def _programs(client: BrazeClient) -> Iterator[Finding]:
    programs = list(Program.objects.filter(is_active=True))
    if not programs:
        yield Finding(Verdict.MISSING, "programs", "There are none. Run `manage.py create_default_programs`.")
    for program in programs:
        yield from _group(client, program)
        if program.is_sms:
            words = f"Look at {GROUPS} > this group > Global Keywords > Opt-In: on, wherever people are to confirm."
            yield Finding(Verdict.UNSEEN, f"double opt-in of “{program}”", words)


def _group(client: BrazeClient, program: Program) -> Iterator[Finding]:
    step, group = f"subscription group of “{program}”", program.subscription_group_id
    try:
        is_there = client.has_group(group)
    except BrazeError as error:
        yield Finding(Verdict.UNSEEN, step, f"{error}.")
        return
    if not is_there:
        words = f"Braze knows no group {group}. Copy the id from {GROUPS} to the program in the admin."
        yield Finding(Verdict.MISSING, step, words)
        return
    yield Finding(Verdict.OK, step, group)
    yield _channel(client, program)


def _channel(client: BrazeClient, program: Program) -> Finding:
    """Compare channels, as Braze names them for somebody it was told about."""
    step, group = f"channel of “{program}”", program.subscription_group_id
    told = Subscription.objects.filter(program=program, told__in=(Told.SUBSCRIBED, Told.UNSUBSCRIBED))
    address = told.exclude(address="").order_by("-pk").values_list("address", flat=True).first()
    try:
        found = client.group_channels(address, kind="phone" if program.is_sms else "email") if address else {}
    except BrazeError as error:
        return Finding(Verdict.UNSEEN, step, f"{error}.")
    if group not in found:
        words = f"Nobody whom Braze was told about shows it yet. {GROUPS} must say {program.get_channel_display()}."
        return Finding(Verdict.UNSEEN, step, words)
    if found[group] != program.channel:
        words = f"The group is for {found[group]}, the program for {program.channel}. Choose another under {GROUPS}."
        return Finding(Verdict.MISSING, step, words)
    return Finding(Verdict.OK, step, program.channel)


# --- This side ------------------------------------------------------------------------------------------


def _hook_token() -> Finding:
    step = "BRAZE_WEBHOOK_TOKEN"
    if settings.BRAZE_WEBHOOK_TOKEN:
        words = f"Set. Whether Braze sends the same one shows under {EXPORT} and in its webhook campaigns."
        return Finding(Verdict.OK, step, words)
    words = "Not set, so `manage.py reconcile_braze` alone finds opt-outs at Braze. Choose a long random text; set it"
    return Finding(Verdict.MISSING, step, f"{words} here, and at Braze under {EXPORT} or in the webhooks' header.")


def _site(*, is_real: bool) -> Iterator[Finding]:
    bad = checks.ledger_is_guarded(None, databases=["default"])
    if bad:
        yield Finding(Verdict.MISSING, "triggers of the ledger", " ".join(f"{it.msg} {it.hint}" for it in bad))
    else:
        yield Finding(Verdict.OK, "triggers of the ledger")
    wrong = checks.production(None) if is_real else []
    yield from (Finding(Verdict.MISSING, "settings", f"{it.msg} {it.hint}") for it in wrong)
    if not wrong:
        verdict, words = (Verdict.OK, "") if is_real else (Verdict.UNSEEN, "Not looked at: there is no real Braze.")
        yield Finding(verdict, "settings", words)


def _worker() -> Iterator[Finding]:
    for line in BrazeLine.objects.order_by("name", "lane"):
        words = f"stopped since {line.stopped_at:%Y-%m-%d %H:%M} UTC: {line.reason}."
        yield Finding(Verdict.MISSING, f"line {line}", words)
    since = outbox.due_since()
    if since and since < timezone.now() - LATE_AFTER:
        words = f"Something has been due since {since:%Y-%m-%d %H:%M} UTC. Is `manage.py sync_braze` running?"
        yield Finding(Verdict.MISSING, "worker", words)
    elif Subscription.objects.filter(told_at__isnull=False).exists():
        yield Finding(Verdict.OK, "worker", "Nothing has been waiting for long.")
    else:
        yield Finding(Verdict.UNSEEN, "worker", "Nothing has been due yet: sign somebody up.")
