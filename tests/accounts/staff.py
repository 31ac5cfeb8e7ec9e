"""Staff and their phones: signing in, and the app that shows codes."""

from __future__ import annotations

import html
import re
import time
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.management import call_command

from tests.people import Visit, Visitor, hidden_fields

PAT = "pat@example.com"
PAGES = "/accounts/second-factor/"
SET_UP, CHECK, STEP = f"{PAGES}set-up/", f"{PAGES}check/", f"{PAGES}sign-in/"
REMOVE, CODES = f"{PAGES}remove/", f"{PAGES}codes/"
NEW_CODES, DOWNLOAD = f"{CODES}new/", f"{CODES}download/"


class Clock:
    """Stands still until it is moved: no code expires while a test runs."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._now = time.time()
        patch.setattr(time, "time", lambda: self._now)

    def move(self, seconds: float) -> None:
        """Let time pass; a code is good for 30 seconds."""
        self._now += seconds


class Phone:
    """An authenticator app that has scanned a page."""

    def __init__(self, page: str) -> None:
        found = re.search(r'<code class="secret">([A-Z2-7]+)</code>', page)
        assert found, page
        self.secret = found[1]

    def code(self) -> str:
        """Return the code that it shows now."""
        (counter,) = yield_hotp_counters_from_time()
        return format_hotp_value(hotp_value(self.secret, counter))

    def wrong_code(self) -> str:
        """Return a code that it does not show."""
        return format_hotp_value((int(self.code()) + 1) % 10**6)


def hire(visit: Visit, email: str = PAT, role: str | None = None) -> Visitor:
    """Return a colleague who has just signed in by a mailed code."""
    call_command("create_admin", email, verbosity=0, **({"role": role} if role else {}))
    colleague = visit()
    colleague.sign_in(email)
    return colleague


def set_up(colleague: Visitor, path: str = SET_UP) -> tuple[Phone, Any]:
    """Set a second factor up; return the phone and the page that comes after."""
    shown = colleague.client.get(path).content.decode()
    phone = Phone(shown)
    return phone, colleague.client.post(SET_UP, _kept(shown) | {"code": phone.code()}, follow=True)


def _kept(page: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in hidden_fields(page).items()}


def recovery_codes(page: Any) -> list[str]:
    """Return the recovery codes on a page."""
    return re.findall(r"<li>(\d{8})</li>", page.content.decode())


def is_in(colleague: Visitor) -> bool:
    """Return whether the browser gets to the admin."""
    return bool(colleague.client.get("/admin/").status_code == 200)
