"""Pages of the site that are about consent rather than about a person."""

from django.urls import path

from sms_consent import views

urlpatterns = [
    path("text/", views.text, name="text"),
    path("text/qr/<int:pk>.svg", views.keyword_qr, name="keyword_qr"),
    path("text/<str:word>/", views.keyword, name="keyword"),
    path("receipts/<str:token>.json", views.receipt_json, name="receipt_json"),
    path("receipts/<str:token>/", views.receipt, name="receipt"),
    path("terms/", views.terms, name="terms"),
    path("privacy/", views.privacy, name="privacy"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.figures, name="metrics"),
]
