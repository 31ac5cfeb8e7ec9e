"""A person, and the links mailed to them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from phonenumber_field.modelfields import PhoneNumberField

from accounts.managers import UserManager
from sms_consent.people import mask_name
from sms_consent.states import REQUEST_LIFE


def new_external_id() -> str:
    """Return the name that a new person gets in Braze."""
    return str(uuid.uuid4())


class User(AbstractBaseUser, PermissionsMixin):
    """Someone known by an email address, a phone number, or both.

    The address says nothing about consent, which belongs to the address itself. `phone` is not unique:
    families share one; among people without an email address it is. Whether the mailbox is proven is
    allauth's EmailAddress; whether the number is, `phone_proven_at`. `phone_chosen_at` is when they last settled on
    a number, or on none, after the sign-up itself: no older link changes it any more. `former_phones` (E.164) are the
    numbers that were theirs here: what they agreed to on one of them they can still leave.
    """

    external_id = models.CharField("id in Braze", max_length=255, unique=True, default=new_external_id)
    email = models.EmailField(unique=True, null=True, blank=True)
    phone = PhoneNumberField(null=True, blank=True, db_index=True)
    phone_proven_at = models.DateTimeField(null=True, blank=True)
    phone_chosen_at = models.DateTimeField(null=True, blank=True, editable=False)
    former_phones = models.JSONField(default=list, blank=True, editable=False)
    language = models.CharField(max_length=12, default="en")
    time_zone = models.CharField(max_length=64, blank=True)
    is_staff = models.BooleanField("staff", default=False)
    is_active = models.BooleanField("active", default=True)
    date_joined = models.DateTimeField("joined", default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = (
            models.CheckConstraint(condition=Q(email=Lower("email")), name="person_email_lower_case"),
            models.CheckConstraint(
                condition=Q(email__isnull=False) | Q(phone__isnull=False), name="person_has_an_address"
            ),
            models.CheckConstraint(condition=Q(phone__startswith="+"), name="person_phone_e164"),
            models.UniqueConstraint(fields=["phone"], condition=Q(email__isnull=True), name="phone_only_person_once"),
        )
        indexes = (
            # What the list of the admin is filtered by; the few among the many.
            models.Index(fields=["id"], name="person_staff", condition=Q(is_staff=True)),
            models.Index(fields=["id"], name="person_inactive", condition=Q(is_active=False)),
            models.Index(fields=["date_joined"], name="person_by_time"),
        )

    def __str__(self) -> str:
        return mask_name(self.external_id)

    @property
    def phone_number(self) -> str:
        """The phone number as E.164, or an empty string."""
        return self.phone.as_e164 if self.phone else ""

    @property
    def has_proven_mailbox(self) -> bool:
        """Whether a button or a code from the mailbox was used."""
        addresses = self.emailaddress_set.all()  # type: ignore[attr-defined]
        return any(address.verified and address.email == self.email for address in addresses)

    def clean(self) -> None:
        """Store addresses the way they are looked up."""
        super().clean()
        if self.email:
            self.email = self.email.lower()


class Leaving(models.Model):
    """When a person last left a program on numbers that are not proven to be theirs.

    For their own eyes. The ledger has what that ended, which depends on what others did with the numbers, and of that
    they learn nothing (design.md §4.3).
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="leavings")
    program = models.ForeignKey("sms_consent.Program", on_delete=models.CASCADE, related_name="+")
    left_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "program"], name="leaving_once"),)

    def __str__(self) -> str:
        return f"Leaving {self.pk}"


LINK_LIFE = REQUEST_LIFE  # a link lives no longer than the request that it confirms (DOI-4)


class Confirmation(models.Model):
    """The link in the mail of one sign-up. Only its token's hash is kept (SEC-9): the sign-up's handle outside.

    Pressing the button proves the mailbox, confirms the requests in `requests` (ids of consent records) and
    makes `phone` the person's number. Used, voided or expired, it does nothing more. A mail that was sent again
    points by `again_of` to the first one, whose fate it shares.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="confirmations")
    again_of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="again")
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField()
    phone = PhoneNumberField(null=True)
    requests = models.JSONField(default=list)
    language = models.CharField(max_length=12, default="en")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["expires_at"], name="confirmation_expiry"),)

    def __str__(self) -> str:
        return f"Confirmation {self.pk}"
