"""Where the API is: mounted under /api/."""

from accounts.api.site import api

app_name = "api"
urlpatterns = api.urls[0]
