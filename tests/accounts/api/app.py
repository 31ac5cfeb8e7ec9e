"""An app on somebody's phone, as it talks to the site: JSON and a token, no cookies."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.people import Visitor


class App:
    """What an app keeps is the newest token."""

    def __init__(self, **environ: str) -> None:
        self.client = Client(**environ)
        self.token = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request; `path` begins behind /api."""
        if self.token:
            headers.setdefault("x-session-token", self.token)
        sent = {} if body is None else {"data": body, "content_type": "application/json"}
        answer = getattr(self.client, method.lower())(f"/api{path}", headers=headers, **sent)
        self.token = _token(answer) or self.token
        return answer

    def open(self, **headers: str) -> Any:
        """Return what the screen shows."""
        return self.call("GET", "/v1/offers", **headers).json()

    def sign_up(self, email: str, phone: str = "", /, *boxes: str, **changes: Any) -> Any:
        """Open the screen, fill it in and send it; `boxes` are the programs that are ticked."""
        seen = self.open()
        shown = {offer["program"]: offer["disclosure"] for offer in seen["sign_up"]}
        body = {
            "email": email,
            "phone": phone,
            "opened": seen["opened"],
            "programs": {box: shown[box] for box in boxes},
        }
        return self.call("POST", "/v1/sign-ups", body | changes)

    def ask(self, phone: str, /, **changes: Any) -> Any:
        """Open the phone form, fill it in and press its button."""
        seen = self.open()
        offer = seen["phone"][0]
        body = {
            "phone": phone,
            "opened": seen["opened"],
            "program": offer["program"],
            "disclosure": offer["disclosure"],
        }
        return self.call("POST", "/v1/phone-requests", body | changes)

    def sign_in(self, email: str, visitor: Visitor) -> None:
        """Sign in with the code that the visitor finds in their mailbox."""
        self.call("POST", "/auth/code/request", {"email": email})
        assert self.call("POST", "/auth/code/confirm", {"code": visitor.code(email)}).status_code == 200

    def preferences(self) -> Any:
        """Return what the person gets."""
        return self.call("GET", "/v1/preferences").json()


def _token(answer: Any) -> str:
    told = answer.json() if answer.content else {}
    return str(told.get("meta", {}).get("session_token", ""))


def wrong(answer: Any) -> set[tuple[str, str]]:
    """Return which fields are to blame, each with the code of what is wrong."""
    return {(error.get("param", ""), error["code"]) for error in answer.json()["errors"]}
