"""Who of the staff saw whose address, and who took data out."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from sms_consent.models.ledger import AppendOnlyModel


class AccessRecord(AppendOnlyModel):
    """One look at an address in full, or one export (SEC-11). `sms_consent.access` is the only writer.

    `staff` is the external_id of whoever it was, `subject` the keyed hash of the address that was seen, empty where
    it was many. `what` names the kind of page or export, `object_id` the row; `detail` the filter and the number of
    rows of an export. Holds no address in clear.
    """

    class Action(models.TextChoices):
        """What was done."""

        VIEWED = "viewed", "Looked at"
        PRINTED = "printed", "Opened for printing"
        EXPORTED = "exported", "Exported"
        ERASED = "erased", "Asked to erase"

    at = models.DateTimeField("when", default=timezone.now)
    staff = models.CharField(max_length=255)
    action = models.CharField(max_length=8, choices=Action.choices)
    what = models.CharField(max_length=80)
    object_id = models.CharField(max_length=64, blank=True)
    subject = models.CharField("address (keyed hash)", max_length=64, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    ip = models.CharField("IP address", max_length=45, blank=True)

    class Meta(AppendOnlyModel.Meta):
        verbose_name = "access"
        verbose_name_plural = "accesses"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["subject"], name="access_by_subject"),
            # What the list of the admin is filtered by: a rare value must be found without reading everything.
            models.Index(fields=["action", "id"], name="access_by_action"),
            models.Index(fields=["at"], name="access_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.what}"
