"""What is counted for /metrics and stands nowhere else."""

from __future__ import annotations

from django.db import models


class Count(models.Model):
    """How often something has happened, on all machines together. `sms_consent.counts` is the only writer.

    `label` tells one kind from another: words without spaces, joined by spaces.
    """

    name = models.CharField(max_length=40)
    label = models.CharField(max_length=120, blank=True)
    value = models.FloatField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["name", "label"], name="count_once"),)

    def __str__(self) -> str:
        return f"{self.name} {self.label}: {self.value}"
