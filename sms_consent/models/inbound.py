"""What came in from outside: texts from handsets, and what Braze reports."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from sms_consent.models.ledger import ConsentRecord
from sms_consent.models.programs import Program


class InboundMessage(models.Model):
    """One text, or one report, with what was made of it (KW-14). Written once; `outcome` may be settled later.

    `provider_id` is the provider's own name for it, by which a repeat is known; webhook campaigns give none.
    `subject` is the keyed hash of `address`; who sent it and what it said may be erased. `status` and `cause` are what
    a report says ("unsubscribed", "Dashboard"); "external_id" is the `cause` of a text that was placed by that alone.
    `occurred_at` is the provider's time, or ours where it has none.
    `record` is the first consent record that it led to. From `aged_at` on it goes with the proof about its address.
    """

    class Kind(models.TextChoices):
        """What it is."""

        TEXT = "text", "Text"
        GROUP_STATE = "group_state", "Group state changed at Braze"
        EMAIL_STATE = "email_state", "Global email state changed at Braze"
        SPAM = "spam", "Marked as spam"
        REJECTION = "rejection", "Refused by the provider"

    class Outcome(models.TextChoices):
        """What was made of it."""

        ACTED = "acted", "Written into the ledger"
        REPEAT = "repeat", "Known already"
        ECHO = "echo", "Our own doing"
        ANSWERED = "answered", "No consent in it"
        UNKNOWN = "unknown", "Not understood"
        WAITING = "waiting", "Waiting for a look at Braze"
        UNPROVEN = "unproven", "Subscribed at Braze without proof here"

    provider = models.CharField(max_length=12)
    provider_id = models.CharField(max_length=255, null=True)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    subject = models.CharField("address (keyed hash)", max_length=64)
    address = models.CharField(max_length=254, blank=True)
    number = models.CharField("texted to", max_length=20, blank=True)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, null=True, related_name="+")
    body = models.TextField(blank=True)
    normalised = models.TextField(blank=True)
    word = models.CharField(max_length=160, blank=True)
    rule = models.CharField(max_length=20, blank=True)
    needs_review = models.BooleanField(default=False)
    status = models.CharField(max_length=20, blank=True)
    cause = models.CharField(max_length=60, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    record = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, null=True, related_name="+")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    aged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=["provider", "provider_id"], name="inbound_once"),)
        indexes = (
            models.Index(fields=["subject", "occurred_at"], name="inbound_by_subject"),
            models.Index(fields=["received_at"], name="inbound_waiting", condition=models.Q(outcome="waiting")),
            models.Index(fields=["received_at"], name="inbound_young", condition=models.Q(aged_at__isnull=True)),
            models.Index(fields=["id"], name="inbound_to_review", condition=models.Q(needs_review=True)),
            # What the list of the admin is filtered by: a rare value must be found without reading everything.
            models.Index(fields=["outcome", "id"], name="inbound_by_outcome"),
            models.Index(fields=["kind", "id"], name="inbound_by_kind"),
            models.Index(fields=["received_at"], name="inbound_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
