"""The sign-up, the phone form and the preferences. Validation has no side effects."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import phonenumbers
from allauth.account.forms import RequestLoginCodeForm
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts import countries
from accounts.guard import Guarded, Unseen, put_back
from accounts.models import User
from optin_site import campaigns
from sms_consent import people
from sms_consent.models import Disclosure
from sms_consent.selectors import Offer
from sms_consent.services import Choice

LONGEST_PHONE = 40


@dataclass(frozen=True)
class Box:
    """A program's box as the template needs it: the box, the version that stands beside it, and the words."""

    tick: forms.BoundField
    shown: forms.BoundField
    disclosure: Disclosure


class Tick(forms.CheckboxInput):
    """A box that only a value saying yes ticks: what agrees to nothing in words must not agree in law."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> bool:
        """Return whether the box was ticked."""
        return str(data.get(name, "")).lower() in ("on", "true", "1", "yes")


@cache
def example_number(region: str) -> str:
    """Return a number of this country as it may be typed whichever country is chosen."""
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return ""
    return str(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


class AddressFields(forms.Form):
    """Email and phone as people type them."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=people.LONGEST_EMAIL,
        widget=forms.EmailInput(
            attrs={
                "autocomplete": "email",
                "inputmode": "email",
                "enterkeyhint": "next",
                "data-invalid": _("Enter a valid email address."),  # site.js says it before the form is sent
            }
        ),
    )
    phone_country = forms.ChoiceField(
        label=_("Country of the number"),
        required=False,
        choices=countries.choices,
        widget=forms.Select(attrs={"autocomplete": "tel-country-code"}),
    )
    phone = countries.NumberField(
        label=_("Mobile number"),
        required=False,
        max_length=LONGEST_PHONE,
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "enterkeyhint": "done"}
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(settings.PHONE_REGIONS) == 1:
            self.fields.pop("phone_country", None)
        if "phone" in self.fields:
            self.fields["phone"].region = self.country  # type: ignore[attr-defined]
            self.fields["phone"].error_messages["invalid"] = format_lazy(
                _("Enter a valid mobile number like {example}, or one that starts with + and a country code."),
                example=example_number(self.country),
            )
            if self.is_bound and "phone_country" in self.fields and not self["phone_country"].data:
                # Otherwise a form that comes back would choose the first of the list.
                put_back(self, "phone_country", self.country)
            self.initial.setdefault("phone_country", countries.of_number(str(self.initial.get("phone") or "")))

    @property
    def country(self) -> str:
        """The country whose numbers may be typed without its calling code."""
        return countries.chosen(self.data.get(self.add_prefix("phone_country")))

    def clean_email(self) -> str:
        """Return the address as it is kept and compared: one spelling for one mailbox (DAT-6)."""
        return one_spelling(self.cleaned_data["email"])

    def clean_phone(self) -> str:
        """Return E.164, or an empty string; refuse numbers of countries that are not served (SEC-2)."""
        number = self.cleaned_data.get("phone")
        if not number:
            return ""
        region = phonenumbers.region_code_for_number(number)
        if region not in settings.PHONE_REGIONS:
            raise ValidationError(
                _("We cannot text numbers of that country. Enter one like %(example)s."),
                code="region",
                params={"example": example_number(settings.PHONE_REGIONS[0])},
            )
        return str(number.as_e164)


def one_spelling(email: str) -> str:
    """Return an email address in lower case, with its domain in ASCII as mail servers know it.

    Raises ValidationError where `people.mailbox` knows no such spelling.
    """
    spelled = people.mailbox(email)
    if not spelled:
        raise ValidationError(_("Enter a valid email address."), code="invalid")
    return spelled


class SignInForm(RequestLoginCodeForm):
    """The address to which a sign-in code is sent."""

    def clean_email(self) -> str:
        """Look the person up under the spelling that sign-ups are kept under."""
        self.cleaned_data["email"] = one_spelling(self.cleaned_data["email"])
        return str(super().clean_email())


