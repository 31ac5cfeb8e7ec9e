"""django-allauth's own sign-up: an address, to be verified by mail."""

import common
from common import *  # noqa: F403

INSTALLED_APPS = [*common.INSTALLED_APPS, "allauth", "allauth.account"]
MIDDLEWARE = [*common.MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_RATE_LIMITS = False
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
URLS = "allauth.urls"
