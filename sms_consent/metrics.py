"""What /metrics tells. What is waiting is counted from partial indexes, and no further than COUNTED_AT_MOST: a million
rows more or less change no alert, and no scrape may read a whole table.

A change is in one of the outbox's lanes: `opt_outs`, or `rest` for everything else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from post_office.models import STATUS, Email, Log
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from optin_site.logs import scrubbed
from optin_site.patience import cache_answers
from sms_consent import counts, outbox
from sms_consent.choices import Act, Source, State, Told
from sms_consent.models import (
    BrazeLine,
    BrazeProfile,
    ConsentRecord,
    Count,
    GlobalEmail,
    Seal,
    SealedRecord,
    Subscription,
    Tally,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
COUNTED_AT_MOST = 10_000
LOOKED_AT = 1_000  # rows, where each has to be read
REASON_LENGTH = 80
OPT_OUTS, REST = BrazeLine.Lane.OPT_OUTS.value, BrazeLine.Lane.REST.value
LEFT = (State.UNSUBSCRIBED, State.NONE)  # the condition of an index; an opt-out owed by a new request is in `rest`
HOOKS = ("braze_currents", "braze_events", "twilio_sms")
REFUSALS = ("400", "401", "403", "413", "500", "503", "unplaced")
OPT_INS, OPT_OUT_ACTS = (Act.GRANTED, Act.CONFIRMED), (Act.WITHDRAWN, Act.INVALIDATED)


def exposition() -> bytes:
    """Return all of it, as Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(_Site())
    return generate_latest(registry)