class ConsentBoxes(forms.Form):
    """One unticked box per offered program, each with the version of the words beside it (CTA-1, CTA-2, CTA-20)."""

    def __init__(self, *args: Any, offers: Sequence[Offer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = list(offers)
        for offer in self.offers:
            self.fields[offer.box] = forms.BooleanField(required=False, label=offer.disclosure.label, widget=Tick)
            self.fields[_shown(offer)] = Unseen(required=False, initial=offer.version, max_length=100)

    def boxes(self) -> list[Box]:
        """Return the boxes in the order of the programs."""
        return [Box(self[offer.box], self[_shown(offer)], offer.disclosure) for offer in self.offers]

    def ticked(self) -> dict[str, bool]:
        """Return which programs' boxes were ticked, by slug."""
        return {offer.program.slug: bool(self.cleaned_data.get(offer.box)) for offer in self.offers}

    def clean(self) -> dict[str, Any]:
        """Refuse a tick under words that are not, or no longer, the ones in force (rule 9)."""
        data = super().clean() or self.cleaned_data
        for offer in self.offers:
            if data.get(offer.box) and data.get(_shown(offer)) != offer.version:
                self.add_error(
                    offer.box,
                    ValidationError(
                        _("These words have changed since you opened the page. Please read them and tick again."),
                        code="stale",
                    ),
                )
                self._show_again(offer)
        return data

    def is_stale(self) -> bool:
        """Whether a box was ticked under other words than those in force."""
        return any(self.has_error(offer.box, code="stale") for offer in self.offers)

    def _show_again(self, offer: Offer) -> None:
        """Bring the form back with the words in force and the box empty."""
        put_back(self, offer.box, None)
        put_back(self, _shown(offer), offer.version)

    def chosen(self, *, email: str, phone: str) -> list[Choice]:
        """Return the ticked boxes with the address that each is about."""
        return [
            Choice(offer.program, offer.disclosure, phone if offer.program.is_sms else email)
            for offer in self.offers
            if self.cleaned_data.get(offer.box)
        ]


def _shown(offer: Offer) -> str:
    return f"disclosure_{offer.program.slug}"


class SignUpForm(Guarded, ConsentBoxes, AddressFields):
    """Email, phone, one box per program; no box is required (CTA-3), nor the phone unless a text box is ticked."""

    time_zone = Unseen(required=False, max_length=64)
    campaign = Unseen(required=False, validators=[campaigns.validate])
    field_order = ("email", "phone_country", "phone")

    def clean_time_zone(self) -> str:
        """Keep a zone that exists."""
        zone = str(self.cleaned_data.get("time_zone") or "")
        return zone if zone in _zones() else ""

    def clean(self) -> dict[str, Any]:
        """Ask for the number that a ticked text box needs (CTA-4)."""
        return require_phone(self, super().clean())


def require_phone(form: ConsentBoxes, data: dict[str, Any]) -> dict[str, Any]:
    """Add an error beside the phone field if a text box is ticked without a number."""
    wants_texts = any(data.get(offer.box) for offer in form.offers if offer.program.is_sms)
    if wants_texts and not data.get("phone") and "phone" not in form.errors:
        message = _("Enter the mobile number that the texts should go to.")
        form.add_error("phone", ValidationError(message, code="required"))
    return data


@cache  # read from disk once
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


class PreferencesForm(ConsentBoxes, AddressFields):
    """The number, and a box for each program that the person has not joined."""

    email = None  # type: ignore[assignment]
    phone_before = Unseen(required=False, max_length=LONGEST_PHONE)
    field_order = ("phone_country", "phone")

    def clean(self) -> dict[str, Any]:
        """Ask for the number that a ticked text box needs (CTA-4), and again where the number is another by now."""
        data = super().clean()
        now, before = self.initial["phone_before"], data.get("phone_before", "")
        if "phone" in data and data["phone"] != now != before:
            self._ask_again(now, is_untouched=data["phone"] == before)
        return require_phone(self, data)

    def _ask_again(self, now: str, *, is_untouched: bool) -> None:
        """Take an old page for no wish to give up what it did not know of: that would be an opt-out nobody made."""
        words = _("Your number was changed while this page was open. Check it, then save once more.")
        self.add_error("phone", ValidationError(words, code="changed"))
        put_back(self, "phone_before", now)
        if is_untouched:
            put_back(self, "phone", now)
            put_back(self, "phone_country", countries.of_number(now))


class NewEmailForm(AddressFields):
    """The address that shall be the person's from now on."""

    phone = None  # type: ignore[assignment]
    phone_country = None  # type: ignore[assignment]

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["email"].label = _("New email address")

    def clean_email(self) -> str:
        """Return the address as it is kept; refuse the one that the person has."""
        email = super().clean_email()
        if email == self.person.email:
            raise ValidationError(_("That is your address already."), code="same")
        return email


class CodeForm(forms.Form):
    """The code from a mail."""

    code = forms.CharField(
        label=_("Code"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "one-time-code"})
    )

    def say_wrong(self) -> None:
        """Say beside the field that it is not the code."""
        if not self.errors:
            self.add_error("code", ValidationError(_("That is not the code from the mail."), code="wrong"))
