"""The rival's own addresses, at the top."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [path("", include(settings.URLS))]
