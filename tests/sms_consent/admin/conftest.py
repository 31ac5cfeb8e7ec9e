"""Staff, and something for them to look at."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from sms_consent import people, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Program
from sms_consent.selectors import offers
from sms_consent.services import Choice
from tests.people import ALICE, ALICES_PHONE

BROWSER = Circumstances(
    ip="192.0.2.7",
    user_agent="Tester/1.0",
    page="https://example.com/",
    boxes={"sms": True, "email": True},
)


def agree(slug: str, address: str) -> None:
    """Tick a box for an address."""
    offer = next(offer for offer in offers("en") if offer.program.slug == slug)
    people.lock([address])
    services.record_choices(
        [Choice(offer.program, offer.disclosure, address)], source=Source.SIGN_UP, circumstances=BROWSER
    )


def join(email: str, phone: str) -> User:
    """Make a person whose boxes are both ticked."""
    person = User.objects.create_user(email, phone=phone)
    agree("sms", phone)
    agree("email", email)
    return person


@pytest.fixture
def alice(programs: dict[str, Program]) -> User:
    """A person with a record, a subscription and a Braze profile."""
    return join(ALICE, ALICES_PHONE)


@pytest.fixture
def boss(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("boss@example.com"))
    return client


def staff(*permissions: str) -> Client:
    """Return the browser of a member of staff who has these permissions (codenames) and no others."""
    person = User.objects.create_user("agent@example.com", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(person)
    return client


def member(role: str) -> Client:
    """Return the browser of a member of staff with this role, as `create_admin` makes them."""
    email = f"{role}@example.com"
    call_command("create_admin", email, role=role, stdout=io.StringIO())
    client = Client()
    client.force_login(User.objects.get(email=email))
    return client
