"""What gunicorn reads by itself: it logs as the rest of the site does. Its command line still decides the rest."""

from optin_site.settings import LOGGING

logconfig_dict = LOGGING
