"""What can be done about people. The outermost transactions of the site are opened here."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.utils import timezone

from accounts import mails
from accounts.models import LINK_LIFE, Confirmation, User
from optin_site import bulk, mailing, reading, together
from optin_site.mailing import Mail
from sms_consent import outbox, people
from sms_consent import services as consent
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Disclosure
from sms_consent.services import Choice


@dataclass(frozen=True)
class SignUp:
    """A valid sign-up form: lower-case email, E.164 phone or an empty string, and the ticked boxes."""

    email: str
    phone: str
    choices: Sequence[Choice]
    circumstances: Circumstances
    language: str = "en"
    time_zone: str = ""
    source: Source = Source.SIGN_UP


MakeLink = Callable[[str], str]


def sign_up(form: SignUp, *, make_link: MakeLink, base_url: str, send_mail: bool = True) -> Confirmation:
    """Take a sign-up; return the confirmation whose link was mailed.

    Its mail is written before the transaction begins: on SQLite others wait for that to end.
    """
    shown = [choice.disclosure for choice in form.choices if not choice.program.is_sms]
    token, mail = new_link(form.email, disclosures=shown, make_link=make_link, base_url=base_url)
    return _sign_up(form, token, mail if send_mail else None)


@transaction.atomic(durable=True)
def _sign_up(form: SignUp, token: str, mail: Mail | None) -> Confirmation:
    """Write the same rows for a new, a known and a stopped address (rule 10), in at most twelve statements.

    One person is saved (a new one, a phone-only one, or the known one unchanged), their records, and one mail.
    """
    people.lock([form.email, form.phone])
    with together.travelling():
        return _written(form, token, mail)


def _written(form: SignUp, token: str, mail: Mail | None) -> Confirmation:
    person = _person_of(form)
    same = {"user": person.pk, "primary": True}
    bulk.add(EmailAddress, {"email": [form.email]}, same=same, is_ignoring=True)
    circumstances = replace(form.circumstances, person=person.external_id)
    requests = consent.record_choices(form.choices, source=form.source, circumstances=circumstances)
    confirmation = Confirmation(
        person=person, email=form.email, phone=form.phone or None, requests=requests, language=form.language
    )
    save_link(confirmation, token, mail)
    outbox.wake()
    return confirmation


def _person_of(form: SignUp) -> User:
    """Return the person with this email, made if there is none; exactly one person is written."""
    by_email_first = "ORDER BY CASE WHEN email = %s THEN 0 ELSE 1 END, id LIMIT 2"
    emails = [form.email, form.phone, form.email]
    found = reading.rows(User, f"WHERE email = %s OR phone = %s {by_email_first}", emails)
    known = next((person for person in found if person.email == form.email), None)
    if known is None:
        return _save(User(email=form.email, phone=form.phone or None), form)
    if form.phone and not any(person.phone_number == form.phone for person in found):
        _save(User(phone=form.phone), form)
    else:
        _write_again(known)
    return known


def _write_again(known: User) -> None:
    """Change nothing about a person, with the very statements that make somebody (rule 10)."""
    people.write_again(known)
    outbox.mark(known)


def _save(person: User, form: SignUp) -> User:
    person.language, person.time_zone = form.language, form.time_zone
    person.password = UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe()  # as Django's, which asks for each letter
    people.add(person)
    return person


def new_link(email: str, *, disclosures: Sequence[Disclosure], make_link: MakeLink, base_url: str) -> tuple[str, Mail]:
    """Return a new token, and the mail with its link. `make_link` turns the token into a URL."""
    token = secrets.token_urlsafe(24)
    return token, mails.confirmation(email=email, link=make_link(token), base_url=base_url, disclosures=disclosures)


def save_link(confirmation: Confirmation, token: str, mail: Mail | None) -> None:
    """Save a confirmation under a new token and queue the mail that has its link, if one is to be sent."""
    confirmation.token_hash = hash_token(token)
    confirmation.expires_at = timezone.now() + LINK_LIFE
    bulk.insert([confirmation])
    if mail:
        mailing.queue(mail)


@transaction.atomic(durable=True)
def change_address(person: User, email: str, *, circumstances: Circumstances) -> bool:
    """Give a person a new, proven email address; return False, with nothing changed, if it is somebody's already.

    The new one starts at no consent and the old one is withdrawn: nobody else can hold it (DAT-11).
    """
    people.lock([person.email or "", email])
    person.refresh_from_db()
    if person.email == email:
        return True
    if User.objects.filter(email=email).exists() or EmailAddress.objects.filter(email=email, verified=True).exists():
        return False
    if person.email:
        # First, while the address is still theirs: so Braze's answers about it are forgotten with it.
        consent.withdraw(person.email, source=Source.PREFERENCE_PAGE, circumstances=circumstances)
        if EmailAddress.objects.filter(user=person, email=person.email, verified=True).exists():  # else a stranger's
            mailing.queue(mails.changed_address(email=person.email))
    EmailAddress.objects.filter(user=person).delete()
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    if person.email:
        outbox.note_moved(person, "email", person.email)
    person.email = email
    person.save()
    outbox.wake()
    return True


def hash_token(token: str) -> str:
    """Return what is kept of a link's token: a database that leaks confirms nobody."""
    return hashlib.sha256(token.encode()).hexdigest()
