"""What Braze was told about people, which lines to it have stopped, and which programs are moving."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from sms_consent.models.programs import Program


class Outgoing(models.Model):
    """A row that says "Braze may be out of date about this", never what to send.

    `version` is an opaque token that every change replaces. `due_at` is when a worker may take the row (null:
    nothing to tell), `marked_at` since when Braze has been out of date about it, through whatever back-off; `lease` and
    `leased_until` are who has it. `parked_at` with its reason means that Braze refused and a person must look; any new
    change lifts it. Each kind has an `is_recheck`, too: `due_at` is only when to look, or say, again what Braze has
    accepted already. `sms_consent.outbox` is the only writer.
    """

    version = models.BigIntegerField(default=0, editable=False)
    due_at = models.DateTimeField(null=True, editable=False)
    marked_at = models.DateTimeField(null=True, editable=False)
    lease = models.BigIntegerField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)
    parked_at = models.DateTimeField(null=True, editable=False)
    park_reason = models.TextField(blank=True, editable=False)

    class Meta:
        abstract = True


class BrazeProfile(Outgoing):
    """What Braze last accepted about a person's attributes; one per person.

    `accepted` holds attribute names and values as Braze takes them, null for an address that it was told is gone, and
    an empty one where it may have one or another (`outbox.note_moved`); `is_unknown` says that a call may have
    changed them without our knowing, or may yet. `is_recheck` says that `due_at` is only the repeat of a call that
    gave it another address. `claims_phone` is a number that Braze may know without a name: its profile there is to
    become this person's before anything else is told of them. A row without a person is one whose profile is to be
    merged into `merge_into` (an external_id) or, with `is_to_delete`, to be deleted; if Braze never heard of it, it
    is forgotten. With a person, `is_to_delete` says that they are being erased.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="braze_profile"
    )
    external_id = models.CharField(max_length=255)
    merge_into = models.CharField(max_length=255, blank=True)
    is_to_delete = models.BooleanField(default=False)
    accepted = models.JSONField(default=dict)
    accepted_at = models.DateTimeField(null=True)
    is_unknown = models.BooleanField(default=False)
    # A default in the database too: what still runs while this is migrated knows nothing of the column.
    is_recheck = models.BooleanField(default=False, db_default=False)
    claims_phone = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name = "Braze profile"
        constraints = (
            # With `unique=True` Django makes a second index, for LIKE, which every delivery would write.
            models.UniqueConstraint(fields=["external_id"], name="profile_of_one"),
        )
        indexes = (
            models.Index(fields=["due_at"], name="profile_due", condition=models.Q(due_at__isnull=False)),
            # The few among many people: to be identified, merged or deleted (`outbox.dues`).
            models.Index(
                fields=["due_at"],
                name="profile_errand_due",
                condition=models.Q(due_at__isnull=False)
                & (models.Q(person__isnull=True) | models.Q(is_to_delete=True) | ~models.Q(claims_phone="")),
            ),
            models.Index(fields=["id"], name="profile_parked", condition=models.Q(parked_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"Braze profile {self.pk}"


class GlobalEmail(Outgoing):
    """An email address that has opted out of something: Braze's global state of it follows the last program left.

    A row of its own, so that neither a group's line nor a person's call holds it up (rule 4). Whether any program
    is left is looked up when it is sent. `is_recheck` says that `due_at` is only the repeat of an opt-out (rule 7).
    """

    address = models.EmailField(unique=True)
    told_at = models.DateTimeField(null=True)
    is_recheck = models.BooleanField(default=False)

    class Meta:
        verbose_name = "global email opt-out"
        indexes = (
            models.Index(fields=["due_at"], name="global_email_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["id"], name="global_email_parked", condition=models.Q(parked_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"Global email opt-out {self.pk}"


class BrazeReading(models.Model):
    """One run of `reconcile_braze` through all subscriptions, so that one that was killed goes on where it was.

    `up_to` is the id of the last subscription it has dealt with, `moved_at` when that was. `asked` counts the
    subscriptions that Braze was asked about, `left_out` those it was not, because something of ours was under way,
    `absent` those subscribed here of which Braze knows nothing.
    """

    started_at = models.DateTimeField(default=timezone.now)
    moved_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    up_to = models.BigIntegerField(default=0)
    asked = models.PositiveBigIntegerField(default=0)
    left_out = models.PositiveBigIntegerField(default=0)
    absent = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "reading of Braze"
        verbose_name_plural = "readings of Braze"

    def __str__(self) -> str:
        return f"Reading of {self.started_at:%Y-%m-%d %H:%M}"


class BrazeLine(models.Model):
    """A stretch of delivery that Braze refuses as a whole: a wrong key, host, permission or group id.

    `name` is an endpoint's path or a program's slug; `lane` is opt-outs or everything else, so that neither
    holds up the other. Tried again at `probe_at`, or at once when `fingerprint` (the setting that was
    refused) is no longer the one in use.
    """

    class Lane(models.TextChoices):
        """Opt-outs never wait for the rest."""

        OPT_OUTS = "opt_outs", "Opt-outs"
        REST = "rest", "Everything else"

    name = models.CharField(max_length=80)
    lane = models.CharField(max_length=8, choices=Lane.choices)
    reason = models.TextField()
    fingerprint = models.CharField(max_length=64)
    stopped_at = models.DateTimeField(default=timezone.now)
    probe_at = models.DateTimeField()
    probes = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "stopped line"
        constraints = (models.UniqueConstraint(fields=["name", "lane"], name="line_once"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.get_lane_display()})"


class GroupMove(models.Model):
    """A program that moved to another subscription group, until what its old group was told is all forgotten.

    `done_to` is the id of the last subscription of which it is. The row goes when it is so of every one.
    """

    program = models.OneToOneField(Program, on_delete=models.CASCADE, related_name="+")
    done_to = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.program_id}: up to {self.done_to}"
