"""DAT-6, rules 2 and 4: numbers that a spreadsheet or pandas wrote as floats name other people's handsets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.people import standing
from tests.sms_consent.imports.files import T2, load, refused, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("programs")]

# (regions, whose number it is, how a float is written, whose handset is subscribed)
FLOATS = [
    ("AT", "+436641234567", "+4366412345670"),
    ("DE", "+491711234567", "+494917112345670"),
    ("NZ", "+64211234567", "+642112345670"),
    ("IT", "+393471234567", "+3934712345670"),
    ("FI", "+358401234567", "+3584012345670"),
]


@pytest.mark.parametrize(("region", "whose", "another"), FLOATS)
def test_no_strangers_number_is_subscribed(
    region: str, whose: str, another: str, tmp_path: Path, settings: Any
) -> None:
    settings.PHONE_REGIONS = [region]
    load(tmp_path, text(address=f"{whose[1:]}.0"))
    assert standing(another, "sms") == "none"
    assert standing(whose, "sms") == "subscribed" or refused(tmp_path)


@pytest.mark.parametrize(("region", "whose", "another"), FLOATS)
def test_no_opt_out_is_written_down_for_somebody_else(
    region: str, whose: str, another: str, tmp_path: Path, settings: Any
) -> None:
    settings.PHONE_REGIONS = [region]
    load(tmp_path, text(address=whose))
    load(tmp_path, text("withdrawn", address=f"{whose[1:]}.0", occurred_at=T2))
    assert standing(whose, "sms") == "unsubscribed" or refused(tmp_path)


@pytest.mark.parametrize("act", ["granted", "withdrawn"])
def test_a_german_mobile_number_without_its_plus_is_that_number(act: str, tmp_path: Path, settings: Any) -> None:
    """How most systems export it; of every other country the leading country code is recognised."""
    settings.PHONE_REGIONS = ["DE"]
    load(tmp_path, text(act, address="4917112345678"))
    assert standing("+494917112345678", "sms") == "none"
    assert standing("+4917112345678", "sms") != "none" or refused(tmp_path)
