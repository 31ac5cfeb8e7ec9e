"""A rival's site, by DJANGO_SETTINGS_MODULE: gunicorn serves it, `python wsgi.py` makes its database ready."""

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    if apps.is_installed("newsletter"):
        newsletters = apps.get_model("newsletter", "Newsletter").objects
        news = newsletters.create(title="News", slug="news", email="news@example.com", sender="Example Brand")
        news.site.add(settings.SITE_ID)
