"""The fixed words of the ledger and of the outbox."""

from __future__ import annotations

from django.db import models


class Channel(models.TextChoices):
    """How a program reaches people."""

    SMS = "sms", "Text messages"
    EMAIL = "email", "Email"


class Door(models.TextChoices):
    """What words stand beside: each way in needs words of its own."""

    FORM = "form", "A box on a form"
    PHONE_FORM = "phone_form", "The button of the phone form"
    KEYWORD = "keyword", "A keyword"
    IMPORT = "import", "Another system: kept as imported, never offered"


class Meaning(models.TextChoices):
    """What a word that is texted does."""

    OPT_IN = "opt_in", "Opts in"
    OPT_OUT = "opt_out", "Opts out"
    HELP = "help", "Asks for help"


class Act(models.TextChoices):
    """What somebody did. One act is one consent record."""

    REQUESTED = "requested", "Asked to join"
    GRANTED = "granted", "Agreed"
    CONFIRMED = "confirmed", "Confirmed"
    WITHDRAWN = "withdrawn", "Opted out"
    EXPIRED = "expired", "Request lapsed"
    INVALIDATED = "invalidated", "Said it was not them"


class Source(models.TextChoices):
    """Where the act was done."""

    SIGN_UP = "sign_up", "Sign-up"
    PHONE_FORM = "phone_form", "Phone form"
    KEYWORD = "keyword", "Text message"
    PREFERENCE_PAGE = "preference_page", "Preference page"
    ONE_CLICK = "one_click", "Unsubscribe link"
    ADMIN = "admin", "Staff"
    BRAZE = "braze", "Braze"
    IMPORT = "import", "Import"
    API = "api", "App"


class State(models.TextChoices):
    """Where an address stands on a program."""

    NONE = "none", "No consent"
    PENDING = "pending", "Waiting for confirmation"
    SUBSCRIBED = "subscribed", "Subscribed"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"


STANDING = (State.PENDING, State.SUBSCRIBED)  # on a program, or waiting for it: there is something to leave


class Told(models.TextChoices):
    """What Braze last accepted for a subscription. UNKNOWN differs from everything."""

    NOTHING = "", "Nothing yet"
    SUBSCRIBED = "subscribed", "Subscribed"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    ASKED = "asked", "Asked for double opt-in"
    UNKNOWN = "unknown", "Unknown"
