"""Where an address stands on a program now."""

from __future__ import annotations

from django.db import models

from sms_consent.choices import STANDING, State, Told
from sms_consent.models.braze import Outgoing
from sms_consent.models.ledger import ConsentRecord
from sms_consent.models.programs import Program
from sms_consent.states import Standing


class Subscription(Outgoing):
    """An address and a program: folded from the records, kept as a row for speed.

    `address` may be erased, `subject` (its keyed hash) stays. `requested_at` and `renewals` are of a request that
    waits. `told` is what Braze last accepted for it and `told_at` when; `looked_at` since when its state there may be
    our own doing, and tells of no earlier STOP; `asked` counts double opt-in prompts requested for the present request,
    `rides` the calls about a person that carried it there, so as to start it; `owes_opt_out` says that an opt-out has
    yet to be told, which comes before whatever was asked for since (rule 4); `is_recheck` says that `due_at` is only a
    scheduled second look, or the repeat of an opt-out; `opened_at` is when a call that was not an opt-out was last
    opened for the address, or a moment before that (`outbox.fresh`). `seen` is what Braze was read or reported
    to say at `seen_at`, kept only while it differs from what stands here. `last_said` is a hash of what the newest
    record said, by which a repeat of it is known. `ended_at` is when something was last done about a consent that is
    over, for as long as evidence of it is kept; `is_thinned` says that only that of opt-outs still is (`retention`).
    """

    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="subscriptions", db_index=False
    )  # in Meta
    subject = models.CharField("address (keyed hash)", max_length=64)
    address = models.CharField(max_length=254, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.NONE)
    request = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    requested_at = models.DateTimeField(null=True)
    renewals = models.PositiveSmallIntegerField(default=0)
    left_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    folded_to = models.DateTimeField(null=True)
    told = models.CharField("Braze was told", max_length=12, choices=Told.choices, default=Told.NOTHING, blank=True)
    told_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    asked = models.PositiveSmallIntegerField(default=0)
    rides = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    owes_opt_out = models.BooleanField(default=False, db_default=False)
    is_recheck = models.BooleanField(default=False)
    # A default in the database too: what still runs while this is migrated knows nothing of the column.
    seen = models.CharField("Braze says", max_length=12, choices=State.choices, default="", db_default="", blank=True)
    seen_at = models.DateTimeField(null=True)
    last_said = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    is_thinned = models.BooleanField(default=False, db_default=False)

    stop_heard_by: str | None = None  # as `ledger.standings` reads it, see `stops.STOP_HEARD_BY`

    class Meta:
        constraints = (
            # The subject first, so that it is found by this. Delivery writes each index several times a person.
            models.UniqueConstraint(fields=["subject", "program"], name="subscription_once"),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="subscription_state_known"),
        )
        indexes = (
            models.Index(fields=["address"], name="subscription_by_address"),
            models.Index(
                fields=["requested_at"],
                name="subscription_waiting",
                condition=models.Q(requested_at__isnull=False),
            ),
            models.Index(fields=["due_at"], name="subscription_due", condition=models.Q(due_at__isnull=False)),
            models.Index(
                fields=["due_at"],
                name="subscription_opt_out_due",
                condition=models.Q(due_at__isnull=False)
                & (models.Q(state__in=(State.UNSUBSCRIBED, State.NONE)) | models.Q(owes_opt_out=True)),
            ),
            models.Index(fields=["seen_at"], name="subscription_seen", condition=models.Q(seen_at__isnull=False)),
            models.Index(
                fields=["is_thinned", "ended_at"],
                name="subscription_ended",
                condition=models.Q(ended_at__isnull=False),
            ),
            models.Index(fields=["id"], name="subscription_parked", condition=models.Q(parked_at__isnull=False)),
            # What the list of the admin is filtered by: a rare value must be found without reading everything. Not by
            # what Braze was told: PostgreSQL changes a row in place only where no index has to do with what changes.
            models.Index(fields=["program", "id"], name="subscription_by_program"),
            models.Index(fields=["state", "id"], name="subscription_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.program}: {self.get_state_display()}"

    @property
    def standing(self) -> Standing:
        """Where the address stands, as the fold sees it."""
        return Standing(
            self.state,
            self.request_id,
            self.requested_at,
            self.renewals,
            self.left_at,
            self.stopped_at,
            self.folded_to,
        )

    @standing.setter
    def standing(self, standing: Standing) -> None:
        self.state, self.request_id = standing.state, standing.request
        self.requested_at, self.renewals = standing.requested_at, standing.renewals
        self.left_at, self.stopped_at = standing.left_at, standing.stopped_at
        self.folded_to = standing.folded_to
        is_over = standing.state not in STANDING
        self.ended_at, self.is_thinned = standing.folded_to if is_over else None, False
