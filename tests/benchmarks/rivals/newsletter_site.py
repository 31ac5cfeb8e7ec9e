"""django-newsletter's subscription, to be confirmed by mail."""

import common
from common import *  # noqa: F403

INSTALLED_APPS = [*common.INSTALLED_APPS, "sorl.thumbnail", "newsletter"]
NEWSLETTER_THUMBNAIL = "sorl-thumbnail"
NEWSLETTER_CONFIRM_EMAIL = NEWSLETTER_USE_HTTPS = True
URLS = "newsletter.urls"
