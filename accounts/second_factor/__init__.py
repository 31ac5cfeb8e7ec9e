"""The second factor of staff: django-allauth's authenticator app and recovery codes, as this site has them."""
