"""The site's own production settings, for people without TLS, and with every wait of the outbox so much shorter."""

import os

from optin_site.settings import *  # noqa: F403
from optin_site.settings import BRAZE_LEASE, BRAZE_RECHECK_AFTER, BRAZE_TIMEOUT, LOGGING, POST_OFFICE, STORAGES
from sms_consent.braze import limits

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False

# What takes minutes takes seconds here, in the same proportions: that is what makes one run worth hours.
HASTE = float(os.environ["CHAOS_HASTE"])
BRAZE_TIMEOUT /= HASTE
BRAZE_LEASE /= HASTE
BRAZE_RECHECK_AFTER /= HASTE
limits.LONGEST_BACKOFF /= HASTE
POST_OFFICE["RETRY_INTERVAL"] /= HASTE
del LOGGING["loggers"]["gunicorn.access"]  # what was served is counted from gunicorn's own file
