"""Visitors as they act: through the site's pages, their mailbox and their phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from sms_consent import disclosures, selectors
from sms_consent.models import ConsentRecord, Program, Subscription
from sms_consent.people import subject
from sms_consent.sandbox import Sandbox

ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"
ALICES_PHONE, BOBS_PHONE, CAROLS_PHONE = "+12025550101", "+12025550102", "+12025550103"


def hidden_fields(html: str) -> dict[str, str]:
    """Return the hidden inputs of a page, as a browser would send them back."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", html):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden" and "name" in attributes:
            found[attributes["name"]] = attributes.get("value", "")
    return found


def send_sign_up(client: Client, email: str, phone: str = "", *boxes: str, **changes: str) -> Any:
    """Open the sign-up, fill it in and send it; `boxes` are the slugs that are ticked. Mails stay in the queue."""
    page = client.get(reverse("account_signup"))
    data = hidden_fields(page.content.decode()) | {"email": email, "phone": phone}
    data |= {f"program_{slug}": "on" for slug in boxes} | changes
    return client.post(reverse("account_signup"), data)


def send_phone_form(client: Client, phone: str, page: str = "/phone/", **changes: str) -> Any:
    """Open the phone form, fill it in and press its button."""
    data = hidden_fields(client.get(page).content.decode()) | {"phone": phone} | changes
    return client.post(page, data)


class Visitor:
    """Somebody with a browser."""

    def __init__(self, client: Client, sandbox: Sandbox) -> None:
        self.client = client
        self.sandbox = sandbox

    def sign_up(self, email: str, phone: str = "", *boxes: str, **changes: str) -> Any:
        """Fill in the sign-up as it is shown and send it; `boxes` are the slugs that are ticked."""
        page = self.client.get(reverse("account_signup"))
        data = hidden_fields(page.content.decode())
        data |= {"email": email, "phone": phone} | {f"program_{slug}": "on" for slug in boxes} | changes
        answer = self.client.post(reverse("account_signup"), data)
        call_command("send_mail", "--once")
        return answer

    def ask_for_texts(self, phone: str) -> Any:
        """Fill in the phone form."""
        return send_phone_form(self.client, phone)

    def preferences(self, phone: str, *boxes: str) -> Any:
        """Save the preference page with this number and these boxes ticked."""
        page = self.client.get(reverse("preferences"))
        data = hidden_fields(page.content.decode()) | {"phone": phone} | {f"program_{slug}": "on" for slug in boxes}
        return self.client.post(reverse("preferences"), data)

    def links(self, email: str) -> list[str]:
        """Return the confirmation links in this mailbox, oldest first."""
        mails = [mail for mail in self.sandbox.world.mails if email in mail.to]
        paths = (re.search(r"/confirm/[\w-]+/", mail.text) for mail in sorted(mails, key=lambda mail: mail.number))
        return [match[0] for match in paths if match]

    def unsubscribe_link(self, address: str) -> str:
        """Return the path of the link that Braze has for whoever holds this address, for its messages to them."""
        (profile,) = [one for one in self.sandbox.world.profiles if address in (one.email, one.phone)]
        name = "unsubscribe_url" if "@" in address else "text_unsubscribe_url"
        return urlsplit(profile.attributes[name]).path

    def press(self, link: str, answer: str = "confirm") -> Any:
        """Open a link and press its button."""
        self.client.get(link)
        return self.client.post(link, {"answer": answer}, follow=True)

    def sign_in(self, email: str) -> None:
        """Sign in with the code from the mailbox."""
        self.client.post(reverse("account_login"), {"email": email})
        self.client.post(reverse("account_confirm_login_code"), {"code": self.code(email)})

    def code(self, email: str) -> str:
        """Return the code from the newest mail in this mailbox that has one."""
        call_command("send_mail", "--once")
        mails = sorted((mail for mail in self.sandbox.world.mails if email in mail.to), key=lambda mail: mail.number)
        codes = [re.search(r"^\s*([A-Z0-9]{4}-?[A-Z0-9]{4})\s*$", mail.text, re.MULTILINE) for mail in mails]
        *_, newest = filter(None, codes)
        return newest[1]


Visit = Callable[[], Visitor]  # what the fixtures `visit` and `deliver` are
Deliver = Callable[[], int]


def standing(address: str, slug: str) -> str:
    """Return where an address stands on a program, as the site sees it."""
    found = Subscription.objects.filter(subject=subject(address), program__slug=slug).first()
    return found.state if found else "none"


def acts(address: str, slug: str) -> list[str]:
    """Return what the ledger holds of an address and a program, oldest first."""
    program = Program.objects.get(slug=slug)
    records = ConsentRecord.objects.filter(subject=subject(address), program=program)
    return list(records.order_by("occurred_at", "id").values_list("act", flat=True))


def second_email_program(sandbox: Sandbox) -> Program:
    """Return another email program, offered on the sign-up and known to Braze."""
    group = "e4a10000-0000-4000-8000-000000000003"
    sandbox.world.set_group(group, "email")
    program = Program.objects.create(
        slug="tips",
        name="Tips",
        channel="email",
        brand=settings.BRAND_NAME,
        purpose="tips",
        frequency="Once a month",
        subscription_group_id=group,
        confirm_sign_ups=True,
        position=3,
    )
    draft = disclosures.draft(program, language="en", text=disclosures.EMAIL_DRAFT, label="Tips", button="Sign up")
    disclosures.publish(draft)
    selectors.forget_offers()
    return program
