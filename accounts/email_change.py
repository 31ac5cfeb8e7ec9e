"""A new email address: pending until the browser that asked for it types in the code from its mailbox.

A link in the mail would not do: whoever pressed it would make their address that of a stranger who is signed in.
"""

from __future__ import annotations

import enum
import time

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import mails, services
from accounts.models import User
from optin_site import mailing
from sms_consent.ledger import Circumstances

SESSION_KEY = "email_change"
CODE_SECONDS = 15 * 60
MOST_TRIES = 3


class Outcome(enum.Enum):
    """What came of a code."""

    CHANGED = "changed"
    WRONG = "wrong"
    OVER = "over"
    TAKEN = "taken"


def start(request: HttpRequest, email: str, *, send_mail: bool) -> None:
    """Mail a code to an address. The same for every address, whoever has it (rule 10)."""
    code = get_adapter().generate_login_code()
    request.session[SESSION_KEY] = {
        "email": email,
        "proof": _proof(code),
        "until": time.time() + CODE_SECONDS,
        "tries": 0,
    }
    if send_mail:
        mailing.queue(mails.code(email=email, code=code))


def pending(request: HttpRequest) -> str:
    """Return the address that waits for its code, or an empty string."""
    waiting = request.session.get(SESSION_KEY)
    return str(waiting["email"]) if waiting and waiting["until"] > time.time() else ""


def forget(request: HttpRequest) -> None:
    """Drop what is pending; its code is good for nothing any more."""
    request.session.pop(SESSION_KEY, None)


def finish(request: HttpRequest, person: User, code: str, *, circumstances: Circumstances) -> Outcome:
    """Change the address if the code is right. That the address is somebody's is told to who reads its mail only."""
    email = pending(request)
    if not email:
        return Outcome.OVER
    waiting = request.session[SESSION_KEY]
    if not constant_time_compare(_proof(code), waiting["proof"]):
        request.session[SESSION_KEY] = waiting | {"tries": waiting["tries"] + 1}
        return Outcome.WRONG if waiting["tries"] + 1 < MOST_TRIES else _over(request)
    forget(request)
    changed = services.change_address(person, email, circumstances=circumstances)
    return Outcome.CHANGED if changed else Outcome.TAKEN


def _over(request: HttpRequest) -> Outcome:
    forget(request)
    return Outcome.OVER


def _proof(code: str) -> str:
    """Return what is kept of a code: a database that leaks proves nobody's mailbox (SEC-9)."""
    typed = "".join(character for character in code.upper() if character.isalnum())
    return salted_hmac("accounts.email_change", typed, algorithm="sha256").hexdigest()
