"""Where people are: our pages, and those of django-allauth that a site without passwords needs."""

from allauth.account import views as allauth_views
from django.urls import include, path

from accounts import patterns, phone_views, preference_views, unsubscribe_views, views

urlpatterns = [
    path("", views.sign_up, name="home"),
    path("accounts/signup/", views.sign_up, name="account_signup"),
    path("welcome/", views.welcome, name="welcome"),
    path("phone/", phone_views.phone, name="phone"),
    path("phone/check/", phone_views.phone_check, name="phone_check"),
    path("phone/sent/", phone_views.phone_sent, name="phone_sent"),
    path("embed/phone/", phone_views.embedded_phone, name="embedded_phone"),
    path("embed/phone/sent/", phone_views.embedded_phone_sent, name="embedded_phone_sent"),
    path("confirm/<str:token>/", views.confirm, name="confirm"),
    path("preferences/", preference_views.preferences_page, name="preferences"),
    path("preferences/email/", preference_views.email_page, name="preferences_email"),
    path("unsubscribe/<str:token>/", unsubscribe_views.unsubscribe, name="unsubscribe"),
    path("patterns/", patterns.patterns, name="patterns"),  # 404 unless DEBUG is on
    # Password URLs are not mounted: nobody has one, and nobody can get one.
    path("accounts/login/", allauth_views.request_login_code, name="account_login"),
    path("accounts/login/code/", allauth_views.request_login_code, name="account_request_login_code"),
    path("accounts/login/code/confirm/", allauth_views.confirm_login_code, name="account_confirm_login_code"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("accounts/confirm-email/", allauth_views.email_verification_sent, name="account_email_verification_sent"),
    path("accounts/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("accounts/second-factor/", include("accounts.second_factor.urls")),
]
