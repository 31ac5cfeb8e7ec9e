"""Rows read by SQL of ours are those that Django's own query would have returned."""

from __future__ import annotations

import pytest
from django.forms import model_to_dict
from django.utils import timezone

from accounts.models import User
from optin_site import bulk, reading
from optin_site.lookups import among
from sms_consent.models import BrazeProfile, GlobalEmail

pytestmark = pytest.mark.django_db


def test_every_kind_of_value_comes_back_as_from_django() -> None:
    now = timezone.now()
    bulk.insert([BrazeProfile(external_id="crm-1", accepted={"it": [1, None, "ü"]}, accepted_at=now, is_unknown=True)])
    (found,) = reading.rows(BrazeProfile, "WHERE external_id = %s", ["crm-1"])
    own = BrazeProfile.objects.get()
    assert found == own
    names = [field.attname for field in BrazeProfile._meta.concrete_fields]
    assert [getattr(found, name) for name in names] == [getattr(own, name) for name in names]
    assert found.accepted_at == now


def test_a_person_who_was_read_can_be_saved() -> None:
    User.objects.create(email="a@example.com", phone="+12025550101")
    (person,) = reading.rows(User, "WHERE email = %s", ["a@example.com"])
    assert (person.phone_number, person.former_phones, person.is_active) == ("+12025550101", [], True)
    person.time_zone = "UTC"
    person.save()
    assert model_to_dict(User.objects.get()) == model_to_dict(person)


@pytest.mark.parametrize("address", ["a@example.com", "qu'ote\"@example.com", "{a,b}@example.com", "50%s@example.com"])
def test_texts_among_others(address: str) -> None:
    bulk.add(GlobalEmail, {"address": [address, "other@example.com"]})
    condition, wanted = among("address", [address, "nobody@example.com"])
    found = reading.rows(GlobalEmail, f"WHERE {condition} ORDER BY id", [wanted])
    assert [row.address for row in found] == [address]


def test_what_sql_says_of_each_row_comes_with_it() -> None:
    User.objects.create(email="a@example.com", phone="+12025550101")
    (person,) = reading.rows(User, "WHERE email = %s", ["a@example.com"], shouted="UPPER(email)", is_so="1 = 1")
    assert (person.email, vars(person)["shouted"], bool(vars(person)["is_so"])) == (
        "a@example.com",
        "A@EXAMPLE.COM",
        True,
    )
