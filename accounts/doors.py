"""The doors as pages and apps share them: reading what was sent, asking the limits, calling the service."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from accounts import limits, links, preferences, services
from accounts.circumstances import of_request
from accounts.forms import PreferencesForm, SignUpForm
from accounts.models import User
from accounts.overview import Overview
from accounts.phone_forms import PhoneForm
from accounts.services import SignUp
from sms_consent import selectors
from sms_consent import services as consent
from sms_consent.choices import Door, Source
from sms_consent.selectors import Offer

MAIL_AGAIN_SECONDS = 3600  # for so long after a sign-up its mail can be sent again from where it was made


def sign_up_form(data: Mapping[str, Any]) -> SignUpForm:
    """Return the sign-up as it was sent, against the words in force."""
    form = SignUpForm(data, offers=selectors.offers_here())
    if form.is_stale():
        # The words that this process keeps may be the older ones: another has published since.
        selectors.forget_offers()
        form = SignUpForm(data, offers=selectors.offers_here())
    return form


def sign_up(request: HttpRequest, form: SignUpForm, *, source: Source = Source.SIGN_UP) -> str:
    """Take a valid sign-up; return the handle by which `mail_again` finds it, for who sent it to keep.

    A program sees what everyone sees (SEC-4, SEC-5): nothing is written, and its handle is nobody's.
    """
    if form.is_from_a_bot():
        return services.hash_token(secrets.token_urlsafe())
    email, phone = form.cleaned_data["email"], form.cleaned_data["phone"]
    confirmation = services.sign_up(
        SignUp(
            email=email,
            phone=phone,
            choices=limits.within(request, form.chosen(email=email, phone=phone)),
            circumstances=of_request(request, boxes=form.ticked(), campaign=form.cleaned_data["campaign"]),
            language=language(),
            time_zone=form.cleaned_data["time_zone"],
            source=source,
        ),
        make_link=lambda token: _link(request, token),
        base_url=_base_url(request),
        send_mail=limits.may_mail(request, email),
    )
    # No id: visitors would learn how many sign up, and programs that they were caught.
    return confirmation.token_hash


def mail_again(request: HttpRequest, handle: str) -> None:
    """Mail the link of a sign-up once more, if it still does something."""
    first = links.open_one(handle)
    if first and limits.may_mail(request, first.email):
        links.send_again(first, make_link=lambda token: _link(request, token), base_url=_base_url(request))


def phone_offer(slug: str) -> Offer | None:
    """Return what the phone form is about: the program that is named or, if none is, the first."""
    offers = phone_offers()
    return next((offer for offer in offers if offer.program.slug == slug), None) or next(iter(offers), None)


def phone_offers() -> list[Offer]:
    """Return the programs of the phone form, in the language of this request."""
    return selectors.offers(language(), Door.PHONE_FORM)


def phone_form(data: Mapping[str, Any], slug: str, offer: Offer) -> PhoneForm:
    """Return the phone form as it was sent, against the words in force."""
    form = PhoneForm(data, offer=offer)
    if form.is_stale():
        selectors.forget_offers()
        form = PhoneForm(data, offer=phone_offer(slug) or offer)
    return form


def ask(
    request: HttpRequest, form: PhoneForm, *, source: Source = Source.PHONE_FORM, referrer: str | None = None
) -> None:
    """Have the phone asked, unless a program filled in the form; the limits may withhold it unseen."""
    if form.is_from_a_bot():
        return
    circumstances = of_request(request)
    if referrer is not None:
        circumstances = replace(circumstances, referrer=referrer)
    for choice in limits.within(request, [form.chosen()], asks=True):
        consent.request(choice, circumstances=circumstances, language=language(), source=source)


def preferences_form(person: User, seen: Overview, data: Mapping[str, Any] | None = None) -> PreferencesForm:
    """Return the form for what a person could join, and for their number.

    A box for texts that was sent was shown, or its words are asked for: it counts, whatever has been joined since, for
    the number may be another.
    """
    sent = {it.program.pk for it in selectors.offers_here() if it.program.is_sms and it.box in (data or {})}
    initial = {"phone": person.phone, "phone_before": person.phone_number}
    return PreferencesForm(data, offers=joinable(seen, sent), initial=initial)


def joinable(seen: Overview, sent: Set[int] = frozenset()) -> list[Offer]:
    """Return what the person could still join, and the programs whose box was `sent`."""
    return [offer for offer in selectors.offers_here() if offer.program.pk not in seen.joined - sent]


def save_preferences(
    request: HttpRequest, person: User, form: PreferencesForm, *, source: Source = Source.PREFERENCE_PAGE
) -> bool:
    """Save a valid form; return False, with nothing changed, where a limit forbids it."""
    phone = form.cleaned_data["phone"]
    choices = form.chosen(email=person.email or "", phone=phone)
    # Giving up a number is an opt-out, and none is ever refused.
    if (phone or choices) and limits.is_too_often(request, "optin_preferences"):
        return False
    if limits.within(request, choices) != choices:
        return False
    circumstances = of_request(request, boxes=form.ticked())
    preferences.save(person, phone=phone, choices=choices, circumstances=circumstances, source=source)
    return True


def language() -> str:
    """Return the language of this request."""
    return get_language() or settings.LANGUAGE_CODE


def _link(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("confirm", args=[token]))


def _base_url(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
