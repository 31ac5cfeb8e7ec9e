"""/patterns/, while DEBUG is on: every component in every state, to look at while templates or a theme change.

What is shown is made up here, with the site's own forms and models. Only a word to text comes from the database,
because its QR code is drawn from there.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.forms import CodeForm, SignUpForm
from accounts.overview import ASKED, LEFT, STOPPED, Event, Place, Receipt, Row
from sms_consent import disclosures, selectors
from sms_consent.choices import Channel, State
from sms_consent.models import Disclosure, Keyword, Program
from sms_consent.selectors import Offer

PLACES = (State.NONE, State.PENDING, State.SUBSCRIBED, State.UNSUBSCRIBED, STOPPED, ASKED, LEFT)
MESSAGES = (messages.INFO, messages.SUCCESS, messages.WARNING, messages.ERROR)


@require_safe
def patterns(request: HttpRequest) -> HttpResponse:
    """Show the page to developers; in production there is none."""
    if not settings.DEBUG:
        raise Http404
    texts, emails = _offer("sms", Channel.SMS, disclosures.SMS_DRAFT), _offer("email", Channel.EMAIL, "")
    return render(request, "patterns.html", _forms([texts, emails]) | _rest(texts.program, texts.disclosure))


def _offer(slug: str, channel: str, draft: str) -> Offer:
    program = Program(
        slug=slug,
        name="Text messages" if slug == "sms" else "Emails",
        channel=channel,
        brand=settings.BRAND_NAME,
        purpose="offers and news",
        frequency="Message frequency varies",
        sender=settings.SMS_NUMBER or "+12025550100",
    )
    words = disclosures.render(draft or disclosures.EMAIL_DRAFT, program)
    return Offer(program, Disclosure(pk=0, program=program, label=f"{program.name} with offers and news", words=words))


def _forms(offers: list[Offer]) -> dict[str, Any]:
    filled = {"email": "alice@example.com", "phone": "+1 202 555 0101", "program_sms": True}
    wrong = {"wrong-email": "alice", "wrong-phone": "12", "wrong-phone_country": "ZZ", "wrong-program_email": "on"}
    return {
        "blank": SignUpForm(offers=offers, prefix="blank"),
        "filled": SignUpForm(initial=filled, offers=offers, prefix="filled"),
        "wrong": SignUpForm(wrong, offers=offers, prefix="wrong"),
        "code": CodeForm(prefix="code"),
    }


def _rest(program: Program, words: Disclosure) -> dict[str, Any]:
    now, number = timezone.now(), "+1 202 555 0101"
    places = [Place(program, number, state, now) for state in PLACES]
    return {
        "said": [Message(level, "What was done, or was not.") for level in MESSAGES],
        "overview": {"rows": [Row(program, [place]) for place in places]},
        "events": [Event(now, program, number, "Signed up on this site")],
        "receipts": [Receipt(number, "/")],
        "keyword": next(iter(selectors.advertised()), _keyword(program, words)),
        "base_url": settings.SITE_URL,
        "subscriptions": [{"program": program, "state": state} for state in ("none", "pending", "subscribed")],
    }


def _keyword(program: Program, words: Disclosure) -> Keyword:
    return Keyword(
        pk=0, word="start", number=program.sender, disclosure=words, incentive="10 % off", asks_confirmation=True
    )
