"""The site's own settings, made fit for tests: nothing here changes what is tested."""

import os
import tempfile
from pathlib import Path

# Whatever a developer has in .env, or a server in its environment, tests neither depend on it nor call it.
os.environ |= {"ENV_FILE": os.devnull, "DEBUG": "true", "PHONE_REGIONS": "US,AU,GB"}
os.environ |= {"BRAZE_REST_URL": "http://127.0.0.1:9", "BRAZE_REST_KEY": "sandbox-key"}
for _name in ("BRAND_NAME", "BRAND_ADDRESS", "SUPPORT_EMAIL", "SMS_NUMBER", "TERMS_URL", "PRIVACY_URL", "LANGUAGES"):
    os.environ.pop(_name, None)

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
    # No commit waits for the disk: what is lost with the power would be gone anyway. The processes that tests start
    # have the site's own settings and do wait.
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous = OFF;"
else:
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
