"""All settings, from the environment. What each means: README.md, "Configuration"."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import phonenumbers
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from optin_site import logs, sentry
from optin_site.env import Reader
from optin_site.signing_in import *  # noqa: F403 - settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = Reader(BASE_DIR / ".env")

DEBUG = env.debug
SECRET_KEY = env.required("SECRET_KEY", development="for development only, never for a real person's data")
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", development="localhost,127.0.0.1,[::1]")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must be set when DEBUG is off. See .env.example.")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
SITE_URL = env.required("SITE_URL", development="http://127.0.0.1:8000").rstrip("/")
if not re.fullmatch(r"https?://[^/?#\s]+", SITE_URL):
    raise ImproperlyConfigured("SITE_URL must be the site's own address, for example https://optin.example.com.")
ROOT_URLCONF = "optin_site.urls"
WSGI_APPLICATION = "optin_site.wsgi.application"

# --- The brand's own look, in a folder outside this repository: docs/extending.md ----------------------
THEME_DIR = env.folder("THEME_DIR")
_looks = [look for look in (THEME_DIR, BASE_DIR) if look]  # the first that has a file decides

# --- Applications ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "csp",
    "phonenumber_field",
    "post_office",
    "accounts",
    "sms_consent",
]
MIDDLEWARE = [
    "optin_site.requests.named",
    "accounts.api.errors.always_json",
    "optin_site.readable.only_what_can_be_read",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pads at random, and tokens in forms are masked: BREACH learns nothing
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "optin_site.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.second_factor.gate.required",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [look / "templates" for look in _looks],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "optin_site.context.brand",
                "optin_site.languages.choices",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database and cache ---------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.url_config("db", "DATABASE_URL", f"sqlite:///{BASE_DIR / 'data' / 'optin.sqlite3'}")
    # Not in development, where each request has a thread of its own. Opening SQLite is a third of a sign-up.
    | {"CONN_MAX_AGE": 0 if DEBUG else 60, "CONN_HEALTH_CHECKS": True}
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction that reads and then writes never fails with "database is locked" half-way.
    # FULL: WAL with NORMAL can lose the last commits, and with them a consent, at power loss.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    }
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:  # prepared statements, planned once: a third of a sign-up's cost there. The URL may say otherwise, for a pooler.
    # A host that dies without a word is given up within seconds; the system would wait for it a quarter of an hour.
    _silence = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
    _said = {"server_side_binding": "on", "prepare_threshold": 5, "connect_timeout": 5} | _silence
    _said |= DATABASES["default"].get("OPTIONS", {})
    DATABASES["default"]["OPTIONS"] = env.with_flag(_said, "server_side_binding")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": env.url_config("cache", "CACHE_URL", "locmemcache://")}

# --- Mail: queued in the database by django-post-office, sent by `manage.py send_mail` --------------
EMAIL_BACKEND = "post_office.EmailBackend"
_email = env.url_config("email", "EMAIL_URL", env.required("EMAIL_URL", development="smtp://127.0.0.1:8025"))
MAIL_TRANSPORT = _email.pop("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
vars().update(_email)
EMAIL_TIMEOUT = 10
POST_OFFICE = {
    "BACKENDS": {"default": MAIL_TRANSPORT},
    "MAX_RETRIES": 8640,  # with the interval below: three days, then it waits in the admin as failed
    "RETRY_INTERVAL": timedelta(seconds=30),
    "SENDING_ORDER": ["-priority", "id"],
    "LOG_LEVEL": 1,  # why a mail has failed; of each, optin_site.mailing keeps the last reason alone
}

# --- Signing in: what is the same for every site is in optin_site/signing_in.py ---------------------------------
STAFF_MFA = env.flag("STAFF_MFA", default=False)  # no page of the admin without a second factor (docs/desk.md)

# --- Limits: ours (accounts/limits.py), and one of django-allauth's made stricter; its others are as it ships them
# So many in a second (s), minute (m), hour (h) or day (d). Whether an address is known here makes no difference.
LIMITS = {
    "optin_signup": "20/m/ip",
    "optin_phone": "10/m/ip",
    "optin_check": "120/m/ip",
    "optin_resend": "5/m/ip",
    "optin_preferences": "20/m/ip,5/m/user,20/d/user",
    "optin_network": "300/h/key",  # all of these together, from one /24 (IPv4) or /64 (IPv6)
    "optin_mail": "5/d/key",  # mails to one address: nobody's mailbox is flooded from here (EM-7)
    "optin_number": "10/d/key,20/30d/key",  # how often one number may be submitted at whatever door
    "optin_countries": "5/d",  # of how many countries one IP address may submit numbers
    "optin_prompts": "10000/d",  # texts that ask for a yes, all together
    "optin_prompts_abroad": "500/d",  # those to one country, unless it is the first of PHONE_REGIONS
    "request_login_code": "20/m/ip,3/m/key,20/d/key",
}
RATE_LIMITS = env.flag("RATE_LIMITS", default=True)
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = LIMITS if RATE_LIMITS else False

# --- Behind proxies -----------------------------------------------------------------------------------
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", default=0)
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Sites that may show the phone form in a frame; none if empty ---------------------------------------
EMBED_ORIGINS = env.names("EMBED_ORIGINS")
if not all(re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?", origin) for origin in EMBED_ORIGINS):
    raise ImproperlyConfigured("EMBED_ORIGINS must list origins such as https://shop.example.com, without a path.")

# --- Brand: fills the default programs when they are created, and the pages ----------------------------
BRAND_NAME = env.required("BRAND_NAME", development="Example Brand")
BRAND_ADDRESS = env.text("BRAND_ADDRESS", development="1 Example Street, Springfield, IL 62701, USA")
SUPPORT_EMAIL = env.required("SUPPORT_EMAIL", development="support@example.com")
SUPPORT_PHONE = env.text("SUPPORT_PHONE", development="+1 202 555 0199")
SMS_NUMBER = env.text("SMS_NUMBER", development="+12025550100")
TERMS_URL = env.text("TERMS_URL")
PRIVACY_URL = env.text("PRIVACY_URL")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f'"{BRAND_NAME}" <{SUPPORT_EMAIL}>')
SERVER_EMAIL = SUPPORT_EMAIL

# --- Where the brand answers to the law, and where its data lies: receipts say so (ISO/IEC TS 27560) ----------
_codes = ",".join(env.names("PHONE_REGIONS", development="US")[:1])
JURISDICTIONS = [code.upper() for code in env.names("JURISDICTIONS", _codes)]
STORAGE_LOCATIONS = [code.upper() for code in env.names("STORAGE_LOCATIONS", ",".join(JURISDICTIONS))]

# --- Phone numbers: the first region is the default, all of them the allow-list, at every door -----------
_everywhere = ",".join(["US", *sorted(phonenumbers.SUPPORTED_REGIONS - {"US"})])
PHONE_REGIONS = [region.upper() for region in env.names("PHONE_REGIONS", development=_everywhere)]
if not PHONE_REGIONS or set(PHONE_REGIONS) - phonenumbers.SUPPORTED_REGIONS:
    raise ImproperlyConfigured("PHONE_REGIONS must list two-letter countries, for example US,CA.")
PHONENUMBER_DEFAULT_REGION = PHONE_REGIONS[0]
PHONENUMBER_DB_FORMAT = "E164"
PHONENUMBER_DEFAULT_FORMAT = "INTERNATIONAL"

# --- The ledger -------------------------------------------------------------------------------------------
LEDGER_KEY = env.required("LEDGER_KEY", development="development ledger key, thirty-two bytes or more")
if len(LEDGER_KEY.encode()) < 32:
    raise ImproperlyConfigured("LEDGER_KEY must be 32 bytes or longer.")
# What seals are signed with; without it, a key that comes from LEDGER_KEY. Each seal names its public key, and
# verify_ledger takes the one in use and these, in hex, that were in use before.
SEAL_KEY = env.text("SEAL_KEY")
if SEAL_KEY and len(SEAL_KEY.encode()) < 32:
    raise ImproperlyConfigured("SEAL_KEY must be 32 bytes or longer.")
SEAL_FORMER_KEYS = env.names("SEAL_FORMER_KEYS")

# How long proof is kept (docs/compliance.md): of consents from their end, of opt-outs from the last of them.
IP_ADDRESSES = env.one_of("IP_ADDRESSES", "store", "truncate", "off", default="store")  # in the evidence of visitors
EVIDENCE_YEARS = env.number("EVIDENCE_YEARS", default=5)
OPT_OUT_YEARS = env.number("OPT_OUT_YEARS", default=10)
if not (EVIDENCE_YEARS and OPT_OUT_YEARS):
    raise ImproperlyConfigured("EVIDENCE_YEARS and OPT_OUT_YEARS must be 1 or more: proof is kept for a time.")

# --- Braze; with DEBUG on, the sandbox on this machine -------------------------------------------------------
BRAZE_REST_URL = env.required("BRAZE_REST_URL", development="http://127.0.0.1:8001").rstrip("/")
BRAZE_REST_KEY = env.required("BRAZE_REST_KEY", development="sandbox-key")
BRAZE_SMS_SUBSCRIPTION_GROUP_ID = env.text(
    "BRAZE_SMS_SUBSCRIPTION_GROUP_ID", development="5a4d0000-0000-4000-8000-000000000001"
)
BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID = env.text(
    "BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID", development="e4a10000-0000-4000-8000-000000000002"
)
if BRAZE_SMS_SUBSCRIPTION_GROUP_ID and BRAZE_SMS_SUBSCRIPTION_GROUP_ID == BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID:
    raise ImproperlyConfigured("BRAZE_SMS_SUBSCRIPTION_GROUP_ID and BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID are one group.")
BRAZE_WEBHOOK_TOKEN = env.text("BRAZE_WEBHOOK_TOKEN", development="sandbox-hook-token")
TWILIO_AUTH_TOKEN = env.text("TWILIO_AUTH_TOKEN", development="sandbox-twilio-token")
# Who answers texts to a number of ours: the carrier, Braze or Twilio, or else we (REV-13). What a STOP ends: every
# program of the brand, or those of the number that was texted (REV-8).
TEXT_REPLIES = env.flag("TEXT_REPLIES", default=False)
STOP_SCOPE = env.text("STOP_SCOPE", "brand")
if STOP_SCOPE not in ("brand", "number"):
    raise ImproperlyConfigured(f"STOP_SCOPE must be brand or number, not {STOP_SCOPE!r}.")
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL")
CELERY_QUEUES = env.text("CELERY_QUEUES", "optin")
# Side by side, per lane; and how many workers share Braze's limits, each keeping to its part of them.
BRAZE_REQUESTS_IN_FLIGHT = env.number("BRAZE_REQUESTS_IN_FLIGHT", default=24)
BRAZE_WORKERS = env.number("BRAZE_WORKERS", default=1)
if not BRAZE_REQUESTS_IN_FLIGHT or not BRAZE_WORKERS:
    raise ImproperlyConfigured("BRAZE_REQUESTS_IN_FLIGHT and BRAZE_WORKERS must be 1 or more.")
BRAZE_TIMEOUT = 10.0  # seconds to wait for an answer
BRAZE_LEASE = timedelta(seconds=60)  # a killed worker's claims come back after this
BRAZE_RECHECK_AFTER = timedelta(minutes=5)  # Braze's advice between dependent calls (P-limits)

# --- Language and time --------------------------------------------------------------------------------------
# English is always there and what everything else falls back to; LANGUAGES may name fewer of the others.
LANGUAGE_CODE = "en"
_spoken = {"en": "English", "es": "Spanish", "fr": "French", "de": "German", "ar": "Arabic"}
_wanted = {LANGUAGE_CODE, *env.names("LANGUAGES", ",".join(_spoken))}
if _wanted - set(_spoken):
    raise ImproperlyConfigured(f"LANGUAGES must be of {', '.join(_spoken)}; docs/languages.md says how to add one.")
LANGUAGES = [(code, name) for code, name in _spoken.items() if code in _wanted]
FORMAT_MODULE_PATH = ["optin_site.formats"]
LOCALE_PATHS = [BASE_DIR / "optin_site" / "locale"]
LANGUAGE_COOKIE_AGE, LANGUAGE_COOKIE_HTTPONLY = 365 * 24 * 3600, True
USE_TZ, TIME_ZONE = True, "UTC"

# --- Files --------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [look / "static" for look in _looks if (look / "static").is_dir()]
_static = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else _static},
}

# --- Security -----------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from inside, past the proxy
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SESSION_ENGINE = "optin_site.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEBUG
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 0  # no form here takes a file, and files are not counted in the limit above

# --- Seen from outside (docs/operations.md) ------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN")
SENTRY_DSN = env.text("SENTRY_DSN")
if SENTRY_DSN:
    sentry.start(SENTRY_DSN)
LOG_FORMAT = env.one_of("LOG_FORMAT", "json", "text", default="text" if DEBUG else "json")
LOGGING = logs.config(LOG_FORMAT)
