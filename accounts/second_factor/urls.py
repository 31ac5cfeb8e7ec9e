"""Where the pages about the second factor are, under the names by which django-allauth leads from one to the other."""

from django.urls import path

from accounts.second_factor import views

urlpatterns = [
    path("", views.overview, name="mfa_index"),
    path("sign-in/", views.second_step, name="mfa_authenticate"),
    path("check/", views.check_again, name="mfa_reauthenticate"),
    path("set-up/", views.set_up, name="mfa_activate_totp"),
    path("remove/", views.remove, name="mfa_deactivate_totp"),
    path("codes/", views.codes, name="mfa_view_recovery_codes"),
    path("codes/new/", views.new_codes, name="mfa_generate_recovery_codes"),
    path("codes/download/", views.download_codes, name="mfa_download_recovery_codes"),
]
