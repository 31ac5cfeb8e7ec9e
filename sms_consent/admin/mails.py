"""The mail queue: to whom, when, and what came of it. Never what a mail says, not even to a superuser.

Bodies hold sign-in codes and confirmation links, with which whoever reads them could sign in as somebody or
agree in their name. So django-post-office's own pages, which show bodies and send from a request, are gone.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from post_office.models import STATUS, Attachment, Email, EmailTemplate, Log

from sms_consent import people
from sms_consent.admin.base import ReadOnlyAdmin, minute, moment
from sms_consent.admin.searching import AddressSearch

admin.site.unregister([Attachment, Email, EmailTemplate, Log])


@admin.action(description="Queue again", permissions=["queue_again"])
def queue_again(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Email]) -> None:
    """Have failed mails tried again by `manage.py send_mail`; what was sent stays sent.

    Requeued, and not queued, is what has been tried before.
    """
    queued = queryset.filter(status=STATUS.failed).update(status=STATUS.requeued, number_of_retries=None)
    modeladmin.message_user(request, f"Failed mails that will be tried again: {queued}.", messages.SUCCESS)


@admin.register(Email)
class MailAdmin(AddressSearch, ReadOnlyAdmin):
    """One mail a page, without its body."""

    empty_note = "No mail waits, and none has failed. What was sent is deleted."
    search_help_text = "An exact email address."
    list_display = ("queued", "to_masked", "subject", "state", "tries")
    list_filter = ("status", ("created", admin.DateFieldListFilter))
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("queued_at", "recipients", "from_email", "subject", "state", "tries", "failures")
    actions = (queue_again,)

    def has_queue_again_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may have mails tried again."""
        return request.user.has_perm("post_office.change_email")

    def find(self, rows: QuerySet[Any], address: str, text: str) -> QuerySet[Any]:
        """Find by recipient: each of our mails has one."""
        return rows.filter(to=address) if "@" in address else rows.none()

    def addresses(self, mail: Email) -> list[str]:
        """To whom it goes."""
        return [str(address) for address in mail.to]

    def action_checkbox(self, obj: Any) -> SafeString:
        """Name the row by its number: a mail calls itself by its recipient, which lists do not show."""
        attrs = {"class": "action-select", "aria-label": f"Select mail {obj.pk}"}
        return forms.CheckboxInput(attrs, lambda value: False).render(ACTION_CHECKBOX_NAME, str(obj.pk))

    @admin.display(description="Queued (UTC)")
    def queued(self, mail: Email) -> str:
        """For the list."""
        return minute(mail.created)

    @admin.display(description="Queued")
    def queued_at(self, mail: Email) -> SafeString | str:
        """For the page."""
        return moment(mail.created)

    @admin.display(description="To")
    def to_masked(self, mail: Email) -> str:
        """Enough to recognise an address one already knows (SEC-11)."""
        return ", ".join(people.mask(address) for address in mail.to)

    @admin.display(description="To")
    def recipients(self, mail: Email) -> str:
        """In full: opening this page is recorded."""
        return ", ".join(mail.to)

    @admin.display(description="Status")
    def state(self, mail: Email) -> str:
        """What came of it."""
        return str(mail.get_status_display()) if mail.status is not None else "Queued"

    @admin.display(description="Tries that failed")
    def tries(self, mail: Email) -> int:
        """How often the mail server did not take it."""
        return int(mail.number_of_retries or 0)

    @admin.display(description="What the mail server said")
    def failures(self, mail: Email) -> SafeString | str:
        """The newest failures."""
        logs = mail.logs.order_by("-pk")[:5]
        rows = ((minute(log.date), log.exception_type, log.message) for log in logs)
        return format_html_join("", "<div>{} UTC: {} {}</div>", rows) or "–"
