"""Where codes are typed in. django-allauth checks them; here is how they are asked for."""

from __future__ import annotations

from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from django import forms

LONGEST_CODE = 20  # six or eight digits, however they are grouped


def _code(label: str) -> forms.CharField:
    hints = {"autocomplete": "one-time-code", "inputmode": "numeric", "enterkeyhint": "done"}
    return forms.CharField(label=label, max_length=LONGEST_CODE, widget=forms.TextInput(attrs=hints))


class AuthenticateForm(base.AuthenticateForm):
    """The second step of a sign-in."""

    code = _code("Code from your app, or a recovery code")


class ReauthenticateForm(base.ReauthenticateForm):
    """The same, of somebody who is signed in."""

    code = _code("Code from your app, or a recovery code")


class SetUpForm(totp.ActivateTOTPForm):
    """The first code shows that the app has the secret."""

    code = _code("Code that your app shows")
