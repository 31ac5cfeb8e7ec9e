"""Telling programs that fill in forms from people who do, without asking people anything (SEC-4)."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

TRAP = "comments"  # no browser fills this in by itself, and programs fill in everything
MIN_SECONDS = 2.0
PAUSE_MS = 2500  # after so long static/js/site.js lets a form go: nobody with it is asked twice
MAX_AGE = 24 * 3600  # seconds
SALT = "accounts.guard"


class Unseen(forms.CharField):
    """What a browser fills in by itself: nonsense in it is no value, never an error that nobody can mend."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> str:
        """Return the value, or an empty string where there is nothing usable."""
        try:
            return str(super().clean(value))
        except ValidationError:
            return ""


class Guarded(forms.Form):
    """A form with a field that people do not see, and with the signed time at which its page was made.

    The time is nobody's in particular, so pages may be kept, gone back to and sent again for a day. It also says which
    site's page the form stood in (`came_from`, SEC-10). Without limits (RATE_LIMITS) no time is too short or too long.
    """

    opened = Unseen(required=False, max_length=1000)

    def __init__(self, *args: Any, came_from: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._page = _read(self.data.get(self.add_prefix("opened")))
        self.came_from = str(self._page.get("from", came_from))
        self.initial["opened"] = partial(_sealed, self.came_from)  # signed when it is shown
        if settings.RATE_LIMITS:
            self.fields["opened"].widget.attrs["data-pause-ms"] = PAUSE_MS

    def clean(self) -> dict[str, Any]:
        """Ask for a form that was open for too long, or whose page is not ours, once more, and keep what is in it."""
        data = super().clean() or self.cleaned_data
        if settings.RATE_LIMITS and not self._page:
            words = _("This page had been open for too long. Nothing is lost: please send it once more.")
            self.add_error(None, ValidationError(words, code="expired"))
            put_back(self, "opened", _sealed(self.came_from))
        return data

    def _post_clean(self) -> None:
        """Ask for a form with nothing wrong in it that came sooner than people send one once more.

        People can be so quick, with autofill and without site.js, which waits for them: taken for a program in silence,
        they would wait for a mail that never comes. A program learns from it to wait two seconds, and nothing else.
        """
        super()._post_clean()  # type: ignore[misc]  # Django has it, its stubs do not
        if self._is_quick() and not self.errors and not self.is_from_a_bot():
            words = _("That was very quick. Nothing is lost: please press the button once more.")
            self.add_error(None, ValidationError(words, code="quick"))

    def _is_quick(self) -> bool:
        return bool(settings.RATE_LIMITS and time.time() - float(self._page.get("at", 0.0)) < MIN_SECONDS)

    def is_from_a_bot(self) -> bool:
        """Whether the field that nobody sees was filled in: who did that is told nothing (rule 10)."""
        return bool(self.data.get(TRAP))


def opened_now() -> str:
    """Return the signed time at which an app shows its form."""
    return _sealed("")


def put_back(form: forms.Form, name: str, value: str | None) -> None:
    """Have a field come back with this value, or empty, when the form is shown again."""
    data = form.data.copy()  # type: ignore[attr-defined]
    data.pop(form.add_prefix(name), None)
    if value is not None:
        data[form.add_prefix(name)] = value
    form.data = data


def _sealed(came_from: str) -> str:
    return signing.dumps({"at": time.time(), "from": came_from}, salt=SALT)


def _read(sealed: Any) -> dict[str, Any]:
    """Return what a page said about itself; nothing if it is forged, or older than a day."""
    try:
        found = signing.loads(str(sealed or ""), salt=SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        return {}
    return found if isinstance(found, dict) else {}