class _Site(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _outbox(timezone.now())
        yield _parked()
        yield _lines()
        yield from _deliveries(_counted())
        yield from _doors()
        yield from _sealing(timezone.now())
        yield from _mails(timezone.now())
        yield _gauge("optin_cache_answers", "1, or 0 while no limit holds.", (), {(): float(cache_answers())})


# --- What waits -----------------------------------------------------------------------------------


def _waiting() -> list[tuple[str, QuerySet[Any]]]:
    """Return what Braze has yet to be told, by lane. An email consent travels with the person that it is about."""
    owed = Subscription.objects.filter(due_at__isnull=False, parked_at=None).exclude(address="")
    owed = owed.exclude(Q(is_recheck=True) & ~Q(told=Told.UNKNOWN))
    alone = owed.exclude(state__in=LEFT).exclude(outbox.TRAVELS)
    emails = GlobalEmail.objects.filter(due_at__isnull=False, parked_at=None, is_recheck=False)
    profiles = BrazeProfile.objects.filter(due_at__isnull=False, parked_at=None, is_recheck=False)
    return [(OPT_OUTS, owed.filter(state__in=LEFT)), (OPT_OUTS, emails), (REST, alone), (REST, profiles)]


def _outbox(now: datetime) -> Iterator[Metric]:
    backlog: Counter[tuple[str, str]] = Counter()
    oldest = dict.fromkeys((OPT_OUTS, REST), 0.0)
    for lane, rows in _waiting():
        backlog[lane, "due"] += rows.filter(due_at__lte=now)[:COUNTED_AT_MOST].count()
        backlog[lane, "later"] += rows.filter(due_at__gt=now)[:COUNTED_AT_MOST].count()
        oldest[lane] = max(oldest[lane], (now - (outbox.longest_out_of_date(rows) or now)).total_seconds())
    words = f"Changes that Braze has yet to be told: due now, or later because it refused or failed. {_AT_MOST}"
    yield _gauge("optin_backlog", words, ("lane", "when"), backlog)
    words = "For how long the oldest of them has waited, back-off included."
    yield _gauge("optin_oldest_waiting_seconds", words, ("lane",), {(lane,): age for lane, age in oldest.items()})


def _parked() -> Metric:
    found: Counter[tuple[str, str]] = Counter()
    rows = Subscription.objects.filter(parked_at__isnull=False).values_list("park_reason", "state", "owes_opt_out")
    for reason, state, owes in rows[:LOOKED_AT]:
        found[OPT_OUTS if owes or state in LEFT else REST, scrubbed(reason)[:REASON_LENGTH]] += 1
    for lane, kind in ((OPT_OUTS, GlobalEmail.objects), (REST, BrazeProfile.objects)):
        reasons = kind.filter(parked_at__isnull=False).values_list("park_reason", flat=True)[:LOOKED_AT]
        found.update((lane, scrubbed(reason)[:REASON_LENGTH]) for reason in reasons)
    words = f"Changes that Braze refused, by its words: somebody must look. Of each kind, the first {LOOKED_AT}."
    return _gauge("optin_parked", words, ("lane", "reason"), found)


def _lines() -> Metric:
    stopped = dict.fromkeys(BrazeLine.objects.values_list("name", "lane"), 1.0)
    return _gauge("optin_stopped_line", "Lines that Braze refuses as a whole.", ("line", "lane"), stopped)


def _mails(now: datetime) -> Iterator[Metric]:
    kinds = {"queued": (STATUS.queued, STATUS.requeued), "failed": (STATUS.failed,)}
    found = {
        (kind,): float(Email.objects.filter(status__in=statuses)[:COUNTED_AT_MOST].count())
        for kind, statuses in kinds.items()
    }
    yield _gauge("optin_mails", f"Mails in the queue. {_AT_MOST}", ("state",), found)
    words = "For how long the oldest mail in the queue has waited."
    yield _gauge("optin_oldest_mail_seconds", words, ("tried",), _ages_of_mails(now))


def _ages_of_mails(now: datetime) -> dict[tuple[str], float]:
    # A code that ends in .3.x, .5.x or .7.x (RFC 3463) is about the server itself, or about us. It begins the reply.
    of_recipients = Log.objects.filter(email=OuterRef("pk"), exception_type="SMTPRecipientsRefused")
    is_refused = Exists(of_recipients.exclude(message__regex=r", b['\"][45]\.[357]\.\d"))
    waiting = Email.objects.filter(status__in=(STATUS.queued, STATUS.requeued)).annotate(is_refused=is_refused)
    found = {("no",): 0.0, ("yes",): 0.0, ("refused",): 0.0}
    for status, refused, since in waiting.order_by().values_list("status", "is_refused").annotate(Min("created")):
        label = "no" if status == STATUS.queued else "refused" if refused else "yes"
        found[(label,)] = max(found[(label,)], (now - since).total_seconds())
    return found


# --- What has happened ------------------------------------------------------------------------------


def _counted() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for name, label, value in Count.objects.values_list("name", "label", "value"):
        found[name][label] = value
    return found


def _deliveries(found: dict[str, dict[str, float]]) -> Iterator[Metric]:
    words = "Calls to Braze; “limited” is its 429."
    yield _counter("optin_braze_calls", words, ("call", "result"), found[counts.CALLS])
    words = "Changes that have reached Braze. What was no news when its turn came is among them."
    yield _counter("optin_delivered", words, ("lane",), found[counts.DELIVERED])
    words = "From a change until Braze had accepted it, back-off included."
    histogram = HistogramMetricFamily("optin_delivery_delay_seconds", words, labels=["lane"])
    for lane, total in found[counts.DELAY_SUM].items():
        so_far, buckets = 0.0, []
        for limit in (*map(str, counts.BUCKETS), "+Inf"):
            so_far += found[counts.DELAY].get(f"{lane} {limit}", 0.0)
            buckets.append((limit, so_far))
        histogram.add_metric([lane], buckets, total)
    yield histogram
    words = "Requests that the hooks did not take; “unplaced”: texts and opt-outs in them that are nobody's."
    none = {f"{hook} {status}": 0.0 for hook in HOOKS for status in REFUSALS}  # or no increase() would see the first
    yield _counter("optin_hook_refusals", words, ("hook", "status"), none | found[counts.REFUSALS])


def _doors() -> Iterator[Metric]:
    """Counted when they are sealed, within a minute."""
    rows = list(Tally.objects.values("act", "source").annotate(n=Sum("count")))
    for name, acts in (("optin_opt_ins", OPT_INS), ("optin_opt_outs", OPT_OUT_ACTS)):
        found = Counter(dict.fromkeys(Source.values, 0))
        for row in rows:
            found[row["source"]] += row["n"] if row["act"] in acts else 0
        yield _counter(name, "Consents, or their ends, that are sealed, by door.", ("door",), found)


def _sealing(now: datetime) -> Iterator[Metric]:
    newest = dict(ConsentRecord.objects.order_by("-id").values_list("id", "recorded_at")[:LOOKED_AT])
    sealed = SealedRecord.objects.filter(record__in=list(newest)).values_list("record", flat=True)
    bare = [newest[pk] for pk in newest.keys() - set(sealed)] + _first_after_the_sealed()
    waited = (now - min(bare)).total_seconds() if bare else 0.0
    words = f"For how long the oldest record without a seal has waited. Late ones: among the newest {LOOKED_AT}."
    yield _gauge("optin_unsealed_seconds", words, (), {(): waited})
    last = Seal.objects.order_by("-number").values_list("sealed_at", flat=True).first()
    age = (now - last).total_seconds() if last else 0.0
    words = "For how long there has been no new seal. Where nobody does anything, none is needed."
    yield _gauge("optin_seal_age_seconds", words, (), {(): age})


def _first_after_the_sealed() -> list[datetime]:
    """Of any number without a seal the oldest is here, but for one that was committed late, behind sealed ones."""
    sealed = SealedRecord.objects.order_by("-record_id").values_list("record_id", flat=True).first() or 0
    return list(ConsentRecord.objects.filter(pk__gt=sealed).order_by("pk").values_list("recorded_at", flat=True)[:1])


# --- As Prometheus has it -----------------------------------------------------------------------------

_AT_MOST = f"No more than {COUNTED_AT_MOST} of a kind are counted."


def _gauge(name: str, words: str, labels: tuple[str, ...], values: Any) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _counter(name: str, words: str, labels: tuple[str, ...], values: dict[str, Any]) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for label, value in values.items():
        family.add_metric(label.split(" "), value)
    return family
