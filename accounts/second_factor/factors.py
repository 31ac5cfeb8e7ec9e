"""Who has a second factor, and taking it away."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.db import transaction

from accounts.models import User


def has_one(person: Any) -> bool:
    """Return whether a sign-in asks this person for a second step. Recovery codes alone are none."""
    return bool(is_mfa_enabled(person, [Authenticator.Type.TOTP]))


def forget(person: User) -> bool:
    """Delete a person's app and recovery codes; return whether there were any."""
    deleted, _ = Authenticator.objects.filter(user=person).delete()
    return bool(deleted)


@transaction.atomic
def remove(person: User) -> bool:
    """Take the factor away and sign the person out everywhere; return False, with nothing changed, if there is none."""
    if not forget(person):
        return False
    sign_out_everywhere(person)
    return True


def sign_out_everywhere(person: User) -> None:
    """End every session: each holds a hash of the password, unusable as it is. That is no news for Braze: no signal."""
    person.set_unusable_password()
    User.objects.filter(pk=person.pk).update(password=person.password)
