"""The site's own settings, made fit for tests: nothing here changes what is tested."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("PHONE_REGIONS", "US,AU,GB")

from optin_site.settings import *  # noqa: F403
from optin_site.settings import DATABASES

DEBUG = False
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True  # no collectstatic before a test
RATE_LIMITS = False
ACCOUNT_RATE_LIMITS = False
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file: threads and processes of a test share it as they would in production. Gone when the tests end.
    _folder = tempfile.TemporaryDirectory(prefix="optin-tests-")
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_folder.name) / "test.sqlite3")}
