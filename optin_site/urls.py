"""Every address of the site. Apps by name only, so that the site imports none of them."""

from typing import NoReturn

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import include, path

admin.site.site_header = "Consent desk"
admin.site.site_title = "Consent desk"
admin.site.index_title = "What people agreed to"
# Staff sign in like everyone, by a code in their mailbox, with allauth's limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def nothing_here(request: HttpRequest) -> NoReturn:
    """Answer 404: nobody has a password to change, and lists for drop-downs would name people unrecorded (SEC-11)."""
    raise Http404


urlpatterns = [
    path("admin/password_change/", nothing_here),
    path("admin/password_change/done/", nothing_here),
    path("admin/autocomplete/", nothing_here),
    path("admin/desk/", include("sms_consent.admin.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("accounts.api.urls")),
    path("hooks/", include("sms_consent.webhooks.urls")),
    path("", include("accounts.urls")),
    path("", include("sms_consent.urls")),
]
