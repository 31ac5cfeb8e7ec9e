"""Writing down an opt-out for somebody who phoned or wrote. There is no such page for a consent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from sms_consent import access, people, services
from sms_consent.choices import Channel, Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, InboundMessage, Program
from sms_consent.people import address_of

PERMISSION = "sms_consent.change_subscription"
LONGEST_NOTE = 1000

if TYPE_CHECKING:
    ManyPrograms = forms.ModelMultipleChoiceField[Program]
else:
    ManyPrograms = forms.ModelMultipleChoiceField

logger = logging.getLogger(__name__)


class ProgramsField(ManyPrograms):
    """Programs by name and channel."""

    def label_from_instance(self, obj: Any) -> str:
        """Tell programs of the same name apart."""
        return f"{obj.name} ({obj.get_channel_display()}, {obj.brand})"


class OptOutForm(forms.Form):
    """An address that need not be known, some programs or all of its channel, and why."""

    address = forms.CharField(
        label="Phone number or email address",
        max_length=254,
        help_text="However it is written. It need not be known here.",
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )
    programs = ProgramsField(
        label="Opt out of",
        required=False,
        queryset=Program.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick none for everything: all text messages of a number, all emails of an address.",
    )
    note = forms.CharField(
        label="What happened",
        max_length=LONGEST_NOTE,
        help_text="How and when the person asked, for example “phoned on 3 May”. Kept as evidence.",
        widget=forms.Textarea(attrs={"class": "vLargeTextField", "rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["programs"].queryset = Program.objects.all()  # type: ignore[attr-defined]

    def clean_address(self) -> str:
        """Return it as it is stored. Any country: an opt-out is never refused for where it comes from."""
        address = address_of(self.cleaned_data["address"])
        if not address:
            raise ValidationError("Enter a phone number, with its country code if abroad, or an email address.")
        return address

    def clean(self) -> dict[str, Any]:
        """Refuse programs that cannot reach such an address."""
        data = super().clean() or self.cleaned_data
        if data.get("address") and data.get("programs"):
            channel = Channel.EMAIL if "@" in data["address"] else Channel.SMS
            strange = [program.name for program in data["programs"] if program.channel != channel]
            if strange:
                kind = "an email address" if channel == Channel.EMAIL else "a phone number"
                self.add_error("programs", f"{', '.join(strange)}: not for {kind}.")
        return data


@require_http_methods(["GET", "POST"])
def record_opt_out(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the page, or write the opt-out down; whoever may change subscriptions may."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = OptOutForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _withdraw(request, form)
    context = {**site.each_context(request), "form": form, "title": "Record an opt-out"}
    return render(request, "admin/sms_consent/record_opt_out.html", context)


def _withdraw(request: HttpRequest, form: OptOutForm) -> HttpResponse:
    address = form.cleaned_data["address"]
    agent, known = access.agent(request), _is_known(address)
    records = services.withdraw(
        address,
        programs=list(form.cleaned_data["programs"]) or None,
        source=Source.ADMIN,
        circumstances=Circumstances(
            ip=get_adapter().get_client_ip(request), agent=agent, note=form.cleaned_data["note"]
        ),
    )
    logger.info("Staff %s recorded %d opt-outs.", request.user, len(records))
    names = ", ".join(record.program.name for record in records)
    if records:
        messages.success(request, f"Opted {people.mask(address)} out of {names}. Braze is told next.")
        if not known:
            messages.warning(request, f"Nobody here is known by {address}. Check it: it may be a slip.")
    else:
        messages.warning(request, "Nothing was written down: no program reaches such an address.")
    if not request.user.has_perm("sms_consent.view_consentrecord"):
        return redirect("admin:sms_consent_record_opt_out")
    return redirect(f"{reverse('admin:sms_consent_consentrecord_changelist')}?q={people.subject(address)}")


def _is_known(address: str) -> bool:
    """Whether somebody has the address, or did anything with it; that staff typed it before does not make it known."""
    subject = people.subject(address)
    did = ConsentRecord.objects.filter(subject=subject).exclude(source=Source.ADMIN)
    wrote = InboundMessage.objects.filter(subject=subject)
    return did.exists() or wrote.exists() or bool(people.held([address]))
