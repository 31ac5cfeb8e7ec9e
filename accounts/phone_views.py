"""The phone form, on a page of its own and in a frame on somebody else's (design.md §7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import urlencode, urlsplit

from csp.decorators import csp_replace
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import doors, limits
from accounts.phone_forms import NumberForm, PhoneForm
from optin_site import languages
from sms_consent.selectors import Offer

View = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True)
class Place:
    """Where the form stands: what is around it, and the name of the page that comes after it."""

    layout: str
    then: str


PAGE = Place("base.html", "phone_sent")
FRAME = Place("embed.html", "embedded_phone_sent")


def framed(view: View) -> View:
    """Let the sites in EMBED_ORIGINS, and no others, show a page in a frame; where none is listed there is none.

    Browsers keep our cookies out of a frame on another site, so nothing here needs one. What the CSRF cookie does
    elsewhere, the browser's own Origin does here: our frame is the only page that may send this form.
    """

    @csrf_exempt
    @xframe_options_exempt
    @wraps(view)
    def shown(request: HttpRequest) -> HttpResponse:
        if not settings.EMBED_ORIGINS:
            raise Http404
        decorated: View = csp_replace({"frame-ancestors": settings.EMBED_ORIGINS})(view)  # type: ignore[assignment]
        return decorated(request)

    return shown


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """Show the phone form; take it, and send everyone to the same page (rule 10)."""
    return _form(request, PAGE)


@framed
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def embedded_phone(request: HttpRequest) -> HttpResponse:
    """The same in a frame."""
    if request.method == "POST" and _is_sent_by_another_site(request):
        return render(request, "accounts/phone_refused.html", {"layout": FRAME.layout}, status=403)
    return _form(request, FRAME)


@never_cache
@require_safe
def phone_sent(request: HttpRequest) -> HttpResponse:
    """Say what happens next, the same to everyone."""
    return _sent(request, PAGE)


@framed
@never_cache
@require_safe
def embedded_phone_sent(request: HttpRequest) -> HttpResponse:
    """The same in a frame."""
    return _sent(request, FRAME)


@csrf_exempt  # it changes nothing, and in a frame there is no cookie
@sensitive_post_parameters()
@never_cache
@require_POST  # not because it changes anything: numbers stay out of addresses, which are logged (rule 15)
def phone_check(request: HttpRequest) -> JsonResponse:
    """Tell site.js how a number is written, and what is wrong with it; the same for everyone's."""
    if not limits.may_check(request):
        return JsonResponse({}, status=429)
    return JsonResponse(NumberForm(request.POST).answer())


def _is_sent_by_another_site(request: HttpRequest) -> bool:
    ours = (f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS)
    return request.headers.get("Origin", ours[0]) not in ours


def _form(request: HttpRequest, place: Place) -> HttpResponse:
    offer = _offer(request)
    if offer is None:
        return redirect("home")
    if request.method == "POST":
        return _taken(request, place, offer)
    came_from = _origin(request.headers.get("Referer", "")) if place is FRAME else ""
    return _page(request, place, PhoneForm(offer=offer, came_from=came_from))


def _offer(request: HttpRequest) -> Offer | None:
    """Return what the form is about: the program that is named or, if none is, the first. Raises Http404.

    A form that was open when its program was switched off comes back about the first, with other words.
    """
    slug = _program(request)
    offer = doors.phone_offer(slug)
    if offer and slug and offer.program.slug != slug and request.method != "POST":
        raise Http404
    return offer


def _program(request: HttpRequest) -> str:
    return request.POST.get("program") or request.GET.get("program", "")


def _taken(request: HttpRequest, place: Place, offer: Offer) -> HttpResponse:
    if limits.is_too_often(request, "optin_phone"):
        return limits.too_many(request, place.layout)
    form = doors.phone_form(request.POST, _program(request), offer)
    if not form.is_valid():
        return _page(request, place, form)
    doors.ask(request, form, referrer=form.came_from if place is FRAME else None)
    kept = {name: value for name, value in request.GET.items() if name in ("scheme", languages.PARAMETER)}
    return redirect(f"{reverse(place.then)}?{urlencode({'program': form.offer.program.slug, **kept})}")


def _origin(url: str) -> str:
    """Return the site that an address is on: which page of it showed the form is none of our business."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"[:200] if parts.netloc else ""


def _page(request: HttpRequest, place: Place, form: PhoneForm) -> HttpResponse:
    return render(request, "accounts/phone.html", {"layout": place.layout, "form": form})


def _sent(request: HttpRequest, place: Place) -> HttpResponse:
    offer = _offer(request)
    sender = offer.program.sender if offer else settings.SMS_NUMBER
    return render(request, "accounts/phone_sent.html", {"layout": place.layout, "sender": sender})
