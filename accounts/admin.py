"""People, for staff who help them.

Email and phone are read-only: consent belongs to addresses, so only the services that also withdraw the old
one may change them. allauth's page for email addresses is not there, because it lets staff declare a mailbox
proven, which would fake the proof behind a consent; nor is its page for second factors, which shows their secrets.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from accounts.erase_view import erase
from accounts.models import User
from sms_consent import people
from sms_consent.admin.base import minute, moment, outbox_state
from sms_consent.admin.braze import at_braze
from sms_consent.admin.erasures import says
from sms_consent.admin.printing import may_print, print_sheets, require_print
from sms_consent.admin.searching import AddressSearch
from sms_consent.admin.timeline import ShowsTimeline
from sms_consent.models import BrazeProfile, Erasure

admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)

# Who may be what: only superusers decide, or staff could make themselves one.
RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class PersonAdmin(AddressSearch, ShowsTimeline):
    """Someone known by an email address, a phone number, or both, with what their addresses did."""

    empty_note = "Nobody has signed up yet."
    search_help_text = "An exact phone number, email address or id in Braze."
    other_names = "the id in Braze"
    list_display = ("id_masked", "email_masked", "mailbox_proven", "phone_masked", "phone_proven", "joined")
    list_filter = ("is_staff", "is_active", ("date_joined", admin.DateFieldListFilter))
    ordering = ("-pk",)
    sortable_by = ()
    filter_horizontal = ("groups", "user_permissions")
    readonly_fields = (
        "external_id",
        "email",
        "mailbox_proven",
        "phone",
        "phone_proven_when",
        "former_numbers",
        "joined_when",
        "last_seen",
        "consents",
        "braze",
        "being_erased",
    )
    fieldsets = (
        (None, {"fields": ("external_id", "language", "time_zone", "joined_when", "last_seen")}),
        (
            "Addresses",
            {
                "fields": ("email", "mailbox_proven", "phone", "phone_proven_when", "former_numbers"),
                "description": "Changed by the person only: no consent moves along with a new address.",
            },
        ),
        ("Consent", {"fields": ("consents", "braze", "being_erased")}),
        ("Rights in this admin", {"fields": RIGHTS, "classes": ("collapse",)}),
    )

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which a person is erased, and the one that prints everything about them."""
        erases, prints = self.admin_site.admin_view(erase), self.admin_site.admin_view(self.print_view)
        own = path("<int:pk>/erase/", erases, {"site": self.admin_site}, name="accounts_user_erase")
        return [own, path("<int:pk>/print/", prints, name="accounts_user_print"), *super().get_urls()]

    @method_decorator(require_safe)
    def print_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Print everything about all addresses of a person, in one action (REC-8)."""
        require_print(request)
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        person = get_object_or_404(User, pk=pk)
        known = {people.subject(address): address for address in _theirs(person)}
        return print_sheets(request, known, self.admin_site, "Everything about a person", object_id=person.pk)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Bring along what tells whether the mailbox is proven."""
        return super().get_queryset(request).prefetch_related("emailaddress_set")

    def find(self, rows: QuerySet[Any], address: str, text: str) -> QuerySet[Any]:
        """Find by id in Braze, email or phone."""
        named = Q(external_id=text)
        return rows.filter(named | Q(email=address) | Q(phone=address) if address else named)

    def addresses(self, obj: User) -> list[str]:
        """Theirs, what Braze last took, for it may not have heard of a change yet, and their id there if it is one."""
        profile = getattr(obj, "braze_profile", None)
        return [*_theirs(obj), *(at_braze(profile) if profile else []), people.named_by(obj.external_id)]

    def subjects(self, obj: User) -> list[str]:
        """Whose timeline it is: theirs only. What was theirs at Braze may be somebody else's by now."""
        return [people.subject(address) for address in _theirs(obj)]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Hand the page what Braze last accepted, and whether there is an erasure to offer."""
        context["may_print"] = may_print(request)
        context["is_being_erased"] = Erasure.objects.filter(person=context["original"]).exists()
        profile = BrazeProfile.objects.filter(person=context["original"]).first()
        if profile and request.user.has_perm("sms_consent.view_brazeprofile"):
            says = {"profile_says": outbox_state(profile), "profile_accepted": moment(profile.accepted_at)}
            context |= {"profile": profile} | says
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People sign up. Staff are people with a box ticked below, or made by `manage.py create_admin`."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are erased with their evidence: “Erase…” on their page, or `manage.py erase_person`."""
        return False

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Bring along what each permission is called by, as Django's own page for groups does."""
        if db_field.name == "user_permissions":
            kwargs["queryset"] = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Rights are for superusers to give."""
        is_superuser = getattr(request.user, "is_superuser", False)
        return self.readonly_fields if is_superuser else (*self.readonly_fields, *RIGHTS)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Write what was changed and nothing else: the rest may have changed since it was read."""
        columns = {field.name for field in obj._meta.concrete_fields}
        if changed := columns & set(form.changed_data):
            obj.save(update_fields=sorted(changed))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the roles; say so where they open nothing."""
        super().save_related(request, form, formsets, change)
        person = form.instance
        if not person.is_staff and (person.groups.exists() or person.user_permissions.exists()):
            words = "Without “Staff” nobody can open this admin, whatever their role: tick it, or take the role away."
            messages.warning(request, words)

    @admin.display(description="Id in Braze")
    def id_masked(self, person: User) -> str:
        """Masked where the brand has email addresses for ids (SEC-11)."""
        return people.mask_name(person.external_id)

    @admin.display(description="Email")
    def email_masked(self, person: User) -> str:
        """Enough to recognise an address one already knows (SEC-11)."""
        return people.mask(person.email or "") or "–"

    @admin.display(description="Phone")
    def phone_masked(self, person: User) -> str:
        """Enough to recognise a number one already knows (SEC-11)."""
        return people.mask(person.phone_number) or "–"

    @admin.display(description="Mailbox proven theirs")
    def mailbox_proven(self, person: User) -> str:
        """Whether a button or code from the mailbox was used."""
        return "Yes" if person.has_proven_mailbox else "Not yet"

    @admin.display(description="Phone proven theirs")
    def phone_proven(self, person: User) -> str:
        """Whether the handset answered a request of this person."""
        return "Yes" if person.phone_proven_at else "Not yet"

    @admin.display(description="Phone proven theirs")
    def phone_proven_when(self, person: User) -> SafeString | str:
        """When the handset answered."""
        return moment(person.phone_proven_at) if person.phone_proven_at else "Not yet"

    @admin.display(description="Former numbers")
    def former_numbers(self, person: User) -> str:
        """That they signed up here before; what they agreed to on one they can still leave."""
        return ", ".join(person.former_phones) or "None"

    @admin.display(description="Joined")
    def joined(self, person: User) -> str:
        """For the list."""
        return minute(person.date_joined)

    @admin.display(description="Joined")
    def joined_when(self, person: User) -> SafeString | str:
        """For the page."""
        return moment(person.date_joined)

    @admin.display(description="Last signed in")
    def last_seen(self, person: User) -> SafeString | str:
        """Never, for most: a sign-up does not sign in."""
        return moment(person.last_login) if person.last_login else "Never"

    @admin.display(description="What the addresses agreed to")
    def consents(self, person: User) -> SafeString | str:
        """Link to the ledger, to where each address stands and to what came in from it."""
        records = reverse("admin:sms_consent_consentrecord_changelist")
        standings = reverse("admin:sms_consent_subscription_changelist")
        hashes = ((it, people.subject(it)) for it in _theirs(person))
        texts = reverse("admin:sms_consent_inboundmessage_changelist")
        rows = [(address, records, it, standings, it, texts, it) for address, it in hashes]
        shape = (
            '<div>{}: <a href="{}?q={}">consent records</a>, <a href="{}?q={}">subscriptions</a>,'
            ' <a href="{}?q={}">texts and reports</a></div>'
        )
        return format_html_join("", shape, rows) or "–"

    @admin.display(description="Erasure")
    def being_erased(self, person: User) -> str:
        """Since when, and what it waits for."""
        asked = Erasure.objects.filter(person=person).first()
        return f"Since {minute(asked.asked_at)} UTC. {says(asked)}." if asked else "Not asked for"

    @admin.display(description="What Braze was told")
    def braze(self, person: User) -> SafeString | str:
        """Link to what Braze last accepted."""
        profile = BrazeProfile.objects.filter(person=person).first()
        if profile is None:
            return "Nothing yet"
        url = reverse("admin:sms_consent_brazeprofile_change", args=[profile.pk])
        return format_html('<a href="{}">Braze profile</a>', url)


def _theirs(person: User) -> list[str]:
    """Return their addresses, each once: whoever came back to a former number has it twice."""
    return list(dict.fromkeys(filter(None, [person.email, person.phone_number, *person.former_phones])))
