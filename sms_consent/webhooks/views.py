"""The doors for machines. Refused without the secret; what is understood twice changes nothing the second time."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.exception import response_for_exception
from django.db import Error as DatabaseTrouble
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from optin_site import bearer
from sms_consent import counts, replies, reports, texts
from sms_consent.exceptions import UnplacedError
from sms_consent.models import InboundMessage
from sms_consent.reports import Report
from sms_consent.texts import Text
from sms_consent.webhooks import campaigns, currents, twilio

logger = logging.getLogger(__name__)
View = Callable[[HttpRequest], HttpResponse]


def machine(view: View) -> View:
    """Take a POST without our own form's token; answer 413 to what is too big and 503 while the database is away."""

    @wraps(view)
    def counted(request: HttpRequest) -> HttpResponse:
        answer = guarded(request)
        if answer.status_code >= 400:
            counts.add(counts.REFUSALS, view.__name__, str(answer.status_code))
            counts.write_sometimes()
        return answer

    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except RequestDataTooBig:
            return HttpResponse("Too big; send less at a time.\n", status=413, content_type="text/plain")
        except DatabaseTrouble:
            logger.exception("A hook could not be written down; it is asked for again")
            return HttpResponse("Try again later.\n", status=503, content_type="text/plain")
        except Exception as error:  # noqa: BLE001 - Django's own answer and log, but in here, where it is counted
            return response_for_exception(request, error)

    return csrf_exempt(require_POST(counted))


def _json(request: HttpRequest) -> Any:
    """Return the body; an empty one is a check of the credentials. Raises ValueError for what is no JSON."""
    try:
        return json.loads(request.body) if request.body.strip() else {}
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


@machine
def braze_currents(request: HttpRequest) -> HttpResponse:
    """Take a Currents batch: 200 when all of it is written down, 500 when some is not, and it all comes again."""
    return _from_braze(request, currents.parse, hook="braze_currents")


@machine
def braze_events(request: HttpRequest) -> HttpResponse:
    """Take what a webhook campaign sends."""
    return _from_braze(request, lambda body: filter(None, [campaigns.parse(body)]), hook="braze_events")


def _from_braze(request: HttpRequest, parse: Callable[[Any], Iterable[Text | Report]], *, hook: str) -> HttpResponse:
    if not bearer.shows(request, settings.BRAZE_WEBHOOK_TOKEN):
        return JsonResponse({"error": "Authorization: Bearer with BRAZE_WEBHOOK_TOKEN is needed."}, status=401)
    try:
        body = _json(request)
    except ValueError:
        return JsonResponse({"error": "The body is not JSON."}, status=400)
    failed = sum(not _take(item, hook) for item in parse(body))
    return JsonResponse({"failed": failed}, status=500 if failed else 200)


def _take(item: Text | Report, hook: str) -> bool:
    """Hand one event on. One that cannot be written down must not take its neighbours with it."""
    try:
        _hand_on(item)
    except DatabaseTrouble:
        raise
    except UnplacedError:
        kind = item.kind if isinstance(item, Report) else InboundMessage.Kind.TEXT.value
        logger.warning("A text or an opt-out is passed over: nothing says whose it is (%s, %s)", hook, kind)
        counts.add(counts.REFUSALS, hook, "unplaced")
        counts.write_sometimes()
    except Exception:
        logger.exception("An event of Braze's could not be taken in")
        return False
    return True


def _hand_on(item: Text | Report) -> None:
    if isinstance(item, Report):
        reports.receive(item)
    else:
        texts.receive(item if item.phone else reports.placed(item))


@machine
def twilio_sms(request: HttpRequest) -> HttpResponse:
    """Take an inbound text, and answer it where a setting says that we are the one who does (REV-13)."""
    fields = {name: request.POST.getlist(name) for name in request.POST}
    token = settings.TWILIO_AUTH_TOKEN
    expected = twilio.signature(token, request.build_absolute_uri(), fields)
    if not token or not constant_time_compare(request.headers.get("X-Twilio-Signature", ""), expected):
        return HttpResponse("The signature is wrong.\n", status=403, content_type="text/plain")
    text = twilio.parse(request.POST.dict())
    if text is None:
        return HttpResponse("From and MessageSid are needed.\n", status=400, content_type="text/plain")
    message = texts.receive(text)
    # Where Twilio says OptOutType it has answered already.
    words = "" if request.POST.get("OptOutType") else replies.to(message)
    return HttpResponse(twilio.answer(words), content_type="text/xml")
