"""Who is being erased, and that it was done."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Erasure(models.Model):
    """A person, or an address that nobody is known by, from being asked for until nothing is left to erase (EU-7).

    `addresses` go altogether, whoever acted on them; of `typed`, numbers that were never shown to be theirs, only what
    this person did. `asked_at` divides what goes from what is done afresh. `accepted_at` is when Braze had taken the
    opt-outs and the deletion: nothing is blanked before. `swept_to` is the id of the last record whose evidence was
    looked through for the person's name. When it is done, `subject`, the keyed hash of the address it was about, is
    all that is left here of whom it was about.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="erasure"
    )
    external_id = models.CharField("id in Braze", max_length=255, blank=True)
    addresses = models.JSONField(default=list)
    typed = models.JSONField(default=list)
    subject = models.CharField("address (keyed hash)", max_length=64)
    by = models.CharField("asked for by", max_length=255)
    asked_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    swept_to = models.BigIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["subject"], name="erasure_by_subject"),
            models.Index(fields=["asked_at"], name="erasure_open", condition=models.Q(done_at__isnull=True)),
        )

    def __str__(self) -> str:
        return f"Erasure {self.pk}"
