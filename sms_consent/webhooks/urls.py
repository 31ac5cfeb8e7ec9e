"""Where machines knock."""

from django.urls import path

from sms_consent.webhooks import views

urlpatterns = [
    path("braze/currents/", views.braze_currents, name="braze_currents"),
    path("braze/events/", views.braze_events, name="braze_events"),
    path("twilio/sms/", views.twilio_sms, name="twilio_sms"),
]
