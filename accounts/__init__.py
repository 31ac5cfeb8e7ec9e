"""Who a person is: our own sign-up, django-allauth's sign-in."""
