"""The append-only ledger. `sms_consent.ledger` is the only writer."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from sms_consent.choices import Act, Source
from sms_consent.exceptions import AppendOnlyError
from sms_consent.models.programs import Disclosure, Program


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Gives a clear message early; database triggers give the guarantee (LED-1)."""

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are never changed or deleted.")

    update = delete = bulk_update = update_or_create = _refuse
    _raw_delete = _refuse


class AppendOnlyModel(models.Model):
    """A row that is written in sets, once, by the one module that may, and never changed or deleted."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: object, **kwargs: object) -> NoReturn:
        """Refuse: rows are written in sets."""
        raise AppendOnlyError(f"{self._meta.verbose_name_plural} are never saved one by one.")

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError(f"{self._meta.verbose_name_plural} are never deleted.")


class ConsentRecord(AppendOnlyModel):
    """One act, by one address, on one program, under one disclosure version (REC-1, REC-3).

    Holds no personal data in clear: `subject` is a keyed hash of the address, `commitment` a salted hash of
    the evidence, `words_sha256` the hash of the words shown. `stops` marks an opt-out that came from the
    handset, the carrier or Braze, which only the handset lifts; `proven` that whoever acted had proven the
    address to be theirs (a code or button in their mailbox, a text from their handset).
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="records", db_index=False)  # see Meta
    disclosure = models.ForeignKey(Disclosure, on_delete=models.PROTECT, null=True, related_name="records")
    words_sha256 = models.CharField("SHA-256 of the words shown", max_length=64, blank=True)
    act = models.CharField(max_length=11, choices=Act.choices)
    source = models.CharField(max_length=15, choices=Source.choices)
    stops = models.BooleanField("by the handset itself", default=False)
    proven = models.BooleanField("by the proven owner", default=False)
    request = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="answers")
    subject = models.CharField("address (keyed hash)", max_length=64)
    commitment = models.CharField("evidence (salted hash)", max_length=64)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        ordering = ("-id",)
        permissions = (("export_consentrecord", "Can export consent records, and print all there is of an address"),)
        indexes = (
            models.Index(fields=["subject", "program", "occurred_at"], name="record_by_subject"),
            models.Index(fields=["recorded_at"], name="record_by_time"),
            # What the list of the admin is filtered by: a rare value must be found without reading everything.
            models.Index(fields=["program", "id"], name="record_by_program"),
            models.Index(fields=["act", "id"], name="record_by_act"),
            models.Index(fields=["source", "id"], name="record_by_source"),
            models.Index(fields=["occurred_at"], name="record_by_occurrence"),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(act__in=Act.values), name="record_act_known"),
            models.CheckConstraint(condition=models.Q(source__in=Source.values), name="record_source_known"),
        )

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_act_display()}"


class Evidence(models.Model):
    """What proves an act: address, IP, user agent, page, box states, message… (REC-3).

    `payload` is canonical JSON, kept as the exact text that the record's commitment was computed over
    (LED-3): SHA-256 of salt and payload. Erasing blanks both and leaves the record's proof valid (LED-7).
    """

    record = models.OneToOneField(ConsentRecord, on_delete=models.PROTECT, primary_key=True, related_name="evidence")
    salt = models.CharField(max_length=64, blank=True)
    payload = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return f"Evidence of #{self.record_id}"
