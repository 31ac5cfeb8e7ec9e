"""Seals over the ledger: which record is under which, and what was counted when it was sealed."""

from __future__ import annotations

from django.db import models

from sms_consent.choices import Act, Source
from sms_consent.models.ledger import AppendOnlyModel, ConsentRecord
from sms_consent.models.programs import Program


class Seal(AppendOnlyModel):
    """A signed checkpoint over a stretch of the ledger. `sms_consent.seals` is the only writer.

    `root` is the RFC 6962 Merkle tree head of the `count` records under it, `previous` the SHA-256 of the seal before
    (64 zeros for the first), `total` how many records are sealed up to and with it. `key` is the Ed25519 public key
    under which `signature` holds. Hashes, key and signature in hex. That `number` and `previous` are unique is what
    keeps two sealers from making two chains (LED-9).
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    previous = models.CharField("seal before (SHA-256)", max_length=64, unique=True)
    count = models.PositiveIntegerField()
    total = models.PositiveBigIntegerField()
    root = models.CharField("Merkle root", max_length=64)
    sealed_at = models.DateTimeField()
    key = models.CharField("public key", max_length=64)
    signature = models.CharField(max_length=128)

    class Meta(AppendOnlyModel.Meta):
        ordering = ("-number",)

    def __str__(self) -> str:
        return f"Seal {self.number}"


class SealedRecord(AppendOnlyModel):
    """That a record is under a seal, at this position of its tree (from 0), with this leaf hash (32 bytes).

    Which records are under a seal is never inferred from a range of ids: those are not in the order of commits.
    """

    record = models.OneToOneField(ConsentRecord, on_delete=models.PROTECT, primary_key=True, related_name="sealed")
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="records", db_index=False)
    position = models.PositiveIntegerField()
    leaf = models.BinaryField(max_length=32)

    class Meta(AppendOnlyModel.Meta):
        constraints = (models.UniqueConstraint(fields=["seal", "position"], name="sealed_position_once"),)

    def __str__(self) -> str:
        return f"#{self.record_id} under seal {self.seal_id}"


class Tally(models.Model):
    """How many acts of a kind there were on a day (UTC, by when they were written down).

    Counted in the transaction that seals them, so that every record counts once and no page has to count them.
    `language` is that of the words shown, empty where none were.
    """

    day = models.DateField()
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="+")
    act = models.CharField(max_length=11, choices=Act.choices)
    source = models.CharField(max_length=15, choices=Source.choices)
    language = models.CharField(max_length=12, blank=True)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = (
            models.UniqueConstraint(fields=["day", "program", "act", "source", "language"], name="tally_once"),
        )

    def __str__(self) -> str:
        return f"{self.day}: {self.count} {self.act}"
