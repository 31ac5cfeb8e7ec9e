"""Every page that somebody may see, by who they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from accounts.models import User
from sms_consent import receipts, unsubscribe_links
from sms_consent.models import ConsentRecord, Program
from tests.people import ALICE, ALICES_PHONE, Visitor

SIMPLE = ("/", "/welcome/", "/phone/", "/phone/sent/", "/text/", "/text/start/", "/terms/", "/privacy/")
LESS_SIMPLE = ("/accounts/login/", "/nothing-here/", "/confirm/unknown/", "/unsubscribe/unknown/", "/patterns/")
FRAMED = ("/embed/phone/", "/embed/phone/sent/")
DESK = (
    "/admin/",
    "/admin/desk/",
    *(f"/admin/sms_consent/{name}/" for name in ("consentrecord", "program", "disclosure", "keyword", "subscription")),
    "/admin/sms_consent/inboundmessage/",
    "/admin/accounts/user/",
    "/accounts/second-factor/",
)


def sign_alice_up(visitor: Visitor) -> None:
    """Sign Alice up with everything, confirmed, and in."""
    visitor.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    visitor.press(visitor.links(ALICE)[-1])
    visitor.sign_in(ALICE)


def of_everyone(visitor: Visitor) -> list[str]:
    """Return the pages that need no sign-in; some hold what only their link's owner may see."""
    (link,) = visitor.links(ALICE)
    leaving = urlsplit(unsubscribe_links.of_person(User.objects.get(email=ALICE).external_id)).path
    return [*SIMPLE, *LESS_SIMPLE, *FRAMED, link, leaving, receipts.path_of(ALICE)]


def of_alice(visitor: Visitor) -> list[str]:
    """Return the pages of somebody who is signed in."""
    return ["/preferences/", "/preferences/email/", "/accounts/logout/"]


def of_staff(visitor: Visitor) -> list[str]:
    """Return the admin's lists, and a page of each kind."""
    record, program = ConsentRecord.objects.earliest("pk"), Program.objects.earliest("pk")
    shown = (f"sms_consent/consentrecord/{record.pk}", f"sms_consent/program/{program.pk}")
    person = f"accounts/user/{User.objects.get(email=ALICE).pk}"
    return [*DESK, *(f"/admin/{page}/change/" for page in (*shown, person))]


def cookie_of(client: Client, url: str) -> dict[str, Any]:
    """Return what makes a browser the one that signed in."""
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}


Places = Callable[[Visitor], list[str]]
