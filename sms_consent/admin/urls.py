"""Pages of the admin that belong to no model."""

from django.contrib import admin
from django.urls import path

from sms_consent.admin.desk import desk

urlpatterns = [path("", admin.site.admin_view(desk), name="desk")]
