"""The site's own production settings; only its static files need not have been collected."""

from optin_site.settings import *  # noqa: F403
from optin_site.settings import STORAGES

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
