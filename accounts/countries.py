"""The countries that numbers may be of, and numbers as people there write them."""

from __future__ import annotations

import unicodedata
from typing import Any

import phonenumbers
from babel import Locale
from django.conf import settings
from django.utils.translation import get_language, get_language_bidi
from phonenumber_field.formfields import PhoneNumberField

from sms_consent import people


class NumberField(PhoneNumberField):
    """A number as people write it."""

    def to_python(self, value: Any) -> Any:
        """Return the number; its plus may have been left out."""
        return super().to_python(people.with_its_plus(value.strip(), self.region) if isinstance(value, str) else value)


def choices() -> list[tuple[str, str]]:
    """Return the countries that are served, by name in the visitor's language, with their calling codes."""
    names = Locale.parse(get_language() or settings.LANGUAGE_CODE, sep="-").territories
    named = [(code, f"{names.get(code, code)} {_calling_code(code)}") for code in settings.PHONE_REGIONS]
    return sorted(named, key=lambda choice: unicodedata.normalize("NFKD", choice[1]))


def _calling_code(country: str) -> str:
    code = f"+{phonenumbers.country_code_for_region(country)}"
    # An option takes no markup; as it is, Arabic around it turns +44 into 44+.
    return f"\u2066{code}\u2069" if get_language_bidi() else code


def chosen(country: object) -> str:
    """Return the country that a number without a calling code is read in: the one that was chosen, or the default."""
    return str(country) if country in settings.PHONE_REGIONS else settings.PHONE_REGIONS[0]


def of_number(phone: str) -> str:
    """Return the country that stands beside a number (E.164, or empty) when it is shown."""
    return chosen(phonenumbers.region_code_for_number(phonenumbers.parse(phone)) if phone else "")


def as_written(text: str, country: str) -> str:
    """Return a number, whole or only begun, in groups as people write it; what has letters in it stays as it is."""
    formatter, written = phonenumbers.AsYouTypeFormatter(country), ""
    for sign in text:
        if sign.isalpha():
            return text
        if sign in "+0123456789":
            written = formatter.input_digit(sign)
    return written or text
