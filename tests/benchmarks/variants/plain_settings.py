"""The site over plain HTTP, which Chromium takes for secure on its own machine; static files made anew."""

import os

from tests.benchmarks.settings import *  # noqa: F403

SECURE_SSL_REDIRECT = False
STATIC_ROOT = os.environ["STATIC_FOR_LIGHTHOUSE"]
